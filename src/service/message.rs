//! Messages between applicant and office (連絡): written once, read, and told of by a mail that says nothing of them.
//!
//! A message is never changed. What the other side has read first is marked before it is shown. The mail leaves from the
//! outbox, so there is one for each message, and neither its subject nor its text says more than that there is something. Whoever came
//! on paper gets a letter in the place of the mail ([`super::letter_to_send`]).

use jiff::Timestamp;
use serde_json::json;

use super::cases::{self, OpenCase, event_actor};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::intake::refuse_faults;
use super::office_refusal::OfficeRefusal;
use super::officer_labels::{self, OfficerLabel};
use super::{Ctx, Effect, Failure, Refusal, access, review};
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, AttachmentId, MessageId, OfficerId, TenantCode};
use crate::domain::message::{
    MOST_ATTACHMENTS, MessageKind, MessageText, NotNow, Side, Stance, may_write, text_faults,
};
use crate::domain::policy::{Action, Actor};
use crate::store::messages::{self, GuidanceRefusalRow, MessageRow};
use crate::store::sql::{Json, Micros};
use crate::store::{Reads, Root, Tx, attachments, jobs, officers};

/// The job that tells the applicant of a message; its subject is the case's id and the message's.
pub const NOTIFY_MESSAGE: &str = "notify_message";
/// The job that tells the officer in charge of one; its subject is the same.
pub const NOTIFY_OFFICE: &str = "notify_office";
/// Messages of one page.
pub const PAGE: i64 = 50;

/// A message that somebody wants to write.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// What it is.
    pub kind: MessageKind,
    /// What it says.
    pub text: MessageText,
    /// Documents of the case that it names.
    pub attachments: Vec<AttachmentId>,
}

/// A message in clear.
#[derive(Clone, Debug)]
pub struct Message {
    /// The stored row.
    pub row: MessageRow,
    /// What it says.
    pub text: MessageText,
    /// Who wrote it, if an officer did.
    pub author: Option<OfficerLabel>,
    /// Who answers for oral guidance.
    pub responsible: Option<OfficerLabel>,
    /// When the other side read it first.
    pub read_at: Option<Timestamp>,
}

/// A page of the messages of a case.
#[derive(Clone, Debug)]
pub struct MessagePage {
    /// Newest first.
    pub items: Vec<Message>,
    /// The message after which the list goes on; none at its end.
    pub next: Option<MessageId>,
    /// When the applicant stated not to follow guidance.
    pub guidance_refused_at: Option<Timestamp>,
}

/// Writes a message to the other side.
pub async fn write(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    new: NewMessage,
) -> Result<Effect<Message>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let put = |tx: &mut Tx<'_>, now| put(tx, &ctx, &request.tenant, id, &new, now);
        once(tx, &request, "message", put, |tx, message| {
            let case = cases::open(tx, &ctx, &request.tenant, id, Action::Converse)?;
            let message = message.parse().map_err(|_| Failure::Internal("a message's id".to_owned()))?;
            let found = messages::find(tx, &request.tenant, message)?.ok_or(Refusal::NotFound)?;
            opened(tx, &ctx, &case, vec![found])?.pop().ok_or_else(|| Refusal::NotFound.into())
        })
    })
    .await
}

fn put(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
    new: &NewMessage,
    now: Timestamp,
) -> Result<Made<Message>, Failure> {
    let mut case = cases::open(tx, ctx, tenant, id, Action::Converse)?;
    let side = side(&case)?;
    let refused = messages::guidance_refusal(tx, tenant, id)?;
    let stance = refused.map_or(Stance::Silent, |_| Stance::Unwilling);
    may_write(new.kind, case.state.name(), stance).map_err(not_now)?;
    // Whoever came on paper reads nothing here: the mail that nobody gets is a letter of the department then.
    let reads_nowhere = case.parties.is_empty() && case.paper.is_none();
    if side == Side::Office && reads_nowhere && new.kind != MessageKind::OralGuidance {
        return Err(OfficeRefusal::NobodyToRead.into());
    }
    refuse_faults(faults(tx, &case, new, side, now)?)?;
    let message = MessageId(tx.new_id());
    let actor = event_actor(&case.actor);
    let place = messages::text_place(message);
    let row = MessageRow {
        tenant_id: tenant.clone(),
        id: message,
        application_id: id,
        side: side.as_str().to_owned(),
        kind: new.kind.as_str().to_owned(),
        author_id: actor.id,
        sealed_text: case.key.seal_json(&place, &new.text, ctx.core.ids.as_ref()),
        attachments: Json(new.attachments.clone()),
        written_at: Micros(now),
    };
    let value = opened(tx, ctx, &case, vec![(row.clone(), None)])?.pop();
    let value = value.ok_or_else(|| Failure::Internal("a message got lost".to_owned()))?;
    messages::insert(tx, &row)?;
    let facts = json!({ "message": message, "kind": row.kind, "side": row.side });
    case.record(tx, "message_written", facts, None)?;
    let told = if side == Side::Office { NOTIFY_MESSAGE } else { NOTIFY_OFFICE };
    jobs::enqueue(tx, tenant.as_str(), told, &format!("{id}:{message}"), now)?;
    case.save(tx)?;
    Ok(Made { value, resource_id: message.to_string() })
}

