//! One counter under test: a database, a gateway that outlives the server, an applicant, and the server of the moment.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use data_encoding::BASE64;
use madoguchi::drill::CrashPoint;
use madoguchi::simulator::{self, RunningSimulator, SimulatorSettings, Vendor, VendorAccount};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::server::{SECRET_KEY, Server, Talk, WEBHOOK_SECRET, environment};
use crate::support::app::{AOMORI, Answer, PASSWORD, new_key, read};
use crate::support::db::{TestDb, new_folder};
use crate::support::money::Books;
use crate::support::repeat::everything_again;

const PROCEDURE: &str = "denki-koji-toroku";
/// Longer than the lease of a gateway call and of a job, in seconds; shorter than an access token lives.
const PAST_THE_LEASE_S: i64 = 90;

/// Everything a test needs.
pub struct Stand {
    /// The database that the servers share.
    pub db: TestDb,
    folder: PathBuf,
    server: Option<Server>,
    simulator: String,
    _running: RunningSimulator,
    client: reqwest::Client,
    token: String,
    shift_s: i64,
}

impl Stand {
    /// Starts simulator and server and registers a business.
    pub async fn set_up(db: TestDb) -> Self {
        let folder = new_folder();
        let (running, address) = simulator::start(simulator_settings(folder.join("simulator"))).unwrap();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        let mut stand = Self {
            db,
            folder,
            server: None,
            simulator: format!("http://{address}"),
            _running: running,
            client,
            token: String::new(),
            shift_s: 0,
        };
        stand.start_server().await;
        let who = json!({ "email": "business@example.jp", "password": PASSWORD, "name": "工藤 太郎", "kind": "business" });
        send(stand.request(Method::POST, "/v1/accounts").json(&who)).await.expect(201);
        stand.sign_in().await;
        stand
    }

    async fn sign_in(&mut self) {
        let who = json!({ "email": "business@example.jp", "password": PASSWORD });
        let tokens = send(self.request(Method::POST, "/v1/sessions").json(&who)).await.expect(200);
        tokens["access_token"].as_str().unwrap().clone_into(&mut self.token);
    }

    async fn start_server(&mut self) {
        let server = Server::start(&self.db, &self.folder, &self.simulator);
        let url = format!("{}/v1/tenants/{AOMORI}/gateways/komoju/notifications", server.base);
        self.server = Some(server);
        self.tell_simulator("webhook", &json!({ "url": url })).await;
    }

