//! Proposals (起案) with the steps of their routes.

use diesel::prelude::*;

use super::schema::{applications, approval_steps, proposals};
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::approval::{Desk, Proposal, ProposalState, Seal, Step, StepState};
use crate::domain::id::{ApplicationId, OfficerId, ProposalId, TenantCode};
use crate::domain::policy::{Post, Role};

/// A proposal as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = proposals)]
pub struct ProposalRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The proposal.
    pub id: ProposalId,
    /// The case.
    pub application_id: ApplicationId,
    /// `in_approval`, `approved`, `returned` or `recalled`.
    pub state: String,
    /// `grant` or `refuse`.
    pub decision: String,
    /// The text, sealed with the case's key.
    pub sealed_body: Vec<u8>,
    /// SHA-256 of the text in clear.
    pub body_sha256: String,
    /// 起案者.
    pub drafter_id: OfficerId,
    /// Number of the desk it lies on, or lay on at the end; counted from 1.
    pub current_step: i64,
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
    /// Whose seal it takes.
    pub role: String,
    /// The department of the role.
    pub department: String,
    /// `waiting`, `approved` or `returned`.
    pub state: String,
    /// Who acted.
    pub officer_id: Option<OfficerId>,
    /// The title of that day.
    pub officer_title: Option<String>,
    /// When.
    pub acted_at: Option<Micros>,
    /// What was said with a return, sealed with the case's key.
    pub sealed_comment: Option<Vec<u8>>,
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
    /// The proposal as the domain knows it.
    pub fn proposal(&self) -> Result<Proposal, StoreError> {
        let broken =
            |column: &str| StoreError::Inconsistent(format!("proposals.{column} of {}", self.row.id));
        let state = match self.row.state.as_str() {
            "in_approval" => {
                let step = usize::try_from(self.row.current_step).map_err(|_| broken("current_step"))?;
                ProposalState::InApproval { step }
            }
            "approved" => ProposalState::Approved,
            "returned" => ProposalState::Returned,
            "recalled" => ProposalState::Recalled,
            _ => return Err(broken("state")),
        };
        let steps = self.steps.iter().map(StepRow::step).collect::<Result<_, _>>()?;
        Ok(Proposal { drafter: self.row.drafter_id, steps, state })
    }

    /// Takes a new standing over into the rows; what a step said before stays unless it acts again.
    pub fn set(&mut self, proposal: &Proposal, now: Micros) {
        proposal.state.as_str().clone_into(&mut self.row.state);
        if let ProposalState::InApproval { step } = proposal.state {
            self.row.current_step = i64::try_from(step).unwrap_or(i64::MAX);
        }
        for (row, step) in self.steps.iter_mut().zip(&proposal.steps) {
            let (name, seal) = match &step.state {
                StepState::Waiting => ("waiting", None),
                StepState::Approved(seal) => ("approved", Some(seal)),
                StepState::Returned(seal) => ("returned", Some(seal)),
            };
            if row.state != name {
                name.clone_into(&mut row.state);
                row.officer_id = seal.map(|seal| seal.officer);
                row.officer_title = seal.map(|seal| seal.title.clone());
                row.acted_at = seal.map(|_| now);
            }
        }
    }
}

