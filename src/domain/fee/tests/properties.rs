//! What holds of every fee.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Case, fee, field};
use crate::domain::procedure::FeeFormula;

fn counted(formula: &Value) -> Case {
    Case::new(&json!([field("n", "integer")]), &json!([fee("f", formula)]))
}

fn timed(formula: &Value) -> Case {
    Case::new(&json!([field("from", "date"), field("to", "date")]), &json!([fee("f", formula)]))
}

fn use_of(yearly: i64, mode: &str) -> Value {
    json!({"kind": "pro_rata", "yearly": yearly, "mode": mode, "from": "form.from", "to": "form.to"})
}

/// A tariff of tiers with random bands.
fn tariff() -> impl Strategy<Value = Value> {
    let band = (1_i64..1_000_000, 1_i64..10_000, 0_i64..100);
    (0_i64..50_000, 0_i64..1_000_000, prop::collection::vec(band, 0..5)).prop_map(|(base, base_up_to, bands)| {
        let mut upper = base_up_to;
        let mut written: Vec<Value> = bands
            .iter()
            .map(|(steps, step, per_step)| {
                upper += steps * step;
                json!({"up_to": upper, "step": step, "per_step": per_step})
            })
            .collect();
        if let Some(last) = written.last_mut() {
            last["up_to"] = Value::Null;
        }
        json!({"kind": "tiers", "value": "form.n", "base": base, "base_up_to": base_up_to, "bands": written})
    })
}

/// Any formula, well-formed or not.
fn formula() -> impl Strategy<Value = FeeFormula> {
    let yen = 0_i64..1_000_000;
    prop_oneof![
        yen.clone().prop_map(|amount| json!({"kind": "flat", "amount": amount})),
        (yen.clone(), yen.clone())
            .prop_map(|(paper, online)| json!({"kind": "by_channel", "paper": paper, "online": online})),
        (yen.clone(), yen.clone()).prop_map(
            |(base, per_unit)| json!({"kind": "linear", "base": base, "per_unit": per_unit, "count": "form.n"})
        ),
        yen.clone().prop_map(|amount| json!({"kind": "by_choice", "field": "x", "table": {"a": amount}})),
        yen.clone().prop_map(|amount| json!({"kind": "by_condition", "otherwise": amount,
            "cases": [{"when": "form.n > 1", "amount": amount, "label": {"ja": "多", "en": "many"}}]})),
        (1_u32..9).prop_map(|n| json!({"kind": "derived", "of": "f",
            "fraction": {"numerator": n, "denominator": 9}})),
        (yen.clone(), yen).prop_map(|(yearly, minimum)| {
            let mut it = use_of(yearly, "daily");
            it["minimum"] = json!(minimum);
            it
        }),
        tariff(),
    ]
    .prop_map(|written| serde_json::from_value(written).unwrap())
}

/// A formula over the whole number `form.n`.
fn priceable() -> impl Strategy<Value = Value> {
    let yen = 0_i64..1_000_000_000;
    let pair = (yen.clone(), yen);
    prop_oneof![
        pair.clone().prop_map(|(base, per_unit)| {
            json!({"kind": "linear", "base": base, "per_unit": per_unit, "count": "form.n"})
        }),
        pair.clone().prop_map(|(amount, _)| {
            json!({"kind": "per_unit", "unit_amount": amount, "count": "form.n", "unit": "通"})
        }),
        pair.clone().prop_map(
            |(first, other)| json!({"kind": "same_time", "first": first, "other": other, "count": "form.n"})
        ),
        pair.prop_map(|(amount, otherwise)| {
            json!({"kind": "by_condition", "otherwise": otherwise,
                "cases": [{"when": "form.n > 1", "amount": amount}]})
        }),
        tariff(),
    ]
}

/// A number of ordinary size as often as any there is.
fn any_number() -> impl Strategy<Value = i64> {
    prop_oneof![-10_i64..100_000, any::<i64>()]
}

fn any_day() -> impl Strategy<Value = Date> {
    (0_i64..20_000).prop_map(|days| date(2000, 1, 1) + days.days())
}

