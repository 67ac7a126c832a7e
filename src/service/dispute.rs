//! Contested payments (異議申立て): what a gateway tells of them is kept beside the payment, shown to the accountants, and
//! reminded of before the gateway's deadline.
//!
//! Nothing here touches the invoice or the ledger: a designated agent guarantees its remittance (LAA 231の4), so a chargeback
//! is its loss. Of money that nobody guarantees a lost dispute is an exception, whose resolution by two people makes the debt owed
//! again ([`super::pulled_back`]). What was lost is counted on the payment, once, and bars refunds of the same money.

use std::sync::Arc;

use serde_json::json;

use super::accounting::accountant;
use super::cases::system_actor;
use super::exceptions::{self, Subject};
use super::payment_shares::Shares;
use super::payment_standing::raise;
use super::poll::POLL_PAYMENT;
use super::{Core, Ctx, Failure, JobEnd, Refusal, refund_money};
use crate::domain::audit::EventActor;
use crate::domain::dispute::{Dispute, DisputeSnapshot, DisputeState, is_own_loss, reminder_due};
use crate::domain::id::{DisputeId, TenantCode};
use crate::domain::invoice::Settles;
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::payment::{Alert, divide};
use crate::domain::settlement::ExceptionKind;
use crate::store::applications::{self, ApplicationRow};
use crate::store::disputes::{self, DisputeRow};
use crate::store::events::{self, NewEvent};
use crate::store::payments::PaymentRow;
use crate::store::sql::Micros;
use crate::store::{Reads, Root, StoreError, Tx, invoices, jobs};

/// Kind of the daily job that looks after open disputes.
pub const REMIND_OF_DISPUTES: &str = "remind_of_disputes";

/// Disputes read in one go.
const PAGE: i64 = 50;

/// Takes the disputes of a snapshot in and gives what the lost ones pulled back of the payment, by all that is known.
///
/// A dispute about several invoices that were paid in one act is divided over its shares in their order.
pub(super) fn take_in(
    tx: &mut Tx<'_>,
    shares: &mut Shares<'_>,
    heard: &[DisputeSnapshot],
) -> Result<Yen, Failure> {
    let mut known = Vec::new();
    for row in shares.rows() {
        known.push(disputes::of_payment(tx, &row.tenant_id, row.id)?);
    }
    // What ended without loss is taken in first: it no longer takes up what another dispute is about.
    let won = |snapshot: &&DisputeSnapshot| snapshot.state == Some(DisputeState::Won);
    for snapshot in heard.iter().filter(won).chain(heard.iter().filter(|snapshot| !won(snapshot))) {
        if snapshot.state.is_none()
            && let Some((case, row)) = shares.at(0)
        {
            let raw_status = format!("dispute:{}", snapshot.raw_status);
            raise(tx, case, row, &Alert::UnrecognisedStatus { raw_status })?;
            applications::update(tx, case)?;
        }
        let parts = parts(shares.rows(), &known, snapshot)?;
        for ((index, part), its) in parts.into_iter().enumerate().zip(&mut known) {
            let Some((case, row)) = shares.at(index) else { continue };
            let part = DisputeSnapshot { amount: part, ..snapshot.clone() };
            take_part(tx, (case, row), its, &part)?;
        }
    }
    let sums = known.iter().map(|its| pulled_back(its)).collect::<Result<Vec<Yen>, Failure>>()?;
    Yen::sum(sums).map_err(|error| Failure::Internal(error.to_string()))
}

/// What of a dispute is about each share: as much of it as no other dispute is about. One that was won is about nothing any
/// more: it leaves room for the next, and its own parts stay as they were.
fn parts(
    shares: &[PaymentRow],
    known: &[Vec<DisputeRow>],
    snapshot: &DisputeSnapshot,
) -> Result<Vec<Yen>, Failure> {
    let is_won = |one: &DisputeRow| one.state == DisputeState::Won.as_str();
    let own = |its: &Vec<DisputeRow>| {
        its.iter().find(|one| one.gateway_dispute_id == snapshot.gateway_dispute_id).cloned()
    };
    let own: Vec<Option<DisputeRow>> = known.iter().map(own).collect();
    if own.iter().flatten().any(is_won) {
        return Ok(own.iter().map(|part| part.as_ref().map_or(Yen::ZERO, |part| part.amount)).collect());
    }
    let free = |(row, its): (&PaymentRow, &Vec<DisputeRow>)| {
        let others = its.iter().filter(|one| one.gateway_dispute_id != snapshot.gateway_dispute_id);
        let others = others.filter(|one| !is_won(one));
        let others = Yen::sum(others.map(|one| one.amount))?;
        Ok(row.amount.minus(others).unwrap_or(Yen::ZERO))
    };
    let free: Result<Vec<Yen>, YenOutOfRange> = shares.iter().zip(known).map(free).collect();
    let divided = free.and_then(|free| divide(snapshot.amount, &free));
    divided.map_err(|error| Failure::Internal(error.to_string()))
}

