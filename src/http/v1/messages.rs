//! `…/applications/{id}/messages`: what applicant and office write to each other, and that no guidance is followed.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::mine::cursor;
use super::review::{Assignee, tenant};
use crate::domain::id::{AttachmentId, MessageId, OfficerId};
use crate::domain::message::{GuidanceRecord, MessageKind, MessageText};
use crate::http::contract::{CasePath, ChangeProblems, IdempotencyKeyHeader, PageQuery, ReadProblems};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::respond;
use crate::service::message::{self, GuidanceRefusal, Message, NewMessage};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(create_message).service(list_messages).service(refuse_guidance);
}

/// What a message is.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageWord {
    /// A question, an answer, word of something.
    #[default]
    Message,
    /// Guidance of the office to withdraw or alter the application.
    GuidanceToWithdraw,
    /// Oral guidance of the office, written down on request.
    OralGuidance,
}

impl From<MessageWord> for MessageKind {
    fn from(word: MessageWord) -> Self {
        match word {
            MessageWord::Message => Self::Message,
            MessageWord::GuidanceToWithdraw => Self::GuidanceToWithdraw,
            MessageWord::OralGuidance => Self::OralGuidance,
        }
    }
}

/// Oral guidance in writing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteGuidance {
    /// 趣旨: what it is for.
    purpose: String,
    /// 内容: what was said.
    content: String,
    /// 責任者: the officer who answers for it; holds a post in the department.
    responsible: Uuid,
}

/// A message to the other side.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateMessage {
    /// What it is; the applicant writes plain messages only.
    #[serde(default)]
    #[schema(required = false)]
    kind: MessageWord,
    /// What it says, up to 5,000 characters; may be left out beside a record of guidance.
    #[serde(default)]
    #[schema(required = false, example = "図面の縮尺は1/100でよいでしょうか。")]
    text: String,
    /// The record, of `oral_guidance` only.
    #[serde(default)]
    #[schema(required = false)]
    guidance: Option<WriteGuidance>,
    /// Documents of the case that it names, by their ids; 20 at the most.
    #[serde(default)]
    #[schema(required = false)]
    attachments: Vec<Uuid>,
}

impl From<CreateMessage> for NewMessage {
    fn from(body: CreateMessage) -> Self {
        let guidance = body.guidance.map(|record| GuidanceRecord {
            purpose: record.purpose,
            content: record.content,
            responsible: OfficerId(record.responsible),
        });
        Self {
            kind: body.kind.into(),
            text: MessageText { text: body.text, guidance },
            attachments: body.attachments.into_iter().map(AttachmentId).collect(),
        }
    }
}

/// A record of oral guidance.
#[derive(Serialize, ToSchema)]
pub struct GuidanceBody {
    /// 趣旨.
    purpose: String,
    /// 内容.
    content: String,
    /// 責任者.
    responsible: Assignee,
}

/// A message.
#[derive(Serialize, ToSchema)]
pub struct MessageBody {
    /// The message.
    id: Uuid,
    /// `message`, `guidance_to_withdraw` or `oral_guidance`.
    #[schema(example = "message")]
    kind: String,
    /// Who wrote: `applicant` or `office`.
    #[schema(example = "office")]
    side: String,
    /// The officer who wrote it; null of the applicant's side.
    officer: Option<Assignee>,
    /// What it says.
    text: String,
    /// The record, of oral guidance.
    guidance: Option<GuidanceBody>,
    /// Documents of the case that it names.
    attachments: Vec<Uuid>,
    /// When it was written.
    #[schema(format = DateTime, value_type = String)]
    written_at: String,
    /// When the other side read it first.
    #[schema(format = DateTime, value_type = Option<String>)]
    read_at: Option<String>,
}

