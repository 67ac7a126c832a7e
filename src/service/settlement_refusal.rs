//! What can be refused about payouts of agents.

use super::{Failure, Refusal};

impl From<SettlementRefusal> for Failure {
    fn from(refusal: SettlementRefusal) -> Self {
        Self::Refused(Refusal::Settlement(refusal))
    }
}

/// A refusal about a payout; the general ones are in [`super::Refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettlementRefusal {
    /// Whoever said that the money arrived does not confirm it.
    OwnArrival,
    /// Another amount arrived than the lines come to; an exception was raised.
    AmountDiffers {
        /// What the lines come to, in yen.
        net: i64,
    },
    /// The step does not exist where the payout stands.
    WrongState,
    /// No remittance of that payment waits to be accepted.
    NothingLate,
}

impl SettlementRefusal {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::OwnArrival => "own_arrival",
            Self::AmountDiffers { .. } => "arrival_amount_differs",
            Self::WrongState => "wrong_state",
            Self::NothingLate => "nothing_late",
        }
    }

    /// The value that the sentence names.
    pub fn argument(self) -> String {
        match self {
            Self::AmountDiffers { net } => net.to_string(),
            Self::OwnArrival | Self::WrongState | Self::NothingLate => String::new(),
        }
    }

    /// The sentences in Japanese and English; `{}` stands for the argument.
    pub fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::OwnArrival => (
                "入金を記録した職員は自らの記録を確認できません。",
                "Whoever recorded the arrival cannot confirm it; another officer does.",
            ),
            Self::AmountDiffers { .. } => (
                "入金額が払込明細の合計（{}円）と一致しません。照合の例外として記録しました。",
                "The amount is not what the lines come to ({} yen); an exception was raised.",
            ),
            Self::WrongState => {
                ("この払込は現在その操作ができません。", "This is not possible where the payout stands.")
            }
            Self::NothingLate => {
                ("期限後の払込はありません。", "No late remittance of this payment waits to be accepted.")
            }
        }
    }
}
