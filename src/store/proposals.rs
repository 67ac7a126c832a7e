//! Proposals (起案) with the steps of their routes.

use diesel::prelude::*;
use jiff::civil::Date;

use super::schema::{approval_steps, proposals};
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::approval::{
    Desk, Proposal, ProposalState, RouteStep, Seal, Step, StepState, Subject, Weight,
};
use crate::domain::id::{ApplicationId, OfficerId, ProposalId, TenantCode};
use crate::domain::policy::Role;
use crate::domain::procedure::StepKind;

/// A proposal as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = proposals, treat_none_as_default_value = false)]
pub struct ProposalRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The proposal.
    pub id: ProposalId,
    /// The case.
    pub application_id: ApplicationId,
    /// `decision`, `waiver` or `write_off`.
    pub subject: String,
    /// `in_approval`, `approved`, `returned`, `recalled` or `superseded`.
    pub state: String,
    /// `grant` or `refuse`, of a decision.
    pub decision: Option<String>,
    /// Of the one matter, in yen, where it is known.
    pub amount: Option<i64>,
    /// `ordinary`, `novel`, `important` or `unusual`.
    pub weight: String,
    /// The regulation by which the last desk closes the route (専決); none where the whole route is gone.
    pub standing_basis: Option<String>,
    /// The text, sealed with the case's key.
    pub sealed_body: Vec<u8>,
    /// SHA-256 of the sealed text: any other byte is another text, and nobody guesses the text from it.
    pub body_sha256: String,
    /// 起案者.
    pub drafter_id: OfficerId,
    /// The proposal whose place it took (変更起案).
    pub predecessor_id: Option<ProposalId>,
    /// Number of the stage it lies on, or lay on at the end; counted from 1.
    pub current_stage: i64,
    /// Rises with every change.
    pub version: i64,
    /// When it was drafted.
    pub created_at: Micros,
}

/// A step of a route as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = approval_steps, treat_none_as_default_value = false)]
pub struct StepRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The proposal.
    pub proposal_id: ProposalId,
    /// Counted from 1.
    pub step_no: i64,
    /// Steps of one stage lie on their desks at the same time.
    pub stage_no: i64,
    /// `pass`, `consult` or `seal`.
    pub kind: String,
    /// Whose step it is.
    pub role: String,
    /// The department of the role.
    pub department: String,
    /// `waiting`, `approved`, `dissented`, `returned` or `not_needed`.
    pub state: String,
    /// Who acted.
    pub officer_id: Option<OfficerId>,
    /// The title of that day.
    pub officer_title: Option<String>,
    /// In whose place (代決).
    pub acting_for: Option<OfficerId>,
    /// When.
    pub acted_at: Option<Micros>,
    /// What was said with a return or a disagreement, sealed with the case's key.
    pub sealed_comment: Option<Vec<u8>>,
    /// Within how many business days it is to be done.
    pub deadline_days: Option<i64>,
    /// The last of them, once it lies on the desk.
    pub due_on: Option<IsoDate>,
    /// When it was recorded that the deadline has passed.
    pub overdue_told_at: Option<Micros>,
}

/// A proposal with its steps.
#[derive(Clone, Debug)]
pub struct Routed {
    /// The proposal.
    pub row: ProposalRow,
    /// Its steps in order.
    pub steps: Vec<StepRow>,
}

/// The place that the sealed text is bound to.
pub fn body_place(id: ProposalId) -> String {
    format!("proposals.sealed_body:{id}")
}

/// The place that the sealed comment of a step is bound to.
pub fn comment_place(id: ProposalId, step_no: i64) -> String {
    format!("approval_steps.sealed_comment:{id}:{step_no}")
}

impl Routed {
    /// What it is about.
    pub fn subject(&self) -> Result<Subject, StoreError> {
        Subject::parse(&self.row.subject).ok_or_else(|| self.broken("subject"))
    }

