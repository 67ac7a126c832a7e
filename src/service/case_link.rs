//! Linking two cases of one body (関連案件): both show it, to whoever may see both.
//!
//! A link never reveals a case: of one that is hidden from the reader the list, the record of events and every refusal say
//! as much as of one that does not exist.

use jiff::Timestamp;
use serde_json::json;

use super::cases::{self, OpenCase};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::intake::refuse_faults;
use super::office_refusal::OfficeRefusal;
use super::{Ctx, Effect, Failure, Refusal, access, review};
use crate::domain::case_link::{LinkKind, LinkSide, MOST_LINKS};
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, CaseLinkId, OfficerId, TenantCode};
use crate::domain::message::text_faults;
use crate::domain::policy::{Action, Actor};
use crate::store::applications::ApplicationRow;
use crate::store::case_links::{self, CaseLinkRow};
use crate::store::sql::Micros;
use crate::store::{Reads, Root, Tx};

/// A link that somebody wants.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// The other case.
    pub other: ApplicationId,
    /// What this case is to the other.
    pub kind: LinkKind,
    /// Why.
    pub reason: String,
}

/// A link as one of its cases shows it.
#[derive(Clone, Debug)]
pub struct CaseLink {
    /// The stored row.
    pub row: CaseLinkRow,
    /// On which side the case that shows it stands.
    pub side: LinkSide,
    /// The other case.
    pub other: ApplicationRow,
    /// Why, for staff.
    pub reason: Option<String>,
}

/// Links a case to another one of the body; for staff who work on the one and may see the other.
pub async fn link(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    new: NewLink,
) -> Result<Effect<CaseLink>, Failure> {
    let db = ctx.core.db.clone();
    let roots = vec![Root::Application(id), Root::Application(new.other)];
    db.write_alone(roots, move |tx| {
        let put = |tx: &mut Tx<'_>, now| put(tx, &ctx, &request.tenant, id, &new, now);
        once(tx, &request, "case_link", put, |tx, link| {
            let link = link.parse().map_err(|_| Failure::Internal("a link's id".to_owned()))?;
            let row = case_links::find(tx, &request.tenant, link)?.ok_or(Refusal::NotFound)?;
            let case = cases::open(tx, &ctx, &request.tenant, id, Action::Review)?;
            shown(tx, &ctx, &case, row)?.ok_or_else(|| Refusal::NotFound.into())
        })
    })
    .await
}

fn put(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
    new: &NewLink,
    now: Timestamp,
) -> Result<Made<CaseLink>, Failure> {
    let mut case = cases::open(tx, ctx, tenant, id, Action::Review)?;
    let other = visible(tx, ctx, tenant, new.other)?.filter(|_| new.other != id);
    let mut faults = text_faults("/reason", &new.reason, 1);
    if other.is_none() {
        let (ja, en) = ("関連付けられる案件ではありません。", "This is no case that can be linked.");
        faults.push(Fault::new("/application", "unknown_application", ja, en));
    }
    let known = case_links::of_case(tx, tenant, id)?;
    if known.len() >= MOST_LINKS {
        let (ja, en) = ("関連案件が多すぎます。", "There are too many links already.");
        faults.push(Fault::new("", "too_many", ja, en));
    }
    refuse_faults(faults)?;
    let mut other = other.ok_or(Refusal::NotFound)?;
    // Of two cases one precedes, renews, doubles the other: never each the other.
    let is_pair = |row: &CaseLinkRow| row.application_id == new.other || row.other_id == new.other;
    if known.iter().any(|row| is_pair(row) && row.kind == new.kind.as_str()) {
        return Err(OfficeRefusal::AlreadyLinked.into());
    }
    let link = CaseLinkId(tx.new_id());
    let reason = new.reason.trim();
    let row = CaseLinkRow {
        tenant_id: tenant.clone(),
        id: link,
        application_id: id,
        other_id: new.other,
        kind: new.kind.as_str().to_owned(),
        sealed_reason: case.key.seal(
            &case_links::reason_place(link),
            reason.as_bytes(),
            ctx.core.ids.as_ref(),
        ),
        linked_by: review::officer(&case)?.officer,
        linked_at: Micros(now),
        sealed_end_reason: None,
        ended_by: None,
        ended_at: None,
    };
    case_links::insert(tx, &row)?;
    record(tx, [&mut case, &mut other], "case_linked", &row)?;
    let (side, reason) = (LinkSide::Subject, Some(reason.to_owned()));
    Ok(Made { value: CaseLink { row, side, other: other.row, reason }, resource_id: link.to_string() })
}

