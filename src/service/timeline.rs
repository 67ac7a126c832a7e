//! The timeline (経過): every event of a case with who and when, and whether its chain is whole.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use super::account::Profile;
use super::cases::{self, OpenCase};
use super::officer_labels::{self, OfficerLabel};
use super::untold::{Telling, Untold};
use super::{Ctx, Failure, access, audit, review};
use crate::domain::calendar::jst_day;
use crate::domain::id::{ApplicationId, OfficerId, TenantCode};
use crate::domain::policy::Action;
use crate::store::events::{self, EventRow};
use crate::store::{ReadTx, parties};

pub use super::audit::Chain;

/// Events whose facts are the office's own: the applicant sees that and when they happened, not what they say.
const INTERNAL: [&str; 34] = [
    "claimed",
    "released",
    "assigned",
    "taken_over",
    "proposed",
    "approved",
    "dissented",
    "returned",
    "recalled",
    "superseded",
    "escalated",
    "instructed",
    "approval_overdue",
    "post_reviewed",
    "proposal_ended",
    "task_closed",
    "deadline_escalated",
    "checklist_marked",
    "waiver_approved",
    "waiver_revoked",
    "write_off_approved",
    "opinion_asked",
    "opinion_given",
    "opinion_recalled",
    "opinion_overdue",
    "inspection_carried_out",
    "original_seen",
    "false_claim_recorded",
    "payment_alert",
    "payment_alert_handled",
    "payment_settled",
    "late_remittance_accepted",
    "dispute_moved",
    "dispute_reminder",
];

/// Events that are the office's own altogether: a party does not see that they happened. That records are held says by itself that an
/// appeal, a suit or an audit is expected.
const HIDDEN: [&str; 3] = [review::NOTE_ADDED, "record_hold_placed", "record_hold_released"];

/// Who acted, as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActorLabel {
    /// `applicant`, `officer`, `gateway` or `system`.
    pub kind: String,
    /// The actor's id.
    pub id: String,
    /// The name, where there is one.
    pub name: Option<String>,
    /// The title of that day.
    pub title: Option<String>,
    /// The name of the department of that day, in Japanese.
    pub department: Option<String>,
}

/// An event as shown.
#[derive(Clone, Debug)]
pub struct TimelineItem {
    /// 1, 2, 3 …
    pub seq: i64,
    /// What happened.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub actor: ActorLabel,
    /// Facts that name nobody, and why an application on paper was taken back; null where they are internal and the reader is not
    /// staff, and where the notice of them waits to be retrieved.
    pub facts: Value,
}

/// The events of a case.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// Whether the stored events are the ones that were recorded.
    pub chain: Chain,
    /// In order.
    pub items: Vec<TimelineItem>,
}

/// The timeline of a case, for its parties and the department. A party reads nothing here that its notice has not told.
pub async fn read(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<Timeline, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let found = ctx.core.db.read(move |tx| read_events(tx, &inner, &body, id)).await;
    let (reader, timeline) = found?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "timeline", &[id]).await?;
    }
    Ok(timeline)
}

fn read_events(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<(Option<OfficerId>, Timeline), Failure> {
    let case = cases::open(tx, ctx, tenant, id, Action::ReadCase)?;
    let rows = events::of_case(tx, tenant, id)?;
    let chain = audit::verify_case(&case.row, &rows);
    let officers = rows.iter().filter(|row| row.actor_kind == "officer");
    let officers = officers.filter_map(|row| row.actor_id.parse().ok()).collect();
    let labels = officer_labels::labels(tx, &ctx.core, tenant, officers)?;
    let names = party_names(tx, &case)?;
    let reader = access::reader(&case.actor);
    let untold = match reader {
        Some(_) => Untold::default(),
        None => Untold::of_cases(tx, tenant, &[id])?,
    };
    let is_shown = |row: &EventRow| {
        reader.is_some() || (!HIDDEN.contains(&row.kind.as_str()) && untold.telling(row) != Telling::Nothing)
    };
    let items = rows.into_iter().filter(is_shown).map(|row| {
        let actor = label(ctx, tenant, &row, &labels, &names);
        let internal = reader.is_none() && INTERNAL.contains(&row.kind.as_str());
        let hidden = internal || untold.telling(&row) != Telling::All;
        let facts = if hidden { Value::Null } else { shown_facts(&case, &row)? };
        Ok(TimelineItem { seq: row.seq, kind: row.kind, at: row.at.0, actor, facts })
    });
    let items = items.collect::<Result<_, Failure>>()?;
    Ok((reader, Timeline { chain, items }))
}

/// The facts of an event; of a withdrawal on paper with what the applicant said, which is sealed. Such an applicant has no account, so
/// only staff read it.
fn shown_facts(case: &OpenCase, row: &EventRow) -> Result<Value, Failure> {
    let mut facts = serde_json::from_str(&row.facts).unwrap_or(Value::Null);
    let sealed = row.sealed_detail.as_ref().filter(|_| row.kind == "withdrawn");
    if let (Some(sealed), Value::Object(known)) = (sealed, &mut facts) {
        let reason: Value = case.key.open_json(&events::withdrawal_place(row.application_id), sealed)?;
        known.insert("reason".to_owned(), reason);
    }
    Ok(facts)
}

fn party_names(tx: &mut ReadTx<'_>, case: &OpenCase) -> Result<HashMap<String, String>, Failure> {
    let mut names = HashMap::new();
    for party in parties::of_case(tx, &case.row.tenant_id, case.row.id)? {
        let Some(account) = party.account_id else { continue };
        let place = format!("parties.sealed_party:{}:{}", party.application_id, party.role);
        let profile: Profile = case.key.open_json(&place, &party.sealed_party)?;
        names.insert(account.to_string(), profile.name);
    }
    Ok(names)
}

fn label(
    ctx: &Ctx,
    tenant: &TenantCode,
    row: &EventRow,
    labels: &HashMap<OfficerId, OfficerLabel>,
    names: &HashMap<String, String>,
) -> ActorLabel {
    let day = jst_day(row.at.0);
    let officer = row.actor_id.parse().ok().and_then(|officer| labels.get(&officer));
    let officer = officer.filter(|_| row.actor_kind == "officer");
    let post = officer.and_then(|officer| officer.post_on(day));
    let department = post.as_ref().map(|post| {
        let known = ctx.catalogue.department(tenant, &post.department, day);
        known.map_or_else(|| post.department.clone(), |department| department.name.ja.clone())
    });
    ActorLabel {
        kind: row.actor_kind.clone(),
        id: row.actor_id.clone(),
        name: officer.map(|officer| officer.name.clone()).or_else(|| names.get(&row.actor_id).cloned()),
        title: post.map(|post| post.title),
        department,
    }
}
