//! `simulator`.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use secrecy::ExposeSecret;

use super::{Stop, say};
use crate::config::Settings;
use crate::simulator::{self, SimulatorSettings};
use crate::start::StartError;

#[derive(Debug, Args)]
pub(super) struct SimulatorOptions {
    /// Port on 127.0.0.1
    #[arg(long, default_value_t = 8081)]
    port: u16,
    /// Folder of its journal
    #[arg(long, default_value = "var/simulator")]
    data_dir: PathBuf,
    /// Where notifications go
    #[arg(long, value_name = "URL")]
    webhook_url: Option<String>,
    /// End when standard input closes, that is with the process that started this one
    #[arg(long, hide = true)]
    until_input_closes: bool,
}

/// Runs until ctrl-c, or until the starter is gone. Its secrets are those of the settings.
pub(super) fn simulator(options: &SimulatorOptions) -> Result<(), Stop> {
    let settings = Settings::load(None).map_err(StartError::from)?;
    let secret_key = settings.secrets.komoju_secret_key().map_err(StartError::from)?;
    let webhook_secret = settings.secrets.komoju_webhook_secret().map_err(StartError::from)?;
    let simulated = SimulatorSettings {
        bind: SocketAddr::from((Ipv4Addr::LOCALHOST, options.port)),
        data_dir: options.data_dir.clone(),
        secret_key: secret_key.expose_secret().to_owned(),
        webhook_secret: webhook_secret.expose_secret().to_owned(),
        webhook_url: options.webhook_url.clone(),
        merchant_name: "青森県".to_owned(),
        seed: 0,
        webhook_retry_seconds: SimulatorSettings::usual_retries(),
    };
    let (gone, starter_is_gone) = tokio::sync::oneshot::channel();
    let waits_for_starter = options.until_input_closes;
    if waits_for_starter {
        std::thread::spawn(move || {
            // Nothing is ever sent; the end of the input is the message.
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            let _ = gone.send(());
        });
    }
    actix_web::rt::System::new().block_on(async {
        let running =
            simulator::run(simulated, |address| say(format!("simulator listening on http://{address}")));
        tokio::select! {
            ended = running => Ok(ended?),
            Ok(()) = starter_is_gone, if waits_for_starter => Ok(()),
        }
    })
}
