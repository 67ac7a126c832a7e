//! Fields at fault, one fault each.

use serde_json::{Value, json};

use crate::domain::procedure::ProcedureDefinition;

/// Pointers and codes of the faults of a definition with these fields.
#[expect(clippy::needless_pass_by_value, reason = "written in place by every caller")]
fn faults(form: Value, change: impl FnOnce(&mut Value)) -> Vec<(String, &'static str)> {
    let mut definition = json!({
        "id": "shinsei", "version": 1, "tenant": "020001", "title": {"ja": "申請", "en": "Application"},
        "kind": "application",
        "legal_basis": {"law": "法", "article": "第1条", "basis_kind": "law", "online_basis": "法6条", "review_criteria": "審査基準"},
        "department": "ka", "applicant_kinds": ["resident"], "assurance": "id", "fee_due": "none", "form": form,
        "approval_route": [{"role": "section_chief"}], "retention_years": 5, "effective_from": "2026-04-01",
        "sources": ["s"],
    });
    change(&mut definition);
    let definition: ProcedureDefinition = serde_json::from_value(definition).unwrap();
    let mut faults = Vec::new();
    definition.check_fields(&mut faults);
    faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "written in place by every caller")]
fn field(name: &str, field_type: &str, more: Value) -> Value {
    let mut field = json!({"name": name, "label": {"ja": "項目", "en": "Field"}, "type": field_type});
    for (key, value) in more.as_object().unwrap() {
        field[key] = value.clone();
    }
    field
}

#[test]
fn each_property_belongs_to_its_types() {
    let choice = json!({"value": "a", "label": {"ja": "甲", "en": "A"}});
    for (bad, pointer, code) in [
        (field("x", "text", json!({"min": 1})), "/form/0/min", "bounds"),
        (field("x", "integer", json!({"min": 2, "max": 1})), "/form/0/min", "bounds"),
        (field("x", "money", json!({"min": -1})), "/form/0/min", "bounds"),
        (field("x", "phone", json!({"max_length": 9})), "/form/0/max_length", "bounds"),
        (field("x", "text", json!({"max_length": 0})), "/form/0/max_length", "bounds"),
        (field("x", "text", json!({"max_length": 10_001})), "/form/0/max_length", "bounds"),
        (field("x", "decimal", json!({})), "/form/0/scale", "scale"),
        (field("x", "decimal", json!({"scale": 7})), "/form/0/scale", "scale"),
        (field("x", "integer", json!({"scale": 1})), "/form/0/scale", "scale"),
        (field("x", "text", json!({"unit": "m"})), "/form/0/unit", "unit"),
        (field("x", "choice", json!({})), "/form/0/choices", "choices"),
        (field("x", "text", json!({"choices": [choice]})), "/form/0/choices", "choices"),
        (field("x", "choice", json!({"choices": [choice, choice]})), "/form/0/choices", "duplicate"),
        (field("x", "table", json!({})), "/form/0/columns", "columns"),
        (field("x", "text", json!({"max_rows": 3})), "/form/0/max_rows", "bounds"),
        (field("x", "calculated", json!({})), "/form/0/value", "calculated"),
        (field("x", "calculated", json!({"value": "1", "required": true})), "/form/0/required", "calculated"),
        (field("x", "calculated", json!({"value": "1", "default": 1})), "/form/0/default", "default"),
        (field("x", "integer", json!({"max": 5, "default": 6})), "/form/0/default", "default"),
        (field("x", "statement", json!({"default": true})), "/form/0/default", "default"),
        (field("x", "text", json!({"assurance": "id"})), "/form/0/assurance", "assurance"),
        (field("x", "statement", json!({"assurance": "signature"})), "/form/0/assurance", "assurance"),
        (field("X", "text", json!({})), "/form/0/name", "slug"),
    ] {
        assert_eq!(faults(json!([bad]), |_| ()), [(pointer.to_owned(), code)], "{bad}");
    }
    let rule = json!([{"rule": "form.x != 'y'", "message": {"ja": " ", "en": "no"}}]);
    let found = faults(json!([field("x", "text", json!({"valid_if": rule}))]), |_| ());
    assert_eq!(found, [("/form/0/valid_if/0/message/ja".to_owned(), "empty")]);
}

