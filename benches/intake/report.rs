//! What the bench says: one JSON line a backend on standard output, progress on standard error.

use std::io::Write;
use std::time::Duration;

use serde::Serialize;

use crate::load::Tally;

/// The result for one backend; the names are those of the bars.
#[derive(Serialize)]
pub struct Line {
    /// `sqlite` or `postgres`.
    pub backend: &'static str,
    /// Requests not answered as they should be.
    pub errors: u64,
    /// Complete submissions (draft and submit) a second.
    pub submissions_per_s: f64,
    /// Half of the submissions took at most this long.
    pub p50_ms: f64,
    /// All but one in a hundred took at most this long.
    pub p99_ms: f64,
    /// pgbench's rate with the same statements, a transaction of its script being a whole submission.
    pub pgbench_tps: Option<f64>,
    /// Our rate by pgbench's.
    pub ratio: Option<f64>,
    /// pgbench's rate with the `INSERT` of the case alone.
    pub pgbench_one_statement_tps: Option<f64>,
    /// Processor time of the server process a submission.
    pub server_cpu_ms: f64,
    /// Statements a submission, `BEGIN` and `COMMIT` included.
    pub statements_per_submission: f64,
    /// Largest resident memory of the server process, in MiB.
    pub rss_mb: u64,
}

/// What was counted on one backend.
pub struct Counted {
    /// The load.
    pub tally: Tally,
    /// Processor time of the server meanwhile.
    pub processor_time: Duration,
    /// Statements meanwhile.
    pub statements: u64,
    /// Largest memory of the server.
    pub peak_memory_mib: u64,
}

/// pgbench's two figures.
#[derive(Clone, Copy)]
pub struct Reference {
    /// With both transactions.
    pub both: f64,
    /// With one statement.
    pub one_statement: f64,
}

impl Line {
    /// Puts the figures together.
    pub fn of(backend: &'static str, counted: Counted, reference: Option<Reference>) -> Self {
        let Counted { mut tally, processor_time, statements, peak_memory_mib } = counted;
        tally.submissions.sort_unstable();
        let percentile = |percent: usize| {
            let rank = (tally.submissions.len() * percent).div_ceil(100).saturating_sub(1);
            tally.submissions.get(rank).map_or(0.0, |took| rounded(took.as_secs_f64() * 1000.0))
        };
        let count = u32::try_from(tally.submissions.len()).map_or(f64::MAX, f64::from).max(1.0);
        let rate = count / tally.elapsed.as_secs_f64();
        let statements = u32::try_from(statements).map_or(f64::MAX, f64::from);
        Self {
            backend,
            errors: tally.errors,
            submissions_per_s: rounded(rate),
            p50_ms: percentile(50),
            p99_ms: percentile(99),
            pgbench_tps: reference.map(|reference| rounded(reference.both)),
            ratio: reference.map(|reference| rounded(rate / reference.both)),
            pgbench_one_statement_tps: reference.map(|reference| rounded(reference.one_statement)),
            server_cpu_ms: rounded(processor_time.as_secs_f64() * 1000.0 / count),
            statements_per_submission: rounded(statements / count),
            rss_mb: peak_memory_mib,
        }
    }

    /// The bars that are missed, in words.
    pub fn missed(&self) -> Vec<String> {
        let wanted_ratio = if self.backend == "sqlite" { 2.0 } else { 1.0 };
        let bars = [
            (self.errors == 0, "errors = 0"),
            (self.ratio.is_none_or(|ratio| ratio >= wanted_ratio), "ratio"),
            (self.server_cpu_ms <= 0.6, "server_cpu_ms <= 0.6"),
            (self.statements_per_submission <= 14.0, "statements_per_submission <= 14"),
            (self.rss_mb <= 150, "rss_mb <= 150"),
        ];
        bars.iter().filter(|(met, _)| !met).map(|(_, bar)| format!("{}: {bar}", self.backend)).collect()
    }

    /// Writes the line.
    pub fn print(&self) -> Result<(), Box<dyn std::error::Error>> {
        let line = serde_json::to_string(self)?;
        Ok(writeln!(std::io::stdout(), "{line}")?)
    }
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// A line for the person who waits.
pub fn progress(line: &str) {
    // A terminal that is gone cannot be told anything.
    let _ = writeln!(std::io::stderr(), "{line}");
}
