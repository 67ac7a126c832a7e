//! The payment gateway simulator, driven over HTTP as a merchant, a payer and a test bench would.

mod alone;
mod faults;
mod settlements;
mod stand;
mod vendors;
mod veritrans;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use madoguchi::simulator::start;
use serde_json::json;

use stand::{SECRET_KEY, Stand, WEBHOOK_SECRET, at_once, leads_to, new_session, read};

#[tokio::test]
async fn a_wrong_api_key_gets_the_vendors_error_body() {
    let stand = Stand::set_up();
    let url = format!("{}/api/v1/sessions", stand.base);
    for request in [
        stand.client.post(&url),
        stand.client.post(&url).basic_auth("sk_test_other", Some("")),
        stand.client.post(&url).basic_auth(SECRET_KEY, Some("password")),
        stand.client.post(&url).header("Authorization", "Basic ###"),
    ] {
        let (status, body) = read(request.json(&new_session("A-1", "auto")).send().await.unwrap()).await;
        assert_eq!((status, &body["error"]["code"]), (401, &json!("unauthorized")));
    }
}

#[tokio::test]
async fn a_new_session_points_at_the_hosted_page_and_lives_a_day() {
    let stand = Stand::set_up();
    let (status, body) = stand.posted("/sessions", None, &new_session("A-1", "auto")).await;
    assert_eq!((status, &body["status"], &body["expired"]), (200, &json!("pending"), &json!(false)));
    assert_eq!(body["payment"], json!(null));
    let id = body["id"].as_str().unwrap();
    assert_eq!(body["session_url"], json!(format!("{}/hosted/{id}", stand.base)));
    let page = stand.page(&format!("/hosted/{id}")).await;
    assert!(page.contains("青森県 &lt;窓口&gt;") && page.contains("18,000円"), "{page}");
    assert!(!page.contains("<script"), "the page works without JavaScript");
    stand.advance(86_399).await;
    assert_eq!(stand.got(&format!("/sessions/{id}")).await.1["expired"], json!(false));
    stand.advance(1).await;
    assert_eq!(stand.got(&format!("/sessions/{id}")).await.1["expired"], json!(true));
    assert_eq!(stand.pay(id, "card", "number=4242424242424242").await.status(), 409);
    assert_eq!(stand.truth("A-1").await["charges"], json!(0));
}

#[tokio::test]
async fn malformed_requests_are_refused_and_named() {
    let stand = Stand::set_up();
    for (field, value) in [
        ("amount", json!(0)),
        ("amount", json!("18000")),
        ("amount", json!(12.5)),
        ("currency", json!("USD")),
        ("return_url", json!("javascript:alert(1)")),
        ("payment_types", json!([])),
        ("payment_types", json!(["cheque"])),
        ("expires_in_seconds", json!(86_401)),
        ("expires_in_seconds", json!(0)),
        ("metadata", json!({ "n": 1 })),
        ("payment_data", json!("x")),
    ] {
        let mut body = new_session("A-1", "auto");
        body[field] = value;
        let (status, answer) = stand.posted("/sessions", None, &body).await;
        assert_eq!((status, &answer["error"]["param"]), (400, &json!(field)), "{answer}");
    }
    let (status, answer) = stand.posted("/sessions", None, &json!([1])).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!("bad_request")));
    for path in ["/sessions/none", "/payments/none", "/nothing"] {
        assert_eq!(stand.got(path).await.0, 404);
    }
}

#[tokio::test]
async fn the_merchants_reference_is_unique() {
    let stand = Stand::set_up();
    stand.session("A-1", "auto").await;
    let (status, body) = stand.posted("/sessions", None, &new_session("A-1", "auto")).await;
    assert_eq!((status, &body["error"]["param"]), (422, &json!("external_order_num")));
}

#[tokio::test]
async fn the_same_key_gets_the_same_answer_and_another_body_is_refused() {
    let stand = Stand::set_up();
    let first = stand.posted("/sessions", Some("key-1"), &new_session("A-1", "auto")).await;
    let again = stand.posted("/sessions", Some("key-1"), &new_session("A-1", "auto")).await;
    assert_eq!(first, again);
    let (status, _) = stand.posted("/sessions", Some("key-1"), &new_session("A-2", "auto")).await;
    assert_eq!(status, 422);
    let long = "k".repeat(101);
    assert_eq!(stand.posted("/sessions", Some(&long), &new_session("A-3", "auto")).await.0, 400);
}

