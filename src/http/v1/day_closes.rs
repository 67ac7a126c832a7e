//! `…/day-closes`: closed days (日締め) and what the financial accounting system takes over.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::domain::day_close::{CloseStatement, csv};
use crate::domain::fault::Fault;
use crate::domain::id::TenantCode;
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, PageQuery, ReadProblems, TenantPath};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, Nothing, SignedIn, segment};
use crate::http::respond;
use crate::service::day_close::{self, PAGE};
use crate::service::{Failure, Refusal};
use crate::store::day_closes::Closed;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_day_closes)
        .service(create_day_close)
        .service(get_day_close)
        .service(confirm_day_close)
        .service(export_day_close);
}

/// A closed day in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path; the segments are read by name")]
pub struct DayPath {
    /// 全国地方公共団体コード, six digits.
    #[param(example = "020001")]
    tenant: String,
    /// The day in Japan.
    #[param(example = "2026-04-01", format = Date)]
    day: String,
}

/// A day to be closed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateDayClose {
    /// The day in Japan: over, and the one after the last closed and confirmed day.
    #[schema(value_type = String, format = Date)]
    day: Date,
}

/// Which form is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// `csv` or `json` (default).
    format: Option<String>,
}

/// A closed day.
#[derive(Serialize, ToSchema)]
pub struct DayCloseBody {
    /// The day in Japan.
    #[schema(format = Date)]
    day: String,
    /// 1 for the first close, then without gaps.
    close_no: i64,
    /// `closed`, then `confirmed`.
    state: String,
    /// The officer who closed.
    closed_by: Uuid,
    /// When.
    #[schema(format = DateTime)]
    closed_at: String,
    /// The officer who confirmed.
    confirmed_by: Option<Uuid>,
    /// When.
    #[schema(format = DateTime)]
    confirmed_at: Option<String>,
    /// How many entries of the ledger it covers.
    entry_count: i64,
    /// SHA-256 of the statement, in hex; the next close names it.
    hash: String,
    /// The key that signed it, as in `audit key`.
    key_id: String,
    /// Ed25519 over `madoguchi day close v1`, a line feed and the statement; base64url.
    signature: String,
    /// The canonical JSON of the statement, exactly as it was signed.
    statement: String,
}

impl DayCloseBody {
    fn of((row, confirmation): &Closed) -> Result<Self, Failure> {
        let agreed = confirmation.as_ref();
        Ok(Self {
            day: row.day.0.to_string(),
            close_no: row.close_no,
            state: if agreed.is_some() { "confirmed" } else { "closed" }.to_owned(),
            closed_by: row.closed_by.0,
            closed_at: row.closed_at.0.to_string(),
            confirmed_by: agreed.map(|agreed| agreed.confirmed_by.0),
            confirmed_at: agreed.map(|agreed| agreed.confirmed_at.0.to_string()),
            entry_count: statement(row)?.entry_count,
            hash: HEXLOWER.encode(&row.hash),
            key_id: row.key_id.clone(),
            signature: BASE64URL_NOPAD.encode(&row.signature),
            statement: row.statement.clone(),
        })
    }
}

fn statement(row: &crate::store::day_closes::CloseRow) -> Result<CloseStatement, Failure> {
    serde_json::from_str(&row.statement)
        .map_err(|error| Failure::Internal(format!("day_closes.statement of {}: {error}", row.day.0)))
}

