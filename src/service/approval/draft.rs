//! Putting a proposal on its route (起案).

use jiff::Timestamp;
use serde_json::json;

use super::route::{amount_of_matter, body_of, ladder, no_route, put_in_charge, schedule};
use super::{ApprovalRefusal, Standing, present, readiness, standing};
use crate::domain::application::Command;
use crate::domain::approval::{Matter, Proposal, ProposalBody, Weight};
use crate::domain::calendar::jst_day;
use crate::domain::id::{ApplicationId, ProposalId, TenantCode};
use crate::domain::merge_patch::merge_patch;
use crate::domain::opinion::unheard_faults;
use crate::domain::policy::Action;
use crate::seal::sha256_hex;
use crate::service::cases::{self, OpenCase};
use crate::service::idempotency::{IdempotencyRequest, Made, once};
use crate::service::intake::{pinned, refuse_faults};
use crate::service::{Ctx, Effect, Failure, Refusal, opinion, review};
use crate::store::proposals::{self, ProposalRow, Routed, StepRow};
use crate::store::sql::Micros;
use crate::store::{Root, Tx};

/// What somebody proposes.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The text.
    pub body: ProposalBody,
    /// How much the drafter says it weighs.
    pub weight: Weight,
}

/// Proposes a decision; only the officer in charge drafts.
pub async fn propose(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    version: i64,
    draft: Draft,
) -> Result<Effect<Standing>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let put = |tx: &mut Tx<'_>, now| {
            let case = cases::open(tx, &ctx, &request.tenant, id, Action::Propose)?;
            case.expect_version(version)?;
            decision(tx, &ctx, case, &draft, now)
        };
        once(tx, &request, "proposal", put, |tx, made| present(tx, &ctx, (&request.tenant, id), made))
    })
    .await
}

fn decision(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    mut case: OpenCase,
    draft: &Draft,
    now: Timestamp,
) -> Result<Made<Standing>, Failure> {
    let proposal_id = ProposalId(tx.new_id());
    let assignee = case.state.assignee();
    case.step(Command::Propose(proposal_id))?;
    if assignee != Some(review::officer(&case)?.officer) {
        return Err(Refusal::Forbidden.into());
    }
    let mut faults = draft.body.faults();
    if let ProposalBody::Decision(text) = &draft.body {
        // An office that is asked later holds no seal: the approvers see that its answer is awaited.
        let awaited = opinion::awaited_names(tx, ctx, &case, jst_day(now))?;
        faults.extend(unheard_faults(&awaited, text.without_opinion.as_deref()));
    }
    refuse_faults(faults)?;
    if let Some(decision) = draft.body.decision() {
        readiness::refuse_unready(tx, ctx, &case, decision, now)?;
    }
    let routed = put_on_route(tx, ctx, &mut case, proposal_id, draft, now)?;
    case.save(tx)?;
    Ok(Made { value: standing(tx, ctx, case, routed)?, resource_id: proposal_id.to_string() })
}

/// Puts a proposal of any subject on the route that data gives it, in the transaction of the caller, who has asked the policy
/// ([`Action::Propose`]) and stores the case afterwards. Refuses before it changes anything: faults of the text, a case that
/// stands where the subject does not fit, another proposal about the same on its route.
pub fn put_on_route(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    id: ProposalId,
    draft: &Draft,
    now: Timestamp,
) -> Result<Routed, Failure> {
    let body = &draft.body;
    let subject = body.subject();
    refuse_faults(body.faults())?;
    if !body.fits(case.kind, case.state.name()) {
        return Err(Refusal::WrongState { state: case.state.name() }.into());
    }
    let tenant: TenantCode = case.row.tenant_id.clone();
    let before = proposals::latest_of_case(tx, &tenant, case.row.id, subject)?;
    if before.as_ref().is_some_and(|before| before.row.state == "in_approval") {
        return Err(ApprovalRefusal::InProgress.into());
    }
    let drafter = review::officer(case)?.officer;
    let procedure = pinned(ctx, &case.row)?;
    let amount = amount_of_matter(tx, ctx, case, &procedure, body, now)?;
    let matter = Matter { names: body.matter_names(), amount, weight: draft.weight };
    let route = ladder(ctx, case, &procedure, subject, jst_day(now))?.route(matter).map_err(no_route)?;
    let steps = put_in_charge(ctx, case, route.steps, jst_day(now))?;
    let standing_basis = route.standing_basis;
    let proposal = Proposal::draft(drafter, draft.weight, steps);
    let sealed_body = case.key.seal_json(&proposals::body_place(id), body, ctx.core.ids.as_ref());
    let replaced = before.filter(|before| before.row.state != "approved");
    let row = ProposalRow {
        tenant_id: tenant,
        id,
        application_id: case.row.id,
        subject: subject.as_str().to_owned(),
        state: proposal.state.as_str().to_owned(),
        decision: body.decision().map(|decision| decision.row_word().to_owned()),
        amount: body.amount().or(amount),
        weight: draft.weight.as_str().to_owned(),
        standing_basis,
        body_sha256: sha256_hex(&sealed_body),
        sealed_body,
        drafter_id: drafter,
        predecessor_id: replaced.map(|before| before.row.id),
        current_stage: 1,
        version: 1,
        created_at: Micros(now),
    };
    let numbered = (1_i64..).zip(&proposal.steps);
    let steps = numbered.map(|(step_no, step)| StepRow::waiting(&row, step_no, &step.planned)).collect();
    let mut routed = Routed { row, steps };
    schedule(&mut routed, &body_of(ctx, case)?.calendar, now);
    proposals::insert(tx, &routed)?;
    let unheard = match body {
        ProposalBody::Decision(text) if text.without_opinion.is_some() => {
            opinion::awaited_from(tx, ctx, &case.row.tenant_id, case.row.id, jst_day(now))?
        }
        _ => Vec::new(),
    };
    record(tx, case, &routed, &unheard)?;
    Ok(routed)
}

/// Records what was proposed, and over the heads of which departments that were asked for an opinion; why lies sealed in the text, whose
/// hash the event bears.
fn record(tx: &mut Tx<'_>, case: &mut OpenCase, routed: &Routed, unheard: &[String]) -> Result<(), Failure> {
    let row = &routed.row;
    let facts = json!({
        "proposal": row.id,
        "subject": row.subject,
        "decision": row.decision,
        "weight": row.weight,
        "standing_decision": row.standing_basis,
        "predecessor": row.predecessor_id,
        "body_sha256": row.body_sha256,
        "form_revision": case.row.form_revision,
        "steps": routed.steps.len(),
    });
    let facts = match unheard {
        [] => facts,
        unheard => merge_patch(facts, &json!({ "without_opinion_of": unheard })),
    };
    case.record(tx, "proposed", facts, None)
}
