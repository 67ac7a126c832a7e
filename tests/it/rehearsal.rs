//! A cut of the rehearsal: a year of a prefecture through the services, and the judge, who must find what was planted.
//!
//! `TEST_ROUNDS` multiplies the cases. `cargo run --release -- rehearse --cases 60000` is the whole.

use std::sync::Arc;

use data_encoding::BASE64;
use madoguchi::catalogue::Catalogue;
use madoguchi::clock::SystemIds;
use madoguchi::config::Settings;
use madoguchi::domain::id::TenantCode;
use madoguchi::drill::Drill;
use madoguchi::rehearsal::{self, Counts, RehearsalSettings, Report, TENANT};
use madoguchi::service::Core;
use madoguchi::start::{Sources, build_core_on};
use secrecy::SecretString;

use crate::support::db::{Kind, TestDb, execute, new_folder};
use crate::support::traces::scaled;

/// Cases of the cut on SQLite; PostgreSQL plays a part of them.
const CASES: usize = 1_000;

/// A program over the configuration of rehearsals.
pub async fn stage(db: &TestDb) -> Arc<Core> {
    let mut settings = Settings::load(None).unwrap();
    settings.identity.argon2_memory_kib = 64;
    settings.identity.argon2_iterations = 1;
    settings.catalogue.poll_ms = 0;
    settings.files.directory = new_folder();
    settings.mail.directory = new_folder();
    settings.gateways.clear();
    settings.secrets.installation_key = Some(SecretString::from(BASE64.encode(&[7; 32])));
    let files = rehearsal::configuration().unwrap();
    let catalogue = Arc::new(Catalogue::load_files(files).unwrap());
    let sources = Sources {
        clock: db.clock.clone(),
        ids: Arc::new(SystemIds::default()),
        drill: Arc::new(Drill::default()),
    };
    build_core_on(db.db.clone(), settings, sources, catalogue).await.unwrap()
}

async fn rehearse(core: &Arc<Core>, db: &TestDb, cases: usize, seed: u64) -> Report {
    let backend = if db.is_sqlite() { "sqlite" } else { "postgres" };
    let settings = RehearsalSettings { cases: u64::try_from(cases).unwrap(), seed, in_flight: 64, backend };
    rehearsal::run(core, &db.clock, &settings).await.unwrap()
}

on_both_databases!(r126_r127_r128_and_t7_a_year_of_a_prefecture_is_without_fault, async |db: TestDb| {
    let core = stage(&db).await;
    let cases = scaled(CASES);
    let report = rehearse(&core, &db, cases, 7).await;
    assert_eq!(report.missed(), Vec::<&str>::new(), "{report:?}");
    let counts = report.counts;
    assert_eq!(counts.cases, u64::try_from(cases).unwrap());
    assert_eq!(counts.cases, counts.decided + counts.open + counts.withdrawn + counts.received, "{counts:?}");
    // A year in which nothing happens is without fault, too.
    assert!(counts.decided > counts.cases / 2 && counts.received > 0 && counts.withdrawn > 0, "{counts:?}");
    assert!(report.absences > 40 && report.handed_over > 0, "{report:?}");
    assert!(report.former_holder_attempts > 0, "{report:?}");
    // some seals are set in an absent officer's place, and each is looked at afterwards; a quarter of a year need not have one.
    assert!(db.kind == Kind::Postgres || report.counts.acting_decisions > 0, "{report:?}");
});

#[test]
fn the_same_seed_plays_the_same_year() {
    let play = |seed: u64| {
        let (sender, receiver) = std::sync::mpsc::channel();
        crate::support::db::run(
            TestDb::sqlite(crate::support::db::Contents::Migrated),
            async |db: TestDb| {
                let core = stage(&db).await;
                let report = rehearse(&core, &db, 60, seed).await;
                sender.send(Report { seconds: 0, ..report }).unwrap();
            },
        );
        serde_json::to_string(&receiver.recv().unwrap()).unwrap()
    };
    assert_eq!(play(3), play(3));
    assert_ne!(play(3), play(4));
}

