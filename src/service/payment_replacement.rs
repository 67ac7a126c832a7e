//! Paying by another method while one attempt is open: the open one is closed at its gateway first.
//!
//! Two attempts that take money at once are prevented here and by the database: another one opens only after the gateway
//! has confirmed that the open one is closed. Where it cannot be closed, or nobody knows what became of it, the other
//! method waits. A crash between the two steps leaves a closed attempt and an invoice that is owed as before.

use std::time::Duration;

use serde_json::json;

use super::idempotency::{IdempotencyRequest, is_used};
use super::payment::{OpenPayment, call_and_wait, insert_operation, own_lease, refuse_not_owed};
use super::payment_ceiling::PayableNow;
use super::payment_link::PaidBy;
use super::{Ctx, Failure, Refusal, intake, payment_closing};
use crate::domain::id::{ApplicationId, InvoiceId, OperationId, PaymentId, TenantCode};
use crate::domain::payment::MethodCode;
use crate::domain::policy::Action;
use crate::store::events::{self, NewEvent};
use crate::store::payments::{self, PaymentRow};
use crate::store::{Root, Tx, invoices};

/// How often a request looks whether another one's call has closed the attempt.
const CLOSED_LOOK: Duration = Duration::from_millis(50);

/// When somebody may ask again whose open attempt is not closed yet, in seconds.
const COME_AGAIN_S: i64 = 10;

/// What there is to close.
#[derive(Clone, Copy, Debug)]
enum Open {
    /// Nothing.
    Nothing,
    /// This attempt, by a call that this process makes.
    Ours(PaymentId, OperationId),
    /// This attempt, by a call that somebody else is making.
    Another(PaymentId),
}

/// Closes the open attempt of an invoice, and comes back once its gateway has confirmed that. Nothing is closed where `wanted` is over
/// another sum than is owed; an act over several invoices was judged as a whole before.
pub(super) async fn close_open(
    ctx: &Ctx,
    request: &IdempotencyRequest,
    (invoice, application): (InvoiceId, ApplicationId),
    method: &MethodCode,
    (wanted, paid_by): (Option<&OpenPayment>, PaidBy),
) -> Result<(), Failure> {
    let (inner, asked, method) = (ctx.clone(), request.clone(), method.clone());
    let wanted = wanted.cloned();
    let open = ctx
        .core
        .db
        .write(Root::Application(application), move |tx| {
            begin(tx, &inner, &asked, invoice, (&method, wanted.as_ref(), paid_by))
        })
        .await?;
    match open {
        Open::Nothing => Ok(()),
        Open::Ours(payment, operation) => {
            call_and_wait(ctx, &request.tenant, operation).await;
            await_closed(ctx, &request.tenant, payment, Duration::ZERO).await
        }
        Open::Another(payment) => {
            let wait = Duration::from_millis(ctx.core.settings.payments.open_wait_ms);
            await_closed(ctx, &request.tenant, payment, wait).await
        }
    }
}

fn begin(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    request: &IdempotencyRequest,
    id: InvoiceId,
    (method, wanted, paid_by): (&MethodCode, Option<&OpenPayment>, PaidBy),
) -> Result<Open, Failure> {
    // A repeat finds the payment it opened, and must not close that one.
    if is_used(tx, request)? {
        return Ok(Open::Nothing);
    }
    let tenant = &request.tenant;
    let invoice = invoices::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut case = paid_by.case(tx, ctx, (tenant, invoice.application_id), Action::Pay)?;
    let Some(live) = live_attempt(&payments::of_invoice(tx, tenant, id)?)? else { return Ok(Open::Nothing) };
    paid_by.refuse_foreign(tx, &live)?;
    // Nothing is closed for a method that could not be opened afterwards.
    refuse_not_owed(tx, &case, &invoice)?;
    wanted.map_or(Ok(()), |wanted| wanted.refuse_other_total(invoice.owed()))?;
    let procedure = intake::pinned(ctx, &case.row)?;
    let now = tx.now();
    let today = PayableNow::of(tx, ctx, &[&invoice], std::slice::from_ref(&live))?;
    paid_by.account(ctx, &procedure.definition, &invoice, method, &today)?;
    if payment_closing::is_closing(tx, &live)? {
        return Ok(Open::Another(live.id));
    }
    let operation = OperationId(tx.new_id());
    let prepared = payment_closing::prepare(&ctx.core, &live, operation).map_err(not_closed)?;

    // From here on everything changes rows; every refusal stands above.
    insert_operation(tx, &ctx.core, &case.key, &live, &prepared, (operation, own_lease(ctx, now)))?;
    let (actor, facts) = (paid_by.event_actor(&case), json!({ "payment": live.id.to_string() }));
    let event = NewEvent { kind: "payment_cancel_requested", actor, facts, sealed_detail: None };
    events::append(tx, &mut case.row, event)?;
    case.save(tx)?;
    Ok(Open::Ours(live.id, operation))
}

/// The attempt that may still take money.
fn live_attempt(attempts: &[PaymentRow]) -> Result<Option<PaymentRow>, Failure> {
    for attempt in attempts {
        if attempt.payment()?.state.is_live() {
            return Ok(Some(attempt.clone()));
        }
    }
    Ok(None)
}

/// An attempt that waits for nobody, or of which nobody knows, is decided by the gateway's next word.
fn not_closed(failure: Failure) -> Failure {
    match failure {
        Failure::Refused(Refusal::PaymentNotCancelable) => {
            Refusal::OpenPaymentNotClosed { retry_after_s: COME_AGAIN_S }.into()
        }
        other => other,
    }
}

/// Comes back once the attempt can take no more money on its own; refuses when it still can after `left`.
async fn await_closed(
    ctx: &Ctx,
    tenant: &TenantCode,
    id: PaymentId,
    mut left: Duration,
) -> Result<(), Failure> {
    loop {
        let tenant = tenant.clone();
        let found = ctx.core.db.read(move |tx| Ok::<_, Failure>(payments::find(tx, &tenant, id)?)).await?;
        let row = found.ok_or(Refusal::NotFound)?;
        if !row.payment()?.state.is_live() {
            return Ok(());
        }
        if left.is_zero() {
            return Err(Refusal::OpenPaymentNotClosed { retry_after_s: COME_AGAIN_S }.into());
        }
        tokio::time::sleep(CLOSED_LOOK.min(left)).await;
        left = left.saturating_sub(CLOSED_LOOK);
    }
}
