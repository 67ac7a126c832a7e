//! Proposals (起案) and their approval (決裁).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::approval_bodies::{ApprovalList, ProposalView, SubjectWord, WaitingApproval, WeightWord};
use super::decisions::{DecisionWord, ReasonBody};
use super::review::tenant;
use crate::domain::approval::{DecisionKind, DecisionProposal, ProposalBody, Subject};
use crate::domain::disposition::Reason;
use crate::domain::id::OfficerId;
use crate::http::contract::{
    CasePath, ChangeProblems, IdempotencyKeyHeader, IfMatchHeader, PageQuery, ReadProblems, VersionProblems,
};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Mutation, OptionalIfMatch, SignedIn, segment};
use crate::http::respond;
use crate::service::approval::{self, Act, Draft, Seat, Standing, TextChange};
use crate::service::decision;
use crate::service::idempotency::IdempotencyRequest;
use crate::service::{Ctx, Effect, Refusal};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(create_proposal)
        .service(get_proposal)
        .service(approve_proposal)
        .service(dissent_from_proposal)
        .service(escalate_proposal)
        .service(return_proposal)
        .service(revise_proposal)
        .service(instruct_proposal)
        .service(recall_proposal)
        .service(list_my_approvals);
}

/// A drafted decision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateProposal {
    /// What is decided.
    decision: DecisionWord,
    /// Facts, the clause applied, the standard of review; whatever burdens needs at least one, in these three parts.
    #[serde(default)]
    #[schema(required = false)]
    reasons: Vec<ReasonBody>,
    /// Conditions of a conditional grant or a partial refusal.
    #[serde(default)]
    #[schema(required = false)]
    conditions: Vec<String>,
    /// How much the matter weighs; `important` and `unusual` go up to the deciding authority whatever a standing decision says.
    #[serde(default)]
    #[schema(required = false)]
    weight: WeightWord,
    /// Why it is decided before an opinion has come that another department was asked for; needed while one is awaited, for the
    /// approvers, and no part of what is issued.
    #[serde(default)]
    #[schema(required = false)]
    without_opinion: Option<String>,
}

impl From<CreateProposal> for Draft {
    fn from(request: CreateProposal) -> Self {
        let CreateProposal { decision, reasons, conditions, weight, without_opinion } = request;
        let reasons = reasons.into_iter().map(Reason::from).collect();
        let body = DecisionProposal { decision: decision.into(), reasons, conditions, without_opinion };
        Self { body: ProposalBody::Decision(body), weight: weight.into() }
    }
}

/// Which proposal of the case is meant.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SubjectQuery {
    /// What it is about; a decision when left out.
    #[serde(default)]
    #[param(required = false, inline)]
    subject: SubjectWord,
}

impl SubjectQuery {
    /// What the proposal is about.
    pub(super) fn subject(&self) -> Subject {
        self.subject.into()
    }
}

/// A seal.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveProposal {
    /// What the proposal is about; a decision when left out.
    #[serde(default)]
    #[schema(required = false)]
    subject: SubjectWord,
    /// The absent officer in whose place you act (代決): a recorded absence names you as the cover today.
    #[serde(default)]
    #[schema(required = false)]
    acting_for: Option<Uuid>,
    /// `issue.content_sha256` of the proposal that you looked at; another one is refused (412 `content_changed`).
    #[serde(default)]
    #[schema(required = false)]
    content_sha256: Option<String>,
}

/// A disagreement.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DissentFromProposal {
    /// What the proposal is about; a decision when left out.
    #[serde(default)]
    #[schema(required = false)]
    subject: SubjectWord,
    /// The absent officer in whose place you act (代決): a recorded absence names you as the cover today.
    #[serde(default)]
    #[schema(required = false)]
    acting_for: Option<Uuid>,
    /// Why.
    comment: String,
}

/// A word that the matter weighs more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalateProposal {
    /// What the proposal is about; a decision when left out.
    #[serde(default)]
    #[schema(required = false)]
    subject: SubjectWord,
    /// How much it weighs.
    weight: WeightWord,
}

/// What of a proposed decision is to be said in another way; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviseProposal {
    /// What is decided.
    #[serde(default)]
    #[schema(required = false)]
    decision: Option<DecisionWord>,
    /// All reasons as they are to be.
    #[serde(default)]
    #[schema(required = false)]
    reasons: Option<Vec<ReasonBody>>,
    /// All conditions as they are to be.
    #[serde(default)]
    #[schema(required = false)]
    conditions: Option<Vec<String>>,
    /// Why it is decided before an opinion has come that another department was asked for; needed while one is awaited.
    #[serde(default)]
    #[schema(required = false)]
    without_opinion: Option<String>,
}

