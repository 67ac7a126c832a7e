//! Intake (受付): a draft is written, handed in, taken back.
//!
//! Submission is one transaction: the arrival instant is the instant of that transaction, the fee is the one in
//! force on the arrival's day, the assessment is booked and the first event of the case's chain is
//! written. A draft is the applicant's own paper: it has no events and no officer sees it.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cases::{self, OpenCase};
use super::catalogue::form_faults;
use super::filing::{self, Accepted, Filing};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::{Ctx, Effect, Failure, Refusal, account, billing, clock, upgrade};
use crate::catalogue::{Catalogue, CatalogueProcedure};
use crate::domain::application::{CaseState, Command, Filed};
use crate::domain::audit::CHAIN_START;
use crate::domain::calendar::jst_day;
use crate::domain::expression::Facts;
use crate::domain::fault::Fault;
use crate::domain::fee::{Channel, FeeAssessment};
use crate::domain::form::Circumstances;
use crate::domain::id::{ApplicationId, TenantCode};
use crate::domain::merge_patch::merge_patch;
use crate::domain::money::Yen;
use crate::domain::policy::Action;
use crate::domain::procedure::{ApplicantKind, FeeDue};
use crate::domain::reference_number::reference_number;
use crate::domain::validity::Warning;
use crate::drill::CrashPoint;
use crate::store::applications::{self, ApplicationRow};
use crate::store::invoices::InvoiceRow;
use crate::store::parties::{self, ArrivalRow, PartyRow};
use crate::store::sql::{Json, Micros};
use crate::store::{Reads, Root, Tx, invoices, payments};

/// What a new draft begins with.
#[derive(Clone, Debug)]
pub struct NewDraft {
    /// Slug of the procedure.
    pub procedure: String,
    /// Answers so far; may be incomplete.
    pub form: Value,
}

/// A case after it was handed in.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The case.
    pub case: ApplicationRow,
    /// What is owed now, if anything.
    pub invoice: Option<InvoiceRow>,
    /// What the applicant should know; nothing of it blocks.
    pub warnings: Vec<Warning>,
}

/// Begins a draft.
pub async fn create_draft(
    ctx: Ctx,
    request: IdempotencyRequest,
    draft: NewDraft,
) -> Result<Effect<ApplicationRow>, Failure> {
    let account = ctx.account()?;
    let today = jst_day(ctx.now());
    let found = ctx.catalogue.find_procedure(&request.tenant, &draft.procedure, today).cloned();
    let procedure =
        found.ok_or_else(|| upgrade::not_offered(&ctx, &request.tenant, &draft.procedure, today))?;
    let db = ctx.core.db.clone();
    db.write(Root::Account(account), move |tx| {
        let tenant = &request.tenant;
        let begin = |tx: &mut Tx<'_>, now| begin_draft(tx, &ctx, tenant, &procedure, &draft.form, now);
        once(tx, &request, "application", begin, |tx, id| present(tx, &ctx, tenant, id))
    })
    .await
}

fn begin_draft(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    procedure: &Arc<CatalogueProcedure>,
    form: &Value,
    now: Timestamp,
) -> Result<Made<ApplicationRow>, Failure> {
    let account = ctx.account()?;
    let found = account::kind_and_profile(tx, &ctx.core.keys, account)?;
    let (kind, profile) = found.ok_or(Refusal::NotSignedIn)?;
    let wanted = kind.applicant_kind().ok_or(Refusal::Forbidden)?;
    let definition = &procedure.definition;
    if !definition.applicant_kinds.contains(&wanted) {
        let ja = "この手続は、このアカウントの種別では申請できません。";
        let en = "This procedure is not open to this kind of account.";
        return Err(Refusal::Invalid(vec![Fault::new("/procedure", "applicant_kind", ja, en)]).into());
    }
    let (form, _) = filing::draft(&ctx.catalogue, procedure, form.clone(), Some(wanted), now)?;
    let (ids, id) = (ctx.core.ids.as_ref(), ApplicationId(tx.new_id()));
    let case_key = ctx.core.keys.new_case_key(tenant, ids)?;
    let row = ApplicationRow {
        tenant_id: tenant.clone(),
        id,
        number: None,
        procedure: definition.id.clone(),
        procedure_version: i64::from(definition.version),
        kind: definition.kind.as_str().to_owned(),
        state: CaseState::Draft.name().as_str().to_owned(),
        department: definition.department.clone(),
        assignee_id: None,
        correction_id: None,
        proposal_id: None,
        sealed_form: case_key.key.seal_json(&ApplicationRow::form_place(id), &form, ids),
        wrapped_key: case_key.wrapped,
        form_revision: 1,
        attachment_codes: Json(Vec::new()),
        arrived_at: None,
        due_on: None,
        event_count: 0,
        event_head: CHAIN_START.to_vec(),
        version: 1,
        created_at: Micros(now),
        updated_at: Micros(now),
    };
    let place = format!("parties.sealed_party:{id}:applicant");
    let party = PartyRow {
        tenant_id: tenant.clone(),
        application_id: id,
        role: "applicant".to_owned(),
        account_id: Some(account),
        sealed_party: case_key.key.seal_json(&place, &profile, ids),
    };
    applications::insert(tx, &row)?;
    parties::insert(tx, &party)?;
    Ok(Made { resource_id: id.to_string(), value: row })
}

