//! Why decisions take longer than the standard period (遅延理由, R-19). Append-only.

use diesel::prelude::*;

use super::schema::casework::delay_reasons;
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, DelayReasonId, OfficerId, TenantCode};

/// A reason as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = delay_reasons)]
pub struct DelayReasonRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The record.
    pub id: DelayReasonId,
    /// The case.
    pub application_id: ApplicationId,
    /// Why, in words for the applicant, sealed with the case's key.
    pub sealed_reason: Vec<u8>,
    /// The end of the period when it was recorded.
    pub due_on: IsoDate,
    /// By when the decision is expected now.
    pub expected_on: IsoDate,
    /// Who recorded it.
    pub recorded_by: OfficerId,
    /// When.
    pub recorded_at: Micros,
}

/// The place that the sealed reason is bound to.
pub fn reason_place(id: DelayReasonId) -> String {
    format!("delay_reasons.sealed_reason:{id}")
}

/// Stores a reason.
pub fn insert(tx: &mut Tx<'_>, row: &DelayReasonRow) -> Result<(), StoreError> {
    diesel::insert_into(delay_reasons::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The reasons of a case, oldest first.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Vec<DelayReasonRow>, StoreError> {
    Ok(delay_reasons::table
        .filter(delay_reasons::tenant_id.eq(tenant))
        .filter(delay_reasons::application_id.eq(application))
        .order((delay_reasons::recorded_at, delay_reasons::id))
        .select(DelayReasonRow::as_select())
        .load(tx.read())?)
}
