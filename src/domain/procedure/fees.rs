//! Fee items (手数料・使用料) as data: an amount or a small formula, tied to its ordinance clause and its dates.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Bilingual;
use crate::domain::expression::ExpressionText;
use crate::domain::money::Yen;

/// A fraction of whole numbers, e.g. three quarters; never a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fraction {
    /// Above the line.
    pub numerator: u32,
    /// Below the line; not zero.
    pub denominator: u32,
}

/// One branch of a fee by condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeeCase {
    /// The branch applies while this is true; the first true branch counts.
    pub when: ExpressionText,
    /// The branch in words, for the explanation of the amount.
    #[serde(default)]
    pub label: Option<Bilingual>,
    /// The amount.
    pub amount: Yen,
}

/// One band of progressive tiers: what each step above the lower bound adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeeBand {
    /// The value up to which the band reaches, inclusive; nothing for the last band.
    #[serde(default)]
    pub up_to: Option<i64>,
    /// The size of a step of the value; a part of a step counts as a whole one.
    pub step: i64,
    /// For each step.
    pub per_step: Yen,
}

/// How a yearly amount is cut to the time of use. Use by the hour is `per_unit` with the unit 時間.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProRataMode {
    /// By months, a part of a month is a month (月割), each fiscal year by itself with its own minimum, then summed and
    /// rounded down once.
    MonthlyByFiscalYear,
    /// By days (日割): whole years are whole, the days left over are parts of 365.
    Daily,
}

/// What comes first for a use shorter than a month: its consumption tax, or the minimum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MinimumStep {
    /// The amount is taxed and then raised to the minimum, which contains the tax: 道路法施行令第19条第2項 and the ordinances
    /// that follow it (50円 → 55円 → 100円).
    #[default]
    AfterTax,
    /// The amount is raised to the minimum and then taxed (50円 → 100円 → 110円), where an ordinance says so.
    BeforeTax,
}

/// How the amount of a fee item follows from the answers. Whole yen only, always rounded down.
///
/// `count`, `value`, `when` are expressions over `form`, `office` (what staff fix), `channel`, `applicant_kind` and
/// `arrived_on`; a bare field such as `form.copies` is the usual case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FeeFormula {
    /// One amount a case (一件につき, R-53).
    Flat {
        /// The amount.
        amount: Yen,
    },
    /// Another amount on paper than online.
    ByChannel {
        /// At the window or by post.
        paper: Yen,
        /// Through the system.
        online: Yen,
    },
    /// An amount for each answer of a choice field.
    ByChoice {
        /// The choice field.
        field: String,
        /// Answer to amount; every choice has its row.
        table: BTreeMap<String, Yen>,
    },
    /// The amount of the first branch whose condition holds.
    ByCondition {
        /// The branches, in order.
        cases: Vec<FeeCase>,
        /// What applies when none holds.
        otherwise: Yen,
    },
    /// `base + per_unit × count`.
    Linear {
        /// The constant part.
        base: Yen,
        /// For each unit.
        per_unit: Yen,
        /// How many units.
        count: ExpressionText,
    },
    /// `unit_amount × count` (R-58, R-58d).
    PerUnit {
        /// For each unit.
        unit_amount: Yen,
        /// How many units.
        count: ExpressionText,
        /// What is counted (通・枚・件・羽・冊), for the explanation.
        unit: String,
    },
    /// `base` up to `base_up_to`, then bands of steps.
    Tiers {
        /// The value that is tiered, e.g. the sum in dispute.
        value: ExpressionText,
        /// The value taken when the answers that `value` reads are missing (価額不明).
        #[serde(default)]
        unknown_value: Option<i64>,
        /// The amount up to `base_up_to`.
        base: Yen,
        /// The value up to which `base` is all.
        base_up_to: i64,
        /// The bands above it, ascending, each a whole number of its steps wide; only the last has no `up_to`.
        bands: Vec<FeeBand>,
    },
    /// The first of several of one request costs `first`, each other one `other` (同時申請, R-58b). Applications of one
    /// basket share the full price.
    SameTime {
        /// The full price of one.
        first: Yen,
        /// Each further one.
        other: Yen,
        /// How many are asked for in this application.
        count: ExpressionText,
    },
    /// A fraction of another fee of the same version (R-58c), whether that one is charged here or not.
    Derived {
        /// The code of the other fee.
        of: String,
        /// How much of it.
        fraction: Fraction,
    },
    /// A yearly amount by quantity and time of use.
    ProRata {
        /// For one year and one unit of `quantity`.
        yearly: Yen,
        /// How much is used; one when absent. Of a decimal field, `quantity_scale` digits are after the point.
        #[serde(default)]
        quantity: Option<ExpressionText>,
        /// Digits after the point of `quantity`.
        #[serde(default)]
        quantity_scale: u8,
        /// The first day of use, a date answer.
        from: ExpressionText,
        /// The last day of use, a date answer.
        to: ExpressionText,
        /// By months or by days.
        mode: ProRataMode,
        /// A smaller result is raised to this; by months, in each fiscal year.
        #[serde(default)]
        minimum: Option<Yen>,
        /// Whether the tax of a short use comes before the minimum or after it.
        #[serde(default)]
        minimum_step: MinimumStep,
        /// Consumption tax in percent that is added when the use is shorter than a month.
        #[serde(default)]
        tax_percent_below_one_month: Option<u8>,
    },
}

