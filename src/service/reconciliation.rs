//! Running the reconciliation (照合) of a body: our books, the agents' payouts and the bank's credits.
//!
//! Everything is read at one instant and compared outside of any transaction; then each payout that is exactly a credit is
//! written down as arrived, and each finding is raised; so is each credit that leaves the days that are looked at without a payout, of
//! which nobody would hear otherwise. Running it again, or for an earlier day, changes nothing that was
//! found before: an arrival is recorded once, an exception is raised once for each kind and subject.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::Serialize;
use serde_json::json;

use super::exceptions::{self, Subject};
use super::remittance::{self, Arrival as Arrived, Recorded, Witness};
use super::{Core, Failure, JobEnd};
use crate::catalogue::Catalogue;
use crate::domain::calendar::jst_day;
use crate::domain::day_close::day_span;
use crate::domain::el_qr::{EL_QR, latest_begun};
use crate::domain::id::{BankCreditId, InvoiceId, PaymentId, SettlementId, TenantCode};
use crate::domain::payment::{Designation, MethodCode, remit_by};
use crate::domain::reconciliation::{
    About, Arrival, Finding, LineMatches, OpenCredit, OurPayment, Payout, PayoutMatches, ReportedLine, Scope,
    lapsed_credits, match_lines, match_payouts, overdue_payouts,
};
use crate::domain::settlement::{ExceptionKind, LineKind, designated_day};
use crate::store::bank_statements::{self, CreditRow, Matched};
use crate::store::reconciliation::{self as sources, TakenPayment};
use crate::store::reconciliation_exceptions::Raised;
use crate::store::settlements::{self, SettlementRow};
use crate::store::{Reads, Root, StoreError, Tx};

/// Kind of the job that reconciles one body.
pub const RECONCILE_BODY: &str = "reconcile_body";

/// Kind of the periodic job that reconciles every body.
pub const RECONCILE_ALL: &str = "reconcile_all";

/// How far back payments, payouts and credits are looked at: longer than any agent may hold money.
const WINDOW_DAYS: i32 = 100;

/// Credits older than that of which a run tells people; the next one tells of the rest.
const MOST_LAPSED: i64 = 1_000;

/// Findings raised in one transaction.
const FINDINGS_AT_ONCE: usize = 200;

/// What a run did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunReport {
    /// The body.
    pub tenant: TenantCode,
    /// The JST day as of whose end it looked.
    pub day: Date,
    /// Payments looked at.
    pub payments: usize,
    /// Lines of payouts looked at.
    pub lines: usize,
    /// Lines that have their payment.
    pub matched_lines: usize,
    /// Payouts looked at.
    pub payouts: usize,
    /// Credits looked at.
    pub credits: usize,
    /// Payouts that were found at the bank by this run.
    pub arrivals: usize,
    /// What does not agree, by kind.
    pub findings: std::collections::BTreeMap<&'static str, usize>,
    /// Exceptions that nobody had found before.
    pub raised: usize,
}

/// The three sources as they are at one instant.
struct Sources {
    scope: Scope,
    payments: Vec<OurPayment>,
    lines: Vec<ReportedLine>,
    payouts: Vec<Payout>,
    credits: Vec<OpenCredit>,
    /// Credits from before those days that are matched to nothing and about which nobody was told.
    lapsed: Vec<OpenCredit>,
}

/// By when money must be in a payout.
struct Terms {
    /// The designations of the body, and its calendar.
    catalogue: Arc<Catalogue>,
    /// Within how many days on which the body is open each merchant account settles, where that is agreed.
    settles_within: HashMap<String, u16>,
}

