//! Arrears (滞納): demands (督促), charges for late payment (延滞金), limitation (消滅時効) and write-offs (不納欠損) as dated data.
//!
//! Purpose: what a body's ordinance says of a claim that was not paid in time (R-89…R-94). Nothing here is a constant of law:
//! days, fees, rates and thresholds are the tenant's, with their source. Invariant: only what nobody has paid and nobody is
//! paying is in arrears; what is pending, entrusted or unknown is not.

mod charge;
mod limitation;

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::fault::Fault;
use crate::domain::fee::arrears::{ArrearsRule, Demand};
use crate::domain::invoice::InvoiceState;
use crate::domain::money::Yen;
use crate::domain::payment::PaymentState;
use crate::domain::procedure::{Bilingual, is_slug};

pub use charge::{
    ChargeBilling, ChargeDemand, ChargeKind, ChargeOrder, Debt, must_wait, paid_by, still_to_assess,
};
pub use limitation::{AcknowledgementForm, Limitation, Renewal, RenewalGround, limitation};

/// In place of a list: every revenue account.
const EVERY: &str = "*";

/// How a claim can be enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// Through the courts: plain fees.
    Court,
    /// 滞納処分: 分担金, 加入金, 過料 and the use fees that a law names.
    Compulsory,
}

impl Enforcement {
    /// The public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Court => "court",
            Self::Compulsory => "compulsory",
        }
    }
}

/// What an ordinance says of claims that were not paid in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArrearsTerms {
    /// The revenue accounts it is for; `*`: all that no other terms name.
    pub revenues: Vec<String>,
    /// How many days after the last day in time the demand goes out by itself.
    pub demand_after_days: u16,
    /// Within how many days after it the demand must have gone out.
    pub demand_within_days: u16,
    /// How many days after the demand it asks to be paid by (指定期限, R-90).
    pub pay_within_days: u16,
    /// 督促手数料 of one demand.
    pub demand_fee: Yen,
    /// How the charge is computed.
    pub charge: ArrearsRule,
    /// How fee and charge are booked and taken; without it they are computed, and nothing is billed.
    #[serde(default)]
    pub billing: Option<ChargeBilling>,
    /// How the claim can be enforced.
    pub enforcement: Enforcement,
    /// After how many years the claim is extinct.
    pub limitation_years: u16,
    /// The ordinance.
    pub basis: String,
    /// The first due day it is for.
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

impl ArrearsTerms {
    fn is_in_force(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|last| day <= last)
    }

    /// The day on which the demand goes out by itself, after the last day in time.
    pub fn demand_on(&self, last_day_in_time: Date) -> Option<Date> {
        after(last_day_in_time, self.demand_after_days)
    }

    /// The day by which the demand must have gone out.
    pub fn demand_by(&self, last_day_in_time: Date) -> Option<Date> {
        after(last_day_in_time, self.demand_within_days)
    }

    /// The day that a demand of `issued_on` asks to be paid by.
    pub fn pay_by(&self, issued_on: Date) -> Option<Date> {
        after(issued_on, self.pay_within_days)
    }
}

fn after(day: Date, days: u16) -> Option<Date> {
    day.checked_add(Span::new().days(i64::from(days))).ok()
}

/// The terms of a claim: those that name its account before those for all.
pub fn terms_of<'a>(terms: &'a [ArrearsTerms], account: &str, due_on: Date) -> Option<&'a ArrearsTerms> {
    let in_force = || terms.iter().filter(|terms| terms.is_in_force(due_on));
    let names = |name: &str| in_force().find(|terms| terms.revenues.iter().any(|revenue| revenue == name));
    names(account).or_else(|| names(EVERY))
}

/// A ground on which a claim is written off (不納欠損).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WriteOffGround {
    /// The key of the ground.
    pub code: String,
    /// What is shown.
    pub label: Bilingual,
    /// The law or ordinance.
    pub basis: String,
    /// Whether it holds only once the claim is extinct by limitation.
    #[serde(default)]
    pub after_limitation: bool,
    /// Where it was taken from.
    pub source: String,
    /// True while it has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

