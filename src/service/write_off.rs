//! Writing a claim off (不納欠損): proposed by one officer, sealed on the route of write-offs by others, booked once.
//!
//! Only the whole of what is owed is written off, and only while nobody is paying. What was assessed and what was taken off
//! of it stay as they were; the claim ends beside them, and money that still comes is too much and goes back.

use jiff::Timestamp;
use serde_json::json;

use super::approval::{Draft, put_on_route};
use super::arrears::{Arrears, ArrearsStanding, read};
use super::arrears_refusal::ArrearsRefusal;
use super::cases::{self, OpenCase};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::payment_standing::settle_invoice;
use super::{Ctx, Effect, Failure, Refusal, el_qr, payment};
use crate::domain::approval::{ProposalBody, Weight, WriteOffProposal};
use crate::domain::arrears::WriteOffGround;
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{InvoiceId, ProposalId, TenantCode};
use crate::domain::invoice::InvoiceState;
use crate::domain::ledger::{self, Cause};
use crate::domain::policy::Action;
use crate::store::invoices::{self, InvoiceRow};
use crate::store::proposals::Routed;
use crate::store::{Root, StoreError, Tx, proposals, reassessments};

/// What an officer proposes to write off.
#[derive(Clone, Debug)]
pub struct DraftWriteOff {
    /// The code of the ground.
    pub ground: String,
    /// Facts and evidence.
    pub reasons: Vec<String>,
    /// How much the matter weighs.
    pub weight: Weight,
}

/// A write-off on its route.
#[derive(Clone, Debug)]
pub struct ProposedWriteOff {
    /// The draft.
    pub proposal: ProposalId,
    /// The invoice.
    pub invoice: InvoiceRow,
    /// How much is given up, in yen.
    pub amount: i64,
    /// The ground, by its code.
    pub ground: String,
    /// Where the draft stands.
    pub state: String,
    /// Version of the case.
    pub version: i64,
}

/// Proposes to write off what is owed of an invoice and puts the draft on its route.
pub async fn propose(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: InvoiceId,
    version: i64,
    draft: DraftWriteOff,
) -> Result<Effect<ProposedWriteOff>, Failure> {
    let root = payment::application_of(&ctx, &request.tenant, id).await?;
    let db = ctx.core.db.clone();
    db.write(Root::Application(root), move |tx| {
        let put = |tx: &mut Tx<'_>, now| put(tx, &ctx, &request.tenant, (id, version), &draft, now);
        once(tx, &request, "write_off_proposal", put, |tx, made| {
            let invoice = invoices::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
            let case = cases::open(tx, &ctx, &request.tenant, invoice.application_id, Action::ReadCase)?;
            let proposal = made.parse().map_err(|_| Failure::Internal("a proposal's id".to_owned()))?;
            let routed = proposals::find(tx, &request.tenant, proposal)?.ok_or(Refusal::NotFound)?;
            Ok(proposed(&case, invoice, &routed, &draft.ground))
        })
    })
    .await
}

fn put(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    (id, version): (InvoiceId, i64),
    draft: &DraftWriteOff,
    now: Timestamp,
) -> Result<Made<ProposedWriteOff>, Failure> {
    let invoice = invoices::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut case = cases::open(tx, ctx, tenant, invoice.application_id, Action::Propose)?;
    case.expect_version(version)?;
    let ground = ground_of(ctx, tenant, &draft.ground).ok_or_else(unknown_ground)?;
    let found = writable(tx, ctx, &invoice)?;
    refuse_before_limitation(&found, ground, now)?;
    let body = WriteOffProposal {
        invoice: id,
        amount: invoice.owed().amount(),
        ground: ground.code.clone(),
        reasons: draft.reasons.clone(),
    };
    let proposal = ProposalId(tx.new_id());
    let wanted = Draft { body: ProposalBody::WriteOff(body), weight: draft.weight };
    let routed = put_on_route(tx, ctx, &mut case, proposal, &wanted, now)?;
    case.save(tx)?;
    Ok(Made { resource_id: proposal.to_string(), value: proposed(&case, invoice, &routed, &ground.code) })
}

fn proposed(case: &OpenCase, invoice: InvoiceRow, routed: &Routed, ground: &str) -> ProposedWriteOff {
    ProposedWriteOff {
        proposal: routed.row.id,
        amount: invoice.owed().amount(),
        invoice,
        ground: ground.to_owned(),
        state: routed.row.state.clone(),
        version: case.row.version,
    }
}

