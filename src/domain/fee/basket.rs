//! Several applications handed in at the same time (同時申請): one of them costs the full price (R-58b).
//!
//! The result does not depend on the order in which the applications lie in the basket: which of them bears the full
//! price follows from prices and keys alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::FeeAssessment;
use crate::domain::money::{Yen, YenOutOfRange};

/// The fee items of an application whose full price another application of the same basket bears (R-58b): from the version
/// of the item to how that application is called (its number; in a quote, its place).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SameTimeTerms(pub BTreeMap<String, String>);

impl SameTimeTerms {
    /// An application by itself.
    pub const NONE: Self = Self(BTreeMap::new());

    /// Who bears the full price of this item, if it is another application.
    pub fn full_price_in(&self, formula_version: &str) -> Option<&str> {
        self.0.get(formula_version).map(String::as_str)
    }
}

/// The shares of one fee item that a same-time price applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SameTimeShare {
    /// The full price of one.
    pub first: Yen,
    /// Each further one.
    pub other: Yen,
    /// How many are asked for.
    pub count: i64,
}

/// One item of one application in a basket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasketItem<K> {
    /// The application, or whatever tells one item from another.
    pub key: K,
    /// Items of one group share one full price: the version of the fee item, for one person.
    pub group: String,
    /// What is asked for, at which prices.
    pub share: SameTimeShare,
}

/// The items of an assessment that share their full price with other applications of the same basket.
pub fn basket_items<K: Clone>(key: &K, assessment: &FeeAssessment) -> Vec<BasketItem<K>> {
    let shared = assessment.lines.iter().filter_map(|line| Some((line, line.same_time?)));
    shared
        .map(|(line, share)| BasketItem { key: key.clone(), group: line.formula_version.clone(), share })
        .collect()
}

/// Which application bears the full price of each group: the dearest, so that nobody gains by joining a cheaper one; among
/// equals the one whose key comes first.
fn bearers<K: Ord>(items: &[BasketItem<K>]) -> BTreeMap<&str, &BasketItem<K>> {
    let mut bearers: BTreeMap<&str, &BasketItem<K>> = BTreeMap::new();
    for item in items.iter().filter(|item| item.share.count > 0) {
        let bearer = bearers.entry(item.group.as_str()).or_insert(item);
        let rank = |one: &BasketItem<K>| one.share.first;
        if rank(item) > rank(bearer) || (rank(item) == rank(bearer) && item.key < bearer.key) {
            *bearer = item;
        }
    }
    bearers
}

/// The terms of each application that others relieve of a full price; `name` says how an application is called.
pub fn same_time_terms<K: Ord + Clone>(
    items: &[BasketItem<K>],
    name: impl Fn(&K) -> String,
) -> BTreeMap<K, SameTimeTerms> {
    let bearers = bearers(items);
    let mut terms: BTreeMap<K, SameTimeTerms> = BTreeMap::new();
    for item in items {
        let Some(bearer) = bearers.get(item.group.as_str()).filter(|bearer| bearer.key != item.key) else {
            continue;
        };
        let own = terms.entry(item.key.clone()).or_default();
        own.0.insert(item.group.clone(), name(&bearer.key));
    }
    terms
}

/// What each item costs, by key and group, in their order: exactly one unit of a group costs its full price.
pub fn price_basket<K: Ord + Clone>(
    items: &[BasketItem<K>],
) -> Result<BTreeMap<(K, String), Yen>, YenOutOfRange> {
    let bearers = bearers(items);
    let mut prices = BTreeMap::new();
    for item in items {
        let BasketItem { key, group, share } = item;
        let is_bearer = bearers.get(group.as_str()).is_some_and(|bearer| std::ptr::eq(*bearer, item));
        let amount = if is_bearer { same_time(*share)? } else { others(*share)? };
        let slot = prices.entry((key.clone(), group.clone())).or_insert(Yen::ZERO);
        *slot = slot.plus(amount)?;
    }
    Ok(prices)
}

/// What the units of one application cost while another application bears the full price.
pub(super) fn others(share: SameTimeShare) -> Result<Yen, YenOutOfRange> {
    share.other.times(share.count.max(0))
}

