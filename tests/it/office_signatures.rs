//! Decisions that the law wants signed: the authority's key of office signs what the document prints; without one it is paper.

use madoguchi::domain::issued_document::DocumentClaims;
use madoguchi::domain::office_key::OfficeSignature;
use madoguchi::domain::policy::Role;
use madoguchi::service::document::{self, offline};
use reqwest::Method;
use serde_json::{Value, json};

use crate::fee_timing::Counter;
use crate::policy_coverage::world::DEPARTMENT;
use crate::support::app::{AOMORI, ON_ISSUE, Person, TestApp};
use crate::support::db::{TestDb, execute};

/// The procedure whose decision must be signed.
pub const FILE: &str = "procedures/020001/test-on-issue.yaml";

/// Its text.
pub fn signed_procedure() -> String {
    let signed = "issuance: { channel: paper_or_electronic, basis: 試験法第7条, signature: { basis: 試験法第8条, sample: true } }\n";
    include_str!("support/procedures/on-issue.yaml")
        .replace("retention_years:", &format!("{signed}retention_years:"))
}

/// As [`signed_procedure`], and its filings are open to the public from the decision.
pub fn signed_and_open_procedure() -> String {
    let open = "public_inspection: { basis: 試験法第13条, opens_on: decision, fields: [years], place: { ja: 閲覧所, en: Reading room }, \
        days: { ja: 毎日, en: Every day }, from: \"08:30:00\", until: \"17:00:00\", online: always, source: 試験用, sample: true }\n";
    signed_procedure().replace("retention_years:", &format!("{open}retention_years:"))
}

/// The counter with that procedure; the prefecture's key of office is changed first.
async fn counter(db: &TestDb, change: impl Fn(String) -> String) -> Counter {
    let tenant =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config/tenants/020001.yaml")).unwrap();
    let files = [(FILE.to_owned(), signed_procedure()), ("tenants/020001.yaml".to_owned(), change(tenant))];
    let app = TestApp::start_over(db, files, |_| {}).await;
    let business = app.register("business@example.jp", "business").await;
    let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
    let chief = app.officer(AOMORI, DEPARTMENT, Role::SectionChief, "chief@example.jp").await;
    Counter { app, business, clerk, chief }
}

/// A refusal, whose notice the applicant wishes electronically; gives the path of its case.
async fn decided(counter: &Counter) -> String {
    let case = counter.claimed(ON_ISSUE).await;
    let way = json!({ "way": "electronic" });
    counter.app.post(&counter.business, &format!("{case}/notice-way"), way).await.expect(201);
    counter.propose(&case, "refuse").await;
    assert_eq!(counter.seal(&case).await, "decided");
    case
}

async fn notice_way(counter: &Counter, case: &str) -> Value {
    let notices = counter.app.get(&counter.clerk, &format!("{case}/notices")).await.expect(200);
    notices["items"].as_array().unwrap().last().unwrap()["way"].clone()
}

/// The page of the decision and the token it bears.
async fn token(app: &TestApp, who: &Person, case: &str) -> String {
    token_of(app, who, case, "decision").await
}

async fn verified(app: &TestApp, token: &str) -> Value {
    app.call(Method::GET, &format!("/v1/verify/{token}"), None, &[], None).await.expect(200)
}

