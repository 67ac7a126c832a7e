//! Tasks of the office (処理課題): the list of a department, and how each task ends: what was awaited comes, the case ends, or
//! somebody closes it and says why.

use jiff::Timestamp;
use serde_json::json;

use super::cases::{self, OpenCase};
use super::casework_refusal::CaseworkRefusal;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::{Ctx, Effect, Failure, Refusal, access, queue, review};
use crate::domain::case_task::{TaskKind, TaskState};
use crate::domain::fault::Fault;
use crate::domain::id::{CaseTaskId, CorrectionId, OfficerId, TenantCode};
use crate::domain::issued_document::DocumentName;
use crate::domain::letter;
use crate::domain::policy::Action;
use crate::store::case_tasks::{self, CaseTaskRow};
use crate::store::sql::Micros;
use crate::store::{Root, Tx, corrections};

/// Tasks of one page.
const PAGE: i64 = 50;
/// The most characters of a reason.
const LONGEST_REASON: usize = 2_000;

/// A task in clear.
#[derive(Clone, Debug)]
pub struct CaseTask {
    /// The stored row.
    pub row: CaseTaskRow,
    /// 受付番号 of its case.
    pub number: Option<String>,
    /// Why it was closed.
    pub reason: Option<String>,
}

impl CaseTask {
    /// The paper to print, where the task is a letter that is one.
    pub fn paper(&self) -> Option<DocumentName> {
        let is_letter = self.row.kind == TaskKind::LetterToSend.as_str();
        is_letter.then(|| letter::paper(&self.row.subject_id)).flatten()
    }
}

/// A page of a department's tasks.
#[derive(Clone, Debug)]
pub struct TaskPage {
    /// Oldest first.
    pub items: Vec<CaseTask>,
    /// The task after which the list goes on; none at its end.
    pub next: Option<CaseTaskId>,
}

/// Which tasks are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Those that wait for somebody.
    Open,
    /// Those that have ended.
    Ended,
}

/// The tasks of a department; hidden from everybody else.
pub async fn list(
    ctx: Ctx,
    tenant: TenantCode,
    department: String,
    wanted: Wanted,
    after: Option<CaseTaskId>,
) -> Result<TaskPage, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let reader = queue::staff(tx, &inner, &body, &department, Action::ReadQueue)?.officer;
        let part = (wanted == Wanted::Open, after);
        let rows = case_tasks::of_department(tx, &body, &department, part, PAGE)?;
        let is_full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= PAGE;
        let next = rows.last().filter(|_| is_full).map(|task| task.row.id);
        let mut items = Vec::with_capacity(rows.len());
        for task in rows {
            let Some(key) = inner.core.keys.open_kept_case_key(&body, &task.wrapped_key)? else { continue };
            let place = case_tasks::reason_place(task.row.id);
            let reason = task.row.sealed_reason.as_ref().map(|sealed| key.open_json(&place, sealed));
            items.push(CaseTask { reason: reason.transpose()?, number: task.number, row: task.row });
        }
        Ok::<_, Failure>((reader, TaskPage { items, next }))
    });
    let (reader, page) = read.await?;
    let cases: Vec<_> = page.items.iter().map(|task| task.row.application_id).collect();
    access::record(&ctx, &tenant, reader, "tasks", &cases).await?;
    Ok(page)
}

/// Closes a task; why is kept, and no case moves by it.
pub async fn close(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: CaseTaskId,
    reason: String,
) -> Result<Effect<CaseTask>, Failure> {
    let reason = reason.trim().to_owned();
    let (db, tenant) = (ctx.core.db.clone(), request.tenant.clone());
    let found = db.read(move |tx| Ok::<_, Failure>(case_tasks::find(tx, &tenant, id)?)).await?;
    let case = found.ok_or(Refusal::NotFound)?.application_id;
    db.write(Root::Application(case), move |tx| {
        let open = |tx: &mut Tx<'_>| {
            let case = cases::open(tx, &ctx, &request.tenant, case, Action::Review)?;
            let row = case_tasks::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
            Ok::<_, Failure>((case, row))
        };
        let act = |tx: &mut Tx<'_>, now| {
            let (mut case, mut row) = open(tx)?;
            refuse_faulty(&reason)?;
            let ended = row.task_state()?.end(TaskState::Closed).ok_or(CaseworkRefusal::TaskEnded)?;
            let me = review::officer(&case)?.officer;
            close_row(tx, &ctx, &case, (&mut row, ended), (me, &reason), now)?;
            case.record(tx, "task_closed", json!({ "task": id, "kind": row.kind }), None)?;
            case.save(tx)?;
            Ok(Made { resource_id: id.to_string(), value: in_clear(&case, row)? })
        };
        once(tx, &request, "task", act, |tx, _| {
            let (case, row) = open(tx)?;
            in_clear(&case, row)
        })
    })
    .await
}

