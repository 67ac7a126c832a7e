//! Sending against a tiny server on loopback: what each ending proves.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::json;

use crate::domain::payment::SnapshotStatus;
use crate::gateway::paypay::fixtures::{checkout, code, gateway, now, operation, payment, result};
use crate::gateway::{Cancel, Outcome, PaymentGateway, PaymentRef, PreparedRequest, Reply, TransportKind};

/// Answers one connection and hands back the request.
fn serve(status: &str, body: &str) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let answer =
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    let thread = std::thread::spawn(move || {
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
        // A client that gave up does not wait for the answer.
        let _ = stream.write_all(answer.as_bytes());
        String::from_utf8(seen).unwrap()
    });
    (base, thread)
}

async fn sent(request: &PreparedRequest, status: &str, body: &str) -> (Outcome<Reply>, String) {
    let (base, thread) = serve(status, body);
    let outcome = gateway(&base).send(&operation(), request).await;
    (outcome, thread.join().unwrap())
}

fn create() -> PreparedRequest {
    gateway("http://127.0.0.1:9").prepare_create_checkout("key-1", &checkout()).unwrap()
}

fn cancel(request: &Cancel) -> PreparedRequest {
    gateway("http://127.0.0.1:9").prepare_cancel("key-2", request).unwrap()
}

fn unknown<T>(outcome: &Outcome<T>) -> Option<TransportKind> {
    match outcome {
        Outcome::Unknown(transport) => Some(transport.kind),
        _ => None,
    }
}

#[tokio::test]
async fn the_stored_bytes_are_sent_with_a_proof_over_them() {
    let (outcome, seen) = sent(&create(), "201 Created", &code().to_string()).await;
    let Outcome::Done(Reply::Checkout(opened)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(opened.gateway_session_id, "code1");
    assert!(seen.starts_with("POST /v2/codes HTTP/1.1\r\n"), "{seen}");
    let body = String::from_utf8(create().bytes().to_vec()).unwrap();
    assert_eq!(seen.split("\r\n\r\n").nth(1), body.split("\n\n").nth(1));
    let lower = seen.to_lowercase();
    assert!(lower.contains("content-type: application/json\r\n"));
    assert!(lower.contains("x-assume-merchant: merchant_1\r\n"));
    let proof = lower.lines().find_map(|line| line.strip_prefix("authorization: hmac opa-auth:key_1:"));
    let parts: Vec<&str> = proof.unwrap().split(':').collect();
    assert_eq!((parts.len(), parts[2]), (4, "1790000100"), "{parts:?}");
}

#[tokio::test]
async fn a_taken_reference_means_ask_and_a_refusal_is_definite() {
    let body = result("DUPLICATE_DYNAMIC_QR_REQUEST").to_string();
    assert_eq!(unknown(&sent(&create(), "400 Bad", &body).await.0), Some(TransportKind::Interrupted));
    for (status, code) in
        [("400 Bad", "INVALID_PARAMS"), ("401 No", "UNAUTHORIZED"), ("401 No", "OP_OUT_OF_SCOPE")]
    {
        let (outcome, _) = sent(&create(), status, &result(code).to_string()).await;
        assert!(matches!(outcome, Outcome::Rejected(_)), "{code} {outcome:?}");
    }
    assert_eq!(unknown(&sent(&create(), "403 No", "<html>").await.0), Some(TransportKind::Unreadable));
}

#[tokio::test]
async fn f05_f06_trouble_at_paypay_is_unknown() {
    for (status, code) in
        [("500 E", "SERVICE_ERROR"), ("500 E", "INTERNAL_SERVER_ERROR"), ("503 E", "MAINTENANCE_MODE")]
    {
        let (outcome, _) = sent(&create(), status, &result(code).to_string()).await;
        assert_eq!(unknown(&outcome), Some(TransportKind::ServerError), "{code}");
    }
    let (outcome, _) = sent(&create(), "429 Slow", &result("RATE_LIMIT").to_string()).await;
    assert_eq!(unknown(&outcome), Some(TransportKind::Throttled));
    for body in ["", "<html>", "{}", "{\"resultInfo\":{\"code\":\"SUCCESS\"}}"] {
        let (outcome, _) = sent(&create(), "200 OK", body).await;
        assert_eq!(unknown(&outcome), Some(TransportKind::Unreadable), "F04 {body}");
    }
}

#[tokio::test]
async fn a_code_that_is_gone_is_closed_and_a_lost_one_is_called_off_by_our_reference() {
    let close = cancel(&Cancel::Checkout { gateway_session_id: "code1".into() });
    for (status, code) in [("200 OK", "SUCCESS"), ("404 N", "DYNAMIC_QR_NOT_FOUND")] {
        let (outcome, seen) = sent(&close, status, &result(code).to_string()).await;
        let Outcome::Done(Reply::Payment(closed)) = outcome else { panic!("{outcome:?}") };
        assert_eq!((closed.status, closed.counters.captured.amount()), (SnapshotStatus::Canceled, 0));
        assert!(seen.starts_with("DELETE /v2/codes/code1 HTTP/1.1\r\n"), "{seen}");
        assert!(seen.contains(":empty\r\n") && !seen.to_lowercase().contains("content-type"));
    }
    let lost = cancel(&Cancel::Reference { merchant_reference: "020001-payment1".into() });
    let (outcome, seen) = sent(&lost, "202 Accepted", &result("REQUEST_ACCEPTED").to_string()).await;
    assert!(matches!(outcome, Outcome::Done(Reply::Payment(_))), "{outcome:?}");
    assert!(seen.starts_with("DELETE /v2/payments/020001-payment1 "), "{seen}");
    let (outcome, _) = sent(&close, "400 B", &result("DYNAMIC_QR_ALREADY_PAID").to_string()).await;
    assert!(matches!(outcome, Outcome::Rejected(_)), "{outcome:?}");
}

#[tokio::test]
async fn asking_goes_by_our_reference_and_a_forgotten_code_past_its_end_is_expired() {
    let query = PaymentRef {
        merchant_reference: "020001-payment1".to_owned(),
        method: None,
        gateway_session_id: Some("code1".to_owned()),
        gateway_payment_id: None,
        expires_at: None,
    };
    let (base, thread) = serve("200 OK", &payment("COMPLETED").to_string());
    let Outcome::Done(Some(found)) = gateway(&base).retrieve_payment(&query, now()).await else { panic!() };
    assert_eq!((found.status, found.counters.captured.amount()), (SnapshotStatus::Captured, 18_000));
    assert_eq!(found.gateway_session_id.as_deref(), Some("code1"));
    assert!(thread.join().unwrap().starts_with("GET /v2/codes/payments/020001-payment1 "));

    let gone = result("DYNAMIC_QR_PAYMENT_NOT_FOUND").to_string();
    let (base, _) = serve("404 Not Found", &gone);
    assert_eq!(gateway(&base).retrieve_payment(&query, now()).await, Outcome::Done(None));
    let lapsed = PaymentRef { expires_at: Some(now()), ..query.clone() };
    let (base, _) = serve("404 Not Found", &gone);
    let Outcome::Done(Some(found)) = gateway(&base).retrieve_payment(&lapsed, now()).await else { panic!() };
    assert_eq!(found.status, SnapshotStatus::Expired);
    let (base, _) = serve("404 Not Found", &json!({ "error": "not found" }).to_string());
    let unclear = gateway(&base).retrieve_payment(&query, now()).await;
    assert_eq!(unknown(&unclear), Some(TransportKind::Unreadable));
}
