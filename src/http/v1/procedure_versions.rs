//! `…/procedure-versions`: administrators write, propose, approve and close versions of procedures.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::catalogue::TextFault;
use crate::domain::definition_diff::Change;
use crate::domain::fault::Fault;
use crate::domain::id::{OfficerId, PublicationId, TenantCode};
use crate::domain::procedure_version::Stage;
use crate::http::contract::{
    ChangeProblems, IdempotencyKeyHeader, IfMatchHeader, ReadProblems, ResourcePath, TenantPath,
    VersionProblems,
};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Mutation, Nothing, OptionalIfMatch, SignedIn, segment};
use crate::http::locale;
use crate::http::respond;
use crate::service::publishing::{self, Act, Chain, NewClosing, Paper};
use crate::service::{Effect, Refusal};
use crate::store::publications::{PublicationEventRow, PublicationRow};

/// The publications of a page.
const PAGE: i64 = 50;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(create_procedure_version)
        .service(list_procedure_versions)
        .service(get_procedure_version)
        .service(edit_procedure_version)
        .service(propose_procedure_version)
        .service(approve_procedure_version)
        .service(return_procedure_version)
        .service(withdraw_procedure_version)
        .service(close_procedure_version);
}

/// The text of a version.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionSource {
    /// One whole definition in YAML or JSON, at most 512 KiB.
    #[schema(max_length = 524_288)]
    source: String,
}

/// When a version ends.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseVersion {
    /// The last day a draft can be begun.
    #[schema(format = Date, value_type = String)]
    last_day: Date,
    /// Until when a draft begun before may be handed in.
    #[schema(format = Date, value_type = String)]
    drain_until: Date,
}

/// Why it is sent back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnVersion {
    /// 1 to 2000 characters.
    comment: String,
}

/// Which publications are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PublicationQuery {
    /// `draft`, `proposed`, `returned`, `withdrawn` or `published`.
    stage: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A version of a procedure in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path; the segments are read by name")]
pub struct VersionPath {
    /// 全国地方公共団体コード, six digits.
    #[param(example = "020001")]
    tenant: String,
    /// The procedure's slug.
    #[param(example = "denki-koji-toroku")]
    procedure: String,
    /// The number of the version.
    #[param(example = 1)]
    version: u32,
}

/// A fault of a definition.
#[derive(Serialize, ToSchema)]
pub struct DefinitionFault {
    /// JSON pointer into the definition.
    pointer: String,
    /// The line of the text, where it is known.
    line: Option<usize>,
    /// A stable code for programs.
    code: String,
    /// What is wrong, in the language of `Accept-Language`.
    message: String,
}

/// A place where a definition differs from the version in force.
#[derive(Serialize, ToSchema)]
pub struct DefinitionChange {
    /// JSON pointer; items of lists are named by their `name`, `code`, `value` or title.
    pointer: String,
    /// What stands there in the version in force.
    #[schema(value_type = Value)]
    before: Option<Value>,
    /// What stands there in this text; where only the order of a list is another, its keys in that order.
    #[schema(value_type = Value)]
    after: Option<Value>,
}

/// Something that happened to a publication.
#[derive(Serialize, ToSchema)]
pub struct PublicationEvent {
    /// 1, 2, 3 …
    seq: i64,
    /// `drafted`, `edited`, `proposed`, `closing_proposed`, `returned`, `withdrawn` or `approved`.
    kind: String,
    /// The officer who did it.
    actor: Uuid,
    /// When.
    #[schema(format = DateTime, value_type = String)]
    at: String,
    /// What is to be known of it.
    #[schema(value_type = Object)]
    facts: Value,
    /// SHA-256 that chains it to the event before, hexadecimal.
    hash: String,
}

