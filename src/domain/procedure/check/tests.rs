//! A definition with one fault each, and one with many.

use serde_json::{Value, json};

use crate::domain::procedure::ProcedureDefinition;

fn good() -> Value {
    json!({
        "id": "koseki-shomei", "version": 1, "tenant": "022012", "title": {"ja": "戸籍証明書", "en": "Certificate"},
        "kind": "application",
        "legal_basis": {"law": "戸籍法", "article": "第10条", "basis_kind": "law", "online_basis": "法6条"},
        "department": "shimin", "applicant_kinds": ["resident"], "assurance": "id", "fee_due": "on_submit",
        "form": [
            {"name": "copies", "label": {"ja": "通数", "en": "Copies"}, "type": "integer", "required": true, "min": 1, "max": 20},
            {"name": "what", "label": {"ja": "区分", "en": "Kind"}, "type": "choice", "required": true,
             "choices": [{"value": "a", "label": {"ja": "甲", "en": "A"}}]},
        ],
        "attachments": [{"code": "identity", "title": {"ja": "本人確認書類", "en": "Identity"}, "required": true,
                         "media_types": ["image/png"], "max_bytes": 10}],
        "fees": [{"code": "koseki", "label": {"ja": "手数料", "en": "Fee"}, "basis": "条例別表", "revenue_account": "13-02-01-01",
                  "formula": {"kind": "per_unit", "unit_amount": 450, "field": "copies"},
                  "effective_from": "2020-04-01", "source": "s"}],
        "processing": {"days": 1, "holidays": "exclude", "source": "s"},
        "approval_route": [{"role": "section_chief"}],
        "allowed_methods": {"basis": "条例", "methods": ["card"]},
        "retention_years": 5, "effective_from": "2026-04-01",
        "examples": [{"title": {"ja": "例", "en": "Example"}, "applicant_kind": "resident",
                      "form": {"copies": 2, "what": "a"}, "total": 900,
                      "attachments": [{"code": "identity", "filename": "a.png", "media_type": "image/png", "content_base64": "AAAA"}]}],
        "sources": ["s"],
    })
}

fn codes(change: impl FnOnce(&mut Value)) -> Vec<(String, &'static str)> {
    let mut value = good();
    change(&mut value);
    let definition: ProcedureDefinition = serde_json::from_value(value).unwrap();
    definition.check().into_iter().map(|fault| (fault.pointer, fault.code)).collect()
}

fn at(pointer: &str, code: &'static str) -> Vec<(String, &'static str)> {
    vec![(pointer.to_owned(), code)]
}

#[test]
fn a_sound_definition_has_no_fault() {
    assert_eq!(codes(|_| {}), []);
}

#[test]
fn an_unknown_key_is_refused() {
    let mut value = good();
    value["colour"] = json!("red");
    assert!(serde_json::from_value::<ProcedureDefinition>(value).is_err());
}

#[test]
fn a_fee_must_name_a_countable_required_field() {
    assert_eq!(
        codes(|it| it["fees"][0]["formula"]["field"] = json!("sheets")),
        [("/fees/0/formula/field".to_owned(), "unknown_field"), ("/examples/0/total".to_owned(), "fee")]
    );
    assert_eq!(
        codes(|it| it["form"][0]["max"] = Value::Null),
        at("/fees/0/formula/field", "field_not_countable")
    );
    assert_eq!(
        codes(|it| it["form"][0]["required"] = json!(false)),
        at("/fees/0/formula/field", "field_not_required")
    );
}

#[test]
fn a_fee_table_has_one_row_for_each_choice() {
    let formula = json!({"kind": "by_choice", "field": "what", "table": {"a": 900, "b": 1}});
    assert_eq!(codes(|it| it["fees"][0]["formula"] = formula), at("/fees/0/formula/table", "fee_table"));
}

#[test]
fn r52_versions_of_one_fee_do_not_overlap() {
    let found = codes(|it| {
        let mut later = it["fees"][0].clone();
        later["effective_from"] = json!("2027-04-01");
        it["fees"].as_array_mut().unwrap().push(later);
    });
    assert_eq!(found, at("/fees/1/effective_from", "fee_overlap"));
}

#[test]
fn r2_a_notification_has_no_fee_and_no_approval_route() {
    let found = codes(|it| it["kind"] = json!("notification"));
    assert_eq!(found, at("/fees", "notification_fee"));
    let found = codes(|it| {
        it["kind"] = json!("notification");
        it["fees"] = json!([]);
        it["fee_due"] = json!("none");
        it["examples"][0]["total"] = json!(0);
    });
    assert_eq!(found, at("/approval_route", "notification_route"));
}

#[test]
fn r70_a_fee_needs_the_basis_of_its_payment_methods() {
    assert_eq!(codes(|it| it["allowed_methods"] = Value::Null), at("/allowed_methods", "empty"));
}

#[test]
fn an_example_must_be_submittable_as_it_is() {
    assert_eq!(codes(|it| it["examples"][0]["total"] = json!(450)), at("/examples/0/total", "total"));
    assert_eq!(
        codes(|it| it["examples"][0]["attachments"] = json!([])),
        at("/examples/0/attachments", "required")
    );
    let found = codes(|it| it["examples"][0]["attachments"][0]["content_base64"] = json!("*"));
    assert_eq!(found, at("/examples/0/attachments/0/content_base64", "content"));
    let found = codes(|it| it["examples"][0]["form"]["what"] = json!("z"));
    assert_eq!(found, at("/examples/0/form/what", "choice"));
}

#[test]
fn a_default_must_be_a_valid_answer() {
    assert_eq!(codes(|it| it["form"][0]["default"] = json!(99)), at("/form/0/default", "default"));
}

#[test]
fn all_faults_are_listed_at_once() {
    let found = codes(|it| {
        it["id"] = json!("Koseki");
        it["version"] = json!(0);
        it["tenant"] = json!("022013");
        it["title"]["en"] = json!(" ");
        it["effective_to"] = json!("2020-01-01");
        it["sources"] = json!([]);
    });
    let codes: Vec<_> = found.iter().map(|(_, code)| *code).collect();
    assert_eq!(codes, ["slug", "version", "tenant_code", "empty", "span", "empty"]);
}
