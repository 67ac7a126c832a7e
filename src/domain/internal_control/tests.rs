//! What is an entry and what is not, day by day.

use jiff::civil::date;
use jiff::tz::Offset;
use proptest::prelude::*;

use super::*;

fn noon(day: Date) -> Timestamp {
    Offset::constant(9).to_timestamp(day.at(12, 0, 0, 0)).unwrap()
}

fn terms() -> ControlTerms {
    ControlTerms {
        assess_within_days: 7,
        resolve_within_days: 10,
        review_within_days: 5,
        close_within_days: 3,
        valid_from: date(2020, 4, 1),
        source: "試験用".to_owned(),
        sample: true,
    }
}

fn year_2026(now: Date) -> Span {
    span(FiscalYear::starting_in(2026), noon(now)).unwrap()
}

/// Kind, subject, days and outcome of each entry.
fn said(facts: &YearFacts, now: Date) -> Vec<(String, String, i32, String)> {
    let entries = judge(facts, year_2026(now), Some(&terms()));
    entries.into_iter().map(|entry| (entry.kind, entry.subject, entry.days, entry.outcome)).collect()
}

fn entry(kind: &str, subject: &str, days: i32, outcome: &str) -> (String, String, i32, String) {
    (kind.to_owned(), subject.to_owned(), days, outcome.to_owned())
}

#[test]
fn r129_a_claim_is_late_after_the_days_that_the_body_allows() {
    let claim = |application: &str, assessed: Option<Date>, ended: Option<Date>| ClaimFacts {
        application: application.to_owned(),
        due_from: date(2026, 5, 1),
        assessed_at: assessed.map(noon),
        ended_at: ended.map(noon),
    };
    let facts = YearFacts {
        claims: vec![
            claim("in-time", Some(date(2026, 5, 8)), None),
            claim("late", Some(date(2026, 5, 9)), None),
            claim("never", None, None),
            claim("withdrawn", None, Some(date(2026, 6, 1))),
            claim("withdrawn-later", None, Some(date(2026, 7, 1))),
        ],
        ..YearFacts::default()
    };
    let expected = [
        entry("late_assessment", "application:late", 8, "assessed"),
        entry("late_assessment", "application:never", 60, "open"),
        entry("late_assessment", "application:withdrawn-later", 60, "open"),
    ];
    assert_eq!(said(&facts, date(2026, 6, 30)), expected);
    // Without terms nothing is called late: what a body allows is not for us to say.
    assert_eq!(judge(&facts, year_2026(date(2026, 6, 30)), None), []);
}

#[test]
fn r129_exceptions_and_looks_afterwards_are_told_with_their_age_and_their_end() {
    let facts = YearFacts {
        exceptions: vec![
            ExceptionFacts {
                id: "a".to_owned(),
                raised_at: noon(date(2026, 5, 1)),
                resolved: Some((noon(date(2026, 5, 12)), "explained".to_owned())),
            },
            ExceptionFacts {
                id: "b".to_owned(),
                raised_at: noon(date(2026, 5, 1)),
                resolved: Some((noon(date(2026, 5, 11)), "explained".to_owned())),
            },
            ExceptionFacts { id: "c".to_owned(), raised_at: noon(date(2026, 5, 1)), resolved: None },
        ],
        acting: vec![
            ActingFacts { id: "d".to_owned(), acted_at: noon(date(2026, 5, 1)), reviewed_at: None },
            ActingFacts {
                id: "e".to_owned(),
                acted_at: noon(date(2026, 5, 1)),
                reviewed_at: Some(noon(date(2026, 5, 6))),
            },
        ],
        ..YearFacts::default()
    };
    let expected = [
        entry("unreconciled_receipt", "exception:a", 11, "explained"),
        entry("unreconciled_receipt", "exception:c", 30, "open"),
        entry("acting_without_review", "acting_decision:d", 30, "open"),
    ];
    assert_eq!(said(&facts, date(2026, 5, 31)), expected);
}

#[test]
fn r129_days_are_closed_and_confirmed_in_time() {
    let close = |day: Date, confirmed: Option<Date>| CloseFacts {
        day,
        closed_at: noon(day.tomorrow().unwrap()),
        confirmed_at: confirmed.map(noon),
    };
    let facts = YearFacts {
        closes: vec![
            close(date(2026, 5, 1), Some(date(2026, 5, 4))),
            close(date(2026, 5, 2), Some(date(2026, 5, 6))),
            close(date(2026, 5, 3), None),
        ],
        ..YearFacts::default()
    };
    let expected = [
        entry("close_not_confirmed", "day:2026-05-02", 4, "confirmed"),
        entry("close_not_confirmed", "day:2026-05-03", 7, "open"),
        entry("day_not_closed", "day:2026-05-04", 6, "open"),
    ];
    assert_eq!(said(&facts, date(2026, 5, 10)), expected);
    let none = YearFacts::default();
    assert_eq!(said(&none, date(2026, 5, 10)), [], "a body that has not begun to close days is not late");
    let before = YearFacts { closed_before: Some(date(2026, 3, 31)), ..YearFacts::default() };
    assert_eq!(said(&before, date(2026, 5, 10)), [entry("day_not_closed", "day:2026-04-01", 39, "open")]);
}

