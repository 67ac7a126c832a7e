//! The end of a request by the office: no answer came, or it was asked in error.
//!
//! Nothing is decided by it. The case is under review again, so that the office can refuse an application whose defects stayed
//! (行政手続法第7条), ask anew, or close a notification; the arrival stands, and what was handed in stays as it is.

use jiff::Timestamp;
use serde_json::json;

use super::correction::{Correction, open_items, open_request};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::intake::refuse_faults;
use super::{Ctx, Effect, Failure, Refusal, case_task, cases, clock, review};
use crate::domain::application::Command;
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, CorrectionId, TenantCode};
use crate::domain::policy::Action;
use crate::store::corrections::{self, CorrectionRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Root, Tx, jobs};

/// The job that tells the applicant that no answer is awaited any more; its subject is the case's id and that of the correction.
pub const NOTIFY_QUESTION_ENDED: &str = "notify_question_ended";

/// The most characters of a reason.
const LONGEST_REASON: usize = 2_000;

/// Ends the open request of a case, by whoever has the case or a superior. Its pause of the clock ends with the day.
pub async fn end(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    correction: CorrectionId,
    reason: String,
) -> Result<Effect<Correction>, Failure> {
    let reason = reason.trim().to_owned();
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let end =
            |tx: &mut Tx<'_>, now| end_request(tx, &ctx, &request.tenant, (id, correction), &reason, now);
        once(tx, &request, "ended_correction", end, |tx, _| {
            let case = cases::open(tx, &ctx, &request.tenant, id, Action::ReadCase)?;
            let row = corrections::find(tx, &request.tenant, correction)?.ok_or(Refusal::NotFound)?;
            open_items(&case, row)
        })
    })
    .await
}

fn end_request(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    (id, correction): (ApplicationId, CorrectionId),
    reason: &str,
    now: Timestamp,
) -> Result<Made<Correction>, Failure> {
    let mut case = cases::open(tx, ctx, tenant, id, Action::Review)?;
    let (asked, officer) = (open_request(tx, &case)?, review::officer(&case)?);
    let me = officer.officer;
    let may = case.state.assignee() == Some(me) || review::leads(officer, &case.row.department);
    case.step(Command::EndQuestion)?;
    if !may {
        return Err(Refusal::Forbidden.into());
    }
    let asked = asked.filter(|asked| asked.row.id == correction).ok_or(Refusal::NotFound)?;
    refuse_faults(reason_fault(reason).into_iter().collect())?;

    // From here on everything changes rows; every refusal stands above.
    let place = corrections::end_reason_place(correction);
    let sealed = case.key.seal_json(&place, &reason, ctx.core.ids.as_ref());
    let row = CorrectionRow {
        state: "closed".to_owned(),
        ended_at: Some(Micros(now)),
        ended_by: Some(me),
        sealed_end_reason: Some(sealed.clone()),
        ..asked.row
    };
    corrections::mark_ended(tx, &row)?;
    case_task::close_with_request(tx, ctx, &case, correction, (me, reason))?;
    let due_on_before = case.row.due_on;
    clock::move_due_date(tx, &ctx.core, &mut case.row)?;
    let day = |day: Option<IsoDate>| day.map(|day| day.0.to_string());
    let facts = json!({ "correction": correction, "due_on_before": day(due_on_before),
        "due_on": day(case.row.due_on) });
    case.record(tx, "question_ended", facts, Some(sealed))?;
    jobs::enqueue(tx, tenant.as_str(), NOTIFY_QUESTION_ENDED, &format!("{id}:{correction}"), now)?;
    case.save(tx)?;
    Ok(Made { value: open_items(&case, row)?, resource_id: correction.to_string() })
}

/// Why is said to the applicant, so it is said.
fn reason_fault(reason: &str) -> Option<Fault> {
    if (1..=LONGEST_REASON).contains(&reason.chars().count()) {
        return None;
    }
    let ja = format!("理由は1～{LONGEST_REASON}文字で入力してください。");
    let en = format!("A reason has 1 to {LONGEST_REASON} characters.");
    Some(Fault::new("/reason", "length", ja, en))
}
