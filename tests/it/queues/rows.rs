//! What a row says without a look into the case: at whose desk it lies and until when, and by which way it came.

use super::*;
use crate::approval_routes::Office;
use crate::policy_coverage::world::paper_draft;

async fn row(office: &Office, case: &str) -> Value {
    let page = office.app.get(&office.clerk, &queue("")).await.expect(200);
    let found = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| case.ends_with(row["id"].as_str().unwrap()))
        .cloned();
    found.unwrap_or_else(|| panic!("{case} waits: {page}"))
}

on_both_databases!(a_row_says_at_whose_desks_a_decision_lies_and_until_when, async |db: TestDb| {
    let office = Office::open(&db).await;
    let (case, other) = (office.proposed(1, "ordinary").await, office.proposed(1, "ordinary").await);
    let desk = |role: &str, department: &str, due_on: Value| json!({ "role": role, "department": department, "due_on": due_on });
    let first = json!([desk("group_manager", DEPARTMENT, json!("2026-04-06"))]);
    assert_eq!(row(&office, &case).await["desks"], first);
    office.approve(&office.manager, &case).await;
    let shown = row(&office, &case).await;
    let (kankyo, zaisei) = ("kankyo-hozen", "zaimu-zaisei");
    let consulted = [kankyo, zaisei].map(|department| desk("section_chief", department, json!("2026-04-08")));
    assert_eq!((&shown["desks"], &shown["waiting_on"]), (&json!(consulted), &json!("approver")));
    office.approve(&office.kankyo, &case).await;
    assert_eq!(
        row(&office, &case).await["desks"],
        json!([desk("section_chief", zaisei, json!("2026-04-08"))])
    );
    assert_eq!(row(&office, &other).await["desks"], first, "each row has its own");
    let back = json!({ "to_step": 0, "comment": "もう一度" });
    office.act(&office.manager, &other, "return", back).await.expect(200);
    assert_eq!(row(&office, &other).await["desks"], json!([]), "it is back with its drafter");
});

on_both_databases!(r194_a_row_says_by_which_way_the_case_came, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let desk = Desk::set(&app).await;
    let online = desk.submitted(PROCEDURE).await;
    let example = app.example(AOMORI, PROCEDURE).await;
    let mut body = paper_draft();
    body["procedure"] = json!(PROCEDURE);
    body["form"] = example["form"].clone();
    body["channel"] = json!("phone");
    let begin = format!("/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/applications");
    let draft = app.post(&desk.clerk, &begin, body).await.expect(201);
    let paper = draft["id"].as_str().unwrap().to_owned();
    for file in example["attachments"].as_array().unwrap() {
        app.attach(&desk.clerk, AOMORI, &paper, file).await.expect(201);
    }
    desk.act(&desk.clerk, &paper, "submit", json!({})).await.expect(200);
    let page = app.get(&desk.clerk, &queue("")).await.expect(200);
    let rows = page["items"].as_array().unwrap().iter();
    let mut ways: Vec<_> =
        rows.map(|row| (row["id"].as_str().unwrap(), row["channel"].as_str().unwrap())).collect();
    ways.sort_unstable();
    let mut expected = vec![(online.as_str(), "online"), (paper.as_str(), "phone")];
    expected.sort_unstable();
    assert_eq!(ways, expected);
});
