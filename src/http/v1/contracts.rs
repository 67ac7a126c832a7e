//! `…/contract`: what was offered with a decision, and its signatures (契約, R-103).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::review::tenant;
use crate::domain::contract::ContractAct;
use crate::domain::money::Yen;
use crate::http::contract::{CasePath, ChangeProblems, IdempotencyKeyHeader, ReadProblems};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, Nothing, SignedIn, segment};
use crate::http::respond;
use crate::service::Effect;
use crate::service::contract::{
    self, ActDetail, ContractView, DoneAct, Judgement, NewSignature, SignedByOffice,
};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_contract)
        .service(sign_contract_as_counterpart)
        .service(confirm_counterpart_signature)
        .service(reject_counterpart_signature)
        .service(sign_contract)
        .service(withdraw_contract);
}

/// A signature of the counterpart.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CounterpartSignatureBody {
    /// The detached signature over the exact bytes of `statement` in UTF-8, base64: RSA PKCS#1 v1.5 or ECDSA (DER).
    signature: String,
    /// The certificates in DER, base64: the signer's first, each followed by its issuer.
    certificates: Vec<String>,
}

/// What an officer attests.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmSignatureBody {
    /// How the certificate was found to be the counterpart's, and when and where its revocation was looked up, 1 to 2,000 characters.
    #[schema(example = "基本4情報が申請者と一致。失効情報を照会し、有効を確認した。")]
    note: String,
}

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractReasonBody {
    /// In words for the other side, 1 to 2,000 characters.
    #[schema(example = "証明書の名義が申請者と異なるため。")]
    reason: String,
}

/// The signature of the counterpart as it was taken.
#[derive(Serialize, ToSchema)]
pub struct CounterpartSignatureView {
    /// `awaiting_confirmation`, or `confirmed` by an officer.
    state: &'static str,
    /// The account that handed it in.
    signed_by: Option<String>,
    /// When.
    #[schema(format = DateTime, value_type = String)]
    signed_at: String,
    /// How it was made.
    algorithm: String,
    /// The detached signature, base64.
    signature: String,
    /// The certificates in DER, base64, the signer's first.
    certificates: Vec<String>,
    /// The subject of the signer's certificate as printed.
    subject: String,
    /// Its issuer as printed.
    issuer: String,
    /// Its serial number, hexadecimal.
    serial: String,
    /// From when it is valid.
    #[schema(format = DateTime, value_type = String)]
    not_before: String,
    /// Until when.
    #[schema(format = DateTime, value_type = String)]
    not_after: String,
    /// The certification service that it is traced back to.
    service: String,
    /// `jpki`, `accredited_service` or `commercial_registration`.
    certification: String,
    /// The clause by which its signatures qualify.
    legal_basis: String,
    /// What the officer attested; for the department only, null before.
    note: Option<String>,
}

/// The signature of the body.
#[derive(Serialize, ToSchema)]
pub struct OfficeSignatureView {
    /// In whose name.
    authority: String,
    /// The name of the key of office.
    key_id: String,
    /// `Ed25519`.
    algorithm: &'static str,
    /// Over the exact bytes of `statement`, base64url.
    signature: String,
    /// The day.
    #[schema(format = Date, value_type = String)]
    signed_on: String,
    /// The certificate that stands for the key (職責証明書); null where the configuration does not know it.
    certificate: Option<String>,
    /// The public key as a JWK (RFC 8037).
    #[schema(value_type = Object)]
    public_key: Value,
    /// `valid`, `invalid` or `unknown_key`.
    check: &'static str,
}

/// A signature of the counterpart that an officer rejected.
#[derive(Serialize, ToSchema)]
pub struct RejectedSignatureView {
    /// Why.
    reason: String,
    /// When.
    #[schema(format = DateTime, value_type = String)]
    rejected_at: String,
}

