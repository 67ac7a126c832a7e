//! The truth for tests: what payers really paid, folded from the movements alone.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::el_qr::{self, ElTruth};
use super::engine::status_name;
use super::model::{MovementKind, Session, SessionStatus};
use super::state::State;

/// One merchant's reference (or one session without a reference).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerLine {
    /// The merchant's own reference.
    pub external_order_num: Option<String>,
    /// The session.
    pub session_id: String,
    /// Where the session stands.
    pub session_status: SessionStatus,
    /// The payment, once a method was chosen.
    pub payment_id: Option<String>,
    /// The method of the latest attempt.
    pub method: Option<String>,
    /// Where the payment stands.
    pub status: Option<&'static str>,
    /// Yen reserved on the card at some time.
    pub authorized: u64,
    /// Yen taken.
    pub captured: u64,
    /// Yen given back.
    pub refunded: u64,
    /// Yen pulled back by the payer's bank.
    pub charged_back: u64,
    /// How many times money was taken: more than one is a double charge.
    pub charges: u32,
}

/// The whole truth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// One line a session, oldest id first.
    pub orders: Vec<LedgerLine>,
    /// One line a slip of the organisation that takes public money by eL-QR; none where one reference is asked for.
    pub el_qr: Vec<ElTruth>,
    /// Yen taken in all.
    pub captured: u64,
    /// Yen given back in all.
    pub refunded: u64,
}

#[derive(Debug, Default)]
struct Sums {
    authorized: u64,
    captured: u64,
    refunded: u64,
    charged_back: u64,
    charges: u32,
}

/// Folds the movements, for one merchant's reference or for all.
pub fn ledger(state: &State, order: Option<&str>) -> Ledger {
    let wanted = |reference: &Option<String>| order.is_none() || reference.as_deref() == order;
    let found: Vec<&Session> =
        state.sessions.values().filter(|session| wanted(&session.external_order_num)).collect();
    // A storm asks for one reference thousands of times: only what is shown is folded. A session may have charged more than once.
    let shown: BTreeSet<&str> = found.iter().map(|session| session.id.as_str()).collect();
    let mut sums: BTreeMap<&str, Sums> = BTreeMap::new();
    for movement in &state.movements {
        let session = state.payments.get(&movement.payment_id).map(|payment| payment.session_id.as_str());
        let Some(session) = session.filter(|session| shown.contains(session)) else { continue };
        let sum = sums.entry(session).or_default();
        match movement.kind {
            MovementKind::Authorize => sum.authorized += movement.amount,
            MovementKind::Capture => {
                sum.captured += movement.amount;
                sum.charges += 1;
            }
            MovementKind::Refund => sum.refunded += movement.amount,
            MovementKind::RefundFailed => sum.refunded = sum.refunded.saturating_sub(movement.amount),
            MovementKind::Chargeback => sum.charged_back += movement.amount,
            MovementKind::Void => {}
        }
    }
    let mut orders = Vec::new();
    for session in found {
        let payment = state.payment_of(session);
        let sum = sums.remove(session.id.as_str()).unwrap_or_default();
        orders.push(LedgerLine {
            external_order_num: session.external_order_num.clone(),
            session_id: session.id.clone(),
            session_status: session.status,
            payment_id: session.payment_id.clone(),
            method: payment.map(|payment| payment.method.clone()),
            status: payment.map(|payment| status_name(payment.status)),
            authorized: sum.authorized,
            captured: sum.captured,
            refunded: sum.refunded,
            charged_back: sum.charged_back,
            charges: sum.charges,
        });
    }
    let el_qr = if order.is_none() { el_qr::truth(state) } else { Vec::new() };
    let by_number: u64 = el_qr.iter().map(|of| of.captured).sum();
    let captured = orders.iter().map(|line| line.captured).sum::<u64>() + by_number;
    let refunded = orders.iter().map(|line| line.refunded).sum();
    Ledger { orders, el_qr, captured, refunded }
}
