//! `…/applications/{id}/links`: which cases have to do with each other.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::review::tenant;
use crate::domain::case_link::LinkKind;
use crate::domain::id::ApplicationId;
use crate::http::contract::{CasePath, ChangeProblems, IdempotencyKeyHeader, ReadProblems, ResourcePath};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::respond;
use crate::service::case_link::{self, CaseLink, NewLink};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(link_application).service(list_links).service(end_link);
}

/// What one case is to another.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkWord {
    /// Both are about the same matter.
    SameMatter,
    /// It is to be dealt with before the other.
    Precedes,
    /// It renews what the other granted.
    RenewalOf,
    /// It objects to what was decided about the other.
    ObjectionTo,
    /// It was filed twice.
    DuplicateOf,
}

impl From<LinkWord> for LinkKind {
    fn from(word: LinkWord) -> Self {
        match word {
            LinkWord::SameMatter => Self::SameMatter,
            LinkWord::Precedes => Self::Precedes,
            LinkWord::RenewalOf => Self::RenewalOf,
            LinkWord::ObjectionTo => Self::ObjectionTo,
            LinkWord::DuplicateOf => Self::DuplicateOf,
        }
    }
}

/// A link to another case.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkApplication {
    /// The other case; of the same body, and one that you may see.
    application: Uuid,
    /// What this case is to the other.
    kind: LinkWord,
    /// Why; for staff only.
    #[schema(example = "同一敷地内の申請のため")]
    reason: String,
}

/// Why a link is ended.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndLink {
    /// Why; for staff only.
    #[schema(example = "別の敷地と判明したため")]
    reason: String,
}

/// A link as one of its cases shows it.
#[derive(Serialize, ToSchema)]
pub struct LinkBody {
    /// The link.
    id: Uuid,
    /// The other case.
    application: Uuid,
    /// Its 受付番号.
    number: Option<String>,
    /// Its procedure's slug.
    procedure: String,
    /// Where it stands.
    #[schema(example = "decided")]
    state: String,
    /// `same_matter`, `precedes`, `renewal_of`, `objection_to` or `duplicate_of`.
    #[schema(example = "renewal_of")]
    kind: String,
    /// `subject`: this case is so to the other; `object`: the other is so to this one.
    #[schema(example = "subject")]
    side: String,
    /// Why; null for parties.
    reason: Option<String>,
    /// When they were linked.
    #[schema(format = DateTime, value_type = String)]
    linked_at: String,
}

impl From<CaseLink> for LinkBody {
    fn from(link: CaseLink) -> Self {
        Self {
            id: link.row.id.0,
            application: link.other.id.0,
            number: link.other.number,
            procedure: link.other.procedure,
            state: link.other.state,
            kind: link.row.kind,
            side: link.side.as_str().to_owned(),
            reason: link.reason,
            linked_at: link.row.linked_at.0.to_string(),
        }
    }
}

/// The links of a case.
#[derive(Serialize, ToSchema)]
pub struct LinkList {
    /// Oldest first; only to cases that the reader may see.
    items: Vec<LinkBody>,
    /// Always null: there is one page.
    next_cursor: Option<String>,
}

/// Link a case to another one
///
/// For staff who work on this case and may see the other. Both cases show the link to whoever may see both. Cases of another
/// body, like cases that you may not know of, are no cases that can be linked (422). Nothing waits because of a link.
#[utoipa::path(
    operation_id = "link_application", tag = "review", params(CasePath, IdempotencyKeyHeader),
    request_body = LinkApplication,
    responses((status = 201, description = "They are linked", body = LinkBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/links")]
pub async fn link_application(
    mutation: Mutation<LinkApplication>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let LinkApplication { application, kind, reason } = mutation.body;
    let new = NewLink { other: ApplicationId(application), kind: kind.into(), reason };
    let made = case_link::link(mutation.ctx, mutation.idempotency, id, new).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &LinkBody::from(made.value)))
}

/// The links of a case
///
/// For the parties and staff; links to cases that the reader may not see are left out.
#[utoipa::path(
    operation_id = "list_links", tag = "applications", params(CasePath),
    responses((status = 200, description = "The links", body = LinkList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/links")]
pub async fn list_links(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let found = case_link::list(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    let items = found.into_iter().map(LinkBody::from).collect();
    Ok(respond::plain(&LinkList { items, next_cursor: None }))
}

/// End a link
///
/// For staff who work on one of the two cases; it stays on record. Ending it twice changes nothing.
#[utoipa::path(
    operation_id = "end_link", tag = "review", params(ResourcePath, IdempotencyKeyHeader), request_body = EndLink,
    responses((status = 204, description = "They are linked no more"), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/case-links/{id}/end")]
pub async fn end_link(mutation: Mutation<EndLink>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let ended = case_link::end(mutation.ctx, mutation.idempotency, id, mutation.body.reason).await?;
    Ok(respond::nothing(ended.origin))
}
