//! The KOMOJU façade: `/api/v1`, HTTP Basic, idempotency header, vendor error bodies.
//!
//! Who calls and what they ask is read here; the way of every call is in `calls`.

mod request;
mod settlement;
mod wire;

use std::time::Duration;

use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{self, Bytes, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use data_encoding::{BASE64, HEXLOWER};
use jiff::Timestamp;
use serde::Deserialize;

use super::calls::{self, AcceptedRefund, Words};
use super::clock::IdSource;
use super::core::{Keyed, Reply, Simulator};
use super::engine::{self, Change, NewRefund, Refusal};
use super::facade::Facade;
use super::faults::Op;
use super::model::{RefundFate, Vendor};
use super::settlement::ReportSpoil;
use super::shaping;
use super::state::State;

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
    /// After how many virtual seconds a refund fails (F28).
    refund_fails_after: Option<u32>,
    /// What is wrong with a settlement report (F34–F37).
    spoil: Option<ReportSpoil>,
}

/// What may follow `GET /payments?`.
#[derive(Debug, Deserialize)]
struct ListQuery {
    external_order_num: Option<String>,
}

/// Adds KOMOJU's routes.
fn routes(config: &mut web::ServiceConfig) {
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
            .route("/settlements", web::get().to(list_settlements))
            .route("/settlements/{id}", web::get().to(get_settlement))
            .route("/settlements/{id}/csv", web::get().to(get_report))
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

async fn list_settlements(sim: Data<Simulator>, request: HttpRequest) -> HttpResponse {
    let query = Bytes::from(request.query_string().to_owned());
    settled(sim, &request, Op::ListSettlements, String::new(), query).await
}

async fn get_settlement(sim: Data<Simulator>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    settled(sim, &request, Op::GetSettlement, id.into_inner(), Bytes::new()).await
}

async fn get_report(sim: Data<Simulator>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    settled(sim, &request, Op::GetReport, id.into_inner(), Bytes::new()).await
}

/// Closes the books, then answers.
async fn settled(
    sim: Data<Simulator>,
    request: &HttpRequest,
    op: Op,
    target: String,
    body: Bytes,
) -> HttpResponse {
    if let Err(error) = sim.settle() {
        tracing::error!(%error, "the simulator's journal cannot be written");
        return shaping::plain(&(WORDS.failure)(500));
    }
    serve(sim, request, op, target, body).await
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
    let secret_key = sim.settings.credential(Vendor::Komoju, "secret_key");
    if !secret_key.is_some_and(|secret_key| authorised(request, secret_key)) {
        return shaping::plain(&wire::error(401, "unauthorized", "Authentication failed.", None));
    }
    let keyed = match idempotency(request, &body) {
        Ok(keyed) => keyed,
        Err(reply) => return shaping::plain(&reply),
    };
    let base = format!("http://{}", sim.address);
    calls::serve(sim, Call { op, target, keyed, body, base, refund_fails_after: None, spoil: None }).await
}

impl calls::Call for Call {
    fn op(&self) -> Op {
        self.op
    }

    fn target(&self) -> &str {
        &self.target
    }

    fn keyed(&self) -> Option<&Keyed> {
        self.keyed.as_ref()
    }

    fn words(&self) -> &'static Words {
        &WORDS
    }

    fn with_failing_refund(self, after_seconds: u32) -> Self {
        Self { refund_fails_after: Some(after_seconds), ..self }
    }

    fn with_spoilt_report(self, spoil: ReportSpoil) -> Self {
        Self { spoil: Some(spoil), ..self }
    }

    fn decide(&self, state: &State, now: Timestamp, ids: &mut IdSource) -> Result<(Change, Reply), Reply> {
        let id = self.target.as_str();
        let refused = |refusal: Refusal| wire::refusal(&refusal);
        match self.op {
            Op::Create => {
                let new = request::new_session(&self.body)?;
                let (change, session) = engine::create_session(state, new, now, ids).map_err(refused)?;
                Ok((change, ok(&wire::session(&session, None, &self.base, now))))
            }
            Op::GetSession => session_reply(state, Change::default(), self, now),
            Op::CancelSession => {
                session_reply(state, engine::cancel_session(state, id, now).map_err(refused)?, self, now)
            }
            Op::GetPayment => payment_reply(state, Change::default(), id),
            Op::ListPayments => Ok((Change::default(), list_reply(state, id))),
            Op::Capture => {
                let asked = request::amount_request(&self.body)?;
                payment_reply(state, engine::capture(state, id, asked.amount, now).map_err(refused)?, id)
            }
            Op::Cancel => payment_reply(state, engine::cancel_payment(state, id, now).map_err(refused)?, id),
            Op::Refund => {
                let asked = request::amount_request(&self.body)?;
                let fate = RefundFate::after(self.refund_fails_after, now);
                let wanted = NewRefund { amount: asked.amount, description: asked.description, fate };
                payment_reply(state, engine::refund(state, id, wanted, now, ids).map_err(refused)?, id)
            }
            Op::ListSettlements => Ok((Change::default(), settlement::list(state, &self.body, &self.base))),
            Op::GetSettlement => settlement::show(state, id, self.spoil, &self.base, ids),
            Op::GetReport => Ok((Change::default(), settlement::report(state, id, self.spoil)?)),
            Op::Webhook | Op::Settle => Err(wire::refusal(&Refusal::NotFound)),
        }
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
    Reply::json(200, value.to_string())
}

/// KOMOJU for the common parts.
pub const FACADE: Facade = Facade {
    routes,
    event_type: wire::event_type,
    notification: wire::notification,
    headers_at_send: None,
    answer_within: Duration::from_secs(5),
    retry_seconds: None,
};

const WORDS: Words = Words {
    failure: |status| match status {
        504 => wire::error(504, "gateway_timeout", "The request timed out.", None),
        _ => wire::error(status, "internal_server_error", "Something went wrong.", None),
    },
    throttled: || wire::error(429, "too_many_requests", "Too many requests.", None),
    in_flight: || {
        wire::error(409, "conflict", "The first request with this key is still being processed.", None)
    },
    key_reused: || {
        wire::error(
            422,
            "unprocessable_entity",
            "The idempotency key was used with a different request.",
            Some("X-KOMOJU-IDEMPOTENCY"),
        )
    },
    refund_refused: || {
        wire::error(422, "refund_not_allowed", "The refund is not allowed for this payment.", None)
    },
    refund_unfit: || wire::refusal(&Refusal::MethodCannot("money paid in this way cannot be sent back")),
    accepted_refund: AcceptedRefund::CanFail,
    clock_off: None,
    nothing_found,
};

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
