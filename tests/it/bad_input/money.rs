//! Forged, unknown and wrong notifications; payments that cannot be opened.

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::{PROCEDURE, shown};
use crate::support::app::{AOMORI, Answer, Person, TestApp, WEBHOOK_SECRET, new_key, read};
use crate::support::db::TestDb;
use crate::support::traces::traces;

const NOTIFICATIONS: &str = "/v1/tenants/020001/gateways/komoju/notifications";

/// What the gateway would tell of a captured payment of ours.
fn captured(reference: &str, amount: u64) -> Value {
    json!({
        "id": new_key(), "type": "payment.captured", "resource": "event", "created_at": "2026-04-01T00:00:00Z",
        "data": {
            "id": "pay-by-hand", "resource": "payment", "status": "captured", "amount": amount, "tax": 0,
            "total": amount, "currency": "JPY", "amount_refunded": 0, "refunds": [],
            "external_order_num": reference, "captured_at": "2026-04-01T00:00:00Z",
            "payment_details": { "type": "nanaco" }, "metadata": {},
        },
    })
}

/// Delivers bytes under a signature made with `secret`.
async fn deliver(app: &TestApp, secret: &str, body: &str) -> Answer {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = HEXLOWER.encode(hmac::sign(&key, body.as_bytes()).as_ref());
    let request = app
        .raw(reqwest::Method::POST, NOTIFICATIONS)
        .header("accept-language", "en")
        .header("content-type", "application/json")
        .header("x-komoju-id", new_key())
        .header("x-komoju-signature", signature)
        .body(body.to_owned());
    read(request.send().await.unwrap()).await
}

/// An invoice with an open payment: path of the invoice, the payment, its reference at the gateway.
async fn opened(app: &TestApp, who: &Person) -> (String, Value, String) {
    let submitted = app.submitted(who, AOMORI, PROCEDURE).await;
    let invoice = format!("/v1/tenants/020001/invoices/{}", submitted["invoice"]["id"].as_str().unwrap());
    let wanted = json!({ "method": "nanaco" });
    let payment = app.post(who, &format!("{invoice}/payments"), wanted).await.expect(201);
    let reference = format!("{AOMORI}-{}", payment["id"].as_str().unwrap().replace('-', ""));
    (invoice, payment, reference)
}

on_both_databases!(a_forged_notification_changes_nothing, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    let (invoice, payment, reference) = opened(&app, &business).await;
    let amount = payment["amount"].as_u64().unwrap();
    app.drain().await;
    let before = traces(&db).await;
    let body = captured(&reference, amount).to_string();
    let forged = deliver(&app, "whsec_guessed", &body).await;
    insta::assert_snapshot!(shown(&forged), @"401 notification_rejected: The notification is not accepted.");
    let unsigned = app.raw(reqwest::Method::POST, NOTIFICATIONS).body(body.clone()).send().await.unwrap();
    assert_eq!(read(unsigned).await.problem(), "401 notification_rejected");
    for nonsense in ["", "{", "[]", "{\"id\": 1}"] {
        let unreadable = deliver(&app, WEBHOOK_SECRET, nonsense).await;
        assert_eq!(unreadable.problem(), "401 notification_rejected", "{nonsense}: {}", unreadable.body);
    }
    let large = deliver(&app, WEBHOOK_SECRET, &" ".repeat(300 << 10)).await;
    assert_eq!(large.problem(), "413 too_large");
    let nowhere = NOTIFICATIONS.replace("komoju", "paymate");
    let nowhere = app.raw(reqwest::Method::POST, &nowhere).body(body).send().await.unwrap();
    assert_eq!(read(nowhere).await.problem(), "404 not_found");
    app.drain().await;
    assert_eq!(traces(&db).await, before);
    assert_eq!(app.get(&business, &invoice).await.expect(200)["state"], "pending");
});

on_both_databases!(a_notification_of_an_unknown_payment_is_kept_for_a_person, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    let (invoice, ..) = opened(&app, &business).await;
    app.drain().await;
    let events = db.count("(SELECT COUNT(*) FROM events)").await;
    let stranger = captured("020001-00000000000000000000000000000000", 22_000).to_string();
    assert_eq!(deliver(&app, WEBHOOK_SECRET, &stranger).await.status, 200);
    // Delivered again it is the same news.
    assert_eq!(deliver(&app, WEBHOOK_SECRET, &stranger).await.status, 200);
    app.drain().await;
    let parked = "(SELECT COUNT(*) FROM gateway_notifications WHERE state = 'parked')";
    assert_eq!(db.count(parked).await, 1);
    assert_eq!(db.count("(SELECT COUNT(*) FROM events)").await, events);
    assert_eq!(db.count("(SELECT COUNT(*) FROM ledger_entries WHERE kind = 'entrust')").await, 0);
    assert_eq!(app.get(&business, &invoice).await.expect(200)["state"], "pending");
});

