//! Refunds (還付): asked for by one person, decided by another, carried out by the gateway or by bank transfer.
//!
//! What may go back is held twice: read here under the case's lock, and kept by a constraint of the database however two
//! requests race. After the approval the call to the gateway is made like any other: intent, call, record.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::cases::{self, OpenCase, event_actor};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::refund_money::{self, PaidMoney};
use super::refund_opening::NewRefund;
use super::refund_refusal::RefundRefusal;
use super::refund_standing::step;
use super::set_off::Settled;
use super::{
    Ctx, Effect, Failure, Origin, Refusal, billing, intake, payment, payment_shares, refund_call,
    refund_interest, refund_opening, refund_route, set_off,
};
use crate::domain::application::CaseState;
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, InvoiceId, OfficerId, OperationId, PaymentId, RefundId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::policy::{Action, Actor};
use crate::domain::procedure::RefundPolicy;
use crate::domain::refund::{
    CaseStage, ChosenRoute, PlanRejection, PlannedPart, RefundCommand, RefundGround, RefundPart, RefundState,
    Refundable, permits, plan, proposed,
};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payments;
use crate::store::refunds::{self, RefundRow};
use crate::store::sql::Micros;
use crate::store::{ReadTx, Reads, Root, Tx, jobs, set_offs};

/// The job that tells the applicant that a refund was decided; its subject is the application's id and the refund's.
pub const NOTIFY_REFUND: &str = "notify_refund";

/// What somebody asks to go back.
#[derive(Clone, Debug)]
pub struct RequestRefund {
    /// In yen.
    pub amount: i64,
    /// The ground.
    pub reason: String,
    /// What the caller saw to be left of all payments, in yen.
    pub refund_amount_available: i64,
    /// Lines of the invoice, counted from 1, each with its part of the amount.
    pub lines: Option<Vec<(u32, i64)>>,
    /// Which payment; the one that the ground means by default.
    pub payment: Option<PaymentId>,
    /// How; as the method allows by default.
    pub route: Option<String>,
}

/// What case and money suggest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The payment.
    pub payment: PaymentId,
    /// The ground.
    pub ground: RefundGround,
    /// How much.
    pub amount: Yen,
    /// How, and why so.
    pub route: ChosenRoute,
}

/// The refunds of an invoice.
#[derive(Clone, Debug)]
pub struct RefundsOfInvoice {
    /// What is left of all its payments.
    pub available: Yen,
    /// What case and money suggest.
    pub proposals: Vec<Proposal>,
    /// Every refund, oldest first.
    pub items: Vec<RefundRow>,
}

/// What was and could be refunded of an invoice.
pub async fn of_invoice(ctx: Ctx, tenant: TenantCode, id: InvoiceId) -> Result<RefundsOfInvoice, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        let invoice = invoices::find(tx, &tenant, id)?.ok_or(Refusal::NotFound)?;
        let case = cases::open(tx, &ctx, &tenant, invoice.application_id, Action::ReadMoney)?;
        let paid = refund_money::of_invoice(tx, &invoice)?;
        Ok(RefundsOfInvoice {
            available: refund_money::available(&paid)?,
            proposals: proposals(&ctx, &case, &invoice, &paid, tx.now())?,
            items: refunds::of_invoice(tx, &tenant, id)?,
        })
    })
    .await
}

/// One refund.
pub async fn get(ctx: Ctx, tenant: TenantCode, id: RefundId) -> Result<RefundRow, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        let row = refunds::find(tx, &tenant, id)?.ok_or(Refusal::NotFound)?;
        cases::open(tx, &ctx, &tenant, row.application_id, Action::ReadMoney)?;
        Ok(row)
    })
    .await
}

/// What case and money suggest to send back of each payment.
pub(super) fn proposals(
    ctx: &Ctx,
    case: &OpenCase,
    invoice: &InvoiceRow,
    paid: &[PaidMoney],
    now: Timestamp,
) -> Result<Vec<Proposal>, Failure> {
    let stage = stage(&case.state);
    let policies = policies(ctx, case, invoice, now)?;
    let mut found = Vec::new();
    for money in paid {
        // What the payer's bank pulled back is too much no longer.
        let beyond = money.available(RefundPart::Overpaid).min(money.available(RefundPart::Whole));
        let of_lines = policies
            .iter()
            .zip(1..)
            .filter(|(policy, _)| proposed(**policy, stage, Yen::ZERO) == Some(RefundGround::NotAccepted));
        let lines = Yen::sum(of_lines.map(|(_, line)| money.available(RefundPart::Line(line))));
        let lines = lines.map_err(|error| Failure::Internal(error.to_string()))?;
        let policy = policies.first().copied().unwrap_or_default();
        let ground = proposed(policy, stage, beyond);
        let (ground, amount) = match ground {
            Some(RefundGround::Overpaid) => (RefundGround::Overpaid, beyond),
            _ if lines > Yen::ZERO => (RefundGround::NotAccepted, lines),
            _ => continue,
        };
        let route = refund_route::usual(ctx, invoice, money, amount)?;
        found.push(Proposal { payment: money.payment.id, ground, amount, route });
    }
    Ok(found)
}

