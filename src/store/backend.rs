//! The two databases behind one connection type: connecting, beginning, locking roots, and the fate of a
//! lost COMMIT. Together with `sql.rs` the only file that may ask which database it talks to.

pub mod migrations;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{Array, Nullable, Text};
use diesel::sqlite::SqliteConnection;

use super::error::StoreError;
use super::instrument::{Monitor, Probe};
use super::roots::RootTable;
use super::settings::DatabaseSettings;
use super::url::DatabaseUrl;

pub use any::{AnyConn, MultiBackend, MultiField, MultiRawValue, MultiRow};

mod any {
    #![expect(missing_docs, reason = "the derive makes public items without documentation")]

    use diesel::pg::PgConnection;
    use diesel::sqlite::SqliteConnection;

    /// A connection to either database; every query is compiled against both.
    #[derive(diesel::MultiConnection)]
    pub enum AnyConn {
        /// PostgreSQL.
        Pg(PgConnection),
        /// SQLite.
        Sqlite(SqliteConnection),
    }
}

/// Runs an expression on whichever connection there is: `on_either!(conn, |conn| query.execute(conn))`.
///
/// Queries may also be run on an [`AnyConn`] itself, but that writes the text of a statement anew, twice, each time it
/// runs. Where many statements run this way is the cheaper one; the result is the same.
macro_rules! on_either {
    ($conn:expr, |$inner:ident| $run:expr) => {
        match $conn {
            $crate::store::backend::AnyConn::Pg($inner) => $run,
            $crate::store::backend::AnyConn::Sqlite($inner) => $run,
        }
    };
}

pub(super) use on_either;

/// What a failed statement means for the work around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// The same statement would fail again: a violated constraint, a wrong query.
    Lasting,
    /// A unique constraint stood in the way: the row it met may be what a second run then finds (a used key).
    Duplicate,
    /// Another transaction was in the way (serialisation, deadlock): run again.
    Collision,
    /// A lock was not granted in time.
    LockTimeout,
    /// The statement ran too long and was cancelled.
    TooSlow,
    /// The connection is gone.
    Disconnected,
}

/// A failed statement, kept apart from what its closure made of it.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) kind: FaultKind,
    pub(super) message: String,
}

