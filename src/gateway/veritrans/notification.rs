//! Proving and reading the vendor's notifications.
//!
//! The header `content-hmac` carries our CCID and the HMAC-SHA256 of the raw body under the secret key read as hex. The
//! body is a form: `numberOfNotify`, `pushTime`, `pushId`, and for each order `orderId0000`, `orderId0001`, …; the names
//! of the other fields are not public. So of a proven notification only the order is read, and it makes us ask: what the
//! gateway's Search says is applied, never what stands here. Of several orders in one notification the first is asked
//! about at once, the others when their turn to be polled comes.

use aws_lc_rs::{digest, hmac};
use data_encoding::HEXLOWER;
use reqwest::Url;

use crate::gateway::veritrans::{request, sign};
use crate::gateway::{
    Notification, NotificationHead, NotificationRejected, RawNotification, SignedNotification,
};

/// The largest body that is read: 256 KiB.
const LARGEST_BODY: usize = 256 * 1024;
/// What every notification of the vendor is about.
const EVENT_KIND: &str = "push";

/// Believes a notification only under our CCID and one of our keys; then reads it.
pub(super) fn verify(
    merchant_ccid: &str,
    keys: &[hmac::Key],
    raw: &RawNotification,
) -> Result<Notification, NotificationRejected> {
    if raw.body.len() > LARGEST_BODY {
        return Err(NotificationRejected::TooLarge);
    }
    let header = raw.single_header("content-hmac").ok_or(NotificationRejected::HeaderMissing)?;
    let seal = sign::seal(header).ok_or(NotificationRejected::HeaderMissing)?;
    // Every key is tried: how long this takes tells nothing about which one fitted.
    let fitting = keys.iter().filter(|key| hmac::verify(key, &raw.body, &seal.tag).is_ok()).count();
    if fitting == 0 || seal.merchant_ccid != merchant_ccid {
        return Err(NotificationRejected::WrongSignature);
    }
    read(&raw.body)
}

fn read(body: &[u8]) -> Result<Notification, NotificationRejected> {
    let text = std::str::from_utf8(body).map_err(|_| NotificationRejected::Malformed)?;
    let order_id = field(text, "orderId0000").ok_or(NotificationRejected::Malformed)?;
    let order_id = request::order_id_of(&order_id).map_err(|_| NotificationRejected::Malformed)?.to_owned();
    // Nothing in the body is known to be unique for good; the body itself, with its `pushTime`, is.
    let delivery_key = HEXLOWER.encode(digest::digest(&digest::SHA256, body).as_ref());
    let head = NotificationHead {
        event_id: delivery_key.clone(),
        delivery_key,
        event_kind: EVENT_KIND.to_owned(),
        // A refund has an order of its own, which is no payment of ours.
        merchant_reference: Some(order_id).filter(|order_id| !request::is_refund(order_id)),
        gateway_payment_id: None,
    };
    Ok(Notification::Signed(Box::new(SignedNotification { head, snapshot: None })))
}

/// The value of a field of a form that occurs exactly once.
fn field(form: &str, name: &str) -> Option<String> {
    let mut url = Url::parse("form:/").ok()?;
    url.set_query(Some(form));
    let mut found = url.query_pairs().filter(|(key, _)| key == name);
    let (_, value) = found.next()?;
    found.next().is_none().then(|| value.into_owned())
}

#[cfg(test)]
#[path = "notification_tests.rs"]
mod tests;
