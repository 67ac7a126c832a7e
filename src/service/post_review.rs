//! The look afterwards at what was done in an absent officer's place (後閲, R-115): owed until done, done once, undoing nothing.

use jiff::civil::Date;
use serde_json::json;

use super::approval::{self, ApprovalRefusal};
use super::decision::procedure_title;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::intake::refuse_faults;
use super::queue::staff;
use super::{Ctx, Effect, Failure, Refusal, cases, officer, review};
use crate::domain::approval::{ActedFor, Desk, OwedPlace, Verdict};
use crate::domain::calendar::jst_day;
use crate::domain::id::{ActingDecisionId, TenantCode};
use crate::domain::policy::{Action, OfficerAuthority, Post, Role};
use crate::domain::procedure::Bilingual;
use crate::store::acting_decisions::{self, ActingDecisionRow, OwedDesk, PostReviewRow};
use crate::store::sql::Micros;
use crate::store::{Reads, Root, StoreError, Tx, applications, officers};

/// Acts on a page.
const PAGE: usize = 50;

/// What somebody says who looks afterwards.
#[derive(Clone, Debug)]
pub struct NewPostReview {
    /// Agreed or objected.
    pub verdict: Verdict,
    /// Why; an objection needs it.
    pub comment: Option<String>,
}

/// An act that somebody has yet to look at, with its case.
#[derive(Clone, Debug)]
pub struct OwedReview {
    /// The act.
    pub act: ActingDecisionRow,
    /// 受付番号.
    pub number: Option<String>,
    /// Slug of the procedure.
    pub procedure: String,
    /// Name of the procedure.
    pub title: Bilingual,
}

/// A look that was taken.
#[derive(Clone, Debug)]
pub struct DoneReview {
    /// What was looked at.
    pub act: ActingDecisionRow,
    /// The look.
    pub review: PostReviewRow,
    /// What was said.
    pub comment: Option<String>,
}

/// A page of acts with where the next one begins.
pub type OwedPage = (Vec<OwedReview>, Option<OwedPlace>);

/// What the caller owes a look at, over all bodies served today, oldest first.
pub async fn owed_by_me(ctx: Ctx, after: Option<OwedPlace>) -> Result<OwedPage, Failure> {
    let account = ctx.account()?;
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        let today = jst_day(tx.now());
        let mut bodies = officers::posts_of_account(tx, account, today)?;
        bodies.dedup_by(|one, other| one.0 == other.0);
        let mut acts = Vec::new();
        for (tenant, _) in bodies {
            let Some(me) = officer::authority(tx, &tenant, account, today)? else { continue };
            let desks = desks_of(&ctx, &tenant, &me, today);
            let found = acting_decisions::open_for(tx, &tenant, me.officer, &desks, after, limit())?;
            acts.extend(found.into_iter().map(|act| (me.clone(), act)));
        }
        acts.sort_by_key(|(_, act)| act.place());
        let more = acts.len() > PAGE;
        acts.truncate(PAGE);
        let next = acts.last().filter(|_| more).map(|(_, act)| act.place());
        let mut owed = Vec::new();
        for (me, act) in acts {
            if owes(tx, &ctx, &me, &act)?.is_some() {
                owed.push(with_case(tx, &ctx, act)?);
            }
        }
        Ok((owed, next))
    })
    .await
}

/// What at the desks of a department nobody has looked at yet, oldest first, for its staff.
pub async fn owed_in_department(
    ctx: Ctx,
    tenant: TenantCode,
    department: String,
    after: Option<OwedPlace>,
) -> Result<OwedPage, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        staff(tx, &ctx, &tenant, &department, Action::ReadQueue)?;
        let names = ctx.catalogue.names_of_work(&tenant, &department, jst_day(tx.now()));
        let mut acts = acting_decisions::open_in_department(tx, &tenant, &names, after, limit())?;
        let more = acts.len() > PAGE;
        acts.truncate(PAGE);
        let next = acts.last().filter(|_| more).map(ActingDecisionRow::place);
        let owed = acts.into_iter().map(|act| with_case(tx, &ctx, act)).collect::<Result<_, _>>()?;
        Ok((owed, next))
    })
    .await
}

/// One more than a page, to see whether there is another.
fn limit() -> i64 {
    i64::try_from(PAGE).unwrap_or(i64::MAX).saturating_add(1)
}

