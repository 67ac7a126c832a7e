//! The queue of one department, as long as wanted: one case that was really handed in, and copies of its row.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use diesel::Connection;
use diesel::connection::SimpleConnection;
use jiff::civil::date;
use madoguchi::catalogue::Catalogue;
use madoguchi::clock::{SystemClock, SystemIds};
use madoguchi::config::Settings;
use madoguchi::domain::account::AccountKind;
use madoguchi::domain::id::{AccountId, ApplicationId, OfficerId, TenantCode};
use madoguchi::domain::policy::{Post, Role};
use madoguchi::drill::Drill;
use madoguchi::service::account::{Register, register};
use madoguchi::service::idempotency::IdempotencyRequest;
use madoguchi::service::intake::{self, NewDraft};
use madoguchi::service::officer::{Appointment, appoint};
use madoguchi::service::{Caller, Core, Ctx};
use madoguchi::start::{Sources, build_core_on, open_database};
use madoguchi::store::DatabaseUrl;
use madoguchi::store::officers::Term;
use secrecy::SecretString;
use uuid::Uuid;

/// The body in charge.
pub const TENANT: &str = "020001";
/// A notification without papers.
const PROCEDURE: &str = "bench-note";
/// The department in charge.
pub const DEPARTMENT: &str = "kiki-shobo-hoan";

const DEFINITION: &str = r#"
id: bench-note
version: 1
tenant: "020001"
title: { ja: "試験の届出", en: Note }
kind: notification
legal_basis: { law: 試験法, article: 第1条, basis_kind: law, online_basis: 試験法第2条, review_criteria: 試験用の審査基準 }
department: kiki-shobo-hoan
applicant_kinds: [resident]
assurance: none
fee_due: none
form:
  - { name: note, label: { ja: 内容, en: Note }, type: text, required: true, max_length: 100 }
retention_years: 1
effective_from: 2025-04-01
sources: [試験]
"#;

/// A department with its queue.
pub struct Department {
    /// The running program.
    pub core: Arc<Core>,
    /// The clerk who looks.
    pub clerk: AccountId,
    /// The clerk, as the assignee of every second case.
    pub officer: OfficerId,
}

/// The body.
pub fn tenant() -> Result<TenantCode, Box<dyn Error>> {
    TenantCode::parse(TENANT).ok_or_else(|| "no tenant".into())
}

/// A department with `cases` cases that wait, on the empty database at `url`.
pub async fn department(url: &str, folder: &Path, cases: u32) -> Result<Department, Box<dyn Error>> {
    let mut settings = Settings::load_with(None, &[("database.url", url.to_owned())])?;
    settings.files.directory = folder.join("files");
    settings.mail.directory = folder.join("mail");
    settings.identity.argon2_memory_kib = 64;
    settings.identity.argon2_iterations = 1;
    settings.secrets.installation_key = Some(SecretString::from(data_encoding::BASE64.encode(&[7; 32])));
    settings.gateways.clear();
    let sources = Sources {
        clock: Arc::new(SystemClock::default()),
        ids: Arc::new(SystemIds::default()),
        drill: Arc::new(Drill::default()),
    };
    let db = open_database(&settings, &sources)?;
    db.migrate()?;
    let file = (format!("procedures/{TENANT}/{PROCEDURE}.yaml"), DEFINITION.to_owned());
    let catalogue = Catalogue::load_embedded_with([file]).map_err(|faults| format!("{faults:?}"))?;
    let core = build_core_on(db, settings, sources, Arc::new(catalogue)).await?;
    let post = Post { department: DEPARTMENT.into(), role: Role::Clerk, title: "主事".into() };
    let appointment = Appointment {
        tenant: tenant()?,
        email: "clerk@example.jp".into(),
        name: "三浦 花子".into(),
        password: SecretString::from("correct horse battery staple"),
        posts: vec![(post, Term { from: date(2025, 4, 1), to: None })],
    };
    let clerk = appoint(&core, appointment).await.map_err(|failure| failure.to_string())?;
    let original = handed_in(&core).await?;
    let copying = copies(url, original, clerk.officer, cases);
    match url.parse()? {
        DatabaseUrl::SqliteFile(path) => {
            let mut conn = diesel::SqliteConnection::establish(path.to_str().ok_or("no path")?)?;
            conn.batch_execute(&copying)?;
            conn.batch_execute("ANALYZE")?;
        }
        DatabaseUrl::Postgres(url) => {
            let mut conn = diesel::PgConnection::establish(&url)?;
            conn.batch_execute(&copying)?;
            conn.batch_execute("VACUUM ANALYZE")?;
        }
    }
    Ok(Department { core, clerk: clerk.account, officer: clerk.officer })
}

async fn handed_in(core: &Arc<Core>) -> Result<ApplicationId, Box<dyn Error>> {
    let told = |failure: madoguchi::service::Failure| failure.to_string();
    let registration = Register {
        email: "resident@example.jp".into(),
        password: SecretString::from("correct horse battery staple"),
        name: "工藤 太郎".into(),
        kind: AccountKind::Resident,
        corporate_number: None,
    };
    let resident = register(core, registration).await.map_err(told)?.id;
    let ctx = || Ctx::new(Arc::clone(core), Caller::Account(resident), Uuid::nil());
    let body = tenant()?;
    let key = |key: &str| IdempotencyRequest {
        tenant: body.clone(),
        actor: resident,
        key: key.to_owned(),
        fingerprint: [0; 32],
    };
    let draft = NewDraft { procedure: PROCEDURE.into(), form: serde_json::json!({ "note": "試験" }) };
    let id = intake::create_draft(ctx(), key("draft"), draft).await.map_err(told)?.value.id;
    intake::submit(ctx(), key("submit"), id, None).await.map_err(told)?;
    Ok(id)
}

/// Copies of a row: half of them wait to be taken up, half are under review by one officer; they arrive a second apart and
/// are due in one of four hundred days; the clock of every third stands still.
fn copies(url: &str, original: ApplicationId, officer: OfficerId, cases: u32) -> String {
    let is_sqlite = url.starts_with("sqlite:");
    let (series, id, due) = if is_sqlite {
        (
            format!("WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < {cases}) "),
            "printf('01990000-0000-7000-8000-%012x', k)",
            "date('2026-01-01', '+' || (k * 7919 % 400) || ' days')",
        )
    } else {
        (
            format!("WITH n(k) AS (SELECT generate_series(1, {cases})) "),
            "'01990000-0000-7000-8000-' || lpad(to_hex(k), 12, '0')",
            "to_char(date '2026-01-01' + (k * 7919::bigint % 400)::int, 'YYYY-MM-DD')",
        )
    };
    let copied = "wrapped_key, sealed_form, form_revision, attachment_codes";
    let rest = "event_count, event_head, version, created_at, updated_at";
    format!(
        "INSERT INTO applications (tenant_id, id, number, procedure, procedure_version, kind, state, department, \
         assignee_id, {copied}, arrived_at, due_on, paused_for, {rest}) {series} \
         SELECT tenant_id, {id}, {id}, procedure, procedure_version, kind, \
         CASE WHEN k % 2 = 0 THEN 'submitted' ELSE 'under_review' END, department, \
         CASE WHEN k % 2 = 0 THEN NULL ELSE '{officer}' END, \
         {copied}, arrived_at + k * 1000000::bigint, {due}, CASE WHEN k % 3 = 0 THEN 'fee_payment' END, {rest} FROM applications, n WHERE id = '{original}'"
    )
    .replace("1000000::bigint", if is_sqlite { "1000000" } else { "1000000::bigint" })
}
