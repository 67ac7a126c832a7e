//! Stripe's JSON read into our words. Fields we do not know are ignored, fields we need are required.

use jiff::Timestamp;
use serde::Deserialize;

use crate::domain::dispute::DisputeSnapshot;
use crate::domain::money::Yen;
use crate::domain::payment::{Checkout, PaymentCounters, PaymentSnapshot, RefundSnapshot, SnapshotStatus};
use crate::gateway::Capabilities;
use crate::gateway::status_table::refund_word;
use crate::gateway::stripe::status;

/// An object, or its id where it was not expanded.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Expandable<T> {
    Object(Box<T>),
    Id(String),
}

#[derive(Debug, Deserialize)]
pub(super) struct SessionBody {
    id: String,
    status: String,
    payment_status: String,
    url: Option<String>,
    amount_total: Option<Yen>,
    currency: Option<String>,
    client_reference_id: Option<String>,
    expires_at: Option<i64>,
    payment_method_types: Option<Vec<String>>,
    payment_intent: Option<Expandable<IntentBody>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct IntentBody {
    id: String,
    status: String,
    amount: Yen,
    amount_received: Option<Yen>,
    currency: Option<String>,
    metadata: Option<Metadata>,
    latest_charge: Option<Expandable<ChargeBody>>,
    payment_method_types: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct ChargeBody {
    created: Option<i64>,
    amount_refunded: Option<Yen>,
    #[serde(default)]
    disputed: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    /// Our reference.
    pub merchant_reference: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RefundBody {
    id: String,
    amount: Yen,
    status: Option<String>,
    payment_intent: Option<Expandable<IntentBody>>,
    metadata: Option<RefundMetadata>,
}

#[derive(Debug, Deserialize)]
struct RefundMetadata {
    /// Our reference of the refund.
    reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RefundList {
    data: Vec<RefundBody>,
    #[serde(default)]
    has_more: bool,
}

#[derive(Debug, Deserialize)]
struct DisputeList {
    data: Vec<DisputeBody>,
    #[serde(default)]
    has_more: bool,
}

#[derive(Debug, Deserialize)]
struct DisputeBody {
    id: String,
    amount: Yen,
    status: String,
    reason: Option<String>,
    evidence_details: Option<EvidenceBody>,
}

#[derive(Debug, Deserialize)]
struct EvidenceBody {
    due_by: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct ErrorEnvelope {
    error: ErrorBody,
}

/// Stripe's error.
#[derive(Debug, Deserialize)]
pub(super) struct ErrorBody {
    /// The sort of error, such as `card_error`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code, where there is one.
    pub code: Option<String>,
    /// For staff.
    pub message: Option<String>,
}

/// What a read payment still needs to be complete.
#[derive(Debug)]
pub(super) struct Read {
    /// The payment.
    pub snapshot: PaymentSnapshot,
    /// Whether its charge is disputed: then the disputes are to be asked for.
    pub disputed: bool,
}

/// Reads an error; none when it is not Stripe's.
pub(super) fn error(body: &[u8]) -> Option<ErrorBody> {
    serde_json::from_slice::<ErrorEnvelope>(body).ok().map(|envelope| envelope.error)
}

/// Reads the answer to a new session.
pub(super) fn checkout(capabilities: &Capabilities, body: &[u8], at: Timestamp) -> Option<Checkout> {
    let session: SessionBody = serde_json::from_slice(body).ok()?;
    let redirect_url = session.url.clone();
    redirect_url.as_ref()?;
    let snapshot = of_session(capabilities, session, at).snapshot;
    Some(Checkout {
        gateway_session_id: snapshot.gateway_session_id?,
        gateway_payment_id: snapshot.gateway_payment_id,
        redirect_url,
        expires_at: snapshot.expires_at,
        raw_status: snapshot.raw_status,
        status: snapshot.status,
    })
}

/// Reads a session.
pub(super) fn session(capabilities: &Capabilities, body: &[u8], at: Timestamp) -> Option<Read> {
    serde_json::from_slice(body).ok().map(|session| of_session(capabilities, session, at))
}

/// Reads a payment intent.
pub(super) fn intent(capabilities: &Capabilities, body: &[u8], at: Timestamp) -> Option<Read> {
    serde_json::from_slice(body).ok().map(|intent| of_intent(capabilities, &intent, at))
}

/// Reads the answer to a refund, which shows the payment after it.
pub(super) fn refund(capabilities: &Capabilities, body: &[u8], at: Timestamp) -> Option<RefundSnapshot> {
    of_refund(capabilities, serde_json::from_slice(body).ok()?, at)
}

/// What a list of a payment's refunds says of one of ours.
pub(super) enum Listed {
    /// It is among them.
    There(Box<RefundSnapshot>),
    /// It is not.
    NotThere,
}

impl Listed {
    /// The refund, where it is among them.
    pub(super) fn found(self) -> Option<RefundSnapshot> {
        match self {
            Self::There(refund) => Some(*refund),
            Self::NotThere => None,
        }
    }
}

/// The refund of our `reference` among those of a payment; none when the list cannot be read whole.
pub(super) fn refund_among(
    capabilities: &Capabilities,
    body: &[u8],
    reference: &str,
    at: Timestamp,
) -> Option<Listed> {
    let list: RefundList = serde_json::from_slice(body).ok()?;
    let ours = |refund: &RefundBody| {
        refund.metadata.as_ref().and_then(|metadata| metadata.reason.as_deref()) == Some(reference)
    };
    match list.data.into_iter().find(ours) {
        Some(refund) => of_refund(capabilities, refund, at).map(|found| Listed::There(Box::new(found))),
        None => (!list.has_more).then_some(Listed::NotThere),
    }
}

fn of_refund(capabilities: &Capabilities, refund: RefundBody, at: Timestamp) -> Option<RefundSnapshot> {
    let Some(Expandable::Object(intent)) = refund.payment_intent else { return None };
    let raw = refund.status.as_deref().unwrap_or_default();
    let (status, raw_status) = (status::of_refund(raw), refund_word(raw));
    let payment = of_intent(capabilities, &intent, at).snapshot;
    let (gateway_refund_id, amount) = (Some(refund.id), refund.amount);
    Some(RefundSnapshot { gateway_refund_id, amount, status, raw_status, payment })
}

/// A payment's disputes; none when the list cannot be read whole.
pub(super) fn disputes(body: &[u8]) -> Option<Vec<DisputeSnapshot>> {
    let list: DisputeList = serde_json::from_slice(body).ok()?;
    if list.has_more {
        return None;
    }
    Some(list.data.into_iter().map(of_dispute).collect())
}

fn of_dispute(dispute: DisputeBody) -> DisputeSnapshot {
    let due_by = dispute.evidence_details.and_then(|evidence| evidence.due_by);
    DisputeSnapshot {
        gateway_dispute_id: dispute.id,
        amount: dispute.amount,
        reason_code: dispute.reason,
        state: status::of_dispute(&dispute.status),
        raw_status: dispute.status,
        respond_by: due_by.and_then(|at| Timestamp::from_second(at).ok()),
    }
}

pub(super) fn of_session(capabilities: &Capabilities, session: SessionBody, at: Timestamp) -> Read {
    let intent = match &session.payment_intent {
        Some(Expandable::Object(intent)) => Some(intent.as_ref()),
        _ => None,
    };
    let method = sole(capabilities, session.payment_method_types.as_deref());
    let word = status::session_word(&session.status, &session.payment_status);
    let yen = session.currency.as_deref().is_none_or(|currency| currency == "jpy");
    let flow = method.map(|method| method.flow);
    let mut status = status::of_session(&word, intent.map(|intent| intent.status.as_str()), flow);
    if !yen {
        status = SnapshotStatus::Unrecognised;
    }
    let inner = intent.map(|intent| of_intent(capabilities, intent, at));
    let disputed = inner.as_ref().is_some_and(|inner| inner.disputed);
    let id = match &session.payment_intent {
        Some(Expandable::Object(intent)) => Some(intent.id.clone()),
        Some(Expandable::Id(id)) => Some(id.clone()),
        None => None,
    };
    let counters = match (&inner, status) {
        (Some(inner), SnapshotStatus::Captured | SnapshotStatus::Authorized) => inner.snapshot.counters,
        // An event shows the session alone: paid is paid.
        (None, SnapshotStatus::Captured) => taken(session.amount_total.unwrap_or(Yen::ZERO)),
        _ => PaymentCounters::default(),
    };
    let lapses = session.expires_at.and_then(|at| Timestamp::from_second(at).ok());
    let snapshot = PaymentSnapshot {
        gateway_session_id: Some(session.id),
        gateway_payment_id: id,
        merchant_reference: session.client_reference_id,
        also_captured: Vec::new(),
        disputes: Vec::new(),
        slip: None,
        raw_status: match intent {
            Some(intent) => format!("{word}+{}", intent.status),
            None => word,
        },
        method: method.map(|method| method.method.clone()),
        amount: session.amount_total,
        counters,
        status,
        version: None,
        captured_at: inner.and_then(|inner| inner.snapshot.captured_at),
        // A slip outlives its session; Stripe tells its end by its status.
        expires_at: lapses.filter(|_| status == SnapshotStatus::RequiresAction),
        observed_at: at,
    };
    Read { snapshot, disputed }
}

pub(super) fn of_intent(capabilities: &Capabilities, intent: &IntentBody, at: Timestamp) -> Read {
    let yen = intent.currency.as_deref().is_none_or(|currency| currency == "jpy");
    let status = if yen { status::of_intent(&intent.status) } else { SnapshotStatus::Unrecognised };
    let charge = match &intent.latest_charge {
        Some(Expandable::Object(charge)) => Some(charge.as_ref()),
        _ => None,
    };
    let mut counters = match status {
        SnapshotStatus::Captured => taken(intent.amount_received.unwrap_or(intent.amount)),
        SnapshotStatus::Authorized => PaymentCounters { authorized: intent.amount, ..Default::default() },
        _ => PaymentCounters::default(),
    };
    let is_taken = status == SnapshotStatus::Captured;
    if let Some(charge) = charge.filter(|_| is_taken) {
        counters.refunded = charge.amount_refunded.unwrap_or(Yen::ZERO);
    }
    let created = charge.filter(|_| is_taken).and_then(|charge| charge.created);
    let snapshot = PaymentSnapshot {
        gateway_session_id: None,
        gateway_payment_id: Some(intent.id.clone()),
        merchant_reference: intent.metadata.as_ref().and_then(|it| it.merchant_reference.clone()),
        also_captured: Vec::new(),
        disputes: Vec::new(),
        slip: None,
        raw_status: intent.status.clone(),
        method: sole(capabilities, intent.payment_method_types.as_deref()).map(|it| it.method.clone()),
        amount: Some(intent.amount),
        counters,
        status,
        version: None,
        captured_at: created.and_then(|at| Timestamp::from_second(at).ok()),
        expires_at: None,
        observed_at: at,
    };
    Read { snapshot, disputed: charge.is_some_and(|charge| charge.disputed) }
}

fn taken(amount: Yen) -> PaymentCounters {
    PaymentCounters { authorized: amount, captured: amount, ..Default::default() }
}

/// The one method we offered.
fn sole<'a>(
    capabilities: &'a Capabilities,
    offered: Option<&[String]>,
) -> Option<&'a crate::gateway::MethodCapability> {
    match offered {
        Some([only]) => capabilities.gateway_method(only),
        _ => None,
    }
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
