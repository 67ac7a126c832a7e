//! Presenting results: status, version tag, and whether it was a replay.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use serde::Serialize;

use crate::service::Origin;

/// The answer to a change that made or moved a resource.
pub fn effect(
    status: StatusCode,
    origin: Origin,
    version: Option<i64>,
    body: &impl Serialize,
) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response.insert_header((CACHE_CONTROL, "no-store"));
    if origin == Origin::Replayed {
        response.insert_header(("Idempotency-Replayed", "true"));
    }
    if let Some(version) = version {
        response.insert_header((ETAG, format!("\"{version}\"")));
    }
    response.json(body)
}

/// The answer to a change that leaves nothing to show.
pub fn nothing(origin: Origin) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    if origin == Origin::Replayed {
        response.insert_header(("Idempotency-Replayed", "true"));
    }
    response.finish()
}

/// The answer to a read of a resource with a version.
pub fn versioned(version: i64, body: &impl Serialize) -> HttpResponse {
    effect(StatusCode::OK, Origin::Fresh, Some(version), body)
}

/// The answer to a read of personal or changing things.
pub fn plain(body: &impl Serialize) -> HttpResponse {
    effect(StatusCode::OK, Origin::Fresh, None, body)
}

/// The cursor behind a page of at most `page` rows; none where there can be no more.
pub fn next_cursor<R, I: ToString>(rows: &[R], page: i64, id_of: impl FnOnce(&R) -> I) -> Option<String> {
    let is_full = i64::try_from(rows.len()).is_ok_and(|count| count >= page);
    rows.last().filter(|_| is_full).map(|row| id_of(row).to_string())
}
