//! Proposals (起案), their approval (決裁), and the decision (処分).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::review::tenant;
use crate::domain::approval::{DecisionKind, ProposalBody};
use crate::http::contract::{
    CasePath, ChangeProblems, IdempotencyKeyHeader, IfMatchHeader, PageQuery, ReadProblems, VersionProblems,
};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Mutation, Nothing, OptionalIfMatch, SignedIn, segment};
use crate::http::{locale, respond};
use crate::service::approval::{self, Act, Standing};
use crate::service::decision::{self, DecisionText, WaitingForMe};
use crate::service::{Effect, Refusal};
use crate::store::proposals::StepRow;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(create_proposal)
        .service(get_proposal)
        .service(approve_proposal)
        .service(return_proposal)
        .service(recall_proposal)
        .service(get_decision)
        .service(list_my_approvals);
}

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

/// A drafted decision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateProposal {
    /// Grant or refuse.
    decision: DecisionWord,
    /// Facts, the clause applied, the standard of review; a refusal needs at least one.
    #[serde(default)]
    #[schema(required = false)]
    reasons: Vec<String>,
    /// Conditions of a grant.
    #[serde(default)]
    #[schema(required = false)]
    conditions: Vec<String>,
}

/// Where a proposal goes back to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnProposal {
    /// 0 is the drafter; otherwise an earlier step, whose seal is then needed anew.
    #[serde(default)]
    #[schema(required = false, minimum = 0)]
    to_step: usize,
    /// Why.
    comment: String,
}

/// A step of a route.
#[derive(Serialize, ToSchema)]
pub struct StepBody {
    /// Counted from 1.
    step: i64,
    /// `group_manager` or `section_chief`.
    role: String,
    /// The department of the role.
    department: String,
    /// `waiting`, `approved` or `returned`.
    state: String,
    /// Who acted.
    officer: Option<Uuid>,
    /// The title of that day.
    title: Option<String>,
    /// When.
    #[schema(format = DateTime, value_type = Option<String>)]
    acted_at: Option<String>,
    /// What was said with a return.
    comment: Option<String>,
}

