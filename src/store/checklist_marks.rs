//! Marks of the items of a review's checklist. Append-only; the last one of an item counts.

use diesel::prelude::*;

use super::schema::casework::checklist_marks;
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::checklist::CheckResult;
use crate::domain::id::{ApplicationId, OfficerId, TenantCode};

/// A mark as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = checklist_marks, treat_none_as_default_value = false)]
pub struct ChecklistMarkRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The case.
    pub application_id: ApplicationId,
    /// 1, 2, 3 … within the case.
    pub mark_no: i64,
    /// The key of the item.
    pub item: String,
    /// What was found.
    pub result: String,
    /// What was said of it, sealed with the case's key.
    pub sealed_comment: Option<Vec<u8>>,
    /// The version of the answers that was looked at.
    pub form_revision: i64,
    /// Who marked it.
    pub officer_id: OfficerId,
    /// When.
    pub marked_at: Micros,
}

impl ChecklistMarkRow {
    /// What was found.
    pub fn check_result(&self) -> Result<CheckResult, StoreError> {
        CheckResult::parse(&self.result).ok_or_else(|| {
            StoreError::Inconsistent(format!("checklist_marks.result of {}", self.application_id))
        })
    }
}

/// The place that the sealed comment is bound to.
pub fn comment_place(application: ApplicationId, mark_no: i64) -> String {
    format!("checklist_marks.sealed_comment:{application}:{mark_no}")
}

/// Stores a mark.
pub fn insert(tx: &mut Tx<'_>, row: &ChecklistMarkRow) -> Result<(), StoreError> {
    diesel::insert_into(checklist_marks::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The marks of a case, in the order they were set.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Vec<ChecklistMarkRow>, StoreError> {
    Ok(checklist_marks::table
        .filter(checklist_marks::tenant_id.eq(tenant))
        .filter(checklist_marks::application_id.eq(application))
        .order(checklist_marks::mark_no)
        .select(ChecklistMarkRow::as_select())
        .load(tx.read())?)
}
