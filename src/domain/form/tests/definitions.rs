//! Definitions that do not compile, and what staff fix after review.

use serde_json::{Value, json};

use super::{at, definition, field, found, known};
use crate::domain::expression::{ValueType, compile};
use crate::domain::form::{CompiledForm, scope};

fn refused(form: Value) -> Vec<(String, &'static str)> {
    let faults = CompiledForm::compile(&definition(form)).unwrap_err();
    faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
}

#[test]
fn an_expression_at_fault_is_named_with_its_place() {
    let message = json!({"ja": "否", "en": "no"});
    let found = refused(json!([
        field("a", "integer", json!({"visible_if": "form.b"})),
        field("b", "integer", json!({"required_if": "form.nothing == 1"})),
        field(
            "c",
            "text",
            json!({"valid_if": [{"rule": "true", "message": message}, {"rule": "form.c + 1 == 2", "message": message}]})
        ),
        field("d", "calculated", json!({"value": "form.c +"})),
        field("e", "calculated", json!({"value": "office.x"})),
        field("f", "table", json!({"columns": [field("g", "text", json!({"visible_if": "row.h == 'x'"}))]})),
    ]));
    let pointers: Vec<&str> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
    let expected = [
        "/form/0/visible_if",
        "/form/1/required_if",
        "/form/2/valid_if/1/rule",
        "/form/3/value",
        "/form/4/value",
        "/form/5/columns/0/visible_if",
    ];
    assert_eq!(
        {
            let mut sorted = pointers.clone();
            sorted.sort_unstable();
            sorted
        },
        expected
    );
}

#[test]
fn a_circle_is_named() {
    let form = json!([
        field("a", "text", json!({"visible_if": "has(form.c)"})),
        field("b", "calculated", json!({"value": "form.a + 'x'"})),
        field("c", "text", json!({"visible_if": "form.b == 'x'"})),
    ]);
    let faults = CompiledForm::compile(&definition(form)).unwrap_err();
    assert_eq!(faults.len(), 1);
    assert_eq!((faults[0].pointer.as_str(), faults[0].code), ("/form", "cycle"));
    assert!(faults[0].message_en.ends_with("a → c → b → a"), "{}", faults[0].message_en);
    assert_eq!(
        refused(json!([field("a", "calculated", json!({"value": "form.a + 1"}))])),
        at("/form", "cycle")
    );
    let rows = json!([field(
        "t",
        "table",
        json!({"columns": [
        field("x", "calculated", json!({"value": "row.y + 1"})), field("y", "calculated", json!({"value": "row.x + 1"}))]})
    )]);
    assert_eq!(refused(rows), at("/form/0/columns", "cycle"));
    // A table's own total, read in its rows.
    let rows = json!([
        field(
            "t",
            "table",
            json!({"columns": [field("x", "integer", json!({})),
                                               field("y", "calculated", json!({"value": "form.sum - row.x"}))]})
        ),
        field("sum", "calculated", json!({"value": "sum(form.t.map(r, r.y))"})),
    ]);
    assert_eq!(refused(rows), at("/form", "cycle"));
}

#[test]
fn a_field_may_be_read_before_it_stands_in_the_form() {
    let form = CompiledForm::compile(&definition(json!([
        field("c", "calculated", json!({"value": "form.b * 2"})),
        field("b", "calculated", json!({"value": "form.a * 2"})),
        field("a", "integer", json!({"required": true})),
    ])))
    .unwrap();
    assert_eq!(form.complete(json!({"a": 3}), &known()), json!({"a": 3, "b": 6, "c": 12}));
    assert_eq!(form.schema()["properties"]["c"]["type"], "integer");
}

#[test]
fn the_scope_has_every_type_of_answer() {
    let choices = json!([{"value": "a", "label": {"ja": "甲", "en": "A"}}]);
    let mut definition = definition(json!([
        field("who", "person_name", json!({})),
        field("place", "address", json!({})),
        field("area", "decimal", json!({"scale": 2})),
        field("price", "money", json!({})),
        field("day", "date", json!({})),
        field("kinds", "multi_choice", json!({"choices": choices})),
        field("agreed", "statement", json!({})),
        field("rows", "table", json!({"columns": [field("n", "integer", json!({}))]})),
        field("total", "calculated", json!({"value": "sum(form.rows.map(r, r.n))"})),
    ]));
    definition.office_form =
        serde_json::from_value(json!([field("measured", "decimal", json!({"scale": 2}))])).unwrap();
    let scope = scope(&definition);
    for (text, value_type) in [
        ("form.who.family + form.place.municipality", ValueType::Text),
        ("form.area + form.price + form.total + office.measured", ValueType::Int),
        ("form.day", ValueType::Date),
        ("'a' in form.kinds && form.agreed", ValueType::Bool),
        ("form.rows.all(r, r.n > 0)", ValueType::Bool),
        ("channel + applicant_kind", ValueType::Text),
        ("arrived_on", ValueType::Date),
    ] {
        let text = serde_json::from_value(json!(text)).unwrap();
        assert!(compile(&text, &scope, &value_type).is_ok(), "{text:?}");
    }
}

#[test]
fn what_staff_fix_is_a_form_that_may_read_the_applicants() {
    let mut definition = definition(json!([field("area", "decimal", json!({"scale": 2, "required": true}))]));
    let message = json!({"ja": "申請より広くできません", "en": "Not more than applied for"});
    let office = json!([
        field(
            "measured",
            "decimal",
            json!({"scale": 2, "required": true,
              "valid_if": [{"rule": "office.measured <= form.area", "message": message}]})
        ),
        field("difference", "calculated", json!({"value": "form.area - office.measured"})),
    ]);
    definition.office_form = serde_json::from_value(office).unwrap();
    let form = CompiledForm::compile(&definition).unwrap();
    let office = CompiledForm::compile_office(&definition).unwrap();
    let facts = form.facts(&json!({"area": "12.50"}), &known());
    assert_eq!(
        office.complete(json!({"measured": "12.00"}), &facts),
        json!({"measured": "12.00", "difference": 50})
    );
    let faults = office.validate(&json!({"measured": "13.00"}), &facts);
    assert_eq!(faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), ["rule"]);
    let all = office.facts(&json!({"measured": "12.00"}), &facts);
    assert_eq!((all.get("office.difference"), all.get("form.area")), (Some(&json!(50)), Some(&json!(1250))));
    assert_eq!(found(&form, json!({"area": "1", "measured": "1"})), at("/measured", "unknown_field"));
}