/// Statements that spoil the books of a rehearsal, and what the judge must say of each.
fn plants(kind: Kind) -> [(&'static str, String, Counts); 6] {
    let none = Counts::default();
    let without_trigger = |statement: &str| match kind {
        Kind::Sqlite => format!(
            "DROP TRIGGER IF EXISTS document_numbers_no_update; DROP TRIGGER IF EXISTS document_numbers_no_delete; {statement}"
        ),
        Kind::Postgres => {
            format!("DROP TRIGGER IF EXISTS document_numbers_append_only ON document_numbers; {statement}")
        }
    };
    let of_first = "decision_id = (SELECT MIN(id) FROM decisions)";
    let gap = format!("DELETE FROM document_numbers WHERE {of_first}");
    let double = "UPDATE document_numbers SET document_number = (SELECT MIN(document_number) FROM document_numbers \
        WHERE year = 2026) WHERE decision_id = (SELECT MAX(decision_id) FROM document_numbers WHERE year = 2026 AND \
        document_number <> (SELECT MIN(document_number) FROM document_numbers WHERE year = 2026))";
    [
        (
            "a seal of somebody who sits elsewhere",
            "UPDATE approval_steps SET officer_id = (SELECT officer_id FROM officer_posts WHERE role = 'accountant') \
                WHERE step_no = 1 AND proposal_id = (SELECT MIN(proposal_id) FROM decisions)"
                .to_owned(),
            Counts { unauthorised_decisions: 1, ..none },
        ),
        (
            "a seal of somebody whose post had not begun",
            "UPDATE approval_steps SET acted_at = acted_at - 63072000000000 \
                WHERE step_no = 1 AND proposal_id = (SELECT MAX(proposal_id) FROM decisions)"
                .to_owned(),
            Counts { unauthorised_decisions: 1, ..none },
        ),
        (
            "a number that nobody has, so that its decision has none",
            without_trigger(&gap),
            Counts { missing_numbers: 2, ..none },
        ),
        (
            "one number on two documents, so that one document has not its own",
            without_trigger(&format!("DROP INDEX IF EXISTS document_numbers_once; {double}")),
            Counts { duplicate_numbers: 1, missing_numbers: 1, ..none },
        ),
        (
            "a due date of another day",
            "UPDATE applications SET due_on = '2029-01-05' WHERE id = (SELECT MIN(application_id) FROM decisions)".to_owned(),
            Counts { due_date_errors: 1, ..none },
        ),
        (
            "a case that says it is decided and is not",
            "UPDATE applications SET state = 'decided' WHERE id = (SELECT MIN(id) FROM applications WHERE state = 'withdrawn')"
                .to_owned(),
            Counts { lost_cases: 1, ..none },
        ),
    ]
}

on_both_databases!(the_judge_finds_what_was_planted, async |db: TestDb| {
    let core = stage(&db).await;
    let report = rehearse(&core, &db, 120, 11).await;
    assert_eq!(report.missed(), Vec::<&str>::new(), "{report:?}");
    let tenant = TenantCode::parse(TENANT).unwrap();
    let bars = |counts: &Counts| {
        let Counts {
            unauthorised_decisions,
            missing_numbers,
            duplicate_numbers,
            due_date_errors,
            lost_cases,
            ..
        } = *counts;
        [unauthorised_decisions, missing_numbers, duplicate_numbers, due_date_errors, lost_cases]
    };
    // One after the other: the faults add up.
    let mut expected = [0; 5];
    for (what, statement, more) in plants(db.kind) {
        execute(&db.settings.url, &statement);
        for (sum, more) in expected.iter_mut().zip(bars(&more)) {
            *sum += more;
        }
        let found = rehearsal::judge(&core, &tenant, 120).await.unwrap();
        assert_eq!(bars(&found), expected, "{what}: {found:?}");
        assert!(found.audit_ok, "the chains were left alone: {what}");
    }
    let fewer = rehearsal::judge(&core, &tenant, 121).await.unwrap();
    assert_eq!(fewer.lost_cases, expected[4] + 1, "a case that is gone");
    let touched =
        "UPDATE applications SET event_count = event_count + 1 WHERE id = (SELECT MIN(id) FROM applications)";
    execute(&db.settings.url, touched);
    assert!(!rehearsal::judge(&core, &tenant, 120).await.unwrap().audit_ok);
    let report = Report { counts: rehearsal::judge(&core, &tenant, 120).await.unwrap(), ..report };
    let missed = [
        "unauthorised_decisions",
        "missing_numbers",
        "duplicate_numbers",
        "due_date_errors",
        "lost_cases",
        "audit_ok",
    ];
    assert_eq!(report.missed(), missed);
});
