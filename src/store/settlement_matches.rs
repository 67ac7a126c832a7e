//! Which payment each line of a payout is about, and what became of it.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use jiff::civil::Date;

use super::schema::settlements::settlement_matches;
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, PaymentId, SettlementId, SettlementLineId, TenantCode};
use crate::domain::ledger::LineClaim;
use crate::domain::settlement::{LineKind, MatchedLine, SignedYen};

/// The match of a line.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = settlement_matches, treat_none_as_default_value = false)]
pub struct MatchRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The line.
    pub line_id: SettlementLineId,
    /// Counts the shares of the act that the line is about, from 0.
    pub share_no: i64,
    /// Its payout.
    pub settlement_id: SettlementId,
    /// Name of its kind.
    pub kind: String,
    /// The payment; none for a line about no payment.
    pub payment_id: Option<PaymentId>,
    /// The case.
    pub application_id: Option<ApplicationId>,
    /// What of the line's gross amount is about this payment.
    pub gross: SignedYen,
    /// What of the line's net amount is about this payment.
    pub net: SignedYen,
    /// `in_time`, `late` or `accepted`, once an agent's money arrived for a capture.
    pub remittance: Option<String>,
    /// The day it arrived.
    pub remitted_on: Option<IsoDate>,
    /// When the payment was found.
    pub matched_at: Micros,
    /// When it was booked.
    pub booked_at: Option<Micros>,
    /// Rises with every change.
    pub version: i64,
}

impl MatchRow {
    /// As the dimension of its payment sees it.
    pub fn matched(&self) -> Result<MatchedLine, StoreError> {
        let kind = LineKind::parse(&self.kind);
        let kind = kind.ok_or_else(|| {
            StoreError::Inconsistent(format!("settlement_matches.kind of {}", self.line_id))
        })?;
        Ok(if self.booked_at.is_some() { MatchedLine::Booked(kind) } else { MatchedLine::Waiting(kind) })
    }
}

/// Stores a new match.
pub fn insert(tx: &mut Tx<'_>, row: &MatchRow) -> Result<(), StoreError> {
    diesel::insert_into(settlement_matches::table).values(row).execute(tx.change())?;
    Ok(())
}

/// All matches of a payout.
pub fn of_settlement(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: SettlementId,
) -> Result<Vec<MatchRow>, StoreError> {
    Ok(settlement_matches::table
        .filter(settlement_matches::tenant_id.eq(tenant))
        .filter(settlement_matches::settlement_id.eq(id))
        .order((settlement_matches::line_id, settlement_matches::share_no))
        .select(MatchRow::as_select())
        .load(tx.read())?)
}

/// The matches of a payout that are about one case.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: SettlementId,
    application: ApplicationId,
) -> Result<Vec<MatchRow>, StoreError> {
    Ok(settlement_matches::table
        .filter(settlement_matches::tenant_id.eq(tenant))
        .filter(settlement_matches::settlement_id.eq(id))
        .filter(settlement_matches::application_id.eq(application))
        .order((settlement_matches::line_id, settlement_matches::share_no))
        .select(MatchRow::as_select())
        .load(tx.read())?)
}

/// Which of some lines have a match.
pub fn matched_lines(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    lines: &[SettlementLineId],
) -> Result<HashSet<SettlementLineId>, StoreError> {
    let found: Vec<SettlementLineId> = settlement_matches::table
        .filter(settlement_matches::tenant_id.eq(tenant))
        .filter(settlement_matches::line_id.eq_any(lines))
        .select(settlement_matches::line_id)
        .load(tx.read())?;
    Ok(found.into_iter().collect())
}

/// All matches of some payments.
pub fn of_payments(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    payments: &[PaymentId],
) -> Result<Vec<MatchRow>, StoreError> {
    Ok(settlement_matches::table
        .filter(settlement_matches::tenant_id.eq(tenant))
        .filter(settlement_matches::payment_id.eq_any(payments))
        .order((settlement_matches::line_id, settlement_matches::share_no))
        .select(MatchRow::as_select())
        .load(tx.read())?)
}