#[tokio::test]
async fn copies_at_once_have_one_effect() {
    let stand = Arc::new(Stand::set_up());
    let answers = at_once(&stand, 16, "key-1", &new_session("A-1", "auto")).await;
    let done: Vec<_> = answers.iter().filter(|(status, _)| *status == 200).collect();
    assert!(!done.is_empty() && done.iter().all(|answer| *answer == done[0]));
    assert!(answers.iter().all(|(status, _)| matches!(status, 200 | 409)), "{answers:?}");
    stand.truth("A-1").await;
}

#[tokio::test]
async fn a_key_older_than_a_day_has_its_effect_again() {
    let stand = Stand::set_up();
    let payment = stand.paid("A-1").await;
    let refund = json!({ "amount": 1_000 });
    let path = format!("/payments/{payment}/refund");
    for _ in 0..3 {
        assert_eq!(stand.posted(&path, Some("key-1"), &refund).await.1["amount_refunded"], json!(1_000));
    }
    stand.advance(86_400).await;
    assert_eq!(stand.posted(&path, Some("key-1"), &refund).await.1["amount_refunded"], json!(2_000));
}

#[tokio::test]
async fn a_card_with_3d_secure_is_charged_once_and_the_notification_is_signed() {
    let stand = Stand::set_up();
    let session = stand.session("A-1", "auto").await;
    let answer = stand.pay(&session, "card", "number=4111+1111+1111+1111").await;
    assert_eq!(leads_to(&answer), format!("/hosted/{session}/3ds"));
    let page = stand.page(&format!("/hosted/{session}/3ds")).await;
    assert!(["認証する", "認証に失敗する", "中止する"].iter().all(|label| page.contains(label)));
    let back = stand.pay(&session, "3ds", "result=ok").await;
    assert_eq!(leads_to(&back), format!("https://counter.example/back?case=1&session_id={session}"));
    assert_eq!(stand.pay(&session, "3ds", "result=ok").await.status(), 409);

    let arrived = stand.merchant.wait_for(1).await.remove(0);
    assert_eq!(arrived.event, "payment.captured");
    let key = hmac::Key::new(hmac::HMAC_SHA256, WEBHOOK_SECRET.as_bytes());
    assert_eq!(arrived.signature, HEXLOWER.encode(hmac::sign(&key, arrived.body.as_bytes()).as_ref()));
    let event = arrived.json();
    assert_eq!((&event["resource"], &event["type"]), (&json!("event"), &json!("payment.captured")));
    assert_eq!((&event["data"]["status"], &event["data"]["amount"]), (&json!("captured"), &json!(18_000)));
    assert_eq!(event["data"]["payment_details"]["last_four_digits"], json!("1111"));

    let truth = stand.truth("A-1").await;
    assert_eq!((&truth["captured"], &truth["charges"]), (&json!(18_000), &json!(1)));
    let (_, list) = stand.got("/payments?external_order_num=A-1").await;
    assert_eq!((&list["total"], &list["data"][0]), (&json!(1), &event["data"]));
    let (_, shown) = stand.got(&format!("/sessions/{session}")).await;
    assert_eq!((&shown["status"], &shown["payment"]), (&json!("completed"), &event["data"]));
}

#[tokio::test]
async fn no_card_number_is_written_down() {
    let stand = Stand::set_up();
    stand.paid("A-1").await;
    let session = stand.session("A-2", "auto").await;
    let refused = stand.pay(&session, "card", "number=5555444433332222").await;
    assert_eq!(refused.status(), 422);
    assert!(!refused.text().await.unwrap().contains("5555444433332222"));
    let journal = std::fs::read_to_string(stand.journal()).unwrap();
    assert!(journal.contains("4242") && !journal.contains("4242424242424242"));
    assert!(!journal.contains("5555"));
}

#[tokio::test]
async fn a_failed_attempt_is_not_the_end() {
    let stand = Stand::set_up();
    let session = stand.session("A-1", "auto").await;
    let declined = stand.pay(&session, "card", "number=4000000000000002").await;
    assert_eq!(leads_to(&declined), format!("/hosted/{session}?message=failed"));
    let (_, shown) = stand.got(&format!("/sessions/{session}")).await;
    assert_eq!((&shown["status"], &shown["payment"]["status"]), (&json!("pending"), &json!("failed")));
    stand.pay(&session, "card", "number=4111111111111111").await;
    assert_eq!(stand.pay(&session, "3ds", "result=fail").await.status(), 303);
    stand.pay(&session, "card", "number=4111111111111111").await;
    stand.pay(&session, "3ds", "result=abandon").await;
    assert_eq!(stand.truth("A-1").await["charges"], json!(0));
    stand.pay(&session, "nanaco", "result=insufficient").await;
    let stayed = stand.pay(&session, "nanaco", "result=ok&stay=1").await;
    assert_eq!(stayed.status(), 200, "the tab is closed: no way back");
    stand.merchant.wait_for(4).await;
    let failed = "payment.failed";
    assert_eq!(stand.merchant.events(), [failed, failed, failed, "payment.captured"]);
    let truth = stand.truth("A-1").await;
    assert_eq!((&truth["charges"], &truth["method"]), (&json!(1), &json!("nanaco")));
}

