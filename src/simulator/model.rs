//! What the simulated acquirer keeps: sessions, payments, refunds and the movements of money.
//!
//! These types are the engine's own words. A façade translates them into a vendor's wire format, so a
//! second vendor needs no second engine. Amounts are integer yen. No type here can hold a card number.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Whose wire format a session was opened in, and so whose its notifications are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vendor {
    /// KOMOJU.
    #[default]
    Komoju,
    /// PayPay OPA.
    Paypay,
    /// Stripe Checkout.
    Stripe,
    /// VeriTrans4G, e-money.
    Veritrans,
}

impl Vendor {
    /// Every vendor.
    pub const ALL: [Self; 4] = [Self::Komoju, Self::Paypay, Self::Stripe, Self::Veritrans];

    /// Whether a merchant's reference can be used only once.
    pub fn minds_references(self) -> bool {
        self != Self::Stripe
    }

    /// A new session's id, as this vendor's look.
    pub fn session_id(self, drawn: String) -> String {
        match self {
            Self::Komoju | Self::Paypay | Self::Veritrans => drawn,
            Self::Stripe => format!("cs_test_{drawn}"),
        }
    }

    /// A new payment's id, as this vendor's look.
    pub fn payment_id(self, drawn: String) -> String {
        match self {
            Self::Komoju | Self::Paypay | Self::Veritrans => drawn,
            Self::Stripe => format!("pi_{drawn}"),
        }
    }
}

/// When an authorised card is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureMode {
    /// At once, when the payer has authenticated.
    Auto,
    /// When the merchant asks.
    Manual,
}

/// Where a hosted session stands; expiry is judged from the clock and is not a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// The payer has not finished.
    Pending,
    /// The payer has paid, or holds a slip to pay with.
    Completed,
    /// The merchant or the payer closed it.
    Cancelled,
}

/// Where a payment stands, in the engine's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// The payer is at work (for example in the 3-D Secure step).
    Pending,
    /// Card: authorised. Slip: issued, **no money yet**.
    Authorized,
    /// Money was taken; partly refunded payments stay here.
    Captured,
    /// All of the captured amount went back.
    Refunded,
    /// One attempt failed; the payer may try again, so this is not final.
    Failed,
    /// Voided before any money was taken.
    Cancelled,
    /// The session or the slip lapsed.
    Expired,
}

/// A hosted session: the invitation to pay one amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Our identifier.
    pub id: String,
    /// Whose wire format it speaks.
    pub vendor: Vendor,
    /// The amount in yen.
    pub amount: u64,
    /// Where the browser goes afterwards.
    pub return_url: String,
    /// The methods offered, in the merchant's order.
    pub payment_types: Vec<String>,
    /// Language of the page, kept for the answer.
    pub locale: String,
    /// The payer's e-mail as the merchant gave it.
    pub email: Option<String>,
    /// The merchant's own reference, unique over all sessions.
    pub external_order_num: Option<String>,
    /// When a card is charged.
    pub capture: CaptureMode,
    /// Free pairs of text, returned as given.
    pub metadata: Map<String, Value>,
    /// Lines shown to the payer, returned as given.
    pub line_items: Value,
    /// Where it stands.
    pub status: SessionStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// From this instant on nobody can pay.
    pub expires_at: Timestamp,
    /// When the payer finished.
    pub completed_at: Option<Timestamp>,
    /// When it was cancelled.
    pub cancelled_at: Option<Timestamp>,
    /// The payment, once the payer chose a method.
    pub payment_id: Option<String>,
    /// The merchant called the payment off before or after it was made: no money stays (PayPay).
    #[serde(default)]
    pub called_off: bool,
}

impl Session {
    /// Whether the payer came too late: still pending at or after the deadline.
    pub fn lapsed(&self, now: Timestamp) -> bool {
        self.status == SessionStatus::Pending && now >= self.expires_at
    }
}

/// What may be kept of a card: never more than this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardTrace {
    /// Brand, lowercase.
    pub brand: String,
    /// The last four digits.
    pub last_four: String,
}

/// What the payer must do next on the hosted page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Nothing.
    None,
    /// Answer the 3-D Secure challenge.
    Challenge,
}

