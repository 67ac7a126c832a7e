//! Invoices as the payer sees them, and the confirmation of payment.

use super::cases;
use super::{Ctx, Failure, Refusal};
use crate::domain::id::{InvoiceId, TenantCode};
use crate::domain::invoice::{ConfirmationKind, confirmation_kind};
use crate::domain::payment::LegalRole;
use crate::domain::policy::Action;
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payments::{self, PaymentRow};

/// A confirmation with what it confirms.
#[derive(Clone, Debug)]
pub struct Confirmation {
    /// An official receipt only for money received; an entrusted payment gets a confirmation of the entrustment.
    pub kind: ConfirmationKind,
    /// The invoice.
    pub invoice: InvoiceRow,
    /// The payment that covers it.
    pub payment: PaymentRow,
}

/// An invoice, if the caller may see it.
pub async fn get(ctx: Ctx, tenant: TenantCode, id: InvoiceId) -> Result<InvoiceRow, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        let invoice = invoices::find(tx, &tenant, id)?.ok_or(Refusal::NotFound)?;
        cases::open(tx, &ctx, &tenant, invoice.application_id, Action::ReadMoney)?;
        Ok(invoice)
    })
    .await
}

/// The invoices the caller owes, over all tenants, newest first; `before` is the last id of the page before.
pub async fn mine(ctx: Ctx, before: Option<InvoiceId>, limit: i64) -> Result<Vec<InvoiceRow>, Failure> {
    let account = ctx.account()?;
    let db = ctx.core.db.clone();
    db.read(move |tx| Ok(invoices::of_obligor(tx, account, before, limit)?)).await
}

/// The confirmation of an invoice that is entrusted or paid; there is none before.
pub async fn receipt(ctx: Ctx, tenant: TenantCode, id: InvoiceId) -> Result<Confirmation, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        let invoice = invoices::find(tx, &tenant, id)?.ok_or(Refusal::NotFound)?;
        cases::open(tx, &ctx, &tenant, invoice.application_id, Action::ReadMoney)?;
        let mut attempts = payments::of_invoice(tx, &tenant, id)?.into_iter();
        let covers = |attempt: &PaymentRow| {
            attempt.captured_on.is_some()
                && attempt.captured == invoice.total
                && attempt.refunded < attempt.captured
        };
        let payment = attempts.find(covers).ok_or(Refusal::NotFound)?;
        let role = LegalRole::parse(&payment.legal_role)
            .ok_or_else(|| Failure::Internal(format!("legal role of payment {}", payment.id)))?;
        let kind = confirmation_kind(role, invoice.invoice_state()?).ok_or(Refusal::NotFound)?;
        Ok(Confirmation { kind, invoice, payment })
    })
    .await
}
