//! Cases that were paid through an agent, made by the database itself: a valid ledger and everything that agrees with it.

use jiff::civil::Date;
use madoguchi::store::{Db, StoreError};

use diesel::connection::SimpleConnection;

/// The body.
pub const TENANT: &str = "020001";
/// The agent.
pub const GATEWAY: &str = "komoju";
/// What each posting of an assessment comes to, in yen.
const YEN_A_LINE: i64 = 500;

/// Whose SQL is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// A byte that stands for something sealed.
    fn bytes(self) -> &'static str {
        match self {
            Self::Sqlite => "x'00'",
            Self::Postgres => "'\\x00'::bytea",
        }
    }
}

/// How many cases, and how many postings they have together.
#[derive(Clone, Copy, Debug)]
pub struct Seed {
    pub cases: u32,
    pub postings: u32,
    pub taken_on: Date,
}

/// Numbers from 1 on, as both databases count.
fn numbered(cases: u32) -> String {
    format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {cases})")
}

/// An id of a kind, from the number.
fn id(kind: u32) -> String {
    format!("'{kind:08x}-0000-7000-8000-' || substr(CAST(1000000000000 + i AS TEXT), 2)")
}

const CASE: u32 = 0x0100_0000;
const INVOICE: u32 = 0x0200_0000;
const PAYABLE: u32 = 0x0300_0000;
const PAYMENT: u32 = 0x0400_0000;
const ENTRY: u32 = 0x1000_0000;

impl Seed {
    /// How many postings a case is assessed by; one more entrusts its money.
    fn assessments(self) -> u32 {
        self.postings / self.cases - 1
    }

    /// What each case pays, in yen.
    pub fn amount(self) -> i64 {
        YEN_A_LINE * i64::from(self.assessments())
    }

    /// Our reference of the payment of a case.
    pub fn reference(number: u32) -> String {
        format!("{TENANT}-bench-{number}")
    }

    /// The agent's id of it.
    pub fn gateway_payment_id(number: u32) -> String {
        format!("pay-{number}")
    }

    /// Stores all of it.
    pub async fn plant(self, db: &Db, dialect: Dialect) -> Result<(), StoreError> {
        for statement in self.rows(dialect).into_iter().chain(self.entries()) {
            db.write_alone(vec![], move |tx| Ok::<_, StoreError>(tx.change().batch_execute(&statement)?))
                .await?;
        }
        Ok(())
    }

    fn rows(self, dialect: Dialect) -> Vec<String> {
        let (numbers, bytes) = (numbered(self.cases), dialect.bytes());
        let (day, amount) = (self.taken_on, self.amount());
        let (case, invoice, payable, payment) = (id(CASE), id(INVOICE), id(PAYABLE), id(PAYMENT));
        vec![
            format!(
                "INSERT INTO applications (tenant_id, id, number, procedure, procedure_version, kind, state, department, \
                 wrapped_key, sealed_form, form_revision, attachment_codes, arrived_at, event_count, event_head, version, \
                 created_at, updated_at) {numbers} SELECT '{TENANT}', {case}, 'B' || i, 'bench', 1, 'application', \
                 'submitted', 'suito-kaikei-kanri', {bytes}, {bytes}, 1, '[]', 0, 0, {bytes}, 1, 0, 0 FROM n"
            ),
            format!(
                "INSERT INTO invoices (tenant_id, id, application_id, number, state, total, fiscal_year, lines, \
                 sealed_inputs, issued_at, entrusted_on, version) {numbers} SELECT '{TENANT}', {invoice}, {case}, \
                 'B' || i, 'entrusted', {amount}, 2026, '[]', {bytes}, 0, '{day}', 1 FROM n"
            ),
            format!(
                "INSERT INTO payables (tenant_id, id, application_id, total, created_at) {numbers} \
                 SELECT '{TENANT}', {payable}, {case}, {amount}, 0 FROM n"
            ),
            format!(
                "INSERT INTO payments (tenant_id, id, application_id, payable_id, invoice_id, gateway, legal_role, method, \
                 amount, state, merchant_reference, gateway_payment_id, raw_status, authorized, captured, refunded, \
                 charged_back, captured_on, poll_count, version, created_at, updated_at) {numbers} SELECT '{TENANT}', \
                 {payment}, {case}, {payable}, {invoice}, '{GATEWAY}', 'designated_agent', 'card', {amount}, 'captured', \
                 '{TENANT}-bench-' || i, 'pay-' || i, 'captured', {amount}, {amount}, 0, 0, '{day}', 0, 1, 0, 0 FROM n"
            ),
        ]
    }

    fn entries(self) -> impl Iterator<Item = String> {
        let (numbers, day) = (numbered(self.cases), self.taken_on);
        let entry = move |kind: &str, source: u32, line_no: u32, accounts: &str, amount: i64| {
            // Assessments are numbered from 1, so the entrustment has the id before them.
            let entry = id(ENTRY + if kind == "assess" { line_no } else { 0 });
            let (case, source) = (id(CASE), id(source));
            format!(
                "INSERT INTO ledger_entries (tenant_id, id, application_id, kind, source_id, line_no, debit_account, \
                 credit_account, amount, fiscal_year, booked_on, recorded_at) {numbers} SELECT '{TENANT}', {entry}, {case}, \
                 '{kind}', {source}, {line_no}, {accounts}, {amount}, 2026, '{day}', 0 FROM n"
            )
        };
        let entrusted = format!("'entrusted:{GATEWAY}', 'receivable'");
        let last = entry("entrust", PAYMENT, 1, &entrusted, self.amount());
        let assessed = (1..=self.assessments()).map(move |line_no| {
            entry("assess", INVOICE, line_no, "'receivable', 'revenue:08-02-01'", YEN_A_LINE)
        });
        assessed.chain([last])
    }
}
