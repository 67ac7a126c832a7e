//! Interest on refunds (還付加算金, R-96): accrues like that of local taxes until the payment is decided.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::money::{Yen, YenOutOfRange};

/// A yearly rate from a day on (還付加算金特例基準割合 where it is lower than the statutory rate).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterestRate {
    /// The first day it applies to.
    pub from: Date,
    /// Parts of ten thousand a year: 7.3 % is 730.
    pub per_ten_thousand: u32,
}

/// How interest is computed. Rates and units are data with a source, because they change every year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterestRule {
    /// The rates, ascending by their first day; before the first of them nothing accrues.
    pub rates: Vec<InterestRate>,
    /// A smaller base bears nothing (2,000 yen).
    pub smallest_base: Yen,
    /// The base is cut to a multiple of this (1,000 yen).
    pub base_unit: Yen,
    /// A smaller result is nothing (1,000 yen).
    pub smallest_interest: Yen,
    /// The result is cut to a multiple of this (100 yen).
    pub interest_unit: Yen,
    /// Days the yearly rate is divided by, leap year or not (365).
    pub days_in_year: u16,
    /// Days after the notice within which the payee is to ask for the money (30).
    pub days_to_claim: u16,
}

/// What the payee was told, and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundNotice {
    /// No notice asks the payee for anything.
    NotNeeded,
    /// A notice went out.
    Sent {
        /// When.
        on: Date,
        /// When the payee asked for the money, if so.
        claimed_on: Option<Date>,
    },
}

/// Days that bear one rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterestSpan {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// Parts of ten thousand a year.
    pub per_ten_thousand: u32,
    /// Days of it that count.
    pub days: i64,
    /// Days of it on which the payee let the claim lie: they do not count.
    pub idle_days: i64,
}

/// Interest with how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accrual {
    /// What bears it: the base, cut to its unit; nothing where the base is too small.
    pub base: Yen,
    /// Rate by rate.
    pub spans: Vec<InterestSpan>,
    /// The interest, cut to its unit; nothing where it is too small.
    pub interest: Yen,
}

/// The interest on `base` from `first_day` to the day the payment was decided (支出決定), both inclusive.
///
/// The decision counts, not the day of the notice. A payee who does not ask within the days of the notice gets nothing for
/// the days after them until the asking.
pub fn refund_interest(
    rule: &InterestRule,
    base: Yen,
    first_day: Date,
    decided_on: Date,
    notice: RefundNotice,
) -> Result<Yen, YenOutOfRange> {
    accrue(rule, base, first_day, decided_on, notice).map(|accrual| accrual.interest)
}

/// As [`refund_interest`], with every span of days.
pub fn accrue(
    rule: &InterestRule,
    base: Yen,
    first_day: Date,
    decided_on: Date,
    notice: RefundNotice,
) -> Result<Accrual, YenOutOfRange> {
    if base < rule.smallest_base {
        return Ok(Accrual { base: Yen::ZERO, spans: Vec::new(), interest: Yen::ZERO });
    }
    let base = cut(base, rule.base_unit)?;
    let (mut numerator, mut spans): (i128, Vec<InterestSpan>) = (0, Vec::new());
    for (index, rate) in rule.rates.iter().enumerate() {
        let next = rule.rates.get(index.saturating_add(1)).map(|next| next.from);
        let from = first_day.max(rate.from);
        let to = next.and_then(|next| next.yesterday().ok()).map_or(decided_on, |last| last.min(decided_on));
        let all_days = days_between(from, to);
        if all_days == 0 {
            continue;
        }
        let idle_days = idle_days(rule, from, to, notice);
        let days = all_days.saturating_sub(idle_days).max(0);
        numerator += i128::from(base.amount()) * i128::from(rate.per_ten_thousand) * i128::from(days);
        spans.push(InterestSpan { from, to, per_ten_thousand: rate.per_ten_thousand, days, idle_days });
    }
    let year = i128::from(rule.days_in_year) * 10_000;
    let interest = numerator.checked_div(year).ok_or(YenOutOfRange)?;
    let interest = Yen::new(i64::try_from(interest).map_err(|_| YenOutOfRange)?)?;
    let interest = if interest < rule.smallest_interest { Yen::ZERO } else { interest };
    Ok(Accrual { base, spans, interest: cut(interest, rule.interest_unit)? })
}

/// Days from `begin` to `end`, both inclusive; zero when there are none.
fn days_between(begin: Date, end: Date) -> i64 {
    if end < begin { 0 } else { i64::from((end - begin).get_days()).saturating_add(1) }
}

/// Days within the span on which the payee let the claim lie.
fn idle_days(rule: &InterestRule, begin: Date, end: Date, notice: RefundNotice) -> i64 {
    let RefundNotice::Sent { on, claimed_on } = notice else { return 0 };
    let span = jiff::Span::new().days(i64::from(rule.days_to_claim).saturating_add(1));
    let Ok(first_idle) = on.checked_add(span) else { return 0 };
    let last_idle = claimed_on.and_then(|claimed| claimed.yesterday().ok()).unwrap_or(end);
    days_between(begin.max(first_idle), end.min(last_idle))
}

