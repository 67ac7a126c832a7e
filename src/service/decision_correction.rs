//! The correction of an issued decision (更正): a version behind the one before. What was issued stays as it was, and the
//! matter keeps its document number.

use jiff::Timestamp;
use serde_json::json;

use super::approval::NOTIFY_DECISION;
use super::cases::OpenCase;
use super::document::signature;
use super::notice::{self, Given, Issued};
use super::{Ctx, Failure, Refusal, access, cases, review};
use crate::domain::approval::{DecisionKind, DecisionProposal};
use crate::domain::disposition::CorrectionProposal;
use crate::domain::id::{ApplicationId, ProposalId, TenantCode};
use crate::domain::merge_patch::merge_patch;
use crate::domain::policy::Action;
use crate::seal::{DataKey, sha256_hex};
use crate::store::decision_versions::{self, DecisionVersionRow};
use crate::store::decisions::{self, DecisionRow};
use crate::store::sql::Micros;
use crate::store::{Reads, Tx, jobs};

/// What a decision says, in one of its versions.
#[derive(Clone, Debug)]
pub struct VersionText {
    /// 1 is what was issued first.
    pub version: i64,
    /// The text.
    pub text: DecisionProposal,
    /// What was wrong with the version before.
    pub error: Option<String>,
    /// When its last seal was set.
    pub decided_at: Timestamp,
    /// SHA-256 of the sealed text as it is stored.
    pub body_sha256: String,
}

/// Every version of a decision, the first one first.
pub fn versions(tx: &mut impl Reads, key: &DataKey, row: &DecisionRow) -> Result<Vec<VersionText>, Failure> {
    let mut found = vec![VersionText {
        version: 1,
        text: key.open_json(&decisions::body_place(row.id), &row.sealed_body)?,
        error: None,
        decided_at: row.decided_at.0,
        body_sha256: row.body_sha256.clone(),
    }];
    for later in decision_versions::of_decision(tx, &row.tenant_id, row.id)? {
        let place = decision_versions::body_place(row.id, later.version);
        let body: CorrectionProposal = key.open_json(&place, &later.sealed_body)?;
        let CorrectionProposal { error, decision, reasons, conditions } = body;
        found.push(VersionText {
            version: later.version,
            text: DecisionProposal { decision, reasons, conditions, without_opinion: None },
            error: Some(error),
            decided_at: later.decided_at.0,
            body_sha256: later.body_sha256,
        });
    }
    Ok(found)
}

/// What a decision says today.
pub fn current(tx: &mut impl Reads, key: &DataKey, row: &DecisionRow) -> Result<VersionText, Failure> {
    let last = versions(tx, key, row)?.pop();
    last.ok_or_else(|| Failure::Internal(format!("decision {} says nothing", row.id)))
}

/// A correction whose last seal is being set.
pub struct Corrected {
    row: DecisionVersionRow,
    kind: DecisionKind,
}

/// Makes the correction ready; changes nothing.
pub fn judge(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    proposal: ProposalId,
    body: &CorrectionProposal,
    (sealer_title, now): (Option<&str>, Timestamp),
) -> Result<Corrected, Failure> {
    let issued = decisions::of_case(tx, &case.row.tenant_id, case.row.id)?;
    let issued = issued.ok_or(Refusal::WrongState { state: case.state.name() })?;
    let version = current(tx, &case.key, &issued)?.version + 1;
    let place = decision_versions::body_place(issued.id, version);
    let sealed_body = case.key.seal_json(&place, body, ctx.core.ids.as_ref());
    let row = DecisionVersionRow {
        tenant_id: issued.tenant_id,
        decision_id: issued.id,
        version,
        application_id: case.row.id,
        proposal_id: proposal,
        sealer_title: sealer_title.unwrap_or_default().to_owned(),
        body_sha256: sha256_hex(&sealed_body),
        sealed_body,
        decided_by: review::officer(case)?.officer,
        decided_at: Micros(now),
    };
    Ok(Corrected { row, kind: body.decision })
}

/// Issues the correction, with its notice.
pub fn issue(tx: &mut Tx<'_>, ctx: &Ctx, case: &mut OpenCase, corrected: Corrected) -> Result<(), Failure> {
    let Corrected { row, kind } = corrected;
    decision_versions::insert(tx, &row)?;
    notice::make(tx, ctx, case, Issued::Correction(&row, kind), row.decided_at.0)?;
    let subject = format!("{}:{}", case.row.id, row.version);
    jobs::enqueue(tx, row.tenant_id.as_str(), NOTIFY_DECISION, &subject, row.decided_at.0)?;
    let facts = json!({ "decision_id": row.decision_id, "version": row.version, "proposal": row.proposal_id,
        "body_sha256": row.body_sha256 });
    let signed = signature::sign_decision(tx, ctx, case, (row.decision_id, row.version), row.decided_at.0)?;
    case.record(tx, "decision_corrected", merge_patch(facts, &signed), None)
}

/// Every version of the decision of a case, for its parties and the department; for a party it is a retrieval.
pub async fn list(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<Vec<VersionText>, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let case = cases::open(tx, &inner, &body, id, Action::ReadCase)?;
        let waiting = notice::waiting(tx, &body, id, Given::Decision)?;
        let row = decisions::of_case(tx, &body, id)?.ok_or(Refusal::NotFound)?;
        Ok::<_, Failure>((access::reader(&case.actor), waiting, versions(tx, &case.key, &row)?))
    });
    let (reader, waiting, found) = read.await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "decision", &[id]).await?;
    }
    notice::retrieved(&ctx, &tenant, id, reader, waiting).await?;
    Ok(found)
}
