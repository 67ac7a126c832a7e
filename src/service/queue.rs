//! A department's queue (受付簿): the rows staff need, in the order they ask for, and how many wait.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::account::Profile;
use super::officer_labels;
use super::{Ctx, Failure, Refusal, access, cases, clock, officer, queue_view, takeover};
use crate::domain::application::StateName;
use crate::domain::calendar::jst_day;
use crate::domain::id::{ApplicationId, OfficerId, QueueViewId, TenantCode};
use crate::domain::message::Side;
use crate::domain::policy::{self, Action, Actor, CaseFacts, OfficerAuthority};
use crate::domain::procedure::Bilingual;
use crate::domain::queue::{
    AssigneeFilter, Criteria, Cursor, DueFilter, Order, Selection, WaitingOn, not_acceptable,
};
use crate::store::queue::{self, QueueQuery, QueueRow};
use crate::store::waiting_steps::{self, WaitingDesk};
use crate::store::{ReadTx, Reads, absences, case_tasks, messages, paper_filings};

/// The rows of one page.
pub const PAGE: usize = 50;

/// Which part of a queue is wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The body.
    pub tenant: TenantCode,
    /// Code of the department.
    pub department: String,
    /// A saved view, whose criteria hold where none are given.
    pub view: Option<QueueViewId>,
    /// What is asked for.
    pub criteria: Criteria,
    /// The end of the page before.
    pub cursor: Option<Cursor>,
}

/// A row of a queue.
#[derive(Clone, Debug)]
pub struct QueueItem {
    /// The case.
    pub id: ApplicationId,
    /// 受付番号.
    pub number: String,
    /// 収受番号, once it is given.
    pub incoming_number: Option<String>,
    /// Slug of the procedure.
    pub procedure: String,
    /// Name of the procedure.
    pub title: Bilingual,
    /// `application` or `notification`.
    pub kind: String,
    /// Where it stands.
    pub state: StateName,
    /// 到達日時.
    pub arrived_at: Timestamp,
    /// End of the standard processing period.
    pub due_on: Option<Date>,
    /// Whether that day is over and the clock runs.
    pub overdue: bool,
    /// Why the clock stands still: the name of the pause that began first; nothing while it runs, or when the case has ended.
    pub paused: Option<String>,
    /// Who works on it, with the name.
    pub assignee: Option<(OfficerId, Option<String>)>,
    /// The last day on which it is the assignee's alone, while it is under review.
    pub claimed_until: Option<Date>,
    /// What an open task of the office is about, if there is one.
    pub open_task: Option<String>,
    /// The fee: the state of the invoice issued last, none without one.
    pub fee_state: Option<String>,
    /// Messages of the applicant that nobody of the office has read.
    pub unread_messages: i64,
    /// By which way it came: `online`, or as the office entered it.
    pub channel: String,
    /// At whose desks its decision lies, while it is on its approval route.
    pub desks: Vec<WaitingDesk>,
    /// Name of the applicant.
    pub applicant: Option<String>,
    /// Version of the case, for `If-Match`.
    pub version: i64,
}

/// A page of a queue.
#[derive(Clone, Debug)]
pub struct QueuePage {
    /// The rows.
    pub items: Vec<QueueItem>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

/// How many cases of a department wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueCounts {
    /// By state, each state that waits.
    pub states: Vec<(StateName, i64)>,
    /// Their due date is over, and their clock runs.
    pub overdue: i64,
    /// Due today, and their clock runs.
    pub due_today: i64,
    /// The caller's own, and those of whom the caller covers for.
    pub mine: i64,
}

/// A page of a department's queue; who is not of the department does not learn that it exists.
pub async fn list(ctx: Ctx, wanted: Wanted) -> Result<QueuePage, Failure> {
    let (inner, tenant) = (ctx.clone(), wanted.tenant.clone());
    let (reader, page) = ctx.core.db.read(move |tx| read_page(tx, &inner, &wanted)).await?;
    let cases: Vec<_> = page.items.iter().map(|item| item.id).collect();
    access::record(&ctx, &tenant, reader, "queue", &cases).await?;
    Ok(page)
}

