//! A fresh database for a test, on each of the two kinds.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use diesel::connection::SimpleConnection;
use jiff::Timestamp;
use madoguchi::clock::{FixedClock, SeededIds, SystemIds};
use madoguchi::service::ledger_check;
use madoguchi::store::{DatabaseSettings, DatabaseUrl, Db, StoreError};

use super::cluster::{cluster, create_database, drop_database, passing_place};

/// What a test's database holds at its start.
#[derive(Clone, Copy)]
pub enum Contents {
    /// All migrations.
    Migrated,
    /// Only these statements, which must suit both databases.
    Only(&'static str),
}

/// Which of the two databases a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// A database of a test's own, removed at its end.
pub struct TestDb {
    /// The handle, as `serve` would hold it.
    pub db: Db,
    /// Its clock, which stands still until the test moves it.
    pub clock: Arc<FixedClock>,
    /// How it was opened.
    pub settings: DatabaseSettings,
    /// Which database it is.
    pub kind: Kind,
    /// What the test leaves unexplained in the ledger on purpose, as `madoguchi ledger check` names it.
    unexplained: Mutex<Option<Vec<&'static str>>>,
    contents: Contents,
    place: Place,
}

/// What has to be removed.
enum Place {
    Folder(PathBuf),
    Database(String),
}

/// Runs `test` twice, each time on a fresh database: `NAME::sqlite` and `NAME::postgres`.
///
/// `on_both_databases!(name, async |db: TestDb| { … })` starts with all migrations applied;
/// `on_both_databases!(name, only "CREATE TABLE …", async |db: TestDb| { … })` with that alone.
macro_rules! on_both_databases {
    ($(#[$meta:meta])* $name:ident, only $ddl:expr, $test:expr) => {
        on_both_databases!(@ $(#[$meta])* $name, $crate::support::db::Contents::Only($ddl), $test);
    };
    ($(#[$meta:meta])* $name:ident, $test:expr) => {
        on_both_databases!(@ $(#[$meta])* $name, $crate::support::db::Contents::Migrated, $test);
    };
    (@ $(#[$meta:meta])* $name:ident, $contents:expr, $test:expr) => {
        $(#[$meta])*
        mod $name {
            use super::*;

            #[test]
            fn sqlite() {
                $crate::support::db::run($crate::support::db::TestDb::sqlite($contents), $test);
            }

            #[test]
            fn postgres() {
                if let Some(db) = $crate::support::db::TestDb::postgres($contents) {
                    $crate::support::db::run(db, $test);
                }
            }
        }
    };
}

/// Runs an async test on a runtime of its own.
pub fn run(db: TestDb, test: impl AsyncFnOnce(TestDb)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(test(db));
}

impl TestDb {
    /// A fresh SQLite file.
    pub fn sqlite(contents: Contents) -> Self {
        let folder = database_folder();
        let file = folder.join("test.db");
        let settings = DatabaseSettings::new(DatabaseUrl::SqliteFile(file.clone()));
        if matches!(contents, Contents::Migrated) {
            std::fs::write(&file, sqlite_template()).unwrap();
        }
        Self::open(settings, contents, Kind::Sqlite, Place::Folder(folder))
    }

    /// A fresh PostgreSQL database, if there is PostgreSQL on this machine.
    pub fn postgres(contents: Contents) -> Option<Self> {
        let cluster = cluster()?;
        let template = match contents {
            Contents::Migrated => postgres_template(),
            Contents::Only(_) => "template0",
        };
        let name = create_database(cluster, template);
        let settings = DatabaseSettings::new(cluster.url(&name));
        Some(Self::open(settings, contents, Kind::Postgres, Place::Database(name)))
    }

    /// Whether it is SQLite.
    pub fn is_sqlite(&self) -> bool {
        matches!(self.settings.url, DatabaseUrl::SqliteFile(_))
    }

    /// Another node on the same database, with ids and connections of its own.
    pub fn another_node(&self, change: impl FnOnce(&mut DatabaseSettings)) -> Db {
        let mut settings = self.settings.clone();
        change(&mut settings);
        Db::open(&settings, self.clock.clone(), Arc::new(SystemIds::default())).unwrap()
    }

    /// The one number that `query` gives.
    pub async fn count(&self, query: &'static str) -> i64 {
        use diesel::prelude::*;
        use madoguchi::store::Reads;
        self.db
            .read(move |tx| {
                let number = diesel::dsl::sql::<diesel::sql_types::BigInt>(query);
                diesel::select(number).get_result::<i64>(tx.read()).map_err(StoreError::from)
            })
            .await
            .unwrap()
    }

    /// The queries that reads send while `act` goes on, in the order of the threads that sent them, without their values. What a node
    /// asks by the clock, whether the catalogue has changed, is left out.
    pub async fn queries_of(&self, act: impl AsyncFnOnce()) -> Vec<String> {
        self.db.start_recording("reader");
        act().await;
        let sent = self.db.stop_recording("reader");
        let asked = |text: &String| text.starts_with("SELECT") && !text.contains("catalogue_state");
        sent.into_iter().filter(asked).collect()
    }

    /// At its end the test's ledger does not hold in exactly these facts, because the test made it so.
    pub fn leaves_unexplained(&self, facts: &[&'static str]) {
        *self.unexplained.lock().unwrap() = Some(facts.to_vec());
    }

    /// The ledger is not looked at when the test ends, because the test writes nonsense into it.
    pub fn has_a_ruined_ledger(&self) {
        *self.unexplained.lock().unwrap() = None;
    }

    /// What does not hold in the ledgers of this database: the names of the facts.
    fn ledger_findings(&self) -> Vec<String> {
        let check = async |db: &Db| {
            let reports = ledger_check::check(db).await.unwrap();
            let findings = reports.into_iter().flat_map(|report| report.findings);
            let mut names: Vec<_> = findings.map(|finding| finding.name().to_owned()).collect();
            names.sort();
            names
        };
        // A test may have stopped its own handle, or have broken its connections.
        let db = self.another_node(|_| {});
        let found = std::thread::scope(|scope| {
            // A thread of its own: this one may belong to the test's runtime.
            let run = || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(check(&db))
            };
            scope.spawn(run).join()
        });
        db.shutdown();
        found.unwrap()
    }

    fn open(settings: DatabaseSettings, contents: Contents, kind: Kind, place: Place) -> Self {
        static SEED: AtomicU64 = AtomicU64::new(1);
        let clock = Arc::new(FixedClock::new("2026-04-01T00:00:00Z".parse::<Timestamp>().unwrap()));
        let ids = Arc::new(SeededIds::new(SEED.fetch_add(1, Ordering::Relaxed)));
        if let Contents::Only(statements) = contents {
            execute(&settings.url, statements);
        }
        let db = Db::open(&settings, clock.clone(), ids).unwrap();
        let unexplained = Mutex::new(Some(Vec::new()));
        Self { db, clock, settings, kind, unexplained, contents, place }
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        self.db.shutdown();
        // T-3 at the end of every test; one that failed already has more to say.
        let looks = !std::thread::panicking() && matches!(self.contents, Contents::Migrated);
        let expected = self.unexplained.lock().ok().and_then(|mut unexplained| unexplained.take());
        let found = expected.filter(|_| looks).map(|expected| (expected, self.ledger_findings()));
        match &self.place {
            Place::Folder(folder) => drop(std::fs::remove_dir_all(folder)),
            Place::Database(name) => drop_database(cluster().unwrap(), name),
        }
        if let Some((expected, found)) = found {
            assert_eq!(found, expected, "the ledger at the end of the test");
        }
    }
}

/// Runs statements outside the store.
pub fn execute(url: &DatabaseUrl, statements: &str) {
    use diesel::Connection;
    match url {
        DatabaseUrl::SqliteFile(path) => {
            let mut conn = diesel::SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            conn.batch_execute(statements).unwrap();
        }
        DatabaseUrl::Postgres(url) => {
            let mut conn = diesel::PgConnection::establish(url).unwrap();
            conn.batch_execute(statements).unwrap();
        }
    }
}

/// A folder that exists nowhere else, and stays until the next run.
pub fn new_folder() -> PathBuf {
    static OF_RUN: OnceLock<PathBuf> = OnceLock::new();
    new_folder_in(OF_RUN.get_or_init(|| folder_of_run(Path::new(env!("CARGO_TARGET_TMPDIR")))))
}

/// A folder for a database, which is removed with it.
fn database_folder() -> PathBuf {
    static OF_RUN: OnceLock<PathBuf> = OnceLock::new();
    new_folder_in(OF_RUN.get_or_init(|| folder_of_run(&passing_place())))
}

fn new_folder_in(place: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let folder = place.join(NEXT.fetch_add(1, Ordering::Relaxed).to_string());
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// This run's folder at a place, after what runs that are over left there was removed.
fn folder_of_run(place: &Path) -> PathBuf {
    const PREFIX: &str = "madoguchi-run-";
    for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let run = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let is_over =
            |process: &str| Path::new("/proc/self").exists() && !Path::new("/proc").join(process).exists();
        if run.is_some_and(is_over) {
            // Another run may be sweeping, too.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    place.join(format!("{PREFIX}{}", std::process::id()))
}

/// The bytes of a migrated SQLite file, made once a run.
fn sqlite_template() -> &'static [u8] {
    static TEMPLATE: OnceLock<Vec<u8>> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let folder = new_folder();
        let file = folder.join("template.db");
        migrate(DatabaseUrl::SqliteFile(file.clone()));
        // What is still in the write-ahead log must be in the file that is copied.
        execute(&DatabaseUrl::SqliteFile(file.clone()), "PRAGMA wal_checkpoint(TRUNCATE)");
        let bytes = std::fs::read(&file).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        bytes
    })
}

/// The name of a migrated PostgreSQL database, made once a run.
fn postgres_template() -> &'static str {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let cluster = cluster().unwrap();
        let name = create_database(cluster, "template0");
        migrate(cluster.url(&name));
        name
    })
}

fn migrate(url: DatabaseUrl) {
    let clock = Arc::new(FixedClock::new(Timestamp::UNIX_EPOCH));
    let db = Db::open(&DatabaseSettings::new(url), clock, Arc::new(SystemIds::default())).unwrap();
    db.migrate().unwrap();
    assert_eq!(db.pending_migrations().unwrap(), Vec::<String>::new());
    db.shutdown();
}
