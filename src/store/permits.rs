//! Permits (許可・登録), what happened to them, and the applications that renew them.

use diesel::prelude::*;

use super::schema::applications;
use super::schema::case_links::case_links;
use super::schema::dispositions::{permit_events, permit_renewals, permits};
use super::schema::notices::notices;
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::case_link::LinkKind;
use crate::domain::id::{AccountId, ApplicationId, DecisionId, PermitId, TenantCode};
use crate::domain::permit::{PermitEvent, PermitHappening, PermitTerm};

/// A permit as stored; it never changes.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = permits)]
pub struct PermitRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The permit.
    pub id: PermitId,
    /// The case it was granted in.
    pub application_id: ApplicationId,
    /// The decision.
    pub decision_id: DecisionId,
    /// Slug of the procedure.
    pub procedure: String,
    /// Its pinned version.
    pub procedure_version: i64,
    /// The department that granted it.
    pub department: String,
    /// The account of the applicant.
    pub holder_id: Option<AccountId>,
    /// 文書番号 of the grant.
    pub document_number: String,
    /// The first day.
    pub valid_from: IsoDate,
    /// The last day; none where the law states no term.
    pub valid_to: Option<IsoDate>,
    /// The permit whose place it takes.
    pub renews_id: Option<PermitId>,
    /// When it was granted.
    pub created_at: Micros,
}

impl PermitRow {
    /// Its term.
    pub fn term(&self) -> PermitTerm {
        PermitTerm { from: self.valid_from.0, to: self.valid_to.map(|day| day.0) }
    }
}

/// Something that happened to a permit, as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = permit_events)]
pub struct PermitEventRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The permit.
    pub permit_id: PermitId,
    /// Counted from 1.
    pub seq: i64,
    /// What.
    pub happening: String,
    /// From which day it counts.
    pub effective_on: IsoDate,
    /// The permit or decision behind it.
    pub cause_id: Option<String>,
    /// When it was recorded.
    pub created_at: Micros,
}

impl PermitEventRow {
    /// As the domain knows it.
    pub fn event(&self) -> Result<PermitEvent, StoreError> {
        let happening = PermitHappening::parse(&self.happening).ok_or_else(|| {
            StoreError::Inconsistent(format!("permit_events.happening of {}", self.permit_id))
        })?;
        let cause = self.cause_id.as_ref().map(|id| {
            let unknown =
                || StoreError::Inconsistent(format!("permit_events.cause_id of {}", self.permit_id));
            id.parse().map_err(|_| unknown())
        });
        Ok(PermitEvent { happening, effective_on: self.effective_on.0, cause: cause.transpose()? })
    }
}

/// An application that was opened to renew a permit, as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = permit_renewals)]
pub struct RenewalRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The application.
    pub application_id: ApplicationId,
    /// The permit.
    pub permit_id: PermitId,
    /// When it was opened.
    pub opened_at: Micros,
}

/// How a renewal of a permit stands.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct RenewalCase {
    /// The application.
    pub application: ApplicationId,
    /// The state of the case.
    pub state: String,
    /// When it arrived.
    pub arrived_at: Option<Micros>,
}

/// Stores a new permit.
pub fn insert(tx: &mut Tx<'_>, row: &PermitRow) -> Result<(), StoreError> {
    diesel::insert_into(permits::table).values(row).execute(tx.change())?;
    Ok(())
}

/// Appends what happened. Of two transactions that append to one permit at once, the later one begins anew.
pub fn append(tx: &mut Tx<'_>, permit: &PermitRow, event: PermitEvent) -> Result<(), StoreError> {
    let last: Option<i64> = permit_events::table
        .filter(permit_events::tenant_id.eq(&permit.tenant_id))
        .filter(permit_events::permit_id.eq(permit.id))
        .select(diesel::dsl::max(permit_events::seq))
        .first(tx.read())?;
    let row = PermitEventRow {
        tenant_id: permit.tenant_id.clone(),
        permit_id: permit.id,
        seq: last.unwrap_or(0) + 1,
        happening: event.happening.as_str().to_owned(),
        effective_on: IsoDate(event.effective_on),
        cause_id: event.cause.map(|id| id.to_string()),
        created_at: Micros(tx.now()),
    };
    diesel::insert_into(permit_events::table).values(&row).execute(tx.change())?;
    Ok(())
}

