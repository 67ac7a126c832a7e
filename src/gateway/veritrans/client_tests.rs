//! Sending against a tiny server on loopback: what each ending proves.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;

use crate::domain::payment::SnapshotStatus;
use crate::gateway::veritrans::fixtures::{
    KEY, ORDER, checkout, gateway, method, now, operation, result, searched, settings, step,
};
use crate::gateway::veritrans::{SetupError, Veritrans, default_methods};
use crate::gateway::{CreateRefund, Outcome, PayerContact, PaymentGateway, PaymentRef, Reply, TransportKind};

/// Answers one connection after another and hands the requests back; an empty answer means silence.
fn serve(answers: Vec<String>, silent_for: Duration) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let mut seen = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
            let (mut request, mut part) = (Vec::new(), [0_u8; 4096]);
            while let Ok(read @ 1..) = stream.read(&mut part) {
                request.extend_from_slice(&part[..read]);
            }
            std::thread::sleep(silent_for);
            let _ = stream.write_all(answer.as_bytes());
            seen.push(String::from_utf8(request).unwrap());
        }
        seen
    });
    (base, thread)
}

fn http(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

async fn send_to(answer: String, silent_for: Duration) -> (Outcome<Reply>, String) {
    let (base, thread) = serve(vec![answer], silent_for);
    let gateway = gateway(&base);
    let request = gateway.prepare_create_checkout(KEY, &checkout("nanaco")).unwrap();
    let outcome = gateway.send(&operation(), &request).await;
    (outcome, thread.join().unwrap().remove(0))
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

fn ordered() -> String {
    result("success", "E001000000000000", &json!({ "appUrl": "https://nanaco.example/pay" }))
}

#[tokio::test]
async fn the_stored_bytes_are_what_is_sent() {
    let (outcome, seen) = send_to(http("200 OK", &ordered()), Duration::ZERO).await;
    let Outcome::Done(Reply::Checkout(opened)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(opened.redirect_url.as_deref(), Some("https://nanaco.example/pay"));
    assert!(seen.starts_with("POST /test-paynow/v2/Authorize/em HTTP/1.1\r\n"), "{seen}");
    assert!(seen.to_lowercase().contains("content-type: application/json\r\n"));
    let stored = gateway("http://127.0.0.1:9").prepare_create_checkout(KEY, &checkout("nanaco")).unwrap();
    let stored = String::from_utf8(stored.bytes().to_vec()).unwrap();
    assert_eq!(seen.split("\r\n\r\n").nth(1), stored.split("\n\n").nth(1));
}

#[tokio::test]
async fn a_refusal_in_the_vendors_words_is_definite() {
    let refusal = result("failure", "EB01000000000000", &json!({}));
    let outcome = answered("200 OK", &refusal).await;
    let Outcome::Rejected(problem) = outcome else { panic!("{outcome:?}") };
    assert_eq!(problem.code, "EB01000000000000");
}

#[tokio::test]
async fn a_held_order_and_a_used_order_id_are_unknown() {
    let held = result("pending", "E999000000000000", &json!({}));
    assert_eq!(unknown(&answered("200 OK", &held).await), Some(TransportKind::InFlight));
    let used = result("failure", "EC01000000000000", &json!({}));
    assert_eq!(unknown(&answered("200 OK", &used).await), Some(TransportKind::InFlight));
    let strange = result("accepted", "E001000000000000", &json!({}));
    assert_eq!(unknown(&answered("200 OK", &strange).await), Some(TransportKind::Unreadable));
}

#[tokio::test]
async fn f01_to_f08_lost_broken_and_senseless_answers_are_unknown() {
    let (late, _) = send_to(http("200 OK", &ordered()), Duration::from_millis(900)).await;
    assert_eq!(unknown(&late), Some(TransportKind::Timeout));
    let (silent, _) = send_to(String::new(), Duration::ZERO).await;
    assert_eq!(unknown(&silent), Some(TransportKind::Interrupted));
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\nConnection: close\r\n\r\n{\"result\":{";
    assert!(unknown(&send_to(cut.to_owned(), Duration::ZERO).await.0).is_some());
    for status in ["500 Error", "502 Error", "503 Error", "504 Error"] {
        assert_eq!(
            unknown(&answered(status, &ordered()).await),
            Some(TransportKind::ServerError),
            "{status}"
        );
    }
    let slow = "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (outcome, _) = send_to(slow.to_owned(), Duration::ZERO).await;
    let Outcome::Unknown(transport) = outcome else { panic!("{outcome:?}") };
    assert_eq!((transport.kind, transport.retry_after_s), (TransportKind::Throttled, Some(7)));
    for (status, body) in [("200 OK", "<html>"), ("200 OK", "{}"), ("403 Forbidden", "{}"), ("302 Found", "")]
    {
        assert_eq!(
            unknown(&answered(status, body).await),
            Some(TransportKind::Unreadable),
            "{status} {body}"
        );
    }
    let without_address = result("success", "E001000000000000", &json!({}));
    assert_eq!(unknown(&answered("200 OK", &without_address).await), Some(TransportKind::Unreadable));
}

#[tokio::test]
async fn f39_a_refused_connection_is_not_sent() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let gateway = gateway(&format!("http://127.0.0.1:{port}"));
    let request = gateway.prepare_create_checkout(KEY, &checkout("edy")).unwrap();
    let outcome = gateway.send(&operation(), &request).await;
    assert!(matches!(outcome, Outcome::NotSent(_)), "{outcome:?}");
}

fn query(code: &str, session: Option<&str>) -> PaymentRef {
    PaymentRef {
        merchant_reference: ORDER.to_owned(),
        method: Some(method(code)),
        gateway_session_id: session.map(str::to_owned),
        gateway_payment_id: None,
        expires_at: None,
    }
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_by_our_order_id() {
    let initial = searched("Authorize", "initial", &[step("Authorize", "success", "8000")]);
    let (base, thread) = serve(vec![http("200 OK", &initial)], Duration::ZERO);
    let Outcome::Done(Some(found)) = gateway(&base).retrieve_payment(&query("suica", None), now()).await
    else {
        panic!()
    };
    assert_eq!(found.status, SnapshotStatus::AwaitingPayment);
    let seen = thread.join().unwrap().remove(0);
    assert!(seen.starts_with("POST /test-paynow-search/v2/Search/search ") && seen.contains(ORDER), "{seen}");

    let (base, _) = serve(vec![http("200 OK", &initial)], Duration::ZERO);
    let Outcome::Done(Some(found)) = gateway(&base).retrieve_payment(&query("nanaco", None), now()).await
    else {
        panic!()
    };
    assert_eq!(found.status, SnapshotStatus::Failed, "its page was shown to nobody");
    let (base, _) = serve(vec![http("200 OK", &initial)], Duration::ZERO);
    let known = query("nanaco", Some(&format!("tcc-redirect:{ORDER}")));
    let Outcome::Done(Some(found)) = gateway(&base).retrieve_payment(&known, now()).await else { panic!() };
    assert_eq!(found.status, SnapshotStatus::RequiresAction);

    let nothing = result("success", "N001000000000000", &json!({ "orderInfos": { "orderInfo": [] } }));
    let (base, _) = serve(vec![http("200 OK", &nothing)], Duration::ZERO);
    assert_eq!(gateway(&base).retrieve_payment(&query("edy", None), now()).await, Outcome::Done(None));
    let (base, _) = serve(vec![http("200 OK", "<html>")], Duration::ZERO);
    let unclear = gateway(&base).retrieve_payment(&query("edy", None), now()).await;
    assert!(matches!(unclear, Outcome::Unknown(_)));
}

#[tokio::test]
async fn a_refund_is_followed_by_a_look_at_the_order() {
    let done =
        result("success", "E001000000000000", &json!({ "orderId": "r-019d4657000070008000000000000001" }));
    let steps = [step("Authorize", "success", "8000"), step("Refund", "success", "400")];
    let answers = vec![http("200 OK", &done), http("200 OK", &searched("Refund", "paid", &steps))];
    let (base, thread) = serve(answers, Duration::ZERO);
    let gateway = gateway(&base);
    let request = CreateRefund {
        gateway_payment_id: format!("edy-direct:{ORDER}"),
        amount: crate::domain::money::Yen::new(400).unwrap(),
        description: "refund".to_owned(),
    };
    let request = gateway.prepare_refund(KEY, &request).unwrap();
    let outcome = gateway.send(&operation(), &request).await;
    let Outcome::Done(Reply::Refund(refund)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(
        (refund.payment.counters.captured.amount(), refund.payment.counters.refunded.amount()),
        (8_000, 400)
    );
    assert_eq!(thread.join().unwrap().len(), 2);
}

#[test]
fn only_a_mail_needs_the_payers_address() {
    let gateway = gateway("http://127.0.0.1:9");
    let needs = |code: &str| gateway.payer_contact(&method(code)) == PayerContact::Email;
    let mailed: Vec<&str> = ["suica", "suica_app", "edy", "edy_mail", "waon", "nanaco"]
        .into_iter()
        .filter(|code| needs(code))
        .collect();
    assert_eq!(mailed, ["suica", "edy_mail"]);
}

#[test]
fn unusable_settings_are_refused() {
    let made = |change: &dyn Fn(&mut super::VeritransSettings)| {
        let mut wrong = settings("http://127.0.0.1:9");
        change(&mut wrong);
        Veritrans::new(wrong, default_methods()).err()
    };
    assert!(made(&|_| {}).is_none());
    assert!(matches!(made(&|it| it.merchant_ccid.clear()), Some(SetupError::BadCcid)));
    assert!(matches!(made(&|it| it.merchant_ccid = "a b".into()), Some(SetupError::BadCcid)));
    assert!(matches!(made(&|it| it.secret_keys.clear()), Some(SetupError::BadKey)));
    assert!(matches!(made(&|it| it.secret_keys = vec!["no hex".into()]), Some(SetupError::BadKey)));
    assert!(matches!(
        made(&|it| it.base_url = "http://api3.veritrans.co.jp".into()),
        Some(SetupError::Transport(_))
    ));
    let mut methods = default_methods();
    methods[0].gateway_code = "bitcash-api".to_owned();
    let strange = Veritrans::new(settings("http://127.0.0.1:9"), methods).err();
    assert!(matches!(strange, Some(SetupError::UnknownOption(_))));
    assert!(!format!("{:?}", settings("http://127.0.0.1:9")).contains("abcdef"));
}
