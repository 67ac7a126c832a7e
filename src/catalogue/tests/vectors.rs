//! The vectors of the rulebook against the shipped procedures: what the ordinance says must come out of the files.

use serde_json::{Value, json};

use super::{DAY, shipped, tenant};
use crate::domain::fee::{Channel, FeeAssessment, SameTimeTerms, assess, estimate};
use crate::domain::form::Circumstances;
use crate::domain::merge_patch::merge_patch;

/// The first example of a procedure with other answers, as it is assessed on [`DAY`].
fn assessed(id: &str, channel: Channel, answers: &Value, office: Option<&Value>) -> FeeAssessment {
    let catalogue = shipped();
    let procedure = catalogue.find_procedure(&tenant("020001"), id, DAY).unwrap();
    let form = merge_patch(procedure.definition.examples[0].form.clone(), answers);
    let known = Circumstances { channel, applicant_kind: None, arrived_on: DAY };
    let mut facts = procedure.form.facts(&form, &known.facts());
    if let Some(office) = office {
        facts = procedure.office_form.facts(office, &facts);
        return estimate(&procedure.fees, &facts, DAY, &SameTimeTerms::NONE).unwrap().known;
    }
    assess(&procedure.fees, &facts, DAY).unwrap()
}

fn total(id: &str, answers: &Value) -> i64 {
    assessed(id, Channel::Online, answers, None).total.amount()
}

fn amount(assessment: &FeeAssessment, item: &str) -> Option<i64> {
    assessment.lines.iter().find(|line| line.item == item).map(|line| line.amount.amount())
}

#[test]
fn r54_the_prefectures_part_of_a_passport_is_2300_on_paper_and_1900_online() {
    for (channel, part, after_a_lapse) in
        [(Channel::Window, 2_300, 4_300), (Channel::Post, 2_300, 4_300), (Channel::Online, 1_900, 3_900)]
    {
        let plain = assessed("ippan-ryoken", channel, &json!({}), None);
        assert_eq!(amount(&plain, "prefecture"), Some(part), "{channel:?}");
        let lapsed = assessed("ippan-ryoken", channel, &json!({ "lapsed_uncollected": true }), None);
        assert_eq!(amount(&lapsed, "prefecture_lapsed"), Some(after_a_lapse), "{channel:?}");
        assert_eq!(amount(&lapsed, "prefecture"), None);
    }
}

#[test]
fn r59_a_passport_costs_by_its_term_the_age_and_the_way_it_is_asked_for() {
    let ask = |channel, kind: &str, born_on: &str, lapsed: bool| {
        let answers = json!({ "passport_kind": kind, "born_on": born_on, "lapsed_uncollected": lapsed });
        assessed("ippan-ryoken", channel, &answers, None).total.amount()
    };
    for (kind, born_on, window, online) in [
        ("ten_years", "1990-02-28", 16_300, 15_900),
        ("five_years", "1990-02-28", 11_300, 10_900),
        // Twelve is reached the day before the birthday (年齢計算法): on June 1 by who was born on June 2.
        ("five_years", "2014-06-02", 11_300, 10_900),
        ("five_years", "2014-06-03", 6_300, 5_900),
    ] {
        assert_eq!(ask(Channel::Window, kind, born_on, false), window, "{kind} {born_on}");
        assert_eq!(ask(Channel::Online, kind, born_on, false), online, "{kind} {born_on}");
    }
    // After a passport that nobody collected the nation adds 4,000, and the prefecture's part is 4,300 or 3,900.
    assert_eq!(ask(Channel::Window, "ten_years", "1990-02-28", true), 14_000 + 4_000 + 4_300);
    assert_eq!(ask(Channel::Online, "ten_years", "1990-02-28", true), 14_000 + 4_000 + 3_900);
}

#[test]
fn r55_a_construction_permit_costs_90000_and_50000_for_another_trade_or_a_renewal() {
    for (request_kind, fee) in [("new", 90_000), ("additional", 50_000), ("renewal", 50_000)] {
        let trades = json!([{ "trade": "doboku", "permit_class": "general", "request_kind": request_kind }]);
        assert_eq!(total("kensetsu-kyoka", &json!({ "trades": trades })), fee, "{request_kind}");
    }
}

#[test]
fn r57_the_shipped_fee_of_mediation_rises_by_tiers() {
    for (value, fee) in [
        (1_000_000, 10_000),
        (1_010_000, 10_020),
        (5_000_000, 18_000),
        (25_000_000, 48_000),
        (30_000_000, 53_000),
    ] {
        assert_eq!(total("kensetsu-funso-assen", &json!({ "claim_value": value })), fee, "{value}");
    }
    let unknown = json!({ "value_is_known": false, "claim_value": null });
    assert_eq!(total("kensetsu-funso-assen", &unknown), 18_000, "an unknown value counts as five million");
}

#[test]
fn r58_birds_sheets_and_inspections_are_charged_by_the_unit() {
    let of = |id: &str, answers: &Value, office: &Value, item: &str| {
        amount(&assessed(id, Channel::Online, answers, Some(office)), item)
    };
    let birds = assessed("shokucho-kensa", Channel::Online, &json!({}), Some(&json!({ "inspected": 1_000 })));
    assert_eq!(birds.total.amount(), 3_000);
    let both = json!({ "services": ["copy", "inspection"] });
    let office = json!({ "sheets": 4, "looks": 1 });
    let register = assessed("denki-koji-tohon", Channel::Online, &both, Some(&office));
    let amounts: Vec<_> = register.lines.iter().map(|line| line.amount.amount()).collect();
    assert_eq!(amounts, [2_400, 440], "600 a sheet, 440 a look");
    assert_eq!(of("denki-koji-tohon", &json!({ "services": ["inspection"] }), &office, "copy"), None);
}

#[test]
fn r58b_the_shipped_approval_of_three_shops_costs_16600_and_two_recognitions_23000() {
    assert_eq!(total("fuzoku-shonin", &json!({})), 16_600);
    let two = json!([{ "shop": "甲" }, { "shop": "乙" }]);
    assert_eq!(total("fuzoku-shonin", &json!({ "request_kind": "special", "premises": two })), 23_000);
}

#[test]
fn r61_the_shipped_rink_goes_by_days_pairs_and_lockers() {
    let year = |facility: &str, to: &str| {
        let answers = json!({ "facility": facility, "from_on": "2026-04-01", "to_on": to });
        total("skate-shisetsu", &answers)
    };
    assert_eq!(year("restaurant", "2027-03-31"), 1_524_600);
    assert_eq!(year("restaurant", "2026-04-01"), 4_176);
    assert_eq!(year("kiosk", "2027-03-31"), 105_600);
    let group = |school: bool, skates: i64, lockers: i64| {
        total(
            "skate-kashigutsu",
            &json!({ "school": school, "people": 10, "days": 1, "skates": skates, "lockers": lockers }),
        )
    };
    assert_eq!([group(false, 1, 0), group(true, 1, 0), group(false, 0, 1)], [340, 160, 100]);
}
