//! What a case holds beyond what its own use cases list, for the archive.

use diesel::prelude::*;

use super::messages::MessageRow;
use super::schema::messages::messages;
use super::{Reads, StoreError};
use crate::domain::id::{ApplicationId, TenantCode};

/// All messages of a case, oldest first.
pub fn messages(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Vec<MessageRow>, StoreError> {
    Ok(messages::table
        .filter(messages::tenant_id.eq(tenant))
        .filter(messages::application_id.eq(id))
        .order((messages::written_at, messages::id))
        .select(MessageRow::as_select())
        .load(tx.read())?)
}
