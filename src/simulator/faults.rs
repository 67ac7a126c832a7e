//! Faults on order: what goes wrong, at which call, how often.
//!
//! Faults are armed over `POST /_sim/faults` and live in memory only ([`super::fault_book`]): a restarted simulator is healthy.
//! The names F01–F40 are those of the project's fault catalogue.

use serde::{Deserialize, Serialize};

/// A call a fault can hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// `POST /sessions`.
    Create,
    /// `GET /sessions/{id}`.
    GetSession,
    /// `POST /sessions/{id}/cancel`.
    CancelSession,
    /// `GET /payments/{id}`.
    GetPayment,
    /// `GET /payments`.
    ListPayments,
    /// `POST /payments/{id}/capture`.
    Capture,
    /// `POST /payments/{id}/cancel`.
    Cancel,
    /// `POST /payments/{id}/refund`.
    Refund,
    /// A notification leaving us.
    Webhook,
    /// `GET /settlements`, `GET /v1/payouts`.
    ListSettlements,
    /// `GET /settlements/{id}`, `GET /v1/payouts/{id}`.
    GetSettlement,
    /// `GET /settlements/{id}/csv`, `GET /v1/balance_transactions`.
    GetReport,
    /// No call: a movement of money that goes into a batch.
    Settle,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FaultKind {
    /// Silence, and nothing was done.
    F01,
    /// It was done, then silence.
    F02,
    /// It was done, and the connection breaks in the middle of the answer.
    F03,
    /// It was done, and a 200 arrives that is cut short (`style: "truncated"`) or is no JSON (`"html"`).
    F04,
    /// 5xx although it was done.
    F05,
    /// 5xx and nothing was done.
    F06,
    /// 409: the first request with this key is still in flight.
    F07,
    /// 429 with `Retry-After`.
    F08,
    /// It was done, the answer was lost, and the key is forgotten before anybody asks: it counts as a hit once that is so.
    F09,
    /// It was done, and the answer comes a byte a second.
    F10,
    /// Done and answered only after `hold_ms`; the key is in flight until then.
    F11,
    /// A query finds nothing although something is there.
    F12,
    /// A query shows the state before the last change.
    F13,
    /// A notification arrives several times, one after the other.
    F14,
    /// A notification arrives several times at once.
    F15,
    /// A notification arrives only after a later one of the same payment.
    F16,
    /// A notification arrives late.
    F17,
    /// A notification never arrives.
    F18,
    /// A forged notification, signed with another key, arrives before the true one.
    F19,
    /// A refund is refused: more than the acquirer allows, too late, or none for this contract.
    F26,
    /// A refund is refused for what the method, or the moment, cannot do; PayPay: another one was made a moment ago.
    F27,
    /// A refund is accepted, and fails `delay_seconds` of virtual time later, at vendors where that can be.
    F28,
    /// A forged notification with the signature of other bytes arrives before the true one.
    F20,
    /// A line is missing: in one answer, or (with op `settle`) for good, because it is settled in no batch.
    F34,
    /// A line stands twice.
    F35,
    /// The fee of a line is not what was kept.
    F36,
    /// The report as a whole: as `report` says.
    F37,
    /// The caller's clock is three minutes off, where the vendor minds that (PayPay).
    F38,
    /// The answer speaks of a status, and has a field, that did not exist when the merchant's program was written.
    F40,
}

impl FaultKind {
    /// Whether this fault concerns notifications rather than calls.
    pub fn hits_notifications(self) -> bool {
        matches!(self, Self::F14 | Self::F15 | Self::F16 | Self::F17 | Self::F18 | Self::F19 | Self::F20)
    }

    /// Whether this fault can befall what `op` names.
    pub fn goes_with(self, op: Op) -> bool {
        match self {
            Self::F09 => op == Op::Create,
            Self::F12 | Self::F13 => matches!(op, Op::GetSession | Op::GetPayment | Op::ListPayments),
            Self::F26 | Self::F27 | Self::F28 => op == Op::Refund,
            Self::F34 => matches!(op, Op::GetReport | Op::Settle),
            Self::F35 | Self::F36 => op == Op::GetReport,
            Self::F37 => matches!(op, Op::GetReport | Op::GetSettlement),
            _ => op != Op::Settle && (op == Op::Webhook) == self.hits_notifications(),
        }
    }
}

/// Which calls a fault hits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultMatch {
    /// The kind of call.
    pub op: Op,
    /// The first hit, counted from 1 over the matching calls since arming.
    #[serde(default = "one")]
    pub nth: u32,
    /// Only this session id, payment id or merchant's reference.
    #[serde(default)]
    pub payment: Option<String>,
    /// Only this event type (notifications).
    #[serde(default)]
    pub event: Option<String>,
}

/// How a 200 is spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpoilStyle {
    /// Cut in half.
    #[default]
    Truncated,
    /// An HTML page.
    Html,
}

/// What is wrong with a settlement report as a whole (F37).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportFault {
    /// From now on the same batch has a line more and another total.
    #[default]
    Reissued,
    /// Its file is not to be had any more.
    LinkExpired,
    /// Its file is cut in the middle of a Shift_JIS character.
    BrokenText,
}

/// How silence ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SilenceEnd {
    /// With the vendor's own 504.
    #[default]
    GatewayTimeout,
    /// The connection is dropped without an answer.
    Drop,
}

/// Particulars of a fault; each kind reads its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultArgs {
    /// How long silence lasts, in real milliseconds.
    pub hold_ms: u64,
    /// How silence ends.
    pub end: SilenceEnd,
    /// How a 200 is spoilt.
    pub style: SpoilStyle,
    /// What F37 does.
    pub report: ReportFault,
    /// HTTP status of F05 and F06.
    pub status: u16,
    /// Seconds in `Retry-After`.
    pub retry_after: u32,
    /// How many copies of a notification.
    pub copies: u32,
    /// How late a notification is (F17), or after what time it is no longer held back (F16), in virtual
    /// seconds.
    pub delay_seconds: u32,
    /// How many calls are hit.
    pub times: u32,
}

impl Default for FaultArgs {
    fn default() -> Self {
        Self {
            hold_ms: 60_000,
            end: SilenceEnd::GatewayTimeout,
            style: SpoilStyle::Truncated,
            report: ReportFault::Reissued,
            status: 500,
            retry_after: 1,
            copies: 3,
            delay_seconds: 3_600,
            times: 1,
        }
    }
}

/// A fault as ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultOrder {
    /// Which calls.
    #[serde(rename = "match")]
    pub on: FaultMatch,
    /// What goes wrong.
    pub fault: FaultKind,
    /// Particulars.
    #[serde(default)]
    pub args: FaultArgs,
}

impl FaultMatch {
    /// Whether a call, or a notification, of that kind is meant; by whose name it was found is the finder's matter.
    pub fn fits(&self, op: Op, event: Option<&str>) -> bool {
        self.op == op && self.event.as_deref().is_none_or(|wanted| event == Some(wanted))
    }
}

fn one() -> u32 {
    1
}
