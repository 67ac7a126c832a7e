//! What can go wrong between a use case and the database.

use std::time::Duration;

/// A failure of the store; a refusal by the domain is never one of these.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Too much is waiting, or a lock was not granted in time; nothing was stored.
    #[error("the database is busy; try again in {} ms", retry_after.as_millis())]
    Busy {
        /// How long the caller should wait before it asks again.
        retry_after: Duration,
    },
    /// The commit was sent and its fate cannot be found out: it may or may not be stored.
    #[error("the database did not say whether the change was stored")]
    OutcomeUnknown,
    /// The database cannot be reached or is being shut down; nothing was stored.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The program broke a rule of the store, or the stored rows contradict each other.
    #[error("the database contents or their use are inconsistent: {0}")]
    Inconsistent(String),
    /// A query failed.
    #[error("a database query failed: {0}")]
    Query(#[from] diesel::result::Error),
    /// A migration could not be listed or applied.
    #[error("a migration failed: {0}")]
    Migration(String),
    /// A backup could not be made or did not pass its check.
    #[error("the backup failed: {0}")]
    Backup(String),
}

impl StoreError {
    /// The refusal of a caller when a queue is full; half a second is several hundred batches.
    pub(super) fn busy() -> Self {
        Self::Busy { retry_after: Duration::from_millis(500) }
    }
}
