//! Intake (受付): a draft is written, handed in, taken back.
//!
//! Submission is one transaction: the arrival instant is the instant of that transaction, the fee is the one in
//! force on the arrival's day, the assessment is booked and the first event of the case's chain is
//! written. A draft is the applicant's own paper: it has no events and no officer sees it.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::arrival::{self, Submitted};
use super::cases::{self, OpenCase};
use super::filing::{self, Filer};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::{Ctx, Effect, Failure, Refusal, access, account, billing, case_task, upgrade};
use crate::catalogue::CatalogueProcedure;
use crate::domain::application::{CaseState, Command};
use crate::domain::audit::CHAIN_START;
use crate::domain::calendar::jst_day;
use crate::domain::expression::Facts;
use crate::domain::fault::Fault;
use crate::domain::fee::{FeeAssessment, SameTimeTerms};
use crate::domain::form::Circumstances;
use crate::domain::id::{ApplicationId, TenantCode};
use crate::domain::merge_patch::merge_patch;
use crate::domain::paper_filing::WithdrawalStatement;
use crate::domain::policy::Action;
use crate::drill::CrashPoint;
use crate::seal::DataKey;
use crate::store::applications::{self, ApplicationRow};
use crate::store::parties::{self, PartyRow};
use crate::store::sql::{Json, Micros};
use crate::store::{Reads, Root, Tx, events, invoices, payments};

/// What a new draft begins with.
#[derive(Clone, Debug)]
pub struct NewDraft {
    /// Slug of the procedure.
    pub procedure: String,
    /// Answers so far; may be incomplete.
    pub form: Value,
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

/// Stores a new draft of `procedure`, for the caller to go on with.
pub(super) fn begin_draft(
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
    let (row, key) = new_case(tx, ctx, tenant, procedure, &form, now)?;
    let id = row.id;
    let place = format!("parties.sealed_party:{id}:applicant");
    let party = PartyRow {
        tenant_id: tenant.clone(),
        application_id: id,
        role: "applicant".to_owned(),
        account_id: Some(account),
        sealed_party: key.seal_json(&place, &profile, ctx.core.ids.as_ref()),
    };
    applications::insert(tx, &row)?;
    parties::insert(tx, &party)?;
    Ok(Made { resource_id: id.to_string(), value: row })
}

/// The row of a new draft with its answers, and the case's key; nothing is stored. It lies with whoever does the work of the
/// procedure's department today.
pub(super) fn new_case(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    procedure: &CatalogueProcedure,
    form: &Value,
    now: Timestamp,
) -> Result<(ApplicationRow, DataKey), Failure> {
    let definition = &procedure.definition;
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
        department: ctx.catalogue.in_charge(tenant, &definition.department, jst_day(now)),
        assignee_id: None,
        correction_id: None,
        proposal_id: None,
        sealed_form: case_key.key.seal_json(&ApplicationRow::form_place(id), form, ids),
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
        incoming_number: None,
        incoming_on: None,
        paused_for: None,
    };
    Ok((row, case_key.key))
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
            let (form, _) =
                filing::draft(&ctx.catalogue, &procedure, written, case.filer(), case.arrives_at(now))?;
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
                arrival::present(tx, &ctx, &request.tenant, id)
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
    let arriving = arrival::judge(tx, ctx, tenant, id, now)?;
    let fee = arriving.fee(&SameTimeTerms::NONE)?;
    refuse_changed_fee(fee.as_ref(), expected_total)?;
    let submitted = arrival::record(tx, ctx, arriving, fee, None, now)?;
    Ok(Made { value: submitted, resource_id: id.to_string() })
}

/// Takes a case back; only the applicant can, any time before the decision. What is still owed is canceled.
///
/// Who applied on paper takes it back by telling the office: an officer enters the `statement` of it and attests when it came.
pub async fn withdraw(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    statement: WithdrawalStatement,
) -> Result<Effect<ApplicationRow>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let take_back = |tx: &mut Tx<'_>, now| {
            let mut case = cases::open(tx, &ctx, &request.tenant, id, Action::WithdrawCase)?;
            refuse_open_payment(tx, &case)?;
            let mut facts = json!({ "from": case.state.name().as_str() });
            case.step(Command::Withdraw)?;
            let sealed = state_withdrawal(&ctx, &case, statement.clone(), &mut facts, now)?;
            case.record(tx, "withdrawn", facts, sealed)?;
            case_task::end_with_case(tx, &case)?;
            billing::cancel_unpaid_invoices(tx, &mut case, now)?;
            case.save(tx)?;
            Ok(Made { value: case.row, resource_id: id.to_string() })
        };
        once(tx, &request, "application", take_back, |tx, id| present(tx, &ctx, &request.tenant, id))
    })
    .await
}

/// Adds to `facts` how and when the withdrawal of a case on paper came, and who attests it; gives its reason, sealed.
fn state_withdrawal(
    ctx: &Ctx,
    case: &OpenCase,
    statement: WithdrawalStatement,
    facts: &mut Value,
    now: Timestamp,
) -> Result<Option<Vec<u8>>, Failure> {
    let (Some(_), Some(officer)) = (case.paper, access::reader(&case.actor)) else {
        refuse_faults(statement.faults_of_own())?;
        return Ok(None);
    };
    let arrived_at = case.row.arrived_at.map_or(now, |at| at.0);
    let received = statement.accept(arrived_at, now).map_err(Refusal::Invalid)?;
    if let Value::Object(facts) = facts {
        facts.insert("channel".to_owned(), json!(received.channel.as_str()));
        facts.insert("received_at".to_owned(), json!(received.received_at));
        facts.insert("attested_by".to_owned(), json!(officer.to_string()));
    }
    Ok(Some(case.key.seal_json(
        &events::withdrawal_place(case.row.id),
        &received.reason,
        ctx.core.ids.as_ref(),
    )))
}

/// A checkout that is still open could take money for a case that has ended: it is given up first.
pub(super) fn refuse_open_payment(tx: &mut impl Reads, case: &OpenCase) -> Result<(), Failure> {
    for invoice in invoices::all_of_case(tx, &case.row.tenant_id, case.row.id)? {
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

/// The circumstances of something that arrives at `arrived_at`, as expressions read them.
pub fn circumstances(filer: Filer, arrived_at: Timestamp) -> Facts {
    let Filer { kind: applicant_kind, channel } = filer;
    Circumstances { channel, applicant_kind, arrived_on: jst_day(arrived_at) }.facts()
}

/// Refuses when there are faults.
pub fn refuse_faults(faults: Vec<Fault>) -> Result<(), Refusal> {
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
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
