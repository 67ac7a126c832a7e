//! Times the clock of a case stands still, as the office records them (標準処理期間の停止, R-18): because the applicant changes the content,
//! because further documents are awaited, or because the papers are at the office they pass through.
//!
//! The clock explains them line by line. They end when an officer says so, and what is awaited of the applicant ends with their
//! next answer to a correction, so that no clock is left standing.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::cases::{self, OpenCase};
use super::casework_refusal::CaseworkRefusal;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::intake::refuse_faults;
use super::{Ctx, Effect, Failure, Refusal, access, clock, delay_reason, review};
use crate::domain::calendar::jst_day;
use crate::domain::id::{ApplicationId, ClockPauseId, CorrectionId, OfficerId, TenantCode};
use crate::domain::payment::end_of_day;
use crate::domain::policy::Action;
use crate::domain::processing_clock::{OfficePause, PauseFacts, end_faults};
use crate::store::clock_pauses::{self, ClockPauseEndRow, ClockPauseRow, RecordedPause};
use crate::store::parties::{self, ArrivalRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Root, Tx, jobs};

/// The job that tells the applicant that the clock stands still; its subject is the application's id, then the pause's.
pub const NOTIFY_PAUSE: &str = "notify_pause";

/// What an officer records.
#[derive(Clone, Debug)]
pub struct NewPause {
    /// Why.
    pub reason: OfficePause,
    /// The last day that still counts; the clock stands still from the day after.
    pub asked_on: Date,
    /// What is awaited, in words for the applicant.
    pub note: String,
}

/// A pause in clear.
#[derive(Clone, Debug)]
pub struct ClockPause {
    /// The stored pause.
    pub recorded: RecordedPause,
    /// What is awaited.
    pub note: String,
}

/// Records that the clock stands still.
pub async fn record(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    new: NewPause,
) -> Result<Effect<ClockPause>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let put = |tx: &mut Tx<'_>, now| put(tx, &ctx, &request.tenant, (id, &new), now);
        once(tx, &request, "clock_pause", put, |tx, made| {
            let case = cases::open(tx, &ctx, &request.tenant, id, Action::ReadCase)?;
            one_of(tx, &case, made)
        })
    })
    .await
}

fn put(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    (id, new): (ApplicationId, &NewPause),
    now: Timestamp,
) -> Result<Made<ClockPause>, Failure> {
    let mut case = cases::open(tx, ctx, tenant, id, Action::Review)?;
    delay_reason::running_until(&case)?;
    let standing = clock::read(tx, ctx, &case)?;
    let (Some(arrived_on), Some(processing)) = (standing.arrived_on, &standing.processing) else {
        return Err(CaseworkRefusal::NoPeriodRuns.into());
    };
    let facts = PauseFacts {
        arrived_on,
        due_on: standing.due.as_ref().and_then(|due| due.due_on),
        transit_days: processing.transit_days,
        today: jst_day(now),
    };
    let note = new.note.trim().to_owned();
    refuse_faults(new.reason.faults(new.asked_on, &note, facts))?;
    let name = new.reason.reason().as_str();
    let is_open = |pause: &RecordedPause| pause.ended_on.is_none() && pause.row.reason == name;
    if clock_pauses::of_case(tx, tenant, id)?.iter().any(is_open) {
        return Err(CaseworkRefusal::PauseOpen.into());
    }
    let pause = ClockPauseId(tx.new_id());
    let row = ClockPauseRow {
        tenant_id: tenant.clone(),
        id: pause,
        application_id: id,
        reason: name.to_owned(),
        asked_on: IsoDate(new.asked_on),
        sealed_note: case.key.seal_json(&clock_pauses::note_place(pause), &note, ctx.core.ids.as_ref()),
        recorded_by: review::officer(&case)?.officer,
        recorded_at: Micros(now),
    };
    clock_pauses::insert(tx, &row)?;
    clock::note_pause(tx, &ctx.core, &mut case.row)?;
    jobs::enqueue(tx, tenant.as_str(), NOTIFY_PAUSE, &format!("{id}:{pause}"), now)?;
    let facts = json!({ "clock_pause": pause, "reason": name, "asked_on": new.asked_on.to_string() });
    case.record(tx, "clock_paused", facts, None)?;
    case.save(tx)?;
    let value = ClockPause { recorded: RecordedPause { row, ended_on: None }, note };
    Ok(Made { resource_id: pause.to_string(), value })
}

