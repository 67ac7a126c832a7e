//! What officers do with a proposal on its route: seal, disagree, send back, escalate, recall.

use jiff::Timestamp;
use serde_json::json;

use super::route::{body_of, follow_reorganisations, has_desk, ladder, no_route, put_in_charge, schedule};
use super::stand_in::Cover;
use super::{
    ApprovalRefusal, Entered, Standing, TextChange, conclude, issue, open_body, open_routed, present, refuse,
    standing,
};
use crate::domain::application::Command;
use crate::domain::approval::{Capacity, Progress, Proposal, RouteStep, Subject, Weight};
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{ActingDecisionId, ActingInstructionId, ApplicationId, OfficerId, TenantCode};
use crate::domain::policy::{Action, OfficerAuthority, Post};
use crate::domain::procedure::ProcedureKind;
use crate::service::cases::OpenCase;
use crate::service::idempotency::{IdempotencyRequest, Made, once};
use crate::service::intake::{pinned, refuse_faults};
use crate::service::{Ctx, Effect, Failure, Refusal, review};
use crate::store::acting_decisions::{self, InstructionRow};
use crate::store::approval_acts::{self, ActRow};
use crate::store::proposals::{self, Routed};
use crate::store::sql::Micros;
use crate::store::{Root, Tx};

/// The most characters of a comment.
const LONGEST_COMMENT: usize = 2_000;

/// Which proposal of a case is meant, and in whose place one acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// What the proposal is about.
    pub subject: Subject,
    /// The absent officer in whose place one acts (代決); none for one's own post.
    pub acting_for: Option<OfficerId>,
}

impl Seat {
    /// One's own seat at the route of a decision.
    pub const DECISION: Self = Self { subject: Subject::Decision, acting_for: None };

    /// One's own seat at the route of a subject.
    pub fn own(subject: Subject) -> Self {
        Self { subject, acting_for: None }
    }
}

/// What an officer does with a proposal on its route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Seal the current step (決裁), pass it on (回議), or agree (合議); the caller looked at this version of the case.
    Approve {
        /// Version of the case.
        version: i64,
        /// The hash of what the caller saw that would be issued, where the caller names it.
        content_sha256: Option<String>,
    },
    /// Disagree as a consulted section (合議不同意, R-116).
    Dissent {
        /// Why.
        comment: String,
        /// Version of the case.
        version: i64,
    },
    /// Send back (差戻し): 0 is the drafter.
    Return {
        /// The step it goes to.
        to_step: usize,
        /// Why.
        comment: String,
        /// Version of the case, where the caller named one.
        version: Option<i64>,
    },
    /// Say that the matter weighs more.
    Escalate {
        /// How much.
        weight: Weight,
        /// Version of the case, where the caller named one.
        version: Option<i64>,
    },
    /// Say beforehand what is to be done in the own place (あらかじめの指示, R-115).
    Instruct {
        /// What is to be done.
        text: String,
        /// Version of the case: it is said about the text that was read.
        version: i64,
    },
    /// Put another text in the place of the present one, by the drafter (変更起案, R-117).
    Revise {
        /// What is to be said in another way.
        change: TextChange,
        /// Version of the case.
        version: i64,
    },
    /// Take back, by the drafter (引戻し).
    Recall {
        /// Version of the case, where the caller named one.
        version: Option<i64>,
    },
}

impl Act {
    fn version(&self) -> Option<i64> {
        match self {
            Self::Approve { version, .. }
            | Self::Dissent { version, .. }
            | Self::Instruct { version, .. }
            | Self::Revise { version, .. } => Some(*version),
            Self::Return { version, .. } | Self::Escalate { version, .. } | Self::Recall { version } => {
                *version
            }
        }
    }

    /// What the policy is asked: the drafter has a hand in some.
    fn action(&self) -> Action {
        match self {
            Self::Approve { .. } | Self::Dissent { .. } | Self::Return { .. } | Self::Instruct { .. } => {
                Action::Approve
            }
            Self::Escalate { .. } | Self::Revise { .. } | Self::Recall { .. } => Action::Propose,
        }
    }

    /// Whether it may be the last one, and do what was proposed.
    fn may_conclude(&self) -> bool {
        match self {
            Self::Approve { .. } | Self::Dissent { .. } => true,
            Self::Return { .. }
            | Self::Escalate { .. }
            | Self::Recall { .. }
            | Self::Instruct { .. }
            | Self::Revise { .. } => false,
        }
    }

