//! Holds on the records of a case: placed with a ground, released with a reason, never rewritten.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::RecordsRefusal;
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, OfficerId, RecordHoldId, TenantCode};
use crate::domain::policy::{Action, Actor};
use crate::domain::records::{HoldGround, hold_faults};
use crate::service::cases::{self, OpenCase};
use crate::service::idempotency::{IdempotencyRequest, Made, once};
use crate::service::{Ctx, Effect, Failure, Refusal, access};
use crate::store::record_files::{self, Moved};
use crate::store::record_holds::{self, HoldRow, HoldWithRelease, ReleaseRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Root, Tx};

/// The longest note, in characters.
const LONGEST_NOTE: usize = 1_000;

/// What an officer says of a hold.
#[derive(Clone, Debug)]
pub struct NewHold {
    /// On what ground.
    pub ground: HoldGround,
    /// The first day.
    pub from: Date,
    /// The last day, when it is known.
    pub until: Option<Date>,
    /// What it is about; for staff only.
    pub note: String,
}

/// A hold in clear.
#[derive(Clone, Debug)]
pub struct HoldView {
    /// The hold and its release.
    pub stored: HoldWithRelease,
    /// What it is about.
    pub note: String,
    /// Why it was released.
    pub reason: Option<String>,
    /// Whether it bars a disposal now.
    pub stands: bool,
}

fn view(case: &OpenCase, stored: HoldWithRelease, now: Timestamp) -> Result<HoldView, Failure> {
    let (hold, release) = &stored;
    let note = case.key.open_json(&record_holds::note_place(hold.id), &hold.sealed_note)?;
    let place = record_holds::reason_place(hold.id);
    let reason = release.as_ref().map(|release| case.key.open_json(&place, &release.sealed_reason));
    let stands = record_holds::judged(&stored)?.stands_at(now);
    Ok(HoldView { note, reason: reason.transpose()?, stands, stored })
}

fn text_fault(pointer: &str, text: &str) -> Option<Fault> {
    let length = text.trim().chars().count();
    let (ja, en) = (
        format!("1～{LONGEST_NOTE}文字で入力してください。"),
        format!("Please enter 1 to {LONGEST_NOTE} characters."),
    );
    (!(1..=LONGEST_NOTE).contains(&length)).then(|| Fault::new(pointer, "bad_text", ja, en))
}

fn officer_of(case: &OpenCase) -> Result<OfficerId, Failure> {
    match &case.actor {
        Actor::Officer(authority) => Ok(authority.officer),
        Actor::Person(_) | Actor::Anonymous => Err(Refusal::NotFound.into()),
    }
}

/// Places a hold on a case, whatever state it is in: an appeal may come before the case is closed.
pub async fn place(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    wanted: NewHold,
) -> Result<Effect<HoldView>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let put = |tx: &mut Tx<'_>, now| put(tx, &ctx, &request.tenant, (id, &wanted), now);
        once(tx, &request, "record_hold", put, |tx, made| {
            let hold = made.parse().map_err(|_| Failure::Internal("a hold's id".to_owned()))?;
            let stored = record_holds::find(tx, &request.tenant, hold)?.ok_or(Refusal::NotFound)?;
            let case = cases::open(tx, &ctx, &request.tenant, id, Action::Review)?;
            view(&case, stored, tx.now())
        })
    })
    .await
}

