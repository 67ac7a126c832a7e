//! The queue of exceptions (照合の例外): who looks after each, what is proposed, and who agrees.
//!
//! Invariants: whoever proposes a resolution never agrees to it, which the database refuses too; every step is written
//! down and stays; what a resolution books, it books in the same transaction.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::accounting::{accountant, comment_fault};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::outside_refund::Agreed;
use super::reconciliation_refusal::ReconciliationRefusal;
use super::{
    Ctx, Effect, Failure, Refusal, el_qr_booking, el_qr_cancellation, outside_refund, payment_shares,
    pulled_back, remittance,
};
use crate::domain::fault::Fault;
use crate::domain::id::{
    ApplicationId, ElQrCancellationId, ElQrLineId, ExceptionId, OfficerId, PaymentId, TenantCode,
};
use crate::domain::reconciliation::{
    Consequence, EL_QR_CANCELLATION, RETURNED_OUTSIDE, Resolution, resolutions_of,
};
use crate::domain::settlement::ExceptionState;
use crate::store::el_qr_results::LineRow;
use crate::store::el_qr_slips::SlipRow;
use crate::store::exception_desk::{self, ExceptionFilter, StepRow};
use crate::store::reconciliation_exceptions::{self, ExceptionRow};
use crate::store::sql::Micros;
use crate::store::{Reads, Root, Tx, payments};

/// Exceptions on a page.
pub const PAGE: i64 = 50;

/// An exception with everything that was done about it.
#[derive(Clone, Debug)]
pub struct ExceptionFile {
    /// The exception.
    pub row: ExceptionRow,
    /// What was done, in order.
    pub steps: Vec<StepRow>,
}

/// What an accountant wants to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Look after it, also in place of somebody else.
    Claim,
    /// Propose how it ends.
    Propose {
        /// The code of a resolution.
        resolution: String,
        /// Why.
        comment: String,
    },
    /// Send a proposal back.
    Return {
        /// Why.
        comment: String,
    },
    /// Agree to what somebody else proposed.
    Approve,
}

/// A page of the queue, oldest first.
pub async fn list(
    ctx: Ctx,
    tenant: TenantCode,
    filter: ExceptionFilter,
    after: Option<ExceptionId>,
) -> Result<Vec<ExceptionRow>, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        accountant(tx, &ctx, &tenant)?;
        Ok(exception_desk::page(tx, &tenant, &filter, after, PAGE)?)
    })
    .await
}

/// One exception.
pub async fn show(ctx: Ctx, tenant: TenantCode, id: ExceptionId) -> Result<ExceptionFile, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        accountant(tx, &ctx, &tenant)?;
        open(tx, &tenant, id)
    })
    .await
}

fn open(tx: &mut impl Reads, tenant: &TenantCode, id: ExceptionId) -> Result<ExceptionFile, Failure> {
    let row = reconciliation_exceptions::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    Ok(ExceptionFile { row, steps: exception_desk::steps(tx, tenant, id)? })
}

/// Does one step about an exception, once.
pub async fn act(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ExceptionId,
    wanted: Move,
) -> Result<Effect<ExceptionFile>, Failure> {
    let roots = roots(&ctx, &request.tenant, id).await?;
    let db = ctx.core.db.clone();
    db.write_alone(roots, move |tx| {
        let step = |tx: &mut Tx<'_>, now| step(tx, &ctx, &request.tenant, id, &wanted, now);
        once(tx, &request, "reconciliation_exception", step, |tx, _| {
            accountant(tx, &ctx, &request.tenant)?;
            open(tx, &request.tenant, id)
        })
    })
    .await
}

/// The exception, and the cases in which a resolution of it may book.
async fn roots(ctx: &Ctx, tenant: &TenantCode, id: ExceptionId) -> Result<Vec<Root>, Failure> {
    let (inner, tenant) = (ctx.clone(), tenant.clone());
    let cases = ctx.core.db.read(move |tx| {
        accountant(tx, &inner, &tenant)?;
        let row = reconciliation_exceptions::find(tx, &tenant, id)?.ok_or(Refusal::NotFound)?;
        cases_of(tx, &tenant, &row)
    });
    Ok(cases.await?.into_iter().map(Root::Application).chain([Root::exception(id)]).collect())
}

/// The cases in which a resolution may book; of a payment of several invoices, those of all its shares, in their order.
fn cases_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    row: &ExceptionRow,
) -> Result<BTreeSet<ApplicationId>, Failure> {
    if let Some(line) = el_qr_line_of(row) {
        let found = el_qr_booking::referred_slip(tx, tenant, line)?;
        return Ok(found.into_iter().map(|(_, slip)| slip.application_id).collect());
    }
    if let Some(cancellation) = el_qr_cancellation_of(row) {
        return Ok(el_qr_cancellation::case_of(tx, tenant, cancellation)?.into_iter().collect());
    }
    let Some(payment) = payment_of(row).or_else(|| returned_of(row)) else { return Ok(BTreeSet::new()) };
    match payments::find(tx, tenant, payment)? {
        Some(payment) => payment_shares::cases_of(tx, &payment),
        None => Ok(BTreeSet::new()),
    }
}

