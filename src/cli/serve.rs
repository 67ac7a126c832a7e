//! `serve` and `worker`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tokio::sync::watch;

use super::{Common, Stop, say};
use crate::clock::{SystemClock, SystemIds};
use crate::config::Settings;
use crate::drill::Drill;
use crate::drill::socket::{self, Reach};
use crate::http::{self, serve::StopSignals, serve::block_on};
use crate::jobs::Worker;
use crate::service::Core;
use crate::start::{Migrate, Sources, build_core};
use crate::telemetry;

#[derive(Debug, Args)]
pub(super) struct ServeOptions {
    #[command(flatten)]
    common: Common,
    /// Bring the database up to date first; without this, missing migrations stop the start
    #[arg(long)]
    migrate: bool,
    /// The name of this process in the access log, one for each process; without it one is drawn
    #[arg(long, value_name = "NAME")]
    node_name: Option<String>,
    /// Where tests arm crash points
    #[arg(long, hide = true, value_name = "PATH")]
    drill_socket: Option<PathBuf>,
    /// How far the clock is from the machine's from the first instant on
    #[arg(long, hide = true, value_name = "MS", default_value_t = 0, requires = "drill_socket")]
    drill_clock_shift_ms: i64,
}

#[derive(Debug, Args)]
pub(super) struct WorkerOptions {
    #[command(flatten)]
    common: Common,
}

/// The parts that a process makes before its core.
pub(super) struct Machine {
    pub(super) clock: Arc<SystemClock>,
    pub(super) drill: Arc<Drill>,
}

impl Machine {
    pub(super) fn new() -> Self {
        Self { clock: Arc::default(), drill: Arc::default() }
    }

    pub(super) fn sources(&self) -> Sources {
        Sources {
            clock: Arc::<SystemClock>::clone(&self.clock),
            ids: Arc::new(SystemIds::default()),
            drill: Arc::clone(&self.drill),
        }
    }
}

pub(super) fn serve(options: &ServeOptions) -> Result<(), Stop> {
    let named = options.node_name.clone().map(|name| ("audit.node_name", name));
    let (settings, throw_away) = options.common.load_with(named)?;
    // A throw-away database is always empty.
    let is_fresh = !matches!(throw_away, super::database::ThrowAway::Nothing);
    let migrate = if options.migrate || is_fresh { Migrate::Apply } else { Migrate::Refuse };
    if let Some(path) = &options.drill_socket {
        refuse_public_drill(&settings, path)?;
    }
    telemetry::start_logs(&settings.telemetry).map_err(Stop)?;
    telemetry::metrics();
    let machine = Machine::new();
    machine.clock.set_shift_ms(options.drill_clock_shift_ms);
    block_on(async {
        let core = build_core(settings, machine.sources(), migrate).await?;
        let worker = Worker::new(Arc::clone(&core));
        if let Some(path) = &options.drill_socket {
            listen_to_drills(path, &machine, &worker)?;
        }
        run(core, worker, |address| say(format!("listening on http://{address}"))).await
    })
}

/// Serves with the worker inside, as the settings say.
pub(super) async fn run(
    core: Arc<Core>,
    worker: Worker,
    on_ready: impl FnOnce(SocketAddr),
) -> Result<(), Stop> {
    let inside = core.settings.worker.in_process.then_some(worker);
    Ok(http::serve::run(core, inside, on_ready).await?)
}

pub(super) fn worker(options: &WorkerOptions) -> Result<(), Stop> {
    let (settings, _throw_away) = options.common.load()?;
    telemetry::start_logs(&settings.telemetry).map_err(Stop)?;
    telemetry::metrics();
    let machine = Machine::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let core = build_core(settings, machine.sources(), Migrate::Refuse).await?;
        let (stop, asked_to_stop) = watch::channel(false);
        let mut signals = StopSignals::listen()?;
        tokio::spawn(async move {
            signals.wait().await;
            // The worker has ended by itself when nobody hears this.
            let _ = stop.send(true);
        });
        say("working");
        Worker::new(Arc::clone(&core)).run(asked_to_stop).await;
        let db = core.db.clone();
        tokio::task::spawn_blocking(move || db.shutdown()).await.map_err(Stop::because)
    })
}

/// A drill can stop the process and move its clock, so it exists only where nobody else is served.
fn refuse_public_drill(settings: &Settings, path: &Path) -> Result<(), Stop> {
    let loopback = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let real = settings.gateways.iter().find(|gateway| {
        let after_host = |rest: &str| rest.is_empty() || rest.starts_with([':', '/']);
        !loopback.iter().any(|prefix| gateway.base_url.strip_prefix(prefix).is_some_and(after_host))
    });
    if !settings.http.bind.ip().is_loopback() {
        return Err(Stop(format!(
            "--drill-socket {} is refused on the public address {}",
            path.display(),
            settings.http.bind
        )));
    }
    match real {
        Some(gateway) => {
            Err(Stop(format!("--drill-socket is refused with the real gateway {}", gateway.name)))
        }
        None => Ok(()),
    }
}

fn listen_to_drills(path: &Path, machine: &Machine, worker: &Worker) -> Result<(), Stop> {
    // Kept for good: connections to a gateway belong to the runtime they were made on.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let worker = worker.clone();
    let drain = move || runtime.block_on(worker.drain()).map_err(|failure| failure.to_string());
    let reach = Reach {
        drill: Arc::clone(&machine.drill),
        clock: Arc::clone(&machine.clock),
        drain_jobs: Arc::new(drain),
    };
    Ok(socket::listen(path, reach)?)
}
