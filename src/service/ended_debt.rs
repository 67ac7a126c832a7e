//! What a payment leaves owed that is taken out of the books after its case ended without a decision.
//!
//! Had it not stood in the books, the assessment would have been booked back with the end of the case: so it is now, and nobody is
//! asked for what nobody may pay. What a payer's bank pulled back had been paid: it is owed again and may be paid.

use super::cases::system_actor;
use super::{Failure, billing, pulled_back, waiver_claim};
use crate::domain::application::StateName;
use crate::domain::invoice::InvoiceState;
use crate::store::applications::ApplicationRow;
use crate::store::events::{self, NewEvent};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::{Reads, StoreError, Tx};

/// Books back what has just become unpaid and is not owed, since its case ended without a decision, with what was assessed beside it.
/// Callers hold the case's root lock and store the case.
pub(super) fn follow(
    tx: &mut Tx<'_>,
    case: &mut ApplicationRow,
    invoice: &mut InvoiceRow,
) -> Result<(), Failure> {
    let state = case.case_state()?.name();
    let ended = matches!(state, StateName::Withdrawn | StateName::Transferred);
    if !ended || invoice.invoice_state()? != InvoiceState::Unpaid || is_owed(tx, state, invoice)? {
        return Ok(());
    }
    let (tenant, id) = (case.tenant_id.clone(), case.id);
    let mut unpaid = vec![invoice.clone()];
    for beside in invoices::of_principal(tx, &tenant, invoice.id)? {
        if beside.invoice_state()? == InvoiceState::Unpaid {
            unpaid.push(beside);
        }
    }
    let now = Reads::now(tx);
    for facts in billing::book_back_unpaid(tx, (&tenant, id), unpaid, now)? {
        let actor = system_actor("billing");
        events::append(tx, case, NewEvent { kind: "invoice_moved", actor, facts, sealed_detail: None })?;
    }
    *invoice = found(tx, invoice)?;
    Ok(())
}

/// Whether an unpaid invoice is owed although its case ended: what was assessed beside a claim follows that claim, what a revoked
/// waiver gave rise to outlives a withdrawal, and what was paid and pulled back is owed again.
fn is_owed(tx: &mut impl Reads, state: StateName, invoice: &InvoiceRow) -> Result<bool, Failure> {
    if let Some(principal) = invoice.principal_id {
        let claim = invoices::find(tx, &invoice.tenant_id, principal)?;
        let claim = claim.ok_or_else(|| missing(invoice))?;
        return Ok(claim.invoice_state()? != InvoiceState::Canceled);
    }
    let outlives = state == StateName::Withdrawn && waiver_claim::is_one(tx, invoice)?;
    Ok(outlives || pulled_back::is_owed_again(tx, invoice)?)
}

fn found(tx: &mut impl Reads, invoice: &InvoiceRow) -> Result<InvoiceRow, StoreError> {
    invoices::find(tx, &invoice.tenant_id, invoice.id)?.ok_or_else(|| missing(invoice))
}

fn missing(invoice: &InvoiceRow) -> StoreError {
    StoreError::Inconsistent(format!("invoice {} or its claim", invoice.id))
}
