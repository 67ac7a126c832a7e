//! `GET /v1/tenants`.

use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::domain::organisation::TenantKind;
use crate::http::contract::PublicProblems;
use crate::http::error::ApiError;
use crate::http::extract::Anyone;
use crate::http::locale;

/// Adds the calls of this file.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_tenants);
}

/// A prefecture or municipality with an open counter.
#[derive(Serialize, ToSchema)]
pub struct TenantItem {
    /// 全国地方公共団体コード.
    #[schema(example = "020001")]
    code: String,
    /// Its name.
    #[schema(example = "青森県")]
    name: String,
    /// `prefecture` or `municipality`.
    kind: String,
}

/// A page of tenants.
#[derive(Serialize, ToSchema)]
pub struct TenantPage {
    /// The tenants, by code.
    items: Vec<TenantItem>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// List the counters
///
/// The prefecture and the municipalities that take applications here.
#[utoipa::path(
    operation_id = "list_tenants", tag = "catalogue", security(()),
    responses((status = 200, description = "All open counters", body = TenantPage), PublicProblems),
)]
#[get("/v1/tenants")]
pub async fn list_tenants(Anyone(ctx): Anyone) -> Result<HttpResponse, ApiError> {
    let locale = locale::current().locale;
    let item = |tenant: &std::sync::Arc<crate::catalogue::CatalogueTenant>| TenantItem {
        code: tenant.definition.code.to_string(),
        name: locale.pick(&tenant.definition.name.ja, &tenant.definition.name.en).clone(),
        kind: kind(tenant.definition.kind).to_owned(),
    };
    let items = ctx.catalogue.tenants().map(item).collect();
    Ok(HttpResponse::Ok().json(TenantPage { items, next_cursor: None }))
}

fn kind(kind: TenantKind) -> &'static str {
    match kind {
        TenantKind::Prefecture => "prefecture",
        TenantKind::Municipality => "municipality",
    }
}
