//! `…/record-measures`: what becomes of record files at their expiry, decided by a second officer.

use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::review::tenant;
use crate::domain::id::RecordMemberId;
use crate::domain::records::FileContent;
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, PageQuery, ReadProblems, ResourcePath};
use crate::http::error::{ApiError, Problem};
use crate::http::extract::{Mutation, Nothing, SignedIn, segment};
use crate::http::respond;
use crate::service::Refusal;
use crate::service::records::bundle;
use crate::service::records::measure::{self, HandOver, Verdict};
use crate::store::record_measures::{BundleRow, MeasureRow};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_record_measure)
        .service(approve_record_measure)
        .service(reject_record_measure)
        .service(hand_over_records)
        .service(list_record_bundles)
        .service(get_record_bundle);
}

/// A case or a book of a measure in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path; the segments are read by name")]
struct BundlePath {
    /// 全国地方公共団体コード, six digits.
    #[param(example = "020001")]
    tenant: String,
    /// The measure.
    id: Uuid,
    /// The case, or the book.
    application: Uuid,
}

/// What becomes of a record file.
#[derive(Serialize, ToSchema)]
pub struct RecordMeasureBody {
    /// The measure.
    id: Uuid,
    /// The file.
    file: Uuid,
    /// `transfer` or `dispose`.
    measure: String,
    /// `proposed`, `rejected`, `approved`, `exported`, `handed_over` or `done`.
    state: String,
    /// Why.
    reason: String,
    /// Who proposed it.
    proposed_by: Uuid,
    /// When.
    #[schema(format = DateTime)]
    proposed_at: String,
    /// Who decided: somebody else.
    decided_by: Option<Uuid>,
    /// When.
    #[schema(format = DateTime)]
    decided_at: Option<String>,
    /// Of a transfer that is exported: SHA-256 in hex over one line a case or book in the order of the ids, `application` or `book`
    /// and `sha256` with a blank between them and a line feed after them.
    bundles_sha256: Option<String>,
    /// What the archive gave for them.
    receipt: Option<String>,
    /// Who handed them over.
    handed_over_by: Option<Uuid>,
    /// When.
    #[schema(format = DateTime)]
    handed_over_at: Option<String>,
}

impl RecordMeasureBody {
    /// Presents a measure.
    pub fn of(row: &MeasureRow) -> Self {
        Self {
            id: row.id.0,
            file: row.record_file_id.0,
            measure: row.measure.clone(),
            state: row.state.clone(),
            reason: row.reason.clone(),
            proposed_by: row.proposed_by.0,
            proposed_at: row.proposed_at.0.to_string(),
            decided_by: row.decided_by.map(|officer| officer.0),
            decided_at: row.decided_at.map(|at| at.0.to_string()),
            bundles_sha256: row.bundles_sha256.clone(),
            receipt: row.receipt.clone(),
            handed_over_by: row.handed_over_by.map(|officer| officer.0),
            handed_over_at: row.handed_over_at.map(|at| at.0.to_string()),
        }
    }
}

