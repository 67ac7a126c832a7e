//! What operators and their tools ask: is it up, can it serve, how does it do. Not part of the public contract's nouns.

use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::error::Problem;
use crate::service::Core;
use crate::telemetry;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_health).service(get_readiness).service(get_metrics);
}

/// The state of the process.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`, or why not.
    status: &'static str,
    /// Published procedure versions that this program cannot offer; they stop nothing else. The log names them.
    #[serde(skip_serializing_if = "Option::is_none")]
    unusable_procedure_versions: Option<usize>,
}

impl Health {
    fn of(status: &'static str) -> Self {
        Self { status, unusable_procedure_versions: None }
    }
}

/// The process is up
///
/// Says nothing of the database: a process that answers here need not be restarted.
#[utoipa::path(
    operation_id = "get_health",
    tag = "operations",
    responses((status = 200, description = "It is up", body = Health)),
    security(()),
)]
#[get("/healthz")]
pub async fn get_health() -> HttpResponse {
    HttpResponse::Ok().json(Health::of("ok"))
}

/// The process can serve
///
/// The database answers and no migration is missing. A load balancer sends requests only to nodes that say 200.
#[utoipa::path(
    operation_id = "get_readiness",
    tag = "operations",
    responses(
        (status = 200, description = "It can serve", body = Health),
        (status = 503, description = "It cannot", body = Health),
        (status = 500, description = "A fault of ours", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
)]
#[get("/readyz")]
pub async fn get_readiness(core: web::Data<Core>) -> HttpResponse {
    if core.db.ping().await.is_err() {
        return HttpResponse::ServiceUnavailable().json(Health::of("database_unavailable"));
    }
    let db = core.db.clone();
    // Opens a connection of its own, so it does not run on the reactor.
    let pending = web::block(move || db.pending_migrations()).await;
    match pending {
        Ok(Ok(pending)) if pending.is_empty() => HttpResponse::Ok().json(Health {
            status: "ok",
            unusable_procedure_versions: Some(core.catalogue.current().unusable().len()),
        }),
        Ok(Ok(_)) => HttpResponse::ServiceUnavailable().json(Health::of("migrations_pending")),
        _ => HttpResponse::ServiceUnavailable().json(Health::of("database_unavailable")),
    }
}

/// Metrics
///
/// In the text format of Prometheus.
#[utoipa::path(
    operation_id = "get_metrics",
    tag = "operations",
    responses((status = 200, description = "The metrics", body = String, content_type = "text/plain")),
    security(()),
)]
#[get("/metrics")]
pub async fn get_metrics() -> HttpResponse {
    let handle = telemetry::metrics();
    handle.run_upkeep();
    HttpResponse::Ok().insert_header(ContentType::plaintext()).body(handle.render())
}
