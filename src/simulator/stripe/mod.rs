//! The Stripe façade: `/v1`, Bearer key, form-encoded bodies, `Idempotency-Key`, sessions, payment intents, refunds,
//! disputes, signed events.
//!
//! A key keeps its first status and body, a failure's too, once the work has begun; what was refused for its form is not
//! kept. Who calls and what they ask is read here; the way of every call is in `calls`.

mod request;
mod settlement;
mod wire;

use std::time::Duration;

use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{self, Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use jiff::Timestamp;

use super::calls::{self, AcceptedRefund, Words};
use super::clock::IdSource;
use super::core::{Keyed, Reply, Simulator};
use super::engine::{self, Change, NewRefund, Refusal};
use super::facade::Facade;
use super::faults::Op;
use super::model::{Payment, RefundFate, Session, SessionStatus, Vendor};
use super::settlement::ReportSpoil;
use super::shaping;
use super::state::State;

use request::Form;

/// The waits between the deliveries of an event, three days in all, ever longer (Stripe names the days, not the steps).
const RETRY_SECONDS: [u32; 12] =
    [5, 60, 300, 1_800, 7_200, 18_000, 36_000, 36_000, 43_200, 43_200, 43_200, 30_235];

/// Stripe for the common parts.
pub const FACADE: Facade = Facade {
    routes,
    event_type: |kind, payment| Some(wire::event_type(kind, payment)),
    notification: wire::notification,
    headers_at_send: Some(wire::signature),
    answer_within: Duration::from_secs(20),
    retry_seconds: Some(&RETRY_SECONDS),
};

const WORDS: Words = Words {
    failure: |status| wire::error(status, "api_error", "api_error", "Something went wrong on our end."),
    throttled: || wire::error(429, "invalid_request_error", "rate_limit", "Too many requests."),
    in_flight: || {
        let words = "There is currently another in-progress request using this Idempotent Key.";
        wire::error(409, "idempotency_error", "idempotency_key_in_use", words)
    },
    key_reused: || {
        let words = "Keys for idempotent requests can only be used with the same parameters.";
        wire::error(400, "idempotency_error", "idempotency_error", words)
    },
    refund_refused: || {
        let words = "This payment cannot be refunded.";
        wire::error(400, "invalid_request_error", "charge_not_refundable", words)
    },
    refund_unfit: || wire::refusal(&Refusal::MethodCannot("This payment method does not support refunds.")),
    accepted_refund: AcceptedRefund::CanFail,
    clock_off: None,
    nothing_found: |_| wire::refusal(&Refusal::NotFound),
};

/// One call after the façade has read its frame.
#[derive(Debug)]
struct Call {
    op: Op,
    /// Session or payment; empty when the call names none.
    target: String,
    keyed: Option<Keyed>,
    form: Form,
    /// Where the hosted page is.
    base: String,
    /// After how many virtual seconds a refund fails (F28).
    refund_fails_after: Option<u32>,
    /// Whether the answer shows a session's payment whole.
    expands: bool,
    /// What a question about a payment is to show.
    shows: Shows,
    /// What is wrong with a settlement report (F34–F37).
    spoil: Option<ReportSpoil>,
}

/// What the address of a question asks for.
#[derive(Debug)]
enum Shows {
    /// The payment itself.
    Intent,
    /// All its refunds.
    Refunds,
    /// One of them.
    Refund(String),
    /// Something that is no payment.
    Other,
}

impl Shows {
    fn of(path: &str) -> Self {
        match path.strip_prefix("/v1/").and_then(|rest| rest.split_once('/')) {
            Some(("payment_intents", _)) => Self::Intent,
            Some(("refunds", id)) => Self::Refund(id.to_owned()),
            _ if path == "/v1/refunds" => Self::Refunds,
            _ => Self::Other,
        }
    }
}

/// Adds Stripe's routes.
fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/v1")
            .route("/checkout/sessions", web::post().to(create))
            .route("/checkout/sessions/{id}", web::get().to(get_session))
            .route("/checkout/sessions/{id}/expire", web::post().to(expire))
            .route("/payment_intents/{id}", web::get().to(get_intent))
            .route("/payment_intents/{id}/capture", web::post().to(capture))
            .route("/payment_intents/{id}/cancel", web::post().to(cancel))
            .route("/refunds", web::post().to(refund))
            .route("/refunds", web::get().to(list_refunds))
            .route("/refunds/{id}", web::get().to(get_refund))
            .route("/disputes", web::get().to(disputes))
            .route("/payouts", web::get().to(list_payouts))
            .route("/payouts/{id}", web::get().to(get_payout))
            .route("/balance_transactions", web::get().to(list_transactions))
            .default_service(web::to(unknown)),
    );
}

