//! What becomes of a file at its expiry: proposed by one officer, decided by another; a transfer is handed over before
//! anything goes.

use jiff::Timestamp;
use uuid::Uuid;

use super::carry_out::CARRY_OUT_MEASURE;
use super::{RecordsRefusal, block, file_for};
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{OfficerId, RecordFileId, RecordMeasureId, TenantCode};
use crate::domain::my_number;
use crate::domain::policy::Action;
use crate::domain::records::{FileState, Measure, MeasureState, MeasureStep, may_propose};
use crate::service::idempotency::{IdempotencyRequest, Made, is_used, once};
use crate::service::{Ctx, Effect, Failure, Refusal};
use crate::store::record_files::{self, Moved, RecordFileRow};
use crate::store::record_measures::{self, MeasureRow};
use crate::store::sql::Micros;
use crate::store::{Reads, Root, Tx, jobs};

/// The longest reason or receipt, in characters.
const LONGEST_TEXT: usize = 1_000;

/// What somebody proposes for a file.
#[derive(Clone, Debug)]
pub struct NewMeasure {
    /// What.
    pub measure: Measure,
    /// Why; without personal data.
    pub reason: String,
}

/// What another officer says of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is to be done.
    Approve,
    /// It is not.
    Reject,
}

/// That the archive has everything.
#[derive(Clone, Debug)]
pub struct HandOver {
    /// SHA-256 over the exports that the archive has, as it computed it itself.
    pub bundles_sha256: String,
    /// What it gave for them.
    pub receipt: String,
}

/// A measure with its file.
pub type FileMeasure = (MeasureRow, RecordFileRow);

/// What is wrong with a text that is stored as it is: empty, too long, or with an individual number in it.
pub(super) fn text_faults(pointer: &str, text: &str) -> Option<Fault> {
    let length = text.trim().chars().count();
    if !(1..=LONGEST_TEXT).contains(&length) {
        let ja = format!("1～{LONGEST_TEXT}文字で入力してください。");
        return Some(Fault::new(
            pointer,
            "bad_text",
            ja,
            format!("Please enter 1 to {LONGEST_TEXT} characters."),
        ));
    }
    let (ja, en) = ("個人番号は入力できません。", "An individual number must not be entered.");
    my_number::stands_in(text).then(|| Fault::new(pointer, "individual_number", ja, en))
}

/// Opens a measure for somebody who may do `action` about its file.
pub(super) fn open(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: RecordMeasureId,
    action: Action,
) -> Result<(FileMeasure, OfficerId), Failure> {
    ctx.account()?;
    let row = record_measures::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let (file, officer) = file_for(tx, ctx, tenant, row.record_file_id, action)?;
    Ok(((row, file), officer))
}

/// One measure, for the staff of the department.
pub async fn show(ctx: Ctx, tenant: TenantCode, id: RecordMeasureId) -> Result<FileMeasure, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| Ok(open(tx, &ctx, &tenant, id, Action::ReadQueue)?.0)).await
}

/// Proposes what becomes of a file whose last day is over. Refused while anything stands in the way of one of its cases.
pub async fn propose(
    ctx: Ctx,
    request: IdempotencyRequest,
    file: RecordFileId,
    wanted: NewMeasure,
) -> Result<Effect<FileMeasure>, Failure> {
    // Who may not, and what cannot be, is refused before the cases are looked at one by one.
    let (inner, asked, new) = (ctx.clone(), request.clone(), wanted.clone());
    let first = ctx.core.db.read(move |tx| {
        if is_used(tx, &asked)? {
            return Ok(true);
        }
        judge(tx, &inner, &asked.tenant, (file, &new))?;
        Ok::<_, Failure>(false)
    });
    if !first.await? {
        block::refuse_blocked(&ctx.core, &request.tenant, file).await?;
    }
    let db = ctx.core.db.clone();
    db.write(Root::Unlocked(file.0), move |tx| {
        let put = |tx: &mut Tx<'_>, now| put(tx, &ctx, &request.tenant, (file, &wanted), now);
        once(tx, &request, "record_measure", put, |tx, made| present(tx, &ctx, &request.tenant, made))
    })
    .await
}

fn present(tx: &mut impl Reads, ctx: &Ctx, tenant: &TenantCode, made: &str) -> Result<FileMeasure, Failure> {
    let id: Uuid = made.parse().map_err(|_| Failure::Internal("a measure's id".to_owned()))?;
    Ok(open(tx, ctx, tenant, RecordMeasureId(id), Action::ReadQueue)?.0)
}

fn judge(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    (id, wanted): (RecordFileId, &NewMeasure),
) -> Result<(RecordFileRow, OfficerId), Failure> {
    let (file, officer) = file_for(tx, ctx, tenant, id, Action::Propose)?;
    if let Some(fault) = text_faults("/reason", &wanted.reason) {
        return Err(Refusal::Invalid(vec![fault]).into());
    }
    let (state, planned, last) = (file.file_state()?, file.planned()?, file.expires_on.map(|day| day.0));
    may_propose(state, planned, last, wanted.measure, jst_day(tx.now())).map_err(RecordsRefusal::from)?;
    for earlier in record_measures::of_file(tx, tenant, id)? {
        if earlier.measure_state()?.is_open() {
            return Err(RecordsRefusal::MeasureOpen.into());
        }
    }
    Ok((file, officer))
}

