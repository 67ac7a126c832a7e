//! Asking the gateway about open payments, because a notification may never come.

use std::sync::Arc;

use jiff::SignedDuration;

use super::payment_closing::{close_again, is_unreachable};
use super::payment_standing::{Source, apply, apply_snapshot, payment_ref};
use super::{Core, Failure, JobEnd, Refusal, payment_shares};
use crate::domain::el_qr::EL_QR;
use crate::domain::id::{PaymentId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::payment::{
    COUNTER_METHOD, Change, Folded, PayerPresence, Payment, PaymentSnapshot, PaymentState, PollFacts,
    late_check, next_poll,
};
use crate::domain::refund::SET_OFF;
use crate::gateway::Outcome;
use crate::store::payments::{self, PaymentRow};
use crate::store::{Reads, Tx, applications, jobs};

/// Kind of the job that asks about one payment.
pub const POLL_PAYMENT: &str = "poll_payment";

/// As long as this after opening, somebody is taken to sit in front of the screen.
const PRESENCE: SignedDuration = SignedDuration::from_mins(10);

/// How long after a question that nobody answered a payment at rest is asked about again, on the day it was to be asked.
const UNANSWERED: SignedDuration = SignedDuration::from_hours(1);

/// And on the days after that one.
const LONG_UNANSWERED: SignedDuration = SignedDuration::from_hours(24);

/// No gateway keeps a checkout open for longer that nobody has paid in.
const FORGETS_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// What a gateway says of a payment.
type Answer = Outcome<Option<PaymentSnapshot>>;

/// Asks for the next question about a payment, if there is anything to learn.
pub fn schedule(tx: &mut Tx<'_>, row: &PaymentRow) -> Result<(), Failure> {
    if let Some(at) = due(tx, row)? {
        jobs::enqueue_again(tx, row.tenant_id.as_str(), POLL_PAYMENT, &row.id.to_string(), at)?;
    }
    Ok(())
}

/// Whether a gateway can be asked about a payment: of what a person entered or set off nobody else knows, and the organisation of
/// eL-QR reports what came and is not asked.
fn can_be_asked(row: &PaymentRow) -> bool {
    ![COUNTER_METHOD, EL_QR, SET_OFF].contains(&row.method.as_str())
}

fn due(tx: &mut impl Reads, row: &PaymentRow) -> Result<Option<jiff::Timestamp>, Failure> {
    if !can_be_asked(row) {
        return Ok(None);
    }
    let now = tx.now();
    let payment = row.payment()?;
    let presence = if now.duration_since(row.created_at.0) < PRESENCE {
        PayerPresence::Present
    } else {
        PayerPresence::Away
    };
    let poll_count = u32::try_from(row.poll_count).unwrap_or(u32::MAX);
    Ok(next_poll(
        PollFacts { state: payment.state, poll_count, presence, expires_at: payment.expires_at },
        now,
    ))
}

/// When a payment at rest is to be asked about, if that is not now, or not answered now.
///
/// The question that its former state had planned comes sooner, and a gateway that says nothing has not been asked: neither
/// counts as one of the few checks.
fn open_check(
    tx: &mut impl Reads,
    row: &PaymentRow,
    answer: &Answer,
) -> Result<Option<jiff::Timestamp>, Failure> {
    let wait = late_check(row.payment()?.state, u32::try_from(row.poll_count).unwrap_or(u32::MAX));
    let Some(wait) = wait else { return Ok(None) };
    let planned = row.updated_at.0.checked_add(wait).unwrap_or(row.updated_at.0);
    let again = if let Outcome::Done(_) = answer {
        planned
    } else {
        // News may have made us ask: they are not lost because nobody answered.
        let is_long = tx.now().duration_since(planned) >= LONG_UNANSWERED;
        let pause = if is_long { LONG_UNANSWERED } else { UNANSWERED };
        tx.now().checked_add(pause).unwrap_or(planned)
    };
    Ok((again > tx.now()).then_some(again))
}

/// Whether the gateway knows nothing any more of a checkout that nobody can reach. Sooner its silence may be that of a list
/// that lags.
fn is_forgotten(tx: &mut impl Reads, row: &PaymentRow, answer: &Answer) -> Result<bool, Failure> {
    let is_old = tx.now().duration_since(row.created_at.0) >= FORGETS_AFTER;
    Ok(is_old && matches!(answer, Outcome::Done(None)) && is_unreachable(tx, row)?)
}

/// A checkout in which no money can come any more.
fn lapsed(whole: &Payment) -> Folded {
    let mut next = whole.clone();
    if next.state == PaymentState::RequiresAction && next.counters.captured == Yen::ZERO {
        next.state = PaymentState::Expired;
    }
    let change = if next == *whole { Change::Unchanged } else { Change::Changed };
    Folded { next, change, alerts: Vec::new() }
}

/// Asks once, applies the answer, and says when to ask again.
pub async fn run(core: &Arc<Core>, tenant: TenantCode, id: PaymentId) -> Result<JobEnd, Failure> {
    let of = tenant.clone();
    let row = core.db.read(move |tx| Ok::<_, Failure>(payments::find(tx, &of, id)?)).await?;
    let row = row.ok_or_else(|| Failure::Internal(format!("no payment {id} to ask about")))?;
    if !can_be_asked(&row) {
        return Ok(JobEnd::Done);
    }
    let account = core.gateways.find(&tenant, &row.gateway);
    let account = account.ok_or_else(|| Failure::Internal(format!("no gateway {} any more", row.gateway)))?;
    let query = payment_ref(&row);
    let answer = account.ask(&query, core.clock.now()).await;
    let (application, inner) = (row.application_id, Arc::clone(core));
    let known = row.clone();
    payment_shares::write(core, &known, move |tx| {
        let case = applications::find(tx, &tenant, application)?;
        let (Some(mut case), Some(mut row)) = (case, payments::find(tx, &tenant, id)?) else {
            return Err(Refusal::NotFound.into());
        };
        let open_check = open_check(tx, &row, &answer)?;
        row.poll_count += 1;
        let changed = match &answer {
            Outcome::Done(Some(snapshot)) => {
                apply_snapshot(tx, &inner, &mut case, &mut row, snapshot, Source::Query)?
            }
            _ => Change::Unchanged,
        };
        if is_forgotten(tx, &row, &answer)? {
            apply(tx, &inner, &mut case, &mut row, lapsed, Source::Query)?;
        } else if changed == Change::Unchanged {
            close_again(tx, &inner, &mut case, &row)?;
            if let Some(at) = open_check {
                return Ok(JobEnd::Again(at));
            }
            payments::update(tx, &mut row)?;
        }
        Ok(due(tx, &row)?.map_or(JobEnd::Done, JobEnd::Again))
    })
    .await
}
