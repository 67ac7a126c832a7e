//! The numbers of a formula: bands, fractions, prices.

use crate::domain::fault::Fault;
use crate::domain::procedure::{FeeBand, FeeFormula, Fraction};

/// The most digits after the point of a quantity.
const MAX_SCALE: u8 = 6;
/// The highest tax that can be added, in percent.
const MAX_TAX_PERCENT: u8 = 100;

/// Adds the faults of the numbers of a formula.
pub(super) fn check(pointer: &str, formula: &FeeFormula, faults: &mut Vec<Fault>) {
    match formula {
        FeeFormula::Tiers { unknown_value, base_up_to, bands, .. } => {
            for (name, value) in [("base_up_to", Some(*base_up_to)), ("unknown_value", *unknown_value)] {
                if value.is_some_and(|value| value < 0) {
                    let (ja, en) = ("0以上にしてください", "must not be below zero");
                    faults.push(Fault::new(format!("{pointer}/{name}"), "fee_number", ja, en));
                }
            }
            check_bands(pointer, *base_up_to, bands, faults);
        }
        FeeFormula::SameTime { first, other, .. } if other > first => {
            let (ja, en) =
                ("同時申請の額が1件目の額を超えています", "a further one costs more than the first");
            faults.push(Fault::new(format!("{pointer}/other"), "fee_number", ja, en));
        }
        FeeFormula::Derived { fraction, .. } if fraction.denominator == 0 => {
            faults.push(zero(&format!("{pointer}/fraction/denominator")));
        }
        FeeFormula::ByCondition { cases, .. } if cases.is_empty() => {
            let (ja, en) = ("場合分けがありません", "has no branch");
            faults.push(Fault::new(format!("{pointer}/cases"), "empty", ja, en));
        }
        FeeFormula::ProRata { quantity_scale, tax_percent_below_one_month, .. } => {
            if *quantity_scale > MAX_SCALE {
                let ja = format!("小数点以下は{MAX_SCALE}桁までです");
                let en = format!("has at most {MAX_SCALE} digits after the point");
                faults.push(Fault::new(format!("{pointer}/quantity_scale"), "fee_number", ja, en));
            }
            if tax_percent_below_one_month.is_some_and(|percent| percent > MAX_TAX_PERCENT) {
                let ja = format!("税率は{MAX_TAX_PERCENT}%までです");
                let en = format!("is at most {MAX_TAX_PERCENT} percent");
                let at = format!("{pointer}/tax_percent_below_one_month");
                faults.push(Fault::new(at, "fee_number", ja, en));
            }
        }
        _ => {}
    }
}

/// A share of an amount: its denominator is above zero, and it is not more than the whole.
pub(super) fn check_share(pointer: &str, share: Fraction, faults: &mut Vec<Fault>) {
    if share.denominator == 0 {
        faults.push(zero(&format!("{pointer}/denominator")));
    } else if share.numerator > share.denominator {
        let (ja, en) = ("1を超える割合です", "is more than the whole");
        faults.push(Fault::new(format!("{pointer}/numerator"), "fee_number", ja, en));
    }
}

fn zero(pointer: &str) -> Fault {
    Fault::new(pointer, "fee_number", "0にできません", "must not be zero")
}

/// Bands ascend, only the last has no end, and each holds a whole number of steps, so that its price is beyond doubt.
fn check_bands(pointer: &str, base_up_to: i64, bands: &[FeeBand], faults: &mut Vec<Fault>) {
    if bands.is_empty() {
        let (ja, en) = ("段階がありません", "has no band");
        faults.push(Fault::new(format!("{pointer}/bands"), "empty", ja, en));
    }
    let mut lower = base_up_to;
    for (index, band) in (0_usize..).zip(bands) {
        let is_last = index.saturating_add(1) == bands.len();
        let mut fault = |name: &str, ja: &str, en: &str| {
            faults.push(Fault::new(format!("{pointer}/bands/{index}/{name}"), "fee_band", ja, en));
        };
        if band.step <= 0 {
            fault("step", "1以上にしてください", "must be above zero");
        }
        match band.up_to {
            None if !is_last => {
                fault("up_to", "上限がないのは最後の段階だけです", "only the last band has no end");
            }
            Some(_) if is_last => {
                fault("up_to", "最後の段階に上限は付けられません", "the last band has no end");
            }
            Some(up_to) if up_to <= lower => {
                fault("up_to", "段階は昇順にしてください", "must lie above the band before it");
            }
            Some(up_to) => {
                let width = up_to.saturating_sub(lower);
                if band.step > 0 && width.checked_rem(band.step) != Some(0) {
                    fault("step", "段階の幅を割り切れません", "must divide the width of the band");
                }
                lower = up_to;
            }
            None => {}
        }
    }
}
