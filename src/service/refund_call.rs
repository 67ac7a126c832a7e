//! What a gateway says of a refund: asking before anything is sent again, taking the answer in, asking until it is final.
//!
//! The call itself is carried out by [`super::gateway_call`], by the same three steps as a checkout.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::gateway_call::Heard;
use super::payment_standing::{payment_ref, raise};
use super::poll::POLL_PAYMENT;
use super::refund_refusal::RefundRefusal;
use super::refund_standing::step;
use super::{Core, Ctx, Failure, JobEnd, Refusal, payment_shares, refund_standing};
use crate::domain::audit::EventActor;
use crate::domain::id::{OperationId, RefundId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::payment::{
    Alert, EarlierAttempts, NothingFound, RefundSnapshot, RefundStatus, RetryFacts, SnapshotStatus,
    after_nothing_found, next_refund_poll,
};
use crate::domain::refund::{RefundCommand, RefundEvidence, RefundState};
use crate::gateway::{CreateRefund, MerchantAccount, Outcome, PreparedRequest, RefundRef, Reply};
use crate::store::applications::{self, ApplicationRow};
use crate::store::gateway_operations::OperationRow;
use crate::store::payments::{self, PaymentRow};
use crate::store::refunds::{self, RefundRow};
use crate::store::{StoreError, Tx, jobs};

/// Kind of the job that asks about one refund.
pub const POLL_REFUND: &str = "poll_refund";

/// How often a refund that was paid is asked about before the gateway answers: from a minute, doubling, for about three days.
const UNANSWERED_AT_MOST: u32 = 12;

/// Of a refund that had not arrived for as long as it could, which proves a failure unless the gateway shows it done after all.
const NEVER_ARRIVED: &str = "never_arrived";

/// Of one that more had gone back than we knew made us ask about once more: the gateway does not show it.
const NOT_AT_GATEWAY: &str = "not_at_gateway";

/// When to ask again after a question that could not be asked.
pub const ASK_AGAIN: SignedDuration = SignedDuration::from_secs(30);

/// What the gateway needs to find a refund of ours. `refunded_before`: of the whole act of paying.
pub fn reference(payment: &PaymentRow, refund: &RefundRow, refunded_before: Yen) -> RefundRef {
    RefundRef {
        payment: payment_ref(payment),
        reference: refund.reference(),
        gateway_refund_id: refund.gateway_refund_id.clone(),
        amount: refund.amount,
        refunded_before,
    }
}

/// Asks for a refund that may have reached the gateway; `None` means that the same bytes are to be sent with the same key.
pub async fn ask(
    account: &MerchantAccount,
    query: &RefundRef,
    facts: RetryFacts,
    since_last_sent: SignedDuration,
    now: Timestamp,
) -> Option<Heard> {
    match account.ask_refund(query, now).await {
        // The refund itself was not seen: it may never have arrived, so the same bytes may still have to be sent.
        Outcome::Done(Some(snapshot))
            if snapshot.status == RefundStatus::Unrecognised && snapshot.gateway_refund_id.is_none() =>
        {
            Some(Heard::Strange(Box::new(snapshot)))
        }
        // A refund that is found is as good as the answer to having sent it.
        Outcome::Done(Some(snapshot)) => {
            Some(Heard::Answer(Outcome::Done(Reply::Refund(Box::new(snapshot)))))
        }
        Outcome::Done(None) => {
            let timeout = SignedDuration::try_from(account.adapter.total_timeout()).unwrap_or(ASK_AGAIN);
            match after_nothing_found(facts, since_last_sent, timeout) {
                NothingFound::RetrySameKey { .. } => None,
                NothingFound::QueryAgain { after } => Some(Heard::AskAgain(after)),
                NothingFound::CloseAsFailed => Some(Heard::GiveUp),
            }
        }
        _ => Some(Heard::AskAgain(ASK_AGAIN)),
    }
}

/// What the result of a call means for its refund.
pub fn take_in(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut ApplicationRow,
    operation: &OperationRow,
    earlier: EarlierAttempts,
    heard: &Heard,
) -> Result<(), Failure> {
    let row = refunds::of_operation(tx, &operation.tenant_id, operation.id)?;
    let mut row = row.ok_or_else(|| Failure::Internal(format!("no refund of {}", operation.id)))?;
    let evidence = match heard {
        Heard::Answer(Outcome::Done(Reply::Refund(snapshot))) => {
            return hear(tx, core, case, &mut row, snapshot, &operation.gateway);
        }
        Heard::Answer(Outcome::NotSent(_)) => return Ok(()),
        Heard::Answer(Outcome::Declined(decline)) if earlier == EarlierAttempts::NoneSent => {
            row.failure_code = Some(decline.code.clone());
            RefundEvidence::Refused
        }
        Heard::Answer(Outcome::Rejected(problem)) if earlier == EarlierAttempts::NoneSent => {
            row.failure_code = Some(problem.code.clone());
            RefundEvidence::Refused
        }
        Heard::GiveUp => {
            row.failure_code = Some(NEVER_ARRIVED.to_owned());
            RefundEvidence::NeverArrived
        }
        Heard::Strange(snapshot) => {
            tell_of_strange_words(tx, case, &row, snapshot)?;
            RefundEvidence::Unclear
        }
        Heard::Answer(_) | Heard::Found(_) | Heard::AskAgain(_) => RefundEvidence::Unclear,
    };
    move_by(tx, core, case, &mut row, evidence, &operation.gateway)
}

fn hear(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut ApplicationRow,
    row: &mut RefundRow,
    snapshot: &RefundSnapshot,
    gateway: &str,
) -> Result<(), Failure> {
    if snapshot.gateway_refund_id.is_some() {
        row.gateway_refund_id.clone_from(&snapshot.gateway_refund_id);
    }
    if snapshot.amount != row.amount {
        return Err(Failure::Internal(format!("the gateway shows another amount for refund {}", row.id)));
    }
    tell_of_strange_words(tx, case, row, snapshot)?;
    move_by(tx, core, case, row, RefundEvidence::Seen(snapshot.status), gateway)
}

/// Has people look at a word of the refund, or of its payment, that no table has (F40).
fn tell_of_strange_words(
    tx: &mut Tx<'_>,
    case: &mut ApplicationRow,
    row: &RefundRow,
    snapshot: &RefundSnapshot,
) -> Result<(), Failure> {
    let refund = (snapshot.status == RefundStatus::Unrecognised).then_some(&snapshot.raw_status);
    let payment = &snapshot.payment;
    let payment = (payment.status == SnapshotStatus::Unrecognised).then_some(&payment.raw_status);
    let events_before = case.event_count;
    for raw_status in refund.into_iter().chain(payment).cloned() {
        let of = payments::find(tx, &row.tenant_id, row.payment_id)?.ok_or(Refusal::NotFound)?;
        raise(tx, case, &of, &Alert::UnrecognisedStatus { raw_status })?;
    }
    if case.event_count != events_before {
        applications::update(tx, case)?;
    }
    Ok(())
}

/// Moves the refund; one that may still fail, or whose word nobody knows, is asked about later.
fn move_by(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut ApplicationRow,
    row: &mut RefundRow,
    evidence: RefundEvidence,
    gateway: &str,
) -> Result<(), Failure> {
    // What failed, or was never told to the gateway, hears nothing more.
    let state = row.refund()?.state;
    if !state.is_in_flight() && state != RefundState::Succeeded {
        return Ok(());
    }
    let actor = EventActor { kind: "gateway", id: gateway.to_owned() };
    let moved = step(tx, core, case, row, RefundCommand::Hear(evidence), actor)?;
    if moved.next != state {
        applications::update(tx, case)?;
    }
    if moved.next == RefundState::Failed {
        tracing::warn!(refund = %row.id, code = row.failure_code, "a refund failed at the gateway");
        metrics::counter!("madoguchi_refunds_failed_total", "gateway" => gateway.to_owned()).increment(1);
    }
    // Of what was heard in a known way or not, no operation is left that asks.
    let heard = matches!(evidence, RefundEvidence::Seen(_));
    let open = matches!(moved.next, RefundState::Pending | RefundState::Unknown) && heard;
    if open && moved.next != state {
        let now = tx.now();
        if let Some(at) = next_refund_poll(0, now) {
            jobs::enqueue_again(tx, row.tenant_id.as_str(), POLL_REFUND, &row.id.to_string(), at)?;
        }
    }
    Ok(())
}

/// Whether a refund was given up because it had not arrived for as long as it could.
pub(super) fn is_given_up(row: &RefundRow) -> Result<bool, StoreError> {
    let never_arrived = row.failure_code.as_deref() == Some(NEVER_ARRIVED);
    Ok(never_arrived && row.refund()?.state == RefundState::Failed)
}

/// What the answer makes of a refund that was given up: money that left by it is booked as what it was asked for (T-3). Where it
/// did not, or its headroom was taken up since, what went back is not ours, and the payment is asked about again to say so.
fn after_giving_up(
    tx: &mut Tx<'_>,
    core: &Core,
    (case, row): (&mut ApplicationRow, &mut RefundRow),
    answer: &Outcome<Option<RefundSnapshot>>,
    gateway: &str,
) -> Result<JobEnd, Failure> {
    let now = tx.now();
    let is_ours = match answer {
        Outcome::Done(Some(found)) if found.status == RefundStatus::Succeeded => {
            row.gateway_refund_id.clone_from(&found.gateway_refund_id);
            found.amount == row.amount
        }
        Outcome::Done(found) if found.as_ref().is_none_or(|it| it.status == RefundStatus::Failed) => false,
        _ => {
            let asked = u32::try_from(row.poll_count).unwrap_or(u32::MAX);
            row.poll_count += 1;
            refunds::update(tx, row)?;
            return Ok(next_refund_poll(asked.saturating_add(1), now).map_or(JobEnd::Done, JobEnd::Again));
        }
    };
    if is_ours && refund_standing::has_room_again(tx, row)? {
        row.failure_code = None;
        let actor = EventActor { kind: "gateway", id: gateway.to_owned() };
        step(tx, core, case, row, RefundCommand::FindAfterAll, actor)?;
        applications::update(tx, case)?;
        return Ok(JobEnd::Done);
    }
    row.failure_code = Some(NOT_AT_GATEWAY.to_owned());
    row.gateway_refund_id = None;
    refunds::update(tx, row)?;
    jobs::enqueue_again(tx, row.tenant_id.as_str(), POLL_PAYMENT, &row.payment_id.to_string(), now)?;
    Ok(JobEnd::Done)
}

/// Asks about a refund once, applies the answer, and says when to ask again.
pub async fn poll(core: &Arc<Core>, tenant: TenantCode, id: RefundId) -> Result<JobEnd, Failure> {
    let of = tenant.clone();
    let (refund, payment, refunded_before) = core
        .db
        .read(move |tx| {
            let refund = refunds::find(tx, &of, id)?.ok_or(Refusal::NotFound)?;
            let payment = payments::find(tx, &of, refund.payment_id)?.ok_or(Refusal::NotFound)?;
            let refunded_before = payment_shares::refunded(tx, &payment)?;
            Ok::<_, Failure>((refund, payment, refunded_before))
        })
        .await?;
    let account = core.gateways.find(&tenant, &payment.gateway);
    let account =
        account.ok_or_else(|| Failure::Internal(format!("no gateway {} any more", payment.gateway)))?;
    let query = reference(&payment, &refund, refunded_before);
    let answer = account.ask_refund(&query, core.clock.now()).await;
    let (application, inner) = (refund.application_id, Arc::clone(core));
    let known = payment.clone();
    payment_shares::write(core, &known, move |tx| {
        let case = applications::find(tx, &tenant, application)?;
        let (Some(mut case), Some(mut row)) = (case, refunds::find(tx, &tenant, id)?) else {
            return Err(Refusal::NotFound.into());
        };
        if is_given_up(&row)? {
            return after_giving_up(tx, &inner, (&mut case, &mut row), &answer, &payment.gateway);
        }
        if let Outcome::Done(Some(snapshot)) = &answer {
            hear(tx, &inner, &mut case, &mut row, snapshot, &payment.gateway)?;
        }
        let asked = u32::try_from(row.poll_count).unwrap_or(u32::MAX);
        if !asks_again(row.refund()?.state, &answer, asked) {
            return Ok(JobEnd::Done);
        }
        row.poll_count += 1;
        refunds::update(tx, &mut row)?;
        Ok(next_refund_poll(asked.saturating_add(1), tx.now()).map_or(JobEnd::Done, JobEnd::Again))
    })
    .await
}

/// Whether a refund is asked about once more: while it is not final, and while news made us ask about one that was paid and nobody
/// answered.
fn asks_again(state: RefundState, answer: &Outcome<Option<RefundSnapshot>>, asked: u32) -> bool {
    match state {
        RefundState::Pending | RefundState::Unknown => true,
        RefundState::Succeeded => !matches!(answer, Outcome::Done(Some(_))) && asked < UNANSWERED_AT_MOST,
        _ => false,
    }
}

/// The exact bytes that the gateway will be sent.
pub(super) fn prepare(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    row: &RefundRow,
) -> Result<(OperationId, PaymentRow, PreparedRequest), Failure> {
    let payment = payments::find(tx, &row.tenant_id, row.payment_id)?.ok_or(Refusal::NotFound)?;
    for share in payments::shares(tx, &payment)? {
        for other in refunds::of_payment(tx, &row.tenant_id, share.id)? {
            if other.refund()?.state.is_in_flight() {
                return Err(Refusal::Refund(RefundRefusal::InProgress).into());
            }
        }
    }
    let not_by_gateway = Refusal::Refund(RefundRefusal::NotByGateway);
    let account = ctx.core.gateways.find(&row.tenant_id, &payment.gateway);
    let (Some(account), Some(gateway_payment_id)) = (account, payment.gateway_payment_id.clone()) else {
        return Err(not_by_gateway.into());
    };
    let wanted = CreateRefund { gateway_payment_id, amount: row.amount, description: row.reference() };
    let operation = OperationId(tx.new_id());
    let prepared = account.adapter.prepare_refund(&operation.to_string(), &wanted);
    let prepared =
        prepared.map_err(|reason| Failure::Internal(format!("cannot prepare a refund: {reason}")))?;
    Ok((operation, payment, prepared))
}
