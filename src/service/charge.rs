//! Assessing what is owed beside a late claim (督促手数料・延滞金の調定): the demand's fee with the demand, the late charge once the
//! claim is paid, or up to today when an officer asks for it.
//!
//! Each is an invoice of its own with line, notice and posting: payable, refunded and written off like any other,
//! and of the fiscal year of its claim. Running it again assesses only what has accrued since.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, json};
use uuid::Uuid;

use super::arrears::{self, Arrears};
use super::arrears_refusal::ArrearsRefusal;
use super::billing::PricedFrom;
use super::cases::{self, OpenCase, event_actor, system_actor};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::reassessment::{self, EARLIER_PAYMENT, LoweredBy};
use super::recalculation::{self, Lowering};
use super::{Caller, Core, Ctx, Effect, Failure, JobEnd, Refusal, payment, payment_notice};
use crate::catalogue::Catalogue;
use crate::domain::arrears::{ArrearsTerms, ChargeBilling, ChargeKind, ChargeOrder, Debt, must_wait};
use crate::domain::audit::EventActor;
use crate::domain::calendar::jst_day;
use crate::domain::fee::SameTimeTerms;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::id::{InvoiceId, TenantCode};
use crate::domain::invoice::{InvoiceLine, InvoiceState};
use crate::domain::ledger::{self, Cause};
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::policy::Action;
use crate::domain::procedure::{Bilingual, Payee};
use crate::domain::reference_number::reference_number;
use crate::store::charges::{self, ChargeRow};
use crate::store::events::{self, NewEvent};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::sql::{IsoDate, Json, Micros};
use crate::store::{Reads, Root, StoreError, Tx, demands, fee_lowerings, jobs};

/// Kind of the job that assesses the late charge of a claim that was paid; its subject is the invoice's id and its version.
pub const ASSESS_LATE_CHARGE: &str = "assess_late_charge";
/// The job that tells the obligor of a late charge, or of a fee that is charged again; its subject is the application's id and the invoice's.
pub const NOTIFY_CHARGE: &str = "notify_charge";

/// A charge to be assessed.
pub(super) struct NewCharge {
    /// What it is.
    pub(super) kind: ChargeKind,
    /// How much.
    pub(super) amount: Yen,
    /// The day up to which it accrued.
    pub(super) computed_to: Date,
    /// Until when it is to be paid.
    pub(super) due_on: Option<Date>,
    /// How it came about.
    pub(super) explanation: Vec<Bilingual>,
}

/// Assesses a charge beside `principal` as an invoice of its own; the caller stores the case.
pub(super) fn assess(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    (principal, terms, billing): (&InvoiceRow, &ArrearsTerms, &ChargeBilling),
    new: NewCharge,
    (actor, now): (EventActor, Timestamp),
) -> Result<InvoiceRow, Failure> {
    let (id, day) = (InvoiceId(tx.new_id()), jst_day(now));
    let NewCharge { kind, amount, computed_to, due_on, explanation } = new;
    let line = line_of(ctx, (principal, terms, billing), kind, amount);
    let priced_from = PricedFrom {
        procedure_version: u32::try_from(case.row.procedure_version).unwrap_or(0),
        arrived_on: case.arrival_day(now),
        facts: Map::new(),
        office: None,
        lines: vec![BTreeMap::default()],
        explanations: vec![explanation],
        terms: SameTimeTerms::NONE,
        charged_before: BTreeMap::default(),
    };
    let place = invoices::inputs_place(id);
    let row = InvoiceRow {
        tenant_id: principal.tenant_id.clone(),
        id,
        application_id: principal.application_id,
        number: reference_number(day, id.0),
        state: InvoiceState::Unpaid.as_str().to_owned(),
        total: amount,
        reduced: Yen::ZERO,
        written_off: Yen::ZERO,
        fiscal_year: i64::from(line.fiscal_year),
        obligor_account_id: principal.obligor_account_id,
        sealed_inputs: case.key.seal_json(&place, &priced_from, ctx.core.ids.as_ref()),
        issued_at: Micros(now),
        due_on: due_on.map(IsoDate),
        entrusted_on: None,
        paid_on: None,
        stamped: Yen::ZERO,
        principal_id: Some(principal.id),
        version: 1,
        lines: Json(vec![line]),
    };
    invoices::insert(tx, &row)?;
    payment_notice::issue(tx, ctx, case, &row)?;
    let entries = ledger::assess(&Cause { source_id: id.to_string(), booked_on: day }, &row.lines.0);
    invoices::book(tx, &row.tenant_id, case.row.id, &entries)?;
    let charge = ChargeRow {
        tenant_id: row.tenant_id.clone(),
        invoice_id: id,
        principal_id: principal.id,
        application_id: row.application_id,
        kind: kind.as_str().to_owned(),
        amount,
        computed_to: IsoDate(computed_to),
        charge_no: next_no(tx, principal, kind, computed_to)?,
        basis: terms.basis.clone(),
        assessed_at: Micros(now),
    };
    charges::insert(tx, &charge)?;
    let facts = json!({ "invoice": id.to_string(), "number": row.number, "principal": principal.id.to_string(),
        "charge": charge.kind, "amount": amount.amount(), "computed_to": computed_to.to_string(),
        "basis": charge.basis });
    let event = NewEvent { kind: "charge_assessed", actor, facts, sealed_detail: None };
    events::append(tx, &mut case.row, event)?;
    Ok(row)
}

