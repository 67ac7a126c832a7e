//! Stripe's JSON: sessions, payment intents, charges, refunds, errors and events.

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::simulator::clock::IdSource;
use crate::simulator::core::{Notification, Reply};
use crate::simulator::engine::Refusal;
use crate::simulator::facade::Event;
use crate::simulator::model::{
    Dispute, EventKind, Payment, PaymentStatus, Refund, RefundFate, Session, SessionStatus, Step, Vendor,
};
use crate::simulator::settings::SimulatorSettings;
use crate::simulator::state::{Delivery, Signing};

/// A session as Stripe shows it; `base` is the address of the hosted page without a final slash.
pub fn session(
    session: &Session,
    payment: Option<&Payment>,
    base: &str,
    now: Timestamp,
    expands: bool,
) -> Value {
    let status = match session.status {
        SessionStatus::Pending if session.lapsed(now) => "expired",
        SessionStatus::Pending => "open",
        SessionStatus::Completed => "complete",
        SessionStatus::Cancelled => "expired",
    };
    let paid = payment.is_some_and(|payment| payment.captured > 0);
    let shown = payment.map(|payment| if expands { intent(payment) } else { json!(payment.id) });
    json!({
        "id": session.id,
        "object": "checkout.session",
        "mode": "payment",
        "status": status,
        "payment_status": if paid { "paid" } else { "unpaid" },
        "url": (status == "open").then(|| format!("{base}/hosted/{}", session.id)),
        "amount_total": session.amount,
        "currency": "jpy",
        "client_reference_id": session.external_order_num,
        "created": session.created_at.as_second(),
        "expires_at": session.expires_at.as_second(),
        "success_url": session.return_url,
        "locale": session.locale,
        "metadata": session.metadata,
        "payment_method_types": session.payment_types.iter().map(|it| method(it)).collect::<Vec<_>>(),
        "payment_intent": shown,
        "livemode": false,
    })
}

/// A payment intent with its charge.
pub fn intent(payment: &Payment) -> Value {
    let status = match payment.status {
        PaymentStatus::Pending if payment.step == Step::Challenge => "requires_action",
        PaymentStatus::Pending | PaymentStatus::Failed => "requires_payment_method",
        PaymentStatus::Authorized if payment.slip_number.is_some() => "requires_action",
        PaymentStatus::Authorized => "requires_capture",
        PaymentStatus::Captured | PaymentStatus::Refunded => "succeeded",
        PaymentStatus::Cancelled => "canceled",
        // A slip that lapsed asks for another method.
        PaymentStatus::Expired => "requires_payment_method",
    };
    json!({
        "id": payment.id,
        "object": "payment_intent",
        "status": status,
        "amount": payment.amount,
        "amount_received": payment.captured,
        "currency": "jpy",
        "created": payment.created_at.as_second(),
        "metadata": payment.metadata,
        "payment_method_types": [method(&payment.method)],
        "latest_charge": (payment.captured > 0).then(|| charge(payment)),
        "livemode": false,
    })
}

fn charge(payment: &Payment) -> Value {
    json!({
        "id": format!("ch_{}", payment.id),
        "object": "charge",
        "created": payment.captured_at.map(Timestamp::as_second),
        "amount": payment.captured,
        "amount_captured": payment.captured,
        "amount_refunded": payment.refunded,
        "refunded": payment.refundable() == 0,
        "disputed": !payment.disputes.is_empty(),
        "currency": "jpy",
        "payment_intent": payment.id,
        "metadata": payment.metadata,
    })
}

/// The latest refund of a payment.
pub fn refund(payment: &Payment, expands: bool) -> Value {
    payment.refunds.last().map_or(Value::Null, |latest| refund_value(payment, latest, expands))
}

/// The identifier of a refund.
pub fn refund_id(refund: &Refund) -> String {
    format!("re_{}", refund.id)
}

/// A refund of a payment.
pub fn refund_value(payment: &Payment, refund: &Refund, expands: bool) -> Value {
    json!({
        "id": refund_id(refund),
        "object": "refund",
        "status": if refund.fate == RefundFate::Failed { "failed" } else { "succeeded" },
        "amount": refund.amount,
        "currency": "jpy",
        "created": refund.created_at.as_second(),
        "payment_intent": if expands { intent(payment) } else { json!(payment.id) },
        "metadata": { "reason": refund.description },
    })
}

/// The refunds of a payment, the youngest first.
pub fn refunds(payment: &Payment, expands: bool) -> Value {
    let all = payment.refunds.iter().rev().map(|refund| refund_value(payment, refund, expands));
    json!({ "object": "list", "data": all.collect::<Vec<_>>(), "has_more": false })
}

/// The disputes of a payment.
pub fn disputes(payment: Option<&Payment>) -> Reply {
    let data: Vec<Value> = payment.map_or_else(Vec::new, |payment| {
        payment.disputes.iter().map(|dispute| dispute_value(payment, dispute)).collect()
    });
    ok(&json!({ "object": "list", "data": data, "has_more": false }))
}

/// A dispute; it carries no metadata of its payment's.
fn dispute_value(payment: &Payment, dispute: &Dispute) -> Value {
    json!({
        "id": dispute.id,
        "object": "dispute",
        "amount": dispute.amount,
        "currency": "jpy",
        "charge": format!("ch_{}", payment.id),
        "payment_intent": payment.id,
        "reason": dispute.reason,
        "status": dispute.status.as_str(),
        "evidence_details": { "due_by": dispute.respond_by.as_second(), "has_evidence": false },
        "created": dispute.created_at.as_second(),
        "metadata": {},
    })
}

