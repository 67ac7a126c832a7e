//! Reassessing (減額調定, R-87): what is owed of an invoice changes by a new assessment beside it, never by an edit.
//!
//! Everything happens in the caller's transaction: the reassessment, the ledger, the state of the invoice, and the intents
//! that close attempts opened over another amount. What had been paid beyond the new amount stands as overpaid from then on
//! and is proposed to go back. The caller stores the case.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::cases::OpenCase;
use super::payment_standing::settle_invoice;
use super::refund_money::{self, PaidMoney};
use super::waiver_refusal::WaiverRefusal;
use super::{Core, Failure, receipt_year};
use crate::domain::calendar::jst_day;
use crate::domain::id::{CorrectionId, InvoiceId, PaymentId, ReassessmentId};
use crate::domain::ledger::{self, Cause, Entry, EntryKind, Posting, Receipt, RefundSource};
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::refund::RefundPart;
use crate::domain::waiver::{self, Liftable, LineReduction, WaiverGround};
use crate::store::fee_lowerings::{self, FeeLoweringRow};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::reassessments::{self, ReassessmentKind, ReassessmentRow};
use crate::store::sql::{Json, Micros};
use crate::store::waivers::WaiverRow;
use crate::store::{Reads, Tx, payments, refunds};

/// The name of a cause: the claim beside which it was charged was paid on an earlier day.
pub(super) const EARLIER_PAYMENT: &str = "earlier_payment";

/// What a ground would take off an invoice now.
#[derive(Clone, Debug)]
pub struct Lifted {
    /// How much off each line.
    pub lines: Vec<LineReduction>,
    /// How much in all.
    pub amount: Yen,
    /// The payment that covers the invoice, if one does.
    pub covered_by: Option<PaymentId>,
}

/// Computes what `ground` takes off `invoice`, or refuses; `named` is the amount that the decision names.
pub fn lift(
    tx: &mut impl Reads,
    invoice: &InvoiceRow,
    ground: &WaiverGround,
    named: Option<Yen>,
) -> Result<Lifted, Failure> {
    let before = reassessments::by_waivers(tx, invoice)?;
    let paid = refund_money::of_invoice(tx, invoice)?;
    let covering = paid.iter().find(|money| money.covers());
    // What a cancelled stamp settled is settled: a stamp is void and nothing of it goes back.
    if invoice.stamped > Yen::ZERO {
        return Err(WaiverRefusal::NothingToWaive.into());
    }
    if is_unsettled(&paid) {
        return Err(WaiverRefusal::MoneyUnsettled.into());
    }
    let refunding = refunding(tx, invoice, covering)?;
    // A waiver is of what the corrected answers cost.
    let lowered = fee_lowerings::lowered(tx, &invoice.tenant_id, invoice.id)?;
    let assessed = lowered.owed_lines(&invoice.lines.0).map_err(internal)?;
    let liftable = Liftable { lines: &assessed, before: &before, refunding: &refunding };
    let lines = waiver::lift(ground, liftable, named)?;
    let amount = waiver::sum(&lines).map_err(internal)?;
    Ok(Lifted { lines, amount, covered_by: covering.map(|money| money.payment.id) })
}

/// Whether money came that does not cover the debt: until a person has decided about it, the debt cannot move below it.
pub(super) fn is_unsettled(paid: &[PaidMoney]) -> bool {
    let covers = paid.iter().any(PaidMoney::covers);
    !covers && paid.iter().any(|money| money.available(RefundPart::Whole) > Yen::ZERO)
}

/// What of each line, in their order, refunds of the payment that covers the invoice have taken up.
pub(super) fn refunding(
    tx: &mut impl Reads,
    invoice: &InvoiceRow,
    covering: Option<&PaidMoney>,
) -> Result<Vec<Yen>, Failure> {
    let Some(money) = covering else { return Ok(vec![Yen::ZERO; invoice.lines.0.len()]) };
    let taken = refunds::headroom(tx, &invoice.tenant_id, money.payment.id)?;
    let of_line = |number: u32| taken.get(&RefundPart::Line(number)).map_or(Yen::ZERO, |part| part.reserved);
    Ok((1..).take(invoice.lines.0.len()).map(of_line).collect())
}

/// Takes off what was decided.
pub fn reduce(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut OpenCase,
    invoice: &mut InvoiceRow,
    (waiver, lifted): (&WaiverRow, &Lifted),
    now: Timestamp,
) -> Result<(), Failure> {
    invoice.reduced = invoice.reduced.plus(lifted.amount).map_err(internal)?;
    let row = row(ReassessmentKind::Reduce, ReassessmentId(tx.new_id()), invoice, waiver, lifted, now);
    reassessments::insert(tx, &row)?;
    book_reduction(tx, invoice, (row.id, lifted), now)?;
    settle(tx, core, case, invoice, (&row, "invoice_reduced"))
}

