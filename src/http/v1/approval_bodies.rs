//! What is said about proposals and decisions: the words of requests, and the bodies of answers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::approval::{DecisionKind, ProposalBody, Subject, Weight};
use crate::http::locale;
use crate::service::approval::Standing;
use crate::service::decision::{DecisionText, WaitingForMe};
use crate::store::proposals::StepRow;

/// What a decision says.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionWord {
    /// 許可・承認・登録.
    Grant,
    /// 拒否処分.
    Refuse,
}

impl From<DecisionWord> for DecisionKind {
    fn from(word: DecisionWord) -> Self {
        match word {
            DecisionWord::Grant => Self::Grant,
            DecisionWord::Refuse => Self::Refuse,
        }
    }
}

impl From<DecisionKind> for DecisionWord {
    fn from(kind: DecisionKind) -> Self {
        match kind {
            DecisionKind::Grant => Self::Grant,
            DecisionKind::Refuse => Self::Refuse,
        }
    }
}

/// What a proposal is about.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubjectWord {
    /// 処分.
    #[default]
    Decision,
    /// 減免.
    Waiver,
    /// 不納欠損.
    WriteOff,
}

impl From<SubjectWord> for Subject {
    fn from(word: SubjectWord) -> Self {
        match word {
            SubjectWord::Decision => Self::Decision,
            SubjectWord::Waiver => Self::Waiver,
            SubjectWord::WriteOff => Self::WriteOff,
        }
    }
}

/// How much a matter weighs.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WeightWord {
    /// Nothing particular.
    #[default]
    Ordinary,
    /// 新規: without precedent; a substitute needs instruction.
    Novel,
    /// 重要: goes up to the deciding authority.
    Important,
    /// 異例: as 重要.
    Unusual,
}

impl From<WeightWord> for Weight {
    fn from(word: WeightWord) -> Self {
        match word {
            WeightWord::Ordinary => Self::Ordinary,
            WeightWord::Novel => Self::Novel,
            WeightWord::Important => Self::Important,
            WeightWord::Unusual => Self::Unusual,
        }
    }
}

/// A step of a route.
#[derive(Serialize, ToSchema)]
pub struct StepBody {
    /// Counted from 1.
    step: i64,
    /// Steps with the same number lie on their desks at the same time.
    stage: i64,
    /// `pass` 回議, `consult` 合議 or `seal` 決裁.
    kind: String,
    /// `group_manager`, `section_chief`, `director` or `head`.
    role: String,
    /// The department of the role.
    department: String,
    /// `waiting`, `approved`, `dissented` or `returned`.
    state: String,
    /// Who acted.
    officer: Option<Uuid>,
    /// The absent officer in whose place it was (代決).
    acting_for: Option<Uuid>,
    /// The title of that day.
    title: Option<String>,
    /// When.
    #[schema(format = DateTime, value_type = Option<String>)]
    acted_at: Option<String>,
    /// What was said with a return or a disagreement.
    comment: Option<String>,
    /// The day by which the step is to be done, while it lies on the desk.
    #[schema(format = Date, value_type = Option<String>)]
    due_on: Option<String>,
}

impl StepBody {
    fn of(row: StepRow, comment: Option<String>) -> Self {
        Self {
            step: row.step_no,
            stage: row.stage_no,
            kind: row.kind,
            role: row.role,
            department: row.department,
            state: row.state,
            officer: row.officer_id.map(|officer| officer.0),
            acting_for: row.acting_for.map(|officer| officer.0),
            title: row.officer_title,
            acted_at: row.acted_at.map(|at| at.0.to_string()),
            comment,
            due_on: row.due_on.map(|day| day.0.to_string()),
        }
    }
}

/// A proposal on its route.
#[derive(Serialize, ToSchema)]
pub struct ProposalView {
    /// The proposal.
    id: Uuid,
    /// The case.
    application: Uuid,
    /// Where the case stands now.
    #[schema(example = "in_approval")]
    application_state: String,
    /// `decision`, `waiver` or `write_off`.
    #[schema(example = "decision")]
    subject: String,
    /// `in_approval`, `approved`, `returned`, `recalled` or `superseded`.
    state: String,
    /// What is proposed, where it is a decision.
    decision: Option<DecisionWord>,
    /// The amount of the one matter in yen, where it is known.
    amount: Option<i64>,
    /// The invoice that a waiver or a write-off is about.
    invoice: Option<Uuid>,
    /// The clause that allows a waiver or a write-off.
    ground: Option<String>,
    /// `ordinary`, `novel`, `important` or `unusual`.
    weight: String,
    /// The regulation of the standing decision (専決) by which the last step closes the route; null where the whole route is
    /// gone. It does not change in whose name it is decided.
    standing_decision: Option<String>,
    /// The proposal whose place it took.
    predecessor: Option<Uuid>,
    /// Why.
    reasons: Vec<String>,
    /// Under which conditions.
    conditions: Vec<String>,
    /// SHA-256 of the frozen text as it lies sealed.
    body_sha256: String,
    /// Who drafted it; never one of those who seal.
    drafter: Uuid,
    /// The first step it waits for, or waited for at the end.
    current_step: i64,
    /// The route.
    steps: Vec<StepBody>,
    /// Version of the case; also the `ETag`.
    version: i64,
}

