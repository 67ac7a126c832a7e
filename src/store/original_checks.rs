//! What was seen of originals and of persons apart from the system. Append-only; the last one of a part counts.

use diesel::prelude::*;

use super::schema::casework::original_checks;
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, AttachmentId, OfficerId, TenantCode};
use crate::domain::originals::{OriginalPart, OriginalResult, SeenPart};

/// A record as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = original_checks, treat_none_as_default_value = false)]
pub struct OriginalCheckRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The case.
    pub application_id: ApplicationId,
    /// 1, 2, 3 … within the case.
    pub check_no: i64,
    /// `document` or `identity`.
    pub part: String,
    /// Which document of the procedure.
    pub code: Option<String>,
    /// The file that the original was held against.
    pub attachment_id: Option<AttachmentId>,
    /// `in_person` or `by_post`.
    pub way: String,
    /// By what the person was known.
    pub identity_check: Option<String>,
    /// `agrees` or `differs`.
    pub result: String,
    /// The day.
    pub seen_on: IsoDate,
    /// What is said of it, sealed with the case's key.
    pub sealed_note: Option<Vec<u8>>,
    /// Who saw it.
    pub officer_id: OfficerId,
    /// When that was recorded.
    pub recorded_at: Micros,
}

impl OriginalCheckRow {
    /// The record as far as rules read it.
    pub fn seen(&self) -> Result<SeenPart, StoreError> {
        let broken = || StoreError::Inconsistent(format!("original_checks of {}", self.application_id));
        let part = match (self.part.as_str(), &self.code) {
            ("document", Some(code)) => OriginalPart::Document(code.clone()),
            ("identity", None) => OriginalPart::Identity,
            _ => return Err(broken()),
        };
        let result = OriginalResult::parse(&self.result).ok_or_else(broken)?;
        Ok(SeenPart { part, attachment: self.attachment_id, result })
    }
}

/// The place that the sealed note is bound to.
pub fn note_place(application: ApplicationId, check_no: i64) -> String {
    format!("original_checks.sealed_note:{application}:{check_no}")
}

/// Stores a record.
pub fn insert(tx: &mut Tx<'_>, row: &OriginalCheckRow) -> Result<(), StoreError> {
    diesel::insert_into(original_checks::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The records of a case, in their order.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Vec<OriginalCheckRow>, StoreError> {
    Ok(original_checks::table
        .filter(original_checks::tenant_id.eq(tenant))
        .filter(original_checks::application_id.eq(application))
        .order(original_checks::check_no)
        .select(OriginalCheckRow::as_select())
        .load(tx.read())?)
}
