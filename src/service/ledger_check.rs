//! The check of the whole ledger: T-3 for each body, and whether invoices, payments and refunds say what was booked.
//!
//! Everything is read in one transaction, so that a running service is seen at one instant; pieces of it are held at a
//! time, never all of it. Nothing is changed.

use super::Failure;
use crate::domain::id::TenantCode;
use crate::domain::ledger::{Agreement, Disagreement, LedgerCheck, Violation};
use crate::store::ledger::{self, CaseRange};
use crate::store::{Db, Reads, settlement_matches};

/// About how many rows are read in one go.
const PIECE: i64 = 20_000;

/// Something about a body's money that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerFinding {
    /// The ledger does not hold in itself.
    Violation(Violation),
    /// Rows and entries tell two stories.
    Disagreement(Disagreement),
}

impl LedgerFinding {
    /// A short name of what is wrong, without its particulars.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Violation(violation) => violation.name(),
            Self::Disagreement(disagreement) => disagreement.fact.name(),
        }
    }
}

/// The ledger of one body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerReport {
    /// The body.
    pub tenant: TenantCode,
    /// How many entries were read.
    pub entries: u64,
    /// How many invoices, payments, refunds and lines of payouts were held against them.
    pub claims: u64,
    /// Everything that does not hold.
    pub findings: Vec<LedgerFinding>,
}

/// Checks the ledger of every body that has one.
pub async fn check(db: &Db) -> Result<Vec<LedgerReport>, Failure> {
    db.read(|tx| {
        let tenants = ledger::tenants(tx)?;
        tenants.into_iter().map(|tenant| of_tenant(tx, tenant)).collect()
    })
    .await
}

fn of_tenant(tx: &mut impl Reads, tenant: TenantCode) -> Result<LedgerReport, Failure> {
    let (mut whole, mut agreement) = (LedgerCheck::default(), Agreement::default());
    let (mut entries, mut claims, mut range) = (0, 0, CaseRange::default());
    loop {
        range.until = ledger::range_end(tx, &tenant, range.after, PIECE)?;
        let piece = ledger::entries(tx, &tenant, range)?;
        whole.entries(piece.iter().map(|(_, entry)| entry));
        for (case, entry) in &piece {
            agreement.entry(&case.to_string(), entry);
        }
        let invoices = ledger::invoice_claims(tx, &tenant, range)?;
        entries += piece.len();
        claims += invoices.len();
        for invoice in invoices {
            agreement.invoice(invoice);
        }
        if range.until.is_none() {
            break;
        }
        range.after = range.until;
    }
    let mut after = None;
    loop {
        let (payments, last) = ledger::payment_claims(tx, &tenant, after, PIECE)?;
        claims += payments.len();
        for payment in payments {
            agreement.payment(payment);
        }
        if last.is_none() {
            break;
        }
        after = last;
    }
    let mut after = None;
    loop {
        let (refunds, last) = ledger::refund_claims(tx, &tenant, after, PIECE)?;
        claims += refunds.len();
        for refund in refunds {
            agreement.refund(refund);
        }
        if last.is_none() {
            break;
        }
        after = last;
    }
    let mut after = None;
    loop {
        let (lines, last) = settlement_matches::line_claims(tx, &tenant, after, PIECE)?;
        claims += lines.len();
        for line in lines {
            agreement.line(line);
        }
        if last.is_none() {
            break;
        }
        after = last;
    }
    let mut findings: Vec<_> = whole.finish().into_iter().map(LedgerFinding::Violation).collect();
    findings.extend(agreement.finish().into_iter().map(LedgerFinding::Disagreement));
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    Ok(LedgerReport { tenant, entries: count(entries), claims: count(claims), findings })
}
