//! Interest on refunds (還付加算金, R-96): what bears it, since when, and how much of it is fixed at the approval.
//!
//! It is computed in the transaction that decides the refund, from entries that are never rewritten, and stored with every step of
//! its computation. What its body has no terms for, and what an ordinance gives back although it was owed, bears none.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Ctx, Failure};
use crate::domain::calendar::jst_day;
use crate::domain::ledger::{Account, Entry, EntryKind, Posting};
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::refund::{
    InterestState, OverpaymentCause, RefundGround, RefundInterestTerms, RefundNotice, RefundPart,
    RefundState, TooMuch, accrue, interest_terms_on, paid_in_vain, too_much_of,
};
use crate::store::invoices;
use crate::store::payments::{self, PaymentRow};
use crate::store::refund_interest::{self, InterestExplanation, InterestPart, InterestTermsRow};
use crate::store::refunds::{self, RefundRow};
use crate::store::sql::{IsoDate, Json, Micros};
use crate::store::{Reads, StoreError, Tx};

fn out_of_range(error: YenOutOfRange) -> Failure {
    Failure::Internal(error.to_string())
}

/// What a refund bears if it is decided now and counted up to a day; none where nothing of it bears interest.
///
/// Of what is paid out that day is the one of the decision, of what is set off the one on which it could be.
pub(super) fn computed(
    tx: &mut impl Reads,
    ctx: &Ctx,
    row: &RefundRow,
    counted_to: Date,
) -> Result<Option<InterestTermsRow>, Failure> {
    let now = tx.now();
    let body = ctx.catalogue.tenant(&row.tenant_id);
    let terms = body.and_then(|body| interest_terms_on(&body.definition.refund_interest, jst_day(now)));
    let Some(terms) = terms else { return Ok(None) };
    let notice = told(tx, row)?;
    let mut parts = Vec::new();
    for one in too_much(tx, row, now)? {
        if let Some(part) = part_of(terms, one, counted_to, notice)? {
            parts.push(part);
        }
    }
    if parts.is_empty() {
        return Ok(None);
    }
    let accrued = Yen::sum(parts.iter().map(|part| part.interest)).map_err(out_of_range)?;
    let already_paid = in_vain(tx, row)?.min(accrued);
    let explanation = InterestExplanation {
        basis: terms.basis.clone(),
        source: terms.source.clone(),
        sample: terms.sample,
        parts,
    };
    Ok(Some(InterestTermsRow {
        tenant_id: row.tenant_id.clone(),
        refund_id: row.id,
        payment_id: row.payment_id,
        counted_to: IsoDate(counted_to),
        accrued,
        already_paid,
        expense_account: terms.expense_account.clone(),
        explanation: Json(explanation),
        recorded_at: Micros(now),
    }))
}

/// Fixes the interest of a refund that is approved in this transaction; the caller stores the refund.
pub(super) fn fix(tx: &mut Tx<'_>, row: &mut RefundRow, terms: &InterestTermsRow) -> Result<(), Failure> {
    refund_interest::insert_terms(tx, terms)?;
    let interest = to_pay(terms)?;
    row.interest = Some(interest);
    row.interest_state = (interest > Yen::ZERO).then(|| InterestState::Due.as_str().to_owned());
    Ok(())
}

/// What is to be paid: what accrued, less what refunds that came to nothing have brought already.
pub(super) fn to_pay(terms: &InterestTermsRow) -> Result<Yen, Failure> {
    terms.accrued.minus(terms.already_paid).map_err(out_of_range)
}

/// What the payee was told, and did.
fn told(tx: &mut impl Reads, row: &RefundRow) -> Result<RefundNotice, Failure> {
    let Some(notice) = refund_interest::notice(tx, &row.tenant_id, row.id)? else {
        return Ok(RefundNotice::NotNeeded);
    };
    let claim = refund_interest::claim(tx, &row.tenant_id, row.id)?;
    Ok(RefundNotice::Sent { on: notice.noticed_on.0, claimed_on: claim.map(|claim| claim.claimed_on.0) })
}

/// A part with the interest on it; none where its cause bears none.
fn part_of(
    terms: &RefundInterestTerms,
    one: TooMuch,
    counted_to: Date,
    notice: RefundNotice,
) -> Result<Option<InterestPart>, Failure> {
    let first = terms.start(one.cause).and_then(|start| start.first_day(one.paid_on, one.arose_on));
    let Some(first) = first else { return Ok(None) };
    let accrual = accrue(&terms.rule, one.amount, first, counted_to, notice).map_err(out_of_range)?;
    Ok(Some(InterestPart {
        cause: one.cause,
        amount: one.amount,
        base: accrual.base,
        spans: accrual.spans,
        interest: accrual.interest,
    }))
}