/// Why less is assessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoweredBy {
    /// The answers were corrected.
    Correction(CorrectionId),
    /// The claim beside which it was charged was paid on an earlier day.
    EarlierPayment(InvoiceId),
    /// A part of it became this claim of its own.
    Division(InvoiceId),
}

/// Takes off what is assessed less; `lowered` is how much less each line is assessed at, `lifted` what of it was still owed.
pub fn lower(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut OpenCase,
    invoice: &mut InvoiceRow,
    (by, lowered, lifted): (LoweredBy, &[LineReduction], &Lifted),
    now: Timestamp,
) -> Result<(), Failure> {
    invoice.reduced = invoice.reduced.plus(lifted.amount).map_err(internal)?;
    let id = ReassessmentId(tx.new_id());
    let (correction_id, why, of) = match by {
        LoweredBy::Correction(correction) => (Some(correction), "correction", correction.to_string()),
        LoweredBy::EarlierPayment(claim) => (None, EARLIER_PAYMENT, claim.to_string()),
        LoweredBy::Division(part) => (None, "division", part.to_string()),
    };
    let row = FeeLoweringRow {
        tenant_id: invoice.tenant_id.clone(),
        id,
        application_id: invoice.application_id,
        invoice_id: invoice.id,
        correction_id,
        cause: why.to_owned(),
        lowered: Json(lowered.to_vec()),
        lines: Json(lifted.lines.clone()),
        amount: lifted.amount,
        owed: invoice.owed(),
        lowered_at: Micros(now),
    };
    fee_lowerings::insert(tx, &row)?;
    book_reduction(tx, invoice, (row.id, lifted), now)?;
    invoices::update_standing(tx, invoice)?;
    let facts = json!({ "invoice": invoice.id.to_string(), why: of, "reassessment": row.id.to_string(), "amount": row.amount.amount(), "owed": row.owed.amount(),
        "lines": row.lines.0 });
    case.record(tx, "invoice_reduced", facts, None)?;
    settle_invoice(tx, core, &mut case.row, invoice)
}

/// Books what is taken off; of a covered invoice the money is too much from then on.
fn book_reduction(
    tx: &mut Tx<'_>,
    invoice: &InvoiceRow,
    (id, lifted): (ReassessmentId, &Lifted),
    now: Timestamp,
) -> Result<(), Failure> {
    let today = jst_day(now);
    let (mut entries, mut receipt) = (Vec::new(), None);
    if let Some(payment) = lifted.covered_by {
        let payment = payments::find(tx, &invoice.tenant_id, payment)?;
        let payment = payment.ok_or_else(|| Failure::Internal(format!("no payment of {}", invoice.id)))?;
        let known = invoices::entries_of_case(tx, &invoice.tenant_id, invoice.application_id)?;
        let came = receipt_year::receipt_of(tx, &payment, &known, today)?;
        let (going, occasion) = ((came, lifted.amount), id.to_string());
        entries = receipt_year::carry_what_goes_back(tx, (&payment, &known), going, (&occasion, today))?;
        receipt = Some(came);
    }
    let sources = sources(invoice, &lifted.lines, (receipt, today))?;
    let booked_for = |of: String| Cause { source_id: format!("{of}:{id}"), booked_on: today };
    entries.extend(ledger::reduce(&booked_for(invoice.id.to_string()), &sources));
    if let Some(payment) = lifted.covered_by {
        let portions: Vec<_> = sources.iter().map(|source| source.portion).collect();
        entries.extend(ledger::overpay(&booked_for(payment.to_string()), &portions));
    }
    Ok(invoices::book(tx, &invoice.tenant_id, invoice.application_id, &entries)?)
}

/// Reductions that were taken out of money which is gone since, out of what is owed instead: each is booked back and made anew under
/// its own cause. `entries`: those of the case; `payment`: whose money it was.
pub(super) fn out_of_what_is_owed(
    tx: &mut impl Reads,
    invoice: &InvoiceRow,
    payment: PaymentId,
    entries: &[Entry],
    today: Date,
) -> Result<Vec<Entry>, Failure> {
    let (tenant, id) = (&invoice.tenant_id, invoice.id);
    let waived = reassessments::of_invoice(tx, tenant, id)?.into_iter().map(|row| (row.id, row.lines.0));
    let lowered = fee_lowerings::of_invoice(tx, tenant, id)?.into_iter().map(|row| (row.id, row.lines.0));
    let too_much = ledger::too_much_by_reductions(&payment.to_string(), entries);
    let mut moved = Vec::new();
    for (reassessment, lines) in waived.chain(lowered) {
        let of_money = format!("{payment}:{reassessment}");
        if too_much.iter().any(|entry| entry.source_id == of_money) {
            let cause = Cause { source_id: format!("{id}:{reassessment}"), booked_on: today };
            let anew = ledger::reduce(&cause, &sources(invoice, &lines, (None, today))?);
            moved.extend(instead_of(entries, &cause, anew));
        }
    }
    Ok(moved)
}

