//! The KOMOJU façade: `/api/v1`, HTTP Basic, idempotency header, vendor error bodies.
//!
//! Every call takes one way: check the key, meet an ordered fault, ask the engine, word the answer.

mod request;
mod wire;

use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{self, Bytes, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use data_encoding::{BASE64, HEXLOWER};
use jiff::Timestamp;
use serde::Deserialize;

use super::clock::IdSource;
use super::core::{CallFault, Keyed, Reply, Simulator};
use super::engine::{self, Change, Refusal};
use super::faults::{FaultArgs, FaultKind, Op};
use super::shaping;
use super::state::State;

pub use wire::{event_type, notification};

/// One call after the façade has read its frame.
#[derive(Debug)]
struct Call {
    op: Op,
    /// Session id, payment id or the merchant's reference; empty when the call names none.
    target: String,
    keyed: Option<Keyed>,
    body: Bytes,
    /// Where the hosted page is.
    base: String,
}

/// What may follow `GET /payments?`.
#[derive(Debug, Deserialize)]
struct ListQuery {
    external_order_num: Option<String>,
}

/// Adds KOMOJU's routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/api/v1")
            .route("/sessions", web::post().to(create))
            .route("/sessions/{id}", web::get().to(get_session))
            .route("/sessions/{id}/cancel", web::post().to(cancel_session))
            .route("/payments", web::get().to(list_payments))
            .route("/payments/{id}", web::get().to(get_payment))
            .route("/payments/{id}/capture", web::post().to(capture))
            .route("/payments/{id}/cancel", web::post().to(cancel))
            .route("/payments/{id}/refund", web::post().to(refund))
            .default_service(web::to(unknown)),
    );
}

async fn create(sim: Data<Simulator>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let order = request::new_session(&body).ok().and_then(|new| new.external_order_num).unwrap_or_default();
    serve(sim, &request, Op::Create, order, body).await
}

async fn get_session(sim: Data<Simulator>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    serve(sim, &request, Op::GetSession, id.into_inner(), Bytes::new()).await
}

