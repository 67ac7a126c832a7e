//! The port to payment gateways.
//!
//! Purpose: one shape for every gateway, so that a new one is one adapter. Every call that moves money has two steps:
//! `prepare_…` is pure and makes the exact bytes that are stored with the intent; [`PaymentGateway::send`] sends those
//! stored bytes with the stored key, however often. Asking ([`PaymentGateway::retrieve_payment`]) has no effect and
//! needs no intent. Invariants: no type here can hold a card number; `Debug` shows no secret and no request body;
//! an adapter answers with an [`Outcome`] and never decides what to do next.

mod breaker;
pub mod capability;
pub mod komoju;
pub mod paypay;
mod registry;
mod reports;
mod request;
#[cfg(test)]
mod scripted;
mod status_table;
pub mod stripe;
mod terms;
mod transport;
pub mod veritrans;

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::id::OperationId;
use crate::domain::money::Yen;
use crate::domain::payment::{MethodCode, PaymentSnapshot, RefundSnapshot, RefundStatus, SnapshotStatus};

pub use crate::domain::payment::{Checkout, Decline, Outcome, Problem, Transport, TransportKind};
pub use capability::{
    Capabilities, CaptureMode, IdempotencyKind, LookupBy, MethodCapability, PayerFlow, RefundSupport,
    ReportSource, Trust,
};
pub use registry::{AccountParts, Gateways, MerchantAccount, Vendor};
pub use reports::{FetchedReport, ListedSettlement, ReportedDays, SettlementReports};
pub use request::{OperationKind, PreparedRequest, StoredRequestDamaged, Unpreparable};
pub use transport::SetupError;

/// The answer to an asynchronous call.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Outcome<T>> + Send + 'a>>;

/// One gateway. Every method but `send` and `retrieve_payment` is pure.
pub trait PaymentGateway: Send + Sync {
    /// Our code of the gateway, as in `payments.gateway`.
    fn code(&self) -> &str;

    /// What it can do, method by method.
    fn capabilities(&self) -> &Capabilities;

    /// The longest time a call may take; the late-arrival guard is built on it.
    fn total_timeout(&self) -> Duration;

    /// What a checkout by this method must know of the payer.
    fn payer_contact(&self, _method: &MethodCode) -> PayerContact {
        PayerContact::None
    }

    /// The bytes that open a checkout.
    fn prepare_create_checkout(
        &self,
        idempotency_key: &str,
        request: &CreateCheckout,
    ) -> Result<PreparedRequest, Unpreparable>;

    /// The bytes that take held money.
    fn prepare_capture(
        &self,
        idempotency_key: &str,
        request: &Capture,
    ) -> Result<PreparedRequest, Unpreparable>;

    /// The bytes that close a checkout or void a payment.
    fn prepare_cancel(
        &self,
        idempotency_key: &str,
        request: &Cancel,
    ) -> Result<PreparedRequest, Unpreparable>;

    /// The bytes that send money back.
    fn prepare_refund(
        &self,
        idempotency_key: &str,
        request: &CreateRefund,
    ) -> Result<PreparedRequest, Unpreparable>;

    /// Sends exactly the prepared bytes with their key.
    fn send<'a>(&'a self, operation: &'a OpCtx, request: &'a PreparedRequest) -> Answer<'a, Reply>;

    /// Asks for a payment. `Done(None)`: the gateway definitely shows none (see the adapter for what that proves).
    fn retrieve_payment<'a>(
        &'a self,
        query: &'a PaymentRef,
        now: Timestamp,
    ) -> Answer<'a, Option<PaymentSnapshot>>;

    /// Asks for a refund of ours. `Done(None)`: the gateway shows none. A gateway that shows no single refunds is asked for
    /// the payment: its sum proves a refund, never the failure of one.
    fn retrieve_refund<'a>(
        &'a self,
        query: &'a RefundRef,
        now: Timestamp,
    ) -> Answer<'a, Option<RefundSnapshot>> {
        Box::pin(async move {
            let found = self.retrieve_payment(&query.payment, now).await;
            found.map(|payment| payment.and_then(|payment| query.proven_by(payment)))
        })
    }

    /// Its payouts, where its interface gives them ([`Capabilities::settlement_reports`]).
    fn settlement_reports(&self) -> Option<&dyn SettlementReports> {
        None
    }

    /// Proves who sent a notification and translates it, from its raw bytes.
    fn verify_notification(
        &self,
        raw: &RawNotification,
        received_at: Timestamp,
    ) -> Result<Notification, NotificationRejected>;
}

