//! The approval of a proposal (起案から決裁まで): a route of desks, one act a desk, the last seal decides.
//!
//! The drafter never acts on the own proposal, in whosever place, and nobody acts at two desks of it; who
//! agreed for a consulted section and serves there no more seals at the new desk, where others have sealed too.
//! Authority is the role held in the step's department on the day of the act, or that of an absent officer in whose
//! place one acts (代決, R-115). What is proposed is frozen by its SHA-256: another text is another proposal. A
//! disagreement stays on the record and sends the matter up.

mod body;
mod post_review;
mod route;

use super::id::OfficerId;
use super::policy::{OfficerAuthority, Post};
use super::procedure::StepKind;

pub use super::disposition::DecisionKind;
pub use body::{
    DecisionProposal, ProposalBody, Subject, WaiverProposal, WaiverRevocationProposal, WriteOffProposal,
};
pub use post_review::{ActedFor, DeskToday, OwedPlace, Verdict};
pub use route::{
    DecidingDesk, Desk, Ladder, Matter, Route, RouteFault, RouteStep, SubjectRoute, Weight, each_desk_once,
};

/// Where a step stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepState {
    /// Nobody acted yet.
    Waiting,
    /// Sealed, or passed on, by an officer.
    Approved(Seal),
    /// 合議不同意: the section disagreed; the route goes on, and up.
    Dissented(Seal),
    /// Sent back to the drafter from here.
    Returned(Seal),
    /// 不要: its desk became that of a later step, which acts for both.
    NotNeeded,
}

impl StepState {
    /// Who acted here, if somebody did.
    pub fn seal(&self) -> Option<&Seal> {
        match self {
            Self::Waiting | Self::NotNeeded => None,
            Self::Approved(seal) | Self::Dissented(seal) | Self::Returned(seal) => Some(seal),
        }
    }
}

/// Who acted at a desk, under the title of that day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The officer.
    pub officer: OfficerId,
    /// The title of the post then.
    pub title: String,
    /// The absent officer in whose place it was (代決).
    pub acting_for: Option<OfficerId>,
}

/// A step of a proposal's route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Whose step it is, what it does, and when.
    pub planned: RouteStep,
    /// Where it stands.
    pub state: StepState,
}

/// Where a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProposalState {
    /// On its way; `stage` is the number of the stage it lies on, counted from 1.
    InApproval {
        /// The current stage.
        stage: usize,
    },
    /// 決裁済: the last seal is set.
    Approved,
    /// 差戻し: back with the drafter.
    Returned,
    /// 引戻し: taken back by the drafter, or off its route because the case ended.
    Recalled,
    /// 変更起案: another text took its place.
    Superseded,
}

impl ProposalState {
    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InApproval { .. } => "in_approval",
            Self::Approved => "approved",
            Self::Returned => "returned",
            Self::Recalled => "recalled",
            Self::Superseded => "superseded",
        }
    }
}

/// A drafted proposal on its route (起案).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// 起案者.
    pub drafter: OfficerId,
    /// The steps, at least one.
    pub steps: Vec<Step>,
    /// Where it stands.
    pub state: ProposalState,
    /// How much it weighs.
    pub weight: Weight,
}

/// How far an act brought a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Other desks of the same stage have yet to act.
    SameStage,
    /// It lies on the next desk.
    NextDesk,
    /// It was the last seal: what was proposed is done.
    Final,
}

/// Whether the absent officer gave instruction on this very case beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// Given.
    Given,
    /// Not given.
    None,
}

/// An absent officer in whose place somebody acts today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandIn {
    /// The absent officer.
    pub absent: OfficerId,
    /// The posts of the absent officer in force on the day of the act.
    pub posts: Vec<Post>,
    /// Whether there is instruction on this case.
    pub instruction: Instruction,
}

/// In which capacity an officer acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capacity<'a> {
    /// Under a post of one's own.
    Own,
    /// 代決: in the place of an absent officer.
    Acting(&'a StandIn),
}

