//! `GET …/forecast`: where a case stands, what is awaited, and when a decision can be expected.

use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::clock::{ClockLine, clock_line};
use super::delay_reasons::DelayBody;
use super::review::tenant;
use crate::domain::forecast::{Awaited, state_text};
use crate::http::contract::{CasePath, ReadProblems};
use crate::http::error::ApiError;
use crate::http::extract::{SignedIn, segment};
use crate::http::locale::{self, Locale};
use crate::http::respond;
use crate::service::forecast::{self, Forecast};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_forecast);
}

/// A text in both languages: what an applicant is told must not depend on a header.
#[derive(Serialize, ToSchema)]
pub struct BothLanguages {
    /// Japanese.
    ja: String,
    /// English.
    en: String,
}

impl BothLanguages {
    fn of((ja, en): (impl Into<String>, impl Into<String>)) -> Self {
        Self { ja: ja.into(), en: en.into() }
    }
}

/// Something that is awaited.
#[derive(Serialize, ToSchema)]
pub struct AwaitedBody {
    /// `hand_in`, `take_up`, `review`, `answer`, `payment`, `extra_documents`, `applicant_change`, `transit`, `approval` or
    /// `completion`.
    #[schema(example = "review")]
    what: String,
    /// From whom: `applicant`, `office`, `approver` or `transit_office`.
    #[schema(example = "office")]
    whom: String,
    /// In plain words.
    text: BothLanguages,
}

impl From<Awaited> for AwaitedBody {
    fn from(awaited: Awaited) -> Self {
        Self {
            what: awaited.as_str().to_owned(),
            whom: awaited.whom().as_str().to_owned(),
            text: BothLanguages::of(awaited.text()),
        }
    }
}

/// The forecast of an application (審査の進行状況と処分の時期の見通し).
#[derive(Serialize, ToSchema)]
pub struct ForecastBody {
    /// Where it stands.
    #[schema(example = "under_review")]
    state: String,
    /// Where it stands, in plain words.
    state_text: BothLanguages,
    /// What is awaited; empty when it has ended.
    awaited: Vec<AwaitedBody>,
    /// What is known: `expected`, `delayed` (as the office recorded), or why nothing is: `paused`, `overdue`, `no_period`,
    /// `not_arrived`, `ended`.
    #[schema(example = "expected")]
    certainty: String,
    /// The day by which a decision can be expected; null where it is not known.
    #[schema(format = Date, value_type = Option<String>)]
    expected_on: Option<String>,
    /// What is known, in plain words; while the clock stands still, also what makes it run again.
    text: BothLanguages,
    /// The day if everything that is awaited came today; null while nothing stops the clock.
    #[schema(format = Date, value_type = Option<String>)]
    if_answered_today: Option<String>,
    /// Why it takes longer than the period, as the office recorded last; null while nothing was recorded.
    delay: Option<DelayBody>,
    /// How it came about, line by line, as the clock has it.
    lines: Vec<ClockLine>,
}

impl ForecastBody {
    fn of(forecast: &Forecast, locale: Locale) -> Self {
        let lines = forecast.clock.due.as_ref().map(|due| due.explanation.iter());
        Self {
            state: forecast.state.as_str().to_owned(),
            state_text: BothLanguages::of(state_text(forecast.state)),
            awaited: forecast.awaited.iter().copied().map(AwaitedBody::from).collect(),
            certainty: forecast.expectation.as_str().to_owned(),
            expected_on: forecast.expectation.expected_on().map(|day| day.to_string()),
            text: BothLanguages::of(forecast.expectation.text()),
            if_answered_today: forecast.if_answered_today.map(|day| day.to_string()),
            delay: forecast.clock.delays.last().map(DelayBody::of),
            lines: lines.map_or_else(Vec::new, |lines| lines.map(|line| clock_line(line, locale)).collect()),
        }
    }
}

/// When a decision can be expected
///
/// For the applicant and for staff of the department: where the application stands in plain words, what is awaited and from
/// whom, and the day by which a decision can be expected, with the lines that explain it. While the clock stands still the
/// day is not known, and what makes it run again is said instead.
#[utoipa::path(
    operation_id = "get_forecast", tag = "applications", params(CasePath),
    responses((status = 200, description = "The forecast", body = ForecastBody), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/forecast")]
pub async fn get_forecast(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let found = forecast::get(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    Ok(respond::plain(&ForecastBody::of(&found, locale::current().locale)))
}
