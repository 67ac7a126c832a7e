//! Revoking a waiver that was got by a false statement (減免の取消し, R-63, R-65): what is assessed anew because of it.
//!
//! Purpose: from what a waiver took off to what is missing because of it now. Invariants: never more than that waiver took off, and
//! never more than would be owed without it: what corrected answers made cheaper meanwhile, and what an earlier revocation assessed
//! anew, is not claimed again. The first assessment and its reduction stay as they are.
//!
//! A revocation that fixes a sum to be paid needs no hearing before it (行政手続法第13条第2項第4号); it states its reasons like any
//! disposition that burdens.

use std::collections::BTreeSet;

use super::{LineReduction, Reductions};
use crate::domain::application::StateName;
use crate::domain::invoice::{InvoiceLine, InvoiceState};
use crate::domain::money::{Yen, YenOutOfRange};

/// The code of the only ground: what was stated to get the waiver was false.
pub const FALSE_STATEMENT: &str = "false_statement";

/// An invoice as the revocation of one of its waivers finds it.
#[derive(Clone, Copy, Debug)]
pub struct Waived<'a> {
    /// What the waiver took off.
    pub taken: &'a [LineReduction],
    /// What is taken off in all, by waivers and by corrected answers.
    pub off: &'a Reductions,
    /// How much less each line is assessed at by corrected answers, whether or not that was still owed.
    pub lowered: &'a Reductions,
    /// What revocations of other waivers assessed anew, less what corrected answers took off that since.
    pub revoked: &'a Reductions,
    /// The lines of which all that was owed goes back, by their number from 1.
    pub given_back: &'a BTreeSet<u32>,
}

/// Whether anything is missing because of a waiver: not of an assessment that was withdrawn or given back whole, and not where the
/// case ended in a way that withdraws what nobody had paid.
pub fn still_evaded(invoice: InvoiceState, case: StateName) -> bool {
    match invoice {
        InvoiceState::Canceled | InvoiceState::Refunded => false,
        InvoiceState::Waived | InvoiceState::Unpaid => {
            !matches!(case, StateName::Withdrawn | StateName::Transferred)
        }
        InvoiceState::Pending
        | InvoiceState::Entrusted
        | InvoiceState::Paid
        | InvoiceState::Overpaid
        | InvoiceState::PartiallyRefunded
        | InvoiceState::WrittenOff => true,
    }
}

/// The lines of an invoice of which all that was owed goes back, by their number from 1; `owed` are the lines as they are owed, `going`
/// is what decided refunds take of each. Of a line of which nothing was owed nothing goes back.
pub fn given_back(owed: &[InvoiceLine], going: &Reductions) -> BTreeSet<u32> {
    let lines = (1_u32..).zip(owed).filter(|(_, line)| line.amount > Yen::ZERO);
    lines.filter(|(number, line)| going.of_line(*number) >= line.amount).map(|(number, _)| number).collect()
}

