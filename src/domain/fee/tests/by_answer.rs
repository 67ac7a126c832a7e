//! What one case costs by its answers, its channel and its day.

use jiff::civil::date;
use serde_json::{Value, json};

use super::{Case, faults, fee, fee_with, field};
use crate::domain::expression::Facts;
use crate::domain::fee::{Channel, FeeFault, StoredLine, assess, compare};
use crate::domain::money::Yen;
use crate::domain::procedure::{Payee, RefundPolicy};

fn one(form: &Value, formula: &Value) -> Case {
    Case::new(form, &json!([fee("f", formula)]))
}

#[test]
fn r50_every_line_names_its_clause_and_its_revenue_account() {
    let assessment = one(&json!([]), &json!({"kind": "flat", "amount": 22_000})).assess(&json!({})).unwrap();
    let line = &assessment.lines[0];
    assert_eq!((line.basis.as_str(), line.revenue_account.as_str()), ("条例第1条", "08-02-01-01"));
    assert_eq!(line.formula_version, "p/1/f@2020-01-01");
    assert_eq!((line.payee, line.refund, line.tax), (Payee::Own, RefundPolicy::Never, None));
    assert_eq!(line.explanation[0].ja, "1件につき 22,000円");
    assert_eq!(assessment.total.amount(), 22_000);
}

#[test]
fn r52_the_arrival_day_chooses_the_version_of_the_fee() {
    let old = json!({"effective_from": "2019-10-01", "effective_to": "2026-09-30"});
    let new = json!({"effective_from": "2026-10-01"});
    let fees = json!([
        fee_with("f", &json!({"kind": "flat", "amount": 2_100}), &old),
        fee_with("f", &json!({"kind": "flat", "amount": 2_700}), &new),
    ]);
    let on = |day| Case::new(&json!([]), &fees).through(Channel::Post).on(day).total(&json!({}));
    assert_eq!(on(date(2026, 9, 30)), Ok(2_100));
    assert_eq!(on(date(2026, 10, 1)), Ok(2_700), "posted on 9/30, arrived on 10/1");
    assert_eq!(on(date(2019, 9, 30)), Err(FeeFault::NotInForce { day: date(2019, 9, 30) }));
}

#[test]
fn r53_a_fee_is_charged_once_a_case_unless_the_table_gives_a_unit() {
    let form = json!([field("copies", "integer")]);
    let flat = one(&form, &json!({"kind": "flat", "amount": 400}));
    let per_copy =
        one(&form, &json!({"kind": "per_unit", "unit_amount": 400, "count": "form.copies", "unit": "通"}));
    assert_eq!(flat.total(&json!({"copies": 5})), Ok(400));
    assert_eq!(per_copy.total(&json!({"copies": 5})), Ok(2_000));
}

#[test]
fn r54_the_takken_licence_costs_33000_on_paper_and_26500_online() {
    let formula = json!({"kind": "by_channel", "paper": 33_000, "online": 26_500});
    let through = |channel| one(&json!([]), &formula).through(channel).total(&json!({}));
    assert_eq!(through(Channel::Window), Ok(33_000));
    assert_eq!(through(Channel::Post), Ok(33_000));
    assert_eq!(through(Channel::Online), Ok(26_500));
}

#[test]
fn r54_an_identifier_is_free_when_issued_online_or_asked_for_with_its_certificate() {
    let form = json!([
        {"name": "items", "label": {"ja": "請求", "en": "Items"}, "type": "table", "columns": [field("kind", "text")]},
        field("issued_online", "boolean"),
    ]);
    let formula = json!({"kind": "by_condition", "otherwise": 400, "cases": [
        {"when": "channel == 'online' && form.issued_online", "amount": 0},
        {"when": "form.items.exists(item, item.kind == 'koseki')", "amount": 0,
         "label": {"ja": "同一内容の戸籍謄抄本と同時の請求", "en": "with the certificate of the same content"}},
    ]});
    let ask = |channel, issued_online: bool, kinds: &[&str]| {
        let items: Vec<_> = kinds.iter().map(|kind| json!({"kind": kind})).collect();
        let answers = json!({"items": items, "issued_online": issued_online});
        one(&form, &formula).through(channel).total(&answers)
    };
    assert_eq!(ask(Channel::Online, true, &["identifier"]), Ok(0));
    assert_eq!(ask(Channel::Window, true, &["identifier"]), Ok(400));
    assert_eq!(ask(Channel::Online, false, &["identifier"]), Ok(400));
    assert_eq!(ask(Channel::Window, false, &["identifier", "koseki"]), Ok(0));
    let answers = json!({"items": [{"kind": "koseki"}], "issued_online": false});
    assert_eq!(one(&form, &formula).explanation(&answers), ["同一内容の戸籍謄抄本と同時の請求 0円"]);
}

