//! How long a page of a department's queue takes when ten thousand cases wait, and when a million do.
//!
//! The same pages are asked for in turn on both, through `store::queue::page`, the one statement that grows with the
//! queue: the first page and the hundredth, in every order and under every kind of criterion. The whole use case, with
//! policy, names and the record of who looked, is timed beside it.
//!
//! `cargo bench --bench queues`; `BENCH_CASES` (1000000) is the length of the long queue. One JSON line a backend and
//! criterion on standard output; the run fails on a missed bar.

mod fill;

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::civil::date;
use madoguchi::domain::queue::{Criteria, Cursor, DueFilter, Order, Selection};
use madoguchi::service::queue::{self as service, PAGE, Wanted};
use madoguchi::service::{Caller, Ctx};
use madoguchi::store::private_cluster::{ClusterError, Durability, PrivateCluster};
use madoguchi::store::queue::{self, QueueQuery, QueueRow};
use serde::Serialize;
use uuid::Uuid;

use self::fill::{DEPARTMENT, Department, department, tenant};

/// The short queue.
const SHORT: u32 = 10_000;
/// Which page is compared beside the first one.
const FAR_PAGE: usize = 100;
/// How often each page is asked for: a page takes less than a millisecond, and so long a moment of the machine is no median.
const ROUNDS: usize = 400;
/// How often the whole use case is.
const USE_CASE_ROUNDS: usize = 40;
/// The long queue takes at most so many times as long as the short one.
const BAR: f64 = 1.5;

/// The criteria that are timed; each is met by at least a hundred pages of the short queue.
const CRITERIA: [(&str, &[(&str, &str)]); 8] = [
    ("oldest first", &[]),
    ("soonest due first", &[("sort", "due_on")]),
    ("one state", &[("state", "submitted")]),
    ("waiting on the office", &[("waiting_on", "office")]),
    ("my own", &[("assignee", "me")]),
    ("one procedure", &[("procedure", "bench-note")]),
    ("overdue", &[("due", "overdue")]),
    ("overdue, longest first", &[("due", "overdue"), ("sort", "due_on")]),
];

/// What is printed.
#[derive(Serialize)]
struct Line {
    backend: &'static str,
    criteria: &'static str,
    cases: u32,
    /// Medians in milliseconds.
    first_page_short_ms: f64,
    first_page_long_ms: f64,
    first_page_ratio: f64,
    hundredth_page_short_ms: f64,
    hundredth_page_long_ms: f64,
    hundredth_page_ratio: f64,
    /// The first page of the long queue as a use case, with policy, names and the record of who looked.
    use_case_long_ms: f64,
}

