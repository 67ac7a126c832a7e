//! A client as the contract wants it: it repeats a request with the same key until it has an answer.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::sync::RwLock;
use tokio::time::Instant;
use uuid::Uuid;

use super::dice::Dice;
use super::run::{People, Person};
use super::{StormError, TENANT};

/// How long a request is repeated before the client gives up.
const PATIENCE: Duration = Duration::from_secs(90);
/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(60);

/// What a request carries.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// Nothing.
    None,
    /// JSON.
    Json(&'a Value),
    /// `multipart/form-data` with the boundary `B`.
    Form(&'a [u8]),
}

/// An answer of the server.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON, or null.
    pub body: Value,
    /// As it came.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The text of a field.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.body.pointer(pointer).and_then(Value::as_str)
    }
}

/// Everybody's way to the server.
#[derive(Debug)]
pub struct Counter {
    http: Client,
    base: String,
    people: People,
    tokens: RwLock<BTreeMap<&'static str, String>>,
}

impl Counter {
    /// A way to the server at `base` for these people.
    pub fn new(http: Client, base: String, people: People) -> Self {
        Self { http, base, people, tokens: RwLock::default() }
    }

    /// The people.
    pub fn people(&self) -> &People {
        &self.people
    }

    /// Looks at something.
    pub async fn get(&self, who: Person, path: &str) -> Result<Answer, StormError> {
        self.call(who, &Method::GET, path, None, Body::None).await
    }

    /// Asks for something, under a key, until there is an answer.
    pub async fn post(&self, who: Person, path: &str, key: &str, body: &Value) -> Result<Answer, StormError> {
        self.call(who, &Method::POST, path, Some(key), Body::Json(body)).await
    }

    /// Asks for something in nobody's name until there is an answer; the path is below `/v1`.
    pub async fn post_as_nobody(&self, path: &str, key: &str, body: &Value) -> Result<Answer, StormError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let request = self.http.post(format!("{}/v1/{path}", self.base)).json(body);
            match send(request.header("idempotency-key", key)).await {
                Some(answer) if answer.status < 500 && answer.status != 429 => return Ok(answer),
                _ => {}
            }
            if Instant::now() > deadline {
                return Err(StormError::Failed(format!("no answer to {path}")));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// One request until there is an answer; the path is below the body's.
    pub async fn call(
        &self,
        who: Person,
        method: &Method,
        path: &str,
        key: Option<&str>,
        body: Body<'_>,
    ) -> Result<Answer, StormError> {
        let deadline = Instant::now() + PATIENCE;
        let url = format!("{}/v1/tenants/{TENANT}/{path}", self.base);
        loop {
            let mut request = self.http.request(method.clone(), &url).bearer_auth(self.token(who).await);
            request = match body {
                Body::None => request,
                Body::Json(value) => request.json(value),
                Body::Form(bytes) => {
                    request.header("content-type", "multipart/form-data; boundary=B").body(bytes.to_vec())
                }
            };
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            match send(request).await {
                Some(answer) if answer.status == 401 => self.sign_in(who).await?,
                Some(answer) if answer.status < 500 && answer.status != 429 => return Ok(answer),
                _ => {}
            }
            if Instant::now() > deadline {
                return Err(StormError::Failed(format!("no answer to {method} {path}")));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn token(&self, who: Person) -> String {
        self.tokens.read().await.get(who.email).cloned().unwrap_or_default()
    }

    async fn sign_in(&self, who: Person) -> Result<(), StormError> {
        let body = json!({ "email": who.email, "password": self.people.password });
        let request = self.http.post(format!("{}/v1/sessions", self.base)).json(&body);
        let Some(answer) = send(request).await else { return Ok(()) };
        match answer.text("/access_token") {
            Some(token) => drop(self.tokens.write().await.insert(who.email, token.to_owned())),
            None if answer.status >= 500 || answer.status == 429 => {}
            None => return Err(StormError::Failed(format!("{} cannot sign in: {}", who.email, answer.body))),
        }
        Ok(())
    }
}

/// Sends once; nothing when nobody answered.
async fn send(request: RequestBuilder) -> Option<Answer> {
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    let bytes = answer.bytes().await.ok()?;
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Some(Answer { status, body, bytes: bytes.to_vec() })
}

/// A new key for a request.
pub fn new_key(dice: &mut Dice) -> String {
    Uuid::from_u64_pair(dice.throw(), dice.throw()).to_string()
}

/// A client that goes straight there, follows nothing and does not wait long.
pub fn http() -> Result<Client, StormError> {
    let builder = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    Ok(builder.timeout(Duration::from_secs(15)).build()?)
}
