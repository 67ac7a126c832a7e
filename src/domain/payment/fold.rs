//! Folding a gateway's snapshot into a payment.
//!
//! Counters take the larger value. Once money was captured the state is a function of the counters alone; before
//! that it is the further of what we knew and what we hear (see [`rank`]), so order, copies and delay of the
//! snapshots of one true history do not matter. An unrecognised status is no evidence: a live payment becomes
//! `unknown` until the gateway says something we understand.
//!
//! An amount other than the one asked for is never success: the counters keep the truth, an alert is raised, and a
//! live payment stays `unknown` (it bars a second attempt until a person decided). Once all of that money is gone again
//! the payment is `canceled`: going back makes no success of it, and nothing of it bars another attempt. A payment
//! already closed without money stays closed, because its payable may have a new attempt by now. A payment that had
//! succeeded stays a success when the gateway takes more: the alert asks a person to give the rest back. That it had
//! succeeded is proven by any word of exactly what was asked for, also where it is heard after the larger sum: so the larger
//! sum alone waits for a decision, and both sums end the same in either order.
//!
//! Money that was sent back before it was a success does not become one by what comes later ([`Folded::without_success`]).

use jiff::civil::Date;

use crate::domain::money::Yen;
use crate::domain::payment::{Payment, PaymentCounters, PaymentSnapshot, PaymentState, SnapshotStatus};

/// Whether a fold altered the payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// There is something to save.
    Changed,
    /// The snapshot said nothing new.
    Unchanged,
}

/// What a person must look at. Raised beside the new state, never instead of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alert {
    /// The gateway's amount is not ours.
    AmountMismatch {
        /// What we asked for.
        expected: Yen,
        /// What the gateway says.
        found: Yen,
    },
    /// Money arrived for a payment closed without money: refund it or accept it.
    LatePayment,
    /// The adapter does not know this status.
    UnrecognisedStatus {
        /// The status in the gateway's language.
        raw_status: String,
    },
    /// Two payments of the gateway took money under one reference: the other one stands in the books beside this one.
    SecondCharge {
        /// The gateway's id of the other payment.
        gateway_payment_id: String,
    },
    /// The payer's bank pulled money back.
    ChargedBack {
        /// The sum pulled back so far.
        total: Yen,
    },
    /// Money went back without a refund of ours: somebody did it at the gateway, and our books do not know why.
    ReturnedOutside {
        /// The sum sent back so far.
        total: Yen,
    },
    /// Money came for a case that its applicant had withdrawn, or that was sent elsewhere: refund it.
    PaidAfterEnd,
    /// A checkout we gave up as never opened is open at the gateway: cancel it there.
    OpenAfterGivenUp,
    /// The debt is covered, and its gateway cannot close this open attempt: what comes by it is too much.
    OpenBesideCovered,
    /// Money is held for longer than it ever should be: have it taken, or let go.
    HeldLong,
    /// The debt is past its last day, and this attempt is open all the same because its gateway does not close it: it may still be paid.
    OpenPastLastDay {
        /// The JST day that was its last one; where its agent's designation ended instead, the day on which it was opened.
        since: Date,
    },
}

impl Alert {
    /// The name stored and counted.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AmountMismatch { .. } => "amount_mismatch",
            Self::LatePayment => "late_payment",
            Self::UnrecognisedStatus { .. } => "unrecognised_status",
            Self::SecondCharge { .. } => "second_charge",
            Self::ChargedBack { .. } => "charged_back",
            Self::ReturnedOutside { .. } => "returned_outside",
            Self::PaidAfterEnd => "paid_after_end",
            Self::OpenAfterGivenUp => "open_after_given_up",
            Self::OpenBesideCovered => "open_beside_covered",
            Self::HeldLong => "held_long",
            Self::OpenPastLastDay { .. } => "open_past_last_day",
        }
    }

    /// What was found, so that one alert can be told from the next of its kind.
    pub fn found(&self) -> Option<String> {
        match self {
            Self::AmountMismatch { found, .. } => Some(found.amount().to_string()),
            Self::UnrecognisedStatus { raw_status } => Some(raw_status.clone()),
            Self::SecondCharge { gateway_payment_id } => Some(gateway_payment_id.clone()),
            Self::ChargedBack { total } | Self::ReturnedOutside { total } => Some(total.amount().to_string()),
            Self::OpenPastLastDay { since } => Some(since.to_string()),
            Self::LatePayment
            | Self::PaidAfterEnd
            | Self::OpenAfterGivenUp
            | Self::OpenBesideCovered
            | Self::HeldLong => None,
        }
    }
}

