//! `…/departments/{department}/incoming`: the register of what came in (収受簿, R-122).

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::queues::DepartmentPath;
use super::review::tenant;
use crate::http::contract::ReadProblems;
use crate::http::error::ApiError;
use crate::http::extract::{SignedIn, segment};
use crate::http::{locale, respond};
use crate::service::incoming::{self, RegisterEntry};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_incoming);
}

/// Which part of the register is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct IncomingFilter {
    /// The year whose numbers are wanted; without it the present fiscal year.
    #[param(example = 2026)]
    year: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<i64>,
}

/// What came in.
#[derive(Serialize, ToSchema)]
pub struct IncomingEntry {
    /// 収受番号.
    #[schema(example = "消保収第12号")]
    incoming_number: String,
    /// 収受日: the day it arrived, on paper the one attested by the clerk.
    #[schema(format = Date, value_type = String)]
    incoming_on: String,
    /// `online`, `counter` or `post`.
    #[schema(example = "online")]
    channel: String,
    /// The case.
    application: Uuid,
    /// 受付番号.
    number: Option<String>,
    /// The procedure's slug.
    procedure: String,
    /// Name of the procedure.
    title: String,
    /// `application` or `notification`.
    kind: String,
    /// Where the case stands.
    state: String,
}

impl From<RegisterEntry> for IncomingEntry {
    fn from(entry: RegisterEntry) -> Self {
        let line = entry.line;
        Self {
            incoming_number: line.row.incoming_number,
            incoming_on: line.row.incoming_on.0.to_string(),
            channel: line.row.channel,
            application: line.row.application_id.0,
            number: line.number,
            procedure: line.procedure,
            title: locale::current().locale.pick(entry.title.ja, entry.title.en),
            kind: line.kind,
            state: line.state,
        }
    }
}

/// A page of the register.
#[derive(Serialize, ToSchema)]
pub struct IncomingList {
    /// The year whose numbers these are.
    year: i64,
    /// In the order of numbers.
    items: Vec<IncomingEntry>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// What came in
///
/// 収受簿, for staff of the department: every filing with the number and day of its arrival. A number is given within minutes of
/// the arrival, in the order of arrival, without gaps within a year.
#[utoipa::path(
    operation_id = "list_incoming", tag = "review", params(DepartmentPath, IncomingFilter),
    responses((status = 200, description = "A page of the register", body = IncomingList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/departments/{department}/incoming")]
pub async fn list_incoming(
    SignedIn(ctx): SignedIn,
    filter: web::Query<IncomingFilter>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (tenant, department) = (tenant(&request)?, segment(&request, "department")?);
    let page = incoming::register(ctx, tenant, department, filter.year, filter.cursor).await?;
    let items = page.items.into_iter().map(IncomingEntry::from).collect();
    let next_cursor = page.next.map(|number| number.to_string());
    Ok(respond::plain(&IncomingList { year: page.year, items, next_cursor }))
}
