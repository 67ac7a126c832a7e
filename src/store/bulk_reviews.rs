//! One act on many cases (一括処理) and what became of each.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::schema::queues::bulk_reviews;
use super::sql::{Json, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, BulkReviewId, OfficerId, TenantCode};

/// What became of one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkItem {
    /// The case.
    pub application: ApplicationId,
    /// Why it was left as it was; none: it was done.
    pub refused: Option<BulkRefusal>,
}

/// Why a case was left as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkRefusal {
    /// A code for programs.
    pub code: String,
    /// In Japanese.
    pub ja: String,
    /// In English.
    pub en: String,
}

/// An act on many cases as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = bulk_reviews)]
pub struct BulkReviewRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The act.
    pub id: BulkReviewId,
    /// Code of the department.
    pub department: String,
    /// Who acted.
    pub officer_id: OfficerId,
    /// `claim`, `release`, `assign` or `take_over`.
    pub action: String,
    /// What became of each case, in the order asked.
    pub items: Json<Vec<BulkItem>>,
    /// Cases that fitted too and were too many for one act.
    pub left_over: i64,
    /// When.
    pub created_at: Micros,
}

/// Stores an act.
pub fn insert(tx: &mut Tx<'_>, row: &BulkReviewRow) -> Result<(), StoreError> {
    diesel::insert_into(bulk_reviews::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One act.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: BulkReviewId,
) -> Result<Option<BulkReviewRow>, StoreError> {
    Ok(bulk_reviews::table
        .filter(bulk_reviews::tenant_id.eq(tenant))
        .filter(bulk_reviews::id.eq(id))
        .select(BulkReviewRow::as_select())
        .first(tx.read())
        .optional()?)
}
