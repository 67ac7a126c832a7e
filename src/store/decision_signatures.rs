//! Signatures of office over issued decisions: one a version of a decision, never changed.

use diesel::prelude::*;

use super::schema::dispositions::decision_signatures;
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, DecisionId, TenantCode};
use crate::domain::office_key::SignedDecision;

/// A signature as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = decision_signatures)]
pub struct DecisionSignatureRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The decision.
    pub decision_id: DecisionId,
    /// The version of its text.
    pub version: i64,
    /// The case.
    pub application_id: ApplicationId,
    /// In whose name it was made.
    pub authority: String,
    /// The name of the key of office.
    pub key_id: String,
    /// SHA-256 of everything the document prints.
    pub content_sha256: Vec<u8>,
    /// The day of the signature.
    pub signed_on: IsoDate,
    /// Ed25519 over the statement.
    pub signature: Vec<u8>,
    /// The instant of the signature.
    pub signed_at: Micros,
}

impl DecisionSignatureRow {
    /// What was signed.
    pub fn signed(&self) -> Result<SignedDecision, StoreError> {
        let content = self.content_sha256.as_slice().try_into();
        let broken = |_| StoreError::Inconsistent(format!("decision_signatures of {}", self.decision_id));
        Ok(SignedDecision {
            tenant: self.tenant_id.clone(),
            decision: self.decision_id.0,
            version: self.version,
            authority: self.authority.clone(),
            key: self.key_id.clone(),
            content: content.map_err(broken)?,
            signed_on: self.signed_on.0,
        })
    }
}

/// Stores a signature.
pub fn insert(tx: &mut Tx<'_>, row: &DecisionSignatureRow) -> Result<(), StoreError> {
    diesel::insert_into(decision_signatures::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The signatures over the decision of a case, the version that was issued last at the end.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Vec<DecisionSignatureRow>, StoreError> {
    Ok(decision_signatures::table
        .filter(decision_signatures::tenant_id.eq(tenant))
        .filter(decision_signatures::application_id.eq(application))
        .order(decision_signatures::version)
        .select(DecisionSignatureRow::as_select())
        .load(tx.read())?)
}
