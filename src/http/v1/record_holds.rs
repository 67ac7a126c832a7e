//! `…/applications/{id}/record-holds`: what bars the disposal of a case.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::hold_facts::HoldFacts;
use super::review::tenant;
use crate::domain::records::HoldGround;
use crate::http::contract::{CasePath, ChangeProblems, IdempotencyKeyHeader, ReadProblems, ResourcePath};
use crate::http::error::{ApiError, Problem};
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::respond;
use crate::service::records::hold::{self, HoldView, NewHold};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(place_record_hold)
        .service(list_record_holds)
        .service(release_record_hold)
        .configure(super::record_file_holds::configure);
}

/// On what ground records are held.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoldWord {
    /// 審査請求.
    Appeal,
    /// 訴訟.
    Litigation,
    /// 情報公開請求・開示請求.
    Disclosure,
    /// 監査・会計検査.
    Audit,
}

impl From<HoldWord> for HoldGround {
    fn from(word: HoldWord) -> Self {
        match word {
            HoldWord::Appeal => Self::Appeal,
            HoldWord::Litigation => Self::Litigation,
            HoldWord::Disclosure => Self::Disclosure,
            HoldWord::Audit => Self::Audit,
        }
    }
}

/// Records are to be held.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceRecordHold {
    /// On what ground.
    ground: HoldWord,
    /// The first day; not after today.
    #[schema(value_type = String, format = Date)]
    from_on: Date,
    /// The last day, when it is known; left out, the hold stands until it is released.
    #[schema(value_type = Option<String>, format = Date)]
    until_on: Option<Date>,
    /// What it is about, such as the number of the appeal; for staff only.
    note: String,
}

/// A hold is over.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRecordHold {
    /// Why; for staff only.
    pub(super) reason: String,
}

/// A hold.
#[derive(Serialize, ToSchema)]
pub struct RecordHoldBody {
    /// The case.
    application: Uuid,
    /// What it says.
    #[serde(flatten)]
    facts: HoldFacts,
}

impl RecordHoldBody {
    fn of(view: &HoldView) -> Self {
        Self { application: view.stored.0.application_id.0, facts: HoldFacts::from(view) }
    }
}

/// The holds of a case.
#[derive(Serialize, ToSchema)]
pub struct RecordHoldList {
    /// Oldest first.
    items: Vec<RecordHoldBody>,
    /// The record file of the case, once it is in one.
    file: Option<Uuid>,
    /// Always null: there is one page.
    next_cursor: Option<String>,
}

/// Hold the records of a case
///
/// For staff of the department: while it stands the records are neither disposed of nor transferred, whatever was approved.
#[utoipa::path(
    operation_id = "place_record_hold", tag = "review", params(CasePath, IdempotencyKeyHeader),
    request_body = PlaceRecordHold,
    responses((status = 201, description = "The hold", body = RecordHoldBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/record-holds")]
pub async fn place_record_hold(
    mutation: Mutation<PlaceRecordHold>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let Mutation { ctx, idempotency, body } = mutation;
    let wanted =
        NewHold { ground: body.ground.into(), from: body.from_on, until: body.until_on, note: body.note };
    let made = hold::place(ctx, idempotency, segment(&request, "id")?, wanted).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &RecordHoldBody::of(&made.value)))
}

/// List the holds of a case
///
/// For staff of the department.
#[utoipa::path(
    operation_id = "list_record_holds", tag = "review", params(CasePath),
    responses(
        (status = 200, description = "The holds", body = RecordHoldList),
        (status = 403, description = "Not for the applicant", body = Problem, content_type = "application/problem+json"),
        ReadProblems,
    ),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/record-holds")]
pub async fn list_record_holds(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let holds = hold::list(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    let items = holds.items.iter().map(RecordHoldBody::of).collect();
    let file = holds.filed.map(|filed| filed.record_file_id.0);
    Ok(respond::plain(&RecordHoldList { items, file, next_cursor: None }))
}

/// Release a hold
///
/// For staff of the department, before its last day.
#[utoipa::path(
    operation_id = "release_record_hold", tag = "review", params(ResourcePath, IdempotencyKeyHeader),
    request_body = ReleaseRecordHold,
    responses((status = 200, description = "The hold", body = RecordHoldBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/record-holds/{id}/release")]
pub async fn release_record_hold(
    mutation: Mutation<ReleaseRecordHold>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let Mutation { ctx, idempotency, body } = mutation;
    let done = hold::release(ctx, idempotency, segment(&request, "id")?, body.reason).await?;
    Ok(respond::effect(StatusCode::OK, done.origin, None, &RecordHoldBody::of(&done.value)))
}
