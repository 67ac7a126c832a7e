//! A copy of a running SQLite database. PostgreSQL has its own tools (`pg_basebackup`, `pg_dump`).

use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;

use super::error::StoreError;
use super::url::DatabaseUrl;

/// Copies the database into the new file `target` while it is in use, and checks the copy.
///
/// The copy is one consistent state: everything committed before the call. An existing target is refused.
pub fn backup(url: &DatabaseUrl, target: &Path) -> Result<(), StoreError> {
    let DatabaseUrl::SqliteFile(source) = url else {
        return Err(failed("only SQLite files are copied; use pg_basebackup or pg_dump for PostgreSQL"));
    };
    if !source.is_file() {
        return Err(failed("the database file does not exist"));
    }
    // `VACUUM INTO` would write into an existing empty file, so that one is refused as well.
    if target.symlink_metadata().is_ok() {
        return Err(failed("the target exists already"));
    }
    let copied = copy(source, target);
    if copied.is_err() {
        // Half a copy must not be taken for a backup; if it cannot be removed the error says enough.
        let _ = std::fs::remove_file(target);
    }
    copied
}

fn copy(source: &Path, target: &Path) -> Result<(), StoreError> {
    let mut conn = connect(source)?;
    diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(text(target)?).execute(&mut conn).map_err(broken)?;
    check(target)?;
    // The file's bytes and its name in the folder must both outlive a power cut.
    std::fs::File::open(target)
        .and_then(|file| file.sync_all())
        .map_err(|error| failed(&error.to_string()))?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder).and_then(|file| file.sync_all()).map_err(|error| failed(&error.to_string()))
}

/// Runs SQLite's integrity and foreign key checks on a file.
pub fn check(file: &Path) -> Result<(), StoreError> {
    #[derive(QueryableByName)]
    struct Finding {
        #[diesel(sql_type = Text)]
        integrity_check: String,
    }
    let mut conn = connect(file)?;
    let findings: Vec<Finding> =
        diesel::sql_query("PRAGMA integrity_check").load(&mut conn).map_err(broken)?;
    match findings.as_slice() {
        [only] if only.integrity_check == "ok" => {}
        _ => return Err(failed("the copy did not pass its integrity check")),
    }
    let orphans =
        diesel::dsl::sql::<diesel::sql_types::BigInt>("SELECT COUNT(*) FROM pragma_foreign_key_check")
            .get_result::<i64>(&mut conn)
            .map_err(broken)?;
    if orphans == 0 { Ok(()) } else { Err(failed("rows of the copy refer to rows that are missing")) }
}

fn connect(file: &Path) -> Result<SqliteConnection, StoreError> {
    let path = text(file)?;
    let path = if path.starts_with('/') { path.to_owned() } else { format!("./{path}") };
    SqliteConnection::establish(&path).map_err(|error| failed(&error.to_string()))
}

fn text(path: &Path) -> Result<&str, StoreError> {
    path.to_str().ok_or_else(|| failed("the path is not valid UTF-8"))
}

#[expect(clippy::needless_pass_by_value, reason = "used as the function of map_err")]
fn broken(error: diesel::result::Error) -> StoreError {
    failed(&error.to_string())
}

fn failed(why: &str) -> StoreError {
    StoreError::Backup(why.to_owned())
}
