//! The terms under which one merchant account takes money (取扱条件): ceilings a day and a month, and until when.
//!
//! A ceiling is of one account, or of one method at it, and of each body by itself. Days and months are those of Japan. What is
//! open counts like what was taken: it may be paid on any day, so the sum of a day never exceeds its ceiling.

use std::collections::BTreeMap;

use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::payment::MethodCode;

/// The most that may be taken (納付限度額); none: no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ceiling {
    /// In a calendar day.
    pub per_day: Option<Yen>,
    /// In a calendar month.
    pub per_month: Option<Yen>,
}

impl Ceiling {
    /// Whether there is a bound at all.
    pub fn is_set(self) -> bool {
        self.per_day.is_some() || self.per_month.is_some()
    }

    /// Whether `amount` may come beside what was taken.
    pub fn admits(self, taken: Taken, amount: Yen) -> bool {
        let fits = |most: Option<Yen>, before: Yen| {
            most.is_none_or(|most| before.plus(amount).is_ok_and(|sum| sum <= most))
        };
        fits(self.per_day, taken.today) && fits(self.per_month, taken.this_month)
    }
}

/// What was taken and what is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Taken today, and open.
    pub today: Yen,
    /// Taken since the first day of the month, and open.
    pub this_month: Yen,
}

impl Taken {
    /// Both together.
    pub fn plus(self, other: Self) -> Result<Self, YenOutOfRange> {
        Ok(Self { today: self.today.plus(other.today)?, this_month: self.this_month.plus(other.this_month)? })
    }

    /// What an open payment counts for.
    pub fn open(amount: Yen) -> Self {
        Self { today: amount, this_month: amount }
    }
}

/// The terms of one method at one account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MethodTerms {
    /// The most it may take.
    pub ceiling: Ceiling,
    /// True: not past the last day of the claim, as shops refuse such a slip.
    pub until_due_day: bool,
}

/// The terms of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountTerms {
    /// The most that all methods together may take.
    pub ceiling: Ceiling,
    /// What is agreed of single methods.
    pub methods: BTreeMap<MethodCode, MethodTerms>,
}

impl AccountTerms {
    /// The terms of a method.
    pub fn of(&self, method: &MethodCode) -> MethodTerms {
        self.methods.get(method).copied().unwrap_or_default()
    }

    /// Whether any ceiling concerns a method.
    pub fn bound(&self, method: &MethodCode) -> bool {
        self.ceiling.is_set() || self.of(method).ceiling.is_set()
    }

    /// Whether a method may take `amount` beside what each method took.
    pub fn admits(&self, method: &MethodCode, amount: Yen, taken: &BTreeMap<MethodCode, Taken>) -> bool {
        let own = taken.get(method).copied().unwrap_or_default();
        let all = taken.values().try_fold(Taken::default(), |sum, one| sum.plus(*one));
        self.of(method).ceiling.admits(own, amount) && all.is_ok_and(|all| self.ceiling.admits(all, amount))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{AccountTerms, Ceiling, MethodTerms, Taken};
    use crate::domain::money::Yen;
    use crate::domain::payment::MethodCode;

    fn yen(amount: i64) -> Yen {
        Yen::new(amount).unwrap()
    }

    fn ceiling(per_day: Option<i64>, per_month: Option<i64>) -> Ceiling {
        Ceiling { per_day: per_day.map(yen), per_month: per_month.map(yen) }
    }

    #[test]
    fn a_ceiling_is_reached_exactly_and_never_exceeded() {
        let taken = Taken { today: yen(400), this_month: yen(900) };
        for (bound, most) in [
            (ceiling(None, None), i64::from(i32::MAX)),
            (ceiling(Some(500), None), 100),
            (ceiling(None, Some(950)), 50),
            (ceiling(Some(500), Some(950)), 50),
            (ceiling(Some(410), Some(950)), 10),
        ] {
            assert!(bound.admits(taken, yen(most)), "{bound:?}");
            assert!(!bound.is_set() || !bound.admits(taken, yen(most + 1)), "{bound:?}");
        }
        let full = ceiling(Some(400), None);
        assert!(!full.admits(taken, yen(1)), "nothing is left");
    }

    #[test]
    fn the_ceiling_of_the_account_counts_all_its_methods_and_that_of_a_method_its_own() {
        let [card, konbini] = ["card", "konbini"].map(|code| MethodCode::parse(code).unwrap());
        let of_card = MethodTerms { ceiling: ceiling(Some(100), None), until_due_day: false };
        let terms = AccountTerms {
            ceiling: ceiling(Some(150), None),
            methods: BTreeMap::from([(card.clone(), of_card)]),
        };
        assert!(terms.bound(&card) && terms.bound(&konbini));
        let taken = BTreeMap::from([(card.clone(), Taken::open(yen(90)))]);
        assert!(terms.admits(&card, yen(10), &taken));
        assert!(!terms.admits(&card, yen(11), &taken));
        assert!(terms.admits(&konbini, yen(60), &taken));
        assert!(!terms.admits(&konbini, yen(61), &taken));
    }
}
