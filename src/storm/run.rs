//! A whole storm: payers and kills, healing, judgement.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::child::ServerPlace;
use super::client::{Counter, http};
use super::examples::Examples;
use super::gate::Gate;
use super::judge::{self, Confirmed, Counts, TooMuch};
use super::killer::{Lives, TICK};
use super::payer::{Payer, RunRecord, Stand};
use super::report::Report;
use super::simulator::Simulator;
use super::stranger::Secrets;
use super::time::VirtualTime;
use super::treasury::{self, Treasury};
use super::{StormError, books, confirmations, healing, naive};
use crate::service::ledger_check;
use crate::store::Db;

/// How often progress is shown.
const SAY_EVERY: Duration = Duration::from_secs(5);

/// Somebody with an account.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// The address to sign in with.
    pub email: &'static str,
}

/// Everybody in a storm.
#[derive(Clone, Debug)]
pub struct People {
    /// Who applies and pays.
    pub applicant: Person,
    /// Who takes money at the counter.
    pub clerk: Person,
    /// Who fixes the charge for the use of a road.
    pub road_clerk: Person,
    /// Who asks for refunds.
    pub accountant: Person,
    /// Who approves them.
    pub chief: Person,
    /// Everybody's password.
    pub password: &'static str,
}

/// What a storm needs.
#[derive(Clone, Debug)]
pub struct StormSettings {
    /// `sqlite` or `postgres`, for the report.
    pub backend: &'static str,
    /// How many runs.
    pub runs: u64,
    /// From which all plans follow.
    pub seed: u64,
    /// Runs at the same time.
    pub payers: u64,
    /// Runs from one kill to the next.
    pub runs_per_kill: u64,
    /// How the server is started.
    pub place: ServerPlace,
    /// The people, who have their accounts already.
    pub people: People,
    /// The gateways' secrets by setting, such as `komoju_webhook_secret`.
    pub secrets: BTreeMap<String, String>,
    /// The careless adapter's own simulator.
    pub naive_simulator: String,
}

/// Lets it storm over a database that is up to date and has the people in it.
pub async fn run(settings: StormSettings, db: &Db) -> Result<Report, StormError> {
    let began = Instant::now();
    let stand = Arc::new(stand(&settings)?);
    // The server reaches its gateways through the gate; payers and judge go to them directly.
    let mut place = settings.place.clone();
    place.gateways.simulator = stand.gate.base();
    let lives = Lives::begin(place, settings.seed).await?;
    let (lives, records) = blow(&settings, &stand, lives).await?;
    progress("the storm is over; healing, while the careless adapter goes through the same plans");
    // Two houses with a simulator each: neither can see the other, so they need not wait for each other.
    let careless = naive::run(&settings, &stand.http, &stand.secrets);
    let (judged, naive) = tokio::join!(heal_and_judge(&settings, &stand, lives, &records, db), careless);
    let Judged { kills, deaths, elsewhere, mut faults_by_id, counts } = judged?;
    for id in records.iter().flat_map(|record| &record.by_hand) {
        *faults_by_id.entry((*id).to_owned()).or_default() += 1;
    }
    let of_several = records.iter().filter(|record| record.beside.is_some() && !record.payments.is_empty());
    let by_link = records.iter().filter(|record| record.link.is_some() && !record.payments.is_empty());
    Ok(Report {
        backend: settings.backend,
        seed: settings.seed,
        runs: settings.runs,
        kills_by_point: kills,
        kills_elsewhere: elsewhere,
        deaths,
        acts_of_several_invoices: u64::try_from(of_several.count()).unwrap_or(u64::MAX),
        paid_by_link: u64::try_from(by_link.count()).unwrap_or(u64::MAX),
        faults_by_id,
        counts,
        naive: naive?,
        virtual_hours: stand.time.shift_ms() / 3_600_000,
        seconds: began.elapsed().as_secs(),
    })
}

/// What became of the runs.
struct Judged {
    kills: BTreeMap<&'static str, u64>,
    deaths: u64,
    elsewhere: u64,
    faults_by_id: BTreeMap<String, u64>,
    counts: Counts,
}

