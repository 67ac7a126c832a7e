//! Taking a payment out of the books whose money was not there: a wrong entry of a clerk, or what the organisation of eL-QR takes back.
//!
//! It is a correction of the record and no refund: the payment ends without money, and its postings are booked back. Invariants:
//! what went back or is asked to go back was there, and so was what stands in a payout; where other money came beside it that would
//! have to take its place, or a waiver made a part of it too much, a person decides first what becomes of that.

use super::Failure;
use crate::domain::calendar::jst_day;
use crate::domain::id::PaymentId;
use crate::domain::invoice::InvoiceState;
use crate::domain::ledger::{self, Account, Entry, EntryKind, Posting};
use crate::domain::money::Yen;
use crate::domain::payment::Payment;
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payments::{self, PaymentRow};
use crate::store::{Reads, Tx, refunds, settlement_matches};

/// A payment that may be taken out of the books.
pub(super) struct Strikable {
    /// The payment afterwards.
    next: Payment,
    /// The postings by which it was received, or entrusted to an agent.
    entries: Vec<Entry>,
}

impl Strikable {
    /// The same, with the name free under which its agent knows it: the same receipt may be entered again, for the right case.
    #[must_use]
    pub fn with_name_freed(mut self) -> Self {
        self.next.gateway_payment_id = None;
        self
    }
}

/// What is to be taken out of the books with a payment; none where something depends on its money.
pub(super) fn judge(
    tx: &mut impl Reads,
    row: &PaymentRow,
    invoice: &InvoiceRow,
) -> Result<Option<Strikable>, Failure> {
    let Some(next) = row.payment()?.struck_out() else { return Ok(None) };
    for refund in refunds::of_payment(tx, &row.tenant_id, row.id)? {
        if refund.refund()?.state.holds_headroom() {
            return Ok(None);
        }
    }
    if !settlement_matches::of_payments(tx, &row.tenant_id, &[row.id])?.is_empty() {
        return Ok(None);
    }
    let mut entries = invoices::entries_of_case(tx, &row.tenant_id, row.application_id)?;
    if is_partly_too_much(&entries, row.id) {
        return Ok(None);
    }
    entries.retain(|entry| took(entry, row.id));
    let gave = |account: &Account| entries.iter().any(|entry| entry.credit_account == *account);
    let (settles, is_too_much) = (gave(&Account::Receivable), gave(&Account::Overpayment));
    let depends_on_nothing = match invoice.invoice_state()? {
        InvoiceState::Paid | InvoiceState::Entrusted => true,
        // Where all of it is too much, the rest stands without it; where it paid the debt and more, nothing else has come.
        InvoiceState::Overpaid => is_too_much && (!settles || is_the_only_money(tx, row)?),
        // What settled nothing was no part of the debt that is open.
        InvoiceState::Pending => is_too_much && !settles,
        _ => false,
    };
    Ok(depends_on_nothing.then_some(Strikable { next, entries }))
}

/// Whether a part of a payment became too much by a waiver.
fn is_partly_too_much(entries: &[Entry], id: PaymentId) -> bool {
    let (source, kind) = (format!("{id}:"), EntryKind::Booked(Posting::Overpay));
    entries.iter().any(|entry| entry.kind == kind && entry.source_id.starts_with(&source))
}

/// Whether an entry is one of those by which a payment was received, or entrusted to an agent.
fn took(entry: &Entry, id: PaymentId) -> bool {
    let kinds = [Posting::CarryOver, Posting::Receive, Posting::Entrust].map(EntryKind::Booked);
    kinds.contains(&entry.kind) && entry.source_id == id.to_string()
}

/// Whether no other attempt to pay the invoice has brought anything.
fn is_the_only_money(tx: &mut impl Reads, row: &PaymentRow) -> Result<bool, Failure> {
    let attempts = payments::of_invoice(tx, &row.tenant_id, row.invoice_id)?;
    Ok(attempts.iter().all(|other| other.id == row.id || other.captured == Yen::ZERO))
}

/// Takes a payment out of the books. The caller holds the root of its case, records why, and settles the invoice.
pub(super) fn strike_out(tx: &mut Tx<'_>, row: &mut PaymentRow, strikable: Strikable) -> Result<(), Failure> {
    let Strikable { next, entries } = strikable;
    row.take_over(&next);
    row.captured_on = None;
    payments::update(tx, row)?;
    let today = jst_day(Reads::now(tx));
    let undone = ledger::undo_receipt(&row.id.to_string(), &entries, today);
    Ok(invoices::book(tx, &row.tenant_id, row.application_id, &undone)?)
}