impl StepRow {
    fn step(&self) -> Result<Step, StoreError> {
        let broken = |column: &str| {
            StoreError::Inconsistent(format!("approval_steps.{column} of {}", self.proposal_id))
        };
        let role = Role::parse(&self.role).ok_or_else(|| broken("role"))?;
        let seal = || {
            let officer = self.officer_id.ok_or_else(|| broken("officer_id"))?;
            let title = self.officer_title.clone().ok_or_else(|| broken("officer_title"))?;
            Ok::<_, StoreError>(Seal { officer, title })
        };
        let state = match self.state.as_str() {
            "waiting" => StepState::Waiting,
            "approved" => StepState::Approved(seal()?),
            "returned" => StepState::Returned(seal()?),
            _ => return Err(broken("state")),
        };
        Ok(Step { desk: Desk { role, department: self.department.clone() }, state })
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

/// Stores the standing of a proposal and of its steps under the next version.
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
            proposals::current_step.eq(row.current_step),
            proposals::version.eq(row.version),
        ))
        .execute(tx.change())?;
    if affected != 1 {
        return Err(StoreError::Inconsistent(format!("proposals.version of {}", row.id)));
    }
    for step in &routed.steps {
        let target = approval_steps::table.find((&step.tenant_id, step.proposal_id, step.step_no));
        diesel::update(target)
            .set((
                approval_steps::state.eq(&step.state),
                approval_steps::officer_id.eq(step.officer_id),
                approval_steps::officer_title.eq(&step.officer_title),
                approval_steps::acted_at.eq(step.acted_at),
                approval_steps::sealed_comment.eq(&step.sealed_comment),
            ))
            .execute(tx.change())?;
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

/// The last proposal of a case with its steps.
pub fn latest_of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Option<Routed>, StoreError> {
    let row = proposals::table
        .filter(proposals::tenant_id.eq(tenant))
        .filter(proposals::application_id.eq(application))
        .order((proposals::created_at.desc(), proposals::id.desc()))
        .select(ProposalRow::as_select())
        .first(tx.read())
        .optional()?;
    row.map(|row| with_steps(tx, row)).transpose()
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

/// A step that waits for whoever holds a post.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct WaitingStep {
    /// The body.
    pub tenant: TenantCode,
    /// The proposal.
    pub proposal: ProposalId,
    /// The case.
    pub application: ApplicationId,
    /// 受付番号.
    pub number: Option<String>,
    /// Slug of the procedure.
    pub procedure: String,
    /// Its pinned version.
    pub procedure_version: i64,
    /// `grant` or `refuse`.
    pub decision: String,
    /// Number of the step.
    pub step_no: i64,
    /// The department of the step.
    pub department: String,
    /// When it was drafted.
    pub proposed_at: Micros,
    /// The day the case is due.
    pub due_on: Option<super::sql::IsoDate>,
    /// The version of the case, for `If-Match`.
    pub version: i64,
}

/// The current steps of live proposals that a holder of `posts` may seal, oldest proposal first; own drafts are left
/// out. `after` is the last proposal of the page before.
pub fn waiting_for(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    officer: OfficerId,
    posts: &[Post],
    after: Option<ProposalId>,
    limit: i64,
) -> Result<Vec<WaitingStep>, StoreError> {
    use diesel::BoolExpressionMethods;
    let mut found = Vec::new();
    for post in posts {
        let of_step = approval_steps::tenant_id
            .eq(proposals::tenant_id)
            .and(approval_steps::proposal_id.eq(proposals::id))
            .and(approval_steps::step_no.eq(proposals::current_step));
        let of_case = applications::tenant_id
            .eq(proposals::tenant_id)
            .and(applications::id.eq(proposals::application_id));
        let mut query = proposals::table
            .inner_join(approval_steps::table.on(of_step))
            .inner_join(applications::table.on(of_case))
            .filter(proposals::tenant_id.eq(tenant))
            .filter(proposals::state.eq("in_approval"))
            .filter(proposals::drafter_id.ne(officer))
            .filter(approval_steps::state.eq("waiting"))
            .filter(approval_steps::department.eq(&post.department))
            .filter(approval_steps::role.eq(post.role.as_str()))
            // A withdrawn case leaves its proposal behind.
            .filter(applications::state.eq("in_approval"))
            .order(proposals::id)
            .limit(limit)
            .select((
                proposals::tenant_id,
                proposals::id,
                applications::id,
                applications::number,
                applications::procedure,
                applications::procedure_version,
                proposals::decision,
                approval_steps::step_no,
                approval_steps::department,
                proposals::created_at,
                applications::due_on,
                applications::version,
            ))
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(proposals::id.gt(after));
        }
        found.extend(query.load::<WaitingStep>(tx.read())?);
    }
    found.sort_by_key(|step| step.proposal);
    found.dedup_by_key(|step| step.proposal);
    Ok(found)
}