/// The payment that an exception is about.
fn payment_of(row: &ExceptionRow) -> Option<PaymentId> {
    row.subject.strip_prefix("payment:")?.parse().ok()
}

/// The payment of which a gateway sent money back without a refund of ours, that an exception is about.
fn returned_of(row: &ExceptionRow) -> Option<PaymentId> {
    row.subject.strip_prefix(RETURNED_OUTSIDE)?.strip_prefix(':')?.parse().ok()
}

/// The line of the organisation that an exception is about.
fn el_qr_line_of(row: &ExceptionRow) -> Option<ElQrLineId> {
    row.subject.strip_prefix("el_qr_line:")?.parse().ok()
}

/// The cancellation of the organisation that an exception is about.
fn el_qr_cancellation_of(row: &ExceptionRow) -> Option<ElQrCancellationId> {
    row.subject.strip_prefix(EL_QR_CANCELLATION)?.strip_prefix(':')?.parse().ok()
}

fn step(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ExceptionId,
    wanted: &Move,
    now: Timestamp,
) -> Result<Made<ExceptionFile>, Failure> {
    let officer = accountant(tx, ctx, tenant)?;
    let mut row = reconciliation_exceptions::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let (kind, comment) = match wanted {
        Move::Claim => {
            demand(&row, &[ExceptionState::Open, ExceptionState::Proposed])?;
            row.owner = Some(officer);
            ("claimed", None)
        }
        Move::Propose { resolution, comment } => {
            propose(&mut row, officer, resolution, comment, now)?;
            ("proposed", Some(comment.clone()))
        }
        Move::Return { comment } => {
            demand(&row, &[ExceptionState::Proposed])?;
            refuse_comment(comment)?;
            ("returned", Some(comment.clone()))
        }
        Move::Approve => {
            agree(&mut row, officer, now)?;
            refuse_without_money(tx, &row)?;
            ("approved", None)
        }
    };
    let resolution = row.resolution.clone();
    if kind == "returned" {
        take_back(&mut row);
    }
    // From here on everything changes rows; every refusal stands above, but for what a resolution itself may refuse.
    exception_desk::update(tx, &mut row)?;
    let step_no = exception_desk::steps(tx, tenant, id)?.last().map_or(1, |last| last.step_no + 1);
    let step = StepRow {
        tenant_id: tenant.clone(),
        exception_id: id,
        step_no,
        kind: kind.to_owned(),
        officer_id: officer,
        resolution,
        comment,
        at: Micros(now),
    };
    exception_desk::insert_step(tx, &step)?;
    if *wanted == Move::Approve {
        carry_out(tx, ctx, &row, officer)?;
    }
    Ok(Made { resource_id: id.to_string(), value: open(tx, tenant, id)? })
}

fn demand(row: &ExceptionRow, states: &[ExceptionState]) -> Result<(), Failure> {
    let state = row.exception_state()?;
    if states.contains(&state) {
        Ok(())
    } else {
        Err(ReconciliationRefusal::ExceptionState { state: state.as_str() }.into())
    }
}

fn refuse_comment(comment: &str) -> Result<(), Failure> {
    comment_fault(comment).map_or(Ok(()), |fault| Err(Refusal::Invalid(vec![fault]).into()))
}

/// The resolution of a code, if the kind of the exception knows it.
fn resolution(row: &ExceptionRow, code: &str) -> Result<Option<&'static Resolution>, Failure> {
    Ok(resolutions_of(row.exception_kind()?, &row.subject).find(|resolution| resolution.code == code))
}

fn propose(
    row: &mut ExceptionRow,
    officer: OfficerId,
    code: &str,
    comment: &str,
    now: Timestamp,
) -> Result<(), Failure> {
    demand(row, &[ExceptionState::Open])?;
    let mut faults: Vec<Fault> = comment_fault(comment).into_iter().collect();
    if resolution(row, code)?.is_none() {
        let known: Vec<_> = resolutions_of(row.exception_kind()?, &row.subject).map(|one| one.code).collect();
        let known = known.join(", ");
        let (ja, en) = (format!("この例外の処理は {known} のいずれかです。"), format!("One of: {known}."));
        faults.push(Fault::new("/resolution", "enum", ja, en));
    }
    if !faults.is_empty() {
        return Err(Refusal::Invalid(faults).into());
    }
    ExceptionState::Proposed.as_str().clone_into(&mut row.state);
    row.owner = row.owner.or(Some(officer));
    row.proposed_by = Some(officer);
    row.proposed_at = Some(Micros(now));
    row.resolution = Some(code.to_owned());
    row.comment = Some(comment.to_owned());
    Ok(())
}

