//! The careless adapter: what many integrations look like, in the same storm.
//!
//! It tries again under a new key and a new order number when an answer does not come, believes whoever posts to its
//! webhook address, records an order only after the gateway has answered, asks about nothing, and forgets what it had in
//! hand when it dies. Its payers follow the same plans; somebody who has paid and is told otherwise pays again.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::dice::Dice;
use super::faults::Step;
use super::judge::{self, Confirmed, Counts, PaymentBook, PaysTwice, RunBooks, Taker, TooMuch};
use super::plan::{Behaviour, Method, Plan, Refunding};
use super::report::Careless;
use super::run::StormSettings;
use super::simulator::{Acted, Simulator};
use super::stranger::Secrets;
use super::{StormError, naive_webhooks};
use crate::drill::CrashPoint;

/// What every invoice comes to, in yen.
const TOTAL: i64 = 22_000;
/// How often a call is tried.
const TRIES: u32 = 3;
/// How long a payer waits for the page to say that it is paid.
const PAYER_WAITS: Duration = Duration::from_secs(4);
/// How often the payer looks meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// In how many of a hundred steps it is killed.
const DIES: u64 = 6;

/// An order as the adapter's memory has it.
#[derive(Clone, Debug, Default)]
struct Order {
    payment: String,
    paid: bool,
    refunded: i64,
    mails: u64,
    unanswered: bool,
}

/// The adapter with its memory.
struct Shop {
    http: Client,
    simulator: Simulator,
    key: String,
    orders: Mutex<BTreeMap<String, Order>>,
    /// How often it was killed with an answer in hand.
    deaths: AtomicU64,
}