/// What is missing of each line because of the waiver; lines of which nothing is, are left out, and so are those that are given back
/// whole: nobody pays for them.
pub fn evaded(waived: Waived<'_>) -> Result<Vec<LineReduction>, YenOutOfRange> {
    let missing = |one: &LineReduction| {
        let elsewhere = waived.lowered.of_line(one.line).plus(waived.revoked.of_line(one.line))?;
        let gap = waived.off.of_line(one.line).minus(elsewhere).unwrap_or(Yen::ZERO);
        Ok(LineReduction { line: one.line, amount: one.amount.min(gap) })
    };
    let kept = waived.taken.iter().filter(|one| !waived.given_back.contains(&one.line));
    let lines: Result<Vec<LineReduction>, YenOutOfRange> = kept.map(missing).collect();
    Ok(lines?.into_iter().filter(|one| one.amount > Yen::ZERO).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn off(line: u32, amount: i64) -> LineReduction {
        LineReduction { line, amount: Yen::new(amount).unwrap() }
    }

    fn reductions(of: &[(u32, i64)]) -> Reductions {
        let mut sum = Reductions::default();
        let lines: Vec<_> = of.iter().map(|(line, amount)| off(*line, *amount)).collect();
        sum.take_off(&lines).unwrap();
        sum
    }

    #[test]
    fn r65_what_is_assessed_anew_is_what_would_be_owed_without_the_waiver_and_is_not() {
        // A line of 100: what the waiver took off, what all took off, what it costs less by now, what was assessed anew.
        for (taken, all, lowered, revoked, anew) in [
            (50, 50, 0, 0, Some(50)),
            (100, 100, 0, 0, Some(100)),
            // Corrected answers cost 60; nothing was owed any more, so nothing of the 40 was taken off.
            (100, 100, 40, 0, Some(60)),
            // They cost 60; 40 of the 50 that were still owed were taken off.
            (50, 90, 40, 0, Some(50)),
            // They cost nothing.
            (100, 100, 100, 0, None),
            // A second waiver stands, and one was revoked before.
            (50, 80, 0, 0, Some(50)),
            (30, 80, 0, 50, Some(30)),
            (50, 50, 0, 50, None),
        ] {
            let (all, lowered, revoked) =
                (reductions(&[(1, all)]), reductions(&[(1, lowered)]), reductions(&[(1, revoked)]));
            let taken = [off(1, taken)];
            let waived = Waived {
                taken: &taken,
                off: &all,
                lowered: &lowered,
                revoked: &revoked,
                given_back: &BTreeSet::new(),
            };
            let expected: Vec<_> = anew.into_iter().map(|amount| off(1, amount)).collect();
            assert_eq!(evaded(waived), Ok(expected), "{waived:?}");
        }
    }

    #[test]
    fn r65_lines_are_looked_at_one_by_one() {
        let (taken, all) = ([off(1, 10), off(3, 20)], reductions(&[(1, 10), (3, 20)]));
        let (lowered, none) = (reductions(&[(1, 10)]), Reductions::default());
        let nothing = BTreeSet::new();
        let waived =
            Waived { taken: &taken, off: &all, lowered: &lowered, revoked: &none, given_back: &nothing };
        assert_eq!(evaded(waived), Ok(vec![off(3, 20)]));
        let third = BTreeSet::from([3]);
        assert_eq!(evaded(Waived { given_back: &third, ..waived }), Ok(vec![]));
    }

    #[test]
    fn r65_a_line_is_given_back_once_refunds_take_all_that_is_owed_of_it() {
        let line = |amount: i64| {
            let text = serde_json::json!({ "item": "fee", "label_ja": "手数料", "label_en": "Fee", "amount": amount,
                "basis": "条例", "revenue_account": "08-01-02-01", "fiscal_year": 2026, "formula_version": "1",
                "payee": "own", "tax": null, "relief": null, "sample": true });
            serde_json::from_value::<InvoiceLine>(text).unwrap()
        };
        let owed = [line(100), line(50), line(0)];
        for (going, found) in [
            (reductions(&[]), vec![]),
            (reductions(&[(1, 99)]), vec![]),
            (reductions(&[(1, 100), (2, 49)]), vec![1]),
            (reductions(&[(1, 100), (2, 50)]), vec![1, 2]),
        ] {
            assert_eq!(given_back(&owed, &going).into_iter().collect::<Vec<_>>(), found);
        }
    }

    #[test]
    fn r87_nothing_is_missing_of_what_was_withdrawn_or_given_back() {
        use InvoiceState as I;
        for invoice in I::ALL {
            let gone = matches!(invoice, I::Canceled | I::Refunded);
            let nobody_paid = gone || matches!(invoice, I::Unpaid | I::Waived);
            for case in StateName::ALL {
                let ended = matches!(case, StateName::Withdrawn | StateName::Transferred);
                let expected = if ended { !nobody_paid } else { !gone };
                assert_eq!(still_evaded(invoice, case), expected, "{invoice:?} {case:?}");
            }
        }
    }
}
