//! Working through a payout: each line finds its payment, and once the money arrived each case books its lines.
//!
//! A payout may be long, so each case is one transaction under its own root, and the job may die between any two: what is
//! booked says so in the same transaction, and the next run goes on from there. Lines match by the gateway's id, then by our
//! reference, with the exact amount; what does not match waits as an exception and is tried again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::join_all;
use jiff::civil::Date;
use serde_json::json;

use super::exceptions::{self, Subject};
use super::payment_standing::settle_invoice;
use super::receipt_year::{claim_by_year, taken_by_year};
use super::remittance::{self, WORK_SETTLEMENT};
use super::{Core, Failure, JobEnd, Refusal, settlement_matching};
use crate::domain::audit::EventActor;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::id::{ApplicationId, SettlementId, SettlementLineId, TenantCode};
use crate::domain::invoice::{Remittance, remittance_of};
use crate::domain::ledger::{self, Account, Cause, Entry, Portion, RemittedLine};
use crate::domain::money::Yen;
use crate::domain::payment::{LegalRole, remit_by};
use crate::domain::settlement::{BatchFault, ExceptionKind, LineKind, SettlementLine, batch_faults};
use crate::store::applications::ApplicationRow;
use crate::store::events::{self, NewEvent};
use crate::store::invoices::InvoiceRow;
use crate::store::payments::PaymentRow;
use crate::store::settlement_matches::{self, MatchRow};
use crate::store::settlements::{self, LineRow, SettlementRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Root, StoreError, Tx, applications, invoices, jobs, payments};

/// Kind of the daily job that looks at every payout that is not settled.
pub const CHASE_SETTLEMENTS: &str = "chase_settlements";

/// How many lines find their payments in one transaction.
const PIECE: usize = 200;

/// How many cases are booked side by side.
const CASES_AT_ONCE: usize = 64;

/// Asks for work on everything that is not settled: a payment may have become known meanwhile.
pub async fn chase(core: &Core) -> Result<JobEnd, Failure> {
    core.db
        .write_alone(vec![], |tx| {
            let now = tx.now();
            for (tenant, id) in settlements::unsettled(tx)? {
                jobs::enqueue_again(tx, tenant.as_str(), WORK_SETTLEMENT, &id.to_string(), now)?;
            }
            Ok::<_, Failure>(JobEnd::Done)
        })
        .await
}

/// Works through one payout, as far as it goes.
pub async fn run(core: &Arc<Core>, tenant: TenantCode, id: SettlementId) -> Result<JobEnd, Failure> {
    let of = tenant.clone();
    let waiting = core.db.read(move |tx| unmatched(tx, &of, id)).await?;
    for piece in waiting.chunks(PIECE) {
        let (of, piece) = (tenant.clone(), piece.to_vec());
        let find = move |tx: &mut Tx<'_>| settlement_matching::match_lines(tx, &of, id, &piece);
        core.db.write(Root::settlement(id), find).await?;
    }
    let of = tenant.clone();
    let Some((cases, arrived_on)) = core.db.read(move |tx| to_book(tx, &of, id)).await? else {
        return Ok(JobEnd::Done);
    };
    let cases: Vec<ApplicationId> = cases.into_iter().collect();
    // One case that cannot be booked does not hold up the others.
    let mut first_failure = None;
    for some in cases.chunks(CASES_AT_ONCE) {
        // Side by side, so that the writers commit many of them at once.
        let booked = some.iter().map(|case| {
            let (of, inner, case) = (tenant.clone(), Arc::clone(core), *case);
            let book = move |tx: &mut Tx<'_>| book_case(tx, &inner, &of, id, case, arrived_on);
            core.db.write(Root::Application(case), book)
        });
        let failed = join_all(booked).await.into_iter().find_map(Result::err);
        first_failure = first_failure.or(failed);
    }
    core.db.write(Root::settlement(id), move |tx| finish(tx, &tenant, id, arrived_on)).await?;
    first_failure.map_or(Ok(JobEnd::Done), Err)
}

