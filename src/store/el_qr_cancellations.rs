//! What the organisation took back of the payments that it reported (収納取消, R-82): once a payment, append-only.

use std::collections::HashMap;

use diesel::prelude::*;

use super::schema::el_qr::el_qr_cancellations;
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::el_qr::ResultLine;
use crate::domain::id::{ElQrCancellationId, ElQrFileId, TenantCode};
use crate::domain::money::Yen;

/// Names looked up in one go.
const AT_ONCE: usize = 500;

/// A cancellation as the organisation reported it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = el_qr_cancellations)]
pub struct CancellationRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The cancellation.
    pub id: ElQrCancellationId,
    /// The file that had it first.
    pub file_id: ElQrFileId,
    /// Its line there, from 1.
    pub line_no: i64,
    /// The organisation's name of the payment that it takes back.
    pub payment_key: String,
    /// 納付番号.
    pub payment_number: String,
    /// How much.
    pub amount: Yen,
    /// The day that the line states.
    pub stated_on: IsoDate,
    /// When it was taken in.
    pub recorded_at: Micros,
}

impl CancellationRow {
    /// Whether another file takes the same back: of what, and how much.
    pub fn says_the_same(&self, other: &ResultLine) -> bool {
        self.payment_number == other.payment_number && self.amount == other.amount
    }
}

/// Stores a new cancellation; a second one of a payment is refused by the key.
pub fn insert(tx: &mut Tx<'_>, row: &CancellationRow) -> Result<(), StoreError> {
    diesel::insert_into(el_qr_cancellations::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One cancellation.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ElQrCancellationId,
) -> Result<Option<CancellationRow>, StoreError> {
    Ok(el_qr_cancellations::table
        .filter(el_qr_cancellations::tenant_id.eq(tenant))
        .filter(el_qr_cancellations::id.eq(id))
        .select(CancellationRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The cancellation of a payment, by the organisation's name of that.
pub fn of_payment_key(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    payment_key: &str,
) -> Result<Option<CancellationRow>, StoreError> {
    Ok(el_qr_cancellations::table
        .filter(el_qr_cancellations::tenant_id.eq(tenant))
        .filter(el_qr_cancellations::payment_key.eq(payment_key))
        .select(CancellationRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The cancellations that are known of some payments, by the organisation's name of each.
pub fn known(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    keys: &[String],
) -> Result<HashMap<String, CancellationRow>, StoreError> {
    let mut found = HashMap::new();
    for some in keys.chunks(AT_ONCE) {
        let rows: Vec<CancellationRow> = el_qr_cancellations::table
            .filter(el_qr_cancellations::tenant_id.eq(tenant))
            .filter(el_qr_cancellations::payment_key.eq_any(some))
            .select(CancellationRow::as_select())
            .load(tx.read())?;
        found.extend(rows.into_iter().map(|row| (row.payment_key.clone(), row)));
    }
    Ok(found)
}

/// The cancellations that a file had first, in its order.
pub fn of_file(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    file: ElQrFileId,
) -> Result<Vec<CancellationRow>, StoreError> {
    Ok(el_qr_cancellations::table
        .filter(el_qr_cancellations::tenant_id.eq(tenant))
        .filter(el_qr_cancellations::file_id.eq(file))
        .order(el_qr_cancellations::line_no)
        .select(CancellationRow::as_select())
        .load(tx.read())?)
}
