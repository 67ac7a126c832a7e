//! Every ordered fault does what the catalogue says.

use std::time::Duration;

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::stand::{Arrived, Stand, WEBHOOK_SECRET, new_session, read};

async fn orders(stand: &Stand) -> usize {
    let url = format!("{}/_sim/ledger", stand.base);
    let (_, body) = read(stand.client.get(url).send().await.unwrap()).await;
    body["orders"].as_array().unwrap().len()
}

fn right(arrived: &Arrived) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, WEBHOOK_SECRET.as_bytes());
    arrived.signature == HEXLOWER.encode(hmac::sign(&key, arrived.body.as_bytes()).as_ref())
}

/// A declined card, then an accepted one: `payment.failed`, then `payment.captured`.
async fn fail_then_pay(stand: &Stand) {
    let session = stand.session("A-1", "auto").await;
    stand.pay(&session, "card", "number=4000000000000002").await;
    stand.pay(&session, "card", "number=4242424242424242").await;
}

#[tokio::test]
async fn f01_silence_before_the_effect() {
    let stand = Stand::set_up();
    stand.fault(json!({ "op": "create" }), "F01", json!({ "hold_ms": 50, "end": "drop" })).await;
    stand.fault(json!({ "op": "create" }), "F01", json!({ "hold_ms": 50 })).await;
    let body = new_session("A-1", "auto");
    assert!(stand.post("/sessions", Some("key-1"), &body).await.is_err());
    assert_eq!(stand.posted("/sessions", Some("key-1"), &body).await.0, 504);
    assert_eq!(orders(&stand).await, 0);
    assert_eq!(stand.posted("/sessions", Some("key-1"), &body).await.0, 200);
}

#[tokio::test]
async fn f02_silence_after_the_effect() {
    let stand = Stand::set_up();
    let on = json!({ "op": "create", "payment": "A-1" });
    stand.fault(on, "F02", json!({ "hold_ms": 60_000 })).await;
    let body = new_session("A-1", "auto");
    let impatient =
        tokio::time::timeout(Duration::from_millis(300), stand.post("/sessions", Some("key-1"), &body));
    assert!(impatient.await.is_err(), "no answer comes");
    let truth = stand.truth("A-1").await;
    let (status, again) = stand.posted("/sessions", Some("key-1"), &body).await;
    assert_eq!((status, &again["id"]), (200, &truth["session_id"]));
}

#[tokio::test]
async fn f02_of_a_refund_is_found_by_a_query() {
    let stand = Stand::set_up();
    let payment = stand.paid("A-1").await;
    let on = json!({ "op": "refund", "payment": payment });
    stand.fault(on, "F02", json!({ "hold_ms": 0, "end": "drop" })).await;
    assert!(stand.post(&format!("/payments/{payment}/refund"), Some("k"), &json!({})).await.is_err());
    assert_eq!(stand.got(&format!("/payments/{payment}")).await.1["amount_refunded"], json!(18_000));
}

#[tokio::test]
async fn f03_the_connection_breaks_in_the_middle() {
    let stand = Stand::set_up();
    stand.fault(json!({ "op": "create" }), "F03", json!({})).await;
    let answer = stand.post("/sessions", None, &new_session("A-1", "auto")).await.unwrap();
    assert_eq!(answer.status(), 200, "the head arrives");
    assert!(answer.text().await.is_err(), "the body does not");
    assert_eq!(orders(&stand).await, 1);
}

#[tokio::test]
async fn f04_a_200_that_is_no_use() {
    let stand = Stand::set_up();
    for (order, style) in [("A-1", "truncated"), ("A-2", "html")] {
        stand.fault(json!({ "op": "create" }), "F04", json!({ "style": style })).await;
        let answer = stand.post("/sessions", None, &new_session(order, "auto")).await.unwrap();
        assert_eq!(answer.status(), 200);
        let text = answer.text().await.unwrap();
        assert!(!text.is_empty() && serde_json::from_str::<Value>(&text).is_err(), "{text}");
        stand.truth(order).await;
    }
}

