//! `…/statistics/casework`: how long the work takes, as JSON or CSV.

use actix_web::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::{HttpRequest, HttpResponse, get, web};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::review::tenant;
use crate::domain::casework::{GroupFigures, Stage, StageFigures, WorkFigures};
use crate::domain::fault::Fault;
use crate::http::contract::{ReadProblems, TenantPath};
use crate::http::error::{ApiError, Problem};
use crate::http::extract::SignedIn;
use crate::http::respond;
use crate::service::Refusal;
use crate::service::casework::{self, Casework, Wanted};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_casework);
}

/// Which work is to be measured.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CaseworkFilter {
    /// The first day of arrivals, in Japan.
    #[param(example = "2026-04-01", format = Date)]
    from: String,
    /// The last day of arrivals; a period has at most 366 days.
    #[param(example = "2027-03-31", format = Date)]
    to: String,
    /// One procedure's slug.
    procedure: Option<String>,
    /// One department's code.
    department: Option<String>,
}

/// How long a stage took.
#[derive(Serialize, ToSchema)]
pub struct StageTimes {
    /// `waiting` until somebody takes it up, `review` until a decision is drafted, `with_applicant` while a correction is asked for
    /// (apart from the others), `approval` until it is made, `whole`.
    #[schema(example = "review")]
    stage: String,
    /// Cases that have passed it.
    cases: usize,
    /// Median in whole hours; null where fewer than five cases passed.
    median_hours: Option<i64>,
    /// Nine of ten took at most so many hours.
    p90_hours: Option<i64>,
    /// Median in open days (開庁日).
    median_business_days: Option<i64>,
    /// Nine of ten took at most so many open days.
    p90_business_days: Option<i64>,
}

impl StageTimes {
    fn of(figures: &StageFigures) -> Self {
        let durations = figures.durations;
        Self {
            stage: figures.stage.as_str().to_owned(),
            cases: figures.cases,
            median_hours: durations.map(|it| it.median_hours),
            p90_hours: durations.map(|it| it.p90_hours),
            median_business_days: durations.map(|it| it.median_business_days),
            p90_business_days: durations.map(|it| it.p90_business_days),
        }
    }
}

/// What the work was like.
#[derive(Serialize, ToSchema)]
pub struct Work {
    /// Stage by stage.
    stages: Vec<StageTimes>,
    /// Acts of staff on all cases.
    touches: i64,
    /// The median of a case.
    median_touches: i64,
    /// Corrections and inquiries.
    corrections: i64,
    /// Proposals of a decision that came back.
    returns: i64,
    /// Cases with a correction or a return.
    reworked: usize,
    /// Ended after the standard processing period, while the clock ran.
    ended_late: usize,
    /// Still open after it, with a clock that runs.
    open_overdue: usize,
}

impl Work {
    fn of(figures: &WorkFigures) -> Self {
        Self {
            stages: figures.stages.iter().map(StageTimes::of).collect(),
            touches: figures.touches,
            median_touches: figures.median_touches,
            corrections: figures.corrections,
            returns: figures.returns,
            reworked: figures.reworked,
            ended_late: figures.ended_late,
            open_overdue: figures.open_overdue,
        }
    }
}

/// The cases of one procedure in one office.
#[derive(Serialize, ToSchema)]
pub struct CaseworkGroup {
    /// The procedure's slug.
    procedure: String,
    /// The department's code.
    department: String,
    /// How many arrived in the period.
    arrived: usize,
    /// How many of them were decided.
    decided: usize,
    /// How many, of notifications, were checked and closed.
    closed: usize,
    /// How many were taken back.
    withdrawn: usize,
    /// What the work was like; null for fewer than five cases.
    work: Option<Work>,
}

/// Where the work stands.
#[derive(Serialize, ToSchema)]
pub struct CaseworkReport {
    /// When it was measured.
    #[schema(format = DateTime)]
    as_of: String,
    /// In the order of procedure and office.
    items: Vec<CaseworkGroup>,
    /// Always null: groups are few.
    next_cursor: Option<String>,
}

