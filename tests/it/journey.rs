//! The counter from the first visit to the confirmation, over HTTP only, on both databases.

use madoguchi::domain::policy::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{AOMORI, Person, TestApp};
use crate::support::db::TestDb;

on_both_databases!(
    /// Register, browse, quote, draft, attach, submit, pay by card with 3-D Secure, be reviewed with one correction, be
    /// decided, get the confirmation, read the timeline.
    a_business_applies_pays_by_card_and_gets_its_decision,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let business = app.register("business@example.jp", "business").await;
        let submitted = applies(&app, &business).await;
        let case = format!("/v1/tenants/020001/applications/{}", text(&submitted["id"]));
        let invoice = format!("/v1/tenants/020001/invoices/{}", text(&submitted["invoice"]["id"]));
        pays_by_card(&app, &business, &invoice).await;

        let clerk = app.officer(AOMORI, "kiki-shobo-hoan", Role::Clerk, "clerk@example.jp").await;
        let chief = app.officer(AOMORI, "kiki-shobo-hoan", Role::SectionChief, "chief@example.jp").await;
        is_reviewed(&app, &clerk, &business, &case).await;
        is_decided(&app, &clerk, &chief, &case).await;

        let decided = app.get(&business, &case).await.expect(200);
        assert_eq!(decided["state"], "decided");
        let decision = app.get(&business, &format!("{case}/decision")).await.expect(200);
        assert_eq!(decision["decision"], "grant");
        let receipt = app.get(&business, &format!("{invoice}/receipt")).await.expect(200);
        assert_eq!(receipt["kind"], "entrustment_confirmation", "R-80: no official receipt for an entrusted payment");

        let timeline = app.get(&business, &format!("{case}/timeline")).await.expect(200);
        assert_eq!(timeline["chain"], "intact");
        let steps: Vec<&str> =
            timeline["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
        insta::assert_json_snapshot!(steps, @r#"
        [
          "submitted",
          "payment_opened",
          "invoice_moved",
          "payment_moved",
          "payment_moved",
          "invoice_moved",
          "receipt_issued",
          "claimed",
          "correction_requested",
          "resubmitted",
          "proposed",
          "approved",
          "decided"
        ]
        "#);
    }
);

on_both_databases!(
    /// In another case the fee is paid with e-money, and the notification never comes: polling finds the money.
    a_resident_pays_with_nanaco_and_polling_heals_a_lost_notification,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let resident = app.register("resident@example.jp", "resident").await;
        app.fault(json!({ "match": { "op": "webhook" }, "fault": "F18", "args": { "times": 100 } })).await;
        let submitted = app.submitted(&resident, AOMORI, "kikenbutsu-menjo").await;
        let invoice = format!("/v1/tenants/020001/invoices/{}", text(&submitted["invoice"]["id"]));
        let payment = app.post(&resident, &format!("{invoice}/payments"), json!({ "method": "nanaco" })).await.expect(201);
        let (status, _) = app.at_gateway(text(&payment["redirect_url"]), "nanaco", "result=ok").await;
        assert!(status.is_redirection(), "{status}");
        app.advance(jiff::SignedDuration::from_secs(5)).await;
        app.until("polling finds the money", async || {
            app.get(&resident, &invoice).await.expect(200)["state"] == "entrusted"
        })
        .await;
    }
);

on_both_databases!(
    /// A notification (届出) without a fee: complete on arrival, checked, closed; nobody can decide it (R-2, R-196).
    r196_a_notification_goes_its_own_shorter_way,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let business = app.register("business@example.jp", "business").await;
        let submitted = app.submitted(&business, AOMORI, "denki-koji-henko-todoke").await;
        assert_eq!(submitted["kind"], "notification");
        assert_eq!(submitted["invoice"], Value::Null);
        let case = format!("/v1/tenants/020001/applications/{}", text(&submitted["id"]));
        let clerk = app.officer(AOMORI, "kiki-shobo-hoan", Role::Clerk, "clerk@example.jp").await;
        app.post(&clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        let version = app.get(&clerk, &case).await.etag();
        let proposal = json!({ "decision": "refuse", "reasons": ["第3条"], "conditions": [] });
        let refused = app.post_if(&clerk, &format!("{case}/proposal"), &version, proposal).await;
        assert_eq!(refused.problem(), "409 not_for_notifications");
        let closed = app.post(&clerk, &format!("{case}/close"), json!({})).await.expect(200);
        assert_eq!(closed["state"], "closed");
    }
);

