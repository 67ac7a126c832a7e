//! Asking another office of the body for its opinion (意見照会・合議).
//!
//! While its answer is awaited, the office that is asked reads the case ([`super::cases::open`] lets it in); it answers once.
//! The clock of the case goes on. A request that is late is raised once, by a job that was asked for with it.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::cases::{self, OpenCase, system_actor};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::intake::refuse_faults;
use super::office_refusal::OfficeRefusal;
use super::{Core, Ctx, Effect, Failure, JobEnd, Refusal, access, queue, review};
use crate::domain::application::StateName;
use crate::domain::calendar::{jst_day, jst_midnight};
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, OpinionId, TenantCode};
use crate::domain::opinion::{OpinionStance, OpinionState, answer_faults, matters, question_faults};
use crate::domain::policy::Action;
use crate::domain::procedure::Bilingual;
use crate::seal::DataKey;
use crate::store::events::{self, NewEvent};
use crate::store::opinions::{self, OpinionRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Root, Tx, applications, jobs};

/// The job that raises an opinion that did not come in time; its subject is the opinion's id.
pub const RAISE_OPINION: &str = "raise_opinion";
/// Opinions of one page.
const PAGE: i64 = 50;

/// What somebody asks.
#[derive(Clone, Debug)]
pub struct NewOpinion {
    /// The department that is asked.
    pub department: String,
    /// What is asked.
    pub question: String,
    /// The day by which an answer is asked for.
    pub due_on: Date,
}

/// A request in clear.
#[derive(Clone, Debug)]
pub struct Opinion {
    /// The stored row.
    pub row: OpinionRow,
    /// What is asked.
    pub question: String,
    /// What the office says.
    pub answer: Option<String>,
}

/// A request in the list of the department that is asked.
#[derive(Clone, Debug)]
pub struct AskedOpinion {
    /// The request.
    pub opinion: Opinion,
    /// 受付番号.
    pub number: Option<String>,
    /// Slug of the procedure.
    pub procedure: String,
    /// Where the case stands.
    pub case_state: String,
}

/// A page of that list.
#[derive(Clone, Debug)]
pub struct OpinionPage {
    /// Oldest first.
    pub items: Vec<AskedOpinion>,
    /// The request after which the list goes on; none at its end.
    pub next: Option<OpinionId>,
}

/// Asks another department of the body.
pub async fn ask(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    new: NewOpinion,
) -> Result<Effect<Opinion>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let put = |tx: &mut Tx<'_>, now| put(tx, &ctx, &request.tenant, id, &new, now);
        once(tx, &request, "opinion", put, |tx, opinion| {
            let case = cases::open(tx, &ctx, &request.tenant, id, Action::Review)?;
            opened(&case.key, found(tx, &request.tenant, opinion)?)
        })
    })
    .await
}

fn put(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
    new: &NewOpinion,
    now: Timestamp,
) -> Result<Made<Opinion>, Failure> {
    let mut case = cases::open(tx, ctx, tenant, id, Action::Review)?;
    refuse_ended(&case)?;
    let today = jst_day(now);
    let mut faults = question_faults(&new.question, new.due_on, today);
    if new.department == case.row.department {
        let (ja, en) = ("自らの課には照会できません。", "This is the department in charge itself.");
        faults.push(Fault::new("/department", "own_department", ja, en));
    } else if ctx.catalogue.department(tenant, &new.department, today).is_none() {
        faults.push(unknown_department("/department"));
    }
    refuse_faults(faults)?;
    if awaited_from(tx, ctx, tenant, id, today)?.contains(&new.department) {
        return Err(OfficeRefusal::AlreadyAsked.into());
    }
    let opinion = OpinionId(tx.new_id());
    let place = opinions::question_place(opinion);
    let row = OpinionRow {
        tenant_id: tenant.clone(),
        id: opinion,
        application_id: id,
        department: new.department.clone(),
        state: OpinionState::Open.as_str().to_owned(),
        sealed_question: case.key.seal(&place, new.question.trim().as_bytes(), ctx.core.ids.as_ref()),
        due_on: IsoDate(new.due_on),
        asking_department: case.row.department.clone(),
        asked_by: review::officer(&case)?.officer,
        asked_at: Micros(now),
        overdue_at: None,
        stance: None,
        sealed_answer: None,
        ended_by: None,
        ended_at: None,
    };
    opinions::insert(tx, &row)?;
    let facts = json!({ "opinion": opinion, "department": row.department, "due_on": new.due_on.to_string() });
    case.record(tx, "opinion_asked", facts, None)?;
    jobs::enqueue(tx, tenant.as_str(), RAISE_OPINION, &opinion.to_string(), day_after(new.due_on, now))?;
    case.save(tx)?;
    Ok(Made { value: opened(&case.key, row)?, resource_id: opinion.to_string() })
}

