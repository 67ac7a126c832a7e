//! What working together on a case can be refused for: messages, opinions, inspections, links, transfers.

use super::{Failure, Refusal};

impl From<OfficeRefusal> for Failure {
    fn from(refusal: OfficeRefusal) -> Self {
        Self::Refused(Refusal::Office(refusal))
    }
}

/// A refusal of such work; the general ones are in [`super::Refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfficeRefusal {
    /// The applicant has stated not to follow guidance, so nobody asks for a withdrawal any more.
    GuidanceRefused,
    /// No account acts for a party of the case any more, and it did not come on paper: nobody would read it.
    NobodyToRead,
    /// The department has not answered an earlier question about the case yet.
    AlreadyAsked,
    /// The two cases are linked in this way already.
    AlreadyLinked,
    /// Filings can be looked at on the days and at the hours of the place only.
    InspectionClosed,
    /// The step does not exist where the thing stands.
    StandsElsewhere {
        /// Where it stands.
        state: &'static str,
    },
}

impl OfficeRefusal {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::GuidanceRefused => "guidance_refused",
            Self::NobodyToRead => "nobody_to_read",
            Self::AlreadyAsked => "already_asked",
            Self::AlreadyLinked => "already_linked",
            Self::InspectionClosed => "inspection_closed",
            Self::StandsElsewhere { .. } => "wrong_state",
        }
    }

    /// The value that the sentence names.
    pub fn argument(self) -> String {
        match self {
            Self::StandsElsewhere { state } => state.to_owned(),
            Self::GuidanceRefused
            | Self::NobodyToRead
            | Self::AlreadyAsked
            | Self::AlreadyLinked
            | Self::InspectionClosed => String::new(),
        }
    }

    /// The sentences in Japanese and English; `{}` stands for the argument.
    pub fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::GuidanceRefused => (
                "申請者が行政指導に従わない意思を表明しているため、取下げ等を求める行政指導はできません（行政手続法第33条）。",
                "The applicant has stated not to follow guidance, so no guidance to withdraw or alter is given any more \
                 (Administrative Procedure Act, article 33).",
            ),
            Self::NobodyToRead => (
                "この案件の当事者はアカウントを持たないため、ここでは連絡できません。電話または郵便で連絡してください。",
                "No party of this case has an account, so nobody would read it here; please use the telephone or post.",
            ),
            Self::AlreadyAsked => (
                "この課への照会に、まだ回答がありません。",
                "This department has not answered an earlier question about the case yet.",
            ),
            Self::AlreadyLinked => {
                ("この2件は既に関連付けられています。", "These two cases are linked in this way already.")
            }
            Self::InspectionClosed => (
                "閲覧できる日時ではありません。",
                "These filings can be looked at on the days and at the hours of the place only.",
            ),
            Self::StandsElsewhere { .. } => {
                ("現在の状態（{}）ではこの操作はできません。", "This is not possible while it is {}.")
            }
        }
    }
}
