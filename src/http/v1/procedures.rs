//! `GET …/procedures`, `GET …/procedures/{procedure}`, `POST …/procedures/{procedure}/quote`.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::catalogue::CatalogueProcedure;
use crate::domain::fee::FeeAssessment;
use crate::domain::id::TenantCode;
use crate::domain::procedure::{AttachmentRule, Bilingual, Example, Fee};
use crate::http::contract::{PublicProblems, TenantPath};
use crate::http::error::{ApiError, Problem};
use crate::http::extract::{Anyone, Body, segment};
use crate::http::locale::{self, Locale};
use crate::service::catalogue;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_procedures).service(get_procedure).service(quote_procedure);
}

/// A document that goes with an application.
#[derive(Serialize, ToSchema)]
pub struct AttachmentItem {
    /// Given as `code` when the file is uploaded.
    code: String,
    /// Name of the document.
    title: String,
    /// Without it the application cannot be submitted.
    required: bool,
    /// Accepted media types.
    media_types: Vec<String>,
    /// Largest size in bytes.
    max_bytes: u64,
}

/// An application that can be submitted as it is.
#[derive(Serialize, ToSchema)]
pub struct ExampleItem {
    /// What it shows.
    title: String,
    /// `resident` or `business`.
    applicant_kind: String,
    /// The answers.
    #[schema(value_type = Object)]
    form: Value,
    /// The files.
    attachments: Vec<ExampleFile>,
    /// The fee in yen; 0 without a fee.
    total: i64,
}

/// A file of an example.
#[derive(Serialize, ToSchema)]
pub struct ExampleFile {
    /// Which document it is.
    code: String,
    /// Its name.
    filename: String,
    /// Its media type.
    media_type: String,
    /// Its bytes.
    content_base64: String,
}

/// A fee as the ordinance has it.
#[derive(Serialize, ToSchema)]
pub struct FeeItem {
    /// The fee item.
    code: String,
    /// Its name.
    label: String,
    /// The clause of the ordinance.
    basis: String,
    /// How it is computed.
    #[schema(value_type = Object)]
    formula: Value,
    /// The first day it is in force.
    #[schema(format = Date)]
    effective_from: String,
    /// True while the amount has not been confirmed by the body.
    sample: bool,
}

/// A procedure with everything a frontend needs to draw it.
#[derive(Serialize, ToSchema)]
pub struct ProcedureView {
    /// A stable slug.
    #[schema(example = "denki-koji-toroku")]
    id: String,
    /// The pinned version that a draft begun now gets.
    version: u32,
    /// Its name.
    title: String,
    /// `application` 申請 or `notification` 届出.
    kind: String,
    /// Code of the department in charge.
    department: String,
    /// Who can apply.
    applicant_kinds: Vec<String>,
    /// `none`, `id`, `user_certificate` or `signature`.
    assurance: String,
    /// `on_submit`, `after_review`, `on_issue` or `none`.
    fee_due: String,
    /// The fees.
    fees: Vec<FeeItem>,
    /// 標準処理期間 in days; null where none is set.
    days: Option<u32>,
    /// JSON Schema 2020-12 of the answers.
    #[schema(value_type = Object)]
    schema: Value,
    /// The documents.
    attachments: Vec<AttachmentItem>,
    /// Examples that can be submitted as they are.
    examples: Vec<ExampleItem>,
}

/// A page of procedures.
#[derive(Serialize, ToSchema)]
pub struct ProcedurePage {
    /// The procedures.
    items: Vec<ProcedureView>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// What to look for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProcedureQuery {
    /// Words of the title or the department.
    q: Option<String>,
}

/// A procedure in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path; the segments are read by name")]
pub struct ProcedurePath {
    /// 全国地方公共団体コード, six digits.
    #[param(example = "020001")]
    tenant: String,
    /// The procedure's slug.
    #[param(example = "denki-koji-toroku")]
    procedure: String,
}

/// Answers so far.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuoteRequest {
    /// The answers; those that the fee depends on must be there.
    #[schema(value_type = Object)]
    form: Value,
}

/// What it would cost.
#[derive(Serialize, ToSchema)]
pub struct Quote {
    /// Line by line.
    lines: Vec<QuoteLine>,
    /// The sum in yen.
    total: i64,
}

/// One line of a quote.
#[derive(Serialize, ToSchema)]
pub struct QuoteLine {
    /// Name of the fee.
    item: String,
    /// In yen.
    amount: i64,
    /// The clause of the ordinance.
    basis: String,
    /// True while the amount has not been confirmed by the body.
    sample: bool,
}

