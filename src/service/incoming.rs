//! 収受: what came in gets its number soon after it arrived, in the order of arrival, without gaps.
//!
//! A number is not drawn at the submission: there every case of an office would wait for one row. A job numbers what has come in
//! since, some hundred cases in one transaction; whoever dies in between leaves cases without a number, which the next run finds.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

use super::queue::staff;
use super::{Core, Ctx, Failure, JobEnd};
use crate::catalogue::CatalogueTenant;
use crate::domain::calendar::jst_day;
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

/// Numbers what came in at a body and has no number yet; gives how many cases that were.
pub async fn number(core: &Arc<Core>, tenant: &TenantCode) -> Result<u64, Failure> {
    let catalogue = core.catalogue.current();
    let Some(body) = catalogue.tenant(tenant).cloned() else { return Ok(0) };
    let Some(since) = numbered_since(&body.definition.document_numbers) else { return Ok(0) };
    let since = Micros(midnight(since)?);
    let (mut after, mut numbered) = (None, 0);
    loop {
        let of = tenant.clone();
        let waiting = move |tx: &mut crate::store::ReadTx<'_>| {
            incoming_documents::waiting(tx, &of, since, after, PAGE).map_err(Failure::from)
        };
        let page = core.db.read(waiting).await?;
        let Some(last) = page.last() else { return Ok(numbered) };
        after = Some(*last);
        let cases: Vec<ApplicationId> = page.into_iter().map(|(_, id)| id).collect();
        let roots = cases.iter().map(|id| Root::Application(*id)).collect();
        let body = Arc::clone(&body);
        numbered += core.db.write_alone(roots, move |tx| assign(tx, &body, &cases)).await?;
    }
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

/// The first instant of a day in Japan.
fn midnight(day: Date) -> Result<jiff::Timestamp, Failure> {
    let zone = TimeZone::fixed(Offset::constant(9));
    zone.to_timestamp(day.to_datetime(jiff::civil::Time::midnight()))
        .map_err(|error| Failure::Internal(error.to_string()))
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
        let series = Series::of(DocumentKind::Incoming, &department, year);
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

fn entry(ctx: &Ctx, tenant: &TenantCode, line: IncomingLine) -> RegisterEntry {
    let version = u32::try_from(line.procedure_version).unwrap_or(0);
    let procedure = ctx.catalogue.procedure_version(tenant, &line.procedure, version);
    let slug = || Bilingual { ja: line.procedure.clone(), en: line.procedure.clone() };
    let title = procedure.map_or_else(slug, |procedure| procedure.definition.title.clone());
    RegisterEntry { line, title }
}
