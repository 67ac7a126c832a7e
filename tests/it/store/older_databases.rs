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

/// Cases of which one owes its fee, one is asked to correct, one waits for nobody, and one is decided and owes what it was issued for.
const CASES: &str = "
    INSERT INTO applications (tenant_id, id, number, procedure, procedure_version, kind, state, department, wrapped_key, sealed_form,
        form_revision, attachment_codes, arrived_at, event_count, event_head, version, created_at, updated_at)
        VALUES ('020001', 'owing', 'A', 'p', 1, 'application', 'submitted', 'd', {bytes}, {bytes}, 1, '[]', 0, 0, {bytes}, 1, 0, 0),
            ('020001', 'asked', 'B', 'p', 1, 'application', 'correction_requested', 'd', {bytes}, {bytes}, 1, '[]', 0, 0, {bytes}, 1, 0, 0),
            ('020001', 'running', 'C', 'p', 1, 'application', 'under_review', 'd', {bytes}, {bytes}, 1, '[]', 0, 0, {bytes}, 1, 0, 0),
            ('020001', 'decided', 'D', 'p', 1, 'application', 'decided', 'd', {bytes}, {bytes}, 1, '[]', 0, 0, {bytes}, 1, 0, 0);
    INSERT INTO invoices (tenant_id, id, application_id, number, state, total, fiscal_year, lines, sealed_inputs, issued_at, version)
        VALUES ('020001', 'fee', 'owing', 'N', 'unpaid', 18000, 2026, '[]', {bytes}, 0, 1),
            ('020001', 'issue', 'decided', 'M', 'unpaid', 18000, 2026, '[]', {bytes}, 0, 1);
    INSERT INTO corrections (tenant_id, id, application_id, kind, state, sealed_items, due_on, requested_by, requested_at)
        VALUES ('020001', 'x', 'asked', 'correction', 'open', {bytes}, '2026-04-20', 'clerk', 0);";

/// Fills a database of the older release, and gives it the newer migrations; says which they were.
fn upgraded(db: &TestDb, rows: &str) -> Vec<String> {
    let (_, migrations) = OLD.iter().find(|(kind, _)| *kind == db.kind).unwrap();
    let bytes = if db.kind == Kind::Sqlite { "X''" } else { "''" };
    for statements in migrations.iter().copied().chain([APPLIED, &rows.replace("{bytes}", bytes)]) {
        execute(&db.settings.url, statements);
    }
    db.db.migrate().unwrap()
}

/// Whether the database takes a statement.
async fn takes(db: &TestDb, statement: &'static str) -> bool {
    let written = db.db.write_alone(Vec::new(), move |tx| {
        diesel::sql_query(statement).execute(tx.change()).map_err(madoguchi::store::StoreError::from)
    });
    written.await.is_ok()
}

on_both_databases!(an_invoice_that_is_being_paid_survives_the_new_rule_about_nothing, only "SELECT 1", async |db: TestDb| {
    let applied = upgraded(&db, ROWS);

    assert_eq!(applied.first().map(String::as_str), Some("00000000000004"));
    let paying = "(SELECT COUNT(*) FROM invoices JOIN payable_invoices ON invoice_id = invoices.id WHERE total = 18000)";
    assert_eq!(db.count(paying).await, 1);
    assert!(!takes(&db, OPEN_BUT_NOTHING).await);
    assert!(takes(&db, SETTLED_BY_NOTHING).await);
});

/// what stands still stood still before the release that notes it.
const STANDING: [(&str, i64); 4] = [
    ("(SELECT COUNT(*) FROM applications WHERE id = 'owing' AND paused_for = 'fee_payment')", 1),
    ("(SELECT COUNT(*) FROM applications WHERE id = 'asked' AND paused_for = 'correction')", 1),
    ("(SELECT COUNT(*) FROM applications WHERE id IN ('running', 'decided') AND paused_for IS NULL)", 2),
    ("(SELECT COUNT(*) FROM applications)", 4),
];

on_both_databases!(r18_an_older_database_learns_which_clocks_stand_still, only "SELECT 1", async |db: TestDb| {
    upgraded(&db, CASES);
    for (cases, expected) in STANDING {
        assert_eq!(db.count(cases).await, expected, "{cases}");
    }
});
