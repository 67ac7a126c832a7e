//! Billing (調定): an assessment becomes an invoice and is booked, in the case's own transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::cases::OpenCase;
use super::catalogue::fee_fault;
use super::{Ctx, Failure, Refusal, intake, payment_notice, upgrade, waiver, waiver_claim};
use crate::catalogue::CatalogueProcedure;
use crate::domain::calendar::jst_day;
use crate::domain::expression::Facts;
use crate::domain::fee::{self, FeeAssessment, FeeLine, SameTimeTerms};
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::form::Circumstances;
use crate::domain::id::{AccountId, ApplicationId, InvoiceId, TenantCode};
use crate::domain::invoice::{InvoiceLine, InvoiceState};
use crate::domain::ledger::{self, Cause, EntryKind, Posting};
use crate::domain::money::Yen;
use crate::domain::party::Meant;
use crate::domain::procedure::{Bilingual, FeeDue};
use crate::domain::reference_number::reference_number;
use crate::domain::revenue::Due;
use crate::store::invoices::{self, InvoiceRow};
use crate::store::sql::{IsoDate, Json, Micros};
use crate::store::{Reads, Tx, baskets, fee_lowerings, set_offs};

/// What an invoice was computed from. It is personal, so it lies sealed with the case's key beside the lines (T-2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PricedFrom {
    /// The version of the procedure that priced it.
    pub procedure_version: u32,
    /// The arrival day it was priced for.
    pub arrived_on: Date,
    /// Every fact that the assessment read.
    pub facts: Map<String, Value>,
    /// What staff fixed after review, whole, where they did.
    pub office: Option<Value>,
    /// What each line read, in their order.
    pub lines: Vec<BTreeMap<String, Value>>,
    /// How each amount came about, step by step, in the order of the lines; it names answers, so it lies here.
    #[serde(default)]
    pub explanations: Vec<Vec<Bilingual>>,
    /// The full prices that other applications of the same basket bore (R-58b).
    #[serde(default)]
    pub terms: SameTimeTerms,
    /// What had been charged before, fee item by fee item, where corrected answers cost more (追加調定): these lines are the
    /// rest.
    #[serde(default)]
    pub charged_before: BTreeMap<String, Yen>,
}

impl PricedFrom {
    /// Opens what an invoice was computed from.
    pub fn open(case: &OpenCase, row: &InvoiceRow) -> Result<Self, Failure> {
        Ok(case.key.open_json(&invoices::inputs_place(row.id), &row.sealed_inputs)?)
    }
}

/// The answers of a case as expressions see them.
pub fn facts_of(case: &OpenCase, procedure: &CatalogueProcedure, now: Timestamp) -> Result<Facts, Failure> {
    let circumstances = Circumstances {
        channel: case.filer().channel,
        applicant_kind: case.applicant,
        arrived_on: case.arrival_day(now),
    };
    Ok(procedure.form.facts(&case.form()?, &circumstances.facts()))
}

/// The version whose fees a case pays: that in force on its arrival day, which is not always its own.
pub fn priced_by(
    ctx: &Ctx,
    case: &OpenCase,
    procedure: &Arc<CatalogueProcedure>,
    now: Timestamp,
) -> Arc<CatalogueProcedure> {
    // A case that has arrived is never too late.
    let priced_by = upgrade::priced_by(ctx, procedure, case.arrival_day(now));
    priced_by.unwrap_or_else(|_| Arc::clone(procedure))
}

/// What a case costs: by its answers, what staff fixed, and its arrival day. The answers are those of `pinned`, the fees
/// those of `priced_by`; what other cases of the same basket bear is taken off.
pub fn assess_case(
    tx: &mut impl Reads,
    case: &OpenCase,
    (pinned, priced_by): (&CatalogueProcedure, &CatalogueProcedure),
    office: Option<&Value>,
    now: Timestamp,
) -> Result<FeeAssessment, Failure> {
    let mut facts = facts_of(case, pinned, now)?;
    if let Some(office) = office {
        facts = pinned.office_form.facts(office, &facts);
    }
    // What others bore when it arrived stays so (R-58b).
    let terms = if priced_by.fees.has_same_time_price() {
        baskets::terms_of_case(tx, &case.row.tenant_id, case.row.id)?
    } else {
        SameTimeTerms::NONE
    };
    price(&facts, (pinned, priced_by), case.arrival_day(now), &terms)
}

