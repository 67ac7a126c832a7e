//! Rules that lift fees: non-collection by notice (不徴収), and waivers (減免) that must be decided.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::compile::{CompiledFees, CompiledRelief};
use super::exact::Exact;
use super::wording::{both, yen_en, yen_ja};
use crate::domain::expression::{Answer, Facts, Outcome};
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::procedure::{Bilingual, Fraction, ReliefKind};

/// The notice that lifted a fee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppliedRelief {
    /// The key of the rule.
    pub code: String,
    /// The number of the notice.
    pub basis: String,
    /// What the fee would have been.
    pub full_amount: Yen,
    /// True while the rule has not been confirmed by the body.
    pub sample: bool,
}

/// A waiver one could ask for (減免); granting it is a decision of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PossibleWaiver {
    /// The key of the rule.
    pub code: String,
    /// What is shown.
    pub label: Bilingual,
    /// The ordinance clause.
    pub basis: String,
    /// The fee items it would lift.
    pub items: Vec<String>,
    /// How much would be left to pay.
    pub remaining: Yen,
    /// True while the rule has not been confirmed by the body.
    pub sample: bool,
}

/// What is left of an amount after a relief, rounded down.
pub fn left_of(amount: Yen, remaining: Option<Fraction>) -> Result<Yen, YenOutOfRange> {
    let Some(fraction) = remaining else { return Ok(Yen::ZERO) };
    let fraction = Exact::ratio(i128::from(fraction.numerator), i128::from(fraction.denominator))?;
    Exact::from(amount).times(fraction)?.floor()
}

/// The rules of `kind` that hold on `day` for these facts. Whoever does not say that a rule concerns them is not concerned.
pub(super) fn holding<'a>(
    fees: &'a CompiledFees,
    kind: ReliefKind,
    facts: &Facts,
    day: Date,
) -> Vec<&'a CompiledRelief> {
    let in_force =
        fees.reliefs.iter().filter(|relief| relief.rule.kind == kind && relief.is_effective_on(day));
    in_force
        .filter(|relief| matches!(relief.when.evaluate(facts), Ok(Answer::Known(Outcome::Bool(true)))))
        .collect()
}

/// A fee after the notices that lift it: the one that leaves least counts.
pub(super) fn apply(
    notices: &[&CompiledRelief],
    item: &str,
    amount: Yen,
) -> Result<Option<(Yen, AppliedRelief, Bilingual)>, YenOutOfRange> {
    let mut best: Option<(Yen, &CompiledRelief)> = None;
    for notice in notices.iter().filter(|notice| notice.concerns(item)) {
        let left = left_of(amount, notice.rule.remaining)?.min(amount);
        if best.is_none_or(|(least, _)| left < least) {
            best = Some((left, notice));
        }
    }
    Ok(best.map(|(left, notice)| {
        let rule = &notice.rule;
        let applied = AppliedRelief {
            code: rule.code.clone(),
            basis: rule.basis.clone(),
            full_amount: amount,
            sample: rule.sample,
        };
        let line = both(
            format!("{}（{}）により {} → {}", rule.label.ja, rule.basis, yen_ja(amount), yen_ja(left)),
            format!("{} ({}): {} → {}", rule.label.en, rule.basis, yen_en(amount), yen_en(left)),
        );
        (left, applied, line)
    }))
}

/// The waivers one could ask for, with what each would leave of the charged items.
pub(super) fn waivers(
    rules: &[&CompiledRelief],
    charged: &[(&str, Yen)],
) -> Result<Vec<PossibleWaiver>, YenOutOfRange> {
    let mut possible = Vec::new();
    for waiver in rules {
        let concerned: Vec<_> =
            charged.iter().filter(|(item, amount)| *amount > Yen::ZERO && waiver.concerns(item)).collect();
        if concerned.is_empty() {
            continue;
        }
        let rule = &waiver.rule;
        let mut remaining = Yen::ZERO;
        for (_, amount) in &concerned {
            remaining = remaining.plus(left_of(*amount, rule.remaining)?)?;
        }
        possible.push(PossibleWaiver {
            code: rule.code.clone(),
            label: rule.label.clone(),
            basis: rule.basis.clone(),
            items: concerned.iter().map(|(item, _)| (*item).to_owned()).collect(),
            remaining,
            sample: rule.sample,
        });
    }
    Ok(possible)
}