fn agree(row: &mut ExceptionRow, officer: OfficerId, now: Timestamp) -> Result<(), Failure> {
    demand(row, &[ExceptionState::Proposed])?;
    if row.proposed_by == Some(officer) {
        return Err(ReconciliationRefusal::OwnResolution.into());
    }
    ExceptionState::Resolved.as_str().clone_into(&mut row.state);
    row.resolved_by = Some(officer);
    row.resolved_at = Some(Micros(now));
    Ok(())
}

fn take_back(row: &mut ExceptionRow) {
    ExceptionState::Open.as_str().clone_into(&mut row.state);
    row.proposed_by = None;
    row.proposed_at = None;
    row.resolution = None;
    row.comment = None;
}

/// Refuses to agree to what cannot be booked because its payment, or its slip, is not in the books.
fn refuse_without_money(tx: &mut impl Reads, row: &ExceptionRow) -> Result<(), Failure> {
    let code = row.resolution.as_deref().unwrap_or_default();
    let consequence = resolution(row, code)?.map(|resolution| resolution.consequence);
    let found = match consequence {
        Some(Consequence::AcceptLate) => match payment_of(row) {
            Some(payment) => payments::find(tx, &row.tenant_id, payment)?.is_some(),
            None => false,
        },
        Some(Consequence::BookLine) => return slip_of(tx, row).map(drop),
        Some(Consequence::OweAgain) => {
            let payment = payment_of(row).ok_or(ReconciliationRefusal::PaymentNotFound)?;
            return pulled_back::judge(tx, &row.tenant_id, payment).map(drop);
        }
        Some(Consequence::StrikeOut) => {
            let cancellation = el_qr_cancellation_of(row).ok_or(ReconciliationRefusal::PaymentNotFound)?;
            return el_qr_cancellation::judge(tx, &row.tenant_id, cancellation).map(drop);
        }
        Some(Consequence::BookReturn) => {
            let payment = returned_of(row).ok_or(ReconciliationRefusal::PaymentNotFound)?;
            return outside_refund::judge(tx, &row.tenant_id, payment).map(drop);
        }
        Some(Consequence::None) | None => true,
    };
    if found { Ok(()) } else { Err(ReconciliationRefusal::PaymentNotFound.into()) }
}

/// The line that is to be booked, with its slip.
fn slip_of(tx: &mut impl Reads, row: &ExceptionRow) -> Result<(LineRow, SlipRow), Failure> {
    let found = match el_qr_line_of(row) {
        Some(line) => el_qr_booking::referred_slip(tx, &row.tenant_id, line)?,
        None => None,
    };
    found.ok_or_else(|| ReconciliationRefusal::NoSlip.into())
}

/// Books what a resolution means.
fn carry_out(tx: &mut Tx<'_>, ctx: &Ctx, row: &ExceptionRow, officer: OfficerId) -> Result<(), Failure> {
    let code = row.resolution.as_deref().unwrap_or_default();
    match resolution(row, code)?.map(|resolution| resolution.consequence) {
        Some(Consequence::AcceptLate) => {
            let payment = payment_of(row)
                .ok_or_else(|| Failure::Internal(format!("exception {} is about no payment", row.id)))?;
            remittance::accept_late(tx, &ctx.core, &row.tenant_id, payment, officer)
        }
        Some(Consequence::OweAgain) => {
            let payment = payment_of(row).ok_or(ReconciliationRefusal::PaymentNotFound)?;
            pulled_back::owe_again(tx, &ctx.core, &row.tenant_id, payment, officer)
        }
        Some(Consequence::StrikeOut) => {
            let cancellation = el_qr_cancellation_of(row).ok_or(ReconciliationRefusal::PaymentNotFound)?;
            el_qr_cancellation::strike_out(tx, &ctx.core, &row.tenant_id, cancellation, officer)
        }
        Some(Consequence::BookReturn) => {
            let payment = returned_of(row).ok_or(ReconciliationRefusal::PaymentNotFound)?;
            let proposed_by = row.proposed_by.ok_or(ReconciliationRefusal::PaymentNotFound)?;
            let agreed = Agreed { proposed_by, agreed_by: officer };
            outside_refund::book(tx, ctx, &row.tenant_id, payment, agreed)
        }
        Some(Consequence::BookLine) => {
            let referred = slip_of(tx, row)?;
            el_qr_booking::book_referred(tx, &ctx.core, referred, officer)
        }
        Some(Consequence::None) | None => Ok(()),
    }
}