/// A success.
pub fn ok(value: &Value) -> Reply {
    Reply::json(200, value.to_string())
}

/// Stripe's error body.
pub fn error(status: u16, kind: &str, code: &str, message: &str) -> Reply {
    let body = json!({ "error": { "type": kind, "code": code, "message": message } });
    Reply::json(status, body.to_string())
}

/// A wrong key.
pub fn unauthorised() -> Reply {
    error(401, "invalid_request_error", "api_key_invalid", "Invalid API Key provided.")
}

/// The engine's refusal in Stripe's words.
pub fn refusal(refusal: &Refusal) -> Reply {
    let refused = |status, code, message: &str| error(status, "invalid_request_error", code, message);
    match refusal {
        Refusal::NotFound => refused(404, "resource_missing", "No such object."),
        Refusal::WrongStatus(status) => {
            let words = format!("This is not possible: the status is {status}.");
            refused(400, "payment_intent_unexpected_state", &words)
        }
        Refusal::AmountTooLarge(available) => {
            let words = format!("The amount is greater than the unrefunded amount ({available}).");
            refused(400, "amount_too_large", &words)
        }
        Refusal::AmountZero => refused(400, "amount_too_small", "The amount must be positive."),
        Refusal::MethodCannot(why) => refused(400, "payment_method_unsupported", why),
        Refusal::BadInput(why) => refused(400, "parameter_invalid", why),
        Refusal::DuplicateOrder => refused(400, "resource_already_exists", "The reference is taken."),
    }
}

/// Stripe's name of an event: a slip that was issued completes its session unpaid, and is paid by a second event.
pub fn event_type(kind: EventKind, payment: &Payment) -> &'static str {
    let slip = payment.slip_number.is_some();
    match kind {
        EventKind::Authorized if slip => "checkout.session.completed",
        EventKind::Captured if slip => "checkout.session.async_payment_succeeded",
        EventKind::Expired if slip => "checkout.session.async_payment_failed",
        EventKind::Authorized => "payment_intent.amount_capturable_updated",
        EventKind::Captured => "checkout.session.completed",
        EventKind::Failed => "payment_intent.payment_failed",
        EventKind::Cancelled => "payment_intent.canceled",
        EventKind::Expired => "checkout.session.expired",
        EventKind::RefundCreated => "refund.created",
        EventKind::Refunded => "charge.refunded",
        EventKind::Updated => "refund.failed",
        EventKind::DisputeOpened => "charge.dispute.created",
        EventKind::DisputeUpdated => "charge.dispute.updated",
        EventKind::DisputeClosed => "charge.dispute.closed",
    }
}

/// An event; it is signed when it is sent.
pub fn notification(_: &SimulatorSettings, event: &Event<'_>, ids: &mut IdSource) -> Notification {
    let id = format!("evt_{}", ids.next());
    let object = match event.name.split('.').next() {
        Some("checkout") => {
            event.session.map_or(Value::Null, |it| session(it, Some(event.payment), "", event.at, false))
        }
        Some("charge") if event.name.starts_with("charge.dispute.") => {
            let last = event.payment.disputes.last();
            last.map_or(Value::Null, |dispute| dispute_value(event.payment, dispute))
        }
        Some("charge") => charge(event.payment),
        Some("refund") => {
            let mut refund = refund(event.payment, false);
            if let Some(fields) = refund.as_object_mut() {
                fields.insert("metadata".to_owned(), Value::Object(event.payment.metadata.clone()));
            }
            refund
        }
        _ => intent(event.payment),
    };
    let body = json!({
        "id": id,
        "object": "event",
        "type": event.name,
        "api_version": "2026-10-28.endive",
        "created": event.at.as_second(),
        "livemode": false,
        "pending_webhooks": 1,
        "request": { "id": null, "idempotency_key": null },
        "data": { "object": object },
    });
    Notification { id, headers: Vec::new(), body: body.to_string() }
}

/// The signatures of a delivery, made when it leaves: its instant is part of them. While the endpoint's secret is rotated both
/// secrets sign, each its own `v1`.
pub fn signature(settings: &SimulatorSettings, delivery: &Delivery, now: Timestamp) -> Vec<(String, String)> {
    let at = now.as_second();
    let tag = |secret: &str| match delivery.signing {
        Signing::Right => sign(secret, at, &delivery.body),
        Signing::WrongKey => sign(&format!("not {secret}"), at, &delivery.body),
        Signing::ChangedBody => sign(secret, at, &format!("{} ", delivery.body)),
    };
    let secrets = settings.credentials(Vendor::Stripe, "webhook_secret");
    let tags: Vec<String> = secrets.map(|secret| format!("v1={}", tag(secret))).collect();
    vec![("Stripe-Signature".to_owned(), format!("t={at},{}", tags.join(",")))]
}

/// Lowercase hex HMAC-SHA256 of instant and body under the endpoint's secret.
fn sign(secret: &str, at: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    HEXLOWER.encode(hmac::sign(&key, format!("{at}.{body}").as_bytes()).as_ref())
}

fn method(code: &str) -> &str {
    if code == "credit_card" { "card" } else { code }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