/// Records that a pause has ended: the clock runs again from the day after `ended_on`, and the due date moves.
pub async fn end(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ClockPauseId,
    ended_on: Date,
) -> Result<Effect<ClockPause>, Failure> {
    let (db, tenant) = (ctx.core.db.clone(), request.tenant.clone());
    // A pause never moves to another case, so what was read before the write still holds in it.
    let found = db.read(move |tx| Ok::<_, Failure>(clock_pauses::find(tx, &tenant, id)?)).await?;
    let application = found.ok_or(Refusal::NotFound)?.application_id;
    db.write(Root::Application(application), move |tx| {
        let act = |tx: &mut Tx<'_>, now| {
            let mut case = cases::open(tx, &ctx, &request.tenant, application, Action::Review)?;
            delay_reason::running_until(&case)?;
            let pause = one_of(tx, &case, &id.to_string())?;
            if pause.recorded.ended_on.is_some() {
                return Err(CaseworkRefusal::PauseEnded.into());
            }
            refuse_faults(end_faults(pause.recorded.row.asked_on.0, ended_on, jst_day(now)))?;
            let by = EndedBy::Officer(review::officer(&case)?.officer);
            close(tx, &case, &pause.recorded.row, (ended_on, by), now)?;
            clock::move_due_date(tx, &ctx.core, &mut case.row)?;
            let due_on = case.row.due_on.map(|day| day.0.to_string());
            let facts = json!({ "clock_pause": id, "reason": pause.recorded.row.reason,
                "ended_on": ended_on.to_string(), "due_on": due_on });
            case.record(tx, "clock_resumed", facts, None)?;
            case.save(tx)?;
            let recorded = RecordedPause { ended_on: Some(IsoDate(ended_on)), ..pause.recorded };
            Ok(Made { resource_id: id.to_string(), value: ClockPause { recorded, ..pause } })
        };
        once(tx, &request, "clock_pause", act, |tx, made| {
            let case = cases::open(tx, &ctx, &request.tenant, application, Action::ReadCase)?;
            one_of(tx, &case, made)
        })
    })
    .await
}

/// Ends what was awaited of the applicant, whose answer to a correction came on `answered_on`; gives the pauses that ended. The caller
/// moves the due date.
pub(super) fn end_with_answer(
    tx: &mut Tx<'_>,
    case: &OpenCase,
    (correction, answered_on): (CorrectionId, Date),
    now: Timestamp,
) -> Result<Vec<ClockPauseId>, Failure> {
    let mut ended = Vec::new();
    for pause in clock_pauses::of_case(tx, &case.row.tenant_id, case.row.id)? {
        if pause.ended_on.is_none() && pause.office_pause()?.ends_with_answer() {
            // What was recorded after the answer had come, before it was entered, costs no day.
            let ended_on = answered_on.max(pause.row.asked_on.0);
            close(tx, case, &pause.row, (ended_on, EndedBy::Answer(correction)), now)?;
            ended.push(pause.row.id);
        }
    }
    Ok(ended)
}

/// What ends a pause.
#[derive(Clone, Copy, Debug)]
enum EndedBy {
    /// An officer says so.
    Officer(OfficerId),
    /// The applicant has answered this.
    Answer(CorrectionId),
}

fn close(
    tx: &mut Tx<'_>,
    case: &OpenCase,
    row: &ClockPauseRow,
    (ended_on, by): (Date, EndedBy),
    now: Timestamp,
) -> Result<(), Failure> {
    let (ended_by, correction_id) = match by {
        EndedBy::Officer(officer) => (Some(officer), None),
        EndedBy::Answer(correction) => (None, Some(correction)),
    };
    let end = ClockPauseEndRow {
        tenant_id: row.tenant_id.clone(),
        pause_id: row.id,
        ended_on: IsoDate(ended_on),
        ended_by,
        correction_id,
        ended_at: Micros(now),
    };
    clock_pauses::insert_end(tx, &end)?;
    if let (Some(OfficePause::InTransit), Some(officer)) = (OfficePause::parse(&row.reason), ended_by) {
        arrive_after_transit(tx, case, (ended_on, officer), now)?;
    }
    Ok(())
}

/// The papers have come from the office they passed through: one more leg of the arrival, attested by the officer who says so.
///
/// Of the hour nothing is known: it had arrived when the day was over, or by now.
fn arrive_after_transit(
    tx: &mut Tx<'_>,
    case: &OpenCase,
    (day, officer): (Date, OfficerId),
    now: Timestamp,
) -> Result<(), Failure> {
    let legs = parties::arrivals_of(tx, &case.row.tenant_id, case.row.id)?;
    let before = legs.last().ok_or_else(|| Failure::Internal(format!("no arrival of {}", case.row.id)))?;
    let last_of_day = end_of_day(day).saturating_sub(SignedDuration::from_micros(1));
    let row = ArrivalRow {
        tenant_id: case.row.tenant_id.clone(),
        application_id: case.row.id,
        leg: before.leg + 1,
        office: case.row.department.clone(),
        arrived_at: Micros(now.min(last_of_day.unwrap_or(now))),
        channel: before.channel.clone(),
        attested_by: Some(officer.to_string()),
        recorded_at: Micros(now),
    };
    Ok(parties::insert_arrival(tx, &row)?)
}

fn of_case(tx: &mut impl Reads, case: &OpenCase) -> Result<Vec<ClockPause>, Failure> {
    let open = |recorded: RecordedPause| {
        let place = clock_pauses::note_place(recorded.row.id);
        let note = case.key.open_json(&place, &recorded.row.sealed_note)?;
        Ok(ClockPause { recorded, note })
    };
    clock_pauses::of_case(tx, &case.row.tenant_id, case.row.id)?.into_iter().map(open).collect()
}

fn one_of(tx: &mut impl Reads, case: &OpenCase, id: &str) -> Result<ClockPause, Failure> {
    let found = of_case(tx, case)?.into_iter().find(|pause| pause.recorded.row.id.to_string() == id);
    Ok(found.ok_or(Refusal::NotFound)?)
}

/// The pauses of a case that the office recorded, oldest first, for its parties and the department.
pub async fn list(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<Vec<ClockPause>, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let case = cases::open(tx, &inner, &body, id, Action::ReadCase)?;
        Ok::<_, Failure>((access::reader(&case.actor), of_case(tx, &case)?))
    });
    let (reader, found) = read.await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "clock_pauses", &[id]).await?;
    }
    Ok(found)
}