/// Stores what became of a match, under the next version.
pub fn update(tx: &mut Tx<'_>, row: &mut MatchRow) -> Result<(), StoreError> {
    let before = row.version;
    row.version += 1;
    let target = settlement_matches::table
        .filter(settlement_matches::tenant_id.eq(&row.tenant_id))
        .filter(settlement_matches::line_id.eq(row.line_id))
        .filter(settlement_matches::share_no.eq(row.share_no))
        .filter(settlement_matches::version.eq(before));
    let affected = diesel::update(target)
        .set((
            settlement_matches::remittance.eq(&row.remittance),
            settlement_matches::remitted_on.eq(row.remitted_on),
            settlement_matches::booked_at.eq(row.booked_at),
            settlement_matches::version.eq(row.version),
        ))
        .execute(tx.change())?;
    if affected == 1 {
        Ok(())
    } else {
        Err(StoreError::Inconsistent(format!("settlement_matches.version of {}", row.line_id)))
    }
}

/// The day on which the agents' money of some payments arrived, where it did.
pub fn remitted_on(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    payments: &[PaymentId],
) -> Result<HashMap<PaymentId, Date>, StoreError> {
    if payments.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Option<PaymentId>, Option<IsoDate>)> = settlement_matches::table
        .filter(settlement_matches::tenant_id.eq(tenant))
        .filter(settlement_matches::payment_id.eq_any(payments))
        .filter(settlement_matches::remittance.is_not_null())
        .order((settlement_matches::line_id, settlement_matches::share_no))
        .select((settlement_matches::payment_id, settlement_matches::remitted_on))
        .load(tx.read())?;
    Ok(rows.into_iter().filter_map(|(payment, day)| Some((payment?, day?.0))).collect())
}

/// What the lines that were matched to some payments come to, by payment and kind, in gross yen.
pub fn gross_of_payments(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    payments: &[PaymentId],
) -> Result<HashMap<(PaymentId, String), i64>, StoreError> {
    let rows: Vec<(Option<PaymentId>, String, SignedYen)> = settlement_matches::table
        .filter(settlement_matches::tenant_id.eq(tenant))
        .filter(settlement_matches::payment_id.eq_any(payments))
        .select((settlement_matches::payment_id, settlement_matches::kind, settlement_matches::gross))
        .load(tx.read())?;
    let mut sums = HashMap::new();
    for (payment, kind, gross) in rows {
        let Some(payment) = payment else { continue };
        *sums.entry((payment, kind)).or_default() += gross.amount();
    }
    Ok(sums)
}

/// The line and the share that a page of [`line_claims`] ended with.
pub type LastClaim = (SettlementLineId, i64);

/// What the next booked matches after `after` claim of their lines, with the last of them.
pub fn line_claims(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    after: Option<LastClaim>,
    limit: i64,
) -> Result<(Vec<LineClaim>, Option<LastClaim>), StoreError> {
    let mut query = settlement_matches::table
        .filter(settlement_matches::tenant_id.eq(tenant))
        .filter(settlement_matches::booked_at.is_not_null())
        .order((settlement_matches::line_id, settlement_matches::share_no))
        .select((
            settlement_matches::line_id,
            settlement_matches::share_no,
            settlement_matches::gross,
            settlement_matches::net,
        ))
        .limit(limit)
        .into_boxed();
    if let Some((line, share_no)) = after {
        let later_share = settlement_matches::line_id.eq(line).and(settlement_matches::share_no.gt(share_no));
        query = query.filter(settlement_matches::line_id.gt(line).or(later_share));
    }
    let rows: Vec<(SettlementLineId, i64, SignedYen, SignedYen)> = query.load(tx.read())?;
    let last = rows.last().map(|row| (row.0, row.1));
    let claim = |(id, _, gross, net): (SettlementLineId, i64, SignedYen, SignedYen)| LineClaim {
        id: id.to_string(),
        net: net.amount(),
        kept: gross.amount() - net.amount(),
    };
    Ok((rows.into_iter().map(claim).collect(), last))
}
