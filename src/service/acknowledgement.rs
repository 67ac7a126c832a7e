//! Acknowledgements of debts (債務承認): recorded by officers, they count the limitation of a claim anew.
//!
//! What is recorded is never rewritten: what was entered in error is struck out by a second person, stays readable, and counts for
//! nothing from then on. A part payment that a payment here shows needs no record: it is found by itself, unless
//! somebody else than the debtor paid it by a link.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::arrears::{self, Arrears};
use super::arrears_refusal::ArrearsRefusal;
use super::cases::{self, OpenCase};
use super::counter::text_fault;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::{Ctx, Effect, Failure, Refusal, access, payment, review};
use crate::domain::arrears::{AcknowledgementForm, Renewal, RenewalGround};
use crate::domain::calendar::jst_day;
use crate::domain::el_qr::EL_QR;
use crate::domain::fault::Fault;
use crate::domain::id::{AcknowledgementId, InvoiceId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::payment::day_faults;
use crate::domain::policy::Action;
use crate::store::acknowledgements::{self, AcknowledgementRow, ReversalRow};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Root, Tx, payment_links, payments};

/// What an officer records.
#[derive(Clone, Debug)]
pub struct RecordAcknowledgement {
    /// The day in Japan on which the debtor acknowledged.
    pub acknowledged_on: Date,
    /// In which form.
    pub form: AcknowledgementForm,
    /// What proves it.
    pub evidence: String,
}

/// An acknowledgement with its evidence opened.
#[derive(Clone, Debug)]
pub struct Acknowledgement {
    /// The row.
    pub row: AcknowledgementRow,
    /// What proves it.
    pub evidence: String,
    /// That it was entered in error, with the reason.
    pub struck_out: Option<(ReversalRow, String)>,
}

/// Records an acknowledgement, once.
pub async fn record(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: InvoiceId,
    wanted: RecordAcknowledgement,
) -> Result<Effect<Acknowledgement>, Failure> {
    let root = payment::application_of(&ctx, &request.tenant, id).await?;
    let db = ctx.core.db.clone();
    db.write(Root::Application(root), move |tx| {
        let note = |tx: &mut Tx<'_>, now| note(tx, &ctx, (&request.tenant, id), &wanted, now);
        once(tx, &request, "acknowledgement", note, |tx, made| present(tx, &ctx, &request.tenant, made))
    })
    .await
}

/// An acknowledgement as it stands, for whoever may collect.
fn present(tx: &mut Tx<'_>, ctx: &Ctx, tenant: &TenantCode, made: &str) -> Result<Acknowledgement, Failure> {
    let made = made.parse().map_err(|_| Failure::Internal("an acknowledgement's id".to_owned()))?;
    let row = acknowledgements::find(tx, tenant, made)?.ok_or(Refusal::NotFound)?;
    let case = cases::open(tx, ctx, tenant, row.application_id, Action::Collect)?;
    let reversals = acknowledgements::reversals_of_invoice(tx, tenant, row.invoice_id)?;
    opened(&case, row, &reversals)
}

/// Strikes out what was entered in error: another officer, with a reason, once. The limitation is counted without it from then on.
pub async fn strike_out(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: AcknowledgementId,
    reason: String,
) -> Result<Effect<Acknowledgement>, Failure> {
    let (db, tenant) = (ctx.core.db.clone(), request.tenant.clone());
    let found = db.read(move |tx| Ok::<_, Failure>(acknowledgements::find(tx, &tenant, id)?)).await?;
    let root = found.ok_or(Refusal::NotFound)?.application_id;
    db.write(Root::Application(root), move |tx| {
        let strike = |tx: &mut Tx<'_>, now| strike(tx, &ctx, &request.tenant, id, &reason, now);
        once(tx, &request, "acknowledgement_reversal", strike, |tx, made| {
            present(tx, &ctx, &request.tenant, made)
        })
    })
    .await
}

