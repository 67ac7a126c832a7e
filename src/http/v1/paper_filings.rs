//! `…/departments/{department}/applications`: what came on paper, entered by staff for somebody without an account.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, post};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::applications::ApplicationSummary;
use super::queues::DepartmentPath;
use crate::domain::identification::IdentityCheck;
use crate::domain::paper_filing::{PaperChannel, PaperFiling};
use crate::domain::procedure::ApplicantKind;
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, segment};
use crate::http::respond;
use crate::service::paper_filing::{self, PaperDraft, PaperParty};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(create_paper_application);
}

/// By which way it came.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaperChannelWord {
    /// 窓口.
    Counter,
    /// 郵送.
    Post,
    /// 電話.
    Phone,
}

impl From<PaperChannelWord> for PaperChannel {
    fn from(word: PaperChannelWord) -> Self {
        match word {
            PaperChannelWord::Counter => Self::Counter,
            PaperChannelWord::Post => Self::Post,
            PaperChannelWord::Phone => Self::Phone,
        }
    }
}

/// Whether a person or a business applies.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaperApplicantKind {
    /// 個人.
    Resident,
    /// 事業者.
    Business,
}

/// How an officer confirmed who it is.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdentityCheckWord {
    /// 写真付きの公的な身分証明書1点.
    PhotoDocument,
    /// 写真のない公的な書類2点.
    TwoDocuments,
    /// 実印と印鑑登録証明書.
    SealCertificate,
}

impl From<IdentityCheckWord> for IdentityCheck {
    fn from(word: IdentityCheckWord) -> Self {
        match word {
            IdentityCheckWord::PhotoDocument => Self::PhotoDocument,
            IdentityCheckWord::TwoDocuments => Self::TwoDocuments,
            IdentityCheckWord::SealCertificate => Self::SealCertificate,
        }
    }
}

/// Who applies, without an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaperApplicant {
    /// A person or a business.
    kind: PaperApplicantKind,
    /// 氏名又は名称.
    #[schema(example = "有限会社りんご電設")]
    name: String,
    /// 住所, to which notices are posted.
    #[schema(example = "青森市長島一丁目1番1号")]
    address: String,
    /// 電話番号.
    #[serde(default)]
    #[schema(required = false, example = "017-722-1111")]
    phone: Option<String>,
    /// 法人番号 as stated; it stays unverified.
    #[serde(default)]
    #[schema(required = false)]
    corporate_number: Option<String>,
}

/// What came on paper.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePaperApplication {
    /// Slug of the procedure.
    #[schema(example = "denki-koji-toroku")]
    procedure: String,
    /// Answers so far; may be incomplete.
    #[schema(value_type = Object)]
    form: Value,
    /// By which way it came.
    channel: PaperChannelWord,
    /// When the office received it; whoever hands the draft in attests it, and it becomes the arrival.
    #[schema(value_type = String, format = DateTime, example = "2026-04-01T01:30:00Z")]
    received_at: Timestamp,
    /// Who applies.
    applicant: PaperApplicant,
    /// How the identity was confirmed; needed where the procedure asks for more than `id`, as an attestation of the officer.
    #[serde(default)]
    #[schema(required = false)]
    identity_check: Option<IdentityCheckWord>,
}

impl CreatePaperApplication {
    fn draft(self, department: String) -> PaperDraft {
        let applicant_kind = match self.applicant.kind {
            PaperApplicantKind::Resident => ApplicantKind::Resident,
            PaperApplicantKind::Business => ApplicantKind::Business,
        };
        PaperDraft {
            procedure: self.procedure,
            department,
            form: self.form,
            filing: PaperFiling {
                channel: self.channel.into(),
                applicant_kind,
                received_at: self.received_at,
                identity_check: self.identity_check.map(IdentityCheck::from),
            },
            party: PaperParty {
                name: self.applicant.name.trim().to_owned(),
                address: self.applicant.address.trim().to_owned(),
                phone: self.applicant.phone,
                corporate_number: self.applicant.corporate_number,
                email: String::new(),
            },
        }
    }
}

/// Begin an application that came on paper
///
/// For staff of the department of the procedure: over the counter, by post or on the telephone, for somebody without an
/// account. Files, submission and answers to corrections are the calls of every application, made by staff of the department.
/// It arrives at `received_at`; notices go by letter, and the fee is paid at the counter.
#[utoipa::path(
    operation_id = "create_paper_application", tag = "applications",
    params(DepartmentPath, IdempotencyKeyHeader), request_body = CreatePaperApplication,
    responses((status = 201, description = "The draft", body = ApplicationSummary), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/departments/{department}/applications")]
pub async fn create_paper_application(
    mutation: Mutation<CreatePaperApplication>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let draft = mutation.body.draft(segment(&request, "department")?);
    let made = paper_filing::begin(mutation.ctx, mutation.idempotency, draft).await?;
    let body = ApplicationSummary::of(&made.value);
    Ok(respond::effect(StatusCode::CREATED, made.origin, Some(made.value.version), &body))
}
