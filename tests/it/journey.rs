//! The counter from the first visit to the confirmation, over HTTP only, on both databases.

use reqwest::Method;
use serde_json::json;

use crate::support::app::{AOMORI, TestApp};
use crate::support::db::TestDb;

on_both_databases!(
    /// Register, browse, quote, draft, attach, submit, pay by card with 3-D Secure, get the confirmation.
    a_business_applies_and_pays_by_card,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let business = app.register("business@example.jp", "business").await;

        let found = app.call(Method::GET, "/v1/tenants/020001/procedures?q=電気工事業者の登録", None, &[], None).await.expect(200);
        assert_eq!(found["items"][0]["id"], "denki-koji-toroku");
        let example = app.example(AOMORI, "denki-koji-toroku").await;
        let quote = app
            .call(
                Method::POST,
                "/v1/tenants/020001/procedures/denki-koji-toroku/quote",
                None,
                &[],
                Some(json!({ "form": example["form"] })),
            )
            .await
            .expect(200);
        assert_eq!(quote["total"], example["total"]);

        let id = app.draft(&business, AOMORI, "denki-koji-toroku").await;
        let submit = format!("/v1/tenants/020001/applications/{id}/submit");
        let refused = app.post(&business, &submit, json!({ "expected_total": 1 })).await;
        assert_eq!(refused.problem(), "409 fee_changed");
        let submitted = app.post(&business, &submit, json!({ "expected_total": example["total"] })).await.expect(200);
        assert_eq!(submitted["state"], "submitted");
        assert_eq!(submitted["arrived_at"], "2026-04-01T00:00:00Z");
        assert_eq!(submitted["invoice"]["total"], example["total"]);
        assert_eq!(submitted["invoice"]["state"], "unpaid");

        let invoice = submitted["invoice"]["id"].as_str().unwrap();
        let pay = format!("/v1/tenants/020001/invoices/{invoice}/payments");
        let payment = app.post(&business, &pay, json!({ "method": "card" })).await.expect(201);
        assert_eq!(payment["state"], "requires_action", "{payment}");
        let page = payment["redirect_url"].as_str().unwrap();

        let (status, _) = app.at_gateway(page, "card", "number=4111111111111111").await;
        assert!(status.is_success() || status.is_redirection(), "{status}");
        let (status, back) = app.at_gateway(page, "3ds", "result=ok").await;
        assert!(status.is_redirection(), "{status}");
        assert!(back.starts_with(&app.base), "{back}");

        let path = format!("/v1/tenants/020001/invoices/{invoice}");
        app.until("the signed notification makes the invoice entrusted", async || {
            app.get(&business, &path).await.expect(200)["state"] == "entrusted"
        })
        .await;
        let entrusted = app.get(&business, &path).await.expect(200);
        assert_eq!(entrusted["entrusted_on"], "2026-04-01");
        assert_eq!(entrusted["paid_on"], serde_json::Value::Null, "R-77: entrusted is not paid");

        let receipt = app.get(&business, &format!("{path}/receipt")).await.expect(200);
        assert_eq!(receipt["kind"], "entrustment_confirmation", "R-80: no official receipt for an entrusted payment");
    }
);
