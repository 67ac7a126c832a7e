//! The one line that a rehearsal prints.

use serde::Serialize;

use super::judge::Counts;

/// What a rehearsal found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// `sqlite` or `postgres`.
    pub backend: &'static str,
    /// The seed of the plans.
    pub seed: u64,
    /// What stands in the database.
    #[serde(flatten)]
    pub counts: Counts,
    /// Attempts of former holders on the morning of the transfer (T-7).
    pub former_holder_attempts: u64,
    /// Those of them that were not refused.
    pub former_holders_let_in: u64,
    /// Cases that went to the successor of the department that was reorganised.
    pub handed_over: u64,
    /// Absences that were entered.
    pub absences: u64,
    /// How long it took, the judgement included.
    pub seconds: u64,
}

impl Report {
    /// The bars that were missed, by name; none when all hold.
    pub fn missed(&self) -> Vec<&'static str> {
        let counts = &self.counts;
        let bars = [
            ("unauthorised_decisions", counts.unauthorised_decisions),
            ("missing_numbers", counts.missing_numbers),
            ("duplicate_numbers", counts.duplicate_numbers),
            ("due_date_errors", counts.due_date_errors),
            ("lost_cases", counts.lost_cases),
            ("post_reviews_owed", counts.post_reviews_owed),
            ("former_holders_let_in", self.former_holders_let_in),
            ("audit_ok", u64::from(!counts.audit_ok)),
        ];
        bars.into_iter().filter(|(_, count)| *count > 0).map(|(name, _)| name).collect()
    }
}
