//! The fee that is due at issue: claimed with the grant, or with the arrival of its notice where that goes electronically.
//!
//! There is such a claim only after a grant, so it would tell the grant before the notice does, and its last day would come
//! while nobody was told of it. Where the notice goes by letter after all, it is claimed with the letter.

use jiff::Timestamp;
use serde_json::json;

use super::assessment::NOTIFY_FEE;
use super::cases::OpenCase;
use super::{Ctx, Failure, billing, contract, intake, waiver};
use crate::domain::fee::FeeAssessment;
use crate::domain::money::Yen;
use crate::domain::procedure::FeeDue;
use crate::store::invoices::{self, InvoiceRow};
use crate::store::{Reads, Tx, decisions, jobs};

/// The event of a claim that waited for a notice: the last seal fixed it.
pub(super) const CLAIMED: &str = "fee_claimed";

/// Issues the invoice of a fee that a grant makes due, opens what a notice waives of it, and asks for the mail about it.
pub(super) fn claim(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    fee: FeeAssessment,
    now: Timestamp,
) -> Result<InvoiceRow, Failure> {
    let invoice = billing::issue_invoice(tx, ctx, case, fee, None, now)?;
    waiver::open_by_notice(tx, ctx, case, &invoice, now)?;
    if invoice.total > Yen::ZERO {
        let subject = format!("{}:{}", case.row.id, invoice.id);
        jobs::enqueue(tx, case.row.tenant_id.as_str(), NOTIFY_FEE, &subject, now)?;
    }
    Ok(invoice)
}

/// Claims what waited for the notice of a grant; nothing where nothing did. The caller stores the case.
pub(super) fn claim_with_notice(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    now: Timestamp,
) -> Result<(), Failure> {
    let Some(fee) = awaited(tx, ctx, case)? else { return Ok(()) };
    let invoice = claim(tx, ctx, case, fee, now)?;
    let facts = json!({
        "invoice": invoice.id.to_string(),
        "number": invoice.number,
        "total": invoice.total.amount(),
    });
    case.record(tx, CLAIMED, facts, None)
}

/// The fee of a grant that is claimed with its notice and was not yet: what the last seal assessed, from the same answers, fees and
/// terms, which a decision leaves as they are.
pub(super) fn awaited(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
) -> Result<Option<FeeAssessment>, Failure> {
    let procedure = intake::pinned(ctx, &case.row)?;
    // The price of a contract is claimed with its conclusion.
    if procedure.definition.fee_due != FeeDue::OnIssue
        || contract::terms_of(case, &procedure.definition).is_some()
    {
        return Ok(None);
    }
    let (tenant, id) = (&case.row.tenant_id, case.row.id);
    let Some(decision) = decisions::of_case(tx, tenant, id)? else { return Ok(None) };
    if !decision.grants() || !invoices::all_of_case(tx, tenant, id)?.is_empty() {
        return Ok(None);
    }
    let at = decision.decided_at.0;
    let priced_by = billing::priced_by(ctx, case, &procedure, at);
    let fee = billing::assess_case(tx, case, (&procedure, &priced_by), None, at)?;
    Ok(Some(fee).filter(|fee| fee.total > Yen::ZERO))
}