on_both_databases!(another_amount_is_never_taken_for_payment, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    let (invoice, payment, reference) = opened(&app, &business).await;
    let less = captured(&reference, 1).to_string();
    assert_eq!(deliver(&app, WEBHOOK_SECRET, &less).await.status, 200);
    app.drain().await;
    let path = format!("/v1/tenants/020001/payments/{}", payment["id"].as_str().unwrap());
    let after = app.get(&business, &path).await.expect(200);
    assert_ne!(after["state"], "captured", "{after}");
    let owed = app.get(&business, &invoice).await.expect(200);
    assert_ne!(owed["state"], "entrusted", "{owed}");
    assert_eq!((&owed["entrusted_on"], &owed["paid_on"]), (&Value::Null, &Value::Null));
    assert_eq!(db.count("(SELECT COUNT(*) FROM events WHERE kind = 'payment_alert')").await, 1);
    assert_eq!(app.get(&business, &format!("{invoice}/receipt")).await.problem(), "404 not_found");
    assert_eq!(
        db.count("(SELECT COUNT(*) FROM receipts)").await,
        0,
        "nothing is confirmed that is not certain"
    );
});

on_both_databases!(
    /// The sum is exactly what the first of two invoices comes to, which were opened as one: it settles neither.
    another_amount_than_the_whole_of_an_act_settles_none_of_its_invoices,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let business = app.register("business@example.jp", "business").await;
        let mut ids = Vec::new();
        for _ in 0..2 {
            ids.push(app.submitted(&business, AOMORI, PROCEDURE).await["invoice"]["id"].clone());
        }
        let wanted = json!({ "invoices": ids, "method": "nanaco" });
        let act = app.post(&business, "/v1/tenants/020001/payments", wanted).await.expect(201);
        let lead = act["payments"][0]["id"].as_str().unwrap();
        let reference = format!("{AOMORI}-{}", lead.replace('-', ""));
        let one_share = act["payments"][0]["amount"].as_u64().unwrap();
        for _ in 0..2 {
            let told = captured(&reference, one_share).to_string();
            assert_eq!(deliver(&app, WEBHOOK_SECRET, &told).await.status, 200);
            app.drain().await;
        }
        for (share, id) in act["payments"].as_array().unwrap().iter().zip(&ids) {
            let payment = format!("/v1/tenants/020001/payments/{}", share["id"].as_str().unwrap());
            assert_eq!(app.get(&business, &payment).await.expect(200)["state"], "unknown");
            let invoice = format!("/v1/tenants/020001/invoices/{}", id.as_str().unwrap());
            let owed = app.get(&business, &invoice).await.expect(200);
            assert_eq!(owed["state"], "pending", "{owed}");
            assert_eq!((&owed["entrusted_on"], &owed["paid_on"]), (&Value::Null, &Value::Null));
            assert_eq!(app.get(&business, &format!("{invoice}/receipt")).await.problem(), "404 not_found");
        }
        let confirmed = "(SELECT COUNT(*) FROM receipts)";
        assert_eq!(db.count(confirmed).await, 0, "nothing is confirmed that is not certain");
    }
);

on_both_databases!(a_payment_that_cannot_be_opened_is_refused, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    let (invoice, ..) = opened(&app, &business).await;
    let unpaid = app.submitted(&business, AOMORI, PROCEDURE).await;
    let before = traces(&db).await;
    let pay = format!("{invoice}/payments");
    let second = app.post(&business, &pay, json!({ "method": "card" })).await;
    insta::assert_snapshot!(shown(&second), @"409 payment_in_progress: Another payment of this invoice is in progress.");
    let pay = format!("/v1/tenants/020001/invoices/{}/payments", unpaid["invoice"]["id"].as_str().unwrap());
    for method in ["cheque", "", "CARD "] {
        let refused = app.post(&business, &pay, json!({ "method": method })).await;
        assert_eq!(refused.status, 422, "{method}: {}", refused.body);
    }
    let elsewhere = json!({ "method": "card", "return_url": "https://evil.example/" });
    let refused = app.post(&business, &pay, elsewhere).await;
    assert_eq!(refused.problem(), "422 validation_failed");
    // No card number can reach this server: there is no field for it.
    let card = json!({ "method": "card", "number": "4111111111111111" });
    let refused = app.post(&business, &pay, card).await;
    assert_eq!(refused.problem(), "400 malformed_request");
    assert_eq!(traces(&db).await, before);
});
