//! `…/payment-links`: a party gives a link out, and whoever holds it sees the notice and pays, without an account.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::payments::{self, OpenPaymentRequest, PaymentBody, SlipBody};
use crate::domain::id::{InvoiceId, TenantCode};
use crate::http::contract::{
    ChangeProblems, IdempotencyKeyHeader, PublicProblems, ReadProblems, ResourcePath,
};
use crate::http::error::{ApiError, Problem};
use crate::http::extract::{Anyone, BearerMutation, Mutation, Nothing, SignedIn, segment};
use crate::http::{locale, respond};
use crate::service::Refusal;
use crate::service::payment::OpenPayment;
use crate::service::payment_link::{self, IssuedLink, Member, NewLink};
use crate::service::payment_link_upkeep;
use crate::service::payment_link_view::{self, LinkView, LinkedInvoice, LinkedStanding};
use crate::service::session::SourceAddress;
use crate::store::payment_links::PaymentLinkRow;
use crate::store::payments::PaymentRow;
use crate::store::receipts::ReceiptRow;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(create_payment_link)
        .service(list_payment_links)
        .service(revoke_payment_link)
        .service(get_payment_link)
        .service(pay_by_link);
}

/// How long the link is to be good.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePaymentLink {
    /// The last day in Japan on which it is good; as long as the body allows where it is left out.
    #[serde(default)]
    #[schema(required = false, value_type = Option<String>, format = Date)]
    expires_on: Option<Date>,
    /// Further invoices of the same obligor that are paid by it in the same act.
    #[serde(default)]
    #[schema(required = false, max_items = 49)]
    further_invoices: Vec<Uuid>,
}

/// A link to pay by.
#[derive(Serialize, ToSchema)]
pub struct PaymentLinkBody {
    /// The link.
    id: Uuid,
    /// The invoice that is paid by it, or the first one of several.
    invoice: Uuid,
    /// Every invoice that is paid by it; in a list, those that are the caller's to pay.
    invoices: Vec<Uuid>,
    /// From when on it is worth nothing.
    #[schema(format = DateTime)]
    expires_at: String,
    /// When a party took it back.
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
}

impl PaymentLinkBody {
    fn of(row: &PaymentLinkRow, members: &[Member]) -> Self {
        Self {
            id: row.id.0,
            invoice: row.invoice_id.0,
            invoices: members.iter().map(|(invoice, _)| invoice.0).collect(),
            expires_at: row.expires_at.0.to_string(),
            revoked_at: row.revoked_at.map(|at| at.0.to_string()),
        }
    }
}

/// A new link with its secret.
#[derive(Serialize, ToSchema)]
pub struct IssuedPaymentLink {
    /// The link.
    #[serde(flatten)]
    link: PaymentLinkBody,
    /// The secret. It is told once: null where the request is repeated; then make another link and revoke this one.
    token: Option<String>,
    /// Where its holder begins; null with the token.
    url: Option<String>,
}

/// The links of an invoice.
#[derive(Serialize, ToSchema)]
pub struct PaymentLinkList {
    /// Oldest first.
    items: Vec<PaymentLinkBody>,
    /// Always null: there is one page.
    next_cursor: Option<String>,
}

/// The secret of a link.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path; it is read by the handler")]
pub struct TokenPath {
    /// The link's secret.
    token: String,
}

/// One line of the notice.
#[derive(Serialize, ToSchema)]
pub struct NoticeLine {
    /// Name of the fee.
    item: String,
    /// In yen.
    amount: i64,
    /// The clause of the ordinance.
    basis: String,
    /// 歳入科目.
    revenue_account: String,
    /// 会計年度.
    fiscal_year: i16,
    /// True while the amount has not been confirmed by the body.
    sample: bool,
}

