//! How long the rules of a procedure take: judging and pricing a form of forty fields as a submission does, loading five
//! hundred procedures with their examples, finding one among a thousand.
//!
//! `cargo bench --bench rules`. One JSON line on standard output; the run fails on a missed bar.

mod definition;

use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::{Date, date};
use madoguchi::catalogue::{Catalogue, CatalogueProcedure, ConfigurationFiles};
use madoguchi::domain::calendar::jst_day;
use madoguchi::domain::fee::assess;
use madoguchi::domain::id::TenantCode;
use madoguchi::domain::procedure::ApplicantKind;
use madoguchi::service::filing::Filing;
use serde::Serialize;
use serde_json::Value;

/// When the answers arrive and the search is made.
const ARRIVED_AT: &str = "2026-06-01T10:00:00+09:00";
const DAY: Date = date(2026, 6, 1);
/// How often the form is judged and priced, after a tenth as often to warm up.
const ROUNDS: u32 = 20_000;
/// How often the catalogue is loaded.
const LOADS: u32 = 5;
/// How often each search is made.
const SEARCHES: u32 = 200;
/// One place, however it is written: ヶ and ケ and their voiced forms, either width, blanks.
const SEARCHED: [&str; 4] = ["鰺ヶ沢港 テニスコート", "鯵ケ沢港　ﾃﾆｽｺｰﾄ", "鰺ガ沢港", "使用 鯵が沢"];

/// What is printed.
#[derive(Serialize)]
struct Line {
    /// Judging and pricing one set of forty answers, half of the times at most.
    validate_and_price_us_median: f64,
    /// The same, all but one time in a hundred.
    validate_and_price_us_p99: f64,
    /// With what comes before and after in a submission: calculated values filled in, queue and documents found.
    complete_and_accept_us_median: f64,
    /// Reading, checking and compiling five hundred procedures and handing their examples in, out of a folder.
    load_500_procedures_ms_median: f64,
    /// Finding a hundred of a thousand procedures, half of the times at most.
    search_1000_procedures_ms_median: f64,
    /// The same, all but one time in a hundred.
    search_1000_procedures_ms_p99: f64,
}

