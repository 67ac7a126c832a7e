//! Undoing what was booked, also after the books of its year closed (R-74, R-95).
//!
//! Purpose: a closed year keeps what it received and paid (出納閉鎖). Money that turns out not to have come is missing in the present
//! year, and money that comes back is income of it (施行令160条). A debt that such money had settled is owed again in the year in which
//! it was assessed: the present one hands it back (調定繰越), in both legs at once. Invariants: over all years every account ends as if
//! nothing had been booked, and no cash moves in a closed year.

use jiff::civil::Date;

use super::years::year_of_income;
use super::{Account, Cause, Entry, EntryKind, Portion, Posting, Transfer, book, has_lapsed, reverse};

/// What the cause ends with under which a debt is handed back to a closed year.
pub(super) const OWED_AGAIN: &str = ":owed_again";

/// Takes what a payment was booked to have brought out of the books: it was not there, or is booked anew. `received`: the entries that
/// stand of it. Cause: the payment.
pub fn undo_receipt(payment: &str, received: &[Entry], booked_on: Date) -> Vec<Entry> {
    let undone = received.iter().filter_map(|entry| Some(in_open_year(reverse(entry, booked_on)?)));
    undone.chain(owed_again(payment, received, booked_on)).collect()
}

/// What a payment brought was pulled back by the payer's bank: what it had settled is owed again, in the year in which it was owed
/// before, what it was too much is so no more, and nothing of the place of the money is left. What a reduction had made too much of it is
/// no more so either: nothing of it is there to go back. `entries`: those of its case. Cause: the payment.
pub fn pull_back(payment: &str, entries: &[Entry], booked_on: Date) -> Vec<Entry> {
    let brought = brought(payment, entries);
    let back = |entry: &Entry| {
        let kind = EntryKind::Booked(Posting::PullBack);
        let fiscal_year = year_of_income(entry.fiscal_year, booked_on);
        Some(Entry { kind, fiscal_year, ..reverse(entry, booked_on)? })
    };
    let carried = of_payment(payment, entries, &[Posting::CarryOver]).into_iter().filter(|entry| {
        let accounts = [&entry.debit_account, &entry.credit_account];
        accounts.contains(&&Account::Receivable) && !entry.source_id.ends_with(OWED_AGAIN)
    });
    let carried = carried.filter_map(|entry| reverse(&entry, booked_on));
    let too_much =
        too_much_by_reductions(payment, entries).into_iter().filter_map(|entry| reverse(&entry, booked_on));
    let owed = owed_again(payment, &brought, booked_on);
    carried.chain(brought.iter().filter_map(back)).chain(owed).chain(too_much).collect()
}

/// The entries that stand of what a payment brought: against a debt, or beyond it.
pub fn brought(payment: &str, entries: &[Entry]) -> Vec<Entry> {
    of_payment(payment, entries, &[Posting::Receive, Posting::Entrust])
}

/// The entries of some postings that stand of a payment: under it, or under it and an occasion.
fn of_payment(payment: &str, entries: &[Entry], postings: &[Posting]) -> Vec<Entry> {
    let later = format!("{payment}:");
    let is_ours = |entry: &Entry| {
        let EntryKind::Booked(posting) = entry.kind else { return false };
        postings.contains(&posting) && (entry.source_id == payment || entry.source_id.starts_with(&later))
    };
    super::standing(entries).into_iter().filter(is_ours).collect()
}

/// The entries that stand of what reductions made too much of a payment's money, each booked under the payment and the reassessment.
pub fn too_much_by_reductions(payment: &str, entries: &[Entry]) -> Vec<Entry> {
    of_payment(payment, entries, &[Posting::Overpay])
}

