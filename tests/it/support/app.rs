//! The whole service over HTTP on loopback, with the gateway's simulator beside it.
//!
//! Jobs run only when a test says [`TestApp::drain`], so that nothing happens behind its back.

use std::sync::{Arc, OnceLock};

use actix_web::{HttpServer, web};
use data_encoding::BASE64;
use jiff::{SignedDuration, civil};
use madoguchi::clock::{Clock, FixedClock, IdGen, SystemIds};
use madoguchi::config::Settings;
use madoguchi::domain::calendar::jst_day;
use madoguchi::domain::id::TenantCode;
use madoguchi::domain::policy::{Post, Role};
use madoguchi::drill::Drill;
use madoguchi::http::{self, Documentation};
use madoguchi::jobs::Worker;
use madoguchi::service::Core;
use madoguchi::service::officer::{self, Appointment};
use madoguchi::simulator::{self, RunningSimulator, SimulatorSettings, Vendor, VendorAccount};
use madoguchi::start::{Sources, build_core_on};
use madoguchi::store::officers::Term;
use reqwest::{Method, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::catalogue::shipped_with;
use super::db::{TestDb, new_folder};

/// 青森県.
pub const AOMORI: &str = "020001";
/// 青森市.
pub const AOMORI_CITY: &str = "022012";
/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery staple";

/// A procedure whose fee staff fix after review.
pub const AFTER_REVIEW: &str = "test-after-review";
/// A procedure whose fee is due when the document is issued; a part of it is the nation's.
pub const ON_ISSUE: &str = "test-on-issue";

/// A procedure with a whole ladder of desks.
pub const ROUTES: &str = "test-routes";

const SECRET_KEY: &str = "sk_test_simulator";
/// What the simulator signs notifications with.
pub const WEBHOOK_SECRET: &str = "whsec_test_simulator";

/// The CCID at VeriTrans, as the settings have it.
pub const VERITRANS_CCID: &str = "A100000000000000000000cc";
/// The key at VeriTrans.
pub const VERITRANS_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
/// A merchant's account at a simulated vendor: its name with us, and what proves either side.
type Account = (Vendor, &'static str, [(&'static str, &'static str); 2]);

/// The merchant's account at each of them.
const ACCOUNTS: [Account; 4] = [
    (Vendor::Komoju, "komoju", [("secret_key", SECRET_KEY), ("webhook_secret", WEBHOOK_SECRET)]),
    (Vendor::Paypay, "paypay", [("api_key", "key_test"), ("api_secret", "secret_test")]),
    (Vendor::Stripe, "stripe", [("secret_key", SECRET_KEY), ("webhook_secret", WEBHOOK_SECRET)]),
    (Vendor::Veritrans, "veritrans", [("merchant_id", VERITRANS_CCID), ("secret_key", VERITRANS_KEY)]),
];

/// Puts every account to use, the one of this name first: it takes what it can.
pub fn gateway_first(settings: &mut Settings, name: &str) {
    for gateway in &mut settings.gateways {
        gateway.enabled = true;
    }
    settings.gateways.sort_by_key(|gateway| gateway.name != name);
}

/// A running service.
pub struct TestApp {
    /// Address of the API.
    pub base: String,
    /// Address of the simulator.
    pub simulator: String,
    /// Its parts.
    pub core: Arc<Core>,
    /// Its clock.
    pub clock: Arc<FixedClock>,
    worker: Worker,
    client: reqwest::Client,
    server: actix_web::dev::ServerHandle,
    _simulator: RunningSimulator,
}

/// Somebody signed in.
#[derive(Clone)]
pub struct Person {
    /// The access token.
    pub token: String,
    /// The account.
    pub id: String,
}

/// An answer, read.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: reqwest::header::HeaderMap,
    /// Its JSON, or its page as a text; null when it has neither.
    pub body: Value,
}

impl Answer {
    /// The JSON of an answer that must have this status.
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.body
    }

    /// The problem's code, with its status: `409 wrong_state`.
    pub fn problem(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.body["code"].as_str().unwrap_or("-"))
    }

    /// The version of the `ETag`.
    pub fn etag(&self) -> String {
        self.headers.get("etag").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    }
}

impl TestApp {
    /// Starts service and simulator over a fresh database.
    pub async fn start(db: &TestDb) -> Self {
        Self::start_with(db, |_| {}).await
    }

    /// As [`TestApp::start`], with other settings.
    pub async fn start_with(db: &TestDb, change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_over(db, [], change).await
    }

