//! Attempts that stay where none should stay: money that is held and not taken, and what can still be paid although the last day of its
//! claim is over. No gateway tells of either, so people are told of each (要確認の支払), once.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::payment_standing::raise;
use super::{Core, Failure, JobEnd, payment_ceiling, payment_method};
use crate::domain::calendar::jst_day;
use crate::domain::id::{InvoiceId, PaymentId, TenantCode};
use crate::domain::invoice::InvoiceState;
use crate::domain::payment::{Alert, PaymentState};
use crate::store::payments::{self, PaymentRow};
use crate::store::{Reads, Root, StoreError, Tx, applications, invoices};

/// Kind of the periodic job that looks at every body.
pub const WATCH_PAYMENTS: &str = "watch_payments";

/// Attempts read in one go.
const AT_ONCE: i64 = 500;

/// The states in which an attempt may stay for too long.
const WATCHED: [PaymentState; 3] =
    [PaymentState::RequiresAction, PaymentState::AwaitingPayment, PaymentState::Authorized];

/// Looks at every body; the failure of one does not hold up the others.
pub async fn run_all(core: &Arc<Core>) -> Result<JobEnd, Failure> {
    let mut end = Ok(JobEnd::Done);
    for tenant in core.catalogue.current().tenants() {
        if let Err(failure) = run(core, &tenant.definition.code).await {
            end = Err(failure);
        }
    }
    end
}

/// Looks at the attempts of one body; of each that is found, the case is written by itself.
pub async fn run(core: &Arc<Core>, tenant: &TenantCode) -> Result<(), Failure> {
    let (mut after, mut end) = (None, Ok(()));
    loop {
        let (of, inner) = (tenant.clone(), Arc::clone(core));
        let page = core.db.read(move |tx| page(tx, &inner, &of, after)).await?;
        for row in page.found {
            let (inner, root) = (Arc::clone(core), Root::Application(row.application_id));
            let told = core.db.write(root, move |tx| tell(tx, &inner, &row.tenant_id, row.id)).await;
            end = told.and(end);
        }
        after = page.last;
        if after.is_none() {
            return end;
        }
    }
}

/// Some attempts.
struct Page {
    /// Those of which people are to be told.
    found: Vec<PaymentRow>,
    /// The invoice after which the next page begins; none at the end.
    last: Option<InvoiceId>,
}

fn page(
    tx: &mut impl Reads,
    core: &Core,
    tenant: &TenantCode,
    after: Option<InvoiceId>,
) -> Result<Page, Failure> {
    let settings = &core.settings.payments;
    let youngest = days_ago(tx.now(), settings.held_alert_days.min(settings.open_late_alert_days));
    let rows = payments::live_since(tx, tenant, (&WATCHED, youngest), after, AT_ONCE)?;
    let mut page = Page { found: Vec::new(), last: rows.last().map(|row| row.invoice_id) };
    for row in rows {
        if judge(tx, core, &row)?.is_some() {
            page.found.push(row);
        }
    }
    Ok(page)
}

fn days_ago(now: Timestamp, days: i32) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(now)
}

/// What people must look at about an attempt as it stands now, if anything.
fn judge(tx: &mut impl Reads, core: &Core, row: &PaymentRow) -> Result<Option<Alert>, Failure> {
    match row.payment()?.state {
        // Of several invoices paid in one act the first share stands for all.
        PaymentState::Authorized if row.share_of.is_none_or(|lead| lead == row.id) => {
            let is_old = row.created_at.0 <= days_ago(tx.now(), core.settings.payments.held_alert_days);
            Ok(is_old.then_some(Alert::HeldLong))
        }
        PaymentState::RequiresAction | PaymentState::AwaitingPayment => past_last_day(tx, core, row),
        _ => Ok(None),
    }
}

/// Whether an attempt was to be closed because the last day of its claim, or the designation of its agent, is over, and is open for so
/// many days since.
fn past_last_day(tx: &mut impl Reads, core: &Core, row: &PaymentRow) -> Result<Option<Alert>, Failure> {
    let invoice = invoices::find(tx, &row.tenant_id, row.invoice_id)?;
    let invoice =
        invoice.ok_or_else(|| StoreError::Inconsistent(format!("no invoice of payment {}", row.id)))?;
    // What is open beside money that covers the debt is another matter.
    let is_owed = matches!(invoice.invoice_state()?, InvoiceState::Unpaid | InvoiceState::Pending);
    if !is_owed || payment_method::still_takes(tx, core, &invoice, row)? {
        return Ok(None);
    }
    let today = jst_day(tx.now());
    let last = payment_ceiling::last_day(tx, &core.catalogue.current(), &invoice, today)?;
    let since = last.filter(|last| *last < today).unwrap_or_else(|| jst_day(row.created_at.0));
    let days = (today - since).get_days();
    Ok((days >= core.settings.payments.open_late_alert_days).then_some(Alert::OpenPastLastDay { since }))
}

/// Tells people of an attempt that stands as it was found, once however often it is looked at. The caller holds the root of its case.
fn tell(tx: &mut Tx<'_>, core: &Core, tenant: &TenantCode, id: PaymentId) -> Result<(), Failure> {
    let Some(row) = payments::find(tx, tenant, id)? else { return Ok(()) };
    let Some(alert) = judge(tx, core, &row)? else { return Ok(()) };
    let case = applications::find(tx, tenant, row.application_id)?;
    let mut case = case.ok_or_else(|| StoreError::Inconsistent(format!("no case of payment {id}")))?;
    let before = case.event_count;
    raise(tx, &mut case, &row, &alert)?;
    if case.event_count != before {
        applications::update(tx, &mut case)?;
    }
    Ok(())
}