impl CaseworkReport {
    fn of(found: &Casework) -> Self {
        let group = |group: &GroupFigures| CaseworkGroup {
            procedure: group.procedure.clone(),
            department: group.department.clone(),
            arrived: group.arrived,
            decided: group.decided,
            closed: group.closed,
            withdrawn: group.withdrawn,
            work: group.work.as_ref().map(Work::of),
        };
        Self {
            as_of: found.as_of.to_string(),
            items: found.groups.iter().map(group).collect(),
            next_cursor: None,
        }
    }
}

/// Measure the work
///
/// For everybody who serves the body: the cases that arrived in a period, by procedure and office, never by person. Groups of
/// fewer than five cases show their counts only. With `Accept: text/csv` the same comes as a table for a spreadsheet.
#[utoipa::path(
    operation_id = "get_casework", tag = "review", params(TenantPath, CaseworkFilter),
    responses(
        (status = 200, description = "The figures", content((CaseworkReport = "application/json"), (String = "text/csv"))),
        (status = 422, description = "No such period", body = Problem, content_type = "application/problem+json"),
        ReadProblems,
    ),
)]
#[get("/v1/tenants/{tenant}/statistics/casework")]
pub async fn get_casework(
    SignedIn(ctx): SignedIn,
    filter: web::Query<CaseworkFilter>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let wanted = wanted(filter.into_inner())?;
    let found = casework::report(ctx, tenant(&request)?, wanted).await?;
    let accepted = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    if accepted.is_some_and(|accepted| accepted.contains("text/csv")) {
        return Ok(HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"casework.csv\""))
            .content_type("text/csv; charset=utf-8")
            .body(csv(&found)));
    }
    Ok(respond::plain(&CaseworkReport::of(&found)))
}

fn wanted(filter: CaseworkFilter) -> Result<Wanted, Refusal> {
    let mut faults = Vec::new();
    let mut day = |name: &str, text: &str| {
        let day: Option<Date> = text.parse().ok();
        if day.is_none() {
            let (ja, en) = ("日付（年-月-日）を入力してください。", "Please enter a day as YYYY-MM-DD.");
            faults.push(Fault::new(format!("/{name}"), "date", ja, en));
        }
        day
    };
    match (day("from", &filter.from), day("to", &filter.to)) {
        (Some(from), Some(to)) => {
            Ok(Wanted { from, to, procedure: filter.procedure, department: filter.department })
        }
        _ => Err(Refusal::Invalid(faults)),
    }
}

/// A line a group; a figure that is not shown is an empty cell. Slugs and codes need no quoting.
fn csv(found: &Casework) -> String {
    let mut head: Vec<String> =
        ["procedure", "department", "arrived", "decided", "closed", "withdrawn"].map(str::to_owned).to_vec();
    for stage in Stage::ALL.map(Stage::as_str) {
        head.extend(STAGE_COLUMNS.map(|column| format!("{stage}_{column}")));
    }
    head.extend(WORK_COLUMNS.map(str::to_owned));
    let mut lines = vec![head.join(",")];
    lines.extend(found.groups.iter().map(line));
    lines.join("\r\n") + "\r\n"
}

const STAGE_COLUMNS: [&str; 5] =
    ["cases", "median_hours", "p90_hours", "median_business_days", "p90_business_days"];
const WORK_COLUMNS: [&str; 7] =
    ["touches", "median_touches", "corrections", "returns", "reworked", "ended_late", "open_overdue"];

fn line(group: &GroupFigures) -> String {
    let mut cells = vec![group.procedure.clone(), group.department.clone()];
    let counts = [group.arrived, group.decided, group.closed, group.withdrawn];
    cells.extend(counts.map(|count| count.to_string()));
    match &group.work {
        None => cells
            .resize(cells.len() + Stage::ALL.len() * STAGE_COLUMNS.len() + WORK_COLUMNS.len(), String::new()),
        Some(work) => {
            for stage in &work.stages {
                let cell = |value: Option<i64>| value.map_or_else(String::new, |value| value.to_string());
                let times = StageTimes::of(stage);
                cells.push(times.cases.to_string());
                let figures = [
                    times.median_hours,
                    times.p90_hours,
                    times.median_business_days,
                    times.p90_business_days,
                ];
                cells.extend(figures.map(cell));
            }
            cells.extend(
                [work.touches, work.median_touches, work.corrections, work.returns].map(|it| it.to_string()),
            );
            cells.extend([work.reworked, work.ended_late, work.open_overdue].map(|it| it.to_string()));
        }
    }
    cells.join(",")
}