/// How many cases of a department wait, for its staff.
pub async fn counts(ctx: Ctx, tenant: TenantCode, department: String) -> Result<QueueCounts, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        let me = staff(tx, &ctx, &tenant, &department, Action::ReadQueue)?.officer;
        let today = jst_day(tx.now());
        let stored: HashMap<_, _> = queue::counts(tx, &tenant, &department)?.into_iter().collect();
        let waits = StateName::ALL.into_iter().filter(|state| WaitingOn::of(*state).is_some());
        let states = waits.map(|state| (state, stored.get(state.as_str()).copied().unwrap_or(0))).collect();
        let overdue = queue::count_due(tx, &tenant, &department, yesterday(today))?;
        let until_today = queue::count_due(tx, &tenant, &department, today)?;
        let mine = own_and_covered(tx, &tenant, &department, me, today)?;
        let mine = queue::count_of(tx, &tenant, &department, &mine)?;
        Ok(QueueCounts { states, overdue, due_today: until_today.saturating_sub(overdue), mine })
    })
    .await
}

/// The member of staff of a department who asks, or a refusal: to everybody else the department has no queue.
pub(super) fn staff(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    department: &str,
    action: Action,
) -> Result<OfficerAuthority, Failure> {
    let actor = officer::actor(tx, tenant, ctx.account()?, jst_day(tx.now()))?;
    let facts = CaseFacts::of_department(tenant, department);
    cases::permit(policy::may(&actor, action, &facts))?;
    match actor {
        Actor::Officer(authority) => Ok(authority),
        Actor::Person(_) | Actor::Anonymous => Err(Refusal::NotFound.into()),
    }
}

fn read_page(tx: &mut ReadTx<'_>, ctx: &Ctx, wanted: &Wanted) -> Result<(OfficerId, QueuePage), Failure> {
    let reader = staff(tx, ctx, &wanted.tenant, &wanted.department, Action::ReadQueue)?.officer;
    let query = query(tx, wanted, reader)?;
    let mut rows = queue::page(tx, &query)?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let cases: Vec<_> = rows.iter().map(|row| row.id).collect();
    let fees: HashMap<_, _> = queue::invoice_states(tx, &wanted.tenant, &cases)?.into_iter().collect();
    let tenant = std::slice::from_ref(&wanted.tenant);
    let unread: HashMap<_, _> = messages::unread(tx, tenant, &cases, Side::Applicant)?.into_iter().collect();
    let tasks: HashMap<_, _> = case_tasks::open_kinds(tx, &wanted.tenant, &cases)?.into_iter().collect();
    let channels: HashMap<_, _> = paper_filings::channels(tx, &wanted.tenant, &cases)?.into_iter().collect();
    let sealing = |row: &&QueueRow| row.state == StateName::InApproval.as_str();
    let sealing: Vec<_> = rows.iter().filter(sealing).map(|row| row.id).collect();
    let mut desks: HashMap<_, Vec<WaitingDesk>> = HashMap::new();
    for desk in waiting_steps::desks_of(tx, &wanted.tenant, &sealing)? {
        desks.entry(desk.application).or_default().push(desk);
    }
    let assignees = rows.iter().filter_map(|row| row.assignee).collect();
    let labels = officer_labels::labels(tx, &ctx.core, &wanted.tenant, assignees)?;
    let reviewed = rows.iter().filter(|row| row.state == StateName::UnderReview.as_str());
    let claims: Vec<_> = reviewed.filter_map(|row| Some((row.id, row.assignee?))).collect();
    let claims = takeover::claimed_until(tx, ctx, &wanted.tenant, &claims)?;
    let today = jst_day(tx.now());
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let mut item = present(ctx, &wanted.tenant, row, today)?;
        item.fee_state = fees.get(&item.id).cloned();
        item.unread_messages = unread.get(&item.id).copied().unwrap_or(0);
        item.open_task = tasks.get(&item.id).cloned();
        item.claimed_until = claims.get(&item.id).copied();
        if let Some(channel) = channels.get(&item.id) {
            item.channel.clone_from(channel);
        }
        item.desks = desks.remove(&item.id).unwrap_or_default();
        if let Some((officer, name)) = &mut item.assignee {
            *name = labels.get(officer).map(|label| label.name.clone());
        }
        items.push(item);
    }
    let last = items.last().filter(|_| more);
    let next = last.map(|item| match query.order {
        Order::Arrival => Cursor::Arrival(item.arrived_at, item.id),
        Order::DueDate => Cursor::DueDate(item.due_on, item.id),
    });
    Ok((reader, QueuePage { items, next }))
}

