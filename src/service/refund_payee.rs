//! Asking for the account that a refund is paid to: where a refund by bank transfer was decided and nobody said
//! where it goes, the obligor is told by mail and the office has a task, until the account is there or nothing is to be paid
//! any more. What a bank returned asks anew. Doing it twice makes one task.

use super::refund::NOTIFY_REFUND;
use super::{Failure, case_task};
use crate::domain::calendar::jst_day;
use crate::domain::case_task::{TaskKind, TaskState};
use crate::domain::id::{CaseTaskId, PayoutId};
use crate::store::case_tasks::{self, CaseTaskRow};
use crate::store::refunds::RefundRow;
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Tx, jobs};

/// What the task of a refund is about: the refund, and the file whose payment the bank returned.
fn subject(row: &RefundRow, returned: Option<PayoutId>) -> String {
    returned.map_or_else(|| row.id.to_string(), |payout| format!("{}:{payout}", row.id))
}

/// Makes the task of a refund that was decided and waits for an account; the mail about the decision asks for it.
pub(super) fn ask(tx: &mut Tx<'_>, row: &RefundRow) -> Result<(), Failure> {
    note(tx, row, None)
}

/// Asks again: the bank returned the payment of a file (組戻し).
pub(super) fn ask_again(tx: &mut Tx<'_>, row: &RefundRow, returned_from: PayoutId) -> Result<(), Failure> {
    let now = tx.now();
    let mail = format!("{}:{}:{returned_from}", row.application_id, row.id);
    jobs::enqueue(tx, row.tenant_id.as_str(), NOTIFY_REFUND, &mail, now)?;
    note(tx, row, Some(returned_from))
}

/// Makes a task, once; `returned` names the file that could not pay it.
fn note(tx: &mut Tx<'_>, row: &RefundRow, returned: Option<PayoutId>) -> Result<(), Failure> {
    let (kind, subject_id) = (TaskKind::PayeeMissing, subject(row, returned));
    if row.sealed_payee.is_some() || case_tasks::about(tx, &row.tenant_id, kind, &subject_id)?.is_some() {
        return Ok(());
    }
    let now = tx.now();
    let task = CaseTaskRow {
        tenant_id: row.tenant_id.clone(),
        id: CaseTaskId(tx.new_id()),
        application_id: row.application_id,
        kind: kind.as_str().to_owned(),
        subject_id,
        due_on: IsoDate(jst_day(now)),
        state: TaskState::Open.as_str().to_owned(),
        created_at: Micros(now),
        ended_at: None,
        ended_by: None,
        sealed_reason: None,
    };
    Ok(case_tasks::insert(tx, &task)?)
}

/// Ends what is asked about a refund: its account is there.
pub(super) fn given(tx: &mut Tx<'_>, row: &RefundRow) -> Result<(), Failure> {
    end(tx, row, TaskState::Answered)
}

/// Ends what is asked about a refund that comes to nothing.
pub(super) fn not_needed(tx: &mut Tx<'_>, row: &RefundRow) -> Result<(), Failure> {
    end(tx, row, TaskState::NotNeeded)
}

fn end(tx: &mut Tx<'_>, row: &RefundRow, so: TaskState) -> Result<(), Failure> {
    let of = row.id.to_string();
    for task in case_tasks::open_of_case(tx, &row.tenant_id, row.application_id)? {
        let is_ours = task.kind == TaskKind::PayeeMissing.as_str()
            && task.subject_id.split(':').next() == Some(of.as_str());
        if is_ours {
            case_task::end(tx, task, so)?;
        }
    }
    Ok(())
}
