//! Arrears (滞納): what was not paid in time, the demand for it (督促), and what has accrued since (延滞金).
//!
//! The demand goes out once an invoice, by the clock or by an officer before it, and is told by mail. Nothing is
//! demanded while anybody is paying: an attempt that is open, unknown or waits at a convenience store is no arrears.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use uuid::Uuid;

use super::accounting::accountant;
use super::arrears_refusal::ArrearsRefusal;
use super::cases::{self, OpenCase, event_actor, system_actor};
use super::charge::{self, NewCharge};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::{
    Caller, Core, Ctx, Effect, Failure, JobEnd, Refusal, access, accrual, acknowledgement, payment,
    refund_money,
};
use crate::catalogue::{Catalogue, CatalogueTenant};
use crate::domain::arrears::{
    ArrearsTerms, ChargeDemand, ChargeKind, ChargeOrder, Debt, Enforcement, Limitation, Renewal,
    RenewalGround, is_in_arrears, limitation, still_to_assess, terms_of,
};
use crate::domain::audit::EventActor;
use crate::domain::calendar::jst_day;
use crate::domain::fee::arrears::ArrearsCharge;
use crate::domain::id::{InvoiceId, OfficerId, TenantCode};
use crate::domain::invoice::InvoiceState;
use crate::domain::money::Yen;
use crate::domain::payment::PaymentState;
use crate::domain::policy::{Action, Actor};
use crate::domain::procedure::Bilingual;
use crate::store::charges::{self, ChargeRow};
use crate::store::demands::{self, DemandRow};
use crate::store::events::{self, NewEvent};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Root, StoreError, Tx, fee_lowerings, jobs, payments};

/// The job that tells the obligor of a demand; its subject is the application's id and the invoice's.
pub const NOTIFY_DEMAND: &str = "notify_demand";
/// Kind of the daily job that sends demands.
pub const ISSUE_DEMANDS: &str = "issue_demands";

/// Invoices read in one go.
const PAGE: i64 = 50;

/// An invoice that was not paid in time.
#[derive(Clone, Debug)]
pub struct Arrears {
    /// The invoice.
    pub invoice: InvoiceRow,
    /// What it is, where it is itself owed beside a late claim.
    pub charge_kind: Option<ChargeKind>,
    /// The last day on which paying was in time: the due day, moved off days off.
    pub last_day_in_time: Date,
    /// Whether it is owed, late, and nobody is paying.
    pub standing: ArrearsStanding,
    /// The demand, once it went out.
    pub demand: Option<DemandRow>,
    /// The day by which the demand must have gone out.
    pub demand_by: Option<Date>,
    /// What has accrued up to the day of payment, or to today.
    pub charge: ArrearsCharge,
    /// The day up to which it was computed.
    pub computed_to: Date,
    /// What was assessed beside the claim so far, oldest first, each with its invoice.
    pub charges: Vec<(ChargeRow, InvoiceRow)>,
    /// What was taken off the late charges because the claim had been paid on an earlier day.
    pub lowered: Yen,
    /// Which debt is taken first; none where the body bills nothing beside a claim.
    pub order: Option<ChargeOrder>,
    /// How the claim can be enforced.
    pub enforcement: Enforcement,
    /// When the claim is extinct, line by line.
    pub limitation: Limitation,
    /// What counted it anew.
    pub renewals: Vec<Renewal>,
    /// From which day and for how many years it counts.
    pub counted: (Date, u16),
    /// The ordinance.
    pub basis: String,
    /// The ordinance has not been confirmed by the body.
    pub sample: bool,
}

impl Arrears {
    /// The limitation as it stood on a day: by what had counted it anew until then.
    pub(super) fn limitation_on(&self, day: Date) -> Limitation {
        let until: Vec<Renewal> = self.renewals.iter().filter(|renewal| renewal.on <= day).copied().collect();
        limitation(self.counted.1, self.counted.0, &until)
    }

