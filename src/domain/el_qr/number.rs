//! The eL number (eL番号): 収納機関番号, 納付番号, 確認番号 and 納付区分, made by the layout of the configuration.
//!
//! Invariants: the same seed gives the same number; zeros in front count, so the parts are text.

use serde::{Deserialize, Serialize};

use super::CheckRule;
use crate::domain::id::TenantCode;

/// The most digits that are drawn at once.
const MOST_DRAWN: u32 = 20;

/// How many digits stand together where people read a number.
const GROUP: usize = 4;

/// A piece of a part of the number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case", deny_unknown_fields)]
pub enum Segment {
    /// The number of the institution, as the organisation gave it.
    Institution,
    /// The code of the body, six digits.
    Body,
    /// These digits.
    Literal {
        /// The digits.
        digits: String,
    },
    /// Digits that no other slip of the body has.
    Unique {
        /// How many.
        width: u32,
    },
    /// Digits that nobody can tell from the rest of the number.
    Secret {
        /// How many.
        width: u32,
    },
    /// A check digit over the part so far.
    CheckOfPart {
        /// How it is computed.
        rule: CheckRule,
    },
    /// A check digit over the whole number so far: the parts in their order.
    CheckOfNumber {
        /// How it is computed.
        rule: CheckRule,
    },
}

impl Segment {
    fn is_usable(&self) -> bool {
        match self {
            Self::Institution | Self::Body => true,
            Self::Literal { digits } => is_digits(digits),
            Self::Unique { width } | Self::Secret { width } => (1..=MOST_DRAWN).contains(width),
            Self::CheckOfPart { rule } | Self::CheckOfNumber { rule } => rule.is_usable(),
        }
    }
}

/// What the parts of the number are made of, in the order in which they are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberLayout {
    /// 収納機関番号.
    pub institution_number: Vec<Segment>,
    /// 納付番号.
    pub payment_number: Vec<Segment>,
    /// 確認番号.
    pub confirmation_number: Vec<Segment>,
    /// 納付区分.
    pub payment_category: Vec<Segment>,
}

/// What a number is made from.
#[derive(Clone, Copy, Debug)]
pub struct NumberSeed<'a> {
    /// The body.
    pub body: &'a TenantCode,
    /// The number of the institution, as the organisation gave it.
    pub institution: &'a str,
    /// What no other slip has.
    pub unique: u128,
    /// What nobody else can compute.
    pub secret: u128,
}

/// An eL number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElNumber {
    /// 収納機関番号.
    pub institution_number: String,
    /// 納付番号: what tells one slip of an institution from the next.
    pub payment_number: String,
    /// 確認番号.
    pub confirmation_number: String,
    /// 納付区分.
    pub payment_category: String,
}

impl ElNumber {
    /// Its parts with their names, in the order in which a payer is asked for them.
    pub fn parts(&self) -> [(&'static str, &str); 4] {
        [
            ("収納機関番号", &self.institution_number),
            ("納付番号", &self.payment_number),
            ("確認番号", &self.confirmation_number),
            ("納付区分", &self.payment_category),
        ]
    }

    /// A part as a paper prints it: digits in groups from the left.
    pub fn grouped(part: &str) -> String {
        let digits: Vec<char> = part.chars().collect();
        let groups: Vec<String> = digits.chunks(GROUP).map(|group| group.iter().collect()).collect();
        groups.join(" ")
    }
}

impl NumberLayout {
    /// The number of a seed; none where the layout is not usable.
    pub fn make(&self, seed: NumberSeed<'_>) -> Option<ElNumber> {
        let mut whole = String::new();
        let mut part = |segments: &[Segment]| {
            let mut digits = String::new();
            for segment in segments {
                match segment {
                    Segment::Institution => digits.push_str(seed.institution),
                    Segment::Body => digits.push_str(seed.body.as_str()),
                    Segment::Literal { digits: fixed } => digits.push_str(fixed),
                    Segment::Unique { width } => digits.push_str(&drawn(seed.unique, *width)?),
                    Segment::Secret { width } => digits.push_str(&drawn(seed.secret, *width)?),
                    Segment::CheckOfPart { rule } => digits.push(rule.digit(&digits)?),
                    Segment::CheckOfNumber { rule } => digits.push(rule.digit(&format!("{whole}{digits}"))?),
                }
            }
            whole.push_str(&digits);
            Some(digits)
        };
        Some(ElNumber {
            institution_number: part(&self.institution_number)?,
            payment_number: part(&self.payment_number)?,
            confirmation_number: part(&self.confirmation_number)?,
            payment_category: part(&self.payment_category)?,
        })
    }

    /// Whether it makes numbers of which no two slips get the same.
    pub fn is_usable(&self) -> bool {
        let parts = [
            &self.institution_number,
            &self.payment_number,
            &self.confirmation_number,
            &self.payment_category,
        ];
        let is_unique = |segment: &Segment| matches!(segment, Segment::Unique { width } if *width >= 6);
        parts.iter().all(|segments| !segments.is_empty() && segments.iter().all(Segment::is_usable))
            && self.payment_number.iter().any(is_unique)
    }
}

/// The last digits of a number, with zeros in front.
fn drawn(number: u128, width: u32) -> Option<String> {
    let bound = 10_u128.checked_pow(width.min(MOST_DRAWN))?;
    let width = usize::try_from(width).ok()?;
    Some(format!("{:0width$}", number % bound))
}

/// Whether a text is one digit or more, and nothing else.
pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
