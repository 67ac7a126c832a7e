//! Payouts (払込) as the gateways' interfaces give them: listed again and again, fetched when new or issued anew, taken in
//! as an accountant's upload is.
//!
//! Invariants: a report is taken in whole, with its file, in one transaction, or nothing of it is; fetched twice, late or after
//! an upload it is one payout. What cannot be had is asked for again with growing pauses, and again at the next look; where
//! waiting does not help, an exception tells a person (F34–F37). No question to a gateway stands inside of a transaction.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::json;

use super::exceptions::{self, Subject};
use super::settlement_intake::{self, Source};
use super::{Core, Failure, JobEnd};
use crate::domain::calendar::jst_day;
use crate::domain::id::TenantCode;
use crate::domain::payment::{OutcomeKind, TransportKind};
use crate::domain::settlement::{Concern, ExceptionKind, ReportOrigin, report_concern};
use crate::gateway::{FetchedReport, ListedSettlement, MerchantAccount, Outcome, ReportedDays, Transport};
use crate::seal::sha256_hex;
use crate::store::settlements::{self, SourceIs};
use crate::store::{Reads, Root, Tx, jobs};

/// Kind of the periodic job that looks at the payouts of every account.
pub const FETCH_SETTLEMENTS: &str = "fetch_settlements";

/// Kind of the job that lists the payouts of one account; its subject is the account's name.
pub const LIST_SETTLEMENTS: &str = "list_settlements";

/// Kind of the job that fetches one report; its subject is the account's name, a colon, and the gateway's id of the payout.
pub const FETCH_REPORT: &str = "fetch_settlement_report";

/// The longest pause that a gateway may ask for.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// The longest name of a payout or a line that is kept, in bytes.
const LONGEST_NAME: usize = 200;

/// Which attempt of a job this is, from 1.
#[derive(Clone, Copy, Debug)]
pub struct Attempt(pub i64);

/// Asks for a look at the payouts of every account that pays out to a body.
pub async fn ask_all(core: &Core) -> Result<JobEnd, Failure> {
    let accounts: Vec<(TenantCode, String)> =
        core.gateways.paying_out().map(|(tenant, account)| (tenant.clone(), account.name.clone())).collect();
    core.db
        .write_alone(vec![], move |tx| {
            let now = tx.now();
            for (tenant, gateway) in &accounts {
                jobs::enqueue_again(tx, tenant.as_str(), LIST_SETTLEMENTS, gateway, now)?;
            }
            Ok::<_, Failure>(JobEnd::Done)
        })
        .await
}

/// The account, if it still pays out to the body: settings change while jobs wait.
fn account<'a>(core: &'a Core, tenant: &TenantCode, gateway: &str) -> Option<&'a Arc<MerchantAccount>> {
    let account = core.gateways.find(tenant, gateway)?;
    (account.payouts_to.as_ref() == Some(tenant)).then_some(account)
}

/// Lists the payouts of an account, and asks for the report of each that is new, young, or issued anew.
pub async fn list(
    core: &Arc<Core>,
    tenant: TenantCode,
    gateway: &str,
    attempt: Attempt,
) -> Result<JobEnd, Failure> {
    let Some(account) = account(core, &tenant, gateway) else { return Ok(JobEnd::Done) };
    let (now, today) = (core.clock.now(), jst_day(core.clock.now()));
    let (of, name) = (tenant.clone(), gateway.to_owned());
    let last = core.db.read(move |tx| Ok::<_, Failure>(settlements::youngest_of(tx, &of, &name)?)).await?;
    let last = last.map(|row| row.payout_on.map_or_else(|| jst_day(row.created_at.0), |day| day.0));
    let look_back = core.settings.payments.payout_look_back_days;
    let from = today.saturating_sub(look_back.days()).min(last.unwrap_or(today));
    let listed = account.list_settlements(ReportedDays { from, to: today }, now).await;
    count(gateway, "list", &listed);
    let listed = match listed.answer::<()>() {
        Ok(listed) => listed,
        // Another day is another trouble, which may need a person again.
        Err(other) => return trouble(core, &tenant, format!("{gateway}:{today}"), other, attempt).await,
    };
    let refresh_from = today.saturating_sub(core.settings.payments.payout_refresh_days.days());
    let gateway = gateway.to_owned();
    core.db
        .write_alone(vec![], move |tx| {
            let now = tx.now();
            for settlement in &listed {
                if is_wanted(tx, &tenant, &gateway, settlement, refresh_from)? {
                    let subject = format!("{gateway}:{}", settlement.gateway_settlement_id);
                    jobs::enqueue_again(tx, tenant.as_str(), FETCH_REPORT, &subject, now)?;
                }
            }
            Ok::<_, Failure>(JobEnd::Done)
        })
        .await
}

/// Whether a listed payout is to be fetched: it is not known, states something else than is known, or may still change.
fn is_wanted(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    gateway: &str,
    listed: &ListedSettlement,
    refresh_from: Date,
) -> Result<bool, Failure> {
    let known = settlements::find_by_reference(tx, tenant, gateway, &listed.batch_reference)?;
    Ok(listed.made_on >= refresh_from || known.is_none_or(|row| row.net != listed.net))
}

