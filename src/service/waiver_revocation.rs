//! Revoking a waiver that was got by a false statement (減免の取消し, R-63, R-65): drafted with its evidence, sealed by others on the
//! route of waivers, and what was waived is assessed anew by the last seal.
//!
//! Invariants: the invoice that the waiver was of stays as it is, with what was taken off it and what was paid of it; what is
//! missing because of the waiver becomes a claim of its own, with its notice and of the year in which that is issued.
//! Once a waiver, and not once the claim is extinct by limitation. Whatever fine is imposed is a disposition of its own.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use super::approval::{Draft, put_on_route};
use super::cases::{self, OpenCase};
use super::claim_part::{self, Notice};
use super::false_claim::pinned;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::waiver::{OpenWaiver, open, present, root_of, tell};
use super::waiver_refusal::WaiverRefusal;
use super::{Ctx, Effect, Failure, Refusal, arrears, clock, disposition, waiver_claim};
use crate::domain::approval::{ProposalBody, WaiverRevocationProposal, Weight};
use crate::domain::calendar::jst_day;
use crate::domain::disposition::Instruction;
use crate::domain::fault::Fault;
use crate::domain::id::{AttachmentId, InvoiceId, ProposalId, TenantCode, WaiverId};
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::policy::Action;
use crate::domain::refund::{PlannedPart, RefundPart};
use crate::domain::waiver::{
    FALSE_STATEMENT, LineReduction, PinnedFile, Reductions, Waived, WaiverStep, evaded, given_back,
    still_evaded, sum,
};
use crate::store::false_claims::{self, FalseClaimRow};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::proposals::Routed;
use crate::store::reassessments::{self, ReassessmentKind};
use crate::store::sql::{Json, Micros};
use crate::store::waiver_revocations::{self, WaiverRevocationRow};
use crate::store::waivers::{self, WaiverRow};
use crate::store::{Reads, StoreError, Tx, fee_lowerings, refunds};

/// What an officer drafts.
#[derive(Clone, Debug)]
pub struct DraftRevocation {
    /// Facts.
    pub reasons: Vec<String>,
    /// Attachments of the case that prove them, beside what was recorded about the false statement.
    pub attachments: Vec<AttachmentId>,
    /// How much the matter weighs.
    pub weight: Weight,
}

/// A revocation in clear.
#[derive(Clone, Debug)]
pub struct OpenRevocation {
    /// The revocation.
    pub row: WaiverRevocationRow,
    /// The claim as it stands: that of the revocation, or the one that was assessed again instead of it.
    pub claim: InvoiceId,
    /// Why.
    pub reasons: Vec<String>,
}

/// The revocation of a waiver, opened; none where it was not revoked.
pub(super) fn of_waiver(
    tx: &mut impl Reads,
    case: &OpenCase,
    waiver: &WaiverRow,
) -> Result<Option<OpenRevocation>, Failure> {
    let Some(row) = waiver_revocations::of_waiver(tx, &waiver.tenant_id, waiver.id)? else { return Ok(None) };
    let reasons =
        case.key.open_json(&waiver_revocations::reasons_place(row.waiver_id), &row.sealed_reasons)?;
    let claim = waiver_claim::standing(tx, &row)?;
    Ok(Some(OpenRevocation { row, claim, reasons }))
}

/// Drafts the revocation of a granted waiver and puts it on the route of waivers.
pub async fn propose(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: WaiverId,
    version: i64,
    draft: DraftRevocation,
) -> Result<Effect<OpenWaiver>, Failure> {
    let root = root_of(&ctx, &request.tenant, id).await?;
    let db = ctx.core.db.clone();
    db.write(root, move |tx| {
        let put = |tx: &mut Tx<'_>, now| put(tx, &ctx, &request.tenant, (id, version), &draft, now);
        once(tx, &request, "waiver_revocation_proposal", put, |tx, id| present(tx, &ctx, &request.tenant, id))
    })
    .await
}

