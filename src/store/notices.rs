//! Notices of decisions (処分の通知): wishes, where each notice stands, and every step of it.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use jiff::Timestamp;

use super::backend::on_either;
use super::schema::notices::{notice_acts, notice_consents, notices};
use super::schema::{applications, parties};
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{AccountId, ApplicationId, DecisionId, NoticeId, TenantCode};
use crate::domain::notice::{About, NoticeState};

/// A wish about the way of notices, as stored; never changed.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = notice_consents)]
pub struct ConsentRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The case.
    pub application_id: ApplicationId,
    /// 1, 2, 3 …; the last one counts.
    pub consent_no: i64,
    /// `electronic` or `paper`.
    pub way: String,
    /// Whose wish.
    pub account_id: AccountId,
    /// When.
    pub recorded_at: Micros,
}

/// A notice as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = notices, treat_none_as_default_value = false)]
pub struct NoticeRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The notice.
    pub id: NoticeId,
    /// The case.
    pub application_id: ApplicationId,
    /// The decision; of an order about a permit, the decision that granted the permit.
    pub decision_id: DecisionId,
    /// `decision`, `correction` or `permit_order`.
    pub about: String,
    /// The version of the decision that a correction made.
    pub decision_version: Option<i64>,
    /// The order about a permit.
    pub permit_order_id: Option<DecisionId>,
    /// `electronic` or `paper`.
    pub way: String,
    /// Name of the state.
    pub state: String,
    /// When it was made: with the decision.
    pub made_at: Micros,
    /// 到達.
    pub arrived_at: Option<Micros>,
    /// The day of the last posting.
    pub posted_on: Option<IsoDate>,
    /// Rises with every change.
    pub version: i64,
}

impl NoticeRow {
    /// The notice as its machine sees it.
    pub fn notice_state(&self) -> Result<NoticeState, StoreError> {
        let beside = (self.arrived_at.map(|at| at.0), self.posted_on.map(|day| day.0));
        NoticeState::parse(&self.state, beside.0, beside.1)
            .ok_or_else(|| StoreError::Inconsistent(format!("notices.state of {}", self.id)))
    }

    /// What it gives notice of.
    pub fn gives_notice_of(&self) -> Result<About, StoreError> {
        About::parse(&self.about)
            .ok_or_else(|| StoreError::Inconsistent(format!("notices.about of {}", self.id)))
    }

    /// Takes a new standing over into the row.
    pub fn take_over(&mut self, state: NoticeState) {
        state.as_str().clone_into(&mut self.state);
        state.way().as_str().clone_into(&mut self.way);
        match state {
            NoticeState::Arrived(at) => self.arrived_at = Some(Micros(at)),
            NoticeState::Posted(day) | NoticeState::Returned(day) => self.posted_on = Some(IsoDate(day)),
            NoticeState::Available | NoticeState::ToPrint => {}
        }
    }
}

/// A step of a notice as stored; never changed.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = notice_acts, treat_none_as_default_value = false)]
pub struct NoticeActRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The notice.
    pub notice_id: NoticeId,
    /// 1, 2, 3 …
    pub act_no: i64,
    /// The case.
    pub application_id: ApplicationId,
    /// `made`, `arrived`, `posted`, `returned` or `turned_to_paper`.
    pub act: String,
    /// The day it happened, in Japan.
    pub happened_on: IsoDate,
    /// Tracking number or reason, sealed with the case's key.
    pub sealed_text: Option<Vec<u8>>,
    /// `applicant` or `officer`.
    pub actor_kind: String,
    /// Who.
    pub actor_id: String,
    /// When it was recorded.
    pub acted_at: Micros,
}

/// The place that a sealed text is bound to.
pub fn text_place(notice: NoticeId, act_no: i64) -> String {
    format!("notice_acts.sealed_text:{notice}:{act_no}")
}

/// Keeps a wish.
pub fn insert_consent(tx: &mut Tx<'_>, row: &ConsentRow) -> Result<(), StoreError> {
    diesel::insert_into(notice_consents::table).values(row).execute(tx.change())?;
    Ok(())
}