    /// What has accrued and is not assessed yet; nothing on a claim that ended without being paid.
    pub fn accruing(&self) -> Result<Yen, Failure> {
        match self.invoice.invoice_state()? {
            InvoiceState::Waived | InvoiceState::Canceled | InvoiceState::WrittenOff => return Ok(Yen::ZERO),
            InvoiceState::Unpaid
            | InvoiceState::Pending
            | InvoiceState::Entrusted
            | InvoiceState::Paid
            | InvoiceState::Overpaid
            | InvoiceState::PartiallyRefunded
            | InvoiceState::Refunded => {}
        }
        Ok(still_to_assess(self.charge.amount, self.charged()?))
    }

    /// What was charged beyond what has accrued up to the day of payment.
    pub(super) fn charged_beyond(&self) -> Result<Yen, Failure> {
        Ok(self.charged()?.minus(self.charge.amount).unwrap_or(Yen::ZERO))
    }

    /// Whether the demand went out on a day after that of the payment: it asked for nothing any more.
    pub(super) fn is_demanded_after_payment(&self) -> bool {
        let paid_on = self.invoice.paid_on.or(self.invoice.entrusted_on);
        let demanded_on = self.demand.as_ref().map(|demand| demand.issued_on);
        matches!((paid_on, demanded_on), (Some(paid), Some(demanded)) if paid.0 < demanded.0)
    }

    /// What is assessed as late charge by now.
    fn charged(&self) -> Result<Yen, Failure> {
        let late = self.charges.iter().filter(|(charge, _)| charge.kind == ChargeKind::LateCharge.as_str());
        let assessed = Yen::sum(late.map(|(charge, _)| charge.amount));
        let charged = assessed.and_then(|assessed| assessed.minus(self.lowered));
        charged.map_err(|error| Failure::Internal(error.to_string()))
    }

    /// What is open in all, in yen: the claim, what was assessed beside it, and what has accrued since.
    pub fn balance(&self) -> Result<i64, Failure> {
        let invoices = std::iter::once(&self.invoice).chain(self.charges.iter().map(|(_, row)| row));
        let open = invoices.map(|row| Ok(if row.is_open()? { row.owed().amount() } else { 0 }));
        let open = open.sum::<Result<i64, StoreError>>()?;
        let billed = self.order.is_some() && self.demand.is_some();
        Ok(open + if billed { self.accruing()?.amount() } else { 0 })
    }
}

/// Where a late claim stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrearsStanding {
    /// Owed, late, and nobody is paying.
    InArrears,
    /// Not due yet, or somebody is paying, has paid, or nothing is owed any more.
    NotInArrears,
}

/// A page of what is in arrears.
#[derive(Clone, Debug)]
pub struct ArrearsPage {
    /// Oldest invoice first.
    pub items: Vec<Arrears>,
    /// The invoice after which the list goes on; none at its end.
    pub next: Option<InvoiceId>,
}

/// The terms of a claim with the last day on which paying was in time; none where the body has none for it, and none for what
/// was assessed beside a late claim: it is not demanded on its own, and nothing accrues on it.
pub(super) fn terms<'a>(catalogue: &'a Catalogue, invoice: &InvoiceRow) -> Option<(&'a ArrearsTerms, Date)> {
    if invoice.principal_id.is_some() {
        return None;
    }
    let body: &CatalogueTenant = catalogue.tenant(&invoice.tenant_id)?;
    let due_on = invoice.due_on?.0;
    let account = invoice.lines.0.first().map_or("", |line| line.revenue_account.as_str());
    let terms = terms_of(&body.definition.arrears, account, due_on)?;
    Some((terms, body.calendar.roll(due_on)))
}

