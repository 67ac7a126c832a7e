//! The running simulator: state, journal, faults and keys behind one mutex.
//!
//! Every change is decided by the pure modules, written to the journal, and only then applied and
//! answered. The work under the lock is short and synchronous.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use super::calls::{AcceptedRefund, Call};
use super::clock::{IdSource, machine_now};
use super::engine::{Change, Refusal, after_seconds, lapse};
use super::facade::{self, Event};
use super::fault_book::{FaultBook, Met};
use super::faults::{FaultKind, FaultOrder, Op};
use super::former::Formers;
use super::journal::Journal;
use super::model::{EventKind, Payment, PaymentStatus};
use super::settings::SimulatorSettings;
use super::settlement;
use super::state::{Answer, Delivery, DeliveryState, Entry, Signing, State};

/// Idempotency keys are forgotten after this long (KOMOJU: at most 24 hours).
const KEY_LIFE_SECONDS: u32 = 86_400;

/// An HTTP answer before it meets a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Its text.
    pub body: String,
    /// How the text is written on the wire.
    pub media: Media,
}

/// How a text is written on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// JSON in UTF-8.
    Json,
    /// Comma-separated values in Shift_JIS.
    ShiftJisCsv,
    /// As before, with a character of which one half is missing (F37).
    BrokenShiftJisCsv,
}

impl Reply {
    /// An answer in JSON.
    pub fn json(status: u16, body: String) -> Self {
        Self { status, body, media: Media::Json }
    }
}

/// An idempotency key and what it stands for.
#[derive(Debug, Clone)]
pub struct Keyed {
    /// The key.
    pub key: String,
    /// SHA-256 of method, path and body, in hex.
    pub fingerprint: String,
}

/// Why a keyed call was not carried out.
#[derive(Debug)]
pub enum CallFault {
    /// The key was used with another request.
    KeyReused,
    /// The first request with this key is not finished.
    KeyInFlight,
    /// The journal could not be written; nothing was done.
    Journal(io::Error),
}

/// Why a payer's act did not happen.
#[derive(Debug)]
pub enum ActFault {
    /// The engine refused.
    Refused(Refusal),
    /// The journal could not be written; nothing was done.
    Journal(io::Error),
}

/// A notification as a façade words it.
#[derive(Debug)]
pub struct Notification {
    /// The delivery's own id.
    pub id: String,
    /// Headers, signature included.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: String,
}

/// Everything that changes.
#[derive(Debug)]
pub struct Inner {
    /// The memory.
    pub state: State,
    /// Armed faults.
    pub faults: FaultBook,
    formers: Formers,
    journal: Journal,
    ids: IdSource,
    in_flight: BTreeSet<String>,
}

impl Inner {
    /// The virtual present.
    pub fn now(&self) -> Timestamp {
        let now = machine_now();
        now.checked_add(SignedDuration::from_millis(self.state.shift_ms)).unwrap_or(now)
    }

    /// Journals entries, then applies them.
    pub fn record(&mut self, entries: Vec<Entry>) -> io::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        self.journal.append(self.ids.drawn(), &entries)?;
        self.formers.keep(&self.state, &entries);
        for entry in entries {
            self.state.apply(entry);
        }
        Ok(())
    }
}

/// The simulator.
#[derive(Debug)]
pub struct Simulator {
    /// How it was started.
    pub settings: SimulatorSettings,
    /// Where it listens.
    pub address: SocketAddr,
    /// Woken when a notification may be due.
    pub wake: Notify,
    inner: Mutex<Inner>,
}

impl Simulator {
    /// Opens the journal and continues where it ends.
    pub fn open(settings: SimulatorSettings, address: SocketAddr) -> io::Result<Self> {
        let opened = Journal::open(&settings.data_dir)?;
        let inner = Inner {
            state: opened.state,
            faults: FaultBook::default(),
            formers: Formers::default(),
            journal: opened.journal,
            ids: IdSource::new(settings.seed, opened.drawn),
            in_flight: BTreeSet::new(),
        };
        let simulator = Self { settings, address, wake: Notify::new(), inner: Mutex::new(inner) };
        for account in simulator.settings.accounts.iter().filter(|account| account.webhook_url.is_some()) {
            let entry = Entry::VendorWebhookUrl(account.vendor, account.webhook_url.clone());
            simulator.lock().record(vec![entry])?;
        }
        Ok(simulator)
    }

    /// The state behind its mutex, after time has done its work.
    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the books of every day that has ended: what its movements come to is paid out in one batch.
    pub fn settle(&self) -> io::Result<()> {
        let mut guard = self.lock();
        let inner = &mut *guard;
        self.tick(inner)?;
        let now = inner.now();
        let Inner { state, faults, ids, .. } = &mut *inner;
        let left_out =
            |names: &[String]| faults.take(&Met { op: Op::Settle, names, event: None }, |_| true).is_some();
        let entries = settlement::due(state, now, ids, left_out);
        inner.record(entries)
    }

    /// Ends all writing: a worker that is still shutting down must not hold the journal, nor write to it.
    pub fn close(&self) {
        self.lock().journal.close();
    }

