//! One run: somebody hands an application in, pays or does not, and the body may send money back.

use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use reqwest::{Client, Method as Verb};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::client::{Answer, Body, Counter, new_key};
use super::dice::Dice;
use super::faults::Step;
use super::plan::{Behaviour, Method, Plan, Refunding};
use super::simulator::{Acted, Simulator};
use super::stranger::{self, Secrets};
use super::time::VirtualTime;
use super::{StormError, TENANT, refunding};
use crate::domain::calendar::jst_day;

/// How long a payer waits for a page before going away.
const PATIENCE: Duration = Duration::from_secs(12);
/// The pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(80);
/// How often a payer begins anew.
const ATTEMPTS: u32 = 3;

/// What all runs share.
#[derive(Debug)]
pub struct Stand {
    /// The way to the server.
    pub counter: Counter,
    /// The gateways.
    pub simulator: Simulator,
    /// The clock.
    pub time: VirtualTime,
    /// For strangers.
    pub http: Client,
    /// Where the server listens.
    pub server: String,
    /// The merchant's secrets.
    pub secrets: Secrets,
}

/// What is known of a run afterwards.
#[derive(Clone, Debug, Default)]
pub struct RunRecord {
    /// Its number.
    pub number: u64,
    /// What is owed.
    pub invoice: String,
    /// In yen.
    pub total: i64,
    /// Every payment that was opened.
    pub payments: Vec<String>,
    /// Yen that a clerk took at the counter.
    pub at_counter: i64,
    /// The payer comes back later, by this method.
    pub comes_back: Option<Method>,
    /// Faults that were made by hand.
    pub by_hand: Vec<&'static str>,
}

/// The reference of a payment at its gateway.
pub fn reference(payment: &str) -> String {
    format!("{TENANT}-{}", payment.replace('-', ""))
}

/// Somebody who goes through a plan.
pub struct Payer {
    /// What all share.
    pub stand: Arc<Stand>,
    /// What is to be done.
    pub plan: Plan,
    /// For keys.
    pub dice: Dice,
    /// What was done.
    pub record: RunRecord,
}

impl Payer {
    /// Goes through run `number`.
    pub async fn run(stand: Arc<Stand>, seed: u64, number: u64) -> Result<RunRecord, StormError> {
        let plan = Plan::draw(seed, number);
        let record = RunRecord { number, ..RunRecord::default() };
        let mut payer = Self { stand, plan, dice: Dice::new(!seed, number), record };
        payer.submit().await?;
        if payer.plan.method == Method::Counter {
            payer.pay_at_counter().await?;
            return Ok(payer.record);
        }
        let has_paid = payer.behave().await?;
        if has_paid == Paid::Yes && payer.plan.refunding != Refunding::None {
            refunding::send_back(&mut payer).await?;
        }
        Ok(payer.record)
    }

    /// A request of the applicant's, under a new key.
    pub async fn post(&mut self, path: &str, body: &Value) -> Result<Answer, StormError> {
        let key = new_key(&mut self.dice);
        self.stand.counter.post(self.stand.counter.people().applicant, path, &key, body).await
    }

    async fn get(&self, path: &str) -> Result<Answer, StormError> {
        self.stand.counter.get(self.stand.counter.people().applicant, path).await
    }

    async fn submit(&mut self) -> Result<(), StormError> {
        let procedure = self.plan.procedure;
        let described = self.get(&format!("procedures/{procedure}")).await?;
        let examples = described.body.get("examples").and_then(Value::as_array);
        let business = examples
            .into_iter()
            .flatten()
            .filter(|example| example.get("applicant_kind").and_then(Value::as_str) == Some("business"));
        let example = business.clone().nth(self.plan.example).cloned().unwrap_or_default();
        let form = example.get("form").cloned().unwrap_or_default();
        let draft = self.post("applications", &json!({ "procedure": procedure, "form": form })).await?;
        let case = text(&draft, "/id")?;
        for file in example.get("attachments").and_then(Value::as_array).into_iter().flatten() {
            let path = format!("applications/{case}/attachments");
            let (key, form) = (new_key(&mut self.dice), multipart(file));
            let who = self.stand.counter.people().applicant;
            let call = self.stand.counter.call(who, &Verb::POST, &path, Some(&key), Body::Form(&form));
            text(&call.await?, "/id")?;
        }
        let submitted = self.post(&format!("applications/{case}/submit"), &json!({})).await?;
        self.record.invoice = text(&submitted, "/invoice/id")?;
        self.record.total =
            submitted.body.pointer("/invoice/total").and_then(Value::as_i64).unwrap_or_default();
        Ok(())
    }

