//! Cases: the row of a case with its state, its form and the head of its event chain.

use std::collections::HashMap;

use diesel::prelude::*;

use super::backend::on_either;
use super::schema::{applications, form_revisions};
use super::sql::{IsoDate, Json, Micros, fixed_update};
use super::{Reads, StoreError, Tx};
use crate::domain::application::{CaseState, Filed, StateName};
use crate::domain::id::{ApplicationId, CorrectionId, OfficerId, ProposalId, TenantCode};
use crate::domain::procedure::ProcedureKind;

/// The clock of a case runs: only then can it be late. Word for word the condition of the indexes over such cases, which
/// SQLite takes only then.
pub(super) const CLOCK_RUNS: &str =
    "applications.state IN ('submitted', 'under_review', 'in_approval') AND applications.paused_for IS NULL";

/// A case as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = applications, treat_none_as_default_value = false)]
pub struct ApplicationRow {
    /// The body in charge.
    pub tenant_id: TenantCode,
    /// The case.
    pub id: ApplicationId,
    /// 受付番号, from the arrival on.
    pub number: Option<String>,
    /// Slug of the procedure.
    pub procedure: String,
    /// Pinned version of the procedure.
    pub procedure_version: i64,
    /// `application` or `notification`.
    pub kind: String,
    /// Name of the state.
    pub state: String,
    /// Code of the department in charge.
    pub department: String,
    /// Who works on it.
    pub assignee_id: Option<OfficerId>,
    /// The open correction or inquiry.
    pub correction_id: Option<CorrectionId>,
    /// The proposal on its route.
    pub proposal_id: Option<ProposalId>,
    /// The case's key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// The answers, sealed.
    pub sealed_form: Vec<u8>,
    /// 1 for the first answers; rises with each resubmission.
    pub form_revision: i64,
    /// Codes of the attachments that are present.
    pub attachment_codes: Json<Vec<String>>,
    /// 到達日時.
    pub arrived_at: Option<Micros>,
    /// End of the standard processing period.
    pub due_on: Option<IsoDate>,
    /// Events so far.
    pub event_count: i64,
    /// Hash of the last event.
    pub event_head: Vec<u8>,
    /// Rises with every change.
    pub version: i64,
    /// When the draft was begun.
    pub created_at: Micros,
    /// When it was last changed.
    pub updated_at: Micros,
    /// 収受番号, soon after the arrival; only [`super::incoming_documents`] sets it.
    pub incoming_number: Option<String>,
    /// 収受日, with the number.
    pub incoming_on: Option<IsoDate>,
    /// Why the clock stands still, or stood still when the case ended: the name of the pause that began first.
    pub paused_for: Option<String>,
}

impl ApplicationRow {
    /// The place that the sealed answers are bound to.
    pub fn form_place(id: ApplicationId) -> String {
        format!("applications.sealed_form:{id}")
    }

    /// The legal kind.
    pub fn case_kind(&self) -> Result<ProcedureKind, StoreError> {
        ProcedureKind::parse(&self.kind).ok_or_else(|| self.broken("kind"))
    }

    /// The state with its data.
    pub fn case_state(&self) -> Result<CaseState, StoreError> {
        let name = StateName::parse(&self.state).ok_or_else(|| self.broken("state"))?;
        if name == StateName::Draft {
            return Ok(CaseState::Draft);
        }
        let filed = Filed {
            number: self.number.clone().ok_or_else(|| self.broken("number"))?,
            arrived_at: self.arrived_at.ok_or_else(|| self.broken("arrived_at"))?.0,
            due_on: self.due_on.map(|due| due.0),
        };
        let assignee = || self.assignee_id.ok_or_else(|| self.broken("assignee_id"));
        let correction = || self.correction_id.ok_or_else(|| self.broken("correction_id"));
        Ok(match name {
            StateName::Draft => CaseState::Draft,
            StateName::Submitted => CaseState::Submitted(filed),
            StateName::UnderReview => CaseState::UnderReview { filed, assignee: assignee()? },
            StateName::CorrectionRequested => {
                CaseState::CorrectionRequested { filed, assignee: assignee()?, correction: correction()? }
            }
            StateName::Inquiry => CaseState::Inquiry { filed, assignee: assignee()?, inquiry: correction()? },
            StateName::InApproval => CaseState::InApproval {
                filed,
                assignee: assignee()?,
                proposal: self.proposal_id.ok_or_else(|| self.broken("proposal_id"))?,
            },
            StateName::Decided => CaseState::Decided(filed),
            StateName::Closed => CaseState::Closed(filed),
            StateName::Withdrawn => CaseState::Withdrawn(filed),
            StateName::Transferred => CaseState::Transferred(filed),
        })
    }

