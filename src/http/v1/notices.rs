//! `…/notices`: how a decision reaches whom it concerns, electronically or by letter.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::decision_changes::PermitOrderBody;
use super::decisions::DecisionBody;
use super::mine::cursor;
use super::queues::DepartmentPath;
use crate::domain::id::{NoticeId, TenantCode};
use crate::domain::issued_document::{DocumentKind, DocumentName};
use crate::domain::notice::Way;
use crate::http::contract::{
    CasePath, ChangeProblems, IdempotencyKeyHeader, PageQuery, ReadProblems, ResourcePath,
};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::{locale, respond};
use crate::service::notice::{self, NoticeText as Text, OpenNotice, Wish};
use crate::service::paper_notice::{self, Letter, LetterAct};
use crate::store::notices::NoticeRow;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_notices)
        .service(choose_notice_way)
        .service(get_notice)
        .service(list_paper_notices)
        .service(post_notice)
        .service(return_notice)
        .service(turn_notice_to_paper);
}

/// By which way a notice goes.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WayWord {
    /// Retrieved here.
    Electronic,
    /// By letter.
    Paper,
}

impl WayWord {
    fn way(self) -> Way {
        match self {
            Self::Electronic => Way::Electronic,
            Self::Paper => Way::Paper,
        }
    }
}

/// How the applicant wants to be told.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChooseNoticeWay {
    /// `electronic` is the consent of R-37; `paper` takes it back.
    way: WayWord,
}

/// The applicant's last word on how to be told.
#[derive(Serialize, ToSchema)]
pub struct NoticeWish {
    /// `electronic`, or `paper`, which it is without any wish.
    #[schema(example = "electronic")]
    way: String,
    /// When it was said; null where nothing was.
    #[schema(format = DateTime)]
    recorded_at: Option<String>,
}

impl NoticeWish {
    fn of(wish: &Wish) -> Self {
        let last = wish.last.as_ref();
        Self {
            way: last.map_or(Way::Paper.as_str().to_owned(), |row| row.way.clone()),
            recorded_at: last.map(|row| row.recorded_at.0.to_string()),
        }
    }
}

/// A step of a notice.
#[derive(Serialize, ToSchema)]
pub struct NoticeAct {
    /// `made`, `arrived`, `posted`, `returned` or `turned_to_paper`.
    #[schema(example = "posted")]
    act: String,
    /// The day it happened, in Japan.
    #[schema(format = Date)]
    happened_on: String,
    /// When it was recorded.
    #[schema(format = DateTime)]
    recorded_at: String,
    /// Tracking number of a posting; why it came back or goes by letter.
    text: Option<String>,
}

/// A notice of a decision, of its correction, or of an order about a permit.
#[derive(Serialize, ToSchema)]
pub struct NoticeView {
    /// The notice.
    id: Uuid,
    /// The case.
    application: Uuid,
    /// `decision`, `correction` or `permit_order`.
    #[schema(example = "decision")]
    about: String,
    /// The decision; of an order about a permit, the decision that granted the permit.
    decision: Uuid,
    /// The version of the decision that a correction made.
    decision_version: Option<i64>,
    /// The order about a permit.
    permit_order: Option<Uuid>,
    /// `electronic` or `paper`.
    #[schema(example = "electronic")]
    way: String,
    /// `available`, `arrived`, `to_print`, `posted` or `returned`.
    #[schema(example = "available")]
    state: String,
    /// When it was made: with the decision.
    #[schema(format = DateTime)]
    made_at: String,
    /// 到達: when the addressee first retrieved it; null before, and of letters.
    #[schema(format = DateTime)]
    arrived_at: Option<String>,
    /// The day of the last posting.
    #[schema(format = Date)]
    posted_on: Option<String>,
    /// Every step, in order.
    acts: Vec<NoticeAct>,
    /// Rises with every change.
    version: i64,
}

impl NoticeView {
    fn of(notice: &OpenNotice) -> Self {
        let row: &NoticeRow = &notice.row;
        let acts = notice.acts.iter().map(|act| NoticeAct {
            act: act.row.act.clone(),
            happened_on: act.row.happened_on.0.to_string(),
            recorded_at: act.row.acted_at.0.to_string(),
            text: act.text.clone(),
        });
        Self {
            id: row.id.0,
            application: row.application_id.0,
            about: row.about.clone(),
            decision: row.decision_id.0,
            decision_version: row.decision_version,
            permit_order: row.permit_order_id.map(|order| order.0),
            way: row.way.clone(),
            state: row.state.clone(),
            made_at: row.made_at.0.to_string(),
            arrived_at: row.arrived_at.map(|at| at.0.to_string()),
            posted_on: row.posted_on.map(|day| day.0.to_string()),
            acts: acts.collect(),
            version: row.version,
        }
    }
}