fn side(case: &OpenCase) -> Result<Side, Refusal> {
    match case.actor {
        Actor::Person(_) => Ok(Side::Applicant),
        Actor::Officer(_) => Ok(Side::Office),
        Actor::Anonymous => Err(Refusal::NotSignedIn),
    }
}

fn not_now(reason: NotNow) -> Failure {
    match reason {
        NotNow::State(state) => Refusal::WrongState { state }.into(),
        NotNow::GuidanceRefused => OfficeRefusal::GuidanceRefused.into(),
    }
}

fn faults(
    tx: &mut impl Reads,
    case: &OpenCase,
    new: &NewMessage,
    side: Side,
    now: Timestamp,
) -> Result<Vec<Fault>, Failure> {
    let mut faults = new.text.faults(new.kind, side);
    if let Some(record) = new.text.guidance.as_ref().filter(|_| side == Side::Office) {
        let posts = officers::posts_in_force(tx, &case.row.tenant_id, record.responsible, jst_day(now))?;
        if !review::serves(&posts, &case.row.department) {
            faults.push(review::not_in_department("/guidance/responsible"));
        }
    }
    if new.attachments.len() > MOST_ATTACHMENTS {
        let ja = format!("添付は{MOST_ATTACHMENTS}件までです。");
        let en = format!("A message names {MOST_ATTACHMENTS} documents at the most.");
        faults.push(Fault::new("/attachments", "count", ja, en));
    } else if !new.attachments.is_empty() {
        let present = attachments::of_case(tx, &case.row.tenant_id, case.row.id)?;
        let unknown = |attachment: &AttachmentId| !present.iter().any(|row| row.id == *attachment);
        let named = new.attachments.iter().enumerate().filter(|(_, attachment)| unknown(attachment));
        let (ja, en) = ("この案件の書類ではありません。", "The case has no such document.");
        faults.extend(
            named.map(|(index, _)| Fault::new(format!("/attachments/{index}"), "unknown_attachment", ja, en)),
        );
    }
    Ok(faults)
}

/// A page of the messages of a case; what the other side wrote is marked as read before it is shown.
pub async fn list(
    ctx: Ctx,
    tenant: TenantCode,
    id: ApplicationId,
    before: Option<MessageId>,
) -> Result<MessagePage, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let (case, mut page) = ctx
        .core
        .db
        .read(move |tx| {
            let case = cases::open(tx, &inner, &body, id, Action::Converse)?;
            let rows = messages::page(tx, &body, id, before, PAGE)?;
            let is_full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= PAGE;
            let next = rows.last().filter(|_| is_full).map(|(row, _)| row.id);
            let refused = messages::guidance_refusal(tx, &body, id)?;
            let items = opened(tx, &inner, &case, rows)?;
            let guidance_refused_at = refused.map(|row| row.stated_at.0);
            Ok::<_, Failure>((case, MessagePage { items, next, guidance_refused_at }))
        })
        .await?;
    mark_read(&ctx, &tenant, &case, &mut page).await?;
    if let Some(officer) = access::reader(&case.actor) {
        access::record(&ctx, &tenant, officer, "messages", &[id]).await?;
    }
    Ok(page)
}

