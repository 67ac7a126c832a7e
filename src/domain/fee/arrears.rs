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
    if demand == Demand::NotSent {
        let line = both("督促前のため延滞金はありません", "nothing accrues before a demand");
        return Ok(ArrearsCharge { amount: Yen::ZERO, lines: vec![line] });
    }
    if principal < rule.smallest_principal {
        let (ja, en) = (yen_ja(rule.smallest_principal), yen_en(rule.smallest_principal));
        let line = both(
            format!("元金が {ja} 未満のため延滞金はありません"),
            format!("a principal below {en} bears nothing"),
        );
        return Ok(ArrearsCharge { amount: Yen::ZERO, lines: vec![line] });
    }
    let whole = cut(principal, rule.principal_unit)?;
    let mut lines =
        vec![cut_line(("計算の基礎となる元金", "the principal"), principal, whole, rule.principal_unit)];
    let base = Exact::from(whole);
    let mut sum = Exact::ZERO;
    for (index, rate) in rule.rates.iter().enumerate() {
        let next = rule.rates.get(index.saturating_add(1)).map(|next| next.from);
        let days = days_at_rate(rate.from, next, due_on, paid_on);
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

    use super::{ArrearsRate, ArrearsRule, Demand, arrears};
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
