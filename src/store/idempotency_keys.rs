//! Keys of requests that had an effect; a key lives as long as what it made.

use diesel::prelude::*;

use super::backend::on_either;
use super::schema::idempotency_keys::dsl as k;
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::id::{AccountId, TenantCode};

/// What a used key made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// SHA-256 of method, path and body of the request that used it.
    pub fingerprint: Vec<u8>,
    /// `application`, `payment` …
    pub resource_kind: String,
    /// Id of the resource.
    pub resource_id: String,
}

/// The record of a key in its scope (tenant, actor).
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    actor: AccountId,
    key: &str,
) -> Result<Option<KeyRecord>, StoreError> {
    // No `LIMIT`: the key is the primary key, and SQLite plans a statement anew whenever a bound limit is set.
    let query = k::idempotency_keys
        .filter(k::tenant_id.eq(tenant))
        .filter(k::actor_id.eq(actor))
        .filter(k::key.eq(key))
        .select((k::fingerprint, k::resource_kind, k::resource_id));
    let row: Option<(Vec<u8>, String, String)> =
        on_either!(tx.read(), |conn| query.get_result(conn)).optional()?;
    Ok(row.map(|(fingerprint, resource_kind, resource_id)| KeyRecord {
        fingerprint,
        resource_kind,
        resource_id,
    }))
}

/// Remembers a key with its effect, in the effect's own transaction.
pub fn insert(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    actor: AccountId,
    key: &str,
    record: &KeyRecord,
) -> Result<(), StoreError> {
    let now = Micros(tx.now());
    let insert = diesel::insert_into(k::idempotency_keys).values((
        k::tenant_id.eq(tenant),
        k::actor_id.eq(actor),
        k::key.eq(key),
        k::fingerprint.eq(&record.fingerprint),
        k::resource_kind.eq(&record.resource_kind),
        k::resource_id.eq(&record.resource_id),
        k::created_at.eq(now),
    ));
    on_either!(tx.change(), |conn| insert.execute(conn))?;
    Ok(())
}
