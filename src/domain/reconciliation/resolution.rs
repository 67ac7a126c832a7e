//! How an exception may end (処理方法), as data: proposed by one accountant, agreed to by another.

use crate::domain::settlement::ExceptionKind as Kind;

/// What follows in the books when a resolution is agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Consequence {
    /// Nothing by itself: what there was to do was done elsewhere, or there was nothing to do.
    None,
    /// Money that an agent sent too late is taken as payment on the day it arrived.
    AcceptLate,
    /// What the organisation reported becomes a payment of the slip's debt, with the amount that came.
    BookLine,
    /// What the payer's bank pulled back of money that nobody guarantees is owed again, or too much no more.
    OweAgain,
    /// A payment that the organisation took back leaves the books, and its debt is owed again.
    StrikeOut,
    /// What a gateway sent back without a refund of ours becomes one.
    BookReturn,
}

impl Consequence {
    /// Whether it can be booked for what an exception is about.
    fn fits(self, subject: &str) -> bool {
        match self {
            Self::None | Self::AcceptLate | Self::OweAgain => true,
            Self::BookLine => subject.starts_with(EL_QR_LINE),
            Self::StrikeOut => is_of(subject, EL_QR_CANCELLATION),
            Self::BookReturn => is_of(subject, RETURNED_OUTSIDE),
        }
    }
}

fn is_of(subject: &str, wanted: &str) -> bool {
    subject.split_once(':').is_some_and(|(kind, _)| kind == wanted)
}

/// Of which kind the subjects are that are payments of which a gateway sent money back without a refund of ours.
pub const RETURNED_OUTSIDE: &str = "returned_outside";

/// What the subjects begin with that are payments reported by the organisation.
const EL_QR_LINE: &str = "el_qr_line:";

/// Of which kind the subjects are that are cancellations reported by the organisation (収納取消).
pub const EL_QR_CANCELLATION: &str = "el_qr_cancellation";

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

const BOOK_LINE: Resolution = Resolution {
    code: "book_line",
    title_ja: "機構の納付情報のとおり収納として計上する",
    consequence: Consequence::BookLine,
};

const OWE_AGAIN: Resolution = Resolution {
    code: "owed_again",
    title_ja: "収納を取り消す（債務に充てた分は再び納付を求める）",
    consequence: Consequence::OweAgain,
};

const STRIKE_OUT: Resolution = Resolution { consequence: Consequence::StrikeOut, ..OWE_AGAIN };

const BOOK_RETURN: Resolution = Resolution {
    code: "book_return",
    title_ja: "決済事業者での返金を還付として計上する",
    consequence: Consequence::BookReturn,
};

/// The resolutions of an exception of a kind about a subject.
pub fn resolutions_of(kind: Kind, subject: &str) -> impl Iterator<Item = &'static Resolution> {
    resolutions(kind).iter().filter(move |resolution| resolution.consequence.fits(subject))
}

/// The resolutions that a kind of exception knows.
fn resolutions(kind: Kind) -> &'static [Resolution] {
    match kind {
        Kind::LateRemittance => &[ACCEPT_LATE, CLAIMED],
        Kind::MissingAtUs => &[BOOK_LINE, BY_HAND, REFUND, CORRECTED, EXPLAINED],
        Kind::MissingAtGateway | Kind::OverdueSettlement => &[CLAIMED, CORRECTED, BY_HAND, EXPLAINED],
        Kind::AmountMismatch => &[BOOK_LINE, CORRECTED, BY_HAND, REFUND, CLAIMED, EXPLAINED],
        Kind::StatusMismatch => {
            &[BOOK_LINE, STRIKE_OUT, BOOK_RETURN, CORRECTED, BY_HAND, REFUND, CLAIMED, EXPLAINED]
        }
        Kind::DuplicateLine | Kind::BatchReissued | Kind::UnreadableReport => &[CORRECTED, EXPLAINED],
        Kind::FeeMismatch => &[CORRECTED, CLAIMED, EXPLAINED],
        Kind::UnexpectedChargeback => &[CLAIMED, BY_HAND, EXPLAINED],
        Kind::LostDispute => &[OWE_AGAIN, CLAIMED, BY_HAND, EXPLAINED],
        Kind::BankMismatch => &[MATCHED, CLAIMED, OTHER_INCOME, EXPLAINED],
        Kind::UnexplainedLine => &[EXPLAINED, CLAIMED],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r84_only_what_the_organisation_reported_is_booked_as_its_line() {
        let books = |kind, subject: &str| {
            resolutions_of(kind, subject).any(|one| one.consequence == Consequence::BookLine)
        };
        for kind in [Kind::MissingAtUs, Kind::AmountMismatch, Kind::StatusMismatch] {
            assert!(books(kind, "el_qr_line:1") && !books(kind, "el_qr_restated:1"), "{kind:?}");
            assert!(!books(kind, "payment:1") && !books(kind, "line:1"), "{kind:?}");
        }
        assert!(!books(Kind::BankMismatch, "el_qr_line:1"));
    }

    #[test]
    fn r87_only_what_the_organisation_took_back_is_struck_out_and_only_a_lost_dispute_is_pulled_back() {
        let owed_again = |kind, subject: &str| {
            let found = resolutions_of(kind, subject).find(|one| one.code == "owed_again");
            found.map(|one| one.consequence)
        };
        let cancellation = "el_qr_cancellation:1";
        assert_eq!(owed_again(Kind::StatusMismatch, cancellation), Some(Consequence::StrikeOut));
        for subject in ["el_qr_line:1", "el_qr_restated:1", "el_qr_slip:1", "payment:1", "el_qr_cancellation"]
        {
            assert_eq!(owed_again(Kind::StatusMismatch, subject), None, "{subject}");
        }
        assert_eq!(owed_again(Kind::LostDispute, "payment:1"), Some(Consequence::OweAgain));
        let booked = resolutions_of(Kind::StatusMismatch, cancellation).any(|one| one.code == "book_line");
        assert!(!booked, "what is taken back is no payment");
    }

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
