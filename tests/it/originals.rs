//! Parts of a case that are done apart from the system: awaited by name, recorded by staff, and a grant waits for them.

use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use crate::resubmissions::{answer, ask, claimed};
use crate::support::app::{AOMORI, Answer, Person, TestApp};
use crate::support::db::{TestDb, execute};
use crate::support::traces::traces;
use crate::waivers::office::Office;

/// Records that every original that a case awaits was seen and agrees, as staff do at the counter; gives how many there were.
pub async fn confirm(app: &TestApp, clerk: &Person, case: &str) -> usize {
    let path = format!("{case}/originals");
    let awaited = app.get(clerk, &path).await.expect(200)["items"].as_array().unwrap().clone();
    for item in &awaited {
        let mut seen = json!({ "part": item["part"], "shown_by": "in_person", "result": "agrees", "seen_on": "2026-04-01" });
        if item["part"] == "document" {
            seen["code"] = item["code"].clone();
        } else {
            seen["identity_check"] = json!("photo_document");
        }
        app.post(clerk, &path, seen).await.expect(200);
    }
    awaited.len()
}

/// The procedure of the corrections, of which the plan is shown as an original and the applicant comes in person.
async fn app(db: &TestDb) -> TestApp {
    let text = include_str!("support/procedures/corrections.yaml")
        .replacen("required: true, media_types", "required: true, form: original, media_types", 1)
        .replace(
            "approval_route:",
            "identity_in_person: { basis: 試験法第5条, sample: true }\napproval_route:",
        );
    TestApp::start_offering(db, "procedures/020001/test-corrections.yaml", &text).await
}

fn plan(result: &str) -> Value {
    json!({ "part": "document", "code": "plan", "shown_by": "by_post", "result": result, "seen_on": "2026-04-01",
        "note": "縮尺が異なる" })
}

fn person() -> Value {
    json!({ "part": "identity", "shown_by": "in_person", "identity_check": "photo_document", "result": "agrees",
        "seen_on": "2026-04-01" })
}

async fn record(office: &Office<'_>, who: &Person, case: &str, seen: Value) -> Answer {
    office.app.post(who, &format!("{case}/originals"), seen).await
}

async fn propose(office: &Office<'_>, case: &str, decision: &str) -> Answer {
    let version = office.app.get(&office.clerk, case).await.etag();
    let reason = json!({ "fact": "原本と相違", "clause": "第3条", "criterion": "審査基準第2" });
    let body = json!({ "decision": decision, "reasons": [reason], "conditions": [] });
    office.app.post_if(&office.clerk, &format!("{case}/proposal"), &version, body).await
}

/// Pointer and code of every fault.
fn errors(answer: &Answer) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let errors = answer.body["errors"].as_array().unwrap().iter();
    errors.map(|error| (text(&error["pointer"]), text(&error["code"]))).collect()
}

fn named(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned())).collect()
}

/// State of each part, as somebody sees them.
async fn states(office: &Office<'_>, who: &Person, case: &str) -> Vec<(Value, Value)> {
    let shown = office.app.get(who, &format!("{case}/originals")).await.expect(200);
    let items = shown["items"].as_array().unwrap().iter();
    items.map(|item| (item["part"].clone(), item["state"].clone())).collect()
}

on_both_databases!(
    /// the part filed online keeps its arrival and its clock; the grant waits for what is shown apart and names it; a refusal of
    /// the application does not wait.
    r9_a_grant_waits_for_originals_by_name_and_the_online_part_keeps_its_arrival,
    async |db: TestDb| {
        let app = app(&db).await;
        let office = Office::open(&app, &db).await;
        let case = claimed(&office).await.case;
        let arrival = app.get(&office.business, &case).await.expect(200)["arrived_at"].clone();
        let due = app.get(&office.business, &format!("{case}/clock")).await.expect(200)["due_on"].clone();
        let shown = app.get(&office.business, &format!("{case}/originals")).await.expect(200);
        let both = [("document", "awaited"), ("identity", "awaited")].map(|(part, state)| (json!(part), json!(state)));
        assert_eq!(states(&office, &office.business, &case).await, both, "the applicant sees what is awaited");
        assert_eq!((&shown["open"], &shown["history"]), (&json!(2), &json!([])));
        assert_eq!((&shown["items"][0]["title"], &shown["items"][0]["code"]), (&json!("Plan"), &json!("plan")));

        let refused = propose(&office, &case, "grant").await;
        assert_eq!(refused.problem(), "409 originals_not_seen");
        let all = [("/originals/document/plan", "awaited"), ("/originals/identity", "awaited")];
        assert_eq!(errors(&refused), named(&all));
        record(&office, &office.clerk, &case, plan("differs")).await.expect(200);
        let refused = propose(&office, &case, "grant").await;
        assert_eq!(errors(&refused), named(&[("/originals/document/plan", "differs"), ("/originals/identity", "awaited")]));
        record(&office, &office.clerk, &case, person()).await.expect(200);
        let seen = record(&office, &office.chief, &case, plan("agrees")).await.expect(200);
        assert_eq!((&seen["open"], seen["history"].as_array().unwrap().len()), (&json!(0), 3));
        assert_eq!((&seen["history"][0]["note"], &seen["history"][0]["shown_by"]), (&json!("縮尺が異なる"), &json!("by_post")));
        assert_eq!(seen["history"][1]["identity_check"], "photo_document");
        assert_eq!(seen["history"][2]["officer"], json!(office.chief.id));

        let after = app.get(&office.business, &case).await.expect(200);
        assert_eq!(after["arrived_at"], arrival, "the online part keeps its arrival");
        let clock = app.get(&office.business, &format!("{case}/clock")).await.expect(200);
        assert_eq!(clock["due_on"], due, "R-18: the clock stops for a reason that is recorded, never by itself");
        propose(&office, &case, "grant").await.expect(201);
        let late = record(&office, &office.clerk, &case, plan("differs")).await;
        assert_eq!(late.problem(), "409 wrong_state", "what was proposed on stays as it was seen");

        let other = claimed(&office).await.case;
        propose(&office, &other, "refuse").await.expect(201);
    }
);