/// The departments whose opinion on a case is awaited, each as the one that does its work on `today`: who took the work
/// over answers, and the request keeps the name of the department that was asked.
pub(super) fn awaited_from(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    case: ApplicationId,
    today: Date,
) -> Result<Vec<String>, Failure> {
    let asked = opinions::awaited_from(tx, tenant, case)?;
    Ok(asked.iter().map(|department| ctx.catalogue.in_charge(tenant, department, today)).collect())
}

/// As [`awaited_from`], each department once by its name of `today`; nothing of a case to which no opinion matters any more.
pub(super) fn awaited_names(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    today: Date,
) -> Result<Vec<Bilingual>, Failure> {
    if !matters(case.state.name()) {
        return Ok(Vec::new());
    }
    let tenant = &case.row.tenant_id;
    let mut asked = awaited_from(tx, ctx, tenant, case.row.id, today)?;
    asked.sort_unstable();
    asked.dedup();
    let name = |code: String| match ctx.catalogue.department(tenant, &code, today) {
        Some(department) => department.name.clone(),
        None => Bilingual { ja: code.clone(), en: code },
    };
    Ok(asked.into_iter().map(name).collect())
}

/// The fault of naming a department that the body does not have today.
pub(super) fn unknown_department(pointer: &str) -> Fault {
    let (ja, en) = ("この団体にない課です。", "The body has no such department today.");
    Fault::new(pointer, "unknown_department", ja, en)
}

fn day_after(day: Date, now: Timestamp) -> Timestamp {
    day.tomorrow().ok().and_then(jst_midnight).unwrap_or(now)
}

fn refuse_ended(case: &OpenCase) -> Result<(), Refusal> {
    let state = case.state.name();
    if matters(state) { Ok(()) } else { Err(Refusal::WrongState { state }) }
}

fn found(tx: &mut impl Reads, tenant: &TenantCode, id: &str) -> Result<OpinionRow, Failure> {
    let id = id.parse().map_err(|_| Failure::Internal("an opinion's id".to_owned()))?;
    Ok(opinions::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?)
}

fn opened(key: &DataKey, row: OpinionRow) -> Result<Opinion, Failure> {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let question = text(key.open(&opinions::question_place(row.id), &row.sealed_question)?);
    let place = opinions::answer_place(row.id);
    let answer = row.sealed_answer.as_deref().map(|sealed| key.open(&place, sealed)).transpose()?.map(text);
    Ok(Opinion { row, question, answer })
}

/// Every opinion on an opened case, oldest first.
pub(super) fn of_case(tx: &mut impl Reads, case: &OpenCase) -> Result<Vec<Opinion>, Failure> {
    let rows = opinions::of_case(tx, &case.row.tenant_id, case.row.id)?;
    rows.into_iter().map(|row| opened(&case.key, row)).collect()
}

/// The opinions on a case, for staff of the department in charge.
pub async fn list(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<Vec<Opinion>, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let case = cases::open(tx, &inner, &body, id, Action::Review)?;
        Ok::<_, Failure>((review::officer(&case)?.officer, of_case(tx, &case)?))
    });
    let (reader, items) = read.await?;
    access::record(&ctx, &tenant, reader, "opinions", &[id]).await?;
    Ok(items)
}