on_both_databases!(
    /// the signature is made at issue, over what the document prints, with the key of the authority of that day; anybody who holds
    /// the paper sees whose it is, and whoever has the public key proves it without us.
    r40_a_decision_is_signed_with_the_key_of_office_and_anybody_can_check_it,
    async |db: TestDb| {
        let counter = counter(&db, |tenant| tenant).await;
        let (app, business) = (&counter.app, &counter.business);
        let case = decided(&counter).await;
        assert_eq!(notice_way(&counter, &case).await, "electronic");
        let path = format!("{case}/documents/decision/signature");
        let found = app.get(business, &path).await.expect(200);
        assert_eq!((&found["authority"], &found["key_id"]), (&json!("青森県知事"), &json!("chiji-2024")));
        assert_eq!((&found["algorithm"], &found["check"]), (&json!("Ed25519"), &json!("valid")));
        assert!(found["certificate"].as_str().unwrap().contains("職責証明書"), "{found}");

        // What a verifier does who trusts nothing but the public key.
        let decode = |text: &Value| data_encoding::BASE64URL_NOPAD.decode(text.as_str().unwrap().as_bytes()).unwrap();
        let (public, signature) = (decode(&found["public_key"]["x"]), decode(&found["signature"]));
        let key = aws_lc_rs::signature::UnparsedPublicKey::new(&aws_lc_rs::signature::ED25519, public);
        let statement = found["statement"].as_str().unwrap();
        assert!(key.verify(statement.as_bytes(), &signature).is_ok());
        assert!(key.verify(statement.replace("知事", "市長").as_bytes(), &signature).is_err());
        assert!(statement.contains(found["content_sha256"].as_str().unwrap()) && statement.contains("青森県知事"));

        let checked = verified(app, &token(app, business, &case).await).await;
        assert_eq!(checked["content_sha256"], found["content_sha256"], "the paper is what was signed");
        assert_eq!(checked["signature"]["key_id"], "chiji-2024");
        assert_eq!((&checked["signature"]["check"], &checked["status"]), (&json!("valid"), &json!("current")));
        let timeline = app.get(&counter.clerk, &format!("{case}/timeline")).await.expect(200);
        let event = timeline["items"].as_array().unwrap().iter().find(|it| it["kind"] == "decided").unwrap();
        assert_eq!(event["facts"]["office_signature"]["content_sha256"], found["content_sha256"]);

        let stranger = app.register("stranger@example.jp", "business").await;
        assert_eq!(app.get(&stranger, &path).await.problem(), "404 not_found");
        let copy = format!("{case}/documents/application_copy/signature");
        assert_eq!(app.get(business, &copy).await.problem(), "409 no_office_signature");
        let (url, change) = (db.settings.url.clone(), "UPDATE document_signatures SET key_id = 'x'");
        assert!(std::panic::catch_unwind(move || execute(&url, change)).is_err(), "a signature is never changed");
    }
);

on_both_databases!(
    /// a corrected decision is signed anew; the first signature stays and still says what it was over.
    r40_a_correction_is_signed_anew_and_the_old_paper_keeps_its_signature,
    async |db: TestDb| {
        let counter = counter(&db, |tenant| tenant).await;
        let (app, business) = (&counter.app, &counter.business);
        let case = decided(&counter).await;
        let old = token(app, business, &case).await;
        let first = app.get(business, &format!("{case}/documents/decision/signature")).await.expect(200);
        let version = app.get(&counter.clerk, &case).await.etag();
        let reasons = json!([{ "fact": "位置が重なる", "clause": "第4条", "criterion": "審査基準第3" }]);
        let body = json!({ "error": "条項の誤り", "reasons": reasons });
        let path = format!("{case}/decision/corrections");
        app.post_if(&counter.clerk, &path, &version, body).await.expect(201);
        crate::decision_changes::seal(&counter, &case, "correction").await.expect(200);
        let second = app.get(business, &format!("{case}/documents/decision/signature")).await.expect(200);
        assert_ne!(second["content_sha256"], first["content_sha256"]);
        assert_ne!(second["signature"], first["signature"]);
        assert_eq!(second["check"], "valid");
        let checked = verified(app, &old).await;
        assert_eq!((&checked["status"], &checked["signature"]["check"]), (&json!("superseded"), &json!("valid")));
        assert_eq!(checked["signature"]["signature"], first["signature"]);
    }
);

on_both_databases!(
    /// without a key in force the decision is made and handed over on paper; electronically it is refused, also after a key came.
    r40_without_a_key_in_force_a_decision_goes_by_paper_and_never_electronically,
    async |db: TestDb| {
        let ended = |tenant: String| {
            tenant.replace("valid_from: 2024-04-01, source: 職責証明書", "valid_from: 2024-04-01, valid_to: 2026-03-31, source: 職責証明書")
        };
        let counter = counter(&db, ended).await;
        let (app, business) = (&counter.app, &counter.business);
        let case = decided(&counter).await;
        assert_eq!(notice_way(&counter, &case).await, "paper", "although it was wished for electronically");
        for path in ["documents/decision", "documents/decision/page"] {
            let refused = app.get(business, &format!("{case}/{path}")).await;
            assert_eq!(refused.problem(), "409 decision_not_signed", "{path}");
        }
        let listed = app.get(business, &format!("{case}/documents")).await.expect(200);
        assert!(!listed["items"].as_array().unwrap().iter().any(|item| item["kind"] == "decision"), "{listed}");
        assert_eq!(
            app.get(business, &format!("{case}/documents/decision/signature")).await.problem(),
            "409 no_office_signature"
        );
        let printed = token(app, &counter.clerk, &case).await;
        assert_eq!(verified(app, &printed).await["signature"], Value::Null, "staff print it, to be sealed by hand");
        let timeline = app.get(&counter.clerk, &format!("{case}/timeline")).await.expect(200);
        let event = timeline["items"].as_array().unwrap().iter().find(|it| it["kind"] == "decided").unwrap();
        assert_eq!(event["facts"]["office_signature"], "no_key_in_force");
    }
);

