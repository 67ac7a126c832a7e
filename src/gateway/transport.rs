//! HTTP as every adapter uses it: one client that does nothing by itself, and what an answer or its absence proves.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{RequestBuilder, Response, Url, redirect, retry};

use super::{Outcome, Problem, Transport, TransportKind};

/// The largest answer that is read: 1 MiB.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// The largest answer that is read of a report: 16 MiB.
pub(super) const LARGEST_REPORT: usize = 16 * 1024 * 1024;

/// Settings that no adapter can be made from.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The address is none, or carries a query, a fragment or credentials.
    #[error("base_url is not a plain http(s) address")]
    BadBaseUrl,
    /// Plain HTTP to another machine.
    #[error("base_url must use https outside loopback")]
    InsecureBaseUrl,
    /// An empty secret would accept anybody's signature.
    #[error("a secret is empty")]
    EmptySecret,
    /// A time-out of zero, or a connect time-out longer than the whole.
    #[error("the time-outs are not usable")]
    BadTimeout,
    /// A setting of this vendor's own.
    #[error("{0}")]
    Other(String),
    /// The HTTP client cannot be built.
    #[error("the HTTP client cannot be built: {0}")]
    Client(reqwest::Error),
}

/// An answer that came in whole.
pub(super) struct Received {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, in seconds.
    pub retry_after_s: Option<u32>,
    /// Body.
    pub body: Vec<u8>,
}

/// For how long an idle connection is used again: a server closes its own after some seconds, and what is sent on one that it is just
/// closing has an unknown outcome, where a new connection would have had an answer.
const REUSED_WITHIN: Duration = Duration::from_secs(3);

/// A client that follows nothing, repeats nothing and reads no proxy from the environment.
pub(super) fn client(connect_timeout_ms: u64, total_timeout_ms: u64) -> Result<reqwest::Client, SetupError> {
    if connect_timeout_ms == 0 || total_timeout_ms < connect_timeout_ms {
        return Err(SetupError::BadTimeout);
    }
    reqwest::Client::builder()
        .connect_timeout(Duration::from_millis(connect_timeout_ms))
        .timeout(Duration::from_millis(total_timeout_ms))
        .pool_idle_timeout(REUSED_WITHIN)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_proxy()
        .build()
        .map_err(SetupError::Client)
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

/// Sends a request and reads its answer whole.
pub(super) async fn call(request: RequestBuilder) -> Result<Received, Failure> {
    call_up_to(request, LARGEST_ANSWER).await
}

/// As [`call`], with an answer of at most so many bytes.
pub(super) async fn call_up_to(request: RequestBuilder, largest: usize) -> Result<Received, Failure> {
    let response = request.send().await.map_err(|error| Failure::of(&error))?;
    receive(response, largest).await
}

async fn receive(mut response: Response, largest: usize) -> Result<Received, Failure> {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after_s = retry_after.and_then(|text| text.parse().ok());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Failure::of(&error))? {
        if body.len().saturating_add(chunk.len()) > largest {
            let transport = unreadable("the answer is too large");
            return Err(Failure { sent: Sent::PerhapsAll, transport });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Received { status, retry_after_s, body })
}

/// What an answer proves. A refusal counts as definite only in the vendor's own words (`refused` knows them): a proxy's
/// 4xx proves nothing.
pub(super) fn classify<T>(
    received: &Received,
    read: impl FnOnce(&[u8]) -> Option<T>,
    refused: impl FnOnce(u16, &[u8]) -> Option<Outcome<T>>,
) -> Outcome<T> {
    match received.status {
        200..=299 => match read(&received.body) {
            Some(answer) => Outcome::Done(answer),
            None => Outcome::Unknown(unreadable("a successful answer that cannot be read")),
        },
        409 => unknown(received, TransportKind::InFlight, "the key is being worked on"),
        429 => unknown(received, TransportKind::Throttled, "too many requests"),
        status @ (400 | 401 | 402 | 403 | 404 | 422) => refused(status, &received.body)
            .unwrap_or_else(|| Outcome::Unknown(unreadable("a refusal that is not the gateway's"))),
        500..=599 => unknown(received, TransportKind::ServerError, "the gateway failed"),
        _ => Outcome::Unknown(unreadable("an answer that means nothing here")),
    }
}

fn unknown<T>(received: &Received, kind: TransportKind, detail: &str) -> Outcome<T> {
    let retry_after_s = received.retry_after_s;
    Outcome::Unknown(Transport { kind, detail: detail.to_owned(), retry_after_s })
}

/// What an answer leaves open that cannot be understood.
pub(super) fn unreadable(detail: &str) -> Transport {
    Transport { kind: TransportKind::Unreadable, detail: detail.to_owned(), retry_after_s: None }
}

/// A request that never left because we cannot send it.
pub(super) fn unusable<T>(detail: &str) -> Outcome<T> {
    Outcome::Rejected(Problem {
        code: "unusable_request".to_owned(),
        message: detail.to_owned(),
        http_status: None,
    })
}
