//! Waivers (減免, R-63, R-64): a decided step with its ground, its evidence and its approval, never a flag.
//!
//! Purpose: from a ground that the body's data gives to what it takes off each line of an invoice. Invariants: what was
//! assessed stays as it was, a waiver is a reduction beside it (減額調定, R-87); no line is reduced below zero; of two grounds
//! the one that leaves least counts, they do not multiply; money that the body takes for others is not the body's to waive
//!

mod false_claim;
mod ground;
mod revocation;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::fee;
use crate::domain::invoice::InvoiceLine;
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::procedure::Payee;

pub(crate) use false_claim::false_claim_faults;
pub use false_claim::{FalseClaimTerms, PinnedFile};
pub use ground::{DisasterNotice, NoticeUse, WaiverEffect, WaiverGround, WaiverSituation, possible_grounds};
pub(crate) use ground::{ground_faults, notice_faults};
pub use revocation::{FALSE_STATEMENT, Waived, evaded, given_back, still_evaded};

/// Where a request for a waiver stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaiverState {
    /// Asked for; an officer drafts what is decided.
    Requested,
    /// A draft was put on its route (起案).
    Proposed,
    /// 減免決定: the reduction was booked.
    Granted,
    /// 不承認, with reasons.
    Refused,
    /// Taken back, or the case ended.
    Withdrawn,
    /// The rest was not paid in time: the reduction holds no more.
    Expired,
    /// 取消し: it was got by a false statement, and what was waived was assessed anew.
    Revoked,
}

impl WaiverState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Requested,
        Self::Proposed,
        Self::Granted,
        Self::Refused,
        Self::Withdrawn,
        Self::Expired,
        Self::Revoked,
    ];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Proposed => "proposed",
            Self::Granted => "granted",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// The state of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether nobody has decided yet.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Requested | Self::Proposed)
    }

    /// Takes a step, or says that it does not exist here.
    pub fn apply(self, step: WaiverStep) -> Result<Self, WrongWaiverState> {
        use WaiverState as S;
        match (step, self) {
            // A draft that came back is followed by another one.
            (WaiverStep::Propose, S::Requested | S::Proposed) => Ok(S::Proposed),
            (WaiverStep::Grant, S::Proposed) => Ok(S::Granted),
            (WaiverStep::Refuse, S::Proposed) => Ok(S::Refused),
            (WaiverStep::Withdraw, S::Requested | S::Proposed) => Ok(S::Withdrawn),
            (WaiverStep::Expire, S::Granted) => Ok(S::Expired),
            (WaiverStep::Revoke, S::Granted) => Ok(S::Revoked),
            _ => Err(WrongWaiverState { state: self }),
        }
    }
}

/// What happens to a request for a waiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaiverStep {
    /// An officer drafts.
    Propose,
    /// The last seal on a grant.
    Grant,
    /// The last seal on a refusal.
    Refuse,
    /// It is taken back.
    Withdraw,
    /// The rest was not paid in time.
    Expire,
    /// The last seal on a revocation.
    Revoke,
}

impl WaiverStep {
    /// Every step.
    pub const ALL: [Self; 6] =
        [Self::Propose, Self::Grant, Self::Refuse, Self::Withdraw, Self::Expire, Self::Revoke];
}

/// A step that does not exist where the request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not possible while the waiver is {}", .state.as_str())]
pub struct WrongWaiverState {
    /// Where it stands.
    pub state: WaiverState,
}

/// What is taken off one line of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineReduction {
    /// The line, counted from 1.
    pub line: u32,
    /// In yen, never zero.
    pub amount: Yen,
}

/// What was taken off each line so far, by its number from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reductions(BTreeMap<u32, Yen>);

impl Reductions {
    /// Adds a reduction.
    pub fn take_off(&mut self, lines: &[LineReduction]) -> Result<(), YenOutOfRange> {
        for one in lines {
            let sum = self.0.entry(one.line).or_default();
            *sum = sum.plus(one.amount)?;
        }
        Ok(())
    }

    /// Puts back what holds no more.
    pub fn put_back(&mut self, lines: &[LineReduction]) -> Result<(), YenOutOfRange> {
        for one in lines {
            let sum = self.0.entry(one.line).or_default();
            *sum = sum.minus(one.amount)?;
        }
        Ok(())
    }

    /// What was taken off a line.
    pub fn of_line(&self, line: u32) -> Yen {
        self.0.get(&line).copied().unwrap_or(Yen::ZERO)
    }

    /// The lines as they are owed now: smaller by what was taken off, with the tax of what is left.
    pub fn owed_lines(&self, lines: &[InvoiceLine]) -> Result<Vec<InvoiceLine>, YenOutOfRange> {
        let owed = |(line, number): (&InvoiceLine, u32)| {
            let off = self.of_line(number);
            let mut line = line.clone();
            if off > Yen::ZERO {
                line.amount = line.amount.minus(off)?;
                let tax = line.tax.map(|tax| fee::included_tax(line.amount, tax.percent));
                line.tax = tax.transpose()?;
            }
            Ok(line)
        };
        lines.iter().zip(1..).map(owed).collect()
    }
}