/// A contract.
#[derive(Serialize, ToSchema)]
pub struct ContractBody {
    /// The contract.
    id: Uuid,
    /// The case.
    application: Uuid,
    /// The decision that offers it.
    decision: Uuid,
    /// `offered`: not concluded; `concluded`: both have signed and the counterpart's signature is confirmed; `lapsed`; `withdrawn`.
    state: &'static str,
    /// The exact text that both sign, UTF-8.
    statement: String,
    /// SHA-256 of it, hexadecimal.
    statement_sha256: String,
    /// Who signs for the body.
    authority: String,
    /// What is claimed with the conclusion, in yen; null where nothing is.
    price: Option<i64>,
    /// The day of the offer.
    #[schema(format = Date, value_type = String)]
    offered_on: String,
    /// The last day for the signatures.
    #[schema(format = Date, value_type = String)]
    sign_by: String,
    /// The signature of the other side; null before, and after it was rejected.
    counterpart_signature: Option<CounterpartSignatureView>,
    /// Those that were rejected, oldest first.
    rejected_signatures: Vec<RejectedSignatureView>,
    /// The signature of the body; null before.
    office_signature: Option<OfficeSignatureView>,
    /// The day of the later signature; null unless it is concluded.
    #[schema(format = Date, value_type = Option<String>)]
    concluded_on: Option<String>,
    /// Why the offer was taken back; null unless it was.
    withdrawn_because: Option<String>,
}

impl ContractBody {
    fn of(view: &ContractView) -> Self {
        let row = &view.row;
        let rejected = view.acts.iter().filter(|done| done.act == ContractAct::Reject);
        Self {
            id: row.id.0,
            application: row.application_id.0,
            decision: row.decision_id.0,
            state: view.standing.as_str(),
            statement: view.statement.clone(),
            statement_sha256: data_encoding::HEXLOWER.encode(&row.statement_sha256),
            authority: row.authority.clone(),
            price: row.price.map(Yen::amount),
            offered_on: row.offered_on.0.to_string(),
            sign_by: row.sign_by.0.to_string(),
            counterpart_signature: counterpart(view),
            rejected_signatures: rejected
                .map(|done| RejectedSignatureView { reason: words(done), rejected_at: done.at.to_string() })
                .collect(),
            office_signature: view.office.as_ref().map(|signed| office(&row.authority, signed)),
            concluded_on: row.concluded_on.map(|day| day.0.to_string()),
            withdrawn_because: view.last(ContractAct::Withdraw).map(words),
        }
    }
}

fn words(done: &DoneAct) -> String {
    match &done.detail {
        Some(ActDetail::Words { text }) => text.clone(),
        _ => String::new(),
    }
}

/// The signature of the counterpart that stands; none where the last one was rejected.
fn counterpart(view: &ContractView) -> Option<CounterpartSignatureView> {
    let place = |wanted| view.acts.iter().rposition(|done| done.act == wanted);
    let signed = place(ContractAct::SignByCounterpart)?;
    if place(ContractAct::Reject).is_some_and(|rejected| rejected > signed) {
        return None;
    }
    let confirmed = view.last(ContractAct::Confirm);
    let done = view.acts.get(signed)?;
    let Some(ActDetail::CounterpartSignature(taken)) = &done.detail else { return None };
    Some(CounterpartSignatureView {
        state: if confirmed.is_some() { "confirmed" } else { "awaiting_confirmation" },
        signed_by: done.by.clone(),
        signed_at: done.at.to_string(),
        algorithm: taken.algorithm.clone(),
        signature: taken.signature.clone(),
        certificates: taken.certificates.clone(),
        subject: taken.subject.clone(),
        issuer: taken.issuer.clone(),
        serial: taken.serial.clone(),
        not_before: taken.not_before.to_string(),
        not_after: taken.not_after.to_string(),
        service: taken.service.clone(),
        certification: taken.kind.clone(),
        legal_basis: taken.legal_basis.clone(),
        note: confirmed.filter(|_| view.reader.is_some()).map(words),
    })
}

fn office(authority: &str, signed: &SignedByOffice) -> OfficeSignatureView {
    OfficeSignatureView {
        authority: authority.to_owned(),
        key_id: signed.key_id.clone(),
        algorithm: "Ed25519",
        signature: signed.signature.clone(),
        signed_on: signed.signed_on.to_string(),
        certificate: signed.certificate.clone(),
        public_key: signed.public_key.clone(),
        check: signed.check.as_str(),
    }
}

fn answer(made: &Effect<ContractView>) -> HttpResponse {
    respond::effect(StatusCode::OK, made.origin, None, &ContractBody::of(&made.value))
}

