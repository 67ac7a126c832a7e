//! What an agent sent, line by line (払込): gross, with its fee as an expense (R-72).

use super::{Account, Cause, Entry, EntryKind, Portion, Posting, Transfer, book};
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::settlement::LineKind;

/// The body's bank account, as a place of money.
pub const BANK: &str = "bank";

/// A line of a payout, as it is booked.
#[derive(Clone, Debug)]
pub struct RemittedLine<'a> {
    /// What it is about.
    pub kind: LineKind,
    /// Which account holds what the agent owes: [`Account::Entrusted`], or its [`Account::Cash`] where it collects (R-81).
    pub claim: Account,
    /// The gross amount in yen: taken (positive) or gone back (negative).
    pub gross: i64,
    /// The gross amount without its sign, by fiscal year.
    pub portions: &'a [Portion],
    /// Fee and tax in yen; negative where the agent gives a fee back. For a capture never more than its gross.
    pub kept: i64,
}

/// Books a line whose payout has arrived. Cause: the line.
///
/// A capture clears the claim: what reached the bank, and what the agent kept of it. Anything else changes what the payout
/// brings: what was given back or held back is taken off the money of others, so it stands against the claim.
pub fn remit(cause: &Cause, line: &RemittedLine<'_>) -> Result<Vec<Entry>, YenOutOfRange> {
    let bank = || Account::Cash(BANK.to_owned());
    if line.kind == LineKind::Capture {
        let (kept, arrived) = split(line.portions, Yen::new(line.kept)?)?;
        let to = |account: Account| {
            move |portion: Portion| Transfer { debit: account.clone(), credit: line.claim.clone(), portion }
        };
        let mut entries = book(Posting::Remit, cause, arrived.into_iter().map(to(bank())));
        entries.extend(book(Posting::RemitFee, cause, kept.into_iter().map(to(Account::FeeExpense))));
        return Ok(entries);
    }
    let held = |portion: &Portion| Transfer { debit: line.claim.clone(), credit: bank(), portion: *portion };
    let held = book(Posting::Withhold, cause, line.portions.iter().map(held));
    let mut entries = signed(held, -line.gross);
    let fiscal_year = line.portions.first().map_or(0, |portion| portion.fiscal_year);
    let portion = Portion { fiscal_year, amount: Yen::new(line.kept.abs())? };
    let fee = Transfer { debit: Account::FeeExpense, credit: bank(), portion };
    entries.extend(signed(book(Posting::RemitFee, cause, [fee]), line.kept));
    Ok(entries)
}

/// The entries as they are, or the other way round where the amount is negative.
fn signed(mut entries: Vec<Entry>, amount: i64) -> Vec<Entry> {
    if amount < 0 {
        for entry in &mut entries {
            if let EntryKind::Booked(posting) = entry.kind {
                entry.kind = EntryKind::Reversed(posting);
            }
            std::mem::swap(&mut entry.debit_account, &mut entry.credit_account);
        }
    }
    entries
}

/// Divides portions into the first `kept` yen of them and the rest; refused where they come to less.
pub fn split(portions: &[Portion], kept: Yen) -> Result<(Vec<Portion>, Vec<Portion>), YenOutOfRange> {
    let (mut left, mut first, mut rest) = (kept, Vec::new(), Vec::new());
    for portion in portions {
        let taken = left.min(portion.amount);
        left = left.minus(taken)?;
        first.push(Portion { amount: taken, ..*portion });
        rest.push(Portion { amount: portion.amount.minus(taken)?, ..*portion });
    }
    if left == Yen::ZERO { Ok((first, rest)) } else { Err(YenOutOfRange) }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::ledger::{balances, check, entrust};

    fn cause(id: &str) -> Cause {
        Cause { source_id: id.to_owned(), booked_on: date(2026, 4, 24) }
    }

    fn part(fiscal_year: i16, amount: i64) -> Portion {
        Portion { fiscal_year, amount: Yen::new(amount).unwrap() }
    }

    fn line(kind: LineKind, gross: i64, portions: &[Portion], kept: i64) -> RemittedLine<'_> {
        RemittedLine { kind, claim: Account::Entrusted("komoju".to_owned()), gross, portions, kept }
    }

    #[test]
    fn r72_a_fee_is_taken_from_the_claim_of_each_year_and_never_from_the_revenue() {
        let years = [part(2025, 400), part(2026, 600)];
        let entries = remit(&cause("l"), &line(LineKind::Capture, 1_000, &years, 500)).unwrap();
        let by = |account: &Account, year: i16| -> i64 {
            let ours = entries.iter().filter(|entry| entry.fiscal_year == year);
            ours.filter(|entry| entry.debit_account == *account).map(|entry| entry.amount.amount()).sum()
        };
        assert_eq!((by(&Account::FeeExpense, 2025), by(&Account::FeeExpense, 2026)), (400, 100));
        assert_eq!(by(&Account::Cash(BANK.to_owned()), 2026), 500);
        assert!(remit(&cause("l"), &line(LineKind::Capture, 1_000, &years, 1_001)).is_err());
    }

    #[test]
    fn r74_the_first_yen_of_what_was_taken_are_of_the_oldest_year_and_never_more_than_there_are() {
        let years = [part(2025, 400), part(2026, 600)];
        let (first, rest) = split(&years, Yen::new(700).unwrap()).unwrap();
        assert_eq!(
            (first, rest),
            (vec![part(2025, 400), part(2026, 300)], vec![part(2025, 0), part(2026, 300)])
        );
        assert!(split(&years, Yen::new(1_001).unwrap()).is_err());
        assert!(split(&[], Yen::new(1).unwrap()).is_err());
    }

    #[test]
    fn money_that_went_back_is_taken_off_the_payout_with_the_fee_of_it() {
        let back = [part(2026, 300)];
        let entries = remit(&cause("l"), &line(LineKind::Refund, -300, &back, -6)).unwrap();
        let held = balances(&entries);
        assert_eq!(held[&Account::Entrusted("komoju".to_owned())], 300);
        assert_eq!((held[&Account::Cash(BANK.to_owned())], held[&Account::FeeExpense]), (-294, -6));
        assert_eq!(check(&entries), []);
        let fee = remit(&cause("f"), &line(LineKind::Fee, 0, &[part(2026, 0)], 50)).unwrap();
        assert_eq!(balances(&fee)[&Account::Cash(BANK.to_owned())], -50);
        let freed = remit(&cause("r"), &line(LineKind::Reserve, 70, &[part(2026, 70)], 0)).unwrap();
        assert_eq!(balances(&freed)[&Account::Cash(BANK.to_owned())], 70);
        assert_eq!(check(&[fee, freed].concat()), []);
    }

    proptest! {
        /// Whatever is kept, bank and fee together are the gross, and the claim ends at zero.
        #[test]
        fn r72_a_settled_claim_is_zero((one, two, kept) in (1_i64..50_000, 0_i64..50_000, 0_i64..50_000)) {
            let gross = one + two;
            let kept = kept.min(gross);
            let portions = [part(2025, one), part(2026, two)];
            let mut entries = entrust(&cause("p"), "komoju", &portions, &[]);
            entries.extend(remit(&cause("l"), &line(LineKind::Capture, gross, &portions, kept)).unwrap());
            let held = balances(&entries);
            prop_assert_eq!(held[&Account::Entrusted("komoju".to_owned())], 0);
            let of = |account: &Account| held.get(account).copied().unwrap_or(0);
            prop_assert_eq!((of(&Account::Cash(BANK.to_owned())), of(&Account::FeeExpense)), (gross - kept, kept));
        }
    }
}