/// The number of the next charge of a kind up to a day: what was taken off the one before may accrue again.
fn next_no(
    tx: &mut impl Reads,
    principal: &InvoiceRow,
    kind: ChargeKind,
    computed_to: Date,
) -> Result<i64, StoreError> {
    let before = charges::of_principal(tx, &principal.tenant_id, principal.id)?;
    let same = |row: &&ChargeRow| row.kind == kind.as_str() && row.computed_to.0 == computed_to;
    let count = before.iter().filter(same).count();
    Ok(i64::try_from(count).unwrap_or(i64::MAX).saturating_add(1))
}

fn line_of(
    ctx: &Ctx,
    (principal, terms, billing): (&InvoiceRow, &ArrearsTerms, &ChargeBilling),
    kind: ChargeKind,
    amount: Yen,
) -> InvoiceLine {
    let of_claim = i16::try_from(principal.fiscal_year).unwrap_or_default();
    let fiscal_year = principal.lines.0.first().map_or(of_claim, |line| line.fiscal_year);
    let revenue =
        ctx.catalogue.tenant(&principal.tenant_id).and_then(|body| body.definition.revenue.as_ref());
    let code = kind.account(billing);
    let account = revenue.and_then(|revenue| revenue.account(code, FiscalYear::starting_in(fiscal_year)));
    let (label_ja, label_en) = kind.label();
    InvoiceLine {
        item: kind.as_str().to_owned(),
        label_ja: label_ja.to_owned(),
        label_en: label_en.to_owned(),
        amount,
        basis: terms.basis.clone(),
        revenue_account: code.to_owned(),
        account_name: account.map(|account| account.name.clone()),
        fiscal_year,
        formula_version: format!("arrears-{}", terms.valid_from),
        payee: Payee::Own,
        tax: None,
        full_price_in: None,
        relief: None,
        sample: terms.sample || billing.sample,
    }
}

/// How far a late charge is assessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UpTo {
    /// The day of payment; nothing while the claim is owed.
    Payment,
    /// The day of payment, or today.
    Today,
}

