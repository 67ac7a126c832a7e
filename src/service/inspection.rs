//! Inspections (現地調査) of a case: planned, moved, carried out, called off, and shown to the applicant.
//!
//! Parties see the appointment; what was found, and why something was moved, stays with the office until it is released.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::cases::{self, OpenCase};
use super::casework_refusal::CaseworkRefusal;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::intake::{pinned, refuse_faults};
use super::office_refusal::OfficeRefusal;
use super::{Ctx, Effect, Failure, Refusal, access, review};
use crate::domain::approval::DecisionKind;
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, InspectionId, OfficerId, TenantCode};
use crate::domain::inspection::{
    InspectionPlan, InspectionResult, InspectionState, InspectionStep, MOST_OFFICERS, findings_faults,
    future_faults, missing, plan_faults,
};
use crate::domain::message::text_faults;
use crate::domain::opinion::matters;
use crate::domain::policy::{Action, Actor};
use crate::store::inspections::{self, InspectionActRow, InspectionRow};
use crate::store::sql::{IsoDate, Json, Micros};
use crate::store::{Reads, Root, Tx, jobs, officers};

/// The job that tells the applicant of an appointment; its subject is the case's id, the inspection's and its version.
pub const NOTIFY_INSPECTION: &str = "notify_inspection";

/// An inspection that somebody plans.
#[derive(Clone, Debug)]
pub struct NewInspection {
    /// For when.
    pub planned_at: Timestamp,
    /// Where and for what.
    pub plan: InspectionPlan,
    /// Who goes.
    pub officers: Vec<OfficerId>,
}

/// What somebody does with an inspection.
#[derive(Clone, Debug)]
pub enum Change {
    /// Moves it, for a reason.
    Reschedule {
        /// For when it is planned now.
        planned_at: Timestamp,
        /// Why.
        reason: String,
    },
    /// Says what came of it.
    CarryOut {
        /// What came of it.
        result: InspectionResult,
        /// The day.
        on: Date,
        /// What was found.
        findings: String,
    },
    /// Calls it off, for a reason.
    Cancel {
        /// Why.
        reason: String,
    },
    /// Shows the applicant what was found.
    Release,
}

impl Change {
    fn step(&self) -> InspectionStep {
        match self {
            Self::Reschedule { .. } => InspectionStep::Reschedule,
            Self::CarryOut { .. } => InspectionStep::CarryOut,
            Self::Cancel { .. } => InspectionStep::Cancel,
            Self::Release => InspectionStep::Release,
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Self::Reschedule { reason, .. } | Self::Cancel { reason } => Some(reason.trim()),
            Self::CarryOut { .. } | Self::Release => None,
        }
    }

    /// Whether the applicant's calendar changes by it.
    fn moves_appointment(&self) -> bool {
        matches!(self, Self::Reschedule { .. } | Self::Cancel { .. })
    }

    fn faults(&self, now: Timestamp) -> Vec<Fault> {
        match self {
            Self::Reschedule { planned_at, reason } => {
                let mut faults = future_faults(*planned_at, now);
                faults.extend(text_faults("/reason", reason, 1));
                faults
            }
            Self::CarryOut { result, on, findings } => findings_faults(*result, findings, *on, jst_day(now)),
            Self::Cancel { reason } => text_faults("/reason", reason, 1),
            Self::Release => Vec::new(),
        }
    }
}

/// A step in clear.
#[derive(Clone, Debug)]
pub struct InspectionAct {
    /// The row.
    pub row: InspectionActRow,
    /// Why, for staff.
    pub reason: Option<String>,
}

/// An inspection in clear, as far as the reader may see it.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The row.
    pub row: InspectionRow,
    /// Where and for what.
    pub plan: InspectionPlan,
    /// What came of it; for parties once it is released.
    pub result: Option<String>,
    /// What was found; for parties once it is released.
    pub findings: Option<String>,
    /// Its steps; the reasons are for staff.
    pub acts: Vec<InspectionAct>,
}

/// Plans an inspection and tells the applicant.
pub async fn plan(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    new: NewInspection,
) -> Result<Effect<Inspection>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let put = |tx: &mut Tx<'_>, now| put(tx, &ctx, &request.tenant, id, &new, now);
        once(tx, &request, "inspection", put, |tx, inspection| {
            let case = cases::open(tx, &ctx, &request.tenant, id, Action::Review)?;
            let inspection =
                inspection.parse().map_err(|_| Failure::Internal("an inspection's id".to_owned()))?;
            let row = inspections::find(tx, &request.tenant, inspection)?.ok_or(Refusal::NotFound)?;
            one(tx, &case, row)
        })
    })
    .await
}

