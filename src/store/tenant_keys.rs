//! Each tenant's data key, wrapped by the installation's (`tenant_keys`).

use diesel::prelude::*;

use super::schema::tenant_keys;
use super::sql::{Micros, or_ignore};
use super::{Reads, StoreError, Tx};
use crate::domain::id::TenantCode;

/// A wrapped key and its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantKey {
    /// 1 for the first key.
    pub key_no: u32,
    /// The key under the installation's key.
    pub wrapped_key: Vec<u8>,
}

/// The key with the highest number.
pub fn newest(tx: &mut impl Reads, tenant: &TenantCode) -> Result<Option<TenantKey>, StoreError> {
    let row: Option<(i64, Vec<u8>)> = tenant_keys::table
        .filter(tenant_keys::tenant_id.eq(tenant))
        .order(tenant_keys::key_no.desc())
        .select((tenant_keys::key_no, tenant_keys::wrapped_key))
        .first(tx.read())
        .optional()?;
    row.map(|(key_no, wrapped_key)| {
        let key_no = u32::try_from(key_no);
        let key_no = key_no
            .map_err(|_| StoreError::Inconsistent("tenant_keys.key_no is no number of a key".to_owned()))?;
        Ok(TenantKey { key_no, wrapped_key })
    })
    .transpose()
}

/// Stores a tenant's first key, and answers with the one that is stored: another node may have been faster.
pub fn insert_first(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    wrapped_key: &[u8],
) -> Result<TenantKey, StoreError> {
    let row = (
        tenant_keys::tenant_id.eq(tenant),
        tenant_keys::key_no.eq(1_i64),
        tenant_keys::wrapped_key.eq(wrapped_key),
        tenant_keys::created_at.eq(Micros(tx.now())),
    );
    or_ignore(diesel::insert_into(tenant_keys::table).values(row)).execute(tx.change())?;
    newest(tx, tenant)?
        .ok_or_else(|| StoreError::Inconsistent("a tenant's key is not there after its insert".to_owned()))
}