fn put(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    (id, wanted): (RecordFileId, &NewMeasure),
    now: Timestamp,
) -> Result<Made<FileMeasure>, Failure> {
    let (mut file, officer) = judge(tx, ctx, tenant, (id, wanted))?;
    let row = MeasureRow {
        tenant_id: tenant.clone(),
        id: RecordMeasureId(tx.new_id()),
        record_file_id: id,
        measure: wanted.measure.as_str().to_owned(),
        state: MeasureState::Proposed.as_str().to_owned(),
        reason: wanted.reason.trim().to_owned(),
        proposed_by: officer,
        proposed_at: Micros(now),
        decided_by: None,
        decided_at: None,
        bundles_sha256: None,
        receipt: None,
        handed_over_by: None,
        handed_over_at: None,
        version: 1,
    };
    // Somebody may have proposed one at the same moment: the table takes one.
    if record_measures::insert(tx, &row)? == Moved::Elsewhere {
        return Err(RecordsRefusal::MeasureOpen.into());
    }
    // The clock may not have come by yet.
    if file.file_state()? == FileState::Kept
        && record_files::set_state(tx, &file, FileState::Expired)? == Moved::Stored
    {
        FileState::Expired.as_str().clone_into(&mut file.state);
        file.version += 1;
    }
    Ok(Made { resource_id: row.id.to_string(), value: (row, file) })
}

/// Decides a proposal; never the officer who made it. An approved disposal is carried out by the clock, an approved transfer
/// is exported first.
pub async fn decide(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: RecordMeasureId,
    verdict: Verdict,
) -> Result<Effect<FileMeasure>, Failure> {
    let (inner, asked) = (ctx.clone(), request.clone());
    let first = ctx.core.db.read(move |tx| {
        if is_used(tx, &asked)? {
            return Ok(None);
        }
        let ((row, _), officer) = open(tx, &inner, &asked.tenant, id, Action::Approve)?;
        refuse_decision(&row, officer, verdict)?;
        Ok::<_, Failure>(Some(row.record_file_id))
    });
    if let (Some(file), Verdict::Approve) = (first.await?, verdict) {
        block::refuse_blocked(&ctx.core, &request.tenant, file).await?;
    }
    let db = ctx.core.db.clone();
    db.write(Root::Unlocked(id.0), move |tx| {
        let put = |tx: &mut Tx<'_>, now| put_decision(tx, &ctx, &request.tenant, (id, verdict), now);
        once(tx, &request, "record_measure_decision", put, |tx, made| {
            present(tx, &ctx, &request.tenant, made)
        })
    })
    .await
}

fn refuse_decision(row: &MeasureRow, officer: OfficerId, verdict: Verdict) -> Result<MeasureState, Failure> {
    let step = match verdict {
        Verdict::Approve => MeasureStep::Approve,
        Verdict::Reject => MeasureStep::Reject,
    };
    let next = row.measure_state()?.apply(row.kind()?, step);
    let next = next.map_err(|_| RecordsRefusal::MeasureStandsElsewhere)?;
    if row.proposed_by == officer { Err(Refusal::OwnProposal.into()) } else { Ok(next) }
}

fn put_decision(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    (id, verdict): (RecordMeasureId, Verdict),
    now: Timestamp,
) -> Result<Made<FileMeasure>, Failure> {
    let ((mut row, file), officer) = open(tx, ctx, tenant, id, Action::Approve)?;
    let next = refuse_decision(&row, officer, verdict)?;
    next.as_str().clone_into(&mut row.state);
    row.decided_by = Some(officer);
    row.decided_at = Some(Micros(now));
    store(tx, &mut row)?;
    if verdict == Verdict::Approve {
        jobs::enqueue_again(tx, tenant.as_str(), CARRY_OUT_MEASURE, &id.to_string(), now)?;
    }
    Ok(Made { resource_id: id.to_string(), value: (row, file) })
}

fn store(tx: &mut Tx<'_>, row: &mut MeasureRow) -> Result<(), Failure> {
    match record_measures::update(tx, row)? {
        Moved::Stored => Ok(()),
        Moved::Elsewhere => Err(RecordsRefusal::MeasureStandsElsewhere.into()),
    }
}

/// Says that the archive has every export, by the hash it computed itself. Only then does what is here go.
pub async fn hand_over(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: RecordMeasureId,
    said: HandOver,
) -> Result<Effect<FileMeasure>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Unlocked(id.0), move |tx| {
        let put = |tx: &mut Tx<'_>, now| put_hand_over(tx, &ctx, &request.tenant, (id, &said), now);
        once(tx, &request, "record_hand_over", put, |tx, made| present(tx, &ctx, &request.tenant, made))
    })
    .await
}

fn put_hand_over(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    (id, said): (RecordMeasureId, &HandOver),
    now: Timestamp,
) -> Result<Made<FileMeasure>, Failure> {
    let ((mut row, file), officer) = open(tx, ctx, tenant, id, Action::Approve)?;
    if let Some(fault) = text_faults("/receipt", &said.receipt) {
        return Err(Refusal::Invalid(vec![fault]).into());
    }
    let next = row.measure_state()?.apply(row.kind()?, MeasureStep::HandOver);
    let next = next.map_err(|_| RecordsRefusal::MeasureStandsElsewhere)?;
    if row.bundles_sha256.as_deref() != Some(said.bundles_sha256.as_str()) {
        return Err(RecordsRefusal::BundlesDiffer.into());
    }
    next.as_str().clone_into(&mut row.state);
    row.receipt = Some(said.receipt.trim().to_owned());
    row.handed_over_by = Some(officer);
    row.handed_over_at = Some(Micros(now));
    store(tx, &mut row)?;
    jobs::enqueue_again(tx, tenant.as_str(), CARRY_OUT_MEASURE, &id.to_string(), now)?;
    Ok(Made { resource_id: id.to_string(), value: (row, file) })
}