/// A step of approval that is not possible; the proposal stays as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// It is not on its route (any more).
    #[error("the proposal is {}", .0.as_str())]
    NotInApproval(ProposalState),
    /// The drafter may not act on the own proposal, and nobody acts in the drafter's place.
    #[error("the drafter may not act on the own proposal")]
    OwnProposal,
    /// The officer does not sit at the desk it lies on.
    #[error("step {step} is another's to act on")]
    NotYourStep {
        /// The current step.
        step: usize,
    },
    /// The officer has acted on another step of this route, perhaps under another post: one desk, one act.
    #[error("the officer has sealed step {sealed} already")]
    AlreadySealed {
        /// The step that carries the officer's seal.
        sealed: usize,
    },
    /// Important, unusual and novel matters wait for the absent officer unless there is instruction.
    #[error("a substitute does not decide a matter that is {} without instruction", .0.as_str())]
    NotInstructed(Weight),
    /// Only a desk of 合議 disagrees; others send it back.
    #[error("step {step} is not consulted")]
    NotConsulted {
        /// The current step.
        step: usize,
    },
    /// Only the drafter recalls or replaces.
    #[error("only the drafter recalls a proposal")]
    NotTheDrafter,
    /// A matter only gains weight.
    #[error("the matter is {} already", .0.as_str())]
    NotHeavier(Weight),
    /// It can only go back: to the drafter (0) or to a step before the current one.
    #[error("step {step} cannot return to step {to_step}")]
    NotBefore {
        /// The current step.
        step: usize,
        /// Where it was to go.
        to_step: usize,
    },
}

impl StandIn {
    /// The title that the absent officer bears at a desk, which is what an act in that place names beside one's own.
    pub fn title_at(&self, desk: &Desk) -> Option<&str> {
        desk.post_among(&self.posts).map(|post| post.title.as_str())
    }
}

impl Proposal {
    /// A new proposal on the first desk of its route.
    pub fn draft(drafter: OfficerId, weight: Weight, route: Vec<RouteStep>) -> Self {
        let steps = route.into_iter().map(|planned| Step { planned, state: StepState::Waiting }).collect();
        Self { drafter, steps, state: ProposalState::InApproval { stage: 1 }, weight }
    }

    /// The steps it waits for now, with their numbers counted from 1.
    pub fn waiting(&self) -> impl Iterator<Item = (usize, &Step)> {
        let stage = match self.state {
            ProposalState::InApproval { stage } => stage,
            _ => 0,
        };
        let waits = move |step: &Step| step.planned.stage == stage && step.state == StepState::Waiting;
        (1..).zip(&self.steps).filter(move |(_, step)| waits(step))
    }

    /// The number of the first step it waits for.
    pub fn current(&self) -> Option<usize> {
        self.waiting().next().map(|(number, _)| number)
    }

    /// Sets the officer's seal on the current step (決裁), or passes it on (回議), or agrees (合議). Nobody seals two steps of
    /// one route, unless the other one was consulted and the officer has left it; sending it back stays possible, so that
    /// such a route does not end at that desk.
    pub fn approve(
        self,
        officer: &OfficerAuthority,
        capacity: Capacity<'_>,
    ) -> Result<(Self, Progress), Rejection> {
        let (step, seal) = self.fresh_seal_of(officer, capacity)?;
        Ok(self.done(step, StepState::Approved(seal)))
    }

    /// A consulted section disagrees (合議不同意, R-116): it is recorded, and the matter goes up to the deciding authority,
    /// whose desks are `upward`.
    pub fn dissent(
        mut self,
        officer: &OfficerAuthority,
        capacity: Capacity<'_>,
        upward: &[RouteStep],
    ) -> Result<(Self, Progress), Rejection> {
        let (step, seal) = self.fresh_seal_of(officer, capacity)?;
        if self.kind_of(step) != Some(StepKind::Consult) {
            return Err(Rejection::NotConsulted { step });
        }
        self.lengthen(upward);
        Ok(self.done(step, StepState::Dissented(seal)))
    }

    /// Sends it back (差戻し): to the drafter (`to_step` 0), or to an earlier step; every seal of that stage and after it is
    /// then needed anew.
    pub fn send_back(
        mut self,
        officer: &OfficerAuthority,
        capacity: Capacity<'_>,
        to_step: usize,
    ) -> Result<Self, Rejection> {
        let (step, seal) = self.seal_of(officer, capacity)?;
        if to_step == 0 {
            self.set(step, StepState::Returned(seal));
            self.state = ProposalState::Returned;
            return Ok(self);
        }
        let ProposalState::InApproval { stage: current } = self.state else {
            return Err(Rejection::NotInApproval(self.state));
        };
        let is_needed = |step: &&Step| step.state != StepState::NotNeeded;
        let target = self.steps.get(to_step - 1).filter(is_needed).map(|step| step.planned.stage);
        let stage = target.filter(|stage| *stage < current).ok_or(Rejection::NotBefore { step, to_step })?;
        let anew = |step: &&mut Step| step.planned.stage >= stage && step.state != StepState::NotNeeded;
        for step in self.steps.iter_mut().filter(anew) {
            step.state = StepState::Waiting;
        }
        self.state = ProposalState::InApproval { stage };
        Ok(self)
    }

