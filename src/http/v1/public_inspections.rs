//! `…/public-inspection`: filings that are open to the public by law, masked.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::mine::cursor;
use super::procedures::{ProcedurePath, word};
use super::review::tenant;
use crate::domain::calendar::jst_day;
use crate::domain::id::ApplicationId;
use crate::domain::procedure::PublicInspection;
use crate::http::contract::{PageQuery, PublicProblems};
use crate::http::error::{ApiError, Problem};
use crate::http::extract::{Anyone, segment};
use crate::http::locale::{self, Locale};
use crate::http::respond;
use crate::service::public_inspection::{self, ListedFiling, PublicView};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_public_filings).service(get_public_filing).service(get_public_file);
}

/// By which rule, where and when.
#[derive(Serialize, ToSchema)]
pub struct InspectionRule {
    /// The clause.
    #[schema(example = "建設業法第13条")]
    basis: String,
    /// 閲覧所: where the filings and their documents can be looked at.
    place: String,
    /// On which days.
    days: String,
    /// From when on such a day.
    #[schema(example = "08:30")]
    from: String,
    /// Until when.
    #[schema(example = "17:00")]
    until: String,
    /// For how many days a filing is open, counted from the day after its opening and ending on an open day; null: it stays open.
    open_days: Option<u16>,
    /// `always`, or `opening_hours`: outside of them this answers 409 `inspection_closed`.
    online: String,
    /// True while days, hours and masks have not been confirmed by the body.
    sample: bool,
}

impl InspectionRule {
    fn of(rule: PublicInspection, locale: Locale) -> Self {
        Self {
            basis: rule.basis,
            place: locale.pick(rule.place.ja, rule.place.en),
            days: locale.pick(rule.days.ja, rule.days.en),
            from: rule.from.strftime("%H:%M").to_string(),
            until: rule.until.strftime("%H:%M").to_string(),
            open_days: rule.open_days,
            online: word(&rule.online),
            sample: rule.sample,
        }
    }
}

/// A filing in the list.
#[derive(Serialize, ToSchema)]
pub struct PublicFilingItem {
    /// The application.
    id: Uuid,
    /// Its number.
    number: String,
    /// The day it arrived.
    #[schema(format = Date, value_type = String)]
    arrived_on: String,
    /// The day from which it is open to the public.
    #[schema(format = Date, value_type = String)]
    opened_on: String,
}

impl From<ListedFiling> for PublicFilingItem {
    fn from(filing: ListedFiling) -> Self {
        Self {
            id: filing.id.0,
            number: filing.number,
            arrived_on: jst_day(filing.arrived_at).to_string(),
            opened_on: jst_day(filing.opened_at).to_string(),
        }
    }
}

