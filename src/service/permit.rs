//! Permits (許可・登録): granted with a decision, read by their holders and by the department.

use std::collections::HashMap;

use jiff::civil::Date;

use super::cases::OpenCase;
use super::disposition::Granted;
use super::{Ctx, Failure, Refusal, access, cases, officer, permit_upkeep};
use crate::catalogue::{Catalogue, CatalogueProcedure};
use crate::domain::application::StateName;
use crate::domain::calendar::jst_day;
use crate::domain::id::{AccountId, OfficerId, PermitId, TenantCode};
use crate::domain::permit::{PermitEvent, PermitHappening, PermitState, RenewalStanding, permit_state};
use crate::domain::policy::{self, Action, Actor, CaseFacts, Decision};
use crate::domain::procedure::{Bilingual, RenewalOffer};
use crate::store::decisions::DecisionRow;
use crate::store::permits::{self, PermitEventRow, PermitRow, RenewalCase};
use crate::store::sql::IsoDate;
use crate::store::{Reads, Tx};

/// A permit with where it stands today.
#[derive(Clone, Debug)]
pub struct PermitView {
    /// The permit.
    pub row: PermitRow,
    /// Name of the procedure.
    pub title: Bilingual,
    /// Where it stands.
    pub state: PermitState,
    /// What happened to it, in order.
    pub events: Vec<PermitEventRow>,
    /// Applications that renew it, oldest first.
    pub renewals: Vec<RenewalCase>,
    /// How it is renewed, where anything says so.
    pub offer: Option<RenewalOffer>,
}

impl PermitView {
    /// Whether a permit that follows has taken its place, or will on a day to come.
    pub fn is_followed(&self) -> bool {
        self.events.iter().any(|event| event.happening == PermitHappening::Superseded.as_str())
    }

    /// Whether an application to renew it was handed in and is neither decided nor taken back.
    pub fn has_undecided_renewal(&self) -> bool {
        self.renewals.iter().any(|renewal| is_undecided(&renewal.state))
    }

    /// Whether an application to renew it is on its way, handed in or not.
    pub fn has_open_renewal(&self) -> bool {
        let drafted = |renewal: &RenewalCase| renewal.state == StateName::Draft.as_str();
        self.has_undecided_renewal() || self.renewals.iter().any(drafted)
    }
}

/// Stores the permit that a decision gives, and asks for what its days bring. A permit that it renews is superseded from
/// the first day of the new term on.
pub fn grant(
    tx: &mut Tx<'_>,
    case: &OpenCase,
    decision: &DecisionRow,
    granted: Granted,
    document_number: String,
) -> Result<PermitId, Failure> {
    let id = PermitId(tx.new_id());
    let from = granted.term.map_or_else(|| jst_day(decision.decided_at.0), |term| term.from);
    let row = PermitRow {
        tenant_id: case.row.tenant_id.clone(),
        id,
        application_id: case.row.id,
        decision_id: decision.id,
        procedure: case.row.procedure.clone(),
        procedure_version: case.row.procedure_version,
        department: case.row.department.clone(),
        holder_id: case.parties.first().copied(),
        document_number,
        valid_from: IsoDate(from),
        valid_to: granted.term.map(|term| IsoDate(term.to)),
        renews_id: granted.renews.as_ref().map(|old| old.id),
        created_at: decision.decided_at,
    };
    permits::insert(tx, &row)?;
    let event = |happening, cause| PermitEvent { happening, effective_on: from, cause: Some(cause) };
    permits::append(tx, &row, event(PermitHappening::Issued, decision.id.0))?;
    if let Some(old) = granted.renews {
        let happened = permits::events_of(tx, &old.tenant_id, &[old.id])?;
        if !has_ended(&happened)? {
            permits::append(tx, &old, event(PermitHappening::Superseded, id.0))?;
        }
    }
    permit_upkeep::enqueue(tx, &row, &granted.remind_days_before)?;
    Ok(id)
}

/// Whether something that ends a permit was recorded, even if it counts from a later day only.
pub fn has_ended(events: &[PermitEventRow]) -> Result<bool, Failure> {
    for row in events {
        if row.event()?.happening.is_end() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The permit that a case was opened to renew.
pub fn renewed_by(tx: &mut impl Reads, case: &OpenCase) -> Result<Option<PermitRow>, Failure> {
    Ok(permits::renewed_by(tx, &case.row.tenant_id, case.row.id)?)
}

/// The procedure version a permit was granted under.
pub fn procedure<'a>(catalogue: &'a Catalogue, row: &PermitRow) -> Option<&'a CatalogueProcedure> {
    let version = u32::try_from(row.procedure_version).ok()?;
    catalogue.procedure_version(&row.tenant_id, &row.procedure, version).map(AsRef::as_ref)
}

/// One permit as it stands on `day`.
pub fn view(
    tx: &mut impl Reads,
    catalogue: &Catalogue,
    row: PermitRow,
    day: Date,
) -> Result<PermitView, Failure> {
    let found = views(tx, catalogue, vec![row], day)?.pop();
    found.ok_or_else(|| Failure::Internal("a permit without its view".to_owned()))
}

