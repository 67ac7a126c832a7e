//! The claim that a revoked waiver gave rise to: how it follows the fee of corrected answers, and that it outlives a
//! withdrawal.
//!
//! It is no price of its own: the invoice that the waiver was of has that. What corrected answers cost less, and what cannot be taken
//! off that invoice because it was waived, is taken off the claim, so that both together never come to more than the fee.
//! It is also owed where the case was withdrawn after somebody had paid the rest, as long as not all of that has gone back.

use std::collections::{BTreeMap, BTreeSet};

use super::cases::{OpenCase, system_actor};
use super::recalculation::{self, Lowering};
use super::{Failure, billing, reassessment, refund_money};
use crate::domain::application::StateName;
use crate::domain::id::InvoiceId;
use crate::domain::invoice::InvoiceState;
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::waiver::{LineReduction, Reductions, still_evaded};
use crate::store::applications::ApplicationRow;
use crate::store::events::{self, NewEvent};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::waiver_revocations::{self, WaiverRevocationRow};
use crate::store::{Reads, StoreError, Tx, fee_lowerings};

/// What the claims of an invoice's revoked waivers are lowered by, together with the invoice itself; none while money waits on one of
/// them that covers nothing: then neither moves before a person has settled it.
pub(super) fn following(tx: &mut impl Reads, of: &Lowering) -> Result<Option<Vec<Lowering>>, Failure> {
    let mut less = waived_of(of).map_err(internal)?;
    let mut following = Vec::new();
    for row in waiver_revocations::of_invoice(tx, &of.invoice.tenant_id, of.invoice.id)?.iter().rev() {
        let claim = claim_of(tx, row)?;
        let is_concerned =
            claim.lines.0.iter().any(|line| less.get(&line.item).is_some_and(|rest| *rest > Yen::ZERO));
        if !is_concerned || claim.invoice_state()? == InvoiceState::Canceled {
            continue;
        }
        if reassessment::is_unsettled(&refund_money::of_invoice(tx, &claim)?) {
            return Ok(None);
        }
        following.extend(recalculation::lowering(tx, claim, &mut less)?);
    }
    Ok(Some(following))
}

/// Whether an invoice is such a claim, or is owed beside one.
pub(super) fn is_one(tx: &mut impl Reads, invoice: &InvoiceRow) -> Result<bool, Failure> {
    let claims = waiver_revocations::claims_of_case(tx, &invoice.tenant_id, invoice.application_id)?;
    let claim = invoice.principal_id.unwrap_or(invoice.id);
    Ok(claims.contains(&claim))
}

/// The claims that the withdrawal or the refusal of a case leaves owed: somebody had paid for what was examined until then, but for
/// what a false statement had taken off. What goes to another body takes no claim along.
pub(super) fn owed_after_end(tx: &mut impl Reads, case: &OpenCase) -> Result<BTreeSet<InvoiceId>, Failure> {
    let mut owed = BTreeSet::new();
    let ended = case.state.name();
    if !matches!(ended, StateName::Withdrawn | StateName::Decided) {
        return Ok(owed);
    }
    for row in waiver_revocations::of_case(tx, &case.row.tenant_id, case.row.id)? {
        let first = invoices::find(tx, &row.tenant_id, row.invoice_id)?;
        let first = first
            .ok_or_else(|| StoreError::Inconsistent(format!("no invoice of waiver {}", row.waiver_id)))?;
        // What nobody has paid is canceled with the end.
        let state = first.invoice_state()?;
        if state != InvoiceState::Unpaid && still_evaded(state, ended) {
            owed.insert(row.claim_id);
        }
    }
    Ok(owed)
}

