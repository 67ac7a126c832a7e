//! The Japanese calendar (和暦, R-168): days are stored as ISO 8601, read and shown in either calendar.
//!
//! Invariant: a day is read only where its era really has it: 平成31年5月1日 is refused, not bent into 令和. The day an
//! era was changed within belongs to both (1912-07-30, 1926-12-25). Days before 明治6年 (1873) followed the moon and are
//! refused, because the same figures would mean another day.

use jiff::civil::{Date, date};

/// One era (元号).
struct Era {
    name: &'static str,
    /// The letter of the short form, e.g. R8.4.1.
    letter: char,
    first_day: Date,
    /// The last day, for an era that has ended.
    last_day: Option<Date>,
    /// The western year before its first year.
    year_zero: i16,
}

const fn era(
    name: &'static str,
    letter: char,
    first_day: Date,
    last_day: Option<Date>,
    year_zero: i16,
) -> Era {
    Era { name, letter, first_day, last_day, year_zero }
}

/// Newest first.
const ERAS: [Era; 5] = [
    era("令和", 'R', date(2019, 5, 1), None, 2018),
    era("平成", 'H', date(1989, 1, 8), Some(date(2019, 4, 30)), 1988),
    era("昭和", 'S', date(1926, 12, 25), Some(date(1989, 1, 7)), 1925),
    era("大正", 'T', date(1912, 7, 30), Some(date(1926, 12, 25)), 1911),
    era("明治", 'M', date(1873, 1, 1), Some(date(1912, 7, 30)), 1867),
];

/// Why a text is no day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WarekiFault {
    /// The text is written neither as `2026-04-01`, `2026年4月1日`, `令和8年4月1日` nor `R8.4.1`.
    #[error("is not written as a day")]
    NotADay,
    /// No calendar has such a day, e.g. 30 February.
    #[error("does not exist")]
    DoesNotExist,
    /// The era does not have this day, e.g. 平成31年5月1日.
    #[error("is not a day of {era}")]
    NotInEra {
        /// The era that was named.
        era: &'static str,
    },
}

/// The day that `text` means. Digits and letters of any width are read; 元年 is the first year.
pub fn parse(text: &str) -> Result<Date, WarekiFault> {
    let narrow = super::form::fold::to_narrow(text.trim());
    if let Some((era, rest)) = split_era(&narrow) {
        let (year, month, day) = figures(rest).ok_or(WarekiFault::NotADay)?;
        let year = era.year_zero.checked_add(year).ok_or(WarekiFault::DoesNotExist)?;
        let day = Date::new(year, month, day).map_err(|_| WarekiFault::DoesNotExist)?;
        let has_it = era.first_day <= day && era.last_day.is_none_or(|last| day <= last);
        return if has_it { Ok(day) } else { Err(WarekiFault::NotInEra { era: era.name }) };
    }
    let (year, month, day) = figures(&narrow).ok_or(WarekiFault::NotADay)?;
    if year < 1_000 {
        return Err(WarekiFault::NotADay);
    }
    Date::new(year, month, day).map_err(|_| WarekiFault::DoesNotExist)
}

/// `day` in the Japanese calendar, e.g. 令和8年4月2日; days before 1873 keep the western year.
pub fn write(day: Date) -> String {
    let era = ERAS.iter().find(|era| era.first_day <= day);
    let year = day.year().saturating_sub(era.map_or(0, |era| era.year_zero));
    let year = if era.is_some() && year == 1 { "元".to_owned() } else { year.to_string() };
    format!("{}{year}年{}月{}日", era.map_or("", |era| era.name), day.month(), day.day())
}

fn split_era(text: &str) -> Option<(&'static Era, &str)> {
    ERAS.iter().find_map(|era| {
        let rest = text.strip_prefix(era.name).or_else(|| {
            text.strip_prefix(era.letter).or_else(|| text.strip_prefix(era.letter.to_ascii_lowercase()))
        })?;
        Some((era, rest.trim_start()))
    })
}

/// `8年4月1日`, `元年5月1日`, `8.4.1`, `8-4-1` or `8/4/1` as year, month and day.
fn figures(text: &str) -> Option<(i16, i8, i8)> {
    let (year, rest) = text.split_once(['年', '.', '-', '/'])?;
    let (month, rest) = rest.split_once(['月', '.', '-', '/'])?;
    let is_in_words = text.contains('年');
    if is_in_words != (text.contains('月') && text.ends_with('日')) {
        return None;
    }
    let day = if is_in_words { rest.strip_suffix('日')? } else { rest };
    let year = if year.trim() == "元" { 1 } else { figure(year, 4)? };
    Some((year, figure(month, 2)?.try_into().ok()?, figure(day, 2)?.try_into().ok()?))
}

