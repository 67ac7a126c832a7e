//! The office that keeps the records: cases that have ended, the clock that files them, and years that go by.

use std::ops::Deref;

use jiff::SignedDuration;
use madoguchi::clock::Clock;
use madoguchi::domain::calendar::jst_day;
use madoguchi::domain::id::{ApplicationId, DisputeId, RecordFileId, TenantCode};
use madoguchi::service::records::filing;
use madoguchi::store::disputes::{self, DisputeRow};
use madoguchi::store::record_files::{self, FileFilter};
use madoguchi::store::sql::Micros;
use madoguchi::store::{Root, StoreError, invoices, payments};
use reqwest::Method;
use serde_json::{Value, json};

use crate::decision_changes::registered;
use crate::fee_timing::Counter;
use crate::support::app::{AOMORI, Answer, Person, TestApp};
use crate::support::db::TestDb;

/// The register.
pub const FILES: &str = "/v1/tenants/020001/record-files";

/// The codes of the faults of a problem, sorted.
pub fn codes(problem: &Value) -> Vec<&str> {
    let mut codes: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|fault| fault["code"].as_str().unwrap()).collect();
    codes.sort_unstable();
    codes
}

/// The office with its people.
pub struct Archive {
    counter: Counter,
}

impl Deref for Archive {
    type Target = Counter;

    fn deref(&self) -> &Counter {
        &self.counter
    }
}

impl Archive {
    pub async fn open(db: &TestDb) -> Self {
        Self { counter: Counter::open(db).await }
    }

    /// The archive of a body that has no rule for numbers of what comes in.
    pub async fn open_without_incoming_numbers(db: &TestDb) -> Self {
        let shipped = include_str!("../../../config/tenants/020001.yaml").lines();
        let text: String =
            shipped.filter(|line| !line.contains("kind: incoming")).flat_map(|line| [line, "\n"]).collect();
        let app = TestApp::start_offering(db, "tenants/020001.yaml", &text).await;
        Self { counter: Counter::over(app).await }
    }

    pub fn tenant() -> TenantCode {
        TenantCode::parse(AOMORI).unwrap()
    }

    /// A case that was handed in with its documents and taken back; gives its id.
    pub async fn withdrawn(&self, procedure: &str) -> String {
        let submitted = self.app.submitted(&self.business, AOMORI, procedure).await;
        let id = submitted["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/tenants/020001/applications/{id}/withdraw");
        self.app.post(&self.business, &path, json!({})).await.expect(200);
        id
    }

    /// A case whose fee is entrusted and that was granted and closed; gives its id.
    pub async fn granted(&mut self) -> String {
        let (case, _) = registered(&self.counter).await;
        self.app.post_letters(&self.clerk, &case).await;
        for _ in 0..2 {
            self.app.drain().await;
            self.app.advance(SignedDuration::from_hours(25)).await;
        }
        self.app.drain().await;
        self.sign_in().await;
        assert_eq!(self.app.get(&self.clerk, &case).await.expect(200)["state"], "closed");
        case.rsplit('/').next().unwrap().to_owned()
    }

    /// The clock of the register comes by.
    pub async fn file(&self) {
        filing::run(&self.app.core, &Self::tenant()).await.unwrap();
    }

    /// The same call without an account.
    pub async fn public(&self, path: &str) -> Answer {
        self.app.call(Method::GET, path, None, &[], None).await
    }

    /// Years go by; everybody signs in anew, and the clock has come by everywhere.
    pub async fn years_later(&mut self, years: i64) {
        self.app.advance(SignedDuration::from_hours(24 * 366 * years)).await;
        self.sign_in().await;
        self.file().await;
    }

    pub async fn sign_in(&mut self) {
        let Counter { app, business, clerk, chief } = &mut self.counter;
        *business = app.sign_in("business@example.jp", &business.id).await;
        *clerk = app.sign_in("clerk@example.jp", &clerk.id).await;
        *chief = app.sign_in("chief@example.jp", &chief.id).await;
    }

    /// The path of the file that has a case.
    pub async fn file_of(&self, case: &str) -> String {
        let path = format!("/v1/tenants/020001/applications/{case}/record-holds");
        let listed = self.app.get(&self.clerk, &path).await.expect(200);
        format!("{FILES}/{}", listed["file"].as_str().unwrap())
    }