impl From<Message> for MessageBody {
    fn from(message: Message) -> Self {
        let Message { row, text, author, responsible, read_at } = message;
        let is_office = row.side == "office";
        let officer = row.author_id.parse().ok().filter(|_| is_office);
        Self {
            id: row.id.0,
            officer: officer.map(|id| Assignee { id, name: author.map(|label| label.name) }),
            text: text.text,
            guidance: text.guidance.map(|record| GuidanceBody {
                purpose: record.purpose,
                content: record.content,
                responsible: Assignee { id: record.responsible.0, name: responsible.map(|label| label.name) },
            }),
            attachments: row.attachments.0.iter().map(|attachment| attachment.0).collect(),
            written_at: row.written_at.0.to_string(),
            read_at: read_at.map(|at| at.to_string()),
            kind: row.kind,
            side: row.side,
        }
    }
}

/// A page of the messages of a case.
#[derive(Serialize, ToSchema)]
pub struct MessageList {
    /// Newest first.
    items: Vec<MessageBody>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
    /// When the applicant stated not to follow guidance; null otherwise.
    #[schema(format = DateTime, value_type = Option<String>)]
    guidance_refused_at: Option<String>,
}

/// A statement not to follow guidance.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefuseGuidance {
    /// What was said, up to 5,000 characters.
    #[serde(default)]
    #[schema(required = false, example = "このまま審査を進めてください。")]
    statement: Option<String>,
}

/// Such a statement, recorded.
#[derive(Serialize, ToSchema)]
pub struct GuidanceRefusalBody {
    /// When it was recorded.
    #[schema(format = DateTime, value_type = String)]
    stated_at: String,
    /// Which side recorded it: `applicant` or `office`.
    #[schema(example = "applicant")]
    side: String,
    /// What was said.
    statement: Option<String>,
}

impl From<GuidanceRefusal> for GuidanceRefusalBody {
    fn from(refusal: GuidanceRefusal) -> Self {
        let GuidanceRefusal { row, statement } = refusal;
        Self { stated_at: row.stated_at.0.to_string(), side: row.recorded_side, statement }
    }
}

/// Write to the other side
///
/// The applicant or an agent writes to the department, its staff to them. A message is never changed; the other side gets a
/// mail that there is one, and who came on paper a letter: a task of the department (`letter_to_send`). A decided case still takes messages, a closed, withdrawn or transferred one does not. Once the
/// applicant has stated not to follow guidance, guidance to withdraw is refused (409 `guidance_refused`).
#[utoipa::path(
    operation_id = "create_message", tag = "applications", params(CasePath, IdempotencyKeyHeader),
    request_body = CreateMessage,
    responses((status = 201, description = "The message", body = MessageBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/messages")]
pub async fn create_message(
    mutation: Mutation<CreateMessage>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let made = message::write(mutation.ctx, mutation.idempotency, id, mutation.body.into()).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &MessageBody::from(made.value)))
}

/// The messages of a case
///
/// For the parties and the department. What the other side wrote counts as read from then on; that staff looked is recorded.
#[utoipa::path(
    operation_id = "list_messages", tag = "applications", params(CasePath, PageQuery),
    responses((status = 200, description = "A page", body = MessageList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/messages")]
pub async fn list_messages(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let before = cursor(page.cursor.as_deref())?.map(MessageId);
    let found = message::list(ctx, tenant(&request)?, segment(&request, "id")?, before).await?;
    Ok(respond::plain(&MessageList {
        items: found.items.into_iter().map(MessageBody::from).collect(),
        next_cursor: found.next.map(|id| id.to_string()),
        guidance_refused_at: found.guidance_refused_at.map(|at| at.to_string()),
    }))
}

/// State that no guidance is followed
///
/// The applicant says so, or staff record what the applicant said by word of mouth; it stands in the case's record from then
/// on, and nobody is asked to withdraw any more. Saying it again changes nothing.
#[utoipa::path(
    operation_id = "refuse_guidance", tag = "applications", params(CasePath, IdempotencyKeyHeader),
    request_body = RefuseGuidance,
    responses((status = 201, description = "It stands in the record", body = GuidanceRefusalBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/guidance-refusal")]
pub async fn refuse_guidance(
    mutation: Mutation<RefuseGuidance>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let statement = mutation.body.statement;
    let made = message::refuse_guidance(mutation.ctx, mutation.idempotency, id, statement).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &GuidanceRefusalBody::from(made.value)))
}
