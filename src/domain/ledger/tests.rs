//! Tests of the ledger.

use jiff::civil::date;
use proptest::prelude::*;

use super::{
    Account, Cause, Entry, EntryKind, Portion, Posting, Receipt, RefundSource, RemittedLine, Violation,
    account_of, assess, balances, carry_over, check, entrust, incomes, overpay, portions, pull_back, receive,
    reduce, refund_paid, refund_source, remit, reverse, write_off,
};
use crate::domain::invoice::InvoiceLine;
use crate::domain::money::Yen;
use crate::domain::procedure::Payee;

fn yen(amount: i64) -> Yen {
    Yen::new(amount).unwrap()
}

fn cause(id: &str) -> Cause {
    Cause { source_id: id.to_owned(), booked_on: date(2026, 9, 18) }
}

fn line(amount: i64) -> InvoiceLine {
    InvoiceLine {
        item: "fee".to_owned(),
        label_ja: "手数料".to_owned(),
        label_en: "Fee".to_owned(),
        amount: yen(amount),
        basis: "条例".to_owned(),
        revenue_account: "08-02-01".to_owned(),
        account_name: None,
        fiscal_year: 2026,
        formula_version: "1".to_owned(),
        payee: Payee::Own,
        tax: None,
        full_price_in: None,
        relief: None,
        sample: false,
    }
}

fn national(amount: i64) -> InvoiceLine {
    InvoiceLine { payee: Payee::National, revenue_account: "passport".to_owned(), ..line(amount) }
}

/// The whole of a line, taken off.
fn off(line: &InvoiceLine) -> RefundSource {
    let portion = Portion { fiscal_year: line.fiscal_year, amount: line.amount };
    RefundSource { account: account_of(line), portion }
}

/// Money of 2026 that came in that year.
fn in_2026() -> Receipt {
    Receipt { taken_on: date(2026, 9, 18), arrived_on: Some(date(2026, 9, 18)) }
}

fn part(amount: i64) -> Portion {
    Portion { fiscal_year: 2026, amount: yen(amount) }
}

fn refund(cause: &Cause, from: &Account, portion: Portion) -> Vec<Entry> {
    super::refund(cause, &[RefundSource { account: from.clone(), portion }])
}

#[test]
fn r95_a_refund_comes_out_of_its_revenue_until_the_books_close_and_is_an_expense_then() {
    let year = |source: &RefundSource| source.portion.fiscal_year;
    let within = refund_source(&line(900), yen(400), in_2026(), date(2027, 5, 31));
    assert_eq!((&within.account, year(&within)), (&Account::Revenue("08-02-01".to_owned()), 2026));
    let after = refund_source(&line(900), yen(400), in_2026(), date(2027, 6, 1));
    assert_eq!((&after.account, year(&after)), (&Account::RefundExpense, 2027));
    let held = refund_source(&national(900), yen(400), in_2026(), date(2027, 6, 1));
    assert_eq!(held.account, Account::Deposit("passport".to_owned()));
    let mut entries = assess(&cause("i"), &[line(900)]);
    entries.extend(receive(&cause("p"), "counter", &[part(900)], &[]));
    entries.extend(super::refund(&cause("r"), std::slice::from_ref(&after)));
    entries.extend(refund_paid(&cause("r"), &Account::Cash("bank".to_owned()), &[after.portion]));
    assert_eq!(check(&entries), []);
    assert_eq!(balances(&entries)[&Account::RefundPayable], 0);
}

#[test]
fn r74_money_after_the_books_are_closed_is_revenue_of_the_present_year() {
    let owed = portions(&[line(900)]).unwrap();
    let paid = |day: jiff::civil::Date| {
        let cause = Cause { source_id: "p".to_owned(), booked_on: day };
        let mut entries = assess(&self::cause("i"), &[line(900)]);
        entries.extend(carry_over(&cause, &owed));
        entries.extend(receive(&cause, "counter", &incomes(&owed, day).unwrap(), &[]));
        entries
    };
    let within = paid(date(2027, 5, 31));
    assert!(within.iter().all(|entry| entry.fiscal_year == 2026), "the books are open to the last of May");
    let late = paid(date(2027, 6, 1));
    assert_eq!(check(&late), []);
    let year = |year: i16| balances(late.iter().filter(|entry| entry.fiscal_year == year));
    let (left, present) = (year(2026), year(2027));
    assert_eq!((left[&Account::Receivable], left[&Account::CarriedOver]), (0, 900));
    assert_eq!((present[&Account::Receivable], present[&Account::CarriedOver]), (0, -900));
    assert_eq!(present[&Account::Cash("counter".to_owned())], 900);
    let half = &late[..2];
    assert!(matches!(check(half)[..], [Violation::CarriedOverInPart { balance: 900 }]), "{:?}", check(half));
}

