//! The file register (行政文書ファイル管理簿, R-123): for everybody, and what staff see of a file beyond it.

use super::block::{self, Blocks};
use super::book_block::FileFacts;
use super::file_for;
use crate::domain::id::{ApplicationId, RecordBookId, RecordFileId, TenantCode};
use crate::domain::policy::Action;
use crate::domain::records::{REGISTER_COLUMNS, csv};
use crate::service::{Ctx, Failure, Refusal};
use crate::store::applications::ApplicationRow;
use crate::store::record_books::{self, BooksWanted, RecordBookRow};
use crate::store::record_files::{self, CasesWanted, FileFilter, RecordCaseRow, RecordFileRow};
use crate::store::record_measures::{self, MeasureRow};

/// Files on a page.
pub const PAGE: i64 = 100;

/// Files read in one go for the whole table.
const PIECE: i64 = 1_000;

/// Cases or books on a page.
const MEMBERS: i64 = 50;

/// A page of the register.
#[derive(Clone, Debug)]
pub struct RegisterPage {
    /// In the order of ids.
    pub items: Vec<RecordFileRow>,
    /// Where the list goes on; none at its end.
    pub next: Option<RecordFileId>,
}

/// A page of the published register; anybody may read it.
pub async fn list(
    ctx: Ctx,
    tenant: TenantCode,
    filter: FileFilter,
    after: Option<RecordFileId>,
) -> Result<RegisterPage, Failure> {
    ctx.catalogue.tenant(&tenant).ok_or(Refusal::NotFound)?;
    let db = ctx.core.db.clone();
    db.read_stale(move |tx| {
        let mut items = record_files::page(tx, &tenant, &filter, after, PAGE + 1)?;
        let more = items.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
        if more {
            items.pop();
        }
        let next = items.last().filter(|_| more).map(|row| row.id);
        Ok(RegisterPage { items, next })
    })
    .await
}

/// The whole register as CSV with the published columns, read piece by piece; anybody may read it.
pub async fn table(ctx: Ctx, tenant: TenantCode, filter: FileFilter) -> Result<String, Failure> {
    ctx.catalogue.tenant(&tenant).ok_or(Refusal::NotFound)?;
    let mut text = REGISTER_COLUMNS.join(",") + "\r\n";
    let mut after = None;
    loop {
        let (of, wanted) = (tenant.clone(), filter.clone());
        let piece = ctx
            .core
            .db
            .read_stale(move |tx| {
                let rows = record_files::page(tx, &of, &wanted, after, PIECE)?;
                let lines: Result<Vec<_>, _> = rows.iter().map(RecordFileRow::line).collect();
                Ok::<_, Failure>((rows.last().map(|row| row.id), csv(lines?)))
            })
            .await?;
        let (Some(last), lines) = piece else { return Ok(text) };
        text.push_str(&lines);
        after = Some(last);
    }
}

/// A file as the department sees it.
#[derive(Clone, Debug)]
pub struct FileDetails {
    /// The file.
    pub file: RecordFileRow,
    /// How many cases are or were in it.
    pub cases: i64,
    /// How many books are or were in it.
    pub books: i64,
    /// What was ever proposed to become of it, oldest first.
    pub measures: Vec<MeasureRow>,
}

/// One file, for the staff of its department.
pub async fn show(ctx: Ctx, tenant: TenantCode, id: RecordFileId) -> Result<FileDetails, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        let (file, _) = file_for(tx, &ctx, &tenant, id, Action::ReadQueue)?;
        let cases = record_files::count_cases(tx, &tenant, id)?;
        let books = record_books::count(tx, &tenant, id)?;
        Ok(FileDetails { measures: record_measures::of_file(tx, &tenant, id)?, file, cases, books })
    })
    .await
}

/// A case of a file.
#[derive(Clone, Debug)]
pub struct FiledCase {
    /// Where it is filed, and what is left of it.
    pub row: RecordCaseRow,
    /// Its number.
    pub number: Option<String>,
    /// What stands in the way of its disposal; nothing of a case that is erased.
    pub blocks: Blocks,
}

/// A page of the cases of a file.
#[derive(Clone, Debug)]
pub struct FiledCases {
    /// In the order of ids.
    pub items: Vec<FiledCase>,
    /// Where the list goes on; none at its end.
    pub next: Option<ApplicationId>,
}

/// The cases of a file with everything that stands in their way, for the staff of its department.
pub async fn cases(
    ctx: Ctx,
    tenant: TenantCode,
    id: RecordFileId,
    after: Option<ApplicationId>,
) -> Result<FiledCases, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        file_for(tx, &ctx, &tenant, id, Action::ReadQueue)?;
        let mut rows = record_files::cases(tx, (&tenant, id), CasesWanted::All, after, MEMBERS + 1)?;
        let more = rows.len() > usize::try_from(MEMBERS).unwrap_or(usize::MAX);
        if more {
            rows.pop();
        }
        let next = rows.last().filter(|_| more).map(|(row, _)| row.application_id);
        let left = rows.iter().filter(|(row, _)| row.erased_at.is_none()).map(|(_, case)| case.id);
        let mut blocks = block::of_cases(tx, &ctx.catalogue, &tenant, &left.collect::<Vec<_>>())?;
        let filed = |(row, case): (RecordCaseRow, ApplicationRow)| FiledCase {
            row,
            number: case.number,
            blocks: blocks.remove(&case.id).unwrap_or_default(),
        };
        Ok(FiledCases { items: rows.into_iter().map(filed).collect(), next })
    })
    .await
}

/// A book of a file.
#[derive(Clone, Debug)]
pub struct FiledBook {
    /// Where it is filed, and whether it is still here.
    pub row: RecordBookRow,
    /// What stands in the way of its disposal; nothing of a book that is gone.
    pub blocks: Blocks,
}

/// A page of the books of a file.
#[derive(Clone, Debug)]
pub struct FiledBooks {
    /// In the order of ids.
    pub items: Vec<FiledBook>,
    /// Where the list goes on; none at its end.
    pub next: Option<RecordBookId>,
}

/// The books of a file with everything that stands in their way, for the staff of its department.
pub async fn books(
    ctx: Ctx,
    tenant: TenantCode,
    id: RecordFileId,
    after: Option<RecordBookId>,
) -> Result<FiledBooks, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        file_for(tx, &ctx, &tenant, id, Action::ReadQueue)?;
        let mut rows = record_books::of_file(tx, (&tenant, id), BooksWanted::All, after, MEMBERS + 1)?;
        let more = rows.len() > usize::try_from(MEMBERS).unwrap_or(usize::MAX);
        if more {
            rows.pop();
        }
        let next = rows.last().filter(|_| more).map(|row| row.id);
        let facts = FileFacts::read(tx, &tenant, id)?;
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            let blocks = if row.erased_at.is_some() {
                Blocks::new()
            } else {
                facts.of_book(tx, &ctx.catalogue, &row)?
            };
            items.push(FiledBook { row, blocks });
        }
        Ok(FiledBooks { items, next })
    })
    .await
}