/// Permits as they stand on `day`, with a fixed number of queries for each body.
fn views(
    tx: &mut impl Reads,
    catalogue: &Catalogue,
    rows: Vec<PermitRow>,
    day: Date,
) -> Result<Vec<PermitView>, Failure> {
    let mut ids: HashMap<TenantCode, Vec<PermitId>> = HashMap::new();
    for row in &rows {
        ids.entry(row.tenant_id.clone()).or_default().push(row.id);
    }
    let mut events: HashMap<PermitId, Vec<PermitEventRow>> = HashMap::new();
    let mut renewals: HashMap<PermitId, Vec<RenewalCase>> = HashMap::new();
    for (tenant, ids) in &ids {
        for event in permits::events_of(tx, tenant, ids)? {
            events.entry(event.permit_id).or_default().push(event);
        }
        for (permit, renewal) in permits::renewals_of(tx, tenant, ids)? {
            renewals.entry(permit).or_default().push(renewal);
        }
    }
    let one = |row: PermitRow| {
        let events = events.remove(&row.id).unwrap_or_default();
        let renewals = renewals.remove(&row.id).unwrap_or_default();
        let validity = procedure(catalogue, &row).and_then(|found| found.definition.validity.as_ref());
        let continues = validity.is_some_and(|validity| validity.continues_while_renewal_pending);
        let standing = renewal_standing(&row, continues, &renewals);
        let happened = events.iter().map(PermitEventRow::event).collect::<Result<Vec<_>, _>>()?;
        let slug = || Bilingual { ja: row.procedure.clone(), en: row.procedure.clone() };
        Ok(PermitView {
            title: procedure(catalogue, &row).map_or_else(slug, |found| found.definition.title.clone()),
            state: permit_state(row.term(), &happened, standing, day),
            offer: validity.and_then(|validity| validity.renewal.clone()),
            row,
            events,
            renewals,
        })
    };
    rows.into_iter().map(one).collect()
}

/// A renewal that arrived by the last day and is not decided holds the term open, where the law says so.
fn renewal_standing(row: &PermitRow, continues: bool, renewals: &[RenewalCase]) -> RenewalStanding {
    let holds = |renewal: &RenewalCase| {
        let in_time = match (renewal.arrived_at, row.valid_to) {
            (Some(at), Some(last)) => jst_day(at.0) <= last.0,
            _ => false,
        };
        in_time && is_undecided(&renewal.state)
    };
    if continues && renewals.iter().any(holds) { RenewalStanding::HoldsOpen } else { RenewalStanding::None }
}

/// Handed in, and neither decided nor taken back.
fn is_undecided(state: &str) -> bool {
    let undecided = [
        StateName::Submitted,
        StateName::UnderReview,
        StateName::CorrectionRequested,
        StateName::Inquiry,
        StateName::InApproval,
    ];
    StateName::parse(state).is_some_and(|state| undecided.contains(&state))
}

/// One permit, for the parties of its case and for the department.
pub async fn find(ctx: Ctx, tenant: TenantCode, id: PermitId) -> Result<PermitView, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let row = permits::find(tx, &body, id)?.ok_or(Refusal::NotFound)?;
        let case = cases::open(tx, &inner, &body, row.application_id, Action::ReadCase)?;
        let today = jst_day(tx.now());
        Ok::<_, Failure>((access::reader(&case.actor), view(tx, &inner.catalogue, row, today)?))
    });
    let (reader, found) = read.await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "permit", &[found.row.application_id]).await?;
    }
    Ok(found)
}

/// The caller's permits over all bodies, newest first; `before` is the last one of the page before.
pub async fn mine(ctx: Ctx, before: Option<PermitId>, limit: i64) -> Result<Vec<PermitView>, Failure> {
    let account = ctx.account()?;
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        let (rows, today) = (permits::of_holder(tx, account, before, limit)?, jst_day(tx.now()));
        views(tx, &ctx.catalogue, rows, today)
    })
    .await
}

/// The permits that the caller's departments granted, or those whose work they do now, newest first, perhaps those of one
/// holder only. Who works on no cases of the body does not learn that there are any.
pub async fn of_staff(
    ctx: Ctx,
    tenant: TenantCode,
    holder: Option<AccountId>,
    before: Option<PermitId>,
    limit: i64,
) -> Result<Vec<PermitView>, Failure> {
    let account = ctx.account()?;
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let today = jst_day(tx.now());
        let actor = officer::actor(tx, &body, account, today)?;
        let (reader, mut departments) = departments_of(&actor, &body).ok_or(Refusal::NotFound)?;
        departments.extend(predecessors(&inner.catalogue, &body, &departments, today));
        let rows = permits::of_departments(tx, &body, &departments, holder, before, limit)?;
        Ok::<_, Failure>((reader, views(tx, &inner.catalogue, rows, today)?))
    });
    let (reader, found) = read.await?;
    let cases: Vec<_> = found.iter().map(|view| view.row.application_id).collect();
    access::record(&ctx, &tenant, reader, "permits", &cases).await?;
    Ok(found)
}

/// The departments whose cases the actor works on.
fn departments_of(actor: &Actor, tenant: &TenantCode) -> Option<(OfficerId, Vec<String>)> {
    let Actor::Officer(officer) = actor else { return None };
    let works_on = |department: &String| {
        let facts = CaseFacts::of_department(tenant, department);
        policy::may(actor, Action::ReadQueue, &facts) == Decision::Allow
    };
    let departments: Vec<_> =
        officer.posts.iter().map(|post| post.department.clone()).filter(works_on).collect();
    (!departments.is_empty()).then_some((officer.officer, departments))
}

/// The departments that have ended and whose work these do now: a permit keeps the name of the one that granted it.
fn predecessors(catalogue: &Catalogue, tenant: &TenantCode, of: &[String], today: Date) -> Vec<String> {
    let Some(body) = catalogue.tenant(tenant) else { return Vec::new() };
    let theirs = body.definition.succeeded_on(today).into_iter().filter(|(_, now)| of.contains(&now.code));
    theirs.map(|(ended, _)| ended.to_owned()).collect()
}
