//! Documents over HTTP: who gets them, that they are the same bytes again, and what anybody can check of a paper.

use std::sync::Arc;

use madoguchi::domain::id::{AccountId, ApplicationId, TenantCode};
use madoguchi::domain::issued_document::DocumentKind;
use madoguchi::domain::policy::Role;
use madoguchi::service::{Caller, Ctx, document};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::app::{AOMORI, Person, TestApp};
use crate::support::db::TestDb;

const PROCEDURE: &str = "denki-koji-toroku";

/// The status, the media type and the bytes.
async fn fetch(app: &TestApp, who: &Person, path: &str) -> (u16, String, Vec<u8>) {
    let answer = app.raw(Method::GET, path).bearer_auth(&who.token).send().await.unwrap();
    let status = answer.status().as_u16();
    let media_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
    (status, media_type, answer.bytes().await.unwrap().to_vec())
}

/// Makes the copy of the application; `None` on a machine without a Japanese font, where the API says so.
async fn copy(app: &TestApp, who: &Person, case: &str) -> Option<Vec<u8>> {
    let (status, media_type, bytes) = fetch(app, who, &format!("{case}/documents/application_copy")).await;
    if status == 503 {
        let problem: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(problem["code"], "font_missing");
        return None;
    }
    assert_eq!(
        (status, media_type.as_str()),
        (200, "application/pdf"),
        "{}",
        String::from_utf8_lossy(&bytes)
    );
    Some(bytes)
}

/// The token of a document of the case's applicant.
async fn token(app: &TestApp, applicant: &Person, id: &str, kind: DocumentKind) -> String {
    let account = AccountId(applicant.id.parse().unwrap());
    let ctx = Ctx::new(Arc::clone(&app.core), Caller::Account(account), Uuid::nil());
    let tenant = TenantCode::parse(AOMORI).unwrap();
    document::make(ctx, tenant, ApplicationId(id.parse().unwrap()), kind).await.unwrap().token
}

async fn checked(app: &TestApp, token: &str) -> (u16, Value) {
    let answer = app.raw(Method::GET, &format!("/v1/verify/{token}")).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

on_both_databases!(the_copy_of_an_application_is_its_parties_and_the_same_bytes_again, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    let stranger = app.register("stranger@example.jp", "business").await;
    let draft = app.draft(&business, AOMORI, PROCEDURE).await;
    let of_draft = format!("/v1/tenants/{AOMORI}/applications/{draft}/documents");
    assert_eq!(app.get(&business, &of_draft).await.expect(200)["items"], json!([]));
    assert_eq!(app.get(&business, &format!("{of_draft}/application_copy")).await.problem(), "404 not_found");

    let submitted = app.submitted(&business, AOMORI, PROCEDURE).await;
    let case = format!("/v1/tenants/{AOMORI}/applications/{}", submitted["id"].as_str().unwrap());
    let listed = app.get(&business, &format!("{case}/documents")).await.expect(200);
    assert_eq!(listed["items"][0]["id"], "application_copy");
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "nothing is decided");
    for path in ["documents/decision", "documents/poem"] {
        assert_eq!(app.get(&business, &format!("{case}/{path}")).await.problem(), "404 not_found");
    }
    for path in ["documents", "documents/application_copy"] {
        assert_eq!(app.get(&stranger, &format!("{case}/{path}")).await.problem(), "404 not_found");
    }
    let Some(first) = copy(&app, &business, &case).await else { return };
    assert!(first.starts_with(b"%PDF-"));
    assert_eq!(copy(&app, &business, &case).await.unwrap(), first);
});

on_both_databases!(
    anybody_can_check_a_paper_and_sees_whether_it_still_says_what_stands,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let business = app.register("business@example.jp", "business").await;
        let clerk = app.officer(AOMORI, "kiki-shobo-hoan", Role::Clerk, "clerk@example.jp").await;
        let submitted = app.submitted(&business, AOMORI, PROCEDURE).await;
        let id = submitted["id"].as_str().unwrap();
        let case = format!("/v1/tenants/{AOMORI}/applications/{id}");
        if copy(&app, &business, &case).await.is_none() {
            return;
        }
        let paper = token(&app, &business, id, DocumentKind::ApplicationCopy).await;
        let (status, found) = checked(&app, &paper).await;
        assert_eq!((status, &found["authentic"], &found["status"]), (200, &json!(true), &json!("current")));
        assert_eq!((&found["number"], &found["tenant"]), (&submitted["number"], &json!(AOMORI)));
        assert!(!found.to_string().contains("business@example.jp"));

        let (forged, signature) = paper.split_at(paper.len() - 4);
        let other_digest = paper.replacen(&paper[60..64], "AAAA", 1);
        for forged in
            [format!("{forged}AAAA"), other_digest, forged.to_owned(), signature.to_owned(), "x".to_owned()]
        {
            let (status, problem) = checked(&app, &forged).await;
            assert_eq!((status, &problem["code"]), (404, &json!("document_not_authentic")), "{forged}");
        }

        app.post(&clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        let items = json!([{ "pointer": "/form/office_name", "message": "正式な名称を" }]);
        let asked = json!({ "items": items, "due_on": "2026-04-30" });
        app.post(&clerk, &format!("{case}/corrections"), asked).await.expect(201);
        let version = app.get(&business, &case).await.etag();
        let answer = json!({ "form": { "office_name": "別の名の営業所" } });
        app.post_if(&business, &format!("{case}/resubmit"), &version, answer).await.expect(200);
        assert_eq!(checked(&app, &paper).await.1["status"], "superseded", "the answers were corrected since");
        let anew = token(&app, &business, id, DocumentKind::ApplicationCopy).await;
        assert_eq!(checked(&app, &anew).await.1["status"], "current");
    }
);
