//! Inspections: the applicant is told when somebody comes, and sees what was found when it is released.

use jiff::SignedDuration;
use madoguchi::domain::policy::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::fee_timing::Counter;
use crate::policy_coverage::world::DEPARTMENT;
use crate::support::app::{AOMORI, ON_ISSUE, Person, TestApp, new_key};
use crate::support::db::TestDb;
use crate::support::traces::{rounds, traces};

fn plan(counter: &Counter) -> Value {
    json!({ "planned_at": "2026-04-10T01:00:00Z", "place": "青森市長島一丁目1番1号", "purpose": "施設基準の確認",
        "officers": [counter.clerk.id, counter.chief.id] })
}

async fn planned(counter: &Counter, case: &str) -> String {
    let path = format!("{case}/inspections");
    let made = counter.app.post(&counter.clerk, &path, plan(counter)).await.expect(201);
    format!("/v1/tenants/020001/inspections/{}", made["id"].as_str().unwrap())
}

async fn seen(counter: &Counter, who: &Person, case: &str) -> Value {
    counter.app.get(who, &format!("{case}/inspections")).await.expect(200)["items"][0].clone()
}

fn mails(counter: &Counter) -> Vec<String> {
    let folder = std::fs::read_dir(&counter.app.core.settings.mail.directory).unwrap();
    folder.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

on_both_databases!(
    /// Appointment, another one, result: parties see where and when, then, once released, what was found; never why it moved.
    an_applicant_sees_the_appointment_and_what_was_released,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let case = counter.claimed(ON_ISSUE).await;
        let inspection = planned(&counter, &case).await;
        let appointment = seen(&counter, &counter.business, &case).await;
        assert_eq!((appointment["state"].as_str(), appointment["place"].as_str()), (Some("planned"), Some("青森市長島一丁目1番1号")));
        let moved = json!({ "planned_at": "2026-04-12T01:00:00Z", "reason": "担当者の都合" });
        counter.app.post(&counter.clerk, &format!("{inspection}/reschedule"), moved).await.expect(200);
        let early = counter.app.post(&counter.clerk, &format!("{inspection}/release"), json!({})).await;
        assert_eq!(early.problem(), "409 wrong_state", "there is nothing to release yet");
        counter.app.advance(SignedDuration::from_hours(24 * 11)).await;
        let clerk = counter.app.sign_in("clerk@example.jp", &counter.clerk.id).await;
        let business = counter.app.sign_in("business@example.jp", &counter.business.id).await;
        let result = json!({ "result": "conditions", "carried_out_on": "2026-04-12", "findings": "換気扇の増設が必要" });
        counter.app.post(&clerk, &format!("{inspection}/result"), result).await.expect(200);
        let hidden = seen(&counter, &business, &case).await;
        assert_eq!((&hidden["result"], &hidden["findings"], hidden["carried_out_on"].as_str()), (&Value::Null, &Value::Null, Some("2026-04-12")));
        assert!(hidden["history"].as_array().unwrap().iter().all(|act| act["reason"].is_null()), "{hidden}");
        let timeline = counter.app.get(&business, &format!("{case}/timeline")).await.expect(200);
        assert!(!timeline.to_string().contains("conditions"), "{timeline}");
        let inside = seen(&counter, &clerk, &case).await;
        assert_eq!((inside["result"].as_str(), inside["history"][1]["reason"].as_str()), (Some("conditions"), Some("担当者の都合")));
        for _ in 0..2 {
            counter.app.post(&clerk, &format!("{inspection}/release"), json!({})).await.expect(200);
        }
        let released = seen(&counter, &business, &case).await;
        assert_eq!((released["result"].as_str(), released["findings"].as_str()), (Some("conditions"), Some("換気扇の増設が必要")));
        let acts: Vec<_> = released["history"].as_array().unwrap().iter().map(|act| act["act"].as_str().unwrap()).collect();
        assert_eq!(acts, ["planned", "rescheduled", "carried_out", "released"]);
        let timeline = counter.app.get(&clerk, &format!("{case}/timeline")).await.expect(200);
        assert_eq!(timeline["chain"], "intact");
    }
);

