//! `…/internal-control`: what did not go as it should in a fiscal year, and signed snapshots of it.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::review::tenant;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::internal_control::{ControlEntry, counts, csv};
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, ReadProblems, TenantPath};
use crate::http::error::{ApiError, Problem};
use crate::http::extract::{Mutation, SignedIn};
use crate::http::respond;
use crate::service::internal_control::{self, ControlReport};
use crate::store::internal_control::SnapshotRow;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_internal_control).service(list_control_snapshots).service(issue_control_snapshot);
}

/// Which year is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ControlQuery {
    /// The calendar year in which the fiscal year begins.
    #[param(example = 2026)]
    fiscal_year: i16,
}

/// Something that did not go as it should.
#[derive(Serialize, ToSchema)]
pub struct ControlEntryBody {
    /// `late_assessment`, `unreconciled_receipt`, `unapproved_decision`, `unapproved_waiver`, `unapproved_refund`,
    /// `acting_without_review`, `close_not_confirmed` or `day_not_closed`.
    kind: String,
    /// What it is about, such as `application:…`, `exception:…`, `refund:…`, `day:…`.
    subject: String,
    /// The day from which it counts.
    #[schema(format = Date)]
    since: String,
    /// For how many days it lasted, or has lasted by `as_of`.
    days: i32,
    /// How it ended by then, such as `assessed`, `explained`, `reviewed`; `open` while it lasts.
    outcome: String,
}

impl ControlEntryBody {
    fn of(entry: &ControlEntry) -> Self {
        Self {
            kind: entry.kind.clone(),
            subject: entry.subject.clone(),
            since: entry.since.to_string(),
            days: entry.days,
            outcome: entry.outcome.clone(),
        }
    }
}

/// The list of a year.
#[derive(Serialize, ToSchema)]
pub struct ControlReportBody {
    /// The calendar year in which the fiscal year begins.
    fiscal_year: i16,
    /// The last day that is judged; what came after it has not happened.
    #[schema(format = Date)]
    as_of: String,
    /// How many entries of each kind.
    counts: BTreeMap<String, usize>,
    /// Where the days that are allowed were taken from; null where the body set none, and then nothing is called late.
    terms_source: Option<String>,
    /// True while those days are not confirmed by the body.
    sample: bool,
    /// In the order of kind, day and subject.
    items: Vec<ControlEntryBody>,
    /// Always null: the list is whole.
    next_cursor: Option<String>,
}

impl ControlReportBody {
    fn of(report: &ControlReport) -> Self {
        Self {
            fiscal_year: report.year.year(),
            as_of: report.span.last_day.to_string(),
            counts: counts(&report.entries),
            terms_source: report.terms.as_ref().map(|terms| terms.source.clone()),
            sample: report.terms.as_ref().is_some_and(|terms| terms.sample),
            items: report.entries.iter().map(ControlEntryBody::of).collect(),
            next_cursor: None,
        }
    }
}

/// List what did not go as it should
///
/// For accountants and the head of the body: late assessments, receipts that nobody reconciled, what was carried out without a
/// complete approval, acts in the place of absent officers without a look afterwards, days not closed or confirmed. Computed from
/// the database itself; a year that is over always gives the same list. With `Accept: text/csv` it comes as a table.
#[utoipa::path(
    operation_id = "get_internal_control", tag = "accounting", params(TenantPath, ControlQuery),
    responses(
        (status = 200, description = "The list", content(
            (ControlReportBody = "application/json"), (String = "text/csv"))),
        (status = 409, description = "The year has not begun", body = Problem, content_type = "application/problem+json"),
        ReadProblems,
    ),
)]
#[get("/v1/tenants/{tenant}/internal-control")]
pub async fn get_internal_control(
    SignedIn(ctx): SignedIn,
    query: web::Query<ControlQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (tenant, year) = (tenant(&request)?, FiscalYear::starting_in(query.fiscal_year));
    let report = internal_control::report(ctx, tenant.clone(), year).await?;
    let accepted = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    if accepted.is_some_and(|accepted| accepted.contains("text/csv")) {
        return Ok(as_table(csv(&tenant, year, &report.entries)));
    }
    Ok(respond::plain(&ControlReportBody::of(&report)))
}

fn as_table(table: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"internal-control.csv\""))
        .content_type("text/csv; charset=utf-8")
        .body(table)
}

/// A signed snapshot.
#[derive(Serialize, ToSchema)]
pub struct ControlSnapshotBody {
    /// The fiscal year.
    fiscal_year: i64,
    /// 1 for the first of the year, then without gaps.
    snapshot_no: i64,
    /// Who issued it.
    issued_by: Uuid,
    /// When.
    #[schema(format = DateTime)]
    issued_at: String,
    /// Hash of the snapshot of the year before this one, in hex; of zeros for the first.
    prev_hash: String,
    /// SHA-256 of `madoguchi internal control v1`, a line feed and the statement, in hex.
    hash: String,
    /// The key that signed it, as in `audit key`.
    key_id: String,
    /// Ed25519 over the same bytes; base64url.
    signature: String,
    /// The canonical JSON of the statement, exactly as it was signed.
    statement: String,
}

impl ControlSnapshotBody {
    fn of(row: &SnapshotRow) -> Self {
        Self {
            fiscal_year: row.fiscal_year,
            snapshot_no: row.snapshot_no,
            issued_by: row.issued_by.0,
            issued_at: row.issued_at.0.to_string(),
            prev_hash: HEXLOWER.encode(&row.prev_hash),
            hash: HEXLOWER.encode(&row.hash),
            key_id: row.key_id.clone(),
            signature: BASE64URL_NOPAD.encode(&row.signature),
            statement: row.statement.clone(),
        }
    }
}

/// The snapshots of a year.
#[derive(Serialize, ToSchema)]
pub struct ControlSnapshotList {
    /// Oldest first.
    items: Vec<ControlSnapshotBody>,
    /// Always null: there are few.
    next_cursor: Option<String>,
}

/// List the snapshots of a year
///
/// For accountants and the head of the body.
#[utoipa::path(
    operation_id = "list_control_snapshots", tag = "accounting", params(TenantPath, ControlQuery),
    responses((status = 200, description = "The snapshots", body = ControlSnapshotList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/internal-control/snapshots")]
pub async fn list_control_snapshots(
    SignedIn(ctx): SignedIn,
    query: web::Query<ControlQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let year = FiscalYear::starting_in(query.fiscal_year);
    let rows = internal_control::list(ctx, tenant(&request)?, year).await?;
    let items = rows.iter().map(ControlSnapshotBody::of).collect();
    Ok(respond::plain(&ControlSnapshotList { items, next_cursor: None }))
}

/// A year to be put down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueControlSnapshot {
    /// The calendar year in which the fiscal year begins; it is over.
    fiscal_year: i16,
}

/// Issue a signed snapshot
///
/// For accountants and the head of the body, of a year that is over (409 `year_not_over`). A second one names the first.
#[utoipa::path(
    operation_id = "issue_control_snapshot", tag = "accounting", params(TenantPath, IdempotencyKeyHeader),
    request_body = IssueControlSnapshot,
    responses((status = 201, description = "The snapshot", body = ControlSnapshotBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/internal-control/snapshots")]
pub async fn issue_control_snapshot(
    mutation: Mutation<IssueControlSnapshot>,
) -> Result<HttpResponse, ApiError> {
    let year = FiscalYear::starting_in(mutation.body.fiscal_year);
    let made = internal_control::issue(mutation.ctx, mutation.idempotency, year).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &ControlSnapshotBody::of(&made.value)))
}
