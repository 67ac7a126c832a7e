//! Yearly amounts cut to the time of use.

use serde_json::{Value, json};

use super::{Case, fee, field};
use crate::domain::fee::FeeFault;

fn form() -> Value {
    let mut area = field("area", "decimal");
    area["scale"] = json!(3);
    let mut poles = field("poles", "decimal");
    poles["scale"] = json!(2);
    json!([field("from", "date"), field("to", "date"), area, poles])
}

fn formula(mode: &str, yearly: i64) -> Value {
    json!({"kind": "pro_rata", "yearly": yearly, "mode": mode, "from": "form.from", "to": "form.to"})
}

/// 道路占用料: by months, at least 100 yen, with tax below one month.
fn road(yearly: i64) -> Value {
    let mut formula = formula("monthly_by_fiscal_year", yearly);
    formula["minimum"] = json!(100);
    formula["tax_percent_below_one_month"] = json!(10);
    formula
}

fn case(formula: &Value) -> Case {
    Case::new(&form(), &json!([fee("f", formula)]))
}

fn time(from: &str, to: &str) -> Value {
    json!({"from": from, "to": to})
}

fn total(formula: &Value, from: &str, to: &str) -> i64 {
    case(formula).total(&time(from, to)).unwrap()
}

#[test]
fn r60_a_part_of_a_month_counts_as_a_month() {
    let pole = road(1_900);
    for (from, to, amount) in [
        ("2026-04-01", "2027-03-31", 1_900),
        ("2026-04-01", "2026-09-30", 950),
        ("2026-04-01", "2026-10-01", 1_108), // seven months: 1,108.33
        ("2026-04-15", "2026-05-14", 158),   // exactly one month: 158.33
        ("2026-04-15", "2026-05-15", 316),   // one day more: two months
        ("2026-01-31", "2026-02-28", 158),   // no 31 February: one month
    ] {
        assert_eq!(total(&pole, from, to), amount, "{from} to {to}");
    }
}

#[test]
fn r60_each_fiscal_year_is_computed_by_itself_and_the_years_are_summed() {
    let pole = road(1_900);
    assert_eq!(total(&pole, "2026-10-01", "2027-09-30"), 1_900, "six months and six months");
    assert_eq!(total(&pole, "2026-04-01", "2029-03-31"), 5_700);
    // 15 March to 14 April is one month, but it lies in two fiscal years: one month in each.
    assert_eq!(total(&pole, "2026-03-15", "2026-04-14"), 316);
    let expected = [
        "2026-10-01〜2027-03-31: 年額 1,900円 × 1 × 6/12",
        "2027-04-01〜2027-09-30: 年額 1,900円 × 1 × 6/12",
        "合計 1,900円（1円未満切捨て）",
    ];
    assert_eq!(case(&pole).explanation(&time("2026-10-01", "2027-09-30")), expected);
}

#[test]
fn r60_less_than_a_hundred_yen_is_a_hundred_yen_in_each_year() {
    let cable = road(17);
    assert_eq!(total(&cable, "2026-04-01", "2027-03-31"), 100);
    assert_eq!(total(&cable, "2026-10-01", "2027-09-30"), 200);
    assert_eq!(case(&cable).explanation(&time("2026-04-01", "2027-03-31"))[1], "100円に満たないため 100円");
}

#[test]
fn r60_and_r101_use_for_less_than_a_month_bears_consumption_tax() {
    let site = road(12_000);
    let assessed = |from, to| {
        let line = case(&site).assess(&time(from, to)).unwrap().lines.remove(0);
        (line.amount.amount(), line.tax.map(|tax| (tax.percent, tax.amount.amount())))
    };
    // One month is charged although the actual term is shorter, so it is taxable.
    assert_eq!(assessed("2026-04-01", "2026-04-29"), (1_100, Some((10, 100))));
    assert_eq!(assessed("2026-04-01", "2026-04-30"), (1_000, None));
    assert_eq!(assessed("2026-04-01", "2026-06-30"), (3_000, None));
}

#[test]
fn r60_a_short_use_is_taxed_first_and_raised_to_a_hundred_yen_after() {
    // 道路法施行令第19条第2項: 乗じて得た額に1.1を乗じて得た額（その額が100円に満たない場合は100円）.
    for (yearly, amount) in [(600, 100), (1_140, 104), (1_090, 100), (1_200, 110), (17, 100)] {
        assert_eq!(total(&road(yearly), "2026-04-01", "2026-04-10"), amount, "{yearly} a year");
    }
    let shown = case(&road(600)).explanation(&time("2026-04-01", "2026-04-10"));
    let expected = [
        "2026-04-01〜2026-04-10: 年額 600円 × 1 × 1/12",
        "1月未満の使用のため消費税 10% を加算",
        "100円に満たないため 100円",
        "合計 100円（1円未満切捨て）",
    ];
    assert_eq!(shown, expected);
    // A short use over the turn of the fiscal year: each year is taxed and raised by itself.
    assert_eq!(total(&road(600), "2026-03-25", "2026-04-10"), 200);
    assert_eq!(total(&road(1_140), "2026-03-25", "2026-04-10"), 209, "104.5 and 104.5, rounded down once");
}

