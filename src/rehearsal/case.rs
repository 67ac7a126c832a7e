//! One case of a rehearsal: what is done next, and who does it.

use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::json;
use uuid::Uuid;

use super::RehearsalError;
use super::plan::{Course, Detour, Plan};
use super::prefecture::{application_of, department_on, notification_of};
use super::staff::Staff;
use crate::domain::approval::{DecisionProposal, ProposalBody, Weight};
use crate::domain::calendar::Calendar;
use crate::domain::disposition::{DecisionKind, Reason, ReasonParts};
use crate::domain::id::{AccountId, ApplicationId, TenantCode};
use crate::domain::paper_filing::WithdrawalStatement;
use crate::domain::policy::Role;
use crate::service::approval::{self, Act, Draft, Seat, Standing};
use crate::service::correction::{self, Ask, CorrectionItem};
use crate::service::idempotency::IdempotencyRequest;
use crate::service::intake::{self, NewDraft};
use crate::service::{Caller, Core, Ctx, Failure, Refusal, resubmission, review};

/// Who takes part, where, on which day.
pub(super) struct Stage {
    /// The program.
    pub(super) core: Arc<Core>,
    /// The body.
    pub(super) tenant: TenantCode,
    /// The officers.
    pub(super) staff: Staff,
    /// The applicants.
    pub(super) applicants: Vec<AccountId>,
    /// The days on which officers work.
    pub(super) calendar: Calendar,
}

/// What is done next with a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The applicant hands it in.
    HandIn,
    /// A clerk takes it up.
    Claim,
    /// Who is in charge asks.
    Ask,
    /// The applicant answers.
    Answer,
    /// Who is in charge drafts the decision.
    Propose,
    /// The drafter takes it back.
    Recall,
    /// The desk of this role acts.
    Desk(Role),
    /// The applicant takes it back.
    Withdraw,
    /// Who is in charge closes a notification.
    Close,
    /// Nothing: it has ended.
    Ended,
}

/// A case that is played.
#[derive(Clone, Debug)]
pub(super) struct Run {
    plan: Plan,
    number: u64,
    id: ApplicationId,
    version: i64,
    assignee: usize,
    drafter: Option<usize>,
    sealed: Vec<usize>,
    calls: u32,
    /// What is done next.
    pub(super) next: Next,
}

/// When the next step of a case is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// After so many open days.
    OpenDays(u16),
    /// After so many days of any kind, at least one.
    Days(u16),
    /// Never.
    Never,
}

impl Run {
    /// A case that nobody has written yet.
    pub(super) fn new(number: u64, plan: Plan) -> Self {
        let id = ApplicationId(Uuid::nil());
        let (assignee, drafter, sealed) = (0, None, Vec::new());
        Self { plan, number, id, version: 0, assignee, drafter, sealed, calls: 0, next: Next::HandIn }
    }

    /// Its number.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The case in the database.
    pub(super) fn id(&self) -> ApplicationId {
        self.id
    }

