//! Closing attempts (支払手続の取りやめ): the first payment of an invoice wins, every other open attempt is closed at its gateway.
//!
//! Closing is an operation like opening: intent, call, record (see [`super::gateway_call`]). The intent commits with the
//! money that covers the invoice, so no crash between the two leaves a slip that somebody could still pay unnoticed. What
//! is paid all the same makes the invoice overpaid, and what is too much is proposed to go back.

use jiff::SignedDuration;
use serde_json::json;

use super::cases::system_actor;
use super::payment::insert_operation;
use super::payment_standing::raise;
use super::{Core, Failure, Refusal, payment_method};
use crate::domain::id::OperationId;
use crate::domain::invoice::InvoiceState;
use crate::domain::payment::{Alert, PaymentState};
use crate::gateway::{Cancel, PreparedRequest, Unpreparable};
use crate::store::applications::{self, ApplicationRow};
use crate::store::events::{self, NewEvent};
use crate::store::gateway_operations;
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payments::PaymentRow;
use crate::store::{Reads, StoreError, Tx};

/// How long after a call that closed nothing a question may lead to another one.
const CLOSE_AGAIN: SignedDuration = SignedDuration::from_hours(1);

/// What closes an attempt where it stands now; none where it waits for nobody, or nobody knows.
pub(super) fn what_closes(row: &PaymentRow) -> Result<Option<Cancel>, StoreError> {
    Ok(match row.payment()?.state {
        PaymentState::RequiresAction => Some(match row.gateway_session_id.clone() {
            Some(gateway_session_id) => Cancel::Checkout { gateway_session_id },
            None => Cancel::Reference { merchant_reference: row.gateway_reference() },
        }),
        // The checkout ended when the slip was issued: the slip is called off.
        PaymentState::AwaitingPayment => {
            row.gateway_payment_id.clone().map(|gateway_payment_id| Cancel::Payment { gateway_payment_id })
        }
        _ => None,
    })
}

/// The exact bytes that close an attempt, or the refusal that it cannot be closed.
pub(super) fn prepare(core: &Core, row: &PaymentRow, id: OperationId) -> Result<PreparedRequest, Failure> {
    let wanted = what_closes(row)?.ok_or(Refusal::PaymentNotCancelable)?;
    let account = core.gateways.find(&row.tenant_id, &row.gateway).ok_or(Refusal::PaymentNotCancelable)?;
    account.adapter.prepare_cancel(&id.to_string(), &wanted).map_err(|reason| match reason {
        Unpreparable::NotPossible => Refusal::PaymentNotCancelable.into(),
        other => Failure::Internal(format!("cannot prepare a cancel: {other}")),
    })
}

/// Whether a call that closes the attempt is on its way.
pub(super) fn is_closing(tx: &mut impl Reads, row: &PaymentRow) -> Result<bool, StoreError> {
    let youngest = gateway_operations::youngest_cancel(tx, &row.tenant_id, row.id)?;
    Ok(youngest.is_some_and(|operation| gateway_operations::is_open(&operation.state)))
}

/// Closes what is still open of an invoice that money covers, that was opened over another amount than is owed now, or whose last day or
/// designation is over (R-84, T-5), by a call that a worker makes at once. The questions about open payments come by here.
///
/// The caller stores the case. What no gateway can close any more is told to people: it may still be paid.
pub(super) fn close_what_no_longer_fits(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut ApplicationRow,
    (standing, invoice): (InvoiceState, &InvoiceRow),
    attempts: &[PaymentRow],
) -> Result<(), Failure> {
    for row in attempts {
        if what_closes(row)?.is_none() {
            continue;
        }
        let is_beside = takes_no_more(standing) || row.amount != invoice.owed();
        let is_unfit = is_beside || !payment_method::still_takes(tx, core, invoice, row)?;
        if !is_unfit || is_closing(tx, row)? {
            continue;
        }
        let id = OperationId(tx.new_id());
        let prepared = match prepare(core, row, id) {
            Ok(prepared) => prepared,
            // What outlives its day alone covers the debt all the same if it is paid; people are told of it when it stays open
            // ([`super::payment_watch`]).
            Err(Failure::Refused(_)) if !is_beside => continue,
            Err(Failure::Refused(_)) => {
                raise(tx, case, row, &Alert::OpenBesideCovered)?;
                continue;
            }
            Err(failure) => return Err(failure),
        };
        let key = core.keys.open_case_key(&row.tenant_id, &case.wrapped_key)?;
        let now = tx.now();
        insert_operation(tx, core, &key, row, &prepared, (id, now))?;
        let facts = json!({ "payment": row.id.to_string() });
        let actor = system_actor("billing");
        let event = NewEvent { kind: "payment_cancel_requested", actor, facts, sealed_detail: None };
        events::append(tx, case, event)?;
    }
    Ok(())
}

