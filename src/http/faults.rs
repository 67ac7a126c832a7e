//! Reading a JSON body so that every fault of its shape is named at once.
//!
//! The good path is one pass of serde. Only when that fails is the body held against the schema that the OpenAPI
//! document publishes, which finds all faults instead of the first.

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
    let whole = |code: &str| {
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
    validator
        .iter_errors(document)
        .map(|error| {
            let pointer = error.instance_path().to_string();
            let code = error.kind().keyword().to_owned();
            Fault::new(pointer, code, format!("形式が正しくありません: {error}"), error.to_string())
        })
        .collect()
}
