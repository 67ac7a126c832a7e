//! The facts that internal control is judged by, read from the tables themselves, and the snapshots of it.

use std::collections::HashMap;

use diesel::prelude::*;
use jiff::Timestamp;
use jiff::civil::Date;

use super::schema::acting::{acting_decisions, post_reviews};
use super::schema::approval::{approval_steps, proposals};
use super::schema::reconciliation::{day_close_confirmations, day_closes};
use super::schema::records::control_snapshots;
use super::schema::refunds::refunds;
use super::schema::settlements::reconciliation_exceptions as exceptions;
use super::schema::waivers::waivers;
use super::schema::{applications, arrivals, decisions, events, invoices};
use super::sql::{IsoDate, Micros, or_ignore};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{
    ActingDecisionId, ApplicationId, DecisionId, ExceptionId, OfficerId, ProposalId, RefundId, TenantCode,
    WaiverId,
};
use crate::domain::internal_control::{
    ActingFacts, CloseFacts, ExceptionFacts, ExecutedFacts, RefundFacts, StepFacts,
};
use crate::store::day_closes::Written;

/// Rows looked up in one go.
const AT_ONCE: usize = 500;

/// A span of instants: the first one, and the first one after it.
type Instants = (Timestamp, Timestamp);

/// A case that arrived: which procedure, when.
#[derive(Clone, Debug, Queryable)]
pub struct ArrivedCase {
    /// The case.
    pub id: ApplicationId,
    /// The procedure.
    pub procedure: String,
    /// Its version.
    pub procedure_version: i64,
    /// When it reached the first office.
    pub arrived_at: Micros,
}

/// The cases that arrived in the span, in the order of ids, piece by piece.
pub fn arrived(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    (from, until): Instants,
    after: Option<ApplicationId>,
    limit: i64,
) -> Result<Vec<ArrivedCase>, StoreError> {
    let of_case =
        arrivals::tenant_id.eq(applications::tenant_id).and(arrivals::application_id.eq(applications::id));
    let mut query = applications::table
        .inner_join(arrivals::table.on(of_case))
        .filter(applications::tenant_id.eq(tenant))
        .filter(arrivals::leg.eq(1_i64))
        .filter(arrivals::arrived_at.ge(Micros(from)))
        .filter(arrivals::arrived_at.lt(Micros(until)))
        .order(applications::id)
        .limit(limit)
        .select((
            applications::id,
            applications::procedure,
            applications::procedure_version,
            arrivals::arrived_at,
        ))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(applications::id.gt(after));
    }
    Ok(query.load(tx.read())?)
}

/// The first instant of each of some cases among those that `read` gives of a few of them; a case without one is not in it.
fn first_of_each<R: Reads>(
    tx: &mut R,
    cases: &[ApplicationId],
    read: impl Fn(&mut R, &[ApplicationId]) -> Result<Vec<(ApplicationId, Micros)>, StoreError>,
) -> Result<HashMap<ApplicationId, Micros>, StoreError> {
    let mut found: HashMap<ApplicationId, Micros> = HashMap::new();
    for some in cases.chunks(AT_ONCE) {
        for (case, at) in read(tx, some)? {
            let first = found.entry(case).or_insert(at);
            *first = at.min(*first);
        }
    }
    Ok(found)
}

/// When the first claim of each of some cases was assessed.
pub fn assessed_at(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    cases: &[ApplicationId],
) -> Result<HashMap<ApplicationId, Micros>, StoreError> {
    first_of_each(tx, cases, |tx, some| {
        Ok(invoices::table
            .filter(invoices::tenant_id.eq(tenant))
            .filter(invoices::application_id.eq_any(some))
            .filter(invoices::principal_id.is_null())
            .select((invoices::application_id, invoices::issued_at))
            .load(tx.read())?)
    })
}

