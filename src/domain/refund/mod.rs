//! Giving money back (還付, R-95…R-100).
//!
//! Purpose: one refund as a state machine over two routes, through the gateway that took the money or by bank transfer.
//! Invariants: whoever asks for a refund never approves it; what is reserved never exceeds what was taken
//! ([`Headroom`]); a refund that comes to nothing, however late, gives its headroom back and undoes what was booked;
//! a refund whose fate is not known holds its headroom until it is.

mod ground;
mod interest;
mod interest_base;
mod interest_payout;
mod interest_terms;
mod plan;
mod route;
mod set_off;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::domain::id::OfficerId;
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::payment::RefundStatus;

pub use ground::{CaseStage, GroundRejection, RefundGround, permits, proposed};
pub use interest::{
    Accrual, InterestRate, InterestRule, InterestSpan, RefundNotice, accrue, refund_interest,
};
pub use interest_base::{TooMuch, paid_in_vain, too_much_of};
pub use interest_payout::{InterestEffect, InterestState, InterestStep, RefundFate};
pub(crate) use interest_terms::interest_faults;
pub use interest_terms::{
    CountsFrom, InterestStart, OverpaymentCause, RefundInterestTerms, interest_terms_on,
};
pub use plan::{PlanRejection, PlannedPart, RefundPart, Refundable, plan};
pub use route::{
    AfterRemittance, ChosenRoute, GatewayWay, HeldBy, Payer, RouteFacts, RouteReason, RouteRejection,
    choose_route, reroute,
};
pub use set_off::{SET_OFF, SetOffExtent, fit_on, part_of};

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// Asked for; a second person decides.
    Requested,
    /// The second person said no.
    Rejected,
    /// Taken back by whoever asked.
    Withdrawn,
    /// Approved; the gateway is being told.
    Submitting,
    /// The gateway accepted it and may still fail.
    Pending,
    /// We do not know whether the gateway did it; it is being asked.
    Unknown,
    /// The gateway sent the money back.
    Succeeded,
    /// The gateway did not, or not for good; or the money of a bank transfer was pulled back before it left.
    Failed,
    /// Approved for a bank transfer (口座振込), not yet in a transfer file.
    PayoutDue,
    /// In a transfer file that was handed to the bank.
    PayoutSent,
    /// The bank paid it, or it settled another debt.
    PaidOut,
}

impl RefundState {
    /// Every state.
    pub const ALL: [Self; 11] = [
        Self::Requested,
        Self::Rejected,
        Self::Withdrawn,
        Self::Submitting,
        Self::Pending,
        Self::Unknown,
        Self::Succeeded,
        Self::Failed,
        Self::PayoutDue,
        Self::PayoutSent,
        Self::PaidOut,
    ];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Submitting => "submitting",
            Self::Pending => "pending",
            Self::Unknown => "unknown",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::PayoutDue => "payout_due",
            Self::PayoutSent => "payout_sent",
            Self::PaidOut => "paid_out",
        }
    }

    /// The state of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether it holds its part of the headroom.
    pub fn holds_headroom(self) -> bool {
        !matches!(self, Self::Rejected | Self::Withdrawn | Self::Failed)
    }

    /// The gateway was told, or is about to be, and has not given its last word.
    pub fn is_in_flight(self) -> bool {
        matches!(self, Self::Submitting | Self::Pending | Self::Unknown)
    }

    /// Whether it was decided and stands, so that the ledger owes it or has paid it.
    pub fn is_decided(self) -> bool {
        self.holds_headroom() && self != Self::Requested
    }

    /// Whether the money is on its way back for good.
    pub fn is_paid(self) -> bool {
        matches!(self, Self::Succeeded | Self::PaidOut)
    }
}

/// How the money goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundRoute {
    /// Through the gateway that took it.
    Gateway,
    /// By bank transfer to the payer.
    BankTransfer,
    /// To another debt of the same obligor (充当, R-96): nothing leaves the body.
    SetOff,
}

impl RefundRoute {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Gateway, Self::BankTransfer, Self::SetOff];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::BankTransfer => "bank_transfer",
            Self::SetOff => SET_OFF,
        }
    }

    /// The route of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.as_str() == text)
    }
}

/// What is known of a refund after talking to its gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundEvidence {
    /// The gateway shows it.
    Seen(RefundStatus),
    /// The gateway refused it; definite, without effect.
    Refused,
    /// Anything may have happened.
    Unclear,
    /// The gateway shows none, and none will come any more.
    NeverArrived,
}

/// What somebody, or the gateway, does with a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundCommand {
    /// The second person agrees.
    Approve {
        /// Who.
        by: OfficerId,
    },
    /// The second person does not.
    Reject {
        /// Who.
        by: OfficerId,
    },
    /// Whoever asked takes it back.
    Withdraw {
        /// Who.
        by: OfficerId,
    },
    /// The gateway's word.
    Hear(RefundEvidence),
    /// It was given up because it had not arrived for as long as it could, and the gateway shows it done all the same.
    FindAfterAll,
    /// It goes into a transfer file.
    SendPayout,
    /// The bank paid it.
    ConfirmPayout,
    /// The bank could not pay it (組戻し): it waits for the next file.
    ReturnPayout,
    /// Its money was pulled back before it left (F33).
    EndPayout,
}

