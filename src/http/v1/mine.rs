//! `GET /v1/me/applications`, `GET /v1/me/invoices`: what waits for me, over all counters.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::applications::ApplicationSummary;
use super::invoices::InvoiceView;
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, InvoiceId};
use crate::http::contract::{PageQuery, ReadProblems};
use crate::http::error::ApiError;
use crate::http::extract::SignedIn;
use crate::http::{locale, respond};
use crate::service::{Refusal, case_view, invoice};

/// Items on a page.
const PAGE: i64 = 50;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(my_applications).service(my_invoices);
}

/// One of my applications.
#[derive(Serialize, ToSchema)]
pub struct MyApplication {
    /// The case.
    #[serde(flatten)]
    summary: ApplicationSummary,
    /// Name of the procedure.
    title: String,
    /// Messages of the office that were not read yet.
    unread_messages: i64,
}

/// A page of my applications.
#[derive(Serialize, ToSchema)]
pub struct MyApplicationPage {
    /// Newest first.
    items: Vec<MyApplication>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// A page of my invoices.
#[derive(Serialize, ToSchema)]
pub struct MyInvoicePage {
    /// Newest first.
    items: Vec<InvoiceView>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// List my applications
///
/// Everything I applied for or began, over all counters, newest first.
#[utoipa::path(
    operation_id = "my_applications", tag = "me", params(PageQuery),
    responses((status = 200, description = "A page", body = MyApplicationPage), ReadProblems),
)]
#[get("/v1/me/applications")]
pub async fn my_applications(
    SignedIn(ctx): SignedIn,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let before = cursor(page.cursor.as_deref())?.map(ApplicationId);
    let lines = case_view::mine(ctx, before, PAGE).await?;
    let next_cursor = next(&lines, |line| line.row.id.0);
    let locale = locale::current().locale;
    let item = |line: case_view::CaseLine| MyApplication {
        summary: ApplicationSummary::of(&line.row),
        title: locale.pick(line.title.ja, line.title.en),
        unread_messages: line.unread_messages,
    };
    Ok(respond::plain(&MyApplicationPage { items: lines.into_iter().map(item).collect(), next_cursor }))
}

/// List my invoices
///
/// What I owe and what I paid, over all counters, newest first.
#[utoipa::path(
    operation_id = "my_invoices", tag = "me", params(PageQuery),
    responses((status = 200, description = "A page", body = MyInvoicePage), ReadProblems),
)]
#[get("/v1/me/invoices")]
pub async fn my_invoices(
    SignedIn(ctx): SignedIn,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let before = cursor(page.cursor.as_deref())?.map(InvoiceId);
    let rows = invoice::mine(ctx, before, PAGE).await?;
    let next_cursor = next(&rows, |row| row.id.0);
    Ok(respond::plain(&MyInvoicePage { items: rows.iter().map(InvoiceView::of).collect(), next_cursor }))
}

/// The id that a cursor names.
pub(super) fn cursor(text: Option<&str>) -> Result<Option<Uuid>, Refusal> {
    let fault = || {
        Fault::new("/cursor", "cursor", "カーソルが正しくありません。", "This is not a cursor of this list.")
    };
    text.map(|text| text.parse().map_err(|_| Refusal::Malformed(vec![fault()]))).transpose()
}

/// The cursor after a full page; a page that is not full is the last.
fn next<T>(items: &[T], id: impl Fn(&T) -> Uuid) -> Option<String> {
    let full = i64::try_from(items.len()).unwrap_or(i64::MAX) >= PAGE;
    items.last().filter(|_| full).map(|item| id(item).to_string())
}