    fn comment_faults(&self) -> Vec<Fault> {
        let (pointer, comment) = match self {
            Self::Return { comment, .. } | Self::Dissent { comment, .. } => ("/comment", comment),
            Self::Instruct { text, .. } => ("/instruction", text),
            Self::Approve { .. } | Self::Escalate { .. } | Self::Recall { .. } | Self::Revise { .. } => {
                return Vec::new();
            }
        };
        let length = comment.trim().chars().count();
        if (1..=LONGEST_COMMENT).contains(&length) {
            return Vec::new();
        }
        let ja = format!("1～{LONGEST_COMMENT}文字で入力してください。");
        let en = format!("Use 1 to {LONGEST_COMMENT} characters.");
        vec![Fault::new(pointer, "length", ja, en)]
    }
}

/// Carries out an act on the proposal that is on its route.
pub async fn act(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    seat: Seat,
    act: Act,
) -> Result<Effect<Standing>, Failure> {
    refuse_faults(act.comment_faults())?;
    let db = ctx.core.db.clone();
    let (root, tenant) = (Root::Application(id), request.tenant.clone());
    let carry_out = move |tx: &mut Tx<'_>, act: &Act| {
        let carry = |tx: &mut Tx<'_>, now| {
            let desk = Desk::open(tx, &ctx, (&request.tenant, id), seat, act, now)?;
            let value = desk.carry_out(tx, act)?;
            Ok(Made { resource_id: value.routed.row.id.to_string(), value })
        };
        once(tx, &request, "proposal", carry, |tx, made| present(tx, &ctx, (&request.tenant, id), made))
    };
    let shared = (carry_out.clone(), act.clone());
    let done = db
        .write(root, move |tx| {
            let (carry_out, act) = &shared;
            // A last seal draws a document number: who holds that counter shares its transaction with nobody.
            if act.may_conclude() && proposals::steps_to_go(tx, &tenant, id, seat.subject)? <= 1 {
                return Ok::<_, Failure>(None);
            }
            carry_out(tx, act).map(Some)
        })
        .await?;
    match done {
        Some(effect) => Ok(effect),
        None => db.write_alone(vec![root], move |tx| carry_out(tx, &act)).await,
    }
}

/// The hashes of what is sealed, once it is looked at.
struct Seen {
    content_sha256: String,
    matter_sha256: String,
}

/// A case with its proposal before the officer who acts on it.
pub(super) struct Desk<'a> {
    pub(super) ctx: &'a Ctx,
    pub(super) case: OpenCase,
    pub(super) routed: Routed,
    pub(super) me: OfficerAuthority,
    cover: Option<Cover>,
    seen: Option<Seen>,
    pub(super) now: Timestamp,
}

impl<'a> Desk<'a> {
    /// Opens the case with the proposal on its route, for who may act on it.
    pub(super) fn open(
        tx: &mut Tx<'_>,
        ctx: &'a Ctx,
        place: (&TenantCode, ApplicationId),
        seat: Seat,
        act: &Act,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let Entered { case, routed, cover } = open_routed(tx, ctx, place, seat, act.action())?;
        if let Some(version) = act.version() {
            case.expect_version(version)?;
        }
        if seat.subject == Subject::Decision && case.kind == ProcedureKind::Notification {
            return Err(Refusal::NotForNotifications.into());
        }
        let wrong_state = Refusal::WrongState { state: case.state.name() };
        let live = routed.filter(|routed| routed.row.state == "in_approval");
        let routed = live.ok_or_else(|| wrong_state.clone())?;
        if !open_body(&case, &routed.row)?.fits(case.kind, case.state.name()) {
            return Err(wrong_state.into());
        }
        let me = review::officer(&case)?.clone();
        Ok(Self { ctx, case, routed, me, cover, seen: None, now })
    }

