//! The simulator's hosted pages and its admin API, as payers and harness use them.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::StormError;

/// How often a request is tried again when the connection breaks.
const TRIES: u32 = 5;
/// By what the organisation that takes money by eL-QR knows a body.
const ORGANISATION_KEY: &str = "el-qr-simulator";

/// A simulator's address.
#[derive(Clone, Debug)]
pub struct Simulator {
    http: Client,
    /// Where it listens, without a slash at the end.
    pub base: String,
}

/// What the simulator's own ledger says of one merchant's reference.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct TruthLine {
    /// The merchant's reference.
    #[serde(default)]
    pub external_order_num: Option<String>,
    /// The session.
    #[serde(default)]
    pub session_id: String,
    /// Where the session stands.
    #[serde(default)]
    pub session_status: String,
    /// Yen taken.
    pub captured: i64,
    /// Yen given back.
    pub refunded: i64,
    /// Yen pulled back by the payer's bank.
    #[serde(default)]
    pub charged_back: i64,
    /// How many times money was taken.
    pub charges: u32,
    /// How many checkouts were opened under the reference.
    #[serde(skip, default = "one")]
    pub checkouts: u32,
}

fn one() -> u32 {
    1
}

impl TruthLine {
    /// Takes another checkout of the same reference in.
    fn add(&mut self, other: &Self) {
        self.captured += other.captured;
        self.refunded += other.refunded;
        self.charged_back += other.charged_back;
        self.charges += other.charges;
        self.checkouts += other.checkouts;
    }
}

#[derive(Deserialize)]
struct Ledger {
    orders: Vec<TruthLine>,
    #[serde(default)]
    el_qr: Vec<NumberLine>,
}

/// What was paid by one eL number.
#[derive(Deserialize)]
struct NumberLine {
    payment_number: String,
    captured: i64,
    charges: u32,
}

impl Simulator {
    /// The simulator at `base`.
    pub fn new(http: Client, base: String) -> Self {
        Self { http, base }
    }

    /// Orders a fault.
    pub async fn fault(&self, order: &Value) -> Result<(), StormError> {
        self.tell("faults", order).await
    }

    /// Ends all faults; gives how often each id had hit.
    pub async fn heal(&self) -> Result<BTreeMap<String, u64>, StormError> {
        let url = format!("{}/_sim/faults", self.base);
        let armed: Value = self.send(self.http.get(&url)).await?.json().await?;
        self.send(self.http.delete(&url)).await?.error_for_status()?;
        let mut hits = BTreeMap::new();
        for item in armed.get("items").and_then(Value::as_array).into_iter().flatten() {
            let id = item.pointer("/order/fault").and_then(Value::as_str).unwrap_or_default();
            let fired = item.get("fired").and_then(Value::as_u64).unwrap_or(0);
            *hits.entry(id.to_owned()).or_default() += fired;
        }
        Ok(hits)
    }

    /// Sets its clock to `shift_ms` from the machine's.
    pub async fn shift_clock(&self, shift_ms: i64) -> Result<(), StormError> {
        self.tell("clock", &json!({ "shift_ms": shift_ms })).await
    }

    /// Lets the payer's bank open a dispute of a payment in that state, or move it there.
    pub async fn contest(&self, reference: &str, state: &str) -> Result<Acted, StormError> {
        let url = format!("{}/_sim/disputes", self.base);
        let order = json!({ "payment": reference, "state": state });
        let status = self.send(self.http.post(url).json(&order)).await?.status();
        Ok(if status.is_success() { Acted::Taken } else { Acted::Refused })
    }

