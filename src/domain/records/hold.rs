//! What bars a disposal (廃棄の停止, R-125).

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;

/// On what ground records are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HoldGround {
    /// 審査請求.
    Appeal,
    /// 訴訟.
    Litigation,
    /// 情報公開請求・開示請求.
    Disclosure,
    /// 監査・会計検査.
    Audit,
    /// 債権の行使・保全: an unpaid claim; of one case it is read from its books, so only a whole file is held for it.
    Claim,
}

impl HoldGround {
    /// All, for tables and tests.
    pub const ALL: [Self; 5] = [Self::Appeal, Self::Litigation, Self::Disclosure, Self::Audit, Self::Claim];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Appeal => "appeal",
            Self::Litigation => "litigation",
            Self::Disclosure => "disclosure",
            Self::Audit => "audit",
            Self::Claim => "claim",
        }
    }

    /// The ground of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ground| ground.as_str() == text)
    }
}

/// A hold as it was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// On what ground.
    pub ground: HoldGround,
    /// The first day it counts.
    pub from: Date,
    /// The last day, when it is known.
    pub until: Option<Date>,
    /// When somebody released it.
    pub released_at: Option<Timestamp>,
}

impl Hold {
    /// Whether it bars a disposal at `now`.
    pub fn stands_at(&self, now: Timestamp) -> bool {
        let today = jst_day(now);
        self.from <= today && self.until.is_none_or(|last| today <= last) && self.released_at.is_none()
    }
}

/// The grounds on which holds bar a disposal at `now`, each once: those on the case itself and those on the file that it is in. A case
/// may be disposed of as far as holds go only where there is none.
pub fn grounds_at(
    of_case: impl IntoIterator<Item = Hold>,
    of_file: impl IntoIterator<Item = Hold>,
    now: Timestamp,
) -> BTreeSet<DisposalBlock> {
    let standing = of_case.into_iter().chain(of_file).filter(|hold| hold.stands_at(now));
    standing.map(|hold| DisposalBlock::Held(hold.ground)).collect()
}

/// What is wrong with the days of a hold that is recorded today: it has begun, and does not end before it begins.
pub fn hold_faults(from: Date, until: Option<Date>, today: Date) -> Vec<Fault> {
    let mut faults = Vec::new();
    if from > today {
        let (ja, en) = ("本日以前の日付を入力してください。", "The first day must not lie ahead.");
        faults.push(Fault::new("/from_on", "in_the_future", ja, en));
    }
    if until.is_some_and(|until| until < from) {
        let (ja, en) = ("終わりの日が始まりの日より前です。", "It ends before it begins.");
        faults.push(Fault::new("/until_on", "ends_before_it_begins", ja, en));
    }
    faults
}

/// A reason why a case or a book cannot be disposed of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DisposalBlock {
    /// Somebody recorded a hold.
    Held(HoldGround),
    /// Money is owed and not extinct by limitation.
    UnpaidClaim,
    /// A payment may still take money.
    OpenPayment,
    /// Money has still to go back.
    OpenRefund,
    /// A payer's bank contests a payment.
    OpenDispute,
    /// What the case granted is in force.
    PermitInForce,
    /// A waiver was asked for and is not answered.
    OpenWaiver,
    /// A line of the book was neither booked nor explained by two people.
    OpenLines,
    /// Two people have still to say what becomes of something that the book is about.
    OpenException,
    /// Nobody has said yet that the bank paid the transfer file.
    UnconfirmedTransfer,
    /// No later close follows from the close of a day yet.
    LastDayClose,
    /// The accounts of the close's year are open (出納閉鎖, R-74).
    OpenFiscalYear,
}