#[tokio::test]
async fn f05_to_f08_error_statuses_with_and_without_effect() {
    let stand = Stand::set_up();
    for (order, fault, status, made) in
        [("A-5", "F05", 502, 1), ("A-6", "F06", 503, 0), ("A-7", "F07", 409, 0), ("A-8", "F08", 429, 0)]
    {
        let before = orders(&stand).await;
        let args = if status >= 500 { json!({ "status": status }) } else { json!({}) };
        stand.fault(json!({ "op": "create" }), fault, args).await;
        let answer = stand.post("/sessions", None, &new_session(order, "auto")).await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers().contains_key("Retry-After"), fault == "F08");
        assert_eq!(orders(&stand).await - before, made, "{fault}");
    }
}

#[tokio::test]
async fn f11_the_effect_comes_late_and_the_key_is_in_flight_until_then() {
    let stand = Stand::set_up();
    stand.fault(json!({ "op": "create" }), "F11", json!({ "hold_ms": 600 })).await;
    let body = new_session("A-1", "auto");
    let impatient =
        tokio::time::timeout(Duration::from_millis(150), stand.post("/sessions", Some("key-1"), &body));
    assert!(impatient.await.is_err());
    assert_eq!(orders(&stand).await, 0);
    assert_eq!(stand.posted("/sessions", Some("key-1"), &body).await.0, 409);
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(orders(&stand).await, 1, "it happens although the caller has hung up");
    assert_eq!(stand.posted("/sessions", Some("key-1"), &body).await.0, 200);
}

#[tokio::test]
async fn f12_a_query_lags_behind() {
    let stand = Stand::set_up();
    let payment = stand.paid("A-1").await;
    stand.fault(json!({ "op": "list_payments", "payment": "A-1" }), "F12", json!({})).await;
    stand.fault(json!({ "op": "get_payment" }), "F12", json!({})).await;
    for (total, status) in [(0, 404), (1, 200)] {
        assert_eq!(stand.got("/payments?external_order_num=A-1").await.1["total"], json!(total));
        assert_eq!(stand.got(&format!("/payments/{payment}")).await.0, status);
    }
}

