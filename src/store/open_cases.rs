//! Pages of cases that are not over: those of one procedure, for a look at what a new version would mean to them, and those whose clock
//! stands still.

use diesel::prelude::*;

use super::applications::ApplicationRow;
use super::schema::applications;
use super::{Reads, StoreError};
use crate::domain::application::StateName;
use crate::domain::id::{ApplicationId, TenantCode};

/// States in which the answers of a case no longer matter to a new version.
const ENDED: [StateName; 4] =
    [StateName::Decided, StateName::Closed, StateName::Withdrawn, StateName::Transferred];

/// Drafts and open cases of any version of a procedure after `after`, in the order of their ids.
pub fn page(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    procedure: &str,
    after: Option<ApplicationId>,
    limit: i64,
) -> Result<Vec<ApplicationRow>, StoreError> {
    let mut query = applications::table
        .filter(applications::tenant_id.eq(tenant))
        .filter(applications::procedure.eq(procedure))
        .filter(applications::state.ne_all(ENDED.map(StateName::as_str)))
        .order(applications::id)
        .limit(limit)
        .select(ApplicationRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(applications::id.gt(after));
    }
    Ok(query.load(tx.read())?)
}

/// The open cases of a body whose clock is noted to stand still, by their ids, after `after`.
pub fn standing_still(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    after: Option<ApplicationId>,
    limit: i64,
) -> Result<Vec<ApplicationRow>, StoreError> {
    let mut query = applications::table
        .filter(applications::tenant_id.eq(tenant))
        .filter(applications::paused_for.is_not_null())
        .filter(applications::state.ne_all(ENDED.map(StateName::as_str)))
        .order(applications::id)
        .limit(limit)
        .select(ApplicationRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(applications::id.gt(after));
    }
    Ok(query.load(tx.read())?)
}
