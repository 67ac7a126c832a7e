//! Days of the counter: Japan time, national holidays, and the days on which a body is closed (休日, R-23).
//!
//! Holidays are data, never computed: the equinoxes are fixed by a yearly notice. Each tenant closes its
//! year-end and its own extra days by its own ordinance.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

/// Japan Standard Time; it has no summer time.
const JST: Offset = Offset::constant(9);

/// How the official list calls substitute holidays and weekdays between two holidays.
const SUBSTITUTE: &str = "休日";

/// The day in Japan at an instant; the boundary is 00:00 JST.
pub fn jst_day(at: Timestamp) -> Date {
    jst_datetime(at).date()
}

/// The first instant of a day in Japan; none on the last days that can be written at all.
pub fn jst_midnight(day: Date) -> Option<Timestamp> {
    JST.to_timestamp(day.to_datetime(Time::midnight())).ok()
}

/// Day and time of day in Japan at an instant.
pub fn jst_datetime(at: Timestamp) -> DateTime {
    JST.to_datetime(at)
}

/// A named day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedDay {
    /// The day.
    pub date: Date,
    /// Its name, e.g. 秋分の日.
    pub name: String,
}

/// The national holidays of some years (国民の祝日), as published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HolidayTable {
    /// Where the list was taken from.
    pub source: String,
    /// The first year the list covers.
    pub first_year: i16,
    /// The last year the list covers.
    pub last_year: i16,
    /// The days, substitute holidays included.
    pub holidays: Vec<NamedDay>,
}

/// The year-end closing of a body (年末年始), set by its ordinance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct YearEnd {
    /// The first closed day of December, e.g. 29.
    pub december_from: i8,
    /// The last closed day of January, e.g. 3.
    pub january_to: i8,
}

/// What one tenant adds to the national holidays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosingDays {
    /// The ordinance, e.g. 青森県の休日に関する条例.
    pub basis: String,
    /// The year-end closing.
    pub year_end: YearEnd,
    /// Other closed days.
    #[serde(default)]
    pub closures: Vec<NamedDay>,
}

/// Why a day is a day off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "name", rename_all = "snake_case")]
pub enum DayOff {
    /// 土曜日・日曜日.
    Weekend,
    /// 祝日法による休日, with its name.
    National(String),
    /// 年末年始.
    YearEnd,
    /// Another closed day of the body, with its name.
    Closure(String),
}

impl DayOff {
    /// What the day is called in Japanese.
    pub fn name_ja(&self) -> &str {
        match self {
            Self::Weekend => "土日",
            Self::YearEnd => "年末年始",
            Self::National(name) | Self::Closure(name) => name,
        }
    }

    /// What the day is called in English; a day with a name of its own keeps it.
    pub fn name_en(&self) -> &str {
        match self {
            Self::Weekend => "weekend",
            Self::YearEnd => "year-end closing",
            Self::National(name) | Self::Closure(name) => name,
        }
    }
}

/// Whether the holidays of a day's year have been published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Coverage {
    /// The list covers the year.
    Published,
    /// The list does not reach that year; only weekends and the year-end are known.
    NotPublished,
}

/// The days off of one tenant (休日).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    national: BTreeMap<Date, String>,
    closures: BTreeMap<Date, String>,
    year_end: YearEnd,
    first_year: i16,
    last_year: i16,
}

impl Calendar {
    /// Joins the national holidays and a tenant's own closing days.
    pub fn new(table: &HolidayTable, closing: &ClosingDays) -> Self {
        let map = |days: &[NamedDay]| days.iter().map(|day| (day.date, day.name.clone())).collect();
        Self {
            national: map(&table.holidays),
            closures: map(&closing.closures),
            year_end: closing.year_end,
            first_year: table.first_year,
            last_year: table.last_year,
        }
    }

