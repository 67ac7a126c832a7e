//! Holds on whole record files: placed and released, never rewritten. They bar every case that is or comes into the file.

use diesel::prelude::*;

use super::schema::records::{record_cases, record_file_hold_releases, record_file_holds};
use super::sql::{IsoDate, Micros, or_ignore};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, OfficerId, RecordFileId, RecordHoldId, TenantCode};
use crate::domain::records::{Hold, HoldGround};
use crate::store::record_files::Moved;

/// A hold as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = record_file_holds, treat_none_as_default_value = false)]
pub struct FileHoldRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The hold.
    pub id: RecordHoldId,
    /// The file.
    pub record_file_id: RecordFileId,
    /// `appeal`, `litigation`, `disclosure`, `audit` or `claim`.
    pub ground: String,
    /// The first day it counts.
    pub from_on: IsoDate,
    /// The last day, when it is known.
    pub until_on: Option<IsoDate>,
    /// What it is about; without personal data.
    pub note: String,
    /// Who placed it.
    pub placed_by: OfficerId,
    /// When.
    pub placed_at: Micros,
}

/// The release of a hold as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = record_file_hold_releases)]
pub struct FileReleaseRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The hold.
    pub hold_id: RecordHoldId,
    /// Why; without personal data.
    pub reason: String,
    /// Who released it.
    pub released_by: OfficerId,
    /// When.
    pub released_at: Micros,
}

/// A hold with its release, if it was released.
pub type FileHold = (FileHoldRow, Option<FileReleaseRow>);

/// A stored hold as the rules see it.
pub fn judged((row, release): &FileHold) -> Result<Hold, StoreError> {
    let broken = || StoreError::Inconsistent(format!("record_file_holds.ground of {}", row.id));
    Ok(Hold {
        ground: HoldGround::parse(&row.ground).ok_or_else(broken)?,
        from: row.from_on.0,
        until: row.until_on.map(|day| day.0),
        released_at: release.as_ref().map(|release| release.released_at.0),
    })
}

/// Places a hold.
pub fn insert(tx: &mut Tx<'_>, row: &FileHoldRow) -> Result<(), StoreError> {
    diesel::insert_into(record_file_holds::table).values(row).execute(tx.change())?;
    Ok(())
}

/// Releases a hold, unless it was released before.
pub fn release(tx: &mut Tx<'_>, row: &FileReleaseRow) -> Result<Moved, StoreError> {
    let added =
        or_ignore(diesel::insert_into(record_file_hold_releases::table).values(row)).execute(tx.change())?;
    Ok(if added == 1 { Moved::Stored } else { Moved::Elsewhere })
}

/// What joins a hold and its release.
macro_rules! holds {
    ($tenant:expr) => {
        record_file_holds::table
            .left_join(
                record_file_hold_releases::table.on(record_file_hold_releases::tenant_id
                    .eq(record_file_holds::tenant_id)
                    .and(record_file_hold_releases::hold_id.eq(record_file_holds::id))),
            )
            .filter(record_file_holds::tenant_id.eq($tenant))
            .select((FileHoldRow::as_select(), Option::<FileReleaseRow>::as_select()))
    };
}

/// Ids alone say no order within a millisecond.
const OLDEST_FIRST: (record_file_holds::placed_at, record_file_holds::id) =
    (record_file_holds::placed_at, record_file_holds::id);

/// One hold.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: RecordHoldId,
) -> Result<Option<FileHold>, StoreError> {
    Ok(holds!(tenant).filter(record_file_holds::id.eq(id)).first(tx.read()).optional()?)
}

/// The holds of a file, oldest first.
pub fn of_file(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    file: RecordFileId,
) -> Result<Vec<FileHold>, StoreError> {
    let of_file = holds!(tenant).filter(record_file_holds::record_file_id.eq(file)).order(OLDEST_FIRST);
    Ok(of_file.load(tx.read())?)
}

/// The holds of the files that these cases are in, each case with each hold, oldest first, in two statements.
pub fn over_cases(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    cases: &[ApplicationId],
) -> Result<Vec<(ApplicationId, FileHold)>, StoreError> {
    let files: Vec<(ApplicationId, RecordFileId)> = record_cases::table
        .filter(record_cases::tenant_id.eq(tenant))
        .filter(record_cases::application_id.eq_any(cases))
        .select((record_cases::application_id, record_cases::record_file_id))
        .load(tx.read())?;
    let mut ids: Vec<RecordFileId> = files.iter().map(|(_, file)| *file).collect();
    ids.sort_unstable();
    ids.dedup();
    let holds = holds!(tenant).filter(record_file_holds::record_file_id.eq_any(ids)).order(OLDEST_FIRST);
    let holds: Vec<FileHold> = holds.load(tx.read())?;
    let over = |(case, file): (ApplicationId, RecordFileId)| {
        let of_file = holds.iter().filter(move |(hold, _)| hold.record_file_id == file);
        of_file.map(move |hold| (case, hold.clone()))
    };
    Ok(files.into_iter().flat_map(over).collect())
}
