//! What a merchant can do, and what time does: pure decisions over [`State`].
//!
//! Nothing here reads a clock, a file or a socket. A decision returns the entries to be journalled and the
//! events to be notified; refusing changes nothing.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::clock::IdSource;
use super::model::{
    CaptureMode, EventKind, Movement, MovementKind, Payment, PaymentStatus, Refund, RefundFate, Session,
    SessionStatus, Step, Vendor,
};
use super::state::{Entry, State};

/// What a decision wants to change.
#[derive(Debug, Default)]
pub struct Change {
    /// Journal entries, in order.
    pub entries: Vec<Entry>,
    /// Events with the payment as it stood at that moment.
    pub events: Vec<(EventKind, Payment)>,
}

impl Change {
    /// Notes a payment's new value together with its event.
    pub fn payment(&mut self, payment: &Payment, event: Option<EventKind>) {
        self.entries.push(Entry::Payment(payment.clone()));
        self.events.extend(event.map(|kind| (kind, payment.clone())));
    }

    /// The session as it stands after this change.
    pub fn session_after<'a>(&'a self, state: &'a State, id: &str) -> Option<&'a Session> {
        let changed = self.entries.iter().rev().find_map(|entry| match entry {
            Entry::Session(session) if session.id == id => Some(session),
            _ => None,
        });
        changed.or_else(|| state.sessions.get(id))
    }

    /// The payment as it stands after this change.
    pub fn payment_after<'a>(&'a self, state: &'a State, id: &str) -> Option<&'a Payment> {
        let changed = self.entries.iter().rev().find_map(|entry| match entry {
            Entry::Payment(payment) if payment.id == id => Some(payment),
            _ => None,
        });
        changed.or_else(|| state.payments.get(id))
    }

    /// Notes that money moved.
    pub fn movement(&mut self, payment: &Payment, kind: MovementKind, amount: u64, at: Timestamp) {
        self.entries.push(Entry::Movement(Movement { at, payment_id: payment.id.clone(), kind, amount }));
    }
}

