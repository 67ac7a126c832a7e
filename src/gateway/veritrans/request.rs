//! The bytes sent to VeriTrans. A stored request is `POST <path>`, an empty line, and the body
//! `{"params":P,"authHash":H}`, where H was computed over the very bytes of P that stand beside it.

use data_encoding::HEXLOWER;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::gateway::veritrans::brands::{After, Brand, Limit, Reach, Return};
use crate::gateway::veritrans::{Mode, sign};
use crate::gateway::{
    Cancel, Capabilities, CreateCheckout, CreateRefund, OperationKind, PreparedRequest, Unpreparable,
};

/// Japan Standard Time: the vendor's instants carry no zone.
pub(super) const JST: Offset = Offset::constant(9);
/// `txnVersion` of every request.
const TXN_VERSION: &str = "2.0.0";
/// The longest order id that every brand takes (Suica; the others take 100).
const LONGEST_ORDER_ID: usize = 40;
/// The longest addresses and texts, in bytes.
const LONGEST_URL: usize = 128;
const LONGEST_MAIL: usize = 256;
const LONGEST_TITLE: usize = 40;
/// The payer's answer to a refund of Suica is waited for this long, in seconds: 30 days (60 are allowed).
const REFUND_LIFE_S: u32 = 30 * 86_400;
/// 電子マネー決済, the only kind of a nanaco order.
const NANACO_KIND: &str = "02";

/// Who sends: what stands in every request, and the key that proves it.
pub(super) struct Sender<'a> {
    /// The merchant's CCID.
    pub merchant_ccid: &'a str,
    /// The key in use.
    pub secret_key: &'a SecretString,
    /// Real or test orders.
    pub mode: Mode,
}

/// An order as we name it to the rest of the house: by its way to pay and its id, both of which later commands need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OrderName {
    /// The brand.
    pub option: String,
    /// Our reference.
    pub order_id: String,
}

impl OrderName {
    /// `suica-mobile-mail:020001-…`.
    pub fn text(&self) -> String {
        format!("{}:{}", self.option, self.order_id)
    }

    /// Reads the text; none when it is none of ours.
    pub fn parse(text: &str) -> Option<(&'static Brand, Self)> {
        let (option, order_id) = text.split_once(':')?;
        let brand = Brand::of_option(option)?;
        let order_id = order_id_of(order_id).ok()?.to_owned();
        Some((brand, Self { option: option.to_owned(), order_id }))
    }
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderParams<'a> {
    service_option_type: &'a str,
    order_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_order_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settlement_limit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_limit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mail_addr: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    screen_title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    success_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    complete_notice_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SearchParams<'a> {
    contain_dummy_flag: &'a str,
    newer_flag: &'a str,
    search_parameters: SearchParameters<'a>,
}

#[derive(Serialize)]
struct SearchParameters<'a> {
    common: SearchCommon<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SearchCommon<'a> {
    order_id: &'a str,
}

/// Parameters with what ends every request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole<'a, P> {
    #[serde(flatten)]
    own: P,
    txn_version: &'a str,
    dummy_request: &'a str,
    merchant_ccid: &'a str,
}

/// What an answer must be read against.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    /// The order, or the refund's own.
    pub order_id: String,
    /// The way to pay.
    pub service_option_type: String,
    /// The order a refund belongs to.
    pub refund_order_id: Option<String>,
    /// Yen, as text.
    pub amount: Option<String>,
    /// The last instant to pay, in Japan time.
    pub settlement_limit: Option<String>,
}

#[derive(Deserialize)]
struct SentBody {
    params: Asked,
}

/// A request taken apart.
pub(super) struct Envelope<'a> {
    /// The path below the base address.
    pub path: &'a str,
    /// The JSON body.
    pub body: &'a [u8],
}

/// Orders a payment by one brand.
pub(super) fn create_checkout(
    sender: &Sender<'_>,
    capabilities: &Capabilities,
    key: &str,
    request: &CreateCheckout,
) -> Result<PreparedRequest, Unpreparable> {
    let capability = capabilities.method(&request.method).ok_or(Unpreparable::UnknownMethod)?;
    let brand = Brand::of_option(&capability.gateway_code).ok_or(Unpreparable::UnknownMethod)?;
    if !(capability.least..=capability.most).contains(&request.amount) {
        return Err(Unpreparable::AmountOutOfBounds);
    }
    if request.expires_in_s == 0 || request.expires_in_s > capabilities.longest_checkout_s {
        return Err(Unpreparable::FieldOutOfBounds);
    }
    let born_at = born_at(key)?;
    let order_id = order_id_of(&request.merchant_reference)?;
    let title = shortened(&request.description);
    let mut params = OrderParams {
        service_option_type: brand.option,
        order_id,
        amount: Some(request.amount.amount().to_string()),
        ..OrderParams::default()
    };
    if brand.reach == Reach::Mail {
        params.mail_addr = Some(mail_address(request.payer_email.as_deref())?);
    }
    if brand.option.starts_with("suica") {
        params.screen_title = Some(title);
    }
    if brand.option == "tcc-redirect" {
        params.transaction_kind = Some(NANACO_KIND);
        // Whoever pays is known to the vendor by the order alone.
        params.user_id = Some(order_id);
    }
    set_limits(&mut params, brand.limit, born_at, request)?;
    set_returns(&mut params, brand.back, &request.return_url)?;
    prepared(sender, OperationKind::CreateCheckout, key, "Authorize", params)
}

