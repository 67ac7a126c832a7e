//! Checklists of a review: defined by the procedure, marked by staff, and a grant waits for them.

use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use crate::resubmissions::{answer, ask};
use crate::support::app::{AOMORI, Answer, Person, TestApp};
use crate::support::db::{TestDb, execute};
use crate::support::traces::traces;
use crate::waivers::office::Office;

/// The procedure of the corrections, with a checklist.
async fn app(db: &TestDb) -> TestApp {
    let checklist = "checklist:\n\
        \x20 - { id: place, text: { ja: 区域の確認, en: The area is right }, clause: 審査基準第1 }\n\
        \x20 - { id: plan, text: { ja: 図面の確認, en: The plan is complete }, clause: 審査基準第2 }\n\
        \x20 - { id: photo, text: { ja: 写真の確認, en: The photo is clear }, clause: 審査基準第3, required: false }\n";
    let text = include_str!("support/procedures/corrections.yaml");
    let text = text.replace("approval_route:", &format!("{checklist}approval_route:"));
    TestApp::start_offering(db, "procedures/020001/test-corrections.yaml", &text).await
}

async fn mark(office: &Office<'_>, who: &Person, case: &str, marks: Value) -> Answer {
    office.app.post(who, &format!("{case}/checklist"), json!({ "marks": marks })).await
}

async fn propose(office: &Office<'_>, case: &str, decision: &str) -> Answer {
    let version = office.app.get(&office.clerk, case).await.etag();
    let reason = json!({ "fact": "図面が不足", "clause": "第3条", "criterion": "審査基準第2" });
    let body = json!({ "decision": decision, "reasons": [reason], "conditions": [] });
    office.app.post_if(&office.clerk, &format!("{case}/proposal"), &version, body).await
}

fn results(checklist: &Value) -> Vec<(String, Value, bool)> {
    let items = checklist["items"].as_array().unwrap().iter();
    items
        .map(|it| (it["id"].as_str().unwrap().to_owned(), it["result"].clone(), it["outdated"] == true))
        .collect()
}

fn errors(answer: &Answer) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let errors = answer.body["errors"].as_array().unwrap().iter();
    errors.map(|error| (text(&error["pointer"]), text(&error["code"]))).collect()
}

fn named(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned())).collect()
}

on_both_databases!(
    /// A grant waits for every required item, and the refusal names all that are open; a refusal of the application does not wait.
    a_grant_waits_for_the_required_items_of_the_checklist_and_names_all_that_are_open,
    async |db: TestDb| {
        let app = app(&db).await;
        let office = Office::open(&app, &db).await;
        let case = crate::resubmissions::claimed(&office).await.case;
        let empty = app.get(&office.clerk, &format!("{case}/checklist")).await.expect(200);
        assert_eq!((&empty["open"], empty["items"].as_array().unwrap().len()), (&json!(2), 3));
        assert_eq!((&empty["items"][0]["text"], &empty["items"][0]["clause"]), (&json!("The area is right"), &json!("審査基準第1")));
        let refused = propose(&office, &case, "grant").await;
        assert_eq!(refused.problem(), "409 checklist_open");
        assert_eq!(errors(&refused), named(&[("/checklist/place", "unchecked"), ("/checklist/plan", "unchecked")]));
        assert!(refused.body["errors"][1]["message"].as_str().unwrap().contains("The plan is complete"));

        let some = json!([{ "item": "place", "result": "met" }, { "item": "plan", "result": "not_met", "comment": "縮尺がない" }]);
        let marked = mark(&office, &office.clerk, &case, some).await.expect(200);
        assert_eq!(marked["open"], 1);
        let refused = propose(&office, &case, "grant").await;
        assert_eq!(errors(&refused), named(&[("/checklist/plan", "not_met")]));
        let settled = json!([{ "item": "plan", "result": "not_applicable", "comment": "届出済みの図面による" }]);
        mark(&office, &office.clerk, &case, settled).await.expect(200);
        let back = json!([{ "item": "place", "result": "open" }]);
        mark(&office, &office.clerk, &case, back).await.expect(200);
        assert_eq!(propose(&office, &case, "grant").await.problem(), "409 checklist_open");
        mark(&office, &office.clerk, &case, json!([{ "item": "place", "result": "met" }])).await.expect(200);
        propose(&office, &case, "grant").await.expect(201);
        let late = mark(&office, &office.clerk, &case, json!([{ "item": "place", "result": "open" }])).await;
        assert_eq!(late.problem(), "409 wrong_state", "what was proposed on stays as it was marked");

        let shown = app.get(&office.chief, &format!("{case}/checklist")).await.expect(200);
        let history: Vec<_> =
            shown["history"].as_array().unwrap().iter().map(|it| (it["item"].clone(), it["result"].clone())).collect();
        let all = [("place", "met"), ("plan", "not_met"), ("plan", "not_applicable"), ("place", "open"), ("place", "met")];
        assert_eq!(history, all.map(|(item, result)| (json!(item), json!(result))));
        assert_eq!(shown["history"][1]["comment"], "縮尺がない");
        assert_eq!(shown["history"][1]["officer"], json!(office.clerk.id));

        let other = crate::resubmissions::claimed(&office).await.case;
        propose(&office, &other, "refuse").await.expect(201);
    }
);

