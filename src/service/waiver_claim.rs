//! The claim that a revoked waiver gave rise to: how it follows the fee of corrected answers, and that it outlives a
//! withdrawal.
//!
//! It is no price of its own: the invoice that the waiver was of has that. What corrected answers cost less, and what cannot be taken
//! off that invoice because it was waived, is taken off the claim, so that both together never come to more than the fee.
//! It is also owed where the case was withdrawn after somebody had paid the rest, as long as not all of that has gone back
//! ([`super::revived_claim`]).

use std::collections::{BTreeMap, BTreeSet};

use super::cases::{OpenCase, system_actor};
use super::recalculation::{self, Lowering};
use super::{Failure, billing, reassessment, refund_money, revived_claim};
use crate::domain::application::StateName;
use crate::domain::id::{ApplicationId, InvoiceId, TenantCode};
use crate::domain::invoice::InvoiceState;
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::waiver::{LineReduction, Reductions, still_evaded};
use crate::store::applications::ApplicationRow;
use crate::store::events::{self, NewEvent};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::waiver_revocations::{self, WaiverRevocationRow};
use crate::store::{Reads, StoreError, Tx, fee_lowerings, set_offs};

/// What the claims of an invoice's revoked waivers are lowered by, together with the invoice itself; none while money waits on one of
/// them that covers nothing: then neither moves before a person has settled it.
pub(super) fn following(tx: &mut impl Reads, of: &Lowering) -> Result<Option<Vec<Lowering>>, Failure> {
    let mut less = waived_of(of).map_err(internal)?;
    let mut following = Vec::new();
    for row in waiver_revocations::of_invoice(tx, &of.invoice.tenant_id, of.invoice.id)?.iter().rev() {
        for claim in with_parts(tx, row)? {
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
    }
    Ok(Some(following))
}

/// Whether an invoice is such a claim.
pub(super) fn is_one(tx: &mut impl Reads, invoice: &InvoiceRow) -> Result<bool, Failure> {
    let claims = waiver_revocations::claims_of_case(tx, &invoice.tenant_id, invoice.application_id)?;
    Ok(claims.contains(&invoice.id))
}

/// The claims of revoked waivers of a case, with what was divided off them to be set off: none of them is a price.
pub(super) fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<BTreeSet<InvoiceId>, Failure> {
    let mut claims = waiver_revocations::claims_of_case(tx, tenant, id)?;
    if !claims.is_empty() {
        let divided = set_offs::divided_of_case(tx, tenant, id)?;
        let parts: Vec<InvoiceId> =
            divided.into_iter().filter(|(claim, _)| claims.contains(claim)).map(|(_, part)| part).collect();
        claims.extend(parts);
    }
    Ok(claims)
}

/// The claim of a revoked waiver as it stands: the one of the revocation, or the last that was assessed again instead of it.
pub(super) fn standing(tx: &mut impl Reads, row: &WaiverRevocationRow) -> Result<InvoiceId, StoreError> {
    let revived = waiver_revocations::revived_of_case(tx, &row.tenant_id, row.application_id)?;
    let mut claim = row.claim_id;
    while let Some(next) = revived.iter().find(|next| next.replaces_id == claim) {
        claim = next.claim_id;
    }
    Ok(claim)
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
        // What nobody has paid is canceled with the end.
        let state = first_of(tx, &row)?.invoice_state()?;
        if state != InvoiceState::Unpaid && still_evaded(state, ended) {
            owed.insert(standing(tx, &row)?);
        }
    }
    Ok(owed)
}

/// Lets the claims that a withdrawn case left owed follow the refund of the fee, with what was assessed beside them: they end once all
/// that was paid of it has gone back, for nobody pays for what was examined any more, and are asked to be assessed again where it turns
/// out that it has not. A claim that somebody is paying ends when that attempt has. `moved` is the invoice that has just moved, a fee or
/// such a claim. Callers hold the case's root lock and store it.
pub(super) fn follow_refund(
    tx: &mut Tx<'_>,
    case: &mut ApplicationRow,
    moved: &mut InvoiceRow,
) -> Result<(), Failure> {
    if case.state != StateName::Withdrawn.as_str() {
        return Ok(());
    }
    let mut ended = BTreeSet::new();
    for row in waiver_revocations::of_case(tx, &case.tenant_id, case.id)? {
        let claim = standing(tx, &row)?;
        if ![row.invoice_id, claim].contains(&moved.id) && moved.principal_id != Some(claim) {
            continue;
        }
        let first = first_of(tx, &row)?;
        if first.invoice_state()? == InvoiceState::Refunded {
            ended.insert(claim);
        } else if moved.id == first.id {
            revived_claim::ask(tx, &first, &row)?;
        }
    }
    if ended.is_empty() {
        return Ok(());
    }
    end(tx, case, &ended)?;
    // It may have ended itself.
    if let Some(now) = invoices::find(tx, &moved.tenant_id, moved.id)? {
        *moved = now;
    }
    Ok(())
}

