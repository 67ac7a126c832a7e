//! Acts in the place of an absent officer (代決), the look at them afterwards (後閲), and instructions given beforehand.
//!
//! All three are only ever added: that a look afterwards happens once is the primary key of its table.

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use jiff::civil::Date;

use super::schema::acting::{acting_decisions, acting_instructions, post_reviews};
use super::schema::officer_posts;
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::approval::OwedPlace;
use crate::domain::id::{
    AbsenceId, ActingDecisionId, ActingInstructionId, ApplicationId, OfficerId, ProposalId, TenantCode,
};
use crate::domain::policy::Role;

/// An act in the place of an absent officer as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = acting_decisions, treat_none_as_default_value = false)]
pub struct ActingDecisionRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The act; the same id as in `approval_acts`.
    pub id: ActingDecisionId,
    /// The case.
    pub application_id: ApplicationId,
    /// The proposal.
    pub proposal_id: ProposalId,
    /// The step acted on.
    pub step_no: i64,
    /// The role of its desk.
    pub role: String,
    /// The department of its desk.
    pub department: String,
    /// `approved`, `dissented` or `returned`.
    pub act: String,
    /// The absence that allowed it.
    pub absence_id: AbsenceId,
    /// Who acted.
    pub officer_id: OfficerId,
    /// Under which title of that day.
    pub officer_title: String,
    /// In whose place.
    pub absent_id: OfficerId,
    /// The title of the absent officer on that day.
    pub absent_title: String,
    /// 起案者.
    pub drafter_id: OfficerId,
    /// The instruction given beforehand, where there was one.
    pub instruction_id: Option<ActingInstructionId>,
    /// SHA-256 of the sealed text that was acted on.
    pub body_sha256: String,
    /// When.
    pub acted_at: Micros,
}

impl ActingDecisionRow {
    /// Where it stands among what is owed a look.
    pub fn place(&self) -> OwedPlace {
        OwedPlace { acted_at: self.acted_at.0, id: self.id }
    }
}

/// A look afterwards as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = post_reviews, treat_none_as_default_value = false)]
pub struct PostReviewRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// What was looked at.
    pub acting_decision_id: ActingDecisionId,
    /// The case.
    pub application_id: ApplicationId,
    /// Who looked.
    pub reviewer_id: OfficerId,
    /// Under which title of that day.
    pub reviewer_title: String,
    /// `agreed` or `objected`.
    pub verdict: String,
    /// What was said, sealed with the case's key.
    pub sealed_comment: Option<Vec<u8>>,
    /// When.
    pub reviewed_at: Micros,
}

/// An instruction as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = acting_instructions)]
pub struct InstructionRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The instruction.
    pub id: ActingInstructionId,
    /// The case.
    pub application_id: ApplicationId,
    /// The proposal.
    pub proposal_id: ProposalId,
    /// The step of whoever gave it.
    pub step_no: i64,
    /// Who gave it.
    pub officer_id: OfficerId,
    /// Under which title of that day.
    pub officer_title: String,
    /// SHA-256 of the sealed text it is about: another text needs another instruction.
    pub body_sha256: String,
    /// What was said, sealed with the case's key.
    pub sealed_text: Vec<u8>,
    /// When.
    pub given_at: Micros,
}

/// The place that the comment of a look afterwards is bound to.
pub fn comment_place(id: ActingDecisionId) -> String {
    format!("post_reviews.sealed_comment:{id}")
}

/// The place that an instruction is bound to.
pub fn instruction_place(id: ActingInstructionId) -> String {
    format!("acting_instructions.sealed_text:{id}")
}

/// Stores an act; the table refuses to change it later.
pub fn insert(tx: &mut Tx<'_>, row: &ActingDecisionRow) -> Result<(), StoreError> {
    diesel::insert_into(acting_decisions::table).values(row).execute(tx.change())?;
    Ok(())
}

/// Stores a look afterwards; the second one of an act is refused by the table.
pub fn insert_review(tx: &mut Tx<'_>, row: &PostReviewRow) -> Result<(), StoreError> {
    diesel::insert_into(post_reviews::table).values(row).execute(tx.change())?;
    Ok(())
}

