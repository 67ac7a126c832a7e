//! Approval (決裁): a proposal goes its route; the last seal makes the disposition, in the same transaction.
//!
//! The one who drafted never seals; the text that is sealed is byte for byte the text that was proposed
//! and no decision is made while the fee is neither paid nor entrusted.

use jiff::Timestamp;
use serde_json::json;

use super::assessment::NOTIFY_FEE;
use super::billing;
use super::cases::{self, OpenCase};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::intake::{pinned, refuse_faults};
use super::{Ctx, Effect, Failure, Refusal, access, review};
use crate::domain::application::{CaseState, Command};
use crate::domain::approval::{self, DecisionKind, Progress, Proposal, ProposalBody, Rejection};
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::fee::FeeAssessment;
use crate::domain::id::{ApplicationId, DecisionId, ProposalId, TenantCode};
use crate::domain::invoice::{self, PaymentGate};
use crate::domain::money::Yen;
use crate::domain::policy::{Action, Decision};
use crate::domain::procedure::{FeeDue, ProcedureKind};
use crate::seal::sha256_hex;
use crate::store::applications::ApplicationRow;
use crate::store::decisions::{self, DecisionRow};
use crate::store::proposals::{self, ProposalRow, Routed, StepRow};
use crate::store::sql::Micros;
use crate::store::{Reads, Root, Tx, invoices, jobs};

/// The job that makes and sends the notice of a decision; its subject is the application's id.
pub const NOTIFY_DECISION: &str = "notify_decision";

/// The most characters of a comment.
const LONGEST_COMMENT: usize = 2_000;

/// A proposal with its case, in clear.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The case as it is now.
    pub case: ApplicationRow,
    /// The proposal with its steps.
    pub routed: Routed,
    /// The text.
    pub body: ProposalBody,
    /// What was said with a return, step by step.
    pub comments: Vec<Option<String>>,
}

/// What an officer does with a proposal on its route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Seal the current step (決裁); the caller looked at this version of the case.
    Approve {
        /// Version of the case.
        version: i64,
    },
    /// Send back (差戻し): 0 is the drafter.
    Return {
        /// The step it goes to.
        to_step: usize,
        /// Why.
        comment: String,
        /// Version of the case, where the caller named one.
        version: Option<i64>,
    },
    /// Take back, by the drafter (引戻し).
    Recall {
        /// Version of the case, where the caller named one.
        version: Option<i64>,
    },
}

/// Puts a proposal on its route (起案); only the officer in charge drafts.
pub async fn propose(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    version: i64,
    body: ProposalBody,
) -> Result<Effect<Standing>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let put = |tx: &mut Tx<'_>, now| draft(tx, &ctx, &request.tenant, id, version, &body, now);
        once(tx, &request, "proposal", put, |tx, proposal| present(tx, &ctx, &request.tenant, id, proposal))
    })
    .await
}

fn draft(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
    version: i64,
    body: &ProposalBody,
    now: Timestamp,
) -> Result<Made<Standing>, Failure> {
    let mut case = cases::open(tx, ctx, tenant, id, Action::Propose)?;
    case.expect_version(version)?;
    let proposal_id = ProposalId(tx.new_id());
    let assignee = case.state.assignee();
    case.step(Command::Propose(proposal_id))?;
    let me = review::officer(&case)?.officer;
    if assignee != Some(me) {
        return Err(Refusal::Forbidden.into());
    }
    refuse_faults(body.faults())?;
    // A refusal needs no right fee: a case must never be stuck between a changed fee and no decision.
    if body.decision == DecisionKind::Grant {
        billing::refuse_outdated_fee(tx, ctx, &case, now)?;
    }
    let route = approval::route(&pinned(ctx, &case.row)?.definition);
    let proposal = Proposal::draft(me, route.map_err(|unknown| Failure::Internal(unknown.to_string()))?);
    let place = proposals::body_place(proposal_id);
    let sealed_body = case.key.seal_json(&place, body, ctx.core.ids.as_ref());
    let row = ProposalRow {
        tenant_id: tenant.clone(),
        id: proposal_id,
        application_id: id,
        state: proposal.state.as_str().to_owned(),
        decision: body.decision.as_str().to_owned(),
        body_sha256: sha256_hex(&sealed_body),
        sealed_body,
        drafter_id: me,
        current_step: 1,
        version: 1,
        created_at: Micros(now),
    };
    let routed = Routed { steps: waiting_steps(&row, &proposal), row };
    proposals::insert(tx, &routed)?;
    let facts = json!({
        "proposal": proposal_id,
        "decision": body.decision.as_str(),
        "body_sha256": routed.row.body_sha256,
        "form_revision": case.row.form_revision,
        "steps": proposal.steps.len(),
    });
    case.record(tx, "proposed", facts, None)?;
    case.save(tx)?;
    Ok(Made { value: standing(case, routed)?, resource_id: proposal_id.to_string() })
}

