//! The accounting office of the bench: it takes the agent's tables and the bank's table in, as accountants do.

use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use data_encoding::BASE64;
use jiff::civil::Date;
use madoguchi::clock::{Clock, SystemClock, SystemIds};
use madoguchi::config::Settings;
use madoguchi::domain::bank_statement::StatementFormat;
use madoguchi::domain::calendar::jst_day;
use madoguchi::domain::id::{AccountId, TenantCode};
use madoguchi::domain::policy::{Post, Role};
use madoguchi::domain::settlement::{SettlementBatch, SettlementReport, SignedYen, decode, read_csv};
use madoguchi::drill::Drill;
use madoguchi::service::idempotency::IdempotencyRequest;
use madoguchi::service::officer::{Appointment, appoint};
use madoguchi::service::reconciliation::{self, RunReport};
use madoguchi::service::settlement::{self, Upload};
use madoguchi::service::{Caller, Core, Ctx, Refusal, bank_statement, settlement_work};
use madoguchi::start::{Migrate, Sources, build_core};
use madoguchi::store::exception_desk;
use madoguchi::store::officers::Term;
use secrecy::SecretString;

use crate::seed::{GATEWAY, Seed, TENANT};

/// Lines of one payout.
const LINES_A_PAYOUT: u32 = 10_000;
/// What the agent keeps of each payment, in yen.
const FEE: i64 = 33;
/// One line in so many has an amount that is a yen too small, and one the name of nobody.
const WRONG_EVERY: u32 = 1_000;

/// A table of the agent, with what stands in its head.
pub struct AgentReport {
    batch: SettlementBatch,
    file: Vec<u8>,
}

/// The office.
pub struct Office {
    /// The program.
    pub core: Arc<Core>,
    /// The day everything happens on.
    pub day: Date,
    tenant: TenantCode,
    account: AccountId,
}

impl Office {
    /// The program over an empty database, with one accountant.
    pub async fn open(url: &str, folder: &Path) -> Result<Self, Box<dyn Error>> {
        let overrides = [
            ("database.url", url.to_owned()),
            ("secrets.installation_key", BASE64.encode(&[7; 32])),
            ("secrets.komoju_secret_key", "sk_bench".to_owned()),
            ("secrets.komoju_webhook_secret", "bench".to_owned()),
        ];
        let mut settings = Settings::load_with(None, &overrides)?;
        settings.files.directory = folder.join("files");
        settings.mail.directory = folder.join("mail");
        settings.identity.argon2_memory_kib = 64;
        settings.identity.argon2_iterations = 1;
        let (clock, ids) = (Arc::new(SystemClock::default()), Arc::new(SystemIds::default()));
        let day = jst_day(clock.now());
        let sources = Sources { clock, ids, drill: Arc::new(Drill::default()) };
        let core = build_core(settings, sources, Migrate::Apply).await?;
        let tenant = TenantCode::parse(TENANT).ok_or("no code of a body")?;
        let post = Post {
            department: "suito-kaikei-kanri".to_owned(),
            role: Role::Accountant,
            title: "主査".to_owned(),
        };
        let appointment = Appointment {
            tenant: tenant.clone(),
            email: "kaikei@example.jp".to_owned(),
            name: "三浦 花子".to_owned(),
            password: SecretString::from("correct horse battery staple"),
            posts: vec![(post, Term { from: day, to: None })],
        };
        let account = appoint(&core, appointment).await?.account;
        Ok(Self { core, day, tenant, account })
    }

    fn ctx(&self) -> Ctx {
        let id = self.core.ids.uuid(self.core.clock.now());
        Ctx::new(Arc::clone(&self.core), Caller::Account(self.account), id)
    }

    fn request(&self, key: &str) -> IdempotencyRequest {
        let (tenant, actor) = (self.tenant.clone(), self.account);
        IdempotencyRequest { tenant, actor, key: key.to_owned(), fingerprint: [0; 32] }
    }

    /// The agent's tables of all payments, some of whose lines are wrong.
    pub fn reports(&self, seed: &Seed) -> Vec<AgentReport> {
        let report = |payout: u32| {
            let first = payout * LINES_A_PAYOUT + 1;
            let last = (first + LINES_A_PAYOUT - 1).min(seed.cases);
            self.report(*seed, i64::from(payout) + 1, first..=last)
        };
        (0..seed.cases.div_ceil(LINES_A_PAYOUT)).map(report).collect()
    }

