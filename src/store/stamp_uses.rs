//! Stamps that were affixed and cancelled (証紙の消印): one living entry an invoice.

use diesel::prelude::*;

use super::schema::stamps::stamp_uses;
use super::sql::{IsoDate, Json, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, InvoiceId, OfficerId, StampUseId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::stamps::Stamps;

/// An entry as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = stamp_uses, treat_none_as_default_value = false)]
pub struct StampUseRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The entry.
    pub id: StampUseId,
    /// The case.
    pub application_id: ApplicationId,
    /// The invoice it settles.
    pub invoice_id: InvoiceId,
    /// The stamps by face value.
    pub stamps: Json<Vec<Stamps>>,
    /// What they are worth: all that was owed.
    pub amount: Yen,
    /// 消印の日.
    pub cancelled_on: IsoDate,
    /// The officer who cancelled them.
    pub cancelled_by: OfficerId,
    /// When it was recorded.
    pub recorded_at: Micros,
    /// Who took the entry back, if it was wrong: another officer.
    pub reversed_by: Option<OfficerId>,
    /// When it was taken back.
    pub reversed_at: Option<Micros>,
    /// Why, sealed with the case's key.
    pub sealed_reason: Option<Vec<u8>>,
}

/// The place that the sealed reason is bound to.
pub fn reason_place(id: StampUseId) -> String {
    format!("stamp_uses.sealed_reason:{id}")
}

/// Stores a new entry; a second living one of the same invoice is refused by a constraint.
pub fn insert(tx: &mut Tx<'_>, row: &StampUseRow) -> Result<(), StoreError> {
    diesel::insert_into(stamp_uses::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One entry.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: StampUseId,
) -> Result<Option<StampUseRow>, StoreError> {
    Ok(stamp_uses::table
        .filter(stamp_uses::tenant_id.eq(tenant))
        .filter(stamp_uses::id.eq(id))
        .select(StampUseRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The entries of an invoice, oldest first.
pub fn of_invoice(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: InvoiceId,
) -> Result<Vec<StampUseRow>, StoreError> {
    Ok(stamp_uses::table
        .filter(stamp_uses::tenant_id.eq(tenant))
        .filter(stamp_uses::invoice_id.eq(id))
        .order((stamp_uses::recorded_at, stamp_uses::id))
        .select(StampUseRow::as_select())
        .load(tx.read())?)
}

/// Takes an entry back, once.
pub fn reverse(tx: &mut Tx<'_>, row: &StampUseRow) -> Result<(), StoreError> {
    let target = stamp_uses::table
        .filter(stamp_uses::tenant_id.eq(&row.tenant_id))
        .filter(stamp_uses::id.eq(row.id))
        .filter(stamp_uses::reversed_at.is_null());
    let affected = diesel::update(target)
        .set((
            stamp_uses::reversed_by.eq(row.reversed_by),
            stamp_uses::reversed_at.eq(row.reversed_at),
            stamp_uses::sealed_reason.eq(&row.sealed_reason),
        ))
        .execute(tx.change())?;
    if affected == 1 { Ok(()) } else { Err(StoreError::Inconsistent(format!("stamp_uses of {}", row.id))) }
}
