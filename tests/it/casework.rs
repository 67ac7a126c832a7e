//! Measuring the work: by procedure and office, in hours and open days, and never by person.

use jiff::SignedDuration;
use madoguchi::domain::policy::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::fee_timing::Counter;
use crate::policy_coverage::world::PROCEDURE;
use crate::support::app::{AOMORI, ON_ISSUE, Person, TestApp};
use crate::support::db::TestDb;
use crate::support::traces::traces;
use crate::waivers::office::{Office, Owing};

const YEAR: &str = "/v1/tenants/020001/statistics/casework?from=2026-04-01&to=2027-03-31";

async fn later(counter: Counter, hours: i64) -> Counter {
    let app = counter.app;
    app.advance(SignedDuration::from_hours(hours)).await;
    let business = app.sign_in("business@example.jp", &counter.business.id).await;
    let clerk = app.sign_in("clerk@example.jp", &counter.clerk.id).await;
    let chief = app.sign_in("chief@example.jp", &counter.chief.id).await;
    Counter { app, business, clerk, chief }
}

/// Six cases that arrive on a Wednesday: five are decided on Saturday, one of them after a return and a correction; the sixth
/// is taken up and forgotten. A seventh, of another procedure, is alone.
async fn a_month(db: &TestDb) -> Counter {
    let counter = Counter::open(db).await;
    let mut cases = Vec::new();
    for _ in 0..6 {
        let submitted = counter.app.submitted(&counter.business, AOMORI, ON_ISSUE).await;
        cases.push(format!("/v1/tenants/020001/applications/{}", submitted["id"].as_str().unwrap()));
    }
    counter.app.submitted(&counter.business, AOMORI, PROCEDURE).await;
    let counter = later(counter, 24).await;
    for case in &cases {
        counter.app.post(&counter.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
    }
    let items = json!([{ "pointer": "/form/years", "message": "5年か10年" }]);
    let asked = json!({ "items": items, "due_on": "2026-04-20" });
    counter.app.post(&counter.clerk, &format!("{}/corrections", cases[0]), asked).await.expect(201);
    let version = counter.app.get(&counter.business, &cases[0]).await.etag();
    let answer = json!({ "form": { "years": 5 } });
    let resubmit = format!("{}/resubmit", cases[0]);
    counter.app.post_if(&counter.business, &resubmit, &version, answer).await.expect(200);
    let counter = later(counter, 24).await;
    for case in &cases[..5] {
        counter.propose(case, "grant").await;
    }
    let version = counter.app.get(&counter.chief, &cases[0]).await.etag();
    let back = json!({ "to_step": 0, "comment": "補記のこと" });
    let path = format!("{}/approval/return", cases[0]);
    counter.app.post_if(&counter.chief, &path, &version, back).await.expect(200);
    counter.propose(&cases[0], "grant").await;
    let counter = later(counter, 24).await;
    for case in &cases[..5] {
        assert_eq!(counter.seal(case).await, "decided");
    }
    later(counter, 24 * 27).await
}

async fn figures(counter: &Counter, who: &Person, more: &str) -> Vec<Value> {
    let report = counter.app.get(who, &format!("{YEAR}{more}")).await.expect(200);
    assert_eq!(report["as_of"], "2026-05-01T00:00:00Z");
    report["items"].as_array().unwrap().clone()
}

on_both_databases!(the_work_is_measured_by_stage_and_nobody_is_named, async |db: TestDb| {
    let counter = a_month(&db).await;
    let groups = figures(&counter, &counter.clerk, "").await;
    assert_eq!(groups.len(), 2, "{groups:?}");
    let (alone, group) = (&groups[0], &groups[1]);
    let counts =
        |group: &Value| [group["arrived"].clone(), group["decided"].clone(), group["withdrawn"].clone()];
    assert_eq!((&alone["procedure"], counts(alone)), (&json!(PROCEDURE), [json!(1), json!(0), json!(0)]));
    assert_eq!(alone["work"], Value::Null, "one case alone shows nothing of itself");
    assert_eq!((&group["procedure"], counts(group)), (&json!(ON_ISSUE), [json!(6), json!(5), json!(0)]));
    let stage = |stage: &str, cases: i64, hours: i64, days: i64| {
        json!({ "stage": stage, "cases": cases, "median_hours": hours, "p90_hours": hours,
            "median_business_days": days, "p90_business_days": days })
    };
    let few = |stage: &str, cases: i64| {
        json!({ "stage": stage, "cases": cases, "median_hours": null, "p90_hours": null,
            "median_business_days": null, "p90_business_days": null })
    };
    let work = &group["work"];
    // From Thursday to Friday is one open day, from Friday to Saturday none.
    let expected = json!([
        stage("waiting", 6, 24, 1),
        stage("review", 5, 24, 1),
        few("with_applicant", 1),
        stage("approval", 5, 24, 0),
        stage("whole", 5, 72, 2),
    ]);
    assert_eq!(work["stages"], expected);
    // Claim, proposal and seal of five; the first was also asked about, sent back and proposed again; the sixth was claimed.
    assert_eq!((&work["touches"], &work["median_touches"]), (&json!(19), &json!(3)));
    let rework = (&work["corrections"], &work["returns"], &work["reworked"]);
    assert_eq!(rework, (&json!(1), &json!(1), &json!(1)));
    assert_eq!((&work["ended_late"], &work["open_overdue"]), (&json!(0), &json!(1)));
    let text = counter.app.get(&counter.clerk, YEAR).await.body.to_string();
    for person in [&counter.clerk.id, &counter.chief.id, &counter.business.id, "三浦", "工藤"] {
        assert!(!text.contains(person), "{person}");
    }
});

/// Takes a case up, and has a draft of a waiver sent back before the waiver is granted.
async fn waived_at_the_second_try(office: &Office<'_>, owing: &Owing) {
    let (app, case) = (office.app, &owing.case);
    app.post(&office.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
    let asked = office.ask(&office.business, owing, "hardship").await.expect(201);
    let grant = json!({ "decision": "grant", "reasons": ["罹災証明書を確認した"] });
    office.draft(owing, &asked, grant.clone()).await.expect(201);
    let version = app.get(&office.clerk, case).await.etag();
    let back = json!({ "to_step": 0, "comment": "証明書の日付", "subject": "waiver" });
    app.post_if(&office.manager, &format!("{case}/approval/return"), &version, back).await.expect(200);
    office.draft(owing, &asked, grant).await.expect(201);
    office.seal(&office.manager, owing).await.expect(200);
    office.seal(&office.chief, owing).await.expect(200);
}

on_both_databases!(a_waiver_is_no_draft_of_the_decision_and_a_correction_is_no_review, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let mut office = Office::open(&app, &db).await;
    let mut cases = Vec::new();
    for _ in 0..5 {
        cases.push(office.owing().await);
    }
    let day = async |office: &mut Office<'_>| {
        app.advance(SignedDuration::from_hours(24)).await;
        office.sign_in_again().await;
    };
    for owing in &cases {
        waived_at_the_second_try(&office, owing).await;
    }
    day(&mut office).await;
    let items = json!([{ "pointer": "/form/phone", "message": "市外局番から" }]);
    for Owing { case, .. } in &cases {
        let asked = json!({ "items": items, "due_on": "2026-04-20" });
        app.post(&office.clerk, &format!("{case}/corrections"), asked).await.expect(201);
    }
    day(&mut office).await;
    for Owing { case, .. } in &cases {
        let version = app.get(&office.business, case).await.etag();
        let answer = json!({ "form": { "phone": "0177221111" } });
        app.post_if(&office.business, &format!("{case}/resubmit"), &version, answer).await.expect(200);
    }
    day(&mut office).await;
    for Owing { case, .. } in &cases {
        let version = app.get(&office.clerk, case).await.etag();
        let grant = json!({ "decision": "grant", "reasons": [], "conditions": [] });
        app.post_if(&office.clerk, &format!("{case}/proposal"), &version, grant).await.expect(201);
        let version = app.get(&office.chief, case).await.etag();
        app.post_if(&office.chief, &format!("{case}/approval/approve"), &version, json!({}))
            .await
            .expect(200);
    }
    let report = app.get(&office.clerk, YEAR).await.expect(200);
    let work = &report["items"][0]["work"];
    let stages = work["stages"].as_array().unwrap().iter();
    let hours: Vec<_> =
        stages.map(|it| (it["stage"].as_str().unwrap(), it["median_hours"].as_i64().unwrap())).collect();
    assert_eq!(
        hours,
        [("waiting", 0), ("review", 48), ("with_applicant", 24), ("approval", 0), ("whole", 72)],
        "drafting a waiver ends no review: {report}"
    );
    assert_eq!(
        (&work["returns"], &work["corrections"]),
        (&json!(0), &json!(5)),
        "a waiver came back, no decision"
    );
});

