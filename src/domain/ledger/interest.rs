//! Interest on refunds (還付加算金, R-96): an expenditure of the year in which it is decided, beside the refund and never out of
//! the revenue that the refund comes out of (戻出).

use jiff::civil::Date;

use super::{Account, BANK, Cause, Entry, Portion, Posting, Transfer, book};
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::money::Yen;

/// The cause that interest on a refund is booked under.
pub fn interest_cause(refund: &str, booked_on: Date) -> Cause {
    Cause { source_id: format!("{refund}:interest"), booked_on }
}

/// Interest is decided: an expenditure of the year of the booking, owed to the payee. Cause: [`interest_cause`].
pub fn interest(cause: &Cause, expense_account: &str, amount: Yen) -> Vec<Entry> {
    let fiscal_year = FiscalYear::of(cause.booked_on).year();
    let transfer = Transfer {
        debit: Account::InterestExpense(expense_account.to_owned()),
        credit: Account::InterestPayable,
        portion: Portion { fiscal_year, amount },
    };
    book(Posting::Interest, cause, [transfer])
}

/// Interest left from the body's bank account, in the portions of its decision. Cause: [`interest_cause`].
pub fn interest_paid(cause: &Cause, portions: &[Portion]) -> Vec<Entry> {
    let transfer = |portion: &Portion| Transfer {
        debit: Account::InterestPayable,
        credit: Account::Cash(BANK.to_owned()),
        portion: *portion,
    };
    book(Posting::InterestPaid, cause, portions.iter().map(transfer))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::ledger::{Violation, balances, check, reverse};

    fn decided() -> Vec<Entry> {
        interest(&interest_cause("r", date(2027, 4, 2)), "02-01-05-22", Yen::new(1_900).unwrap())
    }

    #[test]
    fn r96_interest_is_an_expenditure_of_the_year_of_its_decision_and_touches_no_revenue() {
        let mut entries = decided();
        let portion = Portion { fiscal_year: 2027, amount: Yen::new(1_900).unwrap() };
        entries.extend(interest_paid(&interest_cause("r", date(2028, 4, 2)), &[portion]));
        assert!(entries.iter().all(|entry| entry.fiscal_year == 2027 && entry.source_id == "r:interest"));
        assert_eq!(check(&entries), []);
        let balances = balances(&entries);
        assert_eq!(balances[&Account::InterestPayable], 0);
        assert_eq!(balances[&Account::InterestExpense("02-01-05-22".to_owned())], 1_900);
        assert_eq!(balances[&Account::Cash(BANK.to_owned())], -1_900);
    }

    #[test]
    fn r96_interest_that_leaves_without_a_decision_is_found() {
        let portion = Portion { fiscal_year: 2027, amount: Yen::new(1_900).unwrap() };
        let mut entries = interest_paid(&interest_cause("r", date(2027, 5, 2)), &[portion]);
        assert_eq!(check(&entries), [Violation::InterestWithoutDecision { excess: 1_900 }]);
        let decided = decided();
        entries.extend(decided.iter().filter_map(|entry| reverse(entry, date(2027, 5, 1))));
        entries.extend(decided);
        assert_eq!(check(&entries), [Violation::InterestWithoutDecision { excess: 1_900 }]);
    }
}
