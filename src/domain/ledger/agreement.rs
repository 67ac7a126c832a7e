//! Whether what rows say of money is what was booked for it.
//!
//! Purpose: T-3 says that the ledger holds in itself; this says that invoices and payments tell the same story. Each
//! [`Fact`] is a difference, entries less rows: whatever order both come in, it is zero in the end, and only differences
//! that are not zero are kept.

use std::collections::HashMap;

use crate::domain::invoice::InvoiceState;
use crate::domain::ledger::{Account, BANK, Entry, EntryKind, Posting};
use crate::domain::money::Yen;
use crate::domain::refund::{InterestState, RefundRoute, RefundState};

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// What an invoice was assessed at (調定額), by its id.
    Assessed(String),
    /// What was taken off an invoice (減額調定), by its id.
    Reduced(String),
    /// What was given up of an invoice (不納欠損), by its id.
    WrittenOff(String),
    /// What cancelled stamps settled of an invoice, by its id.
    Stamped(String),
    /// What a case still owes (未収), by its id.
    Outstanding(String),
    /// What a payment took, by its id.
    Taken(String),
    /// What went back out of a payment through its gateway, by its id.
    SentBack(String),
    /// What a refund owes by its decision, by its id.
    RefundDecided(String),
    /// What of a refund left, by its id.
    RefundPaid(String),
    /// What interest on a refund owes by its decision (R-96), by the refund's id.
    InterestDecided(String),
    /// What of that interest left, by the refund's id.
    InterestPaid(String),
    /// What a line of a payout brought to the bank, by its id.
    Remitted(String),
    /// What the agent kept of it, by its id.
    FeeKept(String),
}

impl Fact {
    /// A short name, for counting.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Assessed(_) => "assessed",
            Self::Reduced(_) => "reduced",
            Self::WrittenOff(_) => "written_off",
            Self::Stamped(_) => "stamped",
            Self::Outstanding(_) => "outstanding",
            Self::Taken(_) => "taken",
            Self::SentBack(_) => "sent_back",
            Self::RefundDecided(_) => "refund_decided",
            Self::RefundPaid(_) => "refund_paid",
            Self::InterestDecided(_) => "interest_decided",
            Self::InterestPaid(_) => "interest_paid",
            Self::Remitted(_) => "remitted",
            Self::FeeKept(_) => "fee_kept",
        }
    }
}

/// Something booked that its rows do not say, or the other way round.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Disagreement {
    /// What is compared.
    pub fact: Fact,
    /// Entries less rows, in yen.
    pub difference: i64,
}

/// What an invoice claims.
#[derive(Clone, Debug)]
pub struct InvoiceClaim {
    /// Its id.
    pub id: String,
    /// The case it arises from.
    pub application: String,
    /// Its state.
    pub state: InvoiceState,
    /// What it was issued for.
    pub total: Yen,
    /// What was taken off since.
    pub reduced: Yen,
    /// What was given up of it.
    pub written_off: Yen,
    /// What cancelled stamps settled of it.
    pub stamped: Yen,
}

/// What a payment claims.
#[derive(Clone, Debug)]
pub struct PaymentClaim {
    /// Its id.
    pub id: String,
    /// Taken.
    pub captured: Yen,
    /// Sent back, by the gateway's word.
    pub refunded: Yen,
}

/// What a refund claims.
#[derive(Clone, Debug)]
pub struct RefundClaim {
    /// Its id.
    pub id: String,
    /// The payment that goes back.
    pub payment: String,
    /// How the money goes back.
    pub route: RefundRoute,
    /// Its state.
    pub state: RefundState,
    /// How much.
    pub amount: Yen,
    /// The interest on it, where there is any to pay, with where that stands.
    pub interest: Option<(Yen, InterestState)>,
}

/// What a booked line of a payout claims.
#[derive(Clone, Debug)]
pub struct LineClaim {
    /// Its id.
    pub id: String,
    /// What of it arrived, in yen; negative where it was taken off.
    pub net: i64,
    /// Fee and tax, in yen.
    pub kept: i64,
}

/// The comparison of entries and rows, in any order.
#[derive(Debug, Default)]
pub struct Agreement {
    differences: HashMap<Fact, i64>,
}

