//! URLs, column types and backups.

use diesel::prelude::*;
use jiff::Timestamp;
use madoguchi::domain::id::InvoiceId;
use madoguchi::domain::money::Yen;
use madoguchi::store::sql::{IsoDate, Json, Micros};
use madoguchi::store::{DatabaseUrl, DatabaseUrlError, Reads, StoreError, backup};
use uuid::Uuid;

use super::{TABLES, TestError, note, root};
use crate::support::db::{Contents, Kind, TestDb, new_folder, run};

#[test]
fn only_urls_that_leave_nothing_to_guess_are_taken() {
    for good in [
        "sqlite:a.db",
        "sqlite:/var/a.db",
        "sqlite:///var/a.db",
        "postgres://u@localhost/m",
        "postgresql:///m?host=/run/postgresql",
        "postgres://u:p@127.0.0.1:5433/m",
        "postgres://u@[::1]:5/m",
    ] {
        assert!(good.parse::<DatabaseUrl>().is_ok(), "{good}");
    }
    for bad in [
        "",
        "sqlite",
        "postgres",
        "postgres:nohost",
        "mysql://a/b",
        "missing.db",
        "Cargo.toml",
        "sqlite:",
        "sqlite::memory:",
        "sqlite:/tmp",
        "postgres://localhost",
        "postgres://localhost/",
        "file:a.db",
    ] {
        assert!(bad.parse::<DatabaseUrl>().is_err(), "{bad}");
    }
    for remote in [
        "postgres://u@db.example.jp/m",
        "postgres://u@10.0.0.1/m?sslmode=prefer",
        "postgres://u@localhost/m?host=10.0.0.1",
        "postgres://u@localhost,db2/m",
        "postgres:///m?hostaddr=10.0.0.1",
    ] {
        let refused = remote.parse::<DatabaseUrl>();
        assert!(matches!(refused, Err(DatabaseUrlError::RemoteWithoutTls { .. })), "{remote}: {refused:?}");
    }
}

#[test]
fn a_password_is_never_shown() {
    let url: DatabaseUrl = "postgres://u:secret@localhost/m?password=secret&x=1".parse().unwrap();
    assert_eq!(format!("{url:?}"), "postgres://u:***@localhost/m?x=1");
    let refused = "mysql://u:secret@h/m".parse::<DatabaseUrl>().unwrap_err();
    assert!(!refused.to_string().contains("secret"));
}

diesel::table! {
    values_kept (id) {
        id -> Text,
        at -> BigInt,
        day -> Nullable<Text>,
        json -> Text,
        amount -> BigInt,
    }
}

#[derive(Clone, Debug, PartialEq, Insertable, Queryable, Selectable)]
#[diesel(table_name = values_kept)]
struct Kept {
    id: InvoiceId,
    at: Micros,
    day: Option<IsoDate>,
    json: Json<Vec<String>>,
    amount: Yen,
}

const KEPT: &str = "CREATE TABLE values_kept (id TEXT NOT NULL PRIMARY KEY, at BIGINT NOT NULL, day TEXT, \
    json TEXT NOT NULL, amount BIGINT NOT NULL)";

on_both_databases!(a_row_read_back_equals_the_row_written, only KEPT, async |test: TestDb| {
    for (number, day) in [(1_u128, None), (2, Some(IsoDate(jiff::civil::date(2026, 2, 28))))] {
        let row = Kept {
            id: InvoiceId(Uuid::from_u128(number)),
            at: Micros("2026-04-01T09:00:00.123456+09:00".parse::<Timestamp>().unwrap()),
            day,
            json: Json(vec!["窓口".to_owned()]),
            amount: Yen::new(18_000).unwrap(),
        };
        let written = row.clone();
        let read = test.db.write_alone(Vec::new(), move |tx| {
            diesel::insert_into(values_kept::table).values(&written).execute(tx.change())?;
            values_kept::table.find(written.id).first::<Kept>(tx.read()).map_err(StoreError::from)
        });
        assert_eq!(read.await.unwrap(), row);
    }
});

#[test]
fn a_running_file_is_copied_whole_and_never_over_another() {
    run(TestDb::sqlite(Contents::Only(TABLES)), async |test: TestDb| {
        assert_eq!(test.kind, Kind::Sqlite);
        let folder = new_folder();
        let target = folder.join("copy.db");
        test.db.write(root(0), |tx| note(tx, "before", 1)).await.unwrap();
        let (url, copy, db) = (test.settings.url.clone(), target.clone(), test.db.clone());
        let writing = tokio::spawn(async move {
            for number in 0..100 {
                db.write(root(0), move |tx| note(tx, &format!("n{number}"), 1)).await.unwrap();
            }
        });
        tokio::task::spawn_blocking(move || backup::backup(&url, &copy)).await.unwrap().unwrap();
        writing.await.unwrap();
        backup::check(&target).unwrap();
        let again = backup::backup(&test.settings.url, &target);
        assert!(matches!(again, Err(StoreError::Backup(_))), "{again:?}");
        let missing: Result<(), TestError> =
            backup::backup(&DatabaseUrl::SqliteFile(folder.join("no.db")), &folder.join("x.db"))
                .map_err(Into::into);
        assert!(missing.is_err() && !folder.join("x.db").exists());
        std::fs::remove_dir_all(folder).unwrap();
    });
}
