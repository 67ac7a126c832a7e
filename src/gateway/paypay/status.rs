//! PayPay's words in ours. Whether a code lapsed is not among them: an unpaid code stays `CREATED`.

use jiff::Timestamp;

use crate::domain::payment::{RefundStatus, SnapshotStatus};
use crate::gateway::status_table::{RefundRow, Row, meaning, refund_meaning, refund_row, row};

/// `REFUNDED` is money that was taken: what went back is counted from the refunds' rows.
pub(super) const PAYMENTS: [Row; 7] = [
    row("CREATED", SnapshotStatus::RequiresAction),
    row("AUTHORIZED", SnapshotStatus::Authorized),
    row("COMPLETED", SnapshotStatus::Captured),
    row("REFUNDED", SnapshotStatus::Captured),
    row("FAILED", SnapshotStatus::Failed),
    row("CANCELED", SnapshotStatus::Canceled),
    row("EXPIRED", SnapshotStatus::Expired),
];

/// A refund's status. PayPay repeats one that failed until it succeeds; one that is called off never will.
const REFUNDS: [RefundRow; 4] = [
    refund_row("CREATED", RefundStatus::Pending),
    refund_row("REFUND_FAILED", RefundStatus::Pending),
    refund_row("REFUNDED", RefundStatus::Succeeded),
    refund_row("FAILED", RefundStatus::Failed),
];

/// A refund's status.
pub(super) fn of_refund(raw: &str) -> RefundStatus {
    refund_meaning(&REFUNDS, raw)
}

/// A payment's status at `now`; `expires_at` is what we know of its code.
pub(super) fn of_payment(raw: &str, expires_at: Option<Timestamp>, now: Timestamp) -> SnapshotStatus {
    match meaning(&PAYMENTS, raw, None) {
        SnapshotStatus::RequiresAction if expires_at.is_some_and(|end| end <= now) => SnapshotStatus::Expired,
        status => status,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{PAYMENTS, REFUNDS, of_payment, of_refund};
    use crate::domain::payment::{RefundStatus, SnapshotStatus as S};

    #[test]
    fn every_status_has_one_meaning_and_no_other_word_has_any() {
        let now = Timestamp::UNIX_EPOCH;
        let known = [
            ("CREATED", S::RequiresAction),
            ("AUTHORIZED", S::Authorized),
            ("COMPLETED", S::Captured),
            ("REFUNDED", S::Captured),
            ("FAILED", S::Failed),
            ("CANCELED", S::Canceled),
            ("EXPIRED", S::Expired),
        ];
        assert_eq!(known.len(), PAYMENTS.len());
        for (raw, status) in known {
            assert_eq!(of_payment(raw, None, now), status, "{raw}");
        }
        for raw in ["", "completed", "COMPLETED ", "SETTLED", "CAPTURED"] {
            assert_eq!(of_payment(raw, None, now), S::Unrecognised, "F40: {raw:?}");
        }
    }

    #[test]
    fn f40_every_status_of_a_refund_has_one_meaning_and_no_other_word_has_any() {
        let known = [
            ("CREATED", RefundStatus::Pending),
            ("REFUND_FAILED", RefundStatus::Pending),
            ("REFUNDED", RefundStatus::Succeeded),
            ("FAILED", RefundStatus::Failed),
        ];
        assert_eq!(known.len(), REFUNDS.len());
        for (raw, status) in known {
            assert_eq!(of_refund(raw), status, "{raw}");
        }
        for raw in ["", "refunded", "SUCCEEDED"] {
            assert_eq!(of_refund(raw), RefundStatus::Unrecognised, "{raw:?}");
        }
    }

    #[test]
    fn an_unpaid_code_past_its_end_is_expired_though_paypay_calls_it_created() {
        let end = Timestamp::from_second(300).unwrap();
        let before = Timestamp::from_second(299).unwrap();
        assert_eq!(of_payment("CREATED", Some(end), before), S::RequiresAction);
        assert_eq!(of_payment("CREATED", Some(end), end), S::Expired);
        assert_eq!(of_payment("COMPLETED", Some(end), end), S::Captured, "money has no end");
    }
}
