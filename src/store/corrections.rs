//! Corrections (補正の求め) of applications and inquiries (照会) about notifications.

use diesel::prelude::*;

use super::schema::corrections;
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, CorrectionId, OfficerId, TenantCode};

/// A correction or an inquiry as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = corrections, treat_none_as_default_value = false)]
pub struct CorrectionRow {
    /// The body in charge.
    pub tenant_id: TenantCode,
    /// The request.
    pub id: CorrectionId,
    /// The case.
    pub application_id: ApplicationId,
    /// `correction` or `inquiry`.
    pub kind: String,
    /// `open`, `answered` or `closed`.
    pub state: String,
    /// What is asked, item by item, sealed with the case's key.
    pub sealed_items: Vec<u8>,
    /// The day an answer is asked for; missing it ends nothing by itself.
    pub due_on: IsoDate,
    /// Who asked.
    pub requested_by: OfficerId,
    /// When.
    pub requested_at: Micros,
    /// When it was answered.
    pub answered_at: Option<Micros>,
}

/// The place that the sealed items are bound to.
pub fn items_place(id: CorrectionId) -> String {
    format!("corrections.sealed_items:{id}")
}

/// Stores a new request.
pub fn insert(tx: &mut Tx<'_>, row: &CorrectionRow) -> Result<(), StoreError> {
    diesel::insert_into(corrections::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One request.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: CorrectionId,
) -> Result<Option<CorrectionRow>, StoreError> {
    Ok(corrections::table
        .filter(corrections::tenant_id.eq(tenant))
        .filter(corrections::id.eq(id))
        .select(CorrectionRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// All requests of a case, oldest first.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Vec<CorrectionRow>, StoreError> {
    Ok(corrections::table
        .filter(corrections::tenant_id.eq(tenant))
        .filter(corrections::application_id.eq(application))
        .order((corrections::requested_at, corrections::id))
        .select(CorrectionRow::as_select())
        .load(tx.read())?)
}

/// Marks an open request as answered now.
pub fn mark_answered(tx: &mut Tx<'_>, tenant: &TenantCode, id: CorrectionId) -> Result<(), StoreError> {
    let now = Micros(tx.now());
    let open = corrections::table
        .filter(corrections::tenant_id.eq(tenant))
        .filter(corrections::id.eq(id))
        .filter(corrections::state.eq("open"));
    let changed = diesel::update(open)
        .set((corrections::state.eq("answered"), corrections::answered_at.eq(Some(now))))
        .execute(tx.change())?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Inconsistent(format!("corrections.state of {id}"))) }
}
