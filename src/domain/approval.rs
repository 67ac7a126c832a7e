//! The approval of a proposal (起案から決裁まで): a route of desks, one seal a desk, the last one decides.
//!
//! The drafter never seals the own proposal, and nobody seals it twice. Authority is the role held in the step's department on the day of
//! the act. What is proposed is frozen by its SHA-256: another text is another proposal.

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::fault::Fault;
use super::id::OfficerId;
use super::policy::{OfficerAuthority, Post, Role};
use super::procedure::ProcedureDefinition;

/// What a disposition says (処分の別).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// 許可・承認・登録.
    Grant,
    /// 拒否処分.
    Refuse,
}

impl DecisionKind {
    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Refuse => "refuse",
        }
    }

    /// The kind of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Grant, Self::Refuse].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// The text of a proposal: what is decided, why, under which conditions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalBody {
    /// Grant or refuse.
    pub decision: DecisionKind,
    /// Reasons (理由): facts, the clause applied, the standard of review.
    pub reasons: Vec<String>,
    /// Conditions of a grant (附款).
    pub conditions: Vec<String>,
}

/// The most reasons, and the most conditions, that one proposal may carry.
const MOST_TEXTS: usize = 50;
/// The most characters of one reason or condition.
const LONGEST_TEXT: usize = 4_000;

impl ProposalBody {
    /// Everything wrong with the text. A refusal must give its reasons at the same time.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.decision == DecisionKind::Refuse && self.reasons.iter().all(|reason| reason.trim().is_empty())
        {
            let ja = "拒否処分には理由（事実、適用した条項、審査基準）を示してください。";
            let en =
                "A refusal must state its reasons: the facts, the clause applied, the standard of review.";
            faults.push(Fault::new("/reasons", "required", ja, en));
        } else {
            faults.extend(text_faults("/reasons", &self.reasons));
        }
        faults.extend(text_faults("/conditions", &self.conditions));
        if self.decision == DecisionKind::Refuse && !self.conditions.is_empty() {
            let (ja, en) = ("拒否処分に条件は付けられません。", "A refusal carries no conditions.");
            faults.push(Fault::new("/conditions", "not_for_refusals", ja, en));
        }
        faults
    }

    /// SHA-256 of the text in its one JSON form, in lower-case hexadecimal.
    pub fn sha256(&self) -> String {
        // Three plain members in a fixed order always have a JSON form.
        let text = serde_json::to_vec(self).unwrap_or_default();
        data_encoding::HEXLOWER.encode(digest(&SHA256, &text).as_ref())
    }
}

fn text_faults(pointer: &str, texts: &[String]) -> Vec<Fault> {
    let mut faults = Vec::new();
    if texts.len() > MOST_TEXTS {
        let ja = format!("{MOST_TEXTS}件以内にしてください。");
        faults.push(Fault::new(pointer, "too_many", ja, format!("At most {MOST_TEXTS} are possible.")));
    }
    for (index, text) in texts.iter().enumerate() {
        let place = format!("{pointer}/{index}");
        if text.trim().is_empty() {
            faults.push(Fault::new(place, "required", "空にできません。", "It must not be empty."));
        } else if text.chars().count() > LONGEST_TEXT {
            let ja = format!("{LONGEST_TEXT}文字以内にしてください。");
            let en = format!("It must have at most {LONGEST_TEXT} characters.");
            faults.push(Fault::new(place, "too_long", ja, en));
        }
    }
    faults
}

/// One desk of a route (決裁の段): a role in a department, whoever holds it on the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desk {
    /// The role that seals.
    pub role: Role,
    /// The department whose role it is.
    pub department: String,
}

impl Desk {
    /// The post under which an officer sits at this desk today, if one does.
    pub fn post_of<'a>(&self, officer: &'a OfficerAuthority) -> Option<&'a Post> {
        officer.posts.iter().find(|post| post.role == self.role && post.department == self.department)
    }
}

/// The route names a role that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the approval route names the unknown role {0}")]
pub struct UnknownRole(pub String);

/// The desks a proposal passes: those of the procedure, else the section chief of its department.
pub fn route(definition: &ProcedureDefinition) -> Result<Vec<Desk>, UnknownRole> {
    if definition.approval_route.is_empty() {
        return Ok(vec![Desk { role: Role::SectionChief, department: definition.department.clone() }]);
    }
    let desk = |step| {
        let department = definition.step_department(step).to_owned();
        let role = Role::parse(&step.role).ok_or_else(|| UnknownRole(step.role.clone()))?;
        Ok(Desk { role, department })
    };
    definition.approval_route.iter().map(desk).collect()
}

/// Where a step stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepState {
    /// No seal yet.
    Waiting,
    /// Sealed by an officer.
    Approved(Seal),
    /// Sent back to the drafter from here.
    Returned(Seal),
}

/// Who acted at a desk, under the title of that day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The officer.
    pub officer: OfficerId,
    /// The title of the post then.
    pub title: String,
}

/// A step of a proposal's route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Whose seal it takes.
    pub desk: Desk,
    /// Where it stands.
    pub state: StepState,
}

/// Where a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProposalState {
    /// On its way; `step` is the number of the desk it lies on, counted from 1.
    InApproval {
        /// The current step.
        step: usize,
    },
    /// 決裁済: the last seal is set.
    Approved,
    /// 差戻し: back with the drafter.
    Returned,
    /// 引戻し: taken back by the drafter.
    Recalled,
}

