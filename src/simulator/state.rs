//! The simulator's whole memory, and the entries that rebuild it.
//!
//! Invariant: [`State`] changes only through [`State::apply`], and only with entries that are already in
//! the journal; replaying the journal gives the same state.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::el_qr::{ElPayment, ElSlip};
use super::model::{Movement, Payment, RefundFate, Session, Vendor};
use super::settlement::Batch;

/// An answer kept for an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The key as the merchant sent it.
    pub key: String,
    /// SHA-256 of method, path and body, in hex.
    pub fingerprint: String,
    /// HTTP status.
    pub status: u16,
    /// Body, JSON text.
    pub body: String,
    /// When it was first given, on the virtual clock.
    pub at: Timestamp,
}

/// How far a notification got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Waits for its instant.
    Waiting,
    /// Waits for a later event of the same payment to overtake it (F16).
    Held,
    /// The merchant answered 2xx.
    Delivered,
    /// The schedule is used up.
    GivenUp,
    /// Never to be sent (F18).
    Suppressed,
}

/// How a notification is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signing {
    /// With the merchant's secret.
    Right,
    /// With another secret (F19).
    WrongKey,
    /// A signature of other bytes (F20).
    ChangedBody,
}

/// A notification on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Order of creation.
    pub seq: u64,
    /// Whose it is.
    #[serde(default)]
    pub vendor: Vendor,
    /// The delivery's own id.
    pub id: String,
    /// The vendor's event type.
    pub event_type: String,
    /// The payment it speaks of.
    pub payment_id: String,
    /// The vendor's headers, signature included.
    pub headers: Vec<(String, String)>,
    /// The exact bytes of the body.
    pub body: String,
    /// How it is signed.
    pub signing: Signing,
    /// How many copies are sent (F14, F15).
    pub copies: u32,
    /// Copies leave at the same time (F15) instead of one after the other.
    pub concurrent: bool,
    /// How far it got.
    pub state: DeliveryState,
    /// Tries so far.
    pub attempts: u32,
    /// When it is due, on the virtual clock.
    pub due_at: Timestamp,
    /// The merchant's last HTTP status; 0 when there was none.
    pub last_status: u16,
}

/// One change, as the journal keeps it: the new value of one thing.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// A session's new value.
    Session(Session),
    /// A payment's new value.
    Payment(Payment),
    /// Money moved.
    Movement(Movement),
    /// An answer was given under a key.
    Answer(Answer),
    /// A notification's new value.
    Delivery(Delivery),
    /// The virtual clock's distance from the machine's, in milliseconds.
    ClockShift(i64),
    /// Where KOMOJU's notifications go, as older journals say it.
    WebhookUrl(Option<String>),
    /// Where a vendor's notifications go.
    VendorWebhookUrl(Vendor, Option<String>),
    /// A batch's new value.
    Settlement(Batch),
    /// A movement, by its place in the truth ledger, that is paid out in no batch (F34).
    LeftOut(usize),
    /// A slip's new value at the organisation that takes public money by eL-QR.
    ElSlip(ElSlip),
    /// A payment's new value there.
    ElPayment(ElPayment),
    /// Everything but the clock and the notification address was forgotten.
    Reset,
}

/// The memory.
#[derive(Debug, Default)]
pub struct State {
    /// Sessions by id.
    pub sessions: BTreeMap<String, Session>,
    /// Payments by id.
    pub payments: BTreeMap<String, Payment>,
    /// Session id by the merchant's reference.
    pub orders: BTreeMap<String, String>,
    /// The truth ledger.
    pub movements: Vec<Movement>,
    /// What was paid out, by the batch's id.
    pub settlements: BTreeMap<String, Batch>,
    /// Which movements were paid out, or are to be in no batch, by their place in the truth ledger.
    pub settled: BTreeSet<usize>,
    /// Slips by their number, at the organisation that takes public money by eL-QR.
    pub el_slips: BTreeMap<String, ElSlip>,
    /// Payments there, by their name.
    pub el_payments: BTreeMap<String, ElPayment>,
    /// Answers by idempotency key.
    pub answers: BTreeMap<String, Answer>,
    /// Notifications by order of creation.
    pub deliveries: BTreeMap<u64, Delivery>,
    /// Notifications still to be sent.
    pub open: BTreeSet<u64>,
    /// Sessions and slips whose deadline is still to be watched.
    pub watched: BTreeSet<String>,
    /// Payments with a refund that was accepted and will fail.
    pub failing_refunds: BTreeSet<String>,
    /// The virtual clock's shift in milliseconds.
    pub shift_ms: i64,
    /// Where each vendor's notifications go.
    pub webhook_urls: BTreeMap<Vendor, String>,
}

