//! Each effect happens once, however often it is asked for.
//!
//! The record of a key commits in the same transaction as the effect, so a crash leaves both or neither, and a key
//! lives as long as what it made. Only effects are recorded; a refusal changes nothing and is judged anew.
//!
//! Two copies at once: the first to lock the root runs, the second finds the record and gets the same resource.

use jiff::Timestamp;

use super::{Effect, Failure, Origin, Refusal};
use crate::domain::id::{AccountId, TenantCode};
use crate::store::idempotency_keys::{self, KeyRecord};
use crate::store::{Reads, Tx};

/// A key as the request gave it, in its scope.
#[derive(Clone, Debug)]
pub struct IdempotencyRequest {
    /// The tenant of the path.
    pub tenant: TenantCode,
    /// Who sent it.
    pub actor: AccountId,
    /// 1–64 visible ASCII characters.
    pub key: String,
    /// SHA-256 of method, path and body.
    pub fingerprint: [u8; 32],
}

/// What an effect made: kind and id are remembered beside the key.
#[derive(Clone, Debug)]
pub struct Made<T> {
    /// The result for the caller.
    pub value: T,
    /// Id of the resource that a replay presents again.
    pub resource_id: String,
}

/// Whether the key has had its effect already; for use cases with slow work before their transaction.
pub fn is_used(tx: &mut impl Reads, request: &IdempotencyRequest) -> Result<bool, Failure> {
    Ok(idempotency_keys::find(tx, &request.tenant, request.actor, &request.key)?.is_some())
}

/// Runs `effect` unless the key was used before; then presents what it made through `present`.
pub fn once<T>(
    tx: &mut Tx<'_>,
    request: &IdempotencyRequest,
    resource_kind: &'static str,
    effect: impl FnOnce(&mut Tx<'_>, Timestamp) -> Result<Made<T>, Failure>,
    present: impl FnOnce(&mut Tx<'_>, &str) -> Result<T, Failure>,
) -> Result<Effect<T>, Failure> {
    if let Some(record) = idempotency_keys::find(tx, &request.tenant, request.actor, &request.key)? {
        if record.fingerprint != request.fingerprint || record.resource_kind != resource_kind {
            return Err(Refusal::IdempotencyKeyReused.into());
        }
        let value = present(tx, &record.resource_id)?;
        return Ok(Effect { value, origin: Origin::Replayed });
    }
    let now = tx.now();
    let made = effect(tx, now)?;
    let record = KeyRecord {
        fingerprint: request.fingerprint.to_vec(),
        resource_kind: resource_kind.to_owned(),
        resource_id: made.resource_id,
    };
    idempotency_keys::insert(tx, &request.tenant, request.actor, &request.key, &record)?;
    Ok(Effect { value: made.value, origin: Origin::Fresh })
}
