//! A department's queue: everything its rows show, in a fixed number of statements however long the page is.

use diesel::prelude::*;

use super::schema::{applications, invoices, parties};
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError};
use crate::domain::id::{ApplicationId, OfficerId, TenantCode};

/// A row of a queue as stored; the applicant is sealed with the case's key.
#[derive(Clone, Debug, Queryable)]
pub struct QueueRow {
    /// The case.
    pub id: ApplicationId,
    /// 受付番号.
    pub number: Option<String>,
    /// Slug of the procedure.
    pub procedure: String,
    /// Its pinned version.
    pub procedure_version: i64,
    /// `application` or `notification`.
    pub kind: String,
    /// Name of the state.
    pub state: String,
    /// 到達日時.
    pub arrived_at: Option<Micros>,
    /// End of the standard processing period.
    pub due_on: Option<IsoDate>,
    /// Who works on it.
    pub assignee: Option<OfficerId>,
    /// Version of the case.
    pub version: i64,
    /// The case's key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// The applicant, sealed.
    pub sealed_party: Option<Vec<u8>>,
}

/// Which rows of a queue are wanted.
#[derive(Clone, Debug)]
pub struct QueueQuery {
    /// The body.
    pub tenant: TenantCode,
    /// Code of the department.
    pub department: String,
    /// Names of the states wanted; never a draft.
    pub states: Vec<String>,
    /// Whose cases.
    pub assignee: Option<OfficerId>,
    /// The last row of the page before.
    pub after: Option<(Micros, ApplicationId)>,
    /// The most rows.
    pub limit: i64,
}

/// A page of a queue, oldest arrival first.
pub fn page(tx: &mut impl Reads, wanted: &QueueQuery) -> Result<Vec<QueueRow>, StoreError> {
    let applicant = parties::tenant_id
        .eq(applications::tenant_id)
        .and(parties::application_id.eq(applications::id))
        .and(parties::role.eq("applicant"));
    let mut query = applications::table
        .left_join(parties::table.on(applicant))
        .filter(applications::tenant_id.eq(&wanted.tenant))
        .filter(applications::department.eq(&wanted.department))
        .filter(applications::state.eq_any(&wanted.states))
        .filter(applications::arrived_at.is_not_null())
        .order((applications::arrived_at, applications::id))
        .limit(wanted.limit)
        .select((
            applications::id,
            applications::number,
            applications::procedure,
            applications::procedure_version,
            applications::kind,
            applications::state,
            applications::arrived_at,
            applications::due_on,
            applications::assignee_id,
            applications::version,
            applications::wrapped_key,
            parties::sealed_party.nullable(),
        ))
        .into_boxed();
    if let Some(assignee) = wanted.assignee {
        query = query.filter(applications::assignee_id.eq(assignee));
    }
    if let Some((at, id)) = wanted.after {
        let later = applications::arrived_at.gt(at);
        let same = applications::arrived_at.eq(at).and(applications::id.gt(id));
        query = query.filter(later.or(same).assume_not_null());
    }
    Ok(query.load(tx.read())?)
}

/// The states of the invoices of many cases, in one statement.
pub fn invoice_states(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    cases: &[ApplicationId],
) -> Result<Vec<(ApplicationId, String)>, StoreError> {
    Ok(invoices::table
        .filter(invoices::tenant_id.eq(tenant))
        .filter(invoices::application_id.eq_any(cases))
        .order((invoices::issued_at, invoices::id))
        .select((invoices::application_id, invoices::state))
        .load(tx.read())?)
}