    /// As [`TestApp::start`], with this source of identifiers and randomness.
    pub async fn start_drawing_from(db: &TestDb, ids: Arc<dyn IdGen>) -> Self {
        Self::start_on(db, ids, [], |_| {}).await
    }

    /// As [`TestApp::start`], with this file of the configuration (name below `config/`) put over the shipped ones.
    pub async fn start_offering(db: &TestDb, name: &str, text: &str) -> Self {
        Self::start_over(db, [(name.to_owned(), text.to_owned())], |_| {}).await
    }

    /// As [`TestApp::start_with`], with these files (name below `config/`, text) beside the shipped ones.
    pub async fn start_over(
        db: &TestDb,
        files: impl IntoIterator<Item = (String, String)>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        Self::start_on(db, Arc::new(SystemIds::default()), files, change).await
    }

    async fn start_on(
        db: &TestDb,
        ids: Arc<dyn IdGen>,
        files: impl IntoIterator<Item = (String, String)>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (running, address) = simulator::start(simulator_settings(&base)).unwrap();
        let simulator = format!("http://{address}");
        let mut settings = settings(&base, &simulator);
        change(&mut settings);
        let sources = Sources { clock: db.clock.clone(), ids, drill: Arc::new(Drill::default()) };
        let files = fee_procedures().into_iter().chain(files);
        let catalogue = shipped_with(files);
        let core = build_core_on(db.db.clone(), settings, sources, catalogue).await.unwrap();
        let server = serve(listener, &core);
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let app = Self {
            base,
            simulator,
            worker: Worker::new(Arc::clone(&core)),
            core,
            clock: db.clock.clone(),
            client,
            server,
            _simulator: running,
        };
        app.align_simulator_clock().await;
        app
    }

    /// The simulator's clock follows the test's, so that captures happen on the test's day.
    async fn align_simulator_clock(&self) {
        let there: Value = self
            .client
            .get(format!("{}/_sim/clock", self.simulator))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let there: jiff::Timestamp =
            there["now"].as_str().expect("the simulator tells its time").parse().unwrap();
        let advance = self.clock.now().duration_since(there).as_secs();
        if advance != 0 {
            let shift = json!({ "shift_ms": advance * 1000 });
            let done =
                self.client.post(format!("{}/_sim/clock", self.simulator)).json(&shift).send().await.unwrap();
            assert!(done.status().is_success(), "{}", done.text().await.unwrap());
        }
    }

