//! Measuring the work (業務の可視化): how long cases take stage by stage, how often they are touched, and what is done twice.
//!
//! Cases are counted by procedure and office, never by person, and a group too small to hide one case in shows its count and
//! nothing else. Figures are of the cases that *arrived* in the period, as far as they have come; nearest-rank percentiles,
//! whole hours and whole open days, so that two readings never differ by rounding.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::calendar::{Calendar, jst_day};

/// Groups of fewer cases show no figures.
pub const SMALLEST_GROUP: usize = 5;

/// How a case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// 処分.
    Decided,
    /// A notification was checked (収受).
    Closed,
    /// 取下げ.
    Withdrawn,
}

/// What is known of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFootprint {
    /// Slug of the procedure.
    pub procedure: String,
    /// Code of the office in charge.
    pub department: String,
    /// 到達日時.
    pub arrived_at: Timestamp,
    /// End of the standard processing period, where there is one.
    pub due_on: Option<Date>,
    /// The clock stands still now, or stood still when the case ended: then it is not late.
    pub stands_still: bool,
    /// When somebody took it up first.
    pub taken_up_at: Option<Timestamp>,
    /// When a decision was first drafted; a waiver that is drafted before is none.
    pub proposed_at: Option<Timestamp>,
    /// The times something was asked of the applicant, and until when it was awaited; oldest first, one after the other.
    pub with_applicant: Vec<(Timestamp, Option<Timestamp>)>,
    /// When and how it ended.
    pub ended: Option<(Timestamp, Outcome)>,
    /// Acts of staff.
    pub touches: i64,
    /// Corrections and inquiries that were asked for.
    pub corrections: i64,
    /// Proposals of a decision that came back: sent back or recalled.
    pub returns: i64,
}

/// A stretch of a case's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// From the arrival until somebody takes it up.
    Waiting,
    /// From there until a decision is first drafted; until the check is done, of a notification. Without what is the applicant's.
    Review,
    /// While something is asked of the applicant (補正・照会), all times of a case together.
    WithApplicant,
    /// From the first draft to the decision, returns included. Without what is the applicant's.
    Approval,
    /// From the arrival to the end, unless it was taken back.
    Whole,
}

impl Stage {
    /// Every stage, in the order of a case.
    pub const ALL: [Self; 5] =
        [Self::Waiting, Self::Review, Self::WithApplicant, Self::Approval, Self::Whole];

    /// The name shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Review => "review",
            Self::WithApplicant => "with_applicant",
            Self::Approval => "approval",
            Self::Whole => "whole",
        }
    }

    /// The spans of time that a case spent in the stage, once it is over.
    fn of(self, case: &CaseFootprint) -> Option<Vec<Span>> {
        let finished = case.ended.filter(|(_, outcome)| *outcome != Outcome::Withdrawn).map(|(at, _)| at);
        let asked = case.with_applicant.iter().map(|(from, to)| Some((*from, to.or(finished)?)));
        let asked: Option<Vec<Span>> = asked.collect();
        match self {
            Self::Waiting => Some(vec![(case.arrived_at, case.taken_up_at?)]),
            Self::Review => Some(without((case.taken_up_at?, case.proposed_at.or(finished)?), &asked?)),
            Self::WithApplicant => asked.filter(|asked| !asked.is_empty()),
            Self::Approval => Some(without((case.proposed_at?, finished?), &asked?)),
            Self::Whole => Some(vec![(case.arrived_at, finished?)]),
        }
    }
}

/// From when until when.
type Span = (Timestamp, Timestamp);

/// What is left of `whole` without `away`, which are in order and do not overlap.
fn without(whole: Span, away: &[Span]) -> Vec<Span> {
    let (mut from, end) = whole;
    let mut left = Vec::new();
    for (gone, back) in away {
        if *gone > from {
            left.push((from, end.min(*gone)));
        }
        from = from.max(*back);
        if from >= end {
            return left;
        }
    }
    left.push((from, end));
    left
}

/// How long a stage took, over the cases that have passed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageFigures {
    /// Which stage.
    pub stage: Stage,
    /// Cases that have passed it.
    pub cases: usize,
    /// The durations; nothing where too few cases passed.
    pub durations: Option<Durations>,
}

