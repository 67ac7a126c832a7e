//! `GET /v1/me/post-reviews`, `…/post-reviews/{id}`: the look afterwards at what was done in an absent officer's place (後閲).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::queues::DepartmentPath;
use super::review::tenant;
use crate::domain::approval::{OwedPlace, Verdict};
use crate::domain::fault::Fault;
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, PageQuery, ReadProblems};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::{locale, respond};
use crate::service::Refusal;
use crate::service::post_review::{self, DoneReview, NewPostReview, OwedPage, OwedReview};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(my_post_reviews).service(list_post_reviews).service(create_post_review);
}

/// An act in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path; the segments are read by name")]
struct PostReviewPath {
    /// Six-digit code of the body.
    tenant: String,
    /// The act that was done in an absent officer's place.
    id: Uuid,
}

/// What a look afterwards says.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictWord {
    /// It would have been done so.
    Agreed,
    /// 異議: it would not; nothing is undone by it.
    Objected,
}

impl From<VerdictWord> for Verdict {
    fn from(word: VerdictWord) -> Self {
        match word {
            VerdictWord::Agreed => Self::Agreed,
            VerdictWord::Objected => Self::Objected,
        }
    }
}

/// A look afterwards.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePostReview {
    /// What it says.
    verdict: VerdictWord,
    /// Why; an objection needs it.
    #[serde(default)]
    #[schema(required = false)]
    comment: Option<String>,
}

/// An act that waits for a look afterwards.
#[derive(Serialize, ToSchema)]
pub struct OwedPostReview {
    /// The act.
    id: Uuid,
    /// Six-digit code of the body.
    tenant: String,
    /// The case.
    application: Uuid,
    /// 受付番号.
    number: Option<String>,
    /// The procedure's slug.
    procedure: String,
    /// Name of the procedure.
    title: String,
    /// The proposal.
    proposal: Uuid,
    /// Number of the step.
    step: i64,
    /// The department of its desk.
    department: String,
    /// `approved`, `dissented` or `returned`.
    #[schema(example = "approved")]
    act: String,
    /// Who acted.
    officer: Uuid,
    /// Under which title of that day.
    officer_title: String,
    /// In whose place.
    absent: Uuid,
    /// The title of the absent officer on that day.
    absent_title: String,
    /// The absence that allowed it.
    absence: Uuid,
    /// The instruction given beforehand, where there was one.
    instruction: Option<Uuid>,
    /// SHA-256 of what was acted on, as it lies sealed.
    body_sha256: String,
    /// When.
    #[schema(format = DateTime, value_type = String)]
    acted_at: String,
}

impl From<OwedReview> for OwedPostReview {
    fn from(owed: OwedReview) -> Self {
        let act = owed.act;
        Self {
            id: act.id.0,
            tenant: act.tenant_id.to_string(),
            application: act.application_id.0,
            number: owed.number,
            procedure: owed.procedure,
            title: locale::current().locale.pick(owed.title.ja, owed.title.en),
            proposal: act.proposal_id.0,
            step: act.step_no,
            department: act.department,
            act: act.act,
            officer: act.officer_id.0,
            officer_title: act.officer_title,
            absent: act.absent_id.0,
            absent_title: act.absent_title,
            absence: act.absence_id.0,
            instruction: act.instruction_id.map(|id| id.0),
            body_sha256: act.body_sha256,
            acted_at: act.acted_at.0.to_string(),
        }
    }
}

/// What waits for a look afterwards.
#[derive(Serialize, ToSchema)]
pub struct PostReviewList {
    /// Oldest first.
    items: Vec<OwedPostReview>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

impl From<OwedPage> for PostReviewList {
    fn from((items, next): OwedPage) -> Self {
        let items = items.into_iter().map(OwedPostReview::from).collect();
        Self { items, next_cursor: next.map(OwedPlace::encode) }
    }
}

/// A look that was taken.
#[derive(Serialize, ToSchema)]
pub struct PostReviewBody {
    /// The act.
    id: Uuid,
    /// The case.
    application: Uuid,
    /// `agreed` or `objected`.
    #[schema(example = "agreed")]
    verdict: String,
    /// What was said.
    comment: Option<String>,
    /// Who looked.
    reviewer: Uuid,
    /// Under which title of that day.
    reviewer_title: String,
    /// When.
    #[schema(format = DateTime, value_type = String)]
    reviewed_at: String,
}

impl From<DoneReview> for PostReviewBody {
    fn from(done: DoneReview) -> Self {
        let review = done.review;
        Self {
            id: done.act.id.0,
            application: review.application_id.0,
            verdict: review.verdict,
            comment: done.comment,
            reviewer: review.reviewer_id.0,
            reviewer_title: review.reviewer_title,
            reviewed_at: review.reviewed_at.0.to_string(),
        }
    }
}

/// The place that a cursor names.
fn cursor(text: Option<&str>) -> Result<Option<OwedPlace>, Refusal> {
    let fault = || {
        Fault::new("/cursor", "cursor", "カーソルが正しくありません。", "This is not a cursor of this list.")
    };
    text.map(|text| OwedPlace::decode(text).ok_or_else(|| Refusal::Malformed(vec![fault()]))).transpose()
}

/// What I owe a look at
///
/// Acts in your place while you were away (代決), over all bodies where you hold a post today; and those at your desk whose
/// absent officer has left it. Where nobody is left there who neither acted nor drafted, it is the absent officer under any present
/// post, and where that officer serves no more, whoever stands above the desk.
#[utoipa::path(
    operation_id = "my_post_reviews", tag = "review", params(PageQuery),
    responses((status = 200, description = "Acts that wait for you", body = PostReviewList), ReadProblems),
)]
#[get("/v1/me/post-reviews")]
pub async fn my_post_reviews(
    SignedIn(ctx): SignedIn,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let after = cursor(page.cursor.as_deref())?;
    Ok(respond::plain(&PostReviewList::from(post_review::owed_by_me(ctx, after).await?)))
}

/// What in a department waits for a look afterwards
///
/// For staff of the department: acts at its desks in an absent officer's place that nobody has looked at yet.
#[utoipa::path(
    operation_id = "list_post_reviews", tag = "review", params(DepartmentPath, PageQuery),
    responses((status = 200, description = "Acts that wait", body = PostReviewList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/departments/{department}/post-reviews")]
pub async fn list_post_reviews(
    SignedIn(ctx): SignedIn,
    page: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let after = cursor(page.cursor.as_deref())?;
    let (tenant, department) = (tenant(&request)?, segment(&request, "department")?);
    let owed = post_review::owed_in_department(ctx, tenant, department, after).await?;
    Ok(respond::plain(&PostReviewList::from(owed)))
}

/// Look afterwards
///
/// 後閲: once, by the officer in whose place it was done, or, when that officer has left the desk, by whoever sits at it; where that is
/// only who acted or drafted, by the absent officer from another post, or by whoever stands above. An objection stays in the
/// history and undoes nothing.
#[utoipa::path(
    operation_id = "create_post_review", tag = "review", params(PostReviewPath, IdempotencyKeyHeader),
    request_body = CreatePostReview,
    responses((status = 201, description = "It is recorded", body = PostReviewBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/post-reviews/{id}")]
pub async fn create_post_review(
    mutation: Mutation<CreatePostReview>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let CreatePostReview { verdict, comment } = mutation.body;
    let new = NewPostReview { verdict: verdict.into(), comment };
    let done = post_review::carry_out(mutation.ctx, mutation.idempotency, id, new).await?;
    Ok(respond::effect(StatusCode::CREATED, done.origin, None, &PostReviewBody::from(done.value)))
}
