//! What is said about proposals and decisions: the words of requests, and the bodies of answers.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::approval_history::{HistoryActBody, InstructionGivenBody};
use super::approval_issue::IssueBody;
use super::decision_changes::OrderTextBody;
use super::decisions::{DecisionWord, ReasonBody, reasons};
use super::false_claims::EvidenceBody;
use super::opinions::OpinionBody;
use crate::domain::approval::{ProposalBody, Subject, Weight};
use crate::domain::id::InvoiceId;
use crate::domain::procedure::Bilingual;
use crate::http::locale;
use crate::service::approval::Standing;
use crate::service::decision::WaitingForMe;
use crate::store::proposals::StepRow;

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
    /// 更正: the correction of an issued decision.
    Correction,
    /// 許可の取消し・効力の停止.
    PermitOrder,
}

impl From<SubjectWord> for Subject {
    fn from(word: SubjectWord) -> Self {
        match word {
            SubjectWord::Decision => Self::Decision,
            SubjectWord::Waiver => Self::Waiver,
            SubjectWord::WriteOff => Self::WriteOff,
            SubjectWord::Correction => Self::Correction,
            SubjectWord::PermitOrder => Self::PermitOrder,
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
    /// `group_manager`, `deputy_chief`, `section_chief`, `deputy_director`, `director`, `deputy_head` or `head`.
    role: String,
    /// The department of the role.
    department: String,
    /// `waiting`, `approved`, `dissented`, `returned`, or `not_needed` where a later step has the same desk.
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
    /// Whether it waits although that day is over.
    overdue: bool,
}

impl StepBody {
    fn of(row: StepRow, comment: Option<String>, today: Date) -> Self {
        Self {
            overdue: row.is_late(today),
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
    /// `decision`, `waiver`, `write_off`, `correction` or `permit_order`.
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
    /// Why; of a waiver and a write-off plain sentences.
    reasons: Vec<ReasonBody>,
    /// Under which conditions.
    conditions: Vec<String>,
    /// What a correction says was wrong.
    error: Option<String>,
    /// What an order about a permit says.
    order: Option<OrderTextBody>,
    /// The files that prove what the revocation of a waiver says, as they were when it was drafted.
    evidence: Vec<EvidenceBody>,
    /// SHA-256 of the frozen text as it lies sealed.
    body_sha256: String,
    /// Who drafted it; never one of those who seal.
    drafter: Uuid,
    /// The first step it waits for, or waited for at the end.
    current_step: i64,
    /// The route.
    steps: Vec<StepBody>,
    /// What other departments were asked about the case, and what they answered.
    opinions: Vec<OpinionBody>,
    /// The names of the departments whose answer has not come, whether they were asked before the draft or after it; none holds a seal.
    #[schema(example = json!(["道路課"]))]
    opinions_awaited: Vec<String>,
    /// Why the drafter does not wait for them.
    without_opinion: Option<String>,
    /// What would be issued if the last seal were set now; null where it is on its route no more.
    issue: Option<IssueBody>,
    /// Everything that was done about the subject in this case, in its order; what no longer counts stays.
    history: Vec<HistoryActBody>,
    /// What was said beforehand to those who act in somebody's place.
    instructions: Vec<InstructionGivenBody>,
    /// Version of the case; also the `ETag`.
    version: i64,
}

fn sentences(of: Vec<String>) -> Vec<ReasonBody> {
    of.into_iter().map(ReasonBody::Text).collect()
}

/// What a proposal says, by the places where it is shown.
#[derive(Default)]
struct Said {
    reasons: Vec<ReasonBody>,
    conditions: Vec<String>,
    invoice: Option<Uuid>,
    ground: Option<String>,
    error: Option<String>,
    order: Option<OrderTextBody>,
    evidence: Vec<EvidenceBody>,
    without_opinion: Option<String>,
}

impl From<ProposalBody> for Said {
    fn from(body: ProposalBody) -> Self {
        let of_money = |invoice: InvoiceId, ground, reasons| Self {
            invoice: Some(invoice.0),
            ground: Some(ground),
            reasons: sentences(reasons),
            ..Self::default()
        };
        match body {
            ProposalBody::Decision(body) => Self {
                reasons: reasons(body.reasons),
                conditions: body.conditions,
                without_opinion: body.without_opinion,
                ..Self::default()
            },
            ProposalBody::Waiver(body) => of_money(body.invoice, body.ground, body.reasons),
            ProposalBody::WaiverRevocation(body) => Self {
                evidence: body.evidence.iter().map(EvidenceBody::of).collect(),
                ..of_money(body.invoice, body.ground, body.reasons)
            },
            ProposalBody::WriteOff(body) => of_money(body.invoice, body.ground, body.reasons),
            ProposalBody::Correction(body) => Self {
                reasons: reasons(body.reasons),
                conditions: body.conditions,
                error: Some(body.error),
                ..Self::default()
            },
            ProposalBody::PermitOrder(body) => {
                let ground = Some(body.ground.clone());
                Self { ground, order: Some(body.into()), ..Self::default() }
            }
        }
    }
}

impl From<Standing> for ProposalView {
    fn from(standing: Standing) -> Self {
        let (current_step, today) = (standing.routed.current_step(), standing.today);
        let steps = standing.routed.steps.into_iter().zip(standing.comments);
        let row = standing.routed.row;
        let decision = standing.body.decision().map(DecisionWord::from);
        let said = Said::from(standing.body);
        let name = |name: Bilingual| locale::current().locale.pick(name.ja, name.en);
        Self {
            id: row.id.0,
            application: row.application_id.0,
            application_state: standing.case.state,
            subject: row.subject,
            state: row.state,
            decision,
            amount: row.amount,
            invoice: said.invoice,
            ground: said.ground,
            weight: row.weight,
            standing_decision: row.standing_basis,
            predecessor: row.predecessor_id.map(|proposal| proposal.0),
            reasons: said.reasons,
            conditions: said.conditions,
            error: said.error,
            order: said.order,
            evidence: said.evidence,
            body_sha256: row.body_sha256,
            drafter: row.drafter_id.0,
            current_step,
            steps: steps.map(|(step, comment)| StepBody::of(step, comment, today)).collect(),
            opinions: standing.opinions.into_iter().map(OpinionBody::from).collect(),
            opinions_awaited: standing.awaited.into_iter().map(name).collect(),
            without_opinion: said.without_opinion,
            issue: standing.issue.map(IssueBody::from),
            history: standing.history.acts.into_iter().map(HistoryActBody::from).collect(),
            instructions: standing.history.instructions.into_iter().map(InstructionGivenBody::from).collect(),
            version: standing.case.version,
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
    /// `decision`, `waiver`, `write_off`, `correction` or `permit_order`.
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
    /// Whether that day is over.
    overdue: bool,
    /// The department I act for.
    department: String,
    /// The absent officer in whose place I may act today (代決); null at my own desk.
    acting_for: Option<Uuid>,
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
            overdue: waiting.overdue,
            department: step.department,
            acting_for: waiting.acting_for.map(|officer| officer.0),
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
