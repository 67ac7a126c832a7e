//! The one line that a storm prints.

use std::collections::BTreeMap;

use serde::Serialize;

use super::judge::Counts;

/// What a storm found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// `sqlite` or `postgres`.
    pub backend: &'static str,
    /// The seed of the plans.
    pub seed: u64,
    /// Runs.
    pub runs: u64,
    /// How often the server was killed at each crash point.
    pub kills_by_point: BTreeMap<&'static str, u64>,
    /// Kills where the armed point did not come by in time.
    pub kills_elsewhere: u64,
    /// All kills.
    pub deaths: u64,
    /// Runs that paid several invoices in one act.
    pub acts_of_several_invoices: u64,
    /// How often each fault of the catalogue happened: counted where it did, not where it was ordered.
    pub faults_by_id: BTreeMap<String, u64>,
    /// Our counts.
    #[serde(flatten)]
    pub counts: Counts,
    /// The careless adapter's, from the same plans.
    pub naive: Counts,
    /// How much time passed on the storm's clock.
    pub virtual_hours: i64,
    /// How long it took on the machine's.
    pub seconds: u64,
}

impl Report {
    /// The bars that were missed, by name; none when all hold.
    pub fn missed(&self) -> Vec<&'static str> {
        let counts = &self.counts;
        let bars = [
            ("double_charges", counts.double_charges),
            ("lost_payments", counts.lost_payments),
            ("wrong_final_states", counts.wrong_final_states),
            ("unresolved_unknown", counts.unresolved_unknown),
            ("over_refunds", counts.over_refunds),
            ("unbalanced_postings", counts.unbalanced_postings),
            ("receipts_missing", counts.receipts_missing),
            ("receipts_duplicated", counts.receipts_duplicated),
        ];
        bars.into_iter().filter(|(_, count)| *count > 0).map(|(name, _)| name).collect()
    }
}
