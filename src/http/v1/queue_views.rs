//! `…/departments/{department}/queue-views`: criteria that staff keep under a name.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::queues::DepartmentPath;
use super::review::tenant;
use crate::domain::queue::Criteria;
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, ReadProblems};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, Nothing, SignedIn, segment};
use crate::http::respond;
use crate::service::queue_view::{self, Audience, NewView};
use crate::store::queue_views::QueueViewRow;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_queue_views).service(create_queue_view).service(delete_queue_view);
}

/// A saved view in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path; the segment is read by name")]
struct ViewPath {
    /// The view.
    id: Uuid,
}

/// What a view asks for; the words are those of the queue's own parameters.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ViewCriteria {
    /// One state.
    #[serde(default)]
    #[schema(required = false)]
    state: Option<String>,
    /// An officer's id, or `me`: whoever looks.
    #[serde(default)]
    #[schema(required = false)]
    assignee: Option<String>,
    /// `office`, `applicant` or `approver`.
    #[serde(default)]
    #[schema(required = false)]
    waiting_on: Option<String>,
    /// The slug of a procedure.
    #[serde(default)]
    #[schema(required = false)]
    procedure: Option<String>,
    /// `overdue`, or a day.
    #[serde(default)]
    #[schema(required = false)]
    due: Option<String>,
    /// `open`: with an open task.
    #[serde(default)]
    #[schema(required = false)]
    task: Option<String>,
    /// `arrived_at` or `due_on`.
    #[serde(default)]
    #[schema(required = false)]
    sort: Option<String>,
}

/// Who sees a view.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AudienceWord {
    /// Whoever made it.
    Own,
    /// All staff of the department.
    Department,
}

/// A view to be kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateQueueView {
    /// How it is called, 1 to 50 characters; no names of applicants.
    #[schema(example = "期限切れ")]
    name: String,
    /// Who sees it.
    audience: AudienceWord,
    /// What it asks for.
    criteria: ViewCriteria,
}

/// A kept view.
#[derive(Serialize, ToSchema)]
pub struct QueueViewBody {
    /// The view.
    id: Uuid,
    /// How it is called.
    name: String,
    /// `own` or `department`.
    #[schema(example = "department")]
    audience: String,
    /// Who made it.
    officer: Uuid,
    /// What it asks for.
    criteria: ViewCriteria,
}

impl QueueViewBody {
    fn of(row: QueueViewRow) -> Self {
        let Criteria { state, assignee, waiting_on, procedure, due, task, sort } = row.criteria.0;
        Self {
            id: row.id.0,
            name: row.name,
            audience: row.audience,
            officer: row.officer_id.0,
            criteria: ViewCriteria { state, assignee, waiting_on, procedure, due, task, sort },
        }
    }
}

/// The views of a department.
#[derive(Serialize, ToSchema)]
pub struct QueueViewList {
    /// In the order of their names.
    items: Vec<QueueViewBody>,
    /// Always null: there is one page.
    next_cursor: Option<String>,
}

/// List the saved views
///
/// For staff of the department: the own ones and those for everybody.
#[utoipa::path(
    operation_id = "list_queue_views", tag = "review", params(DepartmentPath),
    responses((status = 200, description = "The views", body = QueueViewList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/departments/{department}/queue-views")]
pub async fn list_queue_views(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let views = queue_view::list(ctx, tenant(&request)?, segment(&request, "department")?).await?;
    let items = views.into_iter().map(QueueViewBody::of).collect();
    Ok(respond::plain(&QueueViewList { items, next_cursor: None }))
}

/// Keep a view
///
/// For staff of the department; `GET …/queue?view=` shows what it asks for.
#[utoipa::path(
    operation_id = "create_queue_view", tag = "review", params(DepartmentPath, IdempotencyKeyHeader),
    request_body = CreateQueueView,
    responses((status = 201, description = "The view", body = QueueViewBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/departments/{department}/queue-views")]
pub async fn create_queue_view(
    mutation: Mutation<CreateQueueView>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let CreateQueueView { name, audience, criteria } = mutation.body;
    let ViewCriteria { state, assignee, waiting_on, procedure, due, task, sort } = criteria;
    let new = NewView {
        department: segment(&request, "department")?,
        name,
        audience: match audience {
            AudienceWord::Own => Audience::Own,
            AudienceWord::Department => Audience::Department,
        },
        criteria: Criteria { state, assignee, waiting_on, procedure, due, task, sort },
    };
    let made = queue_view::create(mutation.ctx, mutation.idempotency, new).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &QueueViewBody::of(made.value)))
}

/// Take a view away
///
/// Only whoever made it can.
#[utoipa::path(
    operation_id = "delete_queue_view", tag = "review", params(DepartmentPath, ViewPath, IdempotencyKeyHeader),
    responses((status = 204, description = "It is gone"), ChangeProblems),
)]
#[delete("/v1/tenants/{tenant}/departments/{department}/queue-views/{id}")]
pub async fn delete_queue_view(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (department, id) = (segment(&request, "department")?, segment(&request, "id")?);
    let gone = queue_view::delete(mutation.ctx, mutation.idempotency, department, id).await?;
    Ok(respond::nothing(gone.origin))
}
