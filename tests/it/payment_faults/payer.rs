//! Somebody who owes a fee and pays it at the simulated gateway.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::app::{AOMORI, Answer, Person, TestApp};
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
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let email = format!("payer{}@example.jp", NEXT.fetch_add(1, Ordering::Relaxed));
        let person = app.register(&email, "business").await;
        let submitted = app.submitted(&person, AOMORI, "denki-koji-toroku").await;
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

    /// Waits until the invoice is entrusted; then the books are right, and stay so whatever is repeated.
    pub async fn assert_entrusted(&self) {
        self.app
            .until("the invoice is entrusted", async || self.books().await.invoice.state == "entrusted")
            .await;
        self.books().await.assert_entrusted_once();
        self.assert_agreement_and_repetition().await;
    }

    /// Our books agree with the gateway's truth, and running everything again changes neither.
    pub async fn assert_agreement_and_repetition(&self) {
        let (books, truth) = (self.books().await, self.truth().await);
        books.assert_agrees_with(&truth);
        everything_again(&self.db.db, async || assert!(self.app.drain().await > 0)).await;
        assert_eq!(self.books().await.standing(), books.standing(), "a repetition changes nothing");
        assert_eq!(self.truth().await, truth, "nor does it at the gateway");
    }

    /// The gateway's whole truth.
    pub async fn truth(&self) -> Value {
        let answer = reqwest::get(format!("{}/_sim/ledger", self.app.simulator)).await.unwrap();
        answer.json().await.unwrap()
    }
}

/// Waits until every notification of the gateway has ended, one way or another.
pub async fn notifications_arrive(app: &TestApp) {
    for _ in 0..200 {
        let url = format!("{}/_sim/webhooks", app.simulator);
        let sent: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        let open = |delivery: &&Value| delivery["state"] == "waiting" || delivery["state"] == "held";
        if !sent["items"].as_array().unwrap().iter().any(|delivery| open(&delivery)) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("a notification is still on its way");
}

/// The gateway is healthy again.
pub async fn disarm(app: &TestApp) {
    let sent = reqwest::Client::new().delete(format!("{}/_sim/faults", app.simulator)).send().await;
    assert!(sent.unwrap().status().is_success());
}

/// From now on `address` leads to the simulator.
pub async fn forward(address: SocketAddr, simulator: &str) {
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let target = simulator.strip_prefix("http://").unwrap().to_owned();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = tokio::net::TcpStream::connect(&target).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
}
