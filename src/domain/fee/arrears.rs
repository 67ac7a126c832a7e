//! Arrears (延滞金) on money that was not paid in time, by the ordinance of the body, line by line.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::exact::Exact;
use super::wording::{both, decimal, yen_en, yen_ja};
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::procedure::Bilingual;

/// A yearly rate from a day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArrearsRate {
    /// The first day it applies to.
    pub from: Date,
    /// Parts of ten thousand a year: 10.75 % is 1,075.
    pub per_ten_thousand: u32,
}

/// How a body computes arrears. Rates, thresholds and units are data of the ordinance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArrearsRule {
    /// The rates, ascending by their first day; before the first of them nothing accrues.
    pub rates: Vec<ArrearsRate>,
    /// A smaller principal bears nothing.
    pub smallest_principal: Yen,
    /// The principal is cut to a multiple of this.
    pub principal_unit: Yen,
    /// A smaller result is nothing.
    pub smallest_charge: Yen,
    /// The result is cut to a multiple of this.
    pub charge_unit: Yen,
    /// Days the yearly rate is divided by.
    pub days_in_year: u16,
}

/// Whether the demand (督促) was sent; without it nothing accrues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// It was sent.
    Sent,
    /// It was not.
    NotSent,
}

/// A charge with how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrearsCharge {
    /// What is charged.
    pub amount: Yen,
    /// Step by step.
    pub lines: Vec<Bilingual>,
}

/// The arrears on `principal`, due on `due_on` and paid on `paid_on`: from the day after the one to the other, inclusive.
pub fn arrears(
    rule: &ArrearsRule,
    principal: Yen,
    demand: Demand,
    due_on: Date,
    paid_on: Date,
) -> Result<Yen, YenOutOfRange> {
    explain(rule, principal, demand, due_on, paid_on).map(|charge| charge.amount)
}

/// As [`arrears`], with every step.
pub fn explain(
    rule: &ArrearsRule,
    principal: Yen,
    demand: Demand,
    due_on: Date,
    paid_on: Date,
) -> Result<ArrearsCharge, YenOutOfRange> {
    explain_over_parts(rule, &[PartOfClaim { principal, until: paid_on }], demand, due_on)
}

/// A part of a claim, and the last day on which it bears a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartOfClaim {
    /// How much it is.
    pub principal: Yen,
    /// The day of its payment, or the day up to which is counted.
    pub until: Date,
}

impl PartOfClaim {
    /// Whether it still stood when the demand was issued: what was settled before that bears nothing.
    pub fn was_owed_at_demand(&self, issued_on: Date) -> bool {
        self.until >= issued_on
    }
}

/// As [`explain`], of a claim whose parts were settled on days of their own: up to each day the charge is counted on what was owed of
/// the whole claim, and thresholds and cuts are those of the one claim, not of each part.
pub fn explain_over_parts(
    rule: &ArrearsRule,
    parts: &[PartOfClaim],
    demand: Demand,
    due_on: Date,
) -> Result<ArrearsCharge, YenOutOfRange> {
    if demand == Demand::NotSent {
        let line = both("督促前のため延滞金はありません", "nothing accrues before a demand");
        return Ok(ArrearsCharge { amount: Yen::ZERO, lines: vec![line] });
    }
    let owed = owed_until(parts)?;
    if owed.first().is_none_or(|whole| whole.principal < rule.smallest_principal) {
        let (ja, en) = (yen_ja(rule.smallest_principal), yen_en(rule.smallest_principal));
        let line = both(
            format!("元金が {ja} 未満のため延滞金はありません"),
            format!("a principal below {en} bears nothing"),
        );
        return Ok(ArrearsCharge { amount: Yen::ZERO, lines: vec![line] });
    }
    let (mut lines, mut sum, mut since) = (Vec::new(), Exact::ZERO, due_on);
    for stretch in owed {
        sum = sum.plus(accrued(rule, stretch, since, &mut lines)?)?;
        since = since.max(stretch.until);
    }
    let charge = sum.floor()?;
    if charge < rule.smallest_charge {
        let (ja, en) = (yen_ja(rule.smallest_charge), yen_en(rule.smallest_charge));
        let (total_ja, total_en) = (yen_ja(charge), yen_en(charge));
        lines.push(both(
            format!("合計 {total_ja} は {ja} 未満のため徴収しません"),
            format!("{total_en} in all is below {en} and not charged"),
        ));
        return Ok(ArrearsCharge { amount: Yen::ZERO, lines });
    }
    let amount = cut(charge, rule.charge_unit)?;
    lines.push(cut_line(("延滞金", "the charge"), charge, amount, rule.charge_unit));
    Ok(ArrearsCharge { amount, lines })
}

