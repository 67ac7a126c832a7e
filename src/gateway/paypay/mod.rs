//! PayPay OPA: dynamic QR codes and the web cashier (base `https://apigw.paypay.ne.jp`).
//!
//! Purpose: translate both ways. Facts the code stands on: notifications are unsigned and may not come, so they are hints
//! and a query decides; our reference is unique for good, and a repeated request for a code is refused instead of
//! answered again, so a code whose answer was lost can only be called off; a code that lapsed unpaid stays `CREATED`, so
//! its end is judged by our clock; `REFUNDED` is said of a part too, so refunds are summed up.
//!
//! What `Done(None)` proves: PayPay has no payment under our reference. A code that was made is found by the reference
//! even before anybody paid; long after its end it is forgotten.

mod auth;
mod client;
mod methods;
mod notification;
mod request;
mod response;
mod status;

#[cfg(test)]
mod client_tests;
#[cfg(test)]
mod fixtures;

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::config::BadSettings;
use crate::domain::payment::PaymentSnapshot;
use crate::gateway::{
    AccountParts, Answer, Cancel, Capabilities, Capture, CreateCheckout, CreateRefund, MethodCapability,
    Notification, NotificationRejected, OpCtx, PaymentGateway, PaymentRef, PreparedRequest, RawNotification,
    Reply, SetupError, Unpreparable, Vendor, transport,
};

pub use methods::default_methods;

/// Our code of the gateway.
pub const CODE: &str = "paypay";

/// The longest time of every call but the one that makes a code.
const OTHER_TIMEOUT: Duration = Duration::from_secs(15);

/// PayPay for the registry.
pub const VENDOR: Vendor = Vendor { default_methods, build };

fn build(parts: &AccountParts<'_>) -> Result<Arc<dyn PaymentGateway>, BadSettings> {
    let settings = PayPaySettings {
        base_url: parts.settings.base_url.clone(),
        api_key: parts.secret("api_key")?,
        api_secret: parts.secret("api_secret")?,
        merchant_id: parts.settings.merchant_id.clone(),
        notification_sources: parts.settings.notification_sources.clone(),
        connect_timeout_ms: parts.settings.connect_timeout_ms,
        total_timeout_ms: parts.settings.total_timeout_ms,
    };
    let made = PayPay::new(settings, parts.methods.clone()).map_err(|error| parts.fault(error))?;
    Ok(Arc::new(made))
}

/// How to reach and prove ourselves to PayPay. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct PayPaySettings {
    /// The host of the API, for instance `https://apigw.paypay.ne.jp`; plain HTTP only on loopback.
    pub base_url: String,
    /// The API key.
    pub api_key: SecretString,
    /// The secret that requests are signed with.
    pub api_secret: SecretString,
    /// The merchant we act for; empty: the key's own.
    pub merchant_id: String,
    /// Addresses and nets that notifications may come from; PayPay's list is part of the contract.
    pub notification_sources: Vec<String>,
    /// The longest time to connect, in milliseconds (5,000).
    pub connect_timeout_ms: u64,
    /// The longest time to make a code, in milliseconds (30,000); every other call takes at most half a minute's half.
    pub total_timeout_ms: u64,
}

/// The adapter.
pub struct PayPay {
    settings: PayPaySettings,
    base_url: String,
    sources: Vec<IpNet>,
    capabilities: Capabilities,
    client: reqwest::Client,
}

impl PayPay {
    /// Checks the settings and builds the client. `methods` is data; see [`default_methods`].
    pub fn new(settings: PayPaySettings, methods: Vec<MethodCapability>) -> Result<Self, SetupError> {
        let base_url = transport::checked_base_url(&settings.base_url)?;
        let secrets = [&settings.api_key, &settings.api_secret];
        if secrets.iter().any(|secret| secret.expose_secret().is_empty()) {
            return Err(SetupError::EmptySecret);
        }
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if !plain(&settings.merchant_id) {
            return Err(SetupError::Other("merchant_id is not usable".to_owned()));
        }
        let sources = notification::sources(&settings.notification_sources).map_err(SetupError::Other)?;
        let client = transport::client(settings.connect_timeout_ms, settings.total_timeout_ms)?;
        Ok(Self { base_url, sources, capabilities: methods::capabilities(methods), client, settings })
    }
}

impl PaymentGateway for PayPay {
    fn code(&self) -> &str {
        CODE
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn total_timeout(&self) -> Duration {
        Duration::from_millis(self.settings.total_timeout_ms)
    }

    fn prepare_create_checkout(
        &self,
        idempotency_key: &str,
        request: &CreateCheckout,
    ) -> Result<PreparedRequest, Unpreparable> {
        request::create_checkout(&self.capabilities, idempotency_key, request)
    }

    /// Money is taken at once here: nothing is ever held.
    fn prepare_capture(&self, _: &str, _: &Capture) -> Result<PreparedRequest, Unpreparable> {
        Err(Unpreparable::NotPossible)
    }

    fn prepare_cancel(
        &self,
        idempotency_key: &str,
        request: &Cancel,
    ) -> Result<PreparedRequest, Unpreparable> {
        request::cancel(idempotency_key, request)
    }

    fn prepare_refund(
        &self,
        idempotency_key: &str,
        request: &CreateRefund,
    ) -> Result<PreparedRequest, Unpreparable> {
        request::refund(idempotency_key, request)
    }

    fn send<'a>(&'a self, operation: &'a OpCtx, request: &'a PreparedRequest) -> Answer<'a, Reply> {
        Box::pin(self.send_stored(operation, request))
    }

    fn retrieve_payment<'a>(
        &'a self,
        query: &'a PaymentRef,
        now: Timestamp,
    ) -> Answer<'a, Option<PaymentSnapshot>> {
        Box::pin(self.ask(query, now))
    }

    fn verify_notification(
        &self,
        raw: &RawNotification,
        _: Timestamp,
    ) -> Result<Notification, NotificationRejected> {
        notification::verify(&self.sources, &self.settings.merchant_id, raw)
    }
}
