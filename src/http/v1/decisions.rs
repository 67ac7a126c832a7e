//! The decision (処分): what it says, why, its number, and where to appeal.

use actix_web::{HttpRequest, HttpResponse, get};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::review::tenant;
use crate::domain::approval::DecisionKind;
use crate::domain::disposition::{FurtherReview, Instructed, Instruction, Reason, ReasonParts};
use crate::domain::procedure::Bilingual;
use crate::http::contract::{CasePath, ReadProblems};
use crate::http::error::ApiError;
use crate::http::extract::{SignedIn, segment};
use crate::http::{locale, respond};
use crate::service::decision::{self, DecisionText};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_decision);
}

/// What a decision says.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionWord {
    /// 許可・承認・登録.
    Grant,
    /// 条件付きの許可.
    ConditionalGrant,
    /// 一部拒否.
    PartialRefusal,
    /// 拒否処分.
    Refuse,
}

impl From<DecisionWord> for DecisionKind {
    fn from(word: DecisionWord) -> Self {
        match word {
            DecisionWord::Grant => Self::Grant,
            DecisionWord::ConditionalGrant => Self::ConditionalGrant,
            DecisionWord::PartialRefusal => Self::PartialRefusal,
            DecisionWord::Refuse => Self::Refuse,
        }
    }
}

impl From<DecisionKind> for DecisionWord {
    fn from(kind: DecisionKind) -> Self {
        match kind {
            DecisionKind::Grant => Self::Grant,
            DecisionKind::ConditionalGrant => Self::ConditionalGrant,
            DecisionKind::PartialRefusal => Self::PartialRefusal,
            DecisionKind::Refuse => Self::Refuse,
        }
    }
}

/// A reason in its three parts; a plain sentence may stand beside a grant, and in texts of the past.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ReasonBody {
    /// A plain sentence.
    Text(String),
    /// Facts, clause and standard of review.
    Parts(ReasonPartsBody),
}

/// Facts, clause and standard of review.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonPartsBody {
    /// 処分の原因となる事実.
    fact: String,
    /// 適用した条項.
    clause: String,
    /// 審査基準.
    criterion: String,
}

impl From<ReasonBody> for Reason {
    fn from(body: ReasonBody) -> Self {
        match body {
            ReasonBody::Text(text) => Self::Text(text),
            ReasonBody::Parts(ReasonPartsBody { fact, clause, criterion }) => {
                Self::Parts(ReasonParts { fact, clause, criterion })
            }
        }
    }
}

impl From<Reason> for ReasonBody {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Text(text) => Self::Text(text),
            Reason::Parts(ReasonParts { fact, clause, criterion }) => {
                Self::Parts(ReasonPartsBody { fact, clause, criterion })
            }
        }
    }
}

/// Reasons as the contract shows them.
pub fn reasons(of: Vec<Reason>) -> Vec<ReasonBody> {
    of.into_iter().map(ReasonBody::from).collect()
}

/// Where and until when to appeal (教示), as it was fixed with the decision.
#[derive(Serialize, ToSchema)]
pub struct InstructionBody {
    /// 審査庁: who reviews.
    #[schema(example = "青森県知事")]
    review_authority: String,
    /// Months from the day after knowing of the decision, to ask for a review.
    review_months: u8,
    /// Who reviews once more; null where nobody does.
    further_review_authority: Option<String>,
    /// 被告: who is sued.
    #[schema(example = "青森県")]
    defendant: String,
    /// Who represents the defendant in court.
    #[schema(example = "青森県知事")]
    representative: String,
    /// Months from the day after knowing of the decision (where the review comes first: of its ruling), to sue.
    suit_months: u8,
    /// Years from the day after the decision, after which neither is possible.
    absolute_years: u8,
    /// Whether a suit is possible only after the review.
    review_comes_first: bool,
    /// The text; the Japanese one has legal force.
    text: String,
}

