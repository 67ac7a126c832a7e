//! One slip (納付書) under one eL number: where it stands at the organisation, and what is asked of it next.
//!
//! A slip never changes: what is owed in another amount gets another slip, and the one before is withdrawn. What is
//! asked follows from what is stored now, so nothing has to be remembered when an invoice is paid by another way.

use jiff::civil::Date;

use super::results::Outcome;
use super::terms::SlipOperation;
use crate::domain::invoice::InvoiceState;
use crate::domain::money::Yen;

/// Where a slip stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SlipState {
    /// It has a number; the organisation has not been told.
    Issued,
    /// The organisation has been told, and has not answered.
    Uploaded,
    /// The organisation takes it.
    Accepted,
    /// The organisation does not take it.
    Refused,
    /// The organisation has been told that it is to be taken no more, and has not answered.
    Withdrawing,
    /// The organisation does not withdraw it: it was paid there, or is not known.
    WithdrawalRefused,
    /// It is taken no more.
    Withdrawn,
    /// It was paid.
    Paid,
}

impl SlipState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Issued,
        Self::Uploaded,
        Self::Accepted,
        Self::Refused,
        Self::Withdrawing,
        Self::WithdrawalRefused,
        Self::Withdrawn,
        Self::Paid,
    ];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Uploaded => "uploaded",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Withdrawing => "withdrawing",
            Self::WithdrawalRefused => "withdrawal_refused",
            Self::Withdrawn => "withdrawn",
            Self::Paid => "paid",
        }
    }

    /// The state of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether it can be paid, as far as is known.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Issued | Self::Uploaded | Self::Accepted)
    }

    /// The state once the organisation answered what it was asked. What it says of an older request changes nothing.
    #[must_use]
    pub fn answered(self, asked: SlipOperation, outcome: &Outcome) -> Self {
        let withdrawal = asked == SlipOperation::Withdraw;
        match (self, withdrawal, outcome) {
            (Self::Uploaded, false, Outcome::Accepted) => Self::Accepted,
            (Self::Uploaded, false, Outcome::Refused { .. }) => Self::Refused,
            (Self::Withdrawing, true, Outcome::Accepted) => Self::Withdrawn,
            (Self::Withdrawing, true, Outcome::Refused { .. }) => Self::WithdrawalRefused,
            _ => self,
        }
    }
}

/// Why a slip is to be taken no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WithdrawalReason {
    /// The debt was paid by another way.
    PaidOtherwise,
    /// The debt was waived.
    Waived,
    /// The debt was canceled.
    Canceled,
    /// The debt was written off.
    WrittenOff,
    /// Another amount is owed now.
    AmountChanged,
    /// Its last day is over.
    Expired,
    /// The terms of the body offer it no more.
    NotOffered,
}

impl WithdrawalReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::PaidOtherwise,
        Self::Waived,
        Self::Canceled,
        Self::WrittenOff,
        Self::AmountChanged,
        Self::Expired,
        Self::NotOffered,
    ];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PaidOtherwise => "paid_otherwise",
            Self::Waived => "waived",
            Self::Canceled => "canceled",
            Self::WrittenOff => "written_off",
            Self::AmountChanged => "amount_changed",
            Self::Expired => "expired",
            Self::NotOffered => "not_offered",
        }
    }

    /// The reason of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// Whether the terms of the body offer eL-QR for the debt today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlipOffer {
    /// They do.
    Offered,
    /// They do not (any more).
    NotOffered,
}

/// What decides whether a slip stands.
#[derive(Clone, Copy, Debug)]
pub struct SlipFacts {
    /// What the slip is over.
    pub amount: Yen,
    /// The last day on which it is taken.
    pub payable_until: Option<Date>,
    /// Where the debt stands.
    pub invoice: InvoiceState,
    /// What is owed.
    pub owed: Yen,
    /// Whether the terms offer it today.
    pub offer: SlipOffer,
    /// Today.
    pub today: Date,
}

/// Why a slip is to be taken no more; nothing while it stands.
pub fn why_withdrawn(facts: SlipFacts) -> Option<WithdrawalReason> {
    match facts.invoice {
        InvoiceState::Unpaid | InvoiceState::Pending => {}
        InvoiceState::Waived => return Some(WithdrawalReason::Waived),
        InvoiceState::Canceled => return Some(WithdrawalReason::Canceled),
        InvoiceState::WrittenOff => return Some(WithdrawalReason::WrittenOff),
        _ => return Some(WithdrawalReason::PaidOtherwise),
    }
    if facts.owed != facts.amount {
        return Some(WithdrawalReason::AmountChanged);
    }
    if facts.payable_until.is_some_and(|last| last < facts.today) {
        return Some(WithdrawalReason::Expired);
    }
    (facts.offer == SlipOffer::NotOffered).then_some(WithdrawalReason::NotOffered)
}

/// What is to be done about a slip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlipStep {
    /// Nothing.
    Nothing,
    /// Tell the organisation of it.
    Add,
    /// Tell the organisation to take it no more.
    Withdraw(WithdrawalReason),
    /// Take it back; the organisation never heard of it.
    Drop(WithdrawalReason),
}

/// What is to be done next about a slip.
pub fn next_step(state: SlipState, why: Option<WithdrawalReason>) -> SlipStep {
    match (state, why) {
        (SlipState::Issued, None) => SlipStep::Add,
        (SlipState::Issued, Some(reason)) => SlipStep::Drop(reason),
        (SlipState::Uploaded | SlipState::Accepted, Some(reason)) => SlipStep::Withdraw(reason),
        _ => SlipStep::Nothing,
    }
}
