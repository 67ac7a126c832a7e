//! The command by itself, for frontends of other people: it starts with nothing configured and says how to call it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::stand::{new_session, read};
use crate::support::db::new_folder;

/// A simulator that ends with its test.
struct Alone {
    process: Child,
    base: String,
    /// By account and name.
    credentials: BTreeMap<(String, String), String>,
}

impl Drop for Alone {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Alone {
    /// Starts `madoguchi simulator` with these options, and these secrets in its environment.
    fn start(options: &[&str], secrets: &[(&str, &str)]) -> Self {
        let folder = new_folder();
        let mut command = Command::new(env!("CARGO_BIN_EXE_madoguchi"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MADOGUCHI__") {
                command.env_remove(name);
            }
        }
        command.args(["simulator", "--until-input-closes", "--port", "0"]).args(options);
        command.arg("--data-dir").arg(folder.join("simulator")).current_dir(&folder);
        command.envs(secrets.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.next().expect("it starts").unwrap();
        let base =
            first.strip_prefix("simulator listening on ").unwrap_or_else(|| panic!("{first}")).to_owned();
        let mut credentials = BTreeMap::new();
        // The last account of the settings has the last line.
        while credentials.keys().next_back() != Some(&("veritrans".to_owned(), "secret_key".to_owned())) {
            let line = lines.next().expect("a credential of every vendor").unwrap();
            let [word, account, name, value] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
            assert_eq!(word, "credential", "{line}");
            credentials.insert((account.to_owned(), name.to_owned()), value.to_owned());
        }
        Self { process, base, credentials }
    }

    fn credential(&self, account: &str, name: &str) -> &str {
        &self.credentials[&(account.to_owned(), name.to_owned())]
    }

    /// Opens a session at KOMOJU's side under this key.
    async fn opens(&self, key: &str) -> (u16, Value) {
        let request = client().post(format!("{}/api/v1/sessions", self.base)).basic_auth(key, Some(""));
        read(request.json(&new_session("A-1", "auto")).send().await.unwrap()).await
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

#[tokio::test]
async fn the_simulator_starts_alone_and_is_paid_through_with_what_it_prints() {
    let alone = Alone::start(&[], &[]);
    let names = |account: &str| {
        let of = alone.credentials.keys().filter(|(name, _)| name == account);
        of.map(|(_, name)| name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(names("komoju"), ["secret_key", "webhook_secret"]);
    assert_eq!(names("paypay"), ["api_key", "api_secret"]);
    assert_eq!(names("stripe"), ["secret_key", "webhook_secret"]);
    assert_eq!(names("veritrans"), ["merchant_id", "secret_key"]);

    assert_eq!(alone.opens("sk_of_somebody_else").await.0, 401);
    let (status, session) = alone.opens(alone.credential("komoju", "secret_key")).await;
    assert_eq!(status, 200, "{session}");
    let page = format!("{}/hosted/{}/card", alone.base, session["id"].as_str().unwrap());
    let form = client().post(page).header("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(form.body("number=4242424242424242").send().await.unwrap().status(), 303);
    let ledger = client().get(format!("{}/_sim/ledger?external_order_num=A-1", alone.base));
    let (_, ledger) = read(ledger.send().await.unwrap()).await;
    assert_eq!(ledger["orders"][0]["captured"], json!(18_000), "{ledger}");

    let stripe = client().get(format!("{}/v1/payouts", alone.base));
    let answer = stripe.bearer_auth(alone.credential("stripe", "secret_key")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_secret_that_is_configured_is_used_and_not_shown() {
    let alone = Alone::start(
        &[],
        &[
            ("MADOGUCHI__SECRETS__KOMOJU_SECRET_KEY", "sk_of_ours"),
            ("MADOGUCHI__SECRETS__KOMOJU_WEBHOOK_SECRET", "whsec_of_ours"),
        ],
    );
    assert!(alone.credentials.keys().all(|(account, _)| account != "komoju"), "{:?}", alone.credentials);
    assert_eq!(alone.opens("sk_of_ours").await.0, 200);
    assert_eq!(alone.opens("sk_test_simulator").await.0, 401);
}

#[tokio::test]
async fn the_same_seed_draws_the_same_identifiers() {
    let mut ids = Vec::new();
    for seed in ["7", "7", "8"] {
        let alone = Alone::start(&["--seed", seed], &[]);
        let (_, session) = alone.opens(alone.credential("komoju", "secret_key")).await;
        ids.push(session["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
}
