//! Recording that a waiver was got by a false statement: the evidence is kept, and the ceiling of the civil fine is said.
//!
//! Nothing is claimed by it and the invoice does not change: a fine is a disposition of its own.

use jiff::Timestamp;
use serde_json::json;

use super::cases::{self, OpenCase};
use super::catalogue::faults_below;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::waiver::{root_of, statement_fault};
use super::waiver_refusal::WaiverRefusal;
use super::{Ctx, Effect, Failure, Refusal, access};
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{AttachmentId, FalseClaimId, TenantCode, WaiverId};
use crate::domain::policy::Action;
use crate::domain::waiver::{FalseClaimTerms, PinnedFile, WaiverState};
use crate::store::false_claims::{self, FalseClaimRow};
use crate::store::sql::{Json, Micros};
use crate::store::waivers::{self, WaiverRow};
use crate::store::{Reads, StoreError, Tx};

/// What an officer found.
#[derive(Clone, Debug)]
pub struct RecordFalseClaim {
    /// What was false, and how it came out.
    pub statement: String,
    /// Attachments of the case that prove it, beside those that were handed in with the request.
    pub attachments: Vec<AttachmentId>,
}

/// A fact in clear.
#[derive(Clone, Debug)]
pub struct OpenFalseClaim {
    /// The fact.
    pub row: FalseClaimRow,
    /// What was found.
    pub statement: String,
}

/// Records that a granted waiver was got by a false statement, once.
pub async fn record(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: WaiverId,
    wanted: RecordFalseClaim,
) -> Result<Effect<OpenFalseClaim>, Failure> {
    let root = root_of(&ctx, &request.tenant, id).await?;
    let db = ctx.core.db.clone();
    db.write(root, move |tx| {
        let keep = |tx: &mut Tx<'_>, now| keep(tx, &ctx, &request.tenant, id, &wanted, now);
        once(tx, &request, "false_claim", keep, |tx, _| {
            let (_, case) = waiver(tx, &ctx, &request.tenant, id)?;
            let row = false_claims::of_waiver(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
            open(&case, row)
        })
    })
    .await
}

/// The waiver with its case, for the department.
fn waiver(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: WaiverId,
) -> Result<(WaiverRow, OpenCase), Failure> {
    let row = waivers::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let case = cases::open(tx, ctx, tenant, row.application_id, Action::Propose)?;
    Ok((row, case))
}

fn open(case: &OpenCase, row: FalseClaimRow) -> Result<OpenFalseClaim, Failure> {
    let statement = case.key.open(&false_claims::statement_place(row.id), &row.sealed_statement)?;
    Ok(OpenFalseClaim { statement: String::from_utf8_lossy(&statement).into_owned(), row })
}

fn keep(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: WaiverId,
    wanted: &RecordFalseClaim,
    now: Timestamp,
) -> Result<Made<OpenFalseClaim>, Failure> {
    let (granted, mut case) = waiver(tx, ctx, tenant, id)?;
    let state = granted.waiver_state()?;
    let (WaiverState::Granted | WaiverState::Expired, Some(evaded)) = (state, granted.amount) else {
        return Err(WaiverRefusal::WrongState { state: state.as_str() }.into());
    };
    if false_claims::of_waiver(tx, tenant, id)?.is_some() {
        return Err(WaiverRefusal::FalseClaimRecorded.into());
    }
    let granted_on = jst_day(granted.decided_at.map_or(now, |at| at.0));
    let body = ctx.catalogue.tenant(tenant).ok_or(Refusal::NotFound)?;
    let terms = FalseClaimTerms::on(&body.definition.false_claims, granted_on);
    let terms = terms.ok_or(WaiverRefusal::NoFalseClaimTerms)?.clone();
    let faults = statement_fault(&wanted.statement).into_iter().collect();
    let evidence = pinned(tx, &granted, &wanted.attachments, faults)?;
    let officer = access::reader(&case.actor).ok_or(Refusal::Forbidden)?;
    let ceiling = terms.ceiling(evaded).map_err(|error| Failure::Internal(error.to_string()))?;

    // From here on everything changes rows; every refusal stands above.
    let claim = FalseClaimId(tx.new_id());
    let place = false_claims::statement_place(claim);
    let row = FalseClaimRow {
        tenant_id: tenant.clone(),
        id: claim,
        application_id: granted.application_id,
        waiver_id: id,
        invoice_id: granted.invoice_id,
        evaded,
        ceiling,
        sealed_statement: case.key.seal(&place, wanted.statement.as_bytes(), ctx.core.ids.as_ref()),
        evidence: Json(evidence),
        recorded_by: officer,
        recorded_at: Micros(now),
        terms: Json(terms),
    };
    false_claims::insert(tx, &row)?;
    let facts = json!({ "waiver": id.to_string(), "invoice": row.invoice_id.to_string(),
        "evaded": evaded.amount(), "ceiling": ceiling.amount(), "basis": row.terms.0.basis,
        "evidence": row.evidence.0 });
    case.record(tx, "false_claim_recorded", facts, None)?;
    case.save(tx)?;
    let value = OpenFalseClaim { statement: wanted.statement.clone(), row };
    Ok(Made { resource_id: claim.to_string(), value })
}

/// The files of the request and those that prove what was found, each once, with the digest that they have now; or what is
/// wrong with them beside the `faults` found before.
pub(super) fn pinned(
    tx: &mut impl Reads,
    granted: &WaiverRow,
    attachments: &[AttachmentId],
    mut faults: Vec<Fault>,
) -> Result<Vec<PinnedFile>, Failure> {
    let known = crate::store::attachments::ever_of_case(tx, &granted.tenant_id, granted.application_id)?;
    let find = |id: AttachmentId| known.iter().find(|row| row.id == id);
    let mut files: Vec<PinnedFile> = Vec::new();
    let mut pin = |id: AttachmentId, sealed_sha256: &str| {
        if files.iter().all(|file| file.attachment != id) {
            files.push(PinnedFile { attachment: id, sealed_sha256: sealed_sha256.to_owned() });
        }
    };
    for id in &granted.attachments.0 {
        let row =
            find(*id).ok_or_else(|| StoreError::Inconsistent(format!("attachment {id} of a waiver")))?;
        pin(*id, &row.sealed_sha256);
    }
    for (index, id) in attachments.iter().enumerate() {
        if let Some(row) = find(*id) {
            pin(*id, &row.sealed_sha256);
        } else {
            let (ja, en) = ("この申請の添付書類ではありません。", "This is no attachment of the case.");
            let unknown = Fault::new(format!("/{index}"), "unknown_value", ja, en);
            faults.extend(faults_below("/attachments", vec![unknown]));
        }
    }
    if faults.is_empty() { Ok(files) } else { Err(Refusal::Invalid(faults).into()) }
}

/// What was recorded about a waiver, for the department.
pub async fn of_waiver(
    ctx: Ctx,
    tenant: TenantCode,
    id: WaiverId,
) -> Result<Option<OpenFalseClaim>, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let (reader, application, found) = ctx
        .core
        .db
        .read(move |tx| {
            let (row, case) = waiver(tx, &inner, &body, id)?;
            let found = false_claims::of_waiver(tx, &body, id)?.map(|fact| open(&case, fact)).transpose()?;
            Ok::<_, Failure>((access::reader(&case.actor), row.application_id, found))
        })
        .await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "false_claims", &[application]).await?;
    }
    Ok(found)
}
