//! Corrections (補正) and inquiries (照会): what staff ask, and the applicant's answer.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::applications::ApplicationSummary;
use super::paper_filings::PaperChannelWord;
use super::review::tenant;
use crate::domain::paper_filing::AnswerStatement;
use crate::http::contract::{
    CasePath, ChangeProblems, IdempotencyKeyHeader, IfMatchHeader, ReadProblems, VersionProblems,
};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Mutation, SignedIn, segment};
use crate::http::respond;
use crate::service::correction::{self, Ask, Correction, CorrectionItem};
use crate::service::correction_end;
use crate::service::correction_view::{self, CorrectionView, Difference, FormVersion, Moved, Outcome};
use crate::service::resubmission::{self, GivenAnswer};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_corrections)
        .service(list_form_versions)
        .service(request_correction)
        .service(end_correction)
        .service(resubmit_application);
}

/// One thing that is asked.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedItem {
    /// `/form/{field}`, a place within it such as `/form/{table}/{row}/{column}`, or `/attachments/{code}`.
    #[schema(example = "/form/address")]
    pointer: String,
    /// What is to be done.
    #[schema(example = "番地まで記入してください。")]
    message: String,
}

/// What staff ask.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestCorrection {
    /// Item by item; nothing else unlocks.
    #[schema(min_items = 1)]
    items: Vec<AskedItem>,
    /// The day an answer is asked for; in the future.
    #[schema(format = Date, value_type = String)]
    due_on: jiff::civil::Date,
}

/// Why a request is ended.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndCorrection {
    /// In words, 1 to 2,000 characters; the applicant reads it.
    #[schema(example = "期限までに補正がなかったため、審査を再開します。")]
    reason: String,
}

/// The corrected answers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResubmitApplication {
    /// The answers that change; those that are not given stay, `null` takes one out.
    #[schema(value_type = Object)]
    form: Value,
    /// By which way the answer came to the office, of an application on paper; staff state it with `received_at`.
    #[serde(default)]
    #[schema(required = false)]
    channel: Option<PaperChannelWord>,
    /// When the office received it; whoever enters it attests that. Now, where it is left out.
    #[serde(default)]
    #[schema(required = false, value_type = Option<String>, format = DateTime)]
    received_at: Option<Timestamp>,
}

impl From<ResubmitApplication> for GivenAnswer {
    fn from(body: ResubmitApplication) -> Self {
        let ResubmitApplication { form, channel, received_at } = body;
        Self { form, statement: AnswerStatement { channel: channel.map(Into::into), received_at } }
    }
}

/// A request for correction, or an inquiry.
#[derive(Serialize, ToSchema)]
pub struct CorrectionBody {
    /// The request.
    id: Uuid,
    /// `correction`, or `inquiry` about a notification.
    kind: String,
    /// `open`, `answered` or `closed`.
    state: String,
    /// What is asked, with what is at each place before and after the answer.
    items: Vec<AnsweredItem>,
    /// The day an answer is asked for; missing it ends nothing by itself.
    #[schema(format = Date, value_type = String)]
    due_on: String,
    /// When it was asked.
    #[schema(format = DateTime, value_type = String)]
    requested_at: String,
    /// When it was answered; of an answer on paper, when the office received it.
    #[schema(format = DateTime, value_type = Option<String>)]
    answered_at: Option<String>,
    /// When the office ended it without an answer.
    #[schema(format = DateTime, value_type = Option<String>)]
    ended_at: Option<String>,
    /// Why it did.
    end_reason: Option<String>,
    /// What the answer changed; null while it is awaited.
    outcome: Option<AnswerOutcome>,
}

/// One thing that was asked, before and after.
#[derive(Serialize, ToSchema)]
pub struct AnsweredItem {
    /// `/form/…` or `/attachments/{code}`.
    #[schema(example = "/form/address")]
    pointer: String,
    /// What is to be done.
    message: String,
    /// What is there before the answer: an answer of the form, or of a document `{id, filename, size, sha256}`; null where
    /// nothing is.
    #[schema(value_type = Value)]
    before: Option<Value>,
    /// What is there after the answer; null while it is awaited.
    #[schema(value_type = Value)]
    after: Option<Value>,
}

/// A place that differs.
#[derive(Serialize, ToSchema)]
pub struct ChangedPlace {
    /// `/form/…`.
    pointer: String,
    /// Before.
    #[schema(value_type = Value)]
    before: Option<Value>,
    /// After.
    #[schema(value_type = Value)]
    after: Option<Value>,
}

