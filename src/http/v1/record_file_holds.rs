//! `…/record-files/{id}/holds`: what bars the disposal of a whole record file.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::hold_facts::HoldFacts;
use super::record_holds::ReleaseRecordHold;
use super::review::tenant;
use crate::domain::records::HoldGround;
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, ReadProblems, ResourcePath};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::respond;
use crate::service::records::file_hold::{self, FileHoldView};
use crate::service::records::hold::NewHold;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(place_record_file_hold).service(list_record_file_holds).service(release_record_file_hold);
}

/// On what ground a file is held.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileHoldWord {
    /// 審査請求.
    Appeal,
    /// 訴訟.
    Litigation,
    /// 情報公開請求・開示請求.
    Disclosure,
    /// 監査・会計検査.
    Audit,
    /// 債権の行使・保全.
    Claim,
}

impl From<FileHoldWord> for HoldGround {
    fn from(word: FileHoldWord) -> Self {
        match word {
            FileHoldWord::Appeal => Self::Appeal,
            FileHoldWord::Litigation => Self::Litigation,
            FileHoldWord::Disclosure => Self::Disclosure,
            FileHoldWord::Audit => Self::Audit,
            FileHoldWord::Claim => Self::Claim,
        }
    }
}

/// A record file is to be held.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceRecordFileHold {
    /// On what ground.
    ground: FileHoldWord,
    /// The first day; not after today.
    #[schema(value_type = String, format = Date)]
    from_on: Date,
    /// The last day, when it is known; left out, the hold stands until it is released.
    #[schema(value_type = Option<String>, format = Date)]
    until_on: Option<Date>,
    /// What it is about, such as the number of the suit; for staff only, without personal data.
    note: String,
}

/// A hold on a record file.
#[derive(Serialize, ToSchema)]
pub struct RecordFileHoldBody {
    /// The file.
    record_file: Uuid,
    /// What it says.
    #[serde(flatten)]
    facts: HoldFacts,
}

impl RecordFileHoldBody {
    fn of(view: &FileHoldView) -> Self {
        Self { record_file: view.stored.0.record_file_id.0, facts: HoldFacts::from(view) }
    }
}

/// The holds of a record file.
#[derive(Serialize, ToSchema)]
pub struct RecordFileHoldList {
    /// Oldest first.
    items: Vec<RecordFileHoldBody>,
    /// Always null: there is one page.
    next_cursor: Option<String>,
}

/// Hold a record file
///
/// For staff of the department: while it stands no case of the file is disposed of or transferred, whatever was approved, also none
/// that comes into the file later.
#[utoipa::path(
    operation_id = "place_record_file_hold", tag = "review", params(ResourcePath, IdempotencyKeyHeader),
    request_body = PlaceRecordFileHold,
    responses((status = 201, description = "The hold", body = RecordFileHoldBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/record-files/{id}/holds")]
pub async fn place_record_file_hold(
    mutation: Mutation<PlaceRecordFileHold>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let Mutation { ctx, idempotency, body } = mutation;
    let wanted =
        NewHold { ground: body.ground.into(), from: body.from_on, until: body.until_on, note: body.note };
    let made = file_hold::place(ctx, idempotency, segment(&request, "id")?, wanted).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &RecordFileHoldBody::of(&made.value)))
}

/// List the holds of a record file
///
/// For staff of the department.
#[utoipa::path(
    operation_id = "list_record_file_holds", tag = "review", params(ResourcePath),
    responses((status = 200, description = "The holds", body = RecordFileHoldList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/record-files/{id}/holds")]
pub async fn list_record_file_holds(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let holds = file_hold::list(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    let items = holds.iter().map(RecordFileHoldBody::of).collect();
    Ok(respond::plain(&RecordFileHoldList { items, next_cursor: None }))
}

/// Release a hold on a record file
///
/// For staff of the department, before its last day.
#[utoipa::path(
    operation_id = "release_record_file_hold", tag = "review", params(ResourcePath, IdempotencyKeyHeader),
    request_body = ReleaseRecordHold,
    responses((status = 200, description = "The hold", body = RecordFileHoldBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/record-file-holds/{id}/release")]
pub async fn release_record_file_hold(
    mutation: Mutation<ReleaseRecordHold>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let Mutation { ctx, idempotency, body } = mutation;
    let done = file_hold::release(ctx, idempotency, segment(&request, "id")?, body.reason).await?;
    Ok(respond::effect(StatusCode::OK, done.origin, None, &RecordFileHoldBody::of(&done.value)))
}
