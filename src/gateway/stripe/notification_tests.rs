//! Tests of who is believed. The signature scheme is tested against a value made by hand with another tool
//! (`openssl dgst -sha256 -hmac`), so that both sides cannot be wrong together.

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use stripe_webhook::Webhook;

use crate::domain::payment::SnapshotStatus;
use crate::gateway::stripe::fixtures::{charge, gateway, intent, now, session};
use crate::gateway::{
    Notification, NotificationRejected, PaymentGateway, RawNotification, SignedNotification,
};

fn event(kind: &str, object: &Value) -> String {
    json!({ "id": "evt_1", "object": "event", "type": kind, "created": 1_789_999_990, "livemode": false,
        "pending_webhooks": 1, "request": null, "data": { "object": object } })
    .to_string()
}

fn v1(secret: &str, at: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    HEXLOWER.encode(hmac::sign(&key, format!("{at}.{body}").as_bytes()).as_ref())
}

fn with_header(header: &str, body: &str) -> RawNotification {
    RawNotification {
        headers: vec![("Stripe-Signature".to_owned(), header.to_owned())],
        body: body.as_bytes().to_vec(),
        source: None,
    }
}

fn signed(secret: &str, at: i64, body: &str) -> RawNotification {
    with_header(&format!("t={at},v1={}", v1(secret, at, body)), body)
}

fn verify(raw: &RawNotification) -> Result<SignedNotification, NotificationRejected> {
    match gateway("http://127.0.0.1:9").verify_notification(raw, now())? {
        Notification::Signed(signed) => Ok(*signed),
        Notification::Hint(hint) => panic!("Stripe signs: {hint:?}"),
    }
}

const NOW: i64 = 1_790_000_000;

fn paid() -> String {
    event("checkout.session.completed", &session("complete", "paid", "card", &json!("pi_1")))
}

#[test]
fn the_signature_is_the_one_another_tool_makes() {
    assert_eq!(
        v1("whsec_new", NOW, "{\"id\":\"evt_1\"}"),
        "a8d78c58874a6b2e5d89493e1b6dbe9f5a71790e5f2f2ce02d06c84076e09fe9"
    );
}

#[test]
fn a_signed_event_is_a_snapshot_under_either_secret_of_a_rotation() {
    for secret in ["whsec_new", "whsec_old"] {
        let found = verify(&signed(secret, NOW, &paid())).unwrap();
        assert_eq!((found.head.delivery_key.as_str(), found.head.event_id.as_str()), ("evt_1", "evt_1"));
        assert_eq!(found.head.merchant_reference.as_deref(), Some("020001-payment1"));
        assert_eq!(found.snapshot.unwrap().counters.captured.amount(), 18_000);
    }
    // The header of a rotation: one v1 a secret, and a scheme that is passed over.
    let header = format!("t={NOW},v1={},v0=abc,v1={}", "00".repeat(32), v1("whsec_old", NOW, &paid()));
    assert!(verify(&with_header(&header, &paid())).is_ok());
}

#[test]
fn f19_f20_a_forged_or_changed_event_is_refused() {
    let wrong = Err(NotificationRejected::WrongSignature);
    assert_eq!(verify(&signed("whsec_other", NOW, &paid())).map(|_| ()), wrong);
    let mut changed = signed("whsec_new", NOW, &paid());
    changed.body.push(b' ');
    assert_eq!(verify(&changed).map(|_| ()), wrong);
    let other_time = with_header(&format!("t={},v1={}", NOW + 1, v1("whsec_new", NOW, &paid())), &paid());
    assert_eq!(verify(&other_time).map(|_| ()), wrong, "the instant is signed too");
    for v1 in ["", "zz", "00"] {
        assert_eq!(verify(&with_header(&format!("t={NOW},v1={v1}"), &paid())).map(|_| ()), wrong);
    }
    assert_eq!(verify(&with_header(&format!("t={NOW}"), &paid())).map(|_| ()), wrong);
}

#[test]
fn f21_a_signature_older_than_five_minutes_is_refused() {
    for (at, result) in [
        (NOW - 300, Ok(())),
        (NOW + 300, Ok(())),
        (NOW - 301, Err(NotificationRejected::OutOfTime)),
        (NOW + 301, Err(NotificationRejected::OutOfTime)),
    ] {
        assert_eq!(verify(&signed("whsec_new", at, &paid())).map(|_| ()), result, "{}", at - NOW);
    }
}

