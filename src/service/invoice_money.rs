//! What the money of an invoice is by the books, as its state and the gates of the decision see it.
//!
//! Counters say how much came and went; the ledger says what it came for, and the refunds what it went for. Nothing is changed here.

use super::{Failure, pulled_back, refund_money, remittance};
use crate::domain::calendar::jst_day;
use crate::domain::invoice::{AttemptFacts, InvoiceState, MoneyBooked, Remittance, Rest, rest_of};
use crate::domain::ledger::Entry;
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::refund::{RefundPart, RefundState};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payments::{self, PaymentRow};
use crate::store::refunds::{self, RefundRow};
use crate::store::{Reads, StoreError};

/// What each attempt contributes to its invoice, in their order.
pub(super) fn of_attempts(
    tx: &mut impl Reads,
    invoice: &InvoiceRow,
    attempts: &[PaymentRow],
) -> Result<Vec<AttemptFacts>, Failure> {
    let today = jst_day(tx.now());
    let (refunds, entries) = books(tx, invoice, attempts)?;
    let remitted = remittance::of_attempts(tx, attempts)?;
    let pulled_back = pulled_back::of_attempts(tx, attempts)?;
    let facts = attempts.iter().map(|attempt| {
        let mut payment = attempt.payment()?;
        let (by_hand, lines_back) = gone_back(attempt, &refunds)?;
        payment.counters.refunded =
            payment.counters.refunded.plus(by_hand).map_err(|error| broken(attempt, error))?;
        let booked = MoneyBooked {
            captured_on: attempt.captured_on.map_or(today, |day| day.0),
            remittance: remitted.get(&attempt.id).copied().unwrap_or(Remittance::Awaited),
            settles: refund_money::settles(attempt, &entries),
            lines_back,
        };
        let facts = AttemptFacts::of(&payment, booked);
        Ok(if pulled_back.contains(&attempt.id) { facts.pulled_back() } else { facts })
    });
    facts.collect()
}

/// The paid refunds and the entries that concern the attempts; an invoice of which nothing came has neither.
fn books(
    tx: &mut impl Reads,
    invoice: &InvoiceRow,
    attempts: &[PaymentRow],
) -> Result<(Vec<RefundRow>, Vec<Entry>), Failure> {
    if attempts.iter().all(|attempt| attempt.captured == Yen::ZERO) {
        return Ok((Vec::new(), Vec::new()));
    }
    let mut paid = Vec::new();
    for row in refunds::of_invoice(tx, &invoice.tenant_id, invoice.id)? {
        if row.refund()?.state.is_paid() {
            paid.push(row);
        }
    }
    let entries = invoices::entries_of_case(tx, &invoice.tenant_id, invoice.application_id)?;
    Ok((paid, entries))
}

/// What of an attempt's money went back where no gateway's sum shows it, by bank transfer or set-off, and what of all that went back
/// was lines of the debt.
fn gone_back(attempt: &PaymentRow, refunds: &[RefundRow]) -> Result<(Yen, Yen), Failure> {
    let (mut by_hand, mut lines) = (Yen::ZERO, Yen::ZERO);
    for refund in refunds.iter().filter(|refund| refund.payment_id == attempt.id) {
        if refund.refund()?.state == RefundState::PaidOut {
            by_hand = by_hand.plus(refund.amount).map_err(|error| broken(attempt, error))?;
        }
        for part in refund.planned()? {
            if matches!(part.part, RefundPart::Line(_)) {
                lines = lines.plus(part.amount).map_err(|error| broken(attempt, error))?;
            }
        }
    }
    Ok((by_hand, lines))
}

/// How the gates see the invoices of a case: one of which decided refunds gave lines back is covered by what stays, where that is all
/// that is left of the debt. What went back otherwise is owed as before.
pub(super) fn as_gated(tx: &mut impl Reads, rows: &[InvoiceRow]) -> Result<Vec<InvoiceState>, Failure> {
    let mut states = Vec::new();
    for invoice in rows {
        let state = invoice.invoice_state()?;
        let covered = state == InvoiceState::PartiallyRefunded && rest(tx, invoice)? == Rest::Covered;
        states.push(match (covered, invoice.paid_on.is_some()) {
            (true, true) => InvoiceState::Paid,
            (true, false) => InvoiceState::Entrusted,
            (false, _) => state,
        });
    }
    Ok(states)
}

fn rest(tx: &mut impl Reads, invoice: &InvoiceRow) -> Result<Rest, Failure> {
    let attempts = payments::of_invoice(tx, &invoice.tenant_id, invoice.id)?;
    let facts = of_attempts(tx, invoice, &attempts)?;
    rest_of(invoice.owed(), &facts).map_err(|error| Failure::Internal(error.to_string()))
}

fn broken(attempt: &PaymentRow, error: YenOutOfRange) -> StoreError {
    StoreError::Inconsistent(format!("refunds of payment {}: {error}", attempt.id))
}
