//! Fees against the vectors of the rulebook.

use jiff::civil::{Date, date};
use serde_json::{Value, json};

use super::{Channel, FeeFault, assess};
use crate::domain::procedure::ProcedureDefinition;

const DAY: Date = date(2026, 6, 1);

fn definition(fees: &Value) -> ProcedureDefinition {
    serde_json::from_value(json!({
        "id": "p", "version": 1, "tenant": "020001", "title": {"ja": "手続", "en": "Procedure"},
        "kind": "application",
        "legal_basis": {"law": "法", "article": "第1条", "basis_kind": "law", "online_basis": "法6条"},
        "department": "d", "applicant_kinds": ["business"], "assurance": "id", "fee_due": "on_submit",
        "form": [], "fees": fees, "retention_years": 5, "effective_from": "2020-01-01", "sources": [],
    }))
    .unwrap()
}

fn fee(code: &str, formula: &Value, from: &str, to: Option<&str>) -> Value {
    json!({"code": code, "label": {"ja": code, "en": code}, "basis": "条例第1条", "revenue_account": "08-02-01-01",
           "formula": formula, "effective_from": from, "effective_to": to, "source": "test"})
}

fn total(formula: &Value, answers: &Value, channel: Channel) -> Result<i64, FeeFault> {
    let definition = definition(&json!([fee("f", formula, "2020-01-01", None)]));
    assess(&definition, answers, channel, DAY).map(|assessment| assessment.total.amount())
}

#[test]
fn r50_every_line_names_its_clause_and_its_revenue_account() {
    let definition =
        definition(&json!([fee("f", &json!({"kind": "flat", "amount": 22_000}), "2020-01-01", None)]));
    let assessment = assess(&definition, &json!({}), Channel::Online, DAY).unwrap();
    let line = &assessment.lines[0];
    assert_eq!((line.basis.as_str(), line.revenue_account.as_str()), ("条例第1条", "08-02-01-01"));
    assert_eq!(line.formula_version, "p/1/f@2020-01-01");
    assert_eq!(assessment.total.amount(), 22_000);
}

#[test]
fn r52_the_arrival_day_chooses_the_version_of_the_fee() {
    let definition = definition(&json!([
        fee("f", &json!({"kind": "flat", "amount": 2_100}), "2019-10-01", Some("2026-09-30")),
        fee("f", &json!({"kind": "flat", "amount": 2_700}), "2026-10-01", None),
    ]));
    let on = |day| assess(&definition, &json!({}), Channel::Post, day).map(|fee| fee.total.amount());
    assert_eq!(on(date(2026, 9, 30)), Ok(2_100));
    assert_eq!(on(date(2026, 10, 1)), Ok(2_700), "posted on 9/30, arrived on 10/1");
    assert_eq!(on(date(2019, 9, 30)), Err(FeeFault::NotInForce { day: date(2019, 9, 30) }));
}

#[test]
fn r54_the_takken_licence_costs_33000_on_paper_and_26500_online() {
    let formula = json!({"kind": "by_channel", "paper": 33_000, "online": 26_500});
    assert_eq!(total(&formula, &json!({}), Channel::Window), Ok(33_000));
    assert_eq!(total(&formula, &json!({}), Channel::Post), Ok(33_000));
    assert_eq!(total(&formula, &json!({}), Channel::Online), Ok(26_500));
}

#[test]
fn r55_the_construction_licence_depends_on_a_condition() {
    let formula = json!({"kind": "by_choice", "field": "what",
        "table": {"new": 90_000, "add_trade": 50_000, "renew": 50_000}});
    for (what, amount) in [("new", 90_000), ("add_trade", 50_000), ("renew", 50_000)] {
        assert_eq!(total(&formula, &json!({"what": what}), Channel::Online), Ok(amount), "{what}");
    }
    let missing = FeeFault::NoRow { item: "f".into(), field: "what".into() };
    assert_eq!(total(&formula, &json!({"what": "other"}), Channel::Online), Err(missing.clone()));
    assert_eq!(total(&formula, &json!({}), Channel::Online), Err(missing));
}

#[test]
fn r56_three_trades_cost_15000_and_1000() {
    let trades = json!({"trades": 3});
    let evaluation = json!({"kind": "linear", "base": 8_100, "per_unit": 2_300, "field": "trades"});
    let notice = json!({"kind": "linear", "base": 400, "per_unit": 200, "field": "trades"});
    assert_eq!(total(&evaluation, &trades, Channel::Online), Ok(15_000));
    assert_eq!(total(&notice, &trades, Channel::Online), Ok(1_000));
}

#[test]
fn r58_units_are_charged_one_by_one() {
    let poultry = json!({"kind": "per_unit", "unit_amount": 3, "field": "birds"});
    assert_eq!(total(&poultry, &json!({"birds": 12_345}), Channel::Window), Ok(37_035));
    let copies = json!({"kind": "per_unit", "unit_amount": 450, "field": "copies"});
    assert_eq!(total(&copies, &json!({"copies": 2}), Channel::Online), Ok(900));
}

#[test]
fn r62_counts_are_whole_numbers_and_amounts_stay_in_range() {
    let copies = json!({"kind": "per_unit", "unit_amount": 450, "field": "copies"});
    let no_count = FeeFault::NoCount { item: "f".into(), field: "copies".into() };
    for bad in [json!({"copies": 1.5}), json!({"copies": -1}), json!({"copies": "2"}), json!({})] {
        assert_eq!(total(&copies, &bad, Channel::Online), Err(no_count.clone()), "{bad}");
    }
    let huge = total(&copies, &json!({"copies": i64::MAX}), Channel::Online);
    assert_eq!(huge, Err(FeeFault::OutOfRange { item: "f".into() }));
}

#[test]
fn a_fee_is_the_sum_of_its_items_and_no_items_mean_no_fee() {
    let definition_of_two = definition(&json!([
        fee(
            "evaluation",
            &json!({"kind": "linear", "base": 8_100, "per_unit": 2_300, "field": "n"}),
            "2020-01-01",
            None
        ),
        fee(
            "notice",
            &json!({"kind": "linear", "base": 400, "per_unit": 200, "field": "n"}),
            "2020-01-01",
            None
        ),
    ]));
    let both = assess(&definition_of_two, &json!({"n": 3}), Channel::Online, DAY).unwrap();
    assert_eq!((both.lines.len(), both.total.amount()), (2, 16_000));
    let free = assess(&definition(&json!([])), &json!({}), Channel::Online, DAY).unwrap();
    assert_eq!((free.lines.len(), free.total.amount()), (0, 0));
}

#[test]
fn t2_a_stored_line_carries_what_is_needed_to_compute_it_again() {
    let definition = definition(&json!([fee(
        "f",
        &json!({"kind": "per_unit", "unit_amount": 450, "field": "copies"}),
        "2020-01-01",
        None
    )]));
    let line = assess(&definition, &json!({"copies": 2}), Channel::Online, DAY).unwrap().lines.remove(0);
    let replayed = assess(&definition, &json!(line.inputs), Channel::Online, DAY).unwrap().lines.remove(0);
    assert_eq!(replayed, line);
}
