//! Typed settings: `config/default.toml` (embedded) under an optional file under the environment.
//!
//! All faults are found at once, before anything is started. Secrets are refused in a settings file: they come from
//! the environment or from files of their own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::domain::checkpoint::LONGEST_NODE_NAME;

mod gateways;
mod mail;
mod secrets;

pub use gateways::{GatewayKind, GatewaySettings, MethodSettings};
pub use mail::{MailSettings, MailTransport, SmtpSettings, SmtpTls};
pub use secrets::SecretSettings;

const DEFAULTS: &str = include_str!("../config/default.toml");

/// All settings, checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The HTTP server.
    pub http: HttpSettings,
    /// The database.
    pub database: DatabaseSection,
    /// Where attachments are kept.
    pub files: FileSettings,
    /// Making PDFs.
    pub documents: DocumentSettings,
    /// Where mail goes.
    pub mail: MailSettings,
    /// Passwords and tokens.
    pub identity: IdentitySettings,
    /// Casework.
    pub review: ReviewSettings,
    /// Opening payments.
    pub payments: PaymentSettings,
    /// The gateways and the methods they take.
    pub gateways: Vec<GatewaySettings>,
    /// Following what is published.
    pub catalogue: CatalogueSettings,
    /// The worker.
    pub worker: WorkerSettings,
    /// Sealing the record.
    pub audit: AuditSettings,
    /// Logs.
    pub telemetry: TelemetrySettings,
    /// What must not be known.
    pub secrets: SecretSettings,
}

/// `[http]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// Listening address.
    pub bind: SocketAddr,
    /// Public base address without a slash at the end.
    pub public_url: String,
    /// Worker threads; 0: one a processor.
    pub workers: usize,
    /// Largest JSON body in bytes.
    pub body_limit_bytes: usize,
    /// Largest attachment in bytes.
    pub upload_limit_bytes: usize,
    /// Time for a request's head to arrive.
    pub client_timeout_ms: u64,
    /// Time for running requests to end at a stop.
    pub shutdown_timeout_ms: u64,
    /// Origins a payer may be sent back to.
    pub return_origins: Vec<String>,
}

/// `[database]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSection {
    /// Where the database is.
    pub url: String,
    /// Where the read replica is; empty: none.
    pub read_url: String,
    /// Writing connections on PostgreSQL.
    pub writers: usize,
    /// Closures a commit on PostgreSQL.
    pub postgres_batch: usize,
    /// Closures a commit on SQLite.
    pub sqlite_batch: usize,
    /// Reading connections.
    pub readers: usize,
    /// Waiting requests before 503.
    pub queue_length: usize,
    /// Slow statement threshold.
    pub slow_query_ms: u64,
}

/// `[files]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSettings {
    /// Folder of the attachments.
    pub directory: PathBuf,
}

/// `[documents]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentSettings {
    /// Folders that are looked through for fonts.
    pub font_directories: Vec<PathBuf>,
    /// Families to set documents in, the one to be preferred first.
    pub font_families: Vec<String>,
    /// Folder of the installation's own templates; empty: those of the program.
    pub templates_directory: PathBuf,
    /// Documents that are made at once.
    pub rendering_at_once: usize,
}

/// `[identity]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentitySettings {
    /// Life of an access token.
    pub access_token_minutes: i64,
    /// Life of a refresh token.
    pub refresh_token_days: i64,
    /// Shortest password in characters.
    pub password_min_length: usize,
    /// argon2id memory.
    pub argon2_memory_kib: u32,
    /// argon2id passes.
    pub argon2_iterations: u32,
    /// argon2id lanes.
    pub argon2_parallelism: u32,
    /// Hashing threads.
    pub hashing_threads: usize,
    /// Waiting hashes before 503.
    pub hashing_queue: usize,
    /// Failures from one address before it waits.
    pub lock_after_failures: i64,
    /// First wait in seconds.
    pub lock_first_s: i64,
    /// Longest wait in seconds.
    pub lock_longest_s: i64,
    /// Failures from everywhere before the account is slowed down.
    pub lock_account_after_failures: i64,
}

/// `[review]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewSettings {
    /// Working days after the last step on a claimed case, after which a colleague may take it over.
    pub claim_lease_open_days: u16,
    /// Working days after which an electronic notice that nobody has retrieved stands on the list of letters.
    pub unretrieved_notice_open_days: u16,
}

