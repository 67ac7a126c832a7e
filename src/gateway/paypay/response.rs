//! PayPay's JSON read into our words. Fields we do not know are ignored, fields we need are required.

use jiff::Timestamp;
use serde::Deserialize;

use crate::domain::money::Yen;
use crate::domain::payment::{
    Checkout, MethodCode, PaymentCounters, PaymentSnapshot, RefundSnapshot, RefundStatus, SnapshotStatus,
};
use crate::gateway::paypay::status;
use crate::gateway::status_table::refund_word;

/// How every answer begins.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<T> {
    result_info: ResultInfo,
    data: Option<T>,
}

/// Success or trouble in the vendor's words.
#[derive(Debug, Deserialize)]
pub(super) struct ResultInfo {
    /// `SUCCESS`, `REQUEST_ACCEPTED`, or what went wrong.
    pub code: String,
    /// For staff.
    pub message: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CodeBody {
    code_id: String,
    url: Option<String>,
    expiry_date: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaymentBody {
    payment_id: Option<String>,
    status: String,
    accepted_at: Option<i64>,
    merchant_payment_id: Option<String>,
    amount: Option<AmountBody>,
    refunds: Option<RefundList>,
}

#[derive(Debug, Deserialize)]
struct AmountBody {
    amount: Yen,
    currency: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RefundList {
    data: Vec<RefundBody>,
}

/// A refund, in a payment or by itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefundBody {
    status: String,
    amount: AmountBody,
    merchant_refund_id: Option<String>,
}

/// What is known beside an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    /// PayPay's id of the code, when known.
    pub code_id: Option<&'a str>,
    /// When the code lapses, when known.
    pub expires_at: Option<Timestamp>,
    /// The present.
    pub now: Timestamp,
}

/// The code of a refusal in PayPay's own words; none when the body is not PayPay's.
pub(super) fn result(body: &[u8]) -> Option<ResultInfo> {
    serde_json::from_slice::<Envelope<serde_json::Value>>(body).ok().map(|envelope| envelope.result_info)
}

fn data<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Option<T> {
    let envelope: Envelope<T> = serde_json::from_slice(body).ok()?;
    envelope.data.filter(|_| envelope.result_info.code == "SUCCESS")
}

/// Reads the answer to a new code.
pub(super) fn checkout(body: &[u8]) -> Option<Checkout> {
    let code: CodeBody = data(body)?;
    code.url.as_ref()?;
    Some(Checkout {
        gateway_session_id: code.code_id,
        gateway_payment_id: None,
        redirect_url: code.url,
        expires_at: code.expiry_date.and_then(|at| Timestamp::from_second(at).ok()),
        raw_status: "CREATED".to_owned(),
        status: SnapshotStatus::RequiresAction,
    })
}

/// Reads a payment's details.
pub(super) fn payment(method: Option<&MethodCode>, body: &[u8], known: Known<'_>) -> Option<PaymentSnapshot> {
    data(body).and_then(|payment| of_payment(method, payment, known))
}

/// Reads the answer to a refund: the refund alone, so the payment shows no more than this one.
pub(super) fn refund(payment_id: String, body: &[u8], now: Timestamp) -> Option<RefundSnapshot> {
    let refund: RefundBody = data(body)?;
    let (status, raw_status) = (status::of_refund(&refund.status), refund_word(&refund.status));
    let mut payment = closed(None, "COMPLETED", SnapshotStatus::Captured, now);
    payment.gateway_payment_id = Some(payment_id);
    Some(RefundSnapshot {
        gateway_refund_id: refund.merchant_refund_id,
        amount: refund.amount.amount,
        status,
        raw_status,
        payment,
    })
}

/// What is left when nobody can pay any more.
pub(super) fn closed(
    code_id: Option<&str>,
    raw_status: &str,
    status: SnapshotStatus,
    at: Timestamp,
) -> PaymentSnapshot {
    PaymentSnapshot {
        gateway_session_id: code_id.map(str::to_owned),
        gateway_payment_id: None,
        merchant_reference: None,
        also_captured: Vec::new(),
        disputes: Vec::new(),
        slip: None,
        raw_status: raw_status.to_owned(),
        method: None,
        amount: None,
        counters: PaymentCounters::default(),
        status,
        version: None,
        captured_at: None,
        expires_at: None,
        observed_at: at,
    }
}

/// None when the counters leave the range of yen.
fn of_payment(
    method: Option<&MethodCode>,
    payment: PaymentBody,
    known: Known<'_>,
) -> Option<PaymentSnapshot> {
    let currency = payment.amount.as_ref().and_then(|amount| amount.currency.as_deref());
    let yen = currency.is_none_or(|currency| currency == "JPY");
    let amount = payment.amount.as_ref().map(|amount| amount.amount);
    let mut status = status::of_payment(&payment.status, known.expires_at, known.now);
    let refunded = refunded(payment.refunds.as_ref())?;
    // "REFUNDED" is said of a part too: without the rows nobody knows how much.
    let unclear = payment.status == "REFUNDED" && refunded == Yen::ZERO;
    if !yen || unclear {
        status = SnapshotStatus::Unrecognised;
    }
    let mut raw_status = payment.status.clone();
    // Nobody knows how much went back by a refund that is told of in a word that nobody knows (F40).
    if let Some(word) = strange_refund(payment.refunds.as_ref()) {
        (status, raw_status) = (SnapshotStatus::Unrecognised, refund_word(word));
    }
    let total = amount.unwrap_or(Yen::ZERO);
    let taken = status == SnapshotStatus::Captured;
    let held = taken || status == SnapshotStatus::Authorized;
    Some(PaymentSnapshot {
        gateway_payment_id: payment.payment_id,
        merchant_reference: payment.merchant_payment_id,
        method: method.cloned(),
        amount,
        counters: PaymentCounters {
            authorized: if held { total } else { Yen::ZERO },
            captured: if taken { total } else { Yen::ZERO },
            refunded: if taken { refunded } else { Yen::ZERO },
            charged_back: Yen::ZERO,
        },
        captured_at: payment.accepted_at.filter(|_| taken).and_then(|at| Timestamp::from_second(at).ok()),
        expires_at: known.expires_at,
        ..closed(known.code_id, &raw_status, status, known.now)
    })
}

/// What goes back: accepted refunds count whether or not the money has arrived.
fn refunded(refunds: Option<&RefundList>) -> Option<Yen> {
    let goes = |row: &&RefundBody| {
        matches!(status::of_refund(&row.status), RefundStatus::Succeeded | RefundStatus::Pending)
    };
    Yen::sum(rows(refunds).iter().filter(goes).map(|row| row.amount.amount)).ok()
}

/// The first word of a refund that no table has.
fn strange_refund(refunds: Option<&RefundList>) -> Option<&str> {
    let mut words = rows(refunds).iter().map(|row| row.status.as_str());
    words.find(|word| status::of_refund(word) == RefundStatus::Unrecognised)
}

fn rows(refunds: Option<&RefundList>) -> &[RefundBody] {
    refunds.map_or(&[][..], |refunds| refunds.data.as_slice())
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
