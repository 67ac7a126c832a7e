//! Filings that are open to the public: since when each is. Whether it can still be seen is asked of the case.

use diesel::prelude::*;
use jiff::Timestamp;

use super::schema::casework::public_filings;
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, TenantCode};

/// An opened filing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicFiling {
    /// The case.
    pub application: ApplicationId,
    /// Since when it is open.
    pub opened_at: Timestamp,
}

/// Opens a filing.
pub fn insert(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    procedure: &str,
    filing: PublicFiling,
) -> Result<(), StoreError> {
    let row = (
        public_filings::tenant_id.eq(tenant),
        public_filings::procedure.eq(procedure),
        public_filings::application_id.eq(filing.application),
        public_filings::opened_at.eq(Micros(filing.opened_at)),
    );
    diesel::insert_into(public_filings::table).values(row).execute(tx.change())?;
    Ok(())
}

/// Since when the filing of a case is open.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    procedure: &str,
    application: ApplicationId,
) -> Result<Option<PublicFiling>, StoreError> {
    let opened: Option<Micros> = public_filings::table
        .find((tenant, procedure, application))
        .select(public_filings::opened_at)
        .first(tx.read())
        .optional()?;
    Ok(opened.map(|opened| PublicFiling { application, opened_at: opened.0 }))
}

/// The filings of a procedure that opened, in the order of their cases; `after` is the last of the page before.
pub fn page(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    procedure: &str,
    after: Option<ApplicationId>,
    limit: i64,
) -> Result<Vec<PublicFiling>, StoreError> {
    let mut query = public_filings::table
        .filter(public_filings::tenant_id.eq(tenant))
        .filter(public_filings::procedure.eq(procedure))
        .order(public_filings::application_id)
        .limit(limit)
        .select((public_filings::application_id, public_filings::opened_at))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(public_filings::application_id.gt(after));
    }
    let rows: Vec<(ApplicationId, Micros)> = query.load(tx.read())?;
    let filing =
        |(application, opened): (ApplicationId, Micros)| PublicFiling { application, opened_at: opened.0 };
    Ok(rows.into_iter().map(filing).collect())
}
