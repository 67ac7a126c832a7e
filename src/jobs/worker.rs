//! The worker: claim with a lease, commit, run, record under the lease's number.
//!
//! Any number of workers may share one database. A job that panics or fails is tried again after a growing pause and
//! after its last attempt left as `failed` for a person to look at.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::SignedDuration;
use tokio::sync::{Mutex, watch};

use super::{Job, JobEnd, LAST_ATTEMPT, backoff, carry_out, periodic};
use crate::service::{Core, Failure};
use crate::store::StoreError;
use crate::store::jobs::{ClaimedJob, Ending, Recorded, claim_due, depth, record};

/// Jobs that one worker runs side by side.
const SIDE_BY_SIDE: i64 = 8;

/// One worker; its clones are the same worker.
#[derive(Clone)]
pub struct Worker {
    core: Arc<Core>,
    /// Held for a round, so that `drain` ends only after what the loop had claimed.
    round: Arc<Mutex<()>>,
    /// The periods already asked for by this worker.
    periods: Arc<StdMutex<HashMap<&'static str, i64>>>,
}

impl Worker {
    /// A worker over the parts of the running program.
    pub fn new(core: Arc<Core>) -> Self {
        Self { core, round: Arc::default(), periods: Arc::default() }
    }

    /// Works until `stop` turns true; what was begun is finished first.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        let idle = Duration::from_millis(self.core.settings.worker.idle_ms);
        while !*stop.borrow() {
            let pause = match self.round().await {
                Ok(0) => idle,
                Ok(_) => continue,
                Err(error) => {
                    tracing::error!(error.internal = %error, "the worker could not look at its queue");
                    idle.max(Duration::from_secs(1))
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                // An error means that nobody can say stop any more, which is a stop.
                changed = stop.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Runs everything that is due, including what becomes due by it, and says how many jobs ran.
    pub async fn drain(&self) -> Result<usize, Failure> {
        let mut ran = 0;
        loop {
            match self.round().await? {
                0 => return Ok(ran),
                count => ran += count,
            }
        }
    }

    /// Claims one handful, runs it and records it; says how many there were.
    async fn round(&self) -> Result<usize, Failure> {
        let _alone = self.round.lock().await;
        self.ask_for_periodic().await?;
        let lease = SignedDuration::from_millis(self.core.settings.worker.lease_ms);
        let claimed = self.core.db.write_alone(vec![], move |tx| claim_due(tx, SIDE_BY_SIDE, lease)).await?;
        let queue = self.core.db.read(|tx| depth(tx)).await?;
        set_gauge("madoguchi_jobs_due", queue.due);
        set_gauge("madoguchi_jobs_failed", queue.failed);
        let count = claimed.len();
        for ended in join_all(claimed.into_iter().map(|job| self.work(job))).await {
            ended?;
        }
        Ok(count)
    }

    async fn ask_for_periodic(&self) -> Result<(), StoreError> {
        let now = self.core.clock.now();
        let wanted: Vec<_> = {
            let mut periods = self.periods.lock().unwrap_or_else(PoisonError::into_inner);
            let fresh = |periodic: &super::Periodic| {
                periods.insert(periodic.kind, periodic.period(now)) != Some(periodic.period(now))
            };
            periodic(&self.core).into_iter().filter(fresh).collect()
        };
        for periodic in wanted {
            self.core.db.write_alone(vec![], move |tx| periodic.enqueue(tx, now)).await?;
        }
        Ok(())
    }

    async fn work(&self, job: ClaimedJob) -> Result<(), StoreError> {
        let ending = self.run_one(&job).await;
        let outcome = match &ending {
            Ending::Done => "done",
            Ending::Again(_) => "again",
            Ending::Retry { .. } => "retry",
            Ending::Failed { .. } => "failed",
        };
        metrics::counter!("madoguchi_jobs_total", "kind" => job.kind.clone(), "outcome" => outcome)
            .increment(1);
        let (held, written) = (job.clone(), ending.clone());
        let recorded = self.core.db.write_alone(vec![], move |tx| record(tx, &held, &written)).await?;
        if recorded == Recorded::LeaseLost {
            tracing::warn!(job.id = %job.id, job.kind, job.lease_no, "a job's lease was lost; its result is discarded");
        }
        Ok(())
    }

    /// Runs a job on a task of its own, so that a panic ends only that job.
    async fn run_one(&self, claimed: &ClaimedJob) -> Ending {
        let job = match Job::parse(&claimed.kind, &claimed.subject) {
            Ok(job) => job,
            Err(unknown) => return Ending::Failed { error: unknown.to_string() },
        };
        let (core, handed) = (Arc::clone(&self.core), claimed.clone());
        let error = match tokio::spawn(async move { carry_out(&core, job, &handed).await }).await {
            Ok(Ok(JobEnd::Done)) => return Ending::Done,
            Ok(Ok(JobEnd::Again(at))) => return Ending::Again(at),
            Ok(Err(failure)) => failure.to_string(),
            Err(panicked) => panicked.to_string(),
        };
        let attempt = claimed.attempts + 1;
        tracing::warn!(job.id = %claimed.id, job.kind = claimed.kind, job.attempt = attempt, error.internal = %error, "a job failed");
        if attempt >= LAST_ATTEMPT {
            return Ending::Failed { error };
        }
        let now = self.core.clock.now();
        Ending::Retry { at: now.checked_add(backoff(attempt)).unwrap_or(now), error }
    }
}

fn set_gauge(name: &'static str, value: i64) {
    // Counts of rows stay far below where a float loses whole numbers.
    metrics::gauge!(name).set(f64::from(i32::try_from(value).unwrap_or(i32::MAX)));
}