async fn cancel_session(
    sim: Data<Simulator>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> HttpResponse {
    serve(sim, &request, Op::CancelSession, id.into_inner(), body).await
}

async fn get_payment(sim: Data<Simulator>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    serve(sim, &request, Op::GetPayment, id.into_inner(), Bytes::new()).await
}

async fn list_payments(sim: Data<Simulator>, request: HttpRequest, query: Query<ListQuery>) -> HttpResponse {
    let order = query.into_inner().external_order_num.unwrap_or_default();
    serve(sim, &request, Op::ListPayments, order, Bytes::new()).await
}

async fn capture(sim: Data<Simulator>, request: HttpRequest, id: Path<String>, body: Bytes) -> HttpResponse {
    serve(sim, &request, Op::Capture, id.into_inner(), body).await
}

async fn cancel(sim: Data<Simulator>, request: HttpRequest, id: Path<String>, body: Bytes) -> HttpResponse {
    serve(sim, &request, Op::Cancel, id.into_inner(), body).await
}

async fn refund(sim: Data<Simulator>, request: HttpRequest, id: Path<String>, body: Bytes) -> HttpResponse {
    serve(sim, &request, Op::Refund, id.into_inner(), body).await
}

async fn unknown() -> HttpResponse {
    shaping::plain(&wire::refusal(&Refusal::NotFound))
}

async fn serve(
    sim: Data<Simulator>,
    request: &HttpRequest,
    op: Op,
    target: String,
    body: Bytes,
) -> HttpResponse {
    if !authorised(request, &sim.settings.secret_key) {
        return shaping::plain(&wire::error(401, "unauthorized", "Authentication failed.", None));
    }
    let keyed = match idempotency(request, &body) {
        Ok(keyed) => keyed,
        Err(reply) => return shaping::plain(&reply),
    };
    let call = Call { op, target, keyed, body, base: format!("http://{}", sim.address) };
    match sim.take_fault(op, &call.target) {
        None => shaping::plain(&perform(&sim, &call)),
        Some(order) => faulty(sim, call, order.fault, &order.args).await,
    }
}

/// Carries a call out, or not, and spoils the answer as ordered.
async fn faulty(sim: Data<Simulator>, call: Call, fault: FaultKind, args: &FaultArgs) -> HttpResponse {
    let (op, status) = (call.op, args.status);
    match fault {
        FaultKind::F01 => shaping::silence(args, &timeout()).await,
        FaultKind::F02 => {
            perform(&sim, &call);
            shaping::silence(args, &timeout()).await
        }
        FaultKind::F03 => shaping::broken(perform(&sim, &call)),
        FaultKind::F04 => shaping::spoilt(perform(&sim, &call), args.style),
        FaultKind::F05 => {
            perform(&sim, &call);
            shaping::plain(&wire::error(status, "internal_server_error", "Something went wrong.", None))
        }
        FaultKind::F06 => {
            shaping::plain(&wire::error(status, "internal_server_error", "Something went wrong.", None))
        }
        FaultKind::F07 => shaping::plain(&in_flight()),
        FaultKind::F08 => {
            let reply = wire::error(429, "too_many_requests", "Too many requests.", None);
            shaping::retry_after(&reply, args.retry_after)
        }
        FaultKind::F12 => shaping::plain(&nothing_found(op)),
        FaultKind::F11 => slowly(sim, call, args.hold_ms).await,
        _ => shaping::plain(&perform(&sim, &call)),
    }
}

/// Works on after the caller has hung up: the effect comes late, and the key is in flight until then.
async fn slowly(sim: Data<Simulator>, call: Call, hold_ms: u64) -> HttpResponse {
    if sim.enter(call.keyed.as_ref()).is_err() {
        return shaping::plain(&in_flight());
    }
    let work = actix_web::rt::spawn(async move {
        shaping::pause(hold_ms).await;
        sim.leave(call.keyed.as_ref());
        perform(&sim, &call)
    });
    shaping::plain(&work.await.unwrap_or_else(|_| timeout()))
}

fn perform(sim: &Simulator, call: &Call) -> Reply {
    // A key that another request holds is refused before anything is looked at.
    if let Err(fault) = sim.enter(call.keyed.as_ref()) {
        return refused_call(&fault);
    }
    let outcome = sim.call(call.keyed.as_ref(), |state, now, ids| {
        decide(state, call, now, ids).unwrap_or_else(|reply| (Change::default(), reply))
    });
    sim.leave(call.keyed.as_ref());
    outcome.unwrap_or_else(|fault| refused_call(&fault))
}

fn refused_call(fault: &CallFault) -> Reply {
    match fault {
        CallFault::KeyInFlight => in_flight(),
        CallFault::KeyReused => wire::error(
            422,
            "unprocessable_entity",
            "The idempotency key was used with a different request.",
            Some("X-KOMOJU-IDEMPOTENCY"),
        ),
        CallFault::Journal(error) => {
            tracing::error!(%error, "the simulator's journal cannot be written");
            wire::error(500, "internal_server_error", "Something went wrong.", None)
        }
    }
}

fn decide(state: &State, call: &Call, now: Timestamp, ids: &mut IdSource) -> Result<(Change, Reply), Reply> {
    let id = call.target.as_str();
    let refused = |refusal: Refusal| wire::refusal(&refusal);
    match call.op {
        Op::Create => {
            let new = request::new_session(&call.body)?;
            let (change, session) = engine::create_session(state, new, now, ids).map_err(refused)?;
            Ok((change, ok(&wire::session(&session, None, &call.base, now))))
        }
        Op::GetSession => session_reply(state, Change::default(), call, now),
        Op::CancelSession => {
            session_reply(state, engine::cancel_session(state, id, now).map_err(refused)?, call, now)
        }
        Op::GetPayment => payment_reply(state, Change::default(), id),
        Op::ListPayments => Ok((Change::default(), list_reply(state, id))),
        Op::Capture => {
            let asked = request::amount_request(&call.body)?;
            payment_reply(state, engine::capture(state, id, asked.amount, now).map_err(refused)?, id)
        }
        Op::Cancel => payment_reply(state, engine::cancel_payment(state, id, now).map_err(refused)?, id),
        Op::Refund => {
            let asked = request::amount_request(&call.body)?;
            let change =
                engine::refund(state, id, asked.amount, asked.description, now, ids).map_err(refused)?;
            payment_reply(state, change, id)
        }
        Op::Webhook => Err(wire::refusal(&Refusal::NotFound)),
    }
}

fn session_reply(
    state: &State,
    change: Change,
    call: &Call,
    now: Timestamp,
) -> Result<(Change, Reply), Reply> {
    let session =
        change.session_after(state, &call.target).ok_or_else(|| wire::refusal(&Refusal::NotFound))?;
    let payment = session.payment_id.as_deref().and_then(|id| change.payment_after(state, id));
    let reply = ok(&wire::session(session, payment, &call.base, now));
    Ok((change, reply))
}

fn payment_reply(state: &State, change: Change, id: &str) -> Result<(Change, Reply), Reply> {
    let payment = change.payment_after(state, id).ok_or_else(|| wire::refusal(&Refusal::NotFound))?;
    let reply = ok(&wire::payment_value(payment));
    Ok((change, reply))
}

/// The payments of one merchant's reference; all of them when none is named.
fn list_reply(state: &State, order: &str) -> Reply {
    let wanted = |reference: &Option<String>| order.is_empty() || reference.as_deref() == Some(order);
    let found: Vec<_> =
        state.payments.values().filter(|payment| wanted(&payment.external_order_num)).collect();
    ok(&wire::list(&found))
}

fn nothing_found(op: Op) -> Reply {
    match op {
        Op::ListPayments => ok(&wire::list(&[])),
        _ => wire::refusal(&Refusal::NotFound),
    }
}

fn ok(value: &serde_json::Value) -> Reply {
    Reply { status: 200, body: value.to_string() }
}

fn timeout() -> Reply {
    wire::error(504, "gateway_timeout", "The request timed out.", None)
}

fn in_flight() -> Reply {
    wire::error(409, "conflict", "The first request with this key is still being processed.", None)
}

/// HTTP Basic: the secret key as user, no password.
fn authorised(request: &HttpRequest, secret_key: &str) -> bool {
    let Some(header) = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let Some(given) = header.strip_prefix("Basic ").and_then(|text| BASE64.decode(text.as_bytes()).ok())
    else {
        return false;
    };
    verify_slices_are_equal(&given, format!("{secret_key}:").as_bytes()).is_ok()
}

/// The idempotency key of a POST; other methods ignore it.
fn idempotency(request: &HttpRequest, body: &[u8]) -> Result<Option<Keyed>, Reply> {
    const NAME: &str = "X-KOMOJU-IDEMPOTENCY";
    if request.method() != actix_web::http::Method::POST {
        return Ok(None);
    }
    let Some(value) = request.headers().get(NAME) else { return Ok(None) };
    let key = value.to_str().unwrap_or_default();
    if key.is_empty() || key.len() > 100 || !key.is_ascii() {
        return Err(wire::error(
            400,
            "bad_request",
            "The key must be 1 to 100 ASCII characters.",
            Some(NAME),
        ));
    }
    let mut context = digest::Context::new(&digest::SHA256);
    for part in [request.method().as_str().as_bytes(), request.path().as_bytes(), body] {
        context.update(part);
        context.update(b"\n");
    }
    let fingerprint = HEXLOWER.encode(context.finish().as_ref());
    Ok(Some(Keyed { key: key.to_owned(), fingerprint }))
}
