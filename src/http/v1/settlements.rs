//! `…/settlements`: payouts of agents, as accountants take them in, see them arrive and look at them.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use data_encoding::BASE64;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::domain::fault::Fault;
use crate::domain::id::{SettlementId, TenantCode};
use crate::domain::settlement::{SettlementBatch, SettlementReport, SignedYen, decode, read_csv};
use crate::http::contract::{
    ChangeProblems, IdempotencyKeyHeader, PageQuery, ReadProblems, ResourcePath, TenantPath,
};
use crate::http::error::ApiError;
use crate::http::extract::{Mutation, Nothing, OptionalIfMatch, SignedIn, segment};
use crate::http::respond;
use crate::service::Refusal;
use crate::service::remittance::Arrival;
use crate::service::settlement::{self, PAGE, SettlementDetail, Upload};
use crate::store::settlement_matches::MatchRow;
use crate::store::settlements::{LineRow, SettlementRow};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_settlements)
        .service(create_settlement)
        .service(get_settlement)
        .service(record_arrival)
        .service(confirm_arrival);
}

/// A payout as an accountant uploads it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSettlement {
    /// Name of the merchant account.
    #[schema(example = "veritrans")]
    gateway: String,
    /// The agent's name of the payout; the same name is the same payout.
    #[schema(example = "2026-04-10", min_length = 1, max_length = 100)]
    batch_reference: String,
    /// The first day it covers.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date, required = false)]
    period_from: Option<Date>,
    /// The last day it covers.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date, required = false)]
    period_to: Option<Date>,
    /// The day it is to arrive.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date, required = false)]
    payout_on: Option<Date>,
    /// Σ gross in yen, as the agent states it.
    gross: i64,
    /// Σ fees in yen.
    fee: i64,
    /// Σ consumption tax on the fees in yen.
    #[serde(default)]
    #[schema(required = false)]
    tax: i64,
    /// What is paid out, in yen.
    net: i64,
    /// The lines as a table of comma-separated values in UTF-8 or Shift_JIS, with the header `line_key`, `kind`
    /// (`capture`, `refund`, `chargeback`, `fee`, `adjustment`, `reserve`), `merchant_reference`, `gateway_payment_id`,
    /// `gross`, `fee`, `tax`, `net`, `occurred_on`.
    content_base64: String,
}

impl CreateSettlement {
    fn upload(self) -> Result<Upload, Refusal> {
        let mut faults = Vec::new();
        let mut amount = |pointer: &str, yen: i64| {
            let (ja, en) = ("金額が正しくありません。", "This is not an amount of yen.");
            SignedYen::new(yen).unwrap_or_else(|_| {
                faults.push(Fault::new(pointer, "amount", ja, en));
                SignedYen::ZERO
            })
        };
        let batch = SettlementBatch {
            gross: amount("/gross", self.gross),
            fee: amount("/fee", self.fee),
            tax: amount("/tax", self.tax),
            net: amount("/net", self.net),
            gateway: self.gateway,
            batch_reference: self.batch_reference,
            period_from: self.period_from,
            period_to: self.period_to,
            payout_on: self.payout_on,
        };
        let name = &batch.batch_reference;
        if name.is_empty() || name.len() > 100 || !name.chars().all(|char| char.is_ascii_graphic()) {
            let (ja, en) =
                ("1～100文字の英数記号で入力してください。", "Please use 1 to 100 visible ASCII characters.");
            faults.push(Fault::new("/batch_reference", "bad_text", ja, en));
        }
        let file = BASE64.decode(self.content_base64.as_bytes()).unwrap_or_default();
        let text = decode(&file).filter(|text| !text.is_empty());
        let lines = text.map_or_else(
            || {
                let (ja, en) = ("ファイルを読み取れません。", "The file cannot be read.");
                Err(vec![Fault::new("/content_base64", "unreadable", ja, en)])
            },
            |text| read_csv(&text),
        );
        let lines = lines.unwrap_or_else(|found| {
            faults.extend(found);
            Vec::new()
        });
        if faults.is_empty() {
            Ok(Upload { report: SettlementReport { batch, lines }, file })
        } else {
            Err(Refusal::Invalid(faults))
        }
    }
}

/// What the bank credited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordArrival {
    /// The day in Japan.
    #[schema(value_type = String, format = Date, example = "2026-04-24")]
    arrived_on: Date,
    /// In yen; exactly what the lines come to.
    #[schema(example = 32340)]
    amount: i64,
    /// The bank's words for it.
    #[schema(min_length = 1, max_length = 200)]
    reference: String,
}

