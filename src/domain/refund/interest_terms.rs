//! What a body says of interest on refunds (還付加算金, R-96): which money that is too much bears it, and from which day.
//!
//! Purpose: the rule of 地方自治法第231条の3第4項 (地方税の例) as dated data of the body. Nothing here is a constant of law: rates,
//! units, days and first days are the tenant's, with their source. Invariant: what is not named bears none, such as a fee that an
//! ordinance gives back although it was owed (既納の手数料の還付).

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::interest::InterestRule;
use crate::domain::fault::Fault;
use crate::domain::money::Yen;

/// Why money is too much (過誤納の原因), as far as the first day depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverpaymentCause {
    /// It came beyond the debt: paid twice, or in a wrong sum.
    PaidBeyond,
    /// The debt was lowered after it had been paid: by a correction or a waiver.
    Lowered,
    /// The assessment was wrong, and nothing lowered it before (誤納).
    AssessmentError,
    /// The fee is waived although it was paid, and nothing lowered it before.
    Waiver,
}

impl OverpaymentCause {
    /// Every cause.
    pub const ALL: [Self; 4] = [Self::PaidBeyond, Self::Lowered, Self::AssessmentError, Self::Waiver];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PaidBeyond => "paid_beyond",
            Self::Lowered => "lowered",
            Self::AssessmentError => "assessment_error",
            Self::Waiver => "waiver",
        }
    }
}

/// The day that counting starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountsFrom {
    /// The day the money was paid; of entrusted money the day of the entrustment.
    Payment,
    /// The day it became too much: it came, the debt was lowered, or somebody asked for the refund of what was still owed.
    Arising,
}

/// From when money that is too much for a cause bears interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterestStart {
    /// The cause.
    pub cause: OverpaymentCause,
    /// Which day counting starts from.
    pub counts_from: CountsFrom,
    /// How many months, counted from the day after it, go by before the first day (一月を経過する日の翌日); 0: the day after it.
    #[serde(default)]
    pub months_after: u8,
}

/// What a body says of interest on refunds for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundInterestTerms {
    /// Rates, units, days to ask for the money.
    pub rule: InterestRule,
    /// What bears interest; nothing else does.
    pub starts: Vec<InterestStart>,
    /// 歳出科目 that it is paid out of.
    pub expense_account: String,
    /// The law or ordinance.
    pub basis: String,
    /// The first day of decisions it is for.
    pub valid_from: Date,
    /// The last one, when it is known.
    #[serde(default)]
    pub valid_to: Option<Date>,
    /// Where it was taken from.
    pub source: String,
    /// True while it has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

impl RefundInterestTerms {
    /// From when money of a cause bears interest; none where it bears none.
    pub fn start(&self, cause: OverpaymentCause) -> Option<InterestStart> {
        self.starts.iter().copied().find(|start| start.cause == cause)
    }
}

/// The terms for what is decided on `day`.
pub fn interest_terms_on(terms: &[RefundInterestTerms], day: Date) -> Option<&RefundInterestTerms> {
    let in_force =
        |one: &&RefundInterestTerms| one.valid_from <= day && one.valid_to.is_none_or(|last| day <= last);
    terms.iter().find(in_force)
}

impl InterestStart {
    /// The first day that bears interest, for money that was paid on the one day and became too much on the other.
    ///
    /// A month counted from the day after ends with the day before the one of the same number, or with the last day of a month
    /// that has none (民法第143条).
    pub fn first_day(self, paid_on: Date, arose_on: Date) -> Option<Date> {
        let from = match self.counts_from {
            CountsFrom::Payment => paid_on,
            CountsFrom::Arising => arose_on,
        };
        let next = from.tomorrow().ok()?;
        let then = next.checked_add(Span::new().months(i64::from(self.months_after))).ok()?;
        if then.day() < next.day() { then.tomorrow().ok() } else { Some(then) }
    }
}

