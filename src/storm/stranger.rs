//! Notifications by somebody else: a true one again under another delivery id (F22), one under the secret of another
//! gateway (F23), one of a payment that nobody here knows (F25).

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use reqwest::Client;
use serde_json::{Value, json};

use super::TENANT;
use super::simulator::Simulator;

/// The merchant's secrets that a stranger has got hold of.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// KOMOJU's API key.
    pub komoju_key: String,
    /// What KOMOJU signs with.
    pub komoju_webhook: String,
    /// What Stripe signs with.
    pub stripe_webhook: String,
}

/// Sends the notification of fault `id` about `reference`; whatever the server answers is fine with the sender.
pub async fn interfere(
    (http, simulator, secrets): (&Client, &Simulator, &Secrets),
    server: &str,
    (id, reference): (&str, &str),
) {
    let url = format!("{}/api/v1/payments?external_order_num={reference}", simulator.base);
    // The gateway is in the storm too; a stranger who learns nothing makes something up.
    let list = match http.get(url).basic_auth(&secrets.komoju_key, Some("")).send().await {
        Ok(answer) => answer.json().await.unwrap_or_default(),
        Err(_) => Value::Null,
    };
    let known = list.pointer("/data/0").cloned();
    let mut data = known.unwrap_or_else(|| json!({ "id": "nobody", "status": "captured" }));
    let secret = if id == "F23" { &secrets.stripe_webhook } else { &secrets.komoju_webhook };
    let kind = match id {
        "F22" => "payment.updated",
        _ => "payment.captured",
    };
    if let Some(fields) = data.as_object_mut() {
        let unknown = format!("{TENANT}-{:032x}", 0);
        if id == "F25" || !fields.contains_key("external_order_num") {
            fields.insert("external_order_num".to_owned(), json!(unknown));
        }
        if id == "F23" {
            fields.insert("status".to_owned(), json!("captured"));
        }
    }
    let event = format!("{id}-{reference}");
    let body = json!({ "id": event, "type": kind, "resource": "event", "created_at": "2026-04-01T00:00:00Z", "data": data });
    let body = body.to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let request = http.post(format!("{server}/v1/tenants/{TENANT}/gateways/komoju/notifications"));
    let request = request.header("content-type", "application/json").header("x-komoju-id", &event);
    let signature = HEXLOWER.encode(hmac::sign(&key, body.as_bytes()).as_ref());
    let request = request.header("x-komoju-event", kind).header("x-komoju-signature", signature);
    // Nobody may be there to hear it, or it is refused.
    drop(request.body(body).send().await);
}
