//! Tests of reading answers.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Known, checkout, payment, refund};
use crate::domain::money::Yen;
use crate::domain::payment::{PaymentSnapshot, RefundStatus, SnapshotStatus};
use crate::gateway::paypay::fixtures::{self, now};

fn read_at(value: &Value, expires_at: Option<Timestamp>) -> PaymentSnapshot {
    let known = Known { code_id: Some("code1"), expires_at, now: now() };
    payment(None, value.to_string().as_bytes(), known).unwrap()
}

fn read(value: &Value) -> PaymentSnapshot {
    read_at(value, None)
}

fn money(value: &Value) -> [i64; 3] {
    let found = read(value).counters;
    [found.authorized, found.captured, found.refunded].map(Yen::amount)
}

#[test]
fn a_code_brings_its_address_and_its_end() {
    let opened = checkout(fixtures::code().to_string().as_bytes()).unwrap();
    assert_eq!(opened.gateway_session_id, "code1");
    assert_eq!(opened.redirect_url.as_deref(), Some("https://qr.example/code1"));
    assert_eq!(opened.expires_at, Some(Timestamp::from_second(1_790_000_300).unwrap()));
    let mut without = fixtures::code();
    without["data"]["url"] = Value::Null;
    assert!(checkout(without.to_string().as_bytes()).is_none());
}

#[test]
fn a_completed_payment_is_captured_on_the_instant_paypay_names() {
    let found = read(&fixtures::payment("COMPLETED"));
    assert_eq!(found.status, SnapshotStatus::Captured);
    assert_eq!(found.captured_at, Some(Timestamp::from_second(1_790_000_000).unwrap()));
    assert_eq!(found.merchant_reference.as_deref(), Some("020001-payment1"));
    assert_eq!(found.gateway_payment_id.as_deref(), Some("7000001"));
    assert_eq!(money(&fixtures::payment("COMPLETED")), [18_000, 18_000, 0]);
}

#[test]
fn refunds_are_counted_by_their_sum_whatever_the_payment_is_called() {
    for status in ["COMPLETED", "REFUNDED"] {
        let mut body = fixtures::payment(status);
        body["data"]["refunds"] = json!({ "data": [
            { "status": "CREATED", "amount": { "amount": 300, "currency": "JPY" } },
            { "status": "REFUNDED", "amount": { "amount": 200, "currency": "JPY" } },
            { "status": "FAILED", "amount": { "amount": 9, "currency": "JPY" } },
        ] });
        assert_eq!(money(&body), [18_000, 18_000, 500], "{status}");
    }
    let mut strange = fixtures::payment("COMPLETED");
    strange["data"]["refunds"] = json!({ "data": [
        { "status": "A_STATUS_OF_TOMORROW", "amount": { "amount": 300, "currency": "JPY" } } ] });
    let found = read(&strange);
    assert_eq!(
        (found.status, found.raw_status.as_str(), found.counters.refunded),
        (SnapshotStatus::Unrecognised, "refund:A_STATUS_OF_TOMORROW", Yen::ZERO),
        "F40"
    );
    // Without rows nobody knows how much: not understood, and no counter moves.
    let found = read(&fixtures::payment("REFUNDED"));
    assert_eq!((found.status, found.counters.refunded), (SnapshotStatus::Unrecognised, Yen::ZERO));
}

#[test]
fn an_unpaid_code_past_its_end_is_expired() {
    let created = fixtures::payment("CREATED");
    assert_eq!(read(&created).status, SnapshotStatus::RequiresAction);
    let past = now().checked_sub(SignedDuration::from_secs(1)).unwrap();
    assert_eq!(read_at(&created, Some(past)).status, SnapshotStatus::Expired);
}

#[test]
fn f40_unknown_words_are_unrecognised_and_unknown_fields_ignored() {
    let found = read(&fixtures::payment("SETTLED"));
    assert_eq!((found.status, found.raw_status.as_str()), (SnapshotStatus::Unrecognised, "SETTLED"));
    let mut dollars = fixtures::payment("COMPLETED");
    dollars["data"]["amount"]["currency"] = json!("USD");
    assert_eq!(read(&dollars).status, SnapshotStatus::Unrecognised);
    assert_eq!(money(&dollars), [0; 3]);
    let known = Known { code_id: None, expires_at: None, now: now() };
    for wrong in [json!(-1), json!(1.5), json!("18000")] {
        let mut body = fixtures::payment("COMPLETED");
        body["data"]["amount"]["amount"] = wrong;
        assert!(payment(None, body.to_string().as_bytes(), known).is_none());
    }
    let mut trouble = fixtures::payment("COMPLETED");
    trouble["resultInfo"]["code"] = json!("SOMETHING_ELSE");
    assert!(payment(None, trouble.to_string().as_bytes(), known).is_none());
}

#[test]
fn a_refund_is_pending_until_paypay_says_refunded() {
    for (raw, status) in [
        ("CREATED", RefundStatus::Pending),
        ("REFUND_FAILED", RefundStatus::Pending),
        ("REFUNDED", RefundStatus::Succeeded),
        ("FAILED", RefundStatus::Failed),
        ("A_STATUS_OF_TOMORROW", RefundStatus::Unrecognised),
    ] {
        let body = json!({ "resultInfo": { "code": "SUCCESS", "message": "", "codeId": "" }, "data": {
            "status": raw, "paymentId": "7000001", "merchantRefundId": "refund-1",
            "amount": { "amount": 400, "currency": "JPY" } } });
        let found = refund("7000001".to_owned(), body.to_string().as_bytes(), now()).unwrap();
        assert_eq!((found.status, found.amount.amount()), (status, 400), "{raw}");
        assert_eq!(found.gateway_refund_id.as_deref(), Some("refund-1"));
    }
}
