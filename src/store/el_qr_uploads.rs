//! Files of slips for the organisation (納付書情報のアップロード), and what it answered about each slip.

use diesel::prelude::*;

use super::el_qr_slips::SlipRow;
use super::schema::el_qr::{el_qr_slips, el_qr_upload_records, el_qr_uploads};
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ElQrSlipId, ElQrUploadId, OfficerId, TenantCode};

/// A file as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = el_qr_uploads, treat_none_as_default_value = false)]
pub struct UploadRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The file.
    pub id: ElQrUploadId,
    /// How many slips it is about.
    pub record_count: i64,
    /// The version of the layouts it was made by.
    pub layout_version: String,
    /// SHA-256 of its bytes.
    pub file_sha256: String,
    /// Its own key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// The file, sealed.
    pub sealed_file: Vec<u8>,
    /// Who made it; nobody where it was made by the clock.
    pub made_by: Option<OfficerId>,
    /// When.
    pub made_at: Micros,
}

/// What a file asks about a slip.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = el_qr_upload_records, treat_none_as_default_value = false)]
pub struct UploadRecordRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The file.
    pub upload_id: ElQrUploadId,
    /// Its line there, from 1.
    pub line_no: i64,
    /// The slip.
    pub slip_id: ElQrSlipId,
    /// Name of the operation.
    pub operation: String,
    /// `accepted` or `refused`, once the organisation has answered.
    pub outcome: Option<String>,
    /// Its code of the reason.
    pub outcome_code: Option<String>,
    /// When the answer was taken in.
    pub answered_at: Option<Micros>,
}

/// The place that the sealed file is bound to.
pub fn file_place(id: ElQrUploadId) -> String {
    format!("el_qr_uploads.sealed_file:{id}")
}

/// Stores a new file.
pub fn insert(tx: &mut Tx<'_>, row: &UploadRow) -> Result<(), StoreError> {
    diesel::insert_into(el_qr_uploads::table).values(row).execute(tx.change())?;
    Ok(())
}

/// Stores what a file asks about a slip.
pub fn insert_record(tx: &mut Tx<'_>, row: &UploadRecordRow) -> Result<(), StoreError> {
    diesel::insert_into(el_qr_upload_records::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One file.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ElQrUploadId,
) -> Result<Option<UploadRow>, StoreError> {
    Ok(el_qr_uploads::table
        .filter(el_qr_uploads::tenant_id.eq(tenant))
        .filter(el_qr_uploads::id.eq(id))
        .select(UploadRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The youngest files; `before` is the last id of the page before.
pub fn youngest(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    before: Option<ElQrUploadId>,
    limit: i64,
) -> Result<Vec<UploadRow>, StoreError> {
    let mut query = el_qr_uploads::table
        .filter(el_qr_uploads::tenant_id.eq(tenant))
        .order(el_qr_uploads::id.desc())
        .limit(limit)
        .select(UploadRow::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(el_qr_uploads::id.lt(before));
    }
    Ok(query.load(tx.read())?)
}

/// What a file asks, with the slips, in the order of the file.
pub fn records(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ElQrUploadId,
) -> Result<Vec<(UploadRecordRow, SlipRow)>, StoreError> {
    let same = el_qr_slips::id
        .eq(el_qr_upload_records::slip_id)
        .and(el_qr_slips::tenant_id.eq(el_qr_upload_records::tenant_id));
    Ok(el_qr_upload_records::table
        .inner_join(el_qr_slips::table.on(same))
        .filter(el_qr_upload_records::tenant_id.eq(tenant))
        .filter(el_qr_upload_records::upload_id.eq(id))
        .order(el_qr_upload_records::line_no)
        .select((UploadRecordRow::as_select(), SlipRow::as_select()))
        .load(tx.read())?)
}

/// Stores what the organisation answered; it answers once.
pub fn answer(tx: &mut Tx<'_>, row: &UploadRecordRow) -> Result<(), StoreError> {
    let target = el_qr_upload_records::table
        .filter(el_qr_upload_records::tenant_id.eq(&row.tenant_id))
        .filter(el_qr_upload_records::upload_id.eq(row.upload_id))
        .filter(el_qr_upload_records::line_no.eq(row.line_no))
        .filter(el_qr_upload_records::outcome.is_null());
    let affected = diesel::update(target)
        .set((
            el_qr_upload_records::outcome.eq(&row.outcome),
            el_qr_upload_records::outcome_code.eq(&row.outcome_code),
            el_qr_upload_records::answered_at.eq(row.answered_at),
        ))
        .execute(tx.change())?;
    if affected == 1 {
        Ok(())
    } else {
        Err(StoreError::Inconsistent(format!("el_qr_upload_records.outcome of {}", row.slip_id)))
    }
}
