//! What ends a case, what may not end it, and what is found out when money still comes.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{AOMORI, PASSWORD, Person, TestApp, new_key};
use crate::support::db::TestDb;
use crate::support::traces::rounds;

async fn submitted(app: &TestApp, who: &Person) -> (String, String) {
    let submitted = app.submitted(who, AOMORI, "kikenbutsu-menjo").await;
    let case = format!("/v1/tenants/020001/applications/{}", submitted["id"].as_str().unwrap());
    let invoice = format!("/v1/tenants/020001/invoices/{}", submitted["invoice"]["id"].as_str().unwrap());
    (case, invoice)
}

on_both_databases!(
    a_case_with_an_open_checkout_is_withdrawn_only_after_the_checkout_is_given_up,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let resident = app.register("resident@example.jp", "resident").await;
        let (case, invoice) = submitted(&app, &resident).await;
        let payment = app
            .post(&resident, &format!("{invoice}/payments"), json!({ "method": "card" }))
            .await
            .expect(201);
        let refused = app.post(&resident, &format!("{case}/withdraw"), json!({})).await;
        assert_eq!(refused.problem(), "409 payment_in_progress");
        let cancel = format!("/v1/tenants/020001/payments/{}/cancel", payment["id"].as_str().unwrap());
        app.post(&resident, &cancel, json!({})).await.expect(200);
        let gone = app.post(&resident, &format!("{case}/withdraw"), json!({})).await.expect(200);
        assert_eq!(gone["state"], "withdrawn");
        let closed = app.post(&resident, &format!("{invoice}/payments"), json!({ "method": "card" })).await;
        assert_eq!(closed.problem(), "409 invoice_not_payable");
    }
);

on_both_databases!(
    /// Withdraw ∥ pay: one of them wins, never both.
    a_case_is_never_withdrawn_and_paid_at_once,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let resident = app.register("resident@example.jp", "resident").await;
        for _ in 0..rounds(3) {
            let (case, invoice) = submitted(&app, &resident).await;
            let (withdraw, pay) = (format!("{case}/withdraw"), format!("{invoice}/payments"));
            let (withdrawn, opened) = futures_util::future::join(
                app.post(&resident, &withdraw, json!({})),
                app.post(&resident, &pay, json!({ "method": "card" })),
            )
            .await;
            match (withdrawn.status.as_u16(), opened.status.as_u16()) {
                (200, 409) => assert_eq!(opened.problem(), "409 invoice_not_payable"),
                (409, 201) => assert_eq!(withdrawn.problem(), "409 payment_in_progress"),
                both => panic!("{both:?}"),
            }
        }
    }
);

on_both_databases!(
    /// One key, two cases at once: one effect, the other is told that the key was used.
    a_key_used_for_two_cases_at_once_has_one_effect,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let resident = app.register("resident@example.jp", "resident").await;
        for _ in 0..rounds(3) {
            let (one, other) = (
                app.draft(&resident, AOMORI, "kikenbutsu-menjo").await,
                app.draft(&resident, AOMORI, "kikenbutsu-menjo").await,
            );
            let key = new_key();
            let headers = [("idempotency-key", key.as_str())];
            let path = |id: &str| format!("/v1/tenants/020001/applications/{id}/submit");
            let (one, other) = (path(&one), path(&other));
            let (first, second) = futures_util::future::join(
                app.call(Method::POST, &one, Some(&resident), &headers, Some(json!({}))),
                app.call(Method::POST, &other, Some(&resident), &headers, Some(json!({}))),
            )
            .await;
            let mut statuses = [first.status.as_u16(), second.status.as_u16()];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 422], "{} {}", first.body, second.body);
        }
    }
);

on_both_databases!(
    /// An address that a resident registered first never becomes an officer's.
    a_post_is_never_given_to_an_account_that_somebody_registered,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        app.register("sato@pref.example.jp", "resident").await;
        let appointment = madoguchi::service::officer::Appointment {
            tenant: madoguchi::domain::id::TenantCode::parse(AOMORI).unwrap(),
            email: "Sato@pref.example.jp".to_owned(),
            name: "佐藤".to_owned(),
            password: secrecy::SecretString::from(PASSWORD),
            posts: vec![],
        };
        let refused = madoguchi::service::officer::appoint(&app.core, appointment).await.unwrap_err();
        assert!(format!("{refused:?}").contains("not_an_officer"), "{refused:?}");
        assert_eq!(db.count("(SELECT count(*) FROM officers)").await, 0);
    }
);

on_both_databases!(
    /// A repeat of an upload or a removal is a repeat, whatever has become of the case and the document.
    repeats_of_attachment_calls_answer_as_the_first_did,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let resident = app.register("resident@example.jp", "resident").await;
        let id = app.draft(&resident, AOMORI, "kikenbutsu-menjo").await;
        let case = app.get(&resident, &format!("/v1/tenants/020001/applications/{id}")).await.expect(200);
        let photo = case["attachments"][0]["id"].as_str().unwrap();
        let path = format!("/v1/tenants/020001/applications/{id}/attachments/{photo}");
        let key = new_key();
        let headers = [("idempotency-key", key.as_str())];
        let first = app.call(Method::DELETE, &path, Some(&resident), &headers, None).await;
        assert_eq!((first.status.as_u16(), first.headers.get("idempotency-replayed")), (204, None));
        let again = app.call(Method::DELETE, &path, Some(&resident), &headers, None).await;
        assert_eq!(again.status.as_u16(), 204);
        assert_eq!(again.headers.get("idempotency-replayed").unwrap(), "true");
        assert_eq!(app.get(&resident, &path).await.body["code"], Value::from("not_found"));
    }
);
