//! The VeriTrans façade: service `em` under `/paynow` and `/test-paynow`, search beside it, hash of the request, vendor
//! results. An order is the engine's session; a test order is only found by a search that asks for such.
//!
//! Every call takes one way: check the hash, meet an ordered fault, ask the engine, word the answer.

mod request;
mod wire;

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data, Path};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::calls::{self, AcceptedRefund, Words};
use super::clock::IdSource;
use super::core::{Keyed, Reply, Simulator};
use super::engine::{self, Change, NewRefund};
use super::facade::Facade;
use super::faults::Op;
use super::model::{EventKind, RefundFate, Session};
use super::shaping;
use super::state::State;
use request::Params;
use wire::{Code, failure};

pub use wire::way_back;

/// VeriTrans for the common parts. It tells of payments and refunds, not of what a payer only tried.
pub const FACADE: Facade = Facade {
    routes,
    event_type: |kind, _| match kind {
        EventKind::Captured => Some("em.captured"),
        EventKind::Cancelled => Some("em.cancelled"),
        EventKind::Expired => Some("em.expired"),
        EventKind::RefundCreated => Some("em.refunded"),
        EventKind::Authorized | EventKind::Failed | EventKind::Refunded | EventKind::Updated => None,
        EventKind::DisputeOpened | EventKind::DisputeUpdated | EventKind::DisputeClosed => None,
    },
    notification: wire::notification,
    headers_at_send: None,
    answer_within: Duration::from_secs(5),
    retry_seconds: None,
};

const WORDS: Words = Words {
    failure: unavailable,
    throttled: || unavailable(429),
    // The vendor knows no keys in flight; it holds the order instead.
    in_flight: wire::held,
    key_reused: wire::held,
    refund_refused: || failure(Code::NotPossible, None, None),
    refund_unfit: || failure(Code::NotPossible, None, None),
    accepted_refund: AcceptedRefund::IsMade,
    clock_off: None,
    nothing_found: |_| wire::found(&[]),
};

/// One call whose sender is proven.
#[derive(Debug)]
struct Call {
    op: Op,
    /// The order, or the order that a refund belongs to.
    target: String,
    params: Params,
    test: bool,
    /// Where the hosted page is.
    base: String,
    /// After how many virtual seconds a refund fails (F28).
    refund_fails_after: Option<u32>,
}

/// Adds VeriTrans's routes.
fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/paynow/v2/{command}/em", web::post().to(live))
        .route("/test-paynow/v2/{command}/em", web::post().to(test))
        .route("/paynow-search/v2/Search/search", web::post().to(live_search))
        .route("/test-paynow-search/v2/Search/search", web::post().to(test_search));
}

async fn live(sim: Data<Simulator>, command: Path<String>, body: Bytes) -> HttpResponse {
    serve(sim, &command, false, &body).await
}

async fn test(sim: Data<Simulator>, command: Path<String>, body: Bytes) -> HttpResponse {
    serve(sim, &command, true, &body).await
}

async fn live_search(sim: Data<Simulator>, body: Bytes) -> HttpResponse {
    serve(sim, "Search", false, &body).await
}

async fn test_search(sim: Data<Simulator>, body: Bytes) -> HttpResponse {
    serve(sim, "Search", true, &body).await
}

async fn serve(sim: Data<Simulator>, command: &str, test: bool, body: &[u8]) -> HttpResponse {
    let params = match request::proven(body, &sim.settings, test) {
        Ok(params) => params,
        Err(reply) => return shaping::plain(&reply),
    };
    let (op, target) = match command {
        "Authorize" => (Op::Create, params.text("orderId")),
        "Cancel" => (Op::Cancel, params.text("orderId")),
        "Refund" => (Op::Refund, params.text("refundOrderId")),
        "Search" => (Op::ListPayments, params.searched()),
        _ => return shaping::plain(&failure(Code::BadFormat, Some(command), None)),
    };
    let target = target.unwrap_or_default().to_owned();
    let base = format!("http://{}", sim.address);
    calls::serve(sim, Call { op, target, params, test, base, refund_fails_after: None }).await
}

impl calls::Call for Call {
    fn op(&self) -> Op {
        self.op
    }

    fn target(&self) -> &str {
        &self.target
    }

    fn keyed(&self) -> Option<&Keyed> {
        // The order id is the key, for good.
        None
    }

