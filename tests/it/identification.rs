//! How surely somebody must be identified to hand something in: the session's level, and the counter as the other way.

use madoguchi::domain::policy::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::policy_coverage::world::{DEPARTMENT, paper_draft};
use crate::support::app::{AOMORI, Answer, PASSWORD, Person, TestApp};
use crate::support::db::{TestDb, execute};
use crate::support::traces::traces;

const CASES: &str = "/v1/tenants/020001/applications";
const PROCEDURE: &str = "test-corrections";

/// The procedure of the corrections at a level, with a statement that asks for a signature.
async fn app(db: &TestDb, level: &str) -> TestApp {
    let pledge =
        "  - { name: pledge, label: { ja: 誓約, en: Pledge }, type: statement, assurance: signature }\n";
    let mut text = include_str!("support/procedures/corrections.yaml")
        .replace("assurance: id", &format!("assurance: {level}"));
    if level == "signature" {
        text = text.replace(
            "attachments:\n  - { code: plan, title",
            &format!("{pledge}attachments:\n  - {{ code: plan, title"),
        );
    }
    TestApp::start_offering(db, "procedures/020001/test-corrections.yaml", &text).await
}

/// Opens a session and lets it vouch for a level, as an identity provider would; gives the token of that level.
async fn identified(app: &TestApp, db: &TestDb, email: &str, person: &Person, level: &str) -> Person {
    let body = json!({ "email": email, "password": PASSWORD });
    let opened = app.call(Method::POST, "/v1/sessions", None, &[], Some(body)).await.expect(200);
    let raise = format!(
        "UPDATE sessions SET assurance = '{level}' WHERE account_id = '{}' AND state = 'open'",
        person.id
    );
    execute(&db.settings.url, &raise);
    let body = json!({ "refresh_token": opened["refresh_token"] });
    let tokens = app.call(Method::POST, "/v1/sessions/refresh", None, &[], Some(body)).await.expect(200);
    Person { token: tokens["access_token"].as_str().unwrap().to_owned(), id: person.id.clone() }
}

async fn submit(app: &TestApp, who: &Person, case: &str) -> Answer {
    app.post(who, &format!("{case}/submit"), json!({})).await
}

fn errors(answer: &Answer) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let errors = answer.body["errors"].as_array().unwrap().iter();
    errors.map(|error| (text(&error["pointer"]), text(&error["code"]))).collect()
}

fn named(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned())).collect()
}

async fn submitted_facts(app: &TestApp, who: &Person, case: &str) -> Value {
    let timeline = app.get(who, &format!("{case}/timeline")).await.expect(200);
    assert_eq!(timeline["chain"], "intact");
    timeline["items"][0]["facts"].clone()
}

on_both_databases!(
    /// a password does not do where a signature is asked for; who asks for it and the other way are named, and nothing is kept.
    r45_a_submission_needs_a_session_as_sure_as_procedure_and_statements_ask_for,
    async |db: TestDb| {
        let app = app(&db, "signature").await;
        let business = app.register("business@example.jp", "business").await;
        let case = format!("{CASES}/{}", app.draft(&business, AOMORI, PROCEDURE).await);
        let version = app.get(&business, &case).await.etag();
        let (key, form) = (crate::support::app::new_key(), json!({ "form": { "pledge": true } }));
        let headers = [("idempotency-key", key.as_str()), ("if-match", version.as_str())];
        app.call(Method::PATCH, &case, Some(&business), &headers, Some(form)).await.expect(200);
        let before = traces(&db).await;
        let refused = submit(&app, &business, &case).await;
        assert_eq!(refused.problem(), "403 assurance_too_low");
        assert_eq!(errors(&refused), named(&[("/procedure", "signature"), ("/form/pledge", "signature")]));
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains("signature") && detail.contains("on paper, at the counter"), "R-194: {detail}");
        assert_eq!(traces(&db).await, before);
        assert_eq!(app.get(&business, "/v1/me").await.expect(200)["assurance"], "id");

        let halfway = identified(&app, &db, "business@example.jp", &business, "user_certificate").await;
        assert_eq!(submit(&app, &halfway, &case).await.problem(), "403 assurance_too_low");
        let surely = identified(&app, &db, "business@example.jp", &business, "signature").await;
        assert_eq!(app.get(&surely, "/v1/me").await.expect(200)["assurance"], "signature");
        submit(&app, &surely, &case).await.expect(200);
        assert_eq!(submitted_facts(&app, &business, &case).await["assurance"], "signature", "it is on record");
    }
);

on_both_databases!(
    /// on paper an officer confirms who it is and attests how; without that the filing is not entered.
    r45_on_paper_the_clerk_attests_how_the_identity_was_confirmed,
    async |db: TestDb| {
        let app = app(&db, "signature").await;
        let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
        let example = app.example(AOMORI, PROCEDURE).await;
        let begin = format!("/v1/tenants/020001/departments/{DEPARTMENT}/applications");
        let mut body = paper_draft();
        body["procedure"] = json!(PROCEDURE);
        body["form"] = example["form"].clone();
        let before = traces(&db).await;
        let refused = app.post(&clerk, &begin, body.clone()).await;
        assert_eq!(refused.problem(), "422 validation_failed");
        assert_eq!(errors(&refused), named(&[("/identity_check", "required")]));
        assert_eq!(traces(&db).await, before);
        body["identity_check"] = json!("seal_certificate");
        let draft = app.post(&clerk, &begin, body).await.expect(201);
        let id = draft["id"].as_str().unwrap().to_owned();
        for file in example["attachments"].as_array().unwrap() {
            app.attach(&clerk, AOMORI, &id, file).await.expect(201);
        }
        let case = format!("{CASES}/{id}");
        submit(&app, &clerk, &case).await.expect(200);
        let facts = submitted_facts(&app, &clerk, &case).await;
        assert_eq!((&facts["identity_check"], &facts["attested_by"]), (&json!("seal_certificate"), &json!(clerk.id)));
        assert_eq!(facts["assurance"], Value::Null, "the clerk's own session says nothing of the applicant");
    }
);

on_both_databases!(
    /// what asks for an ID is handed in with a password, and on paper with a name.
    r45_an_id_is_a_password_online_and_a_name_on_paper,
    async |db: TestDb| {
        let app = app(&db, "id").await;
        let business = app.register("business@example.jp", "business").await;
        let case = format!("{CASES}/{}", app.draft(&business, AOMORI, PROCEDURE).await);
        submit(&app, &business, &case).await.expect(200);
        assert_eq!(submitted_facts(&app, &business, &case).await["assurance"], "id");
        let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
        let mut body = paper_draft();
        body["procedure"] = json!(PROCEDURE);
        body["form"] = json!({});
        let begin = format!("/v1/tenants/020001/departments/{DEPARTMENT}/applications");
        app.post(&clerk, &begin, body).await.expect(201);
    }
);
