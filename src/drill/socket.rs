//! The drill socket: a Unix socket over which a test arms crash points, moves the clock and drains the jobs.
//!
//! One JSON object a line in, one a line out. `{"arm":"submit-before-commit"}` answers `{"armed":…}` at once and
//! `{"parked":…}` when the point is hit; `{"shift_clock_ms":n}`; `{"drain_jobs":true}` answers how many jobs ran;
//! `{"hits":true}` answers the counts. It runs on threads of its own, so a blocked reactor cannot silence it.

use std::io::{BufRead, BufReader, Error, ErrorKind, Result, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{CrashPoint, Drill};
use crate::clock::SystemClock;

/// Runs all jobs that are due and says how many there were.
pub type DrainJobs = dyn Fn() -> std::result::Result<usize, String> + Send + Sync;

/// What the socket can reach.
#[derive(Clone)]
pub struct Reach {
    /// The crash points.
    pub drill: Arc<Drill>,
    /// The clock of server and worker.
    pub clock: Arc<SystemClock>,
    /// The worker.
    pub drain_jobs: Arc<DrainJobs>,
}

/// `true`: an order without a value.
#[derive(Debug, Deserialize)]
#[serde(try_from = "bool")]
struct Yes;

impl TryFrom<bool> for Yes {
    type Error = &'static str;

    fn try_from(value: bool) -> std::result::Result<Self, Self::Error> {
        if value { Ok(Self) } else { Err("only true makes sense here") }
    }
}

/// One line from a test.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Order {
    Arm(String),
    ShiftClockMs(i64),
    DrainJobs(Yes),
    Hits(Yes),
}

/// Listens at `path` (a left-over socket is replaced) on threads of its own until the process ends.
pub fn listen(path: &Path, reach: Reach) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    reach.drill.begin();
    std::thread::Builder::new().name("drill".to_owned()).spawn(move || {
        for stream in listener.incoming().flatten() {
            let reach = reach.clone();
            // Each connection has its thread: one may wait for a point while another drains the jobs.
            let served = std::thread::Builder::new().name("drill-connection".to_owned());
            if let Err(error) = served.spawn(move || serve(&stream, &reach)) {
                tracing::error!(%error, "the drill socket could not serve a connection");
            }
        }
    })?;
    Ok(())
}

fn serve(stream: &UnixStream, reach: &Reach) {
    for line in BufReader::new(stream).lines() {
        let answer = match line {
            Ok(line) => {
                obey(&line, stream, reach).unwrap_or_else(|error| json!({ "error": error.to_string() }))
            }
            Err(_) => return,
        };
        let mut out = stream;
        if out.write_all(format!("{answer}\n").as_bytes()).is_err() {
            return;
        }
    }
}

fn obey(line: &str, stream: &UnixStream, reach: &Reach) -> Result<Value> {
    let order = serde_json::from_str(line).map_err(|error| Error::new(ErrorKind::InvalidInput, error))?;
    match order {
        Order::Arm(name) => {
            let unknown = || Error::new(ErrorKind::InvalidInput, format!("no crash point is called {name}"));
            let point = CrashPoint::parse(&name).ok_or_else(unknown)?;
            reach.drill.arm(point, Some(stream.try_clone()?));
            Ok(json!({ "armed": point.name() }))
        }
        Order::ShiftClockMs(shift) => {
            reach.clock.set_shift_ms(shift);
            Ok(json!({ "shift_clock_ms": shift }))
        }
        Order::DrainJobs(Yes) => {
            let count = (reach.drain_jobs)().map_err(Error::other)?;
            Ok(json!({ "drained": count }))
        }
        Order::Hits(Yes) => {
            let hits =
                reach.drill.hits().into_iter().map(|(point, count)| (point.name().to_owned(), json!(count)));
            Ok(json!({ "hits": Value::Object(hits.collect()) }))
        }
    }
}
