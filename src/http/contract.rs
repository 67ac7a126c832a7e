//! Parts of the OpenAPI document that many operations share: path and header parameters, sets of problems.

use utoipa::{IntoParams, IntoResponses};
use uuid::Uuid;

use super::error::Problem;

/// A tenant in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path; the segments are read by name")]
pub struct TenantPath {
    /// 全国地方公共団体コード, six digits.
    #[param(example = "020001")]
    tenant: String,
}

/// A case of a tenant in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path; the segments are read by name")]
pub struct CasePath {
    /// 全国地方公共団体コード, six digits.
    #[param(example = "020001")]
    tenant: String,
    /// The application.
    id: Uuid,
}

/// Another resource of a tenant in the path, such as an invoice or a payment.
pub type ResourcePath = CasePath;

/// The key that makes repeating a request harmless.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes a header; it is read by the extractor")]
pub struct IdempotencyKeyHeader {
    /// 1 to 64 visible ASCII characters, new for each intended effect. A repeat with the same key and body has no second
    /// effect and gets the same resource with `Idempotency-Replayed: true`.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 64, pattern = "^[!-~]{1,64}$")]
    idempotency_key: String,
}

/// The version the caller has seen.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes a header; it is read by the extractor")]
pub struct IfMatchHeader {
    /// The `ETag` of the representation the change is based on, such as `"3"`.
    #[param(rename = "If-Match")]
    if_match: String,
}

/// Where a list goes on.
#[derive(IntoParams, serde::Deserialize)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// What reading can be refused for.
#[derive(IntoResponses)]
pub enum ReadProblems {
    /// Nobody is signed in, or the token is not valid.
    #[response(status = 401, content_type = "application/problem+json")]
    NotSignedIn(Problem),
    /// It does not exist, or the caller may not know of it.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
    /// The server or its database is busy or away.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}

/// What looking at public things can be refused for.
#[derive(IntoResponses)]
pub enum PublicProblems {
    /// It does not exist.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
    /// A token was given and is not valid.
    #[response(status = 401, content_type = "application/problem+json")]
    NotSignedIn(Problem),
}

/// What a change can be refused for; nothing has happened then.
#[derive(IntoResponses)]
pub enum ChangeProblems {
    /// Not the expected JSON, or no `Idempotency-Key`; all faults are listed.
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(Problem),
    /// Nobody is signed in, or the token is not valid.
    #[response(status = 401, content_type = "application/problem+json")]
    NotSignedIn(Problem),
    /// Seen, but not the caller's to do.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// It does not exist, or the caller may not know of it.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
    /// Not possible in the present state.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(Problem),
    /// The body is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// The media type is not accepted.
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMediaType(Problem),
    /// The content breaks a rule, or the key was used for another request; all faults are listed.
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(Problem),
    /// Busy, or the outcome is not known: repeat with the same key.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}

/// What a stale or missing version is refused with.
#[derive(IntoResponses)]
pub enum VersionProblems {
    /// `If-Match` names an old version.
    #[response(status = 412, content_type = "application/problem+json")]
    Stale(Problem),
    /// `If-Match` is missing.
    #[response(status = 428, content_type = "application/problem+json")]
    Missing(Problem),
}
