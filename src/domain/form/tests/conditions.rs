//! Conditions between answers: what is there, what is asked, what is computed, what must hold.

use serde_json::{Value, json};

use super::{at, compiled, field, found, known};
use crate::domain::form::{CompiledForm, Standing};

fn works() -> CompiledForm {
    let message =
        json!({"ja": "終わりは始まりより後にしてください", "en": "The end must come after the start"});
    compiled(json!([
        field("is_corporate", "boolean", json!({"required": true})),
        field("number", "corporate_number", json!({"visible_if": "form.is_corporate", "required": true})),
        field("capital", "money", json!({"visible_if": "has(form.number)"})),
        field("from", "date", json!({"required": true})),
        field("to", "date", json!({"valid_if": [{"rule": "form.to > form.from", "message": message}]})),
        field("reason", "text", json!({"required_if": "has(form.to) && form.to > '2026-12-31'"})),
        field("days", "calculated", json!({"value": "days_between(form.from, form.to)"})),
        field("is_long", "calculated", json!({"value": "form.days > 100"})),
    ]))
}

#[test]
fn a_hidden_field_needs_no_answer_and_may_have_none() {
    let form = works();
    assert_eq!(found(&form, json!({"is_corporate": false, "from": "2026-04-01"})), []);
    let answers = json!({"is_corporate": false, "from": "2026-04-01", "number": "2000020020001"});
    assert_eq!(found(&form, answers.clone()), at("/number", "not_applicable"));
    assert_eq!(form.validate_draft(&answers, &known()), []);
    assert_eq!(found(&form, json!({"is_corporate": true, "from": "2026-04-01"})), at("/number", "required"));
    // What hangs on a hidden answer is hidden as well.
    let answers =
        json!({"is_corporate": false, "from": "2026-04-01", "number": "2000020020001", "capital": 1});
    let both = [("/number".to_owned(), "not_applicable"), ("/capital".to_owned(), "not_applicable")];
    assert_eq!(found(&form, answers), both);
}

#[test]
fn a_condition_on_an_answer_at_fault_is_not_judged() {
    let answers = json!({"is_corporate": "yes", "from": "2026-04-01", "number": "2000020020001"});
    assert_eq!(found(&works(), answers), at("/is_corporate", "type"));
    let answers = json!({"is_corporate": false, "from": "x", "to": "2026-01-01", "days": 1, "is_long": true});
    assert_eq!(found(&works(), answers), at("/from", "date"));
}

#[test]
fn an_answer_is_required_while_its_condition_holds() {
    let answers = json!({"is_corporate": false, "from": "2026-04-01", "to": "2027-01-01"});
    assert_eq!(found(&works(), answers.clone()), at("/reason", "required"));
    assert_eq!(works().validate_draft(&answers, &known()), []);
    let answers = json!({"is_corporate": false, "from": "2026-04-01", "to": "2027-01-01", "reason": "　"});
    assert_eq!(found(&works(), answers), at("/reason", "required"));
}

#[test]
fn a_rule_says_its_own_message_and_waits_for_its_answers() {
    let form = works();
    let answers = json!({"is_corporate": false, "from": "2026-04-01", "to": "2026-04-01"});
    let faults = form.validate(&answers, &known());
    assert_eq!(faults.len(), 1);
    assert_eq!((faults[0].pointer.as_str(), faults[0].code), ("/to", "rule"));
    assert_eq!(faults[0].message_ja, "終わりは始まりより後にしてください");
    assert_eq!(form.validate_draft(&answers, &known()), [], "a draft is not judged as a whole");
    assert_eq!(found(&form, json!({"is_corporate": false, "to": "2026-04-01"})), at("/from", "required"));
}

