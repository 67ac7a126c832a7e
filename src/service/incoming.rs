//! 収受: what came in gets its number soon after it arrived, in the order of arrival, without gaps.
//!
//! A number is not drawn at the submission: there every case of an office would wait for one row. A job numbers what has come in
//! since, some hundred cases in one transaction; whoever dies in between leaves cases without a number, which the next run finds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;

use super::queue::staff;
use super::{Core, Ctx, Failure, JobEnd};
use crate::catalogue::CatalogueTenant;
use crate::domain::calendar::{jst_day, jst_midnight};
use crate::domain::document_number::{DocumentKind, Numbering, Series};
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::id::{ApplicationId, TenantCode};
use crate::domain::incoming::{Leg, came_in, numbered_since};
use crate::domain::policy::Action;
use crate::domain::procedure::Bilingual;
use crate::store::incoming_documents::{self, IncomingLine, IncomingRow};
use crate::store::parties::ArrivalRow;
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Root, Tx, document_numbers};

/// The job of every few minutes that numbers what came in.
pub const NUMBER_INCOMING: &str = "number_incoming";

/// Cases numbered in one transaction.
const PAGE: i64 = 200;

/// Lines on a page of the register.
const LINES: usize = 100;

/// Numbers what came in at every body; the failure of one body does not hold up the others.
pub async fn number_all(core: &Arc<Core>) -> Result<JobEnd, Failure> {
    let mut failed = Ok(JobEnd::Done);
    for tenant in core.catalogue.current().tenants() {
        if let Err(failure) = number(core, &tenant.definition.code).await {
            failed = Err(failure);
        }
    }
    failed
}

/// What no rule numbers, as this node has seen it: it is not judged again until the configuration changes or a day passes. Nobody else
/// needs it; a node that starts judges everything once.
#[derive(Debug, Default)]
pub struct NumberedByNothing(Mutex<BTreeMap<TenantCode, Judged>>);

/// The cases of a body that no rule numbers under a revision of the catalogue, on a day.
#[derive(Debug)]
struct Judged {
    revision: i64,
    on: Date,
    cases: BTreeSet<ApplicationId>,
}

impl NumberedByNothing {
    /// Those of `cases` that were not judged under this revision on this day.
    fn fresh(&self, tenant: &TenantCode, at: (i64, Date), cases: &[ApplicationId]) -> Vec<ApplicationId> {
        let judged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = judged.get(tenant).filter(|known| (known.revision, known.on) == at);
        let is_fresh = |id: &&ApplicationId| known.is_none_or(|known| !known.cases.contains(id));
        cases.iter().filter(is_fresh).copied().collect()
    }

    fn remember(&self, tenant: &TenantCode, (revision, on): (i64, Date), cases: &[ApplicationId]) {
        let mut judged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known =
            judged.entry(tenant.clone()).or_insert_with(|| Judged { revision, on, cases: BTreeSet::new() });
        if (known.revision, known.on) != (revision, on) {
            *known = Judged { revision, on, cases: BTreeSet::new() };
        }
        known.cases.extend(cases);
    }
}

/// What came of a look at what came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Cases that were held against the rules.
    pub judged: u64,
    /// Cases that got a number.
    pub numbered: u64,
}

/// Numbers what came in at a body and has no number yet; gives how many cases that were.
pub async fn number(core: &Arc<Core>, tenant: &TenantCode) -> Result<u64, Failure> {
    Ok(look(core, tenant).await?.numbered)
}

/// As [`number`], and says how many cases were held against the rules for it. Only what a rule numbers is written.
pub async fn look(core: &Arc<Core>, tenant: &TenantCode) -> Result<Look, Failure> {
    // Asked for before the catalogue: one that is newer than its number is judged by once more, never less.
    let at = (core.catalogue.revision(), jst_day(core.clock.now()));
    let catalogue = core.catalogue.current();
    let mut found = Look::default();
    let Some(body) = catalogue.tenant(tenant).cloned() else { return Ok(found) };
    let Some(since) = numbered_since(&body.definition.document_numbers) else { return Ok(found) };
    let since = jst_midnight(since).ok_or_else(|| Failure::Internal(format!("no midnight of {since}")))?;
    let since = Micros(since);
    let mut after = None;
    loop {
        let of = tenant.clone();
        let waiting = move |tx: &mut crate::store::ReadTx<'_>| {
            incoming_documents::waiting(tx, &of, since, after, PAGE).map_err(Failure::from)
        };
        let page = core.db.read(waiting).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = Some(*last);
        let cases: Vec<ApplicationId> = page.into_iter().map(|(_, id)| id).collect();
        let fresh = core.numbered_by_nothing.fresh(tenant, at, &cases);
        if fresh.is_empty() {
            continue;
        }
        found.judged += u64::try_from(fresh.len()).unwrap_or(u64::MAX);
        let (rules, asked) = (Arc::clone(&body), fresh.clone());
        let covered = core.db.read(move |tx| covered(tx, &rules, &asked)).await?;
        let uncovered: Vec<_> = fresh.into_iter().filter(|id| !covered.contains(id)).collect();
        core.numbered_by_nothing.remember(tenant, at, &uncovered);
        if !covered.is_empty() {
            let roots = covered.iter().map(|id| Root::Application(*id)).collect();
            let body = Arc::clone(&body);
            found.numbered += core.db.write_alone(roots, move |tx| assign(tx, &body, &covered)).await?;
        }
    }
}

