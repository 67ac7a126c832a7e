//! The vendor's JSON read into our words. Fields we do not know are ignored, fields we need are required.

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::domain::money::Yen;
use crate::domain::payment::{
    Checkout, MethodCode, PaymentCounters, PaymentSnapshot, RefundSnapshot, RefundStatus, SnapshotStatus,
};
use crate::gateway::status_table::refund_word;
use crate::gateway::veritrans::brands::{Brand, Limit, Reach};
use crate::gateway::veritrans::request::{self, Asked, JST, OrderName};
use crate::gateway::veritrans::status;

/// How long a payer is waited for at the page of a brand that takes no limit: the vendor names no end of such an order, and
/// most of these brands cannot call one off, so without an end of ours its invoice could never be paid otherwise. Money that
/// comes after it is late, not lost.
const PAGE_LIFE: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, Deserialize)]
struct Envelope {
    result: ResultBody,
}

/// The result of any command.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResultBody {
    /// `success`, `failure` or `pending`.
    pub mstatus: String,
    /// Four blocks of four characters, the first of which is of the main service.
    #[serde(default)]
    pub v_result_code: String,
    /// The vendor's words.
    pub merr_msg: Option<String>,
    order_id: Option<String>,
    app_url: Option<String>,
    order_infos: Option<OrderInfos>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrderInfos {
    #[serde(default)]
    order_info: Vec<OrderInfo>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrderInfo {
    order_id: String,
    #[serde(default)]
    order_status: String,
    last_success_txn_type: Option<String>,
    transaction_infos: Option<TransactionInfos>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransactionInfos {
    #[serde(default)]
    transaction_info: Vec<Transaction>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transaction {
    command: String,
    mstatus: String,
    txn_datetime: Option<String>,
    amount: Option<String>,
}

/// Reads a result; none when it is not the vendor's.
pub(super) fn result(body: &[u8]) -> Option<ResultBody> {
    serde_json::from_slice::<Envelope>(body).ok().map(|envelope| envelope.result)
}

/// Reads the answer to an order. A payer who is sent on needs the address; one who is invited needs none.
pub(super) fn checkout(result: ResultBody, asked: &Asked) -> Option<Checkout> {
    let brand = Brand::of_option(&asked.service_option_type)?;
    let name = named(&result, asked)?;
    let redirect_url = result.app_url.filter(|url| is_address(url));
    if brand.reach == Reach::Redirect && redirect_url.is_none() {
        return None;
    }
    let raw_status = "Authorize/initial";
    Some(Checkout {
        gateway_session_id: name.clone(),
        gateway_payment_id: Some(name),
        redirect_url,
        expires_at: asked.settlement_limit.as_deref().and_then(request::instant),
        raw_status: raw_status.to_owned(),
        status: status::of_order(raw_status, brand),
    })
}

/// Reads the answer to a cancellation.
pub(super) fn canceled(result: &ResultBody, asked: &Asked, at: Timestamp) -> Option<PaymentSnapshot> {
    let name = named(result, asked)?;
    let brand = Brand::of_option(&asked.service_option_type)?;
    let raw_status = "Cancel/end".to_owned();
    Some(PaymentSnapshot {
        status: status::of_order(&raw_status, brand),
        raw_status,
        gateway_session_id: Some(name.clone()),
        gateway_payment_id: Some(name),
        merchant_reference: Some(asked.order_id.clone()),
        ..blank(at)
    })
}

/// Reads the answer to a refund. `after` is the order as Search shows it after the refund, where it could be asked for;
/// without it the refund itself is all that is known to have gone back.
pub(super) fn refunded(
    result: &ResultBody,
    asked: &Asked,
    after: Option<PaymentSnapshot>,
    at: Timestamp,
) -> Option<RefundSnapshot> {
    named(result, asked)?;
    let amount = yen(asked.amount.as_deref()?)?;
    let order_id = asked.refund_order_id.clone()?;
    let name = OrderName { option: asked.service_option_type.clone(), order_id: order_id.clone() }.text();
    let payment = after.unwrap_or_else(|| PaymentSnapshot {
        gateway_session_id: Some(name.clone()),
        gateway_payment_id: Some(name),
        merchant_reference: Some(order_id),
        raw_status: "Refund/paid".to_owned(),
        counters: PaymentCounters { captured: amount, refunded: amount, ..PaymentCounters::default() },
        status: SnapshotStatus::Captured,
        ..blank(at)
    });
    Some(RefundSnapshot {
        gateway_refund_id: Some(asked.order_id.clone()),
        amount,
        status: status::of_refund(&result.mstatus),
        raw_status: refund_word(&result.mstatus),
        payment,
    })
}

/// Whether the answer to the order ever reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    /// It did.
    Yes,
    /// It did not: see [`status::of_unanswered`].
    No,
}

/// What Search shows of one order.
#[derive(Debug)]
pub(super) enum Found {
    /// There is no such order.
    Nothing,
    /// It stands so.
    Order(Box<PaymentSnapshot>),
}

impl Found {
    /// The order, where there is one.
    pub fn order(self) -> Option<PaymentSnapshot> {
        match self {
            Self::Nothing => None,
            Self::Order(snapshot) => Some(*snapshot),
        }
    }
}

/// Reads the answer to a search for one order; none when it is not readable.
pub(super) fn found(
    result: ResultBody,
    order_id: &str,
    brand: &Brand,
    method: Option<&MethodCode>,
    answered: Answered,
    at: Timestamp,
) -> Option<Found> {
    let orders = result.order_infos.map(|orders| orders.order_info).unwrap_or_default();
    let Some(order) = orders.into_iter().find(|order| order.order_id == order_id) else {
        return Some(Found::Nothing);
    };
    let transactions =
        order.transaction_infos.as_ref().map_or(&[][..], |infos| infos.transaction_info.as_slice());
    let mut raw_status = raw_status(&order, transactions);
    let mut status = status::of_order(&raw_status, brand);
    // Nobody knows how much went back by a refund that is told of in a word that nobody knows (F40).
    if let Some(word) = refund_words(transactions).find(|word| of(word) == RefundStatus::Unrecognised) {
        (status, raw_status) = (SnapshotStatus::Unrecognised, refund_word(word));
    }
    let mut name = Some(OrderName { option: brand.option.to_owned(), order_id: order_id.to_owned() }.text());
    if answered == Answered::No {
        status = status::of_unanswered(status, brand.reach);
        name = name.filter(|_| status != SnapshotStatus::Failed);
    }
    let is_old = || last_step(transactions).is_some_and(|ordered| at.duration_since(ordered) > PAGE_LIFE);
    if status == SnapshotStatus::RequiresAction && brand.limit == Limit::None && is_old() {
        status = SnapshotStatus::Expired;
    }
    let ordered = |transaction: &&Transaction| is_order(transaction) && transaction.mstatus == "success";
    let amount =
        transactions.iter().find(ordered).and_then(|transaction| yen(transaction.amount.as_deref()?));
    // Money of an unknown amount is nothing to believe in.
    if status == SnapshotStatus::Captured && amount.is_none() {
        status = SnapshotStatus::Unrecognised;
    }
    let captured = amount.filter(|_| status == SnapshotStatus::Captured).unwrap_or(Yen::ZERO);
    Some(Found::Order(Box::new(PaymentSnapshot {
        gateway_session_id: name.clone(),
        gateway_payment_id: name,
        merchant_reference: Some(order.order_id.clone()),
        raw_status,
        method: method.cloned(),
        amount,
        counters: PaymentCounters {
            authorized: captured,
            captured,
            refunded: sent_back(transactions, captured)?,
            charged_back: Yen::ZERO,
        },
        status,
        captured_at: (captured > Yen::ZERO).then(|| last_step(transactions)).flatten(),
        ..blank(at)
    })))
}

/// `<last successful command>/<orderStatus>`; without a successful command, whether one is still held.
fn raw_status(order: &OrderInfo, transactions: &[Transaction]) -> String {
    match order.last_success_txn_type.as_deref() {
        Some(command) if !command.is_empty() => format!("{command}/{}", order.order_status),
        _ if transactions.iter().any(|transaction| transaction.mstatus == "pending") => "/pending".to_owned(),
        _ if transactions.iter().all(|transaction| transaction.mstatus == "failure") => "/failed".to_owned(),
        _ => format!("/{}", order.order_status),
    }
}

fn is_order(transaction: &Transaction) -> bool {
    matches!(transaction.command.as_str(), "Authorize" | "ReAuthorize")
}

fn is_refund(transaction: &Transaction) -> bool {
    transaction.command == "Refund"
}

fn of(mstatus: &str) -> RefundStatus {
    status::of_refund(mstatus)
}

fn refund_words(transactions: &[Transaction]) -> impl Iterator<Item = &str> {
    transactions.iter().filter(|it| is_refund(it)).map(|it| it.mstatus.as_str())
}

/// Whether the vendor holds a refund of an order: it may go or not.
pub(super) fn holds_a_refund(result: &ResultBody, order_id: &str) -> bool {
    let orders = result.order_infos.iter().flat_map(|orders| &orders.order_info);
    let rows = orders
        .filter(|order| order.order_id == order_id)
        .filter_map(|order| order.transaction_infos.as_ref());
    let mut words = rows.flat_map(|infos| refund_words(&infos.transaction_info));
    words.any(|word| of(word) == RefundStatus::Pending)
}

/// The sum of the refunds that succeeded; nothing of a payment that took nothing.
fn sent_back(transactions: &[Transaction], captured: Yen) -> Option<Yen> {
    let goes = |it: &&Transaction| is_refund(it) && of(&it.mstatus) == RefundStatus::Succeeded;
    let refunds = transactions.iter().filter(goes);
    let amounts: Option<Vec<Yen>> = refunds.map(|refund| yen(refund.amount.as_deref()?)).collect();
    let sum = Yen::sum(amounts?).ok()?;
    Some(if captured == Yen::ZERO { Yen::ZERO } else { sum })
}

/// When the payment was made: the last successful step of the order itself.
fn last_step(transactions: &[Transaction]) -> Option<Timestamp> {
    let steps = transactions.iter().filter(|it| is_order(it) && it.mstatus == "success");
    steps.filter_map(|step| instant(step.txn_datetime.as_deref()?)).max()
}

/// `2023-08-30 16:33:06.0` or `20230830163306`, in Japan.
fn instant(text: &str) -> Option<Timestamp> {
    let spaced = text.parse::<DateTime>().ok().and_then(|at| JST.to_timestamp(at).ok());
    spaced.or_else(|| request::instant(text))
}

/// The order's name, if the answer speaks of the order that was asked for.
fn named(result: &ResultBody, asked: &Asked) -> Option<String> {
    result.order_id.as_ref().is_none_or(|order_id| *order_id == asked.order_id).then(|| {
        OrderName { option: asked.service_option_type.clone(), order_id: asked.order_id.clone() }.text()
    })
}

fn yen(text: &str) -> Option<Yen> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits).and_then(|amount| Yen::new(amount).ok())
}

fn is_address(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// Nothing known yet.
fn blank(at: Timestamp) -> PaymentSnapshot {
    PaymentSnapshot {
        gateway_session_id: None,
        gateway_payment_id: None,
        merchant_reference: None,
        also_captured: Vec::new(),
        disputes: Vec::new(),
        slip: None,
        raw_status: String::new(),
        method: None,
        amount: None,
        counters: PaymentCounters::default(),
        status: SnapshotStatus::Unrecognised,
        version: None,
        captured_at: None,
        expires_at: None,
        observed_at: at,
    }
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
