//! Publishing (手続の公開): an administrator writes a version or the closing of one, a second person approves, every node
//! offers it within seconds, and no process restarts.
//!
//! All of it happens under one root, so two approvals, an approval and an edit, or two drafts of one number never meet.
//! Everything is recorded in a chain of events with actor and instant. The text is read and checked before the
//! transaction; inside it only its SHA-256 is compared.

mod text;
mod view;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::idempotency::{IdempotencyRequest, Made, once};
use super::intake::refuse_faults;
use super::{Ctx, Effect, Failure, Refusal, cases, catalogue_refresh, officer};
use crate::domain::audit::CHAIN_START;
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{OfficerId, PublicationId, TenantCode};
use crate::domain::policy::{self, Action, Actor, CaseFacts};
use crate::domain::procedure_version::{Publication, Rejection, Soundness, Stage, Step};
use crate::store::procedure_versions::{self, Pinned, StoredVersion};
use crate::store::publications::{self, PublicationRow};
use crate::store::sql::{IsoDate, Json, Micros};
use crate::store::{Reads, Root, Tx};

use self::text::Text;
pub use self::view::{Chain, Paper, get, list};

/// The most characters of a comment.
const LONGEST_COMMENT: usize = 2_000;

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::WrongStage(stage) => Self::WrongStage { stage: stage.as_str() },
            Rejection::OwnWork => Self::OwnProposal,
            Rejection::OtherText => Self::WrongStage { stage: "changed" },
            // The use cases list the faults before they ask the machine.
            Rejection::Faulty => Self::Invalid(Vec::new()),
        }
    }
}

/// What is done with a publication that stands already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Ask a second person to approve.
    Propose,
    /// Publish (承認).
    Approve,
    /// Send back (差戻し).
    Return {
        /// Why.
        comment: String,
    },
    /// Give up (取止め).
    Withdraw,
}

/// The end of a version that somebody proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClosing {
    /// Slug of the procedure.
    pub procedure: String,
    /// The version.
    pub version: u32,
    /// The last day a draft can be begun.
    pub last_day: Date,
    /// Until when a draft begun before may be handed in.
    pub drain_until: Date,
}

/// The administrator who calls, or a refusal.
fn administrator(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    action: Action,
) -> Result<OfficerId, Failure> {
    let actor = officer::actor(tx, tenant, ctx.account()?, jst_day(tx.now()))?;
    cases::permit(policy::may(&actor, action, &CaseFacts::of_body(tenant)))?;
    match actor {
        Actor::Officer(authority) => Ok(authority.officer),
        Actor::Person(_) | Actor::Anonymous => Err(Refusal::NotFound.into()),
    }
}

/// Asks the policy before any slow work is done for a caller.
async fn admit(ctx: &Ctx, tenant: &TenantCode, action: Action) -> Result<OfficerId, Failure> {
    let (inner, tenant) = (ctx.clone(), tenant.clone());
    ctx.core.db.read(move |tx| administrator(tx, &inner, &tenant, action)).await
}

/// Begins a version from its text; the text may have faults.
pub async fn create(ctx: Ctx, request: IdempotencyRequest, source: String) -> Result<Effect<Paper>, Failure> {
    admit(&ctx, &request.tenant, Action::ManageProcedures).await?;
    let text = Text::read(&ctx, &request.tenant, source).await?;
    begin(ctx, request, move |row| text.put(row)).await
}

/// Proposes the end of a version, shipped or published.
pub async fn close(
    ctx: Ctx,
    request: IdempotencyRequest,
    closing: NewClosing,
) -> Result<Effect<Paper>, Failure> {
    admit(&ctx, &request.tenant, Action::ManageProcedures).await?;
    catalogue_refresh::refresh(&ctx.core).await?;
    let catalogue = ctx.core.catalogue.current();
    let known = catalogue.procedure_version(&request.tenant, &closing.procedure, closing.version);
    let known = known.ok_or(Refusal::NotFound)?;
    refuse_faults(text::closing_faults(
        &known.definition,
        closing.last_day,
        closing.drain_until,
        jst_day(ctx.now()),
    ))?;
    begin(ctx, request, move |row| {
        let source = json!({
            "procedure": closing.procedure, "version": closing.version,
            "last_day": closing.last_day, "drain_until": closing.drain_until,
        });
        "closing".clone_into(&mut row.kind);
        row.procedure = Some(closing.procedure.clone());
        row.version = Some(i64::from(closing.version));
        row.last_day = Some(IsoDate(closing.last_day));
        row.drain_until = Some(IsoDate(closing.drain_until));
        row.source = source.to_string();
        row.source_sha256 = crate::seal::sha256_hex(row.source.as_bytes());
    })
    .await
}

