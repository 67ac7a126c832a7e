//! The ledger as a whole, read in pieces, with what invoices and payments claim beside it.

use diesel::prelude::*;

use super::invoices::EntryRow;
use super::schema::refunds::refunds;
use super::schema::{invoices, ledger_entries, payments};
use super::{Reads, StoreError};
use crate::domain::id::{ApplicationId, InvoiceId, PaymentId, RefundId, TenantCode};
use crate::domain::invoice::InvoiceState;
use crate::domain::ledger::{Entry, InvoiceClaim, PaymentClaim, RefundClaim};
use crate::domain::money::Yen;
use crate::domain::refund::{InterestState, RefundRoute, RefundState};

/// Cases after the first and up to the second; none is open at that end.
#[derive(Clone, Copy, Debug, Default)]
pub struct CaseRange {
    /// The last case before.
    pub after: Option<ApplicationId>,
    /// The last case inside.
    pub until: Option<ApplicationId>,
}

/// The tenants that have an invoice or an entry.
pub fn tenants(tx: &mut impl Reads) -> Result<Vec<TenantCode>, StoreError> {
    let mut tenants: Vec<TenantCode> =
        invoices::table.select(invoices::tenant_id).distinct().load(tx.read())?;
    let booked: Vec<TenantCode> =
        ledger_entries::table.select(ledger_entries::tenant_id).distinct().load(tx.read())?;
    tenants.extend(booked);
    tenants.sort();
    tenants.dedup();
    Ok(tenants)
}

/// The case that a range of about `entries` entries ends with, after `after`; none when the rest is shorter.
pub fn range_end(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    after: Option<ApplicationId>,
    entries: i64,
) -> Result<Option<ApplicationId>, StoreError> {
    let mut query = ledger_entries::table
        .filter(ledger_entries::tenant_id.eq(tenant))
        .order(ledger_entries::application_id)
        .select(ledger_entries::application_id)
        .limit(1)
        .offset(entries)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(ledger_entries::application_id.gt(after));
    }
    Ok(query.get_result(tx.read()).optional()?)
}

/// The entries of a range of cases, case by case.
pub fn entries(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    range: CaseRange,
) -> Result<Vec<(ApplicationId, Entry)>, StoreError> {
    let mut query = ledger_entries::table
        .filter(ledger_entries::tenant_id.eq(tenant))
        .order(ledger_entries::application_id)
        .select((ledger_entries::application_id, EntryRow::as_select()))
        .into_boxed();
    if let Some(after) = range.after {
        query = query.filter(ledger_entries::application_id.gt(after));
    }
    if let Some(until) = range.until {
        query = query.filter(ledger_entries::application_id.le(until));
    }
    let rows: Vec<(ApplicationId, EntryRow)> = query.load(tx.read())?;
    rows.into_iter().map(|(case, row)| Ok((case, Entry::try_from(row)?))).collect()
}

/// What the invoices of a range of cases claim.
pub fn invoice_claims(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    range: CaseRange,
) -> Result<Vec<InvoiceClaim>, StoreError> {
    type Row = (InvoiceId, ApplicationId, String, Yen, Yen, Yen, Yen);
    let mut query = invoices::table
        .filter(invoices::tenant_id.eq(tenant))
        .select((
            invoices::id,
            invoices::application_id,
            invoices::state,
            invoices::total,
            invoices::reduced,
            invoices::written_off,
            invoices::stamped,
        ))
        .into_boxed();
    if let Some(after) = range.after {
        query = query.filter(invoices::application_id.gt(after));
    }
    if let Some(until) = range.until {
        query = query.filter(invoices::application_id.le(until));
    }
    let rows: Vec<Row> = query.load(tx.read())?;
    let claim = |(id, application, state, total, reduced, written_off, stamped): Row| {
        let state = InvoiceState::parse(&state);
        let state = state.ok_or_else(|| StoreError::Inconsistent(format!("invoices.state of {id}")))?;
        let (id, application) = (id.to_string(), application.to_string());
        Ok(InvoiceClaim { id, application, state, total, reduced, written_off, stamped })
    };
    rows.into_iter().map(claim).collect()
}

/// What the next payments after `after` claim, with the id of the last of them.
pub fn payment_claims(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    after: Option<PaymentId>,
    limit: i64,
) -> Result<(Vec<PaymentClaim>, Option<PaymentId>), StoreError> {
    let mut query = payments::table
        .filter(payments::tenant_id.eq(tenant))
        .order(payments::id)
        .select((payments::id, payments::captured, payments::refunded))
        .limit(limit)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(payments::id.gt(after));
    }
    let rows: Vec<(PaymentId, Yen, Yen)> = query.load(tx.read())?;
    let last = rows.last().map(|row| row.0);
    let claim = |(id, captured, refunded): (PaymentId, Yen, Yen)| PaymentClaim {
        id: id.to_string(),
        captured,
        refunded,
    };
    Ok((rows.into_iter().map(claim).collect(), last))
}

/// What is read of a refund: what it is, and its interest.
type RefundFacts = ((RefundId, PaymentId, String, String, Yen), (Option<Yen>, Option<String>));

/// What the next refunds after `after` claim, with the id of the last of them.
pub fn refund_claims(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    after: Option<RefundId>,
    limit: i64,
) -> Result<(Vec<RefundClaim>, Option<RefundId>), StoreError> {
    let mut query = refunds::table
        .filter(refunds::tenant_id.eq(tenant))
        .order(refunds::id)
        .select((
            (refunds::id, refunds::payment_id, refunds::route, refunds::state, refunds::amount),
            (refunds::interest, refunds::interest_state),
        ))
        .limit(limit)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(refunds::id.gt(after));
    }
    let rows: Vec<RefundFacts> = query.load(tx.read())?;
    let last = rows.last().map(|row| row.0.0);
    let claim = |((id, payment, route, state, amount), (interest, interest_state)): RefundFacts| {
        let broken = |column: &str| StoreError::Inconsistent(format!("refunds.{column} of {id}"));
        Ok(RefundClaim {
            id: id.to_string(),
            payment: payment.to_string(),
            route: RefundRoute::parse(&route).ok_or_else(|| broken("route"))?,
            state: RefundState::parse(&state).ok_or_else(|| broken("state"))?,
            amount,
            interest: match interest_state {
                Some(state) => {
                    let state = InterestState::parse(&state).ok_or_else(|| broken("interest_state"))?;
                    interest.map(|interest| (interest, state))
                }
                None => None,
            },
        })
    };
    let claims: Result<Vec<_>, StoreError> = rows.into_iter().map(claim).collect();
    Ok((claims?, last))
}