fn executed() -> ExecutedFacts {
    let step = |kind: &str, officer: &str| StepFacts {
        kind: kind.to_owned(),
        state: "approved".to_owned(),
        officer: Some(officer.to_owned()),
        acted_at: Some(noon(date(2026, 5, 1))),
    };
    ExecutedFacts {
        subject: "decision:1".to_owned(),
        at: noon(date(2026, 5, 1)),
        proposal: Some(("approved".to_owned(), "drafter".to_owned())),
        steps: vec![step("pass", "manager"), step("seal", "chief")],
    }
}

/// A change to what was executed.
type Change = fn(&mut ExecutedFacts);

#[test]
fn r129_what_was_carried_out_without_a_complete_approval_is_found_whatever_is_missing() {
    assert!(is_approved(&executed()));
    let harmless: [Change; 2] = [
        |facts| facts.steps[0].state = "not_needed".to_owned(),
        |facts| facts.steps[0].state = "dissented".to_owned(),
    ];
    for change in harmless {
        let mut facts = executed();
        change(&mut facts);
        assert!(is_approved(&facts), "{facts:?}");
    }
    let breaks: [Change; 8] = [
        |facts| facts.proposal = None,
        |facts| facts.proposal = Some(("in_approval".to_owned(), "drafter".to_owned())),
        |facts| facts.proposal = Some(("approved".to_owned(), "chief".to_owned())),
        |facts| facts.steps[0].state = "waiting".to_owned(),
        |facts| facts.steps[0].state = "returned".to_owned(),
        |facts| facts.steps[1].acted_at = Some(noon(date(2026, 5, 2))),
        |facts| facts.steps[1].kind = "pass".to_owned(),
        |facts| facts.steps.clear(),
    ];
    for change in breaks {
        let mut facts = executed();
        change(&mut facts);
        assert!(!is_approved(&facts), "{facts:?}");
        let year = YearFacts { decisions: vec![facts.clone()], waivers: vec![facts], ..YearFacts::default() };
        let kinds: Vec<String> =
            judge(&year, year_2026(date(2026, 5, 31)), None).into_iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, ["unapproved_decision", "unapproved_waiver"], "without any terms, too");
    }
}

#[test]
fn r129_money_never_goes_back_by_one_person_alone() {
    let refund = |id: &str, decided_by: Option<&str>| RefundFacts {
        id: id.to_owned(),
        at: noon(date(2026, 5, 1)),
        requested_by: "one".to_owned(),
        decided_by: decided_by.map(str::to_owned),
    };
    let refunds = vec![refund("good", Some("two")), refund("own", Some("one")), refund("nobody", None)];
    let facts = YearFacts { refunds, ..YearFacts::default() };
    let expected = [
        entry("unapproved_refund", "refund:nobody", 1, "open"),
        entry("unapproved_refund", "refund:own", 1, "open"),
    ];
    assert_eq!(said(&facts, date(2026, 5, 2)), expected);
}

#[test]
fn r129_a_year_is_judged_from_its_first_day_to_its_last_and_not_before_it_begins() {
    let year = FiscalYear::starting_in(2026);
    assert_eq!(span(year, noon(date(2026, 3, 31))), None);
    let running = span(year, noon(date(2026, 5, 10))).unwrap();
    assert_eq!((running.last_day, running.until), (date(2026, 5, 10), noon(date(2026, 5, 10))));
    let over = span(year, noon(date(2027, 4, 1))).unwrap();
    assert_eq!(over, span(year, noon(date(2031, 1, 1))).unwrap(), "whenever it is asked for");
    assert_eq!(over.last_day, date(2027, 3, 31));
    assert!(is_over(year, noon(date(2027, 4, 1))) && !is_over(year, noon(date(2027, 3, 31))));
}

proptest! {
    /// What is done after a year has ended changes nothing of what is said of it.
    #[test]
    fn r129_a_closed_year_says_the_same_whatever_happens_afterwards(
        raised in 0_i32..365,
        resolved_after_the_end in 1_i32..1_000,
        asked_after_the_end in 1_i32..2_000,
    ) {
        let (first, last) = (date(2026, 4, 1), date(2027, 3, 31));
        let days = |from: Date, days: i32| from.checked_add(jiff::Span::new().days(days)).unwrap();
        let open = ExceptionFacts { id: "x".to_owned(), raised_at: noon(days(first, raised)), resolved: None };
        let resolved_at = noon(days(last, resolved_after_the_end));
        let later = ExceptionFacts { resolved: Some((resolved_at, "explained".to_owned())), ..open.clone() };
        let facts = |exception| YearFacts { exceptions: vec![exception], ..YearFacts::default() };
        let at_once = said(&facts(open), date(2027, 4, 1));
        prop_assert_eq!(at_once, said(&facts(later), days(last, asked_after_the_end)));
    }
}
