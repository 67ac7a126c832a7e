//! `…/documents`: what people keep, as PDF, and `/v1/verify/{token}`: whether a paper is ours and still true.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use serde_json::Value;
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
use crate::service::document::signature::{self, FoundSignature};
use crate::service::document::{self, DocumentLine, PAGE_POLICY, VerifiedDocument};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_documents)
        .service(get_document)
        .service(get_document_page)
        .service(get_document_signature)
        .service(verify_document);
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
    /// 督促状.
    Demand,
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
            DocumentKind::Demand => Self::Demand,
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
/// 409 `decision_not_signed` where the law wants a signature of the authority that is not there: then it comes on paper.
/// 503 `font_missing` where the server has no Japanese font; 422 `characters_not_printable` names characters that its fonts
/// lack.
#[utoipa::path(
    operation_id = "get_document",
    tag = "applications",
    params(DocumentPath),
    responses(
        (status = 200, description = "The PDF", body = Vec<u8>, content_type = "application/pdf"),
        (status = 409, description = "It lacks the signature that it needs to be handed over electronically", body = Problem, content_type = "application/problem+json"),
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
        (status = 409, description = "It lacks the signature that it needs to be handed over electronically", body = Problem, content_type = "application/problem+json"),
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

/// A signature of office, detached from what it is over.
#[derive(Serialize, ToSchema)]
pub struct OfficeSignatureBody {
    /// In whose name it was made (処分庁).
    #[schema(example = "青森県知事")]
    authority: String,
    /// The name of the key.
    #[schema(example = "chiji-2024")]
    key_id: String,
    /// The certificate that stands for the key, as the body says; null where it does not know the key.
    certificate: Option<String>,
    /// Always `Ed25519`.
    #[schema(example = "Ed25519")]
    algorithm: &'static str,
    /// The public half of the key as a JWK (RFC 8037).
    #[schema(value_type = Object)]
    public_key: Value,
    /// SHA-256 of everything the document prints, hexadecimal; `GET /v1/verify/{token}` names the same.
    content_sha256: String,
    /// The text that was signed, UTF-8.
    statement: String,
    /// The signature in base64url.
    signature: String,
    /// The instant of the signature.
    #[schema(format = DateTime, value_type = String)]
    signed_at: String,
    /// `valid`; `invalid` where the key did not make it; `unknown_key` where the authority had no such key on that day.
    #[schema(example = "valid")]
    check: &'static str,
}

impl From<FoundSignature> for OfficeSignatureBody {
    fn from(found: FoundSignature) -> Self {
        Self {
            algorithm: found.algorithm(),
            signature: found.encoded(),
            authority: found.row.authority,
            key_id: found.row.key_id,
            certificate: found.certificate,
            public_key: found.public_key,
            content_sha256: data_encoding::HEXLOWER.encode(&found.row.content_sha256),
            statement: found.statement,
            signed_at: found.row.signed_at.0.to_string(),
            check: found.check.as_str(),
        }
    }
}

/// The signature of office of a document
///
/// Detached, over the statement that names the content of the document as it stands. A decision, a permit and an order about one bear
/// one, and only where the law wants it; of any other document 409 `no_office_signature`.
#[utoipa::path(
    operation_id = "get_document_signature",
    tag = "applications",
    params(DocumentPath),
    responses(
        (status = 200, description = "The signature", body = OfficeSignatureBody),
        (status = 409, description = "It bears none", body = Problem, content_type = "application/problem+json"),
        ReadProblems,
    ),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/documents/{document}/signature")]
pub async fn get_document_signature(
    caller: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (tenant, id) = (tenant(&request)?, segment(&request, "id")?);
    let found = signature::find(caller.0, tenant, id, document_name(&request)?).await?;
    Ok(respond::plain(&OfficeSignatureBody::from(found)))
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
    /// that proves a permit or a payment tells how that stands: `not_yet_valid`, `suspended`, `revoked`, `expired`. When the
    /// records of the case were disposed of by law, nothing but its origin can be told any more: `records_gone`.
    status: &'static str,
    /// SHA-256 of everything it prints, hexadecimal.
    content_sha256: String,
    /// The signature of office over it; null where it bears none.
    signature: Option<OfficeSignatureBody>,
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
            signature: found.signature.map(OfficeSignatureBody::from),
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
