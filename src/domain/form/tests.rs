//! The form as its users meet it.

use jiff::civil::date;
use serde_json::{Value, json};

use super::{Circumstances, CompiledForm};
use crate::domain::expression::Facts;
use crate::domain::fee::Channel;
use crate::domain::procedure::{ApplicantKind, Field, ProcedureDefinition};

mod conditions;
mod definitions;
mod texts;
mod vocabulary;

/// A definition with these fields and nothing else of interest.
fn definition(form: Value) -> ProcedureDefinition {
    let fields: Vec<Field> = serde_json::from_value(form).unwrap();
    let mut definition: ProcedureDefinition = serde_json::from_value(json!({
        "id": "shinsei", "version": 1, "tenant": "020001", "title": {"ja": "申請", "en": "Application"},
        "kind": "application",
        "legal_basis": {"law": "法", "article": "第1条", "basis_kind": "law", "online_basis": "法6条", "review_criteria": "審査基準"},
        "department": "ka", "applicant_kinds": ["resident"], "assurance": "id", "fee_due": "none", "form": [],
        "approval_route": [{"role": "section_chief"}], "retention_years": 5, "effective_from": "2026-04-01",
        "sources": ["s"],
    }))
    .unwrap();
    definition.form = fields;
    definition
}

fn compiled(form: Value) -> CompiledForm {
    CompiledForm::compile(&definition(form)).unwrap()
}

/// A field with a label of its own name.
#[expect(clippy::needless_pass_by_value, reason = "written in place by every caller")]
fn field(name: &str, field_type: &str, more: Value) -> Value {
    let mut field = json!({"name": name, "label": {"ja": name, "en": name}, "type": field_type});
    for (key, value) in more.as_object().unwrap() {
        field[key] = value.clone();
    }
    field
}

fn known() -> Facts {
    Circumstances {
        channel: Channel::Online,
        applicant_kind: Some(ApplicantKind::Resident),
        arrived_on: date(2026, 4, 1),
    }
    .facts()
}

/// Pointers and codes of the faults of answers that were tidied before.
fn found(form: &CompiledForm, answers: Value) -> Vec<(String, &'static str)> {
    let faults = form.validate(&form.tidy(answers), &known());
    faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
}

fn at(pointer: &str, code: &'static str) -> Vec<(String, &'static str)> {
    vec![(pointer.to_owned(), code)]
}

fn form() -> CompiledForm {
    compiled(json!([
        {"name": "name", "label": {"ja": "氏名", "en": "Name"}, "type": "text", "required": true, "max_length": 20},
        {"name": "name_kana", "label": {"ja": "フリガナ", "en": "Kana"}, "type": "kana", "required": true},
        {"name": "trades", "label": {"ja": "業種数", "en": "Trades"}, "type": "integer", "required": true, "min": 1, "max": 29},
        {"name": "born_on", "label": {"ja": "生年月日", "en": "Date of birth"}, "type": "date"},
        {"name": "what", "label": {"ja": "区分", "en": "Kind"}, "type": "choice", "required": true,
         "choices": [{"value": "issue", "label": {"ja": "交付", "en": "Issue"}}]},
        {"name": "agreed", "label": {"ja": "同意", "en": "Consent"}, "type": "boolean"},
        {"name": "phone", "label": {"ja": "電話番号", "en": "Phone"}, "type": "phone"},
        {"name": "postcode", "label": {"ja": "郵便番号", "en": "Postcode"}, "type": "postcode"},
        {"name": "corporate_number", "label": {"ja": "法人番号", "en": "Corporate number"}, "type": "corporate_number"},
        {"name": "note", "label": {"ja": "備考", "en": "Note"}, "type": "text"},
    ]))
}

fn good() -> Value {
    json!({"name": "髙橋 花子", "name_kana": "タカハシ ハナコ", "trades": 3, "born_on": "1990-02-28", "what": "issue",
           "agreed": true, "phone": "017-722-1111", "postcode": "030-8570", "corporate_number": "2000020020001"})
}

fn faults(change: impl FnOnce(&mut Value)) -> Vec<(String, &'static str)> {
    let mut answers = good();
    change(&mut answers);
    form().validate(&answers, &known()).into_iter().map(|fault| (fault.pointer, fault.code)).collect()
}

#[test]
fn complete_answers_have_no_fault() {
    assert_eq!(form().validate(&good(), &known()), []);
}

#[test]
fn every_fault_is_named_at_once_in_the_order_of_the_form() {
    let answers = json!({"name": "　", "name_kana": "たかはし", "trades": 0, "born_on": "2023-02-29", "what": "x",
        "agreed": "yes", "phone": "abc", "postcode": "12", "corporate_number": "2000020020002", "no/such": 1});
    let found: Vec<_> =
        form().validate(&answers, &known()).into_iter().map(|fault| (fault.pointer, fault.code)).collect();
    let expected = [
        ("/name", "required"),
        ("/name_kana", "pattern"),
        ("/trades", "minimum"),
        ("/born_on", "date"),
        ("/what", "choice"),
        ("/agreed", "type"),
        ("/phone", "pattern"),
        ("/postcode", "pattern"),
        ("/corporate_number", "corporate_number"),
        ("/no~1such", "unknown_field"),
    ];
    assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
}

#[test]
fn a_draft_may_lack_what_is_required_but_not_be_wrong() {
    let faults = form().validate_draft(&json!({"trades": 30}), &known());
    assert_eq!(faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), ["maximum"]);
}

#[test]
fn r62_a_fraction_is_no_count_even_when_it_is_whole() {
    assert_eq!(faults(|answers| answers["trades"] = json!(3.0)), at("/trades", "type"));
    assert_eq!(faults(|answers| answers["trades"] = json!(3.5)), at("/trades", "type"));
    assert_eq!(faults(|answers| answers["trades"] = json!(u64::MAX)), at("/trades", "maximum"));
}

#[test]
fn control_characters_and_long_texts_are_refused() {
    assert_eq!(faults(|answers| answers["note"] = json!("a\u{0}b")), at("/note", "characters"));
    assert_eq!(faults(|answers| answers["name"] = json!("長".repeat(21))), at("/name", "too_long"));
    assert_eq!(faults(|answers| answers["name"] = json!("長".repeat(9_000))), at("/name", "too_long"));
}

#[test]
fn answers_that_are_no_object_are_one_fault() {
    for answers in [json!([]), json!(null), json!("x"), json!(1)] {
        let faults = form().validate(&answers, &known());
        assert_eq!(faults.len(), 1);
        assert_eq!((faults[0].pointer.as_str(), faults[0].code), ("", "type"));
    }
}

#[test]
fn messages_name_the_field_in_both_languages() {
    let mut answers = good();
    answers["trades"] = json!(30);
    let faults = form().validate(&answers, &known());
    assert_eq!(faults[0].message_ja, "業種数は29以下にしてください");
    assert_eq!(faults[0].message_en, "Trades must be at most 29");
}