/// What stands of a reduction booked back, and `anew` in its place; nothing where that is the same.
fn instead_of(entries: &[Entry], cause: &Cause, anew: Vec<Entry>) -> Vec<Entry> {
    let is_ours = |entry: &&Entry| {
        entry.kind == EntryKind::Booked(Posting::Reduce) && entry.source_id == cause.source_id
    };
    let all: Vec<Entry> = entries.iter().filter(is_ours).cloned().collect();
    let mut stands: Vec<Entry> = ledger::standing(entries).iter().filter(is_ours).cloned().collect();
    stands.sort_by_key(|entry| entry.line_no);
    let what = |entry: &Entry| (entry.debit_account.to_string(), entry.fiscal_year, entry.amount);
    if stands.iter().map(what).eq(anew.iter().map(what)) {
        return Vec::new();
    }
    let undone = stands.iter().filter_map(|entry| ledger::reverse(entry, cause.booked_on));
    undone.chain(ledger::numbered_after(&all, anew)).collect()
}

/// Puts back what holds no more; only while nothing was paid.
pub fn restore(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut OpenCase,
    invoice: &mut InvoiceRow,
    waiver: &WaiverRow,
    now: Timestamp,
) -> Result<(), Failure> {
    let rows = reassessments::of_invoice(tx, &invoice.tenant_id, invoice.id)?;
    let reduced = rows
        .into_iter()
        .find(|row| row.waiver_id == waiver.id && row.kind == ReassessmentKind::Reduce.as_str());
    let reduced =
        reduced.ok_or_else(|| Failure::Internal(format!("no reduction of waiver {}", waiver.id)))?;
    invoice.reduced = invoice.reduced.minus(reduced.amount).map_err(internal)?;
    let lifted = Lifted { lines: reduced.lines.0, amount: reduced.amount, covered_by: None };
    let row = row(ReassessmentKind::Restore, ReassessmentId(tx.new_id()), invoice, waiver, &lifted, now);
    reassessments::insert(tx, &row)?;
    let source = format!("{}:{}", invoice.id, reduced.id);
    let booked = ledger::standing(&invoices::entries_of_case(tx, &invoice.tenant_id, case.row.id)?);
    let ours = booked
        .iter()
        .filter(|entry| entry.kind == EntryKind::Booked(Posting::Reduce) && entry.source_id == source);
    let undone: Vec<_> = ours.filter_map(|entry| ledger::reverse(entry, jst_day(now))).collect();
    invoices::book(tx, &invoice.tenant_id, case.row.id, &undone)?;
    settle(tx, core, case, invoice, (&row, "invoice_restored"))
}

/// Stores the invoice as it is owed now and lets everything follow: its state, its proofs, its open attempts.
fn settle(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut OpenCase,
    invoice: &mut InvoiceRow,
    (row, kind): (&ReassessmentRow, &'static str),
) -> Result<(), Failure> {
    invoices::update_standing(tx, invoice)?;
    let facts = json!({ "invoice": invoice.id.to_string(), "waiver": row.waiver_id.to_string(),
        "reassessment": row.id.to_string(), "amount": row.amount.amount(), "owed": row.owed.amount(),
        "lines": row.lines.0 });
    case.record(tx, kind, facts, None)?;
    settle_invoice(tx, core, &mut case.row, invoice)
}

/// The accounts that what is taken off comes out of. What was paid comes out of the year in which the money was received, and is
/// an expense of the present year once the books of that year are closed, as a refund of it would be.
fn sources(
    invoice: &InvoiceRow,
    lines: &[LineReduction],
    (receipt, today): (Option<Receipt>, Date),
) -> Result<Vec<RefundSource>, Failure> {
    let source = |off: &LineReduction| {
        let index = usize::try_from(off.line).ok().and_then(|number| number.checked_sub(1));
        let line = index.and_then(|index| invoice.lines.0.get(index));
        let line = line.ok_or_else(|| Failure::Internal(format!("line {} of {}", off.line, invoice.id)))?;
        if let Some(receipt) = receipt {
            return Ok(ledger::refund_source(line, off.amount, receipt, today));
        }
        let portion = ledger::Portion { fiscal_year: line.fiscal_year, amount: off.amount };
        Ok(RefundSource { account: ledger::account_of(line), portion })
    };
    lines.iter().map(source).collect()
}

fn row(
    kind: ReassessmentKind,
    id: ReassessmentId,
    invoice: &InvoiceRow,
    waiver: &WaiverRow,
    lifted: &Lifted,
    now: Timestamp,
) -> ReassessmentRow {
    ReassessmentRow {
        tenant_id: invoice.tenant_id.clone(),
        id,
        application_id: invoice.application_id,
        invoice_id: invoice.id,
        waiver_id: waiver.id,
        kind: kind.as_str().to_owned(),
        amount: lifted.amount,
        lines: Json(lifted.lines.clone()),
        owed: invoice.owed(),
        reassessed_at: Micros(now),
    }
}

fn internal(error: YenOutOfRange) -> Failure {
    Failure::Internal(error.to_string())
}
