//! Fixing the fee after review (審査後の調定, R-69): staff enter what they measured, the formula gives the amount.
//!
//! Invariants: nobody types an amount, it follows from the ordinance; an assessment happens once, another amount needs a
//! new one (R-87: an invoice is never edited); the applicant is told in the same transaction.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cases::{self, OpenCase};
use super::catalogue::faults_below;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::intake::{self, refuse_faults};
use super::{Ctx, Effect, Failure, Refusal, billing, clock, waiver};
use crate::catalogue::CatalogueProcedure;
use crate::domain::application::CaseState;
use crate::domain::expression::Facts;
use crate::domain::id::{ApplicationId, TenantCode};
use crate::domain::policy::Action;
use crate::domain::procedure::FeeDue;
use crate::seal::sha256_hex;
use crate::store::applications::ApplicationRow;
use crate::store::invoices::InvoiceRow;
use crate::store::{Root, Tx, jobs};

/// The job that tells the applicant that a fee was fixed; its subject is the application's id.
pub const NOTIFY_FEE: &str = "notify_fee";

/// What staff fixed.
#[derive(Clone, Debug)]
pub struct Fixing {
    /// Answers to the office form.
    pub office: Value,
    /// The total the officer expects, in yen; another one is refused.
    pub expected_total: Option<i64>,
}

/// A case whose fee was fixed.
#[derive(Clone, Debug)]
pub struct Assessed {
    /// The case.
    pub case: ApplicationRow,
    /// What is owed now.
    pub invoice: InvoiceRow,
}

/// Fixes the fee of a case under review and issues its invoice, once.
///
/// From then on the clock waits for the payment (R-18(2)); that pause follows from the invoice itself.
pub async fn assess(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    fixing: Fixing,
) -> Result<Effect<Assessed>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let fix = |tx: &mut Tx<'_>, now| fix(tx, &ctx, &request.tenant, id, &fixing, now);
        once(tx, &request, "assessment", fix, |tx, _| {
            let case = cases::open(tx, &ctx, &request.tenant, id, Action::ReadCase)?;
            let invoice = billing::fee_invoice(tx, &case)?.ok_or(Refusal::NotFound)?;
            Ok(Assessed { case: case.row, invoice })
        })
    })
    .await
}

fn fix(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
    fixing: &Fixing,
    now: Timestamp,
) -> Result<Made<Assessed>, Failure> {
    let mut case = cases::open(tx, ctx, tenant, id, Action::Review)?;
    let procedure = intake::pinned(ctx, &case.row)?;
    refuse_wrong_moment(tx, &case, &procedure)?;
    let answers = billing::facts_of(&case, &procedure, now)?;
    let office = office_answers(&procedure, fixing.office.clone(), &answers)?;
    let priced_by = billing::priced_by(ctx, &case, &procedure, now);
    let assessment = billing::assess_case(tx, &case, (&procedure, &priced_by), Some(&office), now)?;
    let total = assessment.total.amount();
    if fixing.expected_total.is_some_and(|expected| expected != total) {
        return Err(Refusal::FeeChanged { total }.into());
    }
    let invoice = billing::issue_invoice(tx, ctx, &case, assessment, Some(office), now)?;
    let facts = json!({
        "invoice": invoice.id.to_string(),
        "number": invoice.number,
        "total": total,
        "inputs_sha256": sha256_hex(&invoice.sealed_inputs),
    });
    case.record(tx, "fee_assessed", facts, None)?;
    clock::note_pause(tx, &ctx.core, &mut case.row)?;
    waiver::open_by_notice(tx, ctx, &mut case, &invoice, now)?;
    jobs::enqueue(tx, tenant.as_str(), NOTIFY_FEE, &format!("{id}:{}", invoice.id), now)?;
    case.save(tx)?;
    Ok(Made { value: Assessed { case: case.row, invoice }, resource_id: id.to_string() })
}

fn refuse_wrong_moment(
    tx: &mut Tx<'_>,
    case: &OpenCase,
    procedure: &CatalogueProcedure,
) -> Result<(), Failure> {
    if procedure.definition.fee_due != FeeDue::AfterReview {
        return Err(Refusal::FeeNotFixedByStaff.into());
    }
    if !billing::priced_invoices(tx, case)?.is_empty() {
        return Err(Refusal::AlreadyAssessed.into());
    }
    match case.state {
        CaseState::UnderReview { .. } => Ok(()),
        _ => Err(Refusal::WrongState { state: case.state.name() }.into()),
    }
}

/// The checked answers to the office form; its conditions may read the applicant's answers.
pub(super) fn office_answers(
    procedure: &CatalogueProcedure,
    office: Value,
    answers: &Facts,
) -> Result<Value, Refusal> {
    let form = &procedure.office_form;
    let office = form.complete(form.tidy(office), answers);
    refuse_faults(faults_below("/office", form.validate(&office, answers)))?;
    Ok(office)
}