impl ProposalState {
    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InApproval { .. } => "in_approval",
            Self::Approved => "approved",
            Self::Returned => "returned",
            Self::Recalled => "recalled",
        }
    }
}

/// A drafted decision on its route (起案).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// 起案者.
    pub drafter: OfficerId,
    /// The steps, at least one.
    pub steps: Vec<Step>,
    /// Where it stands.
    pub state: ProposalState,
}

/// How far a seal brought a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It lies on the next desk.
    NextDesk,
    /// It was the last seal: the decision is made.
    Final,
}

/// A step of approval that is not possible; the proposal stays as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// It is not on its route (any more).
    #[error("the proposal is {}", .0.as_str())]
    NotInApproval(ProposalState),
    /// The drafter may not seal or return the own proposal.
    #[error("the drafter may not act on the own proposal")]
    OwnProposal,
    /// The officer does not sit at the desk it lies on.
    #[error("step {step} is another's to act on")]
    NotYourStep {
        /// The current step.
        step: usize,
    },
    /// The officer has sealed another step of this route, perhaps under another post: one desk, one act.
    #[error("the officer has sealed step {sealed} already")]
    AlreadySealed {
        /// The step that carries the officer's seal.
        sealed: usize,
    },
    /// Only the drafter recalls.
    #[error("only the drafter recalls a proposal")]
    NotTheDrafter,
    /// It can only go back: to the drafter (0) or to a step before the current one.
    #[error("step {step} cannot return to step {to_step}")]
    NotBefore {
        /// The current step.
        step: usize,
        /// Where it was to go.
        to_step: usize,
    },
}

impl Proposal {
    /// A new proposal on the first desk of its route.
    pub fn draft(drafter: OfficerId, route: Vec<Desk>) -> Self {
        let steps = route.into_iter().map(|desk| Step { desk, state: StepState::Waiting }).collect();
        Self { drafter, steps, state: ProposalState::InApproval { step: 1 } }
    }

    /// The number and the step of the desk it lies on.
    pub fn current(&self) -> Option<(usize, &Step)> {
        let ProposalState::InApproval { step } = self.state else { return None };
        self.steps.get(step.checked_sub(1)?).map(|current| (step, current))
    }

    /// Sets the officer's seal on the current step (決裁). Nobody seals two steps of one route; sending it back stays
    /// possible, so that such a route does not end at that desk.
    pub fn approve(mut self, officer: &OfficerAuthority) -> Result<(Self, Progress), Rejection> {
        let (step, seal) = self.seal_of(officer)?;
        if let Some(sealed) = self.sealed_by(seal.officer) {
            return Err(Rejection::AlreadySealed { sealed });
        }
        self.set(step, StepState::Approved(seal));
        if step < self.steps.len() {
            self.state = ProposalState::InApproval { step: step + 1 };
            return Ok((self, Progress::NextDesk));
        }
        self.state = ProposalState::Approved;
        Ok((self, Progress::Final))
    }

    /// Sends it back (差戻し): to the drafter (`to_step` 0), or to an earlier desk whose seal is then needed anew.
    pub fn send_back(mut self, officer: &OfficerAuthority, to_step: usize) -> Result<Self, Rejection> {
        let (step, seal) = self.seal_of(officer)?;
        if to_step >= step {
            return Err(Rejection::NotBefore { step, to_step });
        }
        if to_step == 0 {
            self.set(step, StepState::Returned(seal));
            self.state = ProposalState::Returned;
            return Ok(self);
        }
        for number in to_step..=step {
            self.set(number, StepState::Waiting);
        }
        self.state = ProposalState::InApproval { step: to_step };
        Ok(self)
    }

    /// Takes it back before the last seal (引戻し); only the drafter can.
    pub fn recall(mut self, officer: OfficerId) -> Result<Self, Rejection> {
        if self.current().is_none() {
            return Err(Rejection::NotInApproval(self.state));
        }
        if self.drafter != officer {
            return Err(Rejection::NotTheDrafter);
        }
        self.state = ProposalState::Recalled;
        Ok(self)
    }

    fn seal_of(&self, officer: &OfficerAuthority) -> Result<(usize, Seal), Rejection> {
        let (step, current) = self.current().ok_or(Rejection::NotInApproval(self.state))?;
        if officer.officer == self.drafter {
            return Err(Rejection::OwnProposal);
        }
        let post = current.desk.post_of(officer).ok_or(Rejection::NotYourStep { step })?;
        Ok((step, Seal { officer: officer.officer, title: post.title.clone() }))
    }

    /// The number of the step that carries the officer's seal.
    fn sealed_by(&self, officer: OfficerId) -> Option<usize> {
        let theirs =
            |step: &Step| matches!(&step.state, StepState::Approved(seal) if seal.officer == officer);
        (1..).zip(&self.steps).find_map(|(number, step)| theirs(step).then_some(number))
    }

    fn set(&mut self, number: usize, state: StepState) {
        if let Some(step) = number.checked_sub(1).and_then(|index| self.steps.get_mut(index)) {
            step.state = state;
        }
    }
}

#[cfg(test)]
mod tests;
