//! What an agent sends, and for what (払込, 指定納付受託者の報告: R-78, LAA 231の2の5②).
//!
//! Purpose: one shape for every gateway's report of a payout, and what must hold in it. A batch (払込単位) is one payout with
//! its lines; a line is money taken, given back, pulled back or kept. Settlement is a dimension of its own beside the state
//! of a payment: a captured payment is unsettled, then in a batch, then settled. Invariants: net is gross less fee less tax
//! on every line, and their sum is the payout, to the yen; what does not hold becomes an exception, never a correction.

mod check;
mod csv;
mod dimension;
mod exception;
mod intake;
mod remittance_rule;
mod trouble;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::money::YEN_MAX;

pub use check::{BatchFault, batch_faults, fault_exception};
pub use csv::{cells, decode, read_csv};
pub use dimension::{MatchedLine, OpenExceptions, SettlementState, settlement_state};
pub use exception::{ExceptionKind, ExceptionState};
pub use intake::{
    Agreement, Arrived, HeadNews, KnownLine, LineNews, ReportOrigin, head_news, line_news, same_content,
};
pub use remittance_rule::{RemitWithin, designated_day};
pub use trouble::{Concern, report_concern};

/// Yen with a sign: what an agent adds (positive) or takes off (negative).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct SignedYen(i64);

/// An amount left the range of ±100 billion yen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signed amount of yen must lie within ±{YEN_MAX}")]
pub struct SignedYenOutOfRange;

impl SignedYen {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// Checks the range.
    pub fn new(amount: i64) -> Result<Self, SignedYenOutOfRange> {
        if (-YEN_MAX..=YEN_MAX).contains(&amount) { Ok(Self(amount)) } else { Err(SignedYenOutOfRange) }
    }

    /// The amount in yen.
    pub fn amount(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for SignedYen {
    type Error = SignedYenOutOfRange;
    fn try_from(amount: i64) -> Result<Self, Self::Error> {
        Self::new(amount)
    }
}

impl From<SignedYen> for i64 {
    fn from(yen: SignedYen) -> Self {
        yen.0
    }
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// Money that a payer entrusted.
    Capture,
    /// Money that went back to a payer.
    Refund,
    /// Money that a payer's bank pulled back.
    Chargeback,
    /// A fee of the agent for no single payment.
    Fee,
    /// A correction by the agent.
    Adjustment,
    /// Money that the agent holds back for a while, or lets go.
    Reserve,
}

impl LineKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Capture, Self::Refund, Self::Chargeback, Self::Fee, Self::Adjustment, Self::Reserve];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Refund => "refund",
            Self::Chargeback => "chargeback",
            Self::Fee => "fee",
            Self::Adjustment => "adjustment",
            Self::Reserve => "reserve",
        }
    }

    /// The kind of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether a line of this kind is about one payment.
    pub fn names_a_payment(self) -> bool {
        match self {
            Self::Capture | Self::Refund | Self::Chargeback => true,
            Self::Fee | Self::Adjustment | Self::Reserve => false,
        }
    }
}

/// One payout as its agent states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettlementBatch {
    /// Our name of the merchant account.
    pub gateway: String,
    /// The agent's name of the payout; unique at the agent.
    pub batch_reference: String,
    /// The first day it covers.
    pub period_from: Option<Date>,
    /// The last day it covers.
    pub period_to: Option<Date>,
    /// The day in Japan on which the money is to arrive.
    pub payout_on: Option<Date>,
    /// Σ gross as stated.
    pub gross: SignedYen,
    /// Σ fee as stated, positive where the agent keeps it.
    pub fee: SignedYen,
    /// Σ tax on the fees as stated.
    pub tax: SignedYen,
    /// What is paid out, as stated.
    pub net: SignedYen,
}

/// One line of a payout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettlementLine {
    /// The agent's own id of the line, or where it has none its number: unique in the batch.
    pub line_key: String,
    /// Its place in the report, from 1.
    pub line_no: i64,
    /// What it is about.
    pub kind: LineKind,
    /// Our reference of the payment.
    pub merchant_reference: Option<String>,
    /// The gateway's id of the payment.
    pub gateway_payment_id: Option<String>,
    /// What was taken (positive) or went back (negative).
    pub gross: SignedYen,
    /// What the agent keeps; negative where it gives a fee back.
    pub fee: SignedYen,
    /// Consumption tax on the fee.
    pub tax: SignedYen,
    /// What of it is in the payout.
    pub net: SignedYen,
    /// The day in Japan on which it happened.
    pub occurred_on: Date,
}

impl SettlementLine {
    /// What the agent keeps in all, tax included.
    pub fn kept(&self) -> i64 {
        self.fee.amount() + self.tax.amount()
    }

    /// Whether it says which payment it is about.
    pub fn names_a_payment(&self) -> bool {
        self.merchant_reference.is_some() || self.gateway_payment_id.is_some()
    }

    /// Whether two lines say the same of the same thing; where they stand in the report does not matter.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let place = |line: &Self| Self { line_no: 0, ..line.clone() };
        place(self) == place(other)
    }
}

/// A payout with its lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettlementReport {
    /// The payout.
    pub batch: SettlementBatch,
    /// What it is made of.
    pub lines: Vec<SettlementLine>,
}

/// The sums of some lines: gross, fee, tax, net.
pub fn sums<'a>(lines: impl IntoIterator<Item = &'a SettlementLine>) -> (i64, i64, i64, i64) {
    lines.into_iter().fold((0, 0, 0, 0), |(gross, fee, tax, net), line| {
        (
            gross + line.gross.amount(),
            fee + line.fee.amount(),
            tax + line.tax.amount(),
            net + line.net.amount(),
        )
    })
}

#[cfg(test)]
mod tests;