impl From<ReviseProposal> for TextChange {
    fn from(request: ReviseProposal) -> Self {
        let ReviseProposal { decision, reasons, conditions, without_opinion } = request;
        let reasons = reasons.map(|all| all.into_iter().map(Reason::from).collect());
        Self { decision: decision.map(DecisionKind::from), reasons, conditions, without_opinion }
    }
}

/// What is to be done in one's place.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstructProposal {
    /// What the proposal is about; a decision when left out.
    #[serde(default)]
    #[schema(required = false)]
    subject: SubjectWord,
    /// What whoever acts in your place is to do.
    instruction: String,
}

/// Which proposal is taken back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecallProposal {
    /// What it is about; a decision when left out.
    #[serde(default)]
    #[schema(required = false)]
    subject: SubjectWord,
}

/// Where a proposal goes back to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnProposal {
    /// What it is about; a decision when left out.
    #[serde(default)]
    #[schema(required = false)]
    subject: SubjectWord,
    /// The absent officer in whose place you act (代決): a recorded absence names you as the cover today.
    #[serde(default)]
    #[schema(required = false)]
    acting_for: Option<Uuid>,
    /// 0 is the drafter; otherwise an earlier step, whose seal is then needed anew.
    #[serde(default)]
    #[schema(required = false, minimum = 0)]
    to_step: usize,
    /// Why.
    comment: String,
}

fn stands(status: StatusCode, effect: Effect<Standing>) -> HttpResponse {
    let version = effect.value.case.version;
    respond::effect(status, effect.origin, Some(version), &ProposalView::from(effect.value))
}

/// Propose a decision
///
/// The officer in charge drafts; the text is frozen from then on. A refusal states its reasons: the facts, the clause
/// applied, the standard of review. While another department's opinion is awaited, nothing is proposed over its head: wait, take the
/// request back, or say in `without_opinion` why. Nobody proposes anything about a notification.
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
    let draft = mutation.body.into();
    let made = approval::propose(mutation.ctx, mutation.idempotency, id, version.0, draft).await?;
    Ok(stands(StatusCode::CREATED, made))
}