impl State {
    /// Takes one journalled change in.
    pub fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Session(session) => self.put_session(session),
            Entry::Payment(payment) => {
                let fails =
                    payment.refunds.iter().any(|refund| matches!(refund.fate, RefundFate::FailsAt(_)));
                if fails {
                    self.failing_refunds.insert(payment.id.clone());
                } else {
                    self.failing_refunds.remove(&payment.id);
                }
                self.payments.insert(payment.id.clone(), payment);
            }
            Entry::Movement(movement) => self.movements.push(movement),
            Entry::Answer(answer) => {
                self.answers.insert(answer.key.clone(), answer);
            }
            Entry::Delivery(delivery) => {
                match delivery.state {
                    DeliveryState::Waiting | DeliveryState::Held => self.open.insert(delivery.seq),
                    _ => self.open.remove(&delivery.seq),
                };
                self.deliveries.insert(delivery.seq, delivery);
            }
            Entry::ClockShift(shift_ms) => self.shift_ms = shift_ms,
            Entry::WebhookUrl(url) => self.put_webhook_url(Vendor::Komoju, url),
            Entry::VendorWebhookUrl(vendor, url) => self.put_webhook_url(vendor, url),
            Entry::LeftOut(place) => {
                self.settled.insert(place);
            }
            Entry::Settlement(batch) => {
                self.settled.extend(batch.movements());
                self.settlements.insert(batch.id.clone(), batch);
            }
            Entry::ElSlip(slip) => {
                self.el_slips.insert(slip.payment_number.clone(), slip);
            }
            Entry::ElPayment(paid) => {
                self.el_payments.insert(paid.key.clone(), paid);
            }
            Entry::Reset => {
                let webhook_urls = std::mem::take(&mut self.webhook_urls);
                *self = Self { shift_ms: self.shift_ms, webhook_urls, ..Self::default() };
            }
        }
    }

    fn put_webhook_url(&mut self, vendor: Vendor, url: Option<String>) {
        match url {
            Some(url) => self.webhook_urls.insert(vendor, url),
            None => self.webhook_urls.remove(&vendor),
        };
    }

    fn put_session(&mut self, session: Session) {
        if let Some(order) = &session.external_order_num {
            self.orders.insert(order.clone(), session.id.clone());
        }
        self.watched.insert(session.id.clone());
        self.sessions.insert(session.id.clone(), session);
    }

    /// The payment of a session, when the payer has chosen a method.
    pub fn payment_of(&self, session: &Session) -> Option<&Payment> {
        self.payments.get(session.payment_id.as_deref()?)
    }

    /// Every name under which `id` is known: itself, its session, its payment, the merchant's reference.
    pub fn aliases(&self, id: &str) -> Vec<String> {
        let mut names = vec![id.to_owned()];
        let session_id = match (self.payments.get(id), self.orders.get(id)) {
            (Some(payment), _) => payment.session_id.clone(),
            (None, Some(session_id)) => session_id.clone(),
            (None, None) => id.to_owned(),
        };
        if let Some(session) = self.sessions.get(&session_id) {
            names.push(session.id.clone());
            names.extend(session.payment_id.clone());
            names.extend(session.external_order_num.clone());
        }
        names
    }
}