    fn capacity(&self) -> Capacity<'_> {
        self.cover.as_ref().map_or(Capacity::Own, |cover| Capacity::Acting(&cover.stand_in))
    }

    pub(super) fn carry_out(self, tx: &mut Tx<'_>, act: &Act) -> Result<Standing, Failure> {
        match act {
            Act::Approve { content_sha256, .. } => self.seal(tx, None, content_sha256.as_deref()),
            Act::Dissent { comment, .. } => self.seal(tx, Some(comment), None),
            Act::Revise { change, .. } => self.revise(tx, change),
            Act::Return { to_step, comment, .. } => self.send_back(tx, *to_step, comment),
            Act::Escalate { weight, .. } => self.escalate(tx, *weight),
            Act::Instruct { text, .. } => self.instruct(tx, text),
            Act::Recall { .. } => self.recall(tx),
        }
    }

    /// Every desk up to the deciding authority that the route does not have, as data has it today.
    fn upward(&self) -> Result<Vec<RouteStep>, Failure> {
        let (procedure, today) = (pinned(self.ctx, &self.case.row)?, jst_day(self.now));
        let subject = self.routed.subject()?;
        let ladder = ladder(self.ctx, &self.case, &procedure, subject, today)?;
        let mut steps = put_in_charge(self.ctx, &self.case, ladder.upward().map_err(no_route)?, today)?;
        let body = &body_of(self.ctx, &self.case)?.definition;
        steps.retain(|step| !has_desk(&self.routed, &step.desk, body, today));
        Ok(steps)
    }

    /// Takes the new standing over into the rows, at the desks of today and with the deadlines that begin now.
    pub(super) fn take_over(&mut self, proposal: &Proposal) -> Result<(), Failure> {
        self.routed.set(proposal, Micros(self.now));
        let body = body_of(self.ctx, &self.case)?;
        follow_reorganisations(&mut self.routed, &body.definition, self.now)?;
        schedule(&mut self.routed, &body.calendar, self.now);
        Ok(())
    }

    /// Agrees, or disagrees with a comment.
    fn seal(
        mut self,
        tx: &mut Tx<'_>,
        dissent: Option<&str>,
        seen: Option<&str>,
    ) -> Result<Standing, Failure> {
        let before = self.routed.proposal()?;
        let step = before.step_of(&self.me, self.capacity()).map_err(|no| refuse(&self.case, no))?;
        let acted = match dissent {
            None => before.approve(&self.me, self.capacity()),
            Some(_) => before.dissent(&self.me, self.capacity(), &self.upward()?),
        };
        let (proposal, progress) = acted.map_err(|no| refuse(&self.case, no))?;
        let body = open_body(&self.case, &self.routed.row)?;
        let issue = issue::of(tx, self.ctx, &self.case, (&self.routed, &body), self.now)?;
        if seen.is_some_and(|seen| seen != issue.content_sha256) {
            return Err(ApprovalRefusal::ContentChanged.into());
        }
        let matter = issue.matter_sha256(tx, self.ctx, &self.case, &self.routed.row.body_sha256)?;
        issue::refuse_other_matter(tx, &self.routed, &matter)?;
        self.seen = Some(Seen { content_sha256: issue.content_sha256, matter_sha256: matter });
        self.take_over(&proposal)?;
        let conclusion = match progress {
            Progress::SameStage | Progress::NextDesk => None,
            Progress::Final => Some(conclude::judge(tx, self.ctx, &mut self.case, &self.routed, self.now)?),
        };

        // From here on everything changes rows; every refusal stands above.
        let sealed = dissent.map(|comment| self.seal_comment(step, comment));
        proposals::update(tx, &mut self.routed)?;
        let kind = if dissent.is_some() { "dissented" } else { "approved" };
        self.note(tx, kind, step, dissent)?;
        let row = self.routed.steps.iter().find(|row| usize::try_from(row.step_no) == Ok(step));
        let facts = json!({
            "proposal": self.routed.row.id,
            "subject": self.routed.row.subject,
            "step": step,
            "title": row.and_then(|row| row.officer_title.clone()),
            "acting_for": row.and_then(|row| row.acting_for),
            "absence": row.and_then(|row| self.cover.as_ref()?.absence(&row.department)),
            "body_sha256": self.routed.row.body_sha256,
            "content_sha256": self.seen.as_ref().map(|seen| &seen.content_sha256),
            "standing_decision": conclusion.as_ref().and(self.routed.row.standing_basis.as_ref()),
        });
        self.case.record(tx, kind, facts, sealed)?;
        if let Some(conclusion) = conclusion {
            conclude::carry_out(tx, self.ctx, &mut self.case, &self.routed, conclusion, self.now)?;
        }
        self.finish(tx)
    }

    fn send_back(mut self, tx: &mut Tx<'_>, to_step: usize, comment: &str) -> Result<Standing, Failure> {
        let before = self.routed.proposal()?;
        let from = before.step_of(&self.me, self.capacity()).map_err(|no| refuse(&self.case, no))?;
        let proposal = before.send_back(&self.me, self.capacity(), to_step);
        let proposal = proposal.map_err(|no| refuse(&self.case, no))?;
        let stage = to_step.checked_sub(1).and_then(|index| self.routed.steps.get(index));
        let void = self.sealed_from(stage.map_or(1, |step| step.stage_no));
        self.take_over(&proposal)?;
        let sealed = self.seal_comment(from, comment);
        if to_step == 0 {
            self.leave_approval()?;
        }
        proposals::update(tx, &mut self.routed)?;
        self.note(tx, "returned", from, Some(comment))?;
        self.void(tx, &void)?;
        let facts = json!({ "proposal": self.routed.row.id, "subject": self.routed.row.subject, "step": from,
            "to_step": to_step, "void": void, "acting_for": self.cover.as_ref().map(|it| it.stand_in.absent) });
        self.case.record(tx, "returned", facts, Some(sealed))?;
        self.finish(tx)
    }

    fn escalate(mut self, tx: &mut Tx<'_>, weight: Weight) -> Result<Standing, Failure> {
        let before = self.routed.proposal()?;
        let step = before.current().unwrap_or(0);
        let proposal = before.escalate(&self.me, weight, &self.upward()?);
        self.take_over(&proposal.map_err(|no| refuse(&self.case, no))?)?;
        proposals::update(tx, &mut self.routed)?;
        self.note(tx, "escalated", step, None)?;
        let facts = json!({ "proposal": self.routed.row.id, "subject": self.routed.row.subject, "step": step,
            "weight": weight.as_str(), "steps": self.routed.steps.len() });
        self.case.record(tx, "escalated", facts, None)?;
        self.finish(tx)
    }

    fn instruct(mut self, tx: &mut Tx<'_>, text: &str) -> Result<Standing, Failure> {
        let proposal = self.routed.proposal()?;
        let step = proposal.step_to_instruct(&self.me).map_err(|no| refuse(&self.case, no))?;
        let desk = proposal.steps.get(step - 1).map(|step| &step.planned.desk);
        let title = desk.and_then(|desk| desk.post_of(&self.me)).map(|post| post.title.clone());
        let id = ActingInstructionId(tx.new_id());
        let place = acting_decisions::instruction_place(id);
        let row = InstructionRow {
            tenant_id: self.case.row.tenant_id.clone(),
            id,
            application_id: self.case.row.id,
            proposal_id: self.routed.row.id,
            step_no: i64::try_from(step).unwrap_or(0),
            officer_id: self.me.officer,
            officer_title: title.unwrap_or_default(),
            body_sha256: self.routed.row.body_sha256.clone(),
            sealed_text: self.case.key.seal(&place, text.trim().as_bytes(), self.ctx.core.ids.as_ref()),
            given_at: Micros(self.now),
        };
        acting_decisions::insert_instruction(tx, &row)?;
        let facts = json!({ "proposal": row.proposal_id, "subject": self.routed.row.subject, "step": step,
            "instruction": id, "body_sha256": row.body_sha256 });
        self.case.record(tx, "instructed", facts, None)?;
        self.finish(tx)
    }

    fn recall(mut self, tx: &mut Tx<'_>) -> Result<Standing, Failure> {
        let proposal = self.routed.proposal()?.recall(self.me.officer);
        let proposal = proposal.map_err(|no| refuse(&self.case, no))?;
        let void = self.sealed_from(1);
        self.take_over(&proposal)?;
        self.leave_approval()?;
        proposals::update(tx, &mut self.routed)?;
        self.void(tx, &void)?;
        let facts =
            json!({ "proposal": self.routed.row.id, "subject": self.routed.row.subject, "void": void });
        self.case.record(tx, "recalled", facts, None)?;
        self.finish(tx)
    }

    /// The case goes back to its officer; only a decision had moved it.
    fn leave_approval(&mut self) -> Result<(), Failure> {
        if self.routed.subject()? == Subject::Decision {
            self.case.step(Command::ReturnToReview)?;
        }
        Ok(())
    }

    /// The numbers of the steps that carry a seal in this stage and after it.
    pub(super) fn sealed_from(&self, stage_no: i64) -> Vec<i64> {
        let sealed = |state: &str| matches!(state, "approved" | "dissented");
        let steps = self.routed.steps.iter().filter(|step| step.stage_no >= stage_no && sealed(&step.state));
        steps.map(|step| step.step_no).collect()
    }

    /// Keeps on the record whose seals no longer count.
    pub(super) fn void(&self, tx: &mut Tx<'_>, steps: &[i64]) -> Result<(), Failure> {
        for step_no in steps {
            self.note(tx, "voided", usize::try_from(*step_no).unwrap_or(0), None)?;
        }
        Ok(())
    }

    /// Appends an act to the history of the proposal; one in an absent officer's place with what allowed it.
    fn note(
        &self,
        tx: &mut Tx<'_>,
        act: &'static str,
        step: usize,
        comment: Option<&str>,
    ) -> Result<(), Failure> {
        let id = tx.new_id();
        let place = approval_acts::comment_place(id);
        let seal =
            |text: &str| self.case.key.seal(&place, text.trim().as_bytes(), self.ctx.core.ids.as_ref());
        let step_no = i64::try_from(step).unwrap_or(0);
        let row = self.routed.steps.iter().find(|row| row.step_no == step_no);
        let title = row.filter(|row| row.officer_id == Some(self.me.officer));
        let title = title.and_then(|row| row.officer_title.clone());
        // A step that lies on its desk again bears no seal: the title is that at the desk, or else beside it.
        let at_desk = |post: &&Post| {
            row.is_some_and(|row| post.department == row.department && post.role.as_str() == row.role)
        };
        let beside = |post: &&Post| row.is_some_and(|row| post.department == row.department);
        let posts = &self.me.posts;
        let own = posts.iter().find(at_desk).or_else(|| posts.iter().find(beside)).or(posts.first());
        let row = ActRow {
            tenant_id: self.case.row.tenant_id.clone(),
            id: id.to_string(),
            application_id: self.case.row.id,
            proposal_id: self.routed.row.id,
            step_no,
            act: act.to_owned(),
            officer_id: self.me.officer,
            officer_title: title.or_else(|| own.map(|post| post.title.clone())).unwrap_or_default(),
            acting_for: self.cover.as_ref().map(|cover| cover.stand_in.absent),
            body_sha256: self.routed.row.body_sha256.clone(),
            content_sha256: self.seen.as_ref().map(|seen| seen.content_sha256.clone()),
            matter_sha256: self.seen.as_ref().map(|seen| seen.matter_sha256.clone()),
            // The event of every act is recorded right behind it.
            event_seq: Some(self.case.row.event_count + 1),
            sealed_comment: comment.map(seal),
            acted_at: Micros(self.now),
        };
        approval_acts::insert(tx, &row)?;
        let cover = self.cover.as_ref().filter(|_| matches!(act, "approved" | "dissented" | "returned"));
        if let Some(cover) = cover {
            let acting = cover.row(&row, ActingDecisionId(id), &self.routed);
            let acting =
                acting.ok_or_else(|| Failure::Internal(format!("no absence opens {}", row.step_no)))?;
            acting_decisions::insert(tx, &acting)?;
        }
        Ok(())
    }

    /// Puts a comment on its step, sealed.
    fn seal_comment(&mut self, step: usize, comment: &str) -> Vec<u8> {
        let step_no = i64::try_from(step).unwrap_or(0);
        let place = proposals::comment_place(self.routed.row.id, step_no);
        let sealed = self.case.key.seal(&place, comment.trim().as_bytes(), self.ctx.core.ids.as_ref());
        if let Some(row) = self.routed.steps.iter_mut().find(|row| row.step_no == step_no) {
            row.sealed_comment = Some(sealed.clone());
        }
        sealed
    }

    fn finish(mut self, tx: &mut Tx<'_>) -> Result<Standing, Failure> {
        self.case.save(tx)?;
        standing(tx, self.ctx, self.case, self.routed)
    }
}