/// Takes a share's part of a dispute in; a share that it is not about gets no dispute.
fn take_part(
    tx: &mut Tx<'_>,
    (case, row): (&mut ApplicationRow, &PaymentRow),
    its: &mut Vec<DisputeRow>,
    part: &DisputeSnapshot,
) -> Result<(), Failure> {
    let events_before = case.event_count;
    let found = its.iter_mut().find(|one| one.gateway_dispute_id == part.gateway_dispute_id);
    match found {
        Some(stored) => move_on(tx, case, row, stored, part)?,
        None if row.share_of.is_none() || part.amount > Yen::ZERO => its.push(open(tx, case, row, part)?),
        None => {}
    }
    if case.event_count != events_before {
        applications::update(tx, case)?;
    }
    Ok(())
}

/// What the lost disputes of a payment pulled back of it.
pub fn lost_of(tx: &mut impl Reads, row: &PaymentRow) -> Result<Yen, Failure> {
    pulled_back(&disputes::of_payment(tx, &row.tenant_id, row.id)?)
}

fn pulled_back(rows: &[DisputeRow]) -> Result<Yen, Failure> {
    let disputes: Vec<Dispute> = rows.iter().map(DisputeRow::dispute).collect::<Result<_, StoreError>>()?;
    let sum = Yen::sum(disputes.iter().map(Dispute::pulled_back));
    sum.map_err(|error| Failure::Internal(error.to_string()))
}

fn open(
    tx: &mut Tx<'_>,
    case: &mut ApplicationRow,
    payment: &PaymentRow,
    snapshot: &DisputeSnapshot,
) -> Result<DisputeRow, Failure> {
    let now = tx.now();
    let mut row = DisputeRow {
        tenant_id: payment.tenant_id.clone(),
        id: DisputeId(tx.new_id()),
        application_id: payment.application_id,
        invoice_id: payment.invoice_id,
        payment_id: payment.id,
        gateway: payment.gateway.clone(),
        gateway_dispute_id: snapshot.gateway_dispute_id.clone(),
        amount: snapshot.amount,
        reason_code: None,
        state: String::new(),
        respond_by: None,
        reminded_days_before: None,
        version: 1,
        created_at: Micros(now),
        updated_at: Micros(now),
    };
    row.take_over(&Dispute::opened(snapshot));
    disputes::insert(tx, &row)?;
    record(tx, case, &row, None)?;
    tell_of_loss(tx, payment, &row)?;
    Ok(row)
}

fn move_on(
    tx: &mut Tx<'_>,
    case: &mut ApplicationRow,
    payment: &PaymentRow,
    row: &mut DisputeRow,
    snapshot: &DisputeSnapshot,
) -> Result<(), Failure> {
    let before = row.dispute()?;
    let next = before.fold(snapshot);
    if next == before {
        return Ok(());
    }
    tracing::info!(payment = %payment.id, dispute = %row.id, "a dispute moved");
    row.take_over(&next);
    disputes::update(tx, row)?;
    record(tx, case, row, Some(before.state))?;
    if before.state == next.state { Ok(()) } else { tell_of_loss(tx, payment, row) }
}

/// Raises what was lost of money that nobody guarantees, because the body had received it or because no debt was paid with it: the
/// books say that it is there, and it is gone.
fn tell_of_loss(tx: &mut Tx<'_>, payment: &PaymentRow, row: &DisputeRow) -> Result<(), Failure> {
    let role = payment.payment()?.legal_role;
    if row.dispute()?.state != DisputeState::Lost || !(is_own_loss(role) || is_too_much(tx, payment)?) {
        return Ok(());
    }
    let facts = json!({ "gateway": payment.gateway, "dispute": row.id.to_string(), "legal_role": role.as_str(),
        "invoice": payment.invoice_id.to_string(), "amount": row.amount.amount(), "captured": payment.captured.amount() });
    let subject = Subject::Payment(payment.id);
    exceptions::raise(tx, &payment.tenant_id, ExceptionKind::LostDispute, &subject, facts)?;
    Ok(())
}

/// Raises what was lost of money that was booked only now.
pub(super) fn tell_of_losses(tx: &mut Tx<'_>, shares: &[PaymentRow]) -> Result<(), Failure> {
    for payment in shares {
        for row in disputes::of_payment(tx, &payment.tenant_id, payment.id)? {
            tell_of_loss(tx, payment, &row)?;
        }
    }
    Ok(())
}

/// Whether the money of a payment settled nothing.
fn is_too_much(tx: &mut impl Reads, payment: &PaymentRow) -> Result<bool, Failure> {
    if payment.captured == Yen::ZERO {
        return Ok(false);
    }
    let entries = invoices::entries_of_case(tx, &payment.tenant_id, payment.application_id)?;
    Ok(refund_money::settles(payment, &entries) == Settles::Nothing)
}

