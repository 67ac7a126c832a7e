//! `…/invoices/{id}/receipt`, `…/receipts`: what the payer was given for money, copies of it, and replacing a wrong one.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::invoices::{InvoiceLineBody, line_body};
use crate::domain::id::TenantCode;
use crate::domain::receipt::TaxSummary;
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, ReadProblems, ResourcePath};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::locale;
use crate::http::respond;
use crate::service::Effect;
use crate::service::receipt::{self, OpenReceipt, ReceiptAct};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_receipts).service(get_receipt).service(reissue_receipt).service(revoke_receipt);
}

/// What is taxed at one rate.
#[derive(Serialize, ToSchema)]
pub struct TaxedTotalBody {
    /// The rate in percent.
    percent: u8,
    /// In yen, the tax included.
    total: i64,
    /// The tax in it, rounded once for the rate.
    tax: i64,
}

/// Consumption tax over all lines.
#[derive(Serialize, ToSchema)]
pub struct TaxSummaryBody {
    /// By rate.
    rates: Vec<TaxedTotalBody>,
    /// The sum of what is not taxed.
    not_taxable: i64,
}

impl TaxSummaryBody {
    fn of(summary: &TaxSummary) -> Self {
        let rate = |rate: &crate::domain::receipt::TaxedTotal| TaxedTotalBody {
            percent: rate.percent,
            total: rate.total.amount(),
            tax: rate.tax.amount(),
        };
        Self { rates: summary.rates.iter().map(rate).collect(), not_taxable: summary.not_taxable.amount() }
    }
}

/// A copy that was given again.
#[derive(Serialize, ToSchema)]
pub struct ReissueBody {
    /// 1 for the first copy.
    reissue_no: i64,
    /// When it was given.
    #[schema(format = DateTime)]
    reissued_at: String,
}

/// The kinds of confirmation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmationKindBody {
    /// 領収証書, for money the body itself or its collection agent received.
    OfficialReceipt,
    /// For a payment entrusted to a designated agent; the agent gives the payer its own proof.
    EntrustmentConfirmation,
}

/// Whether a receipt holds.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptStateBody {
    /// It holds.
    Valid,
    /// It ended; `revocation_ground` says why.
    Revoked,
}

/// What the payer was given for money.
#[derive(Serialize, ToSchema)]
pub struct ReceiptBody {
    /// The receipt.
    id: Uuid,
    /// The number the payer is told.
    number: String,
    /// `official_receipt` 領収証書 or `entrustment_confirmation` 納付委託の確認.
    kind: ConfirmationKindBody,
    /// Whether it holds.
    state: ReceiptStateBody,
    /// `payment_undone`, `amount_changed` or `replaced`; null while it holds.
    revocation_ground: Option<String>,
    /// When it was issued.
    #[schema(format = DateTime)]
    issued_at: String,
    /// Copies that were given again (再発行), oldest first; a copy shows its number.
    reissues: Vec<ReissueBody>,
    /// The invoice's number.
    invoice_number: String,
    /// The body owed to.
    tenant: String,
    /// The body's name.
    issuer: String,
    /// The department in charge.
    department: String,
    /// 納入義務者.
    obligor: String,
    /// Who paid.
    payer: String,
    /// What it proves, in yen.
    total: i64,
    /// The lines; those without `tax` are not taxable.
    lines: Vec<InvoiceLineBody>,
    /// 会計年度.
    fiscal_year: i64,
    /// Consumption tax by rate; null where the sum is not that of the lines.
    tax_summary: Option<TaxSummaryBody>,
    /// 登録番号 of a qualified invoice, where a line is taxed.
    registration_number: Option<String>,
    /// The method.
    method: String,
    /// The designated agent or gateway.
    gateway: String,
    /// By which means it came at the counter: `cash`, `pos` or `bank_slip`.
    means: Option<String>,
    /// The officer who took it at the counter.
    received_by: Option<Uuid>,
    /// Our reference of the payment.
    reference: String,
    /// The day on which the money was taken or entrusted, in Japan.
    #[schema(format = Date)]
    received_on: String,
    /// The day of the entrustment.
    #[schema(format = Date)]
    entrusted_on: Option<String>,
    /// The day it counts as paid (納付済); open while the agent has not remitted.
    #[schema(format = Date)]
    paid_on: Option<String>,
}