/// What the units of one application cost by themselves: the first at the full price, each further one less.
pub(super) fn same_time(share: SameTimeShare) -> Result<Yen, YenOutOfRange> {
    match share.count {
        ..=0 => Ok(Yen::ZERO),
        count => share.first.plus(share.other.times(count.saturating_sub(1))?),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BasketItem, SameTimeShare, price_basket, same_time_terms};
    use crate::domain::money::Yen;

    fn item(key: u32, group: &str, first: i64, other: i64, count: i64) -> BasketItem<u32> {
        let share = SameTimeShare { first: Yen::new(first).unwrap(), other: Yen::new(other).unwrap(), count };
        BasketItem { key, group: group.to_owned(), share }
    }

    fn total(items: &[BasketItem<u32>]) -> i64 {
        price_basket(items).unwrap().values().map(|price| price.amount()).sum()
    }

    #[test]
    fn r58b_three_heirs_at_once_cost_16600_and_one_of_them_pays_the_full_price() {
        let heirs: Vec<_> = (1..=3).map(|key| item(key, "succession", 9_000, 3_800, 1)).collect();
        let prices = price_basket(&heirs).unwrap();
        let amounts: Vec<i64> = prices.values().map(|price| price.amount()).collect();
        assert_eq!(amounts, [9_000, 3_800, 3_800]);
        assert_eq!(total(&heirs), 16_600);
        // Two halls in one application and one in another are three as well.
        assert_eq!(
            total(&[item(1, "succession", 9_000, 3_800, 2), item(2, "succession", 9_000, 3_800, 1)]),
            16_600
        );
    }

    #[test]
    fn r58b_each_kind_of_approval_keeps_its_own_full_price() {
        let mixed = [item(1, "succession", 9_000, 3_800, 1), item(2, "special", 13_000, 10_000, 1)];
        assert_eq!(total(&mixed), 22_000);
        let special = [item(1, "special", 13_000, 10_000, 1), item(2, "special", 13_000, 10_000, 1)];
        assert_eq!(total(&special), 23_000);
    }

    #[test]
    fn r58b_nothing_asked_for_costs_nothing_and_gives_no_discount() {
        let items = [item(1, "succession", 9_000, 3_800, 0), item(2, "succession", 9_000, 3_800, 1)];
        assert_eq!(total(&items), 9_000);
        assert_eq!(total(&[]), 0);
    }

    #[test]
    fn r58b_who_does_not_bear_the_full_price_is_told_who_does() {
        let items = [
            item(3, "succession", 9_000, 3_800, 1),
            item(1, "succession", 9_000, 3_800, 1),
            item(2, "special", 13_000, 10_000, 2),
            item(4, "succession", 9_000, 3_800, 0),
        ];
        let terms = same_time_terms(&items, |key| format!("no. {key}"));
        let said: Vec<_> = terms.iter().map(|(key, own)| (*key, own.full_price_in("succession"))).collect();
        assert_eq!(said, [(3, Some("no. 1")), (4, Some("no. 1"))]);
        assert_eq!(terms[&3].full_price_in("special"), None);
    }

    proptest! {
        #[test]
        fn r58b_the_order_of_a_basket_changes_nothing(
            basket in prop::collection::vec((0_u8..3, 1_i64..20_000, 0_i64..5), 0..8),
            shift in 0_usize..8,
        ) {
            let mut items: Vec<_> = (0_u32..)
                .zip(&basket)
                .map(|(key, (group, first, count))| item(key, &group.to_string(), *first, first / 2, *count))
                .collect();
            let before = price_basket(&items).unwrap();
            let places = items.len().max(1);
            items.rotate_left(shift % places);
            let turned = price_basket(&items).unwrap();
            items.reverse();
            prop_assert_eq!(&before, &turned);
            prop_assert_eq!(&before, &price_basket(&items).unwrap());
        }

        #[test]
        fn r58b_every_group_keeps_exactly_one_full_price(keys in prop::collection::btree_set(0_u32..50, 1..9)) {
            let items: Vec<_> = keys.iter().map(|key| item(*key, "g", 9_000, 3_800, 1)).collect();
            let full = price_basket(&items).unwrap().into_values().filter(|price| price.amount() == 9_000).count();
            prop_assert_eq!(full, 1);
        }
    }
}
