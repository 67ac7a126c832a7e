//! `…/clock-pauses`: times the clock stands still because the office says so.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::review::tenant;
use crate::domain::processing_clock::OfficePause;
use crate::http::contract::{CasePath, ChangeProblems, IdempotencyKeyHeader, ReadProblems, ResourcePath};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::respond;
use crate::service::clock_pause::{self, ClockPause, NewPause};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_clock_pauses).service(record_clock_pause).service(end_clock_pause);
}

/// Why the office says that the clock stands still.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OfficePauseWord {
    /// The applicant changes the content on the own initiative.
    ApplicantChange,
    /// Documents are awaited beyond those that the application needs.
    ExtraDocuments,
    /// The papers are at the office they pass through; not where the period counts days of transit.
    InTransit,
}

impl From<OfficePauseWord> for OfficePause {
    fn from(word: OfficePauseWord) -> Self {
        match word {
            OfficePauseWord::ApplicantChange => Self::ApplicantChange,
            OfficePauseWord::ExtraDocuments => Self::ExtraDocuments,
            OfficePauseWord::InTransit => Self::InTransit,
        }
    }
}

/// A pause to be recorded.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordClockPause {
    /// Why.
    reason: OfficePauseWord,
    /// The last day that still counts: not before the arrival, not after today, and before the end of the period.
    #[schema(format = Date, value_type = String)]
    asked_on: Date,
    /// What is awaited, in words for the applicant, 1 to 5,000 characters.
    #[schema(example = "隣地との境界が分かる図面の提出を待っています。")]
    note: String,
}

/// The end of a pause.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndClockPause {
    /// The last day of the pause: not after today. The clock runs again the day after.
    #[schema(format = Date, value_type = String)]
    ended_on: Date,
}

/// A pause that the office recorded: from the day after `asked_on` to `ended_on`.
#[derive(Serialize, ToSchema)]
pub struct ClockPauseBody {
    /// The record.
    id: Uuid,
    /// `applicant_change`, `extra_documents` or `in_transit`.
    #[schema(example = "extra_documents")]
    reason: String,
    /// What is awaited.
    note: String,
    /// The last day that still counts.
    #[schema(format = Date, value_type = String)]
    asked_on: String,
    /// The last day of the pause; null while it lasts.
    #[schema(format = Date, value_type = Option<String>)]
    ended_on: Option<String>,
    /// When it was recorded.
    #[schema(format = DateTime, value_type = String)]
    recorded_at: String,
}

impl ClockPauseBody {
    fn of(pause: &ClockPause) -> Self {
        let row = &pause.recorded.row;
        Self {
            id: row.id.0,
            reason: row.reason.clone(),
            note: pause.note.clone(),
            asked_on: row.asked_on.0.to_string(),
            ended_on: pause.recorded.ended_on.map(|day| day.0.to_string()),
            recorded_at: row.recorded_at.0.to_string(),
        }
    }
}

/// The pauses of a case that the office recorded.
#[derive(Serialize, ToSchema)]
pub struct ClockPauseList {
    /// Oldest first.
    items: Vec<ClockPauseBody>,
    /// Always null: a case has few of them.
    next_cursor: Option<String>,
}

/// What the office awaits
///
/// For the applicant and for staff of the department: times the clock stands or stood still because the office said so, oldest
/// first. The clock itself counts those for a correction and for the fee besides.
#[utoipa::path(
    operation_id = "list_clock_pauses", tag = "applications", params(CasePath),
    responses((status = 200, description = "The pauses", body = ClockPauseList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/clock-pauses")]
pub async fn list_clock_pauses(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let found = clock_pause::list(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    let items = found.iter().map(ClockPauseBody::of).collect();
    Ok(respond::plain(&ClockPauseList { items, next_cursor: None }))
}

/// Record that the clock stands still
///
/// For staff of the department: the applicant changes the content, further documents are awaited, or the papers are at the office
/// they pass through. The clock explains it line by line, and the due date moves when it ends. For each reason one at a time.
#[utoipa::path(
    operation_id = "record_clock_pause", tag = "review", params(CasePath, IdempotencyKeyHeader),
    request_body = RecordClockPause,
    responses((status = 201, description = "It is recorded", body = ClockPauseBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/clock-pauses")]
pub async fn record_clock_pause(
    mutation: Mutation<RecordClockPause>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let RecordClockPause { reason, asked_on, note } = mutation.body;
    let new = NewPause { reason: reason.into(), asked_on, note };
    let made = clock_pause::record(mutation.ctx, mutation.idempotency, id, new).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &ClockPauseBody::of(&made.value)))
}

/// Record that the clock runs again
///
/// For staff of the department. What is awaited of the applicant ends by itself with their next answer to a correction.
#[utoipa::path(
    operation_id = "end_clock_pause", tag = "review", params(ResourcePath, IdempotencyKeyHeader),
    request_body = EndClockPause,
    responses((status = 200, description = "It has ended", body = ClockPauseBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/clock-pauses/{id}/end")]
pub async fn end_clock_pause(
    mutation: Mutation<EndClockPause>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let made = clock_pause::end(mutation.ctx, mutation.idempotency, id, mutation.body.ended_on).await?;
    Ok(respond::effect(StatusCode::OK, made.origin, None, &ClockPauseBody::of(&made.value)))
}