impl ReceiptBody {
    fn of(open: &OpenReceipt) -> Self {
        let locale = locale::current().locale;
        let (row, content) = (&open.receipt.row, &open.receipt.row.content.0);
        let copy = |row: &crate::store::receipts::ReissueRow| ReissueBody {
            reissue_no: row.reissue_no,
            reissued_at: row.reissued_at.0.to_string(),
        };
        let counter = content.counter.as_ref();
        let revoked = open.receipt.revocation.as_ref();
        Self {
            id: row.id.0,
            number: row.number.clone(),
            kind: match row.kind.as_str() {
                "official_receipt" => ConfirmationKindBody::OfficialReceipt,
                _ => ConfirmationKindBody::EntrustmentConfirmation,
            },
            state: if revoked.is_none() { ReceiptStateBody::Valid } else { ReceiptStateBody::Revoked },
            revocation_ground: revoked.map(|row| row.ground.clone()),
            issued_at: row.issued_at.0.to_string(),
            reissues: open.receipt.reissues.iter().map(copy).collect(),
            invoice_number: content.invoice_number.clone(),
            tenant: row.tenant_id.to_string(),
            issuer: locale.pick(&content.issuer.ja, &content.issuer.en).clone(),
            department: locale.pick(&content.department.ja, &content.department.en).clone(),
            obligor: open.names.obligor.clone(),
            payer: open.names.payer.clone(),
            total: row.amount.amount(),
            lines: content.lines.iter().map(|line| line_body(line, locale)).collect(),
            fiscal_year: content.fiscal_year,
            tax_summary: content.tax.as_ref().map(TaxSummaryBody::of),
            registration_number: content.registration_number.clone(),
            method: content.method.clone(),
            gateway: content.gateway.clone(),
            means: counter.map(|counter| counter.means.clone()),
            received_by: counter.map(|counter| counter.officer.0),
            reference: content.reference.clone(),
            received_on: content.received_on.to_string(),
            entrusted_on: open.invoice.entrusted_on.map(|day| day.0.to_string()),
            paid_on: open.invoice.paid_on.map(|day| day.0.to_string()),
        }
    }
}

/// Every receipt of an invoice.
#[derive(Serialize, ToSchema)]
pub struct ReceiptList {
    /// Oldest first, with those that ended.
    items: Vec<ReceiptBody>,
}

/// Why a receipt is given again or replaced.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptReason {
    /// The reason, kept with the act.
    #[schema(example = "納付者が紛失したため。")]
    reason: String,
}

/// Get the confirmation of payment
///
/// For a payment through a designated agent it confirms the entrustment and is no official receipt, not even after the
/// agent remitted; the agent proves the payment to you. Before anything is paid there is none.
#[utoipa::path(
    operation_id = "get_receipt", tag = "payments", params(ResourcePath),
    responses((status = 200, description = "The confirmation", body = ReceiptBody), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/invoices/{id}/receipt")]
pub async fn get_receipt(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, _) = (segment(&request, "tenant")?, segment(&request, "id")?);
    let found = receipt::current(ctx, tenant, id).await?;
    Ok(respond::plain(&ReceiptBody::of(&found)))
}

/// List the receipts of an invoice
///
/// Every receipt and confirmation that was ever given for it, also those that ended: because the entry of the counter was
/// taken back, or because another one took its place.
#[utoipa::path(
    operation_id = "list_receipts", tag = "payments", params(ResourcePath),
    responses((status = 200, description = "The receipts", body = ReceiptList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/invoices/{id}/receipts")]
pub async fn list_receipts(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, _) = (segment(&request, "tenant")?, segment(&request, "id")?);
    let found = receipt::history(ctx, tenant, id).await?;
    Ok(respond::plain(&ReceiptList { items: found.iter().map(ReceiptBody::of).collect() }))
}

/// Give a receipt again
///
/// For the department's staff and the accounting post: a copy marked as one (再発行), with a reason. One that ended is not
/// given again (409 `receipt_revoked`).
#[utoipa::path(
    operation_id = "reissue_receipt", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    request_body = ReceiptReason,
    responses((status = 201, description = "The receipt with its copies", body = ReceiptBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/receipts/{id}/reissue")]
pub async fn reissue_receipt(
    mutation: Mutation<ReceiptReason>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (id, reason) = (segment(&request, "id")?, mutation.body.reason);
    let made = receipt::act(mutation.ctx, mutation.idempotency, id, ReceiptAct::Reissue, reason).await?;
    Ok(present(StatusCode::CREATED, &made))
}

/// Revoke a receipt that says something wrong
///
/// It ends, and another one over the money that is there takes its place: money that was taken is never without its proof.
#[utoipa::path(
    operation_id = "revoke_receipt", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    request_body = ReceiptReason,
    responses((status = 200, description = "The receipt that holds now", body = ReceiptBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/receipts/{id}/revoke")]
pub async fn revoke_receipt(
    mutation: Mutation<ReceiptReason>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (id, reason) = (segment(&request, "id")?, mutation.body.reason);
    let made = receipt::act(mutation.ctx, mutation.idempotency, id, ReceiptAct::Replace, reason).await?;
    Ok(present(StatusCode::OK, &made))
}

fn present(status: StatusCode, made: &Effect<OpenReceipt>) -> HttpResponse {
    respond::effect(status, made.origin, None, &ReceiptBody::of(&made.value))
}