/// What was owed of the whole claim up to each day on which a part of it was settled, in the order of days.
fn owed_until(parts: &[PartOfClaim]) -> Result<Vec<PartOfClaim>, YenOutOfRange> {
    let mut days: Vec<Date> = parts.iter().map(|part| part.until).collect();
    days.sort_unstable();
    days.dedup();
    let owed = |until: Date| {
        let still = parts.iter().filter(|part| part.until >= until);
        Ok(PartOfClaim { principal: Yen::sum(still.map(|part| part.principal))?, until })
    };
    days.into_iter().map(owed).collect()
}

/// What accrues on what was owed from the day after `since` to the day until which it was, exactly, with its lines.
fn accrued(
    rule: &ArrearsRule,
    PartOfClaim { principal, until }: PartOfClaim,
    since: Date,
    lines: &mut Vec<Bilingual>,
) -> Result<Exact, YenOutOfRange> {
    let whole = cut(principal, rule.principal_unit)?;
    lines.push(cut_line(("計算の基礎となる元金", "the principal"), principal, whole, rule.principal_unit));
    let base = Exact::from(whole);
    let mut sum = Exact::ZERO;
    for (index, rate) in rule.rates.iter().enumerate() {
        let next = rule.rates.get(index.saturating_add(1)).map(|next| next.from);
        let days = days_at_rate(rate.from, next, since, until);
        if days == 0 {
            continue;
        }
        let year = Exact::ratio(i128::from(rate.per_ten_thousand), 10_000)?;
        let time = Exact::ratio(i128::from(days), i128::from(rule.days_in_year))?;
        let part = base.times(year)?.times(time)?;
        sum = sum.plus(part)?;
        let percent = decimal(i64::from(rate.per_ten_thousand), 2);
        let (ja, en, of) = (yen_ja(whole), yen_en(whole), rule.days_in_year);
        lines.push(both(
            format!("{ja} × 年{percent}% × {days}日 ÷ {of}日 ＝ {}（1円未満を除く）", yen_ja(part.floor()?)),
            format!(
                "{en} × {percent}% a year × {days} of {of} days = {} and a part of a yen",
                yen_en(part.floor()?)
            ),
        ));
    }
    Ok(sum)
}

/// What is charged on the rest of a claim: what the whole comes to, less what the parts that were divided off bear by themselves.
pub fn beside_parts(whole: ArrearsCharge, of_parts: Yen) -> ArrearsCharge {
    let ArrearsCharge { amount, mut lines } = whole;
    let amount = amount.minus(of_parts).unwrap_or(Yen::ZERO);
    lines.push(both(
        format!("うち分割した部分の延滞金 {} を除き {}", yen_ja(of_parts), yen_ja(amount)),
        format!("less {} on parts that were divided off: {}", yen_en(of_parts), yen_en(amount)),
    ));
    ArrearsCharge { amount, lines }
}

/// How an amount was cut to a unit.
fn cut_line(name: (&str, &str), before: Yen, after: Yen, unit: Yen) -> Bilingual {
    both(
        format!("{} {} → {}（{} 未満切捨て）", name.0, yen_ja(before), yen_ja(after), yen_ja(unit)),
        format!("{}: {} → {} (cut to {})", name.1, yen_en(before), yen_en(after), yen_en(unit)),
    )
}

/// Days after `due_on` up to `paid_on` that fall on or after `from` and before `next`.
fn days_at_rate(from: Date, next: Option<Date>, due_on: Date, paid_on: Date) -> i32 {
    // Both ends stand for the evening before the first and the evening of the last day.
    let begin = from.yesterday().unwrap_or(from).max(due_on);
    let end = next.and_then(|next| next.yesterday().ok()).map_or(paid_on, |last| last.min(paid_on));
    begin.duration_until(end).as_hours().try_into().map_or(0, |hours: i32| (hours / 24).max(0))
}