/// A payout.
#[derive(Serialize, ToSchema)]
pub struct SettlementBody {
    /// The payout.
    id: Uuid,
    /// Name of the merchant account.
    gateway: String,
    /// The agent's name of it.
    batch_reference: String,
    /// `imported`, `arrival_recorded` (waits for another officer), `arrived` (is being booked), `settled`, or `mismatch`:
    /// it arrived, and some of its lines wait for a person.
    state: String,
    /// The day it is to arrive.
    #[schema(format = Date)]
    payout_on: Option<String>,
    /// Σ gross in yen, as stated.
    gross: i64,
    /// Σ fees and their tax in yen, as stated.
    fee: i64,
    /// What is paid out in yen, as stated.
    net: i64,
    /// How many lines it has.
    line_count: i64,
    /// The day the bank credited it.
    #[schema(format = Date)]
    arrived_on: Option<String>,
    /// The bank's words for it.
    arrival_reference: Option<String>,
    /// Rises with every change; also the `ETag`.
    version: i64,
}

impl SettlementBody {
    fn of(row: &SettlementRow) -> Self {
        Self {
            id: row.id.0,
            gateway: row.gateway.clone(),
            batch_reference: row.batch_reference.clone(),
            state: row.state.clone(),
            payout_on: row.payout_on.map(|day| day.0.to_string()),
            gross: row.gross.amount(),
            fee: row.fee.amount() + row.tax.amount(),
            net: row.net.amount(),
            line_count: row.line_count,
            arrived_on: row.arrived_on.map(|day| day.0.to_string()),
            arrival_reference: row.arrival_reference.clone(),
            version: row.version,
        }
    }
}

/// One line of a payout.
#[derive(Serialize, ToSchema)]
pub struct SettlementLineBody {
    /// The line.
    id: Uuid,
    /// The agent's id of it.
    line_key: String,
    /// `capture`, `refund`, `chargeback`, `fee`, `adjustment` or `reserve`.
    kind: String,
    /// Our reference of the payment, as the agent gives it.
    merchant_reference: Option<String>,
    /// Taken, or gone back (negative), in yen.
    gross: i64,
    /// Fee and its tax in yen.
    fee: i64,
    /// What of it is paid out, in yen.
    net: i64,
    /// The day it happened.
    #[schema(format = Date)]
    occurred_on: String,
    /// The payment it was matched to; null while it waits, or when it is about none. Of several invoices that were paid in
    /// one act, the payment of the first.
    payment: Option<Uuid>,
    /// All payments it was matched to: more than one where several invoices were paid in one act.
    payments: Vec<Uuid>,
    /// Whether all of it is in the books.
    booked: bool,
    /// `in_time`, `late` or `accepted`, once an agent's money arrived for a capture.
    remittance: Option<String>,
}

impl SettlementLineBody {
    fn of((line, found): &(LineRow, Vec<MatchRow>)) -> Self {
        let first = found.first();
        let payments: Vec<Uuid> = found.iter().filter_map(|one| one.payment_id).map(|id| id.0).collect();
        Self {
            id: line.id.0,
            line_key: line.line_key.clone(),
            kind: line.kind.clone(),
            merchant_reference: line.merchant_reference.clone(),
            gross: line.gross.amount(),
            fee: line.fee.amount() + line.tax.amount(),
            net: line.net.amount(),
            occurred_on: line.occurred_on.0.to_string(),
            payment: payments.first().copied(),
            payments,
            booked: first.is_some() && found.iter().all(|one| one.booked_at.is_some()),
            remittance: first.and_then(|one| one.remittance.clone()),
        }
    }
}

/// A payout with its lines.
#[derive(Serialize, ToSchema)]
pub struct SettlementView {
    /// The payout.
    #[serde(flatten)]
    settlement: SettlementBody,
    /// Its lines, in their order.
    lines: Vec<SettlementLineBody>,
}

impl SettlementView {
    fn of(detail: &SettlementDetail) -> Self {
        Self {
            settlement: SettlementBody::of(&detail.row),
            lines: detail.lines.iter().map(SettlementLineBody::of).collect(),
        }
    }
}