    /// One table; its own fee makes the sums of any two of them differ.
    fn report(&self, seed: Seed, payout: i64, cases: std::ops::RangeInclusive<u32>) -> AgentReport {
        let mut table =
            "line_key,kind,merchant_reference,gateway_payment_id,gross,fee,tax,net,occurred_on\n".to_owned();
        let (mut gross, mut fee) = (0, payout);
        for number in cases {
            let (mut reference, mut id) = (Seed::reference(number), Seed::gateway_payment_id(number));
            if number % WRONG_EVERY == 2 {
                (reference, id) = (format!("nobody-{number}"), String::new());
            }
            let amount = seed.amount() - i64::from(number % WRONG_EVERY == 1);
            (gross, fee) = (gross + amount, fee + FEE);
            let line = format!(
                "L{number},capture,{reference},{id},{amount},{FEE},0,{},{}\n",
                amount - FEE,
                self.day
            );
            table.push_str(&line);
        }
        // Writing to a string does not fail.
        let _ = writeln!(table, "F,fee,,,0,{payout},0,-{payout},{}", self.day);
        let yen = |amount: i64| SignedYen::new(amount).unwrap_or(SignedYen::ZERO);
        let batch = SettlementBatch {
            gateway: GATEWAY.to_owned(),
            batch_reference: format!("bench-{payout}"),
            period_from: Some(self.day),
            period_to: Some(self.day),
            payout_on: Some(self.day),
            gross: yen(gross),
            fee: yen(fee),
            tax: SignedYen::ZERO,
            net: yen(gross - fee),
        };
        AgentReport { batch, file: table.into_bytes() }
    }

    /// Takes the tables in and finds the payments of their lines; gives what each payout comes to.
    pub async fn take_in(&self, reports: Vec<AgentReport>) -> Result<Vec<i64>, Box<dyn Error>> {
        let mut sums = Vec::with_capacity(reports.len());
        for report in reports {
            let (ctx, request) = (self.ctx(), self.request(&report.batch.batch_reference));
            sums.push(report.batch.net.amount());
            let read = move || {
                let text = decode(&report.file).unwrap_or_default();
                let lines = read_csv(&text).map_err(Refusal::Invalid)?;
                let settled = SettlementReport { batch: report.batch, lines };
                Ok(Upload { report: settled, file: report.file })
            };
            let payout = settlement::upload(ctx, request, read).await?.value;
            settlement_work::run(&self.core, self.tenant.clone(), payout.id).await?;
        }
        Ok(sums)
    }

    /// Takes the bank's table in and holds all sources against each other.
    pub async fn compare(&self, sums: &[i64]) -> Result<RunReport, Box<dyn Error>> {
        let mut table = "取引日,入金額,振込依頼人名,摘要\n".to_owned();
        for sum in sums {
            writeln!(table, "{},{sum},ｺﾓｼﾞﾕ,振込", self.day)?;
        }
        let (ctx, request) = (self.ctx(), self.request("bank"));
        bank_statement::import(ctx, request, StatementFormat::Table, table.into_bytes()).await?;
        Ok(reconciliation::run(&self.core, &self.tenant, self.day).await?)
    }

    /// How many exceptions wait for a person.
    pub async fn exceptions(&self) -> Result<i64, Box<dyn Error>> {
        let tenant = self.tenant.clone();
        let waiting = self.core.db.read(move |tx| exception_desk::waiting(tx, &tenant)).await?;
        Ok(waiting.values().sum())
    }
}

/// Whether exactly what was made wrong was found: a bench that skips work is none.
pub fn judge(report: &RunReport, seed: &Seed, exceptions: i64) -> Result<(), Box<dyn Error>> {
    let wrong = |rest: u32| (1..=seed.cases).filter(|number| number % WRONG_EVERY == rest).count();
    let (amounts, names) = (wrong(1), wrong(2));
    let expected = [("amount_mismatch", amounts), ("missing_at_us", names)];
    let expected = expected.into_iter().filter(|(_, count)| *count > 0);
    let payouts = usize::try_from(seed.cases.div_ceil(LINES_A_PAYOUT))?;
    let matched = usize::try_from(seed.cases)? - names;
    let as_made = report.findings == expected.collect()
        && report.matched_lines == matched
        && report.arrivals == payouts
        && usize::try_from(exceptions)? == amounts + names;
    if as_made { Ok(()) } else { Err(format!("{exceptions} exceptions, {report:?}").into()) }
}
