//! What must hold inside of one payout, whoever reports it (F34–F36).

use std::collections::BTreeMap;

use super::{ExceptionKind, LineKind, SettlementBatch, SettlementLine, sums};

/// Something in a batch that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BatchFault {
    /// Σ net of the lines is not what is paid out: a line is missing or too much.
    NetDiffers {
        /// As stated, in yen.
        stated: i64,
        /// As the lines have it, in yen.
        lines: i64,
    },
    /// Σ fee and tax of the lines is not what is stated.
    FeeDiffers {
        /// As stated, in yen.
        stated: i64,
        /// As the lines have it, in yen.
        lines: i64,
    },
    /// A line's net is not its gross less what is kept.
    LineDoesNotAdd {
        /// The line.
        line_key: String,
    },
    /// A capture that takes nothing, or a refund or chargeback that gives nothing back.
    WrongSign {
        /// The line.
        line_key: String,
    },
    /// The same payment is taken twice in one batch.
    DuplicateLine {
        /// The later line.
        line_key: String,
        /// The earlier one.
        of: String,
    },
}

/// Which exception a fault is raised as.
pub fn fault_exception(fault: &BatchFault) -> ExceptionKind {
    match fault {
        BatchFault::NetDiffers { .. } | BatchFault::WrongSign { .. } => ExceptionKind::AmountMismatch,
        BatchFault::FeeDiffers { .. } | BatchFault::LineDoesNotAdd { .. } => ExceptionKind::FeeMismatch,
        BatchFault::DuplicateLine { .. } => ExceptionKind::DuplicateLine,
    }
}

/// Every fault of a batch; none in a sound one. Exact to the yen, no tolerance.
pub fn batch_faults(batch: &SettlementBatch, lines: &[SettlementLine]) -> Vec<BatchFault> {
    let mut faults = Vec::new();
    let (_, fee, tax, net) = sums(lines);
    if batch.net.amount() != net {
        faults.push(BatchFault::NetDiffers { stated: batch.net.amount(), lines: net });
    }
    let stated = batch.fee.amount() + batch.tax.amount();
    if stated != fee + tax {
        faults.push(BatchFault::FeeDiffers { stated, lines: fee + tax });
    }
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    for line in lines {
        let line_key = || line.line_key.clone();
        if line.net.amount() != line.gross.amount() - line.kept() {
            faults.push(BatchFault::LineDoesNotAdd { line_key: line_key() });
        }
        if !has_its_sign(line) {
            faults.push(BatchFault::WrongSign { line_key: line_key() });
        }
        let payment = line.gateway_payment_id.as_deref().or(line.merchant_reference.as_deref());
        let Some(payment) = payment.filter(|_| line.kind == LineKind::Capture) else { continue };
        match taken.get(payment) {
            Some(of) => {
                faults.push(BatchFault::DuplicateLine { line_key: line_key(), of: (*of).to_owned() });
            }
            None => drop(taken.insert(payment, &line.line_key)),
        }
    }
    faults
}

/// Whether money goes the way that the kind says, and no more is kept than was taken.
fn has_its_sign(line: &SettlementLine) -> bool {
    let gross = line.gross.amount();
    match line.kind {
        LineKind::Capture => gross > 0 && (0..=gross).contains(&line.kept()),
        LineKind::Refund | LineKind::Chargeback => gross < 0,
        LineKind::Fee => gross == 0,
        LineKind::Adjustment | LineKind::Reserve => true,
    }
}
