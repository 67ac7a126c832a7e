//! What JSON Schema cannot say of a single answer: true integers, decimals within their bounds, lengths as people
//! count them, and no individual numbers in free words.

use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation;

use super::parts::{self, PartKind};
use super::{decimal, escape, schema};
use crate::domain::my_number;
use crate::domain::procedure::{Field, FieldType};

/// Where a leaf stands.
#[derive(Debug)]
enum Place {
    /// The answer itself.
    Field,
    /// A part of a name or an address, by its key.
    Part(&'static str),
    /// A column of a table, by its key.
    Column(String),
}

#[derive(Clone, Copy, Debug)]
enum Check {
    /// JSON Schema calls `3.0` an integer; money is counted in true integers only.
    Whole,
    Decimal {
        scale: u8,
        min: Option<i64>,
        max: Option<i64>,
    },
    Words {
        max_length: u32,
    },
}

/// One check of one answer.
#[derive(Debug)]
pub(super) struct Leaf {
    field: String,
    place: Place,
    check: Check,
}

/// What is wrong with a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeafFault {
    /// A number with a point where a whole one is asked for.
    NotWhole,
    /// A decimal below its least value.
    Below(i64),
    /// A decimal above its greatest value.
    Above(i64),
    /// More characters, as people count them, than allowed.
    TooLong(u32),
    /// What looks like an individual number.
    IndividualNumber,
}

/// The leaves of a form.
pub(super) fn of(fields: &[Field]) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    for field in fields {
        let mut push = |place, check| leaves.push(Leaf { field: field.name.clone(), place, check });
        if let Some(check) = check_of(field) {
            push(Place::Field, check);
        }
        for part in parts::of(field.field_type).iter().filter(|part| part.kind == PartKind::Words) {
            push(Place::Part(part.name), Check::Words { max_length: part.max_length });
        }
        for column in &field.columns {
            if let Some(check) = check_of(column) {
                push(Place::Column(column.name.clone()), check);
            }
        }
    }
    leaves
}

fn check_of(field: &Field) -> Option<Check> {
    match field.field_type {
        FieldType::Integer | FieldType::Money | FieldType::Calculated => Some(Check::Whole),
        FieldType::Decimal => {
            Some(Check::Decimal { scale: field.scale.unwrap_or(1), min: field.min, max: field.max })
        }
        FieldType::Text => {
            Some(Check::Words { max_length: field.max_length.unwrap_or(schema::TEXT_MAX_LENGTH) })
        }
        _ => None,
    }
}

impl Leaf {
    /// Adds what is wrong with this leaf, with the pointer to it.
    pub(super) fn judge(&self, answers: &Value, found: &mut Vec<(String, LeafFault)>) {
        let Some(answer) = answers.get(&self.field) else { return };
        match &self.place {
            Place::Field => {
                if let Some(fault) = self.check.judge(answer) {
                    found.push((format!("/{}", escape(&self.field)), fault));
                }
            }
            Place::Part(part) => {
                if let Some(fault) = answer.get(part).and_then(|answer| self.check.judge(answer)) {
                    found.push((format!("/{}/{part}", escape(&self.field)), fault));
                }
            }
            Place::Column(column) => {
                for (index, row) in answer.as_array().into_iter().flatten().enumerate() {
                    if let Some(fault) = row.get(column).and_then(|answer| self.check.judge(answer)) {
                        found.push((format!("/{}/{index}/{}", escape(&self.field), escape(column)), fault));
                    }
                }
            }
        }
    }
}

impl Check {
    fn judge(self, answer: &Value) -> Option<LeafFault> {
        match (self, answer) {
            (Self::Whole, Value::Number(number)) => {
                let is_whole_float = number.as_i64().is_none()
                    && number.as_f64().is_some_and(|number| number.fract() == 0.0)
                    && number.as_u64().is_none();
                is_whole_float.then_some(LeafFault::NotWhole)
            }
            (Self::Decimal { scale, min, max }, Value::String(text)) => {
                let value = i128::from(decimal::scaled(text, scale)?);
                let unit = 10_i128.pow(u32::from(scale.min(6)));
                let below = min.filter(|min| value < i128::from(*min) * unit).map(LeafFault::Below);
                below.or(max.filter(|max| value > i128::from(*max) * unit).map(LeafFault::Above))
            }
            (Self::Words { max_length }, Value::String(text)) => {
                if is_longer(text, max_length) {
                    return Some(LeafFault::TooLong(max_length));
                }
                my_number::stands_in(text).then_some(LeafFault::IndividualNumber)
            }
            _ => None,
        }
    }
}

/// Whether `text` has more graphemes than `most`; a text of few bytes needs no counting. What is longer even in code
/// points is the schema's to refuse.
fn is_longer(text: &str, most: u32) -> bool {
    let bound = usize::try_from(most).unwrap_or(usize::MAX);
    text.len() > bound && text.graphemes(true).nth(bound).is_some()
}