fn waiting_steps(row: &ProposalRow, proposal: &Proposal) -> Vec<StepRow> {
    let numbered = (1_i64..).zip(&proposal.steps);
    numbered
        .map(|(step_no, step)| StepRow {
            tenant_id: row.tenant_id.clone(),
            proposal_id: row.id,
            step_no,
            role: step.desk.role.as_str().to_owned(),
            department: step.desk.department.clone(),
            state: "waiting".to_owned(),
            officer_id: None,
            officer_title: None,
            acted_at: None,
            sealed_comment: None,
        })
        .collect()
}

/// Seals, returns or recalls the proposal a case waits for.
pub async fn act(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    act: Act,
) -> Result<Effect<Standing>, Failure> {
    refuse_faults(comment_faults(&act))?;
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let carry = |tx: &mut Tx<'_>, now| {
            let (case, routed) = match &act {
                Act::Approve { version } => {
                    seat(tx, &ctx, &request.tenant, id, Action::Approve, Some(*version))
                }
                Act::Return { version, .. } => seat(tx, &ctx, &request.tenant, id, Action::Approve, *version),
                Act::Recall { version } => seat(tx, &ctx, &request.tenant, id, Action::Propose, *version),
            }?;
            let resource_id = routed.row.id.to_string();
            let value = match &act {
                Act::Approve { .. } => seal(tx, &ctx, case, routed, now)?,
                Act::Return { to_step, comment, .. } => {
                    send_back(tx, &ctx, case, routed, (*to_step, comment))?
                }
                Act::Recall { .. } => recall(tx, case, routed)?,
            };
            Ok(Made { value, resource_id })
        };
        once(tx, &request, "proposal", carry, |tx, proposal| present(tx, &ctx, &request.tenant, id, proposal))
    })
    .await
}

fn comment_faults(act: &Act) -> Vec<Fault> {
    let Act::Return { comment, .. } = act else { return Vec::new() };
    let length = comment.trim().chars().count();
    if (1..=LONGEST_COMMENT).contains(&length) {
        return Vec::new();
    }
    let ja = format!("差戻しの理由を1～{LONGEST_COMMENT}文字で入力してください。");
    let en = format!("Say why in 1 to {LONGEST_COMMENT} characters.");
    vec![Fault::new("/comment", "length", ja, en)]
}

fn seal(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    mut case: OpenCase,
    mut routed: Routed,
    now: Timestamp,
) -> Result<Standing, Failure> {
    let me = review::officer(&case)?.clone();
    let step = routed.row.current_step;
    let (proposal, progress) =
        routed.proposal()?.approve(&me).map_err(|rejection| refuse(&case, rejection))?;
    routed.set(&proposal, Micros(now));
    let facts = json!({ "proposal": routed.row.id, "step": step, "title": title_of(&routed, step) });
    let decision = match progress {
        Progress::NextDesk => None,
        Progress::Final => Some(decide(tx, ctx, &mut case, &routed, now)?),
    };
    proposals::update(tx, &mut routed)?;
    case.record(tx, "approved", facts, None)?;
    if let Some((decision, fee)) = decision {
        decisions::insert(tx, &decision)?;
        let invoice = fee.map(|fee| billing::issue_invoice(tx, ctx, &case, fee, None, now)).transpose()?;
        let facts = json!({
            "decision_id": decision.id,
            "decision": decision.decision,
            "authority": decision.authority,
            "body_sha256": decision.body_sha256,
            "invoice": invoice.as_ref().map(|invoice| invoice.id.to_string()),
            "total": invoice.as_ref().map_or(0, |invoice| invoice.total.amount()),
        });
        case.record(tx, "decided", facts, None)?;
        if let Some(invoice) = invoice.filter(|invoice| invoice.total > Yen::ZERO) {
            let subject = format!("{}:{}", case.row.id, invoice.id);
            jobs::enqueue(tx, case.row.tenant_id.as_str(), NOTIFY_FEE, &subject, now)?;
        }
        jobs::enqueue(tx, case.row.tenant_id.as_str(), NOTIFY_DECISION, &case.row.id.to_string(), now)?;
    }
    case.save(tx)?;
    standing(case, routed)
}

