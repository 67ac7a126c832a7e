//! Decisions (処分): one a case, never changed.

use diesel::prelude::*;

use super::schema::decisions;
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::disposition::DecisionKind;
use crate::domain::id::{ApplicationId, DecisionId, OfficerId, ProposalId, TenantCode};

/// A decision as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = decisions)]
pub struct DecisionRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The decision.
    pub id: DecisionId,
    /// The case.
    pub application_id: ApplicationId,
    /// The proposal it was made from.
    pub proposal_id: ProposalId,
    /// `grant` or `refuse`.
    pub decision: String,
    /// Title of the authority in whose name it is made (処分庁).
    pub authority: String,
    /// Reasons and conditions, sealed with the case's key.
    pub sealed_body: Vec<u8>,
    /// SHA-256 of the sealed text as it is stored: the chain hashes what lies in the database, so that destroying the key of a
    /// case leaves it verifiable. It differs from the hash of the proposal, whose same text is sealed at another place.
    pub body_sha256: String,
    /// Who set the last seal.
    pub decided_by: OfficerId,
    /// When.
    pub decided_at: Micros,
}

impl DecisionRow {
    /// Whether anything was granted, under conditions or in part among it.
    pub fn grants(&self) -> bool {
        self.decision == DecisionKind::Grant.row_word()
    }
}

/// The place that the sealed text is bound to.
pub fn body_place(id: DecisionId) -> String {
    format!("decisions.sealed_body:{id}")
}

/// Stores the decision of a case; a second one is refused by the table.
pub fn insert(tx: &mut Tx<'_>, row: &DecisionRow) -> Result<(), StoreError> {
    diesel::insert_into(decisions::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The decision of a case, once there is one.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Option<DecisionRow>, StoreError> {
    Ok(decisions::table
        .filter(decisions::tenant_id.eq(tenant))
        .filter(decisions::application_id.eq(application))
        .select(DecisionRow::as_select())
        .first(tx.read())
        .optional()?)
}
