//! What became of one call to a gateway, and what follows for the payment.

use jiff::Timestamp;

use crate::domain::money::Yen;
use crate::domain::payment::fold::{further, rank};
use crate::domain::payment::{Change, Folded, Payment, PaymentState, SnapshotStatus};

/// What became of a call. Five cases because "may it be sent again?" differs in each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// The gateway did it and answered.
    Done(T),
    /// The gateway refused the payer; definite, without effect.
    Declined(Decline),
    /// The gateway refused the request; definite, without effect.
    Rejected(Problem),
    /// No byte of the request left: connection, name or TLS failed.
    NotSent(Transport),
    /// Anything may have happened: ask before sending again.
    Unknown(Transport),
}

impl<T> Outcome<T> {
    /// The case without its data.
    pub fn kind(&self) -> OutcomeKind {
        match self {
            Self::Done(_) => OutcomeKind::Done,
            Self::Declined(_) => OutcomeKind::Declined,
            Self::Rejected(_) => OutcomeKind::Rejected,
            Self::NotSent(_) => OutcomeKind::NotSent,
            Self::Unknown(transport) => OutcomeKind::Unknown(transport.kind),
        }
    }

    /// The answer; or the other case, which holds none and so fits any question.
    pub fn answer<U>(self) -> Result<T, Outcome<U>> {
        match self {
            Self::Done(answer) => Ok(answer),
            Self::Declined(decline) => Err(Outcome::Declined(decline)),
            Self::Rejected(problem) => Err(Outcome::Rejected(problem)),
            Self::NotSent(transport) => Err(Outcome::NotSent(transport)),
            Self::Unknown(transport) => Err(Outcome::Unknown(transport)),
        }
    }

    /// Changes what was answered, keeps every other case.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Self::Done(answer) => Outcome::Done(change(answer)),
            Self::Declined(decline) => Outcome::Declined(decline),
            Self::Rejected(problem) => Outcome::Rejected(problem),
            Self::NotSent(transport) => Outcome::NotSent(transport),
            Self::Unknown(transport) => Outcome::Unknown(transport),
        }
    }
}

/// The case of an [`Outcome`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeKind {
    /// Done.
    Done,
    /// Declined.
    Declined,
    /// Rejected.
    Rejected,
    /// Not sent.
    NotSent,
    /// Unknown, with its cause.
    Unknown(TransportKind),
}

impl OutcomeKind {
    /// The operation state this outcome leaves (`gateway_operations.state`); `NotSent` stays an intent.
    pub fn operation_state(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Declined => "declined",
            Self::Rejected => "rejected",
            Self::NotSent => "intent",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// Why the payer was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decline {
    /// The gateway's code.
    pub code: String,
    /// The gateway's words, for staff.
    pub message: String,
}

/// Why the request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The gateway's code, or ours when it gave none.
    pub code: String,
    /// The gateway's words, for staff.
    pub message: String,
    /// The HTTP status, where there was an answer.
    pub http_status: Option<u16>,
}

/// What went wrong on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transport {
    /// The sort of failure.
    pub kind: TransportKind,
    /// Words for the log, without secrets or personal data.
    pub detail: String,
    /// How long the gateway asks us to wait, in seconds.
    pub retry_after_s: Option<u32>,
}

/// The sort of a failure on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportKind {
    /// No connection, name or TLS.
    Connect,
    /// No answer in time.
    Timeout,
    /// The connection broke after the request began.
    Interrupted,
    /// The same key is being worked on (409).
    InFlight,
    /// Too many requests (429).
    Throttled,
    /// A server error (5xx).
    ServerError,
    /// An answer we cannot read.
    Unreadable,
}

/// An open checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// The gateway's id of the checkout.
    pub gateway_session_id: String,
    /// The gateway's id of the payment, when it already exists.
    pub gateway_payment_id: Option<String>,
    /// Where the payer goes.
    pub redirect_url: Option<String>,
    /// When it lapses.
    pub expires_at: Option<Timestamp>,
    /// The gateway's status.
    pub raw_status: String,
    /// The status in our words.
    pub status: SnapshotStatus,
}

/// What earlier attempts of the same operation left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarlierAttempts {
    /// None was sent.
    NoneSent,
    /// One may have reached the gateway: a refusal now proves nothing about it.
    SomeUnknown,
}

/// What follows from opening a checkout. Never lowers a payment that a notification already moved further.
#[must_use]
pub fn after_create_checkout(
    payment: &Payment,
    earlier: EarlierAttempts,
    outcome: &Outcome<Checkout>,
) -> Folded {
    let mut next = payment.clone();
    match outcome {
        Outcome::Done(checkout) => {
            next.gateway_session_id = Some(checkout.gateway_session_id.clone());
            next.redirect_url.clone_from(&checkout.redirect_url);
            next.expires_at = next.expires_at.or(checkout.expires_at);
            // Money is believed only from a snapshot with counters; an answer that claims it is asked about again.
            let heard = further(payment.state, checkout.status);
            let heard = if heard.is_captured() && !payment.state.is_captured() {
                PaymentState::Processing
            } else {
                heard
            };
            if rank(heard) > rank(payment.state) || heard == PaymentState::Unknown {
                next.raw_status.clone_from(&checkout.raw_status);
            }
            next.gateway_payment_id = next.gateway_payment_id.or_else(|| checkout.gateway_payment_id.clone());
            next.state = heard;
        }
        Outcome::Declined(_) | Outcome::Rejected(_) if is_unheard(payment) => {
            next.state = match earlier {
                EarlierAttempts::NoneSent => PaymentState::Failed,
                EarlierAttempts::SomeUnknown => PaymentState::Unknown,
            };
        }
        Outcome::Unknown(_) if is_unheard(payment) => next.state = PaymentState::Unknown,
        Outcome::Declined(_) | Outcome::Rejected(_) | Outcome::NotSent(_) | Outcome::Unknown(_) => {}
    }
    let change = if next == *payment { Change::Unchanged } else { Change::Changed };
    Folded { next, change, alerts: Vec::new() }
}

/// The gateway has not yet said anything about this payment.
fn is_unheard(payment: &Payment) -> bool {
    rank(payment.state) <= rank(PaymentState::Unknown) && payment.counters.captured == Yen::ZERO
}
