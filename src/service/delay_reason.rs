//! Why a decision takes longer than the standard period (遅延理由, R-19): recorded with the day by which it is expected now, told to
//! the applicant, shown beside the clock. Being late decides nothing by itself.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::cases::{self, OpenCase};
use super::casework_refusal::CaseworkRefusal;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::{Ctx, Effect, Failure, Refusal, access, intake, review};
use crate::domain::application::StateName;
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, DelayReasonId, TenantCode};
use crate::domain::policy::Action;
use crate::store::delay_reasons::{self, DelayReasonRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Root, Tx, jobs};

/// The job that tells the applicant; its subject is the case's id and that of the reason.
pub const NOTIFY_DELAY: &str = "notify_delay";

/// The most characters of a reason.
const LONGEST_REASON: usize = 2_000;

/// What an officer records.
#[derive(Clone, Debug)]
pub struct NewDelay {
    /// Why, in words for the applicant.
    pub reason: String,
    /// By when the decision is expected now.
    pub expected_on: Date,
}

/// A reason in clear.
#[derive(Clone, Debug)]
pub struct Delay {
    /// The stored row.
    pub row: DelayReasonRow,
    /// Why.
    pub reason: String,
}

/// Records why a case takes longer; the applicant is told in the same transaction.
pub async fn record(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    new: NewDelay,
) -> Result<Effect<Delay>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let put = |tx: &mut Tx<'_>, now| put(tx, &ctx, &request.tenant, (id, &new), now);
        once(tx, &request, "delay_reason", put, |tx, made| {
            let case = cases::open(tx, &ctx, &request.tenant, id, Action::ReadCase)?;
            let found = of_case(tx, &case)?;
            found.into_iter().find(|delay| delay.row.id.to_string() == made).ok_or(Refusal::NotFound.into())
        })
    })
    .await
}

fn put(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    (id, new): (ApplicationId, &NewDelay),
    now: Timestamp,
) -> Result<Made<Delay>, Failure> {
    let mut case = cases::open(tx, ctx, tenant, id, Action::Review)?;
    let due_on = running_until(&case)?;
    let reason = new.reason.trim().to_owned();
    intake::refuse_faults(faults(&reason, new.expected_on, due_on, jst_day(now)))?;
    let delay = DelayReasonId(tx.new_id());
    let place = delay_reasons::reason_place(delay);
    let row = DelayReasonRow {
        tenant_id: tenant.clone(),
        id: delay,
        application_id: id,
        sealed_reason: case.key.seal_json(&place, &reason, ctx.core.ids.as_ref()),
        due_on: IsoDate(due_on),
        expected_on: IsoDate(new.expected_on),
        recorded_by: review::officer(&case)?.officer,
        recorded_at: Micros(now),
    };
    delay_reasons::insert(tx, &row)?;
    let facts = json!({ "delay_reason": delay, "due_on": due_on.to_string(),
        "expected_on": new.expected_on.to_string() });
    case.record(tx, "delay_recorded", facts, None)?;
    jobs::enqueue(tx, tenant.as_str(), NOTIFY_DELAY, &format!("{id}:{delay}"), now)?;
    case.save(tx)?;
    Ok(Made { resource_id: delay.to_string(), value: Delay { row, reason } })
}

/// The end of the period of a case that still waits for its decision.
pub(super) fn running_until(case: &OpenCase) -> Result<Date, CaseworkRefusal> {
    use StateName as S;
    match case.state.name() {
        S::Submitted | S::UnderReview | S::CorrectionRequested | S::Inquiry | S::InApproval => {
            case.row.due_on.map(|due| due.0).ok_or(CaseworkRefusal::NoPeriodRuns)
        }
        S::Draft | S::Decided | S::Closed | S::Withdrawn | S::Transferred => {
            Err(CaseworkRefusal::NoPeriodRuns)
        }
    }
}

fn faults(reason: &str, expected_on: Date, due_on: Date, today: Date) -> Vec<Fault> {
    let mut faults = Vec::new();
    let length = reason.chars().count();
    if length == 0 || length > LONGEST_REASON {
        let ja = format!("理由は1～{LONGEST_REASON}文字で入力してください。");
        let en = format!("A reason has 1 to {LONGEST_REASON} characters.");
        faults.push(Fault::new("/reason", "length", ja, en));
    }
    if expected_on <= due_on {
        let ja = format!("標準処理期間の満了日（{due_on}）より後の日にしてください。");
        let en = format!("The day must be after the end of the standard period, {due_on}.");
        faults.push(Fault::new("/expected_on", "not_later", ja, en));
    } else if expected_on <= today {
        let (ja, en) = ("見込みの日は明日以降にしてください。", "The day must be in the future.");
        faults.push(Fault::new("/expected_on", "not_future", ja, en));
    }
    faults
}

/// The reasons of an opened case, oldest first.
pub(super) fn of_case(tx: &mut impl Reads, case: &OpenCase) -> Result<Vec<Delay>, Failure> {
    let rows = delay_reasons::of_case(tx, &case.row.tenant_id, case.row.id)?;
    let open = |row: DelayReasonRow| {
        let reason = case.key.open_json(&delay_reasons::reason_place(row.id), &row.sealed_reason)?;
        Ok(Delay { row, reason })
    };
    rows.into_iter().map(open).collect()
}

/// The reasons of a case, for its parties and the department.
pub async fn list(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<Vec<Delay>, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let case = cases::open(tx, &inner, &body, id, Action::ReadCase)?;
        Ok::<_, Failure>((access::reader(&case.actor), of_case(tx, &case)?))
    });
    let (reader, found) = read.await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "delay_reasons", &[id]).await?;
    }
    Ok(found)
}
