//! Review (審査): officers take cases up, hand them over, note, and close checked notifications (収受).
//!
//! A case has at most one officer in charge. Two who claim at once are served one after the other, because the case is
//! the root of the write; the second is told that another has it.

use serde_json::json;

use super::cases::{self, OpenCase};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::officer_labels::{self, OfficerLabel};
use super::{Ctx, Effect, Failure, Refusal, access, intake, takeover};
use crate::domain::application::Command;
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, OfficerId, TenantCode};
use crate::domain::policy::{Action, Actor, OfficerAuthority, Post, Role};
use crate::domain::procedure::ProcedureKind;
use crate::store::applications::ApplicationRow;
use crate::store::notes::{self, NoteRow};
use crate::store::sql::Micros;
use crate::store::{Root, Tx, officers};

/// The most characters of a note.
const LONGEST_NOTE: usize = 10_000;

/// Takes a waiting case up.
pub async fn claim(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
) -> Result<Effect<ApplicationRow>, Failure> {
    act(ctx, request, id, |tx, _, case| claim_case(tx, case)).await
}

/// Takes a case over that somebody else has claimed: a superior always, a colleague when the claim is over.
pub async fn take_over(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
) -> Result<Effect<ApplicationRow>, Failure> {
    act(ctx, request, id, takeover::take_over).await
}

/// Gives a case back to the queue: its officer, or a superior of the department.
pub async fn release(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
) -> Result<Effect<ApplicationRow>, Failure> {
    act(ctx, request, id, |tx, _, case| release_case(tx, case)).await
}

/// Hands a case to a colleague of the department: its officer or a superior; a waiting case by anybody who reviews.
pub async fn assign(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    colleague: OfficerId,
) -> Result<Effect<ApplicationRow>, Failure> {
    act(ctx, request, id, move |tx, _, case| assign_case(tx, case, colleague)).await
}

/// [`claim`], inside a write.
pub(super) fn claim_case(tx: &mut Tx<'_>, case: &mut OpenCase) -> Result<(), Failure> {
    let officer = officer(case)?.officer;
    case.step(Command::Claim(officer))?;
    case.record(tx, "claimed", json!({ "assignee": officer }), None)
}

/// [`release`], inside a write.
pub(super) fn release_case(tx: &mut Tx<'_>, case: &mut OpenCase) -> Result<(), Failure> {
    let before = case.state.assignee();
    case.step(Command::Release)?;
    if before != Some(officer(case)?.officer) && !is_superior(case)? {
        return Err(Refusal::Forbidden.into());
    }
    case.record(tx, "released", json!({ "from": before }), None)
}

/// [`assign`], inside a write.
pub(super) fn assign_case(tx: &mut Tx<'_>, case: &mut OpenCase, colleague: OfficerId) -> Result<(), Failure> {
    let before = case.state.assignee();
    case.step(Command::Assign(colleague))?;
    let mine = before.is_none_or(|assignee| officer(case).is_ok_and(|me| me.officer == assignee));
    if !mine && !is_superior(case)? {
        return Err(Refusal::Forbidden.into());
    }
    let posts = officers::posts_in_force(tx, &case.row.tenant_id, colleague, jst_day(tx.now()))?;
    if !serves(&posts, &case.row.department) {
        return Err(Refusal::Invalid(vec![not_in_department("/officer")]).into());
    }
    case.record(tx, "assigned", json!({ "from": before, "assignee": colleague }), None)
}

/// Whether one of these posts is a desk of the department that works on cases.
pub(super) fn serves(posts: &[Post], department: &str) -> bool {
    posts.iter().any(|post| post.department == department && post.role.works_on_cases())
}

/// The fault of naming somebody who has no desk in the department.
pub(super) fn not_in_department(pointer: &str) -> Fault {
    let (ja, en) = ("この課の職員ではありません。", "This officer does not serve in the department.");
    Fault::new(pointer, "not_in_department", ja, en)
}

/// Closes a notification whose entries were checked (収受); an application ends with its decision.
pub async fn close(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
) -> Result<Effect<ApplicationRow>, Failure> {
    act(ctx, request, id, |tx, _, case| {
        if case.kind == ProcedureKind::Application {
            return Err(Refusal::WrongState { state: case.state.name() }.into());
        }
        let assignee = case.state.assignee();
        case.step(Command::Close)?;
        if assignee != Some(officer(case)?.officer) {
            return Err(Refusal::Forbidden.into());
        }
        case.record(tx, "closed", json!({}), None)
    })
    .await
}

/// A note in clear.
#[derive(Clone, Debug)]
pub struct Note {
    /// The stored row.
    pub row: NoteRow,
    /// What it says.
    pub text: String,
    /// Who wrote it.
    pub author: Option<OfficerLabel>,
}

