//! Pages of a long queue: every case once, in order, whichever order; and from an index, not by sorting.

use std::fmt::Write;

use serde_json::Value;
use uuid::Uuid;

use super::*;

/// More than two pages.
const CASES: usize = 130;

/// Copies of a submitted case, arriving in pairs at one instant and due in one of seven days or on none.
fn fill(db: &TestDb, original: &str) {
    let mut rows = String::new();
    for number in 0..CASES {
        let id = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 + u128::try_from(number).unwrap());
        let due = match number % 8 {
            7 => "NULL".to_owned(),
            day => format!("'2026-05-0{}'", day + 1),
        };
        let comma = if number == 0 { "" } else { "," };
        write!(rows, "{comma}('{id}', {}, {due})", number / 2).unwrap();
    }
    let copied = "procedure, procedure_version, kind, state, department, wrapped_key, sealed_form, form_revision, \
                  attachment_codes";
    let rest = "event_count, event_head, version, created_at, updated_at";
    let copy = format!(
        "INSERT INTO applications (tenant_id, id, number, {copied}, arrived_at, due_on, {rest}) \
         SELECT tenant_id, column1, column1, {copied}, arrived_at + column2, column3, {rest} \
         FROM applications, (VALUES {rows}) AS made WHERE id = '{original}'"
    );
    execute(&db.settings.url, &copy);
}

/// Walks all pages.
async fn walk(desk: &Desk<'_>, query: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = desk.app.get(&desk.clerk, &queue(&format!("?{query}{cursor}"))).await.expect(200);
        rows.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

on_both_databases!(pages_show_every_case_once_and_in_order, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let desk = Desk::set(&app).await;
    let original = desk.submitted(PROCEDURE).await;
    fill(&db, &original);
    for query in ["sort=arrived_at", "sort=due_on"] {
        let rows = walk(&desk, query).await;
        assert_eq!(rows.len(), CASES + 1, "{query}");
        let keys: Vec<_> = rows
            .iter()
            .map(|row| {
                let arrived_at: jiff::Timestamp = row["arrived_at"].as_str().unwrap().parse().unwrap();
                let due_on = row["due_on"].as_str().unwrap_or("9999").to_owned();
                let by_due_date = query == "sort=due_on";
                let key = if by_due_date { due_on } else { format!("{:020}", arrived_at.as_microsecond()) };
                (key, row["id"].as_str().unwrap().to_owned())
            })
            .collect();
        assert!(keys.is_sorted(), "{query}: {keys:?}");
        let mut once = keys.clone();
        once.dedup();
        assert_eq!(once.len(), keys.len(), "{query}");
    }
    assert_eq!(walk(&desk, "sort=due_on&due=2026-05-03").await.len(), 3 * CASES.div_ceil(8));
    let page = app.get(&desk.clerk, &queue("?sort=due_on")).await.expect(200);
    let other = format!("?sort=arrived_at&cursor={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(
        app.get(&desk.clerk, &queue(&other)).await.problem(),
        "422 validation_failed",
        "a cursor belongs to its order"
    );
});
