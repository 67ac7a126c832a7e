//! Non-collection by notice, and waivers.

use jiff::civil::date;
use serde_json::{Value, json};

use super::{Case, fee, field};

fn relief(code: &str, kind: &str, members: &Value) -> Value {
    let mut relief = json!({"code": code, "label": {"ja": "災害による不徴収", "en": "Disaster"}, "kind": kind,
        "basis": "告示第1号", "when": "form.region == 'tsugaru' && form.damaged", "source": "test",
        "effective_from": "2026-05-01", "effective_to": "2026-07-31"});
    for (name, value) in members.as_object().unwrap() {
        relief[name] = value.clone();
    }
    relief
}

fn case(reliefs: &Value) -> Case {
    let form = json!([field("region", "text"), field("damaged", "boolean")]);
    let fees = json!([
        fee("licence", &json!({"kind": "flat", "amount": 2_901})),
        fee("copy", &json!({"kind": "flat", "amount": 450})),
    ]);
    Case::with_reliefs(&form, &fees, reliefs)
}

fn victim() -> Value {
    json!({"region": "tsugaru", "damaged": true})
}

#[test]
fn r64_a_notice_lifts_the_fees_it_names_for_whom_it_concerns_while_it_lasts() {
    let notice = relief("flood", "not_collected", &json!({"fees": ["licence"]}));
    let case = case(&json!([notice]));
    assert_eq!(case.amounts(&victim()), [("licence".to_owned(), 0), ("copy".to_owned(), 450)]);
    let others =
        [json!({"region": "shimokita", "damaged": true}), json!({"region": "tsugaru", "damaged": false})];
    for answers in others {
        assert_eq!(case.total(&answers), Ok(3_351), "{answers}");
    }
    assert_eq!(case.total(&json!({})), Ok(3_351), "who does not say so is not concerned");
    let assessment = case.assess(&victim()).unwrap();
    let line = &assessment.lines[0];
    let applied = line.relief.as_ref().unwrap();
    assert_eq!((applied.code.as_str(), applied.full_amount.amount()), ("flood", 2_901));
    assert_eq!(line.explanation[1].ja, "災害による不徴収（告示第1号）により 2,901円 → 0円");
    assert_eq!(line.inputs["form"], victim(), "what the notice asks for is kept");
    let (before, after) = (case.on(date(2026, 4, 30)), date(2026, 8, 1));
    assert_eq!(before.total(&victim()), Ok(3_351));
    assert_eq!(before.on(after).total(&victim()), Ok(3_351));
}

#[test]
fn r64_of_two_notices_the_better_one_counts_and_halves_are_rounded_down() {
    let half = json!({"remaining": {"numerator": 1, "denominator": 2}});
    let half = relief("half", "not_collected", &half);
    assert_eq!(
        case(&json!([half])).amounts(&victim()),
        [("licence".to_owned(), 1_450), ("copy".to_owned(), 225)]
    );
    let all = relief("all", "not_collected", &json!({}));
    for reliefs in [json!([half, all]), json!([all, half])] {
        assert_eq!(case(&reliefs).total(&victim()), Ok(0));
    }
}

#[test]
fn r63_a_waiver_is_shown_as_possible_and_takes_nothing_off() {
    let members =
        json!({"fees": ["licence"], "remaining": {"numerator": 1, "denominator": 2}, "basis": "条例第4条"});
    let waiver = relief("hardship", "waiver", &members);
    let case = case(&json!([waiver]));
    let assessment = case.assess(&victim()).unwrap();
    assert_eq!(assessment.total.amount(), 3_351);
    let possible: Vec<_> = assessment
        .waivers
        .iter()
        .map(|waiver| {
            (waiver.code.as_str(), waiver.basis.as_str(), waiver.items.clone(), waiver.remaining.amount())
        })
        .collect();
    assert_eq!(possible, [("hardship", "条例第4条", vec!["licence".to_owned()], 1_450)]);
    let other = case.assess(&json!({"region": "shimokita", "damaged": true})).unwrap();
    assert_eq!(other.waivers, []);
}
