//! Corrections of issued decisions (更正): version 1 is the decision itself, each correction is appended behind it.

use diesel::prelude::*;

use super::schema::dispositions::decision_versions;
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, DecisionId, OfficerId, ProposalId, TenantCode};

/// A correction as stored; it never changes.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = decision_versions)]
pub struct DecisionVersionRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The decision.
    pub decision_id: DecisionId,
    /// Counted from 2.
    pub version: i64,
    /// The case.
    pub application_id: ApplicationId,
    /// The proposal it was made from.
    pub proposal_id: ProposalId,
    /// The title under which the last seal was set.
    pub sealer_title: String,
    /// The error and the text as it is right, sealed with the case's key.
    pub sealed_body: Vec<u8>,
    /// SHA-256 of the sealed text as it is stored.
    pub body_sha256: String,
    /// Who set the last seal.
    pub decided_by: OfficerId,
    /// When.
    pub decided_at: Micros,
}

/// The place that the sealed text is bound to.
pub fn body_place(decision: DecisionId, version: i64) -> String {
    format!("decision_versions.sealed_body:{decision}:{version}")
}

/// Appends a correction.
pub fn insert(tx: &mut Tx<'_>, row: &DecisionVersionRow) -> Result<(), StoreError> {
    diesel::insert_into(decision_versions::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The corrections of a decision, in order.
pub fn of_decision(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    decision: DecisionId,
) -> Result<Vec<DecisionVersionRow>, StoreError> {
    Ok(decision_versions::table
        .filter(decision_versions::tenant_id.eq(tenant))
        .filter(decision_versions::decision_id.eq(decision))
        .order(decision_versions::version)
        .select(DecisionVersionRow::as_select())
        .load(tx.read())?)
}
