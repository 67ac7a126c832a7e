//! `…/arrears`, `…/invoices/{id}/arrears`, `/demand`, `/write-off`: what was not paid in time.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::approval_bodies::WeightWord;
use super::mine::cursor;
use crate::domain::arrears::{ChargeKind, ChargeOrder, Debt};
use crate::domain::id::{InvoiceId, TenantCode};
use crate::domain::procedure::Bilingual;
use crate::http::contract::{
    ChangeProblems, IdempotencyKeyHeader, IfMatchHeader, ReadProblems, ResourcePath, TenantPath,
    VersionProblems,
};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Mutation, Nothing, SignedIn, segment};
use crate::http::{locale, respond};
use crate::service::arrears::{self, Arrears, ArrearsStanding};
use crate::service::charge;
use crate::service::write_off::{self, DraftWriteOff, ProposedWriteOff};
use crate::store::charges::ChargeRow;
use crate::store::demands::DemandRow;
use crate::store::invoices::InvoiceRow;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_arrears)
        .service(get_arrears)
        .service(issue_demand)
        .service(assess_late_charge)
        .service(propose_write_off);
}

/// A demand (督促).
#[derive(Serialize, ToSchema)]
pub struct DemandBody {
    /// When it was issued.
    #[schema(format = Date)]
    issued_on: String,
    /// 指定期限: the day by which it asks to be paid.
    #[schema(format = Date)]
    pay_until: String,
    /// What was owed then, in yen.
    principal: i64,
    /// 督促手数料, in yen.
    demand_fee: i64,
    /// The ordinance.
    basis: String,
    /// It went out by itself, not by an officer.
    automatic: bool,
}

impl DemandBody {
    fn of(row: &DemandRow) -> Self {
        Self {
            issued_on: row.issued_on.0.to_string(),
            pay_until: row.pay_until.0.to_string(),
            principal: row.principal.amount(),
            demand_fee: row.demand_fee.amount(),
            basis: row.basis.clone(),
            automatic: row.issued_by.is_none(),
        }
    }
}

/// Something owed beside a late claim.
#[derive(Serialize, ToSchema)]
pub struct ChargeBody {
    /// Its invoice, which is looked at and paid like any other.
    invoice: Uuid,
    /// The number of that invoice.
    number: String,
    /// `demand_fee` (督促手数料) or `late_charge` (延滞金).
    kind: String,
    /// In yen.
    amount: i64,
    /// The state of the invoice.
    state: String,
    /// The day up to which it accrued; of a fee the day of the demand.
    #[schema(format = Date)]
    computed_to: String,
}

impl ChargeBody {
    fn of((charge, invoice): &(ChargeRow, InvoiceRow)) -> Self {
        Self {
            invoice: invoice.id.0,
            number: invoice.number.clone(),
            kind: charge.kind.clone(),
            amount: charge.amount.amount(),
            state: invoice.state.clone(),
            computed_to: charge.computed_to.0.to_string(),
        }
    }
}

/// A claim that was not paid in time.
#[derive(Serialize, ToSchema)]
pub struct ArrearsBody {
    /// The invoice.
    invoice: Uuid,
    /// Its number.
    invoice_number: String,
    /// The case.
    application: Uuid,
    /// `claim`, or where it was assessed beside a late claim `demand_fee` (督促手数料) or `late_charge` (延滞金).
    kind: &'static str,
    /// The late claim beside which it was assessed.
    principal: Option<Uuid>,
    /// What is owed of it, in yen.
    owed: i64,
    /// It is owed, late, and nobody is paying.
    in_arrears: bool,
    /// 納期限.
    #[schema(format = Date)]
    due_on: Option<String>,
    /// The last day on which paying was in time: the due day, moved off days off.
    #[schema(format = Date)]
    last_day_in_time: String,
    /// The demand, once it went out.
    demand: Option<DemandBody>,
    /// The day by which the demand must have gone out.
    #[schema(format = Date)]
    demand_by: Option<String>,
    /// 延滞金 in yen, up to `computed_to`.
    charge: i64,
    /// How it came about, step by step.
    charge_explanation: Vec<String>,
    /// The day of payment, or today.
    #[schema(format = Date)]
    computed_to: String,
    /// What of the charge is not assessed yet, in yen: it is once the claim is paid.
    accruing: i64,
    /// What was assessed beside the claim so far, oldest first; each is an invoice of its own.
    charges: Vec<ChargeBody>,
    /// `principal_first` or `charges_first`: which debt is taken first; null where nothing is billed beside a claim.
    order: Option<&'static str>,
    /// What is open in all, in yen: the claim, what was assessed beside it, and what has accrued since.
    balance: i64,
    /// `court`, or `compulsory` (滞納処分).
    enforcement: &'static str,
    /// The day after which the claim is extinct by limitation; a demand and an acknowledgement count it anew.
    #[schema(format = Date)]
    extinct_after: Option<String>,
    /// How that day came about, line by line.
    limitation_explanation: Vec<String>,
    /// The ordinance.
    basis: String,
    /// The ordinance has not been confirmed by the body.
    sample: bool,
}