    /// The codes of what stands in the way of a case, sorted.
    pub async fn blocks(&self, case: &str) -> Vec<String> {
        let cases = format!("{}/cases", self.file_of(case).await);
        let listed = self.app.get(&self.clerk, &cases).await.expect(200);
        let found = listed["items"].as_array().unwrap().iter().find(|one| one["application"] == case);
        let blocks = found.unwrap()["blocks"].as_array().unwrap().clone();
        let mut codes: Vec<String> =
            blocks.iter().map(|block| block["code"].as_str().unwrap().to_owned()).collect();
        codes.sort();
        codes
    }

    /// Places a hold that stands from today on.
    pub async fn hold(&self, case: &str, ground: &str, note: &str) -> Value {
        let today = jst_day(self.app.clock.now());
        let body = json!({ "ground": ground, "from_on": today.to_string(), "note": note });
        let path = format!("/v1/tenants/020001/applications/{case}/record-holds");
        self.app.post(&self.clerk, &path, body).await.expect(201)
    }

    pub async fn release(&self, hold: &Value) {
        let path = format!("/v1/tenants/020001/record-holds/{}/release", hold["id"].as_str().unwrap());
        self.app.post(&self.clerk, &path, json!({ "reason": "終結" })).await.expect(200);
    }

    pub async fn propose(&self, file: &str, measure: &str) -> Answer {
        let body = json!({ "measure": measure, "reason": "保存期間の満了" });
        self.app.post(&self.clerk, &format!("{file}/measures"), body).await
    }

    /// What somebody does about a measure: `approve`, `reject`.
    pub async fn decide(&self, who: &Person, measure: &Value, verdict: &str) -> Answer {
        self.app.post(who, &format!("{}/{verdict}", Self::measure(measure)), json!({})).await
    }

    /// The path of a measure.
    pub fn measure(measure: &Value) -> String {
        format!("/v1/tenants/020001/record-measures/{}", measure["id"].as_str().unwrap())
    }

    /// Where a measure stands.
    pub async fn standing(&self, measure: &Value) -> Value {
        self.app.get(&self.clerk, &Self::measure(measure)).await.expect(200)
    }

    /// Asks for a refund of the fee of a case.
    pub async fn ask_refund(&self, case: &str) {
        let invoice = self.invoice(case).await;
        let path = format!("/v1/tenants/020001/invoices/{invoice}/refunds");
        let body = json!({ "reason": "assessment_error", "amount": 100, "refund_amount_available": 22_000 });
        self.app.post(&self.chief, &path, body).await.expect(201);
    }

    async fn invoice(&self, case: &str) -> String {
        let (tenant, id): (_, ApplicationId) = (Self::tenant(), case.parse().unwrap());
        let read = self.app.core.db.read(move |tx| {
            let all = invoices::all_of_case(tx, &tenant, id)?;
            Ok::<_, StoreError>(all.first().map(|invoice| invoice.id.to_string()))
        });
        read.await.unwrap().unwrap()
    }

    /// The payer's bank contests the payment of a case.
    pub async fn contest(&self, db: &TestDb, case: &str) {
        let (tenant, id): (_, ApplicationId) = (Self::tenant(), case.parse().unwrap());
        let write = db.db.write(Root::Application(id), move |tx| {
            let invoice = invoices::all_of_case(tx, &tenant, id)?.remove(0);
            let payment = payments::of_invoice(tx, &tenant, invoice.id)?.remove(0);
            let now = Micros(tx.now());
            let row = DisputeRow {
                tenant_id: tenant.clone(),
                id: DisputeId(tx.new_id()),
                application_id: id,
                payment_id: payment.id,
                invoice_id: invoice.id,
                gateway: payment.gateway.clone(),
                gateway_dispute_id: "dp_1".to_owned(),
                state: "under_review".to_owned(),
                amount: payment.amount,
                reason_code: None,
                respond_by: None,
                reminded_days_before: None,
                version: 1,
                created_at: now,
                updated_at: now,
            };
            disputes::insert(tx, &row)
        });
        write.await.unwrap();
    }

    /// Copies the one file of the register so many times into the year 2001.
    pub async fn copies_of_the_file(&self, db: &TestDb, copies: usize) {
        let tenant = Self::tenant();
        let write = db.db.write_alone(vec![], move |tx| {
            let mut row = record_files::page(tx, &tenant, &FileFilter::default(), None, 1)?.remove(0);
            row.fiscal_year = 2001;
            for number in 0..copies {
                row.id = RecordFileId(tx.new_id());
                row.rule_code = format!("copy-{number}");
                record_files::find_or_make(tx, &row)?;
            }
            Ok::<_, StoreError>(())
        });
        write.await.unwrap();
    }
}