/// Why a ground takes nothing off, or not so much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LiftRejection {
    /// Nothing of this invoice is lifted by the ground (any more).
    #[error("the ground lifts nothing of this invoice")]
    Nothing,
    /// The ground leaves the amount to the decision: it must be named.
    #[error("the ground leaves the amount to the decision")]
    AmountNeeded,
    /// The ground fixes another amount than the one that was named.
    #[error("the ground fixes the amount of {} yen", .fixed.amount())]
    AmountFixed {
        /// What it takes off.
        fixed: Yen,
    },
    /// More than is owed of the lines that it concerns, or than money that goes back has left of them.
    #[error("at most {} yen can be taken off", .most.amount())]
    TooMuch {
        /// What could be taken off at most.
        most: Yen,
    },
    /// An amount beyond all bounds.
    #[error(transparent)]
    OutOfRange(#[from] YenOutOfRange),
}

/// An invoice as a waiver finds it.
#[derive(Clone, Copy, Debug)]
pub struct Liftable<'a> {
    /// What was assessed.
    pub lines: &'a [InvoiceLine],
    /// What was taken off before.
    pub before: &'a Reductions,
    /// What of each line, in their order, refunds have taken up: it cannot be lifted as well.
    pub refunding: &'a [Yen],
}

/// What `ground` takes off each line; `named` is the amount that the decision names.
///
/// Where the ground fixes the amount, a named one must be that one; where it leaves it to the decision, there must be one.
pub fn lift(
    ground: &WaiverGround,
    invoice: Liftable<'_>,
    named: Option<Yen>,
) -> Result<Vec<LineReduction>, LiftRejection> {
    let lines = match ground.effect {
        WaiverEffect::NotCollected => by_line(ground, invoice, |_| Ok(Yen::ZERO))?,
        WaiverEffect::Remaining { fraction } => {
            by_line(ground, invoice, |amount| fee::left_of(amount, Some(fraction)))?
        }
        WaiverEffect::Amount { amount } => up_to(ground, invoice, amount)?,
        WaiverEffect::AsDecided => {
            let wanted = named.ok_or(LiftRejection::AmountNeeded)?;
            let taken = up_to(ground, invoice, wanted)?;
            let most = sum(&taken)?;
            if most < wanted {
                return Err(if most == Yen::ZERO {
                    LiftRejection::Nothing
                } else {
                    LiftRejection::TooMuch { most }
                });
            }
            taken
        }
    };
    let fixed = sum(&lines)?;
    if fixed == Yen::ZERO {
        return Err(LiftRejection::Nothing);
    }
    match named {
        Some(named) if named != fixed => Err(LiftRejection::AmountFixed { fixed }),
        _ => Ok(lines),
    }
}

/// What reductions come to.
pub fn sum(lines: &[LineReduction]) -> Result<Yen, YenOutOfRange> {
    Yen::sum(lines.iter().map(|one| one.amount))
}

/// The lines that the ground concerns, with their numbers and what could still be taken off each.
fn concerned<'a>(
    ground: &'a WaiverGround,
    invoice: Liftable<'a>,
) -> impl Iterator<Item = (u32, &'a InvoiceLine, Yen)> {
    let refunding = invoice.refunding.iter().copied().chain(std::iter::repeat(Yen::ZERO));
    let numbered = (1_u32..).zip(invoice.lines).zip(refunding);
    let ours =
        numbered.filter(move |((_, line), _)| line.payee == Payee::Own && ground.concerns_item(&line.item));
    ours.map(move |((number, line), refunding)| {
        let left = line.amount.minus(invoice.before.of_line(number)).unwrap_or(Yen::ZERO);
        (number, line, left.minus(refunding).unwrap_or(Yen::ZERO))
    })
}

/// Each line down to what the ground leaves of it.
fn by_line(
    ground: &WaiverGround,
    invoice: Liftable<'_>,
    leaves: impl Fn(Yen) -> Result<Yen, YenOutOfRange>,
) -> Result<Vec<LineReduction>, LiftRejection> {
    let mut lines = Vec::new();
    let (mut wanted, mut possible) = (Yen::ZERO, Yen::ZERO);
    for (number, line, most) in concerned(ground, invoice) {
        let whole = line.amount.minus(leaves(line.amount)?.min(line.amount))?;
        let more = whole.minus(invoice.before.of_line(number)).unwrap_or(Yen::ZERO);
        wanted = wanted.plus(more)?;
        possible = possible.plus(more.min(most))?;
        if more > Yen::ZERO {
            lines.push(LineReduction { line: number, amount: more });
        }
    }
    if possible < wanted { Err(LiftRejection::TooMuch { most: possible }) } else { Ok(lines) }
}

/// An amount off the lines, first to last, as far as they go.
fn up_to(
    ground: &WaiverGround,
    invoice: Liftable<'_>,
    amount: Yen,
) -> Result<Vec<LineReduction>, LiftRejection> {
    let (mut rest, mut lines) = (amount, Vec::new());
    for (number, _, most) in concerned(ground, invoice) {
        let taken = most.min(rest);
        rest = rest.minus(taken)?;
        if taken > Yen::ZERO {
            lines.push(LineReduction { line: number, amount: taken });
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests;
