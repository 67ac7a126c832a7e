//! Procedure versions and closings on their way to being published (`publications`), the chain of what happened to each,
//! and the revision that every node watches (`catalogue_state`).
//!
//! Every write here happens under [`super::Root::PUBLISHING`]; constraints are the second line.

use diesel::prelude::*;
use uuid::Uuid;

use super::backend::on_either;
use super::schema::{catalogue_state, procedure_versions, publication_events, publications};
use super::sql::{IsoDate, Json, Micros};
use super::{Reads, StoreError, Tx};
use crate::domain::audit::{self, ChainHash, EventRecord};
use crate::domain::id::{ApplicationId, OfficerId, PublicationId, TenantCode};
use crate::domain::procedure_version::{Proposed, Publication, Stage};

/// A publication as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = publications, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct PublicationRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The publication.
    pub id: PublicationId,
    /// `version` or `closing`.
    pub kind: String,
    /// `draft`, `proposed`, `returned`, `withdrawn` or `published`.
    pub stage: String,
    /// Slug of the procedure; none while the text does not say it.
    pub procedure: Option<String>,
    /// Number of the version; none while the text does not say it.
    pub version: Option<i64>,
    /// The text exactly as it was written.
    pub source: String,
    /// SHA-256 of the text, hexadecimal.
    pub source_sha256: String,
    /// SHA-256 of the content, hexadecimal; none while it cannot be read.
    pub digest: Option<String>,
    /// The first day of the version.
    pub effective_from: Option<IsoDate>,
    /// A closing's last day.
    pub last_day: Option<IsoDate>,
    /// Until when drafts may be handed in after the last day.
    pub drain_until: Option<IsoDate>,
    /// Who began it.
    pub author_id: OfficerId,
    /// Everybody who wrote on it.
    pub writers: Json<Vec<OfficerId>>,
    /// Who proposed it.
    pub proposer_id: Option<OfficerId>,
    /// SHA-256 of the text that was proposed.
    pub proposed_sha256: Option<String>,
    /// Who approved it.
    pub approver_id: Option<OfficerId>,
    /// When it was approved.
    pub published_at: Option<Micros>,
    /// Rises with every change.
    pub revision: i64,
    /// Length of the chain of events.
    pub event_count: i64,
    /// Hash of the last event.
    pub event_head: Vec<u8>,
    /// When it was begun.
    pub created_at: Micros,
    /// When it was last changed.
    pub updated_at: Micros,
}

impl PublicationRow {
    /// The publication as the domain knows it.
    pub fn publication(&self) -> Result<Publication, StoreError> {
        let stage = Stage::parse(&self.stage)
            .ok_or_else(|| StoreError::Inconsistent(format!("publications.stage of {}", self.id)))?;
        let proposed = self.proposer_id.zip(self.proposed_sha256.clone());
        Ok(Publication {
            stage,
            writers: self.writers.0.clone(),
            text_sha256: self.source_sha256.clone(),
            proposed: proposed.map(|(by, text_sha256)| Proposed { by, text_sha256 }),
        })
    }

    /// Takes a new standing over.
    pub fn set(&mut self, publication: &Publication) {
        publication.stage.as_str().clone_into(&mut self.stage);
        self.writers.0.clone_from(&publication.writers);
        self.source_sha256.clone_from(&publication.text_sha256);
        self.proposer_id = publication.proposed.as_ref().map(|proposed| proposed.by);
        self.proposed_sha256 = publication.proposed.as_ref().map(|proposed| proposed.text_sha256.clone());
    }
}

/// An event of a publication as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = publication_events)]
pub struct PublicationEventRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The publication.
    pub publication_id: PublicationId,
    /// 1, 2, 3 … without gaps.
    pub seq: i64,
    /// What happened.
    pub kind: String,
    /// The officer.
    pub actor_id: OfficerId,
    /// When.
    pub at: Micros,
    /// What is to be known of it, as JSON text.
    pub facts: String,
    /// Hash of the event before.
    pub prev_hash: Vec<u8>,
    /// Hash of this event.
    pub hash: Vec<u8>,
}

impl PublicationEventRow {
    /// The hash, hexadecimal.
    pub fn hash_hex(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.hash)
    }

    /// What the hash of this event must be.
    pub fn expected_hash(&self, prev: &ChainHash) -> ChainHash {
        let record = EventRecord {
            tenant: &self.tenant_id,
            // The chain of a publication is the chain of a case with the publication in its place.
            application: ApplicationId(self.publication_id.0),
            seq: self.seq,
            kind: &self.kind,
            actor: ("officer", &self.actor_id.to_string()),
            at: self.at.0,
            facts: &self.facts,
            sealed_detail: None,
        };
        audit::link(prev, &record)
    }
}

/// Stores a new publication.
pub fn insert(tx: &mut Tx<'_>, row: &PublicationRow) -> Result<(), StoreError> {
    on_either!(tx.change(), |conn| diesel::insert_into(publications::table).values(row).execute(conn))?;
    Ok(())
}

/// Stores a changed publication under its next revision.
pub fn update(tx: &mut Tx<'_>, row: &mut PublicationRow) -> Result<(), StoreError> {
    let before = row.revision;
    row.revision += 1;
    row.updated_at = Micros(tx.now());
    let target = publications::table
        .filter(publications::tenant_id.eq(&row.tenant_id))
        .filter(publications::id.eq(row.id))
        .filter(publications::revision.eq(before));
    let update = diesel::update(target).set(&*row);
    // Compiled for each backend by itself: so many columns at once would keep the compiler busy for an hour.
    let affected = on_either!(tx.change(), |conn| update.execute(conn))?;
    if affected == 1 {
        return Ok(());
    }
    Err(StoreError::Inconsistent(format!("publications.revision of {}", row.id)))
}