fn put(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
    new: &NewInspection,
    now: Timestamp,
) -> Result<Made<Inspection>, Failure> {
    let mut case = cases::open(tx, ctx, tenant, id, Action::Review)?;
    refuse_ended(&case)?;
    let mut faults = plan_faults(&new.plan, new.planned_at, now);
    faults.extend(officer_faults(tx, &case, &new.officers, jst_day(now))?);
    refuse_faults(faults)?;
    let inspection = InspectionId(tx.new_id());
    let place = inspections::plan_place(inspection);
    let row = InspectionRow {
        tenant_id: tenant.clone(),
        id: inspection,
        application_id: id,
        state: InspectionState::Planned.as_str().to_owned(),
        planned_at: Micros(new.planned_at),
        officers: Json(new.officers.clone()),
        sealed_plan: case.key.seal_json(&place, &new.plan, ctx.core.ids.as_ref()),
        result: None,
        carried_out_on: None,
        sealed_findings: None,
        released_at: None,
        version: 1,
    };
    inspections::insert(tx, &row)?;
    inspections::insert_act(tx, &act_of(&case, &row, "planned", None, now)?)?;
    let facts = json!({ "inspection": inspection, "planned_at": new.planned_at.to_string() });
    case.record(tx, "inspection_planned", facts, None)?;
    tell(tx, &row, now)?;
    case.save(tx)?;
    Ok(Made { value: one(tx, &case, row)?, resource_id: inspection.to_string() })
}

fn refuse_ended(case: &OpenCase) -> Result<(), Refusal> {
    let state = case.state.name();
    if matters(state) { Ok(()) } else { Err(Refusal::WrongState { state }) }
}

fn tell(tx: &mut Tx<'_>, row: &InspectionRow, now: Timestamp) -> Result<(), Failure> {
    let subject = format!("{}:{}:{}", row.application_id, row.id, row.version);
    jobs::enqueue(tx, row.tenant_id.as_str(), NOTIFY_INSPECTION, &subject, now)?;
    Ok(())
}

fn officer_faults(
    tx: &mut impl Reads,
    case: &OpenCase,
    named: &[OfficerId],
    today: Date,
) -> Result<Vec<Fault>, Failure> {
    if named.is_empty() || named.len() > MOST_OFFICERS {
        let ja = format!("1～{MOST_OFFICERS}人の職員を指定してください。");
        return Ok(vec![Fault::new(
            "/officers",
            "count",
            ja,
            format!("Name 1 to {MOST_OFFICERS} officers."),
        )]);
    }
    let mut faults = Vec::new();
    for (index, officer) in named.iter().enumerate() {
        let posts = officers::posts_in_force(tx, &case.row.tenant_id, *officer, today)?;
        if !review::serves(&posts, &case.row.department) {
            faults.push(review::not_in_department(&format!("/officers/{index}")));
        }
    }
    Ok(faults)
}

/// Takes a step of an inspection.
pub async fn change(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: InspectionId,
    change: Change,
) -> Result<Effect<Inspection>, Failure> {
    let (db, body) = (ctx.core.db.clone(), request.tenant.clone());
    let found = db.read(move |tx| Ok::<_, Failure>(inspections::find(tx, &body, id)?)).await?;
    let case = found.ok_or(Refusal::NotFound)?.application_id;
    db.write(Root::Application(case), move |tx| {
        let open = |tx: &mut Tx<'_>| {
            let case = cases::open(tx, &ctx, &request.tenant, case, Action::Review)?;
            let row = inspections::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
            Ok::<_, Failure>((case, row))
        };
        let step = |tx: &mut Tx<'_>, now| {
            let (case, row) = open(tx)?;
            take(tx, &ctx, case, row, &change, now)
        };
        once(tx, &request, "inspection", step, |tx, _| {
            let (case, row) = open(tx)?;
            one(tx, &case, row)
        })
    })
    .await
}

fn take(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    mut case: OpenCase,
    mut row: InspectionRow,
    change: &Change,
    now: Timestamp,
) -> Result<Made<Inspection>, Failure> {
    let (step, id) = (change.step(), row.id);
    let next = step.take(row.inspection_state()?);
    let next = next.map_err(|state| OfficeRefusal::StandsElsewhere { state: state.as_str() })?;
    if let (InspectionStep::Release, Some(_)) = (step, row.released_at) {
        return Ok(Made { value: one(tx, &case, row)?, resource_id: id.to_string() });
    }
    if step == InspectionStep::Reschedule {
        refuse_ended(&case)?;
    }
    refuse_faults(change.faults(now))?;
    next.as_str().clone_into(&mut row.state);
    let mut facts = json!({ "inspection": id });
    let mut say = |name: &str, value: Value| {
        if let Value::Object(facts) = &mut facts {
            facts.insert(name.to_owned(), value);
        }
    };
    match change {
        Change::Reschedule { planned_at, .. } => {
            say("from", json!(row.planned_at.0));
            say("planned_at", json!(planned_at));
            row.planned_at = Micros(*planned_at);
        }
        Change::CarryOut { result, on, findings } => {
            say("result", json!(result.as_str()));
            say("on", json!(on.to_string()));
            let place = inspections::findings_place(id);
            row.result = Some(result.as_str().to_owned());
            row.carried_out_on = Some(IsoDate(*on));
            row.sealed_findings =
                Some(case.key.seal(&place, findings.trim().as_bytes(), ctx.core.ids.as_ref()));
        }
        Change::Cancel { .. } => {}
        Change::Release => row.released_at = Some(Micros(now)),
    }
    inspections::update(tx, &mut row)?;
    let seal = |reason: &str| {
        let place = inspections::reason_place(id, row.version);
        case.key.seal(&place, reason.as_bytes(), ctx.core.ids.as_ref())
    };
    let reason = change.reason().map(seal);
    inspections::insert_act(tx, &act_of(&case, &row, step.act(), reason, now)?)?;
    case.record(tx, step.event(), facts, None)?;
    if change.moves_appointment() {
        tell(tx, &row, now)?;
    }
    case.save(tx)?;
    Ok(Made { value: one(tx, &case, row)?, resource_id: id.to_string() })
}