/// As [`terms`], also of what was assessed beside a late claim: it ends by limitation like its claim, from its own due day on, or
/// from the day of its notice where it names none.
fn terms_of_debt<'a>(
    tx: &mut impl Reads,
    catalogue: &'a Catalogue,
    invoice: &InvoiceRow,
) -> Result<Option<(&'a ArrearsTerms, Date)>, Failure> {
    let Some(principal) = invoice.principal_id else { return Ok(terms(catalogue, invoice)) };
    let claim = invoices::find(tx, &invoice.tenant_id, principal)?;
    let claim = claim.ok_or_else(|| StoreError::Inconsistent(format!("no claim of {}", invoice.id)))?;
    let Some((terms, _)) = terms(catalogue, &claim) else { return Ok(None) };
    let body = catalogue.tenant(&invoice.tenant_id);
    Ok(body.map(|body| (terms, body.calendar.roll(due_day(invoice)))))
}

/// 納期限 of what is owed beside a claim: the day that its notice names, or that of the notice.
fn due_day(invoice: &InvoiceRow) -> Date {
    invoice.due_on.map_or_else(|| jst_day(invoice.issued_at.0), |due| due.0)
}

/// Where a claim stands, or what is owed beside one, if its body has terms for it.
pub(super) fn read(
    tx: &mut impl Reads,
    catalogue: &Catalogue,
    invoice: &InvoiceRow,
) -> Result<Option<Arrears>, Failure> {
    let today = jst_day(tx.now());
    let Some((terms, last_day_in_time)) = terms_of_debt(tx, catalogue, invoice)? else { return Ok(None) };
    let charge_kind = charge_kind(invoice);
    let computed_to = accrual::counted_to(invoice, today);
    let attempts = attempts(tx, invoice)?;
    let late = is_in_arrears(invoice.invoice_state()?, invoice.owed(), last_day_in_time, today, &attempts);
    let demand = demands::of_invoice(tx, &invoice.tenant_id, invoice.id)?;
    let demanded_on = demand.as_ref().map(|demand| demand.issued_on.0);
    // a demand that went out after the payment asked for nothing any more.
    let paid = invoice.paid_on.or(invoice.entrusted_on).map(|day| day.0);
    let in_time = demand.as_ref().filter(|demand| paid.is_none_or(|paid| demand.issued_on.0 <= paid));
    let due_on = due_day(invoice);
    let charge = match charge_kind {
        Some(_) => nothing_accrues(),
        None => accrual::of_claim(tx, (terms, last_day_in_time), invoice, in_time)?,
    };
    let (mut assessed, mut lowered) = (Vec::new(), Yen::ZERO);
    for charge in charges::of_principal(tx, &invoice.tenant_id, invoice.id)? {
        let row = invoices::find(tx, &invoice.tenant_id, charge.invoice_id)?;
        let row = row.ok_or_else(|| StoreError::Inconsistent(format!("no invoice {}", charge.invoice_id)))?;
        if charge.kind == ChargeKind::LateCharge.as_str() {
            lowered =
                lowered.plus(taken_off(tx, &row)?).map_err(|error| Failure::Internal(error.to_string()))?;
        }
        assessed.push((charge, row));
    }
    let beside = assessed.iter().map(|(charge, _)| charge.invoice_id);
    let mut renewals = acknowledgement::renewals(tx, invoice, beside)?;
    renewals.extend(demanded_on.map(|on| Renewal { on, ground: RenewalGround::Demand }));
    Ok(Some(Arrears {
        invoice: invoice.clone(),
        charges: assessed,
        lowered,
        order: terms.billing.as_ref().filter(|_| charge_kind.is_none()).map(|billing| billing.order),
        charge_kind,
        last_day_in_time,
        standing: if late { ArrearsStanding::InArrears } else { ArrearsStanding::NotInArrears },
        demand_by: terms.demand_by(last_day_in_time).filter(|_| charge_kind.is_none()),
        charge,
        computed_to,
        enforcement: terms.enforcement,
        limitation: limitation(terms.limitation_years, due_on, &renewals),
        counted: (due_on, terms.limitation_years),
        renewals,
        basis: terms.basis.clone(),
        sample: terms.sample,
        demand,
    }))
}

