//! Inspections (現地調査) as a machine: planned, moved, carried out with a result, or called off.
//!
//! The applicant is told when and where; what was found stays with the office until it is released.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::disposition::DecisionKind;
use super::fault::Fault;
use super::message::text_faults;
use super::procedure::RequiredInspection;

/// The most officers of one inspection.
pub const MOST_OFFICERS: usize = 20;

/// Where an inspection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InspectionState {
    /// 予定.
    Planned,
    /// 実施済.
    CarriedOut,
    /// 中止.
    Canceled,
}

impl InspectionState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Planned, Self::CarriedOut, Self::Canceled];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::CarriedOut => "carried_out",
            Self::Canceled => "canceled",
        }
    }

    /// The state of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// What came of an inspection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InspectionResult {
    /// 適合.
    Passed,
    /// 不適合.
    Failed,
    /// 条件付き適合.
    Conditions,
    /// 実施不能: nobody was there, the place could not be entered.
    CouldNotBeCarriedOut,
}

impl InspectionResult {
    /// Every result.
    pub const ALL: [Self; 4] = [Self::Passed, Self::Failed, Self::Conditions, Self::CouldNotBeCarriedOut];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Conditions => "conditions",
            Self::CouldNotBeCarriedOut => "could_not_be_carried_out",
        }
    }

    /// The result of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|result| result.as_str() == text)
    }
}

/// A step of an inspection, as its history names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InspectionStep {
    /// 日時の変更.
    Reschedule,
    /// 実施.
    CarryOut,
    /// 中止.
    Cancel,
    /// What was found is shown to the applicant.
    Release,
}

impl InspectionStep {
    /// Every step.
    pub const ALL: [Self; 4] = [Self::Reschedule, Self::CarryOut, Self::Cancel, Self::Release];

    /// The name of the step in the history.
    pub fn act(self) -> &'static str {
        match self {
            Self::Reschedule => "rescheduled",
            Self::CarryOut => "carried_out",
            Self::Cancel => "canceled",
            Self::Release => "released",
        }
    }

    /// The event of the case.
    pub fn event(self) -> &'static str {
        match self {
            Self::Reschedule => "inspection_rescheduled",
            Self::CarryOut => "inspection_carried_out",
            Self::Cancel => "inspection_canceled",
            Self::Release => "inspection_released",
        }
    }

    /// Takes the step, or names the state in which it does not exist.
    pub fn take(self, from: InspectionState) -> Result<InspectionState, InspectionState> {
        use InspectionState as S;
        match (from, self) {
            (S::Planned, Self::Reschedule) => Ok(S::Planned),
            (S::Planned, Self::CarryOut) => Ok(S::CarriedOut),
            (S::Planned, Self::Cancel) => Ok(S::Canceled),
            (S::CarriedOut, Self::Release) => Ok(S::CarriedOut),
            (state, _) => Err(state),
        }
    }
}

/// Where and for what; stored sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InspectionPlan {
    /// 場所.
    pub place: String,
    /// 目的.
    pub purpose: String,
}

/// Every fault of a plan for `planned_at`; pointers go into the request.
pub fn plan_faults(plan: &InspectionPlan, planned_at: Timestamp, now: Timestamp) -> Vec<Fault> {
    let mut faults = future_faults(planned_at, now);
    faults.extend(text_faults("/place", &plan.place, 1));
    faults.extend(text_faults("/purpose", &plan.purpose, 1));
    faults
}

/// An appointment lies ahead.
pub fn future_faults(planned_at: Timestamp, now: Timestamp) -> Vec<Fault> {
    if planned_at > now {
        return Vec::new();
    }
    let (ja, en) = ("これからの日時を指定してください。", "The appointment must lie ahead.");
    vec![Fault::new("/planned_at", "not_future", ja, en)]
}

/// Every fault of findings of a day; pointers go into the request. A result that is not a plain pass is explained.
pub fn findings_faults(
    result: InspectionResult,
    findings: &str,
    carried_out_on: Date,
    today: Date,
) -> Vec<Fault> {
    let shortest = usize::from(result != InspectionResult::Passed);
    let mut faults = text_faults("/findings", findings, shortest);
    if carried_out_on > today {
        let (ja, en) =
            ("実施した日を指定してください。", "It cannot have been carried out on a day to come.");
        faults.push(Fault::new("/carried_out_on", "future", ja, en));
    }
    faults
}

