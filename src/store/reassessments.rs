//! Reassessments (減額調定): what was taken off an invoice, and what was put back. Append-only.

use diesel::prelude::*;

use super::invoices::InvoiceRow;
use super::schema::waivers::reassessments;
use super::sql::{Json, Micros};
use super::{Reads, StoreError, Tx, fee_lowerings};
use crate::domain::id::{ApplicationId, InvoiceId, ReassessmentId, TenantCode, WaiverId};
use crate::domain::invoice::InvoiceLine;
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::waiver::{LineReduction, Reductions};

/// Which way a reassessment goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReassessmentKind {
    /// 減額調定.
    Reduce,
    /// What was taken off is owed again.
    Restore,
}

impl ReassessmentKind {
    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reduce => "reduce",
            Self::Restore => "restore",
        }
    }
}

/// A reassessment as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = reassessments)]
pub struct ReassessmentRow {
    /// The body owed to.
    pub tenant_id: TenantCode,
    /// The reassessment.
    pub id: ReassessmentId,
    /// The case.
    pub application_id: ApplicationId,
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// The waiver that it follows from.
    pub waiver_id: WaiverId,
    /// `reduce` or `restore`.
    pub kind: String,
    /// How much, in all.
    pub amount: Yen,
    /// How much off each line, or back on it.
    pub lines: Json<Vec<LineReduction>>,
    /// What is owed of the invoice from then on.
    pub owed: Yen,
    /// When.
    pub reassessed_at: Micros,
}

/// Stores a reassessment; a second one of the same kind for the same waiver is refused by the key.
pub fn insert(tx: &mut Tx<'_>, row: &ReassessmentRow) -> Result<(), StoreError> {
    diesel::insert_into(reassessments::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The reassessments of an invoice, oldest first.
pub fn of_invoice(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: InvoiceId,
) -> Result<Vec<ReassessmentRow>, StoreError> {
    Ok(reassessments::table
        .filter(reassessments::tenant_id.eq(tenant))
        .filter(reassessments::invoice_id.eq(id))
        .order((reassessments::reassessed_at, reassessments::id))
        .select(ReassessmentRow::as_select())
        .load(tx.read())?)
}

/// What is taken off each line of an invoice now, by waivers and by corrected answers.
pub fn reductions(tx: &mut impl Reads, invoice: &InvoiceRow) -> Result<Reductions, StoreError> {
    if invoice.reduced == Yen::ZERO { Ok(Reductions::default()) } else { taken_off(tx, invoice) }
}

/// What was taken off each line of an invoice, also where it was booked back since with the invoice itself.
pub fn taken_off(tx: &mut impl Reads, invoice: &InvoiceRow) -> Result<Reductions, StoreError> {
    let mut off = waived(tx, invoice)?;
    for row in fee_lowerings::of_invoice(tx, &invoice.tenant_id, invoice.id)? {
        off.take_off(&row.lines.0).map_err(|error| broken(invoice, error))?;
    }
    Ok(off)
}

/// What waivers take off each line of an invoice now.
pub fn by_waivers(tx: &mut impl Reads, invoice: &InvoiceRow) -> Result<Reductions, StoreError> {
    if invoice.reduced == Yen::ZERO { Ok(Reductions::default()) } else { waived(tx, invoice) }
}

fn waived(tx: &mut impl Reads, invoice: &InvoiceRow) -> Result<Reductions, StoreError> {
    let mut off = Reductions::default();
    for row in of_invoice(tx, &invoice.tenant_id, invoice.id)? {
        let taken = if row.kind == ReassessmentKind::Restore.as_str() {
            off.put_back(&row.lines.0)
        } else {
            off.take_off(&row.lines.0)
        };
        taken.map_err(|error| broken(invoice, error))?;
    }
    Ok(off)
}

/// The lines of an invoice as they are owed now.
pub fn owed_lines(tx: &mut impl Reads, invoice: &InvoiceRow) -> Result<Vec<InvoiceLine>, StoreError> {
    let off = reductions(tx, invoice)?;
    off.owed_lines(&invoice.lines.0).map_err(|error| broken(invoice, error))
}

fn broken(invoice: &InvoiceRow, error: YenOutOfRange) -> StoreError {
    StoreError::Inconsistent(format!("reassessments of {}: {error}", invoice.id))
}
