//! Events of cases: append-only, each chained to the one before (`domain::audit`).

use diesel::prelude::*;

use super::applications::ApplicationRow;
use super::backend::on_either;
use super::schema::events;
use super::sql::Micros;
use super::{Reads, StoreError, Tx};
use crate::domain::audit::{self, ChainHash, EventActor, EventRecord};
use crate::domain::id::{ApplicationId, TenantCode};

/// An event as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
pub struct EventRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The case.
    pub application_id: ApplicationId,
    /// 1, 2, 3 … without gaps.
    pub seq: i64,
    /// What happened.
    pub kind: String,
    /// `applicant`, `officer`, `gateway` or `system`.
    pub actor_kind: String,
    /// Who.
    pub actor_id: String,
    /// When.
    pub at: Micros,
    /// Facts that name nobody, as JSON text.
    pub facts: String,
    /// What is personal, sealed with the case's key.
    pub sealed_detail: Option<Vec<u8>>,
    /// Hash of the event before.
    pub prev_hash: Vec<u8>,
    /// Hash of this event.
    pub hash: Vec<u8>,
}

/// What a use case says of an event; number, time and hashes come from the case and the transaction.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// What happened.
    pub kind: &'static str,
    /// Who did it.
    pub actor: EventActor,
    /// Facts that name nobody.
    pub facts: serde_json::Value,
    /// What is personal, sealed.
    pub sealed_detail: Option<Vec<u8>>,
}

/// Appends an event and moves the chain's head in `case`, which the caller then stores.
pub fn append(tx: &mut Tx<'_>, case: &mut ApplicationRow, event: NewEvent) -> Result<(), StoreError> {
    let head: ChainHash = case
        .event_head
        .as_slice()
        .try_into()
        .map_err(|_| StoreError::Inconsistent(format!("applications.event_head of {}", case.id)))?;
    let now = tx.now();
    let facts = event.facts.to_string();
    let record = EventRecord {
        tenant: &case.tenant_id,
        application: case.id,
        seq: case.event_count + 1,
        kind: event.kind,
        actor: (event.actor.kind, &event.actor.id),
        at: now,
        facts: &facts,
        sealed_detail: event.sealed_detail.as_deref(),
    };
    let hash = audit::link(&head, &record);
    let row = EventRow {
        tenant_id: case.tenant_id.clone(),
        application_id: case.id,
        seq: case.event_count + 1,
        kind: event.kind.to_owned(),
        actor_kind: event.actor.kind.to_owned(),
        actor_id: event.actor.id,
        at: Micros(now),
        facts,
        sealed_detail: event.sealed_detail,
        prev_hash: head.to_vec(),
        hash: hash.to_vec(),
    };
    on_either!(tx.change(), |conn| diesel::insert_into(events::table).values(&row).execute(conn))?;
    case.event_count += 1;
    case.event_head = hash.to_vec();
    Ok(())
}

/// The place that the sealed reason of a withdrawal on paper is bound to.
pub fn withdrawal_place(id: ApplicationId) -> String {
    format!("events.sealed_detail:{id}:withdrawn")
}

/// Whether a case has an event of this kind with these facts.
pub fn is_recorded(
    tx: &mut impl Reads,
    case: &ApplicationRow,
    kind: &str,
    facts: &serde_json::Value,
) -> Result<bool, StoreError> {
    let same = events::table
        .filter(events::tenant_id.eq(&case.tenant_id))
        .filter(events::application_id.eq(case.id))
        .filter(events::kind.eq(kind))
        .filter(events::facts.eq(facts.to_string()));
    Ok(same.count().get_result::<i64>(tx.read())? > 0)
}

/// An event of a case as far as it shows who works on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskEvent {
    /// The case.
    pub case: ApplicationId,
    /// What happened.
    pub kind: String,
    /// `applicant`, `officer`, `gateway` or `system`.
    pub actor_kind: String,
    /// Who.
    pub actor_id: String,
    /// When.
    pub at: Micros,
}

/// What officers did in these cases, and what of these kinds happened to them, in one statement and in no order.
pub fn at_desks(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    cases: &[ApplicationId],
    kinds: &[&str],
) -> Result<Vec<DeskEvent>, StoreError> {
    type Row = (ApplicationId, String, String, String, Micros);
    let rows: Vec<Row> = events::table
        .filter(events::tenant_id.eq(tenant))
        .filter(events::application_id.eq_any(cases))
        .filter(events::actor_kind.eq("officer").or(events::kind.eq_any(kinds.to_vec())))
        .select((events::application_id, events::kind, events::actor_kind, events::actor_id, events::at))
        .load(tx.read())?;
    let event = |(case, kind, actor_kind, actor_id, at)| DeskEvent { case, kind, actor_kind, actor_id, at };
    Ok(rows.into_iter().map(event).collect())
}

/// The last event of a case of this kind with these facts.
pub fn last_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
    kind: &str,
    facts: &serde_json::Value,
) -> Result<Option<EventRow>, StoreError> {
    Ok(events::table
        .filter(events::tenant_id.eq(tenant))
        .filter(events::application_id.eq(id))
        .filter(events::kind.eq(kind))
        .filter(events::facts.eq(facts.to_string()))
        .order(events::seq.desc())
        .select(EventRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// The last event of a case at an instant that is of one of these kinds.
pub fn at_instant(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
    at: Micros,
    kinds: &[&str],
) -> Result<Option<EventRow>, StoreError> {
    Ok(events::table
        .filter(events::tenant_id.eq(tenant))
        .filter(events::application_id.eq(id))
        .filter(events::at.eq(at))
        .filter(events::kind.eq_any(kinds.to_vec()))
        .order(events::seq.desc())
        .select(EventRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// All events of a case in order.
pub fn of_case(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Vec<EventRow>, StoreError> {
    Ok(events::table
        .filter(events::tenant_id.eq(tenant))
        .filter(events::application_id.eq(id))
        .order(events::seq)
        .select(EventRow::as_select())
        .load(tx.read())?)
}
