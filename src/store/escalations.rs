//! Overdue cases, and which levels of escalation were told of them for which due date. Append-only.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use jiff::civil::Date;

use super::applications::CLOCK_RUNS;
use super::schema::applications;
use super::schema::casework::escalations;
use super::sql::{IsoDate, Json, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, OfficerId, TenantCode};

/// A level that was told.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = escalations)]
pub struct EscalationRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The case.
    pub application_id: ApplicationId,
    /// The key of the level.
    pub level: String,
    /// The day it was due: after a pause it is another one.
    pub due_on: IsoDate,
    /// Who was told.
    pub told: Json<Vec<OfficerId>>,
    /// When.
    pub escalated_at: Micros,
}

/// Stores a level; a second time is refused by the key.
pub fn insert(tx: &mut Tx<'_>, row: &EscalationRow) -> Result<(), StoreError> {
    diesel::insert_into(escalations::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The levels that were told of a case when it was due on `due_on`; a pause gives it another day, and another delay.
pub fn levels_of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
    due_on: Date,
) -> Result<Vec<String>, StoreError> {
    Ok(escalations::table
        .filter(escalations::tenant_id.eq(tenant))
        .filter(escalations::application_id.eq(application))
        .filter(escalations::due_on.eq(IsoDate(due_on)))
        .order(escalations::level)
        .select(escalations::level)
        .load(tx.read())?)
}

/// The cases of a body whose clock runs and whose due date is over on `today`, by their ids, after `after`.
pub fn overdue(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    today: Date,
    after: Option<ApplicationId>,
    limit: i64,
) -> Result<Vec<(ApplicationId, IsoDate)>, StoreError> {
    let mut query = applications::table
        .filter(applications::tenant_id.eq(tenant))
        .filter(sql::<Bool>(CLOCK_RUNS))
        .filter(applications::due_on.lt(IsoDate(today)).assume_not_null())
        .order(applications::id)
        .limit(limit)
        .select((applications::id, applications::due_on.assume_not_null()))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(applications::id.gt(after));
    }
    Ok(query.load(tx.read())?)
}
