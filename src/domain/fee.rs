//! Assessment of fees (手数料の算定): from a definition, the answers, the channel and the arrival day to invoice lines.
//!
//! The version of a fee is chosen by the day the application arrives, never by the day it was posted or paid
//! . All arithmetic is exact and rounded down to whole yen once. A line keeps its clause, its inputs and
//! its version and an assessment keeps every fact it read, so that each stored fee can be computed again (T-2).

mod adjustment;
pub mod arrears;
mod basket;
mod compile;
mod exact;
mod fault;
mod price;
mod pro_rata;
mod relief;
mod replay;
pub mod revenue_stamp;
mod tiers;
mod wording;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use adjustment::{beyond, charged, lowered_items};
pub use basket::{BasketItem, SameTimeShare, SameTimeTerms, basket_items, price_basket, same_time_terms};
pub use compile::{CompiledFees, FeeReads, needs_of};
pub use fault::FeeFault;
pub use price::included_tax;
pub use relief::{AppliedRelief, PossibleWaiver, left_of};
pub use replay::{Difference, StoredLine, compare};
pub use tiers::increase;

use crate::domain::expression::Facts;
use crate::domain::money::Yen;
use crate::domain::procedure::{Bilingual, Payee, RefundPolicy};

/// How a filing came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Through the system (電子情報処理組織).
    Online,
    /// On paper at the window (窓口).
    Window,
    /// On paper by post (郵送).
    Post,
}

impl Channel {
    /// The stored name, also what expressions see as `channel`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Window => "window",
            Self::Post => "post",
        }
    }
}

/// Consumption tax that is contained in an amount (内税, R-101).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncludedTax {
    /// The rate in percent.
    pub percent: u8,
    /// The tax in the amount, rounded down.
    pub amount: Yen,
}

/// One line of an assessment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeLine {
    /// The code of the fee item.
    pub item: String,
    /// What the invoice shows, in Japanese.
    pub label_ja: String,
    /// What the invoice shows, in English.
    pub label_en: String,
    /// The amount.
    pub amount: Yen,
    /// The ordinance clause.
    pub basis: String,
    /// The revenue account 款項目節, or the deposit account of money that is not the body's own.
    pub revenue_account: String,
    /// To whom the money belongs.
    pub payee: Payee,
    /// Whether it may go back.
    pub refund: RefundPolicy,
    /// The consumption tax in the amount; nothing where none is due.
    pub tax: Option<IncludedTax>,
    /// The facts the amount was computed from, as expressions see them: `form`, `office`, `channel` and so on.
    pub inputs: BTreeMap<String, Value>,
    /// The version of the formula: procedure, its version, item, first day in force.
    pub formula_version: String,
    /// How the amount came about, step by step.
    pub explanation: Vec<Bilingual>,
    /// The notice that lifted it, if one did.
    pub relief: Option<AppliedRelief>,
    /// What a basket needs of a fee with a same-time price (R-58b).
    pub same_time: Option<SameTimeShare>,
    /// The application of the same basket that bears the full price instead, if one does.
    pub full_price_in: Option<String>,
    /// True while the amount has not been confirmed by the body.
    pub sample: bool,
}

/// What an application costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeAssessment {
    /// The version of the procedure that priced it.
    pub procedure_version: u32,
    /// The arrival day it was priced for.
    pub arrived_on: Date,
    /// The lines, in the order of the definition.
    pub lines: Vec<FeeLine>,
    /// Their sum; zero without a fee.
    pub total: Yen,
    /// Waivers (減免) one could ask for; each is a decision of its own, so none is taken off here.
    pub waivers: Vec<PossibleWaiver>,
    /// Every fact that the assessment read, also for items that are not charged (T-2).
    pub facts: Map<String, Value>,
    /// The full prices that other applications of the same basket bear.
    pub terms: SameTimeTerms,
}

/// What an application would cost as far as it can be said: some items wait for what staff fix after review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeEstimate {
    /// What is known.
    pub known: FeeAssessment,
    /// Labels of the items that wait.
    pub open: Vec<Bilingual>,
}

/// Computes the fee of an application that arrives on `arrival_day` (JST, R-26), from its `facts`.
pub fn assess(fees: &CompiledFees, facts: &Facts, arrival_day: Date) -> Result<FeeAssessment, FeeFault> {
    assess_in_basket(fees, facts, arrival_day, &SameTimeTerms::NONE)
}

/// As [`assess`], where other applications handed in at the same time bear full prices of this one (R-58b).
pub fn assess_in_basket(
    fees: &CompiledFees,
    facts: &Facts,
    arrival_day: Date,
    terms: &SameTimeTerms,
) -> Result<FeeAssessment, FeeFault> {
    price::assess(fees, facts, arrival_day, terms)
}

/// As [`assess_in_basket`], but items that read what staff fix after review (`office`) may stay open.
pub fn estimate(
    fees: &CompiledFees,
    facts: &Facts,
    arrival_day: Date,
    terms: &SameTimeTerms,
) -> Result<FeeEstimate, FeeFault> {
    price::estimate(fees, facts, arrival_day, terms)
}

#[cfg(test)]
mod tests;
