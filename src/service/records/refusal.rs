//! What records management can be refused for.

use crate::domain::fault::Fault;
use crate::domain::records::NotProposable;
use crate::seal::SealError;
use crate::service::casework_refusal::CaseworkRefusal;
use crate::service::{Failure, Refusal};

/// What was destroyed does not exist for anybody any more; any other failure to open is a fault of ours.
impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Destroyed => Self::Refused(Refusal::NotFound),
            SealError::DoesNotOpen(_) | SealError::UnknownTenantKey => Self::Internal(error.to_string()),
        }
    }
}

impl From<RecordsRefusal> for Failure {
    fn from(refusal: RecordsRefusal) -> Self {
        Self::Refused(Refusal::Casework(CaseworkRefusal::Records(refusal)))
    }
}

impl From<NotProposable> for RecordsRefusal {
    fn from(reason: NotProposable) -> Self {
        match reason {
            NotProposable::NotExpired => Self::NotExpired,
            NotProposable::OtherMeasure => Self::OtherMeasure,
            NotProposable::Gone => Self::Gone,
        }
    }
}

/// A refusal about records; the general ones are in [`Refusal`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordsRefusal {
    /// The retention period of the file is not over, or has no end.
    NotExpired,
    /// The register says that something else is to become of the file.
    OtherMeasure,
    /// Nothing of the file is here any more.
    Gone,
    /// Another measure of the file is open.
    MeasureOpen,
    /// The step does not exist where the measure stands.
    MeasureStandsElsewhere,
    /// Something stands in the way of cases or books of the file; every reason is named.
    Blocked(Vec<Fault>),
    /// What the archive has is not what was exported.
    BundlesDiffer,
    /// The hold was released before.
    HoldReleased,
}

impl RecordsRefusal {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotExpired => "retention_not_over",
            Self::OtherMeasure => "other_measure_planned",
            Self::Gone => "records_gone",
            Self::MeasureOpen => "measure_open",
            Self::MeasureStandsElsewhere => "wrong_state",
            Self::Blocked(_) => "disposal_blocked",
            Self::BundlesDiffer => "bundles_differ",
            Self::HoldReleased => "hold_released",
        }
    }

    /// What exactly is wrong, where the refusal names it.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::Blocked(faults) => faults,
            _ => &[],
        }
    }

    /// The sentences in Japanese and English.
    pub fn text(&self) -> (&'static str, &'static str) {
        match self {
            Self::NotExpired => (
                "保存期間が満了していません（常用の文書に満了はありません）。",
                "The retention period is not over, or has no end.",
            ),
            Self::OtherMeasure => (
                "ファイル管理簿に定められた満了後の措置と異なります。",
                "The file register says that something else is to become of this file.",
            ),
            Self::Gone => ("このファイルは既に廃棄・移管されています。", "This file is gone already."),
            Self::MeasureOpen => (
                "このファイルには処理中の措置の案があります。",
                "Another measure of this file is proposed or being carried out.",
            ),
            Self::MeasureStandsElsewhere => (
                "措置の現在の状態ではこの操作はできません。",
                "This is not possible where the measure stands.",
            ),
            Self::Blocked(_) => (
                "廃棄・移管できない事由のある案件・帳票があります。",
                "Something stands in the way of cases or books of this file.",
            ),
            Self::BundlesDiffer => (
                "引き渡したものが書き出した内容と一致しません。",
                "What was handed over is not what was exported.",
            ),
            Self::HoldReleased => ("この保留は既に解除されています。", "This hold was released before."),
        }
    }
}
