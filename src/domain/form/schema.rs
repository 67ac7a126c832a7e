//! Fields to JSON Schema 2020-12. The vocabulary of the `x-` annotations is documented in the parent module.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::parts::{self, Part, PartKind};
use super::{DEFAULT_ROWS, MOST_ROWS};
use crate::domain::procedure::{Bilingual, Field, FieldType, Page};

/// Our format: thirteen digits with a right check digit.
pub(super) const CORPORATE_NUMBER: &str = "corporate-number";
/// Our format: no control characters except line breaks and tabs.
pub(super) const PRINTABLE: &str = "printable";
/// Our format: 全国地方公共団体コード with a right check digit.
pub(super) const MUNICIPALITY: &str = "municipality-code";

/// The keyword of JSON Schema, as our validator overrides it.
pub(super) const PATTERN: &str = "pattern";
/// What words that must be given match.
pub(super) const NOT_BLANK: &str = "\\S";

/// The bound of a text whose field gives none.
pub(super) const TEXT_MAX_LENGTH: u32 = 1_000;
/// How many code points a character as people count them (grapheme) may have on average: one with its variation
/// selector (異体字) has two.
pub(super) const CODE_POINTS_A_GRAPHEME: u32 = 4;
/// The greatest whole number every JSON reader keeps exactly.
const SAFE_INTEGER: i64 = 9_007_199_254_740_991;

const KANA: &str = "^[ァ-ヺーヽヾ・　 ]+$";
const ROMAN: &str = "^[A-Za-z][A-Za-z ,.'-]*$";
const POSTCODE: &str = "^[0-9]{3}-?[0-9]{4}$";
const PHONE: &str = r"^\+?[0-9](-?[0-9]){8,14}( ?内線 ?[0-9]{1,6}| ?\(内線 ?[0-9]{1,6}\))?$";

/// What the schema is made of.
pub(super) struct Layout<'a> {
    pub(super) fields: &'a [Field],
    pub(super) pages: &'a [Page],
    /// Codes of the documents, for the page that is made when there is none.
    pub(super) documents: Vec<&'a str>,
    /// JSON types of calculated fields by `name` or `table.column`.
    pub(super) calculated: &'a BTreeMap<String, &'static str>,
    /// The first two digits of the tenant's code: the prefecture whose municipalities may be named.
    pub(super) prefecture: &'a str,
}

/// The schema of the whole form.
pub(super) fn build(layout: &Layout<'_>) -> Value {
    let mut schema = object(layout, layout.fields, "");
    schema.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("x-pages".into(), pages(layout));
    Value::Object(schema)
}

fn object(layout: &Layout<'_>, fields: &[Field], within: &str) -> Map<String, Value> {
    let properties: Map<String, Value> =
        fields.iter().map(|field| (field.name.clone(), property(layout, field, within))).collect();
    let required: Vec<&str> =
        fields.iter().filter(|field| is_always_required(field)).map(|field| field.name.as_str()).collect();
    let order: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    members(json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
        "x-order": order,
    }))
}

/// Whether an answer is required whatever the others say; a field that may be hidden is not.
pub(super) fn is_always_required(field: &Field) -> bool {
    field.required && field.visible_if.is_none() && field.field_type != FieldType::Calculated
}

fn property(layout: &Layout<'_>, field: &Field, within: &str) -> Value {
    let mut schema = typed(layout, field, within);
    annotate_words(&mut schema, field);
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            schema.insert(key.into(), value);
        }
    };
    put("x-type", Some(json!(field.field_type)));
    put("x-charset", field.charset.map(|charset| json!(charset)));
    put("x-unit", field.unit.as_ref().map(|unit| json!(unit)));
    put("x-visible-if", field.visible_if.as_ref().map(|rule| json!(rule.0)));
    put("x-required-if", field.required_if.as_ref().map(|rule| json!(rule.0)));
    put("x-required", (field.required && field.visible_if.is_some()).then_some(Value::Bool(true)));
    put("x-calculated", field.value.as_ref().map(|value| json!(value.0)));
    put("x-assurance", field.assurance.map(|assurance| json!(assurance)));
    put("default", field.default.clone());
    let rules = field.valid_if.iter().map(|valid| json!({"rule": valid.rule.0, "message": valid.message}));
    put("x-valid-if", (!field.valid_if.is_empty()).then(|| rules.collect()));
    Value::Object(schema)
}

fn annotate_words(schema: &mut Map<String, Value>, field: &Field) {
    schema.insert("title".into(), json!(field.label.ja));
    schema.insert("x-label-ja".into(), json!(field.label.ja));
    schema.insert("x-label-en".into(), json!(field.label.en));
    if let Some(Bilingual { ja, en }) = &field.description {
        schema.insert("description".into(), json!(ja));
        schema.insert("x-description-ja".into(), json!(ja));
        schema.insert("x-description-en".into(), json!(en));
    }
}