/// The registration of the shipped procedure, whose papers must be signed here; the prefecture's key of office is changed first.
async fn registry(db: &TestDb, change: impl Fn(String) -> String) -> Counter {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/config/");
    let read = |name: &str| std::fs::read_to_string(format!("{config}{name}")).unwrap();
    let channel = "issuance: { channel: paper_or_electronic,";
    let (name, body) = ("procedures/020001/denki-koji-toroku.yaml", "tenants/020001.yaml");
    let text =
        read(name).replace(channel, &format!("{channel} signature: {{ basis: 試験法第8条, sample: true }},"));
    assert!(text.contains("試験法第8条"));
    let files = [(name.to_owned(), text), (body.to_owned(), change(read(body)))];
    let app = TestApp::start_over(db, files, |_| {}).await;
    let business = app.register("business@example.jp", "business").await;
    let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
    let chief = app.officer(AOMORI, DEPARTMENT, Role::SectionChief, "chief@example.jp").await;
    Counter { app, business, clerk, chief }
}

/// Suspends the permit; gives the name of the order's paper.
async fn suspended(counter: &Counter, case: &str, permit: &str) -> String {
    let way = json!({ "way": "electronic" });
    counter.app.post(&counter.business, &format!("{case}/notice-way"), way).await.expect(201);
    let mut hearing = crate::decision_changes::hearing();
    hearing["form"] = json!("explanation");
    let reasons = json!([crate::decision_changes::parts("第28条第2項")]);
    let body = json!({ "order": "suspension", "ground": "第28条第2項", "effective_on": "2026-04-01", "until": "2026-04-30",
        "hearing": hearing, "reasons": reasons });
    crate::decision_changes::order(counter, case, permit, body).await.expect(201);
    crate::decision_changes::seal(counter, case, "permit_order").await.expect(200);
    let orders = counter.app.get(&counter.clerk, &format!("{permit}/orders")).await.expect(200);
    format!("permit_order.{}", orders["items"][0]["id"].as_str().unwrap())
}

/// By which way the order about the permit is told.
async fn way_of_order(counter: &Counter, case: &str) -> Value {
    let notices = counter.app.get(&counter.clerk, &format!("{case}/notices")).await.expect(200);
    let told = notices["items"].as_array().unwrap().iter().find(|item| item["about"] == "permit_order");
    told.unwrap()["way"].clone()
}

