//! The PayPay façade: `/v2`, HMAC proof, codes, details, cancellation, refunds, unsigned notifications.
//!
//! What the vendor's documents leave open is this simulator's reading: the life of a code (five minutes) and how long an
//! unpaid one is remembered (a day).

mod auth;
mod wire;

use std::time::Duration;

use actix_web::web::{self, Bytes, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use jiff::{SignedDuration, Timestamp, civil, tz};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::calls::{self, AcceptedRefund, Words};
use super::clock::IdSource;
use super::core::{Keyed, Reply, Simulator};
use super::engine::{self, Change, NewRefund, NewSession, Refusal, after_seconds};
use super::facade::Facade;
use super::faults::Op;
use super::model::{
    CaptureMode, MovementKind, Payment, PaymentStatus, RefundFate, Session, SessionStatus, Vendor,
};
use super::shaping;
use super::state::{Entry, State};

/// Life of a code in seconds.
const CODE_LIFE_SECONDS: u32 = 300;
/// How long an unpaid code is remembered after its end, in seconds.
const REMEMBERED_SECONDS: u32 = 86_400;
/// How many refunds a payment may have.
const MOST_REFUNDS: usize = 20;
/// The pause between two refunds of a payment, in seconds.
const REFUND_PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// PayPay's clock.
const TOKYO: tz::Offset = tz::offset(9);

/// PayPay for the common parts.
pub const FACADE: Facade = Facade {
    routes,
    event_type: |kind, _| wire::event_type(kind),
    notification: wire::notification,
    headers_at_send: None,
    answer_within: Duration::from_millis(1_500),
    retry_seconds: Some(&[10, 10, 10]),
};

const WORDS: Words = Words {
    failure: |status| match status {
        503 => wire::error(503, "MAINTENANCE_MODE"),
        _ => wire::error(status, "INTERNAL_SERVER_ERROR"),
    },
    throttled: || wire::error(429, "RATE_LIMIT"),
    in_flight: || wire::error(400, "DUPLICATE_DYNAMIC_QR_REQUEST"),
    key_reused: || wire::error(400, "INVALID_PARAMS"),
    refund_refused: || wire::error(400, "REFUND_WINDOW_EXCEED"),
    refund_unfit: || wire::error(400, "THROTTLED_MULTIPLE_REFUND_REJECTED"),
    accepted_refund: AcceptedRefund::IsMade,
    clock_off: Some(|| wire::error(401, "UNAUTHORIZED")),
    nothing_found: |_| wire::error(404, "DYNAMIC_QR_PAYMENT_NOT_FOUND"),
};

/// One call after the façade has read its frame.
#[derive(Debug)]
struct Call {
    op: Op,
    /// Code, payment or merchant's reference.
    target: String,
    keyed: Option<Keyed>,
    body: Bytes,
    /// Where the hosted page is.
    base: String,
    /// After how many virtual seconds a refund fails (F28).
    refund_fails_after: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CodeRequest {
    merchant_payment_id: String,
    amount: Amount,
    code_type: String,
    order_description: Option<String>,
    redirect_url: Option<String>,
    #[serde(default)]
    is_authorization: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefundRequest {
    merchant_refund_id: String,
    payment_id: String,
    amount: Amount,
    reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Amount {
    amount: u64,
    currency: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefundQuery {
    payment_id: String,
}

/// Adds PayPay's routes.
fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/v2")
            .route("/codes", web::post().to(create))
            .route("/codes/{code}", web::delete().to(delete_code))
            .route("/codes/payments/{reference}", web::get().to(details))
            .route("/payments/{reference}", web::delete().to(call_off))
            .route("/refunds", web::post().to(refund))
            .route("/refunds/{refund}", web::get().to(refund_details)),
    );
}

async fn create(sim: Data<Simulator>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let asked: Option<CodeRequest> = serde_json::from_slice(&body).ok();
    let reference = asked.map(|asked| asked.merchant_payment_id).unwrap_or_default();
    serve(sim, &request, Op::Create, reference, body).await
}

async fn details(sim: Data<Simulator>, request: HttpRequest, reference: Path<String>) -> HttpResponse {
    serve(sim, &request, Op::GetPayment, reference.into_inner(), Bytes::new()).await
}

async fn delete_code(
    sim: Data<Simulator>,
    request: HttpRequest,
    code: Path<String>,
    body: Bytes,
) -> HttpResponse {
    serve(sim, &request, Op::CancelSession, code.into_inner(), body).await
}

async fn call_off(
    sim: Data<Simulator>,
    request: HttpRequest,
    reference: Path<String>,
    body: Bytes,
) -> HttpResponse {
    serve(sim, &request, Op::Cancel, reference.into_inner(), body).await
}

async fn refund(sim: Data<Simulator>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let asked: Option<RefundRequest> = serde_json::from_slice(&body).ok();
    let payment = asked.map(|asked| asked.payment_id).unwrap_or_default();
    serve(sim, &request, Op::Refund, payment, body).await
}

async fn refund_details(
    sim: Data<Simulator>,
    request: HttpRequest,
    refund: Path<String>,
    query: Query<RefundQuery>,
) -> HttpResponse {
    if !authorised(&sim, &request, &[]) {
        return shaping::plain(&wire::error(401, "UNAUTHORIZED"));
    }
    let inner = sim.lock();
    let payment = inner.state.payments.get(&query.payment_id);
    let rows = payment.into_iter().flat_map(|payment| payment.refunds.iter().map(move |row| (payment, row)));
    let mut ours = rows.filter(|(_, row)| row.reference.as_deref() == Some(refund.as_str()));
    shaping::plain(&match ours.next() {
        Some((payment, row)) => wire::success(200, &wire::refund(payment, row)),
        None => wire::error(404, "NO_SUCH_REFUND_ORDER"),
    })
}

async fn serve(
    sim: Data<Simulator>,
    request: &HttpRequest,
    op: Op,
    target: String,
    body: Bytes,
) -> HttpResponse {
    if !authorised(&sim, request, &body) {
        return shaping::plain(&wire::error(401, "UNAUTHORIZED"));
    }
    let keyed = refund_key(op, &body);
    let call =
        Call { op, target, keyed, body, base: format!("http://{}", sim.address), refund_fails_after: None };
    calls::serve(sim, call).await
}

fn authorised(sim: &Simulator, request: &HttpRequest, body: &[u8]) -> bool {
    let credential = |name| sim.settings.credential(Vendor::Paypay, name);
    let (Some(key), Some(secret)) = (credential("api_key"), credential("api_secret")) else { return false };
    let now = sim.lock().now();
    auth::authorised(request, body, key, secret, now)
}

/// A refund is known by the merchant's own id of it: the same one again gives the same answer.
fn refund_key(op: Op, body: &Bytes) -> Option<Keyed> {
    let asked: RefundRequest = serde_json::from_slice(body).ok().filter(|_| op == Op::Refund)?;
    let fingerprint = format!("{} {}", asked.payment_id, asked.amount.amount);
    Some(Keyed { key: format!("paypay:{}", asked.merchant_refund_id), fingerprint })
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

    fn decide(&self, state: &State, now: Timestamp, ids: &mut IdSource) -> Result<(Change, Reply), Reply> {
        match self.op {
            Op::Create => self.make_code(state, now, ids),
            Op::GetPayment => Ok((Change::default(), self.show(state, now)?)),
            Op::CancelSession => self.delete(state, now),
            Op::Cancel => self.call_off(state, now),
            Op::Refund => self.refund(state, now, ids),
            _ => Err(wire::error(404, "NOT_FOUND")),
        }
    }
}

impl Call {
    fn make_code(&self, state: &State, now: Timestamp, ids: &mut IdSource) -> Result<(Change, Reply), Reply> {
        let invalid = || wire::error(400, "INVALID_PARAMS");
        let asked: CodeRequest = serde_json::from_slice(&self.body).map_err(|_| invalid())?;
        let fits = (1..=64).contains(&asked.merchant_payment_id.len())
            && asked.amount.amount > 0
            && asked.amount.currency == "JPY"
            && asked.code_type == "ORDER_QR"
            && !asked.is_authorization;
        if !fits {
            return Err(invalid());
        }
        let new = NewSession {
            vendor: Vendor::Paypay,
            amount: asked.amount.amount,
            return_url: asked.redirect_url.unwrap_or_default(),
            payment_types: vec!["paypay".to_owned()],
            locale: "ja".to_owned(),
            email: None,
            external_order_num: Some(asked.merchant_payment_id),
            capture: CaptureMode::Auto,
            metadata: Map::new(),
            line_items: asked.order_description.map_or(Value::Null, Value::String),
            expires_in_seconds: CODE_LIFE_SECONDS,
        };
        let made = engine::create_session(state, new, now, ids);
        let (change, session) = made.map_err(|_| wire::error(400, "DUPLICATE_DYNAMIC_QR_REQUEST"))?;
        Ok((change, wire::success(201, &wire::code(&session, &self.base))))
    }

    fn show(&self, state: &State, now: Timestamp) -> Result<Reply, Reply> {
        let nothing = || wire::error(404, "DYNAMIC_QR_PAYMENT_NOT_FOUND");
        let session = by_reference(state, &self.target).ok_or_else(nothing)?;
        let payment = state.payment_of(session);
        let paid = payment.is_some_and(|payment| payment.captured > 0);
        let deleted = session.status == SessionStatus::Cancelled && !session.called_off;
        if !paid && (deleted || now >= after_seconds(session.expires_at, REMEMBERED_SECONDS)) {
            return Err(nothing());
        }
        Ok(wire::success(200, &wire::details(session, payment)))
    }

    fn delete(&self, state: &State, now: Timestamp) -> Result<(Change, Reply), Reply> {
        let known = state.sessions.get(&self.target).filter(|session| session.vendor == Vendor::Paypay);
        let session = known.ok_or_else(|| wire::error(404, "DYNAMIC_QR_NOT_FOUND"))?;
        let refused = |refusal| match refusal {
            Refusal::WrongStatus("completed") => wire::error(400, "DYNAMIC_QR_ALREADY_PAID"),
            _ => wire::error(404, "DYNAMIC_QR_NOT_FOUND"),
        };
        let change = engine::cancel_session(state, &session.id, now).map_err(refused)?;
        Ok((change, wire::success(200, &Value::Null)))
    }

    /// Before the payment it is only armed: whoever pays later fails. Afterwards the money goes back whole, until a
    /// quarter past midnight (Japan) of the next day.
    fn call_off(&self, state: &State, now: Timestamp) -> Result<(Change, Reply), Reply> {
        let session =
            by_reference(state, &self.target).ok_or_else(|| wire::error(404, "TRANSACTION_NOT_FOUND"))?;
        let mut change = Change::default();
        if let Some(payment) = state.payment_of(session).filter(|payment| payment.captured > 0) {
            if payment.captured_at.is_none_or(|at| now >= last_call(at)) {
                return Err(wire::error(400, "ORDER_NOT_CANCELABLE"));
            }
            let back = payment.refundable();
            if back > 0 {
                change.movement(payment, MovementKind::Refund, back, now);
            }
            let refunded = payment.captured;
            let undone = Payment { status: PaymentStatus::Cancelled, refunded, ..payment.clone() };
            change.payment(&undone, None);
        }
        change.entries.push(Entry::Session(Session { called_off: true, ..session.clone() }));
        Ok((change, wire::answer(202, "REQUEST_ACCEPTED", "Request accepted", &Value::Null)))
    }

    fn refund(&self, state: &State, now: Timestamp, ids: &mut IdSource) -> Result<(Change, Reply), Reply> {
        let asked: RefundRequest =
            serde_json::from_slice(&self.body).map_err(|_| wire::error(400, "INVALID_PARAMS"))?;
        let before = state.payments.get(&asked.payment_id);
        let earlier = before.map_or(&[][..], |payment| payment.refunds.as_slice());
        if earlier.len() >= MOST_REFUNDS {
            return Err(wire::error(403, "MERCHANT_MULTIPLE_REFUND_REJECTED"));
        }
        if earlier.last().is_some_and(|last| now.duration_since(last.created_at) < REFUND_PAUSE) {
            return Err(wire::error(400, "THROTTLED_MULTIPLE_REFUND_REJECTED"));
        }
        if asked.amount.currency != "JPY" {
            return Err(wire::error(400, "INVALID_PARAMS"));
        }
        let fate = RefundFate::after(self.refund_fails_after, now);
        let wanted = NewRefund { amount: Some(asked.amount.amount), description: asked.reason, fate };
        let refunded = engine::refund(state, &asked.payment_id, wanted, now, ids);
        let mut change = refunded.map_err(|refusal| wire::refund_refusal(&refusal))?;
        name_refund(&mut change, &asked.merchant_refund_id);
        let payment = change.payment_after(state, &asked.payment_id);
        let shown = payment.and_then(|payment| Some(wire::refund(payment, payment.refunds.last()?)));
        let reply = wire::success(201, &shown.unwrap_or(Value::Null));
        Ok((change, reply))
    }
}

/// Notes the merchant's id of the refund that a change makes.
fn name_refund(change: &mut Change, reference: &str) {
    for entry in &mut change.entries {
        if let Entry::Payment(payment) = entry
            && let Some(refund) = payment.refunds.last_mut()
        {
            refund.reference = Some(reference.to_owned());
        }
    }
}

fn by_reference<'a>(state: &'a State, reference: &str) -> Option<&'a Session> {
    let session = state.sessions.get(state.orders.get(reference)?)?;
    Some(session).filter(|session| session.vendor == Vendor::Paypay)
}

/// The instant from which a payment can only be refunded: 00:15 in Japan on the day after it.
fn last_call(paid_at: Timestamp) -> Timestamp {
    let day = TOKYO.to_datetime(paid_at).date();
    let next = day.tomorrow().unwrap_or(day).to_datetime(civil::time(0, 15, 0, 0));
    TOKYO.to_timestamp(next).unwrap_or(paid_at)
}
