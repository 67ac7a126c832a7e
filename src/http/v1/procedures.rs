//! `GET …/procedures`, `GET …/procedures/{procedure}`, `POST …/procedures/{procedure}/quote`.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::procedure_details::{ProcedureDetails, WarningItem};
use crate::domain::fault::Fault;
use crate::domain::fee::{FeeLine, IncludedTax, PossibleWaiver};
use crate::domain::id::TenantCode;
use crate::domain::procedure::{ApplicantKind, Bilingual, Fee, is_slug};
use crate::http::contract::{PublicProblems, TenantPath};
use crate::http::error::{ApiError, Problem};
use crate::http::extract::{Anyone, Body, segment};
use crate::http::locale::{self, Locale};
use crate::service::Refusal;
use crate::service::catalogue::{self, Inquiry, Offered, Quoted, Wanted};

/// The most procedures of a page.
const PAGE: usize = 100;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_procedures).service(get_procedure).service(quote_procedure);
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
    /// The first day of this version.
    #[schema(format = Date)]
    effective_from: String,
    /// The last day a draft can be begun under it, when that is known.
    #[schema(format = Date, value_type = Option<String>)]
    effective_to: Option<String>,
    /// Until when a draft begun under it may be handed in after the last day.
    #[schema(format = Date, value_type = Option<String>)]
    drain_until: Option<String>,
    /// SHA-256 of its content; comments and layout of the file do not count.
    digest: String,
    /// Its name.
    title: String,
    /// `application` 申請 or `notification` 届出.
    kind: String,
    /// Code of the department in charge.
    department: String,
    /// In whose name it is decided (処分庁); the decision names that of the department the case reached. Null for a
    /// notification.
    #[schema(example = "青森県知事")]
    disposing_authority: Option<String>,
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
    /// JSON Schema 2020-12 of the answers, with annotations that validators ignore and a frontend draws from.
    ///
    /// `x-order` names members in the order of display and `x-pages` is `[{code,title,sections:[{code,title,fields,
    /// attachments}]}]`. Each field has `x-type` (`text`, `kana`, `person_name`, `address`, `municipality`, `integer`,
    /// `decimal`, `money`, `date`, `choice`, `multi_choice`, `boolean`, `statement`, `phone`, `postcode`, `email`,
    /// `corporate_number`, `table`, `calculated`), `x-label-ja`, `x-label-en`, and where they apply `x-description-ja`,
    /// `x-description-en`, `x-choices` (`[{value,ja,en}]`), `x-charset`, `x-unit`, `x-scale` (digits of a decimal),
    /// `x-minimum`, `x-maximum` (of a decimal), `x-max-length` (in graphemes; `maxLength` is only its bound in code
    /// points), `x-accepts` (`wareki`: 令和8年4月1日 is taken and stored as `YYYY-MM-DD`), `x-assurance` (what a statement
    /// needs). Conditions are CEL over `form`, `channel`, `applicant_kind`, `arrived_on`, and `row` within a column:
    /// `x-visible-if` (else the field must have no answer), `x-required` (while visible), `x-required-if`, `x-valid-if`
    /// (`[{rule,message}]`), and `x-calculated`, which computes a field that is better left out of what is sent.
    #[schema(value_type = Object)]
    schema: Value,
    /// Everything else it says about itself.
    #[serde(flatten)]
    details: ProcedureDetails,
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
    /// Words of the title, the law, the department or a keyword; widths, case, kana and variants of characters
    /// (ヶ/ケ/が, 髙/高 …) are folded.
    q: Option<String>,
    /// What is in force on this day; today when missing.
    #[param(format = Date, value_type = Option<String>)]
    on: Option<Date>,
    /// At most this many.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which day is meant.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DayQuery {
    /// What is in force on this day; today when missing.
    #[param(format = Date, value_type = Option<String>)]
    on: Option<Date>,
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
    /// Answers to the office form, as far as you can foretell what staff will fix after review.
    #[serde(default)]
    #[schema(required = false, value_type = Option<Object>)]
    office: Option<Value>,
    /// Who would apply: `resident` or `business`; needed only where the fee depends on it.
    #[serde(default)]
    #[schema(required = false, value_type = Option<String>)]
    applicant_kind: Option<ApplicantKind>,
}

