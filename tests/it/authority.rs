//! In whose name a decision is made (処分庁): the governor's, or that of the commission or office of the department.

use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use crate::originals::confirm;
use crate::support::app::{AOMORI, Person, TestApp};
use crate::support::db::TestDb;

/// 風俗営業 and 古物商 are the business of the public safety commission (P30, P11).
const POLICE: &str = "keisatsu-seikatsu-anzen";

async fn says(app: &TestApp, procedure: &str) -> Value {
    let path = format!("/v1/tenants/020001/procedures/{procedure}");
    let shown = app.raw(reqwest::Method::GET, &path).header("accept-language", "ja").send().await.unwrap();
    crate::support::app::read(shown).await.expect(200)["disposing_authority"].clone()
}

async fn seal(app: &TestApp, who: &Person, case: &str) {
    let version = app.get(who, case).await.etag();
    app.post_if(who, &format!("{case}/approval/approve"), &version, json!({})).await.expect(200);
}

on_both_databases!(r205_the_public_safety_commission_decides_what_the_police_review, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    for (procedure, authority) in [
        ("fuzoku-shonin", json!("青森県公安委員会")),
        ("kobutsusho", json!("青森県公安委員会")),
        ("unten-daiko", json!("青森県公安委員会")),
        ("denki-koji-toroku", json!("青森県知事")),
        ("denki-koji-henko-todoke", Value::Null),
    ] {
        assert_eq!(says(&app, procedure).await, authority, "{procedure}");
    }

    let heir = app.register("heir@example.jp", "resident").await;
    let submitted = app.submitted(&heir, AOMORI, "fuzoku-shonin").await;
    let case = format!("/v1/tenants/020001/applications/{}", submitted["id"].as_str().unwrap());
    let invoice = format!("/v1/tenants/020001/invoices/{}", submitted["invoice"]["id"].as_str().unwrap());
    let pay = app.post(&heir, &format!("{invoice}/payments"), json!({ "method": "nanaco" })).await;
    let pay = pay.expect(201);
    app.at_gateway(pay["redirect_url"].as_str().unwrap(), "nanaco", "result=ok").await;
    let covered = async || app.get(&heir, &invoice).await.expect(200)["state"] == "entrusted";
    app.until("the fee is entrusted", covered).await;

    let clerk = app.officer(AOMORI, POLICE, Role::Clerk, "clerk@example.jp").await;
    let manager = app.officer(AOMORI, POLICE, Role::GroupManager, "manager@example.jp").await;
    let chief = app.officer(AOMORI, POLICE, Role::SectionChief, "chief@example.jp").await;
    app.post(&clerk, &format!("{case}/claim"), json!({})).await.expect(200);
    // The certificate of status is an original: it is held against the file before anything is granted.
    assert_eq!(confirm(&app, &clerk, &case).await, 1);
    let version = app.get(&clerk, &case).await.etag();
    let grant = json!({ "decision": "grant", "reasons": [], "conditions": [] });
    app.post_if(&clerk, &format!("{case}/proposal"), &version, grant).await.expect(201);
    seal(&app, &manager, &case).await;
    seal(&app, &chief, &case).await;
    let decision = app.get(&heir, &format!("{case}/decision")).await.expect(200);
    assert_eq!(decision["authority"], "青森県公安委員会");
});