/// The record of each case says that there was a link, and not to which case: whoever reads it may not know the other.
fn record(
    tx: &mut Tx<'_>,
    cases: [&mut OpenCase; 2],
    event: &'static str,
    row: &CaseLinkRow,
) -> Result<(), Failure> {
    for case in cases {
        let facts = json!({ "link": row.id, "kind": row.kind });
        case.record(tx, event, facts, None)?;
        case.save(tx)?;
    }
    Ok(())
}

/// The case, if the caller may see it.
fn visible(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Option<OpenCase>, Failure> {
    match cases::open(tx, ctx, tenant, id, Action::ReadCase) {
        Ok(case) => Ok(Some(case)),
        Err(Failure::Refused(Refusal::NotFound | Refusal::Forbidden)) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Ends a link, for a reason; for staff who work on one of the two cases. Ending it twice changes nothing.
pub async fn end(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: CaseLinkId,
    reason: String,
) -> Result<Effect<()>, Failure> {
    let (db, body) = (ctx.core.db.clone(), request.tenant.clone());
    let found = db.read(move |tx| Ok::<_, Failure>(case_links::find(tx, &body, id)?)).await?;
    let pair = found.map(|row| (row.application_id, row.other_id)).ok_or(Refusal::NotFound)?;
    let roots = vec![Root::Application(pair.0), Root::Application(pair.1)];
    db.write_alone(roots, move |tx| {
        let end = |tx: &mut Tx<'_>, now| {
            let me = worker(tx, &ctx, &request.tenant, pair)?;
            let row = case_links::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
            let made = Made { value: (), resource_id: id.to_string() };
            if row.ended_at.is_some() {
                return Ok(made);
            }
            refuse_faults(text_faults("/reason", &reason, 1))?;
            let mut subject = cases::open_for_system(tx, &ctx.core, &request.tenant, row.application_id)?;
            let mut object = cases::open_for_system(tx, &ctx.core, &request.tenant, row.other_id)?;
            let sealed =
                subject.key.seal(&case_links::end_place(id), reason.trim().as_bytes(), ctx.core.ids.as_ref());
            let row = CaseLinkRow {
                sealed_end_reason: Some(sealed),
                ended_by: Some(me.1),
                ended_at: Some(Micros(now)),
                ..row
            };
            case_links::end(tx, &row)?;
            (subject.actor, object.actor) = (me.0.clone(), me.0);
            record(tx, [&mut subject, &mut object], "case_unlinked", &row)?;
            Ok(made)
        };
        once(tx, &request, "ended_case_link", end, |_, _| Ok(()))
    })
    .await
}

/// The officer who works on one of two cases, or the refusal of the first one that the caller may see.
fn worker(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    pair: (ApplicationId, ApplicationId),
) -> Result<(Actor, OfficerId), Failure> {
    let case = match cases::open(tx, ctx, tenant, pair.0, Action::Review) {
        Err(Failure::Refused(first)) => match cases::open(tx, ctx, tenant, pair.1, Action::Review) {
            Err(Failure::Refused(Refusal::NotFound)) => return Err(first.into()),
            second => second?,
        },
        first => first?,
    };
    Ok((case.actor.clone(), review::officer(&case)?.officer))
}

/// The links of a case to cases that the reader may see; of the others nothing.
pub async fn list(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<Vec<CaseLink>, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let case = cases::open(tx, &inner, &body, id, Action::ReadCase)?;
        let mut items = Vec::new();
        for row in case_links::of_case(tx, &body, id)? {
            items.extend(shown(tx, &inner, &case, row)?);
        }
        Ok::<_, Failure>((access::reader(&case.actor), items))
    });
    let (reader, items) = read.await?;
    if let Some(officer) = reader {
        let mut seen = vec![id];
        seen.extend(items.iter().map(|link| link.other.id));
        access::record(&ctx, &tenant, officer, "case_links", &seen).await?;
    }
    Ok(items)
}

/// A link as `case` shows it, unless the other case is hidden from the caller.
fn shown(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    row: CaseLinkRow,
) -> Result<Option<CaseLink>, Failure> {
    let is_subject = row.application_id == case.row.id;
    let other = if is_subject { row.other_id } else { row.application_id };
    let Some(other) = visible(tx, ctx, &case.row.tenant_id, other)? else { return Ok(None) };
    let side = if is_subject { LinkSide::Subject } else { LinkSide::Object };
    let key = if is_subject { &case.key } else { &other.key };
    let reason = match case.actor {
        Actor::Officer(_) => Some(key.open(&case_links::reason_place(row.id), &row.sealed_reason)?),
        Actor::Person(_) | Actor::Anonymous => None,
    };
    let reason = reason.map(|text| String::from_utf8_lossy(&text).into_owned());
    Ok(Some(CaseLink { row, side, other: other.row, reason }))
}
