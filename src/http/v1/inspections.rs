//! `…/inspections`: when somebody comes to look, and what came of it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::review::tenant;
use crate::domain::id::OfficerId;
use crate::domain::inspection::{InspectionPlan, InspectionResult};
use crate::http::contract::{CasePath, ChangeProblems, IdempotencyKeyHeader, ReadProblems, ResourcePath};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, Nothing, SignedIn, segment};
use crate::http::respond;
use crate::service::Ctx;
use crate::service::idempotency::IdempotencyRequest;
use crate::service::inspection::{self, Change, Inspection, InspectionAct, NewInspection};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(plan_inspection)
        .service(list_inspections)
        .service(reschedule_inspection)
        .service(carry_out_inspection)
        .service(cancel_inspection)
        .service(release_inspection);
}

/// An inspection to be planned.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanInspection {
    /// For when; lies ahead.
    #[schema(value_type = String, format = DateTime, example = "2026-04-10T01:00:00Z")]
    planned_at: Timestamp,
    /// 場所: where.
    #[schema(example = "申請に係る営業所")]
    place: String,
    /// 目的: for what.
    #[schema(example = "施設基準の確認")]
    purpose: String,
    /// Who goes: 1 to 20 officers of the department.
    officers: Vec<Uuid>,
}

/// Another appointment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RescheduleInspection {
    /// For when; lies ahead.
    #[schema(value_type = String, format = DateTime, example = "2026-04-12T01:00:00Z")]
    planned_at: Timestamp,
    /// Why; for staff only.
    #[schema(example = "荒天のため")]
    reason: String,
}

/// What came of an inspection.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResultWord {
    /// 適合.
    Passed,
    /// 不適合.
    Failed,
    /// 条件付き適合.
    Conditions,
    /// 実施不能.
    CouldNotBeCarriedOut,
}

impl From<ResultWord> for InspectionResult {
    fn from(word: ResultWord) -> Self {
        match word {
            ResultWord::Passed => Self::Passed,
            ResultWord::Failed => Self::Failed,
            ResultWord::Conditions => Self::Conditions,
            ResultWord::CouldNotBeCarriedOut => Self::CouldNotBeCarriedOut,
        }
    }
}

/// The result of an inspection.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CarryOutInspection {
    /// What came of it.
    result: ResultWord,
    /// The day.
    #[schema(value_type = String, format = Date)]
    carried_out_on: Date,
    /// What was found; may be left out when it simply passed.
    #[serde(default)]
    #[schema(required = false)]
    findings: String,
}

/// Why an inspection is called off.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelInspection {
    /// Why; for staff only.
    #[schema(example = "書面で確認できたため")]
    reason: String,
}

/// A step of an inspection.
#[derive(Serialize, ToSchema)]
pub struct InspectionActBody {
    /// `planned`, `rescheduled`, `carried_out`, `canceled` or `released`.
    #[schema(example = "planned")]
    act: String,
    /// For when it was planned after this step.
    #[schema(format = DateTime, value_type = String)]
    planned_at: String,
    /// Why; null for parties.
    reason: Option<String>,
    /// Who did it.
    officer: Uuid,
    /// When.
    #[schema(format = DateTime, value_type = String)]
    acted_at: String,
}

impl From<InspectionAct> for InspectionActBody {
    fn from(act: InspectionAct) -> Self {
        let InspectionAct { row, reason } = act;
        Self {
            act: row.act,
            planned_at: row.planned_at.0.to_string(),
            reason,
            officer: row.officer_id.0,
            acted_at: row.acted_at.0.to_string(),
        }
    }
}

/// An inspection.
#[derive(Serialize, ToSchema)]
pub struct InspectionBody {
    /// The inspection.
    id: Uuid,
    /// The case.
    application: Uuid,
    /// `planned`, `carried_out` or `canceled`.
    #[schema(example = "planned")]
    state: String,
    /// For when it is, or was, planned.
    #[schema(format = DateTime, value_type = String)]
    planned_at: String,
    /// Where.
    place: String,
    /// For what.
    purpose: String,
    /// Who goes.
    officers: Vec<Uuid>,
    /// `passed`, `failed`, `conditions` or `could_not_be_carried_out`; null for parties until it is released.
    #[schema(example = "passed")]
    result: Option<String>,
    /// The day it was carried out, or tried.
    #[schema(format = Date, value_type = Option<String>)]
    carried_out_on: Option<String>,
    /// What was found; null for parties until it is released.
    findings: Option<String>,
    /// When that was shown to the applicant.
    #[schema(format = DateTime, value_type = Option<String>)]
    released_at: Option<String>,
    /// Its steps, in order.
    history: Vec<InspectionActBody>,
}