/// Closed days.
#[derive(Serialize, ToSchema)]
pub struct DayCloseList {
    /// Youngest first.
    items: Vec<DayCloseBody>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// List closed days
///
/// For accountants, youngest first.
#[utoipa::path(
    operation_id = "list_day_closes", tag = "accounting", params(TenantPath, PageQuery),
    responses((status = 200, description = "A page", body = DayCloseList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/day-closes")]
pub async fn list_day_closes(
    SignedIn(ctx): SignedIn,
    page: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let tenant: TenantCode = segment(&request, "tenant")?;
    let before = page.cursor.as_deref().map(str::parse).transpose().map_err(|_| Refusal::NotFound)?;
    let closes = day_close::list(ctx, tenant, before).await?;
    let full = i64::try_from(closes.len()).is_ok_and(|count| count >= PAGE);
    let next_cursor = closes.last().filter(|_| full).map(|(row, _)| row.day.0.to_string());
    let items = closes.iter().map(DayCloseBody::of).collect::<Result<_, _>>()?;
    Ok(respond::plain(&DayCloseList { items, next_cursor }))
}

/// Close a day
///
/// For accountants. Everything that was recorded on the day; the first close takes in everything before. Refused while the
/// day is not over (`day_not_over`) or an earlier one is open or unconfirmed (`earlier_day_open`).
#[utoipa::path(
    operation_id = "create_day_close", tag = "accounting", params(TenantPath, IdempotencyKeyHeader),
    request_body = CreateDayClose,
    responses((status = 201, description = "The closed day", body = DayCloseBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/day-closes")]
pub async fn create_day_close(mutation: Mutation<CreateDayClose>) -> Result<HttpResponse, ApiError> {
    let made = day_close::close(mutation.ctx, mutation.idempotency, mutation.body.day).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &DayCloseBody::of(&made.value)?))
}

/// Get a closed day
#[utoipa::path(
    operation_id = "get_day_close", tag = "accounting", params(DayPath),
    responses((status = 200, description = "The closed day", body = DayCloseBody), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/day-closes/{day}")]
pub async fn get_day_close(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, day): (TenantCode, Date) = (segment(&request, "tenant")?, segment(&request, "day")?);
    let closed = day_close::show(ctx, tenant, day).await?;
    Ok(respond::plain(&DayCloseBody::of(&closed)?))
}

/// Confirm a closed day
///
/// Never by the person who closed it (403 `own_close`).
#[utoipa::path(
    operation_id = "confirm_day_close", tag = "accounting", params(DayPath, IdempotencyKeyHeader),
    request_body = Nothing,
    responses((status = 200, description = "The closed day", body = DayCloseBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/day-closes/{day}/confirm")]
pub async fn confirm_day_close(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let day: Date = segment(&request, "day")?;
    let made = day_close::confirm(mutation.ctx, mutation.idempotency, day).await?;
    Ok(respond::effect(StatusCode::OK, made.origin, None, &DayCloseBody::of(&made.value)?))
}

/// Export a closed day
///
/// For the financial accounting system: as JSON the signed statement, as CSV (UTF-8) a row for each day of receipt, fiscal
/// year, revenue account, method and way: 団体コード, 締め日, 収入日, 会計年度, 歳入科目, 支払方法, 収納経路, 調定額, 減額調定額, 過納発生額,
/// 不納欠損額, 委託額, 収納額, 払込額, 手数料額, 控除額, 還付決定額, 還付支払額, 証紙額, 調定繰越額. Rows whose 収入日 is not the 締め日 became known
/// after that day was closed.
#[utoipa::path(
    operation_id = "export_day_close", tag = "accounting", params(DayPath, ExportQuery),
    responses(
        (status = 200, description = "The closed day", content(
            (DayCloseBody = "application/json"), (String = "text/csv"))),
        ReadProblems,
    ),
)]
#[get("/v1/tenants/{tenant}/day-closes/{day}/export")]
pub async fn export_day_close(
    SignedIn(ctx): SignedIn,
    query: web::Query<ExportQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (tenant, day): (TenantCode, Date) = (segment(&request, "tenant")?, segment(&request, "day")?);
    let closed = day_close::show(ctx, tenant, day).await?;
    match query.format.as_deref() {
        None | Some("json") => Ok(respond::plain(&DayCloseBody::of(&closed)?)),
        Some("csv") => Ok(HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"day-close-{day}.csv\"")))
            .content_type("text/csv; charset=utf-8")
            .body(csv(&statement(&closed.0)?))),
        Some(_) => Err(unknown_format().into()),
    }
}

fn unknown_format() -> Refusal {
    let (ja, en) = ("csv か json を選んでください。", "Choose csv or json.");
    Refusal::Malformed(vec![Fault::new("/format", "enum", ja, en)])
}
