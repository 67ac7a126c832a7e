//! What a gateway can do, method by method, as data.

use serde::{Deserialize, Serialize};

use crate::domain::money::Yen;
use crate::domain::payment::MethodCode;

pub use crate::domain::payment::{CaptureMode, PayerFlow, RefundSupport};

/// Whether a notification's content may be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Signed by the gateway: applied as a snapshot.
    Signed,
    /// Unsigned: only a reason to ask.
    Hint,
}

/// By which identifier a payment whose answer was lost can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookupBy {
    /// Our reference.
    OurReference,
    /// The gateway's id only.
    GatewayId,
}

/// How a repeated request is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdempotencyKind {
    /// By a header, for so many hours.
    Header {
        /// The hours.
        hours: u32,
    },
    /// By our reference, for good.
    MerchantReference,
}

/// Where the reports of a gateway's payouts come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportSource {
    /// Its interface gives them: they are fetched.
    Api,
    /// Its interface gives none: an accountant uploads them.
    Upload,
}

/// What one method can do at one gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MethodCapability {
    /// Our code.
    pub method: MethodCode,
    /// The gateway's code.
    pub gateway_code: String,
    /// The least amount of one payment.
    pub least: Yen,
    /// The largest amount of one payment.
    pub most: Yen,
    /// When money is taken.
    pub capture: CaptureMode,
    /// What the payer goes through.
    pub flow: PayerFlow,
    /// How money goes back.
    pub refund: RefundSupport,
}

/// What a gateway can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    /// Our code of the gateway.
    pub gateway: String,
    /// Whether its notifications are signed.
    pub notifications: Trust,
    /// How lost answers are found.
    pub lookup: LookupBy,
    /// How repeats are recognised.
    pub idempotency: IdempotencyKind,
    /// The longest life of a checkout, in seconds.
    pub longest_checkout_s: u32,
    /// Where its settlement reports come from.
    pub settlement_reports: ReportSource,
    /// Its methods.
    pub methods: Vec<MethodCapability>,
}

impl Capabilities {
    /// The capability of one of our methods.
    pub fn method(&self, method: &MethodCode) -> Option<&MethodCapability> {
        self.methods.iter().find(|capability| capability.method == *method)
    }

    /// The capability of one of the gateway's methods.
    pub fn gateway_method(&self, gateway_code: &str) -> Option<&MethodCapability> {
        self.methods.iter().find(|capability| capability.gateway_code == gateway_code)
    }
}
