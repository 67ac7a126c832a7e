//! Sending and asking over HTTP, and what an answer or its absence proves.

use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Method, Url};
use secrecy::ExposeSecret;

use crate::domain::payment::{PaymentSnapshot, SnapshotStatus};
use crate::gateway::paypay::auth::{Proven, authorization};
use crate::gateway::paypay::request::{self, AskedRefund, Envelope};
use crate::gateway::paypay::response::{self, Known};
use crate::gateway::paypay::{OTHER_TIMEOUT, PayPay};
use crate::gateway::transport::{self, Received, classify, unusable};
use crate::gateway::{
    OpCtx, OperationKind, Outcome, PaymentRef, PreparedRequest, Problem, Reply, Transport, TransportKind,
};

/// The content type that is signed and sent; both must be the same.
const JSON: &str = "application/json";

/// PayPay's words for a code or a payment that it does not have.
const NOT_THERE: [&str; 2] = ["DYNAMIC_QR_PAYMENT_NOT_FOUND", "DYNAMIC_QR_NOT_FOUND"];

impl PayPay {
    pub(super) async fn send_stored(&self, operation: &OpCtx, request: &PreparedRequest) -> Outcome<Reply> {
        let Some(envelope) = request::open(request) else {
            return unusable("the stored request is not one of ours");
        };
        let (kind, timeout) = match request.kind() {
            OperationKind::CreateCheckout => (request.kind(), None),
            other => (other, Some(OTHER_TIMEOUT)),
        };
        let received = match self.call(&envelope, operation.now, timeout).await {
            Ok(received) => received,
            Err(outcome) => return outcome,
        };
        let code_id = envelope.path.strip_prefix("/v2/codes/");
        if kind == OperationKind::Cancel && code_id.is_some() && is_not_there(&received) {
            // There is no such code any more, so nobody can pay by it.
            let gone = response::closed(code_id, "DELETED", SnapshotStatus::Canceled, operation.now);
            return Outcome::Done(Reply::Payment(Box::new(gone)));
        }
        classify(&received, |body| read(kind, &envelope, body, operation.now), refused)
    }

    pub(super) async fn ask(&self, query: &PaymentRef, now: Timestamp) -> Outcome<Option<PaymentSnapshot>> {
        let Ok(reference) = request::identifier(&query.merchant_reference) else {
            return unusable("an identifier of the payment is not usable");
        };
        let path = format!("/v2/codes/payments/{reference}");
        let envelope = Envelope { method: "GET", path: &path, body: &[] };
        let received = match self.call(&envelope, now, Some(OTHER_TIMEOUT)).await {
            Ok(received) => received,
            Err(outcome) => return outcome,
        };
        let code_id = query.gateway_session_id.as_deref();
        if is_not_there(&received) {
            // A code that was made and whose end has passed is forgotten after a while: it was never paid.
            let lapsed = code_id.is_some() && query.expires_at.is_some_and(|end| end <= now);
            let gone = || response::closed(code_id, "NOT_FOUND", SnapshotStatus::Expired, now);
            return Outcome::Done(lapsed.then(gone));
        }
        let known = Known { code_id, expires_at: query.expires_at, now };
        let method = self.capabilities.methods.first().map(|capability| &capability.method);
        classify(&received, |body| response::payment(method, body, known).map(Some), refused)
    }

    async fn call<T>(
        &self,
        envelope: &Envelope<'_>,
        now: Timestamp,
        timeout: Option<Duration>,
    ) -> Result<Received, Outcome<T>> {
        let parts = (
            Url::parse(&format!("{}{}", self.base_url, envelope.path)),
            Method::from_bytes(envelope.method.as_bytes()),
            nonce(),
        );
        let (Ok(url), Ok(method), Some(nonce)) = parts else {
            return Err(unusable("the request cannot be built"));
        };
        let body = Some((JSON, envelope.body)).filter(|(_, body)| !body.is_empty());
        let proven =
            Proven { path: url.path(), method: envelope.method, nonce: &nonce, epoch: now.as_second(), body };
        let secret = self.settings.api_secret.expose_secret();
        let proof = authorization(self.settings.api_key.expose_secret(), secret, &proven);
        let mut request = self.client.request(method, url).header(AUTHORIZATION, proof);
        if !self.settings.merchant_id.is_empty() {
            request = request.header("X-ASSUME-MERCHANT", &self.settings.merchant_id);
        }
        if let Some((content_type, bytes)) = body {
            request = request.header(CONTENT_TYPE, content_type).body(bytes.to_vec());
        }
        let whole = Duration::from_millis(self.settings.total_timeout_ms);
        request = request.timeout(timeout.map_or(whole, |timeout| timeout.min(whole)));
        transport::call(request).await.map_err(Outcome::from)
    }
}

/// Reads a successful answer by what was asked.
fn read(kind: OperationKind, envelope: &Envelope<'_>, body: &[u8], now: Timestamp) -> Option<Reply> {
    match kind {
        OperationKind::CreateCheckout => response::checkout(body).map(Reply::Checkout),
        OperationKind::Cancel => {
            let code = response::result(body)?.code;
            let known = matches!(code.as_str(), "SUCCESS" | "REQUEST_ACCEPTED");
            let code_id = envelope.path.strip_prefix("/v2/codes/");
            // Deleted, or accepted: from now on PayPay lets no money stay under this reference.
            let closed = || response::closed(code_id, "DELETED", SnapshotStatus::Canceled, now);
            known.then(|| Reply::Payment(Box::new(closed())))
        }
        OperationKind::Refund => {
            let asked: AskedRefund = serde_json::from_slice(envelope.body).ok()?;
            let found = response::refund(asked.payment_id, body, now)?;
            let same = found.gateway_refund_id.as_ref().is_none_or(|id| *id == asked.merchant_refund_id);
            same.then(|| Reply::Refund(Box::new(found)))
        }
        OperationKind::Capture => None,
    }
}

fn is_not_there(received: &Received) -> bool {
    matches!(received.status, 400 | 404)
        && response::result(&received.body).is_some_and(|result| NOT_THERE.contains(&result.code.as_str()))
}

/// A refusal in PayPay's own words. That our reference is taken tells that an earlier attempt arrived: ask for it.
fn refused<T>(status: u16, body: &[u8]) -> Option<Outcome<T>> {
    let error = response::result(body)?;
    let (code, message) = (error.code, error.message.unwrap_or_default());
    Some(match code.as_str() {
        "DUPLICATE_DYNAMIC_QR_REQUEST" => Outcome::Unknown(Transport {
            kind: TransportKind::Interrupted,
            detail: "our reference is taken".to_owned(),
            retry_after_s: None,
        }),
        "THROTTLED_MULTIPLE_REFUND_REJECTED" => Outcome::Unknown(Transport {
            kind: TransportKind::Throttled,
            detail: "too many refunds".to_owned(),
            retry_after_s: Some(60),
        }),
        _ => Outcome::Rejected(Problem { code, message, http_status: Some(status) }),
    })
}

/// Sixteen hexadecimal digits; none when the machine gives no random bytes.
fn nonce() -> Option<String> {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(HEXLOWER.encode(&bytes))
}
