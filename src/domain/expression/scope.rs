//! What an expression may read, and of which type it is.

use std::collections::BTreeMap;
use std::fmt;

/// The type of a value in an expression. There is no floating point type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// Yes or no.
    Bool,
    /// A whole number, 64 bits with sign. Money is yen; a decimal answer is scaled to whole units by its field.
    Int,
    /// A text.
    Text,
    /// A day, written as a text `YYYY-MM-DD`. A literal text that is a day may be compared with it.
    Date,
    /// A list of values of one type: a multiple choice (of texts) or a table (of records).
    List(Box<ValueType>),
    /// Named parts: the form, a person's name, an address, a row of a table. Only its parts can be used.
    Record(BTreeMap<String, ValueType>),
}

impl ValueType {
    /// A list of `element`.
    pub fn list(element: Self) -> Self {
        Self::List(Box::new(element))
    }

    /// A record of `parts`.
    pub fn record<N: Into<String>>(parts: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::Record(parts.into_iter().map(|(name, part)| (name.into(), part)).collect())
    }

    /// Whether it is one value, not a list or a record.
    pub fn is_scalar(&self) -> bool {
        matches!(self, Self::Bool | Self::Int | Self::Text | Self::Date)
    }

    /// Whether it can be used as a text; a day is one.
    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Date)
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => out.write_str("bool"),
            Self::Int => out.write_str("int"),
            Self::Text => out.write_str("text"),
            Self::Date => out.write_str("date"),
            Self::List(element) => write!(out, "list of {element}"),
            Self::Record(_) => out.write_str("record"),
        }
    }
}

/// The names an expression may read, with their types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    names: BTreeMap<String, ValueType>,
}

impl Scope {
    /// A scope in which nothing can be read.
    pub fn new() -> Self {
        Self::default()
    }

    /// This scope with `name` in it; a name given twice has the later type.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value_type: ValueType) -> Self {
        self.names.insert(name.into(), value_type);
        self
    }

    /// The type of the top-level `name`.
    pub fn get(&self, name: &str) -> Option<&ValueType> {
        self.names.get(name)
    }

    /// The type of what stands at `path`, e.g. `form.applicant.kana`.
    pub fn type_at(&self, path: &str) -> Option<&ValueType> {
        let mut segments = path.split('.');
        let root = self.names.get(segments.next()?)?;
        segments.try_fold(root, |value_type, segment| match value_type {
            ValueType::Record(parts) => parts.get(segment),
            _ => None,
        })
    }
}
