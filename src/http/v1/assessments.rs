//! `POST …/applications/{id}/assessment`: staff fix the fee after review.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, post};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::applications::ApplicationSummary;
use super::invoices::InvoiceSummary;
use crate::http::contract::{CasePath, ChangeProblems, IdempotencyKeyHeader};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, segment};
use crate::http::respond;
use crate::service::assessment::{self, Assessed, Fixing};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(create_assessment);
}

/// What staff found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAssessment {
    /// Answers to the office form of the procedure, e.g. a measured area.
    #[schema(value_type = Object)]
    office: Value,
    /// The total in yen the officer expects; another one is refused with `fee_changed`.
    #[serde(default)]
    #[schema(required = false)]
    expected_total: Option<i64>,
}

/// A case with the fee that was fixed.
#[derive(Serialize, ToSchema)]
pub struct AssessmentView {
    /// The case.
    #[serde(flatten)]
    application: ApplicationSummary,
    /// What is owed.
    invoice: InvoiceSummary,
}

impl AssessmentView {
    fn of(assessed: &Assessed) -> Self {
        Self {
            application: ApplicationSummary::of(&assessed.case),
            invoice: InvoiceSummary::of(&assessed.invoice),
        }
    }
}

/// Fix the fee after review
///
/// For staff of the department, where the procedure's fee is due after review: they enter what they measured, the ordinance
/// gives the amount, the applicant is told. It happens once (409 `already_assessed`).
#[utoipa::path(
    operation_id = "create_assessment", tag = "review", params(CasePath, IdempotencyKeyHeader),
    request_body = CreateAssessment,
    responses((status = 201, description = "The invoice is issued", body = AssessmentView), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/assessment")]
pub async fn create_assessment(
    mutation: Mutation<CreateAssessment>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let CreateAssessment { office, expected_total } = mutation.body;
    let fixing = Fixing { office, expected_total };
    let made = assessment::assess(mutation.ctx, mutation.idempotency, id, fixing).await?;
    let version = made.value.case.version;
    Ok(respond::effect(StatusCode::CREATED, made.origin, Some(version), &AssessmentView::of(&made.value)))
}
