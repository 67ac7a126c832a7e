//! Decisions to give money back that were not carried out before the books of their year closed (R-95).
//!
//! Purpose: nothing is paid any more out of a closed year, so such a decision lapses with it. It is booked back, which leaves in the
//! revenue of its year what that year received and moves no money, and is decided anew out of the present year under the same cause.

use jiff::civil::Date;

use super::{Account, Entry, EntryKind};
use crate::domain::fiscal_year::FiscalYear;

/// Whether a decided entry has lapsed by the day on which its money leaves. Money held for others stays outside of the years (R-59).
pub fn has_lapsed(decided: &Entry, leaves_on: Date) -> bool {
    let of_a_year = !matches!(decided.debit_account, Account::Deposit(_));
    of_a_year && FiscalYear::starting_in(decided.fiscal_year).is_closed_on(leaves_on)
}

/// Those of the entries that book something and were not undone.
pub fn standing(entries: &[Entry]) -> Vec<Entry> {
    let stands = |entry: &&Entry| {
        let EntryKind::Booked(posting) = entry.kind else { return false };
        let undoes = |other: &Entry| {
            other.kind == EntryKind::Reversed(posting)
                && other.source_id == entry.source_id
                && other.line_no == entry.line_no
        };
        !entries.iter().any(undoes)
    };
    entries.iter().filter(stands).cloned().collect()
}

/// Entries of a cause under the numbers after those that `before` has: one cause is booked again only where it was undone.
pub fn numbered_after(before: &[Entry], entries: Vec<Entry>) -> Vec<Entry> {
    let last = before.iter().map(|entry| entry.line_no).max().unwrap_or(0);
    entries.into_iter().map(|entry| Entry { line_no: last + entry.line_no, ..entry }).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::ledger::{
        Cause, Portion, RefundSource, assess, balances, check, receive, refund, refund_paid, reverse,
    };
    use crate::domain::money::Yen;

    fn yen(amount: i64) -> Yen {
        Yen::new(amount).unwrap()
    }

    fn revenue() -> Account {
        Account::Revenue("08-02-01".to_owned())
    }

    /// A refund of 300 yen that was decided on a day, out of an account of a year.
    fn decided(account: Account, fiscal_year: i16, day: Date) -> Vec<Entry> {
        let portion = Portion { fiscal_year, amount: yen(300) };
        refund(&Cause { source_id: "r".to_owned(), booked_on: day }, &[RefundSource { account, portion }])
    }

    #[test]
    fn r95_a_decision_lapses_with_the_books_of_its_year_and_money_of_others_never() {
        let day = date(2027, 5, 28);
        let own = &decided(revenue(), 2026, day)[0];
        assert_eq!(
            [date(2027, 5, 31), date(2027, 6, 1)].map(|day| has_lapsed(own, day)),
            [false, true],
            "出納閉鎖"
        );
        assert!(has_lapsed(&decided(Account::Overpayment, 2026, day)[0], date(2027, 6, 1)));
        assert!(!has_lapsed(
            &decided(Account::Deposit("passport".to_owned()), 2026, day)[0],
            date(2028, 6, 1)
        ));
    }

    #[test]
    fn r95_what_lapsed_is_an_expense_of_the_present_year_and_no_cash_of_the_closed_one_moves() {
        let line = serde_json::json!({ "item": "fee", "label_ja": "手数料", "label_en": "Fee", "amount": 900,
            "basis": "条例", "revenue_account": "08-02-01", "fiscal_year": 2026, "formula_version": "1",
            "payee": "own", "tax": null, "relief": null, "sample": false });
        let cause = |id: &str, booked_on| Cause { source_id: id.to_owned(), booked_on };
        let whole = [Portion { fiscal_year: 2026, amount: yen(900) }];
        let mut entries = assess(&cause("i", date(2026, 9, 1)), &[serde_json::from_value(line).unwrap()]);
        entries.extend(receive(&cause("p", date(2026, 9, 2)), "bank", &whole, &[]));
        let lapsed = decided(revenue(), 2026, date(2027, 5, 28));
        entries.extend(lapsed.clone());
        let day = date(2027, 6, 5);
        let anew = numbered_after(&lapsed, decided(Account::RefundExpense, 2027, day));
        let paid = Portion { fiscal_year: 2027, amount: yen(300) };
        entries.extend(lapsed.iter().filter_map(|entry| reverse(entry, day)));
        entries.extend(anew.clone());
        entries.extend(refund_paid(&cause("r", day), &Account::Cash("bank".to_owned()), &[paid]));
        assert_eq!(check(&entries), []);
        let of = |year: i16| balances(entries.iter().filter(|entry| entry.fiscal_year == year));
        let bank = Account::Cash("bank".to_owned());
        let closed = [&revenue(), &Account::RefundPayable, &bank].map(|account| of(2026)[account]);
        assert_eq!(closed, [-900, 0, 900]);
        let present =
            [&Account::RefundExpense, &Account::RefundPayable, &bank].map(|account| of(2027)[account]);
        assert_eq!(present, [300, 0, -300]);
        let ours: Vec<Entry> = entries.into_iter().filter(|entry| entry.source_id == "r").collect();
        let kind = |entry: &Entry| (entry.kind.to_string(), entry.line_no, entry.fiscal_year);
        let stands: Vec<_> = standing(&ours).iter().map(kind).collect();
        assert_eq!(stands, [("refund".to_owned(), 2, 2027), ("refund_paid".to_owned(), 1, 2027)]);
    }
}
