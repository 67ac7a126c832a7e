//! What still lies with a department that no longer exists (改組, R-127): its cases, and steps that wait at its desks.

use std::collections::BTreeSet;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::schema::{applications, approval_steps, proposals};
use super::{Reads, StoreError};
use crate::domain::id::{ApplicationId, ProposalId, TenantCode};

/// What came on paper and was entered by staff.
const ENTERED_BY_OFFICE: &str = "EXISTS (SELECT 1 FROM paper_filings \
    WHERE paper_filings.tenant_id = applications.tenant_id AND paper_filings.application_id = applications.id)";

/// At most about `limit` cases that lie with `department`, or a proposal of which waits at one of its desks. A draft belongs to
/// its applicant and reaches whoever is in charge when it is handed in; one that the office enters lies with the department.
pub fn left_with(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    department: &str,
    limit: i64,
) -> Result<BTreeSet<ApplicationId>, StoreError> {
    let cases: Vec<ApplicationId> = applications::table
        .filter(applications::tenant_id.eq(tenant))
        .filter(applications::department.eq(department))
        .filter(applications::state.ne("draft").or(sql::<Bool>(ENTERED_BY_OFFICE)))
        .limit(limit)
        .select(applications::id)
        .load(tx.read())?;
    let of_step =
        approval_steps::tenant_id.eq(proposals::tenant_id).and(approval_steps::proposal_id.eq(proposals::id));
    let waiting: Vec<ApplicationId> = proposals::table
        .inner_join(approval_steps::table.on(of_step))
        .filter(proposals::tenant_id.eq(tenant))
        .filter(proposals::state.eq("in_approval"))
        .filter(approval_steps::state.eq("waiting"))
        .filter(approval_steps::department.eq(department))
        .limit(limit)
        .select(proposals::application_id)
        .load(tx.read())?;
    Ok(cases.into_iter().chain(waiting).collect())
}

/// The live proposals of a case of which a step waits at a desk of `department`.
pub fn waiting_at(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
    department: &str,
) -> Result<Vec<ProposalId>, StoreError> {
    let of_step =
        approval_steps::tenant_id.eq(proposals::tenant_id).and(approval_steps::proposal_id.eq(proposals::id));
    Ok(proposals::table
        .inner_join(approval_steps::table.on(of_step))
        .filter(proposals::tenant_id.eq(tenant))
        .filter(proposals::application_id.eq(application))
        .filter(proposals::state.eq("in_approval"))
        .filter(approval_steps::state.eq("waiting"))
        .filter(approval_steps::department.eq(department))
        .select(proposals::id)
        .distinct()
        .load(tx.read())?)
}
