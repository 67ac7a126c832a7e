//! `…/refunds/{id}/payee` and `…/payouts`: refunds that are paid by bank transfer.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::{HttpRequest, HttpResponse, get, post};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::refunds::RefundBody;
use crate::domain::id::{RefundId, TenantCode};
use crate::domain::zengin::{AccountKind, AccountText};
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, ReadProblems, ResourcePath, TenantPath};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::respond;
use crate::service::payout::{self, Payee};
use crate::store::payouts::PayoutRow;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(set_payee)
        .service(list_payouts)
        .service(create_payout)
        .service(get_payout_file)
        .service(confirm_payout);
}

/// The kinds of accounts.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountKindWord {
    /// 普通.
    Ordinary,
    /// 当座.
    Checking,
    /// 貯蓄.
    Savings,
    /// その他.
    Other,
}

impl From<AccountKindWord> for AccountKind {
    fn from(word: AccountKindWord) -> Self {
        match word {
            AccountKindWord::Ordinary => Self::Ordinary,
            AccountKindWord::Checking => Self::Checking,
            AccountKindWord::Savings => Self::Savings,
            AccountKindWord::Other => Self::Other,
        }
    }
}

/// A bank account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BankAccountRequest {
    /// 銀行番号.
    #[schema(example = "0117", pattern = "^[0-9]{4}$")]
    bank_code: String,
    /// 銀行名 in katakana.
    #[schema(example = "アオモリ")]
    bank_name: String,
    /// 支店番号.
    #[schema(example = "001", pattern = "^[0-9]{3}$")]
    branch_code: String,
    /// 支店名 in katakana.
    #[schema(example = "ホンテン")]
    branch_name: String,
    /// 預金種目.
    kind: AccountKindWord,
    /// 口座番号.
    #[schema(example = "1234567", pattern = "^[0-9]{7}$")]
    number: String,
}

/// Where a refund is to be paid.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPayee {
    /// The account.
    account: BankAccountRequest,
    /// 口座名義 in katakana.
    #[schema(example = "クドウ タロウ")]
    holder: String,
}

impl From<SetPayee> for Payee {
    fn from(body: SetPayee) -> Self {
        let account = body.account;
        Self {
            account: AccountText {
                bank_code: account.bank_code,
                bank_name: account.bank_name,
                branch_code: account.branch_code,
                branch_name: account.branch_name,
                kind: account.kind.into(),
                number: account.number,
            },
            holder: body.holder,
        }
    }
}

/// A transfer file to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePayout {
    /// The day the bank is to pay.
    #[schema(value_type = String, format = Date)]
    transfer_on: Date,
}

/// What the bank said.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmPayout {
    /// Refunds that the bank could not pay (組戻し): they wait for another account and the next file.
    #[serde(default)]
    #[schema(required = false)]
    returned: Vec<Uuid>,
}

/// A transfer file.
#[derive(Serialize, ToSchema)]
pub struct PayoutBody {
    /// The file.
    id: Uuid,
    /// `exported` or `paid`.
    state: String,
    /// The day the bank is to pay.
    #[schema(format = Date)]
    transfer_on: String,
    /// How many payments are in it: refunds with their interest, and interest alone.
    count: i64,
    /// Their sum in yen.
    total: i64,
    /// SHA-256 of the file.
    sha256: String,
    /// Rises with every change; also the `ETag`.
    version: i64,
}

impl PayoutBody {
    fn of(row: &PayoutRow) -> Self {
        Self {
            id: row.id.0,
            state: row.state.clone(),
            transfer_on: row.transfer_on.0.to_string(),
            count: row.refund_count,
            total: row.total.amount(),
            sha256: row.file_sha256.clone(),
            version: row.version,
        }
    }
}

