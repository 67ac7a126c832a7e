//! A decided case is decided.

use madoguchi::domain::policy::Role;
use reqwest::Method;
use serde_json::json;

use super::{CASES, shown};
use crate::policy_coverage::world::{DEPARTMENT, approve, draft_of, pay, propose, submit};
use crate::support::app::{AOMORI, TestApp, new_key};
use crate::support::db::TestDb;
use crate::support::traces::traces;

on_both_databases!(a_decided_case_cannot_be_acted_on_again, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
    let chief = app.officer(AOMORI, DEPARTMENT, Role::SectionChief, "chief@example.jp").await;
    let case = submit(&app, &business, draft_of(&app, &business).await).await;
    pay(&app, &business, &case).await;
    propose(&app, &clerk, &case).await;
    approve(&app, &chief, &case).await;
    app.drain().await;

    let path = format!("{CASES}/{}", case.id);
    let version = app.get(&business, &path).await.etag();
    let before = traces(&db).await;
    let refused = app.post(&business, &format!("{path}/withdraw"), json!({})).await;
    insta::assert_snapshot!(shown(&refused), @"409 wrong_state: This is not possible while the case is decided.");
    let grant = json!({ "decision": "grant", "reasons": [], "conditions": [] });
    let asked = json!({ "items": [{ "pointer": "/form/phone", "message": "?" }], "due_on": "2026-04-20" });
    let phone = json!({ "form": { "phone": "0177221111" } });
    let calls = [
        (&business, Method::POST, "/submit", json!({})),
        (&business, Method::POST, "/resubmit", phone.clone()),
        (&business, Method::PATCH, "", phone),
        (&clerk, Method::POST, "/claim", json!({})),
        (&clerk, Method::POST, "/release", json!({})),
        (&clerk, Method::POST, "/close", json!({})),
        (&clerk, Method::POST, "/corrections", asked),
        (&clerk, Method::POST, "/proposal", grant),
        (&chief, Method::POST, "/approval/approve", json!({})),
        (&chief, Method::POST, "/approval/return", json!({ "to_step": 0, "comment": "もう一度" })),
        (&clerk, Method::POST, "/approval/recall", json!({})),
    ];
    for (who, method, call, body) in calls {
        let key = new_key();
        let headers = [("idempotency-key", key.as_str()), ("if-match", version.as_str())];
        let refused = app.call(method, &format!("{path}{call}"), Some(who), &headers, Some(body)).await;
        assert_eq!(refused.problem(), "409 wrong_state", "{call}: {}", refused.body);
    }
    let pay_again = format!("/v1/tenants/020001/invoices/{}/payments", case.invoice);
    let refused = app.post(&business, &pay_again, json!({ "method": "card" })).await;
    assert_eq!(refused.problem(), "409 invoice_not_payable", "{}", refused.body);
    assert_eq!(traces(&db).await, before);
});