fn stage(state: &CaseState) -> CaseStage {
    match state {
        CaseState::Withdrawn(_) | CaseState::Transferred(_) => CaseStage::EndedWithoutDecision,
        CaseState::Decided(_) | CaseState::Closed(_) => CaseStage::Decided,
        _ => CaseStage::Open,
    }
}

/// The refund policy of each line, from the version that priced the case; a fee that is not found is never refunded.
fn policies(
    ctx: &Ctx,
    case: &OpenCase,
    invoice: &InvoiceRow,
    now: Timestamp,
) -> Result<Vec<RefundPolicy>, Failure> {
    let pinned = intake::pinned(ctx, &case.row)?;
    let priced_by = billing::priced_by(ctx, case, &pinned, now);
    let day = case.arrival_day(now);
    let policy = |item: &str| {
        let fees = priced_by.definition.fees.iter().chain(&pinned.definition.fees);
        let mut fees = fees.filter(|fee| fee.code == item && fee.is_effective_on(day));
        fees.next().map(|fee| fee.refund).unwrap_or_default()
    };
    Ok(invoice.lines.0.iter().map(|line| policy(&line.item)).collect())
}

/// Asks for a refund; another person decides.
pub async fn request(
    ctx: Ctx,
    request: IdempotencyRequest,
    invoice: InvoiceId,
    wanted: RequestRefund,
) -> Result<Effect<RefundRow>, Failure> {
    let tenant = request.tenant.clone();
    let found = ctx.core.db.read(move |tx| Ok::<_, Failure>(invoices::find(tx, &tenant, invoice)?)).await?;
    let application = found.ok_or(Refusal::NotFound)?.application_id;
    let db = ctx.core.db.clone();
    db.write(Root::Application(application), move |tx| {
        let ask = |tx: &mut Tx<'_>, now| ask(tx, &ctx, &request.tenant, invoice, &wanted, now);
        once(tx, &request, "refund", ask, |tx, id| present(tx, &ctx, &request.tenant, id))
    })
    .await
}

fn present(tx: &mut Tx<'_>, ctx: &Ctx, tenant: &TenantCode, id: &str) -> Result<RefundRow, Failure> {
    let id: RefundId = id.parse().map_err(|_| Failure::Internal("a record names no refund".to_owned()))?;
    let row = refunds::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    cases::open(tx, ctx, tenant, row.application_id, Action::ReadMoney)?;
    Ok(row)
}

fn ask(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: InvoiceId,
    wanted: &RequestRefund,
    now: Timestamp,
) -> Result<Made<RefundRow>, Failure> {
    let invoice = invoices::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut case = cases::open(tx, ctx, tenant, invoice.application_id, Action::Refund)?;
    let officer = officer(&case)?;
    let ground = RefundGround::parse(&wanted.reason).ok_or_else(|| unknown("/reason"))?;
    let paid = refund_money::of_invoice(tx, &invoice)?;
    let available = refund_money::available(&paid)?.amount();
    if available != wanted.refund_amount_available {
        return Err(Refusal::Refund(RefundRefusal::AmountChanged { available }).into());
    }
    let money = chosen(&paid, ground, wanted.payment)?;
    let amount = Yen::new(wanted.amount).map_err(|_| too_much(available))?;
    let planned = planned(ctx, &case, &invoice, money, ground, wanted, now)?;
    let chosen = refund_route::wanted(ctx, &invoice, money, amount, wanted.route.as_deref())?;
    if amount > money.available(RefundPart::Whole) {
        return Err(too_much(money.available(RefundPart::Whole).amount()).into());
    }

    // From here on everything changes rows; every refusal stands above.
    let planned = planned.as_slice();
    let new = NewRefund { invoice: &invoice, money, planned, ground, chosen, amount, by: officer };
    let row = refund_opening::open(tx, &mut case, &new, now)?;
    case.save(tx)?;
    Ok(Made { resource_id: row.id.to_string(), value: row })
}

