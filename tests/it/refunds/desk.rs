//! The people around a refund: who paid, who asks, who decides.

use jiff::SignedDuration;
use madoguchi::domain::id::TenantCode;
use madoguchi::domain::ledger::{Account, balances};
use madoguchi::domain::policy::Role;
use madoguchi::store::StoreError;
use madoguchi::store::refunds::{self, RefundRow};
use serde_json::{Value, json};

use crate::policy_coverage::world::DEPARTMENT;
use crate::support::app::{AOMORI, Answer, Person, TestApp};
use crate::support::db::TestDb;
use crate::support::money::Books;

/// What the fee of the procedure comes to, in yen.
pub const FEE: i64 = 22_000;
const PROCEDURE: &str = "denki-koji-toroku";

/// The office that gives money back.
pub struct Desk<'a> {
    pub app: &'a TestApp,
    pub db: &'a TestDb,
    pub business: Person,
    pub accountant: Person,
    pub chief: Person,
}

impl<'a> Desk<'a> {
    pub async fn open(app: &'a TestApp, db: &'a TestDb) -> Self {
        Self::open_as(app, db, "").await
    }

    /// As [`Desk::open`], with people whose addresses begin otherwise: one database may have several desks.
    pub async fn open_as(app: &'a TestApp, db: &'a TestDb, prefix: &str) -> Self {
        let address = |name: &str| format!("{prefix}{name}@example.jp");
        let business = app.register(&address("business"), "business").await;
        let accountant =
            app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, &address("kaikei")).await;
        let chief = app.officer(AOMORI, DEPARTMENT, Role::SectionChief, &address("chief")).await;
        Self { app, db, business, accountant, chief }
    }

    /// A submitted case whose fee was paid by card or e-money.
    pub async fn paid(&self, method: &str) -> Paid<'_> {
        let submitted = self.app.submitted(&self.business, AOMORI, PROCEDURE).await;
        let invoice = submitted["invoice"]["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/tenants/{AOMORI}/invoices/{invoice}");
        let wanted = json!({ "method": method });
        let payment = self.app.post(&self.business, &format!("{path}/payments"), wanted).await.expect(201);
        let page = payment["redirect_url"].as_str().unwrap();
        if method == "card" {
            self.app.at_gateway(page, "card", "number=4111111111111111").await;
            self.app.at_gateway(page, "3ds", "result=ok").await;
        } else if method == "konbini" {
            self.app.at_gateway(page, "konbini", "").await;
            self.app.at_gateway(page, "konbini/pay", "").await;
        } else {
            self.app.at_gateway(page, method, "result=ok").await;
        }
        let paid = Paid { desk: self, path, invoice };
        self.app
            .until("the invoice is entrusted", async || paid.books().await.invoice.state == "entrusted")
            .await;
        paid
    }
}

/// A paid invoice.
pub struct Paid<'a> {
    desk: &'a Desk<'a>,
    path: String,
    pub invoice: String,
}

impl<'a> Paid<'a> {
    /// The paid invoice of that id.
    pub fn of(desk: &'a Desk<'a>, invoice: &str) -> Self {
        let path = format!("/v1/tenants/{AOMORI}/invoices/{invoice}");
        Self { desk, path, invoice: invoice.to_owned() }
    }

    /// Asks for a refund of an assessment error.
    pub async fn ask(&self, who: &Person, amount: i64, available: i64) -> Answer {
        self.ask_with(who, json!({ "amount": amount, "refund_amount_available": available })).await
    }

    /// Asks for a refund; an assessment error unless `body` says otherwise.
    pub async fn ask_with(&self, who: &Person, body: Value) -> Answer {
        let mut whole = json!({ "reason": "assessment_error" });
        for (name, value) in body.as_object().unwrap() {
            whole[name] = value.clone();
        }
        self.desk.app.post(who, &format!("{}/refunds", self.path), whole).await
    }

    /// Decides a refund: `approve`, `reject` or `withdraw`.
    pub async fn decide(&self, who: &Person, refund: &Value, verdict: &str) -> Answer {
        let path = format!("/v1/tenants/{AOMORI}/refunds/{}/{verdict}", refund["id"].as_str().unwrap());
        self.desk.app.post(who, &path, json!({})).await
    }

    /// Asked for by the accountant and approved by the chief.
    pub async fn refunded(&self, amount: i64, available: i64) -> Value {
        let asked = self.ask(&self.desk.accountant, amount, available).await.expect(201);
        self.decide(&self.desk.chief, &asked, "approve").await.expect(200)
    }

    /// The list of refunds, as the accountant sees it.
    pub async fn list(&self) -> Value {
        self.desk.app.get(&self.desk.accountant, &format!("{}/refunds", self.path)).await.expect(200)
    }

    pub async fn available(&self) -> i64 {
        self.list().await["refund_amount_available"].as_i64().unwrap()
    }

    /// Our books.
    pub async fn books(&self) -> Books {
        Books::read(&self.desk.db.db, AOMORI, &self.invoice).await
    }

    /// The refunds as stored, oldest first.
    pub async fn rows(&self) -> Vec<RefundRow> {
        let (tenant, invoice) = (TenantCode::parse(AOMORI).unwrap(), self.invoice.parse().unwrap());
        let read = self.desk.db.db.read(move |tx| refunds::of_invoice(tx, &tenant, invoice));
        read.await.unwrap_or_else(|error: StoreError| panic!("{error}"))
    }

    /// The states of the refunds, oldest first.
    pub async fn states(&self) -> Vec<String> {
        self.rows().await.into_iter().map(|row| row.state).collect()
    }

    /// The state of the invoice and of its payment, and what the payment sent back.
    pub async fn standing(&self) -> (String, String, i64) {
        let books = self.books().await;
        let payment = books.payment();
        (books.invoice.state.clone(), payment.state.clone(), payment.refunded.amount())
    }

    /// What the ledger says of the refunds of this case: revenue left, owed to payers, held by the agent.
    pub async fn booked(&self) -> (i64, i64, i64) {
        let books = self.books().await;
        let held = balances(&books.entries);
        let revenue = held.iter().filter(|(account, _)| matches!(account, Account::Revenue(_)));
        let of = |account: &Account| held.get(account).copied().unwrap_or(0);
        let claim = of(&Account::Entrusted("komoju".to_owned()));
        (-revenue.map(|(_, balance)| *balance).sum::<i64>(), -of(&Account::RefundPayable), claim)
    }

    /// What the gateway's own ledger says it gave back.
    pub async fn truth(&self) -> i64 {
        let reference = self.books().await.payment().merchant_reference.clone();
        self.desk.app.truth(&reference).await["refunded"].as_i64().unwrap()
    }

    /// Lets time pass and jobs run until the refund has this state.
    pub async fn heals_to(&self, state: &str) {
        for _ in 0..20 {
            if self.rows().await.last().unwrap().state == state {
                return;
            }
            self.desk.app.advance(SignedDuration::from_secs(30)).await;
            self.desk.app.drain().await;
        }
        panic!("{:?}", self.states().await);
    }
}