    /// Why `day` is off, or nothing on an open day (開庁日).
    pub fn day_off(&self, day: Date) -> Option<DayOff> {
        let in_year_end = (day.month() == 12 && day.day() >= self.year_end.december_from)
            || (day.month() == 1 && day.day() <= self.year_end.january_to);
        if let Some(name) = self.national.get(&day) {
            Some(DayOff::National(name.clone()))
        } else if in_year_end {
            Some(DayOff::YearEnd)
        } else if matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            Some(DayOff::Weekend)
        } else {
            self.closures.get(&day).map(|name| DayOff::Closure(name.clone()))
        }
    }

    /// Whether `day` is a day off.
    pub fn is_holiday(&self, day: Date) -> bool {
        self.day_off(day).is_some()
    }

    /// `day` itself when open, else the next open day.
    pub fn roll(&self, day: Date) -> Date {
        let mut open = day;
        while self.is_holiday(open) {
            let Ok(next) = open.tomorrow() else { return open };
            open = next;
        }
        open
    }

    /// The day that is `days` open days after `day` (開庁日で数える); `day` itself does not count.
    pub fn after_open_days(&self, day: Date, days: u16) -> Date {
        let mut reached = day;
        for _ in 0..days {
            let Ok(next) = reached.tomorrow() else { return reached };
            reached = self.roll(next);
        }
        reached
    }

    /// The last day after which `days` open days are over by the beginning of `today`: what happened later than that has had fewer.
    pub fn open_days_ago(&self, today: Date, days: u16) -> Date {
        let mut day = today;
        while self.after_open_days(day, days) >= today {
            let Ok(before) = day.yesterday() else { return day };
            day = before;
        }
        day
    }

    /// Whether the national holidays of the year of `day` are in the list.
    pub fn coverage(&self, day: Date) -> Coverage {
        if (self.first_year..=self.last_year).contains(&day.year()) {
            Coverage::Published
        } else {
            Coverage::NotPublished
        }
    }
}

impl HolidayTable {
    /// Days that the list lacks or doubles by 祝日法 articles 3(2) and 3(3): the substitute after a Sunday holiday
    /// and the weekday between two holidays. Empty when the list is sound.
    pub fn inconsistencies(&self) -> Vec<Date> {
        let days: BTreeMap<Date, &str> =
            self.holidays.iter().map(|day| (day.date, day.name.as_str())).collect();
        let mut wrong = BTreeSet::new();
        for (index, day) in self.holidays.iter().enumerate() {
            let is_doubled = self.holidays.iter().take(index).any(|other| other.date == day.date);
            if is_doubled || !(self.first_year..=self.last_year).contains(&day.date.year()) {
                wrong.insert(day.date);
            }
        }
        for (day, name) in &days {
            let (Ok(next), Ok(after_next)) = (day.tomorrow(), day.checked_add(jiff::Span::new().days(2)))
            else {
                continue;
            };
            if day.weekday() == Weekday::Sunday && *name != SUBSTITUTE {
                wrong.extend(first_unnamed(next, &days).filter(|substitute| !days.contains_key(substitute)));
            }
            if days.contains_key(&after_next)
                && !days.contains_key(&next)
                && next.weekday() != Weekday::Sunday
            {
                wrong.insert(next);
            }
        }
        wrong.into_iter().collect()
    }
}

/// The first day from `day` on that is no holiday with a name of its own: where the substitute belongs.
fn first_unnamed(day: Date, days: &BTreeMap<Date, &str>) -> Option<Date> {
    let mut candidate = day;
    while days.get(&candidate).is_some_and(|name| *name != SUBSTITUTE) {
        candidate = candidate.tomorrow().ok()?;
    }
    Some(candidate)
}

#[cfg(test)]
pub(crate) mod tests {
    use jiff::Timestamp;
    use jiff::civil::date;

    use super::{Calendar, ClosingDays, Coverage, DayOff, HolidayTable, YearEnd, jst_day, jst_midnight};

    /// The calendar of 青森県 from the shipped list.
    pub(crate) fn aomori() -> Calendar {
        let closing = ClosingDays {
            basis: "条例".into(),
            year_end: YearEnd { december_from: 29, january_to: 3 },
            closures: Vec::new(),
        };
        Calendar::new(&table(), &closing)
    }

    /// The shipped list.
    pub(crate) fn table() -> HolidayTable {
        yaml_serde::from_str(include_str!("../../config/calendars/japan.yaml")).unwrap()
    }

