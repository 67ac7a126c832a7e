//! Internal control (内部統制, R-129): the list of a fiscal year for the accounting officer and the head, and signed snapshots of it.

use std::collections::HashMap;

use data_encoding::HEXLOWER;
use jiff::Timestamp;

use super::cases::permit;
use super::idempotency::{IdempotencyRequest, Made, is_used, once};
use super::reconciliation_refusal::ReconciliationRefusal;
use super::untold::Untold;
use super::{Ctx, Effect, Failure, Refusal, officer};
use crate::catalogue::Catalogue;
use crate::domain::audit::CHAIN_START;
use crate::domain::calendar::jst_day;
use crate::domain::day_close::digest;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::id::{ApplicationId, OfficerId, TenantCode};
use crate::domain::internal_control::{
    ClaimFacts, ControlEntry, ControlStatement, ControlTerms, Span, YearFacts, counts, is_over, judge,
    snapshot_bytes, span, terms_on,
};
use crate::domain::policy::{self, Action, Actor, CaseFacts, Decision};
use crate::domain::procedure::FeeDue;
use crate::store::day_closes::{self, Written};
use crate::store::internal_control::{self as facts, ArrivedCase, SnapshotRow};
use crate::store::sql::Micros;
use crate::store::{Reads, Tx};

/// Cases read in one go.
const PIECE: i64 = 500;

/// What is told of a year.
#[derive(Clone, Debug)]
pub struct ControlReport {
    /// The year.
    pub year: FiscalYear,
    /// What of it is judged.
    pub span: Span,
    /// The days that were allowed, where the body set any.
    pub terms: Option<ControlTerms>,
    /// In the order of kind, day and subject.
    pub entries: Vec<ControlEntry>,
}

/// The accounting officer or the head of the body who asks; to everybody else there is nothing.
fn overseer(tx: &mut impl Reads, ctx: &Ctx, tenant: &TenantCode) -> Result<OfficerId, Failure> {
    let (account, today) = (ctx.account()?, jst_day(tx.now()));
    let actor = officer::actor(tx, tenant, account, today)?;
    let keeps = policy::may(&actor, Action::KeepAccounts, &CaseFacts::of_body(tenant));
    // The head sits in the body itself, whose code stands for the department.
    let heads = policy::may(&actor, Action::Approve, &CaseFacts::of_department(tenant, tenant.as_str()));
    if heads != Decision::Allow {
        permit(keeps)?;
    }
    match actor {
        Actor::Officer(authority) => Ok(authority.officer),
        Actor::Person(_) | Actor::Anonymous => Err(Refusal::NotFound.into()),
    }
}

/// The list of a year as far as it has gone; of a year that is over always the same.
pub async fn report(ctx: Ctx, tenant: TenantCode, year: FiscalYear) -> Result<ControlReport, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        overseer(tx, &ctx, &tenant)?;
        judged(tx, &ctx.catalogue, &tenant, year)
    })
    .await
}

fn judged(
    tx: &mut impl Reads,
    catalogue: &Catalogue,
    tenant: &TenantCode,
    year: FiscalYear,
) -> Result<ControlReport, Failure> {
    let span = span(year, tx.now()).ok_or(ReconciliationRefusal::YearNotBegun)?;
    let body = catalogue.tenant(tenant).ok_or(Refusal::NotFound)?;
    let terms = terms_on(&body.definition.internal_control, span.last_day).cloned();
    let instants = (span.from, span.until);
    let first_day = jst_day(span.from);
    let before = day_closes::youngest(tx, tenant, Some(first_day), 1)?.pop();
    let year_facts = YearFacts {
        claims: claims(tx, catalogue, tenant, span)?,
        exceptions: facts::exceptions_of(tx, tenant, instants)?,
        decisions: facts::decisions_of(tx, tenant, instants)?,
        waivers: facts::waivers_of(tx, tenant, instants)?,
        refunds: facts::refunds_of(tx, tenant, instants)?,
        acting: facts::acting_of(tx, tenant, instants)?,
        closes: facts::closes_of(tx, tenant, (first_day, span.last_day))?,
        closed_before: before.map(|(row, _)| row.day.0),
    };
    let entries = judge(&year_facts, span, terms.as_ref());
    Ok(ControlReport { year, span, terms, entries })
}

/// The cases of the year whose fee had to be assessed, with the day from which.
fn claims(
    tx: &mut impl Reads,
    catalogue: &Catalogue,
    tenant: &TenantCode,
    span: Span,
) -> Result<Vec<ClaimFacts>, Failure> {
    let (mut claims, mut after) = (Vec::new(), None);
    loop {
        let piece = facts::arrived(tx, tenant, (span.from, span.until), after, PIECE)?;
        let Some(last) = piece.last() else { return Ok(claims) };
        after = Some(last.id);
        let ids: Vec<ApplicationId> = piece.iter().map(|case| case.id).collect();
        let assessed = facts::assessed_at(tx, tenant, &ids)?;
        let mut granted = facts::granted_at(tx, tenant, &ids)?;
        // Where the notice of the grant goes electronically, the fee is claimed with its arrival.
        granted.extend(facts::claimed_with_notice_at(tx, tenant, &ids)?);
        let untold = Untold::of_cases(tx, tenant, &ids)?;
        granted.retain(|case, _| !untold.hides_decision_of(*case) || assessed.contains_key(case));
        let ended = facts::ended_at(tx, tenant, &ids)?;
        let found = piece.iter().filter_map(|case| {
            let due_from = due_from(catalogue, tenant, case, &assessed, &granted)?;
            // What is not visible by then has not happened yet.
            (due_from <= span.last_day).then(|| ClaimFacts {
                application: case.id.to_string(),
                due_from,
                assessed_at: assessed.get(&case.id).map(|at| at.0),
                ended_at: ended.get(&case.id).map(|at| at.0),
            })
        });
        claims.extend(found);
    }
}

