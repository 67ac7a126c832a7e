//! Shapes of Stripe's answers for the tests.

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::domain::id::OperationId;
use crate::domain::money::Yen;
use crate::domain::payment::MethodCode;
use crate::gateway::stripe::{Stripe, StripeSettings, default_methods, methods};
use crate::gateway::{Capabilities, CreateCheckout, OpCtx};

pub fn capabilities() -> Capabilities {
    methods::capabilities(default_methods())
}

pub fn gateway(base_url: &str) -> Stripe {
    let settings = StripeSettings {
        base_url: base_url.to_owned(),
        secret_key: SecretString::from("sk_test_1"),
        webhook_secrets: vec![SecretString::from("whsec_new"), SecretString::from("whsec_old")],
        connect_timeout_ms: 300,
        total_timeout_ms: 600,
    };
    Stripe::new(settings, default_methods()).unwrap()
}

pub fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap()
}

pub fn operation() -> OpCtx {
    OpCtx { operation_id: OperationId(uuid::Uuid::nil()), attempt_no: 1, now: now(), key_born_at: now() }
}

pub fn checkout() -> CreateCheckout {
    CreateCheckout {
        merchant_reference: "020001-payment1".to_owned(),
        amount: Yen::new(18_000).unwrap(),
        method: MethodCode::parse("card").unwrap(),
        return_url: "https://madoguchi.example/back?a=1".to_owned(),
        description: "電気工事業登録手数料".to_owned(),
        locale: "ja".to_owned(),
        expires_in_s: 3_600,
        payable_until: None,
        requested_at: now(),
        payer_email: None,
    }
}

pub fn session(status: &str, payment_status: &str, method: &str, intent: &Value) -> Value {
    json!({
        "id": "cs_test_1", "object": "checkout.session", "status": status, "payment_status": payment_status,
        "url": if status == "open" { json!("https://checkout.stripe.com/c/pay/cs_test_1") } else { Value::Null },
        "amount_total": 18_000, "currency": "jpy", "client_reference_id": "020001-payment1",
        "expires_at": 1_790_003_600, "payment_method_types": [method], "payment_intent": intent,
        "metadata": { "merchant_reference": "020001-payment1" }, "a_field_of_tomorrow": { "x": [1] }
    })
}

pub fn intent(status: &str, method: &str) -> Value {
    json!({
        "id": "pi_1", "object": "payment_intent", "status": status, "amount": 18_000, "currency": "jpy",
        "amount_received": if status == "succeeded" { 18_000 } else { 0 },
        "metadata": { "merchant_reference": "020001-payment1" }, "payment_method_types": [method],
        "latest_charge": if status == "succeeded" { charge() } else { Value::Null }, "something_new": true
    })
}

pub fn charge() -> Value {
    json!({
        "id": "ch_1", "object": "charge", "created": 1_789_999_900, "amount": 18_000, "amount_refunded": 0,
        "disputed": false, "currency": "jpy", "metadata": { "merchant_reference": "020001-payment1" }
    })
}
