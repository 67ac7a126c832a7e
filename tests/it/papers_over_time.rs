//! What a paper says stays what it said: nothing that happens in the case afterwards makes a true paper a wrong one.

use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use crate::fee_timing::Counter;
use crate::issued_documents::{checked, of_kind, page};
use crate::resubmissions::{PROCEDURE, answer, ask, claimed};
use crate::support::app::{AFTER_REVIEW, AOMORI, ON_ISSUE, TestApp};
use crate::support::db::TestDb;
use crate::waivers::office::Office;

const NAME: &str = "procedures/020001/test-corrections.yaml";
const HEALTH_CENTRE: &str = "hokensho-tosei";

async fn status(app: &TestApp, token: &str) -> Value {
    checked(app, token).await.1["status"].clone()
}

on_both_databases!(
    /// a fee that is fixed after the arrival is no part of what was handed in; the copy stays the copy.
    r69_the_copy_of_an_application_stays_true_when_its_fee_is_fixed_later,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let (app, business) = (&counter.app, &counter.business);
        for procedure in [AFTER_REVIEW, ON_ISSUE] {
            let case = counter.claimed(procedure).await;
            let (before, token) = page(app, business, &case, "application_copy").await;
            assert!(!before.contains("手数料等"), "{before}");
            if procedure == AFTER_REVIEW {
                counter.fix(&case, 3, false).await.expect(201);
            } else {
                counter.propose(&case, "grant").await;
                assert_eq!(counter.seal(&case).await, "decided");
            }
            assert_eq!(status(app, &token).await, "current", "{procedure}");
            assert_eq!(page(app, business, &case, "application_copy").await.0, before);
        }
        assert_eq!(db.count("(SELECT COUNT(*) FROM invoices)").await, 2);
        // What was owed on submission was handed in with the application, and the copy says so.
        let submitted = app.submitted(business, AOMORI, "denki-koji-toroku").await;
        let case = format!("/v1/tenants/020001/applications/{}", submitted["id"].as_str().unwrap());
        let (copy, _) = page(app, business, &case, "application_copy").await;
        assert!(copy.contains("手数料等") && copy.contains("22,000円"), "{copy}");
    }
);

on_both_databases!(
    /// a request was made by the department that had the case then, and the copy is addressed to whom it was handed in,
    /// wherever the case has gone since.
    r126_papers_speak_in_the_name_of_who_had_the_case_on_their_day,
    async |db: TestDb| {
        let text = include_str!("support/procedures/corrections.yaml")
            .replace("department: kankyo-hozen", &format!("department: {HEALTH_CENTRE}"));
        let app = TestApp::start_offering(&db, NAME, &text).await;
        let office = Office::open(&app, &db).await;
        let case = claimed(&office).await.case;
        ask(&office, &case, &["/form/place"]).await;
        let requests = async || of_kind(&app, &office.business, &case, "correction_request").await;
        let first = requests().await[0].clone();
        let (asked, token) = page(&app, &office.business, &case, &first).await;
        assert!(asked.contains("青森県知事") && asked.contains("消防保安課号外"), "{asked}");

        answer(&office, &case, json!({ "place": "east" })).await.expect(200);
        let moved = app.get(&office.business, &case).await.expect(200);
        assert_eq!(moved["department"], HEALTH_CENTRE);
        assert_eq!(status(&app, &token).await, "current");
        assert_eq!(page(&app, &office.business, &case, &first).await.0, asked);
        let (copy, _) = page(&app, &office.business, &case, "application_copy").await;
        assert!(copy.contains("青森県知事　宛て") && !copy.contains("保健所長"), "{copy}");

        // What the office asks that has it now, it asks in its own name.
        let tosei = app.officer(AOMORI, HEALTH_CENTRE, Role::Clerk, "tosei@example.jp").await;
        app.post(&tosei, &format!("{case}/claim"), json!({})).await.expect(200);
        let items = json!([{ "pointer": "/form/name", "message": "確認してください" }]);
        let body = json!({ "items": items, "due_on": "2026-04-20" });
        app.post(&tosei, &format!("{case}/corrections"), body).await.expect(201);
        let second = requests().await.into_iter().find(|name| *name != first).unwrap();
        let (asked, _) = page(&app, &office.business, &case, &second).await;
        assert!(asked.contains("保健所長（東青地域）"), "{asked}");
    }
);

on_both_databases!(
    /// business that is delegated is done in the name of the delegate from the first paper to the decision.
    r111_papers_of_delegated_business_name_the_delegate,
    async |db: TestDb| {
        let text = include_str!("support/procedures/corrections.yaml").replace(
            "clerical_kind: autonomous,",
            "clerical_kind: autonomous, disposing_authority: { ja: 試験所長, en: Head of the Test Centre },",
        );
        let app = TestApp::start_offering(&db, NAME, &text).await;
        let office = Office::open(&app, &db).await;
        let offered = app.get(&office.business, &format!("/v1/tenants/020001/procedures/{PROCEDURE}")).await.expect(200);
        assert_eq!(offered["disposing_authority"], "Head of the Test Centre");
        let case = claimed(&office).await.case;
        let (copy, _) = page(&app, &office.business, &case, "application_copy").await;
        assert!(copy.contains("試験所長　宛て") && !copy.contains("青森県知事"), "{copy}");
        ask(&office, &case, &["/form/name"]).await;
        let request = of_kind(&app, &office.business, &case, "correction_request").await[0].clone();
        let (asked, _) = page(&app, &office.business, &case, &request).await;
        assert!(asked.contains("試験所長") && !asked.contains("青森県知事"), "{asked}");
    }
);
