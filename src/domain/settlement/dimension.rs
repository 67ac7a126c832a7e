//! Where a payment stands on its way from the agent to the body's bank account.

use super::LineKind;

/// The settlement of a payment (払込の状態), beside its own state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SettlementState {
    /// In no payout.
    Unsettled,
    /// In a payout that has not arrived or is not booked.
    InBatch,
    /// Arrived and booked, with everything that was taken off.
    Settled,
    /// Something about it is wrong; a person looks at it.
    Mismatch,
}

impl SettlementState {
    /// The name shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unsettled => "unsettled",
            Self::InBatch => "in_batch",
            Self::Settled => "settled",
            Self::Mismatch => "mismatch",
        }
    }
}

/// A line that was matched to the payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchedLine {
    /// Its payout is not booked.
    Waiting(LineKind),
    /// Its payout arrived and is booked.
    Booked(LineKind),
}

/// The settlement of a payment from its lines, in whatever order they came. `exceptions`: whether one that names
/// the payment waits for a person.
pub fn settlement_state(lines: &[MatchedLine], exceptions: OpenExceptions) -> SettlementState {
    if exceptions == OpenExceptions::Some {
        return SettlementState::Mismatch;
    }
    let taken = lines.iter().find(|line| {
        matches!(line, MatchedLine::Waiting(LineKind::Capture) | MatchedLine::Booked(LineKind::Capture))
    });
    match taken {
        None => SettlementState::Unsettled,
        Some(_) if lines.iter().any(|line| matches!(line, MatchedLine::Waiting(_))) => {
            SettlementState::InBatch
        }
        Some(_) => SettlementState::Settled,
    }
}

/// Whether something about the payment waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenExceptions {
    /// Nothing does.
    None,
    /// Something does.
    Some,
}
