//! Files that came from the organisation, and the payments that it reported (納付情報).

use std::collections::HashMap;

use diesel::prelude::*;

use super::schema::el_qr::{el_qr_files, el_qr_lines};
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::el_qr::ResultLine;
use crate::domain::id::{ElQrFileId, ElQrLineId, ElQrSlipId, ElQrUploadId, OfficerId, PaymentId, TenantCode};
use crate::domain::money::Yen;

/// Names looked up in one go.
const AT_ONCE: usize = 500;

/// A report about an upload.
pub const ACCEPTANCE: &str = "acceptance";

/// A report of payments.
pub const RESULTS: &str = "results";

/// A file as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = el_qr_files, treat_none_as_default_value = false)]
pub struct FileRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The file.
    pub id: ElQrFileId,
    /// [`ACCEPTANCE`] or [`RESULTS`].
    pub kind: String,
    /// The upload that it is about.
    pub upload_id: Option<ElQrUploadId>,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// How many lines it has.
    pub line_count: i64,
    /// How many of them no earlier file had.
    pub new_count: i64,
    /// Its own key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// The file, sealed.
    pub sealed_file: Vec<u8>,
    /// Who took it in.
    pub imported_by: OfficerId,
    /// When.
    pub recorded_at: Micros,
}

/// A payment as the organisation reported it, and what became of it.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = el_qr_lines, treat_none_as_default_value = false)]
pub struct LineRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The line.
    pub id: ElQrLineId,
    /// The file that had it first.
    pub file_id: ElQrFileId,
    /// Its line there, from 1.
    pub line_no: i64,
    /// The organisation's name of the payment.
    pub payment_key: String,
    /// 収納機関番号, where the layout has it.
    pub institution_number: Option<String>,
    /// 納付番号.
    pub payment_number: String,
    /// 確認番号, where the layout has it.
    pub confirmation_number: Option<String>,
    /// How much.
    pub amount: Yen,
    /// The day on which the payer paid.
    pub paid_on: IsoDate,
    /// By which way, in the organisation's own code.
    pub channel: Option<String>,
    /// `waiting`, `booked` or `referred`.
    pub state: String,
    /// Why it is no payment by itself.
    pub trouble: Option<String>,
    /// The slip.
    pub slip_id: Option<ElQrSlipId>,
    /// The payment that it made.
    pub payment_id: Option<PaymentId>,
    /// Who gives the payer a proof of it.
    pub proof: Option<String>,
    /// When it was judged.
    pub judged_at: Option<Micros>,
    /// When it was taken in.
    pub recorded_at: Micros,
}

impl LineRow {
    /// The line as it was reported.
    pub fn line(&self) -> ResultLine {
        ResultLine {
            line_no: usize::try_from(self.line_no).unwrap_or_default(),
            payment_key: self.payment_key.clone(),
            institution_number: self.institution_number.clone(),
            payment_number: self.payment_number.clone(),
            confirmation_number: self.confirmation_number.clone(),
            amount: self.amount,
            paid_on: self.paid_on.0,
            channel: self.channel.clone(),
        }
    }

    /// Whether another file says the same of the payment.
    pub fn says_the_same(&self, other: &ResultLine) -> bool {
        ResultLine { line_no: 0, ..self.line() } == ResultLine { line_no: 0, ..other.clone() }
    }
}

/// The place that the sealed file is bound to.
pub fn file_place(id: ElQrFileId) -> String {
    format!("el_qr_files.sealed_file:{id}")
}

