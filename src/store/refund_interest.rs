//! What interest on refunds rests on: that the payee was told, that the payee asked, how it was computed. Append-only.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::schema::refunds::{refund_claims, refund_interest_terms, refund_notices};
use super::sql::{IsoDate, Json, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{OfficerId, PaymentId, RefundId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::refund::{InterestSpan, OverpaymentCause};

/// That a payee was told, as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = refund_notices)]
pub struct RefundNoticeRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The refund.
    pub refund_id: RefundId,
    /// The day of the notice, in Japan.
    pub noticed_on: IsoDate,
    /// Who told.
    pub noticed_by: OfficerId,
    /// When it was recorded.
    pub recorded_at: Micros,
}

/// That a payee asked for the money, as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = refund_claims, treat_none_as_default_value = false)]
pub struct RefundClaimRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The refund.
    pub refund_id: RefundId,
    /// The day on which the payee asked, in Japan.
    pub claimed_on: IsoDate,
    /// The officer who entered it; none where the payee did.
    pub entered_by: Option<OfficerId>,
    /// When it was recorded.
    pub recorded_at: Micros,
}

/// A part of what goes back, with the interest on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterestPart {
    /// Why it is too much.
    pub cause: OverpaymentCause,
    /// How much of what goes back it is.
    pub amount: Yen,
    /// What bears interest of it.
    pub base: Yen,
    /// Rate by rate.
    pub spans: Vec<InterestSpan>,
    /// The interest on it.
    pub interest: Yen,
}

/// How interest came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterestExplanation {
    /// The law or ordinance.
    pub basis: String,
    /// Where the body's terms were taken from.
    pub source: String,
    /// The terms had not been confirmed by the body.
    pub sample: bool,
    /// Part by part.
    pub parts: Vec<InterestPart>,
}

/// How interest was computed, as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = refund_interest_terms)]
pub struct InterestTermsRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The refund.
    pub refund_id: RefundId,
    /// The payment that goes back.
    pub payment_id: PaymentId,
    /// The day up to which it was computed.
    pub counted_to: IsoDate,
    /// What accrued.
    pub accrued: Yen,
    /// What of it refunds of the payment that came to nothing had brought already.
    pub already_paid: Yen,
    /// 歳出科目.
    pub expense_account: String,
    /// How it came about.
    pub explanation: Json<InterestExplanation>,
    /// When it was fixed.
    pub recorded_at: Micros,
}

/// Stores that a payee was told; a second notice is refused by the key.
pub fn insert_notice(tx: &mut Tx<'_>, row: &RefundNoticeRow) -> Result<(), StoreError> {
    diesel::insert_into(refund_notices::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The notice of a refund.
pub fn notice(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: RefundId,
) -> Result<Option<RefundNoticeRow>, StoreError> {
    Ok(refund_notices::table
        .filter(refund_notices::tenant_id.eq(tenant))
        .filter(refund_notices::refund_id.eq(id))
        .select(RefundNoticeRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// Stores that a payee asked for the money; a second asking is refused by the key.
pub fn insert_claim(tx: &mut Tx<'_>, row: &RefundClaimRow) -> Result<(), StoreError> {
    diesel::insert_into(refund_claims::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The asking for the money of a refund.
pub fn claim(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: RefundId,
) -> Result<Option<RefundClaimRow>, StoreError> {
    Ok(refund_claims::table
        .filter(refund_claims::tenant_id.eq(tenant))
        .filter(refund_claims::refund_id.eq(id))
        .select(RefundClaimRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// Stores how interest was computed; a second time is refused by the key.
pub fn insert_terms(tx: &mut Tx<'_>, row: &InterestTermsRow) -> Result<(), StoreError> {
    diesel::insert_into(refund_interest_terms::table).values(row).execute(tx.change())?;
    Ok(())
}

/// How the interest of a refund was computed; none before its approval and where nothing bears interest.
pub fn terms(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: RefundId,
) -> Result<Option<InterestTermsRow>, StoreError> {
    Ok(refund_interest_terms::table
        .filter(refund_interest_terms::tenant_id.eq(tenant))
        .filter(refund_interest_terms::refund_id.eq(id))
        .select(InterestTermsRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// How the interest of all refunds of a payment was computed.
pub fn terms_of_payment(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: PaymentId,
) -> Result<Vec<InterestTermsRow>, StoreError> {
    Ok(refund_interest_terms::table
        .filter(refund_interest_terms::tenant_id.eq(tenant))
        .filter(refund_interest_terms::payment_id.eq(id))
        .order(refund_interest_terms::refund_id)
        .select(InterestTermsRow::as_select())
        .load(tx.read())?)
}