impl Agreement {
    /// Takes an entry of a case in.
    pub fn entry(&mut self, application: &str, entry: &Entry) {
        let amount = entry.amount.amount();
        let (posting, signed) = match entry.kind {
            EntryKind::Booked(posting) => (posting, amount),
            EntryKind::Reversed(posting) => (posting, -amount),
        };
        // An assessment that was booked back had been made all the same.
        if entry.kind == EntryKind::Booked(Posting::Assess) {
            self.add(Fact::Assessed(entry.source_id.clone()), amount);
        }
        if posting == Posting::Reduce {
            // A reduction is booked under `invoice:reassessment`.
            let invoice = entry.source_id.split(':').next().unwrap_or_default();
            self.add(Fact::Reduced(invoice.to_owned()), signed);
        }
        if posting == Posting::WriteOff {
            self.add(Fact::WrittenOff(entry.source_id.clone()), signed);
        }
        if posting == Posting::UseStamps {
            // A use is booked under `invoice:use`.
            let invoice = entry.source_id.split(':').next().unwrap_or_default();
            self.add(Fact::Stamped(invoice.to_owned()), signed);
        }
        if matches!(posting, Posting::Entrust | Posting::Receive) {
            // A later sum of a payment is booked under `payment:sum`.
            let payment = entry.source_id.split(':').next().unwrap_or_default();
            self.add(Fact::Taken(payment.to_owned()), signed);
        }
        if posting == Posting::Refund {
            self.add(Fact::RefundDecided(entry.source_id.clone()), signed);
        }
        if posting == Posting::RefundPaid {
            self.add(Fact::RefundPaid(entry.source_id.clone()), signed);
        }
        if matches!(posting, Posting::Interest | Posting::InterestPaid) {
            // Interest is booked under `refund:interest`.
            let refund = entry.source_id.split(':').next().unwrap_or_default().to_owned();
            let decided = posting == Posting::Interest;
            self.add(
                if decided { Fact::InterestDecided(refund) } else { Fact::InterestPaid(refund) },
                signed,
            );
        }
        if matches!(posting, Posting::Remit | Posting::RemitFee | Posting::Withhold) {
            self.remitted(entry);
        }
        if entry.debit_account == Account::Receivable {
            self.add(Fact::Outstanding(application.to_owned()), amount);
        }
        if entry.credit_account == Account::Receivable {
            self.add(Fact::Outstanding(application.to_owned()), -amount);
        }
    }

    fn remitted(&mut self, entry: &Entry) {
        // A share of a line is booked under `line:payment`.
        let line = entry.source_id.split(':').next().unwrap_or_default();
        let amount = entry.amount.amount();
        for (account, moved) in [(&entry.debit_account, amount), (&entry.credit_account, -amount)] {
            match account {
                Account::Cash(place) if place == BANK => {
                    self.add(Fact::Remitted(line.to_owned()), moved);
                }
                Account::FeeExpense => self.add(Fact::FeeKept(line.to_owned()), moved),
                _ => {}
            }
        }
    }

    /// Takes a booked line of a payout in.
    pub fn line(&mut self, claim: LineClaim) {
        self.add(Fact::Remitted(claim.id.clone()), -claim.net);
        self.add(Fact::FeeKept(claim.id), -claim.kept);
    }

    /// Takes an invoice in.
    pub fn invoice(&mut self, claim: InvoiceClaim) {
        let (total, reduced) = (claim.total.amount(), claim.reduced.amount());
        self.add(Fact::Assessed(claim.id.clone()), -total);
        self.add(Fact::Reduced(claim.id.clone()), -reduced);
        self.add(Fact::WrittenOff(claim.id.clone()), -claim.written_off.amount());
        self.add(Fact::Stamped(claim.id), -claim.stamped.amount());
        if matches!(claim.state, InvoiceState::Unpaid | InvoiceState::Pending) {
            self.add(Fact::Outstanding(claim.application), reduced - total);
        }
    }

    /// Takes a payment in.
    pub fn payment(&mut self, claim: PaymentClaim) {
        self.add(Fact::Taken(claim.id.clone()), -claim.captured.amount());
        self.add(Fact::SentBack(claim.id), -claim.refunded.amount());
    }

    /// Takes a refund in. What a gateway says it sent back of a payment must be the refunds that went through it.
    pub fn refund(&mut self, claim: RefundClaim) {
        let amount = claim.amount.amount();
        if let Some((interest, state)) = claim.interest {
            if state.is_decided() {
                self.add(Fact::InterestDecided(claim.id.clone()), -interest.amount());
            }
            if state == InterestState::Paid {
                self.add(Fact::InterestPaid(claim.id.clone()), -interest.amount());
            }
        }
        if claim.state.is_decided() {
            self.add(Fact::RefundDecided(claim.id.clone()), -amount);
        }
        if claim.state.is_paid() {
            self.add(Fact::RefundPaid(claim.id), -amount);
        }
        if claim.state == RefundState::Succeeded && claim.route == RefundRoute::Gateway {
            self.add(Fact::SentBack(claim.payment), amount);
        }
    }