impl From<Difference> for ChangedPlace {
    fn from(place: Difference) -> Self {
        Self { pointer: place.pointer, before: place.before, after: place.after }
    }
}

/// A text before and after.
#[derive(Serialize, ToSchema)]
pub struct MovedText {
    /// Before.
    before: Option<String>,
    /// After.
    after: Option<String>,
    /// Whether they differ.
    changed: bool,
}

/// A number before and after.
#[derive(Serialize, ToSchema)]
pub struct MovedNumber {
    /// Before.
    before: Option<i64>,
    /// After.
    after: Option<i64>,
    /// Whether they differ.
    changed: bool,
}

impl MovedText {
    fn of(moved: Moved<Option<String>>) -> Self {
        let changed = moved.before != moved.after;
        Self { before: moved.before, after: moved.after, changed }
    }
}

impl MovedNumber {
    fn of(moved: &Moved<Option<i64>>) -> Self {
        Self { before: moved.before, after: moved.after, changed: moved.before != moved.after }
    }
}

/// What an answer changed.
#[derive(Serialize, ToSchema)]
pub struct AnswerOutcome {
    /// The version of the answers it replaced.
    revision_before: i64,
    /// The version of the answers it made.
    revision_after: i64,
    /// What differs besides what was asked: places that the form unlocked because of the answer.
    also_changed: Vec<ChangedPlace>,
    /// The department in charge.
    department: MovedText,
    /// End of the standard processing period.
    due_on: MovedText,
    /// What the answers cost, in yen; null where no fee is known.
    fee: MovedNumber,
}

impl From<Outcome> for AnswerOutcome {
    fn from(outcome: Outcome) -> Self {
        let Outcome { revision, also_changed, department, due_on, fee } = outcome;
        let day = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string());
        Self {
            revision_before: revision.before,
            revision_after: revision.after,
            also_changed: also_changed.into_iter().map(ChangedPlace::from).collect(),
            department: MovedText::of(Moved {
                before: Some(department.before),
                after: Some(department.after),
            }),
            due_on: MovedText::of(Moved { before: day(due_on.before), after: day(due_on.after) }),
            fee: MovedNumber::of(&fee),
        }
    }
}

impl From<Correction> for CorrectionBody {
    fn from(correction: Correction) -> Self {
        Self::of(CorrectionView { correction, differences: Vec::new(), outcome: None })
    }
}

impl CorrectionBody {
    fn of(view: CorrectionView) -> Self {
        let CorrectionView { correction, differences, outcome } = view;
        let mut differences = differences.into_iter();
        let answered = |item: CorrectionItem| {
            let place = differences.next();
            let (before, after) = place.map_or((None, None), |place| (place.before, place.after));
            AnsweredItem { pointer: item.pointer, message: item.message, before, after }
        };
        Self {
            id: correction.row.id.0,
            kind: correction.row.kind,
            state: correction.row.state,
            items: correction.items.into_iter().map(answered).collect(),
            due_on: correction.row.due_on.0.to_string(),
            requested_at: correction.row.requested_at.0.to_string(),
            answered_at: correction.row.answered_at.map(|at| at.0.to_string()),
            ended_at: correction.row.ended_at.map(|at| at.0.to_string()),
            end_reason: correction.end_reason,
            outcome: outcome.map(AnswerOutcome::from),
        }
    }
}

/// A version of the answers.
#[derive(Serialize, ToSchema)]
pub struct FormVersionBody {
    /// 1 for the first answers; rises with each resubmission.
    revision: i64,
    /// The answers.
    #[schema(value_type = Object)]
    form: Value,
    /// When they were handed in.
    #[schema(format = DateTime, value_type = String)]
    submitted_at: String,
    /// When others took their place; null for the present ones.
    #[schema(format = DateTime, value_type = Option<String>)]
    replaced_at: Option<String>,
    /// The request that they answered; null for the first ones.
    correction: Option<Uuid>,
}

impl From<FormVersion> for FormVersionBody {
    fn from(version: FormVersion) -> Self {
        Self {
            revision: version.revision,
            form: version.form,
            submitted_at: version.submitted_at.to_string(),
            replaced_at: version.replaced_at.map(|at| at.to_string()),
            correction: version.correction.map(|id| id.0),
        }
    }
}

/// The versions of the answers of a case.
#[derive(Serialize, ToSchema)]
pub struct FormVersionList {
    /// Oldest first; the last one is the present one.
    items: Vec<FormVersionBody>,
    /// Always null: a case has few of them.
    next_cursor: Option<String>,
}