/// A whole number of at least 1 and at most `most` digits, blanks around it allowed.
fn figure(text: &str, most: usize) -> Option<i16> {
    let text = text.trim();
    let is_figure = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|figure| is_figure && *figure > 0)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::{WarekiFault, parse, write};

    #[test]
    fn r168_days_are_read_in_both_calendars() {
        for (text, day) in [
            ("令和7年4月1日", date(2025, 4, 1)),
            ("R7.4.1", date(2025, 4, 1)),
            ("r7/4/1", date(2025, 4, 1)),
            ("令和元年5月1日", date(2019, 5, 1)),
            ("令和１年５月１日", date(2019, 5, 1)),
            ("Ｒ７．４．１", date(2025, 4, 1)),
            ("令和 7年 4月 1日", date(2025, 4, 1)),
            ("平成31年4月30日", date(2019, 4, 30)),
            ("H31-4-30", date(2019, 4, 30)),
            ("昭和64年1月7日", date(1989, 1, 7)),
            ("平成元年1月8日", date(1989, 1, 8)),
            ("大正15年12月25日", date(1926, 12, 25)),
            ("昭和元年12月25日", date(1926, 12, 25)),
            ("明治45年7月30日", date(1912, 7, 30)),
            ("大正元年7月30日", date(1912, 7, 30)),
            ("明治6年1月1日", date(1873, 1, 1)),
            ("2025-04-01", date(2025, 4, 1)),
            ("２０２５年４月１日", date(2025, 4, 1)),
            ("2024/2/29", date(2024, 2, 29)),
        ] {
            assert_eq!(parse(text), Ok(day), "{text}");
        }
    }

    #[test]
    fn r168_a_day_its_era_does_not_have_is_refused() {
        for (text, era) in [
            ("平成31年5月1日", "平成"),
            ("H31.5.31", "平成"),
            ("令和元年4月30日", "令和"),
            ("昭和64年1月8日", "昭和"),
            ("平成元年1月7日", "平成"),
            ("明治5年12月2日", "明治"),
        ] {
            assert_eq!(parse(text), Err(WarekiFault::NotInEra { era }), "{text}");
        }
        for text in ["令和7年2月29日", "2023-02-29", "令和7年13月1日", "2025-04-31"] {
            assert_eq!(parse(text), Err(WarekiFault::DoesNotExist), "{text}");
        }
        for text in [
            "",
            "令和",
            "令和7年",
            "7年4月1日",
            "慶応4年1月1日",
            "令和0年5月1日",
            "令和-1年1月1日",
            "R7.4",
            "R7.4.1.2",
            "令和7年4月1",
            "令和7.4.1日",
            "R99999.1.1",
            "20250401",
            "0999-01-01",
            "令和七年四月一日",
            "R7.4.001",
        ] {
            assert_eq!(parse(text), Err(WarekiFault::NotADay), "{text}");
        }
    }

    #[test]
    fn r168_days_are_shown_in_the_japanese_calendar() {
        for (day, text) in [
            (date(2019, 4, 30), "平成31年4月30日"),
            (date(2019, 5, 1), "令和元年5月1日"),
            (date(2026, 4, 2), "令和8年4月2日"),
            (date(1950, 1, 1), "昭和25年1月1日"),
            (date(1872, 12, 31), "1872年12月31日"),
        ] {
            assert_eq!(write(day), text);
        }
    }

    proptest! {
        #[test]
        fn r168_what_is_shown_is_read_back_as_the_same_day(year in 1873_i16..2200, ordinal in 1_i16..=365) {
            let day = jiff::civil::Date::new(year, 1, 1).unwrap().with().day_of_year(ordinal).build().unwrap();
            prop_assert_eq!(parse(&write(day)), Ok(day));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*") {
            let _ = parse(&text);
        }

        #[test]
        fn no_text_that_looks_like_a_day_makes_the_reader_panic(text in "[令和平成RHS元0-9０-９年月日./ー-]{0,14}") {
            let _ = parse(&text);
        }
    }
}