/// Why nothing was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No such session or payment.
    NotFound,
    /// The merchant's reference was used before.
    DuplicateOrder,
    /// The thing does not stand where this would be possible; the text names where it stands.
    WrongStatus(&'static str),
    /// More than is left; yen still available.
    AmountTooLarge(u64),
    /// An amount of zero.
    AmountZero,
    /// This method cannot do this.
    MethodCannot(&'static str),
    /// The payer's input is unusable.
    BadInput(&'static str),
}

/// A request for a session, already checked for form by the façade.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Whose wire format it speaks.
    pub vendor: Vendor,
    /// Yen.
    pub amount: u64,
    /// Where the browser goes afterwards.
    pub return_url: String,
    /// Methods offered.
    pub payment_types: Vec<String>,
    /// Page language.
    pub locale: String,
    /// The payer's e-mail.
    pub email: Option<String>,
    /// The merchant's reference.
    pub external_order_num: Option<String>,
    /// When a card is charged.
    pub capture: CaptureMode,
    /// Free pairs.
    pub metadata: Map<String, Value>,
    /// Lines for display.
    pub line_items: Value,
    /// Life in seconds.
    pub expires_in_seconds: u32,
}

/// Opens a session; where the vendor minds it, the merchant's reference must be new.
pub fn create_session(
    state: &State,
    new: NewSession,
    now: Timestamp,
    ids: &mut IdSource,
) -> Result<(Change, Session), Refusal> {
    let taken = new.external_order_num.as_ref().is_some_and(|order| state.orders.contains_key(order));
    if taken && new.vendor.minds_references() {
        return Err(Refusal::DuplicateOrder);
    }
    let session = Session {
        id: new.vendor.session_id(ids.next()),
        vendor: new.vendor,
        amount: new.amount,
        return_url: new.return_url,
        payment_types: new.payment_types,
        locale: new.locale,
        email: new.email,
        external_order_num: new.external_order_num,
        capture: new.capture,
        metadata: new.metadata,
        line_items: new.line_items,
        status: SessionStatus::Pending,
        created_at: now,
        expires_at: after_seconds(now, new.expires_in_seconds),
        completed_at: None,
        cancelled_at: None,
        payment_id: None,
        called_off: false,
    };
    let change = Change { entries: vec![Entry::Session(session.clone())], events: Vec::new() };
    Ok((change, session))
}

/// Closes a session that nobody finished.
pub fn cancel_session(state: &State, id: &str, now: Timestamp) -> Result<Change, Refusal> {
    let session = state.sessions.get(id).ok_or(Refusal::NotFound)?;
    match session.status {
        SessionStatus::Completed => return Err(Refusal::WrongStatus("completed")),
        SessionStatus::Cancelled => return Err(Refusal::WrongStatus("cancelled")),
        SessionStatus::Pending if session.lapsed(now) => return Err(Refusal::WrongStatus("expired")),
        SessionStatus::Pending => {}
    }
    let mut change = Change::default();
    let cancelled = Session { status: SessionStatus::Cancelled, cancelled_at: Some(now), ..session.clone() };
    change.entries.push(Entry::Session(cancelled));
    if let Some(payment) = state.payment_of(session) {
        let payment = Payment { status: PaymentStatus::Cancelled, step: Step::None, ..payment.clone() };
        change.payment(&payment, Some(EventKind::Cancelled));
    }
    Ok(change)
}

/// Takes an authorised card's money; `None` takes all, less takes less for good.
pub fn capture(state: &State, id: &str, amount: Option<u64>, now: Timestamp) -> Result<Change, Refusal> {
    let payment = state.payments.get(id).ok_or(Refusal::NotFound)?;
    if payment.status != PaymentStatus::Authorized {
        return Err(Refusal::WrongStatus(status_name(payment.status)));
    }
    if payment.slip_number.is_some() {
        return Err(Refusal::MethodCannot("a slip is paid by the payer, not captured"));
    }
    let amount = within(amount, payment.amount)?;
    let mut payment = payment.clone();
    let mut change = Change::default();
    payment.amount = amount;
    take_money(&mut change, &mut payment, now);
    Ok(change)
}

/// Voids a payment no money was taken for.
pub fn cancel_payment(state: &State, id: &str, now: Timestamp) -> Result<Change, Refusal> {
    let payment = state.payments.get(id).ok_or(Refusal::NotFound)?;
    if !matches!(payment.status, PaymentStatus::Pending | PaymentStatus::Authorized) {
        return Err(Refusal::WrongStatus(status_name(payment.status)));
    }
    let mut change = Change::default();
    if payment.status == PaymentStatus::Authorized && payment.slip_number.is_none() {
        change.movement(payment, MovementKind::Void, payment.amount, now);
    }
    let payment = Payment { status: PaymentStatus::Cancelled, step: Step::None, ..payment.clone() };
    change.payment(&payment, Some(EventKind::Cancelled));
    if let Some(session) = state.sessions.get(&payment.session_id)
        && session.status == SessionStatus::Pending
    {
        change.entries.push(Entry::Session(Session {
            status: SessionStatus::Cancelled,
            cancelled_at: Some(now),
            ..session.clone()
        }));
    }
    Ok(change)
}

/// A request for a refund.
#[derive(Debug, Clone)]
pub struct NewRefund {
    /// Yen; `None` means all that is left.
    pub amount: Option<u64>,
    /// The merchant's reason.
    pub description: Option<String>,
    /// What becomes of it.
    pub fate: RefundFate,
}

impl RefundFate {
    /// Done at once, or failing so many seconds after `now` (F28).
    pub fn after(fails_after_seconds: Option<u32>, now: Timestamp) -> Self {
        fails_after_seconds.map_or(Self::Done, |seconds| Self::FailsAt(after_seconds(now, seconds)))
    }
}

/// Sends money back.
pub fn refund(
    state: &State,
    id: &str,
    wanted: NewRefund,
    now: Timestamp,
    ids: &mut IdSource,
) -> Result<Change, Refusal> {
    let payment = state.payments.get(id).ok_or(Refusal::NotFound)?;
    if payment.status != PaymentStatus::Captured {
        return Err(Refusal::WrongStatus(status_name(payment.status)));
    }
    if payment.slip_number.is_some() {
        return Err(Refusal::MethodCannot("cash goes back by a refund request to a bank account"));
    }
    let amount = within(wanted.amount, payment.refundable())?;
    let mut payment = payment.clone();
    let mut change = Change::default();
    payment.refunded += amount;
    let NewRefund { description, fate, .. } = wanted;
    let id = ids.next();
    payment.refunds.push(Refund { id, amount, description, reference: None, created_at: now, fate });
    if payment.refundable() == 0 {
        payment.status = PaymentStatus::Refunded;
    }
    change.movement(&payment, MovementKind::Refund, amount, now);
    change.payment(&payment, Some(EventKind::RefundCreated));
    if payment.status == PaymentStatus::Refunded {
        change.events.push((EventKind::Refunded, payment));
    }
    Ok(change)
}

/// What the passing of time does: unfinished payments and unpaid slips lapse.
pub fn lapse(state: &State, now: Timestamp) -> (Change, Vec<String>) {
    let mut change = Change::default();
    let mut settled = Vec::new();
    for session in state.watched.iter().filter_map(|id| state.sessions.get(id)) {
        let payment = state.payment_of(session);
        let slip = payment
            .filter(|payment| payment.status == PaymentStatus::Authorized && payment.slip_number.is_some());
        let deadline = slip.map_or(session.expires_at, |payment| payment.deadline);
        if session.status == SessionStatus::Pending || slip.is_some() {
            if now < deadline {
                continue;
            }
            if let Some(payment) = payment.filter(|payment| can_lapse(payment)) {
                let payment = Payment { status: PaymentStatus::Expired, step: Step::None, ..payment.clone() };
                change.payment(&payment, Some(EventKind::Expired));
            }
        }
        settled.push(session.id.clone());
    }
    for payment in state.failing_refunds.iter().filter_map(|id| state.payments.get(id)) {
        fail_refunds(&mut change, payment, now);
    }
    (change, settled)
}

/// Refunds that were accepted and whose time to fail has come: the money is the merchant's again.
fn fail_refunds(change: &mut Change, payment: &Payment, now: Timestamp) {
    let due = |refund: &Refund| matches!(refund.fate, RefundFate::FailsAt(at) if at <= now);
    if !payment.refunds.iter().any(due) {
        return;
    }
    let mut payment = payment.clone();
    let mut back = 0;
    for refund in payment.refunds.iter_mut().filter(|refund| due(refund)) {
        refund.fate = RefundFate::Failed;
        back += refund.amount;
    }
    payment.refunded = payment.refunded.saturating_sub(back);
    payment.status = PaymentStatus::Captured;
    change.movement(&payment, MovementKind::RefundFailed, back, now);
    change.payment(&payment, Some(EventKind::Updated));
}

fn can_lapse(payment: &Payment) -> bool {
    matches!(payment.status, PaymentStatus::Pending | PaymentStatus::Authorized | PaymentStatus::Failed)
}

/// Takes the payment's whole amount from the payer.
pub fn take_money(change: &mut Change, payment: &mut Payment, now: Timestamp) {
    payment.status = PaymentStatus::Captured;
    payment.step = Step::None;
    payment.captured = payment.amount;
    payment.captured_at = Some(now);
    change.movement(payment, MovementKind::Capture, payment.amount, now);
    change.payment(payment, Some(EventKind::Captured));
}

/// `at` plus `seconds`, or `at` itself beyond the end of time.
pub fn after_seconds(at: Timestamp, seconds: u32) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(i64::from(seconds))).unwrap_or(at)
}

fn within(asked: Option<u64>, available: u64) -> Result<u64, Refusal> {
    match asked.unwrap_or(available) {
        0 => Err(Refusal::AmountZero),
        amount if amount > available => Err(Refusal::AmountTooLarge(available)),
        amount => Ok(amount),
    }
}

/// A status as text for messages.
pub fn status_name(status: PaymentStatus) -> &'static str {
    match status {
        PaymentStatus::Pending => "pending",
        PaymentStatus::Authorized => "authorized",
        PaymentStatus::Captured => "captured",
        PaymentStatus::Refunded => "refunded",
        PaymentStatus::Failed => "failed",
        PaymentStatus::Cancelled => "cancelled",
        PaymentStatus::Expired => "expired",
    }
}
