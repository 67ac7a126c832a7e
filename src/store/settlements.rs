//! Payouts of agents (払込), their lines and the reports they were taken from.

use std::collections::HashMap;

use diesel::prelude::*;

use super::schema::settlements::{settlement_lines, settlement_sources, settlements};
use super::sql::{IsoDate, Micros, or_ignore};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{OfficerId, SettlementId, SettlementLineId, TenantCode};
use crate::domain::settlement::{LineKind, ReportOrigin, SettlementBatch, SettlementLine, SignedYen};

/// A payout as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = settlements, treat_none_as_default_value = false)]
pub struct SettlementRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The payout.
    pub id: SettlementId,
    /// Name of the merchant account.
    pub gateway: String,
    /// The agent's name of it.
    pub batch_reference: String,
    /// The first day it covers.
    pub period_from: Option<IsoDate>,
    /// The last day it covers.
    pub period_to: Option<IsoDate>,
    /// The day it is to arrive.
    pub payout_on: Option<IsoDate>,
    /// As stated.
    pub gross: SignedYen,
    /// As stated.
    pub fee: SignedYen,
    /// As stated.
    pub tax: SignedYen,
    /// As stated.
    pub net: SignedYen,
    /// How many lines it has.
    pub line_count: i64,
    /// `imported`, `arrival_recorded`, `arrived`, `settled` or `mismatch`.
    pub state: String,
    /// The day its money arrived.
    pub arrived_on: Option<IsoDate>,
    /// How much arrived.
    pub arrived_amount: Option<SignedYen>,
    /// The bank's words for it.
    pub arrival_reference: Option<String>,
    /// Who, or what, said so.
    pub arrival_recorded_by: Option<String>,
    /// Who agreed.
    pub arrival_confirmed_by: Option<String>,
    /// Rises with every change.
    pub version: i64,
    /// When it was reported first.
    pub created_at: Micros,
    /// When it was last changed.
    pub updated_at: Micros,
}

impl SettlementRow {
    /// The payout as its agent states it.
    pub fn batch(&self) -> SettlementBatch {
        SettlementBatch {
            gateway: self.gateway.clone(),
            batch_reference: self.batch_reference.clone(),
            period_from: self.period_from.map(|day| day.0),
            period_to: self.period_to.map(|day| day.0),
            payout_on: self.payout_on.map(|day| day.0),
            gross: self.gross,
            fee: self.fee,
            tax: self.tax,
            net: self.net,
        }
    }

    /// Takes over what the agent states.
    pub fn restate(&mut self, batch: &SettlementBatch) {
        self.period_from = batch.period_from.map(IsoDate);
        self.period_to = batch.period_to.map(IsoDate);
        self.payout_on = batch.payout_on.map(IsoDate);
        self.gross = batch.gross;
        self.fee = batch.fee;
        self.tax = batch.tax;
        self.net = batch.net;
    }
}

/// A line as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = settlement_lines, treat_none_as_default_value = false)]
pub struct LineRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The line.
    pub id: SettlementLineId,
    /// Its payout.
    pub settlement_id: SettlementId,
    /// The agent's id of it.
    pub line_key: String,
    /// Its place in the report.
    pub line_no: i64,
    /// Name of the kind.
    pub kind: String,
    /// Our reference.
    pub merchant_reference: Option<String>,
    /// The gateway's id of the payment.
    pub gateway_payment_id: Option<String>,
    /// Taken, or gone back.
    pub gross: SignedYen,
    /// Kept.
    pub fee: SignedYen,
    /// Tax on the fee.
    pub tax: SignedYen,
    /// Paid out.
    pub net: SignedYen,
    /// The JST day it happened.
    pub occurred_on: IsoDate,
    /// The report it came from.
    pub source_sha256: String,
    /// When it was taken in.
    pub recorded_at: Micros,
}

impl LineRow {
    /// The line as reported.
    pub fn line(&self) -> Result<SettlementLine, StoreError> {
        let kind = LineKind::parse(&self.kind);
        let kind =
            kind.ok_or_else(|| StoreError::Inconsistent(format!("settlement_lines.kind of {}", self.id)))?;
        Ok(SettlementLine {
            line_key: self.line_key.clone(),
            line_no: self.line_no,
            kind,
            merchant_reference: self.merchant_reference.clone(),
            gateway_payment_id: self.gateway_payment_id.clone(),
            gross: self.gross,
            fee: self.fee,
            tax: self.tax,
            net: self.net,
            occurred_on: self.occurred_on.0,
        })
    }
}

/// A report that was taken in.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = settlement_sources, treat_none_as_default_value = false)]
pub struct SourceRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// Name of the merchant account.
    pub gateway: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// `api` or `upload`.
    pub origin: String,
    /// Who uploaded it.
    pub imported_by: Option<OfficerId>,
    /// The file's own key, wrapped.
    pub wrapped_key: Option<Vec<u8>>,
    /// The file, sealed.
    pub sealed_file: Option<Vec<u8>>,
    /// When.
    pub recorded_at: Micros,
}

