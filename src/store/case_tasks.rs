//! Tasks of the office (処理課題): one row a cause, open until it has ended.

use diesel::prelude::*;

use super::schema::applications;
use super::schema::casework::case_tasks;
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::case_task::{TaskKind, TaskState};
use crate::domain::id::{ApplicationId, CaseTaskId, OfficerId, TenantCode};

/// A task as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = case_tasks, treat_none_as_default_value = false)]
pub struct CaseTaskRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The task.
    pub id: CaseTaskId,
    /// The case.
    pub application_id: ApplicationId,
    /// Why it was made.
    pub kind: String,
    /// What it is about: the id of the correction, or of the refund (with that of the file that a bank returned it from); of a
    /// letter what it tells ([`crate::domain::letter`]); of a contract its id and the number of the signature.
    pub subject_id: String,
    /// The day that went by; of a contract the last one for the signatures.
    pub due_on: IsoDate,
    /// Where it stands.
    pub state: String,
    /// When it was made.
    pub created_at: Micros,
    /// When it ended.
    pub ended_at: Option<Micros>,
    /// Who closed it.
    pub ended_by: Option<OfficerId>,
    /// Why it was closed, sealed with the case's key.
    pub sealed_reason: Option<Vec<u8>>,
}

impl CaseTaskRow {
    /// Where it stands.
    pub fn task_state(&self) -> Result<TaskState, StoreError> {
        TaskState::parse(&self.state)
            .ok_or_else(|| StoreError::Inconsistent(format!("case_tasks.state of {}", self.id)))
    }
}

/// The place that the sealed reason is bound to.
pub fn reason_place(id: CaseTaskId) -> String {
    format!("case_tasks.sealed_reason:{id}")
}

/// Stores a new task; a second one about the same is refused by its key.
pub fn insert(tx: &mut Tx<'_>, row: &CaseTaskRow) -> Result<(), StoreError> {
    diesel::insert_into(case_tasks::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One task.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: CaseTaskId,
) -> Result<Option<CaseTaskRow>, StoreError> {
    Ok(case_tasks::table.find((tenant, id)).select(CaseTaskRow::as_select()).first(tx.read()).optional()?)
}

/// The task about something, if there is one.
pub fn about(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    kind: TaskKind,
    subject: &str,
) -> Result<Option<CaseTaskRow>, StoreError> {
    Ok(case_tasks::table
        .filter(case_tasks::tenant_id.eq(tenant))
        .filter(case_tasks::kind.eq(kind.as_str()))
        .filter(case_tasks::subject_id.eq(subject))
        .select(CaseTaskRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The open tasks of a case, oldest first.
pub fn open_of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Vec<CaseTaskRow>, StoreError> {
    Ok(case_tasks::table
        .filter(case_tasks::tenant_id.eq(tenant))
        .filter(case_tasks::application_id.eq(application))
        .filter(case_tasks::state.eq("open"))
        .order((case_tasks::created_at, case_tasks::id))
        .select(CaseTaskRow::as_select())
        .load(tx.read())?)
}

/// Stores how a task ended.
pub fn update(tx: &mut Tx<'_>, row: &CaseTaskRow) -> Result<(), StoreError> {
    let open = case_tasks::table.find((&row.tenant_id, row.id)).filter(case_tasks::state.eq("open"));
    let affected = diesel::update(open)
        .set((
            case_tasks::state.eq(&row.state),
            case_tasks::ended_at.eq(row.ended_at),
            case_tasks::ended_by.eq(row.ended_by),
            case_tasks::sealed_reason.eq(&row.sealed_reason),
        ))
        .execute(tx.change())?;
    let changed = || StoreError::Inconsistent(format!("case_tasks.state of {}", row.id));
    if affected == 1 { Ok(()) } else { Err(changed()) }
}

/// A task with what its list shows of the case.
#[derive(Clone, Debug)]
pub struct ListedTask {
    /// The task.
    pub row: CaseTaskRow,
    /// 受付番号.
    pub number: Option<String>,
    /// The case's key, wrapped.
    pub wrapped_key: Vec<u8>,
}

/// The open tasks of a department's cases, or those that have ended, oldest first, after `after`.
pub fn of_department(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    department: &str,
    (is_open, after): (bool, Option<CaseTaskId>),
    limit: i64,
) -> Result<Vec<ListedTask>, StoreError> {
    let of_case = applications::tenant_id
        .eq(case_tasks::tenant_id)
        .and(applications::id.eq(case_tasks::application_id));
    let mut query = case_tasks::table
        .inner_join(applications::table.on(of_case))
        .filter(case_tasks::tenant_id.eq(tenant))
        .filter(applications::department.eq(department))
        .order(case_tasks::id)
        .limit(limit)
        .select((CaseTaskRow::as_select(), applications::number, applications::wrapped_key))
        .into_boxed();
    query = if is_open {
        query.filter(case_tasks::state.eq("open"))
    } else {
        query.filter(case_tasks::state.ne("open"))
    };
    if let Some(after) = after {
        query = query.filter(case_tasks::id.gt(after));
    }
    let rows: Vec<(CaseTaskRow, Option<String>, Vec<u8>)> = query.load(tx.read())?;
    let listed = |(row, number, wrapped_key)| ListedTask { row, number, wrapped_key };
    Ok(rows.into_iter().map(listed).collect())
}

/// What is open about many cases, in one statement.
pub fn open_kinds(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    cases: &[ApplicationId],
) -> Result<Vec<(ApplicationId, String)>, StoreError> {
    Ok(case_tasks::table
        .filter(case_tasks::tenant_id.eq(tenant))
        .filter(case_tasks::application_id.eq_any(cases))
        .filter(case_tasks::state.eq("open"))
        .order((case_tasks::created_at.desc(), case_tasks::id))
        .select((case_tasks::application_id, case_tasks::kind))
        .load(tx.read())?)
}