on_both_databases!(
    /// All faults at once, nothing of a refused request is kept, and the checklist is the office's own.
    marks_are_judged_whole_and_are_the_office_s_own,
    async |db: TestDb| {
        let app = app(&db).await;
        let office = Office::open(&app, &db).await;
        let case = crate::resubmissions::claimed(&office).await.case;
        let stranger = app.officer(AOMORI, "kendo-doro", Role::Clerk, "doro@example.jp").await;
        let before = traces(&db).await;
        let wrong = json!([
            { "item": "nonsense", "result": "met" },
            { "item": "plan", "result": "met" },
            { "item": "plan", "result": "not_met" },
            { "item": "photo", "result": "not_applicable", "comment": " " },
        ]);
        let refused = mark(&office, &office.clerk, &case, wrong).await;
        assert_eq!(refused.problem(), "422 validation_failed");
        let expected = [
            ("/marks/0/item", "unknown_item"),
            ("/marks/2/item", "duplicate"),
            ("/marks/2/comment", "comment"),
            ("/marks/3/comment", "comment"),
        ];
        assert_eq!(errors(&refused), named(&expected));
        assert_eq!(mark(&office, &office.clerk, &case, json!([])).await.problem(), "422 validation_failed");
        let good = json!([{ "item": "plan", "result": "met" }]);
        assert_eq!(mark(&office, &office.business, &case, good.clone()).await.problem(), "403 forbidden");
        assert_eq!(app.get(&office.business, &format!("{case}/checklist")).await.problem(), "403 forbidden");
        assert_eq!(mark(&office, &stranger, &case, good.clone()).await.problem(), "404 not_found");
        assert_eq!(traces(&db).await, before);

        mark(&office, &office.clerk, &case, good).await.expect(200);
        // The answers change: what was looked at is said to be outdated, and stays marked.
        ask(&office, &case, &["/form/name"]).await;
        answer(&office, &case, json!({ "name": "青森電工" })).await.expect(200);
        let shown = app.get(&office.clerk, &format!("{case}/checklist")).await.expect(200);
        assert_eq!(results(&shown)[1], ("plan".to_owned(), json!("met"), true));
        mark(&office, &office.chief, &case, json!([{ "item": "plan", "result": "met" }])).await.expect(200);
        let again = app.get(&office.clerk, &format!("{case}/checklist")).await.expect(200);
        assert_eq!(results(&again)[1], ("plan".to_owned(), json!("met"), false));
        let own = app.get(&office.business, &format!("{case}/timeline")).await.expect(200);
        let marked = own["items"].as_array().unwrap().iter().find(|it| it["kind"] == "checklist_marked").unwrap();
        assert_eq!(marked["facts"], Value::Null);
        let (url, change) = (db.settings.url.clone(), "UPDATE checklist_marks SET result = 'met'");
        assert!(std::panic::catch_unwind(move || execute(&url, change)).is_err(), "a mark is never changed");
    }
);