#[test]
fn calculated_values_are_filled_in_and_another_one_is_refused() {
    let form = works();
    let answers = json!({"is_corporate": false, "from": "2026-04-01", "to": "2026-08-01"});
    let completed = form.complete(answers.clone(), &known());
    assert_eq!((&completed["days"], &completed["is_long"]), (&json!(122), &json!(true)));
    assert_eq!(found(&form, completed.clone()), []);
    assert_eq!(form.without_calculated(completed.clone()), answers);
    let mut wrong = completed.clone();
    wrong["days"] = json!(1);
    assert_eq!(found(&form, wrong.clone()), at("/days", "calculated"));
    assert_eq!(form.validate_draft(&wrong, &known()).len(), 1);
    wrong["days"] = json!(122.0);
    assert!(!found(&form, wrong).is_empty());
    // Without its answers it has no value, and none may be sent.
    let answers = json!({"is_corporate": false, "from": "2026-04-01", "days": 3});
    assert_eq!(found(&form, answers.clone()), at("/days", "calculated"));
    assert_eq!(form.complete(answers, &known()), json!({"is_corporate": false, "from": "2026-04-01"}));
}

fn stalls() -> CompiledForm {
    let message = json!({"ja": "幅は2m以下です", "en": "At most 2 m wide"});
    compiled(json!([
        field("season", "choice", json!({"required": true, "choices": [
            {"value": "summer", "label": {"ja": "夏", "en": "Summer"}},
            {"value": "winter", "label": {"ja": "冬", "en": "Winter"}}]})),
        {"name": "stalls", "label": {"ja": "露店", "en": "Stalls"}, "type": "table", "required": true, "max_rows": 3, "columns": [
            {"name": "width", "label": {"ja": "幅", "en": "Width"}, "type": "decimal", "scale": 1, "required": true,
             "valid_if": [{"rule": "row.width <= 20", "message": message}]},
            field("count", "integer", json!({"required": true, "min": 1, "max": 9})),
            field("heating", "text", json!({"visible_if": "form.season == 'winter'", "required": true})),
            field("reason", "text", json!({"required_if": "row.count > 5"})),
            field("area", "calculated", json!({"value": "row.width * row.count"})),
        ]},
        field("total", "calculated", json!({"value": "sum(form.stalls.map(s, s.area))"})),
    ]))
}

#[test]
fn rows_are_judged_one_by_one() {
    let form = stalls();
    let answers =
        json!({"season": "summer", "stalls": [{"width": "1.5", "count": 2}, {"width": "2", "count": 3}]});
    assert_eq!(found(&form, answers.clone()), []);
    let completed = form.complete(form.tidy(answers), &known());
    assert_eq!(completed["stalls"][0], json!({"width": "1.5", "count": 2, "area": 30}));
    assert_eq!((&completed["stalls"][1]["area"], &completed["total"]), (&json!(60), &json!(90)));
    assert_eq!(found(&form, completed.clone()), []);
    for (change, pointer, code) in [
        (json!({"width": "2.1", "count": 1}), "/stalls/1", "rule"),
        (json!({"width": "1", "count": 6}), "/stalls/1/reason", "required"),
        (json!({"width": "1", "count": 1, "heating": "x"}), "/stalls/1/heating", "not_applicable"),
        (json!({"width": "1", "count": 1, "area": 99}), "/stalls/1/area", "calculated"),
        (json!({"width": "1"}), "/stalls/1/count", "required"),
        (json!({"width": "1", "count": 10}), "/stalls/1/count", "maximum"),
        (json!({"width": "1", "count": 1, "colour": 1}), "/stalls/1/colour", "unknown_field"),
        (json!("x"), "/stalls/1", "type"),
    ] {
        let answers = json!({"season": "summer", "stalls": [{"width": "1", "count": 1}, change]});
        let pointer = if code == "rule" { "/stalls/1/width" } else { pointer };
        assert_eq!(found(&form, answers), at(pointer, code));
    }
    let answers = json!({"season": "winter", "stalls": [{"width": "1", "count": 1}, {"width": "1", "count": 1, "heating": "x"}]});
    let faults = form.validate(&answers, &known());
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].pointer, "/stalls/0/heating");
    assert_eq!(faults[0].message_ja, "露店の1行目のheatingは必須です");
    assert_eq!(faults[0].message_en, "Stalls, row 1: heating is required");
}