/// Get the contract
///
/// For the parties, the department and who decides above it: the exact text to sign, where the contract stands, and what a third party needs to check both
/// signatures. An offer is no contract: it is concluded once both have signed and an officer has confirmed whose certificate the
/// counterpart's is.
#[utoipa::path(
    operation_id = "get_contract", tag = "applications", params(CasePath),
    responses((status = 200, description = "The contract", body = ContractBody), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/applications/{id}/contract")]
pub async fn get_contract(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let found = contract::find(ctx, tenant(&request)?, segment(&request, "id")?).await?;
    Ok(respond::plain(&ContractBody::of(&found)))
}

/// Sign a contract as its other side
///
/// For a party: a detached signature over the exact bytes of `statement`, with the signer's certificate and those of its issuers. It is
/// checked at once against the certification services that the body takes; an officer then confirms whose certificate it is.
#[utoipa::path(
    operation_id = "sign_contract_as_counterpart", tag = "applications", params(CasePath, IdempotencyKeyHeader),
    request_body = CounterpartSignatureBody,
    responses((status = 200, description = "The contract", body = ContractBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/contract/counterpart-signature")]
pub async fn sign_contract_as_counterpart(
    mutation: Mutation<CounterpartSignatureBody>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let CounterpartSignatureBody { signature, certificates } = mutation.body;
    let (id, new) = (segment(&request, "id")?, NewSignature { signature, certificates });
    let made = contract::sign_by_counterpart(mutation.ctx, mutation.idempotency, id, new).await?;
    Ok(answer(&made))
}

/// Confirm the counterpart's signature
///
/// For staff of the department: the certificate is the counterpart's and was not revoked, which is looked up outside and attested here.
/// Never for the officer who signed for the body (403 `own_contract_act`).
#[utoipa::path(
    operation_id = "confirm_counterpart_signature", tag = "review", params(CasePath, IdempotencyKeyHeader),
    request_body = ConfirmSignatureBody,
    responses((status = 200, description = "The contract", body = ContractBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/contract/counterpart-signature/confirm")]
pub async fn confirm_counterpart_signature(
    mutation: Mutation<ConfirmSignatureBody>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (id, found) = (segment(&request, "id")?, (Judgement::Confirm, mutation.body.note));
    Ok(answer(&contract::judge_signature(mutation.ctx, mutation.idempotency, id, found).await?))
}

/// Reject the counterpart's signature
///
/// For staff of the department, with a reason for the other side, who may sign again until the last day.
#[utoipa::path(
    operation_id = "reject_counterpart_signature", tag = "review", params(CasePath, IdempotencyKeyHeader),
    request_body = ContractReasonBody,
    responses((status = 200, description = "The contract", body = ContractBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/contract/counterpart-signature/reject")]
pub async fn reject_counterpart_signature(
    mutation: Mutation<ContractReasonBody>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (id, found) = (segment(&request, "id")?, (Judgement::Reject, mutation.body.reason));
    Ok(answer(&contract::judge_signature(mutation.ctx, mutation.idempotency, id, found).await?))
}

/// Sign a contract for the body
///
/// For those who decide in the department (from 課長 upwards) or at a desk above it that decides in the line of the case, never for the officer who confirmed the counterpart's signature (403
/// `own_contract_act`): the authority's key of office in force signs the exact bytes of `statement`.
#[utoipa::path(
    operation_id = "sign_contract", tag = "review", params(CasePath, IdempotencyKeyHeader),
    request_body = Nothing,
    responses((status = 200, description = "The contract", body = ContractBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/contract/sign")]
pub async fn sign_contract(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    Ok(answer(&contract::sign_by_office(mutation.ctx, mutation.idempotency, id).await?))
}

/// Take the offer of a contract back
///
/// For those who decide in the department (from 課長 upwards) or at a desk above it, with a reason for the other side, as long as not both have signed.
#[utoipa::path(
    operation_id = "withdraw_contract", tag = "review", params(CasePath, IdempotencyKeyHeader),
    request_body = ContractReasonBody,
    responses((status = 200, description = "The contract", body = ContractBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/applications/{id}/contract/withdraw")]
pub async fn withdraw_contract(
    mutation: Mutation<ContractReasonBody>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (id, reason) = (segment(&request, "id")?, mutation.body.reason);
    Ok(answer(&contract::withdraw(mutation.ctx, mutation.idempotency, id, reason).await?))
}