/// Takes off what was charged up to a day after the payment of the claim, and the fee of a demand that went out after it (減額調定, R-91):
/// the entry of the payment was corrected, or the money had come before somebody charged or demanded. The last charge gives way first;
/// what of one was paid is too much then and proposed to go back. The caller stores the case.
fn lower_beyond_payment(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    found: &Arrears,
    now: Timestamp,
) -> Result<Changed, Failure> {
    let of = |kind: ChargeKind| found.charges.iter().filter(move |(row, _)| row.kind == kind.as_str());
    let mut less = BTreeMap::new();
    if of(ChargeKind::LateCharge).any(|(charge, _)| charge.computed_to.0 > found.computed_to) {
        less.insert(ChargeKind::LateCharge.as_str().to_owned(), found.charged_beyond()?);
    }
    if found.is_demanded_after_payment() {
        let fees = Yen::sum(of(ChargeKind::DemandFee).map(|(charge, _)| charge.amount));
        let fees = fees.map_err(|error| Failure::Internal(error.to_string()))?;
        less.insert(ChargeKind::DemandFee.as_str().to_owned(), fees);
    }
    let mut done = Changed::No;
    for (_, row) in found.charges.iter().rev() {
        let Some(lowering) = recalculation::lowering(tx, row.clone(), &mut less)? else { continue };
        let Lowering { mut invoice, lowered, lifted } = lowering;
        let by = LoweredBy::EarlierPayment(found.invoice.id);
        reassessment::lower(tx, &ctx.core, case, &mut invoice, (by, &lowered, &lifted), now)?;
        done = Changed::Yes;
    }
    Ok(done)
}

/// Whether anything was taken off, or assessed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Changed {
    /// Something was.
    Yes,
    /// Nothing was.
    No,
}

/// How much of the fee of a claim's demand is missing, since it was taken off for a payment before the demand.
fn missing_fee(tx: &mut impl Reads, principal: &InvoiceRow) -> Result<Yen, Failure> {
    let internal = |error: YenOutOfRange| Failure::Internal(error.to_string());
    let (mut first, mut assessed, mut off) = (Yen::ZERO, Yen::ZERO, Yen::ZERO);
    for fee in charges::of_principal(tx, &principal.tenant_id, principal.id)? {
        if fee.charge_kind()? != ChargeKind::DemandFee {
            continue;
        }
        // What was assessed again is never more than what was assessed first.
        first = first.max(fee.amount);
        assessed = assessed.plus(fee.amount).map_err(internal)?;
        for row in fee_lowerings::of_invoice(tx, &principal.tenant_id, fee.invoice_id)? {
            let lines = row.lowered.0.iter().filter(|_| row.cause == EARLIER_PAYMENT).map(|line| line.amount);
            off = Yen::sum(std::iter::once(off).chain(lines)).map_err(internal)?;
        }
    }
    Ok(first.minus(assessed.minus(off).map_err(internal)?).unwrap_or(Yen::ZERO))
}

/// Assesses the fee of a demand again that was taken off for a payment before the demand, where that payment turned out not to have
/// come, and tells the obligor. The caller stores the case.
fn assess_fee_again(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    found: &Arrears,
    now: Timestamp,
) -> Result<Changed, Failure> {
    let principal = &found.invoice;
    let ended = matches!(
        principal.invoice_state()?,
        InvoiceState::Waived | InvoiceState::Canceled | InvoiceState::WrittenOff
    );
    let Some((terms, _)) = arrears::terms(&ctx.catalogue, principal) else { return Ok(Changed::No) };
    let (Some(billing), Some(demand)) = (&terms.billing, &found.demand) else { return Ok(Changed::No) };
    let amount = missing_fee(tx, principal)?;
    if ended || found.is_demanded_after_payment() || amount == Yen::ZERO {
        return Ok(Changed::No);
    }
    let kind = ChargeKind::DemandFee;
    let due = payment_notice::due_of(ctx, &principal.tenant_id, kind.account(billing), now);
    let why = Bilingual {
        ja: "督促前の納付がなかったことが判明したため、改めて調定".to_owned(),
        en: "assessed again: the payment before the demand turned out not to have come".to_owned(),
    };
    let new = NewCharge {
        kind,
        amount,
        computed_to: demand.issued_on.0,
        due_on: due.last_day,
        explanation: vec![why],
    };
    let row = assess(tx, ctx, case, (principal, terms, billing), new, (system_actor("billing"), now))?;
    let subject = format!("{}:{}", case.row.id, row.id);
    jobs::enqueue(tx, row.tenant_id.as_str(), NOTIFY_CHARGE, &subject, now)?;
    Ok(Changed::Yes)
}

