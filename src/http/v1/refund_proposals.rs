//! `…/refund-proposals`: what came beyond a debt and waits for people to send it back.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::mine::cursor;
use crate::domain::id::{InvoiceId, TenantCode};
use crate::http::contract::{PageQuery, ReadProblems, TenantPath};
use crate::http::error::ApiError;
use crate::http::extract::{SignedIn, segment};
use crate::http::respond;
use crate::service::refund_proposals::{self, OverpaidPayment};

/// Invoices looked at for one page.
const PAGE: i64 = 50;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_refund_proposals);
}

/// Money of one payment that came beyond the debt.
#[derive(Serialize, ToSchema)]
pub struct RefundProposalItem {
    /// The invoice that too much was paid of.
    invoice: Uuid,
    /// Its number.
    invoice_number: String,
    /// The case.
    application: Uuid,
    /// The payment whose money is too much.
    payment: Uuid,
    /// How much, in yen.
    amount: i64,
    /// The ground of the request that takes it up: `overpaid`.
    reason: String,
    /// `gateway` or `bank_transfer`, as the payment's method allows.
    route: String,
    /// Why so.
    route_reason: &'static str,
    /// What of all payments of the invoice can go back, which a request names as `refund_amount_available`.
    refund_amount_available: i64,
}

/// A page of what is too much.
#[derive(Serialize, ToSchema)]
pub struct RefundProposalPage {
    /// Oldest invoice first.
    items: Vec<RefundProposalItem>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

impl RefundProposalItem {
    fn of(found: &OverpaidPayment) -> Self {
        let OverpaidPayment { invoice, available, proposal } = found;
        Self {
            invoice: invoice.id.0,
            invoice_number: invoice.number.clone(),
            application: invoice.application_id.0,
            payment: proposal.payment.0,
            amount: proposal.amount.amount(),
            reason: proposal.ground.as_str().to_owned(),
            route: proposal.route.route.as_str().to_owned(),
            route_reason: proposal.route.reason.as_str(),
            refund_amount_available: available.amount(),
        }
    }
}

/// List what was paid too much
///
/// For accountants: money that came beyond a debt, such as a slip paid after the card, or in another sum than was asked for,
/// and that no refund has taken up.
/// Ask for the refund at the invoice with reason `overpaid`; another officer approves it, and the line disappears.
#[utoipa::path(
    operation_id = "list_refund_proposals", tag = "payments", params(TenantPath, PageQuery),
    responses((status = 200, description = "A page", body = RefundProposalPage), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/refund-proposals")]
pub async fn list_refund_proposals(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let tenant: TenantCode = segment(&request, "tenant")?;
    let after = cursor(page.cursor.as_deref())?.map(InvoiceId);
    let found = refund_proposals::list(ctx, tenant, after, PAGE).await?;
    Ok(respond::plain(&RefundProposalPage {
        items: found.items.iter().map(RefundProposalItem::of).collect(),
        next_cursor: found.next.map(|id| id.to_string()),
    }))
}
