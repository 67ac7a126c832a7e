//! `…/opinions`: what another office of the body is asked about a case, and what it answers.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::mine::cursor;
use super::queues::DepartmentPath;
use super::review::tenant;
use crate::domain::id::OpinionId;
use crate::domain::opinion::{OpinionStance, OpinionState};
use crate::http::contract::{CasePath, ChangeProblems, IdempotencyKeyHeader, ReadProblems, ResourcePath};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, Nothing, SignedIn, segment};
use crate::http::respond;
use crate::service::opinion::{self, Answer, AskedOpinion, NewOpinion, Opinion};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(ask_opinion)
        .service(list_opinions)
        .service(list_department_opinions)
        .service(answer_opinion)
        .service(recall_opinion);
}

/// A question to another department of the body.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskOpinion {
    /// Code of the department.
    #[schema(example = "kendo-doro")]
    department: String,
    /// What is asked, up to 5,000 characters.
    #[schema(example = "道路管理上の支障の有無")]
    question: String,
    /// The day by which an answer is asked for.
    #[schema(value_type = String, format = Date)]
    due_on: Date,
}

/// What the office thinks.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StanceWord {
    /// 異議なし.
    Agree,
    /// 条件付き: `text` says which.
    AgreeWithConditions,
    /// 異議あり: `text` says why.
    Object,
    /// 意見なし.
    NoOpinion,
}

impl From<StanceWord> for OpinionStance {
    fn from(word: StanceWord) -> Self {
        match word {
            StanceWord::Agree => Self::Agree,
            StanceWord::AgreeWithConditions => Self::AgreeWithConditions,
            StanceWord::Object => Self::Object,
            StanceWord::NoOpinion => Self::NoOpinion,
        }
    }
}

/// The answer of an office.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerOpinion {
    /// What it thinks.
    stance: StanceWord,
    /// What it says, up to 5,000 characters.
    #[serde(default)]
    #[schema(required = false)]
    text: String,
}

/// A request for an opinion.
#[derive(Serialize, ToSchema)]
pub struct OpinionBody {
    /// The request.
    id: Uuid,
    /// The case.
    application: Uuid,
    /// Code of the department that is asked.
    department: String,
    /// `open`, `given` or `recalled`.
    #[schema(example = "open")]
    state: String,
    /// What is asked.
    question: String,
    /// The day by which an answer is asked for.
    #[schema(format = Date, value_type = String)]
    due_on: String,
    /// Code of the department that asks.
    asking_department: String,
    /// The officer who asks.
    asked_by: Uuid,
    /// When.
    #[schema(format = DateTime, value_type = String)]
    asked_at: String,
    /// When it was raised that no answer had come in time.
    #[schema(format = DateTime, value_type = Option<String>)]
    overdue_at: Option<String>,
    /// What the office thinks: `agree`, `agree_with_conditions`, `object` or `no_opinion`.
    #[schema(example = "agree")]
    stance: Option<String>,
    /// What it says.
    answer: Option<String>,
    /// The officer who answered or took the request back.
    ended_by: Option<Uuid>,
    /// When.
    #[schema(format = DateTime, value_type = Option<String>)]
    ended_at: Option<String>,
}

impl From<Opinion> for OpinionBody {
    fn from(opinion: Opinion) -> Self {
        let Opinion { row, question, answer } = opinion;
        Self {
            id: row.id.0,
            application: row.application_id.0,
            department: row.department,
            state: row.state,
            question,
            due_on: row.due_on.0.to_string(),
            asking_department: row.asking_department,
            asked_by: row.asked_by.0,
            asked_at: row.asked_at.0.to_string(),
            overdue_at: row.overdue_at.map(|at| at.0.to_string()),
            stance: row.stance,
            answer,
            ended_by: row.ended_by.map(|officer| officer.0),
            ended_at: row.ended_at.map(|at| at.0.to_string()),
        }
    }
}

/// The opinions on a case.
#[derive(Serialize, ToSchema)]
pub struct OpinionList {
    /// Oldest first.
    items: Vec<OpinionBody>,
    /// Always null: there is one page.
    next_cursor: Option<String>,
}

/// What a department is asked.
#[derive(Serialize, ToSchema)]
pub struct AskedOpinionBody {
    /// The request.
    #[serde(flatten)]
    opinion: OpinionBody,
    /// 受付番号 of the case.
    number: Option<String>,
    /// The procedure's slug.
    procedure: String,
    /// Where the case stands.
    #[schema(example = "under_review")]
    application_state: String,
}

