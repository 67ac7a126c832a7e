//! Requests for the opinion of another office (意見照会・合議).

use diesel::prelude::*;

use super::schema::applications;
use super::schema::opinions::opinions;
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, OfficerId, OpinionId, TenantCode};
use crate::domain::opinion::OpinionState;

/// A request as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = opinions, treat_none_as_default_value = false)]
pub struct OpinionRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The request.
    pub id: OpinionId,
    /// The case.
    pub application_id: ApplicationId,
    /// The department that is asked.
    pub department: String,
    /// Name of the state.
    pub state: String,
    /// What is asked, sealed with the case's key.
    pub sealed_question: Vec<u8>,
    /// The day by which an answer is asked for.
    pub due_on: IsoDate,
    /// The department that asks.
    pub asking_department: String,
    /// The officer who asks.
    pub asked_by: OfficerId,
    /// When.
    pub asked_at: Micros,
    /// When it was raised that no answer had come in time.
    pub overdue_at: Option<Micros>,
    /// What the office thinks.
    pub stance: Option<String>,
    /// What it says, sealed with the case's key.
    pub sealed_answer: Option<Vec<u8>>,
    /// Who answered, or took the request back.
    pub ended_by: Option<OfficerId>,
    /// When.
    pub ended_at: Option<Micros>,
}

impl OpinionRow {
    /// Where it stands.
    pub fn opinion_state(&self) -> Result<OpinionState, StoreError> {
        OpinionState::parse(&self.state)
            .ok_or_else(|| StoreError::Inconsistent(format!("opinions.state of {}", self.id)))
    }
}

/// A request in the list of the department that is asked.
#[derive(Clone, Debug, Queryable)]
pub struct ListedOpinion {
    /// The request.
    pub row: OpinionRow,
    /// 受付番号.
    pub number: Option<String>,
    /// Slug of the procedure.
    pub procedure: String,
    /// The case's key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// Name of the state of the case.
    pub case_state: String,
}

/// The place that the sealed question is bound to.
pub fn question_place(id: OpinionId) -> String {
    format!("opinions.sealed_question:{id}")
}

/// The place that the sealed answer is bound to.
pub fn answer_place(id: OpinionId) -> String {
    format!("opinions.sealed_answer:{id}")
}

/// Stores a new request.
pub fn insert(tx: &mut Tx<'_>, row: &OpinionRow) -> Result<(), StoreError> {
    diesel::insert_into(opinions::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One request.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: OpinionId,
) -> Result<Option<OpinionRow>, StoreError> {
    let found = opinions::table.find((tenant, id)).select(OpinionRow::as_select());
    Ok(found.first(tx.read()).optional()?)
}

/// The requests of a case, oldest first.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    case: ApplicationId,
) -> Result<Vec<OpinionRow>, StoreError> {
    Ok(opinions::table
        .filter(opinions::tenant_id.eq(tenant))
        .filter(opinions::application_id.eq(case))
        .order(opinions::id)
        .select(OpinionRow::as_select())
        .load(tx.read())?)
}

/// The departments whose opinion on a case is awaited.
pub fn awaited_from(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    case: ApplicationId,
) -> Result<Vec<String>, StoreError> {
    Ok(opinions::table
        .filter(opinions::tenant_id.eq(tenant))
        .filter(opinions::application_id.eq(case))
        .filter(opinions::state.eq(OpinionState::Open.as_str()))
        .order(opinions::id)
        .select(opinions::department)
        .load(tx.read())?)
}

/// What a department is or was asked, under any of its names, in one state, after `after`, oldest first.
pub fn of_department(
    tx: &mut impl Reads,
    (tenant, departments): (&TenantCode, &[String]),
    state: OpinionState,
    after: Option<OpinionId>,
    limit: i64,
) -> Result<Vec<ListedOpinion>, StoreError> {
    let of_case =
        applications::tenant_id.eq(opinions::tenant_id).and(applications::id.eq(opinions::application_id));
    let mut query = opinions::table
        .inner_join(applications::table.on(of_case))
        .filter(opinions::tenant_id.eq(tenant))
        .filter(opinions::department.eq_any(departments))
        .filter(opinions::state.eq(state.as_str()))
        .order(opinions::id)
        .limit(limit)
        .select((
            OpinionRow::as_select(),
            applications::number,
            applications::procedure,
            applications::wrapped_key,
            applications::state,
        ))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(opinions::id.gt(after));
    }
    Ok(query.load(tx.read())?)
}

/// Stores how a request ended, or that no answer came in time; the database refuses what has ended before.
pub fn update(tx: &mut Tx<'_>, row: &OpinionRow) -> Result<(), StoreError> {
    let values = (
        opinions::state.eq(&row.state),
        opinions::overdue_at.eq(row.overdue_at),
        opinions::stance.eq(&row.stance),
        opinions::sealed_answer.eq(&row.sealed_answer),
        opinions::ended_by.eq(row.ended_by),
        opinions::ended_at.eq(row.ended_at),
    );
    let affected =
        diesel::update(opinions::table.find((&row.tenant_id, row.id))).set(values).execute(tx.change())?;
    if affected == 1 { Ok(()) } else { Err(StoreError::Inconsistent(format!("opinions.id {}", row.id))) }
}
