//! The frame of every answer.

use actix_web::test::{TestRequest, call_service, init_service, read_body, read_body_json};
use actix_web::web;
use madoguchi::http::{Documentation, app};
use serde_json::Value;

use super::core;
use crate::support::db::TestDb;

macro_rules! service {
    ($db:expr) => {
        init_service(app(web::Data::from(core(&$db).await), Documentation::build().unwrap())).await
    };
}

fn header<'a, B>(response: &'a actix_web::dev::ServiceResponse<B>, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

on_both_databases!(a_ready_node_says_so_on_all_three_paths, async |db: TestDb| {
    let service = service!(db);
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs/"] {
        let response = call_service(&service, TestRequest::get().uri(path).to_request()).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(&response, "x-frame-options"), "DENY", "{path}");
        assert!(header(&response, "x-request-id").parse::<uuid::Uuid>().is_ok(), "{path}");
    }
});

on_both_databases!(a_wrong_path_and_a_wrong_method_are_problems, async |db: TestDb| {
    let service = service!(db);
    let response = call_service(&service, TestRequest::get().uri("/v1/nothing").to_request()).await;
    assert_eq!(
        (response.status().as_u16(), header(&response, "content-type")),
        (404, "application/problem+json")
    );
    let problem: Value = read_body_json(response).await;
    assert_eq!(problem["code"], "not_found");
    assert_eq!(problem["status"], 404);

    let wrong =
        TestRequest::delete().uri("/v1/accounts").insert_header(("Accept-Language", "en")).to_request();
    let response = call_service(&service, wrong).await;
    assert_eq!((response.status().as_u16(), header(&response, "allow")), (405, "POST"));
    let id = header(&response, "x-request-id").to_owned();
    let problem: Value = read_body_json(response).await;
    assert_eq!(problem["code"], "method_not_allowed");
    assert_eq!(problem["request_id"], id.as_str());
    assert_eq!(problem["detail"], "This method is not allowed here.");
});

on_both_databases!(a_body_that_is_no_json_or_too_large_is_a_problem, async |db: TestDb| {
    let service = service!(db);
    let post = |body: Vec<u8>, media_type: &'static str| {
        TestRequest::post().uri("/v1/accounts").insert_header(("Content-Type", media_type)).set_payload(body)
    };
    for (body, media_type, status, code) in [
        (b"{".to_vec(), "application/json", 400, "malformed_request"),
        (vec![0xff, 0xfe], "application/json", 400, "malformed_request"),
        (b"<a/>".to_vec(), "application/xml", 415, "unsupported_media_type"),
        (vec![b' '; 10 << 20], "application/json", 413, "too_large"),
        (br#"{"surprise":1}"#.to_vec(), "application/json", 400, "malformed_request"),
    ] {
        let response = call_service(&service, post(body, media_type).to_request()).await;
        assert_eq!(response.status().as_u16(), status, "{code}");
        assert_eq!(header(&response, "content-type"), "application/problem+json", "{code}");
        let problem: Value = read_body_json(response).await;
        assert_eq!(problem["code"], code);
    }
});

on_both_databases!(metrics_count_requests_by_route_and_never_by_path, async |db: TestDb| {
    let service = service!(db);
    call_service(&service, TestRequest::get().uri("/v1/secret-path-123").to_request()).await;
    let response = call_service(&service, TestRequest::get().uri("/metrics").to_request()).await;
    let text = String::from_utf8(read_body(response).await.to_vec()).unwrap();
    assert!(text.contains("madoguchi_http_requests_total"), "{text}");
    assert!(!text.contains("secret-path-123"));
});

#[test]
fn the_checked_in_openapi_document_is_the_one_the_handlers_make() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/madoguchi.yaml");
    let checked_in = std::fs::read_to_string(path).unwrap_or_default();
    let made = madoguchi::http::openapi::yaml().unwrap();
    assert!(checked_in == made, "openapi/madoguchi.yaml is out of date: run `cargo run -- openapi --write`");
}
