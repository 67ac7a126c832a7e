//! Approval (決裁): a proposal goes its route; the last seal does what was proposed, in the same transaction.
//!
//! The one who drafted never seals; the text that is sealed is byte for byte the text that was proposed
//! and nothing is granted while the fee is neither paid nor entrusted. What is proposed may be a decision,
//! its correction, an order about a permit, a waiver or a write-off ([`Subject`]): the machinery is the same, only what the last seal does differs ([`conclude`]).

mod acting;
mod bulk;
mod conclude;
mod draft;
mod history;
mod issue;
mod later;
mod readiness;
mod refusal;
mod revise;
mod route;
mod stand_in;

use jiff::civil::Date;

use super::cases::{self, OpenCase};
use super::opinion::{self, Opinion};
use super::{Ctx, Failure, Refusal, access, post_review};
use crate::domain::approval::{DecisionKind, ProposalBody, Rejection, Subject};
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, OfficerId, TenantCode};
use crate::domain::policy::{Action, Actor, Decision};
use crate::domain::procedure::Bilingual;
use crate::store::applications::ApplicationRow;
use crate::store::proposals::{self, ProposalRow, Routed, StepRow};
use crate::store::{Reads, Tx};

pub use acting::{Act, Seat, act};
pub use bulk::{MOST_PROPOSALS, SealWanted, seal_all};
pub use draft::{Draft, propose, put_on_route};
pub(super) use history::review_comment;
pub use history::{GivenInstruction, History, HistoryAct};
pub use issue::Issue;
pub use later::{NewCorrection, propose_correction, propose_order};
pub use refusal::ApprovalRefusal;
pub use revise::TextChange;
pub(super) use route::{deciding_desks, move_to_successors};
pub use stand_in::covered_by;

/// The job that makes and sends the notice of a decision; its subject is the application's id.
pub const NOTIFY_DECISION: &str = "notify_decision";

/// A proposal with its case, in clear.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The case as it is now.
    pub case: ApplicationRow,
    /// The proposal with its steps.
    pub routed: Routed,
    /// The text.
    pub body: ProposalBody,
    /// What was said with a return or a disagreement, step by step.
    pub comments: Vec<Option<String>>,
    /// What other offices were asked about the case, and what they answered.
    pub opinions: Vec<Opinion>,
    /// The offices whose answer has not come, whether they were asked before the draft or after it.
    pub awaited: Vec<Bilingual>,
    /// Everything that was done about the subject, also what no longer counts.
    pub history: History,
    /// What the last seal would issue today, while it is on its route.
    pub issue: Option<Issue>,
    /// The day on which it stands so.
    pub today: Date,
}

/// The text of a proposal, opened; it must be the one that was proposed.
pub fn open_body(case: &OpenCase, row: &ProposalRow) -> Result<ProposalBody, Failure> {
    let broken = || Failure::Internal(format!("the text of proposal {} is not what was proposed", row.id));
    if crate::seal::sha256_hex(&row.sealed_body) != row.body_sha256 {
        return Err(broken());
    }
    let subject = Subject::parse(&row.subject).ok_or_else(broken)?;
    let text = case.key.open(&proposals::body_place(row.id), &row.sealed_body)?;
    let body = ProposalBody::read(subject, &text).map_err(|_| broken())?;
    if body.decision().map(DecisionKind::row_word) != row.decision.as_deref() {
        return Err(broken());
    }
    Ok(body)
}

fn refuse(case: &OpenCase, rejection: Rejection) -> Refusal {
    match rejection {
        Rejection::NotInApproval(_) => Refusal::WrongState { state: case.state.name() },
        Rejection::OwnProposal => Refusal::OwnProposal,
        Rejection::AlreadySealed { .. } => Refusal::AlreadySealed,
        Rejection::NotYourStep { .. } | Rejection::NotTheDrafter => Refusal::Forbidden,
        Rejection::NotInstructed(weight) => Refusal::Approval(ApprovalRefusal::NotInstructed { weight }),
        Rejection::NotConsulted { .. } => Refusal::Approval(ApprovalRefusal::NotConsulted),
        Rejection::NotHeavier(weight) => Refusal::Approval(ApprovalRefusal::NotHeavier { weight }),
        Rejection::NotBefore { step, .. } => {
            let ja = format!("0（起案者）または{step}より前の段を指定してください。");
            let en = format!("Name 0 (the drafter) or a step before {step}.");
            Refusal::Invalid(vec![Fault::new("/to_step", "not_before", ja, en)])
        }
    }
}

/// A case with its last proposal about a subject, as one officer came to it.
struct Entered {
    case: OpenCase,
    routed: Option<Routed>,
    /// The absent officer in whose place the caller acts.
    cover: Option<stand_in::Cover>,
}

