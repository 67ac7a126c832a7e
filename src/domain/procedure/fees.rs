//! Fee items (手数料) as data: an amount or a small formula, tied to its ordinance clause and its dates.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Bilingual;
use crate::domain::money::Yen;

/// How the amount of a fee item follows from the answers. Whole yen only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// `base + per_unit × field`.
    Linear {
        /// The constant part.
        base: Yen,
        /// For each unit.
        per_unit: Yen,
        /// The integer field that counts the units.
        field: String,
    },
    /// An amount for each answer of a choice field.
    ByChoice {
        /// The choice field.
        field: String,
        /// Answer to amount; every choice has its row.
        table: BTreeMap<String, Yen>,
    },
    /// `unit_amount × field`.
    PerUnit {
        /// For each unit.
        unit_amount: Yen,
        /// The integer field that counts the units.
        field: String,
    },
}

impl FeeFormula {
    /// The form field the formula reads, if any.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Flat { .. } | Self::ByChannel { .. } => None,
            Self::Linear { field, .. } | Self::ByChoice { field, .. } | Self::PerUnit { field, .. } => {
                Some(field)
            }
        }
    }
}

/// One fee item in force for a span of arrival days. Items of the same `code` with disjoint spans are
/// the versions of one fee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    /// The key of the item.
    pub code: String,
    /// What is shown on the invoice.
    pub label: Bilingual,
    /// The ordinance clause (条例の条項, R-50).
    pub basis: String,
    /// The revenue account 款項目節 (歳入科目, R-73).
    pub revenue_account: String,
    /// The amount.
    pub formula: FeeFormula,
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
