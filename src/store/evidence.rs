//! What a judge of a whole body's year reads: few columns of many rows, page by page, nothing sealed among them.

use diesel::prelude::*;

use super::schema::acting::{acting_decisions, post_reviews};
use super::schema::dispositions::{dispositions, document_numbers};
use super::schema::queues::absences;
use super::schema::{applications, approval_steps, corrections, decisions, officer_posts, proposals};
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError};
use crate::domain::id::{ApplicationId, DecisionId, OfficerId, ProposalId, TenantCode};

/// A case.
#[derive(Clone, Debug, Queryable)]
pub struct CaseFacts {
    /// The case.
    pub id: ApplicationId,
    /// Slug of the procedure.
    pub procedure: String,
    /// Its pinned version.
    pub procedure_version: i64,
    /// Where it stands.
    pub state: String,
    /// When it arrived.
    pub arrived_at: Option<Micros>,
    /// The end of the standard processing period.
    pub due_on: Option<IsoDate>,
}

/// The cases of a tenant after `after`, in the order of their ids.
pub fn cases(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    after: Option<ApplicationId>,
    limit: i64,
) -> Result<Vec<CaseFacts>, StoreError> {
    let mut query = applications::table
        .filter(applications::tenant_id.eq(tenant))
        .order(applications::id)
        .limit(limit)
        .select((
            applications::id,
            applications::procedure,
            applications::procedure_version,
            applications::state,
            applications::arrived_at,
            applications::due_on,
        ))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(applications::id.gt(after));
    }
    Ok(query.load(tx.read())?)
}

/// When was asked and answered, of the cases from one id to another.
pub fn answered_questions(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    (first, last): (ApplicationId, ApplicationId),
) -> Result<Vec<(ApplicationId, Micros, Micros)>, StoreError> {
    Ok(corrections::table
        .filter(corrections::tenant_id.eq(tenant))
        .filter(corrections::application_id.between(first, last))
        .filter(corrections::answered_at.is_not_null())
        .select((
            corrections::application_id,
            corrections::requested_at,
            corrections::answered_at.assume_not_null(),
        ))
        .load(tx.read())?)
}

/// A decision with the proposal it was made from.
#[derive(Clone, Debug, Queryable)]
pub struct DecisionFacts {
    /// The case.
    pub application_id: ApplicationId,
    /// The decision.
    pub id: DecisionId,
    /// The proposal.
    pub proposal_id: ProposalId,
    /// Who decided.
    pub decided_by: OfficerId,
    /// When.
    pub decided_at: Micros,
    /// Who drafted it.
    pub drafter_id: OfficerId,
}

/// The decisions of the cases from one id to another.
pub fn decisions(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    (first, last): (ApplicationId, ApplicationId),
) -> Result<Vec<DecisionFacts>, StoreError> {
    let of_proposal =
        proposals::tenant_id.eq(decisions::tenant_id).and(proposals::id.eq(decisions::proposal_id));
    Ok(decisions::table
        .inner_join(proposals::table.on(of_proposal))
        .filter(decisions::tenant_id.eq(tenant))
        .filter(decisions::application_id.between(first, last))
        .select((
            decisions::application_id,
            decisions::id,
            decisions::proposal_id,
            decisions::decided_by,
            decisions::decided_at,
            proposals::drafter_id,
        ))
        .load(tx.read())?)
}

/// The numbers that stand on the documents of the cases from one id to another.
pub fn documents(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    (first, last): (ApplicationId, ApplicationId),
) -> Result<Vec<(DecisionId, String)>, StoreError> {
    Ok(dispositions::table
        .filter(dispositions::tenant_id.eq(tenant))
        .filter(dispositions::application_id.between(first, last))
        .select((dispositions::decision_id, dispositions::document_number))
        .load(tx.read())?)
}

/// A desk of a route and who acted there.
#[derive(Clone, Debug, Queryable)]
pub struct SealFacts {
    /// The proposal.
    pub proposal_id: ProposalId,
    /// Its stage.
    pub stage_no: i64,
    /// Whose desk it is.
    pub role: String,
    /// The department of the desk.
    pub department: String,
    /// `waiting`, `approved`, `dissented`, `returned` or `not_needed`.
    pub state: String,
    /// Who acted.
    pub officer_id: Option<OfficerId>,
    /// Under which title.
    pub officer_title: Option<String>,
    /// In whose place (代決).
    pub acting_for: Option<OfficerId>,
    /// When.
    pub acted_at: Option<Micros>,
}