    /// Moves the clocks of service and simulator.
    pub async fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
        let body = json!({ "advance_seconds": by.as_secs() });
        self.client.post(format!("{}/_sim/clock", self.simulator)).json(&body).send().await.unwrap();
    }

    /// Runs every job that is due.
    pub async fn drain(&self) -> usize {
        self.worker.drain().await.unwrap()
    }

    /// Staff post every letter of a case that waits, today.
    pub async fn post_letters(&self, clerk: &Person, case: &str) {
        let listed = self.get(clerk, &format!("{case}/notices")).await.expect(200);
        let body = json!({ "posted_on": jst_day(self.clock.now()).to_string() });
        for notice in
            listed["items"].as_array().unwrap().iter().filter(|notice| notice["state"] == "to_print")
        {
            let path =
                format!("/v1/tenants/{}/notices/{}/posted", &case[12..18], notice["id"].as_str().unwrap());
            self.post(clerk, &path, body.clone()).await.expect(200);
        }
    }

    /// A call to the API.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        who: Option<&Person>,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut request =
            self.client.request(method, format!("{}{path}", self.base)).header("accept-language", "en");
        if let Some(who) = who {
            request = request.bearer_auth(&who.token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        read(request.send().await.unwrap()).await
    }

    /// A `GET`.
    pub async fn get(&self, who: &Person, path: &str) -> Answer {
        self.call(Method::GET, path, Some(who), &[], None).await
    }

    /// A `POST` with a key of its own.
    pub async fn post(&self, who: &Person, path: &str, body: Value) -> Answer {
        let key = new_key();
        self.call(Method::POST, path, Some(who), &[("idempotency-key", &key)], Some(body)).await
    }

    /// A `POST` based on a version.
    pub async fn post_if(&self, who: &Person, path: &str, etag: &str, body: Value) -> Answer {
        let key = new_key();
        self.call(Method::POST, path, Some(who), &[("idempotency-key", &key), ("if-match", etag)], Some(body))
            .await
    }

    /// Registers somebody and signs in.
    pub async fn register(&self, email: &str, kind: &str) -> Person {
        let body = json!({ "email": email, "password": PASSWORD, "name": "工藤 太郎", "kind": kind });
        let made = self.call(Method::POST, "/v1/accounts", None, &[], Some(body)).await.expect(201);
        self.sign_in(email, made["id"].as_str().unwrap()).await
    }

    /// Signs in.
    pub async fn sign_in(&self, email: &str, id: &str) -> Person {
        let body = json!({ "email": email, "password": PASSWORD });
        let tokens = self.call(Method::POST, "/v1/sessions", None, &[], Some(body)).await.expect(200);
        Person { token: tokens["access_token"].as_str().unwrap().to_owned(), id: id.to_owned() }
    }

    /// Appoints a member of staff and signs in.
    pub async fn officer(&self, tenant: &str, department: &str, role: Role, email: &str) -> Person {
        let post =
            Post { department: department.to_owned(), role, title: format!("{}（試験）", role.as_str()) };
        let appointment = Appointment {
            tenant: TenantCode::parse(tenant).unwrap(),
            email: email.to_owned(),
            name: "三浦 花子".to_owned(),
            password: SecretString::from(PASSWORD),
            posts: vec![(post, Term { from: civil::date(2025, 4, 1), to: None })],
        };
        let appointed = officer::appoint(&self.core, appointment).await.unwrap();
        self.sign_in(email, &appointed.officer.to_string()).await
    }

    /// The first example of a procedure.
    pub async fn example(&self, tenant: &str, procedure: &str) -> Value {
        let path = format!("/v1/tenants/{tenant}/procedures/{procedure}");
        let procedure = self.call(Method::GET, &path, None, &[], None).await.expect(200);
        procedure["examples"][0].clone()
    }

    /// Hands a file in.
    pub async fn attach(&self, who: &Person, tenant: &str, id: &str, file: &Value) -> Answer {
        let bytes = BASE64.decode(file["content_base64"].as_str().unwrap().as_bytes()).unwrap();
        let (code, name) = (file["code"].as_str().unwrap(), file["filename"].as_str().unwrap());
        let media_type = file["media_type"].as_str().unwrap();
        let mut body = format!(
            "--B\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\n{code}\r\n--B\r\nContent-Disposition: form-data; \
             name=\"file\"; filename=\"{name}\"\r\nContent-Type: {media_type}\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(&bytes);
        body.extend_from_slice(b"\r\n--B--\r\n");
        let request = self
            .client
            .post(format!("{}/v1/tenants/{tenant}/applications/{id}/attachments", self.base))
            .bearer_auth(&who.token)
            .header("idempotency-key", new_key())
            .header("content-type", "multipart/form-data; boundary=B")
            .body(body);
        read(request.send().await.unwrap()).await
    }

    /// A draft of the procedure's example with its files; gives the case's id.
    pub async fn draft(&self, who: &Person, tenant: &str, procedure: &str) -> String {
        let example = self.example(tenant, procedure).await;
        let body = json!({ "procedure": procedure, "form": example["form"] });
        let draft = self.post(who, &format!("/v1/tenants/{tenant}/applications"), body).await.expect(201);
        let id = draft["id"].as_str().unwrap().to_owned();
        for file in example["attachments"].as_array().unwrap() {
            self.attach(who, tenant, &id, file).await.expect(201);
        }
        id
    }

    /// A submitted example; gives the answer of the submission.
    pub async fn submitted(&self, who: &Person, tenant: &str, procedure: &str) -> Value {
        let id = self.draft(who, tenant, procedure).await;
        self.post(who, &format!("/v1/tenants/{tenant}/applications/{id}/submit"), json!({})).await.expect(200)
    }

    /// What the payer does on the hosted page: posts one of its forms. Gives the status and where it leads.
    pub async fn at_gateway(&self, redirect_url: &str, step: &str, fields: &str) -> (StatusCode, String) {
        let request = self
            .client
            .post(format!("{redirect_url}/{step}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(fields.to_owned());
        let answer = request.send().await.unwrap();
        let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
        (answer.status(), location.unwrap_or_default().to_owned())
    }

    /// The simulator's truth about one payment of ours.
    pub async fn truth(&self, reference: &str) -> Value {
        let url = format!("{}/_sim/ledger?external_order_num={reference}", self.simulator);
        let ledger: Value = self.client.get(url).send().await.unwrap().json().await.unwrap();
        ledger["orders"][0].clone()
    }

    /// Arms a fault of the simulator.
    pub async fn fault(&self, fault: Value) {
        let done =
            self.client.post(format!("{}/_sim/faults", self.simulator)).json(&fault).send().await.unwrap();
        assert!(done.status().is_success(), "{}", done.text().await.unwrap());
    }

    /// Runs jobs until `done` says so; notifications need a moment to arrive.
    pub async fn until(&self, what: &str, done: impl AsyncFn() -> bool) {
        for _ in 0..200 {
            self.drain().await;
            if done().await {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("never: {what}");
    }

    /// Sends a request as it is.
    pub fn raw(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // Not awaited: the runtime of the test ends it.
        drop(self.server.stop(false));
    }
}

/// Reads an answer whole.
pub async fn read(answer: reqwest::Response) -> Answer {
    let (status, headers) = (answer.status(), answer.headers().clone());
    let is_page = headers.get("content-type").is_some_and(|it| it.as_bytes().starts_with(b"text/html"));
    let text = answer.text().await.unwrap();
    let body = if is_page { Value::String(text) } else { serde_json::from_str(&text).unwrap_or(Value::Null) };
    Answer { status, headers, body }
}

/// A key that was never used.
pub fn new_key() -> String {
    use madoguchi::clock::IdGen;
    SystemIds::default().uuid(jiff::Timestamp::UNIX_EPOCH).to_string()
}

/// Procedures whose fee is due at another time than on submission.
fn fee_procedures() -> [(String, String); 3] {
    let file = |name: &str, text: &str| (format!("procedures/020001/{name}.yaml"), text.to_owned());
    [
        file(AFTER_REVIEW, include_str!("procedures/after-review.yaml")),
        file(ON_ISSUE, include_str!("procedures/on-issue.yaml")),
        file(ROUTES, include_str!("procedures/routes.yaml")),
    ]
}

fn simulator_settings(base: &str) -> SimulatorSettings {
    SimulatorSettings {
        bind: "127.0.0.1:0".parse().unwrap(),
        data_dir: new_folder(),
        accounts: ACCOUNTS
            .into_iter()
            .map(|(vendor, name, credentials)| {
                let url = format!("{base}/v1/tenants/{AOMORI}/gateways/{name}/notifications");
                VendorAccount::new(vendor, &credentials, Some(url))
            })
            .collect(),
        merchant_name: "青森県".to_owned(),
        seed: 0,
        webhook_retry_seconds: vec![1, 1, 1],
    }
}

fn settings(base: &str, simulator: &str) -> Settings {
    let mut settings = Settings::load(None).unwrap();
    base.clone_into(&mut settings.http.public_url);
    settings.http.return_origins = vec![base.to_owned()];
    settings.files.directory = new_folder();
    settings.mail.directory = new_folder();
    settings.identity.argon2_memory_kib = 64;
    settings.identity.argon2_iterations = 1;
    settings.payments.open_wait_ms = 2000;
    for gateway in &mut settings.gateways {
        gateway.base_url = format!("{simulator}{}", gateway.kind.api_path());
        gateway.connect_timeout_ms = 1000;
        gateway.total_timeout_ms = 1500;
    }
    settings.secrets.installation_key = Some(SecretString::from(BASE64.encode(&[7; 32])));
    for (_, name, credentials) in ACCOUNTS {
        // The merchant's number is no secret: it stands in the settings.
        for (credential, value) in credentials.into_iter().filter(|(name, _)| *name != "merchant_id") {
            settings.secrets.set_of_gateway(name, credential, value);
        }
    }
    settings
}

/// The document of the API, made once a run: it is the same for every server.
fn documentation() -> Documentation {
    static DOCUMENTATION: OnceLock<Documentation> = OnceLock::new();
    DOCUMENTATION.get_or_init(|| Documentation::build().unwrap()).clone()
}

fn serve(listener: std::net::TcpListener, core: &Arc<Core>) -> actix_web::dev::ServerHandle {
    let documentation = documentation();
    let data = web::Data::from(Arc::clone(core));
    let server = HttpServer::new(move || http::app(data.clone(), documentation.clone()))
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
    let handle = server.handle();
    // actix wants its own system; the test's runtime goes on beside it.
    std::thread::spawn(move || actix_web::rt::System::new().block_on(server));
    handle
}