/// What the database is asked for: the criteria that were given, over those of the view.
fn query(tx: &mut ReadTx<'_>, wanted: &Wanted, reader: OfficerId) -> Result<QueueQuery, Failure> {
    let mut criteria = wanted.criteria.clone();
    if let Some(view) = wanted.view {
        criteria = criteria.over(queue_view::criteria(tx, wanted, view, reader)?);
    }
    let Selection { states, assignee, procedure, due, task, order } =
        criteria.read("").map_err(Refusal::Invalid)?;
    if wanted.cursor.is_some_and(|cursor| cursor.order() != order) {
        return Err(Refusal::Invalid(vec![not_acceptable("", "cursor")]).into());
    }
    let today = jst_day(tx.now());
    Ok(QueueQuery {
        tenant: wanted.tenant.clone(),
        department: wanted.department.clone(),
        states: states.map(|states| states.into_iter().map(|state| state.as_str().to_owned()).collect()),
        assignees: match assignee {
            AssigneeFilter::Any => None,
            AssigneeFilter::Mine => {
                Some(own_and_covered(tx, &wanted.tenant, &wanted.department, reader, today)?)
            }
            AssigneeFilter::Officer(officer) => Some(vec![officer]),
        },
        procedure,
        due_until: match due {
            DueFilter::Until(day) => Some(day),
            DueFilter::Any | DueFilter::Overdue => None,
        },
        late_on: (due == DueFilter::Overdue).then_some(today),
        task,
        order,
        after: wanted.cursor,
        limit: i64::try_from(PAGE).unwrap_or(i64::MAX).saturating_add(1),
    })
}

fn yesterday(today: Date) -> Date {
    today.yesterday().unwrap_or(today)
}

/// The caller, and whom the caller covers for today.
fn own_and_covered(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    department: &str,
    me: OfficerId,
    today: Date,
) -> Result<Vec<OfficerId>, Failure> {
    let mut officers = absences::covered_by(tx, tenant, department, me, today)?;
    officers.push(me);
    Ok(officers)
}

fn present(ctx: &Ctx, tenant: &TenantCode, row: QueueRow, today: Date) -> Result<QueueItem, Failure> {
    let version = u32::try_from(row.procedure_version).unwrap_or(0);
    let procedure = ctx.catalogue.procedure_version(tenant, &row.procedure, version);
    let title = procedure.map(|procedure| procedure.definition.title.clone());
    let incomplete =
        || Failure::Internal(format!("a queued case without number, instant or state: {}", row.id));
    let key = ctx.core.keys.open_kept_case_key(tenant, &row.wrapped_key)?;
    let applicant = match (&row.sealed_party, key) {
        (Some(sealed), Some(key)) => {
            let party: Profile =
                key.open_json(&format!("parties.sealed_party:{}:applicant", row.id), sealed)?;
            Some(party.name)
        }
        (None, _) | (_, None) => None,
    };
    let state = StateName::parse(&row.state).ok_or_else(incomplete)?;
    let due_on = row.due_on.map(|day| day.0);
    Ok(QueueItem {
        id: row.id,
        number: row.number.clone().ok_or_else(incomplete)?,
        incoming_number: row.incoming_number,
        title: title.unwrap_or_else(|| Bilingual { ja: row.procedure.clone(), en: row.procedure.clone() }),
        arrived_at: row.arrived_at.ok_or_else(incomplete)?.0,
        procedure: row.procedure,
        kind: row.kind,
        state,
        due_on,
        overdue: row.clock_runs && due_on.is_some_and(|day| day < today),
        paused: row.paused_for.filter(|_| !clock::has_ended(state)),
        assignee: row.assignee.map(|officer| (officer, None)),
        claimed_until: None,
        open_task: None,
        fee_state: None,
        unread_messages: 0,
        channel: "online".to_owned(),
        desks: Vec::new(),
        applicant,
        version: row.version,
    })
}
