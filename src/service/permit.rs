//! Permits (許可・登録): granted with a decision, read by their holders and by the department.

use std::collections::HashMap;

use jiff::civil::Date;

use super::cases::OpenCase;
use super::disposition::Granted;
use super::disposition_refusal::DispositionRefusal;
use super::untold::Untold;
use super::{Ctx, Failure, Refusal, access, cases, officer, permit_upkeep};
use crate::catalogue::{Catalogue, CatalogueProcedure};
use crate::domain::application::StateName;
use crate::domain::calendar::jst_day;
use crate::domain::id::{AccountId, ApplicationId, OfficerId, PermitId, TenantCode};
use crate::domain::party::Meant;
use crate::domain::permit::{PermitEvent, PermitHappening, PermitState, RenewalStanding, permit_state};
use crate::domain::policy::{self, Action, Actor, CaseFacts, Decision};
use crate::domain::procedure::{Bilingual, RenewalOffer};
use crate::store::decisions::DecisionRow;
use crate::store::permits::{self, PermitEventRow, PermitRow, RenewalCase};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Tx};

/// Whether a reader of a permit was told of every order about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PermitTelling {
    /// Of every one.
    All,
    /// The notice of one waits to be retrieved: it says where the permit stands.
    NoticeWaits,
}

/// A permit with where it stands today.
#[derive(Clone, Debug)]
pub struct PermitView {
    /// The permit.
    pub row: PermitRow,
    /// Name of the procedure.
    pub title: Bilingual,
    /// Where it stands.
    pub state: PermitState,
    /// Whether its reader was told of all that stands of it.
    pub telling: PermitTelling,
    /// What happened to it, in order.
    pub events: Vec<PermitEventRow>,
    /// Applications that renew it, oldest first.
    pub renewals: Vec<RenewalCase>,
    /// Cases of which staff say by a link that they renew it; whoever may see them sees them among the links.
    linked: Vec<RenewalCase>,
    /// How it is renewed, where anything says so.
    pub offer: Option<RenewalOffer>,
}

impl PermitView {
    /// Whether a permit that follows has taken its place, or will on a day to come.
    pub fn is_followed(&self) -> bool {
        self.events.iter().any(|event| event.happening == PermitHappening::Superseded.as_str())
    }

    /// Applications that renew it, whichever way that became known.
    pub fn all_renewals(&self) -> impl Iterator<Item = &RenewalCase> {
        self.renewals.iter().chain(&self.linked)
    }

    /// Whether an application to renew it was handed in and is neither decided nor taken back.
    pub fn has_undecided_renewal(&self) -> bool {
        self.all_renewals().any(|renewal| is_undecided(&renewal.state))
    }

    /// Takes away what brought about an order, or a permit in its place, that the reader has not been told of.
    fn conceal(&mut self, untold: &Untold, successors: &[PermitId]) {
        let orders = untold.orders().map(|order| order.to_string());
        let causes: Vec<_> = orders.chain(successors.iter().map(ToString::to_string)).collect();
        let before = self.events.len();
        self.events.retain(|event| event.cause_id.as_ref().is_none_or(|cause| !causes.contains(cause)));
        if self.events.len() < before {
            self.telling = PermitTelling::NoticeWaits;
        }
    }

