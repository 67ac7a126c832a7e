//! What becomes of a record file at its expiry (保存期間満了時の措置, R-124).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What the register says is to happen at expiry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlannedMeasure {
    /// 移管: historical records go to the archive.
    Transfer,
    /// 廃棄.
    Dispose,
    /// 未定: nobody has judged it; it is kept until somebody does.
    #[default]
    Undecided,
}

impl PlannedMeasure {
    /// All, for tables and tests.
    pub const ALL: [Self; 3] = [Self::Transfer, Self::Dispose, Self::Undecided];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Dispose => "dispose",
            Self::Undecided => "undecided",
        }
    }

    /// The measure of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.as_str() == text)
    }

    /// How the register says it.
    pub fn label_ja(self) -> &'static str {
        match self {
            Self::Transfer => "移管",
            Self::Dispose => "廃棄",
            Self::Undecided => "未定",
        }
    }
}

/// What is proposed for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// 移管.
    Transfer,
    /// 廃棄.
    Dispose,
}

impl Measure {
    /// Both, for tables and tests.
    pub const ALL: [Self; 2] = [Self::Transfer, Self::Dispose];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Dispose => "dispose",
        }
    }

    /// The measure of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.as_str() == text)
    }

    /// Where a file stands once it is carried out.
    pub fn leaves(self) -> FileState {
        match self {
            Self::Transfer => FileState::Transferred,
            Self::Dispose => FileState::Disposed,
        }
    }
}

/// Where a record file stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileState {
    /// It is kept.
    Kept,
    /// Its last day is over, and somebody has to say what becomes of it.
    Expired,
    /// It went to the archive.
    Transferred,
    /// It was destroyed.
    Disposed,
}

impl FileState {
    /// All, for tables and tests.
    pub const ALL: [Self; 4] = [Self::Kept, Self::Expired, Self::Transferred, Self::Disposed];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Expired => "expired",
            Self::Transferred => "transferred",
            Self::Disposed => "disposed",
        }
    }

    /// The state of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether its records are gone from here.
    pub fn is_gone(self) -> bool {
        matches!(self, Self::Transferred | Self::Disposed)
    }
}

/// Where a proposed measure stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MeasureState {
    /// It waits for another officer.
    Proposed,
    /// Another officer said no.
    Rejected,
    /// Another officer agreed: disposal goes on, a transfer is being exported.
    Approved,
    /// Every case of a transfer is exported, and waits for the archive to have it.
    Exported,
    /// The archive has every export: what is here goes.
    HandedOver,
    /// Nothing of the file is left here.
    Done,
}

impl MeasureState {
    /// All, for tables and tests.
    pub const ALL: [Self; 6] =
        [Self::Proposed, Self::Rejected, Self::Approved, Self::Exported, Self::HandedOver, Self::Done];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Rejected => "rejected",
            Self::Approved => "approved",
            Self::Exported => "exported",
            Self::HandedOver => "handed_over",
            Self::Done => "done",
        }
    }

    /// The state of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether it may still be carried out: a file has one such measure at most.
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Rejected | Self::Done)
    }

    /// Whether records may be destroyed now: a disposal once it is approved, a transfer once the archive has everything.
    pub fn destroys(self, measure: Measure) -> bool {
        match measure {
            Measure::Dispose => self == Self::Approved,
            Measure::Transfer => self == Self::HandedOver,
        }
    }

    /// Takes a step, or says that it does not exist from here.
    pub fn apply(self, measure: Measure, step: MeasureStep) -> Result<Self, StepRefused> {
        match (step, self, measure) {
            (MeasureStep::Approve, Self::Proposed, _) => Ok(Self::Approved),
            (MeasureStep::Reject, Self::Proposed, _) => Ok(Self::Rejected),
            (MeasureStep::Export, Self::Approved, Measure::Transfer) => Ok(Self::Exported),
            // A case may have changed after its export: then the archive gets it anew.
            (MeasureStep::ExportAnew, Self::Exported | Self::HandedOver, Measure::Transfer) => {
                Ok(Self::Approved)
            }
            (MeasureStep::HandOver, Self::Exported, Measure::Transfer) => Ok(Self::HandedOver),
            (MeasureStep::Finish, state, measure) if state.destroys(measure) => Ok(Self::Done),
            _ => Err(StepRefused),
        }
    }
}

