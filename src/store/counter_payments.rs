//! What clerks entered about money at the counter (窓口収納), beside the payments it made.

use diesel::prelude::*;

use super::schema::counter::counter_payments;
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, InvoiceId, OfficerId, PaymentId, TenantCode};

/// An entry as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = counter_payments, treat_none_as_default_value = false)]
pub struct CounterPaymentRow {
    /// The body paid.
    pub tenant_id: TenantCode,
    /// The payment it made.
    pub payment_id: PaymentId,
    /// The case.
    pub application_id: ApplicationId,
    /// The invoice it paid.
    pub invoice_id: InvoiceId,
    /// Name of the means.
    pub means: String,
    /// The day in Japan on which the money was received.
    pub received_on: IsoDate,
    /// Number of the slip or of the terminal's receipt, sealed with the case's key.
    pub sealed_reference: Option<Vec<u8>>,
    /// Who entered it.
    pub recorded_by: OfficerId,
    /// When it was entered.
    pub recorded_at: Micros,
    /// Who took it back, if it was wrong: another officer.
    pub reversed_by: Option<OfficerId>,
    /// When it was taken back.
    pub reversed_at: Option<Micros>,
    /// Why, sealed with the case's key.
    pub sealed_reason: Option<Vec<u8>>,
}

/// The place that the sealed reference is bound to.
pub fn reference_place(id: PaymentId) -> String {
    format!("counter_payments.sealed_reference:{id}")
}

/// The place that the sealed reason is bound to.
pub fn reason_place(id: PaymentId) -> String {
    format!("counter_payments.sealed_reason:{id}")
}

/// Stores a new entry.
pub fn insert(tx: &mut Tx<'_>, row: &CounterPaymentRow) -> Result<(), StoreError> {
    diesel::insert_into(counter_payments::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The entry of a payment.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: PaymentId,
) -> Result<Option<CounterPaymentRow>, StoreError> {
    Ok(counter_payments::table
        .filter(counter_payments::tenant_id.eq(tenant))
        .filter(counter_payments::payment_id.eq(id))
        .select(CounterPaymentRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// Stores that an entry was taken back; an entry is taken back once.
pub fn reverse(tx: &mut Tx<'_>, row: &CounterPaymentRow) -> Result<(), StoreError> {
    let target = counter_payments::table
        .filter(counter_payments::tenant_id.eq(&row.tenant_id))
        .filter(counter_payments::payment_id.eq(row.payment_id))
        .filter(counter_payments::reversed_by.is_null());
    let affected = diesel::update(target)
        .set((
            counter_payments::reversed_by.eq(row.reversed_by),
            counter_payments::reversed_at.eq(row.reversed_at),
            counter_payments::sealed_reason.eq(&row.sealed_reason),
        ))
        .execute(tx.change())?;
    if affected == 1 {
        Ok(())
    } else {
        Err(StoreError::Inconsistent(format!("counter_payments.reversed_by of {}", row.payment_id)))
    }
}
