//! Measures at the expiry of record files, and the hashes of what the archive gets.

use diesel::prelude::*;

use super::record_files::Moved;
use super::schema::records::{record_bundles, record_measures};
use super::sql::{Micros, or_ignore};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{OfficerId, RecordFileId, RecordMeasureId, RecordMemberId, TenantCode};
use crate::domain::records::{Measure, MeasureState};

/// A proposed measure as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = record_measures, treat_none_as_default_value = false)]
pub struct MeasureRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The measure.
    pub id: RecordMeasureId,
    /// The file.
    pub record_file_id: RecordFileId,
    /// `transfer` or `dispose`.
    pub measure: String,
    /// `proposed`, `rejected`, `approved`, `exported`, `handed_over` or `done`.
    pub state: String,
    /// Why; without personal data.
    pub reason: String,
    /// Who proposed it.
    pub proposed_by: OfficerId,
    /// When.
    pub proposed_at: Micros,
    /// Who decided: somebody else.
    pub decided_by: Option<OfficerId>,
    /// When.
    pub decided_at: Option<Micros>,
    /// SHA-256 over all exports, in hex, once every case is exported.
    pub bundles_sha256: Option<String>,
    /// What the archive gave for them (受領書の番号).
    pub receipt: Option<String>,
    /// Who handed them over.
    pub handed_over_by: Option<OfficerId>,
    /// When.
    pub handed_over_at: Option<Micros>,
    /// Rises with every change.
    pub version: i64,
}

impl MeasureRow {
    /// What is proposed.
    pub fn kind(&self) -> Result<Measure, StoreError> {
        Measure::parse(&self.measure).ok_or_else(|| self.broken("measure"))
    }

    /// Where it stands.
    pub fn measure_state(&self) -> Result<MeasureState, StoreError> {
        MeasureState::parse(&self.state).ok_or_else(|| self.broken("state"))
    }

    fn broken(&self, column: &str) -> StoreError {
        StoreError::Inconsistent(format!("record_measures.{column} of {}", self.id))
    }
}

/// The export of a case or a book as recorded.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = record_bundles)]
pub struct BundleRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The measure it was made for.
    pub measure_id: RecordMeasureId,
    /// The case, or the book.
    pub member_id: RecordMemberId,
    /// SHA-256 of the export, in hex.
    pub sha256: String,
    /// What it is an export of ([`crate::domain::records::exported_standing`]); of a book the digest of what was recorded of it.
    pub event_head: Vec<u8>,
    /// When.
    pub exported_at: Micros,
}

/// Stores a proposal, unless another one of the file is open.
pub fn insert(tx: &mut Tx<'_>, row: &MeasureRow) -> Result<Moved, StoreError> {
    let added = or_ignore(diesel::insert_into(record_measures::table).values(row)).execute(tx.change())?;
    Ok(if added == 1 { Moved::Stored } else { Moved::Elsewhere })
}

/// One measure.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: RecordMeasureId,
) -> Result<Option<MeasureRow>, StoreError> {
    Ok(record_measures::table
        .filter(record_measures::tenant_id.eq(tenant))
        .filter(record_measures::id.eq(id))
        .select(MeasureRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// All measures that were ever proposed for a file, oldest first.
pub fn of_file(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    file: RecordFileId,
) -> Result<Vec<MeasureRow>, StoreError> {
    Ok(record_measures::table
        .filter(record_measures::tenant_id.eq(tenant))
        .filter(record_measures::record_file_id.eq(file))
        .order(record_measures::id)
        .select(MeasureRow::as_select())
        .load(tx.read())?)
}

/// Stores a changed measure under the next version.
pub fn update(tx: &mut Tx<'_>, row: &mut MeasureRow) -> Result<Moved, StoreError> {
    let before = row.version;
    let target = record_measures::table
        .filter(record_measures::tenant_id.eq(&row.tenant_id))
        .filter(record_measures::id.eq(row.id))
        .filter(record_measures::version.eq(before));
    let changed = diesel::update(target)
        .set((
            record_measures::state.eq(&row.state),
            record_measures::decided_by.eq(row.decided_by),
            record_measures::decided_at.eq(row.decided_at),
            record_measures::bundles_sha256.eq(&row.bundles_sha256),
            record_measures::receipt.eq(&row.receipt),
            record_measures::handed_over_by.eq(row.handed_over_by),
            record_measures::handed_over_at.eq(row.handed_over_at),
            record_measures::version.eq(before + 1),
        ))
        .execute(tx.change())?;
    if changed != 1 {
        return Ok(Moved::Elsewhere);
    }
    row.version = before + 1;
    Ok(Moved::Stored)
}

/// Records the export of a case or a book; one that changed since takes the place of the earlier one.
pub fn put_bundle(tx: &mut Tx<'_>, row: &BundleRow) -> Result<(), StoreError> {
    let target = record_bundles::table
        .filter(record_bundles::tenant_id.eq(&row.tenant_id))
        .filter(record_bundles::measure_id.eq(row.measure_id))
        .filter(record_bundles::member_id.eq(row.member_id));
    let changed = diesel::update(target)
        .set((
            record_bundles::sha256.eq(&row.sha256),
            record_bundles::event_head.eq(&row.event_head),
            record_bundles::exported_at.eq(row.exported_at),
        ))
        .execute(tx.change())?;
    if changed == 0 {
        diesel::insert_into(record_bundles::table).values(row).execute(tx.change())?;
    }
    Ok(())
}

/// The recorded export of a case or a book.
pub fn bundle(
    tx: &mut impl Reads,
    (tenant, measure): (&TenantCode, RecordMeasureId),
    member: RecordMemberId,
) -> Result<Option<BundleRow>, StoreError> {
    Ok(record_bundles::table
        .filter(record_bundles::tenant_id.eq(tenant))
        .filter(record_bundles::measure_id.eq(measure))
        .filter(record_bundles::member_id.eq(member))
        .select(BundleRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The recorded exports of a measure, in the order of the ids.
pub fn bundles(
    tx: &mut impl Reads,
    (tenant, measure): (&TenantCode, RecordMeasureId),
    after: Option<RecordMemberId>,
    limit: i64,
) -> Result<Vec<BundleRow>, StoreError> {
    let mut query = record_bundles::table
        .filter(record_bundles::tenant_id.eq(tenant))
        .filter(record_bundles::measure_id.eq(measure))
        .order(record_bundles::member_id)
        .limit(limit)
        .select(BundleRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(record_bundles::member_id.gt(after));
    }
    Ok(query.load(tx.read())?)
}