async fn begin(
    ctx: Ctx,
    request: IdempotencyRequest,
    fill: impl Fn(&mut PublicationRow) + Send + 'static,
) -> Result<Effect<Paper>, Failure> {
    let (db, inner) = (ctx.core.db.clone(), ctx.clone());
    let made = db.write_alone(vec![Root::PUBLISHING], move |tx| {
        let tenant = &request.tenant;
        let put = |tx: &mut Tx<'_>, now: Timestamp| {
            let author = administrator(tx, &inner, tenant, Action::ManageProcedures)?;
            let mut row = new_row(tx, tenant, author, now);
            fill(&mut row);
            refuse_taken(tx, &row)?;
            let closing = row.kind == "closing";
            if closing {
                // There is nothing to draft about two dates: a closing is proposed as it is begun.
                let standing = row.publication()?.apply(author, Step::Propose(Soundness::Sound));
                row.set(&standing.map_err(Refusal::from)?);
            }
            let kind = if closing { "closing_proposed" } else { "drafted" };
            let facts = json!({ "source_sha256": row.source_sha256 });
            let event = publications::append_event(tx, &mut row, kind, author, &facts)?;
            publications::insert(tx, &row)?;
            publications::insert_event(tx, &event)?;
            Ok(Made { resource_id: row.id.to_string(), value: row })
        };
        once(tx, &request, "publication", put, |tx, id| present(tx, tenant, id))
    });
    view::of_effect(&ctx, made.await?).await
}

fn new_row(tx: &Tx<'_>, tenant: &TenantCode, author: OfficerId, now: Timestamp) -> PublicationRow {
    PublicationRow {
        tenant_id: tenant.clone(),
        id: PublicationId(tx.new_id()),
        kind: "version".to_owned(),
        stage: Stage::Draft.as_str().to_owned(),
        procedure: None,
        version: None,
        source: String::new(),
        source_sha256: String::new(),
        digest: None,
        effective_from: None,
        last_day: None,
        drain_until: None,
        author_id: author,
        writers: Json(vec![author]),
        proposer_id: None,
        proposed_sha256: None,
        approver_id: None,
        published_at: None,
        revision: 1,
        event_count: 0,
        event_head: CHAIN_START.to_vec(),
        created_at: Micros(now),
        updated_at: Micros(now),
    }
}

/// Two papers about one version would race for its number; a closing may follow another that is published.
fn refuse_taken(tx: &mut impl Reads, row: &PublicationRow) -> Result<(), Failure> {
    let (Some(procedure), Some(version)) = (&row.procedure, row.version) else { return Ok(()) };
    let mut stages = vec![Stage::Draft, Stage::Proposed, Stage::Returned];
    if row.kind == "version" {
        stages.push(Stage::Published);
        let offered = publications::is_offered(tx, &row.tenant_id, procedure, version)?;
        if offered {
            return Err(Refusal::VersionTaken.into());
        }
    }
    if publications::is_taken(tx, row, &stages)? { Err(Refusal::VersionTaken.into()) } else { Ok(()) }
}

fn present(tx: &mut impl Reads, tenant: &TenantCode, id: &str) -> Result<PublicationRow, Failure> {
    let id =
        id.parse().map_err(|_| Failure::Internal("an idempotency record names no publication".to_owned()))?;
    Ok(publications::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?)
}

/// The publication as it is now, seen by an administrator who may act on it, at the revision the caller looked at.
fn approach(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: PublicationId,
    revision: Option<i64>,
    action: Action,
) -> Result<(OfficerId, PublicationRow), Failure> {
    let me = administrator(tx, ctx, tenant, action)?;
    let row = publications::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    match revision {
        Some(revision) if revision != row.revision => {
            Err(Refusal::StaleVersion { current: row.revision }.into())
        }
        _ => Ok((me, row)),
    }
}

/// Writes another text; a proposal is void with it.
pub async fn edit(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: PublicationId,
    revision: i64,
    source: String,
) -> Result<Effect<Paper>, Failure> {
    admit(&ctx, &request.tenant, Action::ManageProcedures).await?;
    let text = Text::read(&ctx, &request.tenant, source).await?;
    let (db, inner) = (ctx.core.db.clone(), ctx.clone());
    let made = db.write_alone(vec![Root::PUBLISHING], move |tx| {
        let tenant = &request.tenant;
        let write = |tx: &mut Tx<'_>, _| {
            let (me, mut row) = approach(tx, &inner, tenant, id, Some(revision), Action::ManageProcedures)?;
            if row.kind != "version" {
                let ja = "受付終了の案は書き換えられません。取り止めて、改めて提案してください。";
                let en = "A closing is not edited: withdraw it and propose another.";
                return Err(Refusal::Invalid(vec![Fault::new("/source", "closing", ja, en)]).into());
            }
            let step = Step::Edit { text_sha256: text.sha256.clone() };
            let standing = row.publication()?.apply(me, step).map_err(Refusal::from)?;
            text.put(&mut row);
            row.set(&standing);
            refuse_taken(tx, &row)?;
            save(tx, &mut row, "edited", me, &json!({ "source_sha256": text.sha256 }))?;
            Ok(Made { value: row, resource_id: id.to_string() })
        };
        once(tx, &request, "publication", write, |tx, id| present(tx, tenant, id))
    });
    view::of_effect(&ctx, made.await?).await
}

