//! Overdue cases are told (期限超過の報告, R-19): level by level, once a case, due date and level, while
//! the clock runs. Before that, why clocks stand still is noted anew where it is out of date.
//!
//! Nothing is approved or refused by it, and no state changes. Run twice, late, or in another order than things happened, it
//! has one effect.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::cases::{self, OpenCase, system_actor};
use super::{Core, Failure, JobEnd, Refusal, case_holder, clock};
use crate::catalogue::{Catalogue, CatalogueTenant};
use crate::domain::calendar::jst_day;
use crate::domain::escalation::{EscalationDesk, EscalationLevel, reached};
use crate::domain::id::{ApplicationId, OfficerId, TenantCode};
use crate::store::escalations::{self, EscalationRow};
use crate::store::events::{self, NewEvent};
use crate::store::sql::{IsoDate, Json, Micros};
use crate::store::{Reads, Root, Tx, accounts, applications, jobs, officers};

/// Kind of the daily job that looks for overdue cases.
pub const ESCALATE_OVERDUE: &str = "escalate_overdue";
/// The job that tells one officer; its subject is the case's id, the level, the officer's id and the due date.
pub const NOTIFY_ESCALATION: &str = "notify_escalation";

/// Cases read in one go.
const PAGE: i64 = 50;

/// Looks at the clocks and the overdue cases of every tenant; the failure of one does not hold up the others.
pub async fn run(core: &Arc<Core>) -> Result<JobEnd, Failure> {
    let mut failed = Ok(JobEnd::Done);
    let catalogue = core.catalogue.current();
    for tenant in catalogue.tenants() {
        let body = &tenant.definition.code;
        // What is late is found by what is noted of the clocks, so that comes first.
        if let Err(failure) = clock::note_pauses_anew(core, body).await {
            failed = Err(failure);
            continue;
        }
        if tenant.definition.escalation.is_empty() {
            continue;
        }
        if let Err(failure) = of_tenant(core, body).await {
            failed = Err(failure);
        }
    }
    failed
}

async fn of_tenant(core: &Arc<Core>, tenant: &TenantCode) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let (of, inner) = (tenant.clone(), Arc::clone(core));
        let read = core.db.read(move |tx| {
            let page = escalations::overdue(tx, &of, jst_day(tx.now()), after, PAGE)?;
            let last = page.last().map(|(id, _)| *id);
            let mut due = Vec::new();
            for (id, due_on) in page {
                // Most were told before: only where there is something new is a write asked for.
                if !new_levels(tx, &inner, &of, id, due_on.0)?.is_empty() {
                    due.push(id);
                }
            }
            Ok::<_, Failure>((last, due))
        });
        let (last, due) = read.await?;
        if last.is_none() {
            return Ok(());
        }
        after = last;
        for id in due {
            let (of, inner) = (tenant.clone(), Arc::clone(core));
            core.db.write(Root::Application(id), move |tx| escalate(tx, &inner, &of, id)).await?;
        }
    }
}

/// The levels that a case due on `due_on` has reached and that were not told yet.
fn new_levels(
    tx: &mut impl Reads,
    core: &Core,
    tenant: &TenantCode,
    id: ApplicationId,
    due_on: Date,
) -> Result<Vec<EscalationLevel>, Failure> {
    let catalogue = core.catalogue.current();
    let Some(body) = catalogue.tenant(tenant) else { return Ok(Vec::new()) };
    let told = escalations::levels_of_case(tx, tenant, id, due_on)?;
    let levels = reached(&body.definition.escalation, due_on, jst_day(tx.now()), &body.calendar);
    Ok(levels.into_iter().filter(|level| !told.contains(&level.code)).cloned().collect())
}

fn escalate(tx: &mut Tx<'_>, core: &Core, tenant: &TenantCode, id: ApplicationId) -> Result<(), Failure> {
    let now = tx.now();
    let mut case = cases::open_for_system(tx, core, tenant, id)?;
    let Some(due_on) = case.row.due_on.filter(|due| due.0 < jst_day(now)) else { return Ok(()) };
    if clock::is_ended(&case.row) || !clock::is_running(tx, core, &case.row)? {
        return Ok(());
    }
    let levels = new_levels(tx, core, tenant, id, due_on.0)?;
    let catalogue = core.catalogue.current();
    let Some(body) = catalogue.tenant(tenant) else { return Ok(()) };
    let mut told = Vec::new();
    for level in levels {
        let officers = officers_of(tx, &case, (&catalogue, body), &level, jst_day(now))?;
        told.push((level, officers));
    }
    if told.is_empty() {
        return Ok(());
    }
    for (level, officers) in told {
        tell(tx, &mut case, (&level, due_on), officers, now)?;
    }
    case.save(tx)
}