/// The officer who acts; the policy lets nobody else come here.
pub(super) fn officer(case: &OpenCase) -> Result<OfficerId, Refusal> {
    match &case.actor {
        Actor::Officer(officer) => Ok(officer.officer),
        Actor::Person(_) | Actor::Anonymous => Err(Refusal::Forbidden),
    }
}

/// The payment that is meant: the named one, else the one that the ground is about.
pub(super) fn chosen(
    paid: &[PaidMoney],
    ground: RefundGround,
    named: Option<PaymentId>,
) -> Result<&PaidMoney, RefundRefusal> {
    let wanted = |money: &&PaidMoney| match (named, ground) {
        (Some(id), _) => money.payment.id == id,
        (None, RefundGround::Overpaid) => money.available(RefundPart::Overpaid) > Yen::ZERO,
        (None, _) => money.covers(),
    };
    paid.iter().find(wanted).ok_or(RefundRefusal::NothingPaid)
}

fn planned(
    ctx: &Ctx,
    case: &OpenCase,
    invoice: &InvoiceRow,
    money: &PaidMoney,
    ground: RefundGround,
    wanted: &RequestRefund,
    now: Timestamp,
) -> Result<Vec<PlannedPart>, Failure> {
    let stage = stage(&case.state);
    let policies = policies(ctx, case, invoice, now)?;
    let allowed: Vec<RefundPart> = policies
        .iter()
        .zip(1..)
        .filter(|(policy, _)| permits(ground, **policy, stage).is_ok())
        .map(|(_, line)| RefundPart::Line(line))
        .collect();
    if allowed.is_empty() && ground != RefundGround::Overpaid {
        return Err(Refusal::Refund(RefundRefusal::NotPermitted).into());
    }
    let parts: Vec<Refundable> = std::iter::once(RefundPart::Overpaid)
        .chain(allowed)
        .map(|part| Refundable { part, available: money.available(part) })
        .collect();
    let amount = Yen::new(wanted.amount).unwrap_or(Yen::ZERO);
    let named = wanted.lines.as_ref().map(|lines| {
        let part = |(line, amount): &(u32, i64)| PlannedPart {
            part: RefundPart::Line(*line),
            amount: Yen::new(*amount).unwrap_or(Yen::ZERO),
        };
        lines.iter().map(part).collect::<Vec<_>>()
    });
    // Money of an amount that was never asked for settles nothing: it goes back as a whole.
    let settles = money.payment.payment()?.state.is_captured();
    let whole = money.available(RefundPart::Whole);
    if !settles && amount != whole {
        return Err(too_much(whole.amount()).into());
    }
    plan(ground, &parts, amount, named.as_deref()).map_err(|rejection| plan_refusal(rejection).into())
}

fn unknown(pointer: &str) -> Refusal {
    let (ja, en) = ("この値は使えません。", "This value is not known.");
    Refusal::Invalid(vec![Fault::new(pointer, "unknown_value", ja, en)])
}

fn too_much(available: i64) -> Refusal {
    let ja = format!("還付できる額（{available}円）の範囲で指定してください。");
    let en = format!("The amount must be between 1 and {available} yen.");
    Refusal::Invalid(vec![Fault::new("/amount", "amount_out_of_range", ja, en)])
}

fn plan_refusal(rejection: PlanRejection) -> Refusal {
    let fault = |code, ja: &str, en: &str| Refusal::Invalid(vec![Fault::new("/lines", code, ja, en)]);
    match rejection {
        PlanRejection::Nothing => too_much(0),
        PlanRejection::TooMuch { available } => too_much(available.amount()),
        PlanRejection::LinesNeeded => fault(
            "lines_needed",
            "どの内訳から還付するかを指定してください。",
            "Say which lines of the invoice the amount is taken from.",
        ),
        PlanRejection::LinesDiffer => fault(
            "lines_differ",
            "内訳の合計が還付額と一致しないか、還付できない内訳があります。",
            "The lines do not make the amount, or one of them cannot be refunded.",
        ),
    }
}

/// What the second person, or whoever asked, says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is refunded.
    Approve,
    /// It is not.
    Reject,
    /// It is taken back.
    Withdraw,
}

impl Verdict {
    fn kind(self) -> &'static str {
        match self {
            Self::Approve => "refund_approval",
            Self::Reject => "refund_rejection",
            Self::Withdraw => "refund_withdrawal",
        }
    }

    fn command(self, by: OfficerId) -> RefundCommand {
        match self {
            Self::Approve => RefundCommand::Approve { by },
            Self::Reject => RefundCommand::Reject { by },
            Self::Withdraw => RefundCommand::Withdraw { by },
        }
    }
}

