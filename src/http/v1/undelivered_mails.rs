//! `…/undelivered-mails`: whom a mail did not reach, for the department to reach in another way.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::mine::cursor;
use super::queues::DepartmentPath;
use crate::domain::id::{JobId, TenantCode};
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, PageQuery, ReadProblems, ResourcePath};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, Nothing, SignedIn, segment};
use crate::http::respond;
use crate::service::undelivered_mail::{self, ListedMail};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_undelivered_mails).service(settle_undelivered_mail);
}

/// A mail that nobody will get.
#[derive(Serialize, ToSchema)]
pub struct UndeliveredMail {
    /// The mail.
    id: Uuid,
    /// The case it was about.
    application: Uuid,
    /// 受付番号.
    number: Option<String>,
    /// What it should have told.
    #[schema(example = "decision_made")]
    mail: String,
    /// `refused`: the mail server refused it for good; `gave_up`: the last attempt failed, too.
    reason: String,
    /// The mail server's reply (RFC 5321); null where there was none.
    reply_code: Option<i64>,
    /// When it was given up.
    #[schema(format = DateTime)]
    failed_at: String,
    /// Who said that the person was reached in another way.
    settled_by: Option<Uuid>,
    /// When.
    #[schema(format = DateTime)]
    settled_at: Option<String>,
}

impl UndeliveredMail {
    fn of((row, number): &ListedMail) -> Self {
        Self {
            id: row.id.0,
            application: row.application_id.0,
            number: number.clone(),
            mail: row.mail.clone(),
            reason: row.reason.clone(),
            reply_code: row.reply_code,
            failed_at: row.failed_at.0.to_string(),
            settled_by: row.settled_by.map(|officer| officer.0),
            settled_at: row.settled_at.map(|at| at.0.to_string()),
        }
    }
}

/// A page of them.
#[derive(Serialize, ToSchema)]
pub struct UndeliveredMailPage {
    /// Oldest first.
    items: Vec<UndeliveredMail>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// List mails that nobody will get
///
/// For staff of the department: mails about its cases that were refused for good or given up after the last attempt, until
/// somebody has reached the person in another way. That you looked is recorded.
#[utoipa::path(
    operation_id = "list_undelivered_mails", tag = "review", params(DepartmentPath, PageQuery),
    responses((status = 200, description = "A page", body = UndeliveredMailPage), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/departments/{department}/undelivered-mails")]
pub async fn list_undelivered_mails(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let (tenant, department): (TenantCode, _) =
        (segment(&request, "tenant")?, segment(&request, "department")?);
    let after = cursor(page.cursor.as_deref())?.map(JobId);
    let found = undelivered_mail::list(ctx, tenant, department, after).await?;
    Ok(respond::plain(&UndeliveredMailPage {
        items: found.items.iter().map(UndeliveredMail::of).collect(),
        next_cursor: found.next.map(|id| id.to_string()),
    }))
}

/// Say that the person was reached
///
/// For staff of the department: takes a mail off the list. Saying it twice changes nothing.
#[utoipa::path(
    operation_id = "settle_undelivered_mail", tag = "review", params(ResourcePath, IdempotencyKeyHeader),
    responses((status = 200, description = "It is off the list", body = UndeliveredMail), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/undelivered-mails/{id}/settle")]
pub async fn settle_undelivered_mail(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let settled = undelivered_mail::settle(mutation.ctx, mutation.idempotency, id).await?;
    Ok(respond::effect(StatusCode::OK, settled.origin, None, &UndeliveredMail::of(&settled.value)))
}