impl From<AskedOpinion> for AskedOpinionBody {
    fn from(asked: AskedOpinion) -> Self {
        Self {
            opinion: asked.opinion.into(),
            number: asked.number,
            procedure: asked.procedure,
            application_state: asked.case_state,
        }
    }
}

/// A page of what a department is asked.
#[derive(Serialize, ToSchema)]
pub struct AskedOpinionList {
    /// Oldest first.
    items: Vec<AskedOpinionBody>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// Which requests are wanted.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpinionStateWord {
    /// An answer is awaited.
    #[default]
    Open,
    /// It was answered.
    Given,
    /// It was taken back.
    Recalled,
}

impl From<OpinionStateWord> for OpinionState {
    fn from(word: OpinionStateWord) -> Self {
        match word {
            OpinionStateWord::Open => Self::Open,
            OpinionStateWord::Given => Self::Given,
            OpinionStateWord::Recalled => Self::Recalled,
        }
    }
}

/// Which part of the list is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OpinionFilter {
    /// Those in this state; the open ones by default.
    #[serde(default)]
    #[param(inline, required = false)]
    state: OpinionStateWord,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Ask another department
///
/// For staff of the department in charge, while the case is open. The department that is asked can read the case until it
/// has answered or the request is taken back. The standard processing period goes on: an open request pauses nothing.
/// Until then a decision is proposed only by saying why it is not waited for (`without_opinion`).
#[utoipa::path(
    operation_id = "ask_opinion", tag = "review", params(CasePath, IdempotencyKeyHeader), request_body = AskOpinion,
    responses((status = 201, description = "It is asked", body = OpinionBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/opinions")]
pub async fn ask_opinion(
    mutation: Mutation<AskOpinion>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let AskOpinion { department, question, due_on } = mutation.body;
    let new = NewOpinion { department, question, due_on };
    let made = opinion::ask(mutation.ctx, mutation.idempotency, id, new).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &OpinionBody::from(made.value)))
}

/// The opinions on a case
///
/// For staff of the department in charge: what was asked and what came of it. The proposal shows them too.
#[utoipa::path(
    operation_id = "list_opinions", tag = "review", params(CasePath),
    responses((status = 200, description = "The opinions", body = OpinionList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/opinions")]
pub async fn list_opinions(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let found = opinion::list(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    let items = found.into_iter().map(OpinionBody::from).collect();
    Ok(respond::plain(&OpinionList { items, next_cursor: None }))
}

/// What a department is asked
///
/// For its staff; that you looked is recorded.
#[utoipa::path(
    operation_id = "list_department_opinions", tag = "review", params(DepartmentPath, OpinionFilter),
    responses((status = 200, description = "A page", body = AskedOpinionList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/departments/{department}/opinions")]
pub async fn list_department_opinions(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
    filter: web::Query<OpinionFilter>,
) -> Result<HttpResponse, ApiError> {
    let (tenant, department) = (tenant(&request)?, segment(&request, "department")?);
    let after = cursor(filter.cursor.as_deref())?.map(OpinionId);
    let found = opinion::of_department(ctx, tenant, department, filter.state.into(), after).await?;
    Ok(respond::plain(&AskedOpinionList {
        items: found.items.into_iter().map(AskedOpinionBody::from).collect(),
        next_cursor: found.next.map(|id| id.to_string()),
    }))
}

/// Answer
///
/// For staff of the department that is asked, once; with the answer its look at the case ends.
#[utoipa::path(
    operation_id = "answer_opinion", tag = "review", params(ResourcePath, IdempotencyKeyHeader),
    request_body = AnswerOpinion,
    responses((status = 200, description = "It is answered", body = OpinionBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/opinions/{id}/answer")]
pub async fn answer_opinion(
    mutation: Mutation<AnswerOpinion>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let answer = Answer { stance: mutation.body.stance.into(), text: mutation.body.text };
    let made = opinion::answer(mutation.ctx, mutation.idempotency, id, answer).await?;
    Ok(respond::effect(StatusCode::OK, made.origin, None, &OpinionBody::from(made.value)))
}

/// Take a request back
///
/// Whoever asked, or a superior of the department in charge, before it is answered.
#[utoipa::path(
    operation_id = "recall_opinion", tag = "review", params(ResourcePath, IdempotencyKeyHeader),
    responses((status = 200, description = "It is taken back", body = OpinionBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/opinions/{id}/recall")]
pub async fn recall_opinion(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let made = opinion::recall(mutation.ctx, mutation.idempotency, id).await?;
    Ok(respond::effect(StatusCode::OK, made.origin, None, &OpinionBody::from(made.value)))
}
