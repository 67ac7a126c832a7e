//! The accounting office with two accountants, and payouts as an agent reports them.

use data_encoding::BASE64;
use jiff::civil::Date;
use madoguchi::domain::calendar::jst_day;
use madoguchi::domain::id::{SettlementId, SettlementLineId, TenantCode};
use madoguchi::domain::policy::Role;
use madoguchi::domain::settlement::SignedYen;
use madoguchi::store::payments::PaymentRow;
use madoguchi::store::settlements::{self, LineRow, SettlementRow};
use madoguchi::store::sql::{IsoDate, Micros};
use madoguchi::store::{Reads, StoreError};
use serde_json::{Value, json};

use crate::refunds::desk::{Desk, Paid};
use crate::support::app::{AOMORI, Person, TestApp};
use crate::support::db::TestDb;

/// Where statements of the bank go.
pub const STATEMENTS: &str = "/v1/tenants/020001/bank-statements";

/// A table of the bank: day, yen, remitter.
pub fn table(rows: &[(&str, i64, &str)]) -> String {
    let header = "取引日,入金額,振込依頼人名,摘要\n".to_owned();
    rows.iter()
        .fold(header, |text, (day, amount, remitter)| text + &format!("{day},{amount},{remitter},振込\n"))
}

/// The body of a request that takes a table in.
pub fn csv(text: &str) -> Value {
    json!({ "format": "csv", "content_base64": BASE64.encode(text.as_bytes()) })
}

/// The first credit of a statement.
pub async fn credit(app: &TestApp, who: &Person, statement: &Value) -> Value {
    let path = format!("{STATEMENTS}/{}", statement["id"].as_str().unwrap());
    app.get(who, &path).await.expect(200)["items"][0].clone()
}

/// The office.
pub struct Office<'a> {
    pub app: &'a TestApp,
    pub desk: Desk<'a>,
    pub one: Person,
    pub two: Person,
}

impl<'a> Office<'a> {
    pub async fn open(app: &'a TestApp, db: &'a TestDb) -> Self {
        let desk = Desk::open(app, db).await;
        let one = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "one@example.jp").await;
        let two = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "two@example.jp").await;
        Self { app, desk, one, two }
    }

    pub fn tenant() -> TenantCode {
        TenantCode::parse(AOMORI).unwrap()
    }

    pub fn today(&self) -> Date {
        jst_day(self.app.core.clock.now())
    }

    /// A payout of these payments, of each of which the agent keeps a fee; pays out on the test's day.
    pub async fn payout(&self, batch: &str, paid: &[&Paid<'_>], fee: i64) -> SettlementId {
        let mut lines = Vec::new();
        for one in paid {
            let payment = one.books().await.payment().clone();
            lines.push((Some(payment.clone()), payment.captured.amount(), fee));
        }
        self.report(batch, lines).await.0
    }

    /// A payout of money that we know nothing of; gives its line.
    pub async fn payout_of_stranger(&self, batch: &str, amount: i64) -> SettlementLineId {
        self.report(batch, vec![(None, amount, 0)]).await.1.unwrap()
    }

    /// A payout in which a payment is some yen too small.
    pub async fn payout_short(&self, batch: &str, paid: &Paid<'_>, yen: i64) -> SettlementId {
        let payment = paid.books().await.payment().clone();
        let amount = payment.captured.amount() - yen;
        self.report(batch, vec![(Some(payment), amount, 0)]).await.0
    }

    async fn report(
        &self,
        batch: &str,
        lines: Vec<(Option<PaymentRow>, i64, i64)>,
    ) -> (SettlementId, Option<SettlementLineId>) {
        let (tenant, batch, today) = (Self::tenant(), batch.to_owned(), self.today());
        let yen = |amount: i64| SignedYen::new(amount).unwrap();
        self.app
            .core
            .db
            .write_alone(vec![], move |tx| {
                let id = SettlementId(tx.new_id());
                let now = Micros(Reads::now(tx));
                let sum =
                    |part: fn(&(Option<PaymentRow>, i64, i64)) -> i64| lines.iter().map(part).sum::<i64>();
                let (gross, fee) = (sum(|line| line.1), sum(|line| line.2));
                let row = SettlementRow {
                    tenant_id: tenant.clone(),
                    id,
                    gateway: "komoju".to_owned(),
                    batch_reference: batch.clone(),
                    period_from: Some(IsoDate(today)),
                    period_to: Some(IsoDate(today)),
                    payout_on: Some(IsoDate(today)),
                    gross: yen(gross),
                    fee: yen(fee),
                    tax: yen(0),
                    net: yen(gross - fee),
                    line_count: i64::try_from(lines.len()).unwrap(),
                    state: "imported".to_owned(),
                    arrived_on: None,
                    arrived_amount: None,
                    arrival_reference: None,
                    arrival_recorded_by: None,
                    arrival_confirmed_by: None,
                    version: 1,
                    created_at: now,
                    updated_at: now,
                };
                settlements::insert(tx, &row)?;
                let mut last = None;
                for ((payment, gross, fee), line_no) in lines.iter().zip(1..) {
                    let line = SettlementLineId(tx.new_id());
                    let row = LineRow {
                        tenant_id: tenant.clone(),
                        id: line,
                        settlement_id: id,
                        line_key: line.to_string(),
                        line_no,
                        kind: "capture".to_owned(),
                        merchant_reference: payment
                            .as_ref()
                            .map(|payment| payment.merchant_reference.clone()),
                        gateway_payment_id: payment
                            .as_ref()
                            .and_then(|payment| payment.gateway_payment_id.clone()),
                        gross: yen(*gross),
                        fee: yen(*fee),
                        tax: yen(0),
                        net: yen(gross - fee),
                        occurred_on: IsoDate(today),
                        source_sha256: "00".to_owned(),
                        recorded_at: now,
                    };
                    settlements::insert_line(tx, &row)?;
                    last = Some(line);
                }
                Ok::<_, StoreError>((id, last))
            })
            .await
            .unwrap()
    }

    /// A payout as stored.
    pub async fn settlement(&self, id: SettlementId) -> SettlementRow {
        let tenant = Self::tenant();
        self.app.core.db.read(move |tx| settlements::find(tx, &tenant, id)).await.unwrap().unwrap()
    }
}