/// One notice (納入通知) behind a link, and nothing of the person who owes.
#[derive(Serialize, ToSchema)]
pub struct LinkedNotice {
    /// 納付番号: the one number of this debt.
    number: String,
    /// For what it is paid (請求の事由).
    title: String,
    /// 会計年度.
    fiscal_year: i64,
    /// The lines, as they are owed now.
    lines: Vec<NoticeLine>,
    /// What is owed of it, in yen.
    total: i64,
    /// Where the debt stands, as of an invoice.
    state: String,
    /// Whether it is among what is paid by this link now.
    owed: bool,
    /// When the notice was issued.
    #[schema(format = DateTime)]
    issued_at: String,
}

impl LinkedNotice {
    fn of(found: &LinkedInvoice) -> Self {
        let (locale, invoice) = (locale::current().locale, &found.invoice);
        let line = |line: &crate::domain::invoice::InvoiceLine| NoticeLine {
            item: locale.pick(&line.label_ja, &line.label_en).clone(),
            amount: line.amount.amount(),
            basis: line.basis.clone(),
            revenue_account: line.revenue_account.clone(),
            fiscal_year: line.fiscal_year,
            sample: line.sample,
        };
        Self {
            number: invoice.number.clone(),
            title: locale.pick(&found.title.ja, &found.title.en).clone(),
            fiscal_year: invoice.fiscal_year,
            lines: invoice.lines.0.iter().map(line).collect(),
            total: invoice.owed().amount(),
            state: invoice.state.clone(),
            owed: found.standing == LinkedStanding::Owed,
            issued_at: invoice.issued_at.0.to_string(),
        }
    }
}

/// The notice (納入通知) as whoever pays it must see it, and nothing of the person who owes. Of a link for several invoices the first
/// notice stands here, and all of them in `invoices`.
#[derive(Serialize, ToSchema)]
pub struct PaymentLinkView {
    /// 納付番号: the one number of this debt.
    number: String,
    /// The body owed to.
    tenant: String,
    /// Its name.
    tenant_name: String,
    /// For what it is paid (請求の事由).
    title: String,
    /// 会計年度.
    fiscal_year: i64,
    /// The lines, as they are owed now.
    lines: Vec<NoticeLine>,
    /// What is to be paid by this link, in yen; of several invoices the sum of those that are still owed.
    total: i64,
    /// Where the debt stands, as of an invoice.
    state: String,
    /// When the notice was issued.
    #[schema(format = DateTime)]
    issued_at: String,
    /// Every notice behind the link, in the order in which the party named them.
    invoices: Vec<LinkedNotice>,
    /// The methods by which it can be paid by this link now.
    payable_by: Vec<String>,
    /// Those of them for which an `email` must be given, because the gateway sends an invitation there.
    email_needed_for: Vec<String>,
    /// From when on the link is worth nothing.
    #[schema(format = DateTime)]
    expires_at: String,
    /// The youngest payment that was opened by this link; of several invoices the one of the first of them.
    payment: Option<PaymentBody>,
    /// What its payer needs to pay cash or by Pay-easy; null before a slip is issued.
    slip: Option<SlipBody>,
    /// What proves what was paid by this link, for its holder.
    proofs: Vec<LinkedProof>,
}

/// A receipt or a confirmation of what was paid by a link, and nothing of the person who owed.
#[derive(Serialize, ToSchema)]
pub struct LinkedProof {
    /// `official_receipt`, or `entrustment_confirmation` of what a designated agent was entrusted with.
    kind: String,
    /// Its number.
    number: String,
    /// 納付番号 of the debt that it was paid for.
    invoice_number: String,
    /// In yen.
    amount: i64,
    /// The day on which the money was received or entrusted.
    #[schema(format = Date)]
    received_on: String,
    /// When it was issued.
    #[schema(format = DateTime)]
    issued_at: String,
}

impl LinkedProof {
    fn of(row: &ReceiptRow) -> Self {
        Self {
            kind: row.kind.clone(),
            number: row.number.clone(),
            invoice_number: row.content.0.invoice_number.clone(),
            amount: row.amount.amount(),
            received_on: row.content.0.received_on.to_string(),
            issued_at: row.issued_at.0.to_string(),
        }
    }
}

