//! Document numbers (文書番号): a counter for each sequence, and the numbers that stand on documents.
//!
//! The counter is the one row of the database that many cases want. Who counts holds it until the commit, so whatever is
//! undone gives its number back; it is taken last, in a transaction of one closure, and whoever takes several takes them in
//! the order of their sequences, so nobody waits in a circle. What came in is counted here too, many at once:
//! [`super::incoming_documents`].

use diesel::prelude::*;

use super::schema::dispositions::{document_counters, document_numbers};
use super::sql::{Micros, or_ignore};
use super::{Reads, StoreError, Tx};
use crate::domain::document_number::Series;
use crate::domain::id::{DecisionId, TenantCode};

/// A number as it stands on a document.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = document_numbers)]
pub struct DocumentNumberRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// What is counted together.
    pub series: String,
    /// The year.
    pub year: i64,
    /// The number.
    pub number: i64,
    /// As it is written.
    pub document_number: String,
    /// The decision it stands on.
    pub decision_id: DecisionId,
    /// When it was given.
    pub assigned_at: Micros,
}

/// The next number of a sequence. The counter stays locked until the transaction ends.
pub fn next(tx: &mut Tx<'_>, tenant: &TenantCode, series: &Series) -> Result<i64, StoreError> {
    next_of(tx, tenant, series, 1)
}

/// The first of the next `count` numbers of a sequence; whoever takes several counters takes them in the order of their sequences.
pub fn next_of(tx: &mut Tx<'_>, tenant: &TenantCode, series: &Series, count: i64) -> Result<i64, StoreError> {
    let first = (
        document_counters::tenant_id.eq(tenant),
        document_counters::series.eq(&series.key),
        document_counters::year.eq(series.year),
        document_counters::last_number.eq(0_i64),
    );
    or_ignore(diesel::insert_into(document_counters::table).values(first)).execute(tx.change())?;
    let counter = document_counters::table.find((tenant, &series.key, series.year));
    diesel::update(counter)
        .set(document_counters::last_number.eq(document_counters::last_number + count))
        .execute(tx.change())?;
    let last: i64 = counter.select(document_counters::last_number).first(tx.read())?;
    Ok(last - count + 1)
}

/// Stores a number that was given.
pub fn insert(tx: &mut Tx<'_>, row: &DocumentNumberRow) -> Result<(), StoreError> {
    diesel::insert_into(document_numbers::table).values(row).execute(tx.change())?;
    Ok(())
}

/// Every sequence of a body with how far it was counted.
pub fn counters(tx: &mut impl Reads, tenant: &TenantCode) -> Result<Vec<(Series, i64)>, StoreError> {
    let rows: Vec<(String, i64, i64)> = document_counters::table
        .filter(document_counters::tenant_id.eq(tenant))
        .order((document_counters::series, document_counters::year))
        .select((document_counters::series, document_counters::year, document_counters::last_number))
        .load(tx.read())?;
    Ok(rows.into_iter().map(|(key, year, last)| (Series { key, year }, last)).collect())
}

/// The sequences and numbers that stand on documents of a body.
pub fn given(tx: &mut impl Reads, tenant: &TenantCode) -> Result<Vec<(Series, i64)>, StoreError> {
    let rows: Vec<(String, i64, i64)> = document_numbers::table
        .filter(document_numbers::tenant_id.eq(tenant))
        .order((document_numbers::series, document_numbers::year, document_numbers::number))
        .select((document_numbers::series, document_numbers::year, document_numbers::number))
        .load(tx.read())?;
    Ok(rows.into_iter().map(|(key, year, number)| (Series { key, year }, number)).collect())
}
