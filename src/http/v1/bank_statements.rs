//! `…/bank-statements`: what the bank says came in.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::uploaded_file::bytes_of;
use crate::domain::bank_statement::StatementFormat;
use crate::domain::id::{BankStatementId, TenantCode};
use crate::http::contract::{
    ChangeProblems, IdempotencyKeyHeader, PageQuery, ReadProblems, ResourcePath, TenantPath,
};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::respond;
use crate::service::Refusal;
use crate::service::bank_statement::{self, OpenedCredit, PAGE};
use crate::store::bank_statements::StatementRow;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(import_bank_statement).service(list_bank_statements).service(get_bank_statement);
}

/// How a file is written.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatementFormatWord {
    /// 全銀協規定形式 入出金取引明細 (種別 03): records of 200 bytes.
    Zengin,
    /// UTF-8 with the header `取引日,入金額,振込依頼人名,摘要`.
    Csv,
}

impl From<StatementFormatWord> for StatementFormat {
    fn from(word: StatementFormatWord) -> Self {
        match word {
            StatementFormatWord::Zengin => Self::Zengin,
            StatementFormatWord::Csv => Self::Table,
        }
    }
}

/// A file of the account that agents pay into.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportBankStatement {
    /// How it is written.
    format: StatementFormatWord,
    /// Its bytes in base64 (RFC 4648 §4).
    content_base64: String,
}

/// A file that was taken in.
#[derive(Serialize, ToSchema)]
pub struct BankStatementBody {
    /// The file.
    id: Uuid,
    /// `zengin` or `csv`.
    format: String,
    /// SHA-256 of its bytes.
    sha256: String,
    /// How many credits it has.
    credits: i64,
    /// How many of them no earlier file had.
    new_credits: i64,
    /// The officer who took it in.
    imported_by: Uuid,
    /// When.
    #[schema(format = DateTime)]
    imported_at: String,
}

impl BankStatementBody {
    fn of(row: &StatementRow) -> Self {
        Self {
            id: row.id.0,
            format: row.format.clone(),
            sha256: row.sha256.clone(),
            credits: row.credit_count,
            new_credits: row.new_count,
            imported_by: row.imported_by.0,
            imported_at: row.recorded_at.0.to_string(),
        }
    }
}

/// Files of the bank.
#[derive(Serialize, ToSchema)]
pub struct BankStatementList {
    /// Youngest first.
    items: Vec<BankStatementBody>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// One credit.
#[derive(Serialize, ToSchema)]
pub struct BankCreditBody {
    /// The credit.
    id: Uuid,
    /// Its line in the file, from 1.
    line: i64,
    /// The day on which the bank booked it.
    #[schema(format = Date)]
    credited_on: String,
    /// How much, in yen.
    amount: i64,
    /// Who sent it.
    remitter: String,
    /// The bank's remark.
    remark: String,
    /// The agent's payout that it is; null while it is matched to none.
    settlement_id: Option<Uuid>,
}

impl From<OpenedCredit> for BankCreditBody {
    fn from(credit: OpenedCredit) -> Self {
        Self {
            id: credit.row.id.0,
            line: credit.row.line_no,
            credited_on: credit.row.credited_on.0.to_string(),
            amount: credit.row.amount.amount(),
            remitter: credit.details.remitter,
            remark: credit.details.remark,
            settlement_id: credit.settlement.map(|id| id.0),
        }
    }
}

/// A file with its credits.
#[derive(Serialize, ToSchema)]
pub struct BankStatementDetails {
    /// The file.
    statement: BankStatementBody,
    /// What came in; without credits that an earlier file had.
    items: Vec<BankCreditBody>,
}

/// Take a bank statement in
///
/// For accountants. A broken file is refused as a whole, with every faulty line (422). The same bytes again, under whatever
/// key, give the statement that is there; a credit that an earlier file had is not taken in twice.
#[utoipa::path(
    operation_id = "import_bank_statement", tag = "accounting", params(TenantPath, IdempotencyKeyHeader),
    request_body = ImportBankStatement,
    responses((status = 201, description = "The statement", body = BankStatementBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/bank-statements")]
pub async fn import_bank_statement(
    mutation: Mutation<ImportBankStatement>,
) -> Result<HttpResponse, ApiError> {
    let bytes = bytes_of(&mutation.body.content_base64)?;
    let format = mutation.body.format.into();
    let made = bank_statement::import(mutation.ctx, mutation.idempotency, format, bytes).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &BankStatementBody::of(&made.value)))
}

/// List bank statements
///
/// For accountants: the files that were taken in, youngest first.
#[utoipa::path(
    operation_id = "list_bank_statements", tag = "accounting", params(TenantPath, PageQuery),
    responses((status = 200, description = "A page", body = BankStatementList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/bank-statements")]
pub async fn list_bank_statements(
    SignedIn(ctx): SignedIn,
    page: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let tenant: TenantCode = segment(&request, "tenant")?;
    let before = page.cursor.as_deref().map(str::parse).transpose().map_err(|_| Refusal::NotFound)?;
    let rows = bank_statement::list(ctx, tenant, before).await?;
    let next_cursor = respond::next_cursor(&rows, PAGE, |row| row.id);
    let items = rows.iter().map(BankStatementBody::of).collect();
    Ok(respond::plain(&BankStatementList { items, next_cursor }))
}

/// Get a bank statement
///
/// For accountants: a file with its credits and the payouts they are. Each look is recorded.
#[utoipa::path(
    operation_id = "get_bank_statement", tag = "accounting", params(ResourcePath),
    responses((status = 200, description = "The statement", body = BankStatementDetails), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/bank-statements/{id}")]
pub async fn get_bank_statement(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, BankStatementId) =
        (segment(&request, "tenant")?, segment(&request, "id")?);
    let shown = bank_statement::show(ctx, tenant, id).await?;
    let statement = BankStatementBody::of(&shown.row);
    let items = shown.credits.into_iter().map(BankCreditBody::from).collect();
    Ok(respond::plain(&BankStatementDetails { statement, items }))
}