/// Reconciles a body as of the end of a JST day.
pub async fn run(core: &Core, tenant: &TenantCode, day: Date) -> Result<RunReport, Failure> {
    let of = tenant.clone();
    let agreed = core
        .gateways
        .serving(tenant)
        .filter_map(|account| account.settles_within_open_days.map(|days| (account.name.clone(), days)));
    let terms = Terms { catalogue: core.catalogue.current(), settles_within: agreed.collect() };
    let sources = core.db.read(move |tx| read_sources(tx, &terms, &of, day)).await?;
    // A hundred thousand lines take a moment: not on the reactor.
    let compared = tokio::task::spawn_blocking(move || {
        let lines = match_lines(&sources.payments, &sources.lines, &sources.payouts, sources.scope);
        let payouts = match_payouts(&sources.payouts, &sources.credits, sources.scope.day);
        let overdue = overdue(&sources, &lines, &payouts);
        (sources, lines, payouts, overdue)
    });
    let (sources, lines, payouts, overdue) =
        compared.await.map_err(|error| Failure::Internal(error.to_string()))?;
    let mut report = RunReport {
        tenant: tenant.clone(),
        day,
        payments: sources.payments.len(),
        lines: sources.lines.len(),
        matched_lines: lines.matches.len(),
        payouts: sources.payouts.len(),
        credits: sources.credits.len(),
        arrivals: 0,
        findings: std::collections::BTreeMap::new(),
        raised: 0,
    };
    // One payout that cannot be taken in holds up neither the others nor what does not agree.
    let mut first_failure = None;
    for (settlement, credit) in payouts.matches {
        match arrive(core, tenant, settlement, credit).await {
            Ok(Matched::New) => report.arrivals += 1,
            Ok(Matched::Known) => {}
            Err(failure) => first_failure = first_failure.or(Some(failure)),
        }
    }
    let lapsed = lapsed_credits(&sources.lapsed);
    let findings = lines.findings.into_iter().chain(payouts.findings).chain(overdue).chain(lapsed);
    let findings: Vec<Finding> = findings.collect();
    for finding in &findings {
        *report.findings.entry(finding.kind.as_str()).or_default() += 1;
    }
    for some in findings.chunks(FINDINGS_AT_ONCE) {
        report.raised += raise(core, tenant, some.to_vec()).await?;
    }
    tracing::info!(%tenant, %day, lines = report.lines, arrivals = report.arrivals, raised = report.raised, "reconciled");
    first_failure.map_or(Ok(report), Err)
}

/// The payouts that name payments past their day and are neither here nor found at the bank by this run.
fn overdue(sources: &Sources, lines: &LineMatches, payouts: &PayoutMatches) -> Vec<Finding> {
    let mut arrived = arrived(&sources.payouts);
    arrived.extend(payouts.matches.iter().map(|(settlement, _)| *settlement));
    let reported = (sources.lines.as_slice(), lines.matches.as_slice());
    overdue_payouts(&sources.payments, reported, &sources.payouts, &arrived, sources.scope)
}

/// The payouts whose money is here.
fn arrived(payouts: &[Payout]) -> BTreeSet<SettlementId> {
    payouts.iter().filter(|payout| payout.arrival != Arrival::Awaited).map(|payout| payout.id).collect()
}

/// Reconciles every body as of yesterday; the failure of one does not hold up the others.
pub async fn run_all(core: &Core) -> Result<JobEnd, Failure> {
    let today = jst_day(core.clock.now());
    let yesterday = today.yesterday().unwrap_or(today);
    let mut end = Ok(JobEnd::Done);
    for tenant in core.catalogue.current().tenants() {
        if let Err(failure) = run(core, &tenant.definition.code, yesterday).await {
            end = Err(failure);
        }
    }
    end
}

/// As a job: reconciles one body as of today.
pub async fn run_job(core: &Core, tenant: TenantCode) -> Result<JobEnd, Failure> {
    let today = jst_day(core.clock.now());
    run(core, &tenant, today).await?;
    Ok(JobEnd::Done)
}

fn read_sources(
    tx: &mut impl Reads,
    terms: &Terms,
    tenant: &TenantCode,
    day: Date,
) -> Result<Sources, Failure> {
    let from = day.checked_sub(WINDOW_DAYS.days()).unwrap_or(day);
    let since = day_span(from).map_or(Timestamp::UNIX_EPOCH, |(begin, _)| begin);
    let rows = sources::payouts_reported(tx, tenant, since)?;
    let ids: Vec<SettlementId> = rows.iter().map(|row| row.id).collect();
    let gateways: HashMap<SettlementId, &str> =
        rows.iter().map(|row| (row.id, row.gateway.as_str())).collect();
    let lines = sources::lines_of(tx, tenant, &ids)?;
    let lines = lines.iter().map(|row| {
        let gateway = gateways.get(&row.settlement_id).copied().unwrap_or_default().to_owned();
        Ok(ReportedLine { id: row.id, settlement: row.settlement_id, gateway, line: row.line()? })
    });
    let lines: Vec<ReportedLine> = lines.collect::<Result<_, StoreError>>()?;
    let mut payments = sources::payments_taken(tx, tenant, from, day)?;
    let named = named_elsewhere(&payments, &lines);
    payments.extend(sources::payments_named(tx, tenant, &named.references, &named.gateway_ids)?);
    let refunds = sources::refund_days(tx, tenant, since)?;
    let matched = bank_statements::matched_payouts(tx, tenant, &ids)?;
    let payouts: Vec<Payout> = rows.iter().map(|row| payout(row, &matched)).collect();
    let here = arrived(&payouts);
    let remitted: Vec<&ReportedLine> = lines.iter().filter(|line| here.contains(&line.settlement)).collect();
    let dues = due_days(tx, terms, tenant, &payments, &remitted)?;
    let dated = |payment: TakenPayment| {
        let mut ours = payment.ours;
        ours.refunded_on = payment.shares.iter().filter_map(|id| refunds.get(id)).max().copied();
        ours.due_on = dues.get(&ours.id).copied();
        ours
    };
    let credits = bank_statements::open_credits(tx, tenant, from)?;
    let lapsed = bank_statements::untold_credits(tx, tenant, from, MOST_LAPSED)?;
    Ok(Sources {
        scope: Scope { from, day },
        payments: payments.into_iter().map(dated).collect(),
        lines,
        payouts,
        credits,
        lapsed,
    })
}

