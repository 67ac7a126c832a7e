//! Progressive tiers (段階): a base amount, then so much for each step of the value.

use super::exact::Exact;
use super::wording::{both, grouped, yen_en, yen_ja};
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::procedure::{Bilingual, FeeBand};

/// The tariff.
#[derive(Clone, Debug)]
pub(super) struct Tiers {
    /// The amount up to `base_up_to`.
    pub(super) base: Yen,
    /// The value up to which `base` is all.
    pub(super) base_up_to: i64,
    /// The bands above it, ascending.
    pub(super) bands: Vec<FeeBand>,
}

/// The amount for `value`, with a line for each band it passes.
pub(super) fn tiers(tariff: &Tiers, value: i64) -> Result<(Yen, Vec<Bilingual>), YenOutOfRange> {
    let (first, up_to) = (tariff.base, grouped(tariff.base_up_to));
    let mut lines =
        vec![both(format!("{up_to}まで {}", yen_ja(first)), format!("up to {up_to}: {}", yen_en(first)))];
    let (mut amount, mut lower) = (Exact::from(first), tariff.base_up_to);
    for band in &tariff.bands {
        let upper = band.up_to.map_or(value, |up_to| up_to.min(value));
        if upper <= lower {
            break;
        }
        let steps = steps_between(lower, upper, band.step)?;
        let part = band.per_step.times(steps)?;
        amount = amount.plus(Exact::from(part))?;
        let (from, to, step) = (grouped(lower), grouped(upper), grouped(band.step));
        lines.push(both(
            format!(
                "{from}超{to}まで {}ごとに{} × {} = {}",
                step,
                yen_ja(band.per_step),
                grouped(steps),
                yen_ja(part)
            ),
            format!(
                "above {from} up to {to}: {} for each {step} × {} = {}",
                yen_en(band.per_step),
                grouped(steps),
                yen_en(part)
            ),
        ));
        lower = upper;
    }
    let amount = amount.floor()?;
    if lines.len() > 1 {
        lines.push(both(format!("合計 {}", yen_ja(amount)), format!("together {}", yen_en(amount))));
    }
    Ok((amount, lines))
}

/// Steps from `lower` to `upper`; a part of a step counts as a whole one.
fn steps_between(lower: i64, upper: i64, step: i64) -> Result<i64, YenOutOfRange> {
    let width = upper.checked_sub(lower).ok_or(YenOutOfRange)?;
    let whole = width.checked_div(step).filter(|_| step > 0).ok_or(YenOutOfRange)?;
    let rest = width.checked_rem(step).unwrap_or(0);
    Ok(if rest > 0 { whole.saturating_add(1) } else { whole })
}

/// What is charged when the value rises later (増額): only the difference.
pub fn increase(assessed: Yen, assessed_anew: Yen) -> Yen {
    assessed_anew.minus(assessed).unwrap_or(Yen::ZERO)
}