fn put(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    (id, wanted): (ApplicationId, &NewHold),
    now: Timestamp,
) -> Result<Made<HoldView>, Failure> {
    let mut case = cases::open(tx, ctx, tenant, id, Action::Review)?;
    let officer = officer_of(&case)?;
    let mut faults = hold_faults(wanted.from, wanted.until, jst_day(now));
    faults.extend(text_fault("/note", &wanted.note));
    if !faults.is_empty() {
        return Err(Refusal::Invalid(faults).into());
    }
    let hold = RecordHoldId(tx.new_id());
    let row = HoldRow {
        tenant_id: tenant.clone(),
        id: hold,
        application_id: id,
        ground: wanted.ground.as_str().to_owned(),
        from_on: IsoDate(wanted.from),
        until_on: wanted.until.map(IsoDate),
        sealed_note: case.key.seal_json(
            &record_holds::note_place(hold),
            &wanted.note.trim(),
            ctx.core.ids.as_ref(),
        ),
        placed_by: officer,
        placed_at: Micros(now),
    };
    record_holds::insert(tx, &row)?;
    let facts = json!({ "hold": hold.to_string(), "ground": row.ground,
        "from": wanted.from.to_string(), "until": wanted.until.map(|day| day.to_string()) });
    case.record(tx, "record_hold_placed", facts, None)?;
    case.save(tx)?;
    Ok(Made { resource_id: hold.to_string(), value: view(&case, (row, None), now)? })
}

/// Releases a hold before its last day.
pub async fn release(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: RecordHoldId,
    reason: String,
) -> Result<Effect<HoldView>, Failure> {
    let (inner, of) = (ctx.clone(), request.tenant.clone());
    let root = ctx.core.db.read(move |tx| {
        inner.account()?;
        let (hold, _) = record_holds::find(tx, &of, id)?.ok_or(Refusal::NotFound)?;
        Ok::<_, Failure>(hold.application_id)
    });
    let root = root.await?;
    let db = ctx.core.db.clone();
    db.write(Root::Application(root), move |tx| {
        let end = |tx: &mut Tx<'_>, now| end(tx, &ctx, &request.tenant, (id, &reason), now);
        once(tx, &request, "record_hold_release", end, |tx, _| {
            let case = cases::open(tx, &ctx, &request.tenant, root, Action::Review)?;
            let stored = record_holds::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
            view(&case, stored, tx.now())
        })
    })
    .await
}

fn end(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    (id, reason): (RecordHoldId, &str),
    now: Timestamp,
) -> Result<Made<HoldView>, Failure> {
    let (hold, released) = record_holds::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut case = cases::open(tx, ctx, tenant, hold.application_id, Action::Review)?;
    let officer = officer_of(&case)?;
    if let Some(fault) = text_fault("/reason", reason) {
        return Err(Refusal::Invalid(vec![fault]).into());
    }
    if released.is_some() {
        return Err(RecordsRefusal::HoldReleased.into());
    }
    let row = ReleaseRow {
        tenant_id: tenant.clone(),
        hold_id: id,
        application_id: hold.application_id,
        sealed_reason: case.key.seal_json(
            &record_holds::reason_place(id),
            &reason.trim(),
            ctx.core.ids.as_ref(),
        ),
        released_by: officer,
        released_at: Micros(now),
    };
    if record_holds::release(tx, &row)? == Moved::Elsewhere {
        return Err(RecordsRefusal::HoldReleased.into());
    }
    case.record(tx, "record_hold_released", json!({ "hold": id.to_string() }), None)?;
    case.save(tx)?;
    Ok(Made { resource_id: id.to_string(), value: view(&case, (hold, Some(row)), now)? })
}

/// The holds of a case with where it is filed, once it is.
#[derive(Clone, Debug)]
pub struct CaseHolds {
    /// Oldest first.
    pub items: Vec<HoldView>,
    /// Its file.
    pub filed: Option<record_files::RecordCaseRow>,
}

/// The holds of a case, for the staff of its department.
pub async fn list(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<CaseHolds, Failure> {
    let (inner, of) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let case = cases::open(tx, &inner, &of, id, Action::Review)?;
        let now = tx.now();
        let stored = record_holds::of_case(tx, &of, id)?;
        let items = stored.into_iter().map(|one| view(&case, one, now)).collect::<Result<_, _>>()?;
        let filed = record_files::case_of(tx, &of, id)?;
        Ok::<_, Failure>((access::reader(&case.actor), CaseHolds { items, filed }))
    });
    let (reader, holds) = read.await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "record_holds", &[id]).await?;
    }
    Ok(holds)
}
