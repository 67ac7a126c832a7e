//! Invoices as the payer sees them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::billing::PricedFrom;
use super::cases::{self, OpenCase};
use super::payment_ceiling::PayableNow;
use super::{Ctx, Failure, Refusal, access, el_qr, intake, payment_method};
use crate::domain::calendar::jst_day;
use crate::domain::id::{InvoiceId, TenantCode};
use crate::domain::invoice::InvoiceState;
use crate::domain::policy::{Action, Decision};
use crate::domain::procedure::Bilingual;
use crate::store::el_qr_slips::SlipRow;
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payment_notices::{self, PaymentNoticeRow};
use crate::store::{Reads, payments};

/// How the amount of one line came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineExplanation {
    /// Step by step.
    pub steps: Vec<Bilingual>,
    /// The facts it was computed from.
    pub inputs: BTreeMap<String, Value>,
}

/// An invoice with the explanation of each line, as the quote gives it.
#[derive(Clone, Debug)]
pub struct ExplainedInvoice {
    /// The invoice.
    pub invoice: InvoiceRow,
    /// In the order of the lines. Steps and facts name answers: nothing for who sees money but no case.
    pub explanations: Option<Vec<LineExplanation>>,
    /// The methods by which it can be paid now (T-5).
    pub payable_by: Vec<String>,
    /// The slip by which it can be paid by eL-QR now.
    pub el_qr: Option<SlipRow>,
    /// What was assessed beside it because it was not paid in time, oldest first.
    pub charges: Vec<InvoiceRow>,
    /// The notice, whose items the screen shows where payment is made.
    pub notice: Option<PaymentNoticeRow>,
}

/// An invoice, if the caller may see it.
pub async fn get(ctx: Ctx, tenant: TenantCode, id: InvoiceId) -> Result<ExplainedInvoice, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let (reader, found) = ctx
        .core
        .db
        .read(move |tx| {
            let invoice = invoices::find(tx, &body, id)?.ok_or(Refusal::NotFound)?;
            let case = cases::approach(tx, &inner, &body, invoice.application_id)?;
            let may = |action| case.may(action, &case.row.department);
            let (sees_case, sees_money) = (may(Action::ReadCase), may(Action::ReadMoney));
            let case = case.enter(&inner, sees_money)?;
            let (reader, explanations) = match sees_case {
                Decision::Allow => (access::reader(&case.actor), Some(explanations(&case, &invoice)?)),
                Decision::Hide | Decision::Deny | Decision::SignIn => (None, None),
            };
            let payable_by = payable_by(tx, &inner, &case, &invoice)?;
            let el_qr = el_qr::payable(tx, &inner.catalogue, &invoice)?;
            let notice = payment_notices::of_invoice(tx, &body, id)?;
            let late = invoice.due_on.is_some_and(|due| due.0 < jst_day(Reads::now(tx)));
            let charges = if late { invoices::of_principal(tx, &body, id)? } else { Vec::new() };
            let found = ExplainedInvoice { invoice, explanations, payable_by, el_qr, charges, notice };
            Ok::<_, Failure>((reader, found))
        })
        .await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "invoice", &[found.invoice.application_id]).await?;
    }
    Ok(found)
}

/// The invoice of a notice number (納付番号), for whoever may receive its money at the counter; hidden from everybody else.
pub async fn find_by_number(
    ctx: Ctx,
    tenant: TenantCode,
    number: String,
) -> Result<ExplainedInvoice, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let found = ctx
        .core
        .db
        .read(move |tx| {
            let invoice = invoices::find_by_number(tx, &body, number.trim())?.ok_or(Refusal::NotFound)?;
            let case = cases::approach(tx, &inner, &body, invoice.application_id)?;
            match case.may(Action::ReceiveAtCounter, &case.row.department) {
                Decision::Allow => Ok::<_, Failure>(invoice.id),
                Decision::Hide | Decision::Deny | Decision::SignIn => Err(Refusal::NotFound.into()),
            }
        })
        .await?;
    get(ctx, tenant, found).await
}

fn payable_by(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    invoice: &InvoiceRow,
) -> Result<Vec<String>, Failure> {
    match invoice.invoice_state()? {
        InvoiceState::Unpaid | InvoiceState::Pending => {
            let procedure = intake::pinned(ctx, &case.row)?;
            let attempts = payments::of_invoice(tx, &invoice.tenant_id, invoice.id)?;
            let today = PayableNow::of(tx, ctx, &[invoice], &attempts)?;
            Ok(payment_method::offered(ctx, &procedure.definition, invoice, &today))
        }
        _ => Ok(Vec::new()),
    }
}

fn explanations(case: &OpenCase, invoice: &InvoiceRow) -> Result<Vec<LineExplanation>, Failure> {
    let PricedFrom { lines, explanations, .. } = PricedFrom::open(case, invoice)?;
    let mut steps = explanations.into_iter();
    let explain = |inputs| LineExplanation { steps: steps.next().unwrap_or_default(), inputs };
    Ok(lines.into_iter().map(explain).collect())
}

/// The invoices the caller owes, over all tenants, newest first; `before` is the last id of the page before.
pub async fn mine(ctx: Ctx, before: Option<InvoiceId>, limit: i64) -> Result<Vec<InvoiceRow>, Failure> {
    let account = ctx.account()?;
    let db = ctx.core.db.clone();
    db.read(move |tx| Ok(invoices::of_obligor(tx, account, before, limit)?)).await
}
