//! VeriTrans's JSON, its result codes, its three proofs.
//!
//! The vendor publishes the envelope, `mstatus` and the shape of `vResultCode`; the codes and the words of `orderStatus`
//! for e-money are this simulator's reading.

use aws_lc_rs::{digest, hmac};
use data_encoding::{BASE64, HEXLOWER};
use jiff::Timestamp;
use jiff::tz::Offset;
use reqwest::Url;
use serde_json::{Value, json};

use crate::simulator::clock::IdSource;
use crate::simulator::core::{Notification, Reply};
use crate::simulator::engine::Refusal;
use crate::simulator::facade::Event;
use crate::simulator::model::{Payment, PaymentStatus, Session, SessionStatus, Vendor};
use crate::simulator::settings::SimulatorSettings;
use crate::simulator::state::Signing;

/// The vendor's instants are in Japan.
const JST: Offset = Offset::constant(9);
/// The code of everything that went well.
const DONE: &str = "E001000000000000";
/// The code of what is held.
const HELD: &str = "E999000000000000";
/// What a browser brings back, in the order in which it is signed.
const RETURNED: &str = "orderId,mstatus,vResultCode";

/// The merchant, as this vendor knows it.
#[derive(Clone, Copy)]
pub struct Merchant<'a> {
    /// The CCID.
    pub ccid: &'a str,
    /// The key, hex.
    pub secret_key: &'a str,
}

impl<'a> Merchant<'a> {
    /// The merchant's account here; none without one.
    pub fn of(settings: &'a SimulatorSettings) -> Option<Self> {
        let credential = |name| settings.credential(Vendor::Veritrans, name);
        Some(Self { ccid: credential("merchant_id")?, secret_key: credential("secret_key")? })
    }
}

/// Why a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The body is no request.
    BadFormat,
    /// The hash or the CCID is wrong.
    NotAuthentic,
    /// A field is missing or breaks its limits.
    BadField,
    /// The order id was used before.
    DuplicateOrder,
    /// There is no such order.
    NoOrder,
    /// The order does not stand where this is possible, or the brand cannot do it.
    NotPossible,
    /// More than is left.
    TooMuch,
}

impl Code {
    fn text(self) -> &'static str {
        match self {
            Self::BadFormat => "MA01000000000000",
            Self::NotAuthentic => "MA02000000000000",
            Self::BadField => "EB01000000000000",
            Self::DuplicateOrder => "EC01000000000000",
            Self::NoOrder => "EC02000000000000",
            Self::NotPossible => "EC03000000000000",
            Self::TooMuch => "EC04000000000000",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::BadFormat => "電文の形式が正しくありません。",
            Self::NotAuthentic => "認証に失敗しました。",
            Self::BadField => "項目の値が正しくありません。",
            Self::DuplicateOrder => "指定された取引IDは既に使用されています。",
            Self::NoOrder => "指定された取引IDの取引がありません。",
            Self::NotPossible => "指定された取引はこの処理を行えません。",
            Self::TooMuch => "金額が上限を超えています。",
        }
    }
}

/// A refused request. The vendor answers 200 whatever it says.
pub fn failure(code: Code, field: Option<&str>, order_id: Option<&str>) -> Reply {
    let message =
        field.map_or_else(|| code.words().to_owned(), |field| format!("{}（{field}）", code.words()));
    let result = json!({
        "vResultCode": code.text(),
        "mstatus": "failure",
        "merrMsg": message,
        "orderId": order_id,
        "serviceType": "em",
        "txnVersion": "2.0.0",
        "optionResults": [],
    });
    enveloped(&result)
}

/// The engine's refusal in the vendor's words.
pub fn refusal(refusal: &Refusal, order_id: &str) -> Reply {
    let code = match refusal {
        Refusal::NotFound => Code::NoOrder,
        Refusal::DuplicateOrder => Code::DuplicateOrder,
        Refusal::WrongStatus(_) | Refusal::MethodCannot(_) => Code::NotPossible,
        Refusal::AmountTooLarge(_) => Code::TooMuch,
        Refusal::AmountZero | Refusal::BadInput(_) => Code::BadField,
    };
    failure(code, None, Some(order_id))
}

/// The vendor does not know how its own step went: hold.
pub fn held() -> Reply {
    let result = json!({
        "vResultCode": HELD,
        "mstatus": "pending",
        "merrMsg": "処理結果を確認できません。",
        "serviceType": "em",
        "txnVersion": "2.0.0",
    });
    enveloped(&result)
}

/// A carried-out command; `extra` adds what the command answers.
pub fn success(order_id: &str, custom_id: &str, extra: &[(&str, Value)]) -> Reply {
    let mut result = json!({
        "vResultCode": DONE,
        "mstatus": "success",
        "merrMsg": "処理が成功しました。",
        "orderId": order_id,
        "custTxn": custom_id,
        "marchTxn": custom_id,
        "serviceType": "em",
        "txnVersion": "2.0.0",
        "optionResults": [],
    });
    for (name, value) in extra {
        if let Some(fields) = result.as_object_mut() {
            fields.insert((*name).to_owned(), value.clone());
        }
    }
    enveloped(&result)
}

/// The answer to a search.
pub fn found(orders: &[Value]) -> Reply {
    let result = json!({
        "vResultCode": "N001000000000000",
        "mstatus": "success",
        "merrMsg": "処理が成功しました。",
        "serviceType": "search",
        "overMaxCountFlag": false,
        "searchCount": orders.len(),
        "orderInfos": { "orderInfo": orders },
    });
    enveloped(&result)
}

