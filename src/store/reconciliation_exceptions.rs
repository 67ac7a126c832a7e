//! What does not agree between books, gateway and bank (照合の例外): raised once while it waits, resolved by two people.

use std::collections::HashMap;

use diesel::prelude::*;
use serde_json::Value;

use super::schema::settlements::reconciliation_exceptions;
use super::sql::{Json, Micros, or_ignore};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ExceptionId, OfficerId, TenantCode};
use crate::domain::settlement::{ExceptionKind, ExceptionState};

/// Names looked up in one go.
const AT_ONCE: usize = 500;

/// An exception as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = reconciliation_exceptions, treat_none_as_default_value = false)]
pub struct ExceptionRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The exception.
    pub id: ExceptionId,
    /// Name of the kind.
    pub kind: String,
    /// What it is about, as `payment:…`, `line:…`, `settlement:…`: one exception a kind and subject waits for a person at a time.
    pub subject: String,
    /// What was found, without personal data.
    pub facts: Json<Value>,
    /// Name of the state.
    pub state: String,
    /// Who looks after it.
    pub owner: Option<OfficerId>,
    /// When it was found first.
    pub raised_at: Micros,
    /// Who proposed what to do.
    pub proposed_by: Option<OfficerId>,
    /// When.
    pub proposed_at: Option<Micros>,
    /// What is to be done.
    pub resolution: Option<String>,
    /// Why.
    pub comment: Option<String>,
    /// Who agreed: somebody else.
    pub resolved_by: Option<OfficerId>,
    /// When.
    pub resolved_at: Option<Micros>,
    /// Rises with every change.
    pub version: i64,
    /// The resolved exception after which the same trouble came back in another shape.
    pub follows: Option<ExceptionId>,
}

impl ExceptionRow {
    /// The kind.
    pub fn exception_kind(&self) -> Result<ExceptionKind, StoreError> {
        ExceptionKind::parse(&self.kind).ok_or_else(|| self.broken("kind"))
    }

    /// The state.
    pub fn exception_state(&self) -> Result<ExceptionState, StoreError> {
        ExceptionState::parse(&self.state).ok_or_else(|| self.broken("state"))
    }

    fn broken(&self, column: &str) -> StoreError {
        StoreError::Inconsistent(format!("reconciliation_exceptions.{column} of {}", self.id))
    }
}

/// Whether an exception is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raised {
    /// Nobody had found it.
    New,
    /// It was found before; nothing was changed.
    Known,
}

/// Stores a new exception, unless it was found before.
pub fn insert(tx: &mut Tx<'_>, row: &ExceptionRow) -> Result<Raised, StoreError> {
    let insert = or_ignore(diesel::insert_into(reconciliation_exceptions::table).values(row));
    let added = insert.execute(tx.change())?;
    Ok(if added == 0 { Raised::Known } else { Raised::New })
}

/// One exception.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ExceptionId,
) -> Result<Option<ExceptionRow>, StoreError> {
    Ok(reconciliation_exceptions::table
        .filter(reconciliation_exceptions::tenant_id.eq(tenant))
        .filter(reconciliation_exceptions::id.eq(id))
        .select(ExceptionRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The youngest exception of a kind about a subject.
pub fn of_subject(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    kind: ExceptionKind,
    subject: &str,
) -> Result<Option<ExceptionRow>, StoreError> {
    Ok(reconciliation_exceptions::table
        .filter(reconciliation_exceptions::tenant_id.eq(tenant))
        .filter(reconciliation_exceptions::kind.eq(kind.as_str()))
        .filter(reconciliation_exceptions::subject.eq(subject))
        .order((reconciliation_exceptions::raised_at.desc(), reconciliation_exceptions::id.desc()))
        .select(ExceptionRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// How many exceptions about these subjects wait for a person.
pub fn unresolved(tx: &mut impl Reads, tenant: &TenantCode, subjects: &[String]) -> Result<i64, StoreError> {
    Ok(reconciliation_exceptions::table
        .filter(reconciliation_exceptions::tenant_id.eq(tenant))
        .filter(reconciliation_exceptions::subject.eq_any(subjects))
        .filter(reconciliation_exceptions::state.ne(ExceptionState::Resolved.as_str()))
        .count()
        .get_result(tx.read())?)
}

/// Where what was ever raised about each of these subjects stands: resolved where all of it is. What nothing was raised about is
/// not among them.
pub fn standing(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    subjects: &[String],
) -> Result<HashMap<String, ExceptionState>, StoreError> {
    let mut found = HashMap::new();
    for some in subjects.chunks(AT_ONCE) {
        let rows: Vec<(String, String)> = reconciliation_exceptions::table
            .filter(reconciliation_exceptions::tenant_id.eq(tenant))
            .filter(reconciliation_exceptions::subject.eq_any(some))
            .select((reconciliation_exceptions::subject, reconciliation_exceptions::state))
            .load(tx.read())?;
        for (subject, state) in rows {
            let broken = || StoreError::Inconsistent(format!("reconciliation_exceptions.state of {subject}"));
            let state = ExceptionState::parse(&state).ok_or_else(broken)?;
            let known = found.entry(subject).or_insert(state);
            if state != ExceptionState::Resolved {
                *known = state;
            }
        }
    }
    Ok(found)
}

/// How many exceptions whose facts name this text wait for a person.
pub fn unresolved_naming(tx: &mut impl Reads, tenant: &TenantCode, text: &str) -> Result<i64, StoreError> {
    Ok(reconciliation_exceptions::table
        .filter(reconciliation_exceptions::tenant_id.eq(tenant))
        .filter(reconciliation_exceptions::state.eq_any(["open", "proposed"]))
        .filter(reconciliation_exceptions::facts.like(format!("%{text}%")))
        .count()
        .get_result(tx.read())?)
}
