//! Replay (再計算): every stored invoice is computed again from its pinned definition and its stored inputs (T-2).
//!
//! The definition comes from the database, not from the files the program was shipped with, so that a case started
//! years ago is computed by the text it was started under. Nothing is changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::billing::PricedFrom;
use super::{Core, Failure};
use crate::domain::expression::Facts;
use crate::domain::fee::{
    CompiledFees, Difference, FeeAssessment, StoredLine, assess_in_basket, beyond, compare,
};
use crate::domain::form::scope;
use crate::domain::id::{InvoiceId, TenantCode};
use crate::domain::procedure::ProcedureDefinition;
use crate::store::invoices::{self, InvoiceOfCase};
use crate::store::procedure_versions;

/// Rows read in one go.
const PAGE: i64 = 200;

/// Something about an invoice that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A line or the total differs.
    Differs(Difference),
    /// It cannot be computed again; the text says why.
    NotComputable(String),
}

/// A finding with the invoice it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceFinding {
    /// The body owed to.
    pub tenant: TenantCode,
    /// The number the payer was told.
    pub number: String,
    /// What was found.
    pub finding: Finding,
}

/// What a replay found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayReport {
    /// Invoices computed again.
    pub invoices: u64,
    /// Their lines.
    pub lines: u64,
    /// Invoices of erased cases: what they were computed from is destroyed with the case.
    pub erased: u64,
    /// Everything that does not hold.
    pub findings: Vec<InvoiceFinding>,
}

type Version = (TenantCode, String, u32);

/// The versions met so far, compiled, or why they cannot be used.
type Known = BTreeMap<Version, Result<Arc<CompiledFees>, String>>;

/// Computes every stored invoice again, page by page, each page in a read transaction of its own.
pub async fn replay(core: &Core) -> Result<ReplayReport, Failure> {
    let mut report = ReplayReport::default();
    let mut known = Known::new();
    let mut after: Option<(TenantCode, InvoiceId)> = None;
    loop {
        let from = after.clone();
        let page = core.db.read(move |tx| Ok::<_, Failure>(invoices::page(tx, from.as_ref(), PAGE)?)).await?;
        let Some(last) = page.last() else { return Ok(report) };
        after = Some((last.invoice.tenant_id.clone(), last.invoice.id));
        for row in &page {
            if row.wrapped_key.is_empty() {
                report.erased += 1;
                continue;
            }
            report.invoices += 1;
            report.lines += u64::try_from(row.invoice.lines.0.len()).unwrap_or(0);
            for finding in check(core, &mut known, row).await? {
                let (tenant, number) = (row.invoice.tenant_id.clone(), row.invoice.number.clone());
                report.findings.push(InvoiceFinding { tenant, number, finding });
            }
        }
    }
}

async fn check(core: &Core, known: &mut Known, row: &InvoiceOfCase) -> Result<Vec<Finding>, Failure> {
    let priced_from = match open(core, row) {
        Ok(priced_from) => priced_from,
        Err(failure) => return Ok(vec![Finding::NotComputable(failure.to_string())]),
    };
    let version = (row.invoice.tenant_id.clone(), row.procedure.clone(), priced_from.procedure_version);
    let fees = match fees_of(core, known, version).await? {
        Ok(fees) => fees,
        Err(reason) => return Ok(vec![Finding::NotComputable(reason)]),
    };
    let computed = match recompute(&fees, priced_from) {
        Ok(computed) => computed,
        Err(reason) => return Ok(vec![Finding::NotComputable(reason)]),
    };
    let lines = row.invoice.lines.0.iter();
    let lines: Vec<_> = lines
        .map(|line| StoredLine { formula_version: &line.formula_version, amount: line.amount })
        .collect();
    let differences = compare(&lines, row.invoice.total, &computed);
    Ok(differences.into_iter().map(Finding::Differs).collect())
}

/// As it was assessed, with the full prices that others bore, and beyond what had been charged before.
fn recompute(fees: &CompiledFees, from: PricedFrom) -> Result<FeeAssessment, String> {
    let whole = assess_in_basket(fees, &Facts::new(from.facts), from.arrived_on, &from.terms);
    beyond(whole.map_err(|fault| fault.to_string())?, &from.charged_before).map_err(|error| error.to_string())
}

fn open(core: &Core, row: &InvoiceOfCase) -> Result<PricedFrom, Failure> {
    let key = core.keys.open_case_key(&row.invoice.tenant_id, &row.wrapped_key)?;
    Ok(key.open_json(&invoices::inputs_place(row.invoice.id), &row.invoice.sealed_inputs)?)
}

async fn fees_of(
    core: &Core,
    known: &mut Known,
    version: Version,
) -> Result<Result<Arc<CompiledFees>, String>, Failure> {
    if let Some(found) = known.get(&version) {
        return Ok(found.clone());
    }
    let compiled = compile(core, &version).await?.map(Arc::new);
    known.insert(version, compiled.clone());
    Ok(compiled)
}

/// The fees of a stored version, or why they cannot be used any more.
async fn compile(core: &Core, version: &Version) -> Result<Result<CompiledFees, String>, Failure> {
    let (tenant, procedure, number) = version.clone();
    let name = format!("version {number} of {procedure}");
    let stored = core
        .db
        .read(move |tx| Ok::<_, Failure>(procedure_versions::definition(tx, &tenant, &procedure, number)?))
        .await?;
    let Some(text) = stored else { return Ok(Err(format!("{name} is not stored"))) };
    let definition: ProcedureDefinition = match serde_json::from_str(&text) {
        Ok(definition) => definition,
        Err(error) => return Ok(Err(format!("{name} cannot be read: {error}"))),
    };
    Ok(CompiledFees::compile(&definition, &scope(&definition)).map_err(|faults| {
        let first = faults.first().map(|fault| format!("{}: {}", fault.pointer, fault.message_en));
        format!("{name} does not compile: {}", first.unwrap_or_default())
    }))
}