/// A version, or the closing of one, in a list.
#[derive(Serialize, ToSchema)]
pub struct PublicationSummary {
    /// The publication.
    id: Uuid,
    /// `version`, or `closing` for the end of one.
    kind: String,
    /// The procedure's slug; null while the text does not say it.
    procedure: Option<String>,
    /// The number of the version; null while the text does not say it.
    version: Option<i64>,
    /// `draft`, `proposed`, `returned`, `withdrawn`, `published`, `superseded` or `closed`.
    #[schema(example = "draft")]
    state: String,
    /// The first day of the version.
    #[schema(format = Date, value_type = Option<String>)]
    effective_from: Option<String>,
    /// A closing's last day.
    #[schema(format = Date, value_type = Option<String>)]
    last_day: Option<String>,
    /// A closing's drain date.
    #[schema(format = Date, value_type = Option<String>)]
    drain_until: Option<String>,
    /// SHA-256 of the content.
    digest: Option<String>,
    /// SHA-256 of exactly this text; what is approved is what was proposed.
    source_sha256: String,
    /// The officer who began it.
    author: Uuid,
    /// Everybody who wrote on it; none of them can approve.
    writers: Vec<Uuid>,
    /// The officer who proposed it.
    proposer: Option<Uuid>,
    /// The officer who approved it.
    approver: Option<Uuid>,
    /// When it was approved.
    #[schema(format = DateTime, value_type = Option<String>)]
    published_at: Option<String>,
    /// Rises with every change; also the `ETag`.
    revision: i64,
    /// When it was begun.
    #[schema(format = DateTime, value_type = String)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime, value_type = String)]
    updated_at: String,
}

impl PublicationSummary {
    fn of(row: &PublicationRow, state: &str) -> Self {
        Self {
            id: row.id.0,
            kind: row.kind.clone(),
            procedure: row.procedure.clone(),
            version: row.version,
            state: state.to_owned(),
            effective_from: row.effective_from.map(|day| day.0.to_string()),
            last_day: row.last_day.map(|day| day.0.to_string()),
            drain_until: row.drain_until.map(|day| day.0.to_string()),
            digest: row.digest.clone(),
            source_sha256: row.source_sha256.clone(),
            author: row.author_id.0,
            writers: row.writers.0.iter().map(|OfficerId(id)| *id).collect(),
            proposer: row.proposer_id.map(|OfficerId(id)| id),
            approver: row.approver_id.map(|OfficerId(id)| id),
            published_at: row.published_at.map(|at| at.0.to_string()),
            revision: row.revision,
            created_at: row.created_at.0.to_string(),
            updated_at: row.updated_at.0.to_string(),
        }
    }
}

/// A version, or the closing of one, with what is wrong, what it changes and what has happened.
#[derive(Serialize, ToSchema)]
pub struct PublicationView {
    /// What it is.
    #[serde(flatten)]
    summary: PublicationSummary,
    /// The text exactly as it was written.
    source: String,
    /// What stands in the way of publishing it. A draft may have faults.
    faults: Vec<DefinitionFault>,
    /// The version it is compared with; null where there is none.
    compared_with: Option<u32>,
    /// Where it differs from that version.
    changes: Vec<DefinitionChange>,
    /// What has happened, in order.
    events: Vec<PublicationEvent>,
    /// `whole`, or `broken` when the stored events are not the ones that were recorded.
    chain: String,
}

impl From<Paper> for PublicationView {
    fn from(paper: Paper) -> Self {
        Self {
            summary: PublicationSummary::of(&paper.row, paper.state),
            source: paper.row.source,
            faults: paper.faults.into_iter().map(fault).collect(),
            compared_with: paper.compared_with,
            changes: paper.changes.into_iter().map(change).collect(),
            events: paper.events.into_iter().map(event).collect(),
            chain: if paper.chain == Chain::Whole { "whole" } else { "broken" }.to_owned(),
        }
    }
}