/// Ends the claims that a withdrawn case left owed, with what was assessed beside them, once all that was paid of the fee has gone
/// back: nobody pays for what was examined any more, so nothing was evaded either. Callers hold the case's root lock and store it.
pub(super) fn end_with_refund(
    tx: &mut Tx<'_>,
    case: &mut ApplicationRow,
    first: &InvoiceRow,
) -> Result<(), Failure> {
    let is_back = first.invoice_state()? == InvoiceState::Refunded;
    if !is_back || case.state != StateName::Withdrawn.as_str() {
        return Ok(());
    }
    let (tenant, id) = (case.tenant_id.clone(), case.id);
    let revoked = waiver_revocations::of_invoice(tx, &tenant, first.id)?;
    let claims: BTreeSet<InvoiceId> = revoked.iter().map(|row| row.claim_id).collect();
    let mut unpaid: Vec<InvoiceRow> = Vec::new();
    if !claims.is_empty() {
        for invoice in invoices::all_of_case(tx, &tenant, id)? {
            let goes = match invoice.principal_id {
                None => claims.contains(&invoice.id),
                Some(principal) => unpaid.iter().any(|other| other.id == principal),
            };
            if goes && invoice.invoice_state()? == InvoiceState::Unpaid {
                unpaid.push(invoice);
            }
        }
    }
    let now = Reads::now(tx);
    for facts in billing::book_back_unpaid(tx, (&tenant, id), unpaid, now)? {
        let actor = system_actor("billing");
        events::append(tx, case, NewEvent { kind: "invoice_moved", actor, facts, sealed_detail: None })?;
    }
    Ok(())
}

/// What an invoice is assessed less and was not owed any more, fee item by fee item.
fn waived_of(of: &Lowering) -> Result<BTreeMap<String, Yen>, YenOutOfRange> {
    let mut lifted = Reductions::default();
    lifted.take_off(&of.lifted.lines)?;
    let mut less: BTreeMap<String, Yen> = BTreeMap::new();
    for one in &of.lowered {
        let Some(item) = item_of(&of.invoice, one) else { continue };
        let sum = less.entry(item.to_owned()).or_default();
        *sum = sum.plus(one.amount.minus(lifted.of_line(one.line))?)?;
    }
    Ok(less)
}

/// What revocations assessed anew of each line of an invoice, less what corrected answers took off their claims since.
pub(super) fn assessed_anew(tx: &mut impl Reads, invoice: &InvoiceRow) -> Result<Reductions, Failure> {
    let mut anew = Reductions::default();
    for row in waiver_revocations::of_invoice(tx, &invoice.tenant_id, invoice.id)? {
        let mut less = lowered_by_answers(tx, &row)?;
        for one in &row.lines.0 {
            let off = item_of(invoice, one).and_then(|item| less.get_mut(item));
            let mut amount = one.amount;
            if let Some(rest) = off {
                let taken = amount.min(*rest);
                *rest = rest.minus(taken).map_err(internal)?;
                amount = amount.minus(taken).map_err(internal)?;
            }
            anew.take_off(&[LineReduction { line: one.line, amount }]).map_err(internal)?;
        }
    }
    Ok(anew)
}

/// How much less a claim is assessed at by corrected answers, fee item by fee item.
fn lowered_by_answers(
    tx: &mut impl Reads,
    row: &WaiverRevocationRow,
) -> Result<BTreeMap<String, Yen>, Failure> {
    let claim = claim_of(tx, row)?;
    let mut less: BTreeMap<String, Yen> = BTreeMap::new();
    for lowering in fee_lowerings::of_invoice(tx, &claim.tenant_id, claim.id)? {
        for one in lowering.lowered.0.iter().filter(|_| lowering.correction_id.is_some()) {
            let Some(item) = item_of(&claim, one) else { continue };
            let sum = less.entry(item.to_owned()).or_default();
            *sum = sum.plus(one.amount).map_err(internal)?;
        }
    }
    Ok(less)
}

fn claim_of(tx: &mut impl Reads, row: &WaiverRevocationRow) -> Result<InvoiceRow, StoreError> {
    let claim = invoices::find(tx, &row.tenant_id, row.claim_id)?;
    claim.ok_or_else(|| StoreError::Inconsistent(format!("no claim of waiver {}", row.waiver_id)))
}

/// The fee item of a line that is named by its number.
fn item_of<'a>(invoice: &'a InvoiceRow, of: &LineReduction) -> Option<&'a str> {
    let index = usize::try_from(of.line).ok()?.checked_sub(1)?;
    invoice.lines.0.get(index).map(|line| line.item.as_str())
}

fn internal(error: YenOutOfRange) -> Failure {
    Failure::Internal(error.to_string())
}