/// What waits to be paid out, and what was.
#[derive(Serialize, ToSchema)]
pub struct PayoutList {
    /// Approved refunds that are in no file, oldest first; their interest is paid with them.
    due: Vec<RefundBody>,
    /// Refunds that go another way and whose interest is in no file, oldest first.
    interest_due: Vec<RefundBody>,
    /// Files, youngest first.
    items: Vec<PayoutBody>,
}

/// Say where a refund is to be paid
///
/// For the payer, or for staff who were told. The account is kept sealed and is shown to nobody but the bank. What goes back
/// through a gateway or settles another claim needs one for its interest alone. A payee who was told and gives an account asks for the
/// money by that.
#[utoipa::path(
    operation_id = "set_payee", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    request_body = SetPayee,
    responses((status = 200, description = "The refund", body = RefundBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/refunds/{id}/payee")]
pub async fn set_payee(mutation: Mutation<SetPayee>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let made = payout::set_payee(mutation.ctx, mutation.idempotency, id, mutation.body.into()).await?;
    Ok(respond::effect(StatusCode::OK, made.origin, Some(made.value.version), &RefundBody::of(&made.value)))
}

/// List what is to be paid out
///
/// For accountants: approved refunds that go by bank transfer, and the transfer files made so far.
#[utoipa::path(
    operation_id = "list_payouts", tag = "payments", params(TenantPath),
    responses((status = 200, description = "Refunds due and files", body = PayoutList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/payouts")]
pub async fn list_payouts(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let tenant: TenantCode = segment(&request, "tenant")?;
    let desk = payout::desk(ctx, tenant).await?;
    Ok(respond::plain(&PayoutList {
        due: desk.due.iter().map(RefundBody::of).collect(),
        interest_due: desk.interest_due.iter().map(RefundBody::of).collect(),
        items: desk.files.iter().map(PayoutBody::of).collect(),
    }))
}

/// Make a transfer file
///
/// For accountants: everything that is due and whose payee is known goes into one file of the banks (全銀 総合振込). Never by
/// the person who gave the account of one of its payees (422, code `own_payee`, each such refund named). What the payer's bank
/// pulled back after the approval is left out: such a refund has failed (`pulled_back`).
#[utoipa::path(
    operation_id = "create_payout", tag = "payments", params(TenantPath, IdempotencyKeyHeader),
    request_body = CreatePayout,
    responses((status = 201, description = "The file", body = PayoutBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/payouts")]
pub async fn create_payout(mutation: Mutation<CreatePayout>) -> Result<HttpResponse, ApiError> {
    let made = payout::export(mutation.ctx, mutation.idempotency, mutation.body.transfer_on).await?;
    let status = StatusCode::CREATED;
    Ok(respond::effect(status, made.origin, Some(made.value.version), &PayoutBody::of(&made.value)))
}

/// Get a transfer file
///
/// Records of 120 bytes in JIS X 0201, as banks take them. Each look is recorded.
#[utoipa::path(
    operation_id = "get_payout_file", tag = "payments", params(ResourcePath),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream", body = Vec<u8>),
        ReadProblems,
    ),
)]
#[get("/v1/tenants/{tenant}/payouts/{id}/file")]
pub async fn get_payout_file(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, _) = (segment(&request, "tenant")?, segment(&request, "id")?);
    let bytes = payout::file(ctx, tenant, id).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"sogo-furikomi.txt\""))
        .content_type("application/octet-stream")
        .body(bytes))
}

/// Confirm that the bank paid a file
///
/// Never by the person who made it (403 `own_refund`).
#[utoipa::path(
    operation_id = "confirm_payout", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    request_body = ConfirmPayout,
    responses((status = 200, description = "The file", body = PayoutBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/payouts/{id}/confirm")]
pub async fn confirm_payout(
    mutation: Mutation<ConfirmPayout>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let returned = mutation.body.returned.into_iter().map(RefundId).collect();
    let made = payout::confirm(mutation.ctx, mutation.idempotency, id, returned).await?;
    Ok(respond::effect(StatusCode::OK, made.origin, Some(made.value.version), &PayoutBody::of(&made.value)))
}