    /// The number of the step on which the officer may act now.
    pub fn step_of(&self, officer: &OfficerAuthority, capacity: Capacity<'_>) -> Result<usize, Rejection> {
        self.seal_of(officer, capacity).map(|(step, _)| step)
    }

    /// The number of the step at whose desk the officer sits and that is still to be done: about it the officer may say
    /// beforehand what is to be done in the own place (あらかじめの指示, R-115).
    pub fn step_to_instruct(&self, officer: &OfficerAuthority) -> Result<usize, Rejection> {
        let step = self.current().ok_or(Rejection::NotInApproval(self.state))?;
        if officer.officer == self.drafter {
            return Err(Rejection::OwnProposal);
        }
        let to_do =
            |step: &Step| step.state == StepState::Waiting && step.planned.desk.post_of(officer).is_some();
        let own = (1..).zip(&self.steps).find_map(|(number, step)| to_do(step).then_some(number));
        own.ok_or(Rejection::NotYourStep { step })
    }

    /// Takes it back before the last seal (引戻し); only the drafter can.
    pub fn recall(self, officer: OfficerId) -> Result<Self, Rejection> {
        self.end_by_drafter(officer, ProposalState::Recalled)
    }

    /// Another text takes its place (変更起案), so that every seal behind is void; only the drafter can.
    pub fn supersede(self, officer: OfficerId) -> Result<Self, Rejection> {
        self.end_by_drafter(officer, ProposalState::Superseded)
    }

    /// The drafter, or whoever it waits for, says that the matter weighs more: an important one goes up over `upward`.
    pub fn escalate(
        mut self,
        officer: &OfficerAuthority,
        weight: Weight,
        upward: &[RouteStep],
    ) -> Result<Self, Rejection> {
        let step = self.current().ok_or(Rejection::NotInApproval(self.state))?;
        let sits = self.waiting().any(|(_, step)| step.planned.desk.post_of(officer).is_some());
        if officer.officer != self.drafter && !sits {
            return Err(Rejection::NotYourStep { step });
        }
        if weight <= self.weight || self.weight.goes_up() {
            return Err(Rejection::NotHeavier(self.weight));
        }
        self.weight = weight;
        if weight.goes_up() {
            self.lengthen(upward);
        }
        Ok(self)
    }

    fn end_by_drafter(mut self, officer: OfficerId, state: ProposalState) -> Result<Self, Rejection> {
        if self.current().is_none() {
            return Err(Rejection::NotInApproval(self.state));
        }
        if self.drafter != officer {
            return Err(Rejection::NotTheDrafter);
        }
        self.state = state;
        Ok(self)
    }

    /// Adds the desks of `upward` that the route does not have, behind its last one.
    fn lengthen(&mut self, upward: &[RouteStep]) {
        let mut stage = self.steps.last().map_or(0, |last| last.planned.stage);
        let mut before = None;
        for planned in upward {
            if self.steps.iter().any(|step| step.planned.desk == planned.desk) {
                continue;
            }
            if before != Some(planned.stage) {
                stage += 1;
            }
            before = Some(planned.stage);
            let planned = RouteStep { stage, ..planned.clone() };
            self.steps.push(Step { planned, state: StepState::Waiting });
        }
    }

    fn done(mut self, step: usize, state: StepState) -> (Self, Progress) {
        self.set(step, state);
        let ProposalState::InApproval { stage } = self.state else { return (self, Progress::SameStage) };
        if self.waiting().next().is_some() {
            return (self, Progress::SameStage);
        }
        if let Some(stage) = self.stage_after(stage) {
            self.state = ProposalState::InApproval { stage };
            return (self, Progress::NextDesk);
        }
        self.state = ProposalState::Approved;
        (self, Progress::Final)
    }

    /// The next stage at which somebody has yet to act.
    fn stage_after(&self, stage: usize) -> Option<usize> {
        let waits = |step: &&Step| step.planned.stage > stage && step.state == StepState::Waiting;
        self.steps.iter().filter(waits).map(|step| step.planned.stage).min()
    }

    /// Leaves what several waiting steps of one desk would do to the last of them: one desk, one act. Desks become one
    /// when departments do. Where nothing else was waited for, it goes on to the next desk.
    pub fn pass_over_repeated_desks(&mut self) {
        let ProposalState::InApproval { stage } = self.state else { return };
        let waiting = (0..).zip(&self.steps).filter(|(_, step)| step.state == StepState::Waiting);
        let desks: Vec<(usize, Desk)> =
            waiting.map(|(index, step)| (index, step.planned.desk.clone())).collect();
        for (index, step) in (0..).zip(&mut self.steps) {
            let comes_again = desks.iter().any(|(other, desk)| *other > index && *desk == step.planned.desk);
            if step.state == StepState::Waiting && comes_again {
                step.state = StepState::NotNeeded;
            }
        }
        if let (None, Some(stage)) = (self.current(), self.stage_after(stage)) {
            self.state = ProposalState::InApproval { stage };
        }
    }

