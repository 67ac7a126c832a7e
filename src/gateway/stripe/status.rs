//! Stripe's words in ours. A session says whether the payer may still act; its payment intent, where there is one, says
//! what became of the money.

use crate::domain::dispute::DisputeState;
use crate::domain::payment::{RefundStatus, SnapshotStatus};
use crate::gateway::PayerFlow;
use crate::gateway::status_table::{RefundRow, Row, meaning, refund_meaning, refund_row, row, row_of};

/// `<status>` of an open or lapsed session, `<status>/<payment_status>` of a complete one.
pub(super) const SESSIONS: [Row; 5] = [
    row("open", SnapshotStatus::RequiresAction),
    row("expired", SnapshotStatus::Expired),
    row("complete/paid", SnapshotStatus::Captured),
    // A slip was issued: complete, and no money yet.
    row_of("complete/unpaid", PayerFlow::Slip, SnapshotStatus::AwaitingPayment),
    row_of("complete/unpaid", PayerFlow::Online, SnapshotStatus::Processing),
];

/// A payment intent's status.
pub(super) const INTENTS: [Row; 7] = [
    // One failed try is not the end: the payer may try again in the same session.
    row("requires_payment_method", SnapshotStatus::RequiresAction),
    row("requires_confirmation", SnapshotStatus::RequiresAction),
    row("requires_action", SnapshotStatus::RequiresAction),
    row("processing", SnapshotStatus::Processing),
    row("requires_capture", SnapshotStatus::Authorized),
    row("succeeded", SnapshotStatus::Captured),
    row("canceled", SnapshotStatus::Canceled),
];

/// A refund's status. The field may be empty, which says no more than that the refund was made.
pub(super) const REFUNDS: [RefundRow; 6] = [
    refund_row("", RefundStatus::Pending),
    refund_row("pending", RefundStatus::Pending),
    refund_row("requires_action", RefundStatus::Pending),
    refund_row("succeeded", RefundStatus::Succeeded),
    refund_row("failed", RefundStatus::Failed),
    refund_row("canceled", RefundStatus::Failed),
];

/// A refund's status; the empty word stands for none.
pub(super) fn of_refund(raw: &str) -> RefundStatus {
    refund_meaning(&REFUNDS, raw)
}

/// A session's own word.
pub(super) fn session_word(status: &str, payment_status: &str) -> String {
    match status {
        "complete" => format!("complete/{payment_status}"),
        other => other.to_owned(),
    }
}

/// A payment intent by itself.
pub(super) fn of_intent(raw: &str) -> SnapshotStatus {
    meaning(&INTENTS, raw, None)
}

/// A session, and its intent where it is shown; `flow` is that of the payment's method.
pub(super) fn of_session(word: &str, intent: Option<&str>, flow: Option<PayerFlow>) -> SnapshotStatus {
    use SnapshotStatus as S;
    let session = meaning(&SESSIONS, word, flow);
    let Some(raw) = intent else { return session };
    match (session, of_intent(raw)) {
        (S::Unrecognised, _) | (_, S::Unrecognised) => S::Unrecognised,
        // Money speaks, whatever the session shows.
        (_, money @ (S::Captured | S::Authorized)) => money,
        // "Paid" without an intent that took money is a contradiction.
        (S::Captured, _) => S::Unrecognised,
        (S::AwaitingPayment | S::Processing, S::Canceled) => S::Canceled,
        // A finished session gives no second chance: the slip lapsed, or the debit failed.
        (S::AwaitingPayment, _) if raw == "requires_payment_method" => S::Expired,
        (S::Processing, _) if raw == "requires_payment_method" => S::Failed,
        // While the session is open, no try in it is the last one.
        _ => session,
    }
}