impl From<Instructed> for InstructionBody {
    fn from(given: Instructed) -> Self {
        let pick = |name: Bilingual| locale::current().locale.pick(name.ja, name.en);
        Self {
            review_authority: pick(given.review_authority),
            review_months: given.review_months,
            further_review_authority: match given.further_review {
                FurtherReview::None => None,
                FurtherReview::To(next) => Some(pick(next)),
            },
            defendant: pick(given.defendant),
            representative: pick(given.representative),
            suit_months: given.suit_months,
            absolute_years: given.absolute_years,
            review_comes_first: given.review_comes_first,
            text: pick(given.text),
        }
    }
}

/// The instruction of a disposition, where it is one.
pub fn instruction(of: Instruction) -> Option<InstructionBody> {
    match of {
        Instruction::NotADisposition => None,
        Instruction::Given(given) => Some(InstructionBody::from(*given)),
    }
}

/// A decision.
#[derive(Serialize, ToSchema)]
pub struct DecisionBody {
    /// The decision.
    id: Uuid,
    /// The case.
    application: Uuid,
    /// What is decided.
    decision: DecisionWord,
    /// 文書番号; null for a decision made before there were numbers.
    #[schema(example = "青森県指令（消保）第12号")]
    document_number: Option<String>,
    /// In whose name it is made.
    #[schema(example = "青森県知事")]
    authority: String,
    /// The title under which the last seal was set.
    sealed_as: Option<String>,
    /// Where and until when to appeal; null where it is no disposition (要綱).
    instruction: Option<InstructionBody>,
    /// 1 as it was issued, more after corrections; `…/decision/versions` lists them.
    version: i64,
    /// Why.
    reasons: Vec<ReasonBody>,
    /// Under which conditions.
    conditions: Vec<String>,
    /// SHA-256 of the decided text as it lies sealed; the chain of the case holds it.
    body_sha256: String,
    /// When the last seal was set.
    #[schema(format = DateTime, value_type = String)]
    decided_at: String,
    /// The first day what it grants is valid; null where no term is stated, and for a refusal.
    #[schema(format = Date, value_type = Option<String>)]
    valid_from: Option<String>,
    /// The last day.
    #[schema(format = Date, value_type = Option<String>)]
    valid_to: Option<String>,
    /// `payment_awaited`: what was granted is handed over once the fee is paid or entrusted; `covered` or `nothing_owed`
    /// otherwise.
    #[schema(example = "covered")]
    fee: String,
    /// The invoice of its fee; null where there never was one, and for staff until the electronic notice of a grant is retrieved: a fee
    /// that is due at issue is claimed with that. What was divided off it since is not named.
    invoice: Option<Uuid>,
}

impl From<DecisionText> for DecisionBody {
    fn from(decision: DecisionText) -> Self {
        let (document_number, sealed_as, instruction_of) = match decision.disposition {
            None => (None, None, None),
            Some(issued) => {
                (Some(issued.document_number), Some(issued.sealer_title), Some(issued.instruction.0))
            }
        };
        let instruction = instruction_of.and_then(instruction);
        Self {
            id: decision.row.id.0,
            application: decision.row.application_id.0,
            decision: decision.body.decision.into(),
            document_number,
            authority: decision.row.authority,
            sealed_as,
            instruction,
            version: decision.version,
            reasons: reasons(decision.body.reasons),
            conditions: decision.body.conditions,
            body_sha256: decision.body_sha256,
            decided_at: decision.row.decided_at.0.to_string(),
            valid_from: decision.term.map(|term| term.from.to_string()),
            valid_to: decision.term.map(|term| term.to.to_string()),
            fee: decision.fee.as_str().to_owned(),
            invoice: decision.invoice.map(|invoice| invoice.0),
        }
    }
}

/// The decision
///
/// For the applicant and for staff of the department, once there is one.
#[utoipa::path(
    operation_id = "get_decision", tag = "applications", params(CasePath),
    responses((status = 200, description = "The decision", body = DecisionBody), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/decision")]
pub async fn get_decision(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let found = decision::find(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    Ok(respond::plain(&DecisionBody::from(found)))
}
