//! A fee that is assessed again because answers were corrected (調定の更正): what is charged on top, and what is taken off.
//!
//! What was assessed stays as it was. Where the corrected answers cost more only the difference is charged (追加調定,
//! as R-57 says of a later increase); where they cost less the difference is taken off (減額調定). Both follow fee item by
//! fee item, because each item has its own clause and revenue account.

use std::collections::BTreeMap;

use super::{FeeAssessment, FeeLine, included_tax};
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::procedure::Bilingual;

/// What is assessed in all, fee item by fee item.
pub fn charged<'a>(
    lines: impl IntoIterator<Item = (&'a str, Yen)>,
) -> Result<BTreeMap<String, Yen>, YenOutOfRange> {
    let mut items: BTreeMap<String, Yen> = BTreeMap::new();
    for (item, amount) in lines {
        let sum = items.entry(item.to_owned()).or_default();
        *sum = sum.plus(amount)?;
    }
    Ok(items)
}

/// The part of an assessment that goes beyond what was charged before; the whole where nothing was.
pub fn beyond(
    assessment: FeeAssessment,
    before: &BTreeMap<String, Yen>,
) -> Result<FeeAssessment, YenOutOfRange> {
    if before.is_empty() {
        return Ok(assessment);
    }
    let mut rest = before.clone();
    let mut lines = Vec::new();
    for line in assessment.lines {
        let paid = rest.get(&line.item).copied().unwrap_or(Yen::ZERO).min(line.amount);
        if let Some(left) = rest.get_mut(&line.item) {
            *left = left.minus(paid)?;
        }
        let amount = line.amount.minus(paid)?;
        if amount > Yen::ZERO {
            lines.push(difference(line, paid, amount)?);
        }
    }
    let total = Yen::sum(lines.iter().map(|line| line.amount))?;
    Ok(FeeAssessment { lines, total, ..assessment })
}

fn difference(mut line: FeeLine, paid: Yen, amount: Yen) -> Result<FeeLine, YenOutOfRange> {
    line.amount = amount;
    line.tax = line.tax.map(|tax| included_tax(amount, tax.percent)).transpose()?;
    if paid > Yen::ZERO {
        let (paid, amount) = (paid.amount(), amount.amount());
        line.explanation.push(Bilingual {
            ja: format!("既に調定した{paid}円を差し引き、追加調定{amount}円"),
            en: format!("less {paid} yen assessed before: {amount} yen on top"),
        });
    }
    Ok(line)
}

/// The fee items that cost less than was charged before, each with the difference.
pub fn lowered_items(
    assessment: &FeeAssessment,
    before: &BTreeMap<String, Yen>,
) -> Result<BTreeMap<String, Yen>, YenOutOfRange> {
    let now = charged(assessment.lines.iter().map(|line| (line.item.as_str(), line.amount)))?;
    let mut lowered = BTreeMap::new();
    for (item, amount) in before {
        let costs = now.get(item).copied().unwrap_or(Yen::ZERO);
        if costs < *amount {
            lowered.insert(item.clone(), amount.minus(costs)?);
        }
    }
    Ok(lowered)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;
    use serde_json::Map;

    use super::*;
    use crate::domain::fee::SameTimeTerms;
    use crate::domain::procedure::{Payee, RefundPolicy};

    fn yen(amount: i64) -> Yen {
        Yen::new(amount).unwrap()
    }

    fn line(item: &str, amount: i64) -> FeeLine {
        FeeLine {
            item: item.to_owned(),
            label_ja: item.to_owned(),
            label_en: item.to_owned(),
            amount: yen(amount),
            basis: "条例".to_owned(),
            revenue_account: "08".to_owned(),
            payee: Payee::Own,
            refund: RefundPolicy::default(),
            tax: Some(included_tax(yen(amount), 10).unwrap()),
            inputs: BTreeMap::new(),
            formula_version: format!("p@1/{item}"),
            explanation: Vec::new(),
            relief: None,
            same_time: None,
            full_price_in: None,
            sample: true,
        }
    }

    fn assessment(lines: &[(&str, i64)]) -> FeeAssessment {
        let lines: Vec<FeeLine> = lines.iter().map(|(item, amount)| line(item, *amount)).collect();
        FeeAssessment {
            procedure_version: 1,
            arrived_on: date(2026, 4, 1),
            total: Yen::sum(lines.iter().map(|line| line.amount)).unwrap(),
            lines,
            waivers: Vec::new(),
            facts: Map::new(),
            terms: SameTimeTerms::NONE,
        }
    }

    fn before(items: &[(&str, i64)]) -> BTreeMap<String, Yen> {
        charged(items.iter().map(|(item, amount)| (*item, yen(*amount)))).unwrap()
    }

    #[test]
    fn r57_only_the_difference_is_charged_on_top_with_the_tax_of_the_difference() {
        let more =
            beyond(assessment(&[("a", 11_000), ("b", 500)]), &before(&[("a", 5_500), ("b", 500)])).unwrap();
        assert_eq!((more.total, more.lines.len()), (yen(5_500), 1));
        assert_eq!(more.lines[0].tax.unwrap().amount, yen(500));
        assert!(more.lines[0].explanation[0].en.contains("5500 yen assessed before"));
    }

    #[test]
    fn what_was_never_charged_is_charged_whole() {
        let whole = assessment(&[("a", 11_000), ("free", 0)]);
        assert_eq!(beyond(whole.clone(), &BTreeMap::new()).unwrap(), whole);
    }

    #[test]
    fn r87_each_item_that_costs_less_is_named_with_its_difference() {
        let now = assessment(&[("a", 5_000), ("b", 700)]);
        let lowered = lowered_items(&now, &before(&[("a", 9_000), ("b", 600), ("gone", 300)])).unwrap();
        assert_eq!(lowered, before(&[("a", 4_000), ("gone", 300)]));
        assert_eq!(lowered_items(&now, &before(&[("b", 700)])).unwrap(), BTreeMap::new());
    }

    proptest! {
        /// Whatever was charged and whatever it costs now: what was charged, plus what is charged on top, less what is taken
        /// off, is exactly what it costs.
        #[test]
        fn charged_and_differences_come_to_the_new_fee(
            old in prop::collection::vec(0_i64..50_000, 4), new in prop::collection::vec(0_i64..50_000, 4),
        ) {
            let names = ["a", "b", "c", "d"];
            let old: Vec<_> = names.into_iter().zip(old).collect();
            let new: Vec<_> = names.into_iter().zip(new).collect();
            let (old, now) = (before(&old), assessment(&new));
            let sum = |items: &BTreeMap<String, Yen>| items.values().map(|yen| yen.amount()).sum::<i64>();
            let lowered = lowered_items(&now, &old).unwrap();
            let more = beyond(now.clone(), &old).unwrap();
            prop_assert_eq!(sum(&old) + more.total.amount() - sum(&lowered), now.total.amount());
        }
    }
}
