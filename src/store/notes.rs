//! Notes (メモ) of officers on a case, for staff only.

use diesel::prelude::*;
use uuid::Uuid;

use super::schema::notes;
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, OfficerId, TenantCode};

/// A note as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = notes)]
pub struct NoteRow {
    /// The body in charge.
    pub tenant_id: TenantCode,
    /// The note's UUID as text.
    pub id: String,
    /// The case.
    pub application_id: ApplicationId,
    /// Who wrote it.
    pub officer_id: OfficerId,
    /// The text, sealed with the case's key.
    pub sealed_text: Vec<u8>,
    /// When.
    pub created_at: Micros,
}

/// The place that the sealed text is bound to.
pub fn text_place(id: Uuid) -> String {
    format!("notes.sealed_text:{id}")
}

/// Stores a new note.
pub fn insert(tx: &mut Tx<'_>, row: &NoteRow) -> Result<(), StoreError> {
    diesel::insert_into(notes::table).values(row).execute(tx.change())?;
    Ok(())
}

/// All notes of a case, oldest first.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Vec<NoteRow>, StoreError> {
    Ok(notes::table
        .filter(notes::tenant_id.eq(tenant))
        .filter(notes::application_id.eq(application))
        .order((notes::created_at, notes::id))
        .select(NoteRow::as_select())
        .load(tx.read())?)
}