    /// The proposal as the domain knows it.
    pub fn proposal(&self) -> Result<Proposal, StoreError> {
        let state = match self.row.state.as_str() {
            "in_approval" => {
                let stage =
                    usize::try_from(self.row.current_stage).map_err(|_| self.broken("current_stage"))?;
                ProposalState::InApproval { stage }
            }
            "approved" => ProposalState::Approved,
            "returned" => ProposalState::Returned,
            "recalled" => ProposalState::Recalled,
            "superseded" => ProposalState::Superseded,
            _ => return Err(self.broken("state")),
        };
        let weight = Weight::parse(&self.row.weight).ok_or_else(|| self.broken("weight"))?;
        let steps = self.steps.iter().map(StepRow::step).collect::<Result<_, _>>()?;
        Ok(Proposal { drafter: self.row.drafter_id, steps, state, weight })
    }

    /// Takes a new standing over into the rows; what a step said before stays unless it acts again.
    pub fn set(&mut self, proposal: &Proposal, now: Micros) {
        proposal.state.as_str().clone_into(&mut self.row.state);
        proposal.weight.as_str().clone_into(&mut self.row.weight);
        if proposal.weight.goes_up() || proposal.steps.len() > self.steps.len() {
            self.row.standing_basis = None;
        }
        if let ProposalState::InApproval { stage } = proposal.state {
            self.row.current_stage = i64::try_from(stage).unwrap_or(i64::MAX);
        }
        for (row, step) in self.steps.iter_mut().zip(&proposal.steps) {
            let name = match &step.state {
                StepState::Waiting => "waiting",
                StepState::Approved(_) => "approved",
                StepState::Dissented(_) => "dissented",
                StepState::Returned(_) => "returned",
                StepState::NotNeeded => "not_needed",
            };
            if row.state != name {
                let seal = step.state.seal();
                name.clone_into(&mut row.state);
                row.officer_id = seal.map(|seal| seal.officer);
                row.officer_title = seal.map(|seal| seal.title.clone());
                row.acting_for = seal.and_then(|seal| seal.acting_for);
                row.acted_at = seal.map(|_| now);
                // A step that comes to its desk again begins its days anew; one that is not needed has none.
                if seal.is_none() {
                    (row.due_on, row.overdue_told_at) = (None, None);
                }
            }
        }
        let known = self.steps.len();
        let added = (1_i64..).zip(&proposal.steps).skip(known);
        let rows: Vec<StepRow> =
            added.map(|(step_no, step)| StepRow::waiting(&self.row, step_no, &step.planned)).collect();
        self.steps.extend(rows);
    }

    /// The steps on their desks whose last day is before `today`.
    pub fn late_steps(&self, today: Date) -> impl Iterator<Item = &StepRow> {
        let here = self.steps.iter().filter(|step| step.stage_no == self.row.current_stage);
        here.filter(move |step| self.row.state == "in_approval" && step.is_late(today))
    }

    /// The first step it waits for, or the last that was acted on.
    pub fn current_step(&self) -> i64 {
        let here = self.steps.iter().filter(|step| step.stage_no == self.row.current_stage);
        let mut here = here.collect::<Vec<_>>();
        here.sort_by_key(|step| (step.state != "waiting", step.step_no));
        here.first().map_or(1, |step| step.step_no)
    }

    fn broken(&self, column: &str) -> StoreError {
        StoreError::Inconsistent(format!("proposals.{column} of {}", self.row.id))
    }
}

impl StepRow {
    /// A step that nobody has acted on.
    pub fn waiting(row: &ProposalRow, step_no: i64, planned: &RouteStep) -> Self {
        Self {
            tenant_id: row.tenant_id.clone(),
            proposal_id: row.id,
            step_no,
            stage_no: i64::try_from(planned.stage).unwrap_or(i64::MAX),
            kind: planned.kind.as_str().to_owned(),
            role: planned.desk.role.as_str().to_owned(),
            department: planned.desk.department.clone(),
            state: "waiting".to_owned(),
            officer_id: None,
            officer_title: None,
            acting_for: None,
            acted_at: None,
            sealed_comment: None,
            deadline_days: planned.deadline_days.map(i64::from),
            due_on: None,
            overdue_told_at: None,
        }
    }

