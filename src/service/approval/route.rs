//! The route of a proposal from data, and the day by which each step of it is to be done.

use jiff::civil::Date;

use crate::catalogue::{CatalogueProcedure, CatalogueTenant};
use crate::domain::approval::{
    DecisionKind, Desk as RouteDesk, Ladder, ProposalBody, RouteFault, RouteStep, Subject, each_desk_once,
};
use crate::domain::calendar::{Calendar, jst_day};
use crate::domain::id::ProposalId;
use crate::domain::invoice::InvoiceState;
use crate::domain::organisation::Tenant;
use crate::domain::procedure::{FeeDue, StepKind};
use crate::service::cases::OpenCase;
use crate::service::intake::pinned;
use crate::service::{Ctx, Failure, Refusal, billing};
use crate::store::applications::ApplicationRow;
use crate::store::invoices::InvoiceRow;
use crate::store::proposals::{self, Routed};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Tx};

/// The body in charge of a case.
pub(super) fn body_of<'a>(ctx: &'a Ctx, case: &OpenCase) -> Result<&'a CatalogueTenant, Failure> {
    let tenant = &case.row.tenant_id;
    let found = ctx.catalogue.tenant(tenant).map(std::sync::Arc::as_ref);
    found.ok_or_else(|| Failure::Internal(format!("no tenant {tenant} in the catalogue")))
}

/// The data that the route of `subject` is made of: the procedure's for a decision, the body's for anything else.
pub(super) fn ladder<'a>(
    ctx: &'a Ctx,
    case: &'a OpenCase,
    procedure: &'a CatalogueProcedure,
    subject: Subject,
    day: Date,
) -> Result<Ladder<'a>, Failure> {
    let body = &body_of(ctx, case)?.definition;
    let definition = &procedure.definition;
    let (steps, standing) = match subject {
        // Who decided undoes, too.
        Subject::Decision | Subject::Correction | Subject::PermitOrder => {
            (&definition.approval_route, &definition.standing_decisions)
        }
        Subject::Waiver | Subject::WriteOff => {
            let route = body.approval_route(subject, day);
            let route = route.ok_or_else(|| no_route(RouteFault::NoRoute(subject.as_str())))?;
            (&route.steps, &route.standing_decisions)
        }
    };
    Ok(Ladder { steps, standing, department: &case.row.department, deciding: body.deciding_desk.as_ref() })
}

/// The desks that decide in the line of a case, up to the deciding authority, as data has them on `day`. Who is consulted or
/// passes on decides nothing.
pub(in crate::service) fn deciding_desks(
    ctx: &Ctx,
    row: &ApplicationRow,
    day: Date,
) -> Result<Vec<RouteDesk>, Failure> {
    let procedure = pinned(ctx, row)?;
    let body = ctx.catalogue.tenant(&row.tenant_id).ok_or(Refusal::NotFound)?;
    let ladder = Ladder {
        steps: &procedure.definition.approval_route,
        standing: &[],
        department: &row.department,
        deciding: body.definition.deciding_desk.as_ref(),
    };
    let steps = ladder.upward().map_err(no_route)?.into_iter();
    let deciding = steps.filter(|step| step.kind == StepKind::Seal && step.desk.role.decides());
    let of_today = |mut desk: RouteDesk| {
        if let Some(in_charge) = body.definition.department_in_charge(&desk.department, day) {
            desk.department.clone_from(&in_charge.code);
        }
        desk
    };
    Ok(deciding.map(|step| of_today(step.desk)).collect())
}

/// Puts the desks of departments that no longer exist with those that do their work on `day`; data keeps the old names.
/// Whether by that or because the section that is consulted has the case itself: each desk is asked once.
pub(super) fn put_in_charge(
    ctx: &Ctx,
    case: &OpenCase,
    mut steps: Vec<RouteStep>,
    day: Date,
) -> Result<Vec<RouteStep>, Failure> {
    let body = &body_of(ctx, case)?.definition;
    for step in &mut steps {
        if let Some(department) = body.department_in_charge(&step.desk.department, day) {
            step.desk.department.clone_from(&department.code);
        }
    }
    Ok(each_desk_once(&steps))
}