/// Looks at an act afterwards. An objection stays on the record and undoes nothing; what follows from it is another act.
pub async fn carry_out(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ActingDecisionId,
    new: NewPostReview,
) -> Result<Effect<DoneReview>, Failure> {
    let (db, tenant) = (ctx.core.db.clone(), request.tenant.clone());
    // An act never moves to another case, so what was read before the write still holds in it.
    let found = db.read(move |tx| acting_decisions::find(tx, &tenant, id).map_err(Failure::from)).await?;
    let (act, _) = found.ok_or(Refusal::NotFound)?;
    db.write(Root::Application(act.application_id), move |tx| {
        let look = |tx: &mut Tx<'_>, now| {
            let value = look(tx, &ctx, &act, &new, now)?;
            Ok(Made { value, resource_id: id.to_string() })
        };
        once(tx, &request, "post_review", look, |tx, _| {
            let case = cases::approach(tx, &ctx, &request.tenant, act.application_id)?;
            let decision = case.may(Action::ReadCase, &in_charge(tx, &ctx, &act));
            let case = case.enter(&ctx, decision)?;
            let (act, done) = acting_decisions::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
            let review = done.ok_or(Refusal::NotFound)?;
            Ok(DoneReview { act, comment: approval::review_comment(&case, &review)?, review })
        })
    })
    .await
}

fn look(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    act: &ActingDecisionRow,
    new: &NewPostReview,
    now: jiff::Timestamp,
) -> Result<DoneReview, Failure> {
    let case = cases::approach(tx, ctx, &act.tenant_id, act.application_id)?;
    let decision = case.may(Action::Approve, &in_charge(tx, ctx, act));
    let mut case = case.enter(ctx, decision)?;
    let me = review::officer(&case)?.clone();
    let title = owes(tx, ctx, &me, act)?.ok_or(Refusal::Forbidden)?;
    let (_, done) = acting_decisions::find(tx, &act.tenant_id, act.id)?.ok_or(Refusal::NotFound)?;
    if done.is_some() {
        return Err(ApprovalRefusal::AlreadyReviewed.into());
    }
    let comment = new.comment.as_deref().map(str::trim).filter(|text| !text.is_empty());
    refuse_faults(new.verdict.comment_faults(comment))?;
    let place = acting_decisions::comment_place(act.id);
    let sealed = comment.map(|text| case.key.seal(&place, text.as_bytes(), ctx.core.ids.as_ref()));
    let review = PostReviewRow {
        tenant_id: act.tenant_id.clone(),
        acting_decision_id: act.id,
        application_id: act.application_id,
        reviewer_id: me.officer,
        reviewer_title: title,
        verdict: new.verdict.as_str().to_owned(),
        sealed_comment: sealed.clone(),
        reviewed_at: Micros(now),
    };
    acting_decisions::insert_review(tx, &review)?;
    let facts = json!({ "act": act.id, "proposal": act.proposal_id, "step": act.step_no,
        "verdict": review.verdict, "title": review.reviewer_title });
    case.record(tx, "post_reviewed", facts, sealed)?;
    case.save(tx)?;
    Ok(DoneReview { act: act.clone(), review, comment: comment.map(str::to_owned) })
}

/// The department that does today the work of the one whose desk it was; the act itself keeps its name.
fn in_charge(tx: &mut impl Reads, ctx: &Ctx, act: &ActingDecisionRow) -> String {
    ctx.catalogue.in_charge(&act.tenant_id, &act.department, jst_day(tx.now()))
}

/// The desks of an officer today, each under all names that its department and those before it had.
fn desks_of(ctx: &Ctx, tenant: &TenantCode, me: &OfficerAuthority, today: Date) -> Vec<OwedDesk> {
    let desk = |post: &Post| OwedDesk {
        departments: ctx.catalogue.names_of_work(tenant, &post.department, today),
        role: post.role,
    };
    me.posts.iter().map(desk).collect()
}

/// The title under which an officer owes a look at an act today, if so.
fn owes(
    tx: &mut impl Reads,
    ctx: &Ctx,
    me: &OfficerAuthority,
    act: &ActingDecisionRow,
) -> Result<Option<String>, Failure> {
    let broken = || StoreError::Inconsistent(format!("acting_decisions.role of {}", act.id));
    let role = Role::parse(&act.role).ok_or_else(broken)?;
    let acted = ActedFor {
        desk: Desk { role, department: in_charge(tx, ctx, act) },
        officer: act.officer_id,
        absent: act.absent_id,
        drafter: act.drafter_id,
    };
    let absent = officers::posts_in_force(tx, &act.tenant_id, act.absent_id, jst_day(tx.now()))?;
    Ok(acted.owed_under(me, &absent).map(|post| post.title.clone()))
}

fn with_case(tx: &mut impl Reads, ctx: &Ctx, act: ActingDecisionRow) -> Result<OwedReview, Failure> {
    let case = applications::find(tx, &act.tenant_id, act.application_id)?.ok_or(Refusal::NotFound)?;
    let title = procedure_title(ctx, &act.tenant_id, &case.procedure, case.procedure_version);
    Ok(OwedReview { act, number: case.number, procedure: case.procedure, title })
}
