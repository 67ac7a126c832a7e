//! Watches the statements of one connection: counts, errors, slow ones, and a recording for the bench.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::{DebugQuery, Instrumentation, InstrumentationEvent};

use super::backend::{Fault, classify};

/// Counters since the database was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Statements sent, BEGIN and COMMIT included.
    pub statements: u64,
    /// Batches committed.
    pub batches: u64,
    /// Closures answered after a commit.
    pub committed_closures: u64,
    /// Batches rolled back and run again one by one.
    pub poisoned_batches: u64,
    /// COMMITs whose answer was lost.
    pub lost_commits: u64,
}

/// The counters behind [`Statistics`], shared by all threads of a `Db`.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) statements: AtomicU64,
    pub(super) batches: AtomicU64,
    pub(super) committed_closures: AtomicU64,
    pub(super) poisoned_batches: AtomicU64,
    pub(super) lost_commits: AtomicU64,
}

impl Counters {
    pub(super) fn snapshot(&self) -> Statistics {
        Statistics {
            statements: self.statements.load(Ordering::Relaxed),
            batches: self.batches.load(Ordering::Relaxed),
            committed_closures: self.committed_closures.load(Ordering::Relaxed),
            poisoned_batches: self.poisoned_batches.load(Ordering::Relaxed),
            lost_commits: self.lost_commits.load(Ordering::Relaxed),
        }
    }
}

/// What is known of one database thread; it outlives the thread's connections.
#[derive(Debug)]
pub(super) struct Monitor {
    /// The thread's name, as in `pg_stat_activity`.
    pub(super) name: String,
    counters: Arc<Counters>,
    slow: Duration,
    faults: AtomicU64,
    changes: AtomicU64,
    last_fault: Mutex<Option<Fault>>,
    recording: AtomicBool,
    recorded: Mutex<Vec<String>>,
}

impl Monitor {
    pub(super) fn new(name: String, counters: Arc<Counters>, slow: Duration) -> Arc<Self> {
        Arc::new(Self {
            name,
            counters,
            slow,
            faults: AtomicU64::new(0),
            changes: AtomicU64::new(0),
            last_fault: Mutex::new(None),
            recording: AtomicBool::new(false),
            recorded: Mutex::new(Vec::new()),
        })
    }

    /// How many statements have failed so far; a closure that raises this number has poisoned its batch.
    pub(super) fn faults(&self) -> u64 {
        self.faults.load(Ordering::Relaxed)
    }

    /// How many changing statements were seen so far; counted only in builds with debug assertions.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// The latest failure, taken out.
    pub(super) fn take_fault(&self) -> Option<Fault> {
        self.last_fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Starts to keep the text of every statement, without its values.
    pub(super) fn start_recording(&self) {
        self.recording.store(true, Ordering::Relaxed);
    }

    /// Ends the recording and hands it over, oldest first.
    pub(super) fn stop_recording(&self) -> Vec<String> {
        self.recording.store(false, Ordering::Relaxed);
        std::mem::take(&mut self.recorded.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The part that sits in a connection.
pub(super) struct Probe {
    monitor: Arc<Monitor>,
    started: Option<Instant>,
}

impl Probe {
    pub(super) fn new(monitor: Arc<Monitor>) -> Self {
        Self { monitor, started: None }
    }

    fn finish(&mut self, query: &dyn DebugQuery, error: Option<&diesel::result::Error>) {
        let monitor = &self.monitor;
        monitor.counters.statements.fetch_add(1, Ordering::Relaxed);
        let took = self.started.take().map_or(Duration::ZERO, |started| started.elapsed());
        metrics::histogram!("madoguchi_database_statement_seconds").record(took.as_secs_f64());
        if let Some(error) = error {
            *monitor.last_fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(classify(error));
            monitor.faults.fetch_add(1, Ordering::Relaxed);
        }
        if cfg!(debug_assertions) && is_change(query) {
            monitor.changes.fetch_add(1, Ordering::Relaxed);
        }
        if monitor.recording.load(Ordering::Relaxed) {
            let text = without_values(query);
            monitor.recorded.lock().unwrap_or_else(PoisonError::into_inner).push(text);
        }
        if took >= monitor.slow {
            metrics::counter!("madoguchi_database_slow_statements_total").increment(1);
            tracing::warn!(
                database.thread = %monitor.name,
                database.took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                database.statement = %without_values(query),
                "slow database statement",
            );
        }
    }
}

impl Instrumentation for Probe {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartQuery { .. } => self.started = Some(Instant::now()),
            InstrumentationEvent::FinishQuery { query, error, .. } => self.finish(query, error),
            _ => {}
        }
    }
}

/// The statement's text; diesel shows the values after ` -- binds: `, and values are personal data.
fn without_values(query: &dyn DebugQuery) -> String {
    let mut text = query.to_string();
    if let Some(end) = text.rfind(" -- binds: ") {
        // The text itself never holds this mark: it is made of literals in this crate.
        let start = text.find(" -- binds: ").unwrap_or(end);
        text.truncate(start);
    }
    text
}

/// Whether a statement changes rows, told from its first word.
fn is_change(query: &dyn DebugQuery) -> bool {
    let mut start = Start::default();
    // The writer stops the formatting as soon as it has seen enough.
    let _ = write!(start, "{query}");
    ["INSERT", "UPDATE", "DELETE"].iter().any(|word| start.text.starts_with(word))
}

#[derive(Default)]
struct Start {
    text: String,
}

impl std::fmt::Write for Start {
    fn write_str(&mut self, part: &str) -> std::fmt::Result {
        self.text.push_str(part);
        if self.text.len() < 6 { Ok(()) } else { Err(std::fmt::Error) }
    }
}
