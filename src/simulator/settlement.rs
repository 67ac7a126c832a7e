//! What the acquirer pays out (払込): one batch a day and vendor, folded from the movements of the truth ledger.
//!
//! The books of a day close at midnight in Japan. A day that comes to nothing, or less, waits for the next. Rates are this
//! simulator's reading: a merchant's contract says what is really kept. Nothing here reads a clock; what is made is journalled
//! by the caller.

use std::collections::BTreeMap;

use jiff::{Span, Timestamp, civil, tz};
use serde::{Deserialize, Serialize};

use super::clock::IdSource;
use super::faults::{FaultKind, ReportFault};
use super::model::{DisputeStatus, Movement, MovementKind, Payment, Vendor};
use super::state::{Entry, State};

/// Vendors whose settlements can be asked for.
const VENDORS: [Vendor; 2] = [Vendor::Komoju, Vendor::Stripe];

/// What is kept of a capture, in thousandths of it.
const FEE_PER_MILLE: i64 = 36;
/// Consumption tax on the fee, in hundredths of it.
const TAX_PER_CENT: i64 = 10;
/// What a lost dispute costs, in yen.
const DISPUTE_FEE: i64 = 1_300;
/// What the transfer of one batch costs, in yen.
const TRANSFER_FEE: i64 = 250;
/// What a batch that is issued again has been corrected by, in yen.
const CORRECTION: i64 = -100;
/// How many days after its day a batch is transferred.
const TRANSFER_AFTER_DAYS: i64 = 2;
/// The acquirers' clock.
const TOKYO: tz::Offset = tz::offset(9);

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    /// Money taken.
    Capture,
    /// Money given back.
    Refund,
    /// Money pulled back by the payer's bank.
    Chargeback,
    /// Anything else.
    Correction,
}

/// One row of a batch, in yen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its own id: of the payment, the refund, the dispute, or its own.
    pub id: String,
    /// What it is about.
    pub kind: RowKind,
    /// Its payment.
    pub payment_id: Option<String>,
    /// Taken (positive) or gone back (negative).
    pub amount: i64,
    /// Kept.
    pub fee: i64,
    /// Tax on what is kept.
    pub tax: i64,
    /// Paid out of it.
    pub net: i64,
    /// When.
    pub at: Timestamp,
    /// Its movement's place in the truth ledger.
    pub movement: Option<usize>,
}

/// One payout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub reference: String,
    /// Who pays it.
    pub vendor: Vendor,
    /// The end of its last day, at which it was made.
    pub cutoff_at: Timestamp,
    /// The day of the bank transfer.
    pub transfer_on: civil::Date,
    /// What the transfer costs.
    pub transfer_fee: i64,
    /// Its rows.
    pub rows: Vec<Row>,
}

impl Batch {
    /// The movements that this batch ends, by their places in the truth ledger.
    pub fn movements(&self) -> impl Iterator<Item = usize> {
        self.rows.iter().filter_map(|row| row.movement)
    }

    /// Σ of a part of its rows.
    pub fn sum(&self, part: impl Fn(&Row) -> i64) -> i64 {
        self.rows.iter().map(part).sum()
    }

    /// What reaches the merchant's bank account.
    pub fn paid_out(&self) -> i64 {
        self.sum(|row| row.net) - self.transfer_fee
    }
}

/// How a report is spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportSpoil {
    /// The first capture is left out (F34).
    MissingLine,
    /// The first capture stands twice (F35).
    DuplicateLine,
    /// The first capture's fee is a yen more than what was kept (F36).
    FeeDiffers,
    /// The report as a whole (F37).
    Whole(ReportFault),
}

impl ReportSpoil {
    /// What an ordered fault does.
    pub fn of(fault: FaultKind, report: ReportFault) -> Self {
        match fault {
            FaultKind::F34 => Self::MissingLine,
            FaultKind::F35 => Self::DuplicateLine,
            FaultKind::F36 => Self::FeeDiffers,
            _ => Self::Whole(report),
        }
    }
}

/// The rows of a batch as an answer shows them.
pub fn shown_rows(batch: &Batch, spoil: Option<ReportSpoil>) -> Vec<Row> {
    let mut rows = batch.rows.clone();
    let Some(first) = rows.iter().position(|row| row.kind == RowKind::Capture) else { return rows };
    match spoil {
        Some(ReportSpoil::MissingLine) => drop(rows.remove(first)),
        Some(ReportSpoil::DuplicateLine) => {
            let again = rows.get(first).cloned();
            rows.extend(again);
        }
        Some(ReportSpoil::FeeDiffers) => {
            if let Some(row) = rows.get_mut(first) {
                row.fee += 1;
            }
        }
        Some(ReportSpoil::Whole(_)) | None => {}
    }
    rows
}

