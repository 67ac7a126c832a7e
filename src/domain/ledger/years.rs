//! In which year money is revenue, and out of which it goes back (R-74, R-95).
//!
//! Purpose: the books of a year take what is received until they close (出納閉鎖, 31 May); what comes later is revenue of the year
//! in which it comes, to which what is owed is carried over (調定繰越). Money that an agent was entrusted with is received when
//! it sends it (払込), whatever day the debt counts as paid on (R-77). Invariant: nothing is moved within a closed year, but out
//! of it, in both legs at once.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Account, Cause, Entry, Portion, Posting, RefundSource, Transfer, account_of, book};
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::invoice::InvoiceLine;
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::procedure::Payee;

/// The year itself until its books close (出納閉鎖), then the year of the day.
pub(super) fn year_of_income(fiscal_year: i16, day: Date) -> i16 {
    let closed = FiscalYear::starting_in(fiscal_year).is_closed_on(day);
    if closed { FiscalYear::of(day).year() } else { fiscal_year }
}

/// What is owed of years whose books are closed on the day of the booking is owed to the year of that day from then on (R-74).
/// Cause: the payment that settles it.
pub fn carry_over(cause: &Cause, owed: &[Portion]) -> Vec<Entry> {
    carried(cause, &Account::Receivable, owed)
}

/// What an agent owes of years whose books are closed on the day of the booking is owed to the year of that day from then on: it
/// is received only now (R-74). Cause: the payment and what makes it known, a line of a payout or a refund.
pub fn carry_claim(cause: &Cause, claim: &Account, held: &[Portion]) -> Vec<Entry> {
    carried(cause, claim, held)
}

fn carried(cause: &Cause, account: &Account, owed: &[Portion]) -> Vec<Entry> {
    let year = |portion: &Portion| year_of_income(portion.fiscal_year, cause.booked_on);
    let closed = owed.iter().filter(|portion| year(portion) != portion.fiscal_year);
    let both = |portion: &Portion| {
        let (left, taken_on) = (*portion, Portion { fiscal_year: year(portion), ..*portion });
        [
            Transfer { debit: Account::CarriedOver, credit: account.clone(), portion: left },
            Transfer { debit: account.clone(), credit: Account::CarriedOver, portion: taken_on },
        ]
    };
    book(Posting::CarryOver, cause, closed.flat_map(both))
}

/// The portions of what is owed in the years whose revenue they become when they come on `day` (過年度収入, R-74).
pub fn incomes(owed: &[Portion], day: Date) -> Result<Vec<Portion>, YenOutOfRange> {
    let mut years: BTreeMap<i16, Yen> = BTreeMap::new();
    for portion in owed {
        let sum = years.entry(year_of_income(portion.fiscal_year, day)).or_default();
        *sum = sum.plus(portion.amount)?;
    }
    Ok(years.into_iter().map(|(fiscal_year, amount)| Portion { fiscal_year, amount }).collect())
}

/// The first `amount` yen of what is held of years whose books are closed on `day`.
pub fn of_closed_years(held: &[Portion], amount: Yen, day: Date) -> Result<Vec<Portion>, YenOutOfRange> {
    let (mut left, mut found) = (amount, Vec::new());
    for portion in held.iter().filter(|it| year_of_income(it.fiscal_year, day) != it.fiscal_year) {
        let taken = left.min(portion.amount);
        left = left.minus(taken)?;
        found.push(Portion { amount: taken, ..*portion });
    }
    Ok(found)
}

/// When money came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The JST day on which the payer paid, or entrusted an agent with it.
    pub taken_on: Date,
    /// The JST day on which it reached the body; none while an agent holds it.
    pub arrived_on: Option<Date>,
}

impl Receipt {
    /// The year whose revenue the money for a debt of `fiscal_year` is; what an agent still holds would come `today`.
    pub fn year(self, fiscal_year: i16, today: Date) -> i16 {
        let arrived_on = self.arrived_on.unwrap_or(today);
        year_of_income(year_of_income(fiscal_year, self.taken_on), arrived_on)
    }
}

