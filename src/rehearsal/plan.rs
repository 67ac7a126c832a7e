//! What is to become of a case of a rehearsal; follows from seed and number.

use jiff::ToSpan;
use jiff::civil::Date;

use super::prefecture::{DEPARTMENTS, YEAR_BEGINS, YEAR_ENDS};
use crate::domain::disposition::DecisionKind;
use crate::storm::Dice;

/// What happens on the way to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detour {
    /// Nothing.
    None,
    /// The office asks, the applicant answers (補正, R-10).
    Correction,
    /// The first desk sends it back to the drafter (差戻し).
    ReturnToDrafter,
    /// The section chief sends it back to the first desk.
    ReturnToDesk,
    /// The drafter takes it back (引戻し).
    Recall,
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// A decision.
    Decided(DecisionKind),
    /// The applicant takes it back while it is reviewed.
    WithdrawnInReview,
    /// The applicant takes it back while it is in approval.
    WithdrawnInApproval,
    /// A notification is checked and closed (届出, R-2).
    Received,
}

/// The plan of a case.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The day it is handed in.
    pub(super) arrives_on: Date,
    /// The place of its department.
    pub(super) department: usize,
    /// How it ends.
    pub(super) course: Course,
    /// What happens on the way.
    pub(super) detour: Detour,
    /// What decides about the fee.
    pub(super) amount: u64,
    /// Chance for everything else of this case.
    pub(super) dice: Dice,
}

impl Plan {
    /// The plan of case `number` of a seed.
    pub(super) fn of(seed: u64, number: u64) -> Self {
        let mut dice = Dice::new(seed, number);
        let year = YEAR_BEGINS.until(YEAR_ENDS).map_or(364, |span| span.get_days());
        let days = u64::try_from(year).unwrap_or(364) + 1;
        let after = i32::try_from(dice.below(days)).unwrap_or(0);
        let arrives_on = YEAR_BEGINS.checked_add(after.days()).unwrap_or(YEAR_BEGINS);
        let departments = u64::try_from(DEPARTMENTS.len()).unwrap_or(1);
        let course = dice.one_of(&[
            (56, Course::Decided(DecisionKind::Grant)),
            (9, Course::Decided(DecisionKind::ConditionalGrant)),
            (10, Course::Decided(DecisionKind::Refuse)),
            (3, Course::WithdrawnInReview),
            (2, Course::WithdrawnInApproval),
            (20, Course::Received),
        ]);
        let course = course.unwrap_or(Course::Received);
        let detours: &[(u64, Detour)] = match course {
            Course::Received => &[(80, Detour::None), (20, Detour::Correction)],
            _ => &[
                (70, Detour::None),
                (15, Detour::Correction),
                (6, Detour::ReturnToDrafter),
                (4, Detour::ReturnToDesk),
                (5, Detour::Recall),
            ],
        };
        Self {
            arrives_on,
            department: usize::try_from(dice.below(departments)).unwrap_or(0),
            course,
            detour: dice.one_of(detours).unwrap_or(Detour::None),
            amount: dice.below(1_000_000) + 1,
            dice,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_plans_and_every_course_comes_up() {
        let plans = |seed: u64| (0..500).map(move |number| Plan::of(seed, number)).collect::<Vec<_>>();
        let said = |plans: &[Plan]| plans.iter().map(|plan| format!("{plan:?}")).collect::<Vec<_>>();
        assert_eq!(said(&plans(7)), said(&plans(7)));
        assert_ne!(said(&plans(7)), said(&plans(8)));
        let some = plans(7);
        let ends = [
            Course::Decided(DecisionKind::Grant),
            Course::Decided(DecisionKind::ConditionalGrant),
            Course::Decided(DecisionKind::Refuse),
            Course::WithdrawnInReview,
            Course::WithdrawnInApproval,
            Course::Received,
        ];
        assert!(ends.iter().all(|end| some.iter().any(|plan| plan.course == *end)));
        let detours = [Detour::Correction, Detour::ReturnToDrafter, Detour::ReturnToDesk, Detour::Recall];
        assert!(detours.iter().all(|way| some.iter().any(|plan| plan.detour == *way)));
        assert!(some.iter().all(|plan| (YEAR_BEGINS..=YEAR_ENDS).contains(&plan.arrives_on)));
    }
}