/// Records one level and asks for its mails.
fn tell(
    tx: &mut Tx<'_>,
    case: &mut OpenCase,
    (level, due_on): (&EscalationLevel, IsoDate),
    officers: Vec<OfficerId>,
    now: Timestamp,
) -> Result<(), Failure> {
    let (tenant, id) = (case.row.tenant_id.clone(), case.row.id);
    let facts = json!({ "level": level.code, "due_on": due_on.0.to_string(), "told": officers });
    let actor = system_actor("clock");
    events::append(
        tx,
        &mut case.row,
        NewEvent { kind: "deadline_escalated", actor, facts, sealed_detail: None },
    )?;
    for officer in &officers {
        let subject = format!("{id}:{}:{officer}:{}", level.code, due_on.0);
        jobs::enqueue(tx, tenant.as_str(), NOTIFY_ESCALATION, &subject, now)?;
    }
    let row = EscalationRow {
        tenant_id: tenant,
        application_id: id,
        level: level.code.clone(),
        due_on,
        told: Json(officers),
        escalated_at: Micros(now),
    };
    Ok(escalations::insert(tx, &row)?)
}

/// Who sits at the desks of a level today, each once; in the place of an assignee who has left the department whoever leads it (T-7).
fn officers_of(
    tx: &mut impl Reads,
    case: &OpenCase,
    (catalogue, body): (&Catalogue, &CatalogueTenant),
    level: &EscalationLevel,
    today: Date,
) -> Result<Vec<OfficerId>, Failure> {
    let (tenant, department) = (&case.row.tenant_id, case.row.department.as_str());
    let bureau = body.definition.department(department, today).and_then(|found| found.bureau.as_deref());
    let mut told: Vec<OfficerId> = Vec::new();
    for desk in &level.tell {
        let found = match (desk, desk.role()) {
            (EscalationDesk::Assignee, _) | (_, None) => {
                case_holder::to_tell(tx, catalogue, &case.row)?.into_iter().collect()
            }
            (EscalationDesk::Director, Some(role)) => {
                let at: Vec<&str> = [Some(department), bureau].into_iter().flatten().collect();
                officers::holders_among(tx, tenant, &at, role, today)?
            }
            (EscalationDesk::Head, Some(role)) => {
                officers::holders_among(tx, tenant, &[tenant.as_str()], role, today)?
            }
            (_, Some(role)) => officers::holders_among(tx, tenant, &[department], role, today)?,
        };
        told.extend(found.into_iter().filter(|officer| !told.contains(officer)).collect::<Vec<_>>());
    }
    Ok(told)
}

/// What a mail to an officer about an overdue case needs.
#[derive(Clone, Debug)]
pub struct OverdueCase {
    /// 受付番号.
    pub number: String,
    /// The day it was due.
    pub due_on: Date,
    /// The account of the officer.
    pub account: crate::store::accounts::AccountRow,
}

/// The case as it is now; nothing where it has ended, or nobody is there to be told.
pub async fn still_overdue(
    core: &Arc<Core>,
    tenant: TenantCode,
    id: ApplicationId,
    officer: OfficerId,
) -> Result<Option<OverdueCase>, Failure> {
    let read = core.db.read(move |tx| {
        let row = applications::find(tx, &tenant, id)?.ok_or(Refusal::NotFound)?;
        let due_on = row.due_on.filter(|due| due.0 < jst_day(tx.now()));
        // A clock that stands still is not late; it is looked at again when it runs.
        let due_on = due_on.filter(|_| row.paused_for.is_none() && !clock::is_ended(&row));
        let (Some(due_on), Some(number)) = (due_on, row.number) else { return Ok(None) };
        // Whoever left between the report and its mail is told nothing any more (T-7).
        if officers::posts_in_force(tx, &tenant, officer, jst_day(tx.now()))?.is_empty() {
            return Ok(None);
        }
        let Some(account) = officers::account_of(tx, &tenant, officer)? else { return Ok(None) };
        let account = accounts::find(tx, account)?;
        Ok::<_, Failure>(account.map(|account| OverdueCase { number, due_on: due_on.0, account }))
    });
    read.await
}