/// Fetches one report and takes it in.
pub async fn fetch(
    core: &Arc<Core>,
    tenant: TenantCode,
    subject: &str,
    attempt: Attempt,
) -> Result<JobEnd, Failure> {
    let unknown = || Failure::Internal(format!("no settlement is called {subject}"));
    let (gateway, id) = subject.split_once(':').ok_or_else(unknown)?;
    let Some(account) = account(core, &tenant, gateway) else { return Ok(JobEnd::Done) };
    let fetched = account.settlement_report(id, core.clock.now()).await;
    let fetched = match fetched {
        Outcome::Done(fetched) if !is_usable(&fetched) => Outcome::Unknown(strange()),
        other => other,
    };
    count(gateway, "report", &fetched);
    let fetched = match fetched.answer::<()>() {
        Ok(fetched) => fetched,
        Err(other) => return trouble(core, &tenant, subject.to_owned(), other, attempt).await,
    };
    take_in(core, tenant, fetched).await
}

/// Whether the names in a report can be kept.
fn is_usable(fetched: &FetchedReport) -> bool {
    let fits =
        |name: &str| !name.is_empty() && name.len() <= LONGEST_NAME && !name.contains(char::is_control);
    let report = &fetched.report;
    let mut names = report.lines.iter().flat_map(|line| {
        let others = [line.merchant_reference.as_deref(), line.gateway_payment_id.as_deref()];
        others.into_iter().flatten().chain([line.line_key.as_str()])
    });
    fits(&report.batch.batch_reference) && names.all(fits)
}

fn strange() -> Transport {
    Transport {
        kind: TransportKind::Unreadable,
        detail: "a name in the report cannot be kept".to_owned(),
        retry_after_s: None,
    }
}

async fn take_in(core: &Arc<Core>, tenant: TenantCode, fetched: FetchedReport) -> Result<JobEnd, Failure> {
    let (of, batch) = (tenant.clone(), fetched.report.batch.clone());
    let known = core.db.read(move |tx| {
        Ok::<_, Failure>(settlements::find_by_reference(tx, &of, &batch.gateway, &batch.batch_reference)?)
    });
    // A payout that does not exist yet has no root to lock; its name is unique.
    let roots: Vec<Root> = known.await?.map(|row| Root::settlement(row.id)).into_iter().collect();
    let inner = Arc::clone(core);
    core.db
        .write_alone(roots, move |tx: &mut Tx<'_>| {
            let gateway = &fetched.report.batch.gateway;
            let sha256 = sha256_hex(&fetched.file);
            if settlements::source_is(tx, &tenant, gateway, &sha256)? == SourceIs::Known {
                return Ok::<_, Failure>(JobEnd::Done);
            }
            let source = Source { origin: ReportOrigin::Api, imported_by: None, file: &fetched.file };
            settlement_intake::keep_file(tx, &inner, &tenant, gateway, &source)?;
            let row = settlement_intake::take_in(tx, &tenant, &fetched.report, &source)?;
            tracing::info!(%tenant, gateway = row.gateway, batch = row.batch_reference, lines = row.line_count, "a payout was fetched");
            Ok(JobEnd::Done)
        })
        .await
}

/// What becomes of a question that was not answered: it is asked again, and a person hears of it where waiting does not help.
async fn trouble(
    core: &Core,
    tenant: &TenantCode,
    about: String,
    outcome: Outcome<()>,
    Attempt(attempt): Attempt,
) -> Result<JobEnd, Failure> {
    let reason = reason(&outcome);
    if report_concern(outcome.kind(), attempt) == Concern::Person {
        let (of, facts) = (tenant.clone(), json!({ "report": about, "reason": reason, "attempt": attempt }));
        let subject = Subject::Other("report", about.clone());
        let raise = move |tx: &mut Tx<'_>| {
            exceptions::raise(tx, &of, ExceptionKind::UnreadableReport, &subject, facts.clone())
        };
        core.db.write_alone(vec![], raise).await?;
    }
    match pause(&outcome) {
        Some(pause) => Ok(JobEnd::Again(after(core.clock.now(), pause))),
        None => Err(Failure::Internal(format!("the report {about} was not had: {reason}"))),
    }
}

/// How long the gateway asks us to wait, if it does.
fn pause(outcome: &Outcome<()>) -> Option<SignedDuration> {
    let (Outcome::NotSent(transport) | Outcome::Unknown(transport)) = outcome else { return None };
    let seconds = i64::from(transport.retry_after_s?).max(1);
    Some(SignedDuration::from_secs(seconds).min(LONGEST_PAUSE))
}

fn after(now: Timestamp, pause: SignedDuration) -> Timestamp {
    now.checked_add(pause).unwrap_or(now)
}

/// What is said of the trouble: the vendor's code, never its words, which may be about somebody.
fn reason(outcome: &Outcome<()>) -> String {
    match outcome {
        Outcome::Done(()) => "done".to_owned(),
        Outcome::Declined(decline) => format!("refused:{}", decline.code),
        Outcome::Rejected(problem) => format!("refused:{}", problem.code),
        Outcome::NotSent(transport) | Outcome::Unknown(transport) => {
            format!("{:?}: {}", transport.kind, transport.detail)
        }
    }
}

fn count<T>(gateway: &str, question: &'static str, outcome: &Outcome<T>) {
    let answer = match outcome.kind() {
        OutcomeKind::Done => "done",
        OutcomeKind::Declined | OutcomeKind::Rejected => "refused",
        OutcomeKind::NotSent | OutcomeKind::Unknown(_) => "unknown",
    };
    let gateway = gateway.to_owned();
    metrics::counter!("madoguchi_settlement_reports_total", "gateway" => gateway, "question" => question, "answer" => answer)
        .increment(1);
}
