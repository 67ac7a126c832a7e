//! What is owed beside a late claim (督促手数料・延滞金): one row an invoice of its own, never rewritten.

use diesel::prelude::*;

use super::schema::charges::charges;
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::arrears::ChargeKind;
use crate::domain::id::{ApplicationId, InvoiceId, TenantCode};
use crate::domain::money::Yen;

/// A charge as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = charges, treat_none_as_default_value = false)]
pub struct ChargeRow {
    /// The body that claims.
    pub tenant_id: TenantCode,
    /// The invoice of the charge.
    pub invoice_id: InvoiceId,
    /// The claim that was not paid in time.
    pub principal_id: InvoiceId,
    /// The case.
    pub application_id: ApplicationId,
    /// Name of the kind.
    pub kind: String,
    /// What was assessed.
    pub amount: Yen,
    /// The day up to which it accrued; of a fee the day of the demand.
    pub computed_to: IsoDate,
    /// Counts the charges up to that day, from 1: what was taken off one may accrue again.
    pub charge_no: i64,
    /// The ordinance.
    pub basis: String,
    /// When it was recorded.
    pub assessed_at: Micros,
}

impl ChargeRow {
    /// The kind.
    pub fn charge_kind(&self) -> Result<ChargeKind, StoreError> {
        let broken = || StoreError::Inconsistent(format!("charges.kind of {}", self.invoice_id));
        ChargeKind::parse(&self.kind).ok_or_else(broken)
    }
}

/// Stores a charge; the same number for the same day of the same claim is refused by a constraint.
pub fn insert(tx: &mut Tx<'_>, row: &ChargeRow) -> Result<(), StoreError> {
    diesel::insert_into(charges::table).values(row).execute(tx.change())?;
    Ok(())
}

/// What was assessed beside a claim, oldest first.
pub fn of_principal(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: InvoiceId,
) -> Result<Vec<ChargeRow>, StoreError> {
    Ok(charges::table
        .filter(charges::tenant_id.eq(tenant))
        .filter(charges::principal_id.eq(id))
        .order((charges::assessed_at, charges::invoice_id))
        .select(ChargeRow::as_select())
        .load(tx.read())?)
}
