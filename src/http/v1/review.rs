//! Review by staff: a department's queue, who works on what, notes, closing a notification.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::applications::ApplicationSummary;
use crate::domain::application::StateName;
use crate::domain::fault::Fault;
use crate::domain::id::{OfficerId, TenantCode};
use crate::http::contract::{CasePath, ChangeProblems, IdempotencyKeyHeader, ReadProblems};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, Nothing, SignedIn, segment};
use crate::http::{locale, respond};
use crate::service::queue::{self, AssigneeFilter, Cursor, QueueItem, Wanted};
use crate::service::review::{self, Note};
use crate::service::{Effect, Refusal};
use crate::store::applications::ApplicationRow;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_queue)
        .service(claim_application)
        .service(release_application)
        .service(assign_application)
        .service(close_application)
        .service(list_notes)
        .service(create_note);
}

/// A department of a tenant in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path; the segments are read by name")]
struct DepartmentPath {
    /// 全国地方公共団体コード, six digits.
    #[param(example = "020001")]
    tenant: String,
    /// Code of the department.
    #[param(example = "kiki-shobo-hoan")]
    department: String,
}

/// Which part of a queue is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QueueFilter {
    /// One state; without it everything that still waits for somebody.
    #[param(example = "submitted")]
    state: Option<String>,
    /// An officer's id, or `me`.
    assignee: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A member of staff in charge.
#[derive(Serialize, ToSchema)]
pub struct Assignee {
    /// The officer.
    id: Uuid,
    /// The officer's name.
    name: Option<String>,
}

/// A row of a queue.
#[derive(Serialize, ToSchema)]
pub struct QueueEntry {
    /// The case.
    id: Uuid,
    /// 受付番号.
    number: String,
    /// The procedure's slug.
    procedure: String,
    /// Name of the procedure.
    title: String,
    /// `application` or `notification`.
    kind: String,
    /// Where the case stands.
    #[schema(example = "submitted")]
    state: String,
    /// 到達日時.
    #[schema(format = DateTime, value_type = String)]
    arrived_at: String,
    /// The day the standard processing period ends.
    #[schema(format = Date, value_type = Option<String>)]
    due_on: Option<String>,
    /// Who works on it.
    assignee: Option<Assignee>,
    /// State of the invoice issued last; null without one.
    #[schema(example = "entrusted")]
    fee_state: Option<String>,
    /// Name of the applicant.
    applicant_name: Option<String>,
    /// Rises with every change.
    version: i64,
}

impl From<QueueItem> for QueueEntry {
    fn from(item: QueueItem) -> Self {
        Self {
            id: item.id.0,
            number: item.number,
            procedure: item.procedure,
            title: locale::current().locale.pick(item.title.ja, item.title.en),
            kind: item.kind,
            state: item.state,
            arrived_at: item.arrived_at.to_string(),
            due_on: item.due_on.map(|day| day.to_string()),
            assignee: item.assignee.map(|(officer, name)| Assignee { id: officer.0, name }),
            fee_state: item.fee_state,
            applicant_name: item.applicant,
            version: item.version,
        }
    }
}

/// A page of a queue, oldest arrival first.
#[derive(Serialize, ToSchema)]
pub struct QueueList {
    /// The rows.
    items: Vec<QueueEntry>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
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

/// A department's queue
///
/// For staff of the department: what arrived, oldest first, with everything a row needs. That you looked is recorded.
#[utoipa::path(
    operation_id = "list_queue", tag = "review", params(DepartmentPath, QueueFilter),
    responses((status = 200, description = "A page of the queue", body = QueueList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/departments/{department}/queue")]
pub async fn list_queue(
    SignedIn(ctx): SignedIn,
    filter: web::Query<QueueFilter>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (tenant, department) = (tenant(&request)?, segment(&request, "department")?);
    let page = queue::list(ctx, wanted(tenant, department, &filter)?).await?;
    let items = page.items.into_iter().map(QueueEntry::from).collect();
    Ok(respond::plain(&QueueList { items, next_cursor: page.next.map(Cursor::encode) }))
}

fn wanted(tenant: TenantCode, department: String, filter: &QueueFilter) -> Result<Wanted, Refusal> {
    let mut faults = Vec::new();
    let mut unknown = |name: &'static str| {
        let en = format!("The parameter {name} is not acceptable.");
        faults.push(Fault::new(
            format!("/{name}"),
            name,
            format!("パラメーター {name} が正しくありません。"),
            en,
        ));
    };
    let state = filter.state.as_deref().and_then(StateName::parse).filter(|state| *state != StateName::Draft);
    if filter.state.is_some() && state.is_none() {
        unknown("state");
    }
    let assignee = match filter.assignee.as_deref() {
        None => Some(AssigneeFilter::Any),
        Some("me") => Some(AssigneeFilter::Mine),
        Some(id) => id.parse().ok().map(AssigneeFilter::Officer),
    };
    if assignee.is_none() {
        unknown("assignee");
    }
    let cursor = filter.cursor.as_deref().and_then(Cursor::decode);
    if filter.cursor.is_some() && cursor.is_none() {
        unknown("cursor");
    }
    match assignee {
        Some(assignee) if faults.is_empty() => Ok(Wanted { tenant, department, state, assignee, cursor }),
        _ => Err(Refusal::Invalid(faults)),
    }
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