impl ArrearsBody {
    fn of(found: &Arrears) -> Result<Self, ApiError> {
        let invoice = &found.invoice;
        Ok(Self {
            invoice: invoice.id.0,
            invoice_number: invoice.number.clone(),
            application: invoice.application_id.0,
            kind: found.charge_kind.map_or("claim", ChargeKind::as_str),
            principal: invoice.principal_id.map(|principal| principal.0),
            owed: invoice.owed().amount(),
            in_arrears: found.standing == ArrearsStanding::InArrears,
            due_on: invoice.due_on.map(|day| day.0.to_string()),
            last_day_in_time: found.last_day_in_time.to_string(),
            demand: found.demand.as_ref().map(DemandBody::of),
            demand_by: found.demand_by.map(|day| day.to_string()),
            charge: found.charge.amount.amount(),
            charge_explanation: lines(&found.charge.lines),
            computed_to: found.computed_to.to_string(),
            accruing: found.accruing()?.amount(),
            charges: found.charges.iter().map(ChargeBody::of).collect(),
            order: found.order.map(ChargeOrder::as_str),
            balance: found.balance()?,
            enforcement: found.enforcement.as_str(),
            extinct_after: found.limitation.extinct_after.map(|day| day.to_string()),
            limitation_explanation: lines(&found.limitation.lines),
            basis: found.basis.clone(),
            sample: found.sample,
        })
    }
}

fn lines(lines: &[Bilingual]) -> Vec<String> {
    let locale = locale::current().locale;
    lines.iter().map(|line| locale.pick(&line.ja, &line.en).clone()).collect()
}

/// Which debts are listed.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DebtWord {
    /// Claims.
    #[default]
    Principal,
    /// What is owed beside late claims: fees of demands and late charges.
    Charge,
}

/// Which page of which debts.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ArrearsFilter {
    /// `principal` (the default): claims. `charge`: what is owed beside late ones and stays when those are paid.
    #[serde(default)]
    #[param(inline, required = false)]
    debt: DebtWord,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of what is in arrears.
#[derive(Serialize, ToSchema)]
pub struct ArrearsList {
    /// Oldest invoice first.
    items: Vec<ArrearsBody>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// What is proposed to be written off.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeWriteOff {
    /// The code of a ground of the body.
    #[schema(example = "limitation")]
    ground: String,
    /// Facts and evidence.
    reasons: Vec<String>,
    /// How much the matter weighs.
    #[serde(default)]
    #[schema(required = false)]
    weight: WeightWord,
}

/// A write-off on its route.
#[derive(Serialize, ToSchema)]
pub struct WriteOffBody {
    /// The draft; it is looked at as the proposal of the case with the subject `write_off`.
    proposal: Uuid,
    /// The case.
    application: Uuid,
    /// The invoice.
    invoice: Uuid,
    /// How much is given up, in yen: all that is owed.
    amount: i64,
    /// The ground.
    ground: String,
    /// `in_approval`, `approved`, `returned` or `recalled`.
    state: String,
    /// Version of the case; also the `ETag`.
    version: i64,
}

impl WriteOffBody {
    fn of(made: &ProposedWriteOff) -> Self {
        Self {
            proposal: made.proposal.0,
            application: made.invoice.application_id.0,
            invoice: made.invoice.id.0,
            amount: made.amount,
            ground: made.ground.clone(),
            state: made.state.clone(),
            version: made.version,
        }
    }
}

