//! `…/invoices/{id}/waivers` and `…/waivers`: asking for a waiver (減免), and drafting what is decided about it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::approval_bodies::WeightWord;
use super::decisions::{InstructionBody, instruction};
use super::waiver_revocations::{RevocationBody, propose_waiver_revocation};
use crate::domain::approval::DecisionKind;
use crate::domain::id::{AttachmentId, TenantCode};
use crate::domain::waiver::{WaiverEffect, WaiverGround};
use crate::http::contract::{
    ChangeProblems, IdempotencyKeyHeader, IfMatchHeader, ReadProblems, ResourcePath, VersionProblems,
};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Mutation, Nothing, SignedIn, segment};
use crate::http::{locale, respond};
use crate::service::Effect;
use crate::service::waiver::{self, OpenWaiver, RequestWaiver, WaiversOfInvoice};
use crate::service::waiver_decision::{self, DraftWaiver};

/// Adds the calls of this file, and the one by which a waiver is revoked.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_waivers)
        .service(create_waiver)
        .service(get_waiver)
        .service(propose_waiver)
        .service(propose_waiver_revocation)
        .service(withdraw_waiver);
}

/// What is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWaiver {
    /// The code of a ground of the list.
    ground: String,
    /// Why it holds.
    statement: String,
    /// Attachments of the case that prove it.
    #[serde(default)]
    #[schema(required = false)]
    attachments: Vec<Uuid>,
}

/// What is decided about a request; there is nothing between.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaiverWord {
    /// 承認.
    Grant,
    /// 不承認.
    Refuse,
}

impl From<WaiverWord> for DecisionKind {
    fn from(word: WaiverWord) -> Self {
        match word {
            WaiverWord::Grant => Self::Grant,
            WaiverWord::Refuse => Self::Refuse,
        }
    }
}

/// What an officer drafts about a request.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeWaiver {
    /// Grant or refuse; a refusal states its reasons.
    decision: WaiverWord,
    /// How much is lifted, in yen. Needed where the ground leaves it to the decision; where it does not, another amount than
    /// the ground's is refused.
    #[serde(default)]
    #[schema(required = false, minimum = 1)]
    amount: Option<i64>,
    /// Facts and evidence.
    reasons: Vec<String>,
    /// The last day on which the rest can be paid; what was lifted is owed again after it. As the ground says where it is
    /// left out.
    #[serde(default)]
    #[schema(required = false, format = Date, value_type = Option<String>)]
    valid_until: Option<Date>,
    /// How much the matter weighs.
    #[serde(default)]
    #[schema(required = false)]
    weight: WeightWord,
}

impl From<ProposeWaiver> for DraftWaiver {
    fn from(body: ProposeWaiver) -> Self {
        Self {
            outcome: body.decision.into(),
            amount: body.amount,
            reasons: body.reasons,
            valid_until: body.valid_until,
            weight: body.weight.into(),
        }
    }
}

/// A ground for a waiver.
#[derive(Serialize, ToSchema)]
pub struct WaiverGroundBody {
    /// Its code.
    code: String,
    /// What it is called.
    label: String,
    /// The clause of the ordinance, or the number of the notice.
    basis: String,
    /// `not_collected`, `remaining` (a part is left to pay), `amount` (a fixed sum is lifted) or `as_decided`.
    effect: &'static str,
    /// Where the ground was taken from.
    source: String,
    /// It has not been confirmed by the body.
    sample: bool,
}

impl WaiverGroundBody {
    fn of(ground: &WaiverGround) -> Self {
        let effect = match ground.effect {
            WaiverEffect::NotCollected => "not_collected",
            WaiverEffect::Remaining { .. } => "remaining",
            WaiverEffect::Amount { .. } => "amount",
            WaiverEffect::AsDecided => "as_decided",
        };
        Self {
            code: ground.code.clone(),
            label: locale::current().locale.pick(&ground.label.ja, &ground.label.en).clone(),
            basis: ground.basis.clone(),
            effect,
            source: ground.source.clone(),
            sample: ground.sample,
        }
    }
}

/// A request for a waiver.
#[derive(Serialize, ToSchema)]
pub struct WaiverBody {
    /// The request.
    id: Uuid,
    /// The case.
    application: Uuid,
    /// What it is asked for.
    invoice: Uuid,
    /// `requested`, `proposed`, `granted`, `refused`, `withdrawn`, `expired` or `revoked`.
    state: String,
    /// The ground, as it was when it was named.
    ground: WaiverGroundBody,
    /// Why it holds.
    statement: String,
    /// Attachments of the case that prove it.
    attachments: Vec<Uuid>,
    /// `party`, `officer` or `notice` (a notice after a disaster opened it).
    filed_by: String,
    /// The last draft about it.
    proposal: Option<Uuid>,
    /// How much was waived, in yen.
    amount: Option<i64>,
    /// Why it was granted or refused.
    reasons: Vec<String>,
    /// Where and until when to appeal against a refusal; null otherwise.
    instruction: Option<InstructionBody>,
    /// The last day on which the rest can be paid; what was waived is owed again after it.
    #[schema(format = Date)]
    valid_until: Option<String>,
    /// When it was asked for.
    #[schema(format = DateTime)]
    requested_at: String,
    /// When the last seal was set.
    #[schema(format = DateTime)]
    decided_at: Option<String>,
    /// That it was revoked, because it was got by a false statement; null otherwise.
    revocation: Option<RevocationBody>,
    /// Rises with every change.
    version: i64,
}

