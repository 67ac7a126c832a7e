//! Originals and persons that are seen apart from the system (原本確認・対面本人確認, R-9): which are awaited, and what an officer saw.
//! The part that was filed online keeps its arrival; nothing is granted while a part that is needed for it is open.

use jiff::Timestamp;
use serde_json::json;

use super::cases::{self, OpenCase};
use super::casework_refusal::CaseworkRefusal;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::intake::pinned;
use super::officer_labels::{self, OfficerLabel};
use super::{Ctx, Effect, Failure, Refusal, access, review};
use crate::domain::calendar::jst_day;
use crate::domain::id::{ApplicationId, TenantCode};
use crate::domain::identification::IdentityCheck;
use crate::domain::originals::{
    NeededFor, NeededPart, OriginalStatement, SeenPart, Unrecordable, counts, missing, missing_for, needed,
    recordable,
};
use crate::domain::policy::{Action, Actor};
use crate::store::original_checks::{self, OriginalCheckRow};
use crate::store::sql::Micros;
use crate::store::{Reads, Root, Tx, attachments};

/// A part with what counts of it.
#[derive(Clone, Debug)]
pub struct OriginalItem {
    /// The part.
    pub needed: NeededPart,
    /// What counts; nothing while it is awaited.
    pub check: Option<OriginalCheckRow>,
}

/// A record in clear, for staff.
#[derive(Clone, Debug)]
pub struct OriginalRecord {
    /// The stored row.
    pub row: OriginalCheckRow,
    /// What was said of it.
    pub note: Option<String>,
    /// Who saw it.
    pub officer: Option<OfficerLabel>,
}

/// The originals of a case.
#[derive(Clone, Debug)]
pub struct Originals {
    /// The parts, in the order of the procedure.
    pub items: Vec<OriginalItem>,
    /// How many of them stand against a grant.
    pub open: usize,
    /// Every record, in order; for staff only.
    pub history: Vec<OriginalRecord>,
}

/// Which originals a case needs and what was seen of them, for its parties and its department; who saw what, for staff only.
pub async fn get(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<Originals, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let case = cases::open(tx, &inner, &body, id, Action::ReadCase)?;
        Ok::<_, Failure>((access::reader(&case.actor), read(tx, &inner, &case)?))
    });
    let (reader, found) = read.await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "originals", &[id]).await?;
    }
    Ok(found)
}

/// Records what an officer saw of a part.
pub async fn record(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    statement: OriginalStatement,
) -> Result<Effect<Originals>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let put = |tx: &mut Tx<'_>, now| {
            let mut case = cases::open(tx, &ctx, &request.tenant, id, Action::Review)?;
            state(tx, &ctx, &mut case, &statement, now)?;
            Ok(Made { resource_id: id.to_string(), value: read(tx, &ctx, &case)? })
        };
        once(tx, &request, "originals", put, |tx, _| {
            let case = cases::open(tx, &ctx, &request.tenant, id, Action::Review)?;
            read(tx, &ctx, &case)
        })
    })
    .await
}

fn state(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    statement: &OriginalStatement,
    now: Timestamp,
) -> Result<(), Failure> {
    let parts = parts(tx, ctx, case)?;
    let days = (case.arrival_day(now), jst_day(now));
    let state = case.state.name();
    let part = recordable(&parts, statement, state, days).map_err(|refused| match refused {
        Unrecordable::WrongState => Refusal::WrongState { state },
        Unrecordable::Faults(faults) => Refusal::Invalid(faults),
    })?;
    let officer_id = review::officer(case)?.officer;
    let (tenant_id, id) = (case.row.tenant_id.clone(), case.row.id);
    let before = original_checks::of_case(tx, &tenant_id, id)?.last().map_or(0, |row| row.check_no);
    let check_no = before.saturating_add(1);
    let note = Some(statement.note.trim()).filter(|note| !note.is_empty());
    let place = original_checks::note_place(id, check_no);
    let row = OriginalCheckRow {
        tenant_id,
        application_id: id,
        check_no,
        part: part.part.as_str().to_owned(),
        code: part.part.code().map(str::to_owned),
        attachment_id: part.attachment,
        way: statement.shown_by.as_str().to_owned(),
        identity_check: statement.identity_check.map(IdentityCheck::as_str).map(str::to_owned),
        result: statement.result.as_str().to_owned(),
        seen_on: statement.seen_on.into(),
        sealed_note: note.map(|note| case.key.seal_json(&place, &note, ctx.core.ids.as_ref())),
        officer_id,
        recorded_at: Micros(now),
    };
    original_checks::insert(tx, &row)?;
    let facts = json!({
        "part": row.part,
        "code": row.code,
        "attachment": row.attachment_id,
        "way": row.way,
        "identity_check": row.identity_check,
        "result": row.result,
        "seen_on": statement.seen_on.to_string(),
    });
    case.record(tx, "original_seen", facts, None)?;
    case.save(tx)
}

