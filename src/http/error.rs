//! The one mapping from a [`Failure`] to an RFC 9457 `application/problem+json` answer.
//!
//! What is secret is 404, what is unexpected is 500 and says nothing of the inside; the log has the rest under the
//! same `request_id`.

use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::locale::{self, Locale};
use crate::domain::fault::Fault;
use crate::service::approval::ApprovalRefusal;
use crate::service::contract::ContractRefusal;
use crate::service::intake_refusal::IntakeRefusal;
use crate::service::payment_refusal::PaymentRefusal;
use crate::service::refund_refusal::RefundRefusal;
use crate::service::settlement_refusal::SettlementRefusal;
use crate::service::waiver_refusal::WaiverRefusal;
use crate::service::{Failure, Refusal};
use crate::store::StoreError;

/// A problem as RFC 9457 has it, with our code and all faults at once.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened, in the language of `Accept-Language` (Japanese or English).
    pub detail: String,
    /// A stable code for programs.
    pub code: String,
    /// The id of this request in the log.
    pub request_id: Uuid,
    /// Every single fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemFault>,
}

/// One fault of the input.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemFault {
    /// JSON pointer into the request's body.
    pub pointer: String,
    /// A stable code for programs.
    pub code: String,
    /// What is wrong, in the language of `Accept-Language`.
    pub message: String,
}

/// A failure on its way out.
#[derive(Debug)]
pub struct ApiError(pub Failure);

impl<E: Into<Failure>> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What the outside is told: status, code, sentence, seconds to wait, faults.
struct Answer<'a> {
    status: StatusCode,
    code: &'static str,
    sentence: (String, String),
    retry_after_s: Option<i64>,
    faults: &'a [Fault],
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        answer(&self.0).status
    }

    fn error_response(&self) -> HttpResponse {
        let request = locale::current();
        let answer = answer(&self.0);
        if answer.status.is_server_error() {
            tracing::error!(request_id = %request.request_id, error.internal = %self.0, "request failed");
        }
        let (ja, en) = answer.sentence;
        let errors = answer.faults.iter().map(|fault| present_fault(fault, request.locale)).collect();
        let problem = Problem {
            kind: format!("urn:madoguchi:problem:{}", answer.code),
            title: answer.status.canonical_reason().unwrap_or("Problem").to_owned(),
            status: answer.status.as_u16(),
            detail: request.locale.pick(ja, en),
            code: answer.code.to_owned(),
            request_id: request.request_id,
            errors,
        };
        let mut response = HttpResponseBuilder::new(answer.status);
        response.content_type("application/problem+json");
        if let Some(seconds) = answer.retry_after_s {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if answer.status == StatusCode::UNAUTHORIZED {
            response.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        response.json(problem)
    }
}

/// A fault in the caller's language.
pub fn present_fault(fault: &Fault, locale: Locale) -> ProblemFault {
    let message = locale.pick(fault.message_ja.clone(), fault.message_en.clone());
    ProblemFault { pointer: fault.pointer.clone(), code: fault.code.to_owned(), message }
}

fn answer(failure: &Failure) -> Answer<'_> {
    match failure {
        Failure::Refused(refusal) => Answer {
            status: status(refusal),
            code: refusal.code(),
            sentence: refusal.sentence(),
            retry_after_s: match refusal {
                Refusal::TooManyAttempts { retry_after_s }
                | Refusal::OpenPaymentNotClosed { retry_after_s }
                | Refusal::Busy { retry_after_s } => Some(*retry_after_s),
                _ => None,
            },
            faults: refusal.faults(),
        },
        Failure::Store(error) => store_answer(error),
        Failure::Internal(_) => plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "システムエラーが発生しました。",
            "Something went wrong on our side.",
            None,
        ),
    }
}

fn store_answer(error: &StoreError) -> Answer<'_> {
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    match error {
        StoreError::Busy { .. } => plain(
            unavailable,
            "busy",
            "ただいま混み合っています。",
            "The server is busy; please try again.",
            Some(1),
        ),
        StoreError::OutcomeUnknown => plain(
            unavailable,
            "outcome_unknown",
            "処理結果を確認できません。同じ Idempotency-Key で再度お試しください。",
            "The outcome is not known; please repeat the request with the same Idempotency-Key.",
            Some(2),
        ),
        StoreError::Unavailable(_) => plain(
            unavailable,
            "database_unavailable",
            "データベースに接続できません。",
            "The database cannot be reached; please try again.",
            Some(5),
        ),
        _ => plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "システムエラーが発生しました。",
            "Something went wrong on our side.",
            None,
        ),
    }
}

