//! The sums of a day, entry by entry.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;
use jiff::Timestamp;

use super::{Amounts, CloseRow, RowKey};
use crate::domain::ledger::{Account, Entry, EntryKind, Posting};

/// An entry with what the store knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEntry {
    /// Its id.
    pub id: String,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// What it says.
    pub entry: Entry,
}

/// What belongs to a revenue account and a year, in the order in which money fills it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The account, as [`account_label`] names it.
    pub account: String,
    /// 会計年度.
    pub fiscal_year: i16,
    /// In yen.
    pub amount: i64,
}

/// What an entry's cause is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryContext {
    /// The merchant account or place of its payment.
    pub gateway: String,
    /// The method of its payment.
    pub method: String,
    /// What its money is for: the lines of its invoice, else of the case's invoices, or the parts of a refund.
    pub shares: Vec<Share>,
}

/// The sums of a day.
pub struct DayTotals {
    rows: BTreeMap<RowKey, Amounts>,
    hash: Context,
    entry_count: i64,
}

impl Default for DayTotals {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), hash: Context::new(&SHA256), entry_count: 0 }
    }
}

impl std::fmt::Debug for DayTotals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DayTotals").field("rows", &self.rows).finish_non_exhaustive()
    }
}

/// How an account is named in a row: a revenue account by its code alone.
pub fn account_label(account: &Account) -> String {
    match account {
        Account::Revenue(code) => code.clone(),
        other => other.to_string(),
    }
}

impl DayTotals {
    /// Takes an entry in; they come in the order of instant and id.
    pub fn add(&mut self, recorded: &RecordedEntry, context: &EntryContext) {
        self.hash.update(line(recorded).as_bytes());
        self.entry_count += 1;
        let entry = &recorded.entry;
        let (posting, sign, to, from) = match entry.kind {
            EntryKind::Booked(posting) => (posting, 1, &entry.debit_account, &entry.credit_account),
            EntryKind::Reversed(posting) => (posting, -1, &entry.credit_account, &entry.debit_account),
        };
        let amount = entry.amount.amount();
        let shares = match posting {
            Posting::Assess | Posting::Overpay => vec![(account_label(from), amount)],
            Posting::Reduce | Posting::Refund | Posting::Interest => vec![(account_label(to), amount)],
            Posting::Entrust | Posting::Receive if *from == Account::Overpayment => {
                vec![(account_label(from), amount)]
            }
            // The agent keeps its fee of the first yen and sends the rest.
            Posting::Remit => fill(in_order(&context.shares, entry).into_iter().rev(), entry),
            _ => fill(in_order(&context.shares, entry).into_iter(), entry),
        };
        // What a year leaves goes off it, what it takes on comes to it.
        let leaves = posting == Posting::CarryOver && *to == Account::CarriedOver;
        // What was pulled back is that much less received.
        let sign = if leaves || posting == Posting::PullBack { -sign } else { sign };
        let with_money = !matches!(
            posting,
            Posting::Assess
                | Posting::Reduce
                | Posting::Overpay
                | Posting::CarryOver
                | Posting::WriteOff
                | Posting::UseStamps
        );
        for (account, amount) in shares {
            let key = RowKey {
                account,
                booked_on: entry.booked_on,
                fiscal_year: entry.fiscal_year,
                gateway: if with_money { context.gateway.clone() } else { String::new() },
                method: if with_money { context.method.clone() } else { String::new() },
            };
            *column(self.rows.entry(key).or_default(), posting) += sign * amount;
        }
    }

    /// The rows in the order of their keys, the number of entries, and the hash over them in hex.
    pub fn finish(self) -> (Vec<CloseRow>, i64, String) {
        let rows = self.rows.into_iter().map(|(key, amounts)| CloseRow { amounts, key }).collect();
        (rows, self.entry_count, HEXLOWER.encode(self.hash.finish().as_ref()))
    }
}

fn column(amounts: &mut Amounts, posting: Posting) -> &mut i64 {
    match posting {
        Posting::Assess => &mut amounts.assessed,
        Posting::Reduce => &mut amounts.reduced,
        Posting::Overpay => &mut amounts.overpaid,
        Posting::CarryOver => &mut amounts.carried_over,
        Posting::WriteOff => &mut amounts.written_off,
        Posting::UseStamps => &mut amounts.stamped,
        Posting::Entrust => &mut amounts.entrusted,
        Posting::Receive | Posting::PullBack => &mut amounts.received,
        Posting::Remit => &mut amounts.remitted,
        Posting::RemitFee => &mut amounts.fees,
        Posting::Withhold => &mut amounts.withheld,
        Posting::Refund => &mut amounts.refund_decided,
        Posting::RefundPaid => &mut amounts.refunded,
        Posting::Interest => &mut amounts.interest_decided,
        Posting::InterestPaid => &mut amounts.interest_paid,
    }
}

/// The shares that an entry is about: those of its year, then those that earlier years left to it.
fn in_order<'a>(shares: &'a [Share], entry: &Entry) -> Vec<&'a Share> {
    let own = shares.iter().filter(|share| share.fiscal_year == entry.fiscal_year);
    own.chain(shares.iter().filter(|share| share.fiscal_year < entry.fiscal_year)).collect()
}

/// Divides an entry over shares; what is beyond them belongs to no account.
fn fill<'a>(shares: impl Iterator<Item = &'a Share>, entry: &Entry) -> Vec<(String, i64)> {
    let (mut left, mut filled) = (entry.amount.amount(), Vec::new());
    for share in shares {
        let taken = left.min(share.amount);
        if taken > 0 {
            filled.push((share.account.clone(), taken));
            left -= taken;
        }
    }
    if left > 0 {
        filled.push((String::new(), left));
    }
    filled
}

/// The line of an entry that is hashed.
fn line(recorded: &RecordedEntry) -> String {
    let Entry { kind, source_id, line_no, debit_account, credit_account, amount, fiscal_year, booked_on } =
        &recorded.entry;
    format!(
        "{}\t{kind}\t{source_id}\t{line_no}\t{debit_account}\t{credit_account}\t{}\t{fiscal_year}\t{booked_on}\t{}\n",
        recorded.id,
        amount.amount(),
        recorded.recorded_at
    )
}
