//! `…/tasks`: what somebody of a department has to look at because a day went by, or because something is missing or came.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::mine::cursor;
use super::queues::DepartmentPath;
use crate::domain::id::{CaseTaskId, TenantCode};
use crate::domain::queue::not_acceptable;
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, ReadProblems, ResourcePath};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::respond;
use crate::service::Refusal;
use crate::service::case_task::{self, CaseTask, Wanted};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_tasks).service(close_task);
}

/// Which tasks are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TaskFilter {
    /// `open` (the default) or `ended`.
    #[param(example = "open")]
    state: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Something to look at.
#[derive(Serialize, ToSchema)]
pub struct TaskBody {
    /// The task.
    id: Uuid,
    /// The case.
    application: Uuid,
    /// 受付番号.
    number: Option<String>,
    /// `correction_missed`: the day by which a correction or an answer was asked for went by without one. `payee_missing`: a refund
    /// by bank transfer was decided, and nobody said to which account. `letter_to_send`: somebody without an account, whom no mail
    /// reaches, is to be told something on paper. `contract_to_conclude`: the other side of a contract has signed, so the office confirms
    /// the signature and signs.
    #[schema(example = "correction_missed")]
    kind: String,
    /// What it is about: the request, or the refund; of a letter the name of what it tells, with what that is about; of a contract the
    /// contract with the number of the signature.
    subject: String,
    /// The name of the paper to print for a letter, where there is one: `GET …/documents/{document}`.
    #[schema(example = "correction_request.0191d2a0-0000-7000-8000-000000000001")]
    document: Option<String>,
    /// The day that went by; of a missing account the day since which it is missing; of a contract the last day for the signatures.
    #[schema(format = Date, value_type = String)]
    due_on: String,
    /// `open`, `answered`, `case_ended`, `not_needed` or `closed`.
    #[schema(example = "open")]
    state: String,
    /// When it was made.
    #[schema(format = DateTime, value_type = String)]
    created_at: String,
    /// When it ended.
    #[schema(format = DateTime, value_type = Option<String>)]
    ended_at: Option<String>,
    /// Who closed it.
    ended_by: Option<Uuid>,
    /// Why it was closed.
    reason: Option<String>,
}

impl From<CaseTask> for TaskBody {
    fn from(task: CaseTask) -> Self {
        let document = task.paper().map(|paper| paper.to_string());
        Self {
            id: task.row.id.0,
            application: task.row.application_id.0,
            number: task.number,
            document,
            kind: task.row.kind,
            subject: task.row.subject_id,
            due_on: task.row.due_on.0.to_string(),
            state: task.row.state,
            created_at: task.row.created_at.0.to_string(),
            ended_at: task.row.ended_at.map(|at| at.0.to_string()),
            ended_by: task.row.ended_by.map(|officer| officer.0),
            reason: task.reason,
        }
    }
}

/// A page of them.
#[derive(Serialize, ToSchema)]
pub struct TaskPageBody {
    /// Oldest first.
    items: Vec<TaskBody>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// Why a task is closed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseTask {
    /// In words, 1 to 2,000 characters.
    #[schema(example = "電話で確認し、期限を延ばした。")]
    reason: String,
}

/// List tasks
///
/// For staff of the department: what somebody has to look at because a day went by. A task decides nothing and moves no case:
/// an answer can still come, and what follows without one is decided by people. That you looked is recorded.
#[utoipa::path(
    operation_id = "list_tasks", tag = "review", params(DepartmentPath, TaskFilter),
    responses((status = 200, description = "A page", body = TaskPageBody), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/departments/{department}/tasks")]
pub async fn list_tasks(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
    filter: web::Query<TaskFilter>,
) -> Result<HttpResponse, ApiError> {
    let (tenant, department): (TenantCode, String) =
        (segment(&request, "tenant")?, segment(&request, "department")?);
    let wanted = match filter.state.as_deref() {
        None | Some("open") => Wanted::Open,
        Some("ended") => Wanted::Ended,
        Some(_) => return Err(Refusal::Invalid(vec![not_acceptable("", "state")]).into()),
    };
    let after = cursor(filter.cursor.as_deref())?.map(CaseTaskId);
    let page = case_task::list(ctx, tenant, department, wanted, after).await?;
    Ok(respond::plain(&TaskPageBody {
        items: page.items.into_iter().map(TaskBody::from).collect(),
        next_cursor: page.next.map(|id| id.to_string()),
    }))
}

/// Close a task
///
/// For staff of the department: takes a task off the list and keeps why. The case stays as it is.
#[utoipa::path(
    operation_id = "close_task", tag = "review", params(ResourcePath, IdempotencyKeyHeader),
    request_body = CloseTask,
    responses((status = 200, description = "It is closed", body = TaskBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/tasks/{id}/close")]
pub async fn close_task(
    mutation: Mutation<CloseTask>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let closed = case_task::close(mutation.ctx, mutation.idempotency, id, mutation.body.reason).await?;
    Ok(respond::effect(StatusCode::OK, closed.origin, None, &TaskBody::from(closed.value)))
}
