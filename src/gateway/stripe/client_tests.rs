//! Sending against a tiny server on loopback: what each ending proves.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::domain::money::Yen;
use crate::domain::payment::RefundStatus;
use crate::gateway::stripe::fixtures::{checkout, gateway, intent, now, operation, session};
use crate::gateway::{Outcome, PaymentGateway, PaymentRef, PreparedRequest, RefundRef, Reply, TransportKind};

/// Answers one connection after the other and hands back the requests.
fn serve(answers: Vec<(&'static str, String)>) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let mut requests = Vec::new();
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(std::time::Duration::from_millis(100))).unwrap();
            let mut seen = Vec::new();
            let mut part = [0_u8; 4096];
            while let Ok(read) = stream.read(&mut part) {
                if read == 0 {
                    break;
                }
                seen.extend_from_slice(&part[..read]);
            }
            let length = body.len();
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            // A client that gave up does not wait for the answer.
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
            requests.push(String::from_utf8(seen).unwrap());
        }
        requests
    });
    (base, thread)
}

fn create() -> PreparedRequest {
    gateway("http://127.0.0.1:9").prepare_create_checkout("key-1", &checkout()).unwrap()
}

async fn sent(status: &'static str, body: &str) -> (Outcome<Reply>, String) {
    let (base, thread) = serve(vec![(status, body.to_owned())]);
    let outcome = gateway(&base).send(&operation(), &create()).await;
    (outcome, thread.join().unwrap().remove(0))
}

fn unknown<T>(outcome: &Outcome<T>) -> Option<TransportKind> {
    match outcome {
        Outcome::Unknown(transport) => Some(transport.kind),
        _ => None,
    }
}

fn refusal(kind: &str, code: &str) -> String {
    json!({ "error": { "type": kind, "code": code, "message": "words" } }).to_string()
}