impl PaymentLinkView {
    fn of(found: LinkView) -> Result<Self, ApiError> {
        let locale = locale::current().locale;
        let first = found.invoices.first().map(LinkedNotice::of).ok_or(Refusal::NotFound)?;
        Ok(Self {
            tenant: found.link.tenant_id.to_string(),
            tenant_name: locale.pick(found.body.ja, found.body.en),
            number: first.number,
            title: first.title,
            fiscal_year: first.fiscal_year,
            lines: first.lines,
            total: found.total,
            state: first.state,
            issued_at: first.issued_at,
            invoices: found.invoices.iter().map(LinkedNotice::of).collect(),
            payable_by: found.payable_by,
            email_needed_for: found.email_needed_for,
            expires_at: found.link.expires_at.0.to_string(),
            payment: found.payments.first().map(PaymentBody::of),
            slip: found.slip.as_ref().map(SlipBody::of),
            proofs: found.proofs.iter().map(LinkedProof::of).collect(),
        })
    }
}

/// A payment by a link.
#[derive(Serialize, ToSchema)]
pub struct LinkPaymentBody {
    /// The payment; of several invoices the one of the first of them, where the payer goes for all.
    #[serde(flatten)]
    payment: PaymentBody,
    /// The payment of each invoice; they move together.
    payments: Vec<PaymentBody>,
    /// What the payer is asked for in all, in yen.
    total: i64,
}

impl LinkPaymentBody {
    fn of(lead: &PaymentRow, shares: &[PaymentRow]) -> Self {
        Self {
            payment: PaymentBody::of(lead),
            payments: shares.iter().map(PaymentBody::of).collect(),
            total: shares.iter().map(|share| share.amount.amount()).sum(),
        }
    }
}

/// How to pay by a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayByLinkRequest {
    /// One of `payable_by`.
    #[schema(example = "card")]
    method: String,
    /// Where to come back to after paying; must lie under a registered origin.
    #[serde(default)]
    #[schema(required = false)]
    return_url: Option<String>,
    /// True to give up the payment that this link opened before: it is closed at its gateway first.
    #[serde(default)]
    #[schema(required = false)]
    replace_open: bool,
    /// Where the gateway sends its invitation: required by the methods of `email_needed_for`. It is handed to the gateway and
    /// kept sealed with the payment.
    #[serde(default)]
    #[schema(required = false, example = "payer@example.jp")]
    email: Option<String>,
    /// The `total` that the payer saw, in yen: another one is refused (409 `total_changed`). Required of a link for several
    /// invoices, of which one may have been paid meanwhile.
    #[serde(default)]
    #[schema(required = false)]
    expected_total: Option<i64>,
}

/// Make a link to pay by
///
/// For a party: whoever holds the link sees the notice, not who owes it, and can pay without an account, days later if
/// need be. What is refunded goes to the obligor, not to the holder. The token is told once. With `further_invoices` all of them are
/// shown and paid in one act; each must be owed, by the same obligor, and the caller's to pay.
#[utoipa::path(
    operation_id = "create_payment_link", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    request_body = CreatePaymentLink,
    responses((status = 201, description = "The link", body = IssuedPaymentLink), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/invoices/{id}/payment-links")]
pub async fn create_payment_link(
    mutation: Mutation<CreatePaymentLink>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let invoice = segment(&request, "id")?;
    let public_url = mutation.ctx.core.settings.http.public_url.clone();
    let CreatePaymentLink { expires_on, further_invoices } = mutation.body;
    let further = further_invoices.into_iter().map(InvoiceId).collect();
    let wanted = NewLink { expires_on, further };
    let made = payment_link::create(mutation.ctx, mutation.idempotency, invoice, wanted).await?;
    let IssuedLink { row, members, token } = made.value;
    let url = token.as_ref().map(|token| format!("{public_url}/v1/payment-links/{token}"));
    let body = IssuedPaymentLink { link: PaymentLinkBody::of(&row, &members), token, url };
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &body))
}

