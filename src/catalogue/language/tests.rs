//! The published schema says what every key is for, and accepts what the reader accepts.

use serde_json::{Value, json};

use super::{SCHEMA_FILE, faults_of_definition, schema, schema_text};
use crate::catalogue::Catalogue;
use crate::catalogue::definition::tree_of;

fn takken() -> Value {
    let files = Catalogue::shipped_files();
    tree_of(&files["procedures/020001/takken-menkyo.yaml"]).unwrap()
}

/// Every property of every object of the schema, with its path.
fn properties(node: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    match node {
        Value::Object(members) => {
            for (name, property) in members.get("properties").and_then(Value::as_object).into_iter().flatten()
            {
                found.push((format!("{path}.{name}"), property.clone()));
            }
            members.iter().for_each(|(name, inner)| properties(inner, &format!("{path}/{name}"), found));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, inner)| properties(inner, &format!("{path}/{index}"), found));
        }
        _ => {}
    }
}

#[test]
fn every_property_of_the_language_is_described() {
    let mut found = Vec::new();
    properties(&schema(), "", &mut found);
    let is_bare =
        |(_, property): &&(String, Value)| property["description"].as_str().is_none_or(|it| it.len() < 8);
    let bare: Vec<&str> = found.iter().filter(is_bare).map(|(path, _)| path.as_str()).collect();
    assert_eq!(bare, Vec::<&str>::new());
    assert!(found.len() > 150, "only {} properties were found", found.len());
}

#[test]
fn the_checked_in_schema_is_the_one_of_the_types() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(SCHEMA_FILE);
    let checked_in = std::fs::read_to_string(file).unwrap_or_default();
    assert!(checked_in == schema_text(), "run `madoguchi procedures schema --write`");
}

#[test]
fn the_shipped_files_are_valid_against_the_published_schema() {
    let validator =
        jsonschema::draft202012::options().should_validate_formats(true).build(&schema()).unwrap();
    let files = Catalogue::shipped_files();
    let procedures = files.iter().filter(|(name, _)| name.starts_with("procedures/"));
    let mut count = 0;
    for (name, text) in procedures {
        let tree = tree_of(text).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&tree).map(|it| format!("{}: {it}", it.instance_path())).collect();
        assert_eq!(errors, Vec::<String>::new(), "{name}");
        count += 1;
    }
    assert!(count >= 6);
    assert!(!validator.is_valid(&json!({"id": "x"})));
    assert!(!validator.is_valid(&json!({"extends": {"template": "x"}})));
}

#[test]
fn all_structural_faults_are_named_at_once_with_their_place() {
    let mut tree = takken();
    tree["colour"] = json!("red");
    tree["version"] = json!("one");
    tree["retention_years"] = json!(900);
    tree["effective_from"] = json!("2026-02-30");
    tree["kind"] = json!("permit");
    tree["form"][0]["type"] = json!("txt");
    tree["form"][1]["labels"] = json!({});
    tree["form"][2].as_object_mut().unwrap().remove("label");
    tree["fees"][0]["formula"]["kind"] = json!("flatt");
    tree["fees"].as_array_mut().unwrap().push(json!({"code": "x", "formula": {"kind": "flat", "amonut": 1}}));
    tree["processing"]["days"] = json!(1.5);
    tree["sources"] = json!("one");
    let mut found: Vec<_> =
        faults_of_definition(&tree).into_iter().map(|fault| (fault.pointer, fault.code)).collect();
    found.sort();
    let expected = [
        ("/colour", "unknown_key"),
        ("/effective_from", "format"),
        ("/fees/0/formula/kind", "unknown_value"),
        ("/fees/1/basis", "missing_key"),
        ("/fees/1/effective_from", "missing_key"),
        ("/fees/1/formula/amonut", "unknown_key"),
        ("/fees/1/formula/amount", "missing_key"),
        ("/fees/1/label", "missing_key"),
        ("/fees/1/revenue_account", "missing_key"),
        ("/fees/1/source", "missing_key"),
        ("/form/0/type", "unknown_value"),
        ("/form/1/labels", "unknown_key"),
        ("/form/2/label", "missing_key"),
        ("/kind", "unknown_value"),
        ("/processing/days", "wrong_type"),
        ("/retention_years", "out_of_range"),
        ("/sources", "wrong_type"),
        ("/version", "wrong_type"),
    ];
    assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
}

#[test]
fn a_wrong_value_is_answered_with_the_right_ones() {
    let mut tree = takken();
    tree["kind"] = json!("permit");
    let faults = faults_of_definition(&tree);
    assert_eq!(faults[0].message_en, "must be one of application, notification");
    assert_eq!(faults[0].message_ja, "application, notification のどれかにしてください");
}
