//! Receipts as the payer and staff read them (領収証書, 納付委託の確認), copies of them, and replacing a wrong one.
//!
//! Reading is what it says, with one exception: a payment whose money was taken before proofs were kept gets its proof at
//! the first reading, once.

use jiff::Timestamp;
use serde_json::json;

use super::cases::{self, OpenCase};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::receipt_standing::{self, Names, Replacement};
use super::{Ctx, Effect, Failure, Refusal, access, counter, review};
use crate::domain::id::{ApplicationId, InvoiceId, OfficerId, ReceiptId, TenantCode};
use crate::domain::invoice::{InvoiceState, confirmation_kind};
use crate::domain::money::Yen;
use crate::domain::payment::LegalRole;
use crate::domain::policy::Action;
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payments::{self, PaymentRow};
use crate::store::receipts::{self, Receipt, ReissueRow};
use crate::store::sql::Micros;
use crate::store::{Root, Tx};

/// A proof in clear.
#[derive(Clone, Debug)]
pub struct OpenReceipt {
    /// The proof with its end and its copies.
    pub receipt: Receipt,
    /// Who it names.
    pub names: Names,
    /// The invoice as it stands now: after the agent's remittance it is paid, and the proof says so (納付済).
    pub invoice: InvoiceRow,
}

/// The living proof of an invoice that is entrusted or paid; there is none before.
pub async fn current(ctx: Ctx, tenant: TenantCode, id: InvoiceId) -> Result<OpenReceipt, Failure> {
    let all = history(ctx.clone(), tenant.clone(), id).await?;
    let attempts =
        ctx.core.db.read(move |tx| Ok::<_, Failure>(payments::of_invoice(tx, &tenant, id)?)).await?;
    let mut found = all.into_iter().filter(|open| open.receipt.revocation.is_none());
    let found = found.find(|open| {
        let payment = attempts.iter().find(|attempt| attempt.id == open.receipt.row.payment_id);
        payment.is_some_and(|payment| proves(&open.receipt, payment, &open.invoice))
    });
    Ok(found.ok_or(Refusal::NotFound)?)
}

/// Whether a living proof is that of the invoice: of money that is here, over the sum that its payment took. What was waived
/// before or after it was paid leaves the proof of what was paid as it is.
fn proves(receipt: &Receipt, payment: &PaymentRow, invoice: &InvoiceRow) -> bool {
    let state = invoice.invoice_state().unwrap_or(InvoiceState::Unpaid);
    let shown = LegalRole::parse(&payment.legal_role).and_then(|role| confirmation_kind(role, state));
    shown.is_some() && receipt.row.amount == payment.captured && payment.refunded < payment.captured
}

/// Every proof ever given for an invoice, oldest first.
pub async fn history(ctx: Ctx, tenant: TenantCode, id: InvoiceId) -> Result<Vec<OpenReceipt>, Failure> {
    if let Some(application) = lacks_proof(&ctx, &tenant, id).await? {
        make_up_for(&ctx, &tenant, application, id).await?;
    }
    let (inner, body) = (ctx.clone(), tenant.clone());
    let (reader, application, found) = ctx
        .core
        .db
        .read(move |tx| {
            let invoice = invoices::find(tx, &body, id)?.ok_or(Refusal::NotFound)?;
            let case = cases::open(tx, &inner, &body, invoice.application_id, Action::ReadMoney)?;
            let all = receipts::of_invoice(tx, &body, id)?;
            let opened = all.into_iter().map(|receipt| open(&case, receipt, invoice.clone()));
            let found = opened.collect::<Result<Vec<_>, Failure>>()?;
            Ok::<_, Failure>((access::reader(&case.actor), case.row.id, found))
        })
        .await?;
    if let Some(officer) = reader.filter(|_| !found.is_empty()) {
        access::record(&ctx, &tenant, officer, "receipt", &[application]).await?;
    }
    Ok(found)
}

/// The case of an invoice whose money was taken before proofs were kept, once the policy lets the caller see it.
async fn lacks_proof(
    ctx: &Ctx,
    tenant: &TenantCode,
    id: InvoiceId,
) -> Result<Option<ApplicationId>, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        let invoice = invoices::find(tx, &body, id)?.ok_or(Refusal::NotFound)?;
        let case = cases::open(tx, &inner, &body, invoice.application_id, Action::ReadMoney)?;
        Ok(receipt_standing::is_missing(tx, &invoice)?.then_some(case.row.id))
    })
    .await
}

