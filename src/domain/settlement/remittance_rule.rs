//! The day by which a designated agent must send what it was entrusted with (指定する日, R-77, LAA 231の2の5③).

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The designated day as the body fixed it: a day of a month after the entrustment. Dated with its designation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemitWithin {
    /// How many months after the month of the entrustment.
    pub months: u8,
    /// The day of that month; a month that is shorter ends with its last day.
    pub day: u8,
    /// Where the body fixed it.
    pub source: String,
    /// True while that has not been confirmed.
    #[serde(default)]
    pub sample: bool,
}

impl RemitWithin {
    /// Whether such a day can exist.
    pub fn is_usable(&self) -> bool {
        (1..=31).contains(&self.day) && self.months <= 12 && !self.source.is_empty()
    }
}

/// The designated day for money entrusted on a day; none past the end of the calendar.
pub fn designated_day(rule: &RemitWithin, entrusted_on: Date) -> Option<Date> {
    let month = entrusted_on.first_of_month().checked_add(Span::new().months(i64::from(rule.months))).ok()?;
    let day = i8::try_from(rule.day).ok()?.min(month.days_in_month());
    month.with().day(day).build().ok()
}
