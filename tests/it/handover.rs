//! What holds back what was granted: its fee, and what is given in exchange for it.

use jiff::SignedDuration;
use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use crate::fee_timing::Counter;
use crate::originals::confirm;
use crate::policy_coverage::world::DEPARTMENT;
use crate::support::app::{AOMORI, ON_ISSUE, TestApp};
use crate::support::db::TestDb;

/// The counter of a procedure that gives a permit; its fee is due at issue, and the old card is given back for it.
async fn counter(db: &TestDb) -> Counter {
    let card = "attachments:\n  - { code: old_card, title: { ja: 旧カード, en: Old card }, media_types: [application/pdf], \
        max_bytes: 1048576, form: original_on_handover }\nprocessing:";
    let file = "attachments:\n      - { code: old_card, filename: card.pdf, media_type: application/pdf }\n    total:";
    let validity = "validity: { years: 5, basis: 試験法第5条, sample: true }\nretention_years:";
    let text = include_str!("support/procedures/on-issue.yaml")
        .replace("processing:", card)
        .replace("total:", file)
        .replace("retention_years:", validity);
    let app = TestApp::start_offering(db, "procedures/020001/test-on-issue.yaml", &text).await;
    let business = app.register("business@example.jp", "business").await;
    let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
    let chief = app.officer(AOMORI, DEPARTMENT, Role::SectionChief, "chief@example.jp").await;
    Counter { app, business, clerk, chief }
}

async fn granted(counter: &Counter, way: &str) -> String {
    let case = counter.claimed(ON_ISSUE).await;
    let wish = json!({ "way": way });
    counter.app.post(&counter.business, &format!("{case}/notice-way"), wish).await.expect(201);
    counter.propose(&case, "grant").await;
    assert_eq!(counter.seal(&case).await, "decided");
    case
}

/// Whether the applicant's list of documents has a permit.
async fn is_listed(counter: &Counter, case: &str) -> bool {
    let listed = counter.app.get(&counter.business, &format!("{case}/documents")).await.expect(200);
    listed["items"].as_array().unwrap().iter().any(|item| item["kind"] == "permit")
}

async fn notice(counter: &Counter, case: &str) -> Value {
    let listed = counter.app.get(&counter.clerk, &format!("{case}/notices")).await.expect(200);
    listed["items"][0]["state"].clone()
}

on_both_databases!(
    /// nobody gets the permit before its fee is paid or entrusted and the old card was given back; staff see it all the
    /// time.
    r59_a_permit_is_handed_over_for_its_fee_and_for_what_is_exchanged_for_it,
    async |db: TestDb| {
        let counter = counter(&db).await;
        let (app, business) = (&counter.app, &counter.business);
        let case = granted(&counter, "paper").await;
        let permit = format!("{case}/documents/permit/page");
        let decision = app.get(business, &format!("{case}/decision")).await.expect(200);
        assert_eq!(decision["fee"], "payment_awaited");
        assert_eq!(app.get(business, &permit).await.problem(), "409 payment_awaited");
        assert!(!is_listed(&counter, &case).await, "what is not given is not listed");
        app.get(&counter.clerk, &permit).await.expect(200);
        app.get(business, &format!("{case}/documents/decision/page")).await.expect(200);

        counter.pay(decision["invoice"].as_str().unwrap()).await;
        let refused = app.get(business, &permit).await;
        assert_eq!(refused.problem(), "409 originals_not_seen");
        assert_eq!(refused.body["errors"][0]["pointer"], "/originals/document/old_card");
        assert!(!is_listed(&counter, &case).await);
        assert_eq!(confirm(app, &counter.clerk, &case).await, 1);
        app.get(business, &permit).await.expect(200);
        assert!(is_listed(&counter, &case).await);
    }
);

on_both_databases!(
    /// that a permit is there and held back says what was decided; so does the answer that there is none.
    r38_a_permit_that_is_held_back_or_is_none_tells_what_was_decided,
    async |db: TestDb| {
        let counter = counter(&db).await;
        let case = granted(&counter, "electronic").await;
        assert_eq!(notice(&counter, &case).await, "available");
        let permit = format!("{case}/documents/permit/page");
        assert_eq!(counter.app.get(&counter.business, &permit).await.problem(), "409 payment_awaited");
        assert_eq!(notice(&counter, &case).await, "arrived");

        let case = counter.claimed(ON_ISSUE).await;
        let wish = json!({ "way": "electronic" });
        counter.app.post(&counter.business, &format!("{case}/notice-way"), wish).await.expect(201);
        counter.propose(&case, "refuse").await;
        assert_eq!(counter.seal(&case).await, "decided");
        let permit = format!("{case}/documents/permit/page");
        assert_eq!(counter.app.get(&counter.clerk, &permit).await.problem(), "404 not_found");
        assert_eq!(notice(&counter, &case).await, "available", "an officer's look is no retrieval");
        assert_eq!(counter.app.get(&counter.business, &permit).await.problem(), "404 not_found");
        assert_eq!(notice(&counter, &case).await, "arrived");
    }
);