/// Tells the record of the case, and the operator, where a dispute stands.
fn record(
    tx: &mut Tx<'_>,
    case: &mut ApplicationRow,
    row: &DisputeRow,
    from: Option<DisputeState>,
) -> Result<(), Failure> {
    let facts = json!({ "dispute": row.id.to_string(), "payment": row.payment_id.to_string(),
        "from": from.map(DisputeState::as_str), "to": row.state, "amount": row.amount.amount(),
        "reason_code": row.reason_code, "respond_by": row.respond_by.map(|at| at.0.to_string()) });
    metrics::counter!("madoguchi_disputes_total", "gateway" => row.gateway.clone(), "state" => row.state.clone())
        .increment(1);
    let actor = EventActor { kind: "gateway", id: row.gateway.clone() };
    let event = NewEvent { kind: "dispute_moved", actor, facts, sealed_detail: None };
    Ok(events::append(tx, case, event)?)
}

/// A part of the disputes of a body.
#[derive(Clone, Debug)]
pub struct DisputePage {
    /// Oldest first.
    pub items: Vec<DisputeRow>,
    /// Where the list goes on; none at its end.
    pub next: Option<DisputeId>,
}

/// The disputes of a body, for its accountants; in every state unless one is named.
pub async fn list(
    ctx: Ctx,
    tenant: TenantCode,
    state: Option<DisputeState>,
    after: Option<DisputeId>,
) -> Result<DisputePage, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        accountant(tx, &ctx, &tenant)?;
        let states = state.map_or_else(|| DisputeState::ALL.to_vec(), |state| vec![state]);
        let mut items = disputes::in_states(tx, &tenant, &states, after, PAGE + 1)?;
        let more = items.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
        if more {
            items.pop();
        }
        let next = items.last().filter(|_| more).map(|row| row.id);
        Ok(DisputePage { items, next })
    })
    .await
}

/// Looks after every open dispute of a body: asks the gateway where it stands, since a notification may have been lost, and
/// reminds before the deadline, once for each of the days that the settings name.
pub async fn look_after(core: &Arc<Core>, tenant: &TenantCode) -> Result<JobEnd, Failure> {
    let (mut after, mut first_failure) = (None, None);
    loop {
        let of = tenant.clone();
        let open = [DisputeState::NeedsResponse, DisputeState::UnderReview];
        let page: Vec<DisputeRow> = core
            .db
            .read(move |tx| Ok::<_, Failure>(disputes::in_states(tx, &of, &open, after, PAGE)?))
            .await?;
        let Some(last) = page.last() else { return first_failure.map_or(Ok(JobEnd::Done), Err) };
        after = Some(last.id);
        for row in page {
            let inner = Arc::clone(core);
            let root = Root::Application(row.application_id);
            // One that fails does not hold up the others, whose deadlines run.
            let reminded = core.db.write(root, move |tx| remind(tx, &inner, &row)).await;
            first_failure = first_failure.or(reminded.err());
        }
    }
}

fn remind(tx: &mut Tx<'_>, core: &Core, seen: &DisputeRow) -> Result<(), Failure> {
    let now = tx.now();
    let mut row = disputes::find(tx, &seen.tenant_id, seen.id)?.ok_or(Refusal::NotFound)?;
    let dispute = row.dispute()?;
    if !dispute.state.is_open() {
        return Ok(());
    }
    let payment = row.payment_id.to_string();
    jobs::enqueue_again(tx, row.tenant_id.as_str(), POLL_PAYMENT, &payment, now)?;
    let due = reminder_due(&dispute, &core.settings.payments.dispute_reminder_days, now);
    // Each reminder is nearer to the deadline than the one before, so one that was given is not given again.
    let Some(days_before) = due.filter(|days| row.reminded_days_before.is_none_or(|given| *days < given))
    else {
        return Ok(());
    };
    let mut case = applications::find(tx, &row.tenant_id, row.application_id)?.ok_or(Refusal::NotFound)?;
    row.reminded_days_before = Some(days_before);
    disputes::update(tx, &mut row)?;
    tracing::warn!(dispute = %row.id, days_before, "a dispute waits for its answer");
    metrics::counter!("madoguchi_dispute_reminders_total", "gateway" => row.gateway.clone()).increment(1);
    let facts = json!({ "dispute": row.id.to_string(), "payment": payment, "days_before": days_before,
        "respond_by": row.respond_by.map(|at| at.0.to_string()) });
    let actor = system_actor("disputes");
    events::append(tx, &mut case, NewEvent { kind: "dispute_reminder", actor, facts, sealed_detail: None })?;
    Ok(applications::update(tx, &mut case)?)
}
