//! What the holder of a payment link sees: the notices behind it, and nothing of the person who owes.

use std::sync::Arc;

use super::payment_ceiling::PayableNow;
use super::payment_link::{PaidBy, Reach, find};
use super::{Ctx, Failure, Refusal, intake, payment, payment_method};
use crate::catalogue::CatalogueProcedure;
use crate::domain::money::Yen;
use crate::domain::payment::{MethodCode, Slip};
use crate::domain::policy::Action;
use crate::domain::procedure::{Bilingual, ProcedureDefinition};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payment_links::{self, PaymentLinkRow};
use crate::store::payments::{self, PaymentRow};
use crate::store::receipts::{self, ReceiptRow};
use crate::store::sql::Json;
use crate::store::{Reads, payment_slips, reassessments};

/// What the holder of a link sees.
#[derive(Clone, Debug)]
pub struct LinkView {
    /// The link.
    pub link: PaymentLinkRow,
    /// The invoices, in the order in which the link names them.
    pub invoices: Vec<LinkedInvoice>,
    /// Name of the body.
    pub body: Bilingual,
    /// What is to be paid in one act, in yen.
    pub total: i64,
    /// The methods by which the holder can pay now.
    pub payable_by: Vec<String>,
    /// Those of them by which the gateway sends an invitation, so that an address must be given.
    pub email_needed_for: Vec<String>,
    /// The shares of the youngest act of payment opened by this link.
    pub payments: Vec<PaymentRow>,
    /// What its payer needs to pay cash or by Pay-easy.
    pub slip: Option<Slip>,
    /// What proves the payments by this link: the living receipts and confirmations of them.
    pub proofs: Vec<ReceiptRow>,
}

/// An invoice behind a link.
#[derive(Clone, Debug)]
pub struct LinkedInvoice {
    /// The invoice, with its lines as they are owed now.
    pub invoice: InvoiceRow,
    /// For what is paid (請求の事由).
    pub title: Bilingual,
    /// Whether it can still be paid.
    pub standing: LinkedStanding,
}

/// Whether an invoice behind a link can still be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkedStanding {
    /// It is owed.
    Owed,
    /// It was paid, waived or withdrawn, or its case ended.
    Settled,
}

/// An invoice with what is needed to say how it can be paid.
struct Found {
    shown: LinkedInvoice,
    procedure: Arc<CatalogueProcedure>,
    attempts: Vec<PaymentRow>,
}

/// The notices behind a link.
pub async fn look(ctx: Ctx, token: String) -> Result<LinkView, Failure> {
    let link = find(&ctx, &token).await?;
    let db = ctx.core.db.clone();
    db.read(move |tx| view(tx, &ctx, link.clone())).await
}

fn view(tx: &mut impl Reads, ctx: &Ctx, link: PaymentLinkRow) -> Result<LinkView, Failure> {
    let members = payment_links::members(tx, &link)?;
    let mut found = Vec::new();
    for (id, application) in &members {
        let case = holder(&link).case(tx, ctx, (&link.tenant_id, *application), Action::ReadMoney)?;
        let invoice = invoices::find(tx, &link.tenant_id, *id)?.ok_or(Refusal::NotFound)?;
        let procedure = intake::pinned(ctx, &case.row)?;
        let is_owed = payment::is_owed(tx, &case, &invoice)?;
        let standing = if is_owed { LinkedStanding::Owed } else { LinkedStanding::Settled };
        // What is asked of the payer is what is owed now, also where a part was waived.
        let lines = Json(reassessments::owed_lines(tx, &invoice)?);
        let shown = LinkedInvoice {
            invoice: InvoiceRow { lines, ..invoice },
            title: procedure.definition.title.clone(),
            standing,
        };
        found.push(Found { shown, procedure, attempts: payments::of_invoice(tx, &link.tenant_id, *id)? });
    }
    let (payable_by, email_needed_for) = ways(tx, ctx, &link, &found)?;
    let proofs = proofs(tx, &link, &found)?;
    let payments = youngest(tx, &link, &found)?;
    let slip = match payments.first() {
        Some(payment) => payment_slips::of_payment(tx, &link.tenant_id, payment.id)?,
        None => None,
    };
    let body = ctx.catalogue.tenant(&link.tenant_id).ok_or(Refusal::NotFound)?.definition.name.clone();
    let alone = found.len() == 1;
    let counts = |one: &&Found| alone || one.shown.standing == LinkedStanding::Owed;
    let total = Yen::sum(found.iter().filter(counts).map(|one| one.shown.invoice.owed()));
    let total = total.map_err(|error| Failure::Internal(error.to_string()))?.amount();
    let invoices = found.into_iter().map(|one| one.shown).collect();
    Ok(LinkView { link, invoices, body, total, payable_by, email_needed_for, payments, slip, proofs })
}