/// Assesses what has accrued up to the payment, or takes off what was charged beyond it, and brings back what was taken off for a payment
/// that was none; stores the case where anything changed.
fn settle_after_payment(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    principal: &InvoiceRow,
    now: Timestamp,
) -> Result<(), Failure> {
    let (mut lowered, mut again) = (Changed::No, Changed::No);
    if let Some(found) = arrears::read(tx, &ctx.catalogue, principal)? {
        if is_covered(principal)? {
            lowered = lower_beyond_payment(tx, ctx, case, &found, now)?;
        }
        again = assess_fee_again(tx, ctx, case, &found, now)?;
    }
    let how = (UpTo::Payment, system_actor("billing"), now);
    let accrued = match lowered {
        Changed::Yes => None,
        Changed::No => assess_accrued(tx, ctx, case, principal, how)?,
    };
    if accrued.is_none() && (lowered, again) == (Changed::No, Changed::No) {
        return Ok(());
    }
    case.save(tx)
}

/// Assesses what has accrued since the last time; none where nothing has. The caller stores the case.
fn assess_accrued(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    principal: &InvoiceRow,
    (up_to, actor, now): (UpTo, EventActor, Timestamp),
) -> Result<Option<InvoiceRow>, Failure> {
    let Some((terms, _)) = arrears::terms(&ctx.catalogue, principal) else { return Ok(None) };
    let Some(billing) = &terms.billing else { return Ok(None) };
    let Some(found) = arrears::read(tx, &ctx.catalogue, principal)? else { return Ok(None) };
    if found.demand.is_none() || (up_to == UpTo::Payment && !is_covered(principal)?) {
        return Ok(None);
    }
    let amount = found.accruing()?;
    let kind = ChargeKind::LateCharge;
    // What was charged up to the same day before and taken off again accrues again, where the money that it was taken off for turned
    // out not to have come.
    if amount == Yen::ZERO {
        return Ok(None);
    }
    let due = payment_notice::due_of(ctx, &principal.tenant_id, kind.account(billing), now);
    let new = NewCharge {
        kind,
        amount,
        computed_to: found.computed_to,
        due_on: due.last_day,
        explanation: found.charge.lines.clone(),
    };
    let row = assess(tx, ctx, case, (principal, terms, billing), new, (actor, now))?;
    let subject = format!("{}:{}", case.row.id, row.id);
    jobs::enqueue(tx, row.tenant_id.as_str(), NOTIFY_CHARGE, &subject, now)?;
    Ok(Some(row))
}

/// Whether money covers a claim, or covered it.
fn is_covered(invoice: &InvoiceRow) -> Result<bool, StoreError> {
    Ok(match invoice.invoice_state()? {
        InvoiceState::Entrusted
        | InvoiceState::Paid
        | InvoiceState::Overpaid
        | InvoiceState::PartiallyRefunded
        | InvoiceState::Refunded => true,
        InvoiceState::Unpaid
        | InvoiceState::Pending
        | InvoiceState::Waived
        | InvoiceState::Canceled
        | InvoiceState::WrittenOff => false,
    })
}

/// Asks for the late charge of a claim that has just been covered after its demand, and for the fee of the demand where it had been taken
/// off for a payment that was none.
pub(super) fn follow(tx: &mut Tx<'_>, invoice: &InvoiceRow) -> Result<(), Failure> {
    let now = tx.now();
    let late = invoice.due_on.is_some_and(|due| due.0 < jst_day(now));
    if !late || invoice.principal_id.is_some() {
        return Ok(());
    }
    if demands::of_invoice(tx, &invoice.tenant_id, invoice.id)?.is_none() {
        return Ok(());
    }
    if is_covered(invoice)? || missing_fee(tx, invoice)? > Yen::ZERO {
        let subject = format!("{}:{}", invoice.id, invoice.version);
        jobs::enqueue(tx, invoice.tenant_id.as_str(), ASSESS_LATE_CHARGE, &subject, now)?;
    }
    Ok(())
}

