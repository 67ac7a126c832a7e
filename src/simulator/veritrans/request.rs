//! Reading a merchant's requests as VeriTrans does: the hash is checked over the very bytes of `params`.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde_json::{Map, Value, json};

use crate::simulator::core::Reply;
use crate::simulator::engine::NewSession;
use crate::simulator::model::{CaptureMode, Vendor};
use crate::simulator::settings::SimulatorSettings;

use super::wire::{Code, Merchant, failure, request_hash};

/// The vendor's instants are in Japan.
const JST: Offset = Offset::constant(9);
/// Life of an order of a brand that takes no limit, in seconds (ten days).
const USUAL_LIFE_SECONDS: u32 = 10 * 86_400;

/// What a brand takes and can.
#[derive(Debug, Clone, Copy)]
pub struct ServiceOption {
    /// `serviceOptionType`.
    pub name: &'static str,
    /// The wallet on the hosted page.
    pub wallet: &'static str,
    /// Largest amount in yen.
    pub most: u64,
    /// Longest order id.
    pub longest_id: usize,
    /// The payer is sent on with `appUrl`, rather than invited.
    pub redirects: bool,
    /// Fields without which it is refused.
    pub required: &'static [&'static str],
    /// Longest `settlementLimit` in days; none where the brand takes no limit.
    pub limit_days: Option<u32>,
    /// Commands after Authorize.
    pub commands: &'static [&'static str],
}

/// The brands on sale here, as the vendor's interface description has them.
pub const OPTIONS: [ServiceOption; 8] = {
    let suica = ServiceOption {
        name: "suica-mobile-mail",
        wallet: "suica",
        most: 20_000,
        longest_id: 40,
        redirects: false,
        required: &["settlementLimit", "mailAddr", "screenTitle"],
        limit_days: Some(60),
        commands: &["Cancel", "Refund"],
    };
    let edy = ServiceOption {
        name: "edy-direct",
        wallet: "edy",
        most: 50_000,
        longest_id: 100,
        redirects: true,
        required: &[],
        limit_days: None,
        commands: &["Refund"],
    };
    let waon = ServiceOption {
        name: "waon-mobile",
        wallet: "waon",
        redirects: false,
        required: &["settlementLimit", "cancelLimit"],
        limit_days: Some(365),
        ..edy
    };
    [
        suica,
        ServiceOption { name: "suica-mobile-app", required: &["settlementLimit", "screenTitle"], ..suica },
        edy,
        ServiceOption {
            name: "edy-mobile",
            redirects: false,
            required: &["settlementLimit", "mailAddr"],
            limit_days: Some(90),
            ..edy
        },
        ServiceOption { name: "edy-pc", ..edy },
        waon,
        ServiceOption {
            name: "waon-pc",
            redirects: true,
            required: &["settlementLimit", "cancelLimit", "successUrl", "failureUrl", "cancelUrl"],
            ..waon
        },
        ServiceOption {
            name: "tcc-redirect",
            wallet: "nanaco",
            required: &["transactionKind", "userId"],
            commands: &["Cancel"],
            ..edy
        },
    ]
};

/// The parameters of a request whose sender is proven.
#[derive(Debug, Clone, Default)]
pub struct Params(Map<String, Value>);

impl Params {
    /// A text, where it is given and not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// The order id of a search.
    pub fn searched(&self) -> Option<&str> {
        self.0.get("searchParameters")?.get("common")?.get("orderId")?.as_str()
    }

    /// Whether a search includes test orders.
    pub fn includes_tests(&self) -> bool {
        matches!(self.text("containDummyFlag"), Some("true" | "1"))
    }

    /// The way to pay.
    pub fn option(&self) -> Result<&'static ServiceOption, Reply> {
        let name = self.text("serviceOptionType").unwrap_or_default();
        let found = OPTIONS.iter().find(|option| option.name == name);
        found.ok_or_else(|| failure(Code::BadField, Some("serviceOptionType"), self.text("orderId")))
    }

    /// Yen, digits only.
    pub fn amount(&self) -> Result<u64, Reply> {
        let digits = self.text("amount").filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let amount = digits.and_then(|text| text.parse().ok());
        amount.ok_or_else(|| failure(Code::BadField, Some("amount"), self.text("orderId")))
    }

    /// The order id, of the characters and length that the brand takes.
    pub fn order_id(&self, longest: usize) -> Result<&str, Reply> {
        let fits = |text: &&str| {
            text.len() <= longest
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        let found = self.text("orderId").filter(fits);
        found.ok_or_else(|| failure(Code::BadField, Some("orderId"), self.text("orderId")))
    }
}

