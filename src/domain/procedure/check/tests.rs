//! A definition with one fault each, and one with many.

use serde_json::{Value, json};

use crate::domain::calendar::tests::aomori;
use crate::domain::documents::CompiledDocuments;
use crate::domain::fault::Fault;
use crate::domain::fee::CompiledFees;
use crate::domain::form::{CompiledForm, scope};
use crate::domain::procedure::specimen::{changed, good};
use crate::domain::procedure::{CRITERIA, ExampleStand, ProcedureDefinition};
use crate::domain::routing::CompiledRouting;
use crate::domain::routing::tests::shipped;

/// What comes of the examples; nothing where the definition does not compile.
fn examples(definition: &ProcedureDefinition) -> Vec<Fault> {
    let scope = scope(definition);
    let forms = (CompiledForm::compile(definition), CompiledForm::compile_office(definition));
    let rules = (
        CompiledFees::compile(definition, &scope),
        CompiledRouting::compile(definition, &scope),
        CompiledDocuments::compile(definition, &scope),
    );
    let ((Ok(form), Ok(office_form)), (Ok(fees), Ok(routing), Ok(documents))) = (&forms, &rules) else {
        return Vec::new();
    };
    let (calendar, jurisdictions) = (&aomori(), &shipped());
    ExampleStand { definition, form, office_form, fees, routing, documents, calendar, jurisdictions }.run()
}

/// The faults of the definition itself, then those that come out when its examples are handed in.
fn codes(change: impl FnOnce(&mut Value)) -> Vec<(String, &'static str)> {
    let definition = changed(change);
    let faults = definition.check().into_iter().chain(examples(&definition));
    faults.map(|fault| (fault.pointer, fault.code)).collect()
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
        codes(|it| it["fees"][0]["formula"]["count"] = json!("form.sheets")),
        at("/fees/0/formula/count", "expression_unknown_name")
    );
    assert_eq!(
        codes(|it| it["form"][0]["max"] = Value::Null),
        at("/fees/0/formula/count", "field_not_countable")
    );
    assert_eq!(
        codes(|it| it["form"][0]["required"] = json!(false)),
        at("/fees/0/formula", "field_not_required")
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
        at("/examples/0/attachments/identity", "required")
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

#[test]
fn an_example_must_come_out_on_the_day_and_in_the_queue_it_says() {
    let example = |key: &'static str, said: &str| {
        let said = json!(said);
        codes(move |it| it["examples"][0][key] = said)
    };
    // One day from Wednesday 2026-04-01; from Friday 04-24 the next open day is Monday.
    assert_eq!(example("due_on", "2026-04-02"), []);
    assert_eq!(example("due_on", "2026-04-03"), at("/examples/0/due_on", "due_on"));
    assert_eq!(example("queue", "shimin"), []);
    assert_eq!(example("queue", "shiminzei"), at("/examples/0/queue", "queue"));
    assert_eq!(example("arrived_on", "2026-03-31"), at("/examples/0/arrived_on", "arrived_on"));
    let found = codes(|it| {
        it["examples"][0]["arrived_on"] = json!("2026-04-24");
        it["examples"][0]["due_on"] = json!("2026-04-27");
        it["routing"] = json!([{"when": "form.copies > 1", "department": "shiminzei", "basis": "規程"}]);
        it["examples"][0]["queue"] = json!("shiminzei");
    });
    assert_eq!(found, []);
    let found = codes(|it| {
        it["processing"] = Value::Null;
        it["examples"][0]["due_on"] = json!("2026-04-02");
    });
    assert_eq!(found, at("/examples/0/due_on", "due_on"));
}

#[test]
fn an_example_is_told_what_really_comes_of_it() {
    let definition = changed(|it| it["examples"][0]["due_on"] = json!("2026-04-03"));
    let faults = examples(&definition);
    assert_eq!(faults[0].message_ja, "期限は2026-04-02です");
    assert_eq!(faults[0].message_en, "it is due on 2026-04-02");
}

#[test]
fn an_example_of_another_body_is_found_out() {
    let found = codes(|it| {
        it["form"][0] = json!({"name": "city", "label": {"ja": "市町村", "en": "Municipality"}, "type": "text", "required": true});
        it["fees"] = json!([]);
        it["fee_due"] = json!("none");
        it["jurisdiction"] = json!({"area": "public-health", "municipality": "form.city"});
        it["examples"][0]["total"] = json!(0);
        it["examples"][0]["form"] = json!({"city": "022039", "what": "a"});
    });
    assert_eq!(found, at("/examples/0/form/city", "other_authority"));
}

