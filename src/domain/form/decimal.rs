//! Decimal answers: texts such as `12.50`, scaled to whole numbers so that nothing is ever a float.

/// `text` with exactly `scale` digits after the point, if it is a decimal with no more of them; else as it is.
pub(super) fn tidy(text: &str, scale: u8) -> String {
    let Some(scaled) = scaled(text, scale) else { return text.to_owned() };
    let digits = format!("{:0>width$}", scaled.unsigned_abs(), width = usize::from(scale) + 1);
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(usize::from(scale)));
    let sign = if scaled < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// The decimal times 10^`scale`: `"12.5"` with scale 2 is 1250. None when it is no such decimal.
pub(super) fn scaled(text: &str, scale: u8) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let missing = usize::from(scale).checked_sub(fraction.trim_end_matches('0').len())?;
    let fraction = format!("{}{}", fraction.trim_end_matches('0'), "0".repeat(missing));
    let magnitude: i64 = format!("{whole}{fraction}").parse().ok()?;
    magnitude.checked_mul(sign)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{scaled, tidy};

    #[test]
    fn r62_a_decimal_is_a_whole_number_of_its_smallest_unit() {
        for (text, scale, expected) in [
            ("12.50", 2, Some(1250)),
            ("12.5", 2, Some(1250)),
            ("12", 2, Some(1200)),
            ("-0.05", 2, Some(-5)),
            ("0.123456", 6, Some(123_456)),
            ("12.500", 2, Some(1250)),
            ("12.501", 2, None),
            ("", 2, None),
            (".5", 1, None),
            ("5.", 1, None),
            ("1e3", 1, None),
            ("--1", 1, None),
            ("99999999999999999999", 6, None),
        ] {
            assert_eq!(scaled(text, scale), expected, "{text}");
        }
    }

    #[test]
    fn a_decimal_is_stored_with_all_its_digits() {
        for (text, scale, expected) in
            [("12.5", 2, "12.50"), ("7", 1, "7.0"), ("-0.5", 2, "-0.50"), ("007", 1, "7.0"), ("x", 1, "x")]
        {
            assert_eq!(tidy(text, scale), expected, "{text}");
        }
    }

    /// A whole number of the smallest unit, written with its point.
    fn written(units: i64, scale: u8) -> String {
        let unit = 10_u64.pow(u32::from(scale));
        let (whole, rest) = (units.unsigned_abs() / unit, units.unsigned_abs() % unit);
        let sign = if units < 0 { "-" } else { "" };
        format!("{sign}{whole}.{rest:0width$}", width = usize::from(scale))
    }

    proptest! {
        #[test]
        fn r62_a_decimal_that_is_written_is_read_back_as_the_same_number(units in any::<i64>(), scale in 1_u8..=6) {
            let text = written(units, scale);
            prop_assert_eq!(scaled(&text, scale), Some(units).filter(|units| *units != i64::MIN));
            if units != i64::MIN {
                prop_assert_eq!(tidy(&text, scale), text);
            }
        }

        #[test]
        fn r62_tidying_a_decimal_changes_its_digits_and_not_its_value(text in "-?[0-9]{0,14}(\\.[0-9]{0,7})?", scale in 0_u8..=6) {
            let tidied = tidy(&text, scale);
            prop_assert_eq!(scaled(&tidied, scale), scaled(&text, scale));
            prop_assert_eq!(tidy(&tidied, scale), tidied);
        }
    }
}