/// A page of publications.
#[derive(Serialize, ToSchema)]
pub struct PublicationPage {
    /// Newest first.
    items: Vec<PublicationSummary>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

fn fault(TextFault { fault, line }: TextFault) -> DefinitionFault {
    let message = locale::current().locale.pick(fault.message_ja, fault.message_en);
    DefinitionFault { pointer: fault.pointer, line, code: fault.code.to_owned(), message }
}

fn change(change: Change) -> DefinitionChange {
    let pointer = change.at().to_string();
    let (before, after) = match change {
        Change::Added { value, .. } => (None, Some(value)),
        Change::Removed { value, .. } => (Some(value), None),
        Change::Changed { from, to, .. } => (Some(from), Some(to)),
        Change::Reordered { order, .. } => (None, Some(order.into())),
    };
    DefinitionChange { pointer, before, after }
}

fn event(row: PublicationEventRow) -> PublicationEvent {
    PublicationEvent {
        hash: row.hash_hex(),
        seq: row.seq,
        kind: row.kind,
        actor: row.actor_id.0,
        at: row.at.0.to_string(),
        facts: serde_json::from_str(&row.facts).unwrap_or_default(),
    }
}

fn stands(status: StatusCode, made: Effect<Paper>) -> HttpResponse {
    let revision = made.value.row.revision;
    respond::effect(status, made.origin, Some(revision), &PublicationView::from(made.value))
}

/// Write a version of a procedure
///
/// For administrators of the body. The text may still have faults, which the answer lists; publishing may not. Nothing is
/// offered to anybody before a second administrator has approved it.
#[utoipa::path(
    operation_id = "create_procedure_version", tag = "publishing", params(TenantPath, IdempotencyKeyHeader),
    request_body = VersionSource,
    responses((status = 201, description = "The draft", body = PublicationView), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/procedure-versions")]
pub async fn create_procedure_version(mutation: Mutation<VersionSource>) -> Result<HttpResponse, ApiError> {
    let made = publishing::create(mutation.ctx, mutation.idempotency, mutation.body.source).await?;
    Ok(stands(StatusCode::CREATED, made))
}

/// List versions on their way and published ones
///
/// Newest first, closings included. What was only ever shipped with the program is not in this list.
#[utoipa::path(
    operation_id = "list_procedure_versions", tag = "publishing", params(TenantPath, PublicationQuery),
    responses((status = 200, description = "A page", body = PublicationPage), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/procedure-versions")]
pub async fn list_procedure_versions(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
    query: web::Query<PublicationQuery>,
) -> Result<HttpResponse, ApiError> {
    let tenant: TenantCode = segment(&request, "tenant")?;
    let (stage, before) = wanted(&query)?;
    let rows = publishing::list(ctx, tenant, stage, before, PAGE).await?;
    let full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= PAGE;
    let next_cursor = rows.last().filter(|_| full).map(|(row, _)| row.id.to_string());
    let items = rows.iter().map(|(row, state)| PublicationSummary::of(row, state)).collect();
    Ok(respond::plain(&PublicationPage { items, next_cursor }))
}

fn wanted(query: &PublicationQuery) -> Result<(Option<Stage>, Option<PublicationId>), Refusal> {
    let malformed =
        |pointer: &str, ja: &str, en: &str| Refusal::Malformed(vec![Fault::new(pointer, "query", ja, en)]);
    let stage = query.stage.as_deref().map(|name| {
        Stage::parse(name)
            .ok_or_else(|| malformed("/stage", "状態の名前が違います。", "There is no such stage."))
    });
    let cursor = query.cursor.as_deref().map(|text| {
        let wrong =
            |_| malformed("/cursor", "カーソルが正しくありません。", "This is not a cursor of this list.");
        text.parse().map_err(wrong)
    });
    Ok((stage.transpose()?, cursor.transpose()?))
}

/// Look at a version on its way
///
/// With its text, its faults, the differences to the version in force, and everything that has happened to it.
#[utoipa::path(
    operation_id = "get_procedure_version", tag = "publishing", params(ResourcePath),
    responses((status = 200, description = "The version", body = PublicationView), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/procedure-versions/{id}")]
pub async fn get_procedure_version(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let paper = publishing::get(ctx, segment(&request, "tenant")?, segment(&request, "id")?).await?;
    Ok(respond::versioned(paper.row.revision, &PublicationView::from(paper)))
}

/// Write another text
///
/// A proposal is void with it, and whoever writes cannot approve.
#[utoipa::path(
    operation_id = "edit_procedure_version", tag = "publishing",
    params(ResourcePath, IdempotencyKeyHeader, IfMatchHeader), request_body = VersionSource,
    responses((status = 200, description = "The draft", body = PublicationView), ChangeProblems, VersionProblems),
)]
#[patch("/v1/tenants/{tenant}/procedure-versions/{id}")]
pub async fn edit_procedure_version(
    mutation: Mutation<VersionSource>,
    revision: IfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (id, source) = (segment(&request, "id")?, mutation.body.source);
    let made = publishing::edit(mutation.ctx, mutation.idempotency, id, revision.0, source).await?;
    Ok(stands(StatusCode::OK, made))
}

/// Propose a version for publication
///
/// Its text must be without faults, its number and first day must follow those before.
#[utoipa::path(
    operation_id = "propose_procedure_version", tag = "publishing",
    params(ResourcePath, IdempotencyKeyHeader, IfMatchHeader),
    responses((status = 200, description = "It waits for a second person", body = PublicationView), ChangeProblems, VersionProblems),
)]
#[post("/v1/tenants/{tenant}/procedure-versions/{id}/propose")]
pub async fn propose_procedure_version(
    mutation: Mutation<Nothing>,
    revision: IfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    act(mutation, Some(revision.0), &request, Act::Propose).await
}