/// `[payments]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentSettings {
    /// How long opening waits for the gateway.
    pub open_wait_ms: u64,
    /// Lease of a gateway call.
    pub lease_ms: i64,
    /// How many days after the day it was made a payment link may be good.
    pub link_longest_days: i64,
    /// Calls about payment links a minute that one address may make, without an account.
    pub link_address_per_minute: u32,
    /// How many of them may come at once.
    pub link_address_burst: u32,
    /// Calls a minute about one payment link, from wherever.
    pub link_per_minute: u32,
    /// How many of them may come at once.
    pub link_burst: u32,
    /// How many addresses, and how many links, a node remembers at least; at most twice as many.
    pub link_callers_remembered: usize,
    /// After how many days people are told of an attempt whose money is held and not taken.
    pub held_alert_days: i32,
    /// How many days after the last day of a claim people are told of an attempt that its gateway has not closed.
    pub open_late_alert_days: i32,
    /// Days before a gateway's deadline on which an open dispute is reminded of.
    pub dispute_reminder_days: Vec<i64>,
    /// Minutes between two looks at the gateways' payouts; 0: never look.
    pub payout_fetch_minutes: i64,
    /// How many days back payouts are listed, unless the last known one is older.
    pub payout_look_back_days: i32,
    /// How many days a payout is asked for again, because its agent may issue it anew.
    pub payout_refresh_days: i32,
}

/// `[catalogue]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueSettings {
    /// Pause between two looks at what was published; 0: never look.
    pub poll_ms: u64,
}

/// `[worker]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerSettings {
    /// Run inside `serve`.
    pub in_process: bool,
    /// Pause when idle.
    pub idle_ms: u64,
    /// Lease of a job.
    pub lease_ms: i64,
}

/// `[audit]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditSettings {
    /// Minutes between two checkpoints.
    pub checkpoint_minutes: i64,
    /// The name of this process in the access log; empty: drawn at the start.
    pub node_name: String,
}

/// `[telemetry]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetrySettings {
    /// `json` or `text`.
    pub format: LogFormat,
    /// tracing filter directives.
    pub filter: String,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// Settings cannot be used; every reason is listed.
#[derive(Debug, thiserror::Error)]
#[error("the settings cannot be used:\n  - {}", .0.join("\n  - "))]
pub struct BadSettings(pub Vec<String>);

impl Settings {
    /// Reads defaults, then `file`, then the environment, and checks everything.
    pub fn load(file: Option<&Path>) -> Result<Self, BadSettings> {
        Self::load_with(file, &[])
    }

    /// As [`Settings::load`], with `overrides` (`http.bind`, value) on top; for commands with options of their own.
    pub fn load_with(file: Option<&Path>, overrides: &[(&str, String)]) -> Result<Self, BadSettings> {
        let one = |error: config::ConfigError| BadSettings(vec![error.to_string()]);
        let mut builder =
            config::Config::builder().add_source(config::File::from_str(DEFAULTS, config::FileFormat::Toml));
        if let Some(path) = file {
            refuse_secrets_in_file(path)?;
            builder = builder.add_source(config::File::from(path).format(config::FileFormat::Toml));
        }
        let environment =
            config::Environment::with_prefix("MADOGUCHI").prefix_separator("__").separator("__");
        builder = builder.add_source(environment.clone().try_parsing(true));
        // Secrets are taken as they are written: a number's leading zeros belong to it.
        builder = builder.add_source(environment.source(Some(secrets::environment())));
        for (key, value) in overrides {
            builder = builder.set_override(*key, value.as_str()).map_err(one)?;
        }
        let settings: Self = builder.build().map_err(one)?.try_deserialize().map_err(one)?;
        let faults = settings.faults();
        if faults.is_empty() { Ok(settings) } else { Err(BadSettings(faults)) }
    }

    /// Everything wrong with the values, all at once.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut check = |ok: bool, text: &str| {
            if !ok {
                faults.push(text.to_owned());
            }
        };
        check(!self.http.public_url.ends_with('/'), "http.public_url must not end with a slash");
        check(
            self.http.public_url.starts_with("http"),
            "http.public_url must begin with http:// or https://",
        );
        check(self.http.body_limit_bytes >= 1024, "http.body_limit_bytes must be at least 1024");
        check((1..=64).contains(&self.database.writers), "database.writers must lie between 1 and 64");
        check((1..=64).contains(&self.database.readers), "database.readers must lie between 1 and 64");
        check(
            (1..=16).contains(&self.database.postgres_batch),
            "database.postgres_batch must lie between 1 and 16",
        );
        check(
            (1..=256).contains(&self.database.sqlite_batch),
            "database.sqlite_batch must lie between 1 and 256",
        );
        check(self.database.queue_length >= 1, "database.queue_length must be at least 1");
        check(self.identity.access_token_minutes >= 1, "identity.access_token_minutes must be at least 1");
        check(self.identity.refresh_token_days >= 1, "identity.refresh_token_days must be at least 1");
        check(self.identity.password_min_length >= 8, "identity.password_min_length must be at least 8");
        check(self.identity.hashing_threads >= 1, "identity.hashing_threads must be at least 1");
        check(self.identity.lock_after_failures >= 1, "identity.lock_after_failures must be at least 1");
        check(
            self.identity.lock_longest_s >= self.identity.lock_first_s,
            "identity.lock_longest_s is below lock_first_s",
        );
        let minutes = self.audit.checkpoint_minutes;
        check((1..=1440).contains(&minutes), "audit.checkpoint_minutes must lie between 1 and 1440");
        check(
            self.audit.node_name.len() <= LONGEST_NODE_NAME
                && self.audit.node_name.bytes().all(|byte| byte.is_ascii_graphic()),
            "audit.node_name must be at most 64 visible ASCII characters",
        );
        self.payments.check(&mut check);
        self.mail.check(self.worker.lease_ms, &mut check);
        for gateway in &self.gateways {
            gateway.check(self.payments.lease_ms, &mut check);
        }
        faults
    }
}

