//! Setting off (充当, R-96): what came beyond a debt settles a claim in arrears of the same obligor instead of going back.
//!
//! A set-off is a refund whose money goes to another case: one officer proposes it, which takes up its headroom under the same
//! constraint as any refund, and another approves it. Then one transaction over both cases books the money out of the one and into
//! the other, where the claim is paid on the day on which both debts could be set off ([`fit_on`]). A claim is settled whole, in the
//! order of the ordinance where charges stand beside it, and never while anybody is paying it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::arrears_refusal::ArrearsRefusal;
use super::cases;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::payment_standing::{self, Source};
use super::refund_money::{self, PaidMoney};
use super::refund_opening::NewRefund;
use super::refund_refusal::RefundRefusal;
use super::{
    Ctx, Effect, Failure, Refusal, arrears, charge, counter, payment, refund, refund_interest,
    refund_opening, remittance,
};
use crate::domain::arrears::is_in_arrears;
use crate::domain::calendar::jst_day;
use crate::domain::id::{ApplicationId, InvoiceId, PaymentId, RefundId, TenantCode};
use crate::domain::invoice::Remittance;
use crate::domain::money::Yen;
use crate::domain::payment::{LegalRole, Payment};
use crate::domain::policy::Action;
use crate::domain::refund::{
    ChosenRoute, PlannedPart, RefundGround, RefundPart, RefundRoute, RouteReason, SET_OFF, fit_on,
    too_much_of,
};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payments;
use crate::store::refunds::{self, RefundRow};
use crate::store::set_offs::{self, SetOff, SetOffPaymentRow, SetOffRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Root, StoreError, Tx, jobs};

/// The job that tells the obligor of a set-off; its subject is the application's id and the refund's.
pub const NOTIFY_SET_OFF: &str = "notify_set_off";

/// What an officer proposes.
#[derive(Clone, Copy, Debug)]
pub struct ProposeSetOff {
    /// The claim that is to be settled.
    pub claim: InvoiceId,
    /// Whose money; the payment that brought too much by default.
    pub payment: Option<PaymentId>,
    /// What the caller saw to be left of all payments of the invoice, in yen.
    pub refund_amount_available: i64,
}

/// A set-off with its refund, which says how much and where it stands.
#[derive(Clone, Debug)]
pub struct SetOffOfInvoice {
    /// The refund.
    pub refund: RefundRow,
    /// The claim, and the payment that settled it.
    pub set_off: SetOff,
}

/// The set-offs that an invoice gives money to, or takes from; both cases show them.
pub async fn of_invoice(
    ctx: Ctx,
    tenant: TenantCode,
    id: InvoiceId,
) -> Result<Vec<SetOffOfInvoice>, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        let invoice = invoices::find(tx, &tenant, id)?.ok_or(Refusal::NotFound)?;
        cases::open(tx, &ctx, &tenant, invoice.application_id, Action::ReadMoney)?;
        let mut found = Vec::new();
        for refund in refunds::of_invoice(tx, &tenant, id)? {
            if let Some(set_off) = set_offs::find(tx, &tenant, refund.id)? {
                found.push(SetOffOfInvoice { refund, set_off });
            }
        }
        for set_off in set_offs::of_invoice(tx, &tenant, id)? {
            let refund = refunds::find(tx, &tenant, set_off.0.refund_id)?;
            let refund = refund.ok_or_else(|| broken(set_off.0.refund_id))?;
            found.push(SetOffOfInvoice { refund, set_off });
        }
        Ok(found)
    })
    .await
}

fn broken(id: RefundId) -> StoreError {
    StoreError::Inconsistent(format!("set-off {id} without its refund, its payment or its claim"))
}

/// Proposes to settle a claim with what came beyond another debt; another officer approves it as any refund.
pub async fn propose(
    ctx: Ctx,
    request: IdempotencyRequest,
    invoice: InvoiceId,
    wanted: ProposeSetOff,
) -> Result<Effect<SetOffOfInvoice>, Failure> {
    let root = payment::application_of(&ctx, &request.tenant, invoice).await?;
    let db = ctx.core.db.clone();
    db.write(Root::Application(root), move |tx| {
        let put = |tx: &mut Tx<'_>, now| put(tx, &ctx, (&request.tenant, invoice), wanted, now);
        once(tx, &request, "set_off", put, |tx, made| {
            let id = made.parse().map_err(|_| Failure::Internal("a set-off's id".to_owned()))?;
            let refund = refunds::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
            cases::open(tx, &ctx, &request.tenant, refund.application_id, Action::ReadMoney)?;
            let set_off = set_offs::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
            Ok(SetOffOfInvoice { refund, set_off })
        })
    })
    .await
}