/// Changes the answers of a draft (JSON Merge Patch on `form`).
pub async fn edit_draft(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    version: i64,
    patch: Value,
) -> Result<Effect<ApplicationRow>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let edit = |tx: &mut Tx<'_>, now| {
            let mut case = cases::open(tx, &ctx, &request.tenant, id, Action::EditCase)?;
            case.expect_version(version)?;
            if case.state != CaseState::Draft {
                return Err(Refusal::WrongState { state: case.state.name() }.into());
            }
            let procedure = pinned(&ctx, &case.row)?;
            let kept = upgrade::without_leftovers(&procedure, case.form()?, &patch);
            let written = merge_patch(procedure.form.without_calculated(kept), &patch);
            let (form, _) = filing::draft(&ctx.catalogue, &procedure, written, case.applicant, now)?;
            seal_form(&ctx, &mut case, &form);
            case.save(tx)?;
            Ok(Made { value: case.row, resource_id: id.to_string() })
        };
        once(tx, &request, "application", edit, |tx, id| present(tx, &ctx, &request.tenant, id))
    })
    .await
}

/// Hands a draft in: arrival, number, due date, invoice, first event, all in one transaction.
pub async fn submit(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    expected_total: Option<i64>,
) -> Result<Effect<Submitted>, Failure> {
    let (db, drill) = (ctx.core.db.clone(), Arc::clone(&ctx.core.drill));
    let submitted = db
        .write(Root::Application(id), move |tx| {
            let hand_in = |tx: &mut Tx<'_>, now| hand_in(tx, &ctx, &request.tenant, id, expected_total, now);
            let submitted = once(tx, &request, "submission", hand_in, |tx, _| {
                let case = cases::open(tx, &ctx, &request.tenant, id, Action::ReadCase)?;
                let invoice = invoices::of_case(tx, &request.tenant, id)?.into_iter().next();
                let (procedure, form) = (pinned(&ctx, &case.row)?, case.form()?);
                let arrived_at = case.row.arrived_at.map_or_else(|| tx.now(), |at| at.0);
                let warnings = Filing::online(&procedure, &form, case.applicant, arrived_at).warnings();
                Ok(Submitted { case: case.row, invoice, warnings })
            })?;
            ctx.core.drill.reach(CrashPoint::SubmitBeforeCommit);
            Ok::<_, Failure>(submitted)
        })
        .await?;
    drill.reach_async(CrashPoint::SubmitAfterCommit).await;
    Ok(submitted)
}

fn hand_in(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
    expected_total: Option<i64>,
    now: Timestamp,
) -> Result<Made<Submitted>, Failure> {
    let mut case = cases::open(tx, ctx, tenant, id, Action::EditCase)?;
    let procedure = pinned(ctx, &case.row)?;
    let definition = &procedure.definition;
    let arrival_day = jst_day(now);
    case.step(Command::Submit(Filed {
        number: reference_number(arrival_day, id.0),
        arrived_at: now,
        due_on: ctx
            .catalogue
            .tenant(tenant)
            .and_then(|body| clock::first_due_on(&body.calendar, &procedure, arrival_day)),
    }))?;
    let priced_by = upgrade::priced_by(ctx, &procedure, arrival_day)?;
    // What depends on the day is computed anew on the day of arrival.
    let known = circumstances(case.applicant, now);
    let written = case.form()?;
    let form = procedure.form.complete(written.clone(), &known);
    let filing = Filing::online(&procedure, &form, case.applicant, now);
    let faults = procedure.form.validate(&form, &known);
    let accepted = accept(&ctx.catalogue, &filing, faults, &case.row.attachment_codes.0)?;
    case.row.department = accepted.department;
    if form != written {
        seal_form(ctx, &mut case, &form);
    }
    let assessment = match definition.fee_due {
        // What staff fix after review is not known yet.
        FeeDue::AfterReview => None,
        FeeDue::OnSubmit | FeeDue::OnIssue | FeeDue::None => {
            Some(billing::price(filing.facts(), (&procedure, &priced_by), arrival_day)?)
        }
    };
    refuse_changed_fee(assessment.as_ref(), expected_total)?;

    let invoice = match assessment {
        Some(assessment) if definition.fee_due == FeeDue::OnSubmit && assessment.total > Yen::ZERO => {
            Some(billing::issue_invoice(tx, ctx, &case, assessment, None, now)?)
        }
        _ => None,
    };
    let facts = json!({
        "number": case.row.number,
        "procedure": definition.id,
        "procedure_version": definition.version,
        "procedure_digest": procedure.digest,
        "fee_version": priced_by.definition.version,
        "form_sha256": crate::seal::sha256_hex(&case.row.sealed_form),
        "due_on": case.row.due_on.map(|due| due.0.to_string()),
        "department": case.row.department,
        "omissions": accepted.omitted,
        "invoice": invoice.as_ref().map(|invoice| invoice.id.to_string()),
        "total": invoice.as_ref().map_or(0, |invoice| invoice.total.amount()),
    });
    parties::insert_arrival(tx, &online_arrival(&case.row, now))?;
    case.record(tx, "submitted", facts, None)?;
    case.save(tx)?;
    let warnings = filing.warnings();
    Ok(Made { value: Submitted { case: case.row, invoice, warnings }, resource_id: id.to_string() })
}

