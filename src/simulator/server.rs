//! Starting and stopping the service.

use std::io::{Error, ErrorKind, Result};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;
use std::thread::JoinHandle;

use actix_web::dev::{Server, ServerHandle};
use actix_web::web::{Data, PayloadConfig};
use actix_web::{App, HttpServer};

use super::core::Simulator;
use super::model::Vendor;
use super::settings::SimulatorSettings;
use super::{admin, el_qr, facade, hosted, webhooks};

/// Largest request body in bytes.
const BODY_LIMIT: usize = 256 * 1024;

/// Who ends the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// The process's signals.
    OnSignal,
    /// The handle only.
    ByHandle,
}

/// A simulator running in this process, for tests; dropping it ends it without waiting.
#[derive(Debug)]
pub struct RunningSimulator {
    handle: ServerHandle,
    thread: Option<JoinHandle<Result<()>>>,
}

impl RunningSimulator {
    /// Stops it and waits until the journal is closed, so that it can be started again on the same folder.
    pub async fn stop(mut self) -> Result<()> {
        self.handle.stop(false).await;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            Some(Err(_)) => Err(Error::other("the simulator's thread broke down")),
            None => Ok(()),
        }
    }
}

impl Drop for RunningSimulator {
    fn drop(&mut self) {
        // The order is given by the call; only the waiting is left out.
        drop(self.handle.stop(false));
    }
}

/// Serves until ctrl-c or SIGTERM; `on_ready` hears the address once the service listens.
pub async fn run(settings: SimulatorSettings, on_ready: impl FnOnce(SocketAddr)) -> Result<()> {
    let (server, simulator) = build(settings, Ends::OnSignal)?;
    on_ready(simulator.address);
    serve(server, simulator).await
}

/// Starts a simulator on a thread of its own; works inside and outside any runtime.
pub fn start(settings: SimulatorSettings) -> Result<(RunningSimulator, SocketAddr)> {
    let (tell, hear) = mpsc::channel();
    let thread = std::thread::Builder::new().name("simulator".to_owned()).spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let (server, simulator) = build(settings, Ends::ByHandle)?;
            // Nobody listening means that the starter is gone; then serving harms nobody.
            let _ = tell.send((server.handle(), simulator.address));
            serve(server, simulator).await
        })
    })?;
    match hear.recv() {
        Ok((handle, address)) => Ok((RunningSimulator { handle, thread: Some(thread) }, address)),
        Err(_) => Err(match thread.join() {
            Ok(Err(error)) => error,
            _ => Error::other("the simulator did not start"),
        }),
    }
}

fn build(settings: SimulatorSettings, ends: Ends) -> Result<(Server, Data<Simulator>)> {
    if !settings.bind.ip().is_loopback() {
        return Err(Error::new(
            ErrorKind::InvalidInput,
            format!("the simulator listens on loopback only, not on {}", settings.bind),
        ));
    }
    let listener = TcpListener::bind(settings.bind)?;
    let address = listener.local_addr()?;
    let simulator = Data::new(Simulator::open(settings, address)?);
    let shared = simulator.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .app_data(PayloadConfig::new(BODY_LIMIT))
            .configure(hosted::routes)
            .configure(admin::routes)
            .configure(el_qr::routes)
            .configure(|config| {
                for vendor in Vendor::ALL {
                    (facade::of(vendor).routes)(config);
                }
            })
    })
    .workers(2)
    .shutdown_timeout(1)
    .listen(listener)?;
    let server = match ends {
        Ends::OnSignal => server,
        Ends::ByHandle => server.disable_signals(),
    };
    Ok((server.run(), simulator))
}

async fn serve(server: Server, simulator: Data<Simulator>) -> Result<()> {
    let client = webhooks::client().map_err(Error::other)?;
    let sender = tokio::spawn(webhooks::deliver_for_ever(simulator.clone().into_inner(), client));
    let ended = server.await;
    sender.abort();
    simulator.close();
    ended
}
