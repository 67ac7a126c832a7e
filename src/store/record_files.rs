//! Record files (標準行政文書ファイル, R-123) and the cases in them; the books in them are in [`super::record_books`].

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use jiff::civil::Date;

use super::schema::records::{record_cases, record_files};
use super::schema::{applications, events};
use super::sql::{IsoDate, Micros, or_ignore};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, RecordFileId, TenantCode};
use crate::domain::records::{FileContent, FileState, PlannedMeasure, RegisterLine, RetentionClass};
use crate::store::applications::ApplicationRow;

/// The events that end a case.
const ENDED: [&str; 3] = ["closed", "withdrawn", "transferred"];

/// A record file as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = record_files, treat_none_as_default_value = false)]
pub struct RecordFileRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The file.
    pub id: RecordFileId,
    /// The entry of the classification table it was made by.
    pub rule_code: String,
    /// `cases` or `books`.
    pub content: String,
    /// The procedure of its cases; empty where it holds books.
    pub procedure: String,
    /// The department that was in charge of them.
    pub department: String,
    /// The fiscal year in which they ended, or that the books are of.
    pub fiscal_year: i64,
    /// 保存期間.
    pub retention: String,
    /// The last day of it; none where nothing expires.
    pub expires_on: Option<IsoDate>,
    /// 満了後の措置.
    pub measure: String,
    /// 大分類.
    pub large: String,
    /// 中分類.
    pub middle: String,
    /// 小分類.
    pub small: String,
    /// 標準行政文書ファイル.
    pub standard_file: String,
    /// 名称.
    pub name: String,
    /// 保存場所.
    pub place: String,
    /// 管理者.
    pub manager: String,
    /// 記録媒体.
    pub medium: String,
    /// Where the classification was taken from.
    pub source: String,
    /// `kept`, `expired`, `transferred` or `disposed`.
    pub state: String,
    /// When the first case or book came into it.
    pub created_at: Micros,
    /// Rises with every change.
    pub version: i64,
}

impl RecordFileRow {
    /// What is in it.
    pub fn file_content(&self) -> Result<FileContent, StoreError> {
        FileContent::parse(&self.content).ok_or_else(|| self.broken("content"))
    }

    /// The retention class.
    pub fn class(&self) -> Result<RetentionClass, StoreError> {
        RetentionClass::parse(&self.retention).ok_or_else(|| self.broken("retention"))
    }

    /// What the register says is to happen.
    pub fn planned(&self) -> Result<PlannedMeasure, StoreError> {
        PlannedMeasure::parse(&self.measure).ok_or_else(|| self.broken("measure"))
    }

    /// Where it stands.
    pub fn file_state(&self) -> Result<FileState, StoreError> {
        FileState::parse(&self.state).ok_or_else(|| self.broken("state"))
    }

    /// Its line of the register.
    pub fn line(&self) -> Result<RegisterLine<'_>, StoreError> {
        Ok(RegisterLine {
            large: &self.large,
            middle: &self.middle,
            small: &self.small,
            standard_file: &self.standard_file,
            name: &self.name,
            fiscal_year: i16::try_from(self.fiscal_year).map_err(|_| self.broken("fiscal_year"))?,
            retention: self.class()?,
            expires_on: self.expires_on.map(|day| day.0),
            measure: self.planned()?,
            place: &self.place,
            manager: &self.manager,
            medium: &self.medium,
        })
    }

    fn broken(&self, column: &str) -> StoreError {
        StoreError::Inconsistent(format!("record_files.{column} of {}", self.id))
    }
}

/// A case in a file, as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = record_cases, treat_none_as_default_value = false)]
pub struct RecordCaseRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The case.
    pub application_id: ApplicationId,
    /// The file.
    pub record_file_id: RecordFileId,
    /// The day it ended (完結日).
    pub completed_on: IsoDate,
    /// When its key was destroyed.
    pub erased_at: Option<Micros>,
    /// When its documents were removed from the store of files.
    pub files_removed_at: Option<Micros>,
}