fn set_limits(
    params: &mut OrderParams<'_>,
    limit: Limit,
    born_at: Timestamp,
    request: &CreateCheckout,
) -> Result<(), Unpreparable> {
    // Not past the instant from which on nothing may be paid.
    let left_s = request.payable_until.map(|until| until.duration_since(born_at).as_secs().max(1));
    let most_s = left_s.and_then(|left| u32::try_from(left).ok()).unwrap_or(u32::MAX);
    let life_of = |life_s: u32| life_s.max(request.expires_in_s).min(most_s);
    match limit {
        Limit::None => {}
        Limit::Settlement(life_s) => params.settlement_limit = Some(jst_text(born_at, life_of(life_s))?),
        Limit::SettlementAndCancel(life_s, refundable_s) => {
            let life_s = life_of(life_s);
            params.settlement_limit = Some(jst_text(born_at, life_s)?);
            params.cancel_limit = Some(jst_text(born_at, life_s.saturating_add(refundable_s))?);
        }
    }
    Ok(())
}

fn set_returns<'a>(params: &mut OrderParams<'a>, back: Return, url: &'a str) -> Result<(), Unpreparable> {
    let web = url.starts_with("https://") || url.starts_with("http://");
    if back != Return::None && (!web || url.len() > LONGEST_URL || !url.is_ascii()) {
        return Err(Unpreparable::FieldOutOfBounds);
    }
    match back {
        Return::None => {}
        Return::CompleteNotice => params.complete_notice_url = Some(url),
        Return::ThreeUrls => {
            (params.success_url, params.failure_url, params.cancel_url) = (Some(url), Some(url), Some(url));
        }
    }
    Ok(())
}

/// Calls an order off before it is paid, where the brand can.
pub(super) fn cancel(
    sender: &Sender<'_>,
    key: &str,
    request: &Cancel,
) -> Result<PreparedRequest, Unpreparable> {
    let name = match request {
        Cancel::Checkout { gateway_session_id } => gateway_session_id,
        Cancel::Payment { gateway_payment_id } => gateway_payment_id,
        // An order whose answer was lost is found by a search, and named then.
        Cancel::Reference { .. } => return Err(Unpreparable::NotPossible),
    };
    let (brand, order) = OrderName::parse(name).ok_or(Unpreparable::BadIdentifier)?;
    if brand.after == After::Refund {
        return Err(Unpreparable::NotPossible);
    }
    born_at(key)?;
    let params = OrderParams {
        service_option_type: brand.option,
        order_id: &order.order_id,
        ..OrderParams::default()
    };
    prepared(sender, OperationKind::Cancel, key, "Cancel", params)
}

/// Sends money back under an order id of its own, made from the key: the same key is the same refund.
pub(super) fn refund(
    sender: &Sender<'_>,
    key: &str,
    request: &CreateRefund,
) -> Result<PreparedRequest, Unpreparable> {
    let (brand, order) = OrderName::parse(&request.gateway_payment_id).ok_or(Unpreparable::BadIdentifier)?;
    if brand.after == After::Cancel {
        return Err(Unpreparable::NotPossible);
    }
    if request.amount.amount() == 0 {
        return Err(Unpreparable::AmountOutOfBounds);
    }
    let born_at = born_at(key)?;
    let own_id = refund_order_id(key)?;
    let mut params = OrderParams {
        service_option_type: brand.option,
        order_id: &own_id,
        order_kind: Some("refund"),
        refund_order_id: Some(&order.order_id),
        amount: Some(request.amount.amount().to_string()),
        ..OrderParams::default()
    };
    if brand.option.starts_with("suica") {
        params.settlement_limit = Some(jst_text(born_at, REFUND_LIFE_S)?);
        params.screen_title = Some(shortened(&request.description));
    }
    prepared(sender, OperationKind::Refund, key, "Refund", params)
}

/// The body that asks for an order by its exact id, and its path. Test orders are only found when they are asked for.
pub(super) fn search(sender: &Sender<'_>, order_id: &str) -> Result<(String, Vec<u8>), Unpreparable> {
    let params = SearchParams {
        contain_dummy_flag: if sender.mode == Mode::Test { "true" } else { "false" },
        newer_flag: "true",
        search_parameters: SearchParameters { common: SearchCommon { order_id: order_id_of(order_id)? } },
    };
    let path = format!("/{}paynow-search/v2/Search/search", prefix(sender.mode));
    Ok((path, body(sender, params)?))
}