fn title_of(routed: &Routed, step: i64) -> Option<&str> {
    routed.steps.iter().find(|row| row.step_no == step).and_then(|row| row.officer_title.as_deref())
}

/// The disposition that the last seal makes, in the name of the authority, with the fee that is due at issue;
/// changes nothing stored yet.
fn decide(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    routed: &Routed,
    now: Timestamp,
) -> Result<(DecisionRow, Option<FeeAssessment>), Failure> {
    let procedure = pinned(ctx, &case.row)?;
    let tenant = &case.row.tenant_id;
    let states = invoices::of_case(tx, tenant, case.row.id)?;
    let states = states.iter().map(invoices::InvoiceRow::invoice_state).collect::<Result<Vec<_>, _>>()?;
    let due = procedure.definition.fee_due;
    if invoice::payment_gate(due, &states) == PaymentGate::ClosedUnpaid {
        return Err(Refusal::FeeNotSettled.into());
    }
    let body: ProposalBody =
        case.key.open_json(&proposals::body_place(routed.row.id), &routed.row.sealed_body)?;
    if sha256_hex(&routed.row.sealed_body) != routed.row.body_sha256
        || body.decision.as_str() != routed.row.decision
    {
        return Err(Failure::Internal(format!(
            "the text of proposal {} is not what was proposed",
            routed.row.id
        )));
    }
    let body_of = ctx.catalogue.tenant(tenant);
    let body_of = body_of.ok_or_else(|| Failure::Internal(format!("no tenant {tenant} in the catalogue")))?;
    let fee = match (due, body.decision) {
        (FeeDue::OnIssue, DecisionKind::Grant) => {
            let priced_by = billing::priced_by(ctx, case, &procedure, now);
            let fee = billing::assess_case(tx, case, (&procedure, &priced_by), None, now)?;
            Some(fee).filter(|fee| fee.total > Yen::ZERO)
        }
        _ => None,
    };
    let delegated = procedure.definition.legal_basis.disposing_authority.as_ref();
    let authority = body_of.definition.authority(delegated, &case.row.department, jst_day(now));
    let id = DecisionId(tx.new_id());
    let sealed_body = case.key.seal_json(&decisions::body_place(id), &body, ctx.core.ids.as_ref());
    let row = DecisionRow {
        tenant_id: tenant.clone(),
        id,
        application_id: case.row.id,
        proposal_id: routed.row.id,
        decision: routed.row.decision.clone(),
        authority: authority.ja.clone(),
        body_sha256: sha256_hex(&sealed_body),
        sealed_body,
        decided_by: review::officer(case)?.officer,
        decided_at: Micros(now),
    };
    case.step(Command::Decide)?;
    Ok((row, fee))
}

fn send_back(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    mut case: OpenCase,
    mut routed: Routed,
    (to_step, comment): (usize, &str),
) -> Result<Standing, Failure> {
    let me = review::officer(&case)?.clone();
    let from = routed.row.current_step;
    let proposal =
        routed.proposal()?.send_back(&me, to_step).map_err(|rejection| refuse(&case, rejection))?;
    routed.set(&proposal, Micros(tx.now()));
    let (place, ids) = (proposals::comment_place(routed.row.id, from), ctx.core.ids.as_ref());
    let sealed = case.key.seal(&place, comment.trim().as_bytes(), ids);
    if let Some(step) = routed.steps.iter_mut().find(|step| step.step_no == from) {
        step.sealed_comment = Some(sealed.clone());
    }
    if to_step == 0 {
        case.step(Command::ReturnToReview)?;
    }
    proposals::update(tx, &mut routed)?;
    let facts = json!({ "proposal": routed.row.id, "step": from, "to_step": to_step });
    case.record(tx, "returned", facts, Some(sealed))?;
    case.save(tx)?;
    standing(case, routed)
}

fn recall(tx: &mut Tx<'_>, mut case: OpenCase, mut routed: Routed) -> Result<Standing, Failure> {
    let me = review::officer(&case)?.officer;
    let proposal = routed.proposal()?.recall(me).map_err(|rejection| refuse(&case, rejection))?;
    routed.set(&proposal, Micros(tx.now()));
    case.step(Command::ReturnToReview)?;
    proposals::update(tx, &mut routed)?;
    case.record(tx, "recalled", json!({ "proposal": routed.row.id }), None)?;
    case.save(tx)?;
    standing(case, routed)
}