/// Lets everything be found out, ends the last life, and judges what it left.
async fn heal_and_judge(
    settings: &StormSettings,
    stand: &Arc<Stand>,
    lives: Lives,
    records: &[RunRecord],
    db: &Db,
) -> Result<Judged, StormError> {
    let healed = healing::heal(stand, &lives, records).await?;
    let mut in_hand = confirmations::in_hand(stand, records, &settings.place.folder.join("mail")).await?;
    let proposed = treasury::proposed(stand).await?;
    let (kills, deaths, elsewhere) = (lives.kills().clone(), lives.deaths(), lives.elsewhere());
    lives.end().await?;
    progress("judging");
    let truth = stand.simulator.truth().await?;
    let mut counts = Counts { unresolved_unknown: healed.unresolved, ..Counts::default() };
    for record in records {
        counts.wrong_final_states += record.believed + record.headroom_lost;
        for debt in record.debts() {
            let confirmed = in_hand.remove(&debt.invoice).unwrap_or(Confirmed::NotOffered);
            // Whoever pays by number asks for nothing back, so that all of it must still be proposed.
            let too_much = match record.el_number {
                Some(_) if proposed.contains(&debt.invoice) => TooMuch::Proposed,
                Some(_) => TooMuch::Untold,
                None => TooMuch::NotLookedAt,
            };
            let found = books::read(db, (record, debt), (confirmed, too_much), settings.seed).await?;
            let verdict = judge::judge(&found, &truth);
            if verdict != Counts::default() {
                progress(&format!("run {}: {verdict:?}\n  {found:?}", record.number));
                for payment in &found.payments {
                    progress(&format!("  truth: {:?}", truth.get(&payment.reference)));
                }
            }
            counts.add(&verdict);
        }
    }
    let reports = ledger_check::check(db).await.map_err(|failure| StormError::Failed(failure.to_string()))?;
    for finding in reports.iter().flat_map(|report| &report.findings) {
        counts.unbalanced_postings += 1;
        progress(&format!("ledger: {finding:?}"));
    }
    Ok(Judged { kills, deaths, elsewhere, faults_by_id: healed.faults_by_id, counts })
}

fn stand(settings: &StormSettings) -> Result<Stand, StormError> {
    let http = http()?;
    let server = format!("http://127.0.0.1:{}", settings.place.port);
    let secret = |name: &str| settings.secrets.get(name).cloned().unwrap_or_default();
    let simulator = settings.place.gateways.simulator.clone();
    let behind = simulator.trim_start_matches("http://").parse();
    let behind = behind.map_err(|_| StormError::Failed(format!("no address: {simulator}")))?;
    Ok(Stand {
        counter: Counter::new(http.clone(), server.clone(), settings.people.clone()),
        simulator: Simulator::new(http.clone(), simulator),
        time: VirtualTime::default(),
        http,
        server,
        secrets: Secrets {
            komoju_key: secret("komoju_secret_key"),
            komoju_webhook: secret("komoju_webhook_secret"),
            stripe_key: secret("stripe_secret_key"),
            stripe_webhook: secret("stripe_webhook_secret"),
        },
        gate: Gate::before(behind)?,
        examples: Examples::default(),
        treasury: Treasury::default(),
    })
}

/// All runs, while the server is killed again and again.
async fn blow(
    settings: &StormSettings,
    stand: &Arc<Stand>,
    mut lives: Lives,
) -> Result<(Lives, Vec<RunRecord>), StormError> {
    let (next, finished) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut payers = JoinSet::new();
    for _ in 0..settings.payers.min(settings.runs) {
        let (stand, next, finished) = (Arc::clone(stand), Arc::clone(&next), Arc::clone(&finished));
        let (runs, seed) = (settings.runs, settings.seed);
        payers.spawn(async move {
            let mut records = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::SeqCst);
                if number >= runs {
                    return Ok::<_, StormError>(records);
                }
                let run = Payer::run(Arc::clone(&stand), seed, number).await;
                records.push(run.map_err(|error| StormError::Failed(format!("run {number}: {error}")))?);
                finished.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    let (mut said, mut kill_at, mut records) = (Instant::now(), settings.runs_per_kill, Vec::new());
    loop {
        while let Some(ended) = payers.try_join_next() {
            let ended = ended.map_err(|error| StormError::Failed(error.to_string()))?;
            records.extend(ended?);
        }
        if payers.is_empty() {
            records.sort_by_key(|record: &RunRecord| record.number);
            return Ok((lives, records));
        }
        let done = finished.load(Ordering::SeqCst);
        if done >= kill_at {
            lives = lives.kill(stand).await?;
            kill_at = done + settings.runs_per_kill;
        } else {
            lives.tick(stand).await?;
            sleep(TICK).await;
        }
        if said.elapsed() > SAY_EVERY {
            said = Instant::now();
            let hours = stand.time.shift_ms() / 3_600_000;
            progress(&format!(
                "{done}/{} runs, {} kills, {hours} virtual hours",
                settings.runs,
                lives.deaths()
            ));
        }
    }
}

/// A line for whoever watches.
pub fn progress(line: &str) {
    // A terminal that is gone cannot be told anything.
    let _ = writeln!(std::io::stderr(), "storm: {line}");
}