fn put(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    (id, version): (WaiverId, i64),
    draft: &DraftRevocation,
    now: Timestamp,
) -> Result<Made<OpenWaiver>, Failure> {
    let row = waivers::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut case = cases::open(tx, ctx, tenant, row.application_id, Action::Propose)?;
    case.expect_version(version)?;
    let Missing { amount, .. } = missing(tx, ctx, &case, &row)?;
    let claim = false_claims::of_waiver(tx, tenant, id)?;
    let body = WaiverRevocationProposal {
        waiver: id,
        invoice: row.invoice_id,
        amount: amount.amount(),
        ground: FALSE_STATEMENT.to_owned(),
        false_claim: claim.as_ref().map(|claim| claim.id),
        evidence: evidence(tx, &row, claim.as_ref(), &draft.attachments)?,
        reasons: draft.reasons.clone(),
    };
    let wanted = Draft { body: ProposalBody::WaiverRevocation(body), weight: draft.weight };
    let proposal = ProposalId(tx.new_id());
    put_on_route(tx, ctx, &mut case, proposal, &wanted, now)?;
    case.save(tx)?;
    Ok(Made { resource_id: id.to_string(), value: open(tx, &case, row)? })
}

/// What proves the false statement: what was recorded about it, and the files that are named now. One of them there must be.
fn evidence(
    tx: &mut impl Reads,
    row: &WaiverRow,
    claim: Option<&FalseClaimRow>,
    attachments: &[AttachmentId],
) -> Result<Vec<PinnedFile>, Failure> {
    if claim.is_none() && attachments.is_empty() {
        let (ja, en) = (
            "虚偽の記録がないときは、証拠となる添付書類を指定してください。",
            "Name the attachments that prove it, or record the false statement first.",
        );
        return Err(Refusal::Invalid(vec![Fault::new("/attachments", "required", ja, en)]).into());
    }
    let mut files = claim.map_or_else(Vec::new, |claim| claim.evidence.0.clone());
    for file in pinned(tx, row, attachments, Vec::new())? {
        if files.iter().all(|known| known.attachment != file.attachment) {
            files.push(file);
        }
    }
    Ok(files)
}

/// What is missing because of a waiver now.
struct Missing {
    invoice: InvoiceRow,
    lines: Vec<LineReduction>,
    amount: Yen,
}

/// What is missing because of a waiver that holds, or why nothing can be claimed for it.
fn missing(tx: &mut impl Reads, ctx: &Ctx, case: &OpenCase, row: &WaiverRow) -> Result<Missing, Failure> {
    row.waiver_state()?.apply(WaiverStep::Revoke)?;
    let tenant = &row.tenant_id;
    let invoice = invoices::find(tx, tenant, row.invoice_id)?;
    let invoice = invoice.ok_or_else(|| broken(row, "invoice"))?;
    if !still_evaded(invoice.invoice_state()?, case.state.name()) {
        return Err(WaiverRefusal::NothingToRevoke.into());
    }
    let today = jst_day(tx.now());
    let limitation = arrears::limitation_of(tx, &ctx.catalogue, &invoice)?;
    match limitation.ok_or(WaiverRefusal::LimitationUnknown)?.extinct_after {
        Some(last) if last < today => return Err(WaiverRefusal::ClaimExtinct.into()),
        Some(_) => {}
        None => return Err(WaiverRefusal::LimitationUnknown.into()),
    }
    let rows = reassessments::of_invoice(tx, tenant, invoice.id)?;
    let reduce = ReassessmentKind::Reduce.as_str();
    let taken = rows.into_iter().find(|one| one.waiver_id == row.id && one.kind == reduce);
    let taken = taken.ok_or_else(|| broken(row, "reduction"))?;
    let off = reassessments::reductions(tx, &invoice)?;
    let lowered = fee_lowerings::lowered(tx, tenant, invoice.id)?;
    let revoked = waiver_claim::assessed_anew(tx, &invoice)?;
    let given_back = &lines_given_back(tx, &invoice)?;
    let waived =
        Waived { taken: &taken.lines.0, off: &off, lowered: &lowered, revoked: &revoked, given_back };
    let lines = evaded(waived).map_err(internal)?;
    let amount = sum(&lines).map_err(internal)?;
    if amount == Yen::ZERO {
        return Err(WaiverRefusal::NothingToRevoke.into());
    }
    Ok(Missing { invoice, lines, amount })
}