/// The lines about payments that have found none, without those that do not hold in themselves.
fn unmatched(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: SettlementId,
) -> Result<Vec<SettlementLineId>, Failure> {
    let row = settlements::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let Lines { all, faulty } = lines_of(tx, &row)?;
    let matches = settlement_matches::of_settlement(tx, tenant, id)?;
    let done: BTreeSet<SettlementLineId> = matches.iter().map(|found| found.line_id).collect();
    let waits = |line: &&(LineRow, SettlementLine)| {
        line.1.kind.names_a_payment() && !faulty.contains(&line.1.line_key) && !done.contains(&line.0.id)
    };
    Ok(all.iter().filter(waits).map(|(line, _)| line.id).collect())
}

/// The lines of a payout.
struct Lines {
    /// All of them, as stored and as read.
    all: Vec<(LineRow, SettlementLine)>,
    /// The keys of those that do not hold in themselves: nothing is done with them.
    faulty: BTreeSet<String>,
}

fn lines_of(tx: &mut impl Reads, row: &SettlementRow) -> Result<Lines, Failure> {
    let rows = settlements::lines(tx, &row.tenant_id, row.id)?;
    let lines: Vec<SettlementLine> = rows.iter().map(LineRow::line).collect::<Result<_, _>>()?;
    let found = batch_faults(&row.batch(), &lines);
    let keys = found.into_iter().filter_map(|fault| match fault {
        BatchFault::NetDiffers { .. } | BatchFault::FeeDiffers { .. } => None,
        BatchFault::LineDoesNotAdd { line_key }
        | BatchFault::WrongSign { line_key }
        | BatchFault::DuplicateLine { line_key, .. } => Some(line_key),
    });
    let faulty = keys.collect();
    Ok(Lines { all: rows.into_iter().zip(lines).collect(), faulty })
}

/// The cases that have lines to book, and the day the money arrived; none while it has not.
fn to_book(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: SettlementId,
) -> Result<Option<(BTreeSet<ApplicationId>, Date)>, Failure> {
    let row = settlements::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let Some(arrived_on) = row.arrived_on.filter(|_| row.arrival_confirmed_by.is_some()) else {
        return Ok(None);
    };
    let matches = settlement_matches::of_settlement(tx, tenant, id)?;
    let waiting = matches.iter().filter(|found| found.booked_at.is_none());
    Ok(Some((waiting.filter_map(|found| found.application_id).collect(), arrived_on.0)))
}

/// Books every line of a payout that is about one case.
fn book_case(
    tx: &mut Tx<'_>,
    core: &Core,
    tenant: &TenantCode,
    id: SettlementId,
    application: ApplicationId,
    arrived_on: Date,
) -> Result<(), Failure> {
    let mut matches = settlement_matches::of_case(tx, tenant, id, application)?;
    matches.retain(|found| found.booked_at.is_none());
    if matches.is_empty() {
        return Ok(());
    }
    let missing = || StoreError::Inconsistent(format!("what the lines of payout {id} are about"));
    let mut case = applications::find(tx, tenant, application)?.ok_or_else(missing)?;
    let entries = invoices::entries_of_case(tx, tenant, application)?;
    let mut touched: BTreeMap<_, InvoiceRow> = BTreeMap::new();
    for mut found in matches {
        let line = settlements::find_line(tx, tenant, found.line_id)?.ok_or_else(missing)?;
        let payment = found.payment_id.ok_or_else(missing)?;
        let payment = payments::find(tx, tenant, payment)?.ok_or_else(missing)?;
        let invoice = invoices::find(tx, tenant, payment.invoice_id)?.ok_or_else(missing)?;
        if book_line(tx, (&line, &found), &payment, &entries, arrived_on)? == Booked::TooLittleTaken {
            continue;
        }
        found.booked_at = Some(Micros(Reads::now(tx)));
        if line.line()?.kind == LineKind::Capture
            && payment.payment()?.legal_role == LegalRole::DesignatedAgent
        {
            let remitted = judge(tx, core, &payment, &invoice, arrived_on)?;
            found.remittance = remittance::name(remitted).map(str::to_owned);
            found.remitted_on = Some(IsoDate(arrived_on));
        }
        settlement_matches::update(tx, &mut found)?;
        record(tx, &mut case, &line, &payment, &found)?;
        touched.insert(invoice.id, invoice);
    }
    for mut invoice in touched.into_values() {
        settle_invoice(tx, core, &mut case, &mut invoice)?;
    }
    Ok(applications::update(tx, &mut case)?)
}