fn cut(amount: Yen, unit: Yen) -> Result<Yen, YenOutOfRange> {
    let rest = amount.amount().checked_rem(unit.amount()).unwrap_or(0);
    Yen::new(amount.amount().saturating_sub(rest))
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};

    use super::{
        ArrearsRate, ArrearsRule, Demand, PartOfClaim, arrears, beside_parts, explain, explain_over_parts,
    };
    use crate::domain::money::Yen;

    fn yen(amount: i64) -> Yen {
        Yen::new(amount).unwrap()
    }

    /// 青森県税外収入金の督促及び延滞金の徴収に関する条例第4条.
    fn aomori() -> ArrearsRule {
        ArrearsRule {
            rates: vec![ArrearsRate { from: date(2000, 1, 1), per_ten_thousand: 1_075 }],
            smallest_principal: yen(100),
            principal_unit: yen(100),
            smallest_charge: yen(10),
            charge_unit: yen(10),
            days_in_year: 365,
        }
    }

    const DUE: Date = date(2026, 6, 30);

    fn after(days: i64) -> Date {
        DUE.checked_add(jiff::Span::new().days(days)).unwrap()
    }

    #[test]
    fn r91_a_part_that_was_settled_before_the_demand_does_not_count() {
        let (part, rest) = (
            PartOfClaim { principal: yen(3_300), until: after(10) },
            PartOfClaim { principal: yen(13_900), until: after(59) },
        );
        let charge =
            |parts: &[PartOfClaim]| explain_over_parts(&aomori(), parts, Demand::Sent, DUE).unwrap().amount;
        let owed: Vec<PartOfClaim> =
            [part, rest].into_iter().filter(|part| part.was_owed_at_demand(after(31))).collect();
        assert_eq!(
            (charge(&owed), charge(&[part, rest])),
            (yen(240), yen(250)),
            "the second is what both would bear"
        );
        assert!(part.was_owed_at_demand(after(10)), "the day of the demand is one on which it was owed");
    }

    #[test]
    fn r91_arrears_accrue_at_10_75_percent_and_are_cut_to_ten_yen() {
        for (principal, days, owed) in [
            (33_000, 45, 430),
            (1_999, 200, 110),
            (500, 30, 0),
            (99, 10_000, 0),
            (33_000, 0, 0),
            (33_000, -5, 0),
        ] {
            let found = arrears(&aomori(), yen(principal), Demand::Sent, DUE, after(days)).unwrap();
            assert_eq!(found.amount(), owed, "{principal} yen, {days} days");
        }
    }

    #[test]
    fn r91_the_cuts_are_those_of_the_whole_claim_and_not_of_its_parts() {
        let charge = |parts: &[(i64, i64)]| {
            let part = |&(principal, days)| PartOfClaim { principal: yen(principal), until: after(days) };
            let parts: Vec<_> = parts.iter().map(part).collect();
            explain_over_parts(&aomori(), &parts, Demand::Sent, DUE).unwrap().amount.amount()
        };
        let alone = |(principal, days): (i64, i64)| charge(&[(principal, days)]);
        for (parts, owed, by_part) in [
            // Settled on one day, the parts bear what the whole would have borne.
            (vec![(999, 200), (1_000, 200)], 110, 100),
            (vec![(60, 400), (60, 400)], 10, 0),
            (vec![(33_000, 45)], 430, 430),
            // 1,900 yen for 100 days, then 1,000 yen for 100 days: 55.9 and 29.4 yen.
            (vec![(1_000, 200), (999, 100)], 80, 70),
            // A part that was settled in time bears nothing and takes nothing off the rest.
            (vec![(5_000, 0), (33_000, 45)], 430, 430),
            (vec![(5_000, -3), (33_000, 45)], 430, 430),
            // What is left below the threshold bears nothing more; the claim was above it.
            (vec![(33_000, 45), (99, 1_000)], 430, 430),
        ] {
            assert_eq!(charge(&parts), owed, "{parts:?}");
            assert_eq!(parts.iter().copied().map(alone).sum::<i64>(), by_part, "{parts:?}");
        }
        assert_eq!(charge(&[]), 0);
        let of_whole = explain(&aomori(), yen(1_999), Demand::Sent, DUE, after(200)).unwrap();
        let rest = beside_parts(of_whole, yen(50));
        assert_eq!(rest.amount, yen(60));
        assert_eq!(rest.lines.last().unwrap().en, "less 50 yen on parts that were divided off: 60 yen");
    }

    #[test]
    fn r91_without_a_demand_nothing_accrues() {
        let found = arrears(&aomori(), yen(33_000), Demand::NotSent, DUE, after(45)).unwrap();
        assert_eq!(found, Yen::ZERO);
    }

    #[test]
    fn r91_a_new_rate_counts_from_its_first_day() {
        let mut rule = aomori();
        rule.rates.push(ArrearsRate { from: after(11), per_ten_thousand: 0 });
        let ten_days = arrears(&aomori(), yen(1_000_000), Demand::Sent, DUE, after(10)).unwrap();
        let found = arrears(&rule, yen(1_000_000), Demand::Sent, DUE, after(300)).unwrap();
        assert_eq!(found, ten_days);
        assert!(found > Yen::ZERO);
    }
}
