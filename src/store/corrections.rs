//! Corrections (補正の求め) of applications and inquiries (照会) about notifications.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use jiff::Timestamp;
use jiff::civil::Date;

use super::schema::corrections;
use super::sql::{IsoDate, Json, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, AttachmentId, CorrectionId, OfficerId, TenantCode};

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
    /// The documents that were present when it was asked; unknown for what was asked before they were kept.
    pub attachments_before: Option<Json<Vec<AttachmentId>>>,
    /// When the office ended it without an answer.
    pub ended_at: Option<Micros>,
    /// Who did.
    pub ended_by: Option<OfficerId>,
    /// Why, sealed with the case's key.
    pub sealed_end_reason: Option<Vec<u8>>,
}

/// The place that the sealed items are bound to.
pub fn items_place(id: CorrectionId) -> String {
    format!("corrections.sealed_items:{id}")
}

/// The place that the sealed reason of an end is bound to.
pub fn end_reason_place(id: CorrectionId) -> String {
    format!("corrections.sealed_end_reason:{id}")
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

/// An open request of which no task was made yet; the state word for word as its index has it.
const UNNOTICED: &str = "corrections.state = 'open' AND NOT EXISTS (SELECT 1 FROM case_tasks WHERE case_tasks.tenant_id = corrections.tenant_id \
    AND case_tasks.kind = 'correction_missed' AND case_tasks.subject_id = corrections.id)";

/// The open requests of a body whose day is over on `today` and of which no task was made, by their ids, after `after`.
pub fn missed(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    today: Date,
    after: Option<CorrectionId>,
    limit: i64,
) -> Result<Vec<CorrectionRow>, StoreError> {
    let mut query = corrections::table
        .filter(corrections::tenant_id.eq(tenant))
        .filter(corrections::due_on.lt(IsoDate(today)))
        .filter(sql::<Bool>(UNNOTICED))
        .order(corrections::id)
        .limit(limit)
        .select(CorrectionRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(corrections::id.gt(after));
    }
    Ok(query.load(tx.read())?)
}

/// Closes what is still asked of a case that has ended: nobody waits for it any more.
pub fn close_open(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<(), StoreError> {
    let open = corrections::table
        .filter(corrections::tenant_id.eq(tenant))
        .filter(corrections::application_id.eq(application))
        .filter(corrections::state.eq("open"));
    diesel::update(open).set(corrections::state.eq("closed")).execute(tx.change())?;
    Ok(())
}

/// Marks an open request as answered at that instant.
pub fn mark_answered(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    id: CorrectionId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let open = corrections::table
        .filter(corrections::tenant_id.eq(tenant))
        .filter(corrections::id.eq(id))
        .filter(corrections::state.eq("open"));
    let changed = diesel::update(open)
        .set((corrections::state.eq("answered"), corrections::answered_at.eq(Some(Micros(at)))))
        .execute(tx.change())?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Inconsistent(format!("corrections.state of {id}"))) }
}

/// Stores the end of an open request by the office.
pub fn mark_ended(tx: &mut Tx<'_>, row: &CorrectionRow) -> Result<(), StoreError> {
    let open = corrections::table
        .filter(corrections::tenant_id.eq(&row.tenant_id))
        .filter(corrections::id.eq(row.id))
        .filter(corrections::state.eq("open"));
    let changed = diesel::update(open)
        .set((
            corrections::state.eq(&row.state),
            corrections::ended_at.eq(row.ended_at),
            corrections::ended_by.eq(row.ended_by),
            corrections::sealed_end_reason.eq(&row.sealed_end_reason),
        ))
        .execute(tx.change())?;
    if changed == 1 {
        Ok(())
    } else {
        Err(StoreError::Inconsistent(format!("corrections.state of {}", row.id)))
    }
}
