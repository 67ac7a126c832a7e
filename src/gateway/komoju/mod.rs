//! KOMOJU: hosted sessions over a small JSON API (base `https://komoju.com/api/v1`).
//!
//! Purpose: translate both ways. Facts the code stands on: "authorized" means money held for cards and only a slip
//! issued for konbini, Pay-easy and bank transfer; a completed session is not a paid one; a partly refunded payment
//! stays `captured`; a failed payment is one try, the payer may try again in the same session; a key is remembered
//! for at most 24 hours and answers 409 while its first request runs.
//!
//! What `Done(None)` proves: with the session's id, that there is no such session. Without it only payments can be
//! looked up by our reference, and a session in which nobody began to pay shows none. Its address never reached a
//! payer then, so nobody can pay in it, and sending the same bytes with the same key returns it.

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

use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::domain::payment::PaymentSnapshot;
use crate::gateway::{
    Answer, Cancel, Capabilities, Capture, CreateCheckout, CreateRefund, MethodCapability, Notification,
    NotificationRejected, OpCtx, PaymentGateway, PaymentRef, PreparedRequest, RawNotification, Reply,
    Unpreparable,
};

pub use methods::default_methods;

/// Our code of the gateway.
pub const CODE: &str = "komoju";

/// How to reach and prove ourselves to KOMOJU. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct KomojuSettings {
    /// The address of the API, for instance `https://komoju.com/api/v1`; plain HTTP only on loopback.
    pub base_url: String,
    /// The secret API key.
    pub secret_key: SecretString,
    /// The secrets notifications may be signed with: one, or the old and the new while they rotate.
    pub webhook_secrets: Vec<SecretString>,
    /// The longest time to connect, in milliseconds (5,000).
    pub connect_timeout_ms: u64,
    /// The longest time of a call, in milliseconds (30,000).
    pub total_timeout_ms: u64,
}

/// Settings that no adapter can be made from.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The address is none, or carries a query, a fragment or credentials.
    #[error("komoju.base_url is not a plain http(s) address")]
    BadBaseUrl,
    /// Plain HTTP to another machine.
    #[error("komoju.base_url must use https outside loopback")]
    InsecureBaseUrl,
    /// An empty secret would accept anybody's signature.
    #[error("a secret of komoju is empty")]
    EmptySecret,
    /// A time-out of zero, or a connect time-out longer than the whole.
    #[error("the time-outs of komoju are not usable")]
    BadTimeout,
    /// The HTTP client cannot be built.
    #[error("the HTTP client cannot be built: {0}")]
    Client(reqwest::Error),
}

/// The adapter.
pub struct Komoju {
    settings: KomojuSettings,
    base_url: String,
    capabilities: Capabilities,
    client: reqwest::Client,
}

impl Komoju {
    /// Checks the settings and builds the client. `methods` is data; see [`default_methods`].
    pub fn new(settings: KomojuSettings, methods: Vec<MethodCapability>) -> Result<Self, SetupError> {
        let base_url = client::checked_base_url(&settings.base_url)?;
        let secrets = [&settings.secret_key];
        if settings.webhook_secrets.iter().chain(secrets).any(|secret| secret.expose_secret().is_empty()) {
            return Err(SetupError::EmptySecret);
        }
        if settings.connect_timeout_ms == 0 || settings.total_timeout_ms < settings.connect_timeout_ms {
            return Err(SetupError::BadTimeout);
        }
        let client = client::build(&settings).map_err(SetupError::Client)?;
        Ok(Self { base_url, capabilities: methods::capabilities(methods), client, settings })
    }
}

impl PaymentGateway for Komoju {
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

    fn prepare_capture(
        &self,
        idempotency_key: &str,
        request: &Capture,
    ) -> Result<PreparedRequest, Unpreparable> {
        request::capture(idempotency_key, request)
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
        received_at: Timestamp,
    ) -> Result<Notification, NotificationRejected> {
        notification::verify(&self.settings.webhook_secrets, &self.capabilities, raw, received_at)
    }
}
