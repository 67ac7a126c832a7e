//! Books that belong to no case (会計帳票), and the record files that they are in.

use diesel::dsl::{exists, not};
use diesel::prelude::*;

use super::schema::el_qr::{el_qr_files, el_qr_uploads};
use super::schema::reconciliation::bank_statements;
use super::schema::records::{books, record_books};
use super::schema::refunds::payouts;
use super::schema::settlements::settlement_sources;
use super::sql::{IsoDate, Micros, or_ignore};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{RecordBookId, RecordFileId, TenantCode};
use crate::domain::records::BookKind;

/// What destroyed keys and bytes are: none.
const DESTROYED: Vec<u8> = Vec::new();

/// A book in a file, as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = record_books, treat_none_as_default_value = false)]
pub struct RecordBookRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The book.
    pub id: RecordBookId,
    /// The file.
    pub record_file_id: RecordFileId,
    /// Name of the kind.
    pub kind: String,
    /// Its name among its kind: its id, its day, or of a report its account and digest.
    pub subject: String,
    /// Its day (完結日).
    pub completed_on: IsoDate,
    /// When its key and its bytes were destroyed.
    pub erased_at: Option<Micros>,
}

impl RecordBookRow {
    /// The kind.
    pub fn book_kind(&self) -> Result<BookKind, StoreError> {
        BookKind::parse(&self.kind).ok_or_else(|| self.broken("kind"))
    }

    /// The account and the digest of a report.
    pub fn report(&self) -> Result<(&str, &str), StoreError> {
        self.subject.rsplit_once(':').ok_or_else(|| self.broken("subject"))
    }

    /// The id or day that the subject is.
    pub fn named<T: std::str::FromStr>(&self) -> Result<T, StoreError> {
        self.subject.parse().map_err(|_| self.broken("subject"))
    }

    fn broken(&self, column: &str) -> StoreError {
        StoreError::Inconsistent(format!("record_books.{column} of {}", self.id))
    }
}

/// Books of a kind that are in no file, in the order of their names, each with the instant at which it came into being.
pub fn unfiled(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    kind: BookKind,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<(String, Micros)>, StoreError> {
    let filed = record_books::table
        .filter(record_books::tenant_id.eq(books::tenant_id))
        .filter(record_books::kind.eq(books::kind))
        .filter(record_books::subject.eq(books::subject));
    Ok(books::table
        .filter(books::tenant_id.eq(tenant))
        .filter(books::kind.eq(kind.as_str()))
        .filter(books::subject.gt(after.unwrap_or_default().to_owned()))
        .filter(not(exists(filed)))
        .order(books::subject)
        .limit(limit)
        .select((books::subject, books::made_at))
        .load(tx.read())?)
}

/// Puts a book into a file, once.
pub fn put(tx: &mut Tx<'_>, row: &RecordBookRow) -> Result<(), StoreError> {
    or_ignore(diesel::insert_into(record_books::table).values(row)).execute(tx.change())?;
    Ok(())
}

/// One book.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: RecordBookId,
) -> Result<Option<RecordBookRow>, StoreError> {
    Ok(record_books::table
        .filter(record_books::tenant_id.eq(tenant))
        .filter(record_books::id.eq(id))
        .select(RecordBookRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// Where a book is filed, once it is.
pub fn of_subject(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    kind: BookKind,
    subject: &str,
) -> Result<Option<RecordBookRow>, StoreError> {
    Ok(record_books::table
        .filter(record_books::tenant_id.eq(tenant))
        .filter(record_books::kind.eq(kind.as_str()))
        .filter(record_books::subject.eq(subject))
        .select(RecordBookRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// Which books of a file are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BooksWanted {
    /// All that are or were in it.
    All,
    /// Those that are still here.
    Left,
}

/// The books of a file, in the order of ids.
pub fn of_file(
    tx: &mut impl Reads,
    (tenant, file): (&TenantCode, RecordFileId),
    wanted: BooksWanted,
    after: Option<RecordBookId>,
    limit: i64,
) -> Result<Vec<RecordBookRow>, StoreError> {
    let mut query = record_books::table
        .filter(record_books::tenant_id.eq(tenant))
        .filter(record_books::record_file_id.eq(file))
        .order(record_books::id)
        .limit(limit)
        .select(RecordBookRow::as_select())
        .into_boxed();
    if wanted == BooksWanted::Left {
        query = query.filter(record_books::erased_at.is_null());
    }
    if let Some(after) = after {
        query = query.filter(record_books::id.gt(after));
    }
    Ok(query.load(tx.read())?)
}

/// How many books are or were in a file.
pub fn count(tx: &mut impl Reads, tenant: &TenantCode, file: RecordFileId) -> Result<i64, StoreError> {
    Ok(record_books::table
        .filter(record_books::tenant_id.eq(tenant))
        .filter(record_books::record_file_id.eq(file))
        .count()
        .get_result(tx.read())?)
}

/// Destroys what is sealed of a book, and writes down that it is gone. What it was booked by, its digest and its lines stay: they
/// are the ledger's and name nobody.
pub fn erase(tx: &mut Tx<'_>, row: &RecordBookRow) -> Result<(), StoreError> {
    let now = Micros(tx.now());
    // Key and bytes of the row of a table that has an id.
    macro_rules! destroy {
        ($table:ident) => {{
            let of = $table::table.filter($table::tenant_id.eq(&row.tenant_id));
            diesel::update(of.filter($table::id.eq(&row.subject)))
                .set(($table::wrapped_key.eq(DESTROYED), $table::sealed_file.eq(DESTROYED)))
                .execute(tx.change())?;
        }};
    }
    match row.book_kind()? {
        BookKind::SettlementReport => {
            let (gateway, sha256) = row.report()?;
            let of = settlement_sources::table
                .filter(settlement_sources::tenant_id.eq(&row.tenant_id))
                .filter(settlement_sources::gateway.eq(gateway))
                .filter(settlement_sources::sha256.eq(sha256));
            let nothing = Some(DESTROYED);
            diesel::update(of)
                .set((
                    settlement_sources::wrapped_key.eq(nothing.clone()),
                    settlement_sources::sealed_file.eq(nothing),
                ))
                .execute(tx.change())?;
        }
        BookKind::BankStatement => destroy!(bank_statements),
        BookKind::TransferFile => destroy!(payouts),
        BookKind::ElQrUpload => destroy!(el_qr_uploads),
        BookKind::ElQrFile => destroy!(el_qr_files),
        // A close holds sums and the ids of two officers, and nothing sealed. The next one follows from its hash, and whoever checks
        // the chain needs every link: its disposal is that it can be read no more, but by the check.
        BookKind::DayClose => {}
    }
    let target = record_books::table
        .filter(record_books::tenant_id.eq(&row.tenant_id))
        .filter(record_books::id.eq(row.id))
        .filter(record_books::erased_at.is_null());
    diesel::update(target).set(record_books::erased_at.eq(Some(now))).execute(tx.change())?;
    Ok(())
}