impl From<Standing> for ProposalView {
    fn from(standing: Standing) -> Self {
        let current_step = standing.routed.current_step();
        let steps = standing.routed.steps.into_iter().zip(standing.comments);
        let row = standing.routed.row;
        let decision = standing.body.decision().map(DecisionWord::from);
        let (reasons, conditions, money) = match standing.body {
            ProposalBody::Decision(body) => (body.reasons, body.conditions, None),
            ProposalBody::Waiver(body) => (body.reasons, Vec::new(), Some((body.invoice, body.ground))),
            ProposalBody::WriteOff(body) => (body.reasons, Vec::new(), Some((body.invoice, body.ground))),
        };
        Self {
            id: row.id.0,
            application: row.application_id.0,
            application_state: standing.case.state,
            subject: row.subject,
            state: row.state,
            decision,
            amount: row.amount,
            invoice: money.as_ref().map(|(invoice, _)| invoice.0),
            ground: money.map(|(_, ground)| ground),
            weight: row.weight,
            standing_decision: row.standing_basis,
            predecessor: row.predecessor_id.map(|proposal| proposal.0),
            reasons,
            conditions,
            body_sha256: row.body_sha256,
            drafter: row.drafter_id.0,
            current_step,
            steps: steps.map(|(step, comment)| StepBody::of(step, comment)).collect(),
            version: standing.case.version,
        }
    }
}

/// A decision.
#[derive(Serialize, ToSchema)]
pub struct DecisionBody {
    /// The decision.
    id: Uuid,
    /// The case.
    application: Uuid,
    /// Grant or refuse.
    decision: DecisionWord,
    /// In whose name it is made.
    #[schema(example = "青森県知事")]
    authority: String,
    /// Why.
    reasons: Vec<String>,
    /// Under which conditions.
    conditions: Vec<String>,
    /// SHA-256 of the text that was proposed and sealed.
    body_sha256: String,
    /// When the last seal was set.
    #[schema(format = DateTime, value_type = String)]
    decided_at: String,
    /// The first day what it grants is valid; null where no term is stated, and for a refusal.
    #[schema(format = Date, value_type = Option<String>)]
    valid_from: Option<String>,
    /// The last day.
    #[schema(format = Date, value_type = Option<String>)]
    valid_to: Option<String>,
    /// `payment_awaited`: what was granted is handed over once the fee is paid or entrusted; `covered` or `nothing_owed`
    /// otherwise.
    #[schema(example = "covered")]
    fee: String,
    /// What is owed; null where nothing ever was.
    invoice: Option<Uuid>,
}

impl From<DecisionText> for DecisionBody {
    fn from(decision: DecisionText) -> Self {
        Self {
            id: decision.row.id.0,
            application: decision.row.application_id.0,
            decision: decision.body.decision.into(),
            authority: decision.row.authority,
            reasons: decision.body.reasons,
            conditions: decision.body.conditions,
            body_sha256: decision.row.body_sha256,
            decided_at: decision.row.decided_at.0.to_string(),
            valid_from: decision.term.map(|term| term.from.to_string()),
            valid_to: decision.term.map(|term| term.to.to_string()),
            fee: decision.fee.as_str().to_owned(),
            invoice: decision.invoice.map(|invoice| invoice.0),
        }
    }
}

/// A step that waits for my seal.
#[derive(Serialize, ToSchema)]
pub struct WaitingApproval {
    /// Six-digit code of the body.
    tenant: String,
    /// The case.
    application: Uuid,
    /// 受付番号.
    number: Option<String>,
    /// The procedure's slug.
    procedure: String,
    /// Name of the procedure.
    title: String,
    /// The proposal.
    proposal: Uuid,
    /// `decision`, `waiver` or `write_off`.
    #[schema(example = "decision")]
    subject: String,
    /// `grant` or `refuse`, of a decision.
    decision: Option<String>,
    /// `ordinary`, `novel`, `important` or `unusual`.
    weight: String,
    /// Number of the step.
    step: i64,
    /// `pass` 回議, `consult` 合議 or `seal` 決裁.
    kind: String,
    /// The day by which the step is to be done.
    #[schema(format = Date, value_type = Option<String>)]
    step_due_on: Option<String>,
    /// The department I act for.
    department: String,
    /// When it was drafted.
    #[schema(format = DateTime, value_type = String)]
    proposed_at: String,
    /// The day the standard processing period ends.
    #[schema(format = Date, value_type = Option<String>)]
    due_on: Option<String>,
    /// Version of the case, for `If-Match`.
    version: i64,
}

impl From<WaitingForMe> for WaitingApproval {
    fn from(waiting: WaitingForMe) -> Self {
        let step = waiting.step;
        Self {
            tenant: step.tenant.to_string(),
            application: step.application.0,
            number: step.number,
            procedure: step.procedure,
            title: locale::current().locale.pick(waiting.title.ja, waiting.title.en),
            proposal: step.proposal.0,
            subject: step.subject,
            decision: step.decision,
            weight: step.weight,
            step: step.step_no,
            kind: step.kind,
            step_due_on: step.step_due_on.map(|day| day.0.to_string()),
            department: step.department,
            proposed_at: step.proposed_at.0.to_string(),
            due_on: step.due_on.map(|day| day.0.to_string()),
            version: step.version,
        }
    }
}

/// What waits for my seal.
#[derive(Serialize, ToSchema)]
pub struct ApprovalList {
    /// Oldest proposal first.
    pub items: Vec<WaitingApproval>,
    /// Where the next page begins; null on the last one.
    pub next_cursor: Option<String>,
}
