//! A gateway's words in ours, as a table: one row a status (and a flow, where the same word means two things).
//!
//! Anything that no row names is not understood, and what is not understood is never success (F40).

use crate::domain::payment::SnapshotStatus;
use crate::gateway::PayerFlow;

/// One meaning of one word.
pub(super) struct Row {
    /// The gateway's word.
    pub raw: &'static str,
    /// For methods of this flow only; none: for every method, also one that is unknown to us.
    pub flow: Option<PayerFlow>,
    /// What it means.
    pub status: SnapshotStatus,
}

/// A word that means the same for every method.
pub(super) const fn row(raw: &'static str, status: SnapshotStatus) -> Row {
    Row { raw, flow: None, status }
}

/// A word as methods of one flow use it.
pub(super) const fn row_of(raw: &'static str, flow: PayerFlow, status: SnapshotStatus) -> Row {
    Row { raw, flow: Some(flow), status }
}

/// What a word means for a method; `flow` is none where the method is unknown to us.
pub(super) fn meaning(table: &[Row], raw: &str, flow: Option<PayerFlow>) -> SnapshotStatus {
    let says = |row: &&Row| row.raw == raw && (row.flow.is_none() || row.flow == flow);
    table.iter().find(says).map_or(SnapshotStatus::Unrecognised, |row| row.status)
}
