//! `…/payment-alerts`: what a person must look at about payments, and who did.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{PaymentAlertId, TenantCode};
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, ReadProblems, ResourcePath, TenantPath};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::respond;
use crate::service::Refusal;
use crate::service::payment_alert::{self, OpenAlert, PAGE};
use crate::store::payment_alerts::AlertFilter;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_payment_alerts).service(handle_payment_alert);
}

/// Which alerts are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PaymentAlertQuery {
    /// `open` or `handled`; both where it is left out.
    state: Option<String>,
    /// Such as `late_payment`.
    code: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<Uuid>,
}

/// What is said of an alert.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandlePaymentAlert {
    /// What was found and done; without personal data.
    #[schema(example = "還付手続に回した")]
    comment: String,
}

/// An alert about a payment.
#[derive(Serialize, ToSchema)]
pub struct PaymentAlertBody {
    /// The alert.
    id: Uuid,
    /// `amount_mismatch`, `late_payment`, `unrecognised_status`, `second_charge`, `charged_back`, `returned_outside`,
    /// `paid_after_end`, `open_after_given_up`, `open_beside_covered`, `held_long` or `open_past_last_day`.
    code: String,
    /// What was found, such as an amount or the gateway's word; null where the code says all.
    found: Option<String>,
    /// `open` or `handled`.
    state: &'static str,
    /// The payment.
    payment: Uuid,
    /// Where the payment stands now.
    payment_state: String,
    /// Its method.
    method: String,
    /// The merchant account.
    gateway: String,
    /// What the payer was asked for, in yen.
    amount: i64,
    /// The invoice.
    invoice: Uuid,
    /// The case.
    application: Uuid,
    /// When it was heard first.
    #[schema(format = DateTime)]
    raised_at: String,
    /// Days since then, or until it was handled.
    age_days: i32,
    /// When somebody had looked at it.
    #[schema(format = DateTime)]
    handled_at: Option<String>,
    /// The officer who did.
    handled_by: Option<Uuid>,
    /// What they say of it.
    comment: Option<String>,
}

impl PaymentAlertBody {
    fn of(open: &OpenAlert, now: Timestamp) -> Self {
        let OpenAlert { row, payment } = open;
        let until = row.handled_at.map_or(now, |at| at.0);
        Self {
            id: row.id.0,
            code: row.code.clone(),
            found: row.found.clone(),
            state: if row.handled_at.is_some() { "handled" } else { "open" },
            payment: payment.id.0,
            payment_state: payment.state.clone(),
            method: payment.method.clone(),
            gateway: payment.gateway.clone(),
            amount: payment.amount.amount(),
            invoice: payment.invoice_id.0,
            application: row.application_id.0,
            raised_at: row.raised_at.0.to_string(),
            age_days: (jst_day(until) - jst_day(row.raised_at.0)).get_days(),
            handled_at: row.handled_at.map(|at| at.0.to_string()),
            handled_by: row.handled_by.map(|officer| officer.0),
            comment: row.comment.clone(),
        }
    }
}

/// A page of alerts.
#[derive(Serialize, ToSchema)]
pub struct PaymentAlertList {
    /// Oldest first.
    items: Vec<PaymentAlertBody>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// List alerts about payments
///
/// For accountants: what a person must look at, oldest first, with the payment as it stands now and its age in days.
#[utoipa::path(
    operation_id = "list_payment_alerts", tag = "accounting", params(TenantPath, PaymentAlertQuery),
    responses((status = 200, description = "A page", body = PaymentAlertList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/payment-alerts")]
pub async fn list_payment_alerts(
    SignedIn(ctx): SignedIn,
    query: web::Query<PaymentAlertQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (tenant, now): (TenantCode, _) = (segment(&request, "tenant")?, ctx.now());
    let PaymentAlertQuery { state, code, cursor } = query.into_inner();
    let filter = AlertFilter { handled: state.as_deref().map(is_handled).transpose()?, code };
    let found = payment_alert::list(ctx, tenant, filter, cursor.map(PaymentAlertId)).await?;
    let full = i64::try_from(found.len()).is_ok_and(|count| count >= PAGE);
    let next_cursor = found.last().filter(|_| full).map(|open| open.row.id.to_string());
    let items = found.iter().map(|open| PaymentAlertBody::of(open, now)).collect();
    Ok(respond::plain(&PaymentAlertList { items, next_cursor }))
}

fn is_handled(state: &str) -> Result<bool, Refusal> {
    match state {
        "open" => Ok(false),
        "handled" => Ok(true),
        _ => {
            let (ja, en) = ("選べない値です。", "The value is none of the choices.");
            Err(Refusal::Malformed(vec![Fault::new("/state", "state", ja, en)]))
        }
    }
}

/// Say that an alert was looked at
///
/// For accountants, once: a second word is refused (409 `alert_handled`). The payment does not change by it.
#[utoipa::path(
    operation_id = "handle_payment_alert", tag = "accounting", params(ResourcePath, IdempotencyKeyHeader),
    request_body = HandlePaymentAlert,
    responses((status = 200, description = "The alert", body = PaymentAlertBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/payment-alerts/{id}/handle")]
pub async fn handle_payment_alert(
    mutation: Mutation<HandlePaymentAlert>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (id, now): (PaymentAlertId, _) = (segment(&request, "id")?, mutation.ctx.now());
    let comment = mutation.body.comment;
    let done = payment_alert::handle(mutation.ctx, mutation.idempotency, id, comment).await?;
    let body = PaymentAlertBody::of(&done.value, now);
    Ok(respond::effect(StatusCode::OK, done.origin, None, &body))
}
