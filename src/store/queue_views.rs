//! Criteria of a queue that staff keep under a name (保存した表示条件).

use diesel::prelude::*;

use super::schema::queues::queue_views;
use super::sql::{Json, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{OfficerId, QueueViewId, TenantCode};
use crate::domain::queue::Criteria;

/// A view as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = queue_views)]
pub struct QueueViewRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The view.
    pub id: QueueViewId,
    /// Code of the department.
    pub department: String,
    /// Who made it.
    pub officer_id: OfficerId,
    /// `own` or `department`.
    pub audience: String,
    /// How it is called.
    pub name: String,
    /// What it asks for.
    pub criteria: Json<Criteria>,
    /// When it was made.
    pub created_at: Micros,
}

/// Stores a view.
pub fn insert(tx: &mut Tx<'_>, row: &QueueViewRow) -> Result<(), StoreError> {
    diesel::insert_into(queue_views::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The views of a department that an officer sees, in the order of their names: the own ones, and those for everybody.
pub fn visible_to(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    department: &str,
    officer: OfficerId,
) -> Result<Vec<QueueViewRow>, StoreError> {
    Ok(queue_views::table
        .filter(queue_views::tenant_id.eq(tenant))
        .filter(queue_views::department.eq(department))
        .filter(queue_views::officer_id.eq(officer).or(queue_views::audience.eq("department")))
        .order((queue_views::name, queue_views::id))
        .select(QueueViewRow::as_select())
        .load(tx.read())?)
}

/// Takes a view away: it is a convenience, no record.
pub fn delete(tx: &mut Tx<'_>, tenant: &TenantCode, id: QueueViewId) -> Result<(), StoreError> {
    let target = queue_views::table.filter(queue_views::tenant_id.eq(tenant)).filter(queue_views::id.eq(id));
    diesel::delete(target).execute(tx.change())?;
    Ok(())
}
