//! KOMOJU's JSON read into our words. Fields we do not know are ignored, fields we need are required.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::domain::dispute::{DisputeSnapshot, DisputeState};
use crate::domain::money::Yen;
use crate::domain::payment::{
    Checkout, PaymentCounters, PaymentSnapshot, RefundSnapshot, RefundStatus, SnapshotStatus,
};
use crate::gateway::komoju::request::Asked;
use crate::gateway::komoju::slip::DetailsBody;
use crate::gateway::komoju::status;
use crate::gateway::status_table::refund_word;
use crate::gateway::{Capabilities, RefundRef};

#[derive(Debug, Deserialize)]
pub(super) struct SessionBody {
    pub id: String,
    status: String,
    #[serde(default)]
    expired: bool,
    session_url: Option<String>,
    amount: Option<Yen>,
    currency: Option<String>,
    payment: Option<PaymentBody>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PaymentBody {
    pub id: String,
    status: String,
    amount: Yen,
    total: Option<Yen>,
    currency: Option<String>,
    amount_refunded: Option<Yen>,
    refunds: Option<Vec<RefundBody>>,
    payment_deadline: Option<String>,
    captured_at: Option<String>,
    external_order_num: Option<String>,
    session: Option<String>,
    payment_details: Option<DetailsBody>,
}

#[derive(Debug, Deserialize)]
struct RefundBody {
    id: Option<String>,
    amount: Yen,
    description: Option<String>,
    chargeback: Option<bool>,
    /// Only where a refund is not simply done.
    status: Option<String>,
}

impl RefundBody {
    fn word(&self) -> &str {
        self.status.as_deref().unwrap_or_default()
    }

    fn standing(&self) -> RefundStatus {
        status::of_refund(self.word())
    }
}

#[derive(Debug, Deserialize)]
struct ListBody {
    data: Vec<PaymentBody>,
}

#[derive(Debug, Deserialize)]
struct ErrorEnvelope {
    error: ErrorBody,
}

/// KOMOJU's error.
#[derive(Debug, Deserialize)]
pub(super) struct ErrorBody {
    pub code: String,
    pub message: Option<String>,
}

/// Reads an error; none when it is not KOMOJU's.
pub(super) fn error(body: &[u8]) -> Option<ErrorBody> {
    serde_json::from_slice::<ErrorEnvelope>(body).ok().map(|envelope| envelope.error)
}

/// Reads the answer to a new session.
pub(super) fn checkout(
    capabilities: &Capabilities,
    body: &[u8],
    asked: &Asked,
    born_at: Timestamp,
) -> Option<Checkout> {
    let session: SessionBody = serde_json::from_slice(body).ok()?;
    let expires_at =
        asked.expires_in_seconds.and_then(|s| born_at.checked_add(SignedDuration::from_secs(s)).ok());
    let redirect_url = session.session_url.clone();
    redirect_url.as_ref()?;
    let snapshot = of_session(capabilities, session, born_at);
    Some(Checkout {
        gateway_session_id: snapshot.gateway_session_id?,
        gateway_payment_id: snapshot.gateway_payment_id,
        redirect_url,
        expires_at,
        raw_status: snapshot.raw_status,
        status: snapshot.status,
    })
}

/// Reads a session.
pub(super) fn session(capabilities: &Capabilities, body: &[u8], at: Timestamp) -> Option<PaymentSnapshot> {
    serde_json::from_slice(body).ok().map(|session| of_session(capabilities, session, at))
}

/// Reads a payment.
pub(super) fn payment(capabilities: &Capabilities, body: &[u8], at: Timestamp) -> Option<PaymentSnapshot> {
    serde_json::from_slice(body).ok().and_then(|payment| of_payment(capabilities, payment, at))
}

/// What a readable list shows.
#[derive(Debug)]
pub(super) enum Listed {
    /// No payment.
    Nothing,
    /// The payment that speaks for the reference.
    Found(Box<PaymentSnapshot>),
}

impl Listed {
    /// The payment, where there is one.
    pub fn found(self) -> Option<PaymentSnapshot> {
        match self {
            Self::Nothing => None,
            Self::Found(snapshot) => Some(*snapshot),
        }
    }