/// Stores an instruction.
pub fn insert_instruction(tx: &mut Tx<'_>, row: &InstructionRow) -> Result<(), StoreError> {
    diesel::insert_into(acting_instructions::table).values(row).execute(tx.change())?;
    Ok(())
}

/// An act with the look at it, where there was one.
pub type Reviewed = (ActingDecisionRow, Option<PostReviewRow>);

/// One act.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ActingDecisionId,
) -> Result<Option<Reviewed>, StoreError> {
    let of_act = post_reviews::tenant_id
        .eq(acting_decisions::tenant_id)
        .and(post_reviews::acting_decision_id.eq(acting_decisions::id));
    Ok(acting_decisions::table
        .left_join(post_reviews::table.on(of_act))
        .filter(acting_decisions::tenant_id.eq(tenant))
        .filter(acting_decisions::id.eq(id))
        .select((ActingDecisionRow::as_select(), Option::<PostReviewRow>::as_select()))
        .first(tx.read())
        .optional()?)
}

/// The acts on proposals in an absent officer's place, in their order.
pub fn of_proposals(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    proposals: &[ProposalId],
) -> Result<Vec<Reviewed>, StoreError> {
    let of_act = post_reviews::tenant_id
        .eq(acting_decisions::tenant_id)
        .and(post_reviews::acting_decision_id.eq(acting_decisions::id));
    Ok(acting_decisions::table
        .left_join(post_reviews::table.on(of_act))
        .filter(acting_decisions::tenant_id.eq(tenant))
        .filter(acting_decisions::proposal_id.eq_any(proposals))
        .order(acting_decisions::id)
        .select((ActingDecisionRow::as_select(), Option::<PostReviewRow>::as_select()))
        .load(tx.read())?)
}

/// A desk of today, by all names of its department: those it had, and those of departments whose work it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedDesk {
    /// Codes of departments.
    pub departments: Vec<String>,
    /// The role.
    pub role: Role,
}

/// The desks below one of today, by all names of their departments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LowerDesks {
    /// Codes of departments.
    pub departments: Vec<String>,
    /// The roles that stand lower.
    pub roles: Vec<Role>,
}

/// At which desks an officer may owe a look today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedAt {
    /// The day.
    pub today: Date,
    /// The officer's own desks.
    pub desks: Vec<OwedDesk>,
    /// Those below them: what there is of them comes up where the absent officer has left the body, or drafted it.
    pub below: Vec<LowerDesks>,
}

