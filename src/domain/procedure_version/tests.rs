//! The whole table of the machine, and the dates.

use jiff::civil::{Date, date};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const AUTHOR: OfficerId = OfficerId(Uuid::from_u128(1));
const WRITER: OfficerId = OfficerId(Uuid::from_u128(2));
const PROPOSER: OfficerId = OfficerId(Uuid::from_u128(3));
const SECOND: OfficerId = OfficerId(Uuid::from_u128(4));

fn at(stage: Stage) -> Publication {
    let proposed = matches!(stage, Stage::Proposed | Stage::Published);
    let proposed = proposed.then(|| Proposed { by: PROPOSER, text_sha256: "a".to_owned() });
    Publication { stage, writers: vec![AUTHOR, WRITER], text_sha256: "a".to_owned(), proposed }
}

fn steps() -> [(&'static str, Step); 7] {
    [
        ("edit", Step::Edit { text_sha256: "b".to_owned() }),
        ("propose", Step::Propose(Soundness::Sound)),
        ("propose faulty", Step::Propose(Soundness::Faulty)),
        ("approve", Step::Approve(Soundness::Sound)),
        ("approve faulty", Step::Approve(Soundness::Faulty)),
        ("return", Step::Return),
        ("withdraw", Step::Withdraw),
    ]
}

/// Every stage, every step, by the author and by a second person: a letter for the next stage, or why not.
#[test]
fn the_life_of_a_publication_is_exactly_this_table() {
    let letter = |result: Result<Publication, Rejection>| match result {
        Ok(next) => next.stage.as_str().to_owned(),
        Err(Rejection::WrongStage(_)) => "-".to_owned(),
        Err(other) => format!("{other:?}"),
    };
    let mut table = Vec::new();
    for stage in Stage::ALL {
        for (name, step) in steps() {
            let row = [AUTHOR, SECOND].map(|by| letter(at(stage).apply(by, step.clone())));
            table.push(format!("{} {name}: {} / {}", stage.as_str(), row[0], row[1]));
        }
    }
    let expected = [
        "draft edit: draft / draft",
        "draft propose: proposed / proposed",
        "draft propose faulty: Faulty / Faulty",
        "draft approve: - / -",
        "draft approve faulty: - / -",
        "draft return: - / -",
        "draft withdraw: withdrawn / withdrawn",
        "proposed edit: draft / draft",
        "proposed propose: - / -",
        "proposed propose faulty: - / -",
        "proposed approve: OwnWork / published",
        "proposed approve faulty: OwnWork / Faulty",
        "proposed return: OwnWork / returned",
        "proposed withdraw: withdrawn / withdrawn",
        "returned edit: draft / draft",
        "returned propose: proposed / proposed",
        "returned propose faulty: Faulty / Faulty",
        "returned approve: - / -",
        "returned approve faulty: - / -",
        "returned return: - / -",
        "returned withdraw: withdrawn / withdrawn",
    ];
    assert_eq!(table[..expected.len()], expected);
    let ended = &table[expected.len()..];
    assert_eq!(ended.len(), 14);
    assert!(ended.iter().all(|row| row.ends_with(": - / -")), "nothing leads out of the two ends: {ended:?}");
}

#[test]
fn nobody_who_wrote_or_proposed_approves() {
    for by in [AUTHOR, WRITER, PROPOSER] {
        let approved = at(Stage::Proposed).apply(by, Step::Approve(Soundness::Sound));
        assert_eq!(approved, Err(Rejection::OwnWork));
    }
}

#[test]
fn an_edit_voids_the_proposal_and_makes_its_writer_a_first_person() {
    let edited = at(Stage::Proposed).apply(SECOND, Step::Edit { text_sha256: "b".to_owned() }).unwrap();
    assert_eq!((edited.stage, &edited.proposed), (Stage::Draft, &None));
    let proposed = edited.apply(AUTHOR, Step::Propose(Soundness::Sound)).unwrap();
    assert_eq!(proposed.proposed.as_ref().unwrap().text_sha256, "b");
    let approved = proposed.apply(SECOND, Step::Approve(Soundness::Sound));
    assert_eq!(approved, Err(Rejection::OwnWork));
}

#[test]
fn a_text_that_is_not_the_proposed_one_is_never_published() {
    let swapped = Publication { text_sha256: "b".to_owned(), ..at(Stage::Proposed) };
    assert_eq!(swapped.apply(SECOND, Step::Approve(Soundness::Sound)), Err(Rejection::OtherText));
}

fn span(from: Date, to: Option<Date>, drain_until: Option<Date>) -> Span {
    Span { from, to, drain_until }
}

#[test]
fn a_superseded_version_never_comes_back() {
    let first = span(date(2025, 4, 1), None, None);
    let second = span(date(2026, 4, 1), Some(date(2026, 6, 30)), None);
    let versions = [(1, first), (2, second)];
    let on = |day| in_force(versions.iter().map(|(number, span)| (number, *span)), day).copied();
    assert_eq!(on(date(2025, 3, 31)), None);
    assert_eq!(on(date(2026, 3, 31)), Some(1));
    assert_eq!(on(date(2026, 4, 1)), Some(2));
    assert_eq!(on(date(2026, 6, 30)), Some(2));
    assert_eq!(on(date(2026, 7, 1)), None);
}

#[test]
fn r52_a_draft_meets_the_terms_of_the_day_it_arrives() {
    let pinned = span(date(2025, 4, 1), Some(date(2026, 3, 31)), Some(date(2026, 4, 30)));
    let next = Some(date(2026, 4, 1));
    let rows = [
        (date(2025, 3, 31), Standing::Scheduled, ArrivalTerms::TooLate),
        (date(2026, 3, 31), Standing::InForce, ArrivalTerms::Regular),
        (date(2026, 4, 1), Standing::Superseded, ArrivalTerms::Drained),
        (date(2026, 4, 30), Standing::Superseded, ArrivalTerms::Drained),
        (date(2026, 5, 1), Standing::Superseded, ArrivalTerms::TooLate),
    ];
    for (day, expected, terms) in rows {
        let found = standing(pinned, next, day);
        assert_eq!((found, arrival_terms(found, pinned, day)), (expected, terms), "{day}");
    }
    let closed = standing(pinned, None, date(2026, 4, 1));
    assert_eq!(closed, Standing::Closed);
    let no_drain = Span { drain_until: None, ..pinned };
    assert_eq!(arrival_terms(closed, no_drain, date(2026, 4, 1)), ArrivalTerms::TooLate);
}

proptest! {
    #[test]
    fn whatever_is_done_only_a_stranger_to_the_text_publishes(path in prop::collection::vec((0_usize..7, 1_u128..5), 1..20)) {
        let mut publication = Publication::begin(AUTHOR, "a".to_owned());
        for (index, by) in path {
            let by = OfficerId(Uuid::from_u128(by));
            let before = publication.clone();
            if let Ok(next) = publication.apply(by, steps()[index].1.clone()) {
                if next.stage == Stage::Published {
                    prop_assert!(!before.writers.contains(&by));
                    prop_assert_ne!(before.proposed.as_ref().map(|proposed| proposed.by), Some(by));
                    prop_assert_eq!(&before.proposed.unwrap().text_sha256, &next.text_sha256);
                }
                publication = next;
            } else {
                publication = before;
            }
        }
    }

    #[test]
    fn at_most_one_version_is_in_force_and_it_says_so_itself(days in prop::collection::vec((0_i64..400, 0_i64..400), 1..6), day in 0_i64..500) {
        let start = date(2025, 1, 1);
        let plus = |count: i64| start.saturating_add(jiff::Span::new().days(count));
        let versions: Vec<Span> = days.iter().map(|(from, length)| span(plus(*from), Some(plus(from + length)), None)).collect();
        let numbered: Vec<(usize, Span)> = versions.iter().copied().enumerate().collect();
        let found = in_force(numbered.iter().map(|(number, span)| (number, *span)), plus(day));
        if let Some(number) = found {
            prop_assert!(versions[*number].from <= plus(day));
            prop_assert!(versions[number + 1..].iter().all(|later| plus(day) < later.from));
        }
    }
}
