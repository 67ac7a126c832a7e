//! The register of what came in (収受簿, R-122), and what waits for a number of it.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use super::parties::ArrivalRow;
use super::schema::incoming::incoming_documents;
use super::schema::records::record_cases;
use super::schema::{applications, arrivals};
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::document_number::Series;
use crate::domain::id::{ApplicationId, TenantCode};

/// A filing with the number it was given when it came in.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = incoming_documents)]
pub struct IncomingRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// What is counted together.
    pub series: String,
    /// The year.
    pub year: i64,
    /// The number.
    pub number: i64,
    /// 収受番号 as it is written.
    pub incoming_number: String,
    /// The case.
    pub application_id: ApplicationId,
    /// Code of the office it came in at.
    pub department: String,
    /// 収受日: the day of arrival there.
    pub incoming_on: IsoDate,
    /// `online`, `counter`, `post` or `phone`.
    pub channel: String,
    /// When the number was given.
    pub assigned_at: Micros,
}

/// A line of the register with what the case is about.
#[derive(Clone, Debug, Queryable)]
pub struct IncomingLine {
    /// The number and the day.
    pub row: IncomingRow,
    /// 受付番号 of the case.
    pub number: Option<String>,
    /// Slug of the procedure.
    pub procedure: String,
    /// Its pinned version.
    pub procedure_version: i64,
    /// `application` or `notification`.
    pub kind: String,
    /// Where the case stands.
    pub state: String,
}

/// A case that has no number yet, by when it arrived.
pub type Waiting = (Micros, ApplicationId);

/// At most `limit` cases that came here or arrived anywhere at `since` or later and have no number yet, in the order of their arrival, behind `after`.
pub fn waiting(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    since: Micros,
    after: Option<Waiting>,
    limit: i64,
) -> Result<Vec<Waiting>, StoreError> {
    let mut query = applications::table
        .filter(applications::tenant_id.eq(tenant))
        .filter(applications::incoming_number.is_null())
        .filter(applications::arrived_at.ge(since).or(applications::created_at.ge(since)))
        .filter(applications::arrived_at.is_not_null())
        .order((applications::arrived_at, applications::id))
        .select((applications::arrived_at.assume_not_null(), applications::id))
        .limit(limit)
        .into_boxed();
    if let Some((at, id)) = after {
        // Compared as a row, so that the index begins right behind what the page before had.
        let behind = sql::<Bool>("(applications.arrived_at, applications.id) > (");
        query = query.filter(behind.bind::<BigInt, _>(at).sql(", ").bind::<Text, _>(id).sql(")"));
    }
    Ok(query.load(tx.read())?)
}

/// Those of `cases` whose records are gone: nothing can be said of them any more, so nothing is added to them.
fn erased(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    cases: &[ApplicationId],
) -> Result<Vec<ApplicationId>, StoreError> {
    Ok(record_cases::table
        .filter(record_cases::tenant_id.eq(tenant))
        .filter(record_cases::application_id.eq_any(cases))
        .filter(record_cases::erased_at.is_not_null())
        .select(record_cases::application_id)
        .load(tx.read())?)
}

/// The arrivals of those of `cases` that still have no number and are still here, case by case in the order of their arrival, each leg by leg.
pub fn arrivals_without_number(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    cases: &[ApplicationId],
) -> Result<Vec<ArrivalRow>, StoreError> {
    let erased = erased(tx, tenant, cases)?;
    let of_case =
        arrivals::tenant_id.eq(applications::tenant_id).and(arrivals::application_id.eq(applications::id));
    Ok(applications::table
        .inner_join(arrivals::table.on(of_case))
        .filter(applications::tenant_id.eq(tenant))
        .filter(applications::id.eq_any(cases))
        .filter(applications::id.ne_all(erased))
        .filter(applications::incoming_number.is_null())
        .order((applications::arrived_at, applications::id, arrivals::leg))
        .select(ArrivalRow::as_select())
        .load(tx.read())?)
}

/// Stores a number that was given, in the register and with the case; the version of the case stays, because nobody's work is undone.
pub fn insert(tx: &mut Tx<'_>, row: &IncomingRow) -> Result<(), StoreError> {
    diesel::insert_into(incoming_documents::table).values(row).execute(tx.change())?;
    let case = applications::table
        .filter(applications::tenant_id.eq(&row.tenant_id))
        .filter(applications::id.eq(row.application_id))
        .filter(applications::incoming_number.is_null());
    let affected = diesel::update(case)
        .set((
            applications::incoming_number.eq(&row.incoming_number),
            applications::incoming_on.eq(row.incoming_on),
        ))
        .execute(tx.change())?;
    let doubled =
        || StoreError::Inconsistent(format!("applications.incoming_number of {}", row.application_id));
    if affected == 1 { Ok(()) } else { Err(doubled()) }
}

/// At most `limit` lines of a sequence behind the number `after`, in the order of numbers.
pub fn page(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    series: &Series,
    after: i64,
    limit: i64,
) -> Result<Vec<IncomingLine>, StoreError> {
    let of_case = applications::tenant_id
        .eq(incoming_documents::tenant_id)
        .and(applications::id.eq(incoming_documents::application_id));
    Ok(incoming_documents::table
        .inner_join(applications::table.on(of_case))
        .filter(incoming_documents::tenant_id.eq(tenant))
        .filter(incoming_documents::series.eq(&series.key))
        .filter(incoming_documents::year.eq(series.year))
        .filter(incoming_documents::number.gt(after))
        .order(incoming_documents::number)
        .limit(limit)
        .select((
            IncomingRow::as_select(),
            applications::number,
            applications::procedure,
            applications::procedure_version,
            applications::kind,
            applications::state,
        ))
        .load(tx.read())?)
}

/// The sequences and numbers of everything that came in at a body.
pub fn given(tx: &mut impl Reads, tenant: &TenantCode) -> Result<Vec<(Series, i64)>, StoreError> {
    let rows: Vec<(String, i64, i64)> = incoming_documents::table
        .filter(incoming_documents::tenant_id.eq(tenant))
        .select((incoming_documents::series, incoming_documents::year, incoming_documents::number))
        .load(tx.read())?;
    Ok(rows.into_iter().map(|(key, year, number)| (Series { key, year }, number)).collect())
}
