//! `…/waivers/{id}/false-claims`: that a waiver was got by a false statement, with its evidence.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::domain::id::{AttachmentId, TenantCode};
use crate::domain::waiver::PinnedFile;
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, ReadProblems, ResourcePath};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::respond;
use crate::service::false_claim::{self, OpenFalseClaim, RecordFalseClaim};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(record_false_claim).service(list_false_claims);
}

/// What was found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordFalseClaimBody {
    /// What was false, and how it came out.
    #[schema(example = "罹災証明書は別の世帯のものだった")]
    statement: String,
    /// Attachments of the case that prove it. Those that were handed in with the request are kept in any case.
    #[serde(default)]
    #[schema(required = false)]
    attachments: Vec<Uuid>,
}

/// A file as it was when the fact was recorded.
#[derive(Serialize, ToSchema)]
pub struct EvidenceBody {
    /// The attachment of the case.
    attachment: Uuid,
    /// SHA-256 of its sealed bytes, hexadecimal.
    sealed_sha256: String,
}

impl EvidenceBody {
    /// The file in the words of the contract.
    pub(super) fn of(file: &PinnedFile) -> Self {
        Self { attachment: file.attachment.0, sealed_sha256: file.sealed_sha256.clone() }
    }
}

/// That a waiver was got by a false statement.
#[derive(Serialize, ToSchema)]
pub struct FalseClaimBody {
    /// The fact.
    id: Uuid,
    /// The waiver.
    waiver: Uuid,
    /// What was not collected because of it.
    invoice: Uuid,
    /// What was found.
    statement: String,
    /// How much was evaded, in yen.
    evaded: i64,
    /// The most that may be imposed as a civil fine (過料), in yen; nothing is claimed by itself.
    ceiling: i64,
    /// The clause of the ordinance, as it was on the day of the grant.
    basis: String,
    /// Where the terms were taken from.
    source: String,
    /// They have not been confirmed by the body.
    sample: bool,
    /// The files as they were.
    evidence: Vec<EvidenceBody>,
    /// The officer who recorded it.
    recorded_by: Uuid,
    /// When.
    #[schema(format = DateTime)]
    recorded_at: String,
}

impl FalseClaimBody {
    fn of(open: &OpenFalseClaim) -> Self {
        let row = &open.row;
        Self {
            id: row.id.0,
            waiver: row.waiver_id.0,
            invoice: row.invoice_id.0,
            statement: open.statement.clone(),
            evaded: row.evaded.amount(),
            ceiling: row.ceiling.amount(),
            basis: row.terms.0.basis.clone(),
            source: row.terms.0.source.clone(),
            sample: row.terms.0.sample,
            evidence: row.evidence.0.iter().map(EvidenceBody::of).collect(),
            recorded_by: row.recorded_by.0,
            recorded_at: row.recorded_at.0.to_string(),
        }
    }
}

/// What was recorded about a waiver.
#[derive(Serialize, ToSchema)]
pub struct FalseClaimList {
    /// One at most.
    items: Vec<FalseClaimBody>,
    /// Always null: there is one page.
    next_cursor: Option<String>,
}

/// Record that a waiver was got by a false statement
///
/// For the department, once a waiver that was granted. What was found is sealed, and the files of the request are kept with the
/// digests they have now. The answer says the most that the ordinance lets be imposed; nothing is claimed, and the invoice does
/// not change.
#[utoipa::path(
    operation_id = "record_false_claim", tag = "review", params(ResourcePath, IdempotencyKeyHeader),
    request_body = RecordFalseClaimBody,
    responses((status = 201, description = "The fact", body = FalseClaimBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/waivers/{id}/false-claims")]
pub async fn record_false_claim(
    mutation: Mutation<RecordFalseClaimBody>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let RecordFalseClaimBody { statement, attachments } = mutation.body;
    let attachments = attachments.into_iter().map(AttachmentId).collect();
    let (id, wanted) = (segment(&request, "id")?, RecordFalseClaim { statement, attachments });
    let made = false_claim::record(mutation.ctx, mutation.idempotency, id, wanted).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &FalseClaimBody::of(&made.value)))
}

/// List what was recorded about a waiver
///
/// For the department.
#[utoipa::path(
    operation_id = "list_false_claims", tag = "review", params(ResourcePath),
    responses((status = 200, description = "The facts", body = FalseClaimList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/waivers/{id}/false-claims")]
pub async fn list_false_claims(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, _) = (segment(&request, "tenant")?, segment(&request, "id")?);
    let found = false_claim::of_waiver(ctx, tenant, id).await?;
    let items = found.iter().map(FalseClaimBody::of).collect();
    Ok(respond::plain(&FalseClaimList { items, next_cursor: None }))
}
