//! `…/record-files`: the file register (行政文書ファイル管理簿) for everybody, and what the department sees of its files.

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::record_measures::RecordMeasureBody;
use super::review::tenant;
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, RecordFileId};
use crate::domain::records::{DisposalBlock, FileContent, FileState, Measure};
use crate::http::contract::{
    ChangeProblems, IdempotencyKeyHeader, PageQuery, PublicProblems, ReadProblems, ResourcePath, TenantPath,
};
use crate::http::error::{ApiError, Problem};
use crate::http::extract::{Anyone, Mutation, SignedIn, segment};
use crate::http::respond;
use crate::service::Refusal;
use crate::service::records::measure::{self, NewMeasure};
use crate::service::records::register::{self, FileDetails, FiledCase};
use crate::store::record_files::{FileFilter, RecordFileRow};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_record_files)
        .service(get_record_file)
        .service(list_record_cases)
        .service(propose_record_measure);
}

/// Which files are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RecordFileQuery {
    /// The fiscal year in which their cases ended, or that their books are of, such as 2026.
    fiscal_year: Option<i16>,
    /// The department's code.
    department: Option<String>,
    /// `kept`, `expired`, `transferred` or `disposed`.
    state: Option<String>,
    /// `cases` or `books`.
    content: Option<String>,
    /// `next_cursor` of the page before; a table is always whole.
    cursor: Option<Uuid>,
}

/// A record file as the register has it. It names nobody.
#[derive(Serialize, ToSchema)]
pub struct RecordFileBody {
    /// The file.
    id: Uuid,
    /// 大分類.
    large: String,
    /// 中分類.
    middle: String,
    /// 小分類.
    small: String,
    /// 標準行政文書ファイル.
    standard_file: String,
    /// 名称.
    name: String,
    /// `cases` or `books` (会計帳票).
    content: String,
    /// The procedure of its cases; null where it holds books.
    procedure: Option<String>,
    /// The department that was in charge of them.
    department: String,
    /// 作成年度: the fiscal year in which its cases ended, or that its books are of.
    fiscal_year: i64,
    /// 保存期間: `under_one`, `1`, `3`, `5`, `10`, `30` or `permanent`, counted from 1 April of the year after.
    #[schema(example = "5")]
    retention: String,
    /// 満了日; null where nothing expires.
    #[schema(format = Date)]
    expires_on: Option<String>,
    /// 満了後の措置: `transfer`, `dispose` or `undecided`.
    measure: String,
    /// 保存場所.
    place: String,
    /// 管理者.
    manager: String,
    /// 記録媒体.
    medium: String,
    /// `kept`, `expired`, `transferred` or `disposed`.
    state: String,
    /// Where the classification was taken from.
    source: String,
}

impl RecordFileBody {
    /// Presents a file.
    pub fn of(row: &RecordFileRow) -> Self {
        Self {
            id: row.id.0,
            large: row.large.clone(),
            middle: row.middle.clone(),
            small: row.small.clone(),
            standard_file: row.standard_file.clone(),
            name: row.name.clone(),
            content: row.content.clone(),
            procedure: Some(row.procedure.clone()).filter(|procedure| !procedure.is_empty()),
            department: row.department.clone(),
            fiscal_year: row.fiscal_year,
            retention: row.retention.clone(),
            expires_on: row.expires_on.map(|day| day.0.to_string()),
            measure: row.measure.clone(),
            place: row.place.clone(),
            manager: row.manager.clone(),
            medium: row.medium.clone(),
            state: row.state.clone(),
            source: row.source.clone(),
        }
    }
}

/// A page of the register.
#[derive(Serialize, ToSchema)]
pub struct RecordFileList {
    /// In the order in which they came into being.
    items: Vec<RecordFileBody>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// List record files
///
/// The published file register (行政文書ファイル管理簿). With `Accept: text/csv` the whole of it comes as a table: 大分類, 中分類, 小分類,
/// 標準行政文書ファイル, 名称, 作成年度, 保存期間, 保存期間満了日, 満了後の措置, 保存場所, 管理者, 記録媒体.
#[utoipa::path(
    operation_id = "list_record_files", tag = "catalogue", params(TenantPath, RecordFileQuery),
    responses(
        (status = 200, description = "A page", content(
            (RecordFileList = "application/json"), (String = "text/csv"))),
        (status = 400, description = "No such state or content", body = Problem, content_type = "application/problem+json"),
        PublicProblems,
    ),
    security(()),
)]
#[get("/v1/tenants/{tenant}/record-files")]
pub async fn list_record_files(
    Anyone(ctx): Anyone,
    query: web::Query<RecordFileQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (tenant, query) = (tenant(&request)?, query.into_inner());
    let cursor = query.cursor.map(RecordFileId);
    let filter = filter(query)?;
    let accepted = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    if accepted.is_some_and(|accepted| accepted.contains("text/csv")) {
        return Ok(as_table(register::table(ctx, tenant, filter).await?));
    }
    let page = register::list(ctx, tenant, filter, cursor).await?;
    let items = page.items.iter().map(RecordFileBody::of).collect();
    Ok(respond::plain(&RecordFileList { items, next_cursor: page.next.map(|id| id.to_string()) }))
}

fn filter(query: RecordFileQuery) -> Result<FileFilter, Refusal> {
    let state = query.state.as_deref().map(|state| FileState::parse(state).ok_or_else(|| unknown("/state")));
    let content =
        query.content.as_deref().map(|word| FileContent::parse(word).ok_or_else(|| unknown("/content")));
    Ok(FileFilter {
        fiscal_year: query.fiscal_year,
        department: query.department,
        state: state.transpose()?,
        content: content.transpose()?,
    })
}

