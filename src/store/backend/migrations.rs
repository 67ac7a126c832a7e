//! The two trees of migrations, embedded in the binary; both have the same names and the same numbers.

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::AnyConn;
use crate::store::error::StoreError;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The number under which PostgreSQL keeps two processes from migrating at once; any constant would do.
const LOCK: i64 = 0x6d61_646f_6775;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Applies what is missing and names it, oldest first; then has the planner look at the tables.
pub(in crate::store) fn apply(conn: &mut AnyConn) -> Result<Vec<String>, StoreError> {
    let applied = match conn {
        AnyConn::Pg(conn) => conn
            .batch_execute(&format!(
                "SET statement_timeout = 0; SET lock_timeout = 0; SELECT pg_advisory_lock({LOCK})"
            ))
            .map_err(Failure::from)
            .and_then(|()| run(conn, POSTGRES)),
        AnyConn::Sqlite(conn) => run(conn, SQLITE),
    };
    // The lock goes with the session, which its caller closes.
    let applied = applied.map_err(|error| StoreError::Migration(error.to_string()))?;
    if !applied.is_empty() {
        // A planner that knows nothing of new tables and indexes takes the wrong ones until somebody looks at them.
        conn.batch_execute("ANALYZE")?;
    }
    Ok(applied)
}

/// Names what is missing, oldest first.
pub(in crate::store) fn pending(conn: &mut AnyConn) -> Result<Vec<String>, StoreError> {
    let names = match conn {
        AnyConn::Pg(conn) => names(conn.pending_migrations(POSTGRES)),
        AnyConn::Sqlite(conn) => names(conn.pending_migrations(SQLITE)),
    };
    names.map_err(|error| StoreError::Migration(error.to_string()))
}

/// The names of all migrations of both trees, SQLite's first.
pub fn embedded_names() -> Result<(Vec<String>, Vec<String>), StoreError> {
    let sqlite = names(MigrationSource::<diesel::sqlite::Sqlite>::migrations(&SQLITE));
    let postgres = names(MigrationSource::<diesel::pg::Pg>::migrations(&POSTGRES));
    match (sqlite, postgres) {
        (Ok(sqlite), Ok(postgres)) => Ok((sqlite, postgres)),
        (Err(error), _) | (_, Err(error)) => Err(StoreError::Migration(error.to_string())),
    }
}

fn run<DB, C>(conn: &mut C, source: EmbeddedMigrations) -> Result<Vec<String>, Failure>
where
    DB: diesel::backend::Backend,
    C: MigrationHarness<DB>,
    EmbeddedMigrations: MigrationSource<DB>,
{
    let versions = conn.run_pending_migrations(source)?;
    Ok(versions.iter().map(ToString::to_string).collect())
}

fn names<DB: diesel::backend::Backend>(
    migrations: Result<Vec<Box<dyn Migration<DB>>>, Failure>,
) -> Result<Vec<String>, Failure> {
    Ok(migrations?.iter().map(|migration| migration.name().to_string()).collect())
}
