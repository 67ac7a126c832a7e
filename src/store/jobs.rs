//! Work to be carried out later (`jobs`): written with the change that causes it, claimed with a lease.
//!
//! Invariants: one row for each (tenant, kind, subject), so what is asked for twice is done once; every claim raises
//! `lease_no`, and a result is recorded only under the number it was claimed with, so a worker that was too slow cannot
//! overwrite what its successor did.

use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp};

use super::schema::jobs;
use super::sql::{Micros, for_claim, or_ignore};
use super::{Reads, StoreError, Tx};
use crate::domain::id::JobId;

/// In place of a tenant's code: the job belongs to the whole installation.
pub const ALL_TENANTS: &str = "*";

/// What became of a wish to have a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enqueued {
    /// It is in the queue now.
    New,
    /// It was asked for before; whatever became of it, nothing was changed.
    AlreadyThere,
}

/// A job that this worker holds until its lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedJob {
    /// A tenant's code or [`ALL_TENANTS`].
    pub tenant: String,
    /// Its id: the same at every attempt.
    pub id: JobId,
    /// What is to be done.
    pub kind: String,
    /// What it is done to.
    pub subject: String,
    /// The number of this claim.
    pub lease_no: i64,
    /// How often it was attempted before.
    pub attempts: i64,
}

/// Whether a result was written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is stored.
    Stored,
    /// Somebody else holds the job now; the result is worth nothing.
    LeaseLost,
}

/// Asks for a job. Part of the caller's transaction: the job exists exactly if the change does.
pub fn enqueue(
    tx: &mut Tx<'_>,
    tenant: &str,
    kind: &str,
    subject: &str,
    run_at: Timestamp,
) -> Result<Enqueued, StoreError> {
    let row = (
        jobs::tenant_id.eq(tenant),
        jobs::id.eq(JobId(tx.new_id())),
        jobs::kind.eq(kind),
        jobs::subject.eq(subject),
        jobs::state.eq("ready"),
        jobs::run_at.eq(Micros(run_at)),
        jobs::lease_no.eq(0_i64),
        jobs::attempts.eq(0_i64),
        jobs::created_at.eq(Micros(tx.now())),
    );
    let added = or_ignore(diesel::insert_into(jobs::table).values(row)).execute(tx.change())?;
    Ok(if added == 0 { Enqueued::AlreadyThere } else { Enqueued::New })
}

/// Asks for a job that may have run before: it is run (again) at `run_at`, or earlier if it was due earlier.
///
/// One that runs right now loses its lease: its result is discarded and it runs again.
pub fn enqueue_again(
    tx: &mut Tx<'_>,
    tenant: &str,
    kind: &str,
    subject: &str,
    run_at: Timestamp,
) -> Result<Enqueued, StoreError> {
    if enqueue(tx, tenant, kind, subject, run_at)? == Enqueued::New {
        return Ok(Enqueued::New);
    }
    let same = jobs::tenant_id.eq(tenant).and(jobs::kind.eq(kind)).and(jobs::subject.eq(subject));
    let later_or_not_ready = jobs::state.ne("ready").or(jobs::run_at.gt(Micros(run_at)));
    diesel::update(jobs::table.filter(same).filter(later_or_not_ready))
        .set((
            jobs::state.eq("ready"),
            jobs::run_at.eq(Micros(run_at)),
            jobs::lease_no.eq(jobs::lease_no + 1),
            jobs::leased_until.eq(None::<Micros>),
            jobs::attempts.eq(0_i64),
        ))
        .execute(tx.change())?;
    Ok(Enqueued::AlreadyThere)
}