/// What was taken off a charge.
fn taken_off(tx: &mut impl Reads, charge: &InvoiceRow) -> Result<Yen, Failure> {
    let rows = fee_lowerings::of_invoice(tx, &charge.tenant_id, charge.id)?;
    let off = Yen::sum(rows.iter().flat_map(|row| &row.lowered.0).map(|line| line.amount));
    off.map_err(|error| Failure::Internal(error.to_string()))
}

/// When a claim is extinct by limitation, whether or not it is late; none where the body has no terms for it.
pub(super) fn limitation_of(
    tx: &mut impl Reads,
    catalogue: &Catalogue,
    invoice: &InvoiceRow,
) -> Result<Option<Limitation>, Failure> {
    let (due_on, body) = (due_day(invoice), catalogue.tenant(&invoice.tenant_id));
    let account = invoice.lines.0.first().map_or("", |line| line.revenue_account.as_str());
    let terms = body.and_then(|body| terms_of(&body.definition.arrears, account, due_on));
    let Some(terms) = terms else { return Ok(None) };
    let mut renewals = acknowledgement::renewals(tx, invoice, std::iter::empty())?;
    let demand = demands::of_invoice(tx, &invoice.tenant_id, invoice.id)?;
    renewals.extend(demand.map(|row| Renewal { on: row.issued_on.0, ground: RenewalGround::Demand }));
    Ok(Some(limitation(terms.limitation_years, due_on, &renewals)))
}

/// What an invoice is, where it was assessed beside a late claim: its only line says so.
fn charge_kind(invoice: &InvoiceRow) -> Option<ChargeKind> {
    invoice.principal_id?;
    invoice.lines.0.first().and_then(|line| ChargeKind::parse(&line.item))
}

/// neither on the fee of a demand nor on a late charge does anything accrue.
fn nothing_accrues() -> ArrearsCharge {
    let line = Bilingual {
        ja: "督促手数料・延滞金には延滞金がかかりません".to_owned(),
        en: "nothing accrues on the fee of a demand or on a late charge".to_owned(),
    };
    ArrearsCharge { amount: Yen::ZERO, lines: vec![line] }
}

/// The attempts to pay an invoice: where each stands, and what is left of the money it took.
pub(super) fn attempts(
    tx: &mut impl Reads,
    invoice: &InvoiceRow,
) -> Result<Vec<(PaymentState, Yen)>, Failure> {
    let rows = payments::of_invoice(tx, &invoice.tenant_id, invoice.id)?;
    rows.iter().map(|row| Ok((row.payment()?.state, refund_money::left_of(tx, row)?))).collect()
}

/// What is in arrears at a body, claims or what is owed beside them; for the accounting office, hidden from everybody else.
pub async fn list(
    ctx: Ctx,
    tenant: TenantCode,
    debt: Debt,
    after: Option<InvoiceId>,
) -> Result<ArrearsPage, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        accountant(tx, &ctx, &tenant)?;
        let today = jst_day(tx.now());
        let rows = demands::late(tx, &tenant, (debt, today), after, PAGE)?;
        let is_full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= PAGE;
        let next = rows.last().filter(|_| is_full).map(|row| row.id);
        let mut items = Vec::new();
        for row in rows {
            let found = read(tx, &ctx.catalogue, &row)?;
            items.extend(found.filter(|found| found.standing == ArrearsStanding::InArrears));
        }
        Ok(ArrearsPage { items, next })
    })
    .await
}

/// How late an invoice is or was, for its obligor and for staff; not found where its body has no terms for it.
pub async fn of_invoice(ctx: Ctx, tenant: TenantCode, id: InvoiceId) -> Result<Arrears, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let (reader, found) = ctx
        .core
        .db
        .read(move |tx| {
            let invoice = invoices::find(tx, &body, id)?.ok_or(Refusal::NotFound)?;
            let case = cases::open(tx, &inner, &body, invoice.application_id, Action::ReadMoney)?;
            let found = read(tx, &inner.catalogue, &invoice)?.ok_or(Refusal::NotFound)?;
            Ok::<_, Failure>((access::reader(&case.actor), found))
        })
        .await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "arrears", &[found.invoice.application_id]).await?;
    }
    Ok(found)
}