/// A page of payouts.
#[derive(Serialize, ToSchema)]
pub struct SettlementPage {
    /// Youngest first.
    items: Vec<SettlementBody>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// List the payouts of agents
///
/// For accountants, youngest first.
#[utoipa::path(
    operation_id = "list_settlements", tag = "payments", params(TenantPath, PageQuery),
    responses((status = 200, description = "A page", body = SettlementPage), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/settlements")]
pub async fn list_settlements(
    SignedIn(ctx): SignedIn,
    page: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let tenant: TenantCode = segment(&request, "tenant")?;
    let before = cursor(page.cursor.as_deref())?;
    let rows = settlement::list(ctx, tenant, before).await?;
    let full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= PAGE;
    let next_cursor = rows.last().filter(|_| full).map(|row| row.id.to_string());
    Ok(respond::plain(&SettlementPage { items: rows.iter().map(SettlementBody::of).collect(), next_cursor }))
}

fn cursor(text: Option<&str>) -> Result<Option<SettlementId>, Refusal> {
    let (ja, en) = ("カーソルが正しくありません。", "This is not a cursor of this list.");
    let fault = || Refusal::Malformed(vec![Fault::new("/cursor", "cursor", ja, en)]);
    text.map(|text| text.parse().map_err(|_| fault())).transpose()
}

/// Take an agent's report of a payout in
///
/// For accountants. A payout that was reported before gets the lines it lacked; the same report again changes nothing;
/// whatever differs is raised as an exception. Each line then finds its payment.
#[utoipa::path(
    operation_id = "create_settlement", tag = "payments", params(TenantPath, IdempotencyKeyHeader),
    request_body = CreateSettlement,
    responses((status = 201, description = "The payout", body = SettlementBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/settlements")]
pub async fn create_settlement(mutation: Mutation<CreateSettlement>) -> Result<HttpResponse, ApiError> {
    let body = mutation.body;
    let made = settlement::upload(mutation.ctx, mutation.idempotency, move || body.upload()).await?;
    let (status, version) = (StatusCode::CREATED, Some(made.value.version));
    Ok(respond::effect(status, made.origin, version, &SettlementBody::of(&made.value)))
}

/// Look at a payout
///
/// For accountants: its lines, the payments they were matched to, and whether they are booked.
#[utoipa::path(
    operation_id = "get_settlement", tag = "payments", params(ResourcePath),
    responses((status = 200, description = "The payout", body = SettlementView), ReadProblems),
)]
#[get("/v1/tenants/{tenant}/settlements/{id}")]
pub async fn get_settlement(SignedIn(ctx): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (tenant, id): (TenantCode, _) = (segment(&request, "tenant")?, segment(&request, "id")?);
    let detail = settlement::get(ctx, tenant, id).await?;
    Ok(respond::versioned(detail.row.version, &SettlementView::of(&detail)))
}

/// Record that the money of a payout arrived
///
/// For accountants. Another amount than the lines come to is refused (409 `arrival_amount_differs`) and raised as an
/// exception. Until somebody confirms it, another day takes the place of the recorded one.
#[utoipa::path(
    operation_id = "record_arrival", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    request_body = RecordArrival,
    responses((status = 200, description = "The payout", body = SettlementBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/settlements/{id}/arrival")]
pub async fn record_arrival(
    mutation: Mutation<RecordArrival>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let RecordArrival { arrived_on, amount, reference } = mutation.body;
    let arrival = Arrival { arrived_on, amount, reference };
    let made = settlement::arrive(mutation.ctx, mutation.idempotency, id, arrival).await?;
    let version = Some(made.value.version);
    Ok(respond::effect(StatusCode::OK, made.origin, version, &SettlementBody::of(&made.value)))
}

/// Confirm that the money of a payout arrived
///
/// Never by the person who recorded it (403 `own_arrival`). With `If-Match`, only as it was read. Then the lines are booked,
/// and each invoice whose money came by the designated day is paid.
#[utoipa::path(
    operation_id = "confirm_arrival", tag = "payments", params(ResourcePath, IdempotencyKeyHeader),
    responses((status = 200, description = "The payout", body = SettlementBody), ChangeProblems),
)]
#[post("/v1/tenants/{tenant}/settlements/{id}/arrival/confirm")]
pub async fn confirm_arrival(
    mutation: Mutation<Nothing>,
    version: OptionalIfMatch,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = segment(&request, "id")?;
    let made = settlement::confirm(mutation.ctx, mutation.idempotency, id, version.0).await?;
    let version = Some(made.value.version);
    Ok(respond::effect(StatusCode::OK, made.origin, version, &SettlementBody::of(&made.value)))
}
