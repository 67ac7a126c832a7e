//! Lengths of time in law (期間の計算): days, weeks, months and years by the calendar (R-20…R-22).

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The length of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "unit", content = "count", rename_all = "snake_case")]
pub enum Length {
    /// Days.
    Days(u16),
    /// Weeks.
    Weeks(u16),
    /// Months by the calendar.
    Months(u16),
    /// Years by the calendar.
    Years(u16),
}

/// Whether the day of the event counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstDay {
    /// 初日不算入: counting begins the day after.
    Excluded,
    /// The period begins with the day itself, as the validity of a permit does.
    Included,
}

/// The last day of a period that follows from `day`; nothing when the calendar ends before it.
///
/// By months or years the period ends on the day before the corresponding day; where that month has no such day,
/// on its last day.
pub fn last_day(day: Date, length: Length, first: FirstDay) -> Option<Date> {
    let begins = match first {
        FirstDay::Excluded => day.tomorrow().ok()?,
        FirstDay::Included => day,
    };
    let span = match length {
        Length::Days(count) => Span::new().try_days(count),
        Length::Weeks(count) => Span::new().try_weeks(count),
        Length::Months(count) => Span::new().try_months(count),
        Length::Years(count) => Span::new().try_years(count),
    };
    let corresponding = begins.checked_add(span.ok()?).ok()?;
    let is_calendar_unit = matches!(length, Length::Months(_) | Length::Years(_));
    if is_calendar_unit && corresponding.day() != begins.day() {
        return Some(corresponding);
    }
    corresponding.yesterday().ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{FirstDay, Length, last_day};
    use crate::domain::calendar::tests::aomori;

    #[test]
    fn r20_periods_exclude_the_first_day() {
        let end = |length| last_day(date(2026, 4, 2), length, FirstDay::Excluded);
        assert_eq!(end(Length::Days(30)), Some(date(2026, 5, 2)));
        assert_eq!(end(Length::Weeks(2)), Some(date(2026, 4, 16)));
        assert_eq!(end(Length::Months(3)), Some(date(2026, 7, 2)));
    }

    #[test]
    fn r20_a_period_that_begins_at_midnight_counts_its_first_day() {
        let end = |length| last_day(date(2026, 4, 1), length, FirstDay::Included);
        assert_eq!(end(Length::Days(30)), Some(date(2026, 4, 30)));
        assert_eq!(end(Length::Weeks(2)), Some(date(2026, 4, 14)));
        assert_eq!(end(Length::Years(1)), Some(date(2027, 3, 31)));
    }

    #[test]
    fn r21_months_end_on_the_last_day_where_there_is_no_corresponding_day() {
        let month_from = |day| last_day(day, Length::Months(1), FirstDay::Excluded);
        assert_eq!(month_from(date(2026, 1, 31)), Some(date(2026, 2, 28)));
        assert_eq!(month_from(date(2028, 1, 31)), Some(date(2028, 2, 29)));
        assert_eq!(month_from(date(2026, 1, 30)), Some(date(2026, 2, 28)));
        assert_eq!(
            last_day(date(2024, 2, 28), Length::Years(1), FirstDay::Excluded),
            Some(date(2025, 2, 28))
        );
    }

    #[test]
    fn r22_five_years_from_the_day_of_grant_end_the_day_before() {
        let end = last_day(date(2024, 8, 19), Length::Years(5), FirstDay::Included);
        assert_eq!(end, Some(date(2029, 8, 18)));
    }

    #[test]
    fn r24_thirty_days_from_april_2_end_after_the_holidays() {
        let end = last_day(date(2026, 4, 2), Length::Days(30), FirstDay::Excluded).unwrap();
        assert_eq!(aomori().roll(end), date(2026, 5, 7));
    }
}
