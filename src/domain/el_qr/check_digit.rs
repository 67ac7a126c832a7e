//! Check digits (検査数字) as data: which weights, which modulus.

use serde::{Deserialize, Serialize};

/// How one digit is computed from those before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckRule {
    /// The digit is what is missing of the weighted sum to the next multiple of this: 2 to 11.
    pub modulus: u32,
    /// The weights from the right to the left, again and again.
    pub weights: Vec<u32>,
    /// Whether a product of two digits counts as the sum of them.
    #[serde(default)]
    pub add_digits: bool,
    /// The digit that stands for ten, where the modulus is eleven.
    #[serde(default)]
    pub ten_is: u32,
}

impl CheckRule {
    /// Whether every text of digits has one check digit.
    pub fn is_usable(&self) -> bool {
        let weights = !self.weights.is_empty() && self.weights.iter().all(|weight| (1..=99).contains(weight));
        weights && (2..=11).contains(&self.modulus) && self.ten_is <= 9
    }

    /// The check digit of some digits; none where one of the characters is no digit.
    pub fn digit(&self, digits: &str) -> Option<char> {
        let mut sum = 0_u32;
        for (character, weight) in digits.chars().rev().zip(self.weights.iter().cycle()) {
            let product = character.to_digit(10)? * weight;
            sum += if self.add_digits { product / 10 + product % 10 } else { product };
        }
        let missing = (self.modulus - sum % self.modulus) % self.modulus;
        char::from_digit(if missing == 10 { self.ten_is } else { missing }, 10)
    }
}