#[test]
fn the_rules_of_queues_and_clocks_are_sound() {
    let rules =
        json!([{"department": "shimin", "basis": "規程"}, {"department": "shiminzei", "basis": "規程"}]);
    assert_eq!(codes(|it| it["routing"] = rules), at("/routing/1", "unreachable"));
    let dated = json!([{"department": "Shimin", "basis": " ", "effective_from": "2026-04-01", "effective_to": "2026-03-31"}]);
    let found = codes(|it| it["routing"] = dated);
    let pointers: Vec<_> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["/routing/0/department", "/routing/0/basis", "/routing/0/effective_to"]);
    let open_end = json!([{"department": "shimin", "basis": "規程", "effective_to": "2027-03-31"}]);
    assert_eq!(codes(|it| it["routing"] = open_end), []);
    assert_eq!(
        codes(|it| it["jurisdiction"] = json!({"area": "Public Health", "municipality": "form.what"})),
        [
            ("/jurisdiction/area".to_owned(), "slug"),
            ("/examples/0/form/what".to_owned(), "unknown_municipality")
        ]
    );
    assert_eq!(
        codes(|it| it["processing"]["consultation_days"] = json!(2)),
        at("/processing/consultation_days", "days")
    );
}

#[test]
fn r44_the_rules_of_documents_are_sound() {
    for (change, pointer, code) in [
        (json!({"required_if": "form.copies > 1"}), "/attachments/0/required_if", "redundant"),
        (json!({"applicant_kinds": ["business"]}), "/attachments/0/applicant_kinds/0", "applicant_kind"),
        (
            json!({"applicant_kinds": ["resident", "resident"]}),
            "/attachments/0/applicant_kinds/1",
            "duplicate",
        ),
        (
            json!({"omissions": [{"when": "form.copies > 9", "basis": " "}]}),
            "/attachments/0/omissions/0/basis",
            "empty",
        ),
        (json!({"validity_months": 0}), "/attachments/0/validity_months", "months"),
        (json!({"note": {"ja": "x", "en": ""}}), "/attachments/0/note/en", "empty"),
    ] {
        let found = codes(|it| {
            for (key, value) in change.as_object().unwrap() {
                it["attachments"][0][key] = value.clone();
            }
        });
        assert_eq!(found, at(pointer, code), "{change}");
    }
}

#[test]
fn r41_grants_terms_and_drains_are_sound() {
    for (key, value, pointer, code) in [
        ("validity", json!({"basis": "法"}), "/validity", "term"),
        ("validity", json!({"years": 5, "months": 1, "basis": "法"}), "/validity", "term"),
        ("validity", json!({"years": 0, "basis": "法"}), "/validity", "term"),
        ("validity", json!({"years": 5, "basis": ""}), "/validity/basis", "empty"),
        ("issuance", json!({"channel": "paper_only", "basis": ""}), "/issuance/basis", "empty"),
        ("drain_until", json!("2027-04-30"), "/drain_until", "no_last_day"),
        ("keywords", json!(["戸籍", "戸籍"]), "/keywords/1", "duplicate"),
        ("summary", json!({"ja": "", "en": "x"}), "/summary/ja", "empty"),
        ("sources", json!(["s", " "]), "/sources/1", "empty"),
    ] {
        assert_eq!(codes(|it| it[key] = value.clone()), at(pointer, code), "{value}");
    }
    let found = codes(|it| {
        it["effective_to"] = json!("2027-03-31");
        it["drain_until"] = json!("2027-03-30");
    });
    assert_eq!(found, at("/drain_until", "span"));
    let question = json!({"code": "own", "question": {"ja": "?", "en": "?"}, "expected": true, "otherwise": {"ja": "x", "en": "x"}});
    let found = codes(|it| it["eligibility"] = json!([question, question]));
    assert_eq!(found, at("/eligibility/1/code", "duplicate"));
}

#[test]
fn r2_a_notification_grants_nothing() {
    let found = codes(|it| {
        it["kind"] = json!("notification");
        it["fees"] = json!([]);
        it["fee_due"] = json!("none");
        it["approval_route"] = json!([]);
        it["examples"][0]["total"] = json!(0);
        it["validity"] = json!({"years": 5, "basis": "法"});
        it["issuance"] = json!({"channel": "paper_only", "basis": "法"});
    });
    let both = [
        ("/issuance/channel".to_owned(), "notification_grant"),
        ("/validity".to_owned(), "notification_grant"),
    ];
    assert_eq!(found, both);
}

#[test]
fn r31_an_application_says_what_it_is_judged_by_or_why_the_law_alone_does() {
    let of = |basis: &str, text: Value| {
        codes(|it| {
            it["legal_basis"]["review_criteria"] = Value::Null;
            it["legal_basis"][basis] = text;
        })
    };
    assert_eq!(of("no_criteria_reason", json!("法令の規定により判断基準が言い尽くされている")), []);
    assert_eq!(of("review_criteria", json!("県ウェブサイト")), []);
    assert_eq!(of("review_criteria", Value::Null), at("/legal_basis/review_criteria", CRITERIA));
    let blank = at("/legal_basis/no_criteria_reason", "empty");
    assert_eq!(of("no_criteria_reason", json!(" ")), blank, "a reason is words");
    let both = codes(|it| it["legal_basis"]["no_criteria_reason"] = json!("法令による"));
    assert_eq!(both, at("/legal_basis/review_criteria", CRITERIA), "there are criteria or there are none");
}

#[test]
fn r31_nobody_judges_a_notification_so_it_needs_no_criteria() {
    let found = codes(|it| {
        it["kind"] = json!("notification");
        it["legal_basis"]["review_criteria"] = Value::Null;
    });
    assert!(!found.iter().any(|(_, code)| *code == CRITERIA), "{found:?}");
}
