//! The day of a correction went by without an answer: a task for the office, and a word to the applicant.
//!
//! Nothing is withdrawn and no state changes: the applicant can still answer, and what follows is decided by people. Run
//! twice, late, or in another order than things happened, it has one effect.

use std::sync::Arc;

use serde_json::json;

use super::cases::{self, system_actor};
use super::{Core, Failure, JobEnd};
use crate::domain::application::CaseState;
use crate::domain::calendar::jst_day;
use crate::domain::case_task::{TaskKind, TaskState};
use crate::domain::id::{CaseTaskId, CorrectionId, TenantCode};
use crate::store::case_tasks::{self, CaseTaskRow};
use crate::store::corrections::{self, CorrectionRow};
use crate::store::events::{self, NewEvent};
use crate::store::sql::Micros;
use crate::store::{Reads, Root, Tx, jobs};

/// Kind of the daily job that looks for corrections whose day is over.
pub const CHASE_CORRECTIONS: &str = "chase_corrections";
/// The job that tells the applicant; its subject is the case's id and that of the correction.
pub const NOTIFY_MISSED_CORRECTION: &str = "notify_missed_correction";

/// Requests read in one go.
const PAGE: i64 = 50;

/// Looks at the requests of every tenant; the failure of one does not hold up the others.
pub async fn run(core: &Arc<Core>) -> Result<JobEnd, Failure> {
    let mut failed = Ok(JobEnd::Done);
    for tenant in core.catalogue.current().tenants() {
        if let Err(failure) = of_tenant(core, &tenant.definition.code).await {
            failed = Err(failure);
        }
    }
    failed
}

async fn of_tenant(core: &Arc<Core>, tenant: &TenantCode) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let of = tenant.clone();
        let read = core.db.read(move |tx| {
            let today = jst_day(tx.now());
            Ok::<_, Failure>(corrections::missed(tx, &of, today, after, PAGE)?)
        });
        let page = read.await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        for row in page {
            let inner = Arc::clone(core);
            let root = Root::Application(row.application_id);
            core.db.write(root, move |tx| note(tx, &inner, &row)).await?;
        }
    }
}

/// Makes the task of one request, once.
fn note(tx: &mut Tx<'_>, core: &Core, seen: &CorrectionRow) -> Result<(), Failure> {
    let (tenant, now) = (&seen.tenant_id, tx.now());
    let mut case = cases::open_for_system(tx, core, tenant, seen.application_id)?;
    let waits = match &case.state {
        CaseState::CorrectionRequested { correction: id, .. } | CaseState::Inquiry { inquiry: id, .. } => {
            *id == seen.id
        }
        _ => false,
    };
    let (kind, subject) = (TaskKind::CorrectionMissed, seen.id.to_string());
    let over = seen.due_on.0 < jst_day(now);
    if !waits || !over || case_tasks::about(tx, tenant, kind, &subject)?.is_some() {
        return Ok(());
    }
    let row = CaseTaskRow {
        tenant_id: tenant.clone(),
        id: CaseTaskId(tx.new_id()),
        application_id: seen.application_id,
        kind: kind.as_str().to_owned(),
        subject_id: subject,
        due_on: seen.due_on,
        state: TaskState::Open.as_str().to_owned(),
        created_at: Micros(now),
        ended_at: None,
        ended_by: None,
        sealed_reason: None,
    };
    case_tasks::insert(tx, &row)?;
    let facts = json!({ "correction": seen.id, "due_on": seen.due_on.0.to_string(), "task": row.id });
    let actor = system_actor("clock");
    events::append(
        tx,
        &mut case.row,
        NewEvent { kind: "correction_missed", actor, facts, sealed_detail: None },
    )?;
    let subject = format!("{}:{}", seen.application_id, seen.id);
    jobs::enqueue(tx, tenant.as_str(), NOTIFY_MISSED_CORRECTION, &subject, now)?;
    case.save(tx)
}

/// Whether an answer is still awaited after its day, when the mail about it is written.
pub async fn is_still_missed(
    core: &Arc<Core>,
    tenant: TenantCode,
    correction: CorrectionId,
) -> Result<bool, Failure> {
    let read = core.db.read(move |tx| {
        let row = corrections::find(tx, &tenant, correction)?;
        Ok::<_, Failure>(row.is_some_and(|row| row.state == "open"))
    });
    read.await
}