/// A page of filings.
#[derive(Serialize, ToSchema)]
pub struct PublicFilingPage {
    /// By which rule, where and when.
    rule: InspectionRule,
    /// The filings, oldest first.
    items: Vec<PublicFilingItem>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// An answer that is shown.
#[derive(Serialize, ToSchema)]
pub struct PublicAnswer {
    /// The key of the field.
    name: String,
    /// Its label.
    label: String,
    /// What was answered, as in the form.
    #[schema(value_type = Value)]
    value: Value,
}

/// A document that can be looked at in the place.
#[derive(Serialize, ToSchema)]
pub struct PublicDocument {
    /// The code of the attachment.
    code: String,
    /// Name of the document.
    title: String,
    /// Its file, where that is given out here; null: it can be looked at in the place only.
    file: Option<PublicFileBody>,
}

/// A file that is given out.
#[derive(Serialize, ToSchema)]
pub struct PublicFileBody {
    /// Its media type.
    #[schema(example = "application/pdf")]
    media_type: String,
    /// Its size in bytes.
    size: i64,
}

/// A filing as anybody may see it.
#[derive(Serialize, ToSchema)]
pub struct PublicFilingBody {
    /// The filing.
    filing: PublicFilingItem,
    /// By which rule, where and when.
    rule: InspectionRule,
    /// The answers that are shown; every other one is masked and does not appear.
    answers: Vec<PublicAnswer>,
    /// Documents that can be looked at in the place; some are given out here as well.
    documents: Vec<PublicDocument>,
}

impl PublicFilingBody {
    fn of(view: PublicView, locale: Locale) -> Self {
        let answers = view.answers.into_iter().map(|answer| PublicAnswer {
            name: answer.name,
            label: locale.pick(answer.label.ja, answer.label.en),
            value: answer.value,
        });
        let documents = view.documents.into_iter().map(|document| PublicDocument {
            code: document.code,
            title: locale.pick(document.title.ja, document.title.en),
            file: document.file.map(|(media_type, size)| PublicFileBody { media_type, size }),
        });
        Self {
            filing: view.filing.into(),
            rule: InspectionRule::of(view.rule, locale),
            answers: answers.collect(),
            documents: documents.collect(),
        }
    }
}

/// A filing of a procedure in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path; the segments are read by name")]
pub struct PublicFilingPath {
    /// 全国地方公共団体コード, six digits.
    #[param(example = "020001")]
    tenant: String,
    /// The procedure's slug.
    #[param(example = "kensetsu-kyoka")]
    procedure: String,
    /// The application.
    id: Uuid,
}

/// Filings open to the public
///
/// Where a law opens the filings of a procedure to anybody: which there are. Nobody is asked who looks, and every look is
/// logged. 404 where the filings of the procedure are not public.
#[utoipa::path(
    operation_id = "list_public_filings", tag = "catalogue", params(ProcedurePath, PageQuery), security(()),
    responses(
        (status = 200, description = "The filings", body = PublicFilingPage),
        (status = 409, description = "Outside of the hours, where they bind", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The server or its database is busy or away", body = Problem, content_type = "application/problem+json"),
        PublicProblems,
    ),
)]
#[get("/v1/tenants/{tenant}/procedures/{procedure}/public-inspection")]
pub async fn list_public_filings(
    Anyone(ctx): Anyone,
    request: HttpRequest,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let (tenant, procedure) = (tenant(&request)?, segment(&request, "procedure")?);
    let after = cursor(page.cursor.as_deref())?.map(ApplicationId);
    let found = public_inspection::list(ctx, tenant, procedure, after).await?;
    Ok(respond::plain(&PublicFilingPage {
        rule: InspectionRule::of(found.rule, locale::current().locale),
        items: found.items.into_iter().map(PublicFilingItem::from).collect(),
        next_cursor: found.next.map(|id| id.to_string()),
    }))
}

/// A filing open to the public
///
/// Masked: only the answers that the rule names are shown, the rest never leaves.
#[utoipa::path(
    operation_id = "get_public_filing", tag = "catalogue", params(PublicFilingPath), security(()),
    responses(
        (status = 200, description = "The filing", body = PublicFilingBody),
        (status = 409, description = "Outside of the hours, where they bind", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The server or its database is busy or away", body = Problem, content_type = "application/problem+json"),
        PublicProblems,
    ),
)]
#[get("/v1/tenants/{tenant}/procedures/{procedure}/public-inspection/{id}")]
pub async fn get_public_filing(Anyone(ctx): Anyone, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, procedure) = (tenant(&request)?, segment(&request, "procedure")?);
    let found = public_inspection::get(ctx, tenant, procedure, segment(&request, "id")?).await?;
    Ok(respond::plain(&PublicFilingBody::of(found, locale::current().locale)))
}

/// A file of a filing in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path; the segments are read by name")]
pub struct PublicFilePath {
    /// 全国地方公共団体コード, six digits.
    #[param(example = "020001")]
    tenant: String,
    /// The procedure's slug.
    #[param(example = "kensetsu-kyoka")]
    procedure: String,
    /// The application.
    id: Uuid,
    /// The code of the document.
    #[param(example = "staff")]
    code: String,
}

/// A file of a filing open to the public
///
/// As it was handed in, where the rule gives it out; every look is logged. 404 for every other document, and once the period is over.
#[utoipa::path(
    operation_id = "get_public_file", tag = "catalogue", params(PublicFilePath), security(()),
    responses(
        (status = 200, description = "The bytes", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 409, description = "Outside of the hours, where they bind", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The server or its database is busy or away", body = Problem, content_type = "application/problem+json"),
        PublicProblems,
    ),
)]
#[get("/v1/tenants/{tenant}/procedures/{procedure}/public-inspection/{id}/files/{code}")]
pub async fn get_public_file(Anyone(ctx): Anyone, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, procedure) = (tenant(&request)?, segment(&request, "procedure")?);
    let which = (segment(&request, "id")?, segment(&request, "code")?);
    let file = public_inspection::file(ctx, tenant, procedure, which).await?;
    // Never shown in place: what a stranger uploaded must not run in the counter's own origin.
    let disposition = format!("attachment; filename=\"{}\"", file.name);
    Ok(HttpResponse::Ok()
        .content_type(file.media_type)
        .insert_header((CONTENT_DISPOSITION, disposition))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(file.bytes))
}
