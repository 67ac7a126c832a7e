//! The fee of corrected answers (調定の更正, R-87): computed again by the ordinance of the arrival day, charged or taken off by
//! the difference, in the transaction of the answer.
//!
//! What was assessed is never edited: more is another invoice over the difference (追加調定), less is a reduction beside the
//! lines it concerns (減額調定). Money that covered more than the corrected fee stands as overpaid and is proposed to go back
//! . What was waived before stays waived. Only where money came that covers nothing the amount cannot move: nothing is
//! granted then before a person has settled that money and the fee (see [`billing::refuse_outdated_fee`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::assessment::NOTIFY_FEE;
use super::billing::{self, PricedFrom};
use super::cases::OpenCase;
use super::reassessment::{self, Lifted, LoweredBy};
use super::{Ctx, Failure, refund_money, waiver, waiver_claim};
use crate::catalogue::CatalogueProcedure;
use crate::domain::fee::{self, FeeAssessment};
use crate::domain::id::CorrectionId;
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::procedure::FeeDue;
use crate::domain::waiver::{LineReduction, sum};
use crate::store::invoices::InvoiceRow;
use crate::store::{Reads, Tx, fee_lowerings, jobs, reassessments};

/// What the corrected answers change about the fee; nothing is stored yet.
#[derive(Debug, Default)]
pub struct FeeChange {
    /// What was assessed before, in yen; nothing where no fee was known.
    pub before: Option<i64>,
    /// What the corrected answers cost, in yen.
    pub after: Option<i64>,
    increase: Option<Increase>,
    lowerings: Vec<Lowering>,
}

/// What is charged on top.
#[derive(Debug)]
struct Increase {
    difference: FeeAssessment,
    office: Option<Value>,
    charged: BTreeMap<String, Yen>,
}

/// What is taken off one invoice.
#[derive(Debug)]
pub(super) struct Lowering {
    pub(super) invoice: InvoiceRow,
    /// How much less each line is assessed at.
    pub(super) lowered: Vec<LineReduction>,
    /// What of it is still owed, or paid and not on its way back.
    pub(super) lifted: Lifted,
}

/// What a fee that is due on issue would come to for the answers of the case as they are; nothing for other fees, or where it
/// cannot be said yet.
pub fn expected(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    procedure: &Arc<CatalogueProcedure>,
    now: Timestamp,
) -> Option<i64> {
    if procedure.definition.fee_due != FeeDue::OnIssue {
        return None;
    }
    let priced_by = billing::priced_by(ctx, case, procedure, now);
    let fee = billing::assess_case(tx, case, (procedure, &priced_by), None, now);
    fee.ok().map(|fee| fee.total.amount())
}

/// Computes the fee of a case that bears its corrected answers already, against what was assessed before.
pub fn judge(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    procedure: &Arc<CatalogueProcedure>,
    now: Timestamp,
) -> Result<FeeChange, Failure> {
    let standing = billing::priced_invoices(tx, case)?;
    let office = match (procedure.definition.fee_due, standing.last()) {
        (FeeDue::None, _) | (FeeDue::AfterReview, None) => return Ok(FeeChange::default()),
        (FeeDue::OnIssue, _) => {
            let after = expected(tx, ctx, case, procedure, now);
            return Ok(FeeChange { after, ..FeeChange::default() });
        }
        (FeeDue::OnSubmit, _) => None,
        (FeeDue::AfterReview, Some(row)) => PricedFrom::open(case, row)?.office,
    };
    let priced_by = billing::priced_by(ctx, case, procedure, now);
    let fee = billing::assess_case(tx, case, (procedure, &priced_by), office.as_ref(), now)?;
    let charged = charged(tx, &standing)?;
    let before = Yen::sum(charged.values().copied()).map_err(internal)?.amount();
    let after = fee.total.amount();
    let mut lowerings = Vec::new();
    let mut less = fee::lowered_items(&fee, &charged).map_err(internal)?;
    for invoice in standing.into_iter().rev() {
        let Some(lowering) = lowering(tx, invoice, &mut less)? else { continue };
        // What was waived of it and assessed anew since costs less, too.
        let Some(following) = waiver_claim::following(tx, &lowering)? else { continue };
        lowerings.push(lowering);
        lowerings.extend(following);
    }
    let difference = fee::beyond(fee, &charged).map_err(internal)?;
    let increase = (difference.total > Yen::ZERO).then_some(Increase { difference, office, charged });
    Ok(FeeChange { before: Some(before), after: Some(after), increase, lowerings })
}

