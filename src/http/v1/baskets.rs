//! `…/basket-quote` and `…/baskets`: several applications of one person at the same time (同時申請).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::applications::SubmittedApplication;
use super::procedures::{Quote, quote};
use crate::domain::id::{ApplicationId, TenantCode};
use crate::domain::procedure::ApplicantKind;
use crate::http::contract::{
    ChangeProblems, IdempotencyKeyHeader, PublicProblems, ReadProblems, ResourcePath, TenantPath,
};
use crate::http::error::{ApiError, Problem};
use crate::http::extract::{Anyone, Body, Mutation, SignedIn, segment};
use crate::http::locale::{self, Locale};
use crate::http::respond;
use crate::service::basket::{self, Basket, Candidate, NewBasket, QuotedBasket};
use crate::service::catalogue::Inquiry;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(quote_basket).service(create_basket).service(get_basket);
}

/// One application that would be handed in with others.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BasketCandidate {
    /// The procedure's slug.
    #[schema(example = "fuzoku-shonin")]
    procedure: String,
    /// The answers; those that the fee depends on must be there.
    #[schema(value_type = Object)]
    form: Value,
    /// Answers to the office form, as far as you can foretell what staff will fix after review.
    #[serde(default)]
    #[schema(required = false, value_type = Option<Object>)]
    office: Option<Value>,
    /// Who would apply: `resident` or `business`; needed only where the fee depends on it.
    #[serde(default)]
    #[schema(required = false, value_type = Option<String>)]
    applicant_kind: Option<ApplicantKind>,
}

impl From<BasketCandidate> for Candidate {
    fn from(asked: BasketCandidate) -> Self {
        let BasketCandidate { procedure, form, office, applicant_kind } = asked;
        Self { procedure, inquiry: Inquiry { form, office, applicant_kind } }
    }
}

/// What one person would hand in at the same time.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BasketQuoteRequest {
    /// The applications.
    #[schema(min_items = 1, max_items = 50)]
    applications: Vec<BasketCandidate>,
}

/// One application of a quoted basket.
#[derive(Serialize, ToSchema)]
pub struct QuotedApplication {
    /// The procedure's slug.
    procedure: String,
    /// What it would cost among the others.
    #[serde(flatten)]
    quote: Quote,
}

/// What a basket would cost.
#[derive(Serialize, ToSchema)]
pub struct BasketQuote {
    /// One by one, in the order asked.
    applications: Vec<QuotedApplication>,
    /// The sum in yen of what is settled by handing them in; fees that staff fix after review come on top.
    total: i64,
}

impl BasketQuote {
    fn of(quoted: QuotedBasket, locale: Locale) -> Self {
        let one = |(procedure, quoted)| QuotedApplication { procedure, quote: quote(quoted, locale) };
        Self {
            total: quoted.total.amount(),
            applications: quoted.applications.into_iter().map(one).collect(),
        }
    }
}

/// Drafts to hand in at the same time.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateBasket {
    /// Your drafts, all of one applicant.
    #[schema(min_items = 1, max_items = 50)]
    applications: Vec<Uuid>,
    /// The total of the last quote in yen; another total is refused with `fee_changed`.
    #[serde(default)]
    #[schema(required = false)]
    expected_total: Option<i64>,
}

/// A basket that was handed in.
#[derive(Serialize, ToSchema)]
pub struct BasketView {
    /// The basket.
    id: Uuid,
    /// When all of it arrived.
    #[schema(format = DateTime, value_type = String)]
    arrived_at: String,
    /// The sum in yen of what was settled by handing them in; each application has its own invoice.
    total: i64,
    /// The applications as they are now, in the order they were given.
    applications: Vec<SubmittedApplication>,
}

impl BasketView {
    fn of(basket: Basket) -> Self {
        Self {
            id: basket.row.id.0,
            arrived_at: basket.row.created_at.0.to_string(),
            total: basket.row.total.amount(),
            applications: basket.applications.into_iter().map(SubmittedApplication::of).collect(),
        }
    }
}

/// Ask what a basket costs
///
/// The fees of several applications that one person would hand in at the same time: where the ordinance has a same-time
/// price, one of them bears the full amount and each other one costs less. No account is needed.
#[utoipa::path(
    operation_id = "quote_basket", tag = "catalogue", security(()), params(TenantPath),
    request_body = BasketQuoteRequest,
    responses(
        (status = 200, description = "The fees", body = BasketQuote),
        (status = 400, description = "Not the expected JSON", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Answers at fault", body = Problem, content_type = "application/problem+json"),
        PublicProblems,
    ),
)]
#[post("/v1/tenants/{tenant}/basket-quote")]
pub async fn quote_basket(
    Anyone(ctx): Anyone,
    request: HttpRequest,
    body: Body<BasketQuoteRequest>,
) -> Result<HttpResponse, ApiError> {
    let tenant: TenantCode = segment(&request, "tenant")?;
    let candidates = body.0.applications.into_iter().map(Candidate::from).collect();
    let quoted = basket::quote(&ctx, &tenant, candidates)?;
    Ok(HttpResponse::Ok().json(BasketQuote::of(quoted, locale::current().locale)))
}

/// Submit several applications at the same time
///
/// All of them arrive at the same instant, or none: faults of every one are listed with pointers such as
/// `/applications/1/form/phone`. Each keeps its own number, due date and invoice; where the ordinance has a same-time price,
/// one bears the full amount, and the lines of the others say which.
#[utoipa::path(
    operation_id = "create_basket", tag = "applications", params(TenantPath, IdempotencyKeyHeader),
    request_body = CreateBasket,
    responses((status = 201, description = "All have arrived", body = BasketView), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/baskets")]
pub async fn create_basket(mutation: Mutation<CreateBasket>) -> Result<HttpResponse, ApiError> {
    let CreateBasket { applications, expected_total } = mutation.body;
    let applications = applications.into_iter().map(ApplicationId).collect();
    let made = basket::submit(mutation.ctx, mutation.idempotency, NewBasket { applications, expected_total })
        .await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &BasketView::of(made.value)))
}

/// Look at a basket
///
/// For who handed it in; staff see the single applications.
#[utoipa::path(
    operation_id = "get_basket", tag = "applications", params(ResourcePath),
    responses((status = 200, description = "The basket", body = BasketView), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/baskets/{id}")]
pub async fn get_basket(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, id) = (segment(&request, "tenant")?, segment(&request, "id")?);
    Ok(respond::plain(&BasketView::of(basket::get(ctx, tenant, id).await?)))
}
