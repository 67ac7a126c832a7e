//! The accounting office that has its agents' payouts fetched, and the truth at the simulated gateway beside it.

use std::fmt::Write as _;

use data_encoding::BASE64;
use jiff::SignedDuration;
use madoguchi::clock::Clock;
use madoguchi::domain::calendar::jst_day;
use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use crate::payment_faults::payer::{client, notifications_arrive};
use crate::refunds::desk::{Desk, Paid};
use crate::support::app::{AOMORI, Person, TestApp, gateway_first};
use crate::support::db::TestDb;

/// A batch as the gateway knows it.
#[derive(Clone, Debug)]
pub struct Batch {
    pub id: String,
    pub reference: String,
    /// What reaches the bank account.
    pub paid_out: i64,
    whole: Value,
}

impl Batch {
    /// The name of it that an accountant knows.
    pub fn reference_at(&self, gateway: &str) -> String {
        if gateway == "komoju" { self.reference.clone() } else { self.id.clone() }
    }
}

/// The office.
pub struct Counting<'a> {
    app: &'a TestApp,
    db: &'a TestDb,
    desk: Desk<'a>,
    second: Person,
    prefix: String,
}

impl<'a> Counting<'a> {
    /// A service that fetches the payouts of this gateway.
    pub async fn start(db: &TestDb, gateway: &str) -> TestApp {
        TestApp::start_with(db, |settings| {
            gateway_first(settings, gateway);
            for account in settings.gateways.iter_mut().filter(|account| account.name == gateway) {
                account.payouts_to = Some(AOMORI.to_owned());
            }
        })
        .await
    }

    /// As [`Counting::start`], where money must be in a payout after so many days on which the body is open.
    pub async fn start_settling_within(db: &TestDb, gateway: &str, days: u16) -> TestApp {
        TestApp::start_with(db, |settings| {
            gateway_first(settings, gateway);
            for account in settings.gateways.iter_mut().filter(|account| account.name == gateway) {
                account.payouts_to = Some(AOMORI.to_owned());
                account.settles_within_open_days = Some(days);
            }
        })
        .await
    }