    async fn pay_at_counter(&mut self) -> Result<(), StormError> {
        let day = jst_day(self.stand.time.now()).to_string();
        let body = json!({ "means": "cash", "amount": self.record.total, "received_on": day });
        let path = format!("invoices/{}/counter-payments", self.record.invoice);
        let (clerk, key) = (self.stand.counter.people().clerk, new_key(&mut self.dice));
        let entered = self.stand.counter.post(clerk, &path, &key, &body).await?;
        self.record.payments.push(text(&entered, "/id")?);
        self.record.at_counter = self.record.total;
        Ok(())
    }

    async fn behave(&mut self) -> Result<Paid, StormError> {
        let method = self.plan.method;
        let Some((payment, page)) = self.page(method).await? else { return Ok(Paid::No) };
        sleep(Duration::from_millis(self.plan.pause_ms)).await;
        self.arm(Step::Query, &payment).await?;
        self.arm(Step::Webhook, &payment).await?;
        let paid = match self.plan.behaviour {
            Behaviour::Pays => self.pays(&page, method).await?,
            Behaviour::FailsThenPays => {
                self.stand.simulator.act(&page, method.failing_acts()).await?;
                self.pays(&page, method).await?
            }
            Behaviour::Fails => {
                self.stand.simulator.act(&page, method.failing_acts()).await?;
                Paid::No
            }
            Behaviour::Abandons => Paid::No,
            Behaviour::GivesUpAtGateway => {
                self.stand.simulator.act(&page, &[("cancel", "")]).await?;
                self.pays_anew(Method::Card).await?
            }
            Behaviour::Switches => {
                self.cancel(&payment).await?;
                let paid = self.pays_anew(self.plan.other_method).await?;
                self.record.by_hand.push("F31");
                let late = self.pays(&page, method).await?;
                if late == Paid::Yes { late } else { paid }
            }
            Behaviour::CancelRacesPaying => {
                let stand = Arc::clone(&self.stand);
                let pays = async move { stand.simulator.act(&page, method.acts()).await };
                let (paid, canceled) = tokio::join!(pays, self.cancel(&payment));
                canceled?;
                Paid::of(paid?)
            }
            Behaviour::PaysLate => {
                if method == Method::Konbini {
                    self.stand.simulator.act(&page, &[("konbini", "")]).await?;
                }
                self.record.comes_back = Some(method);
                self.record.by_hand.push("F30");
                Paid::No
            }
        };
        if let Some(id) = self.plan.stranger {
            self.record.by_hand.push(id);
            let stand = &self.stand;
            let at = (&stand.http, &stand.simulator, &stand.secrets);
            stranger::interfere(at, &stand.server, (id, &reference(&payment))).await;
        }
        Ok(paid)
    }

    async fn pays(&self, page: &str, method: Method) -> Result<Paid, StormError> {
        Ok(Paid::of(self.stand.simulator.act(page, method.acts()).await?))
    }

    async fn pays_anew(&mut self, method: Method) -> Result<Paid, StormError> {
        match self.page(method).await? {
            Some((_, page)) => self.pays(&page, method).await,
            None => Ok(Paid::No),
        }
    }

    async fn cancel(&mut self, payment: &str) -> Result<(), StormError> {
        self.arm(Step::Cancel, payment).await?;
        // A refusal means that it has ended already, or cannot be called off.
        drop(self.post(&format!("payments/{payment}/cancel"), &json!({})).await?);
        Ok(())
    }

