//! What a gateway says about one payment at one instant, in our words.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::dispute::DisputeSnapshot;
use crate::domain::money::Yen;
use crate::domain::payment::{PaymentCounters, Slip};

/// Our code of a way to pay (納付方法): data, not an enum, because brands come and go between releases.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MethodCode(String);

impl MethodCode {
    /// Takes 1–32 characters of `a-z`, `0-9` and `_`.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        (fits && (1..=32).contains(&text.len())).then(|| Self(text.to_owned()))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a Japanese paper prints it; a method without a common name keeps its code.
    pub fn printed(code: &str) -> &str {
        match code {
            "card" => "クレジットカード",
            "konbini" => "コンビニエンスストア",
            "pay_easy" => "ペイジー",
            "counter" => "窓口",
            "set_off" => "充当",
            "el_qr" => "eL-QR",
            "paypay" => "PayPay",
            "suica" => "Suica",
            "edy" => "楽天Edy",
            "waon" => "WAON",
            other => other,
        }
    }
}

impl fmt::Display for MethodCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The gateway's status translated by its adapter. Refunds are no status: they are counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotStatus {
    /// The payer must act.
    RequiresAction,
    /// A slip or number is issued, no money yet.
    AwaitingPayment,
    /// The gateway is working.
    Processing,
    /// Money is held.
    Authorized,
    /// Money was taken, whatever went back since.
    Captured,
    /// Ended without money.
    Failed,
    /// Called off without money.
    Canceled,
    /// Lapsed without money.
    Expired,
    /// The adapter does not know this status (or this status for this method).
    Unrecognised,
}

/// One payment as a gateway shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentSnapshot {
    /// The gateway's id of the checkout, where it names one.
    pub gateway_session_id: Option<String>,
    /// The gateway's id of the payment; absent while the payer has not begun.
    pub gateway_payment_id: Option<String>,
    /// Our reference, where the gateway repeats it.
    pub merchant_reference: Option<String>,
    /// Other payments under the same reference that took money: second charges.
    pub also_captured: Vec<PaymentSnapshot>,
    /// The status in the gateway's own language.
    pub raw_status: String,
    /// The method the payer used, where known.
    pub method: Option<MethodCode>,
    /// What the gateway asks the payer for, in yen; another amount than ours is never success.
    pub amount: Option<Yen>,
    /// How much moved.
    pub counters: PaymentCounters,
    /// The status in our words.
    pub status: SnapshotStatus,
    /// The disputes that the gateway shows with it; it may have more.
    pub disputes: Vec<DisputeSnapshot>,
    /// What the payer needs to pay cash or by Pay-easy, where the gateway shows it.
    pub slip: Option<Slip>,
    /// The gateway's own version number, where it has one.
    pub version: Option<i64>,
    /// When the gateway took the money, where it says so.
    pub captured_at: Option<Timestamp>,
    /// When the slip or checkout lapses.
    pub expires_at: Option<Timestamp>,
    /// When this was true, as far as known: the event's instant or that of our question.
    pub observed_at: Timestamp,
}

/// Where a refund (還付) stands at the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// Accepted, may still fail.
    Pending,
    /// The money is on its way back.
    Succeeded,
    /// The gateway did not send it.
    Failed,
    /// A word the adapter does not know, or one that contradicts the amounts.
    Unrecognised,
}

/// One refund as a gateway shows it, with the payment as it stands after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundSnapshot {
    /// The gateway's id of the refund, where it names one.
    pub gateway_refund_id: Option<String>,
    /// What goes back.
    pub amount: Yen,
    /// Where it stands.
    pub status: RefundStatus,
    /// `refund:` and the gateway's own word for it, kept for people: where it is not understood an alert shows it.
    pub raw_status: String,
    /// The payment after the refund; its counters decide.
    pub payment: PaymentSnapshot,
}
