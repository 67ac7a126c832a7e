//! What an act on a proposal can be refused for; the general refusals are in [`super::super::Refusal`].

use crate::domain::approval::Weight;
use crate::service::{Failure, Refusal};

impl From<ApprovalRefusal> for Failure {
    fn from(refusal: ApprovalRefusal) -> Self {
        Self::Refused(Refusal::Approval(refusal))
    }
}

/// A refusal of an act on a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApprovalRefusal {
    /// A proposal about the same is on its route.
    InProgress,
    /// A substitute does not decide such a matter without instruction.
    NotInstructed {
        /// How much it weighs.
        weight: Weight,
    },
    /// No recorded absence of today names the caller as the cover.
    NotCovering,
    /// What would be issued is no longer what the caller looked at.
    ContentChanged,
    /// What would be issued is no longer what an earlier seal of the route was set on.
    SealedOtherContent,
    /// The look afterwards (後閲) was done.
    AlreadyReviewed,
    /// The step is not one of 合議.
    NotConsulted,
    /// The matter is as heavy already.
    NotHeavier {
        /// How much it weighs.
        weight: Weight,
    },
}

impl ApprovalRefusal {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::InProgress => "proposal_in_progress",
            Self::NotInstructed { .. } => "not_instructed",
            Self::NotCovering => "not_covering",
            Self::AlreadyReviewed => "already_reviewed",
            Self::ContentChanged => "content_changed",
            Self::SealedOtherContent => "sealed_other_content",
            Self::NotConsulted => "not_consulted",
            Self::NotHeavier { .. } => "not_heavier",
        }
    }

    /// The value that the sentence names.
    pub fn argument(self) -> String {
        match self {
            Self::NotInstructed { weight } | Self::NotHeavier { weight } => weight.as_str().to_owned(),
            Self::InProgress
            | Self::NotConsulted
            | Self::NotCovering
            | Self::ContentChanged
            | Self::SealedOtherContent
            | Self::AlreadyReviewed => String::new(),
        }
    }

    /// The sentences in Japanese and English; `{}` stands for the argument.
    pub fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::InProgress => {
                ("同じ件の起案が決裁中です。", "A proposal about the same matter is on its route.")
            }
            Self::NotInstructed { .. } => (
                "重要・異例・新規の事案（{}）は、あらかじめ指示がなければ代決できません。",
                "A substitute does not decide a matter that is {} without instruction beforehand.",
            ),
            Self::NotCovering => (
                "不在の登録により本日この職員の代行者とされていません。",
                "No absence on record names you as the cover of this officer today.",
            ),
            Self::ContentChanged => (
                "発出される内容が、確認された内容から変わっています。もう一度ご確認ください。",
                "What would be issued has changed since you looked at it. Please look at it again.",
            ),
            Self::SealedOtherContent => (
                "先の決裁の後に、発出される内容が変わっています。差し戻して、改めて決裁を受けてください。",
                "What would be issued has changed since an earlier seal of this route. Please send it back, so that it is \
                 sealed anew.",
            ),
            Self::AlreadyReviewed => ("後閲は済んでいます。", "The look afterwards has been done."),
            Self::NotConsulted => (
                "この段は合議ではありません。差し戻してください。",
                "This step is not consulted; send the proposal back instead.",
            ),
            Self::NotHeavier { .. } => {
                ("この事案は既に「{}」として扱われています。", "The matter is treated as {} already.")
            }
        }
    }
}
