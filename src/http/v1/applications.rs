//! `…/applications`: draft, submit, withdraw, look.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::attachments::AttachmentBody;
use super::invoices::InvoiceSummary;
use super::paper_filings::PaperChannelWord;
use super::procedure_details::WarningItem;
use crate::domain::id::TenantCode;
use crate::domain::paper_filing::WithdrawalStatement;
use crate::http::contract::{
    CasePath, ChangeProblems, IdempotencyKeyHeader, IfMatchHeader, ReadProblems, TenantPath, VersionProblems,
};
use crate::http::error::{ApiError, ProblemFault, present_fault};
use crate::http::extract::{IfMatch, Mutation, Nothing, SignedIn, segment};
use crate::http::{locale, respond};
use crate::service::arrival::Submitted;
use crate::service::case_view::{self, CaseView};
use crate::service::intake::{self, NewDraft};
use crate::service::upgrade::{self, Upgraded};
use crate::store::applications::ApplicationRow;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(create_application)
        .service(get_application)
        .service(edit_application)
        .service(submit_application)
        .service(withdraw_application)
        .service(upgrade_application);
}

/// Which procedure, and the answers so far.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApplication {
    /// The procedure's slug.
    #[schema(example = "denki-koji-toroku")]
    procedure: String,
    /// The answers; a draft may be incomplete.
    #[schema(value_type = Object)]
    form: Value,
}

/// Changed answers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditApplication {
    /// JSON Merge Patch of the answers: `null` takes an answer out.
    #[schema(value_type = Object)]
    form: Value,
}

/// That an application on paper was taken back (取下げ); empty where an applicant takes back the own application.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawApplication {
    /// By which way the office was told.
    #[serde(default)]
    #[schema(required = false)]
    channel: Option<PaperChannelWord>,
    /// When the office received it; whoever enters it attests that.
    #[serde(default)]
    #[schema(required = false, value_type = Option<String>, format = DateTime)]
    received_at: Option<Timestamp>,
    /// Why, as the applicant says.
    #[serde(default)]
    #[schema(required = false, example = "廃業のため")]
    reason: Option<String>,
}

impl From<WithdrawApplication> for WithdrawalStatement {
    fn from(body: WithdrawApplication) -> Self {
        let WithdrawApplication { channel, received_at, reason } = body;
        Self { channel: channel.map(Into::into), received_at, reason }
    }
}

/// What the applicant expects to pay.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitApplication {
    /// The total of the last quote in yen; another total is refused with `fee_changed`.
    expected_total: Option<i64>,
}

/// A case in its list or right after a change.
#[derive(Serialize, ToSchema)]
pub struct ApplicationSummary {
    /// The case.
    pub id: Uuid,
    /// The body in charge.
    pub tenant: String,
    /// The number people are told; null for a draft.
    pub number: Option<String>,
    /// The procedure's slug.
    pub procedure: String,
    /// The pinned version of the procedure.
    pub procedure_version: i64,
    /// `application` or `notification`.
    pub kind: String,
    /// `draft`, `submitted`, `under_review`, `correction_requested`, `inquiry`, `in_approval`, `decided`, `closed`,
    /// `withdrawn` or `transferred`.
    pub state: String,
    /// Code of the department in charge.
    pub department: String,
    /// 到達日時.
    #[schema(format = DateTime, value_type = Option<String>)]
    pub arrived_at: Option<String>,
    /// 収受番号, given within minutes of the arrival.
    #[schema(example = "消保収第12号")]
    pub incoming_number: Option<String>,
    /// 収受日: the day it arrived at the office that numbers it.
    #[schema(format = Date, value_type = Option<String>)]
    pub incoming_on: Option<String>,
    /// The day the standard processing period ends.
    #[schema(format = Date, value_type = Option<String>)]
    pub due_on: Option<String>,
    /// Rises with every change; also the `ETag`.
    pub version: i64,
    /// When the draft was begun.
    #[schema(format = DateTime, value_type = String)]
    pub created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime, value_type = String)]
    pub updated_at: String,
}

