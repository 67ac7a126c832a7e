//! What the last seal does, in its own transaction: one hook a subject.
//!
//! Each comes in two halves. [`judge`] refuses or computes and changes nothing; [`carry_out`] stores, after the seal is
//! stored.

use jiff::Timestamp;
use serde_json::json;

use super::{NOTIFY_DECISION, open_body, readiness};
use crate::domain::application::Command;
use crate::domain::approval::{DecisionProposal, ProposalBody};
use crate::domain::fee::FeeAssessment;
use crate::domain::id::DecisionId;
use crate::domain::merge_patch::merge_patch;
use crate::domain::money::Yen;
use crate::domain::notice::Way;
use crate::domain::procedure::FeeDue;
use crate::domain::public_inspection::Moment;
use crate::seal::sha256_hex;
use crate::service::cases::OpenCase;
use crate::service::decision_correction::{self, Corrected};
use crate::service::disposition::{self, Prepared};
use crate::service::document::signature;
use crate::service::intake::pinned;
use crate::service::notice::{self, Issued};
use crate::service::permit_order::{self, Ordered};
use crate::service::waiver_decision::{self, WaiverConclusion};
use crate::service::waiver_revocation::{self, RevocationConclusion};
use crate::service::write_off::{self, WriteOffConclusion};
use crate::service::{Ctx, Failure, billing, contract, fee_at_issue, public_inspection, review};
use crate::store::decisions::{self, DecisionRow};
use crate::store::proposals::{Routed, StepRow};
use crate::store::sql::Micros;
use crate::store::{Tx, jobs};

/// What is to be done now that the last seal is set.
pub(super) enum Conclusion {
    /// The disposition.
    Decision(Box<Disposition>),
    /// What is owed is lifted, or is not.
    Waiver(Box<WaiverConclusion>),
    /// A waiver is revoked, and what it took off is claimed.
    WaiverRevocation(Box<RevocationConclusion>),
    /// What is owed is given up.
    WriteOff(Box<WriteOffConclusion>),
    /// An issued decision is corrected.
    Correction(Corrected),
    /// A permit is revoked, suspended, or given back its force.
    PermitOrder(Box<Ordered>),
}

/// A disposition before it is stored.
pub(super) struct Disposition {
    row: DecisionRow,
    /// The fee that is due at issue.
    fee: Option<FeeAssessment>,
    prepared: Prepared,
    grants: bool,
}