#[test]
fn r95_what_is_waived_after_it_was_paid_stands_as_overpaid_and_goes_back_from_there() {
    let lines = [line(22_000)];
    let mut entries = assess(&cause("i"), &lines);
    entries.extend(entrust(&cause("p"), "komoju", &portions(&lines).unwrap(), &[]));
    let within = refund_source(&line(22_000), yen(11_000), in_2026(), date(2027, 5, 31));
    entries.extend(reduce(&cause("i:r"), std::slice::from_ref(&within)));
    let receivable = check(&entries);
    assert!(
        matches!(receivable[..], [Violation::ReceivableBelowZero { balance: -11_000, .. }]),
        "{receivable:?}"
    );
    entries.extend(overpay(&cause("p:r"), &[within.portion]));
    assert_eq!(check(&entries), []);
    let held = balances(&entries);
    assert_eq!((held[&Account::Receivable], held[&Account::Overpayment]), (0, -11_000));
    assert_eq!(held[&Account::Revenue("08-02-01".to_owned())], -11_000);
    entries.extend(refund(&cause("f"), &Account::Overpayment, part(11_000)));
    assert_eq!((check(&entries), balances(&entries)[&Account::Overpayment]), (vec![], 0));
    let after = refund_source(&line(22_000), yen(11_000), in_2026(), date(2027, 6, 1));
    let mut late = entries[..2].to_vec();
    late.extend(reduce(&cause("i:r"), std::slice::from_ref(&after)));
    late.extend(overpay(&cause("p:r"), &[after.portion]));
    assert_eq!((check(&late), balances(&late)[&Account::RefundExpense]), (vec![], 11_000));
}

#[test]
fn every_account_and_kind_reads_back() {
    for text in [
        "receivable",
        "revenue:08",
        "deposit:passport",
        "entrusted:komoju",
        "cash:bank",
        "overpayment",
        "refund_payable",
        "fee_expense",
        "refund_expense",
        "expense_returned",
        "written_off",
        "stamps",
        "carried_over",
        "interest_expense:02-01-05-22",
        "interest_payable",
    ] {
        assert_eq!(Account::parse(text).unwrap().to_string(), text);
    }
    for text in ["", "revenue:", "deposit:", "other:x", "cash"] {
        assert_eq!(Account::parse(text), None);
    }
    for posting in Posting::ALL {
        for kind in [EntryKind::Booked(posting), EntryKind::Reversed(posting)] {
            assert_eq!(EntryKind::parse(&kind.to_string()), Some(kind));
        }
    }
}

fn remitted(gross: i64, portions: &[Portion], kept: i64) -> RemittedLine<'_> {
    let claim = Account::Entrusted("komoju".to_owned());
    RemittedLine { kind: crate::domain::settlement::LineKind::Capture, claim, gross, portions, kept }
}

#[test]
fn r72_a_net_remittance_is_booked_gross() {
    let mut entries = assess(&cause("i"), &[line(33_000)]);
    entries.extend(entrust(&cause("p"), "komoju", &portions(&[line(33_000)]).unwrap(), &[]));
    entries.extend(remit(&cause("s"), &remitted(33_000, &[part(33_000)], 660)).unwrap());
    let held = balances(&entries);
    assert_eq!(held[&Account::FeeExpense], 660);
    assert_eq!(held[&Account::Revenue("08-02-01".to_owned())], -33_000);
    assert_eq!(held[&Account::Entrusted("komoju".to_owned())], 0);
    assert_eq!(check(&entries), []);
}

#[test]
fn r59_the_nations_part_is_a_deposit_and_no_revenue() {
    let lines = [national(14_000), line(2_300)];
    let mut entries = assess(&cause("i"), &lines);
    entries.extend(receive(&cause("p"), "counter", &portions(&lines).unwrap(), &[]));
    let held = balances(&entries);
    assert_eq!(held[&Account::Deposit("passport".to_owned())], -14_000);
    assert_eq!(held[&Account::Revenue("08-02-01".to_owned())], -2_300);
    assert_eq!(held[&Account::Receivable], 0);
    let taken_off = reduce(&cause("d"), &[off(&national(4_000))]);
    let whole = [entries.clone(), taken_off].concat();
    assert!(matches!(check(&whole)[..], [Violation::ReceivableBelowZero { balance: -4_000, .. }]));
    let back = refund(&cause("r"), &Account::Deposit("passport".to_owned()), part(14_001));
    let too_much = check(&[entries.clone(), back].concat());
    assert!(matches!(too_much[..], [Violation::DepositBelowZero { .. }]), "{too_much:?}");
    assert_eq!(check(&entries), []);
}

