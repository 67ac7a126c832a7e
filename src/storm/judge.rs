//! The judgement: books against the gateway's truth, the same for our server and for the careless adapter.

use std::collections::BTreeMap;

use serde::Serialize;

use super::simulator::TruthLine;

/// What is counted; every bar is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// A checkout that took money twice, a second checkout under one reference, which could take it, and money beyond the total that the payer did not choose to pay or that the books
    /// do not show as too much (`overpaid`), so that nobody would send it back.
    pub double_charges: u64,
    /// Payments whose money the gateway has and the books have not, all of it.
    pub lost_payments: u64,
    /// Payments and invoices that stand otherwise than the truth says after the healing, what was pulled back included;
    /// notifications that were believed and must not be; refunds that failed and whose money cannot be asked for again.
    pub wrong_final_states: u64,
    /// Payments with no known outcome after 24 virtual hours without faults.
    pub unresolved_unknown: u64,
    /// Payments of which more went back than came, or than the books say.
    pub over_refunds: u64,
    /// Findings of the ledger check. The careless adapter has no ledger: sums that differ from the truth.
    pub unbalanced_postings: u64,
    /// Captured payments without their confirmation: in the record of the case, among the receipts that the payer can read
    /// (official for a clerk's cash, an entrustment confirmation for an agent's money, R-80), in the mail. Money by eL number is
    /// confirmed in the record alone: the bank gave the proof.
    pub receipts_missing: u64,
    /// Confirmations beyond the one that each payment with money is due, at any of these places; also of no money at all.
    pub receipts_duplicated: u64,
}

impl Counts {
    /// Takes another judgement in.
    pub fn add(&mut self, other: &Self) {
        self.double_charges += other.double_charges;
        self.lost_payments += other.lost_payments;
        self.wrong_final_states += other.wrong_final_states;
        self.unresolved_unknown += other.unresolved_unknown;
        self.over_refunds += other.over_refunds;
        self.unbalanced_postings += other.unbalanced_postings;
        self.receipts_missing += other.receipts_missing;
        self.receipts_duplicated += other.receipts_duplicated;
    }
}

/// Who took the money of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taker {
    /// A gateway, whose ledger is the truth.
    Gateway,
    /// A clerk, who counted so many yen.
    Clerk(i64),
    /// The organisation that takes money by eL number, whose ledger is the truth; the bank gave the proof.
    Organisation,
}

/// What a payment is of an act of several invoices, of which the gateway knows only the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Its part, in yen.
    pub amount: i64,
    /// What the act comes to, in yen.
    pub whole: i64,
    /// Whether it is the one of which a storm sends money back.
    pub is_first: bool,
}

impl Share {
    /// What the truth about the whole says of the share. Of a sum that is not the whole no share can be right: its part in
    /// proportion is not what the invoice is about.
    fn of(self, whole: TruthLine) -> TruthLine {
        let captured = (self.amount * whole.captured).checked_div(self.whole).unwrap_or_default();
        let refunded = if self.is_first { whole.refunded } else { 0 };
        TruthLine { captured, refunded, ..whole }
    }
}

/// A payment as the books have it.
#[derive(Clone, Debug)]
pub struct PaymentBook {
    /// The reference at the gateway.
    pub reference: String,
    /// Who took it.
    pub taker: Taker,
    /// What it is of an act of several invoices.
    pub share: Option<Share>,
    /// Where it stands.
    pub state: String,
    /// Yen taken.
    pub captured: i64,
    /// Yen sent back.
    pub refunded: i64,
    /// Yen pulled back by the payer's bank.
    pub charged_back: i64,
    /// How often it was confirmed that money came.
    pub confirmations: u64,
}

/// Whether the payer chose to pay twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaysTwice {
    /// By another method or by an older page: then it must show as too much.
    Perhaps,
    /// Never.
    No,
}

/// Whether people are told of what came beyond the debt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooMuch {
    /// It is proposed to go back.
    Proposed,
    /// It is not.
    Untold,
    /// Nobody looked: a refund may have taken it up, or there is no such list.
    NotLookedAt,
}

/// A receipt as the payer reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GivenReceipt {
    /// The reference of its payment.
    pub reference: String,
    /// `official_receipt` or `entrustment_confirmation`.
    pub kind: String,
    /// `valid` or `revoked`.
    pub state: String,
    /// Yen.
    pub total: i64,
}

/// Whether the confirmation of the invoice itself can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It can.
    Shown,
    /// It cannot.
    Missing,
}

/// What the payer was given for money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// What can be read, and what came by mail.
    Seen {
        /// The confirmation of the invoice.
        current: Receipt,
        /// Every receipt that was ever given for it.
        given: Vec<GivenReceipt>,
        /// Mails that say so.
        mails: u64,
    },
    /// None can be read at all there; only what was sent counts.
    NotOffered,
}

/// The books of one invoice.
#[derive(Clone, Debug)]
pub struct RunBooks {
    /// What is owed, in yen.
    pub total: i64,
    /// Where the invoice stands.
    pub invoice_state: String,
    /// Every attempt.
    pub payments: Vec<PaymentBook>,
    /// What the payer meant to do.
    pub pays_twice: PaysTwice,
    /// Whether too much would be sent back.
    pub too_much: TooMuch,
    /// What the payer has in hand.
    pub confirmed: Confirmed,
}

