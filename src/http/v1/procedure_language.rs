//! `GET /v1/procedure-language.json`.

use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, get};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::catalogue::language;

/// The schema never changes while the program runs.
static SCHEMA: LazyLock<String> = LazyLock::new(language::schema_text);

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_procedure_language);
}

/// The language procedures are written in
///
/// The JSON Schema 2020-12 of a procedure file, for editors and for tools of third parties.
#[utoipa::path(
    operation_id = "get_procedure_language",
    tag = "catalogue",
    responses((status = 200, description = "A JSON Schema", body = Object)),
    security(()),
)]
#[get("/v1/procedure-language.json")]
pub async fn get_procedure_language() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(SCHEMA.as_str())
}