/// Believes a request by its hash, and by what it says of itself.
pub fn proven(body: &[u8], settings: &SimulatorSettings, test: bool) -> Result<Params, Reply> {
    let merchant = Merchant::of(settings).ok_or_else(|| failure(Code::NotAuthentic, None, None))?;
    let (params, hash) = frame(body).ok_or_else(|| failure(Code::BadFormat, None, None))?;
    let expected = request_hash(&merchant, params);
    if verify_slices_are_equal(expected.as_bytes(), hash).is_err() {
        return Err(failure(Code::NotAuthentic, None, None));
    }
    let Ok(Value::Object(fields)) = serde_json::from_slice(params) else {
        return Err(failure(Code::BadFormat, None, None));
    };
    let params = Params(fields);
    if params.text("merchantCcid") != Some(merchant.ccid) {
        return Err(failure(Code::NotAuthentic, Some("merchantCcid"), params.text("orderId")));
    }
    let dummy = if test { "1" } else { "0" };
    if params.text("dummyRequest") != Some(dummy) {
        return Err(failure(Code::BadField, Some("dummyRequest"), params.text("orderId")));
    }
    if params.text("txnVersion").is_none() {
        return Err(failure(Code::BadField, Some("txnVersion"), params.text("orderId")));
    }
    Ok(params)
}

/// The bytes of `params` and the hash of `{"params":…,"authHash":"…"}`.
fn frame(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = body.strip_prefix(br#"{"params":"#)?.strip_suffix(br#""}"#)?;
    let (before, hash) = inner.split_at_checked(inner.len().checked_sub(64)?)?;
    Some((before.strip_suffix(br#","authHash":""#)?, hash))
}

/// Reads an order.
pub fn new_order(
    params: &Params,
    test: bool,
    now: Timestamp,
) -> Result<(NewSession, &'static ServiceOption), Reply> {
    let option = params.option()?;
    let order_id = params.order_id(option.longest_id)?.to_owned();
    let bad = |field: &str| failure(Code::BadField, Some(field), Some(&order_id));
    if let Some(missing) = option.required.iter().find(|name| params.text(name).is_none()) {
        return Err(bad(missing));
    }
    let amount = params.amount()?;
    if !(1..=option.most).contains(&amount) {
        return Err(bad("amount"));
    }
    if params.text("screenTitle").is_some_and(|title| title.len() > 40 || title.contains(['\r', '\n'])) {
        return Err(bad("screenTitle"));
    }
    let life = match (option.limit_days, params.text("settlementLimit")) {
        (Some(days), Some(limit)) => seconds_until(limit, now)
            .filter(|seconds| (1..=i64::from(days) * 86_400).contains(seconds))
            .and_then(|seconds| u32::try_from(seconds).ok())
            .ok_or_else(|| bad("settlementLimit"))?,
        _ => USUAL_LIFE_SECONDS,
    };
    let back = params.text("successUrl").or(params.text("completeNoticeUrl")).unwrap_or_default();
    let mut metadata = Map::new();
    metadata.insert("serviceOptionType".to_owned(), json!(option.name));
    metadata.insert("dummy".to_owned(), json!(test));
    let session = NewSession {
        vendor: Vendor::Veritrans,
        amount,
        return_url: back.to_owned(),
        payment_types: vec![option.wallet.to_owned()],
        locale: "ja".to_owned(),
        email: params.text("mailAddr").map(str::to_owned),
        external_order_num: Some(order_id),
        capture: CaptureMode::Auto,
        metadata,
        line_items: json!([]),
        expires_in_seconds: life,
    };
    Ok((session, option))
}

fn seconds_until(text: &str, now: Timestamp) -> Option<i64> {
    let at = DateTime::strptime("%Y%m%d%H%M%S", text).ok().and_then(|at| JST.to_timestamp(at).ok())?;
    Some(at.duration_since(now).as_secs())
}
