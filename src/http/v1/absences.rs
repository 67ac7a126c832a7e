//! `…/departments/{department}/absences`: who is away, and who covers.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::queues::DepartmentPath;
use super::review::tenant;
use crate::domain::id::OfficerId;
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, ReadProblems};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, Nothing, SignedIn, segment};
use crate::http::respond;
use crate::service::absence::{self, NewAbsence};
use crate::store::absences::AbsenceRow;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_absences).service(record_absence).service(end_absence);
}

/// An absence in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path; the segment is read by name")]
struct AbsencePath {
    /// The absence.
    id: Uuid,
}

/// Somebody will be away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordAbsence {
    /// Who is away.
    officer: Uuid,
    /// Who covers.
    cover: Uuid,
    /// The first day.
    #[schema(value_type = String, format = Date)]
    from_on: Date,
    /// The last day.
    #[schema(value_type = String, format = Date)]
    to_on: Date,
}

/// An absence.
#[derive(Serialize, ToSchema)]
pub struct AbsenceBody {
    /// The absence.
    id: Uuid,
    /// Who is away.
    officer: Uuid,
    /// Who covers.
    cover: Uuid,
    /// The first day.
    #[schema(format = Date)]
    from_on: String,
    /// The last day.
    #[schema(format = Date)]
    to_on: String,
    /// When somebody said that it is over.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
}

impl AbsenceBody {
    fn of(row: &AbsenceRow) -> Self {
        Self {
            id: row.id.0,
            officer: row.officer_id.0,
            cover: row.cover_id.0,
            from_on: row.from_on.0.to_string(),
            to_on: row.to_on.0.to_string(),
            ended_at: row.ended_at.map(|at| at.0.to_string()),
        }
    }
}

/// The absences of a department.
#[derive(Serialize, ToSchema)]
pub struct AbsenceList {
    /// From today on, soonest first.
    items: Vec<AbsenceBody>,
    /// Always null: there is one page.
    next_cursor: Option<String>,
}

/// Who is away
///
/// For staff of the department: from today on.
#[utoipa::path(
    operation_id = "list_absences", tag = "review", params(DepartmentPath),
    responses((status = 200, description = "The absences", body = AbsenceList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/departments/{department}/absences")]
pub async fn list_absences(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let rows = absence::list(ctx, tenant(&request)?, segment(&request, "department")?).await?;
    let items = rows.iter().map(AbsenceBody::of).collect();
    Ok(respond::plain(&AbsenceList { items, next_cursor: None }))
}

/// Enter an absence
///
/// Everybody enters their own; whoever leads the department enters anybody's. On these days the cover sees the cases of
/// the one who is away as own ones and may take them over.
#[utoipa::path(
    operation_id = "record_absence", tag = "review", params(DepartmentPath, IdempotencyKeyHeader),
    request_body = RecordAbsence,
    responses((status = 201, description = "The absence", body = AbsenceBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/departments/{department}/absences")]
pub async fn record_absence(
    mutation: Mutation<RecordAbsence>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let new = NewAbsence {
        department: segment(&request, "department")?,
        officer: OfficerId(mutation.body.officer),
        cover: OfficerId(mutation.body.cover),
        from_on: mutation.body.from_on,
        to_on: mutation.body.to_on,
    };
    let made = absence::record(mutation.ctx, mutation.idempotency, new).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &AbsenceBody::of(&made.value)))
}

/// End an absence
///
/// Before its last day, or before it begins; it stays on record.
#[utoipa::path(
    operation_id = "end_absence", tag = "review", params(DepartmentPath, AbsencePath, IdempotencyKeyHeader),
    responses((status = 200, description = "It is over", body = AbsenceBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/departments/{department}/absences/{id}/end")]
pub async fn end_absence(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (department, id) = (segment(&request, "department")?, segment(&request, "id")?);
    let ended = absence::end(mutation.ctx, mutation.idempotency, department, id).await?;
    Ok(respond::effect(StatusCode::OK, ended.origin, None, &AbsenceBody::of(&ended.value)))
}
