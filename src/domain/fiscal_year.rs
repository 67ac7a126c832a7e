//! Fiscal years (会計年度, R-74) and the year a revenue belongs to (年度所属, R-75).

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A fiscal year, named by the calendar year it begins in: 2026 runs from 2026-04-01 to 2027-03-31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FiscalYear(i16);

impl FiscalYear {
    /// The fiscal year of `day` (JST, R-26).
    pub fn of(day: Date) -> Self {
        Self(if day.month() >= 4 { day.year() } else { day.year().saturating_sub(1) })
    }

    /// The fiscal year that begins in April of `year`.
    pub fn starting_in(year: i16) -> Self {
        Self(year)
    }

    /// The calendar year it begins in.
    pub fn year(self) -> i16 {
        self.0
    }

    /// Whether `day` lies in this fiscal year.
    pub fn contains(self, day: Date) -> bool {
        Self::of(day) == self
    }

    /// Whether the accounts of the year are closed on `day`: they close on 31 May (出納閉鎖, R-74).
    pub fn is_closed_on(self, day: Date) -> bool {
        (day.year(), day.month(), day.day()) > (self.0.saturating_add(1), 5, 31)
    }

    /// 令和8年度; 平成 and 昭和 for earlier years. The year 2019 is 令和元年度.
    pub fn label_ja(self) -> String {
        let (era, first) = match self.0 {
            2019.. => ("令和", 2018),
            1989.. => ("平成", 1988),
            _ => ("昭和", 1925),
        };
        format!("{era}{}年度", era_year(self.0.saturating_sub(first)))
    }
}

impl fmt::Display for FiscalYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FY{}", self.0)
    }
}

/// How a revenue comes about, which decides the year it belongs to (施行令142条, R-75).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevenueTiming {
    /// 納期の一定している収入.
    FixedDue {
        /// The last day of the period of payment, before any move off a holiday.
        last_day: Date,
        /// The day the notice was issued.
        notice_issued_on: Date,
    },
    /// 随時の収入で納入通知書を発するもの.
    WithNotice {
        /// The day the notice was issued.
        issued_on: Date,
    },
    /// 随時の収入で納入通知書を発しないもの.
    WithoutNotice {
        /// The day the money was received.
        received_on: Date,
    },
}

/// The fiscal year a revenue belongs to.
pub fn revenue_year(timing: RevenueTiming) -> FiscalYear {
    match timing {
        // A notice that was not issued within the year of the last day belongs to the year of issue.
        RevenueTiming::FixedDue { last_day, notice_issued_on } => {
            FiscalYear::of(last_day).max(FiscalYear::of(notice_issued_on))
        }
        RevenueTiming::WithNotice { issued_on } => FiscalYear::of(issued_on),
        RevenueTiming::WithoutNotice { received_on } => FiscalYear::of(received_on),
    }
}

fn era_year(year: i16) -> String {
    if year == 1 { "元".to_owned() } else { year.to_string() }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{FiscalYear, RevenueTiming, revenue_year};

    #[test]
    fn r74_the_fiscal_year_runs_from_april_to_march() {
        assert_eq!(FiscalYear::of(date(2026, 3, 31)).year(), 2025);
        assert_eq!(FiscalYear::of(date(2026, 4, 1)).year(), 2026);
        assert!(!FiscalYear::starting_in(2025).is_closed_on(date(2026, 5, 31)));
        assert!(FiscalYear::starting_in(2025).is_closed_on(date(2026, 6, 1)));
    }

    #[test]
    fn r75_a_last_day_moved_off_a_holiday_keeps_its_year() {
        let timing =
            RevenueTiming::FixedDue { last_day: date(2029, 3, 31), notice_issued_on: date(2029, 3, 1) };
        assert_eq!(revenue_year(timing).year(), 2028);
        let late =
            RevenueTiming::FixedDue { last_day: date(2029, 3, 31), notice_issued_on: date(2029, 4, 3) };
        assert_eq!(revenue_year(late).year(), 2029);
    }

    #[test]
    fn t6_a_notice_of_march_31_belongs_to_the_old_year() {
        assert_eq!(revenue_year(RevenueTiming::WithNotice { issued_on: date(2027, 3, 31) }).year(), 2026);
        assert_eq!(revenue_year(RevenueTiming::WithoutNotice { received_on: date(2027, 4, 1) }).year(), 2027);
    }

    #[test]
    fn r168_fiscal_years_are_shown_in_the_japanese_calendar() {
        assert_eq!(FiscalYear::of(date(2025, 4, 1)).label_ja(), "令和7年度");
        assert_eq!(FiscalYear::of(date(2019, 4, 1)).label_ja(), "令和元年度");
    }
}
