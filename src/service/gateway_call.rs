//! Carrying out a stored operation: call the gateway with the stored bytes, then record what it said.
//!
//! ```text
//! T1  intent, key, bytes, lease, recovery job      one transaction (payment.rs)
//! --  call                                         outside of any transaction (here)
//! T2  result, payment, invoice, ledger, events     one transaction (here), only under the lease still in force
//! ```
//!
//! The same function serves the request that opened the payment and the worker that recovers it. A recovered
//! operation may have reached the gateway, so it asks first and resends only the same bytes with the same key.

use std::sync::Arc;

use futures_util::future::join;
use jiff::{SignedDuration, Timestamp};

use super::payment::RECOVER_OPERATION;
use super::payment_closing::call_off_unreachable;
use super::payment_standing::{Source, apply, apply_snapshot, payment_ref};
use super::poll::POLL_PAYMENT;
use super::{Core, Failure, JobEnd, Refusal, payment_shares, refund_call};
use crate::domain::id::{OperationId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::payment::{
    Change, Checkout, EarlierAttempts, Folded, NextStep, NothingFound, Payment, PaymentState, RefundSnapshot,
    RetryFacts, SnapshotStatus, TRIES, after_create_checkout, after_nothing_found, may_send, next_step,
};
use crate::drill::CrashPoint;
use crate::gateway::{
    MerchantAccount, OpCtx, OperationKind, Outcome, PreparedRequest, Reply, Transport, TransportKind,
};
use crate::store::applications::{self, ApplicationRow};
use crate::store::gateway_operations::{self, LeaseCheck, OperationRow};
use crate::store::payments::{self, PaymentRow};
use crate::store::refunds::{self, RefundRow};
use crate::store::sql::Micros;
use crate::store::{Root, Tx, jobs};

/// When an operation that nothing more can be sent for is looked at again.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// Everything one call needs.
struct Call {
    operation: OperationRow,
    payment: PaymentRow,
    /// The refund it is about, if it is about one.
    refund: Option<RefundRow>,
    /// What had gone back of all shares.
    refunded_before: Yen,
    request: PreparedRequest,
    account: Arc<MerchantAccount>,
}

/// What a call brought.
pub enum Heard {
    /// The gateway's answer to the stored request.
    Answer(Outcome<Reply>),
    /// A query showed the payment.
    Found(Box<crate::domain::payment::PaymentSnapshot>),
    /// A query showed nothing and it is too early to believe it, or could not be made.
    AskAgain(SignedDuration),
    /// A query was answered in words that nobody knows: they prove neither that there is one nor that there is none (F40).
    Strange(Box<RefundSnapshot>),
    /// There is none and none will come.
    GiveUp,
}

/// The worker's way in: takes the lease over when it has run out, then carries on.
pub async fn recover(core: &Arc<Core>, tenant: TenantCode, id: OperationId) -> Result<JobEnd, Failure> {
    let (of, lease_ms) = (tenant.clone(), core.settings.payments.lease_ms);
    let root = operation(core, &tenant, id).await?.application_id;
    let taken = core
        .db
        .write(Root::Application(root), move |tx| {
            take_lease(tx, &of, id, SignedDuration::from_millis(lease_ms))
        })
        .await?;
    match taken {
        Lease::Finished => Ok(JobEnd::Done),
        Lease::HeldUntil(at) => Ok(JobEnd::Again(at)),
        Lease::Taken(lease_no) => carry_out(core, &tenant, id, lease_no).await,
    }
}

enum Lease {
    Finished,
    HeldUntil(Timestamp),
    Taken(i64),
}

fn take_lease(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    id: OperationId,
    lease: SignedDuration,
) -> Result<Lease, Failure> {
    let mut row = gateway_operations::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let now = tx.now();
    if is_finished(&row) {
        return Ok(Lease::Finished);
    }
    if row.leased_until.0 > now {
        return Ok(Lease::HeldUntil(row.leased_until.0));
    }
    let held = row.lease_no;
    row.lease_no += 1;
    if may_send(retry_facts(&row, now, None, 0)) {
        row.updated_at = Micros(now);
    }
    row.leased_until = Micros(now.checked_add(lease).unwrap_or(now));
    match gateway_operations::update(tx, &row, held)? {
        LeaseCheck::Held => Ok(Lease::Taken(row.lease_no)),
        LeaseCheck::Lost => Ok(Lease::HeldUntil(row.leased_until.0)),
    }
}

/// Makes the call under `lease_no` and records its result.
pub async fn carry_out(
    core: &Arc<Core>,
    tenant: &TenantCode,
    id: OperationId,
    lease_no: i64,
) -> Result<JobEnd, Failure> {
    core.drill.reach_async(CrashPoint::PaymentAfterIntentBeforeSend).await;
    let call = load(core, tenant, id).await?;
    if is_finished(&call.operation) || call.operation.lease_no != lease_no {
        return Ok(JobEnd::Done);
    }
    let now = core.clock.now();
    if call.operation.leased_until.0 <= now {
        // Held up for so long that the next holder may be at work, or the key forgotten: nothing is sent any more.
        return Ok(JobEnd::Again(now));
    }
    let heard =
        if lease_no > 1 { ask_then_send(core, &call).await } else { Heard::Answer(send(core, &call).await) };
    core.drill.reach_async(CrashPoint::PaymentAfterAnswerBeforeRecord).await;
    let mut random = [0; 8];
    core.ids.fill(&mut random);
    let random = u64::from_le_bytes(random);
    let inner = Arc::clone(core);
    let payment = call.payment.clone();
    payment_shares::write(core, &payment, move |tx| {
        record(tx, &inner, &call.operation, lease_no, &heard, random)
    })
    .await
}

async fn send(core: &Core, call: &Call) -> Outcome<Reply> {
    let attempt_no = u32::try_from(call.operation.attempt_no + 1).unwrap_or(u32::MAX);
    let context = OpCtx {
        operation_id: call.operation.id,
        attempt_no,
        now: core.clock.now(),
        key_born_at: call.operation.key_born_at.0,
    };
    let sent = call.account.send(&context, &call.request);
    // Side by side: an armed crash point holds the process here while the request is on its way.
    join(sent, core.drill.reach_async(CrashPoint::PaymentAfterSendBeforeAnswer)).await.0
}

/// An earlier attempt may have reached the gateway: look before sending anything.
async fn ask_then_send(core: &Core, call: &Call) -> Heard {
    if let Some(refund) = &call.refund {
        return ask_for_refund(core, call, refund).await;
    }
    let query = payment_ref(&call.payment);
    let now = core.clock.now();
    match call.account.ask(&query, now).await {
        // A checkout is proven by its payment; a cancellation has nothing left to do once the payment can take no money.
        Outcome::Done(Some(snapshot)) if creates(&call.operation) || is_over(snapshot.status) => {
            Heard::Found(Box::new(snapshot))
        }
        Outcome::Done(Some(_)) if may_send(retry_facts(&call.operation, now, None, 0)) => {
            Heard::Answer(send(core, call).await)
        }
        // Still open, and the key is not sent any more: the payer can ask for another cancellation.
        Outcome::Done(Some(_)) => Heard::GiveUp,
        Outcome::Done(None) => {
            let since_last_sent = now.duration_since(call.operation.updated_at.0);
            let timeout =
                SignedDuration::try_from(call.account.adapter.total_timeout()).unwrap_or(LOOK_AGAIN);
            let facts = retry_facts(&call.operation, now, None, 0);
            match after_nothing_found(facts, since_last_sent, timeout) {
                NothingFound::RetrySameKey { .. } => Heard::Answer(send(core, call).await),
                NothingFound::QueryAgain { after } => Heard::AskAgain(after),
                NothingFound::CloseAsFailed => Heard::GiveUp,
            }
        }
        _ => Heard::AskAgain(SignedDuration::from_secs(30)),
    }
}

async fn ask_for_refund(core: &Core, call: &Call, refund: &RefundRow) -> Heard {
    let query = refund_call::reference(&call.payment, refund, call.refunded_before);
    let now = core.clock.now();
    let facts = retry_facts(&call.operation, now, None, 0);
    let since_last_sent = now.duration_since(call.operation.updated_at.0);
    match refund_call::ask(&call.account, &query, facts, since_last_sent, now).await {
        Some(heard) => heard,
        None => Heard::Answer(send(core, call).await),
    }
}

/// T2: whoever lost the lease meanwhile discards the result.
fn record(
    tx: &mut Tx<'_>,
    core: &Core,
    seen: &OperationRow,
    lease_no: i64,
    heard: &Heard,
    random: u64,
) -> Result<JobEnd, Failure> {
    let tenant = &seen.tenant_id;
    let mut operation = gateway_operations::find(tx, tenant, seen.id)?.ok_or(Refusal::NotFound)?;
    if operation.lease_no != lease_no || is_finished(&operation) {
        return Ok(JobEnd::Done);
    }
    let mut case = applications::find(tx, tenant, operation.application_id)?.ok_or(Refusal::NotFound)?;
    let mut payment = payments::find(tx, tenant, operation.payment_id)?.ok_or(Refusal::NotFound)?;
    let now = tx.now();
    let earlier = earlier_attempts(&operation);
    let (state, again) = standing(&operation, earlier, heard, now, random);
    state.clone_into(&mut operation.state);
    if let Heard::Answer(outcome) = heard {
        operation.updated_at = Micros(now);
        operation.attempt_no += 1;
        if is_refused(outcome) {
            // Never sent again, even where an earlier attempt leaves the operation open.
            operation.attempt_no = operation.attempt_no.max(i64::from(TRIES));
        }
    }
    if let Some(at) = again {
        operation.leased_until = Micros(at);
        jobs::enqueue_again(tx, tenant.as_str(), RECOVER_OPERATION, &operation.id.to_string(), at)?;
    }
    if gateway_operations::update(tx, &operation, lease_no)? == LeaseCheck::Lost {
        return Err(Failure::Internal(format!(
            "the lease of operation {} moved under its lock",
            operation.id
        )));
    }
    if refunds_money(&operation) {
        refund_call::take_in(tx, core, &mut case, &operation, earlier, heard)?;
    } else {
        take_in(tx, core, &mut case, &mut payment, &operation, earlier, heard)?;
    }
    let found = creates(&operation) && matches!(heard, Heard::Found(_));
    // A close that was given up, such as one whose key grew old while nobody was there: of a checkout that nobody can reach
    // nobody asks for another one.
    let given_up = operation.kind == OperationKind::Cancel.as_str() && matches!(heard, Heard::GiveUp);
    if found || given_up {
        call_off_unreachable(tx, core, &mut case, &payment)?;
    }
    Ok(again.map_or(JobEnd::Done, JobEnd::Again))
}

/// The operation's next state, and when to look at it again if it is not settled.
fn standing(
    operation: &OperationRow,
    earlier: EarlierAttempts,
    heard: &Heard,
    now: Timestamp,
    random: u64,
) -> (&'static str, Option<Timestamp>) {
    let at = |after: SignedDuration| Some(now.checked_add(after).unwrap_or(now));
    match heard {
        Heard::Found(_) => ("done", None),
        Heard::GiveUp => ("abandoned", None),
        Heard::AskAgain(after) => ("unknown", at(*after)),
        Heard::Strange(_) => ("unknown", at(refund_call::ASK_AGAIN)),
        // The refusal is of this attempt; an earlier one may have opened a checkout. Asked about until the guard has passed.
        Heard::Answer(outcome)
            if (creates(operation) || refunds_money(operation))
                && earlier == EarlierAttempts::SomeUnknown
                && is_refused(outcome) =>
        {
            ("unknown", at(LOOK_AGAIN))
        }
        Heard::Answer(outcome) => {
            let retry_after_s = match outcome {
                Outcome::NotSent(transport) | Outcome::Unknown(transport) => transport.retry_after_s,
                _ => None,
            };
            let facts = retry_facts(operation, now, retry_after_s, random);
            let again = match next_step(facts, outcome.kind()) {
                NextStep::Settled => None,
                NextStep::RetrySameKey { after } | NextStep::QueryFirst { after } => at(after),
                NextStep::LeaveToPoller | NextStep::GiveUpToHuman => at(LOOK_AGAIN),
            };
            (outcome.kind().operation_state(), again)
        }
    }
}

/// What the result means for the payment.
fn take_in(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut ApplicationRow,
    payment: &mut PaymentRow,
    operation: &OperationRow,
    earlier: EarlierAttempts,
    heard: &Heard,
) -> Result<Change, Failure> {
    let creates = creates(operation);
    match heard {
        Heard::Found(snapshot) => apply_snapshot(tx, core, case, payment, snapshot, Source::Query),
        Heard::Answer(Outcome::Done(Reply::Payment(snapshot))) => {
            apply_snapshot(tx, core, case, payment, snapshot, Source::Answer)
        }
        Heard::Answer(outcome) if creates => {
            let outcome = checkout_of(outcome);
            let follow = |whole: &Payment| after_create_checkout(whole, earlier, &outcome);
            apply(tx, core, case, payment, follow, Source::Answer)
        }
        Heard::GiveUp if creates => apply(tx, core, case, payment, given_up, Source::Query),
        Heard::AskAgain(_) if creates => {
            let transport =
                Transport { kind: TransportKind::Timeout, detail: String::new(), retry_after_s: None };
            let outcome = Outcome::Unknown(transport);
            let follow = |whole: &Payment| after_create_checkout(whole, earlier, &outcome);
            apply(tx, core, case, payment, follow, Source::Query)
        }
        Heard::Answer(outcome) if is_refused(outcome) => {
            // A payment that cannot be called off stands otherwise than we know: paid, or lapsed.
            let (tenant, subject, now) = (payment.tenant_id.as_str(), payment.id.to_string(), tx.now());
            jobs::enqueue_again(tx, tenant, POLL_PAYMENT, &subject, now)?;
            Ok(Change::Unchanged)
        }
        Heard::Answer(_) | Heard::GiveUp | Heard::AskAgain(_) | Heard::Strange(_) => Ok(Change::Unchanged),
    }
}

/// A checkout that was never opened: its payment failed, unless the gateway has said something of it.
fn given_up(whole: &Payment) -> Folded {
    let mut next = whole.clone();
    let unheard = next.raw_status.is_empty() && next.counters.captured == Yen::ZERO;
    if unheard && matches!(next.state, PaymentState::Submitting | PaymentState::Unknown) {
        next.state = PaymentState::Failed;
    }
    let change = if next == *whole { Change::Unchanged } else { Change::Changed };
    Folded { next, change, alerts: Vec::new() }
}

fn checkout_of(outcome: &Outcome<Reply>) -> Outcome<Checkout> {
    match outcome {
        Outcome::Done(Reply::Checkout(checkout)) => Outcome::Done(checkout.clone()),
        // An answer of another kind tells nothing about the checkout.
        Outcome::Done(_) => Outcome::Unknown(Transport {
            kind: TransportKind::Unreadable,
            detail: "an answer of another kind".to_owned(),
            retry_after_s: None,
        }),
        Outcome::Declined(decline) => Outcome::Declined(decline.clone()),
        Outcome::Rejected(problem) => Outcome::Rejected(problem.clone()),
        Outcome::NotSent(transport) => Outcome::NotSent(transport.clone()),
        Outcome::Unknown(transport) => Outcome::Unknown(transport.clone()),
    }
}

fn creates(operation: &OperationRow) -> bool {
    operation.kind == OperationKind::CreateCheckout.as_str()
}

fn refunds_money(operation: &OperationRow) -> bool {
    operation.kind == OperationKind::Refund.as_str()
}

/// The gateway refused: definite for the attempt it answers.
fn is_refused(outcome: &Outcome<Reply>) -> bool {
    matches!(outcome, Outcome::Declined(_) | Outcome::Rejected(_))
}

/// The payment has taken its money or cannot take any.
fn is_over(status: SnapshotStatus) -> bool {
    use SnapshotStatus as S;
    matches!(status, S::Captured | S::Failed | S::Canceled | S::Expired)
}

/// A second holder, or a second attempt, means that the first may have reached the gateway.
fn earlier_attempts(operation: &OperationRow) -> EarlierAttempts {
    if operation.lease_no > 1 || operation.attempt_no > 0 {
        EarlierAttempts::SomeUnknown
    } else {
        EarlierAttempts::NoneSent
    }
}

fn retry_facts(
    operation: &OperationRow,
    now: Timestamp,
    retry_after_s: Option<u32>,
    random: u64,
) -> RetryFacts {
    let attempt_no = u32::try_from(operation.attempt_no + 1).unwrap_or(u32::MAX);
    RetryFacts { key_age: now.duration_since(operation.key_born_at.0), attempt_no, retry_after_s, random }
}

fn is_finished(operation: &OperationRow) -> bool {
    !gateway_operations::is_open(&operation.state)
}

async fn operation(core: &Core, tenant: &TenantCode, id: OperationId) -> Result<OperationRow, Failure> {
    let tenant = tenant.clone();
    let found = core.db.read(move |tx| Ok::<_, Failure>(gateway_operations::find(tx, &tenant, id)?)).await?;
    found.ok_or_else(|| Failure::Internal(format!("no operation {id}")))
}

async fn load(core: &Arc<Core>, tenant: &TenantCode, id: OperationId) -> Result<Call, Failure> {
    let (keys, of) = (Arc::clone(&core.keys), tenant.clone());
    let (operation, payment, refund, refunded_before, bytes) = core
        .db
        .read(move |tx| {
            let operation = gateway_operations::find(tx, &of, id)?.ok_or(Refusal::NotFound)?;
            let payment = payments::find(tx, &of, operation.payment_id)?.ok_or(Refusal::NotFound)?;
            let case = applications::find(tx, &of, operation.application_id)?.ok_or(Refusal::NotFound)?;
            let key = keys.open_case_key(&of, &case.wrapped_key)?;
            let bytes = key.open(&gateway_operations::request_place(id), &operation.sealed_request)?;
            let refund = refunds::of_operation(tx, &of, id)?;
            let refunded_before = payment_shares::refunded(tx, &payment)?;
            Ok::<_, Failure>((operation, payment, refund, refunded_before, bytes))
        })
        .await?;
    let kind =
        OperationKind::parse(&operation.kind).ok_or_else(|| Failure::Internal(format!("kind of {id}")))?;
    let key = operation.idempotency_key.clone();
    let request = PreparedRequest::from_stored(kind, key, bytes, &operation.request_sha256);
    let request = request.map_err(|damaged| Failure::Internal(format!("operation {id}: {damaged}")))?;
    let account = core.gateways.find(tenant, &operation.gateway).cloned();
    let account =
        account.ok_or_else(|| Failure::Internal(format!("no gateway {} any more", operation.gateway)))?;
    Ok(Call { operation, payment, refund, refunded_before, request, account })
}
