//! The task of the department while the signature of the other side waits for it.
//!
//! It opens with the signature and ends with what comes of it: the conclusion, or a rejection, a withdrawal or the last day. A
//! signature after a rejection has a task of its own.

use jiff::Timestamp;

use super::super::{Failure, case_task};
use crate::domain::case_task::{TaskKind, TaskState};
use crate::domain::contract::{ContractAct, ContractStanding};
use crate::domain::id::CaseTaskId;
use crate::store::Tx;
use crate::store::case_tasks::{self, CaseTaskRow};
use crate::store::contracts::ContractRow;
use crate::store::sql::Micros;

/// Opens or ends the task, as an act that was stored just now and where the contract stands after it want it.
pub(super) fn follow(
    tx: &mut Tx<'_>,
    row: &ContractRow,
    (act, next): (ContractAct, ContractStanding),
    now: Timestamp,
) -> Result<(), Failure> {
    // A signature that concludes nothing yet is what the office is asked to look at; whatever concludes ends the asking.
    match (act, next) {
        (_, ContractStanding::Concluded) => end(tx, row, TaskState::Answered),
        (ContractAct::SignByCounterpart, _) => open(tx, row, now),
        (ContractAct::Reject | ContractAct::Withdraw | ContractAct::Lapse, _) => {
            end(tx, row, TaskState::NotNeeded)
        }
        (ContractAct::Confirm | ContractAct::SignByOffice, _) => Ok(()),
    }
}

fn open(tx: &mut Tx<'_>, row: &ContractRow, now: Timestamp) -> Result<(), Failure> {
    let task = CaseTaskRow {
        tenant_id: row.tenant_id.clone(),
        id: CaseTaskId(tx.new_id()),
        application_id: row.application_id,
        kind: TaskKind::ContractToConclude.as_str().to_owned(),
        subject_id: format!("{}:{}", row.id, row.version),
        due_on: row.sign_by,
        state: TaskState::Open.as_str().to_owned(),
        created_at: Micros(now),
        ended_at: None,
        ended_by: None,
        sealed_reason: None,
    };
    Ok(case_tasks::insert(tx, &task)?)
}

/// Ends it, unless somebody closed it before.
fn end(tx: &mut Tx<'_>, row: &ContractRow, so: TaskState) -> Result<(), Failure> {
    for task in case_tasks::open_of_case(tx, &row.tenant_id, row.application_id)? {
        if task.kind == TaskKind::ContractToConclude.as_str() {
            case_task::end(tx, task, so)?;
        }
    }
    Ok(())
}