#[test]
fn r55_the_construction_licence_depends_on_a_condition() {
    let form = json!([{"name": "what", "label": {"ja": "区分", "en": "Kind"}, "type": "choice", "choices": [
        {"value": "new", "label": {"ja": "新規", "en": "New"}},
        {"value": "add_trade", "label": {"ja": "業種追加", "en": "Another trade"}},
        {"value": "renew", "label": {"ja": "更新", "en": "Renewal"}},
    ]}, field("licensed", "boolean")]);
    let by_choice = json!({"kind": "by_choice", "field": "what",
        "table": {"new": 90_000, "add_trade": 50_000, "renew": 50_000}});
    for (what, amount) in [("new", 90_000), ("add_trade", 50_000), ("renew", 50_000)] {
        assert_eq!(one(&form, &by_choice).total(&json!({"what": what})), Ok(amount), "{what}");
    }
    assert_eq!(one(&form, &by_choice).explanation(&json!({"what": "new"})), ["「新規」 90,000円"]);
    let other = FeeFault::NoRow { item: "f".into(), field: "form.what".into() };
    assert_eq!(one(&form, &by_choice).total(&json!({"what": "other"})), Err(other));
    let missing = FeeFault::Unanswered { item: "f".into(), fields: vec!["form.what".into()] };
    assert_eq!(one(&form, &by_choice).total(&json!({})), Err(missing));

    let by_condition = json!({"kind": "by_condition", "otherwise": 90_000, "cases": [
        {"when": "form.what == 'renew'", "amount": 50_000},
        {"when": "form.what == 'new' && form.licensed", "amount": 50_000},
    ]});
    for (what, licensed, amount) in
        [("new", false, 90_000), ("new", true, 50_000), ("renew", false, 50_000), ("add_trade", true, 90_000)]
    {
        let answers = json!({"what": what, "licensed": licensed});
        assert_eq!(one(&form, &by_condition).total(&answers), Ok(amount), "{answers}");
    }
}