fn holder(link: &PaymentLinkRow) -> PaidBy {
    PaidBy::Link(link.id, Reach::AtThePage)
}

/// The methods by which all that is still owed can be paid in one act, and those of them that need an address.
fn ways(
    tx: &mut impl Reads,
    ctx: &Ctx,
    link: &PaymentLinkRow,
    found: &[Found],
) -> Result<(Vec<String>, Vec<String>), Failure> {
    let owed: Vec<&Found> = found.iter().filter(|one| one.shown.standing == LinkedStanding::Owed).collect();
    let Some(first) = owed.first() else { return Ok((Vec::new(), Vec::new())) };
    let rows: Vec<&InvoiceRow> = owed.iter().map(|one| &one.shown.invoice).collect();
    let attempts: Vec<PaymentRow> = owed.iter().flat_map(|one| one.attempts.iter().cloned()).collect();
    let today = PayableNow::of(tx, ctx, &rows, &attempts)?;
    let priced: Vec<(&ProcedureDefinition, &InvoiceRow)> =
        owed.iter().map(|one| (&one.procedure.definition, &one.shown.invoice)).collect();
    let (mut payable_by, mut email_needed_for) = (Vec::new(), Vec::new());
    for code in first.procedure.definition.allowed_methods.iter().flat_map(|allowed| &allowed.methods) {
        let Some(method) = MethodCode::parse(code) else { continue };
        let Ok(account) = payment_method::account_for_all(ctx, &priced, &method, &today) else { continue };
        if holder(link).refuse_unreachable(account, &method).is_err() {
            email_needed_for.push(code.clone());
        }
        payable_by.push(code.clone());
    }
    Ok((payable_by, email_needed_for))
}

/// What proves the payments that were opened by the link, invoice by invoice.
fn proofs(tx: &mut impl Reads, link: &PaymentLinkRow, found: &[Found]) -> Result<Vec<ReceiptRow>, Failure> {
    let mut proofs = Vec::new();
    for one in found {
        for receipt in receipts::of_invoice(tx, &link.tenant_id, one.shown.invoice.id)? {
            let opened_by = payment_links::link_of_payment(tx, &link.tenant_id, receipt.row.payment_id)?;
            let is_own = opened_by == Some(link.id) && receipt.revocation.is_none();
            proofs.extend(is_own.then_some(receipt.row));
        }
    }
    Ok(proofs)
}

/// The shares of the youngest act opened by the link, the first in front.
fn youngest(tx: &mut impl Reads, link: &PaymentLinkRow, found: &[Found]) -> Result<Vec<PaymentRow>, Failure> {
    // What was charged beside one that was opened is shown with its proof, and is none that anybody opened.
    let all = found.iter().flat_map(|one| &one.attempts);
    let mut attempts: Vec<&PaymentRow> = all.filter(|one| one.charged_beside.is_none()).collect();
    attempts.sort_by_key(|attempt| (attempt.created_at, attempt.id));
    for attempt in attempts.into_iter().rev() {
        if payment_links::link_of_payment(tx, &link.tenant_id, attempt.id)? == Some(link.id) {
            return Ok(payments::shares(tx, attempt)?);
        }
    }
    Ok(Vec::new())
}
