//! An order's standing in our words. Depends on the raw status and on the method, never on the status alone.
//!
//! The raw status is `<last successful command>/<orderStatus>`, as Search shows them. The words of `orderStatus` for
//! e-money are not public: the table holds those of the simulator, and anything else is unknown with an alert.

use crate::domain::payment::{RefundStatus, SnapshotStatus};
use crate::gateway::PayerFlow::{Online, Slip};
use crate::gateway::status_table::{RefundRow, Row, meaning, refund_meaning, refund_row, row, row_of};
use crate::gateway::veritrans::brands::{Brand, Reach};

use SnapshotStatus as S;

/// The table; `Online` is a payer who is redirected, `Slip` one who is invited.
const TABLE: [Row; 14] = [
    row_of("Authorize/initial", Online, S::RequiresAction),
    row_of("Authorize/initial", Slip, S::AwaitingPayment),
    row_of("ReAuthorize/initial", Online, S::RequiresAction),
    row_of("ReAuthorize/initial", Slip, S::AwaitingPayment),
    row("Authorize/paid", S::Captured),
    row("ReAuthorize/paid", S::Captured),
    // What went back is no status: it is counted.
    row("Refund/paid", S::Captured),
    row("Authorize/expired", S::Expired),
    row("ReAuthorize/expired", S::Expired),
    row("Cancel/end", S::Canceled),
    // The vendor itself does not know yet how its last step went.
    row("/pending", S::Processing),
    row("Authorize/pending", S::Processing),
    row("ReAuthorize/pending", S::Processing),
    row("/failed", S::Failed),
];

/// A refund's `mstatus`, in the answer to it and in the rows of its order. What is held may still go either way.
const REFUNDS: [RefundRow; 3] = [
    refund_row("success", RefundStatus::Succeeded),
    refund_row("pending", RefundStatus::Pending),
    refund_row("failure", RefundStatus::Failed),
];

/// A refund's status.
pub(super) fn of_refund(mstatus: &str) -> RefundStatus {
    refund_meaning(&REFUNDS, mstatus)
}

/// The meaning of a raw status of an order of this brand.
pub(super) fn of_order(raw: &str, brand: &Brand) -> SnapshotStatus {
    meaning(&TABLE, raw, Some(brand.flow()))
}

/// As [`of_order`], for an order whose answer never reached us.
///
/// Its page's address was in that answer alone, so nobody was ever sent there: a payer who is redirected begins anew. An
/// invitation goes out by itself, so it stands. Money that comes nevertheless is late money, and is seen.
pub(super) fn of_unanswered(status: SnapshotStatus, reach: Reach) -> SnapshotStatus {
    match (status, reach) {
        (S::RequiresAction | S::Processing, Reach::Redirect) => S::Failed,
        _ => status,
    }
}

#[cfg(test)]
mod tests {
    use super::{REFUNDS, S, TABLE, of_order, of_refund, of_unanswered};
    use crate::domain::payment::RefundStatus;
    use crate::gateway::veritrans::brands::{BRANDS, Reach};

    #[test]
    fn every_status_of_every_brand_has_one_meaning() {
        let words = ["initial", "pending", "paid", "expired", "failed", "end", "settled", "Paid", ""];
        let commands = ["Authorize", "ReAuthorize", "Cancel", "Refund", "Capture", ""];
        for brand in &BRANDS {
            let waiting = if brand.reach == Reach::Redirect { S::RequiresAction } else { S::AwaitingPayment };
            let mut known = 0;
            for command in commands {
                for word in words {
                    let expected = match (command, word) {
                        ("Authorize" | "ReAuthorize", "initial") => waiting,
                        ("Authorize" | "ReAuthorize" | "Refund", "paid") => S::Captured,
                        ("Authorize" | "ReAuthorize", "expired") => S::Expired,
                        ("Authorize" | "ReAuthorize" | "", "pending") => S::Processing,
                        ("Cancel", "end") => S::Canceled,
                        ("", "failed") => S::Failed,
                        _ => S::Unrecognised,
                    };
                    let raw = format!("{command}/{word}");
                    assert_eq!(of_order(&raw, brand), expected, "{raw} {}", brand.option);
                    known += usize::from(expected != S::Unrecognised);
                }
            }
            let own = TABLE.iter().filter(|row| row.flow.is_none_or(|flow| flow == brand.flow()));
            assert_eq!(known, own.count(), "every row is met");
        }
    }

    #[test]
    fn f40_a_status_nobody_told_us_of_is_unknown() {
        for raw in ["", "/", "paid", "authorize/paid", "Authorize/paid ", "Authorize/PAID"] {
            assert_eq!(of_order(raw, &BRANDS[0]), S::Unrecognised, "{raw}");
        }
    }

    #[test]
    fn f40_every_status_of_a_refund_has_one_meaning_and_no_other_word_has_any() {
        let known = [
            ("success", RefundStatus::Succeeded),
            ("pending", RefundStatus::Pending),
            ("failure", RefundStatus::Failed),
        ];
        assert_eq!(known.len(), REFUNDS.len());
        for (raw, status) in known {
            assert_eq!(of_refund(raw), status, "{raw}");
        }
        for raw in ["", "Success", "accepted"] {
            assert_eq!(of_refund(raw), RefundStatus::Unrecognised, "{raw:?}");
        }
    }

    #[test]
    fn a_page_nobody_was_sent_to_is_no_open_payment() {
        assert_eq!(of_unanswered(S::RequiresAction, Reach::Redirect), S::Failed);
        assert_eq!(of_unanswered(S::Processing, Reach::Redirect), S::Failed);
        for reach in [Reach::Mail, Reach::App] {
            assert_eq!(of_unanswered(S::AwaitingPayment, reach), S::AwaitingPayment);
        }
        for status in [S::Captured, S::Expired, S::Canceled, S::Unrecognised] {
            assert_eq!(of_unanswered(status, Reach::Redirect), status);
        }
    }
}
