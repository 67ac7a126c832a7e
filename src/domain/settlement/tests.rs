//! What must hold in a payout, and where it leaves a payment.

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;

fn yen(amount: i64) -> SignedYen {
    SignedYen::new(amount).unwrap()
}

fn line(key: &str, kind: LineKind, payment: &str, gross: i64, fee: i64) -> SettlementLine {
    SettlementLine {
        line_key: key.to_owned(),
        line_no: 1,
        kind,
        merchant_reference: None,
        gateway_payment_id: (!payment.is_empty()).then(|| payment.to_owned()),
        gross: yen(gross),
        fee: yen(fee),
        tax: SignedYen::ZERO,
        net: yen(gross - fee),
        occurred_on: date(2026, 3, 30),
    }
}

fn batch(lines: &[SettlementLine]) -> SettlementBatch {
    let (gross, fee, tax, net) = sums(lines);
    SettlementBatch {
        gateway: "komoju".to_owned(),
        batch_reference: "2026-03".to_owned(),
        period_from: None,
        period_to: None,
        payout_on: None,
        gross: yen(gross),
        fee: yen(fee),
        tax: yen(tax),
        net: yen(net),
    }
}

fn sound() -> Vec<SettlementLine> {
    vec![
        line("a", LineKind::Capture, "p", 33_000, 660),
        line("b", LineKind::Refund, "p", -3_000, 0),
        line("c", LineKind::Chargeback, "q", -9_900, 1_000),
        line("d", LineKind::Fee, "", 0, 500),
        line("e", LineKind::Reserve, "", -100, 0),
    ]
}

#[test]
fn r78_a_report_whose_lines_bear_out_its_payout_has_no_fault() {
    assert_eq!(batch_faults(&batch(&sound()), &sound()), []);
}

#[test]
fn f34_to_f36_a_line_missing_doubled_or_with_another_fee_is_found_to_the_yen() {
    let lines = sound();
    let stated = batch(&lines);
    let net = |stated, lines| BatchFault::NetDiffers { stated, lines };
    let fee = |stated, lines| BatchFault::FeeDiffers { stated, lines };

    let missing = batch_faults(&stated, &lines[1..]);
    assert_eq!(missing, [net(17_840, -14_500), fee(2_160, 1_500)]);

    let mut twice = lines.clone();
    twice.push(line("z", LineKind::Capture, "p", 33_000, 660));
    let doubled = BatchFault::DuplicateLine { line_key: "z".to_owned(), of: "a".to_owned() };
    assert_eq!(batch_faults(&stated, &twice), [net(17_840, 50_180), fee(2_160, 2_820), doubled]);

    let mut dearer = lines.clone();
    dearer[0].fee = yen(661);
    let line_key = "a".to_owned();
    assert_eq!(batch_faults(&stated, &dearer), [fee(2_160, 2_161), BatchFault::LineDoesNotAdd { line_key }]);

    let kinds: Vec<_> = batch_faults(&stated, &twice).iter().map(fault_exception).collect();
    let expected = [ExceptionKind::AmountMismatch, ExceptionKind::FeeMismatch, ExceptionKind::DuplicateLine];
    assert_eq!(kinds, expected);
}

#[test]
fn money_that_goes_the_wrong_way_for_its_kind_is_found() {
    for wrong in [
        line("x", LineKind::Capture, "p", -1, 0),
        line("x", LineKind::Capture, "p", 100, 101),
        line("x", LineKind::Capture, "p", 100, -1),
        line("x", LineKind::Refund, "p", 1, 0),
        line("x", LineKind::Chargeback, "p", 0, 0),
        line("x", LineKind::Fee, "", 5, 0),
    ] {
        let faults = batch_faults(&batch(std::slice::from_ref(&wrong)), std::slice::from_ref(&wrong));
        assert_eq!(faults, [BatchFault::WrongSign { line_key: "x".to_owned() }], "{wrong:?}");
    }
}

proptest! {
    #[test]
    fn the_order_of_the_lines_does_not_matter(swap in (0_usize..5, 0_usize..5)) {
        let mut lines = sound();
        lines.swap(swap.0, swap.1);
        prop_assert_eq!(batch_faults(&batch(&sound()), &lines), []);
    }

    #[test]
    fn any_yen_that_is_moved_in_one_line_is_found(at in 0_usize..5, by in prop_oneof![-9_i64..0, 1_i64..9]) {
        let mut lines = sound();
        lines[at].net = yen(lines[at].net.amount() + by);
        prop_assert!(!batch_faults(&batch(&sound()), &lines).is_empty());
    }
}

#[test]
fn a_payment_is_settled_when_every_line_about_it_is_booked() {
    use LineKind::{Capture, Refund};
    use MatchedLine::{Booked, Waiting};
    let of = |lines: &[MatchedLine]| settlement_state(lines, OpenExceptions::None).as_str();
    assert_eq!(of(&[]), "unsettled");
    assert_eq!(of(&[Waiting(Refund)]), "unsettled");
    assert_eq!(of(&[Waiting(Capture)]), "in_batch");
    assert_eq!(of(&[Booked(Capture), Waiting(Refund)]), "in_batch");
    assert_eq!(of(&[Booked(Refund), Booked(Capture)]), "settled");
    assert_eq!(settlement_state(&[Booked(Capture)], OpenExceptions::Some).as_str(), "mismatch");
}

#[test]
fn r77_the_designated_day_is_a_day_of_a_later_month() {
    let rule = |months, day| RemitWithin { months, day, source: "告示".to_owned(), sample: true };
    let day = |months, number, entrusted: Date| designated_day(&rule(months, number), entrusted);
    assert_eq!(day(1, 25, date(2026, 3, 30)), Some(date(2026, 4, 25)));
    assert_eq!(day(1, 25, date(2026, 12, 1)), Some(date(2027, 1, 25)));
    assert_eq!(day(1, 31, date(2027, 1, 31)), Some(date(2027, 2, 28)));
    assert_eq!(day(0, 31, date(2026, 4, 1)), Some(date(2026, 4, 30)));
    assert!(!rule(1, 0).is_usable() && !rule(13, 1).is_usable() && rule(1, 25).is_usable());
}

#[test]
fn every_word_of_a_settlement_is_read_as_it_is_written() {
    assert!(LineKind::ALL.iter().all(|kind| LineKind::parse(kind.as_str()) == Some(*kind)));
    assert!(ExceptionKind::ALL.iter().all(|kind| ExceptionKind::parse(kind.as_str()) == Some(*kind)));
    assert!(ExceptionState::ALL.iter().all(|state| ExceptionState::parse(state.as_str()) == Some(*state)));
    assert!(SignedYen::new(-100_000_000_001).is_err() && SignedYen::new(-100_000_000_000).is_ok());
}