    /// The department it lies with on a day.
    fn department(&self, day: Date) -> &'static str {
        department_on(self.plan.department, day)
    }

    fn is_application(&self) -> bool {
        self.plan.course != Course::Received
    }

    fn applicant(&self, stage: &Stage) -> Result<AccountId, RehearsalError> {
        let count = u64::try_from(stage.applicants.len()).unwrap_or(1).max(1);
        let index = usize::try_from(self.number.checked_rem(count).unwrap_or(0)).unwrap_or(0);
        stage
            .applicants
            .get(index)
            .copied()
            .ok_or_else(|| RehearsalError::Failed("nobody applies".to_owned()))
    }

    fn account(stage: &Stage, officer: usize) -> Result<AccountId, RehearsalError> {
        let found = stage.staff.member(officer).map(|member| member.account);
        found.ok_or_else(|| RehearsalError::Failed(format!("there is no officer {officer}")))
    }

    fn call(&mut self, stage: &Stage, account: AccountId) -> (Ctx, IdempotencyRequest) {
        self.calls += 1;
        let key = format!("rehearsal-{}-{}", self.number, self.calls);
        let request =
            IdempotencyRequest { tenant: stage.tenant.clone(), actor: account, key, fingerprint: [0; 32] };
        (stage.ctx(account), request)
    }

    /// A day from 0 to `most`.
    fn pause(&mut self, most: u64) -> u16 {
        u16::try_from(self.plan.dice.below(most + 1)).unwrap_or(0)
    }

    fn one_of(&mut self, numbers: &[usize]) -> Option<usize> {
        let index = self.plan.dice.below(u64::try_from(numbers.len()).unwrap_or(0));
        numbers.get(usize::try_from(index).unwrap_or(0)).copied()
    }

    /// Takes the next step and says when the one after it comes. A case that moved on behind us (a reorganisation) is looked at
    /// again, once.
    pub(super) async fn step(&mut self, stage: &Stage, today: Date) -> Result<When, RehearsalError> {
        let next = self.next.clone();
        let mut done = self.try_step(stage, today).await;
        if let Err(RehearsalError::Failure(Failure::Refused(Refusal::StaleVersion { current }))) = &done {
            self.version = *current;
            done = self.try_step(stage, today).await;
        }
        done.map_err(|error| match error {
            RehearsalError::Failure(failure) => {
                let what = format!("case {} ({}), {next:?} on {today}", self.number, self.id);
                RehearsalError::Refused { what, failure }
            }
            other => other,
        })
    }

    async fn try_step(&mut self, stage: &Stage, today: Date) -> Result<When, RehearsalError> {
        match self.next.clone() {
            Next::HandIn => self.hand_in(stage).await,
            Next::Claim => self.claim(stage, today).await,
            Next::Ask => self.ask(stage, today).await,
            Next::Answer => self.answer(stage).await,
            Next::Propose => self.propose(stage, today).await,
            Next::Recall => self.recall(stage, today).await,
            Next::Desk(role) => self.desk(stage, today, role).await,
            Next::Withdraw => self.withdraw(stage).await,
            Next::Close => self.close(stage, today).await,
            Next::Ended => Ok(When::Never),
        }
    }

    async fn hand_in(&mut self, stage: &Stage) -> Result<When, RehearsalError> {
        let applicant = self.applicant(stage)?;
        let place = self.plan.department;
        let procedure = if self.is_application() { application_of(place) } else { notification_of(place) };
        let form = json!({ "amount": self.plan.amount, "note": format!("通し稽古 {}", self.number) });
        let (ctx, request) = self.call(stage, applicant);
        self.id = intake::create_draft(ctx, request, NewDraft { procedure, form }).await?.value.id;
        let (ctx, request) = self.call(stage, applicant);
        self.version = intake::submit(ctx, request, self.id, None).await?.value.case.version;
        self.next = Next::Claim;
        Ok(When::OpenDays(self.pause(3).max(1)))
    }

    async fn claim(&mut self, stage: &Stage, today: Date) -> Result<When, RehearsalError> {
        let clerks = stage.present(Role::Clerk, self.department(today), today);
        let Some(clerk) = self.one_of(&clerks) else { return Ok(When::OpenDays(1)) };
        let (ctx, request) = self.call(stage, Self::account(stage, clerk)?);
        self.version = review::claim(ctx, request, self.id).await?.value.version;
        self.assignee = clerk;
        self.next = match (self.plan.course, self.plan.detour) {
            (Course::WithdrawnInReview, _) => Next::Withdraw,
            (_, Detour::Correction) => Next::Ask,
            (Course::Received, _) => Next::Close,
            _ => Next::Propose,
        };
        Ok(When::OpenDays(self.pause(5)))
    }

    /// Whoever is in charge and there today; a colleague takes it over from somebody who left or is away (T-7).
    async fn in_charge(&mut self, stage: &Stage, today: Date) -> Result<Option<AccountId>, RehearsalError> {
        let department = self.department(today);
        let serves = stage.staff.serves(self.assignee, department, today);
        if serves && !stage.staff.is_away(self.assignee, today) {
            return Self::account(stage, self.assignee).map(Some);
        }
        let taker = if serves {
            // Whoever covers takes it over, or it waits until the officer is back.
            let cover = stage.staff.cover_of(self.assignee, today).filter(|_| self.plan.dice.happens(50));
            cover.filter(|cover| {
                stage.staff.serves(*cover, department, today) && !stage.staff.is_away(*cover, today)
            })
        } else {
            self.one_of(&stage.present(Role::Clerk, department, today))
        };
        let Some(taker) = taker else { return Ok(None) };
        let account = Self::account(stage, taker)?;
        let (ctx, request) = self.call(stage, account);
        self.version = review::take_over(ctx, request, self.id).await?.value.version;
        self.assignee = taker;
        Ok(Some(account))
    }

    async fn ask(&mut self, stage: &Stage, today: Date) -> Result<When, RehearsalError> {
        let Some(account) = self.in_charge(stage, today).await? else { return Ok(When::OpenDays(1)) };
        let due_on = today.checked_add(14.days()).unwrap_or(today);
        let items = vec![CorrectionItem {
            pointer: "/form/note".to_owned(),
            message: "内容を補ってください。".to_owned(),
        }];
        let (ctx, request) = self.call(stage, account);
        self.version =
            correction::ask(ctx, request, self.id, Ask { items, due_on }).await?.value.case.version;
        self.next = Next::Answer;
        Ok(When::Days(self.pause(20).max(1)))
    }

    async fn answer(&mut self, stage: &Stage) -> Result<When, RehearsalError> {
        let applicant = self.applicant(stage)?;
        let form = json!({ "note": format!("通し稽古 {}（補正後）", self.number) });
        let (ctx, request) = self.call(stage, applicant);
        let made = resubmission::resubmit(ctx, request, self.id, self.version, form.into()).await?;
        self.version = made.value.version;
        self.next = if self.is_application() { Next::Propose } else { Next::Close };
        Ok(When::OpenDays(self.pause(4).max(1)))
    }

    async fn propose(&mut self, stage: &Stage, today: Date) -> Result<When, RehearsalError> {
        let Some(account) = self.in_charge(stage, today).await? else { return Ok(When::OpenDays(1)) };
        let body = ProposalBody::Decision(self.text());
        let draft = Draft { body, weight: Weight::Ordinary };
        let (ctx, request) = self.call(stage, account);
        let standing = approval::propose(ctx, request, self.id, self.version, draft).await?.value;
        self.drafter = Some(self.assignee);
        self.sealed.clear();
        self.follow(&standing);
        if self.plan.course == Course::WithdrawnInApproval {
            self.next = Next::Withdraw;
        } else if self.plan.detour == Detour::Recall {
            self.plan.detour = Detour::None;
            self.next = Next::Recall;
        }
        Ok(When::OpenDays(self.pause(2)))
    }

    fn text(&self) -> DecisionProposal {
        let decision = match self.plan.course {
            Course::Decided(decision) => decision,
            _ => DecisionKind::Grant,
        };
        let reason = || {
            let (fact, clause) = ("規模が基準に照らして審査された。", "通し稽古法第3条第1項");
            let criterion = "審査基準第2";
            Reason::Parts(ReasonParts {
                fact: fact.to_owned(),
                clause: clause.to_owned(),
                criterion: criterion.to_owned(),
            })
        };
        let reasons = if decision == DecisionKind::Grant { Vec::new() } else { vec![reason()] };
        let is_conditional = decision == DecisionKind::ConditionalGrant;
        let conditions =
            if is_conditional { vec!["毎年報告すること。".to_owned()] } else { Vec::new() };
        DecisionProposal { decision, reasons, conditions, without_opinion: None }
    }

    async fn recall(&mut self, stage: &Stage, today: Date) -> Result<When, RehearsalError> {
        let drafter = self.drafter.unwrap_or(self.assignee);
        let here = stage.staff.serves(drafter, self.department(today), today);
        if !here || stage.staff.is_away(drafter, today) {
            // Who has left recalls nothing: it goes on its route.
            self.next = Next::Desk(Role::GroupManager);
            return Ok(When::OpenDays(1));
        }
        let account = Self::account(stage, drafter)?;
        let standing = self.act(stage, account, Act::Recall { version: Some(self.version) }).await?;
        self.follow(&standing);
        Ok(When::OpenDays(self.pause(2)))
    }

    async fn desk(&mut self, stage: &Stage, today: Date, role: Role) -> Result<When, RehearsalError> {
        let department = self.department(today);
        let mut present = stage.present(role, department, today);
        present.retain(|number| Some(*number) != self.drafter && !self.sealed.contains(number));
        let Some(sealer) = self.one_of(&present) else {
            return self.act_for_absent(stage, today, role).await;
        };
        let account = Self::account(stage, sealer)?;
        let (detour, comment) = (self.plan.detour, "もう一度検討してください。".to_owned());
        let to_step = match (detour, role) {
            (Detour::ReturnToDrafter, Role::GroupManager) => Some(0),
            (Detour::ReturnToDesk, Role::SectionChief) => Some(1),
            _ => None,
        };
        let version = self.version;
        let act = match to_step {
            Some(to_step) => Act::Return { to_step, comment, version: Some(version) },
            None => Act::Approve { version, content_sha256: None },
        };
        let standing = self.act(stage, account, act).await?;
        if to_step.is_some() {
            self.plan.detour = Detour::None;
            self.sealed.clear();
        } else {
            self.sealed.push(sealer);
        }
        self.follow(&standing);
        Ok(if self.next == Next::Ended { When::Never } else { When::OpenDays(self.pause(3)) })
    }

    /// 代決: whoever covers on record for the holder of a desk that is empty today seals in that place; where nobody can, it waits.
    async fn act_for_absent(
        &mut self,
        stage: &Stage,
        today: Date,
        role: Role,
    ) -> Result<When, RehearsalError> {
        let department = self.department(today);
        let barred = |number: usize| Some(number) == self.drafter || self.sealed.contains(&number);
        let covered = stage.staff.holders(role, department, today).into_iter();
        let mut covered = covered.filter(|absent| !barred(*absent)).filter_map(|absent| {
            let cover = stage.staff.cover_of(absent, today).filter(|cover| !barred(*cover))?;
            let can = stage.staff.serves(cover, department, today) && !stage.staff.is_away(cover, today);
            can.then_some((absent, cover))
        });
        let Some((absent, cover)) = covered.next() else { return Ok(When::OpenDays(1)) };
        drop(covered);
        let seat =
            Seat { acting_for: stage.staff.member(absent).map(|member| member.officer), ..Seat::DECISION };
        let act = Act::Approve { version: self.version, content_sha256: None };
        let (ctx, request) = self.call(stage, Self::account(stage, cover)?);
        let standing = approval::act(ctx, request, self.id, seat, act).await?.value;
        self.sealed.push(cover);
        self.follow(&standing);
        Ok(if self.next == Next::Ended { When::Never } else { When::OpenDays(self.pause(3)) })
    }

    async fn withdraw(&mut self, stage: &Stage) -> Result<When, RehearsalError> {
        let applicant = self.applicant(stage)?;
        let (ctx, request) = self.call(stage, applicant);
        intake::withdraw(ctx, request, self.id, WithdrawalStatement::default()).await?;
        self.next = Next::Ended;
        Ok(When::Never)
    }

    async fn close(&mut self, stage: &Stage, today: Date) -> Result<When, RehearsalError> {
        let Some(account) = self.in_charge(stage, today).await? else { return Ok(When::OpenDays(1)) };
        let (ctx, request) = self.call(stage, account);
        review::close(ctx, request, self.id).await?;
        self.next = Next::Ended;
        Ok(When::Never)
    }

    async fn act(&mut self, stage: &Stage, account: AccountId, act: Act) -> Result<Standing, RehearsalError> {
        let (ctx, request) = self.call(stage, account);
        Ok(approval::act(ctx, request, self.id, Seat::DECISION, act).await?.value)
    }

    /// Takes over where the proposal stands.
    fn follow(&mut self, standing: &Standing) {
        self.version = standing.case.version;
        let row = &standing.routed.row;
        let here = standing.routed.steps.iter();
        let mut waiting = here.filter(|step| step.stage_no == row.current_stage && step.state == "waiting");
        let role = waiting.find_map(|step| Role::parse(&step.role));
        self.next = match (row.state.as_str(), role) {
            ("in_approval", Some(role)) => Next::Desk(role),
            ("returned" | "recalled", _) => Next::Propose,
            _ => Next::Ended,
        };
    }

    /// What the former holders of its desks try on the morning of a transfer: each must be refused.
    pub(super) async fn try_as_former_holder(
        &mut self,
        stage: &Stage,
        (yesterday, today): (Date, Date),
    ) -> Result<Option<Result<(), Refusal>>, RehearsalError> {
        let (then, now) = (self.department(yesterday), self.department(today));
        let tried = match self.next {
            Next::Desk(role) => {
                let before = stage.staff.holders(role, then, yesterday);
                let after = stage.staff.holders(role, now, today);
                let Some(former) = before.into_iter().find(|number| !after.contains(number)) else {
                    return Ok(None);
                };
                let account = Self::account(stage, former)?;
                let version = self.version;
                let (ctx, request) = self.call(stage, account);
                let act = Act::Approve { version, content_sha256: None };
                approval::act(ctx, request, self.id, Seat::DECISION, act).await.map(drop)
            }
            Next::Ask | Next::Propose | Next::Close if !stage.staff.serves(self.assignee, now, today) => {
                let account = Self::account(stage, self.assignee)?;
                let (ctx, request) = self.call(stage, account);
                review::release(ctx, request, self.id).await.map(drop)
            }
            _ => return Ok(None),
        };
        match tried {
            Ok(()) => Ok(Some(Ok(()))),
            Err(Failure::Refused(refusal)) => Ok(Some(Err(refusal))),
            Err(other) => Err(other.into()),
        }
    }
}

impl Stage {
    /// The context of a call that an account makes.
    pub(super) fn ctx(&self, account: AccountId) -> Ctx {
        let request_id = self.core.ids.uuid(self.core.clock.now());
        Ctx::new(Arc::clone(&self.core), Caller::Account(account), request_id)
    }

    /// Who holds a role in a department on a day and is there.
    fn present(&self, role: Role, department: &str, day: Date) -> Vec<usize> {
        let mut holders = self.staff.holders(role, department, day);
        holders.retain(|number| !self.staff.is_away(*number, day));
        holders
    }
}