fn strike(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: AcknowledgementId,
    reason: &str,
    now: Timestamp,
) -> Result<Made<Acknowledgement>, Failure> {
    let row = acknowledgements::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut case = cases::open(tx, ctx, tenant, row.application_id, Action::Collect)?;
    let officer = review::officer(&case)?.officer;
    if officer == row.recorded_by {
        return Err(Refusal::OwnEntry.into());
    }
    if let Some(fault) = text_fault("/reason", reason) {
        return Err(Refusal::Invalid(vec![fault]).into());
    }
    let before = acknowledgements::reversals_of_invoice(tx, tenant, row.invoice_id)?;
    if before.iter().any(|reversal| reversal.acknowledgement_id == id) {
        return Err(Refusal::EntryNotReversible.into());
    }
    let sealed_reason =
        case.key.seal(&acknowledgements::reason_place(id), reason.as_bytes(), ctx.core.ids.as_ref());
    let reversal = ReversalRow {
        tenant_id: tenant.clone(),
        acknowledgement_id: id,
        application_id: row.application_id,
        sealed_reason,
        struck_by: officer,
        struck_at: Micros(now),
    };
    acknowledgements::strike_out(tx, &reversal)?;
    let facts = json!({ "acknowledgement": id.to_string(), "invoice": row.invoice_id.to_string(),
        "acknowledged_on": row.acknowledged_on.0.to_string() });
    case.record(tx, "debt_acknowledgement_struck_out", facts, None)?;
    case.save(tx)?;
    let value = opened(&case, row, &[reversal])?;
    Ok(Made { resource_id: id.to_string(), value })
}

fn note(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    (tenant, id): (&TenantCode, InvoiceId),
    wanted: &RecordAcknowledgement,
    now: Timestamp,
) -> Result<Made<Acknowledgement>, Failure> {
    let invoice = invoices::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut case = cases::open(tx, ctx, tenant, invoice.application_id, Action::Collect)?;
    let officer = review::officer(&case)?.officer;
    let found = arrears::read(tx, &ctx.catalogue, &invoice)?.ok_or(Refusal::NotFound)?;
    refuse_untrue(&invoice, wanted, now)?;
    if !invoice.is_open()? {
        return Err(ArrearsRefusal::NotOwed.into());
    }
    // Nobody can give up a limitation that is complete (LAA 236②), so an acknowledgement after it is worth nothing.
    if found.extinct_by(wanted.acknowledged_on) {
        return Err(ArrearsRefusal::Extinct.into());
    }
    let row_id = AcknowledgementId(tx.new_id());
    let place = acknowledgements::evidence_place(row_id);
    let row = AcknowledgementRow {
        tenant_id: tenant.clone(),
        id: row_id,
        application_id: invoice.application_id,
        invoice_id: id,
        acknowledged_on: IsoDate(wanted.acknowledged_on),
        form: wanted.form.as_str().to_owned(),
        sealed_evidence: case.key.seal(&place, wanted.evidence.as_bytes(), ctx.core.ids.as_ref()),
        recorded_by: officer,
        recorded_at: Micros(now),
    };
    acknowledgements::insert(tx, &row)?;
    let facts = json!({ "acknowledgement": row_id.to_string(), "invoice": id.to_string(), "form": row.form,
        "acknowledged_on": wanted.acknowledged_on.to_string() });
    case.record(tx, "debt_acknowledged", facts, None)?;
    case.save(tx)?;
    let value = Acknowledgement { row, evidence: wanted.evidence.clone(), struck_out: None };
    Ok(Made { resource_id: row_id.to_string(), value })
}

/// Refuses a day before the notice or to come, and an evidence that is none; all faults at once.
fn refuse_untrue(
    invoice: &InvoiceRow,
    wanted: &RecordAcknowledgement,
    now: Timestamp,
) -> Result<(), Refusal> {
    let (issued_on, today) = (jst_day(invoice.issued_at.0), jst_day(now));
    let mut faults: Vec<Fault> = text_fault("/evidence", &wanted.evidence).into_iter().collect();
    faults.extend(day_faults("/acknowledged_on", wanted.acknowledged_on, (issued_on, today)));
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
}

fn opened(
    case: &OpenCase,
    row: AcknowledgementRow,
    reversals: &[ReversalRow],
) -> Result<Acknowledgement, Failure> {
    let open = |place: String, sealed: &[u8]| {
        let text = String::from_utf8(case.key.open(&place, sealed)?);
        text.map_err(|_| Failure::Internal(format!("a text of acknowledgement {}", row.id)))
    };
    let evidence = open(acknowledgements::evidence_place(row.id), &row.sealed_evidence)?;
    let struck_out = match reversals.iter().find(|reversal| reversal.acknowledgement_id == row.id) {
        Some(reversal) => {
            let reason = open(acknowledgements::reason_place(row.id), &reversal.sealed_reason)?;
            Some((reversal.clone(), reason))
        }
        None => None,
    };
    Ok(Acknowledgement { row, evidence, struck_out })
}