    /// Whether it waits although its last day is before `today`.
    pub fn is_late(&self, today: Date) -> bool {
        self.state == "waiting" && self.due_on.is_some_and(|last| last.0 < today)
    }

    /// Whose step it is.
    pub fn desk(&self) -> Result<Desk, StoreError> {
        let role = Role::parse(&self.role).ok_or_else(|| self.broken("role"))?;
        Ok(Desk { role, department: self.department.clone() })
    }

    fn broken(&self, column: &str) -> StoreError {
        StoreError::Inconsistent(format!("approval_steps.{column} of {}", self.proposal_id))
    }

    fn step(&self) -> Result<Step, StoreError> {
        let broken = |column: &str| self.broken(column);
        let seal = || {
            let officer = self.officer_id.ok_or_else(|| broken("officer_id"))?;
            let title = self.officer_title.clone().ok_or_else(|| broken("officer_title"))?;
            Ok::<_, StoreError>(Seal { officer, title, acting_for: self.acting_for })
        };
        let state = match self.state.as_str() {
            "waiting" => StepState::Waiting,
            "approved" => StepState::Approved(seal()?),
            "dissented" => StepState::Dissented(seal()?),
            "returned" => StepState::Returned(seal()?),
            "not_needed" => StepState::NotNeeded,
            _ => return Err(broken("state")),
        };
        let planned = RouteStep {
            desk: self.desk()?,
            kind: StepKind::parse(&self.kind).ok_or_else(|| broken("kind"))?,
            stage: usize::try_from(self.stage_no).map_err(|_| broken("stage_no"))?,
            deadline_days: self.deadline_days.and_then(|days| u16::try_from(days).ok()),
        };
        Ok(Step { planned, state })
    }
}

/// Stores a new proposal with its steps.
pub fn insert(tx: &mut Tx<'_>, routed: &Routed) -> Result<(), StoreError> {
    diesel::insert_into(proposals::table).values(&routed.row).execute(tx.change())?;
    for step in &routed.steps {
        diesel::insert_into(approval_steps::table).values(step).execute(tx.change())?;
    }
    Ok(())
}

/// Stores the standing of a proposal and of its steps under the next version; steps that are new are added.
pub fn update(tx: &mut Tx<'_>, routed: &mut Routed) -> Result<(), StoreError> {
    let row = &mut routed.row;
    let before = row.version;
    row.version += 1;
    let target = proposals::table
        .filter(proposals::tenant_id.eq(&row.tenant_id))
        .filter(proposals::id.eq(row.id))
        .filter(proposals::version.eq(before));
    let affected = diesel::update(target)
        .set((
            proposals::state.eq(&row.state),
            proposals::weight.eq(&row.weight),
            proposals::standing_basis.eq(&row.standing_basis),
            proposals::current_stage.eq(row.current_stage),
            proposals::version.eq(row.version),
        ))
        .execute(tx.change())?;
    if affected != 1 {
        return Err(StoreError::Inconsistent(format!("proposals.version of {}", row.id)));
    }
    for step in &routed.steps {
        update_step(tx, step)?;
    }
    Ok(())
}

/// Stores the standing of one step; one that a longer route added is stored anew.
pub fn update_step(tx: &mut Tx<'_>, step: &StepRow) -> Result<(), StoreError> {
    let target = approval_steps::table.find((&step.tenant_id, step.proposal_id, step.step_no));
    let affected = diesel::update(target)
        .set((
            approval_steps::department.eq(&step.department),
            approval_steps::state.eq(&step.state),
            approval_steps::officer_id.eq(step.officer_id),
            approval_steps::officer_title.eq(&step.officer_title),
            approval_steps::acting_for.eq(step.acting_for),
            approval_steps::acted_at.eq(step.acted_at),
            approval_steps::sealed_comment.eq(&step.sealed_comment),
            approval_steps::due_on.eq(step.due_on),
            approval_steps::overdue_told_at.eq(step.overdue_told_at),
        ))
        .execute(tx.change())?;
    if affected == 0 {
        diesel::insert_into(approval_steps::table).values(step).execute(tx.change())?;
    }
    Ok(())
}

