//! Tests of reading answers.

use serde_json::{Value, json};

use super::{list, payment, refund, session};
use crate::domain::dispute::DisputeState;
use crate::domain::money::Yen;
use crate::domain::payment::{PaymentSnapshot, RefundStatus, SnapshotStatus};
use crate::gateway::komoju::fixtures::{self, capabilities, now};
use crate::gateway::komoju::request::Asked;

fn read(value: &Value) -> PaymentSnapshot {
    payment(&capabilities(), value.to_string().as_bytes(), now()).unwrap()
}

fn money(value: &Value) -> [i64; 4] {
    let found = read(value).counters;
    [found.authorized, found.captured, found.refunded, found.charged_back].map(Yen::amount)
}

#[test]
fn a_slip_issued_is_no_money_held() {
    assert_eq!(money(&fixtures::payment("authorized", "konbini")), [0; 4]);
    assert_eq!(money(&fixtures::payment("authorized", "credit_card")), [18_000, 0, 0, 0]);
    assert_eq!(read(&fixtures::payment("authorized", "pay_easy")).status, SnapshotStatus::AwaitingPayment);
}

#[test]
fn a_partly_refunded_payment_stays_captured() {
    let mut body = fixtures::payment("captured", "credit_card");
    body["amount_refunded"] = json!(400);
    assert_eq!(money(&body), [18_000, 18_000, 400, 0]);
    body["refunds"] =
        json!([{ "id": "r1", "amount": 300 }, { "id": "r2", "amount": 200, "chargeback": false }]);
    assert_eq!(money(&body), [18_000, 18_000, 500, 0]);
    assert_eq!(money(&fixtures::payment("refunded", "credit_card")), [18_000, 18_000, 18_000, 0]);
}

#[test]
fn f32_a_chargeback_row_is_counted_once_and_is_no_refund() {
    for sum in [0, 18_000] {
        let mut body = fixtures::payment("refunded", "credit_card");
        body["amount_refunded"] = json!(sum);
        body["refunds"] = json!([{ "id": "r1", "amount": 18_000, "chargeback": true }]);
        assert_eq!(money(&body), [18_000, 18_000, 0, 18_000]);
        let disputes = read(&body).disputes;
        assert_eq!((disputes.len(), disputes[0].state), (1, Some(DisputeState::Lost)));
        assert_eq!(disputes[0].gateway_dispute_id, "r1");
    }
}

#[test]
fn f40_unknown_words_are_unrecognised_and_unknown_fields_ignored() {
    let found = read(&fixtures::payment("in_dispute", "credit_card"));
    assert_eq!((found.status, found.raw_status.as_str()), (SnapshotStatus::Unrecognised, "in_dispute"));
    let mut dollars = fixtures::payment("captured", "credit_card");
    dollars["currency"] = json!("USD");
    assert_eq!(read(&dollars).status, SnapshotStatus::Unrecognised);
    assert_eq!(money(&dollars), [0; 4]);
    for wrong in [json!(-1), json!(1.5), json!("18000"), json!(null)] {
        let mut body = fixtures::payment("captured", "credit_card");
        body["amount"] = wrong;
        assert!(payment(&capabilities(), body.to_string().as_bytes(), now()).is_none());
    }
}

#[test]
fn a_completed_session_without_a_payment_is_not_paid() {
    let body = fixtures::session("completed", false, &Value::Null).to_string();
    let found = session(&capabilities(), body.as_bytes(), now()).unwrap();
    assert_eq!((found.status, found.counters.captured.amount()), (SnapshotStatus::Processing, 0));
    let slip = fixtures::session("completed", true, &fixtures::payment("authorized", "konbini")).to_string();
    let found = session(&capabilities(), slip.as_bytes(), now()).unwrap();
    assert_eq!(found.status, SnapshotStatus::AwaitingPayment);
    let failed = fixtures::session("pending", true, &fixtures::payment("failed", "credit_card")).to_string();
    let found = session(&capabilities(), failed.as_bytes(), now()).unwrap();
    assert_eq!((found.status, found.raw_status.as_str()), (SnapshotStatus::Expired, "session:pending"));
}

#[test]
fn two_captured_payments_of_one_reference_are_both_seen() {
    let mut second = fixtures::payment("captured", "credit_card");
    second["id"] = json!("pay2");
    let body = json!({ "data": [
        fixtures::payment("failed", "credit_card"), fixtures::payment("captured", "credit_card"), second,
    ] });
    let found = list(&capabilities(), body.to_string().as_bytes(), now()).unwrap().found().unwrap();
    assert_eq!(found.gateway_payment_id.as_deref(), Some("pay1"));
    let [second] = found.also_captured.as_slice() else { panic!("{:?}", found.also_captured) };
    assert_eq!(
        (second.gateway_payment_id.as_deref(), second.counters.captured),
        (Some("pay2"), found.counters.captured)
    );
}

#[test]
fn a_refund_is_told_from_the_payment_after_it() {
    let asked =
        Asked { expires_in_seconds: None, amount: Some(400), description: Some("refund-1".to_owned()) };
    let mut body = fixtures::payment("captured", "credit_card");
    body["amount_refunded"] = json!(400);
    body["refunds"] = json!([{ "id": "r1", "amount": 400, "description": "refund-1" }]);
    let found = refund(&capabilities(), body.to_string().as_bytes(), &asked, now()).unwrap();
    assert_eq!((found.gateway_refund_id.as_deref(), found.status), (Some("r1"), RefundStatus::Succeeded));
    body["refunds"][0]["status"] = json!("a_status_of_tomorrow");
    body["amount_refunded"] = json!(0);
    let found = refund(&capabilities(), body.to_string().as_bytes(), &asked, now()).unwrap();
    assert_eq!(found.status, RefundStatus::Unrecognised, "F40");
    assert_eq!(found.raw_status, "refund:a_status_of_tomorrow");
    assert_eq!(found.payment.counters.refunded, Yen::ZERO, "what is not understood has not gone back");
}