/// List the links of an invoice
///
/// For a party; without their secrets, which nobody knows any more.
#[utoipa::path(
    operation_id = "list_payment_links", tag = "payments", params(ResourcePath),
    responses((status = 200, description = "The links", body = PaymentLinkList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/invoices/{id}/payment-links")]
pub async fn list_payment_links(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, _) = (segment(&request, "tenant")?, segment(&request, "id")?);
    let rows = payment_link_upkeep::list(ctx, tenant, id).await?;
    let items = rows.iter().map(|(row, members)| PaymentLinkBody::of(row, members)).collect();
    Ok(respond::plain(&PaymentLinkList { items, next_cursor: None }))
}

/// Take a link back
///
/// From now on it is not found. A payment that was opened by it goes on; cancel that one by itself.
#[utoipa::path(
    operation_id = "revoke_payment_link", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    responses((status = 204, description = "Taken back"), ChangeProblems),
)]
#[delete("/v1/tenants/{tenant}/payment-links/{id}")]
pub async fn revoke_payment_link(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    Ok(respond::nothing(payment_link_upkeep::revoke(mutation.ctx, mutation.idempotency, id).await?.origin))
}

/// The connection's own address: a header could be made up by anybody.
fn source(request: &HttpRequest) -> SourceAddress {
    request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip()).into()
}

/// Look at what a link asks for
///
/// The notice: number, fiscal year, revenue accounts, amount, for what, and by which methods. Unknown, expired and revoked
/// links are all 404.
#[utoipa::path(
    operation_id = "get_payment_link", tag = "payments", params(TokenPath),
    responses(
        (status = 200, description = "The notice", body = PaymentLinkView),
        (status = 429, description = "Too many calls; wait as long as `Retry-After` says", body = Problem,
            content_type = "application/problem+json"),
        PublicProblems,
    ),
    security(()),
)]
#[get("/v1/payment-links/{token}")]
pub async fn get_payment_link(Anyone(ctx): Anyone, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let token: String = segment(&request, "token")?;
    ctx.core.link_calls.admit(&ctx.core, source(&request), &token)?;
    let view = payment_link_view::look(ctx, token).await?;
    Ok(respond::plain(&PaymentLinkView::of(view)?))
}

/// Pay by a link
///
/// Opens a payment as its payer, of all that is still owed behind the link. Where the gateway sends an invitation, say where to. With
/// `replace_open` only a payment that was opened by the same link gives way. Ask for the link again to see what became of the payment.
#[utoipa::path(
    operation_id = "pay_by_link", tag = "payments", params(TokenPath, IdempotencyKeyHeader),
    request_body = PayByLinkRequest,
    responses(
        (status = 201, description = "The payment", body = LinkPaymentBody),
        (status = 429, description = "Too many calls; wait as long as `Retry-After` says", body = Problem,
            content_type = "application/problem+json"),
        ChangeProblems,
    ),
    security(()),
)]
#[post("/v1/payment-links/{token}/payments")]
pub async fn pay_by_link(
    mutation: BearerMutation<PayByLinkRequest>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let token: String = segment(&request, "token")?;
    let BearerMutation { ctx, key, fingerprint, body } = mutation;
    ctx.core.link_calls.admit(&ctx.core, source(&request), &token)?;
    let PayByLinkRequest { method, return_url, replace_open, email, expected_total } = body;
    let asked = OpenPaymentRequest { method, return_url, replace_open }.wanted();
    let wanted = OpenPayment { expected_total, ..asked };
    let made = payment_link::pay(ctx, token, (key, fingerprint), wanted, email).await?;
    let lead = made.value.first().ok_or(Refusal::NotFound)?;
    let body = LinkPaymentBody::of(lead, &made.value);
    Ok(payments::present_as(StatusCode::CREATED, made.origin, lead, &body))
}
