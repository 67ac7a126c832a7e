//! Every act at a desk of a route, kept also when a return or another text made it void.

use diesel::prelude::*;
use uuid::Uuid;

use super::schema::{approval_acts, proposals};
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::approval::Subject;
use crate::domain::id::{ApplicationId, OfficerId, ProposalId, TenantCode};

/// An act as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = approval_acts, treat_none_as_default_value = false)]
pub struct ActRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The act.
    pub id: String,
    /// The case.
    pub application_id: ApplicationId,
    /// The proposal.
    pub proposal_id: ProposalId,
    /// The step acted on; of `voided` the one whose seal no longer counts.
    pub step_no: i64,
    /// `approved`, `dissented`, `returned`, `voided` or `escalated`.
    pub act: String,
    /// Who acted.
    pub officer_id: OfficerId,
    /// The title of that day.
    pub officer_title: String,
    /// In whose place (代決).
    pub acting_for: Option<OfficerId>,
    /// SHA-256 of the sealed text that was acted on.
    pub body_sha256: String,
    /// SHA-256 of all that would have been issued, as the seal saw it; of seals and disagreements.
    pub content_sha256: Option<String>,
    /// The same apart from days that only follow from the day of issue; none of acts from before it was kept.
    pub matter_sha256: Option<String>,
    /// Number of the event in the case's chain that tells of it; none of acts from before it was kept.
    pub event_seq: Option<i64>,
    /// What was said, sealed with the case's key.
    pub sealed_comment: Option<Vec<u8>>,
    /// When.
    pub acted_at: Micros,
}

/// The place that the sealed comment of an act is bound to.
pub fn comment_place(id: Uuid) -> String {
    format!("approval_acts.sealed_comment:{id}")
}

/// Stores an act; the table refuses to change it later.
pub fn insert(tx: &mut Tx<'_>, row: &ActRow) -> Result<(), StoreError> {
    diesel::insert_into(approval_acts::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The acts on all proposals of a case about a subject, in their order.
pub fn of_subject(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
    subject: Subject,
) -> Result<Vec<ActRow>, StoreError> {
    // Two plain look-ups by index: a join would be planned by statistics that a new database does not have.
    let of_subject: Vec<ProposalId> = proposals::table
        .filter(proposals::tenant_id.eq(tenant))
        .filter(proposals::application_id.eq(application))
        .filter(proposals::subject.eq(subject.as_str()))
        .select(proposals::id)
        .load(tx.read())?;
    let mut acts = approval_acts::table
        .filter(approval_acts::tenant_id.eq(tenant))
        .filter(approval_acts::proposal_id.eq_any(of_subject))
        .select(ActRow::as_select())
        .load::<ActRow>(tx.read())?;
    // Ids of one instant are in no order; an act stands before the seals that it voids.
    acts.sort_by_key(|row| (row.acted_at.0, row.event_seq, row.act == "voided", row.step_no));
    Ok(acts)
}

/// What the seals and disagreements on a proposal saw that would be issued: at which step, when, and its hash, where it was kept.
pub fn matters_seen(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    proposal: ProposalId,
) -> Result<Vec<(i64, Micros, Option<String>)>, StoreError> {
    Ok(approval_acts::table
        .filter(approval_acts::tenant_id.eq(tenant))
        .filter(approval_acts::proposal_id.eq(proposal))
        .filter(approval_acts::act.eq_any(["approved", "dissented"]))
        .select((approval_acts::step_no, approval_acts::acted_at, approval_acts::matter_sha256))
        .load(tx.read())?)
}