    /// All that took money, without the payment of an id.
    pub fn beside(self, id: Option<&str>) -> Vec<PaymentSnapshot> {
        let Self::Found(mut first) = self else { return Vec::new() };
        let others = std::mem::take(&mut first.also_captured);
        let all = std::iter::once(*first).filter(|it| it.counters.captured > Yen::ZERO).chain(others);
        all.filter(|other| other.gateway_payment_id.as_deref() != id).collect()
    }
}

/// Reads the payments of one reference: the one that took money speaks, else the newest word that is furthest.
pub(super) fn list(capabilities: &Capabilities, body: &[u8], at: Timestamp) -> Option<Listed> {
    let list: ListBody = serde_json::from_slice(body).ok()?;
    let read: Option<Vec<PaymentSnapshot>> =
        list.data.into_iter().map(|payment| of_payment(capabilities, payment, at)).collect();
    let mut snapshots = read?;
    snapshots.sort_by_key(|snapshot| std::cmp::Reverse(weight(snapshot.status)));
    let mut snapshots = snapshots.into_iter();
    let Some(mut first) = snapshots.next() else { return Some(Listed::Nothing) };
    first.also_captured = snapshots.filter(|other| other.counters.captured > Yen::ZERO).collect();
    Some(Listed::Found(Box::new(first)))
}

/// Reads the answer to a refund, which is the payment after it.
pub(super) fn refund(
    capabilities: &Capabilities,
    body: &[u8],
    asked: &Asked,
    at: Timestamp,
) -> Option<RefundSnapshot> {
    let payment: PaymentBody = serde_json::from_slice(body).ok()?;
    let amount = Yen::new(asked.amount?).ok()?;
    let ours = |row: &&RefundBody| row.amount == amount && row.description == asked.description;
    let row = payment.refunds.iter().flatten().rfind(ours);
    let gateway_refund_id = row.and_then(|row| row.id.clone());
    // A payment that does not show the refund has not taken it in yet.
    let status = row.map_or(RefundStatus::Pending, RefundBody::standing);
    let raw_status = refund_word(row.map_or("", RefundBody::word));
    let payment = of_payment(capabilities, payment, at)?;
    Some(RefundSnapshot { gateway_refund_id, amount, status, raw_status, payment })
}

/// A body that is no payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// Finds a refund among those of its payment, by our reference; none where the payment shows none.
pub(super) fn find_refund(
    capabilities: &Capabilities,
    body: &[u8],
    query: &RefundRef,
    at: Timestamp,
) -> Result<Option<RefundSnapshot>, Unreadable> {
    let payment: PaymentBody = serde_json::from_slice(body).map_err(|_| Unreadable)?;
    let ours = |row: &&RefundBody| row.description.as_deref() == Some(query.reference.as_str());
    let found = payment.refunds.iter().flatten().rfind(ours);
    let found = found.map(|row| (row.id.clone(), row.amount, row.standing(), refund_word(row.word())));
    let payment = of_payment(capabilities, payment, at).ok_or(Unreadable)?;
    Ok(found.map(|(gateway_refund_id, amount, status, raw_status)| RefundSnapshot {
        gateway_refund_id,
        amount,
        status,
        raw_status,
        payment,
    }))
}

fn of_session(capabilities: &Capabilities, session: SessionBody, at: Timestamp) -> PaymentSnapshot {
    let yen = session.currency.as_deref().is_none_or(|currency| currency == "JPY");
    let own = status::of_session(&session.status, session.expired);
    let inner = session.payment.and_then(|payment| of_payment(capabilities, payment, at));
    let Some(mut snapshot) = inner else {
        return PaymentSnapshot {
            gateway_session_id: Some(session.id),
            gateway_payment_id: None,
            merchant_reference: None,
            also_captured: Vec::new(),
            disputes: Vec::new(),
            slip: None,
            raw_status: format!("session:{}", session.status),
            method: None,
            amount: session.amount,
            counters: PaymentCounters::default(),
            status: if yen { own } else { SnapshotStatus::Unrecognised },
            version: None,
            captured_at: None,
            expires_at: None,
            observed_at: at,
        };
    };
    snapshot.gateway_session_id = Some(session.id);
    let both = status::of_both(own, snapshot.status);
    if both != snapshot.status {
        snapshot.raw_status = format!("session:{}", session.status);
        snapshot.status = both;
    }
    snapshot
}

/// None when the counters leave the range of yen.
pub(super) fn of_payment(
    capabilities: &Capabilities,
    payment: PaymentBody,
    at: Timestamp,
) -> Option<PaymentSnapshot> {
    let kind = payment.payment_details.as_ref().and_then(|details| details.kind.as_deref());
    let method = kind.and_then(|code| capabilities.gateway_method(code));
    let yen = payment.currency.as_deref().is_none_or(|currency| currency == "JPY");
    let mut status = if yen {
        status::of_payment(&payment.status, method.map(|method| method.flow))
    } else {
        SnapshotStatus::Unrecognised
    };
    let mut raw_status = payment.status.clone();
    let slip = match payment.payment_details.as_ref().map(DetailsBody::slip).transpose() {
        Ok(slip) => slip.flatten(),
        // A slip that nobody can pay with is told to people; money that came is not doubted for it.
        Err(fault) if status == SnapshotStatus::AwaitingPayment => {
            status = SnapshotStatus::Unrecognised;
            raw_status = format!("slip:{}", fault.part);
            None
        }
        Err(_) => None,
    };
    let total = payment.total.unwrap_or(payment.amount);
    let instant = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<Timestamp>().ok());
    Some(PaymentSnapshot {
        counters: counters(&payment, status, total)?,
        disputes: disputes(&payment),
        slip,
        captured_at: instant(&payment.captured_at),
        expires_at: instant(&payment.payment_deadline),
        gateway_session_id: payment.session,
        gateway_payment_id: Some(payment.id),
        merchant_reference: payment.external_order_num,
        also_captured: Vec::new(),
        raw_status,
        method: method.map(|method| method.method.clone()),
        amount: Some(total),
        status,
        version: None,
        observed_at: at,
    })
}

