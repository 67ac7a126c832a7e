//! Waivers that were got by a false statement: one fact a waiver, never rewritten.

use diesel::prelude::*;

use super::schema::waivers::false_claims;
use super::sql::{Json, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, FalseClaimId, InvoiceId, OfficerId, TenantCode, WaiverId};
use crate::domain::money::Yen;
use crate::domain::waiver::{FalseClaimTerms, PinnedFile};

/// A fact as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = false_claims)]
pub struct FalseClaimRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The fact.
    pub id: FalseClaimId,
    /// The case.
    pub application_id: ApplicationId,
    /// The waiver that was got by it.
    pub waiver_id: WaiverId,
    /// What was not collected because of it.
    pub invoice_id: InvoiceId,
    /// How much was evaded.
    pub evaded: Yen,
    /// The most that may be imposed.
    pub ceiling: Yen,
    /// The ordinance, as it was on the day of the grant.
    pub terms: Json<FalseClaimTerms>,
    /// What was found, sealed with the case's key.
    pub sealed_statement: Vec<u8>,
    /// The files that were handed in with the request, and those that prove it, as they were.
    pub evidence: Json<Vec<PinnedFile>>,
    /// The officer who recorded it.
    pub recorded_by: OfficerId,
    /// When.
    pub recorded_at: Micros,
}

/// The place that a sealed finding is bound to.
pub fn statement_place(id: FalseClaimId) -> String {
    format!("false_claims.sealed_statement:{id}")
}

/// Stores a fact; a second one of the same waiver is refused by the database.
pub fn insert(tx: &mut Tx<'_>, row: &FalseClaimRow) -> Result<(), StoreError> {
    diesel::insert_into(false_claims::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The fact about a waiver.
pub fn of_waiver(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: WaiverId,
) -> Result<Option<FalseClaimRow>, StoreError> {
    Ok(false_claims::table
        .filter(false_claims::tenant_id.eq(tenant))
        .filter(false_claims::waiver_id.eq(id))
        .select(FalseClaimRow::as_select())
        .first(tx.read())
        .optional()?)
}
