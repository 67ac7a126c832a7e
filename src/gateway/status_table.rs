//! A gateway's words in ours, as a table: one row a status (and a flow, where the same word means two things).
//!
//! Anything that no row names is not understood, and what is not understood is never success (F40).

use crate::domain::payment::{RefundStatus, SnapshotStatus};
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

/// What one word of a gateway says of a refund.
pub(super) struct RefundRow {
    /// The gateway's word; the empty one where it gives none.
    pub raw: &'static str,
    /// What it means.
    pub status: RefundStatus,
}

/// A word for a refund.
pub(super) const fn refund_row(raw: &'static str, status: RefundStatus) -> RefundRow {
    RefundRow { raw, status }
}

/// What a word means for a refund; what no row names is neither success nor failure.
pub(super) fn refund_meaning(table: &[RefundRow], raw: &str) -> RefundStatus {
    table.iter().find(|row| row.raw == raw).map_or(RefundStatus::Unrecognised, |row| row.status)
}

/// A refund's word as alerts show it, told apart from the words of payments.
pub(super) fn refund_word(raw: &str) -> String {
    format!("refund:{raw}")
}
