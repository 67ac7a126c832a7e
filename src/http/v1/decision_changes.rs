//! What is done about a decision later: its correction (更正), and orders about the permit that it gave (取消し・効力の停止).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::approval_bodies::{ProposalView, WeightWord};
use super::decisions::{DecisionWord, InstructionBody, ReasonBody, instruction, reasons};
use super::review::tenant;
use crate::domain::disposition::{Hearing, HearingForm, OrderKind, OrderProposal, Reason};
use crate::http::contract::{
    CasePath, ChangeProblems, IdempotencyKeyHeader, IfMatchHeader, ReadProblems, ResourcePath,
    VersionProblems,
};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Mutation, SignedIn, segment};
use crate::http::{locale, respond};
use crate::service::Effect;
use crate::service::approval::{self, NewCorrection, Standing};
use crate::service::decision_correction::{self, VersionText};
use crate::service::permit_order::{self, OrderText};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(propose_decision_correction)
        .service(list_decision_versions)
        .service(propose_permit_order)
        .service(list_permit_orders);
}

/// A correction of an issued decision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectDecision {
    /// What was wrong.
    #[schema(example = "理由に引用した条項の号の誤り")]
    error: String,
    /// The reasons as they are right.
    #[serde(default)]
    #[schema(required = false)]
    reasons: Vec<ReasonBody>,
    /// The conditions as they are right.
    #[serde(default)]
    #[schema(required = false)]
    conditions: Vec<String>,
    /// How much the matter weighs.
    #[serde(default)]
    #[schema(required = false)]
    weight: WeightWord,
}

/// What an order does to a permit.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderWord {
    /// 取消し・撤回.
    Revocation,
    /// 効力の停止.
    Suspension,
    /// 効力の停止の解除.
    Resumption,
}

impl From<OrderWord> for OrderKind {
    fn from(word: OrderWord) -> Self {
        match word {
            OrderWord::Revocation => Self::Revocation,
            OrderWord::Suspension => Self::Suspension,
            OrderWord::Resumption => Self::Resumption,
        }
    }
}

impl From<OrderKind> for OrderWord {
    fn from(kind: OrderKind) -> Self {
        match kind {
            OrderKind::Revocation => Self::Revocation,
            OrderKind::Suspension => Self::Suspension,
            OrderKind::Resumption => Self::Resumption,
        }
    }
}

/// In which form the holder had the word.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HearingFormWord {
    /// 聴聞.
    Hearing,
    /// 弁明の機会の付与.
    Explanation,
}

/// That the holder was heard before, or the clause by which that was not needed.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum HearingBody {
    /// The holder had the word.
    Held {
        /// In which form; a revocation needs a `hearing`.
        form: HearingFormWord,
        /// The day of its notice.
        #[schema(format = Date, value_type = String)]
        noticed_on: Date,
        /// The day it was held.
        #[schema(format = Date, value_type = String)]
        held_on: Date,
        /// What came of it.
        record: String,
    },
    /// The law asks for none.
    Exempt {
        /// The clause, with the facts that fit it.
        #[schema(example = "行政手続法第13条第2項第2号（資格を失ったことが登記により明らか）")]
        clause: String,
    },
}

impl From<HearingBody> for Hearing {
    fn from(body: HearingBody) -> Self {
        match body {
            HearingBody::Exempt { clause } => Self::Exempt { clause },
            HearingBody::Held { form, noticed_on, held_on, record } => {
                let form = match form {
                    HearingFormWord::Hearing => HearingForm::Hearing,
                    HearingFormWord::Explanation => HearingForm::Explanation,
                };
                Self::Held { form, noticed_on, held_on, record }
            }
        }
    }
}

impl From<Hearing> for HearingBody {
    fn from(hearing: Hearing) -> Self {
        match hearing {
            Hearing::Exempt { clause } => Self::Exempt { clause },
            Hearing::Held { form, noticed_on, held_on, record } => {
                let form = match form {
                    HearingForm::Hearing => HearingFormWord::Hearing,
                    HearingForm::Explanation => HearingFormWord::Explanation,
                };
                Self::Held { form, noticed_on, held_on, record }
            }
        }
    }
}

