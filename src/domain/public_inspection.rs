//! Public inspection (閲覧, R-47): when a filing opens, and what of it anybody may see.
//!
//! Masking is by naming what is shown. A field that the rule does not name never leaves, and neither does one that was added
//! to the form later.

use jiff::civil::{Date, DateTime, Time};
use serde_json::Value;

use super::application::StateName;
use super::calendar::Calendar;
use super::period::{FirstDay, Length, last_day};
use super::procedure::{Bilingual, Field, OnlineView, OpensOn, PublicInspection};

/// What has just happened to a filing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It arrived.
    Arrival,
    /// It was decided.
    Decision {
        /// Whether anything of it was granted.
        grants: bool,
    },
}

/// Whether a filing opens with what has just happened.
pub fn opens(rule: &PublicInspection, moment: Moment) -> bool {
    match (rule.opens_on, moment) {
        (OpensOn::Arrival, Moment::Arrival) | (OpensOn::Decision, Moment::Decision { .. }) => true,
        (OpensOn::Grant, Moment::Decision { grants }) => grants,
        (OpensOn::Arrival, Moment::Decision { .. })
        | (OpensOn::Decision | OpensOn::Grant, Moment::Arrival) => false,
    }
}

/// Whether that a filing is open says by itself that what was applied for was granted.
pub fn tells_grant(rule: &PublicInspection) -> bool {
    rule.opens_on == OpensOn::Grant
}

/// Whether a filing that opened can be looked at while its case stands there: what was taken back or belongs to another body cannot.
pub fn is_shown_in(state: StateName) -> bool {
    !matches!(state, StateName::Draft | StateName::Withdrawn | StateName::Transferred)
}

/// Whether a filing that opened at that moment in Japan can still be looked at on a day (縦覧期間). The day of opening counts only where
/// it is a whole one, and a last day on which the body is closed is followed by the next on which it is open.
pub fn is_within_period(
    rule: &PublicInspection,
    calendar: &Calendar,
    opened_at: DateTime,
    today: Date,
) -> bool {
    let Some(days) = rule.open_days else { return true };
    let first = if opened_at.time() == Time::midnight() { FirstDay::Included } else { FirstDay::Excluded };
    let last = last_day(opened_at.date(), Length::Days(days), first);
    // A period that the calendar has no end for has not ended.
    last.is_none_or(|last| today <= calendar.roll(last))
}

/// Whether filings can be looked at here at that moment in Japan.
pub fn is_open_at(rule: &PublicInspection, calendar: &Calendar, now: DateTime) -> bool {
    match rule.online {
        OnlineView::Always => true,
        OnlineView::OpeningHours => {
            !calendar.is_holiday(now.date()) && rule.from <= now.time() && now.time() < rule.until
        }
    }
}

/// An answer that anybody may see.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownAnswer {
    /// The key of the field.
    pub name: String,
    /// Its label.
    pub label: Bilingual,
    /// What was answered.
    pub value: Value,
}

