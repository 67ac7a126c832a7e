//! Setting off (充当, R-96): what came beyond a debt settles a claim in arrears of the same obligor instead of going back.
//!
//! A set-off is a refund whose money goes to another case: one officer proposes it, which takes up its headroom under the same
//! constraint as any refund, and another approves it. Then one transaction over both cases books the money out of the one and into
//! the other, where the claim is paid on the day on which both debts could be set off ([`fit_on`]). A claim is settled whole, or a named
//! part of it, which is divided off first and then settled whole; what is left of the money goes back by a refund of its own. It is
//! settled in the order of the ordinance where charges stand beside it, and never while anybody is paying it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::arrears_refusal::ArrearsRefusal;
use super::cases::{self, OpenCase};
use super::claim_part::{self, Notice, Part};
use super::counter_terminal::Taker;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::payment_standing::{self, Source};
use super::reassessment::{self, Lifted, LoweredBy};
use super::refund_money::{self, PaidMoney};
use super::refund_opening::NewRefund;
use super::refund_refusal::RefundRefusal;
use super::{
    Ctx, Effect, Failure, Refusal, arrears, charge, counter, payment, refund, refund_interest,
    refund_opening, remittance,
};
use crate::domain::arrears::{ChargeKind, is_in_arrears};
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, InvoiceId, PaymentId, RefundId, TenantCode};
use crate::domain::invoice::Remittance;
use crate::domain::money::Yen;
use crate::domain::payment::{LegalRole, Payment};
use crate::domain::policy::Action;
use crate::domain::refund::{
    ChosenRoute, PlannedPart, RefundGround, RefundPart, RefundRoute, RouteReason, SET_OFF, SetOffExtent,
    fit_on, part_of, too_much_of,
};
use crate::store::demands::{self, DemandRow};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payments;
use crate::store::refunds::{self, RefundRow};
use crate::store::set_offs::{self, SetOff, SetOffPaymentRow, SetOffRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Root, StoreError, Tx, charges, jobs, reassessments};

/// The job that tells the obligor of a set-off; its subject is the application's id and the refund's.
pub const NOTIFY_SET_OFF: &str = "notify_set_off";

/// What an officer proposes.
#[derive(Clone, Copy, Debug)]
pub struct ProposeSetOff {
    /// The claim that is to be settled.
    pub claim: InvoiceId,
    /// Whose money; the payment that brought too much by default.
    pub payment: Option<PaymentId>,
    /// How much of the claim, in yen; all that is owed of it by default.
    pub amount: Option<i64>,
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
    let (amount, extent) = extent_of(&claim, wanted.amount)?;
    refuse_indivisible(tx, &claim, extent)?;
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
        extent: extent.as_str().to_owned(),
    };
    set_offs::insert(tx, &set_off)?;
    case.save(tx)?;
    let value = SetOffOfInvoice { refund: row, set_off: (set_off, None) };
    Ok(Made { resource_id: value.refund.id.to_string(), value })
}

/// Only debts of one obligor are set off; of whoever has no account it is not known that they are the same.
fn refuse_other_obligor(invoice: &InvoiceRow, claim: &InvoiceRow) -> Result<(), Failure> {
    if invoice.has_obligor_of(claim) { Ok(()) } else { Err(RefundRefusal::OtherObligor.into()) }
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

/// How much of the claim is settled, by the amount that is named.
fn extent_of(claim: &InvoiceRow, named: Option<i64>) -> Result<(Yen, SetOffExtent), Refusal> {
    let owed = claim.owed();
    let found = named.map(Yen::new).transpose().ok().and_then(|named| SetOffExtent::of(owed, named));
    found.ok_or_else(|| {
        let ja = format!("1円以上{}円以下にしてください。", owed.amount());
        let en = format!("Name 1 to {} yen.", owed.amount());
        Refusal::Invalid(vec![Fault::new("/amount", "amount_out_of_range", ja, en)])
    })
}

/// What is owed beside a claim is settled whole, and so is a claim beside which a late charge was assessed: that was counted on all of
/// it, and nobody could say which part of the claim it belongs to.
fn refuse_indivisible(tx: &mut impl Reads, claim: &InvoiceRow, extent: SetOffExtent) -> Result<(), Failure> {
    if extent == SetOffExtent::Whole {
        return Ok(());
    }
    let late = ChargeKind::LateCharge.as_str();
    let charged = charges::of_principal(tx, &claim.tenant_id, claim.id)?;
    if claim.principal_id.is_some() || charged.iter().any(|charge| charge.kind == late) {
        return Err(RefundRefusal::ClaimNotDivisible.into());
    }
    Ok(())
}

/// What is settled must be there. Money of an amount that was never asked for goes as a whole too, as in a refund.
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
    extent: SetOffExtent,
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
    payment::refuse_not_owed(tx, &case, &claim)?;
    charge::refuse_out_of_order(tx, &ctx.catalogue, &claim, &[])?;
    let (owed, extent) = (claim.owed(), set_off.set_off_extent()?);
    if !extent.still_fits(row.amount, owed) {
        return Err(ArrearsRefusal::AmountChanged { owed: owed.amount() }.into());
    }
    refuse_indivisible(tx, &claim, extent)?;
    let from = payments::find(tx, tenant, row.payment_id)?.ok_or_else(|| broken(row.id))?;
    let paid_on = from.captured_on.map_or(due_on, |day| day.0);
    let causes = refund_interest::overpaid_causes(tx, &from, paid_on)?;
    let before = refund_interest::overpaid_before(tx, row)?;
    let parts = too_much_of(&causes, before, row.amount);
    let parts = parts.map_err(|error| Failure::Internal(error.to_string()))?;
    let arose_on = parts.iter().map(|part| part.arose_on).max().unwrap_or(paid_on);
    let fit_on = fit_on(arose_on, due_on);
    Ok(Some(Settled { claim: claim.id, application: claim.application_id, fit_on, extent }))
}