/// Opens the case with its last proposal about the seat's subject. Besides the case's department, those that sit on the route
/// are let in, and whoever covers for one of them today.
fn open_routed(
    tx: &mut impl Reads,
    ctx: &Ctx,
    (tenant, id): (&TenantCode, ApplicationId),
    seat: Seat,
    action: Action,
) -> Result<Entered, Failure> {
    let case = cases::approach(tx, ctx, tenant, id)?;
    let routed = match case.row.proposal_id {
        Some(proposal) if seat.subject == Subject::Decision => proposals::find(tx, tenant, proposal)?,
        _ => proposals::latest_of_case(tx, tenant, id, seat.subject)?,
    };
    let cover = match (&case.actor, seat.acting_for) {
        (Actor::Officer(me), Some(absent)) => {
            stand_in::find(tx, tenant, (me, absent), routed.as_ref(), jst_day(tx.now()))?
        }
        _ => None,
    };
    let posts = cover.as_ref().map_or(&[][..], |cover| cover.stand_in.posts.as_slice());
    let steps = routed.iter().flat_map(|routed| &routed.steps);
    let route = steps.map(|step| case.may_with(posts, action, &step.department));
    let own = case.may_with(posts, action, &case.row.department);
    let decision = route.fold(own, |own, seat| match (own, seat) {
        (_, Decision::Allow) => Decision::Allow,
        (Decision::Hide, seat) => seat,
        (own, _) => own,
    });
    let decision = match (&case.actor, &routed) {
        // Who owes a look afterwards reads what was acted on, wherever the officer sits today.
        (Actor::Officer(me), Some(routed)) if decision == Decision::Hide && action == Action::ReadCase => {
            let owed = post_review::owed_on(tx, ctx, me, routed.row.id)?;
            owed.map_or(decision, |desk| case.may_with(std::slice::from_ref(&desk), action, &desk.department))
        }
        _ => decision,
    };
    if seat.acting_for.is_some() && cover.is_none() && decision != Decision::Hide {
        return Err(ApprovalRefusal::NotCovering.into());
    }
    let drafter = routed.as_ref().map(|routed| routed.row.drafter_id);
    if decision == Decision::Deny && access::reader(&case.actor).is_some_and(|me| Some(me) == drafter) {
        return Err(Refusal::OwnProposal.into());
    }
    Ok(Entered { case: case.enter(ctx, decision)?, routed, cover })
}

fn present(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    (tenant, id): (&TenantCode, ApplicationId),
    proposal: &str,
) -> Result<Standing, Failure> {
    let proposal = proposal.parse().map_err(|_| Failure::Internal("a proposal's id".to_owned()))?;
    let routed = proposals::find(tx, tenant, proposal)?.ok_or(Refusal::NotFound)?;
    let seat = Seat::own(routed.subject()?);
    let entered = open_routed(tx, ctx, (tenant, id), seat, Action::ReadCase)?;
    standing(tx, ctx, entered.case, routed)
}

fn standing(tx: &mut impl Reads, ctx: &Ctx, case: OpenCase, routed: Routed) -> Result<Standing, Failure> {
    let body = open_body(&case, &routed.row)?;
    let comment = |step: &StepRow| match &step.sealed_comment {
        None => Ok(None),
        Some(sealed) => {
            let text = case.key.open(&proposals::comment_place(step.proposal_id, step.step_no), sealed)?;
            Ok(Some(String::from_utf8_lossy(&text).into_owned()))
        }
    };
    let comments = routed.steps.iter().map(comment).collect::<Result<_, Failure>>()?;
    let (opinions, now) = (opinion::of_case(tx, &case)?, tx.now());
    let awaited = opinion::awaited_names(tx, ctx, &case, jst_day(now))?;
    let history = history::of_subject(tx, &case, routed.subject()?, routed.row.id)?;
    let issue = match routed.row.state.as_str() {
        "in_approval" => Some(issue::of(tx, ctx, &case, (&routed, &body), now)?),
        _ => None,
    };
    let (case, today) = (case.row, jst_day(now));
    Ok(Standing { case, routed, body, comments, opinions, awaited, history, issue, today })
}

/// A proposal on its route with its case, for who composes the papers that it would bring about.
pub(super) struct Proposed {
    /// The case.
    pub case: OpenCase,
    /// Who looks.
    pub reader: OfficerId,
    /// The text.
    pub body: ProposalBody,
    /// What the last seal would issue today.
    pub issue: Issue,
}

/// The proposal about a subject that is on its route, for those who see the proposal.
pub(super) fn proposed(
    tx: &mut impl Reads,
    ctx: &Ctx,
    (tenant, id): (&TenantCode, ApplicationId),
    subject: Subject,
) -> Result<Proposed, Failure> {
    let Entered { case, routed, .. } =
        open_routed(tx, ctx, (tenant, id), Seat::own(subject), Action::ReadCase)?;
    let reader = access::reader(&case.actor).ok_or(Refusal::NotFound)?;
    let routed = routed.filter(|routed| routed.row.state == "in_approval").ok_or(Refusal::NotFound)?;
    let body = open_body(&case, &routed.row)?;
    let now = tx.now();
    let issue = issue::of(tx, ctx, &case, (&routed, &body), now)?;
    Ok(Proposed { case, reader, body, issue })
}

/// The last proposal of a case about a subject, for staff; applicants learn of the decision, not of its drafts.
pub async fn proposal(
    ctx: Ctx,
    tenant: TenantCode,
    id: ApplicationId,
    subject: Subject,
) -> Result<Standing, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let (reader, standing) = ctx
        .core
        .db
        .read(move |tx| {
            let Entered { case, routed, .. } =
                open_routed(tx, &inner, (&body, id), Seat::own(subject), Action::ReadCase)?;
            let reader = access::reader(&case.actor).ok_or(Refusal::NotFound)?;
            Ok::<_, Failure>((reader, standing(tx, &inner, case, routed.ok_or(Refusal::NotFound)?)?))
        })
        .await?;
    access::record(&ctx, &tenant, reader, "proposal", &[id]).await?;
    Ok(standing)
}
