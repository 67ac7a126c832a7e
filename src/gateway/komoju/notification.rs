//! Proving and reading KOMOJU's notifications.
//!
//! `X-Komoju-Signature` is the lowercase hex HMAC-SHA256 of the raw body under the webhook secret. It carries no
//! time, so a replay is harmless only because the inbox keeps both the delivery's and the event's id unique.

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::gateway::komoju::response::{PaymentBody, of_payment};
use crate::gateway::{
    Capabilities, Notification, NotificationHead, NotificationRejected, RawNotification, SignedNotification,
};

/// The largest body that is read: 256 KiB.
const LARGEST_BODY: usize = 256 * 1024;
/// The longest identifier that is kept.
const LONGEST_ID: usize = 200;

#[derive(Deserialize)]
struct EventBody {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    created_at: Option<String>,
    data: Option<serde_json::Value>,
}

/// Believes a notification only under one of our secrets; then reads it.
pub(super) fn verify(
    secrets: &[SecretString],
    capabilities: &Capabilities,
    raw: &RawNotification,
    received_at: Timestamp,
) -> Result<Notification, NotificationRejected> {
    if raw.body.len() > LARGEST_BODY {
        return Err(NotificationRejected::TooLarge);
    }
    let delivery = raw.single_header("x-komoju-id").filter(|id| is_id(id));
    let delivery_key = delivery.ok_or(NotificationRejected::HeaderMissing)?.to_owned();
    let signature = raw.single_header("x-komoju-signature").ok_or(NotificationRejected::HeaderMissing)?;
    let tag = HEXLOWER.decode(signature.as_bytes()).map_err(|_| NotificationRejected::WrongSignature)?;
    // Every secret is tried: how long this takes tells nothing about which one fitted.
    let fitting = secrets.iter().filter(|secret| fits(secret, &raw.body, &tag)).count();
    if fitting == 0 {
        return Err(NotificationRejected::WrongSignature);
    }
    read(capabilities, raw, delivery_key, received_at)
}

fn fits(secret: &SecretString, body: &[u8], tag: &[u8]) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
    hmac::verify(&key, body, tag).is_ok()
}

fn read(
    capabilities: &Capabilities,
    raw: &RawNotification,
    delivery_key: String,
    received_at: Timestamp,
) -> Result<Notification, NotificationRejected> {
    let event: EventBody = serde_json::from_slice(&raw.body).map_err(|_| NotificationRejected::Malformed)?;
    if !is_id(&event.id) || !is_id(&event.kind) {
        return Err(NotificationRejected::Malformed);
    }
    let observed_at = event.created_at.and_then(|text| text.parse().ok()).unwrap_or(received_at);
    let data = event.data.filter(|_| event.kind.starts_with("payment."));
    let snapshot = data
        .filter(|data| data.get("resource").is_none_or(|resource| resource == "payment"))
        .and_then(|data| serde_json::from_value::<PaymentBody>(data).ok())
        .and_then(|payment| of_payment(capabilities, payment, observed_at));
    let head = NotificationHead {
        delivery_key,
        event_id: event.id,
        event_kind: event.kind,
        merchant_reference: snapshot.as_ref().and_then(|snapshot| snapshot.merchant_reference.clone()),
        gateway_payment_id: None,
    };
    Ok(Notification::Signed(Box::new(SignedNotification { head, snapshot })))
}

fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
#[path = "notification_tests.rs"]
mod tests;
