//! Exact fractions (有理数) for amounts that are not whole on the way: never a float, rounded down once.

use crate::domain::money::{Yen, YenOutOfRange};

/// A fraction of whole numbers, zero or more, in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exact {
    numerator: i128,
    denominator: i128,
}

impl Exact {
    /// Nothing.
    pub(super) const ZERO: Self = Self { numerator: 0, denominator: 1 };

    /// `numerator / denominator`; refused below zero and for a denominator that is not above it.
    pub(super) fn ratio(numerator: i128, denominator: i128) -> Result<Self, YenOutOfRange> {
        if numerator < 0 || denominator <= 0 {
            return Err(YenOutOfRange);
        }
        let divisor = greatest_common_divisor(numerator, denominator);
        Ok(Self { numerator: numerator / divisor, denominator: denominator / divisor })
    }

    /// The sum.
    pub(super) fn plus(self, other: Self) -> Result<Self, YenOutOfRange> {
        let left = self.numerator.checked_mul(other.denominator);
        let right = other.numerator.checked_mul(self.denominator);
        let numerator = left.zip(right).and_then(|(left, right)| left.checked_add(right));
        let denominator = self.denominator.checked_mul(other.denominator);
        numerator.zip(denominator).map_or(Err(YenOutOfRange), |(above, below)| Self::ratio(above, below))
    }

    /// The product.
    pub(super) fn times(self, other: Self) -> Result<Self, YenOutOfRange> {
        let numerator = self.numerator.checked_mul(other.numerator);
        let denominator = self.denominator.checked_mul(other.denominator);
        numerator.zip(denominator).map_or(Err(YenOutOfRange), |(above, below)| Self::ratio(above, below))
    }

    /// Whether it is less than a whole number of yen.
    pub(super) fn is_below(self, yen: Yen) -> bool {
        // A product that overflows is far above any amount.
        i128::from(yen.amount()).checked_mul(self.denominator).is_some_and(|other| self.numerator < other)
    }

    /// Whole yen, always rounded down.
    pub(super) fn floor(self) -> Result<Yen, YenOutOfRange> {
        let whole = self.numerator.checked_div(self.denominator).ok_or(YenOutOfRange)?;
        i64::try_from(whole).map_err(|_| YenOutOfRange).and_then(Yen::new)
    }
}

impl From<Yen> for Exact {
    fn from(yen: Yen) -> Self {
        Self { numerator: i128::from(yen.amount()), denominator: 1 }
    }
}

fn greatest_common_divisor(one: i128, other: i128) -> i128 {
    let (mut one, mut other) = (one, other);
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one.max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Exact;
    use crate::domain::money::Yen;

    #[test]
    fn r62_thirds_add_up_to_a_whole_yen() {
        let third = Exact::ratio(1, 3).unwrap();
        let whole = third.plus(third).and_then(|sum| sum.plus(third)).unwrap();
        assert_eq!(whole.floor(), Ok(Yen::new(1).unwrap()));
        assert_eq!(third.floor(), Ok(Yen::ZERO));
    }

    #[test]
    fn r62_what_leaves_the_range_is_refused_and_never_wraps() {
        assert!(Exact::ratio(1, 0).is_err());
        assert!(Exact::ratio(-1, 2).is_err());
        let huge = Exact::ratio(i128::MAX, 1).unwrap();
        assert!(huge.times(huge).is_err());
        assert!(huge.plus(huge).is_err());
        assert!(huge.floor().is_err());
    }

    proptest! {
        #[test]
        fn r62_rounding_never_goes_up_and_loses_less_than_a_yen(above in 0_i64..1_000_000_000, below in 1_i64..10_000) {
            let floor = Exact::ratio(above.into(), below.into()).unwrap().floor().unwrap().amount();
            prop_assert!(floor * below <= above);
            prop_assert!((floor + 1) * below > above);
        }
    }
}
