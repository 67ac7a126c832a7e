//! `…/delay-reasons`: why a decision takes longer than the standard period, and by when it is expected now.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::review::tenant;
use crate::http::contract::{CasePath, ChangeProblems, IdempotencyKeyHeader, ReadProblems};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::respond;
use crate::service::delay_reason::{self, Delay, NewDelay};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_delay_reasons).service(record_delay_reason);
}

/// Why it takes longer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordDelayReason {
    /// In words for the applicant, 1 to 2,000 characters.
    #[schema(example = "現地調査の日程調整に時間を要しています。")]
    reason: String,
    /// By when the decision is expected now: after the end of the period, and in the future.
    #[schema(format = Date, value_type = String)]
    expected_on: jiff::civil::Date,
}

/// A recorded reason.
#[derive(Serialize, ToSchema)]
pub struct DelayBody {
    /// The record.
    id: Uuid,
    /// Why.
    reason: String,
    /// The end of the period when it was recorded.
    #[schema(format = Date, value_type = String)]
    due_on: String,
    /// By when the decision is expected.
    #[schema(format = Date, value_type = String)]
    expected_on: String,
    /// When it was recorded.
    #[schema(format = DateTime, value_type = String)]
    recorded_at: String,
}

impl DelayBody {
    /// Presents a reason.
    pub(super) fn of(delay: &Delay) -> Self {
        Self {
            id: delay.row.id.0,
            reason: delay.reason.clone(),
            due_on: delay.row.due_on.0.to_string(),
            expected_on: delay.row.expected_on.0.to_string(),
            recorded_at: delay.row.recorded_at.0.to_string(),
        }
    }
}

/// The reasons of a case.
#[derive(Serialize, ToSchema)]
pub struct DelayList {
    /// Oldest first.
    items: Vec<DelayBody>,
    /// Always null: a case has few of them.
    next_cursor: Option<String>,
}

/// Why it takes longer
///
/// For the applicant and for staff of the department, oldest first.
#[utoipa::path(
    operation_id = "list_delay_reasons", tag = "applications", params(CasePath),
    responses((status = 200, description = "The reasons", body = DelayList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/delay-reasons")]
pub async fn list_delay_reasons(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let found = delay_reason::list(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    let items = found.iter().map(DelayBody::of).collect();
    Ok(respond::plain(&DelayList { items, next_cursor: None }))
}

/// Record why it takes longer
///
/// For staff of the department: why the decision takes longer than the standard period and by when it is expected. The
/// applicant is told and sees it beside the clock; nothing is decided by it, and what was recorded is never changed.
#[utoipa::path(
    operation_id = "record_delay_reason", tag = "review", params(CasePath, IdempotencyKeyHeader),
    request_body = RecordDelayReason,
    responses((status = 201, description = "It is recorded", body = DelayBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/delay-reasons")]
pub async fn record_delay_reason(
    mutation: Mutation<RecordDelayReason>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let RecordDelayReason { reason, expected_on } = mutation.body;
    let new = NewDelay { reason, expected_on };
    let made = delay_reason::record(mutation.ctx, mutation.idempotency, id, new).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &DelayBody::of(&made.value)))
}