/// Marks what the other side wrote; two who read at once leave one mark.
async fn mark_read(
    ctx: &Ctx,
    tenant: &TenantCode,
    case: &OpenCase,
    page: &mut MessagePage,
) -> Result<(), Failure> {
    let wrote = side(case)?.other().as_str();
    let is_new = |message: &&mut Message| message.read_at.is_none() && message.row.side == wrote;
    let unread: Vec<MessageId> = page.items.iter_mut().filter(is_new).map(|message| message.row.id).collect();
    if unread.is_empty() {
        return Ok(());
    }
    let (tenant, reader) = (tenant.clone(), event_actor(&case.actor).id);
    let mark = move |tx: &mut Tx<'_>| {
        for message in &unread {
            messages::mark_read(tx, &tenant, *message, &reader)?;
        }
        Ok::<_, Failure>(tx.now())
    };
    let read_at = ctx.core.db.write(Root::Application(case.row.id), mark).await?;
    for message in page.items.iter_mut().filter(is_new) {
        message.read_at = Some(read_at);
    }
    Ok(())
}

fn opened(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    rows: Vec<(MessageRow, Option<Micros>)>,
) -> Result<Vec<Message>, Failure> {
    let open = |(row, read_at): (MessageRow, Option<Micros>)| {
        let text: MessageText = case.key.open_json(&messages::text_place(row.id), &row.sealed_text)?;
        Ok::<_, Failure>(Message {
            row,
            text,
            author: None,
            responsible: None,
            read_at: read_at.map(|at| at.0),
        })
    };
    let mut found = rows.into_iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let author = |message: &Message| message.row.author_id.parse().ok();
    let responsible = |message: &Message| message.text.guidance.as_ref().map(|record| record.responsible);
    let named: Vec<OfficerId> =
        found.iter().flat_map(|message| author(message).into_iter().chain(responsible(message))).collect();
    let labels = officer_labels::labels(tx, &ctx.core, &case.row.tenant_id, named)?;
    for message in &mut found {
        let is_office = message.row.side == Side::Office.as_str();
        message.author = author(message).filter(|_| is_office).and_then(|id| labels.get(&id).cloned());
        message.responsible = responsible(message).and_then(|id| labels.get(&id).cloned());
    }
    Ok(found)
}

/// A statement not to follow guidance, in clear.
#[derive(Clone, Debug)]
pub struct GuidanceRefusal {
    /// The stored row.
    pub row: GuidanceRefusalRow,
    /// What was said.
    pub statement: Option<String>,
}

/// Records that the applicant follows no guidance: the applicant says so, or the office writes down what was said.
/// The first statement stays; saying it again changes nothing.
pub async fn refuse_guidance(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    statement: Option<String>,
) -> Result<Effect<GuidanceRefusal>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let state = |tx: &mut Tx<'_>, now| {
            let mut case = cases::open(tx, &ctx, &request.tenant, id, Action::Converse)?;
            may_write(MessageKind::Message, case.state.name(), Stance::Silent).map_err(not_now)?;
            let resource_id = id.to_string();
            if let Some(row) = messages::guidance_refusal(tx, &request.tenant, id)? {
                return Ok(Made { value: open_refusal(&case, row)?, resource_id });
            }
            let statement = statement.as_deref().map(str::trim).filter(|text| !text.is_empty());
            refuse_faults(text_faults("/statement", statement.unwrap_or_default(), 0))?;
            let seal = |text: &str| {
                let place = messages::statement_place(id);
                case.key.seal(&place, text.as_bytes(), ctx.core.ids.as_ref())
            };
            let row = GuidanceRefusalRow {
                tenant_id: request.tenant.clone(),
                application_id: id,
                recorded_side: side(&case)?.as_str().to_owned(),
                recorded_by: event_actor(&case.actor).id,
                sealed_statement: statement.map(seal),
                stated_at: Micros(now),
            };
            messages::insert_guidance_refusal(tx, &row)?;
            case.record(tx, "guidance_refused", json!({ "side": row.recorded_side }), None)?;
            case.save(tx)?;
            Ok(Made { value: open_refusal(&case, row)?, resource_id })
        };
        once(tx, &request, "guidance_refusal", state, |tx, _| {
            let case = cases::open(tx, &ctx, &request.tenant, id, Action::Converse)?;
            let row = messages::guidance_refusal(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
            open_refusal(&case, row)
        })
    })
    .await
}

fn open_refusal(case: &OpenCase, row: GuidanceRefusalRow) -> Result<GuidanceRefusal, Failure> {
    let place = messages::statement_place(row.application_id);
    let text = row.sealed_statement.as_deref().map(|sealed| case.key.open(&place, sealed)).transpose()?;
    Ok(GuidanceRefusal { statement: text.map(|text| String::from_utf8_lossy(&text).into_owned()), row })
}
