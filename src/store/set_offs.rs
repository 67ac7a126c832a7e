//! Set-offs (充当, R-96): which claim the money of a refund settles, and by which payment it did. Append-only.

use diesel::prelude::*;

use super::schema::payments;
use super::schema::refunds::{set_off_payments, set_offs};
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, InvoiceId, PaymentId, RefundId, TenantCode};
use crate::domain::refund::SetOffExtent;

/// A set-off as stored; how much, by whom and where it stands is in its refund.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = set_offs)]
pub struct SetOffRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The refund whose money it is.
    pub refund_id: RefundId,
    /// The case of the claim that it settles.
    pub application_id: ApplicationId,
    /// That claim.
    pub invoice_id: InvoiceId,
    /// When it was proposed.
    pub proposed_at: Micros,
    /// `whole` or `part`.
    pub extent: String,
}

impl SetOffRow {
    /// How much of the claim is settled.
    pub fn set_off_extent(&self) -> Result<SetOffExtent, StoreError> {
        SetOffExtent::parse(&self.extent)
            .ok_or_else(|| StoreError::Inconsistent(format!("set_offs.extent of {}", self.refund_id)))
    }
}

/// The payment by which a set-off settled its claim, as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = set_off_payments)]
pub struct SetOffPaymentRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The refund whose money it is.
    pub refund_id: RefundId,
    /// The payment of the claim.
    pub payment_id: PaymentId,
    /// 充当適状日: the day on which the claim counts as paid.
    pub fit_on: IsoDate,
    /// When it was recorded.
    pub recorded_at: Micros,
}

/// A set-off with the payment that it made, once it was approved.
pub type SetOff = (SetOffRow, Option<SetOffPaymentRow>);

/// Stores a proposal.
pub fn insert(tx: &mut Tx<'_>, row: &SetOffRow) -> Result<(), StoreError> {
    diesel::insert_into(set_offs::table).values(row).execute(tx.change())?;
    Ok(())
}

/// Stores the payment that a set-off made; a second one is refused by the key.
pub fn insert_payment(tx: &mut Tx<'_>, row: &SetOffPaymentRow) -> Result<(), StoreError> {
    diesel::insert_into(set_off_payments::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The set-off that a refund is; none of a refund that goes back.
pub fn find(tx: &mut impl Reads, tenant: &TenantCode, id: RefundId) -> Result<Option<SetOff>, StoreError> {
    let row = set_offs::table
        .filter(set_offs::tenant_id.eq(tenant))
        .filter(set_offs::refund_id.eq(id))
        .select(SetOffRow::as_select())
        .first(tx.read())
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let payment = payment_of(tx, tenant, id)?;
    Ok(Some((row, payment)))
}

/// The set-offs that settle a claim, or are proposed to, oldest first.
pub fn of_invoice(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: InvoiceId,
) -> Result<Vec<SetOff>, StoreError> {
    let rows: Vec<SetOffRow> = set_offs::table
        .filter(set_offs::tenant_id.eq(tenant))
        .filter(set_offs::invoice_id.eq(id))
        .order((set_offs::proposed_at, set_offs::refund_id))
        .select(SetOffRow::as_select())
        .load(tx.read())?;
    rows.into_iter().map(|row| Ok((row.clone(), payment_of(tx, tenant, row.refund_id)?))).collect()
}

/// What set-offs divided off the claims of a case: each claim with the part that became an invoice of its own.
pub fn divided_of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Vec<(InvoiceId, InvoiceId)>, StoreError> {
    let divided: Vec<(RefundId, InvoiceId)> = set_offs::table
        .filter(set_offs::tenant_id.eq(tenant))
        .filter(set_offs::application_id.eq(id))
        .filter(set_offs::extent.eq(SetOffExtent::Part.as_str()))
        .select((set_offs::refund_id, set_offs::invoice_id))
        .load(tx.read())?;
    let mut found = Vec::new();
    for (refund, claim) in divided {
        let Some(made) = payment_of(tx, tenant, refund)? else { continue };
        let part: InvoiceId = payments::table
            .filter(payments::tenant_id.eq(tenant))
            .filter(payments::id.eq(made.payment_id))
            .select(payments::invoice_id)
            .first(tx.read())?;
        found.push((claim, part));
    }
    Ok(found)
}

/// The invoices that set-offs divided off the claims of a case.
pub fn parts_of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Vec<InvoiceId>, StoreError> {
    Ok(divided_of_case(tx, tenant, id)?.into_iter().map(|(_, part)| part).collect())
}

fn payment_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: RefundId,
) -> Result<Option<SetOffPaymentRow>, StoreError> {
    Ok(set_off_payments::table
        .filter(set_off_payments::tenant_id.eq(tenant))
        .filter(set_off_payments::refund_id.eq(id))
        .select(SetOffPaymentRow::as_select())
        .first(tx.read())
        .optional()?)
}