    pub async fn open(app: &'a TestApp, db: &'a TestDb, prefix: &str) -> Self {
        let desk = Desk::open_as(app, db, prefix).await;
        let email = format!("{prefix}suito@example.jp");
        let second = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, &email).await;
        Self { app, db, desk, second, prefix: prefix.to_owned() }
    }

    /// Invoices paid by card on the present day.
    pub async fn paid_cards(&self, count: usize) -> Vec<String> {
        let mut invoices = Vec::new();
        for _ in 0..count {
            invoices.push(self.desk.paid("card").await.invoice);
        }
        invoices
    }

    /// The paid invoice of that id.
    pub fn of(&self, invoice: &str) -> Paid<'_> {
        Paid::of(&self.desk, invoice)
    }

    /// The payer's bank takes the money of a payment back.
    pub async fn bank_pulls_back(&self, invoice: &str) {
        let reference = self.of(invoice).books().await.payment().merchant_reference.clone();
        let order = json!({ "payment": reference, "state": "lost" });
        let url = format!("{}/_sim/disputes", self.app.simulator);
        let sent = client().post(url).json(&order).send().await.unwrap();
        assert!(sent.status().is_success());
        notifications_arrive(self.app).await;
        self.app.drain().await;
        assert!(self.of(invoice).books().await.payment().charged_back.amount() > 0);
    }

    /// The day ends, and everybody signs in again; no job runs.
    pub async fn end_the_day(&mut self) {
        self.app.advance(SignedDuration::from_hours(24)).await;
        self.sign_in_again().await;
    }

    pub async fn sign_in_again(&mut self) {
        let address = |name: &str| format!("{}{name}@example.jp", self.prefix);
        for (who, email) in [
            (&mut self.desk.accountant, address("kaikei")),
            (&mut self.desk.business, address("business")),
            (&mut self.desk.chief, address("chief")),
            (&mut self.second, address("suito")),
        ] {
            *who = self.app.sign_in(&email, &who.id.clone()).await;
        }
    }

    /// The day ends, and all jobs run.
    pub async fn next_day(&mut self) {
        self.end_the_day().await;
        self.app.drain().await;
    }

    /// The gateway's batches.
    pub async fn batches(&self) -> Vec<Batch> {
        let url = format!("{}/_sim/settlements", self.app.simulator);
        let all: Value = client().get(url).send().await.unwrap().json().await.unwrap();
        let read = |whole: &Value| {
            let rows = whole["rows"].as_array().unwrap();
            let net: i64 = rows.iter().map(|row| row["net"].as_i64().unwrap()).sum();
            Batch {
                id: whole["id"].as_str().unwrap().to_owned(),
                reference: whole["reference"].as_str().unwrap().to_owned(),
                paid_out: net - whole["transfer_fee"].as_i64().unwrap(),
                whole: whole.clone(),
            }
        };
        all["items"].as_array().unwrap().iter().map(read).collect()
    }

    pub async fn only_batch(&self) -> Batch {
        let mut all = self.batches().await;
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// Uploads a batch of KOMOJU's as an accountant copies it from the agent's pages: numbered lines, fees with their tax.
    pub async fn upload(&self, batch: &Batch) -> Value {
        let mut table =
            "line_key,kind,merchant_reference,gateway_payment_id,gross,fee,tax,net,occurred_on".to_owned();
        let (mut gross, mut fees) = (0, batch.whole["transfer_fee"].as_i64().unwrap());
        for row in batch.whole["rows"].as_array().unwrap() {
            let yen = |field: &str| row[field].as_i64().unwrap();
            let day = jst_day(row["at"].as_str().unwrap().parse().unwrap());
            let (kind, payment) = (row["kind"].as_str().unwrap(), row["payment_id"].as_str().unwrap());
            let fee = yen("fee") + yen("tax");
            write!(table, "\n,{kind},,{payment},{},{fee},,{},{day}", yen("amount"), yen("net")).unwrap();
            gross += yen("amount");
            fees += fee;
        }
        let cutoff: jiff::Timestamp = batch.whole["cutoff_at"].as_str().unwrap().parse().unwrap();
        let last_day = jst_day(cutoff).yesterday().unwrap();
        let transfer = batch.whole["transfer_fee"].as_i64().unwrap();
        write!(table, "\n,fee,,,0,{transfer},,{},{last_day}", -transfer).unwrap();
        let body = json!({ "gateway": "komoju", "batch_reference": batch.reference, "gross": gross, "fee": fees,
            "net": batch.paid_out, "content_base64": BASE64.encode(table.as_bytes()) });
        let path = format!("/v1/tenants/{AOMORI}/settlements");
        self.app.post(&self.desk.accountant, &path, body).await.expect(201)
    }

    async fn accountant(&self) -> Person {
        self.app.sign_in(&format!("{}kaikei@example.jp", self.prefix), &self.desk.accountant.id).await
    }

    /// The payouts that the office sees, youngest first.
    pub async fn settlements(&self) -> Vec<Value> {
        let path = format!("/v1/tenants/{AOMORI}/settlements");
        let listed = self.app.get(&self.accountant().await, &path).await.expect(200);
        listed["items"].as_array().unwrap().clone()
    }

    /// The agents' names of the payouts that the office sees.
    pub async fn names(&self) -> Vec<String> {
        let name = |item: &Value| item["batch_reference"].as_str().unwrap().to_owned();
        self.settlements().await.iter().map(name).collect()
    }

    pub async fn only(&self) -> Value {
        let mut all = self.settlements().await;
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    pub async fn shown(&self, settlement: &Value) -> Value {
        let path = format!("/v1/tenants/{AOMORI}/settlements/{}", settlement["id"].as_str().unwrap());
        self.app.get(&self.accountant().await, &path).await.expect(200)
    }

    /// How many lines are known.
    pub async fn lines(&self) -> i64 {
        self.db.count("(SELECT COUNT(*) FROM settlement_lines)").await
    }

    /// The money of a payout arrives: one says so, the other agrees, and it is booked.
    pub async fn arrived(&mut self, settlement: &Value) {
        self.sign_in_again().await;
        let shown = self.shown(settlement).await;
        let net: i64 =
            shown["lines"].as_array().unwrap().iter().map(|line| line["net"].as_i64().unwrap()).sum();
        let path = format!("/v1/tenants/{AOMORI}/settlements/{}/arrival", settlement["id"].as_str().unwrap());
        let day = jst_day(self.app.clock.now()).to_string();
        let body = json!({ "arrived_on": day, "amount": net, "reference": "ﾌﾘｺﾐ" });
        self.app.post(&self.desk.accountant, &path, body).await.expect(200);
        self.app.post(&self.second, &format!("{path}/confirm"), json!({})).await.expect(200);
        self.app.drain().await;
    }

    /// The exceptions that the office sees, in the order of their kinds.
    async fn exceptions(&self) -> Vec<Value> {
        let path = format!("/v1/tenants/{AOMORI}/reconciliation/exceptions");
        let listed = self.app.get(&self.accountant().await, &path).await.expect(200);
        let mut items = listed["items"].as_array().unwrap().clone();
        items.sort_by_key(|item| item["kind"].as_str().unwrap().to_owned());
        items
    }

    pub async fn kinds(&self) -> Vec<String> {
        let kind = |item: &Value| item["kind"].as_str().unwrap().to_owned();
        self.exceptions().await.iter().map(kind).collect()
    }

    /// What the exceptions of a kind are about.
    pub async fn subjects(&self, kind: &str) -> Vec<String> {
        let all = self.exceptions().await;
        let of_kind = all.iter().filter(|item| item["kind"] == kind);
        of_kind.map(|item| item["subject"].as_str().unwrap().to_owned()).collect()
    }

    /// Why a report was not had, as its exception says.
    pub async fn reasons(&self) -> Vec<String> {
        let all = self.exceptions().await;
        let unread = all.iter().filter(|item| item["kind"] == "unreadable_report");
        unread.map(|item| item["facts"]["reason"].as_str().unwrap().to_owned()).collect()
    }
}