/// The parts that a case needs as it stands: the files that are present count.
fn parts(tx: &mut impl Reads, ctx: &Ctx, case: &OpenCase) -> Result<Vec<NeededPart>, Failure> {
    let procedure = pinned(ctx, &case.row)?;
    let present = attachments::of_case(tx, &case.row.tenant_id, case.row.id)?;
    let files: Vec<_> = present.into_iter().map(|file| (file.code, file.id)).collect();
    Ok(needed(&procedure.definition, &files))
}

fn seen(rows: &[OriginalCheckRow]) -> Result<Vec<SeenPart>, Failure> {
    rows.iter().map(|row| Ok(row.seen()?)).collect()
}

fn read(tx: &mut impl Reads, ctx: &Ctx, case: &OpenCase) -> Result<Originals, Failure> {
    let parts = parts(tx, ctx, case)?;
    let rows = original_checks::of_case(tx, &case.row.tenant_id, case.row.id)?;
    let records = seen(&rows)?;
    let open = missing(&parts, &records).len();
    let item = |part: NeededPart| {
        let check = counts(&part, &records).and_then(|place| rows.get(place)).cloned();
        OriginalItem { needed: part, check }
    };
    let items = parts.into_iter().map(item).collect();
    let is_staff = matches!(case.actor, Actor::Officer(_));
    let history = if is_staff { history(tx, ctx, case, rows)? } else { Vec::new() };
    Ok(Originals { items, open, history })
}

fn history(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    rows: Vec<OriginalCheckRow>,
) -> Result<Vec<OriginalRecord>, Failure> {
    let officers = rows.iter().map(|row| row.officer_id).collect();
    let labels = officer_labels::labels(tx, &ctx.core, &case.row.tenant_id, officers)?;
    let record = |row: OriginalCheckRow| {
        let place = original_checks::note_place(row.application_id, row.check_no);
        let note = row.sealed_note.as_ref().map(|sealed| case.key.open_json(&place, sealed)).transpose()?;
        Ok(OriginalRecord { officer: labels.get(&row.officer_id).cloned(), note, row })
    };
    rows.into_iter().map(record).collect()
}

/// Refuses a grant while a part that is needed for it was not seen, or differs; all of them are named.
pub(super) fn refuse_unseen(tx: &mut impl Reads, ctx: &Ctx, case: &OpenCase) -> Result<(), Failure> {
    refuse_unseen_for(tx, ctx, case, NeededFor::Grant)
}

/// Refuses to hand over what was granted while a part that is given in exchange for it (引換え) was not seen, or differs.
pub(super) fn refuse_unexchanged(tx: &mut impl Reads, ctx: &Ctx, case: &OpenCase) -> Result<(), Failure> {
    refuse_unseen_for(tx, ctx, case, NeededFor::Handover)
}

fn refuse_unseen_for(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    purpose: NeededFor,
) -> Result<(), Failure> {
    let parts = parts(tx, ctx, case)?;
    if parts.is_empty() {
        return Ok(());
    }
    let rows = original_checks::of_case(tx, &case.row.tenant_id, case.row.id)?;
    let open = missing_for(purpose, &parts, &seen(&rows)?);
    if open.is_empty() { Ok(()) } else { Err(CaseworkRefusal::OriginalsNotSeen(open).into()) }
}