/// Money as counters. Chargebacks are rows among the refunds; whether `amount_refunded` includes them is not
/// documented, so refunds are the larger of their rows and of what remains of that sum.
fn counters(payment: &PaymentBody, status: SnapshotStatus, total: Yen) -> Option<PaymentCounters> {
    let taken = status == SnapshotStatus::Captured;
    let held = taken || status == SnapshotStatus::Authorized;
    let mut counters = PaymentCounters {
        authorized: if held { total } else { Yen::ZERO },
        captured: if taken { total } else { Yen::ZERO },
        ..PaymentCounters::default()
    };
    if !taken {
        return Some(counters);
    }
    let rows = || payment.refunds.iter().flatten();
    let pulled = |row: &&RefundBody| row.chargeback == Some(true);
    counters.charged_back = Yen::sum(rows().filter(pulled).map(|row| row.amount)).ok()?;
    // What is said in a word that nobody knows has not gone back by its row; the sum counts it, where it does.
    let goes = |row: &RefundBody| matches!(row.standing(), RefundStatus::Succeeded | RefundStatus::Pending);
    let back = |row: &&RefundBody| !pulled(row) && goes(row);
    let by_rows = Yen::sum(rows().filter(back).map(|row| row.amount)).ok()?;
    let by_sum = payment.amount_refunded.unwrap_or(Yen::ZERO);
    counters.refunded = by_rows.max(by_sum.minus(counters.charged_back).unwrap_or(Yen::ZERO));
    if payment.status == "refunded" && counters.refunded.plus(counters.charged_back).ok()? < total {
        counters.refunded = total.minus(counters.charged_back).ok()?;
    }
    Some(counters)
}

/// KOMOJU shows a dispute only once it is lost, as a row among the refunds.
fn disputes(payment: &PaymentBody) -> Vec<DisputeSnapshot> {
    let rows = payment.refunds.iter().flatten().filter(|row| row.chargeback == Some(true)).zip(1..);
    let lost = |(row, number): (&RefundBody, usize)| DisputeSnapshot {
        gateway_dispute_id: row.id.clone().unwrap_or_else(|| format!("{}:chargeback:{number}", payment.id)),
        amount: row.amount,
        reason_code: row.description.clone(),
        raw_status: "chargeback".to_owned(),
        state: Some(DisputeState::Lost),
        respond_by: None,
    };
    rows.map(lost).collect()
}

/// Which of several payments of one reference speaks for it.
fn weight(status: SnapshotStatus) -> u8 {
    match status {
        SnapshotStatus::Captured => 6,
        SnapshotStatus::Unrecognised => 5,
        SnapshotStatus::Authorized => 4,
        SnapshotStatus::AwaitingPayment | SnapshotStatus::Processing => 3,
        SnapshotStatus::RequiresAction => 2,
        SnapshotStatus::Failed | SnapshotStatus::Canceled | SnapshotStatus::Expired => 1,
    }
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
