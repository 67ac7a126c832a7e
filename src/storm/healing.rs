//! After the storm: no more faults, and time enough for everything to be found out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::StormError;
use super::killer::Lives;
use super::payer::{RunRecord, Stand, reference};
use super::plan::Method;

/// The steps of the first virtual day, in seconds and how often.
const FIRST_DAY: [(u32, u64); 5] = [(6, 15), (10, 60), (8, 300), (10, 1_800), (6, 10_800)];
/// After so many steps the payers who come back come back: every lease, backoff and guard has passed.
const COME_BACK_AFTER: u32 = 24;
/// The steps of the days after it: slips lapse after three, and what lapsed is asked about once more a day later.
const LATER_DAYS: (u32, u64) = (12, 43_200);
/// How long notifications may take to arrive after each step.
const SETTLE: Duration = Duration::from_millis(120);
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
    let faults_by_id = stand.simulator.heal().await?;
    let mut step = 0;
    for (times, seconds) in FIRST_DAY {
        for _ in 0..times {
            pass(stand, lives, seconds).await?;
            step += 1;
            if step == COME_BACK_AFTER {
                come_back(stand, records).await?;
            }
        }
    }
    let unresolved = unresolved(stand, records).await?;
    for _ in 0..LATER_DAYS.0 {
        pass(stand, lives, LATER_DAYS.1).await?;
    }
    Ok(Healed { faults_by_id, unresolved })
}

async fn pass(stand: &Stand, lives: &Lives, seconds: u64) -> Result<(), StormError> {
    let drill = lives.drill();
    stand.time.advance(Duration::from_secs(seconds), &stand.simulator, Some(&drill)).await?;
    drill.drain().await?;
    sleep(SETTLE).await;
    drill.drain().await?;
    Ok(())
}

/// Payers who left come back and pay wherever they still can.
async fn come_back(stand: &Stand, records: &[RunRecord]) -> Result<(), StormError> {
    for record in records {
        let Some(method) = record.comes_back else { continue };
        for payment in &record.payments {
            let Some(line) = stand.simulator.truth_of(&reference(payment)).await? else { continue };
            let has_slip = method == Method::Konbini && line.session_status == "completed";
            let acts = if has_slip { &[("konbini/pay", "")] } else { method.acts() };
            stand.simulator.act(&stand.simulator.page(&line.session_id), acts).await?;
        }
    }
    Ok(())
}

/// How many payments have no known outcome, as the payer sees them.
async fn unresolved(stand: &Arc<Stand>, records: &[RunRecord]) -> Result<u64, StormError> {
    let payments = records.iter().flat_map(|record| &record.payments);
    let states =
        look(stand, payments.map(|payment| (payment.clone(), format!("payments/{payment}")))).await?;
    let unknown = |state: &&(String, u16, String)| {
        matches!(state.2.as_str(), "created" | "submitting" | "processing" | "unknown")
    };
    Ok(u64::try_from(states.iter().filter(unknown).count()).unwrap_or(u64::MAX))
}

/// The invoices for which a confirmation can be read.
pub async fn receipts(stand: &Arc<Stand>, records: &[RunRecord]) -> Result<BTreeSet<String>, StormError> {
    let paths =
        records.iter().map(|record| (record.invoice.clone(), format!("invoices/{}/receipt", record.invoice)));
    let answers = look(stand, paths).await?;
    Ok(answers.into_iter().filter(|(_, status, _)| *status == 200).map(|(invoice, _, _)| invoice).collect())
}

/// Looks at many things in the applicant's name: what it was asked for, status and state.
async fn look(
    stand: &Arc<Stand>,
    paths: impl Iterator<Item = (String, String)>,
) -> Result<Vec<(String, u16, String)>, StormError> {
    let (mut asking, mut found) = (JoinSet::new(), Vec::new());
    for (name, path) in paths {
        if asking.len() >= AT_ONCE {
            found.extend(joined(asking.join_next().await)?);
        }
        let stand = Arc::clone(stand);
        asking.spawn(async move {
            let answer = stand.counter.get(stand.counter.people().applicant, &path).await?;
            let state = answer.text("/state").unwrap_or_default().to_owned();
            Ok((name, answer.status, state))
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
