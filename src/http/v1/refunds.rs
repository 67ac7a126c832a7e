//! `…/invoices/{id}/refunds` and `…/refunds`: money that goes back, decided by two people.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::domain::id::{PaymentId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::refund::RouteReason;
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, ReadProblems, ResourcePath};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, Nothing, SignedIn, segment};
use crate::http::respond;
use crate::service::Effect;
use crate::service::refund::{self, Proposal, RefundsOfInvoice, RequestRefund, Verdict};
use crate::service::refund_route::reason_of;
use crate::store::refunds::RefundRow;

/// Adds the calls of this file, and of what is fixed or settled with a refund.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_refunds)
        .service(create_refund)
        .service(get_refund)
        .service(approve_refund)
        .service(reject_refund)
        .service(withdraw_refund)
        .configure(super::refund_interest::configure)
        .configure(super::set_offs::configure);
}

/// A part of a refund that is taken from a line of the invoice.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundLineRequest {
    /// The line, counted from 1.
    #[schema(minimum = 1)]
    line: u32,
    /// In yen.
    #[schema(minimum = 1)]
    amount: i64,
}

/// What is to go back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRefund {
    /// In yen.
    #[schema(minimum = 1)]
    amount: i64,
    /// `overpaid`, `assessment_error`, `waiver`, `not_accepted` or `not_attributable`.
    #[schema(example = "assessment_error")]
    reason: String,
    /// What you saw to be left (`refund_amount_available` of the list); another amount by now is refused with
    /// `refund_amount_changed`.
    refund_amount_available: i64,
    /// Which lines of the invoice it is taken from; needed where there is a choice.
    #[serde(default)]
    #[schema(required = false)]
    lines: Option<Vec<RefundLineRequest>>,
    /// Which payment goes back; the one that the reason means where it is left out.
    #[serde(default)]
    #[schema(required = false)]
    payment: Option<Uuid>,
    /// `gateway` or `bank_transfer`. Where it is left out: as the payment's method allows, by bank transfer to the obligor where
    /// somebody else paid by a link, and by bank transfer where the agent has sent the money and the body's rule says so.
    #[serde(default)]
    #[schema(required = false)]
    route: Option<String>,
}

impl From<CreateRefund> for RequestRefund {
    fn from(body: CreateRefund) -> Self {
        let lines =
            |lines: Vec<RefundLineRequest>| lines.into_iter().map(|line| (line.line, line.amount)).collect();
        Self {
            amount: body.amount,
            reason: body.reason,
            refund_amount_available: body.refund_amount_available,
            lines: body.lines.map(lines),
            payment: body.payment.map(PaymentId),
            route: body.route,
        }
    }
}

/// A part of a refund.
#[derive(Serialize, ToSchema)]
pub struct RefundPartBody {
    /// `line:N`, a line of the invoice counted from 1, or `overpaid`, what came beyond the debt.
    part: String,
    /// In yen.
    amount: i64,
}

/// A refund.
#[derive(Serialize, ToSchema)]
pub struct RefundBody {
    /// The refund.
    id: Uuid,
    /// The invoice that was paid.
    invoice: Uuid,
    /// The payment that goes back.
    payment: Uuid,
    /// `requested`, `rejected`, `withdrawn`, `submitting`, `pending`, `unknown`, `succeeded`, `failed`, `payout_due`,
    /// `payout_sent` or `paid_out`.
    state: String,
    /// In yen.
    amount: i64,
    /// The ground.
    reason: String,
    /// `gateway`, `bank_transfer`, or `set_off` where it settles another claim instead of going back, see `…/set-offs`.
    route: String,
    /// Why it goes that way: `method` (as method and gateway allow), `paid_by_another` (to the obligor, not to whoever paid by a
    /// link), `asked`, or `remitted` (the agent had sent the money; a refund that was asked for through the gateway changes at its
    /// approval). Null for refunds from before it was kept.
    route_reason: Option<&'static str>,
    /// What it is taken from.
    parts: Vec<RefundPartBody>,
    /// Interest on it in yen (還付加算金), fixed when it was approved and paid by bank transfer only; null where none is borne and
    /// before the approval, see `…/interest`.
    interest: Option<i64>,
    /// Where the interest stands: `due`, `sent`, `paid`, or `undone` with a refund that failed; null where there is none to pay.
    interest_state: Option<String>,
    /// Why the gateway did not do it.
    failure_code: Option<String>,
    /// Whether the payee's bank account is known, where it is paid out by bank transfer.
    payee_known: bool,
    /// When it was asked for.
    #[schema(format = DateTime)]
    requested_at: String,
    /// When it was decided.
    #[schema(format = DateTime)]
    decided_at: Option<String>,
    /// Rises with every change; also the `ETag`.
    version: i64,
}