fn put(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    (tenant, id): (&TenantCode, InvoiceId),
    wanted: ProposeSetOff,
    now: Timestamp,
) -> Result<Made<SetOffOfInvoice>, Failure> {
    let invoice = invoices::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut case = cases::open(tx, ctx, tenant, invoice.application_id, Action::Refund)?;
    let officer = refund::officer(&case)?;
    let claim = invoices::find(tx, tenant, wanted.claim)?.ok_or(Refusal::NotFound)?;
    cases::open(tx, ctx, tenant, claim.application_id, Action::Refund)?;
    let paid = refund_money::of_invoice(tx, &invoice)?;
    let available = refund_money::available(&paid)?.amount();
    if available != wanted.refund_amount_available {
        return Err(RefundRefusal::AmountChanged { available }.into());
    }
    let money = refund::chosen(&paid, RefundGround::Overpaid, wanted.payment)?;
    refuse_other_obligor(&invoice, &claim)?;
    due_on(tx, ctx, &claim)?;
    charge::refuse_out_of_order(tx, &ctx.catalogue, &claim, &[])?;
    refuse_not_in_hand(tx, money)?;
    let amount = claim.owed();
    refuse_less(money, amount)?;

    // From here on everything changes rows; every refusal stands above.
    let planned = [PlannedPart { part: RefundPart::Overpaid, amount }];
    let chosen = ChosenRoute { route: RefundRoute::SetOff, reason: RouteReason::Asked };
    let ground = RefundGround::Overpaid;
    let new = NewRefund { invoice: &invoice, money, planned: &planned, ground, chosen, amount, by: officer };
    let row = refund_opening::open(tx, &mut case, &new, now)?;
    let set_off = SetOffRow {
        tenant_id: tenant.clone(),
        refund_id: row.id,
        application_id: claim.application_id,
        invoice_id: claim.id,
        proposed_at: Micros(now),
    };
    set_offs::insert(tx, &set_off)?;
    case.save(tx)?;
    let value = SetOffOfInvoice { refund: row, set_off: (set_off, None) };
    Ok(Made { resource_id: value.refund.id.to_string(), value })
}

/// Only debts of one obligor are set off; of whoever has no account it is not known that they are the same.
fn refuse_other_obligor(invoice: &InvoiceRow, claim: &InvoiceRow) -> Result<(), Failure> {
    let same = invoice.obligor_account_id.is_some() && invoice.obligor_account_id == claim.obligor_account_id;
    if same { Ok(()) } else { Err(RefundRefusal::OtherObligor.into()) }
}

/// What an agent was entrusted with is the body's once it was sent in time, or taken all the same.
fn refuse_not_in_hand(tx: &mut impl Reads, money: &PaidMoney) -> Result<(), Failure> {
    if money.payment.payment()?.legal_role != LegalRole::DesignatedAgent {
        return Ok(());
    }
    let sent = remittance::of_attempts(tx, std::slice::from_ref(&money.payment))?;
    match sent.get(&money.payment.id) {
        Some(Remittance::InTime | Remittance::Accepted { .. }) => Ok(()),
        Some(Remittance::Late | Remittance::Awaited) | None => Err(RefundRefusal::NotInHand.into()),
    }
}

/// The claim is settled whole. Money of an amount that was never asked for goes as a whole too, as in a refund.
fn refuse_less(money: &PaidMoney, amount: Yen) -> Result<(), Failure> {
    let whole = money.available(RefundPart::Whole);
    let beyond = money.available(RefundPart::Overpaid).min(whole);
    let fits = money.payment.payment()?.state.is_captured() || amount == whole;
    if amount <= beyond && fits {
        return Ok(());
    }
    Err(RefundRefusal::LessThanClaim { available: beyond.amount() }.into())
}

