//! Holds on a whole record file: nothing in it goes while one stands, whatever was approved and whatever comes into it later.

use jiff::Timestamp;
use uuid::Uuid;

use super::hold::NewHold;
use super::measure::text_faults;
use super::{RecordsRefusal, file_for};
use crate::domain::calendar::jst_day;
use crate::domain::id::{OfficerId, RecordFileId, RecordHoldId, TenantCode};
use crate::domain::policy::Action;
use crate::domain::records::hold_faults;
use crate::service::idempotency::{IdempotencyRequest, Made, once};
use crate::service::{Ctx, Effect, Failure, Refusal};
use crate::store::record_file_holds::{self, FileHold, FileHoldRow, FileReleaseRow};
use crate::store::record_files::Moved;
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Root, Tx};

/// A hold with what it means now.
#[derive(Clone, Debug)]
pub struct FileHoldView {
    /// The hold and its release.
    pub stored: FileHold,
    /// Whether it bars a disposal now.
    pub stands: bool,
}

fn view(stored: FileHold, now: Timestamp) -> Result<FileHoldView, Failure> {
    let stands = record_file_holds::judged(&stored)?.stands_at(now);
    Ok(FileHoldView { stored, stands })
}

/// A hold of a file that the caller may look after.
fn open(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: RecordHoldId,
) -> Result<(FileHold, OfficerId), Failure> {
    ctx.account()?;
    let found = record_file_holds::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let (_, officer) = file_for(tx, ctx, tenant, found.0.record_file_id, Action::Review)?;
    Ok((found, officer))
}

fn present(tx: &mut impl Reads, ctx: &Ctx, tenant: &TenantCode, made: &str) -> Result<FileHoldView, Failure> {
    let id: Uuid = made.parse().map_err(|_| Failure::Internal("a hold's id".to_owned()))?;
    let (found, _) = open(tx, ctx, tenant, RecordHoldId(id))?;
    view(found, tx.now())
}

/// Places a hold on a file; one that is gone has nothing to hold.
pub async fn place(
    ctx: Ctx,
    request: IdempotencyRequest,
    file: RecordFileId,
    wanted: NewHold,
) -> Result<Effect<FileHoldView>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::record_file(file), move |tx| {
        let put = |tx: &mut Tx<'_>, now| put(tx, &ctx, &request.tenant, (file, &wanted), now);
        once(tx, &request, "record_file_hold", put, |tx, made| present(tx, &ctx, &request.tenant, made))
    })
    .await
}

fn put(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    (id, wanted): (RecordFileId, &NewHold),
    now: Timestamp,
) -> Result<Made<FileHoldView>, Failure> {
    let (file, officer) = file_for(tx, ctx, tenant, id, Action::Review)?;
    let mut faults = hold_faults(wanted.from, wanted.until, jst_day(now));
    faults.extend(text_faults("/note", &wanted.note));
    if !faults.is_empty() {
        return Err(Refusal::Invalid(faults).into());
    }
    if file.file_state()?.is_gone() {
        return Err(RecordsRefusal::Gone.into());
    }
    let row = FileHoldRow {
        tenant_id: tenant.clone(),
        id: RecordHoldId(tx.new_id()),
        record_file_id: id,
        ground: wanted.ground.as_str().to_owned(),
        from_on: IsoDate(wanted.from),
        until_on: wanted.until.map(IsoDate),
        note: wanted.note.trim().to_owned(),
        placed_by: officer,
        placed_at: Micros(now),
    };
    record_file_holds::insert(tx, &row)?;
    Ok(Made { resource_id: row.id.to_string(), value: view((row, None), now)? })
}

/// Releases a hold before its last day.
pub async fn release(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: RecordHoldId,
    reason: String,
) -> Result<Effect<FileHoldView>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Unlocked(id.0), move |tx| {
        let end = |tx: &mut Tx<'_>, now| end(tx, &ctx, &request.tenant, (id, &reason), now);
        once(tx, &request, "record_file_hold_release", end, |tx, made| {
            present(tx, &ctx, &request.tenant, made)
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
) -> Result<Made<FileHoldView>, Failure> {
    let ((hold, released), officer) = open(tx, ctx, tenant, id)?;
    if let Some(fault) = text_faults("/reason", reason) {
        return Err(Refusal::Invalid(vec![fault]).into());
    }
    if released.is_some() {
        return Err(RecordsRefusal::HoldReleased.into());
    }
    let row = FileReleaseRow {
        tenant_id: tenant.clone(),
        hold_id: id,
        reason: reason.trim().to_owned(),
        released_by: officer,
        released_at: Micros(now),
    };
    // Somebody may have released it at the same moment: the table takes one.
    if record_file_holds::release(tx, &row)? == Moved::Elsewhere {
        return Err(RecordsRefusal::HoldReleased.into());
    }
    Ok(Made { resource_id: id.to_string(), value: view((hold, Some(row)), now)? })
}

/// The holds of a file, for the staff of its department, oldest first.
pub async fn list(ctx: Ctx, tenant: TenantCode, id: RecordFileId) -> Result<Vec<FileHoldView>, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        file_for(tx, &ctx, &tenant, id, Action::Review)?;
        let now = tx.now();
        record_file_holds::of_file(tx, &tenant, id)?.into_iter().map(|stored| view(stored, now)).collect()
    })
    .await
}
