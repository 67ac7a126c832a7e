//! Attachments (添付書類): what is known of a file; its sealed bytes are in the file store.

use diesel::prelude::*;

use super::schema::attachments;
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, AttachmentId, TenantCode};

/// An attachment as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = attachments)]
pub struct AttachmentRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The attachment.
    pub id: AttachmentId,
    /// The case.
    pub application_id: ApplicationId,
    /// Which document of the procedure it is.
    pub code: String,
    /// File name and digest of the clear bytes, sealed with the case's key.
    pub sealed_name: Vec<u8>,
    /// Media type as declared.
    pub media_type: String,
    /// Bytes in clear.
    pub size: i64,
    /// SHA-256 of the sealed bytes, hexadecimal; that of the clear bytes is sealed with the name.
    pub sealed_sha256: String,
    /// Name of the sealed object.
    pub object_key: String,
    /// `present` or `removed`.
    pub state: String,
    /// When it was handed in.
    pub created_at: Micros,
}

/// The place that the sealed file name is bound to.
pub fn name_place(id: AttachmentId) -> String {
    format!("attachments.sealed_name:{id}")
}

/// Stores a new attachment.
pub fn insert(tx: &mut Tx<'_>, row: &AttachmentRow) -> Result<(), StoreError> {
    diesel::insert_into(attachments::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One attachment of a case, in whatever state it is.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
    id: AttachmentId,
) -> Result<Option<AttachmentRow>, StoreError> {
    Ok(attachments::table
        .filter(attachments::tenant_id.eq(tenant))
        .filter(attachments::id.eq(id))
        .filter(attachments::application_id.eq(application))
        .select(AttachmentRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The attachments of a case that are present, oldest first.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Vec<AttachmentRow>, StoreError> {
    Ok(attachments::table
        .filter(attachments::tenant_id.eq(tenant))
        .filter(attachments::application_id.eq(id))
        .filter(attachments::state.eq("present"))
        .order((attachments::created_at, attachments::id))
        .select(AttachmentRow::as_select())
        .load(tx.read())?)
}

/// Every attachment that a case ever had, oldest first.
pub fn ever_of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Vec<AttachmentRow>, StoreError> {
    Ok(attachments::table
        .filter(attachments::tenant_id.eq(tenant))
        .filter(attachments::application_id.eq(id))
        .order((attachments::created_at, attachments::id))
        .select(AttachmentRow::as_select())
        .load(tx.read())?)
}

/// Marks an attachment as removed; its row stays.
pub fn remove(tx: &mut Tx<'_>, tenant: &TenantCode, id: AttachmentId) -> Result<(), StoreError> {
    let target = attachments::table.filter(attachments::tenant_id.eq(tenant)).filter(attachments::id.eq(id));
    diesel::update(target).set(attachments::state.eq("removed")).execute(tx.change())?;
    Ok(())
}

/// The object keys that rows name, whatever their state, in the order of body and attachment; `after` is the last of the
/// page before. Over all bodies, because they share one store of files.
pub fn object_keys(
    tx: &mut impl Reads,
    after: Option<&(TenantCode, AttachmentId)>,
    limit: i64,
) -> Result<Vec<(TenantCode, AttachmentId, String)>, StoreError> {
    let mut query = attachments::table
        .order((attachments::tenant_id, attachments::id))
        .limit(limit)
        .select((attachments::tenant_id, attachments::id, attachments::object_key))
        .into_boxed();
    if let Some((tenant, id)) = after {
        let same_tenant = attachments::tenant_id.eq(tenant.clone()).and(attachments::id.gt(*id));
        query = query.filter(attachments::tenant_id.gt(tenant.clone()).or(same_tenant));
    }
    Ok(query.load(tx.read())?)
}