proptest! {
    #[test]
    fn r57_a_higher_value_never_costs_less(tariff in tariff(), one in 0_i64..10_000_000, other in 0_i64..10_000_000) {
        let case = counted(&tariff);
        let total = |value: i64| case.total(&json!({"n": value})).unwrap();
        prop_assert!(total(one.min(other)) <= total(one.max(other)));
    }

    #[test]
    fn r57_a_value_within_a_step_costs_the_whole_step(part in 1_i64..10_000) {
        let bands = json!([{"step": 10_000, "per_step": 20}]);
        let case = counted(&json!({"kind": "tiers", "value": "form.n", "base": 10_000, "base_up_to": 1_000_000, "bands": bands}));
        prop_assert_eq!(case.total(&json!({"n": 1_000_000 + part})), Ok(10_020));
    }

    #[test]
    fn r62_no_fee_is_negative_and_no_fraction_is_rounded_up(n in -1_000_i64..1_000_000, numerator in 0_u32..1_000, denominator in 1_u32..1_000) {
        let base = fee("base", &json!({"kind": "linear", "base": 100, "per_unit": 7, "count": "form.n"}));
        let fraction = json!({"numerator": numerator, "denominator": denominator});
        let part = fee("part", &json!({"kind": "derived", "of": "base", "fraction": fraction}));
        let case = Case::new(&json!([field("n", "integer")]), &json!([base, part]));
        let Ok(assessment) = case.assess(&json!({"n": n})) else {
            prop_assert!(n < 0);
            return Ok(());
        };
        let (base, part) = (assessment.lines[0].amount.amount(), assessment.lines[1].amount.amount());
        prop_assert!(n >= 0 && base >= 100 && part >= 0);
        let (exact, unit) = (i128::from(base) * i128::from(numerator), i128::from(denominator));
        prop_assert!(i128::from(part) * unit <= exact && (i128::from(part) + 1) * unit > exact);
    }

    #[test]
    fn r62_no_fee_of_any_shape_is_negative_or_leaves_the_range(shape in priceable(), n in any_number()) {
        if let Ok(assessment) = counted(&shape).assess(&json!({"n": n})) {
            let lines: Vec<i64> = assessment.lines.iter().map(|line| line.amount.amount()).collect();
            prop_assert!(lines.iter().all(|amount| *amount >= 0), "{lines:?}");
            prop_assert_eq!(assessment.total.amount(), lines.iter().sum::<i64>());
        }
    }

    #[test]
    fn r60_twelve_months_from_the_first_of_a_month_cost_the_year(yearly in 0_i64..10_000_000, months in 0_i64..600) {
        let from = date(2000, 1, 1) + months.months();
        let to = from + 1.year() - 1.day();
        let answers = json!({"from": from.to_string(), "to": to.to_string()});
        prop_assert_eq!(timed(&use_of(yearly, "monthly_by_fiscal_year")).total(&answers), Ok(yearly));
    }

    #[test]
    fn r61_a_whole_year_costs_the_year_on_whatever_day_it_begins(yearly in 0_i64..10_000_000, from in any_day()) {
        let to = from + 1.year();
        // From 29 February the year ends on the 28th.
        let to = if to.day() == from.day() { to - 1.day() } else { to };
        let answers = json!({"from": from.to_string(), "to": to.to_string()});
        prop_assert_eq!(timed(&use_of(yearly, "daily")).total(&answers), Ok(yearly));
    }

    #[test]
    fn r60_a_longer_use_never_costs_less(from in any_day(), days in 0_i64..2_000, more in 0_i64..400) {
        let answers = |days: i64| json!({"from": from.to_string(), "to": (from + days.days()).to_string()});
        for mode in ["monthly_by_fiscal_year", "daily"] {
            let case = timed(&use_of(123_457, mode));
            prop_assert!(case.total(&answers(days)).unwrap() <= case.total(&answers(days + more)).unwrap(), "{mode}");
        }
    }

    #[test]
    fn a_formula_reads_back_as_it_was_written(formula in formula()) {
        let json = serde_json::to_string(&formula).unwrap();
        prop_assert_eq!(&serde_json::from_str::<FeeFormula>(&json).unwrap(), &formula);
        let yaml = yaml_serde::to_string(&formula).unwrap();
        prop_assert_eq!(&yaml_serde::from_str::<FeeFormula>(&yaml).unwrap(), &formula);
    }
}
