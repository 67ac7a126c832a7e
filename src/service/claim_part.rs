//! A part of an invoice as an invoice of its own: what a revoked waiver had taken off, and what is divided off a claim.
//!
//! It is priced from what the first one was priced from, less what that one still covers, so that it can be computed again like any
//! other (T-2). The first one is never edited: what leaves it, a reassessment takes off beside it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::billing::{self, PricedFrom};
use super::cases::OpenCase;
use super::{Ctx, Failure};
use crate::domain::fee::{self, FeeAssessment, FeeLine};
use crate::domain::invoice::InvoiceLine;
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::procedure::{Bilingual, RefundPolicy};
use crate::domain::waiver::LineReduction;
use crate::store::Tx;
use crate::store::invoices::InvoiceRow;

/// What becomes an invoice of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    /// The invoice that it is a part of.
    pub(super) claim: &'a InvoiceRow,
    /// How much of which lines.
    pub(super) lines: &'a [LineReduction],
    /// Why, in Japanese and English; `{}` stands for the amount.
    pub(super) why: (&'static str, &'static str),
}

/// Under which notice a part is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// One of its own: of the year and with the term of today.
    Own,
    /// That of the claim, with its year and its term.
    OfClaim,
}

/// Assesses a part; the caller stores the case.
pub(super) fn assess(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    part: Part<'_>,
    notice: Notice,
    now: Timestamp,
) -> Result<InvoiceRow, Failure> {
    let Part { claim, lines, why } = part;
    let mut from = PricedFrom::open(case, claim)?;
    let covered = covered(claim, lines).map_err(internal)?;
    let mut read = std::mem::take(&mut from.lines).into_iter();
    let mut steps = std::mem::take(&mut from.explanations).into_iter();
    let each = claim.lines.0.iter().map(|line| {
        let (inputs, explanation) = (read.next().unwrap_or_default(), steps.next().unwrap_or_default());
        FeeLine { inputs, explanation, ..fee_line(line) }
    });
    let whole = FeeAssessment {
        procedure_version: from.procedure_version,
        arrived_on: from.arrived_on,
        lines: each.collect(),
        total: claim.total,
        waivers: Vec::new(),
        facts: from.facts,
        terms: from.terms,
    };
    let mut difference = fee::beyond(whole, &covered).map_err(internal)?;
    for line in &mut difference.lines {
        let amount = line.amount.amount().to_string();
        let (ja, en) = (why.0.replace("{}", &amount), why.1.replace("{}", &amount));
        line.explanation.push(Bilingual { ja, en });
    }
    let mut charged = from.charged_before;
    for (item, amount) in covered {
        let before = charged.entry(item).or_default();
        *before = before.plus(amount).map_err(internal)?;
    }
    match notice {
        Notice::Own => billing::issue_anew(tx, ctx, case, difference, (from.office, charged), (claim, now)),
        Notice::OfClaim => {
            billing::issue_part(tx, ctx, case, difference, (from.office, charged), (claim, now))
        }
    }
}

/// What of each fee item of an invoice is not in the part.
fn covered(invoice: &InvoiceRow, lines: &[LineReduction]) -> Result<BTreeMap<String, Yen>, YenOutOfRange> {
    let mut covered: BTreeMap<String, Yen> = BTreeMap::new();
    for (number, line) in (1_u32..).zip(&invoice.lines.0) {
        let missing = Yen::sum(lines.iter().filter(|one| one.line == number).map(|one| one.amount))?;
        let sum = covered.entry(line.item.clone()).or_default();
        *sum = sum.plus(line.amount.minus(missing)?)?;
    }
    Ok(covered)
}

/// A line of an invoice as it was assessed; what its money may go back for stands in the ordinance, not here.
fn fee_line(line: &InvoiceLine) -> FeeLine {
    FeeLine {
        item: line.item.clone(),
        label_ja: line.label_ja.clone(),
        label_en: line.label_en.clone(),
        amount: line.amount,
        basis: line.basis.clone(),
        revenue_account: line.revenue_account.clone(),
        payee: line.payee,
        refund: RefundPolicy::default(),
        tax: line.tax,
        inputs: BTreeMap::new(),
        formula_version: line.formula_version.clone(),
        explanation: Vec::new(),
        relief: line.relief.clone(),
        same_time: None,
        full_price_in: line.full_price_in.clone(),
        sample: line.sample,
    }
}

fn internal(error: YenOutOfRange) -> Failure {
    Failure::Internal(error.to_string())
}