/// Whether the money came by the designated day; late money raises an exception. Where no day was fixed, nobody can
/// say that it was in time.
fn judge(
    tx: &mut Tx<'_>,
    core: &Core,
    payment: &PaymentRow,
    invoice: &InvoiceRow,
    arrived_on: Date,
) -> Result<Remittance, Failure> {
    let catalogue = core.catalogue.current();
    let tenant = catalogue.tenant(&payment.tenant_id);
    let designations = tenant.map_or(&[][..], |tenant| tenant.definition.payment_agents.as_slice());
    let revenues = invoice.lines.0.iter().map(|line| line.revenue_account.as_str());
    let method = payment.payment()?.method;
    let designated = payment
        .captured_on
        .and_then(|day| remit_by(designations, (&payment.gateway, &method), revenues, day.0));
    let remitted = designated.map_or(Remittance::Late, |day| remittance_of(day, arrived_on));
    if remitted == Remittance::Late {
        let facts = json!({ "gateway": payment.gateway, "invoice": invoice.id.to_string(),
            "entrusted_on": payment.captured_on.map(|day| day.0.to_string()),
            "designated_on": designated.map(|day| day.to_string()), "remitted_on": arrived_on.to_string(),
            "amount": payment.captured.amount() });
        let subject = Subject::Payment(payment.id);
        exceptions::raise(tx, &payment.tenant_id, ExceptionKind::LateRemittance, &subject, facts)?;
    }
    Ok(remitted)
}

/// Whether a line is in the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Booked {
    /// It is.
    Now,
    /// The payment was struck out since, or took less than the line brings: a person looks at it, and it is tried again.
    TooLittleTaken,
}

fn book_line(
    tx: &mut Tx<'_>,
    (line, found): (&LineRow, &MatchRow),
    payment: &PaymentRow,
    entries: &[Entry],
    arrived_on: Date,
) -> Result<Booked, Failure> {
    let kind = line.line()?.kind;
    let claim = match payment.payment()?.legal_role {
        LegalRole::DesignatedAgent => Account::Entrusted(payment.gateway.clone()),
        LegalRole::CollectionAgent | LegalRole::Direct => Account::Cash(payment.gateway.clone()),
    };
    let internal = |error: crate::domain::money::YenOutOfRange| Failure::Internal(error.to_string());
    let gross = found.gross.amount();
    let taken = taken_by_year(payment, entries)?;
    let taken = if kind == LineKind::Capture {
        // What was taken after the report comes with another line.
        let Ok((reported, _)) = ledger::split(&taken, Yen::new(gross).map_err(internal)?) else {
            raise_too_little(tx, line, payment, (&taken, gross))?;
            return Ok(Booked::TooLittleTaken);
        };
        reported
    } else {
        taken
    };
    let is_entrusted = matches!(claim, Account::Entrusted(_));
    // What an agent sends after the books of its year closed arrives in the present one, and its fee is an expense of that.
    let taken = ledger::incomes(&taken, arrived_on).map_err(internal)?;
    let fiscal_year = taken.first().map_or(FiscalYear::of(arrived_on).year(), |portion| portion.fiscal_year);
    let portions = if kind == LineKind::Capture {
        taken
    } else {
        vec![Portion { fiscal_year, amount: Yen::new(gross.abs()).map_err(internal)? }]
    };
    let mut booked = Vec::new();
    if kind == LineKind::Capture && is_entrusted {
        let held = claim_by_year(tx, payment, entries)?;
        let occasion = format!("{}:{}", payment.id, line.id);
        booked = ledger::carry_claim(&Cause { source_id: occasion, booked_on: arrived_on }, &claim, &held);
    }
    // A share is booked under `line:payment`, so that each has a cause of its own.
    let source_id = match payment.share_of {
        Some(_) => format!("{}:{}", line.id, payment.id),
        None => line.id.to_string(),
    };
    let cause = Cause { source_id, booked_on: arrived_on };
    let kept = gross - found.net.amount();
    let remitted = RemittedLine { kind, claim, gross, portions: &portions, kept };
    booked.extend(ledger::remit(&cause, &remitted).map_err(internal)?);
    invoices::book(tx, &line.tenant_id, payment.application_id, &booked)?;
    Ok(Booked::Now)
}