fn cut(amount: Yen, unit: Yen) -> Result<Yen, YenOutOfRange> {
    match amount.amount().checked_rem(unit.amount()) {
        Some(rest) => amount.minus(Yen::new(rest)?),
        None => Ok(amount),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};
    use proptest::prelude::*;

    use super::{InterestRate, InterestRule, RefundNotice, refund_interest};
    use crate::domain::money::Yen;

    fn yen(amount: i64) -> Yen {
        Yen::new(amount).unwrap()
    }

    fn rule(rates: &[(Date, u32)]) -> InterestRule {
        let rate = |(from, per_ten_thousand): &(Date, u32)| InterestRate {
            from: *from,
            per_ten_thousand: *per_ten_thousand,
        };
        InterestRule {
            rates: rates.iter().map(rate).collect(),
            smallest_base: yen(2_000),
            base_unit: yen(1_000),
            smallest_interest: yen(1_000),
            interest_unit: yen(100),
            days_in_year: 365,
            days_to_claim: 30,
        }
    }

    fn statutory() -> InterestRule {
        rule(&[(date(2000, 1, 1), 730)])
    }

    fn interest(base: i64, first: Date, decided: Date, notice: RefundNotice) -> i64 {
        refund_interest(&statutory(), yen(base), first, decided, notice).unwrap().amount()
    }

    #[test]
    fn r96_base_and_result_are_cut_and_small_ones_are_nothing() {
        let (first, year) = (date(2026, 4, 1), date(2027, 3, 31));
        // 365 days at 7.3 %: 100,000 gives 7,300; 100,999 counts as 100,000.
        assert_eq!(interest(100_000, first, year, RefundNotice::NotNeeded), 7_300);
        assert_eq!(interest(100_999, first, year, RefundNotice::NotNeeded), 7_300);
        assert_eq!(interest(1_999, first, year, RefundNotice::NotNeeded), 0);
        // 13,000 gives 949, which is under 1,000; 15,000 gives 1,095, cut to 1,000.
        assert_eq!(interest(13_000, first, year, RefundNotice::NotNeeded), 0);
        assert_eq!(interest(15_000, first, year, RefundNotice::NotNeeded), 1_000);
        assert_eq!(interest(100_000, first, date(2026, 3, 31), RefundNotice::NotNeeded), 0);
    }

    #[test]
    fn r96_days_after_thirty_days_without_a_claim_do_not_count() {
        let (first, decided) = (date(2026, 4, 1), date(2027, 3, 31));
        let notice = |claimed_on| RefundNotice::Sent { on: date(2026, 5, 1), claimed_on };
        // Told on 1 May: 31 May is the thirtieth day. Of 1 April to 31 May 61 days count.
        assert_eq!(interest(1_000_000, first, decided, notice(None)), 12_200);
        // Asked for on 10 June: 1 to 9 June do not count, all other days do.
        assert_eq!(interest(1_000_000, first, decided, notice(Some(date(2026, 6, 10)))), 71_200);
        let in_time = notice(Some(date(2026, 5, 31)));
        assert_eq!(interest(1_000_000, first, decided, in_time), 73_000);
    }

    #[test]
    fn r96_each_day_bears_the_rate_of_its_year() {
        let rule = rule(&[(date(2026, 1, 1), 90), (date(2027, 1, 1), 100)]);
        let from_to = |first, last| {
            refund_interest(&rule, yen(1_000_000), first, last, RefundNotice::NotNeeded).unwrap().amount()
        };
        // 184 days at 0.9 % are 4,536; 181 days at 1.0 % are 4,958: 9,495 together, cut to 9,400.
        assert_eq!(from_to(date(2026, 7, 1), date(2027, 6, 30)), 9_400);
        assert_eq!(from_to(date(2026, 7, 1), date(2026, 12, 31)), 4_500);
        assert_eq!(from_to(date(2025, 1, 1), date(2025, 12, 31)), 0);
    }

    proptest! {
        #[test]
        fn r96_interest_grows_with_time_and_never_by_waiting_to_claim(
            base in 0..10_000_000_i64, days in 0..2_000_i64, late in 0..400_i64,
        ) {
            let first = date(2026, 4, 1);
            let after = |days: i64| first.checked_add(jiff::Span::new().days(days)).unwrap();
            let plain = interest(base, first, after(days), RefundNotice::NotNeeded);
            prop_assert!(plain <= interest(base, first, after(days + 1), RefundNotice::NotNeeded));
            let notice = RefundNotice::Sent { on: first, claimed_on: Some(after(late)) };
            prop_assert!(interest(base, first, after(days), notice) <= plain);
            prop_assert_eq!(plain % 100, 0);
        }
    }
}