/// To whom the money belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Payee {
    /// The body's own revenue (歳入).
    #[default]
    Own,
    /// The nation's (国), held outside the budget (歳入歳出外).
    National,
}

/// The consumption tax of a fee item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaxClass {
    /// An administrative fee or land use: not taxable (非課税).
    #[default]
    NonTaxable,
    /// Use of a building or facility: 10 %, contained in the amount (内税).
    StandardIncluded,
}

/// Whether a fee may go back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundPolicy {
    /// 既納の手数料は還付しない.
    #[default]
    Never,
    /// Only if the application could not be accepted (P31).
    IfNotAccepted,
    /// Only for reasons the payer does not answer for, for the unused time.
    NotAttributable,
}

/// One fee item in force for a span of arrival days. Items of the same `code` with disjoint spans are
/// the versions of one fee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    /// The key of the item.
    pub code: String,
    /// What is shown on the invoice.
    pub label: Bilingual,
    /// The ordinance clause (条例の条項, R-50).
    pub basis: String,
    /// The revenue account 款項目節 (歳入科目, R-73); of money that is not the body's own, the deposit account.
    pub revenue_account: String,
    /// The item is charged only while this is true; always when absent.
    #[serde(default)]
    pub when: Option<ExpressionText>,
    /// The amount.
    pub formula: FeeFormula,
    /// To whom the money belongs.
    #[serde(default)]
    pub payee: Payee,
    /// Its consumption tax.
    #[serde(default)]
    pub tax: TaxClass,
    /// Whether it may go back.
    #[serde(default)]
    pub refund: RefundPolicy,
    /// The first arrival day it applies to.
    pub effective_from: Date,
    /// The last arrival day, when it is known.
    #[serde(default)]
    pub effective_to: Option<Date>,
    /// Where the amount was taken from.
    pub source: String,
    /// True while the amount has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

impl Fee {
    /// Whether an application arriving on `day` is charged this item.
    pub fn is_effective_on(&self, day: Date) -> bool {
        self.effective_from <= day && self.effective_to.is_none_or(|last| day <= last)
    }
}

/// What happens to a fee by a clause or notice that lifts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReliefKind {
    /// 不徴収 by notice (告示): not charged at all, no decision needed.
    NotCollected,
    /// 減免: shown as possible; granted only by a decision of its own.
    Waiver,
}

/// A dated rule that lifts fees: disaster non-collection or a waiver clause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Relief {
    /// The key of the rule.
    pub code: String,
    /// What is shown.
    pub label: Bilingual,
    /// Not collected, or a waiver that must be decided.
    pub kind: ReliefKind,
    /// The ordinance clause or the number of the notice.
    pub basis: String,
    /// Whom it concerns: an expression over the answers.
    pub when: ExpressionText,
    /// The fee items it lifts; all when empty.
    #[serde(default)]
    pub fees: Vec<String>,
    /// How much of the fee is left to pay; nothing when absent.
    #[serde(default)]
    pub remaining: Option<Fraction>,
    /// The first arrival day.
    pub effective_from: Date,
    /// The last arrival day; a disaster notice must have one.
    #[serde(default)]
    pub effective_to: Option<Date>,
    /// Where the rule was taken from.
    pub source: String,
    /// True while it has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}
