//! Tests of waivers: what each ground takes off, in time and place, and where a request can go.

use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::fee::IncludedTax;
use crate::domain::id::TenantCode;

fn yen(amount: i64) -> Yen {
    Yen::new(amount).unwrap()
}

fn line(item: &str, amount: i64, payee: Payee) -> InvoiceLine {
    InvoiceLine {
        item: item.to_owned(),
        label_ja: "使用料".to_owned(),
        label_en: "Fee".to_owned(),
        amount: yen(amount),
        basis: "条例".to_owned(),
        revenue_account: "08-02-01".to_owned(),
        account_name: None,
        fiscal_year: 2026,
        formula_version: "1".to_owned(),
        payee,
        tax: None,
        full_price_in: None,
        relief: None,
        sample: false,
    }
}

fn ground(effect: &Value) -> WaiverGround {
    let text = json!({ "code": "g", "label": { "ja": "減免", "en": "Waiver" }, "basis": "条例第5条", "effect": effect,
        "procedures": ["*"], "valid_from": "2020-04-01", "source": "試験用" });
    serde_json::from_value(text).unwrap()
}

fn lifted(
    ground: &WaiverGround,
    lines: &[InvoiceLine],
    named: Option<i64>,
) -> Result<Vec<(u32, i64)>, LiftRejection> {
    let (before, refunding) = (Reductions::default(), []);
    let taken = lift(ground, Liftable { lines, before: &before, refunding: &refunding }, named.map(yen))?;
    Ok(taken.iter().map(|one| (one.line, one.amount.amount())).collect())
}

#[test]
fn r63_a_ground_takes_off_what_it_says_and_never_what_is_the_nations() {
    let lines = [
        line("own", 22_001, Payee::Own),
        line("national", 14_000, Payee::National),
        line("more", 301, Payee::Own),
    ];
    let half = json!({ "kind": "remaining", "fraction": { "numerator": 1, "denominator": 2 } });
    let table = [
        (json!({ "kind": "not_collected" }), None, Ok(vec![(1, 22_001), (3, 301)])),
        (half, None, Ok(vec![(1, 11_001), (3, 151)])),
        (json!({ "kind": "amount", "amount": 22_101 }), None, Ok(vec![(1, 22_001), (3, 100)])),
        (json!({ "kind": "amount", "amount": 90_000 }), None, Ok(vec![(1, 22_001), (3, 301)])),
        (json!({ "kind": "as_decided" }), Some(500), Ok(vec![(1, 500)])),
        (json!({ "kind": "as_decided" }), None, Err(LiftRejection::AmountNeeded)),
        (json!({ "kind": "as_decided" }), Some(22_303), Err(LiftRejection::TooMuch { most: yen(22_302) })),
        (json!({ "kind": "not_collected" }), Some(1), Err(LiftRejection::AmountFixed { fixed: yen(22_302) })),
    ];
    for (effect, named, expected) in table {
        assert_eq!(lifted(&ground(&effect), &lines, named), expected, "{effect} {named:?}");
    }
    let of_one =
        WaiverGround { fees: vec!["more".to_owned()], ..ground(&json!({ "kind": "not_collected" })) };
    assert_eq!(lifted(&of_one, &lines, None), Ok(vec![(3, 301)]));
    let of_another_fee = WaiverGround { fees: vec!["national".to_owned()], ..of_one };
    assert_eq!(lifted(&of_another_fee, &lines, None), Err(LiftRejection::Nothing));
}

#[test]
fn of_two_grounds_the_one_that_leaves_least_counts_and_refunds_are_not_lifted_again() {
    let lines = [line("own", 1_000, Payee::Own)];
    let mut before = Reductions::default();
    before.take_off(&[LineReduction { line: 1, amount: yen(500) }]).unwrap();
    let quarter = ground(&json!({ "kind": "remaining", "fraction": { "numerator": 1, "denominator": 4 } }));
    let open = Liftable { lines: &lines, before: &before, refunding: &[] };
    assert_eq!(lift(&quarter, open, None), Ok(vec![LineReduction { line: 1, amount: yen(250) }]));
    let half = ground(&json!({ "kind": "remaining", "fraction": { "numerator": 1, "denominator": 2 } }));
    assert_eq!(lift(&half, open, None), Err(LiftRejection::Nothing));
    let going_back = [yen(300)];
    let refunding = Liftable { refunding: &going_back, ..open };
    assert_eq!(lift(&quarter, refunding, None), Err(LiftRejection::TooMuch { most: yen(200) }));
    before.put_back(&[LineReduction { line: 1, amount: yen(500) }]).unwrap();
    assert_eq!(before.of_line(1), Yen::ZERO);
    assert!(before.put_back(&[LineReduction { line: 1, amount: yen(1) }]).is_err());
}

#[test]
fn r101_the_tax_of_what_is_left_is_in_what_is_left() {
    let tax = IncludedTax { percent: 10, amount: yen(1_000) };
    let lines = [InvoiceLine { tax: Some(tax), ..line("own", 11_000, Payee::Own) }];
    let mut off = Reductions::default();
    off.take_off(&[LineReduction { line: 1, amount: yen(5_500) }]).unwrap();
    let owed = off.owed_lines(&lines).unwrap();
    assert_eq!((owed[0].amount, owed[0].tax.unwrap().amount), (yen(5_500), yen(500)));
}