fn close_row(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    (row, ended): (&mut CaseTaskRow, TaskState),
    (officer, reason): (OfficerId, &str),
    now: Timestamp,
) -> Result<(), Failure> {
    ended.as_str().clone_into(&mut row.state);
    row.ended_at = Some(Micros(now));
    row.ended_by = Some(officer);
    let place = case_tasks::reason_place(row.id);
    row.sealed_reason = Some(case.key.seal_json(&place, &reason, ctx.core.ids.as_ref()));
    Ok(case_tasks::update(tx, row)?)
}

/// Closes the task about a request that the office ends itself, for the same reason, if there is one.
pub(super) fn close_with_request(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    correction: CorrectionId,
    by: (OfficerId, &str),
) -> Result<(), Failure> {
    let (kind, subject) = (TaskKind::CorrectionMissed, correction.to_string());
    let Some(mut row) = case_tasks::about(tx, &case.row.tenant_id, kind, &subject)? else { return Ok(()) };
    let Some(ended) = row.task_state()?.end(TaskState::Closed) else { return Ok(()) };
    let now = tx.now();
    close_row(tx, ctx, case, (&mut row, ended), by, now)
}

fn refuse_faulty(reason: &str) -> Result<(), Refusal> {
    let length = reason.chars().count();
    if length > 0 && length <= LONGEST_REASON {
        return Ok(());
    }
    let ja = format!("理由は1～{LONGEST_REASON}文字で入力してください。");
    let en = format!("A reason has 1 to {LONGEST_REASON} characters.");
    Err(Refusal::Invalid(vec![Fault::new("/reason", "length", ja, en)]))
}

fn in_clear(case: &OpenCase, row: CaseTaskRow) -> Result<CaseTask, Failure> {
    let place = case_tasks::reason_place(row.id);
    let reason = row.sealed_reason.as_ref().map(|sealed| case.key.open_json(&place, sealed)).transpose()?;
    Ok(CaseTask { number: case.row.number.clone(), reason, row })
}

/// Ends the task about a request that was answered after all, if there is one.
pub(super) fn end_with_answer(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    correction: CorrectionId,
) -> Result<(), Failure> {
    let about = case_tasks::about(tx, tenant, TaskKind::CorrectionMissed, &correction.to_string())?;
    about.map_or(Ok(()), |row| end(tx, row, TaskState::Answered))
}

/// Ends the tasks of a case that has ended, and what was still asked of it.
pub(super) fn end_with_case(tx: &mut Tx<'_>, case: &OpenCase) -> Result<(), Failure> {
    let (tenant, id) = (&case.row.tenant_id, case.row.id);
    corrections::close_open(tx, tenant, id)?;
    for row in case_tasks::open_of_case(tx, tenant, id)? {
        if TaskKind::parse(&row.kind).is_none_or(TaskKind::ends_with_its_case) {
            end(tx, row, TaskState::CaseEnded)?;
        }
    }
    Ok(())
}

/// Ends an open task so; one that has ended stays as it ended.
pub(super) fn end(tx: &mut Tx<'_>, mut row: CaseTaskRow, so: TaskState) -> Result<(), Failure> {
    let Some(ended) = row.task_state()?.end(so) else { return Ok(()) };
    ended.as_str().clone_into(&mut row.state);
    row.ended_at = Some(Micros(tx.now()));
    Ok(case_tasks::update(tx, &row)?)
}