/// Undoes what stands booked of a refund that came to nothing (F28, F29). What had left in a year that is closed since comes back as
/// income of the present one: of the account that it had come out of, and of an expense as a return of it (施行令160条).
pub fn undo_refund(stands: &[Entry], booked_on: Date) -> Vec<Entry> {
    let of = |posting: Posting| stands.iter().filter(move |entry| entry.kind == EntryKind::Booked(posting));
    // What left did so in the portions of its decision.
    let mut paid: Vec<&Entry> = of(Posting::RefundPaid).collect();
    let undone = of(Posting::Refund).flat_map(|decided| {
        let of_it = |left: &&Entry| (left.fiscal_year, left.amount) == (decided.fiscal_year, decided.amount);
        let left = paid.iter().position(of_it).map(|place| paid.remove(place));
        let comes_later = left.is_some() && has_lapsed(decided, booked_on);
        let back = [Some(decided), left].into_iter().flatten().filter_map(|entry| reverse(entry, booked_on));
        back.map(|entry| if comes_later { as_income(entry) } else { entry }).collect::<Vec<_>>()
    });
    undone.collect()
}

/// The undoing of a closed year's entry as income of the year of its booking.
fn as_income(entry: Entry) -> Entry {
    let credit_account = match entry.credit_account {
        Account::RefundExpense => Account::ExpenseReturned,
        account => account,
    };
    let fiscal_year = year_of_income(entry.fiscal_year, entry.booked_on);
    Entry { credit_account, fiscal_year, ..entry }
}

/// The undoing of a receipt in the year in which the money is missing: its own while the books of that are open. A claim on an agent is
/// no money yet, and a debt is none.
fn in_open_year(entry: Entry) -> Entry {
    match &entry.credit_account {
        Account::Cash(_) => {
            Entry { fiscal_year: year_of_income(entry.fiscal_year, entry.booked_on), ..entry }
        }
        _ => entry,
    }
}

