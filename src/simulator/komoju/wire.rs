//! KOMOJU's JSON: sessions, payments, lists, errors and notifications.

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::simulator::clock::IdSource;
use crate::simulator::core::{Notification, Reply};
use crate::simulator::engine::{Refusal, status_name};
use crate::simulator::facade::Event;
use crate::simulator::model::{
    Dispute, DisputeStatus, EventKind, Payment, RefundFate, Session, SessionStatus, Vendor,
};
use crate::simulator::settings::SimulatorSettings;
use crate::simulator::state::Signing;

/// A session as KOMOJU shows it; `base` is the address of the hosted page without a final slash.
pub fn session(session: &Session, payment: Option<&Payment>, base: &str, now: Timestamp) -> Value {
    let status = match session.status {
        SessionStatus::Pending => "pending",
        SessionStatus::Completed => "completed",
        SessionStatus::Cancelled => "cancelled",
    };
    let methods: Vec<Value> = session.payment_types.iter().map(|method| json!({ "type": method })).collect();
    json!({
        "id": session.id,
        "resource": "session",
        "mode": "payment",
        "amount": session.amount,
        "currency": "JPY",
        "session_url": format!("{base}/hosted/{}", session.id),
        "return_url": session.return_url,
        "default_locale": session.locale,
        "payment_methods": methods,
        "line_items": session.line_items,
        "metadata": session.metadata,
        "created_at": instant(session.created_at),
        "completed_at": session.completed_at.map(instant),
        "cancelled_at": session.cancelled_at.map(instant),
        "status": status,
        "expired": session.lapsed(now),
        "payment": payment.map(payment_value),
    })
}

/// A payment as KOMOJU shows it; a partly refunded one stays `captured`.
pub fn payment_value(payment: &Payment) -> Value {
    let mut refunds: Vec<Value> = payment
        .refunds
        .iter()
        .map(|refund| {
            json!({
                "id": refund.id,
                "resource": "refund",
                "payment": payment.id,
                "amount": refund.amount,
                "currency": "JPY",
                "description": refund.description,
                "chargeback": false,
                "status": refund_status(refund.fate),
                "created_at": instant(refund.created_at),
            })
        })
        .collect();
    let lost = payment.disputes.iter().filter(|dispute| dispute.status == DisputeStatus::Lost);
    refunds.extend(lost.map(|dispute| chargeback(payment, dispute)));
    json!({
        "id": payment.id,
        "resource": "payment",
        "session": payment.session_id,
        "status": status_name(payment.status),
        "amount": payment.amount,
        "tax": 0,
        "payment_method_fee": 0,
        "total": payment.amount,
        "currency": "JPY",
        "customer": null,
        "description": null,
        "external_order_num": payment.external_order_num,
        "metadata": payment.metadata,
        "payment_details": details(payment),
        "payment_deadline": instant(payment.deadline),
        "created_at": instant(payment.created_at),
        "captured_at": payment.captured_at.map(instant),
        "amount_refunded": payment.refunded,
        "refunds": refunds,
        "refund_requests": [],
        "locale": "ja",
    })
}

/// A lost dispute stands among the refunds.
fn chargeback(payment: &Payment, dispute: &Dispute) -> Value {
    json!({
        "id": dispute.id,
        "resource": "refund",
        "payment": payment.id,
        "amount": dispute.amount,
        "currency": "JPY",
        "description": dispute.reason,
        "chargeback": true,
        "created_at": instant(dispute.created_at),
    })
}

/// KOMOJU documents no status of a refund; one that is not simply done is this simulator's reading.
fn refund_status(fate: RefundFate) -> Option<&'static str> {
    match fate {
        RefundFate::Done => None,
        RefundFate::FailsAt(_) => Some("pending"),
        RefundFate::Failed => Some("failed"),
    }
}

fn details(payment: &Payment) -> Value {
    match (&payment.card, &payment.slip_number) {
        (Some(card), _) => json!({
            "type": payment.method,
            "email": payment.email,
            "brand": card.brand,
            "last_four_digits": card.last_four,
        }),
        (None, Some(number)) if payment.method == "pay_easy" => json!({
            "type": payment.method,
            "email": payment.email,
            "bank_id": "00581",
            "customer_id": number,
            "confirmation_id": number.chars().rev().take(6).collect::<String>(),
            "instructions_url": instructions(payment),
        }),
        (None, Some(number)) => json!({
            "type": payment.method,
            "email": payment.email,
            "store": "lawson",
            "receipt": number,
            "confirmation_code": "0007",
            "instructions_url": instructions(payment),
        }),
        (None, None) => json!({ "type": payment.method, "email": payment.email }),
    }
}

