//! Many seals at once (一括決裁) and what became of each.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::bulk_reviews::BulkRefusal;
use super::schema::approval::bulk_approvals;
use super::sql::{Json, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, BulkApprovalId, OfficerId, TenantCode};

/// What became of one proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkApprovalItem {
    /// The case.
    pub application: ApplicationId,
    /// What the proposal is about.
    pub subject: String,
    /// Where the proposal stood afterwards; none where it was left as it was.
    pub state: Option<String>,
    /// Where the case stood afterwards; none where it was left as it was.
    pub application_state: Option<String>,
    /// Why it was left as it was.
    pub refused: Option<BulkRefusal>,
}

/// Many seals as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = bulk_approvals)]
pub struct BulkApprovalRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The act.
    pub id: BulkApprovalId,
    /// Who sealed.
    pub officer_id: OfficerId,
    /// What became of each, in the order asked.
    pub items: Json<Vec<BulkApprovalItem>>,
    /// When.
    pub created_at: Micros,
}

/// Stores an act.
pub fn insert(tx: &mut Tx<'_>, row: &BulkApprovalRow) -> Result<(), StoreError> {
    diesel::insert_into(bulk_approvals::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One act.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: BulkApprovalId,
) -> Result<Option<BulkApprovalRow>, StoreError> {
    Ok(bulk_approvals::table
        .filter(bulk_approvals::tenant_id.eq(tenant))
        .filter(bulk_approvals::id.eq(id))
        .select(BulkApprovalRow::as_select())
        .first(tx.read())
        .optional()?)
}