#[test]
fn columns_are_checked_like_fields_and_hold_no_tables() {
    let table = |columns: Value, more: Value| {
        let mut table = field("t", "table", more);
        table["columns"] = columns;
        json!([table])
    };
    let column = field("a", "integer", json!({"min": 2, "max": 1}));
    let found = faults(table(json!([column, field("a", "text", json!({}))]), json!({})), |_| ());
    let expected = [("/form/0/columns/0/min", "bounds"), ("/form/0/columns/1/name", "duplicate")];
    assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
    let inner = field("b", "person_name", json!({}));
    assert_eq!(
        faults(table(json!([inner]), json!({})), |_| ()),
        [("/form/0/columns/0/type".to_owned(), "columns")]
    );
    let rows = json!({"min_rows": 3, "max_rows": 2});
    let column = json!([field("a", "text", json!({}))]);
    assert_eq!(faults(table(column.clone(), rows), |_| ()), [("/form/0/max_rows".to_owned(), "bounds")]);
    let found = faults(table(column, json!({"max_rows": 201})), |_| ());
    assert_eq!(found, [("/form/0/max_rows".to_owned(), "bounds")]);
    let many: Vec<Value> = (0..31).map(|index| field(&format!("c{index}"), "text", json!({}))).collect();
    assert_eq!(faults(table(json!(many), json!({})), |_| ()), [("/form/0/columns".to_owned(), "too_many")]);
}

#[test]
fn a_form_has_at_most_three_hundred_fields() {
    let fields = |count: u32| -> Value {
        (0..count).map(|index| field(&format!("f{index}"), "boolean", json!({}))).collect()
    };
    assert_eq!(faults(fields(300), |_| ()), []);
    assert_eq!(faults(fields(301), |_| ()), [("/form".to_owned(), "too_many")]);
}

#[test]
fn conditions_are_counted_once_for_each_row() {
    let table = |conditions: usize| {
        let rule = json!({"rule": "true", "message": {"ja": "否", "en": "no"}});
        let column = field("c", "integer", json!({"valid_if": vec![rule; conditions]}));
        json!([field("t", "table", json!({"max_rows": 200, "columns": [column]}))])
    };
    assert_eq!(faults(table(50), |_| ()), []);
    assert_eq!(faults(table(51), |_| ()), [("/form".to_owned(), "too_costly")]);
}

#[test]
fn r154_a_definition_may_not_ask_for_an_individual_number() {
    for (name, ja, en) in [
        ("my_number", "番号", "Number"),
        ("x", "マイナンバー", "Number"),
        ("x", "個人番号（12桁）", "Number"),
        ("x", "番号", "My Number"),
    ] {
        let asked = json!([{"name": name, "label": {"ja": ja, "en": en}, "type": "text"}]);
        assert_eq!(
            faults(asked, |_| ()),
            [("/form/0/label".to_owned(), "individual_number")],
            "{name} {ja} {en}"
        );
    }
    let stated = json!([{"name": "x", "label": {"ja": "個人番号は記載していません", "en": "No My Number is given"}, "type": "statement"}]);
    assert_eq!(faults(stated, |_| ()), []);
}

#[test]
fn every_field_stands_in_exactly_one_section() {
    let form = json!([field("a", "text", json!({})), field("b", "text", json!({}))]);
    let pages = |fields: Value, documents: Value| {
        let title = json!({"ja": "頁", "en": "Page"});
        json!([{"code": "p", "title": title, "sections": [
            {"code": "s", "title": title, "fields": fields, "attachments": documents}]}])
    };
    for (fields, documents, expected) in [
        (json!(["b", "a"]), json!([]), vec![]),
        (json!(["a"]), json!([]), vec![("/pages", "missing_field")]),
        (json!(["a", "b", "a"]), json!([]), vec![("/pages/0/sections/0/fields/2", "duplicate")]),
        (json!(["a", "b", "c"]), json!([]), vec![("/pages/0/sections/0/fields/2", "unknown_field")]),
        (json!(["a", "b"]), json!(["x"]), vec![("/pages/0/sections/0/attachments/0", "unknown_field")]),
    ] {
        let found = faults(form.clone(), |it| it["pages"] = pages(fields, documents));
        let expected: Vec<_> =
            expected.into_iter().map(|(pointer, code)| (pointer.to_owned(), code)).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn what_staff_fix_is_checked_as_well() {
    let form = json!([field("a", "integer", json!({}))]);
    let office = json!([
        field("b", "decimal", json!({})),
        field("c", "integer", json!({"visible_if": "form.z == 1"}))
    ]);
    let found = faults(form, |it| it["office_form"] = office);
    let expected =
        [("/office_form/0/scale", "scale"), ("/office_form/1/visible_if", "expression_unknown_name")];
    assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
}