/// What of a required inspection stands against a grant, given the results in the order of their days. An attempt that could not be
/// carried out found nothing; of the others the last one counts. What was passed under conditions is granted under conditions.
pub fn missing(
    required: &RequiredInspection,
    results: &[InspectionResult],
    decision: DecisionKind,
) -> Option<Fault> {
    let found = |result: &&InspectionResult| **result != InspectionResult::CouldNotBeCarriedOut;
    let (code, ja, en) = match results.iter().rfind(found) {
        Some(InspectionResult::Passed) => return None,
        Some(InspectionResult::Conditions) if decision != DecisionKind::Grant => return None,
        Some(InspectionResult::Conditions) => (
            "conditions_found",
            "条件付き適合のため、条件を付けずに認めることはできません",
            "was passed under conditions, so nothing is granted without conditions",
        ),
        Some(InspectionResult::Failed) => ("inspection_failed", "適合していません", "was not passed"),
        Some(InspectionResult::CouldNotBeCarriedOut) | None => {
            ("inspection_missing", "実施されていません", "has not been carried out")
        }
    };
    let basis = &required.basis;
    let (ja, en) = (format!("現地調査（{basis}）：{ja}。"), format!("The inspection ({basis}) {en}."));
    Some(Fault::new("/inspection", code, ja, en))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn an_inspection_takes_exactly_these_steps() {
        let mut rows = Vec::new();
        for state in InspectionState::ALL {
            for step in InspectionStep::ALL {
                if let Ok(next) = step.take(state) {
                    rows.push(format!("{} {} {}", state.as_str(), step.act(), next.as_str()));
                }
            }
        }
        let expected = [
            "planned rescheduled planned",
            "planned carried_out carried_out",
            "planned canceled canceled",
            "carried_out released carried_out",
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn a_grant_waits_for_an_inspection_that_was_passed() {
        use InspectionResult::{Conditions, CouldNotBeCarriedOut, Failed, Passed};
        let required = RequiredInspection { basis: "審査基準第5".to_owned(), sample: true };
        for (results, plain, conditional) in [
            (&[][..], "inspection_missing", "inspection_missing"),
            (&[CouldNotBeCarriedOut][..], "inspection_missing", "inspection_missing"),
            (&[Failed][..], "inspection_failed", "inspection_failed"),
            (&[Failed, Passed][..], "-", "-"),
            (&[Passed, CouldNotBeCarriedOut][..], "-", "-"),
            (&[Passed, Failed][..], "inspection_failed", "inspection_failed"),
            (&[Conditions][..], "conditions_found", "-"),
        ] {
            let code = |decision| missing(&required, results, decision).map_or("-", |fault| fault.code);
            let found = (code(DecisionKind::Grant), code(DecisionKind::ConditionalGrant));
            assert_eq!(found, (plain, conditional), "{results:?}");
        }
        let fault = missing(&required, &[], DecisionKind::Grant).unwrap();
        assert!(fault.message_ja.contains("審査基準第5"), "{}", fault.message_ja);
    }

    #[test]
    fn every_fault_of_a_plan_is_named() {
        let now = Timestamp::UNIX_EPOCH;
        let plan = |place: &str| InspectionPlan { place: place.into(), purpose: " ".into() };
        let pointers: Vec<_> =
            plan_faults(&plan(""), now, now).into_iter().map(|fault| fault.pointer).collect();
        assert_eq!(pointers, ["/planned_at", "/place", "/purpose"]);
    }

    #[test]
    fn what_is_not_a_plain_pass_is_explained() {
        let day = date(2026, 4, 1);
        for result in InspectionResult::ALL {
            let silent = findings_faults(result, "", day, day).len();
            assert_eq!(silent, usize::from(result != InspectionResult::Passed), "{result:?}");
        }
        let early = findings_faults(InspectionResult::Passed, "", day.tomorrow().unwrap(), day);
        assert_eq!(early.len(), 1);
    }
}
