//! The queue of exceptions (照合の例外) and what is done about each.

use std::collections::BTreeMap;

use diesel::dsl::count_star;
use diesel::prelude::*;

use super::reconciliation_exceptions::ExceptionRow;
use super::schema::reconciliation::exception_steps;
use super::schema::settlements::reconciliation_exceptions as exceptions;
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ExceptionId, OfficerId, TenantCode};
use crate::domain::settlement::ExceptionState;

/// Something that was done about an exception.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = exception_steps, treat_none_as_default_value = false)]
pub struct StepRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The exception.
    pub exception_id: ExceptionId,
    /// 1, 2, 3 … without gaps.
    pub step_no: i64,
    /// `claimed`, `proposed`, `returned` or `approved`.
    pub kind: String,
    /// Who did it.
    pub officer_id: OfficerId,
    /// The resolution it is about.
    pub resolution: Option<String>,
    /// Why.
    pub comment: Option<String>,
    /// When.
    pub at: Micros,
}

/// Which exceptions are wanted.
#[derive(Clone, Debug, Default)]
pub struct ExceptionFilter {
    /// In this state.
    pub state: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// Looked after by this officer.
    pub owner: Option<OfficerId>,
}

/// A page of the queue, oldest first; `after` is the last id of the page before.
pub fn page(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    filter: &ExceptionFilter,
    after: Option<ExceptionId>,
    limit: i64,
) -> Result<Vec<ExceptionRow>, StoreError> {
    let mut query = exceptions::table
        .filter(exceptions::tenant_id.eq(tenant))
        .order(exceptions::id)
        .limit(limit)
        .select(ExceptionRow::as_select())
        .into_boxed();
    if let Some(state) = &filter.state {
        query = query.filter(exceptions::state.eq(state.clone()));
    }
    if let Some(kind) = &filter.kind {
        query = query.filter(exceptions::kind.eq(kind.clone()));
    }
    if let Some(owner) = filter.owner {
        query = query.filter(exceptions::owner.eq(owner));
    }
    if let Some(after) = after {
        query = query.filter(exceptions::id.gt(after));
    }
    Ok(query.load(tx.read())?)
}

/// Stores what became of an exception under the next version.
pub fn update(tx: &mut Tx<'_>, row: &mut ExceptionRow) -> Result<(), StoreError> {
    let before = row.version;
    row.version += 1;
    let target = exceptions::table
        .filter(exceptions::tenant_id.eq(&row.tenant_id))
        .filter(exceptions::id.eq(row.id))
        .filter(exceptions::version.eq(before));
    let affected = diesel::update(target)
        .set((
            exceptions::state.eq(&row.state),
            exceptions::owner.eq(row.owner),
            exceptions::proposed_by.eq(row.proposed_by),
            exceptions::proposed_at.eq(row.proposed_at),
            exceptions::resolution.eq(&row.resolution),
            exceptions::comment.eq(&row.comment),
            exceptions::resolved_by.eq(row.resolved_by),
            exceptions::resolved_at.eq(row.resolved_at),
            exceptions::version.eq(row.version),
        ))
        .execute(tx.change())?;
    if affected == 1 {
        Ok(())
    } else {
        Err(StoreError::Inconsistent(format!("reconciliation_exceptions.version of {}", row.id)))
    }
}

/// Everything that was done about an exception, in order.
pub fn steps(tx: &mut impl Reads, tenant: &TenantCode, id: ExceptionId) -> Result<Vec<StepRow>, StoreError> {
    Ok(exception_steps::table
        .filter(exception_steps::tenant_id.eq(tenant))
        .filter(exception_steps::exception_id.eq(id))
        .order(exception_steps::step_no)
        .select(StepRow::as_select())
        .load(tx.read())?)
}

/// Writes down the next step.
pub fn insert_step(tx: &mut Tx<'_>, row: &StepRow) -> Result<(), StoreError> {
    diesel::insert_into(exception_steps::table).values(row).execute(tx.change())?;
    Ok(())
}

/// How many exceptions of each kind wait for a person.
pub fn waiting(tx: &mut impl Reads, tenant: &TenantCode) -> Result<BTreeMap<String, i64>, StoreError> {
    let rows: Vec<(String, i64)> = exceptions::table
        .filter(exceptions::tenant_id.eq(tenant))
        .filter(exceptions::state.ne(ExceptionState::Resolved.as_str()))
        .group_by(exceptions::kind)
        .select((exceptions::kind, count_star()))
        .load(tx.read())?;
    Ok(rows.into_iter().collect())
}