/// The notices of a case.
#[derive(Serialize, ToSchema)]
pub struct NoticeList {
    /// How the applicant wants to be told.
    wish: NoticeWish,
    /// Oldest first.
    items: Vec<NoticeView>,
    /// Always null: a case has few notices.
    next_cursor: Option<String>,
}

/// A notice with what it says.
#[derive(Serialize, ToSchema)]
pub struct NoticeText {
    /// Where it stands.
    notice: NoticeView,
    /// What the decision says today; null where it is about an order.
    decision: Option<DecisionBody>,
    /// What the order about a permit says; null where it is about a decision.
    permit_order: Option<PermitOrderBody>,
}

/// A letter that waits to be posted.
#[derive(Serialize, ToSchema)]
pub struct PaperNotice {
    /// The notice.
    id: Uuid,
    /// The case.
    application: Uuid,
    /// `decision`, `correction` or `permit_order`.
    #[schema(example = "decision")]
    about: String,
    /// The document of the case to print: `…/documents/{document}`.
    #[schema(example = "decision")]
    document: String,
    /// 受付番号.
    number: Option<String>,
    /// Name of the procedure.
    title: String,
    /// `paper`, or `electronic` where nobody has retrieved it for some days: turn it to paper, and it is printed.
    #[schema(example = "paper")]
    way: String,
    /// `to_print`, `returned` where the post brought it back, or `available` where nobody has retrieved it.
    #[schema(example = "to_print")]
    state: String,
    /// When it was made.
    #[schema(format = DateTime)]
    made_at: String,
    /// The day of the last posting, where it came back.
    #[schema(format = Date)]
    posted_on: Option<String>,
    /// To whom it goes.
    addressee: Option<String>,
    /// The address as it was entered at the counter; null where it stands only in the answers.
    address: Option<String>,
}

impl PaperNotice {
    fn of(letter: &Letter) -> Self {
        let addressee = letter.addressee.as_ref();
        let title = letter.title.clone();
        Self {
            id: letter.row.id.0,
            application: letter.row.application_id.0,
            about: letter.row.about.clone(),
            document: document(&letter.row).to_string(),
            number: letter.number.clone(),
            title: locale::current().locale.pick(title.ja, title.en),
            way: letter.row.way.clone(),
            state: letter.row.state.clone(),
            made_at: letter.row.made_at.0.to_string(),
            posted_on: letter.row.posted_on.map(|day| day.0.to_string()),
            addressee: addressee.map(|addressee| addressee.name.clone()),
            address: addressee.and_then(|addressee| addressee.address.clone()),
        }
    }
}

/// What is printed and put into the envelope: the decision as it stands, or the order.
fn document(row: &NoticeRow) -> DocumentName {
    match row.permit_order_id {
        Some(order) => DocumentName::new(DocumentKind::PermitOrder, order.0),
        None => DocumentName::new(DocumentKind::Decision, row.decision_id.0),
    }
}

/// A page of letters.
#[derive(Serialize, ToSchema)]
pub struct PaperNoticeList {
    /// Oldest first.
    items: Vec<PaperNotice>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// A letter was posted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostNotice {
    /// On which day, in Japan; not before it was made and not in the future.
    #[schema(value_type = String, format = Date, example = "2026-04-02")]
    posted_on: Date,
    /// Number of the post, if it has one.
    #[serde(default)]
    #[schema(required = false, example = "123-45-67890-1")]
    tracking: Option<String>,
}

/// A letter came back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnNotice {
    /// On which day, in Japan; not before it was posted and not in the future.
    #[schema(value_type = String, format = Date, example = "2026-04-09")]
    returned_on: Date,
    /// What the post wrote on it.
    #[schema(example = "あて所に尋ねあたりません")]
    reason: String,
}

/// Why an electronic notice goes by letter after all.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TurnNoticeToPaper {
    /// The reason.
    #[schema(example = "2週間経過しても取得されないため")]
    reason: String,
}

/// The notices of a case
///
/// For the applicant and for staff of the department. Seeing that there is one is not retrieving it.
#[utoipa::path(
    operation_id = "list_notices", tag = "applications", params(CasePath),
    responses((status = 200, description = "The notices", body = NoticeList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/notices")]
pub async fn list_notices(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, _) = (segment(&request, "tenant")?, segment(&request, "id")?);
    let found = notice::list(ctx, tenant, id).await?;
    let items = found.items.iter().map(NoticeView::of).collect();
    Ok(respond::plain(&NoticeList { wish: NoticeWish::of(&found.wish), items, next_cursor: None }))
}

/// Choose how to be told
///
/// For the applicant: with `electronic` the decision is retrieved here instead of coming by letter. The last word
/// counts for decisions that follow it. What the law wants on paper comes on paper all the same.
#[utoipa::path(
    operation_id = "choose_notice_way", tag = "applications", params(CasePath, IdempotencyKeyHeader),
    request_body = ChooseNoticeWay,
    responses((status = 201, description = "It is recorded", body = NoticeWish), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/notice-way")]
pub async fn choose_notice_way(
    mutation: Mutation<ChooseNoticeWay>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let made = notice::wish(mutation.ctx, mutation.idempotency, id, mutation.body.way.way()).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &NoticeWish::of(&made.value)))
}