on_both_databases!(
    /// One mail for each appointment, however often jobs run, and it says neither where nor when (T-9).
    t9_each_appointment_is_mailed_once,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let case = counter.claimed(ON_ISSUE).await;
        let inspection = planned(&counter, &case).await;
        let moved = json!({ "planned_at": "2026-04-12T01:00:00Z", "reason": "荒天" });
        counter.app.post(&counter.clerk, &format!("{inspection}/reschedule"), moved).await.expect(200);
        counter.app.post(&counter.clerk, &format!("{inspection}/cancel"), json!({ "reason": "書面で確認" })).await.expect(200);
        counter.app.drain().await;
        counter.app.drain().await;
        let sent = mails(&counter);
        assert_eq!(sent.len(), 3);
        assert!(sent.iter().all(|mail| !mail.contains("2026-04-1") && mail.contains("business@example.jp")), "{sent:?}");
        let over = counter.app.post(&counter.clerk, &format!("{inspection}/result"), json!({ "result": "passed", "carried_out_on": "2026-04-01" })).await;
        assert_eq!(over.problem(), "409 wrong_state");
        let sealed = db.count("(SELECT COUNT(*) FROM inspections WHERE CAST(sealed_plan AS TEXT) LIKE '%place%')").await;
        assert_eq!(sealed, 0, "the place lies sealed");
    }
);

on_both_databases!(
    /// Every fault at once; nobody of another department goes; an ended case is not inspected; the history is kept.
    what_may_be_planned_and_what_stays,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let other = counter.app.officer(AOMORI, "kendo-doro", Role::Clerk, "doro@example.jp").await;
        let case = counter.claimed(ON_ISSUE).await;
        let path = format!("{case}/inspections");
        let before = traces(&db).await;
        for (body, pointers) in [
            (json!({ "planned_at": "2026-03-31T01:00:00Z", "place": "", "purpose": "", "officers": [] }), vec!["/planned_at", "/place", "/purpose", "/officers"]),
            (json!({ "planned_at": "2026-04-10T01:00:00Z", "place": "x", "purpose": "y", "officers": [counter.clerk.id, other.id] }), vec!["/officers/1"]),
        ] {
            let refused = counter.app.post(&counter.clerk, &path, body).await;
            let faults = refused.body["errors"].as_array().unwrap();
            assert_eq!(faults.iter().map(|fault| fault["pointer"].as_str().unwrap()).collect::<Vec<_>>(), pointers);
        }
        assert_eq!(traces(&db).await, before);
        let inspection = planned(&counter, &case).await;
        for (body, pointers) in [
            (json!({ "result": "failed", "carried_out_on": "2026-04-02" }), vec!["/findings", "/carried_out_on"]),
            (json!({ "result": "could_not_be_carried_out", "carried_out_on": "2026-04-01" }), vec!["/findings"]),
        ] {
            let refused = counter.app.post(&counter.clerk, &format!("{inspection}/result"), body).await;
            let faults = refused.body["errors"].as_array().unwrap();
            assert_eq!(faults.iter().map(|fault| fault["pointer"].as_str().unwrap()).collect::<Vec<_>>(), pointers);
        }
        counter.app.post(&counter.business, &format!("{case}/withdraw"), json!({})).await.expect(200);
        let ended = counter.app.post(&counter.clerk, &path, plan(&counter)).await;
        assert_eq!(ended.problem(), "409 wrong_state");
        for statement in ["UPDATE inspection_acts SET act = 'released'", "DELETE FROM inspection_acts", "DELETE FROM inspections"] {
            let rewritten = std::panic::catch_unwind(|| crate::support::db::execute(&db.settings.url, statement));
            assert!(rewritten.is_err(), "{statement}");
        }
    }
);

