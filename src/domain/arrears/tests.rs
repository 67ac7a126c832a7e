//! Tests of arrears: what is late, what was demanded, when a claim is extinct.

use jiff::civil::date;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::fee::arrears::{arrears, explain};

fn yen(amount: i64) -> Yen {
    Yen::new(amount).unwrap()
}

/// 青森県税外収入金の督促及び延滞金の徴収に関する条例.
fn aomori() -> ArrearsTerms {
    let charge = json!({ "rates": [{ "from": "2000-01-01", "per_ten_thousand": 1_075 }], "smallest_principal": 100,
        "principal_unit": 100, "smallest_charge": 10, "charge_unit": 10, "days_in_year": 365 });
    let text = json!({ "revenues": ["*"], "demand_after_days": 20, "demand_within_days": 30, "pay_within_days": 15,
        "demand_fee": 20, "charge": charge, "enforcement": "court", "limitation_years": 5, "basis": "条例",
        "valid_from": "2000-01-01", "source": "試験用" });
    serde_json::from_value(text).unwrap()
}

#[test]
fn r90_the_demand_goes_out_within_its_days_and_asks_to_be_paid_within_its_days() {
    let terms = aomori();
    assert_eq!(terms.demand_on(date(2026, 5, 1)), Some(date(2026, 5, 21)));
    assert_eq!(terms.demand_by(date(2026, 5, 1)), Some(date(2026, 5, 31)));
    assert_eq!(terms.pay_by(date(2026, 5, 21)), Some(date(2026, 6, 5)));
}

#[test]
fn r91_the_vectors_of_the_ordinance_with_every_step() {
    let due = date(2026, 6, 30);
    for (principal, days, owed) in [(33_000, 45, 430), (1_999, 200, 110), (500, 30, 0), (99, 10_000, 0)] {
        let paid = due.checked_add(Span::new().days(days)).unwrap();
        let found = explain(&aomori().charge, yen(principal), Demand::Sent, due, paid).unwrap();
        assert_eq!(found.amount, yen(owed), "{principal} yen, {days} days: {:?}", found.lines);
        assert!(!found.lines.is_empty());
    }
    let found = explain(&aomori().charge, yen(33_099), Demand::Sent, due, date(2026, 8, 14)).unwrap();
    let lines: Vec<_> = found.lines.iter().map(|line| line.ja.as_str()).collect();
    assert_eq!(
        lines,
        [
            "計算の基礎となる元金 33,099円 → 33,000円（100円 未満切捨て）",
            "33,000円 × 年10.75% × 45日 ÷ 365日 ＝ 437円（1円未満を除く）",
            "延滞金 437円 → 430円（10円 未満切捨て）",
        ]
    );
}

#[test]
fn r92_other_thresholds_are_data_of_the_same_rule() {
    let national = ArrearsRule {
        smallest_principal: yen(2_000),
        principal_unit: yen(1_000),
        smallest_charge: yen(1_000),
        charge_unit: yen(100),
        ..aomori().charge
    };
    let due = date(2026, 6, 30);
    for (principal, days, owed) in [
        (1_999, 365, 0),
        (2_000, 365, 0),
        (33_999, 45, 0),
        (33_999, 365, 3_500),
        (100_000, 100, 2_900),
        (100_000, 33, 0),
    ] {
        let paid = due.checked_add(Span::new().days(days)).unwrap();
        let found = arrears(&national, yen(principal), Demand::Sent, due, paid).unwrap();
        assert_eq!(found, yen(owed), "{principal} yen, {days} days");
    }
}

#[test]
fn r94_a_claim_is_extinct_after_five_years_counted_anew_from_the_demand() {
    let years = aomori().limitation_years;
    let demand = Renewal { on: date(2026, 5, 21), ground: RenewalGround::Demand };
    let last = |due_on, renewals: &[Renewal]| limitation(years, due_on, renewals).extinct_after;
    assert_eq!(last(date(2026, 5, 1), &[]), Some(date(2031, 5, 1)));
    assert_eq!(last(date(2026, 5, 1), &[demand]), Some(date(2031, 5, 21)));
    assert_eq!(last(date(2024, 2, 28), &[]), Some(date(2029, 2, 28)));
}

#[test]
fn r89_only_what_nobody_pays_is_in_arrears() {
    use InvoiceState as I;
    use PaymentState as P;
    let (due, late) = (date(2026, 5, 1), date(2026, 5, 2));
    assert!(!is_in_arrears(I::Unpaid, yen(1), due, due, &[]), "the last day is in time");
    assert!(is_in_arrears(I::Unpaid, yen(1), due, late, &[]));
    assert!(!is_in_arrears(I::Unpaid, Yen::ZERO, due, late, &[]));
    for state in I::ALL {
        assert_eq!(is_in_arrears(state, yen(1), due, late, &[]), state == I::Unpaid, "{state:?}");
    }
    for (state, ended) in [
        (P::Submitting, false),
        (P::RequiresAction, false),
        (P::AwaitingPayment, false),
        (P::Processing, false),
        (P::Authorized, false),
        (P::Unknown, false),
        (P::Failed, true),
        (P::Canceled, true),
        (P::Expired, true),
    ] {
        assert_eq!(is_in_arrears(I::Unpaid, yen(1), due, late, &[(state, Yen::ZERO)]), ended, "{state:?}");
    }
    assert!(!is_in_arrears(I::Unpaid, yen(1), due, late, &[(P::Expired, yen(1))]), "money came all the same");
}

#[test]
fn terms_that_name_the_account_go_before_those_for_all() {
    let roads = ArrearsTerms { revenues: vec!["08-01-08-01".to_owned()], demand_fee: yen(100), ..aomori() };
    let all = [aomori(), roads];
    let day = date(2026, 5, 1);
    assert_eq!(terms_of(&all, "08-01-08-01", day).map(|terms| terms.demand_fee), Some(yen(100)));
    assert_eq!(terms_of(&all, "08-02-01-01", day).map(|terms| terms.demand_fee), Some(yen(20)));
    assert!(terms_of(&all, "08-02-01-01", date(1999, 1, 1)).is_none());
}

#[test]
fn terms_that_cannot_be_used_are_faults() {
    let mut broken = ArrearsTerms { demand_after_days: 31, basis: " ".to_owned(), ..aomori() };
    broken.charge.days_in_year = 0;
    let again = broken.charge.rates[0];
    broken.charge.rates.push(again);
    let codes: Vec<_> = arrears_faults(&[broken], &[]).into_iter().map(|fault| fault.code).collect();
    assert_eq!(codes, ["empty", "demand_too_late", "not_positive", "order"]);
    assert_eq!(arrears_faults(&[aomori()], &[]), []);
}

proptest! {
    /// The charge never falls with time or principal, and is a whole number of units.
    #[test]
    fn r91_charges_grow_with_time_and_principal(principal in 0_i64..1_000_000, more in 0_i64..1_000_000, days in 0_i64..3_000, later in 0_i64..3_000) {
        let rule = aomori().charge;
        let due = date(2026, 6, 30);
        let after = |days: i64| due.checked_add(Span::new().days(days)).unwrap();
        let of = |principal, days| arrears(&rule, yen(principal), Demand::Sent, due, after(days)).unwrap();
        let first = of(principal, days);
        prop_assert!(first <= of(principal + more, days) && first <= of(principal, days + later));
        prop_assert_eq!(first.amount() % 10, 0);
    }
}