on_both_databases!(
    /// an original was held against one file; when that is replaced, the new one is awaited.
    r9_a_file_that_was_replaced_is_held_against_its_original_again,
    async |db: TestDb| {
        let app = app(&db).await;
        let office = Office::open(&app, &db).await;
        let case = claimed(&office).await.case;
        let id = case.rsplit('/').next().unwrap().to_owned();
        record(&office, &office.clerk, &case, plan("agrees")).await.expect(200);
        ask(&office, &case, &["/attachments/plan"]).await;
        let file = json!({ "code": "plan", "filename": "new.pdf", "media_type": "application/pdf",
            "content_base64": "JVBERi0xLjQKMQolJUVPRgo=" });
        app.attach(&office.business, AOMORI, &id, &file).await.expect(201);
        answer(&office, &case, json!({})).await.expect(200);
        let states = states(&office, &office.business, &case).await;
        assert_eq!(states[0], (json!("document"), json!("awaited")));
        assert_eq!(confirm(&app, &office.clerk, &case).await, 2);
        propose(&office, &case, "grant").await.expect(201);
    }
);

on_both_databases!(
    /// all faults at once, nothing of a refused request is kept, staff of the department alone record, and no record is changed.
    r9_what_was_seen_is_recorded_whole_by_staff_and_never_changed,
    async |db: TestDb| {
        let app = app(&db).await;
        let office = Office::open(&app, &db).await;
        let case = claimed(&office).await.case;
        let stranger = app.officer(AOMORI, "kendo-doro", Role::Clerk, "doro@example.jp").await;
        let before = traces(&db).await;
        let mut wrong = person();
        wrong["shown_by"] = json!("by_post");
        wrong["identity_check"] = Value::Null;
        wrong["seen_on"] = json!("2026-04-30");
        wrong["result"] = json!("differs");
        let refused = record(&office, &office.clerk, &case, wrong).await;
        assert_eq!(refused.problem(), "422 validation_failed");
        let all = [("/note", "length"), ("/seen_on", "day"), ("/identity_check", "identity_check"), ("/shown_by", "in_person")];
        assert_eq!(errors(&refused), named(&all));
        for code in [json!("photo"), json!("nonsense"), Value::Null] {
            let mut nothing = plan("agrees");
            nothing["code"] = code;
            let refused = record(&office, &office.clerk, &case, nothing).await;
            assert_eq!(errors(&refused), named(&[("/part", "not_awaited")]));
        }
        assert_eq!(record(&office, &office.business, &case, person()).await.problem(), "403 forbidden");
        assert_eq!(record(&office, &stranger, &case, person()).await.problem(), "404 not_found");
        assert_eq!(traces(&db).await, before);

        record(&office, &office.clerk, &case, person()).await.expect(200);
        let own = app.get(&office.business, &format!("{case}/timeline")).await.expect(200);
        let event = own["items"].as_array().unwrap().iter().find(|it| it["kind"] == "original_seen").unwrap();
        assert_eq!((&event["facts"], &own["chain"]), (&Value::Null, &json!("intact")));
        let (url, change) = (db.settings.url.clone(), "UPDATE original_checks SET result = 'differs'");
        assert!(std::panic::catch_unwind(move || execute(&url, change)).is_err(), "a record is never changed");
    }
);

on_both_databases!(
    /// a shipped procedure that asks for an original is granted once the original was seen, and not before.
    r9_a_shipped_procedure_with_an_original_waits_for_it,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let business = app.register("business@example.jp", "business").await;
        let clerk = app.officer(AOMORI, "kendo-kanri", Role::Clerk, "clerk@example.jp").await;
        let submitted = app.submitted(&business, AOMORI, "sogo-hyotei").await;
        let case = format!("/v1/tenants/{AOMORI}/applications/{}", submitted["id"].as_str().unwrap());
        app.post(&clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        let grant = async || {
            let version = app.get(&clerk, &case).await.etag();
            let body = json!({ "decision": "grant", "reasons": [], "conditions": [] });
            app.post_if(&clerk, &format!("{case}/proposal"), &version, body).await
        };
        let refused = grant().await;
        assert_eq!(errors(&refused), named(&[("/originals/document/analysis", "awaited")]));
        assert_eq!(confirm(&app, &clerk, &case).await, 1);
        grant().await.expect(201);
    }
);
