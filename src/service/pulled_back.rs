//! What a payer's bank pulled back of money that nobody guarantees: what the body had received itself, or by a collection agent, and
//! what was too much whoever took it. Two people make the debt owed again, or end what was too much (resolution `owed_again` of a
//! `lost_dispute`).
//!
//! Invariants: the payment keeps its counters and its disputes; its money pays nothing from then on, its receipt ends, and the
//! ledger says so once. Only the whole of a payment: of a part, people decide by hand.

use std::collections::BTreeSet;

use serde_json::json;

use super::payment_standing::settle_invoice;
use super::reconciliation_refusal::ReconciliationRefusal;
use super::{Core, Failure, reassessment};
use crate::domain::audit::EventActor;
use crate::domain::calendar::jst_day;
use crate::domain::dispute::is_own_loss;
use crate::domain::id::{OfficerId, PaymentId, TenantCode};
use crate::domain::ledger::{self, Account, Entry, EntryKind, Posting};
use crate::domain::money::Yen;
use crate::store::events::{self, NewEvent};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payments::PaymentRow;
use crate::store::{Reads, StoreError, Tx, applications, payments, refunds};

/// The attempts whose money was pulled back and pays nothing any more.
pub(super) fn of_attempts(
    tx: &mut impl Reads,
    attempts: &[PaymentRow],
) -> Result<BTreeSet<PaymentId>, Failure> {
    let mut found = BTreeSet::new();
    // Most payments were never contested: their cases are not read for it.
    for attempt in attempts.iter().filter(|attempt| attempt.charged_back > Yen::ZERO) {
        let entries = invoices::entries_of_case(tx, &attempt.tenant_id, attempt.application_id)?;
        if is_booked(&entries, attempt) {
            found.insert(attempt.id);
        }
    }
    Ok(found)
}

/// Whether what had been paid of an invoice was pulled back, and is owed again.
pub(super) fn is_owed_again(tx: &mut impl Reads, invoice: &InvoiceRow) -> Result<bool, Failure> {
    let attempts = payments::of_invoice(tx, &invoice.tenant_id, invoice.id)?;
    if attempts.iter().all(|attempt| attempt.charged_back == Yen::ZERO) {
        return Ok(false);
    }
    let entries = invoices::entries_of_case(tx, &invoice.tenant_id, invoice.application_id)?;
    let owed_again = |entry: &Entry| entry.debit_account == Account::Receivable;
    Ok(attempts.iter().any(|attempt| pulled_back(&entries, attempt).any(owed_again)))
}

fn is_booked(entries: &[Entry], payment: &PaymentRow) -> bool {
    pulled_back(entries, payment).next().is_some()
}

fn pulled_back<'a>(entries: &'a [Entry], payment: &PaymentRow) -> impl Iterator<Item = &'a Entry> + use<'a> {
    let (kind, id) = (EntryKind::Booked(Posting::PullBack), payment.id.to_string());
    let is_ours = move |entry: &&Entry| entry.source_id.split(':').next() == Some(id.as_str());
    entries.iter().filter(move |entry| entry.kind == kind).filter(is_ours)
}

/// The payment, if the whole of it was pulled back and either settled a debt and was the body's own, or was too much; and what its case
/// was booked.
pub(super) fn judge(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: PaymentId,
) -> Result<(PaymentRow, Vec<Entry>), Failure> {
    let payment = payments::find(tx, tenant, id)?.ok_or(ReconciliationRefusal::PaymentNotFound)?;
    let entries = invoices::entries_of_case(tx, tenant, payment.application_id)?;
    let is_whole = payment.captured > Yen::ZERO
        && payment.charged_back == payment.captured
        && payment.refunded == Yen::ZERO;
    let brought = ledger::brought(&id.to_string(), &entries);
    let is_all = |account: &Account| {
        let ours = brought.iter().filter(|entry| entry.credit_account == *account);
        ours.map(|entry| entry.amount.amount()).sum::<i64>() == payment.captured.amount()
    };
    let own_debt = is_own_loss(payment.payment()?.legal_role) && is_all(&Account::Receivable);
    let is_unguaranteed = own_debt || is_all(&Account::Overpayment);
    // What was decided to go back of it is not gone a second time: people settle that first.
    for refund in refunds::of_payment(tx, tenant, id)? {
        if refund.refund()?.state.is_decided() {
            return Err(ReconciliationRefusal::NotPulledBackWhole.into());
        }
    }
    if is_whole && is_unguaranteed && !is_booked(&entries, &payment) {
        Ok((payment, entries))
    } else {
        Err(ReconciliationRefusal::NotPulledBackWhole.into())
    }
}

/// Makes the debt of a payment owed again; `by` is the second of the two who agreed. The caller holds the root of its case.
pub(super) fn owe_again(
    tx: &mut Tx<'_>,
    core: &Core,
    tenant: &TenantCode,
    id: PaymentId,
    by: OfficerId,
) -> Result<(), Failure> {
    let (payment, entries) = judge(tx, tenant, id)?;
    let missing = || StoreError::Inconsistent(format!("no case or invoice of payment {id}"));
    let mut case = applications::find(tx, tenant, payment.application_id)?.ok_or_else(missing)?;
    let mut invoice = invoices::find(tx, tenant, payment.invoice_id)?.ok_or_else(missing)?;
    let today = jst_day(Reads::now(tx));
    let mut back = ledger::pull_back(&id.to_string(), &entries, today);
    back.extend(reassessment::out_of_what_is_owed(tx, &invoice, id, &entries, today)?);
    invoices::book(tx, tenant, case.id, &back)?;
    let facts = json!({ "payment": id.to_string(), "invoice": invoice.id.to_string(),
        "amount": payment.captured.amount() });
    let actor = EventActor { kind: "officer", id: by.to_string() };
    let event = NewEvent { kind: "payment_owed_again", actor, facts, sealed_detail: None };
    events::append(tx, &mut case, event)?;
    settle_invoice(tx, core, &mut case, &mut invoice)?;
    Ok(applications::update(tx, &mut case)?)
}