/// What of a refund is too much for which cause.
fn too_much(tx: &mut impl Reads, row: &RefundRow, now: Timestamp) -> Result<Vec<TooMuch>, Failure> {
    let payment = payments::find(tx, &row.tenant_id, row.payment_id)?
        .ok_or_else(|| StoreError::Inconsistent(format!("no payment of refund {}", row.id)))?;
    let paid_on = payment.captured_on.map_or_else(|| jst_day(now), |day| day.0);
    let mut found = Vec::new();
    for part in row.planned()? {
        match part.part {
            RefundPart::Overpaid => {
                let causes = overpaid_causes(tx, &payment, paid_on)?;
                let before = overpaid_before(tx, row)?;
                found.extend(too_much_of(&causes, before, part.amount).map_err(out_of_range)?);
            }
            RefundPart::Line(_) | RefundPart::Whole => {
                let cause = match row.refund_ground()? {
                    RefundGround::AssessmentError => OverpaymentCause::AssessmentError,
                    RefundGround::Waiver => OverpaymentCause::Waiver,
                    // What was owed and goes back by an ordinance was never too much.
                    RefundGround::Overpaid | RefundGround::NotAccepted | RefundGround::NotAttributable => {
                        continue;
                    }
                };
                let arose_on = jst_day(row.created_at.0);
                found.push(TooMuch { cause, paid_on, arose_on, amount: part.amount });
            }
        }
    }
    Ok(found)
}

/// What of a payment is booked as overpaid, in the order in which it became so; what was booked back since is left out.
pub(super) fn overpaid_causes(
    tx: &mut impl Reads,
    payment: &PaymentRow,
    paid_on: Date,
) -> Result<Vec<TooMuch>, Failure> {
    let entries = invoices::entries_of_case(tx, &payment.tenant_id, payment.application_id)?;
    let id = payment.id.to_string();
    let of_payment = |entry: &&Entry| entry.source_id.split(':').next() == Some(id.as_str());
    let undone = |entry: &Entry, posting: Posting| {
        let same = |other: &&Entry| {
            other.kind == EntryKind::Reversed(posting)
                && other.source_id == entry.source_id
                && other.line_no == entry.line_no
        };
        entries.iter().any(|other| same(&other))
    };
    let cause = |entry: &Entry| {
        let EntryKind::Booked(posting) = entry.kind else { return None };
        if entry.credit_account != Account::Overpayment || undone(entry, posting) {
            return None;
        }
        let (cause, arose_on) = match posting {
            Posting::Overpay => (OverpaymentCause::Lowered, entry.booked_on),
            _ => (OverpaymentCause::PaidBeyond, entry.booked_on.max(paid_on)),
        };
        Some(TooMuch { cause, paid_on, arose_on, amount: entry.amount })
    };
    Ok(entries.iter().filter(of_payment).filter_map(cause).collect())
}

/// What earlier refunds took, or will take, of what a payment brought too much.
pub(super) fn overpaid_before(tx: &mut impl Reads, row: &RefundRow) -> Result<Yen, Failure> {
    let mut before = Yen::ZERO;
    for other in refunds::of_payment(tx, &row.tenant_id, row.payment_id)? {
        let earlier = (other.created_at.0, other.id) < (row.created_at.0, row.id);
        if !earlier || !other.refund()?.state.holds_headroom() {
            continue;
        }
        for part in other.planned()?.iter().filter(|part| part.part == RefundPart::Overpaid) {
            before = before.plus(part.amount).map_err(out_of_range)?;
        }
    }
    Ok(before)
}

/// What earlier refunds of the payment brought in interest although they came to nothing, and no later one was lessened by.
fn in_vain(tx: &mut impl Reads, row: &RefundRow) -> Result<Yen, Failure> {
    let (mut brought, mut taken_off) = (Yen::ZERO, Yen::ZERO);
    let known = refund_interest::terms_of_payment(tx, &row.tenant_id, row.payment_id)?;
    for other in refunds::of_payment(tx, &row.tenant_id, row.payment_id)? {
        if other.refund()?.state != RefundState::Failed {
            let terms = known.iter().filter(|terms| terms.refund_id == other.id);
            let less = Yen::sum(terms.map(|terms| terms.already_paid)).map_err(out_of_range)?;
            taken_off = taken_off.plus(less).map_err(out_of_range)?;
            continue;
        }
        if let Some((interest, InterestState::Sent | InterestState::Paid)) = other.interest_to_pay()? {
            brought = brought.plus(interest).map_err(out_of_range)?;
        }
    }
    Ok(paid_in_vain(brought, taken_off))
}