fn plain<'a>(
    status: StatusCode,
    code: &'static str,
    ja: &str,
    en: &str,
    retry_after_s: Option<i64>,
) -> Answer<'a> {
    Answer { status, code, sentence: (ja.to_owned(), en.to_owned()), retry_after_s, faults: &[] }
}

/// The status of each refusal; exhaustive, so that a new refusal cannot be forgotten.
fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Malformed(_) | Refusal::IdempotencyKeyRequired => StatusCode::BAD_REQUEST,
        Refusal::NotSignedIn | Refusal::WrongCredentials | Refusal::RefreshTokenReused => {
            StatusCode::UNAUTHORIZED
        }
        Refusal::NotificationRejected => StatusCode::UNAUTHORIZED,
        Refusal::Forbidden
        | Refusal::OwnProposal
        | Refusal::OwnEntry
        | Refusal::IssuedOnPaperOnly
        | Refusal::AlreadySealed => StatusCode::FORBIDDEN,
        Refusal::Intake(IntakeRefusal::AssuranceTooLow(_)) => StatusCode::FORBIDDEN,
        Refusal::Approval(ApprovalRefusal::NotInstructed { .. } | ApprovalRefusal::NotCovering) => {
            StatusCode::FORBIDDEN
        }
        Refusal::Approval(ApprovalRefusal::ContentChanged) => StatusCode::PRECONDITION_FAILED,
        Refusal::Approval(_) => StatusCode::CONFLICT,
        Refusal::NoticeStandsElsewhere { .. } => StatusCode::CONFLICT,
        Refusal::Refund(RefundRefusal::OwnRequest) => StatusCode::FORBIDDEN,
        Refusal::Payment(PaymentRefusal::OwnAssessment) => StatusCode::FORBIDDEN,
        Refusal::Refund(_) | Refusal::Disposition(_) | Refusal::Payment(_) => StatusCode::CONFLICT,
        Refusal::Contract(ContractRefusal::OwnAct) => StatusCode::FORBIDDEN,
        Refusal::Contract(ContractRefusal::Certificate(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::Contract(_) => StatusCode::CONFLICT,
        Refusal::Waiver(WaiverRefusal::AmountNeeded | WaiverRefusal::TooMuch { .. }) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Refusal::Waiver(_)
        | Refusal::Arrears(_)
        | Refusal::Office(_)
        | Refusal::Casework(_)
        | Refusal::Intake(IntakeRefusal::IdentityNotAttested) => StatusCode::CONFLICT,
        Refusal::Reconciliation(refusal) if refusal.is_about_the_person() => StatusCode::FORBIDDEN,
        Refusal::Reconciliation(_) => StatusCode::CONFLICT,
        Refusal::Settlement(SettlementRefusal::OwnArrival) => StatusCode::FORBIDDEN,
        Refusal::Settlement(_) => StatusCode::CONFLICT,
        Refusal::NotFound | Refusal::DocumentNotAuthentic => StatusCode::NOT_FOUND,
        Refusal::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Refusal::WrongState { .. }
        | Refusal::NotForNotifications
        | Refusal::AlreadyClaimed
        | Refusal::ProcedureVersionClosed
        | Refusal::ProcedureClosed
        | Refusal::VersionTaken
        | Refusal::WrongStage { .. }
        | Refusal::FeeChanged { .. }
        | Refusal::FeeNotFixedByStaff
        | Refusal::AlreadyAssessed
        | Refusal::FeeNotSettled
        | Refusal::PaymentInProgress
        | Refusal::OpenPaymentNotClosed { .. }
        | Refusal::PaymentNotCancelable
        | Refusal::EntryNotReversible
        | Refusal::ReceiptRevoked
        | Refusal::InvoiceNotPayable => StatusCode::CONFLICT,
        Refusal::StaleVersion { .. } => StatusCode::PRECONDITION_FAILED,
        Refusal::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Refusal::Invalid(_)
        | Refusal::IdempotencyKeyReused
        | Refusal::MethodNotOffered
        | Refusal::CharactersNotPrintable { .. }
        | Refusal::AgentNotDesignated => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::VersionRequired => StatusCode::PRECONDITION_REQUIRED,
        Refusal::TooManyAttempts { .. } => StatusCode::TOO_MANY_REQUESTS,
        Refusal::Busy { .. } | Refusal::FontMissing => StatusCode::SERVICE_UNAVAILABLE,
    }
}
