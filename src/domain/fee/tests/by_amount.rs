//! Formulas over counts and values.

use serde_json::{Value, json};

use super::{Case, faults, fee, field};
use crate::domain::expression::Facts;
use crate::domain::fee::{
    Channel, FeeFault, assess_in_basket, basket_items, increase, price_basket, same_time_terms,
};
use crate::domain::money::Yen;

fn counted(formula: &Value) -> Case {
    let form = json!([field("n", "integer"), field("m", "integer")]);
    Case::new(&form, &json!([fee("f", formula)]))
}

fn per_unit(unit_amount: i64, count: &str, unit: &str) -> Case {
    counted(&json!({"kind": "per_unit", "unit_amount": unit_amount, "count": count, "unit": unit}))
}

#[test]
fn r56_three_trades_cost_15000_and_1000() {
    let trades = json!({"n": 3});
    let evaluation = counted(&json!({"kind": "linear", "base": 8_100, "per_unit": 2_300, "count": "form.n"}));
    let notice = counted(&json!({"kind": "linear", "base": 400, "per_unit": 200, "count": "form.n"}));
    assert_eq!(evaluation.total(&trades), Ok(15_000));
    assert_eq!(notice.total(&trades), Ok(1_000));
    assert_eq!(evaluation.explanation(&trades), ["8,100円 + 2,300円 × 3 = 15,000円"]);
}

/// 建設工事紛争審査会のあっせん.
fn mediation(unknown_value: Option<i64>) -> Case {
    counted(&json!({"kind": "tiers", "value": "form.n", "unknown_value": unknown_value,
        "base": 10_000, "base_up_to": 1_000_000, "bands": [
            {"up_to": 5_000_000, "step": 10_000, "per_step": 20},
            {"up_to": 25_000_000, "step": 10_000, "per_step": 15},
            {"step": 10_000, "per_step": 10},
    ]}))
}

#[test]
fn r57_the_fee_of_mediation_rises_by_tiers() {
    let case = mediation(Some(5_000_000));
    for (value, amount) in [
        (0, 10_000),
        (1_000_000, 10_000),
        (1_000_001, 10_020),
        (1_010_000, 10_020),
        (1_010_001, 10_040),
        (5_000_000, 18_000),
        (5_000_001, 18_015),
        (25_000_000, 48_000),
        (30_000_000, 53_000),
    ] {
        assert_eq!(case.total(&json!({"n": value})), Ok(amount), "{value}");
    }
    assert_eq!(case.total(&json!({})), Ok(18_000), "an unknown value counts as five million");
    let expected = [
        "算定の基礎となる額 1,010,001",
        "1,000,000まで 10,000円",
        "1,000,000超1,010,001まで 10,000ごとに20円 × 2 = 40円",
        "合計 10,040円",
    ];
    assert_eq!(case.explanation(&json!({"n": 1_010_001})), expected);
}

#[test]
fn r57_a_missing_value_without_an_amount_for_it_is_a_fault() {
    let missing = FeeFault::Unanswered { item: "f".into(), fields: vec!["form.n".into()] };
    assert_eq!(mediation(None).total(&json!({})), Err(missing));
    let below = FeeFault::NoCount { item: "f".into(), fields: vec!["form.n".into()] };
    assert_eq!(mediation(Some(1)).total(&json!({"n": -1})), Err(below));
}

#[test]
fn r57_a_later_increase_is_charged_by_its_difference() {
    let case = mediation(None);
    let fee = |value: i64| case.assess(&json!({"n": value})).unwrap().total;
    assert_eq!(increase(fee(5_000_000), fee(25_000_000)).amount(), 30_000);
    assert_eq!(increase(fee(25_000_000), fee(5_000_000)), Yen::ZERO);
}

