//! Revoked waivers (減免の取消し, R-65): which claim was assessed anew because of it, and which ones again after a refund that had ended it
//! came to nothing. One a waiver, never rewritten.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::schema::waivers::{revived_claims, waiver_revocations};
use super::sql::{Json, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::disposition::Instruction;
use crate::domain::id::{ApplicationId, FalseClaimId, InvoiceId, ProposalId, TenantCode, WaiverId};
use crate::domain::money::Yen;
use crate::domain::waiver::{LineReduction, PinnedFile};

/// A revocation as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = waiver_revocations, treat_none_as_default_value = false)]
pub struct WaiverRevocationRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The waiver that was revoked.
    pub waiver_id: WaiverId,
    /// The case.
    pub application_id: ApplicationId,
    /// The invoice that the waiver was of; it stays as it is.
    pub invoice_id: InvoiceId,
    /// The claim that was assessed anew.
    pub claim_id: InvoiceId,
    /// What was sealed.
    pub proposal_id: ProposalId,
    /// What was recorded about the false statement, where it was.
    pub false_claim_id: Option<FalseClaimId>,
    /// Why it could be revoked, by its code.
    pub ground: String,
    /// How much was assessed anew.
    pub amount: Yen,
    /// Of which lines of the invoice.
    pub lines: Json<Vec<LineReduction>>,
    /// The files that prove it, as they were.
    pub evidence: Json<Vec<PinnedFile>>,
    /// Why, sealed with the case's key.
    pub sealed_reasons: Vec<u8>,
    /// 教示, as it was on the day.
    pub instruction: Json<Instruction>,
    /// When the last seal was set.
    pub revoked_at: Micros,
}

/// A claim that was assessed again, as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = revived_claims)]
pub struct RevivedClaimRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The claim.
    pub claim_id: InvoiceId,
    /// The claim that a refund had ended.
    pub replaces_id: InvoiceId,
    /// The revoked waiver.
    pub waiver_id: WaiverId,
    /// The case.
    pub application_id: ApplicationId,
    /// How much.
    pub amount: Yen,
    /// When.
    pub assessed_at: Micros,
}

/// The place that sealed reasons are bound to.
pub fn reasons_place(id: WaiverId) -> String {
    format!("waiver_revocations.sealed_reasons:{id}")
}

/// Stores a revocation; a second one of the same waiver is refused by the key.
pub fn insert(tx: &mut Tx<'_>, row: &WaiverRevocationRow) -> Result<(), StoreError> {
    diesel::insert_into(waiver_revocations::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The revocation of a waiver.
pub fn of_waiver(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: WaiverId,
) -> Result<Option<WaiverRevocationRow>, StoreError> {
    Ok(waiver_revocations::table
        .filter(waiver_revocations::tenant_id.eq(tenant))
        .filter(waiver_revocations::waiver_id.eq(id))
        .select(WaiverRevocationRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The revocations of an invoice's waivers, oldest first.
pub fn of_invoice(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    invoice: InvoiceId,
) -> Result<Vec<WaiverRevocationRow>, StoreError> {
    Ok(waiver_revocations::table
        .filter(waiver_revocations::tenant_id.eq(tenant))
        .filter(waiver_revocations::invoice_id.eq(invoice))
        .order((waiver_revocations::revoked_at, waiver_revocations::waiver_id))
        .select(WaiverRevocationRow::as_select())
        .load(tx.read())?)
}

/// The revocations of a case's waivers, oldest first.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Vec<WaiverRevocationRow>, StoreError> {
    Ok(waiver_revocations::table
        .filter(waiver_revocations::tenant_id.eq(tenant))
        .filter(waiver_revocations::application_id.eq(id))
        .order((waiver_revocations::revoked_at, waiver_revocations::waiver_id))
        .select(WaiverRevocationRow::as_select())
        .load(tx.read())?)
}

/// Stores a claim that was assessed again; a second one instead of the same claim is refused by a constraint.
pub fn insert_revived(tx: &mut Tx<'_>, row: &RevivedClaimRow) -> Result<(), StoreError> {
    diesel::insert_into(revived_claims::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The claims of a case that were assessed again.
pub fn revived_of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Vec<RevivedClaimRow>, StoreError> {
    Ok(revived_claims::table
        .filter(revived_claims::tenant_id.eq(tenant))
        .filter(revived_claims::application_id.eq(id))
        .order((revived_claims::assessed_at, revived_claims::claim_id))
        .select(RevivedClaimRow::as_select())
        .load(tx.read())?)
}

/// The claims of a case that revocations assessed, with those assessed again: they are no new price of what was applied for.
pub fn claims_of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<BTreeSet<InvoiceId>, StoreError> {
    let claims: Vec<InvoiceId> = waiver_revocations::table
        .filter(waiver_revocations::tenant_id.eq(tenant))
        .filter(waiver_revocations::application_id.eq(id))
        .select(waiver_revocations::claim_id)
        .load(tx.read())?;
    let mut claims: BTreeSet<InvoiceId> = claims.into_iter().collect();
    // Most cases have none at all.
    if !claims.is_empty() {
        claims.extend(revived_of_case(tx, tenant, id)?.into_iter().map(|row| row.claim_id));
    }
    Ok(claims)
}