/// Closes an attempt that a question found as open as before although nobody waits for it: beside money that covers its
/// invoice, past its day, or because its address was lost and the call that opened it is at an end.
pub(super) fn close_again(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut ApplicationRow,
    row: &PaymentRow,
) -> Result<(), Failure> {
    if what_closes(row)?.is_none() {
        return Ok(());
    }
    let Some(invoice) = invoices::find(tx, &row.tenant_id, row.invoice_id)? else { return Ok(()) };
    let youngest = gateway_operations::youngest_cancel(tx, &row.tenant_id, row.id)?;
    let waits = youngest.is_some_and(|last| tx.now().duration_since(last.created_at.0) < CLOSE_AGAIN);
    let before = case.event_count;
    if !waits {
        let wanted = (invoice.invoice_state()?, &invoice);
        close_what_no_longer_fits(tx, core, case, wanted, std::slice::from_ref(row))?;
        let is_closed_now = case.event_count != before;
        if !is_closed_now && is_unreachable(tx, row)? {
            call_off_unreachable(tx, core, case, row)?;
        }
    }
    if case.event_count != before {
        applications::update(tx, case)?;
    }
    Ok(())
}

/// Whether nobody can reach the checkout of an attempt any more: its address was lost with an answer, and the call that opened it
/// is at an end.
pub(super) fn is_unreachable(tx: &mut impl Reads, row: &PaymentRow) -> Result<bool, StoreError> {
    let has_no_address = row.payment()?.state == PaymentState::RequiresAction && row.redirect_url.is_none();
    Ok(has_no_address && !gateway_operations::is_opening(tx, &row.tenant_id, row.id)?)
}

/// A checkout that was found again, at a gateway that repeats no answer: its address was lost with the answer, so nobody
/// can pay in it. It is called off, and the invoice is free for another.
pub(super) fn call_off_unreachable(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut ApplicationRow,
    payment: &PaymentRow,
) -> Result<(), Failure> {
    let waiting = payment.payment()?.state == PaymentState::RequiresAction && payment.redirect_url.is_none();
    let account = core.gateways.find(&payment.tenant_id, &payment.gateway).filter(|_| waiting);
    let Some(account) = account else { return Ok(()) };
    let id = OperationId(tx.new_id());
    let lost = Cancel::Reference { merchant_reference: payment.gateway_reference() };
    let prepared = match account.adapter.prepare_cancel(&id.to_string(), &lost) {
        Ok(prepared) => prepared,
        // The same key gives this gateway's answer again, address and all.
        Err(Unpreparable::NotPossible) => return Ok(()),
        Err(reason) => return Err(Failure::Internal(format!("cannot prepare a cancel: {reason}"))),
    };
    let key = core.keys.open_case_key(&payment.tenant_id, &case.wrapped_key)?;
    let now = tx.now();
    insert_operation(tx, core, &key, payment, &prepared, (id, now))?;
    let facts = json!({ "payment": payment.id.to_string() });
    let actor = system_actor("billing");
    let event = NewEvent { kind: "payment_cancel_requested", actor, facts, sealed_detail: None };
    events::append(tx, case, event)?;
    Ok(applications::update(tx, case)?)
}

/// Whether nothing more may be paid of an invoice that stands so.
fn takes_no_more(standing: InvoiceState) -> bool {
    !matches!(standing, InvoiceState::Unpaid | InvoiceState::Pending)
}
