//! `…/invoices/{id}/payments` and `…/payments`: pay, look, give up.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::disputes::DisputeBody;
use crate::domain::id::TenantCode;
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, ReadProblems, ResourcePath};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, Nothing, SignedIn, segment};
use crate::http::{locale, respond};
use crate::service::Effect;
use crate::service::payment::{self, BesideOpen, OpenPayment};
use crate::service::settlement;
use crate::store::payments::PaymentRow;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(open_payment).service(get_payment).service(cancel_payment);
}

/// How to pay.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenPaymentRequest {
    /// A method that the procedure offers, such as `card` or `nanaco`.
    #[schema(example = "card")]
    pub(super) method: String,
    /// Where to come back to after paying; must lie under a registered origin.
    #[serde(default)]
    pub(super) return_url: Option<String>,
    /// True to give up the payment that is open, such as a slip of a convenience store: it is closed at its gateway first,
    /// and only once that is confirmed the new one opens. False by default: then an open payment bars a new one.
    #[serde(default)]
    #[schema(required = false)]
    pub(super) replace_open: bool,
}

impl OpenPaymentRequest {
    /// What is asked of the service, in the caller's language.
    pub(super) fn wanted(self) -> OpenPayment {
        let locale = locale::current().locale.pick("ja", "en");
        let Self { method, return_url, replace_open } = self;
        let beside_open = if replace_open { BesideOpen::Replace } else { BesideOpen::Refuse };
        OpenPayment { method, return_url, locale, beside_open, payer_email: None }
    }
}

/// A payment.
#[derive(Serialize, ToSchema)]
pub struct PaymentBody {
    /// The payment.
    id: Uuid,
    /// The invoice it pays.
    invoice: Uuid,
    /// `submitting`, `requires_action`, `awaiting_payment`, `processing`, `authorized`, `captured`,
    /// `partially_refunded`, `refunded`, `failed`, `canceled`, `expired` or `unknown`.
    state: String,
    /// The method.
    method: String,
    /// In yen.
    amount: i64,
    /// Where the payer goes now; null while the gateway has not answered or when nothing is to be done.
    redirect_url: Option<String>,
    /// When the checkout lapses.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Rises with every change; also the `ETag`.
    version: i64,
}

impl PaymentBody {
    /// Presents a payment.
    pub fn of(row: &PaymentRow) -> Self {
        Self {
            id: row.id.0,
            invoice: row.invoice_id.0,
            state: row.state.clone(),
            method: row.method.clone(),
            amount: row.amount.amount(),
            redirect_url: row.redirect_url.clone().filter(|_| row.state == "requires_action"),
            expires_at: row.expires_at.map(|at| at.0.to_string()),
            version: row.version,
        }
    }
}

/// A payment with what a payer's bank says against it, and where its money is.
#[derive(Serialize, ToSchema)]
pub struct PaymentDetails {
    /// The payment.
    #[serde(flatten)]
    payment: PaymentBody,
    /// Disputes, oldest first; they are no state of the payment, and the invoice does not change by them.
    disputes: Vec<DisputeBody>,
    /// Where it stands on its way from the agent to the body's account: `unsettled`, `in_batch`, `settled`, or `mismatch`
    /// while somebody looks at what does not agree.
    settlement: &'static str,
}

/// Pay an invoice
///
/// Opens a payment and sends you to the gateway's own page: no card number ever reaches this server. If the gateway is
/// slow the answer is `submitting` with `Retry-After`; ask for the payment until it has a `redirect_url`. While another
/// payment is open the answer is 409 `payment_in_progress`; with `replace_open` that one is closed at its gateway first, and
/// where it cannot be, or nobody knows yet, the answer is 409 `open_payment_not_closed` with `Retry-After`.
#[utoipa::path(
    operation_id = "open_payment", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    request_body = OpenPaymentRequest,
    responses((status = 201, description = "The payment", body = PaymentBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/invoices/{id}/payments")]
pub async fn open_payment(
    mutation: Mutation<OpenPaymentRequest>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let invoice = segment(&request, "id")?;
    let wanted = mutation.body.wanted();
    Ok(present(
        StatusCode::CREATED,
        &payment::open(mutation.ctx, mutation.idempotency, invoice, wanted).await?,
    ))
}

/// Look at a payment
#[utoipa::path(
    operation_id = "get_payment", tag = "payments", params(ResourcePath),
    responses((status = 200, description = "The payment", body = PaymentDetails), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/payments/{id}")]
pub async fn get_payment(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, _) = (segment(&request, "tenant")?, segment(&request, "id")?);
    let (row, disputes) = payment::get(ctx.clone(), tenant, id).await?;
    let settlement = settlement::standing_of(&ctx, &row).await?.as_str();
    let disputes = disputes.iter().map(DisputeBody::of).collect();
    Ok(respond::versioned(
        row.version,
        &PaymentDetails { payment: PaymentBody::of(&row), disputes, settlement },
    ))
}

/// Give a payment up
///
/// Closes the checkout at the gateway, so that nobody can pay in it any more; then another method can be chosen.
#[utoipa::path(
    operation_id = "cancel_payment", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    responses((status = 200, description = "The payment", body = PaymentBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/payments/{id}/cancel")]
pub async fn cancel_payment(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    Ok(present(StatusCode::OK, &payment::cancel(mutation.ctx, mutation.idempotency, id).await?))
}

/// Presents a payment that was opened or moved.
pub(super) fn present(status: StatusCode, made: &Effect<PaymentRow>) -> HttpResponse {
    let mut response =
        respond::effect(status, made.origin, Some(made.value.version), &PaymentBody::of(&made.value));
    if matches!(made.value.state.as_str(), "submitting" | "unknown") {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
    }
    response
}
