//! What a person must look at about payments: a list for the accountants, each item handled once with a word.

mod stuck;

use jiff::SignedDuration;
use madoguchi::domain::id::{InvoiceId, TenantCode};
use madoguchi::domain::payment::{PaymentCounters, PaymentSnapshot, SnapshotStatus};
use madoguchi::service::payment_standing::{self, Source};
use madoguchi::store::{Root, applications, payments};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{AOMORI, TestApp, new_key};
use crate::support::db::TestDb;
use crate::waivers::office::{Office, Owing};

/// Where alerts are listed.
const ALERTS: &str = "/v1/tenants/020001/payment-alerts";

/// The gateway says a word about the open attempt that nobody knows.
pub async fn unknown_word(app: &TestApp, invoice: &str, word: &str) {
    hears(app, invoice, (SnapshotStatus::Unrecognised, word), PaymentCounters::default()).await;
}

/// The gateway says something of the open attempt: where it stands in our words and in its own, and how much moved.
async fn hears(
    app: &TestApp,
    invoice: &str,
    (status, word): (SnapshotStatus, &str),
    counters: PaymentCounters,
) {
    let (core, word) = (app.core.clone(), word.to_owned());
    let (tenant, invoice): (_, InvoiceId) = (TenantCode::parse(AOMORI).unwrap(), invoice.parse().unwrap());
    let of = tenant.clone();
    let attempt = app.core.db.read(move |tx| payments::of_invoice(tx, &of, invoice)).await.unwrap().remove(0);
    let said = app.core.db.write(Root::Application(attempt.application_id), move |tx| {
        let mut case = applications::find(tx, &tenant, attempt.application_id)?.unwrap();
        let mut payment = payments::find(tx, &tenant, attempt.id)?.unwrap();
        let snapshot = PaymentSnapshot {
            status,
            raw_status: word.clone(),
            merchant_reference: Some(payment.merchant_reference.clone()),
            counters,
            amount: None,
            gateway_payment_id: None,
            gateway_session_id: None,
            also_captured: Vec::new(),
            disputes: Vec::new(),
            slip: None,
            method: None,
            version: None,
            expires_at: None,
            captured_at: None,
            observed_at: tx.now(),
        };
        payment_standing::apply_snapshot(tx, &core, &mut case, &mut payment, &snapshot, Source::Query)?;
        applications::update(tx, &mut case)?;
        Ok::<_, madoguchi::service::Failure>(())
    });
    said.await.unwrap();
}

async fn list(office: &Office<'_>, query: &str) -> Value {
    office.app.get(&office.accountant, &format!("{ALERTS}{query}")).await.expect(200)
}

/// A payment about which the gateway said something that nobody knows.
async fn odd(office: &Office<'_>, word: &str) -> (Owing, Value) {
    let owing = office.owing().await;
    let payment = office.opens(&owing).await;
    unknown_word(office.app, &owing.invoice, word).await;
    (owing, payment)
}