fn ground_of<'a>(ctx: &'a Ctx, tenant: &TenantCode, code: &str) -> Option<&'a WriteOffGround> {
    let body = ctx.catalogue.tenant(tenant)?;
    body.definition.write_off_grounds.iter().find(|ground| ground.code == code)
}

fn unknown_ground() -> Refusal {
    let (ja, en) = ("この事由では不納欠損にできません。", "Nothing is written off on this ground.");
    Refusal::Invalid(vec![Fault::new("/ground", "unknown_value", ja, en)])
}

/// The claim, if it is in arrears and nobody can have paid it by an eL number.
fn writable(tx: &mut Tx<'_>, ctx: &Ctx, invoice: &InvoiceRow) -> Result<Arrears, Failure> {
    let found = read(tx, &ctx.catalogue, invoice)?;
    let found = found.filter(|found| found.standing == ArrearsStanding::InArrears);
    let found = found.ok_or(ArrearsRefusal::NotInArrears)?;
    if el_qr::may_be_paid(tx, &ctx.catalogue, invoice)? {
        Err(Refusal::PaymentInProgress.into())
    } else {
        Ok(found)
    }
}

/// A claim is extinct by limitation only after its last day.
fn refuse_before_limitation(found: &Arrears, ground: &WriteOffGround, now: Timestamp) -> Result<(), Failure> {
    let extinct = found.limitation.extinct_after.is_some_and(|last| last < jst_day(now));
    if ground.after_limitation && !extinct { Err(ArrearsRefusal::NotExtinct.into()) } else { Ok(()) }
}

/// What the last seal would do.
#[derive(Debug)]
pub struct WriteOffConclusion {
    invoice: InvoiceRow,
    body: WriteOffProposal,
}

/// Judges what the last seal does; changes nothing. What was proposed must still be owed, late and paid by nobody.
pub(super) fn judge(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    body: WriteOffProposal,
    now: Timestamp,
) -> Result<WriteOffConclusion, Failure> {
    let tenant = &case.row.tenant_id;
    let invoice = invoices::find(tx, tenant, body.invoice)?
        .ok_or_else(|| StoreError::Inconsistent(format!("no invoice {}", body.invoice)))?;
    let found = writable(tx, ctx, &invoice)?;
    let ground = ground_of(ctx, tenant, &body.ground).ok_or_else(unknown_ground)?;
    refuse_before_limitation(&found, ground, now)?;
    let owed = invoice.owed().amount();
    if owed != body.amount {
        return Err(ArrearsRefusal::AmountChanged { owed }.into());
    }
    Ok(WriteOffConclusion { invoice, body })
}

/// Books the write-off and ends the claim; the caller stores the case.
pub(super) fn conclude(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    routed: &Routed,
    conclusion: WriteOffConclusion,
    now: Timestamp,
) -> Result<(), Failure> {
    let WriteOffConclusion { mut invoice, body } = conclusion;
    // What is owed beside a claim ends with it; where somebody is just paying it, it stays.
    for mut beside in invoices::of_principal(tx, &invoice.tenant_id, invoice.id)? {
        if beside.invoice_state()? == InvoiceState::Unpaid {
            give_up(tx, ctx, case, &mut beside, now)?;
        }
    }
    give_up(tx, ctx, case, &mut invoice, now)?;
    let facts = json!({ "proposal": routed.row.id, "invoice": body.invoice, "amount": body.amount,
        "ground": body.ground });
    case.record(tx, "write_off_approved", facts, None)
}

/// Books that all that is owed of an invoice is given up.
fn give_up(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    invoice: &mut InvoiceRow,
    now: Timestamp,
) -> Result<(), Failure> {
    let lines = reassessments::owed_lines(tx, invoice)?;
    let portions = ledger::portions(&lines).map_err(|error| Failure::Internal(error.to_string()))?;
    let booked_for = Cause { source_id: invoice.id.to_string(), booked_on: jst_day(now) };
    InvoiceState::WrittenOff.as_str().clone_into(&mut invoice.state);
    invoice.written_off = invoice.owed();
    invoices::update_standing(tx, invoice)?;
    invoices::book(tx, &invoice.tenant_id, case.row.id, &ledger::write_off(&booked_for, &portions))?;
    settle_invoice(tx, &ctx.core, &mut case.row, invoice)
}