/// Acts that nobody has looked at afterwards, oldest first: those in the officer's place, and those at the desks of `at`.
/// `after` is the last of the page before.
pub fn open_for(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    officer: OfficerId,
    at: &OwedAt,
    after: Option<OwedPlace>,
    limit: i64,
) -> Result<Vec<ActingDecisionRow>, StoreError> {
    let mut found = open_of(tx, tenant, &Owner::Absent(officer), after, limit)?;
    for desk in &at.desks {
        found.extend(open_of(tx, tenant, &Owner::Desk(desk), after, limit)?);
    }
    for below in &at.below {
        found.extend(open_below(tx, tenant, (below, at.today), after, limit)?);
    }
    found.sort_by_key(ActingDecisionRow::place);
    found.dedup_by_key(|row| row.id);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

/// Acts at the desks of a department, under any of its names, that nobody has looked at afterwards, oldest first, after `after`.
pub fn open_in_department(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    departments: &[String],
    after: Option<OwedPlace>,
    limit: i64,
) -> Result<Vec<ActingDecisionRow>, StoreError> {
    open_of(tx, tenant, &Owner::Department(departments), after, limit)
}

/// Whose look is meant.
enum Owner<'a> {
    Absent(OfficerId),
    Desk(&'a OwedDesk),
    Department(&'a [String]),
}

fn open_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    owner: &Owner<'_>,
    after: Option<OwedPlace>,
    limit: i64,
) -> Result<Vec<ActingDecisionRow>, StoreError> {
    let of_act = post_reviews::tenant_id
        .eq(acting_decisions::tenant_id)
        .and(post_reviews::acting_decision_id.eq(acting_decisions::id));
    let mut query = acting_decisions::table
        .left_join(post_reviews::table.on(of_act))
        .filter(acting_decisions::tenant_id.eq(tenant))
        .filter(post_reviews::acting_decision_id.nullable().is_null())
        .order((acting_decisions::acted_at, acting_decisions::id))
        .limit(limit)
        .select(ActingDecisionRow::as_select())
        .into_boxed();
    query = match owner {
        Owner::Absent(officer) => query.filter(acting_decisions::absent_id.eq(*officer)),
        Owner::Desk(desk) => query
            .filter(acting_decisions::department.eq_any(&desk.departments))
            .filter(acting_decisions::role.eq(desk.role.as_str())),
        Owner::Department(departments) => query.filter(acting_decisions::department.eq_any(*departments)),
    };
    if let Some(OwedPlace { acted_at, id }) = after {
        let at = Micros(acted_at);
        let same = acting_decisions::acted_at.eq(at).and(acting_decisions::id.gt(id));
        query = query.filter(acting_decisions::acted_at.gt(at).or(same));
    }
    Ok(query.load(tx.read())?)
}

/// Of the acts at lower desks those whose absent officer serves nowhere today, or drafted what was acted on.
fn open_below(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    (below, today): (&LowerDesks, Date),
    after: Option<OwedPlace>,
    limit: i64,
) -> Result<Vec<ActingDecisionRow>, StoreError> {
    let looked_at = post_reviews::table
        .filter(post_reviews::tenant_id.eq(acting_decisions::tenant_id))
        .filter(post_reviews::acting_decision_id.eq(acting_decisions::id));
    let serves = officer_posts::table
        .filter(officer_posts::tenant_id.eq(acting_decisions::tenant_id))
        .filter(officer_posts::officer_id.eq(acting_decisions::absent_id))
        .filter(officer_posts::valid_from.le(IsoDate(today)))
        .filter(officer_posts::valid_to.is_null().or(officer_posts::valid_to.ge(IsoDate(today))));
    let roles: Vec<&str> = below.roles.iter().map(|role| role.as_str()).collect();
    let mut query = acting_decisions::table
        .filter(acting_decisions::tenant_id.eq(tenant))
        .filter(acting_decisions::department.eq_any(&below.departments))
        .filter(acting_decisions::role.eq_any(roles))
        .filter(not(exists(looked_at)))
        .filter(not(exists(serves)).or(acting_decisions::absent_id.eq(acting_decisions::drafter_id)))
        .order((acting_decisions::acted_at, acting_decisions::id))
        .limit(limit)
        .select(ActingDecisionRow::as_select())
        .into_boxed();
    if let Some(OwedPlace { acted_at, id }) = after {
        let at = Micros(acted_at);
        let same = acting_decisions::acted_at.eq(at).and(acting_decisions::id.gt(id));
        query = query.filter(acting_decisions::acted_at.gt(at).or(same));
    }
    Ok(query.load(tx.read())?)
}

/// The last instruction of an officer about exactly this text of a proposal.
pub fn instruction_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    proposal: ProposalId,
    officer: OfficerId,
    body_sha256: &str,
) -> Result<Option<ActingInstructionId>, StoreError> {
    Ok(acting_instructions::table
        .filter(acting_instructions::tenant_id.eq(tenant))
        .filter(acting_instructions::proposal_id.eq(proposal))
        .filter(acting_instructions::officer_id.eq(officer))
        .filter(acting_instructions::body_sha256.eq(body_sha256))
        .order((acting_instructions::given_at.desc(), acting_instructions::id.desc()))
        .select(acting_instructions::id)
        .first(tx.read())
        .optional()?)
}

/// The instructions about proposals, in their order.
pub fn instructions_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    proposals: &[ProposalId],
) -> Result<Vec<InstructionRow>, StoreError> {
    Ok(acting_instructions::table
        .filter(acting_instructions::tenant_id.eq(tenant))
        .filter(acting_instructions::proposal_id.eq_any(proposals))
        .order((acting_instructions::given_at, acting_instructions::id))
        .select(InstructionRow::as_select())
        .load(tx.read())?)
}
