//! What is wrong with an expression when it is loaded, and what can go wrong when it is evaluated.

use super::MAX_CHARACTERS;

/// Why an expression is refused when it is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpressionFault {
    /// It has more than 1,000 characters.
    TooLong,
    /// It is not CEL, or nested too deeply.
    DoesNotParse {
        /// What the parser said, in English.
        detail: String,
    },
    /// It reads a name that is not there.
    UnknownName {
        /// The name as it stands in the expression.
        name: String,
    },
    /// It calls a function that does not exist, or with arguments it does not take.
    UnknownFunction {
        /// The call as the checker sees it, e.g. `sum(text)`.
        call: String,
    },
    /// A value has another type than its place asks for.
    WrongType {
        /// The place: an operator, a function, or `result`.
        place: String,
        /// What the place asks for.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// It uses a part of CEL that is left out here: floating point, null, maps, bytes, nested loops, `exists_one`.
    NotSupported {
        /// The part.
        construct: &'static str,
    },
    /// A literal day or pattern in it is not one.
    BadLiteral {
        /// The literal.
        literal: String,
    },
    /// It could take too long.
    TooCostly {
        /// The most steps its evaluation could take.
        steps: u64,
    },
}

impl ExpressionFault {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong => "expression_too_long",
            Self::DoesNotParse { .. } => "expression_syntax",
            Self::UnknownName { .. } => "expression_unknown_name",
            Self::UnknownFunction { .. } => "expression_unknown_function",
            Self::WrongType { .. } => "expression_type",
            Self::NotSupported { .. } => "expression_not_supported",
            Self::BadLiteral { .. } => "expression_literal",
            Self::TooCostly { .. } => "expression_cost",
        }
    }

    /// The sentence in Japanese.
    pub fn message_ja(&self) -> String {
        match self {
            Self::TooLong => format!("式は{MAX_CHARACTERS}文字以内にしてください"),
            Self::DoesNotParse { detail } => format!("式として読めません（{detail}）"),
            Self::UnknownName { name } => format!("「{name}」という項目はありません"),
            Self::UnknownFunction { call } => format!("「{call}」という関数の呼び出しはできません"),
            Self::WrongType { place, expected, found } => {
                format!("「{place}」には{expected}が必要ですが、{found}です")
            }
            Self::NotSupported { construct } => format!("「{construct}」は使えません"),
            Self::BadLiteral { literal } => {
                format!("「{literal}」は日付または正規表現として正しくありません")
            }
            Self::TooCostly { steps } => format!("式の計算量が多すぎます（最大{steps}ステップ）"),
        }
    }

    /// The sentence in English.
    pub fn message_en(&self) -> String {
        match self {
            Self::TooLong => format!("an expression has at most {MAX_CHARACTERS} characters"),
            Self::DoesNotParse { detail } => format!("not an expression: {detail}"),
            Self::UnknownName { name } => format!("there is no `{name}`"),
            Self::UnknownFunction { call } => format!("there is no function `{call}`"),
            Self::WrongType { place, expected, found } => {
                format!("`{place}` needs {expected}, not {found}")
            }
            Self::NotSupported { construct } => format!("`{construct}` cannot be used"),
            Self::BadLiteral { literal } => format!("`{literal}` is not a valid day or pattern"),
            Self::TooCostly { steps } => format!("could take {steps} steps, which is too many"),
        }
    }
}

/// Why an expression that was accepted has no result on some facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvaluationFault {
    /// A number leaves 64 bits.
    Overflow,
    /// Division by zero, or its remainder.
    DivisionByZero,
    /// An index outside its list, or a day outside the calendar.
    OutOfRange,
    /// The value at the path has another type than the form promises.
    WrongFact {
        /// The path, e.g. `form.trades`.
        path: String,
    },
    /// The list or text at the path is longer than an expression may work on.
    TooLong {
        /// The path.
        path: String,
    },
    /// The expression failed in a way its check should have excluded.
    Failed {
        /// What happened, in English.
        detail: String,
    },
}

impl EvaluationFault {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Overflow => "overflow",
            Self::DivisionByZero => "division_by_zero",
            Self::OutOfRange => "out_of_range",
            Self::WrongFact { .. } => "wrong_fact",
            Self::TooLong { .. } => "fact_too_long",
            Self::Failed { .. } => "evaluation_failed",
        }
    }

    /// The sentence in Japanese.
    pub fn message_ja(&self) -> String {
        match self {
            Self::Overflow => "計算結果が大きすぎます".to_owned(),
            Self::DivisionByZero => "0で割ることはできません".to_owned(),
            Self::OutOfRange => "範囲外の値です".to_owned(),
            Self::WrongFact { path } => format!("「{path}」の値の型が正しくありません"),
            Self::TooLong { path } => format!("「{path}」が長すぎます"),
            Self::Failed { .. } => "式を計算できませんでした".to_owned(),
        }
    }

    /// The sentence in English.
    pub fn message_en(&self) -> String {
        match self {
            Self::Overflow => "the result is too large".to_owned(),
            Self::DivisionByZero => "division by zero".to_owned(),
            Self::OutOfRange => "a value is out of range".to_owned(),
            Self::WrongFact { path } => format!("the value of `{path}` has the wrong type"),
            Self::TooLong { path } => format!("`{path}` is too long"),
            Self::Failed { detail } => format!("the expression failed: {detail}"),
        }
    }
}