fn typed(layout: &Layout<'_>, field: &Field, within: &str) -> Map<String, Value> {
    let max_length = field.max_length.unwrap_or(TEXT_MAX_LENGTH);
    members(match field.field_type {
        FieldType::Text => words(max_length, is_always_required(field)),
        FieldType::Kana => json!({"type": "string", "pattern": KANA, "maxLength": max_length}),
        FieldType::PersonName | FieldType::Address => parts_object(field.field_type),
        FieldType::Municipality => {
            let pattern = format!("^{}[0-9]{{4}}$", layout.prefecture);
            json!({"type": "string", "pattern": pattern, "format": MUNICIPALITY})
        }
        FieldType::Integer => json!({
            "type": "integer",
            "minimum": field.min.unwrap_or(-SAFE_INTEGER),
            "maximum": field.max.unwrap_or(SAFE_INTEGER),
        }),
        FieldType::Money => json!({
            "type": "integer",
            "minimum": field.min.unwrap_or(0),
            "maximum": field.max.unwrap_or(SAFE_INTEGER),
        }),
        FieldType::Decimal => decimal(field),
        FieldType::Date => json!({"type": "string", "format": "date", "x-accepts": ["wareki"]}),
        FieldType::Choice => {
            json!({"type": "string", "enum": values(field), "x-choices": labels(field)})
        }
        FieldType::MultiChoice => json!({
            "type": "array",
            "items": {"type": "string", "enum": values(field)},
            "uniqueItems": true,
            "minItems": u8::from(is_always_required(field)),
            "maxItems": field.choices.len(),
            "x-choices": labels(field),
        }),
        FieldType::Boolean => json!({"type": "boolean"}),
        FieldType::Statement => json!({"type": "boolean", "const": true}),
        FieldType::Phone => json!({"type": "string", "pattern": PHONE}),
        FieldType::Postcode => json!({"type": "string", "pattern": POSTCODE}),
        FieldType::Email => json!({"type": "string", "format": "email", "maxLength": 254}),
        FieldType::CorporateNumber => {
            json!({"type": "string", "pattern": "^[0-9]{13}$", "format": CORPORATE_NUMBER})
        }
        FieldType::Table => table(layout, field),
        FieldType::Calculated => {
            let key = format!("{within}{}", field.name);
            json!({"type": layout.calculated.get(&key).copied().unwrap_or("integer"), "readOnly": true})
        }
    })
}

fn words(max_length: u32, is_required: bool) -> Value {
    let bound = max_length.saturating_mul(CODE_POINTS_A_GRAPHEME);
    let mut schema =
        json!({"type": "string", "maxLength": bound, "format": PRINTABLE, "x-max-length": max_length});
    if is_required && let Some(schema) = schema.as_object_mut() {
        schema.insert(PATTERN.into(), json!(NOT_BLANK));
    }
    schema
}

fn decimal(field: &Field) -> Value {
    let scale = field.scale.unwrap_or(1);
    let mut schema = members(json!({
        "type": "string",
        "pattern": format!("^-?(0|[1-9][0-9]{{0,11}})(\\.[0-9]{{1,{scale}}})?$"),
        "x-scale": scale,
    }));
    for (key, bound) in [("x-minimum", field.min), ("x-maximum", field.max)] {
        if let Some(bound) = bound {
            schema.insert(key.into(), json!(bound));
        }
    }
    Value::Object(schema)
}

fn table(layout: &Layout<'_>, field: &Field) -> Value {
    let mut row = object(layout, &field.columns, &format!("{}.", field.name));
    row.insert("x-order".into(), field.columns.iter().map(|column| json!(column.name)).collect());
    let least = field.min_rows.unwrap_or(0).max(u16::from(is_always_required(field)));
    json!({
        "type": "array",
        "items": row,
        "minItems": least,
        "maxItems": field.max_rows.unwrap_or(DEFAULT_ROWS).min(MOST_ROWS),
    })
}

fn parts_object(field_type: FieldType) -> Value {
    let parts = parts::of(field_type);
    let properties: Map<String, Value> =
        parts.iter().map(|part| (part.name.to_owned(), part_schema(part))).collect();
    let required: Vec<&str> = parts.iter().filter(|part| part.is_required).map(|part| part.name).collect();
    let order: Vec<&str> = parts.iter().map(|part| part.name).collect();
    let mut schema = members(json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
        "x-order": order,
    }));
    if field_type == FieldType::PersonName {
        let pairs = json!({"given": ["given_kana"], "given_kana": ["given"], "former_family_kana": ["former_family"]});
        schema.insert("dependentRequired".into(), pairs);
    }
    Value::Object(schema)
}

fn part_schema(part: &Part) -> Value {
    let mut schema = members(match part.kind {
        PartKind::Words => words(part.max_length, part.is_required),
        PartKind::Kana => json!({"type": "string", "pattern": KANA, "maxLength": part.max_length}),
        PartKind::Roman => json!({"type": "string", "pattern": ROMAN, "maxLength": part.max_length}),
        PartKind::Postcode => json!({"type": "string", "pattern": POSTCODE}),
        PartKind::Municipality => json!({"type": "string", "pattern": "^[0-9]{6}$", "format": MUNICIPALITY}),
    });
    schema.insert("title".into(), json!(part.label_ja));
    schema.insert("x-label-ja".into(), json!(part.label_ja));
    schema.insert("x-label-en".into(), json!(part.label_en));
    Value::Object(schema)
}

fn values(field: &Field) -> Vec<&str> {
    field.choices.iter().map(|choice| choice.value.as_str()).collect()
}

fn labels(field: &Field) -> Vec<Value> {
    let label = |choice: &crate::domain::procedure::Choice| json!({"value": choice.value, "ja": choice.label.ja, "en": choice.label.en});
    field.choices.iter().map(label).collect()
}

fn pages(layout: &Layout<'_>) -> Value {
    if !layout.pages.is_empty() {
        return json!(layout.pages);
    }
    let fields: Vec<&str> = layout.fields.iter().map(|field| field.name.as_str()).collect();
    let title = Bilingual { ja: "申請内容".to_owned(), en: "Application".to_owned() };
    json!([{"code": "all", "title": title, "sections": [
        {"code": "all", "title": title, "fields": fields, "attachments": layout.documents}]}])
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