    /// Lets deadlines pass: unfinished payments and unpaid slips lapse.
    pub fn tick(&self, inner: &mut Inner) -> io::Result<()> {
        let now = inner.now();
        inner.faults.forget(now);
        let (change, settled) = lapse(&inner.state, now);
        if !change.entries.is_empty() {
            self.commit(inner, change, None, now)?;
        }
        for id in settled {
            inner.state.watched.remove(&id);
        }
        Ok(())
    }

    /// Carries out an act that needs no key: the payer's, on the hosted page.
    pub fn act<T>(
        &self,
        decide: impl FnOnce(&State, Timestamp, &mut IdSource) -> Result<(Change, T), Refusal>,
    ) -> Result<T, ActFault> {
        let mut guard = self.lock();
        let inner = &mut *guard;
        self.tick(inner).map_err(ActFault::Journal)?;
        let now = inner.now();
        let (change, value) = decide(&inner.state, now, &mut inner.ids).map_err(ActFault::Refused)?;
        self.commit(inner, change, None, now).map_err(ActFault::Journal)?;
        Ok(value)
    }

    /// Carries out a merchant's call; effect and kept answer are one line of the journal.
    pub fn call(
        &self,
        keyed: Option<&Keyed>,
        keeps: impl FnOnce(&Reply) -> bool,
        decide: impl FnOnce(&State, Timestamp, &mut IdSource) -> (Change, Reply),
    ) -> Result<Reply, CallFault> {
        let mut guard = self.lock();
        let inner = &mut *guard;
        self.tick(inner).map_err(CallFault::Journal)?;
        let now = inner.now();
        if let Some(answer) = keyed.and_then(|keyed| kept_answer(&inner.state, keyed, now)) {
            let same = keyed.is_some_and(|keyed| keyed.fingerprint == answer.fingerprint);
            let reply = Reply::json(answer.status, answer.body.clone());
            return if same { Ok(reply) } else { Err(CallFault::KeyReused) };
        }
        let (change, reply) = decide(&inner.state, now, &mut inner.ids);
        let kept = keyed.filter(|_| keeps(&reply));
        let answer = kept.map(|keyed| Answer {
            key: keyed.key.clone(),
            fingerprint: keyed.fingerprint.clone(),
            status: reply.status,
            body: reply.body.clone(),
            at: now,
        });
        self.commit(inner, change, answer, now).map_err(CallFault::Journal)?;
        Ok(reply)
    }

    /// Marks a key as in flight; fails when it already is.
    pub fn enter(&self, keyed: Option<&Keyed>) -> Result<(), CallFault> {
        let Some(keyed) = keyed else { return Ok(()) };
        let entered = self.lock().in_flight.insert(keyed.key.clone());
        if entered { Ok(()) } else { Err(CallFault::KeyInFlight) }
    }

    /// Ends what [`Simulator::enter`] began.
    pub fn leave(&self, keyed: Option<&Keyed>) {
        if let Some(keyed) = keyed {
            self.lock().in_flight.remove(&keyed.key);
        }
    }

    /// The fault ordered for this call, if any and if it can befall it; without one the caller hears the truth, and what
    /// was lost of it before is known.
    pub fn take_fault(&self, call: &impl Call) -> Option<FaultOrder> {
        let mut guard = self.lock();
        let inner = &mut *guard;
        let names = inner.state.aliases(call.target());
        let (state, formers) = (&inner.state, &inner.formers);
        let can_refund = || {
            let payment = names.iter().find_map(|name| state.payments.get(name));
            payment.is_some_and(|payment| payment.refundable() > 0)
        };
        let possible = |fault| match fault {
            FaultKind::F09 => call.keyed().is_some(),
            FaultKind::F12 => names.len() > 1,
            FaultKind::F13 => formers.knows(&names),
            FaultKind::F26 | FaultKind::F27 => can_refund(),
            FaultKind::F28 => can_refund() && call.words().accepted_refund == AcceptedRefund::CanFail,
            FaultKind::F38 => call.words().clock_off.is_some(),
            _ => true,
        };
        let met = Met { op: call.op(), names: &names, event: None };
        let order = inner.faults.take(&met, possible);
        if order.is_none() {
            inner.faults.hear(&names);
        }
        order
    }

    /// The answer about `reference` was lost, and nobody has asked for it yet; its key lives as long as any.
    pub fn lose_answer(&self, reference: &str, order: &FaultOrder) {
        let mut inner = self.lock();
        let forgotten_at = after_seconds(inner.now(), KEY_LIFE_SECONDS);
        inner.faults.lose(reference, order, forgotten_at);
    }

    /// What a query shows that lags one change behind.
    pub fn ask_the_past(&self, call: &impl Call) -> Option<Reply> {
        let mut guard = self.lock();
        let inner = &mut *guard;
        let past = inner.formers.of(&inner.state.aliases(call.target()))?;
        let now = inner.now();
        Some(call.decide(&past, now, &mut inner.ids).map_or_else(|reply| reply, |(_, reply)| reply))
    }