/// A refund with the call that was asked for.
#[derive(Clone, Debug)]
struct Decided {
    row: RefundRow,
    operation: Option<OperationId>,
}

/// Decides a request. An approved refund is told to the gateway at once, and waits a moment for its answer.
pub async fn decide(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: RefundId,
    verdict: Verdict,
) -> Result<Effect<RefundRow>, Failure> {
    let tenant = request.tenant.clone();
    let find = {
        let tenant = tenant.clone();
        move |tx: &mut ReadTx<'_>| Ok::<_, Failure>(refunds::find(tx, &tenant, id)?)
    };
    let cases = {
        let tenant = tenant.clone();
        move |tx: &mut ReadTx<'_>| cases_of(tx, &tenant, id)
    };
    let cases = ctx.core.db.read(cases).await?;
    let inner = ctx.clone();
    let decided = payment_shares::write_cases(&ctx.core, cases, move |tx| {
        let judge = |tx: &mut Tx<'_>, now| judge(tx, &inner, &request.tenant, id, verdict, now);
        once(tx, &request, verdict.kind(), judge, |tx, id| {
            Ok(Decided { row: present(tx, &inner, &request.tenant, id)?, operation: None })
        })
    })
    .await?;
    let Some(operation) = decided.value.operation else { return Ok(decided.map(|decided| decided.row)) };
    payment::call_and_wait(&ctx, &tenant, operation).await;
    let value = ctx.core.db.read(find).await?.ok_or(Refusal::NotFound)?;
    Ok(Effect { value, origin: Origin::Fresh })
}

/// The cases that a decision may change: those that were paid in one act with it, and that of the claim it is set off against.
fn cases_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: RefundId,
) -> Result<BTreeSet<ApplicationId>, Failure> {
    let refund = refunds::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let payment = payments::find(tx, tenant, refund.payment_id)?.ok_or(Refusal::NotFound)?;
    let mut cases = payment_shares::cases_of(tx, &payment)?;
    cases.extend(set_offs::find(tx, tenant, id)?.map(|(row, _)| row.application_id));
    Ok(cases)
}

fn judge(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: RefundId,
    verdict: Verdict,
    now: Timestamp,
) -> Result<Made<Decided>, Failure> {
    let mut row = refunds::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut case = cases::open(tx, ctx, tenant, row.application_id, Action::Refund)?;
    let officer = officer(&case)?;
    let command = verdict.command(officer);
    row.refund()?.apply(command)?;
    let (mut rerouted, mut settled, mut interest) = (None, None, None);
    if verdict == Verdict::Approve {
        refund_money::refuse_gone(tx, &row)?;
        rerouted = refund_route::change_at_approval(tx, ctx, &mut row)?;
        settled = set_off::judge(tx, ctx, &row)?;
        let until = settled.as_ref().map_or_else(|| jst_day(now), Settled::fit_on);
        interest = refund_interest::computed(tx, ctx, &row, until)?;
    }
    let to_gateway = row.refund()?.apply(command)?.next == RefundState::Submitting;
    let prepared = if to_gateway { Some(refund_call::prepare(tx, ctx, &row)?) } else { None };

    // From here on everything changes rows; every refusal stands above.
    if verdict != Verdict::Withdraw {
        row.decided_by = Some(officer);
        row.decided_at = Some(Micros(now));
    }
    let operation = prepared.as_ref().map(|(operation, ..)| *operation);
    row.operation_id = operation;
    if let Some((operation, payment, request)) = &prepared {
        let lease = (*operation, payment::own_lease(ctx, now));
        payment::insert_operation(tx, &ctx.core, &case.key, payment, request, lease)?;
    }
    if let Some(facts) = rerouted {
        case.record(tx, "refund_route_changed", facts, None)?;
    }
    if let Some(terms) = &interest {
        refund_interest::fix(tx, &mut row, terms)?;
    }
    step(tx, &ctx.core, &mut case.row, &mut row, command, event_actor(&case.actor))?;
    if verdict == Verdict::Approve && settled.is_none() {
        let subject = format!("{}:{id}", case.row.id);
        jobs::enqueue(tx, tenant.as_str(), NOTIFY_REFUND, &subject, now)?;
    }
    case.save(tx)?;
    if let Some(settled) = settled {
        set_off::settle(tx, ctx, &row, settled, now)?;
    }
    Ok(Made { resource_id: id.to_string(), value: Decided { row, operation } })
}
