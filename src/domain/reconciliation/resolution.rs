//! How an exception may end (処理方法), as data: proposed by one accountant, agreed to by another.

use crate::domain::settlement::ExceptionKind as Kind;

/// What follows in the books when a resolution is agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Consequence {
    /// Nothing by itself: what there was to do was done elsewhere, or there was nothing to do.
    None,
    /// Money that an agent sent too late is taken as payment on the day it arrived.
    AcceptLate,
}

/// One way to end an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// The code of the contract.
    pub code: &'static str,
    /// What it means, in Japanese.
    pub title_ja: &'static str,
    /// What follows.
    pub consequence: Consequence,
}

const fn plain(code: &'static str, title_ja: &'static str) -> Resolution {
    Resolution { code, title_ja, consequence: Consequence::None }
}

const EXPLAINED: Resolution = plain("explained", "差異の理由を確認した");
const CORRECTED: Resolution = plain("corrected_by_agent", "受託者が報告を訂正した");
const BY_HAND: Resolution = plain("booked_by_hand", "窓口収納・取消として計上した");
const REFUND: Resolution = plain("refund_proposed", "還付を起案した");
const CLAIMED: Resolution = plain("claimed_from_agent", "受託者に請求した");
const MATCHED: Resolution = plain("matched_by_hand", "対応する入金を確認した");
const OTHER_INCOME: Resolution = plain("other_income", "他の収入である");
const ACCEPT_LATE: Resolution = Resolution {
    code: "accept_late",
    title_ja: "遅れた払込みを到達日の納付として受け入れる",
    consequence: Consequence::AcceptLate,
};

/// The resolutions that a kind of exception knows.
pub fn resolutions(kind: Kind) -> &'static [Resolution] {
    match kind {
        Kind::LateRemittance => &[ACCEPT_LATE, CLAIMED],
        Kind::MissingAtUs => &[BY_HAND, REFUND, CORRECTED, EXPLAINED],
        Kind::MissingAtGateway | Kind::OverdueSettlement => &[CLAIMED, CORRECTED, BY_HAND, EXPLAINED],
        Kind::AmountMismatch | Kind::StatusMismatch => &[CORRECTED, BY_HAND, REFUND, CLAIMED, EXPLAINED],
        Kind::DuplicateLine | Kind::BatchReissued | Kind::UnreadableReport => &[CORRECTED, EXPLAINED],
        Kind::FeeMismatch => &[CORRECTED, CLAIMED, EXPLAINED],
        Kind::UnexpectedChargeback => &[CLAIMED, BY_HAND, EXPLAINED],
        Kind::BankMismatch => &[MATCHED, CLAIMED, OTHER_INCOME, EXPLAINED],
        Kind::UnexplainedLine => &[EXPLAINED, CLAIMED],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r77_every_kind_can_end_and_only_a_late_remittance_is_accepted_late() {
        for kind in Kind::ALL {
            let known = resolutions(kind);
            assert!(known.len() >= 2, "{kind:?}");
            let mut codes: Vec<_> = known.iter().map(|resolution| resolution.code).collect();
            codes.dedup();
            assert_eq!(codes.len(), known.len(), "{kind:?}");
            let late = known.iter().any(|resolution| resolution.consequence == Consequence::AcceptLate);
            assert_eq!(late, kind == Kind::LateRemittance, "{kind:?}");
        }
    }
}