/// What it would cost.
#[derive(Serialize, ToSchema)]
pub struct Quote {
    /// Line by line.
    lines: Vec<QuoteLine>,
    /// The sum in yen of what can be said now.
    total: i64,
    /// What you should know before you file; nothing of it blocks.
    warnings: Vec<WarningItem>,
    /// Fees that staff fix after review; they come on top.
    open: Vec<String>,
    /// Waivers one could ask for; each is a decision of its own, so nothing is taken off here.
    waivers: Vec<WaiverItem>,
}

/// A waiver one could ask for.
#[derive(Serialize, ToSchema)]
pub struct WaiverItem {
    /// The key of the rule.
    code: String,
    /// Its name.
    label: String,
    /// The clause of the ordinance.
    basis: String,
    /// Codes of the fees it would lift.
    fees: Vec<String>,
    /// What would be left of them, in yen.
    remaining: i64,
    /// True while the rule has not been confirmed by the body.
    sample: bool,
}

/// Consumption tax contained in an amount.
#[derive(Serialize, ToSchema)]
pub struct IncludedTaxBody {
    /// The rate in percent.
    percent: u8,
    /// In yen.
    amount: i64,
}

impl IncludedTaxBody {
    /// Presents the tax in a line.
    pub fn of(tax: IncludedTax) -> Self {
        Self { percent: tax.percent, amount: tax.amount.amount() }
    }
}

/// One line of a quote.
#[derive(Serialize, ToSchema)]
pub struct QuoteLine {
    /// Code of the fee.
    code: String,
    /// Name of the fee.
    item: String,
    /// In yen.
    amount: i64,
    /// The clause of the ordinance.
    basis: String,
    /// To whom the money belongs: `own` or `national`.
    payee: String,
    /// The consumption tax in the amount; null where none is due.
    tax: Option<IncludedTaxBody>,
    /// Whether it may go back: `never`, `if_not_accepted` or `not_attributable`.
    refund: String,
    /// How the amount came about, step by step.
    explanation: Vec<String>,
    /// What the amount was computed from.
    #[schema(value_type = Object)]
    inputs: Value,
    /// Which version of which formula was used.
    formula_version: String,
    /// The application of the same basket that bears the full price instead, by its number, in a quote by its place; null
    /// otherwise.
    full_price_in: Option<String>,
    /// The notice by which the fee is not collected, in part or whole; null otherwise.
    relief: Option<String>,
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
    let wanted = wanted(query.into_inner())?;
    let page = catalogue::procedures(&ctx, &tenant, &wanted)?;
    let items = page.items.iter().map(|offered| view(offered, locale::current().locale)).collect();
    Ok(HttpResponse::Ok().json(ProcedurePage { items, next_cursor: page.next }))
}

/// Look at a procedure
///
/// Form, documents, fees and the standard processing period, with examples that can be submitted as they are.
#[utoipa::path(
    operation_id = "get_procedure", tag = "catalogue", security(()), params(ProcedurePath, DayQuery),
    responses((status = 200, description = "The procedure", body = ProcedureView), PublicProblems),
)]
#[get("/v1/tenants/{tenant}/procedures/{procedure}")]
pub async fn get_procedure(
    Anyone(ctx): Anyone,
    request: HttpRequest,
    query: web::Query<DayQuery>,
) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, String) = (segment(&request, "tenant")?, segment(&request, "procedure")?);
    let offered = catalogue::offered(&ctx, &tenant, &id, query.on)?;
    Ok(HttpResponse::Ok().json(view(&offered, locale::current().locale)))
}