#[test]
fn a_request_goes_only_where_its_steps_lead() {
    use WaiverState as S;
    use WaiverStep as T;
    let mut table = Vec::new();
    for state in S::ALL {
        assert_eq!(S::parse(state.as_str()), Some(state));
        for step in T::ALL {
            if let Ok(next) = state.apply(step) {
                table.push((state, step, next));
            }
        }
    }
    let expected = [
        (S::Requested, T::Propose, S::Proposed),
        (S::Requested, T::Withdraw, S::Withdrawn),
        (S::Proposed, T::Propose, S::Proposed),
        (S::Proposed, T::Grant, S::Granted),
        (S::Proposed, T::Refuse, S::Refused),
        (S::Proposed, T::Withdraw, S::Withdrawn),
        (S::Granted, T::Expire, S::Expired),
        (S::Granted, T::Revoke, S::Revoked),
    ];
    assert_eq!(table, expected);
}

fn notice() -> DisasterNotice {
    let text = json!({ "code": "ooame", "label": { "ja": "大雨災害", "en": "Heavy rain" }, "notice": "告示第1号",
        "effect": { "kind": "not_collected" }, "municipalities": ["022021"], "procedures": ["koshin"],
        "status": { "ja": "罹災証明書", "en": "Certificate" }, "use": "automatic",
        "valid_from": "2026-08-01", "valid_to": "2026-10-31", "source": "試験用" });
    serde_json::from_value(text).unwrap()
}

#[test]
fn r64_a_notice_holds_for_its_time_its_places_and_its_procedures() {
    let code = |text: &str| TenantCode::parse(text).unwrap();
    let (hit, spared) = ([code("022021")], [code("022012")]);
    let day = |month, day| date(2026, month, day);
    let none: [TenantCode; 0] = [];
    for (procedure, places, arrived_on, concerns, can_be_named) in [
        ("koshin", hit.as_slice(), day(8, 1), true, true),
        ("koshin", hit.as_slice(), day(10, 31), true, true),
        ("koshin", hit.as_slice(), day(7, 31), false, false),
        ("koshin", hit.as_slice(), day(11, 1), false, false),
        ("koshin", spared.as_slice(), day(8, 1), false, false),
        ("other", hit.as_slice(), day(8, 1), false, false),
        ("koshin", none.as_slice(), day(8, 1), false, true),
    ] {
        let situation = WaiverSituation { procedure, municipalities: places, arrived_on, today: arrived_on };
        let grounds = possible_grounds(&[], &[notice()], &[], &situation);
        let found = (notice().concerns(&situation), grounds.len() == 1);
        assert_eq!(found, (concerns, can_be_named), "{procedure} {places:?} {arrived_on}");
    }
}

#[test]
fn a_ground_is_named_in_time_and_its_rest_is_paid_in_time() {
    let limited = WaiverGround {
        apply_within_days: Some(30),
        pay_rest_within_days: Some(14),
        ..ground(&json!({ "kind": "not_collected" }))
    };
    let issued = date(2026, 4, 1);
    assert!(limited.is_in_time(issued, date(2026, 5, 1)) && !limited.is_in_time(issued, date(2026, 5, 2)));
    assert_eq!(limited.rest_due_on(date(2026, 5, 1)), Some(date(2026, 5, 15)));
    assert_eq!(ground(&json!({ "kind": "as_decided" })).rest_due_on(issued), None);
}

#[test]
fn what_lifts_nothing_or_ends_before_it_begins_is_a_fault() {
    let broken = WaiverGround {
        code: "Ü".to_owned(),
        source: " ".to_owned(),
        valid_to: Some(date(2019, 1, 1)),
        ..ground(&json!({ "kind": "remaining", "fraction": { "numerator": 1, "denominator": 1 } }))
    };
    let codes: Vec<_> =
        ground_faults(&[broken.clone(), broken]).into_iter().map(|fault| fault.code).collect();
    assert_eq!(
        codes,
        ["slug", "empty", "no_effect", "span", "duplicate", "slug", "empty", "no_effect", "span"]
    );
    let nowhere = DisasterNotice { municipalities: Vec::new(), valid_to: date(2026, 1, 1), ..notice() };
    let codes: Vec<_> = notice_faults(&[nowhere]).into_iter().map(|fault| fault.code).collect();
    assert_eq!(codes, ["municipalities", "span"]);
    assert_eq!(notice_faults(&[notice()]), []);
}

proptest! {
    /// Whatever is lifted in whatever order, what is owed and what was taken off are what was assessed.
    #[test]
    fn t3_reductions_never_exceed_the_lines(
        amounts in prop::collection::vec(0_i64..50_000, 1..5),
        wishes in prop::collection::vec((0_u8..4, 1_i64..60_000, 0_u32..10), 0..6),
    ) {
        let lines: Vec<InvoiceLine> = amounts.iter().map(|amount| line("own", *amount, Payee::Own)).collect();
        let mut before = Reductions::default();
        let mut taken = Yen::ZERO;
        for (kind, amount, numerator) in wishes {
            let (effect, named) = match kind {
                0 => (json!({ "kind": "not_collected" }), None),
                1 => (json!({ "kind": "remaining", "fraction": { "numerator": numerator, "denominator": 10 } }), None),
                2 => (json!({ "kind": "amount", "amount": amount }), None),
                _ => (json!({ "kind": "as_decided" }), Some(yen(amount))),
            };
            let open = Liftable { lines: &lines, before: &before, refunding: &[] };
            let Ok(more) = lift(&ground(&effect), open, named) else { continue };
            taken = taken.plus(sum(&more).unwrap()).unwrap();
            before.take_off(&more).unwrap();
        }
        let owed = before.owed_lines(&lines).unwrap();
        let owed = Yen::sum(owed.iter().map(|line| line.amount)).unwrap();
        prop_assert_eq!(owed.plus(taken).unwrap().amount(), amounts.iter().sum::<i64>());
    }
}
