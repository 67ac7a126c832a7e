//! The procedure versions that were ever offered (`procedure_versions`): a case pins one, so none may change.

use diesel::prelude::*;

use super::schema::procedure_versions;
use super::sql::{Micros, or_ignore};
use super::{Reads, StoreError, Tx};
use crate::domain::id::TenantCode;

/// One version with its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredVersion {
    /// The body.
    pub tenant: TenantCode,
    /// The procedure's id.
    pub procedure: String,
    /// The version.
    pub version: u32,
    /// SHA-256 of the content in hex.
    pub digest: String,
    /// The content as JSON.
    pub definition: String,
}

/// Whether a version is what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pinned {
    /// Stored now.
    New,
    /// Stored before, with the same content.
    Same,
    /// Stored before with other content; nothing was changed.
    OtherContent,
}

/// Stores a version, or compares it with what is stored.
pub fn pin(tx: &mut Tx<'_>, version: &StoredVersion) -> Result<Pinned, StoreError> {
    if let Some(digest) = digest_of(tx, version)? {
        return Ok(if digest == version.digest { Pinned::Same } else { Pinned::OtherContent });
    }
    let row = (
        procedure_versions::tenant_id.eq(&version.tenant),
        procedure_versions::procedure.eq(&version.procedure),
        procedure_versions::version.eq(i64::from(version.version)),
        procedure_versions::digest.eq(&version.digest),
        procedure_versions::definition.eq(&version.definition),
        procedure_versions::stored_at.eq(Micros(tx.now())),
    );
    let stored =
        or_ignore(diesel::insert_into(procedure_versions::table).values(row)).execute(tx.change())?;
    if stored == 1 {
        return Ok(Pinned::New);
    }
    // Another node stored it between the look and the insert.
    let same = digest_of(tx, version)?.is_some_and(|digest| digest == version.digest);
    Ok(if same { Pinned::Same } else { Pinned::OtherContent })
}

/// The content of a version as JSON, if it was ever stored.
pub fn definition(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    procedure: &str,
    version: u32,
) -> Result<Option<String>, StoreError> {
    let key = (tenant.as_str(), procedure, i64::from(version));
    let found = procedure_versions::table.find(key).select(procedure_versions::definition).first(tx.read());
    Ok(found.optional()?)
}

fn digest_of(tx: &mut impl Reads, version: &StoredVersion) -> Result<Option<String>, StoreError> {
    let key = (version.tenant.as_str(), version.procedure.as_str(), i64::from(version.version));
    let found = procedure_versions::table.find(key).select(procedure_versions::digest).first(tx.read());
    Ok(found.optional()?)
}
