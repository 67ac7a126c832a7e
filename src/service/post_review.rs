//! The look afterwards at what was done in an absent officer's place (後閲, R-115): owed until done, done once, undoing nothing. Somebody
//! can always do it, whoever moved meanwhile (T-7).

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde_json::json;

use super::approval::{self, ApprovalRefusal};
use super::cases::OpenCase;
use super::decision::procedure_title;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::intake::refuse_faults;
use super::queue::staff;
use super::{Ctx, Effect, Failure, Refusal, cases, officer, review};
use crate::domain::approval::{ActedFor, Desk, DeskToday, OwedPlace, Verdict};
use crate::domain::calendar::jst_day;
use crate::domain::id::{ActingDecisionId, OfficerId, ProposalId, TenantCode};
use crate::domain::organisation::Department;
use crate::domain::policy::{Action, Actor, OfficerAuthority, Post, Role};
use crate::domain::procedure::Bilingual;
use crate::store::acting_decisions::{self, ActingDecisionRow, LowerDesks, OwedAt, OwedDesk, PostReviewRow};
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
        let (mut officers, mut acts) = (Vec::new(), Vec::new());
        for (tenant, _) in bodies {
            let Some(me) = officer::authority(tx, &tenant, account, today)? else { continue };
            let at = OwedAt {
                today,
                desks: desks_of(&ctx, &tenant, &me, today),
                below: desks_below(&ctx, &tenant, &me, today),
            };
            acts.extend(acting_decisions::open_for(tx, &tenant, me.officer, &at, after, limit())?);
            officers.push(me);
        }
        acts.sort_by_key(ActingDecisionRow::place);
        let more = acts.len() > PAGE;
        acts.truncate(PAGE);
        let next = acts.last().filter(|_| more).map(ActingDecisionRow::place);
        let mut owed = Vec::new();
        for me in officers {
            let of_body: Vec<_> = acts.iter().filter(|act| act.tenant_id == me.tenant).cloned().collect();
            let sitting = Sitting::read(tx, &ctx, &me.tenant, &of_body)?;
            let mut mine = Vec::with_capacity(of_body.len());
            for act in of_body {
                if sitting.owes(&ctx, &me, &act)?.is_some() {
                    mine.push(act);
                }
            }
            owed.extend(with_cases(tx, &ctx, &me.tenant, mine)?);
        }
        owed.sort_by_key(|owed| owed.act.place());
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
        Ok((with_cases(tx, &ctx, &tenant, acts)?, next))
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
            let Looking { case, .. } = approach(tx, &ctx, &act, Action::ReadCase)?;
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
    let Looking { mut case, title } = approach(tx, ctx, act, Action::Approve)?;
    let me = review::officer(&case)?.clone();
    let title = title.ok_or(Refusal::Forbidden)?;
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

/// A case with an act in it, before somebody who may look at that afterwards.
struct Looking {
    case: OpenCase,
    /// The title under which the look is owed, if it is.
    title: Option<String>,
}

/// Opens the case of an act. For this whoever owes the look sits at the desk of the act, whatever the present desk is.
fn approach(
    tx: &mut impl Reads,
    ctx: &Ctx,
    act: &ActingDecisionRow,
    action: Action,
) -> Result<Looking, Failure> {
    let case = cases::approach(tx, ctx, &act.tenant_id, act.application_id)?;
    let owed = match &case.actor {
        Actor::Officer(me) => {
            Sitting::read(tx, ctx, &act.tenant_id, std::slice::from_ref(act))?.owes(ctx, me, act)?
        }
        Actor::Person(_) | Actor::Anonymous => None,
    };
    let department = in_charge(ctx, act, jst_day(tx.now()));
    let decision = case.may_with(owed.as_slice(), action, &department);
    let title = owed.map(|desk| desk.title);
    Ok(Looking { case: case.enter(ctx, decision)?, title })
}

/// The desk at which somebody owes a look at an act on this proposal, if so: who owes it reads what was acted on, wherever the
/// present desk is.
pub(super) fn owed_on(
    tx: &mut impl Reads,
    ctx: &Ctx,
    me: &OfficerAuthority,
    proposal: ProposalId,
) -> Result<Option<Post>, Failure> {
    let acts = acting_decisions::of_proposals(tx, &me.tenant, &[proposal])?.into_iter();
    let acts: Vec<_> = acts.filter(|(_, done)| done.is_none()).map(|(act, _)| act).collect();
    let sitting = Sitting::read(tx, ctx, &me.tenant, &acts)?;
    for act in &acts {
        if let Some(desk) = sitting.owes(ctx, me, act)? {
            return Ok(Some(desk));
        }
    }
    Ok(None)
}

/// The department that does today the work of the one whose desk it was; the act itself keeps its name.
fn in_charge(ctx: &Ctx, act: &ActingDecisionRow, today: Date) -> String {
    ctx.catalogue.in_charge(&act.tenant_id, &act.department, today)
}