#[tokio::test]
async fn a_slip_is_authorized_without_money_until_it_is_paid() {
    let stand = Stand::set_up();
    let session = stand.session("A-1", "auto").await;
    assert_eq!(leads_to(&stand.pay(&session, "konbini", "").await), format!("/hosted/{session}/konbini"));
    let truth = stand.truth("A-1").await;
    assert_eq!((&truth["status"], &truth["captured"]), (&json!("authorized"), &json!(0)));
    let payment = truth["payment_id"].as_str().unwrap().to_owned();
    assert_eq!(stand.posted(&format!("/payments/{payment}/capture"), None, &json!({})).await.0, 422);
    assert!(stand.page(&format!("/hosted/{session}/konbini")).await.contains("店頭で支払った"));
    stand.advance(2 * 86_400).await;
    assert_eq!(stand.pay(&session, "konbini/pay", "").await.status(), 303);
    assert_eq!(stand.truth("A-1").await["captured"], json!(18_000));
    assert_eq!(stand.posted(&format!("/payments/{payment}/refund"), None, &json!({})).await.0, 422);
    let late = stand.session("A-2", "auto").await;
    stand.pay(&late, "konbini", "").await;
    stand.advance(3 * 86_400).await;
    assert_eq!(stand.pay(&late, "konbini/pay", "").await.status(), 409);
    assert_eq!(stand.truth("A-2").await["status"], json!("expired"));
}

#[tokio::test]
async fn a_session_lapses_by_the_virtual_clock_and_says_so_once() {
    let stand = Stand::set_up();
    let session = stand.session("A-1", "auto").await;
    stand.pay(&session, "card", "number=4111111111111111").await;
    stand.advance(86_400).await;
    let arrived = stand.merchant.wait_for(1).await.remove(0);
    assert_eq!(arrived.event, "payment.expired");
    assert_eq!(stand.pay(&session, "3ds", "result=ok").await.status(), 409);
}

#[tokio::test]
async fn a_cancelled_session_cannot_be_paid() {
    let stand = Stand::set_up();
    let session = stand.session("A-1", "auto").await;
    let (status, body) = stand.posted(&format!("/sessions/{session}/cancel"), None, &json!({})).await;
    assert_eq!((status, &body["status"]), (200, &json!("cancelled")));
    assert_eq!(stand.posted(&format!("/sessions/{session}/cancel"), None, &json!({})).await.0, 422);
    assert_eq!(stand.pay(&session, "nanaco", "result=ok").await.status(), 409);
    let other = stand.session("A-2", "auto").await;
    assert_eq!(stand.pay(&other, "cancel", "").await.status(), 303);
    assert_eq!(stand.truth("A-2").await["session_status"], json!("cancelled"));
}

#[tokio::test]
async fn an_authorisation_is_captured_in_part_or_voided() {
    let stand = Stand::set_up();
    let mut payments = Vec::new();
    for order in ["A-1", "A-2"] {
        let session = stand.session(order, "manual").await;
        stand.pay(&session, "card", "number=4242424242424242").await;
        payments.push(stand.truth(order).await["payment_id"].as_str().unwrap().to_owned());
    }
    let capture = format!("/payments/{}/capture", payments[0]);
    assert_eq!(stand.posted(&capture, None, &json!({ "amount": 18_001 })).await.0, 422);
    assert_eq!(
        stand.posted(&capture, None, &json!({ "amount": 10_000 })).await.1["status"],
        json!("captured")
    );
    assert_eq!(stand.posted(&capture, None, &json!({})).await.0, 422);
    let void = format!("/payments/{}/cancel", payments[1]);
    assert_eq!(stand.posted(&void, None, &json!({})).await.1["status"], json!("cancelled"));
    assert_eq!(stand.truth("A-1").await["captured"], json!(10_000));
    assert_eq!(stand.truth("A-2").await["captured"], json!(0));
}

