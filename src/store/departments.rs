//! Imported departments (部局・課), which lie over those of the configuration, and the record of imports.

use diesel::prelude::*;
use uuid::Uuid;

use super::schema::organisation::{departments, organisation_imports};
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{OfficerId, TenantCode};

/// A record of a department as imported.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = departments, treat_none_as_default_value = false)]
pub struct DepartmentRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// Its key.
    pub code: String,
    /// The first day.
    pub valid_from: IsoDate,
    /// The last day.
    pub valid_to: Option<IsoDate>,
    /// Its name in Japanese.
    pub name_ja: String,
    /// Its name in English.
    pub name_en: String,
    /// The bureau.
    pub parent: Option<String>,
    /// Who takes its work over.
    pub successor: Option<String>,
    /// The import that said so last.
    pub import_id: String,
}

/// All imported departments of all bodies.
pub fn all(tx: &mut impl Reads) -> Result<Vec<DepartmentRow>, StoreError> {
    let order = (departments::tenant_id, departments::code, departments::valid_from);
    Ok(departments::table.order(order).select(DepartmentRow::as_select()).load(tx.read())?)
}

/// Stores a record, in place of the one with its code and first day.
pub fn put(tx: &mut Tx<'_>, row: &DepartmentRow) -> Result<(), StoreError> {
    let before = departments::table.find((&row.tenant_id, &row.code, row.valid_from));
    diesel::delete(before).execute(tx.change())?;
    diesel::insert_into(departments::table).values(row).execute(tx.change())?;
    Ok(())
}

/// An import as recorded.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = organisation_imports, treat_none_as_default_value = false)]
pub struct ImportRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The import.
    pub id: String,
    /// SHA-256 of the file in hex.
    pub source_sha256: String,
    /// `csv` or `yaml`.
    pub format: String,
    /// Who imported it; nobody where an operator did it at the machine.
    pub officer_id: Option<OfficerId>,
    /// Records that came.
    pub added: i64,
    /// Records that got their end.
    pub ended: i64,
    /// Records that say something else.
    pub changed: i64,
    /// When.
    pub imported_at: Micros,
}

/// Records an import.
pub fn insert_import(tx: &mut Tx<'_>, row: &ImportRow) -> Result<(), StoreError> {
    diesel::insert_into(organisation_imports::table).values(row).execute(tx.change())?;
    Ok(())
}

/// An import of a body.
pub fn find_import(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: Uuid,
) -> Result<Option<ImportRow>, StoreError> {
    let key = (tenant, id.to_string());
    Ok(organisation_imports::table.find(key).select(ImportRow::as_select()).first(tx.read()).optional()?)
}
