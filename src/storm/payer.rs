//! One run: somebody hands an application in, pays or does not, and the body may send money back.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method as Verb};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::client::{Answer, Body, Counter, new_key};
use super::dice::Dice;
use super::disputing;
use super::el_qr::{self, ElNumber};
use super::examples::{Examples, multipart};
use super::faults::Step;
use super::gate::Gate;
use super::looks::Looks;
use super::plan::{Act, Behaviour, Hand, Method, Plan, Refunding, Way};
use super::simulator::{Acted, Simulator};
use super::stranger::{self, Reception, Secrets};
use super::time::VirtualTime;
use super::treasury::Treasury;
use super::{StormError, TENANT, refunding};
use crate::domain::calendar::jst_day;

/// How long a payer waits for a page before going away.
const PATIENCE: Duration = Duration::from_secs(12);
/// How long the gate stays shut at most: shorter than the server waits for a gateway before it answers the payer.
const SHUT_FOR: Duration = Duration::from_millis(400);
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
    /// The server's way to the gateways.
    pub gate: Gate,
    /// What is applied for.
    pub examples: Examples,
    /// Who deals with the organisation that takes money by eL-QR.
    pub treasury: Treasury,
}

/// What is owed for one case.
#[derive(Clone, Debug, Default)]
pub struct Debt {
    /// The number of the case, which mails name.
    pub case_number: String,
    /// The invoice.
    pub invoice: String,
    /// In yen.
    pub total: i64,
}

/// What is known of a run afterwards.
#[derive(Clone, Debug, Default)]
pub struct RunRecord {
    /// Its number.
    pub number: u64,
    /// What is owed; money that the body sends back is sent back of this.
    pub debt: Debt,
    /// What is paid in one act with it.
    pub beside: Option<Debt>,
    /// Every payment that was opened; of an act of two invoices the first share, by whose reference its gateway knows it.
    pub payments: Vec<String>,
    /// The secret of the link that is paid by, where somebody else pays.
    pub link: Option<String>,
    /// Yen that a clerk took at the counter.
    pub at_counter: i64,
    /// The number that can be paid at a bank.
    pub el_number: Option<ElNumber>,
    /// The payer comes back later, by this method.
    pub comes_back: Option<Method>,
    /// Faults that were made by hand, and happened.
    pub by_hand: Vec<&'static str>,
    /// Notifications that were believed although they must be refused.
    pub believed: u64,
    /// Refunds that came to nothing and whose money could not be asked for again.
    pub headroom_lost: u64,
}

