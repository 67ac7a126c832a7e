//! PayPay's JSON: codes, payments, refunds, errors and notifications.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::simulator::clock::IdSource;
use crate::simulator::core::{Notification, Reply};
use crate::simulator::engine::Refusal;
use crate::simulator::facade::Event;
use crate::simulator::model::{EventKind, Payment, PaymentStatus, Refund, RefundFate, Session, Vendor};
use crate::simulator::settings::SimulatorSettings;
use crate::simulator::state::Signing;

/// An answer: what came of the call, and its data.
pub fn answer(status: u16, code: &str, message: &str, data: &Value) -> Reply {
    let body = json!({
        "resultInfo": { "code": code, "message": message, "codeId": "08100001" },
        "data": data,
    });
    Reply::json(status, body.to_string())
}

/// A success.
pub fn success(status: u16, data: &Value) -> Reply {
    answer(status, "SUCCESS", "Success", data)
}

/// PayPay's error body.
pub fn error(status: u16, code: &str) -> Reply {
    answer(status, code, "See the code.", &Value::Null)
}

/// A code; `base` is the address of the hosted page without a final slash.
pub fn code(session: &Session, base: &str) -> Value {
    json!({
        "codeId": session.id,
        "url": format!("{base}/hosted/{}", session.id),
        "deeplink": format!("paypay://payment?link_key={}", session.id),
        "expiryDate": session.expires_at.as_second(),
        "merchantPaymentId": session.external_order_num,
        "amount": yen(session.amount),
        "codeType": "ORDER_QR",
        "redirectUrl": session.return_url,
        "redirectType": "WEB_LINK",
        "isAuthorization": false,
    })
}

/// The details of a payment; an unpaid code shows `CREATED` whether or not it has lapsed.
pub fn details(session: &Session, payment: Option<&Payment>) -> Value {
    let paid = payment.filter(|payment| payment.captured > 0);
    let refunds: Vec<Value> =
        paid.map_or(Vec::new(), |payment| payment.refunds.iter().map(|it| refund(payment, it)).collect());
    let mut value = json!({
        "paymentId": paid.map(|payment| payment.id.clone()),
        "status": state(session, payment),
        "acceptedAt": paid.and_then(|payment| payment.captured_at).map(Timestamp::as_second),
        "merchantPaymentId": session.external_order_num,
        "amount": yen(session.amount),
        "requestedAt": session.created_at.as_second(),
    });
    if let Some(fields) = value.as_object_mut().filter(|_| !refunds.is_empty()) {
        fields.insert("refunds".to_owned(), json!({ "data": refunds }));
    }
    value
}

fn state(session: &Session, payment: Option<&Payment>) -> &'static str {
    match payment.map(|payment| payment.status) {
        Some(PaymentStatus::Captured) => "COMPLETED",
        Some(PaymentStatus::Refunded) => "REFUNDED",
        Some(PaymentStatus::Authorized) => "AUTHORIZED",
        _ if session.called_off => "FAILED",
        _ => "CREATED",
    }
}

/// A refund.
pub fn refund(payment: &Payment, refund: &Refund) -> Value {
    json!({
        "status": if refund.fate == RefundFate::Failed { "FAILED" } else { "REFUNDED" },
        "acceptedAt": refund.created_at.as_second(),
        "merchantRefundId": refund.reference,
        "paymentId": payment.id,
        "amount": yen(refund.amount),
        "requestedAt": refund.created_at.as_second(),
        "reason": refund.description,
    })
}

fn yen(amount: u64) -> Value {
    json!({ "amount": amount, "currency": "JPY" })
}

/// The engine's refusal of a refund in PayPay's words.
pub fn refund_refusal(refusal: &Refusal) -> Reply {
    match refusal {
        Refusal::NotFound => error(404, "TRANSACTION_NOT_FOUND"),
        Refusal::AmountTooLarge(_) => error(400, "REFUND_LIMIT_EXCEEDED"),
        Refusal::WrongStatus(_) => error(400, "ORDER_NOT_REVERSIBLE"),
        _ => error(400, "INVALID_PARAMS"),
    }
}

/// PayPay tells of a payment that was made, and of nothing else.
pub fn event_type(kind: EventKind) -> Option<&'static str> {
    (kind == EventKind::Captured).then_some("COMPLETED")
}

/// A notification: nobody signs it, so a forged one is simply one that lies.
pub fn notification(settings: &SimulatorSettings, event: &Event<'_>, ids: &mut IdSource) -> Notification {
    let merchant_id = match event.signing {
        Signing::Right | Signing::WrongKey => settings.credential(Vendor::Paypay, "merchant_id"),
        Signing::ChangedBody => Some("somebody_else"),
    };
    let body = json!({
        "notification_type": "Transaction",
        "merchant_id": merchant_id.unwrap_or_default(),
        "store_id": "",
        "order_id": event.payment.id,
        "merchant_order_id": event.payment.external_order_num,
        "state": event.name,
        "paid_at": event.payment.captured_at.unwrap_or(event.at).to_string(),
        "order_amount": event.payment.amount.to_string(),
    });
    Notification { id: ids.next(), headers: Vec::new(), body: body.to_string() }
}