/// Where a dispute of this status stands; none for a word that nobody knows (F40). An inquiry (`warning_…`) that is closed
/// and a dispute that was prevented took nothing. An appeal is under review until it says how it ended.
pub(super) fn of_dispute(status: &str) -> Option<DisputeState> {
    Some(match status {
        "warning_needs_response" | "needs_response" => DisputeState::NeedsResponse,
        "warning_under_review" | "under_review" => DisputeState::UnderReview,
        "warning_closed" | "won" | "prevented" => DisputeState::Won,
        "lost" => DisputeState::Lost,
        other if other.starts_with("appeal_") => DisputeState::UnderReview,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{INTENTS, REFUNDS, SESSIONS, of_intent, of_refund, of_session, session_word};
    use crate::domain::payment::{RefundStatus, SnapshotStatus as S};
    use crate::gateway::PayerFlow::{Online, Slip};

    #[test]
    fn every_status_of_a_payment_intent_has_one_meaning() {
        let known = [
            ("requires_payment_method", S::RequiresAction),
            ("requires_confirmation", S::RequiresAction),
            ("requires_action", S::RequiresAction),
            ("processing", S::Processing),
            ("requires_capture", S::Authorized),
            ("succeeded", S::Captured),
            ("canceled", S::Canceled),
        ];
        assert_eq!(known.len(), INTENTS.len());
        for (raw, status) in known {
            assert_eq!(of_intent(raw), status, "{raw}");
        }
        for raw in ["", "Succeeded", "requires_review"] {
            assert_eq!(of_intent(raw), S::Unrecognised, "F40: {raw:?}");
        }
    }

    #[test]
    fn f40_every_status_of_a_refund_has_one_meaning_and_no_other_word_has_any() {
        let known = [
            ("", RefundStatus::Pending),
            ("pending", RefundStatus::Pending),
            ("requires_action", RefundStatus::Pending),
            ("succeeded", RefundStatus::Succeeded),
            ("failed", RefundStatus::Failed),
            ("canceled", RefundStatus::Failed),
        ];
        assert_eq!(known.len(), REFUNDS.len());
        for (raw, status) in known {
            assert_eq!(of_refund(raw), status, "{raw}");
        }
        for raw in ["Succeeded", "reversed", "cancelled"] {
            assert_eq!(of_refund(raw), RefundStatus::Unrecognised, "{raw}");
        }
    }

    #[test]
    fn a_complete_session_is_not_a_paid_one() {
        let word = session_word("complete", "unpaid");
        assert_eq!(of_session(&word, None, Some(Slip)), S::AwaitingPayment);
        assert_eq!(of_session(&word, None, Some(Online)), S::Processing);
        assert_eq!(of_session(&word, None, None), S::Unrecognised, "a method unknown to us");
        assert_eq!(of_session(&session_word("complete", "paid"), None, None), S::Captured);
        assert_eq!(of_session(&session_word("complete", "no_payment_required"), None, None), S::Unrecognised);
        assert_eq!(of_session(&session_word("open", "unpaid"), None, None), S::RequiresAction);
        assert_eq!(of_session(&session_word("expired", "unpaid"), None, None), S::Expired);
        assert_eq!(of_session(&session_word("archived", "unpaid"), None, None), S::Unrecognised);
    }

    #[test]
    fn session_and_intent_together_mean_one_thing_for_every_pair() {
        let words = ["open", "expired", "complete/paid", "complete/unpaid"];
        assert_eq!(words.len() + 1, SESSIONS.len());
        for word in words {
            for intent in INTENTS {
                let found = of_session(word, Some(intent.raw), Some(Slip));
                let expected = match (word, intent.raw) {
                    (_, "succeeded") => S::Captured,
                    (_, "requires_capture") => S::Authorized,
                    ("complete/paid", _) => S::Unrecognised,
                    ("complete/unpaid", "canceled") => S::Canceled,
                    ("complete/unpaid", "requires_payment_method") => S::Expired,
                    ("complete/unpaid", _) => S::AwaitingPayment,
                    ("open", _) => S::RequiresAction,
                    _ => S::Expired,
                };
                assert_eq!(found, expected, "{word} {}", intent.raw);
            }
            assert_eq!(of_session(word, Some("in_dispute"), Some(Slip)), S::Unrecognised, "F40");
        }
        assert_eq!(of_session("complete/unpaid", Some("requires_payment_method"), Some(Online)), S::Failed);
        assert_eq!(of_session("complete/unpaid", Some("processing"), Some(Online)), S::Processing);
    }
}