on_both_databases!(the_same_figures_come_as_a_table_and_filters_narrow_them, async |db: TestDb| {
    let counter = a_month(&db).await;
    let only = figures(&counter, &counter.clerk, &format!("&procedure={ON_ISSUE}")).await;
    assert_eq!(only.len(), 1);
    assert_eq!(figures(&counter, &counter.clerk, "&department=kendo-doro").await, Vec::<Value>::new());
    let request = counter.app.raw(Method::GET, YEAR).bearer_auth(&counter.clerk.token);
    let answer = request.header("accept", "text/csv").send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    let text = answer.text().await.unwrap();
    let lines: Vec<Vec<&str>> = text.trim_end().split("\r\n").map(|line| line.split(',').collect()).collect();
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|line| line.len() == lines[0].len()), "{text}");
    let cell = |line: usize, name: &str| lines[line][lines[0].iter().position(|it| *it == name).unwrap()];
    assert_eq!((cell(1, "procedure"), cell(1, "arrived"), cell(1, "touches")), (PROCEDURE, "1", ""));
    let filled = (cell(2, "arrived"), cell(2, "touches"), cell(2, "whole_median_hours"));
    assert_eq!(filled, ("6", "19", "72"));
    let before = "/v1/tenants/020001/statistics/casework?from=2026-03-01&to=2026-03-31";
    let none = counter.app.get(&counter.clerk, before).await.expect(200);
    assert_eq!(none["items"], json!([]));
});

on_both_databases!(staff_of_the_body_see_the_figures_and_nobody_else, async |db: TestDb| {
    let counter = Counter::open(&db).await;
    let app = &counter.app;
    let accountant = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "kaikei@example.jp").await;
    let city = app.officer("022012", "shimin", Role::SectionChief, "shimin@example.jp").await;
    app.get(&accountant, YEAR).await.expect(200);
    for who in [&counter.business, &city] {
        assert_eq!(app.get(who, YEAR).await.problem(), "404 not_found");
    }
    let before = traces(&db).await;
    for wrong in ["from=2026-04-01&to=2027-04-02", "from=2026-04-02&to=2026-04-01", "from=x&to=2026-04-01"] {
        let path = format!("/v1/tenants/020001/statistics/casework?{wrong}");
        assert_eq!(app.get(&counter.clerk, &path).await.problem(), "422 validation_failed", "{wrong}");
    }
    assert_eq!(traces(&db).await, before);
});