/// Sends the careless adapter through the plans of a storm.
pub async fn run(settings: &StormSettings, http: &Client, secrets: &Secrets) -> Result<Careless, StormError> {
    let simulator = Simulator::new(http.clone(), settings.naive_simulator.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    simulator.point_webhooks(&format!("http://{}/webhook", listener.local_addr()?)).await?;
    let shop = Arc::new(Shop {
        http: http.clone(),
        simulator,
        key: secrets.komoju_key.clone(),
        orders: Mutex::default(),
        deaths: AtomicU64::default(),
    });
    let hearing = Arc::clone(&shop);
    let ears = tokio::spawn(naive_webhooks::listen(listener, Arc::new(move |body| hearing.believe(&body))));
    let (mut payers, mut runs) = (JoinSet::new(), Vec::new());
    for number in 0..settings.runs {
        if payers.len() >= usize::try_from(settings.payers).unwrap_or(1) {
            runs.extend(ended(payers.join_next().await)?);
        }
        payers.spawn(go_through(Arc::clone(&shop), settings.seed, number));
    }
    while let Some(run) = ended(payers.join_next().await)? {
        runs.push(run);
    }
    let faults_by_id = shop.simulator.heal().await?;
    // Two days in which everything late arrives.
    for hours in [1, 5, 24, 48] {
        shop.simulator.shift_clock(hours * 3_600_000).await?;
        sleep(Duration::from_millis(500)).await;
    }
    ears.abort();
    let truth = shop.simulator.truth().await?;
    let mut counts = Counts::default();
    for run in &runs {
        let books = shop.books(run);
        let sums = |pick: fn(&PaymentBook) -> i64| books.payments.iter().map(pick).sum::<i64>();
        let lines = books.payments.iter().filter_map(|payment| truth.get(&payment.reference));
        let true_sum: i64 = lines.map(|line| line.captured - line.refunded).sum();
        counts.unbalanced_postings +=
            u64::from(sums(|payment| payment.captured) - sums(|payment| payment.refunded) != true_sum);
        counts.add(&judge::judge(&books, &truth));
    }
    let deaths = shop.deaths.load(Ordering::SeqCst);
    let kills_by_point = [(CrashPoint::PaymentAfterAnswerBeforeRecord.name(), deaths)].into();
    Ok(Careless { runs: settings.runs, kills_by_point, deaths, faults_by_id, counts })
}

type Joined<T> = Option<Result<Result<T, StormError>, tokio::task::JoinError>>;

fn ended<T>(joined: Joined<T>) -> Result<Option<T>, StormError> {
    let failed = |error: tokio::task::JoinError| StormError::Failed(error.to_string());
    joined.map(|ended| ended.map_err(failed)?).transpose()
}

/// What the harness knows of a run: every order number that went out, remembered or not.
struct Run {
    references: Vec<String>,
    pays_twice: PaysTwice,
}

async fn go_through(shop: Arc<Shop>, seed: u64, number: u64) -> Result<Run, StormError> {
    let (plan, mut dice) = (Plan::draw(seed, number), Dice::new(!seed, number));
    let dice = &mut dice;
    let pays_twice = match plan.behaviour {
        Behaviour::Switches | Behaviour::PaysLate => PaysTwice::Perhaps,
        _ => PaysTwice::No,
    };
    let mut run = Run { references: Vec::new(), pays_twice };
    let method = match plan.method {
        Method::Card | Method::Nanaco | Method::Konbini | Method::PayEasy => plan.method,
        _ => Method::Nanaco,
    };
    if let Some(fault) = plan.fault(Step::Create) {
        shop.simulator.fault(&fault.order("create", None)).await?;
    }
    let Some((reference, page)) = shop.open(&mut run, dice).await? else { return Ok(run) };
    if let Some(fault) = plan.fault(Step::Webhook) {
        shop.simulator.fault(&fault.order("webhook", Some(&reference))).await?;
    }
    match plan.behaviour {
        Behaviour::Fails => return shop.simulator.act(&page, method.failing_acts()).await.map(|_| run),
        Behaviour::Abandons => return Ok(run),
        _ => {}
    }
    let acts = if plan.behaviour == Behaviour::FailsThenPays {
        shop.simulator.act(&page, method.failing_acts()).await?;
        method.remaining_acts()
    } else {
        method.acts()
    };
    let mut paid = (reference, shop.simulator.act(&page, acts).await?);
    let is_told = paid.1 == Acted::Refused || shop.says_paid(&paid.0).await;
    if !is_told || plan.behaviour == Behaviour::Switches {
        // "Unpaid", says the page; so the payer pays once more.
        if let Some((reference, page)) = shop.open(&mut run, dice).await? {
            paid = (reference, shop.simulator.act(&page, Method::Card.acts()).await?);
            shop.says_paid(&paid.0).await;
        }
    }
    if paid.1 == Acted::Taken && plan.refunding != Refunding::None && shop.is_paid(&paid.0) {
        if let Some(fault) = plan.fault(Step::Refund) {
            shop.simulator.fault(&fault.order("refund", Some(&paid.0))).await?;
        }
        let amount = if plan.refunding == Refunding::Full { TOTAL } else { TOTAL / 3 };
        shop.refund(&paid.0, amount, dice).await;
    }
    Ok(run)
}

impl Shop {
    fn order<T>(&self, reference: &str, change: impl FnOnce(&mut Order) -> T) -> Option<T> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).get_mut(reference).map(change)
    }

    fn is_paid(&self, reference: &str) -> bool {
        self.order(reference, |order| order.paid) == Some(true)
    }

    /// Whether the page says so while the payer waits.
    async fn says_paid(&self, reference: &str) -> bool {
        let deadline = Instant::now() + PAYER_WAITS;
        while Instant::now() < deadline && !self.is_paid(reference) {
            sleep(LOOK_EVERY).await;
        }
        self.is_paid(reference)
    }

    /// Whoever says that an order is paid is right, and the payer gets a mail.
    fn believe(&self, body: &Value) {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        if text("/type") != "payment.captured" {
            return;
        }
        // An order that it does not remember is somebody else's.
        let _ = self.order(text("/data/external_order_num"), |order| {
            order.paid = true;
            order.mails += 1;
            text("/data/id").clone_into(&mut order.payment);
        });
    }

    /// Opens a checkout, again and again under a new number until there is an answer.
    async fn open(&self, run: &mut Run, dice: &mut Dice) -> Result<Option<(String, String)>, StormError> {
        for _ in 0..TRIES {
            let reference = format!("naive-{}", Uuid::from_u64_pair(dice.throw(), dice.throw()).simple());
            run.references.push(reference.clone());
            let body = json!({ "amount": TOTAL, "currency": "JPY", "return_url": "http://127.0.0.1/back",
                "payment_types": ["credit_card", "nanaco", "konbini", "pay_easy"],
                "payment_data": { "external_order_num": reference } });
            let request = self.http.post(format!("{}/api/v1/sessions", self.simulator.base));
            let request = request.basic_auth(&self.key, Some("")).timeout(Duration::from_secs(1));
            let request =
                request.header("x-komoju-idempotency", Uuid::from_u64_pair(dice.throw(), 1).to_string());
            let Ok(answer) = request.json(&body).send().await else { continue };
            let session: Value = answer.json().await.unwrap_or_default();
            let Some(id) = session.get("id").and_then(Value::as_str) else { continue };
            // Killed with the answer in hand: the payer has the page, and nobody remembers the order.
            if dice.happens(DIES) {
                self.deaths.fetch_add(1, Ordering::SeqCst);
            } else {
                let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
                orders.insert(reference.clone(), Order::default());
            }
            return Ok(Some((reference, self.simulator.page(id))));
        }
        if let Some(last) = run.references.last() {
            let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
            orders.insert(last.clone(), Order { unanswered: true, ..Order::default() });
        }
        Ok(None)
    }

    /// Sends money back, again and again under a new key until there is an answer.
    async fn refund(&self, reference: &str, amount: i64, dice: &mut Dice) {
        let payment = self.order(reference, |order| order.payment.clone()).unwrap_or_default();
        for _ in 0..TRIES {
            let request = self.http.post(format!("{}/api/v1/payments/{payment}/refund", self.simulator.base));
            let request = request.basic_auth(&self.key, Some("")).timeout(Duration::from_secs(1));
            let request =
                request.header("x-komoju-idempotency", Uuid::from_u64_pair(dice.throw(), 2).to_string());
            let Ok(answer) = request.json(&json!({ "amount": amount })).send().await else { continue };
            if answer.status().is_success() && answer.json::<Value>().await.is_ok() {
                let _ = self.order(reference, |order| order.refunded += amount);
                return;
            }
        }
    }

    /// The books of a run: what is remembered of each order that went out.
    fn books(&self, run: &Run) -> RunBooks {
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let book = |reference: &String| {
            let order = orders.get(reference).cloned().unwrap_or_default();
            let captured = if order.paid { TOTAL } else { 0 };
            let state = match (order.unanswered, captured, order.refunded) {
                (true, 0, _) => "unknown",
                (_, 0, _) => "expired",
                (_, _, 0) => "captured",
                (_, captured, refunded) if refunded < captured => "partially_refunded",
                _ => "refunded",
            };
            PaymentBook {
                reference: reference.clone(),
                taker: Taker::Gateway,
                share: None,
                state: state.to_owned(),
                captured,
                refunded: order.refunded,
                charged_back: 0,
                confirmations: order.mails,
            }
        };
        let payments: Vec<PaymentBook> = run.references.iter().map(book).collect();
        let (came, back): (i64, i64) =
            payments.iter().fold((0, 0), |sums, book| (sums.0 + book.captured, sums.1 + book.refunded));
        let invoice_state = match (came, back) {
            (0, _) => "unpaid",
            (_, 0) => "paid",
            (came, back) if back < came => "partially_refunded",
            _ => "refunded",
        };
        RunBooks {
            total: TOTAL,
            invoice_state: invoice_state.to_owned(),
            payments,
            pays_twice: run.pays_twice,
            too_much: TooMuch::NotLookedAt,
            confirmed: Confirmed::NotOffered,
        }
    }
}