fn act_of(
    case: &OpenCase,
    row: &InspectionRow,
    act: &str,
    sealed_reason: Option<Vec<u8>>,
    now: Timestamp,
) -> Result<InspectionActRow, Failure> {
    Ok(InspectionActRow {
        tenant_id: row.tenant_id.clone(),
        inspection_id: row.id,
        act_no: row.version,
        act: act.to_owned(),
        planned_at: row.planned_at,
        sealed_reason,
        officer_id: review::officer(case)?.officer,
        acted_at: Micros(now),
    })
}

/// Refuses a grant while the inspection that the procedure requires has not been passed.
pub(super) fn refuse_missing(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    decision: DecisionKind,
) -> Result<(), Failure> {
    let procedure = pinned(ctx, &case.row)?;
    let Some(required) = &procedure.definition.inspection else { return Ok(()) };
    let mut rows = inspections::of_case(tx, &case.row.tenant_id, case.row.id)?;
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let acts = inspections::acts_of(tx, &case.row.tenant_id, &ids)?;
    let recorded_at = |id: InspectionId| {
        let carried_out = InspectionStep::CarryOut.act();
        let of = acts.iter().rfind(|act| act.inspection_id == id && act.act == carried_out);
        of.map(|act| act.acted_at)
    };
    // Of two on one day the one that was recorded later counts.
    rows.sort_by_key(|row| (row.carried_out_on, recorded_at(row.id), row.id));
    let mut results = Vec::with_capacity(rows.len());
    for row in &rows {
        results.extend(row.inspection_result()?);
    }
    match missing(required, &results, decision) {
        Some(fault) => Err(CaseworkRefusal::InspectionMissing(vec![fault]).into()),
        None => Ok(()),
    }
}

/// The inspections of a case, for its parties and staff, each as far as the reader may see it.
pub async fn list(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<Vec<Inspection>, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let case = cases::open(tx, &inner, &body, id, Action::ReadCase)?;
        let rows = inspections::of_case(tx, &body, id)?;
        Ok::<_, Failure>((access::reader(&case.actor), opened(tx, &case, rows)?))
    });
    let (reader, items) = read.await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "inspections", &[id]).await?;
    }
    Ok(items)
}

fn one(tx: &mut impl Reads, case: &OpenCase, row: InspectionRow) -> Result<Inspection, Failure> {
    opened(tx, case, vec![row])?.pop().ok_or_else(|| Refusal::NotFound.into())
}

fn opened(
    tx: &mut impl Reads,
    case: &OpenCase,
    rows: Vec<InspectionRow>,
) -> Result<Vec<Inspection>, Failure> {
    let is_staff = matches!(case.actor, Actor::Officer(_));
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let mut acts = inspections::acts_of(tx, &case.row.tenant_id, &ids)?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let shows = is_staff || row.released_at.is_some();
        let place = inspections::findings_place(row.id);
        let sealed = row.sealed_findings.as_deref().filter(|_| shows);
        let findings = sealed.map(|sealed| case.key.open(&place, sealed)).transpose()?.map(text);
        let open = |act: InspectionActRow| {
            let place = inspections::reason_place(act.inspection_id, act.act_no);
            let sealed = act.sealed_reason.as_deref().filter(|_| is_staff);
            let reason = sealed.map(|sealed| case.key.open(&place, sealed)).transpose()?.map(text);
            Ok::<_, Failure>(InspectionAct { row: act, reason })
        };
        let own = acts.extract_if(.., |act| act.inspection_id == row.id);
        found.push(Inspection {
            plan: case.key.open_json(&inspections::plan_place(row.id), &row.sealed_plan)?,
            result: row.result.clone().filter(|_| shows),
            findings,
            acts: own.map(open).collect::<Result<_, _>>()?,
            row,
        });
    }
    Ok(found)
}