/// The order id of the refund that a key stands for; 34 characters.
fn refund_order_id(key: &str) -> Result<String, Unpreparable> {
    let key = Uuid::parse_str(key).map_err(|_| Unpreparable::BadKey)?;
    Ok(format!("r-{}", HEXLOWER.encode(key.as_bytes())))
}

/// Whether an order id is that of a refund of ours.
pub(super) fn is_refund(order_id: &str) -> bool {
    order_id.starts_with("r-")
}

/// Takes a stored request apart; none when it is not one of ours.
pub(super) fn open(bytes: &[u8]) -> Option<Envelope<'_>> {
    let split = bytes.windows(2).position(|pair| pair == b"\n\n")?;
    let (head, rest) = bytes.split_at_checked(split)?;
    let path = std::str::from_utf8(head).ok()?.strip_prefix("POST ")?;
    path.starts_with('/').then_some(())?;
    Some(Envelope { path, body: rest.get(2..)? })
}

impl Envelope<'_> {
    /// What was asked; none when the body is not one of ours.
    pub fn asked(&self) -> Option<Asked> {
        serde_json::from_slice::<SentBody>(self.body).ok().map(|body| body.params)
    }
}

/// The instant of a limit that was sent.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let at = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
    JST.to_timestamp(at).ok()
}

/// An order id that every brand takes.
pub(super) fn order_id_of(text: &str) -> Result<&str, Unpreparable> {
    let fits = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if fits && (1..=LONGEST_ORDER_ID).contains(&text.len()) {
        Ok(text)
    } else {
        Err(Unpreparable::BadIdentifier)
    }
}

/// When the key was born: our keys are UUIDs of version 7, which say so. Limits count from there, so that the same key
/// always gives the same bytes.
fn born_at(key: &str) -> Result<Timestamp, Unpreparable> {
    let born = Uuid::parse_str(key).ok().and_then(|key| key.get_timestamp()).ok_or(Unpreparable::BadKey)?;
    let (seconds, nanoseconds) = born.to_unix();
    let seconds = i64::try_from(seconds).map_err(|_| Unpreparable::BadKey)?;
    let nanoseconds = i32::try_from(nanoseconds).map_err(|_| Unpreparable::BadKey)?;
    Timestamp::new(seconds, nanoseconds).map_err(|_| Unpreparable::BadKey)
}

/// `yyyyMMddHHmmss` in Japan, so many seconds after an instant.
fn jst_text(at: Timestamp, seconds: u32) -> Result<String, Unpreparable> {
    let at = at.checked_add(SignedDuration::from_secs(i64::from(seconds)));
    let at = JST.to_datetime(at.map_err(|_| Unpreparable::FieldOutOfBounds)?);
    Ok(at.strftime("%Y%m%d%H%M%S").to_string())
}

fn mail_address(address: Option<&str>) -> Result<&str, Unpreparable> {
    let fits = |text: &&str| {
        text.len() <= LONGEST_MAIL && text.contains('@') && text.bytes().all(|b| b.is_ascii_graphic())
    };
    address.filter(fits).ok_or(Unpreparable::FieldOutOfBounds)
}

/// As much of a text as fits its field, on one line.
fn shortened(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    let end = (0..=LONGEST_TITLE.min(line.len())).rev().find(|end| line.is_char_boundary(*end));
    line.get(..end.unwrap_or(0)).unwrap_or_default()
}

fn prefix(mode: Mode) -> &'static str {
    match mode {
        Mode::Live => "",
        Mode::Test => "test-",
    }
}

fn prepared(
    sender: &Sender<'_>,
    kind: OperationKind,
    key: &str,
    command: &str,
    params: OrderParams<'_>,
) -> Result<PreparedRequest, Unpreparable> {
    let mut bytes = format!("POST /{}paynow/v2/{command}/em\n\n", prefix(sender.mode)).into_bytes();
    bytes.extend(body(sender, params)?);
    Ok(PreparedRequest::new(kind, key.to_owned(), bytes))
}

/// Writes the parameters once, hashes those bytes, and puts the same bytes into the body.
fn body(sender: &Sender<'_>, own: impl Serialize) -> Result<Vec<u8>, Unpreparable> {
    let whole = Whole {
        own,
        txn_version: TXN_VERSION,
        dummy_request: if sender.mode == Mode::Test { "1" } else { "0" },
        merchant_ccid: sender.merchant_ccid,
    };
    let params = serde_json::to_vec(&whole).map_err(|_| Unpreparable::FieldOutOfBounds)?;
    let hash = sign::auth_hash(sender.merchant_ccid, &params, sender.secret_key);
    Ok([br#"{"params":"#, params.as_slice(), br#","authHash":""#, hash.as_bytes(), br#""}"#].concat())
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