/// A payment: everything that happened to the money of one session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Our identifier.
    pub id: String,
    /// Whose wire format it speaks.
    pub vendor: Vendor,
    /// The session it belongs to.
    pub session_id: String,
    /// The merchant's own reference.
    pub external_order_num: Option<String>,
    /// Method code of the latest attempt.
    pub method: String,
    /// Where it stands.
    pub status: PaymentStatus,
    /// What is to be paid, in yen; lowered by a partial capture.
    pub amount: u64,
    /// What was taken from the payer so far, in yen.
    pub captured: u64,
    /// What went back so far, in yen.
    pub refunded: u64,
    /// Every refund.
    pub refunds: Vec<Refund>,
    /// What the payer's bank contested; the one that moved last stands last.
    #[serde(default)]
    pub disputes: Vec<Dispute>,
    /// The card of the latest attempt.
    pub card: Option<CardTrace>,
    /// The number on the slip, for cash methods.
    pub slip_number: Option<String>,
    /// What the payer must do next.
    pub step: Step,
    /// When the payer chose a method first.
    pub created_at: Timestamp,
    /// When money was taken.
    pub captured_at: Option<Timestamp>,
    /// Until when it can be paid.
    pub deadline: Timestamp,
    /// The merchant's pairs of text.
    pub metadata: Map<String, Value>,
    /// The payer's e-mail.
    pub email: Option<String>,
}

impl Payment {
    /// What can still be refunded, in yen.
    pub fn refundable(&self) -> u64 {
        self.captured.saturating_sub(self.refunded)
    }
}

/// Money sent back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Our identifier.
    pub id: String,
    /// Amount in yen.
    pub amount: u64,
    /// The merchant's reason.
    pub description: Option<String>,
    /// The merchant's own id of it, where the vendor takes one.
    #[serde(default)]
    pub reference: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it stays made.
    #[serde(default)]
    pub fate: RefundFate,
}

/// What becomes of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundFate {
    /// It is done.
    #[default]
    Done,
    /// It is accepted, and will fail at that instant (F28).
    FailsAt(Timestamp),
    /// It was accepted and failed later.
    Failed,
}

/// A payment, or a part of it, that the payer's bank contests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// Our identifier.
    pub id: String,
    /// Yen.
    pub amount: u64,
    /// The bank's reason.
    pub reason: String,
    /// Where it stands.
    pub status: DisputeStatus,
    /// Until when the merchant may send evidence.
    pub respond_by: Timestamp,
    /// When it was opened.
    pub created_at: Timestamp,
}

/// Where a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStatus {
    /// The merchant may send evidence.
    NeedsResponse,
    /// The bank decides.
    UnderReview,
    /// The merchant keeps the money.
    Won,
    /// The payer has the money back.
    Lost,
}

impl DisputeStatus {
    /// The vendors' word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NeedsResponse => "needs_response",
            Self::UnderReview => "under_review",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    /// Whether the bank has decided.
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Won | Self::Lost)
    }
}

/// What a movement did to the payer's money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// Reserved on the card.
    Authorize,
    /// Taken.
    Capture,
    /// A reservation given up.
    Void,
    /// Given back.
    Refund,
    /// Given back, and come back to the merchant.
    RefundFailed,
    /// Pulled back by the payer's bank.
    Chargeback,
}

/// One line of the truth ledger; lines are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// When, on the virtual clock.
    pub at: Timestamp,
    /// Whose payment.
    pub payment_id: String,
    /// What it did.
    pub kind: MovementKind,
    /// Amount in yen.
    pub amount: u64,
}

/// What happened to a payment, for the notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// Authorised, or a slip was issued.
    Authorized,
    /// Money was taken.
    Captured,
    /// One attempt failed.
    Failed,
    /// Voided.
    Cancelled,
    /// Lapsed.
    Expired,
    /// A refund was made.
    RefundCreated,
    /// All was refunded.
    Refunded,
    /// Something else changed, such as a refund that failed after it was accepted.
    Updated,
    /// The payer's bank contests it.
    DisputeOpened,
    /// A dispute went on.
    DisputeUpdated,
    /// A dispute was decided.
    DisputeClosed,
}
