//! How amounts and numbers are written in explanations.

use crate::domain::money::Yen;
use crate::domain::procedure::Bilingual;

/// A sentence in both languages.
pub(super) fn both(ja: impl Into<String>, en: impl Into<String>) -> Bilingual {
    Bilingual { ja: ja.into(), en: en.into() }
}

/// `8,100円`.
pub(super) fn yen_ja(amount: Yen) -> String {
    format!("{}円", grouped(amount.amount()))
}

/// `8,100 yen`.
pub(super) fn yen_en(amount: Yen) -> String {
    format!("{} yen", grouped(amount.amount()))
}

/// A number in groups of three digits.
pub(super) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + 8);
    if number < 0 {
        text.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len() - index;
        if index > 0 && left.is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of which the last `scale` digits stand after the point.
pub(super) fn decimal(number: i64, scale: u8) -> String {
    let scale = usize::from(scale);
    if scale == 0 {
        return grouped(number);
    }
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = scale + 1);
    let (whole, part) = digits.split_at(digits.len() - scale);
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{whole}.{part}")
}

#[cfg(test)]
mod tests {
    use super::{decimal, grouped};

    #[test]
    fn numbers_are_written_in_groups_and_with_their_point() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567"), (-12_345, "-12,345")]
        {
            assert_eq!(grouped(number), text);
        }
        for (number, scale, text) in [(1250, 2, "12.50"), (5, 2, "0.05"), (-5, 1, "-0.5"), (7, 0, "7")] {
            assert_eq!(decimal(number, scale), text);
        }
    }
}
