//! Links to pay by (納付用リンク), and which payments were opened by one.

use diesel::prelude::*;

use super::schema::payment_links::{payment_link_invoices, payment_links, payment_payers};
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::id::{AccountId, ApplicationId, InvoiceId, PaymentId, PaymentLinkId, TenantCode};

/// A link as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = payment_links, treat_none_as_default_value = false)]
pub struct PaymentLinkRow {
    /// The body paid.
    pub tenant_id: TenantCode,
    /// The link.
    pub id: PaymentLinkId,
    /// The case.
    pub application_id: ApplicationId,
    /// The invoice that is paid by it.
    pub invoice_id: InvoiceId,
    /// Keyed hash of its secret.
    pub token_hash: Vec<u8>,
    /// The party who gave it out.
    pub created_by: AccountId,
    /// When it was made.
    pub created_at: Micros,
    /// From when on it is worth nothing.
    pub expires_at: Micros,
    /// When a party took it back.
    pub revoked_at: Option<Micros>,
}

/// A further invoice that is paid by a link, as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = payment_link_invoices)]
pub struct LinkInvoiceRow {
    /// The body paid.
    pub tenant_id: TenantCode,
    /// The link.
    pub link_id: PaymentLinkId,
    /// Its place behind the link's first invoice, from 1.
    pub position: i64,
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// Its case.
    pub application_id: ApplicationId,
}

/// Stores that further invoices are paid by a link.
pub fn insert_further(tx: &mut Tx<'_>, rows: &[LinkInvoiceRow]) -> Result<(), StoreError> {
    for row in rows {
        diesel::insert_into(payment_link_invoices::table).values(row).execute(tx.change())?;
    }
    Ok(())
}

/// Every invoice that is paid by a link with its case, in the order in which the link names them.
pub fn members(
    tx: &mut impl Reads,
    row: &PaymentLinkRow,
) -> Result<Vec<(InvoiceId, ApplicationId)>, StoreError> {
    let further: Vec<(InvoiceId, ApplicationId)> = payment_link_invoices::table
        .filter(payment_link_invoices::tenant_id.eq(&row.tenant_id))
        .filter(payment_link_invoices::link_id.eq(row.id))
        .order(payment_link_invoices::position)
        .select((payment_link_invoices::invoice_id, payment_link_invoices::application_id))
        .load(tx.read())?;
    Ok(std::iter::once((row.invoice_id, row.application_id)).chain(further).collect())
}

/// Stores a new link.
pub fn insert(tx: &mut Tx<'_>, row: &PaymentLinkRow) -> Result<(), StoreError> {
    diesel::insert_into(payment_links::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One link.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: PaymentLinkId,
) -> Result<Option<PaymentLinkRow>, StoreError> {
    Ok(payment_links::table
        .filter(payment_links::tenant_id.eq(tenant))
        .filter(payment_links::id.eq(id))
        .select(PaymentLinkRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The link whose secret hashes to this.
pub fn find_by_hash(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    token_hash: &[u8],
) -> Result<Option<PaymentLinkRow>, StoreError> {
    Ok(payment_links::table
        .filter(payment_links::tenant_id.eq(tenant))
        .filter(payment_links::token_hash.eq(token_hash))
        .select(PaymentLinkRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The links by which an invoice is paid, alone or with others, oldest first.
pub fn of_invoice(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    invoice: InvoiceId,
) -> Result<Vec<PaymentLinkRow>, StoreError> {
    let with_others: Vec<PaymentLinkId> = payment_link_invoices::table
        .filter(payment_link_invoices::tenant_id.eq(tenant))
        .filter(payment_link_invoices::invoice_id.eq(invoice))
        .select(payment_link_invoices::link_id)
        .load(tx.read())?;
    Ok(payment_links::table
        .filter(payment_links::tenant_id.eq(tenant))
        .filter(payment_links::invoice_id.eq(invoice).or(payment_links::id.eq_any(with_others)))
        .order((payment_links::created_at, payment_links::id))
        .select(PaymentLinkRow::as_select())
        .load(tx.read())?)
}

/// Takes a link back, once.
pub fn revoke(tx: &mut Tx<'_>, row: &PaymentLinkRow) -> Result<(), StoreError> {
    let now = Micros(tx.now());
    let target = payment_links::table
        .filter(payment_links::tenant_id.eq(&row.tenant_id))
        .filter(payment_links::id.eq(row.id))
        .filter(payment_links::revoked_at.is_null());
    diesel::update(target).set(payment_links::revoked_at.eq(now)).execute(tx.change())?;
    Ok(())
}

/// Notes by which link a payment was opened.
pub fn insert_payer(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    payment: PaymentId,
    link: PaymentLinkId,
) -> Result<(), StoreError> {
    let values = (
        payment_payers::tenant_id.eq(tenant),
        payment_payers::payment_id.eq(payment),
        payment_payers::link_id.eq(link),
    );
    diesel::insert_into(payment_payers::table).values(values).execute(tx.change())?;
    Ok(())
}

/// The link by which a payment was opened; none when a party opened it.
pub fn link_of_payment(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    payment: PaymentId,
) -> Result<Option<PaymentLinkId>, StoreError> {
    Ok(payment_payers::table
        .filter(payment_payers::tenant_id.eq(tenant))
        .filter(payment_payers::payment_id.eq(payment))
        .select(payment_payers::link_id)
        .first(tx.read())
        .optional()?)
}
