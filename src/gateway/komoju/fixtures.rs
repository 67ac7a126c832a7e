//! Shapes of KOMOJU's answers for the tests.

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::domain::id::OperationId;
use crate::domain::money::Yen;
use crate::domain::payment::MethodCode;
use crate::gateway::komoju::{Komoju, KomojuSettings, default_methods, methods};
use crate::gateway::{Capabilities, CreateCheckout, OpCtx};

pub fn capabilities() -> Capabilities {
    methods::capabilities(default_methods())
}

pub fn settings(base_url: &str) -> KomojuSettings {
    KomojuSettings {
        base_url: base_url.to_owned(),
        secret_key: SecretString::from("sk_test_1"),
        webhook_secrets: vec![SecretString::from("old-secret"), SecretString::from("new-secret")],
        connect_timeout_ms: 300,
        total_timeout_ms: 600,
    }
}

pub fn gateway(base_url: &str) -> Komoju {
    Komoju::new(settings(base_url), default_methods()).unwrap()
}

pub fn now() -> Timestamp {
    "2026-09-18T03:00:00Z".parse().unwrap()
}

pub fn operation() -> OpCtx {
    OpCtx { operation_id: OperationId(uuid::Uuid::nil()), attempt_no: 1, now: now(), key_born_at: now() }
}

pub fn checkout() -> CreateCheckout {
    CreateCheckout {
        merchant_reference: "t-payment1-1".to_owned(),
        amount: Yen::new(18_000).unwrap(),
        method: MethodCode::parse("card").unwrap(),
        return_url: "https://madoguchi.example/back".to_owned(),
        description: "電気工事業登録手数料".to_owned(),
        locale: "ja".to_owned(),
        expires_in_s: 3_600,
        payable_until: None,
        requested_at: now(),
        payer_email: None,
    }
}

pub fn payment(status: &str, method: &str) -> Value {
    json!({
        "id": "pay1", "resource": "payment", "session": "ses1", "status": status, "amount": 18_000, "tax": 0,
        "total": 18_000, "currency": "JPY", "amount_refunded": 0, "refunds": [], "refund_requests": [],
        "external_order_num": "t-payment1-1", "payment_deadline": "2026-09-19T14:59:59Z", "captured_at": null,
        "payment_details": { "type": method, "email": null, "brand": "visa" }, "metadata": {},
        "a_field_of_tomorrow": { "x": [1] }
    })
}

pub fn session(status: &str, expired: bool, payment: &Value) -> Value {
    json!({
        "id": "ses1", "resource": "session", "mode": "payment", "amount": 18_000, "currency": "JPY",
        "session_url": "https://komoju.com/sessions/ses1", "status": status, "expired": expired,
        "payment": payment, "something_new": true
    })
}