#[test]
fn t3_more_received_refunded_or_remitted_than_due_is_found() {
    let received = receive(&cause("p"), "counter", &[part(1)], &[]);
    assert!(matches!(check(&received)[..], [Violation::ReceivableBelowZero { balance: -1, .. }]));
    let paid = refund_paid(&cause("r"), &Account::Cash("bank".to_owned()), &[part(1)]);
    assert_eq!(check(&paid), [Violation::RefundWithoutDecision { excess: 1 }]);
    let over = refund(&cause("r"), &Account::Overpayment, part(1));
    assert_eq!(check(&over), [Violation::OverpaymentBelowZero { excess: 1 }]);
    let more = remit(&cause("s"), &remitted(1, &[part(1)], 0)).unwrap();
    assert!(matches!(check(&more)[..], [Violation::ClaimBelowZero { balance: -1, .. }]));
    let twice = [assess(&cause("i"), &[line(1)]), assess(&cause("i"), &[line(1)])].concat();
    assert!(matches!(check(&twice)[..], [Violation::BookedTwice { .. }]));
    let mut wrong = assess(&cause("i"), &[line(1)]);
    wrong[0].debit_account = Account::FeeExpense;
    assert!(matches!(check(&wrong)[..], [Violation::WrongAccounts { .. }]));
}

#[test]
fn r87_a_reversal_undoes_once() {
    let booked = assess(&cause("i"), &[line(500)]);
    let undone = reverse(&booked[0], date(2026, 10, 1)).unwrap();
    assert!(reverse(&undone, date(2026, 10, 1)).is_none());
    let both = [booked, vec![undone]].concat();
    assert!(balances(&both).values().all(|held| *held == 0));
    assert_eq!(check(&both), []);
}

/// One case from its debt to whatever became of it.
fn case(id: usize, owed: i64, share: i64, fate: u8) -> Vec<Entry> {
    let name = |what: &str| cause(&format!("{what}{id}"));
    let revenue = Account::Revenue("08-02-01".to_owned());
    let mut entries = assess(&name("i"), &[line(owed)]);
    match fate {
        0 => entries.extend(write_off(&name("w"), &[part(owed)])),
        1 => entries.extend(reduce(&name("d"), &[off(&line(share))])),
        2 => {
            entries.extend(receive(&name("p"), "counter", &[part(owed)], &[part(share)]));
            entries.extend(refund(&name("r"), &Account::Overpayment, part(share)));
        }
        3 => {
            entries.extend(entrust(&name("p"), "komoju", &[part(owed)], &[]));
            entries.extend(refund(&name("r"), &revenue, part(share)));
            entries.extend(refund_paid(&name("r"), &Account::Entrusted("komoju".to_owned()), &[part(share)]));
        }
        _ => {
            entries.extend(entrust(&name("p"), "komoju", &[part(owed)], &[]));
            let owed_in_all = [part(owed)];
            entries.extend(remit(&name("s"), &remitted(owed, &owed_in_all, share)).unwrap());
        }
    }
    entries
}

proptest! {
    #[test]
    fn t3_money_is_conserved(cases in prop::collection::vec((1..50_000_i64, 0..100_i64, 0..5_u8), 0..12)) {
        let entries: Vec<Entry> = cases
            .iter()
            .enumerate()
            .flat_map(|(id, (owed, percent, fate))| case(id, *owed, owed * percent / 100, *fate))
            .collect();
        prop_assert_eq!(balances(&entries).values().sum::<i64>(), 0);
        prop_assert_eq!(check(&entries), vec![]);
        prop_assert!(entries.iter().all(|entry| entry.amount > Yen::ZERO));
    }
}

#[test]
fn what_was_pulled_back_is_owed_again_in_its_year_and_can_be_paid_again() {
    let (day, later) = (date(2026, 6, 10), date(2026, 8, 1));
    let line = part(900);
    let owed = [Portion { fiscal_year: 2025, ..line }];
    let mut entries = vec![Entry {
        kind: EntryKind::Booked(Posting::Assess),
        source_id: "i".to_owned(),
        line_no: 1,
        debit_account: Account::Receivable,
        credit_account: Account::Revenue("08".to_owned()),
        amount: owed[0].amount,
        fiscal_year: 2025,
        booked_on: date(2026, 3, 1),
    }];
    let paid = |name: &str, on| {
        let cause = Cause { source_id: name.to_owned(), booked_on: on };
        let mut entries = carry_over(&cause, &owed);
        entries.extend(receive(&cause, "stripe", &incomes(&owed, on).unwrap(), &[]));
        entries
    };
    entries.extend(paid("p", day));
    let back = pull_back("p", &entries, later);
    entries.extend(back);
    assert_eq!(check(&entries), []);
    let held = balances(&entries);
    assert_eq!((held[&Account::Receivable], held[&Account::Cash("stripe".to_owned())]), (900, 0));
    entries.extend(paid("q", later));
    assert_eq!(check(&entries), []);
    assert_eq!(balances(&entries)[&Account::Receivable], 0);
}
