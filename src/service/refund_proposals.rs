//! What came beyond a debt, or in another sum than was asked for, and waits to go back (過誤納金): the work list of the
//! accounting office.
//!
//! A proposal is no row: it is what ledger and headroom say now, so there is exactly one for a payment that brought too much,
//! it is gone once a refund took it up or the money is gone, and no crash leaves one behind or forgets one. It becomes a
//! refund as any other: one person asks for it, another decides.

use super::accounting::accountant;
use super::refund::{Proposal, proposals};
use super::{Ctx, Failure, cases, refund_money};
use crate::domain::id::{InvoiceId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::policy::Action;
use crate::domain::refund::RefundGround;
use crate::store::Reads;
use crate::store::invoices::{self, InvoiceRow};

/// Too much money of one payment.
#[derive(Clone, Debug)]
pub struct OverpaidPayment {
    /// The invoice.
    pub invoice: InvoiceRow,
    /// What of all its payments can go back, which a request names.
    pub available: Yen,
    /// Which payment, how much, by which way.
    pub proposal: Proposal,
}

/// A page of the list.
#[derive(Clone, Debug)]
pub struct ProposalPage {
    /// Oldest invoice first.
    pub items: Vec<OverpaidPayment>,
    /// The invoice after which the list goes on; none at its end.
    pub next: Option<InvoiceId>,
}

/// What came beyond a debt and is in no refund yet; for the accounting office, hidden from everybody else.
pub async fn list(
    ctx: Ctx,
    tenant: TenantCode,
    after: Option<InvoiceId>,
    limit: i64,
) -> Result<ProposalPage, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        accountant(tx, &ctx, &tenant)?;
        let rows = invoices::with_too_much(tx, &tenant, after, limit)?;
        let is_full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= limit;
        let next = rows.last().filter(|_| is_full).map(|row| row.id);
        let mut items = Vec::new();
        for invoice in rows {
            let case = cases::open(tx, &ctx, &tenant, invoice.application_id, Action::ReadMoney)?;
            let paid = refund_money::of_invoice(tx, &invoice)?;
            let available = refund_money::available(&paid)?;
            let found = proposals(&ctx, &case, &invoice, &paid, tx.now())?;
            let overpaid = found.into_iter().filter(|proposal| proposal.ground == RefundGround::Overpaid);
            items.extend(overpaid.map(|proposal| OverpaidPayment {
                invoice: invoice.clone(),
                available,
                proposal,
            }));
        }
        Ok(ProposalPage { items, next })
    })
    .await
}