/// Whether somebody is paying, as far as an attempt says: open, unknown, or with money in it that did not go back.
pub fn is_being_paid(attempts: &[(PaymentState, Yen)]) -> bool {
    attempts.iter().any(|(state, left)| state.is_live() || *left > Yen::ZERO)
}

/// Whether a claim is in arrears on `today`: owed, due in the past (the due day moved off days off, R-24), and nobody pays it.
/// `attempts` are the states of all attempts with what is left of the money that each took.
pub fn is_in_arrears(
    state: InvoiceState,
    owed: Yen,
    last_day_in_time: Date,
    today: Date,
    attempts: &[(PaymentState, Yen)],
) -> bool {
    state == InvoiceState::Unpaid && owed > Yen::ZERO && last_day_in_time < today && !is_being_paid(attempts)
}

/// Whether a demand was sent, for the charge.
pub fn demand(demanded_on: Option<Date>) -> Demand {
    if demanded_on.is_some() { Demand::Sent } else { Demand::NotSent }
}

/// Every fault of a body's terms and grounds; pointers go into the file of the body.
pub(crate) fn arrears_faults(terms: &[ArrearsTerms], grounds: &[WriteOffGround]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut check = |ok: bool, pointer: String, code: &'static str, ja: &str, en: &str| {
        if !ok {
            faults.push(Fault::new(pointer, code, ja, en));
        }
    };
    for (index, one) in terms.iter().enumerate() {
        let place = format!("/arrears/{index}");
        let texts = [&one.basis, &one.source].iter().all(|text| !text.trim().is_empty());
        let filled = texts && !one.revenues.is_empty();
        check(filled, place.clone(), "empty", "空にできません", "must not be empty");
        let span = one.valid_to.is_none_or(|to| one.valid_from <= to);
        check(span, format!("{place}/valid_to"), "span", "終わりが始まりより前です", "ends before it begins");
        let billing = one.billing.iter();
        let named = billing.flat_map(|it| [&it.demand_fee_account, &it.late_charge_account, &it.source]);
        let named = named.into_iter().all(|text| !text.trim().is_empty());
        check(named, format!("{place}/billing"), "empty", "空にできません", "must not be empty");
        let (ja, en) = ("督促の発付日が期限より後です", "goes out after the day by which it must");
        let in_time = one.demand_after_days <= one.demand_within_days;
        check(in_time, format!("{place}/demand_after_days"), "demand_too_late", ja, en);
        let (ja, en) = (
            "単位・年の日数・時効の年数は1以上にしてください",
            "units, days of a year and years must be positive",
        );
        let charge = &one.charge;
        let units = charge.principal_unit > Yen::ZERO && charge.charge_unit > Yen::ZERO;
        let positive = units && charge.days_in_year > 0 && one.limitation_years > 0;
        check(positive, format!("{place}/charge"), "not_positive", ja, en);
        let (ja, en) = ("割合は適用開始日の順に並べてください", "rates must ascend by their first day");
        check(
            charge.rates.is_sorted_by(|a, b| a.from < b.from),
            format!("{place}/charge/rates"),
            "order",
            ja,
            en,
        );
    }
    for (index, ground) in grounds.iter().enumerate() {
        let place = format!("/write_off_grounds/{index}");
        let (ja, en) = ("英小文字で始まる識別子にしてください", "must be a lower-case identifier");
        check(is_slug(&ground.code), format!("{place}/code"), "slug", ja, en);
        let fresh = grounds.iter().take(index).all(|other| other.code != ground.code);
        check(fresh, format!("{place}/code"), "duplicate", "重複しています", "is given twice");
        let texts = [&ground.basis, &ground.source, &ground.label.ja, &ground.label.en];
        let filled = texts.iter().all(|text| !text.trim().is_empty());
        check(filled, place, "empty", "空にできません", "must not be empty");
    }
    faults
}

#[cfg(test)]
mod tests;
