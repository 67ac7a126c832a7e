//! What the bank says came in, and which payouts it is.

use std::collections::HashSet;

use diesel::dsl::{exists, not, sql};
use diesel::prelude::*;
use diesel::sql_types::Text;
use jiff::civil::Date;

use super::schema::reconciliation::{bank_credit_matches, bank_credits, bank_statements};
use super::schema::settlements::reconciliation_exceptions;
use super::sql::{IsoDate, Micros, or_ignore};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{BankCreditId, BankStatementId, OfficerId, SettlementId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::reconciliation::OpenCredit;
use crate::domain::settlement::ExceptionKind;

/// Names looked up in one go.
const AT_ONCE: usize = 500;

/// A file of the bank as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = bank_statements)]
pub struct StatementRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The file.
    pub id: BankStatementId,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// `zengin` or `csv`.
    pub format: String,
    /// How many credits it has.
    pub credit_count: i64,
    /// How many of them no earlier file had.
    pub new_count: i64,
    /// Its own key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// The file, sealed.
    pub sealed_file: Vec<u8>,
    /// Who took it in.
    pub imported_by: OfficerId,
    /// When.
    pub recorded_at: Micros,
}

/// A credit as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = bank_credits)]
pub struct CreditRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The credit.
    pub id: BankCreditId,
    /// The file that had it first.
    pub statement_id: BankStatementId,
    /// Its line there, from 1.
    pub line_no: i64,
    /// Keyed hash of what the bank calls it.
    pub credit_key: String,
    /// The day on which the bank booked it.
    pub credited_on: IsoDate,
    /// How much.
    pub amount: Yen,
    /// Remitter and remark, sealed with the key of the file.
    pub sealed_details: Vec<u8>,
    /// When it was taken in.
    pub recorded_at: Micros,
}

/// The place that the sealed file is bound to.
pub fn file_place(id: BankStatementId) -> String {
    format!("bank_statements.sealed_file:{id}")
}

/// The place that the sealed details are bound to.
pub fn details_place(id: BankCreditId) -> String {
    format!("bank_credits.sealed_details:{id}")
}

