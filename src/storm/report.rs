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
    /// Runs in which somebody without an account opened a payment by a link.
    pub paid_by_link: u64,
    /// How often each fault of the catalogue happened: counted where it did, not where it was ordered.
    pub faults_by_id: BTreeMap<String, u64>,
    /// Our counts.
    #[serde(flatten)]
    pub counts: Counts,
    /// The careless adapter's, from the same plans.
    pub naive: Careless,
    /// How much time passed on the storm's clock.
    pub virtual_hours: i64,
    /// How long it took on the machine's.
    pub seconds: u64,
}

/// What the careless adapter makes of the same plans, under the same names as far as they make sense for it: it has no ledger
/// and no links, pays one invoice at a time, and its clock is the storm's.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Careless {
    /// Runs.
    pub runs: u64,
    /// How often it died at each crash point, by the server's names of them.
    pub kills_by_point: BTreeMap<&'static str, u64>,
    /// All kills.
    pub deaths: u64,
    /// How often each fault of the catalogue happened to it.
    pub faults_by_id: BTreeMap<String, u64>,
    /// Its counts.
    #[serde(flatten)]
    pub counts: Counts,
}

/// From so many runs on a storm in which nobody was killed proves nothing of kills.
const RUNS_WITH_A_KILL: u64 = 150;

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
        let unkilled = self.runs >= RUNS_WITH_A_KILL && self.deaths == 0;
        let missed = bars.into_iter().filter(|(_, count)| *count > 0).map(|(name, _)| name);
        missed.chain(unkilled.then_some("kills")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Careless, Counts, Report};

    fn report(runs: u64, deaths: u64, counts: Counts) -> Report {
        Report {
            backend: "sqlite",
            seed: 1,
            runs,
            kills_by_point: [("payment_before_intent_commit", deaths)].into(),
            kills_elsewhere: 0,
            deaths,
            acts_of_several_invoices: 0,
            paid_by_link: 0,
            faults_by_id: [("F01".to_owned(), 1)].into(),
            counts,
            naive: Careless::default(),
            virtual_hours: 1,
            seconds: 1,
        }
    }

    #[test]
    fn a_long_storm_in_which_nobody_is_killed_is_failed() {
        let missed = |runs, deaths| report(runs, deaths, Counts::default()).missed();
        assert_eq!(missed(150, 0), ["kills"]);
        assert!(missed(150, 1).is_empty());
        assert!(missed(149, 0).is_empty(), "a short one may be over before the first");
        let counts = Counts { double_charges: 1, receipts_duplicated: 2, ..Counts::default() };
        assert_eq!(report(1, 0, counts).missed(), ["double_charges", "receipts_duplicated"]);
    }

    #[test]
    fn the_careless_adapter_is_told_of_by_the_same_names() {
        let whole = serde_json::to_value(report(1, 0, Counts::default())).unwrap();
        let names = |value: &serde_json::Value| {
            value.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>()
        };
        let (ours, naive) = (names(&whole), names(&whole["naive"]));
        assert!(naive.is_subset(&ours), "{naive:?}");
        let alone: Vec<_> = ours.difference(&naive).map(String::as_str).collect();
        let expected = [
            "acts_of_several_invoices",
            "backend",
            "kills_elsewhere",
            "naive",
            "paid_by_link",
            "seconds",
            "seed",
            "virtual_hours",
        ];
        assert_eq!(alone, expected);
    }
}
