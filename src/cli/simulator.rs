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
    /// Seed of its identifiers, so that a run with its faults can be told again; 0 draws new ones
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// End when standard input closes, that is with the process that started this one
    #[arg(long, hide = true)]
    until_input_closes: bool,
}

/// Runs until ctrl-c, or until the starter is gone. Its secrets are those of the settings; an account without any gets public ones,
/// which are printed.
pub(super) fn simulator(options: &SimulatorOptions) -> Result<(), Stop> {
    let settings = Settings::load(None).map_err(StartError::from)?;
    let accounts = accounts(&settings, options)?;
    let shown = accounts.shown;
    let simulated = SimulatorSettings {
        bind: SocketAddr::from((Ipv4Addr::LOCALHOST, options.port)),
        data_dir: options.data_dir.clone(),
        accounts: accounts.all,
        merchant_name: "青森県".to_owned(),
        seed: options.seed,
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
        let running = simulator::run(simulated, |address| {
            say(format!("simulator listening on http://{address}"));
            shown.iter().for_each(say);
        });
        tokio::select! {
            ended = running => Ok(ended?),
            Ok(()) = starter_is_gone, if waits_for_starter => Ok(()),
        }
    })
}

/// Whose part the simulator plays, and what an account there is called that no settings name: one row a vendor.
const SIMULATED: [(GatewayKind, Vendor, &str); 4] = [
    (GatewayKind::Komoju, Vendor::Komoju, "komoju"),
    (GatewayKind::Paypay, Vendor::Paypay, "paypay"),
    (GatewayKind::Stripe, Vendor::Stripe, "stripe"),
    (GatewayKind::Veritrans, Vendor::Veritrans, "veritrans"),
];

/// The merchant's accounts, and what is said of them at the start.
struct Accounts {
    all: Vec<VendorAccount>,
    /// The credentials that nobody configured: known to everybody, so they are shown.
    shown: Vec<String>,
}

/// An account at every vendor: with the secrets of the settings, or with public ones where none is given.
fn accounts(settings: &Settings, options: &SimulatorOptions) -> Result<Accounts, Stop> {
    let mut found = Accounts { all: Vec::new(), shown: Vec::new() };
    for gateway in &settings.gateways {
        let Some((_, vendor, _)) = SIMULATED.into_iter().find(|(kind, ..)| *kind == gateway.kind) else {
            continue;
        };
        let mut account = VendorAccount::new(vendor, &[("merchant_id", &gateway.merchant_id)], None);
        let credentials = gateway.kind.credentials();
        if credentials.iter().any(|name| settings.secrets.is_given(&gateway.name, name)) {
            for name in credentials {
                match settings.secrets.of_gateway(&gateway.name, name) {
                    Ok(values) => {
                        let values: Vec<_> = values.iter().map(ExposeSecret::expose_secret).collect();
                        account.credentials.insert((*name).to_owned(), values.join(" "));
                    }
                    Err(missing) if gateway.enabled => return Err(StartError::from(missing).into()),
                    // A gateway that is only described is simulated as far as it can be.
                    Err(_) => {}
                }
            }
        } else {
            found.use_public(gateway.kind, &gateway.name, &mut account);
        }
        let address = |url: &String| url.replace("{gateway}", &gateway.name);
        account.webhook_url = options.webhook_url.as_ref().map(address);
        found.all.push(account);
    }
    for (kind, vendor, name) in SIMULATED {
        if settings.gateways.iter().all(|gateway| gateway.kind != kind) {
            let mut account = VendorAccount::new(vendor, &[], None);
            found.use_public(kind, name, &mut account);
            account.webhook_url = options.webhook_url.as_ref().map(|url| url.replace("{gateway}", name));
            found.all.push(account);
        }
    }
    Ok(found)
}

impl Accounts {
    /// Gives an account the public credentials, and says so.
    fn use_public(&mut self, kind: GatewayKind, name: &str, account: &mut VendorAccount) {
        for (credential, value) in public_credentials(kind) {
            let own = account.credentials.get(*credential).cloned().filter(|own| !own.is_empty());
            let value = own.unwrap_or_else(|| (*value).to_owned());
            self.shown.push(format!("credential {name} {credential} {value}"));
            account.credentials.insert((*credential).to_owned(), value);
        }
    }
}

/// What proves the merchant where the settings give nothing. Good for this simulator alone, so it is no secret.
fn public_credentials(kind: GatewayKind) -> &'static [(&'static str, &'static str)] {
    match kind {
        GatewayKind::Komoju => {
            &[("secret_key", "sk_test_simulator"), ("webhook_secret", "whsec_test_simulator")]
        }
        GatewayKind::Paypay => &[("api_key", "key_test_simulator"), ("api_secret", "secret_test_simulator")],
        GatewayKind::Stripe => {
            &[("secret_key", "sk_test_simulator"), ("webhook_secret", "whsec_test_simulator")]
        }
        // The CCID of the vendor's documentation.
        GatewayKind::Veritrans => &[
            ("merchant_id", "A100000000000000000000cc"),
            ("secret_key", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
        ],
    }
}