/// One proposal with its steps.
pub fn find(tx: &mut impl Reads, tenant: &TenantCode, id: ProposalId) -> Result<Option<Routed>, StoreError> {
    let row = proposals::table
        .filter(proposals::tenant_id.eq(tenant))
        .filter(proposals::id.eq(id))
        .select(ProposalRow::as_select())
        .first(tx.read())
        .optional()?;
    row.map(|row| with_steps(tx, row)).transpose()
}

/// How many steps of the proposal about a subject that is on its route nobody has acted on yet; none without one.
pub fn steps_to_go(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
    subject: Subject,
) -> Result<i64, StoreError> {
    // Two plain look-ups by index, as a database without statistics would begin the join at every waiting step of the body.
    let on_route: Option<ProposalId> = proposals::table
        .filter(proposals::tenant_id.eq(tenant))
        .filter(proposals::application_id.eq(application))
        .filter(proposals::subject.eq(subject.as_str()))
        .filter(proposals::state.eq("in_approval"))
        .select(proposals::id)
        .first(tx.read())
        .optional()?;
    let Some(on_route) = on_route else { return Ok(0) };
    Ok(approval_steps::table
        .filter(approval_steps::tenant_id.eq(tenant))
        .filter(approval_steps::proposal_id.eq(on_route))
        .filter(approval_steps::state.eq("waiting"))
        .count()
        .get_result(tx.read())?)
}

/// The proposal of a case about a subject that is on its route, else the last one, with its steps.
pub fn latest_of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
    subject: Subject,
) -> Result<Option<Routed>, StoreError> {
    let row = proposals::table
        .filter(proposals::tenant_id.eq(tenant))
        .filter(proposals::application_id.eq(application))
        .filter(proposals::subject.eq(subject.as_str()))
        .order((
            proposals::state.eq("in_approval").desc(),
            proposals::created_at.desc(),
            proposals::id.desc(),
        ))
        .select(ProposalRow::as_select())
        .first(tx.read())
        .optional()?;
    row.map(|row| with_steps(tx, row)).transpose()
}

/// Takes the live proposals of a case that has ended off their routes; gives them with their subjects. What was sealed stays.
pub fn end_live_of_case(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Vec<(ProposalId, String)>, StoreError> {
    let live: Vec<(ProposalId, String)> = proposals::table
        .filter(proposals::tenant_id.eq(tenant))
        .filter(proposals::application_id.eq(application))
        .filter(proposals::state.eq("in_approval"))
        .order(proposals::id)
        .select((proposals::id, proposals::subject))
        .load(tx.read())?;
    for (id, _) in &live {
        let target = proposals::table.filter(proposals::tenant_id.eq(tenant)).filter(proposals::id.eq(id));
        diesel::update(target)
            .set((
                proposals::state.eq(ProposalState::Recalled.as_str()),
                proposals::version.eq(proposals::version + 1),
            ))
            .execute(tx.change())?;
    }
    Ok(live)
}

/// The amounts in yen that proposals of one case about a subject name, those on their route and those approved: parts of one
/// matter are counted together.
pub fn amounts_of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
    subject: Subject,
) -> Result<i64, StoreError> {
    let amounts: Vec<Option<i64>> = proposals::table
        .filter(proposals::tenant_id.eq(tenant))
        .filter(proposals::application_id.eq(application))
        .filter(proposals::subject.eq(subject.as_str()))
        .filter(proposals::state.eq_any(["in_approval", "approved"]))
        .select(proposals::amount)
        .load(tx.read())?;
    Ok(amounts.into_iter().flatten().fold(0, i64::saturating_add))
}

fn with_steps(tx: &mut impl Reads, row: ProposalRow) -> Result<Routed, StoreError> {
    let steps = approval_steps::table
        .filter(approval_steps::tenant_id.eq(&row.tenant_id))
        .filter(approval_steps::proposal_id.eq(row.id))
        .order(approval_steps::step_no)
        .select(StepRow::as_select())
        .load(tx.read())?;
    Ok(Routed { row, steps })
}