/// A snapshot that cannot be folded: park it for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The snapshot carries another reference.
    #[error("the snapshot belongs to another payment")]
    OtherPayment,
    /// More went back than was taken.
    #[error("refunds and chargebacks exceed the captured amount")]
    ReturnsExceedCapture,
}

/// The payment after a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    /// The payment as it now is.
    pub next: Payment,
    /// Whether it differs.
    pub change: Change,
    /// What a person must look at.
    pub alerts: Vec<Alert>,
}

impl Folded {
    /// What follows where money of `before` was sent back, or was decided to be, before it was a success: what the gateway takes
    /// later only adds to what is too much, and the debt stays open.
    #[must_use]
    pub fn without_success(mut self, before: &Payment) -> Self {
        if before.state.is_captured() || !self.next.state.is_captured() {
            return self;
        }
        self.next.state = no_success(&[before.state], self.next.counters);
        let grown = self.next.counters.captured > before.counters.captured;
        if grown && before.state.is_closed_without_money() && !self.alerts.contains(&Alert::LatePayment) {
            self.alerts.push(Alert::LatePayment);
        }
        self.change = if self.next == *before { Change::Unchanged } else { Change::Changed };
        self
    }
}

impl Payment {
    /// Takes in what a gateway says. See the module for the rules.
    pub fn fold(self, snapshot: &PaymentSnapshot) -> Result<Folded, Rejection> {
        if snapshot.merchant_reference.as_ref().is_some_and(|found| *found != self.merchant_reference) {
            return Err(Rejection::OtherPayment);
        }
        if self.is_settled_by_another(snapshot) {
            return Ok(Folded { next: self, change: Change::Unchanged, alerts: Vec::new() });
        }
        let counters = self.counters.grown_to(snapshot.counters).without_double_loss();
        if !counters.is_covered() {
            return Err(Rejection::ReturnsExceedCapture);
        }
        let found = mismatch(self.amount, snapshot.amount, counters);
        let heard = further(self.state, snapshot.status);
        // A word of exactly what was asked for proves a success, however late it is heard.
        let proven = snapshot.counters.captured == self.amount
            && mismatch(self.amount, snapshot.amount, snapshot.counters).is_none();
        let more_than_covered = counters.captured > self.amount && (proven || self.state.is_captured());
        let state = match found {
            // What was taken beyond a success does not undo it: the debt stays covered, and the rest is too much.
            _ if more_than_covered => by_returns(counters),
            Some(_) => no_success(&[heard, self.state], counters),
            None => derive(heard, counters),
        };
        let alerts = self.alerts(snapshot, state, counters, found);
        let mut next = self.clone();
        next.state = state;
        next.counters = counters;
        // The word that unsettles a live payment is kept with it at once, however far the payment was.
        let unsettled = snapshot.status == SnapshotStatus::Unrecognised && state == PaymentState::Unknown;
        let as_far = rank(status_state(snapshot.status)) >= rank(self.state);
        if counters != self.counters || as_far || unsettled {
            next.raw_status.clone_from(&snapshot.raw_status);
            adopt(&mut next.gateway_payment_id, snapshot.gateway_payment_id.as_ref());
            next.expires_at = snapshot.expires_at.or(self.expires_at);
        }
        adopt(&mut next.gateway_session_id, snapshot.gateway_session_id.as_ref());
        let change = if next == self { Change::Unchanged } else { Change::Changed };
        Ok(Folded { next, change, alerts })
    }

