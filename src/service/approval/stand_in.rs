//! Whom an officer may act for today (代決): what absences, posts and instructions on record say.

use jiff::civil::Date;

use crate::domain::approval::{Instruction, StandIn};
use crate::domain::id::{AbsenceId, ActingDecisionId, ActingInstructionId, OfficerId, TenantCode};
use crate::domain::policy::{OfficerAuthority, Post};
use crate::service::{Failure, review};
use crate::store::absences::{self, AbsenceRow};
use crate::store::acting_decisions::{self, ActingDecisionRow};
use crate::store::approval_acts::ActRow;
use crate::store::proposals::Routed;
use crate::store::{Reads, officers};

/// An absent officer in whose place the caller acts, with what allows it.
pub(super) struct Cover {
    /// As the domain judges it.
    pub(super) stand_in: StandIn,
    absences: Vec<AbsenceRow>,
    instruction: Option<ActingInstructionId>,
}

/// The cover of `me` for `absent` today, if a recorded absence names one.
pub(super) fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    (me, absent): (&OfficerAuthority, OfficerId),
    routed: Option<&Routed>,
    today: Date,
) -> Result<Option<Cover>, Failure> {
    let absences = absences::of_officer_covered_by(tx, tenant, absent, me.officer, today)?;
    let opened = covered_posts(tx, tenant, me, absences, today)?;
    let Some(Opened { absences, posts }) = opened else { return Ok(None) };
    let instruction = match routed {
        Some(Routed { row, .. }) => {
            acting_decisions::instruction_of(tx, tenant, row.id, absent, &row.body_sha256)?
        }
        None => None,
    };
    let given = instruction.map_or(Instruction::None, |_| Instruction::Given);
    Ok(Some(Cover { stand_in: StandIn { absent, posts, instruction: given }, absences, instruction }))
}

/// The posts that one officer's absences open to `me`: those in the departments of the absences where `me` serves today.
fn covered_posts(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    me: &OfficerAuthority,
    mut absences: Vec<AbsenceRow>,
    today: Date,
) -> Result<Option<Opened>, Failure> {
    // An absence outlives a transfer of the cover; the cover does not.
    absences.retain(|row| review::serves(&me.posts, &row.department));
    let Some(first) = absences.first() else { return Ok(None) };
    let mut posts = officers::posts_in_force(tx, tenant, first.officer_id, today)?;
    posts.retain(|post| absences.iter().any(|row| row.department == post.department));
    Ok(Some(Opened { absences, posts }))
}

/// What absences of one officer open to somebody else.
struct Opened {
    /// Those in whose departments the other serves.
    absences: Vec<AbsenceRow>,
    /// The absent officer's posts there.
    posts: Vec<Post>,
}

/// Everybody for whom `me` may act today, with the posts that are open by it.
pub fn covered_by(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    me: &OfficerAuthority,
    today: Date,
) -> Result<Vec<(OfficerId, Vec<Post>)>, Failure> {
    let mut by_officer: Vec<(OfficerId, Vec<AbsenceRow>)> = Vec::new();
    for row in absences::covers_of(tx, tenant, me.officer, today)? {
        match by_officer.iter_mut().find(|(officer, _)| *officer == row.officer_id) {
            Some((_, rows)) => rows.push(row),
            None => by_officer.push((row.officer_id, vec![row])),
        }
    }
    let mut covered = Vec::new();
    for (officer, rows) in by_officer {
        if let Some(opened) = covered_posts(tx, tenant, me, rows, today)? {
            covered.push((officer, opened.posts));
        }
    }
    Ok(covered)
}

impl Cover {
    /// The absence that opens the desks of a department.
    pub(super) fn absence(&self, department: &str) -> Option<AbsenceId> {
        self.absences.iter().find(|row| row.department == department).map(|row| row.id)
    }

    /// What is kept of an act in this place: none where the absence says nothing of the desk.
    pub(super) fn row(
        &self,
        act: &ActRow,
        id: ActingDecisionId,
        routed: &Routed,
    ) -> Option<ActingDecisionRow> {
        let step = routed.steps.iter().find(|step| step.step_no == act.step_no)?;
        let desk = step.desk().ok()?;
        Some(ActingDecisionRow {
            tenant_id: act.tenant_id.clone(),
            id,
            application_id: act.application_id,
            proposal_id: act.proposal_id,
            step_no: act.step_no,
            role: step.role.clone(),
            department: step.department.clone(),
            act: act.act.clone(),
            absence_id: self.absence(&step.department)?,
            officer_id: act.officer_id,
            officer_title: act.officer_title.clone(),
            absent_id: self.stand_in.absent,
            absent_title: self.stand_in.title_at(&desk)?.to_owned(),
            drafter_id: routed.row.drafter_id,
            instruction_id: self.instruction,
            body_sha256: act.body_sha256.clone(),
            acted_at: act.acted_at,
        })
    }
}