/// Ask what it costs
///
/// The fee for these answers if the application arrived now; each line says by which clause and from which answers it came
/// about. No account is needed.
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
    let QuoteRequest { form, office, applicant_kind } = body.0;
    let quoted = catalogue::quote(&ctx, &tenant, &id, Inquiry { form, office, applicant_kind })?;
    Ok(HttpResponse::Ok().json(quote(quoted, locale::current().locale)))
}

/// Presents what something would cost.
pub(super) fn quote(quoted: Quoted, locale: Locale) -> Quote {
    let Quoted { estimate, warnings } = quoted;
    let known = estimate.known;
    Quote {
        total: known.total.amount(),
        lines: known.lines.into_iter().map(|line| quote_line(line, locale)).collect(),
        open: estimate.open.into_iter().map(|label| locale.pick(label.ja, label.en)).collect(),
        waivers: known.waivers.into_iter().map(|waiver| waiver_item(waiver, locale)).collect(),
        warnings: warnings.into_iter().map(|warning| WarningItem::of(warning, locale)).collect(),
    }
}

fn quote_line(line: FeeLine, locale: Locale) -> QuoteLine {
    let step = |step: Bilingual| locale.pick(step.ja, step.en);
    QuoteLine {
        code: line.item,
        item: locale.pick(line.label_ja, line.label_en),
        amount: line.amount.amount(),
        basis: line.basis,
        payee: word(&line.payee),
        tax: line.tax.map(IncludedTaxBody::of),
        refund: word(&line.refund),
        explanation: line.explanation.into_iter().map(step).collect(),
        inputs: Value::Object(line.inputs.into_iter().collect()),
        formula_version: line.formula_version,
        full_price_in: line.full_price_in,
        relief: line.relief.map(|relief| relief.basis),
        sample: line.sample,
    }
}

fn waiver_item(waiver: PossibleWaiver, locale: Locale) -> WaiverItem {
    WaiverItem {
        code: waiver.code,
        label: locale.pick(waiver.label.ja, waiver.label.en),
        basis: waiver.basis,
        fees: waiver.items,
        remaining: waiver.remaining.amount(),
        sample: waiver.sample,
    }
}

fn wanted(query: ProcedureQuery) -> Result<Wanted, Refusal> {
    let ProcedureQuery { q, on, limit, cursor } = query;
    let limit = limit.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&limit) {
        let (ja, en) = (format!("1～{PAGE}で指定してください。"), format!("Ask for 1 to {PAGE}."));
        return Err(Refusal::Malformed(vec![Fault::new("/limit", "limit", ja, en)]));
    }
    if cursor.as_deref().is_some_and(|cursor| !is_slug(cursor)) {
        let (ja, en) = ("カーソルが正しくありません。", "This is not a cursor of this list.");
        return Err(Refusal::Malformed(vec![Fault::new("/cursor", "cursor", ja, en)]));
    }
    Ok(Wanted { query: q.unwrap_or_default(), on, after: cursor, limit })
}

fn view(offered: &Offered, locale: Locale) -> ProcedureView {
    let procedure = &offered.procedure;
    let definition = &procedure.definition;
    let text = |text: &Bilingual| locale.pick(&text.ja, &text.en).clone();
    ProcedureView {
        id: definition.id.clone(),
        version: definition.version,
        effective_from: definition.effective_from.to_string(),
        effective_to: offered.last_day.map(|day| day.to_string()),
        drain_until: offered.drain_until.map(|day| day.to_string()),
        digest: procedure.digest.clone(),
        title: text(&definition.title),
        kind: word(&definition.kind),
        department: definition.department.clone(),
        disposing_authority: offered.authority.as_ref().map(text),
        applicant_kinds: definition.applicant_kinds.iter().map(word).collect(),
        assurance: word(&definition.assurance),
        fee_due: word(&definition.fee_due),
        fees: definition.fees.iter().map(|fee| fee_item(fee, locale)).collect(),
        days: definition.processing.as_ref().map(crate::domain::procedure::Processing::total_days),
        schema: procedure.form.schema().clone(),
        details: ProcedureDetails::of(definition, locale),
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

/// The public word of a configuration enum: the one it has in the file.
pub(super) fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