#[tokio::test]
async fn refunds_never_exceed_what_was_captured() {
    let stand = Stand::set_up();
    let payment = stand.paid("A-1").await;
    let path = format!("/payments/{payment}/refund");
    for amount in [0, 18_001] {
        assert_eq!(stand.posted(&path, None, &json!({ "amount": amount })).await.0, 422);
    }
    let (_, part) = stand.posted(&path, None, &json!({ "amount": 8_000, "description": "過納" })).await;
    assert_eq!((&part["status"], &part["amount_refunded"]), (&json!("captured"), &json!(8_000)));
    assert_eq!(stand.posted(&path, None, &json!({ "amount": 10_001 })).await.0, 422);
    let (_, full) = stand.posted(&path, None, &json!({})).await;
    assert_eq!((&full["status"], &full["amount_refunded"]), (&json!("refunded"), &json!(18_000)));
    assert_eq!(stand.posted(&path, None, &json!({})).await.0, 422);
    assert_eq!(stand.truth("A-1").await["refunded"], json!(18_000));
    stand.merchant.wait_for(4).await;
    let made = "payment.refund.created";
    assert_eq!(stand.merchant.events(), ["payment.captured", made, made, "payment.refunded"]);
}

#[tokio::test]
async fn a_refused_notification_is_sent_again_by_the_schedule() {
    let stand = Stand::set_up();
    stand.merchant.answer.store(500, Ordering::Relaxed);
    stand.paid("A-1").await;
    let first = stand.merchant.wait_for(1).await.remove(0);
    stand.merchant.answer.store(204, Ordering::Relaxed);
    stand.advance(60).await;
    let second = stand.merchant.wait_for(2).await.remove(1);
    assert_eq!((first.delivery_id, first.body), (second.delivery_id, second.body));
    stand.advance(86_400).await;
    stand.merchant.wait_for(2).await;
}

#[tokio::test]
async fn a_restart_keeps_everything() {
    let mut stand = Stand::set_up();
    let first = stand.posted("/sessions", Some("key-1"), &new_session("A-1", "auto")).await;
    let session = first.1["id"].as_str().unwrap().to_owned();
    stand.pay(&session, "card", "number=4111111111111111").await;
    stand.advance(3_600).await;
    let error = start(stand.settings()).err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock, "one simulator a folder");
    stand.restart().await;
    // The page moved with the port; all else of the kept answer is the same, and still under its key.
    assert_eq!(stand.posted("/sessions", Some("key-1"), &new_session("A-1", "auto")).await, first);
    assert_eq!(stand.posted("/sessions", None, &new_session("A-1", "auto")).await.0, 422);
    stand.merchant.answer.store(500, Ordering::Relaxed);
    assert_eq!(stand.pay(&session, "3ds", "result=ok").await.status(), 303);
    stand.merchant.wait_for(1).await;
    // A torn last line was never answered.
    let mut journal = std::fs::read(stand.journal()).unwrap();
    journal.extend_from_slice(b"{\"drawn\":99,\"entr");
    std::fs::write(stand.journal(), journal).unwrap();
    stand.merchant.answer.store(200, Ordering::Relaxed);
    stand.restart().await;
    stand.advance(60).await;
    stand.merchant.wait_for(2).await;
    assert_eq!(stand.truth("A-1").await["captured"], json!(18_000));
    assert_ne!(stand.session("A-2", "auto").await, session, "identifiers are never repeated");
}

#[tokio::test]
async fn only_loopback_is_served() {
    let stand = Stand::set_up();
    let mut settings = stand.settings();
    settings.bind = "0.0.0.0:0".parse().unwrap();
    assert_eq!(start(settings).err().unwrap().kind(), std::io::ErrorKind::InvalidInput);
}

#[tokio::test]
async fn the_virtual_clock_is_moved_on_or_set() {
    let stand = Stand::set_up();
    let shift = async || {
        let url = format!("{}/_sim/clock", stand.base);
        read(stand.client.get(url).send().await.unwrap()).await.1["shift_ms"].clone()
    };
    stand.advance(90).await;
    stand.advance(10).await;
    assert_eq!(shift().await, json!(100_000));
    assert_eq!(stand.admin("clock", &json!({ "shift_ms": 5_000 })).await, 200);
    assert_eq!(shift().await, json!(5_000));
    assert_eq!(stand.admin("clock", &json!({ "advance_seconds": -1 })).await, 400);
}

#[tokio::test]
async fn a_reset_forgets_all_but_the_clock() {
    let stand = Stand::set_up();
    stand.paid("A-1").await;
    assert_eq!(stand.admin("reset", &json!({})).await, 204);
    assert_eq!(stand.got("/payments").await.1["total"], json!(0));
    stand.paid("A-1").await;
}