on_both_databases!(
    /// a claim that only a grant makes is no door that tells it: it is made, told and due with the retrieval.
    r38_a_fee_at_issue_is_claimed_when_the_notice_of_the_grant_is_retrieved,
    async |db: TestDb| {
        let mut counter = counter(&db).await;
        let case = granted(&counter, "electronic").await;
        let app = &counter.app;
        app.advance(SignedDuration::from_hours(24 * 40)).await;
        app.drain().await;
        counter.business = app.sign_in("business@example.jp", &counter.business.id).await;
        counter.clerk = app.sign_in("clerk@example.jp", &counter.clerk.id).await;
        counter.chief = app.sign_in("chief@example.jp", &counter.chief.id).await;
        let (app, business) = (&counter.app, &counter.business);
        assert_eq!(app.get(business, &case).await.expect(200)["invoice"], Value::Null);
        assert_eq!(app.get(business, "/v1/me/invoices").await.expect(200)["items"], json!([]));
        let listed = app.get(business, &format!("{case}/documents")).await.expect(200);
        let kinds: Vec<_> = listed["items"].as_array().unwrap().iter().map(|item| item["kind"].clone()).collect();
        assert!(!kinds.contains(&json!("payment_notice")), "{kinds:?}");
        assert_eq!(db.count("(SELECT COUNT(*) FROM jobs WHERE kind = 'notify_fee')").await, 0);
        let seen = app.get(&counter.clerk, &format!("{case}/decision")).await.expect(200);
        assert_eq!((&seen["fee"], &seen["invoice"]), (&json!("payment_awaited"), &Value::Null), "staff see that one will come");
        assert_eq!(notice(&counter, &case).await, "available", "none of this was a retrieval");

        let decision = app.get(business, &format!("{case}/decision")).await.expect(200);
        assert_eq!(decision["fee"], "payment_awaited");
        let invoice = decision["invoice"].as_str().unwrap();
        let path = format!("/v1/tenants/{AOMORI}/invoices/{invoice}");
        assert_eq!(app.get(business, &path).await.expect(200)["total"], 15_900);
        let later = "(SELECT COUNT(*) FROM invoices, decisions WHERE invoices.issued_at > decisions.decided_at)";
        assert_eq!(db.count(later).await, 1, "its days count from the retrieval");
        assert_eq!(db.count("(SELECT COUNT(*) FROM jobs WHERE kind = 'notify_fee')").await, 1);
        app.get(business, &format!("{case}/decision")).await.expect(200);
        assert_eq!(db.count("(SELECT COUNT(*) FROM invoices)").await, 1, "once");

        // the last seal fixed it, whoever brought the claim about.
        let cash = json!({ "means": "cash", "amount": 15_900, "received_on": "2026-05-11" });
        let taking = format!("{path}/counter-payments");
        assert_eq!(app.post(&counter.chief, &taking, cash.clone()).await.problem(), "403 own_assessment");
        assert_eq!(app.post(&counter.clerk, &taking, cash).await.expect(201)["state"], "captured");
    }
);

on_both_databases!(
    /// what nobody retrieves goes by letter, and the claim with it.
    r38_a_fee_at_issue_is_claimed_with_the_letter_that_takes_the_place_of_a_notice,
    async |db: TestDb| {
        let counter = counter(&db).await;
        let case = granted(&counter, "electronic").await;
        let listed = counter.app.get(&counter.clerk, &format!("{case}/notices")).await.expect(200);
        let path = format!("/v1/tenants/{AOMORI}/notices/{}/paper", listed["items"][0]["id"].as_str().unwrap());
        assert_eq!(db.count("(SELECT COUNT(*) FROM invoices)").await, 0);
        let why = json!({ "reason": "取得されないため" });
        counter.app.post(&counter.clerk, &path, why).await.expect(200);
        let shown = counter.app.get(&counter.business, &case).await.expect(200);
        assert_eq!(shown["invoice"]["total"], 15_900);
    }
);
