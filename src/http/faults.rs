//! Reading a JSON body so that every fault of its shape is named at once.
//!
//! The good path is one pass of serde. Only when that fails is the body held against the schema that the OpenAPI
//! document publishes, which finds all faults instead of the first.

use jsonschema::error::ValidationErrorKind;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::domain::fault::Fault;
use crate::service::Refusal;

/// Parses `bytes` as `T`, or lists what is wrong.
pub fn parse_json<T: DeserializeOwned + ToSchema>(bytes: &[u8]) -> Result<T, Refusal> {
    match serde_json::from_slice(bytes) {
        Ok(value) => Ok(value),
        Err(error) => Err(Refusal::Malformed(explain::<T>(bytes, &error))),
    }
}

/// The fault of a body that stops in the middle.
pub fn unreadable() -> Fault {
    Fault::new("", "unreadable", "リクエスト本文を読み取れません。", "The body cannot be read.")
}

fn explain<T: ToSchema>(bytes: &[u8], error: &serde_json::Error) -> Vec<Fault> {
    let whole = |code: &'static str| {
        let place = format!("{}:{}", error.line(), error.column());
        let ja = format!("JSONとして読み取れません（{place}）。");
        Fault::new("", code, ja, format!("The body is not the expected JSON ({place})."))
    };
    if std::str::from_utf8(bytes).is_err() {
        return vec![Fault::new(
            "",
            "not_utf8",
            "文字コードがUTF-8ではありません。",
            "The body is not UTF-8.",
        )];
    }
    let Ok(document) = serde_json::from_slice::<Value>(bytes) else { return vec![whole("not_json")] };
    let found = schema_faults::<T>(&document);
    if found.is_empty() { vec![whole("unexpected")] } else { found }
}

fn schema_faults<T: ToSchema>(document: &Value) -> Vec<Fault> {
    let mut components = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut components);
    let schemas: serde_json::Map<String, Value> = components
        .into_iter()
        .filter_map(|(name, schema)| serde_json::to_value(schema).ok().map(|schema| (name, schema)))
        .collect();
    let root = json!({ "$ref": format!("#/components/schemas/{}", T::name()), "components": { "schemas": schemas } });
    let Ok(validator) = jsonschema::draft202012::new(&root) else { return Vec::new() };
    let found = validator.iter_errors(document);
    found.flat_map(|error| name_faults(&error.instance_path().to_string(), error.kind())).collect()
}

/// One violation of the schema as faults, each at the very member that is wrong.
fn name_faults(pointer: &str, kind: &ValidationErrorKind) -> Vec<Fault> {
    let here = |code: &'static str, ja: &str, en: &str| vec![Fault::new(pointer, code, ja, en)];
    match kind {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let unknown = |name: &String| {
                Fault::new(
                    member(pointer, name),
                    "unknown_field",
                    "不明な項目です。",
                    "This field is not known here.",
                )
            };
            unexpected.iter().map(unknown).collect()
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            vec![Fault::new(member(pointer, name), "required", "必須の項目です。", "This field is required.")]
        }
        ValidationErrorKind::Type { .. } => {
            here("type", "値の型が正しくありません。", "The value has the wrong type.")
        }
        ValidationErrorKind::Enum { .. } => {
            here("enum", "選べない値です。", "The value is none of the choices.")
        }
        ValidationErrorKind::Format { format } => {
            let ja = format!("形式（{format}）が正しくありません。");
            vec![Fault::new(pointer, "format", ja, format!("The value is not a {format}."))]
        }
        _ => here("invalid", "値が正しくありません。", "The value is not acceptable."),
    }
}

/// The pointer to a member, with the two characters escaped that RFC 6901 escapes.
fn member(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}