/// Sends the demand of an invoice now, by an officer.
pub async fn demand(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: InvoiceId,
) -> Result<Effect<Arrears>, Failure> {
    let root = payment::application_of(&ctx, &request.tenant, id).await?;
    let db = ctx.core.db.clone();
    db.write(Root::Application(root), move |tx| {
        let issue = |tx: &mut Tx<'_>, now| {
            let invoice = invoices::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
            let mut case = cases::open(tx, &ctx, &request.tenant, invoice.application_id, Action::Collect)?;
            let by = match &case.actor {
                Actor::Officer(officer) => Some(officer.officer),
                Actor::Person(_) | Actor::Anonymous => None,
            };
            let actor = event_actor(&case.actor);
            issue(tx, &ctx, &mut case, &invoice, (by, actor), now)?;
            case.save(tx)?;
            let value = read(tx, &ctx.catalogue, &invoice)?.ok_or(Refusal::NotFound)?;
            Ok(Made { resource_id: id.to_string(), value })
        };
        once(tx, &request, "demand", issue, |tx, _| {
            let invoice = invoices::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
            cases::open(tx, &ctx, &request.tenant, invoice.application_id, Action::ReadMoney)?;
            Ok(read(tx, &ctx.catalogue, &invoice)?.ok_or(Refusal::NotFound)?)
        })
    })
    .await
}

/// Issues the demand, or refuses; the caller stores the case.
fn issue(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    invoice: &InvoiceRow,
    (by, actor): (Option<OfficerId>, EventActor),
    now: Timestamp,
) -> Result<(), Failure> {
    let found = read(tx, &ctx.catalogue, invoice)?.ok_or(ArrearsRefusal::NotInArrears)?;
    if found.demand.is_some() {
        return Err(ArrearsRefusal::AlreadyDemanded.into());
    }
    if found.standing != ArrearsStanding::InArrears {
        return Err(ArrearsRefusal::NotInArrears.into());
    }
    let today = jst_day(now);
    if found.limitation.extinct_after.is_some_and(|last| last < today) {
        return Err(ArrearsRefusal::Extinct.into());
    }
    let terms = terms_of_debt(tx, &ctx.catalogue, invoice)?;
    let (terms, _) = terms.ok_or(ArrearsRefusal::NotInArrears)?;
    // A demand for a charge bears no fee: nothing is assessed beside what is owed beside a claim.
    let demand_fee = if found.charge_kind.is_none() { terms.demand_fee } else { Yen::ZERO };
    if found.charge_kind.is_some() && !charges_are_demanded(terms) {
        return Err(ArrearsRefusal::ChargeNotDemanded.into());
    }
    let row = DemandRow {
        tenant_id: invoice.tenant_id.clone(),
        invoice_id: invoice.id,
        application_id: invoice.application_id,
        due_on: invoice.due_on.unwrap_or(IsoDate(found.last_day_in_time)),
        issued_on: IsoDate(today),
        pay_until: IsoDate(terms.pay_by(today).unwrap_or(today)),
        principal: invoice.owed(),
        demand_fee,
        basis: terms.basis.clone(),
        issued_by: by,
        issued_at: Micros(now),
    };
    demands::insert(tx, &row)?;
    let facts = json!({ "invoice": invoice.id.to_string(), "number": invoice.number,
        "principal": row.principal.amount(), "demand_fee": row.demand_fee.amount(), "basis": row.basis,
        "pay_until": row.pay_until.0.to_string() });
    let event = NewEvent { kind: "demand_issued", actor: actor.clone(), facts, sealed_detail: None };
    events::append(tx, &mut case.row, event)?;
    if let Some(billing) = terms.billing.as_ref().filter(|_| demand_fee > Yen::ZERO) {
        let new = NewCharge {
            kind: ChargeKind::DemandFee,
            amount: demand_fee,
            computed_to: today,
            due_on: Some(row.pay_until.0),
            explanation: Vec::new(),
        };
        charge::assess(tx, ctx, case, (invoice, terms, billing), new, (actor, now))?;
    }
    let subject = format!("{}:{}", case.row.id, invoice.id);
    jobs::enqueue(tx, invoice.tenant_id.as_str(), NOTIFY_DEMAND, &subject, now)?;
    Ok(())
}