impl ApplicationSummary {
    /// Presents a row.
    pub fn of(row: &ApplicationRow) -> Self {
        Self {
            id: row.id.0,
            tenant: row.tenant_id.to_string(),
            number: row.number.clone(),
            procedure: row.procedure.clone(),
            procedure_version: row.procedure_version,
            kind: row.kind.clone(),
            state: row.state.clone(),
            department: row.department.clone(),
            arrived_at: row.arrived_at.map(|at| at.0.to_string()),
            incoming_number: row.incoming_number.clone(),
            incoming_on: row.incoming_on.map(|day| day.0.to_string()),
            due_on: row.due_on.map(|due| due.0.to_string()),
            version: row.version,
            created_at: row.created_at.0.to_string(),
            updated_at: row.updated_at.0.to_string(),
        }
    }
}

/// A case with everything the caller may see.
#[derive(Serialize, ToSchema)]
pub struct ApplicationView {
    /// The case.
    #[serde(flatten)]
    summary: ApplicationSummary,
    /// Name of the procedure.
    title: String,
    /// The answers.
    #[schema(value_type = Object)]
    form: Value,
    /// The documents.
    attachments: Vec<AttachmentBody>,
    /// What is owed; null without a fee or before it is assessed.
    invoice: Option<InvoiceSummary>,
    /// What is to be known of the answers; nothing of it blocks.
    warnings: Vec<WarningItem>,
}

impl ApplicationView {
    /// Presents a case.
    pub fn of(view: CaseView) -> Self {
        let locale = locale::current().locale;
        Self {
            summary: ApplicationSummary::of(&view.row),
            title: locale.pick(view.title.ja, view.title.en),
            form: view.form,
            attachments: view.attachments.into_iter().map(AttachmentBody::of).collect(),
            invoice: view.invoice.as_ref().map(InvoiceSummary::of),
            warnings: view.warnings.into_iter().map(|it| WarningItem::of(it, locale)).collect(),
        }
    }
}

/// A case that has just arrived.
#[derive(Serialize, ToSchema)]
pub struct SubmittedApplication {
    /// The case.
    #[serde(flatten)]
    summary: ApplicationSummary,
    /// What is owed; null without a fee.
    invoice: Option<InvoiceSummary>,
    /// What you should know; nothing of it blocks.
    warnings: Vec<WarningItem>,
}

impl SubmittedApplication {
    /// Presents a case that arrived.
    pub(super) fn of(submitted: Submitted) -> Self {
        let locale = locale::current().locale;
        let invoice = submitted.invoice.as_ref().map(InvoiceSummary::of);
        let warnings = submitted.warnings.into_iter().map(|it| WarningItem::of(it, locale)).collect();
        Self { summary: ApplicationSummary::of(&submitted.case), invoice, warnings }
    }
}

/// A draft that was moved to the present version of its procedure.
#[derive(Serialize, ToSchema)]
pub struct UpgradedApplication {
    /// The draft.
    #[serde(flatten)]
    summary: ApplicationSummary,
    /// Answers and documents that the present version does not take as they are. Nothing is lost: an answer that is no
    /// longer asked for stays until the draft is edited next.
    misfits: Vec<ProblemFault>,
}

impl UpgradedApplication {
    /// A draft that took answers over.
    pub fn of(upgraded: &Upgraded) -> Self {
        let locale = locale::current().locale;
        let misfits = upgraded.misfits.iter().map(|fault| present_fault(fault, locale)).collect();
        Self { summary: ApplicationSummary::of(&upgraded.case), misfits }
    }
}