/// One permit.
pub fn find(tx: &mut impl Reads, tenant: &TenantCode, id: PermitId) -> Result<Option<PermitRow>, StoreError> {
    Ok(permits::table
        .filter(permits::tenant_id.eq(tenant))
        .filter(permits::id.eq(id))
        .select(PermitRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The permit that was granted in a case.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Option<PermitRow>, StoreError> {
    Ok(permits::table
        .filter(permits::tenant_id.eq(tenant))
        .filter(permits::application_id.eq(application))
        .select(PermitRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The permits that were granted in these cases, in one statement and in no order.
pub fn of_cases(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    ids: &[ApplicationId],
) -> Result<Vec<PermitRow>, StoreError> {
    Ok(permits::table
        .filter(permits::tenant_id.eq(tenant))
        .filter(permits::application_id.eq_any(ids))
        .select(PermitRow::as_select())
        .load(tx.read())?)
}

/// What happened to the permits of one body, permit by permit in order.
pub fn events_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    ids: &[PermitId],
) -> Result<Vec<PermitEventRow>, StoreError> {
    Ok(permit_events::table
        .filter(permit_events::tenant_id.eq(tenant))
        .filter(permit_events::permit_id.eq_any(ids))
        .order((permit_events::permit_id, permit_events::seq))
        .select(PermitEventRow::as_select())
        .load(tx.read())?)
}

/// The permits that departments of a body granted, newest first, perhaps of one holder only.
pub fn of_departments(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    departments: &[String],
    holder: Option<AccountId>,
    before: Option<PermitId>,
    limit: i64,
) -> Result<Vec<PermitRow>, StoreError> {
    let mut query = permits::table
        .filter(permits::tenant_id.eq(tenant))
        .filter(permits::department.eq_any(departments))
        .order(permits::id.desc())
        .limit(limit)
        .select(PermitRow::as_select())
        .into_boxed();
    if let Some(holder) = holder {
        query = query.filter(permits::holder_id.eq(holder));
    }
    if let Some(before) = before {
        query = query.filter(permits::id.lt(before));
    }
    Ok(query.load(tx.read())?)
}

/// The permits that a holder was granted under some procedures of a body, oldest first.
pub fn of_holder_under(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    holder: AccountId,
    procedures: &[&str],
) -> Result<Vec<PermitRow>, StoreError> {
    Ok(permits::table
        .filter(permits::tenant_id.eq(tenant))
        .filter(permits::holder_id.eq(holder))
        .filter(permits::procedure.eq_any(procedures.iter().copied()))
        .order(permits::id)
        .select(PermitRow::as_select())
        .load(tx.read())?)
}

/// The permits of a holder over all bodies, newest first, without those whose grant the holder has not retrieved yet.
pub fn of_holder(
    tx: &mut impl Reads,
    holder: AccountId,
    before: Option<PermitId>,
    limit: i64,
) -> Result<Vec<PermitRow>, StoreError> {
    let untold = notices::table
        .filter(notices::tenant_id.eq(permits::tenant_id))
        .filter(notices::decision_id.eq(permits::decision_id))
        .filter(notices::about.eq("decision"))
        .filter(notices::state.eq("available"));
    let mut query = permits::table
        .filter(permits::holder_id.eq(holder))
        .filter(diesel::dsl::not(diesel::dsl::exists(untold)))
        .order(permits::id.desc())
        .limit(limit)
        .select(PermitRow::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(permits::id.lt(before));
    }
    Ok(query.load(tx.read())?)
}

/// Those of some permits of a body whose grant waits to be retrieved.
pub fn untold_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    ids: &[PermitId],
) -> Result<Vec<PermitId>, StoreError> {
    let of_decision =
        notices::tenant_id.eq(permits::tenant_id).and(notices::decision_id.eq(permits::decision_id));
    Ok(permits::table
        .inner_join(notices::table.on(of_decision))
        .filter(permits::tenant_id.eq(tenant))
        .filter(permits::id.eq_any(ids))
        .filter(notices::about.eq("decision"))
        .filter(notices::state.eq("available"))
        .select(permits::id)
        .load(tx.read())?)
}

/// Remembers that an application was opened to renew a permit.
pub fn insert_renewal(tx: &mut Tx<'_>, row: &RenewalRow) -> Result<(), StoreError> {
    diesel::insert_into(permit_renewals::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The permit that an application was opened to renew.
pub fn renewed_by(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Option<PermitRow>, StoreError> {
    let of_permit =
        permits::tenant_id.eq(permit_renewals::tenant_id).and(permits::id.eq(permit_renewals::permit_id));
    Ok(permit_renewals::table
        .inner_join(permits::table.on(of_permit))
        .filter(permit_renewals::tenant_id.eq(tenant))
        .filter(permit_renewals::application_id.eq(application))
        .select(PermitRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The renewals of permits of one body, oldest first, with how their cases stand.
pub fn renewals_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    ids: &[PermitId],
) -> Result<Vec<(PermitId, RenewalCase)>, StoreError> {
    let of_case = applications::tenant_id
        .eq(permit_renewals::tenant_id)
        .and(applications::id.eq(permit_renewals::application_id));
    Ok(permit_renewals::table
        .inner_join(applications::table.on(of_case))
        .filter(permit_renewals::tenant_id.eq(tenant))
        .filter(permit_renewals::permit_id.eq_any(ids))
        .order(permit_renewals::application_id)
        .select((
            permit_renewals::permit_id,
            (applications::id, applications::state, applications::arrived_at),
        ))
        .load::<(PermitId, RenewalCase)>(tx.read())?)
}

/// The permits that staff say a case renews, by links that stand (更新), oldest link first.
pub fn linked_to(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Vec<PermitRow>, StoreError> {
    let of_other =
        permits::tenant_id.eq(case_links::tenant_id).and(permits::application_id.eq(case_links::other_id));
    Ok(case_links::table
        .inner_join(permits::table.on(of_other))
        .filter(case_links::tenant_id.eq(tenant))
        .filter(case_links::application_id.eq(application))
        .filter(case_links::kind.eq(LinkKind::RenewalOf.as_str()))
        .filter(case_links::ended_at.is_null())
        .order(case_links::id)
        .select(PermitRow::as_select())
        .load(tx.read())?)
}

/// The cases of which staff say that they renew permits of one body, by links that stand, oldest link first.
pub fn linked_renewals_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    ids: &[PermitId],
) -> Result<Vec<(PermitId, RenewalCase)>, StoreError> {
    let of_other =
        permits::tenant_id.eq(case_links::tenant_id).and(permits::application_id.eq(case_links::other_id));
    let of_case = applications::tenant_id
        .eq(case_links::tenant_id)
        .and(applications::id.eq(case_links::application_id));
    Ok(case_links::table
        .inner_join(permits::table.on(of_other))
        .inner_join(applications::table.on(of_case))
        .filter(case_links::tenant_id.eq(tenant))
        .filter(permits::id.eq_any(ids))
        .filter(case_links::kind.eq(LinkKind::RenewalOf.as_str()))
        .filter(case_links::ended_at.is_null())
        .order(case_links::id)
        .select((permits::id, (applications::id, applications::state, applications::arrived_at)))
        .load::<(PermitId, RenewalCase)>(tx.read())?)
}