#[test]
fn r58_units_are_charged_one_by_one() {
    assert_eq!(per_unit(3, "form.n", "羽").through(Channel::Window).total(&json!({"n": 12_345})), Ok(37_035));
    assert_eq!(per_unit(600, "form.n", "枚").total(&json!({"n": 4})), Ok(2_400));
    assert_eq!(per_unit(440, "form.n", "回").total(&json!({"n": 1})), Ok(440));
    assert_eq!(per_unit(450, "form.n", "通").explanation(&json!({"n": 2})), ["450円 × 2通 = 900円"]);
}

#[test]
fn r58b_three_approvals_at_once_cost_16600_in_one_application_and_in_three() {
    let succession =
        counted(&json!({"kind": "same_time", "first": 9_000, "other": 3_800, "count": "form.n"}));
    assert_eq!(succession.total(&json!({"n": 3})), Ok(16_600));
    assert_eq!(succession.total(&json!({"n": 1})), Ok(9_000));
    assert_eq!(succession.total(&json!({"n": 0})), Ok(0));
    assert_eq!(succession.explanation(&json!({"n": 3})), ["9,000円 + 同時申請 3,800円 × 2 = 16,600円"]);
    let items: Vec<_> =
        (1..=3).flat_map(|heir| basket_items(&heir, &succession.assess(&json!({"n": 1})).unwrap())).collect();
    let prices = price_basket(&items).unwrap();
    assert_eq!(prices.values().map(|price| price.amount()).sum::<i64>(), 16_600);
    let special = counted(&json!({"kind": "same_time", "first": 13_000, "other": 10_000, "count": "form.n"}));
    assert_eq!(special.total(&json!({"n": 2})), Ok(23_000));
}

#[test]
fn r58b_an_application_that_others_relieve_of_the_full_price_is_assessed_to_the_basket_price() {
    let case = counted(&json!({"kind": "same_time", "first": 9_000, "other": 3_800, "count": "form.n"}));
    let answers = [(7, json!({"n": 2})), (3, json!({"n": 1})), (5, json!({"n": 0}))];
    let mut items = Vec::new();
    for (key, answers) in &answers {
        items.extend(basket_items(key, &case.assess(answers).unwrap()));
    }
    let (terms, prices) = (same_time_terms(&items, ToString::to_string), price_basket(&items).unwrap());
    for (key, answers) in &answers {
        let own = terms.get(key).cloned().unwrap_or_default();
        let assessed = case.assess_in_basket(answers, &own).unwrap();
        let line = &assessed.lines[0];
        assert_eq!(line.amount, prices[&(*key, line.formula_version.clone())], "{key}");
        assert_eq!(line.full_price_in.as_deref(), (*key != 3).then_some("3"), "{key}");
        // What is stored with an invoice gives the same again (T-2).
        let facts = Facts::new(assessed.facts.clone());
        let again = assess_in_basket(&case.fees, &facts, assessed.arrived_on, &assessed.terms).unwrap();
        assert_eq!(again, assessed);
    }
}

#[test]
fn r58c_the_completion_inspection_costs_three_quarters_of_the_permit() {
    let form = json!([field("inspection", "boolean"), field("volume", "integer")]);
    let permit = json!({"kind": "linear", "base": 20_000, "per_unit": 1, "count": "form.volume"});
    let mut permit = fee("permit", &permit);
    permit["when"] = json!("!form.inspection");
    let fraction = json!({"numerator": 3, "denominator": 4});
    let mut inspection = fee("inspection", &json!({"kind": "derived", "of": "permit", "fraction": fraction}));
    inspection["when"] = json!("form.inspection");
    let case = Case::new(&form, &json!([permit, inspection]));
    let ask =
        |inspection: bool, volume: i64| case.amounts(&json!({"inspection": inspection, "volume": volume}));
    assert_eq!(ask(false, 0), [("permit".to_owned(), 20_000)]);
    assert_eq!(ask(true, 0), [("inspection".to_owned(), 15_000)]);
    assert_eq!(ask(true, 3), [("inspection".to_owned(), 15_002)], "15,002.25 is rounded down");
    let answers = json!({"inspection": true, "volume": 0});
    assert_eq!(case.explanation(&answers), ["permit 20,000円 × 3/4 = 15,000円"]);
    let inputs = case.assess(&answers).unwrap().lines.remove(0).inputs;
    assert_eq!(inputs["form"], answers, "a derived fee keeps what the other fee read");
}