impl From<Inspection> for InspectionBody {
    fn from(inspection: Inspection) -> Self {
        let Inspection { row, plan, result, findings, acts } = inspection;
        Self {
            id: row.id.0,
            application: row.application_id.0,
            planned_at: row.planned_at.0.to_string(),
            place: plan.place,
            purpose: plan.purpose,
            officers: row.officers.0.iter().map(|officer| officer.0).collect(),
            result,
            carried_out_on: row.carried_out_on.map(|day| day.0.to_string()),
            findings,
            released_at: row.released_at.map(|at| at.0.to_string()),
            history: acts.into_iter().map(InspectionActBody::from).collect(),
            state: row.state,
        }
    }
}

/// The inspections of a case.
#[derive(Serialize, ToSchema)]
pub struct InspectionList {
    /// In the order in which they were planned.
    items: Vec<InspectionBody>,
    /// Always null: there is one page.
    next_cursor: Option<String>,
}

async fn changed(
    ctx: Ctx,
    idempotency: IdempotencyRequest,
    request: &HttpRequest,
    change: Change,
) -> Result<HttpResponse, ApiError> {
    let id = segment(request, "id")?;
    let made = inspection::change(ctx, idempotency, id, change).await?;
    Ok(respond::effect(StatusCode::OK, made.origin, None, &InspectionBody::from(made.value)))
}

/// Plan an inspection
///
/// For staff of the department, while the case is open. The applicant sees the appointment and gets a mail that there is one.
#[utoipa::path(
    operation_id = "plan_inspection", tag = "review", params(CasePath, IdempotencyKeyHeader),
    request_body = PlanInspection,
    responses((status = 201, description = "It is planned", body = InspectionBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/inspections")]
pub async fn plan_inspection(
    mutation: Mutation<PlanInspection>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let PlanInspection { planned_at, place, purpose, officers } = mutation.body;
    let officers = officers.into_iter().map(OfficerId).collect();
    let new = NewInspection { planned_at, plan: InspectionPlan { place, purpose }, officers };
    let made = inspection::plan(mutation.ctx, mutation.idempotency, id, new).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &InspectionBody::from(made.value)))
}

/// The inspections of a case
///
/// For the parties, who see the appointments and what was released to them, and for staff, who see all of it.
#[utoipa::path(
    operation_id = "list_inspections", tag = "applications", params(CasePath),
    responses((status = 200, description = "The inspections", body = InspectionList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/inspections")]
pub async fn list_inspections(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let found = inspection::list(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    let items = found.into_iter().map(InspectionBody::from).collect();
    Ok(respond::plain(&InspectionList { items, next_cursor: None }))
}

/// Move an inspection
///
/// To another time, for a reason; the applicant gets a mail.
#[utoipa::path(
    operation_id = "reschedule_inspection", tag = "review", params(ResourcePath, IdempotencyKeyHeader),
    request_body = RescheduleInspection,
    responses((status = 200, description = "It is moved", body = InspectionBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/inspections/{id}/reschedule")]
pub async fn reschedule_inspection(
    mutation: Mutation<RescheduleInspection>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let RescheduleInspection { planned_at, reason } = mutation.body;
    let change = Change::Reschedule { planned_at, reason };
    changed(mutation.ctx, mutation.idempotency, &request, change).await
}

/// Say what came of an inspection
///
/// Once. Parties do not see result and findings before they are released.
#[utoipa::path(
    operation_id = "carry_out_inspection", tag = "review", params(ResourcePath, IdempotencyKeyHeader),
    request_body = CarryOutInspection,
    responses((status = 200, description = "It is carried out", body = InspectionBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/inspections/{id}/result")]
pub async fn carry_out_inspection(
    mutation: Mutation<CarryOutInspection>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let CarryOutInspection { result, carried_out_on, findings } = mutation.body;
    let change = Change::CarryOut { result: result.into(), on: carried_out_on, findings };
    changed(mutation.ctx, mutation.idempotency, &request, change).await
}

/// Call an inspection off
///
/// Before it is carried out, for a reason; the applicant gets a mail.
#[utoipa::path(
    operation_id = "cancel_inspection", tag = "review", params(ResourcePath, IdempotencyKeyHeader),
    request_body = CancelInspection,
    responses((status = 200, description = "It is called off", body = InspectionBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/inspections/{id}/cancel")]
pub async fn cancel_inspection(
    mutation: Mutation<CancelInspection>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let change = Change::Cancel { reason: mutation.body.reason };
    changed(mutation.ctx, mutation.idempotency, &request, change).await
}

/// Release the findings
///
/// Shows result and findings to the parties. Saying it twice changes nothing.
#[utoipa::path(
    operation_id = "release_inspection", tag = "review", params(ResourcePath, IdempotencyKeyHeader),
    responses((status = 200, description = "Parties see it", body = InspectionBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/inspections/{id}/release")]
pub async fn release_inspection(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    changed(mutation.ctx, mutation.idempotency, &request, Change::Release).await
}