/// One order as a search shows it.
pub fn order(session: &Session, payment: Option<&Payment>, now: Timestamp) -> Value {
    let mut transactions = vec![transaction("Authorize", session.amount, session.created_at)];
    let taken = payment.filter(|payment| payment.captured > 0);
    if let Some((payment, at)) = taken.and_then(|payment| Some((payment, payment.captured_at?))) {
        transactions.push(transaction("Authorize", payment.captured, at));
        let refunds = payment.refunds.iter();
        transactions.extend(refunds.map(|back| transaction("Refund", back.amount, back.created_at)));
    }
    if let Some(at) = session.cancelled_at {
        transactions.push(transaction("Cancel", session.amount, at));
    }
    let (command, status) = standing(session, taken, now);
    json!({
        "index": 0,
        "orderId": session.external_order_num,
        "serviceTypeCd": "em",
        "orderStatus": status,
        "lastSuccessTxnType": command,
        "successDetailTxnType": command,
        "transactionInfos": { "transactionInfo": transactions },
    })
}

/// The last successful command and `orderStatus`.
fn standing(session: &Session, taken: Option<&Payment>, now: Timestamp) -> (&'static str, &'static str) {
    match (taken, session.status) {
        (Some(payment), _) if payment.refunded > 0 || payment.status == PaymentStatus::Refunded => {
            ("Refund", "paid")
        }
        (Some(_), _) => ("Authorize", "paid"),
        (None, SessionStatus::Cancelled) => ("Cancel", "end"),
        (None, _) if session.lapsed(now) => ("Authorize", "expired"),
        (None, _) => ("Authorize", "initial"),
    }
}

fn transaction(command: &str, amount: u64, at: Timestamp) -> Value {
    let at = JST.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S.0").to_string();
    json!({
        "command": command,
        "mstatus": "success",
        "vResultCode": DONE,
        "txnDatetime": at,
        "amount": amount.to_string(),
        "properTransactionInfo": { "txnKind": "em" },
    })
}

fn enveloped(result: &Value) -> Reply {
    Reply::json(200, json!({ "result": result }).to_string())
}

/// Lowercase hex SHA-256 of CCID, the bytes of `params`, and the key as text.
pub fn request_hash(merchant: &Merchant<'_>, params: &[u8]) -> String {
    hash(&[merchant.ccid.as_bytes(), params, merchant.secret_key.as_bytes()])
}

fn hash(parts: &[&[u8]]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    HEXLOWER.encode(context.finish().as_ref())
}

/// A notification: a form about one order, under `content-hmac`.
pub fn notification(settings: &SimulatorSettings, event: &Event<'_>, ids: &mut IdSource) -> Notification {
    let merchant = Merchant::of(settings).unwrap_or(Merchant { ccid: "", secret_key: "" });
    let (id, payment) = (ids.next(), event.payment);
    let body = form(&[
        ("numberOfNotify", "1"),
        ("pushTime", &JST.to_datetime(event.at).strftime("%Y%m%d%H%M%S").to_string()),
        ("pushId", &id),
        ("orderId0000", payment.external_order_num.as_deref().unwrap_or_default()),
        ("vResultCode0000", DONE),
        ("mstatus0000", "success"),
        ("amount0000", &payment.amount.to_string()),
    ]);
    let tag = match event.signing {
        Signing::Right => tag(merchant.secret_key, &body),
        Signing::WrongKey => tag(&hash(&[merchant.secret_key.as_bytes()]), &body),
        Signing::ChangedBody => tag(merchant.secret_key, &format!("{body}&x=")),
    };
    let headers = vec![
        ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
        ("content-hmac".to_owned(), format!("h=HmacSHA256;s={};v={tag}", merchant.ccid)),
    ];
    Notification { id, headers, body }
}

/// Where the browser goes, with what the vendor adds and signs; none where no address was given.
pub fn way_back(settings: &SimulatorSettings, session: &Session) -> Option<String> {
    let merchant = Merchant::of(settings)?;
    let mut url = Url::parse(&session.return_url).ok()?;
    let order_id = session.external_order_num.clone().unwrap_or_default();
    let values = [order_id.as_str(), "success", DONE];
    let proof = hash(&[merchant.ccid.as_bytes(), values.concat().as_bytes(), merchant.secret_key.as_bytes()]);
    for (name, value) in RETURNED.split(',').zip(values) {
        url.query_pairs_mut().append_pair(name, value);
    }
    let list = BASE64.encode(RETURNED.as_bytes());
    url.query_pairs_mut().append_pair("authParams", &list).append_pair("vAuthInfo", &proof);
    Some(url.to_string())
}

/// Lowercase hex HMAC-SHA256 under the key read as hex; a key that is no hex signs as the bytes it has.
fn tag(key: &str, body: &str) -> String {
    let bytes = HEXLOWER.decode(key.as_bytes()).unwrap_or_else(|_| key.as_bytes().to_vec());
    let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
    HEXLOWER.encode(hmac::sign(&key, body.as_bytes()).as_ref())
}

fn form(fields: &[(&str, &str)]) -> String {
    match Url::parse("form:/") {
        Ok(mut url) => {
            url.query_pairs_mut().extend_pairs(fields);
            url.query().unwrap_or_default().to_owned()
        }
        Err(_) => String::new(),
    }
}
