//! Proving and reading Stripe's events.
//!
//! `Stripe-Signature: t=<unix>,v1=<hex>[,v1=…]`: v1 is the lowercase hex HMAC-SHA256 of `<t>.<raw body>` under an
//! endpoint's secret. While a secret rotates the header carries one v1 for each of both; one that fits is enough.

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use crate::domain::payment::PaymentSnapshot;
use crate::gateway::stripe::response::{self, Metadata};
use crate::gateway::{
    Capabilities, Notification, NotificationHead, NotificationRejected, RawNotification, SignedNotification,
};

/// The largest body that is read: 256 KiB.
const LARGEST_BODY: usize = 256 * 1024;
/// How old, or how far ahead of our clock, a signature may be, in seconds.
const TOLERANCE_S: u64 = 300;
/// The longest identifier that is kept, and how many signatures of one header are looked at.
const LONGEST_ID: usize = 200;
const MOST_SIGNATURES: usize = 16;

#[derive(Deserialize)]
struct EventBody {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    created: Option<i64>,
    data: EventData,
}

#[derive(Deserialize)]
struct EventData {
    object: Value,
}

/// Believes an event only under one of our secrets and in time; then reads it.
pub(super) fn verify(
    secrets: &[SecretString],
    capabilities: &Capabilities,
    raw: &RawNotification,
    received_at: Timestamp,
) -> Result<Notification, NotificationRejected> {
    if raw.body.len() > LARGEST_BODY {
        return Err(NotificationRejected::TooLarge);
    }
    let header = raw.single_header("stripe-signature").ok_or(NotificationRejected::HeaderMissing)?;
    let (at, tags) = signatures(header).ok_or(NotificationRejected::HeaderMissing)?;
    // Every secret is tried on every signature: how long this takes tells nothing about which one fitted.
    let pairs = secrets.iter().flat_map(|secret| tags.iter().map(move |tag| (secret, tag)));
    let fitting = pairs.filter(|(secret, tag)| fits(secret, at, &raw.body, tag)).count();
    if fitting == 0 {
        return Err(NotificationRejected::WrongSignature);
    }
    if at.abs_diff(received_at.as_second()) > TOLERANCE_S {
        return Err(NotificationRejected::OutOfTime);
    }
    read(capabilities, raw, received_at)
}

/// The instant and every v1 of the header; other schemes are passed over.
fn signatures(header: &str) -> Option<(i64, Vec<Vec<u8>>)> {
    let (mut at, mut tags) = (None, Vec::new());
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", value)) if at.is_none() => at = Some(value.parse().ok()?),
            Some(("t", _)) => return None,
            Some(("v1", value)) => tags.extend(HEXLOWER.decode(value.as_bytes()).ok()),
            _ => {}
        }
    }
    tags.truncate(MOST_SIGNATURES);
    at.map(|at| (at, tags))
}

fn fits(secret: &SecretString, at: i64, body: &[u8], tag: &[u8]) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
    let mut message = format!("{at}.").into_bytes();
    message.extend_from_slice(body);
    hmac::verify(&key, &message, tag).is_ok()
}

fn read(
    capabilities: &Capabilities,
    raw: &RawNotification,
    received_at: Timestamp,
) -> Result<Notification, NotificationRejected> {
    let event: EventBody = serde_json::from_slice(&raw.body).map_err(|_| NotificationRejected::Malformed)?;
    if !is_id(&event.id) || !is_id(&event.kind) {
        return Err(NotificationRejected::Malformed);
    }
    let observed_at = event.created.and_then(|at| Timestamp::from_second(at).ok()).unwrap_or(received_at);
    let snapshot = snapshot(capabilities, &event.kind, &event.data.object, observed_at);
    let told = snapshot.as_ref().and_then(|snapshot| snapshot.merchant_reference.clone());
    let head = NotificationHead {
        delivery_key: event.id.clone(),
        event_id: event.id,
        event_kind: event.kind,
        merchant_reference: told.or_else(|| reference(&event.data.object)),
        gateway_payment_id: payment_id(&event.data.object),
    };
    Ok(Notification::Signed(Box::new(SignedNotification { head, snapshot })))
}

/// The payment, where the event shows it; every other event about a payment of ours makes us ask.
fn snapshot(
    capabilities: &Capabilities,
    kind: &str,
    object: &Value,
    at: Timestamp,
) -> Option<PaymentSnapshot> {
    let read = if kind.starts_with("checkout.session.") {
        let session = serde_json::from_value(object.clone()).ok()?;
        response::of_session(capabilities, session, at)
    } else if kind.starts_with("payment_intent.") {
        let intent = serde_json::from_value(object.clone()).ok()?;
        response::of_intent(capabilities, &intent, at)
    } else {
        return None;
    };
    Some(read.snapshot)
}

/// Our reference in an object's metadata: charges and refunds carry their payment's.
fn reference(object: &Value) -> Option<String> {
    let metadata = object.get("metadata")?.clone();
    serde_json::from_value::<Metadata>(metadata).ok()?.merchant_reference.filter(|text| is_id(text))
}

/// The payment intent that an object is about: a dispute carries no metadata of its payment's.
fn payment_id(object: &Value) -> Option<String> {
    object.get("payment_intent")?.as_str().filter(|id| is_id(id)).map(str::to_owned)
}

fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
#[path = "notification_tests.rs"]
mod tests;
