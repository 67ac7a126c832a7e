//! Notices to pay (納入通知書) as they were issued: one an invoice, never rewritten.

use diesel::prelude::*;

use super::backend::on_either;
use super::schema::receipts::payment_notices;
use super::sql::{Json, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, InvoiceId, TenantCode};
use crate::domain::payment_notice::NoticeContent;

/// A notice as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = payment_notices)]
pub struct PaymentNoticeRow {
    /// The body that claims.
    pub tenant_id: TenantCode,
    /// The invoice it is about.
    pub invoice_id: InvoiceId,
    /// The case.
    pub application_id: ApplicationId,
    /// The number the payer is told.
    pub number: String,
    /// In which way it was given.
    pub way: String,
    /// What it says.
    pub content: Json<NoticeContent>,
    /// SHA-256 of the content as it is stored, in hex.
    pub content_sha256: String,
    /// When it was issued.
    pub issued_at: Micros,
}

/// Stores a notice; a second one of the same invoice is refused by the key.
pub fn insert(tx: &mut Tx<'_>, row: &PaymentNoticeRow) -> Result<(), StoreError> {
    on_either!(tx.change(), |conn| diesel::insert_into(payment_notices::table).values(row).execute(conn))?;
    Ok(())
}

/// The notice of an invoice.
pub fn of_invoice(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: InvoiceId,
) -> Result<Option<PaymentNoticeRow>, StoreError> {
    Ok(payment_notices::table
        .filter(payment_notices::tenant_id.eq(tenant))
        .filter(payment_notices::invoice_id.eq(id))
        .select(PaymentNoticeRow::as_select())
        .first(tx.read())
        .optional()?)
}
