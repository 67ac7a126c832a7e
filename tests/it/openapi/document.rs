//! The checked-in document, ready to be held against answers.

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::app::Answer;

/// The document and which of its answers were seen.
pub struct Document {
    /// All of it.
    pub whole: Value,
    seen: BTreeSet<String>,
}

impl Document {
    /// Reads the checked-in document.
    pub fn read() -> Self {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/madoguchi.yaml");
        let whole = yaml_serde::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        Self { whole, seen: BTreeSet::new() }
    }

    /// Every operation with its id; each has one, and no two the same.
    pub fn operations(&self) -> Vec<(String, &Value)> {
        let paths = self.whole["paths"].as_object().unwrap();
        let methods = ["get", "post", "put", "patch", "delete"];
        let all = paths.values().flat_map(|item| item.as_object().unwrap());
        let found: Vec<_> = all
            .filter(|(method, _)| methods.contains(&method.as_str()))
            .map(|(_, operation)| {
                (operation["operationId"].as_str().expect("an operation without id").to_owned(), operation)
            })
            .collect();
        let different: BTreeSet<&String> = found.iter().map(|(id, _)| id).collect();
        assert_eq!(different.len(), found.len(), "two operations of one id");
        found
    }

    /// Compiles a schema that may refer to the components.
    pub fn compile(&self, schema: &Value) -> Result<Validator, String> {
        let mut root = schema.clone();
        root["components"] = json!({ "schemas": self.whole["components"]["schemas"] });
        // What is not described is not promised: a named schema names every field.
        if root.get("$ref").is_some() {
            root["unevaluatedProperties"] = json!(false);
            root["properties"] = json!({});
        }
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        options.build(&root).map_err(|error| error.to_string())
    }

    /// The answer must be one that the document describes for this operation.
    pub fn check(&mut self, operation: &str, answer: &Answer) {
        let status = answer.status.as_u16().to_string();
        let operations = self.operations();
        let (_, found) = operations.iter().find(|(id, _)| id == operation).expect(operation);
        let response = &found["responses"][&status];
        assert!(response.is_object(), "{operation} answers {status}, of which the document says nothing");
        let media_type =
            answer.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or("");
        let schema = match response.get("content").and_then(|content| content.get(media_type)) {
            Some(content) => content["schema"].clone(),
            None if answer.body.is_null() && response.get("content").is_none() => Value::Null,
            None => panic!("{operation} {status} comes as {media_type:?}: {response}"),
        };
        if !schema.is_null() {
            let validator = self.compile(&schema).unwrap();
            let faults: Vec<String> = validator
                .iter_errors(&answer.body)
                .map(|error| format!("{error} at {}", error.instance_path()))
                .collect();
            assert!(faults.is_empty(), "{operation} {status}: {faults:?}\n{}", answer.body);
        }
        if answer.status.is_success() {
            self.seen.insert(operation.to_owned());
        }
    }

    /// Operations whose JSON answer of success was never checked.
    pub fn unseen_successes(&self) -> Vec<String> {
        let speaks_json = |operation: &Value| {
            let responses = operation["responses"].as_object().unwrap().iter();
            let mut successes = responses.filter(|(status, _)| status.starts_with('2'));
            successes.any(|(_, response)| response["content"].get("application/json").is_some())
        };
        let unseen =
            self.operations().into_iter().filter(|(id, it)| speaks_json(it) && !self.seen.contains(id));
        unseen.map(|(id, _)| id).collect()
    }
}
