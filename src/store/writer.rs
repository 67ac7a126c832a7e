//! Group commit: a writer thread drains its queue, runs the closures in one transaction, commits once and
//! then answers everyone.
//!
//! ```text
//! queue ─► BEGIN ─► lock all roots, sorted ─► now() ─► closure 1 … closure n ─► mark ─► COMMIT ─► answers
//!                                                │ a change then a refusal, a failed
//!                                                │ statement, or a panic: poisoned
//!                                                └► ROLLBACK ─► each closure again, in its own transaction
//! ```
//!
//! A failed statement poisons the batch whatever the closure returns: PostgreSQL answers the COMMIT of an
//! aborted transaction with success, so a closure that swallowed the error would lose its neighbours' work.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use super::backend::{self, AnyConn, Fate, Fault, FaultKind, Mark, Purpose, Usable};
use super::db::Shared;
use super::error::StoreError;
use super::instrument::Monitor;
use super::roots;
use super::settings::CommitPoint;
use super::task::{Company, Ended, Job};
use super::tx::{Touched, Tx};
use super::url::DatabaseUrl;

/// How often one closure is tried when other transactions or a lost connection are in the way.
const TRIES: u32 = 5;

/// What a writer takes from its queue.
pub(super) enum Message {
    /// A closure.
    Job(Job),
    /// Finish what waits and end.
    Stop,
}

/// A connection that is opened when needed and thrown away when broken.
pub(super) struct Link {
    shared: Arc<Shared>,
    url: DatabaseUrl,
    purpose: Purpose,
    pub(super) monitor: Arc<Monitor>,
    conn: Option<AnyConn>,
}

impl Link {
    pub(super) fn new(
        shared: Arc<Shared>,
        url: DatabaseUrl,
        purpose: Purpose,
        monitor: Arc<Monitor>,
    ) -> Self {
        Self { shared, url, purpose, monitor, conn: None }
    }

    /// The open connection, made now if there is none.
    pub(super) fn open(&mut self) -> Result<&mut AnyConn, Fault> {
        let conn = match self.conn.take() {
            Some(conn) => conn,
            None => backend::connect(&self.url, self.purpose, &self.shared.settings, &self.monitor)?,
        };
        Ok(self.conn.insert(conn))
    }

    /// Ends whatever transaction is open; a connection that cannot do that is dropped.
    pub(super) fn rollback(&mut self) {
        if let Some(conn) = &mut self.conn
            && backend::rollback(conn) == Usable::No
        {
            self.conn = None;
        }
    }

    /// Closes the connection; the next use opens a new one.
    pub(super) fn drop_connection(&mut self) {
        self.conn = None;
    }

    /// Turns a diesel error into a fault and prefers what the probe saw, which knows the database's words.
    fn fault(&self, error: &diesel::result::Error) -> Fault {
        self.monitor.take_fault().unwrap_or_else(|| backend::classify(error))
    }
}

/// How one try at a transaction ended.
enum Attempt {
    /// Stored; every closure has its result.
    Stored,
    /// Nothing is stored: a closure changed something and then refused.
    RefusedAfterChange,
    /// Nothing is stored: a closure panicked.
    Panicked,
    /// Nothing is stored: a closure changed something through `read()`.
    WrongDoor,
    /// Nothing is stored: a statement failed.
    Faulted(Fault),
    /// Nothing is stored and nothing was begun: no connection.
    NoConnection(Fault),
    /// COMMIT was sent and its fate cannot be told.
    Unknown,
}