/// The answers that the rule shows, in the order of the form; what was not answered is left out.
pub fn shown(rule: &PublicInspection, form: &[Field], answers: &Value) -> Vec<ShownAnswer> {
    let named = form.iter().filter(|field| rule.fields.contains(&field.name));
    named
        .filter_map(|field| {
            let value = answers.get(&field.name).filter(|value| !value.is_null())?;
            let (name, label) = (field.name.clone(), field.label.clone());
            Some(ShownAnswer { name, label, value: value.clone() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::domain::calendar::tests::aomori;
    use crate::domain::procedure::specimen::changed;

    fn rule(opens_on: OpensOn, online: OnlineView) -> PublicInspection {
        PublicInspection {
            basis: "建設業法第13条".to_owned(),
            opens_on,
            fields: vec!["what".to_owned()],
            documents: Vec::new(),
            files: Vec::new(),
            open_days: None,
            place: Bilingual { ja: "閲覧所".to_owned(), en: "Reading room".to_owned() },
            days: Bilingual { ja: "県の休日を除く日".to_owned(), en: "Working days".to_owned() },
            from: time(8, 30, 0, 0),
            until: time(17, 0, 0, 0),
            online,
            source: "試験用".to_owned(),
            sample: true,
        }
    }

    #[test]
    fn r47_a_filing_opens_at_the_moment_that_the_rule_names_and_at_no_other() {
        let moments =
            [Moment::Arrival, Moment::Decision { grants: false }, Moment::Decision { grants: true }];
        for (opens_on, expected) in [
            (OpensOn::Arrival, [true, false, false]),
            (OpensOn::Decision, [false, true, true]),
            (OpensOn::Grant, [false, false, true]),
        ] {
            let rule = rule(opens_on, OnlineView::Always);
            assert_eq!(moments.map(|moment| opens(&rule, moment)), expected, "{opens_on:?}");
        }
        let hidden: Vec<_> = StateName::ALL.into_iter().filter(|state| !is_shown_in(*state)).collect();
        assert_eq!(hidden, [StateName::Draft, StateName::Withdrawn, StateName::Transferred]);
    }

    #[test]
    fn r47_and_r20_a_period_counts_from_the_day_after_the_opening_and_from_the_day_itself_at_midnight() {
        let (mut rule, calendar) = (rule(OpensOn::Arrival, OnlineView::Always), aomori());
        let opened = date(2026, 4, 1);
        let late = date(2046, 4, 1);
        assert!(
            is_within_period(&rule, &calendar, opened.at(9, 0, 0, 0), late),
            "without a period it stays open"
        );
        for (days, by_day, by_midnight) in [
            (1, date(2026, 4, 2), date(2026, 4, 1)),
            (14, date(2026, 4, 15), date(2026, 4, 14)),
            (30, date(2026, 5, 1), date(2026, 4, 30)),
        ] {
            rule.open_days = Some(days);
            for (opened_at, last) in [
                (opened.at(0, 0, 0, 0), by_midnight),
                (opened.at(0, 0, 0, 1), by_day),
                (opened.at(9, 0, 0, 0), by_day),
                (opened.at(23, 59, 59, 0), by_day),
            ] {
                let asked = [opened, last, last.tomorrow().unwrap()];
                let open = asked.map(|today| is_within_period(&rule, &calendar, opened_at, today));
                assert_eq!(open, [true, true, false], "{days} days from {opened_at}");
            }
        }
    }

    #[test]
    fn r47_and_r24_a_period_does_not_end_on_a_day_on_which_the_body_is_closed() {
        let (mut rule, calendar) = (rule(OpensOn::Arrival, OnlineView::Always), aomori());
        for (opened, days, last) in [
            (date(2026, 4, 1), 3, date(2026, 4, 6)),    // Saturday
            (date(2026, 4, 2), 30, date(2026, 5, 7)),   // Saturday before the holidays of May
            (date(2026, 12, 14), 15, date(2027, 1, 4)), // the year-end closing
            (date(2026, 9, 7), 14, date(2026, 9, 24)),  // 敬老の日, 休日 and 秋分の日
        ] {
            rule.open_days = Some(days);
            let asked = [last, last.tomorrow().unwrap()];
            let open = asked.map(|today| is_within_period(&rule, &calendar, opened.at(9, 0, 0, 0), today));
            assert_eq!(open, [true, false], "{days} days from {opened}");
        }
    }

    #[test]
    fn r47_hours_and_days_close_the_view_here_only_where_the_rule_says_so() {
        let calendar = aomori();
        let (always, hours) =
            (rule(OpensOn::Grant, OnlineView::Always), rule(OpensOn::Grant, OnlineView::OpeningHours));
        for (day, hour, minute, open) in [
            (date(2026, 4, 1), 8, 29, false),
            (date(2026, 4, 1), 8, 30, true),
            (date(2026, 4, 1), 16, 59, true),
            (date(2026, 4, 1), 17, 0, false),
            (date(2026, 4, 4), 12, 0, false),
            (date(2026, 12, 31), 12, 0, false),
        ] {
            let now = day.at(hour, minute, 0, 0);
            assert_eq!(is_open_at(&hours, &calendar, now), open, "{now}");
            assert!(is_open_at(&always, &calendar, now));
        }
    }

    proptest! {
        /// Whatever was answered: nothing leaves that the rule does not name.
        #[test]
        fn r47_a_masked_answer_never_leaves(copies in 1_i64..9, secret in "[a-z]{8}") {
            let definition = changed(|_| {});
            let answers = json!({"copies": copies, "what": "a", "secret": secret, "note": {"inner": secret}});
            let found = shown(&rule(OpensOn::Grant, OnlineView::Always), &definition.form, &answers);
            let names: Vec<_> = found.iter().map(|answer| answer.name.as_str()).collect();
            prop_assert_eq!(names, ["what"]);
            let text: String = found.iter().map(|answer| answer.value.to_string()).collect();
            prop_assert!(!text.contains(&secret));
        }
    }
}
