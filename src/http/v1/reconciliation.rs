//! `…/reconciliation/exceptions`: what a person must look at when books, gateways and bank do not tell one story.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{ExceptionId, OfficerId, TenantCode};
use crate::domain::reconciliation::resolutions_of;
use crate::domain::settlement::{ExceptionKind, ExceptionState};
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, ReadProblems, ResourcePath, TenantPath};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, Nothing, SignedIn, segment};
use crate::http::respond;
use crate::service::Refusal;
use crate::service::exception_desk::{self, ExceptionFile, Move, PAGE};
use crate::store::exception_desk::{ExceptionFilter, StepRow};
use crate::store::reconciliation_exceptions::ExceptionRow;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_exceptions)
        .service(get_exception)
        .service(claim_exception)
        .service(propose_resolution)
        .service(return_resolution)
        .service(approve_resolution);
}

/// Which exceptions are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExceptionQuery {
    /// `open`, `proposed` or `resolved`.
    state: Option<String>,
    /// Such as `bank_mismatch`.
    kind: Option<String>,
    /// The officer who looks after it.
    owner: Option<Uuid>,
    /// `next_cursor` of the page before.
    cursor: Option<Uuid>,
}

/// How an exception is to end.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeResolution {
    /// One of the exception's `resolutions`.
    #[schema(example = "explained")]
    resolution: String,
    /// Why; without personal data.
    comment: String,
}

/// Why a proposal is sent back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnResolution {
    /// Why; without personal data.
    comment: String,
}

/// Something that was found.
#[derive(Serialize, ToSchema)]
pub struct ExceptionBody {
    /// The exception.
    id: Uuid,
    /// What does not agree, such as `amount_mismatch`.
    kind: String,
    /// What it is about, such as `payment:…`, `line:…`, `settlement:…`.
    subject: String,
    /// What was found, on either side.
    #[schema(value_type = Object)]
    facts: Value,
    /// `open`, `proposed` or `resolved`.
    state: String,
    /// The officer who looks after it.
    owner: Option<Uuid>,
    /// When it was found first.
    #[schema(format = DateTime)]
    raised_at: String,
    /// Days since then, or until it was resolved.
    age_days: i32,
    /// How it may end.
    resolutions: Vec<String>,
    /// What is proposed or decided.
    resolution: Option<String>,
    /// Why.
    comment: Option<String>,
    /// Who proposed it.
    proposed_by: Option<Uuid>,
    /// Who agreed.
    resolved_by: Option<Uuid>,
    /// Rises with every change; also the `ETag`.
    version: i64,
    /// The resolved exception after which the same trouble came back in another shape; null where it is new.
    follows: Option<Uuid>,
}

impl ExceptionBody {
    fn of(row: &ExceptionRow, now: Timestamp) -> Self {
        let until = row.resolved_at.map_or(now, |at| at.0);
        let known = ExceptionKind::parse(&row.kind).map(|kind| resolutions_of(kind, &row.subject));
        Self {
            id: row.id.0,
            kind: row.kind.clone(),
            subject: row.subject.clone(),
            facts: row.facts.0.clone(),
            state: row.state.clone(),
            owner: row.owner.map(|officer| officer.0),
            raised_at: row.raised_at.0.to_string(),
            age_days: (jst_day(until) - jst_day(row.raised_at.0)).get_days(),
            resolutions: known.into_iter().flatten().map(|resolution| resolution.code.to_owned()).collect(),
            resolution: row.resolution.clone(),
            comment: row.comment.clone(),
            proposed_by: row.proposed_by.map(|officer| officer.0),
            resolved_by: row.resolved_by.map(|officer| officer.0),
            version: row.version,
            follows: row.follows.map(|before| before.0),
        }
    }
}

