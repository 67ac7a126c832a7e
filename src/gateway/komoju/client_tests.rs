//! Sending against a tiny server on loopback: what each ending proves.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use crate::gateway::komoju::Komoju;
use crate::gateway::komoju::fixtures::{checkout, gateway, now, operation, payment, session};
use crate::gateway::{Outcome, PaymentGateway, PaymentRef, PreparedRequest, Reply, TransportKind};

/// Answers one connection with `answer` and hands back the request; an empty answer means silence.
fn serve(answer: String, silent_for: Duration) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/api/v1", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let mut seen = Vec::new();
        let mut part = [0_u8; 4096];
        while let Ok(read) = stream.read(&mut part) {
            if read == 0 {
                break;
            }
            seen.extend_from_slice(&part[..read]);
        }
        std::thread::sleep(silent_for);
        let _ = stream.write_all(answer.as_bytes());
        String::from_utf8(seen).unwrap()
    });
    (base, thread)
}

fn http(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn prepared(gateway: &Komoju) -> PreparedRequest {
    gateway.prepare_create_checkout("key-1", &checkout()).unwrap()
}

async fn send_to(answer: String, silent_for: Duration) -> (Outcome<Reply>, String) {
    let (base, thread) = serve(answer, silent_for);
    let gateway = gateway(&base);
    let outcome = gateway.send(&operation(), &prepared(&gateway)).await;
    (outcome, thread.join().unwrap())
}

async fn answered(status: &str, body: &str) -> Outcome<Reply> {
    send_to(http(status, body), Duration::ZERO).await.0
}

fn unknown(outcome: &Outcome<Reply>) -> Option<TransportKind> {
    match outcome {
        Outcome::Unknown(transport) => Some(transport.kind),
        _ => None,
    }
}

const REFUSAL: &str = r#"{"error":{"code":"unprocessable_entity","message":"no","param":null}}"#;

#[tokio::test]
async fn the_stored_bytes_and_key_are_what_is_sent() {
    let body = session("pending", false, &serde_json::Value::Null).to_string();
    let (outcome, seen) = send_to(http("200 OK", &body), Duration::ZERO).await;
    let Outcome::Done(Reply::Checkout(opened)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(opened.gateway_session_id, "ses1");
    assert_eq!(opened.redirect_url.as_deref(), Some("https://komoju.com/sessions/ses1"));
    assert_eq!(opened.expires_at, Some("2026-09-18T04:00:00Z".parse().unwrap()));
    assert!(seen.starts_with("POST /api/v1/sessions HTTP/1.1\r\n"), "{seen}");
    let lower = seen.to_lowercase();
    assert!(lower.contains("x-komoju-idempotency: key-1\r\n"));
    assert!(seen.contains("Basic c2tfdGVzdF8xOg=="));
    let stored = prepared(&gateway("http://127.0.0.1:9/api/v1"));
    let stored = String::from_utf8(stored.bytes().to_vec()).unwrap();
    assert_eq!(seen.split("\r\n\r\n").nth(1), stored.split("\n\n").nth(1));
}

#[tokio::test]
async fn f01_no_answer_in_time_is_unknown() {
    let (outcome, _) = send_to(http("200 OK", "{}"), Duration::from_millis(900)).await;
    assert_eq!(unknown(&outcome), Some(TransportKind::Timeout));
}

#[tokio::test]
async fn f39_a_refused_connection_is_not_sent() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let gateway = gateway(&format!("http://127.0.0.1:{port}/api/v1"));
    let outcome = gateway.send(&operation(), &prepared(&gateway)).await;
    assert!(matches!(outcome, Outcome::NotSent(_)), "{outcome:?}");
}

#[tokio::test]
async fn f39_a_failed_tls_handshake_is_not_sent() {
    let (base, thread) = serve("this is no TLS".to_owned(), Duration::ZERO);
    let gateway = gateway(&base.replace("http:", "https:"));
    let outcome = gateway.send(&operation(), &prepared(&gateway)).await;
    assert!(matches!(outcome, Outcome::NotSent(_)), "{outcome:?}");
    drop(thread);
}

#[tokio::test]
async fn f05_server_errors_are_unknown() {
    for status in ["500 Error", "502 Error", "503 Error", "504 Error"] {
        assert_eq!(unknown(&answered(status, REFUSAL).await), Some(TransportKind::ServerError), "{status}");
    }
}

#[tokio::test]
async fn f07_a_key_in_flight_and_a_throttle_are_unknown() {
    assert_eq!(unknown(&answered("409 Conflict", REFUSAL).await), Some(TransportKind::InFlight));
    let answer = "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (outcome, _) = send_to(answer.to_owned(), Duration::ZERO).await;
    let Outcome::Unknown(transport) = outcome else { panic!("{outcome:?}") };
    assert_eq!((transport.kind, transport.retry_after_s), (TransportKind::Throttled, Some(7)));
}

#[tokio::test]
async fn a_refusal_in_komojus_words_is_definite() {
    for status in ["400 B", "401 U", "403 F", "404 N", "422 U"] {
        let outcome = answered(status, REFUSAL).await;
        assert!(matches!(outcome, Outcome::Rejected(_)), "{status} {outcome:?}");
    }
    assert!(matches!(answered("402 P", REFUSAL).await, Outcome::Declined(_)));
}

#[tokio::test]
async fn a_proxys_refusal_and_a_redirect_prove_nothing() {
    assert_eq!(unknown(&answered("403 Forbidden", "<html>").await), Some(TransportKind::Unreadable));
    let answer = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (outcome, _) = send_to(answer.to_owned(), Duration::ZERO).await;
    assert_eq!(unknown(&outcome), Some(TransportKind::Unreadable));
}

#[tokio::test]
async fn f04_a_truncated_or_senseless_answer_is_unknown() {
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\nConnection: close\r\n\r\n{\"id\":\"ses1\"";
    let (outcome, _) = send_to(cut.to_owned(), Duration::ZERO).await;
    assert!(unknown(&outcome).is_some(), "{outcome:?}");
    for body in ["<html>", "{}", "{\"id\":\"ses1\",\"status\":\"pending\"}", ""] {
        assert_eq!(unknown(&answered("200 OK", body).await), Some(TransportKind::Unreadable), "{body}");
    }
}

#[tokio::test]
async fn f03_a_connection_closed_without_an_answer_is_unknown() {
    let (outcome, _) = send_to(String::new(), Duration::ZERO).await;
    assert_eq!(unknown(&outcome), Some(TransportKind::Interrupted));
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_by_our_reference() {
    let query = PaymentRef {
        merchant_reference: "t-payment1-1".to_owned(),
        method: None,
        gateway_session_id: None,
        gateway_payment_id: None,
        expires_at: None,
    };
    let list = serde_json::json!({ "data": [payment("captured", "credit_card")] }).to_string();
    let (base, thread) = serve(http("200 OK", &list), Duration::ZERO);
    let Outcome::Done(Some(found)) = gateway(&base).retrieve_payment(&query, now()).await else { panic!() };
    assert_eq!(found.counters.captured.amount(), 18_000);
    assert!(thread.join().unwrap().starts_with("GET /api/v1/payments?external_order_num=t-payment1-1 "));
    let (base, _) = serve(http("200 OK", r#"{"data":[]}"#), Duration::ZERO);
    assert_eq!(gateway(&base).retrieve_payment(&query, now()).await, Outcome::Done(None));
    let by_session = PaymentRef { gateway_session_id: Some("ses1".to_owned()), ..query };
    let (base, _) = serve(http("404 Not Found", REFUSAL), Duration::ZERO);
    assert_eq!(gateway(&base).retrieve_payment(&by_session, now()).await, Outcome::Done(None));
    let (base, _) = serve(http("404 Not Found", "<html>"), Duration::ZERO);
    let unclear = gateway(&base).retrieve_payment(&by_session, now()).await;
    assert!(matches!(unclear, Outcome::Unknown(_)));
}