/// Writes a note for colleagues; applicants never see it.
pub async fn note(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    text: String,
) -> Result<Effect<Note>, Failure> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > LONGEST_NOTE {
        let ja = format!("メモは1～{LONGEST_NOTE}文字で入力してください。");
        let en = format!("A note has 1 to {LONGEST_NOTE} characters.");
        return Err(Refusal::Invalid(vec![Fault::new("/text", "length", ja, en)]).into());
    }
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let write = |tx: &mut Tx<'_>, now| {
            let mut case = cases::open(tx, &ctx, &request.tenant, id, Action::Review)?;
            let (note_id, author) = (tx.new_id(), officer(&case)?.officer);
            let place = notes::text_place(note_id);
            let row = NoteRow {
                tenant_id: case.row.tenant_id.clone(),
                id: note_id.to_string(),
                application_id: id,
                officer_id: author,
                sealed_text: case.key.seal(&place, text.as_bytes(), ctx.core.ids.as_ref()),
                created_at: Micros(now),
            };
            let resource_id = row.id.clone();
            let value = open_notes(tx, &ctx, &case, vec![row.clone()])?.into_iter().next();
            let value = value.ok_or_else(|| Failure::Internal("a note got lost".to_owned()))?;
            notes::insert(tx, &row)?;
            case.record(tx, NOTE_ADDED, json!({ "note": row.id }), None)?;
            case.save(tx)?;
            Ok(Made { value, resource_id })
        };
        once(tx, &request, "note", write, |tx, note_id| {
            let case = cases::open(tx, &ctx, &request.tenant, id, Action::Review)?;
            let rows = notes::of_case(tx, &request.tenant, id)?;
            let rows = rows.into_iter().filter(|row| row.id == note_id).collect();
            open_notes(tx, &ctx, &case, rows)?.pop().ok_or_else(|| Refusal::NotFound.into())
        })
    })
    .await
}

/// The notes of a case, for staff of its department.
pub async fn list_notes(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<Vec<Note>, Failure> {
    let inner = ctx.clone();
    let body = tenant.clone();
    let (reader, notes) = ctx
        .core
        .db
        .read(move |tx| {
            let case = cases::open(tx, &inner, &body, id, Action::Review)?;
            let rows = notes::of_case(tx, &body, id)?;
            Ok::<_, Failure>((officer(&case)?.officer, open_notes(tx, &inner, &case, rows)?))
        })
        .await?;
    access::record(&ctx, &tenant, reader, "notes", &[id]).await?;
    Ok(notes)
}

/// The kind of the event of a note; applicants do not see it.
pub(super) const NOTE_ADDED: &str = "note_added";

fn open_notes(
    tx: &mut impl crate::store::Reads,
    ctx: &Ctx,
    case: &OpenCase,
    rows: Vec<NoteRow>,
) -> Result<Vec<Note>, Failure> {
    let authors = rows.iter().map(|row| row.officer_id).collect();
    let labels = officer_labels::labels(tx, &ctx.core, &case.row.tenant_id, authors)?;
    let open = |row: NoteRow| {
        let note_id = row.id.parse().map_err(|_| Failure::Internal(format!("the note id {}", row.id)))?;
        let text = case.key.open(&notes::text_place(note_id), &row.sealed_text)?;
        let text = String::from_utf8(text).map_err(|_| Failure::Internal(format!("the note {note_id}")))?;
        Ok(Note { text, author: labels.get(&row.officer_id).cloned(), row })
    };
    rows.into_iter().map(open).collect()
}

/// The officer who acts; the policy lets nobody else review.
pub(super) fn officer(case: &OpenCase) -> Result<&OfficerAuthority, Refusal> {
    match &case.actor {
        Actor::Officer(authority) => Ok(authority),
        Actor::Person(_) | Actor::Anonymous => Err(Refusal::Forbidden),
    }
}

/// Whether the officer leads the department (グループマネージャー, 課長代理, 課長).
pub(super) fn leads(officer: &OfficerAuthority, department: &str) -> bool {
    let leads = |role: Role| matches!(role, Role::GroupManager | Role::DeputyChief | Role::SectionChief);
    officer.posts.iter().any(|post| post.department == department && leads(post.role))
}

fn is_superior(case: &OpenCase) -> Result<bool, Refusal> {
    Ok(leads(officer(case)?, &case.row.department))
}

/// One step of review on one case; what a replayed key gets is the case as it is now.
async fn act(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    step: impl Fn(&mut Tx<'_>, &Ctx, &mut OpenCase) -> Result<(), Failure> + Send + 'static,
) -> Result<Effect<ApplicationRow>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let take = |tx: &mut Tx<'_>, _| {
            let mut case = cases::open(tx, &ctx, &request.tenant, id, Action::Review)?;
            step(tx, &ctx, &mut case)?;
            case.save(tx)?;
            Ok(Made { value: case.row, resource_id: id.to_string() })
        };
        once(tx, &request, "application", take, |tx, id| intake::present(tx, &ctx, &request.tenant, id))
    })
    .await
}
