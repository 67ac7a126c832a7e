//! Answers as they are written, good or bad, as facts: the arithmetic must stand whatever the form let through.

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::domain::expression::{Facts, Scope, ValueType};
use crate::domain::fee::Channel;
use crate::domain::procedure::{ApplicantKind, Field, FieldType, ProcedureDefinition};

/// What an expression of `definition` may read.
pub(super) fn scope(definition: &ProcedureDefinition) -> Scope {
    Scope::new()
        .with("form", record(&definition.form))
        .with("office", record(&definition.office_form))
        .with("channel", ValueType::Text)
        .with("applicant_kind", ValueType::Text)
        .with("arrived_on", ValueType::Date)
}

fn record(fields: &[Field]) -> ValueType {
    ValueType::record(fields.iter().map(|field| (field.name.clone(), type_of(field))))
}

fn type_of(field: &Field) -> ValueType {
    let texts = |names: &[&str]| ValueType::record(names.iter().map(|name| (*name, ValueType::Text)));
    match field.field_type {
        FieldType::Integer | FieldType::Decimal | FieldType::Money | FieldType::Calculated => ValueType::Int,
        FieldType::Boolean | FieldType::Statement => ValueType::Bool,
        FieldType::Date => ValueType::Date,
        FieldType::MultiChoice => ValueType::list(ValueType::Text),
        FieldType::Table => ValueType::list(record(&field.columns)),
        FieldType::PersonName => {
            texts(&["family", "given", "family_kana", "given_kana", "former_family", "roman"])
        }
        FieldType::Address => texts(&["postcode", "text", "municipality", "town", "block", "building"]),
        _ => ValueType::Text,
    }
}

/// What is known of an application beside its answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances<'a> {
    /// What staff fixed after review.
    pub(super) office: Option<&'a Value>,
    /// How it came in.
    pub(super) channel: Channel,
    /// Who applies, where that is known.
    pub(super) applicant_kind: Option<ApplicantKind>,
    /// The day it arrives.
    pub(super) arrived_on: Date,
}

/// The answers as expressions see them.
pub(super) fn facts(definition: &ProcedureDefinition, answers: &Value, known: Circumstances<'_>) -> Facts {
    let mut values = Map::new();
    values.insert("form".to_owned(), scaled(&definition.form, answers));
    if let Some(office) = known.office {
        values.insert("office".to_owned(), scaled(&definition.office_form, office));
    }
    values.insert("channel".to_owned(), json!(known.channel.as_str()));
    if let Some(kind) = known.applicant_kind {
        values.insert("applicant_kind".to_owned(), json!(kind.as_str()));
    }
    values.insert("arrived_on".to_owned(), json!(known.arrived_on.to_string()));
    Facts::new(values)
}

/// Decimal answers become whole numbers: `"12.50"` with two digits after the point is 1250.
fn scaled(fields: &[Field], answers: &Value) -> Value {
    let mut answers = answers.clone();
    let Some(members) = answers.as_object_mut() else { return answers };
    for field in fields.iter().filter(|field| field.field_type == FieldType::Decimal) {
        if let Some(Value::String(text)) = members.get(&field.name)
            && let Some(number) = scale(text, usize::from(field.scale.unwrap_or(0)))
        {
            members.insert(field.name.clone(), Value::from(number));
        }
    }
    answers
}

fn scale(text: &str, digits: usize) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    (part.len() <= digits).then(|| format!("{whole}{part:0<digits$}").parse().ok()).flatten()
}