/// The acknowledgements of an invoice with their evidence, for whoever may collect it.
pub async fn list(ctx: Ctx, tenant: TenantCode, id: InvoiceId) -> Result<Vec<Acknowledgement>, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let (reader, case, found) = ctx
        .core
        .db
        .read(move |tx| {
            let invoice = invoices::find(tx, &body, id)?.ok_or(Refusal::NotFound)?;
            let case = cases::open(tx, &inner, &body, invoice.application_id, Action::Collect)?;
            let rows = acknowledgements::of_invoice(tx, &body, id)?;
            let reversals = acknowledgements::reversals_of_invoice(tx, &body, id)?;
            let open = |row| opened(&case, row, &reversals);
            let found = rows.into_iter().map(open).collect::<Result<Vec<_>, _>>()?;
            Ok::<_, Failure>((access::reader(&case.actor), case.row.id, found))
        })
        .await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "acknowledgements", &[case]).await?;
    }
    Ok(found)
}

/// Everything by which a debtor acknowledged a claim: what officers recorded and nobody struck out, and money that came for a part of
/// it. What is owed beside a claim follows it: whoever acknowledged that acknowledged this, too.
pub(super) fn renewals(
    tx: &mut impl Reads,
    invoice: &InvoiceRow,
    beside: impl Iterator<Item = InvoiceId>,
) -> Result<Vec<Renewal>, Failure> {
    let tenant = &invoice.tenant_id;
    let mut found = recorded(tx, (tenant, invoice.id), RenewalGround::Acknowledgement)?;
    // Of a covered claim nothing is counted any more.
    let own = invoice.is_open()?.then_some(invoice.id);
    for id in own.into_iter().chain(beside) {
        found.extend(paid(tx, (tenant, id))?);
    }
    if let Some(claim) = invoice.principal_id {
        found.extend(recorded(tx, (tenant, claim), RenewalGround::ClaimAcknowledged)?);
    }
    Ok(found)
}

/// What officers recorded about an invoice and nobody struck out.
fn recorded(
    tx: &mut impl Reads,
    (tenant, id): (&TenantCode, InvoiceId),
    ground: fn(AcknowledgementForm) -> RenewalGround,
) -> Result<Vec<Renewal>, Failure> {
    let reversals = acknowledgements::reversals_of_invoice(tx, tenant, id)?;
    let stands =
        |row: &AcknowledgementRow| !reversals.iter().any(|reversal| reversal.acknowledgement_id == row.id);
    let rows = acknowledgements::of_invoice(tx, tenant, id)?;
    let renewal = |row: AcknowledgementRow| {
        Ok(Renewal { on: row.acknowledged_on.0, ground: ground(row.acknowledgement_form()?) })
    };
    rows.into_iter().filter(stands).map(renewal).collect()
}

/// Money that came for an invoice, but for what somebody else than the debtor paid by a link, or may have paid: whoever holds a
/// slip can pay by its eL number. What an officer finds out about that is recorded.
fn paid(tx: &mut impl Reads, (tenant, id): (&TenantCode, InvoiceId)) -> Result<Vec<Renewal>, Failure> {
    let mut found = Vec::new();
    for payment in payments::of_invoice(tx, tenant, id)? {
        let Some(day) = payment.captured_on.filter(|_| payment.captured > Yen::ZERO) else { continue };
        let is_anybodys = payment.method == EL_QR;
        if !is_anybodys && payment_links::link_of_payment(tx, tenant, payment.id)?.is_none() {
            found.push(Renewal { on: day.0, ground: RenewalGround::PartPayment });
        }
    }
    Ok(found)
}

impl Arrears {
    /// Whether the claim was extinct on a day, by all that had counted it anew until then.
    pub(super) fn extinct_by(&self, day: Date) -> bool {
        self.limitation_on(day).extinct_after.is_some_and(|last| last < day)
    }
}