fn as_table(table: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"record-files.csv\""))
        .content_type("text/csv; charset=utf-8")
        .body(table)
}

fn unknown(pointer: &'static str) -> Refusal {
    let (ja, en) = ("選べない値です。", "The value is none of the choices.");
    Refusal::Malformed(vec![Fault::new(pointer, pointer.trim_start_matches('/'), ja, en)])
}

/// A record file as its department sees it.
#[derive(Serialize, ToSchema)]
pub struct RecordFileDetails {
    /// The file.
    file: RecordFileBody,
    /// How many cases are or were in it.
    cases: i64,
    /// How many books are or were in it.
    books: i64,
    /// What was ever proposed to become of it, oldest first.
    measures: Vec<RecordMeasureBody>,
}

impl RecordFileDetails {
    fn of(found: &FileDetails) -> Self {
        Self {
            file: RecordFileBody::of(&found.file),
            cases: found.cases,
            books: found.books,
            measures: found.measures.iter().map(RecordMeasureBody::of).collect(),
        }
    }
}

/// Get a record file
///
/// For staff of the department that does its work today.
#[utoipa::path(
    operation_id = "get_record_file", tag = "review", params(ResourcePath),
    responses((status = 200, description = "The file", body = RecordFileDetails), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/record-files/{id}")]
pub async fn get_record_file(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let found = register::show(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    Ok(respond::plain(&RecordFileDetails::of(&found)))
}

/// A reason why records cannot go.
#[derive(Serialize, ToSchema)]
pub struct RecordBlock {
    /// Such as `held_for_appeal`, `unpaid_claim`, `open_refund`, `permit_in_force`, `open_lines`, `open_exception`.
    code: String,
    /// In Japanese.
    message_ja: String,
    /// In English.
    message_en: String,
}

impl RecordBlock {
    /// Presents a reason.
    pub fn of(block: DisposalBlock) -> Self {
        let (ja, en) = block.text();
        Self { code: block.code().to_owned(), message_ja: ja.to_owned(), message_en: en.to_owned() }
    }
}

/// A case of a record file.
#[derive(Serialize, ToSchema)]
pub struct RecordCaseBody {
    /// The case.
    application: Uuid,
    /// Its number.
    number: Option<String>,
    /// 完結日.
    #[schema(format = Date)]
    completed_on: String,
    /// When its key was destroyed.
    #[schema(format = DateTime)]
    erased_at: Option<String>,
    /// When its documents were removed.
    #[schema(format = DateTime)]
    files_removed_at: Option<String>,
    /// Everything that stands in the way of its disposal.
    blocks: Vec<RecordBlock>,
}

impl RecordCaseBody {
    fn of(case: &FiledCase) -> Self {
        Self {
            application: case.row.application_id.0,
            number: case.number.clone(),
            completed_on: case.row.completed_on.0.to_string(),
            erased_at: case.row.erased_at.map(|at| at.0.to_string()),
            files_removed_at: case.row.files_removed_at.map(|at| at.0.to_string()),
            blocks: case.blocks.iter().copied().map(RecordBlock::of).collect(),
        }
    }
}

/// A page of the cases of a file.
#[derive(Serialize, ToSchema)]
pub struct RecordCaseList {
    /// In the order of their ids.
    items: Vec<RecordCaseBody>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// List the cases of a record file
///
/// For staff of the department: each case with every reason why it cannot be disposed of.
#[utoipa::path(
    operation_id = "list_record_cases", tag = "review", params(ResourcePath, PageQuery),
    responses((status = 200, description = "A page", body = RecordCaseList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/record-files/{id}/cases")]
pub async fn list_record_cases(
    SignedIn(ctx): SignedIn,
    page: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let after: Option<ApplicationId> =
        page.cursor.as_deref().map(str::parse).transpose().map_err(|_| Refusal::NotFound)?;
    let found = register::cases(ctx, tenant(&request)?, segment(&request, "id")?, after).await?;
    let items = found.items.iter().map(RecordCaseBody::of).collect();
    Ok(respond::plain(&RecordCaseList { items, next_cursor: found.next.map(|id| id.to_string()) }))
}

/// What is to become of a file.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MeasureWord {
    /// 移管: to the archive.
    Transfer,
    /// 廃棄.
    Dispose,
}

impl From<MeasureWord> for Measure {
    fn from(word: MeasureWord) -> Self {
        match word {
            MeasureWord::Transfer => Self::Transfer,
            MeasureWord::Dispose => Self::Dispose,
        }
    }
}

/// A proposal for a file.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeRecordMeasure {
    /// What is to become of it: what the register says, or, where nobody has judged it, what is judged now.
    measure: MeasureWord,
    /// Why; without personal data.
    reason: String,
}

/// Propose what becomes of a record file
///
/// For staff of the department, once its last day is over (409 `retention_not_over`). Refused while anything stands in the way of
/// one of its cases or books: 409 `disposal_blocked` names every reason. Another officer decides.
#[utoipa::path(
    operation_id = "propose_record_measure", tag = "review", params(ResourcePath, IdempotencyKeyHeader),
    request_body = ProposeRecordMeasure,
    responses((status = 201, description = "The proposal", body = RecordMeasureBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/record-files/{id}/measures")]
pub async fn propose_record_measure(
    mutation: Mutation<ProposeRecordMeasure>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let Mutation { ctx, idempotency, body } = mutation;
    let wanted = NewMeasure { measure: body.measure.into(), reason: body.reason };
    let made = measure::propose(ctx, idempotency, segment(&request, "id")?, wanted).await?;
    let (row, _) = &made.value;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &RecordMeasureBody::of(row)))
}
