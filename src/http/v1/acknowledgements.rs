//! `…/invoices/{id}/acknowledgements`: a debtor acknowledged what is owed (債務承認), which counts its limitation anew; what was
//! entered in error is struck out.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::domain::arrears::AcknowledgementForm;
use crate::domain::id::TenantCode;
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, ReadProblems, ResourcePath};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, SignedIn, segment};
use crate::http::respond;
use crate::service::acknowledgement::{self, Acknowledgement, RecordAcknowledgement};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(record_acknowledgement).service(list_acknowledgements).service(reverse_acknowledgement);
}

/// In which form somebody acknowledged.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FormWord {
    /// A signed paper (債務承認書).
    Written,
    /// By word of mouth, noted down by the officer.
    Oral,
    /// A request for time or for instalments (納付の猶予・分納の申出).
    Deferment,
    /// A part was paid by a way that no payment here shows.
    PartPayment,
}

impl From<FormWord> for AcknowledgementForm {
    fn from(word: FormWord) -> Self {
        match word {
            FormWord::Written => Self::Written,
            FormWord::Oral => Self::Oral,
            FormWord::Deferment => Self::Deferment,
            FormWord::PartPayment => Self::PartPayment,
        }
    }
}

/// What is recorded.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordAcknowledgementBody {
    /// The day on which the debtor acknowledged, in Japan; not before the notice and not in the future.
    #[schema(value_type = String, format = Date, example = "2026-06-01")]
    acknowledged_on: Date,
    /// In which form.
    form: FormWord,
    /// What proves it: the number of the paper, who heard it and when; 1 to 200 characters on one line.
    #[schema(example = "債務承認書（消保第12号）")]
    evidence: String,
}

/// An acknowledgement.
#[derive(Serialize, ToSchema)]
pub struct AcknowledgementBody {
    /// The acknowledgement.
    id: Uuid,
    /// What is owed.
    invoice: Uuid,
    /// The day on which the debtor acknowledged.
    #[schema(format = Date)]
    acknowledged_on: String,
    /// `written`, `oral`, `deferment` or `part_payment`.
    form: String,
    /// What proves it.
    evidence: String,
    /// The officer who recorded it.
    recorded_by: Uuid,
    /// When it was recorded.
    #[schema(format = DateTime)]
    recorded_at: String,
    /// That it was entered in error and counts for nothing; null while it stands.
    struck_out: Option<StruckOutBody>,
}

/// That something was entered in error.
#[derive(Serialize, ToSchema)]
pub struct StruckOutBody {
    /// The officer who struck it out.
    by: Uuid,
    /// When.
    #[schema(format = DateTime, value_type = String)]
    at: String,
    /// Why.
    reason: String,
}

/// Why an acknowledgement is struck out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReverseAcknowledgement {
    /// Why; 1 to 200 characters on one line.
    #[schema(example = "別の事案の債務承認書だった")]
    reason: String,
}

impl AcknowledgementBody {
    fn of(found: &Acknowledgement) -> Self {
        let row = &found.row;
        Self {
            id: row.id.0,
            invoice: row.invoice_id.0,
            acknowledged_on: row.acknowledged_on.0.to_string(),
            form: row.form.clone(),
            evidence: found.evidence.clone(),
            recorded_by: row.recorded_by.0,
            recorded_at: row.recorded_at.0.to_string(),
            struck_out: found.struck_out.as_ref().map(|(reversal, reason)| StruckOutBody {
                by: reversal.struck_by.0,
                at: reversal.struck_at.0.to_string(),
                reason: reason.clone(),
            }),
        }
    }
}

/// The acknowledgements of an invoice.
#[derive(Serialize, ToSchema)]
pub struct AcknowledgementList {
    /// In the order of their days.
    items: Vec<AcknowledgementBody>,
    /// Always null: there is one page.
    next_cursor: Option<String>,
}

/// Record that a debt was acknowledged
///
/// For officers who collect: the limitation counts anew from that day, see `…/arrears`. What is recorded is never rewritten. Refused
/// for what is not owed (409 `claim_not_owed`) and for a claim that was extinct on that day (409 `claim_extinct`). A part payment
/// that a payment here shows counts by itself.
#[utoipa::path(
    operation_id = "record_acknowledgement", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    request_body = RecordAcknowledgementBody,
    responses((status = 201, description = "It is recorded", body = AcknowledgementBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/invoices/{id}/acknowledgements")]
pub async fn record_acknowledgement(
    mutation: Mutation<RecordAcknowledgementBody>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let RecordAcknowledgementBody { acknowledged_on, form, evidence } = mutation.body;
    let wanted = RecordAcknowledgement { acknowledged_on, form: form.into(), evidence };
    let made = acknowledgement::record(mutation.ctx, mutation.idempotency, id, wanted).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &AcknowledgementBody::of(&made.value)))
}

/// List the acknowledgements of a debt
///
/// For officers who collect, with what proves each.
#[utoipa::path(
    operation_id = "list_acknowledgements", tag = "payments", params(ResourcePath),
    responses((status = 200, description = "The acknowledgements", body = AcknowledgementList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/invoices/{id}/acknowledgements")]
pub async fn list_acknowledgements(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, _) = (segment(&request, "tenant")?, segment(&request, "id")?);
    let found = acknowledgement::list(ctx, tenant, id).await?;
    let items = found.iter().map(AcknowledgementBody::of).collect();
    Ok(respond::plain(&AcknowledgementList { items, next_cursor: None }))
}

/// Strike out an acknowledgement that was entered in error
///
/// For another officer than the one who recorded it (403 `own_entry`), once (409 `entry_not_reversible`). It stays readable and counts
/// for nothing: the limitation is that of the other acknowledgements, see `…/arrears`.
#[utoipa::path(
    operation_id = "reverse_acknowledgement", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    request_body = ReverseAcknowledgement,
    responses((status = 200, description = "It is struck out", body = AcknowledgementBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/acknowledgements/{id}/reverse")]
pub async fn reverse_acknowledgement(
    mutation: Mutation<ReverseAcknowledgement>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let reason = mutation.body.reason;
    let made = acknowledgement::strike_out(mutation.ctx, mutation.idempotency, id, reason).await?;
    Ok(respond::effect(StatusCode::OK, made.origin, None, &AcknowledgementBody::of(&made.value)))
}
