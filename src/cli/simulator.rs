//! `simulator`.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use secrecy::ExposeSecret;

use super::{Stop, say};
use crate::config::{GatewayKind, Settings};
use crate::http::serve::block_on;
use crate::simulator::{self, SimulatorSettings, Vendor, VendorAccount};
use crate::start::StartError;

#[derive(Debug, Args)]
pub(super) struct SimulatorOptions {
    /// Port on 127.0.0.1
    #[arg(long, default_value_t = 8081)]
    port: u16,
    /// Folder of its journal
    #[arg(long, default_value = "var/simulator")]
    data_dir: PathBuf,
    /// Where notifications go; `{gateway}` stands for the name of the gateway
    #[arg(long, value_name = "URL")]
    webhook_url: Option<String>,
    /// End when standard input closes, that is with the process that started this one
    #[arg(long, hide = true)]
    until_input_closes: bool,
}

/// Runs until ctrl-c, or until the starter is gone. Its secrets are those of the settings.
pub(super) fn simulator(options: &SimulatorOptions) -> Result<(), Stop> {
    let settings = Settings::load(None).map_err(StartError::from)?;
    let simulated = SimulatorSettings {
        bind: SocketAddr::from((Ipv4Addr::LOCALHOST, options.port)),
        data_dir: options.data_dir.clone(),
        accounts: accounts(&settings, options)?,
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
    block_on(async {
        let running =
            simulator::run(simulated, |address| say(format!("simulator listening on http://{address}")));
        tokio::select! {
            ended = running => Ok(ended?),
            Ok(()) = starter_is_gone, if waits_for_starter => Ok(()),
        }
    })
}

/// The accounts that secrets are given for, at the vendors that are simulated.
fn accounts(settings: &Settings, options: &SimulatorOptions) -> Result<Vec<VendorAccount>, Stop> {
    let mut accounts = Vec::new();
    for gateway in &settings.gateways {
        let vendor = simulated_vendor(gateway.kind);
        let mut account = VendorAccount::new(vendor, &[("merchant_id", &gateway.merchant_id)], None);
        for name in gateway.kind.credentials() {
            match settings.secrets.of_gateway(&gateway.name, name) {
                Ok(values) => {
                    let newest = values.first().map(|value| value.expose_secret().to_owned());
                    account.credentials.insert((*name).to_owned(), newest.unwrap_or_default());
                }
                Err(missing) if gateway.enabled => return Err(StartError::from(missing).into()),
                // A gateway that is only described is simulated as far as it can be.
                Err(_) => {}
            }
        }
        let address = |url: &String| url.replace("{gateway}", &gateway.name);
        account.webhook_url = options.webhook_url.as_ref().map(address);
        accounts.push(account);
    }
    Ok(accounts)
}

/// Whose part the simulator plays: one arm a vendor.
fn simulated_vendor(kind: GatewayKind) -> Vendor {
    match kind {
        GatewayKind::Komoju => Vendor::Komoju,
        GatewayKind::Paypay => Vendor::Paypay,
        GatewayKind::Stripe => Vendor::Stripe,
        GatewayKind::Veritrans => Vendor::Veritrans,
    }
}