on_both_databases!(
    /// a slip of another shape is unknown, told to people, and ends nothing.
    r83_what_is_not_understood_waits_for_an_accountant_who_handles_it_once_with_a_word,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        assert_eq!(list(&office, "").await["items"], json!([]));
        let (owing, payment) = odd(&office, "slip:biller_number").await;
        unknown_word(&app, &owing.invoice, "slip:biller_number").await;
        app.advance(SignedDuration::from_hours(48)).await;
        office.sign_in_again().await;

        let found = list(&office, "?state=open").await;
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "once, however often it is heard: {found}");
        let alert = found["items"][0].clone();
        assert_eq!((&alert["code"], &alert["found"]), (&json!("unrecognised_status"), &json!("slip:biller_number")));
        assert_eq!((&alert["payment"], &alert["payment_state"]), (&payment["id"], &json!("unknown")));
        assert_eq!((&alert["invoice"], &alert["age_days"]), (&json!(owing.invoice), &json!(2)));
        assert_eq!((&alert["state"], &alert["handled_by"]), (&json!("open"), &Value::Null));
        assert!(owing.case.ends_with(alert["application"].as_str().unwrap()));

        let path = format!("{ALERTS}/{}/handle", alert["id"].as_str().unwrap());
        let word = json!({ "comment": "収納代行会社に照会した" });
        for other in [&office.clerk, &office.chief, &office.business] {
            assert_eq!(app.post(other, &path, word.clone()).await.problem(), "404 not_found");
            assert_eq!(app.get(other, ALERTS).await.problem(), "404 not_found");
        }
        for silent in ["", "  ", "個人番号 123456789018"] {
            let refused = app.post(&office.accountant, &path, json!({ "comment": silent })).await;
            assert_eq!((refused.problem().as_str(), &refused.body["errors"][0]["pointer"]), ("422 validation_failed", &json!("/comment")));
        }
        let key = new_key();
        let headers = [("idempotency-key", key.as_str())];
        let handle = async || {
            app.call(Method::POST, &path, Some(&office.accountant), &headers, Some(word.clone())).await
        };
        let done = handle().await.expect(200);
        assert_eq!((&done["state"], &done["comment"]), (&json!("handled"), &word["comment"]));
        assert_eq!(done["handled_by"], json!(office.accountant.id));
        let again = handle().await;
        assert_eq!((again.status.as_u16(), &again.body), (200, &done));
        assert_eq!(again.headers["idempotency-replayed"], "true");
        let second = app.post(&office.accountant, &path, json!({ "comment": "別の一言" })).await;
        assert_eq!(second.problem(), "409 alert_handled");

        assert_eq!(list(&office, "?state=open").await["items"], json!([]));
        assert_eq!(list(&office, "?state=handled").await["items"][0], done);
        unknown_word(&app, &owing.invoice, "slip:biller_number").await;
        assert_eq!(list(&office, "?state=open").await["items"], json!([]), "it was looked at");
        let timeline = app.get(&office.clerk, &format!("{}/timeline", owing.case)).await.expect(200);
        assert_eq!(timeline["chain"], "intact");
        let kinds: Vec<&str> =
            timeline["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
        let count = |kind: &str| kinds.iter().filter(|known| **known == kind).count();
        assert_eq!((count("payment_alert"), count("payment_alert_handled")), (1, 1));
        assert!(!timeline.to_string().contains("収納代行会社"), "the word stays at the desk");
    }
);

on_both_databases!(alerts_come_oldest_first_page_by_page, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let office = Office::open(&app, &db).await;
    let (owing, _) = odd(&office, "word-0").await;
    for number in 1..52 {
        app.clock.advance(SignedDuration::from_secs(1));
        unknown_word(&app, &owing.invoice, &format!("word-{number}")).await;
    }
    let first = list(&office, "?code=unrecognised_status").await;
    let found = |page: &Value| {
        let words =
            page["items"].as_array().unwrap().iter().map(|item| item["found"].as_str().unwrap().to_owned());
        words.collect::<Vec<_>>()
    };
    let words: Vec<String> = (0..52).map(|number| format!("word-{number}")).collect();
    assert_eq!(found(&first), words[..50]);
    let next = first["next_cursor"].as_str().unwrap();
    let second = list(&office, &format!("?code=unrecognised_status&cursor={next}")).await;
    assert_eq!((found(&second), &second["next_cursor"]), (words[50..].to_vec(), &Value::Null));
    assert_eq!(list(&office, "?code=late_payment").await["items"], json!([]));
    let wrong = app.get(&office.accountant, &format!("{ALERTS}?state=lost")).await;
    assert_eq!(wrong.problem(), "400 malformed_request");
});

on_both_databases!(alerts_of_one_body_are_not_those_of_another, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let office = Office::open(&app, &db).await;
    odd(&office, "strange").await;
    let alert = list(&office, "").await["items"][0]["id"].as_str().unwrap().to_owned();
    let role = madoguchi::domain::policy::Role::Accountant;
    let city = app.officer(crate::support::app::AOMORI_CITY, "shimin", role, "city@example.jp").await;
    let there = format!("/v1/tenants/{}/payment-alerts", crate::support::app::AOMORI_CITY);
    assert_eq!(app.get(&city, &there).await.expect(200)["items"], json!([]));
    let path = format!("{there}/{alert}/handle");
    assert_eq!(app.post(&city, &path, json!({ "comment": "x" })).await.problem(), "404 not_found");
    assert_eq!(app.get(&city, ALERTS).await.problem(), "404 not_found");
});