/// The last wish of a case.
pub fn last_consent(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Option<ConsentRow>, StoreError> {
    Ok(notice_consents::table
        .filter(notice_consents::tenant_id.eq(tenant))
        .filter(notice_consents::application_id.eq(application))
        .order(notice_consents::consent_no.desc())
        .select(ConsentRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// Stores a new notice.
pub fn insert(tx: &mut Tx<'_>, row: &NoticeRow) -> Result<(), StoreError> {
    on_either!(tx.change(), |conn| diesel::insert_into(notices::table).values(row).execute(conn))?;
    Ok(())
}

/// Records a step.
pub fn insert_act(tx: &mut Tx<'_>, row: &NoticeActRow) -> Result<(), StoreError> {
    on_either!(tx.change(), |conn| diesel::insert_into(notice_acts::table).values(row).execute(conn))?;
    Ok(())
}

/// One notice.
pub fn find(tx: &mut impl Reads, tenant: &TenantCode, id: NoticeId) -> Result<Option<NoticeRow>, StoreError> {
    Ok(notices::table.find((tenant, id)).select(NoticeRow::as_select()).first(tx.read()).optional()?)
}

/// The notices of a case, oldest first. Those of one instant stand in the order in which they can only have been made: the decision,
/// its corrections by their versions, orders about the permit.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    application: ApplicationId,
) -> Result<Vec<NoticeRow>, StoreError> {
    let mut rows: Vec<NoticeRow> = notices::table
        .filter(notices::tenant_id.eq(tenant))
        .filter(notices::application_id.eq(application))
        // Ids of one millisecond have no order, but always the same one.
        .order(notices::id)
        .select(NoticeRow::as_select())
        .load(tx.read())?;
    let orders = |row: &NoticeRow| row.permit_order_id.is_some();
    rows.sort_by_key(|row| (row.made_at.0, orders(row), row.decision_version));
    Ok(rows)
}

/// The notices of these cases of a body that wait to be retrieved.
pub fn available_of_cases(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    cases: &[ApplicationId],
) -> Result<Vec<NoticeRow>, StoreError> {
    Ok(notices::table
        .filter(notices::tenant_id.eq(tenant))
        .filter(notices::application_id.eq_any(cases))
        .filter(notices::state.eq("available"))
        .order(notices::id)
        .select(NoticeRow::as_select())
        .load(tx.read())?)
}

/// The steps of a notice, in order.
pub fn acts_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: NoticeId,
) -> Result<Vec<NoticeActRow>, StoreError> {
    Ok(notice_acts::table
        .filter(notice_acts::tenant_id.eq(tenant))
        .filter(notice_acts::notice_id.eq(id))
        .order(notice_acts::act_no)
        .select(NoticeActRow::as_select())
        .load(tx.read())?)
}

/// Stores the new standing of a notice under the next version.
pub fn update(tx: &mut Tx<'_>, row: &mut NoticeRow) -> Result<(), StoreError> {
    let before = row.version;
    row.version += 1;
    let target = notices::table.find((&row.tenant_id, row.id)).filter(notices::version.eq(before));
    let affected = diesel::update(target)
        .set((
            notices::way.eq(&row.way),
            notices::state.eq(&row.state),
            notices::arrived_at.eq(row.arrived_at),
            notices::posted_on.eq(row.posted_on),
            notices::version.eq(row.version),
        ))
        .execute(tx.change())?;
    let changed = || StoreError::Inconsistent(format!("notices.version of {}", row.id));
    if affected == 1 { Ok(()) } else { Err(changed()) }
}

/// A notice that waits to be posted, with what the envelope needs; the addressee is sealed with the case's key.
#[derive(Clone, Debug)]
pub struct WaitingNotice {
    /// The notice.
    pub row: NoticeRow,
    /// 受付番号.
    pub number: Option<String>,
    /// Slug of the procedure.
    pub procedure: String,
    /// Its pinned version.
    pub procedure_version: i64,
    /// The case's key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// The applicant, sealed.
    pub sealed_party: Option<Vec<u8>>,
}

/// The notices of a department that wait to be posted, and the electronic ones made before `unretrieved_since` that nobody has retrieved,
/// oldest first, after `after`, in one statement.
pub fn waiting_of_department(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    department: &str,
    unretrieved_since: Timestamp,
    after: Option<NoticeId>,
    limit: i64,
) -> Result<Vec<WaitingNotice>, StoreError> {
    type Row = (NoticeRow, Option<String>, String, i64, Vec<u8>, Option<Vec<u8>>);
    let of_case =
        applications::tenant_id.eq(notices::tenant_id).and(applications::id.eq(notices::application_id));
    let applicant = parties::tenant_id
        .eq(notices::tenant_id)
        .and(parties::application_id.eq(notices::application_id))
        .and(parties::role.eq("applicant"));
    let mut query = notices::table
        .inner_join(applications::table.on(of_case))
        .left_join(parties::table.on(applicant))
        .filter(notices::tenant_id.eq(tenant))
        // In words of the index, which a planner does not see behind parameters.
        .filter(sql::<Bool>("notices.state IN ('to_print', 'returned', 'available')"))
        .filter(notices::state.ne("available").or(notices::made_at.lt(Micros(unretrieved_since))))
        .filter(applications::department.eq(department))
        .order(notices::id)
        .limit(limit)
        .select((
            NoticeRow::as_select(),
            applications::number,
            applications::procedure,
            applications::procedure_version,
            applications::wrapped_key,
            parties::sealed_party.nullable(),
        ))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(notices::id.gt(after));
    }
    let rows: Vec<Row> = query.load(tx.read())?;
    let waiting = |(row, number, procedure, procedure_version, wrapped_key, sealed_party)| WaitingNotice {
        row,
        number,
        procedure,
        procedure_version,
        wrapped_key,
        sealed_party,
    };
    Ok(rows.into_iter().map(waiting).collect())
}