/// Which files are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileFilter {
    /// Of cases that ended in this fiscal year.
    pub fiscal_year: Option<i16>,
    /// Of this department.
    pub department: Option<String>,
    /// In this state.
    pub state: Option<FileState>,
    /// With this in them.
    pub content: Option<FileContent>,
}

/// A page of the register, in the order of ids; `after` is the last one of the page before.
pub fn page(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    filter: &FileFilter,
    after: Option<RecordFileId>,
    limit: i64,
) -> Result<Vec<RecordFileRow>, StoreError> {
    let mut query = record_files::table
        .filter(record_files::tenant_id.eq(tenant))
        .order(record_files::id)
        .limit(limit)
        .select(RecordFileRow::as_select())
        .into_boxed();
    if let Some(year) = filter.fiscal_year {
        query = query.filter(record_files::fiscal_year.eq(i64::from(year)));
    }
    if let Some(department) = &filter.department {
        query = query.filter(record_files::department.eq(department.clone()));
    }
    if let Some(state) = filter.state {
        query = query.filter(record_files::state.eq(state.as_str()));
    }
    if let Some(content) = filter.content {
        query = query.filter(record_files::content.eq(content.as_str()));
    }
    if let Some(after) = after {
        query = query.filter(record_files::id.gt(after));
    }
    Ok(query.load(tx.read())?)
}

