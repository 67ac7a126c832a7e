//! The published schema: closed, standard, and annotated for frontends.

use serde_json::{Value, json};

use super::{compiled, definition, field, form};
use crate::domain::form::CompiledForm;

#[test]
fn the_schema_is_closed_and_carries_labels() {
    let form = form();
    assert_eq!(form.schema()["additionalProperties"], false);
    assert_eq!(form.schema()["properties"]["name"]["x-label-en"], "Name");
    assert!(jsonschema::meta::is_valid(form.schema()));
}

#[test]
fn each_condition_and_widget_is_annotated() {
    let message = json!({"ja": "否", "en": "no"});
    let form = compiled(json!([
        field("kind", "choice", json!({"choices": [{"value": "a", "label": {"ja": "甲", "en": "A"}}]})),
        field(
            "area",
            "decimal",
            json!({"scale": 2, "unit": "㎡", "min": 1, "max": 9, "visible_if": "form.kind == 'a'",
              "required": true, "valid_if": [{"rule": "form.area > 100", "message": message}]})
        ),
        field("why", "text", json!({"required_if": "has(form.area)", "max_length": 50})),
        field("twice", "calculated", json!({"value": "form.area * 2"})),
        field("agreed", "statement", json!({"assurance": "id"})),
        field("day", "date", json!({})),
        field(
            "rows",
            "table",
            json!({"min_rows": 1, "max_rows": 9, "columns": [field("n", "money", json!({"required": true}))]})
        ),
    ]));
    let of = |name: &str| form.schema()["properties"][name].clone();
    let area = of("area");
    assert_eq!(
        (&area["x-type"], &area["x-unit"], &area["x-scale"], &area["x-minimum"], &area["x-maximum"]),
        (&json!("decimal"), &json!("㎡"), &json!(2), &json!(1), &json!(9))
    );
    assert_eq!((&area["x-visible-if"], &area["x-required"]), (&json!("form.kind == 'a'"), &json!(true)));
    assert_eq!(area["x-valid-if"], json!([{"rule": "form.area > 100", "message": message}]));
    assert_eq!(of("kind")["x-choices"], json!([{"value": "a", "ja": "甲", "en": "A"}]));
    let why = of("why");
    assert_eq!(
        (&why["x-required-if"], &why["x-max-length"], &why["maxLength"]),
        (&json!("has(form.area)"), &json!(50), &json!(200))
    );
    let twice = of("twice");
    assert_eq!((&twice["type"], &twice["readOnly"]), (&json!("integer"), &json!(true)));
    assert_eq!(twice["x-calculated"], "form.area * 2");
    assert_eq!((&of("agreed")["const"], &of("agreed")["x-assurance"]), (&json!(true), &json!("id")));
    assert_eq!(of("day")["x-accepts"], json!(["wareki"]));
    let rows = of("rows");
    assert_eq!((&rows["minItems"], &rows["maxItems"]), (&json!(1), &json!(9)));
    assert_eq!(rows["items"]["required"], json!(["n"]));
    assert_eq!(form.schema()["required"], json!([]), "what may be hidden is not required by the schema");
}

#[test]
fn pages_are_given_or_made() {
    let mut definition = definition(json!([field("a", "text", json!({})), field("b", "text", json!({}))]));
    let made = CompiledForm::compile(&definition).unwrap().schema()["x-pages"].clone();
    assert_eq!(made[0]["sections"][0]["fields"], json!(["a", "b"]));
    let title = json!({"ja": "頁", "en": "Page"});
    let pages = json!([{"code": "p1", "title": title, "sections": [
        {"code": "s1", "title": title, "fields": ["b"], "attachments": []},
        {"code": "s2", "title": title, "fields": ["a"], "attachments": []}]}]);
    definition.pages = serde_json::from_value(pages.clone()).unwrap();
    assert_eq!(CompiledForm::compile(&definition).unwrap().schema()["x-pages"], pages);
}

/// Every key of the schema that is not ours is one of JSON Schema, and every one of ours stands in the table above.
#[test]
fn every_annotation_is_documented() {
    let documentation = include_str!("../../form.rs");
    let form = compiled(json!([
        field("who", "person_name", json!({"description": {"ja": "説明", "en": "Help"}})),
        field(
            "area",
            "decimal",
            json!({"scale": 1, "unit": "m", "min": 0, "max": 1, "required_if": "has(form.who)"})
        ),
    ]));
    let mut keys = Vec::new();
    collect(form.schema(), &mut keys);
    collect(super::form().schema(), &mut keys);
    assert!(keys.len() > 8);
    for key in keys {
        assert!(documentation.contains(&format!("`{key}`")), "{key} is not documented");
    }
}

fn collect(schema: &Value, keys: &mut Vec<String>) {
    match schema {
        Value::Object(members) => {
            keys.extend(members.keys().filter(|key| key.starts_with("x-")).cloned());
            members.values().for_each(|member| collect(member, keys));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, keys)),
        _ => {}
    }
}