/// A route that data does not give is a fault of the installation.
#[expect(clippy::needless_pass_by_value, reason = "handed to `map_err`")]
pub(super) fn no_route(fault: RouteFault) -> Failure {
    Failure::Internal(fault.to_string())
}

/// The whole amount of the one matter in yen: of a decision what the case costs, of a waiver or write-off what was
/// proposed and approved for this case before and what is proposed now, so that splitting it changes nothing.
pub(super) fn amount_of_matter(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    procedure: &std::sync::Arc<CatalogueProcedure>,
    body: &ProposalBody,
    now: jiff::Timestamp,
) -> Result<Option<i64>, Failure> {
    if let Some(amount) = body.amount() {
        let before = proposals::amounts_of_case(tx, &case.row.tenant_id, case.row.id, body.subject())?;
        return Ok(Some(before.saturating_add(amount)));
    }
    if matches!(body.subject(), Subject::Correction | Subject::PermitOrder) {
        // Nothing is owed by it: no limit of a standing decision is known to hold.
        return Ok(None);
    }
    let mut total = 0_i64;
    for invoice in billing::priced_invoices(tx, case)? {
        if InvoiceRow::invoice_state(&invoice)? != InvoiceState::Canceled {
            total = total.saturating_add(billing::assessed_at(tx, &invoice)?);
        }
    }
    let at_issue = procedure.definition.fee_due == FeeDue::OnIssue;
    if at_issue && body.decision().is_some_and(DecisionKind::grants) {
        let priced_by = billing::priced_by(ctx, case, procedure, now);
        let fee = billing::assess_case(tx, case, (procedure, &priced_by), None, now)?;
        total = total.saturating_add(fee.total.amount());
    }
    Ok(Some(total))
}

/// Puts what waits at a department that has ended by `today` on the desk of the one that does its work: a return opens
/// again what was sealed before a reorganisation. A step whose desk became that of a later one is not needed any more.
pub(super) fn follow_reorganisations(
    routed: &mut Routed,
    body: &Tenant,
    now: jiff::Timestamp,
) -> Result<(), Failure> {
    let today = jst_day(now);
    for step in routed.steps.iter_mut().filter(|step| step.state == "waiting") {
        if let Some(in_charge) = body.department_in_charge(&step.department, today) {
            in_charge.code.clone_into(&mut step.department);
        }
    }
    let mut proposal = routed.proposal()?;
    proposal.pass_over_repeated_desks();
    routed.set(&proposal, Micros(now));
    Ok(())
}

/// Lets a stored proposal follow the reorganisations up to now.
pub(in crate::service) fn move_to_successors(
    tx: &mut Tx<'_>,
    body: &CatalogueTenant,
    id: ProposalId,
) -> Result<(), Failure> {
    let Some(mut routed) = proposals::find(tx, &body.definition.code, id)? else { return Ok(()) };
    let now = tx.now();
    follow_reorganisations(&mut routed, &body.definition, now)?;
    schedule(&mut routed, &body.calendar, now);
    Ok(proposals::update(tx, &mut routed)?)
}

/// Whether the route has a desk already, be it under the name of a department that has ended by `today`.
pub(super) fn has_desk(routed: &Routed, desk: &RouteDesk, body: &Tenant, today: Date) -> bool {
    routed.steps.iter().filter(|step| step.role == desk.role.as_str()).any(|step| {
        let in_charge = body.department_in_charge(&step.department, today);
        in_charge.is_some_and(|department| department.code == desk.department)
    })
}

/// Gives the steps that came to their desks now the day by which they are to be done, in open days of the body; a step that
/// no longer lies on a desk has none.
pub(super) fn schedule(routed: &mut Routed, calendar: &Calendar, now: jiff::Timestamp) {
    let live = routed.row.state == "in_approval";
    let stage = routed.row.current_stage;
    for step in routed.steps.iter_mut().filter(|step| step.state == "waiting") {
        if !live || step.stage_no != stage {
            (step.due_on, step.overdue_told_at) = (None, None);
        } else if let (None, Some(days)) = (step.due_on, step.deadline_days) {
            let days = u16::try_from(days).unwrap_or(u16::MAX);
            step.due_on = Some(IsoDate(calendar.after_open_days(jst_day(now), days)));
        }
    }
}