/// The same batch, issued again with a line more and another total (F37).
pub fn reissued(batch: &Batch, ids: &mut IdSource) -> Batch {
    let mut again = batch.clone();
    let at = batch.cutoff_at;
    again.rows.push(Row {
        id: ids.next(),
        kind: RowKind::Correction,
        payment_id: None,
        amount: CORRECTION,
        fee: 0,
        tax: 0,
        net: CORRECTION,
        at,
        movement: None,
    });
    again
}

/// Batches for the days that have ended. `left_out` says whether a movement of a payment of these names is in none (F34).
pub fn due(
    state: &State,
    now: Timestamp,
    ids: &mut IdSource,
    mut left_out: impl FnMut(&[String]) -> bool,
) -> Vec<Entry> {
    let today = TOKYO.to_datetime(now).date();
    let mut entries = Vec::new();
    for vendor in VENDORS {
        let mut days: BTreeMap<civil::Date, Vec<(usize, &Movement, &Payment)>> = BTreeMap::new();
        for (place, movement) in state.movements.iter().enumerate() {
            let payment = state.payments.get(&movement.payment_id).filter(|payment| payment.vendor == vendor);
            let Some(payment) = payment.filter(|_| !state.settled.contains(&place)) else { continue };
            let day = TOKYO.to_datetime(movement.at).date();
            if day < today && row_kind(movement.kind).is_some() {
                days.entry(day).or_default().push((place, movement, payment));
            }
        }
        let mut open = Vec::new();
        for (day, movements) in days {
            for (place, movement, payment) in movements {
                if left_out(&state.aliases(&payment.id)) {
                    entries.push(Entry::LeftOut(place));
                } else {
                    open.extend(row(state, place, movement, payment));
                }
            }
            entries.extend(close(&mut open, vendor, day, ids).map(Entry::Settlement));
        }
    }
    entries
}

/// Pays out what is open at the end of a day, where it comes to something.
fn close(open: &mut Vec<Row>, vendor: Vendor, day: civil::Date, ids: &mut IdSource) -> Option<Batch> {
    let transfer_fee = if vendor == Vendor::Komoju { TRANSFER_FEE } else { 0 };
    let net: i64 = open.iter().map(|row| row.net).sum();
    if net <= transfer_fee {
        return None;
    }
    let end = day.tomorrow().ok()?.to_datetime(civil::Time::midnight());
    let cutoff_at = TOKYO.to_timestamp(end).ok()?;
    let drawn = ids.next();
    let id = if vendor == Vendor::Stripe { format!("po_{drawn}") } else { drawn };
    Some(Batch {
        reference: format!("{}-{}", day.strftime("%Y%m%d"), last_six(&id)),
        id,
        vendor,
        cutoff_at,
        transfer_on: day.saturating_add(Span::new().days(TRANSFER_AFTER_DAYS)),
        transfer_fee,
        rows: std::mem::take(open),
    })
}

/// The last six characters of an id.
fn last_six(id: &str) -> &str {
    id.get(id.len().saturating_sub(6)..).unwrap_or(id)
}

/// What a movement is in a report; reservations are in none.
fn row_kind(kind: MovementKind) -> Option<RowKind> {
    match kind {
        MovementKind::Capture => Some(RowKind::Capture),
        MovementKind::Refund => Some(RowKind::Refund),
        MovementKind::RefundFailed => Some(RowKind::Correction),
        MovementKind::Chargeback => Some(RowKind::Chargeback),
        MovementKind::Authorize | MovementKind::Void => None,
    }
}

fn row(state: &State, place: usize, movement: &Movement, payment: &Payment) -> Option<Row> {
    let kind = row_kind(movement.kind)?;
    let yen = i64::try_from(movement.amount).ok()?;
    let amount = match kind {
        RowKind::Capture | RowKind::Correction => yen,
        RowKind::Refund | RowKind::Chargeback => -yen,
    };
    let fee = match kind {
        RowKind::Capture => yen * FEE_PER_MILLE / 1_000,
        RowKind::Chargeback => DISPUTE_FEE,
        RowKind::Refund | RowKind::Correction => 0,
    };
    let tax = fee * TAX_PER_CENT / 100;
    // The ledger does not name refunds: the n-th of a payment that left is the n-th of those it shows.
    let same = |other: &&Movement| other.payment_id == movement.payment_id && other.kind == movement.kind;
    let earlier = state.movements.iter().take(place).filter(same).count();
    let refund = payment.refunds.get(earlier).map(|refund| refund.id.clone());
    let mut lost = payment.disputes.iter().filter(|dispute| dispute.status == DisputeStatus::Lost);
    let dispute = lost.nth(earlier).map(|dispute| dispute.id.clone());
    let id = match kind {
        RowKind::Capture => Some(payment.id.clone()),
        RowKind::Refund => refund,
        RowKind::Chargeback => dispute,
        RowKind::Correction => None,
    };
    Some(Row {
        id: id.unwrap_or_else(|| format!("movement{place}")),
        kind,
        payment_id: Some(payment.id.clone()),
        amount,
        fee,
        tax,
        net: amount - fee - tax,
        at: movement.at,
        movement: Some(place),
    })
}