/// What a department is or was asked, for its staff; hidden from everybody else. Of a case that has ended nothing is awaited.
pub async fn of_department(
    ctx: Ctx,
    tenant: TenantCode,
    department: String,
    state: OpinionState,
    after: Option<OpinionId>,
) -> Result<OpinionPage, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let reader = queue::staff(tx, &inner, &body, &department, Action::ReadQueue)?.officer;
        let names = inner.catalogue.names_of_work(&body, &department, jst_day(tx.now()));
        let rows = opinions::of_department(tx, (&body, &names), state, after, PAGE)?;
        let is_full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= PAGE;
        let next = rows.last().filter(|_| is_full).map(|listed| listed.row.id);
        let mut items = Vec::with_capacity(rows.len());
        for listed in rows {
            let is_live = StateName::parse(&listed.case_state).is_some_and(matters);
            if state == OpinionState::Open && !is_live {
                continue;
            }
            let Some(key) = inner.core.keys.open_kept_case_key(&body, &listed.wrapped_key)? else { continue };
            items.push(AskedOpinion {
                opinion: opened(&key, listed.row)?,
                number: listed.number,
                procedure: listed.procedure,
                case_state: listed.case_state,
            });
        }
        Ok::<_, Failure>((reader, OpinionPage { items, next }))
    });
    let (reader, page) = read.await?;
    let cases: Vec<_> = page.items.iter().map(|item| item.opinion.row.application_id).collect();
    access::record(&ctx, &tenant, reader, "department_opinions", &cases).await?;
    Ok(page)
}

/// What an office answers.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What it thinks.
    pub stance: OpinionStance,
    /// What it says.
    pub text: String,
}

/// Answers, once, for the department that is asked.
pub async fn answer(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: OpinionId,
    answer: Answer,
) -> Result<Effect<Opinion>, Failure> {
    let case = application_of(&ctx, &request.tenant, id).await?;
    let db = ctx.core.db.clone();
    db.write(Root::Application(case), move |tx| {
        let tenant = &request.tenant;
        let row = opinions::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
        // Its own answer stays the department's to see, the case does not.
        let in_charge = ctx.catalogue.in_charge(tenant, &row.department, jst_day(tx.now()));
        let me = queue::staff(tx, &ctx, tenant, &in_charge, Action::ReadQueue)?.officer;
        let give = |tx: &mut Tx<'_>, now| {
            let ended = end(&row, OpinionState::Given)?;
            let mut case = cases::open(tx, &ctx, tenant, case, Action::GiveOpinion)?;
            refuse_ended(&case)?;
            refuse_faults(answer_faults(answer.stance, &answer.text))?;
            let place = opinions::answer_place(id);
            let row = OpinionRow {
                state: ended.as_str().to_owned(),
                stance: Some(answer.stance.as_str().to_owned()),
                sealed_answer: Some(case.key.seal(
                    &place,
                    answer.text.trim().as_bytes(),
                    ctx.core.ids.as_ref(),
                )),
                ended_by: Some(me),
                ended_at: Some(Micros(now)),
                ..row.clone()
            };
            let facts = json!({ "opinion": id, "department": row.department, "stance": row.stance });
            close(tx, &mut case, "opinion_given", facts, row)
        };
        once(tx, &request, "opinion", give, |tx, _| {
            let case = cases::open_for_system(tx, &ctx.core, tenant, row.application_id)?;
            opened(&case.key, opinions::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?)
        })
    })
    .await
}

