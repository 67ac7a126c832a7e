//! After the storm: no more faults, and time enough for everything to be found out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::StormError;
use super::client::Answer;
use super::el_qr;
use super::killer::Lives;
use super::payer::{RunRecord, Stand, reference};
use super::plan::Method;
use super::simulator::Acted;

/// The steps of the first virtual day, in seconds and how often.
const FIRST_DAY: [(u32, u64); 5] = [(6, 15), (10, 60), (8, 300), (10, 1_800), (6, 10_800)];
/// After so many steps the payers who come back come back: every lease, backoff and guard has passed.
const COME_BACK_AFTER: u32 = 24;
/// The steps of the days after it: slips lapse after three, and what lapsed is asked about one, three and seven days later.
const LATER_DAYS: (u32, u64) = (12, 43_200);
/// How long notifications may take to arrive after each step, at most: the gateway itself says when none is left.
const SETTLE_WITHIN: Duration = Duration::from_secs(5);
/// How often jobs and notifications are followed up in one step: each may ask for the other.
const FOLLOW_UP: u32 = 8;
/// Questions to the server at the same time.
const AT_ONCE: usize = 16;

/// What the healing found.
#[derive(Debug)]
pub struct Healed {
    /// How often each fault had hit.
    pub faults_by_id: BTreeMap<String, u64>,
    /// Payments whose outcome was not known after 24 hours.
    pub unresolved: u64,
}

/// Ends the faults and lets the days pass, with every due job run after each step.
pub async fn heal(stand: &Arc<Stand>, lives: &Lives, records: &[RunRecord]) -> Result<Healed, StormError> {
    let mut faults_by_id = stand.simulator.heal().await?;
    let mut step = 0;
    for (times, seconds) in FIRST_DAY {
        for _ in 0..times {
            pass(stand, lives, seconds).await?;
            step += 1;
            if step == COME_BACK_AFTER {
                *faults_by_id.entry("F30".to_owned()).or_default() += come_back(stand, records).await?;
            }
        }
    }
    // What was paid by number after the last file is told of now, long after it was paid.
    stand.treasury.collect(stand).await?;
    let unresolved = unresolved(stand, records).await?;
    for _ in 0..LATER_DAYS.0 {
        pass(stand, lives, LATER_DAYS.1).await?;
    }
    Ok(Healed { faults_by_id, unresolved })
}

/// One step of time. It is over when the gateway has nothing more to tell and the server nothing more to do, so no step
/// waits longer than it has to, and none ends with news under way.
async fn pass(stand: &Stand, lives: &Lives, seconds: u64) -> Result<(), StormError> {
    let drill = lives.drill();
    stand.time.advance(Duration::from_secs(seconds), &stand.simulator, Some(&drill)).await?;
    for _ in 0..FOLLOW_UP {
        stand.simulator.settled(SETTLE_WITHIN).await?;
        if drill.drain().await? == 0 {
            break;
        }
    }
    Ok(())
}

/// Payers who left come back and pay wherever they still can; gives how often that was too late by our books (F30).
async fn come_back(stand: &Arc<Stand>, records: &[RunRecord]) -> Result<u64, StormError> {
    let (mut coming, mut late) = (JoinSet::new(), 0);
    for record in records {
        let Some(method) = record.comes_back else { continue };
        if let Some(number) = &record.el_number {
            el_qr::pays(stand, number).await?;
            continue;
        }
        for payment in &record.payments {
            if coming.len() >= AT_ONCE {
                late += u64::from(joined(coming.join_next().await)? == Some(Came::Late));
            }
            let (stand, payment) = (Arc::clone(stand), payment.clone());
            coming.spawn(async move { pay_now(&stand, &payment, method).await });
        }
    }
    while let Some(came) = joined(coming.join_next().await)? {
        late += u64::from(came == Came::Late);
    }
    Ok(late)
}

/// How somebody who came back fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    /// The gateway took the money, of a payment that had ended here.
    Late,
    /// It took it in time, or not at all.
    Otherwise,
}

async fn pay_now(stand: &Stand, payment: &str, method: Method) -> Result<Came, StormError> {
    let applicant = stand.counter.people().applicant;
    let shown = stand.counter.get(applicant, &format!("payments/{payment}")).await?;
    let Some(line) = stand.simulator.truth_of(&reference(payment)).await? else { return Ok(Came::Otherwise) };
    let has_slip = method.has_slip() && line.session_status == "completed";
    let acts = if has_slip { method.remaining_acts() } else { method.acts() };
    let acted = stand.simulator.act(&stand.simulator.page(&line.session_id), acts).await?;
    let had_ended = matches!(shown.text("/state"), Some("expired" | "canceled" | "failed"));
    Ok(if had_ended && acted == Acted::Taken { Came::Late } else { Came::Otherwise })
}

/// How many payments have no known outcome, as the payer sees them.
async fn unresolved(stand: &Arc<Stand>, records: &[RunRecord]) -> Result<u64, StormError> {
    let payments = records.iter().flat_map(|record| &record.payments);
    let states =
        look(stand, payments.map(|payment| (payment.clone(), format!("payments/{payment}")))).await?;
    let unknown = |(_, answer): &&(String, Answer)| {
        matches!(answer.text("/state"), Some("created" | "submitting" | "processing" | "unknown"))
    };
    Ok(u64::try_from(states.iter().filter(unknown).count()).unwrap_or(u64::MAX))
}

/// Looks at many things in the applicant's name: what it was asked for, and the answer.
pub async fn look(
    stand: &Arc<Stand>,
    paths: impl Iterator<Item = (String, String)>,
) -> Result<Vec<(String, Answer)>, StormError> {
    let (mut asking, mut found) = (JoinSet::new(), Vec::new());
    for (name, path) in paths {
        if asking.len() >= AT_ONCE {
            found.extend(joined(asking.join_next().await)?);
        }
        let stand = Arc::clone(stand);
        asking.spawn(async move {
            let answer = stand.counter.get(stand.counter.people().applicant, &path).await?;
            Ok((name, answer))
        });
    }
    while let Some(answer) = joined(asking.join_next().await)? {
        found.push(answer);
    }
    Ok(found)
}

type Joined<T> = Option<Result<Result<T, StormError>, tokio::task::JoinError>>;

fn joined<T>(ended: Joined<T>) -> Result<Option<T>, StormError> {
    match ended {
        None => Ok(None),
        Some(Ok(answer)) => answer.map(Some),
        Some(Err(error)) => Err(StormError::Failed(error.to_string())),
    }
}
