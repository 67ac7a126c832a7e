//! `…/refunds/{id}/interest`, `…/notice` and `…/claim`: what a refund bears, that the payee was told, that the payee asked.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::domain::id::TenantCode;
use crate::domain::money::Yen;
use crate::domain::refund::InterestSpan;
use crate::http::contract::{ChangeProblems, IdempotencyKeyHeader, ReadProblems, ResourcePath};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, Nothing, SignedIn, segment};
use crate::http::respond;
use crate::service::Effect;
use crate::service::refund_notice::{self, RefundInterest};
use crate::store::refund_interest::{InterestPart, InterestTermsRow};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_refund_interest).service(tell_payee).service(claim_refund);
}

/// That the payee asks for the money.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimRefund {
    /// The day on which the payee asked, in Japan: for officers who enter it, between the notice and today. Today where it is left
    /// out.
    #[serde(default)]
    #[schema(required = false, value_type = Option<String>, format = Date)]
    claimed_on: Option<Date>,
}

/// Days that bear one rate.
#[derive(Serialize, ToSchema)]
pub struct InterestSpanBody {
    /// The first day.
    #[schema(format = Date)]
    from: String,
    /// The last day.
    #[schema(format = Date)]
    to: String,
    /// Parts of ten thousand a year.
    per_ten_thousand: u32,
    /// Days of it that count.
    days: i64,
    /// Days that do not count: the payee had been told and did not ask.
    idle_days: i64,
}

/// A part of a refund, with the interest on it.
#[derive(Serialize, ToSchema)]
pub struct InterestPartBody {
    /// `paid_beyond`, `lowered`, `assessment_error` or `waiver`.
    cause: String,
    /// How much of the refund it is, in yen.
    amount: i64,
    /// What bears interest of it, in yen.
    base: i64,
    /// Rate by rate.
    spans: Vec<InterestSpanBody>,
    /// The interest, in yen.
    interest: i64,
}

/// How interest comes about.
#[derive(Serialize, ToSchema)]
pub struct InterestTermsBody {
    /// The day up to which it is computed.
    #[schema(format = Date)]
    counted_to: String,
    /// What accrued, in yen.
    accrued: i64,
    /// What of it refunds of the same payment that failed had brought already, in yen.
    already_paid: i64,
    /// 歳出科目 that it is paid out of.
    expense_account: String,
    /// Part by part.
    parts: Vec<InterestPartBody>,
    /// The law or ordinance.
    basis: String,
    /// Where the body's terms were taken from.
    source: String,
    /// The terms have not been confirmed by the body.
    sample: bool,
}

/// The interest on a refund.
#[derive(Serialize, ToSchema)]
pub struct RefundInterestBody {
    /// The refund.
    refund: Uuid,
    /// Whether the amount is `fixed`, or only `expected`: what it would be if the refund were decided today.
    outcome: String,
    /// In yen; zero where none is borne.
    interest: i64,
    /// `due`, `sent`, `paid` or `undone`; null where there is none to pay, or not yet.
    interest_state: Option<String>,
    /// The day of the notice; null while the payee was not told.
    #[schema(format = Date)]
    noticed_on: Option<String>,
    /// The day on which the payee asked for the money; null while the payee has not.
    #[schema(format = Date)]
    claimed_on: Option<String>,
    /// The officer who entered that; null where the payee did.
    claim_entered_by: Option<Uuid>,
    /// How it comes about; null where nothing bears interest.
    terms: Option<InterestTermsBody>,
}

impl InterestTermsBody {
    fn of(row: &InterestTermsRow) -> Self {
        let how = &row.explanation.0;
        let span = |span: &InterestSpan| InterestSpanBody {
            from: span.from.to_string(),
            to: span.to.to_string(),
            per_ten_thousand: span.per_ten_thousand,
            days: span.days,
            idle_days: span.idle_days,
        };
        let part = |part: &InterestPart| InterestPartBody {
            cause: part.cause.as_str().to_owned(),
            amount: part.amount.amount(),
            base: part.base.amount(),
            spans: part.spans.iter().map(span).collect(),
            interest: part.interest.amount(),
        };
        Self {
            counted_to: row.counted_to.0.to_string(),
            accrued: row.accrued.amount(),
            already_paid: row.already_paid.amount(),
            expense_account: row.expense_account.clone(),
            parts: how.parts.iter().map(part).collect(),
            basis: how.basis.clone(),
            source: how.source.clone(),
            sample: how.sample,
        }
    }
}

impl RefundInterestBody {
    fn of(found: &RefundInterest) -> Self {
        let expected = |terms: &InterestTermsRow| terms.accrued.amount() - terms.already_paid.amount();
        let fixed = found.refund.decided_by.is_some();
        let interest = match (fixed, found.refund.interest) {
            (true, interest) => interest.map_or(0, Yen::amount),
            (false, _) => found.terms.as_ref().map_or(0, expected),
        };
        Self {
            refund: found.refund.id.0,
            outcome: if fixed { "fixed" } else { "expected" }.to_owned(),
            interest,
            interest_state: found.refund.interest_state.clone(),
            noticed_on: found.notice.as_ref().map(|notice| notice.noticed_on.0.to_string()),
            claimed_on: found.claim.as_ref().map(|claim| claim.claimed_on.0.to_string()),
            claim_entered_by: found
                .claim
                .as_ref()
                .and_then(|claim| claim.entered_by)
                .map(|officer| officer.0),
            terms: found.terms.as_ref().map(InterestTermsBody::of),
        }
    }
}

/// Show the interest on a refund
///
/// For the payer and for staff (還付加算金): the amount with every step of its computation. Money that was never owed bears it by the
/// terms of the body up to the day of the approval; a fee that an ordinance gives back bears none.
#[utoipa::path(
    operation_id = "get_refund_interest", tag = "payments", params(ResourcePath),
    responses((status = 200, description = "The interest", body = RefundInterestBody), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/refunds/{id}/interest")]
pub async fn get_refund_interest(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, _) = (segment(&request, "tenant")?, segment(&request, "id")?);
    Ok(respond::plain(&RefundInterestBody::of(&refund_notice::interest(ctx, tenant, id).await?)))
}

/// Tell a payee of a refund
///
/// Before it is decided, once (還付通知): the day is recorded and a mail goes out. Days after those within which the payee is to ask do
/// not bear interest until the payee does.
#[utoipa::path(
    operation_id = "tell_payee", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    responses((status = 201, description = "The payee is told", body = RefundInterestBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/refunds/{id}/notice")]
pub async fn tell_payee(mutation: Mutation<Nothing>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let made = refund_notice::tell(mutation.ctx, mutation.idempotency, id).await?;
    Ok(present(&made))
}

/// Ask for a refund that one was told of
///
/// For the payer, or for an officer who was asked on paper or in person and names the day (還付請求). Once.
#[utoipa::path(
    operation_id = "claim_refund", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    request_body = ClaimRefund,
    responses((status = 201, description = "It is recorded", body = RefundInterestBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/refunds/{id}/claim")]
pub async fn claim_refund(
    mutation: Mutation<ClaimRefund>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let day = mutation.body.claimed_on;
    let made = refund_notice::claim(mutation.ctx, mutation.idempotency, id, day).await?;
    Ok(present(&made))
}

fn present(made: &Effect<RefundInterest>) -> HttpResponse {
    let version = made.value.refund.version;
    respond::effect(StatusCode::CREATED, made.origin, Some(version), &RefundInterestBody::of(&made.value))
}
