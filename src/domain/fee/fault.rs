//! Why a fee cannot be computed.

use jiff::civil::Date;

use crate::domain::expression::EvaluationFault;
use crate::domain::money::YenOutOfRange;

/// A fee that cannot be computed. Fields are paths as expressions write them: `form.trades`, `office.area`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeeFault {
    /// The procedure has fees, but none is in force on the arrival day.
    #[error("no fee is in force on {day}")]
    NotInForce {
        /// The arrival day.
        day: Date,
    },
    /// Answers that the fee depends on are missing.
    #[error("fee {item} needs answers in {}", fields.join(", "))]
    Unanswered {
        /// The first fee item that needs them.
        item: String,
        /// All fields that are missing, of all items.
        fields: Vec<String>,
    },
    /// What a formula counts or measures is no whole number of zero or more.
    #[error("fee {item} needs a number of zero or more from {}", fields.join(", "))]
    NoCount {
        /// The fee item.
        item: String,
        /// The fields it is computed from.
        fields: Vec<String>,
    },
    /// The table of a fee has no row for the answer.
    #[error("fee {item} has no amount for the answer in field {field}")]
    NoRow {
        /// The fee item.
        item: String,
        /// The field.
        field: String,
    },
    /// A time of use ends before it begins, or is longer than a hundred years.
    #[error("fee {item} needs a time of use from {}", fields.join(" to "))]
    NoUse {
        /// The fee item.
        item: String,
        /// The fields of its first and last day.
        fields: Vec<String>,
    },
    /// An expression has no value on these answers.
    #[error("fee {item}: {}", fault.message_en())]
    NoValue {
        /// The fee item.
        item: String,
        /// The fields it reads.
        fields: Vec<String>,
        /// What went wrong.
        fault: EvaluationFault,
    },
    /// An amount leaves the range of [`crate::domain::money::Yen`].
    #[error("fee {item} is out of range")]
    OutOfRange {
        /// The fee item.
        item: String,
    },
}

impl FeeFault {
    /// The amount of `item` leaves the range.
    pub(super) fn out_of_range(item: &str) -> impl FnOnce(YenOutOfRange) -> Self {
        let item = item.to_owned();
        move |_| Self::OutOfRange { item }
    }

    /// The same fault, of the item that is derived from the one at fault.
    pub(super) fn of_item(mut self, code: &str) -> Self {
        match &mut self {
            Self::NotInForce { .. } => {}
            Self::Unanswered { item, .. }
            | Self::NoCount { item, .. }
            | Self::NoRow { item, .. }
            | Self::NoUse { item, .. }
            | Self::NoValue { item, .. }
            | Self::OutOfRange { item } => code.clone_into(item),
        }
        self
    }

    /// What is wrong, in Japanese; the English text is the error's own.
    pub fn message_ja(&self) -> String {
        let named = |fields: &[String]| format!("「{}」", fields.join("」「"));
        match self {
            Self::NotInForce { day } => format!("{day}に適用される手数料がありません"),
            Self::Unanswered { fields, .. } => {
                format!("手数料の算定に使う項目{}を入力してください", named(fields))
            }
            Self::NoCount { fields, .. } => {
                format!("手数料の算定に使う項目{}は0以上の整数にしてください", named(fields))
            }
            Self::NoRow { field, .. } => {
                format!("手数料の算定に使う項目「{field}」を選択肢から選んでください")
            }
            Self::NoUse { fields, .. } => {
                format!("使用の期間{}は始まりから終わりまで100年以内にしてください", named(fields))
            }
            Self::NoValue { fault, .. } => format!("手数料を算定できません: {}", fault.message_ja()),
            Self::OutOfRange { .. } => "手数料の額が大きすぎます".to_owned(),
        }
    }

    /// The fields to correct, as paths; empty where no answer is at fault.
    pub fn fields(&self) -> &[String] {
        match self {
            Self::Unanswered { fields, .. }
            | Self::NoCount { fields, .. }
            | Self::NoUse { fields, .. }
            | Self::NoValue { fields, .. } => fields,
            Self::NoRow { field, .. } => std::slice::from_ref(field),
            Self::NotInForce { .. } | Self::OutOfRange { .. } => &[],
        }
    }
}