    /// What does not agree, now that everything is in.
    pub fn finish(self) -> Vec<Disagreement> {
        let all = self.differences.into_iter();
        let mut found: Vec<_> = all.map(|(fact, difference)| Disagreement { fact, difference }).collect();
        found.sort();
        found
    }

    fn add(&mut self, fact: Fact, amount: i64) {
        if amount == 0 {
            return;
        }
        let difference = self.differences.get(&fact).copied().unwrap_or(0) + amount;
        if difference == 0 {
            self.differences.remove(&fact);
        } else {
            self.differences.insert(fact, difference);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{Agreement, BANK, Disagreement, Fact, InvoiceClaim, PaymentClaim, RefundClaim};
    use crate::domain::invoice::InvoiceState;
    use crate::domain::ledger::{Account, Entry, EntryKind, Posting};
    use crate::domain::money::Yen;
    use crate::domain::refund::{InterestState, RefundRoute, RefundState};

    fn yen(amount: i64) -> Yen {
        Yen::new(amount).unwrap()
    }

    fn entry(posting: Posting, source: &str, to: Account, from: Account) -> Entry {
        Entry {
            kind: EntryKind::Booked(posting),
            source_id: source.to_owned(),
            line_no: 1,
            debit_account: to,
            credit_account: from,
            amount: yen(900),
            fiscal_year: 2026,
            booked_on: date(2026, 9, 18),
        }
    }

    fn assessed() -> Entry {
        entry(Posting::Assess, "i", Account::Receivable, Account::Revenue("08".to_owned()))
    }

    fn entrusted() -> Entry {
        entry(Posting::Entrust, "p", Account::Entrusted("komoju".to_owned()), Account::Receivable)
    }

    /// One invoice in a state and one payment, held against these entries.
    fn compared(entries: &[Entry], state: InvoiceState, captured: i64, refunded: i64) -> Vec<Disagreement> {
        compared_reduced(entries, state, (captured, refunded), 0)
    }

    fn compared_reduced(
        entries: &[Entry],
        state: InvoiceState,
        (captured, refunded): (i64, i64),
        reduced: i64,
    ) -> Vec<Disagreement> {
        let mut agreement = Agreement::default();
        agreement.payment(PaymentClaim {
            id: "p".to_owned(),
            captured: yen(captured),
            refunded: yen(refunded),
        });
        for entry in entries {
            agreement.entry("case", entry);
        }
        let total = yen(900);
        let reduced = yen(reduced);
        let (id, application) = ("i".to_owned(), "case".to_owned());
        let written_off = if state == InvoiceState::WrittenOff { total } else { Yen::ZERO };
        let stamped = Yen::ZERO;
        agreement.invoice(InvoiceClaim { id, application, state, total, reduced, written_off, stamped });
        agreement.finish()
    }

    #[test]
    fn t3_r71_stamps_without_their_entry_and_entries_without_stamps_are_found() {
        let used = entry(Posting::UseStamps, "i:u", Account::Stamps, Account::Receivable);
        let rows = |entries: &[Entry], stamped: i64| {
            let mut agreement = Agreement::default();
            for entry in entries {
                agreement.entry("case", entry);
            }
            agreement.invoice(InvoiceClaim {
                id: "i".to_owned(),
                application: "case".to_owned(),
                state: if stamped > 0 { InvoiceState::Paid } else { InvoiceState::Unpaid },
                total: yen(900),
                reduced: Yen::ZERO,
                written_off: Yen::ZERO,
                stamped: yen(stamped),
            });
            agreement.finish()
        };
        assert_eq!(rows(&[assessed(), used.clone()], 900), []);
        let (stamped, owed) = (Fact::Stamped("i".to_owned()), Fact::Outstanding("case".to_owned()));
        assert_eq!(rows(&[assessed()], 900), [found(stamped.clone(), -900), found(owed.clone(), 900)]);
        assert_eq!(rows(&[assessed(), used.clone()], 0), [found(stamped, 900), found(owed, -900)]);
        let undone = crate::domain::ledger::reverse(&used, date(2026, 10, 1)).unwrap();
        assert_eq!(rows(&[assessed(), used, undone], 0), []);
    }

    fn found(fact: Fact, difference: i64) -> Disagreement {
        Disagreement { fact, difference }
    }

    #[test]
    fn t3_rows_and_entries_that_tell_one_story_agree() {
        assert_eq!(compared(&[assessed()], InvoiceState::Unpaid, 0, 0), []);
        assert_eq!(compared(&[assessed(), entrusted()], InvoiceState::Entrusted, 900, 0), []);
    }

    #[test]
    fn t3_a_state_that_was_not_booked_is_found() {
        let owed = found(Fact::Outstanding("case".to_owned()), 900);
        let taken = found(Fact::Taken("p".to_owned()), -900);
        assert_eq!(compared(&[assessed()], InvoiceState::Entrusted, 900, 0), [owed, taken]);
        let nothing =
            [found(Fact::Assessed("i".to_owned()), -900), found(Fact::Outstanding("case".to_owned()), -900)];
        assert_eq!(compared(&[], InvoiceState::Unpaid, 0, 0), nothing);
    }

    #[test]
    fn t3_a_reduction_without_its_entries_and_entries_without_a_reduction_are_found() {
        let off = entry(Posting::Reduce, "i:r", Account::Revenue("08".to_owned()), Account::Receivable);
        let off = Entry { amount: yen(400), ..off };
        let rows =
            |entries: &[Entry], reduced| compared_reduced(entries, InvoiceState::Unpaid, (0, 0), reduced);
        assert_eq!(rows(&[assessed(), off.clone()], 400), []);
        let (reduced, owed) = (Fact::Reduced("i".to_owned()), Fact::Outstanding("case".to_owned()));
        assert_eq!(rows(&[assessed()], 400), [found(reduced.clone(), -400), found(owed.clone(), 400)]);
        assert_eq!(rows(&[assessed(), off.clone()], 0), [found(reduced, 400), found(owed, -400)]);
        let undone = crate::domain::ledger::reverse(&off, date(2026, 10, 1)).unwrap();
        assert_eq!(rows(&[assessed(), off, undone], 0), []);
    }

    #[test]
    fn t3_a_write_off_without_its_entry_is_found() {
        let given_up = entry(Posting::WriteOff, "i", Account::WrittenOff, Account::Receivable);
        assert_eq!(compared(&[assessed(), given_up], InvoiceState::WrittenOff, 0, 0), []);
        let (off, owed) = (Fact::WrittenOff("i".to_owned()), Fact::Outstanding("case".to_owned()));
        let missing = [found(off, -900), found(owed, 900)];
        assert_eq!(compared(&[assessed()], InvoiceState::WrittenOff, 0, 0), missing);
    }

    #[test]
    fn t3_r96_interest_without_its_entry_and_entries_without_interest_are_found() {
        let expense = Account::InterestExpense("02".to_owned());
        let decided = entry(Posting::Interest, "r:interest", expense, Account::InterestPayable);
        let paid = entry(
            Posting::InterestPaid,
            "r:interest",
            Account::InterestPayable,
            Account::Cash(BANK.to_owned()),
        );
        let rows = |entries: &[Entry], interest: Option<InterestState>| {
            let mut agreement = Agreement::default();
            for entry in entries {
                agreement.entry("case", entry);
            }
            agreement.refund(RefundClaim {
                id: "r".to_owned(),
                payment: "p".to_owned(),
                route: RefundRoute::BankTransfer,
                state: RefundState::Requested,
                amount: yen(22_000),
                interest: interest.map(|state| (yen(900), state)),
            });
            agreement.finish()
        };
        let (owed, left) = (Fact::InterestDecided("r".to_owned()), Fact::InterestPaid("r".to_owned()));
        assert_eq!(rows(std::slice::from_ref(&decided), Some(InterestState::Due)), []);
        assert_eq!(rows(&[decided.clone(), paid.clone()], Some(InterestState::Paid)), []);
        assert_eq!(rows(&[], Some(InterestState::Sent)), [found(owed.clone(), -900)]);
        assert_eq!(rows(std::slice::from_ref(&decided), None), [found(owed, 900)]);
        assert_eq!(rows(&[decided.clone(), paid], Some(InterestState::Due)), [found(left, 900)]);
        let undone = crate::domain::ledger::reverse(&decided, date(2026, 10, 1)).unwrap();
        assert_eq!(rows(&[decided, undone], Some(InterestState::Undone)), []);
    }

    #[test]
    fn t3_money_that_went_back_without_a_refund_is_found() {
        let back = found(Fact::SentBack("p".to_owned()), -100);
        assert_eq!(compared(&[assessed(), entrusted()], InvoiceState::PartiallyRefunded, 900, 100), [back]);
    }

    #[test]
    fn t3_a_capture_that_was_booked_back_counts_no_more() {
        let undone = crate::domain::ledger::reverse(&entrusted(), date(2026, 10, 1)).unwrap();
        let whole = Entry { source_id: "p:900".to_owned(), ..entrusted() };
        assert_eq!(compared(&[assessed(), entrusted(), undone, whole], InvoiceState::Entrusted, 900, 0), []);
    }
}
