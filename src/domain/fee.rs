//! Assessment of fees (手数料の算定): from a definition, the answers, the channel and the arrival day to invoice lines.
//!
//! The version of a fee is chosen by the day the application arrives, never by the day it was posted or paid
//! . All arithmetic is in whole yen. A line keeps its inputs and its version, so that every stored
//! fee can be computed again (T-2).

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::money::Yen;
use crate::domain::procedure::{Fee, FeeFormula, ProcedureDefinition};

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

/// One line of an assessment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The revenue account 款項目節.
    pub revenue_account: String,
    /// The answers the amount was computed from, by name; `channel` for a channel-dependent fee.
    pub inputs: BTreeMap<String, Value>,
    /// The version of the formula: procedure, its version, item, first day in force.
    pub formula_version: String,
    /// True while the amount has not been confirmed by the body.
    pub sample: bool,
}

/// What an application costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeAssessment {
    /// The lines, in the order of the definition.
    pub lines: Vec<FeeLine>,
    /// Their sum; zero without a fee.
    pub total: Yen,
}

/// A fee that cannot be computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeeFault {
    /// The procedure has fees, but none is in force on the arrival day.
    #[error("no fee is in force on {day}")]
    NotInForce {
        /// The arrival day.
        day: Date,
    },
    /// The field a formula counts holds no whole number of zero or more.
    #[error("fee {item} needs a count in field {field}")]
    NoCount {
        /// The fee item.
        item: String,
        /// The field.
        field: String,
    },
    /// The table of a fee has no row for the answer.
    #[error("fee {item} has no amount for the answer in field {field}")]
    NoRow {
        /// The fee item.
        item: String,
        /// The field.
        field: String,
    },
    /// An amount leaves the range of [`Yen`].
    #[error("fee {item} is out of range")]
    OutOfRange {
        /// The fee item.
        item: String,
    },
}

impl FeeFault {
    /// What is wrong, in Japanese; the English text is the error's own.
    pub fn message_ja(&self) -> String {
        match self {
            Self::NotInForce { day } => format!("{day}に適用される手数料がありません"),
            Self::NoCount { field, .. } => {
                format!("手数料の算定に使う項目「{field}」を0以上の整数で入力してください")
            }
            Self::NoRow { field, .. } => {
                format!("手数料の算定に使う項目「{field}」を選択肢から選んでください")
            }
            Self::OutOfRange { .. } => "手数料の額が大きすぎます".to_owned(),
        }
    }

    /// The form field to correct, where the fault lies in an answer.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::NoCount { field, .. } | Self::NoRow { field, .. } => Some(field),
            Self::NotInForce { .. } | Self::OutOfRange { .. } => None,
        }
    }
}

/// Computes the fee of an application that arrives on `arrival_day` (JST, R-26) through `channel`.
pub fn assess(
    definition: &ProcedureDefinition,
    answers: &Value,
    channel: Channel,
    arrival_day: Date,
) -> Result<FeeAssessment, FeeFault> {
    let mut lines = Vec::new();
    for fee in definition.fees.iter().filter(|fee| fee.is_effective_on(arrival_day)) {
        let (amount, inputs) = amount_of(fee, answers, channel)?;
        lines.push(FeeLine {
            item: fee.code.clone(),
            label_ja: fee.label.ja.clone(),
            label_en: fee.label.en.clone(),
            amount,
            basis: fee.basis.clone(),
            revenue_account: fee.revenue_account.clone(),
            inputs,
            formula_version: format!(
                "{}/{}/{}@{}",
                definition.id, definition.version, fee.code, fee.effective_from
            ),
            sample: fee.sample,
        });
    }
    // A procedure with a fee never becomes free because its table ran out.
    if lines.is_empty() && !definition.fees.is_empty() {
        return Err(FeeFault::NotInForce { day: arrival_day });
    }
    let total = Yen::sum(lines.iter().map(|line| line.amount))
        .map_err(|_| FeeFault::OutOfRange { item: "total".to_owned() })?;
    Ok(FeeAssessment { lines, total })
}

type Amount = (Yen, BTreeMap<String, Value>);

fn amount_of(fee: &Fee, answers: &Value, channel: Channel) -> Result<Amount, FeeFault> {
    let out_of_range = |_| FeeFault::OutOfRange { item: fee.code.clone() };
    match &fee.formula {
        FeeFormula::Flat { amount } => Ok((*amount, BTreeMap::new())),
        FeeFormula::ByChannel { paper, online } => {
            let (amount, name) = match channel {
                Channel::Online => (*online, "online"),
                Channel::Window => (*paper, "window"),
                Channel::Post => (*paper, "post"),
            };
            Ok((amount, BTreeMap::from([("channel".to_owned(), Value::from(name))])))
        }
        FeeFormula::Linear { base, per_unit, field } => {
            let count = count(fee, answers, field)?;
            let amount = per_unit.times(count).and_then(|units| base.plus(units)).map_err(out_of_range)?;
            Ok((amount, BTreeMap::from([(field.clone(), Value::from(count))])))
        }
        FeeFormula::PerUnit { unit_amount, field } => {
            let count = count(fee, answers, field)?;
            let amount = unit_amount.times(count).map_err(out_of_range)?;
            Ok((amount, BTreeMap::from([(field.clone(), Value::from(count))])))
        }
        FeeFormula::ByChoice { field, table } => {
            let missing = || FeeFault::NoRow { item: fee.code.clone(), field: field.clone() };
            let answer = answers.get(field).and_then(Value::as_str).ok_or_else(missing)?;
            let amount = table.get(answer).ok_or_else(missing)?;
            Ok((*amount, BTreeMap::from([(field.clone(), Value::from(answer))])))
        }
    }
}

fn count(fee: &Fee, answers: &Value, field: &str) -> Result<i64, FeeFault> {
    answers
        .get(field)
        .and_then(Value::as_i64)
        .filter(|count| *count >= 0)
        .ok_or_else(|| FeeFault::NoCount { item: fee.code.clone(), field: field.to_owned() })
}

#[cfg(test)]
mod tests;
