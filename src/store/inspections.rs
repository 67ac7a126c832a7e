//! Inspections (現地調査): where each stands, and every step of it.

use diesel::prelude::*;

use super::schema::inspections::{inspection_acts, inspections};
use super::sql::{IsoDate, Json, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, InspectionId, OfficerId, TenantCode};
use crate::domain::inspection::{InspectionResult, InspectionState};

/// An inspection as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = inspections, treat_none_as_default_value = false)]
pub struct InspectionRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The inspection.
    pub id: InspectionId,
    /// The case.
    pub application_id: ApplicationId,
    /// Name of the state.
    pub state: String,
    /// For when it is, or was, planned.
    pub planned_at: Micros,
    /// Who goes.
    pub officers: Json<Vec<OfficerId>>,
    /// Place and purpose, sealed with the case's key.
    pub sealed_plan: Vec<u8>,
    /// What came of it.
    pub result: Option<String>,
    /// The day it was carried out, or tried.
    pub carried_out_on: Option<IsoDate>,
    /// What was found, sealed with the case's key.
    pub sealed_findings: Option<Vec<u8>>,
    /// When what was found was shown to the applicant.
    pub released_at: Option<Micros>,
    /// Rises with every step.
    pub version: i64,
}

impl InspectionRow {
    /// What came of it, once it was carried out.
    pub fn inspection_result(&self) -> Result<Option<InspectionResult>, StoreError> {
        let unknown = || StoreError::Inconsistent(format!("inspections.result of {}", self.id));
        let parse = |name: &str| InspectionResult::parse(name).ok_or_else(unknown);
        self.result.as_deref().map(parse).transpose()
    }

    /// Where it stands.
    pub fn inspection_state(&self) -> Result<InspectionState, StoreError> {
        InspectionState::parse(&self.state)
            .ok_or_else(|| StoreError::Inconsistent(format!("inspections.state of {}", self.id)))
    }
}

/// A step of an inspection as stored; never changed. Its number is the version of the inspection after it.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = inspection_acts, treat_none_as_default_value = false)]
pub struct InspectionActRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The inspection.
    pub inspection_id: InspectionId,
    /// 1, 2, 3 …
    pub act_no: i64,
    /// `planned`, `rescheduled`, `carried_out`, `canceled` or `released`.
    pub act: String,
    /// For when it was planned after this step.
    pub planned_at: Micros,
    /// Why, sealed with the case's key.
    pub sealed_reason: Option<Vec<u8>>,
    /// Who did it.
    pub officer_id: OfficerId,
    /// When.
    pub acted_at: Micros,
}

/// The place that the sealed plan is bound to.
pub fn plan_place(id: InspectionId) -> String {
    format!("inspections.sealed_plan:{id}")
}

/// The place that the sealed findings are bound to.
pub fn findings_place(id: InspectionId) -> String {
    format!("inspections.sealed_findings:{id}")
}

/// The place that the sealed reason of a step is bound to.
pub fn reason_place(id: InspectionId, act_no: i64) -> String {
    format!("inspection_acts.sealed_reason:{id}:{act_no}")
}

/// Stores a new inspection.
pub fn insert(tx: &mut Tx<'_>, row: &InspectionRow) -> Result<(), StoreError> {
    diesel::insert_into(inspections::table).values(row).execute(tx.change())?;
    Ok(())
}

/// Stores a step.
pub fn insert_act(tx: &mut Tx<'_>, row: &InspectionActRow) -> Result<(), StoreError> {
    diesel::insert_into(inspection_acts::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One inspection.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: InspectionId,
) -> Result<Option<InspectionRow>, StoreError> {
    let found = inspections::table.find((tenant, id)).select(InspectionRow::as_select());
    Ok(found.first(tx.read()).optional()?)
}

/// The inspections of a case, in the order in which they were planned.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    case: ApplicationId,
) -> Result<Vec<InspectionRow>, StoreError> {
    Ok(inspections::table
        .filter(inspections::tenant_id.eq(tenant))
        .filter(inspections::application_id.eq(case))
        .order(inspections::id)
        .select(InspectionRow::as_select())
        .load(tx.read())?)
}

/// The steps of inspections, in order, in one statement.
pub fn acts_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    ids: &[InspectionId],
) -> Result<Vec<InspectionActRow>, StoreError> {
    Ok(inspection_acts::table
        .filter(inspection_acts::tenant_id.eq(tenant))
        .filter(inspection_acts::inspection_id.eq_any(ids))
        .order((inspection_acts::inspection_id, inspection_acts::act_no))
        .select(InspectionActRow::as_select())
        .load(tx.read())?)
}

/// Stores where an inspection stands now, under its next version.
pub fn update(tx: &mut Tx<'_>, row: &mut InspectionRow) -> Result<(), StoreError> {
    let before = row.version;
    row.version += 1;
    let target = inspections::table.find((&row.tenant_id, row.id)).filter(inspections::version.eq(before));
    let affected = diesel::update(target)
        .set((
            inspections::state.eq(&row.state),
            inspections::planned_at.eq(row.planned_at),
            inspections::sealed_plan.eq(&row.sealed_plan),
            inspections::result.eq(&row.result),
            inspections::carried_out_on.eq(row.carried_out_on),
            inspections::sealed_findings.eq(&row.sealed_findings),
            inspections::released_at.eq(row.released_at),
            inspections::version.eq(row.version),
        ))
        .execute(tx.change())?;
    if affected == 1 {
        Ok(())
    } else {
        Err(StoreError::Inconsistent(format!("inspections.version of {}", row.id)))
    }
}
