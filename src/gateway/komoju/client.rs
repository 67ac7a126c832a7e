//! Sending and asking over HTTP, and what an answer or its absence proves.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, Url, redirect, retry};
use secrecy::ExposeSecret;

use crate::domain::payment::PaymentSnapshot;
use crate::gateway::komoju::request::{self, Asked};
use crate::gateway::komoju::{Komoju, KomojuSettings, SetupError, response};
use crate::gateway::{
    Decline, OpCtx, OperationKind, Outcome, PaymentRef, PreparedRequest, Problem, Reply, Transport,
    TransportKind,
};

/// The largest answer that is read: 1 MiB.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// An answer that came in whole.
pub(super) struct Received {
    pub status: u16,
    pub retry_after_s: Option<u32>,
    pub body: Vec<u8>,
}

/// A client that follows nothing, repeats nothing and reads no proxy from the environment.
pub(super) fn build(settings: &KomojuSettings) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .connect_timeout(Duration::from_millis(settings.connect_timeout_ms))
        .timeout(Duration::from_millis(settings.total_timeout_ms))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_proxy()
        .build()
}

/// The base address without a final slash.
pub(super) fn checked_base_url(text: &str) -> Result<String, SetupError> {
    let url = Url::parse(text).map_err(|_| SetupError::BadBaseUrl)?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !plain || url.password().is_some() || url.host_str().is_none() {
        return Err(SetupError::BadBaseUrl);
    }
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        "http" => return Err(SetupError::InsecureBaseUrl),
        _ => return Err(SetupError::BadBaseUrl),
    }
    Ok(text.trim_end_matches('/').to_owned())
}

impl Komoju {
    pub(super) async fn send_stored(&self, operation: &OpCtx, request: &PreparedRequest) -> Outcome<Reply> {
        let Some(envelope) = request::open(request) else {
            return unusable("the stored request is not one of ours");
        };
        let Ok(asked) = serde_json::from_slice::<Asked>(envelope.body) else {
            return unusable("the stored body is not one of ours");
        };
        let call = self
            .client
            .post(format!("{}{}", self.base_url, envelope.path))
            .header("X-KOMOJU-IDEMPOTENCY", request.idempotency_key())
            .header(CONTENT_TYPE, "application/json")
            .body(envelope.body.to_vec());
        let received = match self.call(call).await {
            Ok(received) => received,
            Err(outcome) => return outcome.into(),
        };
        let session = envelope.path.starts_with("/sessions/");
        classify(&received, |body| self.read(request.kind(), session, body, &asked, operation))
    }

    /// Reads a successful answer by what was asked.
    fn read(
        &self,
        kind: OperationKind,
        session: bool,
        body: &[u8],
        asked: &Asked,
        operation: &OpCtx,
    ) -> Option<Reply> {
        let capabilities = &self.capabilities;
        match kind {
            OperationKind::CreateCheckout => {
                response::checkout(capabilities, body, asked, operation.key_born_at).map(Reply::Checkout)
            }
            OperationKind::Cancel if session => response::session(capabilities, body, operation.now)
                .map(|snapshot| Reply::Payment(Box::new(snapshot))),
            OperationKind::Cancel | OperationKind::Capture => {
                response::payment(capabilities, body, operation.now)
                    .map(|snapshot| Reply::Payment(Box::new(snapshot)))
            }
            OperationKind::Refund => response::refund(capabilities, body, asked, operation.now)
                .map(|refund| Reply::Refund(Box::new(refund))),
        }
    }

    pub(super) async fn ask(&self, query: &PaymentRef, now: Timestamp) -> Outcome<Option<PaymentSnapshot>> {
        let (Ok(session), Ok(payment), Ok(reference)) = (
            query.gateway_session_id.as_deref().map(request::identifier).transpose(),
            query.gateway_payment_id.as_deref().map(request::identifier).transpose(),
            request::identifier(&query.merchant_reference),
        ) else {
            return unusable("an identifier of the payment is not usable");
        };
        let path = match (session, payment) {
            (Some(id), _) => format!("/sessions/{id}"),
            (None, Some(id)) => format!("/payments/{id}"),
            (None, None) => format!("/payments?external_order_num={reference}"),
        };
        let received = match self.call(self.client.get(format!("{}{path}", self.base_url))).await {
            Ok(received) => received,
            Err(failure) => return failure.into(),
        };
        if received.status == 404 && response::error(&received.body).is_some() {
            return Outcome::Done(None);
        }
        let capabilities = &self.capabilities;
        classify(&received, |body| match (session, payment) {
            (Some(_), _) => response::session(capabilities, body, now).map(Some),
            (None, Some(_)) => response::payment(capabilities, body, now).map(Some),
            (None, None) => response::list(capabilities, body, now).map(response::Listed::found),
        })
    }

