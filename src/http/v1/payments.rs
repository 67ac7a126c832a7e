//! `…/invoices/{id}/payments` and `…/payments`: pay, look, give up.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::disputes::DisputeBody;
use crate::domain::id::{InvoiceId, TenantCode};
use crate::domain::payment::Slip;
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, ReadProblems, ResourcePath, TenantPath};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, Nothing, SignedIn, segment};
use crate::http::{locale, respond};
use crate::service::joint_payment;
use crate::service::payment::{self, BesideOpen, OpenPayment, PaymentDetail};
use crate::service::settlement;
use crate::service::{Effect, Origin};
use crate::store::payments::PaymentRow;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(open_payment).service(open_joint_payment).service(get_payment).service(cancel_payment);
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
        OpenPayment { method, return_url, locale, beside_open, payer_email: None, expected_total: None }
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

/// Which invoices to pay in one act, and how.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenJointPaymentRequest {
    /// The invoices, all of one obligor.
    #[schema(min_items = 1, max_items = 50)]
    invoices: Vec<Uuid>,
    /// A method that the procedures of all of them offer, such as `card`.
    #[schema(example = "card")]
    method: String,
    /// Where to come back to after paying; must lie under a registered origin.
    #[serde(default)]
    return_url: Option<String>,
    /// True to give up what is open of any of the invoices: it is closed at its gateway first.
    #[serde(default)]
    #[schema(required = false)]
    replace_open: bool,
}

/// Several invoices paid in one act.
#[derive(Serialize, ToSchema)]
pub struct JointPaymentBody {
    /// The payment of each invoice, in the order asked; they move together, and each has its own receipt and refunds.
    payments: Vec<PaymentBody>,
    /// What the payer is asked for in all, in yen.
    total: i64,
    /// Where the payer goes now; null while the gateway has not answered or when nothing is to be done.
    redirect_url: Option<String>,
}

impl JointPaymentBody {
    fn of(shares: &[PaymentRow]) -> Self {
        let payments: Vec<PaymentBody> = shares.iter().map(PaymentBody::of).collect();
        let redirect_url = payments.first().and_then(|first| first.redirect_url.clone());
        Self { total: payments.iter().map(|payment| payment.amount).sum(), redirect_url, payments }
    }
}

/// A payment that was opened together with another one.
#[derive(Serialize, ToSchema)]
pub struct PaidWith {
    /// The payment.
    payment: Uuid,
    /// The invoice it pays.
    invoice: Uuid,
    /// In yen.
    amount: i64,
}

/// What a payer needs to pay cash at a shop, or by Pay-easy. Every number is a text: zeros in front count.
#[derive(Serialize, ToSchema)]
pub struct SlipBody {
    /// `konbini` or `pay_easy`.
    kind: &'static str,
    /// 収納機関番号, five digits.
    #[schema(example = "00581")]
    biller_number: Option<String>,
    /// 納付番号, at most twenty digits.
    #[schema(example = "00012345678901234567")]
    payment_number: Option<String>,
    /// 確認番号.
    #[schema(example = "000123")]
    confirmation_number: Option<String>,
    /// 納付区分, where the gateway tells it.
    payment_category: Option<String>,
    /// The shop.
    store: Option<String>,
    /// The number that the shop asks for (払込票番号・受付番号).
    receipt_number: Option<String>,
    /// Where the gateway explains how to pay.
    instructions_url: Option<String>,
}

impl SlipBody {
    /// Presents a slip.
    pub(super) fn of(slip: &Slip) -> Self {
        let parts = slip.parts().clone();
        Self {
            kind: slip.kind().as_str(),
            biller_number: parts.biller_number,
            payment_number: parts.payment_number,
            confirmation_number: parts.confirmation_number,
            payment_category: parts.payment_category,
            store: parts.store,
            receipt_number: parts.receipt_number,
            instructions_url: parts.instructions_url,
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
    /// What else was paid in the same act, as far as you may see it.
    paid_with: Vec<PaidWith>,
    /// What the payer needs to pay cash or by Pay-easy; null before a slip is issued and for every other method.
    slip: Option<SlipBody>,
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
    let PaymentDetail { row, disputes, beside, slip } = payment::get(ctx.clone(), tenant, id).await?;
    let settlement = settlement::standing_of(&ctx, &row).await?.as_str();
    let disputes = disputes.iter().map(DisputeBody::of).collect();
    let with = |row: &PaymentRow| PaidWith {
        payment: row.id.0,
        invoice: row.invoice_id.0,
        amount: row.amount.amount(),
    };
    let paid_with = beside.iter().map(with).collect();
    let (payment, slip) = (PaymentBody::of(&row), slip.as_ref().map(SlipBody::of));
    let details = PaymentDetails { payment, disputes, settlement, paid_with, slip };
    Ok(respond::versioned(row.version, &details))
}

/// Pay several invoices in one act
///
/// Opens one checkout at one gateway over the sum. Each invoice keeps a payment of its own: they become paid together, and
/// each has its own receipt and its own refunds. All invoices must be of one obligor; every one that cannot be paid is named
/// in `errors`. A claim and what accrued beside it may be paid together whatever their order.
#[utoipa::path(
    operation_id = "open_joint_payment", tag = "payments", params(TenantPath, IdempotencyKeyHeader),
    request_body = OpenJointPaymentRequest,
    responses((status = 201, description = "The payments", body = JointPaymentBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/payments")]
pub async fn open_joint_payment(
    mutation: Mutation<OpenJointPaymentRequest>,
) -> Result<HttpResponse, ApiError> {
    let OpenJointPaymentRequest { invoices, method, return_url, replace_open } = mutation.body;
    let wanted = OpenPaymentRequest { method, return_url, replace_open }.wanted();
    let invoices = invoices.into_iter().map(InvoiceId).collect();
    let made = joint_payment::open(mutation.ctx, mutation.idempotency, invoices, wanted).await?;
    let body = JointPaymentBody::of(&made.value);
    let mut response = respond::effect(StatusCode::CREATED, made.origin, None, &body);
    if made.value.iter().any(|share| is_unheard(&share.state)) {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
    }
    Ok(response)
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
    present_as(status, made.origin, &made.value, &PaymentBody::of(&made.value))
}

/// The answer about a payment in other words; it says when to ask again while the gateway has not been heard.
pub(super) fn present_as(
    status: StatusCode,
    origin: Origin,
    payment: &PaymentRow,
    body: &impl Serialize,
) -> HttpResponse {
    let mut response = respond::effect(status, origin, Some(payment.version), body);
    if is_unheard(&payment.state) {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
    }
    response
}

/// Whether the gateway has not been heard of a payment in this state.
fn is_unheard(state: &str) -> bool {
    matches!(state, "submitting" | "unknown")
}