/// Whether the body demands what is owed beside a claim on its own.
fn charges_are_demanded(terms: &ArrearsTerms) -> bool {
    terms.billing.as_ref().is_some_and(|billing| billing.demand_of_charges == ChargeDemand::ByOfficer)
}

/// Sends every demand of a body whose day has come; one that fails does not hold up the others (R-90 gives each its days). Run
/// twice it has one effect.
pub async fn issue_due(core: &Arc<Core>, tenant: &TenantCode) -> Result<JobEnd, Failure> {
    let ctx = Ctx::new(Arc::clone(core), Caller::Anonymous, Uuid::nil());
    let (mut after, mut first_failure) = (None, None);
    loop {
        let (of, inner) = (tenant.clone(), ctx.clone());
        let late = core.db.read(move |tx| {
            let late = (Debt::Principal, jst_day(tx.now()));
            let page = demands::late(tx, &of, late, after, PAGE)?;
            let last = page.last().map(|row| row.id);
            let mut due = Vec::new();
            for row in page {
                let is_due = due_now(tx, &inner.catalogue, &row)?.is_some();
                due.extend(is_due.then_some(row));
            }
            Ok::<_, Failure>((last, due))
        });
        let (last, due) = late.await?;
        let Some(last) = last else { return first_failure.map_or(Ok(JobEnd::Done), Err) };
        after = Some(last);
        for row in due {
            let ctx = ctx.clone();
            let root = Root::Application(row.application_id);
            let issued = core.db.write(root, move |tx| issue_if_due(tx, &ctx, &row)).await;
            first_failure = first_failure.or(issued.err());
        }
    }
}

/// The claim, where the day of its demand has come and nothing stands against the demand now.
fn due_now(
    tx: &mut impl Reads,
    catalogue: &Catalogue,
    invoice: &InvoiceRow,
) -> Result<Option<Arrears>, Failure> {
    let today = jst_day(tx.now());
    let Some((terms, last_day_in_time)) = terms(catalogue, invoice) else { return Ok(None) };
    if terms.demand_on(last_day_in_time).is_none_or(|day| today < day) {
        return Ok(None);
    }
    let may_be_demanded = |found: &Arrears| {
        found.demand.is_none()
            && found.standing == ArrearsStanding::InArrears
            && found.limitation.extinct_after.is_none_or(|last| today <= last)
    };
    Ok(read(tx, catalogue, invoice)?.filter(may_be_demanded))
}

fn issue_if_due(tx: &mut Tx<'_>, ctx: &Ctx, seen: &InvoiceRow) -> Result<(), Failure> {
    let now = tx.now();
    let invoice = invoices::find(tx, &seen.tenant_id, seen.id)?.ok_or(Refusal::NotFound)?;
    if due_now(tx, &ctx.catalogue, &invoice)?.is_none() {
        return Ok(());
    }
    let mut case = cases::open_for_system(tx, &ctx.core, &invoice.tenant_id, invoice.application_id)?;
    match issue(tx, ctx, &mut case, &invoice, (None, system_actor("billing")), now) {
        Ok(()) => case.save(tx),
        // Demanded before, or somebody is paying: there is nothing to do.
        Err(Failure::Refused(_)) => Ok(()),
        Err(failure) => Err(failure),
    }
}
