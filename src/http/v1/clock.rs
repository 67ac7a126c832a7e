//! `GET …/clock`: when a case is due, explained line by line.

use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::delay_reasons::DelayBody;
use super::procedures::word;
use super::review::tenant;
use crate::domain::processing_clock::{ExplanationLine, Pause};
use crate::http::contract::{CasePath, ReadProblems};
use crate::http::error::ApiError;
use crate::http::extract::{SignedIn, segment};
use crate::http::locale::{self, Locale};
use crate::http::respond;
use crate::service::clock::{self, CaseClock};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_clock);
}

/// One line of the explanation of a due date; the lines follow each other day by day without a gap.
#[derive(Serialize, ToSchema)]
pub struct ClockLine {
    /// The first day.
    #[schema(format = Date, value_type = String)]
    from: String,
    /// The last day; null while what stopped the clock is still awaited.
    #[schema(format = Date, value_type = Option<String>)]
    to: Option<String>,
    /// `arrival`, `counted`, `day_off`, `paused`, or `extended`: the last day was off and the period ends on the next open
    /// one.
    kind: &'static str,
    /// The line as a sentence.
    text: String,
    /// Days counted so far, this line included.
    counted: u32,
}

/// A time the clock stood still: from the day after `asked_on` to `answered_on`.
#[derive(Serialize, ToSchema)]
pub struct ClockPause {
    /// `correction`, `fee_payment`, `applicant_change`, `extra_documents` or `in_transit`.
    reason: &'static str,
    /// The reason in words.
    text: String,
    /// The day it was asked for; it still counts.
    #[schema(format = Date, value_type = String)]
    asked_on: String,
    /// The day the answer came; null while it is awaited.
    #[schema(format = Date, value_type = Option<String>)]
    answered_on: Option<String>,
}

/// The clock of an application (標準処理期間).
#[derive(Serialize, ToSchema)]
pub struct ClockBody {
    /// 到達日; null for a draft.
    #[schema(format = Date, value_type = Option<String>)]
    arrived_on: Option<String>,
    /// All days of the period, transit included; null where none is set.
    days: Option<u32>,
    /// Of these, days at the consulted authority.
    consultation_days: Option<u32>,
    /// Of these, days at the offices it passes through.
    transit_days: Option<u32>,
    /// `exclude`: days off do not count. `include`: they do.
    holidays: Option<String>,
    /// Where the period is published.
    source: Option<String>,
    /// True while the period has not been confirmed by the body.
    sample: bool,
    /// The last day of the period; null while an answer or a payment is awaited, and where no period is set.
    #[schema(format = Date, value_type = Option<String>)]
    due_on: Option<String>,
    /// The last day if everything that is awaited came today.
    #[schema(format = Date, value_type = Option<String>)]
    forecast_on: Option<String>,
    /// `published`, or `not_published` while the national holidays of a year it passes are not; null without a period.
    coverage: Option<String>,
    /// How the due date came about.
    lines: Vec<ClockLine>,
    /// The times the clock stood or stands still.
    pauses: Vec<ClockPause>,
    /// The day the application was decided, closed or taken back.
    #[schema(format = Date, value_type = Option<String>)]
    ended_on: Option<String>,
    /// Why it takes longer than the period, as the office recorded, oldest first.
    delays: Vec<DelayBody>,
}

impl ClockBody {
    fn of(clock: &CaseClock, locale: Locale) -> Self {
        let (period, due) = (clock.processing.as_ref(), clock.due.as_ref());
        let text = |day: jiff::civil::Date| day.to_string();
        Self {
            arrived_on: clock.arrived_on.map(text),
            days: period.map(crate::domain::procedure::Processing::total_days),
            consultation_days: period.map(|period| period.consultation_days),
            transit_days: period.map(|period| period.transit_days),
            holidays: period.map(|period| word(&period.holidays)),
            source: period.map(|period| period.source.clone()),
            sample: period.is_some_and(|period| period.sample),
            due_on: due.and_then(|due| due.due_on).map(text),
            forecast_on: clock.forecast_on.map(text),
            coverage: due.map(|due| word(&due.coverage)),
            lines: due.map_or_else(Vec::new, |due| {
                due.explanation.iter().map(|line| clock_line(line, locale)).collect()
            }),
            pauses: clock.pauses.iter().map(|pause| clock_pause(pause, locale)).collect(),
            ended_on: clock.ended_on.map(text),
            delays: clock.delays.iter().map(DelayBody::of).collect(),
        }
    }
}

/// Presents one line.
pub(super) fn clock_line(line: &ExplanationLine, locale: Locale) -> ClockLine {
    ClockLine {
        from: line.from.to_string(),
        to: line.to.map(|to| to.to_string()),
        kind: line.kind.as_str(),
        text: locale.pick(line.text_ja(), line.text_en()),
        counted: line.counted,
    }
}

fn clock_pause(pause: &Pause, locale: Locale) -> ClockPause {
    ClockPause {
        reason: pause.reason.as_str(),
        text: locale.pick(pause.reason.name_ja(), pause.reason.name_en()).to_owned(),
        asked_on: pause.asked_on.to_string(),
        answered_on: pause.answered_on.map(|day| day.to_string()),
    }
}

/// When it is due, and why
///
/// The standard processing period of an application, explained line by line: the day of arrival does not count, days off
/// count or not as the body has published, and the clock stands still while a correction or the fee is awaited and where the
/// office recorded that it does. A period that is exceeded decides nothing by itself.
#[utoipa::path(
    operation_id = "get_clock", tag = "applications", params(CasePath),
    responses((status = 200, description = "The clock", body = ClockBody), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/clock")]
pub async fn get_clock(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let found = clock::get(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    Ok(respond::plain(&ClockBody::of(&found, locale::current().locale)))
}
