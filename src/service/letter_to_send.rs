//! Letters in the place of mails: whoever has no account is told on paper, so the department gets a task instead of a mail.

use super::{Core, Failure};
use crate::domain::calendar::jst_day;
use crate::domain::case_task::{TaskKind, TaskState};
use crate::domain::id::{ApplicationId, CaseTaskId, TenantCode};
use crate::domain::letter;
use crate::store::case_tasks::{self, CaseTaskRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Root, Tx};

/// A mail that nobody can be sent.
#[derive(Clone, Debug)]
pub struct NoAddressee {
    /// The body.
    pub tenant: TenantCode,
    /// The case.
    pub case: ApplicationId,
    /// The name of what it would have told.
    pub mail: &'static str,
    /// What that was about, different for each occasion.
    pub about: String,
}

/// Asks the department of the case for a letter, once for each mail.
pub async fn ask(core: &Core, wanted: NoAddressee) -> Result<(), Failure> {
    let root = Root::Application(wanted.case);
    let put = move |tx: &mut Tx<'_>| {
        let (kind, subject_id) = (TaskKind::LetterToSend, letter::subject(wanted.mail, &wanted.about));
        if case_tasks::about(tx, &wanted.tenant, kind, &subject_id)?.is_some() {
            return Ok(());
        }
        let now = tx.now();
        let task = CaseTaskRow {
            tenant_id: wanted.tenant.clone(),
            id: CaseTaskId(tx.new_id()),
            application_id: wanted.case,
            kind: kind.as_str().to_owned(),
            subject_id,
            due_on: IsoDate(jst_day(now)),
            state: TaskState::Open.as_str().to_owned(),
            created_at: Micros(now),
            ended_at: None,
            ended_by: None,
            sealed_reason: None,
        };
        Ok::<_, Failure>(case_tasks::insert(tx, &task)?)
    };
    core.db.write(root, put).await
}
