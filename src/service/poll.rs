//! Asking the gateway about open payments, because a notification may never come.

use std::sync::Arc;

use jiff::SignedDuration;

use super::payment_closing::close_again;
use super::payment_standing::{Source, apply_snapshot, payment_ref};
use super::{Core, Failure, JobEnd, Refusal, payment_shares};
use crate::domain::id::{PaymentId, TenantCode};
use crate::domain::payment::{Change, LATE_PAYMENT_CHECK, PayerPresence, PollFacts, next_poll};
use crate::gateway::Outcome;
use crate::store::payments::{self, PaymentRow};
use crate::store::{Reads, Tx, applications, jobs};

/// Kind of the job that asks about one payment.
pub const POLL_PAYMENT: &str = "poll_payment";

/// As long as this after opening, somebody is taken to sit in front of the screen.
const PRESENCE: SignedDuration = SignedDuration::from_mins(10);

/// Asks for the next question about a payment, if there is anything to learn.
pub fn schedule(tx: &mut Tx<'_>, row: &PaymentRow) -> Result<(), Failure> {
    if let Some(at) = due(tx, row)? {
        jobs::enqueue_again(tx, row.tenant_id.as_str(), POLL_PAYMENT, &row.id.to_string(), at)?;
    }
    Ok(())
}

fn due(tx: &mut impl Reads, row: &PaymentRow) -> Result<Option<jiff::Timestamp>, Failure> {
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

/// When a payment that ended without money less than a day ago is to be asked about.
///
/// The question that its former state had planned comes sooner and would otherwise count as that check.
fn late_check(tx: &mut impl Reads, row: &PaymentRow) -> Result<Option<jiff::Timestamp>, Failure> {
    let closed = row.payment()?.state.is_closed_without_money() && row.poll_count == 0;
    let at = row.updated_at.0.checked_add(LATE_PAYMENT_CHECK).unwrap_or(row.updated_at.0);
    Ok((closed && at > tx.now()).then_some(at))
}

/// Asks once, applies the answer, and says when to ask again.
pub async fn run(core: &Arc<Core>, tenant: TenantCode, id: PaymentId) -> Result<JobEnd, Failure> {
    let of = tenant.clone();
    let row = core.db.read(move |tx| Ok::<_, Failure>(payments::find(tx, &of, id)?)).await?;
    let row = row.ok_or_else(|| Failure::Internal(format!("no payment {id} to ask about")))?;
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
        let late_check = late_check(tx, &row)?;
        row.poll_count += 1;
        let changed = match &answer {
            Outcome::Done(Some(snapshot)) => {
                apply_snapshot(tx, &inner, &mut case, &mut row, snapshot, Source::Query)?
            }
            _ => Change::Unchanged,
        };
        if changed == Change::Unchanged {
            close_again(tx, &inner, &mut case, &row)?;
            // Asked on another occasion than the one check that a closed payment gets: that one still stands.
            if let Some(at) = late_check {
                return Ok(JobEnd::Again(at));
            }
            payments::update(tx, &mut row)?;
        }
        Ok(due(tx, &row)?.map_or(JobEnd::Done, JobEnd::Again))
    })
    .await
}