/// Appends an event and moves the chain's head in `row`, which the caller then stores.
pub fn append_event(
    tx: &mut Tx<'_>,
    row: &mut PublicationRow,
    kind: &str,
    actor: OfficerId,
    facts: &serde_json::Value,
) -> Result<PublicationEventRow, StoreError> {
    let broken = || StoreError::Inconsistent(format!("publications.event_head of {}", row.id));
    let head: ChainHash = row.event_head.as_slice().try_into().map_err(|_| broken())?;
    let mut event = PublicationEventRow {
        tenant_id: row.tenant_id.clone(),
        publication_id: row.id,
        seq: row.event_count + 1,
        kind: kind.to_owned(),
        actor_id: actor,
        at: Micros(tx.now()),
        facts: facts.to_string(),
        prev_hash: head.to_vec(),
        hash: Vec::new(),
    };
    event.hash = event.expected_hash(&head).to_vec();
    row.event_count = event.seq;
    row.event_head.clone_from(&event.hash);
    Ok(event)
}

/// Stores an event; the publication it belongs to must be there already.
pub fn insert_event(tx: &mut Tx<'_>, event: &PublicationEventRow) -> Result<(), StoreError> {
    diesel::insert_into(publication_events::table).values(event).execute(tx.change())?;
    Ok(())
}

/// The events of a publication in order.
pub fn events_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: PublicationId,
) -> Result<Vec<PublicationEventRow>, StoreError> {
    Ok(publication_events::table
        .filter(publication_events::tenant_id.eq(tenant))
        .filter(publication_events::publication_id.eq(id))
        .order(publication_events::seq)
        .select(PublicationEventRow::as_select())
        .load(tx.read())?)
}

/// One publication of a body.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: PublicationId,
) -> Result<Option<PublicationRow>, StoreError> {
    let found = publications::table.find((tenant, id)).select(PublicationRow::as_select());
    Ok(found.first(tx.read()).optional()?)
}

/// A page of a body's publications, newest first; `before` is the last of the page before.
pub fn page(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    stage: Option<Stage>,
    before: Option<PublicationId>,
    limit: i64,
) -> Result<Vec<PublicationRow>, StoreError> {
    let mut query = publications::table
        .filter(publications::tenant_id.eq(tenant))
        .order(publications::id.desc())
        .limit(limit)
        .select(PublicationRow::as_select())
        .into_boxed();
    if let Some(stage) = stage {
        query = query.filter(publications::stage.eq(stage.as_str()));
    }
    if let Some(before) = before {
        query = query.filter(publications::id.lt(before));
    }
    Ok(query.load(tx.read())?)
}

/// Everything that is published, of all bodies, in the order in which it was.
pub fn published(tx: &mut impl Reads) -> Result<Vec<PublicationRow>, StoreError> {
    Ok(publications::table
        .filter(publications::stage.eq(Stage::Published.as_str()))
        .order((publications::published_at, publications::id))
        .select(PublicationRow::as_select())
        .load(tx.read())?)
}

/// Whether another publication, alive or published, is about this version of this kind.
pub fn is_taken(tx: &mut impl Reads, row: &PublicationRow, stages: &[Stage]) -> Result<bool, StoreError> {
    let stages: Vec<&str> = stages.iter().map(|stage| stage.as_str()).collect();
    let others = publications::table
        .filter(publications::tenant_id.eq(&row.tenant_id))
        .filter(publications::kind.eq(&row.kind))
        .filter(publications::procedure.eq(&row.procedure))
        .filter(publications::version.eq(row.version))
        .filter(publications::stage.eq_any(stages))
        .filter(publications::id.ne(row.id));
    Ok(others.count().get_result::<i64>(tx.read())? > 0)
}

/// The highest number that a version of this procedure was ever offered under.
pub fn highest_version(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    procedure: &str,
) -> Result<Option<i64>, StoreError> {
    let versions = procedure_versions::table
        .filter(procedure_versions::tenant_id.eq(tenant))
        .filter(procedure_versions::procedure.eq(procedure));
    Ok(versions.select(diesel::dsl::max(procedure_versions::version)).first(tx.read())?)
}

/// The revision of what is published; it rises with every publication.
pub fn revision(tx: &mut impl Reads) -> Result<i64, StoreError> {
    let found = catalogue_state::table.find(Uuid::nil().to_string()).select(catalogue_state::revision);
    Ok(found.first(tx.read())?)
}

/// Raises the revision, so that every node looks again.
pub fn raise_revision(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let row = catalogue_state::table.find(Uuid::nil().to_string());
    let raised = catalogue_state::revision.eq(catalogue_state::revision + 1);
    diesel::update(row).set(raised).execute(tx.change())?;
    Ok(())
}

/// Whether a version with this number was ever offered, from a file or by publication.
pub fn is_offered(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    procedure: &str,
    version: i64,
) -> Result<bool, StoreError> {
    let key = (tenant.as_str(), procedure, version);
    let found = procedure_versions::table.find(key).select(procedure_versions::version);
    Ok(found.first::<i64>(tx.read()).optional()?.is_some())
}