/// The middle and the slow end of durations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Durations {
    /// The median, in whole hours.
    pub median_hours: i64,
    /// Nine of ten took at most so many whole hours.
    pub p90_hours: i64,
    /// The median, in open days (開庁日) after the first.
    pub median_business_days: i64,
    /// Nine of ten took at most so many open days.
    pub p90_business_days: i64,
}

/// What the work of a group was like; nothing of it where the group is too small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkFigures {
    /// Stage by stage.
    pub stages: Vec<StageFigures>,
    /// Acts of staff on all its cases.
    pub touches: i64,
    /// The median of a case.
    pub median_touches: i64,
    /// Corrections and inquiries.
    pub corrections: i64,
    /// Proposals that came back.
    pub returns: i64,
    /// Cases with a correction or a return.
    pub reworked: usize,
    /// Ended after the standard processing period, while the clock ran.
    pub ended_late: usize,
    /// Still open after it, with a clock that runs.
    pub open_overdue: usize,
}

/// The cases of one procedure in one office.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupFigures {
    /// Slug of the procedure.
    pub procedure: String,
    /// Code of the office.
    pub department: String,
    /// How many arrived.
    pub arrived: usize,
    /// How many of them were decided.
    pub decided: usize,
    /// How many were checked and closed.
    pub closed: usize,
    /// How many were taken back.
    pub withdrawn: usize,
    /// What the work was like.
    pub work: Option<WorkFigures>,
}

/// Puts cases into groups and measures each, in the order of procedure and office.
pub fn measure(
    cases: impl IntoIterator<Item = CaseFootprint>,
    calendar: &Calendar,
    today: Date,
) -> Vec<GroupFigures> {
    let mut groups: BTreeMap<(String, String), Vec<CaseFootprint>> = BTreeMap::new();
    for case in cases {
        groups.entry((case.procedure.clone(), case.department.clone())).or_default().push(case);
    }
    let figures = |((procedure, department), cases): (_, Vec<CaseFootprint>)| {
        let ended =
            |outcome| cases.iter().filter(|case| case.ended.is_some_and(|it| it.1 == outcome)).count();
        GroupFigures {
            procedure,
            department,
            arrived: cases.len(),
            decided: ended(Outcome::Decided),
            closed: ended(Outcome::Closed),
            withdrawn: ended(Outcome::Withdrawn),
            work: (cases.len() >= SMALLEST_GROUP).then(|| work_of(&cases, calendar, today)),
        }
    };
    groups.into_iter().map(figures).collect()
}

fn work_of(cases: &[CaseFootprint], calendar: &Calendar, today: Date) -> WorkFigures {
    let sum = |of: fn(&CaseFootprint) -> i64| cases.iter().map(of).sum();
    let late = |case: &&CaseFootprint| {
        let last = case.ended.map_or(today, |(at, _)| jst_day(at));
        !case.stands_still && case.due_on.is_some_and(|due| last > due)
    };
    let finished = |case: &&CaseFootprint| case.ended.is_some_and(|(_, it)| it != Outcome::Withdrawn);
    let mut touches: Vec<i64> = cases.iter().map(|case| case.touches).collect();
    WorkFigures {
        stages: Stage::ALL.map(|stage| figures_of(stage, cases, calendar)).to_vec(),
        touches: sum(|case| case.touches),
        median_touches: percentile(&mut touches, 50),
        corrections: sum(|case| case.corrections),
        returns: sum(|case| case.returns),
        reworked: cases.iter().filter(|case| case.corrections + case.returns > 0).count(),
        ended_late: cases.iter().filter(finished).filter(late).count(),
        open_overdue: cases.iter().filter(|case| case.ended.is_none()).filter(late).count(),
    }
}

