//! What the accounting officer and the head are told of a fiscal year.

use jiff::SignedDuration;
use madoguchi::domain::internal_control::{ControlStatement, snapshot_bytes};
use madoguchi::domain::policy::Role;
use madoguchi::seal::signer::SignatureCheck;
use reqwest::Method;
use serde_json::{Value, json};

use crate::decision_changes::registered;
use crate::fee_timing::Counter;
use crate::policy_coverage::world::exception;
use crate::support::app::{AFTER_REVIEW, AOMORI, ON_ISSUE, Person};
use crate::support::db::{TestDb, execute};

const CONTROL: &str = "/v1/tenants/020001/internal-control";

/// The counter with an accountant and the head of the body.
struct Oversight {
    counter: Counter,
    accountant: Person,
    head: Person,
}

impl Oversight {
    async fn open(db: &TestDb) -> Self {
        let counter = Counter::open(db).await;
        let accountant =
            counter.app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "kaikei@example.jp").await;
        let head = counter.app.officer(AOMORI, AOMORI, Role::Head, "head@example.jp").await;
        Self { counter, accountant, head }
    }

    async fn days_later(&mut self, days: i64) {
        let app = &self.counter.app;
        app.advance(SignedDuration::from_hours(24 * days)).await;
        self.accountant = app.sign_in("kaikei@example.jp", &self.accountant.id).await;
        self.head = app.sign_in("head@example.jp", &self.head.id).await;
    }

    /// The list as it is a moment later: what is recorded at this very instant is told then.
    async fn report(&self, year: i16) -> Value {
        self.counter.app.advance(SignedDuration::from_secs(1)).await;
        let path = format!("{CONTROL}?fiscal_year={year}");
        self.counter.app.get(&self.accountant, &path).await.expect(200)
    }

    /// Kind, subject without its id, and outcome of each entry.
    async fn entries(&self, year: i16) -> Vec<(String, String, i64, String)> {
        let report = self.report(year).await;
        let text = |entry: &Value, field: &str| entry[field].as_str().unwrap().to_owned();
        let items = report["items"].as_array().unwrap().iter();
        let entry = |entry: &Value| {
            let subject = text(entry, "subject").split(':').next().unwrap().to_owned();
            (text(entry, "kind"), subject, entry["days"].as_i64().unwrap(), text(entry, "outcome"))
        };
        // Subjects of one instant have no order of their own.
        let mut entries: Vec<_> = items.map(entry).collect();
        entries.sort();
        entries
    }
}

fn entry(kind: &str, subject: &str, days: i64, outcome: &str) -> (String, String, i64, String) {
    (kind.to_owned(), subject.to_owned(), days, outcome.to_owned())
}

fn rewritten(db: &TestDb, statement: String) {
    let url = db.settings.url.clone();
    std::thread::spawn(move || execute(&url, &statement)).join().unwrap();
}

on_both_databases!(
    r129_late_claims_and_open_exceptions_are_listed_with_their_age_for_accountants_and_the_head,
    async |db: TestDb| {
        let mut office = Oversight::open(&db).await;
        let late = office.counter.claimed(AFTER_REVIEW).await;
        office.counter.claimed(AFTER_REVIEW).await;
        exception(&office.counter.app).await;
        assert_eq!(office.entries(2026).await, [], "nothing is late on the first day");
        office.days_later(20).await;
        let app = &office.counter.app;
        office.counter.clerk = app.sign_in("clerk@example.jp", &office.counter.clerk.id).await;
        office.counter.fix(&late, 3, false).await.expect(201);
        assert_eq!(
            office.entries(2026).await,
            [
                entry("late_assessment", "application", 20, "assessed"),
                entry("late_assessment", "application", 20, "open")
            ]
        );
        office.days_later(15).await;
        assert_eq!(
            office.entries(2026).await,
            [
                entry("late_assessment", "application", 20, "assessed"),
                entry("late_assessment", "application", 35, "open"),
                entry("unreconciled_receipt", "exception", 35, "open")
            ]
        );
        let report = office.report(2026).await;
        assert_eq!((&report["sample"], &report["counts"]["unapproved_decision"]), (&json!(true), &json!(0)));
        let path = format!("{CONTROL}?fiscal_year=2026");
        let app = &office.counter.app;
        assert_eq!(app.get(&office.head, &path).await.expect(200)["items"], report["items"]);
        let clerk = app.sign_in("clerk@example.jp", &office.counter.clerk.id).await;
        let business = app.sign_in("business@example.jp", &office.counter.business.id).await;
        for other in [&clerk, &business] {
            assert_eq!(app.get(other, &path).await.problem(), "404 not_found");
        }
        assert_eq!(
            app.get(&office.head, &format!("{CONTROL}?fiscal_year=2027")).await.problem(),
            "409 year_not_begun"
        );
        let table = app.raw(Method::GET, &path).header("accept", "text/csv").bearer_auth(&office.head.token);
        let table = table.send().await.unwrap().text().await.unwrap();
        assert!(
            table.starts_with(
                "団体コード,会計年度,種別,対象,発生日,日数,結果\r\n020001,2026,調定の遅れ,application:"
            ),
            "{table}"
        );
        assert_eq!(table.lines().count(), 4);
    }
);