#[test]
fn r59_a_passport_is_split_between_the_nation_and_the_prefecture() {
    let form = json!([field("years", "integer"), field("born_on", "date"), field("lapsed", "boolean")]);
    let national = json!({"kind": "by_condition", "otherwise": 9_000, "cases": [
        {"when": "form.years == 10", "amount": 14_000},
        {"when": "age_on(form.born_on, arrived_on) < 12", "amount": 4_000},
    ]});
    let again = json!({"kind": "flat", "amount": 4_000});
    let lapsed = json!({"when": "form.lapsed", "payee": "national", "revenue_account": "deposit-passport"});
    let fees = json!([
        fee_with("national", &national, &json!({"payee": "national", "revenue_account": "deposit-passport"})),
        fee_with(
            "own",
            &json!({"kind": "by_channel", "paper": 2_300, "online": 1_900}),
            &json!({"when": "!form.lapsed"})
        ),
        fee_with("lapsed_national", &again, &lapsed),
        fee_with(
            "lapsed_own",
            &json!({"kind": "by_channel", "paper": 4_300, "online": 3_900}),
            &json!({"when": "form.lapsed"})
        ),
    ]);
    let ask = |channel, years: i64, born_on: &str, lapsed: bool| {
        let answers = json!({"years": years, "born_on": born_on, "lapsed": lapsed});
        Case::new(&form, &fees).through(channel).total(&answers).unwrap()
    };
    assert_eq!(ask(Channel::Window, 10, "1990-01-01", false), 16_300);
    assert_eq!(ask(Channel::Online, 10, "1990-01-01", false), 15_900);
    assert_eq!(ask(Channel::Window, 5, "1990-01-01", false), 11_300);
    assert_eq!(ask(Channel::Online, 5, "2020-01-01", false), 5_900);
    // Twelve is reached the day before the birthday (年齢計算法): born on June 2, one is twelve on June 1.
    assert_eq!(ask(Channel::Online, 5, "2014-06-02", false), 10_900);
    assert_eq!(ask(Channel::Online, 5, "2014-06-03", false), 5_900);
    // After a passport that nobody fetched, the nation's fee is 4,000 yen more and the prefecture's 2,000: 22,300 instead of
    // 16,300 (published so by prefectures: 6,000 yen more than usual).
    assert_eq!(ask(Channel::Window, 10, "1990-01-01", true), 14_000 + 4_000 + 4_300);
    assert_eq!(ask(Channel::Online, 10, "1990-01-01", true), 14_000 + 4_000 + 3_900);
    let answers = json!({"years": 10, "born_on": "1990-01-01", "lapsed": false});
    let lines = Case::new(&form, &fees).assess(&answers).unwrap().lines;
    let payees: Vec<_> = lines.iter().map(|line| (line.item.as_str(), line.payee)).collect();
    assert_eq!(payees, [("national", Payee::National), ("own", Payee::Own)]);
}

#[test]
fn r101_a_taxable_use_shows_the_tax_it_contains() {
    let members = json!({"tax": "standard_included"});
    let fees = json!([fee_with("skates", &json!({"kind": "flat", "amount": 340}), &members)]);
    let line = Case::new(&json!([]), &fees).assess(&json!({})).unwrap().lines.remove(0);
    let tax = line.tax.unwrap();
    assert_eq!((line.amount.amount(), tax.percent, tax.amount.amount()), (340, 10, 30));
}

#[test]
fn a_fee_is_the_sum_of_its_items_and_no_items_mean_no_fee() {
    let form = json!([field("n", "integer")]);
    let both = Case::new(
        &form,
        &json!([
            fee(
                "evaluation",
                &json!({"kind": "linear", "base": 8_100, "per_unit": 2_300, "count": "form.n"})
            ),
            fee("notice", &json!({"kind": "linear", "base": 400, "per_unit": 200, "count": "form.n"})),
        ]),
    );
    let both = both.assess(&json!({"n": 3})).unwrap();
    assert_eq!((both.lines.len(), both.total.amount()), (2, 16_000));
    let free = Case::new(&json!([]), &json!([])).assess(&json!({})).unwrap();
    assert_eq!((free.lines.len(), free.total.amount()), (0, 0));
}

#[test]
fn an_item_is_charged_only_while_its_condition_holds_and_all_missing_answers_are_named_at_once() {
    let form = json!([field("copies", "integer"), field("express", "boolean"), field("sheets", "integer")]);
    let per_unit =
        |count: &str| json!({"kind": "per_unit", "unit_amount": 100, "count": count, "unit": "通"});
    let case = Case::new(
        &form,
        &json!([
            fee("copy", &per_unit("form.copies")),
            fee_with("express", &json!({"kind": "flat", "amount": 500}), &json!({"when": "form.express"})),
            fee("sheet", &per_unit("form.sheets")),
        ]),
    );
    let items = |answers| case.amounts(&answers).into_iter().map(|(item, _)| item).collect::<Vec<_>>();
    assert_eq!(items(json!({"copies": 1, "sheets": 0, "express": true})), ["copy", "express", "sheet"]);
    assert_eq!(items(json!({"copies": 1, "sheets": 0, "express": false})), ["copy", "sheet"]);
    let fields = vec!["form.copies".to_owned(), "form.express".to_owned(), "form.sheets".to_owned()];
    assert_eq!(case.total(&json!({})), Err(FeeFault::Unanswered { item: "copy".into(), fields }));
}