fn figures_of(stage: Stage, cases: &[CaseFootprint], calendar: &Calendar) -> StageFigures {
    let spans: Vec<_> = cases.iter().filter_map(|case| stage.of(case)).collect();
    let seconds = |(from, to): &Span| to.duration_since(*from).as_secs().max(0);
    let hours = |spans: &Vec<Span>| spans.iter().map(seconds).sum::<i64>() / 3_600;
    let mut hours: Vec<i64> = spans.iter().map(hours).collect();
    let open = |(from, to): &Span| open_days(calendar, jst_day(*from), jst_day(*to));
    let mut days: Vec<i64> = spans.iter().map(|spans| spans.iter().map(open).sum()).collect();
    let durations = (spans.len() >= SMALLEST_GROUP).then(|| Durations {
        median_hours: percentile(&mut hours, 50),
        p90_hours: percentile(&mut hours, 90),
        median_business_days: percentile(&mut days, 50),
        p90_business_days: percentile(&mut days, 90),
    });
    StageFigures { stage, cases: spans.len(), durations }
}

/// Open days after `from` up to and with `to`: the same day is none.
fn open_days(calendar: &Calendar, from: Date, to: Date) -> i64 {
    let mut count = 0;
    let mut day = from;
    while day < to {
        let Ok(next) = day.tomorrow() else { break };
        day = next;
        if !calendar.is_holiday(day) {
            count += 1;
        }
    }
    count
}

