//! A publication as administrators see it: with what is wrong, what it changes, and what has happened to it.

use serde_json::Value;

use super::super::{Ctx, Effect, Failure, Refusal};
use super::text::{self, Text};
use super::{administrator, admit};
use crate::catalogue::{Catalogue, TextFault};
use crate::domain::audit::{CHAIN_START, ChainHash};
use crate::domain::calendar::jst_day;
use crate::domain::definition_diff::{Change, diff, without_nothing};
use crate::domain::id::{PublicationId, TenantCode};
use crate::domain::policy::Action;
use crate::domain::procedure_version::{Stage, Standing};
use crate::store::publications::{self, PublicationEventRow, PublicationRow};

/// Whether the stored events are the ones that were recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// Every hash follows from the one before, and the last one is the recorded head.
    Whole,
    /// Something was changed or lost.
    Broken,
}

/// A publication with what is known of it today.
#[derive(Clone, Debug)]
pub struct Paper {
    /// The row.
    pub row: PublicationRow,
    /// `draft`, `proposed`, `returned`, `withdrawn`, `published`, `superseded` or `closed`.
    pub state: &'static str,
    /// What stands in the way of publishing it; empty once it is published.
    pub faults: Vec<TextFault>,
    /// The version it is compared with.
    pub compared_with: Option<u32>,
    /// Where it differs from that version.
    pub changes: Vec<Change>,
    /// What has happened, in order.
    pub events: Vec<PublicationEventRow>,
    /// Whether that is the whole truth.
    pub chain: Chain,
}

/// One publication, for administrators of the body.
pub async fn get(ctx: Ctx, tenant: TenantCode, id: PublicationId) -> Result<Paper, Failure> {
    admit(&ctx, &tenant, Action::ManageProcedures).await?;
    let of = tenant.clone();
    let row = ctx.core.db.read(move |tx| Ok::<_, Failure>(publications::find(tx, &of, id)?)).await?;
    paper(&ctx, row.ok_or(Refusal::NotFound)?).await
}

/// A page of publications, newest first, with their states of today; `before` is the last of the page before.
pub async fn list(
    ctx: Ctx,
    tenant: TenantCode,
    stage: Option<Stage>,
    before: Option<PublicationId>,
    limit: i64,
) -> Result<Vec<(PublicationRow, &'static str)>, Failure> {
    let inner = ctx.clone();
    let rows = ctx
        .core
        .db
        .read(move |tx| {
            administrator(tx, &inner, &tenant, Action::ManageProcedures)?;
            Ok::<_, Failure>(publications::page(tx, &tenant, stage, before, limit)?)
        })
        .await?;
    let catalogue = ctx.core.catalogue.current();
    let with_state = |row: PublicationRow| {
        let today = state(&ctx, &catalogue, &row);
        (row, today)
    };
    Ok(rows.into_iter().map(with_state).collect())
}

/// Presents the row of an effect.
pub(super) async fn of_effect(ctx: &Ctx, made: Effect<PublicationRow>) -> Result<Effect<Paper>, Failure> {
    let Effect { value, origin } = made;
    Ok(Effect { value: paper(ctx, value).await?, origin })
}

async fn paper(ctx: &Ctx, row: PublicationRow) -> Result<Paper, Failure> {
    let (tenant, id) = (row.tenant_id.clone(), row.id);
    let events =
        ctx.core.db.read(move |tx| Ok::<_, Failure>(publications::events_of(tx, &tenant, id)?)).await?;
    let catalogue = ctx.core.catalogue.current();
    let text = text::of_row(ctx, &row).await?;
    let open = !matches!(row.publication()?.stage, Stage::Published | Stage::Withdrawn);
    let faults = if open { all_faults(ctx, &text, &row, &catalogue) } else { Vec::new() };
    let (compared_with, changes) = compared(ctx, &text, &row, &catalogue);
    Ok(Paper {
        state: state(ctx, &catalogue, &row),
        chain: verify(&row, &events),
        faults,
        compared_with,
        changes,
        events,
        row,
    })
}

fn all_faults(ctx: &Ctx, text: &Text, row: &PublicationRow, catalogue: &Catalogue) -> Vec<TextFault> {
    let today = jst_day(ctx.now());
    if row.kind == "closing" {
        return text.faults_of(row, catalogue, today).into_iter().map(TextFault::from).collect();
    }
    let mut faults = text.faults.clone();
    faults.extend(text.order_faults(&row.tenant_id, catalogue, today).into_iter().map(TextFault::from));
    faults
}

/// What the text changes against the version in force, or else the newest one below it.
fn compared(
    ctx: &Ctx,
    text: &Text,
    row: &PublicationRow,
    catalogue: &Catalogue,
) -> (Option<u32>, Vec<Change>) {
    let (Some(procedure), Some(tree)) = (&row.procedure, &text.tree) else { return (None, Vec::new()) };
    let in_force = catalogue.find_procedure(&row.tenant_id, procedure, jst_day(ctx.now()));
    let other = in_force.or_else(|| catalogue.newest_version(&row.tenant_id, procedure));
    let Some(other) = other else { return (None, Vec::new()) };
    let before = serde_json::to_value(&other.definition).unwrap_or(Value::Null);
    (Some(other.definition.version), diff(&without_nothing(before), &without_nothing(tree.clone())))
}

fn state(ctx: &Ctx, catalogue: &Catalogue, row: &PublicationRow) -> &'static str {
    let stage = Stage::parse(&row.stage).unwrap_or(Stage::Draft);
    if stage != Stage::Published || row.kind != "version" {
        return stage.as_str();
    }
    let version = row.version.and_then(|version| u32::try_from(version).ok()).unwrap_or(0);
    let procedure = row.procedure.as_deref().unwrap_or_default();
    let known = catalogue.procedure_version(&row.tenant_id, procedure, version);
    match known.map(|known| catalogue.standing(known, jst_day(ctx.now())).0) {
        Some(Standing::Superseded) => "superseded",
        Some(Standing::Closed) => "closed",
        Some(Standing::Scheduled | Standing::InForce) | None => stage.as_str(),
    }
}

fn verify(row: &PublicationRow, events: &[PublicationEventRow]) -> Chain {
    let mut head: ChainHash = CHAIN_START;
    for (seq, event) in (1_i64..).zip(events) {
        let expected = event.expected_hash(&head);
        if event.seq != seq || event.prev_hash != head || event.hash != expected {
            return Chain::Broken;
        }
        head = expected;
    }
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    // Events and row are read one after the other: a longer chain than the row says is a later state, not a fault.
    if count > row.event_count || (count == row.event_count && row.event_head == head) {
        Chain::Whole
    } else {
        Chain::Broken
    }
}
