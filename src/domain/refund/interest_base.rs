//! What of a refund bears interest since when: the money that goes back, divided over what made it too much.

use jiff::civil::Date;

use super::interest_terms::OverpaymentCause;
use crate::domain::money::{Yen, YenOutOfRange};

/// Money that is too much for one cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMuch {
    /// Why.
    pub cause: OverpaymentCause,
    /// The day it was paid.
    pub paid_on: Date,
    /// The day it became too much.
    pub arose_on: Date,
    /// How much.
    pub amount: Yen,
}

/// The parts of `amount` that goes back, after `before` went back of the same money: what became too much first goes first.
/// What no cause explains is in no part and bears nothing.
pub fn too_much_of(causes: &[TooMuch], before: Yen, amount: Yen) -> Result<Vec<TooMuch>, YenOutOfRange> {
    let (mut skipped, mut left, mut parts) = (before, amount, Vec::new());
    for one in causes {
        let passed = skipped.min(one.amount);
        skipped = skipped.minus(passed)?;
        let taken = one.amount.minus(passed)?.min(left);
        left = left.minus(taken)?;
        if taken > Yen::ZERO {
            parts.push(TooMuch { amount: taken, ..*one });
        }
    }
    Ok(parts)
}

/// Interest that was paid, or cannot be called back any more, for refunds of a payment that came to nothing, less what was
/// taken off the interest of later ones for it: so much is taken off the next one, and no day is paid for twice.
pub fn paid_in_vain(of_failed: Yen, taken_off: Yen) -> Yen {
    of_failed.minus(taken_off).unwrap_or(Yen::ZERO)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn yen(amount: i64) -> Yen {
        Yen::new(amount).unwrap()
    }

    fn one(cause: OverpaymentCause, amount: i64) -> TooMuch {
        TooMuch { cause, paid_on: date(2026, 4, 1), arose_on: date(2026, 5, 1), amount: yen(amount) }
    }

    #[test]
    fn r96_what_became_too_much_first_goes_back_first() {
        let causes = [one(OverpaymentCause::PaidBeyond, 500), one(OverpaymentCause::Lowered, 300)];
        for (before, amount, expected) in [
            (0, 400, vec![400]),
            (0, 600, vec![500, 100]),
            (400, 200, vec![100, 100]),
            (500, 300, vec![300]),
            (800, 100, vec![]),
            (0, 900, vec![500, 300]),
        ] {
            let parts = too_much_of(&causes, yen(before), yen(amount)).unwrap();
            let amounts: Vec<i64> = parts.iter().map(|part| part.amount.amount()).collect();
            assert_eq!(amounts, expected, "{amount} after {before}");
        }
    }

    #[test]
    fn r96_what_was_paid_for_nothing_is_taken_off_once() {
        assert_eq!(paid_in_vain(yen(1_000), Yen::ZERO), yen(1_000));
        assert_eq!(paid_in_vain(yen(1_000), yen(1_000)), Yen::ZERO);
        assert_eq!(paid_in_vain(Yen::ZERO, yen(1_000)), Yen::ZERO);
    }

    proptest! {
        #[test]
        fn r96_refunds_one_after_the_other_share_what_one_refund_would_take(
            amounts in proptest::collection::vec(1..1_000_i64, 0..5), first in 0..3_000_i64, second in 0..3_000_i64,
        ) {
            let causes: Vec<_> = amounts.iter().map(|amount| one(OverpaymentCause::Lowered, *amount)).collect();
            let sum = |before: i64, amount: i64| -> i64 {
                let parts = too_much_of(&causes, yen(before), yen(amount)).unwrap();
                parts.iter().map(|part| part.amount.amount()).sum()
            };
            prop_assert_eq!(sum(0, first) + sum(first, second), sum(0, first + second));
        }
    }
}