/// When each of some cases was granted, whole or in part, under conditions or not.
pub fn granted_at(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    cases: &[ApplicationId],
) -> Result<HashMap<ApplicationId, Micros>, StoreError> {
    first_of_each(tx, cases, |tx, some| {
        Ok(decisions::table
            .filter(decisions::tenant_id.eq(tenant))
            .filter(decisions::application_id.eq_any(some))
            .filter(decisions::decision.ne("refuse"))
            .select((decisions::application_id, decisions::decided_at))
            .load(tx.read())?)
    })
}

/// When the fee of each of some cases was claimed that waited for the notice of its grant.
pub fn claimed_with_notice_at(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    cases: &[ApplicationId],
) -> Result<HashMap<ApplicationId, Micros>, StoreError> {
    first_of_each(tx, cases, |tx, some| {
        Ok(events::table
            .filter(events::tenant_id.eq(tenant))
            .filter(events::application_id.eq_any(some))
            .filter(events::kind.eq("fee_claimed"))
            .select((events::application_id, events::at))
            .load(tx.read())?)
    })
}

/// When each of some cases ended without a grant: taken back, sent elsewhere, or refused or closed.
pub fn ended_at(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    cases: &[ApplicationId],
) -> Result<HashMap<ApplicationId, Micros>, StoreError> {
    first_of_each(tx, cases, |tx, some| {
        let mut ended: Vec<(ApplicationId, Micros)> = events::table
            .filter(events::tenant_id.eq(tenant))
            .filter(events::application_id.eq_any(some))
            .filter(events::kind.eq_any(["withdrawn", "transferred", "closed"]))
            .select((events::application_id, events::at))
            .load(tx.read())?;
        let refused: Vec<(ApplicationId, Micros)> = decisions::table
            .filter(decisions::tenant_id.eq(tenant))
            .filter(decisions::application_id.eq_any(some))
            .filter(decisions::decision.eq("refuse"))
            .select((decisions::application_id, decisions::decided_at))
            .load(tx.read())?;
        ended.extend(refused);
        Ok(ended)
    })
}

/// The exceptions that were open at some time of the span.
pub fn exceptions_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    (from, until): Instants,
) -> Result<Vec<ExceptionFacts>, StoreError> {
    let rows: Vec<(ExceptionId, Micros, Option<Micros>, Option<String>)> = exceptions::table
        .filter(exceptions::tenant_id.eq(tenant))
        .filter(exceptions::raised_at.lt(Micros(until)))
        .filter(exceptions::resolved_at.is_null().or(exceptions::resolved_at.ge(Micros(from))))
        .order(exceptions::id)
        .select((exceptions::id, exceptions::raised_at, exceptions::resolved_at, exceptions::resolution))
        .load(tx.read())?;
    let facts =
        |(id, raised_at, resolved_at, resolution): (ExceptionId, Micros, Option<Micros>, Option<String>)| {
            let resolved = resolved_at.map(|at| (at.0, resolution.unwrap_or_default()));
            ExceptionFacts { id: id.to_string(), raised_at: raised_at.0, resolved }
        };
    Ok(rows.into_iter().map(facts).collect())
}

/// The decisions of the span with what their proposals say.
pub fn decisions_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    (from, until): Instants,
) -> Result<Vec<ExecutedFacts>, StoreError> {
    let rows: Vec<(DecisionId, ProposalId, Micros)> = decisions::table
        .filter(decisions::tenant_id.eq(tenant))
        .filter(decisions::decided_at.ge(Micros(from)))
        .filter(decisions::decided_at.lt(Micros(until)))
        .order(decisions::id)
        .select((decisions::id, decisions::proposal_id, decisions::decided_at))
        .load(tx.read())?;
    let executed = |(id, proposal, at)| (format!("decision:{id}"), Some(proposal), at);
    with_proposals(tx, tenant, rows.into_iter().map(executed).collect())
}

