//! Shapes of VeriTrans's answers for the tests.

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::domain::id::OperationId;
use crate::domain::money::Yen;
use crate::domain::payment::MethodCode;
use crate::gateway::veritrans::{Mode, Veritrans, VeritransSettings, brands, default_methods};
use crate::gateway::{Capabilities, CreateCheckout, OpCtx};

pub const CCID: &str = "A100000000000000000000cc";
/// Two keys, as while they rotate.
pub const KEYS: [&str; 2] = ["abcdef0123456789", "00112233"];
pub const ORDER: &str = "020001-0198f00000007000800000000000000a";
/// Born at 2026-04-01T00:00:00Z.
pub const KEY: &str = "019d4657-0000-7000-8000-000000000001";

pub fn capabilities() -> Capabilities {
    brands::capabilities(default_methods())
}

pub fn settings(base_url: &str) -> VeritransSettings {
    VeritransSettings {
        base_url: base_url.to_owned(),
        mode: Mode::Test,
        merchant_ccid: CCID.to_owned(),
        secret_keys: KEYS.map(SecretString::from).to_vec(),
        connect_timeout_ms: 300,
        total_timeout_ms: 600,
    }
}

pub fn gateway(base_url: &str) -> Veritrans {
    Veritrans::new(settings(base_url), default_methods()).unwrap()
}

pub fn now() -> Timestamp {
    "2026-04-01T00:00:10Z".parse().unwrap()
}

pub fn operation() -> OpCtx {
    OpCtx { operation_id: OperationId(uuid::Uuid::nil()), attempt_no: 1, now: now(), key_born_at: now() }
}

pub fn method(code: &str) -> MethodCode {
    MethodCode::parse(code).unwrap()
}

pub fn checkout(code: &str) -> CreateCheckout {
    CreateCheckout {
        merchant_reference: ORDER.to_owned(),
        amount: Yen::new(8_000).unwrap(),
        method: method(code),
        return_url: "https://madoguchi.example/back".to_owned(),
        description: "電気工事業登録手数料".to_owned(),
        locale: "ja".to_owned(),
        expires_in_s: 3_600,
        payable_until: None,
        requested_at: now(),
        payer_email: Some("payer@example.jp".to_owned()),
    }
}

/// The answer to a command.
pub fn result(mstatus: &str, code: &str, extra: &Value) -> String {
    let mut result = json!({
        "vResultCode": code, "mstatus": mstatus, "merrMsg": "x", "orderId": ORDER, "custTxn": "10435077",
        "marchTxn": "10435077", "serviceType": "em", "txnVersion": "2.0.0", "optionResults": [],
        "aFieldOfTomorrow": { "x": [1] }
    });
    for (name, value) in extra.as_object().unwrap() {
        result[name] = value.clone();
    }
    json!({ "result": result }).to_string()
}

/// A step of an order: command, `mstatus`, amount.
pub fn step(command: &str, mstatus: &str, amount: &str) -> Value {
    json!({
        "command": command, "mstatus": mstatus, "amount": amount, "txnDatetime": "2026-04-01 09:05:00.0",
        "txnId": "1", "vResultCode": "E001000000000000", "properTransactionInfo": { "txnKind": "em" }
    })
}

/// The answer to a search: last successful command, `orderStatus`, steps.
pub fn searched(command: &str, status: &str, steps: &[Value]) -> String {
    let order = json!({
        "index": 0, "orderId": ORDER, "serviceTypeCd": "em", "orderStatus": status, "lastSuccessTxnType": command,
        "transactionInfos": { "transactionInfo": steps }
    });
    let result = json!({
        "vResultCode": "N001000000000000", "mstatus": "success", "serviceType": "search", "searchCount": 1,
        "overMaxCountFlag": false, "orderInfos": { "orderInfo": [order] }
    });
    json!({ "result": result }).to_string()
}
