//! The states, counters and data of one payment.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::id::PaymentId;
use crate::domain::money::Yen;
use crate::domain::payment::MethodCode;

/// Where one attempt to pay stands (支払の状態).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// Recorded, nothing asked of the gateway.
    Created,
    /// The operation that opens the checkout is written and is being carried out.
    Submitting,
    /// The payer must act: choose a method, pass 3-D Secure.
    RequiresAction,
    /// A slip or number is issued; no money has moved.
    AwaitingPayment,
    /// The gateway is working.
    Processing,
    /// Money is held, not taken.
    Authorized,
    /// Money is taken.
    Captured,
    /// A part of the captured money went back.
    PartiallyRefunded,
    /// All captured money went back.
    Refunded,
    /// Ended without money.
    Failed,
    /// Called off without money.
    Canceled,
    /// The deadline passed without money.
    Expired,
    /// We do not know; the gateway is being asked.
    Unknown,
}

impl PaymentState {
    /// Every state, for exhaustive tests and contracts.
    pub const ALL: [Self; 13] = [
        Self::Created,
        Self::Submitting,
        Self::RequiresAction,
        Self::AwaitingPayment,
        Self::Processing,
        Self::Authorized,
        Self::Captured,
        Self::PartiallyRefunded,
        Self::Refunded,
        Self::Failed,
        Self::Canceled,
        Self::Expired,
        Self::Unknown,
    ];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Submitting => "submitting",
            Self::RequiresAction => "requires_action",
            Self::AwaitingPayment => "awaiting_payment",
            Self::Processing => "processing",
            Self::Authorized => "authorized",
            Self::Captured => "captured",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Unknown => "unknown",
        }
    }

    /// The state of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether the attempt may still take money on its own: such an attempt bars another for its payable.
    pub fn is_live(self) -> bool {
        !self.is_closed_without_money() && !self.is_captured()
    }

    /// Failed, canceled or expired: only proof of captured money leads out.
    pub fn is_closed_without_money(self) -> bool {
        matches!(self, Self::Failed | Self::Canceled | Self::Expired)
    }

    /// Captured, whatever went back since.
    pub fn is_captured(self) -> bool {
        matches!(self, Self::Captured | Self::PartiallyRefunded | Self::Refunded)
    }
}

/// In which legal role a merchant account's owner takes the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegalRole {
    /// Designated payment agent (指定納付受託者): captured means entrusted, not yet paid.
    DesignatedAgent,
    /// Designated handler of public money (指定公金事務取扱者): the debt ends when the payer pays it.
    CollectionAgent,
    /// The body itself, at its own counter or account.
    Direct,
}

impl LegalRole {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::DesignatedAgent, Self::CollectionAgent, Self::Direct];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DesignatedAgent => "designated_agent",
            Self::CollectionAgent => "collection_agent",
            Self::Direct => "direct",
        }
    }

    /// The role of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// How much money moved, by the gateway's word. Every counter only grows, but for what
/// [`PaymentCounters::without_double_loss`] takes off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentCounters {
    /// Held or taken.
    pub authorized: Yen,
    /// Taken.
    pub captured: Yen,
    /// Sent back by us.
    pub refunded: Yen,
    /// Pulled back by the payer's bank.
    pub charged_back: Yen,
}

impl PaymentCounters {
    /// The larger of both, counter by counter: what is known when both were once true.
    #[must_use]
    pub fn grown_to(self, other: Self) -> Self {
        Self {
            authorized: self.authorized.max(other.authorized),
            captured: self.captured.max(other.captured),
            refunded: self.refunded.max(other.refunded),
            charged_back: self.charged_back.max(other.charged_back),
        }
    }

    /// The counters with no more counted as pulled back than what was taken and did not go back otherwise: a chargeback
    /// of money that was refunded takes it a second time from the agent, not from this payment (F33).
    #[must_use]
    pub fn without_double_loss(self) -> Self {
        let held = self.captured.minus(self.refunded).unwrap_or(Yen::ZERO);
        Self { charged_back: self.charged_back.min(held), ..self }
    }

    /// Whether money was taken and nothing of it is left: sent back by us or pulled back by the payer's bank.
    pub fn is_all_gone(self) -> bool {
        let gone = self.refunded.plus(self.charged_back);
        self.captured > Yen::ZERO && gone.is_ok_and(|gone| gone >= self.captured)
    }

    /// Whether what went back is covered by what was taken.
    pub fn is_covered(self) -> bool {
        self.refunded.plus(self.charged_back).is_ok_and(|back| back <= self.captured)
    }
}

/// The data of one payment that its state machine needs; the rest of its row belongs to `store`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Our id.
    pub id: PaymentId,
    /// Our reference at the gateway (KOMOJU: `external_order_num`), unique for good.
    pub merchant_reference: String,
    /// Our method code.
    pub method: MethodCode,
    /// The role of the merchant account at the time of the attempt.
    pub legal_role: LegalRole,
    /// What the payer is asked for.
    pub amount: Yen,
    /// Where the attempt stands.
    pub state: PaymentState,
    /// How much moved.
    pub counters: PaymentCounters,
    /// The gateway's last word in its own language; empty before it said anything.
    pub raw_status: String,
    /// The gateway's id of the checkout.
    pub gateway_session_id: Option<String>,
    /// The gateway's id of the payment within the checkout.
    pub gateway_payment_id: Option<String>,
    /// Where the payer goes.
    pub redirect_url: Option<String>,
    /// When the checkout or slip lapses.
    pub expires_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::{LegalRole, PaymentState};

    #[test]
    fn every_name_reads_back() {
        for state in PaymentState::ALL {
            assert_eq!(PaymentState::parse(state.as_str()), Some(state));
        }
        for role in LegalRole::ALL {
            assert_eq!(LegalRole::parse(role.as_str()), Some(role));
        }
        assert_eq!(PaymentState::parse("paid"), None);
        assert_eq!(LegalRole::parse("agent"), None);
    }
}
