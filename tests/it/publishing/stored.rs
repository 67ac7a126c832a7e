//! What the database itself refuses, and what a damaged or foreign text in it does to a start.

use diesel::prelude::*;
use madoguchi::store::StoreError;
use serde_json::json;

use super::{Office, PAPERS, PROCEDURE, another_node, id, text, version_on};
use crate::support::app::{AOMORI, Person};
use crate::support::db::TestDb;

/// Whether the database takes a statement.
async fn takes(db: &TestDb, statement: &'static str) -> bool {
    let done = db.db.write_alone(vec![], move |tx| {
        diesel::sql_query(statement).execute(tx.change()).map_err(StoreError::from)
    });
    done.await.is_ok()
}

on_both_databases!(the_database_itself_keeps_four_eyes_and_the_past, async |db: TestDb| {
    let office = Office::open(&db).await;
    let paper = id(&office.write(&text(2, "2026-05-01", 25000)).await);
    office.act(&office.first, &paper, "propose").await.expect(200);
    for statement in [
        "UPDATE publications SET stage = 'published', published_at = 1, approver_id = author_id",
        "UPDATE publications SET stage = 'published', published_at = 1, approver_id = proposer_id",
        "UPDATE publications SET stage = 'published', published_at = 1",
        "UPDATE publications SET source_sha256 = 'other'",
        "UPDATE publication_events SET kind = 'approved'",
        "DELETE FROM publication_events",
        "INSERT INTO publications SELECT * FROM publications",
    ] {
        assert!(!takes(&db, statement).await, "{statement}");
    }
    assert!(takes(&db, "UPDATE publications SET stage = 'proposed'").await, "a sound statement is taken");
});

on_both_databases!(a_published_text_that_no_longer_loads_stops_no_start, async |db: TestDb| {
    let office = Office::open(&db).await;
    let business = office.app.register("business@example.jp", "business").await;
    office.publish(&id(&office.write(&text(2, "2026-04-01", 25000)).await)).await;
    let case = office.app.draft(&business, AOMORI, PROCEDURE).await;
    let today = jiff::civil::date(2026, 4, 1);
    assert_eq!(version_on(&office.app.core, today), Some(2));
    let damage = "UPDATE publications SET source = 'id: [', source_sha256 = 'x', proposed_sha256 = 'x'";
    assert!(takes(&db, damage).await);
    let later = another_node(&db, &office.app, 0).await;
    assert_eq!(version_on(&later, today), None, "no older version takes its place");
    let unusable = later.catalogue.current().unusable().to_vec();
    assert_eq!(unusable.len(), 1);
    assert_eq!((unusable[0].procedure.as_str(), unusable[0].version), (PROCEDURE, 2));
    shows_the_case_still(&later, &business, &case).await;
    let tampered = office.app.get(&office.first, PAPERS).await.expect(200);
    assert_eq!(tampered["items"].as_array().unwrap().len(), 1);
    let ready = office.app.call(reqwest::Method::GET, "/readyz", None, &[], None).await.expect(200);
    assert_eq!(ready, json!({ "status": "ok", "unusable_procedure_versions": 0 }), "this node still has it");
});

async fn shows_the_case_still(core: &std::sync::Arc<madoguchi::service::Core>, who: &Person, case: &str) {
    use madoguchi::domain::id::{AccountId, TenantCode};
    use madoguchi::service::{Caller, Ctx, case_view};
    let account = AccountId(who.id.parse().unwrap());
    let ctx = Ctx::new(core.clone(), Caller::Account(account), uuid::Uuid::nil());
    let view = case_view::get(ctx, TenantCode::parse(AOMORI).unwrap(), case.parse().unwrap()).await.unwrap();
    assert_eq!(view.title.ja, PROCEDURE, "without its title, but with its answers");
    assert!(view.form["phone"].is_string());
}
