//! The close of a day (日締め): what was booked, as a signed statement that the financial accounting system takes over.
//!
//! Purpose: one statement a body and JST day, chained to the one before. Every entry of the ledger belongs to exactly one
//! close: that of the day on which it was recorded. What was booked on another day (収入日) than it was recorded stands in
//! rows of its own, so that money which became known after a close is seen in a later one and no closed day ever changes.
//! Invariants: days follow each other without a gap; a day is closed when it is over and everything of it is visible; the
//! statement is canonical JSON (members sorted, no blanks, whole numbers), so that whoever recomputes it gets its bytes.

mod export;
mod totals;

use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::audit::ChainHash;
use crate::domain::calendar::jst_midnight;
use crate::domain::id::TenantCode;

pub use export::{CSV_COLUMNS, csv};
pub use totals::{DayTotals, EntryContext, RecordedEntry, Share, account_label};

/// What stands before the bytes that are signed, so that no other statement of ours can be taken for a close.
const CLOSE_DOMAIN: &[u8] = b"madoguchi day close v1\n";
const CONFIRMATION_DOMAIN: &[u8] = b"madoguchi day close confirmation v1\n";

/// How long after midnight a day is closed at the earliest: an entry may become visible a little later than its own
/// instant says, and never that much later.
const SETTLING: SignedDuration = SignedDuration::from_mins(10);

/// The sums of one row, in yen; what was undone is taken off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amounts {
    /// 調定.
    pub assessed: i64,
    /// 調定繰越: what the year took on of years whose books are closed, less what it left. Not said where there is nothing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub carried_over: i64,
    /// 委託.
    pub entrusted: i64,
    /// Fees that agents kept.
    pub fees: i64,
    /// 還付加算金の決定. Not said where there is nothing, as in what was closed before it was known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub interest_decided: i64,
    /// 還付加算金の支払. Not said where there is nothing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub interest_paid: i64,
    /// 過納の発生: money that covered a debt is more than it, since the debt shrank.
    pub overpaid: i64,
    /// 収納.
    pub received: i64,
    /// 減額調定.
    pub reduced: i64,
    /// 還付決定.
    pub refund_decided: i64,
    /// 還付.
    pub refunded: i64,
    /// 払込.
    pub remitted: i64,
    /// 証紙: what cancelled stamps settled. Not said where there is nothing, as in what was closed before it was known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub stamped: i64,
    /// What agents took off a payout for what went back.
    pub withheld: i64,
    /// 不納欠損.
    pub written_off: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_zero(amount: &i64) -> bool {
    *amount == 0
}

/// What a row is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowKey {
    /// Code of the revenue account (款項目節), or the ledger's name of another account; empty for what belongs to none.
    pub account: String,
    /// The day it is booked on (収入日).
    pub booked_on: Date,
    /// 会計年度.
    pub fiscal_year: i16,
    /// The merchant account or the place of the counter; empty without money.
    pub gateway: String,
    /// The method of payment; empty without money.
    pub method: String,
}

/// One row of a close.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseRow {
    /// Its sums.
    pub amounts: Amounts,
    /// What it is about.
    pub key: RowKey,
}

/// What a close states. The members stand in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseStatement {
    /// 1 for the first close, then without gaps.
    pub close_no: i64,
    /// When it was made.
    pub closed_at: Timestamp,
    /// The officer who made it.
    pub closed_by: String,
    /// The JST day.
    pub day: Date,
    /// SHA-256 over all entries, in hex.
    pub entries_sha256: String,
    /// How many entries it covers.
    pub entry_count: i64,
    /// The key that signed it.
    pub key_id: String,
    /// Exceptions that waited for a person when it was made, by kind.
    pub open_exceptions: BTreeMap<String, i64>,
    /// Hash of the close before in hex; of zeros for the first.
    pub prev_hash: String,
    /// Where what it covers begins; null for the first close, which covers everything before.
    pub recorded_from: Option<Timestamp>,
    /// Where it ends: the end of the day in Japan.
    pub recorded_until: Timestamp,
    /// The sums.
    pub rows: Vec<CloseRow>,
    /// The body.
    pub tenant: TenantCode,
}

impl CloseStatement {
    /// The canonical JSON.
    pub fn to_json(&self) -> String {
        // Our own types always have a JSON form; nothing would verify against an empty one.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What is booked on another day than the close's, or an earlier one: it became known later.
    pub fn of_other_days(&self) -> impl Iterator<Item = &CloseRow> {
        self.rows.iter().filter(|row| row.key.booked_on != self.day)
    }
}

/// The bytes of a close that are hashed and signed.
pub fn signed_bytes(statement: &str) -> Vec<u8> {
    [CLOSE_DOMAIN, statement.as_bytes()].concat()
}

/// The hash by which the next close names this one.
pub fn hash(statement: &str) -> ChainHash {
    digest(&signed_bytes(statement))
}

/// The bytes that are signed when a second person agrees.
pub fn confirmation_bytes(hash: &[u8], confirmed_by: &str, confirmed_at: Timestamp) -> Vec<u8> {
    let text = format!("{}\n{confirmed_by}\n{confirmed_at}", HEXLOWER.encode(hash));
    [CONFIRMATION_DOMAIN, text.as_bytes()].concat()
}

/// SHA-256 of the bytes of a statement.
pub fn digest(bytes: &[u8]) -> ChainHash {
    let mut context = Context::new(&SHA256);
    context.update(bytes);
    let mut hash = ChainHash::default();
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// The instants at which a JST day begins and ends.
pub fn day_span(day: Date) -> Option<(Timestamp, Timestamp)> {
    Some((jst_midnight(day)?, jst_midnight(day.tomorrow().ok()?)?))
}

/// Where the closes of a body stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastClose {
    /// No day was closed yet.
    None,
    /// This was the last one, and nobody agreed to it yet.
    Unconfirmed(Date),
    /// This was the last one.
    Confirmed(Date),
}

/// Why a day cannot be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotClosable {
    /// It is closed.
    Closed,
    /// It is not over, or only just.
    NotOver,
    /// This earlier day is open, or waits for a second person.
    EarlierOpen(Date),
}

/// Whether a day may be closed now.
pub fn may_close(day: Date, last: LastClose, now: Timestamp) -> Result<(), NotClosable> {
    match last {
        LastClose::Unconfirmed(last) | LastClose::Confirmed(last) if day <= last => {
            return Err(NotClosable::Closed);
        }
        LastClose::Unconfirmed(last) => return Err(NotClosable::EarlierOpen(last)),
        LastClose::Confirmed(last) => {
            let next = last.tomorrow().unwrap_or(last);
            if next != day {
                return Err(NotClosable::EarlierOpen(next));
            }
        }
        LastClose::None => {}
    }
    let over = day_span(day).and_then(|(_, end)| end.checked_add(SETTLING).ok());
    if over.is_some_and(|over| over <= now) { Ok(()) } else { Err(NotClosable::NotOver) }
}

#[cfg(test)]
mod tests;