#[test]
fn expressions_are_checked_when_the_fees_are_compiled() {
    let form = json!([field("copies", "integer"), field("name", "text")]);
    let per_unit =
        |count: &str| fee("f", &json!({"kind": "per_unit", "unit_amount": 1, "count": count, "unit": "通"}));
    for (count, code) in [
        ("form.sheets", "expression_unknown_name"),
        ("form.name", "expression_type"),
        ("form.copies * 1.5", "expression_not_supported"),
        ("form.copies +", "expression_syntax"),
    ] {
        let found = faults(&form, &json!([per_unit(count)]));
        let found: Vec<_> = found.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        assert_eq!(found, [("/fees/0/formula/count", code)], "{count}");
    }
    let conditional = fee_with("f", &json!({"kind": "flat", "amount": 1}), &json!({"when": "form.copies"}));
    let choice = fee("g", &json!({"kind": "by_choice", "field": "colour", "table": {}}));
    let found = faults(&form, &json!([conditional, choice]));
    let found: Vec<_> = found.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
    assert_eq!(found, [("/fees/0/when", "expression_type"), ("/fees/1/formula/field", "unknown_field")]);
}

#[test]
fn t2_a_stored_assessment_carries_what_is_needed_to_compute_it_again() {
    let form = json!([
        field("copies", "integer"),
        field("name", "text"),
        field("express", "boolean"),
        field("phone", "text")
    ]);
    let copies = json!({"kind": "per_unit", "unit_amount": 450, "count": "form.copies", "unit": "通"});
    let case = Case::new(
        &form,
        &json!([
            fee("copy", &copies),
            fee_with(
                "express",
                &json!({"kind": "flat", "amount": 500}),
                &json!({"when": "has(form.express) && form.express"})
            ),
            fee(
                "third",
                &json!({"kind": "derived", "of": "copy", "fraction": {"numerator": 1, "denominator": 4}})
            ),
            fee_with("no_phone", &json!({"kind": "flat", "amount": 7}), &json!({"when": "!has(form.phone)"})),
        ]),
    );
    for answers in [
        json!({"copies": 3, "name": "工藤 太郎", "express": true}),
        json!({"copies": 3, "name": "工藤 太郎", "phone": "017"}),
    ] {
        let stored = case.assess(&answers).unwrap();
        let kept: Vec<_> = stored.facts["form"].as_object().unwrap().keys().cloned().collect();
        assert!(!kept.contains(&"name".to_owned()), "only what was read is kept: {kept:?}");
        assert_eq!(stored.lines[0].inputs, [("form".to_owned(), json!({"copies": 3}))].into());
        let again = assess(&case.fees, &Facts::new(stored.facts.clone()), stored.arrived_on).unwrap();
        assert_eq!(again, stored);
    }
}

#[test]
fn t2_a_stored_line_that_is_changed_missing_or_invented_is_found() {
    let fees = json!([
        fee("a", &json!({"kind": "flat", "amount": 100})),
        fee("b", &json!({"kind": "flat", "amount": 200}))
    ]);
    let assessment = Case::new(&json!([]), &fees).assess(&json!({})).unwrap();
    let yen = |amount| Yen::new(amount).unwrap();
    let line = |name: &'static str, amount| StoredLine { formula_version: name, amount: yen(amount) };
    let (a, b) = ("p/1/a@2020-01-01", "p/1/b@2020-01-01");
    let names = |stored: &[StoredLine<'_>], total| {
        let found = compare(stored, yen(total), &assessment);
        found.into_iter().map(|difference| difference.line).collect::<Vec<_>>()
    };
    assert_eq!(names(&[line(a, 100), line(b, 200)], 300), Vec::<String>::new());
    assert_eq!(names(&[line(a, 101), line(b, 200)], 301), [a, "total"]);
    assert_eq!(names(&[line(a, 100)], 300), [b]);
    assert_eq!(names(&[line(a, 100), line(b, 200), line("x", 1)], 300), ["x"]);
    assert_eq!(names(&[line(a, 100), line(b, 200)], 299), ["total"]);
}