impl Fault {
    /// The failure as the caller sees it, after nothing was stored.
    pub(super) fn into_error(self) -> StoreError {
        match self.kind {
            FaultKind::Collision | FaultKind::LockTimeout => StoreError::busy(),
            FaultKind::TooSlow | FaultKind::Disconnected => StoreError::Unavailable(self.message),
            FaultKind::Lasting | FaultKind::Duplicate => StoreError::Inconsistent(self.message),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Sorts a database error. Diesel does not pass on the SQLSTATE, so a few are told by their English text;
/// a server that speaks another language only loses the automatic second try.
pub(super) fn classify(error: &DieselError) -> Fault {
    let message = error.to_string();
    let kind = match error {
        DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => FaultKind::Collision,
        DieselError::DatabaseError(
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
            _,
        )
        | DieselError::BrokenTransactionManager => FaultKind::Disconnected,
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => FaultKind::Duplicate,
        DieselError::DatabaseError(_, _) => classify_text(&message),
        _ => FaultKind::Lasting,
    };
    Fault { kind, message }
}

fn classify_text(message: &str) -> FaultKind {
    let is = |part: &str| message.contains(part);
    if is("deadlock detected") {
        FaultKind::Collision
    } else if is("lock timeout") || is("database is locked") || is("database table is locked") {
        FaultKind::LockTimeout
    } else if is("statement timeout") || is("canceling statement") {
        FaultKind::TooSlow
    } else if is("terminating connection")
        || is("server closed the connection")
        || is("no connection to the server")
        || is("could not receive data")
        || is("connection to client lost")
        || is("the database system is")
        || is("connection not open")
    {
        FaultKind::Disconnected
    } else {
        FaultKind::Lasting
    }
}

/// What a connection is for; it decides the session's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Changes rows.
    Write,
    /// Only reads; the database refuses changes.
    Read,
}

/// Opens a connection and sets up its session.
pub(super) fn connect(
    url: &DatabaseUrl,
    purpose: Purpose,
    settings: &DatabaseSettings,
    monitor: &Arc<Monitor>,
) -> Result<AnyConn, Fault> {
    let gone =
        |error: diesel::ConnectionError| Fault { kind: FaultKind::Disconnected, message: error.to_string() };
    let (mut conn, setup) = match url {
        DatabaseUrl::Postgres(url) => {
            let conn = PgConnection::establish(&with_timeouts(url)).map_err(gone)?;
            (AnyConn::Pg(conn), postgres_session(purpose, settings, &monitor.name))
        }
        DatabaseUrl::SqliteFile(path) => {
            let path = path.to_str().ok_or_else(|| Fault {
                kind: FaultKind::Disconnected,
                message: "the path of the SQLite file is not valid UTF-8".to_owned(),
            })?;
            // A path that begins with a word and a colon would be read as a URI.
            let path = if path.starts_with('/') { path.to_owned() } else { format!("./{path}") };
            let conn = SqliteConnection::establish(&path).map_err(gone)?;
            (AnyConn::Sqlite(conn), sqlite_session(purpose, settings))
        }
    };
    conn.batch_execute(&setup).map_err(|error| classify(&error))?;
    conn.set_instrumentation(Probe::new(Arc::clone(monitor)));
    Ok(conn)
}

/// Lets libpq give up on a server that does not answer, so that a lost machine is noticed within seconds.
fn with_timeouts(url: &str) -> String {
    let mut url = url.to_owned();
    for (name, value) in [("connect_timeout", "5"), ("tcp_user_timeout", "15000"), ("keepalives_idle", "15")]
    {
        if !url.contains(&format!("{name}=")) {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(name);
            url.push('=');
            url.push_str(value);
        }
    }
    url
}

fn postgres_session(purpose: Purpose, settings: &DatabaseSettings, name: &str) -> String {
    let statement_ms = settings.statement_timeout.as_millis();
    let lock_ms = settings.lock_timeout.as_millis();
    // A transaction of ours never waits for anything but the database, whose pages are cached or on a disk without heads.
    let idle_ms = statement_ms * 2;
    let read_only = match purpose {
        Purpose::Write => "off",
        Purpose::Read => "on",
    };
    format!(
        "SET application_name = '{name}'; SET TIME ZONE 'UTC'; SET client_min_messages = warning; \
         SET statement_timeout = {statement_ms}; SET lock_timeout = {lock_ms}; \
         SET idle_in_transaction_session_timeout = {idle_ms}; \
         SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = {read_only}; \
         SET random_page_cost = 1.1"
    )
}

fn sqlite_session(purpose: Purpose, settings: &DatabaseSettings) -> String {
    let busy_ms = settings.lock_timeout.as_millis();
    let query_only = match purpose {
        Purpose::Write => "OFF",
        Purpose::Read => "ON",
    };
    format!(
        "PRAGMA busy_timeout = {busy_ms}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA query_only = {query_only}"
    )
}

/// How many closures share a transaction when the settings do not say.
pub(super) fn default_max_batch(url: &DatabaseUrl) -> usize {
    match url {
        DatabaseUrl::SqliteFile(_) => 256,
        DatabaseUrl::Postgres(_) => 16,
    }
}

/// How many batching writers there are, and how many for work that goes alone: SQLite has one writer for all.
pub(super) fn writer_threads(settings: &DatabaseSettings) -> (usize, usize) {
    match settings.url {
        DatabaseUrl::SqliteFile(_) => (1, 0),
        DatabaseUrl::Postgres(_) => (settings.writers.max(1), 1),
    }
}

/// Begins a writing transaction.
pub(super) fn begin_write(conn: &mut AnyConn) -> QueryResult<()> {
    match conn {
        AnyConn::Pg(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN"),
        // The write lock is taken at once: taken later it could be refused in the middle.
        AnyConn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
    }
}

/// Begins a transaction whose queries all see the same state.
pub(super) fn begin_read(conn: &mut AnyConn) -> QueryResult<()> {
    match conn {
        AnyConn::Pg(conn) => AnsiTransactionManager::begin_transaction_sql(
            conn,
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        ),
        AnyConn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN"),
    }
}

/// Sends COMMIT.
pub(super) fn commit(conn: &mut AnyConn) -> QueryResult<()> {
    <AnyConn as TransactionManager<AnyConn>>::commit_transaction(conn)
}

/// Begins a part of the open transaction that can be undone by itself (a savepoint).
pub(super) fn begin_part(conn: &mut AnyConn) -> QueryResult<()> {
    <AnyConn as TransactionManager<AnyConn>>::begin_transaction(conn)
}

/// Keeps what the part changed, as far as the transaction is kept.
pub(super) fn keep_part(conn: &mut AnyConn) -> QueryResult<()> {
    <AnyConn as TransactionManager<AnyConn>>::commit_transaction(conn)
}

/// Undoes what the part changed; the transaction goes on.
pub(super) fn undo_part(conn: &mut AnyConn) -> QueryResult<()> {
    <AnyConn as TransactionManager<AnyConn>>::rollback_transaction(conn)
}

/// Whether a connection can still be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usable {
    /// No transaction is open.
    Yes,
    /// To be thrown away.
    No,
}

/// Rolls back whatever is open, savepoints included.
pub(super) fn rollback(conn: &mut AnyConn) -> Usable {
    // A closure that panicked inside a savepoint leaves more than one level open.
    for _ in 0..16 {
        match <AnyConn as TransactionManager<AnyConn>>::rollback_transaction(conn) {
            Ok(()) => {}
            Err(DieselError::NotInTransaction) => return Usable::Yes,
            Err(_) => return Usable::No,
        }
    }
    Usable::No
}

/// Locks the roots of a batch in one statement, table by table, each sorted by id. SQLite's single writer needs none.
pub(super) fn lock_roots(conn: &mut AnyConn, tables: &[(RootTable, Vec<String>)]) -> QueryResult<()> {
    match conn {
        AnyConn::Pg(conn) if !tables.is_empty() => LockRows { tables }.execute(conn).map(drop),
        AnyConn::Pg(_) | AnyConn::Sqlite(_) => Ok(()),
    }
}

/// `SELECT … FOR NO KEY UPDATE` over the rows of each table; prepared once per connection and set of tables.
///
/// The arms of `UNION ALL` run one after the other, so every transaction locks the tables in the same order. Each arm
/// is a query of its own, because a row cannot be locked through a union.
#[derive(Clone, Copy)]
struct LockRows<'a> {
    tables: &'a [(RootTable, Vec<String>)],
}

impl QueryFragment<Pg> for LockRows<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for (index, (table, ids)) in self.tables.iter().enumerate() {
            out.push_sql(if index == 0 { "SELECT 1 FROM (" } else { " UNION ALL SELECT 1 FROM (" });
            out.push_sql("SELECT id FROM ");
            out.push_identifier(table.name())?;
            out.push_sql(" WHERE id = ANY(");
            out.push_bind_param::<Array<Text>, Vec<String>>(ids)?;
            out.push_sql(") ORDER BY id FOR NO KEY UPDATE) AS ");
            out.push_identifier(table.name())?;
        }
        Ok(())
    }
}