    async fn call(&self, request: RequestBuilder) -> Result<Received, Failure> {
        let request = request.basic_auth(self.settings.secret_key.expose_secret(), Some(""));
        let response = request.send().await.map_err(|error| Failure::of(&error))?;
        receive(response).await
    }
}

/// No whole answer.
pub(super) struct Failure {
    sent: Sent,
    transport: Transport,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sent {
    Nothing,
    PerhapsAll,
}

impl Failure {
    /// Only a failure to connect (name, TCP, TLS) proves that nothing was sent.
    fn of(error: &reqwest::Error) -> Self {
        let (sent, kind, detail) = if error.is_connect() {
            (Sent::Nothing, TransportKind::Connect, "no connection")
        } else if error.is_builder() {
            (Sent::Nothing, TransportKind::Connect, "the request could not be built")
        } else if error.is_timeout() {
            (Sent::PerhapsAll, TransportKind::Timeout, "no answer in time")
        } else {
            (Sent::PerhapsAll, TransportKind::Interrupted, "the connection broke")
        };
        Self { sent, transport: Transport { kind, detail: detail.to_owned(), retry_after_s: None } }
    }
}

impl<T> From<Failure> for Outcome<T> {
    fn from(failure: Failure) -> Self {
        match failure.sent {
            Sent::Nothing => Self::NotSent(failure.transport),
            Sent::PerhapsAll => Self::Unknown(failure.transport),
        }
    }
}

async fn receive(mut response: Response) -> Result<Received, Failure> {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after_s = retry_after.and_then(|text| text.parse().ok());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Failure::of(&error))? {
        if body.len().saturating_add(chunk.len()) > LARGEST_ANSWER {
            let transport = unreadable("the answer is too large");
            return Err(Failure { sent: Sent::PerhapsAll, transport });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Received { status, retry_after_s, body })
}

/// What an answer proves. A refusal counts as definite only in KOMOJU's own words: a proxy's 4xx proves nothing.
pub(super) fn classify<T>(received: &Received, read: impl FnOnce(&[u8]) -> Option<T>) -> Outcome<T> {
    let unknown = |kind, detail: &str| {
        let retry_after_s = received.retry_after_s;
        Outcome::Unknown(Transport { kind, detail: detail.to_owned(), retry_after_s })
    };
    match received.status {
        200..=299 => match read(&received.body) {
            Some(answer) => Outcome::Done(answer),
            None => Outcome::Unknown(unreadable("a successful answer that cannot be read")),
        },
        409 => unknown(TransportKind::InFlight, "the key is being worked on"),
        429 => unknown(TransportKind::Throttled, "too many requests"),
        400 | 401 | 402 | 403 | 404 | 422 => match response::error(&received.body) {
            Some(error) => refused(received.status, error),
            None => Outcome::Unknown(unreadable("a refusal that is not KOMOJU's")),
        },
        500..=599 => unknown(TransportKind::ServerError, "the gateway failed"),
        _ => Outcome::Unknown(unreadable("an answer that means nothing here")),
    }
}

fn refused<T>(status: u16, error: response::ErrorBody) -> Outcome<T> {
    let (code, message) = (error.code, error.message.unwrap_or_default());
    if status == 402 {
        return Outcome::Declined(Decline { code, message });
    }
    Outcome::Rejected(Problem { code, message, http_status: Some(status) })
}

fn unreadable(detail: &str) -> Transport {
    Transport { kind: TransportKind::Unreadable, detail: detail.to_owned(), retry_after_s: None }
}

/// A request that never left because we cannot send it.
fn unusable<T>(detail: &str) -> Outcome<T> {
    Outcome::Rejected(Problem {
        code: "unusable_request".to_owned(),
        message: detail.to_owned(),
        http_status: None,
    })
}
