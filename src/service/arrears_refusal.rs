//! What a demand or a write-off can be refused for.

use super::{Failure, Refusal};

impl From<ArrearsRefusal> for Failure {
    fn from(refusal: ArrearsRefusal) -> Self {
        Self::Refused(Refusal::Arrears(refusal))
    }
}

/// A refusal about a claim that was not paid in time; the general ones are in [`super::Refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrearsRefusal {
    /// It is not late, is paid or being paid, or its body has no terms for it.
    NotInArrears,
    /// It is owed beside a claim, and the body demands no such thing on its own.
    ChargeNotDemanded,
    /// The demand went out before.
    AlreadyDemanded,
    /// The claim is extinct by limitation: there is nothing to demand.
    Extinct,
    /// The ground holds only once the claim is extinct by limitation.
    NotExtinct,
    /// It is not owed (any more): there is nothing to acknowledge.
    NotOwed,
    /// No late charge has accrued that is not assessed yet.
    NothingAccrued,
    /// The claim is paid before what is owed beside it.
    PrincipalFirst,
    /// What is owed beside the claim is paid before it.
    ChargesFirst,
    /// Another amount is owed than was proposed.
    AmountChanged {
        /// What is owed now, in yen.
        owed: i64,
    },
}

impl ArrearsRefusal {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotInArrears => "not_in_arrears",
            Self::ChargeNotDemanded => "charge_not_demanded",
            Self::AlreadyDemanded => "already_demanded",
            Self::Extinct => "claim_extinct",
            Self::NotExtinct => "claim_not_extinct",
            Self::NotOwed => "claim_not_owed",
            Self::NothingAccrued => "nothing_accrued",
            Self::PrincipalFirst => "principal_first",
            Self::ChargesFirst => "charges_first",
            Self::AmountChanged { .. } => "owed_amount_changed",
        }
    }

    /// The value that the sentence names.
    pub fn argument(self) -> String {
        match self {
            Self::AmountChanged { owed } => owed.to_string(),
            _ => String::new(),
        }
    }

    /// The sentences in Japanese and English; `{}` stands for the argument.
    pub fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::NotInArrears => (
                "滞納になっていません（納期限前、納付済み、または納付手続中です）。",
                "It is not in arrears: not due yet, paid, or being paid.",
            ),
            Self::ChargeNotDemanded => (
                "この団体では、督促手数料・延滞金だけの督促は行いません。",
                "This body sends no demand for the fee of a demand or a late charge alone.",
            ),
            Self::AlreadyDemanded => ("督促状は既に発付済みです。", "The demand has gone out already."),
            Self::Extinct => (
                "消滅時効が完成しているため、督促や債務承認の記録はできません。",
                "The claim is extinct by limitation; nothing is demanded, and nothing counts it anew.",
            ),
            Self::NotOwed => ("未納の債権ではありません。", "It is not owed: paid, given up, or withdrawn."),
            Self::NotExtinct => {
                ("消滅時効が完成していません。", "The claim is not extinct by limitation yet.")
            }
            Self::NothingAccrued => {
                ("新たに調定する延滞金はありません。", "No late charge has accrued that is not assessed yet.")
            }
            Self::PrincipalFirst => (
                "督促手数料・延滞金より先に本体の債権を納付してください。",
                "Please pay the claim itself before what is owed beside it.",
            ),
            Self::ChargesFirst => (
                "本体の債権より先に督促手数料・延滞金を納付してください。",
                "Please pay the fee of the demand and the late charge before the claim itself.",
            ),
            Self::AmountChanged { .. } => {
                ("未納額が変わりました。現在の額は{}円です。", "What is owed has changed; it is now {} yen.")
            }
        }
    }
}
