//! VeriTrans4G / DGFT 接続API, service `em`: Mobile Suica, Rakuten Edy, WAON and nanaco.
//!
//! Purpose: translate both ways. Facts the code stands on (API guide 1.4.1 and the public MDK): the body is
//! `{"params":P,"authHash":H}` with H over the bytes of P; our order id is the idempotency key for good, and a second order
//! of the same id is refused; `mstatus` `pending` means that the vendor does not know how its own step went; a refund is an
//! order of its own; nanaco has no refund, Edy and WAON no cancellation.
//!
//! Not public, and therefore conforming to public documents and the simulator until a test account says otherwise: the
//! words of `orderStatus` and the place of a payment among the transactions of Search ([`status`], [`response`]), the code of
//! a duplicate order ([`client`]), the fields of a notification beside its order, and how often it is sent again
//! ([`notification`]), whether the vendor measures texts in another encoding. Whatever is not understood is unknown with an
//! alert, never success, and a notification only makes us ask.
//!
//! What `Done(None)` proves: Search shows no order of that id. Where the order is found but its answer never reached us, a
//! payer who would have been redirected was never sent anywhere: that attempt counts as failed (see [`status`]), and the
//! payer begins anew under a new id.

mod brands;
mod client;
mod notification;
mod request;
mod response;
mod sign;
mod status;

#[cfg(test)]
mod client_tests;
#[cfg(test)]
mod fixtures;

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use jiff::Timestamp;
use secrecy::SecretString;

use crate::config::BadSettings;
use crate::domain::payment::{MethodCode, PaymentSnapshot, RefundSnapshot};
use crate::gateway::{
    AccountParts, Answer, Cancel, Capabilities, Capture, CreateCheckout, CreateRefund, MethodCapability,
    Notification, NotificationRejected, OpCtx, PayerContact, PaymentGateway, PaymentRef, PreparedRequest,
    RawNotification, RefundRef, Reply, Unpreparable, Vendor, transport,
};

pub use brands::default_methods;
pub use sign::{ReturnRejected, verify_return};

/// Our code of the gateway.
pub const CODE: &str = "veritrans";

/// VeriTrans for the registry.
pub const VENDOR: Vendor = Vendor { default_methods, build };

fn build(parts: &AccountParts<'_>) -> Result<Arc<dyn PaymentGateway>, BadSettings> {
    let settings = VeritransSettings {
        base_url: parts.settings.base_url.clone(),
        mode: if parts.settings.test_mode { Mode::Test } else { Mode::Live },
        merchant_ccid: parts.settings.merchant_id.clone(),
        secret_keys: parts.secrets("secret_key")?,
        connect_timeout_ms: parts.settings.connect_timeout_ms,
        total_timeout_ms: parts.settings.total_timeout_ms,
    };
    let made = Veritrans::new(settings, parts.methods.clone()).map_err(|error| parts.fault(error))?;
    Ok(Arc::new(made))
}

/// Whether orders are real.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are.
    Live,
    /// They move no money: `dummyRequest` is 1, and paths begin with `test-`.
    Test,
}

/// How to reach and prove ourselves to VeriTrans. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct VeritransSettings {
    /// The address of the API, for instance `https://api3.veritrans.co.jp`; plain HTTP only on loopback.
    pub base_url: String,
    /// Real or test orders.
    pub mode: Mode,
    /// The merchant's CCID.
    pub merchant_ccid: String,
    /// The merchant's keys, hex as the vendor gives them: the first signs, all are believed while they rotate.
    pub secret_keys: Vec<SecretString>,
    /// The longest time to connect, in milliseconds (30,000).
    pub connect_timeout_ms: u64,
    /// The longest time of a call, in milliseconds (120,000).
    pub total_timeout_ms: u64,
}

