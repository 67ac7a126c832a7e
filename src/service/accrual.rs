//! What has accrued on a late claim (延滞金, R-91), by the one claim that it is.
//!
//! What was divided off to be set off (調定の分割) is an invoice of its own only so that it can be settled: there was one term, one notice
//! and one demand, and the ordinance cuts the base and the charge of a claim down once. So what was owed of the whole is counted from
//! settlement to settlement, and what is left of the claim bears what that comes to less what the parts bear by themselves. A claim
//! assessed anew because a waiver was revoked has a term and a notice of its own and is no part in this sense.

use jiff::civil::Date;

use super::Failure;
use crate::domain::arrears::{self, ArrearsTerms};
use crate::domain::calendar::jst_day;
use crate::domain::fee::arrears::{ArrearsCharge, PartOfClaim, beside_parts, explain, explain_over_parts};
use crate::domain::id::InvoiceId;
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::refund::SetOffExtent;
use crate::store::demands::{self, DemandRow};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::{Reads, StoreError, payments, set_offs};

/// Up to which day a charge is counted: that of the payment, or today.
pub(super) fn counted_to(invoice: &InvoiceRow, today: Date) -> Date {
    invoice.paid_on.or(invoice.entrusted_on).map_or(today, |day| day.0)
}

/// What has accrued on a claim up to the day of its payment, or to today; `last_day_in_time` is the last day on which paying was in time.
pub(super) fn of_claim(
    tx: &mut impl Reads,
    (terms, last_day_in_time): (&ArrearsTerms, Date),
    claim: &InvoiceRow,
    demand: Option<&DemandRow>,
) -> Result<ArrearsCharge, Failure> {
    let today = jst_day(tx.now());
    let sent = arrears::demand(demand.map(|demand| demand.issued_on.0));
    let rest = part(claim, demand, today);
    let parts = parts(tx, claim, today)?;
    let rule = &terms.charge;
    if demand.is_none() || parts.is_empty() {
        return explain(rule, rest.principal, sent, last_day_in_time, rest.until).map_err(internal);
    }
    let alone = |part: &PartOfClaim| {
        explain(rule, part.principal, sent, last_day_in_time, part.until).map(|charge| charge.amount)
    };
    let of_parts = parts.iter().map(alone).collect::<Result<Vec<_>, _>>().map_err(internal)?;
    let whole: Vec<PartOfClaim> = parts.into_iter().chain([rest]).collect();
    let whole = explain_over_parts(rule, &whole, sent, last_day_in_time).map_err(internal)?;
    Ok(beside_parts(whole, Yen::sum(of_parts).map_err(internal)?))
}

/// An invoice as a part of its claim: at most what was demanded of it bears a charge.
fn part(invoice: &InvoiceRow, demand: Option<&DemandRow>, today: Date) -> PartOfClaim {
    let owed = invoice.owed();
    let principal = demand.map_or(owed, |demand| demand.principal.min(owed));
    PartOfClaim { principal, until: counted_to(invoice, today) }
}

/// What was divided off a claim under its demand. What was settled before there was a demand bears nothing, also where it was
/// divided off later: a set-off counts from the day on which both debts stood.
fn parts(tx: &mut impl Reads, claim: &InvoiceRow, today: Date) -> Result<Vec<PartOfClaim>, Failure> {
    let tenant = &claim.tenant_id;
    let mut found = Vec::new();
    for (row, settled) in set_offs::of_invoice(tx, tenant, claim.id)? {
        let Some(settled) = settled.filter(|_| row.extent == SetOffExtent::Part.as_str()) else { continue };
        let payment = payments::find(tx, tenant, settled.payment_id)?.ok_or_else(|| broken(claim.id))?;
        let invoice = invoices::find(tx, tenant, payment.invoice_id)?.ok_or_else(|| broken(claim.id))?;
        let demand = demands::of_invoice(tx, tenant, invoice.id)?;
        let Some(demand) = demand else { continue };
        let part = part(&invoice, Some(&demand), today);
        found.extend(Some(part).filter(|part| part.was_owed_at_demand(demand.issued_on.0)));
    }
    Ok(found)
}

fn broken(claim: InvoiceId) -> StoreError {
    StoreError::Inconsistent(format!("set_off_payments of {claim}"))
}

fn internal(error: YenOutOfRange) -> Failure {
    Failure::Internal(error.to_string())
}