async fn token_of(app: &TestApp, who: &Person, case: &str, name: &str) -> String {
    let page = app.get(who, &format!("{case}/documents/{name}/page")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let html = page.body.as_str().unwrap().to_owned();
    let (_, address) = html.split_once("/v1/verify/").unwrap();
    address.split_once("</p>").unwrap().0.replace("<br>", "")
}

on_both_databases!(
    /// permit and order are signed like the decision, each over what it prints; anybody sees it at the check, and whoever has the
    /// public keys sees it without us.
    r40_a_permit_and_an_order_about_it_are_signed_and_checked_with_and_without_us,
    async |db: TestDb| {
        let counter = registry(&db, |tenant| tenant).await;
        let (app, business) = (&counter.app, &counter.business);
        let (case, permit) = crate::decision_changes::registered(&counter).await;
        let order = suspended(&counter, &case, &permit).await;
        assert_eq!(way_of_order(&counter, &case).await, "electronic");
        let keys = offline::public_keys(&app.core.catalogue.current(), &app.core.keys);
        let mut found = Vec::new();
        for (name, status) in [("decision", "suspended"), ("permit", "suspended"), (order.as_str(), "current")] {
            let signature = app.get(business, &format!("{case}/documents/{name}/signature")).await.expect(200);
            assert_eq!((&signature["authority"], &signature["check"]), (&json!("青森県知事"), &json!("valid")), "{name}");
            let token = token_of(app, business, &case, name).await;
            let checked = verified(app, &token).await;
            assert_eq!(checked["signature"]["signature"], signature["signature"], "{name}");
            assert_eq!((&checked["signature"]["check"], &checked["status"]), (&json!("valid"), &json!(status)), "{name}");
            found.push((document::verify_offline(&keys, &token).unwrap(), signature));
        }
        let says = |claims: &DocumentClaims, signature: &Value, keys: &Value| {
            offline::check_signature(keys, claims, signature).map(|found| found.check)
        };
        for (paper, (claims, signature)) in found.iter().enumerate() {
            assert_eq!(says(claims, signature, &keys), Some(OfficeSignature::Valid));
            let (_, other) = &found[(paper + 1) % found.len()];
            assert_eq!(says(claims, other, &keys), Some(OfficeSignature::Invalid), "of another paper");
            let mut forged = signature.clone();
            let statement = signature["statement"].as_str().unwrap();
            forged["statement"] = json!(statement.replace(&claims.issued_on.to_string(), "2026-04-09"));
            assert_eq!(says(claims, &forged, &keys), Some(OfficeSignature::Invalid), "of another day");
            let installation = json!({ "keys": [keys["keys"][0], keys["keys"][1]] });
            assert_eq!(says(claims, signature, &installation), Some(OfficeSignature::UnknownKey));
        }
        let timeline = app.get(&counter.clerk, &format!("{case}/timeline")).await.expect(200);
        let event = |kind: &str| timeline["items"].as_array().unwrap().iter().find(|it| it["kind"] == kind).unwrap();
        let content = |facts: &Value| facts["content_sha256"].clone();
        assert_eq!(content(&event("decided")["facts"]["permit_signature"]), found[1].1["content_sha256"]);
        assert_eq!(content(&event("permit_suspended")["facts"]["office_signature"]), found[2].1["content_sha256"]);
    }
);

on_both_databases!(
    /// what the authority could not sign goes by paper, permit and order as well.
    r40_a_permit_and_an_order_without_a_key_in_force_go_by_paper,
    async |db: TestDb| {
        let ended = |tenant: String| {
            tenant.replace("valid_from: 2024-04-01, source: 職責証明書", "valid_from: 2024-04-01, valid_to: 2026-03-31, source: 職責証明書")
        };
        let counter = registry(&db, ended).await;
        let (app, business) = (&counter.app, &counter.business);
        let (case, permit) = crate::decision_changes::registered(&counter).await;
        let order = suspended(&counter, &case, &permit).await;
        assert_eq!(way_of_order(&counter, &case).await, "paper", "although it was wished for electronically");
        for name in ["permit", order.as_str()] {
            let refused = app.get(business, &format!("{case}/documents/{name}/page")).await;
            assert_eq!(refused.problem(), "409 decision_not_signed", "{name}");
            let none = app.get(business, &format!("{case}/documents/{name}/signature")).await;
            assert_eq!(none.problem(), "409 no_office_signature", "{name}");
            let printed = token_of(app, &counter.clerk, &case, name).await;
            assert_eq!(verified(app, &printed).await["signature"], Value::Null, "{name}");
        }
        let listed = app.get(business, &format!("{case}/documents")).await.expect(200);
        let kinds: Vec<_> = listed["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
        assert!(!kinds.iter().any(|kind| kind.starts_with("permit")), "{kinds:?}");
    }
);

/// The shipped procedure that asks for a signature says that the clause is not confirmed.
#[test]
fn r40_a_shipped_procedure_asks_for_a_signature_as_a_sample() {
    let catalogue = crate::support::catalogue::shipped();
    let wanted = catalogue.all_versions().filter_map(|version| version.definition.required_signature());
    let wanted: Vec<_> =
        wanted.map(|signature| (signature.sample, signature.basis.contains("未確認"))).collect();
    assert_eq!(wanted, [(true, true)]);
}

on_both_databases!(
    /// the signature of a permit says that it was granted, and the answer that there is none says that it was refused.
    r38_whoever_is_given_the_signature_of_a_permit_has_been_told_what_was_decided,
    async |db: TestDb| {
        let counter = registry(&db, |tenant| tenant).await;
        let (app, business) = (&counter.app, &counter.business);
        for (decision, answer) in [("grant", "200 -"), ("refuse", "409 no_office_signature")] {
            let submitted = app.submitted(business, AOMORI, "denki-koji-toroku").await;
            let case = format!("/v1/tenants/{AOMORI}/applications/{}", submitted["id"].as_str().unwrap());
            let way = json!({ "way": "electronic" });
            app.post(business, &format!("{case}/notice-way"), way).await.expect(201);
            counter.pay(submitted["invoice"]["id"].as_str().unwrap()).await;
            app.post(&counter.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
            counter.propose(&case, decision).await;
            assert_eq!(counter.seal(&case).await, "decided");
            let state = async || {
                let notices = app.get(&counter.clerk, &format!("{case}/notices")).await.expect(200);
                notices["items"][0]["state"].clone()
            };
            let path = format!("{case}/documents/permit/signature");
            assert_eq!(app.get(&counter.clerk, &path).await.problem(), answer);
            assert_eq!(state().await, "available", "an officer's look is no retrieval");
            assert_eq!(app.get(business, &path).await.problem(), answer);
            assert_eq!(state().await, "arrived", "{decision}");
        }
    }
);
