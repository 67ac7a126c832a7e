//! Waivers that were got by a false statement: evidence is kept, the ceiling is said, nothing is claimed.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{AOMORI, Answer, TestApp, new_key};
use crate::support::db::{TestDb, execute};
use crate::waivers::office::{FEE, Office, Owing};

const STATEMENT: &str = "罹災証明書は別の世帯のものだった";

fn path(waiver: &Value) -> String {
    format!("/v1/tenants/{AOMORI}/waivers/{}/false-claims", waiver["id"].as_str().unwrap())
}

/// A case with the certificate that the applicant attached, and the waiver that was granted for it.
async fn granted(office: &Office<'_>, ground: &str) -> (Owing, Value, String) {
    let owing = office.owing().await;
    let files = office.app.get(&office.business, &owing.case).await.expect(200)["attachments"].clone();
    let file = files[0]["id"].as_str().unwrap().to_owned();
    let wanted = json!({ "ground": ground, "statement": "災害により納付が困難", "attachments": [file] });
    let asked = office.app.post(&office.business, &owing.path("/waivers"), wanted).await.expect(201);
    let grant = json!({ "decision": "grant", "reasons": ["罹災証明書を確認した"] });
    office.draft(&owing, &asked, grant).await.expect(201);
    office.seal(&office.manager, &owing).await.expect(200);
    office.seal(&office.chief, &owing).await.expect(200);
    (owing, asked, file)
}

async fn record(office: &Office<'_>, waiver: &Value, body: Value) -> Answer {
    office.app.post(&office.clerk, &path(waiver), body).await
}

on_both_databases!(
    r65_a_false_claim_keeps_its_evidence_and_says_the_ceiling_of_the_fine_and_claims_nothing,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let (owing, waiver, file) = granted(&office, "hardship").await;
        let before = office.books(&owing).await;
        let wrong = json!({ "statement": " ", "attachments": [uuid::Uuid::nil()] });
        let refused = record(&office, &waiver, wrong).await;
        let places: Vec<&Value> =
            refused.body["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
        assert_eq!(
            (refused.problem().as_str(), places),
            ("422 validation_failed", vec![&json!("/statement"), &json!("/attachments/0")])
        );

        let key = new_key();
        let headers = [("idempotency-key", key.as_str())];
        let body = json!({ "statement": STATEMENT });
        let post = async || {
            app.call(Method::POST, &path(&waiver), Some(&office.clerk), &headers, Some(body.clone())).await
        };
        let fact = post().await.expect(201);
        assert_eq!((&fact["evaded"], &fact["ceiling"]), (&json!(FEE), &json!(5 * FEE)));
        assert_eq!((&fact["statement"], &fact["sample"]), (&json!(STATEMENT), &json!(true)));
        assert_eq!(fact["evidence"][0]["attachment"], json!(file), "what was handed in with the request");
        assert_eq!(fact["evidence"][0]["sealed_sha256"].as_str().unwrap().len(), 64);
        let again = post().await;
        assert_eq!((again.status.as_u16(), &again.body), (201, &fact));
        let second = record(&office, &waiver, json!({ "statement": "x" })).await;
        assert_eq!(second.problem(), "409 false_claim_recorded");

        let after = office.books(&owing).await;
        assert_eq!(after.entries, before.entries, "nothing is claimed");
        assert_eq!((&after.invoice.state, after.payments.len()), (&before.invoice.state, 0));
        assert_eq!(office.waiver(&waiver).await["state"], "granted", "a revocation is decided by itself");

        let list = app.get(&office.chief, &path(&waiver)).await.expect(200);
        assert_eq!(list["items"], json!([fact]));
        for other in [&office.accountant] {
            assert_eq!(app.get(other, &path(&waiver)).await.problem(), "404 not_found");
        }
        assert_eq!(app.get(&office.business, &path(&waiver)).await.problem(), "403 forbidden");
        let kept = db.count("(SELECT COUNT(*) FROM false_claims WHERE ceiling = 110000)").await;
        assert_eq!(kept, 1);
        let timeline = app.get(&office.business, &format!("{}/timeline", owing.case)).await.expect(200);
        assert_eq!(timeline["chain"], "intact");
        assert!(!timeline.to_string().contains("110000"), "it is the office's own");
        let url = db.settings.url.clone();
        let rewrite = "UPDATE false_claims SET ceiling = 1";
        assert!(std::thread::spawn(move || execute(&url, rewrite)).join().is_err(), "it is never rewritten");
    }
);

on_both_databases!(
    r65_only_what_was_granted_can_be_false_and_the_ceiling_follows_what_was_evaded,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        let asked = office.ask(&office.business, &owing, "half").await.expect(201);
        let body = || json!({ "statement": STATEMENT });
        assert_eq!(record(&office, &asked, body()).await.problem(), "409 wrong_state");
        let grant = json!({ "decision": "grant", "reasons": ["確認した"] });
        office.draft(&owing, &asked, grant).await.expect(201);
        office.seal(&office.manager, &owing).await.expect(200);
        office.seal(&office.chief, &owing).await.expect(200);
        let fact = record(&office, &asked, body()).await.expect(201);
        assert_eq!((&fact["evaded"], &fact["ceiling"]), (&json!(FEE / 2), &json!(5 * FEE / 2)));
        assert_eq!(fact["evidence"], json!([]));
    }
);

on_both_databases!(r65_without_an_ordinance_nothing_is_said_of_a_fine, async |db: TestDb| {
    let tenant = include_str!("../../config/tenants/020001.yaml");
    let (from, to) = ("    least: 50000\n", "    least: 50000\n    valid_to: 2026-03-31\n");
    assert!(tenant.contains(from));
    let app = TestApp::start_offering(&db, "tenants/020001.yaml", &tenant.replace(from, to)).await;
    let office = Office::open(&app, &db).await;
    let owing = office.owing().await;
    let waiver = office.waived(&owing, "half").await;
    let refused = record(&office, &waiver, json!({ "statement": STATEMENT })).await;
    assert_eq!(refused.problem(), "409 no_false_claim_terms");
    assert_eq!(db.count("(SELECT COUNT(*) FROM false_claims)").await, 0);
});
