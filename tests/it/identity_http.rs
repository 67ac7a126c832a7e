//! Accounts and sessions over HTTP: bodies, headers, statuses.

use actix_web::body::to_bytes;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::Method;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, Error, web};
use madoguchi::http::v1;
use serde_json::{Value, json};
use utoipa_actix_web::AppExt;

use crate::support::core::core;
use crate::support::db::TestDb;

/// An answer as a client sees it.
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Pointer and code of every single fault, in order.
    fn faults(&self) -> Vec<String> {
        let faults = self.body["errors"].as_array().unwrap();
        let text = |fault: &Value, key: &str| fault[key].as_str().unwrap().to_owned();
        let mut all: Vec<_> = faults
            .iter()
            .map(|fault| format!("{} {}", text(fault, "pointer"), text(fault, "code")))
            .collect();
        all.sort();
        all
    }
}

/// Sends one request and reads the answer.
async fn send<R>(app: &impl Service<R, Response = ServiceResponse, Error = Error>, request: R) -> Answer {
    let response = app.call(request).await.unwrap_or_else(|error| panic!("{error}"));
    let status = response.status().as_u16();
    let headers = response.headers().iter();
    let headers = headers.map(|(key, value)| (key.to_string(), value.to_str().unwrap().to_owned())).collect();
    let bytes = to_bytes(response.into_body()).await.unwrap_or_default();
    Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

/// The calls of identity on a test's database.
macro_rules! app {
    ($db:expr) => {{
        let app = App::new().into_utoipa_app().app_data(web::Data::from(core($db)));
        let app = app.configure(v1::accounts::configure).configure(v1::sessions::configure);
        init_service(app.configure(v1::me::configure).configure(v1::jwks::configure).into_app()).await
    }};
}

fn post(path: &str, body: &Value) -> TestRequest {
    TestRequest::post().uri(path).peer_addr("192.0.2.1:4000".parse().unwrap()).set_json(body)
}

fn with_token(method: Method, path: &str, token: &str) -> TestRequest {
    TestRequest::with_uri(path).method(method).insert_header(("Authorization", format!("Bearer {token}")))
}

fn registration() -> Value {
    json!({ "email": "taro@example.jp", "password": "correct horse", "name": "青森 太郎", "kind": "resident" })
}

fn credentials(password: &str) -> Value {
    json!({ "email": "taro@example.jp", "password": password })
}

on_both_databases!(register_sign_in_look_refresh_and_sign_out_over_http, async |db: TestDb| {
    let app = app!(&db);
    let made = send(&app, post("/v1/accounts", &registration()).to_request()).await;
    assert_eq!(made.status, 201);
    let again = send(&app, post("/v1/accounts", &registration()).to_request()).await;
    assert_eq!(again.status, 201);
    assert_eq!(made.body.as_object().unwrap().len(), again.body.as_object().unwrap().len());
    let tokens = send(&app, post("/v1/sessions", &credentials("correct horse")).to_request()).await;
    assert_eq!((tokens.status, tokens.header("cache-control")), (200, Some("no-store")));
    assert_eq!((&tokens.body["token_type"], &tokens.body["expires_in"]), (&json!("Bearer"), &json!(600)));
    let access = tokens.body["access_token"].as_str().unwrap();
    let me = send(&app, with_token(Method::GET, "/v1/me", access).to_request()).await;
    let expected = json!({
        "id": made.body["id"], "kind": "resident", "name": "青森 太郎", "email": "taro@example.jp", "assurance": "id",
        "posts": []
    });
    assert_eq!((me.status, me.body), (200, expected));
    let used = json!({ "refresh_token": tokens.body["refresh_token"] });
    let next = send(&app, post("/v1/sessions/refresh", &used).to_request()).await;
    assert_eq!(next.status, 200);
    let out = send(&app, with_token(Method::DELETE, "/v1/sessions/current", access).to_request()).await;
    assert_eq!(out.status, 204);
    let latest = json!({ "refresh_token": next.body["refresh_token"] });
    let closed = send(&app, post("/v1/sessions/refresh", &latest).to_request()).await;
    assert_eq!((closed.status, &closed.body["code"]), (401, &json!("not_signed_in")));
    let reused = send(&app, post("/v1/sessions/refresh", &used).to_request()).await;
    assert_eq!((reused.status, &reused.body["code"]), (401, &json!("refresh_token_reused")));
});

on_both_databases!(every_unknown_missing_or_mistyped_field_is_listed_at_once, async |db: TestDb| {
    let app = app!(&db);
    let body = json!({ "email": 1, "name": "x", "kind": "officer", "surname": "y", "age": 3 });
    let answer = send(&app, post("/v1/accounts", &body).to_request()).await;
    assert_eq!((answer.status, &answer.body["code"]), (400, &json!("malformed_request")));
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let expected =
        ["/age unknown_field", "/email type", "/kind enum", "/password required", "/surname unknown_field"];
    assert_eq!(answer.faults(), expected);
    let ruled_out =
        json!({ "email": "x", "password": "short", "name": "", "kind": "resident", "corporate_number": "1" });
    let answer = send(&app, post("/v1/accounts", &ruled_out).to_request()).await;
    assert_eq!((answer.status, &answer.body["code"]), (422, &json!("validation_failed")));
    let expected =
        ["/corporate_number not_for_this_kind", "/email email", "/name required", "/password too_short"];
    assert_eq!(answer.faults(), expected);
    assert_eq!(db.count("(SELECT count(*) FROM accounts)").await, 0);
});

on_both_databases!(a_one_time_password_may_only_be_absent_or_null, async |db: TestDb| {
    let app = app!(&db);
    send(&app, post("/v1/accounts", &registration()).to_request()).await;
    for (totp, expected) in [(Value::Null, 200), (json!("123456"), 400), (json!(123_456), 400)] {
        let mut body = credentials("correct horse");
        body["totp"] = totp.clone();
        let answer = send(&app, post("/v1/sessions", &body).to_request()).await;
        assert_eq!(answer.status, expected, "{totp}: {}", answer.body);
    }
});

on_both_databases!(wrong_passwords_are_counted_by_the_address_of_the_connection, async |db: TestDb| {
    let app = app!(&db);
    send(&app, post("/v1/accounts", &registration()).to_request()).await;
    for attempt in 0..6_u8 {
        // A header that anybody can write changes nothing.
        let claimed = ("X-Forwarded-For", format!("203.0.113.{attempt}"));
        let request = post("/v1/sessions", &credentials("wrong")).insert_header(claimed);
        let answer = send(&app, request.to_request()).await;
        let expected = if attempt < 5 { (401, "wrong_credentials") } else { (429, "too_many_attempts") };
        assert_eq!((answer.status, answer.body["code"].as_str().unwrap()), expected);
        assert_eq!(answer.header("retry-after"), (attempt == 5).then_some("30"));
    }
    let elsewhere =
        post("/v1/sessions", &credentials("correct horse")).peer_addr("198.51.100.7:1".parse().unwrap());
    assert_eq!(send(&app, elsewhere.to_request()).await.status, 200);
});

on_both_databases!(nobody_gets_in_without_a_good_token, async |db: TestDb| {
    let app = app!(&db);
    for (method, path) in [(Method::GET, "/v1/me"), (Method::DELETE, "/v1/sessions/current")] {
        let bare = TestRequest::with_uri(path).method(method.clone());
        let forged = with_token(method.clone(), path, "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.");
        let basic = TestRequest::with_uri(path).method(method).insert_header(("Authorization", "Basic eDp5"));
        for request in [bare, forged, basic] {
            let answer = send(&app, request.to_request()).await;
            assert_eq!((answer.status, &answer.body["code"]), (401, &json!("not_signed_in")), "{path}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    let keys = send(&app, TestRequest::get().uri("/.well-known/jwks.json").to_request()).await;
    assert_eq!((keys.status, &keys.body["keys"][0]["crv"]), (200, &json!("Ed25519")));
});