    /// Orders the fault that the plan has for a step of a payment.
    pub async fn arm(&self, step: Step, payment: &str) -> Result<(), StormError> {
        let Some(fault) = self.plan.fault(step) else { return Ok(()) };
        let reference = reference(payment);
        for op in self.plan.method.ops(step) {
            self.stand.simulator.fault(&fault.order(op, Some(&reference))).await?;
        }
        Ok(())
    }

    /// Opens a payment and waits for its page; none when the payer loses patience.
    async fn page(&mut self, method: Method) -> Result<Option<(String, String)>, StormError> {
        let deadline = Instant::now() + PATIENCE;
        if let Some(fault) = self.plan.fault(Step::Create) {
            // Before it is opened a checkout has no name: whoever comes next is hit.
            self.stand.simulator.fault(&fault.order("create", None)).await?;
            self.plan.faults.retain(|planned| planned.step != Step::Create);
        }
        let path = format!("invoices/{}/payments", self.record.invoice);
        for _ in 0..ATTEMPTS {
            let opened = loop {
                let answer = self.post(&path, &json!({ "method": method.code() })).await?;
                if answer.status == 201 || Instant::now() > deadline {
                    break answer;
                }
                // The payment before has not ended yet, or the method rests.
                sleep(LOOK_EVERY).await;
            };
            let Some(payment) = opened.text("/id").filter(|_| opened.status == 201) else { return Ok(None) };
            let payment = payment.to_owned();
            if !self.record.payments.contains(&payment) {
                self.record.payments.push(payment.clone());
            }
            if let Some(page) = self.page_of(&payment, deadline).await? {
                return Ok(Some((payment, page)));
            }
            if Instant::now() > deadline {
                break;
            }
        }
        Ok(None)
    }

    /// Waits until an opened payment has a page; none when it ended, or never gets one in time.
    async fn page_of(&self, payment: &str, deadline: Instant) -> Result<Option<String>, StormError> {
        loop {
            let shown = self.get(&format!("payments/{payment}")).await?;
            match shown.text("/state") {
                Some("requires_action") => {
                    if let Some(page) = shown.text("/redirect_url") {
                        return Ok(Some(page.to_owned()));
                    }
                }
                // The gateway itself has sent an invitation.
                Some("awaiting_payment") => {
                    let line = self.stand.simulator.truth_of(&reference(payment)).await?;
                    return Ok(line.map(|line| self.stand.simulator.page(&line.session_id)));
                }
                Some("submitting" | "unknown" | "created" | "processing") => {}
                _ => return Ok(None),
            }
            if Instant::now() > deadline {
                return Ok(None);
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until the invoice shows that money came; whether it did in time.
    pub async fn sees_money(&self) -> Result<Paid, StormError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let shown = self.get(&format!("invoices/{}", self.record.invoice)).await?;
            if matches!(shown.text("/state"), Some("entrusted" | "paid" | "overpaid")) {
                return Ok(Paid::Yes);
            }
            if Instant::now() > deadline {
                return Ok(Paid::No);
            }
            sleep(LOOK_EVERY).await;
        }
    }
}

/// Whether the payer has paid, as far as the payer knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paid {
    /// The gateway took the money.
    Yes,
    /// It did not.
    No,
}

impl Paid {
    fn of(acted: Acted) -> Self {
        match acted {
            Acted::Taken => Self::Yes,
            Acted::Refused => Self::No,
        }
    }
}

/// A text that an answer must have.
fn text(answer: &Answer, pointer: &str) -> Result<String, StormError> {
    let missing = || StormError::Failed(format!("{} without {pointer}: {}", answer.status, answer.body));
    answer.text(pointer).map(str::to_owned).ok_or_else(missing)
}

/// A file of an example as `multipart/form-data` with the boundary `B`.
fn multipart(file: &Value) -> Vec<u8> {
    let text = |field: &str| file.get(field).and_then(Value::as_str).unwrap_or_default();
    let head = format!(
        "--B\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\n{}\r\n--B\r\nContent-Disposition: form-data; \
         name=\"file\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
        text("code"),
        text("filename"),
        text("media_type")
    );
    let content = BASE64.decode(text("content_base64").as_bytes()).unwrap_or_default();
    [head.as_bytes(), &content, b"\r\n--B--\r\n"].concat()
}
