//! Cases that were sent on (移送): one row in the books of each body, never changed.

use diesel::prelude::*;

use super::schema::transfers::transfers;
use super::sql::{Json, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, OfficerId, TenantCode, TransferId};
use crate::domain::processing_clock::Pause;
use crate::domain::transfer::TransferDirection;

/// A transfer as one body keeps it.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = transfers, treat_none_as_default_value = false)]
pub struct TransferRow {
    /// The body whose row it is.
    pub tenant_id: TenantCode,
    /// The transfer; the same at both bodies.
    pub id: TransferId,
    /// The case at this body.
    pub application_id: ApplicationId,
    /// `within`, `sent` or `received`.
    pub direction: String,
    /// The body that sent it on.
    pub from_tenant: TenantCode,
    /// Its department.
    pub from_department: String,
    /// The body in charge from then on.
    pub to_tenant: TenantCode,
    /// Its department.
    pub to_department: String,
    /// The case at the other body.
    pub other_application_id: Option<ApplicationId>,
    /// Reason and legal basis, sealed with the key of this body's case.
    pub sealed_grounds: Vec<u8>,
    /// The times the clock stood still before.
    pub pauses: Json<Vec<Pause>>,
    /// The officer of the sending body who sent it on.
    pub officer_id: OfficerId,
    /// When: at the office in charge the instant of its receipt.
    pub transferred_at: Micros,
}

/// The place that the sealed grounds are bound to.
pub fn grounds_place(id: TransferId) -> String {
    format!("transfers.sealed_grounds:{id}")
}

/// Stores a transfer.
pub fn insert(tx: &mut Tx<'_>, row: &TransferRow) -> Result<(), StoreError> {
    diesel::insert_into(transfers::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One transfer, as a body keeps it.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: TransferId,
) -> Result<Option<TransferRow>, StoreError> {
    let found = transfers::table.find((tenant, id)).select(TransferRow::as_select());
    Ok(found.first(tx.read()).optional()?)
}

/// The transfers of a case, oldest first.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    case: ApplicationId,
) -> Result<Vec<TransferRow>, StoreError> {
    Ok(transfers::table
        .filter(transfers::tenant_id.eq(tenant))
        .filter(transfers::application_id.eq(case))
        .order(transfers::id)
        .select(TransferRow::as_select())
        .load(tx.read())?)
}

/// The times the clock of a case stood still before this body received it; none of a case that began here.
pub fn pauses_before(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    case: ApplicationId,
) -> Result<Vec<Pause>, StoreError> {
    let received: Option<Json<Vec<Pause>>> = transfers::table
        .filter(transfers::tenant_id.eq(tenant))
        .filter(transfers::application_id.eq(case))
        .filter(transfers::direction.eq(TransferDirection::Received.as_str()))
        .select(transfers::pauses)
        .first(tx.read())
        .optional()?;
    Ok(received.map(|pauses| pauses.0).unwrap_or_default())
}