/// Takes a case back; only the applicant can, any time before the decision. What is still owed is canceled.
pub async fn withdraw(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
) -> Result<Effect<ApplicationRow>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let take_back = |tx: &mut Tx<'_>, now| {
            let mut case = cases::open(tx, &ctx, &request.tenant, id, Action::WithdrawCase)?;
            refuse_open_payment(tx, &case)?;
            let from = case.state.name().as_str();
            case.step(Command::Withdraw)?;
            case.record(tx, "withdrawn", json!({ "from": from }), None)?;
            billing::cancel_unpaid_invoices(tx, &mut case, now)?;
            case.save(tx)?;
            Ok(Made { value: case.row, resource_id: id.to_string() })
        };
        once(tx, &request, "application", take_back, |tx, id| present(tx, &ctx, &request.tenant, id))
    })
    .await
}

/// A checkout that is still open could take money for a case that has ended: it is given up first.
fn refuse_open_payment(tx: &mut impl Reads, case: &OpenCase) -> Result<(), Failure> {
    for invoice in invoices::of_case(tx, &case.row.tenant_id, case.row.id)? {
        for payment in payments::of_invoice(tx, &case.row.tenant_id, invoice.id)? {
            if payment.payment()?.state.is_live() {
                return Err(Refusal::PaymentInProgress.into());
            }
        }
    }
    Ok(())
}

/// The procedure version a case is pinned to.
pub fn pinned(ctx: &Ctx, row: &ApplicationRow) -> Result<Arc<CatalogueProcedure>, Failure> {
    let version = u32::try_from(row.procedure_version).unwrap_or(0);
    let found = ctx.catalogue.procedure_version(&row.tenant_id, &row.procedure, version).cloned();
    found.ok_or_else(|| upgrade::not_loaded(ctx, &row.tenant_id, &row.procedure, version))
}

/// The case as it is now, for a replayed key.
pub fn present(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: &str,
) -> Result<ApplicationRow, Failure> {
    let id = id.parse().map_err(|_| Failure::Internal("an idempotency record names no case".to_owned()))?;
    Ok(cases::open(tx, ctx, tenant, id, Action::ReadCase)?.row)
}

/// Seals new answers into the row.
pub fn seal_form(ctx: &Ctx, case: &mut OpenCase, form: &Value) {
    let place = ApplicationRow::form_place(case.row.id);
    case.row.sealed_form = case.key.seal_json(&place, form, ctx.core.ids.as_ref());
}

/// The circumstances of something handed in online at `now`, as expressions read them.
pub fn circumstances(applicant_kind: Option<ApplicantKind>, now: Timestamp) -> Facts {
    Circumstances { channel: Channel::Online, applicant_kind, arrived_on: jst_day(now) }.facts()
}

/// Refuses when there are faults.
pub fn refuse_faults(faults: Vec<Fault>) -> Result<(), Refusal> {
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
}

/// Accepts complete answers with their documents, or refuses with every fault at once, those of the form (`faults`) first.
fn accept(
    catalogue: &Catalogue,
    filing: &Filing<'_>,
    faults: Vec<Fault>,
    present: &[String],
) -> Result<Accepted, Refusal> {
    let mut faults = form_faults(faults);
    match filing.accept(catalogue, present) {
        Ok(accepted) if faults.is_empty() => return Ok(accepted),
        Ok(_) => {}
        Err(others) => {
            // A place that is missing is a fault of the form already.
            let is_new = |other: &Fault| !faults.iter().any(|it| it.pointer == other.pointer);
            let others: Vec<Fault> = others.into_iter().filter(is_new).collect();
            faults.extend(others);
        }
    }
    Err(Refusal::Invalid(faults))
}

fn refuse_changed_fee(
    assessment: Option<&FeeAssessment>,
    expected_total: Option<i64>,
) -> Result<(), Refusal> {
    match (assessment.map(|assessment| assessment.total.amount()), expected_total) {
        (Some(total), Some(expected)) if expected != total => Err(Refusal::FeeChanged { total }),
        _ => Ok(()),
    }
}

fn online_arrival(row: &ApplicationRow, now: Timestamp) -> ArrivalRow {
    ArrivalRow {
        tenant_id: row.tenant_id.clone(),
        application_id: row.id,
        leg: 1,
        office: row.department.clone(),
        arrived_at: Micros(now),
        channel: "online".to_owned(),
        attested_by: None,
        recorded_at: Micros(now),
    }
}
