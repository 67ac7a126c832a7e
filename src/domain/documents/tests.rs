//! Which documents a case needs, and which it may leave out.

use jiff::civil::date;
use serde_json::{Value, json};

use super::{CompiledDocuments, DocumentCheck};
use crate::domain::form::scope;
use crate::domain::procedure::specimen::{changed, facts};
use crate::domain::procedure::{ApplicantKind, ProcedureDefinition};

fn with_documents(documents: &Value) -> ProcedureDefinition {
    changed(|it| {
        let label = json!({"ja": "項目", "en": "Field"});
        it["form"] = json!([
            {"name": "kind", "label": label, "type": "choice", "choices": [
                {"value": "new", "label": label}, {"value": "renewal", "label": label}]},
            {"name": "corporate_number", "label": label, "type": "corporate_number"},
            {"name": "consents_to_tax_data", "label": label, "type": "boolean"},
            {"name": "water", "label": label, "type": "choice", "choices": [
                {"value": "public", "label": label}, {"value": "well", "label": label}]},
        ]);
        it["attachments"] = documents.clone();
        for document in it["attachments"].as_array_mut().unwrap() {
            document["title"] = json!({"ja": document["code"], "en": document["code"]});
            document["media_types"] = json!(["application/pdf"]);
            document["max_bytes"] = json!(1000);
        }
    })
}

fn check(documents: &Value, form: &Value, who: Option<ApplicantKind>, present: &[&str]) -> DocumentCheck {
    let definition = with_documents(documents);
    let day = date(2026, 6, 1);
    let compiled = CompiledDocuments::compile(&definition, &scope(&definition)).unwrap();
    let present: Vec<String> = present.iter().map(|code| (*code).to_owned()).collect();
    compiled.check(&facts(form, day), who, &present)
}

fn missing(documents: &Value, form: &Value, who: ApplicantKind) -> Vec<String> {
    check(documents, form, Some(who), &[]).faults.into_iter().map(|fault| fault.pointer).collect()
}

const BUSINESS: ApplicantKind = ApplicantKind::Business;
const RESIDENT: ApplicantKind = ApplicantKind::Resident;

#[test]
fn r46_a_document_is_required_while_its_condition_holds() {
    let documents = json!([{"code": "water_test", "required_if": "form.water == 'well'"}]);
    assert_eq!(missing(&documents, &json!({"water": "well"}), BUSINESS), ["/attachments/water_test"]);
    assert_eq!(missing(&documents, &json!({"water": "public"}), BUSINESS), Vec::<String>::new());
    // Nobody has said where the water comes from: that is a fault of the form, not of the documents.
    assert_eq!(missing(&documents, &json!({}), BUSINESS), Vec::<String>::new());
    let handed_in = check(&documents, &json!({"water": "well"}), Some(BUSINESS), &["water_test"]);
    assert_eq!(handed_in, DocumentCheck::default());
}

#[test]
fn r46_a_document_of_corporations_is_not_asked_of_a_person() {
    let documents = json!([{"code": "registry", "required": true, "applicant_kinds": ["business"]}]);
    assert_eq!(missing(&documents, &json!({}), BUSINESS), ["/attachments/registry"]);
    assert_eq!(missing(&documents, &json!({}), RESIDENT), Vec::<String>::new());
    // Who applies is not known at a quote: what a business would need is said.
    assert_eq!(check(&documents, &json!({}), None, &[]).faults.len(), 1);
}

#[test]
fn r43_a_certificate_of_registry_may_be_left_out_with_the_corporate_number() {
    let documents = json!([{"code": "registry", "required": true, "omissions": [
        {"when": "has(form.corporate_number)", "basis": "情報通信技術を活用した行政の推進等に関する法律第11条"}]}]);
    assert_eq!(missing(&documents, &json!({}), BUSINESS), ["/attachments/registry"]);
    let found = check(&documents, &json!({"corporate_number": "4011001098993"}), Some(BUSINESS), &[]);
    assert_eq!(found.faults, []);
    let omitted: Vec<_> = found.omitted.iter().map(|it| (it.code.as_str(), it.basis.as_str())).collect();
    assert_eq!(omitted, [("registry", "情報通信技術を活用した行政の推進等に関する法律第11条")]);
    // What is there was not left out, and what is not needed cannot be.
    let handed_in =
        check(&documents, &json!({"corporate_number": "4011001098993"}), Some(BUSINESS), &["registry"]);
    assert_eq!(handed_in, DocumentCheck::default());
}

#[test]
fn r44_tax_data_are_looked_up_only_with_an_explicit_consent_and_renewals_omit_what_is_unchanged() {
    let documents = json!([
        {"code": "tax", "required": true, "omissions": [{"when": "form.consents_to_tax_data", "basis": "規則第4条第4項"}]},
        {"code": "history", "required": true, "omissions": [{"when": "form.kind == 'renewal'", "basis": "規則第4条第5項"}]},
    ]);
    let left = |form: Value| missing(&documents, &form, BUSINESS);
    assert_eq!(left(json!({"kind": "new"})), ["/attachments/tax", "/attachments/history"]);
    assert_eq!(
        left(json!({"kind": "new", "consents_to_tax_data": false})),
        ["/attachments/tax", "/attachments/history"]
    );
    assert_eq!(left(json!({"kind": "renewal"})), ["/attachments/tax"]);
    assert_eq!(left(json!({"kind": "renewal", "consents_to_tax_data": true})), Vec::<String>::new());
}

#[test]
fn conditions_at_fault_are_named_where_they_stand() {
    let documents = json!([
        {"code": "a", "required_if": "form.nothing"},
        {"code": "b", "required": true, "omissions": [{"when": "form.kind", "basis": "b"}, {"when": "true ||", "basis": "b"}]},
    ]);
    let definition = with_documents(&documents);
    let faults = CompiledDocuments::compile(&definition, &scope(&definition)).unwrap_err();
    let pointers: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        ["/attachments/0/required_if", "/attachments/1/omissions/0/when", "/attachments/1/omissions/1/when"]
    );
}