impl RunRecord {
    /// Everything that is owed.
    pub fn debts(&self) -> impl Iterator<Item = &Debt> {
        std::iter::once(&self.debt).chain(&self.beside)
    }
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
        payer.record.debt = payer.submit().await?;
        if payer.plan.act == Act::OfTwo {
            payer.record.beside = Some(payer.submit().await?);
        }
        if payer.plan.method == Method::Counter {
            payer.pay_at_counter().await?;
            return Ok(payer.record);
        }
        if payer.plan.method == Method::ElQr {
            el_qr::go_through(&mut payer).await?;
            return Ok(payer.record);
        }
        let has_paid = payer.behave().await?;
        if has_paid == Paid::Yes && payer.plan.refunding != Refunding::None {
            refunding::send_back(&mut payer).await?;
        }
        if let Some(verdict) = payer.plan.contested {
            disputing::contest(&mut payer, verdict).await?;
        }
        Ok(payer.record)
    }

    /// A request of the applicant's, under a new key.
    pub async fn post(&mut self, path: &str, body: &Value) -> Result<Answer, StormError> {
        let key = new_key(&mut self.dice);
        self.stand.counter.post(self.stand.counter.people().applicant, path, &key, body).await
    }

    /// What the applicant looks at.
    pub async fn get(&self, path: &str) -> Result<Answer, StormError> {
        self.stand.counter.get(self.stand.counter.people().applicant, path).await
    }

    async fn submit(&mut self) -> Result<Debt, StormError> {
        let procedure = self.plan.procedure;
        let example = self.stand.examples.of(&self.stand.counter, procedure, self.plan.example).await?;
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
        let case_number = text(&submitted, "/number")?;
        let owed = match example.get("office").filter(|office| office.is_object()) {
            Some(office) => self.fix_fee(&case, office).await?,
            None => submitted,
        };
        let total = owed.body.pointer("/invoice/total").and_then(Value::as_i64).unwrap_or_default();
        Ok(Debt { case_number, invoice: text(&owed, "/invoice/id")?, total })
    }

    /// A clerk takes the case up and enters what was measured, where the fee is due after that.
    async fn fix_fee(&mut self, case: &str, office: &Value) -> Result<Answer, StormError> {
        let (stand, key) = (Arc::clone(&self.stand), new_key(&mut self.dice));
        let clerk = stand.counter.people().road_clerk;
        let claimed = stand.counter.post(clerk, &format!("applications/{case}/claim"), &key, &json!({}));
        text(&claimed.await?, "/id")?;
        let (path, key) = (format!("applications/{case}/assessment"), new_key(&mut self.dice));
        stand.counter.post(clerk, &path, &key, &json!({ "office": office })).await
    }

    async fn pay_at_counter(&mut self) -> Result<(), StormError> {
        let day = jst_day(self.stand.time.now()).to_string();
        let body = json!({ "means": "cash", "amount": self.record.debt.total, "received_on": day });
        let path = format!("invoices/{}/counter-payments", self.record.debt.invoice);
        let (clerk, key) = (self.stand.counter.people().clerk, new_key(&mut self.dice));
        let entered = self.stand.counter.post(clerk, &path, &key, &body).await?;
        self.record.payments.push(text(&entered, "/id")?);
        self.record.at_counter = self.record.debt.total;
        Ok(())
    }

    async fn behave(&mut self) -> Result<Paid, StormError> {
        let method = self.plan.method;
        let Some((payment, page)) = self.page(method).await? else { return Ok(Paid::No) };
        sleep(Duration::from_millis(self.plan.pause_ms)).await;
        self.arm(Step::Query, &payment).await?;
        self.arm(Step::Webhook, &payment).await?;
        let stranger = self.plan.stranger;
        if let Some(id) = stranger.filter(|id| stranger::is_lie(id)) {
            self.is_told_by_a_stranger(id, &payment).await;
        }
        let paid = match self.plan.behaviour {
            Behaviour::Pays => self.pays(&page, method).await?,
            Behaviour::FailsThenPays => {
                self.stand.simulator.act(&page, method.failing_acts()).await?;
                Paid::of(self.stand.simulator.act(&page, method.remaining_acts()).await?)
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
                let late = self.pays(&page, method).await?;
                if (late, paid) == (Paid::Yes, Paid::Yes) {
                    self.record.by_hand.push("F31");
                }
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
                self.stand.simulator.act(&page, method.slip_acts()).await?;
                self.record.comes_back = Some(method);
                Paid::No
            }
        };
        if let Some(id) = stranger.filter(|id| !stranger::is_lie(id)) {
            self.is_told_by_a_stranger(id, &payment).await;
        }
        Ok(paid)
    }

    /// Somebody else speaks to the server of a payment. What must be refused and is taken was believed.
    async fn is_told_by_a_stranger(&mut self, id: &'static str, payment: &str) {
        let reception = stranger::interfere(&self.stand, id, &reference(payment)).await;
        match (stranger::must_be_refused(id), reception) {
            (true, Reception::Taken) => self.record.believed += 1,
            (true, Reception::Refused) | (false, Reception::Taken) => self.record.by_hand.push(id),
            (false, Reception::Refused) | (_, Reception::Unheard) => {}
        }
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

    /// Calls a payment off.
    pub async fn cancel(&mut self, payment: &str) -> Result<(), StormError> {
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
    pub async fn page(&mut self, method: Method) -> Result<Option<(String, String)>, StormError> {
        let deadline = Instant::now() + PATIENCE;
        if let Some(fault) = self.plan.fault(Step::Create) {
            // Before it is opened a checkout has no name: whoever comes next is hit.
            self.stand.simulator.fault(&fault.order("create", None)).await?;
            self.plan.faults.retain(|planned| planned.step != Step::Create);
        }
        for _ in 0..ATTEMPTS {
            let mut looks = Looks::default();
            let opened = loop {
                let answer = self.open(method).await?;
                if answer.status == 201 || Instant::now() > deadline {
                    break answer;
                }
                // The payment before has not ended yet, or the method rests.
                looks.pause().await;
            };
            let first = opened.text("/id").or_else(|| opened.text("/payments/0/id"));
            let Some(payment) = first.filter(|_| opened.status == 201) else { return Ok(None) };
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

    /// Asks for a payment, the first time before a gate that is shut, if that is planned.
    async fn open(&mut self, method: Method) -> Result<Answer, StormError> {
        let stand = Arc::clone(&self.stand);
        let link = self.link().await?;
        let (invoice, method) = (&self.record.debt.invoice, method.code());
        let (path, body) = match (&link, &self.record.beside) {
            (Some(link), _) => (format!("payment-links/{link}/payments"), json!({ "method": method })),
            (None, None) => (format!("invoices/{invoice}/payments"), json!({ "method": method })),
            (None, Some(beside)) => {
                ("payments".to_owned(), json!({ "invoices": [invoice, beside.invoice], "method": method }))
            }
        };
        let (who, key) = (stand.counter.people().applicant, new_key(&mut self.dice));
        let mut asking = std::pin::pin!(async {
            match link {
                Some(_) => stand.counter.post_as_nobody(&path, &key, &body).await,
                None => stand.counter.post(who, &path, &key, &body).await,
            }
        });
        if self.plan.way == Way::Open {
            return asking.await;
        }
        self.plan.way = Way::Open;
        let shut = stand.gate.shut().await;
        let answered = tokio::time::timeout(SHUT_FOR, &mut asking).await;
        shut.open()?;
        let Ok(answer) = answered else { return asking.await };
        let answer = answer?;
        // So early it cannot be the wait for a gateway that ran out: not a byte was sent (F39).
        let state = answer.text("/state").or_else(|| answer.text("/payments/0/state"));
        if answer.status == 201 && state == Some("submitting") {
            self.record.by_hand.push("F39");
        }
        Ok(answer)
    }

    /// The secret of the link that somebody else pays by, if that is planned. It is told once: where that answer was lost there is
    /// another link.
    async fn link(&mut self) -> Result<Option<String>, StormError> {
        if self.plan.hand == Hand::Own {
            return Ok(None);
        }
        while self.record.link.is_none() {
            let path = format!("invoices/{}/payment-links", self.record.debt.invoice);
            let made = self.post(&path, &json!({})).await?;
            if made.status != 201 {
                return Err(StormError::Failed(format!("no link: {} {}", made.status, made.body)));
            }
            self.record.link = made.text("/token").map(str::to_owned);
        }
        Ok(self.record.link.clone())
    }

    /// Waits until an opened payment has a page; none when it ended, or never gets one in time.
    async fn page_of(&self, payment: &str, deadline: Instant) -> Result<Option<String>, StormError> {
        let mut looks = Looks::default();
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
            looks.pause().await;
        }
    }

    /// Waits until the invoice shows that money came; whether it did in time.
    pub async fn sees_money(&self) -> Result<Paid, StormError> {
        let (deadline, mut looks) = (Instant::now() + PATIENCE, Looks::default());
        loop {
            let shown = self.get(&format!("invoices/{}", self.record.debt.invoice)).await?;
            if matches!(shown.text("/state"), Some("entrusted" | "paid" | "overpaid")) {
                return Ok(Paid::Yes);
            }
            if Instant::now() > deadline {
                return Ok(Paid::No);
            }
            looks.pause().await;
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
