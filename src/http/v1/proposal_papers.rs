//! `…/proposal/papers/{paper}`: what the last seal would issue, set in type before it is sealed.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use actix_web::{HttpRequest, HttpResponse, get, web};
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::approvals::SubjectQuery;
use super::review::tenant;
use crate::domain::id::ApplicationId;
use crate::domain::issued_document::DocumentKind;
use crate::http::contract::ReadProblems;
use crate::http::error::{ApiError, Problem};
use crate::http::extract::{SignedIn, segment};
use crate::service::Refusal;
use crate::service::document::PAGE_POLICY;
use crate::service::document::preview::{self, PaperWanted};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_proposal_paper).service(get_proposal_paper_page);
}

/// A paper of a proposal in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path; the segments are read by name")]
pub struct ProposalPaperPath {
    /// 全国地方公共団体コード, six digits.
    #[param(example = "020001")]
    tenant: String,
    /// The application.
    id: Uuid,
    /// `decision` (決定の通知書), `permit` (許可証) or `permit_order` (達), as the proposal brings them about.
    #[param(example = "decision")]
    paper: String,
}

fn wanted(query: &SubjectQuery, request: &HttpRequest) -> Result<PaperWanted, ApiError> {
    let paper: String = segment(request, "paper")?;
    Ok(PaperWanted {
        tenant: tenant(request)?,
        application: ApplicationId(segment(request, "id")?),
        subject: query.subject(),
        kind: DocumentKind::parse(&paper).ok_or(Refusal::NotFound)?,
    })
}

/// A paper of the proposal as PDF
///
/// What would leave the house if the last seal were set now: the same words in the same type. It is marked as a draft, bears no
/// number and no proof, and names the `content_sha256` that a seal can ask for. For staff of the departments on the route, while the
/// proposal is on it.
#[utoipa::path(
    operation_id = "get_proposal_paper", tag = "review", params(ProposalPaperPath, SubjectQuery),
    responses(
        (status = 200, description = "The PDF", body = Vec<u8>, content_type = "application/pdf"),
        (status = 409, description = "Something that every disposition bears is missing", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "It has characters that cannot be printed", body = Problem, content_type = "application/problem+json"),
        ReadProblems,
    ),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/proposal/papers/{paper}")]
pub async fn get_proposal_paper(
    SignedIn(ctx): SignedIn,
    query: web::Query<SubjectQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let pdf = preview::make(ctx, wanted(&query, &request)?).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_DISPOSITION, "inline; filename=\"draft.pdf\""))
        .body(pdf))
}

/// A paper of the proposal as a page
///
/// The same as the PDF, without a font of the server.
#[utoipa::path(
    operation_id = "get_proposal_paper_page", tag = "review", params(ProposalPaperPath, SubjectQuery),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html; charset=utf-8"),
        (status = 409, description = "Something that every disposition bears is missing", body = Problem, content_type = "application/problem+json"),
        ReadProblems,
    ),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/proposal/papers/{paper}/page")]
pub async fn get_proposal_paper_page(
    SignedIn(ctx): SignedIn,
    query: web::Query<SubjectQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let page = preview::make_page(ctx, wanted(&query, &request)?).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .body(page))
}