impl WaiverBody {
    /// The request in the words of the contract.
    pub(super) fn of(open: &OpenWaiver) -> Self {
        let row = &open.row;
        Self {
            id: row.id.0,
            application: row.application_id.0,
            invoice: row.invoice_id.0,
            state: row.state.clone(),
            ground: WaiverGroundBody::of(&row.ground.0),
            statement: open.statement.clone(),
            attachments: row.attachments.0.iter().map(|attachment| attachment.0).collect(),
            filed_by: row.filed_by.clone(),
            proposal: row.proposal_id.map(|proposal| proposal.0),
            amount: row.amount.map(crate::domain::money::Yen::amount),
            reasons: open.reasons.clone(),
            instruction: row.instruction.as_ref().and_then(|of| instruction(of.0.clone())),
            valid_until: row.valid_until.map(|day| day.0.to_string()),
            requested_at: row.created_at.0.to_string(),
            decided_at: row.decided_at.map(|at| at.0.to_string()),
            revocation: open.revocation.as_ref().map(RevocationBody::of),
            version: row.version,
        }
    }
}

/// The waivers of an invoice.
#[derive(Serialize, ToSchema)]
pub struct WaiverList {
    /// The grounds that can be named now.
    grounds: Vec<WaiverGroundBody>,
    /// Every request, oldest first.
    items: Vec<WaiverBody>,
}

impl WaiverList {
    fn of(found: &WaiversOfInvoice) -> Self {
        Self {
            grounds: found.grounds.iter().map(WaiverGroundBody::of).collect(),
            items: found.items.iter().map(WaiverBody::of).collect(),
        }
    }
}

/// List the waivers of an invoice
///
/// With the grounds that can be named: clauses of the body and of the procedure, and notices after disasters.
#[utoipa::path(
    operation_id = "list_waivers", tag = "payments", params(ResourcePath),
    responses((status = 200, description = "The waivers", body = WaiverList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/invoices/{id}/waivers")]
pub async fn list_waivers(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, _) = (segment(&request, "tenant")?, segment(&request, "id")?);
    Ok(respond::plain(&WaiverList::of(&waiver::of_invoice(ctx, tenant, id).await?)))
}

/// Ask for a waiver
///
/// For a party, before or after paying, or for staff on behalf of somebody who asked in another way. Nothing is lifted
/// before it is decided. One request at a time is open on an invoice (409 `waiver_in_progress`).
#[utoipa::path(
    operation_id = "create_waiver", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    request_body = CreateWaiver,
    responses((status = 201, description = "The request", body = WaiverBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/invoices/{id}/waivers")]
pub async fn create_waiver(
    mutation: Mutation<CreateWaiver>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let CreateWaiver { ground, statement, attachments } = mutation.body;
    let attachments = attachments.into_iter().map(AttachmentId).collect();
    let wanted = RequestWaiver { ground, statement, attachments };
    let invoice = segment(&request, "id")?;
    let made = waiver::request(mutation.ctx, mutation.idempotency, invoice, wanted).await?;
    Ok(present(StatusCode::CREATED, &made))
}

/// Look at a waiver
#[utoipa::path(
    operation_id = "get_waiver", tag = "payments", params(ResourcePath),
    responses((status = 200, description = "The waiver", body = WaiverBody), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/waivers/{id}")]
pub async fn get_waiver(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, _) = (segment(&request, "tenant")?, segment(&request, "id")?);
    let found = waiver::get(ctx, tenant, id).await?;
    Ok(respond::versioned(found.row.version, &WaiverBody::of(&found)))
}

/// Draft what is decided about a waiver
///
/// It goes on the body's route of waivers and is sealed at `…/applications/{id}/approval/approve` with the subject `waiver`,
/// never by the drafter. The last seal reassesses the invoice: attempts opened over another amount are closed, and what was
/// paid beyond the new amount is proposed to go back. `If-Match` names the version of the case.
#[utoipa::path(
    operation_id = "propose_waiver", tag = "review", params(ResourcePath, IdempotencyKeyHeader, IfMatchHeader),
    request_body = ProposeWaiver,
    responses((status = 201, description = "It is on its route", body = WaiverBody), ChangeProblems, VersionProblems),
)]
#[post("/v1/tenants/{tenant}/waivers/{id}/proposal")]
pub async fn propose_waiver(
    mutation: Mutation<ProposeWaiver>,
    version: IfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let draft = mutation.body.into();
    let made = waiver_decision::propose(mutation.ctx, mutation.idempotency, id, version.0, draft).await?;
    Ok(present(StatusCode::CREATED, &made))
}

/// Take a request for a waiver back
///
/// A party any of the case, staff only what staff or a notice opened; not while a draft about it is on its route.
#[utoipa::path(
    operation_id = "withdraw_waiver", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    responses((status = 200, description = "The waiver", body = WaiverBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/waivers/{id}/withdraw")]
pub async fn withdraw_waiver(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    Ok(present(StatusCode::OK, &waiver::withdraw(mutation.ctx, mutation.idempotency, id).await?))
}

/// The answer to what was done about a request.
pub(super) fn present(status: StatusCode, made: &Effect<OpenWaiver>) -> HttpResponse {
    respond::effect(status, made.origin, Some(made.value.row.version), &WaiverBody::of(&made.value))
}