fn main() -> ExitCode {
    let outcome = bench();
    // A terminal that is gone cannot be told anything.
    let say = |line: &str| drop(writeln!(std::io::stderr(), "{line}"));
    match outcome {
        Ok(missed) if missed.is_empty() => ExitCode::SUCCESS,
        Ok(missed) => {
            say(&format!("missed: {}", missed.join(", ")));
            ExitCode::FAILURE
        }
        Err(error) => {
            say(&format!("the bench failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn bench() -> Result<Vec<&'static str>, Box<dyn Error>> {
    let submission = Submission::new()?;
    let judging = ascending(ROUNDS, || submission.judge_and_price())?;
    let accepting = ascending(ROUNDS, || submission.complete_and_accept())?;
    let (loading, searching) = (load()?, search()?);
    let line = Line {
        validate_and_price_us_median: milliseconds(percentile(&judging, 50)) * 1_000.0,
        validate_and_price_us_p99: milliseconds(percentile(&judging, 99)) * 1_000.0,
        complete_and_accept_us_median: milliseconds(percentile(&accepting, 50)) * 1_000.0,
        load_500_procedures_ms_median: milliseconds(percentile(&loading, 50)),
        search_1000_procedures_ms_median: milliseconds(percentile(&searching, 50)),
        search_1000_procedures_ms_p99: milliseconds(percentile(&searching, 99)),
    };
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&line)?)?;
    let bars = [
        (line.validate_and_price_us_median <= 50.0, "validate_and_price_us_median <= 50"),
        (line.load_500_procedures_ms_median <= 1_000.0, "load_500_procedures_ms_median <= 1000"),
        (line.search_1000_procedures_ms_median <= 5.0, "search_1000_procedures_ms_median <= 5"),
    ];
    Ok(bars.iter().filter(|(met, _)| !met).map(|(_, bar)| *bar).collect())
}

/// Answers to forty fields on their way in, as `service::intake` takes them.
struct Submission {
    catalogue: Catalogue,
    procedure: Arc<CatalogueProcedure>,
    answers: Value,
    total: i64,
    arrived_at: Timestamp,
}

impl Submission {
    fn new() -> Result<Self, Box<dyn Error>> {
        let catalogue = catalogue(definition::forty_fields())?;
        let tenant = TenantCode::parse("020001").ok_or("no tenant")?;
        let procedure = catalogue.find_procedure(&tenant, definition::FORTY_FIELDS, DAY).cloned();
        let procedure = procedure.ok_or("no procedure")?;
        let fields = procedure.definition.form.len();
        if fields != 40 {
            return Err(format!("the form has {fields} fields").into());
        }
        let example = procedure.definition.examples.first().ok_or("no example")?;
        let (answers, total) = (procedure.form.tidy(example.form.clone()), example.total.amount());
        Ok(Self { catalogue, procedure, answers, total, arrived_at: ARRIVED_AT.parse()? })
    }

    /// Every fault of the answers, and what they cost.
    fn judge_and_price(&self) -> Result<(), String> {
        self.judge(black_box(&self.answers)).map(drop)
    }

    fn complete_and_accept(&self) -> Result<(), String> {
        let known =
            madoguchi::service::intake::circumstances(Some(ApplicantKind::Business).into(), self.arrived_at);
        let answers = self.procedure.form.complete(black_box(&self.answers).clone(), &known);
        let filing = self.judge(&answers)?;
        let accepted = filing.accept(&self.catalogue, &[]).map_err(|faults| format!("{faults:?}"))?;
        black_box(accepted);
        Ok(())
    }

    fn judge(&self, answers: &Value) -> Result<Filing<'_>, String> {
        let applicant = Some(ApplicantKind::Business);
        let (filing, faults) = Filing::judged(&self.procedure, answers, applicant.into(), self.arrived_at);
        if !faults.is_empty() {
            return Err(format!("{faults:?}"));
        }
        let assessment = assess(&self.procedure.fees, filing.facts(), jst_day(self.arrived_at));
        let assessment = black_box(assessment.map_err(|fault| fault.to_string())?);
        if assessment.total.amount() != self.total {
            return Err(format!("it costs {}", assessment.total.amount()));
        }
        Ok(filing)
    }
}

/// The times it took, ascending, after a tenth as many rounds to warm up.
fn ascending(rounds: u32, once: impl Fn() -> Result<(), String>) -> Result<Vec<Duration>, Box<dyn Error>> {
    for _ in 0..rounds / 10 {
        once()?;
    }
    let mut times = Vec::new();
    for _ in 0..rounds {
        let began = Instant::now();
        once()?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok(times)
}

fn catalogue(files: ConfigurationFiles) -> Result<Catalogue, Box<dyn Error>> {
    Catalogue::load_files(files).map_err(|faults| {
        let faults: Vec<String> = faults.iter().take(5).map(ToString::to_string).collect();
        faults.join("\n").into()
    })
}

/// Loads five hundred procedures out of a folder that lives as long as the measurement.
fn load() -> Result<Vec<Duration>, Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("madoguchi-bench-rules-{}", std::process::id()));
    let times = write_and_load(&folder);
    std::fs::remove_dir_all(&folder)?;
    times
}

fn write_and_load(folder: &Path) -> Result<Vec<Duration>, Box<dyn Error>> {
    for (file, text) in definition::full_sized(500) {
        let file = folder.join(file);
        std::fs::create_dir_all(file.parent().unwrap_or(folder))?;
        std::fs::write(file, text)?;
    }
    ascending(LOADS, || {
        let catalogue = Catalogue::load_dir(folder).map_err(|faults| {
            let faults: Vec<String> = faults.iter().take(5).map(ToString::to_string).collect();
            faults.join("\n")
        })?;
        match catalogue.all_versions().count() {
            500 => Ok(()),
            other => Err(format!("{other} procedures were loaded")),
        }
    })
}

fn search() -> Result<Vec<Duration>, Box<dyn Error>> {
    let (files, at_harbour) = definition::a_thousand();
    let catalogue = catalogue(files)?;
    let tenant = TenantCode::parse("020001").ok_or("no tenant")?;
    let mut times = Vec::new();
    for query in SEARCHED {
        times.extend(ascending(SEARCHES, || {
            let found = black_box(catalogue.search(&tenant, black_box(query), DAY)).len();
            if found == at_harbour { Ok(()) } else { Err(format!("{query} found {found}")) }
        })?);
    }
    times.sort_unstable();
    Ok(times)
}

fn percentile(ascending: &[Duration], percent: usize) -> Duration {
    let rank = (ascending.len() * percent).div_ceil(100).saturating_sub(1);
    ascending.get(rank).copied().unwrap_or_default()
}

/// With five digits behind the point.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 100_000_000.0).round() / 100_000.0
}
