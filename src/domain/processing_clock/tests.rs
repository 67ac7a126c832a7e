//! The clock against the vectors of the rulebook.

use jiff::civil::{Date, date};
use proptest::prelude::{Strategy, any, prop_assert, proptest};

use super::{Coverage, DueDate, LineKind, Pause, PauseReason, due_date};
use crate::domain::calendar::tests::{aomori, table};
use crate::domain::calendar::{Calendar, ClosingDays, DayOff, NamedDay, YearEnd};
use crate::domain::procedure::HolidayRule;

fn excluding(arrived_on: Date, days: u32, pauses: &[Pause]) -> DueDate {
    due_date(arrived_on, days, HolidayRule::Exclude, pauses, &aomori())
}

#[test]
fn t1_ten_working_days_skip_the_holidays_of_september_and_may() {
    assert_eq!(excluding(date(2026, 9, 18), 10, &[]).due_on, Some(date(2026, 10, 7)));
    // The rulebook's own vector for spring: day 10 after 2026-04-24.
    assert_eq!(excluding(date(2026, 4, 24), 10, &[]).due_on, Some(date(2026, 5, 14)));
}

#[test]
fn r19_the_year_end_is_skipped_only_when_holidays_are_excluded() {
    let arrived_on = date(2026, 12, 25);
    assert_eq!(excluding(arrived_on, 10, &[]).due_on, Some(date(2027, 1, 15)));
    let including = due_date(arrived_on, 14, HolidayRule::Include, &[], &aomori());
    assert_eq!(including.due_on, Some(date(2027, 1, 8)));
}

#[test]
fn r24_a_period_that_counts_holidays_and_ends_on_one_moves_to_the_next_open_day() {
    let including = |arrived_on, days| due_date(arrived_on, days, HolidayRule::Include, &[], &aomori());
    // The rulebook's vector: 30 days from 2026-04-02 end on Saturday 05-02, and the week after is full of holidays.
    let due = including(date(2026, 4, 2), 30);
    assert_eq!(due.due_on, Some(date(2026, 5, 7)));
    let lines: Vec<_> = due.explanation.iter().map(super::ExplanationLine::text_ja).collect();
    assert_eq!(
        lines,
        [
            "2026-04-02 到達日（初日は算入しません）",
            "2026-04-03〜2026-05-02 算入（累計30日）",
            "2026-05-03〜2026-05-07 末日が土日のため翌開庁日まで延長",
        ]
    );
    let english = due.explanation.last().unwrap().text_en();
    assert!(
        english.ends_with("the last day is off (weekend), so the period ends on the next open day"),
        "{english}"
    );
    // The year-end closing of the body is a day off as well, and an open last day stays.
    assert_eq!(including(date(2026, 12, 24), 7).due_on, Some(date(2027, 1, 4)));
    assert_eq!(including(date(2026, 12, 25), 14).explanation.len(), 2);
}

#[test]
fn r17_the_same_days_end_earlier_where_holidays_count() {
    let arrived_on = date(2026, 9, 18);
    assert_eq!(excluding(arrived_on, 10, &[]).due_on, Some(date(2026, 10, 7)));
    let including = due_date(arrived_on, 10, HolidayRule::Include, &[], &aomori());
    assert_eq!(including.due_on, Some(date(2026, 9, 28)));
}

#[test]
fn r18_a_pause_stops_a_clock_that_counts_holidays_too() {
    let pause = Pause {
        reason: PauseReason::FeePayment,
        asked_on: date(2026, 6, 1),
        answered_on: Some(date(2026, 6, 5)),
    };
    let due = due_date(date(2026, 6, 1), 3, HolidayRule::Include, &[pause], &aomori());
    assert_eq!(due.due_on, Some(date(2026, 6, 8)));
}

#[test]
fn r18_what_is_asked_and_answered_on_one_day_stops_nothing() {
    let pause = Pause {
        reason: PauseReason::FeePayment,
        asked_on: date(2026, 9, 18),
        answered_on: Some(date(2026, 9, 18)),
    };
    assert_eq!(excluding(date(2026, 9, 18), 10, &[pause]).due_on, Some(date(2026, 10, 7)));
}