/// What follows from a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundEffect {
    /// Nothing beyond the state.
    Nothing,
    /// It is owed from now on: book the decision.
    Owe,
    /// Nothing was booked: only its headroom is free again.
    Release,
    /// The money left: book it.
    Pay,
    /// It is owed and settles another debt in the same moment: book both.
    SetOff,
    /// Whatever was booked is booked back, and its headroom is free again.
    Undo,
    /// The money left although it was given up: its headroom is taken again, decision and payment are booked.
    Revive,
}

/// A refund after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundMoved {
    /// The state it has now.
    pub next: RefundState,
    /// What follows.
    pub effect: RefundEffect,
}

/// A step that is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefundRejection {
    /// The step does not exist in this state.
    #[error("not possible while the refund is {}", .state.as_str())]
    WrongState {
        /// The state.
        state: RefundState,
    },
    /// Whoever asked cannot decide.
    #[error("the officer who asked for a refund does not decide it")]
    OwnRequest,
    /// Only whoever asked takes it back.
    #[error("only the officer who asked for a refund takes it back")]
    NotTheRequester,
}

/// What the state machine needs of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Where it stands.
    pub state: RefundState,
    /// How the money goes back.
    pub route: RefundRoute,
    /// Who asked.
    pub requested_by: OfficerId,
}

impl Refund {
    /// Takes a step, or says why not.
    pub fn apply(self, command: RefundCommand) -> Result<RefundMoved, RefundRejection> {
        use RefundState as S;
        let refused = RefundRejection::WrongState { state: self.state };
        let moved = |next, effect| Ok(RefundMoved { next, effect });
        match (command, self.state) {
            (RefundCommand::Approve { by } | RefundCommand::Reject { by }, S::Requested)
                if by == self.requested_by =>
            {
                Err(RefundRejection::OwnRequest)
            }
            (RefundCommand::Approve { .. }, S::Requested) => match self.route {
                RefundRoute::Gateway => moved(S::Submitting, RefundEffect::Owe),
                RefundRoute::BankTransfer => moved(S::PayoutDue, RefundEffect::Owe),
                RefundRoute::SetOff => moved(S::PaidOut, RefundEffect::SetOff),
            },
            (RefundCommand::Reject { .. }, S::Requested) => moved(S::Rejected, RefundEffect::Release),
            (RefundCommand::Withdraw { by }, S::Requested) if by != self.requested_by => {
                Err(RefundRejection::NotTheRequester)
            }
            (RefundCommand::Withdraw { .. }, S::Requested) => moved(S::Withdrawn, RefundEffect::Release),
            (RefundCommand::SendPayout, S::PayoutDue) => moved(S::PayoutSent, RefundEffect::Nothing),
            (RefundCommand::ConfirmPayout, S::PayoutSent) => moved(S::PaidOut, RefundEffect::Pay),
            (RefundCommand::ReturnPayout, S::PayoutSent) => moved(S::PayoutDue, RefundEffect::Nothing),
            (RefundCommand::EndPayout, S::PayoutDue) => moved(S::Failed, RefundEffect::Undo),
            (RefundCommand::FindAfterAll, S::Failed) if self.route == RefundRoute::Gateway => {
                moved(S::Succeeded, RefundEffect::Revive)
            }
            (RefundCommand::Hear(evidence), S::Submitting | S::Pending | S::Unknown | S::Succeeded) => {
                Ok(self.hear(evidence))
            }
            _ => Err(refused),
        }
    }

    /// What the gateway's word makes of a refund it was told of. Money that is back stays back until the gateway itself
    /// says that it did not go: silence, an old answer or a refusal of a repetition proves nothing.
    fn hear(self, evidence: RefundEvidence) -> RefundMoved {
        use RefundState as S;
        let (next, effect) = match (evidence, self.state) {
            (RefundEvidence::Seen(RefundStatus::Failed), _) => (S::Failed, RefundEffect::Undo),
            (RefundEvidence::Seen(RefundStatus::Succeeded), state) if state != S::Succeeded => {
                (S::Succeeded, RefundEffect::Pay)
            }
            (RefundEvidence::Seen(RefundStatus::Pending), S::Submitting | S::Unknown) => {
                (S::Pending, RefundEffect::Nothing)
            }
            (RefundEvidence::Refused | RefundEvidence::NeverArrived, S::Submitting | S::Unknown) => {
                (S::Failed, RefundEffect::Undo)
            }
            (RefundEvidence::Unclear, S::Submitting)
            // A word that nobody knows tells neither that the money goes nor that it stays (F40).
            | (RefundEvidence::Seen(RefundStatus::Unrecognised), S::Submitting | S::Pending) => {
                (S::Unknown, RefundEffect::Nothing)
            }
            (_, state) => (state, RefundEffect::Nothing),
        };
        RefundMoved { next, effect }
    }
}

/// What of a sum may still go back. The same rule is a constraint of the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headroom {
    /// What may go back in all.
    pub ceiling: Yen,
    /// What refunds that are asked for, under way or paid take up.
    pub reserved: Yen,
}

impl Headroom {
    /// What is left.
    pub fn available(self) -> Yen {
        self.ceiling.minus(self.reserved).unwrap_or(Yen::ZERO)
    }

    /// Takes a part up; refused when less is left.
    pub fn reserve(self, amount: Yen) -> Result<Self, YenOutOfRange> {
        if amount > self.available() {
            return Err(YenOutOfRange);
        }
        Ok(Self { reserved: self.reserved.plus(amount)?, ..self })
    }

    /// Gives a part back.
    pub fn release(self, amount: Yen) -> Result<Self, YenOutOfRange> {
        Ok(Self { reserved: self.reserved.minus(amount)?, ..self })
    }
}