#[test]
fn r60_an_ordinance_may_tax_the_minimum_instead() {
    let mut local = road(600);
    local["minimum_step"] = json!("before_tax");
    assert_eq!(total(&local, "2026-04-01", "2026-04-10"), 110, "50 is raised to 100, then taxed");
    assert_eq!(total(&local, "2026-04-01", "2026-04-30"), 100, "a whole month bears no tax");
    let shown = case(&local).explanation(&time("2026-04-01", "2026-04-10"));
    assert_eq!(shown[1..3], ["100円に満たないため 100円", "1月未満の使用のため消費税 10% を加算"]);
}

#[test]
fn r60_an_area_is_cut_to_a_hundredth() {
    let mut area = road(1_000);
    area["quantity"] = json!("form.area / 10");
    area["quantity_scale"] = json!(2);
    let answers = |area: &str| json!({"from": "2026-04-01", "to": "2027-03-31", "area": area});
    assert_eq!(case(&area).total(&answers("12.349")), Ok(12_340), "12.349 counts as 12.34");
    assert_eq!(case(&area).total(&answers("12.340")), Ok(12_340));
    assert_eq!(case(&area).total(&answers("0.009")), Ok(100), "nothing is left, the minimum remains");
    let shown = case(&area).explanation(&answers("12.349"));
    assert_eq!(shown[0], "2026-04-01〜2027-03-31: 年額 1,000円 × 12.34 × 12/12");
    let mut poles = road(1_900);
    poles["quantity"] = json!("form.poles");
    poles["quantity_scale"] = json!(2);
    let answers = json!({"from": "2026-04-01", "to": "2026-09-30", "poles": "2.50"});
    assert_eq!(case(&poles).total(&answers), Ok(2_375));
}

#[test]
fn r61_a_restaurant_and_a_shop_of_the_rink_go_by_days() {
    let (restaurant, shop) = (formula("daily", 1_524_600), formula("daily", 105_600));
    for (formula, from, to, amount) in [
        (&restaurant, "2026-04-01", "2027-03-31", 1_524_600),
        (&restaurant, "2026-04-01", "2026-04-01", 4_176), // 4,176.98
        (&restaurant, "2026-12-01", "2027-02-28", 375_928), // 90 days: 375,928.76
        (&shop, "2026-04-01", "2026-07-11", 29_510),      // 102 days: 29,510.13
        (&shop, "2026-04-01", "2027-04-01", 105_889),     // a year and a day
        (&shop, "2027-04-01", "2028-03-31", 105_600),     // a year with 29 February is one year
    ] {
        assert_eq!(total(formula, from, to), amount, "{from} to {to}");
    }
}

#[test]
fn r61_skates_and_lockers_have_their_own_units() {
    let form = json!([field("school", "boolean"), field("days", "integer")]);
    let skates =
        json!({"kind": "by_condition", "otherwise": 340, "cases": [{"when": "form.school", "amount": 160}]});
    let locker = json!({"kind": "per_unit", "unit_amount": 100, "count": "form.days", "unit": "日"});
    let case = Case::new(&form, &json!([fee("skates", &skates), fee("locker", &locker)]));
    assert_eq!(case.total(&json!({"school": false, "days": 2})), Ok(540));
    assert_eq!(case.total(&json!({"school": true, "days": 0})), Ok(160));
}

#[test]
fn a_use_that_ends_before_it_begins_or_never_ends_has_no_price() {
    for mode in ["monthly_by_fiscal_year", "daily"] {
        let case = case(&formula(mode, 1_900));
        for (from, to) in
            [("2026-04-02", "2026-04-01"), ("0001-01-01", "9999-12-31"), ("2026-01-01", "2126-01-01")]
        {
            let fields = vec!["form.from".to_owned(), "form.to".to_owned()];
            let expected = FeeFault::NoUse { item: "f".into(), fields };
            assert_eq!(case.total(&time(from, to)), Err(expected), "{from} to {to}");
        }
        assert!(case.total(&time("2026-01-01", "2125-12-31")).is_ok());
        assert!(case.total(&time("soon", "later")).is_err());
    }
}