/// Retrieve a notice
///
/// For the applicant and for staff of the department. The applicant's first retrieval of an electronic notice is its arrival
/// here as by reading the decision, the orders about the permit, or a document of them; staff may look without any
/// effect.
#[utoipa::path(
    operation_id = "get_notice", tag = "applications", params(ResourcePath),
    responses((status = 200, description = "The notice with its text", body = NoticeText), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/notices/{id}")]
pub async fn get_notice(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, NoticeId) = (segment(&request, "tenant")?, segment(&request, "id")?);
    let (notice, text) = notice::get(ctx, tenant, id).await?;
    let notice = NoticeView::of(&notice);
    let (decision, permit_order) = match text {
        Text::Decision(text) => (Some(DecisionBody::from(*text)), None),
        Text::Order(text) => (None, Some(PermitOrderBody::from(*text))),
    };
    Ok(respond::versioned(notice.version, &NoticeText { notice, decision, permit_order }))
}

/// List letters that wait to be posted
///
/// For staff of the department: notices by letter, those that the post brought back among them, and electronic ones that nobody has
/// retrieved for some working days: those are to be turned to paper. That you looked is recorded.
#[utoipa::path(
    operation_id = "list_paper_notices", tag = "review", params(DepartmentPath, PageQuery),
    responses((status = 200, description = "A page", body = PaperNoticeList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/departments/{department}/paper-notices")]
pub async fn list_paper_notices(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let (tenant, department): (TenantCode, _) =
        (segment(&request, "tenant")?, segment(&request, "department")?);
    let after = cursor(page.cursor.as_deref())?.map(NoticeId);
    let found = paper_notice::list(ctx, tenant, department, after).await?;
    Ok(respond::plain(&PaperNoticeList {
        items: found.items.iter().map(PaperNotice::of).collect(),
        next_cursor: found.next.map(|id| id.to_string()),
    }))
}

/// Say that a letter was posted
///
/// For staff of the department. A letter that is not waiting is refused (409 `notice_stands_elsewhere`).
#[utoipa::path(
    operation_id = "post_notice", tag = "review", params(ResourcePath, IdempotencyKeyHeader),
    request_body = PostNotice,
    responses((status = 200, description = "It is on its way", body = NoticeView), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/notices/{id}/posted")]
pub async fn post_notice(
    mutation: Mutation<PostNotice>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let PostNotice { posted_on, ref tracking } = mutation.body;
    let act = LetterAct::Posted { on: posted_on, tracking: tracking.clone() };
    say(mutation, &request, act).await
}

/// Say that a letter came back
///
/// For staff of the department (返戻). It waits to be posted again.
#[utoipa::path(
    operation_id = "return_notice", tag = "review", params(ResourcePath, IdempotencyKeyHeader),
    request_body = ReturnNotice,
    responses((status = 200, description = "It waits again", body = NoticeView), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/notices/{id}/returned")]
pub async fn return_notice(
    mutation: Mutation<ReturnNotice>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let act = LetterAct::Returned { on: mutation.body.returned_on, reason: mutation.body.reason.clone() };
    say(mutation, &request, act).await
}

/// Send an electronic notice by letter after all
///
/// For staff of the department, where nobody retrieves it. One that has arrived stays arrived.
#[utoipa::path(
    operation_id = "turn_notice_to_paper", tag = "review", params(ResourcePath, IdempotencyKeyHeader),
    request_body = TurnNoticeToPaper,
    responses((status = 200, description = "It waits to be posted", body = NoticeView), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/notices/{id}/paper")]
pub async fn turn_notice_to_paper(
    mutation: Mutation<TurnNoticeToPaper>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let act = LetterAct::TurnToPaper { reason: mutation.body.reason.clone() };
    say(mutation, &request, act).await
}

async fn say<T>(
    mutation: Mutation<T>,
    request: &HttpRequest,
    act: LetterAct,
) -> Result<HttpResponse, ApiError> {
    let id = segment(request, "id")?;
    let made = paper_notice::act(mutation.ctx, mutation.idempotency, id, act).await?;
    Ok(respond::effect(
        StatusCode::OK,
        made.origin,
        Some(made.value.row.version),
        &NoticeView::of(&made.value),
    ))
}