/// What is assessed in all, fee item by fee item.
fn charged(tx: &mut impl Reads, standing: &[InvoiceRow]) -> Result<BTreeMap<String, Yen>, Failure> {
    let mut lines = Vec::new();
    for invoice in standing {
        let lowered = fee_lowerings::lowered(tx, &invoice.tenant_id, invoice.id)?;
        let assessed = lowered.owed_lines(&invoice.lines.0).map_err(internal)?;
        lines.extend(assessed.into_iter().map(|line| (line.item, line.amount)));
    }
    fee::charged(lines.iter().map(|(item, amount)| (item.as_str(), *amount))).map_err(internal)
}

/// Takes off an invoice what its items cost less, and from `less` what was taken off; nothing while money waits on it that covers
/// nothing.
pub(super) fn lowering(
    tx: &mut impl Reads,
    invoice: InvoiceRow,
    less: &mut BTreeMap<String, Yen>,
) -> Result<Option<Lowering>, Failure> {
    let concerned =
        invoice.lines.0.iter().any(|line| less.get(&line.item).is_some_and(|rest| *rest > Yen::ZERO));
    if !concerned {
        return Ok(None);
    }
    let paid = refund_money::of_invoice(tx, &invoice)?;
    if reassessment::is_unsettled(&paid) {
        return Ok(None);
    }
    let covering = paid.iter().find(|money| money.covers());
    let refunding = reassessment::refunding(tx, &invoice, covering)?;
    let lowered_before = fee_lowerings::lowered(tx, &invoice.tenant_id, invoice.id)?;
    let owed = reassessments::owed_lines(tx, &invoice)?;
    // Nothing is left of what was written off; and a cancelled stamp is void, nothing of it goes back.
    let given_up = invoice.written_off > Yen::ZERO || invoice.stamped > Yen::ZERO;
    let (mut lowered, mut lines) = (Vec::new(), Vec::new());
    let each = (1_u32..).zip(&invoice.lines.0).zip(owed.iter().zip(refunding));
    for ((number, line), (owed, refunding)) in each {
        let Some(rest) = less.get_mut(&line.item) else { continue };
        let assessed = line.amount.minus(lowered_before.of_line(number)).map_err(internal)?;
        let amount = assessed.min(*rest);
        *rest = rest.minus(amount).map_err(internal)?;
        let left = if given_up { Yen::ZERO } else { owed.amount.minus(refunding).unwrap_or(Yen::ZERO) };
        let taken = amount.min(left);
        lowered.extend((amount > Yen::ZERO).then_some(LineReduction { line: number, amount }));
        lines.extend((taken > Yen::ZERO).then_some(LineReduction { line: number, amount: taken }));
    }
    let amount = sum(&lines).map_err(internal)?;
    let lifted = Lifted { lines, amount, covered_by: covering.map(|money| money.payment.id) };
    Ok((!lowered.is_empty()).then_some(Lowering { invoice, lowered, lifted }))
}

/// Carries out what was judged; the caller stores the case. The applicant is told of what is to be paid on top.
pub fn carry_out(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    change: FeeChange,
    correction: CorrectionId,
    now: Timestamp,
) -> Result<(), Failure> {
    for Lowering { mut invoice, lowered, lifted } in change.lowerings {
        let by = LoweredBy::Correction(correction);
        reassessment::lower(tx, &ctx.core, case, &mut invoice, (by, &lowered, &lifted), now)?;
    }
    let Some(Increase { difference, office, charged }) = change.increase else { return Ok(()) };
    let invoice = billing::issue_increase(tx, ctx, case, difference, (office, charged), now)?;
    let facts = json!({ "invoice": invoice.id.to_string(), "number": invoice.number,
        "correction": correction.to_string(), "total": invoice.total.amount() });
    case.record(tx, "fee_increased", facts, None)?;
    waiver::open_by_notice(tx, ctx, case, &invoice, now)?;
    let subject = format!("{}:{}", case.row.id, invoice.id);
    jobs::enqueue(tx, case.row.tenant_id.as_str(), NOTIFY_FEE, &subject, now)?;
    Ok(())
}

fn internal(error: YenOutOfRange) -> Failure {
    Failure::Internal(error.to_string())
}
