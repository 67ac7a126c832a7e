//! What stands against a decision: one list, asked where it is drafted, where an approver looks, and at the last seal.

use jiff::Timestamp;

use crate::domain::approval::DecisionKind;
use crate::domain::invoice::{self, PaymentGate};
use crate::service::cases::OpenCase;
use crate::service::intake::{self, pinned};
use crate::service::{
    Ctx, Failure, Refusal, billing, checklist, contract, inspection, invoice_money, originals, permit,
};
use crate::store::Reads;

/// Refuses to propose a grant that the review is not ready for: open items, what it needs and lacks, an outdated fee.
/// A refusal needs none of it: a case must never be stuck between a changed fee and no decision.
pub(super) fn refuse_unready(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    decision: DecisionKind,
    now: Timestamp,
) -> Result<(), Failure> {
    if !decision.grants() {
        return Ok(());
    }
    checklist::refuse_open(tx, ctx, case)?;
    first(of_review(tx, ctx, case, decision)?)?;
    billing::refuse_outdated_fee(tx, ctx, case, now)
}

/// Refuses the last seal on a decision for the first of what it lacks.
pub(super) fn refuse_missing(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    decision: DecisionKind,
    now: Timestamp,
) -> Result<(), Failure> {
    first(missing(tx, ctx, case, decision, now)?)
}

/// Everything that the last seal on a decision would be refused for at `now`.
///
/// Only a grant waits for the fee. Who does not pay leaves a defect of the form, whose ends are a correction and a refusal
/// a refusal that waited for the fee could never be made. It waits for a payment that is under way, whose money
/// would come for a claim that the refusal cancels.
pub(super) fn missing(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    decision: DecisionKind,
    now: Timestamp,
) -> Result<Vec<Refusal>, Failure> {
    let mut missing = Vec::new();
    if !decision.grants() {
        note(&mut missing, intake::refuse_open_payment(tx, case))?;
        return Ok(missing);
    }
    let standing = billing::standing_invoices(tx, case)?;
    let states = invoice_money::as_gated(tx, &standing)?;
    let due = pinned(ctx, &case.row)?.definition.fee_due;
    if invoice::payment_gate(due, &states) == PaymentGate::ClosedUnpaid {
        missing.push(Refusal::FeeNotSettled);
    }
    missing.extend(of_review(tx, ctx, case, decision)?);
    note(&mut missing, contract::refuse_unsignable(ctx, case, now))?;
    Ok(missing)
}

/// What a grant lacks of what was looked at outside of the answers. The place, an original or the register may have been looked at
/// again since the draft.
fn of_review(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    decision: DecisionKind,
) -> Result<Vec<Refusal>, Failure> {
    let mut missing = Vec::new();
    note(&mut missing, inspection::refuse_missing(tx, ctx, case, decision))?;
    note(&mut missing, originals::refuse_unseen(tx, ctx, case))?;
    note(&mut missing, permit::refuse_overtaken(tx, case))?;
    Ok(missing)
}

fn note(missing: &mut Vec<Refusal>, found: Result<(), Failure>) -> Result<(), Failure> {
    match found {
        Ok(()) => Ok(()),
        Err(Failure::Refused(refusal)) => {
            missing.push(refusal);
            Ok(())
        }
        Err(broken) => Err(broken),
    }
}

fn first(missing: Vec<Refusal>) -> Result<(), Failure> {
    missing.into_iter().next().map_or(Ok(()), |refusal| Err(refusal.into()))
}