/// Judges one invoice.
pub fn judge(books: &RunBooks, truth: &BTreeMap<String, TruthLine>) -> Counts {
    let mut counts = Counts::default();
    let (mut came, mut back) = (0, 0);
    for payment in &books.payments {
        let line = line(payment, truth);
        came += line.captured;
        back += line.refunded;
        judge_payment(payment, &line, &mut counts);
    }
    let too_much = came - back > books.total;
    let is_seen = books.invoice_state == "overpaid" && books.too_much != TooMuch::Untold;
    if too_much && (books.pays_twice == PaysTwice::No || !is_seen) {
        counts.double_charges += 1;
    }
    if !expected(books, came, back).contains(&books.invoice_state.as_str()) {
        counts.wrong_final_states += 1;
    }
    if let Confirmed::Seen { current, given, mails } = &books.confirmed {
        let has_proof = |payment: &PaymentBook| {
            payment.taker != Taker::Organisation && payment.refunded < payment.captured
        };
        let confirmable = books.payments.iter().any(has_proof);
        counts.receipts_missing += u64::from(*current == Receipt::Missing && came > back && confirmable);
        judge_confirmations(books, truth, (given, *mails), &mut counts);
    }
    counts
}

fn line(payment: &PaymentBook, truth: &BTreeMap<String, TruthLine>) -> TruthLine {
    let line = match payment.taker {
        Taker::Gateway | Taker::Organisation => truth.get(&payment.reference).cloned().unwrap_or_default(),
        Taker::Clerk(captured) => TruthLine { captured, charges: 1, ..TruthLine::default() },
    };
    payment.share.map_or(line.clone(), |share| share.of(line))
}

/// Each payment with money was confirmed once, of the right kind and over the right sum, and nothing else was.
fn judge_confirmations(
    books: &RunBooks,
    truth: &BTreeMap<String, TruthLine>,
    (given, mails): (&[GivenReceipt], u64),
    counts: &mut Counts,
) {
    let (mut due, mut known) = (0, 0);
    for payment in &books.payments {
        let line = line(payment, truth);
        let is_due = u64::from(line.captured > 0 && payment.taker != Taker::Organisation);
        let right = GivenReceipt {
            reference: payment.reference.clone(),
            kind: match payment.taker {
                Taker::Gateway => "entrustment_confirmation".to_owned(),
                Taker::Clerk(_) | Taker::Organisation => "official_receipt".to_owned(),
            },
            state: "valid".to_owned(),
            total: line.captured,
        };
        let ours = || given.iter().filter(|receipt| receipt.reference == payment.reference);
        counts.receipts_missing += u64::from(is_due == 1 && !ours().any(|receipt| *receipt == right));
        let number = count(ours());
        counts.receipts_duplicated += number.saturating_sub(is_due);
        due += is_due;
        known += number;
    }
    counts.receipts_duplicated += count(given.iter()).saturating_sub(known) + mails.saturating_sub(due);
    counts.receipts_missing += due.saturating_sub(mails);
}

fn count<T>(items: impl Iterator<Item = T>) -> u64 {
    u64::try_from(items.count()).unwrap_or(u64::MAX)
}

fn judge_payment(payment: &PaymentBook, line: &TruthLine, counts: &mut Counts) {
    if line.charges > 1 {
        counts.double_charges += u64::from(line.charges - 1);
    }
    // Of a forgotten key: nobody has paid in the second one yet, and whoever finds it can.
    counts.double_charges += u64::from(line.checkouts.saturating_sub(1));
    if line.captured > payment.captured {
        counts.lost_payments += 1;
    }
    if line.refunded > line.captured || line.refunded > payment.refunded {
        counts.over_refunds += 1;
    }
    let state = match (line.captured, line.refunded) {
        (0, _) => &["failed", "canceled", "expired"][..],
        (_, 0) => &["captured"][..],
        (captured, refunded) if refunded < captured => &["partially_refunded"][..],
        _ => &["refunded"][..],
    };
    // What had gone back already is not gone a second time from this payment (F33).
    let charged_back = line.charged_back.min(line.captured - line.refunded);
    let right = state.contains(&payment.state.as_str())
        && (payment.captured, payment.refunded, payment.charged_back)
            == (line.captured, line.refunded, charged_back);
    if payment.state == "unknown" {
        counts.unresolved_unknown += 1;
    } else if !right {
        counts.wrong_final_states += 1;
    }
    match (line.captured > 0, payment.confirmations) {
        (true, 0) => counts.receipts_missing += 1,
        (_, several) if several > 1 => counts.receipts_duplicated += several - 1,
        _ => {}
    }
}

/// The states that an invoice may have when so much came and so much went back.
fn expected(books: &RunBooks, came: i64, back: i64) -> &'static [&'static str] {
    match (came, back) {
        (0, _) => &["unpaid"],
        (came, 0) if came == books.total => &["entrusted", "paid"],
        (came, back) if came - back > books.total => &["overpaid"],
        // The fee went back, for that is what payers ask for: what came twice pays it no more than before, and is too much.
        (came, back) if came > books.total && came - back == books.total => {
            &["overpaid", "partially_refunded"]
        }
        (came, back) if back == came => &["refunded"],
        _ => &["partially_refunded"],
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