#[test]
fn r58c_a_fee_is_never_derived_from_itself_or_from_nothing() {
    let derived = |code: &str, of: &str| {
        fee(code, &json!({"kind": "derived", "of": of, "fraction": {"numerator": 1, "denominator": 2}}))
    };
    let codes = |fees: Value| -> Vec<_> {
        faults(&json!([]), &fees).into_iter().map(|fault| (fault.pointer, fault.code)).collect()
    };
    let at = |index: usize, code: &'static str| (format!("/fees/{index}/formula/of"), code);
    assert_eq!(codes(json!([derived("a", "a")])), [at(0, "fee_circle")]);
    assert_eq!(
        codes(json!([derived("a", "b"), derived("b", "a")])),
        [at(0, "fee_circle"), at(1, "fee_circle")]
    );
    assert_eq!(codes(json!([derived("a", "z")])), [at(0, "unknown_fee")]);
    let chain: Vec<_> = (0..12).map(|n| derived(&format!("f{n}"), &format!("f{}", n + 1))).collect();
    let chain = [chain, vec![fee("f12", &json!({"kind": "flat", "amount": 1}))]].concat();
    assert!(!codes(json!(chain)).is_empty(), "a chain of twelve is more than anybody can follow");
}

#[test]
fn r58d_what_is_counted_is_data() {
    // One form for two persons, two facts in one certificate, three fiscal years, a part of a sheet.
    assert_eq!(per_unit(300, "form.n * form.m", "人").total(&json!({"n": 2, "m": 2})), Ok(1_200));
    assert_eq!(per_unit(300, "form.n + form.m", "事実").total(&json!({"n": 2, "m": 1})), Ok(900));
    assert_eq!(per_unit(400, "form.n", "年度").total(&json!({"n": 3})), Ok(1_200));
    assert_eq!(per_unit(300, "form.n", "簿冊").total(&json!({"n": 2})), Ok(600));
    assert_eq!(per_unit(10, "(form.n + 9) / 10", "枚").total(&json!({"n": 21})), Ok(30));
    let form = json!([{"name": "items", "label": {"ja": "請求", "en": "Items"}, "type": "table",
        "columns": [field("copies", "integer"), field("kind", "text")]}]);
    let formula = json!({"kind": "per_unit", "unit_amount": 450, "unit": "通",
        "count": "sum(form.items.map(item, item.kind == 'koseki' ? item.copies : 0))"});
    let answers = json!({"items": [
        {"copies": 2, "kind": "koseki"}, {"copies": 5, "kind": "joseki"}, {"copies": 1, "kind": "koseki"}]});
    assert_eq!(Case::new(&form, &json!([fee("f", &formula)])).total(&answers), Ok(1_350));
}

#[test]
fn r62_counts_are_whole_numbers_and_amounts_stay_in_range() {
    let copies = per_unit(450, "form.n", "通");
    let no_count = FeeFault::NoCount { item: "f".into(), fields: vec!["form.n".into()] };
    for bad in [json!({"n": 1.5}), json!({"n": -1}), json!({"n": "2"}), json!({"n": [1]})] {
        assert_eq!(copies.total(&bad), Err(no_count.clone()), "{bad}");
    }
    let missing = FeeFault::Unanswered { item: "f".into(), fields: vec!["form.n".into()] };
    assert_eq!(copies.total(&json!({})), Err(missing));
    let out_of_range = FeeFault::OutOfRange { item: "f".into() };
    for case in [copies, mediation(None)] {
        assert_eq!(case.total(&json!({"n": i64::MAX})), Err(out_of_range.clone()));
    }
    let overflow = per_unit(1, "form.n * form.n", "通").total(&json!({"n": i64::MAX}));
    assert!(matches!(overflow, Err(FeeFault::NoCount { .. })), "{overflow:?}");
}
