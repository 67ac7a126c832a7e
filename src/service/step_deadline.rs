//! Steps that lie on their desks past their deadline: said once in the case and to whoever could act. Nothing is approved or
//! sent back by the clock (R-19 holds for the desks of the office, too).
//!
//! That it was said stands on the step itself, in the transaction that says it: run twice, late or halfway it has one effect.

use std::sync::Arc;

use jiff::civil::Date;
use serde_json::json;

use super::approval::open_body;
use super::cases::system_actor;
use super::{Core, Failure, JobEnd, Refusal, cases};
use crate::domain::application::StateName;
use crate::domain::calendar::jst_day;
use crate::domain::id::{AccountId, ApplicationId, OfficerId, ProposalId, TenantCode};
use crate::store::accounts::{self, AccountRow};
use crate::store::events::{self, NewEvent};
use crate::store::proposals::{self, Routed, StepRow};
use crate::store::sql::Micros;
use crate::store::{Reads, Root, Tx, absences, applications, jobs, officers, waiting_steps};

/// Kind of the daily job that looks for steps past their deadline.
pub const RAISE_OVERDUE_STEPS: &str = "raise_overdue_steps";

/// Kind of the job that mails somebody who could act on such a step; its subject is account, proposal, step and deadline.
pub const NOTIFY_OVERDUE_STEP: &str = "notify_overdue_step";

/// Proposals read in one go.
const PAGE: i64 = 50;

/// Says of every step of a body whose last day is over that it is.
pub async fn run(core: &Arc<Core>, tenant: &TenantCode) -> Result<JobEnd, Failure> {
    let mut after = None;
    loop {
        let of = tenant.clone();
        let page: Vec<(ProposalId, ApplicationId)> = core
            .db
            .read(move |tx| {
                let today = jst_day(tx.now());
                Ok::<_, Failure>(waiting_steps::overdue(tx, &of, today, after, PAGE)?)
            })
            .await?;
        let Some((last, _)) = page.last() else { return Ok(JobEnd::Done) };
        after = Some(*last);
        for (proposal, application) in page {
            let (inner, of) = (Arc::clone(core), tenant.clone());
            let raise = move |tx: &mut Tx<'_>| raise(tx, &inner, &of, (proposal, application));
            core.db.write(Root::Application(application), raise).await?;
        }
    }
}

fn raise(
    tx: &mut Tx<'_>,
    core: &Core,
    tenant: &TenantCode,
    (proposal, application): (ProposalId, ApplicationId),
) -> Result<(), Failure> {
    let (now, today) = (tx.now(), jst_day(tx.now()));
    let routed = proposals::find(tx, tenant, proposal)?.ok_or(Refusal::NotFound)?;
    let mut late: Vec<StepRow> =
        routed.late_steps(today).filter(|step| step.overdue_told_at.is_none()).cloned().collect();
    let mut case = cases::open_for_system(tx, core, tenant, application)?;
    // A withdrawn case leaves its proposal behind.
    if late.is_empty() || !open_body(&case, &routed.row)?.fits(case.kind, case.state.name()) {
        return Ok(());
    }
    let mut told = Vec::new();
    for step in &late {
        told.push(who_could_act(tx, tenant, step, today)?);
    }

    // From here on everything changes rows.
    for (step, accounts) in late.iter_mut().zip(told) {
        step.overdue_told_at = Some(Micros(now));
        proposals::update_step(tx, step)?;
        let due_on = step.due_on.map(|day| day.0.to_string());
        for account in accounts {
            let subject = notice_subject(account, step);
            jobs::enqueue(tx, tenant.as_str(), NOTIFY_OVERDUE_STEP, &subject, now)?;
        }
        let facts = json!({ "proposal": proposal, "subject": routed.row.subject, "step": step.step_no,
            "role": step.role, "department": step.department, "due_on": due_on });
        let event = NewEvent {
            kind: "approval_overdue",
            actor: system_actor("approval"),
            facts,
            sealed_detail: None,
        };
        events::append(tx, &mut case.row, event)?;
    }
    case.save(tx)
}

/// The holders of the step's desk today and their covers; each account once.
fn who_could_act(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    step: &StepRow,
    today: Date,
) -> Result<Vec<AccountId>, Failure> {
    let holders = officers::holders(tx, tenant, &step.role, &step.department, today)?;
    let away: Vec<OfficerId> = holders.iter().map(|holder| holder.officer).collect();
    let mut accounts: Vec<AccountId> = holders.into_iter().map(|holder| holder.account).collect();
    for absence in absences::from_day(tx, tenant, &step.department, today)? {
        if absence.holds_on(today) && away.contains(&absence.officer_id) {
            accounts.extend(officers::account_of(tx, tenant, absence.cover_id)?);
        }
    }
    accounts.sort_unstable();
    accounts.dedup();
    Ok(accounts)
}

fn notice_subject(account: AccountId, step: &StepRow) -> String {
    let due_on = step.due_on.map(|day| day.0.to_string()).unwrap_or_default();
    format!("{account}:{}:{}:{due_on}", step.proposal_id, step.step_no)
}

/// Whom to tell of which step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepNotice {
    /// Who could act.
    pub account: AccountId,
    /// The proposal.
    pub proposal: ProposalId,
    /// Number of the step.
    pub step_no: i64,
}

impl StepNotice {
    /// The notice that the subject of a job names.
    pub fn parse(subject: &str) -> Option<Self> {
        let mut parts = subject.split(':');
        let account = parts.next()?.parse().ok()?;
        let proposal = parts.next()?.parse().ok()?;
        Some(Self { account, proposal, step_no: parts.next()?.parse().ok()? })
    }
}

/// What a mail about a late step is made of.
#[derive(Debug)]
pub struct LateStep {
    /// Who gets it.
    pub account: AccountRow,
    /// 受付番号 of the case.
    pub number: String,
    /// The day that is over.
    pub due_on: Date,
}

/// The late step that a notice is about; none when it was done, or put off, in the meantime.
pub async fn late_step(
    core: &Core,
    tenant: TenantCode,
    notice: StepNotice,
) -> Result<Option<LateStep>, Failure> {
    let read = core.db.read(move |tx| {
        let today = jst_day(tx.now());
        let Some(routed) = proposals::find(tx, &tenant, notice.proposal)? else { return Ok(None) };
        let Some(due_on) = due_if_late(&routed, notice.step_no, today) else { return Ok(None) };
        let Some(account) = accounts::find(tx, notice.account)? else { return Ok(None) };
        let case = applications::find(tx, &tenant, routed.row.application_id)?;
        let Some(case) = case else { return Ok(None) };
        // A withdrawn case leaves its proposal behind. What waits in a closed one began after its end: what it is, is sealed.
        let state = case.case_state()?.name();
        if state != StateName::Closed && !routed.subject()?.fits(case.case_kind()?, state) {
            return Ok(None);
        }
        Ok::<_, Failure>(Some(LateStep { account, number: case.number.unwrap_or_default(), due_on }))
    });
    read.await
}

fn due_if_late(routed: &Routed, step_no: i64, today: Date) -> Option<Date> {
    let mut late = routed.late_steps(today);
    late.find(|step| step.step_no == step_no).and_then(|step| step.due_on).map(|day| day.0)
}
