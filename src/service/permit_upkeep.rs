//! What the days bring to a permit: reminders to renew it, and the end of its term.
//!
//! Its jobs are asked for in the transaction of the grant, one a reminder day and one for the end, each unique by its
//! subject: nothing is looked for day by day, and nothing happens twice.

use std::sync::Arc;

use jiff::Span;
use jiff::civil::Date;

use super::{Core, Failure, JobEnd, permit};
use crate::domain::calendar::{jst_day, jst_midnight};
use crate::domain::id::{PermitId, TenantCode};
use crate::domain::permit::{PermitEvent, PermitHappening, PermitState};
use crate::store::permits::{self, PermitRow};
use crate::store::{Reads, Root, Tx, jobs};

/// The job that reminds the holder; its subject is the permit's id and the days before expiry.
pub const REMIND_RENEWAL: &str = "remind_renewal";
/// The job that ends a permit whose term is over; its subject is the permit's id.
pub const EXPIRE_PERMIT: &str = "expire_permit";

/// Asks for what the days of a permit bring; one without a last day brings nothing.
pub fn enqueue(tx: &mut Tx<'_>, row: &PermitRow, remind_days_before: &[u16]) -> Result<(), Failure> {
    let Some(last) = row.valid_to.map(|day| day.0) else { return Ok(()) };
    let tenant = row.tenant_id.as_str();
    let now = tx.now();
    for days in remind_days_before {
        let Some(at) = reminder_day(last, *days).and_then(jst_midnight) else { continue };
        jobs::enqueue(tx, tenant, REMIND_RENEWAL, &format!("{}:{days}", row.id), at.max(now))?;
    }
    if let Some(at) = last.tomorrow().ok().and_then(jst_midnight) {
        jobs::enqueue(tx, tenant, EXPIRE_PERMIT, &row.id.to_string(), at.max(now))?;
    }
    Ok(())
}

fn reminder_day(last: Date, days_before: u16) -> Option<Date> {
    last.checked_sub(Span::new().days(days_before)).ok()
}

/// What a reminder job has to do now.
#[derive(Clone, Debug)]
pub enum Reminder {
    /// Tell the holder.
    Due(Box<PermitRow>),
    /// Come back then.
    Early(jiff::Timestamp),
    /// Nothing: it is renewed, ended, or a later reminder says it.
    Moot,
}

/// Whether the holder is to be reminded now.
pub async fn reminder(
    core: &Arc<Core>,
    tenant: TenantCode,
    id: PermitId,
    days_before: u16,
) -> Result<Reminder, Failure> {
    let catalogue = core.catalogue.current();
    let read = core.db.read(move |tx| {
        let Some(row) = permits::find(tx, &tenant, id)? else { return Ok(Reminder::Moot) };
        let Some(last) = row.valid_to.map(|day| day.0) else { return Ok(Reminder::Moot) };
        let today = jst_day(tx.now());
        let Some(due) = reminder_day(last, days_before) else { return Ok(Reminder::Moot) };
        if today < due {
            return Ok(jst_midnight(due).map_or(Reminder::Moot, Reminder::Early));
        }
        let view = permit::view(tx, &catalogue, row, today)?;
        let later = view
            .offer
            .iter()
            .flat_map(|offer| &offer.remind_days_before)
            .any(|days| *days < days_before && reminder_day(last, *days).is_some_and(|day| day <= today));
        // A draft that lies about is no renewal yet, and one that was taken back or refused is none any more.
        let pending = view.has_undecided_renewal();
        let runs = matches!(view.state, PermitState::Upcoming | PermitState::Valid | PermitState::Suspended);
        if later || pending || !runs || view.is_followed() {
            return Ok(Reminder::Moot);
        }
        Ok::<_, Failure>(Reminder::Due(Box::new(view.row)))
    });
    read.await
}

/// Ends a permit whose term is over; while a renewal holds it open, looks again the next day.
pub async fn expire(core: &Arc<Core>, tenant: TenantCode, id: PermitId) -> Result<JobEnd, Failure> {
    let (db, catalogue, body) = (core.db.clone(), core.catalogue.current(), tenant.clone());
    let found = db.read(move |tx| permits::find(tx, &body, id).map_err(Failure::from)).await?;
    let Some(row) = found else { return Ok(JobEnd::Done) };
    let Some(last) = row.valid_to.map(|day| day.0) else { return Ok(JobEnd::Done) };
    db.write(Root::Application(row.application_id), move |tx| {
        let today = jst_day(tx.now());
        let view = permit::view(tx, &catalogue, row.clone(), today)?;
        if permit::has_ended(&view.events)? {
            return Ok(JobEnd::Done);
        }
        let again = |day: Date| {
            let at = day.tomorrow().ok().and_then(jst_midnight);
            at.map(JobEnd::Again).ok_or_else(|| Failure::Internal("the end of the calendar".to_owned()))
        };
        if today <= last {
            return again(last);
        }
        // Past its last day a permit stands only while a renewal holds it open; a suspended one stands suspended.
        if matches!(view.state, PermitState::Continued | PermitState::Suspended) {
            return again(today);
        }
        // A renewal that was filed in time and came to nothing held the term open until now.
        let held =
            view.all_renewals().any(|renewal| renewal.arrived_at.is_some_and(|at| jst_day(at.0) <= last));
        let first_day = last.tomorrow().unwrap_or(last);
        let effective_on = if held { today } else { first_day };
        let event = PermitEvent { happening: PermitHappening::Expired, effective_on, cause: None };
        permits::append(tx, &row, event)?;
        Ok::<_, Failure>(JobEnd::Done)
    })
    .await
}