/// Where the vendor explains how to pay.
fn instructions(payment: &Payment) -> String {
    format!("https://komoju.com/instructions/{}", payment.id)
}

/// One page of payments.
pub fn list(payments: &[&Payment]) -> Value {
    let data: Vec<Value> = payments.iter().map(|payment| payment_value(payment)).collect();
    json!({ "resource": "list", "total": data.len(), "page": 1, "per_page": 10, "last_page": 1, "data": data })
}

/// KOMOJU's error body.
pub fn error(status: u16, code: &str, message: &str, param: Option<&str>) -> Reply {
    let body = json!({ "error": { "code": code, "message": message, "param": param } });
    Reply::json(status, body.to_string())
}

/// The engine's refusal in KOMOJU's words. The codes of 422 are this simulator's reading: KOMOJU publishes
/// the envelope and the statuses only.
pub fn refusal(refusal: &Refusal) -> Reply {
    match refusal {
        Refusal::NotFound => error(404, "not_found", "The requested resource could not be found.", None),
        Refusal::DuplicateOrder => error(
            422,
            "unprocessable_entity",
            "external_order_num has already been taken.",
            Some("external_order_num"),
        ),
        Refusal::WrongStatus(status) => {
            error(422, "unprocessable_entity", &format!("Not possible: status is {status}."), None)
        }
        Refusal::AmountTooLarge(available) => error(
            422,
            "unprocessable_entity",
            &format!("The amount exceeds the available {available}."),
            Some("amount"),
        ),
        Refusal::AmountZero => {
            error(422, "unprocessable_entity", "The amount must be positive.", Some("amount"))
        }
        Refusal::MethodCannot(why) => error(422, "unprocessable_entity", why, None),
        Refusal::BadInput(why) => error(400, "bad_request", why, None),
    }
}

/// KOMOJU's name of an event; it tells of a dispute only when it is lost.
pub fn event_type(kind: EventKind, payment: &Payment) -> Option<&'static str> {
    let lost = payment.disputes.last().is_some_and(|dispute| dispute.status == DisputeStatus::Lost);
    Some(match kind {
        EventKind::DisputeClosed if lost => "payment.updated",
        EventKind::DisputeOpened | EventKind::DisputeUpdated | EventKind::DisputeClosed => return None,
        EventKind::Authorized => "payment.authorized",
        EventKind::Captured => "payment.captured",
        EventKind::Failed => "payment.failed",
        EventKind::Cancelled => "payment.cancelled",
        EventKind::Expired => "payment.expired",
        EventKind::RefundCreated => "payment.refund.created",
        EventKind::Refunded => "payment.refunded",
        EventKind::Updated => "payment.updated",
    })
}

/// A notification: the event's body and the three headers KOMOJU sends with it.
pub fn notification(settings: &SimulatorSettings, event: &Event<'_>, ids: &mut IdSource) -> Notification {
    let secret = settings.credential(Vendor::Komoju, "webhook_secret").unwrap_or_default();
    let id = ids.next();
    let body = json!({
        "id": ids.next(),
        "type": event.name,
        "resource": "event",
        "created_at": instant(event.at),
        "reason": reason(event.kind),
        "data": payment_value(event.payment),
    })
    .to_string();
    let signature = match event.signing {
        Signing::Right => sign(secret, &body),
        Signing::WrongKey => sign(&format!("not {secret}"), &body),
        Signing::ChangedBody => sign(secret, &format!("{body} ")),
    };
    let headers = vec![
        ("X-Komoju-ID".to_owned(), id.clone()),
        ("X-Komoju-Event".to_owned(), event.name.to_owned()),
        ("X-Komoju-Signature".to_owned(), signature),
    ];
    Notification { id, headers, body }
}

/// Lowercase hex HMAC-SHA256 of the body under the merchant's secret.
fn sign(secret: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    HEXLOWER.encode(hmac::sign(&key, body.as_bytes()).as_ref())
}

fn reason(kind: EventKind) -> Option<&'static str> {
    match kind {
        EventKind::Failed => Some("declined"),
        _ => None,
    }
}

/// An instant as KOMOJU writes it: RFC 3339 in UTC, whole seconds.
fn instant(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}