/// Stores a new file.
pub fn insert(tx: &mut Tx<'_>, row: &FileRow) -> Result<(), StoreError> {
    diesel::insert_into(el_qr_files::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The file of these bytes, if it was taken in before: about this upload, or of payments.
pub fn find_by_sha256(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    upload: Option<ElQrUploadId>,
    sha256: &str,
) -> Result<Option<FileRow>, StoreError> {
    let query = el_qr_files::table
        .filter(el_qr_files::tenant_id.eq(tenant))
        .filter(el_qr_files::sha256.eq(sha256))
        .select(FileRow::as_select())
        .into_boxed();
    let query = match upload {
        Some(upload) => query.filter(el_qr_files::upload_id.eq(upload)),
        None => query.filter(el_qr_files::upload_id.is_null()),
    };
    Ok(query.first(tx.read()).optional()?)
}

/// One file, whatever it is about.
pub fn find_any(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ElQrFileId,
) -> Result<Option<FileRow>, StoreError> {
    Ok(el_qr_files::table
        .filter(el_qr_files::tenant_id.eq(tenant))
        .filter(el_qr_files::id.eq(id))
        .select(FileRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// One file of payments.
pub fn find(tx: &mut impl Reads, tenant: &TenantCode, id: ElQrFileId) -> Result<Option<FileRow>, StoreError> {
    Ok(el_qr_files::table
        .filter(el_qr_files::tenant_id.eq(tenant))
        .filter(el_qr_files::id.eq(id))
        .filter(el_qr_files::kind.eq(RESULTS))
        .select(FileRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The youngest files of payments; `before` is the last id of the page before.
pub fn youngest(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    before: Option<ElQrFileId>,
    limit: i64,
) -> Result<Vec<FileRow>, StoreError> {
    let mut query = el_qr_files::table
        .filter(el_qr_files::tenant_id.eq(tenant))
        .filter(el_qr_files::kind.eq(RESULTS))
        .order(el_qr_files::id.desc())
        .limit(limit)
        .select(FileRow::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(el_qr_files::id.lt(before));
    }
    Ok(query.load(tx.read())?)
}

/// Stores a new line.
pub fn insert_line(tx: &mut Tx<'_>, row: &LineRow) -> Result<(), StoreError> {
    diesel::insert_into(el_qr_lines::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The lines that are known of some payments, by the organisation's name of each.
pub fn known(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    keys: &[String],
) -> Result<HashMap<String, LineRow>, StoreError> {
    let mut found = HashMap::new();
    for some in keys.chunks(AT_ONCE) {
        let rows: Vec<LineRow> = el_qr_lines::table
            .filter(el_qr_lines::tenant_id.eq(tenant))
            .filter(el_qr_lines::payment_key.eq_any(some))
            .select(LineRow::as_select())
            .load(tx.read())?;
        found.extend(rows.into_iter().map(|row| (row.payment_key.clone(), row)));
    }
    Ok(found)
}

/// The lines that a file had first, in its order.
pub fn lines(tx: &mut impl Reads, tenant: &TenantCode, file: ElQrFileId) -> Result<Vec<LineRow>, StoreError> {
    Ok(el_qr_lines::table
        .filter(el_qr_lines::tenant_id.eq(tenant))
        .filter(el_qr_lines::file_id.eq(file))
        .order(el_qr_lines::line_no)
        .select(LineRow::as_select())
        .load(tx.read())?)
}

/// One line.
pub fn find_line(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ElQrLineId,
) -> Result<Option<LineRow>, StoreError> {
    Ok(el_qr_lines::table
        .filter(el_qr_lines::tenant_id.eq(tenant))
        .filter(el_qr_lines::id.eq(id))
        .select(LineRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// Who gives the payer a proof of a payment that came by eL-QR.
pub fn proof_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    payment: PaymentId,
) -> Result<Option<String>, StoreError> {
    Ok(el_qr_lines::table
        .filter(el_qr_lines::tenant_id.eq(tenant))
        .filter(el_qr_lines::payment_id.eq(payment))
        .filter(el_qr_lines::proof.is_not_null())
        .select(el_qr_lines::proof.assume_not_null())
        .first(tx.read())
        .optional()?)
}

/// Stores what became of a line; it is judged once.
pub fn judge(tx: &mut Tx<'_>, row: &LineRow) -> Result<(), StoreError> {
    let target = el_qr_lines::table
        .filter(el_qr_lines::tenant_id.eq(&row.tenant_id))
        .filter(el_qr_lines::id.eq(row.id))
        .filter(el_qr_lines::judged_at.is_null());
    let affected = diesel::update(target)
        .set((
            el_qr_lines::state.eq(&row.state),
            el_qr_lines::trouble.eq(&row.trouble),
            el_qr_lines::slip_id.eq(row.slip_id),
            el_qr_lines::payment_id.eq(row.payment_id),
            el_qr_lines::proof.eq(&row.proof),
            el_qr_lines::judged_at.eq(row.judged_at),
        ))
        .execute(tx.change())?;
    if affected == 1 {
        Ok(())
    } else {
        Err(StoreError::Inconsistent(format!("el_qr_lines.judged_at of {}", row.id)))
    }
}
