//! Receipts and confirmations of entrustment (領収証書, 納付委託の確認), their ends and their copies: all append-only.

use diesel::prelude::*;

use super::schema::receipts::{receipt_reissues, receipt_revocations, receipts};
use super::sql::{Json, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, InvoiceId, OfficerId, PaymentId, ReceiptId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::receipt::ReceiptContent;

/// A proof of payment as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = receipts)]
pub struct ReceiptRow {
    /// The body that issued it.
    pub tenant_id: TenantCode,
    /// The receipt.
    pub id: ReceiptId,
    /// The case.
    pub application_id: ApplicationId,
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// The payment it proves.
    pub payment_id: PaymentId,
    /// 1 for the first of its payment.
    pub sequence_no: i64,
    /// `official_receipt` or `entrustment_confirmation`.
    pub kind: String,
    /// In which role the money was taken.
    pub legal_role: String,
    /// The number the payer is told.
    pub number: String,
    /// The sum it proves.
    pub amount: Yen,
    /// What it says.
    pub content: Json<ReceiptContent>,
    /// SHA-256 of the content as it is stored, in hex.
    pub content_sha256: String,
    /// Who owes and who paid, sealed with the case's key.
    pub sealed_names: Vec<u8>,
    /// When it was issued.
    pub issued_at: Micros,
}

/// The end of a proof as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = receipt_revocations, treat_none_as_default_value = false)]
pub struct RevocationRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// What ended.
    pub receipt_id: ReceiptId,
    /// Name of the ground.
    pub ground: String,
    /// Who ended it, where a person did.
    pub revoked_by: Option<OfficerId>,
    /// Why, sealed with the case's key.
    pub sealed_reason: Option<Vec<u8>>,
    /// When it ended.
    pub revoked_at: Micros,
}

/// A copy (再発行) as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = receipt_reissues)]
pub struct ReissueRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// What was copied.
    pub receipt_id: ReceiptId,
    /// 1 for the first copy.
    pub reissue_no: i64,
    /// Who gave it.
    pub reissued_by: OfficerId,
    /// Why, sealed with the case's key.
    pub sealed_reason: Vec<u8>,
    /// When it was given.
    pub reissued_at: Micros,
}

/// A proof with its end and its copies.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The proof.
    pub row: ReceiptRow,
    /// Its end, if it ended.
    pub revocation: Option<RevocationRow>,
    /// Its copies, oldest first.
    pub reissues: Vec<ReissueRow>,
}

/// The place that the sealed names are bound to.
pub fn names_place(id: ReceiptId) -> String {
    format!("receipts.sealed_names:{id}")
}

/// The place that the reason of an end is bound to.
pub fn revocation_place(id: ReceiptId) -> String {
    format!("receipt_revocations.sealed_reason:{id}")
}

/// The place that the reason of a copy is bound to.
pub fn reissue_place(id: ReceiptId, reissue_no: i64) -> String {
    format!("receipt_reissues.sealed_reason:{id}:{reissue_no}")
}

/// Stores a proof; a second one with the same place among those of its payment is refused by the key.
pub fn insert(tx: &mut Tx<'_>, row: &ReceiptRow) -> Result<(), StoreError> {
    diesel::insert_into(receipts::table).values(row).execute(tx.change())?;
    Ok(())
}

/// Stores that a proof ended; it ends once.
pub fn revoke(tx: &mut Tx<'_>, row: &RevocationRow) -> Result<(), StoreError> {
    diesel::insert_into(receipt_revocations::table).values(row).execute(tx.change())?;
    Ok(())
}

/// Stores that a copy was given.
pub fn reissue(tx: &mut Tx<'_>, row: &ReissueRow) -> Result<(), StoreError> {
    diesel::insert_into(receipt_reissues::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One proof with its end and its copies.
pub fn find(tx: &mut impl Reads, tenant: &TenantCode, id: ReceiptId) -> Result<Option<Receipt>, StoreError> {
    let row = receipts::table
        .filter(receipts::tenant_id.eq(tenant))
        .filter(receipts::id.eq(id))
        .select(ReceiptRow::as_select())
        .first(tx.read())
        .optional()?;
    Ok(whole(tx, tenant, row.into_iter().collect())?.pop())
}

/// Every proof of an invoice, oldest first.
pub fn of_invoice(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: InvoiceId,
) -> Result<Vec<Receipt>, StoreError> {
    let rows = receipts::table
        .filter(receipts::tenant_id.eq(tenant))
        .filter(receipts::invoice_id.eq(id))
        .order((receipts::issued_at, receipts::sequence_no, receipts::id))
        .select(ReceiptRow::as_select())
        .load(tx.read())?;
    whole(tx, tenant, rows)
}

fn whole(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    rows: Vec<ReceiptRow>,
) -> Result<Vec<Receipt>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<ReceiptId> = rows.iter().map(|row| row.id).collect();
    let revocations: Vec<RevocationRow> = receipt_revocations::table
        .filter(receipt_revocations::tenant_id.eq(tenant))
        .filter(receipt_revocations::receipt_id.eq_any(ids.clone()))
        .select(RevocationRow::as_select())
        .load(tx.read())?;
    let reissues: Vec<ReissueRow> = receipt_reissues::table
        .filter(receipt_reissues::tenant_id.eq(tenant))
        .filter(receipt_reissues::receipt_id.eq_any(ids))
        .order((receipt_reissues::receipt_id, receipt_reissues::reissue_no))
        .select(ReissueRow::as_select())
        .load(tx.read())?;
    let with = |row: ReceiptRow| Receipt {
        revocation: revocations.iter().find(|it| it.receipt_id == row.id).cloned(),
        reissues: reissues.iter().filter(|it| it.receipt_id == row.id).cloned().collect(),
        row,
    };
    Ok(rows.into_iter().map(with).collect())
}
