//! Yen as whole numbers. No floating point, no implicit rounding.

use serde::{Deserialize, Serialize};

/// The largest amount the system handles: one hundred billion yen, far from `i64`'s edge.
pub const YEN_MAX: i64 = 100_000_000_000;

/// An amount of yen, never negative and never above [`YEN_MAX`].
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[schemars(with = "u64")]
#[serde(try_from = "i64", into = "i64")]
pub struct Yen(i64);

/// An amount left the range `0..=YEN_MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an amount of yen must lie between 0 and {YEN_MAX}")]
pub struct YenOutOfRange;

impl Yen {
    /// No money at all.
    pub const ZERO: Self = Self(0);

    /// Checks the range.
    pub fn new(amount: i64) -> Result<Self, YenOutOfRange> {
        if (0..=YEN_MAX).contains(&amount) { Ok(Self(amount)) } else { Err(YenOutOfRange) }
    }

    /// The amount as a whole number of yen.
    pub fn amount(self) -> i64 {
        self.0
    }

    /// The sum, or a refusal when it leaves the range.
    pub fn plus(self, other: Self) -> Result<Self, YenOutOfRange> {
        Self::new(self.0.checked_add(other.0).ok_or(YenOutOfRange)?)
    }

    /// The difference, or a refusal when it would fall below zero.
    pub fn minus(self, other: Self) -> Result<Self, YenOutOfRange> {
        Self::new(self.0.checked_sub(other.0).ok_or(YenOutOfRange)?)
    }

    /// The product with a count, or a refusal when it leaves the range.
    pub fn times(self, count: i64) -> Result<Self, YenOutOfRange> {
        Self::new(self.0.checked_mul(count).ok_or(YenOutOfRange)?)
    }

    /// The sum of many amounts.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, YenOutOfRange> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }
}

impl TryFrom<i64> for Yen {
    type Error = YenOutOfRange;
    fn try_from(amount: i64) -> Result<Self, Self::Error> {
        Self::new(amount)
    }
}

impl From<Yen> for i64 {
    fn from(yen: Yen) -> Self {
        yen.0
    }
}
