//! Days on which an officer is away, and who covers (不在・代行).

use diesel::prelude::*;
use jiff::civil::Date;

use super::schema::queues::absences;
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{AbsenceId, OfficerId, TenantCode};

/// An absence as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = absences, treat_none_as_default_value = false)]
pub struct AbsenceRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The absence.
    pub id: AbsenceId,
    /// Code of the department.
    pub department: String,
    /// Who is away.
    pub officer_id: OfficerId,
    /// Who covers.
    pub cover_id: OfficerId,
    /// The first day.
    pub from_on: IsoDate,
    /// The last day.
    pub to_on: IsoDate,
    /// Who entered it.
    pub recorded_by: OfficerId,
    /// When it was entered.
    pub recorded_at: Micros,
    /// When somebody said that it is over.
    pub ended_at: Option<Micros>,
}

impl AbsenceRow {
    /// Whether it holds on `day`.
    pub fn holds_on(&self, day: Date) -> bool {
        self.ended_at.is_none() && self.from_on.0 <= day && day <= self.to_on.0
    }
}

/// Stores an absence.
pub fn insert(tx: &mut Tx<'_>, row: &AbsenceRow) -> Result<(), StoreError> {
    diesel::insert_into(absences::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One absence.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: AbsenceId,
) -> Result<Option<AbsenceRow>, StoreError> {
    Ok(absences::table
        .filter(absences::tenant_id.eq(tenant))
        .filter(absences::id.eq(id))
        .select(AbsenceRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The absences of a department that last until `day` or longer and were not ended, soonest first.
pub fn from_day(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    department: &str,
    day: Date,
) -> Result<Vec<AbsenceRow>, StoreError> {
    Ok(absences::table
        .filter(absences::tenant_id.eq(tenant))
        .filter(absences::department.eq(department))
        .filter(absences::to_on.ge(IsoDate(day)))
        .filter(absences::ended_at.is_null())
        .order((absences::from_on, absences::id))
        .select(AbsenceRow::as_select())
        .load(tx.read())?)
}

/// Puts what [`from_day`] finds for one department into another.
pub fn move_from_day(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    (from, to): (&str, &str),
    day: Date,
) -> Result<(), StoreError> {
    let lasting = absences::table
        .filter(absences::tenant_id.eq(tenant))
        .filter(absences::department.eq(from))
        .filter(absences::to_on.ge(IsoDate(day)))
        .filter(absences::ended_at.is_null());
    diesel::update(lasting).set(absences::department.eq(to)).execute(tx.change())?;
    Ok(())
}

/// Whom an officer covers for in a department on `day`.
pub fn covered_by(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    department: &str,
    cover: OfficerId,
    day: Date,
) -> Result<Vec<OfficerId>, StoreError> {
    Ok(absences::table
        .filter(absences::tenant_id.eq(tenant))
        .filter(absences::cover_id.eq(cover))
        .filter(absences::department.eq(department))
        .filter(absences::from_on.le(IsoDate(day)))
        .filter(absences::to_on.ge(IsoDate(day)))
        .filter(absences::ended_at.is_null())
        .select(absences::officer_id)
        .load(tx.read())?)
}

/// The absences of an officer on `day` for which `cover` covers.
pub fn of_officer_covered_by(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    officer: OfficerId,
    cover: OfficerId,
    day: Date,
) -> Result<Vec<AbsenceRow>, StoreError> {
    let mut found = covers_of(tx, tenant, cover, day)?;
    found.retain(|row| row.officer_id == officer);
    Ok(found)
}

/// The absences on `day` for which `cover` covers, over all departments.
pub fn covers_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    cover: OfficerId,
    day: Date,
) -> Result<Vec<AbsenceRow>, StoreError> {
    Ok(absences::table
        .filter(absences::tenant_id.eq(tenant))
        .filter(absences::cover_id.eq(cover))
        .filter(absences::from_on.le(IsoDate(day)))
        .filter(absences::to_on.ge(IsoDate(day)))
        .filter(absences::ended_at.is_null())
        .order((absences::from_on, absences::id))
        .select(AbsenceRow::as_select())
        .load(tx.read())?)
}

/// Says that an absence is over, once.
pub fn end(tx: &mut Tx<'_>, row: &AbsenceRow) -> Result<(), StoreError> {
    let now = Micros(tx.now());
    let target = absences::table
        .filter(absences::tenant_id.eq(&row.tenant_id))
        .filter(absences::id.eq(row.id))
        .filter(absences::ended_at.is_null());
    diesel::update(target).set(absences::ended_at.eq(now)).execute(tx.change())?;
    Ok(())
}
