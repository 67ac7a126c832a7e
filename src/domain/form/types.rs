//! The types of the answers as expressions see them, and the types of calculated answers found out.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::expression::{self, Expression, ExpressionFault, ExpressionText, Scope, ValueType};
use crate::domain::procedure::{Field, FieldType};

use super::parts;

/// Types and expressions of one list of fields.
#[derive(Debug, Default)]
pub(super) struct Types {
    /// By field; a table's is a list of records.
    fields: BTreeMap<String, ValueType>,
    /// What computes a calculated field, by `name` or `table.column`.
    pub(super) calculations: BTreeMap<String, Expression>,
    /// Calculated fields without a type, by key, and why.
    pub(super) faults: BTreeMap<String, ExpressionFault>,
}

/// The scope of an expression in a column.
pub(super) fn with_row(scope: &Scope, root: &str, table: &str) -> Scope {
    match scope.type_at(&format!("{root}.{table}")) {
        Some(ValueType::List(row)) => scope.clone().with("row", row.as_ref().clone()),
        _ => scope.clone(),
    }
}

impl Types {
    /// Finds the types of `fields`, which expressions read as `root`; `around` is what else they may read.
    ///
    /// The type of a calculated field is that of its expression, so those are tried again and again until no more is
    /// found; what then is left reads something unknown, or itself.
    pub(super) fn find(fields: &[Field], root: &str, around: &Scope) -> Self {
        let mut types = Self::default();
        for field in fields {
            if let Some(value_type) = plain(field) {
                types.fields.insert(field.name.clone(), value_type);
            }
        }
        let mut pending = calculated(fields);
        loop {
            let before = pending.len();
            types.faults.clear();
            pending.retain(|(table, name, text)| !types.settle(*table, name, text, root, around));
            if pending.len() == before {
                return types;
            }
        }
    }

    /// What expressions may read: `around` and these fields as `root`.
    pub(super) fn scope(&self, root: &str, around: &Scope) -> Scope {
        around.clone().with(root, ValueType::Record(self.fields.clone()))
    }

    /// JSON types of calculated fields, by key.
    pub(super) fn json_types(&self) -> BTreeMap<String, &'static str> {
        let json_type = |key: &str| {
            let value_type = match key.split_once('.') {
                Some((table, column)) => match self.fields.get(table)? {
                    ValueType::List(row) => match row.as_ref() {
                        ValueType::Record(columns) => columns.get(column)?,
                        _ => return None,
                    },
                    _ => return None,
                },
                None => self.fields.get(key)?,
            };
            Some(match value_type {
                ValueType::Bool => "boolean",
                ValueType::Int => "integer",
                _ => "string",
            })
        };
        self.calculations.keys().filter_map(|key| Some((key.clone(), json_type(key)?))).collect()
    }

    /// The fields, or the columns of a table.
    fn fields_of(&mut self, table: Option<&str>) -> Option<&mut BTreeMap<String, ValueType>> {
        let Some(table) = table else { return Some(&mut self.fields) };
        let ValueType::List(row) = self.fields.get_mut(table)? else { return None };
        match row.as_mut() {
            ValueType::Record(columns) => Some(columns),
            _ => None,
        }
    }

    /// Tries to find the type of one calculated field; whether it was found.
    fn settle(
        &mut self,
        table: Option<&str>,
        name: &str,
        text: &ExpressionText,
        root: &str,
        around: &Scope,
    ) -> bool {
        let scope = self.scope(root, around);
        let scope = table.map_or_else(|| scope.clone(), |table| with_row(&scope, root, table));
        let key = table.map_or_else(|| name.to_owned(), |table| format!("{table}.{name}"));
        match infer(text, &scope) {
            Ok((value_type, expression)) => {
                if let Some(fields) = self.fields_of(table) {
                    fields.insert(name.to_owned(), value_type);
                }
                self.calculations.insert(key, expression);
                true
            }
            Err(fault) => {
                self.faults.insert(key, fault);
                false
            }
        }
    }
}

/// The calculated fields and columns: the table, the name, the expression.
fn calculated(fields: &[Field]) -> Vec<(Option<&str>, &str, &ExpressionText)> {
    let mut found = Vec::new();
    for field in fields {
        found.extend(calculation(field).map(|text| (None, field.name.as_str(), text)));
        let columns = field.columns.iter().filter_map(|column| Some((column, calculation(column)?)));
        found.extend(columns.map(|(column, text)| (Some(field.name.as_str()), column.name.as_str(), text)));
    }
    found
}

fn calculation(field: &Field) -> Option<&ExpressionText> {
    field.value.as_ref().filter(|_| field.field_type == FieldType::Calculated)
}

fn infer(text: &ExpressionText, scope: &Scope) -> Result<(ValueType, Expression), ExpressionFault> {
    let mut first = None;
    for wanted in [ValueType::Int, ValueType::Bool, ValueType::Date, ValueType::Text] {
        match expression::compile(text, scope, &wanted) {
            Ok(expression) => return Ok((wanted, expression)),
            Err(fault @ ExpressionFault::WrongType { .. }) => first = first.or(Some(fault)),
            Err(fault) => return Err(fault),
        }
    }
    Err(first.unwrap_or(ExpressionFault::TooLong))
}

/// The type of a field that is not calculated.
fn plain(field: &Field) -> Option<ValueType> {
    Some(match field.field_type {
        FieldType::Calculated => return None,
        FieldType::PersonName | FieldType::Address => {
            ValueType::record(parts::of(field.field_type).iter().map(|part| (part.name, ValueType::Text)))
        }
        FieldType::Integer | FieldType::Decimal | FieldType::Money => ValueType::Int,
        FieldType::Date => ValueType::Date,
        FieldType::MultiChoice => ValueType::list(ValueType::Text),
        FieldType::Boolean | FieldType::Statement => ValueType::Bool,
        FieldType::Table => {
            let columns =
                field.columns.iter().filter_map(|column| Some((column.name.clone(), plain(column)?)));
            ValueType::list(ValueType::record(columns))
        }
        FieldType::Text
        | FieldType::Kana
        | FieldType::Municipality
        | FieldType::Choice
        | FieldType::Phone
        | FieldType::Postcode
        | FieldType::Email
        | FieldType::CorporateNumber => ValueType::Text,
    })
}

/// Names that `text` reads below `root`, also within `has()`: every `root.name` in it. What only looks like one (in a
/// quoted text) counts too; that can only make an order stricter, never wrong.
pub(super) fn mentions(text: &ExpressionText, root: &str) -> BTreeSet<String> {
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let mut names = BTreeSet::new();
    let mut rest = text.0.as_str();
    let mut before = None;
    while let Some((head, tail)) = rest.split_once(root) {
        let stands_alone = !head.chars().next_back().or(before).is_some_and(|c| is_word(c) || c == '.');
        let name = tail.trim_start().strip_prefix('.').map(str::trim_start);
        if let Some(name) = name.filter(|_| stands_alone) {
            names.insert(name.chars().take_while(|character| is_word(*character)).collect());
        }
        before = root.chars().next_back();
        rest = tail;
    }
    names
}
