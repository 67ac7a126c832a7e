//! What a handler asks for by type: who calls, an idempotent body, a version. A handler cannot forget to check.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;

use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, IF_MATCH};
use actix_web::web::{self, Bytes};
use actix_web::{FromRequest, HttpRequest, dev};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::error::ApiError;
use super::faults;
use super::locale;
use crate::domain::id::TenantCode;
use crate::seal::sha256;
use crate::service::idempotency::IdempotencyRequest;
use crate::service::{Caller, Core, Ctx, Refusal};

/// Anybody, signed in or not. A token that is given must be valid.
pub struct Anyone(pub Ctx);

/// Somebody signed in.
pub struct SignedIn(pub Ctx);

fn core(request: &HttpRequest) -> Result<Arc<Core>, ApiError> {
    let data = request.app_data::<web::Data<Core>>();
    data.map(|data| data.clone().into_inner()).ok_or(ApiError::from(Refusal::NotFound))
}

fn context(request: &HttpRequest) -> Result<Ctx, ApiError> {
    let core = core(request)?;
    let request_id = locale::current().request_id;
    match request.headers().get(AUTHORIZATION) {
        None => Ok(Ctx::new(core, Caller::Anonymous, request_id)),
        Some(value) => {
            let token = value
                .to_str()
                .ok()
                .and_then(|text| text.strip_prefix("Bearer "))
                .ok_or(Refusal::NotSignedIn)?;
            let bearer = core.tokens.bearer(token, core.clock.now())?;
            Ok(Ctx::new(core, Caller::Account(bearer.account), request_id).identified(bearer.assurance))
        }
    }
}

impl FromRequest for Anyone {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        ready(context(request).map(Self))
    }
}

impl FromRequest for SignedIn {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        ready(context(request).and_then(|ctx| {
            ctx.account()?;
            Ok(Self(ctx))
        }))
    }
}

/// A JSON body of type `T`, with every fault listed when it is not one.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + ToSchema + 'static> FromRequest for Body<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move { Ok(Self(faults::parse_json(&read_body(&request, payload).await?)?)) })
    }
}

/// A body of a request that changes something under `/v1/tenants/{tenant}`: JSON plus its idempotency key.
///
/// Extract [`SignedIn`] before it: the key's scope is the caller.
pub struct Mutation<T> {
    /// The caller.
    pub ctx: Ctx,
    /// The key in its scope.
    pub idempotency: IdempotencyRequest,
    /// The body.
    pub body: T,
}

/// A body that may be empty or `{}`.
#[derive(Debug, Default, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl<T: DeserializeOwned + ToSchema + 'static> FromRequest for Mutation<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let ctx = context(&request)?;
            ctx.account()?;
            let bytes = read_body(&request, payload).await?;
            let idempotency = idempotency(&request, &ctx, &bytes)?;
            let body =
                if bytes.is_empty() { faults::parse_json(b"{}")? } else { faults::parse_json(&bytes)? };
            Ok(Self { ctx, idempotency, body })
        })
    }
}

/// A body of a request that changes something for somebody without an account, who brings another proof in the path.
pub struct BearerMutation<T> {
    /// The context; nobody is signed in.
    pub ctx: Ctx,
    /// The idempotency key, to be scoped by the proof.
    pub key: String,
    /// SHA-256 of method, path and body.
    pub fingerprint: [u8; 32],
    /// The body.
    pub body: T,
}

impl<T: DeserializeOwned + ToSchema + 'static> FromRequest for BearerMutation<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let ctx = Ctx::new(core(&request)?, Caller::Anonymous, locale::current().request_id);
            let bytes = read_body(&request, payload).await?;
            let (key, fingerprint) = (key(&request)?, fingerprint(&request, &bytes));
            Ok(Self { ctx, key, fingerprint, body: faults::parse_json(&bytes)? })
        })
    }
}

/// The key of a request in its scope, with the fingerprint of method, path and body.
pub fn idempotency(request: &HttpRequest, ctx: &Ctx, body: &[u8]) -> Result<IdempotencyRequest, ApiError> {
    let tenant = request.match_info().get("tenant").and_then(TenantCode::parse).ok_or(Refusal::NotFound)?;
    let key = key(request)?;
    Ok(IdempotencyRequest { tenant, actor: ctx.account()?, key, fingerprint: fingerprint(request, body) })
}

/// The key that the request names.
fn key(request: &HttpRequest) -> Result<String, Refusal> {
    let key = request.headers().get("idempotency-key").and_then(|value| value.to_str().ok());
    let key =
        key.filter(|key| (1..=64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()));
    Ok(key.ok_or(Refusal::IdempotencyKeyRequired)?.to_owned())
}

/// SHA-256 of method, path and body.
fn fingerprint(request: &HttpRequest, body: &[u8]) -> [u8; 32] {
    let mut signed = request.method().as_str().as_bytes().to_vec();
    signed.push(0);
    signed.extend_from_slice(request.path().as_bytes());
    signed.push(0);
    signed.extend_from_slice(body);
    sha256(&signed)
}

/// The version that `If-Match` names.
pub struct IfMatch(pub i64);

impl FromRequest for IfMatch {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        let version = request.headers().get(IF_MATCH).and_then(|value| value.to_str().ok());
        let version =
            version.and_then(|text| text.trim().trim_start_matches("W/").trim_matches('"').parse().ok());
        ready(version.map(Self).ok_or(ApiError::from(Refusal::VersionRequired)))
    }
}

/// The version that `If-Match` names, where the header may be left out; one that cannot be read is refused.
pub struct OptionalIfMatch(pub Option<i64>);

impl FromRequest for OptionalIfMatch {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        if request.headers().contains_key(IF_MATCH) {
            let IfMatch(version) = match IfMatch::from_request(request, payload).into_inner() {
                Ok(version) => version,
                Err(refused) => return ready(Err(refused)),
            };
            return ready(Ok(Self(Some(version))));
        }
        ready(Ok(Self(None)))
    }
}

/// A path segment that must parse; one that does not is simply not found.
pub fn segment<T: FromStr>(request: &HttpRequest, name: &str) -> Result<T, ApiError> {
    request.match_info().get(name).and_then(|text| text.parse().ok()).ok_or(ApiError::from(Refusal::NotFound))
}

/// Reads a whole body up to the limit of the settings.
async fn read_body(request: &HttpRequest, mut payload: dev::Payload) -> Result<Bytes, ApiError> {
    let limit_bytes = core(request)?.settings.http.body_limit_bytes;
    let declared = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let media_type = declared.split(';').next().unwrap_or("").trim();
    let mut bytes = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Refusal::Malformed(vec![faults::unreadable()]))?;
        if bytes.len() + chunk.len() > limit_bytes {
            return Err(Refusal::TooLarge { limit_bytes }.into());
        }
        bytes.extend_from_slice(&chunk);
    }
    let json = media_type == "application/json" || media_type == "application/merge-patch+json";
    if !bytes.is_empty() && !json {
        return Err(Refusal::UnsupportedMediaType.into());
    }
    Ok(bytes.freeze())
}