/// Begin a draft
///
/// A draft is yours alone: nobody at the counter sees it before you submit it. It may be incomplete.
#[utoipa::path(
    operation_id = "create_application", tag = "applications", params(TenantPath, IdempotencyKeyHeader),
    request_body = CreateApplication,
    responses((status = 201, description = "The draft", body = ApplicationSummary), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications")]
pub async fn create_application(mutation: Mutation<CreateApplication>) -> Result<HttpResponse, ApiError> {
    let draft = NewDraft { procedure: mutation.body.procedure, form: mutation.body.form };
    let made = intake::create_draft(mutation.ctx, mutation.idempotency, draft).await?;
    let body = ApplicationSummary::of(&made.value);
    Ok(respond::effect(StatusCode::CREATED, made.origin, Some(made.value.version), &body))
}

/// Look at an application
#[utoipa::path(
    operation_id = "get_application", tag = "applications", params(CasePath),
    responses((status = 200, description = "The application", body = ApplicationView), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}")]
pub async fn get_application(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, _) = (segment(&request, "tenant")?, segment(&request, "id")?);
    let view = case_view::get(ctx, tenant, id).await?;
    Ok(respond::versioned(view.row.version, &ApplicationView::of(view)))
}

/// Change a draft
///
/// The answers given replace those of the draft, one by one; `null` takes an answer out. Only a draft can be changed.
#[utoipa::path(
    operation_id = "edit_application", tag = "applications",
    params(CasePath, IdempotencyKeyHeader, IfMatchHeader), request_body = EditApplication,
    responses((status = 200, description = "The draft", body = ApplicationSummary), ChangeProblems, VersionProblems),
)]
#[patch("/v1/tenants/{tenant}/applications/{id}")]
pub async fn edit_application(
    mutation: Mutation<EditApplication>,
    version: IfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let made =
        intake::edit_draft(mutation.ctx, mutation.idempotency, id, version.0, mutation.body.form).await?;
    let body = ApplicationSummary::of(&made.value);
    Ok(respond::effect(StatusCode::OK, made.origin, Some(made.value.version), &body))
}

/// Submit an application
///
/// It arrives the moment it is recorded, at any hour, and the examination begins without delay. You are told the number,
/// the day the standard processing period ends, and what is owed. A notification is complete with this.
#[utoipa::path(
    operation_id = "submit_application", tag = "applications", params(CasePath, IdempotencyKeyHeader),
    request_body = SubmitApplication,
    responses((status = 200, description = "It has arrived", body = SubmittedApplication), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/submit")]
pub async fn submit_application(
    mutation: Mutation<SubmitApplication>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (id, expected) = (segment(&request, "id")?, mutation.body.expected_total);
    let made = intake::submit(mutation.ctx, mutation.idempotency, id, expected).await?;
    let version = made.value.case.version;
    let body = SubmittedApplication::of(made.value);
    Ok(respond::effect(StatusCode::OK, made.origin, Some(version), &body))
}

/// Withdraw an application
///
/// Only the applicant can, at any time before the decision. Who applied on paper tells the office, whose staff then state how, when
/// and why; all three are needed then, and none of them otherwise.
#[utoipa::path(
    operation_id = "withdraw_application", tag = "applications", params(CasePath, IdempotencyKeyHeader),
    request_body = WithdrawApplication,
    responses((status = 200, description = "It is withdrawn", body = ApplicationSummary), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/withdraw")]
pub async fn withdraw_application(
    mutation: Mutation<WithdrawApplication>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let made = intake::withdraw(mutation.ctx, mutation.idempotency, id, mutation.body.into()).await?;
    let body = ApplicationSummary::of(&made.value);
    Ok(respond::effect(StatusCode::OK, made.origin, Some(made.value.version), &body))
}

/// Move a draft to the present version
///
/// A draft keeps the version of the procedure it was begun under. When that version takes no more applications, submitting
/// is refused with 409 `procedure_version_closed`; this call moves the draft to the version in force and says which answers
/// no longer fit. For what came on paper that is the version in force on the day it was received.
#[utoipa::path(
    operation_id = "upgrade_application", tag = "applications", params(CasePath, IdempotencyKeyHeader),
    responses((status = 200, description = "The draft", body = UpgradedApplication), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/upgrade")]
pub async fn upgrade_application(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let made = upgrade::run(mutation.ctx, mutation.idempotency, id).await?;
    let body = UpgradedApplication::of(&made.value);
    Ok(respond::effect(StatusCode::OK, made.origin, Some(made.value.case.version), &body))
}
