//! Calls to gateways, written before they are made: intent, key, exact bytes, lease.

use diesel::prelude::*;

use super::schema::gateway_operations;
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, OperationId, PaymentId, TenantCode};

/// An operation as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = gateway_operations)]
pub struct OperationRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The operation.
    pub id: OperationId,
    /// The case.
    pub application_id: ApplicationId,
    /// The payment.
    pub payment_id: PaymentId,
    /// Name of the merchant account.
    pub gateway: String,
    /// `create_checkout`, `cancel`, `capture` or `refund`.
    pub kind: String,
    /// The key it is always sent with.
    pub idempotency_key: String,
    /// The exact bytes, sealed with the case's key.
    pub sealed_request: Vec<u8>,
    /// Their digest.
    pub request_sha256: String,
    /// `intent`, `done`, `declined`, `rejected`, `unknown` or `abandoned`.
    pub state: String,
    /// How often it was sent.
    pub attempt_no: i64,
    /// Rises with every holder; only the last holder may record.
    pub lease_no: i64,
    /// Until when the holder may take its time.
    pub leased_until: Micros,
    /// When the key was first used; old keys are never sent again.
    pub key_born_at: Micros,
    /// When the intent was stored.
    pub created_at: Micros,
    /// When it may last have been sent: the guard before "there is none" is believed counts from here, so taking a lease
    /// only to ask does not move it.
    pub updated_at: Micros,
}

/// Whether a holder of a lease may still record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseCheck {
    /// The record was written.
    Held,
    /// Somebody else holds it by now: discard the result.
    Lost,
}

/// The place that the sealed bytes are bound to.
pub fn request_place(id: OperationId) -> String {
    format!("gateway_operations.sealed_request:{id}")
}

/// Stores an intent.
pub fn insert(tx: &mut Tx<'_>, row: &OperationRow) -> Result<(), StoreError> {
    diesel::insert_into(gateway_operations::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One operation.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: OperationId,
) -> Result<Option<OperationRow>, StoreError> {
    Ok(gateway_operations::table
        .filter(gateway_operations::tenant_id.eq(tenant))
        .filter(gateway_operations::id.eq(id))
        .select(OperationRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The youngest call that was to close a payment.
pub fn youngest_cancel(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    payment: PaymentId,
) -> Result<Option<OperationRow>, StoreError> {
    Ok(gateway_operations::table
        .filter(gateway_operations::tenant_id.eq(tenant))
        .filter(gateway_operations::payment_id.eq(payment))
        .filter(gateway_operations::kind.eq("cancel"))
        .order((gateway_operations::created_at.desc(), gateway_operations::id.desc()))
        .select(OperationRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// Whether an operation in this state may still reach its gateway.
pub fn is_open(state: &str) -> bool {
    matches!(state, "intent" | "unknown")
}

/// Whether the call that opens a payment's checkout may still be made or answered.
pub fn is_opening(tx: &mut impl Reads, tenant: &TenantCode, payment: PaymentId) -> Result<bool, StoreError> {
    let states: Vec<String> = gateway_operations::table
        .filter(gateway_operations::tenant_id.eq(tenant))
        .filter(gateway_operations::payment_id.eq(payment))
        .filter(gateway_operations::kind.eq("create_checkout"))
        .select(gateway_operations::state)
        .load(tx.read())?;
    Ok(states.iter().any(|state| is_open(state)))
}

/// Writes the state, the attempt, the lease and the sending of `row`, if `held` is still the lease in force.
pub fn update(tx: &mut Tx<'_>, row: &OperationRow, held: i64) -> Result<LeaseCheck, StoreError> {
    let target = gateway_operations::table
        .filter(gateway_operations::tenant_id.eq(&row.tenant_id))
        .filter(gateway_operations::id.eq(row.id))
        .filter(gateway_operations::lease_no.eq(held));
    let affected = diesel::update(target)
        .set((
            gateway_operations::state.eq(&row.state),
            gateway_operations::attempt_no.eq(row.attempt_no),
            gateway_operations::lease_no.eq(row.lease_no),
            gateway_operations::leased_until.eq(row.leased_until),
            gateway_operations::updated_at.eq(row.updated_at),
        ))
        .execute(tx.change())?;
    Ok(if affected == 1 { LeaseCheck::Held } else { LeaseCheck::Lost })
}