/// Claims up to `limit` jobs that are due, or whose worker let its lease run out, oldest first.
pub fn claim_due(tx: &mut Tx<'_>, limit: i64, lease: SignedDuration) -> Result<Vec<ClaimedJob>, StoreError> {
    type Row = (String, JobId, String, String, i64, i64);
    let now = tx.now();
    let due = jobs::table
        .filter(jobs::state.eq_any(["ready", "running"]))
        .filter(jobs::run_at.le(Micros(now)))
        .filter(jobs::state.eq("ready").or(jobs::leased_until.lt(Micros(now))))
        .order((jobs::run_at, jobs::id))
        .limit(limit)
        .select((jobs::tenant_id, jobs::id, jobs::kind, jobs::subject, jobs::lease_no, jobs::attempts));
    let rows: Vec<Row> = for_claim(due).load(tx.read())?;
    let leased_until = now.checked_add(lease).unwrap_or(now);
    let mut claimed = Vec::with_capacity(rows.len());
    for (tenant, id, kind, subject, lease_no, attempts) in rows {
        let lease_no = lease_no + 1;
        diesel::update(jobs::table.find((&tenant, id)))
            .set((
                jobs::state.eq("running"),
                jobs::lease_no.eq(lease_no),
                jobs::leased_until.eq(Some(Micros(leased_until))),
                jobs::attempts.eq(attempts + 1),
            ))
            .execute(tx.change())?;
        claimed.push(ClaimedJob { tenant, id, kind, subject, lease_no, attempts });
    }
    Ok(claimed)
}

/// How a claimed job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It is done for good.
    Done,
    /// It went well and wants to run again at an instant (polling).
    Again(Timestamp),
    /// It failed and is tried again at an instant.
    Retry {
        /// When.
        at: Timestamp,
        /// Why it failed, without personal data.
        error: String,
    },
    /// It failed and is not tried again; a person has to look.
    Failed {
        /// Why, without personal data.
        error: String,
    },
}

/// Writes down how a claimed job ended, unless its lease was lost.
pub fn record(tx: &mut Tx<'_>, job: &ClaimedJob, ending: &Ending) -> Result<Recorded, StoreError> {
    let now = tx.now();
    let (state, run_at, error) = match ending {
        Ending::Done => ("done", now, None),
        Ending::Again(at) => ("ready", *at, None),
        Ending::Retry { at, error } => ("ready", *at, Some(error.as_str())),
        Ending::Failed { error } => ("failed", now, Some(error.as_str())),
    };
    // What went well counts its attempts anew, so that polling never runs out of them.
    let attempts = match ending {
        Ending::Again(_) => 0,
        _ => job.attempts + 1,
    };
    let held = jobs::table.find((&job.tenant, job.id)).filter(jobs::lease_no.eq(job.lease_no));
    let changed = diesel::update(held.filter(jobs::state.eq("running")))
        .set((
            jobs::state.eq(state),
            jobs::run_at.eq(Micros(run_at)),
            jobs::leased_until.eq(None::<Micros>),
            jobs::attempts.eq(attempts),
            jobs::last_error.eq(error),
        ))
        .execute(tx.change())?;
    Ok(if changed == 0 { Recorded::LeaseLost } else { Recorded::Stored })
}

/// Whether a job was done.
pub fn is_done(tx: &mut impl Reads, tenant: &str, kind: &str, subject: &str) -> Result<bool, StoreError> {
    let state: Option<String> = jobs::table
        .filter(jobs::tenant_id.eq(tenant))
        .filter(jobs::kind.eq(kind))
        .filter(jobs::subject.eq(subject))
        .select(jobs::state)
        .first(tx.read())
        .optional()?;
    Ok(state.as_deref() == Some("done"))
}

/// How long the queue is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueDepth {
    /// Jobs that could run now.
    pub due: i64,
    /// Jobs that gave up.
    pub failed: i64,
}

/// Counts what is due and what has failed.
pub fn depth(tx: &mut impl Reads) -> Result<QueueDepth, StoreError> {
    let now = Micros(tx.now());
    let due = jobs::table.filter(jobs::state.eq("ready")).filter(jobs::run_at.le(now)).count();
    let due = due.get_result(tx.read())?;
    let failed = jobs::table.filter(jobs::state.eq("failed")).count().get_result(tx.read())?;
    Ok(QueueDepth { due, failed })
}

/// Forgets finished periodic jobs from before `before`; the rows of tenants stay, they say what was done once.
pub fn forget_periodic(tx: &mut Tx<'_>, before: Timestamp) -> Result<usize, StoreError> {
    let old = jobs::table
        .filter(jobs::tenant_id.eq(ALL_TENANTS))
        .filter(jobs::state.eq("done"))
        .filter(jobs::created_at.lt(Micros(before)));
    Ok(diesel::delete(old).execute(tx.change())?)
}
