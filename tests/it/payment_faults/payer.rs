//! Somebody who owes a fee and pays it at the simulated gateway.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::SignedDuration;
use madoguchi::config::Settings;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::app::{AOMORI, Answer, Person, TestApp, new_key};
use crate::support::db::TestDb;
use crate::support::money::Books;
use crate::support::repeat::everything_again;

/// The payer and the invoice.
pub struct Payer<'a> {
    pub app: &'a TestApp,
    db: &'a TestDb,
    person: RefCell<Person>,
    email: String,
    invoice: String,
}

impl<'a> Payer<'a> {
    /// A business with a submitted application and its invoice.
    pub async fn with_invoice(app: &'a TestApp, db: &'a TestDb) -> Self {
        Self::owing(app, db, "denki-koji-toroku", "business").await
    }

    /// Somebody with a submitted application for a procedure and its invoice.
    pub async fn owing(app: &'a TestApp, db: &'a TestDb, procedure: &str, kind: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let email = format!("payer{}@example.jp", NEXT.fetch_add(1, Ordering::Relaxed));
        let person = app.register(&email, kind).await;
        let submitted = app.submitted(&person, AOMORI, procedure).await;
        let invoice = submitted["invoice"]["id"].as_str().unwrap().to_owned();
        Self { app, db, person: RefCell::new(person), email, invoice }
    }

    fn who(&self) -> Person {
        self.person.borrow().clone()
    }

    /// Signs in anew, after the clock has passed the life of a token.
    pub async fn sign_in_again(&self) {
        let person = self.app.sign_in(&self.email, &self.who().id).await;
        self.person.replace(person);
    }

    /// Asks for a payment.
    pub async fn open(&self, method: &str) -> Answer {
        let path = format!("/v1/tenants/{AOMORI}/invoices/{}/payments", self.invoice);
        self.app.post(&self.who(), &path, json!({ "method": method })).await
    }

    /// Asks for a payment in place of the one that is open.
    pub async fn replace(&self, method: &str) -> Answer {
        self.replace_with(method, &new_key()).await
    }

    /// As [`Payer::replace`], under a key.
    pub async fn replace_with(&self, method: &str, key: &str) -> Answer {
        let wanted = json!({ "method": method, "replace_open": true });
        let headers = [("idempotency-key", key)];
        let path = self.path("/payments");
        self.app.call(Method::POST, &path, Some(&self.who()), &headers, Some(wanted)).await
    }

    /// A path below the invoice.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/tenants/{AOMORI}/invoices/{}{rest}", self.invoice)
    }

    /// The invoice as the payer sees it.
    pub async fn invoice(&self) -> Value {
        self.app.get(&self.who(), &self.path("")).await.expect(200)
    }

    /// A slip of a convenience store: its page, once it is issued.
    pub async fn slip(&self) -> String {
        let page = self.page("konbini").await;
        self.does(&page, "konbini", "").await;
        let issued = async || self.books().await.states().last() == Some(&"awaiting_payment");
        self.app.until("the slip is issued", issued).await;
        page
    }

    /// The hosted page of a new payment.
    pub async fn page(&self, method: &str) -> String {
        let payment = self.open(method).await.expect(201);
        payment["redirect_url"].as_str().unwrap_or_else(|| panic!("{payment}")).to_owned()
    }

    /// The hosted page, once the recovery has brought it.
    pub async fn page_after_healing(&self) -> String {
        for _ in 0..20 {
            self.app.advance(SignedDuration::from_secs(10)).await;
            self.app.drain().await;
            if let Some(page) = self.books().await.payment().redirect_url.clone() {
                return page;
            }
        }
        panic!("{:?}", self.books().await.states());
    }

    /// The youngest payment's page, or that of a new one where the recovery called it off or gave it up.
    pub async fn page_at_last(&self, method: &str) -> String {
        let steps = [(20, SignedDuration::from_secs(10)), (12, SignedDuration::from_mins(2))];
        for (times, step) in steps {
            for _ in 0..times {
                self.app.advance(step).await;
                self.app.drain().await;
                let books = self.books().await;
                let youngest = books.payments.last().unwrap();
                if matches!(youngest.state.as_str(), "canceled" | "failed" | "expired") {
                    disarm(self.app).await;
                    self.sign_in_again().await;
                    return self.page(method).await;
                }
                if let Some(page) = youngest.redirect_url.clone() {
                    return page;
                }
            }
        }
        panic!("{:?}", self.books().await.states());
    }

    /// Gives the youngest payment up.
    pub async fn cancel(&self) -> Answer {
        let id = self.books().await.payments.last().unwrap().id;
        let path = format!("/v1/tenants/{AOMORI}/payments/{id}/cancel");
        self.app.post(&self.who(), &path, json!({})).await
    }

    /// Fills in a form of the hosted page, which must be taken.
    pub async fn does(&self, page: &str, step: &str, fields: &str) {
        let (status, _) = self.app.at_gateway(page, step, fields).await;
        assert_eq!(status, 303, "{step} {fields}");
    }

    /// Pays by a card whose issuer asks for 3-D Secure.
    pub async fn pays_by_card(&self, page: &str) {
        self.does(page, "card", "number=4111111111111111").await;
        self.does(page, "3ds", "result=ok").await;
    }

    /// Our books.
    pub async fn books(&self) -> Books {
        Books::read(&self.db.db, AOMORI, &self.invoice).await
    }

    /// The state of one payment.
    pub async fn state_of(&self, id: &str) -> String {
        let books = self.books().await;
        books.payments.iter().find(|payment| payment.id.to_string() == id).unwrap().state.clone()
    }

    /// Waits until the invoice is entrusted: once, and by the gateway's word too.
    pub async fn is_entrusted(&self) {
        self.app
            .until("the invoice is entrusted", async || self.books().await.invoice.state == "entrusted")
            .await;
        let books = self.books().await;
        books.assert_entrusted_once();
        books.assert_agrees_with(&self.truth().await);
    }

    /// As [`Payer::is_entrusted`], and it stays so whatever is repeated.
    pub async fn assert_entrusted(&self) {
        self.is_entrusted().await;
        self.assert_agreement_and_repetition().await;
    }

    /// Our books agree with the gateway's truth, and running everything again changes neither.
    pub async fn assert_agreement_and_repetition(&self) {
        assert_repetition_changes_nothing(std::slice::from_ref(self)).await;
    }

    /// The gateway's whole truth.
    pub async fn truth(&self) -> Value {
        let answer = client().get(format!("{}/_sim/ledger", self.app.simulator)).send().await.unwrap();
        answer.json().await.unwrap()
    }
}

