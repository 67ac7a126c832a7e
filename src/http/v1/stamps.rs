//! `…/invoices/{id}/stamp-uses`, `…/stamp-uses/{id}/reverse`, `…/stamp-refund-quote`: revenue stamps (収入証紙).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::domain::id::TenantCode;
use crate::http::contract::{
    ChangeProblems, IdempotencyKeyHeader, PublicProblems, ReadProblems, ResourcePath, TenantPath,
};
use crate::http::error::{ApiError, Problem};
use crate::http::extract::{Anyone, Body, Mutation, SignedIn, segment};
use crate::http::respond;
use crate::service::stamp::{self, CancelStamps, StampUse};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(cancel_stamps)
        .service(list_stamp_uses)
        .service(reverse_stamp_use)
        .service(quote_stamp_refund);
}

/// Stamps of one face value.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StampsBody {
    /// The face value, in yen.
    #[schema(example = 10000)]
    face: i64,
    /// How many.
    #[schema(example = 8)]
    count: i64,
}

fn entered(stamps: &[StampsBody]) -> Vec<(i64, i64)> {
    stamps.iter().map(|one| (one.face, one.count)).collect()
}

/// Stamps that were cancelled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelStampsBody {
    /// What was affixed and cancelled; exactly what is owed.
    stamps: Vec<StampsBody>,
    /// 消印の日, in Japan; not before the notice and not in the future.
    #[schema(value_type = String, format = Date, example = "2026-04-01")]
    cancelled_on: Date,
}

/// Why an entry is taken back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReverseStampUse {
    /// The reason, kept with the entry.
    #[schema(example = "別の申請書に貼られた証紙を誤って入力した。")]
    reason: String,
}

/// Stamps that settled an invoice.
#[derive(Serialize, ToSchema)]
pub struct StampUseBody {
    /// The entry.
    id: Uuid,
    /// The invoice.
    invoice: Uuid,
    /// Where the invoice stands now.
    invoice_state: String,
    /// The stamps by face value.
    stamps: Vec<StampsBody>,
    /// What they are worth, in yen.
    amount: i64,
    /// 消印の日.
    #[schema(format = Date)]
    cancelled_on: String,
    /// The officer who cancelled them.
    cancelled_by: Uuid,
    /// When it was recorded.
    #[schema(format = DateTime)]
    recorded_at: String,
    /// The officer who took the entry back, if somebody did.
    reversed_by: Option<Uuid>,
    /// When it was taken back.
    #[schema(format = DateTime)]
    reversed_at: Option<String>,
    /// Why it was taken back.
    reason: Option<String>,
}

impl StampUseBody {
    fn of(found: &StampUse) -> Self {
        let row = &found.row;
        let stamps = row.stamps.0.iter();
        Self {
            id: row.id.0,
            invoice: row.invoice_id.0,
            invoice_state: found.invoice.state.clone(),
            stamps: stamps.map(|one| StampsBody { face: one.face.amount(), count: one.count }).collect(),
            amount: row.amount.amount(),
            cancelled_on: row.cancelled_on.0.to_string(),
            cancelled_by: row.cancelled_by.0,
            recorded_at: row.recorded_at.0.to_string(),
            reversed_by: row.reversed_by.map(|officer| officer.0),
            reversed_at: row.reversed_at.map(|at| at.0.to_string()),
            reason: found.reason.clone(),
        }
    }
}

/// The entries of an invoice.
#[derive(Serialize, ToSchema)]
pub struct StampUseList {
    /// Oldest first.
    items: Vec<StampUseBody>,
    /// Always null: there is one page.
    next_cursor: Option<String>,
}

/// Unused stamps.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StampRefundRequest {
    /// The stamps that were not used.
    stamps: Vec<StampsBody>,
}

/// What unused stamps are given back at.
#[derive(Serialize, ToSchema)]
pub struct StampRefundBody {
    /// What they are worth by their face values, in yen.
    face_total: i64,
    /// What is paid for them, in yen: of the sum, cut to whole yen once.
    cash: i64,
    /// The ordinance.
    basis: String,
    /// True while it has not been confirmed by the body.
    sample: bool,
}

/// Record that stamps were cancelled
///
/// For the department's staff and the accounting post, where the body still uses stamps and the procedure names `revenue_stamp` among
/// its methods (else 422 `method_not_offered`). Exactly what is owed: `stamps_short` is added before the stamps are cancelled,
/// `stamps_over` is given back uncancelled. The invoice is `paid` without a payment and without a receipt.
#[utoipa::path(
    operation_id = "cancel_stamps", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    request_body = CancelStampsBody,
    responses((status = 201, description = "The entry", body = StampUseBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/invoices/{id}/stamp-uses")]
pub async fn cancel_stamps(
    mutation: Mutation<CancelStampsBody>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let CancelStampsBody { stamps, cancelled_on } = mutation.body;
    let wanted = CancelStamps { stamps: entered(&stamps), cancelled_on };
    let made = stamp::cancel_stamps(mutation.ctx, mutation.idempotency, id, wanted).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &StampUseBody::of(&made.value)))
}

/// List the stamps that settled an invoice
///
/// For whoever receives money at the counter; with the entries that were taken back.
#[utoipa::path(
    operation_id = "list_stamp_uses", tag = "payments", params(ResourcePath),
    responses((status = 200, description = "The entries", body = StampUseList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/invoices/{id}/stamp-uses")]
pub async fn list_stamp_uses(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, _) = (segment(&request, "tenant")?, segment(&request, "id")?);
    let found = stamp::list(ctx, tenant, id).await?;
    let items = found.iter().map(StampUseBody::of).collect();
    Ok(respond::plain(&StampUseList { items, next_cursor: None }))
}

/// Take a wrong entry of stamps back
///
/// For another officer than the one who cancelled the stamps (403 `own_entry`): it is booked back, and the invoice is owed again.
#[utoipa::path(
    operation_id = "reverse_stamp_use", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    request_body = ReverseStampUse,
    responses((status = 200, description = "The entry, taken back", body = StampUseBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/stamp-uses/{id}/reverse")]
pub async fn reverse_stamp_use(
    mutation: Mutation<ReverseStampUse>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let made = stamp::reverse(mutation.ctx, mutation.idempotency, id, mutation.body.reason).await?;
    Ok(respond::effect(StatusCode::OK, made.origin, None, &StampUseBody::of(&made.value)))
}

/// Ask what unused stamps are given back at
///
/// By the ordinance of the body, of the sum of their face values. Not found where the body gives none back. No account is needed.
#[utoipa::path(
    operation_id = "quote_stamp_refund", tag = "payments", security(()), params(TenantPath),
    request_body = StampRefundRequest,
    responses(
        (status = 200, description = "What is paid", body = StampRefundBody),
        (status = 400, description = "Not the expected JSON", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Stamps at fault", body = Problem, content_type = "application/problem+json"),
        PublicProblems,
    ),
)]
#[post("/v1/tenants/{tenant}/stamp-refund-quote")]
pub async fn quote_stamp_refund(
    Anyone(ctx): Anyone,
    request: HttpRequest,
    body: Body<StampRefundRequest>,
) -> Result<HttpResponse, ApiError> {
    let tenant: TenantCode = segment(&request, "tenant")?;
    let quote = stamp::quote_refund(&ctx, &tenant, &entered(&body.0.stamps))?;
    Ok(respond::plain(&StampRefundBody {
        face_total: quote.face_total.amount(),
        cash: quote.cash.amount(),
        basis: quote.terms.basis,
        sample: quote.terms.sample,
    }))
}
