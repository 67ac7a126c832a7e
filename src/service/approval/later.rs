//! Proposals about what was issued: the correction of a decision (更正), and orders about a permit (取消し・効力の停止).

use jiff::Timestamp;

use super::{Draft, Standing, present, put_on_route, standing};
use crate::domain::approval::{DecisionProposal, ProposalBody, Weight};
use crate::domain::calendar::jst_day;
use crate::domain::disposition::{CorrectionProposal, OrderProposal, Reason};
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, ProposalId};
use crate::domain::policy::Action;
use crate::service::cases::{self, OpenCase};
use crate::service::idempotency::{IdempotencyRequest, Made, once};
use crate::service::intake::refuse_faults;
use crate::service::{Ctx, Effect, Failure, Refusal, decision_correction, permit_order};
use crate::store::{Root, Tx, decisions, permits};

/// What is to be said instead of what was issued.
#[derive(Clone, Debug)]
pub struct NewCorrection {
    /// What was wrong.
    pub error: String,
    /// The reasons as they are right.
    pub reasons: Vec<Reason>,
    /// The conditions as they are right.
    pub conditions: Vec<String>,
    /// How much the drafter says it weighs.
    pub weight: Weight,
}

/// Proposes to correct an issued decision; what it decides stays as it is. Refused while nothing is decided, and where
/// nothing would change.
pub async fn propose_correction(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    version: i64,
    new: NewCorrection,
) -> Result<Effect<Standing>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let put = |tx: &mut Tx<'_>, now| {
            let case = cases::open(tx, &ctx, &request.tenant, id, Action::Propose)?;
            case.expect_version(version)?;
            let issued = decisions::of_case(tx, &request.tenant, id)?;
            let issued = issued.ok_or(Refusal::WrongState { state: case.state.name() })?;
            let before = decision_correction::current(tx, &case.key, &issued)?.text;
            let NewCorrection { error, reasons, conditions, weight } = new.clone();
            let decision = before.decision;
            let after = DecisionProposal { decision, reasons, conditions, without_opinion: None };
            if after == before {
                let ja = "発出された処分と内容が同じです。";
                let en = "This says what was issued.";
                return Err(Refusal::Invalid(vec![Fault::new("", "nothing_changed", ja, en)]).into());
            }
            let DecisionProposal { decision, reasons, conditions, .. } = after;
            let body = CorrectionProposal { error, decision, reasons, conditions };
            put_on(tx, &ctx, case, &Draft { body: ProposalBody::Correction(body), weight }, now)
        };
        once(tx, &request, "proposal", put, |tx, made| present(tx, &ctx, (&request.tenant, id), made))
    })
    .await
}

/// Proposes an order about a permit. Refused where the permit does not stand so that it could be ordered.
pub async fn propose_order(
    ctx: Ctx,
    request: IdempotencyRequest,
    version: i64,
    order: OrderProposal,
    weight: Weight,
) -> Result<Effect<Standing>, Failure> {
    let (db, tenant, permit) = (ctx.core.db.clone(), request.tenant.clone(), order.permit);
    // A permit never moves to another case, so what was read before the write still holds in it.
    let read = db.read(move |tx| permits::find(tx, &tenant, permit).map_err(Failure::from));
    let row = read.await?.ok_or(Refusal::NotFound)?;
    let id = row.application_id;
    db.write(Root::Application(id), move |tx| {
        let put = |tx: &mut Tx<'_>, now| {
            let case = cases::open(tx, &ctx, &request.tenant, id, Action::Propose)?;
            case.expect_version(version)?;
            let mut faults = order.faults();
            faults.extend(order.day_faults(jst_day(now), row.valid_from.0));
            refuse_faults(faults)?;
            permit_order::refuse_misfit(tx, &ctx, row.clone(), &order, now)?;
            put_on(tx, &ctx, case, &Draft { body: ProposalBody::PermitOrder(order.clone()), weight }, now)
        };
        once(tx, &request, "proposal", put, |tx, made| present(tx, &ctx, (&request.tenant, id), made))
    })
    .await
}

fn put_on(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    mut case: OpenCase,
    draft: &Draft,
    now: Timestamp,
) -> Result<Made<Standing>, Failure> {
    let id = ProposalId(tx.new_id());
    let routed = put_on_route(tx, ctx, &mut case, id, draft, now)?;
    case.save(tx)?;
    Ok(Made { value: standing(tx, ctx, case, routed)?, resource_id: id.to_string() })
}