/// Judges what the last seal would do; changes nothing stored yet.
pub(super) fn judge(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    routed: &Routed,
    now: Timestamp,
) -> Result<Conclusion, Failure> {
    let (proposal, sealed) = (routed.row.id, (sealer_title(routed, now), now));
    Ok(match open_body(case, &routed.row)? {
        ProposalBody::Decision(body) => {
            Conclusion::Decision(Box::new(decide(tx, ctx, case, routed, &body, now)?))
        }
        ProposalBody::Waiver(body) => {
            Conclusion::Waiver(Box::new(waiver_decision::judge(tx, ctx, case, (routed, body), now)?))
        }
        ProposalBody::WaiverRevocation(body) => {
            let revoked = waiver_revocation::judge(tx, ctx, case, body, now)?;
            Conclusion::WaiverRevocation(Box::new(revoked))
        }
        ProposalBody::WriteOff(body) => {
            Conclusion::WriteOff(Box::new(write_off::judge(tx, ctx, case, body, now)?))
        }
        ProposalBody::Correction(body) => {
            let corrected = decision_correction::judge(tx, ctx, case, proposal, &body, sealed)?;
            Conclusion::Correction(corrected)
        }
        ProposalBody::PermitOrder(body) => {
            let ordered = permit_order::judge(tx, ctx, case, proposal, &body, sealed)?;
            Conclusion::PermitOrder(Box::new(ordered))
        }
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
        Conclusion::Waiver(made) => waiver_decision::conclude(tx, &ctx.core, case, routed, *made, now),
        Conclusion::WaiverRevocation(made) => waiver_revocation::conclude(tx, ctx, case, routed, *made, now),
        Conclusion::WriteOff(made) => write_off::conclude(tx, ctx, case, routed, *made, now),
        Conclusion::Correction(corrected) => decision_correction::issue(tx, ctx, case, corrected),
        Conclusion::PermitOrder(ordered) => permit_order::issue(tx, ctx, case, *ordered),
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
) -> Result<Disposition, Failure> {
    let procedure = pinned(ctx, &case.row)?;
    let tenant = &case.row.tenant_id;
    readiness::refuse_missing(tx, ctx, case, body.decision, now)?;
    let fee = match (procedure.definition.fee_due, body.decision.grants()) {
        (FeeDue::OnIssue, true) => {
            let priced_by = billing::priced_by(ctx, case, &procedure, now);
            let fee = billing::assess_case(tx, case, (&procedure, &priced_by), None, now)?;
            Some(fee).filter(|fee| fee.total > Yen::ZERO)
        }
        _ => None,
    };
    let prepared = disposition::prepare(tx, ctx, case, body, sealer_title(routed, now), now)?;
    let id = DecisionId(tx.new_id());
    let sealed_body = case.key.seal_json(&decisions::body_place(id), &body.issued(), ctx.core.ids.as_ref());
    let row = DecisionRow {
        tenant_id: tenant.clone(),
        id,
        application_id: case.row.id,
        proposal_id: routed.row.id,
        decision: body.decision.row_word().to_owned(),
        authority: prepared.authority().ja.clone(),
        body_sha256: sha256_hex(&sealed_body),
        sealed_body,
        decided_by: review::officer(case)?.officer,
        decided_at: Micros(now),
    };
    case.step(Command::Decide)?;
    Ok(Disposition { row, fee, prepared, grants: body.decision.grants() })
}

/// The title under which the last seal was set, a moment ago.
fn sealer_title(routed: &Routed, now: Timestamp) -> Option<&str> {
    let sealed = |step: &&StepRow| step.acted_at == Some(Micros(now)) && step.officer_id.is_some();
    routed.steps.iter().rfind(sealed).and_then(|step| step.officer_title.as_deref())
}

fn issue(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    made: Disposition,
    now: Timestamp,
) -> Result<(), Failure> {
    let Disposition { row: decision, fee, prepared, grants } = made;
    decisions::insert(tx, &decision)?;
    if !grants {
        billing::cancel_unpaid_of_refusal(tx, case, now)?;
    }
    let procedure = pinned(ctx, &case.row)?;
    // A contract is offered, not concluded: what is to be paid for it is claimed with its conclusion.
    let offers = grants && contract::terms_of(case, &procedure.definition).is_some();
    let (offered, fee) = if offers { (fee, None) } else { (None, fee) };
    let total = fee.as_ref().map_or(0, |fee| fee.total.amount());
    let invoice = match notice::make(tx, ctx, case, Issued::Decision(&decision), now)? {
        Way::Paper => fee.map(|fee| fee_at_issue::claim(tx, ctx, case, fee, now)).transpose()?,
        // Before its notice is retrieved nothing tells the grant: the fee is claimed with the arrival.
        Way::Electronic => None,
    };
    let facts = json!({
        "decision_id": decision.id,
        "decision": decision.decision,
        "authority": decision.authority,
        "body_sha256": decision.body_sha256,
        "invoice": invoice.as_ref().map(|invoice| invoice.id.to_string()),
        "total": total,
    });
    jobs::enqueue(tx, case.row.tenant_id.as_str(), NOTIFY_DECISION, &case.row.id.to_string(), now)?;
    let issued = disposition::issue(tx, case, &decision, prepared)?;
    public_inspection::open(tx, case, &procedure, Moment::Decision { grants }, now)?;
    let signed = signature::sign_decision(tx, ctx, case, (decision.id, 1), now)?;
    case.record(tx, "decided", merge_patch(merge_patch(facts, &issued), &signed), None)?;
    if offers { contract::offer(tx, ctx, case, &decision, offered.as_ref(), now) } else { Ok(()) }
}
