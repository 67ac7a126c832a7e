//! Settings of the store, filled in by `config.rs` or by a test.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::url::DatabaseUrl;

/// Where in the life of a batch a [`CommitHook`] is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitPoint {
    /// Every closure has run; COMMIT has not been sent.
    BeforeCommit,
    /// COMMIT has been confirmed; nobody has been answered yet.
    AfterCommitBeforeAnswer,
}

/// Called on the writer's own thread; a crash drill parks or kills the process here.
pub type CommitHook = Arc<dyn Fn(CommitPoint) + Send + Sync>;

/// How to reach the database and how many threads serve it.
#[derive(Clone)]
pub struct DatabaseSettings {
    /// The primary.
    pub url: DatabaseUrl,
    /// A replica for reads that may be old; without it they go to the primary.
    pub read_url: Option<DatabaseUrl>,
    /// Writer threads on PostgreSQL; SQLite always has exactly one.
    pub writers: usize,
    /// Most closures in one transaction; without a value 256 on SQLite and 16 on PostgreSQL.
    pub max_batch: Option<usize>,
    /// Reader threads, each with its own connection.
    pub readers: usize,
    /// Most closures that wait for one writer, or for all readers together; more are refused as busy.
    pub queue: usize,
    /// Statements that take at least this long are logged, without their values.
    pub slow_query_ms: u64,
    /// Longest run of one statement on PostgreSQL.
    pub statement_timeout: Duration,
    /// Longest wait for a lock (PostgreSQL) or for another process's transaction (SQLite).
    pub lock_timeout: Duration,
    /// How long a writer that lost its COMMIT tries to learn its fate.
    pub fate_timeout: Duration,
    /// Called around every commit; only crash drills and tests set it.
    pub commit_hook: Option<CommitHook>,
}

impl DatabaseSettings {
    /// The defaults for `url`.
    pub fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            read_url: None,
            writers: 4,
            max_batch: None,
            readers: 4,
            queue: 2048,
            slow_query_ms: 200,
            statement_timeout: Duration::from_secs(15),
            lock_timeout: Duration::from_secs(5),
            fate_timeout: Duration::from_secs(10),
            commit_hook: None,
        }
    }
}

impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseSettings")
            .field("url", &self.url)
            .field("read_url", &self.read_url)
            .field("writers", &self.writers)
            .field("max_batch", &self.max_batch)
            .field("readers", &self.readers)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}