/// Look at the proposal
///
/// The last one of the case about the subject, for staff of the departments on its route. Applicants learn of the decision,
/// not of drafts.
#[utoipa::path(
    operation_id = "get_proposal", tag = "review", params(CasePath, SubjectQuery),
    responses((status = 200, description = "The proposal", body = ProposalView), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/proposal")]
pub async fn get_proposal(
    SignedIn(ctx): SignedIn,
    query: web::Query<SubjectQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (tenant, id) = (tenant(&request)?, segment(&request, "id")?);
    let standing = approval::proposal(ctx, tenant, id, query.subject()).await?;
    Ok(respond::versioned(standing.case.version, &ProposalView::from(standing)))
}

fn seat(subject: SubjectWord, acting_for: Option<Uuid>) -> Seat {
    Seat { subject: subject.into(), acting_for: acting_for.map(OfficerId) }
}

async fn act(
    ctx: Ctx,
    idempotency: IdempotencyRequest,
    request: &HttpRequest,
    seat: Seat,
    act: Act,
) -> Result<HttpResponse, ApiError> {
    let id = segment(request, "id")?;
    Ok(stands(StatusCode::OK, approval::act(ctx, idempotency, id, seat, act).await?))
}

/// Seal the current step
///
/// Whoever holds the step's role in its department today, but never the drafter; or, with `acting_for`, whoever a recorded
/// absence of today names as the cover (代決), which the absent officer then looks at afterwards. A step of 回議 is passed on by it, a step of
/// 合議 agrees. The last seal does what is proposed; a decision waits until the fee is paid or entrusted (409
/// `fee_not_settled`).
#[utoipa::path(
    operation_id = "approve_proposal", tag = "review", params(CasePath, IdempotencyKeyHeader, IfMatchHeader),
    request_body = ApproveProposal,
    responses((status = 200, description = "It is sealed", body = ProposalView), ChangeProblems, VersionProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/approval/approve")]
pub async fn approve_proposal(
    mutation: Mutation<ApproveProposal>,
    version: IfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let ApproveProposal { subject, acting_for, content_sha256 } = mutation.body;
    let approve = Act::Approve { version: version.0, content_sha256 };
    act(mutation.ctx, mutation.idempotency, &request, seat(subject, acting_for), approve).await
}

/// Disagree as a consulted section
///
/// 合議不同意: the disagreement stays on the record, and the matter goes up to the deciding authority.
#[utoipa::path(
    operation_id = "dissent_from_proposal", tag = "review",
    params(CasePath, IdempotencyKeyHeader, IfMatchHeader), request_body = DissentFromProposal,
    responses((status = 200, description = "It is recorded", body = ProposalView), ChangeProblems, VersionProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/approval/dissent")]
pub async fn dissent_from_proposal(
    mutation: Mutation<DissentFromProposal>,
    version: IfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let DissentFromProposal { subject, acting_for, comment } = mutation.body;
    let dissent = Act::Dissent { comment, version: version.0 };
    act(mutation.ctx, mutation.idempotency, &request, seat(subject, acting_for), dissent).await
}

/// Say that the matter weighs more
///
/// The drafter, or whoever it waits for. An important or unusual matter goes up to the deciding authority even where a
/// standing decision would close the route earlier.
#[utoipa::path(
    operation_id = "escalate_proposal", tag = "review", params(CasePath, IdempotencyKeyHeader),
    request_body = EscalateProposal,
    responses((status = 200, description = "Its route is longer", body = ProposalView), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/approval/escalate")]
pub async fn escalate_proposal(
    mutation: Mutation<EscalateProposal>,
    version: OptionalIfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let EscalateProposal { subject, weight } = mutation.body;
    let escalate = Act::Escalate { weight: weight.into(), version: version.0 };
    act(mutation.ctx, mutation.idempotency, &request, seat(subject, None), escalate).await
}

/// Send a proposal back
///
/// To the drafter, or to an earlier step; every seal from there on is void and needed anew, and stays in the history. With a
/// word why.
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
    let ReturnProposal { subject, acting_for, to_step, comment } = mutation.body;
    let back = Act::Return { to_step, comment, version: version.0 };
    act(mutation.ctx, mutation.idempotency, &request, seat(subject, acting_for), back).await
}

/// Change the text on its route
///
/// 変更起案: the drafter of a decision, before the last seal. The changed text takes the place of the present one and begins at
/// the first desk; every seal behind it is void, stays in the history, and is asked for anew. After the last seal any other
/// text is another proposal.
#[utoipa::path(
    operation_id = "revise_proposal", tag = "review", params(CasePath, IdempotencyKeyHeader, IfMatchHeader),
    request_body = ReviseProposal,
    responses((status = 200, description = "The changed text is on its route", body = ProposalView), ChangeProblems, VersionProblems),
)]
#[patch("/v1/tenants/{tenant}/applications/{id}/proposal")]
pub async fn revise_proposal(
    mutation: Mutation<ReviseProposal>,
    version: IfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let revise = Act::Revise { change: mutation.body.into(), version: version.0 };
    act(mutation.ctx, mutation.idempotency, &request, Seat::DECISION, revise).await
}

/// Say beforehand what is to be done in your place
///
/// あらかじめの指示: whoever sits at a desk of the route that is still to act. An important, unusual or novel matter is sealed in
/// an absent officer's place only under such an instruction, given about exactly this text.
#[utoipa::path(
    operation_id = "instruct_proposal", tag = "review", params(CasePath, IdempotencyKeyHeader, IfMatchHeader),
    request_body = InstructProposal,
    responses((status = 200, description = "It is recorded", body = ProposalView), ChangeProblems, VersionProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/approval/instruct")]
pub async fn instruct_proposal(
    mutation: Mutation<InstructProposal>,
    version: IfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let InstructProposal { subject, instruction } = mutation.body;
    let instruct = Act::Instruct { text: instruction, version: version.0 };
    act(mutation.ctx, mutation.idempotency, &request, seat(subject, None), instruct).await
}

/// Take a proposal back
///
/// Only the drafter can, before the last seal.
#[utoipa::path(
    operation_id = "recall_proposal", tag = "review", params(CasePath, IdempotencyKeyHeader),
    request_body = RecallProposal,
    responses((status = 200, description = "It is under review again", body = ProposalView), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/approval/recall")]
pub async fn recall_proposal(
    mutation: Mutation<RecallProposal>,
    version: OptionalIfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let recall = Act::Recall { version: version.0 };
    act(mutation.ctx, mutation.idempotency, &request, seat(mutation.body.subject, None), recall).await
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
