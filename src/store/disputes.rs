//! Contested payments (異議申立て): one row a dispute of a gateway, beside the payment.

use diesel::prelude::*;

use super::schema::disputes::disputes;
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::dispute::{Dispute, DisputeState};
use crate::domain::id::{ApplicationId, DisputeId, InvoiceId, PaymentId, TenantCode};
use crate::domain::money::Yen;

/// A dispute as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = disputes, treat_none_as_default_value = false)]
pub struct DisputeRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The dispute.
    pub id: DisputeId,
    /// The case.
    pub application_id: ApplicationId,
    /// The invoice that was paid.
    pub invoice_id: InvoiceId,
    /// The contested payment.
    pub payment_id: PaymentId,
    /// Name of the merchant account.
    pub gateway: String,
    /// The gateway's id of the dispute.
    pub gateway_dispute_id: String,
    /// How much is contested.
    pub amount: Yen,
    /// The reason in the gateway's own code.
    pub reason_code: Option<String>,
    /// Name of the state.
    pub state: String,
    /// Until when evidence is taken.
    pub respond_by: Option<Micros>,
    /// The last reminder before the deadline, by its days before it.
    pub reminded_days_before: Option<i64>,
    /// Rises with every change.
    pub version: i64,
    /// When it was heard of first.
    pub created_at: Micros,
    /// When it was last changed.
    pub updated_at: Micros,
}

impl DisputeRow {
    /// The dispute as its state machine sees it.
    pub fn dispute(&self) -> Result<Dispute, StoreError> {
        Ok(Dispute {
            state: DisputeState::parse(&self.state).ok_or_else(|| self.broken("state"))?,
            amount: self.amount,
            reason_code: self.reason_code.clone(),
            respond_by: self.respond_by.map(|at| at.0),
        })
    }

    /// Takes the dispute's new standing over into the row.
    pub fn take_over(&mut self, dispute: &Dispute) {
        dispute.state.as_str().clone_into(&mut self.state);
        self.amount = dispute.amount;
        self.reason_code.clone_from(&dispute.reason_code);
        self.respond_by = dispute.respond_by.map(Micros);
    }

    fn broken(&self, column: &str) -> StoreError {
        StoreError::Inconsistent(format!("disputes.{column} of {}", self.id))
    }
}

/// Stores a new dispute.
pub fn insert(tx: &mut Tx<'_>, row: &DisputeRow) -> Result<(), StoreError> {
    diesel::insert_into(disputes::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One dispute.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: DisputeId,
) -> Result<Option<DisputeRow>, StoreError> {
    Ok(disputes::table
        .filter(disputes::tenant_id.eq(tenant))
        .filter(disputes::id.eq(id))
        .select(DisputeRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The disputes of these payments, oldest first, in one statement.
pub fn of_payments(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    ids: &[PaymentId],
) -> Result<Vec<DisputeRow>, StoreError> {
    Ok(disputes::table
        .filter(disputes::tenant_id.eq(tenant))
        .filter(disputes::payment_id.eq_any(ids))
        .order(disputes::id)
        .select(DisputeRow::as_select())
        .load(tx.read())?)
}

/// The disputes of a payment, oldest first.
pub fn of_payment(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: PaymentId,
) -> Result<Vec<DisputeRow>, StoreError> {
    Ok(disputes::table
        .filter(disputes::tenant_id.eq(tenant))
        .filter(disputes::payment_id.eq(id))
        .order(disputes::id)
        .select(DisputeRow::as_select())
        .load(tx.read())?)
}

/// The disputes of a body in one of `states` after `after`, oldest first.
pub fn in_states(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    states: &[DisputeState],
    after: Option<DisputeId>,
    limit: i64,
) -> Result<Vec<DisputeRow>, StoreError> {
    let names: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    let mut query = disputes::table
        .filter(disputes::tenant_id.eq(tenant))
        .filter(disputes::state.eq_any(names))
        .order(disputes::id)
        .limit(limit)
        .select(DisputeRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(disputes::id.gt(after));
    }
    Ok(query.load(tx.read())?)
}

/// Stores the changed standing of a dispute under the next version.
pub fn update(tx: &mut Tx<'_>, row: &mut DisputeRow) -> Result<(), StoreError> {
    let before = row.version;
    row.version += 1;
    row.updated_at = Micros(tx.now());
    let target = disputes::table
        .filter(disputes::tenant_id.eq(&row.tenant_id))
        .filter(disputes::id.eq(row.id))
        .filter(disputes::version.eq(before));
    let affected = diesel::update(target)
        .set((
            disputes::state.eq(&row.state),
            disputes::amount.eq(row.amount),
            disputes::reason_code.eq(&row.reason_code),
            disputes::respond_by.eq(row.respond_by),
            disputes::reminded_days_before.eq(row.reminded_days_before),
            disputes::version.eq(row.version),
            disputes::updated_at.eq(row.updated_at),
        ))
        .execute(tx.change())?;
    if affected == 1 { Ok(()) } else { Err(row.broken("version")) }
}