/// Books back what is unpaid of some claims of a case, and of what was assessed beside them.
fn end(tx: &mut Tx<'_>, case: &mut ApplicationRow, claims: &BTreeSet<InvoiceId>) -> Result<(), Failure> {
    let (tenant, id) = (case.tenant_id.clone(), case.id);
    let (mut gone, mut unpaid) = (BTreeSet::new(), Vec::new());
    for invoice in invoices::all_of_case(tx, &tenant, id)? {
        let goes = match invoice.principal_id {
            None => claims.contains(&invoice.id),
            Some(principal) => gone.contains(&principal),
        };
        let state = invoice.invoice_state()?;
        // What was being paid beside a claim when that ended follows it.
        if goes && matches!(state, InvoiceState::Unpaid | InvoiceState::Canceled) {
            gone.insert(invoice.id);
        }
        if goes && state == InvoiceState::Unpaid {
            unpaid.push(invoice);
        }
    }
    let now = Reads::now(tx);
    for facts in billing::book_back_unpaid(tx, (&tenant, id), unpaid, now)? {
        let actor = system_actor("billing");
        events::append(tx, case, NewEvent { kind: "invoice_moved", actor, facts, sealed_detail: None })?;
    }
    Ok(())
}

/// The invoice that a revoked waiver was of.
fn first_of(tx: &mut impl Reads, row: &WaiverRevocationRow) -> Result<InvoiceRow, StoreError> {
    let first = invoices::find(tx, &row.tenant_id, row.invoice_id)?;
    first.ok_or_else(|| StoreError::Inconsistent(format!("no invoice of waiver {}", row.waiver_id)))
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

/// How much less the claim of a revocation is assessed at by corrected answers, with its parts, fee item by fee item.
fn lowered_by_answers(
    tx: &mut impl Reads,
    row: &WaiverRevocationRow,
) -> Result<BTreeMap<String, Yen>, Failure> {
    let mut less: BTreeMap<String, Yen> = BTreeMap::new();
    for claim in with_parts(tx, row)? {
        for lowering in fee_lowerings::of_invoice(tx, &claim.tenant_id, claim.id)? {
            for one in lowering.lowered.0.iter().filter(|_| lowering.correction_id.is_some()) {
                let Some(item) = item_of(&claim, one) else { continue };
                let sum = less.entry(item.to_owned()).or_default();
                *sum = sum.plus(one.amount).map_err(internal)?;
            }
        }
    }
    Ok(less)
}

/// The claim of a revocation as it stands, and what was divided off it.
fn with_parts(tx: &mut impl Reads, row: &WaiverRevocationRow) -> Result<Vec<InvoiceRow>, StoreError> {
    let claim = standing(tx, row)?;
    let divided = set_offs::divided_of_case(tx, &row.tenant_id, row.application_id)?;
    let parts = divided.into_iter().filter(|(of, _)| *of == claim).map(|(_, part)| part);
    let mut found = Vec::new();
    for id in std::iter::once(claim).chain(parts) {
        let invoice = invoices::find(tx, &row.tenant_id, id)?;
        let missing = || StoreError::Inconsistent(format!("no claim of waiver {}", row.waiver_id));
        found.push(invoice.ok_or_else(missing)?);
    }
    Ok(found)
}

/// The fee item of a line that is named by its number.
fn item_of<'a>(invoice: &'a InvoiceRow, of: &LineReduction) -> Option<&'a str> {
    let index = usize::try_from(of.line).ok()?.checked_sub(1)?;
    invoice.lines.0.get(index).map(|line| line.item.as_str())
}

fn internal(error: YenOutOfRange) -> Failure {
    Failure::Internal(error.to_string())
}