    /// The payment after a refund of ours, or after one that failed in the end: refunds of ours are counted by their own
    /// steps and not by the gateway's sum, which an old answer could lower or repeat. `charged_back` is what lost disputes
    /// pulled back by all that is known: what of it counts depends on what else went back.
    #[must_use]
    pub fn with_refunded(mut self, refunded: Yen, charged_back: Yen) -> Self {
        self.counters.refunded = refunded;
        self.counters.charged_back = charged_back;
        self.counters = self.counters.without_double_loss();
        let succeeded = self.state.is_captured() && self.counters.captured >= self.amount;
        self.state =
            if succeeded { by_returns(self.counters) } else { no_success(&[self.state], self.counters) };
        self
    }

    /// The payment once nothing is left of its money by a way that no gateway counts, such as a bank transfer: one that
    /// waited for a decision about another amount than was asked for has ended without success.
    #[must_use]
    pub fn with_nothing_left(mut self) -> Self {
        if self.state == PaymentState::Unknown {
            self.state = PaymentState::Canceled;
        }
        self
    }

    /// Whether this payment's money came under another gateway id than the snapshot's.
    fn is_settled_by_another(&self, snapshot: &PaymentSnapshot) -> bool {
        if snapshot.merchant_reference.as_ref().is_some_and(|found| *found != self.merchant_reference) {
            return false;
        }
        match (&self.gateway_payment_id, &snapshot.gateway_payment_id) {
            (Some(ours), Some(theirs)) => ours != theirs && self.counters.captured > Yen::ZERO,
            _ => false,
        }
    }

    /// What a snapshot says of this payment itself; none where it is all about another one in the same checkout.
    pub fn own_word<'a>(&self, snapshot: &'a PaymentSnapshot) -> Option<&'a PaymentSnapshot> {
        if !self.is_settled_by_another(snapshot) {
            return Some(snapshot);
        }
        snapshot.also_captured.iter().find(|other| other.gateway_payment_id == self.gateway_payment_id)
    }

    /// What a snapshot shows of other payments that took money in the checkout of this one.
    pub fn second_charges<'a>(&self, snapshot: &'a PaymentSnapshot) -> Vec<&'a PaymentSnapshot> {
        let itself = self.is_settled_by_another(snapshot).then_some(snapshot);
        let others = snapshot.also_captured.iter().chain(itself);
        let of_another = |other: &&PaymentSnapshot| {
            other.counters.captured > Yen::ZERO
                && other.gateway_payment_id.is_some()
                && other.gateway_payment_id != self.gateway_payment_id
        };
        others.filter(of_another).collect()
    }

    fn alerts(
        &self,
        snapshot: &PaymentSnapshot,
        state: PaymentState,
        counters: PaymentCounters,
        found: Option<Yen>,
    ) -> Vec<Alert> {
        let mut alerts = Vec::new();
        if let Some(found) = found {
            alerts.push(Alert::AmountMismatch { expected: self.amount, found });
        }
        let money_came = self.counters.captured == Yen::ZERO && counters.captured > Yen::ZERO;
        if self.state.is_closed_without_money() && money_came {
            alerts.push(Alert::LatePayment);
        }
        if snapshot.status == SnapshotStatus::Unrecognised {
            alerts.push(Alert::UnrecognisedStatus { raw_status: snapshot.raw_status.clone() });
        }
        // Told by what was pulled back, also where it no longer counts because the money had gone back (F33).
        if snapshot.counters.charged_back > self.counters.charged_back {
            alerts.push(Alert::ChargedBack { total: snapshot.counters.charged_back });
        }
        if counters.refunded > self.counters.refunded {
            alerts.push(Alert::ReturnedOutside { total: counters.refunded });
        }
        let never_seen = self.state == PaymentState::Failed && self.raw_status.is_empty();
        if never_seen && state == PaymentState::Failed && status_state(snapshot.status).is_live() {
            alerts.push(Alert::OpenAfterGivenUp);
        }
        alerts
    }
}