/// What these facts cost by the fees of `priced_by` on the day of arrival.
pub fn price(
    facts: &Facts,
    (pinned, priced_by): (&CatalogueProcedure, &CatalogueProcedure),
    arrival_day: Date,
    terms: &SameTimeTerms,
) -> Result<FeeAssessment, Failure> {
    let assessed = fee::assess_in_basket(&priced_by.fees, facts, arrival_day, terms);
    assessed.map_err(|fault| upgrade::fee_failure(pinned, priced_by, fee_fault(&fault)))
}

/// Issues the invoice of an assessment and books it: a claim against revenue, line by line.
///
/// The notice is issued now, with it; until when each line is to be paid and to which year it belongs follows from the
/// body's terms on this day. Where nothing is owed the invoice says so, is settled, and nobody is asked to pay.
pub fn issue_invoice(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    assessment: FeeAssessment,
    office: Option<Value>,
    now: Timestamp,
) -> Result<InvoiceRow, Failure> {
    issue(tx, ctx, case, assessment, (office, BTreeMap::new()), (Owing::New, now))
}

/// What an invoice is issued for.
#[derive(Clone, Copy, Debug)]
enum Owing<'a> {
    /// What was applied for: whoever is the obligor of the case today owes it.
    New,
    /// What was taken off an invoice: whoever owed that owes it.
    Anew(&'a InvoiceRow),
    /// A part of a claim, under its notice and by its obligor.
    PartOf(&'a InvoiceRow),
}

/// Issues the invoice of what is charged beyond what was charged before (追加調定), because of corrected answers: the difference alone.
pub(super) fn issue_increase(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    difference: FeeAssessment,
    priced_with: (Option<Value>, BTreeMap<String, Yen>),
    now: Timestamp,
) -> Result<InvoiceRow, Failure> {
    issue(tx, ctx, case, difference, priced_with, (Owing::New, now))
}

/// Issues the invoice of what a waiver had taken off `first` and is charged now that it was revoked; its obligor owes it.
pub(super) fn issue_anew(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    difference: FeeAssessment,
    priced_with: (Option<Value>, BTreeMap<String, Yen>),
    (first, now): (&InvoiceRow, Timestamp),
) -> Result<InvoiceRow, Failure> {
    issue(tx, ctx, case, difference, priced_with, (Owing::Anew(first), now))
}

/// Issues the invoice of a part of a claim: of its year, due when it is, and under its notice.
pub(super) fn issue_part(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    part: FeeAssessment,
    priced_with: (Option<Value>, BTreeMap<String, Yen>),
    (claim, now): (&InvoiceRow, Timestamp),
) -> Result<InvoiceRow, Failure> {
    issue(tx, ctx, case, part, priced_with, (Owing::PartOf(claim), now))
}

/// Until when a line of a part of `claim` is to be paid, and its year: as the claim has them.
fn due_of_part(claim: &InvoiceRow, item: &str) -> Due {
    let of_claim = i16::try_from(claim.fiscal_year).unwrap_or_default();
    let line = claim.lines.0.iter().find(|line| line.item == item);
    let fiscal_year = FiscalYear::starting_in(line.map_or(of_claim, |line| line.fiscal_year));
    Due { last_day: claim.due_on.map(|due| due.0), fiscal_year }
}

fn issue(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    assessment: FeeAssessment,
    (office, charged_before): (Option<Value>, BTreeMap<String, Yen>),
    (owing, now): (Owing<'_>, Timestamp),
) -> Result<InvoiceRow, Failure> {
    let id = InvoiceId(tx.new_id());
    let day = jst_day(now);
    let FeeAssessment { procedure_version, arrived_on, mut lines, total, facts, terms, .. } = assessment;
    let inputs = lines.iter_mut().map(|line| std::mem::take(&mut line.inputs)).collect();
    let explanations = lines.iter_mut().map(|line| std::mem::take(&mut line.explanation)).collect();
    let priced_from = PricedFrom {
        procedure_version,
        arrived_on,
        facts,
        office,
        lines: inputs,
        explanations,
        terms,
        charged_before,
    };
    let place = invoices::inputs_place(id);
    let sealed_inputs = case.key.seal_json(&place, &priced_from, ctx.core.ids.as_ref());
    let (obligor_account_id, part_of) = match owing {
        Owing::New => (obligor(case), None),
        Owing::Anew(first) => (first.obligor_account_id, None),
        Owing::PartOf(claim) => (claim.obligor_account_id, Some(claim)),
    };
    let due = |line: &FeeLine| match part_of {
        Some(claim) => due_of_part(claim, &line.item),
        None => payment_notice::due_of(ctx, &case.row.tenant_id, &line.revenue_account, now),
    };
    let dues: Vec<Due> = lines.iter().map(due).collect();
    let due_on = dues.iter().filter_map(|due| due.last_day).min();
    let fiscal_year = dues.first().map_or(FiscalYear::of(day), |due| due.fiscal_year).year();
    let named = |(line, due): (FeeLine, &Due)| invoice_line(ctx, &case.row.tenant_id, line, *due);
    let lines: Vec<InvoiceLine> = lines.into_iter().zip(&dues).map(named).collect();
    let entries = ledger::assess(&Cause { source_id: id.to_string(), booked_on: day }, &lines);
    let state = if total == Yen::ZERO { InvoiceState::Waived } else { InvoiceState::Unpaid };
    let row = InvoiceRow {
        tenant_id: case.row.tenant_id.clone(),
        id,
        application_id: case.row.id,
        number: reference_number(day, id.0),
        state: state.as_str().to_owned(),
        total,
        reduced: Yen::ZERO,
        written_off: Yen::ZERO,
        fiscal_year: i64::from(fiscal_year),
        obligor_account_id,
        lines: Json(lines),
        sealed_inputs,
        issued_at: Micros(now),
        due_on: due_on.map(IsoDate),
        entrusted_on: None,
        paid_on: None,
        stamped: Yen::ZERO,
        principal_id: None,
        version: 1,
    };
    invoices::insert(tx, &row)?;
    if total > Yen::ZERO && part_of.is_none() {
        payment_notice::issue(tx, ctx, case, &row)?;
    }
    invoices::book(tx, &case.row.tenant_id, case.row.id, &entries)?;
    Ok(row)
}

/// Cancels what is still owed for a case that ended without a decision (調定取消): the assessment is booked back, line by
/// line, and nothing is deleted. An invoice that money or an agent covers stays: giving it back is a refund. What was
/// assessed beside a claim goes with it. So stays what a revoked waiver had taken off what was paid.
pub fn cancel_unpaid_invoices(tx: &mut Tx<'_>, case: &mut OpenCase, now: Timestamp) -> Result<(), Failure> {
    waiver::end_with_case(tx, case)?;
    let unpaid = unpaid_at_end(tx, case)?;
    cancel(tx, case, unpaid, now)
}

/// Cancels what is still owed of a case that is refused, as [`cancel_unpaid_invoices`] does at a withdrawal, with what was asked
/// about it. A fee that nobody paid is a defect of the form, and refusing for it is one of the two ends of such a defect
/// what the fee is the price of is not rendered, or not granted. A fee that was paid stays with whoever examined for it
/// (既納の手数料は還付しない, R-97).
pub(super) fn cancel_unpaid_of_refusal(
    tx: &mut Tx<'_>,
    case: &mut OpenCase,
    now: Timestamp,
) -> Result<(), Failure> {
    let unpaid = unpaid_at_end(tx, case)?;
    let ended: Vec<InvoiceId> = unpaid.iter().map(|invoice| invoice.id).collect();
    waiver::end_with_invoices(tx, case, &ended)?;
    cancel(tx, case, unpaid, now)
}

/// What nobody has paid of a case that has ended, and is owed no more.
fn unpaid_at_end(tx: &mut impl Reads, case: &OpenCase) -> Result<Vec<InvoiceRow>, Failure> {
    let owed = waiver_claim::owed_after_end(tx, case)?;
    let mut unpaid: Vec<InvoiceRow> = Vec::new();
    for invoice in invoices::all_of_case(tx, &case.row.tenant_id, case.row.id)? {
        let goes =
            invoice.principal_id.is_none_or(|principal| unpaid.iter().any(|other| other.id == principal));
        if goes && !owed.contains(&invoice.id) && invoice.invoice_state()? == InvoiceState::Unpaid {
            unpaid.push(invoice);
        }
    }
    Ok(unpaid)
}

fn cancel(
    tx: &mut Tx<'_>,
    case: &mut OpenCase,
    unpaid: Vec<InvoiceRow>,
    now: Timestamp,
) -> Result<(), Failure> {
    let (tenant, id) = (case.row.tenant_id.clone(), case.row.id);
    for facts in book_back_unpaid(tx, (&tenant, id), unpaid, now)? {
        case.record(tx, "invoice_moved", facts, None)?;
    }
    Ok(())
}

/// Books back what is assessed of unpaid invoices of a case; gives what the record of the case says of each.
pub(super) fn book_back_unpaid(
    tx: &mut Tx<'_>,
    (tenant, case): (&TenantCode, ApplicationId),
    unpaid: Vec<InvoiceRow>,
    now: Timestamp,
) -> Result<Vec<Value>, Failure> {
    if unpaid.is_empty() {
        return Ok(Vec::new());
    }
    let entries = ledger::standing(&invoices::entries_of_case(tx, tenant, case)?);
    let mut said = Vec::new();
    for mut invoice in unpaid {
        let source = invoice.id.to_string();
        let reductions = format!("{source}:");
        let of_it = |entry: &&ledger::Entry| match entry.kind {
            EntryKind::Booked(Posting::Assess) => entry.source_id == source,
            // What was taken off, and was not put back before, goes with what it was taken off of.
            EntryKind::Booked(Posting::Reduce) => entry.source_id.starts_with(&reductions),
            _ => false,
        };
        let booked = entries.iter().filter(of_it);
        let undone: Vec<_> = booked.filter_map(|entry| ledger::reverse(entry, jst_day(now))).collect();
        let facts =
            json!({ "invoice": source, "from": invoice.state, "to": InvoiceState::Canceled.as_str() });
        InvoiceState::Canceled.as_str().clone_into(&mut invoice.state);
        invoice.reduced = Yen::ZERO;
        invoices::update_standing(tx, &mut invoice)?;
        invoices::book(tx, tenant, case, &undone)?;
        said.push(facts);
    }
    Ok(said)
}

/// The account of the 納入義務者.
pub fn obligor(case: &OpenCase) -> Option<AccountId> {
    case.account_of(Meant::Obligor)
}

/// What an invoice is assessed at by now, in yen: less where corrected answers cost less. Waivers do not touch it.
pub fn assessed_at(tx: &mut impl Reads, invoice: &InvoiceRow) -> Result<i64, Failure> {
    let lowered = fee_lowerings::lowered(tx, &invoice.tenant_id, invoice.id)?;
    let mut assessed = 0_i64;
    for (number, line) in (1_u32..).zip(&invoice.lines.0) {
        let less = lowered.of_line(number).amount();
        assessed = assessed.saturating_add(line.amount.amount().saturating_sub(less));
    }
    Ok(assessed)
}

/// Refuses when what was assessed is not what the answers cost: nothing is decided on a wrong fee.
///
/// An answer to a correction is assessed again with it ([`super::recalculation`]); this holds what could not be then, because
/// money was on its way. R-87: an invoice is never edited.
/// A fee that is due at issue has no invoice yet; here it only must be computable.
pub fn refuse_outdated_fee(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    now: Timestamp,
) -> Result<(), Failure> {
    let procedure = intake::pinned(ctx, &case.row)?;
    let standing = priced_invoices(tx, case)?;
    let priced_by = priced_by(ctx, case, &procedure, now);
    let office = match (procedure.definition.fee_due, standing.last()) {
        (FeeDue::None, _) | (FeeDue::AfterReview, None) => return Ok(()),
        (FeeDue::OnIssue, _) => {
            return assess_case(tx, case, (&procedure, &priced_by), None, now).map(drop);
        }
        (FeeDue::OnSubmit, _) => None,
        (FeeDue::AfterReview, Some(row)) => PricedFrom::open(case, row)?.office,
    };
    let total = assess_case(tx, case, (&procedure, &priced_by), office.as_ref(), now)?.total.amount();
    let mut assessed = 0_i64;
    for invoice in &standing {
        assessed = assessed.saturating_add(assessed_at(tx, invoice)?);
    }
    if assessed == total { Ok(()) } else { Err(Refusal::FeeChanged { total }.into()) }
}

/// The standing invoices of a case that are the price of what was applied for, oldest first. What was assessed anew because a
/// waiver was revoked is owed, but it is no new price, nor is what was divided off it: the invoice that the waiver was of has it already.
pub fn priced_invoices(tx: &mut impl Reads, case: &OpenCase) -> Result<Vec<InvoiceRow>, Failure> {
    let anew = waiver_claim::of_case(tx, &case.row.tenant_id, case.row.id)?;
    let mut rows = standing_invoices(tx, case)?;
    rows.retain(|row| !anew.contains(&row.id));
    Ok(rows)
}

/// The invoice of the fee that a decision was made for: the youngest standing one that is a price of what was applied for. What was
/// divided off it to be set off is a part of that price and not the fee.
pub fn fee_invoice(tx: &mut impl Reads, case: &OpenCase) -> Result<Option<InvoiceRow>, Failure> {
    let mut rows = priced_invoices(tx, case)?;
    if rows.len() > 1 {
        let parts = set_offs::parts_of_case(tx, &case.row.tenant_id, case.row.id)?;
        rows.retain(|row| !parts.contains(&row.id));
    }
    Ok(rows.pop())
}

/// The invoice that a case shows as its own: the youngest that was not divided off another one to be set off.
pub fn shown_invoice(tx: &mut impl Reads, case: &OpenCase) -> Result<Option<InvoiceRow>, Failure> {
    let mut rows = invoices::of_case(tx, &case.row.tenant_id, case.row.id)?;
    if rows.len() > 1 {
        let parts = set_offs::parts_of_case(tx, &case.row.tenant_id, case.row.id)?;
        rows.retain(|row| !parts.contains(&row.id));
    }
    Ok(rows.pop())
}

/// The invoices of a case that were not withdrawn, oldest first.
pub fn standing_invoices(tx: &mut impl Reads, case: &OpenCase) -> Result<Vec<InvoiceRow>, Failure> {
    let mut rows = invoices::of_case(tx, &case.row.tenant_id, case.row.id)?;
    rows.retain(|row| row.state != InvoiceState::Canceled.as_str());
    Ok(rows)
}

fn invoice_line(ctx: &Ctx, tenant: &TenantCode, line: FeeLine, due: Due) -> InvoiceLine {
    let revenue = ctx.catalogue.tenant(tenant).and_then(|body| body.definition.revenue.as_ref());
    let account = revenue.and_then(|revenue| revenue.account(&line.revenue_account, due.fiscal_year));
    InvoiceLine {
        account_name: account.map(|account| account.name.clone()),
        item: line.item,
        label_ja: line.label_ja,
        label_en: line.label_en,
        amount: line.amount,
        basis: line.basis,
        revenue_account: line.revenue_account,
        fiscal_year: due.fiscal_year.year(),
        formula_version: line.formula_version,
        payee: line.payee,
        tax: line.tax,
        full_price_in: line.full_price_in,
        relief: line.relief,
        sample: line.sample,
    }
}
