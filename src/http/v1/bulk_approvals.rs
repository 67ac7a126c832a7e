//! `POST …/approvals/bulk`: many seals at once, each judged and recorded for itself.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::approval_bodies::SubjectWord;
use super::queues::BulkProblem;
use crate::domain::id::{ApplicationId, OfficerId};
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, TenantPath};
use crate::http::error::ApiError;
use crate::http::extract::Mutation;
use crate::http::respond;
use crate::service::approval::{SealWanted, Seat, seal_all};
use crate::store::bulk_approvals::{BulkApprovalItem, BulkApprovalRow};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(approve_in_bulk);
}

/// One proposal to seal.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveItem {
    /// The case.
    application: Uuid,
    /// What the proposal is about; a decision when left out.
    #[serde(default)]
    #[schema(required = false)]
    subject: SubjectWord,
    /// The absent officer in whose place you act (代決).
    #[serde(default)]
    #[schema(required = false)]
    acting_for: Option<Uuid>,
    /// Version of the case that you looked at.
    version: i64,
    /// The hash of what you saw that would be issued; another one leaves the case as it is.
    #[serde(default)]
    #[schema(required = false)]
    content_sha256: Option<String>,
}

impl From<ApproveItem> for SealWanted {
    fn from(item: ApproveItem) -> Self {
        let ApproveItem { application, subject, acting_for, version, content_sha256 } = item;
        let seat = Seat { subject: subject.into(), acting_for: acting_for.map(OfficerId) };
        Self { application: ApplicationId(application), seat, version, content_sha256 }
    }
}

/// Many proposals to seal.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveInBulk {
    /// The proposals, 100 at the most, each case once.
    items: Vec<ApproveItem>,
}

/// What became of one proposal.
#[derive(Serialize, ToSchema)]
pub struct BulkApprovalItemBody {
    /// The case.
    application: Uuid,
    /// What the proposal is about.
    #[schema(example = "decision")]
    subject: String,
    /// `sealed`, or `refused`.
    #[schema(example = "sealed")]
    outcome: String,
    /// Where the proposal stood afterwards; null where it was left as it was.
    state: Option<String>,
    /// Where the case stood afterwards; null where it was left as it was.
    application_state: Option<String>,
    /// Why it was left as it was.
    problem: Option<BulkProblem>,
}

impl From<BulkApprovalItem> for BulkApprovalItemBody {
    fn from(item: BulkApprovalItem) -> Self {
        let outcome = if item.refused.is_none() { "sealed" } else { "refused" };
        Self {
            application: item.application.0,
            subject: item.subject,
            outcome: outcome.to_owned(),
            state: item.state,
            application_state: item.application_state,
            problem: item.refused.map(BulkProblem::from),
        }
    }
}

/// What became of many proposals.
#[derive(Serialize, ToSchema)]
pub struct BulkApprovalBody {
    /// The act.
    id: Uuid,
    /// In the order asked.
    items: Vec<BulkApprovalItemBody>,
}

impl From<BulkApprovalRow> for BulkApprovalBody {
    fn from(row: BulkApprovalRow) -> Self {
        Self { id: row.id.0, items: row.items.0.into_iter().map(BulkApprovalItemBody::from).collect() }
    }
}

/// Seal many proposals
///
/// 一括決裁: up to 100; each is judged for itself as by a call of its own, with its own seal, its own event, and, where it is the
/// last seal, its own document number. What is refused is left as it was and answered for itself.
#[utoipa::path(
    operation_id = "approve_in_bulk", tag = "review", params(TenantPath, IdempotencyKeyHeader),
    request_body = ApproveInBulk,
    responses((status = 200, description = "What became of each", body = BulkApprovalBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/approvals/bulk")]
pub async fn approve_in_bulk(mutation: Mutation<ApproveInBulk>) -> Result<HttpResponse, ApiError> {
    let wanted = mutation.body.items.into_iter().map(SealWanted::from).collect();
    let done = seal_all(mutation.ctx, mutation.idempotency, wanted).await?;
    Ok(respond::effect(StatusCode::OK, done.origin, None, &BulkApprovalBody::from(done.value)))
}