/// The desks that decided the cases from one id to another.
pub fn seals(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    (first, last): (ApplicationId, ApplicationId),
) -> Result<Vec<SealFacts>, StoreError> {
    let of_step = approval_steps::tenant_id
        .eq(decisions::tenant_id)
        .and(approval_steps::proposal_id.eq(decisions::proposal_id));
    Ok(decisions::table
        .inner_join(approval_steps::table.on(of_step))
        .filter(decisions::tenant_id.eq(tenant))
        .filter(decisions::application_id.between(first, last))
        .select((
            approval_steps::proposal_id,
            approval_steps::stage_no,
            approval_steps::role,
            approval_steps::department,
            approval_steps::state,
            approval_steps::officer_id,
            approval_steps::officer_title,
            approval_steps::acting_for,
            approval_steps::acted_at,
        ))
        .load(tx.read())?)
}

/// A post that somebody holds for a time.
#[derive(Clone, Debug, Queryable)]
pub struct PostFacts {
    /// Who.
    pub officer_id: OfficerId,
    /// Where.
    pub department: String,
    /// As what.
    pub role: String,
    /// The title.
    pub title: String,
    /// The first day.
    pub valid_from: IsoDate,
    /// The last day.
    pub valid_to: Option<IsoDate>,
}

/// All posts of a tenant, past and to come.
pub fn posts(tx: &mut impl Reads, tenant: &TenantCode) -> Result<Vec<PostFacts>, StoreError> {
    Ok(officer_posts::table
        .filter(officer_posts::tenant_id.eq(tenant))
        .select((
            officer_posts::officer_id,
            officer_posts::department,
            officer_posts::role,
            officer_posts::title,
            officer_posts::valid_from,
            officer_posts::valid_to,
        ))
        .load(tx.read())?)
}

/// Who was away, who covered, from when to when.
pub type AbsenceFacts = (OfficerId, OfficerId, IsoDate, IsoDate);

/// Who was away from when to when and who covered, all of a tenant.
pub fn absences(tx: &mut impl Reads, tenant: &TenantCode) -> Result<Vec<AbsenceFacts>, StoreError> {
    Ok(absences::table
        .filter(absences::tenant_id.eq(tenant))
        .select((absences::officer_id, absences::cover_id, absences::from_on, absences::to_on))
        .load(tx.read())?)
}

/// How many acts were done in an absent officer's place (代決), and how many of them nobody has looked at afterwards (後閲).
pub fn acting(tx: &mut impl Reads, tenant: &TenantCode) -> Result<(i64, i64), StoreError> {
    let of_act = post_reviews::tenant_id
        .eq(acting_decisions::tenant_id)
        .and(post_reviews::acting_decision_id.eq(acting_decisions::id));
    let of_body = acting_decisions::table.filter(acting_decisions::tenant_id.eq(tenant));
    let all: i64 = of_body.count().get_result(tx.read())?;
    let owed: i64 = acting_decisions::table
        .left_join(post_reviews::table.on(of_act))
        .filter(acting_decisions::tenant_id.eq(tenant))
        .filter(post_reviews::verdict.nullable().is_null())
        .count()
        .get_result(tx.read())?;
    Ok((all, owed))
}

/// A number of a document.
#[derive(Clone, Debug, Queryable)]
pub struct NumberFacts {
    /// What is counted together.
    pub series: String,
    /// The year.
    pub year: i64,
    /// The number.
    pub number: i64,
    /// As it is written.
    pub document_number: String,
    /// The decision it stands on.
    pub decision_id: DecisionId,
}

/// Every number that a tenant has given.
pub fn numbers(tx: &mut impl Reads, tenant: &TenantCode) -> Result<Vec<NumberFacts>, StoreError> {
    Ok(document_numbers::table
        .filter(document_numbers::tenant_id.eq(tenant))
        .select((
            document_numbers::series,
            document_numbers::year,
            document_numbers::number,
            document_numbers::document_number,
            document_numbers::decision_id,
        ))
        .load(tx.read())?)
}
