//! `…/disputes`: payments that a payer's bank contests.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::domain::dispute::DisputeState;
use crate::domain::fault::Fault;
use crate::domain::id::TenantCode;
use crate::http::contract::{ReadProblems, TenantPath};
use crate::http::error::{ApiError, Problem};
use crate::http::extract::{SignedIn, segment};
use crate::http::respond;
use crate::service::{Refusal, dispute};
use crate::store::disputes::DisputeRow;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_disputes);
}

/// Which disputes are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DisputeFilter {
    /// `needs_response`, `under_review`, `won` or `lost`; all where it is left out.
    state: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A dispute.
#[derive(Serialize, ToSchema)]
pub struct DisputeBody {
    /// The dispute.
    id: Uuid,
    /// The contested payment.
    payment: Uuid,
    /// The invoice it paid; a dispute does not change it.
    invoice: Uuid,
    /// The gateway's id of the dispute, by which it is answered there.
    gateway_dispute_id: String,
    /// The merchant account.
    gateway: String,
    /// `needs_response`, `under_review`, `won` or `lost`.
    state: String,
    /// How much is contested, in yen.
    amount: i64,
    /// The reason in the gateway's own code.
    reason_code: Option<String>,
    /// Until when the gateway takes evidence.
    #[schema(format = DateTime)]
    respond_by: Option<String>,
    /// When it was heard of first.
    #[schema(format = DateTime)]
    opened_at: String,
    /// Rises with every change.
    version: i64,
}

impl DisputeBody {
    /// Presents a dispute.
    pub fn of(row: &DisputeRow) -> Self {
        Self {
            id: row.id.0,
            payment: row.payment_id.0,
            invoice: row.invoice_id.0,
            gateway_dispute_id: row.gateway_dispute_id.clone(),
            gateway: row.gateway.clone(),
            state: row.state.clone(),
            amount: row.amount.amount(),
            reason_code: row.reason_code.clone(),
            respond_by: row.respond_by.map(|at| at.0.to_string()),
            opened_at: row.created_at.0.to_string(),
            version: row.version,
        }
    }
}

/// A page of disputes.
#[derive(Serialize, ToSchema)]
pub struct DisputeList {
    /// Oldest first.
    items: Vec<DisputeBody>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// List contested payments
///
/// For accountants: what payers' banks contest, and until when the gateway takes evidence.
#[utoipa::path(
    operation_id = "list_disputes", tag = "payments", params(TenantPath, DisputeFilter),
    responses(
        (status = 200, description = "A page of disputes", body = DisputeList),
        (status = 422, description = "No such state or cursor", body = Problem, content_type = "application/problem+json"),
        ReadProblems,
    ),
)]
#[get("/v1/tenants/{tenant}/disputes")]
pub async fn list_disputes(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
    filter: web::Query<DisputeFilter>,
) -> Result<HttpResponse, ApiError> {
    let tenant: TenantCode = segment(&request, "tenant")?;
    let filter = filter.into_inner();
    let mut faults = Vec::new();
    let state = known("state", filter.state, DisputeState::parse, &mut faults);
    let after = known("cursor", filter.cursor, |text| text.parse().ok(), &mut faults);
    if !faults.is_empty() {
        return Err(Refusal::Invalid(faults).into());
    }
    let page = dispute::list(ctx, tenant, state, after).await?;
    let items = page.items.iter().map(DisputeBody::of).collect();
    Ok(respond::plain(&DisputeList { items, next_cursor: page.next.map(|id| id.to_string()) }))
}

/// A part of the query read, or a fault about it.
fn known<T>(
    name: &str,
    given: Option<String>,
    read: impl Fn(&str) -> Option<T>,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    let text = given?;
    let value = read(&text);
    if value.is_none() {
        let (ja, en) = ("この値は使えません。", "This value is not known.");
        faults.push(Fault::new(format!("/{name}"), "unknown_value", ja, en));
    }
    value
}