#[test]
fn a_table_has_rows_within_its_bounds() {
    let row = json!({"width": "1", "count": 1});
    let answers = |rows: usize| json!({"season": "summer", "stalls": vec![row.clone(); rows]});
    assert_eq!(found(&stalls(), answers(0)), at("/stalls", "required"));
    assert_eq!(found(&stalls(), answers(3)), []);
    assert_eq!(found(&stalls(), answers(4)), at("/stalls", "too_many"));
}

#[test]
fn what_cannot_be_computed_is_a_fault_of_its_field() {
    let form = compiled(json!([
        field("a", "integer", json!({})),
        field("b", "integer", json!({})),
        field("share", "calculated", json!({"value": "form.a / form.b"})),
        field("rest", "calculated", json!({"value": "form.share + 1"})),
    ]));
    assert_eq!(found(&form, json!({"a": 6, "b": 0})), at("/share", "division_by_zero"));
    assert_eq!(form.complete(json!({"a": 6, "b": 0}), &known()), json!({"a": 6, "b": 0}));
    assert_eq!(form.complete(json!({"a": 6, "b": 4}), &known())["rest"], json!(2));
}

#[test]
fn conditions_may_read_who_applies_how_and_when() {
    let form = compiled(json!([
        field("born_on", "date", json!({"required": true})),
        field("age", "calculated", json!({"value": "age_on(form.born_on, arrived_on)"})),
        field(
            "guardian",
            "text",
            json!({"visible_if": "form.age < 18 && applicant_kind == 'resident'", "required": true})
        ),
        field("slip", "text", json!({"required_if": "channel == 'post'"})),
    ]));
    assert_eq!(found(&form, json!({"born_on": "2010-04-01"})), at("/guardian", "required"));
    assert_eq!(found(&form, json!({"born_on": "2000-04-01"})), []);
    assert_eq!(form.complete(json!({"born_on": "2000-04-01"}), &known())["age"], json!(26));
}

#[test]
fn facts_are_the_answers_as_expressions_read_them() {
    let form = stalls();
    let answers =
        form.tidy(json!({"season": "summer", "stalls": [{"width": "1.5", "count": 2, "heating": "x"}]}));
    let facts = form.facts(&answers, &known());
    assert_eq!(facts.get("form.stalls"), Some(&json!([{"width": 15, "count": 2, "area": 30}])));
    assert_eq!(facts.get("form.total"), Some(&json!(30)));
    assert_eq!(facts.get("channel"), Some(&json!("online")));
    assert_eq!(facts.get("applicant_kind"), Some(&json!("resident")));
    assert_eq!(facts.get("row"), None);
}

#[test]
fn how_fields_stand_follows_the_answers() {
    let form = works();
    let standing = |answers: Value, name: &str| form.standings(&answers, &known())[name];
    assert_eq!(standing(json!({"is_corporate": true}), "number"), Standing::Required);
    assert_eq!(standing(json!({"is_corporate": false}), "number"), Standing::Hidden);
    assert_eq!(standing(json!({"is_corporate": 1}), "number"), Standing::Unsure);
    assert_eq!(standing(json!({}), "from"), Standing::Required);
    assert_eq!(standing(json!({}), "reason"), Standing::Optional);
}

#[test]
fn a_correction_may_name_any_place_people_write_in() {
    let form = stalls();
    for good in ["/season", "/stalls", "/stalls/2", "/stalls/2/width"] {
        assert!(form.has_place(good), "{good}");
    }
    for bad in [
        "",
        "/",
        "/x",
        "/season/x",
        "/stalls/x",
        "/stalls/02",
        "/stalls/200",
        "/stalls/0/area",
        "/stalls/0/x",
        "/stalls/0/width/y",
        "/total",
    ] {
        assert!(!form.has_place(bad), "{bad}");
    }
    let form = compiled(json!([
        field("who", "person_name", json!({})),
        field(
            "kinds",
            "multi_choice",
            json!({
        "choices": [{"value": "a", "label": {"ja": "甲", "en": "A"}}]})
        )
    ]));
    assert!(form.has_place("/who/family") && !form.has_place("/who/first"));
    assert!(form.has_place("/kinds") && !form.has_place("/kinds/0"));
}