fn main() -> ExitCode {
    match bench() {
        Ok(missed) if missed.is_empty() => ExitCode::SUCCESS,
        Ok(missed) => {
            progress(&format!("missed: {}", missed.join("; ")));
            ExitCode::FAILURE
        }
        Err(error) => {
            progress(&format!("the bench failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // Left-overs in the folder for temporary files do no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[expect(clippy::disallowed_methods, reason = "BENCH_CASES is a setting of the bench, not of the program")]
fn bench() -> Result<Vec<String>, Box<dyn Error>> {
    let cases: u32 = std::env::var("BENCH_CASES").map_or(Ok(1_000_000), |text| text.parse())?;
    let folder = Folder(std::env::temp_dir().join(format!("madoguchi-bench-queues-{}", std::process::id())));
    std::fs::create_dir_all(&folder.0)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let file = |name: &str| format!("sqlite:{}", folder.0.join(name).display());
    let mut missed =
        runtime.block_on(compare("sqlite", &file("short.db"), &file("long.db"), &folder.0, cases))?;
    match PrivateCluster::start(&std::env::temp_dir(), Durability::Full, 100) {
        Ok(cluster) => {
            cluster.execute("postgres", &["CREATE DATABASE short", "CREATE DATABASE long"])?;
            let url = |name: &str| match cluster.url(name) {
                madoguchi::store::DatabaseUrl::Postgres(url) => url,
                madoguchi::store::DatabaseUrl::SqliteFile(path) => path.display().to_string(),
            };
            missed.extend(runtime.block_on(compare(
                "postgres",
                &url("short"),
                &url("long"),
                &folder.0,
                cases,
            ))?);
        }
        Err(error @ (ClusterError::NotInstalled | ClusterError::NoUser)) => {
            progress(&format!("The PostgreSQL half of the bench did not run: {error}"));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(missed)
}

async fn compare(
    backend: &'static str,
    short: &str,
    long: &str,
    folder: &Path,
    cases: u32,
) -> Result<Vec<String>, Box<dyn Error>> {
    progress(&format!("{backend}: {SHORT} and {cases} cases arrive"));
    let short = department(short, folder, SHORT).await?;
    let long = department(long, folder, cases).await?;
    let mut missed = Vec::new();
    for (name, pairs) in CRITERIA {
        let criteria = criteria(pairs);
        let (near_short, near_long) = (query(&short, &criteria)?, query(&long, &criteria)?);
        let far_short = QueueQuery { after: cursor_before(&short, &near_short).await?, ..near_short.clone() };
        let far_long = QueueQuery { after: cursor_before(&long, &near_long).await?, ..near_long.clone() };
        let first = in_turn(&[(&short, &near_short), (&long, &near_long)]).await?;
        let hundredth = in_turn(&[(&short, &far_short), (&long, &far_long)]).await?;
        let line = Line {
            backend,
            criteria: name,
            cases,
            first_page_short_ms: first[0],
            first_page_long_ms: first[1],
            first_page_ratio: rounded(first[1] / first[0]),
            hundredth_page_short_ms: hundredth[0],
            hundredth_page_long_ms: hundredth[1],
            hundredth_page_ratio: rounded(hundredth[1] / hundredth[0]),
            use_case_long_ms: use_case(&long, &criteria).await?,
        };
        writeln!(std::io::stdout(), "{}", serde_json::to_string(&line)?)?;
        if line.first_page_ratio > BAR || line.hundredth_page_ratio > BAR {
            missed.push(format!("{backend}, {name}: ratio <= {BAR}"));
        }
    }
    Ok(missed)
}

fn criteria(pairs: &[(&str, &str)]) -> Criteria {
    let mut criteria = Criteria::default();
    for (name, value) in pairs {
        let value = Some((*value).to_owned());
        match *name {
            "sort" => criteria.sort = value,
            "state" => criteria.state = value,
            "waiting_on" => criteria.waiting_on = value,
            "assignee" => criteria.assignee = value,
            "due" => criteria.due = value,
            _ => criteria.procedure = value,
        }
    }
    criteria
}

/// What the use case asks the database for under these criteria.
fn query(department: &Department, criteria: &Criteria) -> Result<QueueQuery, Box<dyn Error>> {
    let Selection { states, procedure, order, task, due, .. } =
        criteria.read("").map_err(|faults| format!("{faults:?}"))?;
    Ok(QueueQuery {
        tenant: tenant()?,
        department: DEPARTMENT.to_owned(),
        states: states.map(|states| states.into_iter().map(|state| state.as_str().to_owned()).collect()),
        assignees: criteria.assignee.as_ref().map(|_| vec![department.officer]),
        procedure,
        due_until: None,
        // By then most are due; what is asked for is what the use case asks for today.
        late_on: (due == DueFilter::Overdue).then(|| date(2027, 1, 1)),
        task,
        order,
        after: None,
        limit: i64::try_from(PAGE)? + 1,
    })
}

async fn page(department: &Department, query: &QueueQuery) -> Result<Vec<QueueRow>, Box<dyn Error>> {
    let query = query.clone();
    let read = move |tx: &mut madoguchi::store::ReadTx<'_>| queue::page(tx, &query);
    Ok(department.core.db.read(read).await?)
}

/// The end of the page before the hundredth, walked to as a client does.
async fn cursor_before(
    department: &Department,
    query: &QueueQuery,
) -> Result<Option<Cursor>, Box<dyn Error>> {
    let mut query = query.clone();
    for number in 1..FAR_PAGE {
        let rows = page(department, &query).await?;
        let last = rows.get(PAGE - 1).ok_or_else(|| format!("there is no page {number}"))?;
        query.after = Some(match query.order {
            Order::Arrival => Cursor::Arrival(last.arrived_at.ok_or("it did not arrive")?.0, last.id),
            Order::DueDate => Cursor::DueDate(last.due_on.map(|day| day.0), last.id),
        });
    }
    Ok(query.after)
}

/// Medians in milliseconds; the two take turns, so that a slow moment of the machine hits both.
async fn in_turn(pages: &[(&Department, &QueueQuery); 2]) -> Result<[f64; 2], Box<dyn Error>> {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS + ROUNDS / 4 {
        for (times, (department, query)) in times.iter_mut().zip(pages) {
            let began = Instant::now();
            let rows = page(department, query).await?;
            let took = began.elapsed();
            if rows.len() < PAGE {
                return Err(format!("a page of {} rows", rows.len()).into());
            }
            // The first quarter warms up.
            if round >= ROUNDS / 4 {
                times.push(took);
            }
        }
    }
    Ok(times.map(median))
}

async fn use_case(department: &Department, criteria: &Criteria) -> Result<f64, Box<dyn Error>> {
    let mut times = Vec::new();
    for _ in 0..USE_CASE_ROUNDS {
        let wanted = Wanted {
            tenant: tenant()?,
            department: DEPARTMENT.to_owned(),
            view: None,
            criteria: criteria.clone(),
            cursor: None,
        };
        let ctx = Ctx::new(Arc::clone(&department.core), Caller::Account(department.clerk), Uuid::nil());
        let began = Instant::now();
        service::list(ctx, wanted).await.map_err(|failure| failure.to_string())?;
        times.push(began.elapsed());
    }
    Ok(median(times))
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(f64::NAN, |took| rounded(took.as_secs_f64() * 1_000.0))
}

/// With three digits behind the point.
fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// A line for the person who waits.
fn progress(line: &str) {
    // A terminal that is gone cannot be told anything.
    let _ = writeln!(std::io::stderr(), "{line}");
}