impl StepBody {
    fn of(row: StepRow, comment: Option<String>) -> Self {
        Self {
            step: row.step_no,
            role: row.role,
            department: row.department,
            state: row.state,
            officer: row.officer_id.map(|officer| officer.0),
            title: row.officer_title,
            acted_at: row.acted_at.map(|at| at.0.to_string()),
            comment,
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
    /// `in_approval`, `approved`, `returned` or `recalled`.
    state: String,
    /// What is proposed.
    decision: DecisionWord,
    /// Why.
    reasons: Vec<String>,
    /// Under which conditions.
    conditions: Vec<String>,
    /// SHA-256 of the frozen text.
    body_sha256: String,
    /// Who drafted it; never one of those who seal.
    drafter: Uuid,
    /// The step it lies on.
    current_step: i64,
    /// The route.
    steps: Vec<StepBody>,
    /// Version of the case; also the `ETag`.
    version: i64,
}

impl From<Standing> for ProposalView {
    fn from(standing: Standing) -> Self {
        let steps = standing.routed.steps.into_iter().zip(standing.comments);
        let row = standing.routed.row;
        Self {
            id: row.id.0,
            application: row.application_id.0,
            application_state: standing.case.state,
            state: row.state,
            decision: standing.body.decision.into(),
            reasons: standing.body.reasons,
            conditions: standing.body.conditions,
            body_sha256: row.body_sha256,
            drafter: row.drafter_id.0,
            current_step: row.current_step,
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
    /// `grant` or `refuse`.
    decision: String,
    /// Number of the step.
    step: i64,
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
            decision: step.decision,
            step: step.step_no,
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
    items: Vec<WaitingApproval>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

fn stands(status: StatusCode, effect: Effect<Standing>) -> HttpResponse {
    let version = effect.value.case.version;
    respond::effect(status, effect.origin, Some(version), &ProposalView::from(effect.value))
}

/// Propose a decision
///
/// The officer in charge drafts; the text is frozen from then on. A refusal states its reasons: the facts, the clause
/// applied, the standard of review. Nobody proposes anything about a notification.
#[utoipa::path(
    operation_id = "create_proposal", tag = "review", params(CasePath, IdempotencyKeyHeader, IfMatchHeader),
    request_body = CreateProposal,
    responses((status = 201, description = "It is on its route", body = ProposalView), ChangeProblems, VersionProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/proposal")]
pub async fn create_proposal(
    mutation: Mutation<CreateProposal>,
    version: IfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let CreateProposal { decision, reasons, conditions } = mutation.body;
    let body = ProposalBody { decision: decision.into(), reasons, conditions };
    let made = approval::propose(mutation.ctx, mutation.idempotency, id, version.0, body).await?;
    Ok(stands(StatusCode::CREATED, made))
}

/// Look at the proposal
///
/// The last one of the case, for staff of the departments on its route. Applicants learn of the decision, not of drafts.
#[utoipa::path(
    operation_id = "get_proposal", tag = "review", params(CasePath),
    responses((status = 200, description = "The proposal", body = ProposalView), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/proposal")]
pub async fn get_proposal(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let standing = approval::proposal(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    Ok(respond::versioned(standing.case.version, &ProposalView::from(standing)))
}

/// Seal the current step
///
/// Whoever holds the step's role in its department today, but never the drafter. The last seal makes the decision; it
/// waits until the fee is paid or entrusted (409 `fee_not_settled`).
#[utoipa::path(
    operation_id = "approve_proposal", tag = "review", params(CasePath, IdempotencyKeyHeader, IfMatchHeader),
    responses((status = 200, description = "It is sealed", body = ProposalView), ChangeProblems, VersionProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/approval/approve")]
pub async fn approve_proposal(
    mutation: Mutation<Nothing>,
    version: IfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (id, act) = (segment(&request, "id")?, Act::Approve { version: version.0 });
    Ok(stands(StatusCode::OK, approval::act(mutation.ctx, mutation.idempotency, id, act).await?))
}

/// Send a proposal back
///
/// To the drafter, or to an earlier step whose seal is then needed anew; with a word why.
#[utoipa::path(
    operation_id = "return_proposal", tag = "review", params(CasePath, IdempotencyKeyHeader),
    request_body = ReturnProposal,
    responses((status = 200, description = "It went back", body = ProposalView), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/approval/return")]
pub async fn return_proposal(
    mutation: Mutation<ReturnProposal>,
    version: OptionalIfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let ReturnProposal { to_step, comment } = mutation.body;
    let act = Act::Return { to_step, comment, version: version.0 };
    Ok(stands(StatusCode::OK, approval::act(mutation.ctx, mutation.idempotency, id, act).await?))
}

/// Take a proposal back
///
/// Only the drafter can, before the last seal.
#[utoipa::path(
    operation_id = "recall_proposal", tag = "review", params(CasePath, IdempotencyKeyHeader),
    responses((status = 200, description = "It is under review again", body = ProposalView), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/approval/recall")]
pub async fn recall_proposal(
    mutation: Mutation<Nothing>,
    version: OptionalIfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (id, act) = (segment(&request, "id")?, Act::Recall { version: version.0 });
    Ok(stands(StatusCode::OK, approval::act(mutation.ctx, mutation.idempotency, id, act).await?))
}

/// The decision
///
/// For the applicant and for staff of the department, once there is one.
#[utoipa::path(
    operation_id = "get_decision", tag = "applications", params(CasePath),
    responses((status = 200, description = "The decision", body = DecisionBody), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/decision")]
pub async fn get_decision(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let found = decision::find(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    Ok(respond::plain(&DecisionBody::from(found)))
}

/// What waits for my seal
///
/// Over all bodies where you hold a post today; your own drafts are not among them.
#[utoipa::path(
    operation_id = "list_my_approvals", tag = "review", params(PageQuery),
    responses((status = 200, description = "Steps that wait for you", body = ApprovalList), ReadProblems),
)]
#[get("/v1/me/approvals")]
pub async fn list_my_approvals(
    SignedIn(ctx): SignedIn,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let after = page.cursor.as_deref().map(str::parse).transpose().map_err(|_| Refusal::NotFound)?;
    let (steps, next) = decision::waiting_for_me(ctx, after).await?;
    let items = steps.into_iter().map(WaitingApproval::from).collect();
    Ok(respond::plain(&ApprovalList { items, next_cursor: next.map(|proposal| proposal.to_string()) }))
}