fn refuse(case: &OpenCase, rejection: Rejection) -> Refusal {
    match rejection {
        Rejection::NotInApproval(_) => Refusal::WrongState { state: case.state.name() },
        Rejection::OwnProposal => Refusal::OwnProposal,
        Rejection::AlreadySealed { .. } => Refusal::AlreadySealed,
        Rejection::NotYourStep { .. } | Rejection::NotTheDrafter => Refusal::Forbidden,
        Rejection::NotBefore { step, .. } => {
            let ja = format!("0（起案者）または{step}より前の段を指定してください。");
            let en = format!("Name 0 (the drafter) or a step before {step}.");
            Refusal::Invalid(vec![Fault::new("/to_step", "not_before", ja, en)])
        }
    }
}

/// Opens the case with the proposal it waits for, for who may act on it.
fn seat(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
    action: Action,
    version: Option<i64>,
) -> Result<(OpenCase, Routed), Failure> {
    let (case, routed) = open_routed(tx, ctx, tenant, id, action)?;
    if let Some(version) = version {
        case.expect_version(version)?;
    }
    if case.kind == ProcedureKind::Notification {
        return Err(Refusal::NotForNotifications.into());
    }
    match routed {
        Some(routed) if matches!(case.state, CaseState::InApproval { .. }) => Ok((case, routed)),
        _ => Err(Refusal::WrongState { state: case.state.name() }.into()),
    }
}

/// Opens the case with its last proposal. Besides the case's department, those that sit on the route are let in.
fn open_routed(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
    action: Action,
) -> Result<(OpenCase, Option<Routed>), Failure> {
    let case = cases::approach(tx, ctx, tenant, id)?;
    let routed = match case.row.proposal_id {
        Some(proposal) => proposals::find(tx, tenant, proposal)?,
        None => proposals::latest_of_case(tx, tenant, id)?,
    };
    let route = routed.iter().flat_map(|routed| &routed.steps).map(|step| case.may(action, &step.department));
    let decision = route.fold(case.may(action, &case.row.department), |own, seat| match (own, seat) {
        (_, Decision::Allow) => Decision::Allow,
        (Decision::Hide, seat) => seat,
        (own, _) => own,
    });
    let drafter = routed.as_ref().map(|routed| routed.row.drafter_id);
    if decision == Decision::Deny && access::reader(&case.actor).is_some_and(|me| Some(me) == drafter) {
        return Err(Refusal::OwnProposal.into());
    }
    Ok((case.enter(ctx, decision)?, routed))
}

fn present(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
    proposal: &str,
) -> Result<Standing, Failure> {
    let (case, _) = open_routed(tx, ctx, tenant, id, Action::ReadCase)?;
    let proposal = proposal.parse().map_err(|_| Failure::Internal("a proposal's id".to_owned()))?;
    let routed = proposals::find(tx, tenant, proposal)?.ok_or(Refusal::NotFound)?;
    standing(case, routed)
}

fn standing(case: OpenCase, routed: Routed) -> Result<Standing, Failure> {
    let body = case.key.open_json(&proposals::body_place(routed.row.id), &routed.row.sealed_body)?;
    let comment = |step: &StepRow| match &step.sealed_comment {
        None => Ok(None),
        Some(sealed) => {
            let text = case.key.open(&proposals::comment_place(step.proposal_id, step.step_no), sealed)?;
            Ok(Some(String::from_utf8_lossy(&text).into_owned()))
        }
    };
    let comments = routed.steps.iter().map(comment).collect::<Result<_, Failure>>()?;
    Ok(Standing { case: case.row, routed, body, comments })
}

/// The last proposal of a case, for staff; applicants learn of the decision, not of its drafts.
pub async fn proposal(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<Standing, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let (reader, standing) = ctx
        .core
        .db
        .read(move |tx| {
            let (case, routed) = open_routed(tx, &inner, &body, id, Action::ReadCase)?;
            let reader = access::reader(&case.actor).ok_or(Refusal::NotFound)?;
            Ok::<_, Failure>((reader, standing(case, routed.ok_or(Refusal::NotFound)?)?))
        })
        .await?;
    access::record(&ctx, &tenant, reader, "proposal", &[id]).await?;
    Ok(standing)
}
