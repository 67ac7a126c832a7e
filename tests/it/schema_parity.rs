//! The two trees of migrations make the same tables: columns, what may be null, and what is unique.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::Text;
use madoguchi::store::{DatabaseUrl, migrations};

use crate::support::db::{Contents, TestDb};

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

const SQLITE: [&str; 2] = [
    "SELECT m.name || '.' || c.name || CASE WHEN c.\"notnull\" = 1 OR c.pk > 0 THEN ' not null' ELSE '' END AS line \
     FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' \
     AND m.name NOT LIKE 'sqlite%' AND m.name <> '__diesel_schema_migrations'",
    "SELECT m.name || ' unique ' || (SELECT group_concat(name, ',') FROM \
     (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) \
     || CASE WHEN i.partial = 1 THEN ' partial' ELSE '' END AS line \
     FROM sqlite_schema m JOIN pragma_index_list(m.name) i WHERE m.type = 'table' AND i.\"unique\" = 1 \
     AND m.name <> '__diesel_schema_migrations'",
];

const POSTGRES: [&str; 2] = [
    "SELECT table_name || '.' || column_name || CASE WHEN is_nullable = 'NO' THEN ' not null' ELSE '' END AS line \
     FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name) \
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> '__diesel_schema_migrations'",
    "SELECT c.relname || ' unique ' || (SELECT string_agg(a.attname, ',' ORDER BY k.place) \
     FROM unnest(i.indkey) WITH ORDINALITY k(attnum, place) \
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum WHERE k.place <= i.indnkeyatts) \
     || CASE WHEN i.indpred IS NULL THEN '' ELSE ' partial' END AS line \
     FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
     WHERE i.indisunique AND n.nspname = 'public' AND c.relname <> '__diesel_schema_migrations'",
];

/// One line for each column and each unique set of columns.
fn describe(url: &DatabaseUrl) -> BTreeSet<String> {
    let lines: Vec<Line> = match url {
        DatabaseUrl::SqliteFile(path) => {
            let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            SQLITE.iter().flat_map(|query| diesel::sql_query(*query).load(&mut conn).unwrap()).collect()
        }
        DatabaseUrl::Postgres(url) => {
            let mut conn = PgConnection::establish(url).unwrap();
            POSTGRES.iter().flat_map(|query| diesel::sql_query(*query).load(&mut conn).unwrap()).collect()
        }
    };
    lines.into_iter().map(|line: Line| line.line).collect()
}

fn assert_same(sqlite: &DatabaseUrl, postgres: &DatabaseUrl) {
    let (sqlite, postgres) = (describe(sqlite), describe(postgres));
    let differences: Vec<&String> = sqlite.symmetric_difference(&postgres).collect();
    assert!(differences.is_empty(), "only in one of the two databases: {differences:#?}");
}

#[test]
fn both_trees_have_the_same_migrations() {
    let (sqlite, postgres) = migrations::embedded_names().unwrap();
    assert_eq!(sqlite, postgres);
}

#[test]
fn both_trees_make_the_same_tables() {
    let Some(postgres) = TestDb::postgres(Contents::Migrated) else { return };
    let sqlite = TestDb::sqlite(Contents::Migrated);
    assert_same(&sqlite.settings.url, &postgres.settings.url);
}

#[test]
fn the_comparison_sees_columns_nulls_and_unique_sets() {
    const TABLES: &str = "CREATE TABLE a (tenant_id TEXT NOT NULL, id TEXT NOT NULL, n BIGINT, \
        PRIMARY KEY (tenant_id, id)); CREATE UNIQUE INDEX a_n ON a (n, id);";
    let Some(postgres) = TestDb::postgres(Contents::Only(TABLES)) else { return };
    let sqlite = TestDb::sqlite(Contents::Only(TABLES));
    assert_same(&sqlite.settings.url, &postgres.settings.url);
    let expected = ["a unique n,id", "a unique tenant_id,id", "a.id not null", "a.n", "a.tenant_id not null"];
    assert_eq!(describe(&sqlite.settings.url).into_iter().collect::<Vec<_>>(), expected);
}

/// Whoever exports or erases a case asks every table that has something sealed for it.
#[test]
fn what_is_sealed_with_a_case_is_found_by_an_index() {
    const BY_CASE: &str = "SELECT DISTINCT m.name AS line FROM sqlite_schema m JOIN pragma_index_list(m.name) i \
        JOIN pragma_index_info(i.name) first ON first.seqno = 0 AND first.name = 'tenant_id' \
        JOIN pragma_index_info(i.name) second ON second.seqno = 1 AND second.name = 'application_id' \
        WHERE m.type = 'table' AND i.partial = 0";
    const OF_CASES: &str = "SELECT m.name AS line FROM sqlite_schema m JOIN pragma_table_info(m.name) c \
        WHERE m.type = 'table' AND c.name = 'application_id'";
    let db = TestDb::sqlite(Contents::Migrated);
    let DatabaseUrl::SqliteFile(path) = &db.settings.url else { panic!("a file") };
    let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let mut names = |query: &str| -> BTreeSet<String> {
        let found: Vec<Line> = diesel::sql_query(query).load(&mut conn).unwrap();
        found.into_iter().map(|found| found.line).collect()
    };
    let (found, of_cases) = (names(BY_CASE), names(OF_CASES));
    for table in ["false_claims", "case_links", "permit_orders", "waiver_revocations", "revived_claims"] {
        assert!(of_cases.contains(table) && found.contains(table), "{table} is searched from end to end");
    }
}
