//! The judgement: books against the gateway's truth, the same for our server and for the careless adapter.

use std::collections::BTreeMap;

use serde::Serialize;

use super::simulator::TruthLine;

/// What is counted; every bar is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// A checkout that took money twice, and money beyond the total that the payer did not choose to pay or that the books
    /// do not show as too much (`overpaid`), so that nobody would send it back.
    pub double_charges: u64,
    /// Payments whose money the gateway has and the books have not, all of it.
    pub lost_payments: u64,
    /// Payments and invoices that stand otherwise than the truth says after the healing.
    pub wrong_final_states: u64,
    /// Payments with no known outcome after 24 virtual hours without faults.
    pub unresolved_unknown: u64,
    /// Payments of which more went back than came, or than the books say.
    pub over_refunds: u64,
    /// Findings of the ledger check. The careless adapter has no ledger: sums that differ from the truth.
    pub unbalanced_postings: u64,
    /// Captured payments that were never confirmed, and invoices with money but without a readable confirmation.
    pub receipts_missing: u64,
    /// Payments that were confirmed more than once.
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
}

/// A payment as the books have it.
#[derive(Clone, Debug)]
pub struct PaymentBook {
    /// The reference at the gateway.
    pub reference: String,
    /// Who took it.
    pub taker: Taker,
    /// Where it stands.
    pub state: String,
    /// Yen taken.
    pub captured: i64,
    /// Yen sent back.
    pub refunded: i64,
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

/// Whether a confirmation can be read where one is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It can.
    Shown,
    /// It cannot.
    Missing,
    /// None can be read at all there; only what was sent counts.
    NotOffered,
}

/// The books of one run.
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
    /// The confirmation.
    pub receipt: Receipt,
}

/// Judges one run.
pub fn judge(books: &RunBooks, truth: &BTreeMap<String, TruthLine>) -> Counts {
    let mut counts = Counts::default();
    let (mut came, mut back) = (0, 0);
    for payment in &books.payments {
        let line = match payment.taker {
            Taker::Gateway => truth.get(&payment.reference).cloned().unwrap_or_default(),
            Taker::Clerk(captured) => TruthLine { captured, charges: 1, ..TruthLine::default() },
        };
        came += line.captured;
        back += line.refunded;
        judge_payment(payment, &line, &mut counts);
    }
    let too_much = came - back > books.total;
    if too_much && (books.pays_twice == PaysTwice::No || books.invoice_state != "overpaid") {
        counts.double_charges += 1;
    }
    if !expected(books, came, back).contains(&books.invoice_state.as_str()) {
        counts.wrong_final_states += 1;
    }
    let confirmable = books.payments.iter().any(|payment| payment.refunded < payment.captured);
    if books.receipt == Receipt::Missing && came > back && confirmable {
        counts.receipts_missing += 1;
    }
    counts
}

fn judge_payment(payment: &PaymentBook, line: &TruthLine, counts: &mut Counts) {
    if line.charges > 1 {
        counts.double_charges += u64::from(line.charges - 1);
    }
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
    let right = state.contains(&payment.state.as_str())
        && (payment.captured, payment.refunded) == (line.captured, line.refunded);
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
        (came, back) if came > books.total && came - back == books.total => {
            &["entrusted", "paid", "partially_refunded"]
        }
        (came, back) if back == came => &["refunded"],
        _ => &["partially_refunded"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payment(state: &str, captured: i64, refunded: i64, confirmations: u64) -> PaymentBook {
        let (reference, state) = ("r".to_owned(), state.to_owned());
        PaymentBook { reference, taker: Taker::Gateway, state, captured, refunded, confirmations }
    }

    fn books(invoice_state: &str, payment: PaymentBook) -> RunBooks {
        RunBooks {
            total: 100,
            invoice_state: invoice_state.to_owned(),
            payments: vec![payment],
            pays_twice: PaysTwice::No,
            receipt: Receipt::Shown,
        }
    }

    fn truth(captured: i64, refunded: i64, charges: u32) -> BTreeMap<String, TruthLine> {
        BTreeMap::from([("r".to_owned(), TruthLine { captured, refunded, charges, ..TruthLine::default() })])
    }

    #[test]
    fn books_that_tell_the_truth_are_without_fault() {
        let good = [
            (books("entrusted", payment("captured", 100, 0, 1)), truth(100, 0, 1)),
            (books("refunded", payment("refunded", 100, 100, 1)), truth(100, 100, 1)),
            (books("partially_refunded", payment("partially_refunded", 100, 40, 1)), truth(100, 40, 1)),
            (books("unpaid", payment("expired", 0, 0, 0)), truth(0, 0, 0)),
            (books("unpaid", payment("failed", 0, 0, 0)), BTreeMap::new()),
        ];
        for (books, truth) in good {
            assert_eq!(judge(&books, &truth), Counts::default(), "{books:?}");
        }
    }

    #[test]
    fn each_kind_of_fault_is_seen() {
        let lost = judge(&books("unpaid", payment("expired", 0, 0, 0)), &truth(100, 0, 1));
        assert_eq!((lost.lost_payments, lost.wrong_final_states, lost.receipts_missing), (1, 2, 1));
        let invented = judge(&books("entrusted", payment("captured", 100, 0, 1)), &truth(0, 0, 0));
        assert_eq!((invented.lost_payments, invented.wrong_final_states), (0, 2));
        let twice = judge(&books("entrusted", payment("captured", 100, 0, 1)), &truth(200, 0, 2));
        assert_eq!((twice.double_charges, twice.lost_payments), (2, 1));
        let too_much_back = judge(
            &books("partially_refunded", payment("partially_refunded", 100, 30, 1)),
            &truth(100, 60, 1),
        );
        assert_eq!(too_much_back.over_refunds, 1);
        let told_twice = judge(&books("entrusted", payment("captured", 100, 0, 2)), &truth(100, 0, 1));
        assert_eq!(told_twice.receipts_duplicated, 1);
        let unknown = judge(&books("pending", payment("unknown", 0, 0, 0)), &truth(0, 0, 0));
        assert_eq!(unknown.unresolved_unknown, 1);
        let mut unread = books("entrusted", payment("captured", 100, 0, 1));
        unread.receipt = Receipt::Missing;
        assert_eq!(judge(&unread, &truth(100, 0, 1)).receipts_missing, 1);
    }

    #[test]
    fn money_that_comes_twice_by_choice_must_show_as_too_much() {
        let mut both = books("overpaid", payment("captured", 100, 0, 1));
        both.payments.push(PaymentBook { reference: "s".to_owned(), ..payment("captured", 100, 0, 1) });
        let mut truth = truth(100, 0, 1);
        truth.insert("s".to_owned(), TruthLine { captured: 100, charges: 1, ..TruthLine::default() });
        assert_eq!(judge(&both, &truth).double_charges, 1, "nobody chose that");
        both.pays_twice = PaysTwice::Perhaps;
        assert_eq!(judge(&both, &truth), Counts::default());
        both.invoice_state = "entrusted".to_owned();
        assert_eq!(judge(&both, &truth).double_charges, 1, "nobody would send it back");
    }
}