/// Get a measure
///
/// For staff of the department.
#[utoipa::path(
    operation_id = "get_record_measure", tag = "review", params(ResourcePath),
    responses((status = 200, description = "The measure", body = RecordMeasureBody), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/record-measures/{id}")]
pub async fn get_record_measure(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (row, _) = measure::show(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    Ok(respond::plain(&RecordMeasureBody::of(&row)))
}

async fn decide(
    mutation: Mutation<Nothing>,
    request: &HttpRequest,
    verdict: Verdict,
) -> Result<HttpResponse, ApiError> {
    let id = segment(request, "id")?;
    let done = measure::decide(mutation.ctx, mutation.idempotency, id, verdict).await?;
    let (row, _) = &done.value;
    Ok(respond::effect(StatusCode::OK, done.origin, None, &RecordMeasureBody::of(row)))
}

/// Approve a measure
///
/// For those who approve in the department, never for the officer who proposed it (403 `own_proposal`). A disposal is then
/// carried out: the key of each case or book is destroyed. A transfer is exported first, and nothing goes before it was handed over.
#[utoipa::path(
    operation_id = "approve_record_measure", tag = "review", params(ResourcePath, IdempotencyKeyHeader),
    request_body = Nothing,
    responses((status = 200, description = "The measure", body = RecordMeasureBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/record-measures/{id}/approve")]
pub async fn approve_record_measure(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    decide(mutation, &request, Verdict::Approve).await
}

/// Reject a measure
///
/// For those who approve in the department, never for the officer who proposed it. Another one may be proposed.
#[utoipa::path(
    operation_id = "reject_record_measure", tag = "review", params(ResourcePath, IdempotencyKeyHeader),
    request_body = Nothing,
    responses((status = 200, description = "The measure", body = RecordMeasureBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/record-measures/{id}/reject")]
pub async fn reject_record_measure(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    decide(mutation, &request, Verdict::Reject).await
}

/// That the archive has everything.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOverRecords {
    /// The hash over all exports, as the archive computed it from what it has.
    bundles_sha256: String,
    /// What the archive gave for them, such as the number of its receipt.
    receipt: String,
}

/// Say that records were handed over
///
/// For those who approve in the department. The archive computes the hash from what it has: another one is refused (409
/// `bundles_differ`). Then the records go from here; what changed after its export is exported anew first.
#[utoipa::path(
    operation_id = "hand_over_records", tag = "review", params(ResourcePath, IdempotencyKeyHeader),
    request_body = HandOverRecords,
    responses((status = 200, description = "The measure", body = RecordMeasureBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/record-measures/{id}/hand-over")]
pub async fn hand_over_records(
    mutation: Mutation<HandOverRecords>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let Mutation { ctx, idempotency, body } = mutation;
    let said = HandOver { bundles_sha256: body.bundles_sha256, receipt: body.receipt };
    let done = measure::hand_over(ctx, idempotency, segment(&request, "id")?, said).await?;
    let (row, _) = &done.value;
    Ok(respond::effect(StatusCode::OK, done.origin, None, &RecordMeasureBody::of(row)))
}

/// An export.
#[derive(Serialize, ToSchema)]
pub struct RecordBundle {
    /// The case; null where it is of a book.
    application: Option<Uuid>,
    /// The book; null where it is of a case.
    book: Option<Uuid>,
    /// SHA-256 of its export, in hex.
    sha256: String,
    /// When it was made.
    #[schema(format = DateTime)]
    exported_at: String,
}

impl RecordBundle {
    fn of(row: &BundleRow, content: FileContent) -> Self {
        let id = |of: FileContent| (of == content).then_some(row.member_id.0);
        Self {
            application: id(FileContent::Cases),
            book: id(FileContent::Books),
            sha256: row.sha256.clone(),
            exported_at: row.exported_at.0.to_string(),
        }
    }
}

/// The exports of a transfer.
#[derive(Serialize, ToSchema)]
pub struct RecordBundleList {
    /// In the order of the ids.
    items: Vec<RecordBundle>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// List exports
///
/// For staff of the department: which cases or books of a transfer are exported, with the hash of each export.
#[utoipa::path(
    operation_id = "list_record_bundles", tag = "review", params(ResourcePath, PageQuery),
    responses((status = 200, description = "A page", body = RecordBundleList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/record-measures/{id}/bundles")]
pub async fn list_record_bundles(
    SignedIn(ctx): SignedIn,
    page: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let after: Option<RecordMemberId> =
        page.cursor.as_deref().map(str::parse).transpose().map_err(|_| Refusal::NotFound)?;
    let found = bundle::list(ctx, tenant(&request)?, segment(&request, "id")?, after).await?;
    let items = found.items.iter().map(|row| RecordBundle::of(row, found.content)).collect();
    Ok(respond::plain(&RecordBundleList { items, next_cursor: found.next.map(|id| id.to_string()) }))
}

/// Get an export
///
/// For those who approve in the department: everything of a case in clear, with its documents as base64, or a book with its bytes, as the archive gets it. The
/// bytes of the answer are what was hashed. Each reading is logged.
#[utoipa::path(
    operation_id = "get_record_bundle", tag = "review", params(BundlePath),
    responses(
        (status = 200, description = "The export", body = Object),
        (status = 403, description = "Only those who approve", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It changed since", body = Problem, content_type = "application/problem+json"),
        ReadProblems,
    ),
)]
#[get("/v1/tenants/{tenant}/record-measures/{id}/bundles/{application}")]
pub async fn get_record_bundle(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let member: RecordMemberId = segment(&request, "application")?;
    let json = bundle::show(ctx, tenant(&request)?, segment(&request, "id")?, member).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type("application/json")
        .body(json))
}