/// The lines of which decided refunds give all back that was owed, whether or not the money has left: what a false statement took off
/// them is missing no more. Where that is all that was paid, nothing is missing at all.
fn lines_given_back(tx: &mut impl Reads, invoice: &InvoiceRow) -> Result<BTreeSet<u32>, Failure> {
    let mut going = Reductions::default();
    for refund in refunds::of_invoice(tx, &invoice.tenant_id, invoice.id)? {
        if !refund.refund()?.state.is_decided() {
            continue;
        }
        for PlannedPart { part, amount } in refund.planned()? {
            let RefundPart::Line(line) = part else { continue };
            going.take_off(&[LineReduction { line, amount }]).map_err(internal)?;
        }
    }
    let owed = reassessments::owed_lines(tx, invoice)?;
    let back = given_back(&owed, &going);
    let mut paid = (1_u32..).zip(&owed).filter(|(_, line)| line.amount > Yen::ZERO);
    if !back.is_empty() && paid.all(|(number, _)| back.contains(&number)) {
        return Err(WaiverRefusal::NothingToRevoke.into());
    }
    Ok(back)
}

fn broken(row: &WaiverRow, what: &str) -> StoreError {
    StoreError::Inconsistent(format!("no {what} of waiver {}", row.id))
}

fn internal(error: YenOutOfRange) -> Failure {
    Failure::Internal(error.to_string())
}

/// What the last seal on a revocation would do.
pub struct RevocationConclusion {
    row: WaiverRow,
    missing: Missing,
    body: WaiverRevocationProposal,
    instruction: Instruction,
}

/// Judges what the last seal does; changes nothing. What was proposed must still be what is missing.
pub(super) fn judge(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    body: WaiverRevocationProposal,
    now: Timestamp,
) -> Result<RevocationConclusion, Failure> {
    let row = waivers::find(tx, &case.row.tenant_id, body.waiver)?
        .ok_or_else(|| StoreError::Inconsistent(format!("no waiver {}", body.waiver)))?;
    let missing = missing(tx, ctx, case, &row)?;
    let owed = missing.amount.amount();
    if owed != body.amount {
        return Err(WaiverRefusal::MissingChanged { amount: owed }.into());
    }
    let instruction = disposition::instruction_about_fees(ctx, case, now)?;
    Ok(RevocationConclusion { row, missing, body, instruction })
}

/// Revokes the waiver and assesses the claim; the caller stores the case.
pub(super) fn conclude(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    routed: &Routed,
    conclusion: RevocationConclusion,
    now: Timestamp,
) -> Result<(), Failure> {
    let RevocationConclusion { mut row, missing, body, instruction } = conclusion;
    row.waiver_state()?.apply(WaiverStep::Revoke)?.as_str().clone_into(&mut row.state);
    waivers::update(tx, &mut row)?;
    let anew = claim_part::Part {
        claim: &missing.invoice,
        lines: &missing.lines,
        why: ("減免の取消しにより{}円を改めて調定", "a waiver was revoked: {} yen assessed anew"),
    };
    let claim = claim_part::assess(tx, ctx, case, anew, Notice::Own, now)?;
    clock::note_pause(tx, &ctx.core, &mut case.row)?;
    let place = waiver_revocations::reasons_place(row.id);
    let revocation = WaiverRevocationRow {
        tenant_id: row.tenant_id.clone(),
        waiver_id: row.id,
        application_id: row.application_id,
        invoice_id: missing.invoice.id,
        claim_id: claim.id,
        proposal_id: routed.row.id,
        false_claim_id: body.false_claim,
        ground: body.ground,
        amount: missing.amount,
        lines: Json(missing.lines),
        evidence: Json(body.evidence),
        sealed_reasons: case.key.seal_json(&place, &body.reasons, ctx.core.ids.as_ref()),
        instruction: Json(instruction),
        revoked_at: Micros(now),
    };
    waiver_revocations::insert(tx, &revocation)?;
    let facts = json!({ "proposal": routed.row.id, "waiver": row.id.to_string(),
        "invoice": revocation.invoice_id.to_string(), "claim": claim.id.to_string(), "number": claim.number,
        "amount": revocation.amount.amount(), "ground": revocation.ground,
        "false_claim": revocation.false_claim_id.map(|id| id.to_string()), "evidence": revocation.evidence.0 });
    case.record(tx, "waiver_revoked", facts, None)?;
    tell(tx, &row, now)
}
