//! Acknowledgements of debts (債務承認), and that one was struck out: appended, never rewritten.

use diesel::prelude::*;

use super::schema::charges::{acknowledgement_reversals, acknowledgements};
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::arrears::AcknowledgementForm;
use crate::domain::id::{AcknowledgementId, ApplicationId, InvoiceId, OfficerId, TenantCode};

/// An acknowledgement as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = acknowledgements, treat_none_as_default_value = false)]
pub struct AcknowledgementRow {
    /// The body that claims.
    pub tenant_id: TenantCode,
    /// The acknowledgement.
    pub id: AcknowledgementId,
    /// The case.
    pub application_id: ApplicationId,
    /// What is owed.
    pub invoice_id: InvoiceId,
    /// The day in Japan on which the debtor acknowledged.
    pub acknowledged_on: IsoDate,
    /// Name of the form.
    pub form: String,
    /// What proves it, sealed with the case's key.
    pub sealed_evidence: Vec<u8>,
    /// Who recorded it.
    pub recorded_by: OfficerId,
    /// When it was recorded.
    pub recorded_at: Micros,
}

impl AcknowledgementRow {
    /// The form.
    pub fn acknowledgement_form(&self) -> Result<AcknowledgementForm, StoreError> {
        let broken = || StoreError::Inconsistent(format!("acknowledgements.form of {}", self.id));
        AcknowledgementForm::parse(&self.form).ok_or_else(broken)
    }
}

/// The place that the sealed evidence is bound to.
pub fn evidence_place(id: AcknowledgementId) -> String {
    format!("acknowledgements.sealed_evidence:{id}")
}

/// Stores an acknowledgement.
pub fn insert(tx: &mut Tx<'_>, row: &AcknowledgementRow) -> Result<(), StoreError> {
    diesel::insert_into(acknowledgements::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One acknowledgement.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: AcknowledgementId,
) -> Result<Option<AcknowledgementRow>, StoreError> {
    Ok(acknowledgements::table
        .filter(acknowledgements::tenant_id.eq(tenant))
        .filter(acknowledgements::id.eq(id))
        .select(AcknowledgementRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The acknowledgements of an invoice, in the order of their days.
pub fn of_invoice(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: InvoiceId,
) -> Result<Vec<AcknowledgementRow>, StoreError> {
    Ok(acknowledgements::table
        .filter(acknowledgements::tenant_id.eq(tenant))
        .filter(acknowledgements::invoice_id.eq(id))
        .order((acknowledgements::acknowledged_on, acknowledgements::id))
        .select(AcknowledgementRow::as_select())
        .load(tx.read())?)
}

/// That an acknowledgement was entered in error, as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = acknowledgement_reversals)]
pub struct ReversalRow {
    /// The body that claims.
    pub tenant_id: TenantCode,
    /// What was struck out.
    pub acknowledgement_id: AcknowledgementId,
    /// The case.
    pub application_id: ApplicationId,
    /// Why, sealed with the case's key.
    pub sealed_reason: Vec<u8>,
    /// Who struck it out.
    pub struck_by: OfficerId,
    /// When.
    pub struck_at: Micros,
}

/// The place that a sealed reason is bound to.
pub fn reason_place(id: AcknowledgementId) -> String {
    format!("acknowledgement_reversals.sealed_reason:{id}")
}

/// Strikes an acknowledgement out; a second time is refused by the key.
pub fn strike_out(tx: &mut Tx<'_>, row: &ReversalRow) -> Result<(), StoreError> {
    diesel::insert_into(acknowledgement_reversals::table).values(row).execute(tx.change())?;
    Ok(())
}

/// What was struck out of the acknowledgements of an invoice.
pub fn reversals_of_invoice(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: InvoiceId,
) -> Result<Vec<ReversalRow>, StoreError> {
    let of_invoice = acknowledgements::tenant_id
        .eq(acknowledgement_reversals::tenant_id)
        .and(acknowledgements::id.eq(acknowledgement_reversals::acknowledgement_id));
    Ok(acknowledgement_reversals::table
        .inner_join(acknowledgements::table.on(of_invoice))
        .filter(acknowledgement_reversals::tenant_id.eq(tenant))
        .filter(acknowledgements::invoice_id.eq(id))
        .select(ReversalRow::as_select())
        .load(tx.read())?)
}