/// List what is in arrears
///
/// For accountants: owed, due in the past, and paid by nobody, each with the day after which it is extinct by limitation. What is
/// pending, entrusted or unknown is not among it. What is owed beside late claims is listed on its own (`debt=charge`).
#[utoipa::path(
    operation_id = "list_arrears", tag = "payments", params(TenantPath, ArrearsFilter),
    responses((status = 200, description = "A page", body = ArrearsList), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/arrears")]
pub async fn list_arrears(
    SignedIn(ctx): SignedIn,
    request: HttpRequest,
    filter: web::Query<ArrearsFilter>,
) -> Result<HttpResponse, ApiError> {
    let tenant: TenantCode = segment(&request, "tenant")?;
    let after = cursor(filter.cursor.as_deref())?.map(InvoiceId);
    let debt = match filter.debt {
        DebtWord::Principal => Debt::Principal,
        DebtWord::Charge => Debt::Charge,
    };
    let found = arrears::list(ctx, tenant, debt, after).await?;
    let items = found.items.iter().map(ArrearsBody::of).collect::<Result<_, _>>()?;
    Ok(respond::plain(&ArrearsList { items, next_cursor: found.next.map(|id| id.to_string()) }))
}

/// How late an invoice is
///
/// For its obligor and for staff: the demand, what has accrued since, line by line, and the limitation. Nothing accrues on what is
/// itself owed beside a late claim. Not found where the body has no terms for it.
#[utoipa::path(
    operation_id = "get_arrears", tag = "payments", params(ResourcePath),
    responses((status = 200, description = "How late it is or was", body = ArrearsBody), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/invoices/{id}/arrears")]
pub async fn get_arrears(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, _) = (segment(&request, "tenant")?, segment(&request, "id")?);
    Ok(respond::plain(&ArrearsBody::of(&arrears::of_invoice(ctx, tenant, id).await?)?))
}

/// Send the demand
///
/// Once an invoice; it goes out by itself on the day that the body's terms say, where nobody sent it before. Refused while
/// anybody is paying (409 `not_in_arrears`). What is owed beside a late claim is demanded only where the body's rule says so (409
/// `charge_not_demanded`), never by itself, and without a fee.
#[utoipa::path(
    operation_id = "issue_demand", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    responses((status = 201, description = "It is sent", body = ArrearsBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/invoices/{id}/demand")]
pub async fn issue_demand(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let made = arrears::demand(mutation.ctx, mutation.idempotency, id).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &ArrearsBody::of(&made.value)?))
}

/// Assess the late charge up to today
///
/// For officers, after the demand: what has accrued and is not assessed yet becomes an invoice of its own, so that it can be paid
/// before the claim where the ordinance puts it first. Without it the late charge is assessed once the claim is paid. Refused
/// where nothing has accrued (409 `nothing_accrued`).
#[utoipa::path(
    operation_id = "assess_late_charge", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    responses((status = 201, description = "It is assessed", body = ArrearsBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/invoices/{id}/charges")]
pub async fn assess_late_charge(
    mutation: Mutation<Nothing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let made = charge::assess_now(mutation.ctx, mutation.idempotency, id).await?;
    Ok(respond::effect(StatusCode::CREATED, made.origin, None, &ArrearsBody::of(&made.value)?))
}

/// Propose to write a claim off
///
/// 不納欠損 of all that is owed, on a ground of the body. It goes on the route of write-offs and is sealed at
/// `…/applications/{id}/approval/approve` with the subject `write_off`, never by the drafter. `If-Match` names the version of
/// the case.
#[utoipa::path(
    operation_id = "propose_write_off", tag = "review", params(ResourcePath, IdempotencyKeyHeader, IfMatchHeader),
    request_body = ProposeWriteOff,
    responses((status = 201, description = "It is on its route", body = WriteOffBody), ChangeProblems, VersionProblems),
)]
#[post("/v1/tenants/{tenant}/invoices/{id}/write-off")]
pub async fn propose_write_off(
    mutation: Mutation<ProposeWriteOff>,
    version: IfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let ProposeWriteOff { ground, reasons, weight } = mutation.body;
    let draft = DraftWriteOff { ground, reasons, weight: weight.into() };
    let id = segment(&request, "id")?;
    let made = write_off::propose(mutation.ctx, mutation.idempotency, id, version.0, draft).await?;
    let body = WriteOffBody::of(&made.value);
    Ok(respond::effect(StatusCode::CREATED, made.origin, Some(made.value.version), &body))
}