    /// Takes a new state over into the row.
    pub fn set_state(&mut self, state: &CaseState) {
        state.name().as_str().clone_into(&mut self.state);
        self.assignee_id = state.assignee();
        self.correction_id = match state {
            CaseState::CorrectionRequested { correction: id, .. }
            | CaseState::Inquiry { inquiry: id, .. } => Some(*id),
            _ => None,
        };
        self.proposal_id = match state {
            CaseState::InApproval { proposal, .. } => Some(*proposal),
            _ => None,
        };
        if let Some(filed) = state.filed() {
            self.number = Some(filed.number.clone());
            self.arrived_at = Some(Micros(filed.arrived_at));
            self.due_on = filed.due_on.map(IsoDate);
        }
    }

    fn broken(&self, column: &str) -> StoreError {
        StoreError::Inconsistent(format!("applications.{column} of {}", self.id))
    }
}

/// The case, if the tenant has it.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Option<ApplicationRow>, StoreError> {
    Ok(applications::table
        .filter(applications::tenant_id.eq(tenant))
        .filter(applications::id.eq(id))
        .select(ApplicationRow::as_select())
        .get_result(tx.read())
        .optional()?)
}

/// The cases of these that the tenant has, in one statement, by their ids.
pub fn find_each(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    ids: &[ApplicationId],
) -> Result<HashMap<ApplicationId, ApplicationRow>, StoreError> {
    let rows: Vec<ApplicationRow> = applications::table
        .filter(applications::tenant_id.eq(tenant))
        .filter(applications::id.eq_any(ids))
        .select(ApplicationRow::as_select())
        .load(tx.read())?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// In which department each of these cases of the tenant lies, in one statement.
pub fn departments_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    ids: &[ApplicationId],
) -> Result<HashMap<ApplicationId, String>, StoreError> {
    let rows: Vec<(ApplicationId, String)> = applications::table
        .filter(applications::tenant_id.eq(tenant))
        .filter(applications::id.eq_any(ids))
        .select((applications::id, applications::department))
        .load(tx.read())?;
    Ok(rows.into_iter().collect())
}

/// Stores a new draft.
pub fn insert(tx: &mut Tx<'_>, row: &ApplicationRow) -> Result<(), StoreError> {
    on_either!(tx.change(), |conn| diesel::insert_into(applications::table).values(row).execute(conn))?;
    Ok(())
}

/// Stores the changed row under the next version and gives that back.
///
/// The version guards against a writer that did not lock the case as its root.
pub fn update(tx: &mut Tx<'_>, row: &mut ApplicationRow) -> Result<(), StoreError> {
    let before = row.version;
    row.version += 1;
    row.updated_at = Micros(tx.now());
    let values = (
        (
            applications::number.eq(&row.number),
            applications::state.eq(&row.state),
            applications::department.eq(&row.department),
            applications::assignee_id.eq(row.assignee_id),
            applications::correction_id.eq(row.correction_id),
            applications::proposal_id.eq(row.proposal_id),
            applications::sealed_form.eq(&row.sealed_form),
            applications::form_revision.eq(row.form_revision),
        ),
        (
            applications::attachment_codes.eq(&row.attachment_codes),
            applications::arrived_at.eq(row.arrived_at),
            applications::due_on.eq(row.due_on),
            applications::event_count.eq(row.event_count),
            applications::event_head.eq(&row.event_head),
            applications::version.eq(row.version),
            applications::updated_at.eq(row.updated_at),
            applications::paused_for.eq(&row.paused_for),
        ),
    );
    let key = applications::tenant_id.eq(&row.tenant_id).and(applications::id.eq(row.id));
    let update = fixed_update(applications::table, key.and(applications::version.eq(before)), values);
    let affected = on_either!(tx.change(), |conn| update.execute(conn))?;
    if affected == 1 { Ok(()) } else { Err(row.broken("version")) }
}

/// Pins a draft with its answers to another version of its procedure, under the next version of the row.
pub fn repin(tx: &mut Tx<'_>, row: &mut ApplicationRow) -> Result<(), StoreError> {
    let before = row.version;
    row.version += 1;
    row.updated_at = Micros(tx.now());
    let target = applications::table
        .filter(applications::tenant_id.eq(&row.tenant_id))
        .filter(applications::id.eq(row.id))
        .filter(applications::version.eq(before));
    let affected = diesel::update(target)
        .set((
            applications::procedure_version.eq(row.procedure_version),
            applications::kind.eq(&row.kind),
            applications::department.eq(&row.department),
            applications::sealed_form.eq(&row.sealed_form),
            applications::version.eq(row.version),
            applications::updated_at.eq(row.updated_at),
        ))
        .execute(tx.change())?;
    if affected == 1 { Ok(()) } else { Err(row.broken("version")) }
}

/// Keeps the answers that a resubmission is about to replace (R-10: nothing handed in is overwritten).
pub fn keep_revision(tx: &mut Tx<'_>, row: &ApplicationRow) -> Result<(), StoreError> {
    let now = Micros(tx.now());
    diesel::insert_into(form_revisions::table)
        .values((
            form_revisions::tenant_id.eq(&row.tenant_id),
            form_revisions::application_id.eq(row.id),
            form_revisions::revision.eq(row.form_revision),
            form_revisions::sealed_form.eq(&row.sealed_form),
            form_revisions::replaced_at.eq(now),
        ))
        .execute(tx.change())?;
    Ok(())
}
