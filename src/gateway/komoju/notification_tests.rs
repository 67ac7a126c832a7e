//! Tests of who is believed.

use aws_lc_rs::hmac;
use data_encoding::{HEXLOWER, HEXUPPER};
use serde_json::{Value, json};

use crate::gateway::komoju::fixtures::{gateway, now, payment};
use crate::gateway::{
    Notification, NotificationRejected, PaymentGateway, RawNotification, SignedNotification,
};

fn event(kind: &str, data: &Value) -> String {
    json!({ "id": "evt1", "type": kind, "resource": "event", "created_at": "2026-09-18T02:59:00Z", "data": data })
        .to_string()
}

fn signed(secret: &str, body: &str) -> RawNotification {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = HEXLOWER.encode(hmac::sign(&key, body.as_bytes()).as_ref());
    let headers = [("X-Komoju-ID", "dlv1"), ("X-Komoju-Event", "x"), ("X-Komoju-Signature", &signature)];
    RawNotification {
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        body: body.as_bytes().to_vec(),
        source: None,
    }
}

fn verify(raw: &RawNotification) -> Result<SignedNotification, NotificationRejected> {
    match gateway("http://127.0.0.1:9/api/v1").verify_notification(raw, now())? {
        Notification::Signed(signed) => Ok(*signed),
        Notification::Hint(hint) => panic!("KOMOJU signs: {hint:?}"),
    }
}

#[test]
fn a_signed_event_is_a_snapshot() {
    let body = event("payment.captured", &payment("captured", "nanaco"));
    for secret in ["old-secret", "new-secret"] {
        let found = verify(&signed(secret, &body)).unwrap();
        assert_eq!((found.head.delivery_key.as_str(), found.head.event_id.as_str()), ("dlv1", "evt1"));
        assert_eq!(found.head.merchant_reference.as_deref(), Some("t-payment1-1"));
        let snapshot = found.snapshot.unwrap();
        assert_eq!(snapshot.counters.captured.amount(), 18_000);
        assert_eq!(snapshot.observed_at, "2026-09-18T02:59:00Z".parse().unwrap());
    }
}

#[test]
fn f19_a_forged_or_changed_notification_is_refused() {
    let body = event("payment.captured", &payment("captured", "nanaco"));
    let wrong = Err(NotificationRejected::WrongSignature);
    assert_eq!(verify(&signed("another", &body)).map(|_| ()), wrong);
    let mut changed = signed("new-secret", &body);
    changed.body.push(b' ');
    assert_eq!(verify(&changed).map(|_| ()), wrong);
    for signature in ["", "zz", "00", &HEXUPPER.encode(&[171; 32])] {
        let mut forged = signed("new-secret", &body);
        forged.headers[2].1 = signature.to_owned();
        assert_eq!(verify(&forged).map(|_| ()), wrong, "{signature}");
    }
}

#[test]
fn missing_or_repeated_headers_are_refused() {
    let whole = signed("new-secret", &event("ping", &Value::Null));
    for missing in [0, 2] {
        let mut raw = whole.clone();
        raw.headers.remove(missing);
        assert_eq!(verify(&raw).unwrap_err(), NotificationRejected::HeaderMissing);
        let mut raw = whole.clone();
        raw.headers.push(whole.headers[missing].clone());
        assert_eq!(verify(&raw).unwrap_err(), NotificationRejected::HeaderMissing);
    }
}

#[test]
fn too_large_and_senseless_bodies_are_refused() {
    let large = "x".repeat(256 * 1024 + 1);
    assert_eq!(verify(&signed("new-secret", &large)).unwrap_err(), NotificationRejected::TooLarge);
    for body in ["", "[]", "{}", "{\"id\":\"\",\"type\":\"ping\"}"] {
        assert_eq!(verify(&signed("new-secret", body)).unwrap_err(), NotificationRejected::Malformed);
    }
}

#[test]
fn events_about_no_payment_carry_no_snapshot() {
    for kind in ["ping", "settlement.created"] {
        let found = verify(&signed("new-secret", &event(kind, &json!({ "id": "x" })))).unwrap();
        assert!(found.snapshot.is_none() && found.head.merchant_reference.is_none());
    }
}
