//! What a waiver can be refused for.

use super::{Failure, Refusal};
use crate::domain::waiver::{LiftRejection, WrongWaiverState};

impl From<WaiverRefusal> for Failure {
    fn from(refusal: WaiverRefusal) -> Self {
        Self::Refused(Refusal::Waiver(refusal))
    }
}

impl From<WrongWaiverState> for Failure {
    fn from(wrong: WrongWaiverState) -> Self {
        WaiverRefusal::WrongState { state: wrong.state.as_str() }.into()
    }
}

impl From<LiftRejection> for Failure {
    fn from(rejection: LiftRejection) -> Self {
        match rejection {
            LiftRejection::Nothing => WaiverRefusal::NothingToWaive.into(),
            LiftRejection::AmountNeeded => WaiverRefusal::AmountNeeded.into(),
            LiftRejection::AmountFixed { fixed } => {
                WaiverRefusal::AmountChanged { amount: fixed.amount() }.into()
            }
            LiftRejection::TooMuch { most } => WaiverRefusal::TooMuch { most: most.amount() }.into(),
            LiftRejection::OutOfRange(error) => Self::Internal(error.to_string()),
        }
    }
}

/// A refusal of a waiver; the general ones are in [`super::Refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaiverRefusal {
    /// Another request about the same invoice is open.
    InProgress,
    /// The term in which the ground can be named is over.
    TooLate,
    /// The ground lifts nothing of what is owed.
    NothingToWaive,
    /// Money came that neither covers the debt nor went back: a person decides first what becomes of it.
    MoneyUnsettled,
    /// The ground leaves the amount to the decision.
    AmountNeeded,
    /// The ground lifts another amount.
    AmountChanged {
        /// What it lifts now, in yen.
        amount: i64,
    },
    /// More than can be lifted.
    TooMuch {
        /// What can be lifted at most, in yen.
        most: i64,
    },
    /// That the waiver was got by a false statement was recorded before.
    FalseClaimRecorded,
    /// No ordinance in force on the day of the grant says what may be imposed.
    NoFalseClaimTerms,
    /// Nothing is missing because of the waiver: what it was of was withdrawn, given back, or costs no more.
    NothingToRevoke,
    /// Something else is missing because of the waiver by now.
    MissingChanged {
        /// What is missing now, in yen.
        amount: i64,
    },
    /// The claim would be extinct by limitation.
    ClaimExtinct,
    /// No terms of the body say when the claim is extinct by limitation.
    LimitationUnknown,
    /// The step does not exist in this state.
    WrongState {
        /// Where the request stands.
        state: &'static str,
    },
}

impl WaiverRefusal {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::InProgress => "waiver_in_progress",
            Self::TooLate => "waiver_too_late",
            Self::NothingToWaive => "nothing_to_waive",
            Self::MoneyUnsettled => "money_unsettled",
            Self::AmountNeeded => "waiver_amount_needed",
            Self::AmountChanged { .. } => "waiver_amount_changed",
            Self::TooMuch { .. } => "waiver_too_much",
            Self::FalseClaimRecorded => "false_claim_recorded",
            Self::NoFalseClaimTerms => "no_false_claim_terms",
            Self::NothingToRevoke => "nothing_to_revoke",
            Self::MissingChanged { .. } => "revoked_amount_changed",
            Self::ClaimExtinct => "claim_extinct",
            Self::LimitationUnknown => "limitation_unknown",
            Self::WrongState { .. } => "wrong_state",
        }
    }

    /// The value that the sentence names.
    pub fn argument(self) -> String {
        match self {
            Self::AmountChanged { amount } | Self::MissingChanged { amount } => amount.to_string(),
            Self::TooMuch { most } => most.to_string(),
            Self::WrongState { state } => state.to_owned(),
            _ => String::new(),
        }
    }

    /// The sentences in Japanese and English; `{}` stands for the argument.
    pub fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::InProgress => (
                "この納入通知の減免は既に申請されています。",
                "A waiver of this invoice has been asked for already.",
            ),
            Self::TooLate => (
                "この事由による減免の申請期間は終了しました。",
                "The term in which this ground can be named is over.",
            ),
            Self::NothingToWaive => {
                ("この事由で減額できる額がありません。", "This ground lifts nothing of what is owed.")
            }
            Self::MoneyUnsettled => (
                "調定額に合わない入金があります。還付または充当を先に決定してください。",
                "Money came that does not make the amount owed; decide first what becomes of it.",
            ),
            Self::AmountNeeded => (
                "この事由では減免する額を指定してください。",
                "This ground leaves the amount to the decision; name it.",
            ),
            Self::AmountChanged { .. } => ("この事由による減免の額は{}円です。", "This ground lifts {} yen."),
            Self::TooMuch { .. } => ("減免できるのは{}円までです。", "At most {} yen can be lifted."),
            Self::FalseClaimRecorded => (
                "この減免が虚偽の申請によるものであることは既に記録されています。",
                "That this waiver was got by a false statement has been recorded already.",
            ),
            Self::NoFalseClaimTerms => (
                "減免の決定の日に有効な過料の規定が登録されていません。",
                "No ordinance in force on the day of the grant says what may be imposed.",
            ),
            Self::NothingToRevoke => (
                "この減免の取消しにより改めて調定すべき額はありません。",
                "Nothing is missing because of this waiver.",
            ),
            Self::MissingChanged { .. } => (
                "この減免の取消しにより改めて調定すべき額は{}円に変わっています。",
                "{} yen are missing because of this waiver by now.",
            ),
            Self::ClaimExtinct => (
                "消滅時効が完成しているため、減免を取り消して徴収することはできません。",
                "The claim is extinct by limitation; nothing can be claimed by revoking the waiver.",
            ),
            Self::LimitationUnknown => (
                "この債権の消滅時効の規定が登録されていないため、取り消せません。",
                "No rules say when this claim is extinct by limitation, so the waiver cannot be revoked.",
            ),
            Self::WrongState { .. } => {
                ("現在の状態（{}）ではこの操作はできません。", "This is not possible while the waiver is {}.")
            }
        }
    }
}