/// The desks of an officer today, each under all names that its department and those before it had.
fn desks_of(ctx: &Ctx, tenant: &TenantCode, me: &OfficerAuthority, today: Date) -> Vec<OwedDesk> {
    let desk = |post: &Post| OwedDesk {
        departments: ctx.catalogue.names_of_work(tenant, &post.department, today),
        role: post.role,
    };
    me.posts.iter().map(desk).collect()
}

/// The desks below those of an officer today: in the own department, in the departments of the own bureau, or in the whole body.
fn desks_below(ctx: &Ctx, tenant: &TenantCode, me: &OfficerAuthority, today: Date) -> Vec<LowerDesks> {
    let Some(body) = ctx.catalogue.tenant(tenant).map(|body| &body.definition) else { return Vec::new() };
    let below = |post: &Post| {
        let rank = post.role.rank().filter(|rank| *rank > 0)?;
        let (own, whole) = (post.department.as_str(), post.department == tenant.as_str());
        let of_bureau = |one: &&Department| whole || one.bureau.as_deref() == Some(own);
        let departments = body.departments.iter().filter(|one| one.exists_on(today)).filter(of_bureau);
        let bureaus = body.bureaus.iter().filter(|_| whole).map(|bureau| bureau.code.as_str());
        let under: BTreeSet<&str> =
            departments.map(|one| one.code.as_str()).chain(bureaus).chain([own]).collect();
        let names = |code: &&str| ctx.catalogue.names_of_work(tenant, code, today);
        let lower = |role: &Role| role.rank().is_some_and(|other| other < rank);
        Some(LowerDesks {
            departments: under.iter().flat_map(names).collect(),
            roles: Role::ALL.into_iter().filter(lower).collect(),
        })
    };
    me.posts.iter().filter_map(below).collect()
}

/// Who sits where today, as far as it matters who owes looks at some acts of a body; read in two statements however many they are.
struct Sitting {
    today: Date,
    /// Posts of the absent officers, and those of the departments of the desks.
    posts: Vec<(OfficerId, Post)>,
}

impl Sitting {
    fn read(
        tx: &mut impl Reads,
        ctx: &Ctx,
        tenant: &TenantCode,
        acts: &[ActingDecisionRow],
    ) -> Result<Self, StoreError> {
        let today = jst_day(tx.now());
        let absent: BTreeSet<OfficerId> = acts.iter().map(|act| act.absent_id).collect();
        let departments: BTreeSet<String> = acts.iter().map(|act| in_charge(ctx, act, today)).collect();
        let (absent, departments): (Vec<_>, Vec<_>) =
            (absent.into_iter().collect(), departments.into_iter().collect());
        let mut posts = officers::posts_of_each(tx, tenant, &absent, today)?;
        posts.extend(officers::posts_in_each(tx, tenant, &departments, today)?);
        Ok(Self { today, posts })
    }

    /// The desk of an act, under the title by which an officer owes a look at it today, if so.
    fn owes(
        &self,
        ctx: &Ctx,
        me: &OfficerAuthority,
        act: &ActingDecisionRow,
    ) -> Result<Option<Post>, Failure> {
        let broken = || StoreError::Inconsistent(format!("acting_decisions.role of {}", act.id));
        let role = Role::parse(&act.role).ok_or_else(broken)?;
        let department = in_charge(ctx, act, self.today);
        let bureau = ctx.catalogue.department(&act.tenant_id, &department, self.today);
        let bureau = bureau.and_then(|found| found.bureau.clone());
        let line: Vec<String> = [Some(department.clone()), bureau, Some(act.tenant_id.to_string())]
            .into_iter()
            .flatten()
            .collect();
        let of_absent = self.posts.iter().filter(|(officer, _)| *officer == act.absent_id);
        let absent_posts: Vec<Post> = of_absent.map(|(_, post)| post.clone()).collect();
        let desk = Desk { role, department };
        let at_desk = |post: &Post| post.role == desk.role && post.department == desk.department;
        let sits = self.posts.iter().filter(|(_, post)| at_desk(post));
        let holders: Vec<OfficerId> = sits.map(|(officer, _)| *officer).collect();
        let acted =
            ActedFor { desk, officer: act.officer_id, absent: act.absent_id, drafter: act.drafter_id };
        let today = DeskToday { absent_posts: &absent_posts, holders: &holders, line: &line };
        let title = acted.owed_under(me, &today).map(|post| post.title.clone());
        Ok(title.map(|title| Post { department: acted.desk.department.clone(), role, title }))
    }
}

/// The acts of a body with their cases, read in one statement.
fn with_cases(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    acts: Vec<ActingDecisionRow>,
) -> Result<Vec<OwedReview>, Failure> {
    let ids: Vec<_> = acts.iter().map(|act| act.application_id).collect();
    let cases = applications::find_each(tx, tenant, &ids)?;
    let with_case = |act: ActingDecisionRow| -> Result<OwedReview, Failure> {
        let case = cases.get(&act.application_id).ok_or(Refusal::NotFound)?;
        let title = procedure_title(ctx, tenant, &case.procedure, case.procedure_version);
        Ok(OwedReview { act, number: case.number.clone(), procedure: case.procedure.clone(), title })
    };
    acts.into_iter().map(with_case).collect()
}