/// The waivers that were granted in the span, whatever became of them, with what their proposals say.
pub fn waivers_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    (from, until): Instants,
) -> Result<Vec<ExecutedFacts>, StoreError> {
    let rows: Vec<(WaiverId, Option<ProposalId>, Option<Micros>)> = waivers::table
        .filter(waivers::tenant_id.eq(tenant))
        .filter(waivers::state.eq_any(["granted", "expired"]))
        .filter(waivers::decided_at.ge(Micros(from)))
        .filter(waivers::decided_at.lt(Micros(until)))
        .order(waivers::id)
        .select((waivers::id, waivers::proposal_id, waivers::decided_at))
        .load(tx.read())?;
    let executed = |(id, proposal, at): (WaiverId, Option<ProposalId>, Option<Micros>)| {
        Some((format!("waiver:{id}"), proposal, at?))
    };
    with_proposals(tx, tenant, rows.into_iter().filter_map(executed).collect())
}

/// A desk of a route: its proposal, its kind and state, who acted there and when.
type Desk = (ProposalId, String, String, Option<OfficerId>, Option<Micros>);

/// Adds to what was carried out the proposal behind it, with every desk of its route.
fn with_proposals(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    executed: Vec<(String, Option<ProposalId>, Micros)>,
) -> Result<Vec<ExecutedFacts>, StoreError> {
    let ids: Vec<ProposalId> = executed.iter().filter_map(|(_, proposal, _)| *proposal).collect();
    let mut drafted: HashMap<ProposalId, (String, String)> = HashMap::new();
    let mut desks: HashMap<ProposalId, Vec<StepFacts>> = HashMap::new();
    for some in ids.chunks(AT_ONCE) {
        let rows: Vec<(ProposalId, String, OfficerId)> = proposals::table
            .filter(proposals::tenant_id.eq(tenant))
            .filter(proposals::id.eq_any(some))
            .select((proposals::id, proposals::state, proposals::drafter_id))
            .load(tx.read())?;
        drafted.extend(rows.into_iter().map(|(id, state, drafter)| (id, (state, drafter.to_string()))));
        let rows: Vec<Desk> = approval_steps::table
            .filter(approval_steps::tenant_id.eq(tenant))
            .filter(approval_steps::proposal_id.eq_any(some))
            .order((approval_steps::proposal_id, approval_steps::step_no))
            .select((
                approval_steps::proposal_id,
                approval_steps::kind,
                approval_steps::state,
                approval_steps::officer_id,
                approval_steps::acted_at,
            ))
            .load(tx.read())?;
        for (proposal, kind, state, officer, acted_at) in rows {
            let officer = officer.map(|officer| officer.to_string());
            let step = StepFacts { kind, state, officer, acted_at: acted_at.map(|at| at.0) };
            desks.entry(proposal).or_default().push(step);
        }
    }
    let facts = |(subject, proposal, at): (String, Option<ProposalId>, Micros)| ExecutedFacts {
        subject,
        at: at.0,
        proposal: proposal.and_then(|id| drafted.get(&id).cloned()),
        steps: proposal.and_then(|id| desks.remove(&id)).unwrap_or_default(),
    };
    Ok(executed.into_iter().map(facts).collect())
}

/// The refunds of the span that are under way or done: those decided in it, and those asked for in it that nobody decided.
pub fn refunds_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    (from, until): Instants,
) -> Result<Vec<RefundFacts>, StoreError> {
    type Row = (RefundId, OfficerId, Option<OfficerId>, Option<Micros>, Micros);
    let decided = refunds::decided_at.ge(Micros(from)).and(refunds::decided_at.lt(Micros(until)));
    let asked = refunds::created_at.ge(Micros(from)).and(refunds::created_at.lt(Micros(until)));
    let rows: Vec<Row> = refunds::table
        .filter(refunds::tenant_id.eq(tenant))
        .filter(refunds::state.ne_all(["requested", "rejected", "withdrawn"]))
        .filter(decided.or(refunds::decided_at.is_null().and(asked)))
        .order(refunds::id)
        .select((
            refunds::id,
            refunds::requested_by,
            refunds::decided_by,
            refunds::decided_at,
            refunds::created_at,
        ))
        .load(tx.read())?;
    let facts = |(id, requested_by, decided_by, decided_at, created_at): Row| RefundFacts {
        id: id.to_string(),
        at: decided_at.unwrap_or(created_at).0,
        requested_by: requested_by.to_string(),
        decided_by: decided_by.map(|officer| officer.to_string()),
    };
    Ok(rows.into_iter().map(facts).collect())
}

