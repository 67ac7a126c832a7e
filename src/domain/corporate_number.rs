//! Corporate numbers (法人番号): thirteen digits, the first of which is a check digit.

use crate::domain::id::TenantCode;

/// Whether `text` is thirteen ASCII digits whose check digit is right.
pub fn is_valid(text: &str) -> bool {
    let Some((check, base)) = text.split_at_checked(1) else { return false };
    check_digit(base).is_some_and(|digit| check == digit.to_string())
}

/// The corporate number of a local government: its base is `000020` and its six-digit code.
pub fn of_local_government(code: &TenantCode) -> Option<String> {
    let base = format!("000020{}", code.as_str());
    check_digit(&base).map(|digit| format!("{digit}{base}"))
}

/// `9 − (Σ Pn·Qn mod 9)`, where Pn is the n-th digit from the right of the twelve digits and Qn is 1 for odd n, 2 for
/// even n.
fn check_digit(base: &str) -> Option<u32> {
    if base.len() != 12 {
        return None;
    }
    let digits = base.chars().map(|c| c.to_digit(10)).collect::<Option<Vec<u32>>>()?;
    let sum: u32 = digits.iter().rev().zip([1, 2].iter().cycle()).map(|(digit, weight)| digit * weight).sum();
    9_u32.checked_sub(sum % 9)
}

#[cfg(test)]
mod tests {
    use super::{is_valid, of_local_government};
    use crate::domain::id::TenantCode;

    #[test]
    fn r152_the_number_of_a_local_government_follows_from_its_code() {
        for (code, number) in
            [("020001", "2000020020001"), ("130001", "8000020130001"), ("022012", "4000020022012")]
        {
            let code = TenantCode::parse(code).unwrap();
            assert_eq!(of_local_government(&code).as_deref(), Some(number), "{code}");
        }
    }

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