/// Proposes, approves, returns or withdraws.
pub async fn act(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: PublicationId,
    revision: Option<i64>,
    act: Act,
) -> Result<Effect<Paper>, Failure> {
    let action = match act {
        Act::Approve | Act::Return { .. } => Action::ApproveProcedures,
        Act::Propose | Act::Withdraw => Action::ManageProcedures,
    };
    admit(&ctx, &request.tenant, action).await?;
    refuse_faults(comment_faults(&act))?;
    // What another node published a moment ago counts.
    catalogue_refresh::refresh(&ctx.core).await?;
    let text = text::stored(&ctx, &request.tenant, id).await?;
    let (db, inner) = (ctx.core.db.clone(), ctx.clone());
    let approving = act == Act::Approve;
    let made = db.write_alone(vec![Root::PUBLISHING], move |tx| {
        let tenant = &request.tenant;
        let take = |tx: &mut Tx<'_>, now: Timestamp| {
            let (me, mut row) = approach(tx, &inner, tenant, id, revision, action)?;
            if row.source_sha256 != text.sha256 {
                return Err(Refusal::StaleVersion { current: row.revision }.into());
            }
            carry_out(tx, &inner, &mut row, me, &act, &text, now)?;
            Ok(Made { value: row, resource_id: id.to_string() })
        };
        once(tx, &request, "publication", take, |tx, id| present(tx, tenant, id))
    });
    let made = made.await?;
    if approving {
        // It is published whatever happens here; at the latest the next look brings it.
        if let Err(failure) = catalogue_refresh::refresh(&ctx.core).await {
            tracing::warn!(error.internal = %failure, "published, but not loaded yet");
        }
    }
    view::of_effect(&ctx, made).await
}

fn comment_faults(act: &Act) -> Vec<Fault> {
    let Act::Return { comment } = act else { return Vec::new() };
    let length = comment.trim().chars().count();
    if (1..=LONGEST_COMMENT).contains(&length) && !comment.contains('\0') {
        return Vec::new();
    }
    let ja = format!("差戻しの理由を1～{LONGEST_COMMENT}文字で入力してください。");
    let en = format!("Say why in 1 to {LONGEST_COMMENT} characters.");
    vec![Fault::new("/comment", "length", ja, en)]
}

fn carry_out(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    row: &mut PublicationRow,
    me: OfficerId,
    act: &Act,
    text: &Text,
    now: Timestamp,
) -> Result<(), Failure> {
    let faults = text.faults_of(row, &ctx.core.catalogue.current(), jst_day(now));
    let soundness = if faults.is_empty() { Soundness::Sound } else { Soundness::Faulty };
    let (step, event, facts) = match act {
        Act::Propose => (Step::Propose(soundness), "proposed", json!({ "source_sha256": row.source_sha256 })),
        Act::Approve => {
            let facts = json!({ "source_sha256": row.source_sha256, "digest": row.digest });
            (Step::Approve(soundness), "approved", facts)
        }
        Act::Return { comment } => (Step::Return, "returned", json!({ "comment": comment.trim() })),
        Act::Withdraw => (Step::Withdraw, "withdrawn", json!({})),
    };
    let standing = row.publication()?.apply(me, step);
    let standing = standing.map_err(|rejection| match rejection {
        Rejection::Faulty => Refusal::Invalid(faults),
        other => other.into(),
    })?;
    row.set(&standing);
    if *act == Act::Approve {
        publish(tx, row, &standing, me, text, now)?;
    }
    save(tx, row, event, me, &facts)
}

/// The version goes into the store of what was ever offered, and every node is told to look.
fn publish(
    tx: &mut Tx<'_>,
    row: &mut PublicationRow,
    standing: &Publication,
    me: OfficerId,
    text: &Text,
    now: Timestamp,
) -> Result<(), Failure> {
    debug_assert_eq!(standing.stage, Stage::Published);
    if let (Some(procedure), Some(definition)) = (&row.procedure, &text.definition) {
        let highest = publications::highest_version(tx, &row.tenant_id, procedure)?;
        if highest.is_some_and(|highest| row.version <= Some(highest)) {
            return Err(Refusal::VersionTaken.into());
        }
        let version = StoredVersion {
            tenant: row.tenant_id.clone(),
            procedure: procedure.clone(),
            version: text.version.unwrap_or(0),
            digest: text.digest.clone().unwrap_or_default(),
            definition: definition.clone(),
        };
        if procedure_versions::pin(tx, &version)? == Pinned::OtherContent {
            return Err(Refusal::VersionTaken.into());
        }
    }
    row.approver_id = Some(me);
    row.published_at = Some(Micros(now));
    publications::raise_revision(tx)?;
    Ok(())
}

fn save(
    tx: &mut Tx<'_>,
    row: &mut PublicationRow,
    event: &str,
    me: OfficerId,
    facts: &Value,
) -> Result<(), Failure> {
    let event = publications::append_event(tx, row, event, me, facts)?;
    publications::update(tx, row)?;
    publications::insert_event(tx, &event)?;
    Ok(())
}