#[tokio::test]
async fn the_stored_form_and_key_are_what_is_sent() {
    let body = session("open", "unpaid", "card", &Value::Null).to_string();
    let (outcome, seen) = sent("200 OK", &body).await;
    let Outcome::Done(Reply::Checkout(opened)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(opened.gateway_session_id, "cs_test_1");
    assert!(seen.starts_with("POST /v1/checkout/sessions HTTP/1.1\r\n"), "{seen}");
    let lower = seen.to_lowercase();
    assert!(lower.contains("idempotency-key: key-1\r\n"));
    assert!(lower.contains("authorization: bearer sk_test_1\r\n"));
    assert!(lower.contains("content-type: application/x-www-form-urlencoded\r\n"));
    assert!(lower.contains("stripe-version: 2026-10-28.endive\r\n"));
    let stored = String::from_utf8(create().bytes().to_vec()).unwrap();
    assert_eq!(seen.split("\r\n\r\n").nth(1), stored.split("\n\n").nth(1));
}

#[tokio::test]
async fn what_stripe_refuses_is_definite_and_what_it_does_not_know_is_not() {
    for (status, kind, code) in [
        ("400 Bad", "invalid_request_error", "parameter_missing"),
        ("400 Bad", "idempotency_error", "idempotency_error"),
        ("401 No", "invalid_request_error", "api_key_expired"),
        ("404 No", "invalid_request_error", "resource_missing"),
    ] {
        let (outcome, _) = sent(status, &refusal(kind, code)).await;
        assert!(matches!(outcome, Outcome::Rejected(_)), "{code} {outcome:?}");
    }
    let (declined, _) = sent("402 No", &refusal("card_error", "card_declined")).await;
    assert!(matches!(declined, Outcome::Declined(_)), "{declined:?}");
    let (busy, _) = sent("409 Conflict", &refusal("invalid_request_error", "idempotency_key_in_use")).await;
    assert_eq!(unknown(&busy), Some(TransportKind::InFlight));
    for status in ["500 E", "502 E", "503 E", "504 E"] {
        assert_eq!(
            unknown(&sent(status, &refusal("api_error", "x")).await.0),
            Some(TransportKind::ServerError)
        );
    }
    assert_eq!(unknown(&sent("403 No", "<html>").await.0), Some(TransportKind::Unreadable));
    for body in ["", "<html>", "{}", "{\"id\":\"cs_1\",\"status\":\"open\"}"] {
        assert_eq!(unknown(&sent("200 OK", body).await.0), Some(TransportKind::Unreadable), "F04 {body}");
    }
}

fn query() -> PaymentRef {
    PaymentRef {
        merchant_reference: "020001-payment1".to_owned(),
        method: None,
        gateway_session_id: Some("cs_test_1".to_owned()),
        gateway_payment_id: None,
        expires_at: None,
    }
}

#[tokio::test]
async fn asking_goes_by_the_session_and_shows_the_charge() {
    let body = session("complete", "paid", "card", &intent("succeeded", "card")).to_string();
    let (base, thread) = serve(vec![("200 OK", body)]);
    let Outcome::Done(Some(found)) = gateway(&base).retrieve_payment(&query(), now()).await else { panic!() };
    assert_eq!(found.counters.captured.amount(), 18_000);
    let seen = thread.join().unwrap().remove(0);
    assert!(seen.starts_with("GET /v1/checkout/sessions/cs_test_1?expand[]=payment_intent.latest_charge "));
    let (base, _) = serve(vec![("404 No", refusal("invalid_request_error", "resource_missing"))]);
    assert_eq!(gateway(&base).retrieve_payment(&query(), now()).await, Outcome::Done(None));
    let nothing_known = PaymentRef { gateway_session_id: None, ..query() };
    let asked = gateway("http://127.0.0.1:9").retrieve_payment(&nothing_known, now()).await;
    assert_eq!(asked, Outcome::Done(None), "nothing can be looked up by our reference");
}

#[tokio::test]
async fn f32_a_disputed_payment_is_read_with_its_disputes_or_not_at_all() {
    let mut disputed = intent("succeeded", "card");
    disputed["latest_charge"]["disputed"] = json!(true);
    let body = session("complete", "paid", "card", &disputed).to_string();
    let lost = json!({ "data": [{ "id": "dp_1", "amount": 18_000, "status": "lost" }], "has_more": false })
        .to_string();
    let (base, thread) = serve(vec![("200 OK", body.clone()), ("200 OK", lost)]);
    let Outcome::Done(Some(found)) = gateway(&base).retrieve_payment(&query(), now()).await else { panic!() };
    assert_eq!((found.counters.charged_back.amount(), found.disputes.len()), (18_000, 1));
    assert!(thread.join().unwrap().remove(1).starts_with("GET /v1/disputes?payment_intent=pi_1&limit=100 "));
    let (base, _) = serve(vec![("200 OK", body), ("503 E", refusal("api_error", "x"))]);
    let unclear = gateway(&base).retrieve_payment(&query(), now()).await;
    assert_eq!(unknown(&unclear), Some(TransportKind::ServerError));
}

#[tokio::test]
async fn f28_a_refund_is_asked_for_by_its_id_or_by_our_reference_and_shows_that_it_failed() {
    let refund = |reason: &str, status: &str| {
        json!({ "id": "re_1", "amount": 400, "status": status, "payment_intent": intent("succeeded", "card"),
            "metadata": { "reason": reason } })
    };
    let known = RefundRef {
        payment: PaymentRef { gateway_payment_id: Some("pi_1".to_owned()), ..query() },
        reference: "refund-1".to_owned(),
        gateway_refund_id: Some("re_1".to_owned()),
        amount: Yen::new(400).unwrap(),
        refunded_before: Yen::ZERO,
    };
    let (base, thread) = serve(vec![("200 OK", refund("refund-1", "failed").to_string())]);
    let Outcome::Done(Some(found)) = gateway(&base).retrieve_refund(&known, now()).await else { panic!() };
    assert_eq!(found.status, RefundStatus::Failed, "no sum of the payment proves that");
    assert!(
        thread
            .join()
            .unwrap()
            .remove(0)
            .starts_with("GET /v1/refunds/re_1?expand[]=payment_intent.latest_charge ")
    );

    let unanswered = RefundRef { gateway_refund_id: None, ..known };
    let all = |has_more: bool, ours: &str| {
        let data = [refund("refund-0", "succeeded"), refund(ours, "succeeded")];
        json!({ "data": data, "has_more": has_more }).to_string()
    };
    for (body, expected) in [
        (all(true, "refund-1"), Some(true)),
        (all(false, "refund-2"), Some(false)),
        (all(true, "refund-2"), None),
    ] {
        let (base, _) = serve(vec![("200 OK", body)]);
        let asked = gateway(&base).retrieve_refund(&unanswered, now()).await;
        let found = match &asked {
            Outcome::Done(found) => Some(found.is_some()),
            _ => None,
        };
        assert_eq!(found, expected, "half a list proves no absence: {asked:?}");
    }
    let nowhere = RefundRef {
        payment: PaymentRef { gateway_payment_id: None, ..unanswered.payment.clone() },
        ..unanswered
    };
    let asked = gateway("http://127.0.0.1:9").retrieve_refund(&nowhere, now()).await;
    assert_eq!(asked, Outcome::Done(None), "what was never paid was never refunded");
}
