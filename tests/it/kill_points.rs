//! SIGKILL between any two steps of a submission and of a payment: the next start loses nothing and repeats nothing.
//!
//! The server is the real process. Each case stops it at one crash point, kills it there, starts it again over the same
//! database, repeats the client's request with the same key, and pays. `TEST_ROUNDS` (default 1) repeats each case.

mod joint;
mod refund;
mod server;
mod stand;

use madoguchi::drill::CrashPoint;
use serde_json::json;

use self::stand::{Stand, send};
use crate::support::app::new_key;
use crate::support::db::TestDb;

macro_rules! killed_at {
    ($($name:ident = $point:ident;)*) => {
        $(on_both_databases!($name, async |db: TestDb| {
            let mut stand = Stand::set_up(db).await;
            for round in 1..=rounds() {
                survives(&mut stand, CrashPoint::$point, round).await;
            }
        });)*

        const CASES: &[CrashPoint] = &[$(CrashPoint::$point),*];
    };
}

killed_at! {
    killed_before_a_submission_commits = SubmitBeforeCommit;
    killed_after_a_submission_commits = SubmitAfterCommit;
    killed_before_the_intent_to_pay_commits = PaymentBeforeIntentCommit;
    killed_before_the_gateway_is_called = PaymentAfterIntentBeforeSend;
    killed_while_the_gateway_works = PaymentAfterSendBeforeAnswer;
    killed_before_the_gateways_answer_is_stored = PaymentAfterAnswerBeforeRecord;
    killed_before_the_payer_is_sent_on = PaymentAfterRecordBeforeRedirect;
    killed_before_a_notification_is_stored = NotificationBeforeRecord;
}

#[test]
fn every_crash_point_has_its_case() {
    let untested: Vec<_> = CrashPoint::ALL.iter().filter(|point| !CASES.contains(point)).collect();
    assert!(untested.is_empty(), "{untested:?}");
}

#[expect(clippy::disallowed_methods, reason = "how often a test repeats is no setting of the service")]
fn rounds() -> usize {
    std::env::var("TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}

/// A client's request that the server dies over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dies {
    Submitting,
    Paying,
    Notified,
}

fn step_of(point: CrashPoint) -> Dies {
    match point {
        CrashPoint::SubmitBeforeCommit | CrashPoint::SubmitAfterCommit => Dies::Submitting,
        CrashPoint::PaymentBeforeIntentCommit
        | CrashPoint::PaymentAfterIntentBeforeSend
        | CrashPoint::PaymentAfterSendBeforeAnswer
        | CrashPoint::PaymentAfterAnswerBeforeRecord
        | CrashPoint::PaymentAfterRecordBeforeRedirect => Dies::Paying,
        CrashPoint::NotificationBeforeRecord => Dies::Notified,
    }
}

async fn survives(stand: &mut Stand, point: CrashPoint, round: usize) {
    let invoice = submit(stand, point).await;
    let page = open_payment(stand, point, &invoice).await;
    pay(stand, point, &page).await;

    stand
        .until("the invoice is entrusted", async || {
            stand.get(&format!("invoices/{invoice}")).await["state"] == "entrusted"
        })
        .await;
    let (books, truth) = (stand.books(&invoice).await, stand.truth().await);
    books.assert_entrusted_once();
    books.assert_agrees_with(&truth);
    assert_eq!(books.payment().state, "captured");
    assert_eq!(truth["orders"].as_array().unwrap().len(), round, "one checkout an invoice: {truth}");

    stand.everything_again().await;
    assert_eq!(stand.books(&invoice).await.standing(), books.standing(), "a repetition changes nothing");
    assert_eq!(stand.truth().await, truth, "nor does it at the gateway");
}

/// Hands an application in; gives its invoice.
async fn submit(stand: &mut Stand, point: CrashPoint) -> String {
    let case = stand.draft().await;
    let (path, key, body) = (format!("applications/{case}/submit"), new_key(), json!({}));
    if step_of(point) == Dies::Submitting {
        stand.die_at(point, stand.post(&path, &key, &body)).await;
        let stored = stand.get(&format!("applications/{case}")).await;
        let expected = if point == CrashPoint::SubmitBeforeCommit { "draft" } else { "submitted" };
        assert_eq!(stored["state"], expected, "all of it or nothing");
    }
    let submitted = send(stand.post(&path, &key, &body)).await.expect(200);
    let again = send(stand.post(&path, &key, &body)).await.expect(200);
    assert_eq!((&submitted["number"], &submitted["invoice"]), (&again["number"], &again["invoice"]));
    submitted["invoice"]["id"].as_str().unwrap().to_owned()
}

/// Opens a payment; gives the page that the payer is sent to.
async fn open_payment(stand: &mut Stand, point: CrashPoint, invoice: &str) -> String {
    let (path, key, body) = (format!("invoices/{invoice}/payments"), new_key(), json!({ "method": "card" }));
    if step_of(point) == Dies::Paying {
        stand.die_at(point, stand.post(&path, &key, &body)).await;
        let opened = stand.books(invoice).await.payments.len();
        assert_eq!(opened, usize::from(point != CrashPoint::PaymentBeforeIntentCommit));
    }
    let opened = send(stand.post(&path, &key, &body)).await.expect(201);
    let path = format!("payments/{}", opened["id"].as_str().unwrap());
    stand
        .until("the payer has somewhere to go", async || stand.get(&path).await["redirect_url"].is_string())
        .await;
    let payment = stand.get(&path).await;
    assert_eq!(payment["state"], "requires_action");
    payment["redirect_url"].as_str().unwrap().to_owned()
}

async fn pay(stand: &mut Stand, point: CrashPoint, page: &str) {
    assert_eq!(stand.at_gateway(page, "card", "number=4111111111111111").await, 303);
    let armed = (step_of(point) == Dies::Notified).then(|| stand.server().arm(point));
    assert_eq!(stand.at_gateway(page, "3ds", "result=ok").await, 303);
    if let Some(talk) = armed {
        stand.die_when_parked(point, talk).await;
    }
}