    fn commit(
        &self,
        inner: &mut Inner,
        change: Change,
        answer: Option<Answer>,
        now: Timestamp,
    ) -> io::Result<()> {
        let deliveries = self.notifications(inner, &change, now);
        let mut entries = change.entries;
        entries.extend(deliveries.into_iter().map(Entry::Delivery));
        entries.extend(answer.map(Entry::Answer));
        inner.record(entries)?;
        self.wake.notify_one();
        Ok(())
    }

    /// Words the events, spoils them as ordered, and lets held-back ones follow.
    fn notifications(&self, inner: &mut Inner, change: &Change, now: Timestamp) -> Vec<Delivery> {
        let mut made: Vec<Delivery> = Vec::new();
        let mut seq = inner.state.deliveries.last_key_value().map_or(0, |(last, _)| *last);
        for (kind, payment) in &change.events {
            let Some(name) = (facade::of(payment.vendor).event_type)(*kind, payment) else { continue };
            release_held(&mut made, &inner.state, payment, now);
            let session = change.session_after(&inner.state, &payment.session_id);
            let at = now;
            let event = Event { kind: *kind, name, payment, session, signing: Signing::Right, at };
            let mut names = inner.state.aliases(&payment.id);
            names.push(payment.session_id.clone());
            names.extend(payment.external_order_num.clone());
            let met = Met { op: Op::Webhook, names: &names, event: Some(name) };
            let fault = inner.faults.take(&met, |_| true);
            let signing = match fault.as_ref().map(|order| order.fault) {
                Some(FaultKind::F19) => Signing::WrongKey,
                Some(FaultKind::F20) => Signing::ChangedBody,
                _ => Signing::Right,
            };
            if signing != Signing::Right {
                seq += 1;
                made.push(self.forgery(&mut inner.ids, &event, signing, seq));
            }
            seq += 1;
            let mut delivery = self.delivery(&mut inner.ids, &event, seq);
            if let Some(order) = fault {
                spoil(&mut delivery, &order, now);
            }
            made.push(delivery);
        }
        made
    }

    /// What a forger would send instead: all paid.
    fn forgery(&self, ids: &mut IdSource, event: &Event<'_>, signing: Signing, seq: u64) -> Delivery {
        let (kind, payment) = (EventKind::Captured, lie(event.payment));
        let named = (facade::of(payment.vendor).event_type)(kind, &payment);
        let name = named.unwrap_or(event.name);
        let event = Event { kind, name, payment: &payment, signing, ..*event };
        self.delivery(ids, &event, seq)
    }

    fn delivery(&self, ids: &mut IdSource, event: &Event<'_>, seq: u64) -> Delivery {
        let vendor = event.payment.vendor;
        let worded = (facade::of(vendor).notification)(&self.settings, event, ids);
        Delivery {
            seq,
            vendor,
            id: worded.id,
            event_type: event.name.to_owned(),
            payment_id: event.payment.id.clone(),
            headers: worded.headers,
            body: worded.body,
            signing: event.signing,
            copies: 1,
            concurrent: false,
            state: DeliveryState::Waiting,
            attempts: 0,
            due_at: event.at,
            last_status: 0,
        }
    }
}

fn kept_answer<'a>(state: &'a State, keyed: &Keyed, now: Timestamp) -> Option<&'a Answer> {
    state.answers.get(&keyed.key).filter(|answer| now < after_seconds(answer.at, KEY_LIFE_SECONDS))
}

/// Lets what was held back for this payment follow its next notification.
fn release_held(made: &mut Vec<Delivery>, state: &State, payment: &Payment, now: Timestamp) {
    let known: BTreeSet<u64> = made.iter().map(|delivery| delivery.seq).collect();
    let earlier = state.open.difference(&known).filter_map(|seq| state.deliveries.get(seq));
    made.extend(earlier.filter(|delivery| is_held(delivery, payment)).cloned());
    for delivery in made.iter_mut().filter(|delivery| is_held(delivery, payment)) {
        delivery.state = DeliveryState::Waiting;
        delivery.due_at = now.checked_add(SignedDuration::from_millis(1)).unwrap_or(now);
    }
}

fn is_held(delivery: &Delivery, payment: &Payment) -> bool {
    delivery.state == DeliveryState::Held && delivery.payment_id == payment.id
}

/// The payment a forger would like us to believe in: all paid.
fn lie(payment: &Payment) -> Payment {
    Payment { status: PaymentStatus::Captured, captured: payment.amount, ..payment.clone() }
}

fn spoil(delivery: &mut Delivery, order: &FaultOrder, now: Timestamp) {
    match order.fault {
        FaultKind::F14 | FaultKind::F15 => {
            delivery.copies = order.args.copies.max(1);
            delivery.concurrent = order.fault == FaultKind::F15;
        }
        FaultKind::F16 => {
            delivery.state = DeliveryState::Held;
            delivery.due_at = after_seconds(now, order.args.delay_seconds);
        }
        FaultKind::F17 => delivery.due_at = after_seconds(now, order.args.delay_seconds),
        FaultKind::F18 => delivery.state = DeliveryState::Suppressed,
        _ => {}
    }
}