/// One attempt to carry out an operation.
#[derive(Clone, Debug)]
pub struct OpCtx {
    /// Our id of the operation.
    pub operation_id: OperationId,
    /// The number of this attempt, from 1.
    pub attempt_no: u32,
    /// The present instant.
    pub now: Timestamp,
    /// When the idempotency key was born; a checkout's life counts from here.
    pub key_born_at: Timestamp,
}

/// What a gateway must know of the payer to reach them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayerContact {
    /// Nothing: it asks the payer itself.
    None,
    /// An e-mail address, for it sends an invitation.
    Email,
}

/// Opens a checkout. Carries no personal data but what the method cannot do without: else the gateway asks the payer.
#[derive(Clone)]
pub struct CreateCheckout {
    /// Our reference, unique for good.
    pub merchant_reference: String,
    /// What the payer is asked for.
    pub amount: Yen,
    /// The way to pay.
    pub method: MethodCode,
    /// Where the payer comes back to.
    pub return_url: String,
    /// What the payer reads, for instance 「電気工事業登録手数料」.
    pub description: String,
    /// The language of the hosted page, `ja` or `en`.
    pub locale: String,
    /// How long the checkout stays open, in seconds.
    pub expires_in_s: u32,
    /// The instant from which on nothing that comes of it may be paid, such as a slip; none where that has no end.
    pub payable_until: Option<Timestamp>,
    /// When it is asked for.
    pub requested_at: Timestamp,
    /// The payer's e-mail address, where [`PaymentGateway::payer_contact`] asks for it.
    pub payer_email: Option<String>,
}

impl fmt::Debug for CreateCheckout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateCheckout")
            .field("merchant_reference", &self.merchant_reference)
            .field("amount", &self.amount)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// Takes held money.
#[derive(Clone, Debug)]
pub struct Capture {
    /// The gateway's id of the payment.
    pub gateway_payment_id: String,
    /// How much, at most what is held.
    pub amount: Yen,
}

/// Closes a checkout, or voids a payment that took no money.
#[derive(Clone, Debug)]
pub enum Cancel {
    /// The whole checkout: nobody can pay in it any more.
    Checkout {
        /// The gateway's id of the checkout.
        gateway_session_id: String,
    },
    /// One payment: a slip that was issued, or held money.
    Payment {
        /// The gateway's id of the payment.
        gateway_payment_id: String,
    },
    /// Whatever there is under our reference, when the gateway's ids are not known: an answer was lost.
    Reference {
        /// Our reference.
        merchant_reference: String,
    },
}

/// Sends money back.
#[derive(Clone, Debug)]
pub struct CreateRefund {
    /// The gateway's id of the payment.
    pub gateway_payment_id: String,
    /// How much.
    pub amount: Yen,
    /// The reason the gateway shows, without personal data.
    pub description: String,
}

/// What a gateway answers to a sent operation, by its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An open checkout.
    Checkout(Checkout),
    /// The payment after a capture or a cancellation.
    Payment(Box<PaymentSnapshot>),
    /// A refund and the payment after it.
    Refund(Box<RefundSnapshot>),
}

/// What is known of a payment when asking for it.
#[derive(Clone, Debug)]
pub struct PaymentRef {
    /// Our reference.
    pub merchant_reference: String,
    /// The way to pay.
    pub method: Option<MethodCode>,
    /// The gateway's id of the checkout, when known.
    pub gateway_session_id: Option<String>,
    /// The gateway's id of the payment, when known.
    pub gateway_payment_id: Option<String>,
    /// When the checkout lapses, as far as we know: some gateways go on showing a lapsed one as open.
    pub expires_at: Option<Timestamp>,
}

