//! What holds back what was granted: its fee, and what is given in exchange for it.

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