/// What is done about a proposed measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MeasureStep {
    /// Another officer agrees.
    Approve,
    /// Another officer says no.
    Reject,
    /// Every case of a transfer is exported.
    Export,
    /// A case changed after its export.
    ExportAnew,
    /// The archive has everything.
    HandOver,
    /// Nothing is left.
    Finish,
}

impl MeasureStep {
    /// All, for tables and tests.
    pub const ALL: [Self; 6] =
        [Self::Approve, Self::Reject, Self::Export, Self::ExportAnew, Self::HandOver, Self::Finish];
}

/// The step does not exist where the measure stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepRefused;

/// Why nothing can be proposed for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotProposable {
    /// Its last day is not over, or it is kept without end.
    NotExpired,
    /// The register says that something else is to happen.
    OtherMeasure,
    /// Its records are gone.
    Gone,
}

/// Whether `measure` may be proposed today. What nobody has judged yet is judged by the proposal and its approval.
pub fn may_propose(
    state: FileState,
    planned: PlannedMeasure,
    expires_on: Option<Date>,
    measure: Measure,
    today: Date,
) -> Result<(), NotProposable> {
    if state.is_gone() {
        return Err(NotProposable::Gone);
    }
    if expires_on.is_none_or(|last| today <= last) {
        return Err(NotProposable::NotExpired);
    }
    match (planned, measure) {
        (PlannedMeasure::Undecided, _)
        | (PlannedMeasure::Transfer, Measure::Transfer)
        | (PlannedMeasure::Dispose, Measure::Dispose) => Ok(()),
        (PlannedMeasure::Transfer | PlannedMeasure::Dispose, _) => Err(NotProposable::OtherMeasure),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn r124_only_what_has_expired_goes_and_only_as_the_register_says() {
        let (last, after) = (date(2032, 3, 31), date(2032, 4, 1));
        let judge =
            |planned, expires, measure, today| may_propose(FileState::Kept, planned, expires, measure, today);
        let (dispose, transfer) = (Measure::Dispose, Measure::Transfer);
        assert_eq!(judge(PlannedMeasure::Dispose, Some(last), dispose, last), Err(NotProposable::NotExpired));
        assert_eq!(judge(PlannedMeasure::Dispose, Some(last), dispose, after), Ok(()));
        let kept_for_good = judge(PlannedMeasure::Dispose, None, dispose, after);
        assert_eq!(kept_for_good, Err(NotProposable::NotExpired));
        let historical = judge(PlannedMeasure::Transfer, Some(last), dispose, after);
        assert_eq!(historical, Err(NotProposable::OtherMeasure), "historical records are never destroyed");
        let ordinary = judge(PlannedMeasure::Dispose, Some(last), transfer, after);
        assert_eq!(ordinary, Err(NotProposable::OtherMeasure));
        for measure in Measure::ALL {
            assert_eq!(judge(PlannedMeasure::Undecided, Some(last), measure, after), Ok(()));
            for gone in [FileState::Transferred, FileState::Disposed] {
                let again = may_propose(gone, PlannedMeasure::Undecided, Some(last), measure, after);
                assert_eq!(again, Err(NotProposable::Gone));
            }
        }
    }

    proptest! {
        /// Whatever is tried in whatever order: nothing is destroyed without an approval before it, and a transfer never
        /// before its export and the hand-over of it.
        #[test]
        fn r124_nothing_is_destroyed_without_approval_and_nothing_historical_without_a_hand_over(
            dispose in any::<bool>(),
            steps in proptest::collection::vec(0..MeasureStep::ALL.len(), 0..12),
        ) {
            let measure = if dispose { Measure::Dispose } else { Measure::Transfer };
            let (mut state, mut done) = (MeasureState::Proposed, Vec::new());
            for index in steps {
                let step = MeasureStep::ALL[index];
                if let Ok(next) = state.apply(measure, step) {
                    state = next;
                    done.push(step);
                }
                if state.destroys(measure) || state == MeasureState::Done {
                    prop_assert_eq!(done.first(), Some(&MeasureStep::Approve));
                    if measure == Measure::Transfer {
                        let place = |wanted| done.iter().rposition(|step| *step == wanted);
                        let (exported, handed) = (place(MeasureStep::Export), place(MeasureStep::HandOver));
                        prop_assert!(exported.is_some() && exported < handed);
                        prop_assert!(place(MeasureStep::ExportAnew) < exported);
                    }
                }
                if matches!(state, MeasureState::Rejected) {
                    prop_assert_eq!(&done, &[MeasureStep::Reject]);
                }
            }
        }
    }
}