on_both_databases!(
    /// a claim that is made with the retrieval of a notice is late neither while that waits nor when it comes; a refusal without a
    /// claim owes none.
    r129_a_claim_that_waits_for_a_notice_or_that_no_refusal_makes_is_not_late,
    async |db: TestDb| {
        let mut office = Oversight::open(&db).await;
        let counter = &office.counter;
        let case = counter.claimed(ON_ISSUE).await;
        let way = json!({ "way": "electronic" });
        counter.app.post(&counter.business, &format!("{case}/notice-way"), way).await.expect(201);
        counter.propose(&case, "grant").await;
        assert_eq!(counter.seal(&case).await, "decided");
        let refused = counter.claimed(AFTER_REVIEW).await;
        counter.propose(&refused, "refuse").await;
        assert_eq!(counter.seal(&refused).await, "decided");
        office.days_later(40).await;
        assert_eq!(office.entries(2026).await, []);
        let counter = &office.counter;
        let business = counter.app.sign_in("business@example.jp", &counter.business.id).await;
        let decision = counter.app.get(&business, &format!("{case}/decision")).await.expect(200);
        assert!(decision["invoice"].is_string());
        assert_eq!(office.entries(2026).await, []);
    }
);

on_both_databases!(
    /// The ordinary way leaves nothing; whoever goes round it in the database is found.
    r129_what_was_carried_out_without_approval_is_none_and_is_found_where_it_is,
    async |db: TestDb| {
        let mut office = Oversight::open(&db).await;
        registered(&office.counter).await;
        let unapproved = async |office: &Oversight| {
            let counts = office.report(2026).await["counts"].clone();
            ["unapproved_decision", "unapproved_waiver", "unapproved_refund"].map(|kind| counts[kind].as_i64().unwrap())
        };
        assert_eq!(unapproved(&office).await, [0, 0, 0]);
        rewritten(&db, "UPDATE approval_steps SET state = 'waiting'".to_owned());
        assert_eq!(unapproved(&office).await, [1, 0, 0], "a desk was passed over");
        rewritten(&db, "UPDATE approval_steps SET state = 'approved'".to_owned());
        assert_eq!(unapproved(&office).await, [0, 0, 0]);
        rewritten(&db, "UPDATE proposals SET drafter_id = (SELECT MIN(officer_id) FROM approval_steps WHERE kind = 'seal')".to_owned());
        assert_eq!(unapproved(&office).await, [1, 0, 0], "the drafter sealed it");
        office.days_later(1).await;
        assert_eq!(unapproved(&office).await, [1, 0, 0]);
    }
);

on_both_databases!(
    r129_a_year_that_is_over_is_put_down_signed_and_a_second_snapshot_names_the_first,
    async |db: TestDb| {
        let mut office = Oversight::open(&db).await;
        office.counter.claimed(AFTER_REVIEW).await;
        exception(&office.counter.app).await;
        office.days_later(364).await;
        let snapshots = format!("{CONTROL}/snapshots");
        let wanted = json!({ "fiscal_year": 2026 });
        let early = office.counter.app.post(&office.accountant, &snapshots, wanted.clone()).await;
        assert_eq!(early.problem(), "409 year_not_over");
        office.days_later(2).await;
        let before = office.report(2026).await;
        assert_eq!(before["as_of"], "2027-03-31");
        let first = office.counter.app.post(&office.accountant, &snapshots, wanted.clone()).await.expect(201);

        // Somebody resolves the exception in the year after: what is said of the year before stays.
        rewritten(&db, "UPDATE reconciliation_exceptions SET state = 'resolved', resolution = 'explained', comment = '確認した。',
            proposed_by = '00000000-0000-7000-8000-000000000001', proposed_at = 1900000000000000,
            resolved_by = '00000000-0000-7000-8000-000000000002', resolved_at = 1900000000000000"
            .to_owned());
        office.days_later(30).await;
        assert_eq!(office.report(2026).await, before);
        let second = office.counter.app.post(&office.head, &snapshots, wanted).await.expect(201);
        assert_eq!((&first["snapshot_no"], &second["snapshot_no"]), (&json!(1), &json!(2)));
        assert_eq!(second["prev_hash"], first["hash"]);
        assert_eq!(first["prev_hash"].as_str().unwrap().trim_matches('0'), "");
        let says = |snapshot: &Value| -> ControlStatement {
            serde_json::from_str(snapshot["statement"].as_str().unwrap()).unwrap()
        };
        assert_eq!(says(&first).entries, says(&second).entries);
        assert_eq!(says(&first).counts["late_assessment"], 1);
        for snapshot in [&first, &second] {
            let statement = snapshot["statement"].as_str().unwrap();
            assert_eq!(says(snapshot).to_json(), statement, "canonical");
            let signature = data_encoding::BASE64URL_NOPAD
                .decode(snapshot["signature"].as_str().unwrap().as_bytes())
                .unwrap();
            let check =
                office.counter.app.core.keys.checkpoints().check(&snapshot_bytes(statement), &signature);
            assert_eq!(check, SignatureCheck::Valid);
        }
        let listed = office
            .counter
            .app
            .get(&office.accountant, &format!("{snapshots}?fiscal_year=2026"))
            .await
            .expect(200);
        assert_eq!(listed["items"], json!([first, second]));
        let url = db.settings.url.clone();
        let rewrite =
            std::thread::spawn(move || execute(&url, "UPDATE control_snapshots SET statement = '{}'")).join();
        assert!(rewrite.is_err(), "a snapshot is never rewritten");
    }
);
