//! The form as its users meet it.

use serde_json::{Value, json};

use super::CompiledForm;
use crate::domain::procedure::Field;

fn form() -> CompiledForm {
    let fields: Vec<Field> = serde_json::from_value(json!([
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
    .unwrap();
    CompiledForm::compile(&fields).unwrap()
}

fn good() -> Value {
    json!({"name": "髙橋 花子", "name_kana": "タカハシ ハナコ", "trades": 3, "born_on": "1990-02-28", "what": "issue",
           "agreed": true, "phone": "017-722-1111", "postcode": "030-8570", "corporate_number": "2000020020001"})
}

fn faults(change: impl FnOnce(&mut Value)) -> Vec<(String, &'static str)> {
    let mut answers = good();
    change(&mut answers);
    form().validate(&answers).into_iter().map(|fault| (fault.pointer, fault.code)).collect()
}

#[test]
fn complete_answers_have_no_fault() {
    assert_eq!(form().validate(&good()), []);
}

#[test]
fn every_fault_is_named_at_once() {
    let answers = json!({"name": "　", "name_kana": "たかはし", "trades": 0, "born_on": "2023-02-29", "what": "x",
        "agreed": "yes", "phone": "abc", "postcode": "12", "corporate_number": "2000020020002", "no/such": 1});
    let mut found: Vec<_> =
        form().validate(&answers).into_iter().map(|fault| (fault.pointer, fault.code)).collect();
    found.sort();
    let mut expected = vec![
        ("/agreed".to_owned(), "type"),
        ("/born_on".to_owned(), "date"),
        ("/corporate_number".to_owned(), "corporate_number"),
        ("/name".to_owned(), "required"),
        ("/name_kana".to_owned(), "pattern"),
        ("/no~1such".to_owned(), "unknown_field"),
        ("/phone".to_owned(), "pattern"),
        ("/postcode".to_owned(), "pattern"),
        ("/trades".to_owned(), "minimum"),
        ("/what".to_owned(), "choice"),
    ];
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn a_draft_may_lack_what_is_required_but_not_be_wrong() {
    let faults = form().validate_draft(&json!({"trades": 30}));
    assert_eq!(faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), ["maximum"]);
}

#[test]
fn r62_a_fraction_is_no_count_even_when_it_is_whole() {
    assert_eq!(faults(|answers| answers["trades"] = json!(3.0)), [("/trades".to_owned(), "type")]);
    assert_eq!(faults(|answers| answers["trades"] = json!(3.5)), [("/trades".to_owned(), "type")]);
}

#[test]
fn r166_names_stay_as_written_and_only_typed_fields_are_folded() {
    let mut answers = good();
    answers["name"] = json!("ﾀｶﾊｼ１");
    answers["name_kana"] = json!("ﾀｶﾊｼ ﾊﾅｺ");
    answers["phone"] = json!("０１７－７２２－１１１１");
    let folded = form().fold_widths(answers);
    assert_eq!(folded["name"], "ﾀｶﾊｼ１");
    assert_eq!(folded["name_kana"], "タカハシ ハナコ");
    assert_eq!(folded["phone"], "017-722-1111");
    assert_eq!(form().validate(&folded), []);
}

#[test]
fn control_characters_and_long_texts_are_refused() {
    assert_eq!(faults(|answers| answers["note"] = json!("a\u{0}b")), [("/note".to_owned(), "characters")]);
    assert_eq!(
        faults(|answers| answers["name"] = json!("長".repeat(21))),
        [("/name".to_owned(), "too_long")]
    );
}

#[test]
fn answers_that_are_no_object_are_one_fault() {
    let faults = form().validate(&json!([]));
    assert_eq!(faults.len(), 1);
    assert_eq!((faults[0].pointer.as_str(), faults[0].code), ("", "type"));
}

#[test]
fn messages_name_the_field_in_both_languages() {
    let mut answers = good();
    answers["trades"] = json!(30);
    let faults = form().validate(&answers);
    assert_eq!(faults[0].message_ja, "業種数は29以下にしてください");
    assert_eq!(faults[0].message_en, "Trades must be at most 29");
}

#[test]
fn the_schema_is_closed_and_carries_labels() {
    let form = form();
    assert_eq!(form.schema()["additionalProperties"], false);
    assert_eq!(form.schema()["properties"]["name"]["x-label-en"], "Name");
}