/// What lines name that is not among the payments of the window.
#[derive(Default)]
struct Named {
    references: Vec<String>,
    gateway_ids: Vec<String>,
}

fn named_elsewhere(payments: &[TakenPayment], lines: &[ReportedLine]) -> Named {
    let ours = || payments.iter().map(|payment| &payment.ours);
    let references: HashSet<&str> = ours().map(|payment| payment.merchant_reference.as_str()).collect();
    let ids: HashSet<&str> = ours().filter_map(|payment| payment.gateway_payment_id.as_deref()).collect();
    let mut named = Named::default();
    for line in lines.iter().map(|reported| &reported.line).filter(|line| line.kind.names_a_payment()) {
        let by_id = line.gateway_payment_id.as_ref().filter(|id| !ids.contains(id.as_str()));
        let by_reference =
            line.merchant_reference.as_ref().filter(|name| !references.contains(name.as_str()));
        // Either name may be one that we were never told; only a payment that neither finds is looked for.
        let known = line.gateway_payment_id.is_some() && by_id.is_none()
            || line.merchant_reference.is_some() && by_reference.is_none();
        if !known {
            named.gateway_ids.extend(by_id.cloned());
            named.references.extend(by_reference.cloned());
        }
    }
    named
}

/// By when the agents must have sent the money of the payments that no payout with its money here names: the designated day of their revenues
/// as it is judged when the money arrives, or the day that the agreement with the agent names, whichever is earlier.
/// Where neither was fixed, nothing is overdue.
fn due_days(
    tx: &mut impl Reads,
    terms: &Terms,
    tenant: &TenantCode,
    payments: &[TakenPayment],
    remitted: &[&ReportedLine],
) -> Result<HashMap<PaymentId, Date>, Failure> {
    let body = terms.catalogue.tenant(tenant);
    let agents: &[Designation] = body.map_or(&[], |body| body.definition.payment_agents.as_slice());
    let (mut references, mut ids) = (HashSet::new(), HashSet::new());
    for reported in remitted.iter().filter(|reported| reported.line.kind == LineKind::Capture) {
        let gateway = reported.gateway.as_str();
        references.extend(reported.line.merchant_reference.as_deref().map(|name| (gateway, name)));
        ids.extend(reported.line.gateway_payment_id.as_deref().map(|id| (gateway, id)));
    }
    let waits = |payment: &&TakenPayment| {
        let (ours, gateway) = (&payment.ours, payment.ours.gateway.as_str());
        let by_id = ours.gateway_payment_id.as_deref().is_some_and(|id| ids.contains(&(gateway, id)));
        !by_id && !references.contains(&(gateway, ours.merchant_reference.as_str()))
    };
    let waiting: Vec<&TakenPayment> = payments.iter().filter(waits).collect();
    let invoices: Vec<InvoiceId> = waiting.iter().flat_map(|payment| payment.invoices.clone()).collect();
    let revenues = sources::revenues(tx, tenant, &invoices)?;
    let due = |payment: &&TakenPayment| {
        let (ours, method) = (&payment.ours, MethodCode::parse(&payment.method)?);
        let taken_on = ours.captured_on?;
        let accounts = payment.invoices.iter().filter_map(|invoice| revenues.get(invoice)).flatten();
        let accounts = accounts.map(String::as_str);
        let designated = remit_by(agents, (&ours.gateway, &method), accounts, taken_on);
        // What the organisation took is no agent's: its terms name the day.
        let pays_in = body
            .filter(|_| ours.gateway == EL_QR)
            .and_then(|body| latest_begun(&body.definition.el_qr, taken_on)?.pays_in_within.as_ref())
            .and_then(|rule| designated_day(rule, taken_on));
        let designated = designated.or(pays_in);
        let within = terms.settles_within.get(&ours.gateway).copied();
        let agreed = body.zip(within).map(|(body, days)| body.calendar.after_open_days(taken_on, days));
        Some((ours.id, designated.into_iter().chain(agreed).min()?))
    };
    Ok(waiting.iter().filter_map(due).collect())
}

