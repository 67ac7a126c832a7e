//! A department's queue: everything its rows show, in a fixed number of statements however long the page is.
//!
//! Each order has an index of its own over the cases that still wait, so the hundredth page costs what the first one costs.

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use jiff::civil::Date;

use super::applications::CLOCK_RUNS;
use super::schema::{applications, invoices, parties};
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError};
use crate::domain::id::{ApplicationId, OfficerId, TenantCode};
use crate::domain::queue::{Cursor, Order, TaskFilter};

/// The condition of the indexes over waiting cases, word for word: SQLite takes such an index only then.
const OPEN: &str = "applications.state IN ('submitted', 'under_review', 'correction_requested', 'inquiry', 'in_approval', 'decided')";
/// The key of the order by due dates, word for word as its index has it: no due date comes last.
const DUE_KEY: &str = "COALESCE(applications.due_on, '9999-12-31')";

/// A task about the case is open.
const WITH_OPEN_TASK: &str = "EXISTS (SELECT 1 FROM case_tasks WHERE case_tasks.tenant_id = applications.tenant_id \
    AND case_tasks.application_id = applications.id AND case_tasks.state = 'open')";

/// The states that [`OPEN`] names.
pub const OPEN_STATES: [&str; 6] =
    ["submitted", "under_review", "correction_requested", "inquiry", "in_approval", "decided"];

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
    /// 収受番号, once it is given.
    pub incoming_number: Option<String>,
    /// Why its clock stands still, or stood still when it ended: the name of a pause.
    pub paused_for: Option<String>,
    /// Whether its clock runs, so that it can be late.
    pub clock_runs: bool,
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
    /// Names of the states wanted, never a draft; none: everything that waits.
    pub states: Option<Vec<String>>,
    /// The cases of these officers; none: everybody's.
    pub assignees: Option<Vec<OfficerId>>,
    /// Of one procedure only.
    pub procedure: Option<String>,
    /// Due on this day or before, whether the clock runs or not.
    pub due_until: Option<Date>,
    /// Late on this day: due before it, with a clock that runs.
    pub late_on: Option<Date>,
    /// By tasks of the office.
    pub task: TaskFilter,
    /// The order.
    pub order: Order,
    /// The last row of the page before; of the same order.
    pub after: Option<Cursor>,
    /// The most rows.
    pub limit: i64,
}

/// Where the rows of a statement begin.
#[derive(Clone, Debug)]
enum Begin {
    /// At the first one.
    First,
    /// Behind this case, by arrival.
    Arrival(Micros, ApplicationId),
    /// Behind this case, among those due on the same day.
    SameDay(String, ApplicationId),
    /// On a later day than this.
    LaterDay(String),
}

/// A page of a queue.
///
/// By due date the rest of a day and the days after it are read one after the other: each is a plain range of the index,
/// while a day may be due for thousands of cases.
pub fn page(tx: &mut impl Reads, wanted: &QueueQuery) -> Result<Vec<QueueRow>, StoreError> {
    let (day, id) = match wanted.after {
        None => return rows(tx, wanted, Begin::First, wanted.limit),
        Some(Cursor::Arrival(at, id)) => {
            return rows(tx, wanted, Begin::Arrival(Micros(at), id), wanted.limit);
        }
        Some(Cursor::DueDate(day, id)) => (due_key(day), id),
    };
    let mut found = rows(tx, wanted, Begin::SameDay(day.clone(), id), wanted.limit)?;
    let left = wanted.limit - i64::try_from(found.len()).unwrap_or(wanted.limit);
    if left > 0 {
        found.extend(rows(tx, wanted, Begin::LaterDay(day), left)?);
    }
    Ok(found)
}