/// A page of the queue.
#[derive(Serialize, ToSchema)]
pub struct ExceptionList {
    /// Oldest first.
    items: Vec<ExceptionBody>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// Something that was done about an exception.
#[derive(Serialize, ToSchema)]
pub struct ExceptionStep {
    /// `claimed`, `proposed`, `returned` or `approved`.
    kind: String,
    /// Who did it.
    officer: Uuid,
    /// The resolution it is about.
    resolution: Option<String>,
    /// Why.
    comment: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    at: String,
}

impl ExceptionStep {
    fn of(step: &StepRow) -> Self {
        Self {
            kind: step.kind.clone(),
            officer: step.officer_id.0,
            resolution: step.resolution.clone(),
            comment: step.comment.clone(),
            at: step.at.0.to_string(),
        }
    }
}

/// An exception with everything that was done about it.
#[derive(Serialize, ToSchema)]
pub struct ExceptionDetails {
    /// The exception.
    exception: ExceptionBody,
    /// What was done, in order.
    steps: Vec<ExceptionStep>,
}

impl ExceptionDetails {
    fn of(file: &ExceptionFile, now: Timestamp) -> Self {
        let steps = file.steps.iter().map(ExceptionStep::of).collect();
        Self { exception: ExceptionBody::of(&file.row, now), steps }
    }
}

/// List exceptions
///
/// For accountants: what does not agree, oldest first, with its owner and its age in days.
#[utoipa::path(
    operation_id = "list_exceptions", tag = "accounting", params(TenantPath, ExceptionQuery),
    responses((status = 200, description = "A page", body = ExceptionList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/reconciliation/exceptions")]
pub async fn list_exceptions(
    SignedIn(ctx): SignedIn,
    query: web::Query<ExceptionQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (tenant, now): (TenantCode, _) = (segment(&request, "tenant")?, ctx.now());
    let query = query.into_inner();
    let after = query.cursor.map(ExceptionId);
    let rows = exception_desk::list(ctx, tenant, filter(query)?, after).await?;
    let next_cursor = respond::next_cursor(&rows, PAGE, |row| row.id);
    let items = rows.iter().map(|row| ExceptionBody::of(row, now)).collect();
    Ok(respond::plain(&ExceptionList { items, next_cursor }))
}

fn filter(query: ExceptionQuery) -> Result<ExceptionFilter, Refusal> {
    let unknown = |name: &'static str| {
        let (ja, en) = ("選べない値です。", "The value is none of the choices.");
        Fault::new(format!("/{name}"), name, ja, en)
    };
    let mut faults = Vec::new();
    if query.state.as_deref().is_some_and(|state| ExceptionState::parse(state).is_none()) {
        faults.push(unknown("state"));
    }
    if query.kind.as_deref().is_some_and(|kind| ExceptionKind::parse(kind).is_none()) {
        faults.push(unknown("kind"));
    }
    if !faults.is_empty() {
        return Err(Refusal::Malformed(faults));
    }
    Ok(ExceptionFilter { state: query.state, kind: query.kind, owner: query.owner.map(OfficerId) })
}

/// Get an exception
///
/// For accountants: what was found, and every step since.
#[utoipa::path(
    operation_id = "get_exception", tag = "accounting", params(ResourcePath),
    responses((status = 200, description = "The exception", body = ExceptionDetails), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/reconciliation/exceptions/{id}")]
pub async fn get_exception(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, ExceptionId) = (segment(&request, "tenant")?, segment(&request, "id")?);
    let now = ctx.now();
    let file = exception_desk::show(ctx, tenant, id).await?;
    Ok(respond::versioned(file.row.version, &ExceptionDetails::of(&file, now)))
}

async fn act<T>(
    mutation: Mutation<T>,
    request: &HttpRequest,
    wanted: Move,
) -> Result<HttpResponse, ApiError> {
    let (id, now): (ExceptionId, _) = (segment(request, "id")?, mutation.ctx.now());
    let done = exception_desk::act(mutation.ctx, mutation.idempotency, id, wanted).await?;
    let body = ExceptionDetails::of(&done.value, now);
    Ok(respond::effect(StatusCode::OK, done.origin, Some(done.value.row.version), &body))
}

/// Look after an exception
///
/// For accountants; also in place of a colleague.
#[utoipa::path(
    operation_id = "claim_exception", tag = "accounting", params(ResourcePath, IdempotencyKeyHeader),
    request_body = Nothing,
    responses((status = 200, description = "The exception", body = ExceptionDetails), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/reconciliation/exceptions/{id}/claim")]
pub async fn claim_exception(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    act(mutation, &request, Move::Claim).await
}

/// Propose how an exception ends
///
/// For accountants: one of the resolutions that its kind knows, with the reason. Another accountant must agree.
#[utoipa::path(
    operation_id = "propose_resolution", tag = "accounting", params(ResourcePath, IdempotencyKeyHeader),
    request_body = ProposeResolution,
    responses((status = 200, description = "The exception", body = ExceptionDetails), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/reconciliation/exceptions/{id}/resolution")]
pub async fn propose_resolution(
    mutation: Mutation<ProposeResolution>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let ProposeResolution { resolution, comment } = &mutation.body;
    let wanted = Move::Propose { resolution: resolution.clone(), comment: comment.clone() };
    act(mutation, &request, wanted).await
}

/// Send a proposed resolution back
#[utoipa::path(
    operation_id = "return_resolution", tag = "accounting", params(ResourcePath, IdempotencyKeyHeader),
    request_body = ReturnResolution,
    responses((status = 200, description = "The exception", body = ExceptionDetails), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/reconciliation/exceptions/{id}/return")]
pub async fn return_resolution(
    mutation: Mutation<ReturnResolution>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let comment = mutation.body.comment.clone();
    act(mutation, &request, Move::Return { comment }).await
}

/// Agree to a proposed resolution
///
/// Never by the person who proposed it (403 `own_resolution`). What the resolution books is booked at once: `accept_late`
/// makes the debt paid on the day the money arrived, `book_line` makes a payment of what was reported by eL-QR, with the amount that
/// came, and `owed_again` makes a debt owed again whose money the payer's bank pulled back, or whose payment by eL-QR was taken back by
/// the organisation: that payment ends `canceled`, and its receipt holds no more. Money that the payer's bank pulled back and that had
/// paid no debt is too much no more. `book_return` makes a refund of what a gateway sent
/// back without one.
#[utoipa::path(
    operation_id = "approve_resolution", tag = "accounting", params(ResourcePath, IdempotencyKeyHeader),
    request_body = Nothing,
    responses((status = 200, description = "The exception", body = ExceptionDetails), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/reconciliation/exceptions/{id}/approve")]
pub async fn approve_resolution(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    act(mutation, &request, Move::Approve).await
}