/// The requests of a case.
#[derive(Serialize, ToSchema)]
pub struct CorrectionList {
    /// Oldest first.
    items: Vec<CorrectionBody>,
    /// Always null: a case has few of them.
    next_cursor: Option<String>,
}

/// What was asked
///
/// For the applicant and for staff of the department, oldest first: what was asked, what was at each place before and after
/// the answer, which documents were exchanged, and what the answer changed about fee, department and due date.
#[utoipa::path(
    operation_id = "list_corrections", tag = "applications", params(CasePath),
    responses((status = 200, description = "The requests", body = CorrectionList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/corrections")]
pub async fn list_corrections(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let found = correction_view::list(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    let items = found.into_iter().map(CorrectionBody::of).collect();
    Ok(respond::plain(&CorrectionList { items, next_cursor: None }))
}

/// Every version of the answers
///
/// For the applicant and for staff of the department: what was ever handed in, oldest first. Nothing of it is overwritten.
#[utoipa::path(
    operation_id = "list_form_versions", tag = "applications", params(CasePath),
    responses((status = 200, description = "The versions", body = FormVersionList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/versions")]
pub async fn list_form_versions(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let found = correction_view::versions(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    let items = found.into_iter().map(FormVersionBody::from).collect();
    Ok(respond::plain(&FormVersionList { items, next_cursor: None }))
}

/// Ask for a correction
///
/// The officer in charge names exact items and a day; the applicant can then change these and nothing else. About a
/// notification it is an inquiry, and its arrival stands. The `ETag` is that of the case.
#[utoipa::path(
    operation_id = "request_correction", tag = "review", params(CasePath, IdempotencyKeyHeader),
    request_body = RequestCorrection,
    responses((status = 201, description = "The request", body = CorrectionBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/corrections")]
pub async fn request_correction(
    mutation: Mutation<RequestCorrection>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let asked = |item: AskedItem| CorrectionItem { pointer: item.pointer, message: item.message };
    let items = mutation.body.items.into_iter().map(asked).collect();
    let ask = Ask { items, due_on: mutation.body.due_on };
    let made = correction::ask(mutation.ctx, mutation.idempotency, id, ask).await?;
    let version = made.value.case.version;
    Ok(respond::effect(StatusCode::CREATED, made.origin, Some(version), &CorrectionBody::from(made.value)))
}

/// End a request without an answer
///
/// For whoever has the case, or a superior: no answer came, or it was asked in error. The case is under review again and its clock
/// runs; nothing is decided by this. The applicant is told, and reads why. The `ETag` is that of the case.
#[utoipa::path(
    operation_id = "end_correction", tag = "review",
    params(CasePath, ("correction" = Uuid, Path, description = "The request"), IdempotencyKeyHeader),
    request_body = EndCorrection,
    responses((status = 200, description = "It is ended", body = CorrectionBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/corrections/{correction}/end")]
pub async fn end_correction(
    mutation: Mutation<EndCorrection>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (id, correction) = (segment(&request, "id")?, segment(&request, "correction")?);
    let reason = mutation.body.reason;
    let ended = correction_end::end(mutation.ctx, mutation.idempotency, id, correction, reason).await?;
    let version = ended.value.case.version;
    Ok(respond::effect(StatusCode::OK, ended.origin, Some(version), &CorrectionBody::from(ended.value)))
}

/// Answer a correction
///
/// Only what was asked may change; every other change is named in the refusal. What you handed in before is kept, and
/// your application keeps the moment it arrived. Fee, department and due date follow the corrected answers; what changed
/// is shown beside the request. Who applied on paper answers the office, whose staff then state how and when the answer came: the
/// clock stood still until then.
#[utoipa::path(
    operation_id = "resubmit_application", tag = "applications",
    params(CasePath, IdempotencyKeyHeader, IfMatchHeader), request_body = ResubmitApplication,
    responses(
        (status = 200, description = "It is under review again", body = ApplicationSummary),
        ChangeProblems, VersionProblems,
    ),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/resubmit")]
pub async fn resubmit_application(
    mutation: Mutation<ResubmitApplication>,
    version: IfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let given = mutation.body.into();
    let made = resubmission::resubmit(mutation.ctx, mutation.idempotency, id, version.0, given).await?;
    let body = ApplicationSummary::of(&made.value);
    Ok(respond::effect(StatusCode::OK, made.origin, Some(made.value.version), &body))
}
