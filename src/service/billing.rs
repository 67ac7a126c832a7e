//! Billing (調定): an assessment becomes an invoice and is booked, in the case's own transaction.

use jiff::Timestamp;

use super::cases::OpenCase;
use super::catalogue::fee_fault;
use super::{Ctx, Failure, Refusal, intake};
use crate::domain::calendar::jst_day;
use crate::domain::fee::{self, Channel, FeeAssessment, FeeLine};
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::id::{AccountId, InvoiceId};
use crate::domain::invoice::{InvoiceLine, InvoiceState};
use crate::domain::ledger::{self, Cause};
use crate::domain::procedure::FeeDue;
use crate::domain::reference_number::reference_number;
use crate::store::invoices::{self, InvoiceRow};
use crate::store::sql::{Json, Micros};
use crate::store::{Reads, Tx};

/// Issues the invoice of an assessment and books it: a claim against revenue, line by line.
///
/// The notice is issued now, so the revenue belongs to the fiscal year of this day.
pub fn issue_invoice(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    assessment: FeeAssessment,
    obligor: Option<AccountId>,
    now: Timestamp,
) -> Result<InvoiceRow, Failure> {
    let id = InvoiceId(tx.new_id());
    let day = jst_day(now);
    let fiscal_year = FiscalYear::of(day).year();
    let total = assessment.total;
    let lines: Vec<InvoiceLine> =
        assessment.lines.into_iter().map(|line| invoice_line(line, fiscal_year)).collect();
    // What was answered is personal: it goes under the case's key, line by line, and not into the lines themselves.
    let mut lines = lines;
    let inputs: Vec<_> = lines.iter_mut().map(|line| std::mem::take(&mut line.inputs)).collect();
    let sealed_inputs = case.key.seal_json(&invoices::inputs_place(id), &inputs, ctx.core.ids.as_ref());
    let entries = ledger::assess(&Cause { source_id: id.to_string(), booked_on: day }, &lines);
    let row = InvoiceRow {
        tenant_id: case.row.tenant_id.clone(),
        id,
        application_id: case.row.id,
        number: reference_number(day, id.0),
        state: InvoiceState::Unpaid.as_str().to_owned(),
        total,
        fiscal_year: i64::from(fiscal_year),
        obligor_account_id: obligor,
        lines: Json(lines),
        sealed_inputs,
        issued_at: Micros(now),
        entrusted_on: None,
        paid_on: None,
        version: 1,
    };
    invoices::insert(tx, &row)?;
    invoices::book(tx, &case.row.tenant_id, case.row.id, &entries)?;
    Ok(row)
}

/// Refuses when a correction changed an answer that the fee depends on: nothing is decided on a wrong fee.
///
/// A changed fee needs a new assessment (R-87: an invoice is never edited), which a person arranges with the applicant.
pub fn refuse_outdated_fee(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    now: Timestamp,
) -> Result<(), Failure> {
    let procedure = intake::pinned(ctx, &case.row)?;
    if procedure.definition.fee_due != FeeDue::OnSubmit {
        return Ok(());
    }
    let assessed = fee::assess(&procedure.definition, &case.form()?, Channel::Online, case.arrival_day(now));
    let total = assessed.map_err(|fault| fee_fault(&fault))?.total.amount();
    let invoices = invoices::of_case(tx, &case.row.tenant_id, case.row.id)?;
    let owed: i64 = invoices.iter().filter(|row| row.state != "canceled").map(|row| row.total.amount()).sum();
    if owed == total { Ok(()) } else { Err(Refusal::FeeChanged { total }.into()) }
}

fn invoice_line(line: FeeLine, fiscal_year: i16) -> InvoiceLine {
    InvoiceLine {
        item: line.item,
        label_ja: line.label_ja,
        label_en: line.label_en,
        amount: line.amount,
        basis: line.basis,
        revenue_account: line.revenue_account,
        fiscal_year,
        formula_version: line.formula_version,
        inputs: line.inputs,
        sample: line.sample,
    }
}
