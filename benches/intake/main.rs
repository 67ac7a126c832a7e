//! How many submissions a second, and at what cost, compared with PostgreSQL doing the same statements by itself.
//!
//! A submission is two authenticated, schema-checked, idempotent requests over HTTP: the draft and handing it in. 64
//! clients send them to a server process on SQLite and to one on a private PostgreSQL server with `fsync` on. pgbench
//! then runs the statements that were recorded from such a submission, in both transactions, on that same PostgreSQL
//! server, with as many clients. The three take turns, twice, so that a slow moment of the machine hits all of them.
//!
//! `cargo bench --bench intake`; `BENCH_SECS` (20) is the time of load a backend. One JSON line a backend on standard
//! output; the run fails on errors and on a missed bar.

mod child;
mod load;
mod pgbench;
mod report;
mod script;
mod server;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use madoguchi::store::private_cluster::{ClusterError, Durability, PrivateCluster};

use self::load::{Client, Submission, Tally};
use self::pgbench::{DATABASE, Pgbench};
use self::report::{Counted, Line, Reference, progress};
use self::server::{SERVE, Server};

/// Clients at once, ours and pgbench's.
const CLIENTS: usize = 64;
/// How often the three take turns.
const ROUNDS: u32 = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.as_slice() {
        [serve, url, folder] if serve == SERVE => child::serve(url, Path::new(folder)).map(|()| Vec::new()),
        _ => bench(),
    };
    match done {
        Ok(missed) if missed.is_empty() => ExitCode::SUCCESS,
        Ok(missed) => {
            progress(&format!("missed: {}", missed.join(", ")));
            ExitCode::FAILURE
        }
        Err(error) => {
            progress(&format!("the bench failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// One server with its clients and what was counted so far.
struct Side {
    backend: &'static str,
    server: Server,
    clients: Vec<Client>,
    tally: Tally,
    processor_time: Duration,
    statements: u64,
}

impl Side {
    async fn start(backend: &'static str, url: &str, folder: &Path) -> Result<Self, Box<dyn Error>> {
        progress(&format!("{backend}: starting the server, registering {CLIENTS} residents"));
        let server = Server::start(url, &folder.join(backend))?;
        let clients = load::clients(server.address, CLIENTS).await?;
        let (tally, processor_time) = (Tally::default(), Duration::ZERO);
        Ok(Self { backend, server, clients, tally, processor_time, statements: 0 })
    }

    fn round(&mut self, machine: &Machine, time: Duration) -> Result<(), Box<dyn Error>> {
        let (processor_time, statements) = (self.server.processor_time()?, self.server.statements()?);
        let clients = std::mem::take(&mut self.clients);
        let (clients, tally) = load::run(&machine.runtime, clients, &machine.submission, time);
        self.clients = clients;
        self.processor_time += self.server.processor_time()?.saturating_sub(processor_time);
        self.statements += self.server.statements()?.saturating_sub(statements);
        let (count, seconds) = (tally.submissions.len(), tally.elapsed.as_secs_f64());
        progress(&format!(
            "{}: {count} submissions in {seconds:.1} s, {} errors",
            self.backend, tally.errors
        ));
        self.tally.add(tally);
        Ok(())
    }

    fn warm_up(&mut self, machine: &Machine) -> Result<(), Box<dyn Error>> {
        self.round(machine, Duration::from_secs(2))?;
        let errors = self.tally.errors;
        self.tally = Tally { errors, ..Tally::default() };
        (self.processor_time, self.statements) = (Duration::ZERO, 0);
        Ok(())
    }

    fn line(self, reference: Option<Reference>) -> Result<Line, Box<dyn Error>> {
        let Self { backend, server, tally, processor_time, statements, .. } = self;
        let peak_memory_mib = server.peak_memory_mib()?;
        Ok(Line::of(backend, Counted { tally, processor_time, statements, peak_memory_mib }, reference))
    }
}

/// What all rounds share.
struct Machine {
    runtime: tokio::runtime::Runtime,
    submission: Rc<Submission>,
    folder: Folder,
}

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // Left-overs in the folder for temporary files do no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs everything and gives the bars that were missed.
#[expect(clippy::disallowed_methods, reason = "BENCH_SECS is a setting of the bench, not of the program")]
fn bench() -> Result<Vec<String>, Box<dyn Error>> {
    let seconds: u64 = std::env::var("BENCH_SECS").map_or(Ok(20), |text| text.parse())?;
    let time = Duration::from_secs(seconds.max(2)) / ROUNDS;
    let folder = Folder(std::env::temp_dir().join(format!("madoguchi-bench-{}", std::process::id())));
    std::fs::create_dir_all(&folder.0)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let machine = Machine { runtime, submission: Rc::new(Submission::example()?), folder };
    let folder = machine.folder.0.as_path();

    let file = format!("sqlite:{}", folder.join("bench.db").display());
    let mut sqlite = machine.runtime.block_on(Side::start("sqlite", &file, folder))?;
    sqlite.warm_up(&machine)?;
    let cluster = match PrivateCluster::start(&std::env::temp_dir(), Durability::Full, 200) {
        Ok(cluster) => cluster,
        Err(error @ (ClusterError::NotInstalled | ClusterError::NoUser)) => {
            progress(&format!("The PostgreSQL half of the bench did not run: {error}"));
            sqlite.round(&machine, time * ROUNDS)?;
            return finish([sqlite.line(None)?]);
        }
        Err(error) => return Err(error.into()),
    };
    let (postgres, reference) = measure(&machine, &cluster, &mut sqlite, time)?;
    finish([sqlite.line(Some(reference))?, postgres.line(Some(reference))?])
}

/// SQLite, PostgreSQL and pgbench in turn.
fn measure(
    machine: &Machine,
    cluster: &PrivateCluster,
    sqlite: &mut Side,
    time: Duration,
) -> Result<(Side, Reference), Box<dyn Error>> {
    let folder = machine.folder.0.as_path();
    cluster.execute("postgres", &[&format!("CREATE DATABASE {DATABASE}")])?;
    // Over the socket in the server's folder, like pgbench.
    let (password, host, port) = (cluster.password(), cluster.folder().display(), cluster.port());
    let url = format!("postgres://madoguchi:{password}@/{DATABASE}?host={host}&port={port}");
    let mut postgres = machine.runtime.block_on(Side::start("postgres", &url, folder))?;
    let client = postgres.clients.first_mut().ok_or("no client")?;
    let prepare = Pgbench::prepare(cluster, &mut postgres.server, client, &machine.submission);
    let mut pgbench = machine.runtime.block_on(prepare)?;
    postgres.warm_up(machine)?;
    // Plans made while the tables were empty scan them; on a server in use autovacuum ends that within a minute.
    cluster.execute(DATABASE, &["ANALYZE"])?;
    let mut rates = 0.0;
    for _ in 0..ROUNDS {
        sqlite.round(machine, time)?;
        // Each begins with the log behind it, so that none pays for the one before.
        cluster.execute(DATABASE, &["CHECKPOINT"])?;
        postgres.round(machine, time)?;
        cluster.execute(DATABASE, &["CHECKPOINT"])?;
        let rate = pgbench.run(cluster, |pgbench| &pgbench.both, folder, time)?;
        progress(&format!("pgbench, the same statements: {rate:.0} submissions/s"));
        rates += rate;
    }
    let one_statement = pgbench.run(cluster, |pgbench| &pgbench.one_statement, folder, time)?;
    progress(&format!("pgbench, one statement: {one_statement:.0} transactions/s"));
    Ok((postgres, Reference { both: rates / f64::from(ROUNDS), one_statement }))
}

fn finish<const COUNT: usize>(lines: [Line; COUNT]) -> Result<Vec<String>, Box<dyn Error>> {
    let mut missed = Vec::new();
    for line in lines {
        line.print()?;
        missed.extend(line.missed());
    }
    Ok(missed)
}