/// Browse procedures
///
/// What can be applied for at this counter today; `q` narrows by words of the title or the department.
#[utoipa::path(
    operation_id = "list_procedures", tag = "catalogue", security(()), params(TenantPath, ProcedureQuery),
    responses((status = 200, description = "The procedures", body = ProcedurePage), PublicProblems),
)]
#[get("/v1/tenants/{tenant}/procedures")]
pub async fn list_procedures(
    Anyone(ctx): Anyone,
    request: HttpRequest,
    query: web::Query<ProcedureQuery>,
) -> Result<HttpResponse, ApiError> {
    let tenant: TenantCode = segment(&request, "tenant")?;
    let found = catalogue::procedures(&ctx, &tenant, query.q.as_deref().unwrap_or(""))?;
    let locale = locale::current().locale;
    let items = found.iter().map(|procedure| view(procedure, locale)).collect();
    Ok(HttpResponse::Ok().json(ProcedurePage { items, next_cursor: None }))
}

/// Look at a procedure
///
/// Form, documents, fees and the standard processing period, with examples that can be submitted as they are.
#[utoipa::path(
    operation_id = "get_procedure", tag = "catalogue", security(()), params(ProcedurePath),
    responses((status = 200, description = "The procedure", body = ProcedureView), PublicProblems),
)]
#[get("/v1/tenants/{tenant}/procedures/{procedure}")]
pub async fn get_procedure(Anyone(ctx): Anyone, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, String) = (segment(&request, "tenant")?, segment(&request, "procedure")?);
    let procedure = catalogue::procedure(&ctx, &tenant, &id)?;
    Ok(HttpResponse::Ok().json(view(&procedure, locale::current().locale)))
}

/// Ask what it costs
///
/// The fee for these answers if the application arrived now, with the clause for each line. No account is needed.
#[utoipa::path(
    operation_id = "quote_procedure", tag = "catalogue", security(()), params(ProcedurePath),
    request_body = QuoteRequest,
    responses(
        (status = 200, description = "The fee", body = Quote),
        (status = 400, description = "Not the expected JSON", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Answers at fault", body = Problem, content_type = "application/problem+json"),
        PublicProblems,
    ),
)]
#[post("/v1/tenants/{tenant}/procedures/{procedure}/quote")]
pub async fn quote_procedure(
    Anyone(ctx): Anyone,
    request: HttpRequest,
    body: Body<QuoteRequest>,
) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, String) = (segment(&request, "tenant")?, segment(&request, "procedure")?);
    let assessment = catalogue::quote(&ctx, &tenant, &id, body.0.form)?;
    Ok(HttpResponse::Ok().json(quote(assessment, locale::current().locale)))
}

fn quote(assessment: FeeAssessment, locale: Locale) -> Quote {
    let total = assessment.total.amount();
    let line = |line: crate::domain::fee::FeeLine| QuoteLine {
        item: locale.pick(line.label_ja, line.label_en),
        amount: line.amount.amount(),
        basis: line.basis,
        sample: line.sample,
    };
    Quote { lines: assessment.lines.into_iter().map(line).collect(), total }
}

fn view(procedure: &CatalogueProcedure, locale: Locale) -> ProcedureView {
    let definition = &procedure.definition;
    let text = |text: &Bilingual| locale.pick(&text.ja, &text.en).clone();
    ProcedureView {
        id: definition.id.clone(),
        version: definition.version,
        title: text(&definition.title),
        kind: word(&definition.kind),
        department: definition.department.clone(),
        applicant_kinds: definition.applicant_kinds.iter().map(word).collect(),
        assurance: word(&definition.assurance),
        fee_due: word(&definition.fee_due),
        fees: definition.fees.iter().map(|fee| fee_item(fee, locale)).collect(),
        days: definition.processing.as_ref().map(crate::domain::procedure::Processing::total_days),
        schema: procedure.form.schema().clone(),
        attachments: definition.attachments.iter().map(|rule| attachment_item(rule, locale)).collect(),
        examples: definition.examples.iter().map(|example| example_item(example, locale)).collect(),
    }
}

fn fee_item(fee: &Fee, locale: Locale) -> FeeItem {
    FeeItem {
        code: fee.code.clone(),
        label: locale.pick(&fee.label.ja, &fee.label.en).clone(),
        basis: fee.basis.clone(),
        formula: serde_json::to_value(&fee.formula).unwrap_or_default(),
        effective_from: fee.effective_from.to_string(),
        sample: fee.sample,
    }
}

fn attachment_item(rule: &AttachmentRule, locale: Locale) -> AttachmentItem {
    AttachmentItem {
        code: rule.code.clone(),
        title: locale.pick(&rule.title.ja, &rule.title.en).clone(),
        required: rule.required,
        media_types: rule.media_types.clone(),
        max_bytes: rule.max_bytes,
    }
}

fn example_item(example: &Example, locale: Locale) -> ExampleItem {
    let file = |file: &crate::domain::procedure::ExampleAttachment| ExampleFile {
        code: file.code.clone(),
        filename: file.filename.clone(),
        media_type: file.media_type.clone(),
        content_base64: file.content_base64.clone(),
    };
    ExampleItem {
        title: locale.pick(&example.title.ja, &example.title.en).clone(),
        applicant_kind: word(&example.applicant_kind),
        form: example.form.clone(),
        attachments: example.attachments.iter().map(file).collect(),
        total: example.total.amount(),
    }
}

/// The public word of a configuration enum: the one it has in the file.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
