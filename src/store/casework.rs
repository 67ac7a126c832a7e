//! What cases went through (業務の可視化): one row a case, folded from its events by the database.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use jiff::Timestamp;

use super::schema::{applications, events};
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError};
use crate::domain::casework::{CaseFootprint, Outcome};
use crate::domain::id::TenantCode;

/// Which cases are wanted.
#[derive(Clone, Debug)]
pub struct CaseworkQuery {
    /// The body.
    pub tenant: TenantCode,
    /// The first instant of an arrival.
    pub from: Timestamp,
    /// The first instant after the period.
    pub until: Timestamp,
    /// One procedure, or all.
    pub procedure: Option<String>,
    /// One office, or all.
    pub department: Option<String>,
}

type Row = (
    (String, String, Option<Micros>, Option<IsoDate>, Option<String>),
    (Option<Micros>, Option<Micros>),
    (Option<Micros>, Option<Micros>, Option<Micros>),
    (i64, i64, i64),
);

/// The way of every case that arrived in the period, in one statement; who worked on it is not read. A decision is no act of
/// its own: the seal that makes it is counted.
pub fn footprints(tx: &mut impl Reads, wanted: &CaseworkQuery) -> Result<Vec<CaseFootprint>, StoreError> {
    let first = |kinds: &str| {
        sql::<Nullable<BigInt>>(&format!("MIN(CASE WHEN events.kind IN ({kinds}) THEN events.at END)"))
    };
    let count = |condition: &str| sql::<BigInt>(&format!("COUNT(CASE WHEN {condition} THEN 1 END)"));
    let of_case =
        events::tenant_id.eq(applications::tenant_id).and(events::application_id.eq(applications::id));
    let mut query = applications::table
        .inner_join(events::table.on(of_case))
        .group_by((
            applications::id,
            applications::procedure,
            applications::department,
            applications::arrived_at,
            applications::due_on,
            applications::paused_for,
        ))
        .select((
            (
                applications::procedure,
                applications::department,
                applications::arrived_at,
                applications::due_on,
                applications::paused_for,
            ),
            (first("'claimed', 'assigned'"), first("'proposed'")),
            (first("'decided'"), first("'closed'"), first("'withdrawn'")),
            (
                count("events.actor_kind = 'officer' AND events.kind <> 'decided'"),
                count("events.kind IN ('correction_requested', 'inquiry_made')"),
                count("events.kind IN ('returned', 'recalled')"),
            ),
        ))
        .into_boxed();
    query = query
        .filter(applications::tenant_id.eq(&wanted.tenant))
        // A case that was sent on counts where it is dealt with.
        .filter(applications::state.ne("transferred"))
        .filter(applications::arrived_at.ge(Micros(wanted.from)))
        .filter(applications::arrived_at.lt(Micros(wanted.until)));
    if let Some(procedure) = &wanted.procedure {
        query = query.filter(applications::procedure.eq(procedure));
    }
    if let Some(department) = &wanted.department {
        query = query.filter(applications::department.eq(department));
    }
    let rows: Vec<Row> = query.load(tx.read())?;
    Ok(rows.into_iter().filter_map(footprint).collect())
}

fn footprint(row: Row) -> Option<CaseFootprint> {
    let ((procedure, department, arrived_at, due_on, paused_for), (taken_up, proposed), ends, counts) = row;
    let (decided, closed, withdrawn) = ends;
    let ends = [(decided, Outcome::Decided), (closed, Outcome::Closed), (withdrawn, Outcome::Withdrawn)];
    let ended = ends.into_iter().find_map(|(at, outcome)| Some((at?.0, outcome)));
    Some(CaseFootprint {
        procedure,
        department,
        arrived_at: arrived_at?.0,
        due_on: due_on.map(|due| due.0),
        stands_still: paused_for.is_some(),
        taken_up_at: taken_up.map(|at| at.0),
        proposed_at: proposed.map(|at| at.0),
        ended,
        touches: counts.0,
        corrections: counts.1,
        returns: counts.2,
    })
}
