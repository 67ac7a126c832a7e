//! How a simulator is started.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The settings of one simulated merchant account.
#[derive(Clone)]
pub struct SimulatorSettings {
    /// Where to listen; a loopback address, port 0 for any free port.
    pub bind: SocketAddr,
    /// Folder of the journal; made when missing.
    pub data_dir: PathBuf,
    /// The merchant's API key.
    pub secret_key: String,
    /// The secret that signs notifications.
    pub webhook_secret: String,
    /// Where notifications go; `None` keeps the last address set over the admin API.
    pub webhook_url: Option<String>,
    /// The merchant's name on the hosted page.
    pub merchant_name: String,
    /// Seed of the identifiers; 0 means random.
    pub seed: u64,
    /// After a failed delivery, the waits before the next tries, in virtual seconds.
    pub webhook_retry_seconds: Vec<u32>,
}

impl SimulatorSettings {
    /// The usual waits between deliveries: 5 s, 30 s, 2 min, 10 min, 1 h, 6 h, 24 h.
    pub fn usual_retries() -> Vec<u32> {
        vec![5, 30, 120, 600, 3_600, 21_600, 86_400]
    }
}

impl fmt::Debug for SimulatorSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SimulatorSettings")
            .field("bind", &self.bind)
            .field("data_dir", &self.data_dir)
            .field("webhook_url", &self.webhook_url)
            .field("merchant_name", &self.merchant_name)
            .field("seed", &self.seed)
            .field("webhook_retry_seconds", &self.webhook_retry_seconds)
            .finish_non_exhaustive()
    }
}
