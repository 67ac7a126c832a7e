//! Server and simulator as child processes, and a business that pays.

use std::cell::Cell;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use data_encoding::BASE64;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// What the gateway signs with.
pub const WEBHOOK_SECRET: &str = "whsec_bench";
const SECRET_KEY: &str = "sk_bench";
const TENANT: &str = "020001";
/// Its second example needs no attachment.
const PROCEDURE: &str = "kobutsusho";

type Failed = Box<dyn Error>;

/// All that runs; children and folder go with it.
pub struct Stand {
    http: Client,
    server: String,
    simulator: String,
    token: String,
    form: Value,
    keys: Cell<u32>,
    _children: [Child; 2],
    _folder: Folder,
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed from a folder for temporary files is removed by the system.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Stand {
    /// Starts both and registers the business.
    pub async fn start() -> Result<Self, Failed> {
        let path = std::env::temp_dir().join(format!("madoguchi-webhooks-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        let folder = Folder(path);
        let (simulator_child, simulator) =
            listening(child(&folder.0, &["simulator", "--port", "0", "--data-dir", "simulator"])).await?;
        let settings = format!(
            "[[gateways]]\nname = \"komoju\"\nkind = \"komoju\"\ntenants = [\"*\"]\nlegal_role = \"designated_agent\"\n\
             base_url = \"{simulator}/api/v1\"\nconnect_timeout_ms = 5000\ntotal_timeout_ms = 30000\nmethods = [{{ code = \"card\", max = 10000000 }}]\n"
        );
        std::fs::write(folder.0.join("settings.toml"), settings)?;
        let mut serve = child(&folder.0, &["serve", "--migrate", "--config", "settings.toml"]);
        serve.args(["--database", "sqlite:madoguchi.db"]);
        let (server_child, server) = listening(serve).await?;
        let http = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = http.timeout(Duration::from_secs(30)).build()?;
        let mut stand = Self {
            http,
            server,
            simulator,
            token: String::new(),
            form: Value::Null,
            keys: Cell::new(0),
            _children: [simulator_child, server_child],
            _folder: folder,
        };
        stand.register().await?;
        Ok(stand)
    }

    async fn register(&mut self) -> Result<(), Failed> {
        let who = json!({ "email": "bench@example.jp", "password": "correct horse", "name": "髙橋 花子",
            "kind": "business" });
        let accounts = self.http.post(format!("{}/v1/accounts", self.server));
        accounts.json(&who).send().await?.error_for_status()?;
        let credentials = json!({ "email": "bench@example.jp", "password": "correct horse" });
        let sessions = self.http.post(format!("{}/v1/sessions", self.server)).json(&credentials);
        let tokens: Value = sessions.send().await?.error_for_status()?.json().await?;
        self.token = text(&tokens, "/access_token")?;
        let procedure = answer(self.mine(&Method::GET, &format!("procedures/{PROCEDURE}"))).await?;
        self.form = procedure.pointer("/examples/1/form").cloned().ok_or("no second example")?;
        Ok(())
    }

    /// A case whose fee is paid by card; gives the payment as the gateway shows it.
    pub async fn paid(&self) -> Result<Value, Failed> {
        let draft = self.post("applications", &json!({ "procedure": PROCEDURE, "form": self.form })).await?;
        let submit = format!("applications/{}/submit", text(&draft, "/id")?);
        let invoice = text(&self.post(&submit, &json!({})).await?, "/invoice/id")?;
        let payments = format!("invoices/{invoice}/payments");
        let payment = self.post(&payments, &json!({ "method": "card" })).await?;
        let page = text(&payment, "/redirect_url")?;
        let card = self.http.post(format!("{page}/card"));
        let card = card.header("content-type", "application/x-www-form-urlencoded");
        card.body("number=4242424242424242").send().await?;
        let reference = format!("{TENANT}-{}", text(&payment, "/id")?.replace('-', ""));
        let url = format!("{}/api/v1/payments?external_order_num={reference}", self.simulator);
        let list = answer(self.http.get(url).basic_auth(SECRET_KEY, Some(""))).await?;
        Ok(list.pointer("/data/0").cloned().ok_or("the gateway has no such payment")?)
    }

    /// A notification, ready to be sent.
    pub fn notification(&self, id: &str, kind: &str, signature: &str, body: String) -> RequestBuilder {
        let url = format!("{}/v1/tenants/{TENANT}/gateways/komoju/notifications", self.server);
        let request =
            self.http.post(url).header("content-type", "application/json").header("x-komoju-id", id);
        request.header("x-komoju-event", kind).header("x-komoju-signature", signature).body(body)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, Failed> {
        self.keys.set(self.keys.get() + 1);
        let request = self.mine(&Method::POST, path).header("idempotency-key", self.keys.get().to_string());
        answer(request.json(body)).await
    }

    fn mine(&self, method: &Method, path: &str) -> RequestBuilder {
        let url = format!("{}/v1/tenants/{TENANT}/{path}", self.server);
        self.http.request(method.clone(), url).bearer_auth(&self.token)
    }
}

fn child(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_madoguchi"));
    command.args(arguments).current_dir(folder).kill_on_drop(true).stdin(Stdio::null());
    command.env("MADOGUCHI__HTTP__BIND", "127.0.0.1:0").env("MADOGUCHI__TELEMETRY__FILTER", "warn");
    command.env("MADOGUCHI__IDENTITY__ACCESS_TOKEN_MINUTES", "60");
    command.env("MADOGUCHI__SECRETS__INSTALLATION_KEY", BASE64.encode(&[7; 32]));
    command.env("MADOGUCHI__SECRETS__KOMOJU_SECRET_KEY", SECRET_KEY);
    command.env("MADOGUCHI__SECRETS__KOMOJU_WEBHOOK_SECRET", WEBHOOK_SECRET);
    command
}

/// Starts a child and waits until it says where it listens.
async fn listening(mut command: Command) -> Result<(Child, String), Failed> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().ok_or("no standard output")?;
    let line = BufReader::new(output).lines().next_line().await?.unwrap_or_default();
    let (_, address) = line.split_once("listening on ").ok_or(format!("a child did not start: {line}"))?;
    Ok((child, address.trim().to_owned()))
}

async fn answer(request: RequestBuilder) -> Result<Value, Failed> {
    Ok(request.send().await?.error_for_status()?.json().await?)
}

fn text(value: &Value, pointer: &str) -> Result<String, Failed> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    Ok(found.ok_or_else(|| format!("no {pointer} in {value}"))?.to_owned())
}
