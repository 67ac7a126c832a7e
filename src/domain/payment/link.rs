//! Links to pay by (納付用リンク): how long one is good.
//!
//! Purpose: payer and applicant need not be the same, and whoever pays may do so days later. Invariants: a link ends
//! with a day in Japan, never before the day it was made and never later than the body allows; what is gone is gone.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use crate::domain::calendar::jst_midnight;
use crate::domain::fault::Fault;

/// The last day of a link made `today`: the wanted one, else as long as the body allows.
pub fn last_day_of_link(wanted: Option<Date>, today: Date, longest_days: i64) -> Result<Date, Fault> {
    let latest = today.saturating_add(longest_days.days());
    let day = wanted.unwrap_or(latest);
    if (today..=latest).contains(&day) {
        return Ok(day);
    }
    let ja = format!("本日から{latest}までの日付を指定してください。");
    let en = format!("Please give a day between today and {latest}.");
    Err(Fault::new("/expires_on", "day_out_of_range", &ja, &en))
}

/// The instant at which a day in Japan is over.
pub fn end_of_day(day: Date) -> Timestamp {
    day.tomorrow().ok().and_then(jst_midnight).unwrap_or(Timestamp::MAX)
}

/// Whether a link is good at `now`.
pub fn link_is_good(expires_at: Timestamp, revoked_at: Option<Timestamp>, now: Timestamp) -> bool {
    revoked_at.is_none() && now < expires_at
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{end_of_day, last_day_of_link, link_is_good};

    #[test]
    fn a_link_ends_with_a_day_in_japan_within_what_the_body_allows() {
        let today = date(2026, 4, 1);
        let last = |wanted| last_day_of_link(wanted, today, 30);
        assert_eq!(last(None), Ok(date(2026, 5, 1)));
        for good in [today, date(2026, 4, 2), date(2026, 5, 1)] {
            assert_eq!(last(Some(good)), Ok(good));
        }
        for bad in [date(2026, 3, 31), date(2026, 5, 2)] {
            assert_eq!(last(Some(bad)).unwrap_err().code, "day_out_of_range");
        }
        assert_eq!(end_of_day(today).to_string(), "2026-04-01T15:00:00Z");
    }

    #[test]
    fn an_expired_or_revoked_link_is_good_no_more() {
        let end = end_of_day(date(2026, 4, 1));
        let before = "2026-04-01T14:59:59Z".parse().unwrap();
        assert!(link_is_good(end, None, before));
        assert!(!link_is_good(end, None, end));
        assert!(!link_is_good(end, Some(before), before));
    }
}