/// An order about a permit.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposePermitOrder {
    /// What it does.
    order: OrderWord,
    /// 根拠条項: the statute that allows it.
    #[schema(example = "電気工事業の業務の適正化に関する法律第28条第1項第2号")]
    ground: String,
    /// The first day it counts: today or later, or the permit's first day to undo it from the beginning. A resumption lifts what
    /// has begun by that day; on the first day of a suspension to come it lifts that one before it begins.
    #[schema(format = Date, value_type = String)]
    effective_on: Date,
    /// The last day of a suspension; left out, it lasts until it is lifted.
    #[serde(default)]
    #[schema(format = Date, value_type = Option<String>, required = false)]
    until: Option<Date>,
    /// How the holder was heard; whatever takes something away needs it.
    #[serde(default)]
    #[schema(required = false)]
    hearing: Option<HearingBody>,
    /// Facts, the clause applied, the standard of disposition.
    reasons: Vec<ReasonBody>,
    /// How much the matter weighs.
    #[serde(default)]
    #[schema(required = false)]
    weight: WeightWord,
}

/// What an order says, on its route and when it is issued.
#[derive(Serialize, ToSchema)]
pub struct OrderTextBody {
    /// The permit.
    permit: Uuid,
    /// What it does.
    order: OrderWord,
    /// 根拠条項.
    ground: String,
    /// The first day it counts.
    #[schema(format = Date, value_type = String)]
    effective_on: String,
    /// The last day of a suspension.
    #[schema(format = Date, value_type = Option<String>)]
    until: Option<String>,
    /// How the holder was heard.
    hearing: Option<HearingBody>,
    /// Why.
    reasons: Vec<ReasonBody>,
}

impl From<OrderProposal> for OrderTextBody {
    fn from(body: OrderProposal) -> Self {
        Self {
            permit: body.permit.0,
            order: body.order.into(),
            ground: body.ground,
            effective_on: body.effective_on.to_string(),
            until: body.until.map(|day| day.to_string()),
            hearing: body.hearing.map(HearingBody::from),
            reasons: reasons(body.reasons),
        }
    }
}

/// An order that was issued.
#[derive(Serialize, ToSchema)]
pub struct PermitOrderBody {
    /// The order.
    id: Uuid,
    /// 文書番号.
    #[schema(example = "青森県達（消保）第1号")]
    document_number: String,
    /// In whose name it is made.
    #[schema(example = "青森県知事")]
    authority: String,
    /// The title under which the last seal was set.
    sealed_as: String,
    /// The day it was issued.
    #[schema(format = Date, value_type = String)]
    issued_on: String,
    /// Where and until when to appeal; null where it is no disposition (要綱).
    instruction: Option<InstructionBody>,
    /// SHA-256 of the text as it lies sealed.
    body_sha256: String,
    /// What it says.
    text: OrderTextBody,
}

impl From<OrderText> for PermitOrderBody {
    fn from(order: OrderText) -> Self {
        let OrderText { row, body } = order;
        Self {
            id: row.id.0,
            document_number: row.document_number,
            authority: locale::current().locale.pick(row.authority, row.authority_en),
            sealed_as: row.sealer_title,
            issued_on: row.issued_on.0.to_string(),
            instruction: instruction(row.instruction.0),
            body_sha256: row.body_sha256,
            text: body.into(),
        }
    }
}

/// The orders about a permit.
#[derive(Serialize, ToSchema)]
pub struct PermitOrderList {
    /// In the order they were issued.
    items: Vec<PermitOrderBody>,
}

/// A version of a decision.
#[derive(Serialize, ToSchema)]
pub struct DecisionVersionBody {
    /// 1 is what was issued first.
    version: i64,
    /// What was wrong with the version before; null in the first one.
    error: Option<String>,
    /// What is decided; the same in every version.
    decision: DecisionWord,
    /// Why.
    reasons: Vec<ReasonBody>,
    /// Under which conditions.
    conditions: Vec<String>,
    /// When its last seal was set.
    #[schema(format = DateTime, value_type = String)]
    decided_at: String,
    /// SHA-256 of the text as it lies sealed.
    body_sha256: String,
}