/// What is known of a refund when asking for it.
#[derive(Clone, Debug)]
pub struct RefundRef {
    /// The payment that goes back.
    pub payment: PaymentRef,
    /// Our reference of the refund, as it was sent in [`CreateRefund::description`].
    pub reference: String,
    /// The gateway's id of the refund, when known.
    pub gateway_refund_id: Option<String>,
    /// How much.
    pub amount: Yen,
    /// What of the payment went back before it.
    pub refunded_before: Yen,
}

impl RefundRef {
    /// The refund, where the payment's sum proves it. A payment told of in words that nobody knows proves neither that
    /// there is one nor that there is none (F40).
    fn proven_by(&self, payment: PaymentSnapshot) -> Option<RefundSnapshot> {
        let with_it = self.refunded_before.plus(self.amount).ok()?;
        let status = match payment.status {
            _ if payment.counters.refunded >= with_it => RefundStatus::Succeeded,
            SnapshotStatus::Unrecognised => RefundStatus::Unrecognised,
            _ => return None,
        };
        Some(RefundSnapshot {
            gateway_refund_id: self.gateway_refund_id.clone(),
            amount: self.amount,
            status,
            raw_status: payment.raw_status.clone(),
            payment,
        })
    }
}

/// A notification as it came in: nothing read, nothing believed.
#[derive(Clone)]
pub struct RawNotification {
    /// Header names and values in order.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// Who connected, for gateways that sign nothing.
    pub source: Option<IpAddr>,
}

impl RawNotification {
    /// The value of a header that occurs exactly once.
    pub fn single_header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value.as_str())
    }
}

impl fmt::Debug for RawNotification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawNotification").field("body_bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// A notification whose sender is proven as far as the gateway allows. What may be believed is a matter of the type:
/// only a signed one carries a snapshot, so a hint can cause nothing but a question.
#[derive(Clone, Debug)]
pub enum Notification {
    /// Signed by the gateway.
    Signed(Box<SignedNotification>),
    /// From an address that the gateway uses, and signed by nobody.
    Hint(Hint),
}

impl Notification {
    /// What every notification says of itself.
    pub fn head(&self) -> &NotificationHead {
        match self {
            Self::Signed(signed) => &signed.head,
            Self::Hint(hint) => &hint.head,
        }
    }
}

/// What a notification says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationHead {
    /// Unique to one delivery: the inbox key.
    pub delivery_key: String,
    /// Unique to one event, over all its deliveries.
    pub event_id: String,
    /// The gateway's word for what happened.
    pub event_kind: String,
    /// Our reference; none when the event is not about one payment (`ping`, settlements), or names it otherwise.
    pub merchant_reference: Option<String>,
    /// The gateway's id of the payment, where the event names no more than that (a dispute).
    pub gateway_payment_id: Option<String>,
}

/// A notification that the gateway signed.
#[derive(Clone, Debug)]
pub struct SignedNotification {
    /// What it says of itself.
    pub head: NotificationHead,
    /// The payment as the notification shows it.
    pub snapshot: Option<PaymentSnapshot>,
}

/// A notification that nobody signed: a reason to ask, and nothing else.
#[derive(Clone, Debug)]
pub struct Hint {
    /// What it says of itself.
    pub head: NotificationHead,
}

/// A notification that is not believed. Counted, never stored as an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotificationRejected {
    /// The body is larger than any event.
    #[error("the notification is too large")]
    TooLarge,
    /// A header the proof needs is absent, repeated or malformed.
    #[error("a header of the notification is missing or malformed")]
    HeaderMissing,
    /// The signature fits none of our secrets.
    #[error("the notification's signature is wrong")]
    WrongSignature,
    /// The signature fits, and its instant is too far from ours: a replay.
    #[error("the notification's signature is out of time")]
    OutOfTime,
    /// Nobody signs here, and it came from an address that the gateway does not use.
    #[error("the notification comes from an unknown address")]
    UnknownSource,
    /// The sender is right and the body is no event.
    #[error("the notification's body cannot be read")]
    Malformed,
}
