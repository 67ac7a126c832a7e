//! Reconciliation (照合): our books, the agents' payouts and the bank's credits, held against each other.
//!
//! Purpose: three sources in, matches and findings out. A line is matched to a payment by the gateway's own id, then by our
//! reference; an equal amount on about the same day is only a suggestion. A payout is matched to a credit of exactly its
//! amount. Invariants: amounts are exact, there is no tolerance; days are those of Japan (収入日), a difference of one day is
//! a difference; each captured payment is in exactly one payout; what goes back never exceeds what was taken; Σ net is the
//! payout and the payout is the credit. What does not hold becomes a finding for a person, never a correction. Everything
//! is looked up by hash: the cost grows with the number of rows.

mod comeback;
mod lines;
mod overdue;
mod payouts;
mod resolution;

use jiff::civil::Date;
use serde_json::Value;

use crate::domain::id::{BankCreditId, PaymentId, SettlementId, SettlementLineId};
use crate::domain::settlement::{ExceptionKind, SettlementLine};

pub use comeback::is_same_trouble;
pub use lines::{LineMatches, match_lines};
pub use overdue::overdue_payouts;
pub use payouts::{PayoutMatches, lapsed_credits, match_payouts};
pub use resolution::{Consequence, EL_QR_CANCELLATION, RETURNED_OUTSIDE, Resolution, resolutions_of};

/// Which days are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Payments taken on this JST day or later are looked at as a whole; of older ones only some lines are here.
    pub from: Date,
    /// The JST day that has ended.
    pub day: Date,
}

/// A payment as our books have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OurPayment {
    /// The payment.
    pub id: PaymentId,
    /// Name of the merchant account.
    pub gateway: String,
    /// Our reference at the gateway.
    pub merchant_reference: String,
    /// The gateway's id of the payment.
    pub gateway_payment_id: Option<String>,
    /// The payment in whose checkout, and so under whose reference, the gateway took this money as well.
    pub charged_beside: Option<PaymentId>,
    /// Taken, in yen.
    pub captured: i64,
    /// Sent back, in yen.
    pub refunded: i64,
    /// Pulled back, in yen.
    pub charged_back: i64,
    /// The JST day of the capture.
    pub captured_on: Option<Date>,
    /// The JST day on which the last refund left.
    pub refunded_on: Option<Date>,
    /// The last day by which its money must have come.
    pub due_on: Option<Date>,
}

impl OurPayment {
    /// What the agent still has of it: taken, and not gone back.
    fn held(&self) -> i64 {
        self.captured - self.refunded - self.charged_back
    }
}

/// A line of a payout, with where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedLine {
    /// The line.
    pub id: SettlementLineId,
    /// Its payout.
    pub settlement: SettlementId,
    /// Name of the merchant account.
    pub gateway: String,
    /// What it says.
    pub line: SettlementLine,
}

/// Whether the money of a payout arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Nobody said so yet.
    Awaited,
    /// Two officers said so; the bank's credit may be here or not.
    Attested,
    /// The bank's credit is known.
    Seen,
}

/// A payout as reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    /// The payout.
    pub id: SettlementId,
    /// Name of the merchant account.
    pub gateway: String,
    /// The agent's name of it.
    pub batch_reference: String,
    /// The days it covers, where they are stated.
    pub period: Option<(Date, Date)>,
    /// What is paid out, in yen.
    pub net: i64,
    /// The day on which it is to arrive; of one without such a day, the day on which it was reported.
    pub expected_on: Date,
    /// Whether it did.
    pub arrival: Arrival,
}

/// A credit of the bank that is matched to nothing yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenCredit {
    /// The credit.
    pub id: BankCreditId,
    /// The day on which the bank booked it.
    pub credited_on: Date,
    /// In yen.
    pub amount: i64,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// A payment.
    Payment(PaymentId),
    /// What went back of a payment.
    RefundsOf(PaymentId),
    /// A line of a payout.
    Line(SettlementLineId),
    /// A payout.
    Settlement(SettlementId),
    /// A credit of the bank.
    Credit(BankCreditId),
}

/// Something that does not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of exception it is.
    pub kind: ExceptionKind,
    /// What it is about.
    pub about: About,
    /// Which rule is broken, and the values on either side; no personal data.
    pub facts: Value,
}

#[cfg(test)]
mod tests;
