//! Mail that nobody will get (不達): one row a mail, open until somebody of the office has settled it.

use diesel::prelude::*;

use super::schema::applications;
use super::schema::mails::undelivered_mails;
use super::sql::{Micros, or_ignore};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, JobId, OfficerId, TenantCode};

/// A mail as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = undelivered_mails, treat_none_as_default_value = false)]
pub struct UndeliveredMailRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The mail, by the job that should have sent it.
    pub id: JobId,
    /// The case it was about.
    pub application_id: ApplicationId,
    /// Name of what it should have told.
    pub mail: String,
    /// `refused` or `gave_up`.
    pub reason: String,
    /// The mail server's reply.
    pub reply_code: Option<i64>,
    /// When it was given up.
    pub failed_at: Micros,
    /// Who reached the person in another way.
    pub settled_by: Option<OfficerId>,
    /// When.
    pub settled_at: Option<Micros>,
}

/// Records a mail, once; hearing of it again changes nothing.
pub fn insert(tx: &mut Tx<'_>, row: &UndeliveredMailRow) -> Result<(), StoreError> {
    or_ignore(diesel::insert_into(undelivered_mails::table).values(row)).execute(tx.change())?;
    Ok(())
}

/// One mail.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: JobId,
) -> Result<Option<UndeliveredMailRow>, StoreError> {
    Ok(undelivered_mails::table
        .find((tenant, id))
        .select(UndeliveredMailRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// Says who settled a mail; the first one stays.
pub fn settle(tx: &mut Tx<'_>, row: &mut UndeliveredMailRow, officer: OfficerId) -> Result<(), StoreError> {
    if row.settled_at.is_some() {
        return Ok(());
    }
    (row.settled_by, row.settled_at) = (Some(officer), Some(Micros(tx.now())));
    let target = undelivered_mails::table.find((&row.tenant_id, row.id));
    diesel::update(target)
        .set((
            undelivered_mails::settled_by.eq(row.settled_by),
            undelivered_mails::settled_at.eq(row.settled_at),
        ))
        .execute(tx.change())?;
    Ok(())
}

/// The open mails of a department's cases after `after`, oldest first, each with the number of its case.
pub fn open_of_department(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    department: &str,
    after: Option<JobId>,
    limit: i64,
) -> Result<Vec<(UndeliveredMailRow, Option<String>)>, StoreError> {
    let of_case = applications::tenant_id
        .eq(undelivered_mails::tenant_id)
        .and(applications::id.eq(undelivered_mails::application_id));
    let mut query = undelivered_mails::table
        .inner_join(applications::table.on(of_case))
        .filter(undelivered_mails::tenant_id.eq(tenant))
        .filter(undelivered_mails::settled_at.is_null())
        .filter(applications::department.eq(department))
        .order(undelivered_mails::id)
        .limit(limit)
        .select((UndeliveredMailRow::as_select(), applications::number))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(undelivered_mails::id.gt(after));
    }
    Ok(query.load(tx.read())?)
}