/// Takes a request back: whoever asked, or a superior of the department in charge.
pub async fn recall(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: OpinionId,
) -> Result<Effect<Opinion>, Failure> {
    let case = application_of(&ctx, &request.tenant, id).await?;
    let db = ctx.core.db.clone();
    db.write(Root::Application(case), move |tx| {
        let tenant = &request.tenant;
        let take_back = |tx: &mut Tx<'_>, now| {
            let mut case = cases::open(tx, &ctx, tenant, case, Action::Review)?;
            let row = opinions::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
            let officer = review::officer(&case)?;
            if row.asked_by != officer.officer && !review::leads(officer, &case.row.department) {
                return Err(Refusal::Forbidden.into());
            }
            let ended = end(&row, OpinionState::Recalled)?;
            let (state, ended_by) = (ended.as_str().to_owned(), Some(officer.officer));
            let row = OpinionRow { state, ended_by, ended_at: Some(Micros(now)), ..row };
            let facts = json!({ "opinion": id, "department": row.department });
            close(tx, &mut case, "opinion_recalled", facts, row)
        };
        once(tx, &request, "opinion", take_back, |tx, _| {
            let case = cases::open(tx, &ctx, tenant, case, Action::Review)?;
            opened(&case.key, opinions::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?)
        })
    })
    .await
}

fn end(row: &OpinionRow, by: OpinionState) -> Result<OpinionState, Failure> {
    let stands = |state: OpinionState| OfficeRefusal::StandsElsewhere { state: state.as_str() };
    row.opinion_state()?.end(by).map_err(|state| stands(state).into())
}

fn close(
    tx: &mut Tx<'_>,
    case: &mut OpenCase,
    event: &'static str,
    facts: serde_json::Value,
    row: OpinionRow,
) -> Result<Made<Opinion>, Failure> {
    opinions::update(tx, &row)?;
    case.record(tx, event, facts, None)?;
    case.save(tx)?;
    let resource_id = row.id.to_string();
    Ok(Made { value: opened(&case.key, row)?, resource_id })
}

/// The case of an opinion, which is the root to lock; who may is asked inside the transaction.
async fn application_of(ctx: &Ctx, tenant: &TenantCode, id: OpinionId) -> Result<ApplicationId, Failure> {
    let tenant = tenant.clone();
    let found = ctx.core.db.read(move |tx| Ok::<_, Failure>(opinions::find(tx, &tenant, id)?)).await?;
    Ok(found.ok_or(Refusal::NotFound)?.application_id)
}

/// Raises an opinion that did not come in time, once: it stands in the case's record and is shown as overdue. One that came,
/// was taken back or lost its point is left alone.
pub async fn raise_overdue(core: &Arc<Core>, tenant: TenantCode, id: OpinionId) -> Result<JobEnd, Failure> {
    let body = tenant.clone();
    let found = core.db.read(move |tx| Ok::<_, Failure>(opinions::find(tx, &body, id)?)).await?;
    let Some(case) = found.map(|row| row.application_id) else { return Ok(JobEnd::Done) };
    let raise = move |tx: &mut Tx<'_>| {
        let (Some(row), Some(mut case)) =
            (opinions::find(tx, &tenant, id)?, applications::find(tx, &tenant, case)?)
        else {
            return Ok::<_, Failure>(JobEnd::Done);
        };
        let is_live = row.opinion_state()? == OpinionState::Open && matters(case.case_state()?.name());
        if !is_live || row.overdue_at.is_some() {
            return Ok(JobEnd::Done);
        }
        let now = tx.now();
        if jst_day(now) <= row.due_on.0 {
            return Ok(JobEnd::Again(day_after(row.due_on.0, now)));
        }
        let row = OpinionRow { overdue_at: Some(Micros(now)), ..row };
        opinions::update(tx, &row)?;
        let facts =
            json!({ "opinion": id, "department": row.department, "due_on": row.due_on.0.to_string() });
        let actor = system_actor("opinions");
        events::append(
            tx,
            &mut case,
            NewEvent { kind: "opinion_overdue", actor, facts, sealed_detail: None },
        )?;
        applications::update(tx, &mut case)?;
        Ok(JobEnd::Done)
    };
    core.db.write(Root::Application(case), raise).await
}
