//! Drafts whose version is no longer in force (旧版の下書き): until when they may be handed in, at what price, and how they
//! move to the present version.
//!
//! A version in its drain keeps its own form, but the fee is that of the version in force on the day of arrival.
//! Afterwards the draft moves by [`run`]: no answer is lost; what no longer fits is named and stays until the applicant
//! edits the draft.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use super::cases;
use super::catalogue::form_faults;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::intake::{circumstances, pinned, present, seal_form};
use super::{Ctx, Effect, Failure, Refusal};
use crate::catalogue::CatalogueProcedure;
use crate::domain::application::CaseState;
use crate::domain::calendar::jst_day;
use crate::domain::expression::Facts;
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, TenantCode};
use crate::domain::policy::Action;
use crate::domain::procedure::ApplicantKind;
use crate::domain::procedure_version::{ArrivalTerms, arrival_terms};
use crate::store::applications::{self, ApplicationRow};
use crate::store::{Root, Tx};

/// A draft after its move.
#[derive(Clone, Debug)]
pub struct Upgraded {
    /// The draft.
    pub case: ApplicationRow,
    /// Answers and documents that the present version does not take as they are.
    pub misfits: Vec<Fault>,
}

/// The version whose fees an application pays that arrives on `day` under `procedure`, or why it arrives too late.
pub fn priced_by(
    ctx: &Ctx,
    procedure: &Arc<CatalogueProcedure>,
    day: Date,
) -> Result<Arc<CatalogueProcedure>, Refusal> {
    let definition = &procedure.definition;
    let (standing, _) = ctx.catalogue.standing(procedure, day);
    let in_force = ctx.catalogue.find_procedure(&definition.tenant, &definition.id, day);
    match arrival_terms(standing, ctx.catalogue.span(procedure), day) {
        ArrivalTerms::Regular => Ok(Arc::clone(procedure)),
        ArrivalTerms::Drained => Ok(Arc::clone(in_force.unwrap_or(procedure))),
        ArrivalTerms::TooLate if in_force.is_some() => Err(Refusal::ProcedureVersionClosed),
        ArrivalTerms::TooLate => Err(Refusal::ProcedureClosed),
    }
}

/// A fee of another version may ask for what the old form never asked: then the draft has to move.
pub fn fee_failure(pinned: &CatalogueProcedure, priced_by: &CatalogueProcedure, failure: Failure) -> Failure {
    if pinned.definition.version == priced_by.definition.version {
        failure
    } else {
        Refusal::ProcedureVersionClosed.into()
    }
}

/// Why no draft of a procedure can be begun: it has ended, or there is none.
pub fn not_offered(ctx: &Ctx, tenant: &TenantCode, procedure: &str, day: Date) -> Refusal {
    if ctx.catalogue.has_ended(tenant, procedure, day) { Refusal::ProcedureClosed } else { Refusal::NotFound }
}

/// Why a pinned version is not there: this program cannot read it, or this node has not seen it yet.
pub fn not_loaded(ctx: &Ctx, tenant: &TenantCode, procedure: &str, version: u32) -> Failure {
    let unusable = ctx.catalogue.unusable().iter().any(|unusable| {
        unusable.version == version && unusable.procedure == procedure && unusable.tenant == *tenant
    });
    if unusable {
        return Failure::Internal(format!(
            "this program cannot read version {version} of {procedure} of {tenant}"
        ));
    }
    // Published a moment ago on another node: the next look brings it.
    Refusal::Busy { retry_after_s: 2 }.into()
}

/// The answers without those that a move to another version left behind and that `patch` does not mention.
pub fn without_leftovers(procedure: &CatalogueProcedure, mut form: Value, patch: &Value) -> Value {
    if let Some(answers) = form.as_object_mut() {
        answers.retain(|name, _| procedure.definition.field(name).is_some() || patch.get(name).is_some());
    }
    form
}

/// Moves a draft to the version in force on the day it arrives: today, or the day the office received it on paper. A draft
/// that is there already stays as it is.
pub async fn run(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
) -> Result<Effect<Upgraded>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let tenant = &request.tenant;
        let step = |tx: &mut Tx<'_>, now| move_draft(tx, &ctx, tenant, id, now);
        once(tx, &request, "application", step, |tx, id| {
            let case = present(tx, &ctx, tenant, id)?;
            let opened = cases::open(tx, &ctx, tenant, case.id, Action::EditCase)?;
            let known = circumstances(opened.filer(), opened.arrives_at(tx.now()));
            let misfits = misfits(&*pinned(&ctx, &case)?, &opened.form()?, &case, &known);
            Ok(Upgraded { case, misfits })
        })
    })
    .await
}

fn move_draft(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
    now: Timestamp,
) -> Result<Made<Upgraded>, Failure> {
    let mut case = cases::open(tx, ctx, tenant, id, Action::EditCase)?;
    if case.state != CaseState::Draft {
        return Err(Refusal::WrongState { state: case.state.name() }.into());
    }
    // As it is begun and handed in: what came on paper before a version began never fits that version.
    let arrival_day = jst_day(case.arrives_at(now));
    let found = ctx.catalogue.find_procedure(tenant, &case.row.procedure, arrival_day).cloned();
    let procedure = found.ok_or(Refusal::ProcedureClosed)?;
    let mut form = case.form()?;
    let known = circumstances(case.filer(), case.arrives_at(now));
    let number = i64::from(procedure.definition.version);
    if case.row.procedure_version != number {
        refuse_kind(&procedure, case.applicant)?;
        // What the old version computed is no answer; the new one computes its own.
        if let Ok(old) = pinned(ctx, &case.row) {
            form = old.form.without_calculated(form);
        }
        form = procedure.form.complete(form, &known);
        seal_form(ctx, &mut case, &form);
        let definition = &procedure.definition;
        case.row.procedure_version = number;
        definition.kind.as_str().clone_into(&mut case.row.kind);
        case.row.department = ctx.catalogue.in_charge(tenant, &definition.department, jst_day(now));
        applications::repin(tx, &mut case.row)?;
    }
    let misfits = misfits(&procedure, &form, &case.row, &known);
    Ok(Made { value: Upgraded { misfits, case: case.row }, resource_id: id.to_string() })
}

fn refuse_kind(procedure: &CatalogueProcedure, kind: Option<ApplicantKind>) -> Result<(), Refusal> {
    let kind = kind.ok_or(Refusal::Forbidden)?;
    if procedure.definition.applicant_kinds.contains(&kind) {
        return Ok(());
    }
    let ja = "現在の版では、このアカウントの種別では申請できません。";
    let en = "The present version is not open to this kind of account.";
    Err(Refusal::Invalid(vec![Fault::new("/procedure", "applicant_kind", ja, en)]))
}

/// What of a draft the present version does not take: answers, and documents that are no longer asked for.
pub(super) fn misfits(
    procedure: &CatalogueProcedure,
    form: &Value,
    row: &ApplicationRow,
    known: &Facts,
) -> Vec<Fault> {
    let mut found = form_faults(procedure.form.validate_draft(form, known));
    let unasked =
        row.attachment_codes.0.iter().filter(|code| procedure.definition.attachment(code).is_none());
    found.extend(unasked.map(|code| {
        let (ja, en) = ("この書類は不要になりました。", "This document is no longer asked for.");
        Fault::new(format!("/attachments/{code}"), "not_asked", ja, en)
    }));
    found
}
