//! Bad input over HTTP: each kind gets its own clear problem, and none of it changes anything.

mod bodies;
mod money;
mod races;
mod review;

use reqwest::Method;
use serde_json::json;

use crate::support::app::{Answer, Person, TestApp, new_key};

/// A procedure with a fee, for businesses.
const PROCEDURE: &str = "denki-koji-toroku";
/// Where its cases are.
const CASES: &str = "/v1/tenants/020001/applications";

/// A problem as one line with its code and sentence, and one line a fault; the frame is checked on the way.
fn shown(answer: &Answer) -> String {
    let body = &answer.body;
    let header =
        |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    assert_eq!(header("content-type"), "application/problem+json", "{body}");
    assert_eq!(body["status"], answer.status.as_u16());
    assert_eq!(text(&body["type"]), format!("urn:madoguchi:problem:{}", text(&body["code"])));
    assert_eq!(text(&body["title"]), answer.status.canonical_reason().unwrap());
    assert_eq!(text(&body["request_id"]), header("x-request-id"), "the id in the log");
    let mut lines: Vec<String> = body["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|fault| {
            format!("  {} {}: {}", text(&fault["pointer"]), text(&fault["code"]), text(&fault["message"]))
        })
        .collect();
    lines.sort();
    lines.insert(0, format!("{}: {}", answer.problem(), text(&body["detail"])));
    lines.join("\n")
}

/// A `POST` with this key.
async fn post_with_key(
    app: &TestApp,
    who: &Person,
    path: &str,
    key: &str,
    body: serde_json::Value,
) -> Answer {
    app.call(Method::POST, path, Some(who), &[("idempotency-key", key)], Some(body)).await
}

/// A draft without answers.
async fn empty_draft(app: &TestApp, who: &Person) -> String {
    let made = app.post(who, CASES, json!({ "procedure": PROCEDURE, "form": {} })).await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

/// A `POST` of these very bytes.
async fn post_bytes(app: &TestApp, who: &Person, path: &str, media_type: &str, bytes: Vec<u8>) -> Answer {
    let request = app
        .raw(Method::POST, path)
        .bearer_auth(&who.token)
        .header("accept-language", "en")
        .header("idempotency-key", new_key())
        .header("content-type", media_type)
        .body(bytes);
    crate::support::app::read(request.send().await.unwrap()).await
}