async fn hits(stand: &Stand) -> Vec<u64> {
    let url = format!("{}/_sim/faults", stand.base);
    let (_, body) = read(stand.client.get(url).send().await.unwrap()).await;
    body["items"].as_array().unwrap().iter().map(|item| item["fired"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn f09_a_lost_answer_counts_once_its_key_is_forgotten_and_nobody_has_asked() {
    let stand = Stand::set_up();
    stand.fault(json!({ "op": "create" }), "F09", json!({ "times": 2 })).await;
    for order in ["A-1", "A-2"] {
        let key = format!("key-{order}");
        assert!(stand.post("/sessions", Some(&key), &new_session(order, "auto")).await.is_err());
        stand.truth(order).await;
    }
    let (status, again) = stand.posted("/sessions", Some("key-A-2"), &new_session("A-2", "auto")).await;
    assert_eq!(
        (status, &again["id"]),
        (200, &stand.truth("A-2").await["session_id"]),
        "in time it is remembered"
    );
    assert_eq!(hits(&stand).await, [0]);
    stand.advance(86_399).await;
    assert_eq!(hits(&stand).await, [0]);
    stand.advance(1).await;
    stand.got("/payments?external_order_num=A-1").await;
    assert_eq!(hits(&stand).await, [1], "one was asked for in time");
}

#[tokio::test]
async fn f10_the_answer_comes_a_byte_a_second() {
    let stand = Stand::set_up();
    stand.fault(json!({ "op": "create" }), "F10", json!({})).await;
    let mut answer = stand.post("/sessions", Some("key-1"), &new_session("A-1", "auto")).await.unwrap();
    assert_eq!(answer.status(), 200, "the head comes at once");
    let first = answer.chunk().await.unwrap().unwrap();
    assert_eq!(&first[..], b"{", "and then a byte");
    assert!(tokio::time::timeout(Duration::from_millis(500), answer.chunk()).await.is_err());
    assert_eq!(orders(&stand).await, 1);
}

#[tokio::test]
async fn f13_a_query_shows_the_state_before_the_last_change() {
    let stand = Stand::set_up();
    let session = stand.session("A-1", "auto").await;
    let query = format!("/sessions/{session}");
    for on in [json!({ "op": "get_session" }), json!({ "op": "list_payments" })] {
        stand.fault(on, "F13", json!({})).await;
    }
    assert_eq!(stand.got(&query).await.1["status"], json!("pending"));
    assert_eq!(hits(&stand).await, [0, 0], "what has never changed has no older state");
    stand.pay(&session, "card", "number=4242424242424242").await;
    assert_eq!(stand.got("/payments?external_order_num=A-1").await.1["total"], json!(0));
    assert_eq!(stand.got(&query).await.1["status"], json!("pending"));
    assert_eq!(hits(&stand).await, [1, 1]);
    let (_, now) = stand.got(&query).await;
    assert_eq!((&now["status"], &now["payment"]["status"]), (&json!("completed"), &json!("captured")));
    let payment = now["payment"]["id"].as_str().unwrap();
    stand.posted(&format!("/payments/{payment}/refund"), None, &json!({ "amount": 500 })).await;
    stand.fault(json!({ "op": "get_payment" }), "F13", json!({})).await;
    for refunded in [0, 500] {
        assert_eq!(stand.got(&format!("/payments/{payment}")).await.1["amount_refunded"], json!(refunded));
    }
}

#[tokio::test]
async fn f27_a_refund_is_refused_for_its_method_and_what_cannot_be_refunded_meets_no_such_fault() {
    let stand = Stand::set_up();
    let session = stand.session("A-1", "auto").await;
    for fault in ["F26", "F27", "F28"] {
        stand.fault(json!({ "op": "refund" }), fault, json!({})).await;
    }
    assert_eq!(stand.posted("/payments/nobody/refund", None, &json!({})).await.0, 404);
    assert_eq!(hits(&stand).await, [0, 0, 0]);
    stand.pay(&session, "card", "number=4242424242424242").await;
    let payment = stand.truth("A-1").await["payment_id"].as_str().unwrap().to_owned();
    let path = format!("/payments/{payment}/refund");
    let mut codes = Vec::new();
    for _ in 0..2 {
        let (status, body) = stand.posted(&path, None, &json!({})).await;
        codes.push((status, body["error"]["code"].as_str().unwrap().to_owned()));
    }
    let refused = |code: &str| (422, code.to_owned());
    assert_eq!(codes, [refused("refund_not_allowed"), refused("unprocessable_entity")]);
    assert_eq!((hits(&stand).await, stand.truth("A-1").await["refunded"].clone()), (vec![1, 1, 0], json!(0)));
}

#[tokio::test]
async fn a_fault_that_cannot_befall_a_call_waits_for_one_that_it_can() {
    let stand = Stand::set_up();
    // KOMOJU minds no clock, and without a key there is none to forget.
    for fault in ["F38", "F09"] {
        stand.fault(json!({ "op": "create" }), fault, json!({})).await;
    }
    assert_eq!(stand.posted("/sessions", None, &new_session("A-1", "auto")).await.0, 200);
    stand.fault(json!({ "op": "list_payments" }), "F12", json!({})).await;
    assert_eq!(stand.got("/payments?external_order_num=nobody").await.1["total"], json!(0));
    assert_eq!(hits(&stand).await, [0, 0, 0]);
    for (op, fault) in [("get_session", "F09"), ("create", "F13"), ("create", "F27"), ("webhook", "F38")] {
        let unfit = json!({ "match": { "op": op }, "fault": fault });
        assert_eq!(stand.admin("faults", &unfit).await, 400, "{op} {fault}");
    }
}

#[tokio::test]
async fn nothing_is_due_once_every_notification_was_answered() {
    let stand = Stand::set_up();
    let due =
        async || read(stand.client.get(format!("{}/_sim/due", stand.base)).send().await.unwrap()).await.1;
    assert_eq!(due().await["notifications"], json!(0));
    let session = stand.session("A-1", "auto").await;
    let args = json!({ "delay_seconds": 60 });
    stand.fault(json!({ "op": "webhook" }), "F17", args).await;
    stand.pay(&session, "card", "number=4242424242424242").await;
    assert_eq!(due().await["notifications"], json!(0), "it is not due yet");
    stand.advance(60).await;
    for _ in 0..200 {
        if due().await["notifications"] == json!(0) {
            assert_eq!(stand.merchant.events(), ["payment.captured"], "and then it was delivered");
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it is due for ever");
}

#[tokio::test]
async fn faults_hit_the_nth_matching_call_only() {
    let stand = Stand::set_up();
    stand.fault(json!({ "op": "create", "nth": 2 }), "F06", json!({})).await;
    for (order, status) in [("A-1", 200), ("A-2", 500), ("A-3", 200)] {
        assert_eq!(stand.posted("/sessions", None, &new_session(order, "auto")).await.0, status);
    }
    let unfit = json!({ "match": { "op": "create" }, "fault": "F14" });
    assert_eq!(stand.admin("faults", &unfit).await, 400);
    assert_eq!(stand.admin("faults", &json!({ "match": { "op": "create" }, "fault": "F99" })).await, 400);
}

#[tokio::test]
async fn f14_and_f15_notifications_come_several_times() {
    for fault in ["F14", "F15"] {
        let stand = Stand::set_up();
        stand.fault(json!({ "op": "webhook" }), fault, json!({ "copies": 4 })).await;
        stand.paid("A-1").await;
        let arrived = stand.merchant.wait_for(4).await;
        assert!(arrived.iter().all(|copy| copy.delivery_id == arrived[0].delivery_id && right(copy)));
    }
}

#[tokio::test]
async fn f16_a_later_notification_overtakes() {
    let stand = Stand::set_up();
    stand.fault(json!({ "op": "webhook", "event": "payment.failed" }), "F16", json!({})).await;
    fail_then_pay(&stand).await;
    stand.merchant.wait_for(2).await;
    assert_eq!(stand.merchant.events(), ["payment.captured", "payment.failed"]);
}

#[tokio::test]
async fn f17_a_notification_comes_late() {
    let stand = Stand::set_up();
    stand.fault(json!({ "op": "webhook" }), "F17", json!({ "delay_seconds": 172_800 })).await;
    stand.paid("A-1").await;
    stand.advance(172_700).await;
    stand.merchant.wait_for(0).await;
    stand.advance(200).await;
    stand.merchant.wait_for(1).await;
}

#[tokio::test]
async fn f18_a_notification_never_comes() {
    let stand = Stand::set_up();
    stand.fault(json!({ "op": "webhook", "payment": "A-1" }), "F18", json!({})).await;
    fail_then_pay(&stand).await;
    stand.merchant.wait_for(1).await;
    stand.advance(864_000).await;
    assert_eq!(stand.merchant.wait_for(1).await[0].event, "payment.captured");
}

#[tokio::test]
async fn f19_and_f20_a_forged_notification_comes_first() {
    for fault in ["F19", "F20"] {
        let stand = Stand::set_up();
        stand.fault(json!({ "op": "webhook" }), fault, json!({})).await;
        let session = stand.session("A-1", "auto").await;
        stand.pay(&session, "card", "number=4000000000000002").await;
        let arrived = stand.merchant.wait_for(2).await;
        assert_eq!(stand.merchant.events(), ["payment.captured", "payment.failed"]);
        assert!(!right(&arrived[0]) && right(&arrived[1]));
        assert_eq!(stand.truth("A-1").await["captured"], json!(0));
    }
}