fn rows(
    tx: &mut impl Reads,
    wanted: &QueueQuery,
    begin: Begin,
    limit: i64,
) -> Result<Vec<QueueRow>, StoreError> {
    let applicant = parties::tenant_id
        .eq(applications::tenant_id)
        .and(parties::application_id.eq(applications::id))
        .and(parties::role.eq("applicant"));
    let mut query = applications::table
        .left_join(parties::table.on(applicant))
        .filter(applications::tenant_id.eq(&wanted.tenant))
        .filter(applications::department.eq(&wanted.department))
        .filter(applications::arrived_at.is_not_null())
        .limit(limit)
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
            applications::incoming_number,
            applications::paused_for,
            sql::<Bool>(CLOCK_RUNS),
            parties::sealed_party.nullable(),
        ))
        .into_boxed();
    let waits = |states: &Vec<String>| states.iter().all(|state| OPEN_STATES.contains(&state.as_str()));
    // What is late has narrower indexes, which these words would draw SQLite away from.
    if wanted.late_on.is_none() && wanted.states.as_ref().is_none_or(waits) {
        query = query.filter(sql::<Bool>(OPEN));
    }
    if let Some(states) = &wanted.states {
        query = query.filter(applications::state.eq_any(states));
    }
    if let Some(assignees) = &wanted.assignees {
        query = query.filter(applications::assignee_id.eq_any(assignees).assume_not_null());
    }
    if let Some(procedure) = &wanted.procedure {
        query = query.filter(applications::procedure.eq(procedure));
    }
    if let Some(day) = wanted.due_until {
        query = query.filter(sql::<Text>(DUE_KEY).le(day.to_string()));
    }
    if let Some(today) = wanted.late_on {
        query = query.filter(late(wanted.order, today));
    }
    if wanted.task == TaskFilter::Open {
        query = query.filter(sql::<Bool>(WITH_OPEN_TASK));
    }
    let within_a_day = matches!(begin, Begin::SameDay(..));
    query = match begin {
        Begin::First => query,
        Begin::Arrival(at, id) => {
            // Compared as a row, so that an index begins right behind what the page before showed.
            let behind = sql::<Bool>("(applications.arrived_at, applications.id) > (");
            query.filter(behind.bind::<BigInt, _>(at).sql(", ").bind::<Text, _>(id).sql(")"))
        }
        Begin::SameDay(day, id) => query.filter(sql::<Text>(DUE_KEY).eq(day)).filter(applications::id.gt(id)),
        Begin::LaterDay(day) => query.filter(sql::<Text>(DUE_KEY).gt(day)),
    };
    // Of one day the id alone is the order; SQLite would sort the day for the other one.
    query = match (wanted.order, within_a_day) {
        (Order::Arrival, _) => query.order((applications::arrived_at, applications::id)),
        (Order::DueDate, false) => query.order((sql::<Text>(DUE_KEY), applications::id)),
        (Order::DueDate, true) => query.order(applications::id),
    };
    Ok(query.load(tx.read())?)
}

/// The clock runs and the due date is before `today`: by the key of the order where the rows come in it, and else by an expression of
/// which no index knows, so that SQLite reads by arrival in place of sorting by it. A day has only digits and hyphens.
fn late(order: Order, today: Date) -> SqlLiteral<Bool> {
    let day = match order {
        Order::DueDate => DUE_KEY,
        Order::Arrival => "applications.due_on || ''",
    };
    sql(&format!("{CLOCK_RUNS} AND {day} < '{today}'"))
}

fn due_key(day: Option<Date>) -> String {
    day.map_or_else(|| "9999-12-31".to_owned(), |day| day.to_string())
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
        .filter(invoices::principal_id.is_null())
        .order((invoices::issued_at, invoices::id))
        .select((invoices::application_id, invoices::state))
        .load(tx.read())?)
}

/// How many waiting cases of a department stand in each state.
pub fn counts(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    department: &str,
) -> Result<Vec<(String, i64)>, StoreError> {
    Ok(applications::table
        .filter(applications::tenant_id.eq(tenant))
        .filter(applications::department.eq(department))
        .filter(sql::<Bool>(OPEN))
        .group_by(applications::state)
        .order(applications::state)
        .select((applications::state, diesel::dsl::count_star()))
        .load(tx.read())?)
}

/// How many cases of a department whose clock runs are due on `day` or before.
pub fn count_due(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    department: &str,
    day: Date,
) -> Result<i64, StoreError> {
    Ok(applications::table
        .filter(applications::tenant_id.eq(tenant))
        .filter(applications::department.eq(department))
        .filter(sql::<Bool>(CLOCK_RUNS))
        .filter(sql::<Text>(DUE_KEY).le(day.to_string()))
        .count()
        .get_result(tx.read())?)
}

/// How many waiting cases of a department these officers have.
pub fn count_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    department: &str,
    officers: &[OfficerId],
) -> Result<i64, StoreError> {
    Ok(of_officers(tenant, department, officers).count().get_result(tx.read())?)
}

/// The waiting cases of one officer that can go to somebody else, oldest first, `limit` at the most.
pub fn assigned_to(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    department: &str,
    officer: OfficerId,
    limit: i64,
) -> Result<Vec<ApplicationId>, StoreError> {
    Ok(of_officers(tenant, department, &[officer])
        .filter(applications::state.ne("in_approval"))
        .order((applications::arrived_at, applications::id))
        .select(applications::id)
        .limit(limit)
        .load(tx.read())?)
}

/// How many waiting cases of one officer can go to somebody else.
pub fn count_assigned_to(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    department: &str,
    officer: OfficerId,
) -> Result<i64, StoreError> {
    let officers = [officer];
    let open = of_officers(tenant, department, &officers).filter(applications::state.ne("in_approval"));
    Ok(open.count().get_result(tx.read())?)
}

#[diesel::dsl::auto_type]
fn of_officers<'a>(tenant: &'a TenantCode, department: &'a str, officers: &'a [OfficerId]) -> _ {
    let open: SqlLiteral<Bool> = sql(OPEN);
    applications::table
        .filter(applications::tenant_id.eq(tenant))
        .filter(applications::department.eq(department))
        .filter(open)
        .filter(applications::assignee_id.eq_any(officers).assume_not_null())
}
