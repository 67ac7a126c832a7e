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
    /// The demand went out before.
    AlreadyDemanded,
    /// The claim is extinct by limitation: there is nothing to demand.
    Extinct,
    /// The ground holds only once the claim is extinct by limitation.
    NotExtinct,
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
            Self::AlreadyDemanded => "already_demanded",
            Self::Extinct => "claim_extinct",
            Self::NotExtinct => "claim_not_extinct",
            Self::AmountChanged { .. } => "owed_amount_changed",
        }
    }

    /// The value that the sentence names.
    pub fn argument(self) -> String {
        match self {
            Self::AmountChanged { owed } => owed.to_string(),
            Self::NotInArrears | Self::AlreadyDemanded | Self::Extinct | Self::NotExtinct => String::new(),
        }
    }

    /// The sentences in Japanese and English; `{}` stands for the argument.
    pub fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::NotInArrears => (
                "滞納になっていません（納期限前、納付済み、または納付手続中です）。",
                "It is not in arrears: not due yet, paid, or being paid.",
            ),
            Self::AlreadyDemanded => ("督促状は既に発付済みです。", "The demand has gone out already."),
            Self::Extinct => (
                "消滅時効が完成しているため督促できません。",
                "The claim is extinct by limitation; nothing is demanded.",
            ),
            Self::NotExtinct => {
                ("消滅時効が完成していません。", "The claim is not extinct by limitation yet.")
            }
            Self::AmountChanged { .. } => {
                ("未納額が変わりました。現在の額は{}円です。", "What is owed has changed; it is now {} yen.")
            }
        }
    }
}