impl QueryId for LockRows<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<PgConnection> for LockRows<'_> {}

/// What is needed to ask later whether a transaction was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Its number.
    xid: String,
    /// The server's latest checkpoint and timeline. After a crash or a failover a transaction that left no
    /// trace has its number given to another one; both events write a checkpoint or change the timeline, so
    /// an answer about `xid` is believed only if this has not moved.
    era: String,
}

/// Numbers the open transaction. On PostgreSQL the statement also fails if the transaction is already
/// aborted, whose COMMIT would otherwise report success with nothing stored.
pub(super) fn mark(conn: &mut AnyConn) -> QueryResult<Option<Mark>> {
    let AnyConn::Pg(conn) = conn else { return Ok(None) };
    let (xid, era) = ReadMark.get_result::<(String, String)>(conn)?;
    Ok(Some(Mark { xid, era }))
}

const ERA_SQL: &str = "(SELECT checkpoint_lsn::text FROM pg_control_checkpoint()) \
     || '/' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)";

#[derive(Clone, Copy)]
struct ReadMark;

impl QueryFragment<Pg> for ReadMark {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT pg_current_xact_id()::text, ");
        out.push_sql(ERA_SQL);
        Ok(())
    }
}

impl QueryId for ReadMark {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for ReadMark {
    type SqlType = (Text, Text);
}

impl RunQueryDsl<PgConnection> for ReadMark {}

/// The status of a marked transaction and the server's present era.
#[derive(Clone)]
struct ReadFate<'a> {
    xid: &'a str,
}

impl QueryFragment<Pg> for ReadFate<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT pg_xact_status(");
        out.push_bind_param::<Text, str>(self.xid)?;
        out.push_sql("::text::xid8), ");
        out.push_sql(ERA_SQL);
        Ok(())
    }
}

impl QueryId for ReadFate<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for ReadFate<'_> {
    type SqlType = (Nullable<Text>, Text);
}

impl RunQueryDsl<PgConnection> for ReadFate<'_> {}

/// What became of a transaction whose COMMIT was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is stored.
    Committed,
    /// Nothing of it is stored.
    Aborted,
    /// Nobody can say.
    Undecided,
}

/// Asks a fresh connection what became of `mark`, waiting until `deadline` for one that is still running.
pub(super) fn fate(conn: &mut AnyConn, mark: &Mark, deadline: Instant) -> QueryResult<Fate> {
    let AnyConn::Pg(conn) = conn else { return Ok(Fate::Undecided) };
    loop {
        let (status, era) = ReadFate { xid: &mark.xid }.get_result::<(Option<String>, String)>(conn)?;
        if era != mark.era {
            return Ok(Fate::Undecided);
        }
        match status.as_deref() {
            Some("committed") => return Ok(Fate::Committed),
            Some("aborted") => return Ok(Fate::Aborted),
            Some("in progress") if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(20)),
            _ => return Ok(Fate::Undecided),
        }
    }
}

/// What a failed COMMIT means when the transaction has no mark: a clean batch, or SQLite.
pub(super) fn unmarked_fate(conn: &mut AnyConn, fault: &Fault) -> Fate {
    match conn {
        // A failed write to the disk leaves the log in doubt until the file is opened again.
        AnyConn::Sqlite(_) if fault.message.contains("I/O") => Fate::Undecided,
        // Only clean batches have no mark on PostgreSQL, so nothing could be stored. SQLite stays in the
        // transaction when another process is in the way, and diesel has rolled it back.
        AnyConn::Pg(_) | AnyConn::Sqlite(_) => Fate::Aborted,
    }
}
