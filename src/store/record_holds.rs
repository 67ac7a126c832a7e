//! Holds on the records of a case: placed and released, never rewritten.

use diesel::prelude::*;

use super::schema::records::{record_hold_releases, record_holds};
use super::sql::{IsoDate, Micros, or_ignore};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, OfficerId, RecordHoldId, TenantCode};
use crate::domain::records::{Hold, HoldGround};
use crate::store::record_files::Moved;

/// A hold as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = record_holds, treat_none_as_default_value = false)]
pub struct HoldRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The hold.
    pub id: RecordHoldId,
    /// The case.
    pub application_id: ApplicationId,
    /// `appeal`, `litigation`, `disclosure` or `audit`.
    pub ground: String,
    /// The first day it counts.
    pub from_on: IsoDate,
    /// The last day, when it is known.
    pub until_on: Option<IsoDate>,
    /// What it is about, sealed with the case's key.
    pub sealed_note: Vec<u8>,
    /// Who placed it.
    pub placed_by: OfficerId,
    /// When.
    pub placed_at: Micros,
}

/// The release of a hold as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = record_hold_releases)]
pub struct ReleaseRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The hold.
    pub hold_id: RecordHoldId,
    /// The case.
    pub application_id: ApplicationId,
    /// Why, sealed with the case's key.
    pub sealed_reason: Vec<u8>,
    /// Who released it.
    pub released_by: OfficerId,
    /// When.
    pub released_at: Micros,
}

/// A hold with its release, if it was released.
pub type HoldWithRelease = (HoldRow, Option<ReleaseRow>);

/// The place that the sealed note is bound to.
pub fn note_place(id: RecordHoldId) -> String {
    format!("record_holds.sealed_note:{id}")
}

/// The place that the sealed reason of a release is bound to.
pub fn reason_place(id: RecordHoldId) -> String {
    format!("record_hold_releases.sealed_reason:{id}")
}

/// A stored hold as the rules see it.
pub fn judged((row, release): &HoldWithRelease) -> Result<Hold, StoreError> {
    let ground = HoldGround::parse(&row.ground);
    Ok(Hold {
        ground: ground
            .ok_or_else(|| StoreError::Inconsistent(format!("record_holds.ground of {}", row.id)))?,
        from: row.from_on.0,
        until: row.until_on.map(|day| day.0),
        released_at: release.as_ref().map(|release| release.released_at.0),
    })
}

/// Places a hold.
pub fn insert(tx: &mut Tx<'_>, row: &HoldRow) -> Result<(), StoreError> {
    diesel::insert_into(record_holds::table).values(row).execute(tx.change())?;
    Ok(())
}

/// Releases a hold, unless it was released before.
pub fn release(tx: &mut Tx<'_>, row: &ReleaseRow) -> Result<Moved, StoreError> {
    let added =
        or_ignore(diesel::insert_into(record_hold_releases::table).values(row)).execute(tx.change())?;
    Ok(if added == 1 { Moved::Stored } else { Moved::Elsewhere })
}

/// What joins a hold and its release.
macro_rules! holds {
    ($tenant:expr) => {
        record_holds::table
            .left_join(
                record_hold_releases::table.on(record_hold_releases::tenant_id
                    .eq(record_holds::tenant_id)
                    .and(record_hold_releases::hold_id.eq(record_holds::id))),
            )
            .filter(record_holds::tenant_id.eq($tenant))
            .select((HoldRow::as_select(), Option::<ReleaseRow>::as_select()))
    };
}

/// One hold.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: RecordHoldId,
) -> Result<Option<HoldWithRelease>, StoreError> {
    Ok(holds!(tenant).filter(record_holds::id.eq(id)).first(tx.read()).optional()?)
}

/// The holds of these cases, oldest first, in one statement.
pub fn of_cases(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    ids: &[ApplicationId],
) -> Result<Vec<HoldWithRelease>, StoreError> {
    let of_cases = holds!(tenant).filter(record_holds::application_id.eq_any(ids)).order(record_holds::id);
    Ok(of_cases.load(tx.read())?)
}

/// The holds of a case, oldest first.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Vec<HoldWithRelease>, StoreError> {
    let of_case = holds!(tenant).filter(record_holds::application_id.eq(id)).order(record_holds::id);
    Ok(of_case.load(tx.read())?)
}
