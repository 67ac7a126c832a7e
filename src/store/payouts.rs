//! Transfer files that ask the bank to pay refunds out (口座振込).

use diesel::prelude::*;

use super::schema::refunds::payouts;
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{OfficerId, PayoutId, TenantCode};
use crate::domain::money::Yen;

/// A transfer file as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = payouts, treat_none_as_default_value = false)]
pub struct PayoutRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The file.
    pub id: PayoutId,
    /// `exported` or `paid`.
    pub state: String,
    /// The day the bank is to pay.
    pub transfer_on: IsoDate,
    /// How many refunds it pays.
    pub refund_count: i64,
    /// Their sum.
    pub total: Yen,
    /// The file's own key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// The file, sealed.
    pub sealed_file: Vec<u8>,
    /// SHA-256 of the file in clear.
    pub file_sha256: String,
    /// Who made it.
    pub made_by: OfficerId,
    /// Who confirmed that the bank paid it.
    pub confirmed_by: Option<OfficerId>,
    /// Rises with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Micros,
    /// When it was last changed.
    pub updated_at: Micros,
}

/// The place that the sealed file is bound to.
pub fn file_place(id: PayoutId) -> String {
    format!("payouts.sealed_file:{id}")
}

/// Stores a new file.
pub fn insert(tx: &mut Tx<'_>, row: &PayoutRow) -> Result<(), StoreError> {
    diesel::insert_into(payouts::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One file.
pub fn find(tx: &mut impl Reads, tenant: &TenantCode, id: PayoutId) -> Result<Option<PayoutRow>, StoreError> {
    Ok(payouts::table
        .filter(payouts::tenant_id.eq(tenant))
        .filter(payouts::id.eq(id))
        .select(PayoutRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The youngest files of a body.
pub fn youngest(tx: &mut impl Reads, tenant: &TenantCode, limit: i64) -> Result<Vec<PayoutRow>, StoreError> {
    Ok(payouts::table
        .filter(payouts::tenant_id.eq(tenant))
        .order(payouts::id.desc())
        .limit(limit)
        .select(PayoutRow::as_select())
        .load(tx.read())?)
}

/// Stores that a file was paid, under the next version; a file that is confirmed twice is refused.
pub fn confirm(tx: &mut Tx<'_>, row: &mut PayoutRow, by: OfficerId) -> Result<(), StoreError> {
    "paid".clone_into(&mut row.state);
    row.confirmed_by = Some(by);
    row.version += 1;
    row.updated_at = Micros(tx.now());
    let target = payouts::table
        .filter(payouts::tenant_id.eq(&row.tenant_id))
        .filter(payouts::id.eq(row.id))
        .filter(payouts::state.eq("exported"));
    let affected = diesel::update(target)
        .set((
            payouts::state.eq(&row.state),
            payouts::confirmed_by.eq(row.confirmed_by),
            payouts::version.eq(row.version),
            payouts::updated_at.eq(row.updated_at),
        ))
        .execute(tx.change())?;
    if affected == 1 { Ok(()) } else { Err(StoreError::Inconsistent(format!("payouts.state of {}", row.id))) }
}