impl RefundBody {
    /// Presents a refund.
    pub fn of(row: &RefundRow) -> Self {
        let parts = row.parts.0.iter();
        Self {
            id: row.id.0,
            invoice: row.invoice_id.0,
            payment: row.payment_id.0,
            state: row.state.clone(),
            amount: row.amount.amount(),
            reason: row.ground.clone(),
            route: row.route.clone(),
            route_reason: reason_of(row).map(RouteReason::as_str),
            parts: parts
                .map(|part| RefundPartBody { part: part.part.clone(), amount: part.amount.amount() })
                .collect(),
            interest: row.interest.map(Yen::amount),
            interest_state: row.interest_state.clone(),
            failure_code: row.failure_code.clone(),
            payee_known: row.sealed_payee.is_some(),
            requested_at: row.created_at.0.to_string(),
            decided_at: row.decided_at.map(|at| at.0.to_string()),
            version: row.version,
        }
    }
}

/// What case and money suggest to refund.
#[derive(Serialize, ToSchema)]
pub struct RefundProposalBody {
    /// The payment.
    payment: Uuid,
    /// The ground.
    reason: String,
    /// In yen.
    amount: i64,
    /// How it would go back.
    route: String,
    /// Why so.
    route_reason: &'static str,
}

impl RefundProposalBody {
    fn of(proposal: &Proposal) -> Self {
        Self {
            payment: proposal.payment.0,
            reason: proposal.ground.as_str().to_owned(),
            amount: proposal.amount.amount(),
            route: proposal.route.route.as_str().to_owned(),
            route_reason: proposal.route.reason.as_str(),
        }
    }
}

/// The refunds of an invoice.
#[derive(Serialize, ToSchema)]
pub struct RefundList {
    /// What is left of all payments, in yen.
    refund_amount_available: i64,
    /// What case and money suggest; a person decides.
    proposals: Vec<RefundProposalBody>,
    /// Every refund, oldest first.
    items: Vec<RefundBody>,
}

impl RefundList {
    fn of(refunds: &RefundsOfInvoice) -> Self {
        Self {
            refund_amount_available: refunds.available.amount(),
            proposals: refunds.proposals.iter().map(RefundProposalBody::of).collect(),
            items: refunds.items.iter().map(RefundBody::of).collect(),
        }
    }
}

/// List the refunds of an invoice
///
/// With what is left to refund and what case and money suggest.
#[utoipa::path(
    operation_id = "list_refunds", tag = "payments", params(ResourcePath),
    responses((status = 200, description = "The refunds", body = RefundList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/invoices/{id}/refunds")]
pub async fn list_refunds(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, _) = (segment(&request, "tenant")?, segment(&request, "id")?);
    Ok(respond::plain(&RefundList::of(&refund::of_invoice(ctx, tenant, id).await?)))
}

/// Ask for a refund
///
/// For accountants and section chiefs. It takes up what is left at once; another person approves it.
#[utoipa::path(
    operation_id = "create_refund", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    request_body = CreateRefund,
    responses((status = 201, description = "The refund", body = RefundBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/invoices/{id}/refunds")]
pub async fn create_refund(
    mutation: Mutation<CreateRefund>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let invoice = segment(&request, "id")?;
    let made = refund::request(mutation.ctx, mutation.idempotency, invoice, mutation.body.into()).await?;
    Ok(present(StatusCode::CREATED, &made))
}

/// Look at a refund
#[utoipa::path(
    operation_id = "get_refund", tag = "payments", params(ResourcePath),
    responses((status = 200, description = "The refund", body = RefundBody), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/refunds/{id}")]
pub async fn get_refund(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, _) = (segment(&request, "tenant")?, segment(&request, "id")?);
    let row = refund::get(ctx, tenant, id).await?;
    Ok(respond::versioned(row.version, &RefundBody::of(&row)))
}

/// Approve a refund
///
/// Never by the person who asked for it (403 `own_refund`). Where the method allows it the gateway is told at once;
/// otherwise the refund waits to be paid out by bank transfer. The interest that it bears by now is fixed. A set-off settles its
/// claim at once, and needs a claim that is still in arrears (409 `not_in_arrears`).
#[utoipa::path(
    operation_id = "approve_refund", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    responses((status = 200, description = "The refund", body = RefundBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/refunds/{id}/approve")]
pub async fn approve_refund(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    decide(mutation, &request, Verdict::Approve).await
}

/// Refuse a refund
///
/// Never by the person who asked for it; what it had taken up is free again.
#[utoipa::path(
    operation_id = "reject_refund", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    responses((status = 200, description = "The refund", body = RefundBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/refunds/{id}/reject")]
pub async fn reject_refund(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    decide(mutation, &request, Verdict::Reject).await
}

/// Take a request for a refund back
///
/// Only by the person who asked for it, before it is decided.
#[utoipa::path(
    operation_id = "withdraw_refund", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    responses((status = 200, description = "The refund", body = RefundBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/refunds/{id}/withdraw")]
pub async fn withdraw_refund(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    decide(mutation, &request, Verdict::Withdraw).await
}

async fn decide(
    mutation: Mutation<Nothing>,
    request: &HttpRequest,
    verdict: Verdict,
) -> Result<HttpResponse, ApiError> {
    let id = segment(request, "id")?;
    let made = refund::decide(mutation.ctx, mutation.idempotency, id, verdict).await?;
    Ok(present(StatusCode::OK, &made))
}

fn present(status: StatusCode, made: &Effect<RefundRow>) -> HttpResponse {
    respond::effect(status, made.origin, Some(made.value.version), &RefundBody::of(&made.value))
}
