//! Shapes of PayPay's answers for the tests.

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::domain::id::OperationId;
use crate::domain::money::Yen;
use crate::domain::payment::MethodCode;
use crate::gateway::paypay::{PayPay, PayPaySettings, default_methods, methods};
use crate::gateway::{Capabilities, CreateCheckout, OpCtx};

pub fn capabilities() -> Capabilities {
    methods::capabilities(default_methods())
}

pub fn gateway(base_url: &str) -> PayPay {
    let settings = PayPaySettings {
        base_url: base_url.to_owned(),
        api_key: SecretString::from("key_1"),
        api_secret: SecretString::from("secret_1"),
        merchant_id: "merchant_1".to_owned(),
        notification_sources: vec!["192.0.2.0/24".to_owned(), "2001:db8::7".to_owned()],
        connect_timeout_ms: 300,
        total_timeout_ms: 600,
    };
    PayPay::new(settings, default_methods()).unwrap()
}

pub fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_100).unwrap()
}

pub fn operation() -> OpCtx {
    OpCtx { operation_id: OperationId(uuid::Uuid::nil()), attempt_no: 1, now: now(), key_born_at: now() }
}

pub fn checkout() -> CreateCheckout {
    CreateCheckout {
        merchant_reference: "020001-payment1".to_owned(),
        amount: Yen::new(18_000).unwrap(),
        method: MethodCode::parse("paypay").unwrap(),
        return_url: "https://madoguchi.example/back".to_owned(),
        description: "電気工事業登録手数料".to_owned(),
        locale: "ja".to_owned(),
        expires_in_s: 3_600,
        payable_until: None,
        requested_at: now(),
        payer_email: None,
    }
}

pub fn result(code: &str) -> Value {
    json!({ "resultInfo": { "code": code, "message": "words", "codeId": "08100001" }, "data": null })
}

pub fn code() -> Value {
    json!({
        "resultInfo": { "code": "SUCCESS", "message": "Success", "codeId": "08100001" },
        "data": {
            "codeId": "code1", "url": "https://qr.example/code1", "deeplink": "paypay://payment?link_key=x",
            "expiryDate": 1_790_000_300, "merchantPaymentId": "020001-payment1",
            "amount": { "amount": 18_000, "currency": "JPY" }, "codeType": "ORDER_QR", "a_field_of_tomorrow": [1]
        }
    })
}

pub fn payment(status: &str) -> Value {
    json!({
        "resultInfo": { "code": "SUCCESS", "message": "Success", "codeId": "08100001" },
        "data": {
            "paymentId": "7000001", "status": status, "acceptedAt": 1_790_000_000,
            "merchantPaymentId": "020001-payment1", "amount": { "amount": 18_000, "currency": "JPY" },
            "requestedAt": 1_789_999_990, "orderDescription": "x", "a_field_of_tomorrow": { "x": [1] }
        }
    })
}
