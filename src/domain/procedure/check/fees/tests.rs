//! What a definition's fees are refused for.

use serde_json::{Value, json};

use crate::domain::form;
use crate::domain::procedure::ProcedureDefinition;

fn field(name: &str, kind: &str, members: &Value) -> Value {
    let mut field = json!({"name": name, "label": {"ja": name, "en": name}, "type": kind});
    for (name, value) in members.as_object().unwrap() {
        field[name] = value.clone();
    }
    field
}

fn required(name: &str, kind: &str) -> Value {
    field(name, kind, &json!({"required": true}))
}

fn fee(formula: &Value) -> Value {
    json!({"code": "fee", "label": {"ja": "手数料", "en": "Fee"}, "basis": "条例", "revenue_account": "08",
           "formula": formula, "effective_from": "2020-04-01", "source": "s"})
}

/// The faults of the fees alone: pointer and code.
fn check(form: &Value, fees: &Value, change: impl FnOnce(&mut Value)) -> Vec<(String, &'static str)> {
    let mut value = json!({
        "id": "p", "version": 1, "tenant": "020001", "title": {"ja": "手続", "en": "Procedure"},
        "kind": "application",
        "legal_basis": {"law": "法", "article": "第1条", "basis_kind": "law", "online_basis": "法6条", "review_criteria": "審査基準"},
        "department": "d", "applicant_kinds": ["business"], "assurance": "id", "fee_due": "on_submit",
        "form": form, "fees": fees, "retention_years": 5, "effective_from": "2020-04-01", "sources": ["s"],
    });
    change(&mut value);
    let definition: ProcedureDefinition = serde_json::from_value(value).unwrap();
    let mut faults = Vec::new();
    definition.check_fees(&form::scope(&definition), &mut faults);
    faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
}

fn of(form: &Value, formula: &Value) -> Vec<(String, &'static str)> {
    check(form, &json!([fee(formula)]), |_| {})
}

fn per_unit(count: &str) -> Value {
    json!({"kind": "per_unit", "unit_amount": 1, "count": count, "unit": "通"})
}

fn at(pointer: &str, code: &'static str) -> (String, &'static str) {
    (pointer.to_owned(), code)
}

#[test]
fn an_answer_that_prices_must_be_sure_to_come() {
    let not_required = at("/fees/0/formula", "field_not_required");
    let plus_one = per_unit("form.n + 1");
    assert_eq!(of(&json!([required("n", "integer")]), &plus_one), []);
    assert_eq!(
        of(&json!([field("n", "integer", &json!({}))]), &plus_one),
        std::slice::from_ref(&not_required)
    );
    let hidden = json!({"required": true, "visible_if": "form.b"});
    let form = json!([required("b", "boolean"), field("n", "integer", &hidden)]);
    assert_eq!(of(&form, &plus_one), std::slice::from_ref(&not_required), "it may be hidden");
    let optional = json!([field("n", "integer", &json!({}))]);
    assert_eq!(of(&optional, &per_unit("has(form.n) ? form.n : 0")), [], "it is asked for first");
    let tiers = json!({"kind": "tiers", "value": "form.n", "unknown_value": 5, "base": 1, "base_up_to": 1,
        "bands": [{"step": 1, "per_step": 1}]});
    assert_eq!(of(&optional, &tiers), [], "the unknown value has its amount");
}

#[test]
fn an_answer_may_be_required_under_the_condition_of_its_item() {
    let charged = |when: &str, members: Value| {
        let form = json!([required("b", "boolean"), field("n", "integer", &members)]);
        let mut fee = fee(&per_unit("form.n + 1"));
        fee["when"] = json!(when);
        check(&form, &json!([fee]), |_| {})
    };
    assert_eq!(charged("form.b", json!({"required_if": "form.b"})), []);
    assert_eq!(charged("form.b", json!({"required": true, "visible_if": "form.b"})), []);
    let other = at("/fees/0/formula", "field_not_required");
    assert_eq!(charged("!form.b", json!({"required_if": "form.b"})), std::slice::from_ref(&other));
    assert_eq!(charged("form.b", json!({"required_if": "form.b", "visible_if": "!form.b"})), [other]);
    let optional = json!([field("b", "boolean", &json!({}))]);
    let mut fee = fee(&json!({"kind": "flat", "amount": 1}));
    fee["when"] = json!("form.b");
    assert_eq!(check(&optional, &json!([fee]), |_| {}), [at("/fees/0/when", "field_not_required")]);
}

