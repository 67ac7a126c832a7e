//! Corrections (補正) and inquiries (照会): what staff ask, and the applicant's answer.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::applications::ApplicationSummary;
use super::review::tenant;
use crate::http::contract::{
    CasePath, ChangeProblems, IdempotencyKeyHeader, IfMatchHeader, ReadProblems, VersionProblems,
};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Mutation, SignedIn, segment};
use crate::http::respond;
use crate::service::correction::{self, Ask, Correction, CorrectionItem};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_corrections).service(request_correction).service(resubmit_application);
}

/// One thing that is asked.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedItem {
    /// `/form/{field}`, a place within it such as `/form/{table}/{row}/{column}`, or `/attachments/{code}`.
    #[schema(example = "/form/address")]
    pointer: String,
    /// What is to be done.
    #[schema(example = "番地まで記入してください。")]
    message: String,
}

/// What staff ask.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestCorrection {
    /// Item by item; nothing else unlocks.
    #[schema(min_items = 1)]
    items: Vec<AskedItem>,
    /// The day an answer is asked for; in the future.
    #[schema(format = Date, value_type = String)]
    due_on: jiff::civil::Date,
}

/// The corrected answers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResubmitApplication {
    /// The answers that change; those that are not given stay, `null` takes one out.
    #[schema(value_type = Object)]
    form: Value,
}

/// A request for correction, or an inquiry.
#[derive(Serialize, ToSchema)]
pub struct CorrectionBody {
    /// The request.
    id: Uuid,
    /// `correction`, or `inquiry` about a notification.
    kind: String,
    /// `open`, `answered` or `closed`.
    state: String,
    /// What is asked.
    items: Vec<AskedItem>,
    /// The day an answer is asked for; missing it ends nothing by itself.
    #[schema(format = Date, value_type = String)]
    due_on: String,
    /// When it was asked.
    #[schema(format = DateTime, value_type = String)]
    requested_at: String,
    /// When it was answered.
    #[schema(format = DateTime, value_type = Option<String>)]
    answered_at: Option<String>,
}

impl From<Correction> for CorrectionBody {
    fn from(correction: Correction) -> Self {
        let asked = |item: CorrectionItem| AskedItem { pointer: item.pointer, message: item.message };
        Self {
            id: correction.row.id.0,
            kind: correction.row.kind,
            state: correction.row.state,
            items: correction.items.into_iter().map(asked).collect(),
            due_on: correction.row.due_on.0.to_string(),
            requested_at: correction.row.requested_at.0.to_string(),
            answered_at: correction.row.answered_at.map(|at| at.0.to_string()),
        }
    }
}

/// The requests of a case.
#[derive(Serialize, ToSchema)]
pub struct CorrectionList {
    /// Oldest first.
    items: Vec<CorrectionBody>,
    /// Always null: a case has few of them.
    next_cursor: Option<String>,
}

/// What was asked
///
/// For the applicant and for staff of the department, oldest first.
#[utoipa::path(
    operation_id = "list_corrections", tag = "applications", params(CasePath),
    responses((status = 200, description = "The requests", body = CorrectionList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/corrections")]
pub async fn list_corrections(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let found = correction::list(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    let items = found.into_iter().map(CorrectionBody::from).collect();
    Ok(respond::plain(&CorrectionList { items, next_cursor: None }))
}

/// Ask for a correction
///
/// The officer in charge names exact items and a day; the applicant can then change these and nothing else. About a
/// notification it is an inquiry, and its arrival stands. The `ETag` is that of the case.
#[utoipa::path(
    operation_id = "request_correction", tag = "review", params(CasePath, IdempotencyKeyHeader),
    request_body = RequestCorrection,
    responses((status = 201, description = "The request", body = CorrectionBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/corrections")]
pub async fn request_correction(
    mutation: Mutation<RequestCorrection>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let asked = |item: AskedItem| CorrectionItem { pointer: item.pointer, message: item.message };
    let items = mutation.body.items.into_iter().map(asked).collect();
    let ask = Ask { items, due_on: mutation.body.due_on };
    let made = correction::ask(mutation.ctx, mutation.idempotency, id, ask).await?;
    let version = made.value.case.version;
    Ok(respond::effect(StatusCode::CREATED, made.origin, Some(version), &CorrectionBody::from(made.value)))
}

/// Answer a correction
///
/// Only what was asked may change; every other change is named in the refusal. What you handed in before is kept, and
/// your application keeps the moment it arrived.
#[utoipa::path(
    operation_id = "resubmit_application", tag = "applications",
    params(CasePath, IdempotencyKeyHeader, IfMatchHeader), request_body = ResubmitApplication,
    responses(
        (status = 200, description = "It is under review again", body = ApplicationSummary),
        ChangeProblems, VersionProblems,
    ),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/resubmit")]
pub async fn resubmit_application(
    mutation: Mutation<ResubmitApplication>,
    version: IfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let form = mutation.body.form;
    let made = correction::resubmit(mutation.ctx, mutation.idempotency, id, version.0, form).await?;
    let body = ApplicationSummary::of(&made.value);
    Ok(respond::effect(StatusCode::OK, made.origin, Some(made.value.version), &body))
}
