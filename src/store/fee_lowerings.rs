//! What corrected answers cost less than was assessed, and what was charged beyond the day of payment (減額調定, R-87). Append-only.

use diesel::prelude::*;

use super::schema::casework::fee_lowerings;
use super::sql::{Json, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, CorrectionId, InvoiceId, ReassessmentId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::waiver::{LineReduction, Reductions};

/// A lowering as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = fee_lowerings, treat_none_as_default_value = false)]
pub struct FeeLoweringRow {
    /// The body owed to.
    pub tenant_id: TenantCode,
    /// The lowering.
    pub id: ReassessmentId,
    /// The case.
    pub application_id: ApplicationId,
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// The correction whose answer it follows from; none where it follows from something else.
    pub correction_id: Option<CorrectionId>,
    /// `correction`, `earlier_payment` or `division`.
    pub cause: String,
    /// How much less each line is assessed at.
    pub lowered: Json<Vec<LineReduction>>,
    /// What of it was still owed and was taken off.
    pub lines: Json<Vec<LineReduction>>,
    /// How much was taken off, in all.
    pub amount: Yen,
    /// What is owed of the invoice from then on.
    pub owed: Yen,
    /// When.
    pub lowered_at: Micros,
}

/// Stores a lowering; a second one of the same answer and invoice is refused by the key.
pub fn insert(tx: &mut Tx<'_>, row: &FeeLoweringRow) -> Result<(), StoreError> {
    diesel::insert_into(fee_lowerings::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The lowerings of an invoice, oldest first.
pub fn of_invoice(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: InvoiceId,
) -> Result<Vec<FeeLoweringRow>, StoreError> {
    Ok(fee_lowerings::table
        .filter(fee_lowerings::tenant_id.eq(tenant))
        .filter(fee_lowerings::invoice_id.eq(id))
        .order((fee_lowerings::lowered_at, fee_lowerings::id))
        .select(FeeLoweringRow::as_select())
        .load(tx.read())?)
}

/// How much less each line of an invoice is assessed at by now.
pub fn lowered(tx: &mut impl Reads, tenant: &TenantCode, id: InvoiceId) -> Result<Reductions, StoreError> {
    let mut sum = Reductions::default();
    for row in of_invoice(tx, tenant, id)? {
        sum.take_off(&row.lowered.0)
            .map_err(|error| StoreError::Inconsistent(format!("fee_lowerings of {id}: {error}")))?;
    }
    Ok(sum)
}
