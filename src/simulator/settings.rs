//! How a simulator is started.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::model::Vendor;

/// The settings of a simulator.
#[derive(Clone, Debug)]
pub struct SimulatorSettings {
    /// Where to listen; a loopback address, port 0 for any free port.
    pub bind: SocketAddr,
    /// Folder of the journal; made when missing.
    pub data_dir: PathBuf,
    /// The merchant's account at each vendor; a vendor without one believes nobody.
    pub accounts: Vec<VendorAccount>,
    /// The merchant's name on the hosted page.
    pub merchant_name: String,
    /// Seed of the identifiers; 0 means random.
    pub seed: u64,
    /// After a failed delivery, the waits before the next tries, in virtual seconds; for vendors that name none.
    pub webhook_retry_seconds: Vec<u32>,
}

/// A simulated merchant account.
#[derive(Clone)]
pub struct VendorAccount {
    /// At which vendor.
    pub vendor: Vendor,
    /// What proves the merchant, and signs what is sent to it, by the vendor's names of it.
    pub credentials: BTreeMap<String, String>,
    /// Where notifications go; `None` keeps the last address set over the admin API.
    pub webhook_url: Option<String>,
}

impl SimulatorSettings {
    /// The usual waits between deliveries: 5 s, 30 s, 2 min, 10 min, 1 h, 6 h, 24 h.
    pub fn usual_retries() -> Vec<u32> {
        vec![5, 30, 120, 600, 3_600, 21_600, 86_400]
    }

    /// A credential at a vendor, the one in use; none without an account, and an empty one proves nothing.
    pub fn credential(&self, vendor: Vendor, name: &str) -> Option<&str> {
        self.credentials(vendor, name).next()
    }

    /// Every value of a credential at a vendor, the one in use first: several while it is rotated, separated by white space.
    pub fn credentials(&self, vendor: Vendor, name: &str) -> impl Iterator<Item = &str> {
        let account = self.accounts.iter().find(|account| account.vendor == vendor);
        let value = account.and_then(|account| account.credentials.get(name));
        value.map(String::as_str).unwrap_or_default().split_whitespace()
    }
}

impl VendorAccount {
    /// An account with these credentials.
    pub fn new(vendor: Vendor, credentials: &[(&str, &str)], webhook_url: Option<String>) -> Self {
        let owned = credentials.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self { vendor, credentials: owned.collect(), webhook_url }
    }
}

impl fmt::Debug for VendorAccount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("VendorAccount")
            .field("vendor", &self.vendor)
            .field("webhook_url", &self.webhook_url)
            .finish_non_exhaustive()
    }
}