    fn fresh_seal_of(
        &self,
        officer: &OfficerAuthority,
        capacity: Capacity<'_>,
    ) -> Result<(usize, Seal), Rejection> {
        let (step, seal) = self.seal_of(officer, capacity)?;
        // Whose place it is counts as well: nobody's authority seals two steps, neither in person nor through another.
        let authorities = [Some(seal.officer), seal.acting_for];
        let theirs = |other: &Step| authorities.iter().flatten().any(|one| is_seal_of(other, *one));
        let counts = |other: &Step| theirs(other) && !self.left_behind(other, step, officer, capacity);
        let sealed = (1..).zip(&self.steps).find_map(|(number, other)| counts(other).then_some(number));
        match sealed {
            Some(sealed) => Err(Rejection::AlreadySealed { sealed }),
            None => Ok((step, seal)),
        }
    }

    /// Whether the officer agreed at `other` in person for a consulted section (合議) whose desk is another's today, and acts at
    /// `step` under a post of one's own since: the post changed, the matter did not. Somebody besides the officer and the drafter must
    /// have sealed, else the consulted section is asked anew by a return.
    fn left_behind(
        &self,
        other: &Step,
        step: usize,
        officer: &OfficerAuthority,
        capacity: Capacity<'_>,
    ) -> bool {
        let was_consulted = other.planned.kind == StepKind::Consult
            && other.planned.desk.post_of(officer).is_none()
            && other.state.seal().is_some_and(|seal| seal.acting_for.is_none());
        let is_own = capacity == Capacity::Own && self.kind_of(step) != Some(StepKind::Consult);
        let by_others = |step: &Step| step.state.seal().is_some() && !is_seal_of(step, officer.officer);
        was_consulted && is_own && self.steps.iter().any(by_others)
    }

    fn seal_of(
        &self,
        officer: &OfficerAuthority,
        capacity: Capacity<'_>,
    ) -> Result<(usize, Seal), Rejection> {
        let first = self.current().ok_or(Rejection::NotInApproval(self.state))?;
        if officer.officer == self.drafter {
            return Err(Rejection::OwnProposal);
        }
        let (posts, acting_for) = match capacity {
            Capacity::Own => (&officer.posts, None),
            Capacity::Acting(stand_in) if stand_in.absent == self.drafter => {
                return Err(Rejection::OwnProposal);
            }
            Capacity::Acting(stand_in) => (&stand_in.posts, Some(stand_in)),
        };
        let at_desk = self.waiting().find_map(|(number, step)| {
            step.planned.desk.post_among(posts).map(|post| (number, post.title.clone()))
        });
        let (step, desk_title) = at_desk.ok_or(Rejection::NotYourStep { step: first })?;
        let Some(stand_in) = acting_for else {
            return Ok((step, Seal { officer: officer.officer, title: desk_title, acting_for: None }));
        };
        if stand_in.absent == officer.officer {
            return Err(Rejection::NotYourStep { step });
        }
        if self.weight != Weight::Ordinary && stand_in.instruction == Instruction::None {
            return Err(Rejection::NotInstructed(self.weight));
        }
        // The seal of a substitute shows the substitute's own title, that in the desk's department if there is one.
        let department = self.department_of(step);
        let beside = officer.posts.iter().find(|post| Some(post.department.as_str()) == department);
        let title = beside.or(officer.posts.first()).map_or(desk_title, |post| post.title.clone());
        Ok((step, Seal { officer: officer.officer, title, acting_for: Some(stand_in.absent) }))
    }

    fn department_of(&self, number: usize) -> Option<&str> {
        let step = number.checked_sub(1).and_then(|index| self.steps.get(index))?;
        Some(step.planned.desk.department.as_str())
    }

    fn kind_of(&self, number: usize) -> Option<StepKind> {
        number.checked_sub(1).and_then(|index| self.steps.get(index)).map(|step| step.planned.kind)
    }

    fn set(&mut self, number: usize, state: StepState) {
        if let Some(step) = number.checked_sub(1).and_then(|index| self.steps.get_mut(index)) {
            step.state = state;
        }
    }
}

/// Whether the step carries the officer's seal, or one set in the officer's place.
fn is_seal_of(step: &Step, officer: OfficerId) -> bool {
    step.state.seal().is_some_and(|seal| seal.officer == officer || seal.acting_for == Some(officer))
}

#[cfg(test)]
mod act_tests;
#[cfg(test)]
mod tests;
