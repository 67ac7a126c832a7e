//! What happens around every request: its id and language, the log line, metrics, headers, and answers of the
//! framework turned into problems.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError, web};

use super::error::ApiError;
use super::faults;
use super::locale::{self, Locale, RequestFacts};
use crate::service::{Core, Failure, Refusal};

/// The policy for answers that are data.
const NOTHING_RUNS: &str = "default-src 'none'; frame-ancestors 'none'";
/// The policy for the documentation, whose scripts and styles come from here.
const OWN_SCRIPTS: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; \
    frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Wraps every request; see the module.
pub async fn around<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let started = Instant::now();
    let facts = facts(&request);
    let method = request.method().clone();
    let is_docs = request.path() == "/docs" || request.path().starts_with("/docs/");
    let limit_bytes =
        request.app_data::<web::Data<Core>>().map_or(0, |core| core.settings.http.body_limit_bytes);
    locale::with_facts(facts, async move {
        let mut response = match next.call(request).await {
            Ok(response) => as_problem(response, limit_bytes).map_into_boxed_body(),
            Err(error) => return Err(error),
        };
        let route = response.request().match_pattern().unwrap_or_else(|| "unmatched".to_owned());
        let status = response.status();
        let path_holds_data = response.request().path().starts_with("/v1/");
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::from_str(&facts.request_id.to_string()) {
            headers.insert(HeaderName::from_static("x-request-id"), id);
        }
        add_security_headers(headers, if is_docs { OWN_SCRIPTS } else { NOTHING_RUNS });
        if path_holds_data && !headers.contains_key(CACHE_CONTROL) {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        let took = started.elapsed();
        let labels = [("method", known_method(&method).to_owned()), ("route", route.clone())];
        metrics::counter!("madoguchi_http_requests_total", "method" => known_method(&method), "route" => route.clone(),
            "status" => status.as_str().to_owned())
        .increment(1);
        metrics::histogram!("madoguchi_http_request_seconds", &labels).record(took.as_secs_f64());
        tracing::info!(
            request_id = %facts.request_id,
            http.method = %method,
            http.route = route,
            http.status = status.as_u16(),
            duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "request"
        );
        Ok(response)
    })
    .await
}

/// An id of our own for every request: one from outside could carry anything into the log.
fn facts(request: &ServiceRequest) -> RequestFacts {
    let language = request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let core = request.app_data::<web::Data<Core>>();
    let request_id = core.map_or_else(uuid::Uuid::nil, |core| core.ids.uuid(core.clock.now()));
    RequestFacts { request_id, locale: Locale::from_header(language) }
}

fn add_security_headers(headers: &mut HeaderMap, policy: &'static str) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
}

/// Leaves our own answers alone and puts a problem in place of the framework's errors.
fn as_problem<B: MessageBody + 'static>(response: ServiceResponse<B>, limit_bytes: usize) -> ServiceResponse {
    let status = response.status();
    let of_framework =
        response.response().error().is_some_and(|error| error.as_error::<ApiError>().is_none());
    if !of_framework || !(status.is_client_error() || status.is_server_error()) {
        return response.map_into_boxed_body();
    }
    let cause = response.response().error().map(ToString::to_string).unwrap_or_default();
    let (request, _) = response.into_parts();
    let answer = ApiError(of_status(status, limit_bytes, cause)).error_response();
    ServiceResponse::new(request, answer)
}

fn of_status(status: StatusCode, limit_bytes: usize, cause: String) -> Failure {
    let refusal = match status {
        StatusCode::NOT_FOUND => Refusal::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Refusal::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge { limit_bytes },
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Refusal::UnsupportedMediaType,
        status if status.is_client_error() => Refusal::Malformed(vec![faults::unreadable()]),
        _ => return Failure::Internal(cause),
    };
    Failure::Refused(refusal)
}

/// A label takes few values: a method that somebody made up is `other`.
fn known_method(method: &Method) -> &'static str {
    let known = ["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS"];
    known.into_iter().find(|name| *name == method.as_str()).unwrap_or("other")
}
