//! `…/gateways/{gateway}/notifications`: the gateways' webhooks.

use std::sync::Arc;

use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse, post};
use futures_util::StreamExt;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::domain::id::TenantCode;
use crate::gateway::RawNotification;
use crate::http::error::{ApiError, Problem};
use crate::http::extract::segment;
use crate::http::faults;
use crate::service::{Core, Refusal, notification};

/// No event of a gateway is larger.
const LIMIT_BYTES: usize = 256 * 1024;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(receive_notification);
}

/// Receive a gateway's notification
///
/// For gateways only. It is believed by its signature over the raw bytes, stored, and acknowledged; its effect follows
/// later, once, however often it is delivered.
#[utoipa::path(
    operation_id = "receive_notification", tag = "gateways", security(()),
    params(
        ("tenant" = String, Path, description = "全国地方公共団体コード", example = "020001"),
        ("gateway" = String, Path, description = "Name of the merchant account", example = "komoju"),
    ),
    request_body(content = String, content_type = "application/json", description = "As the vendor defines it"),
    responses(
        (status = 200, description = "Stored, or stored before"),
        (status = 400, description = "It cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not from the gateway", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such gateway", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Send it again", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/tenants/{tenant}/gateways/{gateway}/notifications")]
pub async fn receive_notification(
    core: web::Data<Core>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let (tenant, gateway): (TenantCode, String) =
        (segment(&request, "tenant")?, segment(&request, "gateway")?);
    let text = |value: &actix_web::http::header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let raw = RawNotification {
        headers: request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect(),
        body: read(payload).await?,
        source: request.peer_addr().map(|peer| peer.ip()),
    };
    let core: Arc<Core> = core.into_inner();
    notification::receive(&core, tenant, gateway, raw).await?;
    Ok(HttpResponse::Ok().finish())
}

async fn read(mut payload: Payload) -> Result<Vec<u8>, ApiError> {
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Refusal::Malformed(vec![faults::unreadable()]))?;
        if body.len() + chunk.len() > LIMIT_BYTES {
            return Err(Refusal::TooLarge { limit_bytes: LIMIT_BYTES }.into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