on_both_databases!(
    /// Move ∥ result: each step is taken from where the other left it, and the history has both or says why not.
    two_steps_at_once_are_taken_one_after_the_other,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let case = counter.claimed(ON_ISSUE).await;
        for _ in 0..rounds(4) {
            let inspection = planned(&counter, &case).await;
            let cancel = format!("{inspection}/cancel");
            let result = format!("{inspection}/result");
            let (canceled, done) = futures_util::future::join(
                counter.app.post(&counter.chief, &cancel, json!({ "reason": "中止" })),
                counter.app.post(&counter.clerk, &result, json!({ "result": "passed", "carried_out_on": "2026-04-01" })),
            )
            .await;
            let mut statuses = [canceled.status.as_u16(), done.status.as_u16()];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409], "{} {}", canceled.body, done.body);
        }
    }
);

on_both_databases!(
    /// What the procedure wants looked at is looked at before a grant, also when the text changes on its route or a later look fails.
    a_grant_waits_for_the_inspection_that_the_procedure_requires,
    async |db: TestDb| {
        let text = include_str!("support/procedures/on-issue.yaml")
            .replace("approval_route:", "inspection: { basis: 審査基準第5, sample: true }\napproval_route:");
        let app = TestApp::start_offering(&db, "procedures/020001/test-on-issue.yaml", &text).await;
        let business = app.register("business@example.jp", "business").await;
        let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
        let chief = app.officer(AOMORI, DEPARTMENT, Role::SectionChief, "chief@example.jp").await;
        let counter = Counter { app, business, clerk, chief };
        let case = counter.claimed(ON_ISSUE).await;
        let propose = async |decision: &str, conditions: Value| {
            let version = counter.app.get(&counter.clerk, &case).await.etag();
            let reasons = json!([{ "fact": "換気", "clause": "第3条", "criterion": "審査基準第5" }]);
            let body = json!({ "decision": decision, "reasons": reasons, "conditions": conditions });
            counter.app.post_if(&counter.clerk, &format!("{case}/proposal"), &version, body).await
        };
        let act = async |who: &Person, act: &str, body: Value| {
            let version = counter.app.get(&counter.clerk, &case).await.etag();
            counter.app.post_if(who, &format!("{case}/approval/{act}"), &version, body).await
        };
        let found = async |result: &str| {
            counter.app.advance(SignedDuration::from_secs(1)).await;
            let inspection = planned(&counter, &case).await;
            let body = json!({ "result": result, "carried_out_on": "2026-04-01", "findings": "換気扇" });
            counter.app.post(&counter.clerk, &format!("{inspection}/result"), body).await.expect(200);
        };
        let missing = propose("grant", json!([])).await;
        assert_eq!((missing.problem(), &missing.body["errors"][0]["code"]), ("409 inspection_missing".into(), &json!("inspection_missing")));
        found("could_not_be_carried_out").await;
        assert_eq!(propose("grant", json!([])).await.problem(), "409 inspection_missing");
        // A refusal waits for nothing, and does not become a grant on its route unseen.
        propose("refuse", json!([])).await.expect(201);
        let version = counter.app.get(&counter.clerk, &case).await.etag();
        let key = new_key();
        let headers = [("idempotency-key", key.as_str()), ("if-match", version.as_str())];
        let grant = Some(json!({ "decision": "grant" }));
        let path = format!("{case}/proposal");
        let turned = counter.app.call(Method::PATCH, &path, Some(&counter.clerk), &headers, grant).await;
        assert_eq!(turned.problem(), "409 inspection_missing");
        act(&counter.clerk, "recall", json!({})).await.expect(200);
        found("conditions").await;
        let plain = propose("grant", json!([])).await;
        assert_eq!(plain.body["errors"][0]["code"], "conditions_found");
        propose("conditional_grant", json!(["換気扇を増設すること"])).await.expect(201);
        found("failed").await;
        let late = act(&counter.chief, "approve", json!({})).await;
        assert_eq!((late.problem(), &late.body["errors"][0]["code"]), ("409 inspection_missing".into(), &json!("inspection_failed")));
        found("passed").await;
        act(&counter.chief, "approve", json!({})).await.expect(200);
    }
);
