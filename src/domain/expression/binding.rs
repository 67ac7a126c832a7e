//! From facts to the values CEL computes with: only what an expression reads is converted, and texts are borrowed.

use std::collections::{BTreeSet, HashMap};

use cel::common::types::{CelBool, CelInt, CelList, CelMap, CelMapKey, CelString};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use serde_json::Value;

use super::functions::day;
use super::pattern::Pattern;
use super::{EvaluationFault, Facts, MAX_LIST, MAX_TEXT_BYTES, ValueType};

/// A value the expression reads.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// Where it stands, and the name the lowered expression calls it by.
    pub(super) path: String,
    /// Its type; a table has only the columns that are read.
    pub(super) value_type: ValueType,
    /// Whether the expression has no answer without it.
    pub(super) required: bool,
    /// The columns of a table that every row must fill.
    pub(super) required_cells: BTreeSet<String>,
}

/// The question whether a value is there (`has`).
#[derive(Clone, Debug)]
pub(super) struct Presence {
    /// The name the lowered expression calls it by.
    pub(super) name: String,
    /// Where the value would stand.
    pub(super) path: String,
}

/// The values of one evaluation.
pub(super) struct Bound<'a> {
    values: Vec<(&'a str, Box<dyn Val + 'a>)>,
    patterns: &'a [(String, Pattern)],
}

impl<'a> Bound<'a> {
    /// An evaluation without any value but `patterns`.
    pub(super) fn new(patterns: &'a [(String, Pattern)], capacity: usize) -> Self {
        Self { values: Vec::with_capacity(capacity), patterns }
    }

    /// Adds the answer whether something stands at the path of `presence`.
    pub(super) fn ask(&mut self, presence: &'a Presence, facts: &Facts) {
        let there = facts.get(&presence.path).is_some();
        self.values.push((&presence.name, Box::new(CelBool::from(there))));
    }

    /// Adds the value of `slot`, or writes to `missing` what is not answered.
    pub(super) fn fill(
        &mut self,
        slot: &'a Slot,
        facts: &'a Facts,
        missing: &mut Vec<String>,
    ) -> Result<(), EvaluationFault> {
        let Some(value) = facts.get(&slot.path) else {
            if slot.required {
                missing.push(slot.path.clone());
            }
            return Ok(());
        };
        let converted = convert(value, &slot.value_type, &slot.path)?;
        for (row, cells) in value.as_array().into_iter().flatten().enumerate() {
            let absent = |cell: &&String| cells.get(cell.as_str()).is_none_or(Value::is_null);
            missing.extend(
                slot.required_cells.iter().filter(absent).map(|cell| format!("{}.{row}.{cell}", slot.path)),
            );
        }
        self.values.push((&slot.path, converted));
        Ok(())
    }
}

impl VariableResolver for Bound<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        if let Some((_, value)) = self.values.iter().find(|(name, _)| *name == variable) {
            return Some(CowVal::Borrowed(value.as_ref()));
        }
        let (_, pattern) = self.patterns.iter().find(|(name, _)| name == variable)?;
        Some(CowVal::Borrowed(pattern))
    }
}

/// `value` as CEL's value of `value_type`; numbers are always `int`, never `uint` or `double`.
fn convert<'a>(
    value: &'a Value,
    value_type: &ValueType,
    path: &str,
) -> Result<Box<dyn Val + 'a>, EvaluationFault> {
    let wrong = || EvaluationFault::WrongFact { path: path.to_owned() };
    let too_long = || EvaluationFault::TooLong { path: path.to_owned() };
    match (value_type, value) {
        (ValueType::Bool, Value::Bool(value)) => Ok(Box::new(CelBool::from(*value))),
        (ValueType::Int, Value::Number(number)) => {
            Ok(Box::new(CelInt::from(number.as_i64().ok_or_else(wrong)?)))
        }
        (ValueType::Text | ValueType::Date, Value::String(text)) if text.len() > MAX_TEXT_BYTES => {
            Err(too_long())
        }
        (ValueType::Text, Value::String(text)) => Ok(Box::new(CelString::from(text.as_str()))),
        (ValueType::Date, Value::String(text)) => {
            day(text).ok_or_else(wrong)?;
            Ok(Box::new(CelString::from(text.as_str())))
        }
        (ValueType::List(_), Value::Array(items)) if items.len() > MAX_LIST => Err(too_long()),
        (ValueType::List(element), Value::Array(items)) => {
            let items: Result<Vec<_>, _> = items.iter().map(|item| convert(item, element, path)).collect();
            Ok(Box::new(CelList::from(items?)))
        }
        (ValueType::Record(parts), Value::Object(values)) => {
            let mut cells: HashMap<CelMapKey<'a>, Box<dyn Val + 'a>> = HashMap::with_capacity(parts.len());
            for (name, value) in values.iter().filter(|(_, value)| !value.is_null()) {
                if let Some(part) = parts.get(name) {
                    cells.insert(CelMapKey::from(name.as_str()), convert(value, part, path)?);
                }
            }
            Ok(Box::new(CelMap::from(cells)))
        }
        _ => Err(wrong()),
    }
}
