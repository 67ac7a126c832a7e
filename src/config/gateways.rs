//! `[[gateways]]`: the merchant accounts and the methods they take, all of it data.

use serde::Deserialize;

use crate::domain::payment::{LegalRole, PayerFlow, RefundSupport};

/// One `[[gateways]]` block: a merchant account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewaySettings {
    /// Name in addresses, records and the names of its secrets: lower-case letters, digits and `_`.
    pub name: String,
    /// Which adapter.
    pub kind: GatewayKind,
    /// False: described, but not used.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Tenant codes, or `*`.
    pub tenants: Vec<String>,
    /// What a capture means in law.
    pub legal_role: LegalRole,
    /// The vendor's API.
    pub base_url: String,
    /// The merchant's number at the vendor, where its calls carry one.
    #[serde(default)]
    pub merchant_id: String,
    /// Addresses (`192.0.2.7`) and nets (`192.0.2.0/24`) that unsigned notifications may come from.
    #[serde(default)]
    pub notification_sources: Vec<String>,
    /// True: orders move no money, where the vendor has a test mode at the same address.
    #[serde(default)]
    pub test_mode: bool,
    /// The body whose bank account the payouts reach, one of `tenants`: their reports are fetched for it. None: they are not
    /// fetched.
    #[serde(default)]
    pub payouts_to: Option<String>,
    /// After how many days on which the body is open captured money must be in a payout.
    #[serde(default)]
    pub settles_within_open_days: Option<u16>,
    /// Connect time-out.
    pub connect_timeout_ms: u64,
    /// Whole call time-out.
    pub total_timeout_ms: u64,
    /// The most that it takes of one body in a calendar day of Japan, in yen, by all methods together; none: no bound.
    #[serde(default)]
    pub most_per_day: Option<i64>,
    /// The same in a calendar month.
    #[serde(default)]
    pub most_per_month: Option<i64>,
    /// How many calls run at once.
    #[serde(default = "usual_calls")]
    pub max_calls: usize,
    /// Methods and caps.
    pub methods: Vec<MethodSettings>,
}

/// The adapters there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GatewayKind {
    /// KOMOJU Sessions.
    Komoju,
    /// PayPay OPA.
    Paypay,
    /// Stripe Checkout.
    Stripe,
    /// VeriTrans4G 接続API, service `em`.
    Veritrans,
}

impl GatewayKind {
    /// The path of the vendor's API below its host, as a `base_url` carries it.
    pub fn api_path(self) -> &'static str {
        match self {
            Self::Komoju => "/api/v1",
            Self::Paypay | Self::Stripe | Self::Veritrans => "",
        }
    }

    /// The secrets an account needs, in the settings under `<account>_<credential>`.
    pub fn credentials(self) -> &'static [&'static str] {
        match self {
            Self::Komoju | Self::Stripe => &["secret_key", "webhook_secret"],
            Self::Paypay => &["api_key", "api_secret"],
            Self::Veritrans => &["secret_key"],
        }
    }
}

/// A method of a gateway. What stands here is the contract's and holds; what is left out is as the adapter knows it. A method that
/// the adapter does not know needs `gateway_code` and `flow`, where the vendor has one way to order all of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MethodSettings {
    /// The method's code in our contract.
    pub code: String,
    /// Largest amount in yen (source: the agreement), whatever the vendor's own documents say.
    pub max: i64,
    /// Least amount in yen.
    pub min: Option<i64>,
    /// The vendor's code of the method.
    pub gateway_code: Option<String>,
    /// What the payer goes through.
    pub flow: Option<PayerFlow>,
    /// How money goes back.
    pub refund: Option<RefundSupport>,
    /// The most that the method takes of one body in a calendar day of Japan, in yen; none: no bound.
    pub most_per_day: Option<i64>,
    /// The same in a calendar month.
    pub most_per_month: Option<i64>,
    /// True: it is not opened past the last day of a claim. So it is of slips of shops and numbers of Pay-easy, unless this says
    /// otherwise.
    pub until_due_day: Option<bool>,
}

impl GatewaySettings {
    /// Tells `check` everything that can be seen without the adapter.
    pub(super) fn check(&self, lease_ms: i64, check: &mut impl FnMut(bool, &str)) {
        let name = &self.name;
        let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.len() <= 32
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        check(
            is_name,
            &format!("gateways.{name}: a name is up to 32 of a-z, 0-9 and _, and begins with a letter"),
        );
        check(self.max_calls > 0, &format!("gateways.{name}: max_calls must be at least 1"));
        let usable = self.settles_within_open_days.is_none_or(|days| (1..=90).contains(&days));
        check(usable, &format!("gateways.{name}: settles_within_open_days must lie between 1 and 90"));
        let loopback = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
        let near = loopback.iter().any(|prefix| self.base_url.starts_with(prefix));
        check(
            !self.base_url.starts_with("http://") || near,
            &format!("gateways.{name}: a base_url beyond this machine must be https"),
        );
        check(
            u64::try_from(lease_ms).is_ok_and(|lease| lease > 2 * self.total_timeout_ms),
            &format!(
                "payments.lease_ms must exceed twice the total_timeout_ms of gateway {name} (ask, then send)"
            ),
        );
    }
}

fn usual_calls() -> usize {
    64
}

fn yes() -> bool {
    true
}
