//! What the office's own work on a case can be refused for.

use super::records::RecordsRefusal;
use super::{Failure, Refusal};
use crate::domain::fault::Fault;

impl From<CaseworkRefusal> for Failure {
    fn from(refusal: CaseworkRefusal) -> Self {
        Self::Refused(Refusal::Casework(refusal))
    }
}

/// A refusal of something that the office does about its own work; the general ones are in [`super::Refusal`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseworkRefusal {
    /// The task has ended already.
    TaskEnded,
    /// Required items of the checklist are open; every one of them is named.
    ChecklistOpen(Vec<Fault>),
    /// The inspection that the procedure requires has not been passed.
    InspectionMissing(Vec<Fault>),
    /// Originals or a person that a grant needs were not seen, or differ; every one of them is named.
    OriginalsNotSeen(Vec<Fault>),
    /// The case has no period whose end a decision could miss, or has ended.
    NoPeriodRuns,
    /// The clock of the case stands still for that reason already.
    PauseOpen,
    /// The pause has ended already.
    PauseEnded,
    /// Records cannot be disposed of, or held (so).
    Records(RecordsRefusal),
}

impl CaseworkRefusal {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TaskEnded => "task_ended",
            Self::NoPeriodRuns => "no_period_runs",
            Self::PauseOpen => "pause_open",
            Self::PauseEnded => "pause_ended",
            Self::ChecklistOpen(_) => "checklist_open",
            Self::InspectionMissing(_) => "inspection_missing",
            Self::OriginalsNotSeen(_) => "originals_not_seen",
            Self::Records(refusal) => refusal.code(),
        }
    }

    /// What exactly is wrong, where the refusal names it.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::ChecklistOpen(faults)
            | Self::InspectionMissing(faults)
            | Self::OriginalsNotSeen(faults) => faults,
            Self::Records(refusal) => refusal.faults(),
            Self::TaskEnded | Self::NoPeriodRuns | Self::PauseOpen | Self::PauseEnded => &[],
        }
    }

    /// The sentences in Japanese and English.
    pub fn text(&self) -> (&'static str, &'static str) {
        match self {
            Self::TaskEnded => ("この課題は既に終わっています。", "This task has ended already."),
            Self::ChecklistOpen(_) => (
                "チェックリストの必須項目が残っているため、許可等の起案はできません。",
                "Required items of the checklist are open; nothing can be granted yet.",
            ),
            Self::InspectionMissing(_) => (
                "必要な現地調査で適合と認められていないため、許可等はできません。",
                "The inspection that is required has not been passed; nothing can be granted yet.",
            ),
            Self::OriginalsNotSeen(_) => (
                "原本等の確認が終わっていないため、許可等の起案・交付はできません。",
                "Originals or a person have not been seen, or differ; nothing can be granted or handed over yet.",
            ),
            Self::NoPeriodRuns => (
                "標準処理期間の定めがないか、審査が終わっています。",
                "No standard period runs: none is set, or the case has ended.",
            ),
            Self::PauseOpen => (
                "この事由による標準処理期間の停止が既にあります。",
                "The clock stands still for that reason already.",
            ),
            Self::Records(refusal) => refusal.text(),
            Self::PauseEnded => {
                ("この標準処理期間の停止は既に終わっています。", "This pause has ended already.")
            }
        }
    }
}