/// The acts of the span in the place of absent officers, with the look afterwards.
pub fn acting_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    (from, until): Instants,
) -> Result<Vec<ActingFacts>, StoreError> {
    let of_act = post_reviews::tenant_id
        .eq(acting_decisions::tenant_id)
        .and(post_reviews::acting_decision_id.eq(acting_decisions::id));
    let rows: Vec<(ActingDecisionId, Micros, Option<Micros>)> = acting_decisions::table
        .left_join(post_reviews::table.on(of_act))
        .filter(acting_decisions::tenant_id.eq(tenant))
        .filter(acting_decisions::acted_at.ge(Micros(from)))
        .filter(acting_decisions::acted_at.lt(Micros(until)))
        .order(acting_decisions::id)
        .select((acting_decisions::id, acting_decisions::acted_at, post_reviews::reviewed_at.nullable()))
        .load(tx.read())?;
    let facts = |(id, acted_at, reviewed_at): (ActingDecisionId, Micros, Option<Micros>)| ActingFacts {
        id: id.to_string(),
        acted_at: acted_at.0,
        reviewed_at: reviewed_at.map(|at| at.0),
    };
    Ok(rows.into_iter().map(facts).collect())
}

/// The closes of the days from one to another, oldest first.
pub fn closes_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    (first, last): (Date, Date),
) -> Result<Vec<CloseFacts>, StoreError> {
    let agreed = day_close_confirmations::tenant_id
        .eq(day_closes::tenant_id)
        .and(day_close_confirmations::day.eq(day_closes::day));
    let rows: Vec<(IsoDate, Micros, Option<Micros>)> = day_closes::table
        .left_join(day_close_confirmations::table.on(agreed))
        .filter(day_closes::tenant_id.eq(tenant))
        .filter(day_closes::day.between(IsoDate(first), IsoDate(last)))
        .order(day_closes::day)
        .select((day_closes::day, day_closes::closed_at, day_close_confirmations::confirmed_at.nullable()))
        .load(tx.read())?;
    let facts = |(day, closed_at, confirmed_at): (IsoDate, Micros, Option<Micros>)| CloseFacts {
        day: day.0,
        closed_at: closed_at.0,
        confirmed_at: confirmed_at.map(|at| at.0),
    };
    Ok(rows.into_iter().map(facts).collect())
}

/// A snapshot as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = control_snapshots)]
pub struct SnapshotRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The fiscal year.
    pub fiscal_year: i64,
    /// 1, 2, 3 … without gaps within the year.
    pub snapshot_no: i64,
    /// The canonical JSON of what it states.
    pub statement: String,
    /// Hash of the snapshot before.
    pub prev_hash: Vec<u8>,
    /// Hash of this one.
    pub hash: Vec<u8>,
    /// The key that signed it.
    pub key_id: String,
    /// The signature over the statement.
    pub signature: Vec<u8>,
    /// Who issued it.
    pub issued_by: OfficerId,
    /// When.
    pub issued_at: Micros,
}

/// The snapshots of a year, oldest first.
pub fn snapshots(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    fiscal_year: i16,
) -> Result<Vec<SnapshotRow>, StoreError> {
    Ok(control_snapshots::table
        .filter(control_snapshots::tenant_id.eq(tenant))
        .filter(control_snapshots::fiscal_year.eq(i64::from(fiscal_year)))
        .order(control_snapshots::snapshot_no)
        .select(SnapshotRow::as_select())
        .load(tx.read())?)
}

/// Stores a snapshot, unless its number is taken.
pub fn insert_snapshot(tx: &mut Tx<'_>, row: &SnapshotRow) -> Result<Written, StoreError> {
    let added = or_ignore(diesel::insert_into(control_snapshots::table).values(row)).execute(tx.change())?;
    Ok(if added == 0 { Written::Taken } else { Written::New })
}