/// Takes the gateway's id when it gives one.
fn adopt(ours: &mut Option<String>, theirs: Option<&String>) {
    if theirs.is_some() {
        *ours = theirs.cloned();
    }
}

/// The first amount that differs from the one asked for.
fn mismatch(expected: Yen, asked: Option<Yen>, counters: PaymentCounters) -> Option<Yen> {
    let moved = [counters.captured, counters.authorized].into_iter().filter(|amount| *amount > Yen::ZERO);
    moved.chain(asked).find(|found| *found != expected)
}

/// The state that the counters and the furthest status prove, where every amount is the one asked for.
fn derive(heard: PaymentState, counters: PaymentCounters) -> PaymentState {
    if counters.captured == Yen::ZERO {
        // "Captured" without captured money is a contradiction, and a contradiction is not success.
        return if heard.is_captured() { PaymentState::Unknown } else { heard };
    }
    by_returns(counters)
}

/// The state of a success by what of its money went back.
pub(super) fn by_returns(counters: PaymentCounters) -> PaymentState {
    if counters.refunded == Yen::ZERO {
        PaymentState::Captured
    } else if counters.refunded < counters.captured {
        PaymentState::PartiallyRefunded
    } else {
        PaymentState::Refunded
    }
}

/// The state of a payment that took another amount than was asked for, by the states it may have: once closed without
/// money it stays so, and it is closed once all of its money is gone again. The furthest of these counts, so that their
/// order does not matter.
fn no_success(states: &[PaymentState], counters: PaymentCounters) -> PaymentState {
    let gone = counters.is_all_gone().then_some(PaymentState::Canceled);
    let states = states.iter().copied().chain(gone);
    let closed = states.filter(|state| state.is_closed_without_money()).max_by_key(|state| rank(*state));
    closed.unwrap_or(PaymentState::Unknown)
}

/// How far a state is along the one way every payment goes; `unknown` is behind everything a gateway can say.
pub(super) fn rank(state: PaymentState) -> u8 {
    match state {
        PaymentState::Created => 0,
        PaymentState::Submitting => 1,
        PaymentState::Unknown => 2,
        PaymentState::RequiresAction => 3,
        PaymentState::Processing => 4,
        PaymentState::AwaitingPayment => 5,
        PaymentState::Authorized => 6,
        PaymentState::Failed => 7,
        PaymentState::Canceled => 8,
        PaymentState::Expired => 9,
        PaymentState::Captured => 10,
        PaymentState::PartiallyRefunded => 11,
        PaymentState::Refunded => 12,
    }
}

/// The status as a state, before counters are looked at.
pub(super) fn status_state(status: SnapshotStatus) -> PaymentState {
    match status {
        SnapshotStatus::RequiresAction => PaymentState::RequiresAction,
        SnapshotStatus::AwaitingPayment => PaymentState::AwaitingPayment,
        SnapshotStatus::Processing => PaymentState::Processing,
        SnapshotStatus::Authorized => PaymentState::Authorized,
        SnapshotStatus::Captured => PaymentState::Captured,
        SnapshotStatus::Failed => PaymentState::Failed,
        SnapshotStatus::Canceled => PaymentState::Canceled,
        SnapshotStatus::Expired => PaymentState::Expired,
        SnapshotStatus::Unrecognised => PaymentState::Unknown,
    }
}

/// The further of what was known and what is heard; an unrecognised status unsettles a live payment only.
pub(super) fn further(known: PaymentState, status: SnapshotStatus) -> PaymentState {
    let heard = status_state(status);
    if status == SnapshotStatus::Unrecognised && known.is_live() {
        return PaymentState::Unknown;
    }
    if rank(heard) > rank(known) { heard } else { known }
}