    #[test]
    fn r26_the_day_begins_at_midnight_in_japan() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(jst_day(at("2026-03-31T14:59:59.999999Z")), date(2026, 3, 31));
        assert_eq!(jst_day(at("2026-03-31T15:00:00Z")), date(2026, 4, 1));
        assert_eq!(jst_midnight(date(2026, 4, 1)), Some(at("2026-03-31T15:00:00Z")));
    }

    #[test]
    fn r7_a_submission_at_night_in_the_holidays_arrives_that_day() {
        assert_eq!(jst_day("2026-12-30T23:10:00+09:00".parse().unwrap()), date(2026, 12, 30));
    }

    #[test]
    fn r25_the_shipped_list_obeys_the_holiday_law() {
        assert_eq!(table().inconsistencies(), []);
        let calendar = aomori();
        let name = |day| match calendar.day_off(day) {
            Some(DayOff::National(name)) => name,
            other => panic!("{day}: {other:?}"),
        };
        assert_eq!(name(date(2026, 9, 21)), "敬老の日");
        assert_eq!(name(date(2026, 9, 22)), "休日");
        assert_eq!(name(date(2026, 9, 23)), "秋分の日");
        assert_eq!(name(date(2026, 5, 6)), "休日");
        assert_eq!(name(date(2027, 3, 22)), "休日");
    }

    #[test]
    fn r25_a_list_without_a_substitute_holiday_is_found_out() {
        let mut table = table();
        table.holidays.retain(|day| day.date != date(2026, 9, 22) && day.date != date(2027, 3, 22));
        assert_eq!(table.inconsistencies(), [date(2026, 9, 22), date(2027, 3, 22)]);
        // 2026-05-03 is a Sunday followed by two holidays: its substitute is 05-06.
        table.holidays.retain(|day| day.date != date(2026, 5, 6));
        assert!(table.inconsistencies().contains(&date(2026, 5, 6)));
        let twice = table.holidays[0].clone();
        table.holidays.push(twice);
        assert!(table.inconsistencies().contains(&date(2024, 1, 1)));
    }

    #[test]
    fn r23_weekends_and_the_year_end_are_days_off() {
        let calendar = aomori();
        assert_eq!(calendar.day_off(date(2026, 12, 28)), None);
        assert_eq!(calendar.day_off(date(2026, 12, 29)), Some(DayOff::YearEnd));
        assert_eq!(calendar.day_off(date(2027, 1, 3)), Some(DayOff::YearEnd));
        assert_eq!(calendar.day_off(date(2027, 1, 4)), None);
        assert_eq!(calendar.day_off(date(2026, 6, 6)), Some(DayOff::Weekend));
    }

    #[test]
    fn r24_a_deadline_on_a_day_off_moves_to_the_next_open_day() {
        let calendar = aomori();
        assert_eq!(calendar.roll(date(2026, 5, 2)), date(2026, 5, 7));
        assert_eq!(calendar.roll(date(2026, 5, 7)), date(2026, 5, 7));
    }

    #[test]
    fn r20_open_days_that_are_over_do_not_count_today_nor_the_day_itself() {
        let calendar = aomori();
        for (today, days, expected) in [
            (date(2026, 4, 8), 5, date(2026, 3, 31)),
            (date(2026, 4, 9), 5, date(2026, 4, 1)),
            (date(2026, 4, 10), 5, date(2026, 4, 2)),
            (date(2026, 4, 13), 5, date(2026, 4, 5)),
            (date(2026, 4, 9), 0, date(2026, 4, 8)),
        ] {
            let found = calendar.open_days_ago(today, days);
            assert_eq!(found, expected, "{today} {days}");
            assert!(calendar.after_open_days(found, days) < today);
            assert!(calendar.after_open_days(found.tomorrow().unwrap(), days) >= today);
        }
    }

    #[test]
    fn a_year_without_a_published_list_is_said_to_be_so() {
        assert_eq!(aomori().coverage(date(2027, 12, 31)), Coverage::Published);
        assert_eq!(aomori().coverage(date(2028, 1, 1)), Coverage::NotPublished);
    }
}