/// Approve and publish
///
/// By an administrator who neither wrote nor proposed it (403 `own_proposal`). Exactly the proposed text is published; every
/// node offers it within seconds. A closing takes effect the same way.
#[utoipa::path(
    operation_id = "approve_procedure_version", tag = "publishing",
    params(ResourcePath, IdempotencyKeyHeader, IfMatchHeader),
    responses((status = 200, description = "It is published", body = PublicationView), ChangeProblems, VersionProblems),
)]
#[post("/v1/tenants/{tenant}/procedure-versions/{id}/approve")]
pub async fn approve_procedure_version(
    mutation: Mutation<Nothing>,
    revision: IfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    act(mutation, Some(revision.0), &request, Act::Approve).await
}

/// Send a proposal back
///
/// By an administrator who neither wrote nor proposed it.
#[utoipa::path(
    operation_id = "return_procedure_version", tag = "publishing", params(ResourcePath, IdempotencyKeyHeader),
    request_body = ReturnVersion,
    responses((status = 200, description = "It is sent back", body = PublicationView), ChangeProblems, VersionProblems),
)]
#[post("/v1/tenants/{tenant}/procedure-versions/{id}/return")]
pub async fn return_procedure_version(
    mutation: Mutation<ReturnVersion>,
    revision: OptionalIfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let Mutation { ctx, idempotency, body } = mutation;
    let (id, comment) = (segment(&request, "id")?, body.comment);
    let made = publishing::act(ctx, idempotency, id, revision.0, Act::Return { comment }).await?;
    Ok(stands(StatusCode::OK, made))
}

/// Give a version up
///
/// Its number is free again. What is published cannot be given up, only closed.
#[utoipa::path(
    operation_id = "withdraw_procedure_version", tag = "publishing", params(ResourcePath, IdempotencyKeyHeader),
    responses((status = 200, description = "It is given up", body = PublicationView), ChangeProblems, VersionProblems),
)]
#[post("/v1/tenants/{tenant}/procedure-versions/{id}/withdraw")]
pub async fn withdraw_procedure_version(
    mutation: Mutation<Nothing>,
    revision: OptionalIfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    act(mutation, revision.0, &request, Act::Withdraw).await
}

async fn act(
    mutation: Mutation<Nothing>,
    revision: Option<i64>,
    request: &HttpRequest,
    act: Act,
) -> Result<HttpResponse, ApiError> {
    let id = segment(request, "id")?;
    let made = publishing::act(mutation.ctx, mutation.idempotency, id, revision, act).await?;
    Ok(stands(StatusCode::OK, made))
}

/// Propose the end of a version
///
/// For any version that is offered, shipped or published. A second administrator approves it as any other proposal
/// (`…/procedure-versions/{id}/approve`). After the last day no draft can be begun; a draft begun before may be handed in
/// until the drain date.
#[utoipa::path(
    operation_id = "close_procedure_version", tag = "publishing", params(VersionPath, IdempotencyKeyHeader),
    request_body = CloseVersion,
    responses((status = 201, description = "It waits for a second person", body = PublicationView), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/procedures/{procedure}/versions/{version}/close")]
pub async fn close_procedure_version(
    mutation: Mutation<CloseVersion>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let CloseVersion { last_day, drain_until } = mutation.body;
    let (procedure, version) = (segment(&request, "procedure")?, segment(&request, "version")?);
    let closing = NewClosing { procedure, version, last_day, drain_until };
    let made = publishing::close(mutation.ctx, mutation.idempotency, closing).await?;
    Ok(stands(StatusCode::CREATED, made))
}