impl From<VersionText> for DecisionVersionBody {
    fn from(version: VersionText) -> Self {
        Self {
            version: version.version,
            error: version.error,
            decision: version.text.decision.into(),
            reasons: reasons(version.text.reasons),
            conditions: version.text.conditions,
            decided_at: version.decided_at.to_string(),
            body_sha256: version.body_sha256,
        }
    }
}

/// The versions of a decision.
#[derive(Serialize, ToSchema)]
pub struct DecisionVersionList {
    /// The first one first; the last one holds.
    items: Vec<DecisionVersionBody>,
}

fn proposed(effect: Effect<Standing>) -> HttpResponse {
    let version = effect.value.case.version;
    respond::effect(StatusCode::CREATED, effect.origin, Some(version), &ProposalView::from(effect.value))
}

/// Propose to correct an issued decision
///
/// For an error in the words: what is decided stays, and so does its number. It goes the route of the decision, as subject
/// `correction`; what was issued before stays readable.
#[utoipa::path(
    operation_id = "propose_decision_correction", tag = "review",
    params(CasePath, IdempotencyKeyHeader, IfMatchHeader), request_body = CorrectDecision,
    responses((status = 201, description = "It is on its route", body = ProposalView), ChangeProblems, VersionProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/decision/corrections")]
pub async fn propose_decision_correction(
    mutation: Mutation<CorrectDecision>,
    version: IfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let CorrectDecision { error, reasons, conditions, weight } = mutation.body;
    let reasons = reasons.into_iter().map(Reason::from).collect();
    let new = NewCorrection { error, reasons, conditions, weight: weight.into() };
    let made = approval::propose_correction(mutation.ctx, mutation.idempotency, id, version.0, new).await?;
    Ok(proposed(made))
}

/// The versions of a decision
///
/// What was issued first, and every correction of it.
#[utoipa::path(
    operation_id = "list_decision_versions", tag = "applications", params(CasePath),
    responses((status = 200, description = "The versions", body = DecisionVersionList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/decision/versions")]
pub async fn list_decision_versions(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let found = decision_correction::list(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    let items = found.into_iter().map(DecisionVersionBody::from).collect();
    Ok(respond::plain(&DecisionVersionList { items }))
}

/// Propose an order about a permit
///
/// To revoke it, to suspend it, or to lift a suspension. Who holds it is heard before, or a clause says why not; it goes the
/// route of the decision, as subject `permit_order`, and `If-Match` names the version of its case.
#[utoipa::path(
    operation_id = "propose_permit_order", tag = "review",
    params(ResourcePath, IdempotencyKeyHeader, IfMatchHeader), request_body = ProposePermitOrder,
    responses((status = 201, description = "It is on its route", body = ProposalView), ChangeProblems, VersionProblems),
)]
#[post("/v1/tenants/{tenant}/permits/{id}/orders")]
pub async fn propose_permit_order(
    mutation: Mutation<ProposePermitOrder>,
    version: IfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let permit = segment(&request, "id")?;
    let ProposePermitOrder { order, ground, effective_on, until, hearing, reasons, weight } = mutation.body;
    let reasons = reasons.into_iter().map(Reason::from).collect();
    let hearing = hearing.map(Hearing::from);
    let order = OrderProposal { permit, order: order.into(), ground, effective_on, until, hearing, reasons };
    let weight = weight.into();
    let made = approval::propose_order(mutation.ctx, mutation.idempotency, version.0, order, weight).await?;
    Ok(proposed(made))
}

/// The orders about a permit
///
/// With number, ground, hearing, reasons and the instruction on appeals.
#[utoipa::path(
    operation_id = "list_permit_orders", tag = "applications", params(ResourcePath),
    responses((status = 200, description = "The orders", body = PermitOrderList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/permits/{id}/orders")]
pub async fn list_permit_orders(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let found = permit_order::list(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    let items = found.into_iter().map(PermitOrderBody::from).collect();
    Ok(respond::plain(&PermitOrderList { items }))
}
