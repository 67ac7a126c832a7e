//! `…/waivers/{id}/revocation`: drafting that a waiver is revoked because it was got by a false statement.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::approval_bodies::WeightWord;
use super::decisions::{InstructionBody, instruction};
use super::waivers::{self, WaiverBody};
use crate::domain::id::AttachmentId;
use crate::http::contract::{
    ChangeProblems, IdempotencyKeyHeader, IfMatchHeader, ResourcePath, VersionProblems,
};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Mutation, segment};
use crate::service::waiver_revocation::{self, DraftRevocation, OpenRevocation};

/// What an officer drafts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeWaiverRevocation {
    /// Facts; at least one.
    #[schema(example = json!(["罹災証明書は別の世帯のものだった"]))]
    reasons: Vec<String>,
    /// Attachments of the case that prove them. What was recorded about the false statement counts by itself; where nothing was, at
    /// least one is needed.
    #[serde(default)]
    #[schema(required = false)]
    attachments: Vec<Uuid>,
    /// How much the matter weighs.
    #[serde(default)]
    #[schema(required = false)]
    weight: WeightWord,
}

/// That a waiver was revoked.
#[derive(Serialize, ToSchema)]
pub struct RevocationBody {
    /// The claim that was assessed anew: an invoice of its own, with its notice. The one that stands, where a refund had ended it and
    /// came to nothing.
    invoice: Uuid,
    /// How much was assessed anew, in yen.
    amount: i64,
    /// Why it could be revoked: `false_statement`.
    ground: String,
    /// The facts.
    reasons: Vec<String>,
    /// Where and until when to appeal.
    instruction: Option<InstructionBody>,
    /// When the last seal was set.
    #[schema(format = DateTime)]
    revoked_at: String,
}

impl RevocationBody {
    /// The revocation in the words of the contract.
    pub(super) fn of(open: &OpenRevocation) -> Self {
        let row = &open.row;
        Self {
            invoice: open.claim.0,
            amount: row.amount.amount(),
            ground: row.ground.clone(),
            reasons: open.reasons.clone(),
            instruction: instruction(row.instruction.0.clone()),
            revoked_at: row.revoked_at.0.to_string(),
        }
    }
}

/// Draft that a waiver is revoked
///
/// Because it was got by a false statement. It goes on the body's route of waivers and is sealed at
/// `…/applications/{id}/approval/approve` with the subject `waiver`, never by the drafter, also after the end of the case. The last
/// seal leaves the invoice as it is and assesses what is missing because of the waiver as a new one, once; the applicant is told,
/// with where to appeal. Refused once the claim is extinct by limitation (409 `claim_extinct`). `If-Match` names the version of the
/// case.
#[utoipa::path(
    operation_id = "propose_waiver_revocation", tag = "review",
    params(ResourcePath, IdempotencyKeyHeader, IfMatchHeader), request_body = ProposeWaiverRevocation,
    responses((status = 201, description = "It is on its route", body = WaiverBody), ChangeProblems, VersionProblems),
)]
#[post("/v1/tenants/{tenant}/waivers/{id}/revocation")]
pub async fn propose_waiver_revocation(
    mutation: Mutation<ProposeWaiverRevocation>,
    version: IfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let ProposeWaiverRevocation { reasons, attachments, weight } = mutation.body;
    let attachments = attachments.into_iter().map(AttachmentId).collect();
    let draft = DraftRevocation { reasons, attachments, weight: weight.into() };
    let id = segment(&request, "id")?;
    let made = waiver_revocation::propose(mutation.ctx, mutation.idempotency, id, version.0, draft).await?;
    Ok(waivers::present(StatusCode::CREATED, &made))
}
