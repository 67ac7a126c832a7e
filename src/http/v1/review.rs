//! Review by staff: who works on what, notes, closing a notification.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::applications::ApplicationSummary;
use crate::domain::id::{OfficerId, TenantCode};
use crate::http::contract::{CasePath, ChangeProblems, IdempotencyKeyHeader, ReadProblems};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, Nothing, SignedIn, segment};
use crate::http::respond;
use crate::service::review::{self, Note};
use crate::service::{Effect, Refusal};
use crate::store::applications::ApplicationRow;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(claim_application)
        .service(take_over_application)
        .service(release_application)
        .service(assign_application)
        .service(close_application)
        .service(list_notes)
        .service(create_note);
}

/// A member of staff in charge.
#[derive(Serialize, ToSchema)]
pub struct Assignee {
    /// The officer.
    pub(super) id: Uuid,
    /// The officer's name.
    pub(super) name: Option<String>,
}

/// To whom a case goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignApplication {
    /// The officer's id.
    officer: Uuid,
}

/// A note for colleagues.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateNote {
    /// What it says, 1 to 10,000 characters.
    #[schema(example = "電話で確認済み")]
    text: String,
}

/// A note.
#[derive(Serialize, ToSchema)]
pub struct NoteBody {
    /// The note.
    id: String,
    /// Who wrote it.
    author: Assignee,
    /// What it says.
    text: String,
    /// When it was written.
    #[schema(format = DateTime, value_type = String)]
    created_at: String,
}

impl From<Note> for NoteBody {
    fn from(note: Note) -> Self {
        Self {
            author: Assignee { id: note.row.officer_id.0, name: note.author.map(|author| author.name) },
            created_at: note.row.created_at.0.to_string(),
            id: note.row.id,
            text: note.text,
        }
    }
}

/// The notes of a case.
#[derive(Serialize, ToSchema)]
pub struct NoteList {
    /// Oldest first.
    items: Vec<NoteBody>,
    /// Always null: a case has few notes.
    next_cursor: Option<String>,
}

/// The tenant of the path, or not found.
pub(super) fn tenant(request: &HttpRequest) -> Result<TenantCode, ApiError> {
    let code = request.match_info().get("tenant").and_then(TenantCode::parse);
    code.ok_or(ApiError::from(Refusal::NotFound))
}

fn moved(effect: &Effect<ApplicationRow>) -> HttpResponse {
    let body = ApplicationSummary::of(&effect.value);
    respond::effect(StatusCode::OK, effect.origin, Some(effect.value.version), &body)
}

/// Take a case up
///
/// For staff of the department. A case has one officer in charge; if two claim at once, one of them is told that another
/// has it (409 `already_claimed`).
#[utoipa::path(
    operation_id = "claim_application", tag = "review", params(CasePath, IdempotencyKeyHeader),
    responses((status = 200, description = "It is yours", body = ApplicationSummary), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/claim")]
pub async fn claim_application(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    Ok(moved(&review::claim(mutation.ctx, mutation.idempotency, id).await?))
}

/// Take a case over
///
/// A claim is exclusive and does not outlive the work of its holder. A superior of the department takes a case over at any
/// time; a colleague does when the holder serves in the department no more, when the colleague covers for the holder today,
/// or when the holder did nothing about the case for as long as a claim lasts (`claimed_until` in the queue); its days begin anew when
/// the case comes back to the holder's desk, such as with an answer. Otherwise it stays with its holder (409 `already_claimed`).
#[utoipa::path(
    operation_id = "take_over_application", tag = "review", params(CasePath, IdempotencyKeyHeader),
    responses((status = 200, description = "It is yours", body = ApplicationSummary), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/takeover")]
pub async fn take_over_application(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    Ok(moved(&review::take_over(mutation.ctx, mutation.idempotency, id).await?))
}

/// Give a case back to the queue
///
/// The officer in charge can, and so can a superior of the department.
#[utoipa::path(
    operation_id = "release_application", tag = "review", params(CasePath, IdempotencyKeyHeader),
    responses((status = 200, description = "It waits again", body = ApplicationSummary), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/release")]
pub async fn release_application(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    Ok(moved(&review::release(mutation.ctx, mutation.idempotency, id).await?))
}

/// Hand a case to a colleague
///
/// The colleague must hold a post in the department today.
#[utoipa::path(
    operation_id = "assign_application", tag = "review", params(CasePath, IdempotencyKeyHeader),
    request_body = AssignApplication,
    responses((status = 200, description = "The colleague has it", body = ApplicationSummary), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/assign")]
pub async fn assign_application(
    mutation: Mutation<AssignApplication>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (id, colleague) = (segment(&request, "id")?, OfficerId(mutation.body.officer));
    Ok(moved(&review::assign(mutation.ctx, mutation.idempotency, id, colleague).await?))
}

/// Close a notification
///
/// A notification was complete on arrival; when its entries are checked, the officer in charge closes it. Nobody decides
/// it, so there is nothing to refuse.
#[utoipa::path(
    operation_id = "close_application", tag = "review", params(CasePath, IdempotencyKeyHeader),
    responses((status = 200, description = "It is closed", body = ApplicationSummary), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/close")]
pub async fn close_application(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    Ok(moved(&review::close(mutation.ctx, mutation.idempotency, id).await?))
}

/// The notes of a case
///
/// For staff of the department; applicants never see them.
#[utoipa::path(
    operation_id = "list_notes", tag = "review", params(CasePath),
    responses((status = 200, description = "The notes", body = NoteList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/notes")]
pub async fn list_notes(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let notes = review::list_notes(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    Ok(respond::plain(&NoteList {
        items: notes.into_iter().map(NoteBody::from).collect(),
        next_cursor: None,
    }))
}

/// Write a note
///
/// For colleagues of the department; applicants never see it.
#[utoipa::path(
    operation_id = "create_note", tag = "review", params(CasePath, IdempotencyKeyHeader), request_body = CreateNote,
    responses((status = 201, description = "The note", body = NoteBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/notes")]
pub async fn create_note(
    mutation: Mutation<CreateNote>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let made = review::note(mutation.ctx, mutation.idempotency, id, mutation.body.text).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &NoteBody::from(made.value)))
}