/// The body of a writer thread.
pub(super) struct Writer {
    shared: Arc<Shared>,
    link: Link,
    queue: Receiver<Message>,
    max_batch: usize,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, link: Link, queue: Receiver<Message>, max_batch: usize) -> Self {
        Self { shared, link, queue, max_batch: max_batch.max(1) }
    }

    /// Serves the queue until it is closed.
    pub(super) fn run(mut self) {
        let mut held = None;
        while let Some(first) = held.take().or_else(|| self.wait()) {
            let mut batch = vec![first];
            while batch.len() < self.max_batch && batch.iter().all(|job| job.company == Company::Shared) {
                match self.queue.try_recv() {
                    Ok(Message::Job(job)) if job.company == Company::Shared => batch.push(job),
                    Ok(Message::Job(job)) => {
                        held = Some(job);
                        break;
                    }
                    // Nothing is put in behind a stop.
                    Ok(Message::Stop) | Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
                }
            }
            // Whoever gave up before the work began is not kept waiting for by the others.
            batch.retain(|job| job.task.is_wanted());
            if !batch.is_empty() {
                self.serve(batch);
            }
        }
    }

    fn wait(&self) -> Option<Job> {
        match self.queue.recv() {
            Ok(Message::Job(job)) => Some(job),
            Ok(Message::Stop) | Err(_) => None,
        }
    }

    fn serve(&mut self, mut batch: Vec<Job>) {
        if let [_] = batch.as_slice() {
            for job in batch {
                self.serve_one(job);
            }
            return;
        }
        match self.attempt(&mut batch) {
            Attempt::Stored => self.answer_stored(batch),
            Attempt::Unknown => fail(batch, || StoreError::OutcomeUnknown),
            // Trying each alone would only repeat the same wait for a connection.
            Attempt::NoConnection(fault) => fail(batch, || fault.clone().into_error()),
            Attempt::RefusedAfterChange | Attempt::Panicked | Attempt::WrongDoor | Attempt::Faulted(_) => {
                self.shared.counters.poisoned_batches.fetch_add(1, Ordering::Relaxed);
                metrics::counter!("madoguchi_database_poisoned_batches_total").increment(1);
                for job in batch {
                    self.serve_one(job);
                }
            }
        }
    }

    /// Runs one closure in its own transaction, again when other transactions or the connection were at fault.
    fn serve_one(&mut self, job: Job) {
        let mut batch = vec![job];
        for attempt in 1..=TRIES {
            match self.attempt(&mut batch) {
                Attempt::Stored => return self.answer_stored(batch),
                // Rolled back; the refusal itself is the answer.
                Attempt::RefusedAfterChange => return answer(batch),
                Attempt::Unknown => return fail(batch, || StoreError::OutcomeUnknown),
                Attempt::Panicked => return fail(batch, || inconsistent("a closure panicked")),
                Attempt::WrongDoor => {
                    return fail(batch, || inconsistent("a closure changed rows through `read()`"));
                }
                Attempt::Faulted(fault) | Attempt::NoConnection(fault) => {
                    let again = match fault.kind {
                        FaultKind::Collision | FaultKind::Disconnected => true,
                        FaultKind::Duplicate => attempt == 1,
                        FaultKind::Lasting | FaultKind::LockTimeout | FaultKind::TooSlow => false,
                    };
                    if !again || attempt == TRIES {
                        return refuse(batch, &fault);
                    }
                    std::thread::sleep(Duration::from_millis(10) * attempt);
                }
            }
        }
    }

    fn answer_stored(&self, batch: Vec<Job>) {
        let counters = &self.shared.counters;
        let size = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        counters.batches.fetch_add(1, Ordering::Relaxed);
        counters.committed_closures.fetch_add(size, Ordering::Relaxed);
        metrics::counter!("madoguchi_database_batches_total").increment(1);
        metrics::counter!("madoguchi_database_batched_closures_total").increment(size);
        answer(batch);
    }

    fn attempt(&mut self, batch: &mut [Job]) -> Attempt {
        let tables = roots::sorted(batch.iter().flat_map(|job| job.roots.iter().copied()));
        self.link.monitor.take_fault();
        if let Err(fault) = self.link.open() {
            return Attempt::NoConnection(fault);
        }
        let begun = self
            .link
            .open()
            .map(|conn| backend::begin_write(conn).and_then(|()| backend::lock_roots(conn, &tables)));
        match begun {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let fault = self.link.fault(&error);
                return self.undo(Attempt::Faulted(fault));
            }
            Err(fault) => return Attempt::NoConnection(fault),
        }
        match self.run_closures(batch) {
            Ok(touched) => self.finish(touched),
            Err(poison) => self.undo(poison),
        }
    }

    /// Runs the closures one after the other; the first that poisons the batch ends it.
    fn run_closures(&mut self, batch: &mut [Job]) -> Result<Touched, Attempt> {
        let monitor = Arc::clone(&self.link.monitor);
        let shared = Arc::clone(&self.shared);
        let conn = self.link.open().map_err(Attempt::NoConnection)?;
        let now = shared.clock.now();
        let mut touched = Touched::Clean;
        for job in batch {
            let (faults, changes) = (monitor.faults(), monitor.changes());
            let mut tx = Tx::new(conn, &*shared.ids, now);
            let ended = job.task.run(&mut tx);
            let closure_touched = tx.touched();
            if monitor.faults() != faults {
                let fault = monitor.take_fault().unwrap_or_else(|| Fault {
                    kind: FaultKind::Lasting,
                    message: "a statement failed".to_owned(),
                });
                // Whatever the closure made of it, even a panic.
                return Err(Attempt::Faulted(fault));
            }
            match (ended, closure_touched) {
                (Ended::Panicked, _) => return Err(Attempt::Panicked),
                (_, Touched::Clean) if monitor.changes() != changes => return Err(Attempt::WrongDoor),
                (Ended::Refused, Touched::Dirty) => return Err(Attempt::RefusedAfterChange),
                (Ended::Accepted, Touched::Dirty) => touched = Touched::Dirty,
                (Ended::Accepted | Ended::Refused, Touched::Clean) => {}
            }
        }
        Ok(touched)
    }

    fn undo(&mut self, attempt: Attempt) -> Attempt {
        match &attempt {
            Attempt::Faulted(fault) if fault.kind == FaultKind::Disconnected => self.link.drop_connection(),
            _ => self.link.rollback(),
        }
        attempt
    }

    fn finish(&mut self, touched: Touched) -> Attempt {
        // The hook stands before the mark so that the mark is the last thing known before COMMIT.
        self.hook(CommitPoint::BeforeCommit);
        let marked = match (touched, self.link.open()) {
            (_, Err(fault)) => return Attempt::NoConnection(fault),
            (Touched::Clean, Ok(_)) => Ok(None),
            (Touched::Dirty, Ok(conn)) => backend::mark(conn),
        };
        let mark = match marked {
            Ok(mark) => mark,
            Err(error) => {
                let fault = self.link.fault(&error);
                return self.undo(Attempt::Faulted(fault));
            }
        };
        let committed = match self.link.open() {
            Ok(conn) => backend::commit(conn),
            Err(fault) => return Attempt::NoConnection(fault),
        };
        if let Err(error) = committed {
            let fault = self.link.fault(&error);
            match self.settle(mark.as_ref(), &fault) {
                Fate::Committed => {}
                Fate::Aborted => return Attempt::Faulted(fault),
                Fate::Undecided => return Attempt::Unknown,
            }
        }
        self.hook(CommitPoint::AfterCommitBeforeAnswer);
        Attempt::Stored
    }

    fn hook(&self, point: CommitPoint) {
        if let Some(hook) = &self.shared.settings.commit_hook {
            hook(point);
        }
    }

    /// Finds out what became of a COMMIT that returned an error.
    fn settle(&mut self, mark: Option<&Mark>, fault: &Fault) -> Fate {
        self.shared.counters.lost_commits.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("madoguchi_database_lost_commits_total").increment(1);
        tracing::warn!(database.thread = %self.link.monitor.name, error = %fault, "a COMMIT failed or was lost");
        let Some(mark) = mark else {
            let fate = self.link.open().map_or(Fate::Undecided, |conn| backend::unmarked_fate(conn, fault));
            self.link.drop_connection();
            return fate;
        };
        let deadline = Instant::now() + self.shared.settings.fate_timeout;
        loop {
            // Always on a new connection: the old one may still hold the answer to something else.
            self.link.drop_connection();
            let fate = self.link.open().map(|conn| backend::fate(conn, mark, deadline));
            match fate {
                Ok(Ok(fate)) => return fate,
                Ok(Err(_)) | Err(_) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                Ok(Err(_)) | Err(_) => {
                    self.link.drop_connection();
                    return Fate::Undecided;
                }
            }
        }
    }
}

fn answer(batch: Vec<Job>) {
    for job in batch {
        job.task.answer();
    }
}

fn inconsistent(what: &str) -> StoreError {
    StoreError::Inconsistent(what.to_owned())
}

fn fail(batch: Vec<Job>, error: impl Fn() -> StoreError) {
    for job in batch {
        job.task.fail(error());
    }
}

/// Answers a closure whose statement failed for good: with its own refusal if it made one of the fault.
fn refuse(batch: Vec<Job>, fault: &Fault) {
    for job in batch {
        match fault.kind {
            FaultKind::Lasting => job.task.answer_refusal(fault.clone().into_error()),
            _ => job.task.fail(fault.clone().into_error()),
        }
    }
}
