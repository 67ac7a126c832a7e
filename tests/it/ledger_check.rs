//! `madoguchi ledger check`: a ledger that holds passes, a tampered one is named, and a large one is read in time.

use std::io::Write;
use std::process::Command;
use std::time::Instant;

use madoguchi::service::ledger_check;
use madoguchi::store::DatabaseUrl;

use crate::support::app::{AOMORI, TestApp};
use crate::support::db::{Kind, TestDb, execute};

/// The command over a test's database: whether it succeeded, and its lines.
fn command(db: &TestDb) -> (bool, Vec<String>) {
    let database = match &db.settings.url {
        DatabaseUrl::SqliteFile(path) => format!("sqlite:{}", path.display()),
        DatabaseUrl::Postgres(url) => url.clone(),
    };
    let run = Command::new(env!("CARGO_BIN_EXE_madoguchi"))
        .args(["ledger", "check", "--database", &database])
        .output()
        .unwrap();
    let text = String::from_utf8(run.stdout).unwrap();
    (run.status.success(), text.lines().map(str::to_owned).collect())
}

on_both_databases!(t3_a_ledger_that_holds_passes_and_a_tampered_one_is_named, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    app.submitted(&business, AOMORI, "denki-koji-toroku").await;
    let (holds, lines) = command(&db);
    assert!(holds, "{lines:?}");
    assert_eq!(lines, ["020001: 1 entries, 1 invoices, payments and refunds", "0 findings"]);

    execute(&db.settings.url, "UPDATE invoices SET state = 'paid', paid_on = '2026-04-01'");
    let (holds, lines) = command(&db);
    assert!(!holds);
    assert!(lines[1].contains("DISAGREES Outstanding") && lines[1].ends_with("22000 yen"), "{lines:?}");
    execute(
        &db.settings.url,
        "INSERT INTO ledger_entries SELECT tenant_id, 'by-hand', application_id, 'receive', source_id, 1, 'fee_expense', \
         'receivable', 22000, fiscal_year, booked_on, recorded_at FROM ledger_entries",
    );
    let (holds, lines) = command(&db);
    assert!(!holds && lines[1].contains("BROKEN WrongAccounts"), "{lines:?}");
    db.has_a_ruined_ledger();
});

/// Cases with an assessment, an entrustment and a remittance each, made by the database itself.
fn many_postings(db: &TestDb, cases: u32) {
    let numbers = match db.kind {
        Kind::Sqlite => {
            format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {cases}) ")
        }
        Kind::Postgres => format!("WITH n(i) AS (SELECT generate_series(1, {cases})) "),
    };
    let id = |kind: char| match db.kind {
        Kind::Sqlite => format!("printf('0{kind}000000-0000-7000-8000-%012d', i)"),
        Kind::Postgres => format!("'0{kind}000000-0000-7000-8000-' || lpad(i::text, 12, '0')"),
    };
    let entry = |letter: char, kind: &str, source: char, debit: &str, credit: &str| {
        format!(
            "INSERT INTO ledger_entries {numbers} SELECT '020001', {}, {}, '{kind}', {}, 1, '{debit}', '{credit}', 1000, \
             2026, '2026-04-01', 0 FROM n",
            id(letter),
            id('c'),
            id(source),
        )
    };
    execute(
        &db.settings.url,
        &format!(
            "{}; {}; {}",
            entry('1', "assess", 'd', "receivable", "revenue:08-02-01"),
            entry('2', "receive", 'e', "cash:counter", "receivable"),
            entry('3', "refund", 'f', "revenue:08-02-01", "refund_payable"),
        ),
    );
}

on_both_databases!(
    /// `TEST_POSTINGS` (default 9,000) sets how many; a million are to be read within ten seconds by a release build.
    t3_a_large_ledger_is_read_piece_by_piece,
    async |db: TestDb| {
        let postings = postings();
        many_postings(&db, postings / 3);
        db.has_a_ruined_ledger();
        let begun = Instant::now();
        let reports = ledger_check::check(&db.db).await.unwrap();
        let took = begun.elapsed();
        let line = format!("{:?}: {} entries in {took:?}\n", db.kind, reports[0].entries);
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        assert_eq!(reports[0].entries, u64::from(postings / 3) * 3);
        // No invoice, payment or refund stands behind them: each of the three facts of each case is missed.
        assert_eq!(u64::try_from(reports[0].findings.len()).unwrap(), reports[0].entries);
        if cfg!(not(debug_assertions)) && postings <= 1_000_000 {
            assert!(took.as_secs() < 10, "{took:?}");
        }
    }
);

#[expect(clippy::disallowed_methods, reason = "how large a test is is no setting of the service")]
fn postings() -> u32 {
    std::env::var("TEST_POSTINGS").ok().and_then(|count| count.parse().ok()).unwrap_or(9_000)
}