    /// Whether an application to renew it is on its way, handed in or not.
    pub fn has_open_renewal(&self) -> bool {
        let drafted = |renewal: &RenewalCase| renewal.state == StateName::Draft.as_str();
        self.has_undecided_renewal() || self.all_renewals().any(drafted)
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
        holder_id: case.account_of(Meant::Holder),
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
        // A link may say only after the end that the renewal had come in time: then the end of the term was none.
        let in_time = is_in_time(&old, case.row.arrived_at);
        let expired_only =
            || !has_happened(&happened, &[PermitHappening::Revoked, PermitHappening::Superseded]);
        if !has_ended(&happened)? || (in_time && expired_only()) {
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

fn has_happened(events: &[PermitEventRow], any_of: &[PermitHappening]) -> bool {
    events.iter().any(|event| any_of.iter().any(|happening| event.happening == happening.as_str()))
}

/// The permit that a case renews: the one it was opened from or names itself, else the one of a case that staff linked it to as
/// its renewal. By a link alone nothing is renewed that had ended when the case arrived.
pub fn renewed_by(tx: &mut impl Reads, case: &OpenCase) -> Result<Option<PermitRow>, Failure> {
    let (tenant, id) = (&case.row.tenant_id, case.row.id);
    if let Some(row) = permits::renewed_by(tx, tenant, id)? {
        return Ok(Some(row));
    }
    let mut linked = permits::linked_to(tx, tenant, id)?.into_iter();
    Ok(linked.find(|permit| is_in_time(permit, case.row.arrived_at)))
}

/// Refuses to grant a renewal of a permit that was revoked, or that another renewal follows, whatever the day from which that counts:
/// nothing is left whose term could go on, and what a revocation took away is not given back by renewing it.
pub fn refuse_overtaken(tx: &mut impl Reads, case: &OpenCase) -> Result<(), Failure> {
    let Some(old) = renewed_by(tx, case)? else { return Ok(()) };
    let happened = permits::events_of(tx, &old.tenant_id, &[old.id])?;
    if has_happened(&happened, &[PermitHappening::Revoked, PermitHappening::Superseded]) {
        return Err(DispositionRefusal::RenewsNothing.into());
    }
    Ok(())
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
pub(super) fn views(
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
    let mut linked: HashMap<PermitId, Vec<RenewalCase>> = HashMap::new();
    for (tenant, ids) in &ids {
        for event in permits::events_of(tx, tenant, ids)? {
            events.entry(event.permit_id).or_default().push(event);
        }
        for (permit, renewal) in permits::renewals_of(tx, tenant, ids)? {
            renewals.entry(permit).or_default().push(renewal);
        }
        for (permit, renewal) in permits::linked_renewals_of(tx, tenant, ids)? {
            linked.entry(permit).or_default().push(renewal);
        }
    }
    let one = |row: PermitRow| {
        let events = events.remove(&row.id).unwrap_or_default();
        let renewals = renewals.remove(&row.id).unwrap_or_default();
        let linked = linked.remove(&row.id).unwrap_or_default();
        let validity = procedure(catalogue, &row).and_then(|found| found.definition.validity.as_ref());
        let continues = validity.is_some_and(|validity| validity.continues_while_renewal_pending);
        let standing = renewal_standing(&row, continues, renewals.iter().chain(&linked));
        let happened = events.iter().map(PermitEventRow::event).collect::<Result<Vec<_>, _>>()?;
        let slug = || Bilingual { ja: row.procedure.clone(), en: row.procedure.clone() };
        Ok(PermitView {
            title: procedure(catalogue, &row).map_or_else(slug, |found| found.definition.title.clone()),
            state: permit_state(row.term(), &happened, standing, day),
            telling: PermitTelling::All,
            offer: validity.and_then(|validity| validity.renewal.clone()),
            row,
            events,
            renewals,
            linked,
        })
    };
    rows.into_iter().map(one).collect()
}

/// A renewal that arrived by the last day and is not decided holds the term open, where the law says so.
fn renewal_standing<'a>(
    row: &PermitRow,
    continues: bool,
    mut renewals: impl Iterator<Item = &'a RenewalCase>,
) -> RenewalStanding {
    let holds = |renewal: &RenewalCase| is_in_time(row, renewal.arrived_at) && is_undecided(&renewal.state);
    if continues && renewals.any(holds) { RenewalStanding::HoldsOpen } else { RenewalStanding::None }
}

/// Whether what arrived then arrived by the last day of the permit.
fn is_in_time(permit: &PermitRow, arrived_at: Option<Micros>) -> bool {
    match (arrived_at, permit.valid_to) {
        (Some(at), Some(last)) => jst_day(at.0) <= last.0,
        _ => false,
    }
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

/// The permits of a body that took the place of these and whose grant waits to be retrieved.
fn untold_successors<'a>(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    views: impl Iterator<Item = &'a PermitView>,
) -> Result<Vec<PermitId>, Failure> {
    let mut causes: Vec<PermitId> = Vec::new();
    for view in views {
        let superseded = |event: &&PermitEventRow| event.happening == PermitHappening::Superseded.as_str();
        let ended = view.events.iter().filter(superseded);
        causes.extend(ended.filter_map(|event| event.cause_id.as_ref()?.parse::<PermitId>().ok()));
    }
    Ok(permits::untold_of(tx, tenant, &causes)?)
}

/// What has not been told of the permits of a case to whoever opened it. A permit of which its party was not told is hidden.
pub(super) fn untold(tx: &mut impl Reads, case: &OpenCase) -> Result<Untold, Failure> {
    if matches!(case.actor, Actor::Officer(_)) {
        return Ok(Untold::default());
    }
    let untold = Untold::of_cases(tx, &case.row.tenant_id, &[case.row.id])?;
    if untold.hides_decision_of(case.row.id) { Err(Refusal::NotFound.into()) } else { Ok(untold) }
}

/// One permit, for the parties of its case and for the department.
pub async fn find(ctx: Ctx, tenant: TenantCode, id: PermitId) -> Result<PermitView, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let row = permits::find(tx, &body, id)?.ok_or(Refusal::NotFound)?;
        let case = cases::open(tx, &inner, &body, row.application_id, Action::ReadCase)?;
        let untold = untold(tx, &case)?;
        let today = jst_day(tx.now());
        let mut view = view(tx, &inner.catalogue, row, today)?;
        if !matches!(case.actor, Actor::Officer(_)) {
            let successors = untold_successors(tx, &body, [&view].into_iter())?;
            view.conceal(&untold, &successors);
        }
        Ok::<_, Failure>((access::reader(&case.actor), view))
    });
    let (reader, found) = read.await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "permit", &[found.row.application_id]).await?;
    }
    Ok(found)
}

/// The caller's permits over all bodies, newest first, as far as their notices told the caller; `before` is the last one of
/// the page before.
pub async fn mine(ctx: Ctx, before: Option<PermitId>, limit: i64) -> Result<Vec<PermitView>, Failure> {
    let account = ctx.account()?;
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        let (rows, today) = (permits::of_holder(tx, account, before, limit)?, jst_day(tx.now()));
        let mut cases: HashMap<TenantCode, Vec<ApplicationId>> = HashMap::new();
        for row in &rows {
            cases.entry(row.tenant_id.clone()).or_default().push(row.application_id);
        }
        let mut found = views(tx, &ctx.catalogue, rows, today)?;
        for (tenant, cases) in cases {
            let untold = Untold::of_cases(tx, &tenant, &cases)?;
            let here = |view: &&PermitView| view.row.tenant_id == tenant;
            let successors = untold_successors(tx, &tenant, found.iter().filter(here))?;
            for view in found.iter_mut().filter(|view| view.row.tenant_id == tenant) {
                view.conceal(&untold, &successors);
            }
        }
        Ok(found)
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
