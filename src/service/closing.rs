//! The end of a decided case (完結, R-195): once its notices are retrieved or posted and nothing of it is open.
//!
//! An electronic notice that nobody retrieves keeps the case open until staff send it by letter: no arrival is made up for it.
//! The day of the decision is always left to it; after that a case is looked at once a day until it can be closed.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::cases::system_actor;
use super::{Core, Failure, JobEnd, contract};
use crate::domain::application::{CaseState, Command};
use crate::domain::calendar::{jst_day, jst_midnight};
use crate::domain::id::{ApplicationId, TenantCode};
use crate::domain::invoice::InvoiceState;
use crate::domain::notice::About;
use crate::domain::refund::RefundState;
use crate::service::approval::NOTIFY_DECISION;
use crate::store::applications::{self, ApplicationRow};
use crate::store::events::{self, NewEvent};
use crate::store::{Reads, Root, Tx, decisions, invoices, jobs, notices, payments, refunds, waivers};

/// The job that closes a decided case; its subject is the application's id.
pub const CLOSE_CASE: &str = "close_case";

/// The first instant of the day after `at` in Japan.
fn next_day(at: Timestamp) -> Timestamp {
    let day = jst_day(at).tomorrow().ok().and_then(jst_midnight);
    day.unwrap_or_else(|| at.checked_add(SignedDuration::from_hours(24)).unwrap_or(at))
}

/// Asks for the case to be closed, once it can be.
pub fn enqueue(tx: &mut Tx<'_>, case: &ApplicationRow, decided_at: Timestamp) -> Result<(), Failure> {
    jobs::enqueue(tx, case.tenant_id.as_str(), CLOSE_CASE, &case.id.to_string(), next_day(decided_at))?;
    Ok(())
}

/// Closes a decided case, or looks again tomorrow. One that has ended otherwise is left alone.
pub async fn close(core: &Arc<Core>, tenant: TenantCode, id: ApplicationId) -> Result<JobEnd, Failure> {
    let db = core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let Some(mut row) = applications::find(tx, &tenant, id)? else { return Ok(JobEnd::Done) };
        let state = row.case_state()?;
        if !matches!(state, CaseState::Decided(_)) {
            return Ok(JobEnd::Done);
        }
        let Some(decision) = decisions::of_case(tx, &tenant, id)? else { return Ok(JobEnd::Done) };
        let (now, earliest) = (tx.now(), next_day(decision.decided_at.0));
        if now < earliest {
            return Ok(JobEnd::Again(earliest));
        }
        if !nothing_open(tx, &row)? {
            return Ok(JobEnd::Again(next_day(now)));
        }
        let next = state.apply(row.case_kind()?, Command::Close)?;
        row.set_state(&next);
        let facts = json!({ "decision_id": decision.id });
        let actor = system_actor("closing");
        events::append(tx, &mut row, NewEvent { kind: "closed", actor, facts, sealed_detail: None })?;
        applications::update(tx, &mut row)?;
        Ok::<_, Failure>(JobEnd::Done)
    })
    .await
}

/// Every notice of the decision is out and its mail sent, nothing is owed, no payment runs, no money has still to go back, nobody waits for
/// the answer to a request for a waiver, which could not be given after the end, and no contract waits for its signatures.
fn nothing_open(tx: &mut impl Reads, row: &ApplicationRow) -> Result<bool, Failure> {
    let tenant = &row.tenant_id;
    if !jobs::is_done(tx, tenant.as_str(), NOTIFY_DECISION, &row.id.to_string())? {
        return Ok(false);
    }
    for notice in notices::of_case(tx, tenant, row.id)? {
        let of_decision = matches!(notice.gives_notice_of()?, About::Decision | About::Correction);
        if of_decision && !notice.notice_state()?.is_out() {
            return Ok(false);
        }
    }
    if contract::is_offered(tx, tenant, row.id)? {
        return Ok(false);
    }
    for waiver in waivers::of_case(tx, tenant, row.id)? {
        if waiver.waiver_state()?.is_open() {
            return Ok(false);
        }
    }
    for invoice in invoices::all_of_case(tx, tenant, row.id)? {
        let state = invoice.invoice_state()?;
        if matches!(state, InvoiceState::Unpaid | InvoiceState::Pending | InvoiceState::Overpaid) {
            return Ok(false);
        }
        for payment in payments::of_invoice(tx, tenant, invoice.id)? {
            if payment.payment()?.state.is_live() {
                return Ok(false);
            }
        }
        for refund in refunds::of_invoice(tx, tenant, invoice.id)? {
            let interest = refund.interest_to_pay()?;
            if is_open(refund.refund()?.state) || interest.is_some_and(|(_, state)| state.is_open()) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Whether money of a refund in this state has still to go back.
pub(super) fn is_open(state: RefundState) -> bool {
    match state {
        RefundState::Requested
        | RefundState::Submitting
        | RefundState::Pending
        | RefundState::Unknown
        | RefundState::PayoutDue
        | RefundState::PayoutSent => true,
        RefundState::Rejected
        | RefundState::Withdrawn
        | RefundState::Succeeded
        | RefundState::Failed
        | RefundState::PaidOut => false,
    }
}