#[test]
fn r14_the_forecast_takes_an_open_pause_as_answered_today() {
    let open = Pause { reason: PauseReason::Correction, asked_on: date(2026, 6, 3), answered_on: None };
    let forecast = open.answered_by(date(2026, 6, 9));
    assert_eq!(excluding(date(2026, 6, 1), 5, &[forecast]).due_on, Some(date(2026, 6, 12)));
    // An answer that came earlier stays, and none comes before the question.
    assert_eq!(forecast.answered_by(date(2026, 6, 30)), forecast);
    assert_eq!(open.answered_by(date(2026, 6, 1)).answered_on, Some(date(2026, 6, 3)));
}

#[test]
fn r16_consultation_is_part_of_the_days_and_transit_comes_on_top() {
    let processing = crate::domain::procedure::Processing {
        days: 16,
        consultation_days: 5,
        transit_days: 4,
        holidays: HolidayRule::Exclude,
        source: "SKJ 6281".into(),
        sample: false,
    };
    assert_eq!(processing.total_days(), 20);
}

#[test]
fn r23_each_body_has_its_own_year_end_and_closures() {
    let body = |december_from, january_to, closed: &[Date]| {
        let named = |date: &Date| NamedDay { date: *date, name: "庁舎停電".into() };
        let year_end = YearEnd { december_from, january_to };
        let closures = closed.iter().map(named).collect();
        Calendar::new(&table(), &ClosingDays { basis: "条例".into(), year_end, closures })
    };
    let ten_days = |calendar: &Calendar| {
        due_date(date(2026, 12, 25), 3, HolidayRule::Exclude, &[], calendar).due_on.unwrap()
    };
    assert_eq!(ten_days(&body(29, 3, &[])), date(2027, 1, 5));
    // A city that closes from 12-30 to 01-05 opens on 12-29 and later in January.
    assert_eq!(ten_days(&body(30, 5, &[])), date(2027, 1, 6));
    let closed = body(29, 3, &[date(2027, 1, 5)]);
    assert_eq!(ten_days(&closed), date(2027, 1, 6));
    let lines = due_date(date(2027, 1, 4), 1, HolidayRule::Exclude, &[], &closed).explanation;
    assert_eq!(lines[1].text_ja(), "2027-01-05 庁舎停電（算入しません）");
    assert_eq!(closed.roll(date(2027, 1, 5)), date(2027, 1, 6));
}

#[test]
fn r20_the_day_of_arrival_does_not_count() {
    let due = excluding(date(2026, 6, 1), 1, &[]);
    assert_eq!(due.due_on, Some(date(2026, 6, 2)));
    assert_eq!(due.explanation[0].kind, LineKind::Arrival);
}

#[test]
fn r18_the_clock_stands_still_from_the_day_after_the_question_to_the_answer() {
    let pause = Pause {
        reason: PauseReason::Correction,
        asked_on: date(2026, 6, 3),
        answered_on: Some(date(2026, 6, 9)),
    };
    // Counted: 6/2, 6/3, then 6/10, 6/11, 6/12.
    let due = excluding(date(2026, 6, 1), 5, &[pause]);
    assert_eq!(due.due_on, Some(date(2026, 6, 12)));
    let kinds: Vec<_> = due.explanation.iter().map(|line| line.kind.clone()).collect();
    let paused = LineKind::Paused(PauseReason::Correction);
    assert_eq!(kinds, [LineKind::Arrival, LineKind::Counted, paused, LineKind::Counted]);
}

#[test]
fn r18_pauses_that_overlap_are_counted_once() {
    let pause = |reason, asked, answered| Pause {
        reason,
        asked_on: date(2026, 6, asked),
        answered_on: Some(date(2026, 6, answered)),
    };
    let pauses = [pause(PauseReason::Correction, 3, 9), pause(PauseReason::FeePayment, 3, 5)];
    assert_eq!(excluding(date(2026, 6, 1), 5, &pauses).due_on, Some(date(2026, 6, 12)));
}