fn payout(row: &SettlementRow, matched: &HashSet<SettlementId>) -> Payout {
    let period = row.period_from.zip(row.period_to).map(|(from, to)| (from.0, to.0));
    Payout {
        id: row.id,
        gateway: row.gateway.clone(),
        batch_reference: row.batch_reference.clone(),
        period,
        net: row.net.amount(),
        expected_on: row.payout_on.map_or_else(|| jst_day(row.created_at.0), |day| day.0),
        arrival: match (matched.contains(&row.id), row.arrival_confirmed_by.is_some()) {
            (true, _) => Arrival::Seen,
            (false, true) => Arrival::Attested,
            (false, false) => Arrival::Awaited,
        },
    }
}

/// Writes down that a credit is a payout: the payout has arrived, on the word of the bank.
async fn arrive(
    core: &Core,
    tenant: &TenantCode,
    settlement: SettlementId,
    credit: BankCreditId,
) -> Result<Matched, Failure> {
    let tenant = tenant.clone();
    core.db
        .write(Root::settlement(settlement), move |tx| {
            let found = bank_statements::find_credit(tx, &tenant, credit)?;
            let (row, officer) = found.ok_or_else(|| Failure::Internal(format!("bank credit {credit}")))?;
            let payout = settlements::find(tx, &tenant, settlement)?;
            let attested = payout.filter(|payout| payout.arrival_confirmed_by.is_some());
            if let Some(payout) = attested {
                raise_where_the_days_differ(tx, &payout, &row)?;
            } else {
                let arrival = Arrived {
                    arrived_on: row.credited_on.0,
                    amount: row.amount.amount(),
                    reference: format!("bank_credit:{credit}"),
                };
                let witness = Witness::Statement(officer);
                let recorded = remittance::record_arrival(tx, &tenant, settlement, &arrival, witness)?;
                // The lines come to something else than the payout states: its exception says so.
                if matches!(recorded, Recorded::Differs { .. }) {
                    return Ok(Matched::Known);
                }
            }
            Ok(bank_statements::insert_match(tx, &tenant, credit, settlement)?)
        })
        .await
}

/// Two officers said another day than the bank's, and by theirs it was judged what is paid: somebody must look.
fn raise_where_the_days_differ(
    tx: &mut Tx<'_>,
    payout: &SettlementRow,
    credit: &CreditRow,
) -> Result<(), Failure> {
    if payout.arrived_on == Some(credit.credited_on) {
        return Ok(());
    }
    let facts = json!({ "settlement": payout.id.to_string(), "gateway": payout.gateway, "batch": payout.batch_reference,
        "arrived_on": payout.arrived_on.map(|day| day.0.to_string()), "credited_on": credit.credited_on.0.to_string() });
    let subject = Subject::Settlement(payout.id);
    exceptions::raise(tx, &payout.tenant_id, ExceptionKind::BankMismatch, &subject, facts)?;
    Ok(())
}

async fn raise(core: &Core, tenant: &TenantCode, findings: Vec<Finding>) -> Result<usize, Failure> {
    let tenant = tenant.clone();
    core.db
        .write_alone(vec![], move |tx: &mut Tx<'_>| {
            let mut new = 0;
            for finding in &findings {
                let (kind, facts) = (finding.kind, finding.facts.clone());
                let raised = exceptions::raise(tx, &tenant, kind, &subject(finding.about), facts)?;
                new += usize::from(raised == Raised::New);
            }
            Ok::<_, Failure>(new)
        })
        .await
}

fn subject(about: About) -> Subject {
    match about {
        About::Payment(id) => Subject::Payment(id),
        About::RefundsOf(id) => Subject::Other("refunds_of", id.to_string()),
        About::Line(id) => Subject::Line(id),
        About::Settlement(id) => Subject::Settlement(id),
        About::Credit(id) => Subject::Other("bank_credit", id.to_string()),
    }
}
