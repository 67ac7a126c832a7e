//! Money at the counter (窓口収納): cash and bank slips the body itself receives, so what is entered is paid on the day it came; what a
//! terminal takes is its agent's until it is sent ([`super::CounterTerminal`]).
//!
//! Purpose: say what an entry must be before it is believed, and what undoing one means. Invariants: only the whole debt
//! is taken, on a day between the notice and today; an entry is undone by another officer, as a correction of the record,
//! never as a refund: the money was not there, so the payment ends without money and its posting is booked back.

use jiff::civil::Date;

use crate::domain::fault::Fault;
use crate::domain::money::Yen;
use crate::domain::payment::{Change, Folded, Payment, PaymentCounters, PaymentState};

/// The code under which procedures offer the counter.
pub const COUNTER_METHOD: &str = "counter";

/// By which means money comes to the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CounterMeans {
    /// 現金.
    Cash,
    /// Card or e-money at the counter's terminal.
    Pos,
    /// 納付書, paid in at the body's bank.
    BankSlip,
}

impl CounterMeans {
    /// Every means.
    pub const ALL: [Self; 3] = [Self::Cash, Self::Pos, Self::BankSlip];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Pos => "pos",
            Self::BankSlip => "bank_slip",
        }
    }

    /// The means of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|means| means.as_str() == text)
    }

    /// Where the money lies: the place in the ledger, and the name in `payments.gateway`. Of a terminal the body's data names it.
    pub fn place(self) -> &'static str {
        match self {
            Self::Cash => "counter_cash",
            Self::Pos => "counter_pos",
            Self::BankSlip => "counter_bank_slip",
        }
    }
}

/// What is wrong with an entry: every fault, none in a good one.
pub fn counter_faults(
    (amount, total): (i64, Yen),
    received_on: Date,
    (issued_on, today): (Date, Date),
) -> Vec<Fault> {
    let mut faults = Vec::new();
    if amount != total.amount() {
        let ja = format!("納付すべき額（{}円）と一致しません。", total.amount());
        let en = format!("It is not what is owed ({} yen).", total.amount());
        faults.push(Fault::new("/amount", "amount_differs", &ja, &en));
    }
    faults.extend(day_faults("/received_on", received_on, (issued_on, today)));
    faults
}

/// What is wrong with a day on which something is said to have happened about a notice: it lies between the notice and today.
pub fn day_faults(pointer: &str, day: Date, (issued_on, today): (Date, Date)) -> Vec<Fault> {
    let mut faults = Vec::new();
    if day > today {
        let (ja, en) = ("未来の日付です。", "This day is yet to come.");
        faults.push(Fault::new(pointer, "in_the_future", ja, en));
    }
    if day < issued_on {
        let ja = format!("納入通知の日（{issued_on}）より前の日付です。");
        let en = format!("It is before the day of the notice ({issued_on}).");
        faults.push(Fault::new(pointer, "before_the_notice", &ja, &en));
    }
    faults
}

impl Payment {
    /// The payment once its whole amount lies at the counter.
    #[must_use]
    pub fn received_at_counter(&self, means: CounterMeans) -> Folded {
        self.received_whole(means.as_str())
    }

    /// The payment once the body itself or its agent has the whole of it, by the means of this name.
    #[must_use]
    pub fn received_whole(&self, means: &str) -> Folded {
        let mut next = self.clone();
        next.state = PaymentState::Captured;
        means.clone_into(&mut next.raw_status);
        next.counters =
            PaymentCounters { authorized: self.amount, captured: self.amount, ..PaymentCounters::default() };
        Folded { next, change: Change::Changed, alerts: Vec::new() }
    }

    /// The payment once its entry turned out to be wrong; none when money of it went back since, for then it was there.
    #[must_use]
    pub fn struck_out(&self) -> Option<Self> {
        if self.state != PaymentState::Captured {
            return None;
        }
        let mut next = self.clone();
        next.state = PaymentState::Canceled;
        "reversed".clone_into(&mut next.raw_status);
        next.counters = PaymentCounters::default();
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{CounterMeans, counter_faults};
    use crate::domain::money::Yen;

    #[test]
    fn every_name_reads_back() {
        for means in CounterMeans::ALL {
            assert_eq!(CounterMeans::parse(means.as_str()), Some(means));
            assert!(means.place().starts_with("counter_"));
        }
        assert_eq!(CounterMeans::parse("cheque"), None);
    }

    #[test]
    fn only_the_whole_debt_on_a_day_between_notice_and_today_is_taken() {
        let (issued, today) = (date(2026, 4, 1), date(2026, 4, 10));
        let codes = |amount, received| -> Vec<&str> {
            let faults = counter_faults((amount, Yen::new(8_000).unwrap()), received, (issued, today));
            faults.iter().map(|fault| fault.code).collect()
        };
        for received in [issued, date(2026, 4, 5), today] {
            assert!(codes(8_000, received).is_empty());
        }
        for amount in [-8_000, 0, 7_999, 8_001] {
            assert_eq!(codes(amount, today), ["amount_differs"]);
        }
        assert_eq!(codes(8_000, date(2026, 4, 11)), ["in_the_future"]);
        assert_eq!(codes(1, date(2026, 3, 31)), ["amount_differs", "before_the_notice"]);
    }
}
