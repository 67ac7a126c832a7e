//! `…/invoices/{id}/counter-payments` and `…/counter-payments`: money that came at the counter, entered by staff.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, post};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::domain::id::InvoiceId;
use crate::domain::payment::CounterMeans;
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, ResourcePath, TenantPath};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, segment};
use crate::http::respond;
use crate::service::Effect;
use crate::service::counter::{self, CounterEntry, CounterPayment};
use crate::service::counter_balance::{self, BalanceEntry};
use crate::service::counter_together;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(receive_counter_payment)
        .service(receive_counter_payments)
        .service(receive_balance)
        .service(reverse_counter_payment);
}

/// By which means money came.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MeansBody {
    /// 現金.
    Cash,
    /// Card or e-money at the counter's terminal: entrusted to the agent behind it.
    Pos,
    /// 納付書, paid in at the bank.
    BankSlip,
}

impl MeansBody {
    fn means(self) -> CounterMeans {
        match self {
            Self::Cash => CounterMeans::Cash,
            Self::Pos => CounterMeans::Pos,
            Self::BankSlip => CounterMeans::BankSlip,
        }
    }
}

/// Money at the counter.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiveCounterPayment {
    /// By which means it came.
    means: MeansBody,
    /// In yen; exactly what is owed.
    #[schema(example = 22000)]
    amount: i64,
    /// The day on which it came, in Japan; not before the notice and not in the future.
    #[schema(value_type = String, format = Date, example = "2026-04-01")]
    received_on: Date,
    /// Number of the slip or of the terminal's receipt.
    #[serde(default)]
    #[schema(required = false)]
    reference: Option<String>,
}

/// Why an entry is taken back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReverseCounterPayment {
    /// The reason, kept with the entry.
    #[schema(example = "別の申請の納付書を誤って入力した。")]
    reason: String,
}

/// An entry of the counter.
#[derive(Serialize, ToSchema)]
pub struct CounterPaymentView {
    /// The payment it made; also a payment of `…/payments/{id}`.
    id: Uuid,
    /// The invoice.
    invoice: Uuid,
    /// `captured`, or `canceled` once the entry was taken back.
    state: String,
    /// Where the invoice stands now: `entrusted` where the agent behind a terminal has the money, else `paid`.
    invoice_state: String,
    /// `cash`, `pos` or `bank_slip`.
    means: String,
    /// In yen.
    amount: i64,
    /// The day on which it came.
    #[schema(format = Date)]
    received_on: String,
    /// Number of the slip or of the terminal's receipt.
    reference: Option<String>,
    /// The officer who entered it.
    recorded_by: Uuid,
    /// When it was entered.
    #[schema(format = DateTime)]
    recorded_at: String,
    /// The officer who took it back, if somebody did.
    reversed_by: Option<Uuid>,
    /// When it was taken back.
    #[schema(format = DateTime)]
    reversed_at: Option<String>,
    /// Why it was taken back.
    reason: Option<String>,
    /// Rises with every change of the payment; also the `ETag`.
    version: i64,
}

impl CounterPaymentView {
    fn of(made: &CounterPayment) -> Self {
        let entry = &made.entry;
        Self {
            id: entry.payment_id.0,
            invoice: entry.invoice_id.0,
            state: made.payment.state.clone(),
            invoice_state: made.invoice.state.clone(),
            means: entry.means.clone(),
            amount: made.payment.amount.amount(),
            received_on: entry.received_on.0.to_string(),
            reference: made.reference.clone(),
            recorded_by: entry.recorded_by.0,
            recorded_at: entry.recorded_at.0.to_string(),
            reversed_by: entry.reversed_by.map(|officer| officer.0),
            reversed_at: entry.reversed_at.map(|at| at.0.to_string()),
            reason: made.reason.clone(),
            version: made.payment.version,
        }
    }
}

