//! What a gateway sent back without a refund of ours: somebody did it at the gateway's own desk.
//!
//! The payment's counters follow the gateway's word at once, and the invoice with them; the books follow when two accountants have
//! agreed that it was a refund (resolution `book_return` of a `status_mismatch`). It is then a refund like any other: asked for by
//! the first, decided by the second, taking up its headroom, paid through the gateway. Too much goes first, then the lines in order.

use jiff::Timestamp;
use serde_json::json;

use super::cases::{self, OpenCase};
use super::exceptions::{self, Subject};
use super::reconciliation_refusal::ReconciliationRefusal;
use super::refund_money::{self, PaidMoney};
use super::refund_opening::{self, NewRefund};
use super::{Ctx, Failure, refund_standing};
use crate::domain::audit::EventActor;
use crate::domain::id::{OfficerId, PaymentId, TenantCode};
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::payment::RefundStatus;
use crate::domain::reconciliation::RETURNED_OUTSIDE;
use crate::domain::refund::{
    ChosenRoute, PlannedPart, RefundCommand, RefundEvidence, RefundGround, RefundPart, RefundRoute,
    RouteReason,
};
use crate::domain::settlement::ExceptionKind;
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payments::{self, PaymentRow};
use crate::store::sql::Micros;
use crate::store::{Reads, StoreError, Tx};

/// The two accountants who agreed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agreed {
    /// Who proposed it.
    pub proposed_by: OfficerId,
    /// Who agreed.
    pub agreed_by: OfficerId,
}

/// Puts it before the accountants, anew when more went back; `total` is all that the gateway sent back of the payment.
pub(super) fn raise(tx: &mut Tx<'_>, payment: &PaymentRow, total: Yen) -> Result<(), Failure> {
    let facts = json!({ "payment": payment.id.to_string(), "invoice": payment.invoice_id.to_string(),
        "gateway": payment.gateway, "refunded": total.amount() });
    let subject = Subject::Other(RETURNED_OUTSIDE, payment.id.to_string());
    exceptions::raise(tx, &payment.tenant_id, ExceptionKind::StatusMismatch, &subject, facts)?;
    Ok(())
}

/// The payments of which money went back without a refund of ours: the one, or shares of an act of several invoices, to which what
/// went back of the whole was given. Refused where nothing did.
pub(super) fn judge(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: PaymentId,
) -> Result<Vec<PaymentId>, Failure> {
    let payment = payments::find(tx, tenant, id)?.ok_or(ReconciliationRefusal::PaymentNotFound)?;
    let mut found = Vec::new();
    for share in payments::shares(tx, &payment)? {
        if refund_money::sent_outside(tx, &share)? > Yen::ZERO {
            found.push(share.id);
        }
    }
    if found.is_empty() { Err(ReconciliationRefusal::NothingReturnedOutside.into()) } else { Ok(found) }
}

/// Books it, of each share what was given to it. The caller holds the roots of the cases of all shares.
pub(super) fn book(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: PaymentId,
    agreed: Agreed,
) -> Result<(), Failure> {
    for share in judge(tx, tenant, id)? {
        book_share(tx, ctx, tenant, share, agreed)?;
    }
    Ok(())
}

fn book_share(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: PaymentId,
    agreed: Agreed,
) -> Result<(), Failure> {
    let mut payment = payments::find(tx, tenant, id)?.ok_or(ReconciliationRefusal::PaymentNotFound)?;
    let outside = refund_money::sent_outside(tx, &payment)?;
    let now = Reads::now(tx);
    let mut case = cases::open_for_system(tx, &ctx.core, tenant, payment.application_id)?;
    let invoice = invoices::find(tx, tenant, payment.invoice_id)?;
    let invoice = invoice.ok_or_else(|| StoreError::Inconsistent(format!("no invoice of payment {id}")))?;
    // It is counted by the steps of its refund from here on.
    refund_standing::uncount(tx, &mut payment, outside)?;
    for (ground, planned) in parts(&money_of(tx, &invoice, id)?, outside)? {
        refund(tx, ctx, (&mut case, &invoice), id, (ground, &planned), agreed, now)?;
    }
    case.save(tx)
}

fn money_of(tx: &mut impl Reads, invoice: &InvoiceRow, id: PaymentId) -> Result<PaidMoney, Failure> {
    let found = refund_money::of_invoice(tx, invoice)?.into_iter().find(|money| money.payment.id == id);
    Ok(found.ok_or(ReconciliationRefusal::PaymentNotFound)?)
}

/// What of each part went back, by ground: what came beyond the debt, and then the lines. Refused where that is taken up already.
fn parts(money: &PaidMoney, outside: Yen) -> Result<Vec<(RefundGround, Vec<PlannedPart>)>, Failure> {
    let (mut left, mut beyond, mut lines) = (outside, Vec::new(), Vec::new());
    let in_order = std::iter::once(RefundPart::Overpaid)
        .chain(money.headroom.keys().copied().filter(|part| matches!(part, RefundPart::Line(_))));
    for part in in_order {
        let amount = money.available(part).min(left);
        if amount > Yen::ZERO {
            left = left.minus(amount).map_err(|error: YenOutOfRange| Failure::Internal(error.to_string()))?;
            let of = if part == RefundPart::Overpaid { &mut beyond } else { &mut lines };
            of.push(PlannedPart { part, amount });
        }
    }
    if left > Yen::ZERO || money.available(RefundPart::Whole) < outside {
        return Err(ReconciliationRefusal::NothingReturnedOutside.into());
    }
    let both = [(RefundGround::Overpaid, beyond), (RefundGround::AssessmentError, lines)];
    Ok(both.into_iter().filter(|(_, planned)| !planned.is_empty()).collect())
}

fn refund(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    (case, invoice): (&mut OpenCase, &InvoiceRow),
    id: PaymentId,
    (ground, planned): (RefundGround, &[PlannedPart]),
    agreed: Agreed,
    now: Timestamp,
) -> Result<(), Failure> {
    let amount = Yen::sum(planned.iter().map(|part| part.amount));
    let amount = amount.map_err(|error| Failure::Internal(error.to_string()))?;
    let money = money_of(tx, invoice, id)?;
    let chosen = ChosenRoute { route: RefundRoute::Gateway, reason: RouteReason::Method };
    let new = NewRefund { invoice, money: &money, planned, ground, chosen, amount, by: agreed.proposed_by };
    let mut row = refund_opening::open(tx, case, &new, now)?;
    row.decided_by = Some(agreed.agreed_by);
    row.decided_at = Some(Micros(now));
    let officer = EventActor { kind: "officer", id: agreed.agreed_by.to_string() };
    let gateway = EventActor { kind: "gateway", id: money.payment.gateway.clone() };
    let steps = [
        (RefundCommand::Approve { by: agreed.agreed_by }, officer),
        (RefundCommand::Hear(RefundEvidence::Seen(RefundStatus::Succeeded)), gateway),
    ];
    for (command, actor) in steps {
        refund_standing::step(tx, &ctx.core, &mut case.row, &mut row, command, actor)?;
    }
    Ok(())
}