async fn create(sim: Data<Simulator>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let order = Form::read(&body).text("client_reference_id").unwrap_or_default();
    serve(sim, &request, Op::Create, order, body).await
}

async fn get_session(sim: Data<Simulator>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    serve(sim, &request, Op::GetSession, id.into_inner(), Bytes::new()).await
}

async fn expire(sim: Data<Simulator>, request: HttpRequest, id: Path<String>, body: Bytes) -> HttpResponse {
    serve(sim, &request, Op::CancelSession, id.into_inner(), body).await
}

async fn get_intent(sim: Data<Simulator>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    serve(sim, &request, Op::GetPayment, id.into_inner(), Bytes::new()).await
}

async fn capture(sim: Data<Simulator>, request: HttpRequest, id: Path<String>, body: Bytes) -> HttpResponse {
    serve(sim, &request, Op::Capture, id.into_inner(), body).await
}

async fn cancel(sim: Data<Simulator>, request: HttpRequest, id: Path<String>, body: Bytes) -> HttpResponse {
    serve(sim, &request, Op::Cancel, id.into_inner(), body).await
}

async fn refund(sim: Data<Simulator>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let payment = Form::read(&body).text("payment_intent").unwrap_or_default();
    serve(sim, &request, Op::Refund, payment, body).await
}

/// The refunds of the payment that the query names.
async fn list_refunds(sim: Data<Simulator>, request: HttpRequest) -> HttpResponse {
    let payment = Form::read(request.query_string().as_bytes()).text("payment_intent").unwrap_or_default();
    serve(sim, &request, Op::GetPayment, payment, Bytes::new()).await
}

/// One refund: a question about its payment.
async fn get_refund(sim: Data<Simulator>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    let has_it = |payment: &&Payment| payment.refunds.iter().any(|refund| wire::refund_id(refund) == *id);
    let payment = sim.lock().state.payments.values().find(has_it).map(|payment| payment.id.clone());
    serve(sim, &request, Op::GetPayment, payment.unwrap_or_default(), Bytes::new()).await
}

/// The disputes of the payment that the query names.
async fn disputes(sim: Data<Simulator>, request: HttpRequest) -> HttpResponse {
    if !authorised(&sim, &request) {
        return shaping::plain(&wire::unauthorised());
    }
    let query = Form::read(request.query_string().as_bytes());
    let id = query.text("payment_intent").unwrap_or_default();
    let inner = sim.lock();
    let payment = inner.state.payments.get(&id).filter(|payment| payment.vendor == Vendor::Stripe);
    shaping::plain(&wire::disputes(payment))
}

async fn list_payouts(sim: Data<Simulator>, request: HttpRequest) -> HttpResponse {
    settled(sim, &request, Op::ListSettlements, String::new()).await
}

async fn get_payout(sim: Data<Simulator>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    settled(sim, &request, Op::GetSettlement, id.into_inner()).await
}

async fn list_transactions(sim: Data<Simulator>, request: HttpRequest) -> HttpResponse {
    let payout = Form::read(request.query_string().as_bytes()).text("payout").unwrap_or_default();
    settled(sim, &request, Op::GetReport, payout).await
}

/// Closes the books, then answers.
async fn settled(sim: Data<Simulator>, request: &HttpRequest, op: Op, target: String) -> HttpResponse {
    if let Err(error) = sim.settle() {
        tracing::error!(%error, "the simulator's journal cannot be written");
        return shaping::plain(&(WORDS.failure)(500));
    }
    // A question has no body: its parameters stand in its address.
    let query = Bytes::from(request.query_string().to_owned());
    serve(sim, request, op, target, query).await
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
    if !authorised(&sim, request) {
        return shaping::plain(&wire::unauthorised());
    }
    let form = Form::read(&body);
    let query = Form::read(request.query_string().as_bytes());
    let expands = [&form, &query].iter().any(|form| form.all("expand[]").any(|it| !it.is_empty()));
    let shows = Shows::of(request.path());
    let keyed = idempotency(request, &body);
    let base = format!("http://{}", sim.address);
    let (refund_fails_after, spoil) = (None, None);
    let call = Call { op, target, keyed, form, base, refund_fails_after, expands, shows, spoil };
    calls::serve(sim, call).await
}

/// `Authorization: Bearer <secret key>`.
fn authorised(sim: &Simulator, request: &HttpRequest) -> bool {
    let Some(key) = sim.settings.credential(Vendor::Stripe, "secret_key") else { return false };
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = header.and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
    verify_slices_are_equal(given.as_bytes(), key.as_bytes()).is_ok()
}