#[test]
fn an_independent_signer_is_believed_and_an_independent_receiver_agrees_with_every_refusal() {
    // A kind whose object the judge does not read: it judges the signature alone.
    let body = event("climate.order.created", &session("complete", "paid", "card", &json!("pi_1")));
    let made_elsewhere = Webhook::generate_test_header(&body, "whsec_new", Some(NOW));
    assert!(verify(&with_header(&made_elsewhere, &body)).is_ok(), "{made_elsewhere}");
    let other_key = Webhook::generate_test_header(&body, "whsec_other", Some(NOW));
    let other_body = Webhook::generate_test_header("{}", "whsec_new", Some(NOW));
    let too_old = Webhook::generate_test_header(&body, "whsec_new", Some(NOW - 301));
    let ours = format!("t={NOW},v1={}", v1("whsec_new", NOW, &body));
    for (header, believed) in
        [(made_elsewhere, true), (ours, true), (other_key, false), (other_body, false), (too_old, false)]
    {
        let judged = Webhook::construct_event_with_timestamp(&body, &header, "whsec_new", NOW);
        assert_eq!(judged.is_ok(), believed, "the judge: {judged:?}");
        assert_eq!(verify(&with_header(&header, &body)).is_ok(), believed, "ours: {header}");
    }
}

#[test]
fn missing_or_repeated_headers_and_senseless_bodies_are_refused() {
    let missing = Err(NotificationRejected::HeaderMissing);
    for header in ["", "v1=00", "t=x,v1=00", "t=1,t=2,v1=00"] {
        assert_eq!(verify(&with_header(header, &paid())).map(|_| ()), missing, "{header}");
    }
    let mut twice = signed("whsec_new", NOW, &paid());
    twice.headers.push(twice.headers[0].clone());
    assert_eq!(verify(&twice).map(|_| ()), missing);
    let large = "x".repeat(256 * 1024 + 1);
    assert_eq!(verify(&signed("whsec_new", NOW, &large)).unwrap_err(), NotificationRejected::TooLarge);
    for body in ["", "[]", "{}", "{\"id\":\"\",\"type\":\"ping\",\"data\":{\"object\":{}}}"] {
        let found = verify(&signed("whsec_new", NOW, body)).unwrap_err();
        assert_eq!(found, NotificationRejected::Malformed, "{body}");
    }
}

#[test]
fn a_slip_is_issued_then_paid_by_two_events() {
    let slip = session("complete", "unpaid", "konbini", &json!("pi_1"));
    let found = verify(&signed("whsec_new", NOW, &event("checkout.session.completed", &slip))).unwrap();
    assert_eq!(found.snapshot.unwrap().status, SnapshotStatus::AwaitingPayment);
    let paid = session("complete", "paid", "konbini", &json!("pi_1"));
    let body = event("checkout.session.async_payment_succeeded", &paid);
    let found = verify(&signed("whsec_new", NOW, &body)).unwrap();
    assert_eq!(found.snapshot.unwrap().status, SnapshotStatus::Captured);
}

#[test]
fn an_event_of_another_object_names_the_payment_and_proves_nothing_of_it() {
    let found = verify(&signed("whsec_new", NOW, &event("charge.refunded", &charge()))).unwrap();
    assert!(found.snapshot.is_none());
    assert_eq!(found.head.merchant_reference.as_deref(), Some("020001-payment1"));
    let failed = event("payment_intent.payment_failed", &intent("requires_payment_method", "card"));
    let found = verify(&signed("whsec_new", NOW, &failed)).unwrap();
    assert_eq!(found.snapshot.unwrap().status, SnapshotStatus::RequiresAction);
    let payout = event("payout.paid", &json!({ "id": "po_1", "amount": 1 }));
    let found = verify(&signed("whsec_new", NOW, &payout)).unwrap();
    assert!(found.snapshot.is_none() && found.head.merchant_reference.is_none());
}

#[test]
fn f32_a_dispute_names_its_payment_by_the_gateways_id_alone() {
    let dispute = json!({ "id": "dp_1", "object": "dispute", "amount": 18_000, "status": "needs_response",
        "payment_intent": "pi_1", "metadata": {} });
    for kind in ["charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed"] {
        let found = verify(&signed("whsec_new", NOW, &event(kind, &dispute))).unwrap();
        assert!(found.snapshot.is_none() && found.head.merchant_reference.is_none());
        assert_eq!(found.head.gateway_payment_id.as_deref(), Some("pi_1"));
    }
}