/// The place that a sealed report is bound to.
pub fn source_place(sha256: &str) -> String {
    format!("settlement_sources.sealed_file:{sha256}")
}

/// Whether a report is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceIs {
    /// It was not taken in before.
    New,
    /// The very bytes were taken in before.
    Known,
}

/// Keeps a report, unless it was taken in before.
pub fn insert_source(tx: &mut Tx<'_>, row: &SourceRow) -> Result<SourceIs, StoreError> {
    let added = or_ignore(diesel::insert_into(settlement_sources::table).values(row)).execute(tx.change())?;
    Ok(if added == 0 { SourceIs::Known } else { SourceIs::New })
}

/// The report of these bytes.
pub fn find_source(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    gateway: &str,
    sha256: &str,
) -> Result<Option<SourceRow>, StoreError> {
    Ok(settlement_sources::table
        .filter(settlement_sources::tenant_id.eq(tenant))
        .filter(settlement_sources::gateway.eq(gateway))
        .filter(settlement_sources::sha256.eq(sha256))
        .select(SourceRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The payouts of an account with lines that were taken from the report of these bytes.
pub fn of_source(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    gateway: &str,
    sha256: &str,
) -> Result<Vec<SettlementRow>, StoreError> {
    let named = settlement_lines::table
        .filter(settlement_lines::tenant_id.eq(tenant))
        .filter(settlement_lines::source_sha256.eq(sha256))
        .select(settlement_lines::settlement_id);
    Ok(settlements::table
        .filter(settlements::tenant_id.eq(tenant))
        .filter(settlements::gateway.eq(gateway))
        .filter(settlements::id.eq_any(named))
        .order(settlements::id)
        .select(SettlementRow::as_select())
        .load(tx.read())?)
}

/// Whether these bytes were taken in before.
pub fn source_is(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    gateway: &str,
    sha256: &str,
) -> Result<SourceIs, StoreError> {
    let known = settlement_sources::table
        .filter(settlement_sources::tenant_id.eq(tenant))
        .filter(settlement_sources::gateway.eq(gateway))
        .filter(settlement_sources::sha256.eq(sha256))
        .count()
        .get_result::<i64>(tx.read())?;
    Ok(if known == 0 { SourceIs::New } else { SourceIs::Known })
}

/// How the reports of these digests came; what is not among them was never kept.
pub fn origins(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    gateway: &str,
    sha256: &[&str],
) -> Result<HashMap<String, ReportOrigin>, StoreError> {
    let rows: Vec<(String, String)> = settlement_sources::table
        .filter(settlement_sources::tenant_id.eq(tenant))
        .filter(settlement_sources::gateway.eq(gateway))
        .filter(settlement_sources::sha256.eq_any(sha256))
        .select((settlement_sources::sha256, settlement_sources::origin))
        .load(tx.read())?;
    let read = |(sha256, origin): (String, String)| {
        let known = ReportOrigin::parse(&origin);
        let broken = || StoreError::Inconsistent(format!("settlement_sources.origin of {sha256}"));
        Ok((sha256.clone(), known.ok_or_else(broken)?))
    };
    rows.into_iter().map(read).collect()
}

/// The payout of an account that was reported last.
pub fn youngest_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    gateway: &str,
) -> Result<Option<SettlementRow>, StoreError> {
    Ok(settlements::table
        .filter(settlements::tenant_id.eq(tenant))
        .filter(settlements::gateway.eq(gateway))
        .order(settlements::id.desc())
        .select(SettlementRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// Stores a new payout.
pub fn insert(tx: &mut Tx<'_>, row: &SettlementRow) -> Result<(), StoreError> {
    diesel::insert_into(settlements::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One payout.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: SettlementId,
) -> Result<Option<SettlementRow>, StoreError> {
    Ok(settlements::table
        .filter(settlements::tenant_id.eq(tenant))
        .filter(settlements::id.eq(id))
        .select(SettlementRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The payout of that name.
pub fn find_by_reference(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    gateway: &str,
    batch_reference: &str,
) -> Result<Option<SettlementRow>, StoreError> {
    Ok(settlements::table
        .filter(settlements::tenant_id.eq(tenant))
        .filter(settlements::gateway.eq(gateway))
        .filter(settlements::batch_reference.eq(batch_reference))
        .select(SettlementRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The youngest payouts of a body, in this state where one is named; `before` is the last id of the page before.
pub fn youngest(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    state: Option<&str>,
    before: Option<SettlementId>,
    limit: i64,
) -> Result<Vec<SettlementRow>, StoreError> {
    let mut query = settlements::table
        .filter(settlements::tenant_id.eq(tenant))
        .order(settlements::id.desc())
        .limit(limit)
        .select(SettlementRow::as_select())
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(settlements::state.eq(state.to_owned()));
    }
    if let Some(before) = before {
        query = query.filter(settlements::id.lt(before));
    }
    Ok(query.load(tx.read())?)
}

/// Payouts of all bodies that are not settled yet, for the daily look at them.
pub fn unsettled(tx: &mut impl Reads) -> Result<Vec<(TenantCode, SettlementId)>, StoreError> {
    Ok(settlements::table
        .filter(settlements::state.ne("settled"))
        .order((settlements::tenant_id, settlements::id))
        .select((settlements::tenant_id, settlements::id))
        .load(tx.read())?)
}

/// Stores a changed payout under the next version.
pub fn update(tx: &mut Tx<'_>, row: &mut SettlementRow) -> Result<(), StoreError> {
    let before = row.version;
    row.version += 1;
    row.updated_at = Micros(tx.now());
    let target = settlements::table
        .filter(settlements::tenant_id.eq(&row.tenant_id))
        .filter(settlements::id.eq(row.id))
        .filter(settlements::version.eq(before));
    let affected = diesel::update(target)
        .set((
            (
                settlements::period_from.eq(row.period_from),
                settlements::period_to.eq(row.period_to),
                settlements::payout_on.eq(row.payout_on),
                settlements::gross.eq(row.gross),
                settlements::fee.eq(row.fee),
                settlements::tax.eq(row.tax),
                settlements::net.eq(row.net),
                settlements::line_count.eq(row.line_count),
            ),
            (
                settlements::state.eq(&row.state),
                settlements::arrived_on.eq(row.arrived_on),
                settlements::arrived_amount.eq(row.arrived_amount),
                settlements::arrival_reference.eq(&row.arrival_reference),
                settlements::arrival_recorded_by.eq(&row.arrival_recorded_by),
                settlements::arrival_confirmed_by.eq(&row.arrival_confirmed_by),
                settlements::version.eq(row.version),
                settlements::updated_at.eq(row.updated_at),
            ),
        ))
        .execute(tx.change())?;
    if affected == 1 {
        Ok(())
    } else {
        Err(StoreError::Inconsistent(format!("settlements.version of {}", row.id)))
    }
}

/// Stores a new line.
pub fn insert_line(tx: &mut Tx<'_>, row: &LineRow) -> Result<(), StoreError> {
    diesel::insert_into(settlement_lines::table).values(row).execute(tx.change())?;
    Ok(())
}

/// All lines of a payout, in their order.
pub fn lines(tx: &mut impl Reads, tenant: &TenantCode, id: SettlementId) -> Result<Vec<LineRow>, StoreError> {
    Ok(settlement_lines::table
        .filter(settlement_lines::tenant_id.eq(tenant))
        .filter(settlement_lines::settlement_id.eq(id))
        .order((settlement_lines::line_no, settlement_lines::id))
        .select(LineRow::as_select())
        .load(tx.read())?)
}

/// The payouts of an agent with a line that says of the same payment what this one says, oldest first.
pub fn with_line_like(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    gateway: &str,
    line: &SettlementLine,
) -> Result<Vec<SettlementId>, StoreError> {
    let mut query = settlement_lines::table
        .inner_join(
            settlements::table.on(settlements::tenant_id
                .eq(settlement_lines::tenant_id)
                .and(settlements::id.eq(settlement_lines::settlement_id))),
        )
        .filter(settlement_lines::tenant_id.eq(tenant))
        .filter(settlements::gateway.eq(gateway))
        .filter(settlement_lines::kind.eq(line.kind.as_str()))
        .filter(settlement_lines::occurred_on.eq(IsoDate(line.occurred_on)))
        .filter(settlement_lines::gross.eq(line.gross))
        .order((settlement_lines::recorded_at, settlement_lines::settlement_id))
        .select(settlement_lines::settlement_id)
        .into_boxed();
    if let Some(reference) = &line.merchant_reference {
        query = query.filter(settlement_lines::merchant_reference.eq(reference));
    }
    if let Some(id) = &line.gateway_payment_id {
        query = query.filter(settlement_lines::gateway_payment_id.eq(id));
    }
    let mut found: Vec<SettlementId> = query.load(tx.read())?;
    found.dedup();
    Ok(found)
}

/// Some lines of a payout, in their order.
pub fn some_lines(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    ids: &[SettlementLineId],
) -> Result<Vec<LineRow>, StoreError> {
    Ok(settlement_lines::table
        .filter(settlement_lines::tenant_id.eq(tenant))
        .filter(settlement_lines::id.eq_any(ids))
        .order((settlement_lines::line_no, settlement_lines::id))
        .select(LineRow::as_select())
        .load(tx.read())?)
}

/// One line.
pub fn find_line(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: SettlementLineId,
) -> Result<Option<LineRow>, StoreError> {
    Ok(settlement_lines::table
        .filter(settlement_lines::tenant_id.eq(tenant))
        .filter(settlement_lines::id.eq(id))
        .select(LineRow::as_select())
        .first(tx.read())
        .optional()?)
}