/// Hands the debts that money of closed years had settled back to those, from the year in which the money is missing.
fn owed_again(payment: &str, received: &[Entry], booked_on: Date) -> Vec<Entry> {
    let settled = received.iter().filter(|entry| {
        entry.kind == EntryKind::Booked(Posting::Receive) && entry.credit_account == Account::Receivable
    });
    let handed_back = settled.flat_map(|entry| {
        let missing_in = year_of_income(entry.fiscal_year, booked_on);
        let of = |fiscal_year: i16| Portion { fiscal_year, amount: entry.amount };
        let both = [
            Transfer { debit: Account::CarriedOver, credit: Account::Receivable, portion: of(missing_in) },
            Transfer {
                debit: Account::Receivable,
                credit: Account::CarriedOver,
                portion: of(entry.fiscal_year),
            },
        ];
        both.into_iter().filter(move |_| missing_in != entry.fiscal_year)
    });
    book(Posting::CarryOver, &Cause { source_id: format!("{payment}{OWED_AGAIN}"), booked_on }, handed_back)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::ledger::{
        BANK, RefundSource, assess, balances, carry_over, check, entrust, incomes, overpay, receive, reduce,
        refund, refund_paid, standing,
    };
    use crate::domain::money::Yen;

    fn yen(amount: i64) -> Yen {
        Yen::new(amount).unwrap()
    }

    fn cause(id: &str, booked_on: Date) -> Cause {
        Cause { source_id: id.to_owned(), booked_on }
    }

    fn portion(fiscal_year: i16, amount: i64) -> Portion {
        Portion { fiscal_year, amount: yen(amount) }
    }

    fn revenue() -> Account {
        Account::Revenue("08-02-01".to_owned())
    }

    fn bank() -> Account {
        Account::Cash(BANK.to_owned())
    }

    /// A debt of 2026.
    fn assessed(amount: i64) -> Vec<Entry> {
        let line = serde_json::json!({ "item": "fee", "label_ja": "手数料", "label_en": "Fee", "amount": amount,
            "basis": "条例", "revenue_account": "08-02-01", "fiscal_year": 2026, "formula_version": "1",
            "payee": "own", "tax": null, "relief": null, "sample": false });
        assess(&cause("i", date(2026, 9, 1)), &[serde_json::from_value(line).unwrap()])
    }

    /// That debt as it is paid on a day.
    fn paid_on(day: Date, amount: i64) -> Vec<Entry> {
        let owed = [portion(2026, amount)];
        let mut entries = carry_over(&cause("p", day), &owed);
        entries.extend(receive(&cause("p", day), BANK, &incomes(&owed, day).unwrap(), &[]));
        entries
    }

    /// What accounts of a year hold, none where nothing was booked.
    fn of_year(entries: &[Entry], year: i16, accounts: &[Account]) -> Vec<i64> {
        let held = balances(entries.iter().filter(|entry| entry.fiscal_year == year));
        accounts.iter().map(|account| held.get(account).copied().unwrap_or(0)).collect()
    }

    #[test]
    fn r74_a_receipt_of_a_closed_year_that_was_none_is_missing_in_the_present_one() {
        let accounts = [bank(), Account::Receivable, Account::CarriedOver, revenue()];
        for (undone_on, closed, present) in [
            (date(2027, 5, 31), [0, 900, 0, -900], [0, 0, 0, 0]),
            (date(2027, 6, 1), [900, 900, -900, -900], [-900, 0, 900, 0]),
        ] {
            let received = paid_on(date(2027, 5, 20), 900);
            let mut entries = [assessed(900), received.clone()].concat();
            entries.extend(undo_receipt("p", &received, undone_on));
            assert_eq!(check(&entries), [], "{undone_on}");
            assert_eq!(of_year(&entries, 2026, &accounts), closed, "{undone_on}");
            assert_eq!(of_year(&entries, 2027, &accounts), present, "{undone_on}");
            // The same debt is paid again, and both years are what they were.
            let again = cause("q", date(2027, 7, 1));
            let owed = [portion(2026, 900)];
            entries.extend(carry_over(&again, &owed));
            entries.extend(receive(&again, BANK, &incomes(&owed, again.booked_on).unwrap(), &[]));
            assert_eq!(check(&entries), [], "{undone_on}");
            let all = balances(&entries);
            assert_eq!((all[&bank()], all[&Account::Receivable], all[&revenue()]), (900, 0, -900));
        }
    }

    #[test]
    fn r74_what_came_late_and_was_none_is_owed_again_where_it_was_assessed() {
        let received = paid_on(date(2027, 6, 10), 900);
        let mut entries = [assessed(900), received.clone()].concat();
        entries.extend(undo_receipt("p", &received, date(2028, 6, 1)));
        assert_eq!(check(&entries), []);
        let accounts = [bank(), Account::Receivable];
        let years = [2026, 2027, 2028].map(|year| of_year(&entries, year, &accounts));
        assert_eq!(years, [vec![0, 900], vec![900, 0], vec![-900, 0]]);
    }

    #[test]
    fn r74_money_beyond_a_debt_that_was_none_is_missing_in_the_present_year() {
        let received = receive(&cause("p", date(2027, 5, 20)), BANK, &[], &[portion(2026, 400)]);
        let undone = undo_receipt("p", &received, date(2027, 6, 1));
        let entries = [received, undone].concat();
        assert_eq!(check(&entries), []);
        let accounts = [bank(), Account::Overpayment];
        let years = [2026, 2027].map(|year| of_year(&entries, year, &accounts));
        assert_eq!(years, [vec![400, -400], vec![-400, 400]]);
    }

    #[test]
    fn r74_what_an_agent_was_never_entrusted_with_is_no_money_of_any_year() {
        let received = entrust(&cause("p", date(2027, 5, 20)), "komoju", &[portion(2026, 900)], &[]);
        let mut entries = [assessed(900), received.clone()].concat();
        entries.extend(undo_receipt("p", &received, date(2027, 6, 1)));
        assert_eq!(check(&entries), []);
        assert!(entries.iter().all(|entry| entry.fiscal_year == 2026));
        assert_eq!(balances(&entries)[&Account::Receivable], 900);
    }

    #[test]
    fn r74_money_of_a_closed_year_that_was_pulled_back_is_missing_in_the_present_one() {
        let mut entries = [assessed(900), paid_on(date(2027, 5, 20), 900)].concat();
        entries.extend(pull_back("p", &entries, date(2027, 6, 1)));
        assert_eq!(check(&entries), []);
        let accounts = [bank(), Account::Receivable, Account::CarriedOver];
        let years = [2026, 2027].map(|year| of_year(&entries, year, &accounts));
        assert_eq!(years, [vec![900, 900, -900], vec![-900, 0, 900]]);
    }

    #[test]
    fn a_debt_whose_money_was_pulled_back_has_nothing_too_much() {
        let day = date(2026, 10, 1);
        let mut entries = [assessed(900), paid_on(day, 900)].concat();
        entries.extend(reduce(
            &cause("i:r", day),
            &[RefundSource { account: revenue(), portion: portion(2026, 400) }],
        ));
        entries.extend(overpay(&cause("p:r", day), &[portion(2026, 400)]));
        entries.extend(pull_back("p", &entries, date(2026, 11, 1)));
        assert_eq!(check(&entries), []);
        let held = balances(&entries);
        assert_eq!((held[&Account::Receivable], held[&Account::Overpayment]), (500, 0));
    }

    /// A refund of 300 yen out of an account of a year that was decided and left on a day.
    fn refunded(account: Account, fiscal_year: i16, day: Date) -> Vec<Entry> {
        let part = portion(fiscal_year, 300);
        let mut entries = refund(&cause("r", day), &[RefundSource { account, portion: part }]);
        entries.extend(refund_paid(&cause("r", day), &bank(), &[part]));
        entries
    }

    #[test]
    fn r95_a_refund_that_comes_back_after_the_books_of_its_year_closed_is_income_of_the_present_one() {
        let deposit = Account::Deposit("passport".to_owned());
        for (account, came_back, income) in [
            (revenue(), date(2027, 6, 1), Some(revenue())),
            (Account::Overpayment, date(2027, 6, 1), Some(Account::Overpayment)),
            (Account::RefundExpense, date(2027, 6, 1), Some(Account::ExpenseReturned)),
            // The books are open, and money of others is outside of the years (R-59).
            (revenue(), date(2027, 5, 31), None),
            (deposit, date(2027, 6, 1), None),
        ] {
            let stands = refunded(account.clone(), 2026, date(2027, 5, 28));
            let undone = undo_refund(&stands, came_back);
            let entries = [stands, undone].concat();
            let year = if income.is_some() { 2027 } else { 2026 };
            let to = income.unwrap_or(account);
            assert!(entries[2..].iter().all(|entry| entry.fiscal_year == year), "{to} {came_back}");
            assert_eq!(of_year(&entries[2..], year, &[bank(), to.clone()]), [300, -300], "{to} {came_back}");
            assert_eq!(balances(&entries)[&Account::RefundPayable], 0, "{to} {came_back}");
            assert_eq!(standing(&entries), [], "{to} {came_back}");
        }
    }

    #[test]
    fn r95_each_part_of_a_refund_comes_back_with_its_own_sum_in_whatever_order_they_left() {
        let day = date(2027, 5, 28);
        let deposit = Account::Deposit("passport".to_owned());
        let parts = [(revenue(), portion(2026, 300)), (deposit.clone(), portion(2026, 200))];
        let sources = parts.clone().map(|(account, portion)| RefundSource { account, portion });
        let mut stands = refund(&cause("r", day), &sources);
        stands.extend(refund_paid(&cause("r", day), &bank(), &[parts[1].1, parts[0].1]));
        let undone = undo_refund(&stands, date(2027, 6, 5));
        let entries = [stands, undone].concat();
        let accounts = [bank(), Account::RefundPayable, revenue(), deposit];
        let years = [2026, 2027].map(|year| of_year(&entries, year, &accounts));
        assert_eq!(years, [vec![-300, 0, 300, 0], vec![300, 0, -300, 0]]);
    }

    #[test]
    fn money_that_was_too_much_and_was_pulled_back_is_too_much_no_more() {
        for received in [
            receive(&cause("p", date(2027, 5, 20)), BANK, &[], &[portion(2026, 400)]),
            entrust(&cause("p", date(2027, 5, 20)), "komoju", &[], &[portion(2026, 400)]),
        ] {
            let back = pull_back("p", &received, date(2027, 6, 1));
            assert!(back.iter().all(|entry| entry.fiscal_year == 2027), "{back:?}");
            let entries = [received, back].concat();
            assert_eq!(check(&entries), []);
            assert!(balances(&entries).values().all(|balance| *balance == 0));
        }
    }

    #[test]
    fn what_stood_as_too_much_until_the_rest_of_it_came_settled_a_debt_and_is_owed_again() {
        let day = date(2026, 10, 1);
        let first = receive(&cause("p", day), BANK, &[], &[portion(2026, 400)]);
        let mut entries = [assessed(900), first.clone()].concat();
        entries.extend(undo_receipt("p", &first, day));
        entries.extend(receive(&cause("p:900", day), BANK, &[portion(2026, 900)], &[]));
        assert_eq!(brought("p", &entries).len(), 1);
        entries.extend(pull_back("p", &entries, date(2026, 11, 1)));
        assert_eq!(check(&entries), []);
        let held = balances(&entries);
        assert_eq!((held[&Account::Receivable], held[&Account::Overpayment], held[&bank()]), (900, 0, 0));
    }

    #[test]
    fn r95_what_one_debt_hands_back_takes_nothing_of_what_another_one_brought_to_the_year() {
        // One debt of 2026 is paid late and goes back out of the revenue of 2027; another was paid in time and turns out to be unpaid.
        let mut entries = [assessed(900), paid_on(date(2027, 6, 5), 900)].concat();
        let back = [RefundSource { account: revenue(), portion: portion(2027, 900) }];
        entries.extend(refund(&cause("r", date(2027, 7, 1)), &back));
        entries.extend(refund_paid(&cause("r", date(2027, 7, 1)), &bank(), &[portion(2027, 900)]));
        let other = |entry: Entry| Entry { source_id: format!("other-{}", entry.source_id), ..entry };
        let received: Vec<Entry> = paid_on(date(2027, 5, 20), 900).into_iter().map(other).collect();
        entries.extend(assessed(900).into_iter().map(other));
        entries.extend(received.clone());
        entries.extend(undo_receipt("other-p", &received, date(2027, 7, 10)));
        assert_eq!(check(&entries), []);
    }

    #[test]
    fn r95_a_decision_that_never_left_is_booked_back_where_it_was() {
        let stands = &refunded(revenue(), 2026, date(2027, 5, 28))[..1];
        let undone = undo_refund(stands, date(2027, 6, 1));
        assert_eq!(undone.len(), 1);
        assert_eq!((undone[0].fiscal_year, &undone[0].credit_account), (2026, &revenue()));
    }

    proptest! {
        /// Whenever money is taken out of the books, it is as if it had never come: nothing is in any cash over all years, the whole debt
        /// is owed in the year of its assessment, and no cash of a closed year moved.
        #[test]
        fn r74_a_receipt_that_was_none_leaves_the_debt_and_nothing_else(
            amount in 1_i64..100_000, came_after in 0_i64..700, was_none_after in 0_i64..700,
        ) {
            let day = |days: i64| date(2026, 9, 1).checked_add(jiff::Span::new().days(days)).unwrap();
            let received = paid_on(day(came_after), amount);
            let mut entries = [assessed(amount), received.clone()].concat();
            entries.extend(undo_receipt("p", &received, day(came_after + was_none_after)));
            prop_assert_eq!(check(&entries), vec![]);
            let all = balances(&entries);
            prop_assert_eq!(all[&bank()], 0);
            prop_assert_eq!(of_year(&entries, 2026, &[Account::Receivable]), vec![amount]);
            for year in [2027, 2028] {
                prop_assert_eq!(of_year(&entries, year, &[Account::Receivable]), vec![0]);
            }
        }
    }
}
