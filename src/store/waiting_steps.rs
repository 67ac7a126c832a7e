//! Steps that wait for whoever sits at their desk (決裁待ち).

use diesel::prelude::*;
use jiff::civil::Date;

use super::schema::{applications, approval_steps, proposals};
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError};
use crate::domain::id::{ApplicationId, OfficerId, ProposalId, TenantCode};
use crate::domain::policy::Post;

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
    /// `decision`, `waiver` or `write_off`.
    pub subject: String,
    /// `grant` or `refuse`, of a decision.
    pub decision: Option<String>,
    /// `ordinary`, `novel`, `important` or `unusual`.
    pub weight: String,
    /// 起案者.
    pub drafter: OfficerId,
    /// Number of the step.
    pub step_no: i64,
    /// `pass`, `consult` or `seal`.
    pub kind: String,
    /// The day by which the step is to be done.
    pub step_due_on: Option<IsoDate>,
    /// The department of the step.
    pub department: String,
    /// When it was drafted.
    pub proposed_at: Micros,
    /// The day the case is due.
    pub due_on: Option<IsoDate>,
    /// The version of the case, for `If-Match`.
    pub version: i64,
}

/// The current steps of live proposals that a holder of `posts` may seal, oldest proposal first; drafts of
/// `barred` are left out. `after` is the last proposal of the page before.
pub fn waiting_for(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    barred: &[OfficerId],
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
            .and(approval_steps::stage_no.eq(proposals::current_stage));
        let of_case = applications::tenant_id
            .eq(proposals::tenant_id)
            .and(applications::id.eq(proposals::application_id));
        let mut query = proposals::table
            .inner_join(approval_steps::table.on(of_step))
            .inner_join(applications::table.on(of_case))
            .filter(proposals::tenant_id.eq(tenant))
            .filter(proposals::state.eq("in_approval"))
            .filter(proposals::drafter_id.ne_all(barred))
            .filter(approval_steps::state.eq("waiting"))
            .filter(approval_steps::department.eq(&post.department))
            .filter(approval_steps::role.eq(post.role.as_str()))
            // A withdrawn case leaves its proposal behind.
            .filter(proposals::subject.ne("decision").or(applications::state.eq("in_approval")))
            .order(proposals::id)
            .limit(limit)
            .select((
                proposals::tenant_id,
                proposals::id,
                applications::id,
                applications::number,
                applications::procedure,
                applications::procedure_version,
                proposals::subject,
                proposals::decision,
                proposals::weight,
                proposals::drafter_id,
                approval_steps::step_no,
                approval_steps::kind,
                approval_steps::due_on,
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

/// Live proposals with a step on its desk whose last day is before `today` and of which nobody was told yet, each with its case,
/// after the proposal `after`.
pub fn overdue(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    today: Date,
    after: Option<ProposalId>,
    limit: i64,
) -> Result<Vec<(ProposalId, ApplicationId)>, StoreError> {
    let of_step = approval_steps::tenant_id
        .eq(proposals::tenant_id)
        .and(approval_steps::proposal_id.eq(proposals::id))
        .and(approval_steps::stage_no.eq(proposals::current_stage));
    let mut query = proposals::table
        .inner_join(approval_steps::table.on(of_step))
        .filter(proposals::tenant_id.eq(tenant))
        .filter(proposals::state.eq("in_approval"))
        .filter(approval_steps::tenant_id.eq(tenant))
        .filter(approval_steps::state.eq("waiting"))
        .filter(approval_steps::due_on.lt(IsoDate(today)))
        .filter(approval_steps::overdue_told_at.is_null())
        .order(proposals::id)
        .limit(limit)
        .select((proposals::id, proposals::application_id))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(proposals::id.gt(after));
    }
    // Two late steps of one stage name their proposal twice; the page keeps its length, so none is skipped.
    let mut found = query.load::<(ProposalId, ApplicationId)>(tx.read())?;
    found.dedup();
    Ok(found)
}

/// A desk at which the decision of a case lies.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct WaitingDesk {
    /// The case.
    pub application: ApplicationId,
    /// The role whose desk it is.
    pub role: String,
    /// The department of the role.
    pub department: String,
    /// The day by which the step is to be done.
    pub due_on: Option<IsoDate>,
}

/// The desks at which the decisions of `cases` lie now, in one statement; those of one stage lie at several.
pub fn desks_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    cases: &[ApplicationId],
) -> Result<Vec<WaitingDesk>, StoreError> {
    let of_step = approval_steps::tenant_id
        .eq(proposals::tenant_id)
        .and(approval_steps::proposal_id.eq(proposals::id))
        .and(approval_steps::stage_no.eq(proposals::current_stage));
    Ok(proposals::table
        .inner_join(approval_steps::table.on(of_step))
        .filter(proposals::tenant_id.eq(tenant))
        .filter(proposals::application_id.eq_any(cases))
        .filter(proposals::state.eq("in_approval"))
        .filter(proposals::subject.eq("decision"))
        .filter(approval_steps::state.eq("waiting"))
        .order((proposals::application_id, approval_steps::step_no))
        .select((
            proposals::application_id,
            approval_steps::role,
            approval_steps::department,
            approval_steps::due_on,
        ))
        .load(tx.read())?)
}
