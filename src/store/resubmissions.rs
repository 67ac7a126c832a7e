//! Answers to corrections (再提出) and what each of them changed. Append-only.

use diesel::prelude::*;

use super::schema::casework::resubmissions;
use super::schema::form_revisions;
use super::sql::{IsoDate, Json, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, AttachmentId, CorrectionId, TenantCode};

/// An answer as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = resubmissions, treat_none_as_default_value = false)]
pub struct ResubmissionRow {
    /// The body in charge.
    pub tenant_id: TenantCode,
    /// The request that was answered.
    pub correction_id: CorrectionId,
    /// The case.
    pub application_id: ApplicationId,
    /// The version of the answers before.
    pub revision_before: i64,
    /// The version of the answers from then on.
    pub revision_after: i64,
    /// The documents that were present from then on.
    pub attachments_after: Json<Vec<AttachmentId>>,
    /// Code of the department in charge before.
    pub department_before: String,
    /// Code of the department in charge from then on.
    pub department_after: String,
    /// End of the standard processing period before.
    pub due_on_before: Option<IsoDate>,
    /// End of the standard processing period from then on.
    pub due_on_after: Option<IsoDate>,
    /// What the answers before cost, in yen; nothing where no fee was known.
    pub fee_before: Option<i64>,
    /// What the corrected answers cost, in yen.
    pub fee_after: Option<i64>,
    /// When it came.
    pub answered_at: Micros,
}

/// Stores an answer; a second one of the same request is refused by the key.
pub fn insert(tx: &mut Tx<'_>, row: &ResubmissionRow) -> Result<(), StoreError> {
    diesel::insert_into(resubmissions::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The answers of a case, oldest first.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Vec<ResubmissionRow>, StoreError> {
    Ok(resubmissions::table
        .filter(resubmissions::tenant_id.eq(tenant))
        .filter(resubmissions::application_id.eq(application))
        .order(resubmissions::revision_after)
        .select(ResubmissionRow::as_select())
        .load(tx.read())?)
}

/// Answers of a case that a resubmission replaced.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = form_revisions)]
pub struct ReplacedForm {
    /// Which version, from 1.
    pub revision: i64,
    /// The answers, sealed with the case's key.
    pub sealed_form: Vec<u8>,
    /// When others took their place.
    pub replaced_at: Micros,
}

/// Every version of the answers of a case but the present one, oldest first.
pub fn replaced_forms(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Vec<ReplacedForm>, StoreError> {
    Ok(form_revisions::table
        .filter(form_revisions::tenant_id.eq(tenant))
        .filter(form_revisions::application_id.eq(application))
        .order(form_revisions::revision)
        .select(ReplacedForm::as_select())
        .load(tx.read())?)
}