    async fn tell_simulator(&self, what: &str, order: &Value) {
        let sent = self.client.post(format!("{}/_sim/{what}", self.simulator)).json(order).send().await;
        assert!(sent.unwrap().status().is_success());
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// Kills the server, starts the next one, and lets time pass beyond every lease of the dead one.
    pub async fn kill_and_start_again(&mut self) {
        self.server.take().unwrap().kill();
        self.start_server().await;
        self.shift_s += PAST_THE_LEASE_S;
        self.server().shift_clock(self.shift_s * 1000);
        self.tell_simulator("clock", &json!({ "advance_seconds": PAST_THE_LEASE_S })).await;
        self.server().drain();
        self.sign_in().await;
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.server().base)).header("accept-language", "en")
    }

    /// A call in the applicant's name.
    fn mine(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, &format!("/v1/tenants/{AOMORI}/{path}")).bearer_auth(&self.token)
    }

    /// A `POST` with this key, ready to be sent (again).
    pub fn post(&self, path: &str, key: &str, body: &Value) -> RequestBuilder {
        self.mine(Method::POST, path).header("idempotency-key", key).json(body)
    }

    /// Appoints a member of staff by the command line and signs them in; gives the token.
    pub async fn officer(&self, department: &str, role: &str, email: &str) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_madoguchi"));
        command.args(["officer", "appoint", "--tenant", AOMORI, "--email", email, "--name", "三浦 花子"]);
        command.args(["--department", department, "--role", role, "--title", "主事", "--config"]);
        command.arg(self.folder.join("settings.toml")).current_dir(&self.folder);
        command.envs(environment(&self.db)).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
        let who = json!({ "email": email, "password": PASSWORD });
        let tokens = send(self.request(Method::POST, "/v1/sessions").json(&who)).await.expect(200);
        tokens["access_token"].as_str().unwrap().to_owned()
    }

    /// A `POST` in the name of somebody else.
    pub fn post_as(&self, token: &str, path: &str, key: &str, body: &Value) -> RequestBuilder {
        let request = self.request(Method::POST, &format!("/v1/tenants/{AOMORI}/{path}")).bearer_auth(token);
        request.header("idempotency-key", key).json(body)
    }

    /// A `GET`.
    pub async fn get(&self, path: &str) -> Value {
        send(self.mine(Method::GET, path)).await.expect(200)
    }

    /// A draft with its files; gives the case's id.
    pub async fn draft(&self) -> String {
        let example = self.get(&format!("procedures/{PROCEDURE}")).await["examples"][0].clone();
        let body = json!({ "procedure": PROCEDURE, "form": example["form"] });
        let draft = send(self.post("applications", &new_key(), &body)).await.expect(201);
        let id = draft["id"].as_str().unwrap().to_owned();
        for file in example["attachments"].as_array().unwrap() {
            let request = self.mine(Method::POST, &format!("applications/{id}/attachments"));
            let request = request.header("content-type", "multipart/form-data; boundary=B");
            send(request.header("idempotency-key", new_key()).body(multipart(file))).await.expect(201);
        }
        id
    }

    /// Sends a request while `point` is armed, kills the server there, and starts it again.
    pub async fn die_at(&mut self, point: CrashPoint, request: RequestBuilder) {
        let talk = self.server().arm(point);
        let hanging = tokio::spawn(request.send());
        self.die_when_parked(point, talk).await;
        assert!(hanging.await.unwrap().is_err(), "nobody is left to answer");
    }

    /// Waits until the armed point is hit, kills the server there, and starts it again.
    pub async fn die_when_parked(&mut self, point: CrashPoint, talk: Talk) {
        let mut talk = talk;
        tokio::task::spawn_blocking(move || talk.parked(point)).await.unwrap();
        if point == CrashPoint::PaymentAfterSendBeforeAnswer {
            // The point lies beside the call: the request is under way, and is let arrive.
            let acts = "(SELECT COUNT(*) FROM payments WHERE share_of IS NULL OR share_of = id)";
            let intents = self.db.count(acts).await;
            self.until("the request arrives", async || {
                let checkouts = self.truth().await["orders"].as_array().unwrap().len();
                i64::try_from(checkouts).unwrap() == intents
            })
            .await;
        }
        self.kill_and_start_again().await;
    }

    /// What the payer does on the hosted page.
    pub async fn at_gateway(&self, page: &str, step: &str, fields: &'static str) -> u16 {
        let request = self.client.post(format!("{page}/{step}"));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(fields);
        request.send().await.unwrap().status().as_u16()
    }

    /// The gateway's truth.
    pub async fn truth(&self) -> Value {
        let url = format!("{}/_sim/ledger", self.simulator);
        self.client.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// Our books of an invoice.
    pub async fn books(&self, invoice: &str) -> Books {
        Books::read(&self.db.db, AOMORI, invoice).await
    }

    /// Waits for something that the server does by itself.
    pub async fn until(&self, what: &str, done: impl AsyncFn() -> bool) {
        for _ in 0..400 {
            if done().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let log = std::fs::read_to_string(self.folder.join("server.log")).unwrap();
        panic!("never: {what}\n{log}");
    }

    /// Runs everything again, in the running server.
    pub async fn everything_again(&self) {
        everything_again(&self.db.db, async || self.server().drain()).await;
    }
}

/// Sends and reads.
pub async fn send(request: RequestBuilder) -> Answer {
    read(request.send().await.unwrap()).await
}

fn multipart(file: &Value) -> Vec<u8> {
    let text = |field: &str| file[field].as_str().unwrap().to_owned();
    let mut body = format!(
        "--B\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\n{}\r\n--B\r\nContent-Disposition: form-data; \
         name=\"file\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
        text("code"),
        text("filename"),
        text("media_type")
    )
    .into_bytes();
    body.extend_from_slice(&BASE64.decode(text("content_base64").as_bytes()).unwrap());
    body.extend_from_slice(b"\r\n--B--\r\n");
    body
}

fn simulator_settings(data_dir: PathBuf) -> SimulatorSettings {
    SimulatorSettings {
        bind: "127.0.0.1:0".parse().unwrap(),
        data_dir,
        accounts: vec![VendorAccount::new(
            Vendor::Komoju,
            &[("secret_key", SECRET_KEY), ("webhook_secret", WEBHOOK_SECRET)],
            None,
        )],
        merchant_name: "青森県".to_owned(),
        seed: 0,
        webhook_retry_seconds: vec![1, 1, 1],
    }
}
