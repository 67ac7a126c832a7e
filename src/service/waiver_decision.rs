//! Deciding about a waiver: the draft (起案), and what the last seal does (減免決定, 不承認), each in one transaction.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::approval::{Draft, put_on_route};
use super::cases::{self, OpenCase};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::reassessment::{self, Lifted};
use super::waiver::{OpenWaiver, open, present, root_of, tell};
use super::{Core, Ctx, Effect, Failure, Refusal, disposition};
use crate::domain::approval::{DecisionKind, ProposalBody, WaiverProposal, Weight};
use crate::domain::calendar::jst_day;
use crate::domain::disposition::Instruction;
use crate::domain::fault::Fault;
use crate::domain::id::{ProposalId, TenantCode, WaiverId};
use crate::domain::money::Yen;
use crate::domain::policy::Action;
use crate::domain::waiver::WaiverStep;
use crate::store::invoices::{self, InvoiceRow};
use crate::store::proposals::Routed;
use crate::store::sql::{IsoDate, Json, Micros};
use crate::store::waivers::{self, WaiverRow};
use crate::store::{StoreError, Tx};

/// What an officer drafts about a request.
#[derive(Clone, Debug)]
pub struct DraftWaiver {
    /// Grant or refuse.
    pub outcome: DecisionKind,
    /// How much is lifted, in yen; needed only where the ground leaves it to the decision.
    pub amount: Option<i64>,
    /// Facts and evidence.
    pub reasons: Vec<String>,
    /// The last day on which the rest can be paid; as the ground says where it is left out.
    pub valid_until: Option<Date>,
    /// How much the matter weighs.
    pub weight: Weight,
}

/// Drafts what is decided about a request and puts it on the route of waivers.
pub async fn propose(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: WaiverId,
    version: i64,
    draft: DraftWaiver,
) -> Result<Effect<OpenWaiver>, Failure> {
    let root = root_of(&ctx, &request.tenant, id).await?;
    let db = ctx.core.db.clone();
    db.write(root, move |tx| {
        let put = |tx: &mut Tx<'_>, now| put(tx, &ctx, &request.tenant, (id, version), &draft, now);
        once(tx, &request, "waiver_proposal", put, |tx, id| present(tx, &ctx, &request.tenant, id))
    })
    .await
}

fn put(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    (id, version): (WaiverId, i64),
    draft: &DraftWaiver,
    now: Timestamp,
) -> Result<Made<OpenWaiver>, Failure> {
    let mut row = waivers::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut case = cases::open(tx, ctx, tenant, row.application_id, Action::Propose)?;
    case.expect_version(version)?;
    let next = row.waiver_state()?.apply(WaiverStep::Propose)?;
    let invoice = invoices::find(tx, tenant, row.invoice_id)?.ok_or(Refusal::NotFound)?;
    let body = body_of(tx, &row, &invoice, draft, now)?;
    let proposal = ProposalId(tx.new_id());
    let wanted = Draft { body: ProposalBody::Waiver(body), weight: draft.weight };
    put_on_route(tx, ctx, &mut case, proposal, &wanted, now)?;
    next.as_str().clone_into(&mut row.state);
    row.proposal_id = Some(proposal);
    waivers::update(tx, &mut row)?;
    case.save(tx)?;
    Ok(Made { resource_id: id.to_string(), value: open(tx, &case, row)? })
}

fn body_of(
    tx: &mut Tx<'_>,
    row: &WaiverRow,
    invoice: &InvoiceRow,
    draft: &DraftWaiver,
    now: Timestamp,
) -> Result<WaiverProposal, Failure> {
    let amount = draft.amount.map(Yen::new).transpose().map_err(|_| out_of_range())?;
    if amount == Some(Yen::ZERO) {
        return Err(out_of_range().into());
    }
    let refused = WaiverProposal {
        invoice: invoice.id,
        outcome: draft.outcome,
        amount: amount.map_or(0, Yen::amount),
        valid_until: draft.valid_until,
        ground: row.ground.0.code.clone(),
        reasons: draft.reasons.clone(),
    };
    if draft.outcome == DecisionKind::Refuse {
        return Ok(refused);
    }
    let today = jst_day(now);
    if draft.valid_until.is_some_and(|day| day < today) {
        let (ja, en) = ("過去の日付は指定できません。", "The day must not lie in the past.");
        return Err(Refusal::Invalid(vec![Fault::new("/valid_until", "in_the_past", ja, en)]).into());
    }
    let lifted = reassessment::lift(tx, invoice, &row.ground.0, amount)?;
    Ok(WaiverProposal { amount: lifted.amount.amount(), ..refused })
}