fn raise_too_little(
    tx: &mut Tx<'_>,
    line: &LineRow,
    payment: &PaymentRow,
    (taken, gross): (&[Portion], i64),
) -> Result<(), Failure> {
    let taken: i64 = taken.iter().map(|portion| portion.amount.amount()).sum();
    let facts = json!({ "line": line.id.to_string(), "gross": gross, "ours": taken });
    let subject = Subject::Payment(payment.id);
    exceptions::raise(tx, &line.tenant_id, ExceptionKind::StatusMismatch, &subject, facts)?;
    Ok(())
}

fn record(
    tx: &mut Tx<'_>,
    case: &mut ApplicationRow,
    line: &LineRow,
    payment: &PaymentRow,
    found: &MatchRow,
) -> Result<(), Failure> {
    let facts = json!({ "payment": payment.id.to_string(), "settlement": line.settlement_id.to_string(),
        "line": line.id.to_string(), "kind": line.kind, "gross": found.gross.amount(), "net": found.net.amount(),
        "remittance": found.remittance });
    let actor = EventActor { kind: "gateway", id: payment.gateway.clone() };
    let event = NewEvent { kind: "payment_settled", actor, facts, sealed_detail: None };
    Ok(events::append(tx, case, event)?)
}

/// Books the lines about no payment under the payout's own id, and says whether the payout is settled as a whole.
fn finish(tx: &mut Tx<'_>, tenant: &TenantCode, id: SettlementId, arrived_on: Date) -> Result<(), Failure> {
    let mut row = settlements::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let Lines { all: lines, faulty } = lines_of(tx, &row)?;
    let matches = settlement_matches::of_settlement(tx, tenant, id)?;
    let done: BTreeSet<SettlementLineId> = matches.iter().map(|found| found.line_id).collect();
    let waiting = matches.iter().filter(|found| found.booked_at.is_none()).map(|found| found.line_id);
    let waiting: BTreeSet<SettlementLineId> = waiting.collect();
    let mut booked = done.len() - waiting.len();
    for (line, read) in &lines {
        let whole = !read.kind.names_a_payment();
        if !whole || faulty.contains(&read.line_key) || done.contains(&line.id) {
            continue;
        }
        book_whole(tx, &row, line, read, arrived_on)?;
        booked += 1;
    }
    let state = if booked == lines.len() { "settled" } else { "mismatch" };
    if row.state != state {
        state.clone_into(&mut row.state);
        settlements::update(tx, &mut row)?;
    }
    Ok(())
}

fn book_whole(
    tx: &mut Tx<'_>,
    row: &SettlementRow,
    line: &LineRow,
    read: &SettlementLine,
    arrived_on: Date,
) -> Result<(), Failure> {
    let internal = |error: crate::domain::money::YenOutOfRange| Failure::Internal(error.to_string());
    let amount = Yen::new(read.gross.amount().abs()).map_err(internal)?;
    let portions = [Portion { fiscal_year: FiscalYear::of(arrived_on).year(), amount }];
    let cause = Cause { source_id: line.id.to_string(), booked_on: arrived_on };
    let remitted = RemittedLine {
        kind: read.kind,
        claim: Account::Entrusted(row.gateway.clone()),
        gross: read.gross.amount(),
        portions: &portions,
        kept: read.kept(),
    };
    let entries = ledger::remit(&cause, &remitted).map_err(internal)?;
    invoices::book(tx, &row.tenant_id, ApplicationId(row.id.0), &entries)?;
    let mut found = settlement_matching::new_match(line, None, Micros(Reads::now(tx)));
    found.booked_at = Some(found.matched_at);
    settlement_matches::insert(tx, &found)?;
    if matches!(read.kind, LineKind::Adjustment | LineKind::Reserve) {
        let facts = json!({ "gateway": row.gateway, "batch": row.batch_reference, "kind": line.kind,
            "gross": line.gross.amount(), "net": line.net.amount() });
        exceptions::raise(
            tx,
            &row.tenant_id,
            ExceptionKind::UnexplainedLine,
            &Subject::Line(line.id),
            facts,
        )?;
    }
    Ok(())
}