/// Stores a new file.
pub fn insert(tx: &mut Tx<'_>, row: &StatementRow) -> Result<(), StoreError> {
    diesel::insert_into(bank_statements::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The file of these bytes, if it was taken in before.
pub fn find_by_sha256(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    sha256: &str,
) -> Result<Option<StatementRow>, StoreError> {
    Ok(bank_statements::table
        .filter(bank_statements::tenant_id.eq(tenant))
        .filter(bank_statements::sha256.eq(sha256))
        .select(StatementRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// One file.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: BankStatementId,
) -> Result<Option<StatementRow>, StoreError> {
    Ok(bank_statements::table
        .filter(bank_statements::tenant_id.eq(tenant))
        .filter(bank_statements::id.eq(id))
        .select(StatementRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The youngest files; `before` is the last id of the page before.
pub fn youngest(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    before: Option<BankStatementId>,
    limit: i64,
) -> Result<Vec<StatementRow>, StoreError> {
    let mut query = bank_statements::table
        .filter(bank_statements::tenant_id.eq(tenant))
        .order(bank_statements::id.desc())
        .limit(limit)
        .select(StatementRow::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(bank_statements::id.lt(before));
    }
    Ok(query.load(tx.read())?)
}

/// Which of these keys are known already.
pub fn known_keys(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    keys: &[String],
) -> Result<Vec<String>, StoreError> {
    let mut known = Vec::new();
    for some in keys.chunks(AT_ONCE) {
        let rows: Vec<String> = bank_credits::table
            .filter(bank_credits::tenant_id.eq(tenant))
            .filter(bank_credits::credit_key.eq_any(some))
            .select(bank_credits::credit_key)
            .load(tx.read())?;
        known.extend(rows);
    }
    Ok(known)
}

/// Stores a new credit.
pub fn insert_credit(tx: &mut Tx<'_>, row: &CreditRow) -> Result<(), StoreError> {
    diesel::insert_into(bank_credits::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The credits of a file, each with the payout it is, in the order of the file.
pub fn credits_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: BankStatementId,
) -> Result<Vec<(CreditRow, Option<SettlementId>)>, StoreError> {
    let same = bank_credit_matches::credit_id
        .eq(bank_credits::id)
        .and(bank_credit_matches::tenant_id.eq(bank_credits::tenant_id));
    Ok(bank_credits::table
        .left_join(bank_credit_matches::table.on(same))
        .filter(bank_credits::tenant_id.eq(tenant))
        .filter(bank_credits::statement_id.eq(id))
        .order(bank_credits::line_no)
        .select((CreditRow::as_select(), bank_credit_matches::settlement_id.nullable()))
        .load(tx.read())?)
}

/// The credits from a day on that are matched to no payout.
pub fn open_credits(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    from: Date,
) -> Result<Vec<OpenCredit>, StoreError> {
    let matched = bank_credit_matches::table
        .filter(bank_credit_matches::tenant_id.eq(tenant))
        .select(bank_credit_matches::credit_id);
    let rows: Vec<(BankCreditId, IsoDate, Yen)> = bank_credits::table
        .filter(bank_credits::tenant_id.eq(tenant))
        .filter(bank_credits::credited_on.ge(IsoDate(from)))
        .filter(bank_credits::id.ne_all(matched))
        .order(bank_credits::id)
        .select((bank_credits::id, bank_credits::credited_on, bank_credits::amount))
        .load(tx.read())?;
    Ok(rows.into_iter().map(open_credit).collect())
}

/// The oldest credits from before a day that are matched to no payout and about which no person was told.
pub fn untold_credits(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    before: Date,
    limit: i64,
) -> Result<Vec<OpenCredit>, StoreError> {
    let of_credit = bank_credit_matches::credit_id
        .eq(bank_credits::id)
        .and(bank_credit_matches::tenant_id.eq(bank_credits::tenant_id));
    let about_credit = reconciliation_exceptions::tenant_id
        .eq(bank_credits::tenant_id)
        .and(reconciliation_exceptions::kind.eq(ExceptionKind::BankMismatch.as_str()))
        .and(reconciliation_exceptions::subject.eq(sql::<Text>("'bank_credit:' || bank_credits.id")));
    let rows: Vec<(BankCreditId, IsoDate, Yen)> = bank_credits::table
        .filter(bank_credits::tenant_id.eq(tenant))
        .filter(bank_credits::credited_on.lt(IsoDate(before)))
        .filter(not(exists(bank_credit_matches::table.filter(of_credit))))
        .filter(not(exists(reconciliation_exceptions::table.filter(about_credit))))
        .order((bank_credits::credited_on, bank_credits::id))
        .limit(limit)
        .select((bank_credits::id, bank_credits::credited_on, bank_credits::amount))
        .load(tx.read())?;
    Ok(rows.into_iter().map(open_credit).collect())
}

fn open_credit((id, credited_on, amount): (BankCreditId, IsoDate, Yen)) -> OpenCredit {
    OpenCredit { id, credited_on: credited_on.0, amount: amount.amount() }
}

/// Whether a match was written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matched {
    /// It is new.
    New,
    /// Credit or payout were matched before; nothing was changed.
    Known,
}

/// Writes down that a credit is a payout.
pub fn insert_match(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    credit: BankCreditId,
    settlement: SettlementId,
) -> Result<Matched, StoreError> {
    let row = (
        bank_credit_matches::tenant_id.eq(tenant),
        bank_credit_matches::credit_id.eq(credit),
        bank_credit_matches::settlement_id.eq(settlement),
        bank_credit_matches::matched_at.eq(Micros(tx.now())),
    );
    let added =
        or_ignore(diesel::insert_into(bank_credit_matches::table).values(row)).execute(tx.change())?;
    Ok(if added == 0 { Matched::Known } else { Matched::New })
}

/// One credit, with who took it in.
pub fn find_credit(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: BankCreditId,
) -> Result<Option<(CreditRow, OfficerId)>, StoreError> {
    let same = bank_statements::id
        .eq(bank_credits::statement_id)
        .and(bank_statements::tenant_id.eq(bank_credits::tenant_id));
    Ok(bank_credits::table
        .inner_join(bank_statements::table.on(same))
        .filter(bank_credits::tenant_id.eq(tenant))
        .filter(bank_credits::id.eq(id))
        .select((CreditRow::as_select(), bank_statements::imported_by))
        .first(tx.read())
        .optional()?)
}

/// Which of some payouts are found at the bank.
pub fn matched_payouts(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    payouts: &[SettlementId],
) -> Result<HashSet<SettlementId>, StoreError> {
    let mut found = HashSet::new();
    for some in payouts.chunks(AT_ONCE) {
        let rows: Vec<SettlementId> = bank_credit_matches::table
            .filter(bank_credit_matches::tenant_id.eq(tenant))
            .filter(bank_credit_matches::settlement_id.eq_any(some))
            .select(bank_credit_matches::settlement_id)
            .load(tx.read())?;
        found.extend(rows);
    }
    Ok(found)
}
