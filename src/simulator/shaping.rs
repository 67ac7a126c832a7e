//! Turning a reply into bytes on the wire, whole or spoilt.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::Bytes;
use encoding_rs::SHIFT_JIS;
use serde_json::Value;
use tokio::time::Sleep;

use super::core::{Media, Reply};
use super::faults::{FaultArgs, SilenceEnd, SpoilStyle};

/// How long the first half of a broken answer travels before the connection breaks.
const BREAK_AFTER: Duration = Duration::from_millis(50);

/// The pause before each byte of a dripping answer.
const A_DROP: Duration = Duration::from_secs(1);

/// The reply as it should be.
pub fn plain(reply: &Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status).content_type(content_type(reply)).body(bytes(reply))
}

fn content_type(reply: &Reply) -> &'static str {
    match reply.media {
        Media::Json => "application/json",
        Media::ShiftJisCsv | Media::BrokenShiftJisCsv => "text/csv; charset=Shift_JIS",
    }
}

/// The reply as it is written on the wire.
fn bytes(reply: &Reply) -> Bytes {
    if reply.media == Media::Json {
        return Bytes::from(reply.body.clone());
    }
    let mut written = SHIFT_JIS.encode(&reply.body).0.into_owned();
    if reply.media == Media::BrokenShiftJisCsv {
        // The first half of a character, with a line's end where the second should be.
        let end = written.iter().rposition(|byte| *byte == b'\n').unwrap_or(written.len());
        written.insert(end, 0x95);
    }
    Bytes::from(written)
}

/// The reply with a wish when to come back.
pub fn retry_after(reply: &Reply, seconds: u32) -> HttpResponse {
    let mut response = plain(reply);
    response.headers_mut().insert(RETRY_AFTER, seconds.into());
    response
}

/// Nothing for `hold_ms`, then the vendor's time-out answer or a dropped connection.
pub async fn silence(args: &FaultArgs, timeout: &Reply) -> HttpResponse {
    pause(args.hold_ms).await;
    match args.end {
        SilenceEnd::GatewayTimeout => plain(timeout),
        SilenceEnd::Drop => nothing(),
    }
}

/// The connection is dropped before a byte of the answer was sent.
pub fn nothing() -> HttpResponse {
    cut(StatusCode::OK, 1, Bytes::new())
}

/// The whole answer, one byte after the other: whoever waits for the end of it waits for minutes.
pub fn dripping(reply: Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    let body = DrippingBody { left: Bytes::from(reply.body), wait: Box::pin(tokio::time::sleep(A_DROP)) };
    HttpResponse::build(status).content_type("application/json").body(BoxBody::new(body))
}

/// Waits that many real milliseconds.
pub async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

/// Half of the answer, then the connection breaks.
pub fn broken(reply: &Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    let whole = bytes(reply);
    cut(status, u64::try_from(whole.len()).unwrap_or(u64::MAX), whole.slice(..whole.len() / 2))
}

/// A complete 200 whose content is no use.
pub fn spoilt(reply: &Reply, style: SpoilStyle) -> HttpResponse {
    match style {
        SpoilStyle::Truncated => {
            let whole = bytes(reply);
            HttpResponse::Ok().content_type(content_type(reply)).body(whole.slice(..whole.len() / 2))
        }
        SpoilStyle::Html => HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .body("<html><body><h1>Just a moment...</h1></body></html>"),
    }
}

/// The answer with every status replaced by one of tomorrow, and a field more.
pub fn of_tomorrow(reply: Reply) -> Reply {
    let Ok(mut body) = serde_json::from_str(&reply.body) else { return reply };
    rename_statuses(&mut body);
    Reply { body: body.to_string(), ..reply }
}

fn rename_statuses(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let has_status = fields.get("status").is_some_and(Value::is_string);
            if has_status {
                fields.insert("status".to_owned(), Value::from("a_status_of_tomorrow"));
                fields.insert("a_field_of_tomorrow".to_owned(), Value::Array(vec![Value::Null]));
            }
            fields.values_mut().for_each(rename_statuses);
        }
        Value::Array(items) => items.iter_mut().for_each(rename_statuses),
        _ => {}
    }
}

/// With a first part, the head and that part arrive and then the connection breaks; without one, it breaks
/// before a byte of the answer was sent.
fn cut(status: StatusCode, promised: u64, first: Bytes) -> HttpResponse {
    let wait = if first.is_empty() { None } else { Some(Box::pin(tokio::time::sleep(BREAK_AFTER))) };
    HttpResponse::build(status).content_type("application/json").body(BoxBody::new(CutBody {
        promised,
        first: Some(first).filter(|first| !first.is_empty()),
        wait,
    }))
}

/// A body that promises more than it gives and then fails, which makes the server drop the connection.
struct CutBody {
    promised: u64,
    first: Option<Bytes>,
    wait: Option<Pin<Box<Sleep>>>,
}

impl MessageBody for CutBody {
    type Error = std::io::Error;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.promised)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        if self.wait.as_mut().is_some_and(|wait| wait.as_mut().poll(context).is_pending()) {
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))))
    }
}

/// A body that comes a byte at a time.
struct DrippingBody {
    left: Bytes,
    wait: Pin<Box<Sleep>>,
}

impl MessageBody for DrippingBody {
    type Error = std::io::Error;

    fn size(&self) -> BodySize {
        BodySize::Sized(u64::try_from(self.left.len()).unwrap_or(u64::MAX))
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        if self.wait.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.wait = Box::pin(tokio::time::sleep(A_DROP));
        Poll::Ready(Some(Ok(self.left.split_to(1))))
    }
}