async fn make_up_for(
    ctx: &Ctx,
    tenant: &TenantCode,
    application: ApplicationId,
    id: InvoiceId,
) -> Result<(), Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let db = ctx.core.db.clone();
    db.write(Root::Application(application), move |tx| {
        let invoice = invoices::find(tx, &body, id)?.ok_or(Refusal::NotFound)?;
        let mut case = cases::open(tx, &inner, &body, application, Action::ReadMoney)?;
        let before = case.row.event_count;
        receipt_standing::follow(tx, &inner.core, &mut case.row, &invoice)?;
        if case.row.event_count == before { Ok::<_, Failure>(()) } else { case.save(tx) }
    })
    .await
}

fn open(case: &OpenCase, receipt: Receipt, invoice: InvoiceRow) -> Result<OpenReceipt, Failure> {
    let names = case.key.open_json(&receipts::names_place(receipt.row.id), &receipt.row.sealed_names)?;
    Ok(OpenReceipt { receipt, names, invoice })
}

/// What staff do with a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptAct {
    /// Give a copy, marked as one (再発行).
    Reissue,
    /// End one that says something wrong and give another one in its place.
    Replace,
}

impl ReceiptAct {
    fn effect(self) -> &'static str {
        match self {
            Self::Reissue => "receipt_reissue",
            Self::Replace => "receipt_replacement",
        }
    }
}

/// Reissues or replaces a living proof, once, with a reason; gives the proof that holds afterwards.
pub async fn act(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ReceiptId,
    act: ReceiptAct,
    reason: String,
) -> Result<Effect<OpenReceipt>, Failure> {
    let tenant = request.tenant.clone();
    let found = ctx.core.db.read(move |tx| Ok::<_, Failure>(receipts::find(tx, &tenant, id)?)).await?;
    let root = found.ok_or(Refusal::NotFound)?.row.application_id;
    let db = ctx.core.db.clone();
    db.write(Root::Application(root), move |tx| {
        let carry_out =
            |tx: &mut Tx<'_>, now| carry_out(tx, &ctx, &request.tenant, id, (act, reason.as_str()), now);
        once(tx, &request, act.effect(), carry_out, |tx, id| {
            let id = id.parse().map_err(|_| Failure::Internal("a record names no receipt".to_owned()))?;
            present(tx, &ctx, &request.tenant, id)
        })
    })
    .await
}

fn carry_out(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ReceiptId,
    (act, reason): (ReceiptAct, &str),
    now: Timestamp,
) -> Result<Made<OpenReceipt>, Failure> {
    let found = receipts::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut case = cases::open(tx, ctx, tenant, found.row.application_id, Action::ReceiveAtCounter)?;
    let officer = review::officer(&case)?.officer;
    if let Some(fault) = counter::text_fault("/reason", reason) {
        return Err(Refusal::Invalid(vec![fault]).into());
    }
    let payment = payments::find(tx, tenant, found.row.payment_id)?.ok_or(Refusal::NotFound)?;
    let invoice = invoices::find(tx, tenant, found.row.invoice_id)?.ok_or(Refusal::NotFound)?;
    if found.revocation.is_some() || payment.captured == Yen::ZERO {
        return Err(Refusal::ReceiptRevoked.into());
    }

    // From here on everything changes rows; every refusal stands above.
    let holds = match act {
        ReceiptAct::Reissue => copy(tx, ctx, &mut case, &found, (officer, reason), now)?,
        ReceiptAct::Replace => {
            let by = Replacement { officer, reason: reason.to_owned() };
            let money = (&invoice, &payment);
            receipt_standing::replace(tx, &ctx.core, &mut case.row, money, &found.row, &by)?
        }
    };
    case.save(tx)?;
    Ok(Made { value: present(tx, ctx, tenant, holds)?, resource_id: holds.to_string() })
}

fn copy(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    found: &Receipt,
    (officer, reason): (OfficerId, &str),
    now: Timestamp,
) -> Result<ReceiptId, Failure> {
    let (id, number) = (found.row.id, found.reissues.last().map_or(1, |last| last.reissue_no + 1));
    let place = receipts::reissue_place(id, number);
    let row = ReissueRow {
        tenant_id: found.row.tenant_id.clone(),
        receipt_id: id,
        reissue_no: number,
        reissued_by: officer,
        sealed_reason: case.key.seal(&place, reason.as_bytes(), ctx.core.ids.as_ref()),
        reissued_at: Micros(now),
    };
    receipts::reissue(tx, &row)?;
    let facts = json!({ "receipt": id.to_string(), "number": found.row.number, "reissue_no": number });
    case.record(tx, "receipt_reissued", facts, None)?;
    Ok(id)
}

fn present(tx: &mut Tx<'_>, ctx: &Ctx, tenant: &TenantCode, id: ReceiptId) -> Result<OpenReceipt, Failure> {
    let found = receipts::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let case = cases::open(tx, ctx, tenant, found.row.application_id, Action::ReceiveAtCounter)?;
    let invoice = invoices::find(tx, tenant, found.row.invoice_id)?.ok_or(Refusal::NotFound)?;
    open(&case, found, invoice)
}
