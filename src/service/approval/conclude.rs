//! What the last seal does, in its own transaction: one hook a subject.
//!
//! Each comes in two halves. [`judge`] refuses or computes and changes nothing; [`carry_out`] stores, after the seal is
//! stored.

use jiff::Timestamp;
use serde_json::json;

use super::route::body_of;
use super::{NOTIFY_DECISION, open_body};
use crate::domain::application::Command;
use crate::domain::approval::{
    DecisionKind, DecisionProposal, ProposalBody, WaiverProposal, WriteOffProposal,
};
use crate::domain::calendar::jst_day;
use crate::domain::fee::FeeAssessment;
use crate::domain::id::DecisionId;
use crate::domain::invoice::{self, PaymentGate};
use crate::domain::money::Yen;
use crate::domain::procedure::FeeDue;
use crate::seal::sha256_hex;
use crate::service::assessment::NOTIFY_FEE;
use crate::service::cases::OpenCase;
use crate::service::intake::pinned;
use crate::service::{Ctx, Failure, Refusal, billing, review};
use crate::store::decisions::{self, DecisionRow};
use crate::store::proposals::Routed;
use crate::store::sql::Micros;
use crate::store::{Tx, invoices, jobs};

/// What is to be done now that the last seal is set.
pub(super) enum Conclusion {
    /// The disposition, with the fee that is due at issue.
    Decision(Box<(DecisionRow, Option<FeeAssessment>)>),
    /// What is owed is lifted.
    Waiver(WaiverProposal),
    /// What is owed is given up.
    WriteOff(WriteOffProposal),
}

/// Judges what the last seal would do; changes nothing stored yet.
pub(super) fn judge(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    routed: &Routed,
    now: Timestamp,
) -> Result<Conclusion, Failure> {
    Ok(match open_body(case, &routed.row)? {
        ProposalBody::Decision(body) => {
            Conclusion::Decision(Box::new(decide(tx, ctx, case, routed, &body, now)?))
        }
        ProposalBody::Waiver(body) => Conclusion::Waiver(body),
        ProposalBody::WriteOff(body) => Conclusion::WriteOff(body),
    })
}

/// Does it; the case is stored by the caller.
pub(super) fn carry_out(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    routed: &Routed,
    conclusion: Conclusion,
    now: Timestamp,
) -> Result<(), Failure> {
    match conclusion {
        Conclusion::Decision(made) => issue(tx, ctx, case, *made, now),
        Conclusion::Waiver(body) => waive(tx, case, routed, &body),
        Conclusion::WriteOff(body) => write_off(tx, case, routed, &body),
    }
}

/// The disposition that the last seal makes, in the name of the authority. Under a standing decision that name stays;
/// only a delegation (委任, R-111) puts another one there, and that is what organisation and procedure say of the day.
fn decide(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    routed: &Routed,
    body: &DecisionProposal,
    now: Timestamp,
) -> Result<(DecisionRow, Option<FeeAssessment>), Failure> {
    let procedure = pinned(ctx, &case.row)?;
    let tenant = &case.row.tenant_id;
    let states = invoices::of_case(tx, tenant, case.row.id)?;
    let states = states.iter().map(invoices::InvoiceRow::invoice_state).collect::<Result<Vec<_>, _>>()?;
    let due = procedure.definition.fee_due;
    if invoice::payment_gate(due, &states) == PaymentGate::ClosedUnpaid {
        return Err(Refusal::FeeNotSettled.into());
    }
    let fee = match (due, body.decision) {
        (FeeDue::OnIssue, DecisionKind::Grant) => {
            let priced_by = billing::priced_by(ctx, case, &procedure, now);
            let fee = billing::assess_case(tx, case, (&procedure, &priced_by), None, now)?;
            Some(fee).filter(|fee| fee.total > Yen::ZERO)
        }
        _ => None,
    };
    let delegated = procedure.definition.legal_basis.disposing_authority.as_ref();
    let authority = body_of(ctx, case)?.definition.authority(delegated, &case.row.department, jst_day(now));
    let id = DecisionId(tx.new_id());
    let sealed_body = case.key.seal_json(&decisions::body_place(id), body, ctx.core.ids.as_ref());
    let row = DecisionRow {
        tenant_id: tenant.clone(),
        id,
        application_id: case.row.id,
        proposal_id: routed.row.id,
        decision: body.decision.as_str().to_owned(),
        authority: authority.ja.clone(),
        body_sha256: sha256_hex(&sealed_body),
        sealed_body,
        decided_by: review::officer(case)?.officer,
        decided_at: Micros(now),
    };
    case.step(Command::Decide)?;
    Ok((row, fee))
}

fn issue(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    (decision, fee): (DecisionRow, Option<FeeAssessment>),
    now: Timestamp,
) -> Result<(), Failure> {
    decisions::insert(tx, &decision)?;
    let invoice = fee.map(|fee| billing::issue_invoice(tx, ctx, case, fee, None, now)).transpose()?;
    let facts = json!({
        "decision_id": decision.id,
        "decision": decision.decision,
        "authority": decision.authority,
        "body_sha256": decision.body_sha256,
        "invoice": invoice.as_ref().map(|invoice| invoice.id.to_string()),
        "total": invoice.as_ref().map_or(0, |invoice| invoice.total.amount()),
    });
    case.record(tx, "decided", facts, None)?;
    if let Some(invoice) = invoice.filter(|invoice| invoice.total > Yen::ZERO) {
        let subject = format!("{}:{}", case.row.id, invoice.id);
        jobs::enqueue(tx, case.row.tenant_id.as_str(), NOTIFY_FEE, &subject, now)?;
    }
    jobs::enqueue(tx, case.row.tenant_id.as_str(), NOTIFY_DECISION, &case.row.id.to_string(), now)?;
    Ok(())
}

/// A waiver was approved (減免決定). The case stays where it is.
fn waive(
    tx: &mut Tx<'_>,
    case: &mut OpenCase,
    routed: &Routed,
    body: &WaiverProposal,
) -> Result<(), Failure> {
    let facts = json!({ "proposal": routed.row.id, "invoice": body.invoice, "amount": body.amount,
        "ground": body.ground });
    case.record(tx, "waiver_approved", facts, None)
}

/// A write-off was approved (不納欠損の決定). The case stays where it is.
fn write_off(
    tx: &mut Tx<'_>,
    case: &mut OpenCase,
    routed: &Routed,
    body: &WriteOffProposal,
) -> Result<(), Failure> {
    let facts = json!({ "proposal": routed.row.id, "invoice": body.invoice, "amount": body.amount,
        "ground": body.ground });
    case.record(tx, "write_off_approved", facts, None)
}