/// Runs everything again: for each of the payers our books and the gateway's truth agree before and are the same after.
pub async fn assert_repetition_changes_nothing(payers: &[Payer<'_>]) {
    let mut standings = Vec::new();
    let one = &payers[0];
    let truth = one.truth().await;
    for payer in payers {
        let books = payer.books().await;
        books.assert_agrees_with(&truth);
        standings.push(books.standing());
    }
    everything_again(&one.db.db, async || assert!(one.app.drain().await > 0)).await;
    for (payer, before) in payers.iter().zip(standings) {
        assert_eq!(payer.books().await.standing(), before, "a repetition changes nothing");
    }
    assert_eq!(one.truth().await, truth, "nor does it at the gateway");
}

/// A client that goes straight to the simulator.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Waits until every notification of the gateway has ended, one way or another.
pub async fn notifications_arrive(app: &TestApp) {
    for _ in 0..200 {
        let url = format!("{}/_sim/webhooks", app.simulator);
        let sent: Value = client().get(url).send().await.unwrap().json().await.unwrap();
        let open = |delivery: &&Value| delivery["state"] == "waiting" || delivery["state"] == "held";
        if !sent["items"].as_array().unwrap().iter().any(|delivery| open(&delivery)) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("a notification is still on its way");
}

/// Waits until the armed fault has hit a call.
pub async fn fault_has_hit(app: &TestApp) {
    for _ in 0..500 {
        let url = format!("{}/_sim/faults", app.simulator);
        let armed: Value = client().get(url).send().await.unwrap().json().await.unwrap();
        if armed["items"][0]["fired"] == 1 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the call never came");
}

/// Makes the service look for its gateways at `address`.
pub fn point_at(settings: &mut Settings, address: SocketAddr) {
    for gateway in &mut settings.gateways {
        gateway.base_url = format!("http://{address}/api/v1");
    }
}

/// A gateway that hangs up on the first request to open a checkout, refuses every later one, and knows no payment.
/// Gives how many it was sent.
pub fn silent_then_refusing(listener: TcpListener) -> Arc<AtomicU32> {
    let sent = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&sent);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = read_request(&mut stream).await;
            let (status, body) = match request.starts_with("POST") {
                true if count.fetch_add(1, Ordering::SeqCst) == 0 => continue,
                true => ("400 Bad Request", r#"{"error":{"code":"bad_request","message":"no"}}"#),
                false => ("200 OK", r#"{"resource":"list","total":0,"data":[]}"#),
            };
            let head =
                format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        }
    });
    sent
}

/// One request with its whole body.
async fn read_request(stream: &mut TcpStream) -> String {
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut buffer).await.unwrap();
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if read == 0 || body.len() >= length.unwrap_or(0) {
            return text;
        }
    }
}

/// The gateway is healthy again.
pub async fn disarm(app: &TestApp) {
    let sent = client().delete(format!("{}/_sim/faults", app.simulator)).send().await;
    assert!(sent.unwrap().status().is_success());
}

/// From now on `address` leads to the simulator.
pub async fn forward(address: SocketAddr, simulator: &str) {
    let listener = TcpListener::bind(address).await.unwrap();
    let target = simulator.strip_prefix("http://").unwrap().to_owned();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = TcpStream::connect(&target).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
}
