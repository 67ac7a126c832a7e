//! `…/el-qr-uploads`: files of slips for the organisation that takes public money by eL-QR, and what it says of them.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::uploaded_file::bytes_of;
use crate::domain::id::{ElQrUploadId, TenantCode};
use crate::http::contract::{
    ChangeProblems, IdempotencyKeyHeader, PageQuery, ReadProblems, ResourcePath, TenantPath,
};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::respond;
use crate::service::Refusal;
use crate::service::el_qr_acceptance;
use crate::service::el_qr_upload::{self, PAGE, UploadDetail};
use crate::store::el_qr_slips::SlipRow;
use crate::store::el_qr_uploads::{UploadRecordRow, UploadRow};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_el_qr_uploads)
        .service(create_el_qr_upload)
        .service(get_el_qr_upload)
        .service(get_el_qr_upload_file)
        .service(import_el_qr_acceptance);
}

/// Nothing is to be said: the file is made of what is to be told now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateElQrUpload {}

/// A file that came from the organisation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportElQrFile {
    /// Its bytes in base64 (RFC 4648 §4).
    content_base64: String,
}

impl ImportElQrFile {
    /// The bytes, or the refusal of what is no base64.
    pub fn bytes(&self) -> Result<Vec<u8>, Refusal> {
        bytes_of(&self.content_base64)
    }
}

/// A file of slips.
#[derive(Serialize, ToSchema)]
pub struct ElQrUploadBody {
    /// The file.
    id: Uuid,
    /// How many slips it is about.
    count: i64,
    /// The version of the layout that it was made by.
    layout_version: String,
    /// SHA-256 of its bytes.
    sha256: String,
    /// The officer who made it; null where it was made by the clock.
    made_by: Option<Uuid>,
    /// When.
    #[schema(format = DateTime)]
    made_at: String,
}

impl ElQrUploadBody {
    fn of(row: &UploadRow) -> Self {
        Self {
            id: row.id.0,
            count: row.record_count,
            layout_version: row.layout_version.clone(),
            sha256: row.file_sha256.clone(),
            made_by: row.made_by.map(|officer| officer.0),
            made_at: row.made_at.0.to_string(),
        }
    }
}

