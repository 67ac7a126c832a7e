//! Which parts of a payment go back: per line of its invoice, or what came beyond the debt.

use std::fmt;

use crate::domain::money::Yen;
use crate::domain::refund::RefundGround;

/// A part of a payment whose headroom is kept by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundPart {
    /// The payment as a whole.
    Whole,
    /// What came beyond the debt (過納).
    Overpaid,
    /// A line of the invoice, counted from 1.
    Line(u32),
}

impl RefundPart {
    /// The part of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "whole" => Some(Self::Whole),
            "overpaid" => Some(Self::Overpaid),
            _ => text.strip_prefix("line:").and_then(|number| number.parse().ok()).map(Self::Line),
        }
    }
}

impl fmt::Display for RefundPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("whole"),
            Self::Overpaid => f.write_str("overpaid"),
            Self::Line(number) => write!(f, "line:{number}"),
        }
    }
}

/// A part with what is left of it. Only lines whose policy allows the ground are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refundable {
    /// The part.
    pub part: RefundPart,
    /// What is left.
    pub available: Yen,
}

/// How much of a part goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedPart {
    /// The part.
    pub part: RefundPart,
    /// How much.
    pub amount: Yen,
}

/// An amount that cannot be taken out of the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanRejection {
    /// Nothing is asked for.
    #[error("the amount must be positive")]
    Nothing,
    /// More than is left.
    #[error("more than is left")]
    TooMuch {
        /// What is left.
        available: Yen,
    },
    /// Several lines could give a part of themselves: the caller names them.
    #[error("the lines must be named")]
    LinesNeeded,
    /// The named lines do not make the amount, or are not there.
    #[error("the named lines do not make the amount")]
    LinesDiffer,
}

/// Takes `amount` out of the parts: what came beyond the debt for that ground, lines for every other. Without named lines
/// the amount must leave no choice: one line, or everything of all of them.
pub fn plan(
    ground: RefundGround,
    parts: &[Refundable],
    amount: Yen,
    named: Option<&[PlannedPart]>,
) -> Result<Vec<PlannedPart>, PlanRejection> {
    if amount == Yen::ZERO {
        return Err(PlanRejection::Nothing);
    }
    let wanted = |part: &RefundPart| match ground {
        RefundGround::Overpaid => *part == RefundPart::Overpaid,
        _ => matches!(part, RefundPart::Line(_)),
    };
    let open: Vec<Refundable> =
        parts.iter().filter(|one| wanted(&one.part) && one.available > Yen::ZERO).copied().collect();
    let available = Yen::sum(open.iter().map(|one| one.available)).unwrap_or(Yen::ZERO);
    if amount > available {
        return Err(PlanRejection::TooMuch { available });
    }
    match (named, open.as_slice()) {
        (Some(named), _) => check_named(named, &open, amount),
        (None, [only]) => Ok(vec![PlannedPart { part: only.part, amount }]),
        (None, _) if amount == available => {
            Ok(open.iter().map(|one| PlannedPart { part: one.part, amount: one.available }).collect())
        }
        (None, _) => Err(PlanRejection::LinesNeeded),
    }
}

fn check_named(
    named: &[PlannedPart],
    open: &[Refundable],
    amount: Yen,
) -> Result<Vec<PlannedPart>, PlanRejection> {
    let sum = Yen::sum(named.iter().map(|one| one.amount)).map_err(|_| PlanRejection::LinesDiffer)?;
    let mut parts: Vec<RefundPart> = named.iter().map(|one| one.part).collect();
    parts.sort();
    parts.dedup();
    if sum != amount || parts.len() != named.len() || named.iter().any(|one| one.amount == Yen::ZERO) {
        return Err(PlanRejection::LinesDiffer);
    }
    for one in named {
        let left = open.iter().find(|open| open.part == one.part).ok_or(PlanRejection::LinesDiffer)?;
        if one.amount > left.available {
            return Err(PlanRejection::TooMuch { available: left.available });
        }
    }
    Ok(named.to_vec())
}
