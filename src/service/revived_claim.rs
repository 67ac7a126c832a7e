//! The claim of a revoked waiver comes back: the refund of the whole fee that had ended it came to nothing.
//!
//! What was booked back stays so. What was left of the claim is assessed again as another one, with a notice and a term of its own, by
//! a job: the gateway or the bank tells of the refund where nobody has opened the case.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::assessment::NOTIFY_FEE;
use super::cases::{self, OpenCase, system_actor};
use super::claim_part::{self, Notice, Part};
use super::{Caller, Core, Ctx, Failure, JobEnd, Refusal, payment, waiver_claim};
use crate::domain::application::StateName;
use crate::domain::id::{InvoiceId, TenantCode};
use crate::domain::invoice::InvoiceState;
use crate::domain::money::Yen;
use crate::domain::waiver::{LineReduction, still_evaded, sum};
use crate::store::events::{self, NewEvent};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::sql::Micros;
use crate::store::waiver_revocations::{self, RevivedClaimRow, WaiverRevocationRow};
use crate::store::{Reads, Root, Tx, jobs, reassessments};

/// Kind of the job that assesses claims again; its subject is the id of the fee's invoice and its version.
pub const REVIVE_CLAIMS: &str = "revive_claims";

/// Asks for the claim of a revocation to be assessed again, where it had ended; `first` is the invoice that the waiver was of.
pub(super) fn ask(tx: &mut Tx<'_>, first: &InvoiceRow, row: &WaiverRevocationRow) -> Result<(), Failure> {
    if ended(tx, first, row)?.is_some() {
        let (subject, now) = (format!("{}:{}", first.id, first.version), tx.now());
        jobs::enqueue(tx, first.tenant_id.as_str(), REVIVE_CLAIMS, &subject, now)?;
    }
    Ok(())
}

/// The claim of a revocation that has ended although what a false statement took off is missing. Where nobody had paid for what was
/// examined, for it was withdrawn with its assessment or all of it was waived, nothing is.
fn ended(
    tx: &mut impl Reads,
    first: &InvoiceRow,
    row: &WaiverRevocationRow,
) -> Result<Option<InvoiceRow>, Failure> {
    let is_paid = first.owed() > Yen::ZERO && still_evaded(first.invoice_state()?, StateName::Withdrawn);
    if !is_paid || invoices::is_assessment_reversed(tx, first)? {
        return Ok(None);
    }
    let id = waiver_claim::standing(tx, row)?;
    let claim = invoices::find(tx, &row.tenant_id, id)?.ok_or(Refusal::NotFound)?;
    Ok(Some(claim).filter(|claim| claim.state == InvoiceState::Canceled.as_str()))
}

/// Assesses again what a refund had ended that came to nothing. Run twice it has one effect.
pub async fn assess_again(core: &Arc<Core>, tenant: TenantCode, id: InvoiceId) -> Result<JobEnd, Failure> {
    let ctx = Ctx::new(Arc::clone(core), Caller::Anonymous, Uuid::nil());
    let root = payment::application_of(&ctx, &tenant, id).await?;
    let db = ctx.core.db.clone();
    db.write(Root::Application(root), move |tx| {
        let now = tx.now();
        let first = invoices::find(tx, &tenant, id)?.ok_or(Refusal::NotFound)?;
        let mut case = cases::open_for_system(tx, &ctx.core, &tenant, first.application_id)?;
        if case.state.name() != StateName::Withdrawn {
            return Ok(JobEnd::Done);
        }
        for row in waiver_revocations::of_invoice(tx, &tenant, id)? {
            if let Some(claim) = ended(tx, &first, &row)? {
                revive(tx, &ctx, &mut case, (&row, &claim), now)?;
            }
        }
        Ok(JobEnd::Done)
    })
    .await
}

/// Assesses what was left of an ended claim as another one, and tells the obligor.
fn revive(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    (row, ended): (&WaiverRevocationRow, &InvoiceRow),
    now: Timestamp,
) -> Result<(), Failure> {
    let lines = left_of(tx, ended)?;
    let amount = sum(&lines).map_err(|error| Failure::Internal(error.to_string()))?;
    if amount == Yen::ZERO {
        return Ok(());
    }
    let again = Part {
        claim: ended,
        lines: &lines,
        why: ("還付が行われなかったため{}円を改めて調定", "a refund came to nothing: {} yen assessed again"),
    };
    let claim = claim_part::assess(tx, ctx, case, again, Notice::Own, now)?;
    let revived = RevivedClaimRow {
        tenant_id: row.tenant_id.clone(),
        claim_id: claim.id,
        replaces_id: ended.id,
        waiver_id: row.waiver_id,
        application_id: row.application_id,
        amount,
        assessed_at: Micros(now),
    };
    waiver_revocations::insert_revived(tx, &revived)?;
    let facts = json!({ "waiver": row.waiver_id.to_string(), "invoice": row.invoice_id.to_string(),
        "replaces": ended.id.to_string(), "claim": claim.id.to_string(), "number": claim.number,
        "amount": amount.amount() });
    let actor = system_actor("billing");
    let event = NewEvent { kind: "claim_assessed_again", actor, facts, sealed_detail: None };
    events::append(tx, &mut case.row, event)?;
    let subject = format!("{}:{}", case.row.id, claim.id);
    jobs::enqueue(tx, row.tenant_id.as_str(), NOTIFY_FEE, &subject, now)?;
    case.save(tx)
}

/// What was owed of each line of a claim when it ended.
fn left_of(tx: &mut impl Reads, claim: &InvoiceRow) -> Result<Vec<LineReduction>, Failure> {
    let off = reassessments::taken_off(tx, claim)?;
    let left = off.owed_lines(&claim.lines.0).map_err(|error| Failure::Internal(error.to_string()))?;
    let lines = (1_u32..).zip(left).map(|(line, owed)| LineReduction { line, amount: owed.amount });
    Ok(lines.filter(|one| one.amount > Yen::ZERO).collect())
}