/// Settles the claim with the money that has just left the other case, and tells the obligor; the other case is stored.
pub(super) fn settle(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    row: &RefundRow,
    settled: Settled,
    now: Timestamp,
) -> Result<(), Failure> {
    let (tenant, Settled { claim, application, fit_on, extent }) = (&row.tenant_id, settled);
    let mut case = cases::open(tx, ctx, tenant, application, Action::Refund)?;
    let owed = invoices::find(tx, tenant, claim)?.ok_or_else(|| broken(row.id))?;
    let invoice = match extent {
        SetOffExtent::Whole => owed,
        SetOffExtent::Part => divide(tx, ctx, &mut case, owed, row.amount, now)?,
    };
    let body = Taker::body(SET_OFF);
    let mut paid = counter::new_payment(tx, &invoice, (&body, SET_OFF), fit_on, now)?;
    payments::insert(tx, &paid)?;
    let made = SetOffPaymentRow {
        tenant_id: tenant.clone(),
        refund_id: row.id,
        payment_id: paid.id,
        fit_on: IsoDate(fit_on),
        recorded_at: Micros(now),
    };
    set_offs::insert_payment(tx, &made)?;
    let facts = json!({ "refund": row.id.to_string(), "invoice": claim.to_string(),
        "settled": invoice.id.to_string(), "extent": extent.as_str(), "payment": paid.id.to_string(),
        "amount": row.amount.amount(), "fit_on": fit_on.to_string() });
    case.record(tx, "claim_set_off", facts, None)?;
    let received = |payment: &Payment| payment.received_whole(SET_OFF);
    payment_standing::apply(tx, &ctx.core, &mut case.row, &mut paid, received, Source::SetOff)?;
    let invoice = invoices::find(tx, tenant, invoice.id)?.ok_or_else(|| broken(row.id))?;
    charge::assess_at_counter(tx, ctx, &mut case, &invoice, now)?;
    for told in BTreeSet::from([row.application_id, application]) {
        let subject = format!("{told}:{}", row.id);
        jobs::enqueue(tx, tenant.as_str(), NOTIFY_SET_OFF, &subject, now)?;
    }
    Ok(())
}

/// Divides what is set off from a claim (調定の分割): it becomes an invoice of the same year, term and demand, and the claim is owed less.
/// The part bears its late charge up to the day on which it counts as paid; the rest bears what the whole claim comes to beyond that
/// (R-91, [`super::accrual`]).
fn divide(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    mut claim: InvoiceRow,
    amount: Yen,
    now: Timestamp,
) -> Result<InvoiceRow, Failure> {
    let owed = reassessments::owed_lines(tx, &claim)?;
    let lines = part_of(&owed, amount).map_err(|error| Failure::Internal(error.to_string()))?;
    let part = Part {
        claim: &claim,
        lines: &lines,
        why: ("一部の充当のため{}円を分割", "{} yen divided off, to be set off"),
    };
    let part = claim_part::assess(tx, ctx, case, part, Notice::OfClaim, now)?;
    if let Some(demand) = demands::of_invoice(tx, &claim.tenant_id, claim.id)? {
        let of_part = DemandRow { invoice_id: part.id, principal: amount, demand_fee: Yen::ZERO, ..demand };
        demands::insert(tx, &of_part)?;
    }
    let lifted = Lifted { lines: lines.clone(), amount, covered_by: None };
    let by = LoweredBy::Division(part.id);
    reassessment::lower(tx, &ctx.core, case, &mut claim, (by, &lines, &lifted), now)?;
    let facts = json!({ "invoice": claim.id.to_string(), "part": part.id.to_string(), "number": part.number,
        "amount": amount.amount() });
    case.record(tx, "claim_divided", facts, None)?;
    Ok(part)
}
