//! A database that was filled by an older release takes the newer migrations and loses nothing.

use diesel::prelude::*;

use crate::support::db::{Kind, TestDb, execute};

/// The migrations of the release before a settled invoice of nothing, on each database.
const OLD: [(Kind, [&str; 3]); 2] = [
    (
        Kind::Sqlite,
        [
            include_str!("../../../migrations/sqlite/00000000000001_counter/up.sql"),
            include_str!("../../../migrations/sqlite/00000000000002_checkpoints/up.sql"),
            include_str!("../../../migrations/sqlite/00000000000003_procedure_versions/up.sql"),
        ],
    ),
    (
        Kind::Postgres,
        [
            include_str!("../../../migrations/postgres/00000000000001_counter/up.sql"),
            include_str!("../../../migrations/postgres/00000000000002_checkpoints/up.sql"),
            include_str!("../../../migrations/postgres/00000000000003_procedure_versions/up.sql"),
        ],
    ),
];

const APPLIED: &str = "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL,
    run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
    INSERT INTO __diesel_schema_migrations (version) VALUES ('00000000000001'), ('00000000000002'), ('00000000000003');";

/// A case with an invoice that somebody is paying; `{bytes}` is an empty value of bytes.
const ROWS: &str = "
    INSERT INTO applications (tenant_id, id, procedure, procedure_version, kind, state, department, wrapped_key, sealed_form,
        form_revision, attachment_codes, event_count, event_head, version, created_at, updated_at)
        VALUES ('020001', 'case', 'p', 1, 'application', 'draft', 'd', {bytes}, {bytes}, 1, '[]', 0, {bytes}, 1, 0, 0);
    INSERT INTO invoices (tenant_id, id, application_id, number, state, total, fiscal_year, lines, sealed_inputs, issued_at, version)
        VALUES ('020001', 'invoice', 'case', 'N', 'pending', 18000, 2026, '[]', {bytes}, 0, 1);
    INSERT INTO payables (tenant_id, id, application_id, total, created_at) VALUES ('020001', 'payable', 'case', 18000, 0);
    INSERT INTO payable_invoices (tenant_id, payable_id, invoice_id) VALUES ('020001', 'payable', 'invoice');";

/// The same invoice again, but of nothing and still open: no release may take it.
const OPEN_BUT_NOTHING: &str = "UPDATE invoices SET total = 0";
const SETTLED_BY_NOTHING: &str = "UPDATE invoices SET total = 0, state = 'canceled'";

/// Whether the database takes a statement.
async fn takes(db: &TestDb, statement: &'static str) -> bool {
    let written = db.db.write_alone(Vec::new(), move |tx| {
        diesel::sql_query(statement).execute(tx.change()).map_err(madoguchi::store::StoreError::from)
    });
    written.await.is_ok()
}

on_both_databases!(an_invoice_that_is_being_paid_survives_the_new_rule_about_nothing, only "SELECT 1", async |db: TestDb| {
    let (_, migrations) = OLD.iter().find(|(kind, _)| *kind == db.kind).unwrap();
    let bytes = if db.kind == Kind::Sqlite { "X''" } else { "''" };
    for statements in migrations.iter().copied().chain([APPLIED, &ROWS.replace("{bytes}", bytes)]) {
        execute(&db.settings.url, statements);
    }

    let applied = db.db.migrate().unwrap();

    assert_eq!(applied.first().map(String::as_str), Some("00000000000004"));
    let paying = "(SELECT COUNT(*) FROM invoices JOIN payable_invoices ON invoice_id = invoices.id WHERE total = 18000)";
    assert_eq!(db.count(paying).await, 1);
    assert!(!takes(&db, OPEN_BUT_NOTHING).await);
    assert!(takes(&db, SETTLED_BY_NOTHING).await);
});
