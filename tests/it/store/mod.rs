//! The store core on both databases, with tables of its own.

mod group_commit;
mod lost_commit;
mod older_databases;
mod races;
mod reads;
mod settings;

use std::time::Duration;

use diesel::prelude::*;
use madoguchi::domain::id::ApplicationId;
use madoguchi::store::{Db, Reads, Root, StoreError, Tx};
use uuid::Uuid;

/// Tables that suit both databases: two root tables and one with constraints.
pub const TABLES: &str = "
    CREATE TABLE accounts (id TEXT NOT NULL PRIMARY KEY);
    CREATE TABLE applications (id TEXT NOT NULL PRIMARY KEY);
    CREATE TABLE notes (id TEXT NOT NULL PRIMARY KEY, n BIGINT NOT NULL CHECK (n >= 0), owner TEXT);
";

diesel::table! {
    notes (id) {
        id -> Text,
        n -> BigInt,
        owner -> Nullable<Text>,
    }
}

diesel::table! {
    applications (id) {
        id -> Text,
    }
}

/// A refusal of the domain, or a failure of the store.
#[derive(Debug)]
pub enum TestError {
    Refused,
    Store(StoreError),
}

impl From<StoreError> for TestError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<diesel::result::Error> for TestError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The root with this number; different numbers may go to different writers.
pub fn root(number: u128) -> Root {
    Root::Application(ApplicationId(Uuid::from_u128(number)))
}

/// Inserts a note.
pub fn note(tx: &mut Tx<'_>, id: &str, n: i64) -> Result<(), TestError> {
    diesel::insert_into(notes::table).values((notes::id.eq(id), notes::n.eq(n))).execute(tx.change())?;
    Ok(())
}

/// Keeps a writer busy until the returned sender is dropped, so that the next writes share one batch.
pub async fn hold(db: &Db, root: Root) -> (std::sync::mpsc::Sender<()>, tokio::task::JoinHandle<()>) {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let (started, begun) = std::sync::mpsc::channel::<()>();
    let db = db.clone();
    let holder = tokio::spawn(async move {
        db.write(root, move |_tx| {
            let _ = started.send(());
            let _ = held.lock().unwrap().recv_timeout(Duration::from_secs(10));
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    });
    tokio::task::spawn_blocking(move || begun.recv().unwrap()).await.unwrap();
    (release, holder)
}

/// Reads the ids of all notes, sorted.
pub async fn note_ids(db: &Db) -> Vec<String> {
    db.read(|tx| notes::table.select(notes::id).order(notes::id).load(tx.read()).map_err(StoreError::from))
        .await
        .unwrap()
}