/// Every fault of a body's terms; pointers go into the file of the body.
pub(crate) fn interest_faults(terms: &[RefundInterestTerms]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut check = |ok: bool, pointer: String, code: &'static str, ja: &str, en: &str| {
        if !ok {
            faults.push(Fault::new(pointer, code, ja, en));
        }
    };
    for (index, one) in terms.iter().enumerate() {
        let place = format!("/refund_interest/{index}");
        let texts = [&one.basis, &one.source, &one.expense_account];
        let filled = texts.iter().all(|text| !text.trim().is_empty());
        check(filled, place.clone(), "empty", "空にできません", "must not be empty");
        let span = one.valid_to.is_none_or(|to| one.valid_from <= to);
        check(span, format!("{place}/valid_to"), "span", "終わりが始まりより前です", "ends before it begins");
        let apart = terms.iter().take(index).all(|other| {
            other.valid_to.is_some_and(|to| to < one.valid_from)
                || one.valid_to.is_some_and(|to| to < other.valid_from)
        });
        let (ja, en) = ("適用期間が重なっています", "is for days that other terms are for");
        check(apart, format!("{place}/valid_from"), "overlap", ja, en);
        let rule = &one.rule;
        let units = rule.base_unit > Yen::ZERO && rule.interest_unit > Yen::ZERO && rule.days_in_year > 0;
        let (ja, en) = ("単位と年の日数は1以上にしてください", "units and days of a year must be positive");
        check(units, format!("{place}/rule"), "not_positive", ja, en);
        let (ja, en) = ("割合は適用開始日の順に並べてください", "rates must ascend by their first day");
        let sorted = rule.rates.is_sorted_by(|a, b| a.from < b.from);
        check(sorted, format!("{place}/rule/rates"), "order", ja, en);
        for (at, start) in one.starts.iter().enumerate() {
            let fresh = one.starts.iter().take(at).all(|other| other.cause != start.cause);
            let pointer = format!("{place}/starts/{at}/cause");
            check(fresh, pointer, "duplicate", "重複しています", "is given twice");
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::refund::InterestRate;

    fn terms() -> RefundInterestTerms {
        RefundInterestTerms {
            rule: InterestRule {
                rates: vec![InterestRate { from: date(2026, 1, 1), per_ten_thousand: 90 }],
                smallest_base: Yen::new(2_000).unwrap(),
                base_unit: Yen::new(1_000).unwrap(),
                smallest_interest: Yen::new(1_000).unwrap(),
                interest_unit: Yen::new(100).unwrap(),
                days_in_year: 365,
                days_to_claim: 30,
            },
            starts: vec![InterestStart {
                cause: OverpaymentCause::PaidBeyond,
                counts_from: CountsFrom::Payment,
                months_after: 1,
            }],
            expense_account: "02".to_owned(),
            basis: "法".to_owned(),
            valid_from: date(2026, 1, 1),
            valid_to: None,
            source: "s".to_owned(),
            sample: true,
        }
    }

    #[test]
    fn r96_the_first_day_is_the_day_after_or_the_day_after_a_month_went_by() {
        let (payment, arising) = (CountsFrom::Payment, CountsFrom::Arising);
        for (counts_from, months_after, paid, arose, first) in [
            (payment, 0, date(2026, 5, 10), date(2026, 7, 1), date(2026, 5, 11)),
            (arising, 0, date(2026, 5, 10), date(2026, 7, 1), date(2026, 7, 2)),
            (payment, 1, date(2026, 5, 10), date(2026, 7, 1), date(2026, 6, 11)),
            (arising, 3, date(2026, 5, 10), date(2026, 7, 1), date(2026, 10, 2)),
            // Counted from 31 January: February has no such day, so the month ends with its last one.
            (payment, 1, date(2026, 1, 30), date(2026, 7, 1), date(2026, 3, 1)),
            (payment, 1, date(2026, 1, 31), date(2026, 7, 1), date(2026, 3, 1)),
            (payment, 1, date(2028, 1, 30), date(2028, 7, 1), date(2028, 3, 1)),
            (payment, 1, date(2026, 12, 31), date(2026, 7, 1), date(2027, 2, 1)),
        ] {
            let start = InterestStart { cause: OverpaymentCause::PaidBeyond, counts_from, months_after };
            assert_eq!(start.first_day(paid, arose), Some(first), "{counts_from:?} {months_after} {paid}");
        }
    }

    #[test]
    fn r96_only_what_is_named_bears_interest_and_only_while_the_terms_hold() {
        let terms = [RefundInterestTerms { valid_to: Some(date(2026, 12, 31)), ..terms() }];
        let found = interest_terms_on(&terms, date(2026, 12, 31)).unwrap();
        for cause in OverpaymentCause::ALL {
            assert_eq!(found.start(cause).is_some(), cause == OverpaymentCause::PaidBeyond, "{cause:?}");
        }
        assert_eq!(interest_terms_on(&terms, date(2027, 1, 1)), None);
        assert_eq!(interest_terms_on(&terms, date(2025, 12, 31)), None);
    }

    #[test]
    fn r96_terms_that_cannot_be_computed_with_are_refused_with_every_fault() {
        assert_eq!(interest_faults(&[terms()]), []);
        let mut wrong = terms();
        wrong.source = " ".to_owned();
        wrong.rule.interest_unit = Yen::ZERO;
        wrong.rule.rates.push(InterestRate { from: date(2026, 1, 1), per_ten_thousand: 1 });
        wrong.starts.push(wrong.starts[0]);
        wrong.valid_to = Some(date(2025, 1, 1));
        let faults = interest_faults(&[wrong, terms(), terms()]);
        let codes: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        assert_eq!(
            codes,
            [
                ("/refund_interest/0", "empty"),
                ("/refund_interest/0/valid_to", "span"),
                ("/refund_interest/0/rule", "not_positive"),
                ("/refund_interest/0/rule/rates", "order"),
                ("/refund_interest/0/starts/1/cause", "duplicate"),
                ("/refund_interest/2/valid_from", "overlap"),
            ]
        );
    }
}