/// Files of slips.
#[derive(Serialize, ToSchema)]
pub struct ElQrUploadList {
    /// Youngest first.
    items: Vec<ElQrUploadBody>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// What a file asks about a slip.
#[derive(Serialize, ToSchema)]
pub struct ElQrUploadRecordBody {
    /// Its line among the slips of the file, from 1.
    line: i64,
    /// The invoice.
    invoice: Uuid,
    /// 納付番号.
    payment_number: String,
    /// `add`, `replace` or `withdraw`.
    operation: String,
    /// In yen.
    amount: i64,
    /// Why the slip is taken no more: `paid_otherwise`, `waived`, `canceled`, `written_off`, `amount_changed`, `expired` or
    /// `not_offered`; null while it stands.
    withdrawal_reason: Option<String>,
    /// Where the slip stands now: `issued`, `uploaded`, `accepted`, `refused`, `withdrawing`, `withdrawal_refused`,
    /// `withdrawn` or `paid`.
    slip_state: String,
    /// `accepted` or `refused`; null until the organisation has answered.
    outcome: Option<String>,
    /// The organisation's code of the reason.
    outcome_code: Option<String>,
}

impl ElQrUploadRecordBody {
    fn of((record, slip): &(UploadRecordRow, SlipRow)) -> Self {
        Self {
            line: record.line_no,
            invoice: slip.invoice_id.0,
            payment_number: slip.payment_number.clone(),
            operation: record.operation.clone(),
            amount: slip.amount.amount(),
            withdrawal_reason: slip.withdrawal_reason.clone(),
            slip_state: slip.state.clone(),
            outcome: record.outcome.clone(),
            outcome_code: record.outcome_code.clone(),
        }
    }
}

/// A file with what it asks about each slip.
#[derive(Serialize, ToSchema)]
pub struct ElQrUploadDetails {
    /// The file.
    upload: ElQrUploadBody,
    /// Its slips, in its order.
    items: Vec<ElQrUploadRecordBody>,
}

impl ElQrUploadDetails {
    fn of(found: &UploadDetail) -> Self {
        let items = found.records.iter().map(ElQrUploadRecordBody::of).collect();
        Self { upload: ElQrUploadBody::of(&found.row), items }
    }
}

/// List the files of slips
///
/// For accountants: what the organisation was told of slips under eL numbers, youngest first. The clock makes a file every hour
/// in which there is something to tell.
#[utoipa::path(
    operation_id = "list_el_qr_uploads", tag = "accounting", params(TenantPath, PageQuery),
    responses((status = 200, description = "A page", body = ElQrUploadList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/el-qr-uploads")]
pub async fn list_el_qr_uploads(
    SignedIn(ctx): SignedIn,
    page: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let tenant: TenantCode = segment(&request, "tenant")?;
    let before = page.cursor.as_deref().map(str::parse).transpose().map_err(|_| Refusal::NotFound)?;
    let rows = el_qr_upload::list(ctx, tenant, before).await?;
    let next_cursor = respond::next_cursor(&rows, PAGE, |row| row.id);
    let items = rows.iter().map(ElQrUploadBody::of).collect();
    Ok(respond::plain(&ElQrUploadList { items, next_cursor }))
}

/// Make a file of slips now
///
/// For accountants who do not wait for the clock: new slips, and slips that are to be taken no more because the debt was paid by
/// another way, waived or canceled, is another amount, or is past its day. Where there is nothing to tell: 422.
#[utoipa::path(
    operation_id = "create_el_qr_upload", tag = "accounting", params(TenantPath, IdempotencyKeyHeader),
    request_body = CreateElQrUpload,
    responses((status = 201, description = "The file", body = ElQrUploadBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/el-qr-uploads")]
pub async fn create_el_qr_upload(mutation: Mutation<CreateElQrUpload>) -> Result<HttpResponse, ApiError> {
    let CreateElQrUpload {} = mutation.body;
    let made = el_qr_upload::create(mutation.ctx, mutation.idempotency).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &ElQrUploadBody::of(&made.value)))
}

/// Get a file of slips
///
/// For accountants: what it asks about each slip, and what the organisation answered.
#[utoipa::path(
    operation_id = "get_el_qr_upload", tag = "accounting", params(ResourcePath),
    responses((status = 200, description = "The file", body = ElQrUploadDetails), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/el-qr-uploads/{id}")]
pub async fn get_el_qr_upload(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, ElQrUploadId) = (segment(&request, "tenant")?, segment(&request, "id")?);
    Ok(respond::plain(&ElQrUploadDetails::of(&el_qr_upload::get(ctx, tenant, id).await?)))
}

/// Get the bytes of a file of slips
///
/// In the configured layout of the organisation, as they were made. Each look is recorded.
#[utoipa::path(
    operation_id = "get_el_qr_upload_file", tag = "accounting", params(ResourcePath),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream", body = Vec<u8>),
        ReadProblems,
    ),
)]
#[get("/v1/tenants/{tenant}/el-qr-uploads/{id}/file")]
pub async fn get_el_qr_upload_file(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, ElQrUploadId) = (segment(&request, "tenant")?, segment(&request, "id")?);
    let bytes = el_qr_upload::file(ctx, tenant, id).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"el-qr-upload.dat\""))
        .content_type("application/octet-stream")
        .body(bytes))
}

/// Take in what the organisation says of a file of slips
///
/// For accountants: the report says of each slip whether it was taken. A broken report is refused as a whole, with every fault
/// (422); the same bytes again change nothing, and a slip is answered once. What was refused becomes an exception.
#[utoipa::path(
    operation_id = "import_el_qr_acceptance", tag = "accounting", params(ResourcePath, IdempotencyKeyHeader),
    request_body = ImportElQrFile,
    responses((status = 200, description = "The file of slips", body = ElQrUploadDetails), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/el-qr-uploads/{id}/acceptance")]
pub async fn import_el_qr_acceptance(
    mutation: Mutation<ImportElQrFile>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id: ElQrUploadId = segment(&request, "id")?;
    let bytes = mutation.body.bytes()?;
    let made = el_qr_acceptance::accept(mutation.ctx, mutation.idempotency, id, bytes).await?;
    Ok(respond::effect(StatusCode::OK, made.origin, None, &ElQrUploadDetails::of(&made.value)))
}