/// Enter money received at the counter
///
/// For the department's staff and the accounting post: cash, a payment at the terminal, or a slip paid at the bank. The
/// invoice is `paid` on the day the money came, and its official receipt can be read. What a terminal took is `entrusted` to the
/// agent behind it, and paid once that agent's payout arrived: the body must have such an agent set up for the day (409
/// `no_counter_terminal`), and it must be designated for every revenue of the invoice (422 `agent_not_designated`). A fee whose
/// ordinance does not name the counter is not taken there (422 `method_not_offered`). While an online payment is open it
/// is refused (409 `payment_in_progress`): give that up first.
#[utoipa::path(
    operation_id = "receive_counter_payment", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    request_body = ReceiveCounterPayment,
    responses((status = 201, description = "The entry", body = CounterPaymentView), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/invoices/{id}/counter-payments")]
pub async fn receive_counter_payment(
    mutation: Mutation<ReceiveCounterPayment>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let invoice = segment(&request, "id")?;
    let ReceiveCounterPayment { means, amount, received_on, reference } = mutation.body;
    let entry = CounterEntry { means: means.means(), amount, received_on, reference };
    let made = counter::receive(mutation.ctx, mutation.idempotency, invoice, entry).await?;
    Ok(present(StatusCode::CREATED, &made))
}

/// One sum for several invoices.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiveCounterPayments {
    /// The invoices, at most 50.
    invoices: Vec<Uuid>,
    /// By which means it came.
    means: MeansBody,
    /// In yen; exactly what they owe together.
    #[schema(example = 44000)]
    amount: i64,
    /// The day on which it came, in Japan; not before any of the notices and not in the future.
    #[schema(value_type = String, format = Date, example = "2026-04-01")]
    received_on: Date,
    /// Number of the slip or of the terminal's receipt.
    #[serde(default)]
    #[schema(required = false)]
    reference: Option<String>,
}

/// Enter one sum for several invoices
///
/// For the department's staff and the accounting post, when a payer brings what is owed for several cases at once: all are paid or
/// none, each with a payment and a receipt of its own. Every invoice that cannot be paid is named in `errors`.
#[utoipa::path(
    operation_id = "receive_counter_payments", tag = "payments", params(TenantPath, IdempotencyKeyHeader),
    request_body = ReceiveCounterPayments,
    responses((status = 201, description = "The payments", body = BalancePayments), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/counter-payments")]
pub async fn receive_counter_payments(
    mutation: Mutation<ReceiveCounterPayments>,
) -> Result<HttpResponse, ApiError> {
    let ReceiveCounterPayments { invoices, means, amount, received_on, reference } = mutation.body;
    let entry = CounterEntry { means: means.means(), amount, received_on, reference };
    let ids = invoices.into_iter().map(InvoiceId).collect();
    let made = counter_together::receive(mutation.ctx, mutation.idempotency, ids, entry).await?;
    Ok(payments(&made))
}

/// A sum for a claim and what is owed beside it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiveBalance {
    /// By which means it came, today.
    means: MeansBody,
    /// In yen; what pays the first debts of the order whole.
    #[schema(example = 22310)]
    amount: i64,
    /// Number of the slip or of the terminal's receipt.
    #[serde(default)]
    #[schema(required = false)]
    reference: Option<String>,
}

/// What a sum paid.
#[derive(Serialize, ToSchema)]
pub struct BalancePayments {
    /// One payment an invoice, in the order in which they were taken.
    items: Vec<CounterPaymentView>,
}

/// Enter one sum for a late claim and what is owed beside it
///
/// For the department's staff and the accounting post: claim, fee of the demand and late charge are taken in the order of the
/// ordinance (see `order` at `…/arrears`), each with a payment and a receipt of its own. The sum pays all of them, or the first of
/// them whole; another sum is refused (422 `pays_no_whole_debt`) with the sums that can be taken. The late charge is assessed up
/// to today on the way. Not found where the body has no terms for late claims.
#[utoipa::path(
    operation_id = "receive_balance", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    request_body = ReceiveBalance,
    responses((status = 201, description = "The payments", body = BalancePayments), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/invoices/{id}/balance-payments")]
pub async fn receive_balance(
    mutation: Mutation<ReceiveBalance>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let ReceiveBalance { means, amount, reference } = mutation.body;
    let entry = BalanceEntry { means: means.means(), amount, reference };
    let made = counter_balance::receive(mutation.ctx, mutation.idempotency, id, entry).await?;
    Ok(payments(&made))
}

fn payments(made: &Effect<Vec<CounterPayment>>) -> HttpResponse {
    let body = BalancePayments { items: made.value.iter().map(CounterPaymentView::of).collect() };
    respond::effect(StatusCode::CREATED, made.origin, None, &body)
}

/// Take a wrong entry back
///
/// For another officer than the one who entered it (403 `own_entry`). The payment ends without money, its posting is
/// booked back, and the invoice is owed again. This is no refund: money that was there goes back as a refund.
#[utoipa::path(
    operation_id = "reverse_counter_payment", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    request_body = ReverseCounterPayment,
    responses((status = 200, description = "The entry, taken back", body = CounterPaymentView), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/counter-payments/{id}/reverse")]
pub async fn reverse_counter_payment(
    mutation: Mutation<ReverseCounterPayment>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let made = counter::reverse(mutation.ctx, mutation.idempotency, id, mutation.body.reason).await?;
    Ok(present(StatusCode::OK, &made))
}

fn present(status: StatusCode, made: &Effect<CounterPayment>) -> HttpResponse {
    respond::effect(
        status,
        made.origin,
        Some(made.value.payment.version),
        &CounterPaymentView::of(&made.value),
    )
}
