//! Links between two cases of one body (関連案件); a link is ended, never erased.

use diesel::prelude::*;

use super::schema::case_links::case_links;
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, CaseLinkId, OfficerId, TenantCode};

/// A link as stored. Its reasons are sealed with the key of the subject.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = case_links, treat_none_as_default_value = false)]
pub struct CaseLinkRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The link.
    pub id: CaseLinkId,
    /// The case that is so to the other.
    pub application_id: ApplicationId,
    /// The other case.
    pub other_id: ApplicationId,
    /// What the first is to the other.
    pub kind: String,
    /// Why they were linked, sealed.
    pub sealed_reason: Vec<u8>,
    /// Who linked them.
    pub linked_by: OfficerId,
    /// When.
    pub linked_at: Micros,
    /// Why the link was ended, sealed.
    pub sealed_end_reason: Option<Vec<u8>>,
    /// Who ended it.
    pub ended_by: Option<OfficerId>,
    /// When.
    pub ended_at: Option<Micros>,
}

/// The place that the sealed reason is bound to.
pub fn reason_place(id: CaseLinkId) -> String {
    format!("case_links.sealed_reason:{id}")
}

/// The place that the sealed reason of the end is bound to.
pub fn end_place(id: CaseLinkId) -> String {
    format!("case_links.sealed_end_reason:{id}")
}

/// Stores a new link.
pub fn insert(tx: &mut Tx<'_>, row: &CaseLinkRow) -> Result<(), StoreError> {
    diesel::insert_into(case_links::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One link, ended or not.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: CaseLinkId,
) -> Result<Option<CaseLinkRow>, StoreError> {
    let found = case_links::table.find((tenant, id)).select(CaseLinkRow::as_select());
    Ok(found.first(tx.read()).optional()?)
}

/// The links of a case that stand, whichever side it is on, oldest first.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    case: ApplicationId,
) -> Result<Vec<CaseLinkRow>, StoreError> {
    Ok(case_links::table
        .filter(case_links::tenant_id.eq(tenant))
        .filter(case_links::application_id.eq(case).or(case_links::other_id.eq(case)))
        .filter(case_links::ended_at.is_null())
        .order(case_links::id)
        .select(CaseLinkRow::as_select())
        .load(tx.read())?)
}

/// Stores the end of a link; the database refuses one that was ended before.
pub fn end(tx: &mut Tx<'_>, row: &CaseLinkRow) -> Result<(), StoreError> {
    let affected = diesel::update(case_links::table.find((&row.tenant_id, row.id)))
        .set((
            case_links::sealed_end_reason.eq(&row.sealed_end_reason),
            case_links::ended_by.eq(row.ended_by),
            case_links::ended_at.eq(row.ended_at),
        ))
        .execute(tx.change())?;
    if affected == 1 { Ok(()) } else { Err(StoreError::Inconsistent(format!("case_links.id {}", row.id))) }
}