#[test]
fn r18_an_open_pause_leaves_the_due_date_open() {
    let pause = Pause { reason: PauseReason::FeePayment, asked_on: date(2026, 6, 1), answered_on: None };
    let due = excluding(date(2026, 6, 1), 5, &[pause]);
    assert_eq!(due.due_on, None);
    let last = due.explanation.last().unwrap();
    assert_eq!((last.from, last.to), (date(2026, 6, 2), None));
    assert_eq!(last.text_ja(), "2026-06-02〜 手数料の納付待ち（停止）");
}

#[test]
fn r14_every_due_date_is_explained_line_by_line() {
    let due = excluding(date(2026, 9, 18), 3, &[]);
    let lines: Vec<_> = due.explanation.iter().map(super::ExplanationLine::text_ja).collect();
    assert_eq!(
        lines,
        [
            "2026-09-18 到達日（初日は算入しません）",
            "2026-09-19〜2026-09-20 土日（算入しません）",
            "2026-09-21 敬老の日（算入しません）",
            "2026-09-22 休日（算入しません）",
            "2026-09-23 秋分の日（算入しません）",
            "2026-09-24〜2026-09-25 算入（累計2日）",
            "2026-09-26〜2026-09-27 土日（算入しません）",
            "2026-09-28 算入（累計3日）",
        ]
    );
}

#[test]
fn r25_a_due_date_beyond_the_published_holidays_says_so() {
    assert_eq!(excluding(date(2027, 12, 20), 30, &[]).coverage, Coverage::NotPublished);
    assert_eq!(excluding(date(2026, 12, 20), 30, &[]).coverage, Coverage::Published);
    let including = |days| due_date(date(2027, 12, 20), days, HolidayRule::Include, &[], &aomori());
    assert_eq!(including(8).coverage, Coverage::Published);
    assert_eq!(including(10).due_on, Some(date(2028, 1, 4)));
    assert_eq!(including(10).coverage, Coverage::NotPublished);
}

fn any_day() -> impl Strategy<Value = Date> {
    (0_i64..1_400).prop_map(|offset| date(2024, 1, 1) + jiff::Span::new().days(offset))
}

fn any_rule() -> impl Strategy<Value = HolidayRule> {
    any::<bool>().prop_map(|exclude| if exclude { HolidayRule::Exclude } else { HolidayRule::Include })
}

proptest! {
    #[test]
    fn r24_a_due_date_is_never_a_day_off(
        arrived_on in any_day(), days in 1_u32..120, gap in 0_i64..30, length in 0_i64..40, paused in any::<bool>(),
        holidays in any_rule(),
    ) {
        let asked_on = arrived_on + jiff::Span::new().days(gap);
        let pause = Pause {
            reason: PauseReason::ExtraDocuments,
            asked_on,
            answered_on: Some(asked_on + jiff::Span::new().days(length)),
        };
        let pauses = if paused { vec![pause] } else { Vec::new() };
        let due = due_date(arrived_on, days, holidays, &pauses, &aomori());
        let due_on = due.due_on.unwrap();
        prop_assert!(!aomori().is_holiday(due_on));
        prop_assert!(due_on > arrived_on);
        // The lines cover every day from arrival to the due date without a gap.
        let mut next = arrived_on;
        for line in &due.explanation {
            prop_assert!(line.from == next);
            next = line.to.unwrap().tomorrow().unwrap();
        }
        prop_assert!(next == due_on.tomorrow().unwrap());
        prop_assert!(due.explanation.last().unwrap().counted == days);
    }
}

#[test]
fn a_closed_day_of_the_body_is_named() {
    let lines = excluding(date(2026, 12, 28), 1, &[]).explanation;
    assert!(lines.iter().any(|line| line.kind == LineKind::DayOff(DayOff::YearEnd)));
    assert!(lines.iter().any(|line| line.kind == LineKind::DayOff(DayOff::National("元日".into()))));
}
