//! Orders about permits (取消し・効力の停止): what was issued, never changed.

use diesel::prelude::*;

use super::schema::dispositions::permit_orders;
use super::sql::{IsoDate, Json, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::disposition::Instruction;
use crate::domain::id::{ApplicationId, DecisionId, OfficerId, PermitId, ProposalId, TenantCode};

/// An order as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = permit_orders)]
pub struct PermitOrderRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The order.
    pub id: DecisionId,
    /// The permit.
    pub permit_id: PermitId,
    /// The case the permit was granted in.
    pub application_id: ApplicationId,
    /// The proposal it was made from.
    pub proposal_id: ProposalId,
    /// `revocation`, `suspension` or `resumption`.
    pub kind: String,
    /// 文書番号.
    pub document_number: String,
    /// In whose name (処分庁).
    pub authority: String,
    /// The same in English.
    pub authority_en: String,
    /// The title under which the last seal was set.
    pub sealer_title: String,
    /// 教示 as it was on the day.
    pub instruction: Json<Instruction>,
    /// Ground, hearing and reasons, sealed with the case's key.
    pub sealed_body: Vec<u8>,
    /// SHA-256 of the sealed text as it is stored.
    pub body_sha256: String,
    /// The day it was issued, in Japan.
    pub issued_on: IsoDate,
    /// The first day it counts.
    pub effective_on: IsoDate,
    /// The last day of a suspension.
    pub until: Option<IsoDate>,
    /// Who set the last seal.
    pub decided_by: OfficerId,
    /// When.
    pub decided_at: Micros,
}

/// The place that the sealed text is bound to.
pub fn body_place(id: DecisionId) -> String {
    format!("permit_orders.sealed_body:{id}")
}

/// Stores an order.
pub fn insert(tx: &mut Tx<'_>, row: &PermitOrderRow) -> Result<(), StoreError> {
    diesel::insert_into(permit_orders::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One order.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: DecisionId,
) -> Result<Option<PermitOrderRow>, StoreError> {
    let found = permit_orders::table.find((tenant, id)).select(PermitOrderRow::as_select());
    Ok(found.first(tx.read()).optional()?)
}

/// The orders about a permit, in the order they were issued.
pub fn of_permit(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    permit: PermitId,
) -> Result<Vec<PermitOrderRow>, StoreError> {
    Ok(permit_orders::table
        .filter(permit_orders::tenant_id.eq(tenant))
        .filter(permit_orders::permit_id.eq(permit))
        .order((permit_orders::decided_at, permit_orders::id))
        .select(PermitOrderRow::as_select())
        .load(tx.read())?)
}