fn out_of_range() -> Refusal {
    let (ja, en) = ("金額が正しくありません。", "This is not an amount of yen.");
    Refusal::Invalid(vec![Fault::new("/amount", "amount_out_of_range", ja, en)])
}

/// What the last seal would do.
#[derive(Debug)]
pub struct WaiverConclusion {
    row: WaiverRow,
    invoice: InvoiceRow,
    body: WaiverProposal,
    /// What is taken off; nothing for a refusal.
    lifted: Option<Lifted>,
    /// 教示 of a refusal; a grant takes nothing away.
    instruction: Option<Instruction>,
}

/// Judges what the last seal does; changes nothing. The amount that was proposed must still be what the ground lifts.
pub(super) fn judge(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    (routed, body): (&Routed, WaiverProposal),
    now: Timestamp,
) -> Result<WaiverConclusion, Failure> {
    let tenant = &case.row.tenant_id;
    let proposal = routed.row.id;
    let row = waivers::of_proposal(tx, tenant, case.row.id, proposal)?
        .ok_or_else(|| StoreError::Inconsistent(format!("no waiver of proposal {proposal}")))?;
    let invoice = invoices::find(tx, tenant, row.invoice_id)?
        .ok_or_else(|| StoreError::Inconsistent(format!("no invoice of waiver {}", row.id)))?;
    let (lifted, instruction) = if body.outcome.grants() {
        row.waiver_state()?.apply(WaiverStep::Grant)?;
        let named = Yen::new(body.amount).map_err(|error| Failure::Internal(error.to_string()))?;
        (Some(reassessment::lift(tx, &invoice, &row.ground.0, Some(named))?), None)
    } else {
        row.waiver_state()?.apply(WaiverStep::Refuse)?;
        (None, Some(disposition::instruction_about_fees(ctx, case, now)?))
    };
    Ok(WaiverConclusion { row, invoice, body, lifted, instruction })
}

/// Grants or refuses; the caller stores the case.
pub(super) fn conclude(
    tx: &mut Tx<'_>,
    core: &Core,
    case: &mut OpenCase,
    routed: &Routed,
    conclusion: WaiverConclusion,
    now: Timestamp,
) -> Result<(), Failure> {
    let WaiverConclusion { mut row, mut invoice, body, lifted, instruction } = conclusion;
    let step = if lifted.is_some() { WaiverStep::Grant } else { WaiverStep::Refuse };
    row.waiver_state()?.apply(step)?.as_str().clone_into(&mut row.state);
    let place = waivers::reasons_place(row.id);
    row.sealed_reasons = Some(case.key.seal_json(&place, &body.reasons, core.ids.as_ref()));
    row.decided_at = Some(Micros(now));
    row.instruction = instruction.map(Json);
    row.amount = lifted.as_ref().map(|lifted| lifted.amount);
    let day = jst_day(now);
    let rest_due = body.valid_until.or_else(|| row.ground.0.rest_due_on(day));
    row.valid_until = rest_due.filter(|_| lifted.is_some()).map(IsoDate);
    waivers::update(tx, &mut row)?;
    let facts = json!({ "proposal": routed.row.id, "waiver": row.id.to_string(),
        "invoice": invoice.id.to_string(), "amount": body.amount, "ground": body.ground,
        "basis": row.ground.0.basis, "valid_until": row.valid_until.map(|day| day.0.to_string()) });
    let kind = if lifted.is_some() { "waiver_approved" } else { "waiver_refused" };
    case.record(tx, kind, facts, None)?;
    if let Some(lifted) = &lifted {
        reassessment::reduce(tx, core, case, &mut invoice, (&row, lifted), now)?;
    }
    tell(tx, &row, now)
}