/// The idempotency key of a POST; other methods ignore it.
fn idempotency(request: &HttpRequest, body: &[u8]) -> Option<Keyed> {
    let key = request.headers().get("Idempotency-Key")?.to_str().ok()?;
    if request.method() != actix_web::http::Method::POST {
        return None;
    }
    let mut context = digest::Context::new(&digest::SHA256);
    for part in [request.path().as_bytes(), body] {
        context.update(part);
        context.update(b"\n");
    }
    let fingerprint = HEXLOWER.encode(context.finish().as_ref());
    Some(Keyed { key: format!("stripe:{key}"), fingerprint })
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

    /// What was refused before the work began may be sent again under the same key.
    fn keeps(&self, reply: &Reply) -> bool {
        !matches!(reply.status, 400 | 401 | 404)
    }

    /// A failure after the work is what the key gives from then on.
    fn keeps_failures(&self) -> bool {
        true
    }

    fn decide(&self, state: &State, now: Timestamp, ids: &mut IdSource) -> Result<(Change, Reply), Reply> {
        let id = self.target.as_str();
        let refused = |refusal: Refusal| wire::refusal(&refusal);
        match self.op {
            Op::Create => {
                let new = request::new_session(&self.form, now)?;
                let (change, session) = engine::create_session(state, new, now, ids).map_err(refused)?;
                Ok((change, wire::ok(&wire::session(&session, None, &self.base, now, self.expands))))
            }
            Op::GetSession => self.session_reply(state, Change::default(), now),
            Op::CancelSession => {
                known(state, id)?;
                self.session_reply(state, engine::cancel_session(state, id, now).map_err(refused)?, now)
            }
            Op::GetPayment => self.payment_reply(state, Change::default()),
            Op::Capture => {
                let amount = self.form.number("amount_to_capture")?;
                self.payment_reply(state, engine::capture(state, id, amount, now).map_err(refused)?)
            }
            Op::Cancel => {
                // A payment of an open session is closed by expiring the session.
                let payment = state.payments.get(id).ok_or_else(|| refused(Refusal::NotFound))?;
                let session = state.sessions.get(&payment.session_id);
                if session.is_some_and(|it| it.status == SessionStatus::Pending && !it.lapsed(now)) {
                    return Err(wire::refusal(&Refusal::WrongStatus("open")));
                }
                self.payment_reply(state, engine::cancel_payment(state, id, now).map_err(refused)?)
            }
            Op::Refund => {
                let amount = self.form.number("amount")?;
                let reason = self.form.text("metadata[reason]");
                let fate = RefundFate::after(self.refund_fails_after, now);
                let wanted = NewRefund { amount, description: reason, fate };
                let change = engine::refund(state, id, wanted, now, ids).map_err(refused)?;
                let payment = change.payment_after(state, id).ok_or_else(|| refused(Refusal::NotFound))?;
                let reply = wire::ok(&wire::refund(payment, self.expands));
                Ok((change, reply))
            }
            Op::ListSettlements => Ok((Change::default(), settlement::list(state, &self.form, now)?)),
            Op::GetSettlement => settlement::show(state, id, self.spoil, now, ids),
            Op::GetReport => {
                Ok((Change::default(), settlement::transactions(state, id, self.spoil, &self.form)?))
            }
            Op::ListPayments | Op::Webhook | Op::Settle => Err(wire::refusal(&Refusal::NotFound)),
        }
    }
}

impl Call {
    fn session_reply(&self, state: &State, change: Change, now: Timestamp) -> Result<(Change, Reply), Reply> {
        known(state, &self.target)?;
        let session =
            change.session_after(state, &self.target).ok_or_else(|| wire::refusal(&Refusal::NotFound))?;
        let payment = session.payment_id.as_deref().and_then(|id| change.payment_after(state, id));
        let reply = wire::ok(&wire::session(session, payment, &self.base, now, self.expands));
        Ok((change, reply))
    }

    fn payment_reply(&self, state: &State, change: Change) -> Result<(Change, Reply), Reply> {
        let payment = change.payment_after(state, &self.target).filter(|it| it.vendor == Vendor::Stripe);
        let found = payment.and_then(|payment| match &self.shows {
            Shows::Intent => Some(wire::intent(payment)),
            Shows::Refunds => Some(wire::refunds(payment, self.expands)),
            Shows::Refund(id) => {
                let refund = payment.refunds.iter().find(|refund| wire::refund_id(refund) == *id)?;
                Some(wire::refund_value(payment, refund, self.expands))
            }
            Shows::Other => None,
        });
        let found = found.ok_or_else(|| wire::refusal(&Refusal::NotFound))?;
        Ok((change, wire::ok(&found)))
    }
}

/// A session of this vendor's.
fn known<'a>(state: &'a State, id: &str) -> Result<&'a Session, Reply> {
    let session = state.sessions.get(id).filter(|session| session.vendor == Vendor::Stripe);
    session.ok_or_else(|| wire::refusal(&Refusal::NotFound))
}
