//! Corporate numbers (法人番号): thirteen digits, the first of which is a check digit.

/// Whether `text` is thirteen ASCII digits whose check digit is right:
/// `d = 9 − (Σ Pn·Qn mod 9)`, where Pn is the n-th digit from the right of the twelve-digit base and Qn is 1 for
/// odd n, 2 for even n.
pub fn is_valid(text: &str) -> bool {
    if text.len() != 13 {
        return false;
    }
    let Some(digits) = text.chars().map(|c| c.to_digit(10)).collect::<Option<Vec<u32>>>() else {
        return false;
    };
    let Some((check, base)) = digits.split_first() else { return false };
    let sum: u32 = base.iter().rev().zip([1, 2].iter().cycle()).map(|(digit, weight)| digit * weight).sum();
    9 - sum % 9 == *check
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn r151_a_corporate_number_carries_a_check_digit() {
        for good in ["7123456789012", "4011001098993", "2000020020001", "8000020130001", "4000020022012"] {
            assert!(is_valid(good), "{good}");
        }
        for bad in [
            "6123456789012",
            "7123456789021",
            "712345678901",
            "71234567890123",
            "０００００００００００００",
            "",
            "a123456789012",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