/// Where the refund of a paid line comes from (R-95): out of the same revenue account of the year in which the money was
/// received while the books of that year are open (戻出), an expense of the present year after that. Money held for others stays
/// outside of the years (R-59).
pub fn refund_source(line: &InvoiceLine, amount: Yen, receipt: Receipt, today: Date) -> RefundSource {
    let received_in = receipt.year(line.fiscal_year, today);
    let source = |account, fiscal_year| RefundSource { account, portion: Portion { fiscal_year, amount } };
    match line.payee {
        Payee::National => source(account_of(line), line.fiscal_year),
        Payee::Own if FiscalYear::starting_in(received_in).is_closed_on(today) => {
            source(Account::RefundExpense, FiscalYear::of(today).year())
        }
        Payee::Own => source(account_of(line), received_in),
    }
}

/// Where the refund of money beyond a debt comes from: what came as too much, in the year in which it was received, or in the
/// present one after the books of that year closed (R-95).
pub fn overpaid_source(fiscal_year: i16, amount: Yen, receipt: Receipt, today: Date) -> RefundSource {
    let fiscal_year = year_of_income(receipt.year(fiscal_year, today), today);
    RefundSource { account: Account::Overpayment, portion: Portion { fiscal_year, amount } }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::ledger::{RemittedLine, assess, balances, check, entrust, refund, refund_paid, remit};
    use crate::domain::settlement::LineKind;

    fn yen(amount: i64) -> Yen {
        Yen::new(amount).unwrap()
    }

    fn portion(fiscal_year: i16, amount: i64) -> Portion {
        Portion { fiscal_year, amount: yen(amount) }
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

    fn cause(id: &str, day: Date) -> Cause {
        Cause { source_id: id.to_owned(), booked_on: day }
    }

    fn agent() -> Account {
        Account::Entrusted("komoju".to_owned())
    }

    /// A debt of 2026 that was entrusted on 30 March 2027 and sent on a day.
    fn sent_on(day: Date, amount: i64) -> Vec<Entry> {
        let owed = [portion(2026, amount)];
        let mut entries = assess(&cause("i", date(2026, 9, 1)), &[line(amount)]);
        entries.extend(entrust(&cause("p", date(2027, 3, 30)), "komoju", &owed, &[]));
        entries.extend(carry_claim(&cause("p:l", day), &agent(), &owed));
        let portions = incomes(&owed, day).unwrap();
        let kind = LineKind::Capture;
        let line = RemittedLine { kind, claim: agent(), gross: amount, portions: &portions, kept: 0 };
        entries.extend(remit(&cause("l", day), &line).unwrap());
        entries
    }

    fn revenue() -> Account {
        Account::Revenue("08-02-01".to_owned())
    }

    #[test]
    fn r74_money_that_an_agent_sends_after_the_books_closed_is_received_in_the_present_year() {
        let in_time = sent_on(date(2027, 5, 31), 900);
        assert!(in_time.iter().all(|entry| entry.fiscal_year == 2026));
        assert_eq!(check(&in_time), []);
        let late = sent_on(date(2027, 6, 1), 900);
        assert_eq!(check(&late), []);
        let of = |year: i16| balances(late.iter().filter(|entry| entry.fiscal_year == year));
        let bank = Account::Cash(super::super::BANK.to_owned());
        assert_eq!((of(2026)[&agent()], of(2026)[&Account::CarriedOver]), (0, 900));
        assert_eq!((of(2027)[&agent()], of(2027)[&Account::CarriedOver], of(2027)[&bank]), (0, -900, 900));
        assert!(!of(2026).contains_key(&bank), "no cash moves in a closed year");
        assert_eq!(of(2026)[&revenue()], -900, "what was assessed stays where it was assessed");
    }

    #[test]
    fn r95_a_refund_is_taken_out_of_the_year_of_the_receipt() {
        let receipt = |arrived_on| Receipt { taken_on: date(2027, 3, 30), arrived_on };
        for (arrived_on, today, account, year) in [
            (Some(date(2027, 5, 31)), date(2027, 5, 31), revenue(), 2026),
            (Some(date(2027, 5, 31)), date(2027, 6, 1), Account::RefundExpense, 2027),
            (Some(date(2027, 6, 1)), date(2027, 6, 1), revenue(), 2027),
            (Some(date(2027, 6, 1)), date(2028, 5, 31), revenue(), 2027),
            (Some(date(2027, 6, 1)), date(2028, 6, 1), Account::RefundExpense, 2028),
            // What the agent holds would come today.
            (None, date(2027, 5, 31), revenue(), 2026),
            (None, date(2027, 6, 1), revenue(), 2027),
        ] {
            let found = refund_source(&line(900), yen(400), receipt(arrived_on), today);
            assert_eq!(
                (found.account, found.portion),
                (account, portion(year, 400)),
                "{arrived_on:?} {today}"
            );
        }
        let direct = Receipt { taken_on: date(2027, 6, 1), arrived_on: Some(date(2027, 6, 1)) };
        let found = refund_source(&line(900), yen(400), direct, date(2027, 7, 1));
        assert_eq!((found.account, found.portion.fiscal_year), (revenue(), 2027), "late at the counter");
        let beyond = overpaid_source(2026, yen(50), receipt(Some(date(2027, 5, 1))), date(2027, 6, 1));
        assert_eq!((beyond.account, beyond.portion), (Account::Overpayment, portion(2027, 50)));
    }

    #[test]
    fn r95_what_a_year_took_on_may_go_back_out_of_its_revenue_and_no_yen_more() {
        let mut entries = sent_on(date(2027, 6, 1), 900);
        let receipt = Receipt { taken_on: date(2027, 3, 30), arrived_on: Some(date(2027, 6, 1)) };
        let back = |id: &str, amount: i64| {
            let day = date(2027, 7, 1);
            let source = refund_source(&line(900), yen(amount), receipt, day);
            let mut entries = refund(&cause(id, day), std::slice::from_ref(&source));
            let bank = Account::Cash(super::super::BANK.to_owned());
            entries.extend(refund_paid(&cause(id, day), &bank, &[source.portion]));
            entries
        };
        entries.extend(back("r", 900));
        assert_eq!(check(&entries), []);
        entries.extend(back("s", 1));
        assert_eq!(check(&entries).len(), 1, "{:?}", check(&entries));
    }

    proptest! {
        /// Whatever of a claim is carried before the rest is sent, each year's claim ends at zero and no cash moves in a closed one.
        #[test]
        fn r74_a_claim_that_is_carried_in_pieces_ends_at_zero(
            amount in 1_i64..100_000, percent in 0_i64..=100, late in 0_i64..300,
        ) {
            let day = date(2027, 5, 31).checked_add(jiff::Span::new().days(late)).unwrap();
            let owed = [portion(2026, amount)];
            let part = of_closed_years(&owed, yen(amount * percent / 100), day).unwrap();
            let moved = Yen::sum(part.iter().map(|it| it.amount)).unwrap();
            let mut entries = assess(&cause("i", date(2026, 9, 1)), &[line(amount)]);
            entries.extend(entrust(&cause("p", date(2027, 3, 30)), "komoju", &owed, &[]));
            entries.extend(carry_claim(&cause("p:r", day), &agent(), &part));
            let rest = [portion(2026, amount - moved.amount())];
            entries.extend(carry_claim(&cause("p:l", day), &agent(), &rest));
            let portions = incomes(&owed, day).unwrap();
            let line = RemittedLine {
                kind: LineKind::Capture, claim: agent(), gross: amount, portions: &portions, kept: 0,
            };
            entries.extend(remit(&cause("l", day), &line).unwrap());
            prop_assert_eq!(check(&entries), vec![]);
            for year in [2026, 2027] {
                let of_year = balances(entries.iter().filter(|entry| entry.fiscal_year == year));
                prop_assert_eq!(of_year.get(&agent()).copied().unwrap_or(0), 0);
            }
        }
    }
}