/// Assesses the late charge of a claim that was paid, and what a payment that was none had taken off. Run twice it has one effect.
pub async fn assess_after_payment(
    core: &Arc<Core>,
    tenant: TenantCode,
    id: InvoiceId,
) -> Result<JobEnd, Failure> {
    let ctx = Ctx::new(Arc::clone(core), Caller::Anonymous, Uuid::nil());
    let root = payment::application_of(&ctx, &tenant, id).await?;
    let db = ctx.core.db.clone();
    db.write(Root::Application(root), move |tx| {
        let now = tx.now();
        let invoice = invoices::find(tx, &tenant, id)?.ok_or(Refusal::NotFound)?;
        let mut case = cases::open_for_system(tx, &ctx.core, &tenant, invoice.application_id)?;
        settle_after_payment(tx, &ctx, &mut case, &invoice, now)?;
        Ok(JobEnd::Done)
    })
    .await
}

/// Assesses the late charge of a claim that was paid at the counter, at once, or lowers it where the money had come on an earlier day;
/// stores the case where anything changed.
pub(super) fn assess_at_counter(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    principal: &InvoiceRow,
    now: Timestamp,
) -> Result<(), Failure> {
    settle_after_payment(tx, ctx, case, principal, now)
}

/// Assesses what has accrued up to today; the caller stores the case where something was.
pub(super) fn assess_today(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    principal: &InvoiceRow,
    now: Timestamp,
) -> Result<Option<InvoiceRow>, Failure> {
    let actor = event_actor(&case.actor);
    assess_accrued(tx, ctx, case, principal, (UpTo::Today, actor, now))
}

/// Assesses what has accrued up to today, by an officer, so that it can be paid before the claim.
pub async fn assess_now(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: InvoiceId,
) -> Result<Effect<Arrears>, Failure> {
    let root = payment::application_of(&ctx, &request.tenant, id).await?;
    let db = ctx.core.db.clone();
    db.write(Root::Application(root), move |tx| {
        let assess = |tx: &mut Tx<'_>, now| {
            let invoice = invoices::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
            let mut case = cases::open(tx, &ctx, &request.tenant, invoice.application_id, Action::Collect)?;
            assess_today(tx, &ctx, &mut case, &invoice, now)?.ok_or(ArrearsRefusal::NothingAccrued)?;
            case.save(tx)?;
            let value = arrears::read(tx, &ctx.catalogue, &invoice)?.ok_or(Refusal::NotFound)?;
            Ok(Made { resource_id: id.to_string(), value })
        };
        once(tx, &request, "charge", assess, |tx, _| {
            let invoice = invoices::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
            cases::open(tx, &ctx, &request.tenant, invoice.application_id, Action::ReadMoney)?;
            Ok(arrears::read(tx, &ctx.catalogue, &invoice)?.ok_or(Refusal::NotFound)?)
        })
    })
    .await
}

/// Refuses a payment that would be taken before another debt that the ordinance puts first, unless that one is among
/// those paid `together` with it.
pub(super) fn refuse_out_of_order(
    tx: &mut impl Reads,
    catalogue: &Catalogue,
    invoice: &InvoiceRow,
    together: &[InvoiceId],
) -> Result<(), Failure> {
    let waits_for =
        |other: &InvoiceRow| Ok::<_, StoreError>(other.is_open()? && !together.contains(&other.id));
    let order = |claim: &InvoiceRow| {
        arrears::terms(catalogue, claim).and_then(|(terms, _)| terms.billing.as_ref().map(|it| it.order))
    };
    let Some(principal) = invoice.principal_id else {
        if order(invoice) != Some(ChargeOrder::ChargesFirst) {
            return Ok(());
        }
        for charge in invoices::of_principal(tx, &invoice.tenant_id, invoice.id)? {
            if must_wait(ChargeOrder::ChargesFirst, Debt::Principal, waits_for(&charge)?) {
                return Err(ArrearsRefusal::ChargesFirst.into());
            }
        }
        return Ok(());
    };
    let claim = invoices::find(tx, &invoice.tenant_id, principal)?;
    let claim = claim.ok_or_else(|| StoreError::Inconsistent(format!("no claim of {}", invoice.id)))?;
    match order(&claim) {
        Some(order) if must_wait(order, Debt::Charge, waits_for(&claim)?) => {
            Err(ArrearsRefusal::PrincipalFirst.into())
        }
        _ => Ok(()),
    }
}