    /// Waits until every notification that is due was delivered or refused; at most `limit`.
    pub async fn settled(&self, limit: Duration) -> Result<(), StormError> {
        let (url, deadline) = (format!("{}/_sim/due", self.base), Instant::now() + limit);
        loop {
            let due: Value = self.send(self.http.get(&url)).await?.json().await?;
            if due.get("notifications").and_then(Value::as_u64) == Some(0) || Instant::now() > deadline {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Where KOMOJU's notifications go.
    pub async fn point_webhooks(&self, url: &str) -> Result<(), StormError> {
        self.tell("webhook", &json!({ "url": url })).await
    }

    /// Pays at a bank by an eL number.
    pub async fn pay_by_number(&self, number: &str, confirmation: &str) -> Result<Acted, StormError> {
        let fields = format!("channel=02&confirmation_number={confirmation}");
        let status = self.post_form(&format!("{}/el-qr/pay/{number}", self.base), &fields).await?;
        Ok(if status == 200 { Acted::Taken } else { Acted::Refused })
    }

    /// What the organisation says to a file, or tells; none where it has nothing to tell. Sent once, for it says a thing once.
    pub async fn organisation(&self, path: &str, file: Vec<u8>) -> Result<Option<Vec<u8>>, StormError> {
        let request = self.http.post(format!("{}/el-qr/{path}", self.base)).bearer_auth(ORGANISATION_KEY);
        let answer = request.body(file).send().await?.error_for_status()?;
        let is_empty = answer.status().as_u16() == 204;
        let bytes = answer.bytes().await?.to_vec();
        Ok(if is_empty { None } else { Some(bytes) })
    }

    /// The whole truth, by the merchant's references and the eL numbers.
    pub async fn truth(&self) -> Result<BTreeMap<String, TruthLine>, StormError> {
        let url = format!("{}/_sim/ledger", self.base);
        let ledger: Ledger = self.send(self.http.get(url)).await?.json().await?;
        let mut truth: BTreeMap<String, TruthLine> = BTreeMap::new();
        for line in ledger.orders {
            let reference = line.external_order_num.clone().unwrap_or_default();
            match truth.get_mut(&reference) {
                Some(known) => known.add(&line),
                None => drop(truth.insert(reference, line)),
            }
        }
        truth.extend(ledger.el_qr.into_iter().map(|NumberLine { payment_number, captured, charges }| {
            (payment_number, TruthLine { captured, charges, ..TruthLine::default() })
        }));
        Ok(truth)
    }

    /// What is true of one reference, if the gateway knows it.
    pub async fn truth_of(&self, reference: &str) -> Result<Option<TruthLine>, StormError> {
        let url = format!("{}/_sim/ledger?external_order_num={reference}", self.base);
        let ledger: Ledger = self.send(self.http.get(url)).await?.json().await?;
        Ok(ledger.orders.into_iter().next())
    }

    /// The hosted page of a session.
    pub fn page(&self, session: &str) -> String {
        format!("{}/hosted/{session}", self.base)
    }

    /// Fills in forms of a hosted page, one after the other, as long as they are taken.
    pub async fn act(&self, page: &str, acts: &[(&str, &str)]) -> Result<Acted, StormError> {
        for (step, fields) in acts {
            let status = self.post_form(&format!("{page}/{step}"), fields).await?;
            if !(200..400).contains(&status) {
                return Ok(Acted::Refused);
            }
        }
        Ok(Acted::Taken)
    }

    async fn post_form(&self, url: &str, fields: &str) -> Result<u16, StormError> {
        let request = self.http.post(url).header("content-type", "application/x-www-form-urlencoded");
        Ok(self.send(request.body(fields.to_owned())).await?.status().as_u16())
    }

    /// Sends, and again when the connection breaks; every request here may be repeated.
    async fn send(&self, request: RequestBuilder) -> Result<Response, StormError> {
        for _ in 0..TRIES {
            let Some(copy) = request.try_clone() else { break };
            match copy.send().await {
                Ok(answer) => return Ok(answer),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        Ok(request.send().await?)
    }

    async fn tell(&self, what: &str, order: &Value) -> Result<(), StormError> {
        let url = format!("{}/_sim/{what}", self.base);
        self.send(self.http.post(url).json(order)).await?.error_for_status()?;
        Ok(())
    }
}

/// Whether the gateway took what the payer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acted {
    /// All of it.
    Taken,
    /// It said no.
    Refused,
}
