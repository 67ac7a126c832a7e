//! HTTP: parse, call one use case, present. No rule lives here.

pub mod contract;
pub mod error;
pub mod extract;
pub mod faults;
pub mod health;
pub mod locale;
pub mod middleware;
pub mod openapi;
pub mod respond;
pub mod serve;
pub mod v1;

use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::{ALLOW, HeaderValue, LOCATION};
use actix_web::middleware::from_fn;
use actix_web::{App, Error, HttpRequest, HttpResponse, ResponseError, web};
use utoipa::OpenApi;
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::{Config, SwaggerUi};

use self::error::ApiError;
use self::openapi::KnownPaths;
use crate::domain::fault::Fault;
use crate::service::{Core, Failure, Refusal};

/// Every call that the document describes.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.configure(v1::configure).configure(health::configure);
}

/// The document and what is read from it; made once and shared by all threads.
#[derive(Clone)]
pub struct Documentation {
    json: Arc<str>,
    known: Arc<KnownPaths>,
}

impl Documentation {
    /// Makes the document.
    pub fn build() -> Result<Self, Failure> {
        let document = openapi::document();
        let json = document.to_json().map_err(|error| Failure::Internal(error.to_string()))?;
        Ok(Self { json: json.into(), known: Arc::new(KnownPaths::of(&document)) })
    }
}

/// The whole application, for the server and for tests.
pub fn app(
    core: web::Data<Core>,
    documentation: Documentation,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let limit_bytes = core.settings.http.body_limit_bytes;
    let (app, _) = App::new()
        .into_utoipa_app()
        .openapi(openapi::Frame::openapi())
        .map(|app| app.wrap(from_fn(middleware::around)))
        .configure(configure)
        .split_for_parts();
    let docs = SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json"));
    app.app_data(core)
        .app_data(web::Data::new(documentation))
        .app_data(web::PayloadConfig::new(limit_bytes))
        .app_data(web::PathConfig::default().error_handler(|_, _| refused(Refusal::NotFound)))
        .app_data(
            web::QueryConfig::default().error_handler(|error, _| refused(malformed(&error.to_string()))),
        )
        .app_data(web::JsonConfig::default().error_handler(|error, _| refused(malformed(&error.to_string()))))
        .route("/openapi.json", web::get().to(openapi_json))
        .route("/docs", web::get().to(to_docs))
        .service(docs)
        .default_service(web::to(nothing_here))
}

fn malformed(reason: &str) -> Refusal {
    let ja = format!("リクエストの形式に誤りがあります（{reason}）。");
    Refusal::Malformed(vec![Fault::new("", "malformed", ja, reason)])
}

fn refused(refusal: Refusal) -> Error {
    ApiError::from(refusal).into()
}

async fn openapi_json(documentation: web::Data<Documentation>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(documentation.json.to_string())
}

async fn to_docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

/// 405 with the methods that there are, or 404.
async fn nothing_here(request: HttpRequest, documentation: web::Data<Documentation>) -> HttpResponse {
    let methods = documentation.known.methods(request.path());
    if methods.is_empty() {
        return ApiError::from(Refusal::NotFound).error_response();
    }
    let mut response = ApiError::from(Refusal::MethodNotAllowed).error_response();
    let names: Vec<&str> = methods.iter().map(actix_web::http::Method::as_str).collect();
    if let Ok(allow) = HeaderValue::from_str(&names.join(", ")) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}
