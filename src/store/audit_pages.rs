//! Pages of cases for the check of their chains.

use diesel::prelude::*;

use super::applications::ApplicationRow;
use super::schema::applications;
use super::{Reads, StoreError};
use crate::domain::id::{ApplicationId, TenantCode};

/// The cases of a tenant after `after`, in the order of their ids; drafts have an empty chain.
pub fn cases(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    after: Option<ApplicationId>,
    limit: i64,
) -> Result<Vec<ApplicationRow>, StoreError> {
    let mut query = applications::table
        .filter(applications::tenant_id.eq(tenant))
        .order(applications::id)
        .limit(limit)
        .select(ApplicationRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(applications::id.gt(after));
    }
    Ok(query.load(tx.read())?)
}