#[test]
fn a_column_that_prices_must_be_required() {
    let table =
        |column: Value| json!([field("rows", "table", &json!({"required": true, "columns": [column]}))]);
    let sum = per_unit("sum(form.rows.map(row, row.n))");
    assert_eq!(of(&table(required("n", "integer")), &sum), []);
    let optional = table(field("n", "integer", &json!({})));
    assert_eq!(of(&optional, &sum), [at("/fees/0/formula", "field_not_required")]);
    let mut mixed = optional;
    mixed.as_array_mut().unwrap().push(required("m", "integer"));
    let more = per_unit("sum(form.rows.map(row, row.n)) + form.m");
    assert_eq!(of(&mixed, &more), [at("/fees/0/formula", "field_not_required")]);
}

#[test]
fn a_calculated_field_is_as_sure_as_what_it_is_computed_from() {
    let form = |n: Value| json!([n, field("double", "calculated", &json!({"value": "form.n * 2"}))]);
    let count = per_unit("form.double");
    assert_eq!(of(&form(required("n", "integer")), &count), []);
    let optional = form(field("n", "integer", &json!({})));
    assert_eq!(of(&optional, &count), [at("/fees/0/formula", "field_not_required")]);
}

#[test]
fn what_staff_fix_prices_only_after_review() {
    let office = |fee_due: &str| {
        check(&json!([]), &json!([fee(&per_unit("office.n + 1"))]), |it| {
            it["office_form"] = json!([required("n", "integer")]);
            it["fee_due"] = json!(fee_due);
        })
    };
    assert_eq!(office("after_review"), []);
    assert_eq!(office("on_submit"), [at("/fees/0/formula", "field_not_required")]);
}

#[test]
fn r57_bands_ascend_and_hold_whole_steps() {
    let tiers = |bands: Value| {
        let form = json!([required("n", "integer")]);
        let tiers = json!({"kind": "tiers", "value": "form.n", "base": 1, "base_up_to": 100, "bands": bands});
        of(&form, &tiers).into_iter().map(|(pointer, _)| pointer).collect::<Vec<_>>()
    };
    assert_eq!(
        tiers(json!([{"up_to": 200, "step": 10, "per_step": 1}, {"step": 10, "per_step": 1}])),
        [""; 0]
    );
    let at = |index: usize, name: &str| format!("/fees/0/formula/bands/{index}/{name}");
    for (bands, pointer) in [
        (json!([{"up_to": 90, "step": 10, "per_step": 1}, {"step": 1, "per_step": 1}]), at(0, "up_to")),
        (json!([{"up_to": 200, "step": 30, "per_step": 1}, {"step": 1, "per_step": 1}]), at(0, "step")),
        (json!([{"step": 10, "per_step": 1}, {"step": 1, "per_step": 1}]), at(0, "up_to")),
        (json!([{"up_to": 200, "step": 10, "per_step": 1}]), at(0, "up_to")),
        (json!([{"step": 0, "per_step": 1}]), at(0, "step")),
        (json!([{"step": -1, "per_step": 1}]), at(0, "step")),
        (json!([]), "/fees/0/formula/bands".to_owned()),
    ] {
        assert_eq!(tiers(bands.clone()), [pointer], "{bands}");
    }
}

