//! `POST /v1/sessions`, `POST /v1/sessions/refresh`, `DELETE /v1/sessions/current`.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL};
use actix_web::{HttpRequest, HttpResponse, delete, post, web};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::{Object, ObjectBuilder, Type};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::http::error::{ApiError, Problem};
use crate::http::extract::{Body, SignedIn};
use crate::service::session::{self, Grant, SignIn};
use crate::service::{Core, Refusal};

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(create_session).service(refresh_session).service(close_session);
}

/// E-mail address and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The address of the account.
    #[schema(example = "taro@example.jp")]
    email: String,
    /// The password.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// Reserved for one-time passwords, which no account can have yet: absent or null.
    #[serde(default, rename = "totp")]
    #[schema(schema_with = only_null, required = false)]
    _totp: Option<()>,
}

/// The schema of a value that can only be null.
fn only_null() -> Object {
    let text = "Reserved for one-time passwords, which no account can have yet: absent or null.";
    ObjectBuilder::new().schema_type(Type::Null).description(Some(text)).build()
}

/// A refresh token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The refresh token of the latest answer.
    #[schema(value_type = String, format = Password)]
    refresh_token: SecretString,
}

/// Tokens of a session.
#[derive(Debug, Serialize, ToSchema)]
pub struct Tokens {
    /// Goes into `Authorization: Bearer …`.
    access_token: String,
    /// Good once, for `POST /v1/sessions/refresh`.
    refresh_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds that the access token lives.
    #[schema(example = 600)]
    expires_in: i64,
}

fn answer(grant: &Grant) -> HttpResponse {
    let tokens = Tokens {
        access_token: grant.access_token.expose_secret().to_owned(),
        refresh_token: grant.refresh_token.expose_secret().to_owned(),
        token_type: "Bearer",
        expires_in: grant.expires_in_s,
    };
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(tokens)
}

/// Sign in
///
/// E-mail address and password open a session. After several wrong passwords the place they came from waits, a little
/// longer each time and never longer than a quarter of an hour unless the office has set it otherwise; nobody else can
/// lock you out. Whether the address or the password was wrong is not said.
#[utoipa::path(
    operation_id = "create_session",
    tag = "sessions",
    request_body = Credentials,
    responses(
        (status = 200, description = "Signed in", body = Tokens),
        (status = 400, description = "Not the expected JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Wrong e-mail or password", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Wait", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
)]
#[post("/v1/sessions")]
pub async fn create_session(
    core: web::Data<Core>,
    request: HttpRequest,
    body: Body<Credentials>,
) -> Result<HttpResponse, ApiError> {
    // The connection's own address: a header could be made up by anybody.
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let command = SignIn { email: body.0.email, password: body.0.password, source: peer.into() };
    Ok(answer(&session::sign_in(&core, command).await?))
}

/// Stay signed in
///
/// Exchanges the refresh token for new tokens. Each refresh token is good once: if one is used again, even by accident,
/// the session is closed, because somebody else may have it.
#[utoipa::path(
    operation_id = "refresh_session",
    tag = "sessions",
    request_body = Refresh,
    responses(
        (status = 200, description = "New tokens", body = Tokens),
        (status = 400, description = "Not the expected JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Unknown, expired or used before", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
)]
#[post("/v1/sessions/refresh")]
pub async fn refresh_session(core: web::Data<Core>, body: Body<Refresh>) -> Result<HttpResponse, ApiError> {
    Ok(answer(&session::refresh(&core, &body.0.refresh_token).await?))
}

/// Sign out
///
/// Closes the session of the access token: its refresh token is worth nothing from now on. The access token itself
/// runs out within minutes.
#[utoipa::path(
    operation_id = "close_session",
    tag = "sessions",
    responses(
        (status = 204, description = "Signed out"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
#[delete("/v1/sessions/current")]
pub async fn close_session(caller: SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let ctx = caller.0;
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|text| text.strip_prefix("Bearer ")).ok_or(Refusal::NotSignedIn)?;
    let bearer = ctx.core.tokens.bearer(token, ctx.now())?;
    session::sign_out(&ctx.core, bearer).await?;
    Ok(HttpResponse::NoContent().finish())
}
