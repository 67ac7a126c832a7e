//! Fields to JSON Schema 2020-12. Labels and help travel as `x-` annotations, which validators ignore.

use serde_json::{Map, Value, json};

use crate::domain::procedure::{Field, FieldType};

/// Our format: thirteen digits with a right check digit.
pub(super) const CORPORATE_NUMBER: &str = "corporate-number";
/// Our format: no control characters except line breaks and tabs.
pub(super) const PRINTABLE: &str = "printable";

/// The bound of a text whose field gives none.
const TEXT_MAX_LENGTH: u32 = 1_000;
/// The greatest whole number every JSON reader keeps exactly.
const SAFE_INTEGER: i64 = 9_007_199_254_740_991;

/// The schema of the whole form.
pub(super) fn build(fields: &[Field]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|field| (field.name.clone(), property(field))).collect();
    let required: Vec<&str> =
        fields.iter().filter(|field| field.required).map(|field| field.name.as_str()).collect();
    let order: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
        "x-order": order,
    })
}

fn property(field: &Field) -> Value {
    let mut schema = typed(field);
    schema.insert("title".into(), json!(field.label.ja));
    schema.insert("x-label-ja".into(), json!(field.label.ja));
    schema.insert("x-label-en".into(), json!(field.label.en));
    schema.insert("x-type".into(), json!(field.field_type));
    if let Some(description) = &field.description {
        schema.insert("description".into(), json!(description.ja));
        schema.insert("x-description-ja".into(), json!(description.ja));
        schema.insert("x-description-en".into(), json!(description.en));
    }
    if let Some(default) = &field.default {
        schema.insert("default".into(), default.clone());
    }
    Value::Object(schema)
}

fn typed(field: &Field) -> Map<String, Value> {
    let max_length = field.max_length.unwrap_or(TEXT_MAX_LENGTH);
    let schema = match field.field_type {
        FieldType::Text if field.required => {
            json!({"type": "string", "pattern": "\\S", "maxLength": max_length, "format": PRINTABLE})
        }
        FieldType::Text => json!({"type": "string", "maxLength": max_length, "format": PRINTABLE}),
        FieldType::Kana => {
            json!({"type": "string", "pattern": "^[ァ-ヴー・　 ]+$", "maxLength": max_length})
        }
        FieldType::Integer => json!({
            "type": "integer",
            "minimum": field.min.unwrap_or(-SAFE_INTEGER),
            "maximum": field.max.unwrap_or(SAFE_INTEGER),
        }),
        FieldType::Date => json!({"type": "string", "format": "date"}),
        FieldType::Choice => {
            let values: Vec<&str> = field.choices.iter().map(|choice| choice.value.as_str()).collect();
            let labels: Vec<Value> = field
                .choices
                .iter()
                .map(|choice| json!({"value": choice.value, "ja": choice.label.ja, "en": choice.label.en}))
                .collect();
            json!({"type": "string", "enum": values, "x-choices": labels})
        }
        FieldType::Boolean => json!({"type": "boolean"}),
        FieldType::Phone => json!({"type": "string", "pattern": "^\\+?[0-9](-?[0-9]){8,14}$"}),
        FieldType::Postcode => json!({"type": "string", "pattern": "^[0-9]{3}-?[0-9]{4}$"}),
        FieldType::CorporateNumber => {
            json!({"type": "string", "pattern": "^[0-9]{13}$", "format": CORPORATE_NUMBER})
        }
    };
    match schema {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
