//! `…/applications/{id}/transfer`: sending a case on to the office that is in charge.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::review::tenant;
use crate::domain::fault::Fault;
use crate::domain::id::TenantCode;
use crate::domain::transfer::TransferGrounds;
use crate::http::contract::{CasePath, ChangeProblems, IdempotencyKeyHeader, ReadProblems};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::respond;
use crate::service::Refusal;
use crate::service::transfer::{self, NewTransfer, Transfer};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(transfer_application).service(list_transfers);
}

/// Where a case is sent on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferApplication {
    /// Six-digit code of another body; left out within the own one.
    #[serde(default)]
    #[schema(required = false, example = "022012")]
    tenant: Option<String>,
    /// Code of the department; between bodies the one that the receiving procedure names, if it is left out.
    #[serde(default)]
    #[schema(required = false, example = "kendo-doro")]
    department: Option<String>,
    /// The slug of a procedure of the other body; between bodies only.
    #[serde(default)]
    #[schema(required = false)]
    procedure: Option<String>,
    /// Why; the parties see it.
    #[schema(example = "県道の管理に係る申請のため")]
    reason: String,
    /// The provision by which the other office is in charge, up to 500 characters.
    #[schema(example = "道路法第15条")]
    legal_basis: String,
}

impl TransferApplication {
    fn read(self) -> Result<NewTransfer, Refusal> {
        let unknown = || {
            let (ja, en) = ("団体コードではありません。", "This is not the code of a body.");
            Refusal::Invalid(vec![Fault::new("/tenant", "unknown_tenant", ja, en)])
        };
        let tenant = self.tenant.map(|code| TenantCode::parse(&code).ok_or_else(unknown)).transpose()?;
        let grounds = TransferGrounds { reason: self.reason, legal_basis: self.legal_basis };
        Ok(NewTransfer { tenant, department: self.department, procedure: self.procedure, grounds })
    }
}

/// A transfer, as the case shows it.
#[derive(Serialize, ToSchema)]
pub struct TransferBody {
    /// The transfer; the same at both bodies.
    id: Uuid,
    /// The case at this body.
    application: Uuid,
    /// Where the case at this body stands.
    #[schema(example = "transferred")]
    application_state: String,
    /// `within`: to another department; `sent`: to another body; `received`: from another body.
    #[schema(example = "sent")]
    direction: String,
    /// The body that sent it on.
    from_tenant: String,
    /// Its department.
    from_department: String,
    /// The body in charge from then on.
    to_tenant: String,
    /// Its department.
    to_department: String,
    /// The case at the other body; null within one.
    other_application: Option<Uuid>,
    /// Why.
    reason: String,
    /// The provision.
    legal_basis: String,
    /// 到達日時 at the first office; it never changes.
    #[schema(format = DateTime, value_type = Option<String>)]
    first_arrived_at: Option<String>,
    /// When it was sent on, which is when the office in charge received it.
    #[schema(format = DateTime, value_type = String)]
    transferred_at: String,
}

impl From<Transfer> for TransferBody {
    fn from(transfer: Transfer) -> Self {
        let Transfer { row, grounds, first_arrived_at, case_state } = transfer;
        Self {
            id: row.id.0,
            application: row.application_id.0,
            application_state: case_state,
            direction: row.direction,
            from_tenant: row.from_tenant.to_string(),
            from_department: row.from_department,
            to_tenant: row.to_tenant.to_string(),
            to_department: row.to_department,
            other_application: row.other_application_id.map(|id| id.0),
            reason: grounds.reason,
            legal_basis: grounds.legal_basis,
            first_arrived_at: first_arrived_at.map(|at| at.to_string()),
            transferred_at: row.transferred_at.0.to_string(),
        }
    }
}

/// The transfers of a case.
#[derive(Serialize, ToSchema)]
pub struct TransferList {
    /// Oldest first.
    items: Vec<TransferBody>,
    /// Always null: there is one page.
    next_cursor: Option<String>,
}

/// Send a case on
///
/// For its officer, a superior, or anybody of the department if nobody has it. Within the body it moves to the queue of the
/// other department, with its arrival and its clock. To another body a new case begins there, with the same answers,
/// documents and parties, the first arrival and the receipt both recorded; this one ends as `transferred`. The procedure
/// named must take it as it is, otherwise every fault is listed (422). What is owed here is canceled, what was paid is
/// proposed for a refund as its ordinance allows; a payment that is open is given up first (409 `payment_in_progress`).
#[utoipa::path(
    operation_id = "transfer_application", tag = "review", params(CasePath, IdempotencyKeyHeader),
    request_body = TransferApplication,
    responses((status = 201, description = "It is sent on", body = TransferBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/transfer")]
pub async fn transfer_application(
    mutation: Mutation<TransferApplication>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let new = mutation.body.read()?;
    let made = transfer::transfer(mutation.ctx, mutation.idempotency, id, new).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &TransferBody::from(made.value)))
}

/// Where a case came from and went
///
/// For the parties, who can look at both cases, and for the department.
#[utoipa::path(
    operation_id = "list_transfers", tag = "applications", params(CasePath),
    responses((status = 200, description = "The transfers", body = TransferList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/transfers")]
pub async fn list_transfers(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let found = transfer::list(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    let items = found.into_iter().map(TransferBody::from).collect();
    Ok(respond::plain(&TransferList { items, next_cursor: None }))
}
