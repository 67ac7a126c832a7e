//! How long it takes to reconcile a body's books with its agents' payouts and its bank, and to check its whole ledger.
//!
//! `cargo bench --bench reconcile`. A throw-away database is given paid cases; then everything is timed that an accounting
//! office waits for: reading the agents' tables, taking them in, finding the payment of every line, taking the bank's table
//! in, finding the payouts in it, raising what does not agree. Some lines are wrong, and exactly these must be found. Then
//! the ledger of these cases is checked, which must hold. `--lines N` (100,000) and `--postings N` (1,000,000) say how much
//! of it; `--database postgres` takes a private server in place of SQLite. One JSON line on standard output; the run fails
//! on a missed bar. The bars are those of SQLite.

mod office;
mod seed;

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use madoguchi::service::ledger_check;
use madoguchi::store::private_cluster::{Durability, PrivateCluster};
use serde::Serialize;

use self::office::Office;
use self::seed::Dialect;

/// Reconciling 100,000 lines, in seconds.
const RECONCILE_BAR_S: f64 = 20.0;
/// Checking 1,000,000 postings, in seconds.
const CHECK_BAR_S: f64 = 10.0;

/// What is printed.
#[derive(Serialize)]
struct Line {
    /// `sqlite` or `postgres`.
    backend: &'static str,
    /// Lines of payouts.
    lines: u32,
    /// Reading tables, taking them in, storing the payment of each line.
    import_and_match_s: f64,
    /// Taking the bank's table in and holding all three sources against each other.
    bank_and_compare_s: f64,
    /// Both: the whole reconciliation.
    reconcile_s: f64,
    /// `PASS` or `MISS`.
    reconcile: &'static str,
    /// Exceptions that were raised, all of them on purpose.
    exceptions: i64,
    /// Postings of the ledger.
    postings: u64,
    /// Checking the ledger.
    check_s: f64,
    /// `PASS` or `MISS`.
    check: &'static str,
}

fn main() -> ExitCode {
    match bench() {
        Ok(line) if line.reconcile == "PASS" && line.check == "PASS" => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            progress(&format!("the bench failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Says how far it is, on standard error.
fn progress(line: &str) {
    // A terminal that is gone cannot be told anything.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// What was asked for.
struct Options {
    lines: u32,
    postings: u32,
    dialect: Dialect,
}

impl Options {
    fn read() -> Result<Self, Box<dyn Error>> {
        let mut options = Self { lines: 100_000, postings: 1_000_000, dialect: Dialect::Sqlite };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} wants a value"));
            match argument.as_str() {
                // This is what `cargo bench` says to every bench.
                "--bench" => {}
                "--lines" => options.lines = value()?.parse()?,
                "--postings" => options.postings = value()?.parse()?,
                "--database" => {
                    options.dialect = match value()?.as_str() {
                        "sqlite" => Dialect::Sqlite,
                        "postgres" => Dialect::Postgres,
                        other => return Err(format!("{other} is neither sqlite nor postgres").into()),
                    }
                }
                other => return Err(format!("unknown: {other}").into()),
            }
        }
        if options.lines == 0 || options.postings / options.lines < 2 {
            return Err("wanted: a line, and two postings a line, at least".into());
        }
        Ok(options)
    }
}

/// A database that is gone when the bench ends.
struct ThrowAway {
    folder: PathBuf,
    url: String,
    /// Held for its drop.
    _server: Option<PrivateCluster>,
}

impl ThrowAway {
    fn make(dialect: Dialect) -> Result<Self, Box<dyn Error>> {
        let folder = std::env::temp_dir().join(format!("madoguchi-reconcile-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        if dialect == Dialect::Sqlite {
            let url = format!("sqlite:{}", folder.join("bench.db").display());
            return Ok(Self { folder, url, _server: None });
        }
        let server = PrivateCluster::start(&std::env::temp_dir(), Durability::Full, 100)?;
        server.execute("postgres", &["CREATE DATABASE madoguchi"])?;
        let url = format!("postgres://madoguchi:{}@127.0.0.1:{}/madoguchi", server.password(), server.port());
        Ok(Self { folder, url, _server: Some(server) })
    }
}

impl Drop for ThrowAway {
    fn drop(&mut self) {
        // Left-overs in the folder for temporary files do no harm.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn bench() -> Result<Line, Box<dyn Error>> {
    let options = Options::read()?;
    let database = ThrowAway::make(options.dialect)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let line = runtime.block_on(run(&options, &database))?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&line)?)?;
    Ok(line)
}

async fn run(options: &Options, database: &ThrowAway) -> Result<Line, Box<dyn Error>> {
    let office = Office::open(&database.url, &database.folder).await?;
    progress(&format!("making {} paid cases", options.lines));
    let seed = seed::Seed { cases: options.lines, postings: options.postings, taken_on: office.day };
    seed.plant(&office.core.db, options.dialect).await?;

    progress("reconciling");
    let reports = office.reports(&seed);
    let begun = Instant::now();
    let sums = office.take_in(reports).await?;
    let import_and_match_s = begun.elapsed().as_secs_f64();
    let report = office.compare(&sums).await?;
    let reconcile_s = begun.elapsed().as_secs_f64();
    let exceptions = office.exceptions().await?;
    office::judge(&report, &seed, exceptions)?;

    progress("checking the ledger");
    let begun = Instant::now();
    let checked = ledger_check::check(&office.core.db).await?;
    let check_s = begun.elapsed().as_secs_f64();
    if let Some(finding) = checked.iter().flat_map(|ledger| &ledger.findings).next() {
        return Err(format!("the ledger does not hold: {finding:?}").into());
    }
    let judged = |seconds: f64, bar_s: f64| if seconds <= bar_s { "PASS" } else { "MISS" };
    Ok(Line {
        backend: options.dialect.name(),
        lines: options.lines,
        import_and_match_s,
        bank_and_compare_s: reconcile_s - import_and_match_s,
        reconcile_s,
        reconcile: judged(reconcile_s, RECONCILE_BAR_S),
        exceptions,
        postings: checked.iter().map(|ledger| ledger.entries).sum(),
        check_s,
        check: judged(check_s, CHECK_BAR_S),
    })
}