/// One file.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: RecordFileId,
) -> Result<Option<RecordFileRow>, StoreError> {
    Ok(record_files::table
        .filter(record_files::tenant_id.eq(tenant))
        .filter(record_files::id.eq(id))
        .select(RecordFileRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The file that a new one would be, made where there is none yet: whoever comes first makes it, all others find it.
pub fn find_or_make(tx: &mut Tx<'_>, wanted: &RecordFileRow) -> Result<RecordFileRow, StoreError> {
    or_ignore(diesel::insert_into(record_files::table).values(wanted)).execute(tx.change())?;
    Ok(record_files::table
        .filter(record_files::tenant_id.eq(&wanted.tenant_id))
        .filter(record_files::procedure.eq(&wanted.procedure))
        .filter(record_files::department.eq(&wanted.department))
        .filter(record_files::fiscal_year.eq(wanted.fiscal_year))
        .filter(record_files::rule_code.eq(&wanted.rule_code))
        .filter(record_files::retention.eq(&wanted.retention))
        .select(RecordFileRow::as_select())
        .first(tx.read())?)
}

/// Kept files whose last day was before `today`, the longest overdue first.
pub fn to_expire(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    today: Date,
    limit: i64,
) -> Result<Vec<RecordFileRow>, StoreError> {
    Ok(record_files::table
        .filter(record_files::tenant_id.eq(tenant))
        .filter(record_files::state.eq(FileState::Kept.as_str()))
        .filter(record_files::expires_on.lt(IsoDate(today)))
        .order((record_files::expires_on, record_files::id))
        .limit(limit)
        .select(RecordFileRow::as_select())
        .load(tx.read())?)
}

/// Whether a change met the version it was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// It is stored.
    Stored,
    /// Somebody else moved it first; nothing was changed.
    Elsewhere,
}

/// Moves a file from the state it was read in to another one.
pub fn set_state(tx: &mut Tx<'_>, row: &RecordFileRow, state: FileState) -> Result<Moved, StoreError> {
    let target = record_files::table
        .filter(record_files::tenant_id.eq(&row.tenant_id))
        .filter(record_files::id.eq(row.id))
        .filter(record_files::version.eq(row.version));
    let changed = diesel::update(target)
        .set((record_files::state.eq(state.as_str()), record_files::version.eq(row.version + 1)))
        .execute(tx.change())?;
    Ok(if changed == 1 { Moved::Stored } else { Moved::Elsewhere })
}

/// Ended cases that are in no file, in the order of ids.
pub fn unfiled(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    after: Option<ApplicationId>,
    limit: i64,
) -> Result<Vec<ApplicationId>, StoreError> {
    let filed = record_cases::table
        .filter(record_cases::tenant_id.eq(applications::tenant_id))
        .filter(record_cases::application_id.eq(applications::id));
    let mut query = applications::table
        .filter(applications::tenant_id.eq(tenant))
        // In words of the index, which a planner does not see behind parameters.
        .filter(sql::<Bool>("applications.state IN ('closed', 'withdrawn', 'transferred')"))
        .filter(diesel::dsl::not(diesel::dsl::exists(filed)))
        .order(applications::id)
        .limit(limit)
        .select(applications::id)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(applications::id.gt(after));
    }
    Ok(query.load(tx.read())?)
}

/// When a case ended: the instant of the last event that ended it.
pub fn ended_at(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Option<Micros>, StoreError> {
    Ok(events::table
        .filter(events::tenant_id.eq(tenant))
        .filter(events::application_id.eq(id))
        .filter(events::kind.eq_any(ENDED))
        .order(events::seq.desc())
        .select(events::at)
        .first(tx.read())
        .optional()?)
}

/// Puts a case into a file, once.
pub fn put_case(tx: &mut Tx<'_>, row: &RecordCaseRow) -> Result<(), StoreError> {
    or_ignore(diesel::insert_into(record_cases::table).values(row)).execute(tx.change())?;
    Ok(())
}

/// The file of a case, once it is in one.
pub fn case_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Option<RecordCaseRow>, StoreError> {
    Ok(record_cases::table
        .filter(record_cases::tenant_id.eq(tenant))
        .filter(record_cases::application_id.eq(id))
        .select(RecordCaseRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// Which cases of a file are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CasesWanted {
    /// All that are or were in it.
    All,
    /// Those of which something is left here.
    Left,
}

/// The cases of a file with their rows, in the order of ids.
pub fn cases(
    tx: &mut impl Reads,
    (tenant, file): (&TenantCode, RecordFileId),
    wanted: CasesWanted,
    after: Option<ApplicationId>,
    limit: i64,
) -> Result<Vec<(RecordCaseRow, ApplicationRow)>, StoreError> {
    let of_case = record_cases::tenant_id
        .eq(applications::tenant_id)
        .and(record_cases::application_id.eq(applications::id));
    let mut query = record_cases::table
        .inner_join(applications::table.on(of_case))
        .filter(record_cases::tenant_id.eq(tenant))
        .filter(record_cases::record_file_id.eq(file))
        .order(record_cases::application_id)
        .limit(limit)
        .select((RecordCaseRow::as_select(), ApplicationRow::as_select()))
        .into_boxed();
    if wanted == CasesWanted::Left {
        query = query.filter(record_cases::files_removed_at.is_null());
    }
    if let Some(after) = after {
        query = query.filter(record_cases::application_id.gt(after));
    }
    Ok(query.load(tx.read())?)
}

/// How many cases are or were in a file.
pub fn count_cases(tx: &mut impl Reads, tenant: &TenantCode, file: RecordFileId) -> Result<i64, StoreError> {
    Ok(record_cases::table
        .filter(record_cases::tenant_id.eq(tenant))
        .filter(record_cases::record_file_id.eq(file))
        .count()
        .get_result(tx.read())?)
}

/// Writes down that the key of a case is destroyed.
pub fn mark_erased(tx: &mut Tx<'_>, tenant: &TenantCode, id: ApplicationId) -> Result<(), StoreError> {
    let now = Micros(tx.now());
    let target = record_cases::table
        .filter(record_cases::tenant_id.eq(tenant))
        .filter(record_cases::application_id.eq(id))
        .filter(record_cases::erased_at.is_null());
    diesel::update(target).set(record_cases::erased_at.eq(Some(now))).execute(tx.change())?;
    Ok(())
}

/// Writes down that the documents of an erased case are gone from the store of files.
pub fn mark_files_removed(tx: &mut Tx<'_>, tenant: &TenantCode, id: ApplicationId) -> Result<(), StoreError> {
    let now = Micros(tx.now());
    let target = record_cases::table
        .filter(record_cases::tenant_id.eq(tenant))
        .filter(record_cases::application_id.eq(id))
        .filter(record_cases::erased_at.is_not_null())
        .filter(record_cases::files_removed_at.is_null());
    diesel::update(target).set(record_cases::files_removed_at.eq(Some(now))).execute(tx.change())?;
    Ok(())
}
