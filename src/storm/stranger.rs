//! Notifications by somebody else: a lie under a signature that is too old (F21), a true one again under another delivery id
//! (F22), a lie under the secret of another gateway (F23), an unsigned lie about the sum (F24), one of a payment that nobody
//! here knows (F25).
//!
//! The lies say that money is there which is not, before the payer has paid: a server that believes one stands otherwise
//! than the gateway's ledger, and is judged for that as well as for having answered "taken".

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::TENANT;
use super::payer::Stand;

/// How old a signature is at which nobody may believe it, in seconds: more than the 300 that Stripe allows by what lies between
/// two clocks that are moved on one after the other. (That 301 are too many is tested where the clock stands still.)
const TOO_OLD_S: i64 = 330;

/// The merchant's secrets that a stranger has got hold of.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// KOMOJU's API key.
    pub komoju_key: String,
    /// What KOMOJU signs with.
    pub komoju_webhook: String,
    /// Stripe's API key.
    pub stripe_key: String,
    /// What Stripe signs with.
    pub stripe_webhook: String,
}

/// How a notification was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reception {
    /// Nobody was there, or there was nothing to send.
    Unheard,
    /// It was refused.
    Refused,
    /// It was taken.
    Taken,
}

/// Whether the fault is a lie that must be told before the payer pays.
pub fn is_lie(id: &str) -> bool {
    matches!(id, "F21" | "F23" | "F24")
}

/// Whether a notification of that kind must be refused; the others may be taken, and change nothing.
pub fn must_be_refused(id: &str) -> bool {
    matches!(id, "F21" | "F23")
}

/// Sends the notification of fault `id` about `reference`.
pub async fn interfere(stand: &Stand, id: &str, reference: &str) -> Reception {
    let request = match id {
        "F21" => too_late(stand, reference).await,
        "F24" => Some(unsigned(stand, reference)),
        _ => of_komoju(stand, id, reference).await,
    };
    let Some(request) = request else { return Reception::Unheard };
    match request.send().await.map(|answer| answer.status().as_u16()) {
        Ok(200..=299) => Reception::Taken,
        Ok(429) | Err(_) => Reception::Unheard,
        Ok(400..=499) => Reception::Refused,
        Ok(_) => Reception::Unheard,
    }
}

fn to(stand: &Stand, gateway: &str) -> RequestBuilder {
    let url = format!("{}/v1/tenants/{TENANT}/gateways/{gateway}/notifications", stand.server);
    stand.http.post(url).header("content-type", "application/json")
}

fn sign(secret: &str, message: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    HEXLOWER.encode(hmac::sign(&key, message).as_ref())
}

/// Reads JSON at a gateway. The gateways are in the storm too: a stranger may learn nothing.
async fn learn(request: RequestBuilder) -> Value {
    match request.send().await {
        Ok(answer) => answer.json().await.unwrap_or_default(),
        Err(_) => Value::Null,
    }
}

/// Stripe's session, said to be paid, under the right secret and a signature that is too old.
async fn too_late(stand: &Stand, reference: &str) -> Option<RequestBuilder> {
    let line = stand.simulator.truth_of(reference).await.ok().flatten()?;
    let url = format!("{}/v1/checkout/sessions/{}", stand.simulator.base, line.session_id);
    let mut session = learn(stand.http.get(url).bearer_auth(&stand.secrets.stripe_key)).await;
    // A checkout at another gateway, or none that can be seen now: nothing to lie about.
    session.get("payment_status")?;
    let fields = session.as_object_mut()?;
    fields.insert("status".to_owned(), json!("complete"));
    fields.insert("payment_status".to_owned(), json!("paid"));
    fields.insert("payment_intent".to_owned(), json!("pi_of_a_stranger"));
    let at = stand.time.now().as_second() - TOO_OLD_S;
    let body = json!({ "id": format!("evt_F21-{reference}"), "object": "event", "created": at,
        "type": "checkout.session.completed", "data": { "object": session } });
    let body = body.to_string();
    let tag = sign(&stand.secrets.stripe_webhook, format!("{at}.{body}").as_bytes());
    Some(to(stand, "stripe").header("stripe-signature", format!("t={at},v1={tag}")).body(body))
}

/// PayPay's hint, which nobody signs: paid, and one yen of it.
fn unsigned(stand: &Stand, reference: &str) -> RequestBuilder {
    let body = json!({ "notification_type": "Transaction", "merchant_id": "", "store_id": "", "order_id": "F24",
        "merchant_order_id": reference, "state": "COMPLETED", "paid_at": stand.time.now().to_string(),
        "order_amount": "1" });
    to(stand, "paypay").body(body.to_string())
}

/// KOMOJU's words about one of its payments, or about nothing that anybody knows.
async fn of_komoju(stand: &Stand, id: &str, reference: &str) -> Option<RequestBuilder> {
    let url = format!("{}/api/v1/payments?external_order_num={reference}", stand.simulator.base);
    let list = learn(stand.http.get(url).basic_auth(&stand.secrets.komoju_key, Some(""))).await;
    let known = list.pointer("/data/0").cloned();
    let unknown = json!(format!("{TENANT}-{:032x}", 0));
    let mut data = match (id, known) {
        // Only what was said before can be said again.
        ("F22", known) => known?,
        (_, known) => known.unwrap_or_else(|| {
            json!({ "id": format!("{id}-{reference}"), "resource": "payment", "status": "captured",
                "external_order_num": reference })
        }),
    };
    let fields = data.as_object_mut()?;
    if id == "F25" {
        fields.insert("external_order_num".to_owned(), unknown);
    }
    if id == "F23" {
        fields.insert("status".to_owned(), json!("captured"));
    }
    let kind = if id == "F22" { "payment.updated" } else { "payment.captured" };
    let event = format!("{id}-{reference}");
    let body = json!({ "id": event, "type": kind, "resource": "event", "created_at": "2026-04-01T00:00:00Z",
        "data": data });
    let body = body.to_string();
    let secrets = &stand.secrets;
    let secret = if id == "F23" { &secrets.stripe_webhook } else { &secrets.komoju_webhook };
    let signature = sign(secret, body.as_bytes());
    let request = to(stand, "komoju").header("x-komoju-id", &event).header("x-komoju-event", kind);
    Some(request.header("x-komoju-signature", signature).body(body))
}
