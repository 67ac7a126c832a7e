//! `…/invoices/{id}/set-offs`: what was overpaid settles a claim in arrears of the same obligor (充当).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::refunds::RefundBody;
use crate::domain::id::{InvoiceId, PaymentId, TenantCode};
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, ReadProblems, ResourcePath};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::respond;
use crate::service::set_off::{self, ProposeSetOff, SetOffOfInvoice};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_set_offs).service(propose_set_off);
}

/// A claim that is to be settled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeSetOffBody {
    /// The invoice that is settled: in arrears, of the same obligor.
    claim: Uuid,
    /// How much of it, in yen; all that is owed of it where it is left out. A part is divided off the claim, of which the rest stays
    /// owed.
    #[serde(default)]
    #[schema(required = false, minimum = 1)]
    amount: Option<i64>,
    /// Whose money; the payment that brought too much where it is left out.
    #[serde(default)]
    #[schema(required = false)]
    payment: Option<Uuid>,
    /// What you saw to be left of all payments of the overpaid invoice; another amount by now is refused with
    /// `refund_amount_changed`.
    refund_amount_available: i64,
}

/// A set-off.
#[derive(Serialize, ToSchema)]
pub struct SetOffBody {
    /// The overpaid invoice.
    overpaid_invoice: Uuid,
    /// The invoice that is settled, or that the part is divided off.
    claim: Uuid,
    /// `whole` or `part` of the claim.
    extent: String,
    /// The payment by which it was; null before the approval.
    payment: Option<Uuid>,
    /// The day on which both debts could be set off, and the claim counts as paid (充当適状日); null before the approval.
    #[schema(format = Date)]
    fit_on: Option<String>,
    /// The refund that it is: how much, who decides it, where it stands.
    refund: RefundBody,
}

/// The set-offs of an invoice.
#[derive(Serialize, ToSchema)]
pub struct SetOffList {
    /// Those that it gives money to, then those that settle it, each oldest first.
    items: Vec<SetOffBody>,
    /// Always null: there is one page.
    next_cursor: Option<String>,
}

impl SetOffBody {
    fn of(found: &SetOffOfInvoice) -> Self {
        let (row, payment) = &found.set_off;
        Self {
            overpaid_invoice: found.refund.invoice_id.0,
            claim: row.invoice_id.0,
            extent: row.extent.clone(),
            payment: payment.as_ref().map(|payment| payment.payment_id.0),
            fit_on: payment.as_ref().map(|payment| payment.fit_on.0.to_string()),
            refund: RefundBody::of(&found.refund),
        }
    }
}

/// List the set-offs of an invoice
///
/// For the payer and for staff, at the overpaid invoice and at the claim alike. No receipt is issued for what was set off; this is its
/// proof.
#[utoipa::path(
    operation_id = "list_set_offs", tag = "payments", params(ResourcePath),
    responses((status = 200, description = "The set-offs", body = SetOffList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/invoices/{id}/set-offs")]
pub async fn list_set_offs(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, _) = (segment(&request, "tenant")?, segment(&request, "id")?);
    let found = set_off::of_invoice(ctx, tenant, id).await?;
    let items = found.iter().map(SetOffBody::of).collect();
    Ok(respond::plain(&SetOffList { items, next_cursor: None }))
}

/// Propose to set off what was overpaid
///
/// At the overpaid invoice. It takes up what could be refunded; another officer approves, refuses or takes it back as any refund
/// (`…/refunds/{id}/approve`). Refused for a claim that is not in arrears (409 `not_in_arrears`), of somebody else
/// (409 `other_obligor`), that is more than what is left (409 `less_than_claim`), that waits for another debt
/// (409 `principal_first`, `charges_first`), that is settled whole only (409 `claim_not_divisible`), and for money that an agent still holds (409 `money_not_in_hand`).
#[utoipa::path(
    operation_id = "propose_set_off", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    request_body = ProposeSetOffBody,
    responses((status = 201, description = "The proposal", body = SetOffBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/invoices/{id}/set-offs")]
pub async fn propose_set_off(
    mutation: Mutation<ProposeSetOffBody>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let body = mutation.body;
    let wanted = ProposeSetOff {
        claim: InvoiceId(body.claim),
        payment: body.payment.map(PaymentId),
        amount: body.amount,
        refund_amount_available: body.refund_amount_available,
    };
    let made = set_off::propose(mutation.ctx, mutation.idempotency, id, wanted).await?;
    let version = made.value.refund.version;
    Ok(respond::effect(StatusCode::CREATED, made.origin, Some(version), &SetOffBody::of(&made.value)))
}
