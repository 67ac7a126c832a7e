//! `…/documents`: what people keep, as PDF, and `/v1/verify/{token}`: whether a paper is ours and still true.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::review::tenant;
use crate::domain::issued_document::{DocumentKind, DocumentName};
use crate::http::contract::{CasePath, ReadProblems};
use crate::http::error::{ApiError, Problem};
use crate::http::extract::{Anyone, SignedIn, segment};
use crate::http::respond;
use crate::service::Refusal;
use crate::service::document::{self, DocumentLine, PAGE_POLICY, VerifiedDocument};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_documents).service(get_document).service(get_document_page).service(verify_document);
}

/// The kinds of documents.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKindBody {
    /// 申請書・届出書の控え.
    ApplicationCopy,
    /// 補正の求め, 照会.
    CorrectionRequest,
    /// 納入通知書.
    PaymentNotice,
    /// 領収証書, or the confirmation of an entrusted payment.
    Receipt,
    /// 決定の通知書.
    Decision,
    /// 許可証.
    Permit,
    /// 達: an order about a permit.
    PermitOrder,
}

impl From<DocumentKind> for DocumentKindBody {
    fn from(kind: DocumentKind) -> Self {
        match kind {
            DocumentKind::ApplicationCopy => Self::ApplicationCopy,
            DocumentKind::CorrectionRequest => Self::CorrectionRequest,
            DocumentKind::PaymentNotice => Self::PaymentNotice,
            DocumentKind::Receipt => Self::Receipt,
            DocumentKind::Decision => Self::Decision,
            DocumentKind::Permit => Self::Permit,
            DocumentKind::PermitOrder => Self::PermitOrder,
        }
    }
}

/// A document there is of a case.
#[derive(Serialize, ToSchema)]
pub struct DocumentItem {
    /// Its name in the address: its kind, with the id of what it is about where a case may have several of the kind.
    #[schema(example = "receipt.0191d2a0-0000-7000-8000-000000000001")]
    id: String,
    /// What it is.
    kind: DocumentKindBody,
    /// Always `application/pdf`.
    media_type: &'static str,
    /// The instant it bears.
    #[schema(format = DateTime, value_type = String)]
    made_at: String,
}

impl From<DocumentLine> for DocumentItem {
    fn from(line: DocumentLine) -> Self {
        Self {
            id: line.name.to_string(),
            kind: line.name.kind().into(),
            media_type: PDF,
            made_at: line.made_at.to_string(),
        }
    }
}

/// The documents of a case.
#[derive(Serialize, ToSchema)]
pub struct DocumentList {
    /// In the order in which they came to be.
    items: Vec<DocumentItem>,
    /// Always null: a case has few documents.
    next_cursor: Option<String>,
}

const PDF: &str = "application/pdf";

/// The documents of a case
///
/// What can be fetched as PDF or as a page to print: the copy of the application from its arrival, each request for a
/// correction, each notice to pay and receipt, the decision once it was made, the permit and the orders about it. Papers
/// about money are listed for those who may see it.
#[utoipa::path(
    operation_id = "list_documents",
    tag = "applications",
    params(CasePath),
    responses((status = 200, description = "The documents", body = DocumentList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/documents")]
pub async fn list_documents(caller: SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, id) = (tenant(&request)?, segment(&request, "id")?);
    let items = document::list(caller.0, tenant, id).await?;
    let items = items.into_iter().map(DocumentItem::from).collect();
    Ok(respond::plain(&DocumentList { items, next_cursor: None }))
}

/// A document in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path; the segments are read by name")]
pub struct DocumentPath {
    /// 全国地方公共団体コード, six digits.
    #[param(example = "020001")]
    tenant: String,
    /// The application.
    id: Uuid,
    /// An `id` of the list, e.g. `application_copy`, `decision` or `receipt.{id}`.
    #[param(example = "application_copy")]
    document: String,
}

/// One document as PDF
///
/// PDF/A-2a and PDF/UA-1, the same bytes for the same document, with a QR code that leads to the check of its authenticity.
/// 503 `font_missing` where the server has no Japanese font; 422 `characters_not_printable` names characters that its fonts
/// lack.
#[utoipa::path(
    operation_id = "get_document",
    tag = "applications",
    params(DocumentPath),
    responses(
        (status = 200, description = "The PDF", body = Vec<u8>, content_type = "application/pdf"),
        (status = 422, description = "It has characters that cannot be printed", body = Problem, content_type = "application/problem+json"),
        ReadProblems,
    ),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/documents/{document}")]
pub async fn get_document(caller: SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, id) = (tenant(&request)?, segment(&request, "id")?);
    let name = document_name(&request)?;
    let made = document::make(caller.0, tenant, id, name).await?;
    let file = format!("inline; filename=\"{name}.pdf\"");
    Ok(HttpResponse::Ok()
        .content_type(PDF)
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_DISPOSITION, file))
        .body(made.pdf))
}

fn document_name(request: &HttpRequest) -> Result<DocumentName, ApiError> {
    let name: String = segment(request, "document")?;
    Ok(DocumentName::parse(&name).ok_or(Refusal::NotFound)?)
}

/// One document as a page to print
///
/// The same words and the same proof as the PDF, as HTML that holds everything in itself. It needs no font of the server, so
/// it stands in where the PDF answers 503 `font_missing`.
#[utoipa::path(
    operation_id = "get_document_page",
    tag = "applications",
    params(DocumentPath),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html; charset=utf-8"),
        ReadProblems,
    ),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/documents/{document}/page")]
pub async fn get_document_page(caller: SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, id) = (tenant(&request)?, segment(&request, "id")?);
    let page = document::make_page(caller.0, tenant, id, document_name(&request)?).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .body(page))
}

/// A document whose signature is ours.
#[derive(Serialize, ToSchema)]
pub struct Verification {
    /// Always true: anything else is 404 `document_not_authentic`.
    authentic: bool,
    /// What it is.
    document: DocumentKindBody,
    /// The body that issued it.
    tenant: String,
    /// The number of its case.
    number: String,
    /// The day it bears.
    issued_on: String,
    /// `current` while it prints what stands today; `superseded` when that was corrected or decided anew since. A paper
    /// that proves a permit or a payment tells how that stands: `not_yet_valid`, `suspended`, `revoked`, `expired`.
    status: &'static str,
    /// SHA-256 of everything it prints, hexadecimal.
    content_sha256: String,
}

impl From<VerifiedDocument> for Verification {
    fn from(found: VerifiedDocument) -> Self {
        let claims = found.claims;
        Self {
            authentic: true,
            document: claims.name.kind().into(),
            tenant: claims.tenant.to_string(),
            number: found.number,
            issued_on: claims.issued_on.to_string(),
            status: found.status.as_str(),
            content_sha256: data_encoding::HEXLOWER.encode(&claims.digest),
        }
    }
}

/// A token in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path; the segments are read by name")]
pub struct TokenPath {
    /// The token of the document's QR code.
    token: String,
}

/// Check a document
///
/// For anybody who holds the paper: whether this installation issued it, and what it is worth today. Nothing personal is told.
#[utoipa::path(
    operation_id = "verify_document",
    tag = "documents",
    params(TokenPath),
    responses(
        (status = 200, description = "It is authentic", body = Verification),
        (status = 404, description = "It is not", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The server or its database is busy or away", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
)]
#[get("/v1/verify/{token}")]
pub async fn verify_document(caller: Anyone, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let token: String = segment(&request, "token")?;
    let found = document::verify(caller.0, &token).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(Verification::from(found)))
}