/// The day from which the claim of a case is to be assessed; none where nothing is or was to be.
fn due_from(
    catalogue: &Catalogue,
    tenant: &TenantCode,
    case: &ArrivedCase,
    assessed: &HashMap<ApplicationId, Micros>,
    granted: &HashMap<ApplicationId, Micros>,
) -> Option<jiff::civil::Date> {
    let version = u32::try_from(case.procedure_version).ok()?;
    let procedure = catalogue.procedure_version(tenant, &case.procedure, version)?;
    let arrived_on = jst_day(case.arrived_at.0);
    match procedure.definition.fee_due {
        FeeDue::None => None,
        // A case without a claim was free of charge: the claim comes with the arrival or not at all.
        FeeDue::OnSubmit => assessed.contains_key(&case.id).then_some(arrived_on),
        FeeDue::AfterReview => Some(arrived_on),
        // The price of a contract is claimed by its conclusion, in one transaction, and not by the grant that offers it.
        FeeDue::OnIssue if procedure.definition.contract.is_some() => None,
        FeeDue::OnIssue => granted.get(&case.id).map(|at| jst_day(at.0)),
    }
}

/// Issues a signed snapshot of a year that is over; a second one names the first.
pub async fn issue(
    ctx: Ctx,
    request: IdempotencyRequest,
    year: FiscalYear,
) -> Result<Effect<SnapshotRow>, Failure> {
    // A year is long: it is judged before the write, and what is judged of it does not change any more.
    let (inner, asked) = (ctx.clone(), request.clone());
    let read = ctx.core.db.read(move |tx| {
        overseer(tx, &inner, &asked.tenant)?;
        if is_used(tx, &asked)? {
            return Ok(None);
        }
        if !is_over(year, tx.now()) {
            return Err(ReconciliationRefusal::YearNotOver.into());
        }
        Ok::<_, Failure>(Some(judged(tx, &inner.catalogue, &asked.tenant, year)?))
    });
    let report = read.await?;
    let db = ctx.core.db.clone();
    db.write_alone(vec![], move |tx| {
        let make = |tx: &mut Tx<'_>, now| {
            let report = report.as_ref().ok_or(Refusal::IdempotencyKeyReused)?;
            make(tx, &ctx, &request.tenant, report, now)
        };
        once(tx, &request, "control_snapshot", make, |tx, made| {
            overseer(tx, &ctx, &request.tenant)?;
            let all = facts::snapshots(tx, &request.tenant, year.year())?;
            let found = all.into_iter().find(|row| row.snapshot_no.to_string() == made);
            Ok(found.ok_or(Refusal::NotFound)?)
        })
    })
    .await
}

fn make(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    report: &ControlReport,
    now: Timestamp,
) -> Result<Made<SnapshotRow>, Failure> {
    let officer = overseer(tx, ctx, tenant)?;
    let before = facts::snapshots(tx, tenant, report.year.year())?.pop();
    let (snapshot_no, prev_hash) =
        before.map_or((1, CHAIN_START.to_vec()), |before| (before.snapshot_no + 1, before.hash));
    let signer = ctx.core.keys.checkpoints();
    let statement = ControlStatement {
        counts: counts(&report.entries),
        entries: report.entries.clone(),
        fiscal_year: report.year.year(),
        issued_at: now,
        issued_by: officer.to_string(),
        key_id: signer.key_id().to_owned(),
        prev_hash: HEXLOWER.encode(&prev_hash),
        snapshot_no,
        tenant: tenant.clone(),
        terms: report.terms.clone(),
    };
    let statement = statement.to_json();
    let bytes = snapshot_bytes(&statement);
    let row = SnapshotRow {
        tenant_id: tenant.clone(),
        fiscal_year: i64::from(report.year.year()),
        snapshot_no,
        prev_hash,
        hash: digest(&bytes).to_vec(),
        key_id: signer.key_id().to_owned(),
        signature: signer.sign(&bytes),
        statement,
        issued_by: officer,
        issued_at: Micros(now),
    };
    match facts::insert_snapshot(tx, &row)? {
        Written::New => Ok(Made { resource_id: snapshot_no.to_string(), value: row }),
        Written::Taken => Err(ReconciliationRefusal::SnapshotTaken.into()),
    }
}

/// The snapshots of a year, oldest first.
pub async fn list(ctx: Ctx, tenant: TenantCode, year: FiscalYear) -> Result<Vec<SnapshotRow>, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        overseer(tx, &ctx, &tenant)?;
        Ok(facts::snapshots(tx, &tenant, year.year())?)
    })
    .await
}
