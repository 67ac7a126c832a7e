//! Retention classes (保存期間, R-124).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::fiscal_year::FiscalYear;

/// How long a file is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RetentionClass {
    /// 1年未満: until the end of the year in which its cases ended.
    #[serde(rename = "under_one")]
    UnderOne,
    /// 1年.
    #[serde(rename = "1")]
    One,
    /// 3年.
    #[serde(rename = "3")]
    Three,
    /// 5年.
    #[serde(rename = "5")]
    Five,
    /// 10年.
    #[serde(rename = "10")]
    Ten,
    /// 30年.
    #[serde(rename = "30")]
    Thirty,
    /// 常用: as long as it is in use; it never expires by the calendar.
    #[serde(rename = "permanent")]
    Permanent,
}

impl RetentionClass {
    /// All classes, the shortest first.
    pub const ALL: [Self; 7] =
        [Self::UnderOne, Self::One, Self::Three, Self::Five, Self::Ten, Self::Thirty, Self::Permanent];

    /// The stored, public and configured name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnderOne => "under_one",
            Self::One => "1",
            Self::Three => "3",
            Self::Five => "5",
            Self::Ten => "10",
            Self::Thirty => "30",
            Self::Permanent => "permanent",
        }
    }

    /// The class of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == text)
    }

    /// How the register says it.
    pub fn label_ja(self) -> &'static str {
        match self {
            Self::UnderOne => "1年未満",
            Self::One => "1年",
            Self::Three => "3年",
            Self::Five => "5年",
            Self::Ten => "10年",
            Self::Thirty => "30年",
            Self::Permanent => "常用",
        }
    }

    /// For how many whole years; none where the calendar ends nothing.
    pub fn years(self) -> Option<i16> {
        match self {
            Self::UnderOne => Some(0),
            Self::One => Some(1),
            Self::Three => Some(3),
            Self::Five => Some(5),
            Self::Ten => Some(10),
            Self::Thirty => Some(30),
            Self::Permanent => None,
        }
    }

    /// The shortest class that keeps a record for at least so many years: what is no class is never kept shorter.
    pub fn covering(years: u8) -> Self {
        let covers = |class: &Self| class.years().is_none_or(|span| span >= i16::from(years.max(1)));
        Self::ALL.into_iter().find(covers).unwrap_or(Self::Permanent)
    }

    /// 満了日: the last day on which the records of cases that ended in `completed_in` are kept. The years count from 1 April of
    /// the year after it. None for what never expires, and where the calendar ends.
    pub fn expires_on(self, completed_in: FiscalYear) -> Option<Date> {
        let last_year = completed_in.year().checked_add(1)?.checked_add(self.years()?)?;
        Date::new(last_year, 3, 31).ok()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn r124_years_of_keeping_count_from_april_of_the_year_after_the_case_ended() {
        let completed = FiscalYear::of(date(2026, 4, 1));
        assert_eq!(completed, FiscalYear::of(date(2027, 3, 31)), "one file for the whole fiscal year");
        let expected = [
            (RetentionClass::UnderOne, Some(date(2027, 3, 31))),
            (RetentionClass::One, Some(date(2028, 3, 31))),
            (RetentionClass::Three, Some(date(2030, 3, 31))),
            (RetentionClass::Five, Some(date(2032, 3, 31))),
            (RetentionClass::Ten, Some(date(2037, 3, 31))),
            (RetentionClass::Thirty, Some(date(2057, 3, 31))),
            (RetentionClass::Permanent, None),
        ];
        assert_eq!(expected.map(|(class, _)| class), RetentionClass::ALL);
        for (class, last_day) in expected {
            assert_eq!(class.expires_on(completed), last_day, "{class:?}");
            assert_eq!(RetentionClass::parse(class.as_str()), Some(class));
        }
    }

    #[test]
    fn r124_what_is_no_class_is_kept_longer_and_never_shorter() {
        let cases = [
            (0, RetentionClass::One),
            (1, RetentionClass::One),
            (2, RetentionClass::Three),
            (5, RetentionClass::Five),
            (7, RetentionClass::Ten),
            (30, RetentionClass::Thirty),
            (31, RetentionClass::Permanent),
            (u8::MAX, RetentionClass::Permanent),
        ];
        for (years, class) in cases {
            assert_eq!(RetentionClass::covering(years), class, "{years}");
        }
    }
}
