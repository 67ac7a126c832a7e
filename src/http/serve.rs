//! Binding, serving and stopping.
//!
//! A stop signal ends it in order: no new connections, running requests get their time, then the worker finishes what
//! it holds, then the database threads write what waits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpServer, web};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::{Documentation, app};
use crate::jobs::Worker;
use crate::service::{Core, Failure};

/// Connections a thread may hold.
const CONNECTIONS_A_THREAD: usize = 4096;

/// Serves until ctrl-c or SIGTERM; `on_ready` hears the address once it listens. `worker` runs beside it when given.
pub async fn run(
    core: Arc<Core>,
    worker: Option<Worker>,
    on_ready: impl FnOnce(SocketAddr),
) -> Result<(), Failure> {
    let documentation = Documentation::build()?;
    let settings = Arc::clone(&core.settings);
    let data = web::Data::from(Arc::clone(&core));
    let mut server = HttpServer::new(move || app(data.clone(), documentation.clone()))
        .client_request_timeout(Duration::from_millis(settings.http.client_timeout_ms))
        .client_disconnect_timeout(Duration::from_secs(2))
        .keep_alive(Duration::from_secs(30))
        .max_connections(CONNECTIONS_A_THREAD)
        .disable_signals()
        .shutdown_timeout(settings.http.shutdown_timeout_ms.div_ceil(1000));
    if settings.http.workers > 0 {
        server = server.workers(settings.http.workers);
    }
    let bound = server.bind(settings.http.bind);
    let server =
        bound.map_err(|error| internal(&format!("{} cannot be bound: {error}", settings.http.bind)))?;
    let address = server.addrs().first().copied().unwrap_or(settings.http.bind);
    let (stop, asked_to_stop) = watch::channel(false);
    let working = worker.map(|worker| std::thread::spawn(move || work(&worker, asked_to_stop)));
    let server = server.run();
    // Listening for signals comes before saying that we are ready: whoever reads that may stop us at once.
    let mut signals = StopSignals::listen().map_err(|error| internal(&error.to_string()))?;
    let handle = server.handle();
    actix_web::rt::spawn(async move {
        signals.wait().await;
        handle.stop(true).await;
    });
    on_ready(address);
    let ended = server.await;
    // Nobody listening means that there is no worker.
    let _ = stop.send(true);
    let db = core.db.clone();
    let finished = web::block(move || {
        let joined = working.map_or(Ok(Ok(())), std::thread::JoinHandle::join);
        db.shutdown();
        joined
    });
    match finished.await {
        Ok(Ok(ended)) => ended?,
        _ => return Err(internal("the worker broke down")),
    }
    ended.map_err(|error| internal(&error.to_string()))
}

/// Ctrl-c and SIGTERM, heard from the moment this exists.
pub struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    /// Begins to listen.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for one of them.
    pub async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Runs `work` on the runtime that the server needs, until it ends.
pub fn block_on<F: Future>(work: F) -> F::Output {
    actix_web::rt::System::new().block_on(work)
}

/// Runs a worker on a runtime of this thread, away from the threads that serve requests.
pub fn work(worker: &Worker, until: watch::Receiver<bool>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| internal(&error.to_string()))?.block_on(worker.run(until));
    Ok(())
}

fn internal(what: &str) -> Failure {
    Failure::Internal(what.to_owned())
}