impl DisposalBlock {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Held(HoldGround::Appeal) => "held_for_appeal",
            Self::Held(HoldGround::Litigation) => "held_for_litigation",
            Self::Held(HoldGround::Disclosure) => "held_for_disclosure",
            Self::Held(HoldGround::Audit) => "held_for_audit",
            Self::Held(HoldGround::Claim) => "held_for_claim",
            Self::UnpaidClaim => "unpaid_claim",
            Self::OpenPayment => "open_payment",
            Self::OpenRefund => "open_refund",
            Self::OpenDispute => "open_dispute",
            Self::PermitInForce => "permit_in_force",
            Self::OpenWaiver => "open_waiver",
            Self::OpenLines => "open_lines",
            Self::OpenException => "open_exception",
            Self::UnconfirmedTransfer => "unconfirmed_transfer",
            Self::LastDayClose => "last_day_close",
            Self::OpenFiscalYear => "open_fiscal_year",
        }
    }

    /// The sentences in Japanese and English.
    pub fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::Held(HoldGround::Appeal) => {
                ("審査請求が係属しているため廃棄・移管できません。", "An appeal is pending.")
            }
            Self::Held(HoldGround::Litigation) => {
                ("訴訟が係属しているため廃棄・移管できません。", "A suit is pending.")
            }
            Self::Held(HoldGround::Disclosure) => {
                ("開示請求の対象であるため廃棄・移管できません。", "A request for disclosure is open.")
            }
            Self::Held(HoldGround::Audit) => {
                ("監査の対象であるため廃棄・移管できません。", "An audit needs the records.")
            }
            Self::Held(HoldGround::Claim) => (
                "未収の債権に関する文書であるため廃棄・移管できません。",
                "The records are needed for an unpaid claim.",
            ),
            Self::UnpaidClaim => (
                "時効が完成していない未収の債権があります。",
                "Money is owed, and the claim is not extinct by limitation.",
            ),
            Self::OpenPayment => ("進行中の支払手続があります。", "A payment may still take money."),
            Self::OpenRefund => ("未処理の還付があります。", "Money has still to go back."),
            Self::OpenDispute => ("係争中の支払いがあります。", "A payer's bank contests a payment."),
            Self::PermitInForce => ("許可等の効力が続いています。", "What the case granted is in force."),
            Self::OpenWaiver => {
                ("処理されていない減免申請があります。", "A request for a waiver is not answered.")
            }
            Self::OpenLines => {
                ("照合・計上の済んでいない明細があります。", "A line is neither booked nor explained.")
            }
            Self::OpenException => ("解決していない照合の例外があります。", "An exception is not resolved."),
            Self::UnconfirmedTransfer => {
                ("振込の結果が確認されていません。", "Nobody has said that the bank paid the transfer file.")
            }
            Self::LastDayClose => {
                ("最新の日締めであり、次の日締めがこれに続きます。", "The next close follows from this one.")
            }
            Self::OpenFiscalYear => {
                ("この会計年度の出納は閉鎖されていません。", "The accounts of its fiscal year are open.")
            }
        }
    }

    /// The block as a fault at a place.
    pub fn fault(self, pointer: String) -> Fault {
        let (ja, en) = self.text();
        Fault::new(pointer, self.code(), ja, en)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn r125_a_hold_stands_from_its_first_day_until_its_last_one_or_its_release() {
        let noon = |day: Date| jiff::tz::Offset::constant(9).to_timestamp(day.at(12, 0, 0, 0)).unwrap();
        for ground in HoldGround::ALL {
            assert_eq!(HoldGround::parse(ground.as_str()), Some(ground));
            let (from, until) = (date(2026, 4, 10), Some(date(2026, 4, 20)));
            let hold = Hold { ground, from, until, released_at: None };
            let stands = [date(2026, 4, 9), date(2026, 4, 10), date(2026, 4, 20), date(2026, 4, 21)]
                .map(|day| hold.stands_at(noon(day)));
            assert_eq!(stands, [false, true, true, false]);
            let open = Hold { until: None, ..hold };
            assert!(
                open.stands_at(noon(date(2046, 4, 10))),
                "without a last day it stands until it is released"
            );
            let released = Hold { released_at: Some(noon(date(2026, 4, 12))), ..open };
            assert!(!released.stands_at(noon(date(2026, 4, 12))));
        }
    }

    #[test]
    fn r125_a_case_may_go_only_where_no_hold_stands_on_it_or_on_its_file() {
        let noon = |day: Date| jiff::tz::Offset::constant(9).to_timestamp(day.at(12, 0, 0, 0)).unwrap();
        let (before, from, until, after) =
            (date(2026, 4, 9), date(2026, 4, 10), date(2026, 4, 20), date(2026, 4, 21));
        let hold = |ground| Hold { ground, from, until: None, released_at: None };
        let (appeal, claim) = (hold(HoldGround::Appeal), hold(HoldGround::Claim));
        let ended = Hold { until: Some(until), ..claim };
        let released = Hold { released_at: Some(noon(from)), ..claim };
        let bars = DisposalBlock::Held;
        for (of_case, of_file, day, expected) in [
            (vec![], vec![], from, vec![]),
            (vec![], vec![claim], before, vec![]),
            (vec![], vec![claim], from, vec![bars(HoldGround::Claim)]),
            (vec![], vec![ended], until, vec![bars(HoldGround::Claim)]),
            (vec![], vec![ended], after, vec![]),
            (vec![], vec![released], after, vec![]),
            (vec![], vec![released, claim], after, vec![bars(HoldGround::Claim)]),
            (vec![appeal], vec![], after, vec![bars(HoldGround::Appeal)]),
            (vec![appeal], vec![claim], after, vec![bars(HoldGround::Appeal), bars(HoldGround::Claim)]),
            (vec![appeal], vec![appeal], after, vec![bars(HoldGround::Appeal)]),
        ] {
            let found = grounds_at(of_case, of_file, noon(day));
            assert_eq!(found.into_iter().collect::<Vec<_>>(), expected, "{day}");
        }
    }

    #[test]
    fn r125_all_faults_of_a_holds_days_are_named_at_once() {
        let (today, codes) =
            (date(2026, 4, 10), |faults: Vec<Fault>| faults.iter().map(|one| one.code).collect::<Vec<_>>());
        assert_eq!(codes(hold_faults(today, None, today)), Vec::<&str>::new());
        let both = hold_faults(date(2026, 4, 11), Some(date(2026, 4, 1)), today);
        assert_eq!(codes(both), ["in_the_future", "ends_before_it_begins"]);
    }

    #[test]
    fn r125_every_reason_has_a_code_and_words_of_its_own() {
        let mut all: Vec<DisposalBlock> = HoldGround::ALL.into_iter().map(DisposalBlock::Held).collect();
        all.extend([
            DisposalBlock::UnpaidClaim,
            DisposalBlock::OpenPayment,
            DisposalBlock::OpenRefund,
            DisposalBlock::OpenDispute,
            DisposalBlock::PermitInForce,
            DisposalBlock::OpenWaiver,
            DisposalBlock::OpenLines,
            DisposalBlock::OpenException,
            DisposalBlock::UnconfirmedTransfer,
            DisposalBlock::LastDayClose,
            DisposalBlock::OpenFiscalYear,
        ]);
        let codes: std::collections::BTreeSet<_> = all.iter().map(|block| block.code()).collect();
        let texts: std::collections::BTreeSet<_> = all.iter().map(|block| block.text()).collect();
        assert_eq!((codes.len(), texts.len()), (all.len(), all.len()));
    }
}