/// The last day on which paying the claim was in time; refused unless it is in arrears now, and not extinct by limitation.
fn due_on(tx: &mut impl Reads, ctx: &Ctx, claim: &InvoiceRow) -> Result<Date, Failure> {
    let today = jst_day(tx.now());
    let body = ctx.catalogue.tenant(&claim.tenant_id);
    let due_on = claim.due_on.zip(body).map(|(due_on, body)| body.calendar.roll(due_on.0));
    let due_on = due_on.ok_or(ArrearsRefusal::NotInArrears)?;
    let attempts = arrears::attempts(tx, claim)?;
    if !is_in_arrears(claim.invoice_state()?, claim.owed(), due_on, today, &attempts) {
        return Err(ArrearsRefusal::NotInArrears.into());
    }
    let limitation =
        arrears::read(tx, &ctx.catalogue, claim)?.and_then(|found| found.limitation.extinct_after);
    if limitation.is_some_and(|last| last < today) {
        return Err(ArrearsRefusal::Extinct.into());
    }
    Ok(due_on)
}

/// What the approval of a set-off settles.
#[derive(Clone, Debug)]
pub(super) struct Settled {
    claim: InvoiceId,
    application: ApplicationId,
    fit_on: Date,
}

impl Settled {
    /// The day on which both debts could be set off.
    pub(super) fn fit_on(&self) -> Date {
        self.fit_on
    }
}

/// Judges what the approval of a refund settles; none of one that goes back. What was proposed must still be owed, late and
/// paid by nobody. The caller holds the roots of both cases.
pub(super) fn judge(tx: &mut impl Reads, ctx: &Ctx, row: &RefundRow) -> Result<Option<Settled>, Failure> {
    let Some((set_off, _)) = set_offs::find(tx, &row.tenant_id, row.id)? else { return Ok(None) };
    let tenant = &row.tenant_id;
    let claim = invoices::find(tx, tenant, set_off.invoice_id)?.ok_or_else(|| broken(row.id))?;
    let case = cases::open(tx, ctx, tenant, claim.application_id, Action::Refund)?;
    let due_on = due_on(tx, ctx, &claim)?;
    payment::refuse_not_owed(&case, &claim)?;
    charge::refuse_out_of_order(tx, &ctx.catalogue, &claim, &[])?;
    let owed = claim.owed();
    if owed != row.amount {
        return Err(ArrearsRefusal::AmountChanged { owed: owed.amount() }.into());
    }
    let from = payments::find(tx, tenant, row.payment_id)?.ok_or_else(|| broken(row.id))?;
    let paid_on = from.captured_on.map_or(due_on, |day| day.0);
    let causes = refund_interest::overpaid_causes(tx, &from, paid_on)?;
    let before = refund_interest::overpaid_before(tx, row)?;
    let parts = too_much_of(&causes, before, row.amount);
    let parts = parts.map_err(|error| Failure::Internal(error.to_string()))?;
    let arose_on = parts.iter().map(|part| part.arose_on).max().unwrap_or(paid_on);
    let fit_on = fit_on(arose_on, due_on);
    Ok(Some(Settled { claim: claim.id, application: claim.application_id, fit_on }))
}

/// Settles the claim with the money that has just left the other case, and tells the obligor; the other case is stored.
pub(super) fn settle(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    row: &RefundRow,
    settled: Settled,
    now: Timestamp,
) -> Result<(), Failure> {
    let (tenant, Settled { claim, application, fit_on }) = (&row.tenant_id, settled);
    let mut case = cases::open(tx, ctx, tenant, application, Action::Refund)?;
    let invoice = invoices::find(tx, tenant, claim)?.ok_or_else(|| broken(row.id))?;
    let mut paid = counter::open_direct(tx, &invoice, (SET_OFF, SET_OFF), fit_on, now)?;
    let made = SetOffPaymentRow {
        tenant_id: tenant.clone(),
        refund_id: row.id,
        payment_id: paid.id,
        fit_on: IsoDate(fit_on),
        recorded_at: Micros(now),
    };
    set_offs::insert_payment(tx, &made)?;
    let facts = json!({ "refund": row.id.to_string(), "invoice": claim.to_string(),
        "payment": paid.id.to_string(), "amount": row.amount.amount(), "fit_on": fit_on.to_string() });
    case.record(tx, "claim_set_off", facts, None)?;
    let received = |payment: &Payment| payment.received_whole(SET_OFF);
    payment_standing::apply(tx, &ctx.core, &mut case.row, &mut paid, received, Source::SetOff)?;
    let invoice = invoices::find(tx, tenant, claim)?.ok_or_else(|| broken(row.id))?;
    charge::assess_at_counter(tx, ctx, &mut case, &invoice, now)?;
    for told in BTreeSet::from([row.application_id, application]) {
        let subject = format!("{told}:{}", row.id);
        jobs::enqueue(tx, tenant.as_str(), NOTIFY_SET_OFF, &subject, now)?;
    }
    Ok(())
}
