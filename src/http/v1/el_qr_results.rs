//! `…/el-qr-results`: what was paid by eL-QR, as the organisation reports it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::el_qr_uploads::ImportElQrFile;
use crate::domain::id::{ElQrFileId, TenantCode};
use crate::http::contract::{
    ChangeProblems, IdempotencyKeyHeader, PageQuery, ReadProblems, ResourcePath, TenantPath,
};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::respond;
use crate::service::Refusal;
use crate::service::el_qr_results::{self, PAGE, ResultsDetail};
use crate::store::el_qr_cancellations::CancellationRow;
use crate::store::el_qr_results::{FileRow, LineRow};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(import_el_qr_results).service(list_el_qr_results).service(get_el_qr_results);
}

/// A file of payments.
#[derive(Serialize, ToSchema)]
pub struct ElQrResultsBody {
    /// The file.
    id: Uuid,
    /// SHA-256 of its bytes.
    sha256: String,
    /// How many payments and cancellations it has.
    count: i64,
    /// How many of them no earlier file had.
    new_count: i64,
    /// The officer who took it in.
    imported_by: Uuid,
    /// When.
    #[schema(format = DateTime)]
    imported_at: String,
}

impl ElQrResultsBody {
    fn of(row: &FileRow) -> Self {
        Self {
            id: row.id.0,
            sha256: row.sha256.clone(),
            count: row.line_count,
            new_count: row.new_count,
            imported_by: row.imported_by.0,
            imported_at: row.recorded_at.0.to_string(),
        }
    }
}

/// Files of payments.
#[derive(Serialize, ToSchema)]
pub struct ElQrResultsList {
    /// Youngest first.
    items: Vec<ElQrResultsBody>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// A payment as the organisation reports it.
#[derive(Serialize, ToSchema)]
pub struct ElQrResultLineBody {
    /// Its line in the file, from 1.
    line: i64,
    /// The organisation's name of it.
    payment_key: String,
    /// 納付番号.
    payment_number: String,
    /// In yen.
    amount: i64,
    /// The day on which the payer paid.
    #[schema(format = Date)]
    paid_on: String,
    /// By which way, in the organisation's own code.
    channel: Option<String>,
    /// `waiting`, `booked` or `referred`: then it is among the exceptions.
    state: String,
    /// `unknown_number`, `withdrawn`, `amount_differs`, `before_issue` or `taken_back`; null where it is a payment.
    trouble: Option<String>,
    /// The payment that it made.
    payment: Option<Uuid>,
    /// Who gives the payer a proof: `body` or `elsewhere`.
    proof: Option<String>,
}

impl ElQrResultLineBody {
    fn of(row: &LineRow) -> Self {
        Self {
            line: row.line_no,
            payment_key: row.payment_key.clone(),
            payment_number: row.payment_number.clone(),
            amount: row.amount.amount(),
            paid_on: row.paid_on.0.to_string(),
            channel: row.channel.clone(),
            state: row.state.clone(),
            trouble: row.trouble.clone(),
            payment: row.payment_id.map(|id| id.0),
            proof: row.proof.clone(),
        }
    }
}

/// What the organisation takes back of what it reported (収納取消); it is among the exceptions.
#[derive(Serialize, ToSchema)]
pub struct ElQrCancellationBody {
    /// Its line in the file, from 1.
    line: i64,
    /// The organisation's name of the payment that it takes back.
    payment_key: String,
    /// 納付番号.
    payment_number: String,
    /// In yen.
    amount: i64,
    /// The day that the line states.
    #[schema(format = Date)]
    stated_on: String,
}

impl ElQrCancellationBody {
    fn of(row: &CancellationRow) -> Self {
        Self {
            line: row.line_no,
            payment_key: row.payment_key.clone(),
            payment_number: row.payment_number.clone(),
            amount: row.amount.amount(),
            stated_on: row.stated_on.0.to_string(),
        }
    }
}

/// A file with its payments.
#[derive(Serialize, ToSchema)]
pub struct ElQrResultsDetails {
    /// The file.
    results: ElQrResultsBody,
    /// Its payments; without those that an earlier file had.
    items: Vec<ElQrResultLineBody>,
    /// What it takes back; without what an earlier file did.
    cancellations: Vec<ElQrCancellationBody>,
}

impl ElQrResultsDetails {
    fn of(found: &ResultsDetail) -> Self {
        let items = found.lines.iter().map(ElQrResultLineBody::of).collect();
        let cancellations = found.cancellations.iter().map(ElQrCancellationBody::of).collect();
        Self { results: ElQrResultsBody::of(&found.row), items, cancellations }
    }
}

/// Take in what was paid by eL-QR
///
/// For accountants. A broken file is refused as a whole, with every fault at its line and column (422). The same bytes again, under
/// whatever key, give the file that is there; a payment that an earlier file had is not taken in twice. Each payment is booked
/// soon after: for a debt that is paid already it is too much and proposed to go back, and what names no slip, a withdrawn one, or
/// another amount becomes an exception. So does what the organisation takes back, before or after it reported the payment: what is
/// booked stays so until two people end that exception as `owed_again`, and what is not is not booked by itself.
#[utoipa::path(
    operation_id = "import_el_qr_results", tag = "accounting", params(TenantPath, IdempotencyKeyHeader),
    request_body = ImportElQrFile,
    responses((status = 201, description = "The file", body = ElQrResultsBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/el-qr-results")]
pub async fn import_el_qr_results(mutation: Mutation<ImportElQrFile>) -> Result<HttpResponse, ApiError> {
    let bytes = mutation.body.bytes()?;
    let made = el_qr_results::import(mutation.ctx, mutation.idempotency, bytes).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &ElQrResultsBody::of(&made.value)))
}

/// List the files of payments by eL-QR
///
/// For accountants, youngest first.
#[utoipa::path(
    operation_id = "list_el_qr_results", tag = "accounting", params(TenantPath, PageQuery),
    responses((status = 200, description = "A page", body = ElQrResultsList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/el-qr-results")]
pub async fn list_el_qr_results(
    SignedIn(ctx): SignedIn,
    page: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let tenant: TenantCode = segment(&request, "tenant")?;
    let before = page.cursor.as_deref().map(str::parse).transpose().map_err(|_| Refusal::NotFound)?;
    let rows = el_qr_results::list(ctx, tenant, before).await?;
    let next_cursor = respond::next_cursor(&rows, PAGE, |row| row.id);
    let items = rows.iter().map(ElQrResultsBody::of).collect();
    Ok(respond::plain(&ElQrResultsList { items, next_cursor }))
}

/// Get a file of payments by eL-QR
///
/// For accountants: its payments and what became of each.
#[utoipa::path(
    operation_id = "get_el_qr_results", tag = "accounting", params(ResourcePath),
    responses((status = 200, description = "The file", body = ElQrResultsDetails), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/el-qr-results/{id}")]
pub async fn get_el_qr_results(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, ElQrFileId) = (segment(&request, "tenant")?, segment(&request, "id")?);
    Ok(respond::plain(&ElQrResultsDetails::of(&el_qr_results::get(ctx, tenant, id).await?)))
}
