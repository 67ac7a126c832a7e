//! A second calendar, as plain as it can be: days are numbers, closed days are a set, and a due date is counted day by day.
//!
//! It shares nothing with `domain::calendar` and `domain::processing_clock` but the files that people write, so that an error in
//! those is not repeated here.

use std::collections::BTreeSet;

use serde_json::Value;

use super::RehearsalError;

/// Seconds of a day.
const DAY_S: i64 = 86_400;
/// Japan is nine hours ahead.
const JST_S: i64 = 9 * 3_600;

/// The closed days of a body.
#[derive(Clone, Debug)]
pub struct PlainCalendar {
    /// National holidays and closures, as numbers of days since 1970-01-01.
    closed: BTreeSet<i64>,
    december_from: i64,
    january_to: i64,
}

/// How a standard processing period counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// How many days it has.
    pub days: u32,
    /// Whether closed days are left out.
    pub leaves_out_closed_days: bool,
}

/// The number of a day of the Gregorian calendar since 1970-01-01.
///
/// Counted in years that begin with March, so that the leap day is the last of one.
pub fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let century_days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    century_days + (153 * month + 2).div_euclid(5) + day - 1 - 719_468
}

/// The number of the day in Japan at so many microseconds since 1970-01-01T00:00:00Z.
pub fn jst_day_number(microseconds: i64) -> i64 {
    (microseconds.div_euclid(1_000_000) + JST_S).div_euclid(DAY_S)
}

/// The number of a day that is written `2026-04-01`.
pub fn parse_day(text: &str) -> Option<i64> {
    let mut parts = text.split('-').map(|part| part.parse::<i64>().ok());
    Some(day_number(parts.next()??, parts.next()??, parts.next()??))
}

/// Month and day of a day's number, found by counting.
fn month_and_day(number: i64) -> (i64, i64) {
    let mut year = 1970 + number.div_euclid(366);
    while day_number(year + 1, 1, 1) <= number {
        year += 1;
    }
    let month = (1..=12).rev().find(|month| day_number(year, *month, 1) <= number).unwrap_or(1);
    (month, number - day_number(year, month, 1) + 1)
}

impl PlainCalendar {
    /// Reads the list of holidays and the file of a body.
    pub fn read(holidays: &str, body: &str) -> Result<Self, RehearsalError> {
        let parse = |text: &str| {
            yaml_serde::from_str::<Value>(text)
                .map_err(|error| RehearsalError::Configuration(error.to_string()))
        };
        let (holidays, body) = (parse(holidays)?, parse(body)?);
        let closing = body.get("calendar").cloned().unwrap_or_default();
        let listed = |list: Option<&Value>| {
            let days = list.and_then(Value::as_array).into_iter().flatten();
            let days = days.filter_map(|day| parse_day(day.get("date")?.as_str()?));
            days.collect::<Vec<_>>()
        };
        let mut closed: BTreeSet<i64> = listed(holidays.get("holidays")).into_iter().collect();
        closed.extend(listed(closing.get("closures")));
        let of_year_end = |name: &str| closing.get("year_end").and_then(|end| end.get(name)?.as_i64());
        let missing = || RehearsalError::Configuration("the body has no year-end".to_owned());
        Ok(Self {
            closed,
            december_from: of_year_end("december_from").ok_or_else(missing)?,
            january_to: of_year_end("january_to").ok_or_else(missing)?,
        })
    }

    /// Whether the office is closed on a day.
    pub fn is_closed(&self, day: i64) -> bool {
        // 1970-01-01 was a Thursday: 2 is Saturday, 3 Sunday.
        let is_weekend = matches!(day.rem_euclid(7), 2 | 3);
        let is_year_end = match month_and_day(day) {
            (12, of_month) => of_month >= self.december_from,
            (1, of_month) => of_month <= self.january_to,
            _ => false,
        };
        is_weekend || is_year_end || self.closed.contains(&day)
    }

    /// The last day of a period that began with an arrival, leaving out the days after each question up to its answer.
    pub fn due(&self, arrived: i64, period: Period, pauses: &[(i64, i64)]) -> i64 {
        let (mut day, mut counted) = (arrived, 0);
        while counted < period.days {
            day += 1;
            let is_paused = pauses.iter().any(|(asked, answered)| *asked < day && day <= *answered);
            let is_left_out = period.leaves_out_closed_days && self.is_closed(day);
            if !is_paused && !is_left_out {
                counted += 1;
            }
        }
        while self.is_closed(day) {
            day += 1;
        }
        day
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar() -> PlainCalendar {
        let files = crate::catalogue::Catalogue::shipped_files();
        PlainCalendar::read(&files["calendars/japan.yaml"], &files["tenants/020001.yaml"]).unwrap()
    }

    fn day(text: &str) -> i64 {
        parse_day(text).unwrap()
    }

    #[test]
    fn days_are_numbered_and_named_as_everybody_does() {
        assert_eq!((day("1970-01-01"), day("1970-03-01"), day("2000-02-29")), (0, 59, 11_016));
        assert_eq!(day("2026-04-01") - day("2024-04-01"), 730);
        assert_eq!(jst_day_number(1_775_055_599_000_000), day("2026-04-01"), "23:59:59 in Japan");
        assert_eq!(jst_day_number(1_775_055_600_000_000), day("2026-04-02"), "midnight in Japan");
        assert_eq!(month_and_day(day("2027-12-31")), (12, 31));
        assert_eq!(month_and_day(day("2028-02-29")), (2, 29));
    }

    #[test]
    fn t1_r19_and_r25_due_dates_are_those_of_the_rules() {
        let calendar = calendar();
        let due = |arrived: &str, days: u32, leaves_out_closed_days: bool, pauses: &[(i64, i64)]| {
            calendar.due(day(arrived), Period { days, leaves_out_closed_days }, pauses)
        };
        assert_eq!(due("2026-09-18", 10, true, &[]), day("2026-10-07"));
        assert_eq!(due("2026-04-24", 10, true, &[]), day("2026-05-14"));
        assert_eq!(due("2026-12-25", 10, true, &[]), day("2027-01-15"));
        assert_eq!(due("2026-12-25", 14, false, &[]), day("2027-01-08"));
        let pause = (day("2026-04-02"), day("2026-04-09"));
        assert_eq!(due("2026-04-01", 5, true, &[pause]), day("2026-04-15"));
    }
}