impl PaymentSettings {
    fn check(&self, check: &mut impl FnMut(bool, &str)) {
        check(
            self.dispute_reminder_days.iter().all(|days| (1..=90).contains(days)),
            "payments.dispute_reminder_days must lie between 1 and 90",
        );
        let minutes = self.payout_fetch_minutes;
        check((0..=10_080).contains(&minutes), "payments.payout_fetch_minutes must lie between 0 and 10080");
        let days = self.payout_look_back_days;
        check((1..=366).contains(&days), "payments.payout_look_back_days must lie between 1 and 366");
        let again = self.payout_refresh_days;
        check(
            (0..=days).contains(&again),
            "payments.payout_refresh_days must not exceed payout_look_back_days",
        );
        check(self.open_wait_ms <= 5000, "payments.open_wait_ms must be at most 5000");
        let days = self.link_longest_days;
        check((1..=366).contains(&days), "payments.link_longest_days must lie between 1 and 366");
        let days = [self.held_alert_days, self.open_late_alert_days];
        let bounded = days.iter().all(|days| (1..=366).contains(days));
        check(bounded, "payments.held_alert_days and open_late_alert_days must lie between 1 and 366");
        let PaymentSettings {
            link_address_per_minute, link_address_burst, link_per_minute, link_burst, ..
        } = *self;
        let rates = [link_address_per_minute, link_address_burst, link_per_minute, link_burst];
        let usable = rates.iter().all(|rate| (1..=60_000).contains(rate));
        check(usable, "payments.link_… rates and bursts must lie between 1 and 60000");
        let remembered = (1..=1_000_000).contains(&self.link_callers_remembered);
        check(remembered, "payments.link_callers_remembered must lie between 1 and 1000000");
    }
}

fn refuse_secrets_in_file(path: &Path) -> Result<(), BadSettings> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| BadSettings(vec![format!("{}: {error}", path.display())]))?;
    let config = config::Config::builder()
        .add_source(config::File::from_str(&text, config::FileFormat::Toml))
        .build()
        .map_err(|error| BadSettings(vec![format!("{}: {error}", path.display())]))?;
    let secrets = config.get_table("secrets").unwrap_or_default();
    let written: Vec<String> = secrets
        .keys()
        .filter(|key| !key.ends_with("_file"))
        .map(|key| {
            format!(
                "{}: secrets.{key} stands in a settings file; use the environment or {key}_file",
                path.display()
            )
        })
        .collect();
    if written.is_empty() { Ok(()) } else { Err(BadSettings(written)) }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn the_defaults_are_usable() {
        assert!(Settings::load(None).is_ok());
    }

    #[test]
    fn every_fault_is_listed_at_once() {
        let wrong = [
            ("http.public_url", "https://example.jp/".to_owned()),
            ("database.writers", "0".to_owned()),
            ("identity.password_min_length", "4".to_owned()),
            ("payments.lease_ms", "1000".to_owned()),
        ];
        let BadSettings(faults) = Settings::load_with(None, &wrong).unwrap_err();
        let names =
            ["http.public_url", "database.writers", "identity.password_min_length", "payments.lease_ms"];
        for name in names {
            assert!(faults.iter().any(|fault| fault.contains(name)), "{name}: {faults:?}");
        }
    }

    #[test]
    fn a_secret_in_a_settings_file_is_refused_and_a_file_of_its_own_is_read() {
        let folder = std::env::temp_dir().join(format!("madoguchi-config-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("settings.toml");
        std::fs::write(&file, "[secrets]\nkomoju_secret_key = \"sk_live\"\n").unwrap();
        let BadSettings(faults) = Settings::load(Some(&file)).unwrap_err();
        assert!(faults.iter().any(|fault| fault.contains("secrets.komoju_secret_key")), "{faults:?}");
        assert!(!faults.iter().any(|fault| fault.contains("sk_live")), "a refusal shows no secret");

        let secret = folder.join("komoju");
        std::fs::write(&secret, "sk_live\n").unwrap();
        let text = format!("[secrets]\nkomoju_secret_key_file = \"{}\"\n", secret.display());
        std::fs::write(&file, text).unwrap();
        let settings = Settings::load(Some(&file)).unwrap();
        let secrets = settings.secrets.of_gateway("komoju", "secret_key").unwrap();
        assert_eq!(secrets[0].expose_secret(), "sk_live");
        assert!(!format!("{settings:?}").contains("sk_live"));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        assert!(Settings::load_with(None, &[("http.bnid", "127.0.0.1:1".to_owned())]).is_err());
    }
}
