//! A simulator, a merchant that listens, and a payer who fills in forms.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use madoguchi::simulator::{RunningSimulator, SimulatorSettings, Vendor, VendorAccount, start};
use reqwest::{Client, Response};
use serde_json::{Value, json};

pub const SECRET_KEY: &str = "sk_test_counter";
pub const WEBHOOK_SECRET: &str = "whsec_counter";

/// One notification as it arrived.
#[derive(Debug, Clone)]
pub struct Arrived {
    pub delivery_id: String,
    pub event: String,
    pub signature: String,
    pub body: String,
}

impl Arrived {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// The merchant's side.
#[derive(Debug)]
pub struct Merchant {
    arrived: Mutex<Vec<Arrived>>,
    /// What it answers.
    pub answer: AtomicU16,
}

impl Merchant {
    fn listen() -> (Data<Self>, SocketAddr) {
        let merchant = Data::new(Self { arrived: Mutex::default(), answer: AtomicU16::new(200) });
        let shared = merchant.clone();
        let server = HttpServer::new(move || {
            App::new().app_data(shared.clone()).route("/hook", web::post().to(receive))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let address = server.addrs()[0];
        tokio::spawn(server.run());
        (merchant, address)
    }

    pub fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }

    pub fn events(&self) -> Vec<String> {
        self.arrived().into_iter().map(|arrived| arrived.event).collect()
    }

    /// Waits until `count` notifications have come, and a little longer to see that no more do.
    pub async fn wait_for(&self, count: usize) -> Vec<Arrived> {
        for _ in 0..200 {
            if self.arrived().len() >= count {
                tokio::time::sleep(Duration::from_millis(250)).await;
                let arrived = self.arrived();
                assert_eq!(arrived.len(), count, "{arrived:?}");
                return arrived;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("only {:?} arrived, {count} expected", self.events());
    }
}

async fn receive(merchant: Data<Merchant>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).unwrap().to_str().unwrap().to_owned();
    merchant.arrived.lock().unwrap().push(Arrived {
        delivery_id: header("X-Komoju-ID"),
        event: header("X-Komoju-Event"),
        signature: header("X-Komoju-Signature"),
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    HttpResponse::build(StatusCode::from_u16(merchant.answer.load(Ordering::Relaxed)).unwrap()).finish()
}

/// Everything a test needs.
pub struct Stand {
    simulator: Option<RunningSimulator>,
    settings: SimulatorSettings,
    pub merchant: Data<Merchant>,
    pub base: String,
    pub client: Client,
}

impl Stand {
    pub fn set_up() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("madoguchi-simulator-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let (merchant, address) = Merchant::listen();
        let settings = SimulatorSettings {
            bind: "127.0.0.1:0".parse().unwrap(),
            data_dir: std::env::temp_dir().join(name),
            accounts: vec![VendorAccount::new(
                Vendor::Komoju,
                &[("secret_key", SECRET_KEY), ("webhook_secret", WEBHOOK_SECRET)],
                Some(format!("http://{address}/hook")),
            )],
            merchant_name: "青森県 <窓口>".to_owned(),
            seed: 7,
            webhook_retry_seconds: vec![60, 600],
        };
        let (simulator, address) = start(settings.clone()).unwrap();
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(10))
            .build()
            .unwrap();
        Self { simulator: Some(simulator), settings, merchant, base: format!("http://{address}"), client }
    }

    pub fn settings(&self) -> SimulatorSettings {
        self.settings.clone()
    }

    pub fn journal(&self) -> PathBuf {
        self.settings.data_dir.join("simulator.jsonl")
    }

    /// Ends the simulator and starts it again on the same folder.
    pub async fn restart(&mut self) {
        self.simulator.take().unwrap().stop().await.unwrap();
        let (simulator, address) = start(self.settings.clone()).unwrap();
        self.simulator = Some(simulator);
        self.base = format!("http://{address}");
    }

    /// Calls the API as the merchant.
    pub async fn post(
        &self,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Result<Response, reqwest::Error> {
        let mut request = self
            .client
            .post(format!("{}/api/v1{path}", self.base))
            .basic_auth(SECRET_KEY, Some(""))
            .json(body);
        if let Some(key) = key {
            request = request.header("X-KOMOJU-IDEMPOTENCY", key);
        }
        request.send().await
    }

    pub async fn posted(&self, path: &str, key: Option<&str>, body: &Value) -> (u16, Value) {
        read(self.post(path, key, body).await.unwrap()).await
    }

    pub async fn got(&self, path: &str) -> (u16, Value) {
        let request = self.client.get(format!("{}/api/v1{path}", self.base)).basic_auth(SECRET_KEY, Some(""));
        read(request.send().await.unwrap()).await
    }

    /// Opens a session for 18,000 yen and returns its id.
    pub async fn session(&self, order: &str, capture: &str) -> String {
        let (status, body) = self.posted("/sessions", None, &new_session(order, capture)).await;
        assert_eq!(status, 200, "{body}");
        body["id"].as_str().unwrap().to_owned()
    }

    /// A session paid with the card that asks nothing; returns the payment's id.
    pub async fn paid(&self, order: &str) -> String {
        let session = self.session(order, "auto").await;
        assert_eq!(self.pay(&session, "card", "number=4242424242424242").await.status(), 303);
        let (_, body) = self.got(&format!("/sessions/{session}")).await;
        body["payment"]["id"].as_str().unwrap().to_owned()
    }

    /// Posts a form of the hosted page as the payer.
    pub async fn pay(&self, session: &str, act: &str, form: &str) -> Response {
        self.client
            .post(format!("{}/hosted/{session}/{act}", self.base))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form.to_owned())
            .send()
            .await
            .unwrap()
    }

    pub async fn page(&self, path: &str) -> String {
        self.client.get(format!("{}{path}", self.base)).send().await.unwrap().text().await.unwrap()
    }

    pub async fn admin(&self, path: &str, body: &Value) -> u16 {
        self.client
            .post(format!("{}/_sim/{path}", self.base))
            .json(body)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    }

    pub async fn fault(&self, on: Value, fault: &str, args: Value) {
        assert_eq!(self.admin("faults", &json!({ "match": on, "fault": fault, "args": args })).await, 201);
    }

    pub async fn advance(&self, seconds: u32) {
        assert_eq!(self.admin("clock", &json!({ "advance_seconds": seconds })).await, 200);
    }

    /// The truth about one reference.
    pub async fn truth(&self, order: &str) -> Value {
        let url = format!("{}/_sim/ledger?external_order_num={order}", self.base);
        let (_, body) = read(self.client.get(url).send().await.unwrap()).await;
        assert_eq!(body["orders"].as_array().unwrap().len(), 1, "{body}");
        body["orders"][0].clone()
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        // The folder is only left behind when the system refuses; nothing depends on it.
        let _ = std::fs::remove_dir_all(&self.settings.data_dir);
    }
}

pub fn new_session(order: &str, capture: &str) -> Value {
    json!({
        "mode": "payment",
        "amount": 18_000,
        "currency": "JPY",
        "return_url": "https://counter.example/back?case=1",
        "payment_types": ["credit_card", "nanaco", "konbini"],
        "payment_data": { "external_order_num": order, "capture": capture },
        "metadata": { "invoice": order },
    })
}

pub async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

/// Where a 303 leads.
pub fn leads_to(response: &Response) -> &str {
    assert_eq!(response.status(), 303);
    response.headers()["Location"].to_str().unwrap()
}

/// Sends the same request from several callers at once.
pub async fn at_once(
    stand: &Arc<Stand>,
    copies: usize,
    key: &'static str,
    body: &Value,
) -> Vec<(u16, Value)> {
    let tasks: Vec<_> = (0..copies)
        .map(|_| {
            let (stand, body) = (Arc::clone(stand), body.clone());
            tokio::spawn(async move { stand.posted("/sessions", Some(key), &body).await })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}
