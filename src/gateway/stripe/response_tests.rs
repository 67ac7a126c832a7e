//! Tests of reading answers.

use serde_json::{Value, json};

use super::{Read, checkout, disputes, intent, refund, session};
use crate::domain::dispute::DisputeState;
use crate::domain::money::Yen;
use crate::domain::payment::{RefundStatus, SnapshotStatus};
use crate::gateway::stripe::fixtures::{self, capabilities, now};

fn read(value: &Value) -> Read {
    session(&capabilities(), value.to_string().as_bytes(), now()).unwrap()
}

fn money(read: &Read) -> [i64; 4] {
    let found = read.snapshot.counters;
    [found.authorized, found.captured, found.refunded, found.charged_back].map(Yen::amount)
}

#[test]
fn a_new_session_brings_its_address_and_its_end() {
    let open = fixtures::session("open", "unpaid", "card", &Value::Null);
    let opened = checkout(&capabilities(), open.to_string().as_bytes(), now()).unwrap();
    assert_eq!(opened.gateway_session_id, "cs_test_1");
    assert_eq!(opened.redirect_url.as_deref(), Some("https://checkout.stripe.com/c/pay/cs_test_1"));
    assert_eq!(opened.expires_at.unwrap().as_second(), 1_790_003_600);
    assert_eq!(opened.status, SnapshotStatus::RequiresAction);
}

#[test]
fn a_konbini_slip_is_no_money_until_it_is_paid() {
    let slip =
        fixtures::session("complete", "unpaid", "konbini", &fixtures::intent("requires_action", "konbini"));
    let found = read(&slip);
    assert_eq!((found.snapshot.status, money(&found)), (SnapshotStatus::AwaitingPayment, [0; 4]));
    assert_eq!(found.snapshot.gateway_payment_id.as_deref(), Some("pi_1"));
    let paid = fixtures::session("complete", "paid", "konbini", &fixtures::intent("succeeded", "konbini"));
    assert_eq!(money(&read(&paid)), [18_000, 18_000, 0, 0]);
    let intent = fixtures::intent("requires_payment_method", "konbini");
    let lapsed = fixtures::session("complete", "unpaid", "konbini", &intent);
    assert_eq!(read(&lapsed).snapshot.status, SnapshotStatus::Expired);
}

#[test]
fn an_event_shows_the_session_alone_and_paid_is_paid() {
    let paid = fixtures::session("complete", "paid", "card", &json!("pi_1"));
    let found = read(&paid);
    assert_eq!((found.snapshot.status, money(&found)), (SnapshotStatus::Captured, [18_000, 18_000, 0, 0]));
    assert_eq!(found.snapshot.gateway_payment_id.as_deref(), Some("pi_1"));
    assert_eq!(found.snapshot.merchant_reference.as_deref(), Some("020001-payment1"));
}

#[test]
fn what_was_refunded_is_read_from_the_charge_and_held_money_is_not_taken() {
    let mut whole = fixtures::intent("succeeded", "card");
    whole["latest_charge"]["amount_refunded"] = json!(400);
    let found = read(&fixtures::session("complete", "paid", "card", &whole));
    assert_eq!(money(&found), [18_000, 18_000, 400, 0]);
    assert_eq!(found.snapshot.captured_at.unwrap().as_second(), 1_789_999_900);
    let held = fixtures::intent("requires_capture", "card");
    let found = read(&fixtures::session("complete", "unpaid", "card", &held));
    assert_eq!((found.snapshot.status, money(&found)), (SnapshotStatus::Authorized, [18_000, 0, 0, 0]));
}

#[test]
fn f32_each_dispute_is_read_and_half_a_list_proves_nothing() {
    use DisputeState::{Lost, NeedsResponse, UnderReview, Won};
    let mut disputed = fixtures::intent("succeeded", "card");
    disputed["latest_charge"]["disputed"] = json!(true);
    assert!(read(&fixtures::session("complete", "paid", "card", &disputed)).disputed);
    for (word, state) in [
        ("warning_needs_response", Some(NeedsResponse)),
        ("needs_response", Some(NeedsResponse)),
        ("warning_under_review", Some(UnderReview)),
        ("under_review", Some(UnderReview)),
        ("appeal_submitted", Some(UnderReview)),
        ("warning_closed", Some(Won)),
        ("prevented", Some(Won)),
        ("won", Some(Won)),
        ("lost", Some(Lost)),
        ("reconsidered", None),
    ] {
        let list = json!({ "object": "list", "has_more": false, "data": [
            { "id": "dp_1", "amount": 18_000, "status": word, "reason": "fraudulent",
              "evidence_details": { "due_by": 1_790_000_000 } },
        ] });
        let found = disputes(list.to_string().as_bytes()).unwrap().remove(0);
        assert_eq!((found.state, found.raw_status.as_str()), (state, word), "F40");
        assert_eq!((found.gateway_dispute_id.as_str(), found.amount.amount()), ("dp_1", 18_000));
        assert_eq!(found.reason_code.as_deref(), Some("fraudulent"));
        assert_eq!(found.respond_by.map(jiff::Timestamp::as_second), Some(1_790_000_000));
    }
    let more = json!({ "data": [], "has_more": true }).to_string();
    assert_eq!(disputes(more.as_bytes()), None, "half a list proves nothing");
}

#[test]
fn a_refund_shows_the_payment_after_it_and_may_still_fail() {
    for (raw, status) in [
        ("pending", RefundStatus::Pending),
        ("requires_action", RefundStatus::Pending),
        ("succeeded", RefundStatus::Succeeded),
        ("failed", RefundStatus::Failed),
        ("canceled", RefundStatus::Failed),
        ("a_status_of_tomorrow", RefundStatus::Unrecognised),
    ] {
        let mut payment = fixtures::intent("succeeded", "card");
        payment["latest_charge"]["amount_refunded"] = json!(400);
        let body =
            json!({ "id": "re_1", "amount": 400, "status": raw, "payment_intent": payment }).to_string();
        let found = refund(&capabilities(), body.as_bytes(), now()).unwrap();
        assert_eq!((found.status, found.amount.amount()), (status, 400), "{raw}");
        assert_eq!(found.raw_status, format!("refund:{raw}"));
        assert_eq!(found.payment.counters.refunded.amount(), 400);
    }
    let bare =
        json!({ "id": "re_1", "amount": 400, "status": "pending", "payment_intent": "pi_1" }).to_string();
    assert!(refund(&capabilities(), bare.as_bytes(), now()).is_none());
}

#[test]
fn f40_unknown_words_are_unrecognised_and_unknown_fields_ignored() {
    let odd = read(&fixtures::session("paused", "unpaid", "card", &Value::Null)).snapshot;
    assert_eq!((odd.status, odd.raw_status.as_str()), (SnapshotStatus::Unrecognised, "paused"));
    let intent_of_tomorrow = fixtures::intent("requires_review", "card");
    let odd = read(&fixtures::session("open", "unpaid", "card", &intent_of_tomorrow));
    assert_eq!(odd.snapshot.status, SnapshotStatus::Unrecognised);
    let mut dollars = fixtures::session("complete", "paid", "card", &json!("pi_1"));
    dollars["currency"] = json!("usd");
    let dollars = read(&dollars);
    assert_eq!((dollars.snapshot.status, money(&dollars)), (SnapshotStatus::Unrecognised, [0; 4]));
    for wrong in [json!(-1), json!(1.5), json!("18000"), json!(null)] {
        let mut body = fixtures::intent("succeeded", "card");
        body["amount"] = wrong;
        assert!(intent(&capabilities(), body.to_string().as_bytes(), now()).is_none());
    }
}
