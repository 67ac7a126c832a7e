//! A request for a refund becomes a row: its headroom is taken up, and it is on the record of the case.

use jiff::Timestamp;
use serde_json::json;

use super::Failure;
use super::cases::OpenCase;
use super::refund_money::PaidMoney;
use crate::domain::id::{OfficerId, RefundId};
use crate::domain::money::Yen;
use crate::domain::refund::{ChosenRoute, PlannedPart, RefundGround, RefundPart, RefundState};
use crate::store::Tx;
use crate::store::invoices::InvoiceRow;
use crate::store::refunds::{self, RefundRow, StoredPart};
use crate::store::sql::{Json, Micros};

/// What somebody may ask for; every refusal was judged before.
pub(super) struct NewRefund<'a> {
    /// The invoice that was paid.
    pub invoice: &'a InvoiceRow,
    /// The payment that goes back.
    pub money: &'a PaidMoney,
    /// Which parts of it.
    pub planned: &'a [PlannedPart],
    /// Why.
    pub ground: RefundGround,
    /// By which way, and why.
    pub chosen: ChosenRoute,
    /// How much, in all.
    pub amount: Yen,
    /// Who asks.
    pub by: OfficerId,
}

/// Stores the request; the caller stores the case. The database refuses what exceeds the headroom.
pub(super) fn open(
    tx: &mut Tx<'_>,
    case: &mut OpenCase,
    new: &NewRefund<'_>,
    now: Timestamp,
) -> Result<RefundRow, Failure> {
    let NewRefund { invoice, money, planned, ground, chosen, amount, by } = *new;
    let tenant = &invoice.tenant_id;
    let whole = PlannedPart { part: RefundPart::Whole, amount };
    for part in std::iter::once(&whole).chain(planned) {
        refunds::reserve(tx, tenant, money.payment.id, part, money.ceiling(part.part))?;
    }
    let stored = planned.iter().map(|part| StoredPart { part: part.part.to_string(), amount: part.amount });
    let row = RefundRow {
        tenant_id: tenant.clone(),
        id: RefundId(tx.new_id()),
        application_id: case.row.id,
        invoice_id: invoice.id,
        payment_id: money.payment.id,
        ground: ground.as_str().to_owned(),
        route: chosen.route.as_str().to_owned(),
        route_reason: Some(chosen.reason.as_str().to_owned()),
        state: RefundState::Requested.as_str().to_owned(),
        amount,
        parts: Json(stored.collect()),
        requested_by: by,
        decided_by: None,
        decided_at: None,
        operation_id: None,
        gateway_refund_id: None,
        failure_code: None,
        sealed_payee: None,
        payout_id: None,
        poll_count: 0,
        version: 1,
        created_at: Micros(now),
        updated_at: Micros(now),
        interest: None,
        interest_state: None,
        interest_payout_id: None,
    };
    refunds::insert(tx, &row)?;
    let facts = json!({ "refund": row.id.to_string(), "invoice": invoice.id.to_string(), "ground": row.ground,
        "payment": row.payment_id.to_string(), "amount": amount.amount(), "route": row.route,
        "route_reason": row.route_reason });
    case.record(tx, "refund_requested", facts, None)?;
    Ok(row)
}
