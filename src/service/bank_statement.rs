//! Taking in what the bank says came in (入出金取引明細), and showing it.
//!
//! A file is taken in once, whoever sends it under whatever key; a credit that an earlier file had is not taken in again.
//! The file and the names in it are personal data: sealed with a key of the file's own, and each look is recorded.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::accounting::accountant;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::reconciliation::RECONCILE_BODY;
use super::{Ctx, Effect, Failure, Refusal, access};
use crate::domain::bank_statement::{self, Credit, LineFault, StatementFormat};
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{BankCreditId, BankStatementId, OfficerId, SettlementId, TenantCode};
use crate::seal::{DataKey, sha256_hex};
use crate::store::bank_statements::{self, CreditRow, StatementRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Tx, jobs};

/// Files on a page.
pub const PAGE: i64 = 50;

/// What the keyed hashes of credits are for.
const KEY_PURPOSE: &str = "bank_credits.credit_key";

/// Who sent a credit, and the bank's remark; only ever stored sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditDetails {
    /// 振込依頼人名.
    pub remitter: String,
    /// 摘要.
    pub remark: String,
}

/// A credit, opened.
#[derive(Clone, Debug)]
pub struct OpenedCredit {
    /// As stored.
    pub row: CreditRow,
    /// Who sent it.
    pub details: CreditDetails,
    /// The payout it is.
    pub settlement: Option<SettlementId>,
}

/// A file with its credits.
#[derive(Clone, Debug)]
pub struct OpenedStatement {
    /// The file.
    pub row: StatementRow,
    /// What came in, in the order of the file; without those that an earlier file had.
    pub credits: Vec<OpenedCredit>,
}

/// Takes a file in, or names everything that is wrong with it.
pub async fn import(
    ctx: Ctx,
    request: IdempotencyRequest,
    format: StatementFormat,
    bytes: Vec<u8>,
) -> Result<Effect<StatementRow>, Failure> {
    let (asking, tenant) = (ctx.clone(), request.tenant.clone());
    // Nobody else has a file read for them.
    ctx.core.db.read(move |tx| accountant(tx, &asking, &tenant)).await?;
    let statement = bank_statement::read(format, &bytes, jst_day(ctx.now()));
    let statement = statement.map_err(|faults| Refusal::Invalid(faults.iter().map(fault).collect()))?;
    let db = ctx.core.db.clone();
    db.write_alone(vec![], move |tx| {
        let keep =
            |tx: &mut Tx<'_>, now| keep(tx, &ctx, &request.tenant, (format, &bytes), &statement.credits, now);
        once(tx, &request, "bank_statement", keep, |tx, id| {
            accountant(tx, &ctx, &request.tenant)?;
            let id = id.parse().map_err(|_| Failure::Internal("a record names no statement".to_owned()))?;
            Ok(bank_statements::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?)
        })
    })
    .await
}

fn fault(fault: &LineFault) -> Fault {
    let (ja, en) = fault.kind.text();
    let line = fault.line_no;
    Fault::new("/content_base64", fault.kind.code(), format!("{line}行目: {ja}"), format!("line {line} {en}"))
}

fn keep(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    (format, bytes): (StatementFormat, &[u8]),
    credits: &[Credit],
    now: Timestamp,
) -> Result<Made<StatementRow>, Failure> {
    let officer = accountant(tx, ctx, tenant)?;
    let sha256 = sha256_hex(bytes);
    if let Some(row) = bank_statements::find_by_sha256(tx, tenant, &sha256)? {
        return Ok(Made { resource_id: row.id.to_string(), value: row });
    }
    let keyed = |credit: &Credit| {
        data_encoding::HEXLOWER
            .encode(&ctx.core.keys.blind_index(KEY_PURPOSE, &format!("{tenant}:{}", credit.key)))
    };
    let keys: Vec<String> = credits.iter().map(keyed).collect();
    let mut known: HashSet<String> = bank_statements::known_keys(tx, tenant, &keys)?.into_iter().collect();
    // A bank may print one number twice in a file; then it is one credit.
    let new = keys.into_iter().zip(credits).filter(|(key, _)| known.insert(key.clone())).collect::<Vec<_>>();
    let id = BankStatementId(tx.new_id());
    let key = ctx.core.keys.new_case_key(tenant, ctx.core.ids.as_ref())?;
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let row = StatementRow {
        tenant_id: tenant.clone(),
        id,
        sha256,
        format: format.as_str().to_owned(),
        credit_count: count(credits.len()),
        new_count: count(new.len()),
        sealed_file: key.key.seal(&bank_statements::file_place(id), bytes, ctx.core.ids.as_ref()),
        wrapped_key: key.wrapped,
        imported_by: officer,
        recorded_at: Micros(now),
    };
    bank_statements::insert(tx, &row)?;
    for (credit_key, credit) in new {
        let stored = BankCreditId(tx.new_id());
        let details = CreditDetails { remitter: credit.remitter.clone(), remark: credit.remark.clone() };
        let sealed =
            key.key.seal_json(&bank_statements::details_place(stored), &details, ctx.core.ids.as_ref());
        let line = CreditRow {
            tenant_id: tenant.clone(),
            id: stored,
            statement_id: id,
            line_no: count(credit.line_no),
            credit_key,
            credited_on: IsoDate(credit.credited_on),
            amount: credit.amount,
            sealed_details: sealed,
            recorded_at: Micros(now),
        };
        bank_statements::insert_credit(tx, &line)?;
    }
    jobs::enqueue_again(tx, tenant.as_str(), RECONCILE_BODY, "", now)?;
    Ok(Made { resource_id: id.to_string(), value: row })
}

/// The youngest files of a body; `before` is the last one of the page before.
pub async fn list(
    ctx: Ctx,
    tenant: TenantCode,
    before: Option<BankStatementId>,
) -> Result<Vec<StatementRow>, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        accountant(tx, &ctx, &tenant)?;
        Ok(bank_statements::youngest(tx, &tenant, before, PAGE)?)
    })
    .await
}

/// One file with its credits; the look is recorded.
pub async fn show(ctx: Ctx, tenant: TenantCode, id: BankStatementId) -> Result<OpenedStatement, Failure> {
    let (inner, of) = (ctx.clone(), tenant.clone());
    let (officer, shown): (OfficerId, OpenedStatement) = ctx
        .core
        .db
        .read(move |tx| {
            let officer = accountant(tx, &inner, &of)?;
            let row = bank_statements::find(tx, &of, id)?.ok_or(Refusal::NotFound)?;
            let key = inner.core.keys.open_case_key(&of, &row.wrapped_key)?;
            let credits = bank_statements::credits_of(tx, &of, id)?;
            let credits = credits.into_iter().map(|(credit, settlement)| open(&key, credit, settlement));
            let credits = credits.collect::<Result<_, Failure>>()?;
            Ok::<_, Failure>((officer, OpenedStatement { row, credits }))
        })
        .await?;
    access::record_body(&ctx, &tenant, officer, "bank_statement").await?;
    Ok(shown)
}

fn open(key: &DataKey, row: CreditRow, settlement: Option<SettlementId>) -> Result<OpenedCredit, Failure> {
    let details = key.open_json(&bank_statements::details_place(row.id), &row.sealed_details)?;
    Ok(OpenedCredit { row, details, settlement })
}