/// Settings that no adapter can be made from.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The CCID is empty or holds more than letters and digits.
    #[error("the CCID is letters and digits")]
    BadCcid,
    /// There is no key, or one is not hex.
    #[error("a key is empty or not hexadecimal")]
    BadKey,
    /// A method of the settings names a service option that the adapter does not know.
    #[error("the service option {0} is not known")]
    UnknownOption(String),
    /// The address or the time-outs.
    #[error(transparent)]
    Transport(#[from] transport::SetupError),
}

/// The adapter.
pub struct Veritrans {
    settings: VeritransSettings,
    secret_key: SecretString,
    notification_keys: Vec<hmac::Key>,
    capabilities: Capabilities,
    base_url: String,
    client: reqwest::Client,
}

impl Veritrans {
    /// Checks the settings and builds the client. `methods` is data; see [`default_methods`].
    pub fn new(settings: VeritransSettings, methods: Vec<MethodCapability>) -> Result<Self, SetupError> {
        let ccid = &settings.merchant_ccid;
        if ccid.is_empty() || !ccid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(SetupError::BadCcid);
        }
        let keys: Option<Vec<_>> = settings.secret_keys.iter().map(sign::notification_key).collect();
        let notification_keys = keys.ok_or(SetupError::BadKey)?;
        let secret_key = settings.secret_keys.first().cloned().ok_or(SetupError::BadKey)?;
        let strange = methods.iter().find(|method| brands::Brand::of_option(&method.gateway_code).is_none());
        if let Some(method) = strange {
            return Err(SetupError::UnknownOption(method.gateway_code.clone()));
        }
        Ok(Self {
            capabilities: brands::capabilities(methods),
            base_url: transport::checked_base_url(&settings.base_url)?,
            client: transport::client(settings.connect_timeout_ms, settings.total_timeout_ms)?,
            settings,
            secret_key,
            notification_keys,
        })
    }

    fn sender(&self) -> request::Sender<'_> {
        request::Sender {
            merchant_ccid: &self.settings.merchant_ccid,
            secret_key: &self.secret_key,
            mode: self.settings.mode,
        }
    }
}

impl PaymentGateway for Veritrans {
    fn code(&self) -> &str {
        CODE
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn total_timeout(&self) -> Duration {
        Duration::from_millis(self.settings.total_timeout_ms)
    }

    fn payer_contact(&self, method: &MethodCode) -> PayerContact {
        match brands::Brand::of_method(&self.capabilities, method) {
            Some(brand) if brand.reach == brands::Reach::Mail => PayerContact::Email,
            _ => PayerContact::None,
        }
    }

    fn prepare_create_checkout(
        &self,
        idempotency_key: &str,
        request: &CreateCheckout,
    ) -> Result<PreparedRequest, Unpreparable> {
        request::create_checkout(&self.sender(), &self.capabilities, idempotency_key, request)
    }

    fn prepare_capture(&self, _: &str, _: &Capture) -> Result<PreparedRequest, Unpreparable> {
        // E-money is taken when the payer pays; nothing is ever held.
        Err(Unpreparable::NotPossible)
    }

    fn prepare_cancel(
        &self,
        idempotency_key: &str,
        request: &Cancel,
    ) -> Result<PreparedRequest, Unpreparable> {
        request::cancel(&self.sender(), idempotency_key, request)
    }

    fn prepare_refund(
        &self,
        idempotency_key: &str,
        request: &CreateRefund,
    ) -> Result<PreparedRequest, Unpreparable> {
        request::refund(&self.sender(), idempotency_key, request)
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

    fn retrieve_refund<'a>(
        &'a self,
        query: &'a RefundRef,
        now: Timestamp,
    ) -> Answer<'a, Option<RefundSnapshot>> {
        Box::pin(self.ask_refund(query, now))
    }

    fn verify_notification(
        &self,
        raw: &RawNotification,
        _received_at: Timestamp,
    ) -> Result<Notification, NotificationRejected> {
        notification::verify(&self.settings.merchant_ccid, &self.notification_keys, raw)
    }
}