async fn applies(app: &TestApp, business: &Person) -> Value {
    let search = "/v1/tenants/020001/procedures?q=電気工事業者の登録";
    let found = app.call(Method::GET, search, None, &[], None).await.expect(200);
    assert_eq!(found["items"][0]["id"], "denki-koji-toroku");
    let example = app.example(AOMORI, "denki-koji-toroku").await;
    let path = "/v1/tenants/020001/procedures/denki-koji-toroku/quote";
    let quote =
        app.call(Method::POST, path, None, &[], Some(json!({ "form": example["form"] }))).await.expect(200);
    assert_eq!(quote["total"], example["total"]);

    let id = app.draft(business, AOMORI, "denki-koji-toroku").await;
    let submit = format!("/v1/tenants/020001/applications/{id}/submit");
    let refused = app.post(business, &submit, json!({ "expected_total": 1 })).await;
    assert_eq!(refused.problem(), "409 fee_changed");
    let expected = json!({ "expected_total": example["total"] });
    let submitted = app.post(business, &submit, expected).await.expect(200);
    assert_eq!(submitted["state"], "submitted");
    assert_eq!(submitted["arrived_at"], "2026-04-01T00:00:00Z", "R-4: it arrives the moment it is recorded");
    assert_eq!(submitted["invoice"]["total"], example["total"]);
    assert_eq!(submitted["invoice"]["state"], "unpaid");
    submitted
}

async fn pays_by_card(app: &TestApp, business: &Person, invoice: &str) {
    let payment =
        app.post(business, &format!("{invoice}/payments"), json!({ "method": "card" })).await.expect(201);
    assert_eq!(payment["state"], "requires_action", "{payment}");
    let page = text(&payment["redirect_url"]);
    let (status, _) = app.at_gateway(page, "card", "number=4111111111111111").await;
    assert!(status.is_success() || status.is_redirection(), "{status}");
    let (status, back) = app.at_gateway(page, "3ds", "result=ok").await;
    assert!(status.is_redirection(), "{status}");
    assert!(back.starts_with(&app.base), "{back}");
    app.until("the signed notification makes the invoice entrusted", async || {
        app.get(business, invoice).await.expect(200)["state"] == "entrusted"
    })
    .await;
    let entrusted = app.get(business, invoice).await.expect(200);
    assert_eq!(entrusted["entrusted_on"], "2026-04-01");
    assert_eq!(entrusted["paid_on"], Value::Null, "R-77: entrusted is not paid");
}

async fn is_reviewed(app: &TestApp, clerk: &Person, business: &Person, case: &str) {
    let queue = app
        .get(clerk, "/v1/tenants/020001/departments/kiki-shobo-hoan/queue?state=submitted")
        .await
        .expect(200);
    assert_eq!(queue["items"].as_array().unwrap().len(), 1);
    app.post(clerk, &format!("{case}/claim"), json!({})).await.expect(200);
    let asked = json!({
        "items": [{ "pointer": "/form/phone", "message": "市外局番から記入してください。" }],
        "due_on": "2026-04-15",
    });
    app.post(clerk, &format!("{case}/corrections"), asked).await.expect(201);
    let corrections = app.get(business, &format!("{case}/corrections")).await.expect(200);
    assert_eq!(corrections["items"][0]["items"][0]["pointer"], "/form/phone");
    // The applicant is told by mail, once; what is asked is read after signing in.
    let mails = || std::fs::read_dir(&app.core.settings.mail.directory).unwrap().count();
    let before = mails();
    app.drain().await;
    app.drain().await;
    assert_eq!(mails(), before + 1);

    let version = app.get(business, case).await.etag();
    let elsewhere = json!({ "form": { "representative": "別人" } });
    let refused = app.post_if(business, &format!("{case}/resubmit"), &version, elsewhere).await;
    assert_eq!(refused.problem(), "422 validation_failed", "only what was asked about unlocks");
    let answer = json!({ "form": { "phone": "0177221111" } });
    let answered = app.post_if(business, &format!("{case}/resubmit"), &version, answer).await.expect(200);
    assert_eq!(answered["state"], "under_review");
    assert_eq!(answered["arrived_at"], "2026-04-01T00:00:00Z", "R-10: the arrival does not move");
}

async fn is_decided(app: &TestApp, clerk: &Person, chief: &Person, case: &str) {
    let version = app.get(clerk, case).await.etag();
    let proposal = json!({ "decision": "grant", "reasons": [], "conditions": [] });
    app.post_if(clerk, &format!("{case}/proposal"), &version, proposal).await.expect(201);
    let version = app.get(chief, case).await.etag();
    let own = app.post_if(clerk, &format!("{case}/approval/approve"), &version, json!({})).await;
    assert!(own.status.is_client_error(), "R-118: the drafter seals nothing: {}", own.body);
    let waiting = app.get(chief, "/v1/me/approvals").await.expect(200);
    assert_eq!(waiting["items"].as_array().unwrap().len(), 1);
    app.post_if(chief, &format!("{case}/approval/approve"), &version, json!({})).await.expect(200);
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