#[test]
fn numbers_without_sense_are_refused() {
    let form = json!([required("n", "integer"), required("from", "date"), required("to", "date")]);
    let derived = json!({"kind": "derived", "of": "other", "fraction": {"numerator": 1, "denominator": 0}});
    let mut other = fee(&json!({"kind": "flat", "amount": 1}));
    other["code"] = json!("other");
    let found = check(&form, &json!([other, fee(&derived)]), |_| {});
    assert_eq!(found, [at("/fees/1/formula/fraction/denominator", "fee_number")]);
    let same_time = json!({"kind": "same_time", "first": 1, "other": 2, "count": "form.n + 1"});
    assert_eq!(of(&form, &same_time), [at("/fees/0/formula/other", "fee_number")]);
    let rent = json!({"kind": "pro_rata", "yearly": 1, "mode": "daily", "from": "form.from", "to": "form.to",
        "quantity": "form.n", "quantity_scale": 7, "tax_percent_below_one_month": 101});
    let expected = ["/fees/0/formula/quantity_scale", "/fees/0/formula/tax_percent_below_one_month"];
    assert_eq!(of(&form, &rent).into_iter().map(|(pointer, _)| pointer).collect::<Vec<_>>(), expected);
    let none = json!({"kind": "by_condition", "cases": [], "otherwise": 1});
    assert_eq!(of(&form, &none), [at("/fees/0/formula/cases", "empty")]);
}

#[test]
fn r58c_the_fee_behind_a_derived_one_is_in_force_as_long() {
    let with = |members: Value| {
        let mut other = fee(&json!({"kind": "flat", "amount": 1}));
        other["code"] = json!("other");
        for (name, value) in members.as_object().unwrap() {
            other[name] = value.clone();
        }
        other
    };
    let derived =
        fee(&json!({"kind": "derived", "of": "other", "fraction": {"numerator": 3, "denominator": 4}}));
    let early = with(json!({"effective_to": "2025-03-31"}));
    let late = with(json!({"effective_from": "2025-04-01"}));
    assert_eq!(check(&json!([]), &json!([derived, early, late]), |_| {}), []);
    let gap = at("/fees/0/formula/of", "fee_gap");
    assert_eq!(check(&json!([]), &json!([derived, early]), |_| {}), std::slice::from_ref(&gap));
    assert_eq!(check(&json!([]), &json!([derived, late]), |_| {}), [gap]);
}

#[test]
fn r64_a_notice_has_an_end_and_names_fees_that_exist() {
    let found = |members: Value| {
        let mut relief = json!({"code": "flood", "label": {"ja": "災害", "en": "Flood"}, "kind": "not_collected",
            "basis": "告示", "when": "form.b", "effective_from": "2026-01-01", "effective_to": "2026-12-31", "source": "s"});
        for (name, value) in members.as_object().unwrap() {
            relief[name] = value.clone();
        }
        let form = json!([field("b", "boolean", &json!({}))]);
        check(&form, &json!([fee(&json!({"kind": "flat", "amount": 1}))]), |it| {
            it["reliefs"] = json!([relief]);
        })
    };
    assert_eq!(found(json!({})), []);
    assert_eq!(found(json!({"effective_to": null})), [at("/reliefs/0/effective_to", "relief_without_end")]);
    assert_eq!(found(json!({"effective_to": null, "kind": "waiver"})), []);
    assert_eq!(found(json!({"effective_to": "2025-01-01"})), [at("/reliefs/0/effective_to", "span")]);
    assert_eq!(found(json!({"fees": ["fee", "no"]})), [at("/reliefs/0/fees/1", "unknown_fee")]);
    let over = json!({"remaining": {"numerator": 2, "denominator": 1}});
    assert_eq!(found(over), [at("/reliefs/0/remaining/numerator", "fee_number")]);
    let nothing = json!({"remaining": {"numerator": 0, "denominator": 0}});
    assert_eq!(found(nothing), [at("/reliefs/0/remaining/denominator", "fee_number")]);
    assert_eq!(found(json!({"when": "form.c"})), [at("/reliefs/0/when", "expression_unknown_name")]);
}

#[test]
fn a_fee_is_whole_yen() {
    for amount in [json!(1.5), json!("100"), json!(-1), json!(1e12)] {
        let written = json!({"kind": "flat", "amount": amount});
        assert!(serde_json::from_value::<crate::domain::procedure::FeeFormula>(written).is_err(), "{amount}");
    }
}