/// The value that `percent` of the values do not exceed (nearest rank); 0 without values.
fn percentile(values: &mut [i64], percent: usize) -> i64 {
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100);
    values.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::calendar::{ClosingDays, HolidayTable, YearEnd};

    fn calendar() -> Calendar {
        let table =
            HolidayTable { source: String::new(), holidays: Vec::new(), first_year: 2026, last_year: 2026 };
        let year_end = YearEnd { december_from: 29, january_to: 3 };
        Calendar::new(&table, &ClosingDays { basis: String::new(), year_end, closures: Vec::new() })
    }

    fn at(hours: i64) -> Timestamp {
        // Wednesday 2026-04-01 09:00 in Japan.
        let start: Timestamp = "2026-04-01T00:00:00Z".parse().unwrap();
        start.checked_add(SignedDuration::from_hours(hours)).unwrap()
    }

    fn case(hours: [i64; 3]) -> CaseFootprint {
        CaseFootprint {
            procedure: "p".to_owned(),
            department: "d".to_owned(),
            arrived_at: at(0),
            due_on: Some(date(2026, 4, 8)),
            stands_still: false,
            taken_up_at: Some(at(hours[0])),
            proposed_at: Some(at(hours[0] + hours[1])),
            with_applicant: Vec::new(),
            ended: Some((at(hours.iter().sum()), Outcome::Decided)),
            touches: 3,
            corrections: 0,
            returns: 0,
        }
    }

    fn measured(cases: Vec<CaseFootprint>) -> GroupFigures {
        let mut groups = measure(cases, &calendar(), date(2026, 4, 30));
        assert_eq!(groups.len(), 1);
        groups.remove(0)
    }

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let mut values = [5, 1, 4, 2, 3];
        assert_eq!((percentile(&mut values, 50), percentile(&mut values, 90)), (3, 5));
        assert_eq!(percentile(&mut [7], 50), 7);
        assert_eq!(percentile(&mut [], 90), 0);
        assert_eq!(percentile(&mut [1, 2], 50), 1);
    }

    #[test]
    fn open_days_leave_out_the_first_day_and_the_days_off() {
        let calendar = calendar();
        assert_eq!(open_days(&calendar, date(2026, 4, 1), date(2026, 4, 1)), 0);
        assert_eq!(open_days(&calendar, date(2026, 4, 3), date(2026, 4, 6)), 1, "Friday to Monday");
        assert_eq!(open_days(&calendar, date(2026, 4, 3), date(2026, 4, 5)), 0, "a weekend");
    }

    #[test]
    fn stages_are_measured_in_hours_and_open_days() {
        let cases = (1..=5).map(|n| case([n * 24, 24, 48])).collect();
        let work = measured(cases).work.unwrap();
        let waiting = work.stages[0].durations.unwrap();
        assert_eq!((waiting.median_hours, waiting.p90_hours), (72, 120));
        assert_eq!((waiting.median_business_days, waiting.p90_business_days), (2, 3));
        let names: Vec<_> = work.stages.iter().map(|it| (it.stage.as_str(), it.cases)).collect();
        assert_eq!(
            names,
            [("waiting", 5), ("review", 5), ("with_applicant", 0), ("approval", 5), ("whole", 5)]
        );
        assert_eq!((work.touches, work.median_touches), (15, 3));
        assert_eq!((work.ended_late, work.open_overdue), (1, 0), "only the last one ended after the 8th");
    }

    #[test]
    fn a_group_in_which_one_case_could_be_told_shows_its_count_only() {
        let few = (1..SMALLEST_GROUP).map(|_| case([1, 1, 1])).collect();
        let group = measured(few);
        assert_eq!((group.arrived, group.decided, group.work), (4, 4, None));
        let mut cases: Vec<_> = (0..SMALLEST_GROUP).map(|_| case([1, 1, 1])).collect();
        cases[0].ended = None;
        let work = measured(cases).work.unwrap();
        assert_eq!((work.stages[4].cases, work.stages[4].durations), (4, None));
        assert_eq!(work.open_overdue, 1);
    }

    #[test]
    fn what_is_awaited_of_the_applicant_is_a_stage_of_its_own_and_no_review() {
        // Taken up after a day, drafted after ten more, decided after two more.
        let mut cases: Vec<_> = (0..SMALLEST_GROUP).map(|_| case([24, 240, 48])).collect();
        for case in &mut cases {
            // Two questions during the review, one after a return; the last one began before the draft.
            case.with_applicant =
                [(24, 48), (72, 96), (250, 276)].map(|(from, to)| (at(from), Some(at(to)))).to_vec();
        }
        let hours = |cases: &[CaseFootprint]| {
            let stages = measured(cases.to_vec()).work.unwrap().stages;
            stages.iter().map(|it| it.durations.map(|it| it.median_hours)).collect::<Vec<_>>()
        };
        assert_eq!(hours(&cases), [24, 240 - 24 - 24 - 14, 24 + 24 + 26, 48 - 12, 312].map(Some));
        // An answer that is still awaited: neither the review nor the stage of the applicant is over.
        for case in &mut cases {
            (case.ended, case.proposed_at) = (None, None);
            case.with_applicant.push((at(300), None));
        }
        assert_eq!(hours(&cases), [Some(24), None, None, None, None]);
    }

    #[test]
    fn r18_a_case_whose_clock_stands_still_is_not_late() {
        let mut cases: Vec<_> = (0..SMALLEST_GROUP).map(|_| case([1, 1, 400])).collect();
        (cases[0].ended, cases[1].ended) = (None, None);
        let late = |cases: &[CaseFootprint]| {
            let work = measured(cases.to_vec()).work.unwrap();
            (work.ended_late, work.open_overdue)
        };
        assert_eq!(late(&cases), (3, 2));
        (cases[1].stands_still, cases[2].stands_still) = (true, true);
        assert_eq!(late(&cases), (2, 1));
    }

    #[test]
    fn what_was_taken_back_is_neither_late_nor_done() {
        let mut cases: Vec<_> = (0..SMALLEST_GROUP).map(|_| case([1, 1, 400])).collect();
        for case in &mut cases {
            case.ended = case.ended.map(|(at, _)| (at, Outcome::Withdrawn));
        }
        let group = measured(cases);
        let work = group.work.unwrap();
        assert_eq!((group.withdrawn, work.ended_late, work.stages[4].cases), (5, 0, 0));
    }

    proptest! {
        /// However cases are mixed, every case is counted once and no percentile leaves the range of its values.
        #[test]
        fn counts_add_up(spans in prop::collection::vec((0_i64..500, 0_i64..500, 0_i64..500), 1..60)) {
            let cases: Vec<_> = spans.iter().map(|(a, b, c)| case([*a, *b, *c])).collect();
            let longest = spans.iter().map(|(a, b, c)| a + b + c).max().unwrap();
            let group = measured(cases);
            prop_assert_eq!(group.arrived, spans.len());
            prop_assert_eq!(group.decided, spans.len());
            if let Some(work) = group.work {
                let whole = work.stages[4].durations.unwrap();
                prop_assert!(whole.median_hours <= whole.p90_hours && whole.p90_hours <= longest);
                prop_assert!(whole.median_business_days <= whole.p90_business_days);
            }
        }
    }
}
