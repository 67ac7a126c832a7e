//! `GET /.well-known/jwks.json`.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, get, web};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::service::Core;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_jwks);
}

/// Keys of the access tokens
///
/// The public keys with which anybody can check an access token (RFC 7517).
#[utoipa::path(
    operation_id = "get_jwks",
    tag = "sessions",
    responses((status = 200, description = "A JWK set", body = Object)),
    security(()),
)]
#[get("/.well-known/jwks.json")]
pub async fn get_jwks(core: web::Data<Core>) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=300")).json(core.tokens.jwks())
}
