//! The test bench's own door: `/_sim/…` and `/healthz`. No authentication; the listener is loopback only.

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Json, Query};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::core::Simulator;
use super::disputes::contest;
use super::faults::FaultOrder;
use super::ledger::ledger;
use super::model::Vendor;
use super::second_charge::charge;
use super::settlement::Batch;
use super::state::{Delivery, DeliveryState, Entry, Signing};
use super::webhooks::due_at;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockOrder {
    /// Moves the clock on from where it stands.
    #[serde(default)]
    advance_seconds: u32,
    /// Sets the distance from the machine's clock first.
    #[serde(default)]
    shift_ms: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookOrder {
    url: Option<String>,
    #[serde(default)]
    vendor: Vendor,
}

#[derive(Debug, Deserialize)]
struct LedgerQuery {
    external_order_num: Option<String>,
}

/// A notification in `GET /_sim/webhooks`, without its body.
#[derive(Debug, Serialize)]
struct DeliveryLine<'a> {
    id: &'a str,
    event_type: &'a str,
    payment_id: &'a str,
    state: DeliveryState,
    signing: Signing,
    copies: u32,
    attempts: u32,
    last_status: u16,
}

/// Adds the admin routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/healthz", web::get().to(health))
        .route("/_sim/faults", web::post().to(arm))
        .route("/_sim/faults", web::get().to(faults))
        .route("/_sim/faults", web::delete().to(disarm))
        .route("/_sim/ledger", web::get().to(truth))
        .route("/_sim/settlements", web::get().to(settlements))
        .route("/_sim/disputes", web::post().to(contest))
        .route("/_sim/second-charges", web::post().to(charge))
        .route("/_sim/clock", web::get().to(clock))
        .route("/_sim/clock", web::post().to(advance))
        .route("/_sim/webhook", web::post().to(point_webhooks))
        .route("/_sim/webhooks", web::get().to(deliveries))
        .route("/_sim/due", web::get().to(due))
        .route("/_sim/reset", web::post().to(reset));
}

async fn health() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

async fn arm(sim: Data<Simulator>, order: Json<FaultOrder>) -> HttpResponse {
    let order = order.into_inner();
    if !order.fault.goes_with(order.on.op) {
        return bad(
            "F14 to F20 go with op \"webhook\", F09 with \"create\", F12 and F13 with a query, F26 to F28 with \"refund\", F34 \
             with get_report or settle, F35 and F36 with get_report, F37 with get_report or get_settlement, all others with a call",
        );
    }
    if !(500..=599).contains(&order.args.status) {
        return bad("status must be a 5xx");
    }
    sim.lock().faults.arm(order);
    HttpResponse::Created().json(json!({ "armed": true }))
}

async fn faults(sim: Data<Simulator>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "items": sim.lock().faults.list() }))
}

async fn disarm(sim: Data<Simulator>) -> HttpResponse {
    sim.lock().faults.clear();
    HttpResponse::NoContent().finish()
}

async fn truth(sim: Data<Simulator>, query: Query<LedgerQuery>) -> HttpResponse {
    let mut inner = sim.lock();
    if let Err(error) = sim.tick(&mut inner) {
        return broken(&error);
    }
    HttpResponse::Ok().json(ledger(&inner.state, query.external_order_num.as_deref()))
}

/// What was paid out, batch by batch, and what is paid out in none: the truth about settlements.
async fn settlements(sim: Data<Simulator>) -> HttpResponse {
    if let Err(error) = sim.settle() {
        return broken(&error);
    }
    let inner = sim.lock();
    let items: Vec<&Batch> = inner.state.settlements.values().collect();
    HttpResponse::Ok().json(json!({ "items": items }))
}

async fn clock(sim: Data<Simulator>) -> HttpResponse {
    let inner = sim.lock();
    HttpResponse::Ok().json(json!({ "now": inner.now().to_string(), "shift_ms": inner.state.shift_ms }))
}

async fn advance(sim: Data<Simulator>, order: Json<ClockOrder>) -> HttpResponse {
    let mut inner = sim.lock();
    let step = i64::from(order.advance_seconds).saturating_mul(1_000);
    let shift = order.shift_ms.unwrap_or(inner.state.shift_ms).saturating_add(step);
    let done = inner.record(vec![Entry::ClockShift(shift)]).and_then(|()| sim.tick(&mut inner));
    sim.wake.notify_one();
    match done {
        Ok(()) => HttpResponse::Ok().json(json!({ "now": inner.now().to_string(), "shift_ms": shift })),
        Err(error) => broken(&error),
    }
}

async fn point_webhooks(sim: Data<Simulator>, order: Json<WebhookOrder>) -> HttpResponse {
    let WebhookOrder { url, vendor } = order.into_inner();
    if url.as_deref().is_some_and(|url| reqwest::Url::parse(url).is_err()) {
        return bad("url is not a URL");
    }
    let done = sim.lock().record(vec![Entry::VendorWebhookUrl(vendor, url.clone())]);
    sim.wake.notify_one();
    match done {
        Ok(()) => HttpResponse::Ok().json(json!({ "url": url })),
        Err(error) => broken(&error),
    }
}

async fn deliveries(sim: Data<Simulator>) -> HttpResponse {
    let inner = sim.lock();
    let items: Vec<DeliveryLine<'_>> = inner.state.deliveries.values().map(line).collect();
    HttpResponse::Ok().json(json!({ "items": items }))
}

/// How many notifications are due and not answered yet: none means that whoever moves the clock on loses nothing.
async fn due(sim: Data<Simulator>) -> HttpResponse {
    let mut inner = sim.lock();
    if let Err(error) = sim.tick(&mut inner) {
        return broken(&error);
    }
    HttpResponse::Ok().json(json!({ "notifications": due_at(&inner, inner.now()).count() }))
}

async fn reset(sim: Data<Simulator>) -> HttpResponse {
    let mut inner = sim.lock();
    inner.faults.clear();
    match inner.record(vec![Entry::Reset]) {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(error) => broken(&error),
    }
}

fn line(delivery: &Delivery) -> DeliveryLine<'_> {
    DeliveryLine {
        id: &delivery.id,
        event_type: &delivery.event_type,
        payment_id: &delivery.payment_id,
        state: delivery.state,
        signing: delivery.signing,
        copies: delivery.copies,
        attempts: delivery.attempts,
        last_status: delivery.last_status,
    }
}

fn bad(why: &str) -> HttpResponse {
    HttpResponse::BadRequest().json(json!({ "error": why }))
}

fn broken(error: &std::io::Error) -> HttpResponse {
    tracing::error!(%error, "the simulator's journal cannot be written");
    HttpResponse::InternalServerError().json(json!({ "error": error.to_string() }))
}
