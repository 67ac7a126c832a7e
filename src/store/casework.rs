//! What cases went through (業務の可視化): one row a case, folded from its events by the database, and when they were with the
//! applicant.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use jiff::Timestamp;

use super::schema::{applications, corrections, events};
use super::sql::{IsoDate, Micros};
use super::{Reads, StoreError};
use crate::domain::casework::{CaseFootprint, Outcome};
use crate::domain::id::{ApplicationId, TenantCode};

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

/// The event is about a proposal of a decision: its facts name the subject, and waivers and the like are proposed, too.
const OF_DECISION: &str = "events.facts LIKE '%\"subject\":\"decision\"%'";

type Row = (
    (ApplicationId, String, String, Option<Micros>, Option<IsoDate>, Option<String>),
    (Option<Micros>, Option<Micros>),
    (Option<Micros>, Option<Micros>, Option<Micros>),
    (i64, i64, i64),
);

/// The times of each case at which something was asked of its applicant, and until when it was awaited.
type Asked = HashMap<ApplicationId, Vec<(Timestamp, Option<Timestamp>)>>;

/// The way of every case that arrived in the period, in two statements; who worked on it is not read. A decision is no act of
/// its own: the seal that makes it is counted.
pub fn footprints(tx: &mut impl Reads, wanted: &CaseworkQuery) -> Result<Vec<CaseFootprint>, StoreError> {
    let first =
        |condition: &str| sql::<Nullable<BigInt>>(&format!("MIN(CASE WHEN {condition} THEN events.at END)"));
    let of_decision = |kinds: &str| format!("events.kind IN ({kinds}) AND {OF_DECISION}");
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
                applications::id,
                applications::procedure,
                applications::department,
                applications::arrived_at,
                applications::due_on,
                applications::paused_for,
            ),
            (first("events.kind IN ('claimed', 'assigned')"), first(&of_decision("'proposed'"))),
            (
                first("events.kind = 'decided'"),
                first("events.kind = 'closed'"),
                first("events.kind = 'withdrawn'"),
            ),
            (
                count("events.actor_kind = 'officer' AND events.kind <> 'decided'"),
                count("events.kind IN ('correction_requested', 'inquiry_made')"),
                count(&of_decision("'returned', 'recalled'")),
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
    let mut asked = asked_of_applicants(tx, wanted)?;
    Ok(rows.into_iter().filter_map(|row| footprint(row, &mut asked)).collect())
}

/// The times something was asked of the applicants of the cases that arrived in the period, each case's oldest first.
fn asked_of_applicants(tx: &mut impl Reads, wanted: &CaseworkQuery) -> Result<Asked, StoreError> {
    let of_case = corrections::tenant_id
        .eq(applications::tenant_id)
        .and(corrections::application_id.eq(applications::id));
    let rows: Vec<(ApplicationId, Micros, Option<Micros>, Option<Micros>)> = applications::table
        .inner_join(corrections::table.on(of_case))
        .filter(applications::tenant_id.eq(&wanted.tenant))
        .filter(applications::arrived_at.ge(Micros(wanted.from)))
        .filter(applications::arrived_at.lt(Micros(wanted.until)))
        .order((corrections::requested_at, corrections::id))
        .select((
            corrections::application_id,
            corrections::requested_at,
            corrections::answered_at,
            corrections::ended_at,
        ))
        .load(tx.read())?;
    let mut asked = Asked::new();
    for (case, requested_at, answered_at, ended_at) in rows {
        let until = answered_at.or(ended_at).map(|at| at.0);
        asked.entry(case).or_default().push((requested_at.0, until));
    }
    Ok(asked)
}

fn footprint(row: Row, asked: &mut Asked) -> Option<CaseFootprint> {
    let ((id, procedure, department, arrived_at, due_on, paused_for), (taken_up, proposed), ends, counts) =
        row;
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
        with_applicant: asked.remove(&id).unwrap_or_default(),
        ended,
        touches: counts.0,
        corrections: counts.1,
        returns: counts.2,
    })
}