/// Those of the cases that a rule numbers.
fn covered(
    tx: &mut impl Reads,
    body: &CatalogueTenant,
    cases: &[ApplicationId],
) -> Result<Vec<ApplicationId>, Failure> {
    let legs = incoming_documents::arrivals_without_number(tx, &body.definition.code, cases)?;
    let by_case = legs.chunk_by(|one, other| one.application_id == other.application_id);
    Ok(by_case.filter_map(|of_case| Some(incoming(body, of_case)?.arrival.application_id)).collect())
}

/// A case that is about to get a number.
struct Incoming {
    arrival: ArrivalRow,
    on: Date,
    numbering: Numbering,
}

/// Gives the cases their numbers, counter by counter in one order, so that nobody waits in a circle. Another run may have been
/// faster: what has a number under the lock of its case keeps it.
fn assign(tx: &mut Tx<'_>, body: &CatalogueTenant, cases: &[ApplicationId]) -> Result<u64, Failure> {
    let tenant = &body.definition.code;
    let legs = incoming_documents::arrivals_without_number(tx, tenant, cases)?;
    let mut by_series: BTreeMap<Series, Vec<Incoming>> = BTreeMap::new();
    for of_case in legs.chunk_by(|one, other| one.application_id == other.application_id) {
        if let Some(incoming) = incoming(body, of_case) {
            by_series.entry(incoming.numbering.series.clone()).or_default().push(incoming);
        }
    }
    let now = Micros(tx.now());
    let mut numbered = 0;
    for (series, all) in by_series {
        let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
        let first = document_numbers::next_of(tx, tenant, &series, count)?;
        for (number, incoming) in (first..).zip(all) {
            incoming_documents::insert(tx, &row(&series, number, incoming, now))?;
            numbered += 1;
        }
    }
    Ok(numbered)
}

fn incoming(body: &CatalogueTenant, legs: &[ArrivalRow]) -> Option<Incoming> {
    let all = legs.iter().map(|leg| Leg { office: &leg.office, on: jst_day(leg.arrived_at.0) });
    let Leg { office, on } = came_in(all)?;
    let arrival = legs.iter().find(|leg| leg.office == office)?.clone();
    let numbering = body.definition.numbering(DocumentKind::Incoming, office, on)?;
    Some(Incoming { arrival, on, numbering })
}

fn row(series: &Series, number: i64, incoming: Incoming, now: Micros) -> IncomingRow {
    let Incoming { arrival, on, numbering } = incoming;
    IncomingRow {
        tenant_id: arrival.tenant_id,
        series: series.key.clone(),
        year: series.year,
        number,
        incoming_number: numbering.text(number),
        application_id: arrival.application_id,
        department: arrival.office,
        incoming_on: IsoDate(on),
        channel: arrival.channel,
        assigned_at: now,
    }
}

/// A line of the register.
#[derive(Clone, Debug)]
pub struct RegisterEntry {
    /// What stands in it.
    pub line: IncomingLine,
    /// Name of the procedure.
    pub title: Bilingual,
}

/// A page of the register of what came in.
#[derive(Clone, Debug)]
pub struct RegisterPage {
    /// The year whose numbers these are.
    pub year: i64,
    /// In the order of numbers.
    pub items: Vec<RegisterEntry>,
    /// The last number of the page, where there are more.
    pub next: Option<i64>,
}

/// 収受簿 of an office and year (the present fiscal year without one), for its staff; `after` is the last number of the page before.
pub async fn register(
    ctx: Ctx,
    tenant: TenantCode,
    department: String,
    year: Option<i64>,
    after: Option<i64>,
) -> Result<RegisterPage, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        let today = jst_day(tx.now());
        // The register of a department that has ended is kept by whoever does its work now.
        let office = ctx.catalogue.in_charge(&tenant, &department, today);
        staff(tx, &ctx, &tenant, &office, Action::ReadQueue)?;
        let year = year.unwrap_or_else(|| i64::from(FiscalYear::of(today).year()));
        let series = book(&ctx, &tenant, &department, year, today);
        let limit = i64::try_from(LINES).unwrap_or(i64::MAX).saturating_add(1);
        let mut lines = incoming_documents::page(tx, &tenant, &series, after.unwrap_or(0), limit)?;
        let more = lines.len() > LINES;
        lines.truncate(LINES);
        let next = lines.last().filter(|_| more).map(|line| line.row.number);
        let items = lines.into_iter().map(|line| entry(&ctx, &tenant, line)).collect();
        Ok(RegisterPage { year, items, next })
    })
    .await
}

/// The sequence of an office in a year. Who goes on under the symbol of a department whose work it took over goes on with its register
/// so both names lead to the same one.
fn book(ctx: &Ctx, tenant: &TenantCode, department: &str, year: i64, today: Date) -> Series {
    let last = i16::try_from(year.saturating_add(1)).ok().and_then(|next| Date::new(next, 3, 31).ok());
    let day = last.map_or(today, |last| last.min(today));
    let body = ctx.catalogue.tenant(tenant).map(|body| &body.definition);
    let numbering = body.and_then(|body| body.numbering(DocumentKind::Incoming, department, day));
    let own = || Series::of(DocumentKind::Incoming, department, year);
    numbering.map_or_else(own, |numbering| Series { year, ..numbering.series })
}

fn entry(ctx: &Ctx, tenant: &TenantCode, line: IncomingLine) -> RegisterEntry {
    let version = u32::try_from(line.procedure_version).unwrap_or(0);
    let procedure = ctx.catalogue.procedure_version(tenant, &line.procedure, version);
    let slug = || Bilingual { ja: line.procedure.clone(), en: line.procedure.clone() };
    let title = procedure.map_or_else(slug, |procedure| procedure.definition.title.clone());
    RegisterEntry { line, title }
}
