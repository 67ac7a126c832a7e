//! KOMOJU's words in ours. Depends on the status and on the method, never on the status alone.

use crate::domain::payment::{RefundStatus, SnapshotStatus};
use crate::gateway::PayerFlow;
use crate::gateway::status_table::{RefundRow, Row, meaning, refund_meaning, refund_row, row, row_of};

const PAYMENTS: [Row; 8] = [
    row("pending", SnapshotStatus::RequiresAction),
    // One failed try is not the end: the payer may try again in the same session.
    row("failed", SnapshotStatus::RequiresAction),
    row_of("authorized", PayerFlow::Slip, SnapshotStatus::AwaitingPayment),
    row_of("authorized", PayerFlow::Online, SnapshotStatus::Authorized),
    row("captured", SnapshotStatus::Captured),
    row("refunded", SnapshotStatus::Captured),
    row("cancelled", SnapshotStatus::Canceled),
    row("expired", SnapshotStatus::Expired),
];

/// A refund's, in the rows of its payment. KOMOJU documents no word for one that is simply done.
const REFUNDS: [RefundRow; 3] = [
    refund_row("", RefundStatus::Succeeded),
    refund_row("pending", RefundStatus::Pending),
    refund_row("failed", RefundStatus::Failed),
];

/// A refund's status; the empty word stands for none.
pub(super) fn of_refund(raw: &str) -> RefundStatus {
    refund_meaning(&REFUNDS, raw)
}

/// A payment's status; `flow` is that of its method, none when the method is unknown to us.
pub(super) fn of_payment(raw: &str, flow: Option<PayerFlow>) -> SnapshotStatus {
    meaning(&PAYMENTS, raw, flow)
}

/// A session's status when no payment in it says more.
pub(super) fn of_session(raw: &str, expired: bool) -> SnapshotStatus {
    match (raw, expired) {
        ("cancelled", _) => SnapshotStatus::Canceled,
        ("pending", true) => SnapshotStatus::Expired,
        ("pending", false) => SnapshotStatus::RequiresAction,
        // Completed without a payment to show: something is on its way, and it is not money.
        ("completed", _) => SnapshotStatus::Processing,
        _ => SnapshotStatus::Unrecognised,
    }
}

/// A session and its payment together: the payment speaks, unless it only waits for the payer in a closed session.
pub(super) fn of_both(session: SnapshotStatus, payment: SnapshotStatus) -> SnapshotStatus {
    match (payment, session) {
        (SnapshotStatus::RequiresAction, SnapshotStatus::Canceled | SnapshotStatus::Expired) => session,
        // One try ended; in the open session the payer may begin another.
        (SnapshotStatus::Canceled | SnapshotStatus::Expired, SnapshotStatus::RequiresAction) => session,
        _ => payment,
    }
}

#[cfg(test)]
mod tests {
    use super::{REFUNDS, of_both, of_payment, of_refund, of_session};
    use crate::domain::payment::{RefundStatus, SnapshotStatus as S};
    use crate::gateway::PayerFlow;
    use crate::gateway::komoju::default_methods;

    #[test]
    fn every_status_of_every_method_has_one_meaning() {
        for method in default_methods() {
            let slip = ["konbini", "pay_easy", "bank_transfer"].contains(&method.gateway_code.as_str());
            let held = if slip { S::AwaitingPayment } else { S::Authorized };
            for (raw, meaning) in [
                ("pending", S::RequiresAction),
                ("authorized", held),
                ("captured", S::Captured),
                ("refunded", S::Captured),
                ("cancelled", S::Canceled),
                ("expired", S::Expired),
                ("failed", S::RequiresAction),
                ("under_review", S::Unrecognised),
                ("Captured", S::Unrecognised),
                ("", S::Unrecognised),
            ] {
                assert_eq!(of_payment(raw, Some(method.flow)), meaning, "{raw} {}", method.gateway_code);
            }
        }
    }

    #[test]
    fn f40_no_word_is_a_refund_that_is_done_and_an_unknown_word_is_not() {
        let known = [
            ("", RefundStatus::Succeeded),
            ("pending", RefundStatus::Pending),
            ("failed", RefundStatus::Failed),
        ];
        assert_eq!(known.len(), REFUNDS.len());
        for (raw, status) in known {
            assert_eq!(of_refund(raw), status, "{raw}");
        }
        for raw in ["succeeded", "Failed", " ", "rejected"] {
            assert_eq!(of_refund(raw), RefundStatus::Unrecognised, "{raw:?}");
        }
    }

    #[test]
    fn authorized_by_an_unknown_method_is_not_understood() {
        assert_eq!(of_payment("authorized", None), S::Unrecognised);
        assert_eq!(of_payment("captured", None), S::Captured);
    }

    #[test]
    fn a_completed_session_is_not_a_paid_one() {
        assert_eq!(of_session("completed", false), S::Processing);
        assert_eq!(of_session("completed", true), S::Processing);
        assert_eq!(of_session("pending", false), S::RequiresAction);
        assert_eq!(of_session("pending", true), S::Expired);
        assert_eq!(of_session("cancelled", false), S::Canceled);
        assert_eq!(of_session("archived", false), S::Unrecognised);
    }

    #[test]
    fn a_slip_outlives_its_session_and_a_started_payment_does_not() {
        let slip = of_payment("authorized", Some(PayerFlow::Slip));
        assert_eq!(of_both(S::Expired, slip), S::AwaitingPayment);
        assert_eq!(of_both(S::Expired, S::RequiresAction), S::Expired);
        assert_eq!(of_both(S::Canceled, S::Captured), S::Captured);
        assert_eq!(of_both(S::RequiresAction, S::RequiresAction), S::RequiresAction);
    }
}