    fn words(&self) -> &'static Words {
        &WORDS
    }

    fn with_failing_refund(self, after_seconds: u32) -> Self {
        Self { refund_fails_after: Some(after_seconds), ..self }
    }

    fn decide(&self, state: &State, now: Timestamp, ids: &mut IdSource) -> Result<(Change, Reply), Reply> {
        match self.op {
            Op::Create => authorize(state, self, now, ids),
            Op::Cancel => {
                let session = command_on(state, self, "Cancel")?;
                let change = engine::cancel_session(state, &session.id, now);
                let change = change.map_err(|refusal| wire::refusal(&refusal, &self.target))?;
                Ok((change, wire::success(&self.target, &session.id, &[])))
            }
            Op::Refund => refund(state, self, now, ids),
            _ => Ok((Change::default(), search(state, self, now))),
        }
    }
}

/// What stands before the vendor's servers has words of its own.
fn unavailable(status: u16) -> Reply {
    Reply::json(status, "<html><body>Service Unavailable</body></html>".to_owned())
}

fn authorize(
    state: &State,
    call: &Call,
    now: Timestamp,
    ids: &mut IdSource,
) -> Result<(Change, Reply), Reply> {
    let (new, option) = request::new_order(&call.params, call.test, now)?;
    if is_refund_id(state, &call.target) {
        return Err(failure(Code::DuplicateOrder, None, Some(&call.target)));
    }
    let (change, session) = engine::create_session(state, new, now, ids)
        .map_err(|refusal| wire::refusal(&refusal, &call.target))?;
    let receipt_no: String = session.id.chars().take(12).collect::<String>().to_uppercase();
    let mut extra = vec![("receiptNo", json!(receipt_no))];
    if option.redirects {
        extra.push(("appUrl", json!(format!("{}/hosted/{}", call.base, session.id))));
    }
    Ok((change, wire::success(&call.target, &session.id, &extra)))
}

/// Money back under an order id of its own, never more than is left of the order it names.
fn refund(state: &State, call: &Call, now: Timestamp, ids: &mut IdSource) -> Result<(Change, Reply), Reply> {
    let session = command_on(state, call, "Refund")?;
    let own_id = call.params.order_id(100)?.to_owned();
    if !matches!(call.params.text("orderKind"), Some("refund" | "refund_new")) {
        return Err(failure(Code::BadField, Some("orderKind"), Some(&own_id)));
    }
    if is_refund_id(state, &own_id) || state.orders.contains_key(&own_id) {
        return Err(failure(Code::DuplicateOrder, None, Some(&own_id)));
    }
    let amount = call.params.amount()?;
    let payment_id = session.payment_id.clone().unwrap_or_default();
    let fate = RefundFate::after(call.refund_fails_after, now);
    let wanted = NewRefund { amount: Some(amount), description: Some(own_id.clone()), fate };
    let change = engine::refund(state, &payment_id, wanted, now, ids);
    let change = change.map_err(|refusal| wire::refusal(&refusal, &own_id))?;
    Ok((change, wire::success(&own_id, &session.id, &[])))
}

/// The order a command is about, if its brand knows the command and the order is of the same brand.
fn command_on<'a>(state: &'a State, call: &Call, command: &str) -> Result<&'a Session, Reply> {
    let option = call.params.option()?;
    let session = find(state, &call.target);
    let session = session.ok_or_else(|| failure(Code::NoOrder, None, Some(&call.target)))?;
    let same = session.metadata.get("serviceOptionType") == Some(&json!(option.name));
    if !same || !option.commands.contains(&command) {
        return Err(failure(Code::NotPossible, None, Some(&call.target)));
    }
    Ok(session)
}

fn search(state: &State, call: &Call, now: Timestamp) -> Reply {
    let asked_for = |session: &&Session| {
        let test = session.metadata.get("dummy") == Some(&Value::Bool(true));
        test == call.test && (!test || call.params.includes_tests())
    };
    let session = find(state, &call.target).filter(asked_for);
    let orders: Vec<Value> =
        session.map(|session| wire::order(session, state.payment_of(session), now)).into_iter().collect();
    wire::found(&orders)
}

fn find<'a>(state: &'a State, order_id: &str) -> Option<&'a Session> {
    state.orders.get(order_id).and_then(|id| state.sessions.get(id))
}

/// Order ids are unique over orders and refunds.
fn is_refund_id(state: &State, order_id: &str) -> bool {
    let mut refunds = state.payments.values().flat_map(|payment| &payment.refunds);
    refunds.any(|refund| refund.description.as_deref() == Some(order_id))
}
